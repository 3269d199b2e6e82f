/** Asks every DC of a forest at the same time, each with a deadline of its own, so that a slow one never stalls the rest. */

import { DirectoryError } from '../errors.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { sameDn } from './dn.ts';
import type { DomainController } from './forest.ts';

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
