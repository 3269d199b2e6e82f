/** The output of a command: results to stdout, everything else to stderr; with --json only one document on stdout. */

import type { Finding } from '../change/findings.ts';
import type { Plan } from '../change/plan.ts';
import { CancelledError, type ExitStatus, exitStatusOf, RemedyError, type Trouble } from '../errors.ts';
import { type Patience, patienceOf } from '../files/system-errors.ts';
import type { Flags } from '../flags.ts';
import { asciiJson } from '../quoting.ts';
import type { PlanInWords, StepsOf } from '../remedies/remedy.ts';
import { isDiffLine, type TextReviewOptions } from '../review/diff-text.ts';
import type { ReviewRow } from '../review/rows.ts';
import { findingLines, reviewToAskAbout, screenReview, summaryLines } from '../review/text.ts';
import { createProgress, type Progress, type ProgressScreen, processTimer } from '../terminal/progress.ts';
import { type Prompter, unavailablePrompter } from '../terminal/prompter.ts';
import { canRedraw, createStyle, inSigns, type Style, signsFor, unicodeSigns } from '../terminal/style.ts';
import { type Terminal, terminalPrompter } from '../terminal/terminal-prompter.ts';
import { fitted, visible } from '../terminal/text-layout.ts';
import type { outputFlags } from './command-flags.ts';
import type { Context } from './context.ts';

type OutputFlags = Omit<Flags<typeof outputFlags>, 'help'>;

/** The output of a run, and its prompter. */
export interface Output {
  readonly style: Style;
  /** For text reviews. */
  readonly review: {
    readonly options: TextReviewOptions;
    /** Shows a plan: the diff, or these rows of it, the findings with their steps, the count. */
    readonly plan: (plan: Plan, words: PlanInWords, rows?: readonly ReviewRow[]) => void;
    /** Shows the diff, or these rows of it, and the findings, before questions about these. */
    readonly toAskAbout: (plan: Plan, words: PlanInWords, rows?: readonly ReviewRow[]) => void;
    /** Shows the count. */
    readonly summary: (plan: Plan, words: PlanInWords) => void;
    /** Shows only findings. */
    readonly findings: (findings: readonly Finding[], stepsOf: StepsOf) => void;
  };
  readonly isJson: boolean;
  /**
   * Whether the user can be asked: input and the stream that questions are drawn on are terminals, and no --json is
   * given.
   */
  readonly canAsk: boolean;
  /** A line of the result, wrapped at a terminal if it is no line of a diff. With --json it goes to stderr. */
  say(line: string): void;
  /** A progress line; --quiet leaves it out. */
  report(line: string): void;
  /** The one document of --json. */
  document(value: unknown): void;
  progress(): Progress;
  readonly screen: ProgressScreen;
  /** Waits a moment for a file that another program has open, and reports that once for each file. */
  readonly patience: Patience;
  /** Without a terminal, and with --json, each question is refused with the flag for its answer. */
  readonly prompter: Prompter;
}

/** In columns. Questions also assume 80 if a terminal reports no size. */
const widths = { least: 40, most: 140, ofFile: 100, ofUnknownTerminal: 80 } as const;

/** The output of a run, by its flags and by what its streams are. */
export function createOutput(context: Context, flags: OutputFlags): Output {
  const human = flags.json ? context.stderr : context.stdout;
  const isTerminal = human.isTTY === true;
  // https://no-color.org: present and not empty.
  const color = isTerminal && !flags['no-color'] && !context.env['NO_COLOR'] && canRedraw(context);
  const signs = isTerminal ? signsFor(context) : unicodeSigns;
  const style = createStyle(color, signs);
  // As it is now: a window may be resized between two questions.
  const widthNow = (): number => {
    const columns = isTerminal ? human.columns || widths.ofUnknownTerminal : widths.ofFile;
    return Math.max(widths.least, Math.min(columns, widths.most));
  };
  const isAtTerminal = context.prompter !== undefined || (context.stdin.isTTY === true && isTerminal);
  const screen: ProgressScreen = {
    output: context.stderr,
    isTerminal: context.stderr.isTTY === true && canRedraw(context),
    isQuiet: flags.quiet,
    style,
    clock: () => performance.now(),
    timer: processTimer,
  };
  const print = (line: string): void => {
    human.write(`${isTerminal && !isDiffLine(line) ? fitted(inSigns(line, signs), widthNow()) : line}\n`);
  };
  const printAll = (lines: Iterable<string>): void => {
    for (const line of lines) print(line);
  };
  const report = (line: string): void => {
    if (!flags.quiet) print(line);
  };
  const waitedFor = new Set<string>();
  const patience = patienceOf(context.platform, context.sleep, (file) => {
    if (!waitedFor.has(file)) report(`  ${style.dim(visible(`Waiting: another program has ${file} open`))}`);
    waitedFor.add(file);
  });
  const options: TextReviewOptions = {
    style,
    get width() {
      return widthNow();
    },
    get columns() {
      return isTerminal ? widthNow() : undefined;
    },
    verbose: flags.verbose,
    quiet: flags.quiet,
  };
  const optionsWith = ({ stepsOf }: Pick<PlanInWords, 'stepsOf'>): TextReviewOptions => ({ ...options, stepsOf });
  return {
    style,
    review: {
      options,
      plan: (plan, words, rows) => printAll(screenReview(plan, optionsWith(words), words.extent, rows)),
      toAskAbout: (plan, words, rows) => printAll(reviewToAskAbout(plan, optionsWith(words), words.extent, rows)),
      summary: (plan, words) => printAll(summaryLines(plan, options, words.extent)),
      findings: (findings, stepsOf) => printAll(findingLines(findings, optionsWith({ stepsOf }))),
    },
    isJson: flags.json,
    canAsk: isAtTerminal && !flags.json,
    say: print,
    report,
    document: (value) => {
      if (flags.json) context.stdout.write(`${asciiJson(value, 2)}\n`);
    },
    progress: () => createProgress(screen),
    screen,
    patience,
    prompter: prompterFor(context, isAtTerminal, flags.json, { output: human, color, signs }),
  };
}

function prompterFor(
  context: Context,
  isAtTerminal: boolean,
  isJson: boolean,
  look: Pick<Terminal, 'output' | 'color' | 'signs'>,
): Prompter {
  if (isJson) {
    const otherWay = isAtTerminal ? 'leave out --json' : 'run it at a terminal without --json';
    return unavailablePrompter('--json asks nothing', otherWay);
  }
  if (context.prompter !== undefined) return context.prompter;
  if (!isAtTerminal) return unavailablePrompter('there is no terminal to ask at');
  return terminalPrompter({ input: context.stdin, canRedraw: canRedraw(context), ...look });
}

/** An error as it is shown. */
export function troubleLines({ attempted, on, cameBack, next }: Trouble, style: Style): readonly string[] {
  return [
    `${style.blocker('error')}  Could not ${visible(attempted)}`,
    `  on         ${visible(on)}`,
    `  result     ${visible(cameBack)}`,
    `  next       ${visible(next)}`,
  ];
}

/** Shows an error to the user and gives its exit status. */
export function reportError(error: unknown, args: readonly string[], context: Context): ExitStatus {
  const verbose = args.includes('--verbose');
  const color = context.stderr.isTTY === true && canRedraw(context) && !context.env['NO_COLOR'];
  const style = createStyle(color && !args.includes('--no-color'));
  const { stderr } = context;
  const say = (line: string): void => {
    stderr.write(`${stderr.isTTY === true ? fitted(inSigns(line, signsFor(context)), stderr.columns) : line}\n`);
  };
  if (error instanceof CancelledError) {
    say('  Cancelled: nothing was changed.');
  } else if (error instanceof RemedyError) {
    for (const line of troubleLines(error.trouble, style)) say(line);
  } else {
    say(`${style.blocker('error')}  Internal error in adsi-remedy: ${visible(String(error))}`);
    say(
      '  next       Run it again with --verbose, and report the output. Changes already made are in the journal, if there is one.',
    );
  }
  if (verbose && error instanceof Error && !(error instanceof CancelledError)) {
    for (const line of (error.stack ?? '').split('\n')) say(visible(line));
  }
  if (args.includes('--json')) {
    const trouble =
      error instanceof RemedyError ? { code: error.code, ...error.trouble, cause: undefined } : { code: 'internal' };
    context.stdout.write(`${asciiJson({ error: trouble }, 2)}\n`);
  }
  return exitStatusOf(error);
}
