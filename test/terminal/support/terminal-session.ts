import { spawnSync } from 'node:child_process';
import { spawn } from '@lydell/node-pty';
import { onTestFinished } from 'vitest';
import { errnoOf } from '../../../src/errors.ts';
import { Screen } from './screen.ts';

const keys = {
  enter: '\r',
  escape: '\x1b',
  tab: '\t',
  space: ' ',
  backspace: '\x7f',
  delete: '\x1b[3~',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[H',
  end: '\x1b[F',
  pageUp: '\x1b[5~',
  pageDown: '\x1b[6~',
  'ctrl-c': '\x03',
  'ctrl-d': '\x04',
  'ctrl-u': '\x15',
} as const;

export type KeyName = keyof typeof keys;

export interface TerminalSession {
  readonly pid: number;
  readonly screen: Screen;
  /** Types text as it is. */
  type(text: string): void;
  press(key: KeyName, times?: number): void;
  /** Waits until the screen shows the text, at most 30 seconds. */
  waitFor(text: string | RegExp): Promise<void>;
  resize(columns: number, rows: number): void;
  /** Takes the terminal away, as closing its window does. */
  hangUp(): void;
  /** Everything that was written, with its control sequences. */
  readonly output: () => string;
  readonly exit: Promise<{ readonly status: number; readonly signal: number }>;
  /** The ids of the processes in the command's session: the command, and the processes that it left behind. */
  processes(): readonly number[];
}

export interface TerminalSessionOptions {
  readonly command: readonly [file: string, ...args: string[]];
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd?: string;
  /** In addition to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

const patience = 30_000;

function processesOf(session: number): readonly number[] {
  const { error, stdout } = spawnSync('ps', ['-o', 'pid=', '-s', String(session)], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  return stdout
    .split(/\s+/)
    .filter((pid) => pid !== '')
    .map(Number);
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended in the meantime.
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** Runs a command in a pseudo-terminal until the test is over. */
export function startInTerminal(options: TerminalSessionOptions): TerminalSession {
  const { columns = 80, rows = 24 } = options;
  const [file, ...args] = options.command;
  const terminal = spawn(file, args, {
    // node-pty sets TERM to this, whatever the environment says.
    name: options.env?.['TERM'] ?? 'xterm-256color',
    cols: columns,
    rows,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    // What the machine that runs the tests has set must not decide about signs.
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
  });
  const screen = new Screen(columns, rows);
  let output = '';
  let unread = '';
  let wake = (): void => undefined;
  terminal.onData((data) => {
    output += data;
    const cut = /\x1b(?:\[[?\d;]*)?$/.exec(unread + data)?.[0] ?? '';
    const whole = unread + data;
    unread = cut;
    screen.write(whole.slice(0, whole.length - cut.length));
    wake();
  });
  const exit = new Promise<{ status: number; signal: number }>((resolve) => {
    terminal.onExit(({ exitCode, signal }) => {
      resolve({ status: exitCode, signal: signal ?? 0 });
      wake();
    });
  });
  onTestFinished(() => {
    for (const pid of processesOf(terminal.pid)) killIfAlive(pid);
  });

  const waitFor = async (text: string | RegExp): Promise<void> => {
    const deadline = Date.now() + patience;
    const shown = (): boolean => (typeof text === 'string' ? screen.text.includes(text) : text.test(screen.text));
    while (!shown()) {
      if (Date.now() > deadline) throw new Error(`${text} did not appear within ${patience} ms on\n${screen.text}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 250);
      });
    }
  };

  return {
    pid: terminal.pid,
    screen,
    output: () => output,
    type: (text) => terminal.write(text),
    press: (key, times = 1) => terminal.write(keys[key].repeat(times)),
    waitFor,
    resize: (newColumns, newRows) => {
      screen.resize(newColumns, newRows);
      terminal.resize(newColumns, newRows);
    },
    hangUp: () => {
      // Closes the terminal's other end; left out of the package's type.
      if ('destroy' in terminal && typeof terminal.destroy === 'function') terminal.destroy();
      else throw new Error('This node-pty cannot hang up.');
    },
    exit,
    processes: () => processesOf(terminal.pid),
  };
}
