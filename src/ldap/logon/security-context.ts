/**
 * A logon by the operating system's security library (GSSAPI, RFC 2743, or SSPI): exchanges tokens with a server, then
 * seals and opens messages; and in words why the library refused.
 */

import { isIP } from 'node:net';
import type { Explanation } from '../diagnostics.ts';
import { LibraryNotLoadedError, NoCarrierError } from './native-library.ts';

/** The server's and our token are opaque; a context is complete when both sides are authenticated. */
export interface SecurityContext {
  /** The SASL mechanism that carries the tokens: RFC 4752, or MS-ADTS 5.1.1.1.2 for GSS-SPNEGO. */
  readonly saslMechanism: 'GSSAPI' | 'GSS-SPNEGO';
  /**
   * Takes the server's token (empty at the start) and gives ours. May wait for a Kerberos server (KDC); the event loop
   * keeps running. Throws SecurityContextError.
   */
  step(token: Buffer): Promise<SecurityStep>;
  /** After the last step. */
  established(): EstablishedContext;
  /** Frees what the library holds. May be called twice. */
  dispose(): void;
}

/** What a step of the exchange gives. */
export interface SecurityStep {
  /** The token for the server; empty if there is none to send. */
  readonly token: Buffer;
  readonly isComplete: boolean;
}

/** What the complete context guarantees. */
export interface EstablishedContext {
  /** The user in the library's words: `jane@CORP.EXAMPLE.COM`, `CORP\jane`. */
  readonly user: string;
  /** Whether the server has proved who it is. */
  readonly isMutual: boolean;
  /** Whether messages can be encrypted. */
  readonly isConfidential: boolean;
  /** The longest message whose wrapped form has at most this many bytes. */
  longestMessage(wrappedBytes: number): number;
  /** Wraps a message: encrypted and signed, or signed alone. Throws SecurityContextError. */
  wrap(message: Buffer, sealed: boolean): Buffer;
  /** The message in a token, and whether it was encrypted. Throws SecurityContextError for a token that was changed. */
  unwrap(token: Buffer): { readonly message: Buffer; readonly sealed: boolean };
}

/** Whose logon it is: with a user and password, the library obtains a ticket for them; else it uses the computer's. */
export interface ContextRequest {
  /** The DNS name of the domain controller, for its service principal name `ldap/NAME`. */
  readonly serverName: string;
  readonly as?: { readonly user: string; readonly password: string };
}

/** Opens a security context. Throws NoCarrierError and SecurityContextError. */
export type OpenContext = (request: ContextRequest) => Promise<SecurityContext>;

/** Why the library refused, as far as its code shows. */
export type LogonFailure =
  | 'no-credentials'
  | 'expired'
  | 'unknown-service'
  | 'unknown-user'
  | 'wrong-password'
  | 'password-expired'
  | 'account-refused'
  | 'clock-skew'
  | 'no-kdc'
  | 'user-name-form'
  | 'broken-message'
  | 'other';

/** The security library refused a step or a message. */
export class SecurityContextError extends Error {
  override readonly name = 'SecurityContextError';
  readonly failure: LogonFailure;

  /** @param reason the library's own words with its code */
  constructor(failure: LogonFailure, reason: string) {
    super(reason);
    this.failure = failure;
  }
}

/** Where and how the logon was tried, for its words. */
export interface LogonPlace {
  /** The name after `ldap/` in the service principal name. */
  readonly serverName: string;
  /** Whether a user and password were given, instead of the computer's own logon. */
  readonly hasPassword: boolean;
  readonly platform: NodeJS.Platform;
}

/** The explanation for an error of native-library or of the security library; undefined for any other error. */
export function explainLogonError(error: unknown, place: LogonPlace): Explanation | undefined {
  if (error instanceof NoCarrierError) {
    return {
      cameBack: `this Node (${process.version}) cannot call the system's security library: it has no node:ffi, and the package koffi is not installed`,
      next: 'Use Node 26, or start it with the same options by: npx --package adsi-remedy --package koffi adsi-remedy',
    };
  }
  if (error instanceof SecurityContextError) return explainFailure(error, place);
  if (error instanceof LibraryNotLoadedError) {
    return {
      cameBack: `the system's security library cannot be loaded: ${error.message}`,
      next: 'Install MIT Kerberos (Debian and Ubuntu: libgssapi-krb5-2 and krb5-user), or use --auth password.',
    };
  }
  return undefined;
}

/** The library did not finish a step in time: it waits for a Kerberos server. */
export function explainSilentLogon(milliseconds: number, place: LogonPlace): Explanation {
  return {
    cameBack: `the system's security library did not finish within ${milliseconds / 1000} s: no Kerberos server (KDC) answers`,
    next: nextSteps['no-kdc'](place),
  };
}

function explainFailure({ failure, message }: SecurityContextError, place: LogonPlace): Explanation {
  const meaning = meanings[failure]?.(place);
  return {
    cameBack: meaning === undefined ? message : `${meaning}: ${message}`,
    next: nextSteps[failure](place),
  };
}

const meanings: Readonly<Partial<Record<LogonFailure, (place: LogonPlace) => string>>> = {
  'no-credentials': ({ hasPassword }) =>
    hasPassword ? 'no Kerberos ticket could be obtained for this user' : 'no Kerberos ticket on this computer',
  expired: () => 'the Kerberos ticket has expired',
  'unknown-service': ({ serverName }) => `Kerberos does not know the service ldap/${serverName}`,
  'unknown-user': () => 'unknown user',
  'wrong-password': () => 'wrong user name or password',
  'password-expired': () => 'the password has expired',
  'account-refused': () => 'the account is disabled, locked or expired',
  'clock-skew': () => 'the clocks of this computer and of the domain controller differ too much',
  'no-kdc': () => 'no Kerberos server (KDC) answers',
};

const fullUserName = 'Give the user as name@domain, with the full DNS name of the domain.';

const nextSteps: Readonly<Record<LogonFailure, (place: LogonPlace) => string>> = {
  'no-credentials': ({ platform, hasPassword }) => {
    if (hasPassword) return fullUserName;
    return platform === 'win32'
      ? 'Log on to Windows with a domain account, or start a prompt as another user: runas /netonly /user:CORP\\admin cmd'
      : 'Get a ticket with: kinit USER@REALM. Or give the user with --user.';
  },
  expired: ({ platform }) =>
    platform === 'win32' ? 'Lock and unlock Windows to renew it.' : 'Get a new ticket with: kinit USER@REALM',
  'unknown-service': ({ serverName }) =>
    `Give the domain controller's own DNS name with --server or --tls-name: ${serverName} is ${isIP(serverName) === 0 ? 'not one of its names' : 'an address'}.`,
  'unknown-user': () => 'Check the user name given with --user.',
  'wrong-password': () => 'Check the user name and the password.',
  'password-expired': () => 'Change the password, then log on with the new one.',
  'account-refused': () => 'Have the account enabled or unlocked, or log on as another user.',
  'clock-skew': ({ platform }) =>
    platform === 'win32'
      ? 'Set the clock of this computer: w32tm /resync'
      : "Set the clock of this computer to the domain's (chronyc makestep, or w32tm /resync on Windows).",
  'no-kdc': ({ platform, hasPassword }) => {
    const settings =
      platform === 'win32' ? 'that this computer uses the DNS of the domain' : 'the DNS, the realm in /etc/krb5.conf';
    const check = `Check the network, ${settings}, and that port 88 of a domain controller can be reached.`;
    // Kerberos looks for a realm of that name, and a UPN may end in a name that is none.
    return hasPassword
      ? `${check} In --user, give the DNS name of the domain after the @, not another UPN suffix.`
      : check;
  },
  'user-name-form': () => fullUserName,
  'broken-message': () => 'Try again; if the error returns, use another domain controller.',
  other: ({ hasPassword }) =>
    `Check the Kerberos settings of this computer${hasPassword ? ' and the user name' : ''}, or use --auth password with LDAPS.`,
};
