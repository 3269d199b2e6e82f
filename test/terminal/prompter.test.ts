import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CancelledError } from '../../src/errors.ts';
import { terminalPrompter } from '../../src/terminal/terminal-prompter.ts';
import { describeOnEveryNode } from './support/nodes.ts';
import { type KeyName, startInTerminal, type TerminalSession } from './support/terminal-session.ts';

const fixture = fileURLToPath(new URL('fixtures/ask.mjs', import.meta.url));

const kinds = ['select', 'multiselect', 'input', 'integer', 'secret', 'confirm'] as const;
type Kind = (typeof kinds)[number];

interface Asking {
  readonly node?: string;
  /** Further arguments of the fixture. */
  readonly words?: readonly string[];
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** The fixture with its question on the screen. */
async function ask(kind: Kind | 'series' | 'throwing', asking: Asking = {}): Promise<TerminalSession> {
  const { node = process.execPath, words = [], ...options } = asking;
  const session = startInTerminal({ command: [node, fixture, kind, ...words], ...options });
  await session.waitFor(`The ${kind} question`);
  return session;
}

/** The process has exited without a signal, and the terminal is in the state that a shell expects. */
async function expectTidyEnd(session: TerminalSession, status: number): Promise<void> {
  expect(await session.exit).toEqual({ status, signal: 0 });
  expect(session.screen.text).toContain('MODES cooked');
  expect(session.screen.cursor).toMatchObject({ column: 0, visible: true });
  expect(session.processes()).toEqual([]);
}

const lastLines = (session: TerminalSession, count: number): readonly string[] =>
  session.screen.text.split('\n').slice(-count);

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'adsi-remedy-terminal-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describeOnEveryNode('the prompter at a terminal', ({ path: node, version }) => {
  const keysOf: Readonly<Record<Kind, readonly (KeyName | { readonly type: string })[]>> = {
    select: ['down', 'enter'],
    multiselect: ['space', 'down', 'space', 'enter'],
    input: [{ type: 'Địa chỉ メール' }, 'left', 'backspace', 'enter'],
    integer: [{ type: '365' }, 'enter'],
    secret: [{ type: 'pässword' }, 'enter'],
    confirm: [{ type: 'y' }, 'enter'],
  };
  const answerOf: Readonly<Record<Kind, unknown>> = {
    select: 'cherry',
    multiselect: ['apple', 'cherry'],
    input: 'Địa chỉ メル',
    integer: 365,
    secret: 'pässword',
    confirm: true,
  };

  test.each(kinds)('%s gives the answer of the keys', async (kind) => {
    const session = await ask(kind, { node });
    for (const key of keysOf[kind]) {
      if (typeof key === 'string') session.press(key);
      else session.type(key.type);
    }
    await session.waitFor('MODES');
    expect(session.screen.text).toContain(`ANSWER ${JSON.stringify(answerOf[kind])}`);
    await expectTidyEnd(session, 0);
  });

  test('several questions follow each other', async () => {
    const session = await ask('series', { node });
    session.type('one');
    session.press('enter');
    await session.waitFor('The second question');
    session.press('down');
    session.press('enter');
    await session.waitFor('The third question');
    session.type('y');
    session.press('enter');
    await session.waitFor('MODES');
    expect(session.screen.text.split('\n')).toEqual([
      '✔ The series question › one',
      '✔ The second question › Cherry',
      '✔ The third question › yes',
      'ANSWER ["one","cherry",true]',
      'MODES cooked',
    ]);
    await expectTidyEnd(session, 0);
  });

  test.each(['ctrl-c', 'ctrl-d'] as const)('%s cancels every question with status 130', async (key) => {
    const sessions = await Promise.all(kinds.map((kind) => ask(kind, { node })));
    for (const session of sessions) session.press(key);
    for (const [index, session] of sessions.entries()) {
      await session.waitFor('MODES');
      expect(session.screen.text.split('\n')).toEqual([
        `✖ The ${kinds[index]} question`,
        'CancelledError: Could not continue: the question: cancelled Nothing was changed.',
        'MODES cooked',
      ]);
      await expectTidyEnd(session, 130);
    }
  });

  test('escape leaves every question as the error that goes back', async () => {
    const sessions = await Promise.all(kinds.map((kind) => ask(kind, { node })));
    for (const session of sessions) session.press('escape');
    for (const [index, session] of sessions.entries()) {
      await session.waitFor('MODES');
      expect(session.screen.text.split('\n')).toEqual([
        `← The ${kinds[index]} question`,
        'BackError: Could not continue: the question: cancelled Nothing was changed.',
        'MODES cooked',
      ]);
      await expectTidyEnd(session, 130);
    }
    expect(sessions).toHaveLength(kinds.length);
  });

  test('escape goes back one question in a series', async () => {
    const session = await ask('series', { node });
    session.type('one');
    session.press('enter');
    await session.waitFor('The second question');
    session.press('enter');
    await session.waitFor('The third question');
    session.press('escape');
    await session.waitFor(/← The third question\n\? The second question/);
    session.press('escape');
    await session.waitFor(/← The second question\n\? The series question/);
    session.type('other');
    session.press('enter');
    await session.waitFor(/\? The second question/);
    session.press('down');
    session.press('enter');
    await session.waitFor(/\? The third question/);
    session.press('enter');
    await session.waitFor('MODES');
    expect(session.screen.text.split('\n')).toEqual([
      '✔ The series question › one',
      '✔ The second question › Apple',
      '← The third question',
      '← The second question',
      '✔ The series question › other',
      '✔ The second question › Cherry',
      '✔ The third question › no',
      'ANSWER ["other","cherry",false]',
      'MODES cooked',
    ]);
    await expectTidyEnd(session, 0);
  });

  test('the end of the input, as when the window is closed, cancels', async () => {
    const result = join(temporaryFolder(), 'result');
    const command = `trap '' HUP; "${node}" "${fixture}" input; echo " status $?" >> "${result}"`;
    const session = startInTerminal({ command: ['sh', '-c', command], env: { RESULT: result } });
    await session.waitFor('The input question');
    session.hangUp();
    const written = (): string => readFileSync(result, { encoding: 'utf8', flag: 'a+' });
    await expect.poll(written, { timeout: 5000 }).toContain('status');
    // Node 20 aborts when it ends after its terminal has gone, whatever the script did.
    expect(written()).toMatch(/^CancelledError: .* status (?:130|134)\n$/);
    if (!version.startsWith('v20.')) expect(written()).toContain('status 130');
  });

  test('SIGTERM at a question leaves the terminal out of raw mode', async () => {
    const session = startInTerminal({ command: ['sh', '-c', `"${node}" "${fixture}" input; stty -a`] });
    await session.waitFor('The input question');
    const asking = session.processes().filter((pid) => pid !== session.pid);
    for (const pid of asking) process.kill(pid, 'SIGTERM');
    await session.exit;
    expect(asking).toHaveLength(1);
    expect(session.screen.text).toMatch(/ icanon /);
    expect(session.screen.text).toMatch(/ echo /);
  });

  test.each(kinds)('without a terminal, %s is a usage error that names the flag', (kind) => {
    const run = spawnSync(node, [fixture, kind], { input: '', encoding: 'utf8', timeout: 10_000 });
    expect(run.status).toBe(64);
    expect(run.stdout).toBe(
      `UsageError: Could not ask a question: The ${kind} question: there is no terminal to ask at ` +
        'Give --answer TEXT, or run it at a terminal.\n',
    );
    expect(run.stderr).toBe('');
  });
});

describe('at a question', () => {
  test('a refused answer is explained and can be corrected', async () => {
    const session = await ask('input', { words: ['validated'] });
    session.type('say "e-mail"');
    session.press('enter');
    await session.waitFor('It must not contain a quotation mark.');
    expect(session.screen.text).toBe('? The input question › say "e-mail"\n  It must not contain a quotation mark.');
    session.press('backspace');
    await session.waitFor(/say "e-mail$/);
    session.press('ctrl-u');
    session.type('E-mail');
    session.press('enter');
    await session.waitFor('ANSWER "E-mail"');
  });

  test('a number is checked for its form first, then by its own rule', async () => {
    const session = await ask('integer', { words: ['validated', 'initial'] });
    expect(session.screen.text.split('\n')[0]).toBe('? The integer question (180) ›');
    session.type('x');
    session.press('enter');
    await session.waitFor('Type a whole number.');
    session.press('backspace');
    session.type('2');
    session.press('enter');
    await session.waitFor('At least 3 days.');
    session.press('backspace');
    session.press('enter');
    await session.waitFor('ANSWER 180');
    expect(session.screen.text).toContain('✔ The integer question › 180\n');
  });

  test('Enter alone does not agree', async () => {
    const session = await ask('confirm');
    session.press('enter');
    await session.waitFor('ANSWER false');
    expect(session.screen.text).toContain('✔ The confirm question › no');
  });

  test('the explanation of a yes-or-no question is shown below it while it is open', async () => {
    const session = await ask('confirm', { words: ['explained'] });
    await session.waitFor('What was seen');
    expect(session.screen.text.split('\n')).toEqual([
      '? The confirm question (y/N) ›',
      '  What it means…',
      '  What was seen',
    ]);
    session.type('y');
    session.press('enter');
    await session.waitFor('ANSWER true');
    expect(session.screen.text).toContain('✔ The confirm question › yes');
    expect(session.screen.text).not.toContain('What it means');
  });

  test('an empty line is an answer unless validation refuses it', async () => {
    const session = await ask('input');
    session.press('enter');
    await session.waitFor('ANSWER ""');
    expect(session.screen.text).toContain('ANSWER ""');
  });

  test('a stray y does not agree until Enter is pressed', async () => {
    const session = await ask('confirm');
    session.type('y');
    await session.waitFor('› yes');
    session.type('n');
    await session.waitFor(/› no$/);
    session.press('enter');
    await session.waitFor('ANSWER false');
    expect(session.screen.text).toContain('ANSWER false');
  });

  test('nothing of a secret is written to the terminal, before or after', async () => {
    const session = await ask('secret');
    session.type('hunter2');
    await session.waitFor('*******');
    session.press('enter');
    await session.waitFor('ANSWER');
    const [beforeAnswer = ''] = session.output().split('ANSWER');
    expect(beforeAnswer).not.toContain('hunter2');
    expect(session.screen.text).toContain('✔ The secret question › hidden\n');
    expect(session.screen.text).not.toContain('***');
  });

  test('keys that were typed together with Enter do not answer the next question', async () => {
    const session = await ask('input');
    session.type('one\rtwo\r');
    await session.waitFor('ANSWER "one"');
    await expectTidyEnd(session, 0);
    expect(session.screen.text).not.toContain('two');
  });

  test('a validation that throws rejects the question with its error', async () => {
    const session = await ask('throwing');
    session.press('enter');
    await session.waitFor('TypeError: the validation itself is broken');
    await expectTidyEnd(session, 1);
  });
});

describe('a long list', () => {
  test('keeps the question and the pointer on the screen', async () => {
    const session = await ask('select', { words: ['many', 'initial'], rows: 8 });
    expect(session.screen.text.split('\n')).toEqual([
      '? The select question ›',
      '  Server (1)',
      '  Server (2)',
      '▸ Server (3)',
      '  Server (4)',
      '  Server (5)',
      '  3 of 300 · type to filter, arrows move, Enter selects, Escape goes back',
    ]);
    session.press('pageDown');
    await session.waitFor('8 of 300');
    expect(session.screen.text.split('\n').slice(0, 4)).toEqual([
      '? The select question ›',
      '  Server (6)',
      '  Server (7)',
      '▸ Server (8)',
    ]);
    session.press('up', 8);
    await session.waitFor('300 of 300');
    session.press('enter');
    await session.waitFor('MODES');
    expect(lastLines(session, 3)).toEqual(['✔ The select question › Server (300)', 'ANSWER 299', 'MODES cooked']);
  });

  test('filters while the user types, special characters of regular expressions included', async () => {
    const session = await ask('select', { words: ['many'] });
    session.type('(29');
    await session.waitFor('› (29');
    session.type('7)');
    await session.waitFor('› (297)');
    expect(session.screen.text.split('\n')).toEqual([
      '? The select question › (297)',
      '▸ Server (297)',
      '  type to filter, arrows move, Enter selects, Escape goes back',
    ]);
    session.press('enter');
    await session.waitFor('ANSWER 296');
  });

  test('reports that nothing matches and accepts no answer', async () => {
    const session = await ask('select', { words: ['many'] });
    session.type('DC1');
    session.press('enter');
    await session.waitFor('Type something else, or delete letters with Backspace.');
    session.press('ctrl-u');
    session.press('enter');
    await session.waitFor('ANSWER 0');
    expect(session.screen.text).toContain('ANSWER 0');
  });

  test('follows the size of the terminal', async () => {
    const session = await ask('select', { words: ['many'], rows: 24 });
    session.resize(80, 6);
    await session.waitFor('1 of 300');
    await expect.poll(() => session.screen.text.split('\n').length).toBe(5);
  });

  test('marks several choices while it is filtered', async () => {
    const session = await ask('multiselect', { words: ['many'] });
    session.type('(29');
    await session.waitFor('› (29');
    session.type('7)');
    await session.waitFor('› (297)');
    session.press('space');
    await session.waitFor('[x] Server (297)');
    session.press('ctrl-u');
    session.type('(12)');
    await session.waitFor('[ ] Server (12)');
    session.press('tab');
    await session.waitFor('[x] Server (12)');
    session.press('enter');
    await session.waitFor('ANSWER [11,296]');
    expect(session.screen.text).toContain('ANSWER [11,296]');
  });

  test('that starts on none takes no Enter until a choice is selected', async () => {
    const session = await ask('select', { words: ['many', 'cautious'] });
    expect(session.screen.text).not.toContain('▸');
    session.press('enter');
    await session.waitFor('Choose one with the arrow keys first.');
    session.press('up');
    await session.waitFor('▸ None of these');
    session.press('enter');
    await session.waitFor('ANSWER null');
  });
});

describe('a terminal that becomes narrower while a question is open', () => {
  test.each(['input', 'select', 'confirm'] as const)(
    'shows the whole %s question once, and what was above it',
    async (kind) => {
      const command = `echo above; "${process.execPath}" "${fixture}" ${kind} initial wordy`;
      const session = startInTerminal({ command: ['sh', '-c', command], columns: 80, rows: 24 });
      await session.waitFor(`The ${kind} question`);
      const opened = session.screen.text;
      session.resize(30, 24);
      await session.waitFor(/^ {2}on to the end of the line/m);
      session.resize(80, 24);
      await expect.poll(() => session.screen.text).toBe(opened);
      session.resize(30, 24);
      await session.waitFor(/^ {2}on to the end of the line/m);
      expect(session.screen.text).toMatch(/^above\n\? The /);
      expect(session.screen.text.match(/The \w+ question/g)).toHaveLength(1);
      for (const line of session.screen.text.split('\n')) expect(line.length).toBeLessThan(30);
      session.press('enter');
      await session.waitFor('MODES');
      expect(session.screen.text).toMatch(/^above\n✔ The /);
    },
  );
});

test('a terminal that reports no size has 80 columns and 24 rows', async () => {
  const command = `stty cols 0 rows 0; "${process.execPath}" "${fixture}" select many`;
  const session = startInTerminal({ command: ['sh', '-c', command], columns: 80, rows: 24 });
  await session.waitFor('1 of 300');
  expect(session.screen.text.split('\n')).toHaveLength(23);
  session.press('enter');
  await session.waitFor('ANSWER 0');
});

describe('a terminal of the type "dumb"', () => {
  const dumb = { env: { TERM: 'dumb' } };

  test.each([
    ['select', '3', '"cherry"', '  3  Cherry  with stones'],
    ['multiselect', '1, cherry', '["apple","cherry"]', '  -  Banana  (sold out)'],
    ['input', 'E-mail', '"E-mail"', ''],
    ['integer', '180', '180', ''],
    ['secret', 'hunter2', '"hunter2"', ''],
    ['confirm', 'y', 'true', '(y/N)'],
  ] as const)('asks the %s question without any escape sequence', async (kind, typed, answer, shown) => {
    const session = await ask(kind, dumb);
    session.type(`${typed}x`);
    session.press('backspace');
    session.press('enter');
    await session.waitFor('MODES');
    expect(session.screen.text).toContain(shown);
    expect(session.screen.text).toContain(`ANSWER ${answer}`);
    expect(session.output()).not.toContain('\x1b');
    if (kind === 'secret') expect(session.output().split('ANSWER')[0]).not.toContain('hunter2');
    await expectTidyEnd(session, 0);
  });

  test('prints the explanation of a yes-or-no question between it and the line to type', async () => {
    const session = await ask('confirm', { ...dumb, words: ['explained'] });
    await session.waitFor(/y or n:$/);
    expect(session.screen.text.split('\n').map((line) => line.trimEnd())).toEqual([
      '? The confirm question (y/N)',
      '  What it means...',
      '  What was seen',
      '  y or n:',
    ]);
    session.type('y\r');
    await session.waitFor('ANSWER true');
  });

  test('explains a refused answer and asks again', async () => {
    const session = await ask('integer', { ...dumb, words: ['validated', 'initial'] });
    session.type('x\r');
    await session.waitFor(/Type a whole number\.\n.*\(180\):$/);
    session.type('2\r');
    await session.waitFor(/At least 3 days\.\n.*\(180\):$/);
    session.press('enter');
    await session.waitFor('ANSWER 180');
    expect(session.screen.text.split('\n').slice(0, 5)).toEqual([
      '? The integer question (180): x',
      '  Type a whole number.',
      '? The integer question (180): 2',
      '  At least 3 days.',
      '? The integer question (180):',
    ]);
  });

  test('goes back one question on Escape', async () => {
    const session = await ask('series', dumb);
    session.type('one\r');
    await session.waitFor('The second question');
    session.press('escape');
    await session.waitFor(/The series question: one[\s\S]*The series question:/);
    session.type('two\r');
    await session.waitFor(/The second question[\s\S]*The second question[\s\S]*\(1\):/);
    session.press('enter');
    await session.waitFor('The third question');
    session.type('y\r');
    await session.waitFor('ANSWER ["two","apple",true]');
    await expectTidyEnd(session, 0);
  });

  test.each(['ctrl-c', 'ctrl-d'] as const)('ends on %s with status 130', async (key) => {
    const session = await ask('select', dumb);
    session.press(key);
    await session.waitFor('CancelledError');
    await expectTidyEnd(session, 130);
  });
});

describe('in the C locale', () => {
  test.each(kinds)('the %s question is drawn in ASCII', async (kind) => {
    const session = await ask(kind, { env: { LC_ALL: 'C' } });
    session.press('enter');
    await session.waitFor(kind === 'integer' ? 'whole number' : 'MODES');
    expect(session.output()).toMatch(/^[\x00-\x7f]*$/);
    expect(session.screen.text).toContain(`${kind === 'integer' ? '?' : '+'} The ${kind} question`);
  });
});

describe('drawing', () => {
  test('leaves the lines above the question alone, whatever is typed', async () => {
    const command = `echo above; "${process.execPath}" "${fixture}" input`;
    const session = startInTerminal({ command: ['sh', '-c', command], columns: 40, rows: 6 });
    await session.waitFor('The input question');
    session.type('メール アドレス ที่อยู่อีเมล e-mail address Địa chỉ');
    await session.waitFor('chỉ');
    expect(session.screen.text.split('\n')).toHaveLength(3);
    expect(session.screen.text).toMatch(/^above\n\? The input question\n {2}› …/);
    session.press('ctrl-u');
    session.press('enter');
    await session.waitFor('ANSWER ""');
    expect(session.screen.text).toContain('above\n✔ The input question');
  });

  test('puts the cursor where the next character goes, in columns', async () => {
    const session = await ask('input');
    session.type('メール');
    await session.waitFor('メール');
    expect(session.screen.cursor).toEqual({ row: 0, column: '? The input question › '.length + 6, visible: true });
    session.press('left');
    await expect.poll(() => session.screen.cursor.column).toBe('? The input question › '.length + 4);
  });

  test('never hides the cursor', async () => {
    const sessions = await Promise.all(kinds.map((kind) => ask(kind)));
    for (const session of sessions) {
      session.press('ctrl-c');
      await session.exit;
      expect(session.output()).not.toContain('\x1b[?25l');
    }
  });

  test('writes colour only if asked to', async () => {
    const colorful = await ask('multiselect', { words: ['color'], env: { NO_COLOR: '1' } });
    const plain = await ask('multiselect', { env: { FORCE_COLOR: '1' } });
    for (const session of [colorful, plain]) {
      session.press('ctrl-c');
      await session.exit;
    }
    expect(colorful.output()).toMatch(/\x1b\[\d+m/);
    expect(plain.output()).not.toMatch(/\x1b\[\d+m/);
  });

  test('goes to the given stream, and only the answer to stdout', async () => {
    const file = join(temporaryFolder(), 'out');
    const command = `"${process.execPath}" "${fixture}" confirm > "${file}"`;
    const session = startInTerminal({ command: ['sh', '-c', command] });
    await session.waitFor('The confirm question');
    session.press('enter');
    await session.exit;
    expect(readFileSync(file, 'utf8')).toBe('ANSWER false\nMODES cooked\n');
  });
});

test('a question after the end of the input is cancelled, not left open', async () => {
  const input = new PassThrough();
  input.end();
  await input.resume().toArray();
  const prompter = terminalPrompter({
    input: input as unknown as ReadStream,
    output: new PassThrough() as unknown as WriteStream,
    color: false,
  });
  await expect(prompter.confirm({ id: 'again', message: 'Again?' })).rejects.toThrow(CancelledError);
});

test('enquirer is not loaded before the first question', () => {
  const prompter = new URL('../../dist/terminal/terminal-prompter.js', import.meta.url).href;
  const script = `
    const { terminalPrompter } = await import(${JSON.stringify(prompter)});
    terminalPrompter({ input: process.stdin, output: process.stderr, color: false });
    const { createRequire } = await import('node:module');
    const loaded = Object.keys(createRequire(${JSON.stringify(prompter)}).cache);
    process.stdout.write(String(loaded.some((file) => file.includes('enquirer'))));`;
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })).toBe('false');
});
