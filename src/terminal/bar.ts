/** Bars: a share, values against a limit, a histogram. */

import { largest } from '../largest.ts';
import { type Canvas, gap, type Mark, paintOf, paragraph, titleLines, widest } from './draw.ts';
import { type Signs, unicodeSigns } from './style.ts';
import { displayWidth, pad } from './text-width.ts';
import { visible } from './visible.ts';
import { wrapped } from './wrapped.ts';

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

/** Values against a limit. */
export interface Bars {
  readonly title: string;
  readonly unit: string;
  readonly limit: number;
  readonly rows: readonly {
    readonly name: string;
    readonly place?: string;
    /** The value in words. */
    readonly text: string;
    /** Not known if left out. */
    readonly value?: number;
    readonly mark: Mark;
    readonly note?: string;
  }[];
}

type BarRow = Bars['rows'][number];

/** Counts of a value that is divided into ranges, with limits of the value. Both ends belong to the range. */
export interface Histogram {
  readonly title: string;
  readonly unit: string;
  readonly buckets: readonly { readonly from: number; readonly to: number; readonly count: number }[];
  readonly limits: readonly { readonly at: number; readonly text: string }[];
}

/** "78 %"; more than the limit is "> 100 %". */
function percentOf({ value }: BarRow, limit: number): string {
  if (value === undefined || limit <= 0) return '';
  return value > limit ? '> 100 %' : `${Math.floor((value * 100) / limit)} %`;
}

/** Longer notes go below their bar. */
const longestWord = 16;

const isWord = (note: string | undefined): note is string =>
  note !== undefined && displayWidth(visible(note)) <= longestWord;

/** What follows the percentage: a short note, or the mark in a word if nothing else says it. */
function wordOf({ note, value, mark }: BarRow, limit: number): string {
  if (isWord(note)) return visible(note);
  if (value !== undefined && value > limit) return '';
  return { good: '', watch: 'watch', bad: 'critical', unknown: '' }[mark];
}

const percentColumns = '> 100 %'.length;
const longestBar = 24;
const shortestBar = 8;
/** Of a bar below its name. */
const shortestBarBelow = 4;
/** Longer values take the place of the bar. */
const longestText = 20;

interface BarColumns {
  readonly text: number;
  readonly bar: number;
}

/** The value, the bar and the percentage, in lines that start behind the margin. */
function valueLines(row: BarRow, limit: number, columns: BarColumns, { style }: Canvas): readonly string[] {
  const paint = paintOf(style, row.mark);
  const text = visible(row.text);
  const percent = percentOf(row, limit).padStart(percentColumns);
  const word = wordOf(row, limit);
  const end = `${percent}${word === '' ? '' : gap + word}`;
  if (row.value !== undefined && displayWidth(text) <= columns.text) {
    const drawn = bar(limit <= 0 ? 0 : (row.value / limit) * 100, columns.bar, style.signs);
    return [`${pad(text, columns.text)}${gap}${paint(drawn + gap + end)}`];
  }
  const room = columns.text + displayWidth(gap) + columns.bar;
  const [first = '', ...more] = wrapped(text, room, 0);
  return [paint((pad(first, room) + gap + end).trimEnd()), ...more.map((line) => paint(line))];
}

/**
 * A line for each value: name, place, value in words, bar, percentage of the limit, note or mark. Where the bar would get too short
 * for that, name and place get a line of their own. A value that is not known, or long in words, takes the place of the bar.
 */
export function* barLines({ title, unit, limit, rows }: Bars, canvas: Canvas): Generator<string> {
  const { width, style } = canvas;
  const names = widest(rows.map(({ name }) => name));
  const places = widest(rows.map(({ place }) => place ?? ''));
  const words = widest(rows.map((row) => wordOf(row, limit)));
  const percentAndWord = 2 + percentColumns + (words === 0 ? 0 : 2 + words);
  const texts = rows.filter(({ value }) => value !== undefined).map((row) => visible(row.text));
  const textColumn = (most: number): number => widest(texts.filter((text) => displayWidth(text) <= most));
  const besideNames = names + 2 + (places === 0 ? 0 : places + 2);
  const isWide = width - besideNames - textColumn(longestText) - 2 - percentAndWord >= shortestBar;
  const margin = isWide ? besideNames : 2;
  const room = width - margin - 2 - percentAndWord;
  const text = textColumn(Math.min(longestText, room - (isWide ? shortestBar : shortestBarBelow)));
  const columns: BarColumns = { text, bar: Math.max(1, Math.min(longestBar, room - text)) };

  const ofLimit = `of ${limit.toLocaleString('en')} ${unit}`;
  const end = margin + text + 2 + columns.bar + 2 + percentColumns;
  if (displayWidth(visible(title)) + 2 + displayWidth(ofLimit) <= end) {
    yield `${style.bold(visible(title))}${style.dim(ofLimit.padStart(end - displayWidth(visible(title))))}`;
  } else {
    yield* titleLines(title, canvas);
    yield style.dim(ofLimit.padStart(end));
  }
  for (const row of rows) {
    const [first = '', ...more] = valueLines(row, limit, columns, canvas);
    const place = row.place ?? '';
    if (isWide) {
      yield `${pad(visible(row.name), names)}${gap}${places === 0 ? '' : pad(visible(place), places) + gap}${first}`;
    } else {
      yield* paragraph(place === '' ? row.name : `${row.name}${gap}${place}`, 0, canvas, (line) => line);
      yield ' '.repeat(margin) + first;
    }
    for (const line of more) yield ' '.repeat(margin) + line;
    if (row.note !== undefined && !isWord(row.note)) yield* paragraph(row.note, margin, canvas);
  }
}

const longestCountBar = 30;

/** A line for each range: range, count, bar. A limit is noted at its range, or gets a line of its own between two. */
export function* histogramLines({ title, unit, buckets, limits }: Histogram, canvas: Canvas): Generator<string> {
  const { width, style } = canvas;
  const { ellipsis, to } = style.signs;
  const holds = (bucket: Histogram['buckets'][number], at: number): boolean => at >= bucket.from && at <= bucket.to;
  const outside = limits.filter(({ at }) => !buckets.some((bucket) => holds(bucket, at)));
  const rows = [
    ...buckets.map((bucket, index) => {
      const isAfterGap = index > 0 && bucket.from > (buckets[index - 1]?.to ?? 0) + 1;
      const range = bucket.from === bucket.to ? `${bucket.from}` : `${bucket.from}${to}${bucket.to}`;
      return {
        from: bucket.from,
        label: isAfterGap ? `${ellipsis} ${range}` : range,
        count: bucket.count,
        remarks: limits.filter(({ at }) => holds(bucket, at)),
      };
    }),
    ...outside.map((limit) => ({ from: limit.at, label: `${limit.at}`, count: undefined, remarks: [limit] })),
  ].sort((one, other) => one.from - other.from);

  const countOf = (count: number | undefined): string => count?.toLocaleString('en') ?? '';
  const labels = widest(rows.map(({ label }) => label));
  const counts = widest(rows.map(({ count }) => countOf(count)));
  const margin = labels + 2 + counts + 2;
  const barColumns = Math.max(1, Math.min(longestCountBar, width - margin));
  const most = largest(
    0,
    buckets.map(({ count }) => count),
  );
  yield* titleLines(title, canvas);
  for (const { label, count, remarks } of rows) {
    const drawn = bar(most === 0 ? 0 : ((count ?? 0) / most) * 100, barColumns, style.signs).trimEnd();
    const line = `${pad(label, labels, 'right')}${gap}${pad(countOf(count), counts, 'right')}${gap}${style.dim(drawn)}`;
    const texts = remarks.map(({ at, text }) => `${style.signs.arrow} ${at} ${unit}: ${visible(text)}`);
    const remark = texts.join(gap);
    const behind = margin + displayWidth(drawn) + 2;
    if (remark !== '' && behind + displayWidth(remark) <= width) {
      yield `${line}${gap}${style.warning(remark)}`;
    } else {
      yield line.trimEnd();
      for (const text of texts) yield* paragraph(text, labels + 2, canvas, style.warning);
    }
  }
}
