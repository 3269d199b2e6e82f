/** An LDAP peer that does what a test tells it, on loopback. */

import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { type Element, elements, responseTag, result, searchEntry } from './ber.ts';

export interface Request {
  readonly messageId: number;
  readonly tag: number;
  /** Parts of the operation; of a delete or an abandon, whose content is no list, none. */
  readonly parts: readonly Element[];
  readonly content: Buffer;
  readonly controls: readonly {
    readonly oid: string;
    readonly critical: boolean;
    readonly value: Buffer | undefined;
  }[];
}

export const requestTag = {
  bind: 0x60,
  unbind: 0x42,
  search: 0x63,
  modify: 0x66,
  add: 0x68,
  delete: 0x4a,
  rename: 0x6c,
  abandon: 0x50,
  extended: 0x77,
};

export type Script = (request: Request, socket: Socket) => void;

export interface FakePeer {
  readonly port: number;
  /** In the order in which they came, over all connections. */
  readonly requests: Request[];
  /** What each TLS handshake called the server (SNI); false for no name. */
  readonly serverNames: (string | false | null)[];
  /** All bytes that came, on all connections. */
  received(): Buffer;
}

/** Certificate and key, PEM. */
export interface Identity {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface PeerOptions {
  /** Speaks TLS from the first byte, or from StartTLS on. */
  readonly tls?: { readonly mode: 'ldaps' | 'starttls'; readonly identity: Identity };
  /** Instead of reading LDAP: what to do with a new connection. */
  readonly onConnection?: (socket: Socket) => void;
}

/** Listens on a port of its own until the test ends. */
export async function fakePeer(script: Script = () => {}, options: PeerOptions = {}): Promise<FakePeer> {
  const requests: Request[] = [];
  const serverNames: (string | false | null)[] = [];
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  const serve = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    if (options.onConnection !== undefined) return options.onConnection(socket);
    let held = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      held = Buffer.concat([held, chunk]);
      for (let message = firstMessage(held); message !== undefined; message = firstMessage(held)) {
        held = held.subarray(message.length);
        const request = readRequest(message);
        requests.push(request);
        if (options.tls?.mode === 'starttls' && request.tag === requestTag.extended) {
          socket.off('data', onData);
          socket.write(result(request.messageId, responseTag.extended), () => {
            const { cert, key } = (options.tls as { identity: Identity }).identity;
            const secured = new TLSSocket(socket, { isServer: true, cert, key });
            secured.once('secure', () => serverNames.push(nameSeenBy(secured)));
            serve(secured);
          });
          return;
        }
        script(request, socket);
      }
    };
    socket.on('data', onData);
  };
  const server =
    options.tls?.mode === 'ldaps'
      ? createTlsServer({ ...options.tls.identity, noDelay: true }, (socket) => {
          serverNames.push(nameSeenBy(socket));
          serve(socket);
        }).on('tlsClientError', () => {})
      : createServer({ noDelay: true }, serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    requests,
    serverNames,
    received: () => Buffer.concat(chunks),
  };
}

function nameSeenBy(socket: TLSSocket): string | false | null {
  return 'servername' in socket ? (socket.servername as string | false | null) : null;
}

/** A script that logs everybody on, shows a rootDSE, and leaves the rest to `then`. */
export function domainController(then: Script = () => {}, supportedControls: readonly string[] = allControls): Script {
  return (request, socket) => {
    const { messageId, tag, parts } = request;
    if (tag === requestTag.bind) return void socket.write(result(messageId, responseTag.bind));
    if (tag === requestTag.search && parts[0]?.content.length === 0) {
      socket.write(searchEntry(messageId, '', { ...rootDse, supportedControl: supportedControls }));
      return void socket.write(result(messageId, responseTag.search));
    }
    then(request, socket);
  };
}

const allControls = [
  '1.2.840.113556.1.4.319',
  '1.2.840.113556.1.4.417',
  '1.2.840.113556.1.4.805',
  '1.2.840.113556.1.4.2064',
];

export const rootDse = {
  namingContexts: ['DC=example,DC=com', 'CN=Configuration,DC=example,DC=com'],
  configurationNamingContext: ['CN=Configuration,DC=example,DC=com'],
  defaultNamingContext: ['DC=example,DC=com'],
  rootDomainNamingContext: ['DC=example,DC=com'],
  schemaNamingContext: ['CN=Schema,CN=Configuration,DC=example,DC=com'],
  dnsHostName: ['dc1.example.com'],
  currentTime: ['20261122090000.0Z'],
  supportedCapabilities: ['1.2.840.113556.1.4.800'],
  isGlobalCatalogReady: ['TRUE'],
  forestFunctionality: ['7'],
};

/** The paging cookie of a search request, as text; undefined if it is not paged. */
export function cookieOf(request: Request): string | undefined {
  const value = request.controls.find(({ oid }) => oid === '1.2.840.113556.1.4.319')?.value;
  const [page] = value === undefined ? [] : elements(value);
  return page === undefined ? undefined : elements(page.content)[1]?.content.toString();
}

/** The attributes that a search request asks for. */
export function attributesOf(request: Request): string[] {
  return elements(request.parts[7]?.content ?? Buffer.alloc(0)).map(({ content }) => content.toString());
}

/** The first whole message; undefined if it has not all come. */
export function firstMessage(bytes: Buffer): Buffer | undefined {
  const first = bytes[1];
  if (first === undefined) return undefined;
  const header = first < 0x80 ? 2 : 2 + (first & 0x7f);
  if (bytes.length < header) return undefined;
  const length = header + (first < 0x80 ? first : bytes.readUIntBE(2, first & 0x7f));
  return bytes.length < length ? undefined : bytes.subarray(0, length);
}

export function readRequest(message: Buffer): Request {
  const [whole] = elements(message);
  const [id, operation, controls] = elements(whole?.content ?? Buffer.alloc(0));
  if (id === undefined || operation === undefined) throw new Error('no LDAP message');
  const isList =
    operation.tag !== requestTag.delete && operation.tag !== requestTag.abandon && operation.tag !== requestTag.unbind;
  return {
    messageId: id.content.readIntBE(0, id.content.length),
    tag: operation.tag,
    content: operation.content,
    parts: isList ? elements(operation.content) : [],
    controls: elements(controls?.content ?? Buffer.alloc(0)).map(({ content }) => {
      const [oid, ...rest] = elements(content);
      return {
        oid: oid?.content.toString() ?? '',
        critical: rest.some(({ tag, content: value }) => tag === 0x01 && value[0] === 0xff),
        value: rest.find(({ tag }) => tag === 0x04)?.content,
      };
    }),
  };
}
