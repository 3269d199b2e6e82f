const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'] as const;

/**
 * A share as a bar of so many columns, exact to an eighth of a column and filled up with spaces.
 * Anything above 0 % shows, anything below 100 % leaves room, anything above 100 % is full.
 */
export function bar(percent: number, columns: number): string {
  const whole = columns * 8;
  let filled = Math.round((Math.min(100, Math.max(0, percent)) / 100) * whole);
  if (percent > 0) filled = Math.max(1, filled);
  if (percent < 100) filled = Math.min(whole - 1, filled);
  const blocks = '█'.repeat(Math.floor(filled / 8)) + (eighths[filled % 8] ?? '');
  return blocks.padEnd(columns, ' ');
}
