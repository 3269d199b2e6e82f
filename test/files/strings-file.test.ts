import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findValues, isIsa2004Format, keysOf, spliceBytes } from '../../src/files/strings-file.ts';
import { codePages, decodeText, encodeText, type TextEncoding } from '../../src/files/text-encoding.ts';
import { encodedAs } from '../support/strings-content.ts';

const key = 'L_UserName_Text';
const unicodeEncodings = [
  'utf-8',
  'utf-8 with BOM',
  'utf-16le',
  'utf-16le with BOM',
  'utf-16be',
  'utf-16be with BOM',
] as const;
const encodings: readonly TextEncoding[] = [
  'ascii',
  ...unicodeEncodings,
  ...codePages.map((page) => `windows-${page}` as const),
];

/** What is found for the key, with the values' text in place of their bytes. */
function valuesIn(content: string, encoding: TextEncoding = 'utf-8'): unknown[] {
  const bytes = encodedAs(encoding, content);
  return findValues(bytes, encoding, key).map((found) =>
    found.kind === 'value'
      ? [decodeText(bytes.subarray(found.offset, found.offset + found.length), encoding), found.line]
      : [found.kind, found.line],
  );
}

describe('the value of a key', () => {
  test('is found by the whole key only', () => {
    expect(
      valuesIn(
        [
          'L_UserName_Text2="longer"',
          'XL_UserName_Text="with something before"',
          '@@L_UserName_Text="as forms have it"',
          'L_UserName="shorter"',
          'l_username_text="in another case"',
          'L_UserName_Text Extra="two words"',
          'L_UserName_Text="this one"',
          'L_Other="L_UserName_Text="',
          'L_UserName_TextL_UserName_Text="twice over"',
        ].join('\n'),
      ),
    ).toEqual([['this one', 7]]);
  });

  test.each([
    [';L_UserName_Text="a comment"'],
    ['; L_UserName_Text="a comment"'],
    ['// L_UserName_Text="a comment"'],
    ['L_UserName_Text "no equals sign"'],
    ['L_UserName_Text'],
    ['L_Password_Text="Password"'],
    [''],
  ])('is not in %j', (line) => {
    expect(valuesIn(`[strings]\n${line}`)).toEqual([]);
  });

  test.each([
    ['plain', 'L_UserName_Text="Domain\\user name:"', 'Domain\\user name:'],
    ['with spaces and tabs around', ' \tL_UserName_Text \t= \t"Domain\\user name:" \t', 'Domain\\user name:'],
    ['without quotes', 'L_UserName_Text=Domain\\user name:', 'Domain\\user name:'],
    ['without quotes, with spaces around', 'L_UserName_Text =  Domain\\user name: \t', 'Domain\\user name:'],
    ['empty in quotes', 'L_UserName_Text=""', ''],
    ['empty', 'L_UserName_Text=', ''],
    ['empty before spaces', 'L_UserName_Text= \t', ''],
    [
      'with quotes inside',
      'L_UserName_Text="say "user" or <a href="#">name</a>:"',
      'say "user" or <a href="#">name</a>:',
    ],
    ['ending in an inner quote', 'L_UserName_Text="say "user""', 'say "user"'],
    ['with a semicolon inside', 'L_UserName_Text="user; name"', 'user; name'],
    ['with an equals sign inside', 'L_UserName_Text="user = name"', 'user = name'],
    ['with a backslash before the quote', 'L_UserName_Text="Domain\\"', 'Domain\\'],
    ['with spaces at its ends', 'L_UserName_Text="  user  "', '  user  '],
    ['with a comment behind', 'L_UserName_Text="user" ; checked', 'user'],
    ['with a comment close behind', 'L_UserName_Text="user";checked', 'user'],
    ['with a comment behind that has quotes', 'L_UserName_Text="user" ; was "name" before', 'user'],
    ['with other text behind', 'L_UserName_Text="user" checked', 'user'],
    ['unquoted with a semicolon inside', 'L_UserName_Text=user;name', 'user;name'],
    ['unquoted with balanced quotes inside', 'L_UserName_Text=<a href="#">user</a>', '<a href="#">user</a>'],
  ])('is read %s', (_, line, value) => {
    expect(valuesIn(line)).toEqual([[value, 1]]);
    expect(valuesIn(`; first\r\n${line}\r\nL_Next="x"\r\n`)).toEqual([[value, 2]]);
  });

  test.each([
    ['unterminated', 'L_UserName_Text="Domain\\user name:'],
    ['unterminated', 'L_UserName_Text="'],
    ['typographic', 'L_UserName_Text="Domain\\user name:”'],
    ['typographic', 'L_UserName_Text=“Domain\\user name:"'],
    ['ambiguous', 'L_UserName_Text="a" b "c" d'],
    ['ambiguous', 'L_UserName_Text="a" ; b"'],
    ['ambiguous', 'L_UserName_Text="a" ; b" ; c'],
    ['ambiguous', 'L_UserName_Text=a ; b'],
    ['ambiguous', 'L_UserName_Text=Domain\\user name:"'],
  ])('whose end is %s is never guessed: %s', (kind, line) => {
    expect(valuesIn(line)).toEqual([[kind, 1]]);
    expect(valuesIn(`${line}\r\nL_Next="x"`)).toEqual([[kind, 1]]);
  });

  test('is found each time that the key is given one', () => {
    expect(valuesIn(`${key}="a"\n\n${key}="b"\n${key}="c`)).toEqual([
      ['a', 1],
      ['b', 3],
      ['unterminated', 4],
    ]);
  });

  test.each(['\r\n', '\n', '\r'])('ends with its line, be it by %j', (end) => {
    expect(valuesIn(`; c${end}${key}=a${end}${key}="b"${end}`)).toEqual([
      ['a', 2],
      ['b', 3],
    ]);
  });

  test('has its line counted right where the line ends are mixed', () => {
    expect(valuesIn(`1\r\n2\n3\r4\r\n\r\n${key}="a"`)).toEqual([['a', 6]]);
  });

  test.each(encodings)('is found on the first line and as the last bytes: %s', (encoding) => {
    expect(valuesIn(`${key}="a"\r\n${key}=b`, encoding)).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  test.each([
    ['a byte of à', 'utf-8', 'Città'],
    ['a no-break space', 'windows-1252', 'Adresse\u00a0'],
    ['an ideographic space', 'utf-16le', '名前\u3000'],
    ['a trail byte A0', 'windows-932', encodedTrailA0()],
  ] as const)('keeps its last character, though it looks like a space as a byte: %s', (_, encoding, value) => {
    expect(valuesIn(`${key}=${value}\r\n`, encoding)).toEqual([[value, 1]]);
    expect(valuesIn(`${key}="${value}" \r\n`, encoding)).toEqual([[value, 1]]);
  });

  /** A character that code page 932 writes with A0 as its second byte. */
  function encodedTrailA0(): string {
    return decodeText(Buffer.from([0x89, 0xa0]), 'windows-932');
  }

  test('is found in ten megabytes of text, however often the key is in it', () => {
    const line = `${key}="Domain\\user name:"\r\n`;
    const bytes = Buffer.from(line.repeat(Math.ceil(10_000_000 / line.length)));
    const found = findValues(bytes, 'ascii', key);
    expect(found).toHaveLength(bytes.length / line.length);
    expect(found.at(-1)).toMatchObject({ line: bytes.length / line.length });
  });
});

/** Any text that is a value: on one line, without quotes, with characters of every kind of byte length. */
const label = fc.string({ unit: fc.constantFrom(...'aZ09 :;=\\/éßąЖאبあ中한€'), maxLength: 20 });

describe('a splice', () => {
  test.each(encodings)('changes nothing outside the value, for any bytes around it: %s', (encoding) => {
    const unit = encoding.startsWith('utf-16') ? 2 : 1;
    const anyBytes = fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % unit))));
    const ascii = (text: string): Buffer => encodedAs(encoding.replace(' with BOM', '') as TextEncoding, text);
    fc.assert(
      fc.property(
        anyBytes,
        anyBytes,
        label,
        label,
        fc.constantFrom('\n', '\r\n', '\r'),
        (before, after, old, now, end) => {
          const oldBytes = encodeText(old, encoding);
          const newBytes = encodeText(now, encoding);
          fc.pre(oldBytes.kind === 'encoded' && newBytes.kind === 'encoded');
          const head = Buffer.concat([before, ascii(`${end}${key}="`)]);
          const tail = Buffer.concat([ascii(`"${end}`), after]);
          const bytes = Buffer.concat([head, oldBytes.bytes, tail]);
          const found = findValues(bytes, encoding, key).filter(
            (value) => value.kind === 'value' && value.offset === head.length,
          );
          expect(found).toMatchObject([{ length: oldBytes.bytes.length }]);
          const spliced = spliceBytes(bytes, [{ offset: head.length, old: oldBytes.bytes, new: newBytes.bytes }]);
          expect(spliced.equals(Buffer.concat([head, newBytes.bytes, tail]))).toBe(true);
          expect(findValues(spliced, encoding, key)).toContainEqual(
            expect.objectContaining({ kind: 'value', offset: head.length, length: newBytes.bytes.length }),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  test('of several values at once replaces each and joins the rest', () => {
    const bytes = Buffer.from('0123456789');
    const splices = [
      { offset: 0, old: Buffer.from('01'), new: Buffer.from('a') },
      { offset: 4, old: Buffer.alloc(0), new: Buffer.from('bcd') },
      { offset: 8, old: Buffer.from('89'), new: Buffer.alloc(0) },
    ];
    expect(spliceBytes(bytes, splices).toString()).toBe('a23bcd4567');
    expect(spliceBytes(bytes, [])).toEqual(bytes);
  });
});

describe('the keys of a file', () => {
  test.each(encodings)('are reported once each, in their order: %s', (encoding) => {
    const content = '; L_No="x"\r\nL_B="a=b"\r\n[s]\n \tL_A = c\rL_B="L_C=d"\r\n"L_D"=e\r\n=f\r\n19=g';
    expect(keysOf(encodedAs(encoding, content), encoding)).toEqual(['L_B', 'L_A', '19']);
  });

  test.each(encodings.filter((encoding) => encoding.startsWith('utf')))('begin at the first byte: %s', (encoding) => {
    expect(keysOf(encodedAs(encoding, 'L_A="b"'), encoding)).toEqual(['L_A']);
  });
});

describe('the format of ISA Server 2004', () => {
  test.each(['ascii', 'utf-8 with BOM', 'utf-16le with BOM'] as const)('is known by its numbers: %s', (encoding) => {
    expect(isIsa2004Format(encodedAs(encoding, '19=Domain\\user name:\r\n50=Password:'), encoding)).toBe(true);
    expect(isIsa2004Format(encodedAs(encoding, '19=Domain\\user name:'), encoding)).toBe(true);
    expect(isIsa2004Format(encodedAs(encoding, '; texts\r\n 19 = Domain\\user name:'), encoding)).toBe(true);
  });

  test.each(['ascii', 'utf-8 with BOM', 'utf-16le with BOM'] as const)(
    'is not that of a file with names for keys, even with a number among them: %s',
    (encoding) => {
      expect(isIsa2004Format(encodedAs(encoding, 'L_UserName_Text="a"\r\n19=b'), encoding)).toBe(false);
      expect(isIsa2004Format(encodedAs(encoding, '; no 19 = b'), encoding)).toBe(false);
    },
  );
});
