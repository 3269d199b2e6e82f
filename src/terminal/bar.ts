import { type Signs, unicodeSigns } from './signs.ts';

/**
 * A share as a bar of so many columns, padded with spaces, as exact as the signs allow: to an eighth of a column in
 * Unicode, to a whole one in ASCII. Anything above 0 % shows, anything below 100 % leaves room, anything above 100 % is full.
 */
export function bar(percent: number, columns: number, signs: Signs = unicodeSigns): string {
  const { full, parts } = signs.bar;
  const steps = parts.length + 1;
  const whole = columns * steps;
  let filled = Math.round((Math.min(100, Math.max(0, percent)) / 100) * whole);
  if (percent > 0) filled = Math.max(1, filled);
  if (percent < 100) filled = Math.min(whole - 1, filled);
  const blocks = full.repeat(Math.floor(filled / steps)) + (parts[(filled % steps) - 1] ?? '');
  return blocks.padEnd(columns, ' ');
}
