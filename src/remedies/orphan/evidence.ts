/** Orphan or in use? The account of a server object, what speaks for each, and the verdict. There is no official list of signs. */

import { allBytesOf, dateOfFileTime, type Entry, integerOf, largeIntegerOf, textOf, textsOf } from '../../ad/entry.ts';
import { and, type DirectorySession, equal, or } from '../../ldap/session.ts';
import { counted } from '../../words.ts';
import { type ExchangeServer, isFullServer } from './organisation.ts';
import { hasRole, isOnlyProvisioned, roleBit } from './versions.ts';

/** What the directory knows of a server's computer account. */
export type ComputerAccount =
  | { readonly kind: 'absent' }
  /** The global catalog could not be asked. */
  | { readonly kind: 'unknown' }
  /** There is one of its name, and it is another server object's. */
  | {
      readonly kind: 'of another';
      readonly dn: string;
      /** DN of that server object. */
      readonly owner: string;
    }
  | PresentAccount;

export interface PresentAccount {
  readonly kind: 'present';
  readonly dn: string;
  readonly isDisabled: boolean;
  /** lastLogonTimestamp: up to 14 days behind the truth. */
  readonly lastLogon: Date | undefined;
  /** Whether it is a member of a group that Exchange gives its rights by, in any version. */
  readonly isInExchangeGroups: boolean | undefined;
  /** DNs of other server objects that it may as well belong to. */
  readonly sharedWith: readonly string[];
}

/** userAccountControl's ADS_UF_ACCOUNTDISABLE (MS-ADTS 2.2.16). */
const accountDisabled = 0x2;
/** Names asked for in one search. */
const namesASearch = 50;

const accountAttributes = ['dNSHostName', 'name', 'userAccountControl', 'lastLogonTimestamp', 'memberOf'];
const exchangeGroups =
  /^CN=(?:Exchange Servers|Exchange Trusted Subsystem|Exchange Install Domain Servers|Exchange Domain Servers)\b/i;

/**
 * The accounts of these servers, by the servers' DNs. Throws DirectoryError.
 *
 * @param directory a session with a global catalog, or with a DC of the domain that is looked at
 * @param base '' for everything that a global catalog has
 */
export async function readAccounts(
  directory: DirectorySession,
  base: string,
  servers: readonly ExchangeServer[],
): Promise<ReadonlyMap<string, ComputerAccount>> {
  const found: Entry[] = [];
  for (let at = 0; at < servers.length; at += namesASearch) {
    const asked = servers.slice(at, at + namesASearch);
    const accounts = directory.search({
      base,
      scope: 'subtree',
      filter: and(
        equal('objectClass', 'computer'),
        or(
          ...asked.flatMap(({ fqdn }) => (fqdn === undefined ? [] : [equal('dNSHostName', fqdn)])),
          ...asked.map(({ name }) => equal('name', name)),
        ),
      ),
      attributes: accountAttributes,
    });
    for await (const account of accounts) found.push(account);
  }
  const claims = servers.map((server) => claimOf(server, found));
  return new Map(claims.map((claim) => [claim.server.dn, accountOf(claim, claims)]));
}

/** Which account a server's names lead to. */
interface Claim {
  readonly server: ExchangeServer;
  readonly account: Entry | undefined;
  /** By its DNS host name, which says more than its name alone. */
  readonly isByHost: boolean;
}

function claimOf(server: ExchangeServer, found: readonly Entry[]): Claim {
  const byHost = found.find(
    (entry) => server.fqdn !== undefined && textOf(entry, 'dNSHostName')?.toLowerCase() === server.fqdn,
  );
  const byName = found.find((one) => textOf(one, 'name')?.toLowerCase() === server.name.toLowerCase());
  return { server, account: byHost ?? byName, isByHost: byHost !== undefined };
}

/** An account is of the server object that lost no naming conflict, and of the one whose DNS host name it has. */
function accountOf(claim: Claim, all: readonly Claim[]): ComputerAccount {
  const { account, server } = claim;
  if (account === undefined) return { kind: 'absent' };
  const rivals = all.filter((other) => other.account?.dn === account.dn && other.server.dn !== server.dn);
  const stronger = rivals.find((rival) => rankOf(rival) > rankOf(claim));
  if (stronger !== undefined) return { kind: 'of another', dn: account.dn, owner: stronger.server.dn };
  const equals = rivals.filter((rival) => rankOf(rival) === rankOf(claim));
  return presentAccount(
    account,
    equals.map((rival) => rival.server.dn),
  );
}

function rankOf({ server, isByHost }: Claim): number {
  return (server.isConflict ? 0 : 2) + (isByHost ? 1 : 0);
}

function presentAccount(entry: Entry, sharedWith: readonly string[]): ComputerAccount {
  return {
    kind: 'present',
    dn: entry.dn,
    isDisabled: ((integerOf(entry, 'userAccountControl') ?? 0) & accountDisabled) !== 0,
    lastLogon: timeOf(entry, 'lastLogonTimestamp'),
    // A global catalog knows a member's global groups only from its own domain; that none shows proves little there.
    isInExchangeGroups:
      allBytesOf(entry, 'memberOf').length === 0
        ? undefined
        : textsOf(entry, 'memberOf').some((dn) => exchangeGroups.test(dn)),
    sharedWith,
  };
}

function timeOf(entry: Entry, attribute: string): Date | undefined {
  const ticks = largeIntegerOf(entry, attribute);
  const time = ticks === undefined ? undefined : dateOfFileTime(ticks.toString());
  return time === 'never' ? undefined : time;
}

export type Verdict = 'likely orphan' | 'unclear' | 'in use' | 'provisioned only';

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
/** Days within which a logon shows a machine in use. */
const recentDays = 30;

/** Whether the account has logged on in the last 30 days. */
export function hasLoggedOnLately(account: ComputerAccount, now: Date): account is PresentAccount {
  return account.kind === 'present' && !account.isDisabled && daysSince(account.lastLogon, now) <= recentDays;
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
  asOf: AsOf,
): Evidence {
  const signs = [
    ...accountSigns(server, account, asOf),
    ...childSigns(server),
    ...(server.isConflict
      ? [{ weight: 2, words: 'lost a naming conflict (CNF): the other one of its name is in use' }]
      : []),
    ...(server.availabilityGroup === undefined ? [] : [{ weight: -1, words: 'DAG member' }]),
    ...(all.some((other) => other.dn !== server.dn && isFullServer(other))
      ? []
      : [{ weight: -1, words: 'no other Exchange server can take its place' }]),
    ...(hasRole(server.roles, roleBit.edge)
      ? [{ weight: -1, words: 'Edge server, which usually has no account here: look at its Edge subscription' }]
      : []),
  ];
  const score = signs.reduce((sum, { weight }) => sum + weight, 0);
  return {
    for: signs.filter(({ weight }) => weight > 0).map(({ words }) => words),
    against: signs.filter(({ weight }) => weight < 0).map(({ words }) => words),
    verdict: isOnlyProvisioned(server.roles) ? 'provisioned only' : verdictOf(score),
    score,
  };
}

function verdictOf(score: number): Verdict {
  if (score >= 2) return 'likely orphan';
  return score <= -2 ? 'in use' : 'unclear';
}

interface Sign {
  /** Above 0 for an orphan, below 0 against. */
  readonly weight: number;
  readonly words: string;
}

function accountSigns(server: ExchangeServer, account: ComputerAccount, asOf: AsOf): readonly Sign[] {
  if (account.kind === 'unknown' || account.kind === 'of another') return [];
  if (account.kind === 'absent') {
    return hasRole(server.roles, roleBit.edge) ? [] : [{ weight: 3, words: 'no computer account in the forest' }];
  }
  if (account.isDisabled) return [{ weight: 2, words: 'its computer account is disabled' }];
  const days = daysSince(account.lastLogon, asOf.now);
  const groups: readonly Sign[] =
    account.isInExchangeGroups === false ? [{ weight: 1, words: 'its account is in none of the Exchange groups' }] : [];
  if (days <= recentDays) return [recentLogon(account.sharedWith, inDays(days, asOf)), ...groups];
  if (days === Number.POSITIVE_INFINITY) return [{ weight: 1, words: 'no logon of its account is known' }, ...groups];
  if (days > staleDays) return [{ weight: 2, words: `last logged on ${inDays(days, asOf)}` }, ...groups];
  return groups;
}

/** An account that is of several objects does not say which of them is in use. */
function recentLogon(sharedWith: readonly string[], when: string): Sign {
  return sharedWith.length === 0
    ? { weight: -4, words: `logged on ${when}` }
    : { weight: -1, words: `the account of its name logged on ${when}, but another server object has that name too` };
}

function childSigns({ roles, children }: ExchangeServer): readonly Sign[] {
  const expected = [
    [roleBit.clientAccess, children.virtualDirectories, 'Client Access without a virtual directory'],
    [roleBit.hubTransport, children.receiveConnectors, 'Hub Transport without a receive connector'],
    [roleBit.mailbox, children.informationStores, 'Mailbox without an InformationStore'],
  ] as const;
  return expected
    .filter(([role, count]) => hasRole(roles, role) && count === 0)
    .map(([, , words]) => ({ weight: 2, words }));
}

/** When the facts are of: now, or the time of an export's newest entry. */
export interface AsOf {
  readonly now: Date;
  /** Whole days since an export was made; undefined for a directory. */
  readonly exportAge?: number | undefined;
}

/** "today", "1 day ago"; of an export that was not made today "2 days before the export" */
export function inDays(days: number, { exportAge = 0 }: Pick<AsOf, 'exportAge'>): string {
  if (exportAge > 0) return days <= 0 ? 'on the day of the export' : `${counted(days, 'day')} before the export`;
  return days <= 0 ? 'today' : `${counted(days, 'day')} ago`;
}
