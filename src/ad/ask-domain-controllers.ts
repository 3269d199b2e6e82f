/**
 * Asks every DC of a forest at the same time, each with its own deadline, so that a slow one never delays the others.
 * Reads the replication state that a DC reports, its clock and the changes that it has: data that it does not report is
 * unknown, never healthy.
 */

import { DirectoryError } from '../errors.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { isSameOrBelow, normalizedDn, sameDn } from './dn.ts';
import { allBytesOf, type Entry, generalizedTimeOf, largeIntegerOf } from './entry.ts';
import type { DomainController, Forest } from './forest.ts';
import {
  type InboundNeighbor,
  type KnownChanges,
  parseCursorXml,
  parseInboundNeighborXml,
  parseRepsFrom,
  parseUpToDateVector,
  type ReplicationCursor,
  UnreadableReplicationValueError,
} from './replication-values.ts';

/** Sessions with the DCs of a forest. */
export interface DomainControllerAccess {
  /** With the chosen DC. It is not closed here. */
  readonly session: DirectorySession;
  /** A session with another DC. Throws DirectoryError. */
  openOther(host: string): Promise<DirectorySession>;
}

/** What a DC answered, or why it did not. */
export type Answer<T> =
  | { readonly kind: 'answered'; readonly answer: T }
  | { readonly kind: 'unreachable'; readonly why: string };

/** How long a DC has for its answer, in milliseconds. */
export const defaultDeadlineMs = 5000;

/** Whether this is the DC that the session is with. */
export function isChosen(domainController: DomainController, { rootDse, identity }: DirectorySession): boolean {
  if (rootDse.dsServiceName !== undefined) return sameDn(rootDse.dsServiceName, domainController.settingsDn);
  return domainController.dnsHostName?.toLowerCase() === (rootDse.dnsHostName ?? identity.host).toLowerCase();
}

/**
 * Asks each DC `question` in a separate session, the chosen one in the open session. Gives the answers in the
 * order of the DCs; a DirectoryError makes a DC unreachable, any other error is thrown.
 */
export async function askDomainControllers<T>(
  domainControllers: readonly DomainController[],
  access: DomainControllerAccess,
  question: (session: DirectorySession, domainController: DomainController) => Promise<T>,
  deadlineMs: number,
  onAnswer?: (domainController: DomainController, answer: Answer<T>) => void,
): Promise<readonly Answer<T>[]> {
  return await Promise.all(
    domainControllers.map(async (domainController) => {
      const answer = await answerWithin(deadlineMs, () =>
        isChosen(domainController, access.session)
          ? question(access.session, domainController)
          : askOther(domainController, access, question),
      );
      onAnswer?.(domainController, answer);
      return answer;
    }),
  );
}

async function askOther<T>(
  domainController: DomainController,
  access: DomainControllerAccess,
  question: (session: DirectorySession, domainController: DomainController) => Promise<T>,
): Promise<T> {
  const { dnsHostName, dn } = domainController;
  if (dnsHostName === undefined) {
    throw new DirectoryError({
      attempted: 'connect',
      on: dn,
      cameBack: 'its server object has no dNSHostName',
      next: 'Check whether that DC still exists.',
    });
  }
  const session = await access.openOther(dnsHostName);
  try {
    return await question(session, domainController);
  } finally {
    // Closing never throws, and its result does not matter.
    void session.close();
  }
}

/**
 * The answer, or why there is none after this many milliseconds. Requests still running then end by the session's own
 * deadlines.
 */
async function answerWithin<T>(milliseconds: number, ask: () => Promise<T>): Promise<Answer<T>> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Answer<T>>((resolve) => {
    timer = setTimeout(
      () => resolve({ kind: 'unreachable', why: `no answer within ${milliseconds / 1000} seconds` }),
      milliseconds,
    );
  });
  const answered = ask().then(
    (answer): Answer<T> => ({ kind: 'answered', answer }),
    (error: unknown): Answer<T> => {
      if (!(error instanceof DirectoryError)) throw error;
      return { kind: 'unreachable', why: error.trouble.cameBack };
    },
  );
  try {
    return await Promise.race([answered, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** A session with a global catalog; undefined also if none answers, because its data is unknown then. */
export async function catalogIfAny(
  access: Pick<ReplicationAccess, 'openGlobalCatalog'>,
): Promise<DirectorySession | undefined> {
  try {
    return await access.openGlobalCatalog();
  } catch (error) {
    // No answer is a result too, and is judged.
    if (error instanceof DirectoryError) return undefined;
    throw error;
  }
}

/** One inbound partner for one naming context. */
export interface InboundLink extends InboundNeighbor {
  readonly namingContext: string;
}

/** How far the DC has the changes of another one in a naming context. */
export interface NamingContextCursor extends ReplicationCursor {
  readonly namingContext: string;
}

/** A naming context for which the DC reports nothing readable, and why. */
interface SilentNamingContext {
  readonly namingContext: string;
  readonly why: string;
}

/** A DC's report on its own inbound replication. */
export interface ReplicationAnswer {
  readonly links: readonly InboundLink[];
  /** Naming contexts that it holds without naming a partner: there is none, or the user may not see it. */
  readonly silent: readonly SilentNamingContext[];
  readonly cursors: readonly NamingContextCursor[];
  /** Its own clock; undefined if it does not show it. */
  readonly clock: Date | undefined;
}

const headAttributes = ['repsFrom', 'replUpToDateVector', 'msDS-NCReplInboundNeighbors', 'msDS-NCReplCursors'];

/**
 * Asks a DC in one round trip. Windows shows its partners in XML; Samba, and Windows to a user who may not read that, in
 * repsFrom (MS-DRSR 5.170) on the head of each naming context.
 * @throws DirectoryError if it does not answer
 */
export async function askForReplication(
  session: DirectorySession,
  namingContexts: readonly string[],
): Promise<ReplicationAnswer> {
  const [rootDse, heads] = await Promise.all([
    session.readEntry('', ['currentTime', 'msDS-ReplAllInboundNeighbors']),
    Promise.all(namingContexts.map((namingContext) => readHead(session, namingContext))),
  ]);
  const reading = new Reading();
  const all = rootDse === undefined ? [] : allBytesOf(rootDse, 'msDS-ReplAllInboundNeighbors');
  for (const value of all) reading.addXml(value, undefined);
  for (const [index, namingContext] of namingContexts.entries()) {
    const head = heads[index];
    if (head === undefined || 'why' in head) reading.silent(namingContext, head?.why ?? 'it cannot be read');
    else reading.addHead(head, namingContext);
  }
  return reading.answer(rootDse === undefined ? undefined : generalizedTimeOf(rootDse, 'currentTime'));
}

/** The head of a naming context; why not, where this DC does not give it. */
async function readHead(session: DirectorySession, namingContext: string): Promise<Entry | { readonly why: string }> {
  try {
    return (await session.readEntry(namingContext, headAttributes)) ?? { why: 'its head cannot be seen' };
  } catch (error) {
    // A DC that refuses one naming context (a GC does for those of other domains) may still show others.
    if (error instanceof DirectoryError && error.resultCode !== undefined) return { why: error.trouble.cameBack };
    throw error;
  }
}

/** The links, cursors and silences of a DC, as its values are read; of what is said twice, the first counts. */
class Reading {
  readonly #links = new Map<string, InboundLink>();
  readonly #cursors: NamingContextCursor[] = [];
  readonly #silent = new Map<string, SilentNamingContext>();

  addXml(value: Buffer, namingContext: string | undefined): void {
    this.#try(namingContext, () => {
      const neighbor = parseInboundNeighborXml(value);
      const where = neighbor.namingContext ?? namingContext;
      if (where !== undefined) this.#addLink({ ...neighbor, namingContext: where });
    });
  }

  addHead(head: Entry, namingContext: string): void {
    const neighbors = allBytesOf(head, 'msDS-NCReplInboundNeighbors');
    for (const value of neighbors) this.addXml(value, namingContext);
    for (const value of neighbors.length > 0 ? [] : allBytesOf(head, 'repsFrom')) {
      this.#try(namingContext, () => this.#addLink({ ...parseRepsFrom(value), namingContext }));
    }
    const xml = allBytesOf(head, 'msDS-NCReplCursors');
    this.#try(namingContext, () => {
      const cursors =
        xml.length > 0 ? xml.map(parseCursorXml) : allBytesOf(head, 'replUpToDateVector').flatMap(parseUpToDateVector);
      this.#cursors.push(...cursors.map((cursor) => ({ ...cursor, namingContext })));
    });
    if (!this.#hasLinkFor(namingContext)) this.silent(namingContext, 'it names no inbound partner');
  }

  silent(namingContext: string, why: string): void {
    if (this.#hasLinkFor(namingContext)) return;
    const key = normalizedDn(namingContext);
    if (!this.#silent.has(key)) this.#silent.set(key, { namingContext, why });
  }

  answer(clock: Date | undefined): ReplicationAnswer {
    return { links: [...this.#links.values()], silent: [...this.#silent.values()], cursors: this.#cursors, clock };
  }

  #addLink(link: InboundLink): void {
    const key = `${normalizedDn(link.namingContext)} ${link.sourceDsaGuid}`;
    if (!this.#links.has(key)) this.#links.set(key, link);
  }

  #hasLinkFor(namingContext: string): boolean {
    const wanted = normalizedDn(namingContext);
    return [...this.#links.values()].some((link) => normalizedDn(link.namingContext) === wanted);
  }

  /** A value that can't be understood leaves its naming context unknown, with the reason. */
  #try(namingContext: string | undefined, read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof UnreadableReplicationValueError)) throw error;
      const where = namingContext ?? 'a naming context';
      const why = `${error.trouble.on}: ${error.trouble.cameBack}`;
      this.#silent.set(namingContext === undefined ? why : normalizedDn(where), { namingContext: where, why });
    }
  }
}

/**
 * Reads what the session's DC has of a naming context at this moment.
 * @throws DirectoryError if the DC does not show its vector, its own invocationId or its highest USN
 */
export async function readKnownChanges(
  session: DirectorySession,
  { invocationId }: DomainController,
  namingContext: string,
): Promise<KnownChanges> {
  const [{ cursors }, rootDse] = await Promise.all([
    askForReplication(session, [namingContext]),
    session.readEntry('', ['highestCommittedUSN']),
  ]);
  const highest = rootDse === undefined ? undefined : largeIntegerOf(rootDse, 'highestCommittedUSN');
  if (cursors.length === 0) throw notShown(session, namingContext, 'an up-to-dateness vector');
  if (invocationId === undefined || highest === undefined) {
    throw notShown(session, namingContext, invocationId === undefined ? 'its invocationId' : 'highestCommittedUSN');
  }
  const known = new Map<string, bigint>();
  for (const cursor of cursors) {
    const key = cursor.invocationId.toLowerCase();
    if (cursor.usn > (known.get(key) ?? -1n)) known.set(key, cursor.usn);
  }
  return known.set(invocationId.toLowerCase(), highest);
}

function notShown({ identity }: DirectorySession, namingContext: string, what: string): DirectoryError {
  return new DirectoryError({
    attempted: 'read which changes the domain controller has',
    on: `${namingContext} on ${identity.host}`,
    cameBack: `it does not show ${what}`,
    next: 'Log on as an administrator of the domain.',
  });
}

/** The result of asking a DC. */
export interface DomainControllerState {
  readonly domainController: DomainController;
  readonly state:
    | {
        readonly kind: 'answered';
        readonly answer: ReplicationAnswer;
        /** By how many milliseconds its clock is ahead of this computer's; undefined if it shows none. */
        readonly clockAhead: number | undefined;
      }
    | {
        readonly kind: 'unreachable';
        readonly why: string;
        /** Whether its computer account is in the directory; unknown if left out. */
        readonly account?: 'there' | 'missing';
        /** Its inbound links as a file of repadmin has them. */
        readonly reported?: readonly InboundLink[];
      }
    /** An export has no data on it. */
    | { readonly kind: 'not-asked' };
}

/** The input for asking all of them. */
interface ReplicationAccess extends DomainControllerAccess {
  /** A session with a global catalog; undefined if there is none. Throws DirectoryError. */
  openGlobalCatalog(): Promise<DirectorySession | undefined>;
  /** This computer's time, with which the DCs' clocks are compared. */
  now(): Date;
}

interface Question {
  /** For each DC, in milliseconds. */
  readonly deadlineMs?: number;
  /** What is asked for; else all that the DC holds. */
  readonly namingContexts?: readonly string[];
  readonly onAnswer?: (domainController: DomainController, answer: Answer<unknown>) => void;
}

/**
 * What each DC answered, in the order of the forest; of those that did not answer, whether their computer account exists.
 * Throws DirectoryError if the chosen DC or a global catalog fails while the accounts are looked up.
 */
export async function askAllForReplication(
  forest: Forest,
  access: ReplicationAccess,
  { deadlineMs = defaultDeadlineMs, namingContexts, onAnswer }: Question = {},
): Promise<readonly DomainControllerState[]> {
  const { domainControllers } = forest;
  const answers = await askDomainControllers(
    domainControllers,
    access,
    async (session, domainController) => {
      const answer = await askForReplication(session, namingContexts ?? heldBy(domainController, forest));
      const clockAhead = answer.clock === undefined ? undefined : answer.clock.getTime() - access.now().getTime();
      return { answer, clockAhead };
    },
    deadlineMs,
    onAnswer,
  );
  const silent = domainControllers.filter((_, index) => answers[index]?.kind === 'unreachable');
  const accounts = await accountsOf(silent, access);
  return answers.map((answer, index): DomainControllerState => {
    const domainController = domainControllers[index] as DomainController;
    if (answer.kind === 'answered') return { domainController, state: { kind: 'answered', ...answer.answer } };
    const account = accounts.get(domainController);
    return { domainController, state: { ...answer, ...(account === undefined ? {} : { account }) } };
  });
}

/** Whether the computer accounts of these DCs are there, as far as the chosen DC or a global catalog shows. */
async function accountsOf(
  domainControllers: readonly DomainController[],
  access: ReplicationAccess,
): Promise<ReadonlyMap<DomainController, 'there' | 'missing'>> {
  const found = new Map<DomainController, 'there' | 'missing'>();
  const isHere = ({ serverReference }: DomainController): boolean =>
    access.session.rootDse.namingContexts.some((held) => isSameOrBelow(serverReference ?? '', held));
  const look = async (session: DirectorySession, one: DomainController): Promise<void> => {
    const account = await session.readEntry(one.serverReference ?? '', ['1.1']);
    found.set(one, account === undefined ? 'missing' : 'there');
  };
  // A server object without serverReference is one whose account was deleted: the link went with it.
  for (const one of domainControllers) if (one.serverReference === undefined) found.set(one, 'missing');
  const named = domainControllers.filter(({ serverReference }) => serverReference !== undefined);
  await Promise.all(named.filter(isHere).map((one) => look(access.session, one)));
  const elsewhere = named.filter((one) => !isHere(one));
  if (elsewhere.length === 0) return found;
  const catalog = await catalogIfAny(access);
  if (catalog === undefined) return found;
  try {
    await Promise.all(elsewhere.map((one) => look(catalog, one)));
  } finally {
    await catalog.close();
  }
  return found;
}

/** What to ask a DC for: its naming contexts; where these cannot be read, those that every DC has. */
function heldBy(
  { fullNamingContexts, partialNamingContexts }: DomainController,
  { namingContexts }: Forest,
): readonly string[] {
  const listed = [...fullNamingContexts, ...partialNamingContexts];
  if (listed.length > 0) return listed;
  return namingContexts.filter(({ kind }) => kind === 'configuration' || kind === 'schema').map(({ dn }) => dn);
}
