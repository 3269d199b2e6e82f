/** Directory values as a plan file holds them: text that a person can read, or base64. */

import { ValueSyntaxError } from './value-syntax-error.ts';

/** Has the shape of the plan's PlanValue. */
export type WrittenValue = string | { readonly base64: string };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text if the bytes are UTF-8 without control characters (tab and line breaks may be), else base64. Loses no byte. */
export function writtenValueOf(bytes: Uint8Array): WrittenValue {
  const text = textOf(bytes);
  if (text === undefined || /[^\P{Cc}\t\n\r]/u.test(text)) return { base64: Buffer.from(bytes).toString('base64') };
  return text;
}

/** The bytes again. Throws ValueSyntaxError if the base64 is broken. */
export function bytesOfWrittenValue(value: WrittenValue): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  const bytes = Buffer.from(value.base64, 'base64');
  if (bytes.toString('base64') !== value.base64) throw new ValueSyntaxError('the value', value.base64, 'base64');
  return bytes;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    // Not UTF-8: that is the answer.
    return undefined;
  }
}
