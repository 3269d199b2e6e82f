import fc from 'fast-check';
import { BerReader, BerWriter } from 'ldapts';
import { describe, expect, it } from 'vitest';
import { BerError, constructed, decode, elementSize, elementsOf, encode, integer, octets, readInteger } from './ber.ts';

describe('BER', () => {
  it('gives integers back, in the shortest form that another implementation also writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (value) => {
        const bytes = encode(integer(value));
        expect(readInteger(decode(bytes))).toBe(value);
        const theirs = new BerWriter();
        theirs.writeInt(value);
        expect(bytes).toEqual(theirs.buffer);
      }),
    );
  });

  it.each([0, 127, 128, 255, 256, 65_535, 65_536, 70_000])(
    'writes a string of %i bytes as others read it',
    (length) => {
      const bytes = encode(constructed([octets(Buffer.alloc(length, 0x61)), octets('end')]));
      const reader = new BerReader(bytes);
      reader.readSequence();
      expect(reader.readString()).toBe('a'.repeat(length));
      expect(reader.readString()).toBe('end');
      expect(elementSize(bytes)).toBe(bytes.length);
    },
  );

  it('refuses every message that is cut short', () => {
    const whole = encode(constructed([octets('abc'), constructed([integer(7)])]));
    for (let length = 1; length < whole.length; length += 1) {
      expect(() => decode(whole.subarray(0, length)), `${length} bytes`).toThrow(BerError);
    }
  });

  it('refuses indefinite lengths, lengths of more than four bytes and long tags', () => {
    for (const hex of ['3080', '308500000000010203', '1f8101']) {
      expect(() => elementsOf(Buffer.from(hex, 'hex')), hex).toThrow(BerError);
    }
  });
});
