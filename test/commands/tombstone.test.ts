import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatGuid } from '../../src/ad/entry.ts';
import type { Plan } from '../../src/change/plan.ts';
import { run as apply } from '../../src/commands/apply.ts';
import type { Context, OpenDirectory } from '../../src/commands/context.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { DirectoryError } from '../../src/errors.ts';
import { repsFrom } from '../ad/scenario/replication.ts';
import { fixedClock, noSleep } from '../support/fixed-world.ts';
import { freshFolder, writeTree } from '../support/fresh-folder.ts';
import { practiceForest, practiceTime } from '../support/practice-forest.ts';
import { directoryOf, type PracticeSite, siteInMemory } from '../support/practice-site.ts';
import { answering, byDefault, cancel, inTurn } from '../support/prompter-double.ts';
import { remedyCommand, tombstone } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';

const directoryService = 'CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,DC=corp,DC=example,DC=com';
const accepted = ['--accept', 'past-lifetime'];

interface Site extends PracticeSite {
  lifetime(): Promise<string | undefined>;
  has(dn: string): Promise<boolean>;
}

async function tombstoneSite(at = practiceForest(), now = practiceTime): Promise<Site> {
  const site = await siteInMemory(at, now);
  const read = (dn: string) => site.withSession((session) => session.readEntry(dn, ['tombstoneLifetime']));
  return {
    ...site,
    lifetime: async () => (await read(directoryService))?.attributes.get('tombstonelifetime')?.values[0]?.toString(),
    has: async (dn) => (await read(dn)) !== undefined,
  };
}

function planOf({ stdout }: CommandRun): Plan {
  return JSON.parse(stdout) as Plan;
}

describe('a dry run', () => {
  test('shows every DC, the blockers and the one-line diff, and exits 2', async () => {
    const site = await tombstoneSite();
    const { status, stdout } = await site.run(tombstone, ['--days', '180']);
    expect(status).toBe(2);
    expect(stdout).toContain('not set: 60 days in force');
    expect(stdout).toMatch(/DC1 +Amsterdam +\d+ minutes? +▏ +0 %/);
    expect(stdout).toMatch(/DC3 +Paramaribo +\d+ minutes? +▏ +0 %/);
    expect(stdout).toContain('Amsterdam (DC1 and DC2): nothing from Paramaribo (DC3 and DC5) for 47 days');
    expect(stdout).toContain('Paramaribo (DC3 and DC5): nothing from Amsterdam (DC1 and DC2) for 47 days');
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'At least 77 are needed: Amsterdam (DC1 and DC2) and Paramaribo (DC3 and DC5) last replicated with each other 47 days ago, plus 30 in reserve.',
    );
    expect(stdout).toMatch(/watch-list +Amsterdam \(DC1 and DC2\) and Paramaribo \(DC3 and DC5\)/);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/DC4 Paramaribo cut off: does not answer; .*> 100 % past lifetime/);
    expect(stdout).toContain('- (not set: 60 days)\n    + tombstoneLifetime: 180');
    expect(stdout).toMatch(/← 60 days: the limit today/);
    expect(stdout).toMatch(/← 180 days: the new limit/);
    expect(await site.lifetime()).toBeUndefined();
    expect(await readdir(site.folder)).toEqual([]);
  });

  test('keeps every line of its tables within the screen', async () => {
    const site = await tombstoneSite();
    const { stdout } = await site.run(tombstone, ['--days', '180']);
    const tables = stdout.slice(0, stdout.indexOf('modify'));
    expect(tables.split('\n').length).toBeGreaterThan(20);
    for (const line of tables.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('with --json is the plan alone on stdout, with the table of the DCs in it', async () => {
    const site = await tombstoneSite();
    const result = await site.run(tombstone, ['--days', '180', '--json']);
    expect(result.status).toBe(2);
    const plan = planOf(result);
    expect(plan.remedy).toBe('tombstone');
    expect(plan.exhibits.find(({ id }) => id === 'replication')).toMatchObject({
      kind: 'bars',
      rows: [{ name: 'DC4' }, {}, {}, {}, {}],
    });
    expect(plan.changes).toMatchObject([{ kind: 'modify', dn: directoryService }]);
    expect(result.stderr).toContain('tombstoneLifetime');
  });
});

describe('applying', () => {
  test('is refused while a blocker is not accepted', async () => {
    const site = await tombstoneSite();
    const result = await site.run(tombstone, ['--days', '180', '--yes']);
    expect(result.status).toBe(3);
    expect(result.stderr).toContain('past-lifetime');
    expect(await site.lifetime()).toBeUndefined();
  });

  test('sets the value, says which DC could not be asked, and a second run finds nothing to do', async () => {
    const site = await tombstoneSite();
    const result = await site.run(tombstone, ['--days', '180', '--yes', ...accepted]);
    expect(result.status).toBe(0);
    expect(await site.lifetime()).toBe('180');
    expect(result.stdout).toMatch(/dc4\.corp\.example\.com +unreachable/);
    expect(result.stdout).toContain(
      'lingering --practice . --reference dc1.corp.example.com --target dc4.corp.example.com',
    );
    expect(await site.run(tombstone, ['--days', '180', '--yes'])).toMatchObject({ status: 0 });
  });

  test('with --wait exits 1 as long as a DC does not have it', async () => {
    const site = await tombstoneSite();
    const args = ['--days', '180', '--yes', '--wait', '1', '--json', ...accepted];
    const result = await site.run(tombstone, args);
    expect(result.status).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({
      outcome: 'done',
      domainControllers: [
        { host: 'dc1.corp.example.com', state: 'there' },
        { host: 'dc2.corp.example.com', state: 'there' },
        { host: 'dc3.corp.example.com' },
        { host: 'dc4.corp.example.com', state: 'unreachable' },
        { host: 'dc5.corp.example.com', state: 'there' },
      ],
    });
  });

  test('with --wait ends also where the clock is set back meanwhile', async () => {
    const site = await tombstoneSite();
    const pauses: number[] = [];
    const sleep = async (milliseconds: number): Promise<void> => {
      pauses.push(milliseconds);
      if (pauses.length > 10) throw new Error('it goes on for ever');
    };
    const args = ['--days', '180', '--yes', '--wait', '5', ...accepted];
    await site.run(tombstone, args, undefined, { now: fixedClock, sleep });
    expect(pauses).toEqual([2000, 2000, 2000]);
  });

  test('a saved plan is applied later, once, and undone to "not set", which is a lowering and judged as one', async () => {
    const site = await tombstoneSite();
    expect(await site.run(tombstone, ['--days', '180', '--save', 'saved', ...accepted])).toMatchObject({ status: 2 });
    expect((await readdir(path.join(site.folder, 'saved'))).sort()).toEqual(
      ['backup', 'change.ldf', 'next-steps.txt', 'plan.json', 'review.html', 'review.txt'].sort(),
    );
    expect(await site.lifetime()).toBeUndefined();
    expect(await site.run(apply, ['saved'])).toMatchObject({ status: 0 });
    expect(await site.lifetime()).toBe('180');
    const again = await site.run(apply, ['saved']);
    // Nothing is written, and the proof is looked for again: DC4 still cannot be asked.
    expect(again).toMatchObject({ status: 1 });
    expect(again.stdout).toContain('Nothing is left to do');
    const refused = await site.run(undo, ['saved', '--yes']);
    expect(refused).toMatchObject({ status: 3 });
    expect(refused.stderr).toContain('error  Could not undo the plan\n  on         dc1.corp.example.com\n');
    expect(refused.stderr).toMatch(/result +below-recommended \(.+\) and past-new-lifetime \(.+\)\n/);
    expect(refused.stderr).toContain('--accept below-recommended --accept past-new-lifetime.');
    for (const id of ['below-recommended', 'past-new-lifetime']) expect(refused.stdout).toContain(id);
    expect(await site.lifetime()).toBe('180');
    const lowering = ['--accept', 'below-recommended', '--accept', 'past-new-lifetime'];
    expect(await site.run(undo, ['saved', '--yes', ...lowering])).toMatchObject({ status: 0 });
    expect(await site.lifetime()).toBeUndefined();
    expect(await readFile(path.join(site.folder, 'saved', 'review.html'), 'utf8')).toContain('Applied and undone');
    expect(await site.run(apply, ['saved'])).toMatchObject({ status: 3 });
  });

  test('is refused after the value has changed, with both values', async () => {
    const site = await tombstoneSite();
    await site.run(tombstone, ['--days', '180', '--save', 'saved', ...accepted]);
    await site.run(tombstone, ['--days', '200', '--yes', ...accepted]);
    const result = await site.run(apply, ['saved']);
    expect(result.status).toBe(3);
    expect(result.stdout).toContain('tombstoneLifetime is 200; the plan expected not set');
    expect(await site.lifetime()).toBe('200');
  });
});

describe('a plan to lower the lifetime that was saved healthy and is applied 140 days later', () => {
  const blockers = ['parted-past-new-lifetime', 'past-new-lifetime', 'purges-deleted-objects'];

  /** Meanwhile no domain controller has heard of another one. */
  async function savedLongAgo(): Promise<Site> {
    let time = practiceTime();
    const now = (): Date => time;
    const site = await tombstoneSite(practiceForest(now), now);
    await site.withSession((session) =>
      session.modify(directoryService, [{ attribute: 'tombstoneLifetime', replace: [Buffer.from('365')] }]),
    );
    const saved = await site.run(tombstone, ['--days', '180', '--save', 'saved', '--json']);
    expect(saved.status).toBe(2);
    expect(planOf(saved).findings.filter(({ level }) => level === 'blocker')).toEqual([]);
    time = new Date(time.getTime() + 140 * 86_400_000);
    return site;
  }

  test('is refused, and each new blocker is named with what was different when the plan was made', async () => {
    const site = await savedLongAgo();
    const refused = await site.run(apply, ['saved', '--yes']);
    expect(refused.status).toBe(3);
    for (const id of blockers) {
      expect(refused.stdout).toMatch(new RegExp(`^ +blocker +${id} `, 'm'));
      expect(refused.stderr).toContain(`${id} is new: when the plan was made there was no such finding.`);
    }
    expect(await site.run(apply, ['saved', '--dry-run'])).toMatchObject({ status: 3 });
    expect(await site.lifetime()).toBe('365');
    expect(await readdir(path.join(site.folder, 'saved'))).not.toContain('journal.jsonl');
  });

  test('is refused while one of them is not accepted, and is applied with --accept for each, which is journalled', async () => {
    const site = await savedLongAgo();
    const accepting = blockers.flatMap((id) => ['--accept', id]);
    const refused = await site.run(apply, ['saved', '--yes', ...accepting.slice(2)]);
    expect(refused).toMatchObject({ status: 3, stderr: expect.stringContaining(`result     ${blockers[0]} (`) });
    expect(await site.lifetime()).toBe('365');

    expect(await site.run(apply, ['saved', '--yes', ...accepting])).toMatchObject({ status: 0 });
    expect(await site.lifetime()).toBe('180');
    const [begin = ''] = (await readFile(path.join(site.folder, 'saved', 'journal.jsonl'), 'utf8')).split('\n');
    const { event, accepted: journalled } = JSON.parse(begin);
    expect([event, [...journalled].sort()]).toEqual(['begin', blockers]);
  });
});

describe('the wizard', () => {
  test('asks for the days with the advice as default, then for the blocker, then what to do', async () => {
    const site = await tombstoneSite();
    const prompter = answering({
      'tombstone.days': byDefault,
      'accept.past-lifetime': true,
      decision: 'apply',
    });
    expect(await site.run(tombstone, [], prompter)).toMatchObject({ status: 0 });
    expect(prompter.asked).toEqual(['tombstone.days', 'accept.past-lifetime', 'decision']);
    expect(await site.lifetime()).toBe('180');
  });

  test('refuses impossible numbers while they are typed', async () => {
    const site = await tombstoneSite();
    const prompter = answering({
      'tombstone.days': inTurn(2, -1, 2147483648, 90),
      'accept.past-lifetime': false,
      decision: 'nothing',
    });
    expect(await site.run(tombstone, [], prompter)).toMatchObject({ status: 2 });
    expect(prompter.refusals.map(({ problem }) => problem)).toEqual([
      'Not 2: Active Directory does not honour less than 3 days.',
      'Not -1: Active Directory does not honour less than 3 days.',
      'Not 2147483648: the attribute holds numbers of 32 bits only.',
    ]);
    expect(await site.lifetime()).toBeUndefined();
  });

  test('shows what is past the lifetime, and the advice, before it asks', async () => {
    const site = await tombstoneSite();
    const { stdout, status } = await site.run(tombstone, [], answering({ 'tombstone.days': cancel }));
    expect(stdout).toContain('DC4: past the lifetime of 60 days.');
    expect(stdout).toContain('Advice: 180 days.');
    expect(status).toBe(130);
    expect(await site.lifetime()).toBeUndefined();
  });

  test('asks for another number where what the first one brings is not accepted', async () => {
    const site = await tombstoneSite();
    const prompter = answering({
      'tombstone.days': inTurn(30, 180),
      'accept.past-lifetime': inTurn(true, true),
      'accept.past-new-lifetime': inTurn(true),
      'accept.purges-deleted-objects': inTurn(true),
      'accept.below-recommended': false,
      decision: 'apply',
    });
    expect(await site.run(tombstone, [], prompter)).toMatchObject({ status: 0 });
    expect(prompter.asked.filter((id) => id === 'tombstone.days')).toHaveLength(2);
    expect(await site.lifetime()).toBe('180');
  });

  test('does not offer to apply over a blocker that was not accepted', async () => {
    const site = await tombstoneSite();
    const prompter = answering({
      'tombstone.days': 180,
      'accept.past-lifetime': false,
      decision: 'apply',
    });
    expect((await site.run(tombstone, [], prompter)).stderr).toContain('the choices are Do nothing, Save for review');
    expect(await site.lifetime()).toBeUndefined();
  });
});

/** The practice site's directory, and what happens to it later. */
async function withDirectory(change: (directory: OpenDirectory) => Partial<OpenDirectory>): Promise<{
  readonly site: Site;
  readonly world: Partial<Context>;
  readonly opened: OpenDirectory[];
}> {
  const site = await tombstoneSite();
  const opened: OpenDirectory[] = [];
  const directory = async (): Promise<OpenDirectory> => {
    const open = await site.open();
    const changed = { ...open, ...change(open) };
    opened.push(changed);
    return changed;
  };
  return { site, world: { now: practiceTime, sleep: noSleep, directory }, opened };
}

describe('a domain controller that does not have the change yet', () => {
  test('is waited for, if the user wants to, and is looked at again', async () => {
    const behind = await directoryOf(await practiceForest());
    let phase: 'planning' | 'behind' | 'replicated' = 'planning';
    const { site, world } = await withDirectory(({ openOther }) => ({
      openOther: async (host) => {
        if (phase !== 'planning' && host.startsWith('dc4.')) return openOther('dc5.corp.example.com');
        return phase === 'behind' && host.startsWith('dc2.') ? behind.openOther(host) : openOther(host);
      },
    }));
    const prompter = answering({ 'tombstone.days': 180, 'accept.past-lifetime': true, decision: 'apply', wait: true });
    const applying: typeof prompter = {
      ...prompter,
      select: (question) => {
        phase = 'behind';
        return prompter.select(question);
      },
      confirm: (question) => {
        if (question.id === 'wait') phase = 'replicated';
        return prompter.confirm(question);
      },
    };
    const result = await runCommand(tombstone, [], { currentFolder: site.folder, ...world, prompter: applying });
    prompter.verifyAllAsked();
    expect(result.stdout).toMatch(/4 of 5 domain controllers have it[\s\S]*dc2\.corp\.example\.com +not yet/);
    expect(result.stdout).toMatch(/All 5 domain controllers have it[\s\S]*dc2\.corp\.example\.com +has it/);
    expect(result.status).toBe(0);
  });
});

describe('a server that ends sessions', () => {
  test('while the plan is read is no obstacle to applying and proving it', async () => {
    const { site, world, opened } = await withDirectory(() => ({}));
    const prompter = answering({
      'tombstone.days': 180,
      'accept.past-lifetime': true,
      decision: 'apply',
    });
    const select: typeof prompter.select = async (question) => {
      await opened[0]?.session.close();
      return prompter.select(question);
    };
    const slow = { ...prompter, select };
    const result = await runCommand(tombstone, [], { currentFolder: site.folder, ...world, prompter: slow });
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
    expect(result.stdout).toMatch(/dc1\.corp\.example\.com +has it +180/);
    expect(await site.lifetime()).toBe('180');
  });

  test('after the change was made: the change is reported, and that the look at the DCs failed', async () => {
    const gone = new DirectoryError({ attempted: 'connect', on: 'dc1', cameBack: 'it is down', next: 'Wait.' });
    let opens = 0;
    const { site, world } = await withDirectory(({ reopen }) => ({
      // The change is made in the first session.
      reopen: () => {
        opens += 1;
        return opens > 1 ? Promise.reject(gone) : reopen();
      },
    }));
    const args = ['--days', '180', '--yes', ...accepted];
    const result = await runCommand(tombstone, args, { currentFolder: site.folder, ...world });
    expect(result.stdout).toContain('1 entry changed');
    expect(result.stdout).toContain('The domain controllers could not be asked: connect, dc1: it is down');
    expect(result.status).toBe(0);
    expect(await site.lifetime()).toBe('180');
  });
});

describe('flags that are wrong or do not fit together', () => {
  test.each([
    [['--days', 'abc'], 'not a whole number'],
    [['--days', '0'], 'less than 3 days'],
    [['--days', '2'], 'less than 3 days'],
    [['--days=-1'], 'less than 3 days'],
    [['--days', '1e9'], 'not a whole number'],
    [['--days', '2147483648'], '32 bits'],
    [['--days', '180', '--unset'], 'one sets the value, the other removes it'],
    [['--days', '180', '--wait', 'soon'], 'not a whole number of seconds'],
    [['--days', '180', '--deadline', '0'], 'not a whole number of seconds above 0'],
    [['--days', '180', '--yes', '--save', 'x'], 'one says to apply now'],
    [['--days'], 'its value is missing'],
  ])('%j exit 64: %s', async (args, reason) => {
    const folder = await freshFolder();
    const result = await runCommand(tombstone, args, { currentFolder: folder });
    expect(result.status).toBe(64);
    expect(result.stderr).toContain(reason);
  });
});

describe('what else may be changed', () => {
  const marker =
    'CN=94fdebc6-8eeb-4640-80de-ec52b9ca17fa,CN=Operations,CN=ForestUpdates,CN=Configuration,DC=corp,DC=example,DC=com';

  test('--strict-new-dcs adds the object that makes new DCs strict, alone, and undo removes it', async () => {
    const site = await tombstoneSite();
    const result = await site.run(tombstone, ['--strict-new-dcs', '--yes', ...accepted]);
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
    expect(result.stdout).toContain('repadmin /regkey * +strict');
    expect(await site.has(marker)).toBe(true);
    expect(await site.lifetime()).toBeUndefined();
    expect((await site.run(tombstone, ['--strict-new-dcs'])).stdout).toContain('Nothing to change');
    const [change = ''] = await readdir(path.join(site.folder, 'changes'));
    expect(await site.run(undo, [path.join('changes', change), '--yes'])).toMatchObject({ status: 0 });
    expect(await site.has(marker)).toBe(false);
  });

  test('--recycle-days comes with --days in one change of one entry', async () => {
    const site = await tombstoneSite();
    const args = ['--days', '180', '--recycle-days', '200', '--json'];
    const { changes } = planOf(await site.run(tombstone, args));
    expect(changes).toMatchObject([
      {
        kind: 'modify',
        edits: [
          { attribute: 'tombstoneLifetime', add: ['180'] },
          { attribute: 'msDS-DeletedObjectLifetime', remove: [], add: ['200'] },
        ],
      },
    ]);
  });

  test('--showrepl covers a DC that cannot be reached, and its findings keep the file as their source', async () => {
    const site = await tombstoneSite();
    const heading =
      'showrepl_COLUMNS,Destination DSA Site,Destination DSA,Naming Context,Source DSA Site,Source DSA,Transport Type,Number of Failures,Last Failure Time,Last Success Time,Last Failure Status';
    const daysBefore = (days: number): string =>
      new Date(practiceTime().getTime() - days * 86_400_000).toISOString().slice(0, 19).replace('T', ' ');
    const row = `showrepl_INFO,Paramaribo,DC4,"CN=Configuration,DC=corp,DC=example,DC=com",Amsterdam,DC1,RPC,12,${daysBefore(0)},${daysBefore(75)},8614`;
    await writeTree(site.folder, { 'showrepl.csv': `${heading}\r\n${row}\r\n` });
    const args = ['--days', '180', '--showrepl', 'showrepl.csv=+00:00', '--json'];
    const past = planOf(await site.run(tombstone, args)).findings.find(({ id }) => id === 'past-lifetime');
    expect(past).toMatchObject({ measure: { value: 75, unit: 'days' }, source: { name: 'showrepl.csv' } });
    expect(past?.evidence.join('\n')).toContain('DC4, Paramaribo: last heard of the others 75 days ago');
  });
});

describe('--evidence', () => {
  const domain = 'DC=corp,DC=example,DC=com';
  const look = ['--reference', 'dc1', '--partition', domain, '--save', 'look'];

  test('says what the last look for lingering objects found and when, and keeps its plan', async () => {
    const site = await siteInMemory();
    expect(await site.run(remedyCommand('lingering'), look)).toMatchObject({ status: 2 });
    const looked = await readFile(path.join(site.folder, 'look', 'plan.json'));
    const args = ['--days', '180', '--evidence', 'look', ...accepted, '--save', 'change', '--json'];
    const saved = await site.run(tombstone, args);
    expect(saved.status).toBe(2);
    const finding = (JSON.parse(saved.stdout) as Plan).findings.find(({ id }) => id === 'lingering-evidence');
    expect(finding).toMatchObject({
      level: 'warning',
      title: expect.stringMatching(/found 3 lingering objects on dc3\.corp\.example\.com$/),
      subjects: ['dc3.corp.example.com'],
      source: {
        name: 'look',
        read: (JSON.parse(looked.toString()) as Plan).created,
        sha256: createHash('sha256').update(looked).digest('hex'),
      },
    });
    expect(await readFile(path.join(site.folder, 'change', 'evidence.json'))).toEqual(looked);

    // Apply looks at the world alone: what the look found keeps its place.
    const applied = await site.run(apply, ['change', '--dry-run', '--json']);
    const { findings } = JSON.parse(applied.stdout) as Plan;
    expect(findings).toContainEqual({
      ...finding,
      title: `Recorded in the plan, not read again: ${finding?.title}`,
    });
  });

  test('counts a DC that was no target as compared, and repeats that it is not clean', async () => {
    const site = await siteInMemory();
    expect(await site.run(remedyCommand('lingering'), [...look, '--target', 'dc2'])).toMatchObject({ status: 1 });
    const run = await site.run(tombstone, ['--days', '180', '--evidence', 'look', '--json']);
    const finding = planOf(run).findings.find(({ id }) => id === 'lingering-evidence');
    expect(finding).toMatchObject({ level: 'warning', title: expect.stringContaining('found none to hand over') });
    expect(finding?.evidence).toContain('others-not-clean: DC3 has lingering objects too, and is not a target');
    expect(finding?.evidence.filter((line) => line.endsWith('not compared'))).toEqual(['DC4: not compared']);
  });

  test('refuses a folder that is not there, one of another remedy, and a plan that was edited', async () => {
    const site = await siteInMemory();
    await site.run(remedyCommand('lingering'), look);
    await site.run(tombstone, ['--days', '180', '--save', 'other']);
    const text = await readFile(path.join(site.folder, 'look', 'plan.json'), 'utf8');
    await writeTree(site.folder, { edited: { 'plan.json': text.replace('"dc1.corp', '"dc2.corp') } });
    const refused = async (folder: string): Promise<CommandRun> =>
      site.run(tombstone, ['--days', '180', '--evidence', folder]);
    expect(await refused('nothing-here')).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('nothing-here'),
    });
    expect(await refused('other')).toMatchObject({ status: 64, stderr: expect.stringContaining('made by tombstone') });
    expect(await refused('edited')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('its seal does not match'),
    });
  });
});

describe('an export', () => {
  test('that lacks the Configuration partition is refused with advice on what to export', async () => {
    const folder = await freshFolder();
    await writeTree(folder, {
      'part.ldf': `dn: ${directoryService}\nobjectClass: nTDSService\ntombstoneLifetime: 60\n`,
    });
    const result = await runCommand(tombstone, ['--ldif', 'part.ldf', '--days', '180'], { currentFolder: folder });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('ldifde -d');
  });

  test('is not treated as a healthy forest, and applying it writes LDIF', async () => {
    const folder = await freshFolder();
    const forest = await practiceForest();
    await writeTree(folder, { 'export.ldf': [...forest.toLdif()].join('') });
    const args = ['--ldif', 'export.ldf', '--days', '180'];
    const plan = planOf(await runCommand(tombstone, [...args, '--json'], { currentFolder: folder }));
    const ids = plan.findings.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['export-only', 'lifetime-not-in-export']));
    expect(plan.exhibits.find(({ id }) => id === 'replication')).toMatchObject({
      rows: Array(5).fill({ mark: 'unknown' }),
    });

    expect(await runCommand(tombstone, [...args, '--yes'], { currentFolder: folder })).toMatchObject({ status: 0 });
    const [change = ''] = await readdir(path.join(folder, 'changes'));
    const ldif = await readFile(path.join(folder, 'changes', change, 'change.ldf'), 'utf8');
    expect(ldif).toContain('changetype: modify\nadd: tombstoneLifetime\ntombstoneLifetime: 180\n-\n');
  });

  test("reports the exporting DC's refusals although it has no rootDSE, as ldifde writes none", async () => {
    const folder = await freshFolder();
    const forest = await practiceForest();
    const whole = [...forest.toLdif()].join('').replaceAll('\n ', '');
    const guidIn = (name: string): string => {
      const record = whole.split('\n\n').find((text) => text.includes(`dn: CN=NTDS Settings,CN=${name},`)) ?? '';
      return formatGuid(Buffer.from(/^objectGUID:: (.*)$/m.exec(record)?.[1] ?? '', 'base64'));
    };
    const refused = (name: string): string =>
      repsFrom({
        name,
        dsaGuid: guidIn(name),
        invocationId: guidIn(name),
        lastSuccess: new Date(Date.now() - 75 * 86_400_000),
        lastAttempt: new Date(),
        result: 8614,
        failures: 7000,
      }).toString('base64');
    const head = 'dn: CN=Configuration,DC=corp,DC=example,DC=com\n';
    const links = ['DC2', 'DC3', 'DC4', 'DC5'].map((name) => `repsFrom:: ${refused(name)}\n`).join('');
    const records = whole.split('\n\n').filter((record) => !record.includes('dn:\n') && !/^dn: $/m.test(record));
    const bare = records.map((record) => `${record}\n`.replace(head, head + links)).join('\n');
    await writeTree(folder, { 'export.ldf': bare });
    const result = await runCommand(tombstone, ['--ldif', 'export.ldf', '--days', '180', '--json'], {
      currentFolder: folder,
    });
    const finding = planOf(result).findings.find(({ id }) => id === 'refused-partners');
    expect(finding?.evidence).toHaveLength(4);
    expect(finding?.evidence[0]).toMatch(/^DC1 from DC2, .*8614/);
  });

  test('that is damaged is refused with the line', async () => {
    const folder = await freshFolder();
    await writeTree(folder, { 'bad.ldf': `dn: ${directoryService}\nobjectClass: nTDSService\nnonsense\n` });
    const result = await runCommand(tombstone, ['--ldif', 'bad.ldf', '--days', '180'], { currentFolder: folder });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/bad\.ldf.*3|line 3/);
  });

  test('that is a folder is refused', async () => {
    const folder = await freshFolder();
    const result = await runCommand(tombstone, ['--ldif', '.', '--days', '180'], { currentFolder: folder });
    expect(result.status).toBe(64);
    expect(result.stderr).toContain('it is a folder');
  });

  test('that is not there is refused', async () => {
    const folder = await freshFolder();
    const result = await runCommand(tombstone, ['--ldif', 'none.ldf', '--days', '180'], { currentFolder: folder });
    expect(result.status).toBe(64);
    expect(result.stderr).toContain('ENOENT');
  });
});
