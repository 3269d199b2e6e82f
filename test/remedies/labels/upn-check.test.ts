import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/ad/entry.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import {
  compareNames,
  reportHead,
  reportLine,
  type UpnDifference,
  upnFindings,
} from '../../../src/remedies/labels/upn-check.ts';
import type { Label } from '../../../src/remedies/labels/wording.ts';
import { makeEntry } from '../../support/make-entry.ts';

function user(name: string, userPrincipalName: string | undefined, address: string): Entry {
  return makeEntry(`CN=${name},DC=corp,DC=example,DC=com`, {
    name: [name],
    ...(userPrincipalName === undefined ? {} : { userPrincipalName: [userPrincipalName] }),
    proxyAddresses: [`smtp:old-${address}`, `SMTP:${address}`],
    mail: ['not-this-one@example.com'],
  });
}

/** @param others accounts without a mailbox, and disabled ones */
async function check(entries: readonly Entry[], label: Label = 'email', others: readonly Entry[] = []) {
  const differences: UpnDifference[] = [];
  const globalCatalog = {
    search: async function* ({ attributes }: { readonly attributes: readonly string[] }) {
      yield* attributes.includes('proxyAddresses') ? entries : others;
    },
  } as unknown as DirectorySession;
  const result = await compareNames(globalCatalog, (difference) => differences.push(difference), undefined, label);
  return { ...result, differences, read: '2026-11-22T09:30:00.000Z', report: [], sha256: '' };
}

describe('who could not log on with the e-mail address', () => {
  test('is a user whose user principal name is not the primary SMTP address, case aside', async () => {
    const entries = [
      user('Kim', 'kim@corp.example.com', 'kim@example.com'),
      user('Sam', 'SAM@Example.com', 'sam@example.COM'),
      user('Nobody', undefined, 'nobody@example.com'),
    ];
    const { users, differing, differences } = await check(entries);
    expect([users, differing]).toEqual([3, 2]);
    expect(differences.map(({ name }) => name)).toEqual(['Kim', 'Nobody']);
    expect(differences[0]).toMatchObject({ address: 'kim@example.com', addressFrom: 'proxyAddresses' });
  });

  test('is taken from mail where no address is marked as the primary one, and that is said', async () => {
    const byMail = makeEntry('CN=Kim', {
      name: ['Kim'],
      userPrincipalName: ['kim@corp.example.com'],
      mail: ['kim@example.com'],
    });
    const result = await check([byMail]);
    expect(result).toMatchObject({ differing: 1, byMail: 1 });
    expect(upnFindings(result)[0]?.detail).toContain('For 1 the attribute mail was compared');
  });

  test("is unknown for a user without an address, and is not checked for Exchange's own monitoring mailboxes", async () => {
    const monitoring = makeEntry('CN=HealthMailbox', {
      name: ['H'],
      mail: ['h@example.com'],
      msExchRecipientTypeDetails: ['549755813888'],
    });
    const without = makeEntry('CN=Kim', { name: ['Kim'], userPrincipalName: ['kim@example.com'] });
    expect(await check([monitoring, without])).toMatchObject({ users: 1, differing: 0, withoutAddress: 1 });
  });

  test('shows the first ten of many and keeps no more', async () => {
    const entries = Array.from({ length: 25 }, (_, index) =>
      user(`user${index}`, `u${index}@corp.example.com`, `u${index}@example.com`),
    );
    const result = await check(entries);
    expect(result.first).toHaveLength(10);
    const [finding] = upnFindings(result);
    expect(finding).toMatchObject({ id: 'upn-differs', level: 'warning' });
    expect(finding?.title).toContain('25 of 25');
    expect(finding?.evidence).toHaveLength(10);
  });

  test('is not known where no user was seen, or none with an address: that is a warning', async () => {
    const without = makeEntry('CN=Kim', { name: ['Kim'], userPrincipalName: ['kim@example.com'] });
    for (const entries of [[], [without]]) {
      expect(upnFindings(await check(entries))).toMatchObject([{ id: 'upn-not-checked', level: 'warning' }]);
    }
  });

  test('may be no user at all: a note then, and no warning', async () => {
    const result = await check([user('Sam', 'sam@example.com', 'sam@example.com')]);
    expect(upnFindings(result)).toMatchObject([{ id: 'upn-checked', level: 'note' }]);
  });
});

describe('by what the label asks for', () => {
  const account = (name: string, domain: string, sAMAccountName: string, userPrincipalName?: string): Entry =>
    makeEntry(`CN=${name},DC=${domain},DC=example,DC=com`, {
      name: [name],
      sAMAccountName: [sAMAccountName],
      ...(userPrincipalName === undefined ? {} : { userPrincipalName: [userPrincipalName] }),
    });

  test('the user principal name fails those who have none', async () => {
    const result = await check(
      [account('Kim', 'corp', 'kim', 'kim@example.com'), account('Sam', 'corp', 'sam')],
      'upn',
    );
    expect(result.differences.map(({ name }) => name)).toEqual(['Sam']);
    expect(upnFindings(result)).toMatchObject([
      {
        id: 'upn-differs',
        title: '1 of 2 mailbox users have no user principal name, or share it with another account',
      },
    ]);
    expect(upnFindings(await check([account('Kim', 'corp', 'kim', 'kim@example.com')], 'upn'))).toMatchObject([
      { id: 'upn-checked', level: 'note' },
    ]);
  });

  test('the user principal name fails those who share it with another account', async () => {
    const entries = [
      account('Kim', 'corp', 'kim', 'kim@example.com'),
      account('Sam', 'corp', 'sam', 'sam@example.com'),
      account('Kim of Sales', 'sales', 'kims', 'KIM@example.com'),
    ];
    const result = await check(entries, 'upn', [
      account('Sam (admin)', 'corp', 'adm', 'sam@example.com'),
      account('Sam (test)', 'corp', 'test', 'sam@example.com'),
    ]);
    expect(result.differences.map(({ name }) => name)).toEqual(['Kim', 'Kim of Sales', 'Sam']);
  });

  test('the user name fails those who share it with an account without a mailbox', async () => {
    const entries = [account('Kim', 'corp', 'kim'), account('Sam', 'corp', 'sam')];
    const result = await check(entries, 'username', [account('Service', 'it', 'SAM')]);
    expect(result).toMatchObject({ users: 2, differing: 1 });
    expect(result.differences.map(({ name }) => name)).toEqual(['Sam']);
  });

  test('the user name fails those who share it with an account of another domain', async () => {
    const entries = [
      account('Kim', 'corp', 'kim'),
      account('Sam', 'corp', 'sam'),
      account('Kim of Sales', 'sales', 'KIM'),
      account('Kim of IT', 'it', 'kim'),
    ];
    const result = await check(entries, 'username');
    expect(result.differences.map(({ name }) => name)).toEqual(['Kim', 'Kim of Sales', 'Kim of IT']);
    expect(upnFindings(result)[0]?.title).toBe(
      '3 of 4 mailbox users share their user name with an account of another domain',
    );
  });

  test('an e-mail address that is another user’s user principal name is named', async () => {
    const result = await check([
      user('Kim', 'kim@corp.example.com', 'info@example.com'),
      user('Sam', 'Info@example.com', 'sam@example.com'),
    ]);
    expect(upnFindings(result)).toMatchObject([
      { id: 'upn-differs' },
      { id: 'address-of-another', level: 'warning', evidence: ['Kim: info@example.com is the name of Sam'] },
    ]);
  });

  test('an e-mail address that is the name of an account without a mailbox is named too', async () => {
    const result = await check([user('Kim', 'kim@corp.example.com', 'info@example.com')], 'email', [
      account('Administrator', 'corp', 'adm', 'INFO@example.com'),
    ]);
    expect(result).toMatchObject({ users: 1, differing: 1 });
    expect(upnFindings(result)[1]?.evidence).toEqual(['Kim: info@example.com is the name of Administrator']);
  });
});

describe('the report', () => {
  const line = (name: string): string =>
    reportLine({ name, userPrincipalName: undefined, address: 'a@example.com', addressFrom: 'mail', dn: 'CN=a,DC=x' });

  test('begins with a byte order mark, by which Excel knows UTF-8, and ends its lines as RFC 4180 says', () => {
    expect(reportHead).toMatch(/^\ufeffname,.*\r\n$/);
    expect(line('Žofie')).toBe('Žofie,,a@example.com,mail,"CN=a,DC=x"\r\n');
  });

  test('quotes what holds commas, quotes or line breaks', () => {
    expect(line('Doe, "JD" John')).toMatch(/^"Doe, ""JD"" John",/);
    expect(line('two\nlines')).toMatch(/^"two\nlines",/);
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])(
    'keeps a spreadsheet from reading %j as a formula',
    (name) => {
      expect(line(name).replace(/^"/, '').startsWith("'")).toBe(true);
    },
  );
});
