/** What one DC has of the change: the value, and where and when it was written. */

import { textsOf } from '../../ad/entry.ts';
import { guidBase } from '../../ad/values.ts';
import type { ModifyChange } from '../../change/plan.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { metadataAttributes, stampOf } from './backups.ts';

export interface LifetimeOnDc {
  readonly hasValue: boolean;
  /** How often the attribute was written, all DCs together; undefined where the DC does not tell. */
  readonly version: number | undefined;
  /** "180, version 3, written on CN=DC1,… at 2026-11-22T09:30:00.000Z" */
  readonly words: string;
}

/**
 * Looks at the value on the session's DC.
 * @param nameOf the DC of an invocationId
 * @throws DirectoryError
 */
export async function lifetimeOnDc(
  session: DirectorySession,
  change: ModifyChange,
  nameOf: (invocationId: string) => string,
): Promise<LifetimeOnDc> {
  const entry = await session.readEntry(guidBase(change.guid), ['tombstoneLifetime', ...metadataAttributes]);
  if (entry === undefined) return { hasValue: false, version: undefined, words: 'the entry can not be seen there' };
  const held = textsOf(entry, 'tombstoneLifetime').join(', ');
  const wanted = change.edits.flatMap(({ add }) => add).join(', ');
  const stamp = stampOf(entry, 'tombstoneLifetime');
  const value = held === '' ? 'not set' : held;
  const when =
    stamp === undefined || stamp.changed === 'never'
      ? ''
      : `, version ${stamp.version}, written on ${nameOf(stamp.originatingInvocationId)} at ${stamp.changed.toISOString()}`;
  return { hasValue: held === wanted, version: stamp?.version, words: value + when };
}

/**
 * Whether a DC has the change that was written on another: the value, at least as often written. The value alone may be
 * an older one that happens to be the same.
 */
export function hasChange(there: LifetimeOnDc, written: LifetimeOnDc): boolean {
  if (there.version === undefined || written.version === undefined) return there.hasValue;
  return there.hasValue && there.version >= written.version;
}
