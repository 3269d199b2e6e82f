/** What is read of a forest before its tombstone lifetime is changed. */

import type { DomainController, Forest } from '../../ad/forest.ts';
import type { TlsMode } from '../../ldap/session.ts';
import type { LastBackup } from './backups.ts';
import type { DeletedObjects } from './deleted-objects.ts';
import type { ServerKind, StoredLifetimes } from './lifetime.ts';
import type { ReplicationAnswer } from './replication-answer.ts';

/** The DC that all was read from. */
export interface Source {
  readonly host: string;
  readonly tls: TlsMode;
  readonly isGlobalCatalog: boolean;
  readonly isReadOnly: boolean;
}

export interface DomainControllerState {
  readonly domainController: DomainController;
  readonly state:
    | {
        readonly kind: 'answered';
        readonly answer: ReplicationAnswer;
        /** By how many milliseconds its clock is ahead of ours; undefined where it does not tell. */
        readonly clockAhead: number | undefined;
      }
    | { readonly kind: 'unreachable'; readonly why: string }
    /** An export tells nothing about it. */
    | { readonly kind: 'not-asked' };
}

export interface TombstoneFacts {
  /** Ages are counted up to this moment: now, or for an export when it was made, if it tells. */
  readonly now: Date;
  readonly isExport: boolean;
  readonly source: Source;
  readonly forest: Forest;
  readonly serverKind: ServerKind;
  /** CN=Directory Service, which holds the lifetime. */
  readonly settings: StoredLifetimes & { readonly dn: string; readonly guid: string };
  /** Whether the user may write tombstoneLifetime; 'unknown' for an export. */
  readonly mayWrite: boolean | 'unknown';
  /** Whether DCs that are promoted from now on refuse lingering objects; 'not-told' says nothing either way. */
  readonly newDomainControllersAreStrict: true | 'not-told';
  readonly domainControllers: readonly DomainControllerState[];
  readonly deletedObjects: readonly DeletedObjects[];
  readonly backups: readonly LastBackup[];
}
