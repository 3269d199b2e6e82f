import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { run as apply } from '../../src/commands/apply.ts';
import type { Context } from '../../src/commands/context.ts';
import { openPracticeDirectory } from '../../src/commands/directory.ts';
import { run as practice } from '../../src/commands/practice.ts';
import { run as show } from '../../src/commands/show.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { remedies } from '../../src/remedies/index.ts';
import { distinct } from '../../src/words.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { practiceTime } from '../support/practice-forest.ts';
import { answering } from '../support/prompter-double.ts';
import { orphan, remedyCommand } from '../support/remedy-commands.ts';
import { runCommand } from '../support/run-command.ts';

test('practice without a terminal shows the five remedies as dry runs, and changes nothing but its own folder', async () => {
  const currentFolder = await freshFolder();
  const { status, stdout } = await runCommand(practice, [], { currentFolder });
  expect(status).toBe(0);
  const lingering = 'lingering --reference dc1.corp.example.com';
  const known = ['labels --label email', 'tombstone --days 180', 'orphan --name EX04', lingering, 'metadata --dc DC0'];
  for (const remedy of known) {
    expect(stdout).toContain(`adsi-remedy ${remedy} --dry-run`);
  }
  expect(stdout.match(/This was a dry run: nothing was changed/g)).toHaveLength(5);
  const found = [
    'members-differ',
    'copies-left-out',
    'form-without-label',
    'form-names-the-domain',
    'lost-letters',
    'default-domain-script',
    'no-wording',
  ];
  for (const id of found) expect(stdout).toMatch(new RegExp(`^ +(?:note|warning|blocker) +${id} `, 'm'));
  expect(await readdir(currentFolder)).toEqual(['adsi-remedy-practice']);
});

test.each([
  ['without a terminal', {}],
  ['at a terminal', { prompter: answering({}) }],
])('practice --json %s gives the five plans as one document, alone on stdout', async (_, world) => {
  const { status, stdout } = await runCommand(practice, ['--json'], { currentFolder: await freshFolder(), ...world });
  expect(status).toBe(0);
  const plans: Record<string, { remedy: string; changes: unknown[] }> = JSON.parse(stdout);
  expect(Object.entries(plans).map(([name, { remedy }]) => [name, remedy])).toEqual([
    ['labels', 'labels'],
    ['orphan', 'orphan'],
    ['tombstone', 'tombstone'],
    ['lingering', 'lingering'],
    ['metadata', 'metadata'],
  ]);
  expect(plans['labels']?.changes).not.toEqual([]);
});

test('practice without a terminal says of an orphan that was deleted there that nothing is left to change', async () => {
  const currentFolder = await freshFolder();
  const folder = path.join(currentFolder, 'adsi-remedy-practice');
  const world: Partial<Context> = { templates: new URL('../../templates/', import.meta.url), now: () => new Date() };
  const site = { currentFolder, remedies: remedies.filter(({ name }) => name === 'orphan') };
  const args = ['--name', 'EX04', '--yes', '--confirm', 'EX04'];
  const accepted = ['owned-databases', 'send-connector-source', 'replication-past-lifetime'].flatMap((id) => [
    '--accept',
    id,
  ]);
  const directory: Context['directory'] = () =>
    openPracticeDirectory(folder, { ...world, randomId: randomUUID } as Context);
  const first = await runCommand(practice, [], site);
  expect(first.stdout).not.toContain('are kept');
  const deleted = await runCommand(orphan, [...args, ...accepted], { currentFolder, ...world, directory });
  expect(deleted.stdout).toContain('Undo it with');

  const { status, stdout, stderr } = await runCommand(practice, [], site);
  expect(stdout).toContain('Changes that were applied here before are kept.');
  expect(stdout).toMatch(/orphan --name EX04 --dry-run[\s\S]*Nothing to change: the object no longer exists/);
  expect([status, stderr]).toEqual([0, '']);
  const json = await runCommand(practice, ['--json'], site);
  expect(JSON.parse(json.stdout)).toMatchObject({ orphan: { remedy: 'orphan', changes: [] } });
  expect(json.status).toBe(0);
});

describe('--practice', () => {
  const site = 'adsi-remedy-practice';
  const world = async () => ({
    currentFolder: await freshFolder(),
    // Commands are printed for the shells of this computer, with its paths.
    platform: process.platform,
    templates: new URL('../../templates/', import.meta.url),
    now: () => new Date(),
    randomId: randomUUID,
  });

  test('makes the commands that practice prints run outside its menu', async () => {
    const here = await world();
    const { stdout } = await runCommand(practice, ['--verbose'], here);
    const printed = stdout
      .split('\n')
      .filter((line) => /\badsi-remedy [a-z]+ --/.test(line))
      .map((line) => line.replace(/^.*\badsi-remedy /, '').split(' '));
    expect(printed.map(([name]) => name)).toEqual([
      'labels',
      'orphan',
      'tombstone',
      'lingering',
      'lingering',
      'metadata',
    ]);
    for (const [name = '', ...args] of printed) {
      const run = await runCommand(remedyCommand(name), args, here);
      expect([name, run.stderr]).toEqual([name, '']);
      expect(run.stdout).toMatch(/dry run: nothing was changed|Nothing to change/);
    }
  });

  test('is named by what applies a change that was saved outside the site, and not within', async () => {
    const here = await world();
    await runCommand(practice, ['--quiet'], { ...here, remedies: [] });
    const save = (folder: string) =>
      runCommand(remedyCommand('metadata'), ['--dc', 'DC0', '--practice', site, '--save', folder], here);
    expect((await save('elsewhere')).stdout).toContain(`apply elsewhere --practice ${site}\n`);
    expect((await save(`${site}/changes/within`)).stdout).toContain(`apply ${path.join(site, 'changes', 'within')}\n`);
    const unnamed = await runCommand(apply, ['elsewhere', '--dry-run'], here);
    expect([unnamed.status, unnamed.stderr]).toEqual([
      64,
      expect.stringContaining('Name the practice site with --practice'),
    ]);
    expect(await runCommand(apply, ['elsewhere', '--dry-run', '--practice', site], here)).toMatchObject({ status: 2 });
    expect(await runCommand(apply, [`${site}/changes/within`, '--dry-run'], here)).toMatchObject({ status: 2 });
  });

  const saves = [
    [
      'orphan',
      [
        '--name',
        'EX04',
        '--accept',
        'owned-databases',
        '--accept',
        'send-connector-source',
        '--accept',
        'replication-past-lifetime',
      ],
    ],
    ['tombstone', ['--days', '180', '--accept', 'past-lifetime']],
    ['lingering', ['--reference', 'dc1.corp.example.com']],
    ['metadata', ['--dc', 'DC0']],
  ] as const;

  test.each(saves)(
    'is named by every command that show prints for a plan of %s saved outside it, and that its documents hold',
    async (name, args) => {
      const here = { ...(await world()), now: practiceTime };
      await runCommand(practice, ['other', '--quiet'], { ...here, remedies: [] });
      await runCommand(remedyCommand(name), [...args, '--practice', 'other', '--save', 'saved'], here);
      const { stdout, stderr } = await runCommand(show, ['saved', '--verbose', '--practice', 'other'], here);
      expect(stderr).toBe('');
      const documents = await Promise.all(
        ['review.txt', 'review.html', 'next-steps.txt'].map((file) =>
          readFile(path.join(here.currentFolder, 'saved', file), 'utf8').catch(() => ''),
        ),
      );
      const printed = distinct([stdout, ...documents].flatMap(commandsIn));
      expect(printed).toContainEqual(expect.stringMatching(/^apply saved/));
      for (const command of printed) {
        const [first = '', ...words] = command.split(' ');
        expect(command).toContain(' --practice other');
        // Nothing was applied, so that there is nothing to undo; it is looked at only whether the site is found.
        const run = await runCommand(commandNamed(first), first === 'apply' ? [...words, '--dry-run'] : words, here);
        expect([command, run.status, run.stderr]).not.toEqual([command, 64, expect.anything()]);
      }
    },
  );

  test('is found by show around the change folder, or where practice lays it out; else the command has a blank to fill in', async () => {
    const here = await world();
    await runCommand(practice, ['--quiet'], { ...here, remedies: [] });
    await runCommand(practice, ['other', '--quiet'], { ...here, remedies: [] });
    const save = (folder: string) =>
      runCommand(remedyCommand('metadata'), ['--dc', 'DC0', '--practice', 'other', '--save', folder], here);
    const within = path.join('other', 'changes', 'within');
    await save('beside');
    await save(within);
    const shown = async (folder: string, ...args: readonly string[]) =>
      (await runCommand(show, [folder, ...args], here)).stdout;
    expect(await shown(within)).toContain(`apply ${within}\n`);
    expect(await shown('beside')).toContain(`apply beside --practice ${site}\n`);
    await rm(path.join(here.currentFolder, site), { recursive: true });
    const blank = await shown('beside');
    expect(blank).toContain('apply beside --practice DIR\n');
    expect(blank).toContain('DIR in the commands is the folder of the practice site');
    expect(await shown('beside', '--practice', 'other')).toContain('apply beside --practice other\n');
    const wrong = await runCommand(show, ['beside', '--practice', '.'], here);
    expect([wrong.status, wrong.stderr]).toEqual([
      64,
      expect.stringContaining('there is no practice site in that folder'),
    ]);
  });

  test('takes the folder of a site alone, and no other directory beside it', async () => {
    const here = await world();
    const none = await runCommand(remedyCommand('metadata'), ['--practice', '.'], here);
    expect([none.status, none.stderr]).toEqual([
      64,
      expect.stringContaining('there is no practice site in that folder'),
    ]);
    await runCommand(practice, ['--quiet'], { ...here, remedies: [] });
    for (const other of [
      ['--server', 'dc1'],
      ['--domain', 'corp.example.com'],
      ['--ldif', 'x.ldf'],
      ['--user', 'me'],
    ]) {
      const both = await runCommand(remedyCommand('metadata'), ['--practice', site, ...other], here);
      expect([both.status, both.stderr]).toEqual([64, expect.stringContaining('is not a real directory')]);
    }
  });
});

/** The commands of this tool that stand on lines of their own, or at the end of one. */
function commandsIn(text: string): readonly string[] {
  return [
    ...text.matchAll(
      /(?:: |<pre><code>|\n *(?:Apply|Undo|Look again)? *)adsi-remedy ((?:apply|undo|lingering|metadata) [^<\n\r]*)/g,
    ),
  ].map(([, command = '']) => command.trimEnd());
}

function commandNamed(name: string): Parameters<typeof runCommand>[0] {
  return name === 'apply' ? apply : name === 'undo' ? undo : remedyCommand(name);
}
