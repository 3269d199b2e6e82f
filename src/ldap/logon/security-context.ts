/**
 * A logon by the operating system's security library (GSSAPI, RFC 2743, or SSPI): exchanges tokens with a server, then
 * seals and opens messages.
 */

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
  /** The longest message whose wrapped form has at most so many bytes. */
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

/** Why the library refused, as far as its code tells. */
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
