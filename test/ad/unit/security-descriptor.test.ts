import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { areSameRights, readDescriptor, rightsInWords } from '../../../src/ad/security-descriptor.ts';
import { aceFlags, descriptor, type TestAce } from '../../support/descriptors.ts';

const everyone = 'S-1-1-0';
const domain = 'S-1-5-21-1-2-3';
const own = (...dacl: readonly TestAce[]) => rightsInWords(descriptor({ dacl }), true).own;

describe('the rights of a security descriptor', () => {
  test('begin with owner and group, by their well-known names and their SIDs', () => {
    expect(rightsInWords(descriptor({ owner: `${domain}-512`, group: `${domain}-1104`, dacl: [] }), true).owner).toBe(
      `owner Domain Admins (${domain}-512), group ${domain}-1104`,
    );
  });

  test.each([
    ['full control', 0xf_01ff],
    ['full control', 0x1000_0000],
    ['read', 0x2_0094],
    ['read and change permissions', 0x6_0094],
    ['write all properties and change owner', 0x8_0020],
    ['all extended rights', 0x100],
    ['create objects below', 0x1],
    ['delete and rights 0x800000', 0x81_0000],
    ['generic write', 0x4000_0000],
    ['nothing', 0],
  ])('are named as in the tools of the field: %s', (words, mask) => {
    expect(own({ mask, sid: everyone })).toEqual([`allow Everyone (${everyone}): ${words}`]);
  });

  test.each([
    ['the right Reset Password', 0x100, '00299570-246d-11d0-a768-00aa006e0529'],
    ['the right Replicating Directory Changes All', 0x100, '1131f6ad-9c07-11d1-f79f-00c04fc2dcd2'],
    ['write member', 0x20, 'bf9679c0-0de6-11d0-a285-00aa003049e2'],
    ['create computer objects below', 0x1, 'bf967a86-0de6-11d0-a285-00aa003049e2'],
    ['read 11111111-2222-3333-4444-555555555555', 0x10, '11111111-2222-3333-4444-555555555555'],
  ])('name the property, right or class of one entry: %s', (words, mask, objectType) => {
    expect(own({ mask, sid: everyone, objectType })).toEqual([`allow Everyone (${everyone}): ${words}`]);
  });

  test('say where an entry counts, and for what', () => {
    const { containerInherit, inheritOnly } = aceFlags;
    const user = 'bf967aba-0de6-11d0-a285-00aa003049e2';
    expect(own({ mask: 0x10, sid: everyone, flags: containerInherit })).toEqual([
      `allow Everyone (${everyone}): read all properties; also below`,
    ]);
    const flags = containerInherit | inheritOnly;
    expect(own({ mask: 0x10, sid: everyone, flags, inheritedObjectType: user })).toEqual([
      `allow Everyone (${everyone}): read all properties; only for user objects below`,
    ]);
  });

  test('are one line for all who have the same, but not across a denial', () => {
    const allow = (sid: string): TestAce => ({ mask: 0xf_01ff, sid });
    expect(own(allow('S-1-5-18'), allow(everyone), { mask: 0x20, sid: everyone, type: 1 }, allow('S-1-5-11'))).toEqual([
      `allow SYSTEM (S-1-5-18) and Everyone (${everyone}): full control`,
      `deny Everyone (${everyone}): write all properties`,
      'allow Authenticated Users (S-1-5-11): full control',
    ]);
  });

  test('set apart what the parent gives, unless the object inherits nothing', () => {
    const dacl = [{ mask: 0xf_01ff, sid: everyone, flags: aceFlags.inherited }];
    const words = [`allow Everyone (${everyone}): full control`];
    expect(rightsInWords(descriptor({ dacl }), true)).toMatchObject({ own: [], inherited: words });
    // Of another attribute than the object's own descriptor the directory computes nothing.
    expect(rightsInWords(descriptor({ dacl }), false)).toMatchObject({ own: words, inherited: [] });
    expect(rightsInWords(descriptor({ dacl, isProtected: true }), true)).toMatchObject({ own: words, inherited: [] });
  });

  test('without a DACL are those of everyone', () => {
    expect(rightsInWords(descriptor({ dacl: null }), true).own).toEqual(['no DACL: everyone may do everything']);
    expect(own()).toEqual([]);
  });

  test('say that an entry is of a type that is not read, with its bytes, and that one has a condition', () => {
    expect(own({ mask: 1, sid: everyone, type: 0x13 })).toEqual([
      'entry of type 19, not read: 1300140001000000010100000000000100000000',
    ]);
    expect(own({ mask: 0x20, sid: everyone, type: 9 })).toEqual([
      `allow Everyone (${everyone}): write all properties; on a condition`,
    ]);
  });

  test('say that there is auditing, which this tool never writes', () => {
    expect(rightsInWords(descriptor({ dacl: [], sacl: true }), true).owner).toContain(
      'auditing entries, which are not written',
    );
  });
});

test('bytes are read as a security descriptor only if all its parts are there, and never throw', () => {
  const whole = descriptor({ dacl: [{ mask: 1, sid: everyone }] });
  expect(readDescriptor(whole)).toBeDefined();
  for (let length = 0; length < whole.length; length += 1) {
    expect(readDescriptor(whole.subarray(0, length))).toBeUndefined();
  }
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const edited = Buffer.from(whole);
      edited[at] = byte;
      if (readDescriptor(edited) !== undefined) rightsInWords(edited, true);
    }),
  );
});

test('the rights of two descriptors are the same whatever their parents give, and no more than that', () => {
  const dacl = [{ mask: 1, sid: everyone }];
  const one = descriptor({ dacl });
  const inherits = descriptor({ dacl: [...dacl, { mask: 0x20, sid: everyone, flags: aceFlags.inherited }] });
  expect(areSameRights(one, inherits)).toBe(true);
  for (const other of [
    descriptor({ dacl, owner: everyone }),
    descriptor({ dacl, isProtected: true }),
    descriptor({ dacl: null }),
    descriptor({ dacl: [{ mask: 3, sid: everyone }] }),
    Buffer.from('none'),
  ]) {
    expect(areSameRights(one, other)).toBe(false);
  }
});
