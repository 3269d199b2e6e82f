/** The verdicts on the objects that a target and a reference do not have alike: each is looked up on both once more. */

import { creationStamp, stampsOf } from '../../ad/attribute-stamps.ts';
import { booleanOf, type Entry, textsOf } from '../../ad/entry.ts';
import type { DomainController } from '../../ad/forest.ts';
import { readKnownChanges } from '../../ad/known-changes.ts';
import type { AttributeStamp } from '../../ad/replication-values.ts';
import { formatGuid, guidBase } from '../../ad/values.ts';
import { planAttributesOf, wholeEntry, withoutSacl } from '../../change/entry-content.ts';
import type { PlanAttribute } from '../../change/plan.ts';
import { inParallel } from '../../files/in-parallel.ts';
import { type Control, deletedObjectsControl } from '../../ldap/controls.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { isChangedSince, type Presence, type Reference, type Sighting, type Verdict, verdictOf } from './verdicts.ts';

/** An object with its verdict. */
export interface JudgedObject {
  readonly verdict: Verdict;
  /** Whether the reference lacks a change of it. */
  readonly isChanged: boolean;
  /** On the target. */
  readonly dn: string;
  readonly guid: string;
  /** The most specific objectClass. */
  readonly className: string;
  readonly creation: AttributeStamp | undefined;
  /** Everything that it holds; of lingering objects only. */
  readonly attributes: readonly PlanAttribute[];
}

/** A DC with a session. */
export interface OpenController {
  readonly domainController: DomainController;
  readonly session: DirectorySession;
}

/** Requests that are under way at a time. */
const lookAhead = 16;

/**
 * Judges objects of a target that the lists showed to differ.
 *
 * What the reference has had is read first, then each object on the reference, then on the target: what arrives, moves or
 * is deleted meanwhile is found by its objectGUID, or is newer than what was read, and never looks lingering.
 * @throws DirectoryError if a DC does not answer or does not show what the verdict rests on
 */
export async function judgeObjects(
  guids: readonly Buffer[],
  namingContext: string,
  target: OpenController,
  reference: OpenController,
  living: ReadonlySet<string>,
): Promise<readonly JudgedObject[]> {
  const known = await readKnownChanges(reference.session, reference.domainController, namingContext);
  const judged = await inParallel(guids, lookAhead, (guid) =>
    judgeObject(formatGuid(guid), target.session, reference.session, { known, living }),
  );
  return judged.filter((object) => object !== undefined);
}

async function judgeObject(
  guid: string,
  target: DirectorySession,
  reference: DirectorySession,
  rests: Reference,
): Promise<JudgedObject | undefined> {
  const base = guidBase(guid);
  const onReference = presenceOf(await reference.readEntry(base, ['isDeleted'], deletedObjects(reference)));
  if (onReference === 'alive') return undefined;
  // The stored metadata, not its XML: a DC constructs that for each object anew.
  const attributes = ['objectClass', 'isDeleted', 'replPropertyMetaData'];
  const entry = await target.readEntry(base, attributes, deletedObjects(target));
  if (entry === undefined) return undefined;
  const classes = textsOf(entry, 'objectClass');
  const sighting: Sighting = {
    presence: presenceOf(entry),
    isDynamic: classes.some((name) => name.toLowerCase() === 'dynamicobject'),
    stamps: stampsOf(entry),
  };
  const verdict = verdictOf(sighting, onReference, rests);
  if (verdict === undefined) return undefined;
  const whole = verdict === 'lingering' ? await target.readEntry(base, wholeEntry, [withoutSacl]) : undefined;
  // Deleted in this moment.
  if (verdict === 'lingering' && whole === undefined) return undefined;
  return {
    verdict,
    isChanged: isChangedSince(sighting, rests),
    dn: whole?.dn ?? entry.dn,
    guid,
    className: classes.filter((name) => name.toLowerCase() !== 'dynamicobject').at(-1) ?? '',
    creation: creationStamp(sighting.stamps),
    attributes: whole === undefined ? [] : planAttributesOf(whole),
  };
}

function presenceOf(entry: Entry | undefined): Presence {
  if (entry === undefined) return 'absent';
  return booleanOf(entry, 'isDeleted') === true ? 'deleted' : 'alive';
}

function deletedObjects({ rootDse }: DirectorySession): readonly Control[] {
  return [deletedObjectsControl(rootDse.supportedControls)];
}
