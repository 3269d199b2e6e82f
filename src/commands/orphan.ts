/** adsi-remedy orphan: from flags or wizard to a plan that deletes a server object, and on to what becomes of it. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { sameDn } from '../ad/dn.ts';
import { openBlockers } from '../change/findings.ts';

import type { FolderDocument } from '../change/folder.ts';
import type { DirectoryChange, Plan } from '../change/plan.ts';
import { sealPlan } from '../change/seal.ts';
import { DirectoryError, type ExitStatus, exitStatus, RefusedError, UsageError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { assess } from '../remedies/orphan/assess.ts';
import { findServer } from '../remedies/orphan/find-server.ts';
import { gather, type OrphanFacts } from '../remedies/orphan/gather.ts';
import { nextSteps } from '../remedies/orphan/next-steps.ts';
import { type OrphanOptions, readSelection, type Selection } from '../remedies/orphan/options.ts';
import { plan as planChanges } from '../remedies/orphan/plan.ts';
import { headline, serverTable } from '../remedies/orphan/screen.ts';
import { readSetupLog, type SetupLog } from '../remedies/orphan/setup-log.ts';
import { explanation, supportedSteps } from '../remedies/orphan/supported-ways.ts';
import { type Reach, type Survey, type SurveyedServer, sharedNamesOf, survey } from '../remedies/orphan/survey.ts';
import { askAboutBlockers, askCleanUp, askServer, askSupportedWay } from '../remedies/orphan/wizard.ts';
import { findingLines } from '../review/text.ts';
import { createProgressRows } from '../terminal/progress.ts';
import { table } from '../terminal/table.ts';
import { wrap } from '../terminal/text-width.ts';
import { visible } from '../terminal/visible.ts';
import { toolVersion } from '../version.ts';
import { ldifDocuments, nextStepsDocument, pageDocument, textDocument } from './change-documents.ts';
import { requireConfirmation } from './confirm-deletion.ts';
import type { Context } from './context.ts';
import { carryOut, type Decision, readDecision } from './decide.ts';
import { directoryFlags, type OpenDirectory, openDirectory } from './directory.ts';
import { decisionFlags, type Flags, nearestName, outputFlags, readArguments, readWait } from './flags.ts';
import { forestTarget } from './forest-target.ts';
import { createOutput, type Output } from './output.ts';

const flagTable = {
  ...outputFlags,
  ...decisionFlags,
  ...directoryFlags,
  name: 'text',
  dn: 'text',
  'setup-log': 'text',
  probe: 'yes-no',
  'tree-delete': 'yes-no',
  confirm: 'text',
  wait: 'text',
} as const;

type OrphanFlags = Flags<typeof flagTable>;

/** Runs the remedy with these arguments. */
export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags } = readArguments('orphan', args, flagTable);
  const output = createOutput(context, flags);
  const decision = readDecision('orphan', flags, output);
  const waitSeconds = readWait(flags.wait);
  const selection = readSelection(flags.name, flags.dn);
  const log = flags['setup-log'] === undefined ? undefined : await readLog(flags['setup-log'], context);
  const directory = await openDirectory(flags, context, output);
  const reach = await reachOf(directory);
  try {
    const surveyed = await surveyShowing(reach, context, output);
    const chosen = await choose(surveyed, selection, log, context, output);
    if (decision.kind === 'apply' || flags.confirm !== undefined)
      requireConfirmation(flags.confirm, chosen.server.name);
    if (decision.kind === 'ask' && (await takesSupportedWay(surveyed, chosen, output))) return exitStatus.done;
    const facts = await gatherShowing(reach, surveyed, chosen, flags.probe, context, output);
    const options = await settle(facts, optionsOf(flags), decision, output);
    const plan = sealPlan({
      id: context.randomId(),
      tool: toolVersion(),
      created: context.now().toISOString(),
      remedy: 'orphan',
      target: await forestTarget(directory),
      findings: assess(facts, options),
      changes: planChanges(facts, options),
    });
    return await carryOut(
      {
        plan,
        documents: () => orphanDocuments(plan, facts, context),
        folderName: 'orphan',
        accept: flags.accept,
        means: { open: async () => directory, waitSeconds },
        confirm: flags.confirm,
      },
      decision,
      context,
      output,
    );
  } finally {
    await reach.global?.close();
    await directory.close();
  }
}

function optionsOf(flags: OrphanFlags): OrphanOptions {
  return {
    treeDelete: flags['tree-delete'],
    cleanUp: { kind: 'all' },
    accept: flags.accept,
  };
}

function orphanDocuments(plan: Plan<DirectoryChange>, facts: OrphanFacts, context: Context): readonly FolderDocument[] {
  return [
    textDocument(plan),
    pageDocument(plan, context.templates),
    ...ldifDocuments(plan.changes),
    nextStepsDocument(nextSteps(facts)),
  ];
}

async function reachOf(directory: OpenDirectory): Promise<Reach> {
  const { session, isExport } = directory;
  return { session, isExport, global: await globalCatalogOf(directory) };
}

async function globalCatalogOf(directory: OpenDirectory): Promise<DirectorySession | undefined> {
  try {
    return await directory.openGlobalCatalog();
  } catch (error) {
    // That no global catalog answers is a finding: only this domain's recipients are known then.
    if (error instanceof DirectoryError) return undefined;
    throw error;
  }
}

async function readLog(named: string, context: Context): Promise<SetupLog> {
  const file = path.resolve(context.currentFolder, named);
  try {
    return readSetupLog(await readFile(file), file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError({
      attempted: 'read the setup log',
      on: file,
      cameBack: errnoInWords(error),
      next: 'Give with --setup-log the path of ExchangeSetup.log (C:\\ExchangeSetupLogs on the machine).',
      cause: error,
    });
  }
}

async function surveyShowing(reach: Reach, context: Context, output: Output): Promise<Survey> {
  const now = context.now();
  const surveyed = await survey(reach, now);
  for (const line of wrap(visible(headline(surveyed, reach)), output.width, { indent: 2, hangingIndent: 4 }))
    output.say(line);
  output.say('');
  if (surveyed.servers.length === 0) {
    const isThere = surveyed.organisation.organisations.length > 0;
    throw new RefusedError({
      attempted: 'find Exchange server objects',
      on: `CN=Services,${surveyed.forest.configurationNamingContext}`,
      cameBack: isThere
        ? 'the Exchange organisation has none that you may see'
        : 'there is no Exchange organisation in this forest, or none that you may see',
      next: 'Name a domain controller of the right forest with --server, and a user who may read its configuration.',
    });
  }
  showServers(surveyed, now, output);
  return surveyed;
}

function showServers(surveyed: Survey, now: Date, output: Output): void {
  const { style, width } = output;
  const { headings, groups } = serverTable(surveyed, now);
  const rows = groups.flatMap(({ servers }) => servers.map(({ cells }) => cells));
  const heading = headings.map((text) => ({ text, style: style.dim }));
  // With a greatest width the last column is cut like the others: each row is one line.
  const columns = headings.map(() => ({ maxWidth: width }));
  const [first = '', ...lines] = table([heading, ...rows], columns, width - 2);
  const left = lines.values();
  output.say(`  ${first}`);
  for (const group of groups) {
    for (const line of wrap(visible(group.heading), width, { indent: 2, hangingIndent: 4 }))
      output.say(style.bold(line));
    if (group.servers.length === 0) output.say(style.dim('  (no servers)'));
    for (const { details } of group.servers) {
      output.say(`  ${left.next().value ?? ''}`);
      for (const detail of details) {
        for (const part of wrap(visible(detail), width, { indent: 6, hangingIndent: 8 })) output.say(style.dim(part));
      }
    }
  }
  output.say('');
}

/** The server that the flags name, else the one that the setup log names, else the one that the user picks. */
async function choose(
  surveyed: Survey,
  selection: Selection,
  log: SetupLog | undefined,
  context: Context,
  output: Output,
): Promise<SurveyedServer> {
  if (selection.kind !== 'none') {
    const named = findServer(surveyed, selection, nearestName);
    if (log !== undefined) tellLog(log, named, output);
    return named;
  }
  const suggested = log === undefined ? undefined : fromLog(surveyed, log, output);
  if (log !== undefined && suggested !== undefined) tellLog(log, suggested, output);
  if (suggested !== undefined && !output.canAsk) return suggested;
  const prompter = await output.prompter();
  return askServer(surveyed.servers, suggested, context.now(), prompter);
}

/** Whoever names the server and gives the log too wants to know whether they agree. */
function tellLog({ name, dn, isInconsistentState }: SetupLog, { server }: SurveyedServer, output: Output): void {
  const agrees = dn === undefined ? name?.toLowerCase() === server.name.toLowerCase() : sameDn(dn, server.dn);
  const found = visible(dn ?? `it looked for ${name}, and says of no object that it was found`);
  if (agrees) output.say(`  The setup log names ${server.name}: ${found}`);
  else output.say(`  ${output.style.warning('The setup log names another object:')} ${found}`);
  if (isInconsistentState) output.say('  Setup took the server for one in an inconsistent state because of it.');
  output.say('');
}

/** The object that the log names. Where there is none a person is told so, and asked; a script gets the error. */
function fromLog(surveyed: Survey, log: SetupLog, output: Output): SurveyedServer | undefined {
  const { dn, name = '', source } = log;
  try {
    return findServer(surveyed, dn === undefined ? { kind: 'name', name } : { kind: 'dn', dn }, nearestName);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { attempted, on, cameBack, next } = error.trouble;
    if (output.canAsk) {
      output.say(`  ${output.style.warning('The setup log names')} ${visible(on)}: ${visible(cameBack)}.`);
      output.say('');
      return undefined;
    }
    throw new UsageError({ attempted, on: `${on}, which ${source} names`, cameBack, next, cause: error });
  }
}

/** Whether the user takes a way that Microsoft supports; then its steps are told, and nothing is deleted. */
async function takesSupportedWay(surveyed: Survey, chosen: SurveyedServer, output: Output): Promise<boolean> {
  const shared = sharedNamesOf(surveyed, chosen);
  for (const line of wrap(explanation(chosen), output.width, { indent: 2, hangingIndent: 2 })) output.say(line);
  output.say('');
  // Each of the ways finds the server by its name.
  if (shared.length > 0) return false;
  const way = await askSupportedWay(chosen, await output.prompter());
  if (way === 'none') return false;
  output.say('');
  for (const step of supportedSteps({ chosen, sharedNames: shared })) output.say(`  ${step}`);
  output.say('  Nothing was changed.');
  return true;
}

async function gatherShowing(
  reach: Reach,
  surveyed: Survey,
  chosen: SurveyedServer,
  probe: boolean,
  context: Context,
  output: Output,
): Promise<OrphanFacts> {
  const { name } = chosen.server;
  const rows = createProgressRows(output.screen, [name]);
  try {
    return await gather(reach, surveyed, chosen, {
      probe,
      now: context.now(),
      onStep: (step) => rows.update(name, step),
    });
  } finally {
    rows.done();
  }
}

/** At a terminal a person is asked about the clean-up and about what stands in the way, before the diff. */
async function settle(
  facts: OrphanFacts,
  given: OrphanOptions,
  decision: Decision,
  output: Output,
): Promise<OrphanOptions> {
  if (decision.kind !== 'ask') return given;
  const prompter = await output.prompter();
  const options = { ...given, cleanUp: await askCleanUp(facts, prompter) };
  const standing = openBlockers(assess(facts, options));
  if (standing.length === 0) return options;
  output.say('');
  for (const line of findingLines(standing, output.review)) output.say(line);
  const accepted = await askAboutBlockers(standing, prompter);
  output.say('');
  return { ...options, accept: [...options.accept, ...accepted] };
}
