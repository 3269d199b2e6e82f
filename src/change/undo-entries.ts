/** Undo of directory changes: from the changes that were made to their reverse, compared with the present entries. */

import { normalizedDn, parentDn, rdnOf, sameDn } from '../ad/dn.ts';
import {
  allBytesOf,
  booleanOf,
  bytesOf,
  bytesOfWrittenValue,
  type Entry,
  guidBase,
  guidOf,
  writtenValueOf,
} from '../ad/entry.ts';
import { readForest } from '../ad/forest.ts';
import { areSameRights } from '../ad/security-descriptor.ts';
import { DirectoryError } from '../errors.ts';
import { type DirectorySession, deletedObjectsControl } from '../ldap/session.ts';
import { counted, distinct } from '../words.ts';
import { givesRights, isRestorable, isSecurityDescriptor } from './attribute-kinds.ts';
import {
  classesIn,
  type DeletedIdentity,
  deletedEntry,
  hasExactly,
  otherClass,
  otherTombstone,
  wholeEntry,
  withoutSacl,
} from './entry-content.ts';
import { type FindingDraft, finalBlocker, warning } from './findings.ts';
import { linksToPutBack } from './lost-links.ts';
import { reversedModify, valuesInWords, whatIsLeft } from './modify-writer.ts';
import {
  type AddChange,
  type AttributeEdit,
  type DeleteChange,
  type DeletedEntry,
  type DirectoryChange,
  deletedBy,
  type ModifyChange,
  type PlanAttribute,
  type PlanValue,
  type UndeleteChange,
} from './plan.ts';
import { notInJournal, type ToUndo, type Undo } from './undo.ts';

/**
 * The reverse of these changes: parents before children, then the values that name them.
 *
 * @throws DirectoryError if the directory can't be read
 */
export async function undoEntryChanges(
  { changes: done, recorded }: ToUndo<DirectoryChange>,
  session: DirectorySession,
): Promise<Undo<DirectoryChange>> {
  const deleted = orderOfReturn(done.flatMap(deletedBy));
  const stillGone = new Set(deleted.map(({ dn }) => normalizedDn(dn)));
  const canUndelete = deleted.length > 0 && (await supportsUndelete(session));
  const returns: Return[] = [];
  for (const entry of deleted) {
    returns.push(await lookAtDeletedEntry(entry, session, stillGone, canUndelete));
    stillGone.delete(normalizedDn(entry.dn));
  }
  const modified = done.filter((change) => change.kind === 'modify');
  const goneAgain = await deletesOfReturned(done, session);
  const going = new Set(goneAgain.map(({ guid }) => guid));
  const edits = await lookAtEdits(
    modified.filter(({ guid }) => !going.has(guid)),
    recorded,
    session,
  );
  const back = returns
    .filter(({ kind }) => kind !== 'name-is-taken' && kind !== 'is-another')
    .map(({ entry }) => entry);
  const links = await linksToPutBack(back, modified, session);
  const changes = [
    ...returns.flatMap(({ change }) => change ?? []),
    ...returns.flatMap(({ later }) => later ?? []),
    ...edits.open,
    ...goneAgain,
  ];
  const known = new Set([...recorded].flatMap((change) => [change.dn, ...deletedBy(change).map(({ dn }) => dn)]));
  const unknown = changes.map(({ dn }) => dn).filter((dn) => !known.has(dn));
  return {
    changes: [...changes, ...links.changes],
    leftOut: [],
    findings: [
      ...notInJournal(distinct(unknown)),
      ...(await findingsOf(returns, deleted, session)),
      ...linksNotRestored(links.lost),
      ...changedSince(
        // A journal that lacks one change may lack any.
        [
          ...returns.flatMap(({ moved }) => moved ?? []),
          ...edits.moved,
          ...links.moved.map(({ dn, attribute, values, found }) => movedWords(dn, { attribute, add: values }, found)),
          ...(unknown.length > 0 ? edits.movedUnrecorded : []),
        ],
        changes.length + links.changes.length === 0,
      ),
    ],
  };
}

interface Edits {
  readonly open: readonly ModifyChange[];
  /** Edits that are no longer as the change left them. */
  readonly moved: readonly string[];
  /** The same for changes that the journal does not have: they may not have been made. */
  readonly movedUnrecorded: readonly string[];
}

/** The edits that are left to do, and those to leave alone because the attribute was edited since. */
async function lookAtEdits(
  changes: readonly ModifyChange[],
  recorded: ReadonlySet<DirectoryChange>,
  session: DirectorySession,
): Promise<Edits> {
  const open: ModifyChange[] = [];
  const moved: string[] = [];
  const movedUnrecorded: string[] = [];
  for (const made of changes) {
    const change = reversedModify(made);
    const entry = await session.readEntry(
      guidBase(change.guid),
      change.edits.map(({ attribute }) => attribute),
    );
    const edits: AttributeEdit[] = [];
    for (const edit of change.edits) {
      const left = entry === undefined ? undefined : whatIsLeft(edit, entry);
      if (left?.kind === 'open') edits.push(left.edit);
      if (left?.kind !== 'drifted' && left !== undefined) continue;
      (recorded.has(made) ? moved : movedUnrecorded).push(movedWords(change.dn, edit, left?.found));
    }
    if (edits.length > 0) open.push({ ...change, edits });
  }
  return { open, moved, movedUnrecorded };
}

/** The value that is there, undefined if the entry is gone, and the one that was. */
function movedWords(
  dn: string,
  { attribute, add }: Pick<AttributeEdit, 'attribute' | 'add'>,
  found?: readonly PlanValue[],
): string {
  const now = found === undefined ? 'the entry is gone' : `${attribute} is ${valuesInWords(found)} now`;
  return `${dn}: ${now}; before the change ${attribute} was ${valuesInWords(add)}`;
}

function changedSince(moved: readonly string[], isAll: boolean): readonly FindingDraft[] {
  const rest = isAll ? 'and there is nothing else to restore' : 'and the rest is restored';
  return findingIf(moved, {
    id: 'changed-since',
    level: isAll ? 'blocker' : 'warning',
    title:
      moved.length === 1
        ? 'An attribute is not as the change left it'
        : `${moved.length} attributes are not as the change left them`,
    detail: `They were edited since, or their entries were deleted. They are not changed, ${rest}. If you want the former value, set it yourself.`,
  });
}

/**
 * An order in which each entry comes after its parent and, where that can be, after the entries that its values name.
 *
 * @param deleted parents before children
 */
function orderOfReturn(deleted: readonly DeletedEntry[]): readonly DeletedEntry[] {
  const names = new Set(deleted.map(({ dn }) => normalizedDn(dn)));
  const waiting = deleted.map((entry) => ({ entry, key: normalizedDn(entry.dn), needs: entriesNamedBy(entry, names) }));
  const ordered: DeletedEntry[] = [];
  while (waiting.length > 0) {
    const isReady = ({ needs }: (typeof waiting)[number]): boolean => !needs.some((dn) => names.has(dn));
    // In a ring of entries that name each other, the first one has to come without its values.
    const next = Math.max(0, waiting.findIndex(isReady));
    for (const { entry, key } of waiting.splice(next, 1)) {
      ordered.push(entry);
      names.delete(key);
    }
  }
  return ordered;
}

/** Its parent and whatever else of the deleted entries it names, normalised. */
function entriesNamedBy(entry: DeletedEntry, names: ReadonlySet<string>): readonly string[] {
  const values = restorableAttributes(entry, 'add').flatMap((attribute) => attribute.values);
  const named = values.filter((value) => namesOneOf(value, names)).map((value) => normalizedDn(String(value)));
  const self = normalizedDn(entry.dn);
  return [normalizedDn(parentDn(entry.dn) ?? ''), ...named].filter((dn) => dn !== self);
}

/** How one deleted entry is restored. */
interface Return {
  readonly entry: DeletedEntry;
  readonly kind: 'undelete' | 'add' | 'is-back' | 'name-is-taken' | 'is-another';
  readonly change?: UndeleteChange | AddChange;
  /** Values that name entries restored later than this one. */
  readonly later?: ModifyChange;
  /** Edits of an existing entry, in words. */
  readonly moved?: readonly string[];
  /** Attributes that a new entry cannot get. */
  readonly lost: readonly PlanAttribute[];
}

/** Samba with the Recycle Bin on refuses every undelete, as its deleted objects have no isRecycled to remove. */
async function supportsUndelete(session: DirectorySession): Promise<boolean> {
  if (session.rootDse.vendor === undefined || !/samba/i.test(session.rootDse.vendor)) return true;
  return (await readForest(session)).recycleBin !== 'on';
}

async function lookAtDeletedEntry(
  entry: DeletedEntry,
  session: DirectorySession,
  stillGone: ReadonlySet<string>,
  canUndelete: boolean,
): Promise<Return> {
  const base = guidBase(entry.guid);
  const live = await session.readEntry(base, wholeEntry, [withoutSacl]);
  if (live !== undefined && sameDn(live.dn, entry.dn)) {
    if (otherClass(identityOf(entry), live) !== undefined) return { entry, kind: 'is-another', lost: [] };
    return { entry, kind: 'is-back', ...completionOf(entry, live, stillGone), lost: [] };
  }
  if (live !== undefined || (await session.readEntry(entry.dn, ['1.1'])) !== undefined) {
    return { entry, kind: 'name-is-taken', lost: [] };
  }
  const tombstone = await session.readEntry(base, wholeEntry, [
    deletedObjectsControl(session.rootDse.supportedControls),
    withoutSacl,
  ]);
  const isThere = tombstone !== undefined && booleanOf(tombstone, 'isDeleted') === true;
  if (isThere && otherTombstone(identityOf(entry), tombstone) !== undefined)
    return { entry, kind: 'is-another', lost: [] };
  if (isThere && canUndelete) {
    const lacking = entry.attributes.filter((attribute) => !isSameRights(attribute, tombstone));
    return {
      entry,
      kind: 'undelete',
      ...undeleteOf(entry, lacking, stillGone, tombstone.dn),
      lost: [],
    };
  }
  return { entry, kind: 'add', ...additionOf(entry, stillGone) };
}

/**
 * Never deleted, or undone in part: what it lacks is completed, an attribute that was edited since is reported, and an
 * entry that lacks nothing is left alone. The security descriptor, which is always there, is put right.
 */
function completionOf(
  entry: DeletedEntry,
  live: Entry,
  stillGone: ReadonlySet<string>,
): Pick<Return, 'change' | 'later' | 'moved'> {
  const different = restorableAttributes(entry, 'undelete').filter(
    (attribute) => !hasExactly(live, attribute) && !isSameRights(attribute, live),
  );
  const isMissing = ({ name }: PlanAttribute): boolean =>
    isSecurityDescriptor(name) || allBytesOf(live, name).length === 0;
  const missing = different.filter(isMissing);
  const edited = different.filter((attribute) => !isMissing(attribute));
  const moved = edited.map(({ name, values }) =>
    movedWords(entry.dn, { attribute: name, add: values }, allBytesOf(live, name).map(writtenValueOf)),
  );
  return { moved, ...(missing.length === 0 ? {} : undeleteOf(entry, missing, stillGone)) };
}

/** Whether the entry, deleted or not, still has these rights of the plan: they come from the directory alone then. */
function isSameRights(attribute: PlanAttribute, found: Entry): boolean {
  const { name, values } = attribute;
  if (!isSecurityDescriptor(name)) return givesRights(name) && hasExactly(found, attribute);
  const held = bytesOf(found, name);
  const [planned] = values;
  return held !== undefined && planned !== undefined && areSameRights(held, bytesOfWrittenValue(planned));
}

/** What identifies the entry in addition to its objectGUID. */
function identityOf({ dn, attributes }: DeletedEntry): DeletedIdentity {
  return { dn, objectClass: classesIn(attributes) };
}

/** The part to write at once, and the part to write only when the entries that it names exist too. */
function undeleteOf(
  entry: DeletedEntry,
  attributes: readonly PlanAttribute[],
  stillGone: ReadonlySet<string>,
  tombstoneDn?: string,
): Pick<Return, 'change' | 'later'> {
  const { now, later } = inTwoParts(restorableAttributes({ ...entry, attributes }, 'undelete'), stillGone);
  return {
    change: {
      kind: 'undelete',
      dn: entry.dn,
      guid: entry.guid,
      ...(tombstoneDn === undefined ? {} : { tombstoneDn }),
      objectClass: classesIn(entry.attributes),
      attributes: now,
    },
    ...(later.length === 0
      ? {}
      : {
          later: {
            kind: 'modify',
            dn: entry.dn,
            guid: entry.guid,
            edits: later.map(({ name, values }) => ({ attribute: name, remove: [], add: values })),
          },
        }),
  };
}

/** A new entry's objectGUID is not known yet, so that nothing can be planned to be written to it later. */
function additionOf(entry: DeletedEntry, stillGone: ReadonlySet<string>): Pick<Return, 'change' | 'lost'> {
  const { now, later } = inTwoParts(restorableAttributes(entry, 'add'), stillGone);
  return { change: { kind: 'add', dn: entry.dn, attributes: now }, lost: later };
}

function restorableAttributes(entry: DeletedEntry, by: 'undelete' | 'add'): readonly PlanAttribute[] {
  const { type } = rdnOf(entry.dn);
  return entry.attributes.filter(({ name, isBackLink }) => isBackLink !== true && isRestorable(name, by, type));
}

function inTwoParts(
  attributes: readonly PlanAttribute[],
  names: ReadonlySet<string>,
): { readonly now: readonly PlanAttribute[]; readonly later: readonly PlanAttribute[] } {
  const isLater = (value: PlanValue): boolean => namesOneOf(value, names);
  const part = (wanted: boolean): readonly PlanAttribute[] =>
    attributes
      .map(({ name, values }) => ({ name, values: values.filter((value) => isLater(value) === wanted) }))
      .filter(({ values }) => values.length > 0);
  return { now: part(false), later: part(true) };
}

function namesOneOf(value: PlanValue, names: ReadonlySet<string>): boolean {
  if (typeof value !== 'string' || !value.includes('=')) return false;
  try {
    return names.has(normalizedDn(value));
  } catch (error) {
    // Text of another syntax that happens to hold an equals sign.
    if (error instanceof DirectoryError) return false;
    throw error;
  }
}

/** The undo of an undo: the entries that it restored are deleted again, as they are now. */
async function deletesOfReturned(
  done: readonly DirectoryChange[],
  session: DirectorySession,
): Promise<readonly DeleteChange[]> {
  const gone = new Map<string, string[]>();
  const deletes: DeleteChange[] = [];
  for (const change of done) {
    // An entry without a tombstone already existed and was only completed.
    const isReturn = change.kind === 'add' || (change.kind === 'undelete' && change.tombstoneDn !== undefined);
    if (!isReturn) continue;
    const base = change.kind === 'undelete' ? guidBase(change.guid) : change.dn;
    const found = await session.readEntry(base, wholeEntry, [withoutSacl]);
    const guid = found === undefined ? undefined : guidOf(found, 'objectGUID');
    if (found === undefined || guid === undefined || !sameDn(found.dn, change.dn)) continue;
    const parent = normalizedDn(parentDn(found.dn) ?? '');
    gone.set(parent, [...(gone.get(parent) ?? []), guid]);
    const children = gone.get(normalizedDn(found.dn)) ?? [];
    deletes.push({ kind: 'delete', ...deletedEntry(found, guid), children });
  }
  return deletes;
}

async function findingsOf(
  returns: readonly Return[],
  deleted: readonly DeletedEntry[],
  session: DirectorySession,
): Promise<readonly FindingDraft[]> {
  const ofKind = (kind: Return['kind']): readonly string[] =>
    returns.filter((one) => one.kind === kind).map(({ entry }) => entry.dn);
  const taken = ofKind('name-is-taken');
  const added = returns.filter(({ kind }) => kind === 'add');
  const lost = added.flatMap(({ entry, lost: attributes }) => attributes.map(({ name }) => `${name} of ${entry.dn}`));
  const missingParents = await parentsGone(returns, deleted, session);
  return [
    ...findingIf(taken, {
      id: 'came-back-otherwise',
      level: 'blocker',
      title: `${taken.length === 1 ? 'An entry to restore was' : `${taken.length} entries to restore were`} moved, or the name is taken`,
      detail:
        'An entry with the same name was created since, or the old one was moved. Undo overwrites nothing: rename or delete the present entry, then plan the undo again.',
    }),
    ...findingIf(ofKind('is-another'), {
      id: 'other-entry',
      level: 'blocker',
      title: 'An objectGUID of the plan belongs to another entry',
      detail:
        'It has another class than the entry that the plan deleted, or it was deleted from another place or under another name. The plan was edited, or the entry was moved before it was deleted. Restore what you need yourself.',
    }),
    ...findingIf(missingParents, {
      id: 'parent-gone',
      level: 'blocker',
      title: 'The container of an entry to restore is gone too',
      detail: 'It was deleted after the change that you undo. Restore it first, then plan the undo again.',
    }),
    ...findingIf(
      added.map(({ entry }) => entry.dn),
      {
        id: 'new-object-guid',
        level: 'warning',
        title: `${added.length === 1 ? 'An entry is' : `${added.length} entries are`} created again, not undeleted`,
        detail:
          'No tombstone is left that this server can undelete. A new entry has another objectGUID: unlinked references that were not cleared (such as homeMTA and msExchOwningServer) still point at the deleted one and have to be set again. whenCreated and the auditing part of the security descriptor are new.',
      },
    ),
    ...findingIf(lost, {
      id: 'values-not-restored',
      level: 'warning',
      title: 'Some values cannot be restored: they name entries that are created again later',
      detail: 'Set them yourself after the undo; before.ldf of the change holds them.',
    }),
  ];
}

function linksNotRestored(lost: readonly string[]): readonly FindingDraft[] {
  return findingIf(lost, {
    id: 'links-not-restored',
    level: 'warning',
    title: `${counted(lost.length, 'link')} to restored entries cannot be written here`,
    detail:
      'The directory removed the values when it deleted their targets. The entries with these links are gone or in another domain, or only the system writes the attribute. Set the values on a domain controller of their domain; before.ldf of the change shows them as back links.',
  });
}

function findingIf(
  evidence: readonly string[],
  { id, level, title, detail }: Pick<FindingDraft, 'id' | 'level' | 'title' | 'detail'>,
): readonly FindingDraft[] {
  if (evidence.length === 0) return [];
  const build = level === 'blocker' ? finalBlocker : warning;
  return [build(id, title, detail, { evidence, subjects: evidence })];
}

/** Parents that neither exist nor are restored. */
async function parentsGone(
  returns: readonly Return[],
  deleted: readonly DeletedEntry[],
  session: DirectorySession,
): Promise<readonly string[]> {
  const names = new Set(deleted.map(({ dn }) => normalizedDn(dn)));
  const gone = new Set<string>();
  for (const { entry, kind } of returns) {
    const parent = parentDn(entry.dn);
    if (kind === 'is-back' || parent === undefined || names.has(normalizedDn(parent))) continue;
    if ((await session.readEntry(parent, ['1.1'])) === undefined) gone.add(parent);
  }
  return [...gone];
}
