/** The rootDSE: what a DC says about itself (MS-ADTS 3.1.1.3.2). */

import { parentDn } from '../ad/dn.ts';
import { formatGeneralizedTime } from '../ad/values.ts';
import { controlOid } from '../ldap/controls.ts';
import type { RootDseRecord } from './domain-controller.ts';
import { allNeighborsOf } from './replication-values.ts';
import { isExport, type Reader } from './view.ts';

/** An attribute as it is returned: its description (with options), and its values as text or bytes. */
export interface ReturnedAttribute {
  readonly name: string;
  readonly values: readonly (string | Buffer)[];
}

/** LDAP_CAP_ACTIVE_DIRECTORY_OID, …_V51_OID, …_LDAP_INTEG_OID, …_V61_OID, …_V61_R2_OID (MS-ADTS 3.1.1.3.4.3). */
const capabilities = [
  '1.2.840.113556.1.4.800',
  '1.2.840.113556.1.4.1670',
  '1.2.840.113556.1.4.1791',
  '1.2.840.113556.1.4.1935',
  '1.2.840.113556.1.4.2080',
];
/** LDAP_CAP_ACTIVE_DIRECTORY_PARTIAL_SECRETS_OID: the mark of a read-only DC. */
const partialSecrets = '1.2.840.113556.1.4.1920';

/** DS_BEHAVIOR_WIN2008R2 (MS-ADTS 6.1.4.2). */
const functionalLevel = '4';

const allNeighbors = 'msDS-ReplAllInboundNeighbors';

/** Returned only when asked for by name. */
const computedOnRequest = new Set([allNeighbors.toLowerCase(), 'tokengroups']);

/**
 * The rootDSE's attributes; of those that are returned only by name, the costly one only if `named` has it in lower
 * case. For an export, which is no DC: only what a session needs to find its way, and what the record in the file says.
 */
export function rootDse(
  reader: Reader,
  record: RootDseRecord | undefined,
  named: ReadonlySet<string>,
): ReturnedAttribute[] {
  const attributes = new Map<string, ReturnedAttribute>();
  const add = (values: Readonly<Record<string, readonly (string | undefined)[]>>): void => {
    for (const [name, given] of Object.entries(values)) {
      const present = given.filter((value) => value !== undefined);
      if (present.length > 0) attributes.set(name.toLowerCase(), { name, values: present });
    }
  };
  add(wayfinding(reader));
  if (!isExport(reader)) add(ofDomainController(reader));
  if (!isExport(reader) && named.has(allNeighbors.toLowerCase())) {
    add({ [allNeighbors]: allNeighborsOf(reader.replication, reader.store) });
  }
  for (const [key, attribute] of record ?? []) if (!ownCapabilities.has(key)) attributes.set(key, attribute);
  return [...attributes.values()];
}

/** What this server supports, whatever an export says of the server that it came from. */
const ownCapabilities = new Set(['supportedcontrol', 'supportedextension', 'supportedsaslmechanisms']);

function wayfinding({ store, domainController }: Reader): Record<string, (string | undefined)[]> {
  return {
    namingContexts: store.namingContexts.map(({ dn }) => dn),
    configurationNamingContext: [store.configuration?.dn],
    schemaNamingContext: [store.schema?.dn],
    rootDomainNamingContext: [store.rootDomain?.dn],
    defaultNamingContext: [store.rootDomain?.dn],
    supportedLDAPVersion: ['3'],
    supportedControl: Object.values(controlOid),
    supportedCapabilities: [...capabilities, domainController.isReadOnly ? partialSecrets : undefined],
  };
}

function ofDomainController({ store, domainController, now }: Reader): Record<string, string[]> {
  const { ntdsSettings = '' } = domainController;
  return {
    dnsHostName: [domainController.host],
    ldapServiceName: [
      `${store.forestDnsName}:${domainController.host.split('.', 1)[0]}$@${store.forestDnsName.toUpperCase()}`,
    ],
    serverName: [parentDn(ntdsSettings) ?? ''],
    dsServiceName: [ntdsSettings],
    subschemaSubentry: [`CN=Aggregate,${store.schema?.dn ?? ''}`],
    currentTime: [formatGeneralizedTime(now)],
    highestCommittedUSN: [String(store.usn)],
    isSynchronized: ['TRUE'],
    isGlobalCatalogReady: [domainController.isGlobalCatalog ? 'TRUE' : 'FALSE'],
    forestFunctionality: [functionalLevel],
    domainFunctionality: [functionalLevel],
    domainControllerFunctionality: [functionalLevel],
    supportedLDAPPolicies: ['MaxPageSize', 'MaxValRange'],
  };
}

/** Whether a rootDSE attribute is left out unless it is named. */
export function isOnRequestOnly(name: string): boolean {
  return computedOnRequest.has(name.toLowerCase());
}
