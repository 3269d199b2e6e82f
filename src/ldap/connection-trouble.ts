/** Why no server could be reached, or why it was lost, in words: sockets, TLS, certificates, and what is not LDAP. */

import type { PeerCertificate } from 'node:tls';
import { DirectoryError, errnoOf } from '../errors.ts';
import { type Explanation, printable } from './diagnostics.ts';
import type { TlsMode } from './session.ts';

export interface Peer {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
}

/** What was going on when the trouble came; 'talking' is after the server's first answer. */
export type Stage = 'connecting' | 'tls' | 'first request' | 'talking';

/** The connection could not be made, or is no more. */
export class ConnectionError extends Error {
  readonly explanation: Explanation;
  /** Whether the request had gone out, so that the server may have acted on it. */
  readonly sent: boolean;
  /** If the server answered and refused (StartTLS). */
  readonly resultCode: number | undefined;

  constructor(
    explanation: Explanation,
    options: { readonly sent?: boolean; readonly resultCode?: number; readonly cause?: unknown } = {},
  ) {
    super(explanation.cameBack, { cause: options.cause });
    this.name = 'ConnectionError';
    this.explanation = explanation;
    this.sent = options.sent ?? false;
    this.resultCode = options.resultCode;
  }
}

/** A ConnectionError as an error to tell; any other is a fault of the program and stays as it is. */
export function directoryErrorOf(attempted: string, on: string, error: unknown): unknown {
  if (!(error instanceof ConnectionError)) return error;
  return new DirectoryError({ attempted, on, ...error.explanation, cause: error }, error.resultCode);
}

/** An error of the system or of OpenSSL. */
export function explainSocketError(error: unknown, stage: Stage, peer: Peer): Explanation {
  const errno = errnoOf(error) ?? '';
  if (stage === 'tls' && isNoTls(errno, error)) return explainNoTls(peer);
  if (stage === 'first request' && isHangUp(errno)) return explainClose(peer, false, false);
  if (stage === 'tls' && /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(errno)) {
    return {
      cameBack: `the server speaks only TLS versions older than 1.2 (${errno})`,
      next: 'Ask a domain controller with a later Windows version, or have TLS 1.2 enabled on this one.',
    };
  }
  if (stage === 'tls' && errno.startsWith('ERR_SSL')) {
    return {
      cameBack: `the TLS handshake failed: ${reasonOf(error)} (${errno})`,
      next: 'Have the TLS settings and the certificate of the server looked at, or ask another domain controller.',
    };
  }
  const known = socketErrors[errno];
  if (known !== undefined) return { cameBack: `${known.cameBack} (${errno})`, next: known.next(peer) };
  const message = error instanceof Error ? printable(error.message) : String(error);
  return { cameBack: message, next: `Check the network between here and ${peer.host}.` };
}

/** OpenSSL's few words, without the numbers around them. */
function reasonOf(error: unknown): string {
  return error instanceof Error && 'reason' in error ? printable(String(error.reason)) : String(error);
}

/** OpenSSL was handed something else than TLS, or the server hung up on the TLS greeting. */
function isNoTls(errno: string, error: unknown): boolean {
  return (
    errno === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
    isHangUp(errno) ||
    (errno === 'EPROTO' && error instanceof Error && error.message.includes('wrong version number'))
  );
}

function isHangUp(errno: string): boolean {
  return errno === 'ECONNRESET' || errno === 'EPIPE';
}

function explainNoTls(peer: Peer): Explanation {
  if (peer.tls === 'starttls') {
    return {
      cameBack: 'the server agreed to StartTLS and then broke off the TLS handshake',
      next: 'Check that it has a certificate for LDAP; on a domain controller LDAPS (--tls ldaps) needs the same one.',
    };
  }
  return {
    cameBack: `port ${peer.port} does not speak TLS`,
    next: 'LDAPS is on port 636 (GC: 3269), and only if the server has a certificate; for port 389 use --tls starttls.',
  };
}

const checkPort = (peer: Peer) =>
  `Check host and port: LDAPS is on 636 (GC: 3269), LDAP and StartTLS on 389 (GC: 3268); here it is ${peer.port}.`;
const checkName = (peer: Peer) =>
  `Check the spelling of ${peer.host}, or give the server's IP address with --server and its name with --tls-name.`;
const checkNetwork = (peer: Peer) => `Check that ${peer.host} is up and that no firewall is between.`;
const tryAgain = () => 'Try again; if it comes back, ask another domain controller.';

const socketErrors: Readonly<Record<string, { readonly cameBack: string; readonly next: (peer: Peer) => string }>> = {
  ECONNREFUSED: { cameBack: 'nothing listens on that port', next: checkPort },
  ENOTFOUND: { cameBack: 'DNS knows no such host', next: checkName },
  EAI_AGAIN: { cameBack: 'DNS did not answer', next: checkName },
  ENODATA: { cameBack: 'DNS has no address for that host', next: checkName },
  EHOSTUNREACH: { cameBack: 'no way leads to that host', next: checkNetwork },
  EHOSTDOWN: { cameBack: 'the host is down', next: checkNetwork },
  ENETUNREACH: { cameBack: 'no way leads to its network', next: checkNetwork },
  EADDRNOTAVAIL: { cameBack: 'the address cannot be used from here', next: checkNetwork },
  ETIMEDOUT: { cameBack: 'no answer', next: checkNetwork },
  EACCES: { cameBack: 'this computer does not permit the connection', next: checkNetwork },
  EPERM: { cameBack: 'this computer does not permit the connection', next: checkNetwork },
  ECONNRESET: { cameBack: 'the server cut the connection', next: tryAgain },
  EPIPE: { cameBack: 'the server has closed the connection', next: tryAgain },
};

/** Nothing came for `milliseconds`. */
export function explainSilence(stage: Stage, milliseconds: number, peer: Peer): Explanation {
  const time = `${milliseconds / 1000} s`;
  switch (stage) {
    case 'connecting':
      return { cameBack: `no answer within ${time}`, next: checkNetwork(peer) };
    case 'tls':
      return {
        cameBack: `the server accepted the connection and did not answer the TLS greeting within ${time}`,
        next: checkPort(peer),
      };
    case 'first request':
      return {
        cameBack: `the server accepted the connection and did not answer within ${time}`,
        next: `${checkPort(peer)} If they are right, the server is overloaded: ask another one.`,
      };
    case 'talking':
      return {
        cameBack: `the server did not answer within ${time}`,
        next: 'Try again, or ask another domain controller.',
      };
  }
}

/** The server closed the connection; `answered` says whether it ever sent anything, `midway` whether half an answer is there. */
export function explainClose(peer: Peer, answered: boolean, midway: boolean): Explanation {
  if (midway) return { cameBack: 'the server closed the connection in the middle of an answer', next: tryAgain() };
  if (answered) return { cameBack: 'the server closed the connection', next: tryAgain() };
  const hint = peer.tls === 'ldaps' ? '' : 'A port for LDAPS behaves so: then use --tls ldaps. ';
  return { cameBack: 'the server closed the connection without a word', next: `${hint}${checkPort(peer)}` };
}

/** What came is no LDAP message. */
export function explainForeignBytes(bytes: Buffer, peer: Peer): Explanation {
  // TLS alert or handshake, version 3.x (RFC 8446 5.1)
  if ((bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 0x03) {
    return {
      cameBack: `port ${peer.port} speaks TLS`,
      next: 'Use --tls ldaps for this port (636, GC: 3269), or the plain port 389 (GC: 3268) with --tls starttls.',
    };
  }
  // It began like a message, and then was none.
  if (bytes[0] === 0x30) return { cameBack: 'the server sent an answer that is not LDAP', next: tryAgain() };
  return {
    cameBack: `what answers there is no LDAP server: its first words are "${printable(bytes.subarray(0, 40).toString('latin1'))}"`,
    next: checkPort(peer),
  };
}

/**
 * A certificate that does not pass: `code` is Node's or OpenSSL's name for the reason, `name` the name to be checked.
 */
export function explainCertificate(code: string, certificate: PeerCertificate, name: string): Explanation {
  const issuer = printable(String(certificate.issuer?.CN ?? 'an authority without a name'));
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      cameBack: `the server's certificate is not for ${name}; it is for ${certificateNames(certificate)}`,
      next: 'Name the server by a name in its certificate, or say which of them is expected: --tls-name NAME.',
    };
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return {
      cameBack: `the server's certificate, or one above it, is out of its time (${code}); its own is valid from ${certificate.valid_from} to ${certificate.valid_to}`,
      next: 'Have the certificate renewed, and check the clock of this computer; or ask another domain controller.',
    };
  }
  if (untrusted.has(code)) {
    return {
      cameBack: `the server's certificate is not trusted here: ${code === 'DEPTH_ZERO_SELF_SIGNED_CERT' ? 'it is signed by itself' : `its issuer is ${issuer}`} (${code})`,
      next: 'Give the certificate of the authority that issued it, as a PEM or DER file: --ca FILE.',
    };
  }
  return {
    cameBack: `the server's certificate was not accepted (${code})`,
    next: 'Have the certificate of the server looked at, or ask another domain controller.',
  };
}

const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
]);

function certificateNames(certificate: PeerCertificate): string {
  const names = (certificate.subjectaltname ?? '')
    .split(', ')
    .map((name) => name.replace(/^(DNS|IP Address):/, ''))
    .filter((name) => name !== '');
  return printable(names.length === 0 ? String(certificate.subject?.CN ?? 'no name at all') : names.join(', '));
}
