/** Findings on changes that rest only on the plan: rights, and deletions by the undo of an undo. */

import { bytesOfWrittenValue, parseDnsRecord, readSid } from '../ad/entry.ts';
import { readDescriptor, rightsInWords, trusteeInWords } from '../ad/security-descriptor.ts';
import { counted, groupBy } from '../words.ts';
import { givesRights, holdsDescriptors, isSecurityDescriptor } from './attribute-kinds.ts';
import { blocker, type FindingDraft } from './findings.ts';
import {
  type Change,
  type DirectoryChange,
  deletedBy,
  type PlanAttribute,
  type PlanValue,
  type Proposal,
} from './plan.ts';

/**
 * A blocker for the rights that these changes write. What a tombstone still holds is in no plan; what is in one may have
 * been put there by anyone who had the plan in hand.
 */
export function rightsWritten(changes: readonly Change[]): readonly FindingDraft[] {
  const written = changes.flatMap((change) => {
    const words = writtenBy(change).flatMap(rightsIn);
    return change.kind === 'file' || words.length === 0 ? [] : [{ dn: change.dn, words }];
  });
  if (written.length === 0) return [];
  const alike = [...groupBy(written, ({ words }) => words.join('; ')).entries()];
  return [
    blocker(
      'rights-from-plan',
      `The plan gives rights to ${counted(written.length, 'entry', 'entries')}`,
      'The directory no longer has these rights, and only the plan shows that they existed. Check each of them before you accept; the diff shows them all.',
      {
        evidence: alike.map(([words, [first, ...others]]) => {
          const more = others.length === 0 ? '' : ` and ${counted(others.length, 'more entry', 'more entries')}`;
          return `${first?.dn}${more}: ${words}`;
        }),
        // With the rights: who accepts some rights of an entry accepts no others.
        subjects: written.map(({ dn, words }) => `${dn}: ${words.join('; ')}`),
      },
    ),
  ];
}

function writtenBy(change: Change): readonly PlanAttribute[] {
  switch (change.kind) {
    case 'add':
    case 'undelete':
      return change.attributes;
    case 'modify':
      return change.edits.map(({ attribute, add }) => ({ name: attribute, values: add }));
    default:
      return [];
  }
}

/** By the bytes: a descriptor in an attribute of any name gives rights. */
function rightsIn({ name, values }: PlanAttribute): readonly string[] {
  const isDescriptor = (value: PlanValue): boolean => readDescriptor(bytesOfWrittenValue(value)) !== undefined;
  const others = values.filter((value) => !isDescriptor(value));
  return [
    ...values.filter(isDescriptor).map((value) => descriptorInWords(name, bytesOfWrittenValue(value))),
    ...(holdsDescriptors(name) ? others : []).map(
      (value) => `${name} cannot be read: ${counted(bytesOfWrittenValue(value).length, 'byte')}`,
    ),
    ...(givesRights(name) && others.length > 0
      ? [`${name}: ${others.map((value) => valueInWords(name, value)).join(', ')}`]
      : []),
  ];
}

function descriptorInWords(name: string, bytes: Buffer): string {
  const { owner, own, inherited } = rightsInWords(bytes, isSecurityDescriptor(name));
  const parents = inherited.length === 0 ? [] : ['and inherited entries'];
  return `${isSecurityDescriptor(name) ? '' : `${name}: `}${[owner, ...own, ...parents].join('; ')}`;
}

function valueInWords(name: string, value: PlanValue): string {
  const record = name.toLowerCase() === 'dnsrecord' ? parseDnsRecord(bytesOfWrittenValue(value)) : undefined;
  if (record !== undefined) return `${record.type} ${'address' in record ? record.address : record.target}`;
  if (typeof value === 'string') return value;
  const sid = readSid(bytesOfWrittenValue(value));
  return sid === undefined ? `${value.base64} (base64)` : trusteeInWords(sid);
}

/**
 * A blocker for the entries that an undo deletes. A forged undo could name any entry as one that it restored, and
 * its own undo would delete that.
 */
export function deletesFromPlan({
  changes,
  undoes,
}: Pick<Proposal<DirectoryChange>, 'changes' | 'undoes'>): readonly FindingDraft[] {
  const dns = changes.flatMap(deletedBy).map(({ dn }) => dn);
  if (undoes === undefined || dns.length === 0) return [];
  return [
    blocker(
      'deletes-from-plan',
      `The undo deletes ${counted(dns.length, 'entry', 'entries')}`,
      'Only the plan shows that an earlier change restored them. Check each of them before you accept.',
      { evidence: dns, subjects: dns },
    ),
  ];
}
