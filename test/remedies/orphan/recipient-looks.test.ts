import { expect, test } from 'vitest';
import type { Entry } from '../../../src/ad/entry.ts';
import type { Forest } from '../../../src/ad/forest.ts';
import type { Sight } from '../../../src/change/verify.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import type { DeletedServer } from '../../../src/remedies/orphan/deleted-server.ts';
import { proofOf, recipientLooks } from '../../../src/remedies/orphan/proof.ts';
import { makeEntry } from '../../support/make-entry.ts';
import { orphanFacts, planOf, target } from './practice-orphan.ts';

const root = 'DC=corp,DC=example,DC=com';
const child = `DC=emea,${root}`;
const { configurationNamingContext: configuration } = target;
const guid = '0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e';
const pointing = { homeMTA: [`CN=Microsoft MTA\\0ADEL:${guid},CN=Deleted Objects,${configuration}`] };

const deleted: DeletedServer = {
  entries: [{ dn: `CN=EX04,CN=Services,${configuration}`, guid, usnChanged: '1', attributes: [] }],
  dns: new Set(),
  guids: new Set([guid]),
  legacyExchangeDn: undefined,
  fqdn: undefined,
  hasDatabases: false,
  hasMailTransferAgents: true,
  leftOnPurpose: new Set(),
  leavesOtherDomains: false,
  leavesSomeOf: new Set(),
};

/** A forest of these domains, whose first one the plan's DC holds. */
function forestOf(...domains: readonly string[]): Forest {
  const fullNamingContexts = [domains[0], configuration];
  return {
    configurationNamingContext: configuration,
    namingContexts: [...domains.map((dn) => ({ dn, kind: 'domain' })), { dn: configuration, kind: 'configuration' }],
    domainControllers: [{ dnsHostName: target.domainController.toUpperCase(), fullNamingContexts }],
  } as unknown as Forest;
}

function sessionWith(...entries: readonly Entry[]): DirectorySession {
  const search = async function* (): AsyncGenerator<Entry> {
    yield* entries;
  };
  return { rootDse: { defaultNamingContext: root }, search } as unknown as DirectorySession;
}

const anna = makeEntry(`CN=anna,CN=Users,${root}`, pointing);
const bert = makeEntry(`CN=bert,CN=Users,${child}`, pointing);
const connector = makeEntry(`CN=connector,CN=Services,${configuration}`, pointing);

/** What the looks show: the DC has anna, the global catalog all. */
async function looks(
  forest: Forest,
  server: DeletedServer = deleted,
  own: readonly Entry[] = [anna],
): Promise<readonly (Sight & { readonly of: string; readonly where: string })[]> {
  return Promise.all(
    recipientLooks(server, target, forest).map(async ({ of, where, look }) => {
      const session = where === 'chosen-dc' ? sessionWith(...own) : sessionWith(anna, bert, connector);
      return { of, where, ...(await look(session, forest)) };
    }),
  );
}

test('a domain is looked through on its DC and the others in a global catalog, each recipient once', async () => {
  expect(await looks(forestOf(root, child))).toMatchObject([
    {
      of: `recipients of ${root}`,
      where: 'chosen-dc',
      state: 'not-yet',
      detail: `still pointing at a deleted entry: homeMTA of ${anna.dn}`,
    },
    {
      of: 'recipients of the other domains, as far as a global catalog holds the attributes',
      where: 'global-catalog',
      state: 'not-yet',
      detail: `still pointing at a deleted entry: homeMTA of ${bert.dn}`,
    },
  ]);
});

test('no global catalog is asked where there is one domain', async () => {
  expect(await looks(forestOf(root), deleted, [])).toMatchObject([
    { of: `recipients of ${root}`, where: 'chosen-dc', state: 'there', detail: 'none points at a deleted entry' },
  ]);
});

test('recipients of other domains that were accepted to dangle are counted, and prove nothing wrong', async () => {
  const [, elsewhere] = await looks(forestOf(root, child), { ...deleted, leavesOtherDomains: true });
  expect(elsewhere).toMatchObject({
    state: 'there',
    detail: 'none points at a deleted entry, except 1 that the plan leaves',
  });
});

test('recipients beyond the limit of the plan that were accepted to dangle prove nothing wrong', async () => {
  const [here] = await looks(forestOf(root), { ...deleted, leavesSomeOf: new Set(['homemta']) });
  expect(here).toMatchObject({
    state: 'there',
    detail: 'none points at a deleted entry, except 1 that the plan leaves',
  });
  const [other] = await looks(forestOf(root), { ...deleted, leavesSomeOf: new Set(['altrecipient']) });
  expect(other).toMatchObject({ state: 'not-yet' });
});

test('a plan that deletes nothing is proved by its kind of change', async () => {
  const plan = planOf(await orphanFacts());
  expect(proofOf(plan)).toBeDefined();
  expect(proofOf({ ...plan, changes: [] })).toBeUndefined();
});
