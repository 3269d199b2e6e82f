import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childDn, parentDn } from '../../src/ad/dn.ts';
import { type TreeLine, deletedTree as treeOf } from '../../src/review/deleted-tree.ts';

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
