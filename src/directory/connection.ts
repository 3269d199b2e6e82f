/**
 * One connection to a directory server: the socket, TLS on it, and the requests that are under way.
 *
 * It does not mend itself. After the first trouble the socket is gone, and every later request fails at once.
 */

import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import {
  ConnectionError,
  explainCertificate,
  explainClose,
  explainForeignBytes,
  explainSilence,
  explainSocketError,
  type Peer,
  type Stage,
} from './connection-trouble.ts';
import { type Explanation, explainResult, resultCode } from './diagnostics.ts';
import { abandonRequest, type RequestOf, startTlsRequest, unbindRequest } from './ldap-requests.ts';
import { MessageSplitter, NotLdapError, type Response, ResponseReader } from './ldap-responses.ts';

export interface ConnectOptions {
  readonly peer: Peer;
  /** Gives the authorities that are trusted; asked only if there is TLS, since the default ones take a while. */
  readonly trust: () => tls.SecureContext;
  /** The name that the certificate must carry. */
  readonly tlsName: string;
  /** For each step: TCP (with the look-up of the name), StartTLS, the TLS handshake. */
  readonly deadlineMs: number;
  /** In place of TCP. */
  readonly createConnection: (() => Promise<Duplex>) | undefined;
}

/** Connects, and sets up TLS as the peer wants it. Throws ConnectionError. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { peer, deadlineMs } = options;
  const socket = await openSocket(options);
  if (peer.tls === 'none') return new Connection(socket, peer);
  if (peer.tls === 'starttls') {
    const plain = new Connection(socket, peer);
    const { result } = await plain.request(startTlsRequest(), deadlineMs);
    if (result.resultCode !== resultCode.success) {
      await plain.close();
      throw new ConnectionError(explainResult(result), { resultCode: result.resultCode });
    }
    plain.release();
  }
  return new Connection(await secure(socket, options), peer);
}

async function openSocket({ peer, deadlineMs, createConnection }: ConnectOptions): Promise<Duplex> {
  if (createConnection !== undefined) return await madeBy(createConnection, peer, deadlineMs);
  const socket = connectTcp({
    host: peer.host,
    port: peer.port,
    noDelay: true,
    keepAlive: true,
    // Where a name has several addresses, the default of 250 ms gives up on far ones.
    autoSelectFamilyAttemptTimeout: Math.max(250, deadlineMs / 2),
  });
  await ready(socket, 'connect', 'connecting', peer, deadlineMs);
  return socket;
}

function madeBy(createConnection: () => Promise<Duplex>, peer: Peer, deadlineMs: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    let isTooLate = false;
    const cancel = afterSilence(deadlineMs, () => {
      isTooLate = true;
      reject(new ConnectionError(explainSilence('connecting', deadlineMs, peer)));
    });
    const made = (socket: Duplex) => {
      cancel();
      if (isTooLate) socket.destroy();
      else resolve(socket);
    };
    createConnection().then(made, (error: unknown) => {
      cancel();
      if (error instanceof ConnectionError) reject(error);
      else reject(new ConnectionError(explainSocketError(error, 'connecting', peer), { cause: error }));
    });
  });
}

/**
 * TLS over the socket. The handshake itself lets every certificate pass, so that an error can say who issued it and for
 * which names; whether it is good is decided here, before a byte of ours goes out.
 */
async function secure(socket: Duplex, { peer, trust, tlsName, deadlineMs }: ConnectOptions): Promise<Duplex> {
  const secured = tls.connect({
    socket,
    // No server name is sent for an IP address (RFC 6066 section 3).
    servername: isIP(tlsName) === 0 ? tlsName : '',
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(tlsName, certificate),
    rejectUnauthorized: false,
    secureContext: trust(),
  });
  await ready(secured, 'secureConnect', 'tls', peer, deadlineMs);
  if (!secured.authorized) {
    const explanation = explainCertificate(String(secured.authorizationError), secured.getPeerCertificate(), tlsName);
    secured.on('error', () => {}).destroy();
    throw new ConnectionError(explanation);
  }
  return secured;
}

/** Waits for the event; on an error, a close or the deadline destroys the socket and throws ConnectionError. */
function ready(
  socket: Duplex,
  event: 'connect' | 'secureConnect',
  stage: 'connecting' | 'tls',
  peer: Peer,
  deadlineMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (explanation?: Explanation, cause?: unknown) => {
      cancel();
      socket.off(event, succeeded).off('error', failed).off('close', closed);
      if (explanation === undefined) return resolve();
      // A destroyed socket may still report an error; the first one has been told.
      socket.on('error', () => {}).destroy();
      reject(new ConnectionError(explanation, { cause }));
    };
    const succeeded = () => settle();
    const failed = (error: unknown) => settle(explainSocketError(error, stage, peer), error);
    const closed = () => settle(explainClose(peer, false, false));
    const cancel = afterSilence(deadlineMs, () => settle(explainSilence(stage, deadlineMs, peer)));
    socket.once(event, succeeded).once('error', failed).once('close', closed);
  });
}

/**
 * Does something after the time, unless it is cancelled before. Where this process was busy when the time ran out, what
 * had come by then is read first.
 */
function afterSilence(milliseconds: number, action: () => void): () => void {
  let isCancelled = false;
  const timer = setTimeout(() => {
    setImmediate(() => {
      if (!isCancelled) action();
    });
  }, milliseconds);
  return () => {
    isCancelled = true;
    clearTimeout(timer);
  };
}

export type ResultResponse = Extract<Response, { kind: 'result' }>;

/** Bytes that may wait for whoever reads a search slowly, before the server is made to wait. */
const heldBytesLimit = 1024 * 1024;

/** Requests out, their answers back, matched by message id; any trouble ends it for all of them. */
export class Connection {
  readonly #socket: Duplex;
  readonly #peer: Peer;
  readonly #splitter = new MessageSplitter();
  readonly #reader = new ResponseReader();
  /** Those that the server has not answered to the end. */
  readonly #exchanges = new Map<number, Exchange>();
  #lastMessageId = 0;
  #hasAnswered = false;
  #ended: Explanation | undefined;

  constructor(socket: Duplex, peer: Peer) {
    this.#socket = socket;
    this.#peer = peer;
    socket.on('data', this.#onData).on('error', this.#onError).on('end', this.#onClose).on('close', this.#onClose);
  }

  /** Sends a request that has a single answer, and gives it. Throws ConnectionError. */
  async request(request: RequestOf, deadlineMs: number): Promise<ResultResponse> {
    const [response] = await this.send(request, deadlineMs).take();
    if (response?.kind === 'result') return response;
    throw this.#lose({
      cameBack: `the server answered with a search ${response?.kind}, which was not asked for`,
      next: 'Ask another server; this one does not keep to LDAP.',
    });
  }

  /**
   * Sends a request now; its answers are taken from what is returned. The deadline is for how long the server may stay
   * silent while somebody waits, in milliseconds. Throws ConnectionError if the connection has ended.
   */
  send(request: RequestOf, deadlineMs: number): Exchange {
    if (this.#ended !== undefined) {
      const { cameBack, next } = this.#ended;
      throw new ConnectionError({ cameBack: `the session had ended before: ${cameBack}`, next });
    }
    const messageId = this.#lastMessageId + 1;
    const exchange = new Exchange({
      deadlineMs,
      onWait: () => this.#socket.resume(),
      onSilence: () => this.#lose(explainSilence(this.#stage, deadlineMs, this.#peer)),
      onAbandon: () => this.#abandon(messageId),
    });
    this.#exchanges.set(messageId, exchange);
    this.#write(request);
    return exchange;
  }

  /** Says goodbye and closes; whatever is under way fails. Never throws. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#write(unbindRequest());
    this.#fail({ cameBack: 'the session was closed here', next: 'Open a new one.' });
    // A server that no longer reads must not keep us.
    const timer = setTimeout(() => this.#socket.destroy(), 500);
    this.#socket.end(() => this.#socket.destroy());
    await closed;
    clearTimeout(timer);
  }

  /** Leaves the socket to somebody else, for TLS on it. */
  release(): void {
    this.#socket
      .off('data', this.#onData)
      .off('error', this.#onError)
      .off('end', this.#onClose)
      .off('close', this.#onClose);
    this.#socket.pause();
  }

  #write(request: RequestOf): void {
    this.#lastMessageId += 1;
    this.#socket.write(request(this.#lastMessageId));
  }

  get #stage(): Stage {
    return this.#hasAnswered ? 'talking' : 'first request';
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      for (const message of this.#splitter.push(chunk)) this.#deliver(this.#reader.read(message), message.length);
    } catch (error) {
      if (!(error instanceof NotLdapError)) throw error;
      // Whoever waits for an answer is told so.
      this.#lose(explainForeignBytes(error.bytes, this.#peer));
    }
    this.#hasAnswered = true;
    // Another request's answer may lie behind what waits here: the server is stopped only if nobody awaits one.
    const exchanges = [...this.#exchanges.values()];
    const heldBytes = exchanges.reduce((sum, exchange) => sum + exchange.heldBytes, 0);
    if (heldBytes > heldBytesLimit && !exchanges.some((exchange) => exchange.isWaiting)) this.#socket.pause();
  };

  #deliver(response: Response, bytes: number): void {
    if (response.messageId !== 0) {
      // None is there if the search was abandoned; answers on their way then still come.
      this.#exchanges.get(response.messageId)?.deliver(response, bytes);
      if (response.kind === 'result') this.#exchanges.delete(response.messageId);
    } else if (response.kind === 'result') {
      // Notice of Disconnection (RFC 4511 4.4.1), the only message that answers no request
      const { cameBack, next } = explainResult(response.result);
      this.#lose({ cameBack: `the server ended the session: ${cameBack}`, next });
    }
  }

  #abandon(messageId: number): void {
    if (this.#exchanges.delete(messageId) && this.#ended === undefined) this.#write(abandonRequest(messageId));
    this.#socket.resume();
  }

  readonly #onError = (error: unknown): void => {
    this.#lose(explainSocketError(error, this.#stage, this.#peer));
  };

  readonly #onClose = (): void => {
    this.#lose(explainClose(this.#peer, this.#hasAnswered, this.#splitter.isMidway));
  };

  #lose(explanation: Explanation): ConnectionError {
    this.#fail(explanation);
    this.#socket.destroy();
    return new ConnectionError(explanation, { sent: true });
  }

  /** The first trouble counts; what follows from it is not told. */
  #fail(explanation: Explanation): void {
    if (this.#ended !== undefined) return;
    this.#ended = explanation;
    for (const exchange of this.#exchanges.values()) exchange.fail(new ConnectionError(explanation, { sent: true }));
  }
}

interface ExchangeOptions {
  readonly deadlineMs: number;
  readonly onWait: () => void;
  readonly onSilence: () => void;
  readonly onAbandon: () => void;
}

/** A request and its answers: they come in at one end and are taken at the other. */
export class Exchange {
  readonly #options: ExchangeOptions;
  #held: Response[] = [];
  #error: ConnectionError | undefined;
  #wake: (() => void) | undefined;
  heldBytes = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  get isWaiting(): boolean {
    return this.#wake !== undefined;
  }

  deliver(response: Response, bytes: number): void {
    this.#held.push(response);
    this.heldBytes += bytes;
    this.#wake?.();
  }

  fail(error: ConnectionError): void {
    this.#error = error;
    this.#wake?.();
  }

  /** The answers that have come, at least one; the last of all is a result. Throws ConnectionError. */
  async take(): Promise<readonly Response[]> {
    if (this.#held.length === 0 && this.#error === undefined) await this.#answer();
    if (this.#held.length === 0 && this.#error !== undefined) throw this.#error;
    const held = this.#held;
    this.#held = [];
    this.heldBytes = 0;
    return held;
  }

  /** Tells the server that nobody wants the rest. */
  abandon(): void {
    this.#options.onAbandon();
  }

  async #answer(): Promise<void> {
    const cancel = afterSilence(this.#options.deadlineMs, this.#options.onSilence);
    await new Promise<void>((resolve) => {
      this.#wake = () => {
        cancel();
        resolve();
      };
      this.#options.onWait();
    });
    this.#wake = undefined;
  }
}
