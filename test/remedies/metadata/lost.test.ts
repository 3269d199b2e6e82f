/** What only a DC has that still answers: read there, and judged by what the DC of the run has had. */

import { beforeAll, describe, expect, test } from 'vitest';
import { linkStampsOf } from '../../../src/ad/attribute-stamps.ts';
import { DirectoryError } from '../../../src/errors.ts';
import { assess } from '../../../src/remedies/metadata/assess.ts';
import { propose } from '../../../src/remedies/metadata/changes.ts';
import { gather, type MetadataFacts } from '../../../src/remedies/metadata/gather.ts';
import { lostFile, lostRecords } from '../../../src/remedies/metadata/lost.ts';
import { survey } from '../../../src/remedies/metadata/survey.ts';
import type { DirectoryWorld } from '../../../src/remedies/remedy.ts';
import { makeEntry } from '../../support/make-entry.ts';
import { type Dcs, hostOf, openDcs, people } from '../lingering/support/pair.ts';

const hadByBoth = `CN=Had by both,${people}`;

async function lookAt(dcs: Dcs, name: string, more: Partial<DirectoryWorld> = {}): Promise<MetadataFacts> {
  const options = { wanted: { kind: 'name' as const, name }, isWayAsked: true, accept: [] };
  return await gather(await dcs.world('dc1', more), { kind: 'new', options });
}

function findingsOf(facts: MetadataFacts): readonly string[] {
  return assess(facts, propose(facts)).map(({ id }) => id);
}

describe('two DCs that no longer replicate', () => {
  let dcs: Dcs;
  let made: string;
  beforeAll(async () => {
    dcs = await openDcs();
    for (const name of ['Had by both', 'Deleted there', 'Deleted here']) await dcs.create('dc2', name);
    dcs.replicate();
    for (const name of ['dc1', 'dc2']) dcs.forest.cut(hostOf(name));
    await dcs.create('dc1', 'Made here');
    made = await dcs.create('dc2', 'Made there');
    const there = await dcs.session('dc2');
    await there.delete(`CN=Deleted there,${people}`);
    await (await dcs.session('dc1')).delete(`CN=Deleted here,${people}`);
    await there.modify(hadByBoth, [{ attribute: 'description', remove: [], add: [Buffer.from('Branch')] }]);
  });

  test('what was made or changed there is named, with the attributes, and nothing that both have had', async () => {
    const { chosen } = await lookAt(dcs, 'DC2');
    const changed = new Map(chosen?.lost?.map(({ dn, change }) => [dn, change]));
    expect([...changed.keys()].toSorted()).toEqual([
      expect.stringContaining('CN=Deleted there\\0ADEL:'),
      hadByBoth,
      made,
    ]);
    expect(changed.get(hadByBoth)).toEqual({ kind: 'edited', attributes: ['description'] });
    expect(changed.get(made)).toMatchObject({ attributes: expect.arrayContaining(['sAMAccountName']) });
  });

  test('what was deleted there is listed with its last place, and what was deleted here is not', async () => {
    const facts = await lookAt(dcs, 'DC2');
    const deleted = facts.chosen?.lost?.filter(({ change }) => change.kind === 'deleted');
    expect(deleted).toMatchObject([{ change: { from: people } }]);
    expect(JSON.stringify(survey(facts))).toContain(`"deleted from ${people}"`);
    expect(lostRecords(facts)[0]?.content.join('')).toMatch(/isDeleted: TRUE/);
  });

  test('the objects are kept whole, as they are there', async () => {
    const facts = await lookAt(dcs, 'DC2');
    expect(findingsOf(facts)).toContain('only-it-has');
    const [record] = lostRecords(facts);
    expect(record?.name).toBe(lostFile);
    const ldif = record?.content.join('') ?? '';
    expect(ldif).toContain(`dn: ${made}\n`);
    expect(ldif).toContain('description: Branch\n');
    expect(ldif).not.toMatch(/replPropertyMetaData|msDS-Repl/i);
  });

  test('that it cannot be read is said, also of a DC that answers', async () => {
    const refused = new DirectoryError({ attempted: 'log on', on: hostOf('dc2'), cameBack: 'refused', next: '' });
    const facts = await lookAt(dcs, 'DC2', { openOther: () => Promise.reject(refused) });
    expect(facts.chosen?.lost).toBeUndefined();
    expect(findingsOf(facts)).toContain('what-is-lost');
    expect(lostRecords(facts)).toEqual([]);
  });
});

test('what another DC than that of the run has had is not lost', async () => {
  const dcs = await openDcs(['dc1', 'dc2', 'dc3']);
  dcs.forest.cut(hostOf('dc1'));
  await dcs.create('dc2', 'Went to dc3');
  dcs.replicate();
  dcs.forest.cut(hostOf('dc3'));
  const made = await dcs.create('dc2', 'Went nowhere');
  const { chosen } = await lookAt(dcs, 'DC2');
  expect(chosen?.lost?.map(({ dn }) => dn)).toEqual([made]);
});

test('where both have had everything, nothing is lost', async () => {
  const dcs = await openDcs();
  const facts = await lookAt(dcs, 'DC2');
  expect(facts.chosen?.lost).toEqual([]);
  expect(findingsOf(facts)).not.toContain('what-is-lost');
});

test('a member that was added to a group has a stamp of its own', () => {
  const value = `<DS_REPL_VALUE_META_DATA>
    <pszAttributeName>member</pszAttributeName>
    <pszObjectDn>CN=EX01,CN=Computers,DC=corp,DC=example,DC=com</pszObjectDn>
    <cbData>0</cbData>
    <pbData></pbData>
    <ftimeDeleted>1601-01-01T00:00:00Z</ftimeDeleted>
    <ftimeCreated>2026-01-02T03:04:05Z</ftimeCreated>
    <dwVersion>1</dwVersion>
    <ftimeLastOriginatingChange>2026-01-02T03:04:05Z</ftimeLastOriginatingChange>
    <uuidLastOriginatingDsaInvocationID>d2d2d2d2-0000-4000-8000-000000000002</uuidLastOriginatingDsaInvocationID>
    <usnOriginatingChange>4711</usnOriginatingChange>
    <usnLocalChange>4711</usnLocalChange>
    <pszLastOriginatingDsaDN></pszLastOriginatingDsaDN>
</DS_REPL_VALUE_META_DATA>`;
  const group = makeEntry(`CN=Branch,${people}`, { 'msDS-ReplValueMetaData': [value] });
  expect(linkStampsOf(group)).toMatchObject([
    {
      attribute: 'member',
      originatingInvocationId: 'd2d2d2d2-0000-4000-8000-000000000002',
      originatingUsn: 4711n,
    },
  ]);
});
