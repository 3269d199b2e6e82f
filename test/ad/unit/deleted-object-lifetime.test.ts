import { describe, expect, test } from 'vitest';
import {
  faultWithGarbageCollection,
  lifetimeInForce,
  type StoredLifetimes,
  serverKindOf,
} from '../../../src/ad/deleted-object-lifetime.ts';
import { readRootDse } from '../../../src/ldap/session.ts';
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

  test('is not known behind an export that names no vendor, nor with another vendor', () => {
    expect(serverKindOf(readRootDse(makeEntry('', activeDirectory)), true)).toBe('unknown');
    expect(serverKindOf(readRootDse(makeEntry('', { vendorName: ['Somebody'] })), false)).toBe('unknown');
  });
});

describe('the lifetime in force', () => {
  const stored = (tombstoneLifetime: number | undefined, garbageCollectionHours?: number): StoredLifetimes => ({
    ...nothingStored,
    tombstoneLifetime,
    garbageCollectionHours,
  });

  test('is 60 days where none is set on Windows, and 180 on Samba', () => {
    expect(lifetimeInForce(nothingStored, 'windows')).toEqual({ days: 60, atMost: 60 });
    expect(lifetimeInForce(nothingStored, 'samba')).toEqual({ days: 180, atMost: 180 });
  });

  test('is the stored one', () => {
    expect(lifetimeInForce(stored(365), 'windows')).toEqual({ days: 365, atMost: 365 });
    expect(lifetimeInForce(stored(3), 'windows')).toEqual({ days: 3, atMost: 3 });
    expect(lifetimeInForce(stored(21, 168), 'windows')).toEqual({ days: 21, atMost: 21 });
  });

  test.each([
    ['0', stored(0), { days: 2, atMost: 60 }],
    ['1', stored(1), { days: 2, atMost: 60 }],
    ['-5', stored(-5), { days: 2, atMost: 60 }],
    ['20 with a garbageCollPeriod of 168 hours', stored(20, 168), { days: 20, atMost: 60 }],
  ])('of a stored %s is the range that the sources give', (_, values, range) => {
    expect(lifetimeInForce(values, 'windows')).toEqual(range);
  });

  test('is what is stored on Samba, however small', () => {
    expect(lifetimeInForce(stored(1), 'samba')).toEqual({ days: 1, atMost: 1 });
  });

  test('is at most the silence after which a DC refused its partner (8614)', () => {
    const evidence = { oldestTombstone: undefined, refusedAfter: 5 };
    expect(lifetimeInForce(stored(1), 'windows', evidence)).toEqual({ days: 2, atMost: 5 });
  });

  test('is at least the age of a tombstone that outlived the last collection', () => {
    const evidence = { oldestTombstone: 45, refusedAfter: undefined };
    expect(lifetimeInForce(stored(1), 'windows', evidence)).toEqual({ days: 44, atMost: 60 });
    expect(lifetimeInForce(stored(1, 168), 'windows', evidence)).toEqual({ days: 38, atMost: 60 });
  });
});

describe('three periods of garbage collection', () => {
  test.each([
    [168, 21, false],
    [168, 22, true],
    // A period has 168 hours at most: a larger stored one does not forbid a sound lifetime.
    [288, 21, false],
    [288, 22, true],
    [2000, 180, true],
  ])('of %i hours and a lifetime of %i days', (garbageCollectionHours, days, isHonoured) => {
    const fault = faultWithGarbageCollection(days, { ...nothingStored, garbageCollectionHours });
    expect(fault === undefined).toBe(isHonoured);
  });

  test('are twelve hours each where nothing is set', () => {
    expect(faultWithGarbageCollection(3, nothingStored)).toBeUndefined();
  });
});
