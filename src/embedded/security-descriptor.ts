/** The parts of a self-relative security descriptor (MS-DTYP 2.4.6) that the SD flags control selects. */

import { securityInformation } from '../ldap/session.ts';

/** Owner, group, SACL and DACL. */
export const allSecurityParts = 15;

const headerLength = 20;
/** Bits of the Control field that belong to the SACL and to the DACL; the others belong to neither. */
const saclControl = 0x2a30;
const daclControl = 0x150c;

interface Parts {
  readonly control: number;
  readonly owner: Buffer;
  readonly group: Buffer;
  readonly sacl: Buffer;
  readonly dacl: Buffer;
}

/** The descriptor with only the parts that the flags name. One that cannot be read stays as it is. */
export function selectParts(descriptor: Buffer, flags: number): Buffer {
  const parts = split(descriptor);
  return parts === undefined || flags === allSecurityParts ? descriptor : join(merge(nothing, parts, flags));
}

/** The old descriptor with the parts that the flags name taken from the new one; undefined if the new one is none. */
export function replaceParts(old: Buffer | undefined, replacement: Buffer, flags: number): Buffer | undefined {
  const parts = split(replacement);
  if (parts === undefined) return undefined;
  return join(merge((old && split(old)) ?? nothing, parts, flags));
}

const empty = Buffer.alloc(0);
const nothing: Parts = { control: 0x8000, owner: empty, group: empty, sacl: empty, dacl: empty };

function merge(base: Parts, from: Parts, flags: number): Parts {
  const pick = (flag: number): Parts => ((flags & flag) === 0 ? base : from);
  const daclBits = pick(securityInformation.dacl).control & daclControl;
  const saclBits = pick(securityInformation.sacl).control & saclControl;
  return {
    control: (base.control & ~(daclControl | saclControl)) | daclBits | saclBits,
    owner: pick(securityInformation.owner).owner,
    group: pick(securityInformation.group).group,
    sacl: pick(securityInformation.sacl).sacl,
    dacl: pick(securityInformation.dacl).dacl,
  };
}

function split(descriptor: Buffer): Parts | undefined {
  if (descriptor.length < headerLength || descriptor[0] !== 1) return undefined;
  const part = (field: number, lengthOf: (at: number) => number): Buffer => {
    const offset = descriptor.readUInt32LE(field);
    return offset === 0 || offset + 8 > descriptor.length
      ? empty
      : descriptor.subarray(offset, offset + lengthOf(offset));
  };
  const sidLength = (at: number): number => 8 + 4 * descriptor.readUInt8(at + 1);
  const aclLength = (at: number): number => descriptor.readUInt16LE(at + 2);
  return {
    control: descriptor.readUInt16LE(2),
    owner: part(4, sidLength),
    group: part(8, sidLength),
    sacl: part(12, aclLength),
    dacl: part(16, aclLength),
  };
}

function join({ control, owner, group, sacl, dacl }: Parts): Buffer {
  const header = Buffer.alloc(headerLength);
  header.writeUInt8(1, 0);
  header.writeUInt16LE(control, 2);
  let offset = headerLength;
  for (const [field, part] of [
    [12, sacl],
    [16, dacl],
    [4, owner],
    [8, group],
  ] as const) {
    if (part.length > 0) header.writeUInt32LE(offset, field);
    offset += part.length;
  }
  return Buffer.concat([header, sacl, dacl, owner, group]);
}

/** A descriptor for new entries: owned by Administrators, who like the system may do everything; others may read. */
export function defaultDescriptor(): Buffer {
  const administrators = Buffer.from('01020000000000052000000020020000', 'hex');
  const system = Buffer.from('010100000000000512000000', 'hex');
  const authenticatedUsers = Buffer.from('01010000000000050b000000', 'hex');
  const allow = (mask: number, sid: Buffer): Buffer => {
    const entry = Buffer.alloc(8);
    entry.writeUInt16LE(8 + sid.length, 2);
    entry.writeUInt32LE(mask, 4);
    return Buffer.concat([entry, sid]);
  };
  const fullControl = 0x000f01ff;
  const readAll = 0x00020094;
  const entries = [allow(fullControl, administrators), allow(fullControl, system), allow(readAll, authenticatedUsers)];
  const acl = Buffer.alloc(8);
  acl.writeUInt8(2, 0);
  acl.writeUInt16LE(8 + entries.reduce((sum, { length }) => sum + length, 0), 2);
  acl.writeUInt16LE(entries.length, 4);
  return join({
    control: 0x8004,
    owner: administrators,
    group: administrators,
    sacl: empty,
    dacl: Buffer.concat([acl, ...entries]),
  });
}
