/** One DC of the forest as its clients meet it: its data, its condition, its faults. */

import type { Account } from './accounts.ts';
import type { DomainController } from './domain-controllers.ts';
import { FaultPlan } from './faults.ts';
import type { ReplicationState } from './replication.ts';
import type { RootDseRecord } from './root-dse.ts';
import { type AttributeType, attributeType } from './schema.ts';
import type { Store } from './store.ts';

/** How a DC is doing. */
export interface Condition {
  /** 'refused', 'no-route': no connection can be made. 'silent': connections are made, but never answered. */
  readonly reachable: 'yes' | 'refused' | 'no-route' | 'silent';
  /** Milliseconds before each answer. */
  readonly delay: number;
  /** Milliseconds by which its clock is ahead. */
  readonly clockOffset: number;
  /** Attributes that it does not give, as one that does not know or does not permit them. */
  readonly withheld: readonly string[];
}

const healthy: Condition = { reachable: 'yes', delay: 0, clockOffset: 0, withheld: [] };

/** What all DCs of a forest have in common. */
export interface Forest {
  readonly store: Store;
  readonly accounts: readonly Account[];
  readonly clock: () => Date;
  readonly newGuid: () => Buffer;
  /** To be awaited after every write, before it is answered. */
  readonly afterWrite: () => Promise<void>;
  /** Where a read-only DC sends those who want to write. */
  readonly writableHost: string;
}

/** A DC: its data as it has them now, how it is doing, and the faults that are planned for it. */
export class Replica {
  readonly domainController: DomainController;
  readonly replication: ReplicationState;
  readonly rootDseRecord: RootDseRecord | undefined;
  readonly faults = new FaultPlan();
  readonly forest: Forest;
  condition: Condition = healthy;
  /** Its own data while it does not hear of others' changes. */
  #behind: Store | undefined;

  constructor(
    forest: Forest,
    domainController: DomainController,
    replication: ReplicationState,
    rootDseRecord: RootDseRecord | undefined,
  ) {
    this.forest = forest;
    this.domainController = domainController;
    this.replication = replication;
    this.rootDseRecord = rootDseRecord;
  }

  /** The data as this DC has it now. */
  get store(): Store {
    return this.#behind ?? this.forest.store;
  }

  /** The copies that a write on this DC goes to: its changes reach the others even while theirs don't reach it. */
  get stores(): readonly Store[] {
    return this.#behind === undefined ? [this.forest.store] : [this.#behind, this.forest.store];
  }

  get isLagging(): boolean {
    return this.#behind !== undefined;
  }

  /** From now on, changes made on other DCs do not show here. */
  fallBehind(): void {
    this.#behind ??= this.forest.store.clone();
  }

  catchUp(): void {
    this.#behind = undefined;
  }

  get withheld(): ReadonlySet<AttributeType> {
    return new Set(this.condition.withheld.map(attributeType));
  }

  /** The DC's own clock. */
  get now(): Date {
    return new Date(this.forest.clock().getTime() + this.condition.clockOffset);
  }
}
