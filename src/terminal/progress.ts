/** Progress on lines that are redrawn: one bar of a count, or a row for each name. */

import { type Signs, type Style, unicodeSigns } from './style.ts';
import { displayWidth, pad, truncate, visible } from './text-layout.ts';

/** Where progress is shown. If it is not a terminal that can redraw lines, only the summary given to `done` is written. */
export interface ProgressScreen {
  readonly output: {
    write(text: string): unknown;
    readonly columns?: number | undefined;
    readonly rows?: number | undefined;
  };
  /** Whether lines can be redrawn. */
  readonly isTerminal: boolean;
  /** Whether nothing is written at all, not even the summary: --quiet. */
  readonly isQuiet?: boolean;
  readonly style: Style;
  /** A monotonic clock, in milliseconds. */
  readonly clock: () => number;
  /** Calls back once after the milliseconds; the returned function cancels the call. */
  readonly timer: (callback: () => void, milliseconds: number) => () => void;
}

/** The done part of a known amount of work, as one line that is redrawn. */
export interface Progress {
  start(total: number, what: string): void;
  /** Adds to the done part; 1 if left out. */
  advance(count?: number): void;
  /** Replaces the line with `summary`, plain text. */
  done(summary?: string): void;
}

/** The states of several things that run at the same time, one line each. */
export interface ProgressRows {
  update(name: string, state: string): void;
  /** Replaces the lines with `summary`, plain text. */
  done(summary?: string): void;
}

/** A timer that does not keep the process alive. */
export function processTimer(callback: () => void, milliseconds: number): () => void {
  const timeout = setTimeout(callback, milliseconds);
  timeout.unref();
  return () => clearTimeout(timeout);
}

/** Milliseconds between two drawings: often enough to look alive, rarely enough to cost nothing. */
const drawingInterval = 100;

interface LiveLines {
  /** Enables `show`. */
  begin(): void;
  /** Draws soon; the function is called when the lines are drawn. */
  show(lines: (columns: number, rows: number) => readonly string[]): void;
  end(summary?: string): void;
}

function liveLines({ output, isTerminal, isQuiet = false, clock, timer }: ProgressScreen): LiveLines {
  let open = false;
  let drawn = 0;
  let lastDrawing = Number.NEGATIVE_INFINITY;
  let cancelTimer: (() => void) | undefined;
  let current: Parameters<LiveLines['show']>[0] = () => [];

  const erase = (): string => (drawn === 0 ? '' : `${drawn > 1 ? `\x1b[${drawn - 1}A` : ''}\r\x1b[J`);
  const draw = (): void => {
    // If this process was busy, this drawing may be ahead of the timer that was set for it.
    cancelTimer?.();
    cancelTimer = undefined;
    lastDrawing = clock();
    const columns = (output.columns || 80) - 1;
    const lines = current(columns, (output.rows || 24) - 1);
    output.write(erase() + lines.join('\n'));
    drawn = lines.length;
  };
  return {
    begin: () => {
      open = true;
    },
    show: (lines) => {
      // Abandoned work may report after the end; its lines would never be erased.
      if (!isTerminal || isQuiet || !open) return;
      current = lines;
      const wait = lastDrawing + drawingInterval - clock();
      if (wait <= 0) draw();
      else cancelTimer ??= timer(draw, wait);
    },
    end: (summary) => {
      cancelTimer?.();
      cancelTimer = undefined;
      const last = summary === undefined || isQuiet ? '' : `${visible(summary)}\n`;
      if (erase() + last !== '') output.write(erase() + last);
      open = false;
      drawn = 0;
      lastDrawing = Number.NEGATIVE_INFINITY;
    },
  };
}

/**
 * A share as a bar of this width in columns, padded with spaces, as exact as the signs allow: to an eighth of a column in
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

const longestBar = 20;
const shortestBar = 4;

/** A progress line: what is done, a bar, and the count. */
export function createProgress(screen: ProgressScreen): Progress {
  const { signs } = screen.style;
  const live = liveLines(screen);
  let what = '';
  let total = 0;
  let count = 0;
  const show = (): void =>
    live.show((columns) => {
      const percent = total === 0 ? 0 : (count / total) * 100;
      const amount = `${count.toLocaleString('en')} of ${total.toLocaleString('en')}`;
      const room = columns - displayWidth(`${visible(what)}    ${amount}`);
      const parts = [
        visible(what),
        ...(room < shortestBar ? [] : [bar(percent, Math.min(longestBar, room), signs)]),
        amount,
      ];
      return [truncate(parts.join('  '), columns, signs.ellipsis)];
    });
  return {
    start: (newTotal, newWhat) => {
      what = newWhat;
      total = newTotal;
      count = 0;
      live.begin();
      show();
    },
    advance: (more = 1) => {
      count += more;
      show();
    },
    done: live.end,
  };
}

/** A line for each name, in the order given, with its state. Names that do not fit on the screen are counted. */
export function createProgressRows(screen: ProgressScreen, names: readonly string[]): ProgressRows {
  const { ellipsis } = screen.style.signs;
  const live = liveLines(screen);
  const states = new Map(names.map((name) => [name, '']));
  const nameColumns = Math.max(0, ...names.map((name) => displayWidth(visible(name))));
  const show = (): void =>
    live.show((columns, rows) => {
      const lines = [...states].map(([name, state]) =>
        truncate(`${pad(visible(name), nameColumns)}  ${visible(state)}`, columns, ellipsis),
      );
      if (lines.length <= rows) return lines;
      const kept = lines.slice(0, rows - 1);
      return [...kept, screen.style.dim(`${ellipsis} and ${lines.length - kept.length} more`)];
    });
  live.begin();
  show();
  return {
    update: (name, state) => {
      states.set(name, state);
      show();
    },
    done: live.end,
  };
}
