import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import {
  ansiCodePageOf,
  byteUnits,
  type CodePage,
  codePages,
  decodeText,
  detectEncoding,
  encodeText,
  encodingOfCodePage,
  type TextEncoding,
} from '../../src/files/text-encoding.ts';
import { encodedAs } from '../support/strings-content.ts';

const unicodeEncodings = [
  'utf-8',
  'utf-8 with BOM',
  'utf-16le',
  'utf-16le with BOM',
  'utf-16be',
  'utf-16be with BOM',
] as const;
const withMark = unicodeEncodings.filter((encoding) => encoding.endsWith('with BOM'));
const encodings: readonly TextEncoding[] = [
  'ascii',
  ...unicodeEncodings,
  ...codePages.map((page) => `windows-${page}` as const),
];

const template = (name: string): Record<string, Record<string, string>> =>
  JSON.parse(readFileSync(new URL(`../../templates/${name}`, import.meta.url), 'utf8'));
const practiceTexts = template('practice/form-sets.json');
const labelTexts = template('wording/labels.json');

const text = (bytes: Buffer, page?: (typeof codePages)[number]) => detectEncoding(bytes, page);

describe('the encoding of a file', () => {
  test('of no bytes at all can only be said to be empty', () => {
    expect(text(Buffer.alloc(0))).toEqual({ kind: 'empty' });
  });

  test.each(withMark)('of a byte order mark and nothing behind it (%s) is empty too', (encoding) => {
    expect(text(encodedAs(encoding, ''))).toEqual({ kind: 'empty' });
  });

  test.each(withMark)('is known from the byte order mark: %s, whatever text follows', (encoding) => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (content) => {
        fc.pre(!content.includes('\0'));
        expect(text(encodedAs(encoding, content))).toEqual({ kind: 'text', encoding });
      }),
    );
  });

  test.each(['utf-16le', 'utf-16be'] as const)('is known from where the NULs are: %s without a mark', (encoding) => {
    for (const label of ['Domain\\user name:', '电子邮件地址:', 'Адрес электронной почты:', '一\u3000名前一:']) {
      expect(text(encodedAs(encoding, `; c\r\nL_UserName_Text="${label}"\r\n`))).toEqual({ kind: 'text', encoding });
    }
  });

  test('is ASCII where nothing is above 7F, whatever the language', () => {
    expect(text(Buffer.from('L_A="b"\n'), 932)).toEqual({ kind: 'text', encoding: 'ascii' });
  });

  test('is UTF-8 where every byte fits, even if the language has a code page', () => {
    expect(text(Buffer.from('L_A="Größe"\n'), 1252)).toEqual({ kind: 'text', encoding: 'utf-8' });
  });

  test.each(
    Object.entries(practiceTexts).flatMap(([culture, texts]) => {
      const page = ansiCodePageOf(culture);
      const content = Object.values(texts).join('\r\n').normalize('NFC');
      return page === undefined || /^[\0-\x7f]*$/.test(content) ? [] : ([[culture, page, content]] as const);
    }),
  )('is the code page of the language: %s is in %i', (_, page, content) => {
    expect(text(iconv.encode(content, `windows-${page}`), page)).toEqual({ kind: 'text', encoding: `windows-${page}` });
  });

  test('is not known where the language has no code page', () => {
    expect(text(Buffer.from([0x41, 0xe4, 0x42]))).toEqual({ kind: 'code-page-unknown' });
  });
});

describe('a file that is damaged', () => {
  test.each([
    ['utf-16le with BOM', 'L_A="b"'],
    ['utf-16be with BOM', 'L_A="b"'],
    ['utf-16le', 'L_A="b"'],
    ['utf-16be', 'L_A="b"'],
  ] as const)('by a lost last byte: %s', (encoding, content) => {
    const bytes = encodedAs(encoding, content);
    expect(text(bytes.subarray(0, -1))).toEqual({
      kind: 'damaged',
      reason: `truncated UTF-16: ${bytes.length - 1} bytes, an odd number`,
    });
  });

  test.each([
    ['a high surrogate alone', 'ab\ud83dcd', 6],
    ['a low surrogate alone', 'ab\ude00cd', 6],
    ['a high surrogate at the end', 'ab\ud83d', 6],
    ['the halves the wrong way round', 'ab\ude00\ud83d', 6],
  ])('by %s', (_, content, at) => {
    for (const encoding of ['utf-16le with BOM', 'utf-16be with BOM'] as const) {
      const found = text(encodedAs(encoding, content));
      expect(found).toEqual({ kind: 'damaged', reason: `an unpaired surrogate at byte ${at}` });
    }
  });

  test.each([
    ['utf-16le with BOM', 'utf-16le', 'utf-16be'],
    ['utf-16be with BOM', 'utf-16be', 'utf-16le'],
  ] as const)('by bytes in another order than its byte order mark says: %s', (encoding, marked, found) => {
    const bytes = encodedAs(encoding, 'L_Name="b"\r\n');
    const swapped = Buffer.concat([bytes.subarray(0, 2), Buffer.from(bytes.subarray(2)).swap16()]);
    expect(text(swapped)).toEqual({
      kind: 'damaged',
      reason: `its byte order mark says ${marked}, its bytes ${found}`,
    });
  });

  test.each(['utf-16le with BOM', 'utf-16be with BOM'] as const)('by line ends put in byte by byte: %s', (encoding) => {
    const bytes = encodedAs(encoding, 'L_A="漢"\r\nL_B="字"\r\n').toString('latin1');
    const damaged = Buffer.from(bytes.replaceAll('\n', '\r\n'), 'latin1');
    expect(damaged.length % 2).toBe(0);
    expect(text(damaged)).toMatchObject({ kind: 'damaged', reason: expect.stringContaining('shifted by one byte') });
  });

  test.each(['utf-16le with BOM', 'utf-16be', 'utf-16le'] as const)('by a line of single bytes: %s', (encoding) => {
    const bytes = encodedAs(encoding, 'L_A="漢字"\r\n');
    expect(text(Buffer.concat([bytes, Buffer.from('L_User="abc"\r\n')]))).toEqual({
      kind: 'damaged',
      reason: `UTF-16 with text in another encoding at byte ${bytes.length}`,
    });
  });

  test('by invalid UTF-8 after valid is not treated as a code page', () => {
    const bytes = Buffer.concat([Buffer.from('é; ü; '), Buffer.from([0xe9, 0x20])]);
    expect(text(bytes, 1252)).toEqual({ kind: 'damaged', reason: 'invalid UTF-8 at byte 8, after 2 valid sequences' });
  });

  test.each([
    [1252, 1, 1, 'damaged'],
    [1252, 1, 2, 'text'],
    [undefined, 1, 1, 'damaged'],
    ...([932, 936, 949, 950] as const).flatMap((page) => [
      [page, 2, 1, 'damaged'] as const,
      [page, 3, 2, 'text'] as const,
      [page, 1, 1, 'text'] as const,
    ]),
  ] as const)('read with page %s has %i valid sequences to %i other bytes: %s', (page, valid, invalid, kind) => {
    // é of UTF-8 is a pair of half-width katakana in 932 and a character in the others.
    const bytes = Buffer.concat([Buffer.from('é '.repeat(valid)), Buffer.from('\xe9 '.repeat(invalid), 'latin1')]);
    expect(text(bytes, page).kind).toBe(kind);
  });

  test('by a UTF-8 sequence that is cut off at the end', () => {
    expect(text(Buffer.from('é ü €').subarray(0, -1), 1252)).toMatchObject({ kind: 'damaged' });
  });

  test('by invalid UTF-8 behind a UTF-8 byte order mark, even without anything valid', () => {
    expect(text(Buffer.from([0xef, 0xbb, 0xbf, 0x41, 0xe9, 0x41]), 1252)).toEqual({
      kind: 'damaged',
      reason: 'invalid UTF-8 at byte 4, after a UTF-8 byte order mark',
    });
  });
});

describe('a file that is no text', () => {
  test.each([
    ['NULs on both sides of the pairs', Buffer.from([0x41, 0, 0, 0x41, 0, 0x41, 0x41, 0]), 1],
    ['a single NUL among ASCII', Buffer.from(`${'a'.repeat(100)}\0${'a'.repeat(100)}`), 100],
    ['a NUL behind a UTF-8 byte order mark', Buffer.from('\ufeffab\0'), 5],
    ['a NUL character behind a UTF-16 byte order mark', encodedAs('utf-16le with BOM', 'ab\0'), 6],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x41, 0, 0, 0]), 2],
  ])('is said to be binary: %s', (_, bytes, at) => {
    expect(text(bytes)).toMatchObject({ kind: 'binary', reason: expect.stringMatching(`byte ${at}\\b`) });
  });

  test('is never treated as a code page: random bytes with a NUL among them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 200 }), fc.nat(7), (random, at) => {
        const bytes = Buffer.from(random);
        bytes[at] = 0;
        const found = text(bytes, 1252);
        expect(found.kind === 'text' && found.encoding.startsWith('windows')).toBe(false);
      }),
    );
  });
});

describe('an encoding that the user names', () => {
  const named = (bytes: Buffer, encoding: TextEncoding) => detectEncoding(bytes, undefined, encoding);

  test('is taken where the bytes leave it open', () => {
    expect(named(Buffer.from('abc'), 'windows-1250')).toEqual({ kind: 'text', encoding: 'windows-1250' });
    expect(named(Buffer.from([0x41, 0xe4]), 'windows-1250')).toEqual({ kind: 'text', encoding: 'windows-1250' });
    const damaged = Buffer.concat([Buffer.from('é; ü; '), Buffer.from([0xe9, 0x20])]);
    expect(named(damaged, 'windows-1252')).toEqual({ kind: 'text', encoding: 'windows-1252' });
  });

  test.each(['utf-8', ...withMark] as const)(
    'does not override the encoding of a file that is plainly %s',
    (encoding) => {
      expect(named(encodedAs(encoding, 'Größe'), 'windows-1252')).toEqual({ kind: 'text', encoding });
    },
  );

  test('is not taken where the bytes rule it out: UTF-8 for a file that is none', () => {
    expect(named(Buffer.from([0x41, 0xe9, 0x41]), 'utf-8')).toEqual({
      kind: 'damaged',
      reason: 'invalid UTF-8 at byte 1',
    });
  });

  test('by number is one of the Windows pages, UTF-8 or ASCII', () => {
    expect([1252, 932, 65001, 20127].map(encodingOfCodePage)).toEqual([
      'windows-1252',
      'windows-932',
      'utf-8',
      'ascii',
    ]);
    expect([437, 1200, 1259, 0].map(encodingOfCodePage)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

/** Text that any encoding but ASCII may hold or not hold, with what is often written wrongly. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom(...'aé€ñşאबคあ中한ệ̣¥\\‾～―−‖?�﻿') }),
);

describe('a text that is encoded', () => {
  test.each(encodings)('into %s comes back as it was, or is refused with the characters that it lacks', (encoding) => {
    fc.assert(
      fc.property(anyText, (content) => {
        const result = encodeText(content, encoding);
        if (result.kind === 'encoded') {
          const back = decodeText(result.bytes, encoding);
          expect(encoding === 'windows-1258' ? back.normalize('NFC') : back).toBe(
            encoding === 'windows-1258' ? content.normalize('NFC') : content,
          );
        } else {
          expect(result.characters.length).toBeGreaterThan(0);
          expect(new Set(result.characters).size).toBe(result.characters.length);
          const known = content + content.normalize('NFD') + content.normalize('NFC');
          expect(result.characters.filter((character) => !known.includes(character))).toEqual([]);
        }
      }),
    );
  });

  test.each(encodings)('as %s needs no more than the encoding: what it decodes to can be encoded again', (encoding) => {
    const everyByte = Buffer.from(Array.from({ length: 94 }, (_, index) => 0x21 + index));
    const bytes = encodedAs(encoding, everyByte.toString('latin1'));
    const content = decodeText(bytes, encoding).replace(/^\ufeff/, '');
    expect(encodeText(content, encoding)).toMatchObject({ kind: 'encoded' });
  });

  test.each([
    ['Ηλεκτρονική', 'windows-1252', [...new Set('Ηλεκτρονική')]],
    ['Größe', 'ascii', ['ö', 'ß']],
    ['50 ¥ ‾', 'windows-932', ['¥', '‾']],
    ['ą1?', 'windows-1252', ['ą']],
    ['a\ufffd', 'windows-1252', ['\ufffd']],
    ['a\ufffd', 'windows-1253', ['\ufffd']],
    ['😀', 'windows-936', ['😀']],
    ['\ud83d', 'utf-8', ['\ud83d']],
  ] as const)('%j into %s names what is lacking', (content, encoding, characters) => {
    expect(encodeText(content, encoding)).toEqual({ kind: 'lacking', characters });
  });

  test('into windows-1258 is taken apart as far as that code page needs, and no further', () => {
    const bytes = (content: string) => {
      const result = encodeText(content, 'windows-1258');
      return result.kind === 'encoded' ? result.bytes.toString('hex') : result;
    };
    // đ, ị as i + dot below, á as it is, ệ as ê + dot below
    expect(bytes('địáệ')).toBe('f069f2e1eaf2');
    expect(bytes('địáệ'.normalize('NFD'))).toBe(bytes('địáệ'));
  });
});

describe('units of bytes', () => {
  test.each(unicodeEncodings.filter((encoding) => encoding.startsWith('utf-16')))(
    'in %s are characters',
    (encoding) => {
      expect(byteUnits(encodedAs(encoding, 'aé中'), encoding).replace('\ufeff', '')).toBe('aé中');
    },
  );

  test.each(['ascii', 'utf-8', 'windows-932'] as const)('in %s are bytes', (encoding) => {
    expect(byteUnits(Buffer.from([0x41, 0xff, 0x80]), encoding)).toBe('A\xff\x80');
  });
});

const hasIconv = spawnSync('iconv', ['--version']).status === 0;

describe.skipIf(!hasIconv)('the codec agrees with the iconv of the system', () => {
  const systemIconv = (from: string, to: string, input: Buffer): Buffer =>
    execFileSync('iconv', ['-f', from, '-t', to], { input, maxBuffer: 1 << 24, stdio: ['pipe', 'pipe', 'ignore'] });

  /** Every character that the page has: what its single bytes and its pairs of bytes decode to. */
  function charactersOf(page: (typeof codePages)[number]): readonly string[] {
    const bytes: number[] = [];
    for (let lead = 0x21; lead <= 0xff; lead += 1) {
      bytes.push(lead, 0x0a);
      for (let trail = 0x40; lead >= 0x80 && trail <= 0xfe; trail += 1) bytes.push(lead, trail, 0x0a);
    }
    const decoded = new Set(decodeText(Buffer.from(bytes), `windows-${page}`).split('\n'));
    // Without what users define for themselves, and CA of 1255: glibc has nothing there, Windows a Hebrew point.
    return [...decoded].filter((line) => /^[^\p{Cc}\p{Co}\ufffd\u05ba]$/u.test(line));
  }

  test.each(codePages)('on every character of code page %i', (page) => {
    const characters = charactersOf(page);
    expect(characters.length).toBeGreaterThan(page < 1250 && page !== 874 ? 7000 : 185);
    const result = encodeText(characters.join('\n'), `windows-${page}`);
    if (result.kind !== 'encoded') throw new Error(`lacking: ${result.characters.join(' ')}`);
    expect(systemIconv(`CP${page}`, 'UTF-8', result.bytes).toString()).toBe(characters.join('\n'));
  });

  test.each(codePages)('on which labels fit code page %i, and on their bytes', (page) => {
    const labels = Object.entries(labelTexts)
      .filter(([culture]) => ansiCodePageOf(culture) === page)
      .flatMap(([, texts]) => Object.values(texts));
    expect(labels.length).toBeGreaterThan(1);
    const theirs = systemIconv('UTF-8', `CP${page}`, Buffer.from(labels.join('\n')));
    const ours = encodeText(labels.join('\n'), `windows-${page}`);
    if (page === 1258) {
      // glibc takes every tone apart, we only those that the page lacks: ù has a byte of its own.
      const bytes = ours.kind === 'encoded' ? ours.bytes : Buffer.alloc(0);
      expect(systemIconv('CP1258', 'UTF-8', bytes).toString().normalize()).toBe(labels.join('\n').normalize());
    } else {
      expect(ours).toEqual({ kind: 'encoded', bytes: theirs });
    }
  });

  test.each(['UTF-16LE', 'UTF-16BE', 'UTF-8'] as const)('on %s', (name) => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', size: 'large' }), (content) => {
        const result = encodeText(content, name.toLowerCase() as TextEncoding);
        expect(result).toEqual({ kind: 'encoded', bytes: systemIconv('UTF-8', name, Buffer.from(content)) });
      }),
      { numRuns: 10 },
    );
  });
});

const culturesOf: readonly (readonly [CodePage, string])[] = [
  [1250, 'bs bs-Latn cs hr hu pl ro sk sl sq sr-Latn sr-ME'],
  [1251, 'be bg mk ru sr-Cyrl uk kk az-Cyrl bs-Cyrl uz-Cyrl'],
  [1252, 'ca da de en es eu fi fr gl id is it ms nb nl nn no pt sv'],
  [1253, 'el'],
  [1254, 'az az-Latn tr uz-Latn'],
  [1255, 'he iw'],
  [1256, 'ar fa ur'],
  [1257, 'et lt lv'],
  [1258, 'vi'],
  [874, 'th'],
  [932, 'ja'],
  [936, 'zh zh-CN zh-Hans zh-Hans-HK zh-SG'],
  [949, 'ko'],
  [950, 'zh-TW zh-HK zh-MO zh-Hant zh-Hant-SG'],
];

describe('the code page of a language', () => {
  test.each(culturesOf)('%i is that of %s', (page, cultures) => {
    for (const culture of cultures.split(' ')) expect([culture, ansiCodePageOf(culture)]).toEqual([culture, page]);
  });

  test('goes with regions, and any letter case', () => {
    expect(['de-AT', 'SR-latn-rs', 'ZH-tw', 'pt-BR'].map(ansiCodePageOf)).toEqual([1252, 1250, 950, 1252]);
  });

  test.each(['hi', 'ta', 'te', 'ka', 'hy'])('is none for %s, which can only be Unicode', (culture) => {
    expect(ansiCodePageOf(culture)).toBeUndefined();
  });

  test.each(['en-Shaw', 'ru-Latn', 'kk-Arab', 'tr-Arab', 'az-Arab', 'ms-Arab'])(
    'is none for %s: that of another script is not taken',
    (culture) => {
      expect(ansiCodePageOf(culture)).toBeUndefined();
    },
  );

  test('is not asked for what is no culture', () => {
    expect(() => ansiCodePageOf('Sonstiges')).toThrow(RangeError);
  });
});

/** Letters beyond ASCII that a culture writes the names of languages with, each as often as it comes up there. */
function lettersOf(culture: string): readonly string[] {
  const names = new Intl.DisplayNames(culture, { type: 'language', fallback: 'none' });
  const text = culturesOf.flatMap(([, cultures]) => cultures.split(' ').map((tag) => names.of(tag) ?? '')).join('');
  return [...text].filter((character) => /[^\0-\x7f]/.test(character) && /\p{L}/u.test(character));
}

/** How many of the letters the page has; tones of Vietnamese stand behind their letter there. */
function heldBy(page: CodePage, letters: readonly string[]): number {
  const has = (text: string): boolean =>
    iconv.decode(iconv.encode(text, `windows-${page}`), `windows-${page}`) === text;
  const toneApart = (letter: string): string =>
    letter.normalize('NFD').replace(/(.)(\u031b|\u0302|\u0306)?/gu, (part) => part.normalize('NFC'));
  return letters.filter((letter) => has(letter) || (page === 1258 && has(toneApart(letter)))).length;
}

test.each(culturesOf.flatMap(([page, cultures]) => cultures.split(' ').map((culture) => [culture, page] as const)))(
  'what %s is written with, page %i has as good as any page',
  (culture, page) => {
    const letters = lettersOf(culture);
    const most = Math.max(...codePages.map((candidate) => heldBy(candidate, letters)));
    // A language's name may be borrowed with its letters: the å of "bokmål" in Polish.
    expect(heldBy(page, letters)).toBeGreaterThanOrEqual(most * 0.95);
  },
);
