/**
 * One connection to a directory server: making it (the socket, TLS on it, which authorities are trusted), and the requests
 * in progress on it.
 *
 * A connection is not reopened. After the first error the socket is destroyed and every later request fails at once.
 */

import { X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import { UntrustedError } from '../errors.ts';
import {
  ConnectionError,
  explainCertificate,
  explainClose,
  explainForeignBytes,
  explainSilence,
  explainSocketError,
  explainStartTlsRefusal,
  type Peer,
  type Stage,
  untrusted,
} from './connection-trouble.ts';
import { type Explanation, explainResult, resultCode } from './diagnostics.ts';
import { abandonRequest, type RequestOf, startTlsRequest, unbindRequest } from './requests.ts';
import {
  longestMessage,
  MessageSplitter,
  MessageTooLongError,
  NotLdapError,
  type Response,
  ResponseReader,
} from './responses.ts';
import type { Access } from './session.ts';

interface ConnectOptions {
  readonly peer: Peer;
  /** Called only for TLS: reading the default authorities takes a while. */
  readonly trust: Trust;
  /** The name that the certificate must carry. */
  readonly tlsName: string;
  /** For each step (TCP with the name look-up, StartTLS, the TLS handshake), in milliseconds. */
  readonly deadlineMs: number;
  /** Replaces TCP. */
  readonly createConnection: Access['createConnection'] | undefined;
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
      throw new ConnectionError(explainStartTlsRefusal(result), { resultCode: result.resultCode });
    }
    plain.release();
  }
  return new Connection(await secure(socket, options), peer);
}

async function openSocket({ peer, deadlineMs, createConnection }: ConnectOptions): Promise<Duplex> {
  if (createConnection !== undefined) {
    const silence = (): ConnectionError => new ConnectionError(explainSilence('connecting', deadlineMs, peer));
    try {
      return await inTime(createConnection(peer), deadlineMs, silence, (socket) => socket.destroy());
    } catch (error) {
      if (error instanceof ConnectionError) throw error;
      throw new ConnectionError(explainSocketError(error, 'connecting', peer), { cause: error });
    }
  }
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

/**
 * TLS over the socket. The handshake accepts every certificate, so that an error can name its issuer and its names; this
 * function then checks the result before any of our data is sent.
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
    const code = String(secured.authorizationError);
    const explanation = explainCertificate(code, secured.getPeerCertificate(), tlsName);
    secured.on('error', () => {}).destroy();
    throw new ConnectionError(explanation, { isUntrusted: untrusted.has(code) });
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
      // A destroyed socket may report another error; only the first counts.
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

/** Gives the authorities to trust, which take a while to read the first time. */
export type Trust = () => tls.SecureContext;

/**
 * The authorities that an access trusts. Given certificates are read at once; the default ones, which take a while, when
 * they are first needed. Throws UntrustedError if the given file is not a certificate.
 */
export function trustOf({ ca, caFile }: Pick<Access, 'ca' | 'caFile'>): Trust {
  let context = ca === undefined ? undefined : trustIn(ca, caFile ?? 'the given certificates');
  return () => {
    context ??= defaultTrust();
    return context;
  };
}

/** Trusts only the given certificates: PEM, or one as DER, the format that Windows exports. Throws UntrustedError. */
function trustIn(ca: string | Buffer, source: string): tls.SecureContext {
  const blocks = ca.toString('latin1').match(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs) ?? [ca];
  try {
    // Read here: a secure context silently skips what it cannot read.
    return tls.createSecureContext({ ca: blocks.map((block) => new X509Certificate(block).toString()) });
  } catch (error) {
    throw new UntrustedError({
      attempted: 'read the certificate of the authority',
      on: source,
      cameBack: 'not a certificate, or one of several is broken: neither PEM nor DER',
      next: 'Export the certificate of the authority again as Base-64 X.509 (.CER) and give that file with --ca.',
      cause: error,
    });
  }
}

/** Trusts Node's own authorities and, from Node 22.15 on, the computer's: on Windows those of the domain's policy. */
function defaultTrust(): tls.SecureContext {
  const get =
    'getCACertificates' in tls && typeof tls.getCACertificates === 'function' ? tls.getCACertificates : undefined;
  return tls.createSecureContext(get === undefined ? {} : { ca: [...get('default'), ...get('system')] });
}

type ResultResponse = Extract<Response, { kind: 'result' }>;

/** Bytes held for slow readers of searches before reading from the server is paused. */
const heldBytesLimit = 1024 * 1024;

/** Sends requests and matches answers to them by message id; any error ends all of them. */
export class Connection {
  readonly #socket: Duplex;
  readonly #peer: Peer;
  readonly #splitter = new MessageSplitter();
  readonly #reader = new ResponseReader();
  /** The requests without a final answer. */
  readonly #pending = new Map<number, PendingRequest>();
  #lastMessageId = 0;
  #hasAnswered: boolean;
  #ended: Explanation | undefined;

  /** @param hasAnswered whether the server has already spoken LDAP, on the same socket before a logon */
  constructor(socket: Duplex, peer: Peer, hasAnswered = false) {
    this.#socket = socket;
    this.#peer = peer;
    this.#hasAnswered = hasAnswered;
    socket.on('data', this.#onData).on('error', this.#onError).on('end', this.#onClose).on('close', this.#onClose);
  }

  /** From now on accepts messages as long as a trusted server may send them. */
  acceptLongMessages(): void {
    this.#splitter.longest = longestMessage.afterLogon;
  }

  /** Sends a request that has a single answer, and gives it. Throws ConnectionError. */
  async request(request: RequestOf, deadlineMs: number): Promise<ResultResponse> {
    const [response] = await this.send(request, deadlineMs).take();
    if (response?.kind === 'result') return response;
    throw this.#lose({
      cameBack: `the server answered with a search ${response?.kind} that was not requested`,
      next: 'Use another server; this one does not follow the LDAP standard.',
    });
  }

  /**
   * Sends a request and returns the object that receives its answers. The deadline limits how long the server may be
   * silent while an answer is awaited, in milliseconds. Throws ConnectionError if the connection has ended.
   *
   * @param mayMatter whether an entry may be of use, by its bytes; of others only their arrival is reported
   */
  send(request: RequestOf, deadlineMs: number, mayMatter?: (bytes: Buffer) => boolean): PendingRequest {
    if (this.#ended !== undefined) {
      const { cameBack, next } = this.#ended;
      throw new ConnectionError({ cameBack: `the session had already ended: ${cameBack}`, next });
    }
    const messageId = this.#lastMessageId + 1;
    const pending = new PendingRequest({
      deadlineMs,
      mayMatter: mayMatter ?? (() => true),
      onWait: () => this.#socket.resume(),
      onSilence: () => this.#lose(explainSilence(this.#stage, deadlineMs, this.#peer)),
      onAbandon: () => this.#abandon(messageId),
    });
    this.#pending.set(messageId, pending);
    this.#write(request);
    return pending;
  }

  /** Sends an unbind and closes; requests in progress fail. Never throws. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#write(unbindRequest());
    this.#fail({ cameBack: 'the session was closed here', next: 'Open a new one.' });
    // Don't wait for a server that no longer reads.
    const timer = setTimeout(() => this.#socket.destroy(), 500);
    this.#socket.end(() => this.#socket.destroy());
    await closed;
    clearTimeout(timer);
  }

  /** Gives up the socket, so that TLS or a security layer can be put on it. */
  release(): Duplex {
    this.#socket
      .off('data', this.#onData)
      .off('error', this.#onError)
      .off('end', this.#onClose)
      .off('close', this.#onClose);
    this.#socket.pause();
    const rest = this.#splitter.takeRest();
    if (rest.length > 0) this.#socket.unshift(rest);
    return this.#socket;
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
      for (const message of this.#splitter.push(chunk))
        this.#deliver(this.#reader.read(message, this.#mayMatter), message.length);
    } catch (error) {
      // The requests in progress receive the error.
      if (error instanceof NotLdapError) this.#lose(explainForeignBytes(error.bytes, this.#peer));
      else if (error instanceof MessageTooLongError) {
        const next = 'Check host and port; if both are right, use another domain controller.';
        this.#lose({ cameBack: error.message, next });
      } else throw error;
    }
    this.#hasAnswered = true;
    // An awaited answer may follow what is held here: pause the server only if no answer is awaited.
    const exchanges = [...this.#pending.values()];
    const heldBytes = exchanges.reduce((sum, pending) => sum + pending.heldBytes, 0);
    if (heldBytes > heldBytesLimit && !exchanges.some((pending) => pending.isWaiting)) this.#socket.pause();
  };

  readonly #mayMatter = (messageId: number, message: Buffer): boolean =>
    this.#pending.get(messageId)?.mayMatter(message) ?? false;

  #deliver(response: Response, bytes: number): void {
    if (response.messageId !== 0) {
      // Answers to an abandoned search may still arrive.
      this.#pending.get(response.messageId)?.deliver(response, bytes);
      if (response.kind === 'result') this.#pending.delete(response.messageId);
    } else if (response.kind === 'result') {
      // Notice of Disconnection (RFC 4511 4.4.1), the only message that answers no request
      const { cameBack, next } = explainResult(response.result);
      this.#lose({ cameBack: `the server ended the session: ${cameBack}`, next });
    }
  }

  #abandon(messageId: number): void {
    if (this.#pending.delete(messageId) && this.#ended === undefined) this.#write(abandonRequest(messageId));
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

  /** Only the first error counts; later ones follow from it. */
  #fail(explanation: Explanation): void {
    if (this.#ended !== undefined) return;
    this.#ended = explanation;
    for (const pending of this.#pending.values()) pending.fail(new ConnectionError(explanation, { sent: true }));
  }
}

interface PendingRequestOptions {
  readonly deadlineMs: number;
  readonly mayMatter: (bytes: Buffer) => boolean;
  readonly onWait: () => void;
  readonly onSilence: () => void;
  readonly onAbandon: () => void;
}

/** A request in progress: the connection delivers its answers, the caller takes them. */
export class PendingRequest {
  readonly #options: PendingRequestOptions;
  #held: Response[] = [];
  #error: ConnectionError | undefined;
  #wake: (() => void) | undefined;
  heldBytes = 0;

  constructor(options: PendingRequestOptions) {
    this.#options = options;
  }

  get mayMatter(): (bytes: Buffer) => boolean {
    return this.#options.mayMatter;
  }

  get isWaiting(): boolean {
    return this.#wake !== undefined;
  }

  deliver(response: Response, bytes: number): void {
    this.#held.push(response);
    if (response.kind !== 'unwanted') this.heldBytes += bytes;
    this.#wake?.();
  }

  fail(error: ConnectionError): void {
    this.#error = error;
    this.#wake?.();
  }

  /** The answers received so far, at least one; the last of all is a result. Throws ConnectionError. */
  async take(): Promise<readonly Response[]> {
    if (this.#held.length === 0 && this.#error === undefined) await this.#answer();
    if (this.#held.length === 0 && this.#error !== undefined) throw this.#error;
    const held = this.#held;
    this.#held = [];
    this.heldBytes = 0;
    return held;
  }

  /** Ends the request early: the rest of the answers is not needed. */
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

/**
 * What the work gives. At the deadline it rejects with the error; the work itself cannot be stopped, and what it gives
 * after that is discarded.
 */
export function inTime<T>(
  work: Promise<T>,
  deadlineMs: number,
  tooLate: () => ConnectionError,
  discard: (late: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isTooLate = false;
    const cancel = afterSilence(deadlineMs, () => {
      isTooLate = true;
      reject(tooLate());
    });
    work.finally(cancel).then((result) => (isTooLate ? discard(result) : resolve(result)), reject);
  });
}

/**
 * Runs the action after this many milliseconds, unless the returned function is called first. If this process was busy when
 * the time ran out, data that had already arrived is read first.
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
