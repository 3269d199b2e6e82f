/** Reads the forest: the lifetime, every DC's replication, deleted objects and backups. Nothing is written. */

import {
  askAllForReplication,
  askForReplication,
  type DomainControllerState,
  defaultDeadlineMs,
  isChosen,
  type ReplicationAnswer,
} from '../../ad/ask-domain-controllers.ts';
import {
  directoryServiceDn,
  lifetimeAttributes,
  type ServerKind,
  type StoredLifetimes,
  serverKindOf,
  storedLifetimesOf,
} from '../../ad/deleted-object-lifetime.ts';
import { joinDn, sameDn } from '../../ad/dn.ts';
import { generalizedTimeOf, guidOf } from '../../ad/entry.ts';
import {
  type DomainController,
  type Forest,
  hostOf,
  masterInWords,
  readForest,
  readOperationsMasters,
  sourceInWords,
  writableAttributes,
} from '../../ad/forest.ts';
import { differencesFrom, withReported } from '../../ad/repadmin.ts';
import { isFuture, type ReplicationNews, replicationNews } from '../../ad/replication-news.ts';
import { metadataAttributes, stampOf } from '../../ad/replication-values.ts';
import type { FindingSource } from '../../change/findings.ts';
import type { ForestTarget } from '../../change/plan.ts';
import { DirectoryError } from '../../errors.ts';
import { resultCode } from '../../ldap/diagnostics.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import type { DirectoryWorld, ObjectComparison, ServerCleanup } from '../remedy.ts';
import { countDeletedObjects, type DeletedObjects } from './deleted-objects.ts';
import { type LookEvidence, requireSameForest, type TombstoneOptions } from './options.ts';

interface LastBackup {
  readonly namingContext: string;
  /** 'not-known': there was none, or the user may not read it. */
  readonly time: Date | 'not-known';
}

interface RoleOwner {
  /** "PDC emulator" */
  readonly role: string;
  readonly settingsDn: string;
}

/** CN=Directory Service, which holds both lifetimes. */
interface DirectoryService extends StoredLifetimes {
  readonly dn: string;
  readonly guid: string;
  /** When tombstoneLifetime was last written; undefined if never, or if the user may not read it. */
  readonly lifetimeWritten: Date | undefined;
  /** How often it was written or removed, by its metadata; undefined likewise. */
  readonly lifetimeVersion: number | undefined;
}

/** The object that makes DCs strict when they are promoted (Microsoft KB 870695). */
interface StrictMarker {
  readonly dn: string;
  readonly isThere: boolean;
  /** Whether the container that it belongs in exists. */
  readonly hasParent: boolean;
}

/** The lifetimes of the forest, the replication of its DCs, its deleted objects and backups. */
export interface TombstoneFacts {
  readonly target: ForestTarget;
  /** Ages are counted up to this moment, by the chosen DC's clock; for an export up to its date, if it has one. */
  readonly now: Date;
  readonly isExport: boolean;
  /** The DC that everything was read from. */
  readonly source: { readonly host: string; readonly isReadOnly: boolean; readonly inWords: string };
  readonly forest: Forest;
  readonly serverKind: ServerKind;
  readonly settings: DirectoryService;
  /** Whether the user may write both lifetimes; 'unknown' for an export. */
  readonly mayWrite: boolean | 'unknown';
  readonly strictMarker: StrictMarker;
  readonly replication: ReplicationNews;
  /** The operations masters' roles by the DN of the NTDS Settings that holds each, as far as the chosen DC shows. */
  readonly roles: readonly RoleOwner[];
  /** The files that report DCs which do not answer, and how they differ from DCs that do answer. */
  readonly showrepl: readonly FindingSource[];
  readonly showreplDifferences: readonly string[];
  readonly deletedObjects: readonly DeletedObjects[];
  readonly backups: readonly LastBackup[];
  /** The last search for lingering objects, if one was named. */
  readonly evidence: LookEvidence | undefined;
  readonly objectComparison: ObjectComparison | undefined;
  readonly serverCleanup: ServerCleanup | undefined;
}

const deletedObjectsRow = 'Deleted objects';

/** Where the marker belongs, below the Configuration partition. */
export const strictMarkerParent = 'CN=Operations,CN=ForestUpdates';
/** Its name there. */
export const strictMarkerName = 'CN=94fdebc6-8eeb-4640-80de-ec52b9ca17fa';

/**
 * Reads everything that the remedy needs.
 *
 * @param named files of repadmin for DCs that do not answer, and the result of an earlier search
 * @param deadlineMs for each DC, in milliseconds: from the connection to the last answer on replication, and for each
 * answer while deleted objects are counted on a DC other than the chosen one, because counting may take long
 * @throws DirectoryError if the chosen DC does not answer or the user may not read its Configuration partition
 */
export async function gather(
  world: DirectoryWorld,
  { showrepl = [], evidence }: Partial<Pick<TombstoneOptions, 'showrepl' | 'evidence'>> = {},
  deadlineMs = defaultDeadlineMs,
): Promise<TombstoneFacts> {
  const { session, isExport, watch, target, objectComparison, serverCleanup } = world;
  if (evidence !== undefined) requireSameForest(evidence, target);
  const configuration = session.rootDse.configurationNamingContext ?? '';
  const [forest, settings, strictMarker, now] = await Promise.all([
    readForest(session),
    readDirectoryService(session, configuration),
    readStrictMarker(session, configuration),
    clockOf(world),
  ]).catch((error: unknown) => {
    throw isExport && error instanceof DirectoryError ? lackingExport(session, error) : error;
  });
  if (settings === undefined) throw isExport ? lackingExport(session) : notReadable(configuration, session);
  watch.begin([...forest.domainControllers.map(hostOf), deletedObjectsRow]);
  const states = isExport
    ? await readExported(forest, session)
    : await askAllForReplication(forest, world, {
        deadlineMs,
        onAnswer: (domainController, answer) =>
          watch.update(hostOf(domainController), answer.kind === 'answered' ? 'answered' : answer.why),
      });
  const [writable, roles, deletedObjects, backups] = await Promise.all([
    isExport ? undefined : writableAttributes(session, settings.dn),
    readRoles(session, forest),
    countDeletedObjects(
      forest,
      states,
      world,
      now,
      {
        recycleBinIsOn: forest.recycleBin === 'on',
        onCount: (count, namingContext) => {
          if (world.signal.aborted) throw deadlinePassed(namingContext);
          watch.update(deletedObjectsRow, `${count.toLocaleString('en')} in ${namingContext}`);
        },
      },
      deadlineMs,
    ),
    Promise.all(session.rootDse.namingContexts.map((namingContext) => readLastBackup(session, namingContext, now))),
  ]);
  const reported = showrepl.flatMap(({ links }) => links);
  return {
    target,
    now,
    isExport,
    source: {
      host: session.rootDse.dnsHostName ?? session.identity.host,
      isReadOnly: session.rootDse.isReadOnly,
      inWords: isExport ? 'an export' : sourceInWords(session),
    },
    forest,
    serverKind: serverKindOf(session.rootDse, isExport),
    settings,
    mayWrite: isExport ? 'unknown' : (writable?.has('tombstonelifetime') ?? false),
    strictMarker,
    replication: replicationNews(withReported(states, reported), forest, now),
    roles,
    showrepl: showrepl.map(({ name, sha256 }) => ({ name, read: world.now().toISOString(), sha256 })),
    showreplDifferences: differencesFrom(states, reported),
    deletedObjects: isExport ? deletedObjects.map(asExported) : deletedObjects,
    backups,
    evidence,
    objectComparison,
    serverCleanup,
  };
}

/** Leaves a naming context uncounted, with this reason. */
function deadlinePassed(namingContext: string): DirectoryError {
  return new DirectoryError({
    attempted: 'count deleted objects',
    on: namingContext,
    cameBack: 'the time ran out before they were counted',
    next: 'Allow more time with --deadline SECONDS.',
  });
}

/** The chosen DC's clock, not this computer's: it is compared with times that DCs wrote. */
async function clockOf({ session, isExport, now }: DirectoryWorld): Promise<Date> {
  if (isExport) return session.rootDse.currentTime ?? now();
  const opened = session.rootDse.currentTime;
  if (opened === undefined) return now();
  const rootDse = await session.readEntry('', ['currentTime']);
  return (rootDse === undefined ? undefined : generalizedTimeOf(rootDse, 'currentTime')) ?? opened;
}

async function readDirectoryService(
  session: DirectorySession,
  configuration: string,
): Promise<DirectoryService | undefined> {
  const entry = await session.readEntry(directoryServiceDn(configuration), [
    'objectGUID',
    ...lifetimeAttributes,
    ...metadataAttributes,
  ]);
  const guid = entry === undefined ? undefined : guidOf(entry, 'objectGUID');
  if (entry === undefined || guid === undefined) return undefined;
  const stamp = stampOf(entry, 'tombstoneLifetime');
  return {
    dn: entry.dn,
    guid,
    ...storedLifetimesOf(entry),
    lifetimeWritten: stamp?.changed instanceof Date ? stamp.changed : undefined,
    lifetimeVersion: stamp?.version,
  };
}

async function readStrictMarker(session: DirectorySession, configuration: string): Promise<StrictMarker> {
  const parent = joinDn(strictMarkerParent, configuration);
  const dn = joinDn(strictMarkerName, parent);
  const [marker, container] = await Promise.all([dn, parent].map((one) => session.readEntry(one, ['1.1'])));
  return { dn, isThere: marker !== undefined, hasParent: container !== undefined };
}

function notReadable(configuration: string, { identity }: DirectorySession): DirectoryError {
  return new DirectoryError({
    attempted: 'read the tombstone lifetime',
    on: `${directoryServiceDn(configuration)} on ${identity.host}`,
    cameBack: 'the user may not see it',
    next: 'Log on as a user who may read the Configuration partition.',
  });
}

function lackingExport({ rootDse }: DirectorySession, cause?: DirectoryError): DirectoryError {
  return new DirectoryError({
    attempted: 'read the tombstone lifetime',
    on: rootDse.configurationNamingContext ?? 'the export',
    cameBack:
      cause === undefined || cause.resultCode === resultCode.noSuchObject
        ? 'the export is incomplete: it needs the head of the partition, CN=Partitions, CN=Sites, and CN=Directory Service with its objectGUID'
        : cause.trouble.cameBack,
    next: 'Export the whole Configuration partition, its head included, with all attributes: ldifde -d "CN=Configuration,DC=…" -f FILE',
    cause,
  });
}

/** An export shows the heads of the naming contexts as one DC had them, and nothing about other DCs. */
async function readExported(forest: Forest, session: DirectorySession): Promise<readonly DomainControllerState[]> {
  const contexts = forest.namingContexts.map(({ dn }) => dn);
  const exporter = forest.domainControllers.find((one) => isChosen(one, session));
  const answer = await askForReplication(session, contexts);
  const itself = exporter ?? exporterOf(forest, answer);
  return forest.domainControllers.map((domainController): DomainControllerState => {
    if (domainController !== itself) return { domainController, state: { kind: 'not-asked' } };
    return { domainController, state: { kind: 'answered', answer, clockAhead: undefined } };
  });
}

/** The DC that an export without rootDSE was made on: the only one that its heads name neither as source nor in a cursor. */
function exporterOf(
  { domainControllers }: Forest,
  { links, cursors }: ReplicationAnswer,
): DomainController | undefined {
  if (links.length === 0) return undefined;
  const sources = new Set(links.map(({ sourceDsaGuid }) => sourceDsaGuid));
  const heard = new Set(cursors.map(({ invocationId }) => invocationId));
  const candidates = domainControllers.filter(
    ({ dsaGuid = '', invocationId = '' }) => !sources.has(dsaGuid) && !heard.has(invocationId),
  );
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** An export has deleted objects only if a control asked for them, so their absence proves nothing. */
function asExported(deleted: DeletedObjects): DeletedObjects {
  if (deleted.kind === 'counted') return deleted;
  return { kind: 'unknown', namingContext: deleted.namingContext, why: 'none in the export' };
}

/** Who holds the roles of the forest and of its root domain. */
async function readRoles(session: DirectorySession, forest: Forest): Promise<readonly RoleOwner[]> {
  const root = forest.rootDomainNamingContext;
  const masters = await readOperationsMasters(session, forest);
  return masters
    .filter(({ of }) => of === undefined || (root !== undefined && sameDn(of.dn, root)))
    .map(({ role, owner }) => ({ role: masterInWords(role), settingsDn: owner }));
}

/**
 * The last backup of a naming context: the DC that is backed up changes dSASignature on its head. The time is not known
 * where that DC's clock had jumped ahead.
 */
async function readLastBackup(session: DirectorySession, namingContext: string, now: Date): Promise<LastBackup> {
  try {
    const head = await session.readEntry(namingContext, metadataAttributes);
    const changed = head === undefined ? undefined : stampOf(head, 'dSASignature')?.changed;
    return { namingContext, time: changed instanceof Date && !isFuture(changed, now) ? changed : 'not-known' };
  } catch (error) {
    // The DC does not return it, so the time of the backup is not known.
    if (error instanceof DirectoryError && error.resultCode !== undefined) return { namingContext, time: 'not-known' };
    throw error;
  }
}
