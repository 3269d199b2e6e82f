import { beforeEach, describe, expect, test } from 'vitest';
import { createProgress, createProgressRows, type ProgressScreen } from '../../src/terminal/progress.ts';
import { asciiSigns, createStyle } from '../../src/terminal/style.ts';
import { Screen } from './support/screen.ts';

/** A clock that only `pass` and `beBusy` move, and a screen of 60 × 6. */
function scene(isTerminal = true) {
  const screen = new Screen(60, 6);
  let now = 0;
  let writes = 0;
  let pending: { readonly at: number; readonly callback: () => void } | undefined;
  const progressScreen: ProgressScreen = {
    output: {
      columns: 60,
      rows: 6,
      write: (text) => {
        writes += 1;
        // The terminal driver turns a line feed into carriage return and line feed.
        screen.write(text.replaceAll('\n', '\r\n'));
      },
    },
    isTerminal,
    style: createStyle(false),
    clock: () => now,
    timer: (callback, milliseconds) => {
      pending = { at: now + milliseconds, callback };
      return () => {
        pending = undefined;
      };
    },
  };
  return {
    progressScreen,
    screen,
    writes: () => writes,
    timerIsSet: () => pending !== undefined,
    /** Time passes while this process is too busy for timers. */
    beBusy: (milliseconds: number) => {
      now += milliseconds;
    },
    pass: (milliseconds: number) => {
      now += milliseconds;
      if (pending !== undefined && pending.at <= now) {
        const { callback } = pending;
        pending = undefined;
        callback();
      }
    },
  };
}

let at: ReturnType<typeof scene>;
beforeEach(() => {
  at = scene();
  at.screen.write('$ adsi-remedy labels\r\n');
});

describe('a progress line', () => {
  test('shows the done part as a bar and a count', () => {
    const progress = createProgress(at.progressScreen);
    progress.start(1284, 'Reading form sets');
    at.pass(100);
    progress.advance(642);
    expect(at.screen.text).toBe('$ adsi-remedy labels\nReading form sets  ██████████            642 of 1,284');
  });

  test('is drawn no more than ten times a second, and shows the last state at the end', () => {
    const progress = createProgress(at.progressScreen);
    progress.start(1000, 'Writing');
    for (let count = 0; count < 900; count++) progress.advance();
    expect(at.writes()).toBe(1);
    at.pass(100);
    expect(at.writes()).toBe(2);
    expect(at.screen.text).toContain('900 of 1,000');
  });

  test('is not drawn again after its end by an outdated timer', () => {
    const progress = createProgress(at.progressScreen);
    progress.start(10, 'Writing');
    progress.advance();
    at.beBusy(150);
    progress.advance();
    progress.done();
    at.pass(1);
    expect(at.screen.text).toBe('$ adsi-remedy labels');
  });

  test('is replaced by the summary', () => {
    const progress = createProgress(at.progressScreen);
    progress.start(10, 'Writing');
    progress.advance(3);
    progress.done('Wrote 10 files.');
    expect(at.screen.text).toBe('$ adsi-remedy labels\nWrote 10 files.');
    expect(at.timerIsSet()).toBe(false);
  });

  test('can be started again for the next piece of work', () => {
    const progress = createProgress(at.progressScreen);
    progress.start(10, 'Reading');
    progress.done('Read 10 files.');
    progress.start(2, 'Writing');
    expect(at.screen.text).toMatch(/Read 10 files\.\nWriting .* 0 of 2$/);
  });

  test('leaves nothing without a summary', () => {
    const progress = createProgress(at.progressScreen);
    progress.start(10, 'Writing');
    progress.done();
    expect(at.screen.text).toBe('$ adsi-remedy labels');
    expect(at.screen.cursor).toMatchObject({ row: 1, column: 0 });
  });

  test('is cut to the width of the terminal and cannot act on it', () => {
    const progress = createProgress(at.progressScreen);
    progress.start(10, `Reading \x1b[2J${'long'.repeat(20)}`);
    expect(at.screen.text.split('\n')[1]).toMatch(/^Reading <U\+001B>\[2Jlong.*…$/);
    expect(at.screen.text.split('\n')).toHaveLength(2);
  });

  test('without a terminal, writes the summary only', () => {
    const quiet = scene(false);
    const progress = createProgress(quiet.progressScreen);
    progress.start(10, 'Writing');
    progress.advance(10);
    quiet.pass(1000);
    expect(quiet.writes()).toBe(0);
    progress.done('Wrote 10 files.');
    expect(quiet.screen.text).toBe('Wrote 10 files.');
  });

  test('gets a shorter bar, and then none, on a narrow terminal', () => {
    const lines = [38, 30].map((columns) => {
      const narrow = scene();
      const { progressScreen } = narrow;
      createProgress({ ...progressScreen, output: { ...progressScreen.output, columns } }).start(
        10,
        'Reading form sets',
      );
      return narrow.screen.text;
    });
    expect(lines).toEqual([`Reading form sets${' '.repeat(13)}0 of 10`, 'Reading form sets  0 of 10']);
  });

  test('writes nothing at all if it is to be quiet', () => {
    const quiet = { ...at.progressScreen, isQuiet: true };
    const progress = createProgress(quiet);
    progress.start(10, 'Writing');
    progress.advance(10);
    at.pass(1000);
    progress.done('Wrote 10 files.');
    const rows = createProgressRows(quiet, ['DC1']);
    rows.update('DC1', 'arrived');
    rows.done('It reached 1 of 1 domain controllers.');
    expect(at.writes()).toBe(0);
  });

  test('is drawn with the signs of the terminal', () => {
    const progress = createProgress({ ...at.progressScreen, style: createStyle(false, asciiSigns) });
    progress.start(10, 'Reading');
    progress.advance(5);
    at.pass(100);
    expect(at.screen.text).toContain('Reading  ##########            5 of 10');
  });
});

describe('progress rows', () => {
  test('keep a line for each name, in order', () => {
    const rows = createProgressRows(at.progressScreen, ['DC1', 'DC-Utrecht']);
    rows.update('DC-Utrecht', 'waiting, 12 s');
    at.pass(100);
    rows.update('DC1', 'arrived');
    at.pass(100);
    expect(at.screen.text).toBe('$ adsi-remedy labels\nDC1         arrived\nDC-Utrecht  waiting, 12 s');
  });

  test('that do not fit on the screen are counted', () => {
    const names = Array.from({ length: 9 }, (_, index) => `DC${index + 1}`);
    createProgressRows(at.progressScreen, names);
    expect(at.screen.text).toBe('$ adsi-remedy labels\nDC1\nDC2\nDC3\nDC4\n… and 5 more');
  });

  test('show no update that arrives after the end', () => {
    const rows = createProgressRows(at.progressScreen, ['DC1', 'DC2']);
    rows.done();
    at.pass(1000);
    rows.update('DC2', 'arrived');
    expect(at.screen.text).toBe('$ adsi-remedy labels');
    expect(at.timerIsSet()).toBe(false);
  });

  test('are replaced by the summary', () => {
    const rows = createProgressRows(at.progressScreen, ['DC1', 'DC2', 'DC3']);
    rows.done('It reached 3 of 3 domain controllers.');
    expect(at.screen.text).toBe('$ adsi-remedy labels\nIt reached 3 of 3 domain controllers.');
  });
});
