/** Reads the forest: the lifetime, every DC's replication, deleted objects and backups. Nothing is written. */

import { resultCode } from '../../directory/diagnostics.ts';
import { joinDn, sameDn } from '../../directory/dn.ts';
import { guidOf, integerOf } from '../../directory/entry.ts';
import { type DomainController, effectiveRights, type Forest, readForest } from '../../directory/forest.ts';
import type { DirectorySession, TlsMode } from '../../directory/session.ts';
import { DirectoryError } from '../../errors.ts';
import {
  type Answer,
  askDomainControllers,
  type DomainControllerAccess,
  defaultDeadlineMs,
  isChosen,
} from './ask-domain-controllers.ts';
import { type LastBackup, readLastBackup } from './backups.ts';
import { countDeletedObjects, type DeletedObjects } from './deleted-objects.ts';
import { type ServerKind, type StoredLifetimes, serverKindOf } from './lifetime.ts';
import { askForReplication, type ReplicationAnswer } from './replication-answer.ts';

/** The DC that all was read from. */
export interface Source {
  readonly host: string;
  readonly tls: TlsMode;
  readonly isGlobalCatalog: boolean;
  readonly isReadOnly: boolean;
}

export interface DomainControllerState {
  readonly domainController: DomainController;
  readonly state:
    | {
        readonly kind: 'answered';
        readonly answer: ReplicationAnswer;
        /** By how many milliseconds its clock is ahead of ours; undefined where it does not tell. */
        readonly clockAhead: number | undefined;
      }
    | { readonly kind: 'unreachable'; readonly why: string }
    /** An export tells nothing about it. */
    | { readonly kind: 'not-asked' };
}

export interface TombstoneFacts {
  /** Ages are counted up to this moment: now, or for an export when it was made, if it tells. */
  readonly now: Date;
  readonly isExport: boolean;
  readonly source: Source;
  readonly forest: Forest;
  readonly serverKind: ServerKind;
  /** CN=Directory Service, which holds the lifetime. */
  readonly settings: StoredLifetimes & { readonly dn: string; readonly guid: string };
  /** Whether the user may write tombstoneLifetime; 'unknown' for an export. */
  readonly mayWrite: boolean | 'unknown';
  /** Whether DCs that are promoted from now on refuse lingering objects; 'not-told' says nothing either way. */
  readonly newDomainControllersAreStrict: true | 'not-told';
  readonly domainControllers: readonly DomainControllerState[];
  readonly deletedObjects: readonly DeletedObjects[];
  readonly backups: readonly LastBackup[];
}

export interface DirectoryToRead extends DomainControllerAccess {
  readonly isExport: boolean;
}

/** Told how the reading goes, a row for each DC and one for the deleted objects. */
export interface GatherWatch {
  readonly begin: (rows: readonly string[]) => void;
  readonly update: (row: string, state: string) => void;
}

export interface GatherOptions {
  readonly now: () => Date;
  /** For each DC, in milliseconds, from the connection to its last answer. */
  readonly deadlineMs?: number;
  readonly watch?: GatherWatch;
}

const deletedObjectsRow = 'Deleted objects';

/** The object that makes DCs strict when they are promoted (Microsoft KB 870695). */
const strictMarker = 'CN=94fdebc6-8eeb-4640-80de-ec52b9ca17fa,CN=Operations,CN=ForestUpdates';

/** @throws DirectoryError if the chosen DC does not answer or its Configuration partition may not be read */
export async function gather(directory: DirectoryToRead, options: GatherOptions): Promise<TombstoneFacts> {
  const { session, isExport } = directory;
  const { rootDse } = session;
  const configuration = rootDse.configurationNamingContext ?? '';
  const settingsDn = joinDn('CN=Directory Service,CN=Windows NT,CN=Services', configuration);
  const [forest, settings, rights, marker] = await Promise.all([
    readForest(session),
    session.readEntry(settingsDn, settingsAttributes),
    isExport ? undefined : effectiveRights(session, settingsDn),
    session.readEntry(joinDn(strictMarker, configuration), ['1.1']),
  ]).catch((error: unknown) => {
    throw isExport && error instanceof DirectoryError ? lackingExport(session, error) : error;
  });
  const guid = settings === undefined ? undefined : guidOf(settings, 'objectGUID');
  if (settings === undefined || guid === undefined) {
    throw isExport ? lackingExport(session) : notReadable(settingsDn, session);
  }
  const now = isExport ? (rootDse.currentTime ?? options.now()) : options.now();
  options.watch?.begin([...forest.domainControllers.map(rowName), deletedObjectsRow]);
  const held = rootDse.namingContexts;
  const [domainControllers, deletedHere, backups] = await Promise.all([
    isExport ? readExported(forest, session) : askAll(forest, directory, options),
    countAll(held, session, forest, now, options),
    Promise.all(held.map((namingContext) => readLastBackup(session, namingContext))),
  ]);
  const deletedElsewhere = isExport
    ? []
    : await countElsewhere(domainControllers, held, forest, directory, now, options);
  return {
    now,
    isExport,
    source: {
      host: rootDse.dnsHostName ?? session.identity.host,
      tls: session.identity.tls,
      isGlobalCatalog: forest.domainControllers.some((one) => isChosen(one, session) && one.isGlobalCatalog),
      isReadOnly: rootDse.isReadOnly,
    },
    forest,
    serverKind: serverKindOf(rootDse, isExport),
    settings: {
      dn: settings.dn,
      guid,
      tombstoneLifetime: integerOf(settings, 'tombstoneLifetime'),
      deletedObjectLifetime: integerOf(settings, 'msDS-DeletedObjectLifetime'),
      garbageCollectionHours: integerOf(settings, 'garbageCollPeriod'),
    },
    mayWrite: isExport ? 'unknown' : (rights?.attributes.has('tombstonelifetime') ?? false),
    newDomainControllersAreStrict: marker === undefined ? 'not-told' : true,
    domainControllers,
    deletedObjects: isExport ? deletedHere.map(asExported) : [...deletedHere, ...deletedElsewhere],
    backups,
  };
}

const settingsAttributes = ['objectGUID', 'tombstoneLifetime', 'garbageCollPeriod', 'msDS-DeletedObjectLifetime'];

function notReadable(settingsDn: string, { identity }: DirectorySession): DirectoryError {
  return new DirectoryError({
    attempted: 'read the tombstone lifetime',
    on: `${settingsDn} on ${identity.host}`,
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
        ? 'the export does not have all of it: the head, CN=Partitions, CN=Sites, and CN=Directory Service with its objectGUID'
        : cause.trouble.cameBack,
    next: 'Export the whole Configuration partition, its head included, with all attributes: ldifde -d "CN=Configuration,DC=…" -f FILE',
    cause,
  });
}

function rowName({ name, dnsHostName }: DomainController): string {
  return dnsHostName ?? name;
}

async function askAll(
  forest: Forest,
  directory: DirectoryToRead,
  { now, watch, deadlineMs = defaultDeadlineMs }: GatherOptions,
): Promise<readonly DomainControllerState[]> {
  const common = commonNamingContexts(forest);
  const answers = await askDomainControllers(
    forest.domainControllers,
    directory,
    async (session, domainController) => {
      const answer = await askForReplication(session, domainController, common);
      const clockAhead = answer.clock === undefined ? undefined : answer.clock.getTime() - now().getTime();
      return { answer, clockAhead };
    },
    deadlineMs,
    (domainController, answer) => watch?.update(rowName(domainController), inWords(answer)),
  );
  return forest.domainControllers.map((domainController, index) => {
    const answer = answers[index];
    if (answer?.kind !== 'answered') return { domainController, state: answer ?? { kind: 'not-asked' } };
    return { domainController, state: { kind: 'answered', ...answer.answer } };
  });
}

function inWords(answer: Answer<unknown>): string {
  return answer.kind === 'answered' ? 'answered' : answer.why;
}

/** An export shows the naming contexts' heads as one DC had them; of the others it says nothing. */
async function readExported(forest: Forest, session: DirectorySession): Promise<readonly DomainControllerState[]> {
  const common = commonNamingContexts(forest);
  return await Promise.all(
    forest.domainControllers.map(async (domainController): Promise<DomainControllerState> => {
      if (!isChosen(domainController, session)) return { domainController, state: { kind: 'not-asked' } };
      const answer = await askForReplication(session, domainController, common);
      return { domainController, state: { kind: 'answered', answer, clockAhead: undefined } };
    }),
  );
}

/** Whoever made an export had to ask for deleted objects by a control of their own: that none is in it tells nothing. */
function asExported(deleted: DeletedObjects): DeletedObjects {
  if (deleted.kind === 'counted') return deleted;
  return { kind: 'unknown', namingContext: deleted.namingContext, why: 'none in the export' };
}

/** Those that every DC has. */
function commonNamingContexts({ namingContexts }: Forest): readonly string[] {
  return namingContexts.filter(({ kind }) => kind === 'configuration' || kind === 'schema').map(({ dn }) => dn);
}

async function countAll(
  namingContexts: readonly string[],
  session: DirectorySession,
  { recycleBin }: Forest,
  now: Date,
  { watch }: GatherOptions,
): Promise<readonly DeletedObjects[]> {
  const counted: DeletedObjects[] = [];
  // One after the other: they share a connection, and a DC has other work to do.
  for (const namingContext of namingContexts) {
    const one = await countDeletedObjects(session, namingContext, recycleBin === 'on', now, (count) =>
      watch?.update(deletedObjectsRow, `${count.toLocaleString('en')} in ${namingContext}`),
    );
    counted.push(one);
  }
  return counted;
}

/** Naming contexts that the chosen DC does not hold are counted on the first DC that holds them and has answered. */
async function countElsewhere(
  domainControllers: readonly DomainControllerState[],
  held: readonly string[],
  forest: Forest,
  directory: DirectoryToRead,
  now: Date,
  options: GatherOptions,
): Promise<readonly DeletedObjects[]> {
  const others = forest.namingContexts.filter(({ dn }) => !held.some((one) => sameDn(one, dn)));
  return await Promise.all(
    others.map(async ({ dn }): Promise<DeletedObjects> => {
      const holder = domainControllers.find(
        ({ domainController, state }) =>
          state.kind === 'answered' && domainController.fullNamingContexts.some((one) => sameDn(one, dn)),
      )?.domainController.dnsHostName;
      if (holder === undefined) return { kind: 'unknown', namingContext: dn, why: 'no DC that has it could be asked' };
      try {
        const session = await directory.openOther(holder);
        try {
          const [counted] = await countAll([dn], session, forest, now, options);
          return counted ?? { kind: 'unknown', namingContext: dn, why: `${holder} does not tell` };
        } finally {
          await session.close();
        }
      } catch (error) {
        // A DC that can't be asked leaves its naming context uncounted, with the reason.
        if (!(error instanceof DirectoryError)) throw error;
        return { kind: 'unknown', namingContext: dn, why: error.trouble.cameBack };
      }
    }),
  );
}
