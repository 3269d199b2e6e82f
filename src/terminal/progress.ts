import { bar } from './bar.ts';
import type { Style } from './style.ts';
import { displayWidth, pad, truncate } from './text-width.ts';
import { visible } from './visible.ts';

/** Where progress is shown. Where that is no terminal, only the last line of `done` is written. */
export interface ProgressScreen {
  readonly output: {
    write(text: string): unknown;
    readonly columns?: number | undefined;
    readonly rows?: number | undefined;
  };
  readonly isTerminal: boolean;
  readonly style: Style;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  /** Calls back once after so many milliseconds, unless the returned function is called before. */
  readonly timer: (callback: () => void, milliseconds: number) => () => void;
}

/** How much of a known amount of work is done, as one line that is drawn over. */
export interface Progress {
  start(total: number, what: string): void;
  /** So many more are done; one if left out. */
  advance(count?: number): void;
  /** Takes the line away; `summary`, plain text, stays in its place. */
  done(summary?: string): void;
}

/** What several things are doing at the same time, one line each. */
export interface ProgressRows {
  update(name: string, state: string): void;
  /** Takes the lines away; `summary`, plain text, stays in their place. */
  done(summary?: string): void;
}

/** A timer that does not keep the process alive. */
export function processTimer(callback: () => void, milliseconds: number): () => void {
  const timeout = setTimeout(callback, milliseconds);
  timeout.unref();
  return () => clearTimeout(timeout);
}

/** Between two drawings, in milliseconds: fast enough to look alive, slow enough to cost nothing. */
const drawingInterval = 100;

interface LiveLines {
  /** Nothing is shown before. */
  begin(): void;
  /** Draws soon; the lines are asked for only when it is time. */
  show(lines: (columns: number, rows: number) => readonly string[]): void;
  end(summary: string | undefined): void;
}

function liveLines({ output, isTerminal, clock, timer }: ProgressScreen): LiveLines {
  let open = false;
  let drawn = 0;
  let lastDrawing = Number.NEGATIVE_INFINITY;
  let cancelTimer: (() => void) | undefined;
  let current: Parameters<LiveLines['show']>[0] = () => [];

  const erase = (): string => (drawn === 0 ? '' : `${drawn > 1 ? `\x1b[${drawn - 1}A` : ''}\r\x1b[J`);
  const draw = (): void => {
    // Where this process was busy, it may be drawn before the timer that was set for it.
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
      // What comes in after the end, from work that was given up, would stay on the screen for ever.
      if (!isTerminal || !open) return;
      current = lines;
      const wait = lastDrawing + drawingInterval - clock();
      if (wait <= 0) draw();
      else cancelTimer ??= timer(draw, wait);
    },
    end: (summary) => {
      cancelTimer?.();
      cancelTimer = undefined;
      const last = summary === undefined ? '' : `${visible(summary)}\n`;
      if (erase() + last !== '') output.write(erase() + last);
      open = false;
      drawn = 0;
      lastDrawing = Number.NEGATIVE_INFINITY;
    },
  };
}

const barColumns = 20;

/** A progress line: what is done, a bar, and the count. */
export function createProgress(screen: ProgressScreen): Progress {
  const live = liveLines(screen);
  let what = '';
  let total = 0;
  let count = 0;
  const show = (): void =>
    live.show((columns) => {
      const percent = total === 0 ? 0 : (count / total) * 100;
      const amount = `${count.toLocaleString('en')} of ${total.toLocaleString('en')}`;
      return [truncate(`${visible(what)}  ${bar(percent, barColumns)}  ${amount}`, columns)];
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
    done: (summary) => live.end(summary),
  };
}

/** A line for each name, in the order given, with what it is doing. What does not fit on the screen is counted. */
export function createProgressRows(screen: ProgressScreen, names: readonly string[]): ProgressRows {
  const live = liveLines(screen);
  const states = new Map(names.map((name) => [name, '']));
  const nameColumns = Math.max(0, ...names.map((name) => displayWidth(visible(name))));
  const show = (): void =>
    live.show((columns, rows) => {
      const lines = [...states].map(([name, state]) =>
        truncate(`${pad(visible(name), nameColumns)}  ${visible(state)}`, columns),
      );
      if (lines.length <= rows) return lines;
      const kept = lines.slice(0, rows - 1);
      return [...kept, screen.style.dim(`… and ${lines.length - kept.length} more`)];
    });
  live.begin();
  show();
  return {
    update: (name, state) => {
      states.set(name, state);
      show();
    },
    done: (summary) => live.end(summary),
  };
}
