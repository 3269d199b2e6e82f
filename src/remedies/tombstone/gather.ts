/** Reads the forest: the lifetime, every DC's replication, deleted objects and backups. Nothing is written. */

import { joinDn } from '../../ad/dn.ts';
import { guidOf, integerOf } from '../../ad/entry.ts';
import { type DomainController, effectiveRights, type Forest, readForest } from '../../ad/forest.ts';
import { DirectoryError } from '../../errors.ts';
import { resultCode } from '../../ldap/diagnostics.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import {
  type Answer,
  askDomainControllers,
  type DomainControllerAccess,
  defaultDeadlineMs,
  isChosen,
} from './ask-domain-controllers.ts';
import { readLastBackup } from './backups.ts';
import { type CountOptions, countAll, countElsewhere } from './count-deleted-objects.ts';
import type { DeletedObjects } from './deleted-objects.ts';
import type { DomainControllerState, TombstoneFacts } from './facts.ts';
import { serverKindOf } from './lifetime.ts';
import { askForReplication } from './replication-answer.ts';

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
  /**
   * For each DC, in milliseconds: from the connection to the last answer on replication, and where deleted objects are
   * counted on another one than the chosen for each answer, since a long count is no silence.
   */
  readonly deadlineMs?: number;
  readonly watch?: GatherWatch;
}

const deletedObjectsRow = 'Deleted objects';

/** The object that makes DCs strict when they are promoted (Microsoft KB 870695). */
const strictMarker = 'CN=94fdebc6-8eeb-4640-80de-ec52b9ca17fa,CN=Operations,CN=ForestUpdates';

/**
 * All that the remedy looks at.
 * @throws DirectoryError if the chosen DC does not answer or its Configuration partition may not be read
 */
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
  const counting: CountOptions = {
    recycleBinIsOn: forest.recycleBin === 'on',
    now,
    onCount: (count, namingContext) =>
      options.watch?.update(deletedObjectsRow, `${count.toLocaleString('en')} in ${namingContext}`),
  };
  const [domainControllers, deletedHere, backups] = await Promise.all([
    isExport ? readExported(forest, session) : askAll(forest, directory, options),
    countAll(held, session, counting),
    Promise.all(held.map((namingContext) => readLastBackup(session, namingContext))),
  ]);
  const deletedElsewhere = isExport
    ? []
    : await countElsewhere(forest, held, domainControllers, directory, {
        ...counting,
        deadlineMs: options.deadlineMs ?? defaultDeadlineMs,
      });
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
