/**
 * Asks every DC of a forest at the same time, each with a deadline of its own, so that a slow one never stalls the rest:
 * anything, or what it has heard of the others, which each remedy judges them by.
 */

import { DirectoryError } from '../errors.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { isSameOrBelow, sameDn } from './dn.ts';
import type { DomainController, Forest } from './forest.ts';
import { askForReplication } from './replication-answer.ts';
import type { DomainControllerState } from './replication-news.ts';

/** Sessions with the DCs of a forest. */
export interface DomainControllerAccess {
  /** With the chosen DC. It is not closed here. */
  readonly session: DirectorySession;
  /** A session with another DC. Throws DirectoryError. */
  openOther(host: string): Promise<DirectorySession>;
}

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
 * Asks each DC `question` in a session of its own, the chosen one in the session that is open. Gives the answers in the
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
    // Closing never throws, and its end is of no interest.
    void session.close();
  }
}

/** The answer, or why there is none after so many milliseconds. What still runs then ends by the session's own deadlines. */
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

/** What asking all of them takes. */
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

/** What each DC answered, in the order of the forest; of those that do not, whether their computer account is there. */
export async function askAllForReplication(
  forest: Forest,
  access: ReplicationAccess,
  { deadlineMs = defaultDeadlineMs, namingContexts, onAnswer }: Question = {},
): Promise<readonly DomainControllerState[]> {
  const common = commonNamingContexts(forest);
  const answers = await askDomainControllers(
    forest.domainControllers,
    access,
    async (session, domainController) => {
      const answer = await askForReplication(session, namingContexts ?? heldBy(domainController, common));
      const clockAhead = answer.clock === undefined ? undefined : answer.clock.getTime() - access.now().getTime();
      return { answer, clockAhead };
    },
    deadlineMs,
    onAnswer,
  );
  const asked = forest.domainControllers.map((domainController, index) => ({
    domainController,
    answer: answers[index],
  }));
  const silent = asked.filter(({ answer }) => answer?.kind !== 'answered').map((one) => one.domainController);
  const accounts = silent.length === 0 ? undefined : await accountsOf(silent, access);
  return asked.map(({ domainController, answer }): DomainControllerState => {
    if (answer?.kind === 'answered') return { domainController, state: { kind: 'answered', ...answer.answer } };
    const account = accounts?.get(domainController);
    const why = answer?.why ?? 'it was not asked';
    return { domainController, state: { kind: 'unreachable', why, ...(account === undefined ? {} : { account }) } };
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

/** A session with a global catalog; undefined also if none answers, as what it would have shown is unknown then. */
export async function catalogIfAny(
  access: Pick<ReplicationAccess, 'openGlobalCatalog'>,
): Promise<DirectorySession | undefined> {
  try {
    return await access.openGlobalCatalog();
  } catch (error) {
    // That none answers is part of the judgement.
    if (error instanceof DirectoryError) return undefined;
    throw error;
  }
}

/** What to ask a DC for: its naming contexts, or those that every DC has, where its own cannot be read. */
function heldBy(
  { fullNamingContexts, partialNamingContexts }: DomainController,
  common: readonly string[],
): readonly string[] {
  const listed = [...fullNamingContexts, ...partialNamingContexts];
  return listed.length === 0 ? common : listed;
}

/** Those that every DC has. */
function commonNamingContexts({ namingContexts }: Forest): readonly string[] {
  return namingContexts.filter(({ kind }) => kind === 'configuration' || kind === 'schema').map(({ dn }) => dn);
}
