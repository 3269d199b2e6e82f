/** Security descriptors for tests, written apart from the reader (MS-DTYP 2.4.6). */

import { guidFromText, sidFromText } from '../../src/ad/entry.ts';

export interface TestAce {
  readonly mask: number;
  readonly sid: string;
  readonly type?: number;
  readonly flags?: number;
  readonly objectType?: string;
  readonly inheritedObjectType?: string;
}

export const aceFlags = { containerInherit: 2, inheritOnly: 8, inherited: 16 } as const;

interface TestDescriptor {
  readonly owner?: string;
  readonly group?: string;
  /** null: none. */
  readonly dacl: readonly TestAce[] | null;
  readonly isProtected?: boolean;
  readonly sacl?: boolean;
}

const header = 20;
const administrators = 'S-1-5-32-544';

export function descriptor({
  owner = administrators,
  group = administrators,
  dacl,
  isProtected = false,
  sacl = false,
}: TestDescriptor): Buffer {
  const parts = [
    { field: 4, bytes: sidFromText(owner) },
    { field: 8, bytes: sidFromText(group) },
    ...(sacl ? [{ field: 12, bytes: acl([]) }] : []),
    ...(dacl === null ? [] : [{ field: 16, bytes: acl(dacl.map(ace)) }]),
  ];
  const bytes = Buffer.alloc(header);
  bytes[0] = 1;
  bytes.writeUInt16LE(0x8000 | (dacl === null ? 0 : 4) | (sacl ? 0x10 : 0) | (isProtected ? 0x1000 : 0), 2);
  let offset = header;
  for (const { field, bytes: part } of parts) {
    bytes.writeUInt32LE(offset, field);
    offset += part.length;
  }
  return Buffer.concat([bytes, ...parts.map((part) => part.bytes)]);
}

function acl(entries: readonly Buffer[]): Buffer {
  const start = Buffer.alloc(8);
  start[0] = 4;
  start.writeUInt16LE(8 + entries.reduce((sum, { length }) => sum + length, 0), 2);
  start.writeUInt16LE(entries.length, 4);
  return Buffer.concat([start, ...entries]);
}

function ace({ mask, sid, type, flags = 0, objectType, inheritedObjectType }: TestAce): Buffer {
  const guids = [objectType, inheritedObjectType].flatMap((guid) => (guid === undefined ? [] : [guidFromText(guid)]));
  const types = Buffer.alloc(4);
  types.writeUInt32LE((objectType === undefined ? 0 : 1) | (inheritedObjectType === undefined ? 0 : 2));
  const rest = Buffer.concat([...(guids.length === 0 ? [] : [types, ...guids]), sidFromText(sid)]);
  const start = Buffer.alloc(8);
  start[0] = type ?? (guids.length === 0 ? 0 : 5);
  start[1] = flags;
  start.writeUInt16LE(8 + rest.length, 2);
  start.writeUInt32LE(mask, 4);
  return Buffer.concat([start, rest]);
}
