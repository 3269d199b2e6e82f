import { describe, expect, test } from 'vitest';
import type { ExchangeServer } from '../../../src/remedies/orphan/organisation.ts';
import { type ComputerAccount, hasLoggedOnLately, weigh } from '../../../src/remedies/orphan/survey.ts';

const now = new Date('2026-11-22T09:00:00Z');
const daysAgo = (days: number): Date => new Date(now.getTime() - days * 86_400_000);

const server = (properties: Partial<ExchangeServer> = {}): ExchangeServer => ({
  dn: 'CN=EX04,CN=Servers',
  name: 'EX04',
  adminGroup: 'First',
  organisation: 'Contoso',
  roles: 38,
  versionNumber: undefined,
  serialNumber: undefined,
  legacyExchangeDn: '/o=Contoso/cn=EX04',
  installPath: undefined,
  fqdn: 'ex04.corp.example.com',
  site: undefined,
  availabilityGroup: undefined,
  created: undefined,
  isConflict: false,
  children: { virtualDirectories: 8, receiveConnectors: 2, informationStores: 1 },
  ...properties,
});

const account = (properties: Partial<Extract<ComputerAccount, { kind: 'present' }>> = {}): ComputerAccount => ({
  kind: 'present',
  dn: 'CN=EX04,CN=Computers',
  isDisabled: false,
  lastLogon: daysAgo(5),
  isInExchangeGroups: true,
  sharedWith: [],
  ...properties,
});

const verdictOf = (one: ExchangeServer, itsAccount: ComputerAccount): string =>
  weigh(one, itsAccount, [one, server({ dn: 'CN=EX01,CN=Servers', name: 'EX01' })], { now }).verdict;

describe('the verdict', () => {
  test('is in use for a server whose account logs on', () => {
    expect(verdictOf(server(), account())).toBe('in use');
  });

  test.each([
    ['without an account', { kind: 'absent' }],
    ['whose account is disabled', account({ isDisabled: true })],
    ['whose account has not logged on for 80 days', account({ lastLogon: daysAgo(80) })],
  ] as const)('is likely orphan for one %s', (_, itsAccount) => {
    expect(verdictOf(server(), itsAccount)).toBe('likely orphan');
  });

  test('is likely orphan for one that lacks what its roles imply', () => {
    const children = { virtualDirectories: 0, receiveConnectors: 0, informationStores: 0 };
    const { verdict, for: signs } = weigh(server({ children }), account({ lastLogon: daysAgo(45) }), [], { now });
    expect(verdict).toBe('likely orphan');
    expect(signs).toEqual([
      'Client Access without a virtual directory',
      'Hub Transport without a receive connector',
      'Mailbox without an InformationStore',
    ]);
  });

  test('is unclear for an account that logged on 45 days ago, which lastLogonTimestamp may lag behind', () => {
    expect(verdictOf(server(), account({ lastLogon: daysAgo(45) }))).toBe('unclear');
  });

  test('is no orphan for an Edge server without an account, which it never has', () => {
    expect(verdictOf(server({ roles: 64 }), { kind: 'absent' })).toBe('unclear');
  });

  test('is provisioned only for a server that nothing was installed on', () => {
    expect(verdictOf(server({ roles: 4096 }), { kind: 'absent' })).toBe('provisioned only');
  });
});

describe('a live account', () => {
  test.each([
    [30, false, true],
    [31, false, false],
    [1, true, false],
  ])('that logged on %i days ago and is disabled (%s) is one: %s', (days, isDisabled, expected) => {
    expect(hasLoggedOnLately(account({ lastLogon: daysAgo(days), isDisabled }), now)).toBe(expected);
  });
});

describe('a server without another that can take its place', () => {
  const alone = (...others: readonly Partial<ExchangeServer>[]): boolean =>
    weigh(server(), account(), [server(), ...others.map((other) => server({ dn: 'CN=other', ...other }))], {
      now,
    }).against.includes('no other Exchange server can take its place');

  test.each<[string, Partial<ExchangeServer>]>([
    ['lost a naming conflict', { isConflict: true }],
    ['was only provisioned', { roles: 4096 }],
    ['is an Edge server', { roles: 64 }],
  ])('is one beside one that %s', (_, other) => {
    expect(alone(other)).toBe(true);
  });

  test('is one that is alone, and none beside a whole one', () => {
    expect([alone(), alone({ roles: 2 }), alone({ roles: undefined })]).toEqual([true, false, false]);
  });
});
