/** A directory plan as LDIF: what it does, and what was there before. */

import type { AttributeEdit, DirectoryChange, DoomedEntry, ModifyChange, PlanAttribute } from '../change/plan.ts';
import { controlOid } from '../directory/controls.ts';
import type { LdifAttribute, LdifChangeRecord, LdifEdit } from '../directory/ldif.ts';
import { ldifComment, ldifRecord } from '../directory/ldif-writer.ts';
import { bytesOfWrittenValue, guidBase } from '../directory/values.ts';

/** change.ldf: the changes as records that ldapmodify and ldifde accept, in their order. */
export function* changeLdif(changes: readonly DirectoryChange[]): Generator<string> {
  yield ldifComment('The changes of the plan, for ldapmodify or ldifde -i. Unlike adsi-remedy apply, they check only');
  yield ldifComment('what the server checks itself: an edit is refused if the old value has changed.');
  yield '\n';
  for (const change of changes) yield* recordsOf(change).map((record) => ldifRecord(record));
}

/** backup/before.ldf: every entry that goes, whole, and the attributes to be edited as they were. */
export function* beforeLdif(changes: readonly DirectoryChange[]): Generator<string> {
  yield ldifComment('What was there before the change: entries to be deleted with all their attributes, and of');
  yield ldifComment('entries to be edited the values to be removed. For reading and for undo, not for import.');
  yield '\n';
  for (const change of changes) {
    switch (change.kind) {
      case 'delete':
        yield contentRecord(change);
        break;
      case 'delete-tree':
        for (const entry of change.entries) yield contentRecord(entry);
        break;
      case 'modify':
        yield ldifRecord({ kind: 'content', dn: change.dn, attributes: removedValues(change) });
        break;
      default:
        yield ldifComment(`${change.dn} was not there`);
        yield '\n';
    }
  }
}

function contentRecord(entry: DoomedEntry): string {
  return ldifRecord({ kind: 'content', dn: entry.dn, attributes: entry.attributes.map(ldifAttribute) });
}

function removedValues(change: ModifyChange): readonly LdifAttribute[] {
  return change.edits
    .filter((edit) => edit.remove.length > 0)
    .map((edit) => ldifAttribute({ name: edit.attribute, values: edit.remove }));
}

function recordsOf(change: DirectoryChange): readonly LdifChangeRecord[] {
  const record = { dn: change.dn, controls: [] };
  switch (change.kind) {
    case 'modify':
      return [{ ...record, kind: 'modify', edits: change.edits.flatMap(ldifEdits) }];
    case 'delete':
      return [{ ...record, kind: 'delete' }];
    case 'delete-tree':
      return [{ ...record, kind: 'delete', controls: [{ oid: controlOid.treeDelete, critical: true }] }];
    case 'add':
      return [{ ...record, kind: 'add', attributes: change.attributes.map(ldifAttribute) }];
    case 'undelete':
      return [
        {
          ...record,
          dn: guidBase(change.guid),
          controls: [{ oid: controlOid.showDeleted, critical: true }],
          kind: 'modify',
          edits: [
            { operation: 'delete', name: 'isDeleted', values: [] },
            { operation: 'replace', name: 'distinguishedName', values: [Buffer.from(change.dn)] },
            ...change.attributes.map((attribute) => ({ operation: 'replace' as const, ...ldifAttribute(attribute) })),
          ],
        },
      ];
  }
}

function ldifEdits(edit: AttributeEdit): readonly LdifEdit[] {
  const values = (operation: 'delete' | 'add', planned: AttributeEdit['add']): LdifEdit[] =>
    planned.length === 0 ? [] : [{ operation, name: edit.attribute, values: planned.map(bytesOfWrittenValue) }];
  return [...values('delete', edit.remove), ...values('add', edit.add)];
}

function ldifAttribute(attribute: PlanAttribute): LdifAttribute {
  return { name: attribute.name, values: attribute.values.map(bytesOfWrittenValue) };
}
