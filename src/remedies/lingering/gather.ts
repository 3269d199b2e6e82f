/** Reads the evidence of every DC, and once a reference is chosen compares the copies. Nothing is written. */

import {
  askDomainControllers,
  askForReplication,
  type DomainControllerState,
  defaultDeadlineMs,
} from '../../ad/ask-domain-controllers.ts';
import {
  directoryServiceDn,
  lifetimeAttributes,
  lifetimeInForce,
  serverKindOf,
  silenceAtLastWrite,
  storedLifetimesOf,
} from '../../ad/deleted-object-lifetime.ts';
import { joinDn, sameDn } from '../../ad/dn.ts';
import { textOf } from '../../ad/entry.ts';
import { type DomainController, type Forest, hostOf, readForest } from '../../ad/forest.ts';
import { type Islands, islandsOf } from '../../ad/replication-islands.ts';
import { type ReplicationNews, replicationNews } from '../../ad/replication-news.ts';
import { metadataAttributes, type Originator, originatorOf, stampOf } from '../../ad/replication-values.ts';
import type { ForestTarget } from '../../change/plan.ts';
import { UsageError } from '../../errors.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import type { DirectoryWorld, Scope } from '../remedy.ts';
import { type Comparison, compareCopies, hasFullCopy } from './compare.ts';
import { type LingeringOptions, type LingeringScope, optionsOf, scopeOf } from './options.ts';
import { type OwnEvidence, readOwnEvidence } from './own-evidence.ts';

export interface LingeringFacts {
  readonly target: ForestTarget;
  /** When the comparison began, by the chosen DC's clock. */
  readonly now: Date;
  readonly forest: Forest;
  readonly replication: ReplicationNews;
  /**
   * From how many days of silence on a DC is out of touch: the tombstone lifetime, and after a raise what was past the
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
  /** Whether an earlier look of this run has shown the evidence already. */
  readonly isShown: boolean;
  /** undefined while no reference is chosen; then nothing is compared. */
  readonly scope: LingeringScope | undefined;
  readonly comparisons: readonly Comparison[];
}

const day = 86_400_000;

/**
 * All that the remedy looks at.
 * @throws UsageError for an export, and for names that cannot be used; DirectoryError if the chosen DC does not answer
 */
export async function gather(
  world: DirectoryWorld,
  scope: Scope<LingeringOptions>,
  known?: LingeringFacts,
): Promise<LingeringFacts> {
  if (world.isExport) {
    throw new UsageError({
      attempted: 'look for lingering objects',
      on: '--ldif',
      cameBack: 'an export holds the copy of one domain controller, and two have to be compared',
      next: 'Name a domain controller with --server or --domain.',
    });
  }
  const options = scope.kind === 'new' ? scope.options : optionsOf(scope.plan);
  const evidence = known === undefined ? await readEvidence(world) : { ...known, isShown: true };
  const chosen = scopeOf(evidence.forest, options);
  if (chosen === undefined) return { ...evidence, scope: undefined, comparisons: [] };
  return { ...evidence, scope: chosen, comparisons: await compareAll(evidence, chosen, world) };
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
  const ownEvidence = await readOwnEvidence(forest, { session, openOther: world.openOther.bind(world) });
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
  const entry = await session.readEntry(directoryServiceDn(configurationNamingContext), [
    ...lifetimeAttributes,
    ...metadataAttributes,
  ]);
  const kind = serverKindOf(session.rootDse, false);
  const stored = entry === undefined ? noLifetimes : storedLifetimesOf(entry);
  const inForce = lifetimeInForce(stored, kind);
  const written = entry === undefined ? undefined : stampOf(entry, 'tombstoneLifetime')?.changed;
  const silence = silenceAtLastWrite(written instanceof Date ? written : undefined, kind, inForce, now);
  return Math.floor(silence ?? inForce.days);
}

const noLifetimes = {
  tombstoneLifetime: undefined,
  deletedObjectLifetime: undefined,
  garbageCollectionHours: undefined,
};

/** Objects whose fSMORoleOwner names a DC (MS-ADTS 6.1.5): of the forest, and of each domain. */
async function readRoles(
  session: DirectorySession,
  { configurationNamingContext, namingContexts }: Forest,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const domains = namingContexts.filter(({ kind }) => kind === 'domain');
  const several = domains.length > 1;
  const places = [
    { role: 'schema master', dn: joinDn('CN=Schema', configurationNamingContext) },
    { role: 'naming master', dn: joinDn('CN=Partitions', configurationNamingContext) },
    ...domains.flatMap(({ dn, dnsName }) => {
      const of = several ? ` of ${dnsName ?? dn}` : '';
      return [
        { role: `PDC${of}`, dn },
        { role: `RID master${of}`, dn: joinDn('CN=RID Manager$,CN=System', dn) },
        { role: `infrastructure master${of}`, dn: joinDn('CN=Infrastructure', dn) },
      ];
    }),
  ];
  const isHere = (dn: string): boolean =>
    session.rootDse.namingContexts.some((held) => dn.toLowerCase().endsWith(held.toLowerCase()));
  const owners = await Promise.all(
    places.map(async ({ role, dn }) => {
      const entry = isHere(dn) ? await session.readEntry(dn, ['fSMORoleOwner']) : undefined;
      return { role, owner: entry === undefined ? undefined : textOf(entry, 'fSMORoleOwner') };
    }),
  );
  const roles = new Map<string, string[]>();
  for (const { role, owner } of owners) {
    if (owner !== undefined) roles.set(owner.toLowerCase(), [...(roles.get(owner.toLowerCase()) ?? []), role]);
  }
  return roles;
}

async function compareAll(
  { forest, originator }: Pick<LingeringFacts, 'forest' | 'originator'>,
  { reference, targets, partitions }: LingeringScope,
  world: DirectoryWorld,
): Promise<readonly Comparison[]> {
  world.watch.begin(forest.domainControllers.map(hostOf));
  const comparing = {
    session: world.session,
    openOther: world.openOther.bind(world),
    signal: world.signal,
    onState: (domainController: DomainController, state: string): void =>
      world.watch.update(hostOf(domainController), state),
  };
  const comparisons: Comparison[] = [];
  for (const namingContext of partitions) {
    const holders = forest.domainControllers.filter((one) => hasFullCopy(one, namingContext));
    if (holders.includes(reference)) {
      // A read-only copy is looked at only as a target: it is no reference for another one.
      const others = holders.filter((one) => one !== reference && (!one.isReadOnly || targets.includes(one)));
      const copies = { namingContext, reference, others, targets, originator };
      comparisons.push(...(await compareCopies(copies, comparing)));
      continue;
    }
    const why = `${reference.name}: it has no writable copy`;
    for (const target of targets.filter((one) => holders.some((holder) => sameDn(holder.dn, one.dn)))) {
      comparisons.push({ kind: 'not-provable', target, reference, namingContext, why });
    }
  }
  return comparisons;
}
