import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type ApplyRequest, type ApplyResult, applyPlan } from '../../src/change/apply.ts';
import { fileWriter, removeStrays } from '../../src/change/file-writer.ts';
import { judge } from '../../src/change/findings.ts';
import { fileFingerprint } from '../../src/change/fingerprint.ts';
import { type JournalWriter, openJournal, readJournal } from '../../src/change/journal.ts';
import type { FileChange, Plan } from '../../src/change/plan.ts';
import { sealPlan, type UnsealedPlan } from '../../src/change/seal.ts';
import { changesToUndo, undoFileChanges } from '../../src/change/undo.ts';
import { type FileSystem, systemFiles } from '../../src/files/file-system.ts';
import { countingIds, fixedClock, noSleep } from './fixed-world.ts';

/** The change of a file from these bytes to those, as one splice of what differs. */
export function changeOf(file: string, before: Buffer, after: Buffer): FileChange {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const middle = (bytes: Buffer): string => bytes.subarray(head, bytes.length - tail).toString('base64');
  return {
    kind: 'file',
    path: file,
    root: path.dirname(file),
    set: 'Exchange',
    class: 'HTML',
    language: 'de',
    encoding: 'utf-8',
    before: fileFingerprint(before),
    after: fileFingerprint(after),
    splices: [{ key: 'L_UserName_Text', line: 1, offset: head, old: middle(before), new: middle(after) }],
  };
}

const planIds = countingIds();

/** A sealed plan of these changes. */
export function planOf(changes: readonly FileChange[], more: Partial<UnsealedPlan<FileChange>> = {}): Plan<FileChange> {
  return sealPlan({
    id: planIds(),
    tool: 'adsi-remedy of the tests',
    created: fixedClock().toISOString(),
    remedy: 'labels',
    target: { kind: 'files', roots: ['/forms'] },
    findings: [],
    changes,
    ...more,
  });
}

export interface World {
  readonly files?: FileSystem;
  /** Stands between the run and its journal. */
  readonly journal?: (real: JournalWriter) => JournalWriter;
  readonly signal?: AbortSignal;
  readonly onOutcome?: ApplyRequest<FileChange>['onOutcome'];
  /** How many files at a time. */
  readonly parallel?: number;
}

export const journalOf = (folder: string): string => path.join(folder, 'journal.jsonl');

/** Applies a plan as the apply command does: strays of an earlier run first, then what its journal leaves to do. */
export async function applyIn(
  folder: string,
  plan: Plan<FileChange>,
  world: World = {},
): Promise<ApplyResult<FileChange>> {
  await mkdir(folder, { recursive: true });
  const files = world.files ?? systemFiles();
  const records = await readJournal(journalOf(folder));
  if (records.length > 0) await removeStrays(plan.changes, plan.id, files);
  const journal = await openJournal(journalOf(folder));
  try {
    return await applyPlan({
      plan,
      writer: fileWriter({
        files,
        backupFolder: path.join(folder, 'backup'),
        planId: plan.id,
        randomId: countingIds(),
        sleep: noSleep,
        ...(world.parallel === undefined ? {} : { parallel: world.parallel }),
      }),
      journal: world.journal?.(journal) ?? journal,
      records,
      now: fixedClock,
      signal: world.signal ?? new AbortController().signal,
      ...(world.onOutcome === undefined ? {} : { onOutcome: world.onOutcome }),
    });
  } finally {
    await journal.close();
  }
}

/** The plan that reverses what the journal of a plan's folder says was done. */
export async function undoOf(folder: string, plan: Plan<FileChange>): Promise<Plan<FileChange>> {
  const records = await readJournal(journalOf(folder));
  const undo = await undoFileChanges(changesToUndo(plan, records));
  const undoes = { id: plan.id, seal: plan.seal, folder, seq: records.length };
  return planOf(undo.changes, { findings: judge(undo.findings, {}, []), undoes });
}
