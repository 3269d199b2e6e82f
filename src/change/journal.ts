/**
 * The journal of a change folder: what was really done, line by line, safe on the disk before and after each write.
 */

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, FileError, RemedyError } from '../errors.ts';
import { syncFolder } from '../files/file-system.ts';
import { errnoInWords, onlyWhileBusy, type Patience, withPatience } from '../files/system-errors.ts';
import { openOwnFile, readPlainFile } from './folder-files.ts';
import { flawIn, type Shape } from './json-shape.ts';
import type { Author, Plan } from './plan.ts';

/**
 * - begin, end: a run of apply on this folder
 * - intent: the write is about to be sent
 * - done, failed, unknown: its outcome; unknown means that the connection was lost and only reading again can show it
 * - drifted: the target was not as planned, nothing was written
 * - undone: a plan that reverses this one was applied completely; the rest cannot be restored
 * - damaged: never written; marks a line that can't be read
 */
export type JournalEvent =
  | 'begin'
  | 'intent'
  | 'done'
  | 'failed'
  | 'unknown'
  | 'drifted'
  | 'end'
  | 'undone'
  | 'damaged';

/** One line of the journal. */
export interface JournalRecord {
  /** Counts the records of this journal from 1: the order of what happened, whatever the clock did. */
  readonly seq?: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly event: JournalEvent;
  /** The plan's id. */
  readonly plan: string;
  /** Index into the plan's changes, for the events of one change. */
  readonly change?: number;
  /** The path or DN of that change. */
  readonly on?: string;
  /** The DC that was written to. */
  readonly server?: string;
  readonly detail?: string;
  /** On begin: the ids of the findings that were accepted. */
  readonly accepted?: readonly string[];
  /** On begin: the seal of the plan. */
  readonly seal?: string;
  /** On begin and undone: the account and computer that run it. */
  readonly by?: Author;
  /** On undone: how many entries and attributes no undo brings back. */
  readonly lost?: number;
  /** On begin, after an integrated logon: "sealed, as CORP\jane (Kerberos)". */
  readonly connection?: string;
  /** On begin: the indices of the changes that were selected, if not all. */
  readonly selected?: readonly number[];
}

/** Adds records to the journal. */
export interface JournalWriter {
  /** Appends a record; resolves when it is on the disk. */
  append(record: JournalRecord): Promise<void>;
  /**
   * Adds a record that the flush of the next one takes along. For outcomes: where a crash takes one away, the intent
   * before it has the target looked at again.
   */
  enqueue(record: JournalRecord): void;
  close(): Promise<void>;
}

/**
 * Opens a journal for appending. Records that are appended at the same time share one write and one flush.
 *
 * @param patience with another program that has the journal open
 * @throws FileError if the journal can't be opened or written
 */
export async function openJournal(path: string, patience: Patience): Promise<JournalWriter> {
  let last = 0;
  const handle = await attempt('open the journal', path, async () => {
    const patiently = <T>(work: () => Promise<T>): Promise<T> => withPatience(onlyWhileBusy(patience), path, work);
    last = await patiently(() => cutTornLine(path));
    const { O_APPEND, O_CREAT, O_WRONLY } = constants;
    const opened = await patiently(() => openOwnFile(path, O_APPEND | O_CREAT | O_WRONLY, 0o600));
    // The name of the journal must survive a crash too.
    await syncFolder(open, dirname(path));
    return opened;
  });
  let waiting: string[] = [];
  let flushing: Promise<void> = Promise.resolve();
  let scheduled: Promise<void> | undefined;

  const flush = async (): Promise<void> => {
    const lines = waiting.join('');
    waiting = [];
    scheduled = undefined;
    await attempt('write the journal', path, () => appendDurably(handle, lines));
  };

  const enqueue = (record: JournalRecord): void => {
    last += 1;
    waiting.push(`${JSON.stringify({ seq: last, ...record })}\n`);
  };

  return {
    append(record) {
      enqueue(record);
      scheduled ??= flushing.then(othersAreIn).then(flush);
      flushing = scheduled;
      return scheduled;
    },
    enqueue,
    async close() {
      // A flush that failed has rejected the append.
      await flushing.catch(() => undefined);
      await handle.close();
    },
  };
}

/** A crash can leave half a line at the end; the next record must not be joined to it. Gives the number of whole lines. */
async function cutTornLine(path: string): Promise<number> {
  let handle: FileHandle;
  try {
    handle = await openOwnFile(path, constants.O_RDWR);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
  try {
    const bytes = await handle.readFile();
    const complete = bytes.lastIndexOf('\n') + 1;
    if (complete < bytes.length) await handle.truncate(complete);
    return bytes.subarray(0, complete).filter((byte) => byte === lineFeed).length;
  } finally {
    await handle.close();
  }
}

const lineFeed = 0x0a;

/** When all that the system has answered meanwhile is dealt with: several writers of one run are ready at the same time. */
function othersAreIn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function appendDurably(handle: FileHandle, lines: string): Promise<void> {
  await handle.appendFile(lines);
  await handle.datasync();
}

async function attempt<T>(attempted: string, on: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RemedyError) throw error;
    throw new FileError({
      attempted,
      on,
      cameBack: errnoInWords(error),
      next: 'Nothing is changed without a journal. Make room or grant the right to write there, then apply again.',
      cause: error,
    });
  }
}

/**
 * Reads a journal; one that is not there is empty. A last line that was cut short by a crash is left out: what it
 * would have said had not happened yet. A damaged line is one record of the event "damaged": each target says what
 * became of it.
 * @throws FileError if it can't be read
 */
export async function readJournal(path: string, patience: Patience): Promise<readonly JournalRecord[]> {
  let text: string;
  try {
    text = await readPlainFile(path, patience);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    if (error instanceof RemedyError) throw error;
    throw new FileError({
      attempted: 'read the journal',
      on: path,
      cameBack: errnoInWords(error),
      next: 'Without it, it is not known what was done. Grant the right to read it, then try again.',
      cause: error,
    });
  }
  const lines = text.split('\n');
  const complete = lines.slice(0, -1);
  return complete.map((line, index) => parseRecord(line, index + 1));
}

function parseRecord(line: string, lineNumber: number): JournalRecord {
  try {
    const record: unknown = JSON.parse(line);
    if (isRecord(record)) return record;
  } catch {
    // Reported the same way as a line that is JSON but not a record.
  }
  return { time: '', event: 'damaged', plan: '', detail: `line ${lineNumber}` };
}

function isRecord(value: unknown): value is JournalRecord {
  return flawIn(value, recordShape) === undefined;
}

const number: Shape = { integer: [0, Number.MAX_SAFE_INTEGER] };
/** A journal is handed over with its folder: what is drawn of it has to be what it is drawn as. */
const recordShape: Shape = {
  members: { time: 'text', event: 'text', plan: 'text' },
  optional: {
    seq: number,
    change: number,
    on: 'text',
    server: 'text',
    detail: 'text',
    accepted: { items: 'text' },
    seal: 'text',
    by: { members: { account: 'text', computer: 'text' } },
    lost: number,
    connection: 'text',
    selected: { items: number },
  },
};

/** Whether a journal says that this plan, with this seal, was begun. */
export function hasBegun({ id, seal }: Pick<Plan, 'id' | 'seal'>, records: readonly JournalRecord[]): boolean {
  return records.some((record) => record.event === 'begin' && record.plan === id && record.seal === seal);
}

/**
 * The last record of the journal on each change of a plan, by the change's index. "done" is final: a change that is done
 * is not begun again, and whatever else is said of it later does not undo what was written.
 */
export function outcomesIn(
  records: readonly JournalRecord[],
  plan: Pick<Plan, 'id' | 'changes'>,
): ReadonlyMap<number, JournalRecord> {
  const outcomes = new Map<number, JournalRecord>();
  for (const record of records) {
    if (record.plan !== plan.id || record.change === undefined) continue;
    // Nothing the tool wrote: counted, it would make a part of a change that is whole.
    if (record.change >= plan.changes.length) continue;
    if (outcomes.get(record.change)?.event !== 'done') outcomes.set(record.change, record);
  }
  return outcomes;
}

/** Indices of the changes that the journal says are done. */
export function doneIn(plan: Pick<Plan, 'id' | 'changes'>, records: readonly JournalRecord[]): ReadonlySet<number> {
  return new Set([...outcomesIn(records, plan)].filter(([, { event }]) => event === 'done').map(([index]) => index));
}

/** Whether the last record on a change says that it was written, or leaves that open. */
export function mayHaveWritten({ event }: JournalRecord): boolean {
  return event === 'done' || event === 'intent' || event === 'unknown';
}
