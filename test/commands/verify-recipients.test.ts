import { expect, test } from 'vitest';
import type { Entry } from '../../src/ad/entry.ts';
import type { Forest } from '../../src/ad/forest.ts';
import type { OpenDirectory } from '../../src/commands/directory.ts';
import type { VerifyRequest } from '../../src/commands/verification.ts';
import { verifyRecipients } from '../../src/commands/verify-recipients.ts';
import { DirectoryError } from '../../src/errors.ts';
import type { DirectorySession } from '../../src/ldap/session.ts';
import type { DeletedServer } from '../../src/remedies/orphan/deleted-server.ts';
import { makeEntry } from '../support/make-entry.ts';

const root = 'DC=corp,DC=example,DC=com';
const child = `DC=emea,${root}`;
const configuration = `CN=Configuration,${root}`;
const guid = '0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e';
const pointing = { homeMTA: [`CN=Microsoft MTA\\0ADEL:${guid},CN=Deleted Objects,${configuration}`] };

const deleted: DeletedServer = {
  entries: [{ dn: `CN=EX04,CN=Services,${configuration}`, guid, usnChanged: '1', attributes: [] }],
  dns: new Set(),
  guids: new Set([guid]),
  legacyExchangeDn: undefined,
  hasDatabases: false,
  hasMailTransferAgents: true,
  leftOnPurpose: new Set(),
  leavesOtherDomains: false,
};
const domainOf = (dn: string): Forest['namingContexts'][number] => ({
  dn,
  kind: 'domain',
  dnsName: undefined,
});
const forestOf = (...domains: readonly string[]): Forest =>
  ({ configurationNamingContext: configuration, namingContexts: domains.map(domainOf) }) as unknown as Forest;

function sessionWith(host: string, entries: readonly Entry[]): DirectorySession {
  const search = async function* (): AsyncGenerator<Entry> {
    yield* entries;
  };
  return {
    identity: { host },
    rootDse: { namingContexts: [root, configuration], defaultNamingContext: root },
    search,
    close: async () => undefined,
  } as unknown as DirectorySession;
}

const anna = makeEntry(`CN=anna,CN=Users,${root}`, pointing);
const bert = makeEntry(`CN=bert,CN=Users,${child}`, pointing);
const connector = makeEntry(`CN=connector,CN=Services,${configuration}`, pointing);

/** A DC of the root domain with these recipients, and a global catalog with these. */
function directoryOf(own: readonly Entry[], openGlobalCatalog: OpenDirectory['openGlobalCatalog']): VerifyRequest {
  const session = sessionWith('dc1', own);
  return {
    directory: { session, reopen: async () => session, openGlobalCatalog },
    context: { now: () => new Date(0), sleep: async () => undefined },
  } as unknown as VerifyRequest;
}

const globalCatalog = async (): Promise<DirectorySession> => sessionWith('gc1', [anna, bert, connector]);

test('a domain is asked on its DC and the others in a global catalog, each recipient once', async () => {
  const rows = await verifyRecipients(deleted, forestOf(root, child), directoryOf([anna], globalCatalog), 0);
  expect(rows).toEqual([
    { of: root, state: 'some', detail: `still pointing at a deleted entry: homeMTA of ${anna.dn} (asked: dc1)` },
    {
      of: 'the other domains',
      state: 'some',
      detail: `still pointing at a deleted entry: homeMTA of ${bert.dn} (asked: gc1)`,
    },
  ]);
});

test('no global catalog is asked where there is one domain', async () => {
  const unasked = async (): Promise<never> => {
    throw new Error('nobody should ask');
  };
  const rows = await verifyRecipients(deleted, forestOf(root), directoryOf([], unasked), 0);
  expect(rows).toEqual([{ of: root, state: 'none', detail: 'none points at a deleted entry (asked: dc1)' }]);
});

test.each<[string, OpenDirectory['openGlobalCatalog'], string]>([
  ['that there is none', async () => undefined, 'not known: no global catalog answers'],
  [
    'that it refused',
    async () => {
      throw new DirectoryError({ attempted: '', on: '', cameBack: 'connection refused', next: '' });
    },
    'not known: connection refused',
  ],
])('what no global catalog could tell is unknown, with the reason: %s', async (_, open, detail) => {
  const rows = await verifyRecipients(deleted, forestOf(root, child), directoryOf([], open), 0);
  expect(rows[1]).toEqual({ of: 'the other domains', state: 'unknown', detail });
});

test('recipients of other domains that were accepted to dangle are told, and are no surprise', async () => {
  const accepted = { ...deleted, leavesOtherDomains: true };
  const rows = await verifyRecipients(accepted, forestOf(root, child), directoryOf([], globalCatalog), 0);
  expect(rows[1]).toEqual({
    of: 'the other domains',
    state: 'none',
    detail: 'none points at a deleted entry, but for 1 as was accepted (asked: gc1)',
  });
});

test('a plan that deletes nothing needs no look', async () => {
  const nothing = { ...deleted, entries: [] };
  expect(await verifyRecipients(nothing, forestOf(root, child), directoryOf([], globalCatalog), 0)).toEqual([]);
});

test('with time to wait it looks again until nothing points there', async () => {
  let looks = 0;
  let time = 0;
  const request = directoryOf([], globalCatalog);
  const directory = {
    ...request.directory,
    reopen: async () => {
      looks += 1;
      return sessionWith('dc1', looks < 3 ? [anna] : []);
    },
  };
  const context = {
    ...request.context,
    now: () => new Date(time),
    sleep: async (milliseconds: number) => {
      time += milliseconds;
    },
  };
  const [row] = await verifyRecipients(deleted, forestOf(root), { ...request, directory, context }, 60_000);
  expect([row?.state, looks]).toEqual(['none', 3]);
});
