/**
 * Reads each DC's state and its view of the others and, once a reference is chosen, compares the copies. Nothing is
 * written.
 */

import {
  askDomainControllers,
  askForReplication,
  type DomainControllerAccess,
  type DomainControllerState,
  defaultDeadlineMs,
} from '../../ad/ask-domain-controllers.ts';
import { readLifetime, silenceAtLastWrite } from '../../ad/deleted-object-lifetime.ts';
import { isDnThat, joinDn, sameDn } from '../../ad/dn.ts';
import { generalizedTimeOf, largeIntegerOf } from '../../ad/entry.ts';
import {
  type DomainController,
  type Forest,
  hasFullCopy,
  hostOf,
  type OperationsMaster,
  readForest,
  readOperationsMasters,
} from '../../ad/forest.ts';
import { type Islands, islandsOf } from '../../ad/replication-islands.ts';
import { type ReplicationNews, replicationNews } from '../../ad/replication-news.ts';
import { metadataAttributes, type Originator, originatorOf, stampOf, stampsOf } from '../../ad/replication-values.ts';
import { stringsIn } from '../../change/json-shape.ts';
import type { ForestTarget, Intent } from '../../change/plan.ts';
import { DirectoryError, SubjectMissingError, UsageError } from '../../errors.ts';
import { type DirectorySession, deletedObjectsControl, equal, type Filter } from '../../ldap/session.ts';
import { day, distinct, groupBy } from '../../words.ts';
import type { DirectoryWorld, Scope } from '../remedy.ts';
import { type Comparison, compareCopies } from './compare.ts';
import type { LingeringOptions } from './flags.ts';

/** The evidence of every DC, and what the comparison found. */
export interface LingeringFacts {
  readonly target: ForestTarget;
  /** When the comparison began, by the chosen DC's clock. */
  readonly now: Date;
  readonly forest: Forest;
  readonly replication: ReplicationNews;
  /**
   * After how many days of silence a DC counts as cut off: the tombstone lifetime, and after a raise what was past the
   * former one already.
   */
  readonly silenceLimit: number;
  /** At that length of silence. */
  readonly islands: Islands;
  /** The FSMO roles of each DC, by the DN of its NTDS Settings. */
  readonly roles: ReadonlyMap<string, readonly string[]>;
  /** Of the DCs that answered in time. */
  readonly ownEvidence: ReadonlyMap<DomainController, OwnEvidence>;
  /** Which DC of the forest made a change. */
  readonly originator: Originator;
  /** Whether this run has already shown the evidence. */
  readonly isShown: boolean;
  /** undefined while no reference is chosen; then nothing is compared. */
  readonly scope: LingeringScope | undefined;
  readonly comparisons: readonly Comparison[];
}

/** The scope of the comparison. */
export interface LingeringScope {
  readonly reference: DomainController;
  readonly targets: readonly DomainController[];
  /** DNs of naming contexts. */
  readonly partitions: readonly string[];
}

/** A DC's own data, for the choice of the reference; undefined if it does not show it. */
export interface OwnEvidence {
  /** The newest change of dSASignature on the heads that it has: the DC that is backed up writes it. */
  readonly lastBackup: Date | undefined;
  /** The oldest object in its Deleted Objects containers. */
  readonly oldestTombstone: Date | undefined;
  /** The newest change that was made on this DC itself. */
  readonly newestChange: Date | undefined;
  /** Its highestCommittedUSN. */
  readonly highestUsn: bigint | undefined;
}

/**
 * Reads everything that the remedy needs.
 * @throws UsageError for an export, and for names that cannot be used; DirectoryError if the chosen DC does not answer
 */
export async function gather(
  world: DirectoryWorld,
  scope: Scope<LingeringOptions>,
  known?: LingeringFacts,
): Promise<LingeringFacts> {
  if (world.isExport) {
    throw new UsageError({
      attempted: 'search for lingering objects',
      on: '--ldif',
      cameBack: 'an export holds the copy of only one domain controller; two are needed to compare',
      next: 'Name a domain controller with --server or --domain.',
    });
  }
  const options = scope.kind === 'new' ? scope.options : optionsOf(scope.plan);
  const evidence = known === undefined ? await readEvidence(world) : { ...known, isShown: true };
  const chosen = scopeOf(evidence.forest, options);
  if (chosen === undefined) return { ...evidence, scope: undefined, comparisons: [] };
  return { ...evidence, scope: chosen, comparisons: await compareAll(evidence, chosen, world) };
}

/**
 * The DCs and naming contexts that the options name; undefined while no reference is chosen.
 * @throws SubjectMissingError for a name that the forest does not have; UsageError for one that cannot be used
 */
function scopeOf(forest: Forest, options: LingeringOptions): LingeringScope | undefined {
  if (options.reference === undefined) return undefined;
  const reference = domainControllerOf(forest, options.reference, '--reference');
  if (reference.isReadOnly) throw unusable('--reference', options.reference, 'it is read-only');
  const partitions = partitionsOf(forest, options.partitions);
  const others = forest.domainControllers.filter(
    (one) => one !== reference && partitions.some((partition) => hasFullCopy(one, partition)),
  );
  const named = options.targets.map((name) => domainControllerOf(forest, name, '--target'));
  if (named.includes(reference)) {
    throw unusable('--target', reference.name, 'it is the reference, which is always compared with the others');
  }
  return { reference, targets: named.length === 0 ? others : distinct(named), partitions };
}

function domainControllerOf({ domainControllers }: Forest, name: string, flag: string): DomainController {
  const wanted = name.toLowerCase();
  const byHost = domainControllers.filter(({ dnsHostName }) => dnsHostName?.toLowerCase() === wanted);
  const found = byHost.length > 0 ? byHost : domainControllers.filter((one) => one.name.toLowerCase() === wanted);
  const [only, ...more] = found;
  if (only === undefined) {
    throw new SubjectMissingError({
      attempted: `read ${flag}`,
      on: name,
      cameBack: 'the forest has no domain controller of this name',
      next: `Name one of: ${domainControllers.map(hostOf).join(', ')}`,
    });
  }
  if (more.length > 0) throw unusable(flag, name, 'several domain controllers have this name: give the DNS name');
  return only;
}

function partitionsOf({ namingContexts }: Forest, named: readonly string[]): readonly string[] {
  const known = namingContexts.filter(({ kind }) => kind !== 'schema').map(({ dn }) => dn);
  if (named.length === 0) return known;
  const found = named.map((name) => {
    const partition = known.find((dn) => isDnThat(name, (given) => sameDn(given, dn)));
    if (partition !== undefined) return partition;
    throw new SubjectMissingError({
      attempted: 'read --partition',
      on: name,
      cameBack: 'it is not a naming context of the forest that can be compared (the Schema has no deleted objects)',
      next: `Name one of: ${known.join(' · ')}`,
    });
  });
  return distinct(found);
}

function unusable(flag: string, on: string, cameBack: string): UsageError {
  return new UsageError({ attempted: `read ${flag}`, on, cameBack, next: 'Name another domain controller.' });
}

/** The scope as a plan keeps it. */
export function intentOf({ reference, targets, partitions }: LingeringScope): Intent {
  return { reference: hostOf(reference), targets: targets.map(hostOf), partitions };
}

/** The options that a plan was made with. */
export function optionsOf({ intent }: { readonly intent: Intent }): LingeringOptions {
  const { reference, targets, partitions } = intent;
  return {
    reference: typeof reference === 'string' ? reference : undefined,
    targets: stringsIn(targets),
    partitions: stringsIn(partitions),
    accept: [],
  };
}

type Evidence = Omit<LingeringFacts, 'scope' | 'comparisons'>;

async function readEvidence(world: DirectoryWorld): Promise<Evidence> {
  const { session, watch } = world;
  const now = session.rootDse.currentTime ?? world.now();
  const forest = await readForest(session);
  watch.begin(forest.domainControllers.map(hostOf));
  const [states, silenceLimit, roles] = await Promise.all([
    askAll(forest, world),
    readSilenceLimit(session, forest, now),
    readRoles(session, forest),
  ]);
  // A DC's own USN is read after what the others have of it, and is lower only if it went back.
  const ownEvidence = await readOwnEvidence(forest, world);
  const cursors = states.flatMap(({ state }) => (state.kind === 'answered' ? state.answer.cursors : []));
  const replication = replicationNews(states, forest, now);
  return {
    target: world.target,
    now,
    forest,
    replication,
    silenceLimit,
    islands: islandsOf(replication, silenceLimit * day),
    roles,
    ownEvidence,
    originator: originatorOf(forest.domainControllers, cursors),
    isShown: false,
  };
}

async function askAll(forest: Forest, world: DirectoryWorld): Promise<readonly DomainControllerState[]> {
  const answers = await askDomainControllers(
    forest.domainControllers,
    world,
    async (session, { fullNamingContexts }) => {
      const held = fullNamingContexts.length === 0 ? [forest.configurationNamingContext] : fullNamingContexts;
      const answer = await askForReplication(session, held);
      const clockAhead = answer.clock === undefined ? undefined : answer.clock.getTime() - world.now().getTime();
      return { answer, clockAhead };
    },
    defaultDeadlineMs,
    (domainController, answer) =>
      world.watch.update(hostOf(domainController), answer.kind === 'answered' ? 'answered' : answer.why),
  );
  return forest.domainControllers.map((domainController, index): DomainControllerState => {
    const answer = answers[index];
    return {
      domainController,
      state:
        answer?.kind === 'answered'
          ? { kind: 'answered', ...answer.answer }
          : { kind: 'unreachable', why: answer?.why ?? 'it was not asked' },
    };
  });
}

async function readSilenceLimit(
  session: DirectorySession,
  { configurationNamingContext }: Forest,
  now: Date,
): Promise<number> {
  const { entry, kind, inForce } = await readLifetime(session, configurationNamingContext, {
    attributes: metadataAttributes,
  });
  const written = entry === undefined ? undefined : stampOf(entry, 'tombstoneLifetime')?.changed;
  const silence = silenceAtLastWrite(written instanceof Date ? written : undefined, kind, inForce, now);
  return Math.floor(silence ?? inForce.days);
}

/** The FSMO roles of the forest and of each domain, by the DN of their owner's NTDS Settings, lower case. */
async function readRoles(session: DirectorySession, forest: Forest): Promise<ReadonlyMap<string, readonly string[]>> {
  const several = forest.namingContexts.filter(({ kind }) => kind === 'domain').length > 1;
  const masters = await readOperationsMasters(session, forest);
  const ofDomains = masters.filter(({ of }) => of?.kind !== 'application');
  const owners = groupBy(ofDomains, ({ owner }) => owner.toLowerCase());
  const named = ({ role, of }: OperationsMaster): string =>
    several && of !== undefined ? `${role} of ${of.dnsName ?? of.dn}` : role;
  return new Map([...owners].map(([owner, all]) => [owner, all.map(named)]));
}

/** How long a DC may take, in milliseconds: a container of deleted objects may be large. */
const deadlineMs = 20_000;

/** Asks every DC; those that do not answer in time are missing. */
async function readOwnEvidence(
  { domainControllers, namingContexts }: Forest,
  access: DomainControllerAccess,
): Promise<ReadonlyMap<DomainController, OwnEvidence>> {
  const compared = namingContexts.filter(({ kind }) => kind !== 'schema').map(({ dn }) => dn);
  const answers = await askDomainControllers(
    domainControllers,
    access,
    (session, domainController) => {
      const held = compared.filter((dn) => hasFullCopy(domainController, dn));
      return evidenceOf(session, domainController, held);
    },
    deadlineMs,
  );
  return new Map(
    domainControllers.flatMap((domainController, index) => {
      const answer = answers[index];
      return answer?.kind === 'answered' ? [[domainController, answer.answer] as const] : [];
    }),
  );
}

async function evidenceOf(
  session: DirectorySession,
  { invocationId }: DomainController,
  namingContexts: readonly string[],
): Promise<OwnEvidence> {
  const inEach = async (read: (namingContext: string) => Promise<readonly Date[]>): Promise<readonly Date[]> =>
    (await Promise.all(namingContexts.map((namingContext) => orNone(read(namingContext))))).flat();
  const rootDse = await session.readEntry('', ['highestCommittedUSN']);
  const highestUsn = rootDse === undefined ? undefined : largeIntegerOf(rootDse, 'highestCommittedUSN');
  const [backups, tombstones, changes] = await Promise.all([
    inEach((namingContext) => backupTimes(session, namingContext)),
    inEach((namingContext) => oldestTombstone(session, namingContext)),
    invocationId === undefined || highestUsn === undefined
      ? []
      : inEach((namingContext) => ownChanges(session, namingContext, highestUsn - usnWindow, invocationId)),
  ]);
  return {
    lastBackup: newest(backups),
    oldestTombstone: oldest(tombstones),
    newestChange: newest(changes),
    highestUsn,
  };
}

/** Undefined if a DC refuses the search or lacks the container. */
async function orNone(reading: Promise<readonly Date[]>): Promise<readonly Date[]> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof DirectoryError && error.resultCode !== undefined) return [];
    throw error;
  }
}

async function backupTimes(session: DirectorySession, namingContext: string): Promise<readonly Date[]> {
  const head = await session.readEntry(namingContext, metadataAttributes);
  const changed = head === undefined ? undefined : stampOf(head, 'dSASignature')?.changed;
  return changed instanceof Date ? [changed] : [];
}

async function oldestTombstone(session: DirectorySession, namingContext: string): Promise<readonly Date[]> {
  let found: Date | undefined;
  const tombstones = session.search({
    base: joinDn('CN=Deleted Objects', namingContext),
    scope: 'one',
    filter: equal('isDeleted', 'TRUE'),
    attributes: ['whenChanged'],
    controls: [deletedObjectsControl(session.rootDse.supportedControls)],
  });
  for await (const entry of tombstones) {
    const changed = generalizedTimeOf(entry, 'whenChanged');
    if (changed !== undefined && (found === undefined || changed < found)) found = changed;
  }
  return found === undefined ? [] : [found];
}

/** How many of the DC's last USNs are looked through: its own change is among few, and each costs its whole metadata. */
const usnWindow = 2000n;

async function ownChanges(
  session: DirectorySession,
  base: string,
  fromUsn: bigint,
  invocationId: string,
): Promise<readonly Date[]> {
  const from = String(fromUsn > 0n ? fromUsn : 0n);
  const filter: Filter = { kind: 'greaterOrEqual', attribute: 'uSNChanged', value: from };
  let last: Date | undefined;
  const controls = [deletedObjectsControl(session.rootDse.supportedControls)];
  const attributes = ['replPropertyMetaData'];
  for await (const entry of session.search({ base, scope: 'subtree', filter, attributes, controls })) {
    for (const { changed, originatingInvocationId } of stampsOf(entry)) {
      const isOwn = originatingInvocationId.toLowerCase() === invocationId.toLowerCase();
      if (isOwn && changed instanceof Date && (last === undefined || changed > last)) last = changed;
    }
  }
  return last === undefined ? [] : [last];
}

function newest(times: readonly Date[]): Date | undefined {
  return times.toSorted((one, other) => other.getTime() - one.getTime())[0];
}

function oldest(times: readonly Date[]): Date | undefined {
  return times.toSorted((one, other) => one.getTime() - other.getTime())[0];
}

async function compareAll(
  { forest, originator }: Pick<LingeringFacts, 'forest' | 'originator'>,
  { reference, targets, partitions }: LingeringScope,
  world: DirectoryWorld,
): Promise<readonly Comparison[]> {
  world.watch.begin(forest.domainControllers.map(hostOf));
  const comparisons: Comparison[] = [];
  for (const namingContext of partitions) {
    const holders = forest.domainControllers.filter((one) => hasFullCopy(one, namingContext));
    if (holders.includes(reference)) {
      // A read-only copy is looked at only as a target: it is no reference for another one.
      const others = holders.filter((one) => one !== reference && (!one.isReadOnly || targets.includes(one)));
      const copies = { namingContext, reference, others, targets, originator };
      comparisons.push(...(await compareCopies(copies, world)));
      continue;
    }
    const why = `${reference.name}: it has no writable copy`;
    for (const target of targets.filter((one) => holders.includes(one))) {
      comparisons.push({ kind: 'not-provable', target, reference, namingContext, why });
    }
  }
  return comparisons;
}
