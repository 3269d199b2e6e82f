/** The world that a remedy reads: opened from flags, with progress shown and a deadline. */

import { setMaxListeners } from 'node:events';
import { sameDn } from '../ad/dn.ts';
import { readExportedForest, readForest } from '../ad/forest.ts';
import type { FindingDraft } from '../change/findings.ts';
import type { ForestTarget, Plan, Proposal, Target } from '../change/plan.ts';
import { rightsWritten } from '../change/unchecked-writes.ts';
import { RefusedError } from '../errors.ts';
import type { Flags } from '../flags.ts';
import { withSearchDeadline } from '../ldap/search-deadline.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { commandLine } from '../quoting.ts';
import type {
  DirectoryWorld,
  FilesWorld,
  Leads,
  PlanInWords,
  Remedy,
  RemedyOptions,
  Scope,
  StepsOf,
  Surroundings,
  World,
} from '../remedies/remedy.ts';
import { createProgressRows, type Progress, type ProgressRows } from '../terminal/progress.ts';
import type { DirectoryFlags } from './command-flags.ts';
import type { Context, OpenDirectory } from './context.ts';
import { connectionWords, openDirectory, type Reached } from './directory.ts';
import type { SavedDirectory } from './logon.ts';
import type { Output } from './output.ts';

/** The parts of a run that are shown while it waits. */
type Shown = Pick<Surroundings, 'watch' | 'patience'>;

/**
 * The parts of the process that a remedy may use. @param target of its world, with how it was reached, for the commands
 * that it prints
 */
function surroundingsOf(
  context: Context,
  { watch, patience }: Shown,
  target?: Target,
  reached: Reached = {},
): Surroundings {
  return {
    watch,
    patience,
    ...leadsOf(context, target, reached),
    currentFolder: context.currentFolder,
    platform: context.platform,
    systemDrive: context.env['SystemDrive'] ?? 'C:',
    user: context.user,
    templates: context.templates,
    commandLine: (words) => commandLine(words, context),
  };
}

/** The remedies of the list that another one leads to; their commands reach a DC as the target was reached. */
function leadsOf(context: Context, target: Target | undefined, reached: Reached): Leads {
  const command = (name: string, host: string, words: readonly string[]): string =>
    commandLine([name, ...connectionWords(host, target, reached, context), ...words], context);
  let objectComparison: Leads['objectComparison'];
  let serverCleanup: Leads['serverCleanup'];
  for (const { name, comparesObjects: finds, cleansUpServer: cleans } of context.remedies) {
    if (finds !== undefined)
      objectComparison ??= { name, command: (suspects) => command(name, suspects.reference, finds(suspects)) };
    if (cleans !== undefined && target?.kind === 'forest')
      serverCleanup ??= { command: (serverDn) => command(name, target.domainController, cleans(serverDn)) };
  }
  return { objectComparison, serverCleanup };
}

/** A plan with its remedy. */
interface Described {
  readonly remedy: Pick<Remedy, 'describe' | 'stepOf'>;
  readonly plan: Plan;
  /** The one that this run has open, for the commands that are printed. */
  readonly directory?: Reached | undefined;
}

/** A plan in the words of its remedy, those of its findings' steps included. */
export interface DescribedPlan extends PlanInWords {
  readonly stepsOf: StepsOf;
}

/** A plan in the words of its remedy. */
export function describePlan({ remedy, plan, directory = {} }: Described, context: Context): DescribedPlan {
  const leads = leadsOf(context, plan.target, directory);
  return {
    ...remedy.describe(plan, leads),
    stepsOf: ({ steps = [] }) => steps.flatMap((step) => remedy.stepOf?.(step, leads) ?? []),
  };
}

/** Plans in the words of their remedy, as a run describes each that it shows. */
export type InWords = (plan: Plan) => DescribedPlan;

/** Plans in the words of this remedy, with commands for the directory that is open. */
export function wordsBy(remedy: Described['remedy'], directory: Reached | undefined, context: Context): InWords {
  return (plan) => describePlan({ remedy, plan, directory }, context);
}

/** The options that the flags of a remedy give, with what is waited for on the screen. Throws what readOptions throws. */
export async function optionsFrom(
  remedy: Pick<Remedy, 'readOptions'>,
  flags: Flags,
  mayAsk: boolean,
  context: Context,
  output: Output,
): Promise<RemedyOptions> {
  const shown = watching(output);
  try {
    return await remedy.readOptions(flags, surroundingsOf(context, shown), mayAsk);
  } finally {
    shown.end();
  }
}

/** An open world, with everything to close. */
export interface OpenWorld<W extends World = World> {
  readonly world: W;
  /** Of a directory. */
  readonly directory?: OpenDirectory | undefined;
  /**
   * Does work that reads the world, with its progress on the screen until then; the deadline runs only meanwhile, not
   * while the user reads and answers.
   */
  gathering<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Runs the remedy's gather. Throws what gather throws. */
export function look(
  remedy: Pick<Remedy, 'gather'>,
  { world, gathering }: OpenWorld,
  scope: Scope<RemedyOptions>,
  known?: unknown,
): Promise<unknown> {
  return gathering(() => remedy.gather(world, scope, known));
}

interface WorldRequest {
  readonly flags: DirectoryFlags;
  /** How long reading may take in all, in seconds. */
  readonly deadline: number;
}

/** Opens the world of a remedy on files; a directory is opened only if it asks for one. */
export function openFiles({ flags, deadline }: WorldRequest, context: Context, output: Output): OpenWorld<FilesWorld> {
  const opened: OpenDirectory[] = [];
  const { gathering, signal, shown } = reading(deadline, output);
  return {
    gathering,
    world: {
      kind: 'files',
      ...surroundingsOf(context, shown),
      now: context.now,
      signal,
      tools: context.tools,
      openDirectory: async () => {
        const directory = await openDirectory(flags, context, output);
        opened.push(directory);
        return directoryWorld(directory, signal, context, shown);
      },
    },
    close: async () => {
      for (const directory of opened) await directory.close();
    },
  };
}

/** Opens the directory that the flags name, or the saved plan. Throws what openDirectory throws. */
export async function openDirectoryWorld(
  { flags, deadline }: WorldRequest,
  context: Context,
  output: Output,
  saved?: SavedDirectory,
): Promise<OpenWorld<DirectoryWorld> & { readonly directory: OpenDirectory }> {
  const directory = await openDirectory(flags, context, output, saved);
  const { gathering, signal, shown } = reading(deadline, output);
  try {
    const world = await gathering(() => directoryWorld(directory, signal, context, shown));
    return { gathering, world, directory, close: () => directory.close() };
  } catch (error) {
    await directory.close();
    throw error;
  }
}

async function directoryWorld(
  directory: OpenDirectory,
  signal: AbortSignal,
  context: Context,
  shown: Shown,
): Promise<DirectoryWorld> {
  const bounded = (session: DirectorySession): DirectorySession => withSearchDeadline(session, signal);
  const session = bounded(directory.session);
  const target = await targetOf({ ...directory, session });
  return {
    kind: 'directory',
    ...surroundingsOf(context, shown, target, directory),
    now: context.now,
    signal,
    session,
    target,
    isExport: directory.isExport,
    ...sessionsOf(directory, bounded),
  };
}

/** The further sessions that a directory opens, each as `bounded` makes it. */
export function sessionsOf(
  directory: OpenDirectory,
  bounded: (session: DirectorySession) => DirectorySession,
): Pick<OpenDirectory, 'reopen' | 'openOther' | 'openGlobalCatalog'> {
  return {
    reopen: async () => bounded(await directory.reopen()),
    openOther: async (host) => bounded(await directory.openOther(host)),
    openGlobalCatalog: async () => {
      const global = await directory.openGlobalCatalog();
      return global && bounded(global);
    },
  };
}

/** All reading of a run together, limited to this many seconds, with its progress on the screen. */
function reading(
  seconds: number,
  output: Output,
): Pick<OpenWorld, 'gathering'> & { readonly signal: AbortSignal; readonly shown: Shown } {
  const shown = watching(output);
  const controller = new AbortController();
  // As many reads as are on their way listen to it.
  setMaxListeners(0, controller.signal);
  let left = seconds * 1000;
  return {
    signal: controller.signal,
    shown,
    gathering: async (work) => {
      const begun = performance.now();
      const timer = setTimeout(() => controller.abort(), left);
      try {
        return await work();
      } finally {
        clearTimeout(timer);
        left = Math.max(0, left - (performance.now() - begun));
        shown.end();
      }
    },
  };
}

/** Progress on the screen, a row for each name; `end` takes them away. */
function watching(output: Output): Shown & { readonly end: () => void } {
  let rows: ProgressRows | undefined;
  let bar: { readonly progress: Progress; done: number } | undefined;
  const end = (): void => {
    rows?.done();
    bar?.progress.done();
    rows = undefined;
    bar = undefined;
  };
  return {
    watch: {
      begin: (names) => {
        end();
        rows = createProgressRows(output.screen, names);
        for (const name of names) rows.update(name, 'asking');
      },
      update: (row, state) => rows?.update(row, state),
      count: (done, total, what) => {
        if (bar === undefined) {
          bar = { progress: output.progress(), done: 0 };
          bar.progress.start(total, what);
        }
        bar.progress.advance(done - bar.done);
        bar.done = done;
        if (done === total) end();
      },
    },
    patience: output.patience,
    end,
  };
}

/** The forest and DC of an open directory, as a plan names them. Throws DirectoryError. */
async function targetOf({ session, connection, isExport }: OpenDirectory): Promise<ForestTarget> {
  const forest = isExport ? await readExportedForest(session) : await readForest(session);
  return {
    kind: 'forest',
    configurationNamingContext: forest.configurationNamingContext,
    objectGuid: forest.objectGuid,
    domainController: session.rootDse.dnsHostName ?? session.identity.host,
    connection,
  };
}

/** @throws RefusedError if the open directory is not the forest that a plan was made for */
export function requireForest(found: ForestTarget, planned: ForestTarget): void {
  if (
    found.objectGuid === planned.objectGuid &&
    sameDn(found.configurationNamingContext, planned.configurationNamingContext)
  ) {
    return;
  }
  throw new RefusedError({
    attempted: 'use the plan on this forest',
    on: `${found.configurationNamingContext} (${found.objectGuid}) on ${found.domainController}`,
    cameBack: `the plan was made for another forest: ${planned.configurationNamingContext} (${planned.objectGuid})`,
    next: 'Name a domain controller of that forest with --server, or make a new plan for this one.',
  });
}

/** Findings on changes: those of their remedy, and those on the rights that they grant. */
export function assessedBy(remedy: Remedy, facts: unknown, proposal: Proposal): readonly FindingDraft[] {
  return [...remedy.assess(facts, proposal), ...rightsWritten(proposal.changes)];
}
