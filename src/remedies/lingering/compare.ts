/**
 * Compares the copies of a naming context: the reference's list is read once, then each other DC's objects are compared
 * with it while they arrive, four DCs at a time.
 */

import type { DomainControllerAccess } from '../../ad/ask-domain-controllers.ts';
import { isChosen } from '../../ad/ask-domain-controllers.ts';
import { sameDn } from '../../ad/dn.ts';
import { allBytesOf, textOf } from '../../ad/entry.ts';
import { type DomainController, hostOf } from '../../ad/forest.ts';
import type { Originator } from '../../ad/known-changes.ts';
import { formatSid } from '../../ad/values.ts';
import { DirectoryError } from '../../errors.ts';
import { inParallel } from '../../files/in-parallel.ts';
import { deletedObjectsControl } from '../../ldap/controls.ts';
import { equal } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { type JudgedObject, judgeObjects, type OpenController } from './judge-objects.ts';
import { compareWithList, readList } from './lists.ts';

/** What was found on a target, judged by a reference. */
export type Comparison = {
  readonly target: DomainController;
  readonly reference: DomainController;
  readonly namingContext: string;
} & (
  | { readonly kind: 'compared'; readonly objects: readonly JudgedObject[] }
  | { readonly kind: 'not-provable'; readonly why: string }
);

/** Which copies are compared. */
export interface CopiesToCompare {
  readonly namingContext: string;
  readonly reference: DomainController;
  /** The other full copies. */
  readonly others: readonly DomainController[];
  /** Those of them that must be comparable. All are judged by the reference, and it by all that are writable. */
  readonly targets: readonly DomainController[];
  /** Which DC of the forest made a change. */
  readonly originator: Originator;
}

export interface Comparing extends DomainControllerAccess {
  readonly signal: AbortSignal;
  readonly onState: (domainController: DomainController, state: string) => void;
}

const domainControllersAtOnce = 4;

/** Compares all copies with the reference's, in both directions. What cannot be compared is not provable, with the reason. */
export async function compareCopies(copies: CopiesToCompare, comparing: Comparing): Promise<readonly Comparison[]> {
  const { reference, others, namingContext } = copies;
  if (others.length === 0) {
    const why = 'no other domain controller has a full copy';
    return [{ kind: 'not-provable', target: reference, reference, namingContext, why }];
  }
  try {
    return await withSession(reference, comparing, async (session) => {
      const list = await readList(session, namingContext, readingOf(reference, namingContext, comparing));
      const found = await inParallel(others, domainControllersAtOnce, (other) =>
        compareCopy({ domainController: reference, session }, other, list, copies, comparing),
      );
      return found.flat();
    });
  } catch (error) {
    // Without the reference's list nothing is provable in this naming context; the others are still compared.
    if (!(error instanceof DirectoryError)) throw error;
    return others.flatMap((other) => notCompared(other, copies, `${reference.name}: ${error.trouble.cameBack}`));
  }
}

async function compareCopy(
  reference: OpenController,
  other: DomainController,
  list: Awaited<ReturnType<typeof readList>>,
  copies: CopiesToCompare,
  comparing: Comparing,
): Promise<readonly Comparison[]> {
  const { namingContext } = copies;
  try {
    return await withSession(other, comparing, async (session) => {
      const reading = readingOf(other, namingContext, comparing);
      const { here, there } = await compareWithList(session, namingContext, list, reading);
      const opened: OpenController = { domainController: other, session };
      const judge = (guids: readonly Buffer[], target: OpenController, by: OpenController): Promise<Comparison> =>
        judgeDirection(guids, target, by, copies);
      const comparisons = [
        // An RODC's copy proves nothing about another one's: removal takes a writable reference.
        ...(other.isReadOnly ? [] : [await judge(there, reference, opened)]),
        await judge(here, opened, reference),
      ];
      comparing.onState(other, 'compared');
      return comparisons;
    });
  } catch (error) {
    // One DC that cannot be read leaves the others comparable.
    if (!(error instanceof DirectoryError)) throw error;
    comparing.onState(other, error.trouble.cameBack);
    return notCompared(other, copies, `${other.name}: ${error.trouble.cameBack}`);
  }
}

async function judgeDirection(
  guids: readonly Buffer[],
  target: OpenController,
  reference: OpenController,
  { namingContext, originator }: CopiesToCompare,
): Promise<Comparison> {
  const pair = { target: target.domainController, reference: reference.domainController, namingContext };
  try {
    await requireDeletedObjectsShown(reference.session, namingContext);
    const objects = await judgeObjects(guids, namingContext, target, reference, originator);
    return { kind: 'compared', ...pair, objects };
  } catch (error) {
    // What one direction rests on may be missing while the other is provable.
    if (!(error instanceof DirectoryError)) throw error;
    return { kind: 'not-provable', ...pair, why: `${reference.domainController.name}: ${error.trouble.cameBack}` };
  }
}

/** Both directions of a pair that could not be compared. */
function notCompared(
  other: DomainController,
  { reference, namingContext, targets }: CopiesToCompare,
  why: string,
): readonly Comparison[] {
  return [
    ...(other.isReadOnly
      ? []
      : [{ kind: 'not-provable' as const, target: reference, reference: other, namingContext, why }]),
    ...(targets.includes(other)
      ? [{ kind: 'not-provable' as const, target: other, reference, namingContext, why }]
      : []),
  ];
}

/** BUILTIN\Administrators, who may list CN=Deleted Objects (MS-ADTS 6.1.1.4.2; MS-DTYP 2.4.2.4). */
const administrators = 'S-1-5-32-544';

/**
 * Without the right to see deleted objects a search finds none, without an error, and an object whose tombstone is there
 * looks lingering. The right is proven by a tombstone that is seen, or by the user's groups on this DC.
 */
async function requireDeletedObjectsShown(session: DirectorySession, namingContext: string): Promise<void> {
  const rootDse = await session.readEntry('', ['tokenGroups']);
  const groups = rootDse === undefined ? [] : allBytesOf(rootDse, 'tokenGroups').map(formatSid);
  if (groups.includes(administrators)) return;
  const found = session.search({
    base: namingContext,
    scope: 'subtree',
    filter: equal('isDeleted', 'TRUE'),
    attributes: ['lastKnownParent'],
    controls: [deletedObjectsControl(session.rootDse.supportedControls)],
  });
  // The container itself is marked as deleted, and is shown to everyone.
  for await (const entry of found) if (textOf(entry, 'lastKnownParent') !== undefined) return;
  throw new DirectoryError({
    attempted: 'see deleted objects',
    on: `${namingContext} on ${session.identity.host}`,
    cameBack: 'no deleted object is shown (none there, or no right to see them)',
    next: 'Log on as an administrator of the domain.',
  });
}

function readingOf(domainController: DomainController, namingContext: string, { signal, onState }: Comparing) {
  return {
    signal,
    onCount: (count: number) => onState(domainController, `${count.toLocaleString('en')} objects in ${namingContext}`),
  };
}

async function withSession<T>(
  domainController: DomainController,
  access: DomainControllerAccess,
  use: (session: DirectorySession) => Promise<T>,
): Promise<T> {
  if (isChosen(domainController, access.session)) return await use(access.session);
  const session = await access.openOther(hostOf(domainController));
  try {
    return await use(session);
  } finally {
    // Closing never throws, and its end is of no interest.
    void session.close();
  }
}

/** Whether a DC has a full copy of a naming context. */
export function hasFullCopy({ fullNamingContexts }: DomainController, namingContext: string): boolean {
  return fullNamingContexts.some((held) => sameDn(held, namingContext));
}
