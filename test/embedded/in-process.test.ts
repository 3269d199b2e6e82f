/** The session in this process: for remedies the same as our session over the wire with the same DC. */

import { describe, expect, it } from 'vitest';
import type { Entry } from '../../src/ad/entry.ts';
import { DirectoryError, OutcomeUnknownError, RemedyError } from '../../src/errors.ts';
import { ldapConnector } from '../../src/ldap/connector.ts';
import {
  controlOid,
  type DirectorySession,
  equal,
  everything,
  type SearchRequest,
  sdFlags,
  showDeleted,
  treeDelete,
} from '../../src/ldap/session.ts';
import type { ServedForest } from '../support/ldap-server/served-forest.ts';
import { configuration, domain, openForest } from './support.ts';

const dc1 = 'dc1.corp.example.com';
const readerDn = `CN=Reader,CN=Users,${domain}`;

/** A session in this process, and one over the wire. */
async function both(forest: ServedForest, host = dc1, port = 389): Promise<[DirectorySession, DirectorySession]> {
  const wire = ldapConnector({
    tls: 'none',
    bind: 'anonymous',
    createConnection: (address) => forest.connect(address.host, { globalCatalog: address.port === 3268 }),
  });
  return [await forest.open({ host, port }), await wire.open({ host, port })];
}

async function found(session: DirectorySession, request: SearchRequest): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of session.search(request)) entries.push(entry);
  return entries;
}

async function troubleOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RemedyError)) throw new Error(`expected a refusal, got ${String(error)}`);
  return [error.constructor.name, error instanceof DirectoryError ? error.resultCode : undefined, error.trouble];
}

const members = Array.from({ length: 1700 }, (_, index) => `CN=m${index},OU=many,${domain}`);
const many = [
  `dn: OU=many,${domain}\nobjectClass: organizationalUnit\n`,
  ...members.map((dn) => `dn: ${dn}\nobjectClass: container\n`),
  `dn: CN=all,${domain}\nobjectClass: group\ngroupType: 8\n${members.map((dn) => `member: ${dn}\n`).join('')}`,
].join('\n');

describe('a session in this process', () => {
  it('has the identity and rootDSE of one over the wire, but no network', async () => {
    const [inProcess, wire] = await both(await openForest());
    expect(inProcess.identity).toEqual({ ...wire.identity, isInProcess: true });
    expect(inProcess.rootDse).toEqual(wire.rootDse);
  });

  it('finds the same entries with all values, over pages and ranges', async () => {
    const [inProcess, wire] = await both(await openForest(many));
    const request = { base: domain, scope: 'subtree', filter: everything, attributes: ['*'] } as const;
    const entries = await found(inProcess, request);
    expect(entries).toEqual(await found(wire, request));
    const group = entries.find(({ dn }) => dn === `CN=all,${domain}`);
    expect(group?.attributes.get('member')?.values).toHaveLength(1700);
  });

  it.each([
    ['constructed attributes', configuration, ['msDS-ReplAttributeMetaData', 'replPropertyMetaData', 'canonicalName']],
    ['no attributes', readerDn, ['1.1']],
    ['the rootDSE', '', ['msDS-ReplAllInboundNeighbors', 'dnsHostName']],
    ['what is not there', `CN=none,${domain}`, ['cn']],
  ])('reads one entry alike: %s', async (_, dn, attributes) => {
    const [inProcess, wire] = await both(await openForest());
    expect(await inProcess.readEntry(dn, attributes)).toEqual(await wire.readEntry(dn, attributes));
  });

  it('reads by GUID and SID, and the parts of a security descriptor that are asked for', async () => {
    const [inProcess, wire] = await both(await openForest());
    const entry = await inProcess.readEntry(readerDn, ['objectGUID', 'objectSid']);
    const bytes = (name: string): string => entry?.attributes.get(name)?.values[0]?.toString('hex') ?? '';
    for (const dn of [`<GUID=${bytes('objectguid')}>`, `<SID=${bytes('objectsid')}>`]) {
      const read = (session: DirectorySession) => session.readEntry(dn, ['nTSecurityDescriptor'], [sdFlags(7)]);
      const own = await read(inProcess);
      expect(own?.dn).toBe(readerDn);
      expect(own).toEqual(await read(wire));
    }
    expect.assertions(4);
  });

  it('covers the whole forest on the port of the global catalog, and takes no writes there', async () => {
    const [inProcess, wire] = await both(await openForest(), dc1, 3268);
    const request = { base: '', scope: 'subtree', filter: equal('cn', 'Sites'), attributes: ['cn'] } as const;
    const entries = await found(inProcess, request);
    expect(entries.map(({ dn }) => dn)).toEqual([`CN=Sites,${configuration}`]);
    expect(entries).toEqual(await found(wire, request));
    expect(await troubleOf(inProcess.delete(readerDn))).toEqual(await troubleOf(wire.delete(readerDn)));
  });

  it.each<[string, (session: DirectorySession) => Promise<unknown>]>([
    ['no such object', (session) => session.delete(`CN=none,${domain}`)],
    [
      'no such base',
      (session) => found(session, { base: 'CN=none', scope: 'one', filter: everything, attributes: [] }),
    ],
    ['not a leaf', (session) => session.delete(`CN=Users,${domain}`)],
    ['a name that is no DN', (session) => session.delete('none')],
    ['exists already', (session) => session.add(readerDn, [{ name: 'objectClass', values: [Buffer.from('user')] }])],
    ['no such value', (session) => session.modify(readerDn, [{ attribute: 'description', remove: 'all', add: [] }])],
    ['written by the server only', (session) => session.modify(readerDn, [{ attribute: 'whenChanged', replace: [] }])],
    ['unknown control', (session) => session.delete(readerDn, [{ oid: '1.2.3', critical: true }])],
    ['unknown operation of the rootDSE', (session) => session.modify('', [{ attribute: 'x', replace: [] }])],
  ])('is refused with the same error: %s', async (_, act) => {
    const [inProcess, wire] = await both(await openForest());
    expect(await troubleOf(act(inProcess))).toEqual(await troubleOf(act(wire)));
  });

  it('is referred to a writable DC by a read-only one', async () => {
    const [inProcess, wire] = await both(await openForest(), 'rodc.corp.example.com');
    const trouble = await troubleOf(inProcess.delete(readerDn));
    expect(trouble).toEqual(await troubleOf(wire.delete(readerDn)));
    expect(trouble).toMatchObject(['DirectoryError', 10, { next: expect.stringContaining('dc1.corp.example.com') }]);
  });

  it('writes what a client over the wire then finds', async () => {
    const [inProcess, wire] = await both(await openForest());
    const values = (text: string): Buffer[] => [Buffer.from(text)];
    await inProcess.add(`CN=new,${domain}`, [{ name: 'objectClass', values: values('container') }]);
    await inProcess.modify(`CN=new,${domain}`, [{ attribute: 'description', replace: values('one') }]);
    await inProcess.modify(`CN=new,${domain}`, [
      { attribute: 'description', remove: values('one'), add: values('two') },
    ]);
    const read = await wire.readEntry(`CN=new,${domain}`, ['description']);
    expect(read?.attributes.get('description')?.values.map(String)).toEqual(['two']);
    await inProcess.delete(`CN=Users,${domain}`, [treeDelete]);
    const deleted = {
      base: domain,
      scope: 'subtree',
      filter: equal('isDeleted', 'TRUE'),
      attributes: ['1.1'],
    } as const;
    const tombstones = await found(wire, { ...deleted, controls: [showDeleted] });
    expect(tombstones.map(({ dn }) => dn)).toContainEqual(expect.stringMatching(/^CN=Reader\\0ADEL:/));
  });

  it('lists the controls that it takes', async () => {
    const session = await (await openForest()).open({ host: dc1 });
    expect([...session.rootDse.supportedControls]).toEqual(expect.arrayContaining(Object.values(controlOid)));
  });

  it.each(['refused', 'no-route'] as const)('cannot be opened on a DC that is not reachable: %s', async (reachable) => {
    const forest = await openForest();
    const opening = (session: Promise<DirectorySession>) => troubleOf(session);
    forest.setCondition(dc1, { reachable });
    const wire = ldapConnector({
      tls: 'none',
      bind: 'anonymous',
      createConnection: (address) => forest.connect(address.host),
    });
    const address = { host: dc1, port: 389 };
    expect(await opening(forest.open(address))).toEqual(await opening(wire.open(address)));
    const unknown = { host: 'dc9.corp.example.com', port: 389 };
    expect(await opening(forest.open(unknown))).toEqual(await opening(wire.open(unknown)));
  });

  it('does not know whether a write was done where the DC has fallen silent', async () => {
    const forest = await openForest();
    const session = await forest.open({ host: dc1 });
    forest.setCondition(dc1, { reachable: 'silent' });
    await expect(session.delete(readerDn, [], 20)).rejects.toBeInstanceOf(OutcomeUnknownError);
    await expect(session.readEntry(readerDn, ['cn'], [], 20)).rejects.toBeInstanceOf(DirectoryError);
  });

  it('does nothing once it is closed', async () => {
    const session = await (await openForest()).open({ host: dc1 });
    await session.close();
    await expect(session.delete(readerDn)).rejects.toThrow(/closed/);
  });
});
