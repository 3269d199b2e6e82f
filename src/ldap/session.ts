/** A session with one directory server: the interface through which remedies read and write. */

import type { Duplex } from 'node:stream';
import type { Entry } from '../ad/entry.ts';
import type { Control } from './controls.ts';
import type { Filter } from './filter.ts';
import type { OpenContext } from './logon/security-context.ts';
import type { RootDse } from './root-dse.ts';

export type TlsMode = 'ldaps' | 'starttls' | 'none';

export type SearchScope = 'base' | 'one' | 'subtree';

export interface SearchRequest {
  readonly base: string;
  readonly scope: SearchScope;
  readonly filter: Filter;
  /** Names to return; `*` or [] for all user attributes, `1.1` for none (RFC 4511 4.5.1.8). */
  readonly attributes: readonly string[];
  readonly controls?: readonly Control[];
  /** Entries in each page; default 1000, AD's MaxPageSize. */
  readonly pageSize?: number;
  /** How long the server may be silent, in milliseconds; default the session's. */
  readonly deadline?: number;
  /**
   * Whether an entry may be of use, by all bytes of its message: DN, names of attributes, values. Where it is not, the
   * entry may be left out before its values are read one by one, which takes most of the time of a long search.
   */
  readonly mayMatter?: (bytes: Buffer) => boolean;
}

/**
 * One attribute's edit: remove these values (or 'all', of which there must be at least one) and add those; or replace the
 * values, whatever they are, by others or by none.
 */
export type Modification =
  | { readonly attribute: string; readonly remove: readonly Buffer[] | 'all'; readonly add: readonly Buffer[] }
  | { readonly attribute: string; readonly replace: readonly Buffer[] };

export interface NewAttribute {
  readonly name: string;
  readonly values: readonly Buffer[];
}

/** The server of a session, and how the connection to it is protected. */
export interface SessionIdentity {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  /** After an integrated logon: every message is signed and encrypted by Kerberos, for this user. */
  readonly sealed?: { readonly user: string };
  /** The directory is in this process: nothing crosses a network. */
  readonly isInProcess?: true;
}

/** How a connection is protected: "LDAPS", or after an integrated logon "sealed, as CORP\jane (Kerberos)". */
export function protectionInWords({ tls, sealed, isInProcess }: SessionIdentity): string {
  if (isInProcess) return 'no network';
  return sealed === undefined ? tlsWords[tls] : `sealed, as ${sealed.user} (Kerberos)`;
}

const tlsWords = { ldaps: 'LDAPS', starttls: 'StartTLS', none: 'without TLS' } as const;

export interface DirectorySession {
  readonly identity: SessionIdentity;
  readonly rootDse: RootDse;

  /**
   * Streams the entries: every page, every value (attributes that are returned in ranges are read to their end).
   * Nothing is kept, and the caller may stop early. Values are views of larger buffers: copy them to keep a few bytes of
   * very many entries. Throws DirectoryError, also midway.
   */
  search(request: SearchRequest): AsyncIterable<Entry>;

  /**
   * One entry by its DN, `<GUID=…>` or `<SID=…>`; undefined if it does not exist or the user may not see it (result 32).
   * `deadline` is in milliseconds here and below, default the session's. Throws DirectoryError.
   */
  readEntry(
    base: string,
    attributes: readonly string[],
    controls?: readonly Control[],
    deadline?: number,
  ): Promise<Entry | undefined>;

  /**
   * All edits in one request, applied together or not at all. The DN '' is the rootDSE, for its operations.
   * This and the other writes throw DirectoryError if nothing was changed, and OutcomeUnknownError if the connection was
   * lost or the deadline passed after the request was sent: check the entry in a new session.
   */
  modify(
    dn: string,
    modifications: readonly Modification[],
    controls?: readonly Control[],
    deadline?: number,
  ): Promise<void>;
  add(dn: string, attributes: readonly NewAttribute[], controls?: readonly Control[], deadline?: number): Promise<void>;
  delete(dn: string, controls?: readonly Control[], deadline?: number): Promise<void>;

  /** Ends the session; never throws. */
  close(): Promise<void>;
}

export interface ServerAddress {
  readonly host: string;
  /** Default 636 for LDAPS, else 389. */
  readonly port?: number;
  /** The name that the certificate must contain or that Kerberos knows the server by, if not the host. */
  readonly tlsName?: string;
}

/** A simple bind: the server receives the password, so the connection needs TLS. */
export interface PasswordLogon {
  readonly auth: 'password';
  /** A UPN or DOMAIN\user (or a DN). */
  readonly user: string;
  readonly password: string;
}

/**
 * A logon by the operating system's security library, without TLS: it signs and encrypts every message itself. On Windows
 * as the user who is logged on, elsewhere with the ticket of kinit.
 */
export interface IntegratedLogon {
  readonly auth: 'integrated';
  /** Another user: the password goes to the library, never to the server. A UPN; on Windows also DOMAIN\user. */
  readonly as?: { readonly user: string; readonly password: string };
  /** Replaces the library of the operating system. */
  readonly openContext?: OpenContext;
}

/** How to connect and log on to the servers of a forest. */
export interface Access {
  readonly tls: TlsMode;
  /** Certificates of the trusted authorities, PEM or DER; default those that Node and this computer trust. */
  readonly ca?: string | Buffer;
  /** The file from which `ca` was read, for errors. */
  readonly caFile?: string;
  readonly bind: PasswordLogon | IntegratedLogon | 'anonymous';
  /** For each step of opening a session (connection, TLS, logon, rootDSE), in milliseconds; default 5000. */
  readonly deadlineMs?: number;
  /** For each answer after that, in milliseconds; default 60000. A tree delete may need more. */
  readonly operationDeadlineMs?: number;
  /** Replaces the TCP connection: a tunnel, or a server in this process. */
  readonly createConnection?: (address: { readonly host: string; readonly port: number }) => Promise<Duplex>;
}

/** Opens sessions with any server of a forest, with the same credentials and trust. */
export interface Connector {
  /** Throws DirectoryError. */
  open(address: ServerAddress): Promise<DirectorySession>;
}
