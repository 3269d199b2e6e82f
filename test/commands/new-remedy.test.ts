import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { run as apply } from '../../src/commands/apply.ts';
import { commandsOf } from '../../src/commands/commands.ts';
import { run as completion } from '../../src/commands/completion.ts';
import { helpText } from '../../src/commands/help.ts';
import { run as menu } from '../../src/commands/menu.ts';
import { runRemedy } from '../../src/commands/run-remedy.ts';
import { run as show } from '../../src/commands/show.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { need } from '../support/on-windows.ts';
import { answering } from '../support/prompter-double.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { toyEntry, toy as toyRemedy } from '../support/toy-remedy.ts';

let folder: string;
const word = (): string => path.join(folder, 'word.txt');
const content = (text: string): string => `word="${text}"`;
const saved = 'changes/toy';

beforeEach(async () => {
  folder = await freshFolder();
  await writeFile(word(), content('old'));
});

const world = (more: object = {}) => ({ currentFolder: folder, remedies: [toyEntry], ...more });
const toy = (...args: readonly string[]): Promise<CommandRun> =>
  runCommand((given, context) => runRemedy(toyEntry, given, context), args, world());
const run = (command: typeof apply, args: readonly string[], more: object = {}): Promise<CommandRun> =>
  runCommand(command, args, world(more));

describe('a remedy that is one folder and one line in the list', () => {
  test('has its line in the general help, and a help of its own from its flag table', async () => {
    expect(await helpText(commandsOf([toyEntry]))).toContain('adsi-remedy toy [options]');
    const own = await helpText(commandsOf([toyEntry]), 'toy');
    expect(own).toContain('--word WORD          the new word');
    expect(own).toContain('--save FOLDER');
    expect(own).not.toContain('--server');
    expect(own).toContain('adsi-remedy toy --word hello');
    expect(await helpText(commandsOf([toyEntry]), 'show')).toContain('adsi-remedy show changes/toy');
  });

  test('is in the completion of every shell, with its flags', async () => {
    const scripts = await Promise.all(
      ['bash', 'zsh', 'fish', 'powershell'].map((shell) => run(completion, [shell]).then(({ stdout }) => stdout)),
    );
    expect(scripts).toHaveLength(4);
    for (const script of scripts) {
      expect(script).toContain('toy');
      expect(script).toContain('word');
    }
  });

  test('is a choice of the menu, whose wizard asks what no flag answers', async () => {
    const prompter = answering({ menu: 'toy', 'toy.word': 'new', decision: 'apply' });
    const { status, stdout } = await run(menu, [], { prompter });
    expect([status, await readFile(word(), 'utf8')]).toEqual([0, content('new')]);
    expect(stdout).toContain('1. Tell the readers.');
    prompter.verifyAllAsked();
  });

  test('shows its diff and changes nothing in a dry run', async () => {
    const { status, stdout } = await toy('--word', 'new');
    expect([status, await readFile(word(), 'utf8')]).toEqual([2, content('old')]);
    expect(stdout).toMatch(/1 +en +old +new/);
    // In how many languages only a remedy can say that has any.
    expect(stdout).toMatch(/^ {2}1 file to change · 1 note/m);
  });

  test('refuses to run without an answer if no question can be asked', async () => {
    const { status, stderr } = await toy();
    expect(status).toBe(64);
    expect(stderr).toContain('--word WORD');
  });

  test.each(['--save', '--yes'])(
    'is neither saved nor applied with %s where no later run could undo it',
    async (flag) => {
      const propose: typeof toyRemedy.propose = (facts, options) => {
        const { changes, ...proposal } = toyRemedy.propose(facts, options);
        return { ...proposal, changes: changes.map((change) => ({ ...change, encoding: '\u0007' })) };
      };
      const entries = [
        { ...toyRemedy, permits: () => ['a word'] },
        { ...toyRemedy, propose },
      ].map((remedy) => ({ ...toyEntry, load: async () => remedy }));
      const errors: string[] = [];
      for (const entry of entries) {
        const args = ['--word', 'new', flag, ...(flag === '--save' ? [saved] : [])];
        const made = await runCommand((given, context) => runRemedy(entry, given, context), args, world());
        expect([made.status, await readFile(word(), 'utf8')]).toEqual([3, content('old')]);
        errors.push(made.stderr);
      }
      expect(errors[0]).toContain('toy never writes this: a word');
      expect(errors[1]).toContain("a saved plan can't hold this changes[0].encoding");
      expect(await readdir(folder)).toEqual(['word.txt']);
    },
  );

  test('is saved with author, reason and ticket, shown, applied and undone', async () => {
    const save = await toy('--word', 'new', '--save', saved, '--reason', 'the board wants it', '--ticket', 'CHG-7');
    expect([save.status, await readFile(word(), 'utf8')]).toEqual([2, content('old')]);
    const review = (await run(show, [saved])).stdout;
    for (const text of ['Change the word', 'CONTOSO\\admin on WS01', 'the board wants it', 'CHG-7'])
      expect(review).toContain(text);
    expect(review).toMatch(/1 +en +old +new/);
    const paper = await readFile(path.join(folder, saved, 'review.txt'), 'utf8');
    expect(paper).toMatch(/^\ufeffChange the word\r\n/);
    expect(paper).toContain('1. Tell the readers.');
    const applied = await run(apply, [saved]);
    expect([applied.status, await readFile(word(), 'utf8')]).toEqual([0, content('new')]);
    const undone = await run(undo, [saved, '--yes']);
    expect([undone.status, await readFile(word(), 'utf8')]).toEqual([0, content('old')]);
    expect(undone.stdout).toContain('Tell the readers.');
    expect((await run(apply, [saved])).status).toBe(3);
  });
});

describe('a plan that was saved healthy and is applied later', () => {
  beforeEach(async () => {
    expect((await toy('--word', 'new', '--save', saved)).status).toBe(2);
    await writeFile(path.join(folder, 'stop'), '');
  });

  test('is refused by a blocker that has come up since, which is named', async () => {
    const { status, stderr } = await run(apply, [saved]);
    expect([status, await readFile(word(), 'utf8')]).toEqual([3, content('old')]);
    expect(stderr).toContain('stop-sign');
    expect(stderr).toContain('when the plan was made there was no such finding');
    expect(stderr).not.toContain('To undo what was applied before');
  });

  test('is applied with --accept, and the journal says what was accepted', async () => {
    const { status } = await run(apply, [saved, '--accept', 'stop-sign']);
    expect([status, await readFile(word(), 'utf8')]).toEqual([0, content('new')]);
    const journal = await readFile(path.join(folder, saved, 'journal.jsonl'), 'utf8');
    expect(JSON.parse(journal.split('\n')[0] ?? '')).toMatchObject({ event: 'begin', accepted: ['stop-sign'], seq: 1 });
  });

  test('is refused in a dry run too, and would be written with --accept', async () => {
    expect((await run(apply, [saved, '--dry-run'])).status).toBe(3);
    expect((await run(apply, [saved, '--dry-run', '--accept', 'stop-sign'])).status).toBe(2);
    expect(await readFile(word(), 'utf8')).toBe(content('old'));
  });

  test('is undone only if the blocker is accepted: an undo is judged as every change', async () => {
    await rm(path.join(folder, 'stop'));
    expect((await run(apply, [saved])).status).toBe(0);
    await writeFile(path.join(folder, 'stop'), '');
    expect((await run(undo, [saved, '--yes'])).status).toBe(3);
    expect(await readFile(word(), 'utf8')).toBe(content('new'));
    expect((await run(undo, [saved, '--yes', '--accept', 'stop-sign'])).status).toBe(0);
    expect(await readFile(word(), 'utf8')).toBe(content('old'));
  });

  test('is not judged again when it is done, only verified', async () => {
    expect((await run(apply, [saved, '--accept', 'stop-sign'])).status).toBe(0);
    expect((await run(apply, [saved])).status).toBe(0);
    expect((await run(apply, [saved, '--dry-run'])).status).toBe(0);
  });
});

describe('--json', () => {
  test('asks nothing, even at a terminal', async () => {
    const prompter = answering({});
    const { status, stdout } = await runCommand(
      (given, context) => runRemedy(toyEntry, given, context),
      ['--json'],
      world({ prompter }),
    );
    expect(status).toBe(64);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'usage',
      next: expect.stringContaining('or leave out --json.'),
    });
    expect(prompter.asked).toEqual([]);
  });

  test('stops after the diff at a terminal too, and applies a saved plan without a question', async () => {
    const prompter = answering({});
    const run = (command: typeof apply, ...args: readonly string[]): Promise<CommandRun> =>
      runCommand(command, [...args, '--json'], world({ prompter }));
    const dryRun = await run((given, context) => runRemedy(toyEntry, given, context), '--word', 'new');
    expect([dryRun.status, await readFile(word(), 'utf8')]).toEqual([2, content('old')]);
    expect(JSON.parse(dryRun.stdout)).toMatchObject({ remedy: 'toy', intent: { word: 'new' } });
    await toy('--word', 'new', '--save', saved);
    expect((await run(show, saved)).status).toBe(0);
    expect([(await run(apply, saved)).status, await readFile(word(), 'utf8')]).toEqual([0, content('new')]);
    expect([(await run(undo, saved)).status, await readFile(word(), 'utf8')]).toEqual([2, content('new')]);
    expect(prompter.asked).toEqual([]);
  });
});

describe('drift', () => {
  test('is shown by show --drift with exit 3, and without it show reads the folder alone', async () => {
    await toy('--word', 'new', '--save', saved);
    expect((await run(show, [saved, '--drift'])).status).toBe(0);
    await writeFile(word(), 'edited');
    const { status, stdout } = await run(show, [saved, '--drift']);
    expect(status).toBe(3);
    expect(stdout).toContain(word());
    expect((await run(show, [saved])).status).toBe(0);
  });
});

describe('the seal', () => {
  test('of the approved plan is accepted in groups, that of another one is refused', async () => {
    await toy('--word', 'new', '--save', saved);
    const { seal } = JSON.parse(await readFile(path.join(folder, saved, 'plan.json'), 'utf8'));
    const grouped = seal.slice(0, 32).replace(/.{8}/g, '$& ');
    expect((await run(show, [saved, '--seal', grouped])).status).toBe(0);
    expect((await run(apply, [saved, '--seal', '0'.repeat(32)])).status).toBe(3);
    expect((await run(apply, [saved, '--seal', seal.slice(0, 31)])).status).toBe(64);
    expect(await readFile(word(), 'utf8')).toBe(content('old'));
    expect((await run(apply, [saved, '--seal', seal])).status).toBe(0);
  });
});

test('a change folder is private to its user', async () => {
  need('modes');
  await mkdir(path.join(folder, 'changes'));
  await toy('--word', 'new', '--save', saved);
  const { stat } = await import('node:fs/promises');
  expect((await stat(path.join(folder, saved))).mode & 0o777).toBe(0o700);
  expect((await stat(path.join(folder, saved, 'plan.json'))).mode & 0o777).toBe(0o600);
});
