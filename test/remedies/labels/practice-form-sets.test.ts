import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileError } from '../../../src/errors.ts';
import { findValues } from '../../../src/files/strings-file.ts';
import {
  ansiCodePageOf,
  codePages,
  decodeText,
  detectEncoding,
  type TextEncoding,
} from '../../../src/files/text-encoding.ts';
import {
  type FormSetWording,
  layOutFormSets,
  practice,
  practiceFormSets,
} from '../../../src/remedies/labels/practice.ts';
import { need } from '../../support/on-windows.ts';

const templates = new URL('../../../templates/', import.meta.url);
const wording: FormSetWording = JSON.parse(await readFile(new URL('practice/form-sets.json', templates), 'utf8'));

interface Strings {
  readonly path: string;
  readonly bytes: Buffer;
  readonly member: string;
  readonly set: string;
  readonly formClass: string;
  readonly culture: string;
  readonly encoding: TextEncoding;
}

const files = practiceFormSets(wording);
/** Without what the first member has besides. */
const usual = files.filter(({ path }) => !/\/(?:Partners|Exchange - Copy)\//.test(path));
const placePattern = /^(TMG\d\d)\/.*\/CookieAuthTemplates\/([^/]+)\/([^/]+)\/(?:nls\/([^/]+)\/)?strings\.txt$/i;
const strings: readonly Strings[] = usual.flatMap(({ path, bytes }) => {
  const [, member = '', set = '', formClass = '', culture = 'en'] = placePattern.exec(path) ?? [];
  if (member === '') return [];
  const detected = detectEncoding(bytes, ansiCodePageOf(culture));
  if (detected.kind !== 'text') throw new Error(`${path}: ${detected.kind}`);
  return [{ path, bytes, member, set, formClass, culture, encoding: detected.encoding }];
});

/** Back from the spelling of the code pages: Vietnamese tones, Romanian cedillas, the Persian yeh. */
function modern(text: string, culture: string): string {
  const composed = text.normalize('NFC');
  if (culture === 'ro') return composed.replaceAll('ş', 'ș').replaceAll('ţ', 'ț');
  if (culture === 'fa' || culture === 'ur') return composed.replaceAll('\u064a', '\u06cc');
  return composed;
}

function textOf(file: Strings, key: string): string | undefined {
  const [found, ...more] = findValues(file.bytes, file.encoding, key);
  if (found?.kind !== 'value' || more.length > 0) return undefined;
  const bytes = file.bytes.subarray(found.offset, found.offset + found.length);
  return modern(decodeText(bytes, file.encoding), file.culture);
}

describe('the wording', () => {
  test('is there in at least 44 cultures, one of them English', () => {
    expect(Object.keys(wording).length).toBeGreaterThanOrEqual(44);
    expect(wording['en']).toBeDefined();
  });

  test.each(Object.entries(wording))('of %s has every text of English, composed and on one line', (_, texts) => {
    expect(Object.keys(texts)).toEqual(Object.keys(wording['en'] ?? {}));
    for (const text of Object.values(texts)) {
      expect(text).toMatch(/^\S(.*\S)?$/u);
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(text).toBe(text.normalize('NFC'));
    }
  });

  test.each(Object.entries(wording))('of %s names the domain in the error text too', (_, texts) => {
    const [domain = ''] = (texts['L_UserName_Text'] ?? '').split(/[\\/:]/);
    expect((texts['L_LogonFailed_Text'] ?? '').toLowerCase()).toContain(domain.toLowerCase().slice(0, 4));
  });

  test.each(Object.entries(wording))('of %s holds HTML with quotes in one value only', (_, texts) => {
    const quoted = Object.entries(texts).filter(([, text]) => text.includes('"'));
    expect(quoted.map(([key]) => key)).toEqual(['L_PublicDescription_Text']);
    expect(quoted[0]?.[1]).toMatch(/<a href="#" onclick="explain\('shared'\)">[^<]+<\/a>$/);
  });
});

test('the same wording gives the same bytes', () => {
  const bytesOf = (sets: typeof files): Buffer =>
    Buffer.concat(sets.flatMap(({ path, bytes }) => [Buffer.from(path), bytes]));
  expect(bytesOf(practiceFormSets(structuredClone(wording))).equals(bytesOf(files))).toBe(true);
});

test('two members have three sets of two classes, with every language', () => {
  const places = new Set(strings.map(({ member, set, formClass }) => `${member} ${set} ${formClass}`));
  expect([...places]).toEqual(
    ['TMG01', 'TMG02'].flatMap((member) =>
      ['Exchange', 'ISA', 'MyForms'].flatMap((set) => [`${member} ${set} HTML`, `${member} ${set} xHTML`]),
    ),
  );
  expect(strings).toHaveLength(12 * Object.keys(wording).length);
});

test('English lies beside the forms, every other language in its nls folder', () => {
  const beside = strings.filter(({ path }) => !/\/nls\//i.test(path));
  expect(beside.map(({ culture }) => culture)).toEqual(Array(12).fill('en'));
  const english = wording['en']?.['L_UserName_Text'];
  for (const file of beside) expect(textOf(file, 'L_UserName_Text')).toBe(english);
  expect(files.some(({ path }) => /\/nls\/en\//i.test(path))).toBe(false);
});

test('no two paths are the same to a file system that ignores case, and Windows takes them all', () => {
  expect(new Set(files.map(({ path }) => path.toLowerCase())).size).toBe(files.length);
  for (const { path } of files) expect(path).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_./ -]*[A-Za-z]$/);
});

test('folder and file names have other letter case in one place', () => {
  const otherCase = strings.filter(({ path }) => /\/NLS\/[^/]+\/Strings\.TXT$/.test(path));
  expect(new Set(otherCase.map(({ member, set, formClass }) => `${member} ${set} ${formClass}`)).size).toBe(1);
});

test('every Windows code page occurs, and Unicode with and without a byte order mark', () => {
  const encodings = new Set(strings.map(({ encoding }) => encoding));
  for (const page of codePages) expect(encodings).toContain(`windows-${page}`);
  for (const encoding of ['utf-8', 'utf-8 with BOM', 'utf-16le with BOM', 'utf-16be with BOM'] as const) {
    expect(encodings).toContain(encoding);
  }
});

test('a language without a code page for its text is UTF-16 where the others are not', () => {
  const inIsa = strings.filter(({ set, formClass }) => set === 'ISA' && formClass === 'HTML');
  const unicode = new Set(inIsa.filter(({ encoding }) => encoding.startsWith('utf')).map(({ culture }) => culture));
  expect([...unicode].sort()).toEqual(['az-Latn', 'hi', 'hy', 'ka', 'kk', 'ta']);
});

test('line ends are CRLF, LF and mixed', () => {
  const kinds = strings.map(({ bytes, encoding }) => {
    const ends = decodeText(bytes, encoding).match(/\r\n|\n|\r/g) ?? [];
    return [...new Set(ends)]
      .sort()
      .map((end) => JSON.stringify(end))
      .join(' ');
  });
  expect([...new Set(kinds)].sort()).toEqual(['"\\n"', '"\\n" "\\r\\n"', '"\\r\\n"']);
});

test('on each member one file has no final newline', () => {
  const open = strings.filter(({ bytes, encoding }) => !decodeText(bytes, encoding).endsWith('\n'));
  expect(open.map(({ member, set, formClass, culture }) => `${member} ${set}/${formClass}/${culture}`)).toEqual([
    'TMG01 ISA/HTML/fi',
    'TMG02 ISA/HTML/fi',
  ]);
});

test.each([
  ['a section line', /^\[strings\]$/m],
  ['spaces around the equals sign', /^L_UserName_Text = "/m],
  ['a value without quotes', /^L_UserName_Text=[^"\s]/m],
  ['text after the closing quote', /^L_UserName_Text="[^"]*" ;/m],
  ['a comment line', /^; /m],
])('%s occurs', (_, pattern) => {
  expect(strings.some(({ bytes, encoding }) => pattern.test(decodeText(bytes, encoding)))).toBe(true);
});

test('Vietnamese in windows-1258 has its tones as combining marks', () => {
  const file = strings.find(({ encoding }) => encoding === 'windows-1258');
  // "Mật khẩu": 0xF2 is the dot below and 0xD2 the hook above, each after its â.
  expect(file?.bytes.includes(Buffer.from([0x4d, 0xe2, 0xf2, 0x74, 0x20, 0x6b, 0x68, 0xe2, 0xd2, 0x75]))).toBe(true);
});

test('Japanese and Chinese files hold characters whose second byte is a backslash', () => {
  const trail = (culture: string, lead: number): boolean =>
    strings.some((file) => file.culture === culture && file.bytes.includes(Buffer.from([lead, 0x5c])));
  expect(trail('ja', 0x83)).toBe(true); // ソ in 932
  expect(trail('zh-TW', 0xa5)).toBe(true); // 功 in 950
});

test('every value of every file is found by its whole key and reads as the wording says', () => {
  const read = strings.flatMap((file) => {
    const byHand = file.member === 'TMG02' && `${file.set}/${file.formClass}/${file.culture}` === 'MyForms/HTML/nl';
    return Object.entries(wording[file.culture] ?? {}).map(([key, text]) => {
      const expected = byHand && key === 'L_UserName_Text' ? 'E-mailadres:' : text;
      return { path: file.path, key, expected, text: textOf(file, key) };
    });
  });
  expect(read.length).toBeGreaterThan(strings.length);
  expect(read.filter(({ text, expected }) => text !== expected)).toEqual([]);
});

test('the members differ in one file', () => {
  const bytesOf = (member: string): Map<string, string> =>
    new Map(
      usual
        .filter(({ path }) => path.startsWith(member))
        .map(({ path, bytes }) => [path.slice(member.length).toLowerCase(), bytes.toString('latin1')]),
    );
  const second = bytesOf('TMG02');
  const different = [...bytesOf('TMG01')].filter(([path, bytes]) => second.get(path) !== bytes).map(([path]) => path);
  expect(different).toHaveLength(1);
  expect(different[0]).toMatch(/\/myforms\/html\/nls\/nl\/strings\.txt$/);
});

test('only the custom form has a hint that names the domain', () => {
  const forms = usual.filter(({ path }) => path.endsWith('.htm'));
  expect(forms).toHaveLength(12);
  for (const { bytes } of forms) expect(bytes.toString()).toContain('>@@L_UserName_Text<');
  const custom = forms.filter(({ bytes }) => bytes.includes('placeholder="Domain\\Username"'));
  expect(custom.map(({ path }) => path.replace(/^.*CookieAuthTemplates\//, ''))).toEqual([
    'MyForms/HTML/usr_pwd.htm',
    'MyForms/HTML/usr_pwd.htm',
  ]);
});

test('the first member has a set besides, whose form and script are its own and whose German letters are lost, and a copy', () => {
  const besides = files.filter((file) => !usual.includes(file));
  const contents = Object.fromEntries(
    besides.map(({ path, bytes }) => [path.replace(/^TMG01\/.*CookieAuthTemplates\//, ''), bytes.toString()]),
  );
  expect(contents).toEqual({
    'Partners/HTML/usr_pwd.htm': expect.stringContaining('<label for="username">Domain\\user name</label>'),
    'Partners/HTML/logon.js': expect.stringContaining(String.raw`= "CONTOSO\\" + form`),
    'Partners/HTML/strings.txt': expect.anything(),
    'Partners/HTML/nls/de/strings.txt': expect.stringContaining('L_UserName_Text="Dom?ne\\Benutzername:"'),
    'Exchange - Copy/HTML/strings.txt': contents['Partners/HTML/strings.txt'],
  });
});

const hasIconv = spawnSync('iconv', ['--version']).status === 0;

function iconvName(encoding: TextEncoding): string {
  const name = encoding.replace(' with BOM', '').toUpperCase();
  return name.replace(/^WINDOWS-/, 'CP');
}

test.skipIf(!hasIconv)('iconv reads every file as we do', () => {
  for (const encoding of new Set(strings.map((file) => file.encoding))) {
    const bytes = Buffer.concat(strings.filter((file) => file.encoding === encoding).map((file) => file.bytes));
    const byIconv = execFileSync('iconv', ['-f', iconvName(encoding), '-t', 'UTF-8'], { input: bytes }).toString();
    expect(byIconv.normalize('NFC') === decodeText(bytes, encoding).normalize('NFC'), encoding).toBe(true);
    expect(byIconv).not.toMatch(/\ufffd/);
  }
});

describe('laying them out', () => {
  let scratch: string;
  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'form-sets-'));
  });
  afterEach(async () => {
    await rm(scratch, { recursive: true });
  });

  test('writes every file into a new folder and gives one root a member', async () => {
    const folder = join(scratch, 'site');
    await layOutFormSets(folder, templates);
    expect(practice.given(folder)).toEqual(['--root', join(folder, 'TMG01'), '--root', join(folder, 'TMG02')]);
    for (const { path, bytes } of files) {
      if (!readFileSync(join(folder, path)).equals(bytes)) expect.fail(`${path} has other bytes`);
    }
    expect((await readdir(folder)).sort()).toEqual(['TMG01', 'TMG02', 'practice-form-sets.txt']);
  });

  test('again completes what is missing and keeps what was changed', async () => {
    const [first, second] = files.map(({ path }) => join(scratch, path));
    if (first === undefined || second === undefined) expect.fail('no files');
    await layOutFormSets(scratch, templates);
    await writeFile(first, 'changed');
    await rm(second);
    await layOutFormSets(scratch, templates);
    expect(await readFile(first, 'utf8')).toBe('changed');
    expect(await readFile(second)).toEqual(files[1]?.bytes);
  });

  test('completes what an interruption has left', async () => {
    need('refusedNames');
    const folder = join(scratch, 'site');
    const broken = join(scratch, 'templates');
    await mkdir(join(broken, 'practice'), { recursive: true });
    // A culture by its form, and no folder by its length.
    const text = JSON.stringify({ ...wording, [`en-x${'-practice'.repeat(30)}`]: wording['en'] });
    await writeFile(join(broken, 'practice', 'form-sets.json'), text);
    await expect(layOutFormSets(folder, pathToFileURL(`${broken}/`))).rejects.toThrow(FileError);
    await layOutFormSets(folder, templates);
    for (const { path, bytes } of files) {
      if (!readFileSync(join(folder, path)).equals(bytes)) expect.fail(`${path} has other bytes`);
    }
  });

  test('leaves a folder alone that holds anything else', async () => {
    await writeFile(join(scratch, 'mine.txt'), 'mine');
    const laying = layOutFormSets(scratch, templates);
    await expect(laying).rejects.toThrow(FileError);
    await expect(laying).rejects.toThrow(`${scratch}: the folder is not empty, and not a practice folder`);
    expect(await readdir(scratch)).toEqual(['mine.txt']);
  });

  test('says so when the folder is a file', async () => {
    const file = join(scratch, 'site');
    await writeFile(file, '');
    await expect(layOutFormSets(file, templates)).rejects.toMatchObject({ errno: 'ENOTDIR', trouble: { on: file } });
  });

  test('says so when a file is in the place of a folder', async () => {
    await writeFile(join(scratch, 'practice-form-sets.txt'), '');
    await writeFile(join(scratch, 'TMG01'), '');
    await expect(layOutFormSets(scratch, templates)).rejects.toThrow(/Could not write a practice file: .*TMG01/);
  });

  test('says so when its own wording is missing or damaged', async () => {
    const folder = join(scratch, 'site');
    await mkdir(join(scratch, 'practice'));
    await writeFile(join(scratch, 'practice', 'form-sets.json'), '{');
    await expect(layOutFormSets(folder, pathToFileURL(`${scratch}/`))).rejects.toThrow(FileError);
    await expect(layOutFormSets(folder, pathToFileURL(join(scratch, 'none/')))).rejects.toMatchObject({
      errno: 'ENOENT',
    });
    expect(await readdir(scratch)).toEqual(['practice']);
  });
});
