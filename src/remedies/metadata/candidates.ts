/**
 * Every domain controller of the forest and what is left of former ones, with what speaks for and against each being
 * gone: server objects with NTDS Settings, server objects without, and accounts of DCs without a server object. And the
 * operations master roles (FSMO) that belong to them, or to deleted ones.
 */

import {
  askAllForReplication,
  catalogIfAny,
  type DomainControllerState,
  defaultDeadlineMs,
  isChosen,
} from '../../ad/ask-domain-controllers.ts';
import { dnDepth, isDeletedDn, isSameOrBelow, normalizedDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { dateOfFileTime, type Entry, guidOf, isDisabled, textOf } from '../../ad/entry.ts';
import { type DomainController, type Forest, hostOf, masterInWords, readOperationsMasters } from '../../ad/forest.ts';
import { networkBy } from '../../ad/locate.ts';
import { replicationNews } from '../../ad/replication-news.ts';
import type { ForestTarget } from '../../change/plan.ts';
import { DirectoryError } from '../../errors.ts';
import { and, type DirectorySession, equal, or } from '../../ldap/session.ts';
import { day, distinct, durationInWords } from '../../words.ts';
import type { DirectoryWorld } from '../remedy.ts';

/** Whether it answers on LDAP. */
type Reachability =
  /** The run is connected to it. */
  | { readonly kind: 'this' }
  | { readonly kind: 'answers'; readonly how: string }
  | { readonly kind: 'silent'; readonly why: string }
  /** Offline, or it has no DNS name. */
  | { readonly kind: 'not-asked' };

/** The newest of its changes that the other DCs have. */
export type Heard =
  | { readonly kind: 'heard'; readonly by: string /** In milliseconds. */; readonly age: number }
  | { readonly kind: 'never' | 'unknown' };

/** The computer account of a DC. */
export interface Account {
  readonly dn: string;
  readonly guid: string;
  readonly isEnabled: boolean;
  /** lastLogonTimestamp: up to 14 days behind the truth. */
  readonly lastLogon: Date | undefined;
  /** An RODC has its own Kerberos account: the DN of that (msDS-KrbTgtLink). */
  readonly kerberosAccount: string | undefined;
}

/** A DC, or the remains of one. */
export interface Candidate {
  /** 'server' has no NTDS Settings, 'account' no server object either. */
  readonly kind: 'dc' | 'server' | 'account';
  readonly name: string;
  /** '' for an account. */
  readonly site: string;
  /** Of the server object, else of the account. */
  readonly dn: string;
  /** dNSHostName. */
  readonly host: string | undefined;
  readonly settings: DomainControllerSettings | undefined;
  readonly account: Account | undefined;
  /** Whether the accounts of its domain could be read: else a missing account proves nothing. */
  readonly isAccountKnown: boolean;
  /** DN of its domain, if that can be determined. */
  readonly domain: string | undefined;
  readonly reachability: Reachability;
  readonly heard: Heard;
  /**
   * The highest USN of its own changes that any other DC with a full copy reports, by normalised naming context:
   * 0 if none has any. Missing if none shows what it has.
   */
  readonly had: ReadonlyMap<string, bigint>;
}

/** NTDS Settings, with their data on the DC. */
interface DomainControllerSettings {
  readonly dn: string;
  readonly dsaGuid: string | undefined;
  readonly invocationId: string | undefined;
  readonly isReadOnly: boolean;
  readonly isGlobalCatalog: boolean;
  /** Of its Windows: 4 is 2008 R2, 5 is 2012. */
  readonly functionalLevel?: number;
  readonly fullNamingContexts: readonly string[];
}

/** Whether it runs, as far as this run has seen: it answers, or the run is connected to it. */
export function isInUse({ reachability }: Pick<Candidate, 'reachability'>): boolean {
  return reachability.kind === 'this' || reachability.kind === 'answers';
}

/** Whether its account was used within the tombstone lifetime (in days): among leftovers only a running machine does that. */
export function loggedOnLately({ account }: Pick<Candidate, 'account'>, now: Date, lifetime: number): boolean {
  if (account?.isEnabled !== true || account.lastLogon === undefined) return false;
  return now.getTime() - account.lastLogon.getTime() < lifetime * day;
}

/** "DC1 heard of it 71 days ago" */
export function heardInWords({ heard, kind }: Pick<Candidate, 'heard' | 'kind'>): string {
  if (kind !== 'dc') return 'does not replicate';
  if (heard.kind === 'heard') return `${heard.by} heard of it ${durationInWords(heard.age)} ago`;
  return heard.kind === 'never' ? 'no changes ever received from it' : 'last contact not known';
}

/** Asks every DC, and reads the accounts of all domains that can be seen. Throws DirectoryError. */
export async function readCandidates(world: DirectoryWorld, forest: Forest): Promise<readonly Candidate[]> {
  const { domainControllers, leftoverServers } = forest;
  world.watch.begin([...domainControllers.map(hostOf), 'Accounts']);
  const states = world.isExport
    ? domainControllers.map((one): DomainControllerState => ({ domainController: one, state: { kind: 'not-asked' } }))
    : await askAllForReplication(forest, world, {
        onAnswer: (one, answer) =>
          world.watch.update(hostOf(one), answer.kind === 'answered' ? 'answered' : answer.why),
      });
  world.watch.update('Accounts', 'reading');
  const { accounts, domains } = await readAccounts(world, forest);
  world.watch.update('Accounts', `${accounts.length}`);
  const heard = heardOf(states, forest, world.now());
  const domainOf = domainFinder(forest);
  const notADc = { settings: undefined, heard: { kind: 'unknown' }, had: new Map() } as const;
  const common = (name: string, host: string | undefined, account: Entry | undefined, reference = '') => {
    const domain = domainOf(account?.dn ?? reference, host);
    return {
      name,
      host,
      account: account === undefined ? undefined : accountOf(account),
      isAccountKnown: domain === undefined ? domains.length > 0 : domains.some((dn) => sameDn(dn, domain)),
      domain,
    };
  };
  const taken = new Set<Entry>();
  const claim = (server: Pick<DomainController, 'serverReference' | 'dnsHostName'>): Entry | undefined => {
    const found = accountFor(server, accounts);
    if (found !== undefined) taken.add(found);
    return found;
  };
  const dcs = await Promise.all(
    states.map(async ({ domainController, state }, index): Promise<Candidate> => {
      const { name, site, dn, dnsHostName, serverReference } = domainController;
      return {
        ...common(name, dnsHostName, claim(domainController), serverReference),
        kind: 'dc',
        site,
        dn,
        settings: { ...domainController, dn: domainController.settingsDn },
        reachability: isChosen(domainController, world.session)
          ? { kind: 'this' }
          : await reachabilityOf(state, dnsHostName, world),
        heard: heard[index] ?? { kind: 'unknown' },
        had: hadOf(domainController, states),
      };
    }),
  );
  const servers = await Promise.all(
    leftoverServers.map(async (server): Promise<Candidate> => {
      const { name, site, dn, dnsHostName, serverReference } = server;
      const parts = common(name, dnsHostName, claim(server), serverReference);
      return { ...notADc, ...parts, kind: 'server', site, dn, reachability: await tryToConnect(dnsHostName, world) };
    }),
  );
  const others = await Promise.all(
    accounts
      .filter((account) => !taken.has(account))
      .map(async (account): Promise<Candidate> => {
        const { dn } = account;
        const host = textOf(account, 'dNSHostName');
        const parts = common(rdnOf(dn).value, host, account);
        return { ...notADc, ...parts, kind: 'account', site: '', dn, reachability: await tryToConnect(host, world) };
      }),
  );
  return [...dcs, ...servers, ...others];
}

async function reachabilityOf(
  state: DomainControllerState['state'],
  host: string | undefined,
  world: DirectoryWorld,
): Promise<Reachability> {
  if (state.kind === 'answered') return { kind: 'answers', how: 'it let us log on' };
  if (state.kind === 'not-asked' || host === undefined) return { kind: 'not-asked' };
  return await withoutLogon(host, state.why, world);
}

/** A machine that refuses the logon or has a bad certificate answers nevertheless: on 389, or where it was asked. */
async function withoutLogon(
  host: string,
  why: string,
  { target: { connection } }: DirectoryWorld,
): Promise<Reachability> {
  if (connection.kind !== 'server') return { kind: 'silent', why };
  const { resolve, connects } = networkBy(connection.dns);
  const address = await resolve(host);
  if (address === undefined) return { kind: 'silent', why };
  const ports = distinct([389, connection.port]);
  const areOpen = await Promise.all(ports.map((port) => connects(address, port, defaultDeadlineMs)));
  const open = ports.find((_, index) => areOpen[index]);
  return open === undefined ? { kind: 'silent', why } : { kind: 'answers', how: `port ${open} is open, but: ${why}` };
}

async function tryToConnect(host: string | undefined, world: DirectoryWorld): Promise<Reachability> {
  if (host === undefined || world.isExport) return { kind: 'not-asked' };
  try {
    await (await world.openOther(host)).close();
    return { kind: 'answers', how: 'it let us log on' };
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    if (error.resultCode !== undefined) return { kind: 'answers', how: error.trouble.cameBack };
    return await withoutLogon(host, error.trouble.cameBack, world);
  }
}

/** The youngest news that any other DC has of each, in the order of the states. */
function heardOf(states: readonly DomainControllerState[], forest: Forest, now: Date): readonly Heard[] {
  const { parties, copies } = replicationNews(states, forest, now);
  return parties.map((party): Heard => {
    const all = copies
      .filter(({ full }) => full.includes(party))
      .flatMap(({ full, partial, news }) =>
        [...full, ...partial]
          .filter((hearer) => hearer !== party)
          .map((hearer) => ({ by: hearer.name, news: news(hearer, party) })),
      );
    const ages = all.flatMap(({ by, news }) => (news.kind === 'heard' ? [{ by, age: news.age }] : []));
    const [youngest] = ages.toSorted((one, other) => one.age - other.age);
    if (youngest !== undefined) return { kind: 'heard', ...youngest };
    return { kind: all.some(({ news }) => news.kind === 'never') ? 'never' : 'unknown' };
  });
}

function hadOf(
  domainController: DomainController,
  states: readonly DomainControllerState[],
): ReadonlyMap<string, bigint> {
  const had = new Map<string, bigint>();
  for (const { domainController: other, state } of states) {
    if (other === domainController || state.kind !== 'answered') continue;
    // The partial copy of a global catalog lacks attributes of what it has had.
    const full = new Set(other.fullNamingContexts.map(normalizedDn));
    for (const { namingContext, invocationId, usn } of state.answer.cursors) {
      const key = normalizedDn(namingContext);
      if (!full.has(key)) continue;
      const isOwn = invocationId.toLowerCase() === domainController.invocationId?.toLowerCase();
      had.set(key, maximum(had.get(key) ?? 0n, isOwn ? usn : 0n));
    }
  }
  return had;
}

const maximum = (one: bigint, other: bigint): bigint => (one > other ? one : other);

/** primaryGroupID of DCs and of read-only DCs (MS-ADTS 6.1.1.3.1). */
const groupsOfDomainControllers = ['516', '521'];
const accountAttributes = ['objectGUID', 'dNSHostName', 'userAccountControl', 'lastLogonTimestamp', 'msDS-KrbTgtLink'];

/** The accounts of DCs: of the domain of the chosen DC, and through a global catalog of the others. */
async function readAccounts(
  world: DirectoryWorld,
  { namingContexts }: Forest,
): Promise<{ readonly accounts: readonly Entry[]; readonly domains: readonly string[] }> {
  const { session } = world;
  const domains = namingContexts.filter(({ kind }) => kind === 'domain').map(({ dn }) => dn);
  const here = domains.filter((dn) => session.rootDse.namingContexts.some((held) => sameDn(held, dn)));
  const accounts: Entry[] = [];
  for (const base of here) accounts.push(...(await accountsBelow(session, base)));
  if (here.length === domains.length) return { accounts, domains };
  const catalog = await catalogIfAny(world);
  if (catalog === undefined) return { accounts, domains: here };
  const isElsewhere = ({ dn }: Entry): boolean => !here.some((domain) => isSameOrBelow(dn, domain));
  const known = await accountsBelow(catalog, '').finally(() => catalog.close());
  return { accounts: [...accounts, ...known.filter((entry) => isElsewhere(entry))], domains };
}

async function accountsBelow(session: DirectorySession, base: string): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  const groups = groupsOfDomainControllers.map((group) => equal('primaryGroupID', group));
  const filter = and(equal('objectClass', 'computer'), or(...groups));
  const search = session.search({ base, scope: 'subtree', filter, attributes: accountAttributes });
  for await (const entry of search) found.push(entry);
  return found;
}

function accountFor(
  { serverReference, dnsHostName }: Pick<DomainController, 'serverReference' | 'dnsHostName'>,
  accounts: readonly Entry[],
): Entry | undefined {
  if (serverReference !== undefined) return accounts.find(({ dn }) => sameDn(dn, serverReference));
  if (dnsHostName === undefined) return undefined;
  return accounts.find((entry) => textOf(entry, 'dNSHostName')?.toLowerCase() === dnsHostName.toLowerCase());
}

function accountOf(entry: Entry): Account {
  const lastLogon = textOf(entry, 'lastLogonTimestamp');
  const time = lastLogon === undefined ? 'never' : dateOfFileTime(lastLogon);
  return {
    dn: entry.dn,
    guid: guidOf(entry, 'objectGUID') ?? '',
    isEnabled: !isDisabled(entry),
    lastLogon: time === 'never' ? undefined : time,
    kerberosAccount: textOf(entry, 'msDS-KrbTgtLink'),
  };
}

/** The domain that a DN lies in, else the one whose DNS name the host's ends in. */
function domainFinder({ namingContexts }: Forest): (dn: string, host: string | undefined) => string | undefined {
  const domains = namingContexts
    .filter(({ kind }) => kind === 'domain')
    .toSorted((one, other) => dnDepth(other.dn) - dnDepth(one.dn));
  return (dn, host = '') => {
    const byDn = domains.find((domain) => dn !== '' && isSameOrBelow(dn, domain.dn));
    const name = host.toLowerCase();
    const isNamed = ({ dnsName }: (typeof domains)[number]): boolean =>
      dnsName !== undefined && name.endsWith(`.${dnsName.toLowerCase()}`);
    return (byDn ?? domains.find(isNamed))?.dn;
  };
}

/** An operations master role, with the name by which ntdsutil seizes it. */
export interface Role {
  /** "PDC emulator of corp.example.com" */
  readonly name: string;
  /** The object that holds fSMORoleOwner. */
  readonly dn: string;
  readonly guid: string;
  /** DN of NTDS Settings, as the directory has it: of a deleted DC too. */
  readonly owner: string;
  /** What ntdsutil calls it: "seize pdc". None for the infrastructure role of an application partition. */
  readonly seize: string | undefined;
}

/** The roles of the forest and of the naming contexts that the session's DC holds. Throws DirectoryError. */
export async function readRoles(session: DirectorySession, forest: Forest): Promise<readonly Role[]> {
  const masters = await readOperationsMasters(session, forest);
  return masters.map(({ role, of, dn, guid, owner }) => ({
    name: of === undefined ? masterInWords(role) : `${masterInWords(role)} of ${of.dnsName ?? of.dn}`,
    dn,
    guid,
    owner,
    seize: of?.kind === 'application' ? undefined : role,
  }));
}

/** The roles whose owner is this DC's NTDS Settings. */
export function rolesOf(roles: readonly Role[], settingsDn: string | undefined): readonly Role[] {
  return settingsDn === undefined ? [] : roles.filter(({ owner }) => sameDn(owner, settingsDn));
}

/** The roles whose owner is a deleted DC: adprep fails on those of application partitions (Microsoft KB 949257). */
export function rolesOfDeleted(roles: readonly Role[]): readonly Role[] {
  return roles.filter(({ owner }) => isDeletedDn(owner));
}

/** The infrastructure roles of application partitions that belong to this DC, or to one that is deleted already. */
export function rolesToCorrect(roles: readonly Role[], settingsDn: string | undefined): readonly Role[] {
  return [...rolesOf(roles, settingsDn), ...rolesOfDeleted(roles)].filter(({ seize }) => seize === undefined);
}

/** The names by which ntdsutil seizes the roles that do work and belong to this DC, or to one that is deleted already. */
export function rolesToSeize(roles: readonly Role[], settingsDn: string | undefined): readonly string[] {
  return [...rolesOf(roles, settingsDn), ...rolesOfDeleted(roles)].flatMap(({ seize }) => seize ?? []);
}

/**
 * The DC that is to take roles: that of the run, unless it is the one that is gone, as with an export that was made
 * there, or read-only, or not known, as with an export that has no rootDSE. Then another one of the domain.
 *
 * @param gone the DC whose roles are taken; undefined if all of them belong to DCs that are deleted already
 */
export function takerOfRoles(
  { candidates, target }: { readonly candidates: readonly Candidate[]; readonly target: ForestTarget },
  gone: { readonly settings: { readonly dn: string } | undefined; readonly domain: string | undefined } | undefined,
): string {
  const able = candidates.flatMap(({ settings, host, domain, reachability }) => {
    const isAble =
      settings?.isReadOnly === false &&
      !(gone?.settings !== undefined && sameDn(settings.dn, gone.settings.dn)) &&
      (gone?.domain === undefined || domain === undefined || sameDn(domain, gone.domain));
    return isAble && host !== undefined ? [{ host, reachability }] : [];
  });
  const here = able.find(({ host }) => host.toLowerCase() === target.domainController.toLowerCase());
  const taker = here ?? able.find(({ reachability }) => reachability.kind === 'answers') ?? able[0];
  return taker?.host ?? 'DC';
}
