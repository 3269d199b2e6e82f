/** Asks at a terminal: redraws the question at each key, or prints lines if nothing can be redrawn. */

import { emitKeypressEvents } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { BackError, CancelledError } from '../errors.ts';
import { choosingOne, choosingSeveral } from './choice-list.ts';
import { type Dialogue, type Drawing, drawClosed, drawOpen, type Key, messageOf, type Paper } from './dialogue.ts';
import type { Choice, InputQuestion, IntegerQuestion, Prompter } from './prompter.ts';
import { createStyle, inSigns, type Signs, unicodeSigns } from './style.ts';
import { displayWidth, graphemesOf, visible, wrapped } from './text-layout.ts';
import { readInteger, typing, yesOrNo } from './typed-answer.ts';

/** A terminal to ask at. Both streams must be terminals; questions are drawn on `output`. */
export interface Terminal {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly color: boolean;
  /** All of Unicode if left out. */
  readonly signs?: Signs;
  /** Whether the cursor can be moved; true if left out. */
  readonly canRedraw?: boolean;
}

/** The prompter that asks at the terminal, with the signs that it can show. */
export function terminalPrompter(terminal: Terminal): Prompter {
  const give = <State, Answer>(dialogue: Dialogue<State, Answer>): Promise<Answer> =>
    terminal.canRedraw === false ? askPlainly(terminal, dialogue) : ask(terminal, dialogue);
  const { signs = unicodeSigns } = terminal;
  // Hints are sentences of ours; a label may be a name that is to be recognised, and stays as it is.
  const inItsSigns = <T>(choice: Choice<T>): Choice<T> => ({
    ...choice,
    ...(choice.hint === undefined ? {} : { hint: inSigns(choice.hint, signs) }),
    ...(choice.disabled === undefined ? {} : { disabled: inSigns(choice.disabled, signs) }),
  });
  const readText = (validate: InputQuestion['validate']) => (text: string) => {
    const problem = validate?.(text);
    return problem === undefined ? { answer: text } : { problem };
  };
  const readValidInteger = (validate: IntegerQuestion['validate']) => (text: string) => {
    const reading = readInteger(text);
    const problem = 'answer' in reading ? validate?.(reading.answer) : undefined;
    return problem === undefined ? reading : { problem };
  };
  return {
    select: async ({ noneOfThese, choices, ...question }) =>
      give(
        choosingOne({
          ...question,
          choices: choices.map(inItsSigns),
          ...(noneOfThese === undefined ? {} : { noneOfThese: inItsSigns(noneOfThese) }),
        }),
      ),
    multiselect: async (question) => give(choosingSeveral({ ...question, choices: question.choices.map(inItsSigns) })),
    input: ({ message, initial, validate }) =>
      give(typing({ message, initial, hidden: false, read: readText(validate) })),
    integer: ({ message, initial, validate }) =>
      give(typing({ message, initial: initial?.toString(), hidden: false, read: readValidInteger(validate) })),
    secret: ({ message, validate }) =>
      give(typing({ message, initial: undefined, hidden: true, read: readText(validate) })),
    confirm: ({ about = [], ...question }) =>
      give(yesOrNo({ ...question, about: about.map((text) => inSigns(text, signs)) })),
  };
}

interface TerminalKey {
  readonly name?: string;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
}

interface EnquirerKey extends TerminalKey {
  readonly action?: string;
}

/** Enquirer's actions of keys, with `back` for Escape. */
const plainKeys = {
  backspace: 'delete',
  delete: 'deleteForward',
  down: 'down',
  end: 'end',
  enter: 'submit',
  escape: 'back',
  home: 'home',
  left: 'left',
  pagedown: 'pageDown',
  pageup: 'pageUp',
  return: 'submit',
  right: 'right',
  space: 'space',
  tab: 'next',
  up: 'up',
};

/** The actions of Ctrl with a letter. Apart from cancel and submit, none may be the name of a method of enquirer. */
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

/** The text that a key types, if it types any. */
function typedText(text: string | undefined, key: TerminalKey): string | undefined {
  return text !== undefined && !key.ctrl && !key.meta && !/\p{Cc}/u.test(text) ? text : undefined;
}

const keyOf = (text: string | undefined, key: EnquirerKey): Key => ({ action: key.action, text: typedText(text, key) });

/** The size and style that a terminal has now. */
function paperOf({ output, color, signs }: Terminal): Paper {
  // Some pseudo-terminals report a size of 0.
  return { columns: (output.columns || 80) - 1, rows: (output.rows || 24) - 1, style: createStyle(color, signs) };
}

/** Reports key presses and the end of the input. The returned function stops this and leaves raw mode. */
function listen(
  terminal: Terminal,
  on: { key: (text: string | undefined, key: TerminalKey) => void; end: () => void; resize: () => void },
): () => void {
  const { input, output } = terminal;
  emitKeypressEvents(input);
  input.setRawMode(true);
  input.on('keypress', on.key);
  input.on('end', on.end);
  // A closed terminal may fail with EIO, which is an end of the input too.
  input.on('error', on.end);
  output.on('resize', on.resize);
  input.resume();
  return () => {
    // Before the error listener is removed: on a closed terminal this fails with EIO again.
    input.setRawMode(false);
    input.pause();
    input.off('keypress', on.key);
    input.off('end', on.end);
    input.off('error', on.end);
    output.off('resize', on.resize);
  };
}

/** The row of a drawing's cursor on a screen of this width, which breaks longer lines. */
function cursorRowOn(columns: number, { lines, cursor }: Drawing): number {
  const rowsOf = (width: number): number => Math.max(1, Math.ceil(width / columns));
  const above = lines.slice(0, cursor.row).reduce((sum, line) => sum + rowsOf(displayWidth(line)), 0);
  return above + rowsOf(cursor.column + 1) - 1;
}

/**
 * Draws each drawing over the previous one. Since then the terminal may have become narrower: most terminals break the
 * lines that are too long then (gnome-terminal, kitty, iTerm2, Windows Terminal, tmux).
 */
function canvas(output: Terminal['output']): (drawing: Drawing) => void {
  let last: Drawing = { lines: [], cursor: { row: 0, column: 0 } };
  return (drawing) => {
    const { lines, cursor } = drawing;
    const cursorRow = cursorRowOn(output.columns || 80, last);
    const home = `${cursorRow > 0 ? `\x1b[${cursorRow}A` : ''}\r\x1b[J`;
    const up = lines.length - 1 - cursor.row;
    const place = `${up > 0 ? `\x1b[${up}A` : ''}\r${cursor.column > 0 ? `\x1b[${cursor.column}C` : ''}`;
    last = drawing;
    output.write(home + lines.join('\n') + place);
  };
}

/**
 * The question as an enquirer 2.4.1 prompt. We use enquirer's names for keys and its order of submit, validate, render and
 * close. We do not use its own prompts: Ctrl-C crashes them on Node 24 and leaves raw mode on before, the end of the input
 * hangs them, an opening bracket typed into a filter throws, a default stays in sight behind the first typed character
 * that it begins with, `1` and `t` agree to a question of yes or no, without colour neither the cursor nor the marks can
 * be seen, and columns are miscounted for most scripts.
 */
async function openQuestion<State, Answer>(terminal: Terminal, dialogue: Dialogue<State, Answer>) {
  // Import it here: a run without questions must not wait for it.
  const { default: Enquirer } = await import('enquirer');
  const paint = canvas(terminal.output);
  const options = {
    name: '',
    type: '',
    message: dialogue.message,
    stdin: terminal.input,
    stdout: terminal.output,
    actions: { ctrl: controlKeys, keys: plainKeys },
  };
  return new (class extends Enquirer.Prompt {
    // Enquirer's types leave these out.
    declare readonly state: { readonly submitted: boolean; readonly cancelled: boolean; readonly error: unknown };
    declare readonly initialize: () => Promise<void>;
    declare readonly keypress: (text: string | undefined, key: unknown) => Promise<void>;
    declare readonly cancel: () => Promise<void>;
    #given = dialogue.start;
    #bodyRows = 2;
    #goesBack = false;

    get answer(): Answer {
      return dialogue.answer(this.#given);
    }

    get end(): CancelledError {
      return this.#goesBack ? new BackError() : new CancelledError();
    }

    back(): Promise<void> {
      this.#goesBack = true;
      return this.cancel();
    }

    /** Enquirer would listen to the keys itself. */
    start(): void {}

    override render(): void {
      paint(this.#draw());
    }

    #draw(): Drawing {
      const { submitted, cancelled, error } = this.state;
      const { message } = dialogue;
      const paper = paperOf(terminal);
      if (cancelled) return drawClosed(message, this.#goesBack ? 'back' : 'cancelled', undefined, paper);
      if (submitted) return drawClosed(message, 'answered', dialogue.summary(this.#given), paper);
      const drawing = drawOpen(dialogue, this.#given, error ? dialogue.problem(this.#given) : undefined, paper);
      this.#bodyRows = drawing.bodyRows;
      return drawing;
    }

    /** Gets the keys that enquirer has no method for. */
    dispatch(text: string | undefined, key: EnquirerKey): void {
      const next = dialogue.press(this.#given, keyOf(text, key), { ...paperOf(terminal), rows: this.#bodyRows });
      if (next === this.#given) return;
      this.#given = next;
      this.render();
    }

    validate(): true | string {
      return dialogue.problem(this.#given) ?? true;
    }
  })(options);
}

/**
 * Asks one question at a terminal and gives its answer. When it settles, the terminal is as it was: out of raw mode, the
 * cursor on the line below, the input paused so that it does not keep the process alive.
 *
 * @throws BackError on Escape; CancelledError on Ctrl-C, Ctrl-D and the end of the input.
 */
async function ask<State, Answer>(terminal: Terminal, dialogue: Dialogue<State, Answer>): Promise<Answer> {
  // The end of the input is reported once only, before this question.
  if (terminal.input.readableEnded) throw new CancelledError();
  const prompt = await openQuestion(terminal, dialogue);
  let stopListening = (): void => undefined;
  try {
    return await new Promise<Answer>((resolve, reject) => {
      prompt.once('submit', () => resolve(prompt.answer));
      prompt.once('cancel', () => reject(prompt.end));
      const whileOpen = (job: () => Promise<void>): void => {
        // Keys that arrive together with the answering one were typed before the next question was in sight.
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

/**
 * Asks one question and gives its answer, as `ask` does.
 *
 * @throws BackError on Escape; CancelledError on Ctrl-C, Ctrl-D and the end of the input.
 */
async function askPlainly<State, Answer>(terminal: Terminal, dialogue: Dialogue<State, Answer>): Promise<Answer> {
  const { columns, style } = paperOf(terminal);
  const { rows, hangingIndent, hint, hidden, read } = dialogue.plain;
  const print = (text: string, indent: number): string => wrapped(text, columns, indent).join('\n');
  const question = print(`${style.signs.question.open} ${visible(messageOf(dialogue))}`, 2);
  const lead =
    hint === undefined ? ': ' : `\n${[...rows.map((row) => print(row, hangingIndent)), `  ${hint}: `].join('\n')}`;
  let refusal = '';
  for (;;) {
    const reading = read(await readLine(terminal, refusal + question + lead, hidden));
    const problem = 'problem' in reading ? reading.problem : dialogue.problem(reading.answer);
    if ('answer' in reading && problem === undefined) return dialogue.answer(reading.answer);
    refusal = `${print(`  ${visible(problem ?? '')}`, 2)}\n`;
  }
}

/** One line, typed after the question. It is echoed here, because the echo of the terminal would show a secret. */
async function readLine(terminal: Terminal, question: string, hidden: boolean): Promise<string> {
  const { input, output } = terminal;
  if (input.readableEnded) throw new CancelledError();
  let line = '';
  let stopListening = (): void => undefined;
  const shown = (text: string): string => (hidden ? '*'.repeat(graphemesOf(text).length) : text);
  try {
    return await new Promise<string>((resolve, reject) => {
      let isOpen = true;
      const settle = (action: () => void): void => {
        isOpen = false;
        output.write('\n');
        action();
      };
      stopListening = listen(terminal, {
        key: (text, key) => {
          if (!isOpen) return;
          if (key.name === 'return' || key.name === 'enter') return settle(() => resolve(line));
          if (key.name === 'escape') return settle(() => reject(new BackError()));
          if (key.ctrl && (key.name === 'c' || key.name === 'd')) return settle(() => reject(new CancelledError()));
          if (key.name === 'backspace') {
            const last = graphemesOf(line).at(-1) ?? '';
            line = line.slice(0, line.length - last.length);
            output.write('\b \b'.repeat(displayWidth(shown(last))));
            return;
          }
          const typed = typedText(text, key) ?? '';
          line += typed;
          output.write(shown(typed));
        },
        end: () => reject(new CancelledError()),
        resize: () => undefined,
      });
      // Only now: before, the terminal itself would echo what is typed.
      output.write(question);
    });
  } finally {
    stopListening();
  }
}
