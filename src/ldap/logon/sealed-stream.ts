/** The security layer of SASL (RFC 4422 section 3.7): every message on the wire is a length and a sealed token. */

import { Duplex } from 'node:stream';
import { ConnectionError } from '../connection-trouble.ts';
import { type EstablishedContext, SecurityContextError } from './security-context.ts';

/** A token's length comes before it, as four bytes, big-endian (RFC 4752 section 3.3). */
const lengthBytes = 4;

/** The longest token that we accept, in bytes: also the size that we announce to the server (RFC 4752 section 3.1). */
export const longestToken = 0xff_ffff;

export interface SealedStreamOptions {
  readonly context: EstablishedContext;
  /** The longest message whose token the server accepts, in bytes; at least 1. */
  readonly longestMessage: number;
  /** Called once, at the end. */
  readonly onEnd: () => void;
}

/**
 * What is written is sealed and sent; what the server sends is opened. A token that was changed, cut or not encrypted
 * destroys the stream with a ConnectionError, and so does one that is too long.
 */
export class SealedStream extends Duplex {
  readonly #socket: Duplex;
  readonly #context: EstablishedContext;
  readonly #longestMessage: number;
  readonly #onEnd: () => void;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(socket: Duplex, { context, longestMessage, onEnd }: SealedStreamOptions) {
    super();
    this.#socket = socket;
    this.#context = context;
    this.#onEnd = onEnd;
    this.#longestMessage = longestMessage;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.destroy(error));
    socket.on('end', () => this.#receiveEnd());
    socket.on('close', () => this.destroy());
    socket.pause();
  }

  override _write(message: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const frames: Buffer[] = [];
    try {
      for (let start = 0; start < message.length; start += this.#longestMessage) {
        const token = this.#context.wrap(message.subarray(start, start + this.#longestMessage), true);
        const length = Buffer.alloc(lengthBytes);
        length.writeUInt32BE(token.length);
        frames.push(length, token);
      }
    } catch (error) {
      done(explained(error));
      return;
    }
    this.#socket.write(Buffer.concat(frames), (error) => done(error));
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    this.#onEnd();
    done(error);
  }

  #receive(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    try {
      for (let token = this.#nextToken(); token !== undefined; token = this.#nextToken()) {
        this.#open(token);
        // Its reader may have ended the session at this message: the context is then freed.
        if (this.destroyed) return;
      }
    } catch (error) {
      this.destroy(explained(error));
    }
  }

  #receiveEnd(): void {
    if (this.#length > 0) this.destroy(refused('the server closed the connection in the middle of a sealed message'));
    else this.push(null);
  }

  /** The next whole token; undefined if it has not all arrived. */
  #nextToken(): Buffer | undefined {
    if (this.#length < lengthBytes) return undefined;
    const [first = Buffer.alloc(0)] = this.#parts;
    const wanted = first.length < lengthBytes ? this.#joined().readUInt32BE() : first.readUInt32BE();
    if (wanted > longestToken) throw refused(`it announces a sealed message of ${wanted} bytes`);
    if (this.#length < lengthBytes + wanted) return undefined;
    const data = this.#joined();
    const rest = data.subarray(lengthBytes + wanted);
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#length = rest.length;
    return data.subarray(lengthBytes, lengthBytes + wanted);
  }

  #joined(): Buffer {
    const data = this.#parts.length === 1 && this.#parts[0] !== undefined ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#parts = [data];
    return data;
  }

  #open(token: Buffer): void {
    const { message, sealed } = this.#context.unwrap(token);
    if (!sealed) throw refused('it sent a message that is not encrypted');
    if (message.length > 0 && !this.push(message)) this.#socket.pause();
  }
}

function explained(error: unknown): Error {
  if (error instanceof SecurityContextError) return refused(`a message cannot be verified: ${error.message}`, error);
  return error instanceof Error ? error : new Error(String(error));
}

function refused(why: string, cause?: unknown): ConnectionError {
  return new ConnectionError(
    {
      cameBack: `the sealed connection was broken off: ${why}`,
      next: 'Try again; if the error returns, use another domain controller and check what is between it and this computer.',
    },
    { cause },
  );
}
