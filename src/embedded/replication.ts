/**
 * Replication between the DCs of a forest: a DC takes from another what it does not know yet, attribute by attribute.
 * The newer stamp wins: the higher version, then the later time, then the higher invocationId (MS-DRSR 4.1.10.6.9).
 * A deletion takes precedence over any other change of the entry. The values of a link are replicated as a whole.
 */

import { childDn, rdnOf } from '../ad/dn.ts';
import { formatGuid } from '../ad/entry.ts';
import type { Replica } from './domain-controller.ts';
import { type AttributeStamp, Reference, type StoredEntry, type Value } from './entry.ts';
import { type AttributeType, attributeType } from './schema.ts';
import type { Store } from './store.ts';
import { commit, markWritten, strip } from './write.ts';

/** The result of replication from one source. */
export type PullOutcome =
  | { readonly kind: 'done'; readonly applied: number }
  /** The source changed an entry that the target no longer has: a lingering object stops a strict DC (event 1988). */
  | { readonly kind: 'stopped'; readonly lingering: string };

/**
 * Takes the source's changes that the target does not know.
 *
 * @param strict whether the target refuses changes of an entry that it lacks; else it makes the entry again
 * @param at when; the target's cursors then show it. Without it, the times that the data states stay.
 */
export function pull(
  target: Replica,
  source: Replica,
  { strict = true, at }: { strict?: boolean; at?: Date } = {},
): PullOutcome {
  const { writes } = source.store;
  const changed = new Set(writes.slice(target.seen.get(source.host) ?? 0));
  let applied = 0;
  for (const entry of changed) {
    const result = take(entry, target, source, strict);
    if (result === 'refused') return { kind: 'stopped', lingering: entry.dn };
    if (result === 'taken') applied += 1;
  }
  target.seen.set(source.host, writes.length);
  for (const [origin, known] of source.vector) {
    target.learn(origin, at === undefined ? { ...known, lastSuccess: undefined } : known);
  }
  target.learn(source.invocationId, { source: source.domainController, usn: source.store.usn, lastSuccess: at });
  return { kind: 'done', applied };
}

/** Replicates the changes of one DC to all others over the links that are not cut. Throws nothing. */
export function spread(from: Replica, replicas: readonly Replica[]): void {
  const open = [from];
  for (let source = open.shift(); source !== undefined; source = open.shift()) {
    for (const target of replicas) {
      if (target === source || target.cutFrom.has(source.host)) continue;
      const outcome = pull(target, source);
      if (outcome.kind === 'done' && outcome.applied > 0) open.push(target);
    }
  }
}

type Taken = 'taken' | 'known' | 'refused';

/** Applies the news of one entry of the source to the target. */
function take(entry: StoredEntry, target: Replica, source: Replica, strict: boolean): Taken {
  const guid = entry.bytes('objectGUID');
  const all = source.store.stampsOf(entry);
  const news = all.filter(([, { origin, originUsn }]) => !target.knows(origin, originUsn));
  // What garbage collection has taken from the source has no objectGUID any more.
  if (guid === undefined || news.length === 0) return 'known';
  const own = target.store.byGuid(guid);
  if (own !== undefined) return merge(own, entry, news, target);
  const isCreation = news.some(([type]) => type === objectClass);
  if (!isCreation && entry.isDeleted) return 'known';
  if (!isCreation && strict) return 'refused';
  return create(entry, guid, all, { target, source, strict });
}

function create(
  entry: StoredEntry,
  guid: Buffer,
  stamps: readonly (readonly [AttributeType, AttributeStamp])[],
  { target, source, strict }: { readonly target: Replica; readonly source: Replica; readonly strict: boolean },
): Taken {
  const { store } = target;
  const { parent } = entry;
  const parentGuid = parent?.bytes('objectGUID');
  if (parent === undefined || parentGuid === undefined) return 'known';
  if (store.byGuid(parentGuid) === undefined && take(parent, target, source, strict) === 'refused') return 'refused';
  const place = store.byGuid(parentGuid) ?? store.placeAt(parent.dn);
  const isTaken = store.find(`${entry.rdn},${place.dn}`)?.present === true;
  // Where another entry has the name, merge settles which of the two keeps it.
  const { type, value } = rdnOf(entry.rdn);
  const own = store.insert(isTaken ? childDn(place.dn, type, conflictName(value, guid)) : `${entry.rdn},${place.dn}`);
  store.set(own, objectGuid, [guid]);
  return merge(own, entry, stamps, target);
}

/** Sets the attributes whose stamp is newer than the target's own. */
function merge(
  own: StoredEntry,
  entry: StoredEntry,
  news: readonly (readonly [AttributeType, AttributeStamp])[],
  target: Replica,
): Taken {
  const { store } = target;
  const wins = ([type, stamp]: readonly [AttributeType, AttributeStamp]): boolean =>
    isNewer(stamp, store.stampOf(own, type));
  const wasDeleted = own.isDeleted;
  const isDeletion = news.some((one) => one[0] === isDeleted && entry.isDeleted && (!wasDeleted || wins(one)));
  const isUndeletion = wasDeleted && news.some((one) => one[0] === isDeleted && !entry.isDeleted && wins(one));
  const staysDeleted = wasDeleted && !isUndeletion;
  const naming = attributeType(rdnOf(entry.rdn).type);
  const isNaming = (type: AttributeType): boolean => type === nameType || type === naming;
  // A tombstone keeps its name and what it is; a deletion brings its name along, whatever the stamps say.
  const taken = news.filter((one) =>
    staysDeleted && !entry.isDeleted
      ? wins(one) && one[0].keptByTombstone && !isNaming(one[0])
      : isDeletion || wins(one),
  );
  if (taken.length === 0) return 'known';
  const usn = store.nextUsn();
  for (const [type, stamp] of taken) {
    own.stamps.set(type, { ...stamp, usn });
    store.set(
      own,
      type,
      (entry.attributes.get(type) ?? []).map((value) => counterpart(value, store)),
    );
  }
  const latest = Math.max(...taken.map(([, { time }]) => time.getTime()));
  markWritten(own, store, usn, new Date(latest));
  if (isDeletion && !keepsAll(own, store)) strip(own, store);
  if (taken.some(([type]) => isNaming(type))) moveAlong(own, entry, target);
  return 'taken';
}

/** With the Recycle Bin a deleted entry that is not recycled yet loses nothing. */
function keepsAll(entry: StoredEntry, store: Store): boolean {
  return store.recycleBin && !entry.isTrue('isRecycled');
}

/** Gives the target's entry the place that it has on the source. */
function moveAlong(own: StoredEntry, entry: StoredEntry, target: Replica): void {
  const { store } = target;
  const parentGuid = entry.parent?.bytes('objectGUID');
  const parent = (parentGuid && store.byGuid(parentGuid)) ?? own.parent;
  if (parent === undefined || (parent === own.parent && own.rdn === entry.rdn)) return;
  const { type, value } = rdnOf(entry.rdn);
  const rival = store.find(`${entry.rdn},${parent.dn}`);
  if (rival?.present !== true || rival === own) {
    store.move(own, parent, type, value);
    return;
  }
  // Two entries of one name: the one named last keeps it (MS-DRSR 4.1.10.6.11).
  const stamp = store.stampOf(own, nameType);
  if (stamp !== undefined && isNewer(stamp, store.stampOf(rival, nameType))) {
    giveConflictName(rival, parent, target);
    store.move(own, parent, type, value);
  } else {
    giveConflictName(own, parent, target);
  }
}

function giveConflictName(entry: StoredEntry, parent: StoredEntry, target: Replica): void {
  const { type } = rdnOf(entry.rdn);
  const name = conflictName(entry.text('name') ?? '', entry.bytes('objectGUID') ?? Buffer.alloc(16));
  commit(
    entry,
    new Map([
      [nameType, [name]],
      [attributeType(type), [name]],
    ]),
    target,
  );
  target.store.move(entry, parent, type, name);
}

/** `Lee, Kim␊CNF:6b1f…`, as AD names the loser of a conflict. */
function conflictName(name: string, guid: Buffer): string {
  return `${name.replace(/\nCNF:.*$/s, '')}\nCNF:${formatGuid(guid)}`;
}

/** The value in the target's store: a reference names the entry with the same objectGUID there. */
function counterpart(value: Value, store: Store): Value {
  if (!(value instanceof Reference)) return value;
  const guid = value.target.bytes('objectGUID');
  return new Reference((guid && store.byGuid(guid)) ?? store.placeAt(value.target.dn), value.prefix);
}

function isNewer(one: AttributeStamp, other: AttributeStamp | undefined): boolean {
  if (other === undefined) return true;
  if (one.version !== other.version) return one.version > other.version;
  if (one.time.getTime() !== other.time.getTime()) return one.time > other.time;
  return one.origin > other.origin;
}

const objectClass = attributeType('objectClass');
const objectGuid = attributeType('objectGUID');
const nameType = attributeType('name');
const isDeleted = attributeType('isDeleted');
