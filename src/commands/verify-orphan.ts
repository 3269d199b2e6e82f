/** The proof of a deletion, and of its undo: every domain controller asked for every entry, and for what points at it. */

import { sameDn } from '../ad/dn.ts';
import { type DomainController, type Forest, readForest } from '../ad/forest.ts';
import { guidBase } from '../ad/values.ts';
import { whatIsLeft } from '../change/modify-writer.ts';
import type { DirectoryChange, ModifyChange } from '../change/plan.ts';
import { DirectoryError, RemedyError } from '../errors.ts';
import { inParallel } from '../files/in-parallel.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { type DeletedServer, deletedServer, withoutNamesOfOthers } from '../remedies/orphan/deleted-server.ts';
import { type DeletionOnDc, deletionOnDc } from '../remedies/orphan/deletion-on-dc.ts';
import { writableIn } from '../remedies/orphan/writable-entries.ts';
import { createProgressRows, type ProgressRows } from '../terminal/progress.ts';
import { visible } from '../terminal/visible.ts';
import { notSeen, type Verification, type Verify, type VerifyRequest } from './verification.ts';
import { verifyRecipients } from './verify-recipients.ts';

type Row = Verification['domainControllers'][number];

/** DCs asked at the same time. */
const atOnce = 8;
/** Looks that are on their way to one DC at the same time. */
const looksAtOnce = 16;
/** Between two looks at a DC that does not have it yet, in milliseconds. */
const interval = 2000;

export const verify: Verify = async (request) => {
  const { directory, context, output, plan, waitSeconds } = request;
  const planned = deletedServer(plan);
  if (directory.isExport || plan.changes.length === 0) return { everywhere: true, lines: [], domainControllers: [] };
  const known = await readWhatIsThere(planned, request);
  if (known instanceof DirectoryError) return notSeen(known, output);
  const { forest, deleted } = known;
  const { domainControllers } = forest;
  const rows = createProgressRows(output.screen, domainControllers.map(hostOf));
  const deadline = context.now().getTime() + waitSeconds * 1000;
  const seen = await inParallel(domainControllers, atOnce, (controller) =>
    watch(hostOf(controller), { ...request, deleted, forest, deadline, rows }),
  ).finally(() => rows.done());
  const recipients = await verifyRecipients(deleted, forest, request, deadline);
  return {
    everywhere: seen.every(({ state }) => state === 'has it') && recipients.every(({ state }) => state === 'none'),
    lines: [...linesOf(seen), ...recipients.map(({ of, detail }) => visible(`Recipients of ${of}: ${detail}`))],
    domainControllers: seen,
    ...(recipients.length === 0 ? {} : { recipients }),
  };
};

/** The forest and what to look for in it, or the error that kept us from reading it: the change is made all the same. */
async function readWhatIsThere(
  planned: DeletedServer,
  { directory }: VerifyRequest,
): Promise<{ readonly forest: Forest; readonly deleted: DeletedServer } | DirectoryError> {
  try {
    // A session of its own: the one that is open may have been ended while somebody read the plan.
    const session = await directory.reopen();
    try {
      const forest = await readForest(session);
      return { forest, deleted: await withoutNamesOfOthers(session, planned, forest.configurationNamingContext) };
    } finally {
      await session.close();
    }
  } catch (error) {
    if (error instanceof DirectoryError) return error;
    throw error;
  }
}

function hostOf({ dnsHostName, name }: DomainController): string {
  return dnsHostName ?? name;
}

interface Watch extends VerifyRequest {
  readonly deleted: DeletedServer;
  readonly forest: Forest;
  /** In milliseconds since 1970. */
  readonly deadline: number;
  readonly rows: ProgressRows;
}

/** Looks at one DC until it has the change, waiting shows nothing more, or the time is over. */
async function watch(host: string, request: Watch): Promise<Row> {
  const { context, deadline, rows } = request;
  for (;;) {
    rows.update(host, 'asking');
    const { state, detail, mayChange } = await lookAt(host, request);
    rows.update(host, `${state}: ${detail}`);
    if (state === 'has it' || !mayChange || context.now().getTime() >= deadline) return { host, state, detail };
    await context.sleep(interval);
  }
}

/** The DC that was written to is asked by the way that it was reached; its name need not be known here. */
function openAt(host: string, directory: VerifyRequest['directory']): Promise<DirectorySession> {
  const own = directory.session.rootDse.dnsHostName;
  return own?.toLowerCase() === host.toLowerCase() ? directory.reopen() : directory.openOther(host);
}

type Look = Pick<Row, 'state' | 'detail'> & Pick<DeletionOnDc, 'mayChange'>;

async function lookAt(host: string, request: Watch): Promise<Look> {
  let session: DirectorySession;
  try {
    session = await openAt(host, request.directory);
  } catch (error) {
    if (!(error instanceof RemedyError)) throw error;
    return { state: 'unreachable', detail: error.trouble.cameBack, mayChange: true };
  }
  try {
    return await compare(session, request);
  } catch (error) {
    if (!(error instanceof RemedyError)) throw error;
    return { state: 'unknown', detail: error.trouble.cameBack, mayChange: true };
  } finally {
    await session.close();
  }
}

async function compare(session: DirectorySession, { plan, deleted, forest }: Watch): Promise<Look> {
  const looks: Look[] = [];
  if (deleted.entries.length > 0) {
    looks.push(await deletionOnDc(session, deleted, forest.configurationNamingContext));
  } else {
    const isHeld = writableIn(forest, session);
    const edits = plan.changes.filter((change) => change.kind === 'modify').filter(({ dn }) => isHeld(dn));
    const back = plan.changes.filter(bringsBack);
    if (back.length > 0) looks.push(await returnOnDc(session, back));
    if (edits.length > 0) looks.push(await editsOnDc(session, edits));
  }
  if (looks.length === 0) return { state: 'has it', detail: 'it holds no entry that was changed', mayChange: false };
  return {
    state: looks.find(({ state }) => state !== 'has it')?.state ?? 'has it',
    detail: looks.map(({ detail }) => detail).join('; '),
    mayChange: looks.some(({ state, mayChange }) => state !== 'has it' && mayChange),
  };
}

type Return = Extract<DirectoryChange, { kind: 'undelete' | 'add' }>;

function bringsBack(change: DirectoryChange): change is Return {
  return change.kind === 'undelete' || change.kind === 'add';
}

/** Whether one DC has the entries that an undo has brought back. */
async function returnOnDc(session: DirectorySession, back: readonly Return[]): Promise<Look> {
  const there = await inParallel(back, looksAtOnce, async (change) => {
    const found = await session.readEntry(change.kind === 'undelete' ? guidBase(change.guid) : change.dn, ['1.1']);
    return found !== undefined && sameDn(found.dn, change.dn);
  });
  return counted(there, 'entries back');
}

/** Whether one DC has the values that an undo has put back, where nothing was deleted these alone. */
async function editsOnDc(session: DirectorySession, edited: readonly ModifyChange[]): Promise<Look> {
  const there = await inParallel(edited, looksAtOnce, async ({ guid, edits }) => {
    const found = await session.readEntry(
      guidBase(guid),
      edits.map(({ attribute }) => attribute),
    );
    return found !== undefined && edits.every((edit) => whatIsLeft(edit, found).kind === 'done');
  });
  return counted(there, 'edited entries have their values back');
}

function counted(there: readonly boolean[], what: string): Look {
  const count = there.filter((isThere) => isThere).length;
  const state = count === there.length ? 'has it' : 'not yet';
  return { state, detail: `${count} of ${there.length} ${what}`, mayChange: true };
}

function linesOf(rows: readonly Row[]): readonly string[] {
  const width = Math.max(0, ...rows.map(({ host }) => host.length));
  return rows.map(({ host, state, detail }) => visible(`${host.padEnd(width)}  ${state}: ${detail}`));
}
