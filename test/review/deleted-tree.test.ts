import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childDn, parentDn } from '../../src/ad/dn.ts';
import { type LeftOut, type WhyLeft, whyLeft } from '../../src/change/plan.ts';
import { referencesIn, type TreeLine, deletedTree as treeOf } from '../../src/review/deleted-tree.ts';
import { reviewRows } from '../../src/review/rows.ts';
import { deletion, modify } from './plans.ts';

const deletedTree = (dns: readonly string[]): readonly TreeLine<{ readonly dn: string }>[] =>
  treeOf(dns.map((dn) => ({ dn })));

const server = 'CN=EX04,CN=Servers,DC=example,DC=com';
const protocols = `CN=Protocols,${server}`;

describe('the tree of entries to be deleted', () => {
  test('names parents first, though leaves are deleted first', () => {
    const lines = deletedTree([`CN=1,CN=SMTP,${protocols}`, `CN=SMTP,${protocols}`, protocols, server]);
    expect(lines.map(({ depth, name }) => `${depth} ${name}`)).toEqual([
      `0 ${server}`,
      '1 CN=Protocols',
      '2 CN=SMTP',
      '3 CN=1',
    ]);
  });

  test('has a root for each entry whose parent stays', () => {
    const lines = deletedTree(['CN=B,DC=example,DC=com', 'CN=A,DC=example,DC=com']);
    expect(lines.map(({ depth, name }) => ({ depth, name }))).toEqual([
      { depth: 0, name: 'CN=A,DC=example,DC=com' },
      { depth: 0, name: 'CN=B,DC=example,DC=com' },
    ]);
  });

  test('names of an entry below one that stays all that its line lacks', () => {
    const lines = deletedTree([`CN=1,CN=SMTP,${protocols}`, server]);
    expect(lines.map(({ depth, name }) => `${depth} ${name}`)).toEqual([`0 ${server}`, '1 CN=1,CN=SMTP,CN=Protocols']);
  });

  test('shows twice what a plan deletes twice, and what is no DN at its end', () => {
    const lines = deletedTree([server, 'no DN', server.toUpperCase()]);
    expect(lines.map(({ depth, name }) => `${depth} ${name}`).toSorted()).toEqual(
      [`0 ${server}`, `0 ${server.toUpperCase()}`, '0 no DN'].toSorted(),
    );
  });

  test('shows every entry once, behind its parent, whatever its name and the order', () => {
    const tree = fc
      .array(fc.tuple(fc.nat(), fc.string({ minLength: 1, maxLength: 8 })), { maxLength: 30 })
      .map((steps) => {
        const dns = [server];
        for (const [place, name] of steps)
          dns.push(childDn(dns[place % dns.length] ?? server, 'CN', `${name} ${dns.length}`));
        return dns;
      });
    fc.assert(
      fc.property(tree, fc.infiniteStream(fc.double({ noNaN: true })), (dns, order) => {
        const shuffled = dns
          .map((dn) => ({ dn, rank: order.next().value ?? 0 }))
          .sort((one, other) => one.rank - other.rank)
          .map(({ dn }) => dn);
        const shown = deletedTree(shuffled).map(({ entry }) => entry.dn);
        expect([...shown].sort()).toEqual([...dns].sort());
        for (const [index, dn] of shown.entries()) {
          if (dn !== server) expect(shown.indexOf(parentDn(dn) ?? '')).toBeLessThan(index);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('what refers to an entry of the tree', () => {
  const named = deletion(server, [
    { name: 'legacyExchangeDN', values: ['/o=Contoso/cn=EX04'] },
    { name: 'networkAddress', values: ['netbios:EX04', 'ncacn_ip_tcp:ex04.example.com'] },
  ]);
  const clearing = (attribute: string, value: string) =>
    modify('CN=Referrer,DC=example,DC=com', { attribute, remove: [value], add: [] });
  const left = (because: WhyLeft, more: Partial<LeftOut> = {}): LeftOut => ({
    what: 'homeMTA of CN=Sales\\, north,DC=example,DC=com',
    reason: 'a-finding',
    reference: { to: [server], because },
    ...more,
  });

  test.each([
    ['its DN, in any spelling', server.toUpperCase()],
    ['its DN with a binary part', `B:8:01020304:${server}`],
    ['its legacyExchangeDN', '/o=contoso/cn=ex04'],
    ['its FQDN', 'EX04.example.com'],
  ])('is what the plan clears and names it by %s', (_, value) => {
    const to = referencesIn(reviewRows([clearing('anyAttribute', value), named]), []);
    expect(to(server)).toEqual({ cleared: ['anyAttribute of Referrer'], left: [] });
    expect(to(protocols)).toEqual({ cleared: [], left: [] });
  });

  test('is also what the plan leaves, with the reason, at each entry that it names', () => {
    const to = referencesIn([], [left('mandatory', { reference: { to: [server, protocols], because: 'mandatory' } })]);
    for (const dn of [server.toLowerCase(), protocols]) {
      expect(to(dn)).toEqual({ cleared: [], left: ['homeMTA of Sales, north: stays, mandatory attribute'] });
    }
  });

  test.each(whyLeft.filter((why) => why !== 'link'))('that is left because of "%s" says so', (why) => {
    expect(referencesIn([], [left(why)])(server).left).toEqual([expect.stringMatching(/: stays, [a-z' ]{10,40}$/)]);
  });

  test('and is a link is not reported as staying', () => {
    expect(referencesIn([], [left('link')])(server).left).toEqual([
      'homeMTA of Sales, north: a link, removed with the entry',
    ]);
  });

  test('and is only counted has its number', () => {
    const many = left('mailbox', { what: 'homeMDB of mailboxes in its databases', detail: '12' });
    expect(referencesIn([], [many])(server).left).toEqual([
      "12 × homeMDB of mailboxes in its databases: stays, users' mailboxes are not changed",
    ]);
  });

  test('is also a link of an entry that stays, which the back link of what goes shows', () => {
    const store = deletion(protocols, [
      {
        name: 'homeMDBBL',
        values: ['CN=anna,DC=example,DC=com', `CN=own,${server}`, 'CN=Referrer,DC=example,DC=com'],
        isBackLink: true,
        linksFrom: 'homeMDB',
      },
    ]);
    const own = deletion(`CN=own,${server}`, []);
    const counted: LeftOut = {
      what: 'homeMDB of mailboxes in its databases',
      detail: '1',
      reason: 'mailboxes',
      reference: { to: [protocols], because: 'link' },
    };
    const to = referencesIn(reviewRows([clearing('homeMDB', protocols), own, store]), [counted]);
    expect(to(protocols)).toEqual({
      cleared: ['homeMDB of Referrer'],
      left: ['homeMDB of anna: a link, removed with the entry'],
    });
  });

  test('is nothing that names no entry of the plan', () => {
    expect(referencesIn([], [{ what: 'homeMTA of CN=x', reason: 'r' }])(server).left).toEqual([]);
  });
});
