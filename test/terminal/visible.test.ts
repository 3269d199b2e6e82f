import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { visible } from '../../src/terminal/visible.ts';

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
    ['half a surrogate pair', 'a\ud800b', 'a<U+D800>b'],
  ])('writes out %s', (_what, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test.each([
    'C:\\new\\table',
    'ที่อยู่อีเมล',
    'Địa chỉ'.normalize('NFD'),
    'メール',
    'عُنوان\u200f',
    '👩‍👩‍👧',
    'Adresse\u00a0:',
  ])('leaves %s as it is', (text) => {
    expect(visible(text)).toBe(text);
  });

  test('lets no control character through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        expect(visible(text)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});
