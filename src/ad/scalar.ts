/** Truth values and integers as LDAP writes them: exactly so, or an error. */

import { ValueSyntaxError } from './value-syntax-error.ts';

/** TRUE or FALSE (RFC 4517 3.3.3). Throws ValueSyntaxError. */
export function parseBoolean(text: string): boolean {
  if (text !== 'TRUE' && text !== 'FALSE') throw new ValueSyntaxError('the truth value', text, 'TRUE or FALSE');
  return text === 'TRUE';
}

/** Syntax Integer (MS-ADTS 3.1.1.2.2.2): 32 bits with a sign. Throws ValueSyntaxError. */
export function parseInteger32(text: string): number {
  return Number(parseInteger(text, 32));
}

/** Syntax LargeInteger (MS-ADTS 3.1.1.2.2.2): 64 bits with a sign. Throws ValueSyntaxError. */
export function parseLargeInteger(text: string): bigint {
  return parseInteger(text, 64);
}

function parseInteger(text: string, bits: number): bigint {
  const value = /^-?(?:0|[1-9]\d{0,18})$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || BigInt.asIntN(bits, value) !== value) {
    throw new ValueSyntaxError('the number', text, `a whole number of ${bits} bits`);
  }
  return value;
}
