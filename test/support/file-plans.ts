import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type ApplyRequest, type ApplyResult, applyPlan } from '../../src/change/apply.ts';
import { fileWriter, removeStrays } from '../../src/change/file-writer.ts';
import { judge } from '../../src/change/findings.ts';
import { type JournalWriter, openJournal, readJournal } from '../../src/change/journal.ts';
import type { FileChange, Plan } from '../../src/change/plan.ts';
import { fileFingerprint } from '../../src/change/planned-file.ts';
import { sealPlan, type UnsealedPlan } from '../../src/change/seal.ts';
import { changesToUndo, undoFileChanges } from '../../src/change/undo.ts';
import { type FileSystem, systemFiles } from '../../src/files/file-system.ts';
import { type TextEncoding, unitLength } from '../../src/files/text-encoding.ts';
import { countingIds, fixedClock, noWaiting } from './fixed-world.ts';

/** The change of a file from these bytes to those, as one splice of what differs in the value of its label. */
export function changeOf(file: string, before: Buffer, after: Buffer): FileChange {
  const encoding = encodingOf(before);
  const unit = unitLength(encoding);
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  head -= head % unit;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  tail -= tail % unit;
  const middle = (bytes: Buffer): string => bytes.subarray(head, bytes.length - tail).toString('base64');
  const lines = before
    .subarray(0, head)
    .toString('latin1')
    .replaceAll('\0', '')
    .split(/\r\n|\r|\n/);
  return {
    kind: 'file',
    path: file,
    root: path.dirname(file),
    set: 'Exchange',
    class: 'HTML',
    language: 'de',
    encoding,
    before: fileFingerprint(before),
    after: fileFingerprint(after),
    splices: [{ key: 'L_UserName_Text', line: lines.length, offset: head, old: middle(before), new: middle(after) }],
  };
}

/** By the byte order mark, or by where the first NUL is. */
function encodingOf(bytes: Buffer): TextEncoding {
  if (bytes[0] === 0xff) return 'utf-16le with BOM';
  if (bytes[0] === 0xfe) return 'utf-16be with BOM';
  const nul = bytes.indexOf(0);
  return nul === -1 ? 'utf-8' : nul % 2 === 0 ? 'utf-16be' : 'utf-16le';
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
  readonly backups?: 'required' | 'as-room-permits';
  /** How many files at a time. */
  readonly parallel?: number;
}

export const journalOf = (folder: string): string => path.join(folder, 'journal.jsonl');

/** What a run of a plan on its change folder works with. */
export const runOf = (folder: string, plan: Plan, files: FileSystem = systemFiles()) => ({
  files,
  backupFolder: path.join(folder, 'backup'),
  planId: plan.id,
  patience: noWaiting,
});

/** Applies a plan as the apply command does: strays of an earlier run first, then what its journal leaves to do. */
export async function applyIn(
  folder: string,
  plan: Plan<FileChange>,
  world: World = {},
): Promise<ApplyResult<FileChange>> {
  await mkdir(folder, { recursive: true });
  const files = world.files ?? systemFiles();
  const records = await readJournal(journalOf(folder), noWaiting);
  const options = { ...runOf(folder, plan, files), backups: world.backups ?? 'required' };
  if (records.length > 0) await removeStrays(plan.changes, options);
  const journal = await openJournal(journalOf(folder), noWaiting);
  try {
    return await applyPlan({
      plan,
      writer: fileWriter({
        ...options,
        randomId: countingIds(),
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
  const records = await readJournal(journalOf(folder), noWaiting);
  const undo = await undoFileChanges(changesToUndo(plan, records), noWaiting);
  const undoes = { id: plan.id, seal: plan.seal, folder, seq: records.length };
  return planOf(undo.changes, { findings: judge(undo.findings, {}, []), leftOut: undo.leftOut, undoes });
}
