/**
 * A saved plan in the world as it is now: the change folder, the world it was made for, the change that an undo reverses,
 * and the fresh judgement.
 */

import path from 'node:path';
import { type Finding, judge, judgeAgain, openBlockers, withoutHandedOver } from '../change/findings.ts';
import { folderParts, openChange, type SavedChange, type SavedPlan } from '../change/folder.ts';
import { doneIn, hasBegun, type JournalRecord, readJournal } from '../change/journal.ts';
import { type Change, isDirectoryChange, type Plan } from '../change/plan.ts';
import { flawInPlan } from '../change/read-plan.ts';
import { originalOf } from '../change/undo-link.ts';
import { PlanNotUsableError, RefusedError, UsageError } from '../errors.ts';
import { computerOf } from '../files/file-system.ts';
import { readSeconds } from '../flags.ts';
import { asciiJson, requireQuotable } from '../quoting.ts';
import type { Remedy } from '../remedies/remedy.ts';
import { visible } from '../terminal/text-layout.ts';
import { distinct, withAsciiForm } from '../words.ts';
import type { DirectoryFlags } from './command-flags.ts';
import type { Context } from './context.ts';
import { type Approval, requireApproval } from './logon.ts';
import type { Output } from './output.ts';
import { assessedBy, look, type OpenWorld, openDirectoryWorld, openFiles, requireForest } from './world.ts';

/**
 * The saved change that a command is given, with the remedy that made it.
 *
 * @param seal what --seal gave
 * @throws UsageError if no folder is named, it holds no plan or its name can't be part of a command; RefusedError for
 * another seal; PlanNotUsableError if the plan can't be read, or its remedy does not permit it
 */
export async function namedPlan(
  command: 'show' | 'apply' | 'undo',
  operand: string | undefined,
  seal: string | undefined,
  context: Context,
  output: Output,
): Promise<{ readonly saved: SavedChange; readonly remedy: Remedy }> {
  if (operand === undefined) {
    throw new UsageError({
      attempted: `read the arguments of ${command}`,
      on: 'FOLDER',
      cameBack: 'no change folder is named',
      next: `Give the folder that --save wrote: adsi-remedy ${command} changes/NAME`,
    });
  }
  const saved = await openChange(path.resolve(context.currentFolder, operand), output.patience);
  requireQuotable(saved.folder, context);
  requireSeal(saved.plan, seal);
  return { saved, remedy: await remedyOf(saved.plan, saved.folder, context) };
}

/**
 * @param given what --seal gave: leading hexadecimal digits, blanks ignored
 * @throws UsageError if it is no seal; RefusedError if it is another plan's
 */
function requireSeal({ seal, id }: Pick<Plan, 'seal' | 'id'>, given: string | undefined): void {
  if (given === undefined) return;
  const digits = given.replace(/\s/g, '').toLowerCase();
  if (!/^[0-9a-f]*$/.test(digits) || digits.length < leastDigits || digits.length > seal.length) {
    throw new UsageError({
      attempted: 'read --seal',
      on: given,
      cameBack: `it is not ${leastDigits} to ${seal.length} hexadecimal digits`,
      next: 'Copy the seal from the review that was approved: its first 32 digits or all 64.',
    });
  }
  if (seal.startsWith(digits)) return;
  throw new RefusedError({
    attempted: 'use the plan',
    on: id,
    cameBack: `its seal is ${seal.slice(0, leastDigits)}…, not the one that was approved`,
    next: 'Get the change folder that was approved, or have this one reviewed.',
  });
}

/** With fewer digits an attacker could make another plan whose seal begins the same. */
const leastDigits = 32;

/**
 * The remedy that made a plan, if it permits it.
 * @throws PlanNotUsableError if there is no such remedy, or the plan holds what its remedy never writes
 */
export async function remedyOf(plan: Plan, folder: string, { remedies }: Pick<Context, 'remedies'>): Promise<Remedy> {
  const entry = remedies.find(({ name }) => name === plan.remedy);
  const refuse = (cameBack: string): PlanNotUsableError =>
    new PlanNotUsableError({
      attempted: 'use the plan',
      on: folder,
      cameBack,
      next: 'Nothing was changed. Make the plan again with this version of the tool.',
    });
  if (entry === undefined)
    throw refuse(`it was made by the remedy ${asciiJson(plan.remedy)}, which this tool does not have`);
  const remedy = await entry.load();
  if (
    remedy.handOver === undefined &&
    !plan.changes.every((change) => change.kind === 'file' || isDirectoryChange(change))
  )
    throw refuse('it holds changes that this tool cannot write');
  const fault = faultOf(plan, remedy);
  if (fault !== undefined) throw refuse(fault);
  return remedy;
}

/** Content of a plan that its remedy never writes, in words; undefined if it permits the whole plan. */
function faultOf(plan: Plan, remedy: Remedy): string | undefined {
  const foreign = plan.findings.flatMap(({ id, steps = [] }) =>
    steps.some((step) => remedy.stepOf?.(step, {}) === undefined) ? [`the steps of its finding ${id}`] : [],
  );
  const [first, ...more] = [...remedy.permits(plan), ...foreign];
  if (first === undefined) return undefined;
  return `${visible(plan.remedy)} never writes this: ${visible(first)}${more.length === 0 ? '' : `; and ${more.length} more`}`;
}

/**
 * A plan that no later run could read is neither saved nor applied, because it could not be undone.
 * @throws PlanNotUsableError if this tool would refuse to read it, or its remedy does not permit it
 */
export function requireUsableLater(plan: Plan, remedy: Remedy, folder: string): void {
  const flaw = flawInPlan(plan);
  const cameBack = flaw === undefined ? faultOf(plan, remedy) : `a saved plan can't hold this ${flaw}`;
  if (cameBack === undefined) return;
  throw new PlanNotUsableError({
    attempted: 'save the plan',
    on: folder,
    cameBack,
    next: 'Nothing was changed. The plan could not be undone later. Choose options that leave this part out.',
  });
}

/** How this run reaches the targets of a saved plan. */
export interface Access extends Approval {
  readonly flags: DirectoryFlags;
  /** How long reading may take in all, in seconds. */
  readonly deadline: number;
}

/** The access that the flags give. @throws UsageError for an invalid deadline */
export function accessBy(
  flags: DirectoryFlags & { readonly seal: string | undefined; readonly deadline: string | undefined },
  mayAsk: boolean,
): Access {
  return { flags, deadline: readSeconds('deadline', flags.deadline), isApproved: flags.seal !== undefined, mayAsk };
}

/** The other computers whose files a plan names, also behind links. */
export function computersIn({ target, changes }: Pick<Plan, 'target' | 'changes'>): readonly string[] {
  const roots = target.kind === 'files' ? target.roots : [];
  const files = changes.flatMap((change) => (change.kind === 'file' ? [change.path, change.realPath ?? ''] : []));
  const computers = [...roots, ...files].flatMap((file) => computerOf(file) ?? []);
  return distinct(computers, (computer) => computer.toLowerCase());
}

/**
 * To open \\HOST\share sends the user's credentials to that host: only where --seal approves the plan, or the user does.
 * @throws UsageError where neither does
 */
async function requireHostsApproved(plan: Plan, approval: Approval, output: Output): Promise<void> {
  const hosts = computersIn(plan);
  if (hosts.length === 0) return;
  const names = visible(hosts.map((host) => withAsciiForm(host)).join(', '));
  const message = `The plan names files on ${names}. Connect there?`;
  const refusal = {
    attempted: 'open the files of the plan',
    on: names,
    cameBack: 'only the plan names these computers, and a plan from someone else is not trusted',
    next: 'Approve the plan with --seal and the seal of its review. Nothing was opened.',
  };
  await requireApproval(approval, { id: 'plan.hosts', message, flag: '--seal HEX' }, refusal, output);
}

/** Opens the world of a saved plan. @throws RefusedError if it is another forest; what opening throws */
export async function openWorldOf(
  { plan, folder }: Pick<SavedChange, 'plan' | 'folder'>,
  access: Access,
  context: Context,
  output: Output,
): Promise<OpenWorld> {
  const { target } = plan;
  if (target.kind === 'files') {
    await requireHostsApproved(plan, access, output);
    return openFiles(access, context, output);
  }
  const saved = { ...access, connection: target.connection, folder };
  const opened = await openDirectoryWorld(access, context, output, saved);
  try {
    requireForest(opened.world.target, target);
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/**
 * Judges the changes that are left of a plan as things are now.
 *
 * @param indices those to be judged: what is left, or the part of it that was selected
 * @param accept ids that this run accepts in addition
 * @param isApproved whether --seal approves the plan, with all that was accepted in it
 */
export async function judgeNow(
  { plan, records }: SavedChange,
  remedy: Remedy,
  opened: OpenWorld,
  indices: ReadonlySet<number>,
  accept: readonly string[],
  isApproved: boolean,
): Promise<readonly Finding[]> {
  const done = doneIn(plan, records);
  const facts = await look(remedy, opened, { kind: 'plan', plan, done });
  const proposal = { ...plan, changes: plan.changes.filter((_, index) => indices.has(index)) };
  const believed = isApproved ? plan.findings : withoutHandedOver(plan.findings);
  return judgeAgain(believed, judge(assessedBy(remedy, facts, proposal), plan, accept));
}

/** Findings of the fresh judgement that the plan did not have, a line each. */
export function whatIsNew(saved: readonly Finding[], fresh: readonly Finding[]): readonly string[] {
  return openBlockers(fresh).map((finding) => {
    const before = saved.find(({ id }) => id === finding.id);
    if (before === undefined) return `${finding.id} is new: when the plan was made there was no such finding.`;
    if (!finding.acceptable) return `${finding.id} cannot be accepted.`;
    if (!before.accepted) return `${finding.id} was not accepted when the plan was made.`;
    const known = new Set(before.subjects);
    const added = finding.subjects.filter((subject) => !known.has(subject));
    if (added.length > 0)
      return `${finding.id} was accepted for ${before.subjects.join(', ')}; now it also covers ${added.join(', ')}.`;
    if (finding.measure === undefined)
      return `${finding.id} was accepted in the plan: give --seal with the seal of its review, or accept it again.`;
    return `${finding.id} was accepted at ${inWords(before)}; now it is ${inWords(finding)}.`;
  });
}

function inWords({ measure, title }: Finding): string {
  return measure === undefined ? title : `${measure.value} ${measure.unit}`;
}

/**
 * An undo creates objects and restores rights and bytes. A forged undo must not do that, so the change that it
 * reverses has to be near and permitted by its remedy, and its journal has to say that it was applied; of an undo that
 * is undone the same holds in turn.
 *
 * @throws RefusedError if one of these does not hold; PlanNotUsableError if the remedy does not permit the change
 */
export async function requireOriginal(
  { folder, plan }: SavedPlan,
  attempted: string,
  context: Context,
  output: Output,
): Promise<void> {
  if (plan.undoes === undefined) return;
  const original = await originalOf(folder, plan, output.patience);
  if (original !== undefined && hasBegun(original.plan, await journalOf(original, output))) {
    await remedyOf(original.plan, original.folder, context);
    return requireOriginal(original, attempted, context, output);
  }
  const [cameBack, give] =
    original === undefined
      ? [
          'the change that it undoes is neither its parent folder nor next to it',
          'Put this folder into the change folder that it undoes, or give',
        ]
      : [`the journal of the change that it undoes does not show that it was ever applied: ${original.folder}`, 'Give'];
  throw new RefusedError({
    attempted,
    on: folder,
    cameBack,
    next: `${give} --seal with the seal of the undo that was approved: its changes are then compared only with their targets.`,
  });
}

/** The file or entry that a change is about, as the user knows it. */
export function placeOf(change: Change): string {
  return change.kind === 'file' ? change.path : change.dn;
}

/** The journal of a change folder. Throws what readJournal throws. */
export function journalOf(
  { folder }: Pick<SavedPlan, 'folder'>,
  { patience }: Output,
): Promise<readonly JournalRecord[]> {
  return readJournal(path.join(folder, folderParts.journal), patience);
}
