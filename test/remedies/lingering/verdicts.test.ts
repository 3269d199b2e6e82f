import { describe, expect, test } from 'vitest';
import { guidFromText } from '../../../src/ad/entry.ts';
import type { DomainController } from '../../../src/ad/forest.ts';
import { type AttributeStamp, originatorOf } from '../../../src/ad/replication-values.ts';
import {
  isChangedSince,
  type Presence,
  type Reference,
  type Sighting,
  verdictOf,
} from '../../../src/remedies/lingering/verdicts.ts';

const [dc1, dc2, gone] = [
  '11111111-1111-1111-1111-111111111111',
  '22222222-2222-2222-2222-222222222222',
  '33333333-3333-3333-3333-333333333333',
] as const;

/** Has had DC1's changes up to 100 and DC2's up to 50; the third DC no longer exists. */
const reference: Reference = {
  known: new Map([
    [dc1, 100n],
    [dc2, 50n],
  ]),
  originator: (invocationId) => [dc1, dc2].find((one) => one === invocationId),
};

const stamp = (attribute: string, origin: string, usn: bigint, version = 1): AttributeStamp => ({
  attribute,
  version,
  changed: new Date('2026-01-01T00:00:00Z'),
  originatingInvocationId: origin,
  originatingUsn: usn,
});

const object = (...stamps: readonly AttributeStamp[]): Sighting => ({ presence: 'alive', isDynamic: false, stamps });
const judged = (sighting: Sighting, onReference: Presence = 'absent'): string | undefined =>
  verdictOf(sighting, onReference, reference);

describe('an object that the reference has not', () => {
  test('is lingering if the reference has had its creation, up to the very last change that it knows', () => {
    expect(judged(object(stamp('objectClass', dc2, 50n)))).toBe('lingering');
    expect(judged(object(stamp('attid 0', dc2, 50n)))).toBe('lingering');
  });

  test('is new if its creation is one change later', () => {
    expect(judged(object(stamp('objectClass', dc2, 51n)))).toBe('new');
  });

  test('is abandoned if the DC of its creation does not exist, and the reference never heard of it', () => {
    expect(judged(object(stamp('objectClass', gone, 1n)))).toBe('abandoned');
  });

  test('is lingering if the DC of its creation no longer exists, but the reference has had its changes', () => {
    const known = new Map([[gone, 9n]]);
    expect(verdictOf(object(stamp('objectClass', gone, 9n)), 'absent', { ...reference, known })).toBe('lingering');
  });

  test('is compared by invocationId, in whatever case it is written', () => {
    const known = new Map([['abcdefab-0000-0000-0000-000000000000', 9n]]);
    const created = stamp('objectClass', 'ABCDEFAB-0000-0000-0000-000000000000', 9n);
    expect(verdictOf(object(created), 'absent', { ...reference, known })).toBe('lingering');
  });

  test('was restored there if an undeletion is later than what the reference has had', () => {
    const created = stamp('objectClass', dc1, 1n);
    expect(judged(object(created, stamp('isDeleted', dc2, 51n, 2)))).toBe('undeleted');
    expect(judged(object(created, stamp('isDeleted', dc2, 50n, 2)))).toBe('lingering');
  });

  test('is left out if it is dynamic, whatever its stamps', () => {
    expect(judged({ ...object(stamp('objectClass', dc1, 1n)), isDynamic: true })).toBe('dynamic');
  });

  test('is not provable without the stamp of its creation', () => {
    expect(judged(object(stamp('description', dc1, 1n)))).toBe('not-provable');
  });
});

describe('a tombstone that the reference has not', () => {
  const tombstone = (usn: bigint): Sighting => ({
    ...object(stamp('objectClass', dc1, usn), stamp('isDeleted', dc1, usn)),
    presence: 'deleted',
  });

  test('is transient if the reference has had the object: garbage collection takes it', () => {
    expect(judged(tombstone(100n))).toBe('transient');
  });

  test('is no difference if the reference never had the object', () => {
    expect(judged(tombstone(101n))).toBeUndefined();
  });
});

describe('an object of which the reference has a tombstone', () => {
  test('is late: replication deletes it', () => {
    expect(judged(object(stamp('objectClass', dc1, 1n)), 'deleted')).toBe('late');
  });

  test('is new if it was restored since: replication restores it there', () => {
    expect(judged(object(stamp('objectClass', dc1, 1n), stamp('isDeleted', dc2, 51n, 2)), 'deleted')).toBe('new');
  });
});

test('an object that the reference has, or that the target has no longer, has no verdict', () => {
  const created = object(stamp('objectClass', dc1, 1n));
  expect(judged(created, 'alive')).toBeUndefined();
  expect(judged({ ...created, presence: 'absent' })).toBeUndefined();
});

test('an object is changed since if the reference lacks any of its changes', () => {
  const created = stamp('objectClass', dc1, 1n);
  expect(isChangedSince(object(created, stamp('description', dc2, 50n)), reference)).toBe(false);
  expect(isChangedSince(object(created, stamp('description', dc2, 51n)), reference)).toBe(true);
});

describe('a DC that was restored made its earlier changes under another invocationId', () => {
  const dc = (more: Partial<DomainController>): DomainController => ({
    name: 'DC1',
    site: 'Amsterdam',
    dn: 'CN=DC1,CN=Servers',
    dnsHostName: 'dc1.corp.example.com',
    serverReference: undefined,
    settingsDn: 'CN=NTDS Settings,CN=DC1,CN=Servers',
    dsaGuid: undefined,
    invocationId: dc1,
    isGlobalCatalog: true,
    isReadOnly: false,
    isInboundReplicationOff: false,
    isOutboundReplicationOff: false,
    fullNamingContexts: [],
    partialNamingContexts: [],
    ...more,
  });
  const cursor = (sourceDsaDn: string) => ({ invocationId: gone, usn: 1n, lastSuccess: 'never' as const, sourceDsaDn });

  test.each([
    [
      'its retired signatures hold',
      [dc({ retiredSignatures: [Buffer.concat([Buffer.alloc(8), guidFromText(gone)])] })],
      [],
    ],
    ['a vector names beside its cursor', [dc({})], [cursor('cn=ntds settings,CN=DC1,CN=Servers')]],
  ])('which %s: what it made is new, not abandoned', (_, domainControllers, cursors) => {
    const originator = originatorOf(domainControllers, cursors);
    expect(originator(gone)?.name).toBe('DC1');
    expect(originator(dc1.toUpperCase())?.name).toBe('DC1');
    expect(originator(dc2)).toBeUndefined();
    const made = object(stamp('objectClass', gone, 10n));
    expect(verdictOf(made, 'absent', reference)).toBe('abandoned');
    expect(verdictOf(made, 'absent', { ...reference, originator })).toBe('new');
  });
});
