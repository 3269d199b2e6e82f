/** adsi-remedy tombstone: from flags or wizard to a plan, and on to what becomes of it. */

import { openBlockers } from '../change/findings.ts';
import type { FolderDocument } from '../change/folder.ts';
import type { ForestTarget } from '../change/plan.ts';
import { sealPlan } from '../change/seal.ts';
import { type ExitStatus, UsageError } from '../errors.ts';
import { adviceFor } from '../remedies/tombstone/advice.ts';
import { assess } from '../remedies/tombstone/assess.ts';
import type { TombstoneFacts } from '../remedies/tombstone/facts.ts';
import { gather } from '../remedies/tombstone/gather.ts';
import { histogramLines } from '../remedies/tombstone/histogram.ts';
import { nextSteps } from '../remedies/tombstone/next-steps.ts';
import { parseDays, type TombstoneOptions, type WantedLifetime } from '../remedies/tombstone/options.ts';
import { plan as planChanges } from '../remedies/tombstone/plan.ts';
import { daysAfter } from '../remedies/tombstone/purge.ts';
import { type ScreenOptions, surveyLines } from '../remedies/tombstone/screen.ts';
import { standingsOf } from '../remedies/tombstone/standing.ts';
import { askAboutBlockers, askDays } from '../remedies/tombstone/wizard.ts';
import { findingLines } from '../review/text.ts';
import { createProgressRows, type ProgressRows } from '../terminal/progress.ts';
import { visible } from '../terminal/visible.ts';
import { wrapped } from '../terminal/wrapped.ts';
import { toolVersion } from '../version.ts';
import { ldifDocuments, nextStepsDocument, pageDocument, textDocument } from './change-documents.ts';
import type { Context } from './context.ts';
import { carryOut, type Decision, readDecision } from './decide.ts';
import { directoryFlags, type OpenDirectory, openDirectory } from './directory.ts';
import { decisionFlags, type Flags, outputFlags, readArguments, readWait } from './flags.ts';
import { createOutput, type Output } from './output.ts';

const flagTable = {
  ...outputFlags,
  ...decisionFlags,
  ...directoryFlags,
  days: 'text',
  unset: 'yes-no',
  wait: 'text',
} as const;

/** What the tables on the screen show, and the plan has in words. */
const shownAsTables = ['replication-state', 'deleted-objects', 'backup-not-known'];

/** Runs the remedy with these arguments. */
export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags } = readArguments('tombstone', args, flagTable);
  const output = createOutput(context, flags);
  const decision = readDecision('tombstone', flags, output);
  const waitSeconds = readWait(flags.wait);
  const given: TombstoneOptions = { wanted: readWanted(flags), accept: flags.accept };
  if (given.wanted.kind === 'none' && (!output.canAsk || output.isJson)) throw nobodySaysHowMany();
  const directory = await openDirectory(flags, context, output);
  try {
    const facts = await gatherShowing(directory, context, output);
    show((screen) => surveyLines(facts, standingsOf(facts), screen), output);
    const options = await settle(facts, given, decision, output);
    show((screen) => histogramLines(facts, daysAfter(facts, options.wanted), screen), output);
    const changes = planChanges(facts, options);
    const plan = sealPlan({
      id: context.randomId(),
      tool: toolVersion(),
      created: context.now().toISOString(),
      remedy: 'tombstone',
      target: targetOf(facts, directory),
      findings: assess(facts, options),
      changes,
    });
    const documents = (): readonly FolderDocument[] => [
      textDocument(plan),
      pageDocument(plan, context.templates),
      ...ldifDocuments(plan.changes),
      nextStepsDocument(nextSteps(facts, options)),
    ];
    const means = { open: async () => directory, waitSeconds };
    const shownNotes = given.wanted.kind === 'none' ? [...shownAsTables, 'advice'] : shownAsTables;
    const proposal = { plan, documents, means, folderName: 'tombstone', accept: flags.accept, shownNotes };
    return await carryOut(proposal, decision, context, output);
  } finally {
    await directory.close();
  }
}

function readWanted(flags: Flags<typeof flagTable>): WantedLifetime {
  if (flags.days !== undefined && flags.unset) {
    throw new UsageError({
      attempted: 'choose the lifetime',
      on: '--days with --unset',
      cameBack: 'one sets the value, the other removes it',
      next: 'Give one of them.',
    });
  }
  if (flags.unset) return { kind: 'unset' };
  return flags.days === undefined ? { kind: 'none' } : { kind: 'days', days: parseDays(flags.days) };
}

function nobodySaysHowMany(): UsageError {
  return new UsageError({
    attempted: 'choose the lifetime',
    on: 'tombstone',
    cameBack: 'no flag says it, and there is no terminal to ask at',
    next: 'Give --days N, or --unset to remove the value. Microsoft recommends --days 180.',
  });
}

function targetOf({ forest, source }: TombstoneFacts, { connection }: OpenDirectory): ForestTarget {
  return {
    kind: 'forest',
    configurationNamingContext: forest.configurationNamingContext,
    objectGuid: forest.objectGuid,
    domainController: source.host,
    connection,
  };
}

async function gatherShowing(directory: OpenDirectory, context: Context, output: Output): Promise<TombstoneFacts> {
  let rows: ProgressRows | undefined;
  try {
    return await gather(directory, {
      now: context.now,
      watch: {
        begin: (names) => {
          rows = createProgressRows(output.screen, names);
          for (const name of names) rows.update(name, 'asking');
        },
        update: (name, state) => rows?.update(name, state),
      },
    });
  } finally {
    rows?.done();
  }
}

/** Set in by two columns, as all that the command says. */
function show(lines: (screen: ScreenOptions) => Iterable<string>, output: Output): void {
  for (const line of lines({ style: output.style, width: output.width - 2 }))
    output.say(line === '' ? '' : `  ${line}`);
}

/** Fills in what the flags have left open: the number, and at a terminal what a person says to the blockers. */
async function settle(
  facts: TombstoneFacts,
  given: TombstoneOptions,
  decision: Decision,
  output: Output,
): Promise<TombstoneOptions> {
  const options = given.wanted.kind === 'none' ? await consult(facts, given, output) : given;
  if (decision.kind !== 'ask') return options;
  const standing = openBlockers(assess(facts, options));
  if (standing.length === 0) return options;
  for (const line of findingLines(standing, output.review)) output.say(line);
  const accepted = await askAboutBlockers(standing, await output.prompter());
  output.say('');
  return { ...options, accept: [...options.accept, ...accepted] };
}

/** The wizard: what stands in the way and the advice first, then the question. */
async function consult(facts: TombstoneFacts, given: TombstoneOptions, output: Output): Promise<TombstoneOptions> {
  const { style, width } = output;
  for (const { level, id, title } of assess(facts, given)) {
    if (level === 'note') continue;
    const line = `  ${style[level](level.padEnd(8))} ${style.bold(id)}  ${visible(title)}`;
    for (const part of wrapped(line, width, 11)) output.say(part);
  }
  const advice = adviceFor(facts, standingsOf(facts));
  const advised = `  Advice: ${advice.days} days. ${advice.reasons.join(' ')}`;
  output.say('');
  for (const part of wrapped(visible(advised), width, 2)) output.say(part);
  const wanted = await askDays(facts, advice, await output.prompter());
  output.say('');
  return { ...given, wanted };
}
