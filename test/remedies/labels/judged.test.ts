import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { FileChange, Plan, Splice } from '../../../src/change/plan.ts';
import { fileFingerprint } from '../../../src/change/planned-file.ts';
import { spliceBytes } from '../../../src/files/strings-file.ts';
import { permits } from '../../../src/remedies/labels/intent.ts';
import type { LabelsOptions } from '../../../src/remedies/labels/options.ts';
import { applyIn, planOf, undoOf } from '../../support/file-plans.ts';
import { freshFolder, writeTree } from '../../support/fresh-folder.ts';
import { emailWording, examine, judgeNow, labelOptions } from '../../support/label-options.ts';
import { symlink } from '../../support/on-windows.ts';
import { encodedAs, stringsContent } from '../../support/strings-content.ts';

let home: string;
let root: string;

beforeEach(async () => {
  home = await freshFolder();
  root = path.join(home, 'TMG01');
  await writeTree(root, {
    Exchange: {
      HTML: {
        'strings.txt': stringsContent('Domain\\user name:'),
        nls: { de: { 'strings.txt': encodedAs('windows-1252', 'L_UserName_Text="Domäne\\Größe:"\r\nL_A="b"\r\n') } },
      },
    },
  });
});

const german = (): string => path.join(root, 'Exchange/HTML/nls/de/strings.txt');

/** A sealed plan, as it is saved. */
async function saved(more?: Partial<LabelsOptions>): Promise<Plan<FileChange>> {
  const { proposal, findings } = await examine(labelOptions(root, { newLabel: emailWording, ...more }));
  return planOf(proposal.changes, { ...proposal, findings });
}

/** The plan with the splices of its German file changed, and the fingerprint that goes with them. */
async function forged(edit: (splice: Splice, bytes: Buffer) => Partial<Splice>): Promise<Plan<FileChange>> {
  const plan = await saved();
  const bytes = await readFile(german());
  const changes = plan.changes.map((change) => {
    if (change.language !== 'de') return change;
    const splices = change.splices.map((splice) => ({ ...splice, ...edit(splice, bytes) }));
    const after = spliceBytes(
      bytes,
      splices.map(({ offset, old, new: now }) => ({
        offset,
        old: Buffer.from(old, 'base64'),
        new: Buffer.from(now, 'base64'),
      })),
    );
    return { ...change, splices, after: fileFingerprint(after) };
  });
  return { ...plan, changes };
}

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

describe('a saved plan, judged in the world as it is now', () => {
  test('has no findings where nothing has moved, and is permitted', async () => {
    const plan = await saved();
    expect(plan.changes).toHaveLength(2);
    expect(await judgeNow(plan)).toEqual([]);
    expect(permits(plan)).toEqual([]);
  });

  test('is blocked by what has been marked read-only since', async () => {
    const plan = await saved();
    await chmod(german(), 0o444);
    expect(await judgeNow(plan)).toMatchObject([
      { id: 'read-only-file', level: 'blocker', accepted: false, subjects: [german()] },
    ]);
  });

  test('is not blocked by what is done already', async () => {
    const plan = await saved();
    const index = plan.changes.findIndex((change) => change.language === 'de');
    await chmod(german(), 0o444);
    expect(await judgeNow(plan, new Set([index]))).toEqual([]);
  });

  test('names a member that is not reachable, and does not hold up the others', async () => {
    const plan = await saved();
    await rename(root, `${root}-away`);
    const findings = await judgeNow(plan);
    expect(findings).toMatchObject([{ id: 'not-reachable', level: 'warning', title: 'Not reachable now: 2 files' }]);
  });

  test('is not judged by content that has changed since: the writer leaves that alone', async () => {
    const plan = await saved();
    await writeFile(german(), 'L_UserName_Text="someone else\'s"\r\n');
    expect(await judgeNow(plan)).toEqual([]);
  });

  test('is refused if a link now leads elsewhere', async () => {
    const plan = await saved();
    await mkdir(path.join(home, 'elsewhere'));
    await rename(path.dirname(german()), path.join(home, 'elsewhere/de'));
    await symlink(path.join(home, 'elsewhere/de'), path.dirname(german()));
    const findings = await judgeNow(plan);
    expect(findings.map(({ id, acceptable }) => [id, acceptable])).toContainEqual(['not-of-this-remedy', false]);
  });
});

describe('a plan that was changed by hand and sealed again is refused', () => {
  test.each<[string, (splice: Splice, bytes: Buffer) => Partial<Splice>]>([
    ['that writes a line of its own', () => ({ new: base64('Mail:"\r\nL_A="x') })],
    [
      'that replaces bytes beyond the value',
      ({ offset }, bytes) => ({ old: bytes.subarray(offset).toString('base64') }),
    ],
    [
      'that replaces a part of the value',
      ({ old }) => ({ old: Buffer.from(old, 'base64').subarray(1).toString('base64') }),
    ],
    ['that replaces the value of another key', (_, bytes) => ({ offset: bytes.indexOf('"b"') + 1, old: base64('b') })],
    ['that names another key', () => ({ key: 'L_A' })],
    ['that puts quotes within the quotes, of which the first would end the value', () => ({ new: base64('"Mail:"') })],
  ])('%s', async (_, edit) => {
    const findings = await judgeNow(await forged(edit));
    expect(findings).toMatchObject([
      { id: 'not-of-this-remedy', level: 'blocker', acceptable: false, evidence: [expect.stringContaining(german())] },
    ]);
  });
});

describe('a plan whose places this remedy never writes is not permitted', () => {
  const withChange = async (edit: Partial<FileChange>): Promise<readonly string[]> => {
    const plan = await saved({ languages: ['de'] });
    return permits({ ...plan, changes: plan.changes.map((change) => ({ ...change, ...edit })) });
  };

  test.each<[string, Partial<FileChange>]>([
    ['outside its roots', { path: '/etc/Exchange/HTML/nls/de/strings.txt' }],
    ['with a way up in its path', { path: '/TMG01/../x/Exchange/HTML/nls/de/strings.txt' }],
    ["of a root that is not the plan's", { root: '/etc' }],
    ['of another name', { path: '/etc/Exchange/HTML/nls/de/hosts' }],
    ['of another set than it says', { set: 'ISA' }],
    ['of another language than it says', { language: 'default' }],
    ['in an encoding that is not known', { encoding: 'ebcdic' }],
    ['that it does not change', { splices: [] }],
    ['of something that is not a key', { splices: [{ key: '', line: 1, offset: 0, old: '', new: '' }] }],
  ])('a file %s', async (_, edit) => {
    expect(await withChange(edit)).not.toEqual([]);
  });

  test.each([
    ['a set with a dot at its end', 'Exchange.', 'HTML\\nls\\de'],
    ['a set with a space at its end', 'Exchange ', 'HTML\\nls\\de'],
    ['a set with a stream', 'Exchange:x', 'HTML\\nls\\de'],
  ])('on Windows %s, which is another name for Windows', async (_, set, rest) => {
    const root = 'C:\\Templates';
    const of = (name: string) => ({ path: `${root}\\${name}\\${rest}\\strings.txt`, root, set: name });
    const permitsOf = async (name: string): Promise<readonly string[]> => {
      const plan = await saved({ languages: ['de'] });
      const changes = plan.changes.map((change) => ({ ...change, ...of(name) }));
      return permits({ ...plan, target: { kind: 'files', roots: [root] }, changes });
    };
    expect((await permitsOf('Exchange')).join()).not.toContain('as another name');
    expect((await permitsOf(set)).join()).toContain('as another name');
  });

  test('a text that may not become a label', async () => {
    const plan = await forged(() => ({ new: base64('Mail:" "') }));
    expect(permits(plan)).toEqual([`${german()}: the text holds a double quote, which would end the value.`]);
    // What an undo restores may have held one.
    expect(permits({ ...plan, undoes: { id: '', seal: '', seq: 1, folder: '' } })).toEqual([]);
  });

  test('a forest', async () => {
    const plan = await saved();
    const target = {
      kind: 'forest',
      configurationNamingContext: '',
      objectGuid: '',
      domainController: '',
      connection: { kind: 'ldif', files: [] },
    } as const;
    expect(permits({ ...plan, target })).toEqual(['The target is not a list of folders.']);
  });

  test('an intent of another shape', async () => {
    const plan = await saved();
    for (const intent of [{}, { labels: { L_A: 'x' } }, { labels: {}, codePages: { de: 'ebcdic' } }]) {
      expect(permits({ ...plan, intent })).toHaveLength(1);
    }
  });
});

describe('an undo', () => {
  test('restores what no remedy would write: inner quotes and bytes of the code page', async () => {
    const content = 'L_UserName_Text="Domäne <a href="#">\\Größe</a>" \r\n';
    await writeFile(german(), encodedAs('windows-1252', content));
    const plan = await saved();
    await applyIn(path.join(home, 'change'), plan);
    const undo = await undoOf(path.join(home, 'change'), plan);
    expect(undo.changes).toHaveLength(2);
    const withIntent = { ...undo, intent: plan.intent, target: plan.target };
    expect(permits(withIntent)).toEqual([]);
    expect(await judgeNow(withIntent)).toEqual([]);
    await applyIn(path.join(home, 'undo'), undo);
    expect(await readFile(german())).toEqual(encodedAs('windows-1252', content));
  });

  test('that brings back a script has to be accepted: only the folder says that it was there', async () => {
    await writeFile(german(), 'L_UserName_Text="<script src=\'//h.example/x\'></script>"\r\n');
    const plan = await saved();
    await applyIn(path.join(home, 'change'), plan);
    const undo = await undoOf(path.join(home, 'change'), plan);
    const findings = await judgeNow({ ...undo, intent: plan.intent, target: plan.target });
    expect(findings).toMatchObject([{ id: 'html-comes-back', level: 'blocker', acceptable: true, accepted: false }]);
  });

  test('is not blocked by what blocks a change: anything against it may be accepted', async () => {
    const plan = await saved();
    await applyIn(path.join(home, 'change'), plan);
    await chmod(german(), 0o444);
    const undo = await undoOf(path.join(home, 'change'), plan);
    const findings = await judgeNow({ ...undo, intent: plan.intent, target: plan.target });
    expect(findings).toMatchObject([{ id: 'read-only-file', level: 'blocker', acceptable: true }]);
  });

  test('of a value that was given quotes takes them away again', async () => {
    await writeFile(german(), 'L_UserName_Text=Name\r\n');
    const plan = await saved({ newLabel: { kind: 'text', text: 'Mail ; or name' } });
    await applyIn(path.join(home, 'change'), plan);
    expect(await readFile(german(), 'utf8')).toBe('L_UserName_Text="Mail ; or name"\r\n');
    const undo = await undoOf(path.join(home, 'change'), plan);
    expect(await judgeNow({ ...undo, intent: plan.intent, target: plan.target })).toEqual([]);
    await applyIn(path.join(home, 'undo'), undo);
    expect(await readFile(german(), 'utf8')).toBe('L_UserName_Text=Name\r\n');
  });
});
