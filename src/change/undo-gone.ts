/** Undoing without what cannot come back: entries that only the system makes, and the values that name them. */

import { isDeletedDn, normalizedDn } from '../ad/dn.ts';
import { dnIn } from '../ad/naming.ts';
import { DirectoryError } from '../errors.ts';
import { counted } from '../words.ts';
import { type FindingDraft, warning } from './findings.ts';
import type { AttributeEdit, Change, DeletedEntry, LeftOut, ModifyChange, Plan, PlanValue } from './plan.ts';
import type { ToUndo, Undo } from './undo.ts';

/**
 * What is left to undo: the deletes of these entries are left out, and so are values that name them or an entry that was
 * deleted before: no directory takes those.
 *
 * @param gone objectGUIDs
 */
export function withoutGone(toUndo: ToUndo<Change>, gone: ReadonlySet<string>): ToUndo<Change> {
  const dns = new Set(
    toUndo.changes.flatMap((change) =>
      change.kind === 'delete' && gone.has(change.guid) ? [normalizedDn(change.dn)] : [],
    ),
  );
  const left = new Map(toUndo.changes.map((change) => [change, changeLeft(change, gone, dns)] as const));
  const of = (changes: Iterable<Change>): readonly Change[] => [...changes].flatMap((change) => left.get(change) ?? []);
  return { changes: of(toUndo.changes), recorded: new Set(of(toUndo.recorded)) };
}

function changeLeft(change: Change, gone: ReadonlySet<string>, dns: ReadonlySet<string>): Change | undefined {
  switch (change.kind) {
    case 'delete':
      return gone.has(change.guid) ? undefined : deleteLeft(change, dns);
    case 'delete-tree':
      return { ...change, entries: change.entries.map((entry) => deleteLeft(entry, dns)) };
    case 'modify':
      return modifyLeft(change, dns);
    default:
      return change;
  }
}

function deleteLeft<D extends DeletedEntry>(deleted: D, dns: ReadonlySet<string>): D {
  const attributes = deleted.attributes
    .map((attribute) => ({ ...attribute, values: attribute.values.filter((value) => !namesOneOf(value, dns)) }))
    .filter(({ values }) => values.length > 0);
  return { ...deleted, attributes };
}

/** The reason of an undo for leaving out values that no directory takes. */
const lostForGood = 'values-to-deleted-entries';

/**
 * What the changes that were made have removed and cannot come back: values that pointed at an entry deleted before.
 *
 * @param gone objectGUIDs of entries that do not come back at all
 */
export function lostValues(
  made: Iterable<Change>,
  gone: ReadonlySet<string>,
): Pick<Undo<Change>, 'leftOut' | 'findings'> {
  const isLost = (values: readonly PlanValue[]): boolean => values.some((value) => namesOneOf(value, new Set()));
  const ofDeleted = ({ dn, attributes }: DeletedEntry): readonly string[] =>
    attributes
      .filter(({ values, isBackLink }) => isBackLink !== true && isLost(values))
      .map(({ name }) => `${name} of ${dn}`);
  const lost = [...made].flatMap((change): readonly string[] => {
    switch (change.kind) {
      case 'modify':
        return change.edits.filter(({ remove }) => isLost(remove)).map((edit) => `${edit.attribute} of ${change.dn}`);
      case 'delete':
        return gone.has(change.guid) ? [] : ofDeleted(change);
      case 'delete-tree':
        return change.entries.flatMap(ofDeleted);
      default:
        return [];
    }
  });
  return { leftOut: lost.map((what): LeftOut => ({ what, reason: lostForGood })), findings: lostFindings(lost) };
}

function lostFindings(lost: readonly string[]): readonly FindingDraft[] {
  if (lost.length === 0) return [];
  return [
    warning(
      lostForGood,
      `${counted(lost.length, 'attribute')} cannot be brought back: the values point at entries that are deleted`,
      'The directory refuses references to deleted entries. backup/before.ldf of the original change holds the values.',
      { evidence: lost, subjects: lost },
    ),
  ];
}

/** Whether an undo brings back everything that can come back. */
export function isWholeUndo({ leftOut }: Pick<Plan, 'leftOut'>): boolean {
  return leftOut.every(({ reason }) => reason === lostForGood);
}

/** A value that took the place of one that names them stays. */
function modifyLeft(change: ModifyChange, dns: ReadonlySet<string>): ModifyChange | undefined {
  const edits = change.edits.flatMap((edit): readonly AttributeEdit[] => {
    const remove = edit.remove.filter((value) => !namesOneOf(value, dns));
    if (remove.length === edit.remove.length) return [edit];
    return remove.length === 0 || edit.add.length > 0 ? [] : [{ ...edit, remove }];
  });
  return edits.length === 0 ? undefined : { ...change, edits };
}

function namesOneOf(value: PlanValue, dns: ReadonlySet<string>): boolean {
  if (typeof value !== 'string' || !value.includes('=')) return false;
  try {
    const dn = dnIn(value);
    return isDeletedDn(dn) || dns.has(normalizedDn(dn));
  } catch (error) {
    // Text that holds an equals sign and is no DN.
    if (error instanceof DirectoryError) return false;
    throw error;
  }
}
