/** Reads the Exchange servers of the forest, and everything that the deletion of one of them affects. Never writes. */

import { catalogIfAny } from '../../ad/ask-domain-controllers.ts';
import { isBelow, isSameOrBelow, normalizedDn, sameDn } from '../../ad/dn.ts';
import type { Forest } from '../../ad/forest.ts';
import { networkBy, type ProbeNetwork, type ProbeResult, probe } from '../../ad/locate.ts';
import { readAttributeDefinitions } from '../../ad/schema.ts';
import { readSettled } from '../../change/entry-writer.ts';
import type { Change, ForestTarget } from '../../change/plan.ts';
import { type DeleteRights, dnsOf, readSubtree, rightsTo, type SubtreeEntry } from '../../change/subtree.ts';
import { UsageError } from '../../errors.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { counted, distinct } from '../../words.ts';
import type { DirectoryWorld, Scope } from '../remedy.ts';
import {
  type Companion,
  entriesThatGo,
  mailTransferAgentsIn,
  readCopies,
  readDatabases,
  readEmptyContainers,
  serverDeletedIn,
} from './deleted-server.ts';
import { isOfLeftovers, type LeftoverFacts, readLeftovers } from './leftovers.ts';
import type { OrphanOptions, SetupLog } from './options.ts';
import { isDatabase, isFullServer, ownNames, type SharedName, sharedNames } from './organisation.ts';
import { mailboxAttributesOf, type OwnMailbox } from './own-mailboxes.ts';
import {
  countRecipients,
  domainsOf,
  liesIn,
  type RecipientCount,
  readOtherRecipients,
  recipientReferences,
} from './recipients.ts';
import {
  type ConfigurationFindings,
  type Referrer,
  readConfigurationReferrers,
  readDatabasesOf,
  unwritableOf,
} from './referrers.ts';
import { type ReplicationFacts, readReplication } from './replication.ts';
import {
  findServer,
  readSurvey,
  recipientsOf,
  type Sessions,
  type Survey,
  type SurveyedServer,
  serversOf,
} from './survey.ts';

/** No server is chosen yet. */
interface ServersFacts {
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
  /** Names that another server object has too: a value with such a name is not taken for a reference to this one. */
  readonly sharedNames: readonly SharedName[];
  /** Parents before children. */
  readonly subtree: readonly SubtreeEntry[];
  /** DNs of the databases that it owns, below it or not. */
  readonly databases: readonly string[];
  /** Trees outside the server's that may be deleted with it. */
  readonly companions: readonly Companion[];
  /** Those of them that are deleted, by the options or by the plan. */
  readonly along: readonly Companion[];
  readonly configuration: ConfigurationFindings;
  readonly recipients: readonly RecipientCount[];
  /** Attributes by which recipients were searched in addition to those of the list; [] without the schema. */
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
  /** Whether this run has already shown the servers. */
  readonly isSecondLook: boolean;
  /** Changes of a saved plan that are done. */
  readonly done: ReadonlySet<Change>;
}

/** For a plan that deletes nothing (an undo that brings a server back), and for one whose server object is gone. */
interface NothingToDelete {
  readonly kind: 'nothing to delete';
  readonly target: ForestTarget;
  /** DN of the server object that the plan deletes, and that is not there. */
  readonly missing: string | undefined;
  /** Changes of that plan that are done. */
  readonly done: ReadonlySet<Change>;
}

/** What was read for the options, or for a plan. */
export type OrphanFacts = ServersFacts | DeletionFacts | LeftoverFacts | NothingToDelete;

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
  probeNetwork?: ProbeNetwork,
): Promise<OrphanFacts> {
  const planned = scope.kind === 'plan' ? serverDeletedIn(scope.plan.changes)?.dn : undefined;
  const isLeftovers =
    scope.kind === 'plan' ? scope.plan.undoes === undefined && isOfLeftovers(scope.plan) : scope.options.leftovers;
  if (scope.kind === 'plan' && planned === undefined && !isLeftovers) {
    return { kind: 'nothing to delete', target: world.target, missing: undefined, done: new Set() };
  }
  // If no global catalog answers, only this domain's recipients are known; a finding says so.
  const global = await catalogIfAny(world);
  const sessions = { session: world.session, global };
  try {
    world.watch.begin(['Exchange']);
    world.watch.update('Exchange', 'searching for servers');
    const survey =
      known === undefined || known.kind === 'nothing to delete'
        ? await readSurvey(world, sessions, isLeftovers)
        : known.survey;
    if (isLeftovers) {
      const done = scope.kind === 'plan' ? await doneOf(world, scope) : new Set<Change>();
      world.watch.update('Exchange', 'reading every value of the configuration');
      return { ...(await readLeftovers(world, global, survey)), done };
    }
    if (scope.kind === 'plan') {
      const chosen = survey.servers.find(({ server }) => planned !== undefined && sameDn(server.dn, planned));
      const done = await doneOf(world, scope, planned);
      if (chosen === undefined) return { kind: 'nothing to delete', target: world.target, missing: planned, done };
      const deleted = new Set(
        scope.plan.changes.flatMap((change) => (change.kind === 'delete' ? [normalizedDn(change.dn)] : [])),
      );
      const goes = ({ dn }: Companion): boolean => deleted.has(normalizedDn(dn));
      const deletion = await readDeletion(world, sessions, survey, chosen, disownedBy(done), goes);
      return { ...deletion, done };
    }
    const { options } = scope;
    const choice = choose(survey, options);
    if (choice.kind === 'servers') return choice;
    const probing = options.probe ? probeOwn(choice.chosen, survey, probeNetwork ?? networkOf(world)) : undefined;
    const goes = ({ kind, hindrance }: Companion): boolean =>
      kind === 'copy' || (hindrance === undefined && options.also.has(kind));
    const deletion = await readDeletion(world, sessions, survey, choice.chosen, [], goes);
    return { ...deletion, log: options.log, probe: await probing, isSecondLook: known !== undefined };
  } finally {
    await global?.close();
  }
}

/**
 * The changes themselves, because a part of a plan numbers its changes from the start; by the journal, and by the entries,
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
  return [...done]
    .filter((change) => change.kind === 'modify')
    .filter(({ edits }) => edits.some(({ attribute }) => attribute.toLowerCase() === 'msexchowningserver'))
    .map(({ dn }) => dn);
}

type Choice = ServersFacts | { readonly kind: 'chosen'; readonly chosen: SurveyedServer };

/** The server that the options name, else the one that the setup log names if no question can be asked. */
function choose(survey: Survey, { wanted, log, mayAsk }: OrphanOptions): Choice {
  if (wanted !== undefined) return { kind: 'chosen', chosen: findServer(survey, wanted) };
  const servers = { kind: 'servers', survey, log, suggested: undefined, notSuggested: undefined } as const;
  if (log === undefined) return servers;
  const { dn, name = '', source } = log;
  try {
    const suggested = findServer(survey, dn === undefined ? { kind: 'name', name } : { kind: 'dn', dn });
    return mayAsk ? { ...servers, suggested } : { kind: 'chosen', chosen: suggested };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { attempted, on, cameBack, next } = error.trouble;
    // The user is asked instead.
    if (mayAsk) return { ...servers, notSuggested: `${on}: ${cameBack}` };
    throw new UsageError({ attempted, on: `${on}, which ${source} names`, cameBack, next, cause: error });
  }
}

/** The network that the world's connection is to. */
function networkOf({ target: { connection } }: DirectoryWorld): ProbeNetwork {
  return networkBy(connection.kind === 'server' ? connection.dns : undefined);
}

/** If several server objects share the name, an answer of the machine proves nothing. */
async function probeOwn(chosen: SurveyedServer, survey: Survey, network: ProbeNetwork): Promise<ProbeResult> {
  const { server } = chosen;
  const names = ownNames(server, sharedNames(server, serversOf(survey)));
  const host = server.fqdn ?? server.name;
  const isOwn = (server.fqdn === undefined ? names.name : names.fqdn) !== undefined;
  return isOwn ? probe(host, network) : { kind: 'not its own name', host };
}

/**
 * Reads everything that the deletion of the chosen server affects. Throws DirectoryError.
 *
 * @param disowned databases that it owned until this plan began
 * @param goes which of the companions are deleted with it
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
  const servers = serversOf(survey);
  const otherServers = servers.filter(({ dn }) => dn !== server.dn);
  const shared = sharedNames(server, servers);
  step('reading everything below the server');
  const subtree = await readSubtree(session, server.dn, isExport);
  const context = forest.configurationNamingContext;
  const ownDns = dnsOf(subtree);
  const owners = otherServers.filter(({ isConflict }) => !isConflict).map(({ dn }) => dn);
  const inForest = await readDatabasesOf(session, context, server.dn, owners);
  const owned = [...inForest.owned, ...disowned].filter((dn) => !ownDns.has(normalizedDn(dn)));
  const databases = [...owned, ...databasesIn(subtree)];
  step('searching for recipients in the forest');
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
  const hasOtherServer = otherServers.some(isFullServer);
  const outOfCatalog = await notInGlobalCatalog(session, forest);
  const unseen = mailboxesUnseen(survey, global !== undefined, outOfCatalog);
  const ownDatabases = (await readDatabases(session, server.dn, owned, isExport)).map((one) =>
    inUse(one, listed, hasOtherServer, unseen),
  );
  const goingDatabases = ownDatabases.filter(goes).map(({ dn }) => dn);
  const companions = [
    ...ownDatabases,
    ...(await readCopies(session, context, server.dn, goingDatabases, isExport)),
    ...(await readEmptyContainers(session, context, servers, server, isExport)),
  ];
  const along = companions.filter(goes);
  const going = entriesThatGo({ subtree, along });
  const toDelete = { names, dns: dnsOf(going) };
  const domains = domainsOf(forest);
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
  step('reading the replication status of the domain controllers');
  const replication = isExport ? undefined : await readReplication(world, forest);
  step('checking rights');
  const rights = await rightsTo(session, going);
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
  return subtree.filter(({ objectClasses }) => isDatabase(objectClasses)).map(({ entry }) => entry.dn);
}

/** Why mailboxes may be in a database that were not seen; undefined if all were. */
function mailboxesUnseen(
  { mailboxesUnknown, forest }: Survey,
  isForestWide: boolean,
  outOfCatalog: readonly string[],
): string | undefined {
  if (mailboxesUnknown) return 'the export does not show which mailboxes are in it';
  const isSeen = domainsOf(forest).length < 2 || (isForestWide && !outOfCatalog.includes('homeMDB'));
  return isSeen ? undefined : 'it may hold mailboxes of other domains';
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
  return own && hasOtherServer ? { ...database, hindrance: "it may hold mailboxes of Exchange's own" } : database;
}

/** The mailboxes of Exchange's own, each once. */
export function ownMailboxesIn(counts: readonly RecipientCount[]): readonly OwnMailbox[] {
  return distinct(
    counts.flatMap(({ own }) => own.mailboxes),
    ({ dn }) => dn,
  );
}

async function notInGlobalCatalog(session: DirectorySession, forest: Forest): Promise<readonly string[]> {
  if (domainsOf(forest).length < 2) return [];
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
