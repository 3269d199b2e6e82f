/** Makes a connection to a directory server: the socket, TLS on it, and which authorities are trusted. */

import { X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import { UntrustedError } from '../errors.ts';
import { afterSilence, Connection } from './connection.ts';
import {
  ConnectionError,
  explainCertificate,
  explainClose,
  explainSilence,
  explainSocketError,
  explainStartTlsRefusal,
  type Peer,
  untrusted,
} from './connection-trouble.ts';
import { type Explanation, resultCode } from './diagnostics.ts';
import { startTlsRequest } from './requests.ts';
import type { Access } from './session.ts';

export interface ConnectOptions {
  readonly peer: Peer;
  /** Called only for TLS: reading the default authorities takes a while. */
  readonly trust: Trust;
  /** The name that the certificate must carry. */
  readonly tlsName: string;
  /** For each step (TCP with the name look-up, StartTLS, the TLS handshake), in milliseconds. */
  readonly deadlineMs: number;
  /** Replaces TCP. */
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
      throw new ConnectionError(explainStartTlsRefusal(result), { resultCode: result.resultCode });
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
