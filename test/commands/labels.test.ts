import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import iconv from 'iconv-lite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plainPathOf } from '../../src/change/before-images.ts';
import type { FileChange, Plan } from '../../src/change/plan.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { run as show } from '../../src/commands/show.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { detectEncoding, type TextEncoding } from '../../src/files/text-encoding.ts';
import { codePageOf } from '../../src/remedies/labels/cultures.ts';
import { layOutFormSets } from '../../src/remedies/labels/practice.ts';
import { lookUpWording } from '../../src/remedies/labels/wording.ts';
import { freshFolder, snapshot, type Tree, writeTree } from '../support/fresh-folder.ts';
import { builtInWording, templates } from '../support/label-options.ts';
import { labels } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { encodedAs } from '../support/strings-content.ts';

/** Languages of the practice site without a wording, a damaged file and a script. */
const accepted = ['no-wording', 'lost-letters', 'default-domain-script'].flatMap((id) => ['--accept', id]);

const isInstalled = (command: string): boolean => spawnSync(command, ['--version']).status === 0;

/** The text as UTF-8: without the byte order mark of UTF-16, with that of UTF-8, which is three bytes of the file. */
function renderedAsUtf8(bytes: Buffer, encoding: TextEncoding): Buffer {
  if (encoding.startsWith('utf-8') || encoding === 'ascii') return bytes;
  return Buffer.from(iconv.decode(bytes, encoding.replace(' with BOM', ''), { stripBOM: true }));
}

interface PatchTool {
  readonly name: string;
  readonly args: readonly string[];
}

/**
 * Lays the files of a plan out as UTF-8 below a folder, has a tool apply change.diff there, and gives what came of it
 * by path.
 */
async function patched(
  tool: PatchTool,
  diff: string,
  files: ReadonlyMap<string, Buffer>,
): Promise<Record<string, string>> {
  const folder = await freshFolder();
  for (const [name, bytes] of files) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), bytes);
  }
  execFileSync(tool.name, tool.args, { cwd: folder, input: diff, stdio: ['pipe', 'ignore', 'pipe'] });
  return { ...(await snapshot(folder)) };
}

const patchTools: readonly PatchTool[] = [
  { name: 'patch', args: ['-p1', '--binary'] },
  { name: 'git', args: ['apply', '--whitespace=nowarn', '-'] },
];

const asText = (files: ReadonlyMap<string, Buffer>): Record<string, string> =>
  Object.fromEntries([...files].sort().map(([name, bytes]) => [name, bytes.toString('latin1')]));

describe('the labels of the practice site', () => {
  let home: string;
  let roots: readonly string[];
  let before: Readonly<Record<string, string>>;

  const run = (command: typeof labels, args: readonly string[]): Promise<CommandRun> =>
    runCommand(command, args, { currentFolder: home });
  const onSite = (...args: readonly string[]): Promise<CommandRun> =>
    run(labels, [...roots.flatMap((root) => ['--root', root]), '--label', 'email', ...accepted, ...args]);
  const forms = async (): Promise<Readonly<Record<string, string>>> => {
    const others = (await readdir(home)).filter((name) => !name.startsWith('saved') && !name.startsWith('changes'));
    expect(others).toEqual(['site']);
    return snapshot(path.join(home, 'site'));
  };

  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-site-'));
    const site = path.join(home, 'site');
    await layOutFormSets(site, templates);
    // One member of the array has every language and encoding.
    roots = [path.join(site, 'TMG01')];
    await rm(path.join(site, 'TMG02'), { recursive: true });
    before = await forms();
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  test('are shown by a dry run, which changes nothing and saves nothing', async () => {
    const { status, stdout, stderr } = await onSite();
    expect(status).toBe(2);
    expect(stdout).toMatch(/ de +Domäne\\Benutzername: +E-Mail-Adresse: +6$/m);
    expect(stdout).toMatch(/ ja +ドメイン\\ユーザー名: +電子メール アドレス: +6$/m);
    expect(stdout).toMatch(/\d+ files to change/);
    expect(stdout).toContain('This was a dry run: nothing was changed.');
    expect(stderr).toBe('');
    expect(await forms()).toEqual(before);
    expect(await readdir(home)).toEqual(['site']);
  });

  test('are saved with everything that a reviewer needs, and nothing is changed', async () => {
    const { status, stdout } = await onSite('--save', 'saved');
    expect(status).toBe(2);
    expect(stdout).toContain('Saved in saved (send review.html to the reviewer)');
    expect(stdout).toContain('Apply it with: adsi-remedy apply saved');
    expect((await readdir(path.join(home, 'saved'))).sort()).toEqual([
      'change.diff',
      'next-steps.txt',
      'plan.json',
      'review.html',
      'review.txt',
    ]);
    expect(await forms()).toEqual(before);
  });

  test('are shown again from the folder, as review.txt has them', async () => {
    const { status, stdout } = await run(show, ['saved', '--verbose']);
    expect(status).toBe(0);
    const linesOf = (text: string): readonly string[] => text.split(/\r?\n/).map((line) => line.trim());
    const shown = new Set(linesOf(stdout));
    const review = linesOf((await readFile(path.join(home, 'saved', 'review.txt'), 'utf8')).replace('\ufeff', ''));
    expect(review.length).toBeGreaterThan(100);
    // Only the page's own headings and last lines, for who has it without the tool, are not on the screen.
    const missing = review.filter((line) => !shown.has(line)).map((line) => line.replace(/ {2}.*/, ''));
    const losses = missing.splice(missing.indexOf('Undo') + 1, 2).join(' ');
    expect(losses).toMatch(/^Each file is replaced by a new one, .* The undo does not restore these\.$/);
    expect(missing).toEqual([
      'Changes',
      'Blockers and warnings',
      'Notes',
      'How to apply and undo it',
      'Apply',
      'Undo',
      'Seal',
    ]);
    expect(stdout).toContain('It was not applied yet. Apply it with: adsi-remedy apply saved');
  });

  const plan = async (): Promise<Plan<FileChange>> =>
    JSON.parse(await readFile(path.join(home, 'saved', 'plan.json'), 'utf8'));

  const known = new Map<string, Buffer>();

  /** What a file has to hold after the change, by a way that has no code in common with the tool's. */
  function expectedBytes(name: string, bytes: Buffer): Buffer {
    const key = `${name} ${bytes.toString('latin1')}`;
    const expected = known.get(key) ?? changedBytes(name, bytes);
    known.set(key, expected);
    return expected;
  }

  function changedBytes(file: string, bytes: Buffer): Buffer {
    const name = file.replaceAll('\\', '/');
    const [, language = 'default'] = /\/nls\/([^/]+)\/strings\.txt$/i.exec(name) ?? [];
    const detected = detectEncoding(bytes, codePageOf(language));
    const wording = lookUpWording([builtInWording], language, 'email');
    if (
      !/strings\.txt$/i.test(name) ||
      name.includes('/Exchange - Copy/') ||
      detected.kind !== 'text' ||
      wording.kind !== 'found'
    )
      return bytes;
    const encoding = detected.encoding.replace(' with BOM', '');
    const text = iconv.decode(bytes, encoding, { stripBOM: false });
    const label = detected.encoding === 'windows-1258' ? wording.text.normalize('NFC') : wording.text;
    const changed = text.replace(/^(L_UserName_Text *= *"?)[^"\r\n]*/m, (_, head: string) => `${head}${label}`);
    return iconv.encode(detected.encoding === 'windows-1258' ? apart(changed) : changed, encoding);
  }

  /** As windows-1258 has Vietnamese: the letter with its hat or horn, and the tone behind it. */
  function apart(text: string): string {
    return [...text]
      .map((character) => {
        if (iconv.decode(iconv.encode(character, 'windows-1258'), 'windows-1258') === character) return character;
        const [letter = '', ...marks] = character.normalize('NFD');
        const tones = marks.filter((mark) => '\u0300\u0301\u0303\u0309\u0323'.includes(mark));
        return (letter + marks.filter((mark) => !tones.includes(mark)).join('')).normalize('NFC') + tones.join('');
      })
      .join('');
  }

  test.for(patchTools)('have a change.diff that $name applies to the files as UTF-8', async (tool, { skip }) => {
    skip(!isInstalled(tool.name), `${tool.name} is not installed`);
    const old = new Map<string, Buffer>();
    const now = new Map<string, Buffer>();
    for (const change of (await plan()).changes) {
      const bytes = await readFile(change.path);
      const encoding = change.encoding as TextEncoding;
      old.set(plainPathOf(change.path), renderedAsUtf8(bytes, encoding));
      now.set(plainPathOf(change.path), renderedAsUtf8(expectedBytes(change.path, bytes), encoding));
    }
    expect(old.size).toBeGreaterThan(240);
    const diff = await readFile(path.join(home, 'saved', 'change.diff'), 'utf8');
    expect(await patched(tool, diff, old)).toEqual(asText(now));
  });

  test('are changed by apply, to the byte and nothing else', async () => {
    const { status, stdout } = await run(apply, ['saved']);
    expect(status).toBe(0);
    expect(stdout).toContain('Undo it with: adsi-remedy undo saved');
    expect(stdout).toContain('Restart-Service fwsrv');
    const now = await forms();
    expect(Object.keys(now)).toEqual(Object.keys(before));
    const differing: string[] = [];
    for (const [name, bytes] of Object.entries(before)) {
      const expected = expectedBytes(path.join(home, 'site', name), Buffer.from(bytes, 'latin1')).toString('latin1');
      if (now[name] !== expected) differing.push(name);
    }
    expect(differing).toEqual([]);
  });

  test('have nothing left to change in a second run, or in a second apply', async () => {
    const second = await onSite();
    expect(second.stdout).toContain('Nothing to change');
    expect(second.status).toBe(0);
    const again = await run(apply, ['saved']);
    expect(again.status).toBe(0);
    expect(again.stdout).toContain('Nothing is left to do: an earlier run has made all changes.');
    expect((await run(show, ['saved'])).stdout).toContain('It was applied. Undo it with: adsi-remedy undo saved');
  });

  test('come back by undo, every byte', async () => {
    const review = await run(undo, ['saved']);
    expect(review.status).toBe(2);
    expect(review.stdout).toMatch(/ de +E-Mail-Adresse: +Domäne\\Benutzername: +6$/m);
    expect(Object.keys(await forms())).toEqual(Object.keys(before));
    const { status, stdout } = await run(undo, ['saved', '--yes']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\d+ of \d+ files restored/);
    expect(await forms()).toEqual(before);
  });

  test('that were undone are not applied or undone again', async () => {
    for (const command of [apply, undo]) {
      const { status, stderr } = await run(command, ['saved', ...(command === undo ? ['--yes'] : [])]);
      expect(status).toBe(3);
      expect(stderr).toContain('it was applied and undone');
    }
    expect((await run(show, ['saved'])).stdout).toContain('It was applied and undone.');
    expect(await forms()).toEqual(before);
  });
});

describe('a change.diff, whatever the encoding, the line ends, and wherever the label is,', () => {
  const sevenLines = ['L_B="é"', ...['C', 'D', 'E', 'F', 'G', 'H'].map((name) => `L_${name}="x"`)];
  const around = (end: string): string =>
    ['; c', ...sevenLines, 'L_UserName_Text="Domain\\user name:"', ...sevenLines, 'L_UserID_Text="Id:"', '; c'].join(
      end,
    );
  const contents: Readonly<Record<string, (end: string) => string>> = {
    middle: (end) => around(end) + end,
    'without a last line end': around,
    first: (end) => `L_UserName_Text="a"${end}L_B="é"${end}`,
    last: (end) => `L_B="é"${end}L_UserName_Text="a"`,
    alone: () => 'L_UserName_Text="é"',
    'twice, near': (end) => `L_UserName_Text="a"${end}L_B="é"${end}L_UserID_Text="b"${end}`,
  };
  const encodings = ['utf-8', 'utf-8 with BOM', 'utf-16le with BOM', 'utf-16be', 'windows-1252'] as const;

  let home: string;
  let diff: string;
  let old: Map<string, Buffer>;
  let now: Map<string, Buffer>;

  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-diff-'));
    const tree: Record<string, Tree> = {};
    for (const encoding of encodings) {
      for (const [place, content] of Object.entries(contents)) {
        for (const [name, end] of Object.entries({ crlf: '\r\n', lf: '\n', cr: '\r' })) {
          const bytes = encodedAs(encoding, content(end));
          tree[`${encoding} ${place} ${name}`] = { HTML: { nls: { de: { 'strings.txt': bytes } } } };
        }
      }
    }
    await writeTree(path.join(home, 'forms'), tree);
    const text = ['--text', 'E-Mail-Größe:', '--key', 'L_UserName_Text', '--key', 'L_UserID_Text'];
    const args = ['--root', 'forms', ...text, '--code-page', 'de=1252', '--save', 'saved'];
    await runCommand(labels, args, { currentFolder: home });
    diff = await readFile(path.join(home, 'saved', 'change.diff'), 'utf8');
    const { changes }: Plan<FileChange> = JSON.parse(await readFile(path.join(home, 'saved', 'plan.json'), 'utf8'));
    expect(changes).toHaveLength(Object.keys(tree).length);
    const rendered = async (): Promise<Map<string, Buffer>> => {
      const files = changes.map(async (change): Promise<[string, Buffer]> => {
        const bytes = renderedAsUtf8(await readFile(change.path), change.encoding as TextEncoding);
        return [plainPathOf(change.path), bytes];
      });
      return new Map(await Promise.all(files));
    };
    old = await rendered();
    await runCommand(apply, ['saved'], { currentFolder: home });
    now = await rendered();
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  test('is there for every file, and every file is changed', () => {
    expect(diff.match(/^--- /gm)).toHaveLength(old.size);
    for (const [name, bytes] of old) expect(now.get(name)).not.toEqual(bytes);
  });

  test.for(patchTools)('is applied by $name', async (tool, { skip }) => {
    skip(!isInstalled(tool.name), `${tool.name} is not installed`);
    expect(await patched(tool, diff, old)).toEqual(asText(now));
  });
});

test('an accepted id that no finding has is reported, and changes nothing else', async () => {
  const home = await freshFolder();
  await writeTree(home, { Exchange: { HTML: { 'strings.txt': 'L_UserName_Text="Domain\\user name:"\r\n' } } });
  const args = ['--root', '.', '--label', 'email', '--accept', 'no-wordnig'];
  const { status, stdout } = await runCommand(labels, args, { currentFolder: home });
  expect(status).toBe(2);
  expect(stdout).toContain('--accept no-wordnig: there is no finding with this id.');
});

test('--accept with a comma is answered with how to name several', async () => {
  const home = await freshFolder();
  await writeTree(home, { Exchange: { HTML: { 'strings.txt': 'L_UserName_Text="Domain\\user name:"\r\n' } } });
  const args = ['--root', '.', '--label', 'email', '--accept', 'no-wording,lost-letters'];
  const { stdout } = await runCommand(labels, args, { currentFolder: home });
  expect(stdout).toContain('no-wording,lost-letters: there is no finding with this id. Repeat --accept for each id.');
});

test('a change folder within the form sets is no form set itself: the second run finds nothing', async () => {
  const home = await freshFolder();
  await writeTree(home, { Exchange: { HTML: { 'strings.txt': 'L_UserName_Text="Domain\\user name:"\r\n' } } });
  const run = (command: typeof labels, args: readonly string[]) => runCommand(command, args, { currentFolder: home });
  expect((await run(labels, ['--root', '.', '--label', 'email', '--yes'])).status).toBe(0);
  expect((await run(labels, ['--root', '.', '--label', 'email'])).status).toBe(0);
  const [folder = ''] = await readdir(path.join(home, 'changes'));
  expect((await run(undo, [path.join('changes', folder), '--yes'])).status).toBe(0);
  expect(await readFile(path.join(home, 'Exchange/HTML/strings.txt'), 'utf8')).toContain('Domain\\user name:');
});

test('a change folder that was moved, its undo within it, can still be undone', async () => {
  const home = await freshFolder();
  await writeTree(home, { forms: { Exchange: { HTML: { 'strings.txt': 'L_UserName_Text="Name:"\r\n' } } } });
  const run = (command: typeof labels, args: readonly string[]) => runCommand(command, args, { currentFolder: home });
  await run(labels, ['--root', 'forms', '--label', 'email', '--save', 'saved']);
  await run(apply, ['saved']);
  await cp(path.join(home, 'saved'), path.join(home, 'moved'), { recursive: true });
  await rm(path.join(home, 'saved'), { recursive: true });
  expect((await run(undo, ['moved', '--yes'])).status).toBe(0);
  expect(await readFile(path.join(home, 'forms/Exchange/HTML/strings.txt'), 'utf8')).toContain('Name:');
});

test('a dry run of apply says whether the change is not applied or applied in part', async () => {
  const home = await freshFolder();
  const strings = { 'strings.txt': 'L_UserName_Text="Name:"\r\n' };
  await writeTree(home, { Exchange: { HTML: { ...strings, nls: { de: strings } } } });
  const run = (command: typeof labels, ...args: readonly string[]) =>
    runCommand(command, args, { currentFolder: home });
  await run(labels, '--root', '.', '--label', 'email', '--save', 'saved');
  const position = async (): Promise<unknown> =>
    JSON.parse((await run(apply, 'saved', '--dry-run', '--json')).stdout).position;
  expect(await position()).toBe('not-applied');
  expect((await run(apply, 'saved', '--only', '1')).status).toBe(4);
  expect(await position()).toBe('applied-in-part');
});

test('a file of another user, in a folder where everyone may write, blocks the change for all but root', async () => {
  const home = await freshFolder();
  await writeTree(home, { Exchange: { HTML: { 'strings.txt': 'L_UserName_Text="Name:"\r\n' } } });
  const { uid, gid } = await stat(path.join(home, 'Exchange/HTML/strings.txt'));
  const as = (id: number) =>
    runCommand(labels, ['--root', '.', '--label', 'email', '--yes'], {
      currentFolder: home,
      user: { id, groups: [gid] },
    });
  const refused = await as(uid + 1);
  expect(refused.status).toBe(3);
  expect(refused.stdout + refused.stderr).toContain('owner-cannot-be-kept');
  expect((await as(0)).status).toBe(0);
});

describe('a wording file', () => {
  const write = async (): Promise<string> => {
    const home = await freshFolder();
    const file = { 'strings.txt': 'L_UserName_Text="Name:"\r\n' };
    await writeTree(home, {
      'own.json': '{ "de": "Kennung:" }',
      forms: { Exchange: { HTML: { nls: { de: file, fr: file } } } },
    });
    return home;
  };
  const newLabels = async (...args: readonly string[]): Promise<Record<string, string>> => {
    const currentFolder = await write();
    const { stdout } = await runCommand(labels, ['--root', 'forms', '--wording', 'own.json', '--json', ...args], {
      currentFolder,
    });
    const { changes }: Plan<FileChange> = JSON.parse(stdout);
    return Object.fromEntries(
      changes.map((change) => [change.language, Buffer.from(change.splices[0]?.new ?? '', 'base64').toString()]),
    );
  };

  test('without --label is the only wording: other languages keep their label', async () => {
    expect(await newLabels()).toEqual({ de: 'Kennung:' });
    const { stdout } = await runCommand(labels, ['--root', 'forms', '--wording', 'own.json'], {
      currentFolder: await write(),
    });
    expect(stdout).toContain('no-wording');
    expect(stdout).toContain('fr (French): 1 file');
  });

  test.each([
    ['email', 'Adresse de messagerie\u00a0:'],
    ['username', 'Nom d’utilisateur\u00a0:'],
  ])('goes before the wording of --label %s', async (label, french) => {
    // An ASCII file can't hold the French wording: its page is named.
    expect(await newLabels('--label', label, '--code-page', 'fr=65001')).toEqual({ de: 'Kennung:', fr: french });
  });
});

describe('a root within a form set', () => {
  const text = 'L_UserName_Text="Domain\\user name:"\r\n';

  test.each([
    ['the folder of a class', 'forms/Exchange/HTML', 2],
    ['nls', 'forms/Exchange/HTML/nls', 1],
    ['the folder of a language', 'forms/Exchange/HTML/nls/de', 1],
  ])('that is %s can be saved, applied and undone', async (_, root, count) => {
    const currentFolder = await freshFolder();
    const folder = path.join(currentFolder, 'forms');
    await writeTree(folder, { Exchange: { HTML: { 'strings.txt': text, nls: { de: { 'strings.txt': text } } } } });
    const before = await snapshot(folder);
    const run = (command: typeof labels, ...args: readonly string[]): Promise<CommandRun> =>
      runCommand(command, args, { currentFolder });
    expect((await run(labels, '--root', root, '--text', 'Mail:', '--save', 'saved')).status).toBe(2);
    expect((await run(apply, 'saved')).status).toBe(0);
    const changed = Object.values(await snapshot(folder)).filter((content) => content.includes('Mail:'));
    expect(changed).toHaveLength(count);
    expect((await run(undo, 'saved', '--yes')).status).toBe(0);
    expect(await snapshot(folder)).toEqual(before);
  });
});
