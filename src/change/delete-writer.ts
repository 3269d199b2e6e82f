/** Deletes: of one entry that is still exactly as it was read and has no children, or of a whole subtree. */

import { isDnThat, normalizedDn, sameDn } from '../ad/dn.ts';
import { booleanOf, type Entry, guidBase, guidOf, textsOf } from '../ad/entry.ts';
import { readAttributeDefinitions, readForwardLinks } from '../ad/schema.ts';
import { DirectoryError } from '../errors.ts';
import { resultCode } from '../ldap/diagnostics.ts';
import { type DirectorySession, deletedObjectsControl, everything, treeDelete } from '../ldap/session.ts';
import { distinct } from '../words.ts';
import type { ChangeOutcome, ChangeResult } from './apply.ts';
import { valueKey } from './clear-values.ts';
import { editSincePlanned, wholeEntry, withoutSacl } from './entry-content.ts';
import { type EntryAccess, type Look, lookAndWrite } from './look-and-write.ts';
import {
  type DeleteChange,
  type DeletedEntry,
  type DeleteTreeChange,
  type DirectoryChange,
  deletedBy,
  type PlanAttribute,
} from './plan.ts';

/**
 * Looks at the entry while the journal is written, and if it is as planned deletes it. That it has no children left the
 * server checks itself, at the very moment of deleting (RFC 4511 4.8); who they are is asked only when it refuses.
 */
export function writeDelete(
  change: DeleteChange,
  access: EntryAccess,
  intent: () => Promise<void>,
): Promise<ChangeOutcome> {
  let hasChildren = false;
  return lookAndWrite(access, intent, {
    intendsWhileLooking: true,
    look: (session) => (hasChildren ? lookAtChildren(change, session) : lookAtLeaf(change, session)),
    write: async (dn, session) => {
      try {
        await session.delete(dn);
      } catch (error) {
        hasChildren = error instanceof DirectoryError && error.resultCode === resultCode.notAllowedOnNonLeaf;
        throw error;
      }
    },
  });
}

async function lookAtLeaf(entry: DeletedEntry, session: DirectorySession): Promise<Look<string>> {
  const found = await session.readEntry(guidBase(entry.guid), wholeEntry, [withoutSacl]);
  if (found === undefined) return lookForTombstone(entry, session);
  const drift = await driftOf(entry, found, session);
  return drift === undefined ? { kind: 'as-planned', planned: found.dn } : { kind: 'drifted', what: drift };
}

async function lookAtChildren({ dn, children }: DeleteChange, session: DirectorySession): Promise<Look<string>> {
  const child = await firstChild(session, dn);
  const isBack = child !== undefined && children.includes(guidOf(child, 'objectGUID') ?? '');
  const what = isBack
    ? 'an entry below it that the plan has deleted exists again'
    : 'there is an entry below it that the plan does not delete';
  return { kind: 'drifted', what: `${what}: ${child?.dn ?? 'an entry that this user cannot see'}` };
}

async function firstChild(session: DirectorySession, dn: string): Promise<Entry | undefined> {
  const attributes = ['objectGUID'];
  try {
    for await (const child of session.search({ base: dn, scope: 'one', filter: everything, attributes })) return child;
    return undefined;
  } catch (error) {
    // It was deleted at this moment, with its children.
    if (error instanceof DirectoryError && error.resultCode === resultCode.noSuchObject) return undefined;
    throw error;
  }
}

/** Whether the deletion shows: done. Where not even a tombstone can be seen, that is not known. */
async function lookForTombstone({ guid }: Pick<DeletedEntry, 'guid'>, session: DirectorySession): Promise<Look<never>> {
  const control = deletedObjectsControl(session.rootDse.supportedControls);
  const found = await session.readEntry(guidBase(guid), ['isDeleted'], [control]);
  if (found === undefined) return { kind: 'out-of-sight', what: 'neither the entry nor its tombstone can be seen' };
  if (booleanOf(found, 'isDeleted') === true) return { kind: 'already-done' };
  return { kind: 'drifted', what: movedWords(found) };
}

function movedWords(found: Entry): string {
  return `the entry was renamed or moved: it is now ${found.dn}`;
}

/**
 * In what an entry, read whole, is not as the plan says, in words; undefined if it is. That its uSNChanged is the plan's
 * would not do: what the plan says that the entry holds is what was shown, what the deletion is permitted by, and what an
 * undo writes.
 */
async function driftOf(entry: DeletedEntry, found: Entry, session: DirectorySession): Promise<string | undefined> {
  if (!sameDn(found.dn, entry.dn)) return movedWords(found);
  return editSincePlanned(entry.attributes, found, async (dn) => (await session.readEntry(dn, ['1.1'])) !== undefined);
}

/** Looks at every entry of the subtree, and if all is as planned deletes it by one request, repeated while unfinished. */
export function writeDeleteTree(
  change: DeleteTreeChange,
  access: EntryAccess,
  intent: () => Promise<void>,
): Promise<ChangeOutcome> {
  return lookAndWrite(access, intent, {
    look: (session) => lookAtTree({ change, entries: change.entries }, session),
    write: deleteTree,
  });
}

/** A subtree as the plan knows it, with the change that deletes its root. */
interface Tree {
  readonly change: DeleteChange | DeleteTreeChange;
  readonly entries: readonly DeletedEntry[];
}

/** @param isEnded before anything is written: which links the plan takes away itself. Then the others have to be there */
async function lookAtTree(
  { change, entries }: Tree,
  session: DirectorySession,
  isEnded: IsEnded = () => true,
): Promise<Look<string>> {
  const root = await session.readEntry(guidBase(change.guid), ['1.1']);
  if (root === undefined) return lookForTombstone(change, session);
  const planned = new Map(entries.map((entry) => [entry.guid, entry]));
  const subtree = session.search({
    base: root.dn,
    scope: 'subtree',
    filter: everything,
    attributes: wholeEntry,
    controls: [withoutSacl],
  });
  for await (const found of subtree) {
    const entry = planned.get(guidOf(found, 'objectGUID') ?? '');
    if (entry === undefined) {
      return { kind: 'drifted', what: `there is an entry that the plan does not delete: ${found.dn}` };
    }
    planned.delete(entry.guid);
    const drift = (await driftOf(entry, found, session)) ?? linkMissing(entry, found, isEnded);
    if (drift !== undefined) return { kind: 'drifted', what: `${entry.dn}: ${drift}` };
  }
  for (const entry of planned.values()) {
    // If nothing of it is visible, that is not drift: only members of Administrators see deleted objects.
    const look = await lookForTombstone(entry, session);
    if (look.kind === 'drifted') return { kind: 'drifted', what: `${entry.dn}: ${look.what}` };
  }
  return { kind: 'as-planned', planned: root.dn };
}

/**
 * Looks at every subtree that goes, before anything is written: gives a delete that will not be possible, with the
 * reason. Throws DirectoryError.
 */
export async function lookAtDeletes(
  changes: readonly DirectoryChange[],
  access: EntryAccess,
): Promise<ChangeResult<DirectoryChange> | undefined> {
  const falseLink = await falseBackLink(changes, await access.session());
  if (falseLink !== undefined) return falseLink;
  for (const tree of treesOf(changes)) {
    const outcome = await lookAtTree(tree, await access.session(), linkEnds(changes));
    if (outcome.kind === 'drifted') return { change: tree.change, outcome };
  }
  return undefined;
}

/** What the plan calls a back link, and the attribute whose links it says that it shows, the schema has to call so too. */
async function falseBackLink(
  changes: readonly DirectoryChange[],
  session: DirectorySession,
): Promise<ChangeResult<DirectoryChange> | undefined> {
  const linksOf = (change: DirectoryChange): readonly PlanAttribute[] =>
    deletedBy(change).flatMap(({ attributes }) => attributes.filter(isMarkedAsLink));
  const names = distinct(changes.flatMap(linksOf).map(({ name }) => name));
  const definitions = await readAttributeDefinitions(session, names);
  const forward = await readForwardLinks(session, definitions.values());
  const isTrue = ({ name, linksFrom }: PlanAttribute): boolean => {
    const key = name.toLowerCase();
    const from = linksFrom === undefined ? undefined : forward.get(key);
    return definitions.get(key)?.link === 'back' && from?.toLowerCase() === linksFrom?.toLowerCase();
  };
  for (const change of changes) {
    const link = linksOf(change).find((one) => !isTrue(one));
    if (link === undefined) continue;
    const what = `the plan treats ${link.name} as a back link${link.linksFrom === undefined ? '' : ` of ${link.linksFrom}`}, which it is not`;
    return { change, outcome: { kind: 'drifted', what } };
  }
  return undefined;
}

function isMarkedAsLink({ isBackLink, linksFrom }: PlanAttribute): boolean {
  return isBackLink === true || linksFrom !== undefined;
}

/** Whether a plan itself takes the link of an entry away: by an edit of the attribute, or with the entry. */
function linkEnds(changes: readonly DirectoryChange[]): IsEnded {
  const keyOf = (dn: string, attribute: string): string => `${attribute.toLowerCase()} ${normalizedDn(dn)}`;
  const deleted = new Set(changes.flatMap(deletedBy).map(({ dn }) => normalizedDn(dn)));
  const edited = new Set(
    changes.flatMap((change) =>
      change.kind === 'modify' ? change.edits.map(({ attribute }) => keyOf(change.dn, attribute)) : [],
    ),
  );
  return (dn, attribute) => deleted.has(normalizedDn(dn)) || edited.has(keyOf(dn, attribute));
}

type IsEnded = (dn: string, attribute: string) => boolean;

/** A link that the plan shows and the entry does not have, in words: an undo would write it. */
function linkMissing(entry: DeletedEntry, found: Entry, isEnded: IsEnded): string | undefined {
  for (const { name, values, linksFrom } of entry.attributes) {
    if (linksFrom === undefined) continue;
    const there = new Set(textsOf(found, name).map((value) => dnOrText(value)));
    const missing = values.find(
      (value) =>
        typeof value !== 'string' || !(there.has(dnOrText(value)) || isDnThat(value, (dn) => isEnded(dn, linksFrom))),
    );
    if (missing !== undefined) return `${name} no longer shows ${valueKey(missing)}`;
  }
  return undefined;
}

function dnOrText(value: string): string {
  let text = value;
  isDnThat(value, (dn) => {
    text = normalizedDn(dn);
    return true;
  });
  return text;
}

/** The subtrees that go, by one request each or by single deletes. */
function treesOf(changes: readonly DirectoryChange[]): readonly Tree[] {
  const deletes = new Map(changes.flatMap((change) => (change.kind === 'delete' ? [[change.guid, change]] : [])));
  const below = new Set([...deletes.values()].flatMap(({ children }) => children));
  const roots = [...deletes.values()].filter(({ guid }) => !below.has(guid));
  return [
    ...changes.flatMap((change) => (change.kind === 'delete-tree' ? { change, entries: change.entries } : [])),
    ...roots.map((change) => ({ change, entries: entriesFrom(change, deletes) })),
  ];
}

/** The entry and those below it, as the plan knows them by the children of each. */
function entriesFrom(entry: DeleteChange, deletes: ReadonlyMap<string, DeleteChange>): readonly DeleteChange[] {
  return [
    entry,
    ...entry.children.flatMap((guid) => {
      const child = deletes.get(guid);
      return child === undefined ? [] : entriesFrom(child, deletes);
    }),
  ];
}

/** Long enough for a subtree of some thousand entries, in milliseconds. */
const treeDeadline = 600_000;
const maximumRequests = 1000;

/** AD deletes as many entries as it can in its time and answers 11 when more are left: the same request again goes on. */
async function deleteTree(dn: string, session: DirectorySession): Promise<void> {
  for (let request = 1; ; request += 1) {
    try {
      await session.delete(dn, [treeDelete], treeDeadline);
      return;
    } catch (error) {
      const isUnfinished = error instanceof DirectoryError && error.resultCode === resultCode.adminLimitExceeded;
      if (!isUnfinished || request === maximumRequests) throw error;
    }
  }
}
