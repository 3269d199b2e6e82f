/** A DC's view of replication, as the XML values that AD constructs (MS-ADTS 3.1.1.3.1.1.3 and 3.1.1.4.5.13 to 22). */

import { formatGuid, parseGeneralizedTime } from '../ad/values.ts';
import { type DomainController, domainControllersIn } from './domain-controllers.ts';
import type { AttributeStamp, Store, StoredEntry } from './store.ts';

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

/** How far this DC knows another's changes, got from whomever. */
export interface Cursor {
  readonly source: DomainController;
  readonly lastSuccess: Date;
}

export interface ReplicationState {
  readonly partners: readonly InboundPartner[];
  readonly cursors: readonly Cursor[];
}

/** Of a DC that tells of no partner. */
export const noReplication: ReplicationState = { partners: [], cursors: [] };

/** msDS-NCReplInboundNeighbors of one naming context. */
export function neighborsOf({ partners }: ReplicationState, store: Store, namingContext: StoredEntry): string[] {
  return partners.map(({ source, lastSuccess, lastAttempt, lastResult, failures }) =>
    xml('DS_REPL_NEIGHBOR', {
      pszNamingContext: namingContext.dn,
      pszSourceDsaDN: source.ntdsSettings ?? '',
      pszSourceDsaAddress: `${guid(source.objectGuid)}._msdcs.${store.forestDnsName}`,
      pszAsyncIntersiteTransportDN: '',
      // DS_REPL_NBR_WRITEABLE, DS_REPL_NBR_SYNC_ON_STARTUP, DS_REPL_NBR_DO_SCHEDULED_SYNCS
      dwReplicaFlags: 0x70,
      dwReserved: 0,
      uuidNamingContextObjGuid: guid(namingContext.bytes('objectGUID')),
      uuidSourceDsaObjGuid: guid(source.objectGuid),
      uuidSourceDsaInvocationID: guid(source.invocationId),
      uuidAsyncIntersiteTransportObjGuid: guid(undefined),
      usnLastObjChangeSynced: store.usn,
      usnAttributeFilter: store.usn,
      ftimeLastSyncSuccess: time(lastSuccess),
      ftimeLastSyncAttempt: time(lastAttempt),
      dwLastSyncResult: lastResult,
      cNumConsecutiveSyncFailures: failures,
    }),
  );
}

/** msDS-ReplAllInboundNeighbors of the rootDSE: every naming context's neighbors. */
export function allNeighborsOf(state: ReplicationState, store: Store): string[] {
  return store.namingContexts.flatMap((namingContext) => neighborsOf(state, store, namingContext));
}

/** msDS-NCReplCursors, the same for every naming context. */
export function cursorsOf({ cursors }: ReplicationState, store: Store): string[] {
  return cursors.map(({ source, lastSuccess }) =>
    xml('DS_REPL_CURSOR', {
      uuidSourceDsaInvocationID: guid(source.invocationId),
      usnAttributeFilter: store.usn,
      ftimeLastSyncSuccess: time(lastSuccess),
      pszSourceDsaDN: source.ntdsSettings ?? '',
    }),
  );
}

/**
 * msDS-ReplAttributeMetaData. What was written before the server began counts as written once, at the entry's creation,
 * on the first DC of the forest; an export, which is no DC, tells nothing.
 */
export function metadataOf(entry: StoredEntry, store: Store, { ntdsSettings }: DomainController): string[] {
  if (ntdsSettings === undefined) return [];
  const controllers = domainControllersIn(store);
  const created = entry.text('whenCreated');
  const first: AttributeStamp = {
    version: 1,
    time: created === undefined ? new Date(0) : parseGeneralizedTime(created),
    usn: BigInt(entry.text('uSNCreated') ?? 0),
  };
  // An attribute that was taken away keeps its metadata.
  return [...new Set([...entry.attributes.keys(), ...entry.stamps.keys()])]
    .filter(({ link }) => link.direction === 'none')
    .map((type) => {
      const stamp = entry.stamps.get(type) ?? first;
      const origin = controllers.find((controller) => controller.ntdsSettings === stamp.origin) ?? controllers[0];
      return xml('DS_REPL_ATTR_META_DATA', {
        pszAttributeName: type.name,
        dwVersion: stamp.version,
        ftimeLastOriginatingChange: time(stamp.time),
        uuidLastOriginatingDsaInvocationID: guid(origin?.invocationId),
        usnOriginatingChange: stamp.usn,
        usnLocalChange: stamp.usn,
        pszLastOriginatingDsaDN: origin?.ntdsSettings ?? '',
      });
    });
}

/** AD's constructed XML: one element per line, and a NUL at the end. */
function xml(root: string, fields: Readonly<Record<string, string | number | bigint>>): string {
  const lines = Object.entries(fields).map(([name, value]) => `\t<${name}>${escapeXml(String(value))}</${name}>\n`);
  return `<${root}>\n${lines.join('')}</${root}>\n\0`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function guid(bytes: Buffer | undefined): string {
  return bytes === undefined ? '00000000-0000-0000-0000-000000000000' : formatGuid(bytes);
}

/** "Never" is the beginning of Windows time. */
function time(date: Date | undefined): string {
  return date === undefined ? '1601-01-01T00:00:00Z' : `${date.toISOString().slice(0, 19)}Z`;
}
