/**
 * A fleet of array members for the benchmarks: each has one form set in 50 languages, in the encodings that real files
 * have. What a file must be after the change is made here, from the text and by an encoder of its own, never by the
 * code that is measured.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import iconv from 'iconv-lite';

export interface FleetFile {
  /** Absolute. */
  readonly path: string;
  /** The nls folder's name, "default" for the file next to the forms. */
  readonly language: string;
  readonly encoding: FleetEncoding;
  before(): Buffer;
  /** The only right result of `--label email`. */
  after(): Buffer;
}

export type FleetEncoding = 'utf-16le with BOM' | 'utf-8' | 'utf-8 with BOM' | 'ansi';

/** Folder name, the culture whose wording it must get, and its Windows code page if the old and new text fit in it. */
const languages: readonly (readonly [folder: string, culture: string, codePage?: number])[] = [
  ['default', 'en-US', 1252],
  ['ar', 'ar-SA', 1256],
  ['bg', 'bg-BG', 1251],
  ['ca', 'ca-ES', 1252],
  ['cs', 'cs-CZ', 1250],
  ['da', 'da-DK', 1252],
  ['de', 'de-DE', 1252],
  ['de-AT', 'de-DE', 1252],
  ['de-CH', 'de-DE', 1252],
  ['el', 'el-GR', 1253],
  ['en-AU', 'en-GB', 1252],
  ['en-GB', 'en-GB', 1252],
  ['es', 'es-ES', 1252],
  ['es-MX', 'es-MX', 1252],
  ['et', 'et-EE', 1257],
  ['eu', 'eu-ES', 1252],
  ['fi', 'fi-FI', 1252],
  ['fr', 'fr-FR', 1252],
  ['fr-BE', 'fr-FR', 1252],
  ['fr-CA', 'fr-CA', 1252],
  ['fr-CH', 'fr-FR', 1252],
  ['gl', 'gl-ES', 1252],
  ['he', 'he-IL', 1255],
  ['hr', 'hr-HR', 1250],
  ['hu', 'hu-HU', 1250],
  ['id', 'id-ID', 1252],
  ['it', 'it-IT', 1252],
  ['it-CH', 'it-IT', 1252],
  ['ja', 'ja-JP', 932],
  ['ko', 'ko-KR', 949],
  ['lt', 'lt-LT', 1257],
  ['lv', 'lv-LV', 1257],
  ['nb', 'nb-NO', 1252],
  ['nl', 'nl-NL', 1252],
  ['nl-BE', 'nl-NL', 1252],
  ['pl', 'pl-PL', 1250],
  ['pt-BR', 'pt-BR', 1252],
  ['pt-PT', 'pt-PT', 1252],
  ['ro', 'ro-RO', 1250],
  ['ru', 'ru-RU', 1251],
  ['sk', 'sk-SK', 1250],
  ['sl', 'sl-SI', 1250],
  ['sr-Latn-RS', 'sr-Latn-RS', 1250],
  ['sv', 'sv-SE', 1252],
  ['th', 'th-TH', 874],
  ['tr', 'tr-TR', 1254],
  ['uk', 'uk-UA', 1251],
  ['vi', 'vi-VN'],
  ['zh-CN', 'zh-CN', 936],
  ['zh-TW', 'zh-TW', 950],
];

export interface Fleet {
  /** One folder a member, for --root. */
  readonly roots: readonly string[];
  readonly files: readonly FleetFile[];
  /** The text that a language's label must get. */
  readonly labelOf: ReadonlyMap<string, string>;
}

/**
 * Writes the files of so many members below `folder`.
 *
 * @param alike whether the members hold copies of the same files, as those of an array do, but for their encodings
 */
export function layOutFleet(folder: string, members: number, alike = true): Fleet {
  const fleet = describeFleet(folder, members, alike);
  for (const file of fleet.files) {
    mkdirSync(path.dirname(file.path), { recursive: true });
    writeFileSync(file.path, file.before());
  }
  return fleet;
}

function describeFleet(folder: string, members: number, alike: boolean): Fleet {
  const contents = new Map<string, Content>();
  const roots = Array.from({ length: members }, (_, member) =>
    path.join(folder, `TMG${String(member + 1).padStart(3, '0')}`),
  );
  const files = roots.flatMap((root, member) =>
    languages.map(([language, culture, codePage], index): FleetFile => {
      const encoding = encodingOf(member, index, codePage);
      const name = `${language} ${encoding}`;
      const content =
        contents.get(name) ?? contentOf(culture, encoding, codePage ?? 0, index % 7 === 3 ? '\n' : '\r\n');
      contents.set(name, content);
      const ending = alike ? Buffer.alloc(0) : encode(`; ${path.basename(root)}\n`, encoding, codePage ?? 0, '');
      const below = language === 'default' ? [] : ['nls', language];
      return {
        path: path.join(root, 'Exchange', 'HTML', ...below, 'strings.txt'),
        language,
        encoding,
        before: () => Buffer.concat([content.before, ending]),
        after: () => Buffer.concat([content.after, ending]),
      };
    }),
  );
  const labelOf = new Map(languages.map(([folderName, culture]) => [folderName, wordingOf(culture).email] as const));
  return { roots, files, labelOf };
}

export interface Tally {
  /** Byte for byte as they must be. */
  readonly right: number;
  /** Byte for byte as before. */
  readonly unchanged: number;
  readonly damaged: number;
}

/** Compares the files on disk with what they must be after the change. */
export function tally(fleet: Fleet): Tally {
  const count = { right: 0, unchanged: 0, damaged: 0 };
  for (const file of fleet.files) {
    const found = readFileSync(file.path);
    if (found.equals(file.after())) count.right += 1;
    else if (found.equals(file.before())) count.unchanged += 1;
    else count.damaged += 1;
  }
  return count;
}

/** Every other file is UTF-16; of the rest half have a code page, and some UTF-8 files a byte order mark. */
function encodingOf(member: number, language: number, codePage: number | undefined): FleetEncoding {
  if ((member + language) % 2 === 0) return 'utf-16le with BOM';
  if ((member >> 1) % 2 === 0 && codePage !== undefined) return 'ansi';
  return language % 5 === 0 ? 'utf-8 with BOM' : 'utf-8';
}

interface Content {
  readonly before: Buffer;
  readonly after: Buffer;
}

function contentOf(culture: string, encoding: FleetEncoding, codePage: number, lineEnd: string): Content {
  const { email, username } = wordingOf(culture);
  const mark = encoding.endsWith('with BOM') ? '\ufeff' : '';
  const encoded = (label: string): Buffer =>
    encode(stringsText(label, email, username, lineEnd), encoding, codePage, mark);
  return { before: encoded(`Domain\\${username}`), after: encoded(email) };
}

function encode(text: string, encoding: FleetEncoding, codePage: number, mark: string): Buffer {
  switch (encoding) {
    case 'utf-16le with BOM':
      return Buffer.from(mark + text, 'utf16le');
    case 'utf-8 with BOM':
    case 'utf-8':
      return Buffer.from(mark + text, 'utf8');
    case 'ansi': {
      const bytes = iconv.encode(text, `windows-${codePage}`);
      if (iconv.decode(bytes, `windows-${codePage}`) !== text) throw new Error(`no text of code page ${codePage}`);
      return bytes;
    }
  }
}

const keyCount = 110;
const labelLine = 60;
const lineLength = 70;

/** 110 keys, filled up with the language's own words; the label in the middle, and a message that names the domain. */
function stringsText(label: string, email: string, username: string, lineEnd: string): string {
  const lines = ['; Texts of the logon form', '; One key a line', ''];
  for (let index = 0; index < keyCount; index += 1) {
    if (index === labelLine) lines.push(`L_UserName_Text="${label}"`);
    else lines.push(filledLine(index, [email, username]));
  }
  lines.push(`L_LogonFailed_Text="Domain: ${username}"`, '');
  return lines.join(lineEnd);
}

function filledLine(index: number, words: readonly string[]): string {
  // A prefix of the label's key, and inner quotes, as real files have them.
  const key = index % 20 === 7 ? `L_UserName_Text${index}_Text` : `L_Message${index}_Text`;
  let value = index % 10 === 4 ? '<a href="#" onclick="explain()">?</a> ' : '';
  for (let next = index; key.length + value.length < lineLength; next += 1) value += `${words[next % words.length]} `;
  return `${key}="${value.trimEnd()}"`;
}

interface FleetWording {
  readonly email: string;
  readonly username: string;
}

let wordings: Readonly<Record<string, FleetWording>> | undefined;

function wordingOf(culture: string): FleetWording {
  wordings ??= JSON.parse(
    readFileSync(new URL('../../../templates/wording/labels.json', import.meta.url), 'utf8'),
  ) as Record<string, FleetWording>;
  const wording = wordings[culture];
  if (wording === undefined) throw new Error(`no wording for ${culture}`);
  return wording;
}
