import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inOrder, locateServers, networkBy, probe, probedPorts } from '../../../src/ad/locate.ts';
import { startDnsServer } from '../../support/dns-server.ts';
import { failureOf } from '../../support/failure-of.ts';

interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly target: string;
}

type Answer = readonly Srv[] | 'no such name' | 'failure' | 'silence';

/** A DNS server (RFC 1035) on loopback that answers SRV queries from a table, and no such name to all others. */
async function dnsServer(zone: Readonly<Record<string, Answer>>): Promise<{ resolver: string; queries: string[] }> {
  const queries: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query: Buffer, from: RemoteInfo) => {
    const name = nameIn(query);
    queries.push(name);
    const answer = zone[name] ?? 'no such name';
    if (answer !== 'silence') socket.send(response(query, answer), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void socket.close());
  return { resolver: `127.0.0.1:${socket.address().port}`, queries };
}

function nameIn(query: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; query[at] !== 0; at += query.readUInt8(at) + 1) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query.readUInt8(at)));
  }
  return labels.join('.').toLowerCase();
}

function response(query: Buffer, answer: Exclude<Answer, 'silence'>): Buffer {
  const records = typeof answer === 'string' ? [] : answer.map(record);
  const code = answer === 'no such name' ? 3 : answer === 'failure' ? 2 : 0;
  const header = Buffer.alloc(12);
  header.writeUInt16BE(query.readUInt16BE(0), 0);
  header.writeUInt16BE(0x8180 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  const question = query.subarray(12, query.indexOf(0, 12) + 5);
  return Buffer.concat([header, question, ...records]);
}

function record({ priority, weight, target }: Srv): Buffer {
  const labels = target.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const name = target === '' ? Buffer.from([0]) : Buffer.concat([...labels, Buffer.from([0])]);
  const fixed = Buffer.alloc(18);
  fixed.writeUInt16BE(0xc00c, 0); // the name of the question
  fixed.writeUInt16BE(33, 2); // SRV
  fixed.writeUInt16BE(1, 4); // IN
  fixed.writeUInt32BE(600, 6);
  fixed.writeUInt16BE(6 + name.length, 10);
  fixed.writeUInt16BE(priority, 12);
  fixed.writeUInt16BE(weight, 14);
  fixed.writeUInt16BE(389, 16);
  return Buffer.concat([fixed, name]);
}

const dc = (target: string, priority = 0, weight = 100): Srv => ({ target, priority, weight });
const random = () => 0.5;

describe('domain controllers by DNS', () => {
  test('are found by priority, with the GCs marked', async () => {
    const { resolver, queries } = await dnsServer({
      '_ldap._tcp.dc._msdcs.corp.example.com': [
        dc('DC3.corp.example.com', 20),
        dc('dc1.corp.example.com'),
        dc('dc2.corp.example.com', 10),
      ],
      '_gc._tcp.corp.example.com': [dc('DC2.corp.example.com')],
    });
    const domainControllers = await locateServers('corp.example.com.', { random, resolver });

    expect(domainControllers).toEqual([
      { host: 'dc1.corp.example.com', isGlobalCatalog: false },
      { host: 'dc2.corp.example.com', isGlobalCatalog: true },
      { host: 'dc3.corp.example.com', isGlobalCatalog: false },
    ]);
    expect(queries.sort()).toEqual(['_gc._tcp.corp.example.com', '_ldap._tcp.dc._msdcs.corp.example.com']);
  });

  test('the GCs of a child domain are looked up at its parents', async () => {
    const { resolver, queries } = await dnsServer({
      '_ldap._tcp.dc._msdcs.emea.corp.example.com': [dc('dc7.emea.corp.example.com')],
      '_gc._tcp.corp.example.com': [dc('dc1.corp.example.com'), dc('dc7.emea.corp.example.com')],
    });
    const found = await locateServers('emea.corp.example.com', { random, resolver });

    expect(found.map(({ isGlobalCatalog }) => isGlobalCatalog)).toEqual([true]);
    expect(queries).not.toContain('_gc._tcp.com');
  });

  test('without GC records it is unknown which DCs are GCs', async () => {
    const { resolver } = await dnsServer({ '_ldap._tcp.dc._msdcs.example.com': [dc('dc1.example.com')] });
    const found = await locateServers('example.com', { random, resolver });

    expect(found).toEqual([{ host: 'dc1.example.com', isGlobalCatalog: undefined }]);
  });

  test.each<[string, Answer, string]>([
    ['an unknown name', 'no such name', 'DNS does not know that name (ENOTFOUND)'],
    ['a name without such records', [], 'DNS knows the name but has no domain controller for it (ENODATA)'],
    ['the record that says "none here"', [dc('')], 'DNS lists none for the domain'],
    ['a DNS server in trouble', 'failure', 'the DNS server failed (ESERVFAIL)'],
    ['a DNS server that is silent', 'silence', 'the DNS server did not answer'],
  ])('%s is reported with the query', async (_, answer, cameBack) => {
    const query = '_ldap._tcp.dc._msdcs.example.com';
    const { resolver } = await dnsServer({ [query]: answer });
    const error = await failureOf(locateServers('example.com', { random, resolver, deadlineMs: 300 }));

    expect(error.trouble).toMatchObject({
      attempted: 'find the domain controllers by DNS',
      on: `SRV ${query} at ${resolver}`,
      cameBack: expect.stringContaining(cameBack),
      next: expect.stringContaining('--server'),
    });
  });

  test('a silent DNS server fails at the deadline', async () => {
    const { resolver } = await dnsServer({ '_ldap._tcp.dc._msdcs.example.com': 'silence' });
    const started = performance.now();
    await failureOf(locateServers('example.com', { random, resolver, deadlineMs: 200 }));

    expect(performance.now() - started).toBeLessThan(1500);
  });

  test('a name that is invalid in DNS', async () => {
    const { resolver } = await dnsServer({});
    const error = await failureOf(locateServers('not..a.name', { random, resolver }));

    expect(error.trouble.cameBack).toContain('EBADNAME');
  });
});

describe('the order of RFC 2782', () => {
  const light = { name: 'light', priority: 0, weight: 10 };
  const heavy = { name: 'heavy', priority: 0, weight: 90 };
  const last = { name: 'last', priority: 5, weight: 65535 };
  const unloved = { name: 'unloved', priority: 0, weight: 0 };
  const names = (order: readonly { readonly name: string }[]) => order.map(({ name }) => name);

  test.each([
    [0, ['light', 'heavy', 'last']],
    [0.05, ['light', 'heavy', 'last']],
    [0.2, ['heavy', 'light', 'last']],
    [0.999, ['heavy', 'light', 'last']],
  ])('chance %d gives %j', (chance, order) => {
    expect(names(inOrder([last, heavy, light], () => chance))).toEqual(order);
  });

  test('weight determines how often a server comes first', () => {
    const steps = Array.from({ length: 1000 }, (_, index) => index / 1000);
    const first = steps.filter((chance) => inOrder([light, heavy], () => chance)[0] === light).length;

    expect(first / steps.length).toBeCloseTo(0.11, 2); // 11 of the numbers 0 to 100
  });

  test('a weight of 0 still has a small chance', () => {
    expect(names(inOrder([heavy, unloved], () => 0))).toEqual(['unloved', 'heavy']);
    expect(names(inOrder([heavy, unloved], () => 0.02))).toEqual(['heavy', 'unloved']);
  });

  test('every record appears once', () => {
    const records = [last, heavy, unloved, light];

    expect(names(inOrder(records, () => 0.7)).sort()).toEqual(names(records).sort());
    expect(names(records)).toEqual(['last', 'heavy', 'unloved', 'light']);
    expect(inOrder([], () => 0.7)).toEqual([]);
  });
});

test('distinguishes open from closed ports, all tried at once', async () => {
  const asked: number[] = [];
  const result = await probe('ex04', {
    resolve: async () => '192.0.2.4',
    connects: async (_, port) => {
      asked.push(port);
      return port === 443;
    },
  });
  expect(asked).toEqual(probedPorts);
  expect(result).toEqual({ kind: 'probed', address: '192.0.2.4', open: [443], closed: [25, 135, 445] });
});

test('reports a name without an address', async () => {
  const result = await probe('ex04', { resolve: async () => undefined, connects: async () => true });
  expect(result).toEqual({ kind: 'no address' });
});

test('looks names up at the DNS server that is given, which may know what the system does not', async () => {
  const { resolve } = networkBy(await startDnsServer({ addresses: { 'dc4.corp.example.com': '127.0.0.4' } }));
  expect(await resolve('dc4.corp.example.com')).toBe('127.0.0.4');
  expect(await resolve('dc5.corp.example.com')).toBeUndefined();
  expect(await resolve('127.0.0.9')).toBe('127.0.0.9');
});

test('finds a listening port open, and one without a listener closed', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  onTestFinished(() => void server.close());
  expect(await networkBy(undefined).connects('127.0.0.1', port, 1000)).toBe(true);
  server.close();
  await new Promise((resolve) => server.once('close', resolve));
  expect(await networkBy(undefined).connects('127.0.0.1', port, 1000)).toBe(false);
});
