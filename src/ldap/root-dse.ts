/** The rootDSE: a server's own description (RFC 4512 5.1, MS-ADTS 3.1.1.3.2). */

import { booleanOf, type Entry, generalizedTimeOf, textOf, textsOf } from '../ad/entry.ts';

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
const partialSecrets = '1.2.840.113556.1.4.1920';

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
