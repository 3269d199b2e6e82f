/** A plan for files that names other computers: to open \\HOST\share sends the user's credentials there. */

import { appendFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { FileChange, Plan } from '../../src/change/plan.ts';
import { fileFingerprint } from '../../src/change/planned-file.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { run as show } from '../../src/commands/show.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { computerOf } from '../../src/files/file-system.ts';
import { temporarySuffix } from '../../src/files/replace-file.ts';
import { freshFolder, writeTree } from '../support/fresh-folder.ts';
import { need } from '../support/on-windows.ts';
import { answering } from '../support/prompter-double.ts';
import { labels } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';

let home: string;
const german = (): string => path.join(home, 'forms', 'Exchange', 'HTML', 'nls', 'de', 'strings.txt');
const content = 'L_UserName_Text="Benutzer:"\r\n';
const planFile = (): string => path.join(home, 'change', 'plan.json');

type Command = Parameters<typeof runCommand>[0];
const run = (command: Command, args: readonly string[], more: object = {}): Promise<CommandRun> =>
  runCommand(command, args, { currentFolder: home, ...more });

beforeEach(async () => {
  home = await freshFolder();
  await writeTree(path.dirname(german()), { 'strings.txt': content });
  const args = ['--root', 'forms', '--text', 'Mail:', '--save', 'change'];
  expect((await run(labels, args)).status).toBe(2);
});

const planned = async (): Promise<Plan<FileChange>> => JSON.parse(await readFile(planFile(), 'utf8'));

/** The saved plan with its change made otherwise, and what goes with that; gives its seal. */
async function edited(change: Partial<FileChange>, more: Partial<Plan<FileChange>> = {}): Promise<string> {
  const plan = await planned();
  const sealed = sealPlan({ ...plan, ...more, changes: plan.changes.map((one) => ({ ...one, ...change })) });
  await writeFile(planFile(), JSON.stringify(sealed));
  return sealed.seal;
}

const share = '\\\\EVIL\\C$\\forms';
const onShare = async (): Promise<string> => {
  const { target } = await planned();
  const roots = target.kind === 'files' ? target.roots : [];
  return edited({}, { target: { kind: 'files', roots: [...roots, share] } });
};
const behindLink = (): Promise<string> => edited({ realPath: '\\\\EVIL\\C$\\strings.txt' });

describe.each([
  ['as a root', onShare],
  ['behind a link', behindLink],
])('%s', (_, edit) => {
  test.each([
    ['apply', apply, ['--yes']],
    ['apply --dry-run', apply, ['--dry-run']],
    ['show --drift', show, ['--drift']],
  ])('%s refuses it where no question can be asked', async (_command, command, args) => {
    await edit();
    const { status, stderr } = await run(command, ['change', ...args]);
    expect([status, stderr]).toEqual([64, expect.stringContaining('only the plan names these computers')]);
    expect(stderr).toContain('EVIL');
    expect(await readFile(german(), 'utf8')).toBe(content);
  });

  test('undo refuses it, whatever the journal says', async () => {
    const seal = await edit();
    const { id } = await planned();
    const begin = { seq: 1, time: '2026-11-22T09:00:00.000Z', event: 'begin', plan: id, seal };
    await appendFile(path.join(home, 'change', 'journal.jsonl'), `${JSON.stringify(begin)}\n`);
    const { status, stderr } = await run(undo, ['change', '--yes']);
    expect([status, stderr]).toEqual([64, expect.stringContaining('only the plan names these computers')]);
  });

  test('it is opened once the seal is approved, or the user agrees', async () => {
    // There it would be opened.
    need('doubleSlash');
    const seal = await edit();
    const approved = await run(apply, ['change', '--dry-run', '--seal', seal]);
    expect(approved.stderr).not.toContain('only the plan names');
    const refused = await run(apply, ['change'], { prompter: answering({ 'plan.hosts': false }) });
    expect([refused.status, refused.stderr]).toEqual([64, expect.stringContaining('only the plan names')]);
    const agreed = await run(apply, ['change'], { prompter: answering({ 'plan.hosts': true, apply: false }) });
    expect(agreed.stderr).not.toContain('only the plan names');
  });
});

test('an undo that is applied opens no file of another computer that only the change which it undoes names', async () => {
  need('doubleSlash');
  // A path of another computer on Windows; here it leads to a file that would be drawn.
  const elsewhere = path.join(home, 'elsewhere.txt');
  const others = Buffer.from(content.replace('Benutzer', 'Anderer!'));
  await writeFile(elsewhere, others);
  const original = await planned();
  const [change] = original.changes;
  if (change === undefined) throw new Error('the plan has a change');
  const other: FileChange = {
    ...change,
    path: path.join(home, 'forms', 'ISA', 'HTML', 'nls', 'de', 'strings.txt'),
    set: 'ISA',
    before: fileFingerprint(others),
    splices: change.splices.map((splice) => ({ ...splice, old: Buffer.from('Anderer!:').toString('base64') })),
    realPath: `/${elsewhere}`,
  };
  const seal = await edited({});
  expect((await run(apply, ['change'])).status).toBe(0);
  const forged = sealPlan({ ...original, changes: [change, other] });
  await writeFile(planFile(), JSON.stringify(forged));
  const journal = path.join(home, 'change', 'journal.jsonl');
  await writeFile(journal, (await readFile(journal, 'utf8')).replaceAll(seal, forged.seal));
  const stray = path.join(home, `.strings.txt.${original.id}${temporarySuffix}`);
  await writeFile(stray, '');
  const args = ['change', '--seal', forged.seal, '--save', 'undo'];
  expect((await run(undo, args)).status).toBe(2);
  expect((await run(apply, ['undo'])).status).toBe(0);
  expect(await readFile(german(), 'utf8')).toBe(content);
  expect(await readFile(stray, 'utf8')).toBe('');
  const diff = await readFile(path.join(home, 'change', 'change.diff'), 'utf8');
  expect(diff).toMatch(/^# not drawn, because the file is on another computer/m);
});

test.each([
  ['\\\\TMG01\\C$\\forms', 'TMG01'],
  ['//TMG01/C$/forms', 'TMG01'],
  ['\\\\?\\UNC\\TMG01\\C$', 'TMG01'],
  ['//?/unc/TMG01/C$', 'TMG01'],
  ['\\\\.\\UNC\\TMG01\\C$', 'TMG01'],
  ['\\??\\UNC\\TMG01\\C$', 'TMG01'],
  ['/??/unc/TMG01/C$', 'TMG01'],
  ['\\/?\\UNC/TMG01\\C$', 'TMG01'],
  ['\\\\?\\\\UNC\\\\TMG01\\C$', 'TMG01'],
  ['\\\\\\TMG01\\C$', 'TMG01'],
  ['\\\\TMG01@SSL@8443\\DavWWWRoot', 'TMG01@SSL@8443'],
  ['\\\\?\\GLOBALROOT\\Device\\Mup\\TMG01', 'GLOBALROOT'],
  ['\\\\.\\GlobalRoot\\??\\UNC\\TMG01\\C$', 'GlobalRoot'],
  ['\\??\\Global\\UNC\\TMG01\\C$', 'Global'],
  ['\\??\\C:\\forms', undefined],
  ['C:forms', undefined],
  ['\\forms', undefined],
  ['\\\\?\\C:\\forms', undefined],
  ['\\\\.\\c:\\forms', undefined],
  ['C:\\forms', undefined],
  ['/srv/forms', undefined],
])('%s is on the computer %s', (file, computer) => {
  expect(computerOf(file)).toBe(computer);
});
