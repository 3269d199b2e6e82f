import { describe, expect, onTestFinished, test } from 'vitest';
import type { DirectoryWorld } from '../../../src/remedies/remedy.ts';
import { gather } from '../../../src/remedies/tombstone/gather.ts';
import { configuration, domain, now, openForest } from '../../embedded/support.ts';
import { directoryOf, server } from './support/directory.ts';
import { days, judged } from './support/facts.ts';

function stateOf(facts: Awaited<ReturnType<typeof gather>>, name: string): unknown {
  return facts.replication.parties.find(({ domainController }) => domainController.name === name)?.state;
}

describe('the domain controllers of a large forest', () => {
  test('are asked at the same time, and a silent one is given up at its own deadline', async () => {
    const forest = await openForest(Array.from({ length: 7 }, (_, index) => server(`FAR${index}`)).join('\n'));
    const silent = 'far6.corp.example.com';
    forest.setCondition(silent, { reachable: 'silent' });
    const directory = await directoryOf(forest);
    const asked: string[] = [];
    let answered: (() => void) | undefined;
    const allAsked = new Promise<void>((resolve) => {
      answered = resolve;
    });
    // No DC answers before all nine others are asked: one after the other, none ever would.
    const openOther: DirectoryWorld['openOther'] = async (host) => {
      asked.push(host);
      if (asked.length === 9) answered?.();
      await allAsked;
      return directory.openOther(host);
    };

    const facts = await gather({ ...directory, openOther }, {}, 2_000);

    expect(new Set(asked).size).toBe(9);
    expect(facts.replication.parties).toHaveLength(10);
    expect(facts.replication.parties.filter(({ state }) => state.kind === 'answered')).toHaveLength(9);
    expect(stateOf(facts, 'FAR6')).toEqual(
      expect.objectContaining({ kind: 'unreachable', why: 'no answer within 2 seconds' }),
    );
  });

  test('are shown as they answer', async () => {
    const forest = await openForest();
    forest.setCondition('dc2.corp.example.com', { reachable: 'refused' });
    const told: string[] = [];
    const watch = {
      begin: (rows: readonly string[]) => told.push(...rows),
      update: (row: string, state: string) => told.push(`${row}: ${state}`),
      count: () => undefined,
    };
    await gather(await directoryOf(forest, { watch }));
    expect(told).toContain('dc1.corp.example.com: answered');
    expect(told.find((line) => line.startsWith('dc2.corp.example.com: '))).toContain('ECONNREFUSED');
  });
});

test('the time of a backup by a DC whose clock had jumped ahead is not known', async () => {
  const partition = (name: string, backup: string): string =>
    `dn: DC=${name},${domain}\nobjectClass: domainDNS\ndSASignature: 1\npracticeStamp: dSASignature 1 ${backup}\n`;
  const forest = await openForest([partition('Sound', '{{now-9d}}'), partition('Ahead', '{{now+1800d}}')].join('\n'));
  const { backups } = await gather(await directoryOf(forest));
  const timeOf = (name: string): unknown => backups.find((one) => one.namingContext.startsWith(`DC=${name}`))?.time;
  expect(timeOf('Sound')).toEqual(new Date(now.getTime() - 9 * 86_400_000));
  expect(timeOf('Ahead')).toBe('not-known');
});

test("clocks are compared with this computer's", async () => {
  const forest = await openForest();
  forest.setCondition('dc2.corp.example.com', { clockOffset: -3_600_000 });
  const facts = await gather(await directoryOf(forest));
  expect(stateOf(facts, 'DC2')).toMatchObject({ kind: 'answered', clockAhead: -3_600_000 });
});

test('deleted objects are counted by age, without the container that is marked as deleted itself', async () => {
  const tombstone = (name: string, changed: string): string =>
    `dn: CN=${name}\\0ADEL:00000000-0000-4000-8000-00000000000${name},CN=Deleted Objects,${domain}
objectClass: container
isDeleted: TRUE
whenChanged: ${changed}
`;
  const forest = await openForest(
    [tombstone('1', '20261121090000.0Z'), tombstone('2', '20260922090000.0Z')].join('\n'),
  );
  const facts = await gather(await directoryOf(forest));
  const counted = facts.deletedObjects.find(({ namingContext }) => namingContext === domain);
  expect(counted).toMatchObject({
    kind: 'counted',
    tombstones: new Map([
      [1, 1],
      [61, 1],
    ]),
  });
  expect(facts.deletedObjects.find(({ namingContext }) => namingContext === configuration)?.kind).toBe('none-seen');
});

test("ages are computed by the DC's clock, not by this computer's", async () => {
  const deleted = `dn: CN=D\\0ADEL:00000000-0000-4000-8000-000000000001,CN=Deleted Objects,${domain}
objectClass: container
isDeleted: TRUE
whenChanged: 20260922090000.0Z
`;
  const behind = new Date(now.getTime() - 50 * 86_400_000);
  const facts = await gather(await directoryOf(await openForest(deleted), { now: () => behind }));
  expect(facts.now).toEqual(now);
  const counted = facts.deletedObjects.find(({ namingContext }) => namingContext === domain);
  expect(counted).toMatchObject({ kind: 'counted', tombstones: new Map([[61, 1]]) });
});

test('the Schema partition, which has no deleted objects, is left out of the count', async () => {
  const facts = await gather(await directoryOf(await openForest()));
  expect(facts.deletedObjects.map(({ namingContext }) => namingContext).sort()).toEqual([configuration, domain].sort());
});

test('deleted objects of a naming context below are not counted twice, as the port of a global catalog shows them', async () => {
  const deleted = `dn: CN=D\\0ADEL:00000000-0000-4000-8000-000000000001,CN=Deleted Objects,${configuration}
objectClass: container
isDeleted: TRUE
whenChanged: 20261120090000.0Z
`;
  const forest = await openForest(deleted);
  const session = await forest.open({ host: 'dc1.corp.example.com', port: 3268 });
  onTestFinished(() => session.close());
  const facts = await gather(await directoryOf(forest, { session }));
  const kinds = new Map(facts.deletedObjects.map(({ namingContext, kind }) => [namingContext, kind]));
  expect(kinds.get(domain)).toBe('none-seen');
  expect(kinds.get(configuration)).toBe('counted');
});

test('the holders of the roles are known as far as the chosen DC shows them', async () => {
  const settingsDn = `CN=NTDS Settings,CN=DC1,CN=Sites,${configuration}`;
  const forest = await openForest(`dn: CN=Partitions,${configuration}\nfSMORoleOwner: ${settingsDn}\n`);
  const facts = await gather(await directoryOf(forest));
  expect(facts.roles).toEqual([{ role: 'domain naming master', settingsDn }]);
});

test('two sites that are parted for 75 of 60 days are a split, read from the XML that DCs of Windows show', async () => {
  const said = (name: string, mate: string, others: readonly string[]): string => `dn:
dnsHostName: ${name}.corp.example.com
practiceInboundPartner: ${mate} success={{now-5m}}
practiceInboundPartner: ${others[0]} success={{now-75d}} attempt={{now-5m}} result=8614 failures=7000
practiceCursor: ${mate} success={{now-5m}}
${others.map((other) => `practiceCursor: ${other} success={{now-75d}}`).join('\n')}
`;
  const forest = await openForest(
    [
      server('DC3'),
      server('DC4'),
      said('dc1', 'dc2', ['dc3', 'dc4']),
      said('dc2', 'dc1', ['dc4', 'dc3']),
      said('dc3', 'dc4', ['dc1', 'dc2']),
      said('dc4', 'dc3', ['dc2', 'dc1']),
    ].join('\n'),
  );
  const findings = judged(await gather(await directoryOf(forest)), days(180));
  const split = findings.find(({ id }) => id === 'parted-sides');
  expect(split).toMatchObject({ level: 'blocker', measure: { value: 75, unit: 'days' } });
  expect(split?.title).toContain('DC1 and DC2');
  expect(split?.title).toContain('DC3 and DC4');
  expect(findings.find(({ id }) => id === 'past-lifetime')).toBeUndefined();
});

describe('a naming context that the chosen DC does not hold', () => {
  const far = 'far.corp.example.com';

  /** DC1 holds the Configuration partition alone; the domain is on a DC far away. */
  const openSplitForest = () =>
    openForest(`dn:
dnsHostName: dc1.corp.example.com
namingContexts: ${configuration}

dn: CN=CORP,CN=Partitions,${configuration}
systemFlags: 3

dn: CN=D\\0ADEL:00000000-0000-4000-8000-000000000001,CN=Deleted Objects,${domain}
objectClass: container
isDeleted: TRUE
whenChanged: 20261120090000.0Z

${server('FAR')}msDS-hasMasterNCs: ${domain}
`);

  const ofDomain = (facts: Awaited<ReturnType<typeof gather>>) =>
    facts.deletedObjects.find(({ namingContext }) => namingContext === domain);

  test('is counted on a DC that does', async () => {
    const facts = await gather(await directoryOf(await openSplitForest()));
    expect(ofDomain(facts)).toMatchObject({ kind: 'counted', tombstones: new Map([[2, 1]]) });
  });

  test('is not known where that DC falls silent, and it is not waited for longer than the deadline', async () => {
    const forest = await openSplitForest();
    const directory = await directoryOf(forest);
    let sessions = 0;
    const openOther: DirectoryWorld['openOther'] = async (host) => {
      const session = await directory.openOther(host);
      if (host === far) sessions += 1;
      // The first session asks for replication, the second counts.
      if (sessions === 2) forest.setCondition(far, { reachable: 'silent' });
      return session;
    };
    const facts = await gather({ ...directory, openOther }, {}, 150);
    expect(sessions).toBe(2);
    expect(ofDomain(facts)).toMatchObject({ kind: 'unknown', why: 'the server did not answer within 0.15 s' });
  });
});
