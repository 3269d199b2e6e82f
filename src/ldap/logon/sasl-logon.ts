/**
 * Logs on by SASL (RFC 4513 section 5.2) with a security context, and puts its security layer under the connection:
 * GSSAPI by RFC 4752, GSS-SPNEGO as on Windows (MS-ADTS 5.1.1.1.2). Says in words why that failed.
 *
 * Unless the server has proved its identity and every later message is encrypted, the logon fails before anything else
 * is sent.
 */

import { isIP } from 'node:net';
import { afterSilence, type Connection } from '../connection.ts';
import { ConnectionError } from '../connection-trouble.ts';
import { type Explanation, explainResult, resultCode } from '../diagnostics.ts';
import { type RequestOf, saslBindRequest } from '../requests.ts';
import { LibraryNotLoadedError, NoCarrierError } from './native-library.ts';
import { longestToken, SealedStream } from './sealed-stream.ts';
import {
  type ContextRequest,
  type EstablishedContext,
  type LogonFailure,
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
    const context = await contextInTime(openContext(options), deadlineMs, place);
    try {
      const wire: Wire = {
        bind: (token) => bind(connection, saslBindRequest(context.saslMechanism, token), options),
        step: (token) => inTime(context.step(token), deadlineMs, place),
      };
      const established = await (context.saslMechanism === 'GSSAPI' ? byGssapi : bySpnego)(context, wire);
      const stream = new SealedStream(connection.release(), { ...established, onEnd: () => context.dispose() });
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
  /** The longest message whose token the server accepts, in bytes. */
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
      const choice = Buffer.from([layer.confidentiality, 0, 0, 0]);
      choice.writeUIntBE(longestToken, 1, 3);
      const end = await wire.bind(established.wrap(choice, false));
      if (!end.isLast) throw refused('it did not end the logon');
      return { context: established, longestMessage };
    }
    step = await wire.step(answer.token);
  }
  throw refused(`the logon took more than ${mostRounds} rounds`);
}

/** A bit mask of layers: 1 none, 2 integrity, 4 confidentiality (RFC 4752 section 3.3). */
const layer = { confidentiality: 4 } as const;

/** The server's offer: one byte of layers, three bytes of the longest token that it accepts. */
function sizeInOffer(offer: Buffer): number {
  if (offer.length !== 4) throw refused('its offer of security layers is malformed');
  if ((offer.readUInt8() & layer.confidentiality) === 0) throw refused('it does not offer encryption');
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

/** The longest message whose token has at most so many bytes. */
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

/** Rejects at the deadline; the work itself cannot be stopped, and its outcome is then ignored. */
function inTime<T>(work: Promise<T>, deadlineMs: number, place: LogonPlace): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = afterSilence(deadlineMs, () =>
      reject(new ConnectionError(explainSilentLogon(deadlineMs, place), { isLogon: true })),
    );
    work.then(resolve, reject).finally(cancel);
  });
}

async function contextInTime(
  opening: Promise<SecurityContext>,
  deadlineMs: number,
  place: LogonPlace,
): Promise<SecurityContext> {
  try {
    return await inTime(opening, deadlineMs, place);
  } catch (error) {
    // If it is opened after the deadline, nothing else will free it. A second failure has no one to go to.
    opening.then(
      (context) => context.dispose(),
      () => undefined,
    );
    throw error;
  }
}

function refused(why: string): ConnectionError {
  return new ConnectionError({
    cameBack: `the server cannot be trusted with this logon: ${why}`,
    next: 'Use another domain controller, and check what is between it and this computer.',
  });
}

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
function explainSilentLogon(milliseconds: number, place: LogonPlace): Explanation {
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
