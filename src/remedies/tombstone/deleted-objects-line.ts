/** The deleted objects of one naming context in words. */

import { countFrom, type DeletedObjects, oldestOf } from './deleted-objects.ts';

/** "DC=corp,DC=example,DC=com: 51 and 3 in the Recycle Bin, the oldest 57 days old", or why that is not known. */
export function deletedObjectsLine(one: DeletedObjects): string {
  if (one.kind !== 'counted') return uncountedInWords(one);
  const count = countFrom(0, one.tombstones).toLocaleString('en');
  const recoverable = countFrom(0, one.recoverable);
  const beside = recoverable === 0 ? '' : ` and ${recoverable.toLocaleString('en')} in the Recycle Bin`;
  return `${one.namingContext}: ${count}${beside}, the oldest ${oldestOf(one.tombstones, one.recoverable) ?? 0} days old`;
}

/** Why the deleted objects of a naming context are not counted. */
export function uncountedInWords(one: DeletedObjects): string {
  return one.kind === 'unknown' ? `${one.namingContext}: ${one.why}` : `${one.namingContext}: not permitted or none`;
}
