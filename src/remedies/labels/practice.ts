/**
 * The practice site's form sets, and what the remedy does there: two array members with the folders of TMG and our own
 * wording in 56 languages, written in every encoding and style that real files have. Nothing here is random: the same
 * wording gives the same bytes.
 */

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { errnoOf, FileError } from '../../errors.ts';
import { inParallel } from '../../files/in-parallel.ts';
import { errnoInWords } from '../../files/system-errors.ts';
import { ansiCodePageOf, encodeText, type TextEncoding } from '../../files/text-encoding.ts';
import type { Practice } from '../remedy.ts';

/** The practice strings: by culture, by key. */
export type FormSetWording = Readonly<Record<string, Readonly<Record<string, string>>>>;

interface PracticeFile {
  /** Below the practice folder, with forward slashes. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** The array members, a folder each. */
export const members = ['TMG01', 'TMG02'] as const;
const templatesFolder = 'Program Files/Microsoft Forefront Threat Management Gateway/Templates/CookieAuthTemplates';
const sets = ['Exchange', 'ISA', 'MyForms'] as const;
const classes = ['HTML', 'xHTML'] as const;

/** How a strings.txt is written down. */
interface Style {
  /** `code-page`: the language's ANSI code page, or UTF-16 where it has none that can hold its text. */
  readonly encoding: TextEncoding | 'code-page';
  readonly lineEnds: 'CRLF' | 'LF' | 'mixed';
  readonly entry: 'plain' | 'spaced' | 'unquoted' | 'commented';
  readonly section: boolean;
  readonly finalNewline: boolean;
}

const plainWindows: Style = {
  encoding: 'utf-16le with BOM',
  lineEnds: 'CRLF',
  entry: 'plain',
  section: false,
  finalNewline: true,
};

const styleOfFolder: Readonly<Record<string, Partial<Style>>> = {
  'Exchange/HTML': { encoding: 'utf-16le with BOM' },
  'Exchange/xHTML': { encoding: 'utf-8 with BOM' },
  'ISA/HTML': { encoding: 'code-page' },
  'ISA/xHTML': { encoding: 'code-page', lineEnds: 'LF' },
  'MyForms/HTML': { encoding: 'utf-8', lineEnds: 'LF' },
  'MyForms/xHTML': { encoding: 'utf-8', lineEnds: 'mixed' },
};

/** Single files that users or tools have edited. */
const styleOfFile: Readonly<Record<string, Partial<Style>>> = {
  'Exchange/HTML/el': { encoding: 'utf-16be with BOM' },
  'ISA/HTML/fi': { finalNewline: false },
  'ISA/HTML/nl': { lineEnds: 'mixed' },
  'ISA/xHTML/de': { section: true, entry: 'spaced' },
  'ISA/xHTML/sv': { entry: 'unquoted' },
  'MyForms/HTML/it': { entry: 'commented' },
};

/** This label was already changed, on one member only. */
const changedByHand = { file: 'TMG02/MyForms/HTML/nl', key: 'L_UserName_Text', text: 'E-mailadres:' } as const;

/**
 * Every file of the practice site's form sets, in a fixed order.
 *
 * @param wording needs `en`, which becomes the files next to the forms
 */
export function practiceFormSets(wording: FormSetWording): readonly PracticeFile[] {
  const usual = members.flatMap((member) =>
    sets.flatMap((set) => classes.flatMap((formClass) => filesOfClass(wording, member, set, formClass))),
  );
  return [...usual, ...oddFiles(wording)];
}

/**
 * Other things that are met in the field, on the first member: a set that the other member lacks, with a label in the form
 * itself, a script that adds a domain and a file whose letters are lost; and a backup copy of a set.
 */
function oddFiles({ en = {}, de = {} }: FormSetWording): readonly PracticeFile[] {
  const folder = `${members[0]}/${templatesFolder}`;
  const english = encoded(stringsText(en, 'en', plainWindows), 'en', plainWindows.encoding);
  const german = stringsText(de, 'de', plainWindows).replace(/[^\0-\x7f]/gu, '?');
  return [
    { path: `${folder}/Partners/HTML/usr_pwd.htm`, bytes: Buffer.from(logonForm({ label: 'Domain\\user name' })) },
    { path: `${folder}/Partners/HTML/logon.js`, bytes: Buffer.from(addsDomain) },
    { path: `${folder}/Partners/HTML/strings.txt`, bytes: english },
    { path: `${folder}/Partners/HTML/nls/de/strings.txt`, bytes: Buffer.from(german) },
    { path: `${folder}/Exchange - Copy/HTML/strings.txt`, bytes: english },
  ];
}

const addsDomain = [
  'function beforeSubmit(form) {',
  '  form.username.value = "CONTOSO\\\\" + form.username.value;',
  '}',
  '',
].join('\r\n');

function filesOfClass(wording: FormSetWording, member: string, set: string, formClass: string): PracticeFile[] {
  const folder = `${member}/${templatesFolder}/${set}/${formClass}`;
  // Windows sees no difference, so administrators have never had to care.
  const otherCase = member === 'TMG02' && set === 'MyForms' && formClass === 'xHTML';
  const [nls, strings] = otherCase ? ['NLS', 'Strings.TXT'] : ['nls', 'strings.txt'];
  const isCustom = set === 'MyForms' && formClass === 'HTML';
  const files: PracticeFile[] = [
    {
      path: `${folder}/usr_pwd.htm`,
      bytes: Buffer.from(logonForm(isCustom ? { placeholder: 'Domain\\Username' } : {})),
    },
  ];
  for (const [culture, texts] of Object.entries(wording)) {
    const place = `${set}/${formClass}/${culture}`;
    const style = { ...plainWindows, ...styleOfFolder[`${set}/${formClass}`], ...styleOfFile[place] };
    const touched = changedByHand.file === `${member}/${place}`;
    const content = touched ? { ...texts, [changedByHand.key]: changedByHand.text } : texts;
    files.push({
      path: culture === 'en' ? `${folder}/${strings}` : `${folder}/${nls}/${culture}/${strings}`,
      bytes: encoded(stringsText(content, culture, style), culture, style.encoding),
    });
  }
  return files;
}

function stringsText(texts: Readonly<Record<string, string>>, culture: string, style: Style): string {
  const lines = [
    `; Logon form texts, ${culture}`,
    '; For practice only: the words are those of adsi-remedy.',
    '',
    ...(style.section ? ['[strings]'] : []),
    ...Object.entries(texts).map(([key, text]) => entryLine(key, text, style.entry)),
    '',
    '; end of texts',
  ];
  const ended = lines.map((line, index) => line + lineEnd(style.lineEnds, index)).join('');
  return style.finalNewline ? ended : ended.replace(/\r?\n$/, '');
}

function entryLine(key: string, text: string, entry: Style['entry']): string {
  switch (entry) {
    case 'plain':
      return `${key}="${text}"`;
    case 'spaced':
      return `${key} = "${text}"`;
    case 'unquoted':
      return `${key}=${text}`;
    case 'commented':
      return `${key}="${text}" ; checked`;
  }
}

function lineEnd(lineEnds: Style['lineEnds'], line: number): string {
  if (lineEnds === 'mixed') return line % 3 === 2 ? '\n' : '\r\n';
  return lineEnds === 'CRLF' ? '\r\n' : '\n';
}

function encoded(text: string, culture: string, wanted: Style['encoding']): Buffer {
  const codePage = ansiCodePageOf(culture);
  if (wanted === 'code-page' && codePage !== undefined) {
    const result = encodeText(spelledForCodePage(text, codePage), `windows-${codePage}`);
    if (result.kind === 'encoded') return result.bytes;
  }
  const encoding = wanted === 'code-page' ? 'utf-16le with BOM' : wanted;
  const result = encodeText(encoding.endsWith('with BOM') ? `\ufeff${text}` : text, encoding);
  if (result.kind === 'encoded') return result.bytes;
  throw new Error(`The practice wording of ${culture} cannot be written as ${encoding}.`);
}

/**
 * Letters that came into use after the code page, in the spelling that was usual with it: Romanian ș and ț with a
 * cedilla, the Persian yeh as the Arabic one.
 */
function spelledForCodePage(text: string, codePage: number): string {
  const spellings: Readonly<Record<number, readonly (readonly [string, string])[]>> = {
    1250: [
      ['\u0219', '\u015f'],
      ['\u021b', '\u0163'],
    ],
    1256: [['\u06cc', '\u064a']],
  };
  return (spellings[codePage] ?? []).reduce((spelled, [letter, former]) => spelled.replaceAll(letter, former), text);
}

/** A logon form that takes its texts from strings.txt with @@KEY; no strings.txt changes the texts inside a custom form. */
function logonForm({ label = '@@L_UserName_Text', placeholder }: { label?: string; placeholder?: string }): string {
  return [
    '<!DOCTYPE html>',
    '<html>',
    '<head><title>@@L_WindowTitle_Text</title></head>',
    '<body>',
    '<form method="post">',
    `<label for="username">${label}</label>`,
    placeholder === undefined ? '<input id="username">' : `<input id="username" placeholder="${placeholder}">`,
    '<label for="password">@@L_Password_Text</label>',
    '<input id="password" type="password">',
    '<input type="submit" value="@@L_LoginButton_Text">',
    '</form>',
    '<p>@@L_PublicDescription_Text</p>',
    '<p>@@L_Copyright</p>',
    '</body>',
    '</html>',
    '',
  ].join('\r\n');
}

/** The folders of the array members of the practice site in a folder. */
export function practiceRoots(folder: string): readonly string[] {
  return members.map((member) => path.join(folder, member));
}

/** The practice site's form sets, and the dry run on them. */
export const practice: Practice = {
  about: `Form sets of the array members ${members.join(' and ')}`,
  layOut: layOutFormSets,
  given: (folder) => practiceRoots(folder).flatMap((root) => ['--root', root]),
  dryRun: ['--label', 'email'],
};

const filesAtATime = 16;

/** Marks a folder as ours, so that it may be completed; next to the array members. */
const markerName = 'practice-form-sets.txt';
const marker: PracticeFile = {
  path: markerName,
  bytes: Buffer.from(
    'Form sets for practice, created by adsi-remedy. No server uses them.\n' +
      'To start again, delete the whole folder.\n',
  ),
};

/**
 * Writes the practice form sets below `folder`, which must be new, empty, or laid out by this function before. What is
 * there already stays as it is, so that a practised change can be looked at again and undone.
 *
 * @param templates the templates folder, a URL that ends in a slash
 * @throws FileError if the folder holds anything else, or a file can't be read or written
 */
export async function layOutFormSets(folder: string, templates: URL): Promise<void> {
  const files = practiceFormSets(await readWording(templates));
  await requireFolderOfOurs(folder);
  // The marker comes first, so that an interrupted layout can be completed.
  await writeIfMissing(folder, marker);
  await inParallel(files, filesAtATime, (file) => writeIfMissing(folder, file));
}

async function readWording(templates: URL): Promise<FormSetWording> {
  const file = fileURLToPath(new URL('practice/form-sets.json', templates));
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new FileError({
      attempted: 'read the wording of the practice form sets',
      on: file,
      cameBack: errnoInWords(cause),
      next: 'Install adsi-remedy again: a part of it is missing or damaged.',
      cause,
    });
  }
}

async function requireFolderOfOurs(folder: string): Promise<void> {
  const attempted = 'lay out the practice form sets';
  const next = 'Name a new or empty folder.';
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return;
    throw new FileError({ attempted, on: folder, cameBack: errnoInWords(cause), next, cause });
  }
  if (names.length > 0 && !names.includes(markerName)) {
    throw new FileError({
      attempted,
      on: folder,
      cameBack: 'the folder is not empty, and not a practice folder',
      next,
    });
  }
}

async function writeIfMissing(folder: string, file: PracticeFile): Promise<void> {
  const target = path.join(folder, file.path);
  try {
    await mkdir(path.dirname(target), { recursive: true });
  } catch (cause) {
    throw notWritten(path.dirname(target), cause);
  }
  try {
    await writeFile(target, file.bytes, { flag: 'wx' });
  } catch (cause) {
    // Files from earlier practice are kept.
    if (errnoOf(cause) === 'EEXIST') return;
    throw notWritten(target, cause);
  }
}

function notWritten(on: string, cause: unknown): FileError {
  return new FileError({
    attempted: 'write a practice file',
    on,
    cameBack: errnoInWords(cause),
    next: 'Check the rights and the free space there, or name another folder.',
    cause,
  });
}
