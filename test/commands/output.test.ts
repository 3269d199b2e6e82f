import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Context } from '../../src/commands/context.ts';
import { createOutput } from '../../src/commands/output.ts';
import { exitStatus } from '../../src/errors.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { runCommand } from '../support/run-command.ts';

test.each([
  ['as wide as the terminal', { isTTY: true, columns: 90 }, 90],
  ['of 80 columns at a terminal that reports no size', { isTTY: true, columns: 0 }, 80],
  ['of 80 columns at a terminal without a size', { isTTY: true }, 80],
  ['of 40 columns at a narrower terminal', { isTTY: true, columns: 20 }, 40],
  ['of 140 columns at a very wide terminal', { isTTY: true, columns: 300 }, 140],
  ['of 100 columns in a file', {}, 100],
])('sentences are %s', async (_, of, expected) => {
  const stdout = Object.assign(new Writable(), of) as unknown as Context['stdout'];
  const flags = { json: false, quiet: false, verbose: false, 'no-color': true };
  const widths: number[] = [];
  const run = async (__: readonly string[], context: Context) => {
    widths.push(createOutput(context, flags).review.options.width);
    return exitStatus.done;
  };
  await runCommand(run, [], { currentFolder: await freshFolder(), stdout });
  expect(widths).toEqual([expected]);
});

test('what is said after the window was resized fits its new size', async () => {
  const written: string[] = [];
  const terminal = new Writable({ write: (text, _encoding, done) => done(void written.push(String(text))) });
  const stdout = Object.assign(terminal, { isTTY: true, columns: 100 });
  const sentence = 'These words take more than forty columns, and fewer than a hundred.';
  const run = async (__: readonly string[], context: Context) => {
    const output = createOutput(context, { json: false, quiet: false, verbose: false, 'no-color': true });
    output.say(sentence);
    stdout.columns = 44;
    output.say(sentence);
    expect([output.review.options.width, output.review.options.columns]).toEqual([44, 44]);
    return exitStatus.done;
  };
  const context = { currentFolder: await freshFolder(), stdout: stdout as unknown as Context['stdout'] };
  await runCommand(run, [], context);
  expect(written.join('')).toBe(`${sentence}\nThese words take more than forty columns,\nand fewer than a hundred.\n`);
});
