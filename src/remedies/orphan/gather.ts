/** Reads the Exchange servers of the forest, and all that the deletion of one of them touches. Never writes. */

import { isBelow, joinDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { type Forest, readExportedForest, readForest, sourceInWords, unknownForest } from '../../ad/forest.ts';
import type { Change, ForestTarget, Plan } from '../../change/plan.ts';
import { DirectoryError, RefusedError, UsageError } from '../../errors.ts';
import { equal, type Filter, present } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import type { DirectoryWorld, Scope } from '../remedy.ts';
import { type ComputerAccount, type Evidence, readAccounts, weigh } from './evidence.ts';
import { findServer, ownNames, type SharedName, sharedNames } from './names.ts';
import type { OrphanOptions } from './options.ts';
import { type ExchangeServer, type Organisation, readOrganisation } from './organisation.ts';
import { networkMeans, type ProbeMeans, type ProbeResult, probe } from './probe.ts';
import { countRecipients, liesIn, type RecipientCount } from './recipients.ts';
import {
  type ConfigurationFindings,
  databaseClasses,
  type Referrer,
  readConfigurationReferrers,
  type ToDelete,
  unwritableOf,
} from './referrers.ts';
import type { SetupLog } from './setup-log.ts';
import { type DeleteRights, dnsOf, readSubtree, rightsTo, type SubtreeEntry } from './subtree.ts';

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
  readonly configuration: ConfigurationFindings;
  readonly recipients: readonly RecipientCount[];
  /** Whether the recipients of the whole forest could be asked for. */
  readonly isForestWide: boolean;
  readonly probe: ProbeResult | undefined;
  /** Ids of referrers whose attribute the user may not write. */
  readonly unwritable: ReadonlySet<string>;
  /** Whether an earlier look of this run has shown the servers. */
  readonly isSecondLook: boolean;
  /** Of a saved plan: the indices of changes that are done. */
  readonly done: ReadonlySet<number>;
}

/** For a plan that deletes nothing (an undo that brings a server back), and for one whose server object is gone. */
export interface NothingToDelete {
  readonly kind: 'nothing to delete';
  readonly target: ForestTarget;
  /** DN of the server object that the plan deletes, and that is not there. */
  readonly missing: string | undefined;
}

export type OrphanFacts = ServersFacts | DeletionFacts | NothingToDelete;

interface Sessions {
  /** With the DC that is written to. */
  readonly session: DirectorySession;
  /** With a global catalog; undefined if none could be reached. */
  readonly global: DirectorySession | undefined;
}

/**
 * Reads the servers and, once one is chosen, its subtree and who refers to it.
 *
 * @throws DirectoryError; RefusedError if the forest has no Exchange server; SubjectMissingError or UsageError if the
 * options name none of them, or several
 */
export async function gather(
  world: DirectoryWorld,
  scope: Scope<OrphanOptions>,
  known?: OrphanFacts,
  probeMeans: ProbeMeans = networkMeans,
): Promise<OrphanFacts> {
  const planned = scope.kind === 'plan' ? topDeletedBy(scope.plan) : undefined;
  if (scope.kind === 'plan' && planned === undefined) return nothingToDelete(world, undefined);
  const global = await globalCatalogOf(world);
  const sessions = { session: world.session, global };
  try {
    world.watch.begin(['Exchange']);
    world.watch.update('Exchange', 'looking for servers');
    const survey =
      known === undefined || known.kind === 'nothing to delete' ? await readSurvey(world, sessions) : known.survey;
    if (scope.kind === 'plan') {
      const chosen = survey.servers.find(({ server }) => planned !== undefined && sameDn(server.dn, planned));
      if (chosen === undefined) return nothingToDelete(world, planned);
      const deletion = await readDeletion(world, sessions, survey, chosen, disownedBy(scope.plan, scope.done));
      return { ...deletion, done: scope.done };
    }
    const { options } = scope;
    const choice = choose(survey, options);
    if (choice.kind === 'servers') return choice;
    const probing = options.probe ? probeOwn(choice.chosen, survey, probeMeans) : undefined;
    const deletion = await readDeletion(world, sessions, survey, choice.chosen, []);
    return { ...deletion, log: options.log, probe: await probing, isSecondLook: known !== undefined };
  } finally {
    await global?.close();
  }
}

/** The topmost entry that a plan deletes, which is the last to go: the server object. */
function topDeletedBy({ changes }: Plan): string | undefined {
  return changes.findLast((change) => change.kind === 'delete' || change.kind === 'delete-tree')?.dn;
}

/** Databases whose owner the plan has cleared already: the world is judged as the plan found it. */
function disownedBy({ changes }: Plan, done: ReadonlySet<number>): readonly string[] {
  return changes
    .filter((_, index) => done.has(index))
    .flatMap((change) => (change.kind === 'modify' && clearsOwner(change) ? [change.dn] : []));
}

function clearsOwner({ edits }: Extract<Change, { kind: 'modify' }>): boolean {
  return edits.some(({ attribute }) => attribute.toLowerCase() === 'msexchowningserver');
}

function nothingToDelete({ target }: DirectoryWorld, missing: string | undefined): NothingToDelete {
  return { kind: 'nothing to delete', target, missing };
}

async function globalCatalogOf(world: DirectoryWorld): Promise<DirectorySession | undefined> {
  try {
    return await world.openGlobalCatalog();
  } catch (error) {
    // That no global catalog answers is a finding: only this domain's recipients are known then.
    if (error instanceof DirectoryError) return undefined;
    throw error;
  }
}

async function readSurvey(world: DirectoryWorld, sessions: Sessions): Promise<Survey> {
  const { session, isExport, target } = world;
  const now = world.now();
  const forest = isExport ? await readExportedForest(session) : await readForest(session);
  const gaps =
    isExport && sessions.global !== undefined
      ? await gapsIn(sessions.global, forest)
      : { lacksComputers: false, lines: [] };
  const organisation = await readOrganisation(session, forest.configurationNamingContext);
  requireServers(organisation, forest);
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
      return { server, account, evidence: weigh(server, account, organisation.servers, now) };
    }),
    accountsUnknown: unknown,
    exportGaps: gaps.lines,
    now,
  };
}

function requireServers({ servers, organisations }: Organisation, forest: Forest): void {
  if (servers.length > 0) return;
  throw new RefusedError({
    attempted: 'find Exchange server objects',
    on: joinDn('CN=Services', forest.configurationNamingContext),
    cameBack:
      organisations.length > 0
        ? 'the Exchange organisation has none that you may see'
        : 'there is no Exchange organisation in this forest, or none that you may see',
    next: 'Name a domain controller of the right forest with --server, and a user who may read its configuration.',
  });
}

/** Looks in an export for one of each kind that the remedy asks for: that none is found there proves nothing. */
async function gapsIn(
  whole: DirectorySession,
  forest: Forest,
): Promise<{ readonly lacksComputers: boolean; readonly lines: readonly string[] }> {
  const lacksComputers = !(await hasAny(whole, equal('objectClass', 'computer')));
  const lacksRecipients = !(await hasAny(whole, present('mailNickname')));
  const gaps: readonly (readonly [isLacking: boolean, words: string])[] = [
    [lacksComputers, 'no computer accounts: whether a server has one, and when it last logged on'],
    [lacksRecipients, 'no recipients: whose mailbox or archive is on it, and which groups it expands'],
    [forest.domainControllers.length === 0, 'no domain controllers (CN=Sites): which of them have to get the deletion'],
    [forest.recycleBin === 'unknown', 'no CN=Partitions: the naming contexts, and whether the Recycle Bin is on'],
    [forest.objectGuid === unknownForest, 'no head of the Configuration partition: which forest it is'],
  ];
  return { lacksComputers, lines: gaps.filter(([isLacking]) => isLacking).map(([, words]) => words) };
}

async function hasAny(whole: DirectorySession, filter: Filter): Promise<boolean> {
  for await (const _ of whole.search({ base: '', scope: 'subtree', filter, attributes: ['1.1'] })) return true;
  return false;
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

/** @param disowned databases that it owned until this plan began */
async function readDeletion(
  { watch }: DirectoryWorld,
  sessions: Sessions,
  survey: Survey,
  chosen: SurveyedServer,
  disowned: readonly string[],
): Promise<DeletionFacts> {
  const { session, global } = sessions;
  const { forest } = survey;
  const { server } = chosen;
  const step = (what: string): void => watch.update('Exchange', what);
  const shared = sharedNamesOf(survey, chosen);
  step('reading everything below the server');
  const subtree = await readSubtree(session, server.dn);
  const toDelete: ToDelete = {
    names: ownNames(server, shared),
    dns: dnsOf(subtree),
    mailTransferAgents: subtree.filter(({ objectClasses }) => objectClasses.has('mta')).map(({ entry }) => entry.dn),
  };
  step('looking for references in the organisation');
  const configuration = await readConfigurationReferrers(session, forest.configurationNamingContext, toDelete);
  const own = subtree
    .filter(({ objectClasses }) => databaseClasses.some((name) => objectClasses.has(name.toLowerCase())))
    .map(({ entry }) => entry.dn);
  const databases = [...configuration.databases, ...disowned, ...own];
  step('looking for recipients in the forest');
  const { recipients, base } = recipientsOf(sessions);
  const counts = await countRecipients(recipients, base, toDelete, databases, {
    isWritable: liesIn(session.rootDse.namingContexts, forest),
    isRecipient: (dn) => !isBelow(dn, forest.configurationNamingContext),
  });
  step('checking rights');
  const rights = await rightsTo(session, subtree);
  const referrers = clearableReferrers({ configuration, recipients: counts });
  return {
    kind: 'deletion',
    survey,
    chosen,
    log: undefined,
    sharedNames: shared,
    subtree,
    databases,
    configuration,
    recipients: counts,
    isForestWide: global !== undefined,
    probe: undefined,
    ...rights,
    unwritable: rights.rightsKnown ? await unwritableOf(session, referrers) : new Set<string>(),
    isSecondLook: false,
    done: new Set(),
  };
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
