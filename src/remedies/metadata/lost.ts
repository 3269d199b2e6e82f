/**
 * What a forced demotion loses: changes made on this domain controller that no other one has received (KB 2020053), and the
 * findings on them, if it still answers.
 */

import { createHash } from 'node:crypto';
import { readKnownChanges } from '../../ad/ask-domain-controllers.ts';
import { normalizedDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { bytesOfWrittenValue, type Entry, textOf } from '../../ad/entry.ts';
import { type DomainController, type Forest, hasFullCopy } from '../../ad/forest.ts';
import { linkMetadataAttribute, linkStampsOf, metadataAttributes, stampsOf } from '../../ad/replication-values.ts';
import { readAttributeNumbers } from '../../ad/schema.ts';
import { planAttributesOf, wholeEntry, withoutSacl } from '../../change/entry-content.ts';
import { type FindingDraft, warning } from '../../change/findings.ts';
import type { PlanAttribute } from '../../change/plan.ts';
import { DirectoryError } from '../../errors.ts';
import { type DirectorySession, deletedObjectsControl, everything } from '../../ldap/session.ts';
import { writeLdif } from '../../ldif/ldif.ts';
import { counted, distinct } from '../../words.ts';
import type { DirectoryWorld } from '../remedy.ts';
import type { Candidate } from './candidates.ts';
import { steps } from './finding-steps.ts';

/** An object that was changed or deleted there, or lies in a partition that only this DC holds. */
export interface Lost {
  /** Its DN there: of a deleted one that of its tombstone. */
  readonly dn: string;
  readonly change: /** Names of the attributes whose last change was made there and has arrived nowhere else. */
    | { readonly kind: 'edited'; readonly attributes: readonly string[] }
    /** Its last parent, if the tombstone names it. */
    | { readonly kind: 'deleted'; readonly from: string | undefined }
    | { readonly kind: 'only-copy' };
  /** Everything that it holds there. */
  readonly whole: readonly PlanAttribute[];
}

/** Changes and objects that only one DC has. */
export interface Losses {
  /** The first `mostLost` of them. */
  readonly objects: readonly Lost[];
  /** Whether there are more. */
  readonly isCut: boolean;
  /** Every partition that the DC holds in full. */
  readonly partitions: readonly Look[];
}

/** How a partition is compared. */
export interface Look {
  readonly namingContext: string;
  readonly kind: /** With what other DCs have had of it. */
    | 'compared'
    /** No other DC holds a full copy: all of it is lost. */
    | 'only-copy'
    /** None of the DCs that hold a full copy shows what it has had. */
    | 'not-compared';
  /** The lowest uSNChanged of what others may not have had. */
  readonly from: bigint;
}

/** The length of the list; an isolated DC that ran for a year has more than a reader needs. */
export const mostLost = 1000;

/** Reads it from the DC itself; undefined for one that does not answer, or does not show what it has. */
export async function readLost(
  world: DirectoryWorld,
  forest: Forest,
  candidate: Candidate,
): Promise<Losses | undefined> {
  const { reachability, host, settings, had } = candidate;
  const byDn = (dn: string | undefined): DomainController | undefined =>
    forest.domainControllers.find(({ settingsDn }) => dn !== undefined && sameDn(settingsDn, dn));
  const there = byDn(settings?.dn);
  const here = byDn(world.session.rootDse.dsServiceName);
  if (reachability.kind !== 'answers' || host === undefined || there === undefined || here === undefined)
    return undefined;
  try {
    const partitions = await looksOf(world.session, forest, { here, there, had });
    const session = await world.openOther(host);
    return await readOnlyThere(session, there, partitions).finally(() => session.close());
  } catch (error) {
    // It answers, but does not show what it has.
    if (error instanceof DirectoryError) return undefined;
    throw error;
  }
}

type Pair = { readonly here: DomainController; readonly there: DomainController } & Pick<Candidate, 'had'>;

async function looksOf(
  session: DirectorySession,
  { domainControllers }: Forest,
  { here, there, had }: Pair,
): Promise<readonly Look[]> {
  const looks: Look[] = [];
  for (const namingContext of there.fullNamingContexts) {
    const hadByOthers = had.get(normalizedDn(namingContext));
    const known = hasFullCopy(here, namingContext)
      ? ((await readKnownChanges(session, here, namingContext)).get(originOf(there)) ?? 0n)
      : undefined;
    // One that does not show what it holds may hold it.
    const isHeld = domainControllers.some(
      (one) => one !== there && (one.fullNamingContexts.length === 0 || hasFullCopy(one, namingContext)),
    );
    const highest = [hadByOthers, known].reduce((one, other) => ((one ?? -1n) > (other ?? -1n) ? one : other));
    if (highest !== undefined) looks.push({ namingContext, kind: 'compared', from: highest + 1n });
    else looks.push({ namingContext, kind: isHeld ? 'not-compared' : 'only-copy', from: 1n });
  }
  return looks;
}

const originOf = ({ invocationId }: DomainController): string => invocationId?.toLowerCase() ?? '';

/** Changes that others may have received too come first: a partition without another copy is lost as a whole in any case. */
async function readOnlyThere(
  session: DirectorySession,
  there: DomainController,
  partitions: readonly Look[],
): Promise<Losses> {
  const objects: Lost[] = [];
  const inOrder = (['compared', 'only-copy'] as const).flatMap((kind) => partitions.filter((one) => one.kind === kind));
  for (const look of inOrder) {
    for await (const lost of lostOf(session, originOf(there), look)) {
      if (objects.length === mostLost) return { objects, isCut: true, partitions };
      objects.push(lost);
    }
  }
  return { objects, isCut: false, partitions };
}

const metadata = [...metadataAttributes, linkMetadataAttribute];

async function* lostOf(
  session: DirectorySession,
  origin: string,
  { namingContext, kind, from }: Look,
): AsyncGenerator<Lost> {
  const isOnlyCopy = kind === 'only-copy';
  const search = session.search({
    base: namingContext,
    scope: 'subtree',
    filter: isOnlyCopy ? everything : { kind: 'greaterOrEqual', attribute: 'uSNChanged', value: `${from}` },
    attributes: isOnlyCopy ? wholeEntry : [...wholeEntry, ...metadata],
    controls: [withoutSacl, ...(isOnlyCopy ? [] : [deletedObjectsControl(session.rootDse.supportedControls)])],
  });
  let numbers: ReadonlyMap<number, string> | undefined;
  for await (const entry of search) {
    const stamped = [...stampsOf(entry), ...linkStampsOf(entry)]
      .filter((stamp) => stamp.originatingInvocationId.toLowerCase() === origin && stamp.originatingUsn >= from)
      .map(({ attribute }) => attribute);
    if (stamped.some((attribute) => numberIn(attribute) !== undefined)) numbers ??= await readAttributeNumbers(session);
    // A rename of an entry changes its name attribute too. When Samba receives a new entry, it stamps only the naming
    // attribute.
    const naming = rdnOf(entry.dn).type.toLowerCase();
    const changed = stamped
      .map((attribute) => numbers?.get(numberIn(attribute) ?? -1) ?? attribute)
      .filter((attribute) => attribute.toLowerCase() !== naming);
    if (!isOnlyCopy && changed.length === 0) continue;
    yield {
      dn: entry.dn,
      change: isOnlyCopy ? { kind } : changeOf(entry, distinct(changed)),
      whole: planAttributesOf(entry).filter(({ name }) => !metadata.includes(name)),
    };
  }
}

/** The number in "attid 131126". */
function numberIn(attribute: string): number | undefined {
  const digits = /^attid (\d+)$/.exec(attribute)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A deletion stamps what it strips too: of its attributes isDeleted says it all. */
function changeOf(entry: Entry, attributes: readonly string[]): Lost['change'] {
  return attributes.includes('isDeleted')
    ? { kind: 'deleted', from: textOf(entry, 'lastKnownParent') }
    : { kind: 'edited', attributes };
}

/** Next to the plan's own documents in the change folder. */
export const lostFile = 'only-there.ldf';

/** The objects as they are on that DC, for the change folder; [] if there are none. */
export function lostRecords({ chosen }: { readonly chosen: { readonly lost: Losses | undefined } | undefined }) {
  const objects = chosen?.lost?.objects ?? [];
  return objects.length === 0 ? [] : [{ name: lostFile, content: [lostLdif(objects)] }];
}

/** The LDIF of the objects, to keep. */
function lostLdif(lost: readonly Lost[]): string {
  const records = lost.map(({ dn, whole }) => ({
    kind: 'content' as const,
    dn,
    attributes: whole.map(({ name, values }) => ({ name, values: values.map(bytesOfWrittenValue) })),
  }));
  return [...writeLdif(records)].join('');
}

/**
 * Findings on objects that were changed there, that no other DC holds, and that could not be compared.
 *
 * @param lost undefined if it cannot be read
 */
export function lossFindings(candidate: Candidate, lost: Losses | undefined, now: Date): readonly FindingDraft[] {
  if (lost !== undefined) return knownLosses(candidate, lost, now);
  const { name, reachability, kind, settings } = candidate;
  // A read-only DC makes no changes.
  if (kind !== 'dc' || reachability.kind === 'this' || settings?.isReadOnly === true) return [];
  return [
    warning(
      'what-is-lost',
      `Changes that only ${name} has are lost and cannot be read`,
      'These are changes made on it after it last replicated. If you can start it or read its disk, check there first.',
      { subjects: [name] },
    ),
  ];
}

function knownLosses(
  { name, host = name }: Candidate,
  { objects, isCut, partitions }: Losses,
  now: Date,
): readonly FindingDraft[] {
  const changed = objects.filter(({ change }) => change.kind !== 'only-copy').map(({ dn }) => dn);
  const named = (wanted: Look['kind']): readonly string[] =>
    partitions.filter(({ kind }) => kind === wanted).map(({ namingContext }) => namingContext);
  const [onlyCopies, notCompared] = [named('only-copy'), named('not-compared')];
  const isMore = isCut && changed.length === objects.length;
  const count = isMore
    ? `More than ${counted(changed.length, 'object')} were`
    : counted(changed.length, 'object was', 'objects were');
  const exports = isCut
    ? partitions.map(({ namingContext, from }, index) =>
        steps.of('export-changes', { name, host, namingContext, from: `${from}`, number: index + 1 }),
      )
    : [];
  const kept = isCut
    ? `${lostFile} in the change folder holds only the first ${counted(objects.length, 'object')}: export all of them with the commands.`
    : `${lostFile} in the change folder holds the objects as they are there.`;
  const source = {
    name: lostFile,
    read: now.toISOString(),
    sha256: createHash('sha256').update(lostLdif(objects)).digest('hex'),
  };
  return [
    changed.length > 0 &&
      warning(
        'only-it-has',
        `${count} changed or deleted on ${name}, and no other domain controller that answers has these changes`,
        `A forced demotion loses these changes. ${kept}`,
        {
          steps: exports,
          evidence: changed.slice(0, 100),
          subjects: changed,
          measure: { value: changed.length, unit: 'objects' },
          source,
        },
      ),
    onlyCopies.length > 0 &&
      warning(
        'only-copy',
        `No other domain controller holds ${counted(onlyCopies.length, 'partition')} of ${name}: all objects in it are lost`,
        `A forced demotion loses the only copy. ${kept}`,
        { steps: exports, evidence: onlyCopies, subjects: onlyCopies, source },
      ),
    notCompared.length > 0 &&
      warning(
        'not-compared',
        `It is not known what only ${name} has in ${counted(notCompared.length, 'partition')}`,
        'No other domain controller with a full copy shows which changes it has received. Changes there may be lost as well.',
        { evidence: notCompared, subjects: notCompared },
      ),
  ].filter((one) => one !== false);
}
