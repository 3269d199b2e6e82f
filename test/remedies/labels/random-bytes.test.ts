/**
 * Files of every encoding with anything around the label: each is built from parts, so that what has to come out is
 * known.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { expect, test } from 'vitest';
import type { TextEncoding } from '../../../src/files/text-encoding.ts';
import { applyIn, planOf, undoOf } from '../../support/file-plans.ts';
import { freshFolder } from '../../support/fresh-folder.ts';
import { examine, labelOptions } from '../../support/label-options.ts';

/** How many trees are tried, of a file for each language and form set. */
const trees = Number(process.env['ADSI_REMEDY_BYTES_RUNS'] ?? 6);

/** By the name of the folder: the code page, and letters of the language; of East Asia those with a byte of `\` or `|`. */
const languages: Readonly<Record<string, readonly [page: number, letters: string]>> = {
  default: [1252, 'é©ñaZ'],
  cs: [1250, 'ěščřžů'],
  pl: [1250, 'ąćęłńóśźż'],
  ru: [1251, 'Доменпьзая'],
  uk: [1251, 'ґєіїЄІЇ'],
  de: [1252, 'äöüßÄ'],
  fr: [1252, 'éèçùÉ\u00a0'],
  el: [1253, 'Τομέαςόνψ'],
  tr: [1254, 'ıİşğçö'],
  he: [1255, 'תחוםשאל'],
  ar: [1256, 'المجسخدة'],
  lt: [1257, 'ąčęėįšųū'],
  vi: [1258, 'ăâđêôơưỉệ'],
  th: [874, 'ชื่อผู้โดเมน'],
  ja: [932, 'ソ能表予十ドメイン構'],
  'zh-CN': [936, '域用户名碶乗'],
  ko: [949, '도메인사용자뷁'],
  'zh-TW': [950, '功許蓋育網使用者'],
};
const sets = ['Exchange', 'ISA', 'MyForms'] as const;

const encodings = [
  'utf-8',
  'utf-8 with BOM',
  'utf-16le',
  'utf-16le with BOM',
  'utf-16be',
  'utf-16be with BOM',
] as const;

/** By iconv-lite alone; windows-1258 has these two letters only in two parts. */
function encoded(text: string, encoding: TextEncoding): Buffer {
  const spelled = encoding === 'windows-1258' ? text.replaceAll('ỉ', 'i\u0309').replaceAll('ệ', 'ê\u0323') : text;
  return iconv.encode(spelled, encoding.replace(' with BOM', ''), { addBOM: false });
}

interface RandomFile {
  readonly encoding: TextEncoding;
  /** Before the label's text, that text, and after it. */
  readonly parts: readonly [string, string, string];
}

const bytesOf = ({ encoding, parts }: RandomFile): Buffer =>
  Buffer.concat([
    encoded(encoding.endsWith('with BOM') ? '\ufeff' : '', encoding),
    ...parts.map((part) => encoded(part, encoding)),
  ]);

const lineEnd = fc.constantFrom('\r\n', '\n', '\r', '\r\r\n');
const otherKey = fc.constantFrom(
  'L_Password_Text',
  'L_UserName_Text2',
  'XL_UserName_Text',
  'L_User',
  'l_username_text',
);
const around = fc.constantFrom<readonly [string, string, string]>(
  ['L_UserName_Text="', '"', ''],
  ['L_UserName_Text = "', '"', ''],
  [' \tL_UserName_Text\t=\t"', '"', ' ; checked'],
  ['L_UserName_Text="', '"', '  \t'],
  ['L_UserName_Text="', '"', ';x'],
  ['L_UserName_Text=', '', ''],
);

/** Texts in these letters, as a label may have them: neither begun nor ended by a space. */
const textOf = (letters: string): fc.Arbitrary<string> =>
  fc
    .string({ unit: fc.constantFrom(...letters, ...'abc', ' ', '\\', ':'), minLength: 1, maxLength: 12 })
    .map((text) => `${[...letters][0]}${text}:`);

function lineOf(letters: string): fc.Arbitrary<string> {
  return fc.tuple(otherKey, textOf(letters), fc.nat(8)).map(([key, text, kind]) => {
    const kinds = ['', `; L_UserName_Text="${text}"`, '[strings]', `${key}="${text}"`, `${key} = "${text}" ; x`];
    const more = [`${key}=${text}`, `${key}="<a href='#'>${text}</a>"`, '"L_UserName_Text"', '@@L_UserName_Text'];
    return [...kinds, ...more][kind] ?? '';
  });
}

function fileOf([page, letters]: readonly [number, string]): fc.Arbitrary<RandomFile> {
  const lines = fc.array(fc.tuple(lineOf(letters), lineEnd), { maxLength: 8 }).map((all) => all.flat().join(''));
  return fc
    .record({
      encoding: fc.constantFrom<TextEncoding>(...encodings, `windows-${page}` as TextEncoding),
      before: lines,
      label: around,
      text: textOf(letters),
      end: fc.option(lineEnd, { nil: undefined }),
      after: lines,
      last: fc.constantFrom('', '\u001a', '; end'),
    })
    .map(({ encoding, before, label: [start, quote, rest], text, end, after, last }) => ({
      encoding,
      // The first line shows the encoding, whatever is in the others.
      parts: [
        `; texts of the form: ${letters}\r\n${before}${start}`,
        text,
        `${quote}${rest}${end === undefined ? '' : `${end}${after}${last}`}`,
      ],
    }));
}

type Site = Readonly<Record<string, { readonly text: string; readonly files: readonly RandomFile[] }>>;
const site: fc.Arbitrary<Site> = fc.record(
  Object.fromEntries(
    Object.entries(languages).map(([language, entry]) => [
      language,
      fc.record({
        text: textOf(entry[1]),
        files: fc.array(fileOf(entry), { minLength: sets.length, maxLength: sets.length }),
      }),
    ]),
  ),
);

/** The files of a site by path, with the text that each is to get. */
const filesIn = (root: string, drawn: Site) =>
  Object.entries(drawn).flatMap(([language, { text, files }]) =>
    files.map((file, index) => ({
      file,
      text,
      place: path.join(
        root,
        sets[index] ?? '',
        'HTML',
        ...(language === 'default' ? [] : ['nls', language]),
        'strings.txt',
      ),
    })),
  );

test('apply writes the new text in the place of the old one and no other byte, and undo brings back every byte', async () => {
  await fc.assert(
    fc.asyncProperty(site, async (drawn) => {
      const home = await freshFolder();
      const root = path.join(home, 'forms');
      const all = filesIn(root, drawn);
      for (const { place, file } of all) {
        mkdirSync(path.dirname(place), { recursive: true });
        writeFileSync(place, bytesOf(file));
      }
      const wording = new Map(
        Object.entries(drawn).map(([language, { text }]) => [
          language === 'default' ? 'en-US' : language,
          { email: text, upn: text, username: text },
        ]),
      );
      const { changes, proposal, findings } = await examine(
        labelOptions(root, {
          newLabel: { kind: 'wording', label: 'email', wordings: [wording] },
          // Random letters may look like those of a wrong encoding by chance.
          accept: ['garbled-value'],
          encodings: new Map(
            Object.entries(languages).map(([language, [page]]) => [
              language.toLowerCase(),
              `windows-${page}` as TextEncoding,
            ]),
          ),
        }),
      );
      expect(findings.filter(({ level, accepted }) => level === 'blocker' && !accepted)).toEqual([]);
      const plan = planOf(changes, { ...proposal, findings });
      await applyIn(path.join(home, 'change'), plan);
      for (const { place, file, text } of all) {
        const { encoding, parts } = file;
        const expected = bytesOf({ encoding, parts: [parts[0], text, parts[2]] });
        expect(readFileSync(place).toString('latin1'), place).toBe(expected.toString('latin1'));
      }
      await applyIn(path.join(home, 'undo'), await undoOf(path.join(home, 'change'), plan));
      for (const { place, file } of all) expect(readFileSync(place).equals(bytesOf(file)), place).toBe(true);
    }),
    { numRuns: trees },
  );
});
