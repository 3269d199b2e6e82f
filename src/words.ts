/** Counts, lists and durations in words. */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * A duration in milliseconds in its largest suitable unit, rounded down: "40 seconds", "14 minutes", "36 hours",
 * "47 days". Below two days it is given in hours, which are more precise than "1 day".
 */
export function durationInWords(milliseconds: number): string {
  const length = Math.abs(milliseconds);
  if (length >= 2 * day) return counted(length / day, 'day');
  if (length >= hour) return counted(length / hour, 'hour');
  if (length >= minute) return counted(length / minute, 'minute');
  return counted(length / second, 'second');
}

/** "14 minutes ago", "in 3 minutes" (a clock is ahead), "never". */
export function agoInWords(time: Date | 'never', now: Date): string {
  if (time === 'never') return 'never';
  const passed = now.getTime() - time.getTime();
  const words = durationInWords(passed);
  return passed < 0 ? `in ${words}` : `${words} ago`;
}

function counted(amount: number, unit: string): string {
  const whole = Math.floor(amount);
  return whole === 1 ? `1 ${unit}` : `${whole} ${unit}s`;
}
