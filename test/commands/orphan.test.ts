import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Entry } from '../../src/ad/entry.ts';
import { run as apply } from '../../src/commands/apply.ts';
import type { Context, OpenDirectory } from '../../src/commands/context.ts';
import { run as undo } from '../../src/commands/undo.ts';
import type { EmbeddedForest } from '../../src/embedded/forest.ts';
import type { DirectorySession } from '../../src/ldap/session.ts';
import { practiceForest } from '../support/practice-forest.ts';
import { directoryOf, type PracticeSite, siteInMemory } from '../support/practice-site.ts';
import { answering, byDefault, cancel, inTurn } from '../support/prompter-double.ts';
import { enableRecycleBin } from '../support/recycle-bin.ts';
import { orphan } from '../support/remedy-commands.ts';
import {
  adminGroup,
  adviceOf,
  configuration,
  exchange,
  groups,
  head,
  organisation,
  planOf,
  record,
  runOn,
} from './orphan-export.ts';

const accepted = ['owned-databases', 'replication-past-lifetime', 'send-connector-source'].flatMap((id) => [
  '--accept',
  id,
]);
const serversBelow =
  'CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,CN=Nordwind Trading,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=corp,DC=example,DC=com';

interface Site extends PracticeSite {
  /** The live entries of the forest, each as its LDIF without what the server itself keeps. */
  forest(): Promise<ReadonlyMap<string, string>>;
}

/** A site with a practice forest in memory. */
async function practiceSite(at: Promise<EmbeddedForest> = practiceForest()): Promise<Site> {
  const forest = await at;
  let seen: { readonly numbers: string; readonly entries: ReadonlyMap<string, string> } | undefined;
  return {
    ...(await siteInMemory(at)),
    forest: async () => {
      // Every write, replicated or not, takes a DC's next number: with the same numbers it is the same forest.
      const numbers = forest.domainControllers.map((host) => forest.replica(host).store.usn).join();
      if (seen?.numbers !== numbers) seen = { numbers, entries: entriesOf(forest) };
      return seen.entries;
    },
  };
}

function entriesOf(forest: EmbeddedForest): ReadonlyMap<string, string> {
  const records = [...forest.toLdif()].join('').replaceAll('\n ', '').split('\n\n');
  const kept = /^(?:uSN\w+|whenChanged|lastKnownParent|practiceStamp|replPropertyMetaData|# .*):.*$/i;
  return new Map(
    records
      .filter((record) => record.startsWith('dn: ') && !/^isDeleted: TRUE$/m.test(record))
      .map((record) => {
        const lines = record.split('\n').filter((line) => !kept.test(line));
        return [lines[0]?.slice('dn: '.length) ?? '', lines.slice(1).sort().join('\n')];
      }),
  );
}

let shared: Promise<EmbeddedForest> | undefined;
/** A site whose forest is the same for all tests that change nothing in it: to copy it takes longer than to look at it. */
function siteToLookAt(): Promise<Site> {
  shared ??= practiceForest();
  return practiceSite(shared);
}

const ofOrphan = (dn: string): boolean => /CN=EX04,CN=Servers/.test(dn);

describe('a dry run', () => {
  test('shows the servers with their verdicts, the supported ways, the blockers and the tree that goes', async () => {
    const site = await siteToLookAt();
    const { status, stdout } = await site.run(orphan, ['--name', 'EX04', '--dry-run']);
    expect(status).toBe(2);
    expect(stdout).toMatch(/EX01 +in use/);
    expect(stdout).toMatch(/EX04 +likely orphan +absent/);
    expect(stdout).toMatch(
      /EX04 .*\n +Exchange 2010 · Mailbox, Client Access, Hub Transport · site Amsterdam · created [\d-]+\n +for an orphan: no computer account/,
    );
    expect(stdout.indexOf('supported-ways')).toBeLessThan(stdout.indexOf('blocker '));
    expect(stdout).toMatch(/blocker +owned-databases/);
    expect(stdout).toContain(` 15 - CN=EX04,${serversBelow}`);
  });

  test('is blocked by a domain controller that is past the tombstone lifetime and may bring the object back', async () => {
    const site = await siteToLookAt();
    const plan = planOf(await site.run(orphan, ['--name', 'EX04', '--json']));
    expect(plan.findings.find(({ id }) => id === 'replication-past-lifetime')).toMatchObject({
      level: 'blocker',
      acceptable: true,
      title: 'DC4 is cut off for the tombstone lifetime (60 days) or longer and may bring the object back',
      subjects: ['DC4'],
      measure: { value: 71, unit: 'days' },
      evidence: ['DC4: cut off for 71 days'],
    });
  });

  test('accepts what is named and keeps the acceptance in the plan', async () => {
    const site = await siteToLookAt();
    const plan = planOf(await site.run(orphan, ['--name', 'EX04', '--json', ...accepted]));
    expect(plan.findings.filter(({ accepted: yes }) => yes).map(({ id }) => id)).toEqual([
      'owned-databases',
      'send-connector-source',
      'replication-past-lifetime',
    ]);
  });
});

describe('a name that is not there', () => {
  const servers = [
    ...organisation,
    ...adminGroup('North', 'EX01', 'EX02', 'EX03'),
    record(
      `CN=EX04,CN=Servers,CN=North,${groups}`,
      'msExchExchangeServer',
      'networkAddress: ncacn_ip_tcp:ex04.corp.example.com',
    ),
  ];

  test.each([
    ['two characters swapped', 'EX40', 'Did you mean EX04 or EX01 or'],
    ['a character too many', 'EX044', 'Did you mean EX04'],
    ['a typing error in another case', 'ex0r', 'Did you mean EX01 or EX02 or EX03?'],
    ['an FQDN of another domain', 'ex04.example.org', 'Did you mean EX04'],
    ['an FQDN with a typing error', 'ex40.corp.example.com', 'Did you mean EX04'],
    ['with its domain in front', 'CORP\\EX04', 'Did you mean EX04'],
    ['as UNC', '\\\\EX04', 'Did you mean EX04'],
    ["its account's name", 'EX04$', 'Did you mean EX04'],
    ['nothing near', 'MAILSERVER', 'Found: EX01, EX02, EX03 and EX04'],
  ])('gets the nearest names: %s', async (_, given, words) => {
    const { status, stderr } = await runOn(servers, '--name', given);
    expect(stderr).toContain(words);
    expect(status).toBe(64);
  });

  test.each(['ex04', 'EX04.corp.example.com'])('is there in another case and as FQDN: %s', async (given) => {
    expect(await runOn(servers, '--name', given, '--dry-run')).toMatchObject({ status: 2 });
  });
});

describe('the wizard', () => {
  const throughout = {
    'orphan.server': byDefault,
    'orphan.supported-way': 'none',
    'orphan.also': byDefault,
    'orphan.clean-up': byDefault,
    'accept.owned-databases': true,
    'accept.send-connector-source': true,
    'accept.replication-past-lifetime': true,
    decision: 'apply',
    confirm: inTurn('EX03', 'ex04'),
  };

  test('offers the likely orphan first, has its name typed, and deletes it; undo brings it back', async () => {
    const site = await practiceSite();
    const before = await site.forest();
    const prompter = answering(throughout);
    const { status, stdout, stderr } = await site.run(orphan, [], prompter);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    prompter.verifyAllAsked();
    expect(prompter.refusals).toEqual([{ id: 'confirm', problem: expect.stringContaining('not EX04') }]);
    expect(stdout).toMatch(/dc4\.corp\.example\.com +unreachable/);
    const after = await site.forest();
    expect([...after.keys()].filter(ofOrphan)).toEqual([]);
    expect([...after].filter(([, text]) => /CN=EX04[,\\]|0ADEL/.test(text)).map(([dn]) => dn)).toEqual([]);

    const undone = await site.run(undo, ['changes/2026-11-22-orphan', '--yes']);
    expect(undone.stderr).toBe('');
    expect(undone.status).toBe(0);
    expect(await site.forest()).toEqual(before);
  });

  test('offers to try the ports of the server where there is a network', async () => {
    const open = await directoryOf(await practiceForest());
    const connection = { kind: 'server', host: 'dc1', port: 636, auth: 'password', tls: 'ldaps' } as const;
    const site = await siteToLookAt();
    const answers = answering({ 'orphan.server': byDefault, 'orphan.probe': false, 'orphan.supported-way': 'resume' });
    const directory = async (): Promise<OpenDirectory> => ({ ...open, connection });
    expect(await site.run(orphan, [], answers, { directory })).toMatchObject({ status: 0 });
    expect(answers.asked).toEqual(['orphan.server', 'orphan.probe', 'orphan.supported-way']);
  });

  test.each(['resume', 'recover'])('leaves everything as it is when the way of %s is open', async (way) => {
    const site = await siteToLookAt();
    const before = await site.forest();
    const answers = answering({ 'orphan.server': byDefault, 'orphan.supported-way': way });
    const { status, stdout } = await site.run(orphan, [], answers);
    expect(status).toBe(0);
    expect(stdout).toContain('RecoverServer');
    expect(await site.forest()).toEqual(before);
  });

  test('clears only the references that were chosen; the others are a blocker', async () => {
    const site = await siteToLookAt();
    const answers = answering({
      'orphan.supported-way': 'none',
      'orphan.also': [],
      'orphan.clean-up': [],
      'accept.owned-databases': true,
      'accept.send-connector-source': true,
      'accept.replication-past-lifetime': true,
      'accept.dangling-references': false,
      decision: 'save',
      reason: '',
      ticket: '',
    });
    const { stdout } = await site.run(orphan, ['--name', 'EX04'], answers);
    expect(stdout).toMatch(/blocker +dangling-references/);
    const refused = await site.run(apply, ['changes/2026-11-22-orphan']);
    expect(refused.status).toBe(3);
    expect([...(await site.forest()).keys()].some(ofOrphan)).toBe(true);
  });

  test('asks for no clean-up and no acceptance where a blocker stops the change whatever the answers are', async () => {
    const site = await siteToLookAt();
    const answers = answering({ 'orphan.supported-way': 'none', decision: 'nothing' });
    const { stdout } = await site.run(orphan, ['--name', 'EX03'], answers);
    expect(stdout).toMatch(/blocker +mailboxes/);
    expect(answers.asked.filter((id) => id !== 'decision')).toEqual(['orphan.supported-way']);
  });

  test('takes no --confirm of another name in place of typing it', async () => {
    const site = await siteToLookAt();
    const before = await site.forest();
    const { confirm: _, ...answers } = throughout;
    const { status, stderr } = await site.run(orphan, ['--confirm', 'EX03'], answering(answers));
    expect(status).toBe(64);
    expect(stderr).toContain('Give --confirm with the name EX04');
    expect(await site.forest()).toEqual(before);
  });

  test('ends at Ctrl-C before the name is typed, and nothing is changed', async () => {
    const site = await siteToLookAt();
    const before = await site.forest();
    const { status } = await site.run(orphan, [], answering({ ...throughout, confirm: cancel }));
    expect(status).toBe(130);
    expect(await site.forest()).toEqual(before);
  });
});

describe('apply of a saved plan', () => {
  /** The plan is saved once for each way: the forests of all sites are the same. */
  const plans = new Map<string, Promise<string>>();
  const planFor = (args: readonly string[]): Promise<string> => {
    const save = async (): Promise<string> => {
      const site = await siteToLookAt();
      await site.run(orphan, ['--name', 'EX04', '--save', 'saved', ...accepted, ...args]);
      const kept = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-test-'));
      await cp(path.join(site.folder, 'saved'), kept, { recursive: true });
      return kept;
    };
    const plan = plans.get(args.join(' ')) ?? save();
    plans.set(args.join(' '), plan);
    return plan;
  };
  afterAll(async () => {
    for (const kept of plans.values()) await rm(await kept, { recursive: true });
  });
  const saved = async (site: Site, ...args: readonly string[]): Promise<Site> => {
    await cp(await planFor(args), path.join(site.folder, 'saved'), { recursive: true });
    return site;
  };
  const isGone = async (site: Site): Promise<boolean> => {
    let found: Entry | undefined;
    await site.withSession(async (session) => {
      found = await session.readEntry(`CN=EX04,${serversBelow}`, ['1.1']);
    });
    return found === undefined;
  };

  test.each([
    ['none is given with --yes', ['--yes']],
    ['none is given by a script', []],
    ['another name is given', ['--yes', '--confirm', 'EX03']],
    ['none is given for a tree delete', ['--yes'], ['--tree-delete']],
  ])('is refused without the name: %s', async (_, args, plan: readonly string[] = []) => {
    const site = await saved(await siteToLookAt(), ...plan);
    const { status, stderr } = await site.run(apply, ['saved', ...args]);
    expect(status).toBe(64);
    expect(stderr).toContain('Give --confirm with the name EX04');
    expect(await isGone(site)).toBe(false);
  });

  test('runs with the name after --confirm, in any letter case', async () => {
    const site = await saved(await practiceSite());
    expect(await site.run(apply, ['saved', '--yes', '--confirm', 'ex04'])).toMatchObject({ status: 0, stderr: '' });
    expect(await isGone(site)).toBe(true);
  });

  test('has the name typed at a terminal, after the question', async () => {
    const site = await saved(await practiceSite());
    const prompter = answering({ apply: true, confirm: inTurn('EX03', 'EX04') });
    expect(await site.run(apply, ['saved'], prompter)).toMatchObject({ status: 0 });
    expect(prompter.asked).toEqual(['apply', 'confirm']);
    expect(await isGone(site)).toBe(true);
  });

  test('ends at Ctrl-C before the name is typed, and nothing is changed', async () => {
    const site = await saved(await siteToLookAt());
    const { status } = await site.run(apply, ['saved'], answering({ apply: true, confirm: cancel }));
    expect(status).toBe(130);
    expect(await isGone(site)).toBe(false);
  });

  test('asks for the name again when it continues, and no more when nothing is left to delete', async () => {
    const site = await saved(await practiceSite());
    const aborted: Context['interruptible'] = (work) => work(AbortSignal.abort());
    await site.run(apply, ['saved', '--confirm', 'EX04'], undefined, { interruptible: aborted });
    expect(await site.run(apply, ['saved', '--yes'])).toMatchObject({ status: 64 });
    expect(await site.run(apply, ['saved', '--yes', '--confirm', 'EX04'])).toMatchObject({ status: 0 });
    const again = await site.run(apply, ['saved', '--yes']);
    expect(again.stdout).toContain('Nothing is left to do');
    // The proof is looked for again, and one domain controller does not answer.
    expect(again.status).toBe(1);
  });

  test('asks for no name to bring entries back, and for one to undo that', async () => {
    const site = await saved(await practiceSite());
    await site.run(apply, ['saved', '--confirm', 'EX04']);
    await site.run(undo, ['saved', '--save', 'back']);
    expect(await site.run(apply, ['back', '--yes', '--confirm', 'EX05'])).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('the plan deletes nothing, and restores nothing with that name'),
    });
    expect(await site.run(apply, ['back', '--yes', '--confirm', 'EX04'])).toMatchObject({ status: 0 });
    expect(await site.run(undo, ['back', '--yes', '--accept', 'deletes-from-plan', ...accepted])).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('Give --confirm with the name EX04'),
    });
    expect(await isGone(site)).toBe(false);
    const again = ['back', '--yes', '--confirm', 'EX04', '--accept', 'deletes-from-plan', ...accepted];
    expect(await site.run(undo, again)).toMatchObject({ status: 0 });
    expect(await isGone(site)).toBe(true);
  });

  test('refuses a blocked plan before it asks for the name', async () => {
    const site = await siteToLookAt();
    await site.run(orphan, ['--name', 'EX04', '--save', 'saved']);
    expect(await site.run(apply, ['saved', '--yes'])).toMatchObject({ status: 3 });
    const declined = answering({
      'accept.owned-databases': false,
      'accept.send-connector-source': false,
      'accept.replication-past-lifetime': false,
    });
    expect(await site.run(apply, ['saved'], declined)).toMatchObject({ status: 3 });
    expect(declined.asked).not.toContain('confirm');
  });
});

describe('apply changes nothing at all, not a reference either,', () => {
  const protocols = `CN=Protocols,CN=EX04,${serversBelow}`;
  const newEntry = [{ name: 'objectClass', values: [Buffer.from('container')] }];
  const inUse = [{ attribute: 'description', replace: [Buffer.from('in use')] }];

  describe.each([
    ['by single deletes', []],
    ['by one request', ['--tree-delete']],
  ])('%s', (_, way) => {
    test.each<[string, (session: DirectorySession) => Promise<void>, string]>([
      ['a child has appeared', (session) => session.add(`CN=new,${protocols}`, newEntry), `CN=new,${protocols}`],
      ['an entry was edited', (session) => session.modify(protocols, inUse), 'description is in use'],
    ])('where %s since the plan was made', async (_what, work, words) => {
      const site = await practiceSite();
      await site.run(orphan, ['--name', 'EX04', '--save', 'saved', ...way, ...accepted]);
      await site.withSession(work);
      const before = await site.forest();
      const { status, stdout } = await site.run(apply, ['saved', '--confirm', 'EX04']);
      expect(stdout).toContain(words);
      expect(stdout).toContain('Nothing was changed.');
      expect(status).toBe(3);
      expect(await site.forest()).toEqual(before);
    });
  });
});

describe('undo', () => {
  const applied = async (...way: readonly string[]): Promise<Site> => {
    const site = await practiceSite();
    const { status } = await site.run(orphan, ['--name', 'EX04', '--yes', '--confirm', 'EX04', ...accepted, ...way]);
    expect(status).toBe(0);
    return site;
  };
  const folder = 'changes/2026-11-22-orphan';
  const database = `CN=Mailbox Database 0417206991,${serversBelow.replace('CN=Servers', 'CN=Databases')}`;
  const setOwner = (name: string) => (session: DirectorySession) =>
    session.modify(database, [
      { attribute: 'msExchOwningServer', replace: [Buffer.from(`CN=${name},${serversBelow}`)] },
    ]);

  test.each([
    ['by single deletes', []],
    ['by one request', ['--tree-delete']],
  ])('brings back from the Recycle Bin exactly what was deleted %s', async (_, way) => {
    const site = await practiceSite();
    await site.withSession(enableRecycleBin);
    const before = await site.forest();
    const run = await site.run(orphan, ['--name', 'EX04', '--yes', '--confirm', 'EX04', ...accepted, ...way]);
    expect(run.status).toBe(0);
    expect([...(await site.forest()).keys()].filter(ofOrphan)).toEqual([]);
    const { status, stdout } = await site.run(undo, [folder, '--yes']);
    expect(stdout).not.toMatch(/(?:warning|blocker) /);
    expect(status).toBe(0);
    expect(await site.forest()).toEqual(before);
  });

  test('leaves alone what was edited since, says so, and brings everything else back', async () => {
    const before = await (await siteToLookAt()).forest();
    const site = await applied();
    await site.withSession(setOwner('EX03'));
    const { status, stdout } = await site.run(undo, [folder, '--yes', '--verbose']);
    expect(stdout).toMatch(/warning +changed-since/);
    expect(stdout).toContain(`msExchOwningServer is CN=EX03,${serversBelow} now`);
    expect(status).toBe(0);
    const after = await site.forest();
    const different = [...before].filter(([dn, text]) => after.get(dn) !== text).map(([dn]) => dn);
    expect(different).toEqual([database]);
    expect(after.size).toBe(before.size);
  });

  test('that was saved before the edit brings everything else back too, and can be continued when the edit is reverted', async () => {
    const site = await applied();
    await site.run(undo, [folder, '--save', 'changes/back']);
    await site.withSession(setOwner('EX03'));
    expect(await site.run(apply, ['changes/back'])).toMatchObject({ status: 4 });
    await site.withSession((session) => session.modify(database, [{ attribute: 'msExchOwningServer', replace: [] }]));
    expect(await site.run(apply, ['changes/back'])).toMatchObject({ status: 0 });
    expect(await site.forest()).toEqual(await (await siteToLookAt()).forest());
  });
});

describe('--setup-log', () => {
  test.each(['utf8', 'utf16le'] as const)('picks the object that setup found (%s)', async (encoding) => {
    const site = await siteToLookAt();
    const text = [
      "[11-20-2026 10:00:00] [0] Setup will search for an Exchange Server object for the local machine with name 'EX04'.",
      `[11-20-2026 10:00:01] [0] Exchange Server object found : 'CN=EX04,${serversBelow}'.`,
      '[11-20-2026 10:00:01] [1] [ERROR] The Exchange Server is in an inconsistent state.',
    ].join('\r\n');
    await writeFile(path.join(site.folder, 'ExchangeSetup.log'), `\uFEFF${text}`, encoding);
    const { status, stdout } = await site.run(orphan, ['--setup-log', 'ExchangeSetup.log', '--dry-run']);
    expect(status).toBe(2);
    expect(stdout).toContain('The setup log names EX04');
    expect(stdout).toContain('Because of it, setup reported the server as inconsistent');
  });

  test('reports that the log names another object than the flag', async () => {
    const site = await siteToLookAt();
    const text = `Exchange Server object found : 'CN=EX03,${serversBelow}'.`;
    await writeFile(path.join(site.folder, 'ExchangeSetup.log'), text);
    const { stdout } = await site.run(orphan, ['--setup-log', 'ExchangeSetup.log', '--name', 'EX04', '--dry-run']);
    expect(stdout.replace(/\n {4}/g, '')).toContain(`The setup log names another object: CN=EX03,${serversBelow}`);
  });

  const twoRuns = [
    "Setup will search for an Exchange Server object for the local machine with name 'EX01'.",
    `Exchange Server object found : 'CN=EX01,${serversBelow}'.`,
    'The Exchange Server is in an inconsistent state.',
    "Setup will search for an Exchange Server object for the local machine with name 'EX09'.",
  ].join('\r\n');

  test('is refused where its last run names no server that there is, with the file that says so', async () => {
    const site = await siteToLookAt();
    await writeFile(path.join(site.folder, 'ExchangeSetup.log'), twoRuns);
    const { status, stderr } = await site.run(orphan, ['--setup-log', 'ExchangeSetup.log', '--dry-run']);
    expect(stderr).toMatch(/EX09, which \S+ExchangeSetup\.log names/);
    expect(status).toBe(64);
  });

  test('of an object that is gone is reported, and the wizard asks', async () => {
    const site = await siteToLookAt();
    await writeFile(path.join(site.folder, 'ExchangeSetup.log'), twoRuns);
    const answers = answering({ 'orphan.server': byDefault, 'orphan.supported-way': 'resume' });
    const { status, stdout, stderr } = await site.run(orphan, ['--setup-log', 'ExchangeSetup.log'], answers);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/The setup log names EX09: no object of that name/);
    expect(answers.asked).toEqual(['orphan.server', 'orphan.supported-way']);
    expect(status).toBe(0);
  });

  test('with a DN that is none is wrong usage, reported by its name', async () => {
    const site = await siteToLookAt();
    await writeFile(path.join(site.folder, 'ExchangeSetup.log'), "Exchange Server object found : 'EX04'.");
    const { status, stderr } = await site.run(orphan, ['--setup-log', 'ExchangeSetup.log', '--dry-run']);
    expect(stderr).toContain('ExchangeSetup.log');
    expect(status).toBe(64);
  });

  test('says what is missing in a file that is no setup log', async () => {
    const site = await siteToLookAt();
    await writeFile(path.join(site.folder, 'other.log'), 'nothing');
    const { status, stderr } = await site.run(orphan, ['--setup-log', 'other.log']);
    expect(status).toBe(64);
    expect(stderr).toContain('does not say which server object setup looked for');
  });
});

describe('the change folder', () => {
  test('holds the whole subtree in before.ldf, records for ldapmodify, the page to review, and the next steps', async () => {
    const site = await siteToLookAt();
    expect((await site.run(orphan, ['--name', 'EX04', '--save', 'saved', ...accepted])).status).toBe(2);
    const read = (name: string): Promise<string> => readFile(path.join(site.folder, 'saved', name), 'utf8');
    const forest = await site.forest();
    const before = (await read('backup/before.ldf')).replaceAll('\n ', '');
    for (const dn of [...forest.keys()].filter(ofOrphan)) expect(before).toContain(`dn: ${dn}\n`);
    // Of a referrer every value of the attribute, those that stay included.
    for (const name of ['EX01', 'EX02', 'EX04']) {
      expect(before).toContain(`msExchSourceBridgeheadServersDN: CN=1,CN=SMTP,CN=Protocols,CN=${name},`);
    }
    expect((await read('change.ldf')).match(/^changetype: delete$/gm)).toHaveLength(
      [...forest.keys()].filter(ofOrphan).length,
    );
    expect(await read('review.html')).toContain('CN=EX04');
    const steps = await read('next-steps.txt');
    for (const host of ['dc1', 'dc2', 'dc3', 'dc4']) expect(steps).toContain(`${host}.corp.example.com`);
  });
});

describe('a forest as an export has it', () => {
  test('without its head, sites, partitions and recipients is used, and what it lacks is reported as unknown', async () => {
    const exported = [...organisation, ...adminGroup('North', 'EX04', 'EX01')];
    const run = await runOn(exported, '--name', 'EX04', '--json');
    expect(run.status).toBe(2);
    const plan = planOf(run);
    expect(plan.changes).toMatchObject([{ kind: 'delete' }]);
    const gaps = plan.findings.find(({ id }) => id === 'export-incomplete');
    expect(gaps?.evidence.map((line) => line.split(/[:(]/)[0]?.trim())).toEqual([
      'no computer accounts',
      'no recipients',
      'no domain controllers',
      'no CN=Partitions',
      'no head of the Configuration partition',
      'no whenChanged',
      'no instanceType, which every entry has',
      'no legacyExchangeDN on any server',
      'no networkAddress on any server',
      'no serialNumber and versionNumber on any server',
    ]);
    expect(run.stderr).toMatch(/EX04 +likely orphan +unknown/);
    expect(JSON.stringify(plan.findings)).not.toMatch(/no computer account in the forest|nothing refers to it/);
    const applied = await runOn(exported, '--name', 'EX04', '--yes', '--confirm', 'EX04');
    expect(applied.stdout).toContain('No directory was changed');
    expect(applied.stdout).toContain('It is not known whether there is a computer account');
    expect(applied.status).toBe(0);
  });

  test('with recipients clears them, though nothing describes their domain', async () => {
    const server = `CN=EX04,CN=Servers,CN=North,${groups}`;
    const exported = [
      ...organisation,
      ...adminGroup('North', 'EX04', 'EX01'),
      record(`CN=Microsoft MTA,${server}`, 'mTA'),
      record(
        'CN=bert,CN=Users,DC=corp,DC=example,DC=com',
        'user',
        'mailNickname: bert',
        `homeMTA: CN=Microsoft MTA,${server}`,
      ),
    ];
    const plan = planOf(await runOn(exported, '--name', 'EX04', '--json'));
    expect(plan.changes[0]).toMatchObject({ kind: 'modify', dn: 'CN=bert,CN=Users,DC=corp,DC=example,DC=com' });
    expect(plan.findings.filter(({ level }) => level === 'blocker')).toEqual([]);
  });

  describe('makes a blocker of', () => {
    const server = `CN=EX04,CN=Servers,CN=North,${groups}`;
    const database = `CN=MDB4,CN=Databases,CN=North,${groups}`;
    const people = 'CN=Users,DC=corp,DC=example,DC=com';
    const site = `msExchServerSite: CN=Amsterdam,CN=Sites,${configuration}`;
    const other = record(
      `CN=EX01,CN=Servers,CN=North,${groups}`,
      'msExchExchangeServer',
      'msExchCurrentServerRoles: 2',
      site,
    );
    const [rootDse = '', ...rest] = head;
    const orphaned = (...lines: readonly string[]): readonly string[] => [
      ...rest,
      ...organisation,
      ...adminGroup('North'),
      other,
      record(server, 'msExchExchangeServer', 'legacyExchangeDN: /o=Contoso/cn=EX04', site, ...lines),
      record(database, 'msExchMDB', `msExchOwningServer: ${server}`),
    ];
    const blockersOf = async (...records: readonly string[]): Promise<readonly string[]> => {
      const plan = planOf(await runOn(records, '--name', 'EX04', '--json', '--accept', 'owned-databases'));
      return plan.findings.filter(({ level, accepted: yes }) => level === 'blocker' && !yes).map(({ id }) => id);
    };
    const person = (name: string, ...lines: readonly string[]): string =>
      record(`CN=${name},${people}`, 'user', `mailNickname: ${name}`, ...lines);

    test.each([
      ['mailboxes homed on it', ['msExchHomeServerName: /o=Contoso/cn=EX04'], ['mailboxes']],
      ['mailboxes in its databases', [`homeMDB: ${database}`], ['mailboxes']],
      [
        'arbitration mailboxes',
        [`homeMDB: ${database}`, 'msExchRecipientTypeDetails: 8388608'],
        ['arbitration-mailboxes'],
      ],
      ['archives in its databases', [`msExchArchiveDatabaseLink: ${database}`], ['archives']],
      ['groups that it expands', ['msExchExpansionServerName: /o=Contoso/cn=EX04'], ['expansion-server']],
    ])('%s', async (_, lines, ids) => {
      expect(await blockersOf(...orphaned('msExchCurrentServerRoles: 38'), person('bert', ...lines))).toEqual(ids);
    });

    test('groups of a domain that the domain controller does not hold', async () => {
      const group = person('group', 'msExchExpansionServerName: /o=Contoso/cn=EX04');
      expect(await blockersOf(rootDse, ...orphaned('msExchCurrentServerRoles: 38'), group)).toEqual([
        'expansion-server',
        'recipients-in-other-domains',
      ]);
    });

    test('more references than one plan clears', async () => {
      const many = Array.from({ length: 1001 }, (_, number) =>
        person(`group${number}`, 'msExchExpansionServerName: /o=Contoso/cn=EX04'),
      );
      expect(await blockersOf(...orphaned('msExchCurrentServerRoles: 38'), ...many)).toEqual([
        'expansion-server',
        'too-many-references',
      ]);
      const plan = planOf(
        await runOn([...orphaned('msExchCurrentServerRoles: 38'), ...many], '--name', 'EX04', '--json'),
      );
      const finding = plan.findings.find(({ id }) => id === 'too-many-references');
      expect(finding).toMatchObject({ acceptable: true, measure: { value: 1, unit: 'objects' } });
      expect(adviceOf(finding)).toContain(
        "Get-ADObject -LDAPFilter '(msExchExpansionServerName=/o=Contoso/cn=EX04)' | Set-ADObject -Clear msExchExpansionServerName",
      );
      expect(plan.leftOut).toContainEqual({
        what: 'msExchExpansionServerName of more groups, as expansion server',
        reason: 'too-many-references',
        detail: '1',
        reference: { to: [plan.subject?.dn], because: 'past-the-limit' },
      });
    });

    test('the last hub of a site with an Edge server', async () => {
      const edge = record(
        `CN=EDGE1,CN=Servers,CN=North,${groups}`,
        'msExchExchangeServer',
        'msExchCurrentServerRoles: 64',
        site,
      );
      expect(await blockersOf(...orphaned('msExchCurrentServerRoles: 38'), edge)).toEqual([
        'last-hub-of-edge-subscription',
      ]);
      expect(await blockersOf(...orphaned('msExchCurrentServerRoles: 2'), edge)).toEqual([]);
    });

    test('nothing for an object that was only provisioned, which setup itself removes', async () => {
      const records = orphaned('msExchCurrentServerRoles: 4096');
      expect(await blockersOf(...records)).toEqual([]);
      const { findings } = planOf(await runOn(records, '--name', 'EX04', '--json'));
      const ways = findings.find(({ id }) => id === 'supported-ways');
      expect(ways).toMatchObject({ id: 'supported-ways', level: 'warning' });
      expect(adviceOf(ways)).toContain('/RemoveProvisionedServer:EX04');
    });
  });

  test('with references to a database that it owns reports them and leaves them as they are', async () => {
    const server = `CN=EX04,CN=Servers,CN=North,${groups}`;
    const owned = `CN=PF04,CN=Databases,CN=North,${groups}`;
    const other = `CN=DB01,CN=Databases,CN=North,${groups}`;
    const another = `CN=PF01,CN=Databases,CN=North,${groups}`;
    const records = [
      ...head,
      ...organisation,
      record(other, 'msExchMDB', `msExchHomePublicMDB: ${owned}`, `msExchDefaultPublicMDB: ${another}`),
      ...adminGroup('North', 'EX04', 'EX01'),
      record(`CN=South,${groups}`, 'msExchAdminGroup', `siteFolderServer: ${owned}`),
      record(owned, 'msExchMDB', `msExchOwningServer: ${server}`),
      record(`CN=Old,${owned.replace('PF04', 'DB02')}`, 'msExchMDB', `msExchHomePublicMDB: CN=Old,${server}`),
      record(`CN=Old,${server}`, 'msExchMDB', `msExchOwningServer: ${server}`),
    ];
    const plan = planOf(await runOn(records, '--name', 'EX04', '--json', '--accept', 'owned-databases'));
    expect(plan.findings.find(({ id }) => id === 'references-to-its-databases')).toMatchObject({
      level: 'warning',
      title: '2 references to databases that it owns, which stay without an owner',
      evidence: [`msExchHomePublicMDB of ${other}: ${owned}`, `siteFolderServer of CN=South,${groups}: ${owned}`],
    });
    // What goes with the server is a reference like any other.
    expect(plan.changes.filter(({ kind }) => kind === 'modify').map((change) => 'dn' in change && change.dn)).toEqual([
      owned,
      `CN=Old,${owned.replace('PF04', 'DB02')}`,
    ]);
  });

  test('with otherWellKnownObjects that dangle already has them cleared', async () => {
    const deletedDn = `CN=Gone\\0ADEL:0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e,CN=Deleted Objects,${configuration}`;
    const value = `B:32:C262A929D691B74A9E068728F8F842EA:${deletedDn}`;
    const dangling = record(`CN=Contoso,${exchange}`, 'msExchOrganizationContainer', `otherWellKnownObjects: ${value}`);
    const records = [...head, dangling, ...organisation.slice(1), ...adminGroup('North', 'EX04', 'EX01')];
    const plan = planOf(await runOn(records, '--name', 'EX04', '--json'));
    expect(plan.findings).toContainEqual(
      expect.objectContaining({ id: 'lost-well-known-objects', level: 'warning', evidence: [value] }),
    );
    expect(plan.changes[0]).toMatchObject({
      kind: 'modify',
      edits: [{ attribute: 'otherWellKnownObjects', remove: [value], add: [] }],
    });
  });

  test('names the servers of that name when only the rest of the DN is wrong', async () => {
    const records = [...head, ...organisation, ...adminGroup('North', 'EX04', 'EX01')];
    const { stderr } = await runOn(records, '--dn', `CN=EX04,CN=Servers,CN=South,${groups}`);
    expect(stderr).toContain(`Did you mean "CN=EX04,CN=Servers,CN=North,${groups}"?`);
  });

  test('without Exchange is named as such', async () => {
    const { status, stderr } = await runOn(head, '--name', 'EX04');
    expect(status).toBe(3);
    expect(stderr).toContain('no Exchange organisation in this forest');
  });

  test('is not searched for a DN that is none', async () => {
    const { status, stderr } = await runOn(head, '--dn', 'EX04');
    expect(status).toBe(64);
    expect(stderr).toContain('at character');
  });

  test('with two servers of a name in two admin groups asks for the DN, which then decides', async () => {
    const records = [...head, ...organisation, ...adminGroup('North', 'EX04', 'EX01'), ...adminGroup('South', 'EX04')];
    const { status, stderr } = await runOn(records, '--name', 'ex04');
    expect(status).toBe(64);
    expect(stderr).toContain(
      `--dn: "CN=EX04,CN=Servers,CN=North,${groups}" or "CN=EX04,CN=Servers,CN=South,${groups}"`,
    );
    const byDn = await runOn(records, '--dn', `cn=ex04, cn=servers, cn=South, ${groups}`, '--json');
    expect(byDn.status).toBe(2);
    expect(planOf(byDn).changes).toMatchObject([{ kind: 'delete', dn: `CN=EX04,CN=Servers,CN=South,${groups}` }]);
  });

  test('with a conflict object shows what it is and can delete it', async () => {
    const guid = '0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e';
    const records = [...head, ...organisation, ...adminGroup('North', 'EX04', 'EX01', `EX04\\0ACNF:${guid}`)];
    const dn = `CN=EX04\\0ACNF:${guid},CN=Servers,CN=North,${groups}`;
    const { status, stdout } = await runOn(records, '--dn', dn, '--dry-run');
    expect(status).toBe(2);
    expect(stdout).toMatch(/EX04 \(CNF\)/);
    expect(stdout).toMatch(/warning +conflict-object/);
  });

  test('with a name of 255 characters deletes that very entry', async () => {
    const long = 'ä'.repeat(250);
    const { status, stdout } = await runOn(
      [...head, ...organisation, ...adminGroup('North', long, 'EX01')],
      '--name',
      long,
      '--json',
    );
    expect(status).toBe(2);
    expect(planOf({ stdout, stderr: '', status }).changes).toMatchObject([
      { dn: `CN=${long},CN=Servers,CN=North,${groups}` },
    ]);
  });

  test('with one server only makes that a blocker which may be accepted', async () => {
    const records = [...head, ...organisation, ...adminGroup('North', 'EX04')];
    const { stdout, status } = await runOn(records, '--name', 'EX04', '--json');
    expect(status).toBe(2);
    expect(planOf({ stdout, stderr: '', status }).findings).toContainEqual(
      expect.objectContaining({ id: 'only-server', level: 'blocker', acceptable: true }),
    );
  });

  test('writes the LDIF to import, and says that no directory was changed', async () => {
    const records = [...head, ...organisation, ...adminGroup('North', 'EX04', 'EX01')];
    const { stdout, status } = await runOn(records, '--name', 'EX04', '--yes', '--confirm', 'EX04');
    expect(stdout).toContain('No directory was changed');
    expect(stdout).toMatch(/ldifde -i -f \S+\.ldf'? +on other systems: ldapmodify -f/);
    expect(status).toBe(0);
  });

  test('does not recommend ldifde for a tree delete, and says why', async () => {
    const records = [...head, ...organisation, ...adminGroup('North', 'EX04', 'EX01')];
    const args = ['--name', 'EX04', '--tree-delete', '--yes', '--confirm', 'EX04'];
    const { stdout, status } = await runOn(records, ...args);
    expect(stdout).toMatch(/Import it with: ldapmodify -f \S+\.ldf/);
    expect(stdout).toContain('ldifde cannot import it');
    expect(stdout).toContain('without --tree-delete');
    expect(stdout).not.toContain('ldifde -i');
    expect(status).toBe(0);
  });
});
