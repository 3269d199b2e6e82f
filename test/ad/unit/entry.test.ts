import { describe, expect, test } from 'vitest';
import {
  allBytesOf,
  booleanOf,
  bytesOf,
  generalizedTimeOf,
  guidOf,
  integerOf,
  largeIntegerOf,
  textOf,
  textsOf,
} from '../../../src/ad/entry.ts';
import { readRootDse } from '../../../src/ldap/session.ts';
import { makeEntry } from '../../support/make-entry.ts';

const entry = makeEntry('CN=x,DC=example,DC=com', {
  cn: ['x'],
  member: ['CN=a', 'CN=é'],
  objectGUID: [Buffer.from('6a20049c469adf41b23bf2b402ba789f', 'hex')],
  options: ['-2147483648'],
  usnChanged: ['9007199254740993'],
  isDeleted: ['TRUE'],
  whenCreated: ['20261122053325.0Z'],
  marked: ['\ufeffx'],
  nothing: [],
});

describe('reading an entry', () => {
  test('attributes are found in any letter case, and keep their own', () => {
    expect(textOf(entry, 'CN')).toBe('x');
    expect(textsOf(entry, 'MEMBER')).toEqual(['CN=a', 'CN=é']);
    expect(entry.attributes.get('objectguid')?.name).toBe('objectGUID');
  });

  test('a missing attribute, or one without a value, is undefined or []', () => {
    for (const absent of ['mail', 'nothing']) {
      expect(bytesOf(entry, absent)).toBeUndefined();
      expect(textOf(entry, absent)).toBeUndefined();
      expect(integerOf(entry, absent)).toBeUndefined();
      expect(largeIntegerOf(entry, absent)).toBeUndefined();
      expect(booleanOf(entry, absent)).toBeUndefined();
      expect(generalizedTimeOf(entry, absent)).toBeUndefined();
      expect(guidOf(entry, absent)).toBeUndefined();
      expect(allBytesOf(entry, absent)).toEqual([]);
    }
  });

  test('each syntax has its reader', () => {
    expect(guidOf(entry, 'objectGUID')).toBe('9c04206a-9a46-41df-b23b-f2b402ba789f');
    expect(integerOf(entry, 'options')).toBe(-2147483648);
    expect(largeIntegerOf(entry, 'usnChanged')).toBe(9007199254740993n);
    expect(booleanOf(entry, 'isDeleted')).toBe(true);
    expect(generalizedTimeOf(entry, 'whenCreated')).toEqual(new Date('2026-11-22T05:33:25Z'));
    expect(textOf(entry, 'marked')).toBe('\ufeffx');
  });

  test('a value of another syntax is an error, not a guess', () => {
    expect(() => integerOf(entry, 'cn')).toThrow('"x"');
    expect(() => booleanOf(entry, 'cn')).toThrow('expected TRUE or FALSE');
    expect(() => guidOf(entry, 'cn')).toThrow('expected 16 bytes');
  });
});

describe('the rootDSE', () => {
  test('of a server that returns no attributes is empty', () => {
    expect(readRootDse(makeEntry('', {}))).toMatchObject({
      namingContexts: [],
      configurationNamingContext: undefined,
      currentTime: undefined,
      isActiveDirectory: false,
      isReadOnly: false,
      isGlobalCatalogReady: undefined,
      vendor: undefined,
    });
  });

  test('of a read-only DC lists the capability of partial secrets', () => {
    const capabilities = ['1.2.840.113556.1.4.800', '1.2.840.113556.1.4.1920'];

    expect(readRootDse(makeEntry('', { supportedCapabilities: capabilities }))).toMatchObject({
      isActiveDirectory: true,
      isReadOnly: true,
    });
  });
});
