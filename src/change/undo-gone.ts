/** Undoing without what cannot come back: entries that only the system makes, and the values that name them. */

import { isDeletedDn, isSameOrBelow, normalizedDn } from '../ad/dn.ts';
import { dnIn } from '../ad/naming.ts';
import { DirectoryError } from '../errors.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { counted } from '../words.ts';
import { type FindingDraft, warning } from './findings.ts';
import type { AttributeEdit, Change, DeletedEntry, LeftOut, ModifyChange, Plan, PlanValue } from './plan.ts';
import type { ToUndo, Undo } from './undo.ts';
import { deletedBy } from './undo-link.ts';

/** What no undo brings back. */
export interface Gone {
  /** objectGUIDs of entries that the plan deleted. */
  readonly entries: ReadonlySet<string>;
  /** Normalised DNs of entries that were not there before: no directory takes a value that names one. */
  readonly targets: ReadonlySet<string>;
}

/** DNs in values that a plan has cleared, of which no entry is there and none comes back. Throws DirectoryError. */
export async function missingTargets(
  changes: readonly Change[],
  session: Pick<DirectorySession, 'readEntry'> & {
    readonly rootDse: Pick<DirectorySession['rootDse'], 'namingContexts'>;
  },
): Promise<ReadonlySet<string>> {
  const back = new Set(changes.flatMap((change) => deletedBy(change).map(({ dn }) => normalizedDn(dn))));
  const named = new Map<string, string>();
  for (const change of changes) {
    if (change.kind !== 'modify') continue;
    for (const value of change.edits.flatMap(({ remove }) => remove)) {
      namesEntry(value, (dn) => {
        const key = normalizedDn(dn);
        // What lies elsewhere this DC cannot say.
        const isHere = session.rootDse.namingContexts.some((context) => isSameOrBelow(dn, context));
        if (isHere && !isDeletedDn(dn) && !back.has(key)) named.set(key, dn);
        return isHere;
      });
    }
  }
  const missing = new Set<string>();
  for (const [key, dn] of named) if ((await session.readEntry(dn, ['1.1'])) === undefined) missing.add(key);
  return missing;
}

/**
 * What is left to undo: the deletes of entries that are gone are left out, and so are values that name them or an entry
 * that was deleted before: no directory takes those.
 */
export function withoutGone(toUndo: ToUndo<Change>, { entries: gone, targets }: Gone): ToUndo<Change> {
  const dns = new Set([...dnsOfGone(toUndo.changes, gone), ...targets]);
  const left = new Map(toUndo.changes.map((change) => [change, changeLeft(change, gone, dns)] as const));
  const of = (changes: Iterable<Change>): readonly Change[] => [...changes].flatMap((change) => left.get(change) ?? []);
  return { changes: of(toUndo.changes), recorded: new Set(of(toUndo.recorded)) };
}

function dnsOfGone(changes: Iterable<Change>, gone: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(
    [...changes].flatMap((change) =>
      change.kind === 'delete' && gone.has(change.guid) ? [normalizedDn(change.dn)] : [],
    ),
  );
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
const toDeletedEntries = 'values-to-deleted-entries';

/** The reason of an undo for leaving out entries that only the system makes, and the values that name them. */
export const onlyBySystem = 'only-the-system-makes-it';

/**
 * What the changes that were made have removed and cannot come back: entries that only the system makes, values that
 * name these, and values that pointed at an entry deleted before.
 */
export function lostForGood(
  made: Iterable<Change>,
  { entries: gone, targets }: Gone,
): Pick<Undo<Change>, 'leftOut' | 'findings'> {
  const changes = [...made];
  const ofSystem = dnsOfGone(changes, gone);
  const entries = changes.flatMap((change) =>
    change.kind === 'delete' && gone.has(change.guid) ? [{ what: change.dn, reason: onlyBySystem }] : [],
  );
  const values = changes.flatMap(valuesRemoved).filter(({ guid }) => !gone.has(guid));
  const naming = (isLost: (dn: string) => boolean, reason: string): readonly LeftOut[] =>
    values
      .filter((removed) => removed.values.some((value) => namesEntry(value, isLost)))
      .map(({ what }) => ({ what, reason }));
  const toDeleted = naming((dn) => isDeletedDn(dn) || targets.has(normalizedDn(dn)), toDeletedEntries);
  return {
    leftOut: [...entries, ...naming((dn) => ofSystem.has(normalizedDn(dn)), onlyBySystem), ...toDeleted],
    findings: lostFindings(toDeleted.map(({ what }) => what)),
  };
}

/** The values of one attribute that a change has removed. */
interface RemovedValues {
  /** "msExchOwningServer of CN=…" */
  readonly what: string;
  readonly guid: string;
  readonly values: readonly PlanValue[];
}

function valuesRemoved(change: Change): readonly RemovedValues[] {
  const ofDeleted = ({ dn, guid, attributes }: DeletedEntry): readonly RemovedValues[] =>
    attributes
      .filter(({ isBackLink }) => isBackLink !== true)
      .map(({ name, values }) => ({ what: `${name} of ${dn}`, guid, values }));
  switch (change.kind) {
    case 'modify':
      return change.edits.map(({ attribute, remove }) => ({
        what: `${attribute} of ${change.dn}`,
        guid: change.guid,
        values: remove,
      }));
    case 'delete':
      return ofDeleted(change);
    case 'delete-tree':
      return change.entries.flatMap(ofDeleted);
    default:
      return [];
  }
}

function lostFindings(lost: readonly string[]): readonly FindingDraft[] {
  if (lost.length === 0) return [];
  return [
    warning(
      toDeletedEntries,
      `${counted(lost.length, 'attribute')} cannot be brought back: the values point at entries that are deleted or not there`,
      'The directory refuses references to deleted entries. backup/before.ldf of the original change holds the values.',
      { evidence: lost, subjects: lost },
    ),
  ];
}

/** "12 entries and attributes cannot be brought back" */
export function lostInWords(lost: number): string {
  return `${counted(lost, 'entry or attribute', 'entries and attributes')} cannot be brought back`;
}

/** Whether an undo brings back everything that can come back. */
export function isWholeUndo({ leftOut }: Pick<Plan, 'leftOut'>): boolean {
  return leftOut.every(({ reason }) => reason === toDeletedEntries || reason === onlyBySystem);
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

/** Whether a value names one of these entries, or one that was deleted before. */
function namesOneOf(value: PlanValue, dns: ReadonlySet<string>): boolean {
  return namesEntry(value, (dn) => isDeletedDn(dn) || dns.has(normalizedDn(dn)));
}

/** Whether a value has the DN of such an entry. */
function namesEntry(value: PlanValue, isMeant: (dn: string) => boolean): boolean {
  if (typeof value !== 'string' || !value.includes('=')) return false;
  try {
    return isMeant(dnIn(value));
  } catch (error) {
    // Text that holds an equals sign and is no DN.
    if (error instanceof DirectoryError) return false;
    throw error;
  }
}
