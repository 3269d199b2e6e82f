/** Why a server could not be reached or was lost, in words: sockets, TLS, certificates, and bytes that are not LDAP. */

import type { PeerCertificate } from 'node:tls';
import { DirectoryError, errnoOf, LogonError, OutcomeUnknownError, UntrustedError } from '../errors.ts';
import {
  type Explanation,
  explainResult,
  type LdapResult,
  printable,
  resultCode,
  withoutCertificate,
} from './diagnostics.ts';
import type { SessionIdentity } from './session.ts';

/** The server at the other end, and how it is spoken to. */
export type Peer = Pick<SessionIdentity, 'host' | 'port' | 'tls'>;

/** What the connection was doing when it failed; 'talking' is after the server's first answer. */
export type Stage = 'connecting' | 'tls' | 'first request' | 'talking';

/** The connection could not be made, or was lost. */
export class ConnectionError extends Error {
  readonly explanation: Explanation;
  /** Whether the request was sent, so that the server may have acted on it. */
  readonly sent: boolean;
  /** If the server answered and refused (StartTLS). */
  readonly resultCode: number | undefined;
  /** Whether the logon failed on this computer, so that every server would give the same. */
  readonly isLogon: boolean;
  /** Whether another authority to trust would help. */
  readonly isUntrusted: boolean;

  constructor(
    explanation: Explanation,
    options: {
      readonly sent?: boolean;
      readonly resultCode?: number;
      readonly isLogon?: boolean;
      readonly isUntrusted?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(explanation.cameBack, { cause: options.cause });
    this.name = 'ConnectionError';
    this.explanation = explanation;
    this.sent = options.sent ?? false;
    this.resultCode = options.resultCode;
    this.isLogon = options.isLogon ?? false;
    this.isUntrusted = options.isUntrusted ?? false;
  }
}

/** A ConnectionError as an error for the user; any other is a fault of the program and is returned unchanged. */
export function directoryErrorOf(attempted: string, on: string, error: unknown): unknown {
  if (!(error instanceof ConnectionError)) return error;
  const trouble = { attempted, on, ...error.explanation, cause: error };
  if (error.isUntrusted) return new UntrustedError(trouble);
  return error.isLogon ? new LogonError(trouble) : new DirectoryError(trouble, error.resultCode);
}

/** The same for a write, which may have been done if it had been sent: then an OutcomeUnknownError. */
export function writeErrorOf(attempted: string, on: string, error: unknown): unknown {
  if (!(error instanceof ConnectionError) || !error.sent) return directoryErrorOf(attempted, on, error);
  return new OutcomeUnknownError({
    attempted,
    on,
    cameBack: `${error.explanation.cameBack}; it is not known whether the server did it`,
    next: 'Connect again and check whether it was done.',
    cause: error,
  });
}

/** An error of the system or of OpenSSL. */
export function explainSocketError(error: unknown, stage: Stage, peer: Peer): Explanation {
  // A security layer explains its own errors.
  if (error instanceof ConnectionError) return error.explanation;
  const errno = errnoOf(error) ?? '';
  if (stage === 'tls' && isHangUp(errno)) return explainNoCertificate(peer);
  if (stage === 'tls' && isNoTls(errno, error)) return explainNoTls(peer);
  if (stage === 'first request' && isHangUp(errno)) return explainClose(peer, false, false);
  if (stage === 'tls' && /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(errno)) {
    return {
      cameBack: `the server supports only TLS versions older than 1.2 (${errno})`,
      next: 'Use a domain controller with a later Windows version, or have TLS 1.2 enabled on this one.',
    };
  }
  if (stage === 'tls' && errno.startsWith('ERR_SSL')) {
    return {
      cameBack: `the TLS handshake failed: ${reasonOf(error)} (${errno})`,
      next: "Have the server's TLS settings and certificate checked, or use another domain controller.",
    };
  }
  const known = socketErrors[errno];
  if (known !== undefined) return { cameBack: `${known.cameBack} (${errno})`, next: known.next(peer) };
  const message = error instanceof Error ? printable(error.message) : String(error);
  return { cameBack: message, next: `Check the network between here and ${peer.host}.` };
}

/** OpenSSL's reason, without the numbers around it. */
function reasonOf(error: unknown): string {
  return error instanceof Error && 'reason' in error ? printable(String(error.reason)) : String(error);
}

/** What the server sent is not TLS. */
function isNoTls(errno: string, error: unknown): boolean {
  return (
    errno === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
    (errno === 'EPROTO' && error instanceof Error && error.message.includes('wrong version number'))
  );
}

function isHangUp(errno: string): boolean {
  return errno === 'ECONNRESET' || errno === 'EPIPE';
}

const ldapsPorts = 'LDAPS is on port 636 (GC: 3269)';

function explainNoTls(peer: Peer): Explanation {
  return {
    cameBack: `port ${peer.port} does not use TLS`,
    next: `${ldapsPorts}; for port 389 use --tls starttls. ${withoutCertificate}`,
  };
}

/** The server hangs up on the TLS handshake, as a domain controller without a certificate does. */
function explainNoCertificate({ port, tls }: Peer): Explanation {
  return tls === 'starttls'
    ? {
        cameBack: 'the server agreed to StartTLS and then aborted the TLS handshake: it may have no certificate',
        next: withoutCertificate,
      }
    : {
        cameBack: `the server closed the connection at the TLS handshake: it has no certificate, or port ${port} is not for LDAPS`,
        next: `${ldapsPorts}. ${withoutCertificate}`,
      };
}

/** A server that answers StartTLS with a refusal: with 52 (unavailable) if it has no certificate. */
export function explainStartTlsRefusal(result: LdapResult): Explanation {
  const { cameBack, next } = explainResult(result);
  if (result.resultCode !== resultCode.unavailable) return { cameBack, next };
  return { cameBack: `the server may have no certificate: ${cameBack}`, next: withoutCertificate };
}

const checkPort = (peer: Peer) =>
  `Check host and port: LDAPS is on 636 (GC: 3269), LDAP and StartTLS on 389 (GC: 3268); here it is ${peer.port}.`;
const checkName = (peer: Peer) =>
  `Check the spelling of ${peer.host}, or give the server's IP address with --server and its name with --tls-name.`;
const checkNetwork = (peer: Peer) =>
  `Check that ${peer.host} is running and that no firewall blocks port ${peer.port}.`;
const tryAgain = () => 'Try again; if the error returns, use another domain controller.';

const notAllowed = { cameBack: 'this computer does not allow the connection', next: checkNetwork };

const socketErrors: Readonly<Record<string, { readonly cameBack: string; readonly next: (peer: Peer) => string }>> = {
  ECONNREFUSED: { cameBack: 'nothing listens on that port', next: checkPort },
  ENOTFOUND: { cameBack: 'DNS does not know that host name', next: checkName },
  EAI_AGAIN: { cameBack: 'DNS did not answer', next: checkName },
  ENODATA: { cameBack: 'DNS has no address for that host', next: checkName },
  EHOSTUNREACH: { cameBack: 'no route to host', next: checkNetwork },
  EHOSTDOWN: { cameBack: 'the host is down', next: checkNetwork },
  ENETUNREACH: { cameBack: 'no route to its network', next: checkNetwork },
  EADDRNOTAVAIL: { cameBack: 'the address cannot be used from here', next: checkNetwork },
  ETIMEDOUT: { cameBack: 'no answer', next: checkNetwork },
  EACCES: notAllowed,
  EPERM: notAllowed,
  ECONNRESET: { cameBack: 'the server reset the connection', next: tryAgain },
  EPIPE: { cameBack: 'the server has closed the connection', next: tryAgain },
};

/** The server was silent for `milliseconds`. */
export function explainSilence(stage: Stage, milliseconds: number, peer: Peer): Explanation {
  const within = `within ${milliseconds / 1000} s`;
  const accepted = 'the server accepted the connection but did not answer';
  switch (stage) {
    case 'connecting':
      return { cameBack: `no answer ${within}`, next: checkNetwork(peer) };
    case 'tls':
      return { cameBack: `${accepted} the TLS handshake ${within}`, next: checkPort(peer) };
    case 'first request':
      return {
        cameBack: `${accepted} ${within}`,
        next: `${checkPort(peer)} If both are right, the server may be overloaded: use another one.`,
      };
    case 'talking':
      return { cameBack: `the server did not answer ${within}`, next: tryAgain() };
  }
}

/** The server closed the connection; `answered`: it had sent something, `midway`: in the middle of an answer. */
export function explainClose(peer: Peer, answered: boolean, midway: boolean): Explanation {
  if (midway) return { cameBack: 'the server closed the connection in the middle of an answer', next: tryAgain() };
  if (answered) return { cameBack: 'the server closed the connection', next: tryAgain() };
  const hint =
    peer.tls === 'ldaps'
      ? ''
      : 'An LDAPS port does this: then use --tls ldaps, or the plain port for --auth integrated. ';
  return { cameBack: 'the server closed the connection without answering', next: `${hint}${checkPort(peer)}` };
}

/** The bytes received are not an LDAP message. */
export function explainForeignBytes(bytes: Buffer, peer: Peer): Explanation {
  // TLS alert or handshake, version 3.x (RFC 8446 5.1)
  if ((bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 0x03) {
    return {
      cameBack: `port ${peer.port} uses TLS`,
      next: 'Use --tls ldaps for this port (636, GC: 3269), or the plain port 389 (GC: 3268) with --tls starttls or --auth integrated.',
    };
  }
  // It began like a message.
  if (bytes[0] === 0x30) return { cameBack: 'the server sent an answer that is not LDAP', next: tryAgain() };
  return {
    cameBack: `the service there is not an LDAP server: it answers with "${printable(bytes.subarray(0, 40).toString('latin1'))}"`,
    next: checkPort(peer),
  };
}

/**
 * A certificate that was refused: `code` is Node's or OpenSSL's name for the reason, `name` the expected name.
 */
export function explainCertificate(code: string, certificate: PeerCertificate, name: string): Explanation {
  const issuer = printable(String(certificate.issuer?.CN ?? 'an unnamed authority'));
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      cameBack: `the server's certificate is not for ${name}; it is for ${certificateNames(certificate)}`,
      next: 'Use a name from the certificate with --server, or give the expected name with --tls-name NAME.',
    };
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return {
      cameBack: `the server's certificate or an issuing certificate has expired or is not yet valid (${code}); the server's own is valid from ${certificate.valid_from} to ${certificate.valid_to}`,
      next: 'Have the certificate renewed, check the clock of this computer, or use another domain controller.',
    };
  }
  if (untrusted.has(code)) {
    return {
      cameBack: `the server's certificate is not trusted on this computer: ${code === 'DEPTH_ZERO_SELF_SIGNED_CERT' ? 'it is self-signed' : `its issuer is ${issuer}`} (${code})`,
      next: 'Give the certificate of the issuing authority as a PEM or DER file: --ca FILE.',
    };
  }
  return {
    cameBack: `the server's certificate was not accepted (${code})`,
    next: "Have the server's certificate checked, or use another domain controller.",
  };
}

/** Codes of a certificate whose authority is not known here. */
export const untrusted: ReadonlySet<string> = new Set([
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
  return printable(names.length === 0 ? String(certificate.subject?.CN ?? 'no name') : names.join(', '));
}
