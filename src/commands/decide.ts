/** From a finished plan to what becomes of it: shown only, saved, applied, or left alone. */

import path from 'node:path';
import { requireApplicable } from '../change/apply.ts';
import { openBlockers } from '../change/findings.ts';
import { type FolderDocument, freeFolder, writeChangeFolder } from '../change/folder.ts';
import type { Plan } from '../change/plan.ts';
import { type ExitStatus, exitStatus, UsageError } from '../errors.ts';
import { textReview } from '../review/text.ts';
import { visible } from '../terminal/visible.ts';
import { applyChangeFolder, type DirectoryMeans } from './apply-folder.ts';
import { confirmDeletion } from './confirm-deletion.ts';
import type { Context } from './context.ts';
import type { decisionFlags, Flags } from './flags.ts';
import type { Output } from './output.ts';
import { quoted, shownPath } from './shown-path.ts';

/** What shall become of the plan; `ask` is what a terminal without flags gets. */
export type Decision =
  | { readonly kind: 'dry-run' }
  | { readonly kind: 'save'; readonly folder: string }
  | { readonly kind: 'apply' }
  | { readonly kind: 'ask' };

/**
 * What the flags decide.
 * @throws UsageError for --save or --dry-run together with --yes
 */
export function readDecision(command: string, flags: Flags<typeof decisionFlags>, output: Output): Decision {
  const given = [flags['dry-run'] && '--dry-run', flags.save !== undefined && '--save', flags.yes && '--yes'].filter(
    (flag) => flag !== false,
  );
  if (flags.yes && given.length > 1) {
    throw new UsageError({
      attempted: `read the arguments of ${command}`,
      on: given.join(' with '),
      cameBack: 'one says to apply now, the other not to',
      next: 'Give --yes alone to apply now, or --save FOLDER alone and later: adsi-remedy apply FOLDER.',
    });
  }
  if (flags.yes) return { kind: 'apply' };
  if (flags['dry-run'] && flags.save === undefined) return { kind: 'dry-run' };
  if (flags.save !== undefined) return { kind: 'save', folder: flags.save };
  return output.canAsk && !output.isJson ? { kind: 'ask' } : { kind: 'dry-run' };
}

export interface Proposal {
  readonly plan: Plan;
  /** What goes into the change folder besides the plan; made only when it is written. */
  readonly documents: () => readonly FolderDocument[];
  /** For the name of a folder that nobody has named: "labels", "undo-labels". */
  readonly folderName: string;
  /** Of a plan for a directory. */
  readonly means?: DirectoryMeans;
  /** Where such a folder is made, if not in `changes`. */
  readonly home?: string;
  /** Ids of notes that the command has shown in its own way: the terminal does not tell them again. */
  readonly shownNotes?: readonly string[];
  /** What --accept named: an id that no finding bears is told. */
  readonly accept?: readonly string[];
  /** What --confirm gave: the name of what a plan deletes. */
  readonly confirm?: string | undefined;
}

/** Shows the plan and does with it what was decided. */
export async function carryOut(
  proposal: Proposal,
  decision: Decision,
  context: Context,
  output: Output,
): Promise<ExitStatus> {
  const { plan } = proposal;
  showPlan(plan, output, proposal.shownNotes);
  for (const line of vainAcceptances(proposal)) output.tell(`  ${output.style.warning('warning')}  ${line}`);
  if (plan.changes.length === 0) {
    if (!output.isJson) output.say('');
    if (decision.kind === 'save') output.tell('  There is nothing to save: no change folder was written.');
    output.document(plan);
    return openBlockers(plan.findings).length === 0 ? exitStatus.done : exitStatus.refused;
  }
  const settled = decision.kind === 'ask' ? await askWhatNext(plan, output) : decision;
  switch (settled.kind) {
    case 'leave':
      output.tell('  Left alone: nothing was changed.');
      return exitStatus.changesToMake;
    case 'dry-run':
      output.tell(`  ${output.style.dim('This was a dry run: nothing was changed.')}`);
      output.document(plan);
      return exitStatus.changesToMake;
    case 'save': {
      const folder = await save(proposal, settled.folder, context);
      output.say(
        `  Saved in ${shownPath(folder, context)}. Apply it with: adsi-remedy apply ${quoted(shownPath(folder, context))}`,
      );
      output.document(plan);
      return exitStatus.changesToMake;
    }
    case 'apply': {
      requireApplicable(plan, []);
      await confirmDeletion({ plan, records: [], given: proposal.confirm, mayAsk: decision.kind === 'ask' }, output);
      const folder = await save(proposal, undefined, context);
      return applyChangeFolder(folder, plan, context, output, proposal.means);
    }
  }
}

/** The findings and the diff of a plan, without the notes that were shown already. */
export function showPlan(plan: Plan, output: Output, shownNotes: readonly string[] = []): void {
  const findings = plan.findings.filter(({ level, id }) => level !== 'note' || !shownNotes.includes(id));
  for (const line of textReview({ ...plan, findings }, output.review)) output.say(line);
}

/** What --accept named in vain. */
function vainAcceptances({ plan, accept = [] }: Proposal): readonly string[] {
  return accept.flatMap((id) => {
    const named = plan.findings.filter((finding) => finding.id === id);
    if (named.length === 0) return [`--accept ${visible(id)}: no finding here has this id.`];
    return named.some((finding) => finding.accepted)
      ? []
      : [`--accept ${visible(id)}: this finding can’t be accepted.`];
  });
}

async function askWhatNext(
  plan: Plan,
  output: Output,
): Promise<{ kind: 'apply' } | { kind: 'save'; folder: undefined } | { kind: 'leave' }> {
  const prompter = await output.prompter();
  const isBlocked = openBlockers(plan.findings).length > 0;
  const choice = await prompter.select<'leave' | 'save' | 'apply'>({
    id: 'decision',
    message: isBlocked
      ? 'A blocker stands, so this can’t be applied. Save for review, or leave it?'
      : 'Apply now, save for review, or leave it?',
    choices: [
      { value: 'leave', label: 'Leave it', hint: 'nothing is changed or saved' },
      { value: 'save', label: 'Save for review', hint: 'a change folder that somebody can read and apply later' },
      ...(isBlocked ? [] : [{ value: 'apply' as const, label: 'Apply now', hint: 'with backup, journal and undo' }]),
    ],
    flag: '--yes, --save FOLDER or --dry-run',
  });
  return choice === 'save' ? { kind: 'save', folder: undefined } : { kind: choice };
}

async function save(proposal: Proposal, named: string | undefined, context: Context): Promise<string> {
  const { plan } = proposal;
  const home = proposal.home ?? path.join(context.currentFolder, 'changes');
  const folder =
    named === undefined
      ? await freeFolder(home, plan.created, proposal.folderName)
      : path.resolve(context.currentFolder, named);
  await writeChangeFolder(folder, plan, proposal.documents(), context.randomId);
  return folder;
}
