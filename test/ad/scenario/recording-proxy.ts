import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export interface RecordingProxy {
  readonly port: number;
  /** All bytes that passed, in both directions, as Latin-1. */
  passed(): string;
  close(): void;
}

/** Passes connections on loopback to a port of a server, and keeps what passes. */
export async function recordingProxy(address: string, port: number): Promise<RecordingProxy> {
  const chunks: Buffer[] = [];
  const server = createServer((client) => {
    const upstream = connect(port, address);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        to.write(chunk);
      });
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = server.address();
  if (own === null || typeof own === 'string') throw new Error('no port');
  return {
    port: own.port,
    passed: () => Buffer.concat(chunks).toString('latin1'),
    close: () => server.close(),
  };
}
