import { describe, expect, test } from 'vitest';
import {
  controlOid,
  deletedObjectsControl,
  sdFlags,
  securityInformation,
  sendableControls,
  showDeleted,
  showRecycled,
  treeDelete,
} from '../../src/ldap/session.ts';

describe('controls', () => {
  test('the flags of a security descriptor are a BER integer in a sequence', () => {
    const { owner, group, dacl } = securityInformation;

    expect(sdFlags(owner | group | dacl)).toEqual({
      oid: '1.2.840.113556.1.4.801',
      critical: false,
      value: Buffer.from('3003020107', 'hex'),
    });
  });

  test('controls without which the answer would be wrong are critical', () => {
    for (const control of [showDeleted, showRecycled, treeDelete]) expect(control.critical).toBe(true);
  });

  test('recycled objects are requested where the server supports them', () => {
    expect(deletedObjectsControl(new Set([controlOid.showDeleted, controlOid.showRecycled]))).toBe(showRecycled);
    expect(deletedObjectsControl(new Set([controlOid.showDeleted]))).toBe(showDeleted);
  });

  test('one that the server does not list is left out, or an error if it is critical', () => {
    const supported = new Set([controlOid.showDeleted]);

    expect(sendableControls([showDeleted, sdFlags(7)], supported, 'dc1:636')).toEqual([showDeleted]);
    expect(() => sendableControls([treeDelete], supported, 'dc1:636')).toThrow(
      'Could not use an LDAP control: dc1:636: the server does not support tree delete (1.2.840.113556.1.4.805)',
    );
  });
});
