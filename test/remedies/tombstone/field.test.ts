/** The cases of the field on the embedded directory: read as Windows shows them in XML, and as Samba's raw values. */

import { describe, expect, onTestFinished, test } from 'vitest';
import { parseShowrepl } from '../../../src/ad/repadmin.ts';
import { type Finding, judge } from '../../../src/change/findings.ts';
import { type EmbeddedForest, openEmbeddedForest } from '../../../src/embedded/forest.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import type { DirectoryWorld } from '../../../src/remedies/remedy.ts';
import { assess } from '../../../src/remedies/tombstone/assess.ts';
import { propose } from '../../../src/remedies/tombstone/changes.ts';
import { gather, type TombstoneFacts } from '../../../src/remedies/tombstone/gather.ts';
import type { TombstoneOptions } from '../../../src/remedies/tombstone/options.ts';
import { tombstone } from '../../../src/remedies/tombstone/remedy.ts';
import { survey } from '../../../src/remedies/tombstone/survey.ts';
import { configuration, directoryService, domain, now, openForest } from '../../embedded/support.ts';
import { commandsOf } from '../../support/finding-commands.ts';
import { asSamba, directoryOf, said, server } from './support/directory.ts';
import { days, finder, wanting } from './support/facts.ts';

const stored = (lines: string): string => `dn: ${directoryService}\n${lines}\n`;
const sixty = stored('tombstoneLifetime: 60\n');
const fresh = { ago: '5m' };
const both = `msDS-hasMasterNCs: ${configuration}\nmsDS-hasMasterNCs: ${domain}\n`;
const settingsOf = (name: string, held: string): string =>
  `dn: CN=NTDS Settings,CN=${name},CN=Sites,${configuration}\n${held}`;
/** The partitions of the forest, and the DCs that hold them. */
const base = [
  `dn: CN=Enterprise Configuration,CN=Partitions,${configuration}\nobjectClass: crossRef\nnCName: ${configuration}\nsystemFlags: 1\n`,
  `dn: CN=CORP,CN=Partitions,${configuration}\nsystemFlags: 3\n`,
  settingsOf('DC1', both),
  settingsOf('DC2', both),
  settingsOf('RODC', both.replaceAll('hasMasterNCs', 'hasFullReplicaNCs')),
].join('\n');
const further = (name: string, more = ''): string => `${server(name, more)}${both}`;
const refusing = { ago: '75d', result: 8614, failures: 7000 };

/** What the remedy finds in a forest. */
interface Look {
  readonly facts: TombstoneFacts;
  readonly findings: readonly Finding[];
  readonly finding: (id: string) => Finding | undefined;
  readonly steps: readonly string[];
}

interface Scene {
  readonly options?: TombstoneOptions;
  readonly world?: Partial<DirectoryWorld>;
  /** DCs that do not answer. */
  readonly silent?: readonly string[];
}

function judgedWith(facts: TombstoneFacts, options: TombstoneOptions): Look {
  const proposal = propose(facts, options);
  const findings = judge(assess(facts, proposal), proposal, []);
  return {
    facts,
    findings,
    finding: (id) => findings.find((one) => one.id === id),
    steps: tombstone.record(facts, proposal).nextSteps.map(({ id }) => id),
  };
}

const windows = (session: DirectorySession): DirectorySession => session;

describe.each([
  ['in the XML of Windows', windows],
  ['in the raw values of Samba', asSamba],
])('%s', (_, seen) => {
  const isSamba = seen === asSamba;

  async function look(ldif: string, { options = days(365), world = {}, silent = [] }: Scene = {}): Promise<Look> {
    const readOnly = ldif.includes('rodc.corp') ? '' : said('rodc', { dc1: fresh });
    const forest = await openForest([base, readOnly, ldif].join('\n'));
    for (const name of silent) forest.setCondition(`${name}.corp.example.com`, { reachable: 'no-route' });
    const facts = await gather(await directoryOf(forest, world, seen), options);
    return judgedWith(facts, options);
  }

  test('two sites that are parted for 75 of 60 days are a split, and neither is the good one', async () => {
    const { finding, steps } = await look(
      [
        sixty,
        further('DC3'),
        further('DC4'),
        said('dc1', { dc2: fresh, dc3: refusing, dc4: { ago: '75d', isPartner: false } }),
        said('dc2', { dc1: fresh, dc4: refusing, dc3: { ago: '75d', isPartner: false } }),
        said('dc3', { dc4: fresh, dc1: refusing, dc2: { ago: '75d', isPartner: false } }),
        said('dc4', { dc3: fresh, dc2: refusing, dc1: { ago: '75d', isPartner: false } }),
      ].join('\n'),
    );
    expect(finding('parted-sides')).toMatchObject({
      level: 'blocker',
      subjects: ['DC1', 'DC2', 'RODC', 'DC3', 'DC4'],
      measure: { value: 75, unit: 'days' },
    });
    expect(finding('past-lifetime')).toBeUndefined();
    expect(steps.filter((id) => id === 'choose-good-side')).toHaveLength(2);
  });

  test('two DCs that refuse each other are not to be demoted, and both directions are given', async () => {
    const { finding, findings, steps } = await look(
      [sixty, said('dc1', { dc2: refusing }), said('dc2', { dc1: { ...refusing, failures: 12 } })].join('\n'),
    );
    expect(finding('parted-sides')?.evidence.join('\n')).toMatch(/DC1 .*7,000 failures[\s\S]*DC2 .*12 failures/);
    expect(findings.filter(({ detail }) => /demote/.test(detail))).toEqual([]);
    expect(steps.filter((id) => id === 'choose-good-side')).toHaveLength(2);
    expect(steps).toContain('allow-divergent');
  });

  test('a DC that only a raise has put within the limit stays bad, and needs the value written on it', async () => {
    const was = isSamba ? '191d' : '71d';
    const { facts, finding, steps } = await look(
      [
        stored(`tombstoneLifetime: ${isSamba ? 365 : 180}\npracticeStamp: tombstoneLifetime 1 {{now-5d}}`),
        further('DC3'),
        said('dc1', { dc2: fresh, dc3: { ago: was } }),
        said('dc2', { dc1: fresh, dc3: { ago: was, isPartner: false } }),
        said('dc3', { dc1: { ago: was } }),
      ].join('\n'),
      { options: days(730) },
    );
    expect(finding('past-former-lifetime')).toMatchObject({ level: 'blocker', subjects: ['DC3'] });
    expect(finding('past-former-lifetime')?.detail).toContain('The value was first written 5 days ago');
    expect(finding('advice')?.detail).not.toContain('DC3');
    const bars = survey(facts, wanting({ kind: 'open' })).find(({ id }) => id === 'replication');
    expect(bars).toMatchObject({
      rows: expect.arrayContaining([expect.objectContaining({ name: 'DC3', mark: 'bad' })]),
    });
    expect(steps).toContain('write-there-too');
  });

  test('a stored 1 is a range on Windows, which a refusal after 5 days narrows; Samba honours it', async () => {
    const { finding } = await look(
      [
        stored('tombstoneLifetime: 1'),
        said('dc1', { dc2: { ago: '5d', result: 8614, failures: 9 } }),
        said('dc2', { dc1: fresh }),
      ].join('\n'),
    );
    const title = finding('lifetime-not-honoured')?.title;
    expect(title).toBe(
      isSamba ? undefined : 'The stored value, 1, is too small to be honoured: 2 to 5 days may be in force',
    );
  });

  test.each([8606, 8240, ...(isSamba ? [58] : [])])(
    '%i leads to the list of lingering objects before a raise',
    async (result) => {
      const { finding } = await look(
        [sixty, said('dc1', { dc2: { ago: '3d', result, failures: 9 } }), said('dc2', { dc1: fresh })].join('\n'),
        { world: { objectComparison: finder } },
      );
      expect(finding('lingering-objects-likely')).toMatchObject({ level: 'blocker', subjects: ['DC2'] });
      expect(commandsOf(tombstone, finding('lingering-objects-likely'), { objectComparison: finder })[0]).toBe(
        'find --reference dc1.corp.example.com --target dc2.corp.example.com',
      );
    },
  );

  test('a last success years ahead is a clock that jumped', async () => {
    const { finding } = await look(
      [sixty, said('dc1', { dc2: { ago: '+1700d', result: 1722, failures: 9 } }), said('dc2', { dc1: fresh })].join(
        '\n',
      ),
    );
    expect(finding('clock-jumped')?.subjects).toEqual(['DC1']);
    expect(finding('replication-failures')?.evidence.join('\n')).toContain('in the future: its age is not known');
  });

  test('a computer whose clock is 50 days behind counts what a lower value purges by the clock of the DC', async () => {
    const deleted = `dn: CN=D\\0ADEL:00000000-0000-4000-8000-000000000001,CN=Deleted Objects,${domain}
objectClass: container
isDeleted: TRUE
whenChanged: {{now-100d}}
`;
    const behind = new Date(now.getTime() - 50 * 86_400_000);
    const { finding } = await look([stored('tombstoneLifetime: 180'), deleted].join('\n'), {
      options: days(90),
      world: { now: () => behind },
    });
    expect(finding('purges-deleted-objects')).toMatchObject({ level: 'blocker', measure: { value: 1 } });
    expect(finding('clock-differs')?.subjects).toEqual(['this computer']);
  });

  test('a DC without account whose name DNS does not know is leftover metadata, and no obstacle', async () => {
    const { finding } = await look(
      [
        sixty,
        further('DC3'),
        said('dc1', { dc2: fresh, dc3: { ago: '700d', result: 8524, failures: 9000 } }),
        said('dc2', { dc1: fresh }),
      ].join('\n'),
      { silent: ['dc3'] },
    );
    expect(commandsOf(tombstone, finding('gone-dcs'))).toEqual([
      `ntdsutil "metadata cleanup" "remove selected server CN=DC3,CN=Sites,${configuration}" quit quit`,
    ]);
    for (const id of ['past-lifetime', 'unreachable-dcs']) expect(finding(id)).toBeUndefined();
  });

  test('a site behind a cut line is to be asked there, and not demoted', async () => {
    const account = 'serverReference: CN=Users,DC=corp,DC=example,DC=com\n';
    const far = { ago: '75d', result: 1722, failures: 7000 };
    const { finding, findings } = await look(
      [
        sixty,
        further('DC3', account),
        further('DC4', account),
        said('dc1', { dc2: fresh, dc3: far, dc4: far }),
        said('dc2', { dc1: fresh, dc3: far, dc4: far }),
      ].join('\n'),
      { silent: ['dc3', 'dc4'] },
    );
    expect(finding('past-lifetime')?.subjects).toEqual(['DC3', 'DC4']);
    expect(finding('past-lifetime')?.detail).toContain('DC3 and DC4 did not answer');
    expect(findings.filter(({ detail }) => /demote/.test(detail))).toEqual([]);
  });

  test('an RODC past the lifetime brings no deleted objects back', async () => {
    const { finding } = await look(
      [sixty, said('dc1', { dc2: fresh }), said('dc2', { dc1: fresh }), said('rodc', { dc1: { ago: '70d' } })].join(
        '\n',
      ),
    );
    expect(finding('past-lifetime')?.subjects).toEqual(['RODC']);
    expect(finding('past-lifetime')?.detail).toContain('cannot bring deleted objects back');
  });

  test('a garbageCollPeriod of 2000 hours is a finding, and does not forbid 180 days', async () => {
    const { finding } = await look(stored('tombstoneLifetime: 60\ngarbageCollPeriod: 2000'), { options: days(180) });
    expect(finding('collection-period-out-of-range')?.title).toContain('2,000 hours');
    expect(finding('too-short-for-garbage-collection')).toBeUndefined();
  });

  test('the Recycle Bin with a lifetime of its own is not lengthened by a raise, and --recycle-days comes in one modify', async () => {
    const ldif = [
      stored('tombstoneLifetime: 180\nmsDS-DeletedObjectLifetime: 180'),
      `dn: CN=Recycle Bin Feature,CN=Optional Features,${directoryService}\nmsDS-OptionalFeatureGUID:: 2NxtdtCsXkTzuaf5tnRPKg==\n`,
      `dn: CN=Partitions,${configuration}\nmsDS-EnabledFeature: CN=Recycle Bin Feature,CN=Optional Features,${directoryService}\n`,
    ].join('\n');
    const { facts, finding } = await look(ldif);
    expect(finding('recycle-bin-own-lifetime')?.detail).toContain('--recycle-days 365');
    const both = propose(facts, days(365, { recycleDays: 365 }));
    expect(both.changes).toMatchObject([{ kind: 'modify', edits: [{ add: ['365'] }, { add: ['365'] }] }]);
  });

  test('6 of 20 DCs past the limit are one finding, the worst first', async () => {
    const names = Array.from({ length: 17 }, (_unused, index) => `far${index}`);
    const healthy = names.slice(0, 11);
    const late = names.slice(11);
    const { facts, findings } = await look(
      [
        sixty,
        ...names.map((name) => further(name.toUpperCase())),
        said('dc1', { dc2: fresh }),
        said('dc2', { dc1: fresh }),
        ...healthy.map((name) => said(name, { dc1: fresh })),
        ...late.map((name, index) => said(name, { dc1: { ago: `${100 + index}d` } })),
      ].join('\n'),
    );
    expect(facts.replication.parties).toHaveLength(20);
    const past = findings.filter(({ id }) => id.includes('past-lifetime'));
    expect(past).toHaveLength(1);
    expect(past[0]?.subjects).toHaveLength(6);
    expect(past[0]?.subjects[0]).toBe('FAR16');
  });

  test('the object that makes new DCs strict is offered where its container is there', async () => {
    const container = (dn: string): string => `dn: ${dn},${configuration}\nobjectClass: container\n`;
    const parents = [container('CN=ForestUpdates'), container('CN=Operations,CN=ForestUpdates')].join('\n');
    const offered = await look([sixty, parents].join('\n'));
    expect(offered.finding('new-dcs-may-be-loose')?.detail).toContain('--strict-new-dcs');
    const { changes } = propose(offered.facts, wanting({ kind: 'as-is' }, { strictNewDcs: true }));
    expect(changes).toMatchObject([{ kind: 'add', dn: offered.facts.strictMarker.dn }]);
    const without = await look(sixty);
    expect(without.finding('new-dcs-may-be-loose')?.detail).not.toContain('--strict-new-dcs');
  });

  test('a file of repadmin stands in for a DC that does not answer, and is compared with those that do', async () => {
    const row = (to: string, from: string, ago: number, result: number): string => {
      const time = new Date(now.getTime() - ago * 86_400_000).toISOString().slice(0, 19).replace('T', ' ');
      return `showrepl_INFO,Site,${to},"${configuration}",Site,${from},RPC,${result === 0 ? 0 : 12},${time},${time},${result}`;
    };
    const heading =
      'showrepl_COLUMNS,Destination DSA Site,Destination DSA,Naming Context,Source DSA Site,Source DSA,Transport Type,Number of Failures,Last Failure Time,Last Success Time,Last Failure Status';
    const text = [heading, row('DC2', 'DC1', 75, 8614), row('DC1', 'DC2', 3, 1722)].join('\r\n');
    const file = { name: 'showrepl.csv', sha256: '0'.repeat(64), links: parseShowrepl(text, 0, 'showrepl.csv') };
    const { finding } = await look(
      [
        sixty,
        `dn: CN=DC2,CN=Sites,${configuration}\nserverReference: CN=Users,${domain}\n`,
        said('dc1', { dc2: fresh }),
      ].join('\n'),
      { options: days(365, { showrepl: [file] }), silent: ['dc2'] },
    );
    expect(finding('past-lifetime')).toMatchObject({ subjects: ['DC2'], source: { name: 'showrepl.csv' } });
    const differences = finding('showrepl-differs')?.evidence.join('\n');
    expect(differences).toContain(`DC1 from DC2, ${configuration}: result 1722 in the file, 0 on the DC`);
    expect(differences).toContain(`DC1 from DC2, ${domain}: on the DC only`);
  });

  test("an export shows the exporting DC's refusal, although it has no rootDSE", async () => {
    const heard = { dc2: refusing, rodc: { ago: '5m', isPartner: false } };
    const forest = await openForest([base, sixty, said('dc1', heard)].join('\n'));
    const { finding } = judgedWith(await gather(await exportWorld(forest, isSamba), {}), days(365));
    expect(finding('refused-partners')?.title).toBe('DC1 refuses DC2 (8614)');
  });
});

/** What ldifde writes of DC1: no rootDSE, and the heads with their replication values. */
async function exportWorld(forest: EmbeddedForest, isRaw: boolean): Promise<DirectoryWorld> {
  const session = await forest.open({ host: 'dc1.corp.example.com' });
  onTestFinished(() => session.close());
  const names = isRaw ? ['repsFrom', 'replUpToDateVector'] : ['msDS-NCReplInboundNeighbors', 'msDS-NCReplCursors'];
  const head = await session.readEntry(configuration, names);
  const links = names
    .flatMap((name) => (head?.attributes.get(name.toLowerCase())?.values ?? []).map((value) => ({ name, value })))
    .map(({ name, value }) => `${name}:: ${value.toString('base64')}\n`)
    .join('');
  const records = [...forest.toLdif()].join('').replaceAll('\n ', '').split('\n\n');
  const entries = records.filter((record) => record.trim() !== '' && !/^dn:\s*$/m.test(record));
  const content = entries
    .map((record) => `${record}\n`.replace(`dn: ${configuration}\n`, `dn: ${configuration}\n${links}`))
    .join('\n');
  const exported = await openEmbeddedForest({
    sources: [{ name: 'export.ldf', content }],
    kind: 'export',
    clock: () => now,
    newGuid: () => '00000000-0000-4000-8000-000000000009',
  });
  return directoryOf(exported, { isExport: true });
}
