import { describe, expect, test } from 'vitest';
import { readRootDse } from '../../../src/ldap/root-dse.ts';
import {
  effectiveLifetime,
  faultWithGarbageCollection,
  type StoredLifetimes,
  serverKindOf,
} from '../../../src/remedies/tombstone/lifetime.ts';
import { makeEntry } from '../../support/make-entry.ts';

const nothingStored: StoredLifetimes = {
  tombstoneLifetime: undefined,
  deletedObjectLifetime: undefined,
  garbageCollectionHours: undefined,
};
const activeDirectory = { supportedCapabilities: ['1.2.840.113556.1.4.800'] };

describe('the server', () => {
  test('is Windows if it is an Active Directory that does not name its vendor', () => {
    expect(serverKindOf(readRootDse(makeEntry('', activeDirectory)), false)).toBe('windows');
  });

  test('is Samba if it says so', () => {
    const rootDse = readRootDse(
      makeEntry('', { ...activeDirectory, vendorName: ['Samba Team (https://www.samba.org)'] }),
    );
    expect(serverKindOf(rootDse, false)).toBe('samba');
  });

  test('is not known behind an export that does not tell, nor with another vendor', () => {
    expect(serverKindOf(readRootDse(makeEntry('', activeDirectory)), true)).toBe('unknown');
    expect(serverKindOf(readRootDse(makeEntry('', { vendorName: ['Somebody'] })), false)).toBe('unknown');
  });
});

describe('the lifetime in force', () => {
  test('is 60 days where none is set on Windows, and 180 on Samba', () => {
    expect(effectiveLifetime(nothingStored, 'windows')).toBe(60);
    expect(effectiveLifetime(nothingStored, 'samba')).toBe(180);
  });

  test('is the stored one, unless that is below the two days that are honoured', () => {
    expect(effectiveLifetime({ ...nothingStored, tombstoneLifetime: 365 }, 'windows')).toBe(365);
    expect(effectiveLifetime({ ...nothingStored, tombstoneLifetime: -5 }, 'windows')).toBe(60);
  });
});

describe('three periods of garbage collection', () => {
  test.each([
    [168, 21, false],
    [168, 22, true],
    [288, 36, false],
    [288, 37, true],
  ])('of %i hours and a lifetime of %i days', (garbageCollectionHours, days, isHonoured) => {
    const fault = faultWithGarbageCollection(days, { ...nothingStored, garbageCollectionHours });
    expect(fault === undefined).toBe(isHonoured);
  });

  test('are twelve hours each where nothing is set', () => {
    expect(faultWithGarbageCollection(3, nothingStored)).toBeUndefined();
  });
});
