/** Orphan or live? What speaks for each of a server object, and what it comes to. There is no official list of signs. */

import type { ComputerAccount } from './accounts.ts';
import { type ExchangeServer, isFullServer } from './organisation.ts';
import { hasRole, isOnlyProvisioned, roleBit } from './roles.ts';

export type Verdict = 'likely orphan' | 'unclear' | 'live' | 'provisioned only';

export interface Evidence {
  /** What speaks for an orphan, in words. */
  readonly for: readonly string[];
  readonly against: readonly string[];
  readonly verdict: Verdict;
  /** For the choice that is offered first: the higher, the likelier an orphan. */
  readonly score: number;
}

/** Days without a logon after which an account is stale: lastLogonTimestamp lags up to 14, passwords roll every 30. */
const staleDays = 60;
/** Days within which a logon shows a live machine. */
const liveDays = 30;

/** Whether the account has logged on in the last 30 days. */
export function hasLoggedOnLately(account: ComputerAccount, now: Date): boolean {
  return account.kind === 'present' && !account.isDisabled && daysSince(account.lastLogon, now) <= liveDays;
}

/** Whole days; infinite for never. */
export function daysSince(date: Date | undefined, now: Date): number {
  return date === undefined ? Number.POSITIVE_INFINITY : Math.floor((now.getTime() - date.getTime()) / 86_400_000);
}

/** Weighs what the directory shows of a server. */
export function weigh(
  server: ExchangeServer,
  account: ComputerAccount,
  all: readonly ExchangeServer[],
  now: Date,
): Evidence {
  const signs = [
    ...accountSigns(server, account, now),
    ...childSigns(server),
    ...(server.isConflict
      ? [{ weight: 2, words: 'it lost a naming conflict (CNF): the other one of its name is in use' }]
      : []),
    ...(server.availabilityGroup === undefined ? [] : [{ weight: -1, words: 'it is a member of a DAG' }]),
    ...(all.some((other) => other.dn !== server.dn && isFullServer(other))
      ? []
      : [{ weight: -1, words: 'no other Exchange server can take its place' }]),
    ...(hasRole(server.roles, roleBit.edge)
      ? [{ weight: -1, words: 'Edge servers never have an account: look at the Edge subscription' }]
      : []),
  ];
  const score = signs.reduce((sum, { weight }) => sum + weight, 0);
  return {
    for: signs.filter(({ weight }) => weight > 0).map(({ words }) => words),
    against: signs.filter(({ weight }) => weight < 0).map(({ words }) => words),
    verdict: isOnlyProvisioned(server.roles)
      ? 'provisioned only'
      : score >= 2
        ? 'likely orphan'
        : score <= -2
          ? 'live'
          : 'unclear',
    score,
  };
}

interface Sign {
  /** Above 0 for an orphan, below 0 against. */
  readonly weight: number;
  readonly words: string;
}

function accountSigns(server: ExchangeServer, account: ComputerAccount, now: Date): readonly Sign[] {
  if (account.kind === 'unknown' || account.kind === 'of another') return [];
  if (account.kind === 'absent') {
    return hasRole(server.roles, roleBit.edge) ? [] : [{ weight: 3, words: 'no computer account in the forest' }];
  }
  if (account.isDisabled) return [{ weight: 2, words: 'its computer account is disabled' }];
  const days = daysSince(account.lastLogon, now);
  const groups: readonly Sign[] =
    account.isInExchangeGroups === false ? [{ weight: 1, words: 'its account is in none of the Exchange groups' }] : [];
  if (days <= liveDays) return [liveSign(account.sharedWith, inDays(days)), ...groups];
  if (days === Number.POSITIVE_INFINITY) return [{ weight: 1, words: 'no logon of its account is known' }, ...groups];
  if (days > staleDays) return [{ weight: 2, words: `its account last logged on ${inDays(days)}` }, ...groups];
  return groups;
}

/** An account that is of several objects does not say which of them is in use. */
function liveSign(sharedWith: readonly string[], when: string): Sign {
  return sharedWith.length === 0
    ? { weight: -4, words: `its account logged on ${when}` }
    : { weight: -1, words: `the account of its name logged on ${when}, but another server object has that name too` };
}

function childSigns({ roles, children }: ExchangeServer): readonly Sign[] {
  return [
    ...(hasRole(roles, roleBit.clientAccess) && children.virtualDirectories === 0
      ? [{ weight: 2, words: 'Client Access without a virtual directory' }]
      : []),
    ...(hasRole(roles, roleBit.hubTransport) && children.receiveConnectors === 0
      ? [{ weight: 2, words: 'Hub Transport without a receive connector' }]
      : []),
    ...(hasRole(roles, roleBit.mailbox) && children.informationStores === 0
      ? [{ weight: 2, words: 'Mailbox without an InformationStore' }]
      : []),
  ];
}

/** "today", "1 day ago", "80 days ago" */
export function inDays(days: number): string {
  return days <= 0 ? 'today' : `${days} day${days === 1 ? '' : 's'} ago`;
}
