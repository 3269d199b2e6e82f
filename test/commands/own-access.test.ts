import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { run as apply } from '../../src/commands/apply.ts';
import type { Context } from '../../src/commands/context.ts';
import { run as undo } from '../../src/commands/undo.ts';
import type { ExitStatus } from '../../src/errors.ts';
import { freshFolder, snapshot, writeTree } from '../support/fresh-folder.ts';
import { own, type StandIn, standInForIcacls } from '../support/icacls.ts';
import { labels } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { stringsContent } from '../support/strings-content.ts';

let home: string;
let german: string;
const before = stringsContent('Domain\\name:');
const after = stringsContent('Mail:');

beforeEach(async () => {
  home = await freshFolder();
  const files = Object.fromEntries(['de', 'fr'].map((name) => [name, { 'strings.txt': before }]));
  await writeTree(home, { forms: { Exchange: { HTML: { nls: files } } } });
  german = path.join(home, 'forms', 'Exchange', 'HTML', 'nls', 'de', 'strings.txt');
});

const run = (
  { tools }: StandIn,
  command: (args: readonly string[], context: Context) => Promise<ExitStatus>,
  ...args: readonly string[]
): Promise<CommandRun> => runCommand(command, args, { currentFolder: home, tools });
const save = (icacls: StandIn, ...args: readonly string[]) =>
  run(icacls, labels, '--root', 'forms', '--text', 'Mail:', '--save', 'saved', ...args);

/** The icacls of a computer on which the German file has an access entry of its own. */
async function computer(restored?: string): Promise<StandIn> {
  const icacls = await standInForIcacls(restored);
  await icacls.set(german, own);
  return icacls;
}

describe('access entries that were set on a single file', () => {
  test('are noted, and kept by apply and by undo', async () => {
    const icacls = await computer();
    const saved = await save(icacls, '--json');
    const { findings } = JSON.parse(saved.stdout) as {
      findings: readonly { id: string; evidence: readonly string[] }[];
    };
    expect(findings.find(({ id }) => id === 'own-access')?.evidence).toEqual([german]);
    expect(await run(icacls, apply, 'saved')).toMatchObject({ status: 0 });
    expect([await readFile(german), await icacls.get(german)]).toEqual([after, own]);
    expect(await run(icacls, undo, 'saved', '--yes')).toMatchObject({ status: 0 });
    expect([await readFile(german), await icacls.get(german)]).toEqual([before, own]);
  });

  test('keep the file as it is where they can’t be set; the others are changed, and the next run continues', async () => {
    const icacls = await computer('undefined');
    await save(icacls);
    const { status, stdout } = await run(icacls, apply, 'saved');
    expect(status).toBe(4);
    expect(stdout.replace(/\s+/g, ' ')).toContain('it now has inherited entries only');
    const names = Object.entries(await snapshot(path.join(home, 'forms')));
    expect(names.map(([name, bytes]) => [path.dirname(name), Buffer.from(bytes, 'latin1').equals(after)])).toEqual([
      ['Exchange/HTML/nls/de', false],
      ['Exchange/HTML/nls/fr', true],
    ]);
    await icacls.set(german, 'D:AI(A;ID;FA;;;BA)');
    expect(await run(icacls, apply, 'saved')).toMatchObject({ status: 0 });
    expect(await readFile(german)).toEqual(after);
  });

  test('are warned of where icacls can’t be asked', async () => {
    const icacls = await computer();
    const saved = await save({ ...icacls, tools: { ...icacls.tools, icacls: path.join(home, 'missing') } }, '--json');
    const { findings } = JSON.parse(saved.stdout) as { findings: readonly object[] };
    expect(findings).toContainEqual(
      expect.objectContaining({
        id: 'access-not-known',
        level: 'warning',
        evidence: ['icacls.exe: there is no such file or folder (ENOENT)'],
      }),
    );
  });
});
