/**
 * Logs on by SASL (RFC 4513 section 5.2) with a security context, and puts its security layer under the connection:
 * GSSAPI by RFC 4752, GSS-SPNEGO as on Windows (MS-ADTS 5.1.1.1.2).
 *
 * Unless the server has proved its identity and every later message is encrypted, the logon fails before anything else
 * is sent.
 */

import { Duplex } from 'node:stream';
import { type Connection, inTime } from '../connection.ts';
import { ConnectionError } from '../connection-trouble.ts';
import { explainResult, resultCode } from '../diagnostics.ts';
import { type RequestOf, saslBindRequest } from '../requests.ts';
import {
  type ContextRequest,
  type EstablishedContext,
  explainLogonError,
  explainSilentLogon,
  type LogonPlace,
  type OpenContext,
  type SecurityContext,
  SecurityContextError,
} from './security-context.ts';

/** Opens a context by the security library of the operating system, which is loaded only here. */
export const openSystemContext: OpenContext = async (request) => {
  if (process.platform === 'win32') return await (await import('./sspi.ts')).openSspiContext(request);
  return await (await import('./gssapi.ts')).openGssapiContext(request);
};

interface SaslLogonOptions extends ContextRequest {
  readonly openContext: OpenContext;
  /** For each step of the library and each answer of the server, in milliseconds. */
  readonly deadlineMs: number;
}

interface SealedLogon {
  /** Carries the LDAP messages from here on. */
  readonly stream: SealedStream;
  /** The user in the library's words: `jane@CORP.EXAMPLE.COM`, `CORP\jane`. */
  readonly user: string;
}

/**
 * Logs on over a connection without requests in progress. On success the connection is released: its socket belongs to
 * the stream. Throws ConnectionError.
 */
export async function logOnBySasl(connection: Connection, options: SaslLogonOptions): Promise<SealedLogon> {
  const { serverName, as, deadlineMs, openContext } = options;
  const place: LogonPlace = { serverName, hasPassword: as !== undefined, platform: process.platform };
  try {
    const silence = (): ConnectionError =>
      new ConnectionError(explainSilentLogon(deadlineMs, place), { isLogon: true });
    // Nothing else frees a context that is opened after the deadline.
    const context = await inTime(openContext(options), deadlineMs, silence, (late) => late.dispose());
    try {
      const wire: Wire = {
        bind: (token) => bind(connection, saslBindRequest(context.saslMechanism, token), options),
        step: (token) => inTime(context.step(token), deadlineMs, silence, () => {}),
      };
      const established = await (context.saslMechanism === 'GSSAPI' ? byGssapi : bySpnego)(context, wire);
      const stream = new SealedStream(connection.release(), established, () => context.dispose());
      return { stream, user: established.context.user };
    } catch (error) {
      context.dispose();
      throw error;
    }
  } catch (error) {
    const explanation = explainLogonError(error, place);
    throw explanation === undefined
      ? error
      : new ConnectionError(explanation, { isLogon: !isOfServer(error), cause: error });
  }
}

/** Whether another server may give another answer: one whose name Kerberos knows, or whose messages are intact. */
function isOfServer(error: unknown): boolean {
  if (!(error instanceof SecurityContextError)) return false;
  return error.failure === 'unknown-service' || error.failure === 'broken-message';
}

/** The two parties of the exchange: the server, and the library. */
interface Wire {
  bind(token: Buffer): Promise<{ readonly token: Buffer; readonly isLast: boolean }>;
  step: SecurityContext['step'];
}

interface Established {
  readonly context: EstablishedContext;
  /** The longest message whose token the server accepts, in bytes; at least 1. */
  readonly longestMessage: number;
}

/** More rounds than any mechanism needs: Kerberos has two. */
const mostRounds = 8;
const nothing = Buffer.alloc(0);

/** The tokens, then the server's offer of layers and our choice (RFC 4752 section 3.1). */
async function byGssapi(context: SecurityContext, wire: Wire): Promise<Established> {
  let step = await wire.step(nothing);
  for (let round = 0; round < mostRounds; round++) {
    const answer = await wire.bind(step.token);
    if (answer.isLast) throw refused('it ended the logon without a security layer');
    if (step.isComplete) {
      const established = checked(context.established());
      const longestMessage = sendable(established, sizeInOffer(established.unwrap(answer.token).message));
      const choice = Buffer.from([confidentialityLayer, 0, 0, 0]);
      choice.writeUIntBE(longestToken, 1, 3);
      const end = await wire.bind(established.wrap(choice, false));
      if (!end.isLast) throw refused('it did not end the logon');
      return { context: established, longestMessage };
    }
    step = await wire.step(answer.token);
  }
  throw refused(`the logon took more than ${mostRounds} rounds`);
}

/** Of the bit mask of layers: 1 is none, 2 integrity (RFC 4752 section 3.3). */
const confidentialityLayer = 4;

/** The server's offer: one byte of layers, three bytes of the longest token that it accepts. */
function sizeInOffer(offer: Buffer): number {
  if (offer.length !== 4) throw refused('its offer of security layers is malformed');
  if ((offer.readUInt8() & confidentialityLayer) === 0) throw refused('it does not offer encryption');
  return offer.readUIntBE(1, 3);
}

/** GSS-SPNEGO announces no size; this is the longest token that every Windows accepts. */
const spnegoLongestSent = 0xffff;

/** The tokens alone: the layer follows from the flags of the context. */
async function bySpnego(context: SecurityContext, wire: Wire): Promise<Established> {
  let step = await wire.step(nothing);
  for (let round = 0; round < mostRounds; round++) {
    const answer = await wire.bind(step.token);
    if (!step.isComplete) step = await wire.step(answer.token);
    else if (!answer.isLast) throw refused('it did not end the logon');
    if (answer.isLast) {
      if (!step.isComplete) throw refused('it ended the logon before it had proved its identity');
      const established = checked(context.established());
      return { context: established, longestMessage: sendable(established, spnegoLongestSent) };
    }
  }
  throw refused(`the logon took more than ${mostRounds} rounds`);
}

/** The longest message whose token has at most this many bytes. */
function sendable(context: EstablishedContext, tokenBytes: number): number {
  const longest = context.longestMessage(tokenBytes);
  if (longest < 1) throw refused('it accepts no sealed message');
  return longest;
}

function checked(context: EstablishedContext): EstablishedContext {
  if (!context.isMutual) throw refused('it did not prove its identity');
  if (!context.isConfidential) throw refused('it does not offer encryption');
  return context;
}

async function bind(
  connection: Connection,
  request: RequestOf,
  { serverName, deadlineMs }: Pick<SaslLogonOptions, 'serverName' | 'deadlineMs'>,
): ReturnType<Wire['bind']> {
  const { result, saslToken } = await connection.request(request, deadlineMs);
  const isLast = result.resultCode === resultCode.success;
  if (!isLast && result.resultCode !== resultCode.saslBindInProgress) {
    throw new ConnectionError(explainResult(result, `ldap/${serverName}`), { resultCode: result.resultCode });
  }
  return { token: saslToken, isLast };
}

function refused(why: string): ConnectionError {
  return new ConnectionError({
    cameBack: `the server cannot be trusted with this logon: ${why}`,
    next: 'Use another domain controller, and check the network between it and this computer.',
  });
}

/** A token's length comes before it, as four bytes, big-endian (RFC 4752 section 3.3). */
const lengthBytes = 4;

/** The longest token that we accept, in bytes: also the size that we announce to the server (RFC 4752 section 3.1). */
const longestToken = 0xff_ffff;

/**
 * The security layer of SASL (RFC 4422 section 3.7). What is written is sealed and sent; what the server sends is opened. A
 * token that was changed, cut or not encrypted destroys the stream with a ConnectionError, and so does one that is too
 * long.
 */
class SealedStream extends Duplex {
  readonly #socket: Duplex;
  readonly #context: EstablishedContext;
  readonly #longestMessage: number;
  readonly #onEnd: () => void;
  #parts: Buffer[] = [];
  #length = 0;

  /** @param onEnd called once, at the end */
  constructor(socket: Duplex, { context, longestMessage }: Established, onEnd: () => void) {
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
    if (this.#length > 0) this.destroy(broken('the server closed the connection in the middle of a sealed message'));
    else this.push(null);
  }

  /** The next whole token; undefined if it has not all arrived. */
  #nextToken(): Buffer | undefined {
    if (this.#length < lengthBytes) return undefined;
    const [first = Buffer.alloc(0)] = this.#parts;
    const wanted = first.length < lengthBytes ? this.#joined().readUInt32BE() : first.readUInt32BE();
    if (wanted > longestToken) throw broken(`it announces a sealed message of ${wanted} bytes`);
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
    if (!sealed) throw broken('it sent a message that is not encrypted');
    if (message.length > 0 && !this.push(message)) this.#socket.pause();
  }
}

function explained(error: unknown): Error {
  if (error instanceof SecurityContextError) return broken(`a message cannot be verified: ${error.message}`, error);
  return error instanceof Error ? error : new Error(String(error));
}

function broken(why: string, cause?: unknown): ConnectionError {
  return new ConnectionError(
    {
      cameBack: `the sealed connection was broken off: ${why}`,
      next: 'Try again; if the error returns, use another domain controller and check the network between it and this computer.',
    },
    { cause },
  );
}
