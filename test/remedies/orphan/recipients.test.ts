import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DirectoryChange, LeftOut, Proposal } from '../../../src/change/plan.ts';
import { openEmbeddedForest } from '../../../src/embedded/forest.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import { deletedServer } from '../../../src/remedies/orphan/deleted-server.ts';
import { type PointingRecipients, recipientsPointingAt } from '../../../src/remedies/orphan/proof.ts';
import { formatFilter } from '../../support/filter-text.ts';

const domain = 'DC=corp,DC=example,DC=com';
const configuration = `CN=Configuration,${domain}`;
const server = `CN=EX04,CN=Servers,CN=Contoso,CN=Microsoft Exchange,CN=Services,${configuration}`;
const guid = '0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e';
const deletedMta = `CN=Microsoft MTA\\0ADEL:${guid},CN=Deleted Objects,${configuration}`;
const anotherMta = deletedMta.replace(guid, 'aaaaaaaa-5d6a-4b7c-8d9e-0f1a2b3c4d5e');

const deletionOf = (dn: string, objectClass: string, id: string, legacyExchangeDN: string): DirectoryChange => ({
  kind: 'delete',
  dn,
  guid: id,
  usnChanged: '1',
  children: [],
  attributes: [
    { name: 'objectClass', values: ['top', objectClass] },
    { name: 'legacyExchangeDN', values: [legacyExchangeDN] },
  ],
});
const mta = deletionOf(`CN=Microsoft MTA,${server}`, 'mTA', guid, '/o=Contoso/cn=EX04/cn=Microsoft MTA');
const itself = deletionOf(server, 'msExchExchangeServer', randomUUID(), '/o=Contoso/cn=EX04');
const planOf = (
  changes: readonly DirectoryChange[],
  ...leftOut: readonly LeftOut[]
): Pick<Proposal<DirectoryChange>, 'changes' | 'leftOut'> => ({ changes, leftOut });

const recipient = (name: string, ...lines: readonly string[]): string =>
  [`dn: CN=${name},CN=Users,${domain}`, 'objectClass: user', 'mailNickname: x', ...lines, ''].join('\n');

/** A directory with these recipients, and the filters that it was searched by. */
async function directoryOf(
  ...records: readonly string[]
): Promise<{ readonly session: DirectorySession; readonly filters: string[] }> {
  const forest = await openEmbeddedForest({
    sources: [{ name: 'test', content: [`dn: ${configuration}\nobjectClass: configuration\n`, ...records].join('\n') }],
    kind: 'export',
    clock: () => new Date(),
    newGuid: randomUUID,
  });
  const opened = await forest.open({ host: forest.domainControllers[0] ?? '', port: 3268 });
  onTestFinished(() => opened.close());
  const filters: string[] = [];
  const session = new Proxy(opened, {
    get: (target, name) =>
      name === 'search'
        ? (request: Parameters<DirectorySession['search']>[0]) => {
            filters.push(formatFilter(request.filter));
            return target.search(request);
          }
        : Reflect.get(target, name),
  });
  return { session, filters };
}

const everyone = (): boolean => true;

describe('recipients that point at what was deleted', () => {
  test('are those with the deleted name of an entry, with its old name, and with the legacyExchangeDN', async () => {
    const { session } = await directoryOf(
      recipient('anna', `homeMTA: ${deletedMta}`),
      recipient('bert', `homeMTA: CN=Microsoft MTA,${server}`),
      recipient('group', 'msExchExpansionServerName: /o=Contoso/cn=EX04'),
      recipient('homed', 'msExchHomeServerName: /O=CONTOSO/CN=EX04'),
      recipient('of another', `homeMTA: ${anotherMta}`, 'msExchHomeServerName: /o=Contoso/cn=EX01'),
    );
    const { first, count } = await recipientsPointingAt(session, '', deletedServer(planOf([mta, itself])), everyone);
    expect(first.toSorted()).toEqual([
      `homeMTA of CN=anna,CN=Users,${domain}`,
      `homeMTA of CN=bert,CN=Users,${domain}`,
      `msExchExpansionServerName of CN=group,CN=Users,${domain}`,
      `msExchHomeServerName of CN=homed,CN=Users,${domain}`,
    ]);
    expect(count).toBe(4);
  });

  const two = [recipient('anna', `homeMTA: ${deletedMta}`), recipient('bert', `homeMTA: ${deletedMta}`)];
  const look = async (leftOut: readonly LeftOut[], isMeant: (dn: string) => boolean): Promise<PointingRecipients> => {
    const { session } = await directoryOf(...two);
    return recipientsPointingAt(session, '', deletedServer(planOf([mta, itself], ...leftOut)), isMeant);
  };

  test('are counted apart where the plan leaves them as they are', async () => {
    const left = { what: `homeMTA of CN=anna,CN=Users,${domain}`, reason: 'dangling-references' };
    expect(await look([left], everyone)).toEqual({
      count: 1,
      first: [`homeMTA of CN=bert,CN=Users,${domain}`],
      leftOnPurpose: 1,
    });
    expect(await look([], everyone)).toMatchObject({ count: 2 });
  });

  test('are none of the entries that are not asked for', async () => {
    expect(await look([], (dn) => !dn.startsWith('CN=anna'))).toMatchObject({ count: 1 });
  });

  test('are counted to the last, and the first five named', async () => {
    const many = Array.from({ length: 1200 }, (_, number) => recipient(`user${number}`, `homeMTA: ${deletedMta}`));
    const { session } = await directoryOf(...many);
    const found = await recipientsPointingAt(session, '', deletedServer(planOf([mta, itself])), everyone);
    expect([found.count, found.first.length]).toEqual([1200, 5]);
  });
});

test('only what can name a deleted entry is looked for', async () => {
  const { session, filters } = await directoryOf();
  await recipientsPointingAt(session, '', deletedServer(planOf([itself])), everyone);
  expect(filters.join()).toContain('msExchHomeServerName=/o=Contoso/cn=EX04');
  expect(filters.join()).not.toContain('homeMTA=*');
  await recipientsPointingAt(session, '', deletedServer(planOf([mta, itself])), everyone);
  expect(filters.join()).toContain('homeMTA=*');
});
