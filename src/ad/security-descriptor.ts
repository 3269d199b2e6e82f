/** Security descriptors (MS-DTYP 2.4.6, self-relative) and the entries of their access control lists (2.4.4). */

import { formatGuid, formatSid, ValueSyntaxError } from './values.ts';

export interface SecurityDescriptor {
  /** SIDs; undefined where the descriptor has none. */
  readonly owner: string | undefined;
  readonly group: string | undefined;
  /** The order counts: the first entry that speaks of a right decides. Without a DACL everyone may do everything. */
  readonly dacl: readonly AccessEntry[] | undefined;
  /** Whether the DACL takes nothing from the parent (SE_DACL_PROTECTED). */
  readonly isProtected: boolean;
  /** Whether it has auditing entries. */
  readonly hasSacl: boolean;
}

/** One entry of a DACL (ACE). */
export interface AccessEntry {
  /** ‘other’ for a type that gives no right to a directory object, or one that is not known here. */
  readonly kind: 'allow' | 'deny' | 'other';
  readonly mask: number;
  /** SID of the trustee; '' of a kind that is not read. */
  readonly trustee: string;
  /** The property, property set, extended right, validated write or class of child that it is about; all if left out. */
  readonly objectType?: string;
  /** The class of objects that inherit it; all if left out. */
  readonly inheritedObjectType?: string;
  /** Whether it depends on a condition that is not read here. */
  readonly isConditional: boolean;
  /** Whether objects below get it. */
  readonly isInheritable: boolean;
  /** Whether it counts for objects below only, and not for this one. */
  readonly isInheritOnly: boolean;
  /** Whether it came from the parent. */
  readonly isInherited: boolean;
  readonly bytes: Buffer;
}

/** Access rights of directory objects (MS-ADTS 5.1.3.2). */
export const accessRight = {
  createChild: 0x1,
  deleteChild: 0x2,
  listContents: 0x4,
  validatedWrite: 0x8,
  readProperty: 0x10,
  writeProperty: 0x20,
  deleteTree: 0x40,
  listObject: 0x80,
  extendedRight: 0x100,
  delete: 0x1_0000,
  readControl: 0x2_0000,
  writeDacl: 0x4_0000,
  writeOwner: 0x8_0000,
  synchronize: 0x10_0000,
  accessSacl: 0x100_0000,
  genericAll: 0x1000_0000,
  genericExecute: 0x2000_0000,
  genericWrite: 0x4000_0000,
  genericRead: 0x8000_0000,
} as const;

const controlBit = { daclPresent: 0x4, saclPresent: 0x10, daclProtected: 0x1000, selfRelative: 0x8000 } as const;
const headerLength = 20;
const aclHeaderLength = 8;
const aceHeaderLength = 4;
const aceFlag = { objectInherit: 0x1, containerInherit: 0x2, inheritOnly: 0x8, inherited: 0x10 } as const;

/** The types of ACE that give or take rights (MS-DTYP 2.4.4.1): plain, for one object type, and with a condition. */
const aceTypes: ReadonlyMap<
  number,
  Pick<AccessEntry, 'isConditional'> & { kind: 'allow' | 'deny'; hasTypes: boolean }
> = new Map([
  [0x0, { kind: 'allow', hasTypes: false, isConditional: false }],
  [0x1, { kind: 'deny', hasTypes: false, isConditional: false }],
  [0x5, { kind: 'allow', hasTypes: true, isConditional: false }],
  [0x6, { kind: 'deny', hasTypes: true, isConditional: false }],
  [0x9, { kind: 'allow', hasTypes: false, isConditional: true }],
  [0xa, { kind: 'deny', hasTypes: false, isConditional: true }],
  [0xb, { kind: 'allow', hasTypes: true, isConditional: true }],
  [0xc, { kind: 'deny', hasTypes: true, isConditional: true }],
]);

/** The entries of a DACL that are the object's own: of one that takes nothing from the parent, all. */
export function ownEntries({ dacl = [], isProtected }: SecurityDescriptor): readonly AccessEntry[] {
  return isProtected ? dacl : dacl.filter(({ isInherited }) => !isInherited);
}

/**
 * Whether two descriptors are alike but for auditing and for what their parents give, which the directory computes anew
 * wherever the object is put (MS-DTYP 2.5.3.4.2). Bytes that are no descriptor are like nothing.
 */
export function areSameRights(one: Uint8Array, other: Uint8Array): boolean {
  const [a, b] = [readDescriptor(one), readDescriptor(other)];
  if (a === undefined || b === undefined) return false;
  const key = (descriptor: SecurityDescriptor): string =>
    [
      descriptor.owner,
      descriptor.group,
      descriptor.isProtected,
      descriptor.dacl === undefined,
      ...ownEntries(descriptor).map(({ bytes }) => bytes.toString('hex')),
    ].join(' ');
  return key(a) === key(b);
}

/** A security descriptor; undefined for bytes that are none. */
export function readDescriptor(value: Uint8Array): SecurityDescriptor | undefined {
  try {
    return parseSecurityDescriptor(value);
  } catch (error) {
    if (error instanceof ValueSyntaxError) return undefined;
    throw error;
  }
}

/** Reads a security descriptor. Throws ValueSyntaxError for bytes that are none, or not all there. */
export function parseSecurityDescriptor(value: Uint8Array): SecurityDescriptor {
  const bytes = Buffer.from(value);
  const refuse = (): ValueSyntaxError =>
    new ValueSyntaxError('the security descriptor', value, 'a self-relative one with all its parts');
  if (bytes.length < headerLength || bytes[0] !== 1) throw refuse();
  const control = bytes.readUInt16LE(2);
  if ((control & controlBit.selfRelative) === 0) throw refuse();
  try {
    const at = (field: number): number => bytes.readUInt32LE(field);
    const hasDacl = (control & controlBit.daclPresent) !== 0 && at(16) !== 0;
    return {
      owner: sidAt(bytes, at(4)),
      group: sidAt(bytes, at(8)),
      dacl: hasDacl ? entriesOf(bytes, at(16)) : undefined,
      isProtected: (control & controlBit.daclProtected) !== 0,
      hasSacl: (control & controlBit.saclPresent) !== 0 && at(12) !== 0,
    };
  } catch (error) {
    // An offset or a length leads out of the bytes.
    if (error instanceof RangeError) throw refuse();
    throw error;
  }
}

/** 0 stands for no SID. */
function sidAt(bytes: Buffer, offset: number): string | undefined {
  if (offset === 0) return undefined;
  return formatSid(bytes.subarray(offset, offset + 8 + 4 * bytes.readUInt8(offset + 1)));
}

function entriesOf(bytes: Buffer, offset: number): readonly AccessEntry[] {
  const end = offset + bytes.readUInt16LE(offset + 2);
  const count = bytes.readUInt16LE(offset + 4);
  if (end > bytes.length) throw new RangeError('the list does not end within the descriptor');
  const entries: AccessEntry[] = [];
  let at = offset + aclHeaderLength;
  for (let index = 0; index < count; index += 1) {
    const size = bytes.readUInt16LE(at + 2);
    if (size < aceHeaderLength || at + size > end) throw new RangeError('an entry does not end within its list');
    entries.push(entryOf(bytes.subarray(at, at + size)));
    at += size;
  }
  return entries;
}

function entryOf(ace: Buffer): AccessEntry {
  const flags = ace.readUInt8(1);
  const type = aceTypes.get(ace.readUInt8(0));
  const common = {
    isInheritable: (flags & (aceFlag.objectInherit | aceFlag.containerInherit)) !== 0,
    isInheritOnly: (flags & aceFlag.inheritOnly) !== 0,
    isInherited: (flags & aceFlag.inherited) !== 0,
    bytes: ace,
  };
  if (type === undefined) return { kind: 'other', mask: 0, trustee: '', isConditional: false, ...common };
  const present = type.hasTypes ? ace.readUInt32LE(8) : 0;
  let at = type.hasTypes ? 12 : 8;
  const guid = (bit: number): string | undefined => {
    if ((present & bit) === 0) return undefined;
    at += 16;
    if (at > ace.length) throw new RangeError('a GUID does not end within its entry');
    return formatGuid(ace.subarray(at - 16, at));
  };
  const objectType = guid(1);
  const inheritedObjectType = guid(2);
  return {
    kind: type.kind,
    mask: ace.readUInt32LE(4),
    trustee: sidAt(ace, at) ?? '',
    ...(objectType === undefined ? {} : { objectType }),
    ...(inheritedObjectType === undefined ? {} : { inheritedObjectType }),
    isConditional: type.isConditional,
    ...common,
  };
}
