import { describe, expect, test } from 'vitest';
import { sameDn } from '../../src/ad/dn.ts';
import { linksToPutBack } from '../../src/change/lost-links.ts';
import type { DeletedEntry, ModifyChange } from '../../src/change/plan.ts';
import { isReverse } from '../../src/change/undo-link.ts';
import { resultError } from '../../src/ldap/diagnostics.ts';
import type { DirectorySession } from '../../src/ldap/session.ts';
import { makeEntry } from '../support/make-entry.ts';

const domain = 'DC=corp,DC=example,DC=com';
const childDomain = `DC=emea,${domain}`;
const store = `CN=Store,CN=EX07,CN=Configuration,${domain}`;
const other = `CN=Other,CN=EX08,CN=Configuration,${domain}`;
const guid = (digit: number): string => `00000000-0000-4000-8000-00000000000${digit}`;
const guidBytes = (digit: number): Buffer => {
  const bytes = Buffer.alloc(16);
  bytes[7] = 0x40;
  bytes[8] = 0x80;
  bytes[15] = digit;
  return bytes;
};

/** A database, as a plan holds it that deletes it, with those whose homeMDB names it. */
const deleted = (...from: readonly string[]): DeletedEntry => ({
  dn: store,
  guid: guid(1),
  usnChanged: '1',
  attributes: [{ name: 'homeMDBBL', values: from, isBackLink: true, linksFrom: 'homeMDB' }],
});
const anna = `CN=anna,${domain}`;

/** A DC of this domain, on which these people have these values of homeMDB. */
function dcWith(people: Readonly<Record<string, readonly string[]>>, systemOnly = 'FALSE'): DirectorySession {
  const definition = makeEntry(`CN=ms-Exch-Home-MDB,CN=Schema,${domain}`, {
    lDAPDisplayName: ['homeMDB'],
    attributeSyntax: ['2.5.5.1'],
    linkID: ['32'],
    isSingleValued: ['TRUE'],
    systemOnly: [systemOnly],
  });
  return {
    rootDse: { schemaNamingContext: `CN=Schema,${domain}` },
    search: async function* () {
      yield definition;
    },
    readEntry: async (dn: string) => {
      if (dn.endsWith(childDomain))
        throw resultError('read', dn, { resultCode: 10, matchedDn: '', diagnostic: '0000202B: RefErr', referrals: [] });
      const name = Object.keys(people).find((one) => sameDn(one, dn));
      return name === undefined
        ? undefined
        : makeEntry(name, { objectGUID: [guidBytes(2)], homeMDB: people[name] ?? [] });
    },
  } as unknown as DirectorySession;
}

const putBack = (to: string): ModifyChange => ({
  kind: 'modify',
  dn: to,
  guid: guid(2),
  edits: [{ attribute: 'homeMDB', remove: [], add: [store] }],
});

describe('a link that the directory removed with the entry that it named', () => {
  test('is written again, as the back link of that entry shows it', async () => {
    expect(await linksToPutBack([deleted(anna)], [], dcWith({ [anna]: [] }))).toEqual({
      changes: [putBack(anna)],
      moved: [],
      lost: [],
    });
  });

  test('is left alone where it is there already, in any spelling', async () => {
    const found = await linksToPutBack([deleted(anna)], [], dcWith({ [anna]: [store.toLowerCase()] }));
    expect(found).toEqual({ changes: [], moved: [], lost: [] });
  });

  test('is left alone where its only value is another one now, which is reported', async () => {
    const found = await linksToPutBack([deleted(anna)], [], dcWith({ [anna]: [other] }));
    expect(found).toEqual({
      changes: [],
      moved: [{ dn: anna, attribute: 'homeMDB', values: [store], found: [other] }],
      lost: [],
    });
  });

  test.each([
    ['its entry is gone', anna, dcWith({})],
    ['its entry is of a domain that this DC does not hold', `CN=anna,${childDomain}`, dcWith({})],
    ['only the system writes it', anna, dcWith({ [anna]: [] }, 'TRUE')],
  ])('is reported as lost where %s', async (_, from, session) => {
    expect(await linksToPutBack([deleted(from)], [], session)).toEqual({
      changes: [],
      moved: [],
      lost: [`homeMDB of ${from}`],
    });
  });

  test('is none of those that the plan cleared itself, nor one between entries that come back', async () => {
    const cleared = { ...putBack(anna), edits: [{ attribute: 'HomeMDB', remove: [store], add: [] }] };
    const found = await linksToPutBack([deleted(anna, store)], [cleared], dcWith({ [anna]: [] }));
    expect(found).toEqual({ changes: [], moved: [], lost: [] });
  });
});

test('values that are not DNs, or not text, are no links', async () => {
  const odd = deleted('no DN', anna);
  const attributes = odd.attributes.map((one) => ({ ...one, values: [{ base64: 'AA==' }, ...one.values] }));
  const found = await linksToPutBack([{ ...odd, attributes }], [], dcWith({ [anna]: [] }));
  expect(found).toEqual({ changes: [putBack(anna)], moved: [], lost: [] });
});

describe('an undo that writes a link is the reverse of a plan', () => {
  const deletion = { kind: 'delete', children: [], ...deleted(anna) } as const;

  test('that deletes what the link names, as its back link shows', () => {
    expect(isReverse(putBack(anna), [deletion])).toBe(true);
  });

  test.each<[string, ModifyChange]>([
    ['of another entry', putBack(`CN=bert,${domain}`)],
    ['by another attribute', { ...putBack(anna), edits: [{ attribute: 'member', remove: [], add: [store] }] }],
    ['to another entry', { ...putBack(anna), edits: [{ attribute: 'homeMDB', remove: [], add: [other] }] }],
    ['to what is no DN', { ...putBack(anna), edits: [{ attribute: 'homeMDB', remove: [], add: ['no DN'] }] }],
    ['that takes a value away', { ...putBack(anna), edits: [{ attribute: 'homeMDB', remove: [other], add: [store] }] }],
  ])('and not one %s', (_, change) => {
    expect(isReverse(change, [deletion])).toBe(false);
  });
});
