/** Verification after a directory change: what a domain controller has to show, and further checks for some remedies. */

import { isDeletedDn, normalizedDn, parentDn, sameDn } from '../ad/dn.ts';
import { booleanOf, type Entry, guidBase, guidFromText, guidOf } from '../ad/entry.ts';
import { type Forest, hostOf, readForest } from '../ad/forest.ts';
import { DirectoryError, RemedyError } from '../errors.ts';
import { inParallel } from '../files/in-parallel.ts';
import { type DirectorySession, deletedObjectsControl, equal, everything, or } from '../ldap/session.ts';
import { whatIsLeft } from './modify-writer.ts';
import { type DirectoryChange, deletedBy, type ModifyChange } from './plan.ts';

/** The result of checking a change once. */
export interface Sight {
  readonly state: 'there' | 'not-yet' | 'unknown';
  /** In words: "deleted: 11 of 11, tombstones found". */
  readonly detail: string;
  /** Whether a later check could show something else. */
  readonly mayChange: boolean;
}

/** Looks for a change on one DC. Throws DirectoryError. */
export type LookOnDc = (session: DirectorySession, forest: Forest) => Promise<Sight>;

/** A check that is not made on each DC: of the recipients of a domain, of a global catalog. */
export interface FurtherLook {
  /** What is searched: "recipients of DC=corp,DC=example,DC=com". */
  readonly of: string;
  readonly where: 'chosen-dc' | 'global-catalog';
  readonly look: LookOnDc;
}

/** How a remedy proves its plan where the default by kind of change is not enough. */
export interface Proof {
  /** Instead of the default. */
  readonly onEachDc: LookOnDc;
  readonly further: (forest: Forest) => readonly FurtherLook[];
}

/** How the directory is reached for the proof. */
export interface ProofAccess {
  /** With the DC that was written to. */
  readonly session: DirectorySession;
  reopen(): Promise<DirectorySession>;
  openOther(host: string): Promise<DirectorySession>;
  openGlobalCatalog(): Promise<DirectorySession | undefined>;
}

/** How long verification waits, and how its progress is shown. */
export interface ProofOptions {
  /** How long to watch the change reach every DC; 0 looks once. */
  readonly waitSeconds: number;
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Reports the DCs that are asked. */
  readonly begin: (hosts: readonly string[]) => void;
  readonly update: (host: string, state: string) => void;
}

/** The result of the check on one DC. */
export interface SightOfDc {
  readonly host: string;
  readonly state: Sight['state'] | 'unreachable';
  readonly detail: string;
}

/** The result of a check that is not of a DC. */
export interface FurtherSight {
  readonly of: string;
  readonly state: Sight['state'];
  readonly detail: string;
}

/** The results of all checks. */
export interface Verification {
  /** Whether every DC of the forest answered and has the change, and every further look found it. */
  readonly everywhere: boolean;
  readonly domainControllers: readonly SightOfDc[];
  readonly further: readonly FurtherSight[];
  /** Why not even the DCs could be listed, if so: the change is made nevertheless. */
  readonly notSeen?: string;
}

/** DCs asked at the same time. */
const dcsAtOnce = 8;
/** Concurrent checks on one DC. */
const looksAtOnce = 16;
/** The pause between two checks of a DC that does not have the change yet, in milliseconds. */
const pause = 2000;
/** The pause is at least this many times as long as a check, because some checks read a lot. */
const pausePerLook = 5;

/** Asks every DC of the forest for the change until all have it, waiting shows nothing more, or the time is over. */
export async function verifyEverywhere(
  proof: Proof,
  access: ProofAccess,
  options: ProofOptions,
): Promise<Verification> {
  const deadline = options.now().getTime() + options.waitSeconds * 1000;
  const forest = await readFresh(access);
  if (forest instanceof DirectoryError) {
    const { attempted, on, cameBack } = forest.trouble;
    return { everywhere: false, domainControllers: [], further: [], notSeen: `${attempted}, ${on}: ${cameBack}` };
  }
  options.begin(forest.domainControllers.map(hostOf));
  const domainControllers = await inParallel(forest.domainControllers, dcsAtOnce, (controller) =>
    watchDc(hostOf(controller), proof.onEachDc, forest, access, options, deadline),
  );
  const further: FurtherSight[] = [];
  for (const look of proof.further(forest)) further.push(await watchFurther(look, forest, access, options, deadline));
  const everywhere = [...domainControllers, ...further].every(({ state }) => state === 'there');
  return { everywhere, domainControllers, further };
}

/** In a separate session: servers close one that was idle while the user read the plan. */
async function readFresh({ reopen }: ProofAccess): Promise<Forest | DirectoryError> {
  try {
    const session = await reopen();
    return await readForest(session).finally(() => session.close());
  } catch (error) {
    // Reported as the outcome of the look: the change itself was made.
    if (error instanceof DirectoryError) return error;
    throw error;
  }
}

async function watchDc(
  host: string,
  look: LookOnDc,
  forest: Forest,
  access: ProofAccess,
  { now, sleep, update, waitSeconds }: ProofOptions,
  deadline: number,
): Promise<SightOfDc> {
  // The clock may be set back meanwhile, so the number of checks is limited too.
  const looks = 1 + Math.ceil((waitSeconds * 1000) / pause);
  for (let count = 1; ; count += 1) {
    update(host, 'asking');
    const begun = now().getTime();
    const { mayChange, ...sight } = await lookAtDc(host, look, forest, access);
    update(host, `${sight.state}: ${sight.detail}`);
    const ended = now().getTime();
    const isLast = count >= looks || ended >= deadline;
    if (sight.state === 'there' || !mayChange || isLast) return { host, ...sight };
    await sleep(pauseAfter(ended - begun));
  }
}

async function lookAtDc(
  host: string,
  look: LookOnDc,
  forest: Forest,
  access: ProofAccess,
): Promise<Omit<SightOfDc, 'host'> & { readonly mayChange: boolean }> {
  let session: DirectorySession;
  try {
    session = await openAt(host, access);
  } catch (error) {
    if (!(error instanceof RemedyError)) throw error;
    return { state: 'unreachable', detail: error.trouble.cameBack, mayChange: true };
  }
  return await lookSafely(() => look(session, forest)).finally(() => session.close());
}

/** How long to wait after a check of this duration, both in milliseconds. */
function pauseAfter(took: number): number {
  return Math.max(pause, pausePerLook * took);
}

/** The DC that was written to is asked the way it was reached; its name need not be known here. */
function openAt(host: string, access: ProofAccess): Promise<DirectorySession> {
  const own = access.session.rootDse.dnsHostName;
  return own?.toLowerCase() === host.toLowerCase() ? access.reopen() : access.openOther(host);
}

/** An error of the directory is a result of the check: the change itself was made. */
async function lookSafely(look: () => Promise<Sight>): Promise<Sight> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof RemedyError)) throw error;
    return { state: 'unknown', detail: error.trouble.cameBack, mayChange: true };
  }
}

async function watchFurther(
  { of, where, look }: FurtherLook,
  forest: Forest,
  access: ProofAccess,
  { now, sleep }: ProofOptions,
  deadline: number,
): Promise<FurtherSight> {
  for (;;) {
    const begun = now().getTime();
    const { state, detail, mayChange } = await lookSafely(async () => {
      const session = where === 'chosen-dc' ? await access.reopen() : await access.openGlobalCatalog();
      if (session === undefined)
        return { state: 'unknown', detail: 'not known: no global catalog answers', mayChange: true };
      return look(session, forest).finally(() => session.close());
    });
    const ended = now().getTime();
    if (state === 'there' || !mayChange || ended >= deadline) return { of, state, detail };
    await sleep(pauseAfter(ended - begun));
  }
}

/** The proof by kind of change: edited values there, deleted entries gone with their tombstones, returned entries back. */
export function defaultProof(changes: readonly DirectoryChange[]): Proof {
  return { onEachDc: (session, forest) => lookByKind(changes, session, forest), further: () => [] };
}

async function lookByKind(
  changes: readonly DirectoryChange[],
  session: DirectorySession,
  forest: Forest,
): Promise<Sight> {
  const held = [...session.rootDse.namingContexts, forest.configurationNamingContext].map(normalizedDn);
  const isHeld = ({ dn }: DirectoryChange): boolean => held.some((context) => normalizedDn(dn).endsWith(context));
  const deleted = changes.flatMap(deletedBy);
  const back = changes.filter((change) => change.kind === 'undelete' || change.kind === 'add').filter(isHeld);
  // What a deletion clears goes with it: where all is gone the values that named it are its business.
  const edits = changes.filter((change) => change.kind === 'modify').filter(isHeld);
  const sights = [
    ...(deleted.length === 0 ? [] : [await lookForDeleted(deleted, session, forest.configurationNamingContext)]),
    ...(back.length === 0 ? [] : [await lookForReturned(back, session)]),
    ...(edits.length === 0 ? [] : [await lookForValues(edits, session)]),
  ];
  if (sights.length === 0) return { state: 'there', detail: 'it holds none of the changed entries', mayChange: false };
  return {
    state: sights.find(({ state }) => state !== 'there')?.state ?? 'there',
    detail: sights.map(({ detail }) => detail).join('; '),
    mayChange: sights.some(({ state, mayChange }) => state !== 'there' && mayChange),
  };
}

/** Whether one DC has the entries that came back. */
async function lookForReturned(
  back: readonly Extract<DirectoryChange, { kind: 'undelete' | 'add' }>[],
  session: DirectorySession,
): Promise<Sight> {
  const there = await inParallel(back, looksAtOnce, async (change) => {
    const found = await session.readEntry(change.kind === 'undelete' ? guidBase(change.guid) : change.dn, ['1.1']);
    return found !== undefined && sameDn(found.dn, change.dn);
  });
  return sightOf(there, 'entries restored');
}

/** Whether one DC has the values of edits. */
async function lookForValues(edits: readonly ModifyChange[], session: DirectorySession): Promise<Sight> {
  const there = await inParallel(edits, looksAtOnce, async (change) => {
    const names = change.edits.map(({ attribute }) => attribute);
    const found = await session.readEntry(guidBase(change.guid), names);
    if (found === undefined) return change.edits.every(({ add }) => add.length === 0);
    return change.edits.every((edit) => whatIsLeft(edit, found).kind === 'done');
  });
  return sightOf(there, 'edited entries have the new values');
}

function sightOf(there: readonly boolean[], what: string): Sight {
  const count = there.filter((isThere) => isThere).length;
  const state = count === there.length ? 'there' : 'not-yet';
  return { state, detail: `${count} of ${there.length} ${what}`, mayChange: true };
}

/**
 * Whether one DC has the deletions: each entry gone by DN, and its tombstone found by objectGUID. Throws DirectoryError.
 */
export async function lookForDeleted(
  entries: readonly { readonly dn: string; readonly guid: string }[],
  session: DirectorySession,
  configuration: string,
): Promise<Sight> {
  const dns = new Set(entries.map(({ dn }) => normalizedDn(dn)));
  const found = await entriesByGuid(
    entries.map(({ guid }) => guid),
    session,
    configuration,
  );
  const states = await inParallel(entries, looksAtOnce, async ({ dn, guid }) => {
    // Below an entry that is gone nothing can bear the old name; at the top of what went another one may.
    const isTop = !dns.has(normalizedDn(parentDn(dn) ?? ''));
    if (isTop && (await session.readEntry(dn, ['1.1'])) !== undefined) return 'live';
    const entry = found.get(guid.toLowerCase());
    if (entry === undefined) return 'unseen';
    // Of a tombstone whose attributes the user may not read, the name alone shows what it is.
    return isDeletedDn(entry.dn) || booleanOf(entry, 'isDeleted') === true ? 'deleted' : 'live';
  });
  const live = states.filter((state) => state === 'live').length;
  const unseen = states.filter((state) => state === 'unseen').length;
  const gone = `deleted: ${states.length - live} of ${states.length}`;
  if (unseen === 0) {
    const detail = live === states.length ? gone : `${gone}, tombstones found`;
    return { state: live === 0 ? 'there' : 'not-yet', detail, mayChange: true };
  }
  const seesDeleted = await seesDeletedObjects(session, configuration);
  const why = seesDeleted
    ? 'the tombstone may have been purged, or the deletion has not arrived'
    : 'this user may not see deleted objects; members of Administrators may';
  return {
    state: live > 0 ? 'not-yet' : 'unknown',
    detail: `${gone} by name; not proven for ${unseen}: no tombstone seen (${why})`,
    mayChange: live > 0 || seesDeleted,
  };
}

/** objectGUIDs asked for in one search. */
const guidsASearch = 100;

/**
 * Entries by their objectGUIDs in lower case, deleted or not: searched for, and else read. A search does not find an
 * entry whose objectGUID the user may not read, as of tombstones that Samba got by replication.
 */
async function entriesByGuid(
  guids: readonly string[],
  session: DirectorySession,
  configuration: string,
): Promise<ReadonlyMap<string, Entry>> {
  const controls = [deletedObjectsControl(session.rootDse.supportedControls)];
  const found = new Map<string, Entry>();
  // One after the other: not every server keeps several paged searches of one connection apart.
  for (let at = 0; at < guids.length; at += guidsASearch) {
    const asked = guids.slice(at, at + guidsASearch).map((guid) => equal('objectGUID', guidFromText(guid)));
    const entries = session.search({
      base: configuration,
      scope: 'subtree',
      filter: or(...asked),
      attributes: ['isDeleted', 'objectGUID'],
      controls,
    });
    for await (const entry of entries) found.set(guidOf(entry, 'objectGUID')?.toLowerCase() ?? '', entry);
  }
  const unseen = guids.filter((guid) => !found.has(guid.toLowerCase()));
  await inParallel(unseen, looksAtOnce, async (guid) => {
    const entry = await session.readEntry(guidBase(guid), ['isDeleted'], controls);
    if (entry !== undefined) found.set(guid.toLowerCase(), entry);
  });
  return found;
}

/** Whether the user sees any deleted object there: by default only members of Administrators do (Microsoft KB 892806). */
async function seesDeletedObjects(session: DirectorySession, configuration: string): Promise<boolean> {
  const found = session.search({
    base: `CN=Deleted Objects,${configuration}`,
    scope: 'one',
    filter: everything,
    attributes: ['1.1'],
    controls: [deletedObjectsControl(session.rootDse.supportedControls)],
  });
  try {
    for await (const _ of found) return true;
    return false;
  } catch (error) {
    // The user may not even see the container.
    if (error instanceof DirectoryError && error.resultCode !== undefined) return false;
    throw error;
  }
}
