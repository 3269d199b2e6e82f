import { emitKeypressEvents } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { CancelledError } from '../errors.ts';
import type { Dialogue, Key } from './dialogue.ts';
import { canvas, drawClosed, drawOpen, type Paper } from './question-drawing.ts';
import { createStyle } from './style.ts';

export interface Terminal {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly color: boolean;
}

/**
 * What is used of an enquirer 2.4.1 prompt: its names for keys, its order of submit, validate, render and close, and its
 * signs, which have plain forms for the Windows console. Its own prompts are not used: Ctrl-C crashes them on Node 24 and
 * leaves raw mode on before, the end of the input hangs them, an opening bracket typed into a filter throws, a default
 * stays in sight behind the first typed character that it begins with, `1` and `t` agree to a question of yes or no,
 * without colour neither the cursor nor the marks can be seen, and columns are miscounted for most scripts.
 */
interface EnquirerPrompt {
  readonly state: { readonly submitted: boolean; readonly cancelled: boolean; readonly error: unknown };
  readonly symbols: { readonly prefix: Signs; readonly pointer: string };
  initialize(): Promise<void>;
  render(): void;
  keypress(text: string | undefined, key: unknown): Promise<void>;
  once(event: 'submit' | 'cancel', listener: () => void): void;
}

interface Signs {
  readonly pending: string;
  readonly submitted: string;
  readonly cancelled: string;
}

interface EnquirerKey {
  readonly action?: string;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
}

type EnquirerPromptClass = new (options: object) => EnquirerPrompt;

/** The jobs of Ctrl with a letter. None may bear the name of one of enquirer's own methods, but for cancel and submit. */
const controlKeys = {
  a: 'home',
  b: 'left',
  c: 'cancel',
  d: 'cancel',
  e: 'end',
  f: 'right',
  j: 'submit',
  k: 'eraseRest',
  m: 'submit',
  n: 'down',
  p: 'up',
  u: 'eraseLine',
  w: 'eraseWord',
};

function keyOf(text: string | undefined, key: EnquirerKey): Key {
  const printable = text !== undefined && !key.ctrl && !key.meta && !/\p{Cc}/u.test(text);
  return { action: key.action, text: printable ? text : undefined };
}

function paperOf({ output, color }: Terminal): Paper {
  // Some pseudo-terminals say that they have no size at all.
  return { columns: (output.columns || 80) - 1, rows: (output.rows || 24) - 1, style: createStyle(color) };
}

/** Hands over key presses and the end of the input until the returned function is called, which leaves raw mode again. */
function listen(
  terminal: Terminal,
  on: { key: (text: string | undefined, key: unknown) => void; end: () => void; resize: () => void },
): () => void {
  const { input, output } = terminal;
  emitKeypressEvents(input);
  input.setRawMode(true);
  input.on('keypress', on.key);
  input.on('end', on.end);
  // A terminal that is gone may answer with EIO: the end of the input by another name.
  input.on('error', on.end);
  output.on('resize', on.resize);
  input.resume();
  return () => {
    // Before the error listener goes: on a terminal that is gone this fails with EIO once more.
    input.setRawMode(false);
    input.pause();
    input.off('keypress', on.key);
    input.off('end', on.end);
    input.off('error', on.end);
    output.off('resize', on.resize);
  };
}

/**
 * Asks one question at a terminal and gives its answer. When it settles, the terminal is as it was: out of raw mode, the
 * cursor on the line below, the input paused so that it does not keep the process alive.
 *
 * @throws CancelledError on Ctrl-C, Ctrl-D, Escape and the end of the input.
 */
export async function ask<State, Answer>(terminal: Terminal, dialogue: Dialogue<State, Answer>): Promise<Answer> {
  // It ends once only; nobody would hear of it a second time.
  if (terminal.input.readableEnded) throw new CancelledError();
  const { default: Enquirer } = await import('enquirer');
  const Prompt = Enquirer.Prompt as unknown as EnquirerPromptClass;
  const paint = canvas(terminal.output);
  let state = dialogue.start;
  let bodyRows = 2;
  const prompt = new Prompt({
    stdin: terminal.input,
    stdout: terminal.output,
    actions: { ctrl: controlKeys },
    start: () => undefined,
    render: () => {
      const { submitted, cancelled, error } = prompt.state;
      const { prefix, pointer } = prompt.symbols;
      const paper = paperOf(terminal);
      if (cancelled) return paint(drawClosed(dialogue.message, undefined, prefix.cancelled, paper));
      if (submitted) return paint(drawClosed(dialogue.message, dialogue.summary(state), prefix.submitted, paper));
      const problem = error ? dialogue.problem(state) : undefined;
      const drawing = drawOpen(dialogue, state, { question: prefix.pending, pointer }, problem, paper);
      bodyRows = drawing.bodyRows;
      paint(drawing);
    },
    dispatch: (text: string | undefined, key: EnquirerKey) => {
      const next = dialogue.press(state, keyOf(text, key), { rows: bodyRows });
      if (next === state) return;
      state = next;
      prompt.render();
    },
    validate: () => dialogue.problem(state) ?? true,
  });
  let stopListening = (): void => undefined;
  try {
    return await new Promise<Answer>((resolve, reject) => {
      prompt.once('submit', () => resolve(dialogue.answer(state)));
      prompt.once('cancel', () => reject(new CancelledError()));
      const whileOpen = (job: () => Promise<void>): void => {
        // Keys that arrive together with the answering one were not typed in sight of the next question.
        if (!prompt.state.submitted) job().catch(reject);
      };
      stopListening = listen(terminal, {
        key: (text, key) => whileOpen(() => prompt.keypress(text, key)),
        // There is nothing left to draw on.
        end: () => reject(new CancelledError()),
        resize: () => whileOpen(async () => prompt.render()),
      });
      prompt.initialize().catch(reject);
    });
  } finally {
    stopListening();
  }
}
