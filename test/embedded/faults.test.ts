import { once } from 'node:events';
import { connect } from 'node:net';
import { Client, EqualityFilter } from 'ldapts';
import { describe, expect, it, onTestFinished } from 'vitest';
import { constructed, encode, integer, octets } from '../support/ldap-server/ber.ts';
import { FaultPlan } from '../support/ldap-server/faults.ts';
import type { ServedForest } from '../support/ldap-server/served-forest.ts';
import { connectTo, domain, openForest, refusalOf } from './support.ts';

const dc1 = 'dc1.corp.example.com';
const leaf = `dn: CN=leaf,${domain}\nobjectClass: container\n`;
const leafDn = `CN=leaf,${domain}`;

async function exists(forest: ServedForest, dn: string): Promise<boolean> {
  const client = await connectTo(forest);
  const filter = new EqualityFilter({ attribute: 'distinguishedName', value: dn });
  return (await client.search(domain, { filter })).searchEntries.length === 1;
}

describe('a planned fault', () => {
  it('concerns the operation of its kind that it counts to, and no other', () => {
    const plan = new FaultPlan();
    plan.add({ on: 'delete', nth: 2, fault: { kind: 'busy' } });
    expect(['delete', 'search', 'delete', 'delete'].map((kind) => plan.next(kind as 'delete')?.kind)).toEqual([
      undefined,
      undefined,
      'busy',
      undefined,
    ]);
  });

  it('drops the connection before acting', async () => {
    const forest = await openForest(leaf);
    forest.planFault(dc1, { on: 'delete', nth: 1, fault: { kind: 'drop-before' } });
    const client = await connectTo(forest);
    await expect(client.del(leafDn)).rejects.toThrow(/connection closed/i);
    expect(await exists(forest, leafDn)).toBe(true);
  });

  it('drops the connection after acting', async () => {
    const forest = await openForest(leaf);
    forest.planFault(dc1, { on: 'delete', nth: 1, fault: { kind: 'drop-after' } });
    const client = await connectTo(forest);
    await expect(client.del(leafDn)).rejects.toThrow(/connection closed/i);
    expect(await exists(forest, leafDn)).toBe(false);
  });

  it('cuts an answer in two', async () => {
    const forest = await openForest();
    forest.planFault(dc1, { on: 'search', nth: 1, fault: { kind: 'drop-within' } });
    const client = await connectTo(forest);
    await expect(client.search(domain)).rejects.toThrow();
  });

  it('answers busy, refers to another server, or delays', async () => {
    const forest = await openForest();
    forest.planFault(dc1, { on: 'search', nth: 1, fault: { kind: 'busy' } });
    forest.planFault(dc1, { on: 'search', nth: 2, fault: { kind: 'refer', host: 'dc2.corp.example.com' } });
    forest.planFault(dc1, { on: 'search', nth: 3, fault: { kind: 'stall', milliseconds: 80 } });
    const client = await connectTo(forest);
    expect((await refusalOf(client.search(domain, { scope: 'base' }))).code).toBe(51);
    expect((await refusalOf(client.search(domain, { scope: 'base' }))).text).toContain("ref 1: 'dc2.corp.example.com'");
    const start = performance.now();
    await client.search(domain, { scope: 'base' });
    expect(performance.now() - start).toBeGreaterThan(75);
  });

  it('never answers', async () => {
    const forest = await openForest();
    forest.planFault(dc1, { on: 'search', nth: 1, fault: { kind: 'silence' } });
    const { port, close } = await forest.listen(dc1, { trusted: true });
    onTestFinished(close);
    const client = new Client({ url: `ldap://127.0.0.1:${port}`, timeout: 60 });
    await expect(client.search(domain)).rejects.toThrow(/timed out/);
  });
});

describe('a connection', () => {
  it('that sends what is no LDAP gets an answer that says so, and is ended', async () => {
    const forest = await openForest();
    const { port, close } = await forest.listen(dc1);
    onTestFinished(close);
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(answer.toString('latin1')).toContain('1.3.6.1.4.1.1466.20036');
    await once(socket, 'close');
  });

  it.each([
    ['whose request would be of gigabytes', Buffer.from('30847fffffff02', 'hex')],
    ['whose filter is nested beyond reason', searchWithNestedFilter(1000)],
  ])('%s is ended', async (_, bytes) => {
    const forest = await openForest();
    const { port, close } = await forest.listen(dc1);
    onTestFinished(close);
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    socket.resume();
    await once(socket, 'close');
    expect((await (await connectTo(forest)).search('', { scope: 'base' })).searchEntries).toHaveLength(1);
  });

  it('gives the same answers however its requests are cut into packets', async () => {
    const forest = await openForest();
    const { port, close } = await forest.listen(dc1);
    onTestFinished(close);
    const rootDseSearch = Buffer.from(
      '30250201016320040 00a01000a0100020100020100010100870b6f626a656374436c6173733000'.replace(' ', ''),
      'hex',
    );
    const answers = await Promise.all(
      [1, 7, rootDseSearch.length].map(async (size) => {
        const socket = connect({ port, host: '127.0.0.1', noDelay: true });
        await once(socket, 'connect');
        for (let at = 0; at < rootDseSearch.length; at += size) {
          socket.write(rootDseSearch.subarray(at, at + size));
          await new Promise((resolve) => setImmediate(resolve));
        }
        const chunks: Buffer[] = [];
        socket.on('data', (chunk: Buffer) => chunks.push(chunk));
        while (!Buffer.concat(chunks).toString('latin1').includes('\x65\x07\x0a\x01\x00')) await once(socket, 'data');
        socket.destroy();
        return Buffer.concat(chunks).toString('hex');
      }),
    );
    expect(new Set(answers).size).toBe(1);
  });
});

/** A search of the rootDSE for what is not not … not there. */
function searchWithNestedFilter(depth: number): Buffer {
  let filter = octets('objectClass', 0x87);
  for (let level = 0; level < depth; level += 1) filter = constructed([filter], 0xa2);
  const limits = [integer(0, 0x0a), integer(0, 0x0a), integer(0), integer(0), octets(Buffer.of(0), 0x01)];
  return encode(constructed([integer(1), constructed([octets(''), ...limits, filter, constructed([])], 0x63)]));
}
