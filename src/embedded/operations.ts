/** What a client of a DC can do: read and write, with the rights and options of the request. */

import { sidFromText } from '../ad/entry.ts';
import type { NewAttribute } from '../ldap/session.ts';
import type { Replica } from './domain-controller.ts';
import { attributeType } from './schema.ts';
import { resolveEntry, type Selection, selectRootDse } from './search.ts';
import { deleteEntry, isUndelete, undelete } from './tombstones.ts';
import { administrator, type Reader, type ReturnedAttribute, type Rights, rootDse } from './view.ts';
import { type AttributeChange, addEntry, assertMayWrite, modifyEntry, operateRootDse, type Writer } from './write.ts';

export interface Client {
  readonly replica: Replica;
  readonly rights: Rights;
  /** The global catalog's port: searches cover the whole forest, writes are refused. */
  readonly globalCatalog: boolean;
}

/** What the controls of a request ask for. */
export interface RequestOptions {
  readonly showDeleted: boolean;
  readonly showRecycled: boolean;
  readonly permissive: boolean;
  readonly treeDelete: boolean;
  /** Parts of nTSecurityDescriptor; undefined without the SD flags control. */
  readonly securityParts: number | undefined;
}

export type WriteRequest =
  | { readonly kind: 'modify'; readonly dn: string; readonly changes: readonly AttributeChange[] }
  | { readonly kind: 'add'; readonly dn: string; readonly attributes: readonly NewAttribute[] }
  /** After `atMost` entries a tree delete answers "not finished, ask again". */
  | { readonly kind: 'delete'; readonly dn: string; readonly atMost?: number };

export function readerOf({ replica, rights, globalCatalog }: Client, options: RequestOptions): Reader {
  const { store, domainController, replication, withheld, now } = replica;
  return {
    store,
    domainController,
    replication,
    rights,
    now,
    withheld,
    wholeForest: globalCatalog,
    recycleBin: store.recycleBin,
    shows: { deleted: options.showDeleted, recycled: options.showRecycled },
    ...(options.securityParts === undefined ? {} : { securityParts: options.securityParts }),
  };
}

export function writerOf(client: Client, options: RequestOptions): Writer {
  const { permissive, treeDelete } = options;
  return { ...readerOf(client, options), replica: client.replica, permissive, treeDelete };
}

/** The rootDSE, which every client may read (MS-ADTS 3.1.1.3.2). */
export function readRootDse(client: Client, selection: Selection): ReturnedAttribute[] {
  const { replica } = client;
  const reader = readerOf({ ...client, rights: administrator }, noOptions);
  const named = new Set(selection.attributes.map((name) => name.toLowerCase()));
  const all = [...rootDse(reader, replica.rootDseRecord, named), ...groupsOf(client.rights)].filter(
    ({ name }) => !reader.withheld.has(attributeType(name)),
  );
  return selectRootDse(all, selection);
}

/** BUILTIN\Administrators (MS-DTYP 2.4.2.4). */
const administrators = sidFromText('S-1-5-32-544');

/** The groups of a user, as far as our rights are groups (tokenGroups of the rootDSE: MS-ADTS 3.1.1.3.2). */
function groupsOf({ mayReadDeleted }: Rights): ReturnedAttribute[] {
  return mayReadDeleted ? [{ name: 'tokenGroups', values: [administrators] }] : [];
}

export const noOptions: RequestOptions = {
  showDeleted: false,
  showRecycled: false,
  permissive: false,
  treeDelete: false,
  securityParts: undefined,
};

/** Carries out a write, and has the other DCs take it. Throws Refusal; a tree delete may then be done in part. */
export function write(request: WriteRequest, client: Client, options: RequestOptions): void {
  const { store, surroundings } = client.replica;
  const writesBefore = store.writes.length;
  try {
    carryOut(request, writerOf(client, options));
  } finally {
    if (store.writes.length > writesBefore) surroundings.written(client.replica);
  }
}

function carryOut(request: WriteRequest, writer: Writer): void {
  switch (request.kind) {
    case 'modify':
      modify(request.dn, request.changes, writer);
      break;
    case 'add':
      addEntry(request.dn, request.attributes, writer);
      break;
    case 'delete':
      deleteEntry(request.dn, writer, request.atMost);
      break;
  }
}

function modify(dn: string, changes: readonly AttributeChange[], writer: Writer): void {
  assertMayWrite(dn, writer);
  if (dn === '') {
    operateRootDse(changes);
    return;
  }
  const entry = resolveEntry(dn, writer);
  if (isUndelete(changes)) undelete(entry, changes, writer);
  else modifyEntry(entry, changes, writer);
}
