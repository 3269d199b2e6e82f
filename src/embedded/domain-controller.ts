/**
 * The domain controllers of a forest: who they are, and each as a replica with its own copy of the data, what it knows
 * of the other DCs' changes, and its condition.
 */

import { formatGuid } from '../ad/entry.ts';
import { type StoredEntry, valueKey } from './entry.ts';
import { type AttributeType, attributeType } from './schema.ts';
import type { Store } from './store.ts';

/** Attributes of a rootDSE record in the data, by lower-case name; they replace those that the DC would give. */
export type RootDseRecord = ReadonlyMap<string, { readonly name: string; readonly values: readonly Buffer[] }>;

/** The DNS name of the DC that a rootDSE record is of, in lower case. */
export function hostOfRootDse(record: RootDseRecord | undefined): string | undefined {
  return record?.get('dnshostname')?.values[0]?.toString().toLowerCase();
}

/** Who a domain controller is. */
export interface DomainController {
  /** DNS name, lower case; for an export without a rootDSE, "export". */
  readonly host: string;
  /** DN of its NTDS Settings; undefined for an export, which is no DC: it says only what its file says. */
  readonly ntdsSettings: string | undefined;
  /** Of its NTDS Settings. */
  readonly objectGuid: Buffer | undefined;
  readonly invocationId: Buffer | undefined;
  readonly isGlobalCatalog: boolean;
  readonly isReadOnly: boolean;
}

/** A DC that this one replicates from. */
export interface InboundPartner {
  readonly source: DomainController;
  /** undefined: never. */
  readonly lastSuccess: Date | undefined;
  readonly lastAttempt: Date | undefined;
  /** A Windows error code; 0 for success. */
  readonly lastResult: number;
  readonly failures: number;
}

/** How far a DC has another's changes, directly or through others (MS-DRSR 5.8, UPTODATE_CURSOR). */
export interface Cursor {
  readonly source: DomainController;
  /** The source's update sequence number up to which all its changes are here. */
  readonly usn: bigint;
  /** undefined if the data states no time: clients do not see such a cursor. */
  readonly lastSuccess: Date | undefined;
}

/** The replication of one DC, as its clients can read it. */
export interface ReplicationState {
  readonly partners: readonly InboundPartner[];
  readonly cursors: readonly Cursor[];
}

/** What an export has instead of a DC: part of one naming context or more, as it was once read. */
export function exportedFrom(record: RootDseRecord | undefined): DomainController {
  return {
    host: hostOfRootDse(record) ?? 'export',
    ntdsSettings: undefined,
    objectGuid: undefined,
    invocationId: undefined,
    isGlobalCatalog: true,
    isReadOnly: false,
  };
}

/** NTDSDSA_OPT_IS_GC of the options of NTDS Settings (MS-ADTS 6.1.1.2.2.1.2.1.1). */
const isGlobalCatalogOption = 1;

const objectClass = attributeType('objectClass');
const ntdsSettingsClass = valueKey(objectClass, 'nTDSDSA');

/** Every DC that has NTDS Settings and a DNS name, in the order of the data. */
export function domainControllersIn(store: Store): DomainController[] {
  return [...store.holders(objectClass, ntdsSettingsClass)]
    .filter((entry) => !entry.isDeleted)
    .flatMap(fromNtdsSettings);
}

/** Whether these are the NTDS Settings of an RODC. Those of Samba have the category, without the class. */
export function isReadOnlySettings(settings: StoredEntry): boolean {
  const category = settings.text('objectCategory') ?? '';
  return settings.hasClass('nTDSDSARO') || /^CN=NTDS-DSA-RO,/i.test(category);
}

function fromNtdsSettings(ntdsSettings: StoredEntry): DomainController[] {
  const host = ntdsSettings.parent?.text('dNSHostName');
  if (host === undefined) return [];
  return [
    {
      host: host.toLowerCase(),
      ntdsSettings: ntdsSettings.dn,
      objectGuid: ntdsSettings.bytes('objectGUID'),
      invocationId: ntdsSettings.bytes('invocationId'),
      isGlobalCatalog: (ntdsSettings.number('options') & isGlobalCatalogOption) !== 0,
      isReadOnly: isReadOnlySettings(ntdsSettings),
    },
  ];
}

/** The condition of a DC. */
export interface Condition {
  /** 'refused', 'no-route': no connection can be made. 'silent': connections are made, but never answered. */
  readonly reachable: 'yes' | 'refused' | 'no-route' | 'silent';
  /** Milliseconds before each answer. */
  readonly delay: number;
  /** Milliseconds by which its clock is ahead. */
  readonly clockOffset: number;
  /** Attributes that it does not return, as if it did not know them or the user had no right to them. */
  readonly withheld: readonly string[];
}

const healthy: Condition = { reachable: 'yes', delay: 0, clockOffset: 0, withheld: [] };

/** What all DCs of a forest share. */
export interface Surroundings {
  readonly clock: () => Date;
  /** The objectGUID of a new entry. */
  readonly newGuid: () => Buffer;
  /** A DC that accepts writes: where a read-only DC sends its clients. */
  readonly writableHost: string;
  /** Called after each write of a client. */
  readonly written: (replica: Replica) => void;
}

/** A DC with its own store. */
export class Replica {
  readonly domainController: DomainController;
  readonly store: Store;
  readonly surroundings: Surroundings;
  readonly rootDseRecord: RootDseRecord | undefined;
  condition: Condition = healthy;
  /** Hosts whose changes do not arrive here: the link is cut. */
  readonly cutFrom = new Set<string>();
  /** How many of a source's writes have been looked at, by host. */
  readonly seen = new Map<string, number>();
  partners: readonly InboundPartner[] = [];
  /** By invocationId, as text. */
  readonly #vector = new Map<string, Cursor>();

  constructor(
    domainController: DomainController,
    store: Store,
    surroundings: Surroundings,
    rootDseRecord: RootDseRecord | undefined,
  ) {
    this.domainController = domainController;
    this.store = store;
    this.surroundings = surroundings;
    this.rootDseRecord = rootDseRecord;
  }

  get host(): string {
    return this.domainController.host;
  }

  /** The DC's own invocationId as text; "" for an export. */
  get invocationId(): string {
    const { invocationId } = this.domainController;
    return invocationId === undefined ? '' : formatGuid(invocationId);
  }

  /** What its clients can read of its replication: only cursors whose time is known are shown. */
  get replication(): ReplicationState {
    const cursors = [...this.#vector.values()].filter(({ lastSuccess }) => lastSuccess !== undefined);
    // As after the next run of the KCC: it drops partners whose NTDS Settings are gone (MS-ADTS 6.2.2).
    const known = new Set(domainControllersIn(this.store).map(({ host }) => host));
    return { partners: this.partners.filter(({ source }) => known.has(source.host)), cursors };
  }

  get vector(): ReadonlyMap<string, Cursor> {
    return this.#vector;
  }

  /** Whether the change that a DC numbered so has arrived here, or was made here. */
  knows(origin: string, usn: bigint): boolean {
    return origin === this.invocationId || usn <= (this.#vector.get(origin)?.usn ?? -1n);
  }

  /** Notes that all changes of the source up to the number are here. Without a time, a stated time stays. */
  learn(origin: string, { source, usn, lastSuccess }: Cursor): void {
    if (origin === this.invocationId) return;
    const known = this.#vector.get(origin);
    const highest = known === undefined || usn > known.usn ? usn : known.usn;
    this.#vector.set(origin, { source, usn: highest, lastSuccess: later(known?.lastSuccess, lastSuccess) });
  }

  get withheld(): ReadonlySet<AttributeType> {
    return new Set(this.condition.withheld.map(attributeType));
  }

  /** The DC's own clock. */
  get now(): Date {
    return new Date(this.surroundings.clock().getTime() + this.condition.clockOffset);
  }
}

function later(one: Date | undefined, other: Date | undefined): Date | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one > other ? one : other;
}
