/** Questions on a terminal where nothing can be redrawn (TERM=dumb): lines are printed, and an answer is typed below. */

import { BackError, CancelledError } from '../errors.ts';
import { type Dialogue, messageOf } from './dialogue.ts';
import { listen, paperOf, type Terminal, typedText } from './question-frame.ts';
import { displayWidth, graphemesOf, wrapped } from './text-width.ts';
import { visible } from './visible.ts';

/**
 * Asks one question and gives its answer, as `ask` does.
 *
 * @throws BackError on Escape; CancelledError on Ctrl-C, Ctrl-D and the end of the input.
 */
export async function askPlainly<State, Answer>(
  terminal: Terminal,
  dialogue: Dialogue<State, Answer>,
): Promise<Answer> {
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
