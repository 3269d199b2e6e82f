/** A session with one directory server: what remedies read and write through. */

import type { Control } from './controls.ts';
import type { Entry } from './entry.ts';
import type { Filter } from './filter.ts';
import type { RootDse } from './root-dse.ts';

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

/** One attribute's edit: these values go and those come, or the values are replaced as a whole ([] removes them all). */
export type Modification =
  | { readonly attribute: string; readonly remove: readonly Buffer[]; readonly add: readonly Buffer[] }
  | { readonly attribute: string; readonly replace: readonly Buffer[] };

export interface NewAttribute {
  readonly name: string;
  readonly values: readonly Buffer[];
}

export interface WriteOptions {
  readonly controls?: readonly Control[];
  /** How long to wait for the answer, in milliseconds; by default the session's. */
  readonly deadline?: number;
}

export interface DirectorySession {
  readonly identity: { readonly host: string; readonly port: number; readonly tls: TlsMode };
  readonly rootDse: RootDse;

  /**
   * Streams the entries: every page, every value (attributes that come in ranges are read to their end).
   * Nothing is kept; stopping early is fine. Throws DirectoryError, also midway.
   */
  search(request: SearchRequest): AsyncIterable<Entry>;

  /** One entry by its DN, `<GUID=…>` or `<SID=…>`; undefined if there is none, or none that we may see (result 32). */
  readEntry(
    base: string,
    attributes: readonly string[],
    options?: { readonly controls?: readonly Control[]; readonly deadline?: number },
  ): Promise<Entry | undefined>;

  /**
   * All edits in one request, all or none. The DN '' is the rootDSE's, for its operations.
   * This and the other writes throw DirectoryError if nothing was changed, OutcomeUnknownError if the connection was
   * lost or the deadline passed after the request was sent: look again, on a new session.
   */
  modify(dn: string, modifications: readonly Modification[], options?: WriteOptions): Promise<void>;
  add(dn: string, attributes: readonly NewAttribute[], options?: WriteOptions): Promise<void>;
  delete(dn: string, options?: WriteOptions): Promise<void>;
  /** Gives the entry another RDN (the old value goes) and, if named, another parent. */
  rename(dn: string, newRdn: string, newParent?: string, options?: WriteOptions): Promise<void>;

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

/** Opens sessions with any server of a forest, with the same credentials and trust. */
export interface Connector {
  open(address: ServerAddress): Promise<DirectorySession>;
}
