import { describe, expect, test } from 'vitest';
import { sidFromText } from '../../src/ad/entry.ts';
import { deleteRight } from '../../src/change/subtree.ts';

const user = 'S-1-5-21-1-2-3-1104';
const group = 'S-1-5-21-1-2-3-512';
const stranger = 'S-1-5-21-1-2-3-9999';
const token = new Set([user, group]);
const right = { delete: 0x1_0000, deleteChild: 0x2, read: 0x2_0094, all: 0xf01ff } as const;

interface Ace {
  readonly sid: string;
  readonly mask: number;
  readonly type?: 'allow' | 'deny' | 'allow object' | 'deny object';
  readonly inheritOnly?: boolean;
}

/** A self-relative security descriptor with this DACL (MS-DTYP 2.4.6). */
function descriptor(...aces: readonly Ace[]): Buffer {
  const bytes = aces.map(({ sid, mask, type = 'allow', inheritOnly = false }) => {
    const isObject = type.endsWith('object');
    const head = Buffer.alloc(isObject ? 28 : 8);
    head.writeUInt8({ allow: 0, deny: 1, 'allow object': 5, 'deny object': 6 }[type], 0);
    head.writeUInt8(inheritOnly ? 0x0a : 0, 1);
    head.writeUInt32LE(mask, 4);
    if (isObject) head.writeUInt32LE(1, 8);
    const ace = Buffer.concat([head, sidFromText(sid)]);
    ace.writeUInt16LE(ace.length, 2);
    return ace;
  });
  const acl = Buffer.concat([Buffer.from([4, 0, 0, 0, bytes.length, 0, 0, 0]), ...bytes]);
  acl.writeUInt16LE(acl.length, 2);
  const header = Buffer.alloc(20);
  header.writeUInt8(1, 0);
  header.writeUInt16LE(0x8004, 2);
  header.writeUInt32LE(20, 16);
  return Buffer.concat([header, acl]);
}

const nobodys = descriptor();

describe('the right to delete', () => {
  test.each([
    ['is there by DELETE on the entry', descriptor({ sid: group, mask: right.delete }), nobodys, 'allowed'],
    ['is there by DELETE_CHILD on the parent', nobodys, descriptor({ sid: user, mask: right.deleteChild }), 'allowed'],
    ['is not there by reading', descriptor({ sid: user, mask: right.read }), nobodys, 'denied'],
    ['is not there by what others may', descriptor({ sid: stranger, mask: right.all }), nobodys, 'denied'],
    [
      'is taken by a denial that stands before',
      descriptor({ sid: group, mask: right.delete, type: 'deny' }, { sid: user, mask: right.all }),
      nobodys,
      'denied',
    ],
    [
      'is not there by an entry for children only',
      descriptor({ sid: user, mask: right.all, inheritOnly: true }),
      nobodys,
      'denied',
    ],
    [
      'is there by DELETE_CHILD for one class',
      nobodys,
      descriptor({ sid: user, mask: right.deleteChild, type: 'allow object' }),
      'allowed',
    ],
    [
      'is not taken by a denial for another class',
      descriptor({ sid: user, mask: right.delete, type: 'deny object' }, { sid: user, mask: right.delete }),
      nobodys,
      'allowed',
    ],
    ['is not known where the parent can not be read', nobodys, undefined, 'unknown'],
    ['is not known where the entry can not be read', undefined, nobodys, 'unknown'],
  ] as const)('%s', (_, ofEntry, ofParent, expected) => {
    expect(deleteRight(ofEntry, ofParent, token)).toBe(expected);
  });

  test('is not known if the server does not return the token', () => {
    expect(deleteRight(nobodys, nobodys, new Set())).toBe('unknown');
  });
});
