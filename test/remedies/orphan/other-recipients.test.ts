import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openEmbeddedForest } from '../../../src/embedded/forest.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import { deletedServer } from '../../../src/remedies/orphan/deleted-server.ts';
import { recipientsPointingAt } from '../../../src/remedies/orphan/proof.ts';
import {
  type OtherRecipients,
  otherRecipientAttributes,
  readOtherRecipients,
} from '../../../src/remedies/orphan/recipients.ts';

const domain = 'DC=corp,DC=example,DC=com';
const child = `DC=emea,${domain}`;
const configuration = `CN=Configuration,${domain}`;
const schema = `CN=Schema,${configuration}`;
const server = `CN=EX04,CN=Servers,CN=Contoso,CN=Microsoft Exchange,CN=Services,${configuration}`;
const other = server.replace('EX04', 'EX01');

const definition = (name: string, syntax: string, ...lines: readonly string[]): string =>
  [`dn: CN=${name},${schema}`, 'objectClass: attributeSchema', `lDAPDisplayName: ${name}`, `attributeSyntax: ${syntax}`]
    .concat(lines, '')
    .join('\n');
const recipient = (name: string, of: string, ...lines: readonly string[]): string =>
  [`dn: CN=${name},CN=Users,${of}`, 'objectClass: user', `objectGUID:: ${guid()}`, ...lines, ''].join('\n');
const guid = (): string => Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64');

const definitions = [
  `dn: ${schema}\nobjectClass: dMD\n`,
  definition('labOrName', '2.5.5.7'),
  definition('labPlain', '2.5.5.1'),
  definition('labBinary', '2.5.5.7'),
  definition('labString', '2.5.5.14'),
  definition('labOfSystem', '2.5.5.1', 'systemOnly: TRUE'),
  definition('labLink', '2.5.5.1', 'linkID: 1200'),
  definition('labBackLink', '2.5.5.1', 'linkID: 1201'),
  definition('labComputed', '2.5.5.1', 'systemFlags: 4'),
  definition('labText', '2.5.5.12'),
  definition('homeMTA', '2.5.5.1'),
  definition('objectCategory', '2.5.5.1'),
];

const sessionOf = (...records: readonly string[]): Promise<DirectorySession> => opened(records);
/** With the port of a global catalog. */
const globalOf = (...records: readonly string[]): Promise<DirectorySession> => opened(records, 3268);

async function opened(records: readonly string[], port?: number): Promise<DirectorySession> {
  const forest = await openEmbeddedForest({
    sources: [{ name: 'test', content: [`dn: ${configuration}\nobjectClass: configuration\n`, ...records].join('\n') }],
    kind: 'export',
    clock: () => new Date(),
    newGuid: randomUUID,
  });
  const address = { host: forest.domainControllers[0] ?? '' };
  const session = await forest.open(port === undefined ? address : { ...address, port });
  onTestFinished(() => session.close());
  return session;
}

/** What is found in the domain that the DC holds, and in another one by a global catalog. */
function look(session: DirectorySession, global?: DirectorySession): Promise<OtherRecipients> {
  const places = {
    session,
    domains: [domain],
    global,
    isRecipient: () => true,
    isWritable: (dn: string) => !dn.endsWith(child),
  };
  return readOtherRecipients(places, new Set([server, `CN=Microsoft MTA,${server}`].map((dn) => dn.toLowerCase())));
}

test('the attributes are those that the schema has for DNs, without links, computed ones and those of the list', async () => {
  const session = await sessionOf(...definitions);
  expect(await otherRecipientAttributes(session)).toEqual([
    'labOrName',
    'labPlain',
    'labBinary',
    'labString',
    'labOfSystem',
  ]);
});

test('without the schema there is none', async () => {
  expect(await look(await sessionOf(recipient('anna', domain, `labPlain: ${server}`)))).toEqual({
    attributes: [],
    counts: [],
    fixed: [],
  });
});

describe('recipients that name what goes by such an attribute', () => {
  test('are found by a value of every DN syntax, and keep their values that name another entry', async () => {
    const session = await sessionOf(
      ...definitions,
      recipient('anna', domain, `labPlain: CN=Microsoft MTA,${server}`, `labOrName: ${other}`, `labOrName: ${server}`),
      recipient('bert', domain, `labBinary: B:8:01020304:${server}`, `labString: S:3:abc:${server}`),
      recipient('carl', domain, `labPlain: ${other}`, `labText: ${server}`),
    );
    const { counts, fixed } = await look(session);
    expect(fixed).toEqual([]);
    const cleanable = counts.flatMap((one) => one.cleanable);
    expect(cleanable.map(({ id, values, otherValues }) => ({ id, values, otherValues }))).toEqual([
      { id: `labOrName of CN=anna,CN=Users,${domain}`, values: [server], otherValues: [other] },
      { id: `labPlain of CN=anna,CN=Users,${domain}`, values: [`CN=Microsoft MTA,${server}`], otherValues: [] },
      { id: `labBinary of CN=bert,CN=Users,${domain}`, values: [`B:8:01020304:${server}`], otherValues: [] },
      { id: `labString of CN=bert,CN=Users,${domain}`, values: [`S:3:abc:${server}`], otherValues: [] },
    ]);
    expect(counts.every(({ count }) => count === 1)).toBe(true);
  });

  test('stay where only the system writes the attribute', async () => {
    const session = await sessionOf(...definitions, recipient('anna', domain, `labOfSystem: ${server}`));
    const { counts, fixed } = await look(session);
    expect(counts).toEqual([]);
    expect(fixed).toMatchObject([{ reference: { attribute: 'labOfSystem', clearing: 'only the system writes it' } }]);
  });

  test('are counted in the domains that the DC does not hold, where the plan cannot clear them', async () => {
    const session = await sessionOf(...definitions);
    const global = await globalOf(
      ...definitions,
      recipient('anna', domain, `labPlain: ${server}`),
      recipient('bert', child, `labPlain: ${server}`),
    );
    const { counts } = await look(session, global);
    expect(counts).toMatchObject([
      {
        reference: { attribute: 'labPlain' },
        count: 1,
        first: [`CN=bert,CN=Users,${child}`],
        cleanable: [],
        notListed: 0,
      },
    ]);
  });

  test('are listed up to a thousand of an attribute, and the rest is counted', async () => {
    const many = Array.from({ length: 1003 }, (_, index) => recipient(`user${index}`, domain, `labPlain: ${server}`));
    const { counts } = await look(await sessionOf(...definitions, ...many));
    expect(counts).toMatchObject([{ count: 1003, notListed: 3 }]);
    expect(counts[0]?.cleanable).toHaveLength(1000);
  });

  test('that still point at a deleted entry are found by the proof', async () => {
    const id = '0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e';
    const gone = `CN=EX04\\0ADEL:${id},CN=Deleted Objects,${configuration}`;
    const session = await sessionOf(recipient('anna', domain, `labString: S:3:abc:${gone}`));
    const changes = [{ kind: 'delete', dn: server, guid: id, usnChanged: '1', children: [], attributes: [] }] as const;
    const deleted = deletedServer({ changes, leftOut: [] });
    const found = await recipientsPointingAt(session, domain, deleted, () => true, ['labString']);
    expect(found).toMatchObject({ count: 1, first: [`labString of CN=anna,CN=Users,${domain}`] });
  });
});
