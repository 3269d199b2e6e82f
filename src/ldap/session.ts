/**
 * A session with one directory server: the interface through which remedies read and write, with what goes through it
 * (search filters, controls, edits, the rootDSE), and how sessions are opened.
 */

import type { Duplex } from 'node:stream';
import { booleanOf, type Entry, generalizedTimeOf, textOf, textsOf } from '../ad/entry.ts';
import { DirectoryError } from '../errors.ts';
import type { OpenContext } from './logon/security-context.ts';

/** A session: reads and writes at one server. */
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

/** The entry itself, those right below it, or it and all below it (RFC 4511 4.5.1.2). */
export type SearchScope = 'base' | 'one' | 'subtree';

/** What to search for, and where. */
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

/** An attribute of a new entry. */
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

/** A server with its port; an IPv6 address is in brackets. */
export function serverInWords({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** How TLS protects a connection, in words. */
export const tlsWords = { ldaps: 'LDAPS', starttls: 'StartTLS', none: 'without TLS' } as const;

/** TLS from the start, by StartTLS, or none. */
export type TlsMode = 'ldaps' | 'starttls' | 'none';

/** Where a server is. */
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

/** Text is sent as UTF-8. */
export type FilterValue = string | Buffer;

/** A search filter as data (RFC 4511 4.5.1.7). */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'present'; readonly attribute: string }
  | { readonly kind: 'equal' | 'greaterOrEqual'; readonly attribute: string; readonly value: FilterValue }
  /** All these bits of a number are set: the rule BIT_AND of AD (MS-ADTS 3.1.1.3.4.4.1). */
  | { readonly kind: 'allBits'; readonly attribute: string; readonly bits: string };

/** The OID of that rule. */
export const bitAnd = '1.2.840.113556.1.4.803';

/** Matches if every filter matches; without filters, always (RFC 4526). */
export function and(...filters: readonly Filter[]): Filter {
  return { kind: 'and', filters };
}

/** Matches if at least one filter matches; without filters, never (RFC 4526). */
export function or(...filters: readonly Filter[]): Filter {
  return { kind: 'or', filters };
}

/** Matches if the filter is false; not if it is undefined, as for an attribute that the user may not read. */
export function not(filter: Filter): Filter {
  return { kind: 'not', filter };
}

/** Matches entries that have the attribute, as far as the user may read it. */
export function present(attribute: string): Filter {
  return { kind: 'present', attribute };
}

/** `(attribute=value)`; give bytes for binary syntaxes such as objectGUID. */
export function equal(attribute: string, value: FilterValue): Filter {
  return { kind: 'equal', attribute, value };
}

/** Matches every entry with an objectClass that the user may read. */
export const everything: Filter = present('objectClass');

/** An option of a request in addition to its operation. */
export interface Control {
  readonly oid: string;
  /** A server that does not know a critical control must refuse the request (RFC 4511 4.1.11). */
  readonly critical: boolean;
  /** BER, as the control's definition says. */
  readonly value?: Buffer;
}

/** The controls that are used (MS-ADTS 3.1.1.3.4.1; paging RFC 2696). */
export const controlOid = {
  /** RFC 2696; MS-ADTS 3.1.1.3.4.1.1 (LDAP_PAGED_RESULT_OID_STRING). */
  pagedResults: '1.2.840.113556.1.4.319',
  /** MS-ADTS 3.1.1.3.4.1.3 (LDAP_SERVER_DOMAIN_SCOPE_OID). */
  domainScope: '1.2.840.113556.1.4.1339',
  /** MS-ADTS 3.1.1.3.4.1.8 (LDAP_SERVER_PERMISSIVE_MODIFY_OID). */
  permissiveModify: '1.2.840.113556.1.4.1413',
  /** MS-ADTS 3.1.1.3.4.1.11 (LDAP_SERVER_SD_FLAGS_OID). */
  sdFlags: '1.2.840.113556.1.4.801',
  /** MS-ADTS 3.1.1.3.4.1.14 (LDAP_SERVER_SHOW_DELETED_OID). */
  showDeleted: '1.2.840.113556.1.4.417',
  /** MS-ADTS 3.1.1.3.4.1.15 (LDAP_SERVER_TREE_DELETE_OID). */
  treeDelete: '1.2.840.113556.1.4.805',
  /** MS-ADTS 3.1.1.3.4.1.26 (LDAP_SERVER_SHOW_RECYCLED_OID), from Windows Server 2008 R2 on. */
  showRecycled: '1.2.840.113556.1.4.2064',
} as const;

/** Names of the critical ones, for the error of a server that lacks one. */
const controlNames: ReadonlyMap<string, string> = new Map([
  [controlOid.showDeleted, 'show deleted objects'],
  [controlOid.treeDelete, 'tree delete'],
  [controlOid.showRecycled, 'show recycled objects'],
]);

/**
 * Keeps a search to the naming context of its base: no reference to another one comes back (MS-ADTS 3.1.1.3.4.1.3). Not
 * critical: a reference is skipped, as each naming context is searched by its own DN.
 */
export const domainScope: Control = { oid: controlOid.domainScope, critical: false };

/** Makes tombstones and deleted objects visible and writable, but not recycled ones (MS-ADTS 3.1.1.3.4.1.14). */
export const showDeleted: Control = { oid: controlOid.showDeleted, critical: true };

/** Makes tombstones, deleted and recycled objects visible (MS-ADTS 3.1.1.3.4.1.26). */
export const showRecycled: Control = { oid: controlOid.showRecycled, critical: true };

/** Makes a delete remove the whole subtree (MS-ADTS 3.1.1.3.4.1.15). */
export const treeDelete: Control = { oid: controlOid.treeDelete, critical: true };

/** The parts of a security descriptor (MS-ADTS 3.1.1.3.4.1.11); their sum is the argument of sdFlags. */
export const securityInformation = { owner: 1, group: 2, dacl: 4, sacl: 8 } as const;

/**
 * Which parts of nTSecurityDescriptor to read or write; `flags` is 0 to 15. Without it AD returns all four parts, and no
 * descriptor at all to a user who may not read the SACL. Not critical: a server that does not know it has no SACLs.
 */
export function sdFlags(flags: number): Control {
  // SDFlagsRequestValue ::= SEQUENCE { Flags INTEGER }
  return { oid: controlOid.sdFlags, critical: false, value: Buffer.from([0x30, 0x03, 0x02, 0x01, flags & 0x0f]) };
}

/** The control that makes most deleted objects visible on a server that supports these controls. */
export function deletedObjectsControl(supportedControls: ReadonlySet<string>): Control {
  return supportedControls.has(controlOid.showRecycled) ? showRecycled : showDeleted;
}

/**
 * The controls to send to a server: those that it does not list are left out. A critical one that it does not list is an
 * error here, because the answer would be wrong without it (a search for deleted objects would find none, a tree delete
 * would delete one entry). Throws DirectoryError.
 *
 * @param on the host and port, for the error
 */
export function sendableControls(
  controls: readonly Control[],
  supportedControls: ReadonlySet<string>,
  on: string,
): readonly Control[] {
  return controls.filter((control) => {
    if (supportedControls.has(control.oid)) return true;
    if (!control.critical) return false;
    throw new DirectoryError({
      attempted: 'use an LDAP control',
      on,
      cameBack: `the server does not support ${controlName(control.oid)}`,
      next: 'Use a domain controller with a later Windows version.',
    });
  });
}

/** "show deleted objects (1.2.840.113556.1.4.417)" */
function controlName(oid: string): string {
  const name = controlNames.get(oid);
  return name === undefined ? `control ${oid}` : `${name} (${oid})`;
}

/** A server's own description (RFC 4512 5.1, MS-ADTS 3.1.1.3.2). */
export interface RootDse {
  readonly namingContexts: readonly string[];
  readonly configurationNamingContext: string | undefined;
  readonly defaultNamingContext: string | undefined;
  readonly rootDomainNamingContext: string | undefined;
  readonly schemaNamingContext: string | undefined;
  readonly dnsHostName: string | undefined;
  /** DN of the DC's NTDS Settings object. */
  readonly dsServiceName: string | undefined;
  /** The server's clock at its answer, to the second. */
  readonly currentTime: Date | undefined;
  readonly supportedControls: ReadonlySet<string>;
  readonly isActiveDirectory: boolean;
  /** A read-only DC (RODC), which answers writes with a referral. */
  readonly isReadOnly: boolean;
  /** Undefined if the server does not say. */
  readonly isGlobalCatalogReady: boolean | undefined;
  /** The vendor's name, where the server gives it; Windows does not. */
  readonly vendor: string | undefined;
}

/** The attributes to request; most are operational, so `*` would not return them. */
export const rootDseAttributes: readonly string[] = [
  'namingContexts',
  'configurationNamingContext',
  'defaultNamingContext',
  'rootDomainNamingContext',
  'schemaNamingContext',
  'dnsHostName',
  'dsServiceName',
  'currentTime',
  'supportedControl',
  'supportedCapabilities',
  'isGlobalCatalogReady',
  'vendorName',
];

// MS-ADTS 3.1.1.3.4.3: LDAP_CAP_ACTIVE_DIRECTORY_OID, LDAP_CAP_ACTIVE_DIRECTORY_PARTIAL_SECRETS_OID
const activeDirectory = '1.2.840.113556.1.4.800';
export const partialSecrets = '1.2.840.113556.1.4.1920';

/** The rootDSE from its entry. Throws ValueSyntaxError if a number, truth value or time in it cannot be read. */
export function readRootDse(entry: Entry): RootDse {
  const capabilities = new Set(textsOf(entry, 'supportedCapabilities'));
  return {
    namingContexts: textsOf(entry, 'namingContexts'),
    configurationNamingContext: textOf(entry, 'configurationNamingContext'),
    defaultNamingContext: textOf(entry, 'defaultNamingContext'),
    rootDomainNamingContext: textOf(entry, 'rootDomainNamingContext'),
    schemaNamingContext: textOf(entry, 'schemaNamingContext'),
    dnsHostName: textOf(entry, 'dnsHostName'),
    dsServiceName: textOf(entry, 'dsServiceName'),
    currentTime: generalizedTimeOf(entry, 'currentTime'),
    supportedControls: new Set(textsOf(entry, 'supportedControl')),
    isActiveDirectory: capabilities.has(activeDirectory),
    isReadOnly: capabilities.has(partialSecrets),
    isGlobalCatalogReady: booleanOf(entry, 'isGlobalCatalogReady'),
    vendor: textOf(entry, 'vendorName'),
  };
}
