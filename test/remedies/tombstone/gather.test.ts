import { describe, expect, onTestFinished, test } from 'vitest';
import { type Entry, makeEntry } from '../../../src/ad/entry.ts';
import type { EmbeddedForest } from '../../../src/embedded/open-embedded.ts';
import { DirectoryError } from '../../../src/errors.ts';
import { readRootDse } from '../../../src/ldap/root-dse.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import { type DirectoryToRead, gather } from '../../../src/remedies/tombstone/gather.ts';
import { askForReplication } from '../../../src/remedies/tombstone/replication-answer.ts';
import { configuration, domain, now, openForest } from '../../embedded/support.ts';
import { dc, guidOf } from './support/facts.ts';

async function directoryOf(forest: EmbeddedForest): Promise<DirectoryToRead> {
  const session = await forest.open({ host: 'dc1.corp.example.com' });
  onTestFinished(() => session.close());
  return { session, isExport: false, openOther: (host) => forest.open({ host }) };
}

function server(name: string): string {
  const dn = `CN=${name},CN=Sites,${configuration}`;
  return `dn: ${dn}\nobjectClass: server\ndNSHostName: ${name.toLowerCase()}.corp.example.com\n
dn: CN=NTDS Settings,${dn}\nobjectClass: nTDSDSA\noptions: 1\n`;
}

function stateOf(facts: Awaited<ReturnType<typeof gather>>, name: string): unknown {
  return facts.domainControllers.find(({ domainController }) => domainController.name === name)?.state;
}

describe('the domain controllers of a large forest', () => {
  test('are asked in parallel: twenty of them take hardly longer than one, and a silent one only its deadline', async () => {
    const forest = await openForest(Array.from({ length: 17 }, (_, index) => server(`FAR${index}`)).join('\n'));
    for (const host of forest.domainControllers) forest.setCondition(host, { delay: 50 });
    const silent = 'far7.corp.example.com';
    forest.setCondition(silent, { reachable: 'silent' });
    const directory = await directoryOf(forest);
    const deadlineMs = 800;

    const started = performance.now();
    const facts = await gather(directory, { now: () => now, deadlineMs });
    const taken = performance.now() - started;

    expect(facts.domainControllers).toHaveLength(20);
    expect(facts.domainControllers.filter(({ state }) => state.kind === 'answered')).toHaveLength(19);
    expect(stateOf(facts, 'FAR7')).toEqual({ kind: 'unreachable', why: 'no answer within 0.8 seconds' });
    // One after the other they would take nineteen times three answers of 50 ms, and the deadline besides.
    expect(taken).toBeLessThan(deadlineMs + 1500);
  });

  test('are told of as they answer', async () => {
    const forest = await openForest();
    forest.setCondition('dc2.corp.example.com', { reachable: 'refused' });
    const told: string[] = [];
    const watch = {
      begin: (rows: readonly string[]) => told.push(...rows),
      update: (row: string, state: string) => told.push(`${row}: ${state}`),
    };
    await gather(await directoryOf(forest), { now: () => now, watch });
    expect(told).toContain('dc1.corp.example.com: answered');
    expect(told.find((line) => line.startsWith('dc2.corp.example.com: '))).toContain('ECONNREFUSED');
  });
});

test('clocks are compared with our own', async () => {
  const forest = await openForest();
  forest.setCondition('dc2.corp.example.com', { clockOffset: -3_600_000 });
  const facts = await gather(await directoryOf(forest), { now: () => now });
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
  const facts = await gather(await directoryOf(forest), { now: () => now });
  const counted = facts.deletedObjects.find(({ namingContext }) => namingContext === domain);
  expect(counted).toMatchObject({
    kind: 'counted',
    tombstones: new Map([
      [1, 1],
      [61, 1],
    ]),
  });
  expect(facts.deletedObjects.find(({ namingContext }) => namingContext === configuration)?.kind).toBe(
    'none-or-not-permitted',
  );
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
    const facts = await gather(await directoryOf(await openSplitForest()), { now: () => now });
    expect(ofDomain(facts)).toMatchObject({ kind: 'counted', tombstones: new Map([[2, 1]]) });
  });

  test('is not known where that DC falls silent, and it is not waited for longer than the deadline', async () => {
    const forest = await openSplitForest();
    const directory = await directoryOf(forest);
    let sessions = 0;
    const openOther: DirectoryToRead['openOther'] = async (host) => {
      const session = await directory.openOther(host);
      if (host === far) sessions += 1;
      // The first session asks for replication, the second counts.
      if (sessions === 2) forest.setCondition(far, { reachable: 'silent' });
      return session;
    };
    const facts = await gather({ ...directory, openOther }, { now: () => now, deadlineMs: 150 });
    expect(sessions).toBe(2);
    expect(ofDomain(facts)).toMatchObject({ kind: 'unknown', why: 'the server did not answer within 0.15 s' });
  });
});

/** A session whose entries are given; `refused` naming contexts answer with an LDAP result. */
function sessionWith(entries: readonly Entry[], refused: readonly string[] = []): DirectorySession {
  const unused = (): never => {
    throw new Error('not asked for');
  };
  return {
    identity: { host: 'dc1', port: 389, tls: 'none' },
    rootDse: readRootDse(makeEntry('', {})),
    readEntry: async (base) => {
      if (refused.includes(base)) {
        throw new DirectoryError({ attempted: 'read', on: base, cameBack: 'a referral', next: '' }, 10);
      }
      return entries.find(({ dn }) => dn === base);
    },
    search: unused,
    modify: unused,
    add: unused,
    delete: unused,
    close: async () => undefined,
  };
}

function neighborXml(namingContext: string, root = 'DS_REPL_NEIGHBOR'): string {
  return `<${root}>
  <pszNamingContext>${namingContext}</pszNamingContext>
  <uuidSourceDsaObjGuid>${guidOf(2)}</uuidSourceDsaObjGuid>
  <uuidSourceDsaInvocationID>${guidOf(3)}</uuidSourceDsaInvocationID>
  <ftimeLastSyncSuccess>2026-11-20T09:00:00Z</ftimeLastSyncSuccess>
  <ftimeLastSyncAttempt>2026-11-22T08:59:00Z</ftimeLastSyncAttempt>
  <dwLastSyncResult>1722</dwLastSyncResult>
  <cNumConsecutiveSyncFailures>9</cNumConsecutiveSyncFailures>
</${root}>\n\0`;
}

// A value of a real Samba: last success 2026-11-22T05:33:25Z.
const repsFrom = Buffer.from(
  'AQAAAAAAAAAJAQAABAAAAKUPEyEDAAAAYhATIQMAAABXAAAA0AAAADkAAAB0AAAAERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGogBJxGmt9BsjvytAK6eJ87pey624ZWRoCmhF5HYFEgAAAAAAAAAAAAAAAAAAAAADUAAAA5YzA0MjA2YS05YTQ2LTQxZGYtYjIzYi1mMmI0MDJiYTc4OWYuX21zZGNzLmxhYi50ZXN0AA==',
  'base64',
);

describe('what a DC says of its replication', () => {
  const one = dc(1, { fullNamingContexts: [configuration, domain] });
  const ask = (entries: readonly Entry[], refused: readonly string[] = []) =>
    askForReplication(sessionWith(entries, refused), one, []);

  test('is taken from XML with NULs at its end and whatever root element', async () => {
    const values = [neighborXml(configuration), neighborXml(domain, 'NEIGHBOR_OF_ANOTHER_NAME')];
    const answer = await ask([
      makeEntry('', { currentTime: ['20261122090000.0Z'], 'msDS-ReplAllInboundNeighbors': values }),
      makeEntry(configuration, {}),
      makeEntry(domain, {}),
    ]);
    expect(answer.silent).toEqual([]);
    expect(answer.links).toMatchObject([
      { namingContext: configuration, lastResult: 1722, lastSuccess: new Date('2026-11-20T09:00:00Z') },
      { namingContext: domain },
    ]);
    expect(answer.clock).toEqual(new Date('2026-11-22T09:00:00Z'));
  });

  test('else from repsFrom', async () => {
    const answer = await ask([
      makeEntry('', {}),
      makeEntry(configuration, { repsFrom: [repsFrom] }),
      makeEntry(domain, { repsFrom: [repsFrom] }),
    ]);
    expect(answer.links).toHaveLength(2);
    expect(answer.links[0]).toMatchObject({
      namingContext: configuration,
      lastSuccess: new Date('2026-11-22T05:33:25Z'),
      lastResult: 87,
    });
  });

  test('is known of a naming context whose head is refused, where the rootDSE tells of it', async () => {
    const answer = await ask(
      [
        makeEntry('', { 'msDS-ReplAllInboundNeighbors': [neighborXml(domain), neighborXml(configuration)] }),
        makeEntry(configuration, {}),
      ],
      [domain],
    );
    expect(answer.links).toHaveLength(2);
    expect(answer.silent).toEqual([]);
  });

  test.each([
    [configuration, domain],
    [domain, configuration],
  ])('has the latest sign of life of each DC, whichever naming context shows it', async (later, earlier) => {
    const cursorXml = (time: string): string =>
      `<C><uuidSourceDsaInvocationID>${guidOf(3)}</uuidSourceDsaInvocationID><usnAttributeFilter>7</usnAttributeFilter><ftimeLastSyncSuccess>${time}</ftimeLastSyncSuccess></C>`;
    const answer = await ask([
      makeEntry('', {}),
      makeEntry(later, { 'msDS-NCReplCursors': [cursorXml('2026-11-21T09:00:00Z')] }),
      makeEntry(earlier, { 'msDS-NCReplCursors': [cursorXml('2026-11-01T09:00:00Z')] }),
    ]);
    expect(answer.cursors).toMatchObject([{ lastSuccess: new Date('2026-11-21T09:00:00Z') }]);
  });

  test('is unknown, never healthy, where a value is cut short, none is there, or the server refuses', async () => {
    const application = `DC=App,${domain}`;
    const three = dc(1, { fullNamingContexts: [configuration, domain, application] });
    const session = sessionWith(
      [makeEntry('', {}), makeEntry(configuration, { repsFrom: [repsFrom.subarray(0, 100)] }), makeEntry(domain, {})],
      [application],
    );
    const answer = await askForReplication(session, three, []);
    expect(answer.links).toEqual([]);
    expect(answer.silent.map(({ namingContext, why }) => [namingContext, why])).toEqual([
      [configuration, expect.stringContaining('repsFrom')],
      [domain, 'it names no inbound partner'],
      [application, 'a referral'],
    ]);
  });

  test('is unknown in XML that is broken', async () => {
    const broken = neighborXml(domain).slice(0, 200);
    const answer = await ask([
      makeEntry('', { 'msDS-ReplAllInboundNeighbors': [neighborXml(configuration), broken] }),
      makeEntry(configuration, {}),
      makeEntry(domain, {}),
    ]);
    expect(answer.links).toHaveLength(1);
    expect(answer.silent.map(({ namingContext }) => namingContext)).toContain(domain);
  });
});
