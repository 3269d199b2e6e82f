/**
 * Security descriptors (MS-DTYP 2.4.6, self-relative): the entries of their access control lists (2.4.4), whether two give
 * the same rights, and in words who owns an object and who may do what with it.
 */

import { distinct, groupBy, listed } from '../words.ts';
import { formatGuid, formatSid, ValueSyntaxError } from './entry.ts';

interface SecurityDescriptor {
  /** SIDs; undefined if the descriptor has none. */
  readonly owner: string | undefined;
  readonly group: string | undefined;
  /** The order matters: the first entry for a right decides. Without a DACL everyone may do everything. */
  readonly dacl: readonly AccessEntry[] | undefined;
  /** Whether the DACL takes nothing from the parent (SE_DACL_PROTECTED). */
  readonly isProtected: boolean;
  /** Whether it has auditing entries. */
  readonly hasSacl: boolean;
}

/** One entry of a DACL (ACE). */
interface AccessEntry {
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
function ownEntries({ dacl = [], isProtected }: SecurityDescriptor): readonly AccessEntry[] {
  return isProtected ? dacl : dacl.filter(({ isInherited }) => !isInherited);
}

/**
 * Whether two descriptors are equal except for auditing and for inherited entries, which the directory computes again
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

/** 0 means no SID. */
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

/** The content of a security descriptor, in lines to show. */
export interface RightsInWords {
  /** "owner BUILTIN\Administrators (S-1-5-32-544), group …" */
  readonly owner: string;
  /** The object's own entries, in the order of its DACL: "allow Everyone (S-1-1-0): full control". */
  readonly own: readonly string[];
  /** The entries inherited from its parent, which the directory computes again. */
  readonly inherited: readonly string[];
}

/**
 * The rights that a security descriptor gives, in words. Throws ValueSyntaxError for bytes that are none.
 *
 * @param inherits whether it is the object's own descriptor, whose inherited entries the directory computes again. A descriptor in any other attribute
 * is kept as it is written, and what it marks as inherited counts.
 */
export function rightsInWords(bytes: Uint8Array, inherits: boolean): RightsInWords {
  const descriptor = parseSecurityDescriptor(bytes);
  const { owner, group, dacl = [], isProtected, hasSacl } = descriptor;
  const name = (sid: string | undefined): string => (sid === undefined ? 'none' : trusteeInWords(sid));
  const own = inherits ? ownEntries(descriptor) : dacl;
  return {
    owner: [
      `owner ${name(owner)}, group ${name(group)}`,
      ...(isProtected ? ['inherits nothing'] : []),
      ...(hasSacl ? [`auditing entries${inherits ? ', which are not written' : ''}`] : []),
    ].join('; '),
    own: descriptor.dacl === undefined ? ['no DACL: everyone may do everything'] : entriesInWords(own),
    inherited: entriesInWords(dacl.filter((entry) => !own.includes(entry))),
  };
}

/** Those that differ by their trustees only are one line, unless a denial is between them: the order decides then. */
function entriesInWords(entries: readonly AccessEntry[]): readonly string[] {
  let run = 0;
  const ordered = entries.map((entry, index) => {
    if (entry.kind !== entries[index - 1]?.kind) run += 1;
    return { ...entry, run, what: whatInWords(entry) };
  });
  const groups = groupBy(ordered, ({ run: of, kind, what }) => `${of} ${kind} ${what}`);
  return [...groups.values()].map((alike) => {
    const trustees = listed(distinct(alike.map(({ trustee }) => trusteeInWords(trustee))));
    const [{ kind, what }] = alike as [(typeof ordered)[number]];
    return kind === 'other' ? what : `${kind} ${trustees}: ${what}`;
  });
}

function whatInWords(entry: AccessEntry): string {
  const { kind, mask, objectType, bytes, isConditional } = entry;
  if (kind === 'other') return `entry of type ${bytes[0]}, not read: ${bytes.toString('hex')}`;
  return [
    listed(maskInWords(mask, objectType)),
    ...placeInWords(entry),
    ...(isConditional ? ['on a condition'] : []),
  ].join('; ');
}

/** Where an entry counts, if not for the object alone. */
function placeInWords({ inheritedObjectType, isInheritable, isInheritOnly }: AccessEntry): readonly string[] {
  if (!isInheritable && !isInheritOnly) return [];
  const below = inheritedObjectType === undefined ? 'below' : `for ${nameOfGuid(inheritedObjectType)} objects below`;
  return [`${isInheritOnly ? 'only' : 'also'} ${below}`];
}

const fullControl = 0xf_01ff;
const read = accessRight.readControl | accessRight.listContents | accessRight.readProperty | accessRight.listObject;

/** What each bit allows: of all, and of the one property, right or class (%) that an entry may be about. */
const bits: readonly (readonly [bit: number, ofAll: string, ofOne?: string])[] = [
  [accessRight.genericRead, 'generic read'],
  [accessRight.genericWrite, 'generic write'],
  [accessRight.genericExecute, 'generic execute'],
  [accessRight.readProperty, 'read all properties', 'read %'],
  [accessRight.writeProperty, 'write all properties', 'write %'],
  [accessRight.validatedWrite, 'all validated writes', 'validated write of %'],
  [accessRight.extendedRight, 'all extended rights', 'the right %'],
  [accessRight.createChild, 'create objects below', 'create % objects below'],
  [accessRight.deleteChild, 'delete objects below', 'delete % objects below'],
  [accessRight.listContents, 'list contents'],
  [accessRight.listObject, 'list object'],
  [accessRight.delete, 'delete'],
  [accessRight.deleteTree, 'delete subtree'],
  [accessRight.readControl, 'read permissions'],
  [accessRight.writeDacl, 'change permissions'],
  [accessRight.writeOwner, 'change owner'],
  [accessRight.synchronize, 'synchronize'],
  [accessRight.accessSacl, 'read and change auditing'],
];

function maskInWords(mask: number, objectType: string | undefined): readonly string[] {
  const words: string[] = [];
  let rest = mask >>> 0;
  const take = (part: number, text: string): void => {
    if ((rest & part) >>> 0 !== part >>> 0) return;
    rest = (rest & ~part) >>> 0;
    words.push(text);
  };
  take(accessRight.genericAll, 'full control');
  if (objectType === undefined) {
    take(fullControl, 'full control');
    take(read, 'read');
  }
  for (const [bit, ofAll, ofOne = ofAll] of bits) {
    take(bit, objectType === undefined ? ofAll : ofOne.replace('%', nameOfGuid(objectType)));
  }
  if (rest !== 0) words.push(`rights 0x${rest.toString(16)}`);
  return words.length === 0 ? ['nothing'] : distinct(words);
}

/** "Domain Admins (S-1-5-21-…-512)"; the SID alone where it is not well known. The SID says of which domain. */
export function trusteeInWords(sid: string): string {
  const relativeId = /^S-1-5-21-\d+-\d+-\d+-(\d+)$/.exec(sid)?.[1];
  const name = sids.get(sid) ?? (relativeId === undefined ? undefined : relativeIds.get(relativeId));
  return name === undefined ? sid : `${name} (${sid})`;
}

/** "Reset Password"; of any other its GUID. */
function nameOfGuid(guid: string): string {
  return guids.get(guid) ?? guid;
}

/** MS-DTYP 2.4.2.4. */
const sids: ReadonlyMap<string, string> = namesIn(`
  S-1-1-0 Everyone
  S-1-3-0 CREATOR OWNER
  S-1-3-1 CREATOR GROUP
  S-1-3-4 OWNER RIGHTS
  S-1-5-2 NETWORK
  S-1-5-4 INTERACTIVE
  S-1-5-7 ANONYMOUS LOGON
  S-1-5-9 ENTERPRISE DOMAIN CONTROLLERS
  S-1-5-10 SELF
  S-1-5-11 Authenticated Users
  S-1-5-15 This Organization
  S-1-5-18 SYSTEM
  S-1-5-19 LOCAL SERVICE
  S-1-5-20 NETWORK SERVICE
  S-1-5-32-544 BUILTIN\\Administrators
  S-1-5-32-545 BUILTIN\\Users
  S-1-5-32-546 BUILTIN\\Guests
  S-1-5-32-548 BUILTIN\\Account Operators
  S-1-5-32-549 BUILTIN\\Server Operators
  S-1-5-32-550 BUILTIN\\Print Operators
  S-1-5-32-551 BUILTIN\\Backup Operators
  S-1-5-32-552 BUILTIN\\Replicator
  S-1-5-32-554 BUILTIN\\Pre-Windows 2000 Compatible Access
  S-1-5-32-557 BUILTIN\\Incoming Forest Trust Builders
  S-1-5-32-560 BUILTIN\\Windows Authorization Access Group
  S-1-5-32-561 BUILTIN\\Terminal Server License Servers`);

/** The last number of a domain's SID, by which each domain has these (MS-DTYP 2.4.2.4). */
const relativeIds: ReadonlyMap<string, string> = namesIn(`
  498 Enterprise Read-only Domain Controllers
  500 Administrator
  501 Guest
  502 krbtgt
  512 Domain Admins
  513 Domain Users
  514 Domain Guests
  515 Domain Computers
  516 Domain Controllers
  517 Cert Publishers
  518 Schema Admins
  519 Enterprise Admins
  520 Group Policy Creator Owners
  521 Read-only Domain Controllers
  522 Cloneable Domain Controllers
  525 Protected Users
  526 Key Admins
  527 Enterprise Key Admins
  553 RAS and IAS Servers`);

/**
 * Extended rights, validated writes and property sets (MS-ADTS 5.1.3.2.1 and 6.1.1.2.7), and attributes and classes of
 * the schema.
 */
const guids: ReadonlyMap<string, string> = namesIn(`
  ab721a53-1e2f-11d0-9819-00aa0040529b Change Password
  00299570-246d-11d0-a768-00aa006e0529 Reset Password
  ab721a54-1e2f-11d0-9819-00aa0040529b Send As
  ab721a55-1e2f-11d0-9819-00aa0040529b Send To
  ab721a56-1e2f-11d0-9819-00aa0040529b Receive As
  a1990816-4298-11d1-ade2-00c04fd8d5cd Open Address Book
  ab721a52-1e2f-11d0-9819-00aa0040529b Domain Administer Server
  68b1d179-0d15-4d4f-ab71-46152e79a7bc Allowed to Authenticate
  edacfd8f-ffb3-11d1-b41d-00a0c968f939 Apply Group Policy
  0e10c968-78fb-11d2-90d4-00c04f79dc55 Certificate Enrollment
  9923a32a-3607-11d2-b9be-0000f87a36b2 Add or Remove Replica in Domain
  1131f6aa-9c07-11d1-f79f-00c04fc2dcd2 Replicating Directory Changes
  1131f6ad-9c07-11d1-f79f-00c04fc2dcd2 Replicating Directory Changes All
  89e95b76-444d-4c62-991a-0facbeda640c Replicating Directory Changes In Filtered Set
  1131f6ab-9c07-11d1-f79f-00c04fc2dcd2 Replication Synchronization
  1131f6ac-9c07-11d1-f79f-00c04fc2dcd2 Manage Replication Topology
  f98340fb-7c5b-4cdb-a00b-2ebdfa115a96 Monitor Active Directory Replication
  1131f6ae-9c07-11d1-f79f-00c04fc2dcd2 Read Only Replication Secret Synchronization
  ba33815a-4f93-4c76-87f3-57574bff8109 Migrate SID History
  45ec5156-db7e-47bb-b53f-dbeb2d03c40f Reanimate Tombstones
  e2a36dc9-ae17-47c3-b58b-be34c55ba633 Create Inbound Forest Trust
  280f369c-67c7-438e-ae98-1d46f3c6f541 Update Password Not Required Bit
  ccc2dc7d-a6ad-4a7a-8846-c04e3cc53501 Unexpire Password
  05c74c5e-4deb-43b4-bd9f-86664c2a7fd5 Enable Per User Reversibly Encrypted Password
  7c0e2a7c-a419-48e4-a995-10180aad54dd Manage Optional Features
  7726b9d5-a4b4-4288-a6b2-dce952e80a7f Run Protect Admin Groups Task
  d58d5f36-0a98-11d1-adbb-00c04fd8d5cd Change Rid Master
  bae50096-4752-11d1-9052-00c04fc2d4cf Change PDC
  014bf69c-7b3b-11d1-85f6-08002be74fab Change Domain Master
  cc17b1fb-33d9-11d2-97d4-00c04fd8d5cd Change Infrastructure Master
  e12b56b6-0a95-11d1-adbb-00c04fd8d5cd Change Schema Master
  bf9679c0-0de6-11d0-a285-00aa003049e2 member
  72e39547-7b18-11d1-adef-00c04fd8d5cd dNSHostName
  f3a64788-5306-11d1-a9c5-0000f80367c1 servicePrincipalName
  e48d0154-bcf8-11d1-8702-00c04fb96050 Public Information
  77b5b886-944a-11d1-aebd-0000f80367c1 Personal Information
  91e647de-d96f-4b70-9557-d63ff4f3ccd8 Private Information
  59ba2f42-79a2-11d0-9020-00c04fc2d3cf General Information
  4c164200-20c0-11d0-a768-00aa006e0529 Account Restrictions
  5f202010-79a5-11d0-9020-00c04fc2d4cf Logon Information
  bc0ac240-79a9-11d0-9020-00c04fc2d4cf Group Membership
  037088f8-0ae1-11d2-b422-00a0c968f939 Remote Access Information
  e45795b2-9455-11d1-aebd-0000f80367c1 Phone and Mail Options
  e45795b3-9455-11d1-aebd-0000f80367c1 Web Information
  c7407360-20bf-11d0-a768-00aa006e0529 Domain Password and Lockout Policies
  b8119fd0-04f6-4762-ab7a-4986c76b3f9a Other Domain Parameters
  bf967950-0de6-11d0-a285-00aa003049e2 description
  bf967953-0de6-11d0-a285-00aa003049e2 displayName
  bf967961-0de6-11d0-a285-00aa003049e2 mail
  bf967a06-0de6-11d0-a285-00aa003049e2 proxyAddresses
  bf967a68-0de6-11d0-a285-00aa003049e2 userAccountControl
  bf967a0a-0de6-11d0-a285-00aa003049e2 pwdLastSet
  bf967a7f-0de6-11d0-a285-00aa003049e2 userCertificate
  bf9679a8-0de6-11d0-a285-00aa003049e2 scriptPath
  f30e3bbe-9ff0-11d1-b603-0000f80367c1 gPLink
  00fbf30c-91fe-11d1-aebc-0000f80367c1 altSecurityIdentities
  17eb4278-d167-11d0-b002-0000f80367c1 sIDHistory
  800d94d7-b7a1-42a1-b14d-7cae1423d07f msDS-AllowedToDelegateTo
  3f78c3e5-f79a-46bd-a0b8-9d18116ddc79 msDS-AllowedToActOnBehalfOfOtherIdentity
  5b47d60f-6090-40b2-9f37-2a4de88f3063 msDS-KeyCredentialLink
  bf967aba-0de6-11d0-a285-00aa003049e2 user
  bf967a86-0de6-11d0-a285-00aa003049e2 computer
  bf967a9c-0de6-11d0-a285-00aa003049e2 group
  4828cc14-1437-45bc-9b07-ad6f015e5f28 inetOrgPerson
  5cb41ed0-0e4c-11d0-a286-00aa003049e2 contact
  bf967a8b-0de6-11d0-a285-00aa003049e2 container
  bf967aa5-0de6-11d0-a285-00aa003049e2 organizationalUnit
  bf967a92-0de6-11d0-a285-00aa003049e2 server
  f0f8ffab-1191-11d0-a060-00aa006c33ed nTDSDSA
  19195a60-6da0-11d0-afd3-00c04fd930c9 nTDSConnection
  19195a5b-6da0-11d0-afd3-00c04fd930c9 domainDNS
  ce206244-5827-4a86-ba1c-1c0c386c1b64 msDS-ManagedServiceAccount
  7b8b558a-93a5-4af7-adca-c017e67f1057 msDS-GroupManagedServiceAccount`);

function namesIn(table: string): ReadonlyMap<string, string> {
  const lines = table.trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [key = '', ...words] = line.trim().split(' ');
      return [key, words.join(' ')] as const;
    }),
  );
}
