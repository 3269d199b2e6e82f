/** What each DC shows of itself, for the choice of the reference: its backups, how far back it remembers, when it last worked. */

import { askDomainControllers, type DomainControllerAccess } from '../../ad/ask-domain-controllers.ts';
import { joinDn, sameDn } from '../../ad/dn.ts';
import { generalizedTimeOf, largeIntegerOf } from '../../ad/entry.ts';
import type { DomainController, Forest } from '../../ad/forest.ts';
import { metadataAttributes, stampOf, stampsOf } from '../../ad/replication-values.ts';
import { DirectoryError } from '../../errors.ts';
import { type DirectorySession, deletedObjectsControl, equal, type Filter } from '../../ldap/session.ts';

/** undefined where the DC does not show it. */
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

/** How long a DC may take, in milliseconds: a container of deleted objects may be large. */
const deadlineMs = 20_000;

/** Asks every DC; those that do not answer in time are missing. */
export async function readOwnEvidence(
  { domainControllers, namingContexts }: Forest,
  access: DomainControllerAccess,
): Promise<ReadonlyMap<DomainController, OwnEvidence>> {
  const compared = namingContexts.filter(({ kind }) => kind !== 'schema').map(({ dn }) => dn);
  const answers = await askDomainControllers(
    domainControllers,
    access,
    (session, domainController) => {
      const held = compared.filter((dn) => domainController.fullNamingContexts.some((one) => sameDn(one, dn)));
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

/** What a DC refuses, or does not have, is not known. */
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
