/** A session with one directory server: what remedies read and write through. */

import type { Duplex } from 'node:stream';
import type { Entry } from '../ad/entry.ts';
import type { Control } from './controls.ts';
import type { Filter } from './filter.ts';
import type { RootDse } from './root-dse.ts';
import type { Trust } from './trust.ts';

export type TlsMode = 'ldaps' | 'starttls' | 'none';

export type SearchScope = 'base' | 'one' | 'subtree';

export interface SearchRequest {
  readonly base: string;
  readonly scope: SearchScope;
  readonly filter: Filter;
  /** Names to return, `*` for all user attributes; [] means the same as `*`, and `1.1` none (RFC 4511 4.5.1.8). */
  readonly attributes: readonly string[];
  readonly controls?: readonly Control[];
  /** Entries in each page; by default 1000, AD's MaxPageSize. */
  readonly pageSize?: number;
  /** How long the server may stay silent, in milliseconds; by default the session's. */
  readonly deadline?: number;
  /** Told each continuation reference: the URLs of another server that holds more of the subtree. */
  readonly onReferral?: (urls: readonly string[]) => void;
}

/**
 * One attribute's edit: these values (or 'all', of which there must be at least one) go and those come; or the values
 * are replaced whatever they were, by none if [] is given.
 */
export type Modification =
  | { readonly attribute: string; readonly remove: readonly Buffer[] | 'all'; readonly add: readonly Buffer[] }
  | { readonly attribute: string; readonly replace: readonly Buffer[] };

export interface NewAttribute {
  readonly name: string;
  readonly values: readonly Buffer[];
}

export interface DirectorySession {
  readonly identity: { readonly host: string; readonly port: number; readonly tls: TlsMode };
  readonly rootDse: RootDse;

  /**
   * Streams the entries: every page, every value (attributes that come in ranges are read to their end).
   * Nothing is kept; stopping early is fine. The values are views of larger pieces of memory: whoever keeps a few bytes
   * of very many entries should copy them. Throws DirectoryError, also midway.
   */
  search(request: SearchRequest): AsyncIterable<Entry>;

  /**
   * One entry by its DN, `<GUID=…>` or `<SID=…>`; undefined if there is none, or none that the user may see (result 32).
   * `deadline` is in milliseconds here and below, by default the session's. Throws DirectoryError.
   */
  readEntry(
    base: string,
    attributes: readonly string[],
    controls?: readonly Control[],
    deadline?: number,
  ): Promise<Entry | undefined>;

  /**
   * All edits in one request, all or none. The DN '' is the rootDSE's, for its operations.
   * This and the other writes throw DirectoryError if nothing was changed, and OutcomeUnknownError if the connection was
   * lost or the deadline passed after the request was sent: look again, in a new session.
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
  /** By default 636 for LDAPS, else 389. */
  readonly port?: number;
  /** The name that the certificate must carry, if not the host. */
  readonly tlsName?: string;
}

/** How to talk to the servers of a forest. */
export interface Access {
  readonly tls: TlsMode;
  /** Certificates of the trusted authorities, PEM or DER; by default those that Node and this computer trust. */
  readonly ca?: string | Buffer;
  /** The file that `ca` was read from, for errors. */
  readonly caFile?: string;
  /** A UPN or DOMAIN\user (or a DN) with its password. */
  readonly bind: { readonly user: string; readonly password: string } | 'anonymous';
  /** For each step of opening a session (connection, TLS, logon, rootDSE), in milliseconds; by default 5000. */
  readonly deadlineMs?: number;
  /** For each answer thereafter, in milliseconds; by default 60000. A tree delete may need more. */
  readonly operationDeadlineMs?: number;
  /** In place of a TCP connection: a tunnel, or a server in this process. */
  readonly createConnection?: (address: { readonly host: string; readonly port: number }) => Promise<Duplex>;
}

/** Opens sessions with any server of a forest, with the same credentials and trust. */
export interface Connector {
  /** Throws DirectoryError. */
  open(address: ServerAddress): Promise<DirectorySession>;
}

/** Sessions over the network, with what is trusted read once for all of them. */
export function ldapConnector(access: Access): Connector {
  let trust: Trust | undefined;
  return {
    open: async (address) => {
      // Loaded when needed: it brings ldapts along, which a run without a directory should not wait for.
      const [{ LdapSession }, { trustOf }] = await Promise.all([import('./ldap-session.ts'), import('./trust.ts')]);
      trust ??= trustOf(access);
      return await LdapSession.open({ ...access, ...address }, trust);
    },
  };
}

/** Connects, sets up TLS, logs on and reads the rootDSE. Throws DirectoryError. */
export async function openSession(options: ServerAddress & Access): Promise<DirectorySession> {
  return await ldapConnector(options).open(options);
}
