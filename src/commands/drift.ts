/** show --drift: which targets are no longer as a saved plan expects them. Reads, never writes. */

import { readFile } from 'node:fs/promises';
import { sameDn } from '../ad/dn.ts';
import { guidBase } from '../ad/values.ts';
import { editSincePlanned, wholeEntry, withoutSacl } from '../change/entry-content.ts';
import { fileFingerprint, sameFingerprint } from '../change/fingerprint.ts';
import { whatIsLeft } from '../change/modify-writer.ts';
import { type Change, type DirectoryChange, type FileChange, isDirectoryChange } from '../change/plan.ts';
import type { SavedChange } from '../change/position.ts';
import { type ExitStatus, exitStatus, RemedyError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import { inParallel } from '../files/in-parallel.ts';
import { onlyWhileBusy, type Patience, withPatience } from '../files/patience.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { visible } from '../terminal/visible.ts';
import type { Context } from './context.ts';
import { patienceShowing } from './held-files.ts';
import { type Access, doneIn, openWorldOf } from './judge-again.ts';
import type { Output } from './output.ts';

export interface Drift {
  readonly status: ExitStatus;
  readonly moved: readonly { readonly on: string; readonly what: string }[];
}

type Sight = { readonly kind: 'as-planned' } | { readonly kind: 'moved' | 'unknown'; readonly what: string };

const asPlanned: Sight = { kind: 'as-planned' };

/** Compares each target with the plan: before its change where that is not done, after it where it is. */
export async function driftOf(saved: SavedChange, access: Access, context: Context, output: Output): Promise<Drift> {
  const opened = await openWorldOf(saved, access, context, output);
  try {
    const done = doneIn(saved);
    const patience = onlyWhileBusy(patienceShowing(context, output));
    const session = opened.world.kind === 'directory' ? opened.world.session : undefined;
    const sights = await inParallel([...saved.plan.changes.entries()], 16, async ([index, change]) => ({
      on: change.kind === 'file' ? change.path : change.dn,
      sight: await lookAt(change, done.has(index), session, patience),
    }));
    const moved = sights.flatMap(({ on, sight }) => (sight.kind === 'as-planned' ? [] : [{ on, what: sight.what }]));
    for (const { on, what } of moved)
      output.say(`  ${output.style.warning('moved')}    ${visible(on)}: ${visible(what)}`);
    if (moved.length === 0) output.say('  No target has changed since.');
    const isUnknown = sights.some(({ sight }) => sight.kind === 'unknown');
    return { status: isUnknown ? exitStatus.failed : moved.length > 0 ? exitStatus.refused : exitStatus.done, moved };
  } finally {
    await opened.close();
  }
}

async function lookAt(
  change: Change,
  isDone: boolean,
  session: DirectorySession | undefined,
  patience: Patience,
): Promise<Sight> {
  if (change.kind === 'file') return lookAtFile(change, isDone, patience);
  if (session === undefined) return { kind: 'unknown', what: 'no directory is open' };
  if (!isDirectoryChange(change)) return { kind: 'unknown', what: 'apply looks for it again on its own DC' };
  try {
    return await lookAtEntry(change, isDone, session);
  } catch (error) {
    // One entry that can't be read does not keep the others from being compared.
    if (error instanceof RemedyError) return { kind: 'unknown', what: error.trouble.cameBack };
    throw error;
  }
}

async function lookAtFile(
  { path, realPath, before, after }: FileChange,
  isDone: boolean,
  patience: Patience,
): Promise<Sight> {
  const target = realPath ?? path;
  try {
    const found = fileFingerprint(await withPatience(patience, target, () => readFile(target)));
    if (sameFingerprint(found, isDone ? after : before)) return asPlanned;
    return { kind: 'moved', what: sameFingerprint(found, after) ? 'it is changed already' : 'it has been edited' };
  } catch (error) {
    return { kind: 'moved', what: errnoInWords(error) };
  }
}

async function lookAtEntry(change: DirectoryChange, isDone: boolean, session: DirectorySession): Promise<Sight> {
  const names = change.kind === 'modify' ? change.edits.map(({ attribute }) => attribute) : wholeEntry;
  const base = change.kind === 'add' ? change.dn : guidBase(change.guid);
  const entry = await session.readEntry(base, names, change.kind === 'modify' ? [] : [withoutSacl]);
  if (change.kind === 'modify') {
    if (entry === undefined) return { kind: 'moved', what: 'the entry is gone' };
    const left = change.edits.map((edit) => whatIsLeft(edit, entry).kind);
    if (left.every((kind) => kind === (isDone ? 'done' : 'open'))) return asPlanned;
    return {
      kind: 'moved',
      what: left.every((kind) => kind === 'done') ? 'it has the new values already' : 'its values have changed',
    };
  }
  const isThere = entry !== undefined && sameDn(entry.dn, change.dn);
  const shouldBeThere = (change.kind === 'delete' || change.kind === 'delete-tree') !== isDone;
  if (isThere !== shouldBeThere)
    return { kind: 'moved', what: isThere ? 'the entry is there' : 'the entry is gone, or was moved' };
  if (change.kind !== 'delete' || isDone || entry === undefined) return asPlanned;
  const exists = async (dn: string): Promise<boolean> => (await session.readEntry(dn, ['1.1'])) !== undefined;
  const edit = await editSincePlanned(change.attributes, entry, exists);
  return edit === undefined ? asPlanned : { kind: 'moved', what: `it is not as the plan says: ${edit}` };
}
