/**
 * What an object is that one DC, the target, has in another form than the reference: the rule of MS-DRSR 4.1.24.3. An
 * object that the target has and the reference lacks, alive and as a tombstone, is lingering if the reference has already
 * had its creation: then it has had, and forgotten, its deletion too.
 */

import { creationStamp } from '../../ad/attribute-stamps.ts';
import { isKnown, type KnownChanges } from '../../ad/known-changes.ts';
import type { AttributeStamp } from '../../ad/replication-values.ts';

/** In the order of a review. */
export const verdicts = [
  'lingering',
  'undeleted',
  'abandoned',
  'new',
  'late',
  'transient',
  'dynamic',
  'not-provable',
] as const;

/**
 * - lingering: the reference has deleted it and forgotten that.
 * - undeleted: lingering, but it was undeleted on the target since.
 * - abandoned: the reference never had it, and the DC that created it no longer exists.
 * - new: the reference has not had its creation, or its undeletion, yet.
 * - late: the reference has a tombstone of it, which replication brings.
 * - transient: the target itself has only a tombstone left, which its garbage collection takes.
 * - dynamic: a dynamicObject, which ends by its own time to live and leaves no tombstone.
 * - not-provable: the target does not show where and when it was created.
 */
export type Verdict = (typeof verdicts)[number];

/** What a DC has of an object. */
export type Presence = 'alive' | 'deleted' | 'absent';

/** An object as the target has it. */
export interface Sighting {
  readonly presence: Presence;
  /** Whether its classes have dynamicObject. */
  readonly isDynamic: boolean;
  readonly stamps: readonly AttributeStamp[];
}

/** What the reference is known to have had, and which DCs exist. */
export interface Reference {
  readonly known: KnownChanges;
  /** The DC of the forest that made a change, now or under a former invocationId. */
  readonly originator: (invocationId: string) => unknown;
}

/** The verdict on an object of the target; undefined where the two DCs agree, or only the other direction is of interest. */
export function verdictOf(sighting: Sighting, onReference: Presence, reference: Reference): Verdict | undefined {
  if (sighting.presence === 'absent' || onReference === 'alive') return undefined;
  if (onReference === 'deleted') {
    if (sighting.presence === 'deleted') return undefined;
    return isUndeletedSince(sighting, reference) ? 'new' : 'late';
  }
  if (sighting.isDynamic) return 'dynamic';
  const creation = creationStamp(sighting.stamps);
  if (creation === undefined) return 'not-provable';
  const hadIt = isKnown(reference.known, creation);
  if (sighting.presence === 'deleted') return hadIt ? 'transient' : undefined;
  if (hadIt) return isUndeletedSince(sighting, reference) ? 'undeleted' : 'lingering';
  return reference.originator(creation.originatingInvocationId) === undefined ? 'abandoned' : 'new';
}

/**
 * Whether the reference lacks a change of it: replicated, the change stops a strict DC (event 1988, error 8606) or has the
 * object come back on a loose one (event 1388).
 */
export function isChangedSince({ stamps }: Sighting, { known }: Reference): boolean {
  return stamps.some((stamp) => !isKnown(known, stamp));
}

/** The first deletion writes version 1 of isDeleted, an undeletion a later one. */
function isUndeletedSince({ stamps }: Sighting, { known }: Reference): boolean {
  return stamps.some((stamp) => stamp.attribute === 'isDeleted' && stamp.version >= 2 && !isKnown(known, stamp));
}
