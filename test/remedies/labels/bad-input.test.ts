import { chmod, link, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Finding } from '../../../src/change/findings.ts';
import { FileError } from '../../../src/errors.ts';
import type { FileUser } from '../../../src/files/own-access.ts';
import { assess } from '../../../src/remedies/labels/assess.ts';
import { codePageOf } from '../../../src/remedies/labels/cultures.ts';
import { type LabelsOptions, userNameKey } from '../../../src/remedies/labels/options.ts';
import { surveyRows } from '../../../src/remedies/labels/survey.ts';
import { shortened } from '../../../src/words.ts';
import { applyIn, planOf, undoOf } from '../../support/file-plans.ts';
import { freshFolder, snapshot, type Tree, writeTree } from '../../support/fresh-folder.ts';
import { type Examination, emailWording, examine, labelOptions } from '../../support/label-options.ts';
import { makePipe, symlink } from '../../support/on-windows.ts';
import { encodedAs, stringsContent } from '../../support/strings-content.ts';
import { unprivileged } from '../../support/unprivileged.ts';

let home: string;
let root: string;

beforeEach(async () => {
  home = await freshFolder();
  root = path.join(home, 'forms');
  await mkdir(root);
});

const folderOf = (language: string): string =>
  path.join(root, 'Exchange', 'HTML', ...(language === 'default' ? [] : ['nls', language]));
const fileOf = (language: string): string => path.join(folderOf(language), 'strings.txt');

/** Form sets with these contents by language, among a sound one in French. */
async function formSets(contents: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [language, content] of Object.entries({ fr: stringsContent('Domaine\\utilisateur :'), ...contents })) {
    await writeTree(folderOf(language), { 'strings.txt': content });
  }
}

const look = (more?: Partial<LabelsOptions>): Promise<Examination> => examine(labelOptions(root, more));

/** The languages whose files would be changed. */
const changed = ({ changes }: Examination): string[] => changes.map((change) => change.language).sort();

/** The one finding of this id. */
function only({ findings }: Examination, id: string): Finding {
  const found = findings.filter((finding) => finding.id === id);
  expect(found, `findings: ${findings.map((finding) => finding.id).join(', ')}`).toHaveLength(1);
  return found[0] as Finding;
}

const ascii = (line: string): string => `; c\r\n${line}\r\nL_Password_Text="Password:"\r\n`;
const label = 'L_UserName_Text="Domain\\user name:"';

describe('a file that can’t be changed is a blocker with its path, and the others are planned', () => {
  test.each<[string, string, Uint8Array | string, string, string]>([
    ['of no bytes', 'de', '', 'empty-file', ''],
    ['of a byte order mark only', 'de', Buffer.from([0xff, 0xfe]), 'empty-file', ''],
    ['of a UTF-8 byte order mark only', 'de', Buffer.from([0xef, 0xbb, 0xbf]), 'empty-file', ''],
    [
      'that is a picture',
      'de',
      Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01', 'latin1'),
      'binary-file',
      ': a NUL at byte 8',
    ],
    ['with a NUL in its text', 'de', ascii(`${label}\0`), 'binary-file', ': a NUL at byte'],
    [
      'of UTF-16 cut short',
      'de',
      stringsContent('x').subarray(0, -1),
      'damaged-encoding',
      ': truncated UTF-16: 413 bytes, an odd number',
    ],
    [
      'of UTF-16 with half a character',
      'de',
      stringsContent('\ud83d:'),
      'damaged-encoding',
      ': an unpaired surrogate at byte',
    ],
    [
      'of UTF-8 with other bytes behind',
      'de',
      Buffer.concat([Buffer.from(`; Größe ü ß\n${label}\n`), Buffer.from([0xe9, 0x0a])]),
      'damaged-encoding',
      ': invalid UTF-8 at byte',
    ],
    [
      'of a language without a code page',
      'hi',
      encodedAs('windows-1252', ascii('L_UserName_Text="Größe"')),
      'unknown-code-page',
      '',
    ],
    ['of ISA Server 2004', 'de', '19=Domain\\user name:\r\n50=Password:\r\n', 'isa-2004-format', ''],
    ['without a closing quote', 'de', ascii('L_UserName_Text="Domain\\user name:'), 'unterminated-value', ': line 2'],
    ['with two closing quotes', 'de', ascii('L_UserName_Text="Domain" or "user" name'), 'ambiguous-value', ': line 2'],
    [
      'with bytes that its code page lacks',
      'de',
      Buffer.concat([
        Buffer.from('; \xe4\r\nL_UserName_Text="D', 'latin1'),
        Buffer.from([0x81, 0x8d]),
        Buffer.from('"\r\n'),
      ]),
      'undecodable-value',
      ': line 2',
    ],
    [
      'with bytes that the Vietnamese code page lacks',
      'vi',
      Buffer.concat([Buffer.from('; \xea\r\nL_UserName_Text="T', 'latin1'), Buffer.from([0x8a]), Buffer.from('"\r\n')]),
      'undecodable-value',
      ': line 2',
    ],
    [
      'with two values for the key',
      'de',
      ascii(`${label}\r\nL_UserName_Text="Name:"`),
      'conflicting-duplicates',
      ': L_UserName_Text in lines 2, 3: Domain\\user name: | Name:',
    ],
  ])('%s', async (_, language, content, id, what) => {
    await formSets({ [language]: content });
    const before = await snapshot(root);
    const examination = await look();
    const finding = only(examination, id);
    expect(finding.level).toBe('blocker');
    expect(finding.title).toMatch(/: 1 file$/);
    expect(finding.evidence).toHaveLength(1);
    expect(finding.evidence[0]).toContain(`${fileOf(language)}${what}`);
    expect(changed(examination)).toEqual(['fr']);
    // Left out on demand, it is a warning; nothing has been written either way.
    const leftOut = await look({ skipBlocked: true });
    expect(only(leftOut, id).level).toBe('warning');
    expect(changed(leftOut)).toEqual(['fr']);
    expect(await snapshot(root)).toEqual(before);
  });

  test('that is read-only', async () => {
    await formSets({ de: ascii(label) });
    await chmod(fileOf('de'), 0o444);
    const examination = await look();
    expect(only(examination, 'read-only-file')).toMatchObject({ level: 'blocker', evidence: [fileOf('de')] });
    expect(changed(examination)).toEqual(['fr']);
  });

  test('that belongs to another user, whom the new file could not be given to', async () => {
    await formSets({ de: ascii(label) });
    const { uid, gid } = await stat(fileOf('de'));
    await chmod(fileOf('de'), 0o666);
    const by = (user: FileUser, more?: Partial<LabelsOptions>) => examine(labelOptions(root, more), { user });
    const stranger = { id: uid + 1, groups: [gid] };
    expect(only(await by(stranger, { languages: ['de'] }), 'owner-cannot-be-kept')).toMatchObject({
      level: 'blocker',
      acceptable: false,
      title: 'Owned by another user: 1 file',
      evidence: [`${fileOf('de')}: user ${uid}, group ${gid}`],
    });
    expect(changed(await by(stranger, { accept: ['owner-cannot-be-kept'] }))).toEqual([]);
    const leftOut = await by(stranger, { skipBlocked: true });
    expect(only(leftOut, 'owner-cannot-be-kept').level).toBe('warning');
    for (const user of [
      { id: uid, groups: [gid] },
      { id: 0, groups: [0] },
    ]) {
      expect((await by(user)).findings).toEqual([]);
    }
    // What needs no change is nobody's concern.
    expect(
      (await by(stranger, { newLabel: { kind: 'text', text: 'Domain\\user name:' }, languages: ['de'] })).findings,
    ).toEqual([]);
  });

  test('that may not be read', async () => {
    await formSets({ de: ascii(label) });
    await chmod(home, 0o755);
    await chmod(fileOf('de'), 0o000);
    const examination = await unprivileged(() => look());
    expect(only(examination, 'unreadable-file')).toMatchObject({
      level: 'blocker',
      evidence: [`${fileOf('de')}: permission denied (EACCES)`],
    });
  });

  test('in a folder that may not be listed', async () => {
    await formSets({ de: ascii(label) });
    await chmod(home, 0o755);
    await chmod(folderOf('de'), 0o000);
    onTestFinished(() => chmod(folderOf('de'), 0o755));
    const examination = await unprivileged(() => look());
    expect(only(examination, 'unreadable-file')).toMatchObject({
      level: 'blocker',
      evidence: [`${folderOf('de')}: permission denied (EACCES)`],
    });
    // Who only asks for French has no part in it.
    const french = await unprivileged(() => look({ languages: ['fr'] }));
    expect(french.findings).toEqual([]);
  });

  test('that is a link to nowhere', async () => {
    await formSets({});
    await mkdir(folderOf('de'), { recursive: true });
    await symlink(path.join(root, 'gone'), fileOf('de'));
    expect(only(await look(), 'unreadable-file').evidence).toEqual([
      `${fileOf('de')}: there is no such file or folder (ENOENT)`,
    ]);
  });

  test('that is a pipe without a writer: it is not waited for', async () => {
    await formSets({});
    await mkdir(folderOf('de'), { recursive: true });
    await makePipe(fileOf('de'));
    const examination = await look();
    expect(only(examination, 'unreadable-file').evidence).toEqual([`${fileOf('de')}: it is not a plain file`]);
    expect(changed(examination)).toEqual(['fr']);
  });

  test('that is far too large to be one', async () => {
    await formSets({ de: '' });
    await truncate(fileOf('de'), 70_000_000);
    expect(only(await look(), 'unreadable-file').evidence[0]).toMatch(/strings\.txt: it has 70000000 bytes/);
  });

  test('whose code page lacks the new text, character by character', async () => {
    await formSets({ de: encodedAs('windows-1252', ascii('L_UserName_Text="Domäne\\Name:"')) });
    const examination = await look({ newLabel: { kind: 'text', text: 'Ηλ:' } });
    expect(only(examination, 'text-not-encodable')).toMatchObject({
      level: 'blocker',
      evidence: [`${fileOf('de')}: windows-1252 lacks Η (U+0397), λ (U+03BB) of "Ηλ:"`],
    });
    expect(changed(examination)).toEqual(['fr']);
  });

  test('whose bytes are all ASCII, which lacks the new text until a code page is named', async () => {
    await formSets({ de: ascii(label) });
    const newLabel = { kind: 'text', text: 'E-Mail-Größe:' } as const;
    expect(only(await look({ newLabel }), 'text-not-encodable').evidence[0]).toContain(
      'ascii lacks ö (U+00F6), ß (U+00DF)',
    );
    const named = await look({ newLabel, encodings: new Map([['de', 'windows-1252']]) });
    expect(named.findings).toEqual([]);
    expect(changed(named)).toEqual(['de', 'fr']);
  });
});

describe('what a person may accept', () => {
  test('two values for a key: both are changed then', async () => {
    await formSets({ de: ascii(`${label}\r\nL_UserName_Text="Name:"`) });
    expect(only(await look(), 'conflicting-duplicates')).toMatchObject({ acceptable: true, accepted: false });
    const accepted = await look({ accept: ['conflicting-duplicates'] });
    expect(only(accepted, 'conflicting-duplicates')).toMatchObject({ level: 'blocker', accepted: true });
    expect(changed(accepted)).toEqual(['de', 'fr']);
    expect(accepted.changes.find((change) => change.language === 'de')?.splices).toHaveLength(2);
  });

  test('is changed although the blocked files are left out: it is blocked no more', async () => {
    await formSets({ de: ascii(`${label}\r\nL_UserName_Text="Name:"`), es: '' });
    const examination = await look({ accept: ['conflicting-duplicates'], skipBlocked: true });
    expect(only(examination, 'conflicting-duplicates')).toMatchObject({
      level: 'blocker',
      accepted: true,
      title: 'More than one value for the key: 1 file',
    });
    expect(only(examination, 'empty-file')).toMatchObject({ level: 'warning', title: 'Empty: 1 file, left out' });
    expect(changed(examination)).toEqual(['de', 'fr']);
  });

  test('a language without wording stays left out, accepted or not', async () => {
    await formSets({ hi: encodedAs('utf-8', ascii(label)) });
    const examination = await look({ newLabel: emailWording, accept: ['no-wording'], skipBlocked: true });
    expect(only(examination, 'no-wording')).toMatchObject({ level: 'warning', accepted: true });
    expect(changed(examination)).toEqual(['fr']);
  });

  test('more names than one for a file: it is replaced under this name then', async () => {
    await formSets({ de: ascii(label) });
    await link(fileOf('de'), path.join(root, 'other name'));
    const examination = await look();
    expect(only(examination, 'hard-linked-file')).toMatchObject({
      level: 'blocker',
      acceptable: true,
      evidence: [`${fileOf('de')}: 2 names`],
      detail: expect.stringContaining('Neither the change nor its undo restores the hard links'),
    });
    expect(changed(examination)).toEqual(['fr']);
    expect(changed(await look({ accept: ['hard-linked-file'] }))).toEqual(['de', 'fr']);
  });

  test('more names than one: neither the change nor its undo keeps the file linked to the others', async () => {
    await formSets({ de: ascii(label) });
    const other = path.join(root, 'other name');
    await link(fileOf('de'), other);
    const plan = planOf((await look({ accept: ['hard-linked-file'] })).changes);
    const folder = path.join(home, 'change');
    await applyIn(folder, plan);
    expect(await readFile(other, 'latin1')).toBe(ascii(label));
    await applyIn(path.join(home, 'undo'), await undoOf(folder, plan));
    expect(await readFile(fileOf('de'), 'latin1')).toBe(ascii(label));
    expect((await stat(fileOf('de'))).ino).not.toBe((await stat(other)).ino);
  });

  test('one of two findings does not accept the other', async () => {
    await formSets({ de: ascii(`${label}\r\nL_UserName_Text="Name:"`) });
    await link(fileOf('de'), path.join(root, 'other name'));
    for (const [accepted, remaining] of [
      ['conflicting-duplicates', 'hard-linked-file'],
      ['hard-linked-file', 'conflicting-duplicates'],
    ] as const) {
      const examination = await look({ accept: [accepted] });
      expect(only(examination, remaining)).toMatchObject({ level: 'blocker', accepted: false });
      expect(changed(examination)).toEqual(['fr']);
    }
    const both = await look({ accept: ['conflicting-duplicates', 'hard-linked-file'] });
    expect(changed(both)).toEqual(['de', 'fr']);
  });

  test('a language without wording: its files stay as they are then', async () => {
    await formSets({ hi: encodedAs('utf-8', ascii(label)), Sonstiges: ascii(label) });
    const examination = await look({ newLabel: emailWording });
    expect(only(examination, 'no-wording')).toMatchObject({
      level: 'blocker',
      acceptable: true,
      title: '2 languages without wording: 2 files',
      evidence: [
        'Sonstiges: 1 file, the folder name is not the name of a culture',
        'hi (Hindi): 1 file, there are no labels in this language and script',
      ],
    });
    expect(changed(examination)).toEqual(['fr']);
    const accepted = await look({ newLabel: emailWording, accept: ['no-wording'] });
    expect(only(accepted, 'no-wording').accepted).toBe(true);
    expect(changed(accepted)).toEqual(['fr']);
  });

  test('a language without this label alone: its files are counted together', async () => {
    await formSets({ vi: encodedAs('utf-8', ascii(label)) });
    await writeTree(path.join(root, 'ISA'), { xHTML: { nls: { VI: { 'strings.txt': ascii(label) } } } });
    expect(only(await look({ newLabel: { ...emailWording, label: 'upn' } }), 'no-wording').evidence).toEqual([
      'vi (Vietnamese): 2 files, there are labels in this language, but not this one',
    ]);
  });

  test('a language without a text for one of its keys: which one is said', async () => {
    await writeTree(root, {
      ISA: { HTML: { nls: { cs: { 'strings.txt': `${ascii(label)}L_UserID_Text="Id:"\r\n` } } } },
    });
    const wording = new Map([['cs', { keys: { L_UserName_Text: 'E-mail:' } }]]);
    const examination = await look({
      languages: ['cs'],
      keys: ['L_UserName_Text', 'L_UserID_Text'],
      newLabel: { kind: 'wording', wordings: [wording] },
    });
    expect(only(examination, 'no-wording').evidence).toEqual([
      'cs (Czech): 1 file, there are labels in this language, but not this one (L_UserID_Text)',
    ]);
  });

  test.each(['unterminated-value', 'read-only-file', 'text-not-encodable'])('not %s', async (id) => {
    await formSets({
      de: ascii('L_UserName_Text="Domain'),
      es: encodedAs('windows-1252', ascii('L_UserName_Text="ñ:"')),
      it: stringsContent('x'),
    });
    await chmod(fileOf('it'), 0o444);
    const examination = await look({ newLabel: { kind: 'text', text: 'Ηλ:' }, accept: [id] });
    expect(only(examination, id)).toMatchObject({ level: 'blocker', acceptable: false, accepted: false });
    expect(changed(examination)).toEqual(['fr']);
  });
});

describe('what a person should know', () => {
  test('a key that is nowhere in a file', async () => {
    await formSets({ de: ascii('L_UserName_Text2="x"') });
    const examination = await look();
    expect(only(examination, 'key-absent')).toMatchObject({ level: 'warning', evidence: [fileOf('de')] });
    expect(changed(examination)).toEqual(['fr']);
  });

  test('the same value twice: all of them are changed', async () => {
    await formSets({ de: ascii(`${label}\r\n${label}`) });
    const examination = await look();
    expect(only(examination, 'same-value-twice')).toMatchObject({ level: 'note', evidence: [fileOf('de')] });
    const [de] = examination.changes.filter((change) => change.language === 'de');
    expect(de?.splices.map((splice) => splice.line)).toEqual([2, 3]);
  });

  test('a link: the file that it leads to is changed', async () => {
    await formSets({});
    await writeTree(root, { 'shared.txt': ascii(label) });
    await mkdir(folderOf('de'), { recursive: true });
    await symlink(path.join(root, 'shared.txt'), fileOf('de'));
    const examination = await look();
    expect(only(examination, 'behind-a-link').evidence).toEqual([`${fileOf('de')} → ${path.join(root, 'shared.txt')}`]);
    const plan = planOf(examination.changes);
    await applyIn(path.join(home, 'change'), plan);
    expect(await readFile(path.join(root, 'shared.txt'), 'utf8')).toContain('"E-mail address:"');
    expect((await snapshot(folderOf('de')))['strings.txt']).toBe(`→ ${path.join(root, 'shared.txt')}`);
  });

  test('a form with a placeholder of its own, in any encoding', async () => {
    await formSets({});
    const form = '<input placeholder="Domain\\Username">';
    await writeTree(folderOf('default'), {
      'a.htm': form,
      'b.HTML': encodedAs('utf-16le with BOM', form),
      'c.htm': '<input placeholder="Name">',
    });
    expect(only(await look(), 'form-names-the-domain')).toMatchObject({
      level: 'warning',
      evidence: ['a.htm', 'b.HTML'].map(
        (name) => `Exchange · HTML · ${name}: Domain\\Username, in ${folderOf('default')}`,
      ),
    });
  });

  test('other texts that still name the domain, in the words of each language', async () => {
    const german = (encoding: 'utf-16le with BOM' | 'windows-1252') =>
      encodedAs(encoding, 'L_UserName_Text="Domäne\\Benutzername:"\r\nL_Failed="Prüfen Sie Domäne und Namen."\r\n');
    await formSets({
      de: german('utf-16le with BOM'),
      'de-AT': german('windows-1252'),
      en: 'L_UserName_Text="Domain\\user name:"\r\n; the domain is only in this comment\r\nL_Other="Name"\r\n',
      it: 'L_UserName_Text="Dominio\\nome:"\r\nL_Failed="Il dominio o il nome."\r\n',
    });
    expect(only(await look(), 'other-texts-name-the-domain')).toMatchObject({
      level: 'note',
      evidence: ['L_Failed: 3 files, in de, de-AT and it'],
    });
  });

  test('also in the writing of Chinese, on a second run, and for the domain’s own word only', async () => {
    await formSets({
      'zh-CN': encodedAs('utf-8', 'L_UserName_Text="电子邮件地址:"\r\nL_Failed="请检查域和用户名。"\r\n'),
      de: encodedAs('utf-8', 'L_UserName_Text="Benutzername (Domäne\\Name):"\r\nL_A="Benutzername"\r\n'),
    });
    const examination = await look({ newLabel: emailWording });
    expect(changed(examination)).not.toContain('zh-CN');
    expect(only(examination, 'other-texts-name-the-domain').evidence).toEqual(['L_Failed: 1 file, in zh-CN']);
  });

  test('no text that names the domain where an undo brings the former label back', async () => {
    await formSets({ it: 'L_UserName_Text="E-mail:"\r\nL_Failed="Il dominio o il nome."\r\n' });
    const { facts, proposal } = await look();
    const isNamed = (more: Partial<typeof proposal>): boolean =>
      assess(facts, { ...proposal, ...more }).some(({ id }) => id === 'other-texts-name-the-domain');
    expect(isNamed({})).toBe(true);
    expect(isNamed({ undoes: { id: 'id', seal: 'seal', folder: '..', seq: 1 } })).toBe(false);
  });

  test('temporary files that an interrupted run left', async () => {
    await formSets({});
    const stray = path.join(folderOf('fr'), '.strings.txt.x.adsi-remedy-tmp');
    await writeFile(stray, 'half');
    expect(only(await look(), 'stray-temporary-file')).toMatchObject({ level: 'warning', evidence: [stray] });
  });

  test('each finding once, the notes first and the blockers last', async () => {
    await formSets({
      de: ascii('L_UserName_Text="Domain'),
      'de-AT': ascii('L_UserName_Text="Domain'),
      es: '',
      hi: '',
      it: ascii(`${label}\r\n${label}`),
      nl: ascii('L_A="b"'),
      sv: ascii(`${label}\r\nL_UserName_Text="Name:"`),
    });
    await writeTree(root, { 'strings.txt': '19=Domain\\user name:' });
    const { findings } = await look();
    expect(findings.map(({ id, level, evidence }) => [id, level, evidence.length])).toEqual([
      ['same-value-twice', 'note', 1],
      ['key-absent', 'warning', 1],
      ['unterminated-value', 'blocker', 2],
      ['empty-file', 'blocker', 2],
      ['conflicting-duplicates', 'blocker', 1],
      ['isa-2004-format', 'blocker', 1],
    ]);
  });
});

describe('array members', () => {
  const member = (name: string): string => path.join(home, name);
  const bothMembers = (more: Partial<LabelsOptions> = {}) =>
    look({ roots: [member('TMG01'), member('TMG02')], ...more });

  test('that differ are named by set, class and language', async () => {
    const tree = (german: string, more: Tree = {}): Tree => ({
      Exchange: { HTML: { 'strings.txt': ascii(label), nls: { de: { 'strings.txt': ascii(german) }, ...more } } },
    });
    await writeTree(member('TMG01'), tree(label, { fr: { 'strings.txt': ascii(label) } }));
    await writeTree(member('TMG02'), tree('L_UserName_Text="Name:"'));
    const examination = await bothMembers();
    expect(only(examination, 'members-differ')).toMatchObject({
      level: 'warning',
      evidence: [
        'Exchange · HTML · de: "Domain\\user name:" on TMG01; "Name:" on TMG02',
        'Exchange · HTML · fr: not on TMG02',
      ],
    });
    expect(examination.changes).toHaveLength(5);
  });

  test('that lack a set, or a file, are named, whole sets first', async () => {
    const set = (...languages: readonly string[]): Tree => ({
      HTML: { nls: Object.fromEntries(languages.map((language) => [language, { 'strings.txt': ascii(label) }])) },
    });
    for (const name of ['TMG01', 'TMG02', 'TMG03']) {
      await writeTree(member(name), { Exchange: set('de', 'fr'), ISA: set('de') });
    }
    await writeTree(member('TMG04'), { Exchange: set('de') });
    const roots = ['TMG01', 'TMG02', 'TMG03', 'TMG04'].map(member);
    expect(only(await look({ roots }), 'members-differ').evidence).toEqual([
      'ISA: the set is not on TMG04',
      'Exchange · HTML · fr: not on TMG04',
    ]);
  });

  test('whose files are in other encodings, or hold other texts besides, are named; equal differences are one line', async () => {
    const nls = (make: (text: string) => Uint8Array | string): Tree => ({
      Exchange: {
        HTML: {
          nls: Object.fromEntries(['de', 'fr', 'it'].map((language) => [language, { 'strings.txt': make(language) }])),
        },
      },
    });
    await writeTree(
      member('TMG01'),
      nls(() => stringsContent('Name:')),
    );
    await writeTree(
      member('TMG02'),
      nls((language) => stringsContent(language === 'it' ? '' : 'Name:', { encoding: 'utf-8' })),
    );
    await writeTree(path.join(member('TMG02'), 'Exchange/HTML/nls/it'), {
      'strings.txt': Buffer.concat([stringsContent('Name:'), Buffer.from('; more', 'utf16le')]),
    });
    expect(only(await bothMembers(), 'members-differ').evidence).toEqual([
      'Exchange · HTML · de and 1 more file: utf-16le with BOM on TMG01; ascii on TMG02',
      'Exchange · HTML · it: different texts on TMG01 and on TMG02',
    ]);
  });

  test('whose files differ in label and encoding have both named', async () => {
    const tree = (content: Uint8Array | string): Tree => ({ Exchange: { HTML: { 'strings.txt': content } } });
    await writeTree(member('TMG01'), tree(stringsContent('Name:')));
    await writeTree(member('TMG02'), tree(stringsContent('User:', { encoding: 'utf-8' })));
    expect(only(await bothMembers(), 'members-differ').evidence).toEqual([
      'Exchange · HTML · default: "Name:" on TMG01; "User:" on TMG02',
      'Exchange · HTML · default: utf-16le with BOM on TMG01; ascii on TMG02',
    ]);
  });

  test('that differ only far behind what is shown still differ', async () => {
    for (const name of ['TMG01', 'TMG02']) {
      const long = `L_UserName_Text="${'x'.repeat(500)}${name}"`;
      await writeTree(member(name), { Exchange: { HTML: { 'strings.txt': ascii(long) } } });
    }
    expect(only(await bothMembers(), 'members-differ').evidence).toHaveLength(1);
  });

  test('that are the same are not mentioned', async () => {
    for (const name of ['TMG01', 'TMG02'])
      await writeTree(member(name), { Exchange: { HTML: { 'strings.txt': ascii(label) } } });
    expect((await bothMembers()).findings).toEqual([]);
  });

  test('of which one has no form sets at all: that is reported, and the other is done', async () => {
    await writeTree(member('TMG01'), { Exchange: { HTML: { 'strings.txt': ascii(label) } } });
    await writeTree(member('TMG02'), { Exchange: {} });
    const examination = await bothMembers();
    expect(only(examination, 'no-form-set-below')).toMatchObject({ level: 'warning', evidence: [member('TMG02')] });
    expect(examination.changes).toHaveLength(1);
  });

  test('named twice, or one within the other, are done once', async () => {
    await writeTree(member('TMG01'), {
      Exchange: { HTML: { 'strings.txt': ascii(label) } },
      ISA: { HTML: { 'strings.txt': ascii(label) } },
    });
    await symlink(member('TMG01'), member('link'));
    const examination = await look({
      roots: [member('TMG01'), path.join(member('TMG01'), 'Exchange'), member('link')],
    });
    expect(
      examination.changes.map((change) => [path.relative(home, change.path), path.relative(home, change.root)]),
    ).toEqual([
      ['TMG01/Exchange/HTML/strings.txt', 'TMG01'],
      ['TMG01/ISA/HTML/strings.txt', 'TMG01'],
    ]);
    expect(examination.findings).toEqual([]);
  });
});

describe('a root without form sets', () => {
  const refusal = (more?: Partial<LabelsOptions>): Promise<unknown> => look(more).catch((error: unknown) => error);

  test('says what was looked for', async () => {
    const error = await refusal();
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({
      trouble: { on: root, cameBack: expect.stringContaining('<set>/<class>/nls/<language>/strings.txt') },
    });
  });

  test('is that also if a file of the name lies in another place', async () => {
    await writeTree(root, { Exchange: { Mobile: { 'strings.txt': ascii(label) } } });
    expect(await refusal()).toMatchObject({ trouble: { on: root } });
  });

  test('differs from filters that leave nothing, which list what there is', async () => {
    await formSets({ de: ascii(label) });
    await writeTree(root, { Exchange: { 'strings.txt': 'misplaced' } });
    expect(await refusal({ languages: ['es'] })).toMatchObject({
      trouble: {
        cameBack: '2 files found, but the filters leave none',
        next: '--language es: no match. Found: the sets Exchange, the classes HTML and the languages de, fr.',
      },
    });
  });

  test('but with the file of ISA Server 2004 is reported as that', async () => {
    await writeTree(root, { 'strings.txt': '19=Domain\\user name:' });
    const examination = await look();
    expect(only(examination, 'isa-2004-format').evidence).toEqual([path.join(root, 'strings.txt')]);
    expect(examination.changes).toEqual([]);
  });
});

test('a file of ten megabytes is changed like any other', async () => {
  const filler = '; Domain and other words, the domain once more\r\n'.repeat(110_000);
  const large = `${filler}${label}\r\n${filler}L_Failed="Compruebe el dominio."\r\n`;
  await formSets({ de: large, es: encodedAs('utf-16le with BOM', large) });
  const examination = await look();
  expect(changed(examination)).toEqual(['de', 'es', 'fr']);
  expect(only(examination, 'other-texts-name-the-domain').evidence).toEqual(['L_Failed: 1 file, in es']);
  await applyIn(path.join(home, 'change'), planOf(examination.changes));
  const after = await readFile(fileOf('de'), 'latin1');
  expect(after === large.replace(label, 'L_UserName_Text="E-mail address:"')).toBe(true);
});

test('a value of a megabyte, or a hundred thousand of them, does not fill the screen', async () => {
  const long = `Domain\\${'name '.repeat(200_000)}`;
  const lines = Array.from({ length: 100_000 }, (_, index) => `L_UserName_Text="Name ${index}:"`).join('\r\n');
  for (const [member, content] of Object.entries({ a: lines, b: `L_UserName_Text="${long}"\r\nL_UserName_Text="x"` })) {
    await writeTree(path.join(root, member), { Exchange: { HTML: { 'strings.txt': content } } });
  }
  const { facts, findings } = await look({ roots: [path.join(root, 'a'), path.join(root, 'b')] });
  const shown = [
    ...findings.flatMap((finding) => finding.evidence),
    ...surveyRows(facts.files, [userNameKey]).map((row) => row.label),
  ];
  expect(findings.map(({ id }) => id)).toEqual(['members-differ', 'conflicting-duplicates']);
  expect(shown).toHaveLength(5);
  expect(Math.max(...shown.map((line) => line.length))).toBeLessThan(1_500);
  expect(shown[1]).toContain(
    'L_UserName_Text in lines 1, 2, 3, 4, 5, 6, … and 99,994 more: Name 0: | Name 1: | Name 2:',
  );
  expect(shown[2]).toMatch(/: L_UserName_Text in lines 1, 2: Domain\\(name )+n?a?m?e?… \| x$/);
});

test('a value is cut between characters, not within one', () => {
  const text = `${'a'.repeat(118)}😀😀😀`;
  expect(shortened(text)).toBe(`${'a'.repeat(118)}…`);
  expect(shortened(`b${text}`)).toBe(`b${'a'.repeat(118)}…`);
  expect(shortened('a'.repeat(120))).toBe('a'.repeat(120));
});

test('the file beside the forms is English', () => {
  expect(codePageOf('default')).toBe(1252);
});
