/** Reads the Exchange servers of the forest, and all that the deletion of one of them touches. Never writes. */

import { catalogIfAny } from '../../ad/ask-domain-controllers.ts';
import { isBelow, isSameOrBelow, joinDn, normalizedDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { type Forest, readExportedForest, readForest, sourceInWords } from '../../ad/forest.ts';
import { networkMeansBy, type ProbeMeans, type ProbeResult, probe } from '../../ad/locate.ts';
import { readAttributeDefinitions } from '../../ad/schema.ts';
import { readSettled } from '../../change/entry-writer.ts';
import type { Change, ForestTarget } from '../../change/plan.ts';
import { type DeleteRights, dnsOf, readSubtree, rightsTo, type SubtreeEntry } from '../../change/subtree.ts';
import { DirectoryError, RefusedError, UsageError } from '../../errors.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { counted, distinct } from '../../words.ts';
import type { DirectoryWorld, Scope } from '../remedy.ts';
import { type Companion, readCopies, readDatabases, readEmptyContainers } from './companions.ts';
import { type ComputerAccount, daysSince, type Evidence, readAccounts, weigh } from './evidence.ts';
import { gapsIn, newestChangeIn, noGaps, requireClasses } from './export-gaps.ts';
import { isOfLeftovers, type Leftovers, readLeftovers } from './leftovers.ts';
import { findServer, ownNames, type SharedName, serverDeletedIn, sharedNames } from './names.ts';
import type { OrphanOptions, SetupLog } from './options.ts';
import {
  databaseClasses,
  type ExchangeServer,
  isFullServer,
  type Organisation,
  readOrganisation,
} from './organisation.ts';
import { readOtherRecipients } from './other-recipients.ts';
import {
  countRecipients,
  liesIn,
  mailboxAttributesOf,
  type OwnMailbox,
  type RecipientCount,
  recipientReferences,
} from './recipients.ts';
import {
  type ConfigurationFindings,
  type Referrer,
  readConfigurationReferrers,
  readDatabasesOf,
  type ToDelete,
  unwritableOf,
} from './referrers.ts';
import { type ReplicationFacts, readReplication } from './replication.ts';

/** A server with what its account and its objects say of it. */
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

/** No server is chosen yet. */
export interface ServersFacts {
  readonly kind: 'servers';
  readonly survey: Survey;
  readonly log: SetupLog | undefined;
  /** The server that the setup log names, or why it is not among these. */
  readonly suggested: SurveyedServer | undefined;
  readonly notSuggested: string | undefined;
}

/** Everything about the chosen server. */
export interface DeletionFacts extends DeleteRights {
  readonly kind: 'deletion';
  readonly survey: Survey;
  readonly chosen: SurveyedServer;
  readonly log: SetupLog | undefined;
  /** Its names that another server object bears too: what holds them is not taken for a reference to this one. */
  readonly sharedNames: readonly SharedName[];
  /** Parents before children. */
  readonly subtree: readonly SubtreeEntry[];
  /** DNs of the databases that it owns, below it or not. */
  readonly databases: readonly string[];
  /** Trees outside the server's that may go with it. */
  readonly companions: readonly Companion[];
  /** Those of them that go: as the options say, or as the plan has it. */
  readonly along: readonly Companion[];
  readonly configuration: ConfigurationFindings;
  readonly recipients: readonly RecipientCount[];
  /** Attributes beside those of the list by which recipients were looked for; [] without the schema. */
  readonly otherRecipientAttributes: readonly string[];
  /** Every mailbox attribute of the mailboxes of Exchange's own, where this DC can write them. */
  readonly ownMailboxAttributes: readonly Referrer[];
  /** Whether another server of the organisation can take its place. */
  readonly hasOtherServer: boolean;
  /** Whether the recipients of the whole forest could be asked for. */
  readonly isForestWide: boolean;
  /** Attributes by which recipients refer and which a global catalog does not hold of other domains. */
  readonly notInGlobalCatalog: readonly string[];
  readonly probe: ProbeResult | undefined;
  /** What the DCs show of replication; undefined for an export. */
  readonly replication: ReplicationFacts | undefined;
  /** Ids of referrers whose attribute the user may not write. */
  readonly unwritable: ReadonlySet<string>;
  /** Whether an earlier look of this run has shown the servers. */
  readonly isSecondLook: boolean;
  /** Changes of a saved plan that are done. */
  readonly done: ReadonlySet<Change>;
}

/** For a plan that deletes nothing (an undo that brings a server back), and for one whose server object is gone. */
export interface NothingToDelete {
  readonly kind: 'nothing to delete';
  readonly target: ForestTarget;
  /** DN of the server object that the plan deletes, and that is not there. */
  readonly missing: string | undefined;
  /** Changes of that plan that are done. */
  readonly done: ReadonlySet<Change>;
}

/** What earlier deletions have left behind. */
export interface LeftoverFacts extends Leftovers {
  readonly kind: 'leftovers';
  readonly survey: Survey;
  /** DNs of the empty CN=Servers of legacy administrative groups. */
  readonly emptyContainers: readonly string[];
}

export type OrphanFacts = ServersFacts | DeletionFacts | LeftoverFacts | NothingToDelete;

function dnsServerOf(connection: DirectoryWorld['target']['connection']): string | undefined {
  return connection.kind === 'server' ? connection.dns : undefined;
}

interface Sessions {
  /** With the DC that is written to. */
  readonly session: DirectorySession;
  /** With a global catalog; undefined if none could be reached. */
  readonly global: DirectorySession | undefined;
}

/**
 * Reads the servers and, once one is chosen, its subtree and who refers to it; or what earlier deletions left behind.
 *
 * @throws DirectoryError; RefusedError if the forest has no Exchange server; SubjectMissingError or UsageError if the
 * options name none of them, or several
 */
export async function gather(
  world: DirectoryWorld,
  scope: Scope<OrphanOptions>,
  known?: OrphanFacts,
  probeMeans: ProbeMeans = networkMeansBy(dnsServerOf(world.target.connection)),
): Promise<OrphanFacts> {
  const planned = scope.kind === 'plan' ? serverDeletedIn(scope.plan.changes)?.dn : undefined;
  const isLeftovers =
    scope.kind === 'plan' ? scope.plan.undoes === undefined && isOfLeftovers(scope.plan) : scope.options.leftovers;
  if (scope.kind === 'plan' && planned === undefined && !isLeftovers) return nothingToDelete(world);
  // That no global catalog answers is a finding: only this domain's recipients are known then.
  const global = await catalogIfAny(world);
  const sessions = { session: world.session, global };
  try {
    world.watch.begin(['Exchange']);
    world.watch.update('Exchange', 'looking for servers');
    const survey =
      known === undefined || known.kind === 'nothing to delete'
        ? await readSurvey(world, sessions, isLeftovers)
        : known.survey;
    if (isLeftovers) {
      const done = scope.kind === 'plan' ? await doneOf(world, scope) : new Set<Change>();
      return { kind: 'leftovers', survey, ...(await leftoversOf(world, global, survey)), done };
    }
    if (scope.kind === 'plan') {
      const chosen = survey.servers.find(({ server }) => planned !== undefined && sameDn(server.dn, planned));
      if (chosen === undefined) return nothingToDelete(world, planned, await doneOf(world, scope, planned));
      const deleted = new Set(
        scope.plan.changes.flatMap((change) => (change.kind === 'delete' ? [normalizedDn(change.dn)] : [])),
      );
      const goes = ({ dn }: Companion): boolean => deleted.has(normalizedDn(dn));
      const done = await doneOf(world, scope, chosen.server.dn);
      const deletion = await readDeletion(world, sessions, survey, chosen, disownedBy(done), goes);
      return { ...deletion, done };
    }
    const { options } = scope;
    const choice = choose(survey, options);
    if (choice.kind === 'servers') return choice;
    const probing = options.probe ? probeOwn(choice.chosen, survey, probeMeans) : undefined;
    const goes = ({ kind, hindrance }: Companion): boolean =>
      kind === 'copy' || (hindrance === undefined && options.also.has(kind));
    const deletion = await readDeletion(world, sessions, survey, choice.chosen, [], goes);
    return { ...deletion, log: options.log, probe: await probing, isSecondLook: known !== undefined };
  } finally {
    await global?.close();
  }
}

async function leftoversOf(
  { session, watch, isExport }: DirectoryWorld,
  global: DirectorySession | undefined,
  { forest, servers }: Survey,
) {
  watch.update('Exchange', 'reading every value of the configuration');
  const there = servers.map(({ server }) => server);
  const context = forest.configurationNamingContext;
  const empty = await readEmptyContainers(session, context, there, undefined, isExport);
  return { ...(await readLeftovers(session, global, forest, there)), emptyContainers: empty.map(({ dn }) => dn) };
}

/**
 * The changes themselves, as a part of a plan that is judged numbers its changes anew; by the journal, and by the entries,
 * as a run that was killed may have written one that its journal does not call done. Throws DirectoryError.
 *
 * @param server what goes with the server is known from its subtree
 */
async function doneOf(
  { session }: DirectoryWorld,
  { plan, done }: Extract<Scope<OrphanOptions>, { kind: 'plan' }>,
  server?: string,
): Promise<ReadonlySet<Change>> {
  const isOfServer = (change: Change): boolean =>
    change.kind === 'delete' && server !== undefined && isSameOrBelow(change.dn, server);
  const open = plan.changes.filter((change, index) => !done.has(index) && !isOfServer(change));
  const settled = await readSettled(session, open);
  return new Set(plan.changes.filter((change, index) => done.has(index) || settled.has(change)));
}

/** Databases whose owner the plan has cleared already: the world is judged as the plan found it. */
function disownedBy(done: ReadonlySet<Change>): readonly string[] {
  return [...done].flatMap((change) => (change.kind === 'modify' && clearsOwner(change) ? [change.dn] : []));
}

function clearsOwner({ edits }: Extract<Change, { kind: 'modify' }>): boolean {
  return edits.some(({ attribute }) => attribute.toLowerCase() === 'msexchowningserver');
}

function nothingToDelete(
  { target }: DirectoryWorld,
  missing?: string,
  done: ReadonlySet<Change> = new Set(),
): NothingToDelete {
  return { kind: 'nothing to delete', target, missing, done };
}

async function readSurvey(world: DirectoryWorld, sessions: Sessions, mayBeEmpty: boolean): Promise<Survey> {
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
    ? `Export the whole of it: ldifde -d "${forest.configurationNamingContext}" -f FILE, without -l and -o.`
    : 'Name a domain controller of the right forest with --server, and a user who may read its configuration.';
  throw new RefusedError({
    attempted: 'find Exchange server objects',
    on: joinDn('CN=Services', forest.configurationNamingContext),
    cameBack:
      organisations.length > 0
        ? `the Exchange organisation has none ${whose}`
        : `there is no Exchange organisation in this forest, or none ${whose}`,
    next: `${look} If the servers were deleted, --leftovers clears what points at them.`,
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

/** The widest view of the recipients that there is: the forest's by a global catalog, else one domain's. */
function recipientsOf({ session, global }: Sessions): {
  readonly recipients: DirectorySession;
  readonly base: string;
} {
  if (global !== undefined) return { recipients: global, base: '' };
  return { recipients: session, base: session.rootDse.defaultNamingContext ?? '' };
}

type Choice = ServersFacts | { readonly kind: 'chosen'; readonly chosen: SurveyedServer };

/** The server that the options name, else the one that the setup log names where no one can be asked. */
function choose(survey: Survey, { wanted, log, mayAsk }: OrphanOptions): Choice {
  if (wanted !== undefined) return { kind: 'chosen', chosen: find(survey, wanted) };
  const servers = { kind: 'servers', survey, log, suggested: undefined, notSuggested: undefined } as const;
  if (log === undefined) return servers;
  const { dn, name = '', source } = log;
  try {
    const suggested = find(survey, dn === undefined ? { kind: 'name', name } : { kind: 'dn', dn });
    return mayAsk ? { ...servers, suggested } : { kind: 'chosen', chosen: suggested };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { attempted, on, cameBack, next } = error.trouble;
    // A person is asked in its place.
    if (mayAsk) return { ...servers, notSuggested: `${on}: ${cameBack}` };
    throw new UsageError({ attempted, on: `${on}, which ${source} names`, cameBack, next, cause: error });
  }
}

function find({ servers, forest }: Survey, wanted: Parameters<typeof findServer>[1]): SurveyedServer {
  const container = joinDn('CN=Services', forest.configurationNamingContext);
  const found = findServer(
    servers.map(({ server }) => server),
    wanted,
    container,
  );
  const surveyed = servers.find(({ server }) => server === found);
  if (surveyed === undefined) throw new Error(`${rdnOf(found.dn).value} is one of these servers`);
  return surveyed;
}

/** The names that the chosen server shares with others of the survey. */
function sharedNamesOf({ servers }: Survey, { server }: SurveyedServer): readonly SharedName[] {
  return sharedNames(
    server,
    servers.map((one) => one.server),
  );
}

/** A machine of a name that is not the server's alone proves nothing by its answer. */
async function probeOwn(chosen: SurveyedServer, survey: Survey, means: ProbeMeans): Promise<ProbeResult> {
  const { server } = chosen;
  const names = ownNames(server, sharedNamesOf(survey, chosen));
  const host = server.fqdn ?? server.name;
  const isOwn = (server.fqdn === undefined ? names.name : names.fqdn) !== undefined;
  return isOwn ? probe(host, means) : { kind: 'not its own name', host };
}

/**
 * @param disowned databases that it owned until this plan began
 * @param goes which of the companions go with it
 */
async function readDeletion(
  world: DirectoryWorld,
  sessions: Sessions,
  survey: Survey,
  chosen: SurveyedServer,
  disowned: readonly string[],
  goes: (companion: Companion) => boolean,
): Promise<DeletionFacts> {
  const { watch, isExport } = world;
  const { session, global } = sessions;
  const { forest } = survey;
  const { server } = chosen;
  const step = (what: string): void => watch.update('Exchange', what);
  const shared = sharedNamesOf(survey, chosen);
  step('reading everything below the server');
  const subtree = await readSubtree(session, server.dn, isExport);
  const context = forest.configurationNamingContext;
  const ownDns = dnsOf(subtree);
  const otherServers = survey.servers.flatMap((one) =>
    one.server.dn === server.dn || one.server.isConflict ? [] : [one.server.dn],
  );
  const inForest = await readDatabasesOf(session, context, server.dn, otherServers);
  const owned = [...inForest.owned, ...disowned].filter((dn) => !ownDns.has(normalizedDn(dn)));
  const databases = [...owned, ...databasesIn(subtree)];
  step('looking for recipients in the forest');
  const { recipients, base } = recipientsOf(sessions);
  const names = ownNames(server, shared);
  const isWritable = liesIn(session.rootDse.namingContexts, forest);
  const recipientScope = { isWritable, isRecipient: (dn: string) => !isBelow(dn, context) };
  const listed = await countRecipients(
    recipients,
    base,
    names,
    mailTransferAgentsIn(subtree),
    { owned: databases, others: inForest.others },
    recipientScope,
  );
  const hasOtherServer = survey.servers.some((one) => one.server.dn !== server.dn && isFullServer(one.server));
  const outOfCatalog = await notInGlobalCatalog(session, forest);
  const unseen = mailboxesUnseen(survey, global !== undefined, outOfCatalog);
  const ownDatabases = (await readDatabases(session, server.dn, owned, isExport)).map((one) =>
    inUse(one, listed, hasOtherServer, unseen),
  );
  const going = ownDatabases.filter(goes).map(({ dn }) => dn);
  const servers = survey.servers.map((one) => one.server);
  const companions = [
    ...ownDatabases,
    ...(await readCopies(session, context, server.dn, going, isExport)),
    ...(await readEmptyContainers(session, context, servers, server, isExport)),
  ];
  const along = companions.filter(goes);
  const toDelete: ToDelete = { names, dns: dnsOf([...subtree, ...along.flatMap(({ entries }) => entries)]) };
  const domains = forest.namingContexts.filter(({ kind }) => kind === 'domain').map(({ dn }) => dn);
  const others = await readOtherRecipients(
    {
      ...recipientScope,
      session,
      domains: domains.filter(isWritable),
      global: domains.every(isWritable) ? undefined : global,
    },
    toDelete.dns,
  );
  const counts = [...listed, ...others.counts];
  step('reading every value of the configuration');
  const staying = owned.filter((dn) => !toDelete.dns.has(normalizedDn(dn)));
  const named = await readConfigurationReferrers(session, context, toDelete, staying);
  const configuration = { ...named, referrers: [...named.referrers, ...others.fixed] };
  step('asking the domain controllers for their replication');
  const replication = isExport ? undefined : await readReplication(world, forest);
  step('checking rights');
  const rights = await rightsTo(session, [...subtree, ...along.flatMap(({ entries }) => entries)]);
  const referrers = clearableReferrers({ configuration, recipients: counts });
  return {
    kind: 'deletion',
    survey,
    chosen,
    log: undefined,
    sharedNames: shared,
    subtree,
    databases,
    companions,
    along,
    configuration,
    recipients: counts,
    otherRecipientAttributes: others.attributes,
    ownMailboxAttributes: hasOtherServer
      ? []
      : await mailboxAttributesOf(
          session,
          ownMailboxesIn(counts).filter(({ dn }) => isWritable(dn)),
        ),
    hasOtherServer,
    isForestWide: global !== undefined,
    notInGlobalCatalog: outOfCatalog,
    probe: undefined,
    replication,
    ...rights,
    unwritable: rights.rightsKnown ? await unwritableOf(session, referrers) : new Set<string>(),
    isSecondLook: false,
    done: new Set(),
  };
}

function databasesIn(subtree: readonly SubtreeEntry[]): readonly string[] {
  return subtree
    .filter(({ objectClasses }) => databaseClasses.some((name) => objectClasses.has(name.toLowerCase())))
    .map(({ entry }) => entry.dn);
}

function mailTransferAgentsIn(subtree: readonly SubtreeEntry[]): readonly string[] {
  return subtree.filter(({ objectClasses }) => objectClasses.has('mta')).map(({ entry }) => entry.dn);
}

/** Why mailboxes may be in a database that were not seen; undefined if all were. */
function mailboxesUnseen(
  { mailboxesUnknown, forest }: Survey,
  isForestWide: boolean,
  outOfCatalog: readonly string[],
): string | undefined {
  if (mailboxesUnknown) return 'the export does not show which mailboxes are in it';
  const isOneDomain = forest.namingContexts.filter(({ kind }) => kind === 'domain').length < 2;
  const isSeen = isOneDomain || (isForestWide && !outOfCatalog.includes('homeMDB'));
  return isSeen ? undefined : 'mailboxes of other domains may be in it';
}

/**
 * A database in which mailboxes are or may be must stay; those of Exchange's own count while another server can take them.
 *
 * @param unseen why mailboxes may be in it that were not seen
 */
function inUse(
  database: Companion,
  counts: readonly RecipientCount[],
  hasOtherServer: boolean,
  unseen: string | undefined,
): Companion {
  if (database.hindrance === undefined && unseen !== undefined) return { ...database, hindrance: unseen };
  const key = normalizedDn(database.dn);
  const users = counts.reduce((sum, { usersOf }) => sum + (usersOf.get(key) ?? 0), 0);
  if (users > 0) return { ...database, hindrance: `${counted(users, 'mailbox is', 'mailboxes are')} in it` };
  const own = counts.some(({ reference, own: { count } }) => reference.named === 'databases' && count > 0);
  return own && hasOtherServer ? { ...database, hindrance: "mailboxes of Exchange's own may be in it" } : database;
}

/** The mailboxes of Exchange's own, each once. */
export function ownMailboxesIn(counts: readonly RecipientCount[]): readonly OwnMailbox[] {
  return distinct(
    counts.flatMap(({ own }) => own.mailboxes),
    ({ dn }) => dn,
  );
}

async function notInGlobalCatalog(session: DirectorySession, forest: Forest): Promise<readonly string[]> {
  if (forest.namingContexts.filter(({ kind }) => kind === 'domain').length < 2) return [];
  const names = distinct(recipientReferences.map(({ attribute }) => attribute));
  const definitions = await readAttributeDefinitions(session, names);
  return names.filter((name) => definitions.get(name.toLowerCase())?.isInGlobalCatalog === false);
}

/** The references that may be cleared, whether the user has the right to or not. */
export function clearableReferrers({
  configuration,
  recipients,
}: Pick<DeletionFacts, 'configuration' | 'recipients'>): readonly Referrer[] {
  const all = [
    ...configuration.referrers,
    ...configuration.lostWellKnownObjects,
    ...recipients.flatMap(({ cleanable }) => cleanable),
  ];
  return all.filter(({ reference }) => reference.clearing === 'may be cleared');
}
