/**
 * Every Exchange server of the forest: its account, the signs for and against an orphan, and the verdict. There is no
 * official list of signs.
 */

import { joinDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { allBytesOf, dateOfFileTime, type Entry, isDisabled, largeIntegerOf, textOf, textsOf } from '../../ad/entry.ts';
import { type Forest, readExportedForest, readForest, sourceInWords } from '../../ad/forest.ts';
import type { ForestTarget } from '../../change/plan.ts';
import { DirectoryError, RefusedError, SubjectMissingError, UsageError } from '../../errors.ts';
import { and, type DirectorySession, equal, or } from '../../ldap/session.ts';
import { counted, day, listed, nearestName } from '../../words.ts';
import type { DirectoryWorld } from '../remedy.ts';
import { gapsIn, newestChangeIn, noGaps, requireClasses } from './export-gaps.ts';
import {
  type ExchangeServer,
  hasRole,
  isFullServer,
  isOnlyProvisioned,
  type Organisation,
  readOrganisation,
  roleBit,
} from './organisation.ts';

/** A server with its account and the evidence from its objects. */
export interface SurveyedServer {
  readonly server: ExchangeServer;
  readonly account: ComputerAccount;
  readonly evidence: Evidence;
}

/** Every server of the forest. */
export interface Survey {
  readonly target: ForestTarget;
  /** Where it was read: "dc1.corp.example.com (GC, LDAPS)", "an export". */
  readonly readFrom: string;
  readonly forest: Forest;
  readonly organisation: Organisation;
  readonly servers: readonly SurveyedServer[];
  /** Why the accounts are not known, if they are not. */
  readonly accountsUnknown: string | undefined;
  /** What an export leaves unknown, in words; [] for a directory. */
  readonly exportGaps: readonly string[];
  /** Whether an export does not show which mailboxes are in a database. */
  readonly mailboxesUnknown: boolean;
  /** How old an export is, in whole days: logons are judged as of its newest entry. undefined for a directory. */
  readonly exportAge: number | undefined;
  /** The time that the facts are of: now, or that of an export's newest entry. */
  readonly now: Date;
}

/** The server objects alone. */
export function serversOf({ servers }: Pick<Survey, 'servers'>): readonly ExchangeServer[] {
  return servers.map(({ server }) => server);
}

/** The sessions through which the forest is read. */
export interface Sessions {
  /** With the DC that is written to. */
  readonly session: DirectorySession;
  /** With a global catalog; undefined if none could be reached. */
  readonly global: DirectorySession | undefined;
}

/**
 * Reads every server with its account. Throws DirectoryError; RefusedError for an export without objectClass, and where
 * there is no server.
 *
 * @param mayBeEmpty whether there may be no server
 */
export async function readSurvey(world: DirectoryWorld, sessions: Sessions, mayBeEmpty: boolean): Promise<Survey> {
  const { session, isExport, target } = world;
  const whole = isExport ? (sessions.global ?? session) : undefined;
  if (whole !== undefined) await requireClasses(whole);
  const newest = whole === undefined ? undefined : await newestChangeIn(whole);
  const now = newest ?? world.now();
  const exportAge = newest === undefined ? undefined : Math.max(0, daysSince(newest, world.now()));
  const forest = isExport ? await readExportedForest(session) : await readForest(session);
  const organisation = await readOrganisation(session, forest.configurationNamingContext);
  if (!mayBeEmpty) requireServers(organisation, forest, isExport);
  const gaps = whole === undefined ? noGaps : await gapsIn(whole, forest, organisation, newest);
  const { accounts, unknown } = gaps.lacksComputers
    ? { accounts: new Map<string, ComputerAccount>(), unknown: 'the export has none' }
    : await accountsOf(sessions, organisation.servers);
  return {
    target,
    readFrom: isExport ? 'an export' : sourceInWords(session),
    forest,
    organisation,
    servers: organisation.servers.map((server) => {
      const account = accounts.get(server.dn) ?? { kind: 'unknown' };
      return { server, account, evidence: weigh(server, account, organisation.servers, { now, exportAge }) };
    }),
    accountsUnknown: unknown,
    exportGaps: gaps.lines,
    mailboxesUnknown: gaps.lacksMailboxes,
    exportAge,
    now,
  };
}

function requireServers({ servers, organisations }: Organisation, forest: Forest, isExport: boolean): void {
  if (servers.length > 0) return;
  const whose = isExport ? 'that the export holds' : 'that you may see';
  const look = isExport
    ? `Export the whole partition: ldifde -d "${forest.configurationNamingContext}" -f FILE, without -l and -o.`
    : 'Name a domain controller of the right forest with --server, and a user who may read its configuration.';
  throw new RefusedError({
    attempted: 'find Exchange server objects',
    on: joinDn('CN=Services', forest.configurationNamingContext),
    cameBack:
      organisations.length > 0
        ? `the Exchange organisation has none ${whose}`
        : `there is no Exchange organisation in this forest, or none ${whose}`,
    next: `${look} If the servers were deleted, --leftovers clears the references to them.`,
  });
}

async function accountsOf(
  sessions: Sessions,
  servers: readonly ExchangeServer[],
): Promise<{ readonly accounts: ReadonlyMap<string, ComputerAccount>; readonly unknown: string | undefined }> {
  try {
    const { recipients, base } = recipientsOf(sessions);
    return { accounts: await readAccounts(recipients, base, servers), unknown: undefined };
  } catch (error) {
    // The servers can be listed without their accounts; a finding says that these are unknown.
    if (!(error instanceof DirectoryError)) throw error;
    return { accounts: new Map(), unknown: error.trouble.cameBack };
  }
}

/** The widest available view of the recipients: the forest through a global catalog, else one domain. */
export function recipientsOf({ session, global }: Sessions): {
  readonly recipients: DirectorySession;
  readonly base: string;
} {
  if (global !== undefined) return { recipients: global, base: '' };
  return { recipients: session, base: session.rootDse.defaultNamingContext ?? '' };
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

/** Whole days; infinite for never. */
export function daysSince(date: Date | undefined, now: Date): number {
  return date === undefined ? Number.POSITIVE_INFINITY : Math.floor((now.getTime() - date.getTime()) / day);
}

/** A server's computer account in the directory. */
export type ComputerAccount =
  | { readonly kind: 'absent' }
  /** The global catalog could not be asked. */
  | { readonly kind: 'unknown' }
  /** An account of its name exists and belongs to another server object. */
  | {
      readonly kind: 'of another';
      readonly dn: string;
      /** DN of that server object. */
      readonly owner: string;
    }
  | PresentAccount;

/** An existing account. */
interface PresentAccount {
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
async function readAccounts(
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
    isDisabled: isDisabled(entry),
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

/** The result of weighing the evidence. */
export type Verdict = 'likely orphan' | 'unclear' | 'in use' | 'provisioned only';

/** The evidence on a server in the directory. */
interface Evidence {
  /** The signs for an orphan, in words. */
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

/** Weighs the evidence on a server. */
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
      ? [{ weight: 2, words: 'lost a naming conflict (CNF): the other object of this name is in use' }]
      : []),
    ...(server.availabilityGroup === undefined ? [] : [{ weight: -1, words: 'DAG member' }]),
    ...(all.some((other) => other.dn !== server.dn && isFullServer(other))
      ? []
      : [{ weight: -1, words: 'no other Exchange server can take its place' }]),
    ...(hasRole(server.roles, roleBit.edge)
      ? [{ weight: -1, words: 'Edge server, which usually has no account in the domain: check its Edge subscription' }]
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
  if (days === Number.POSITIVE_INFINITY)
    return [{ weight: 1, words: 'last logon of its account not known' }, ...groups];
  if (days > staleDays) return [{ weight: 2, words: `last logged on ${inDays(days, asOf)}` }, ...groups];
  return groups;
}

/** An account that belongs to several objects does not show which of them is in use. */
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

/** Which server object is meant. */
export type Wanted = { readonly kind: 'name'; readonly name: string } | { readonly kind: 'dn'; readonly dn: string };

/**
 * The server of a name (short name or FQDN) or a DN.
 *
 * @throws SubjectMissingError if there is none; UsageError if there is more than one
 */
export function findServer({ servers, forest }: Survey, wanted: Wanted): SurveyedServer {
  const found = servers.filter(({ server }) =>
    wanted.kind === 'dn'
      ? sameDn(server.dn, wanted.dn)
      : [server.name.toLowerCase(), server.fqdn].includes(wanted.name.toLowerCase()),
  );
  const [only] = found;
  const on = wanted.kind === 'dn' ? wanted.dn : wanted.name;
  if (only === undefined) {
    const names = servers.map(({ server }) => server.name);
    const near = wanted.kind === 'dn' ? namesakes(servers, wanted.dn) : nearestNames(shortName(on), names);
    throw new SubjectMissingError({
      attempted: 'find the Exchange server object',
      on,
      cameBack: `no object of that name is below ${joinDn('CN=Services', forest.configurationNamingContext)}`,
      next: `${near.length === 0 ? `Found: ${listed(names, 12)}.` : `Did you mean ${near.join(' or ')}?`} If it was deleted, --leftovers clears the references to it.`,
    });
  }
  if (found.length === 1) return only;
  throw new UsageError({
    attempted: 'choose the Exchange server object',
    on,
    cameBack: `${found.length} objects have that name`,
    next: `Name one by its DN with --dn: ${found.map(({ server }) => `"${server.dn}"`).join(' or ')}.`,
  });
}

/** The DNs of servers whose own name the DN has, in quotes. */
function namesakes(servers: Survey['servers'], dn: string): readonly string[] {
  const name = rdnOf(dn).value.toLowerCase();
  return servers.filter(({ server }) => server.name.toLowerCase() === name).map(({ server }) => `"${server.dn}"`);
}

/** The short name in what may be an FQDN, \\SERVER, DOMAIN\SERVER or the account's SERVER$. */
function shortName(given: string): string {
  const [name = ''] = given.replace(/^.*\\/, '').split('.');
  return name.replace(/\$$/, '');
}

/** Up to three names that a typing error may have meant, as they are written. */
function nearestNames(given: string, names: readonly string[]): readonly string[] {
  const left = new Map(names.map((name) => [name.toLowerCase(), name]));
  const near: string[] = [];
  while (near.length < 3) {
    const key = nearestName(given, [...left.keys()]);
    const name = key === undefined ? undefined : left.get(key);
    if (key === undefined || name === undefined) break;
    near.push(name);
    left.delete(key);
  }
  return near;
}
