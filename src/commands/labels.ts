/** adsi-remedy labels: from flags or wizard to a plan, and on to what becomes of it. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openBlockers } from '../change/findings.ts';

import type { FolderDocument } from '../change/folder.ts';
import type { FileChange, Plan } from '../change/plan.ts';
import { sealPlan } from '../change/seal.ts';
import { type ExitStatus, UsageError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import { assess } from '../remedies/labels/assess.ts';
import { gather, type LabelsFacts, type Surroundings, survey } from '../remedies/labels/gather.ts';
import { nextSteps } from '../remedies/labels/next-steps.ts';
import {
  checkLabelText,
  type LabelsOptions,
  type NewLabel,
  parseCodePage,
  userIdKey,
  userNameKey,
} from '../remedies/labels/options.ts';
import { plan as planChanges } from '../remedies/labels/plan.ts';
import { askAboutBlockers, askWhatToChange } from '../remedies/labels/wizard.ts';
import { labels, loadBuiltInWording, type Wording } from '../remedies/labels/wording.ts';
import { parseWordingFile } from '../remedies/labels/wording-file.ts';
import { findingLines } from '../review/text.ts';
import { toolVersion } from '../version.ts';
import { diffDocument, nextStepsDocument, pageDocument, textDocument } from './change-documents.ts';
import { type CheckedUpns, checkUpns } from './check-upn.ts';
import type { Context } from './context.ts';
import { carryOut, readDecision } from './decide.ts';
import { directoryFlags } from './directory.ts';
import { decisionFlags, type Flags, nearestName, outputFlags, readArguments } from './flags.ts';
import { findRoots } from './labels-roots.ts';
import { showSurvey } from './labels-survey.ts';
import { createOutput, type Output } from './output.ts';

const flagTable = {
  ...outputFlags,
  ...decisionFlags,
  ...directoryFlags,
  root: 'texts',
  host: 'texts',
  set: 'texts',
  class: 'texts',
  language: 'texts',
  key: 'texts',
  label: 'text',
  text: 'text',
  wording: 'text',
  'code-page': 'texts',
  'skip-blocked': 'yes-no',
  'check-upn': 'yes-no',
} as const;

type LabelsFlags = Flags<typeof flagTable>;

/** Runs the remedy with these arguments. */
export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags } = readArguments('labels', args, flagTable);
  const output = createOutput(context, flags);
  const decision = readDecision('labels', flags, output);
  refuseIdleDirectoryFlags(flags);
  const wordings = await readWordings(flags, context);
  const given: LabelsOptions = {
    roots: await findRoots(flags, context, output),
    sets: flags.set,
    classes: flags.class,
    languages: flags.language,
    keys: flags.key.length === 0 ? [userNameKey] : flags.key,
    newLabel: readNewLabel(flags, wordings),
    encodings: new Map(flags['code-page'].map(parseCodePage)),
    skipBlocked: flags['skip-blocked'],
    accept: flags.accept,
  };
  const { options, facts } =
    given.newLabel.kind === 'none'
      ? await consult(given, flags, wordings, context, output)
      : { options: given, facts: await gather(given, surroundings(context, output)) };
  const settled = decision.kind === 'ask' ? await settleBlockers(facts, options, output) : options;
  const upns = flags['check-upn'] ? await checkUpns(flags, context, output) : nothingChecked;
  try {
    const { target, changes } = planChanges(facts, settled);
    const plan = sealPlan({
      id: context.randomId(),
      tool: toolVersion(),
      created: context.now().toISOString(),
      remedy: 'labels',
      target,
      findings: [...assess(facts, settled, nearestName), ...upns.findings],
      changes,
    });
    const documents = (): readonly FolderDocument[] => [...labelsDocuments(plan, context.templates), ...upns.documents];
    return await carryOut({ plan, documents, folderName: 'labels', accept: flags.accept }, decision, context, output);
  } finally {
    await upns.close();
  }
}

const nothingChecked: CheckedUpns = { findings: [], documents: [], close: async () => undefined };

/** Labels are files: a directory is only asked by --check-upn. */
function refuseIdleDirectoryFlags(flags: LabelsFlags): void {
  const { server, domain, tls, ca, dns, user, ldif } = flags;
  const given = Object.entries({ server, domain, tls, ca, 'tls-name': flags['tls-name'], dns, user, ldif });
  const idle = given.find(([, value]) => value !== undefined)?.[0];
  if (flags['check-upn'] || idle === undefined) return;
  throw new UsageError({
    attempted: 'read the arguments of labels',
    on: `--${idle}`,
    cameBack: 'it names a directory, and nothing here asks one',
    next: 'Add --check-upn to count there who could not log on with the new label, or leave it out.',
  });
}

/**
 * What a change folder of this remedy holds besides the plan.
 *
 * @param templates the templates folder, as a URL that ends in a slash
 */
export function labelsDocuments(plan: Plan<FileChange>, templates: URL): readonly FolderDocument[] {
  return [
    pageDocument(plan, templates),
    textDocument(plan),
    diffDocument(plan.changes),
    nextStepsDocument(nextSteps(plan.changes)),
  ];
}

/** The wizard: shows what is there, asks, and fills in what the flags have left open. */
async function consult(
  given: LabelsOptions,
  flags: LabelsFlags,
  wordings: readonly Wording[],
  context: Context,
  output: Output,
): Promise<{ readonly options: LabelsOptions; readonly facts: LabelsFacts }> {
  if (flags.yes || !output.canAsk) {
    throw new UsageError({
      attempted: 'choose the new label',
      on: 'labels',
      cameBack: `no flag says it, and ${flags.yes ? '--yes asks nothing' : 'there is no terminal to ask at'}`,
      next: 'Give --label email, --label upn, --label username or --text TEXT.',
    });
  }
  const prompter = await output.prompter();
  const keys = flags.key.length === 0 ? [userNameKey, userIdKey] : given.keys;
  const { facts, factsFor } = await survey({ ...given, keys }, surroundings(context, output));
  showSurvey(facts, given.keys, output);
  const otherKeys = flags.key.length === 0 && hasKey(facts, userIdKey) ? [userIdKey] : [];
  const answers = await askWhatToChange(facts, given, wordings, otherKeys, prompter);
  output.say('');
  const options = { ...given, ...answers };
  return { options, facts: await factsFor(options) };
}

function hasKey(facts: LabelsFacts, key: string): boolean {
  return facts.files.some(
    ({ content }) => content.kind === 'strings' && content.values.some((value) => value.key === key),
  );
}

/** At a terminal a person is asked about what stands in the way, before the diff that shows the result. */
async function settleBlockers(facts: LabelsFacts, options: LabelsOptions, output: Output): Promise<LabelsOptions> {
  const standing = openBlockers(assess(facts, options, nearestName));
  if (standing.length === 0) return options;
  for (const line of findingLines(standing, output.review)) output.say(line);
  const answers = await askAboutBlockers(standing, await output.prompter());
  output.say('');
  return {
    ...options,
    accept: [...options.accept, ...answers.accept],
    skipBlocked: options.skipBlocked || answers.skipBlocked,
  };
}

/** What reading needs of the world, with a bar for as long as it takes. */
function surroundings({ user }: Context, output: Output): Surroundings {
  const progress = output.progress();
  return {
    user,
    onRead: (read, total) => {
      if (read === 1) progress.start(total, 'Reading form sets');
      progress.advance(1);
      if (read === total) progress.done();
    },
  };
}

async function readWordings(flags: LabelsFlags, context: Context): Promise<readonly Wording[]> {
  const builtIn = await loadBuiltInWording(context.templates);
  if (flags.wording === undefined) return [builtIn];
  const file = path.resolve(context.currentFolder, flags.wording);
  return [parseWordingFile(file, readWordingFile(file)), builtIn];
}

function readWordingFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError({
      attempted: 'read the wording file',
      on: file,
      cameBack: errnoInWords(error),
      next: 'Give with --wording a JSON file that maps cultures to texts, like { "de": "E-Mail-Adresse:" }.',
      cause: error,
    });
  }
}

function readNewLabel(flags: LabelsFlags, wordings: readonly Wording[]): NewLabel {
  const refuse = (on: string, cameBack: string): UsageError =>
    new UsageError({
      attempted: 'choose the new label',
      on,
      cameBack,
      next: 'Give one of --label email, --label upn, --label username or --text TEXT.',
    });
  if (flags.text !== undefined) {
    if (flags.label !== undefined || flags.wording !== undefined) {
      throw refuse('--text', 'it is the same text in every language, and another flag asks for wording by language');
    }
    return { kind: 'text', text: checkLabelText(flags.text, '--text') };
  }
  const { label } = flags;
  if (label === undefined) {
    // Without a label only the file's own wording counts: which built-in one to mix in, nobody has said.
    return flags.wording === undefined
      ? { kind: 'none' }
      : { kind: 'wording', label: 'email', wordings: wordings.slice(0, 1) };
  }
  const known = labels.find((candidate) => candidate === label);
  if (known === undefined) throw refuse(`--label ${label}`, 'there is no such label');
  return { kind: 'wording', label: known, wordings };
}
