import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { visible } from '../../src/terminal/text-layout.ts';

describe('visible', () => {
  test.each([
    ['an escape sequence', 'CN=\x1b[2Jevil', 'CN=<U+001B>[2Jevil'],
    ['a one-byte control sequence introducer', '\x9b31m', '<U+009B>31m'],
    ['line breaks and tabs', 'a\r\n\tb', 'a<U+000D><U+000A><U+0009>b'],
    ['NUL and DEL', '\0\x7f', '<U+0000><U+007F>'],
    ['a line separator', 'a\u2028b', 'a<U+2028>b'],
    ['a right-to-left override', 'exe\u202etxt', 'exe<U+202E>txt'],
    ['an isolate', '\u2066a\u2069', '<U+2066>a<U+2069>'],
    ['a byte order mark', '\ufeffLabel', '<U+FEFF>Label'],
    ['a left-to-right mark', 'CN=a\u200eb', 'CN=a<U+200E>b'],
    ['the mark of an Arabic label', 'عُنوان\u200f', 'عُنوان<U+200F>'],
    ['an Arabic letter mark', 'a\u061cb', 'a<U+061C>b'],
    ['zero-width spaces and joiners', 'a\u200b\u200c\u200d\u2060b', 'a<U+200B><U+200C><U+200D><U+2060>b'],
    ['a soft hyphen', 'a\u00adb', 'a<U+00AD>b'],
    ['a variation selector', 'a\ufe0fb', 'a<U+FE0F>b'],
    ['a filler', 'a\u3164b', 'a<U+3164>b'],
    ['a Braille pattern without dots', 'a\u2800b', 'a<U+2800>b'],
    ['a tag', 'a\u{e0041}b', 'a<U+E0041>b'],
    ['half a surrogate pair', 'a\ud800b', 'a<U+D800>b'],
  ])('writes out %s', (_what, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test.each(['C:\\new\\table', 'ที่อยู่อีเมล', 'Địa chỉ'.normalize('NFD'), 'メール', 'عُنوان', '👧', 'Adresse\u00a0:'])(
    'leaves %s as it is',
    (text) => {
      expect(visible(text)).toBe(text);
    },
  );

  test('lets nothing through that is not seen', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\u115f\u1160\u3164]/u);
      }),
    );
  });
});
