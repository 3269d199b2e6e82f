/** What one who reads sees of an entry: stored values, back links, and the attributes that AD computes when asked. */

import { dnsNameOfDn, parseDn } from '../ad/dn.ts';
import { formatGeneralizedTime } from '../ad/values.ts';
import { type Access, isDeletedObjectsContainer } from './access.ts';
import type { DomainController } from './domain-controllers.ts';
import { cursorsOf, metadataOf, neighborsOf, type ReplicationState } from './replication.ts';
import { repsFromValue, upToDateVectorValue } from './replication-values.ts';
import { type AttributeType, attributeType, backLinks, classType, knownClasses } from './schema.ts';
import { allSecurityParts } from './security-descriptor.ts';
import type { Store, StoredEntry } from './store.ts';
import { Reference, type Value } from './value.ts';

/** One who reads: where, with which rights, and with which wishes. */
export interface Reader {
  readonly store: Store;
  readonly domainController: DomainController;
  readonly replication: ReplicationState;
  readonly access: Access;
  /** The DC's own clock. */
  readonly now: Date;
  /** Searches and bases reach over the borders of naming contexts, as on a GC's port. */
  readonly wholeForest: boolean;
  /** Whether the show-deleted and show-recycled controls were sent. */
  readonly shows: { readonly deleted: boolean; readonly recycled: boolean };
  readonly recycleBin: boolean;
  /** Attributes that this DC does not give: not supported there, or not permitted. */
  readonly withheld: ReadonlySet<AttributeType>;
  /** Parts of nTSecurityDescriptor to give; undefined if the SD flags control was not sent. */
  readonly securityParts?: number;
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

/** Who has the entry in the forward link; and in an export, who it says has: their entries may not be in it. */
function backLinkValues(entry: StoredEntry, type: AttributeType, forward: string): Value[] {
  const told = (entry.attributes.get(type) ?? []).flatMap((value) =>
    value instanceof Reference ? [value.target] : [],
  );
  const holders = new Set([...told, ...(entry.referrers.get(attributeType(forward)) ?? [])]);
  return [...holders].filter(({ isDeleted }) => !isDeleted).map((holder) => new Reference(holder, ''));
}

/** Whether the reader may see that the entry exists (MS-ADTS 3.1.1.3.4.1.14 and 26). */
export function isVisible(entry: StoredEntry, { access, shows, recycleBin }: Reader): boolean {
  if (!entry.present) return false;
  if (entry.isDeleted) {
    if (!shows.deleted && !shows.recycled) return false;
    if (recycleBin && entry.isTrue('isRecycled') && !shows.recycled) return false;
    if (!access.mayReadDeleted && !isDeletedObjectsContainer(entry)) return false;
  }
  return access.mayReadConfiguration || entry.namingContext?.hasClass('configuration') !== true;
}

const distinguishedName = attributeType('distinguishedName');
const securityDescriptor = attributeType('nTSecurityDescriptor');

/** The attributes that `*` stands for: all that are stored and the back links, not what is computed. */
export function ordinaryAttributes(entry: StoredEntry, reader: Reader): AttributeType[] {
  const stored = [...entry.attributes.keys()].filter(
    (type) => type !== securityDescriptor || reader.securityParts !== undefined,
  );
  const linked = backLinks.filter(
    ({ link }) => link.direction === 'back' && entry.referrers.has(attributeType(link.forward)),
  );
  return [...new Set([...stored, distinguishedName, ...linked])];
}

/** The values of a computed attribute; [] where the entry has none. */
export function constructedValues(
  entry: StoredEntry,
  type: AttributeType,
  reader: Reader,
): readonly (string | Buffer)[] {
  return constructors.get(type)?.(entry, reader) ?? [];
}

type Compute = (entry: StoredEntry, reader: Reader) => readonly (string | Buffer)[];

const constructors: ReadonlyMap<AttributeType, Compute> = new Map(
  Object.entries<Compute>({
    allowedAttributes: (entry) => allowedAttributes(entry),
    allowedAttributesEffective: (entry, { access, domainController }) =>
      access.mayWrite && !domainController.isReadOnly
        ? allowedAttributes(entry).filter((name) => !attributeType(name).systemOnly)
        : [],
    allowedChildClasses: () => [...knownClasses],
    allowedChildClassesEffective: (_, { access, domainController }) =>
      access.mayWrite && !domainController.isReadOnly ? [...knownClasses] : [],
    sDRightsEffective: (_, { access }) => [access.mayWrite ? String(allSecurityParts) : '0'],
    canonicalName: (entry) => [canonicalName(entry.dn)],
    'msDS-NCReplInboundNeighbors': (entry, reader) =>
      entry.isNamingContext ? neighborsOf(reader.replication, reader.store, entry) : [],
    'msDS-NCReplCursors': (entry, reader) => (entry.isNamingContext ? cursorsOf(reader.replication, reader.store) : []),
    'msDS-ReplAttributeMetaData': (entry, { domainController, store }) => metadataOf(entry, store, domainController),
    repsFrom: (entry, { replication, store }) =>
      entry.isNamingContext
        ? replication.partners.map((partner) => repsFromValue(partner, store.forestDnsName, store.usn))
        : [],
    replUpToDateVector: (entry, { replication, store }) =>
      entry.isNamingContext && replication.cursors.length > 0
        ? [upToDateVectorValue(replication.cursors, store.usn)]
        : [],
    'msDS-isRODC': (entry) => (entry.hasClass('nTDSDSA') ? [entry.hasClass('nTDSDSARO') ? 'TRUE' : 'FALSE'] : []),
    'msDS-LocalEffectiveDeletionTime': (entry, reader) => timeOfMark(entry, 'isDeleted', reader),
    'msDS-LocalEffectiveRecycleTime': (entry, reader) => timeOfMark(entry, 'isRecycled', reader),
  }).map(([name, compute]) => [attributeType(name), compute]),
);

/** The computed attributes that the server knows; `+` stands for them. */
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
function timeOfMark(entry: StoredEntry, mark: 'isDeleted' | 'isRecycled', { domainController }: Reader): string[] {
  if (!entry.isTrue(mark) || domainController.ntdsSettings === undefined) return [];
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
