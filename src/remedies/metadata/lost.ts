/** What a forced demotion loses: changes made on this domain controller that no other one has had (KB 2020053). */

import { linkMetadataAttribute, linkStampsOf, metadataAttributes, stampsOf } from '../../ad/attribute-stamps.ts';
import { normalizedDn, sameDn } from '../../ad/dn.ts';
import { type Entry, textOf } from '../../ad/entry.ts';
import type { DomainController, Forest } from '../../ad/forest.ts';
import { readKnownChanges } from '../../ad/known-changes.ts';
import { bytesOfWrittenValue } from '../../ad/values.ts';
import { planAttributesOf, wholeEntry, withoutSacl } from '../../change/entry-content.ts';
import type { PlanAttribute } from '../../change/plan.ts';
import { DirectoryError } from '../../errors.ts';
import { deletedObjectsControl } from '../../ldap/controls.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { writeLdif } from '../../ldif/ldif-writer.ts';
import { distinct } from '../../words.ts';
import type { DirectoryWorld } from '../remedy.ts';
import type { Candidate } from './candidates.ts';

/** An object that was changed or deleted there. */
export interface Lost {
  /** Its DN there: of a deleted one that of its tombstone. */
  readonly dn: string;
  readonly change: /** Names of the attributes whose last change was made there and has arrived nowhere else. */
    | { readonly kind: 'edited'; readonly attributes: readonly string[] }
    /** Its last parent, if the tombstone names it. */
    | { readonly kind: 'deleted'; readonly from: string | undefined };
  /** Everything that it holds there. */
  readonly whole: readonly PlanAttribute[];
}

/** What is listed; an isolated DC that ran on for a year has more than a person reads. */
export const mostLost = 1000;

/** Reads it from the DC itself; undefined for one that does not answer, or does not show what it has. */
export async function readLost(
  world: DirectoryWorld,
  forest: Forest,
  candidate: Candidate,
): Promise<readonly Lost[] | undefined> {
  const { reach, host, settings, had } = candidate;
  const byDn = (dn: string | undefined): DomainController | undefined =>
    forest.domainControllers.find(({ settingsDn }) => dn !== undefined && sameDn(settingsDn, dn));
  const there = byDn(settings?.dn);
  const here = byDn(world.session.rootDse.dsServiceName);
  if (reach.kind !== 'answers' || host === undefined || there === undefined || here === undefined) return undefined;
  try {
    const session = await world.openOther(host);
    return await readOnlyThere(world.session, session, { here, there, had }).finally(() => session.close());
  } catch (error) {
    // It answers, but does not show what it has.
    if (error instanceof DirectoryError) return undefined;
    throw error;
  }
}

async function readOnlyThere(
  session: DirectorySession,
  other: DirectorySession,
  { here, there, had }: { readonly here: DomainController; readonly there: DomainController } & Pick<Candidate, 'had'>,
): Promise<readonly Lost[]> {
  const origin = there.invocationId?.toLowerCase() ?? '';
  const metadata = [...metadataAttributes, linkMetadataAttribute];
  const shared = there.fullNamingContexts.filter((dn) => here.fullNamingContexts.some((one) => sameDn(one, dn)));
  const lost: Lost[] = [];
  for (const namingContext of shared) {
    const known = (await readKnownChanges(session, here, namingContext)).get(origin) ?? 0n;
    const hadByOthers = had.get(normalizedDn(namingContext)) ?? 0n;
    const highest = known > hadByOthers ? known : hadByOthers;
    const search = other.search({
      base: namingContext,
      scope: 'subtree',
      filter: { kind: 'greaterOrEqual', attribute: 'uSNChanged', value: `${highest + 1n}` },
      attributes: [...wholeEntry, ...metadata],
      controls: [withoutSacl, deletedObjectsControl(other.rootDse.supportedControls)],
    });
    for await (const entry of search) {
      const changed = [...stampsOf(entry), ...linkStampsOf(entry)]
        .filter((stamp) => stamp.originatingInvocationId.toLowerCase() === origin && stamp.originatingUsn > highest)
        .map(({ attribute }) => attribute);
      if (changed.length === 0) continue;
      const whole = planAttributesOf(entry).filter(({ name }) => !metadata.includes(name));
      lost.push({ dn: entry.dn, change: changeOf(entry, distinct(changed)), whole });
      if (lost.length === mostLost) return lost;
    }
  }
  return lost;
}

/** A deletion stamps what it strips too: of its attributes isDeleted says it all. */
function changeOf(entry: Entry, attributes: readonly string[]): Lost['change'] {
  return attributes.includes('isDeleted')
    ? { kind: 'deleted', from: textOf(entry, 'lastKnownParent') }
    : { kind: 'edited', attributes };
}

/** Beside the plan's own documents in the change folder. */
export const lostFile = 'only-there.ldf';

/** The objects as they are on that DC, for the change folder; [] if there are none. */
export function lostRecords({
  chosen,
}: {
  readonly chosen: { readonly lost: readonly Lost[] | undefined } | undefined;
}) {
  const lost = chosen?.lost ?? [];
  return lost.length === 0 ? [] : [{ name: lostFile, content: [lostLdif(lost)] }];
}

/** The LDIF of the objects, to keep. */
export function lostLdif(lost: readonly Lost[]): string {
  const records = lost.map(({ dn, whole }) => ({
    kind: 'content' as const,
    dn,
    attributes: whole.map(({ name, values }) => ({ name, values: values.map(bytesOfWrittenValue) })),
  }));
  return [...writeLdif(records)].join('');
}
