/** The deleted objects by age, on the screen. */

import { bar } from '../../terminal/bar.ts';
import { type Cell, table } from '../../terminal/table.ts';
import { addedUp, countFrom, oldestOf } from './deleted-objects.ts';
import type { TombstoneFacts } from './facts.ts';
import { effectiveLifetime } from './lifetime.ts';
import type { ScreenOptions } from './screen.ts';

const histogramRows = 12;
const histogramColumns = 30;

/** How many deleted objects there are of each age, with today's limit and the new one marked; nothing if none is seen. */
export function* histogramLines(
  facts: TombstoneFacts,
  newDays: number,
  { style, width }: ScreenOptions,
): Generator<string> {
  const today = effectiveLifetime(facts.settings, facts.serverKind);
  const counts = [addedUp(facts.deletedObjects, 'tombstones'), addedUp(facts.deletedObjects, 'recoverable')];
  const oldest = oldestOf(...counts);
  if (oldest === undefined) return;
  const step = niceStep(Math.max(oldest, Math.min(today, newDays)) + 1);
  const starts = Array.from({ length: Math.floor(oldest / step) + 1 }, (_, index) => index * step);
  const between = (start: number): number => countFrom(start, ...counts) - countFrom(start + step, ...counts);
  const most = Math.max(...starts.map(between));
  const markFor = (start: number): string =>
    [
      ...(today >= start && today < start + step ? [`← ${today} days: the limit today`] : []),
      ...(newDays !== today && newDays >= start && newDays < start + step ? [`← ${newDays} days: the new limit`] : []),
    ].join('  ');
  const limits = [today, newDays]
    .filter((days) => days >= starts.length * step)
    .map((days) => Math.floor(days / step) * step);
  const rows = [...new Set([...starts, ...limits])].sort((one, other) => one - other);
  const isAfterGap = (start: number): boolean => start > 0 && !rows.includes(start - step);
  yield style.dim('Deleted objects by age in days');
  yield* table(
    rows.map((start): Cell[] => [
      `${isAfterGap(start) ? '… ' : ''}${start}–${start + step - 1}`,
      between(start).toLocaleString('en'),
      {
        text: bar((between(start) / most) * 100, histogramColumns),
        style: start >= newDays ? style.removed : style.dim,
      },
      { text: markFor(start), style: style.warning },
    ]),
    [{ align: 'right' }, { align: 'right' }, {}, {}],
    width,
  );
  yield '';
}

/** Days to a row, so that there are not too many: 1, 2, 5, 10, 20, 30, 60, 90 and so on. */
function niceStep(days: number): number {
  return (
    [1, 2, 5, 10, 20, 30, 60, 90, 180, 365].find((step) => days / step <= histogramRows) ??
    Math.ceil(days / histogramRows)
  );
}
