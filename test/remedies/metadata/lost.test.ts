/** What only a DC has that still answers: read there, and judged by what the DC of the run has had. */

import { beforeAll, describe, expect, test } from 'vitest';
import { linkStampsOf } from '../../../src/ad/replication-values.ts';
import type { FindingDraft } from '../../../src/change/findings.ts';
import { DirectoryError } from '../../../src/errors.ts';
import { assess } from '../../../src/remedies/metadata/assess.ts';
import { propose } from '../../../src/remedies/metadata/changes.ts';
import { gather, type MetadataFacts } from '../../../src/remedies/metadata/gather.ts';
import { lostFile, lostRecords, mostLost } from '../../../src/remedies/metadata/lost.ts';
import { metadata } from '../../../src/remedies/metadata/remedy.ts';
import { survey } from '../../../src/remedies/metadata/survey.ts';
import type { DirectoryWorld } from '../../../src/remedies/remedy.ts';
import { commandsOf } from '../../support/finding-commands.ts';
import { makeEntry } from '../../support/make-entry.ts';
import { configuration, type Dcs, domain, hostOf, openDcs, people } from '../lingering/support/pair.ts';

const hadByBoth = `CN=Had by both,${people}`;

async function lookAt(dcs: Dcs, name: string, more: Partial<DirectoryWorld> = {}): Promise<MetadataFacts> {
  const options = { wanted: { kind: 'name' as const, name }, isWayAsked: true, accept: [] };
  return await gather(await dcs.world('dc1', more), { kind: 'new', options });
}

function findingsOf(facts: MetadataFacts): readonly string[] {
  return assess(facts, propose(facts)).map(({ id }) => id);
}

const surveyOf = (facts: MetadataFacts, inFull = true) =>
  survey(facts, { wanted: undefined, isWayAsked: true, accept: [] }, inFull);

/** The objects that the screen shows as lost, and what it says below them. */
function shownAsLost(facts: MetadataFacts, inFull: boolean) {
  const exhibits = surveyOf(facts, inFull);
  const rows = exhibits.flatMap((one) =>
    one.kind === 'table' && one.id === 'only-there' ? one.groups.flatMap((group) => group.rows) : [],
  );
  const remarks = exhibits.flatMap((one) => (one.kind === 'remarks' ? one.rows.map(({ text }) => text) : []));
  return { rows: rows.length, remarks };
}

function findingOf(facts: MetadataFacts, wanted: string): FindingDraft | undefined {
  return assess(facts, propose(facts)).find(({ id }) => id === wanted);
}

function titleOf(facts: MetadataFacts): string {
  return (
    surveyOf(facts).flatMap((exhibit) =>
      exhibit.id === 'only-there' && 'title' in exhibit ? [exhibit.title] : [],
    )[0] ?? ''
  );
}

const zones = `DC=DomainDnsZones,${domain}`;
const withPartition = `
dn: ${zones}
objectClass: domainDNS

dn: CN=Zones,CN=Partitions,${configuration}
objectClass: crossRef
nCName: ${zones}
systemFlags: 5
`;

/** A DC that holds the partition as well, as LDIF. */
function holder(name: string, copy: 'full' | 'partial' = 'full'): string {
  const server = `CN=${name.toUpperCase()},CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`;
  const held = [domain, configuration, `CN=Schema,${configuration}`];
  return `
dn: ${server}
objectClass: server
dNSHostName: ${hostOf(name)}

dn: CN=NTDS Settings,${server}
objectClass: nTDSDSA
${held.map((dn) => `msDS-hasMasterNCs: ${dn}`).join('\n')}
${copy === 'full' ? 'msDS-hasMasterNCs' : 'hasPartialReplicaNCs'}: ${zones}
`;
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
    const facts = await lookAt(dcs, 'DC2');
    const { chosen } = facts;
    const changed = new Map(chosen?.lost?.objects.map(({ dn, change }) => [dn, change]));
    expect([...changed.keys()].toSorted()).toEqual([
      expect.stringContaining('CN=Deleted there\\0ADEL:'),
      hadByBoth,
      made,
    ]);
    expect(changed.get(hadByBoth)).toEqual({ kind: 'edited', attributes: ['description'] });
    expect(changed.get(made)).toMatchObject({ attributes: expect.arrayContaining(['sAMAccountName']) });
    expect(JSON.stringify(surveyOf(facts))).toContain(`"${made}","created"`);
  });

  test('what was deleted there is listed with its last place, and what was deleted here is not', async () => {
    const facts = await lookAt(dcs, 'DC2');
    const deleted = facts.chosen?.lost?.objects.filter(({ change }) => change.kind === 'deleted');
    expect(deleted).toMatchObject([{ change: { from: people } }]);
    expect(JSON.stringify(surveyOf(facts))).toContain(`"deleted from ${people}"`);
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
  expect(chosen?.lost?.objects.map(({ dn }) => dn)).toEqual([made]);
});

test('where both have had everything, nothing is lost', async () => {
  const dcs = await openDcs();
  const facts = await lookAt(dcs, 'DC2');
  expect(facts.chosen?.lost).toMatchObject({ objects: [], isCut: false });
  expect(findingsOf(facts)).not.toContain('what-is-lost');
});

test('where more was changed than is listed, the table, the finding and its commands say so', async () => {
  const dcs = await openDcs();
  for (const name of ['dc1', 'dc2']) dcs.forest.cut(hostOf(name));
  const there = await dcs.session('dc2');
  const container = [{ name: 'objectClass', values: [Buffer.from('container')] }];
  for (let count = 0; count < mostLost; count += 1) await there.add(`CN=Made there ${count},${people}`, container);
  const whole = await lookAt(dcs, 'DC2');
  expect(whole.chosen?.lost).toMatchObject({ isCut: false });
  expect(findingOf(whole, 'only-it-has')?.title).toMatch(/^1,000 objects were /);
  expect(titleOf(whole)).toBe('Changed only on DC2: lost if it is demoted by force');
  expect(shownAsLost(whole, true)).toEqual({ rows: mostLost, remarks: [] });
  expect(shownAsLost(whole, false)).toEqual({ rows: 10, remarks: ['… and 990 more. --verbose lists them all.'] });

  await dcs.create('dc2', 'One more');
  const cut = await lookAt(dcs, 'DC2');
  const found = findingOf(cut, 'only-it-has');
  expect(found?.title).toMatch(/^More than 1,000 objects were /);
  expect(found?.detail).toContain('holds only the first 1,000 objects');
  expect(commandsOf(metadata, found)).toContainEqual(
    expect.stringMatching(
      new RegExp(`^ldifde -f DC2-\\d.ldf -s ${hostOf('dc2')} -d "${domain}" -r "\\(uSNChanged>=\\d+\\)" -x$`),
    ),
  );
  expect(titleOf(cut)).toContain('(the first 1,000 objects)');
});

describe('a partition that the DC of the run does not hold', () => {
  const made = `CN=Made there,${zones}`;
  const make = async (dcs: Dcs): Promise<void> =>
    await (await dcs.session('dc9')).add(made, [{ name: 'objectClass', values: [Buffer.from('container')] }]);

  test('is lost as a whole where no other DC holds it', async () => {
    const dcs = await openDcs(['dc1'], `${withPartition}${holder('dc9')}`);
    await make(dcs);
    const facts = await lookAt(dcs, 'DC9');
    expect(findingOf(facts, 'only-copy')?.subjects).toEqual([zones]);
    expect(findingsOf(facts)).not.toContain('not-compared');
    expect(JSON.stringify(surveyOf(facts))).toContain(`["${zones}","all of it: no other domain controller holds`);
    expect(JSON.stringify(surveyOf(facts))).toContain(`["${made}","no other copy"]`);
    expect(titleOf(facts)).toContain('or in a partition that only it holds');
    expect(lostRecords(facts)[0]?.content.join('')).toContain(`dn: ${made}\n`);
  });

  test('is compared with what another DC has had of it', async () => {
    const dcs = await openDcs(['dc1'], `${withPartition}${holder('dc8')}${holder('dc9')}`);
    dcs.forest.replicate(hostOf('dc8'));
    dcs.forest.cut(hostOf('dc8'));
    await make(dcs);
    const facts = await lookAt(dcs, 'DC9');
    expect(facts.chosen?.lost?.objects).toMatchObject([{ dn: made, change: { kind: 'edited' } }]);
    expect(findingsOf(facts)).not.toContain('only-copy');
    dcs.forest.heal(hostOf('dc8'));
    dcs.forest.replicate(hostOf('dc8'));
    expect((await lookAt(dcs, 'DC9')).chosen?.lost?.objects).toEqual([]);
  });

  test('is not compared with the partial copy of a global catalog, which lacks attributes of what it has had', async () => {
    const dcs = await openDcs(['dc1'], `${withPartition}${holder('dc8', 'partial')}${holder('dc9')}`);
    await make(dcs);
    dcs.forest.replicate(hostOf('dc8'));
    expect(findingOf(await lookAt(dcs, 'DC9'), 'only-copy')?.subjects).toEqual([zones]);
  });

  test('is said not to be compared where no other DC that holds it answers', async () => {
    const dcs = await openDcs(['dc1'], `${withPartition}${holder('dc8')}${holder('dc9')}`);
    await make(dcs);
    const silent = new DirectoryError({ attempted: 'connect', on: hostOf('dc8'), cameBack: 'refused', next: '' });
    const openOther: DirectoryWorld['openOther'] = async (host) =>
      host === hostOf('dc8') ? Promise.reject(silent) : dcs.forest.open({ host });
    const facts = await lookAt(dcs, 'DC9', { openOther });
    expect(findingOf(facts, 'not-compared')?.subjects).toEqual([zones]);
    expect(findingsOf(facts)).not.toContain('only-copy');
    expect(facts.chosen?.lost?.objects).toEqual([]);
  });
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
