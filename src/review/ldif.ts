/**
 * A directory plan as LDIF: what it does, and what was there before. Lingering objects as the rootDSE operations that have
 * their DC remove them (MS-ADTS 3.1.1.3.3.15, KB 314282): the DC asks the reference itself before it removes anything.
 */

import { dnIn } from '../ad/dn.ts';
import { bytesOfWrittenValue, guidBase } from '../ad/entry.ts';
import { importRemoval } from '../ad/repadmin.ts';
import { isSecurityDescriptor } from '../change/attribute-kinds.ts';
import { valueKey } from '../change/clear-values.ts';
import { withoutSacl } from '../change/entry-content.ts';
import { openBlockers } from '../change/findings.ts';
import { type FolderDocument, folderParts, removalFiles } from '../change/folder.ts';
import { byGuid, namesDeleted } from '../change/modify-writer.ts';
import type {
  AttributeEdit,
  DeletedEntry,
  DirectoryChange,
  EntryChange,
  ForestTarget,
  ModifyChange,
  Plan,
  PlanAttribute,
  PlanValue,
  RemoveLingeringChange,
  UndeleteChange,
} from '../change/plan.ts';
import { showDeleted, treeDelete } from '../ldap/session.ts';
import { type LdifAttribute, type LdifChangeRecord, type LdifEdit, ldifComment, ldifRecord } from '../ldif/ldif.ts';
import { hostInCommand } from '../quoting.ts';
import { visible } from '../terminal/text-layout.ts';
import { counted, groupBy, listed } from '../words.ts';
import { commentsOf } from './summary.ts';

/** change.ldf: the changes as records that ldapmodify and ldifde accept, in their order, after comments for the reader. */
export function* changeLdif(changes: readonly DirectoryChange[], plan?: Plan): Generator<string> {
  const isForLdifde = !asksForControls(changes);
  const readers = isForLdifde
    ? 'ldapmodify or ldifde -i'
    : 'ldapmodify (some records have controls, which ldifde does not accept)';
  const isOfForest = plan?.target.kind === 'forest';
  const isImportable = isOfForest && openBlockers(plan.findings).length === 0;
  yield* comments([
    `The changes of the plan, for ${readers}.`,
    'Importing it checks less than adsi-remedy apply: the server refuses an edit only if the old value',
    'has changed.',
    ...(changes.some(removesDeleted) ? aboutDeleted : []),
    ...(isOfForest ? commentsOf(plan) : []),
    ...(isImportable ? importCommands(plan.target, isForLdifde) : []),
  ]);
  yield '\n';
  for (const change of changes) {
    yield* deletedNames(change);
    yield* recordsOf(change).map((record) => ldifRecord(record));
  }
}

const aboutDeleted = [
  'Values that name deleted entries are removed by objectGUID (<GUID=…>, MS-ADTS 3.1.1.3.1.2.4), as Samba',
  'does not find them by DN. The comment above a record has the DN of each. Where such a DN has a binary',
  'or string part, all values are replaced by those that stay: the server compares nothing.',
];

function comments(lines: readonly string[]): readonly string[] {
  return lines.map(ldifComment);
}

function removesDeleted(change: DirectoryChange): boolean {
  return change.kind === 'modify' && change.edits.some(namesDeleted);
}

/** Comments with the values that a record removes by objectGUID: base64 hides them (RFC 2849: no value begins with <). */
function* deletedNames(change: DirectoryChange): Generator<string> {
  if (change.kind !== 'modify') return;
  for (const { attribute, remove } of change.edits) {
    for (const value of remove) {
      const written = byGuid(value);
      if (written !== value) yield ldifComment(visible(`${attribute}: ${String(value)}`));
    }
  }
}

/** How to import it, on the DC that the plan was made on. */
function importCommands({ domainController, connection }: ForestTarget, isForLdifde: boolean): readonly string[] {
  // An export may not say where it was made: its name has no domain then.
  const isNamed = connection.kind !== 'ldif' || domainController.includes('.');
  const host = isNamed ? hostInCommand(domainController) : 'DC';
  return [
    'Import it with:',
    ...(isForLdifde ? [`  ldifde -i -f change.ldf -s ${host}`] : []),
    `  ldapmodify -H ldaps://${host} -D USER -W -f change.ldf`,
  ];
}

/**
 * Whether a record of change.ldf has a control: line (RFC 2849), which ldifde does not accept: a tree delete, and the restore
 * of deleted entries and their rights.
 */
export function asksForControls(changes: readonly EntryChange[]): boolean {
  return changes.some(
    (change) =>
      change.kind === 'delete-tree' ||
      (change.kind === 'undelete' &&
        (change.tombstoneDn !== undefined || change.attributes.some(({ name }) => isSecurityDescriptor(name)))),
  );
}

/** backup/before.ldf: every entry to be deleted, and the former values of attributes to be edited. */
export function* beforeLdif(changes: readonly EntryChange[]): Generator<string> {
  const isHandedOver = changes.some(({ kind }) => kind === 'remove-lingering');
  yield* comments([
    'State before the change: entries to be deleted with all their attributes; of entries to be',
    'edited only the attributes to be edited. Their values are as recorded when the plan was made: apply',
    'compares those of entries to be deleted and those that are removed, not values that stay.',
    `For reading${isHandedOver ? '' : ' and for undo'}, not for import.`,
  ]);
  yield '\n';
  for (const change of changes) {
    switch (change.kind) {
      case 'delete':
      case 'remove-lingering':
        yield contentRecord(change);
        break;
      case 'delete-tree':
        for (const entry of change.entries) yield contentRecord(entry);
        break;
      case 'modify':
        yield ldifRecord({ kind: 'content', dn: change.dn, attributes: editedAttributes(change) });
        break;
      default:
        yield ldifComment(`${visible(change.dn)} ${isBack(change) ? 'existed in part' : 'did not exist'}`);
        yield '\n';
    }
  }
}

/** Whether the change only completes an entry that was restored before, by another user or by an interrupted undo. */
function isBack(change: EntryChange): boolean {
  return change.kind === 'undelete' && change.tombstoneDn === undefined;
}

function contentRecord(entry: Pick<DeletedEntry, 'dn' | 'attributes'>): string {
  return ldifRecord({ kind: 'content', dn: entry.dn, attributes: entry.attributes.map(ldifAttribute) });
}

function editedAttributes({ edits }: ModifyChange): readonly LdifAttribute[] {
  return edits
    .map(({ attribute, held, remove }) => ({ name: attribute, values: held ?? remove }))
    .filter(({ values }) => values.length > 0)
    .map(ldifAttribute);
}

function recordsOf(change: DirectoryChange): readonly LdifChangeRecord[] {
  const record = { dn: change.dn, controls: [] };
  switch (change.kind) {
    case 'modify':
      return [{ ...record, kind: 'modify', edits: change.edits.flatMap(ldifEdits) }];
    case 'delete':
      return [{ ...record, kind: 'delete' }];
    case 'delete-tree':
      return [{ ...record, kind: 'delete', controls: [treeDelete] }];
    case 'add':
      return [{ ...record, kind: 'add', attributes: change.attributes.map(ldifAttribute) }];
    case 'undelete':
      return undeleteRecords(change);
  }
}

/**
 * By the DN of the deleted object, as Samba finds it by nothing else, and with the security descriptor in a record of
 * its own: a server may refuse it in an undelete.
 */
function undeleteRecords(change: UndeleteChange): readonly LdifChangeRecord[] {
  const { dn, tombstoneDn } = change;
  const replacements = (wanted: boolean): readonly LdifEdit[] =>
    change.attributes
      .filter(({ name }) => isSecurityDescriptor(name) === wanted)
      .map((attribute) => ({ operation: 'replace', ...ldifAttribute(attribute) }));
  const returning: readonly LdifEdit[] = [
    { operation: 'delete', name: 'isDeleted', values: [] },
    { operation: 'replace', name: 'distinguishedName', values: [Buffer.from(dn)] },
  ];
  const records: readonly LdifChangeRecord[] = [
    tombstoneDn === undefined
      ? { kind: 'modify', dn, controls: [], edits: replacements(false) }
      : { kind: 'modify', dn: tombstoneDn, controls: [showDeleted], edits: [...returning, ...replacements(false)] },
    { kind: 'modify', dn, controls: [withoutSacl], edits: replacements(true) },
  ];
  return records.filter((record) => record.kind === 'modify' && record.edits.length > 0);
}

/** @see writeModify, which falls back to the same forms on a server that refuses the DN */
function ldifEdits(edit: AttributeEdit): readonly LdifEdit[] {
  if (edit.remove.some((value) => byGuid(value) !== value && hasPart(value))) return [withoutDeleted(edit)];
  const values = (operation: 'delete' | 'add', planned: AttributeEdit['add']): LdifEdit[] =>
    planned.length === 0 ? [] : [{ operation, name: edit.attribute, values: planned.map(bytesOfWrittenValue) }];
  return [...values('delete', edit.remove.map(byGuid)), ...values('add', edit.add)];
}

/** Whether a DN has a binary or string part. */
function hasPart(value: PlanValue): boolean {
  return typeof value === 'string' && dnIn(value) !== value;
}

/** Samba finds no value with a binary or string part that names a deleted entry, by its DN or by its objectGUID. */
function withoutDeleted({ attribute, held = [], remove, add }: AttributeEdit): LdifEdit {
  const gone = new Set(remove.map(valueKey));
  const values = [...held.filter((value) => !gone.has(valueKey(value))), ...add].map(bytesOfWrittenValue);
  return values.length === 0
    ? { operation: 'delete', name: attribute, values }
    : { operation: 'replace', name: attribute, values };
}

function ldifAttribute(attribute: PlanAttribute): LdifAttribute {
  return { name: attribute.name, values: attribute.values.map(bytesOfWrittenValue) };
}

/** A document for each DC, as each takes only its own operations; none has one while a blocker stops the plan. */
export function removalDocuments(plan: Plan, changes: readonly RemoveLingeringChange[]): readonly FolderDocument[] {
  if (openBlockers(plan.findings).length > 0) {
    const none = ldifComment('No operation is written as long as a blocker stops this plan.');
    return [{ name: folderParts.ldif, content: [...headComments(plan), none] }];
  }
  const byHost = groupBy(changes, ({ on }) => on);
  const hosts = [...byHost.keys()];
  if (hosts.length === 0) {
    const none = ldifComment('No lingering object was found: there is nothing to import.');
    return [{ name: folderParts.ldif, content: [...headComments(plan), none] }];
  }
  const files = removalFiles(hosts);
  const ofHosts = [...byHost].map(([host, ofHost]) => {
    const name = files.get(host) ?? folderParts.ldif;
    return { name, content: removalLdif(plan, host, name, ofHost) };
  });
  if (hosts.length === 1) return ofHosts;
  const names = listed([...files.values()]);
  const pointer = ldifComment(`Each domain controller has its own file: ${names}`);
  return [{ name: folderParts.ldif, content: [...headComments(plan), pointer] }, ...ofHosts];
}

const headComments = (plan: Plan): readonly string[] => comments(commentsOf(plan));

function* removalLdif(
  plan: Plan,
  host: string,
  file: string,
  changes: readonly RemoveLingeringChange[],
): Generator<string> {
  const references = [...new Set(changes.map(({ reference }) => `${reference.host} (DSA GUID ${reference.dsaGuid})`))];
  yield* headComments(plan);
  const about = [
    `Removes ${counted(changes.length, 'lingering object')} from ${host}, for a Windows domain controller:`,
    importRemoval(host, file),
    `Reference: ${listed(references)}; it must be reachable from ${host}.`,
    'Before you import: repadmin /removelingeringobjects with /advisory_mode must have given this list (event 1946),',
    'with no other objects than those that next-steps.txt names.',
    'A removed object leaves no tombstone and cannot be restored: backup/before.ldf holds its attributes.',
  ];
  yield* comments(about.map(visible));
  yield '\n';
  for (const change of changes) {
    const value = `${guidBase(change.reference.dsaGuid)}:${guidBase(change.guid)}`;
    // The value starts with "<", which LDIF allows only as base64 (RFC 2849), so a readable comment is added.
    yield ldifComment(`${visible(change.dn)}\n${value}`);
    yield ldifRecord({
      kind: 'modify',
      dn: '',
      controls: [],
      edits: [{ operation: 'replace', name: 'removeLingeringObject', values: [Buffer.from(value)] }],
    });
  }
}
