import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** What the server knows: names in lower case, to IPv4 addresses (A) and to targets with a port (SRV). */
export interface Zone {
  readonly addresses?: Readonly<Record<string, string>>;
  readonly services?: Readonly<Record<string, readonly { readonly target: string; readonly port: number }[]>>;
  /** Takes every name whose address was asked for. */
  readonly lookedUp?: string[];
}

const type = { a: 1, srv: 33 } as const;
const noSuchName = 3;

/** Starts a DNS server (RFC 1035) on 127.0.0.1 that ends with the test; gives its address as host:port. */
export async function startDnsServer(zone: Zone): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (query, sender) => socket.send(answerTo(query, zone), sender.port, sender.address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });
  return `127.0.0.1:${socket.address().port}`;
}

function answerTo(query: Buffer, zone: Zone): Buffer {
  const { name, end } = readName(query, 12);
  const wanted = query.readUInt16BE(end);
  const records =
    wanted === type.a ? addressRecords(name, zone) : wanted === type.srv ? serviceRecords(name, zone) : [];
  const header = Buffer.alloc(12);
  header.writeUInt16BE(query.readUInt16BE(0), 0);
  // A response, authoritative, recursion desired and available.
  header.writeUInt16BE(0x8580 | (records.length === 0 ? noSuchName : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.subarray(12, end + 4), ...records.map((data) => record(name, wanted, data))]);
}

function addressRecords(name: string, { addresses = {}, lookedUp }: Zone): readonly Buffer[] {
  lookedUp?.push(name);
  const address = addresses[name];
  return address === undefined ? [] : [Buffer.from(address.split('.').map(Number))];
}

function serviceRecords(name: string, { services = {} }: Zone): readonly Buffer[] {
  return (services[name] ?? []).map(({ target, port }) => {
    const numbers = Buffer.alloc(6);
    numbers.writeUInt16BE(100, 2);
    numbers.writeUInt16BE(port, 4);
    return Buffer.concat([numbers, writeName(target)]);
  });
}

function record(name: string, recordType: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(recordType, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([writeName(name), fixed, data]);
}

function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('ascii', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function writeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}
