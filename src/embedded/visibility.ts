/**
 * What a reader sees of an entry: stored values, back links, and the attributes that AD computes when asked; and of the DC
 * itself: the rootDSE (MS-ADTS 3.1.1.3.2).
 */

import { dnsNameOfDn, parentDn, parseDn } from '../ad/dn.ts';
import { formatGeneralizedTime } from '../ad/entry.ts';
import { controlOid, partialSecrets } from '../ldap/session.ts';
import { isReadOnlySettings, type Replica } from './domain-controller.ts';
import { isDeletedObjectsContainer, Reference, type StoredEntry, type Value } from './entry.ts';
import { statesReplication } from './practice-statements.ts';
import {
  cursorsOf,
  metadataOf,
  neighborsOf,
  propertyMetaDataValue,
  repsFromValue,
  upToDateVectorValue,
} from './replication-values.ts';
import { type AttributeType, attributeType, backLinks, classType, knownClasses } from './schema.ts';
import { allSecurityParts } from './security-descriptor.ts';
import type { Store } from './store.ts';

/** The rights of a user: far simpler than AD's access control, but enough for remedies to be refused. */
export interface Rights {
  readonly mayWrite: boolean;
  /** Else a search for deleted entries finds only the container CN=Deleted Objects, without an error, as on AD. */
  readonly mayReadDeleted: boolean;
  readonly mayReadConfiguration: boolean;
  /** DNs of entries that may be read and written but not deleted. */
  readonly mayNotDelete: readonly string[];
}

/** May do everything. */
export const administrator: Rights = {
  mayWrite: true,
  mayReadDeleted: true,
  mayReadConfiguration: true,
  mayNotDelete: [],
};

/** What the controls of a request ask for. */
export interface RequestOptions {
  readonly showDeleted: boolean;
  readonly showRecycled: boolean;
  readonly permissive: boolean;
  readonly treeDelete: boolean;
  /** Parts of nTSecurityDescriptor; undefined without the SD flags control. */
  readonly securityParts: number | undefined;
}

/** Who reads or writes: on which DC, with which rights, and with which options. */
export interface Requester extends RequestOptions {
  readonly replica: Replica;
  /** The DC's. */
  readonly store: Store;
  readonly rights: Rights;
  /** The port of a global catalog: searches cross the borders of naming contexts, writes are refused. */
  readonly wholeForest: boolean;
  readonly recycleBin: boolean;
  /** Attributes that this DC does not return: not supported there, or not permitted. */
  readonly withheld: ReadonlySet<AttributeType>;
}

/**
 * The values that a search compares and returns. A link whose target or holder is deleted is hidden: it is still stored
 * with the Recycle Bin, and comes back with an undelete (MS-ADTS 3.1.1.1.6, "deactivated links").
 */
export function visibleValues(entry: StoredEntry, type: AttributeType): readonly Value[] {
  const { link } = type;
  switch (link.direction) {
    case 'none':
      return type === distinguishedName ? [new Reference(entry, '')] : (entry.attributes.get(type) ?? []);
    case 'forward':
      if (entry.isDeleted) return [];
      return (entry.attributes.get(type) ?? []).filter(
        (value) => !(value instanceof Reference) || !value.target.isDeleted,
      );
    case 'back':
      return entry.isDeleted ? [] : backLinkValues(entry, type, link.forward);
  }
}

/** The entries that have this one in the forward link; in an export also those it names: they may not be in it. */
function backLinkValues(entry: StoredEntry, type: AttributeType, forward: string): Value[] {
  const named = (entry.attributes.get(type) ?? []).flatMap((value) =>
    value instanceof Reference ? [value.target] : [],
  );
  const holders = new Set([...named, ...(entry.referrers.get(attributeType(forward)) ?? [])]);
  return [...holders].filter(({ isDeleted }) => !isDeleted).map((holder) => new Reference(holder, ''));
}

/** Whether the reader may see that the entry exists (MS-ADTS 3.1.1.3.4.1.14 and 26). */
export function isVisible(entry: StoredEntry, { rights, showDeleted, showRecycled, recycleBin }: Requester): boolean {
  if (!entry.present) return false;
  if (entry.isDeleted) {
    if (!showDeleted && !showRecycled) return false;
    if (recycleBin && entry.isTrue('isRecycled') && !showRecycled) return false;
    if (!rights.mayReadDeleted && !isDeletedObjectsContainer(entry)) return false;
  }
  return rights.mayReadConfiguration || entry.namingContext?.hasClass('configuration') !== true;
}

const distinguishedName = attributeType('distinguishedName');
const securityDescriptor = attributeType('nTSecurityDescriptor');

/** Whether the data is an export, which is no DC: nothing is added to what it says. */
export function isExport({ replica }: Requester): boolean {
  return replica.domainController.ntdsSettings === undefined;
}

/** The attributes that `*` selects: all that are stored and the back links, not what is computed. */
export function ordinaryAttributes(entry: StoredEntry, reader: Requester): AttributeType[] {
  const stored = [...entry.attributes.keys()].filter(
    (type) => type !== securityDescriptor || reader.securityParts !== undefined,
  );
  const linked = backLinks.filter(
    ({ link }) => link.direction === 'back' && entry.referrers.has(attributeType(link.forward)),
  );
  return [...new Set([...stored, distinguishedName, ...linked])];
}

/** The values of a computed attribute; [] if the entry has none. */
export function constructedValues(
  entry: StoredEntry,
  type: AttributeType,
  reader: Requester,
): readonly (string | Buffer)[] {
  return constructors.get(type)?.(entry, reader) ?? [];
}

type Compute = (entry: StoredEntry, reader: Requester) => readonly (string | Buffer)[];

const constructors: ReadonlyMap<AttributeType, Compute> = new Map(
  Object.entries<Compute>({
    allowedAttributes: (entry) => allowedAttributes(entry),
    allowedAttributesEffective: (entry, reader) =>
      takesWrites(reader) ? allowedAttributes(entry).filter((name) => !attributeType(name).systemOnly) : [],
    allowedChildClasses: () => knownClasses,
    allowedChildClassesEffective: (_, reader) => (takesWrites(reader) ? knownClasses : []),
    sDRightsEffective: (_, { rights }) => [rights.mayWrite ? String(allSecurityParts) : '0'],
    canonicalName: (entry) => [canonicalName(entry.dn)],
    'msDS-NCReplInboundNeighbors': (entry, reader) =>
      entry.isNamingContext ? neighborsOf(reader.replica.replication, reader.store, entry) : [],
    'msDS-NCReplCursors': (entry, { replica }) => (entry.isNamingContext ? cursorsOf(replica.replication) : []),
    'msDS-ReplAttributeMetaData': (entry, reader) => (isExport(reader) ? [] : metadataOf(entry, reader.store)),
    replPropertyMetaData: (entry, reader) => (isExport(reader) ? [] : [propertyMetaDataValue(entry, reader.store)]),
    repsFrom: (entry, { replica, store }) =>
      entry.isNamingContext
        ? replica.replication.partners.map((partner) => repsFromValue(partner, store.forestDnsName, store.usn))
        : [],
    replUpToDateVector: (entry, { replica }) => {
      const cursors = entry.isNamingContext ? replica.replication.cursors : [];
      return cursors.length > 0 ? [upToDateVectorValue(cursors)] : [];
    },
    'msDS-isRODC': (entry) => (entry.hasClass('nTDSDSA') ? [isReadOnlySettings(entry) ? 'TRUE' : 'FALSE'] : []),
    'msDS-LocalEffectiveDeletionTime': (entry, reader) => timeOfMark(entry, 'isDeleted', reader),
    'msDS-LocalEffectiveRecycleTime': (entry, reader) => timeOfMark(entry, 'isRecycled', reader),
  }).map(([name, compute]) => [attributeType(name), compute]),
);

function takesWrites({ rights, replica }: Requester): boolean {
  return rights.mayWrite && !replica.domainController.isReadOnly;
}

/** The computed attributes that the server knows; `+` selects them. */
export const constructedAttributes: readonly AttributeType[] = [...constructors.keys()];

/** Attributes of every entry, and those that remedies write to entries which may lack them. */
const attributesOfClass: Readonly<Record<string, readonly string[]>> = {
  top: ['objectClass', 'nTSecurityDescriptor', 'description', 'displayName', 'showInAdvancedViewOnly', 'systemFlags'],
  nTDSService: ['tombstoneLifetime', 'garbageCollPeriod', 'msDS-DeletedObjectLifetime', 'dSHeuristics'],
};

function allowedAttributes(entry: StoredEntry): string[] {
  const classes = entry.values('objectClass').flatMap((name) => classType(name.toString()).chain);
  const names = [
    ...classes.flatMap((name) => attributesOfClass[name] ?? []),
    ...[...entry.attributes.keys()].map(({ name }) => name),
  ];
  return [...new Set(names)];
}

/** When the entry was marked as deleted or recycled: by the mark's metadata, else by its last change. */
function timeOfMark(entry: StoredEntry, mark: 'isDeleted' | 'isRecycled', reader: Requester): string[] {
  if (!entry.isTrue(mark) || isExport(reader)) return [];
  const stamp = entry.stamps.get(attributeType(mark));
  const time = stamp === undefined ? entry.text('whenChanged') : formatGeneralizedTime(stamp.time);
  return time === undefined ? [] : [time];
}

/** `corp.example.com/Configuration/Services` (MS-ADTS 3.1.1.4.5.7). */
function canonicalName(dn: string): string {
  const below = parseDn(dn).filter(([{ type }]) => type !== 'DC');
  const names = below.toReversed().map(([{ value }]) => value.replaceAll('/', '\\/'));
  return [dnsNameOfDn(dn) ?? '', ...names].join('/') + (names.length === 0 ? '/' : '');
}

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

/** DS_BEHAVIOR_WIN2008R2 (MS-ADTS 6.1.4.2). */
const functionalLevel = '4';

const allNeighbors = 'msDS-ReplAllInboundNeighbors';

/** Returned only when asked for by name. */
const computedOnRequest = new Set([allNeighbors.toLowerCase(), 'tokengroups']);

/**
 * The rootDSE's attributes; of those that are returned only by name, the costly one only if `named` has it in lower
 * case. For an export, which is no DC: only what a session needs to find its way, and what the record in the file says.
 */
export function rootDse(reader: Requester, named: ReadonlySet<string>): ReturnedAttribute[] {
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
    const { store, replica } = reader;
    add({ [allNeighbors]: store.namingContexts.flatMap((head) => neighborsOf(replica.replication, store, head)) });
  }
  for (const [key, attribute] of reader.replica.rootDseRecord ?? []) {
    if (!ownCapabilities.has(key) && !statesReplication(key)) attributes.set(key, attribute);
  }
  return [...attributes.values()];
}

/** What this server supports, whatever an export says of the server that it came from. */
const ownCapabilities = new Set(['supportedcontrol', 'supportedextension', 'supportedsaslmechanisms']);

function wayfinding({ store, replica: { domainController } }: Requester): Record<string, (string | undefined)[]> {
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

function ofDomainController({ store, replica: { domainController, now } }: Requester): Record<string, string[]> {
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
