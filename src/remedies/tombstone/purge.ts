/** What another lifetime does to the objects that are deleted already. */

import { addedUp, countFrom, type DeletedObjects } from './deleted-objects.ts';
import type { TombstoneFacts } from './facts.ts';
import { effectiveLifetime, unsetMeans } from './lifetime.ts';
import type { WantedLifetime } from './options.ts';

/** The days that are in force after the change; those of today if nothing is wanted. */
export function daysAfter(facts: TombstoneFacts, wanted: WantedLifetime): number {
  switch (wanted.kind) {
    case 'days':
      return wanted.days;
    case 'unset':
      return unsetMeans(facts.serverKind);
    case 'none':
      return effectiveLifetime(facts.settings, facts.serverKind);
  }
}

export interface Purge {
  /** Tombstones, or recycled objects, that the next garbage collection takes away for good. */
  readonly collected: number;
  /** With the Recycle Bin: deleted objects that can be brought back today, and then no more. */
  readonly recycled: number;
  /** Naming contexts in which deleted objects could not be counted: theirs come on top. */
  readonly uncounted: readonly DeletedObjects[];
}

/** What a lifetime of so many days takes away at once that the one in force keeps. */
export function purgeOf(facts: TombstoneFacts, days: number): Purge {
  const tombstones = addedUp(facts.deletedObjects, 'tombstones');
  const recoverable = addedUp(facts.deletedObjects, 'recoverable');
  const followsLifetime = facts.settings.deletedObjectLifetime === undefined;
  return {
    collected: countFrom(days, tombstones),
    recycled: followsLifetime ? countFrom(days, recoverable) : 0,
    uncounted: facts.deletedObjects.filter(({ kind }) => kind !== 'counted'),
  };
}
