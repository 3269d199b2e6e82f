import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { sealOf } from '../../src/change/seal.ts';
import { run as apply } from '../../src/commands/apply.ts';
import type { Context } from '../../src/commands/context.ts';
import { run as menu } from '../../src/commands/menu.ts';
import { run as show } from '../../src/commands/show.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { temporarySuffix } from '../../src/files/replace-file.ts';
import { freshFolder, snapshot, writeTree } from '../support/fresh-folder.ts';
import { answering } from '../support/prompter-double.ts';
import { labels } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { stringsContent } from '../support/strings-content.ts';
import { unprivileged } from '../support/unprivileged.ts';

type Command = Parameters<typeof runCommand>[0];

let home: string;

beforeEach(async () => {
  home = await freshFolder();
  await writeFile(path.join(home, 'wording.json'), '{ "de": "Mail:" }');
  await formSets({ de: stringsContent('Domäne\\Name:'), fr: stringsContent('Domaine\\nom :') });
});

const formSets = (contents: Readonly<Record<string, Uint8Array | string>>): Promise<void> =>
  writeTree(path.join(home, 'forms'), {
    Exchange: {
      HTML: {
        nls: Object.fromEntries(Object.entries(contents).map(([name, content]) => [name, { 'strings.txt': content }])),
      },
    },
  });

const fileOf = (language: string): string => path.join(home, 'forms/Exchange/HTML/nls', language, 'strings.txt');
const run = (command: Command, args: readonly string[], world: Partial<Context> = {}): Promise<CommandRun> =>
  runCommand(command, args, { currentFolder: home, ...world });
const relabel = (...args: readonly string[]): Promise<CommandRun> =>
  run(labels, ['--root', 'forms', '--label', 'email', ...args]);
const forms = (): ReturnType<typeof snapshot> => snapshot(path.join(home, 'forms'));

/** Expects the status, the words on stderr, and that neither a form nor anything else was written. */
async function expectRefused(
  work: () => Promise<CommandRun>,
  status: number,
  ...words: readonly string[]
): Promise<void> {
  const before = await snapshot(home);
  const result = await work();
  expect(result.stderr + result.stdout).toContain(words[0] ?? '');
  for (const word of words) expect(result.stderr).toContain(word);
  expect(result.status).toBe(status);
  expect(await snapshot(home)).toEqual(before);
}

describe('wrong usage is 64 and says what would be right', () => {
  test.each<[readonly string[], readonly string[]]>([
    [
      ['--lable', 'email'],
      ['--lable', 'there is no such flag', 'Did you mean --label?'],
    ],
    [['--rot', 'x'], ['Did you mean --root?']],
    [['--completely-else'], ['there is no such flag', 'labels --help']],
    [['--toString'], ['there is no such flag']],
    [['--root'], ['--root', 'its value is missing']],
    [['--root='], ['its value is missing']],
    [
      ['--root', '--label', 'email'],
      ['--root', 'its value is missing'],
    ],
    [['--yes=no'], ['--yes', 'it takes no value']],
    [['forms'], ['forms', 'it takes flags only']],
    [
      ['--root', 'forms', '--label', 'mail'],
      ['--label mail', 'there is no such label', '--label email'],
    ],
    [['--root', 'forms', '--label', 'email', '--text', 'a'], ['--text']],
    [
      ['--root', 'forms', '--text', 'a', '--wording', 'wording.json'],
      ['--text', 'another flag'],
    ],
    [
      ['--root', 'forms', '--text', 'say "name"'],
      ['a double quote', 'typographic quotes'],
    ],
    [['--root', 'forms', '--text', 'a\nb'], ['a line break']],
    [['--root', 'forms', '--label', 'email', '--yes', '--save', 'x'], ['--save with --yes']],
    [['--root', 'forms', '--label', 'email', '--yes', '--dry-run'], ['--dry-run with --yes']],
    [['--root', 'forms', '--label', 'email', '--code-page', 'de'], ['LANGUAGE=PAGE']],
    [['--root', 'forms', '--label', 'email', '--code-page', 'de=437'], ['code page 437 is not known']],
    [
      ['--root', 'forms', '--wording', 'missing.json'],
      ['missing.json', 'ENOENT'],
    ],
    [
      ['--host', 'TMG01', '--label', 'email'],
      ['TMG01', 'only Windows can open', '--root'],
    ],
    [['--host', '..\\x', '--label', 'email'], ['it is not a host name']],
  ])('labels %j', async (args, words) => {
    await expectRefused(() => run(labels, args), 64, ...words);
  });

  test.each([
    ['no JSON', 'de: Mail', 'line 1, column 1'],
    ['cut short', '{ "de": "Mail:"', 'the end of the file'],
    ['a culture twice', '{ "de": "a",\n "DE": "b" }', 'line 2'],
    ['no culture', '{ "Deutsch!": "a" }', 'not the name of a culture'],
    ['a quote in a label', '{ "de": "say \\"name\\"" }', 'a double quote'],
  ])('labels with a wording file that is %s', async (_, content, words) => {
    await writeFile(path.join(home, 'w.json'), content);
    await expectRefused(() => run(labels, ['--root', 'forms', '--wording', 'w.json']), 64, 'w.json', words);
  });

  test.each<[string, Command]>([
    ['show', show],
    ['apply', apply],
    ['undo', undo],
  ])('%s without a folder, or with two', async (name, command) => {
    await expectRefused(() => run(command, []), 64, 'no change folder is named', `adsi-remedy ${name} changes/`);
    await expectRefused(() => run(command, ['a', 'b']), 64, 'only FOLDER');
  });

  test('an unknown command, with the nearest', async () => {
    await expectRefused(() => run(menu, ['lables']), 64, 'there is no such command', 'Did you mean labels?');
  });

  test('no command and no terminal: the help', async () => {
    const { status, stdout, stderr } = await run(menu, []);
    expect([status, stdout]).toEqual([64, '']);
    expect(stderr).toContain('adsi-remedy labels');
  });

  test('no command but --json at a terminal: the help, and no menu', async () => {
    const prompter = answering({});
    const { status, stdout, stderr } = await runCommand(menu, ['--json'], { currentFolder: home, prompter });
    expect([status, stdout, prompter.asked]).toEqual([64, '', []]);
    expect(stderr).toContain('adsi-remedy labels');
  });

  test.each<[string, readonly string[], string]>([
    ['where the form sets are', ['--label', 'email'], '--root DIR'],
    ['what the label shall be', ['--root', 'forms'], '--label email'],
  ])('a question without a terminal to ask it at, and the flag that answers it: %s', async (_, args, flag) => {
    await expectRefused(() => run(labels, args), 64, 'there is no terminal to ask at', flag);
    await expectRefused(() => run(labels, [...args, '--yes']), 64, flag);
  });

  test('a folder to save in that is there already', async () => {
    await writeTree(home, { taken: { file: 'mine' } });
    await expectRefused(() => relabel('--save', 'taken'), 64, 'this name already exists');
  });

  test('a folder to save in that would be below a file', async () => {
    await writeTree(home, { file: 'mine' });
    const words = `${path.join(home, 'file')} is a file, not a folder`;
    await expectRefused(() => relabel('--save', 'file/sub/saved'), 64, words);
  });
});

describe('what failed is 1, and nothing was changed', () => {
  test.each([
    ['a root that is not there', 'missing', 'ENOENT'],
    ['a root that is a file', 'file', 'ENOTDIR'],
    ['a root without form sets', 'empty', '<set>/<class>/strings.txt'],
  ])('%s', async (_, root, words) => {
    await writeTree(home, { file: '', empty: {} });
    await expectRefused(() => run(labels, ['--root', root, '--label', 'email']), 1, path.join(home, root), words);
  });

  test('filters that leave nothing, with what there is', async () => {
    await expectRefused(() => relabel('--language', 'es'), 1, 'the filters leave none', 'the languages de, fr');
  });

  test('a folder to save in that may not be written', async () => {
    await mkdir(path.join(home, 'closed'), { mode: 0o555 });
    for (const folder of [home, path.join(home, 'forms')]) await chmod(folder, 0o755);
    await expectRefused(() => unprivileged(() => relabel('--save', 'closed/saved')), 1, 'closed/saved', 'EACCES');
  });

  test.each<[string, Command]>([
    ['show', show],
    ['apply', apply],
    ['undo', undo],
  ])('%s of a folder that is no change folder', async (_, command) => {
    await expectRefused(() => run(command, ['forms']), 1, path.join(home, 'forms', 'plan.json'), 'ENOENT', '--save');
  });
});

describe('what is refused is 3, and nothing was changed', () => {
  test('an apply of files that have all gone', async () => {
    await relabel('--save', 'saved');
    for (const name of await readdir(path.join(home, 'forms'))) {
      await rm(path.join(home, 'forms', name), { recursive: true });
    }
    const { status, stdout } = await run(apply, ['saved']);
    expect(status).toBe(3);
    expect(stdout).toContain('Nothing was changed.');
    expect(stdout).toContain(fileOf('de'));
    expect(stdout).toContain('Make a new plan');
  });

  test('a blocker that is not accepted, with --yes: nothing is saved either', async () => {
    await formSets({ hi: stringsContent('x') });
    await expectRefused(() => relabel('--yes'), 3, 'no-wording', '--accept');
    expect((await relabel('--yes', '--accept', 'no-wording')).status).toBe(0);
  });

  test('a blocker in a saved plan that is not accepted', async () => {
    await formSets({ it: '' });
    expect((await relabel('--save', 'saved')).status).toBe(2);
    await expectRefused(() => run(apply, ['saved']), 3, 'empty-file');
  });

  test('blockers and nothing else to change', async () => {
    await formSets({ de: '', fr: '' });
    const { status, stdout } = await relabel();
    expect(status).toBe(3);
    expect(stdout).toContain('empty-file');
    expect((await relabel('--skip-blocked')).status).toBe(0);
  });

  test('a plan that was edited, whose seal was not', async () => {
    await relabel('--save', 'saved');
    const file = path.join(home, 'saved/plan.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"language":"de"', '"language":"en"'));
    for (const command of [apply, show, undo]) {
      await expectRefused(() => run(command, ['saved']), 3, file, 'its seal does not match');
    }
  });

  test('a plan that was half written', async () => {
    await relabel('--save', 'saved');
    const file = path.join(home, 'saved/plan.json');
    await truncate(file, 500);
    await expectRefused(() => run(apply, ['saved']), 3, file, 'written only in part');
  });

  test.each([
    ['of a later version', { version: 3 }, 'it is of version 3'],
    ['of another remedy', { remedy: 'mailboxes' }, 'made by the remedy "mailboxes"'],
  ])('a plan %s', async (_, more, words) => {
    await relabel('--save', 'saved');
    const file = path.join(home, 'saved/plan.json');
    const plan = { ...JSON.parse(await readFile(file, 'utf8')), ...more };
    await writeFile(file, JSON.stringify({ ...plan, seal: sealOf(plan) }));
    await expectRefused(() => run(apply, ['saved']), 3, 'saved', words);
  });

  test('files that have all changed since the plan was made', async () => {
    await relabel('--save', 'saved');
    for (const language of ['de', 'fr']) await writeFile(fileOf(language), 'edited');
    const before = await forms();
    const { status, stdout } = await run(apply, ['saved']);
    expect(status).toBe(3);
    expect(stdout).toContain(`drifted  ${fileOf('de')}`);
    expect(stdout).toContain('the file has changed since the plan was made');
    expect(stdout).toContain('Nothing was changed.');
    expect(await forms()).toEqual(before);
  });

  test('an undo of what was never applied', async () => {
    await relabel('--save', 'saved');
    await expectRefused(() => run(undo, ['saved', '--yes']), 3, 'was ever applied');
  });

  test('an undo whose journal does not know the plan; with its seal the targets decide', async () => {
    const before = await forms();
    await relabel('--save', 'saved');
    await run(apply, ['saved']);
    await writeFile(path.join(home, 'saved/journal.jsonl'), 'x\n{}\n');
    await expectRefused(() => run(undo, ['saved', '--yes']), 3, 'was ever applied', '--seal');
    const { seal } = JSON.parse(await readFile(path.join(home, 'saved/plan.json'), 'utf8'));
    expect((await run(undo, ['saved', '--yes', '--seal', seal])).status).toBe(0);
    expect(await forms()).toEqual(before);
  });
});

describe('what was done in part is 4', () => {
  test('if a file has changed since the plan was made; put right, the rest is done by the next apply', async () => {
    await relabel('--save', 'saved');
    const planned = await readFile(fileOf('de'));
    await writeFile(fileOf('de'), 'edited');
    const first = await run(apply, ['saved']);
    expect(first.status).toBe(4);
    expect(first.stdout).toContain('1 of 2 files changed');
    expect(first.stdout).toContain('To continue: adsi-remedy apply saved');
    expect(first.stdout).toContain('To undo what was done: adsi-remedy undo saved');
    expect(await readFile(fileOf('de'), 'utf8')).toBe('edited');
    await writeFile(fileOf('de'), planned);
    const second = await run(apply, ['saved']);
    expect(second.status).toBe(0);
    expect(second.stdout).toContain('2 of 2 files changed (1 of them by an earlier run)');
  });

  test('if the undo leaves a file alone that was edited since', async () => {
    const before = await forms();
    await relabel('--save', 'saved');
    await run(apply, ['saved']);
    await writeFile(fileOf('fr'), 'edited');
    const { status, stdout } = await run(undo, ['saved', '--yes']);
    expect(status).toBe(4);
    expect(stdout).toContain('changed-since');
    expect(await forms()).toEqual({ ...before, 'Exchange/HTML/nls/fr/strings.txt': 'edited' });
  });

  test('if it was interrupted between two files; before the first, it is 130', async () => {
    const before = await forms();
    await relabel('--save', 'saved');
    const interrupted: Context['interruptible'] = (work) => work(AbortSignal.abort());
    const first = await run(apply, ['saved'], { interruptible: interrupted });
    expect(first.status).toBe(130);
    expect(await forms()).toEqual(before);
    await run(apply, ['saved']);
    expect((await run(apply, ['saved'], { interruptible: interrupted })).status).toBe(0);
  });
});

describe('a member that is not reachable', () => {
  const other = (): string => path.join(home, 'other');
  const away = (): string => path.join(home, 'away');

  beforeEach(async () => {
    await writeTree(other(), {
      Exchange: { HTML: { nls: { de: { 'strings.txt': stringsContent('Domäne\\Name:') } } } },
    });
    await relabel('--root', 'other', '--save', 'saved');
  });

  test('at apply is reported as that, with the members that were changed to restart, and applied again', async () => {
    await rename(other(), away());
    const { status, stdout } = await run(apply, ['saved']);
    expect(status).toBe(4);
    expect(stdout).toContain('not reachable: there is no such file or folder (ENOENT)');
    expect(stdout).toContain('run apply again');
    const restart = stdout.slice(stdout.indexOf('Interrupts a service'));
    expect(restart).toContain('Restart-Service fwsrv');
    expect(restart).toContain(path.join(home, 'forms'));
    expect(restart).not.toContain(other());
    await rename(away(), other());
    expect((await run(apply, ['saved'])).status).toBe(0);
  });

  test('at undo is reported as that, and brought back by another undo', async () => {
    const before = await snapshot(other());
    await run(apply, ['saved']);
    await rename(other(), away());
    const first = await run(undo, ['saved', '--yes']);
    expect(first.status).toBe(4);
    expect(first.stdout).toContain('1 file not reachable');
    expect(first.stdout).toContain('run undo again');
    await rename(away(), other());
    expect((await run(undo, ['saved', '--yes'])).status).toBe(0);
    expect(await snapshot(other())).toEqual(before);
  });
});

describe('an undo that did not come to its end', () => {
  /** Applied, and undone but for one file that was edited. */
  async function undoneInPart(...save: readonly string[]): Promise<CommandRun> {
    await relabel('--save', 'saved');
    await run(apply, ['saved']);
    await writeFile(fileOf('fr'), 'edited');
    if (save.length === 0) return run(undo, ['saved', '--yes']);
    await run(undo, ['saved', ...save]);
    return run(apply, ['back']);
  }

  test.each([
    ['in its folder', [], /saved[\\/]\S+-undo/],
    ['beside it', ['--save', 'back'], /\bback/],
  ])('is reported by apply and show, with the way on (%s)', async (_, save, folder) => {
    expect((await undoneInPart(...save)).status).toBe(4);
    const { status, stderr } = await run(apply, ['saved']);
    expect(stderr).toContain('an undo of this change was started and has not finished');
    expect(stderr).toMatch(folder);
    expect(stderr).toContain('adsi-remedy undo saved');
    expect(status).toBe(3);
    const shown = await run(show, ['saved']);
    expect(shown.stdout).toContain('undone in part. Plan the rest of the undo with: adsi-remedy undo saved');
  });

  test('is on the page and in the text of the change', async () => {
    await undoneInPart();
    for (const name of ['review.html', 'review.txt'])
      expect(await readFile(path.join(home, 'saved', name), 'utf8')).toContain(
        'Applied, and undone in part: 2 of 2 files written',
      );
  });

  test('is no undo if it has written nothing', async () => {
    await relabel('--save', 'saved');
    await run(apply, ['saved']);
    for (const language of ['de', 'fr']) await writeFile(fileOf(language), 'edited');
    expect((await run(undo, ['saved', '--yes'])).status).toBe(3);
    const again = await run(apply, ['saved']);
    expect(again).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('2 files do not have the content that the change wrote'),
    });
  });

  test('ends when the rest is brought back, and the change is undone', async () => {
    const before = await forms();
    await relabel('--save', 'changes/saved');
    await run(apply, ['changes/saved']);
    const label = await readFile(fileOf('fr'));
    await writeFile(fileOf('fr'), 'edited');
    await run(undo, ['changes/saved', '--save', 'changes/back']);
    await run(apply, ['changes/back']);
    await writeFile(fileOf('fr'), label);
    expect((await run(undo, ['changes/saved', '--yes'])).status).toBe(0);
    expect(await forms()).toEqual(before);
    const { stderr } = await run(apply, ['changes/saved']);
    expect(stderr).toContain('it was applied and undone');
  });
});

test('the page and the text of a change name the time and the user of its undo', async () => {
  await relabel('--save', 'saved');
  await run(apply, ['saved']);
  await run(undo, ['saved', '--yes']);
  for (const name of ['review.txt', 'review.html']) {
    expect(await readFile(path.join(home, 'saved', name), 'utf8')).toMatch(
      /Applied and undone [\d-]+ [\d:]+ UTC by CONTOSO\\admin on WS01/,
    );
  }
});

test('of a change that was undone nothing is left to do, and it is not recommended to apply it', async () => {
  await relabel('--save', 'saved');
  await run(apply, ['saved']);
  const contentOf = (name: string): Promise<string> => readFile(path.join(home, 'saved', name), 'utf8');
  expect(await contentOf('next-steps.txt')).toContain('fwsrv');
  await run(undo, ['saved', '--yes']);
  for (const name of ['review.txt', 'review.html', 'next-steps.txt']) {
    expect(await contentOf(name)).toContain('None: this change was undone.');
    expect(await contentOf(name)).not.toMatch(/Restart-Service|net stop|adsi-remedy (apply|undo) saved/);
  }
  const { stdout } = await run(show, ['saved']);
  expect(stdout).toContain('None: this change was undone.');
  expect(stdout).not.toContain('fwsrv');
});

describe('an undo that finds everything back already', () => {
  const broughtBack = async (): Promise<void> => {
    const before = await Promise.all(['de', 'fr'].map((language) => readFile(fileOf(language))));
    await relabel('--save', 'saved');
    await run(apply, ['saved']);
    for (const [index, language] of ['de', 'fr'].entries()) await writeFile(fileOf(language), before[index] ?? '');
  };

  test('marks the change undone', async () => {
    await broughtBack();
    const { status, stdout } = await run(undo, ['saved', '--yes']);
    expect([status, stdout]).toEqual([0, expect.stringContaining('Everything is already restored')]);
    expect((await run(show, ['saved'])).stdout).toContain('It was applied and undone.');
    expect((await run(apply, ['saved'])).status).toBe(3);
  });

  test('writes nothing as a dry run', async () => {
    await broughtBack();
    const before = await snapshot(home);
    expect((await run(undo, ['saved'])).status).toBe(0);
    expect(await snapshot(home)).toEqual(before);
  });
});

describe('a change and its undo that were moved', () => {
  test.each([
    ['the undo in the folder of the change', [], (at: string) => path.join(at, 'saved')],
    ['the two side by side', ['--save', 'changes/back'], (at: string) => path.join(at, 'back')],
  ])('still belong together: %s', async (_, save, undoOf) => {
    const before = await forms();
    await relabel('--save', 'changes/saved');
    await run(apply, ['changes/saved']);
    await run(undo, ['changes/saved', ...(save.length === 0 ? ['--save', 'changes/saved/back'] : save)]);
    await rename(path.join(home, 'changes'), path.join(home, 'elsewhere'));
    const undoFolder = save.length === 0 ? path.join(undoOf('elsewhere'), 'back') : undoOf('elsewhere');
    expect(await run(apply, [undoFolder])).toMatchObject({ status: 0, stderr: '' });
    expect(await forms()).toEqual(before);
    expect((await run(show, ['elsewhere/saved'])).stdout).toContain('It was applied and undone.');
  });

  test('do so too where the undo was saved with an absolute path, by an earlier version or on Windows', async () => {
    await relabel('--save', 'changes/saved');
    await run(apply, ['changes/saved']);
    await run(undo, ['changes/saved', '--save', 'changes/back']);
    const file = path.join(home, 'changes/back/plan.json');
    const plan = JSON.parse(await readFile(file, 'utf8'));
    const older = { ...plan, undoes: { ...plan.undoes, folder: 'C:\\work\\changes\\saved' } };
    await writeFile(file, JSON.stringify({ ...older, seal: sealOf(older) }));
    expect((await run(apply, ['changes/back'])).status).toBe(0);
    expect((await run(show, ['changes/saved'])).stdout).toContain('It was applied and undone.');
  });

  describe('from each other', () => {
    async function apart(): Promise<{ readonly before: Awaited<ReturnType<typeof forms>>; readonly seal: string }> {
      const before = await forms();
      await relabel('--save', 'changes/saved');
      await run(apply, ['changes/saved']);
      await run(undo, ['changes/saved', '--save', 'changes/back']);
      await rename(path.join(home, 'changes/saved'), path.join(home, 'lost'));
      return { before, seal: JSON.parse(await readFile(path.join(home, 'changes/back/plan.json'), 'utf8')).seal };
    }

    test.each([[], ['--dry-run']])('need the seal of the undo, as nothing vouches for it (%s)', async (...flags) => {
      await apart();
      const applied = await forms();
      const { status, stderr } = await run(apply, ['changes/back', ...flags]);
      expect(stderr).toContain('the change that it undoes is neither its parent folder nor next to it');
      expect(stderr).toContain('--seal');
      expect(status).toBe(3);
      expect(await forms()).toEqual(applied);
    });

    test('are undone with the seal of the undo, which says whose journal was not written', async () => {
      const { before, seal } = await apart();
      const { status, stdout } = await run(apply, ['changes/back', '--seal', seal]);
      expect(stdout).toContain('The change folder of the undone plan was not found');
      expect(status).toBe(0);
      expect(await forms()).toEqual(before);
    });

    test('show says that the seal is needed', async () => {
      await apart();
      expect((await run(show, ['changes/back'])).stdout.replace(/\s+/g, ' ')).toMatch(
        /Apply it with: adsi-remedy apply '?changes[\\/]back'?, adding --seal and the seal that was approved/,
      );
    });
  });

  test('with a journal that does not know the change: the undo needs its seal', async () => {
    await relabel('--save', 'changes/saved');
    await run(apply, ['changes/saved']);
    await run(undo, ['changes/saved', '--save', 'changes/back']);
    await rm(path.join(home, 'changes/saved/journal.jsonl'));
    const { status, stderr } = await run(apply, ['changes/back']);
    expect(stderr).toContain('does not show that it was ever applied');
    expect(status).toBe(3);
  });

  test('the undo of which was saved elsewhere: the command that is printed names its seal and runs', async () => {
    const before = await forms();
    await relabel('--save', 'changes/saved');
    await run(apply, ['changes/saved']);
    const { stdout } = await run(undo, ['changes/saved', '--save', 'back']);
    const [, printed = ''] = /Apply it with: adsi-remedy apply (.*)/.exec(stdout) ?? [];
    expect(printed).toMatch(/^back --seal [0-9a-f]{32}$/);
    expect(await run(apply, printed.split(' '))).toMatchObject({ status: 0 });
    expect(await forms()).toEqual(before);
  });
});

describe('--json', () => {
  const document = ({ stdout }: CommandRun): Record<string, unknown> => {
    expect(stdout.endsWith('}\n')).toBe(true);
    return JSON.parse(stdout);
  };

  test('gives the plan of a dry run, and the review on stderr', async () => {
    const result = await relabel('--json');
    expect(result.status).toBe(2);
    expect(document(result)).toMatchObject({ format: 'adsi-remedy/plan', version: 2, remedy: 'labels' });
    expect(result.stderr).toContain('2 files to change');
  });

  test('gives the same plan that is saved', async () => {
    const result = await relabel('--json', '--save', 'saved');
    expect(document(result)).toEqual(JSON.parse(await readFile(path.join(home, 'saved/plan.json'), 'utf8')));
    const shown = document(await run(show, ['saved', '--json']));
    expect(shown['plan']).toEqual(document(result));
    expect(shown).toMatchObject({ seal: document(result)['seal'], position: 'not-applied', findings: [] });
  });

  test('gives the outcome of apply and undo', async () => {
    await relabel('--save', 'saved');
    await writeFile(fileOf('de'), 'edited');
    expect(document(await run(apply, ['saved', '--json']))).toMatchObject({
      outcome: 'partial',
      done: 1,
      doneBefore: 0,
      notBegun: 0,
      notDone: [{ on: fileOf('de'), kind: 'drifted' }],
    });
    expect(document(await run(undo, ['saved', '--json', '--yes']))).toMatchObject({ outcome: 'done', done: 1 });
  });

  test('gives a plan without changes', async () => {
    await relabel('--yes');
    const result = await relabel('--json');
    expect([result.status, document(result)['changes']]).toEqual([0, []]);
  });

  test('gives the error', async () => {
    const result = await run(labels, ['--root', 'missing', '--label', 'email', '--json']);
    expect(result.status).toBe(1);
    expect(document(result)).toMatchObject({ error: { code: 'file', on: path.join(home, 'missing') } });
    expect(result.stderr).toContain('missing');
  });
});

describe('the screen', () => {
  /** A stream that says it is a terminal. */
  class Screen extends Writable {
    readonly isTTY = true;
    readonly columns = 80;
    text = '';
    override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
      this.text += chunk.toString();
      done();
    }
  }

  async function shown(args: readonly string[], env: Context['env'] = {}): Promise<string> {
    const screen = new Screen();
    await run(labels, ['--root', 'forms', '--label', 'email', '--dry-run', ...args], {
      stdout: screen as unknown as Context['stdout'],
      env,
    });
    return screen.text;
  }

  test('has colour, with the changed words marked; a file has none', async () => {
    const text = await shown([]);
    expect(text).toContain('\x1b[31m');
    expect(text).toContain('\x1b[32m');
    expect(text).toContain('\x1b[7m');
    expect((await relabel('--dry-run')).stdout).not.toContain('\x1b');
  });

  test.each<[string, readonly string[], Context['env']]>([
    ['NO_COLOR', [], { NO_COLOR: '1' }],
    ['--no-color', ['--no-color'], {}],
    ['TERM=dumb', [], { TERM: 'dumb' }],
  ])('has none with %s', async (_, args, env) => {
    expect(await shown(args, env)).not.toContain('\x1b');
  });

  test('has colour with an empty NO_COLOR, which says nothing', async () => {
    expect(await shown([], { NO_COLOR: '' })).toContain('\x1b');
  });

  test('has every folder with --verbose, and the number of equal files', async () => {
    await writeTree(home, {
      forms: { ISA: { HTML: { nls: { de: { 'strings.txt': stringsContent('Domäne\\Name:') } } } } },
    });
    const all = await relabel('--dry-run', '--verbose');
    for (const set of ['Exchange', 'ISA']) expect(all.stdout).toContain(path.join(home, 'forms', set, 'HTML'));
    const few = await relabel('--dry-run');
    expect(few.stdout).toMatch(/de +Domäne\\Name: +E-Mail-Adresse: +2/);
  });

  test('has results only with --quiet', async () => {
    const quiet = await relabel('--dry-run', '--quiet');
    expect(quiet.stdout).toContain('2 files to change');
    expect(quiet.stdout).not.toContain('This was a dry run');
    expect(quiet.stdout).not.toContain('--verbose');
    await relabel('--save', 'saved', '--quiet');
    const applied = await run(apply, ['saved', '--quiet']);
    expect(applied.stdout).toContain('2 of 2 files changed');
    expect(applied.stdout).not.toContain('Restart-Service');
  });

  test('shows text from files harmlessly, and keeps it in the plan as it is', async () => {
    await formSets({ de: stringsContent('a\x1b[2Jb\u202ec'), fr: stringsContent('x\u0007') });
    const { stdout } = await relabel('--dry-run');
    expect(stdout).toContain('a<U+001B>[2Jb<U+202E>c');
    expect(stdout).not.toMatch(/\x1b|\x07|\u202e/);
  });

  test('shows a stack trace with --verbose only', async () => {
    const args = ['--root', 'missing', '--label', 'email'];
    expect((await run(labels, args)).stderr).not.toMatch(/^ +at /m);
    expect((await run(labels, [...args, '--verbose'])).stderr).toMatch(/^ +at /m);
  });
});

describe('temporary files that a killed apply left', () => {
  test.each<[string, Command, readonly string[]]>([
    ['the next apply', apply, []],
    ['an undo', undo, ['--yes']],
  ])('are removed by %s, also beside files that it had not come to', async (_, command, args) => {
    await relabel('--save', 'saved');
    const { id } = JSON.parse(await readFile(path.join(home, 'saved/plan.json'), 'utf8'));
    await writeFile(fileOf('de'), 'edited');
    await run(apply, ['saved']);
    const stray = path.join(path.dirname(fileOf('de')), `.strings.txt.${id}.x${temporarySuffix}`);
    await writeFile(stray, 'half');
    const { stdout } = await run(command, ['saved', ...args]);
    expect(stdout).toContain(stray);
    expect(await readdir(path.dirname(stray))).toEqual(['strings.txt']);
  });
});

const bin = fileURLToPath(new URL('../../bin/adsi-remedy.js', import.meta.url));

describe.skipIf(process.getuid?.() !== 0)('a user who may not write in a folder (which takes root to try)', () => {
  const asNobody = (...args: readonly string[]) =>
    spawnSync(process.execPath, [bin, ...args], { cwd: home, uid: 65_534, gid: 65_534, encoding: 'utf8' });

  beforeEach(async () => {
    await chmod(home, 0o755);
    await mkdir(path.join(home, 'own'));
    await chown(path.join(home, 'own'), 65_534, 65_534);
  });

  test('learns it from the dry run, before anything is tried', async () => {
    const { status, stdout } = asNobody('labels', '--root', 'forms', '--label', 'email', '--dry-run');
    expect(stdout).toContain('locked-folder');
    expect(stdout).toContain('2 files');
    // At the usual width a finding is cut behind its second line.
    expect(stdout).toContain('"Run as administrator"');
    expect(status).toBe(3);
  });

  test('and applies a plan that another made changes nothing', async () => {
    await relabel('--save', 'own/saved');
    const names = await readdir(path.join(home, 'own'), { recursive: true });
    for (const name of ['', ...names]) await chown(path.join(home, 'own', name), 65_534, 65_534);
    const before = await forms();
    const { status, stderr } = asNobody('apply', 'own/saved');
    expect(stderr).toContain('locked-folder');
    expect(status).toBe(3);
    expect(await forms()).toEqual(before);
  });
});
