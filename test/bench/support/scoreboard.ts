/** What was measured against which bound, as one table; a bound that is missed fails the test that measured it. */

import { writeSync } from 'node:fs';
import { expect } from 'vitest';
import type { DuelResult } from './duel.ts';

export interface Scoreboard {
  /** A ratio of two times, with its bound. */
  ratio(what: string, result: DuelResult, bound: number): void;
  /** A number that must not be above its bound. */
  bound(what: string, measured: number, bound: number, unit: string, remark?: string): void;
  /** Something to know that has no bound. */
  remark(what: string, told: string): void;
  print(): void;
}

export function scoreboard(title: string): Scoreboard {
  const rows: string[][] = [];
  const judge = (what: string, measured: number, bound: number, unit: string, remark: string): void => {
    const verdict = measured <= bound ? 'met' : 'MISSED';
    rows.push([what, `${shown(measured)}${unit}`, `≤ ${shown(bound)}${unit}`, verdict, remark]);
    expect.soft(measured, what).toBeLessThanOrEqual(bound);
  };
  return {
    ratio: (what, { ratio, range, ours, peer }, bound) => {
      const [low, high] = range;
      const remark = `${shown(ours)} s to ${shown(peer)} s, ratios ${shown(low)} to ${shown(high)}`;
      judge(what, ratio, bound, '', remark);
    },
    bound: (what, measured, bound, unit, remark = '') => judge(what, measured, bound, unit, remark),
    remark: (what, told) => {
      rows.push([what, told, '', '', '']);
    },
    print: () => {
      const first = Math.max(...rows.map(([what = '']) => what.length));
      const lines = rows.map(([what = '', measured = '', ...rest]) =>
        [what.padEnd(first), measured.padEnd(9), ...rest].join('  ').trimEnd(),
      );
      // The test runner keeps what is written by other ways, or spreads it.
      writeSync(1, `\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}\n`);
    },
  };
}

function shown(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}
