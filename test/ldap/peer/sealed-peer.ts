import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { elements, responseTag, result, searchEntry } from './ber.ts';
import { firstMessage, type Request, readRequest, requestTag, rootDse } from './fake-peer.ts';
import { falseUnwrap, falseWrap } from './false-context.ts';

const saslBindInProgress = 14;

export interface SealedPeerOptions {
  readonly mechanism?: 'GSSAPI' | 'GSS-SPNEGO';
  /** How many client tokens it answers before its offer or its end. */
  readonly rounds?: number;
  /** What it offers: one byte of layers, three of its longest token. */
  readonly offer?: Buffer;
  /** Instead of the answer to the bind with this number, counted from 1. */
  readonly answerTo?: (bind: number, messageId: number) => Buffer | undefined;
  /** The bytes on the wire for an answer, in place of a length and a sealed token. */
  readonly frame?: (message: Buffer) => Buffer;
  /** Answers to requests after the rootDSE has been read. */
  readonly script?: (request: Request, send: (message: Buffer) => void, socket: Socket) => void;
}

export interface SealedPeer {
  readonly port: number;
  /** The tokens of the binds, the mechanism first. */
  readonly binds: readonly (readonly [mechanism: string, token: Buffer])[];
  readonly requests: readonly Request[];
  /** The sealed tokens that came, without their lengths. */
  readonly tokens: readonly Buffer[];
  /** All bytes that came. */
  received(): Buffer;
}

/** A length, and the token after it. */
export function framed(token: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(token.length);
  return Buffer.concat([length, token]);
}

/** A server that logs everyone on by SASL with false tokens, then speaks sealed LDAP; on a port until the test ends. */
export async function sealedPeer(options: SealedPeerOptions = {}): Promise<SealedPeer> {
  const { mechanism = 'GSSAPI', rounds = 1, offer = Buffer.from([7, 0xff, 0xff, 0xff]) } = options;
  const frame = options.frame ?? ((message) => framed(falseWrap(message, true)));
  const binds: (readonly [string, Buffer])[] = [];
  const requests: Request[] = [];
  const tokens: Buffer[] = [];
  const chunks: Buffer[] = [];
  const lastBind = mechanism === 'GSSAPI' ? rounds + 2 : rounds;

  const answerBind = (messageId: number): Buffer => {
    const number = binds.length;
    const given = options.answerTo?.(number, messageId);
    if (given !== undefined) return given;
    const saslToken = number === rounds + 1 ? falseWrap(offer, false) : Buffer.from(`server-${number}`);
    if (number >= lastBind) return result(messageId, responseTag.bind, mechanism === 'GSSAPI' ? {} : { saslToken });
    return result(messageId, responseTag.bind, { code: saslBindInProgress, saslToken });
  };
  const serve = (socket: Socket): void => {
    const send = (message: Buffer): void => void socket.write(frame(message));
    const answer = (request: Request): void => {
      requests.push(request);
      if (request.tag === requestTag.search && request.parts[0]?.content.length === 0) {
        send(searchEntry(request.messageId, '', { ...rootDse, supportedControl: ['1.2.840.113556.1.4.319'] }));
        send(result(request.messageId, responseTag.search));
      } else {
        options.script?.(request, send, socket);
      }
    };
    let isSealed = false;
    const logOn = (request: Request): void => {
      if (request.tag !== requestTag.bind) return;
      const [name, token] = elements(request.parts[2]?.content ?? Buffer.alloc(0));
      binds.push([name?.content.toString() ?? '', token?.content ?? Buffer.alloc(0)]);
      isSealed = binds.length >= lastBind;
      socket.write(answerBind(request.messageId));
    };
    let opened = Buffer.alloc(0);
    const open = (token: Buffer): void => {
      tokens.push(token);
      opened = Buffer.concat([opened, falseUnwrap(token).message]);
      for (let message = firstMessage(opened); message !== undefined; message = firstMessage(opened)) {
        opened = opened.subarray(message.length);
        answer(readRequest(message));
      }
    };
    let wire = Buffer.alloc(0);
    /** Takes the first message or token from the wire; false if it has not all come. */
    const take = (): boolean => {
      const whole = isSealed ? firstFrame(wire) : firstMessage(wire);
      if (whole === undefined) return false;
      wire = wire.subarray(whole.length);
      if (isSealed) open(whole.subarray(4));
      else logOn(readRequest(whole));
      return true;
    };
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      wire = Buffer.concat([wire, chunk]);
      while (take());
    });
    onTestFinished(() => void socket.destroy());
  };
  const server = createServer({ noDelay: true }, serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, binds, requests, tokens, received: () => Buffer.concat(chunks) };
}

function firstFrame(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 4 || bytes.length < 4 + bytes.readUInt32BE()) return undefined;
  return bytes.subarray(0, 4 + bytes.readUInt32BE());
}
