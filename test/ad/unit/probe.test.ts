import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { networkMeansBy, probe, probedPorts } from '../../../src/ad/locate.ts';
import { startDnsServer } from '../../support/dns-server.ts';

test('tells open from closed ports, all tried at once', async () => {
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

test('tells a name without an address', async () => {
  const result = await probe('ex04', { resolve: async () => undefined, connects: async () => true });
  expect(result).toEqual({ kind: 'no address' });
});

test('looks names up at the DNS server that is given, which may know what the system does not', async () => {
  const { resolve } = networkMeansBy(await startDnsServer({ addresses: { 'dc4.corp.example.com': '127.0.0.4' } }));
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
  expect(await networkMeansBy(undefined).connects('127.0.0.1', port, 1000)).toBe(true);
  server.close();
  await new Promise((resolve) => server.once('close', resolve));
  expect(await networkMeansBy(undefined).connects('127.0.0.1', port, 1000)).toBe(false);
});
