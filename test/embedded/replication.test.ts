/** Replication between the DCs of an embedded forest: stamps, vectors, tombstones, and what only some DCs have. */

import { Attribute, Change, type Client } from 'ldapts';
import { describe, expect, it } from 'vitest';
import { formatGuid } from '../../src/ad/entry.ts';
import { parsePropertyMetaData, parseUpToDateVector } from '../../src/ad/replication-values.ts';
import type { ServedForest } from '../support/ldap-server/served-forest.ts';
import { bytesOf, configuration, connectTo, domain, openForest, showDeleted, valuesOf } from './support.ts';

const [dc1, dc2] = ['dc1.corp.example.com', 'dc2.corp.example.com'] as const;
const readerDn = `CN=Reader,CN=Users,${domain}`;

const describeAs = (client: Client, dn: string, text: string): Promise<void> =>
  client.modify(
    dn,
    new Change({ operation: 'replace', modification: new Attribute({ type: 'description', values: [text] }) }),
  );

async function twoClients(forest: ServedForest): Promise<[Client, Client]> {
  return [await connectTo(forest, dc1), await connectTo(forest, dc2)];
}

async function bytesRead(client: Client, dn: string, attribute: string): Promise<Buffer> {
  const options = { scope: 'base' as const, attributes: [attribute], explicitBufferAttributes: [attribute] };
  return bytesOf((await client.search(dn, options)).searchEntries[0], attribute);
}

async function invocationIdOf(client: Client, name: string): Promise<string> {
  return formatGuid(await bytesRead(client, `CN=NTDS Settings,CN=${name},CN=Sites,${configuration}`, 'invocationId'));
}

/** Attribute number 0 is objectClass: its stamp is that of the creation. */
function isCreation({ attribute }: { readonly attribute: string }): boolean {
  return ['objectClass', 'attid 0'].includes(attribute);
}

async function namesOf(client: Client, base: string): Promise<string[]> {
  const { searchEntries } = await client.search(base, { scope: 'one', attributes: ['name'] }, showDeleted);
  return searchEntries.map(({ name }) => String(name)).sort();
}

/** Both links between the two DCs are cut. */
async function apart(ldif = ''): Promise<{ forest: ServedForest; first: Client; second: Client }> {
  const forest = await openForest(ldif);
  forest.cut(dc1);
  forest.cut(dc2);
  const [first, second] = await twoClients(forest);
  return { forest, first, second };
}

function join(forest: ServedForest): void {
  forest.heal(dc1);
  forest.heal(dc2);
  forest.replicate(dc1);
  forest.replicate(dc2);
  forest.replicate(dc1);
}

describe('an attribute that two DCs changed apart', () => {
  it('has the value of the higher version on both, whatever the times', async () => {
    const { forest, first, second } = await apart();
    await describeAs(first, readerDn, 'one');
    await describeAs(first, readerDn, 'two');
    forest.setCondition(dc2, { clockOffset: 60_000 });
    await describeAs(second, readerDn, 'later');
    join(forest);
    expect(await valuesOf(first, readerDn, 'description')).toEqual(['two']);
    expect(await valuesOf(second, readerDn, 'description')).toEqual(['two']);
  });

  it('has the later value where the versions are equal', async () => {
    const { forest, first, second } = await apart();
    forest.setCondition(dc2, { clockOffset: 60_000 });
    await describeAs(first, readerDn, 'earlier');
    await describeAs(second, readerDn, 'later');
    join(forest);
    expect(await valuesOf(first, readerDn, 'description')).toEqual(['later']);
    expect(await valuesOf(second, readerDn, 'description')).toEqual(['later']);
  });

  it('has one and the same value where versions and times are equal', async () => {
    const { forest, first, second } = await apart();
    await describeAs(first, readerDn, 'of DC1');
    await describeAs(second, readerDn, 'of DC2');
    join(forest);
    const [value] = await valuesOf(first, readerDn, 'description');
    expect(['of DC1', 'of DC2']).toContain(value);
    expect(await valuesOf(second, readerDn, 'description')).toEqual([value]);
  });
});

describe('a deletion', () => {
  it('beats a later change of the entry on another DC', async () => {
    const { forest, first, second } = await apart();
    await first.del(readerDn);
    forest.setCondition(dc2, { clockOffset: 60_000 });
    await describeAs(second, readerDn, 'changed');
    await describeAs(second, readerDn, 'changed again');
    join(forest);
    for (const client of [first, second]) {
      expect(await namesOf(client, `CN=Users,${domain}`)).not.toContain('Reader');
      const [deleted = ''] = (await namesOf(client, `CN=Deleted Objects,${domain}`)).filter((name) =>
        name.startsWith('Reader\nDEL:'),
      );
      const dn = `CN=${deleted.replace('\n', '\\0A')},CN=Deleted Objects,${domain}`;
      expect(await valuesOf(client, dn, 'isDeleted', showDeleted)).toEqual(['TRUE']);
      expect(await valuesOf(client, dn, 'description', showDeleted)).toEqual([]);
    }
  });

  it('takes the links to the entry away on every DC', async () => {
    const { forest, first, second } = await apart();
    await first.del(`CN=Administrator,CN=Users,${domain}`);
    expect(await valuesOf(second, `CN=Domain Admins,CN=Users,${domain}`, 'member')).toHaveLength(1);
    join(forest);
    expect(await valuesOf(second, `CN=Domain Admins,CN=Users,${domain}`, 'member')).toEqual([]);
  });
});

describe('two entries that got the same name apart', () => {
  it('are both there on both DCs, one of them named as a conflict', async () => {
    const { forest, first, second } = await apart();
    const dn = `CN=twin,CN=Users,${domain}`;
    await first.add(dn, { objectClass: 'container', description: 'of DC1' });
    forest.setCondition(dc2, { clockOffset: 60_000 });
    await second.add(dn, { objectClass: 'container', description: 'of DC2' });
    join(forest);
    const twins = (await namesOf(first, `CN=Users,${domain}`)).filter((name) => name.startsWith('twin'));
    expect(twins).toEqual(['twin', expect.stringMatching(/^twin\nCNF:[0-9a-f-]{36}$/)]);
    expect((await namesOf(second, `CN=Users,${domain}`)).filter((name) => name.startsWith('twin'))).toEqual(twins);
    expect(await valuesOf(first, dn, 'description')).toEqual(['of DC2']);
    expect(await valuesOf(second, dn, 'description')).toEqual(['of DC2']);
  });
});

describe('an entry that the others have collected', () => {
  /** DC2 missed that the entry was deleted, and DC1 has collected the tombstone. */
  async function lingering(): Promise<{ forest: ServedForest; first: Client; second: Client }> {
    const world = await apart();
    await world.first.del(readerDn);
    expect(world.forest.expunge(dc1, new Date('2027-01-01T00:00:00Z'))).toBe(1);
    return world;
  }

  it('lingers where the deletion never arrived', async () => {
    const { forest, first, second } = await lingering();
    // All of DC1's news, without the entry that it no longer has.
    expect(forest.replicate(dc2, dc1)).toMatchObject({ kind: 'done', applied: 0 });
    expect(await namesOf(first, `CN=Deleted Objects,${domain}`)).toEqual([]);
    expect(await namesOf(second, `CN=Users,${domain}`)).toContain('Reader');
  });

  it('stops replication to a strict DC once it is changed', async () => {
    const { forest, second } = await lingering();
    await describeAs(second, readerDn, 'changed');
    await second.add(`CN=after,${domain}`, { objectClass: 'container' });
    expect(forest.replicate(dc1, dc2)).toEqual({ kind: 'stopped', lingering: readerDn });
    const [first] = await twoClients(forest);
    await expect(first.search(`CN=after,${domain}`)).rejects.toThrow();
  });

  it('comes back whole on a DC that is not strict', async () => {
    const { forest, first, second } = await lingering();
    await describeAs(second, readerDn, 'changed');
    expect(forest.replicate(dc1, dc2, { strict: false })).toMatchObject({ kind: 'done' });
    expect(await valuesOf(first, readerDn, 'description')).toEqual(['changed']);
    expect(await valuesOf(first, readerDn, 'sAMAccountName')).toEqual(['reader']);
  });
});

describe('replPropertyMetaData and replUpToDateVector', () => {
  it('name the DC and the number of the creation, and show that another DC has it', async () => {
    const forest = await openForest();
    const [first, second] = await twoClients(forest);
    const dn = `CN=new,${domain}`;
    await second.add(dn, { objectClass: 'container' });
    const stamps = parsePropertyMetaData(await bytesRead(first, dn, 'replPropertyMetaData'));
    const creation = stamps.find(isCreation);
    const origin = await invocationIdOf(first, 'DC2');
    expect(creation).toMatchObject({ originatingInvocationId: origin, version: 1 });
    forest.replicate(dc1, dc2);
    const cursors = parseUpToDateVector(await bytesRead(first, domain, 'replUpToDateVector'));
    const cursor = cursors.find(({ invocationId }) => invocationId === origin);
    expect(cursor?.usn).toBeGreaterThanOrEqual(creation?.originatingUsn ?? 0n);
  });

  it('show that a DC which is cut off does not have it', async () => {
    const forest = await openForest();
    const [first, second] = await twoClients(forest);
    forest.replicate(dc1, dc2);
    forest.cut(dc1);
    const dn = `CN=new,${domain}`;
    await second.add(dn, { objectClass: 'container' });
    const stamps = parsePropertyMetaData(await bytesRead(second, dn, 'replPropertyMetaData'));
    const creation = stamps.find(isCreation);
    const cursors = parseUpToDateVector(await bytesRead(first, domain, 'replUpToDateVector'));
    const origin = await invocationIdOf(first, 'DC2');
    expect(cursors.find(({ invocationId }) => invocationId === origin)?.usn).toBeLessThan(
      creation?.originatingUsn ?? 0n,
    );
  });
});

describe('the data of a forest', () => {
  const onDc2 = `dn: CN=left,${domain}\nobjectClass: container\npracticeOnlyOn: dc2\n`;

  it('can give a DC entries of its own, which do not replicate', async () => {
    const forest = await openForest(onDc2);
    const [first, second] = await twoClients(forest);
    forest.replicate(dc1);
    expect(await namesOf(second, domain)).toContain('left');
    expect(await namesOf(first, domain)).not.toContain('left');
    expect(await valuesOf(second, `CN=left,${domain}`, 'practiceOnlyOn')).toEqual([]);
  });

  it('keeps what only one DC has when it is written and opened again', async () => {
    const forest = await openForest(onDc2);
    forest.cut(dc2);
    await describeAs((await twoClients(forest))[0], readerDn, 'of DC1');
    const again = await openForest('', { sources: [{ name: 'saved', content: [...forest.toLdif()].join('') }] });
    const [first, second] = await twoClients(again);
    expect(await namesOf(first, domain)).not.toContain('left');
    expect(await namesOf(second, domain)).toContain('left');
    expect(await valuesOf(first, readerDn, 'description')).toEqual(['of DC1']);
    expect(await valuesOf(second, readerDn, 'description')).toEqual([]);
  });

  it('is refused where it names an unknown DC', async () => {
    await expect(openForest(onDc2.replace('dc2', 'dc9'))).rejects.toThrow(/dc9/);
  });
});
