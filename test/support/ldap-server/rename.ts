/** The modify DN operation (RFC 4511 4.9, MS-ADTS 3.1.1.5.4). */

import { parseDn, type RdnAttribute, rdnOf } from '../../../src/ad/dn.ts';
import type { StoredEntry } from '../../../src/embedded/entry.ts';
import { refuse } from '../../../src/embedded/refusal.ts';
import { attributeType } from '../../../src/embedded/schema.ts';
import { refusingBadName, resolveEntry } from '../../../src/embedded/search.ts';
import type { Requester } from '../../../src/embedded/visibility.ts';
import { assertMayWrite, commit } from '../../../src/embedded/write.ts';
import type { RenameRequest } from './protocol.ts';

/** Bits of systemFlags: what entries of the Configuration naming context allow (MS-ADTS 2.2.10). */
const configurationAllowsRename = 0x4000_0000;
const configurationAllowsMove = 0x2000_0000;

/** Throws Refusal. */
export function renameEntry(request: RenameRequest, writer: Requester): void {
  assertMayWrite(request.dn, writer);
  const entry = resolveEntry(request.dn, writer);
  const newRdn = readRdn(request.newRdn);
  const parent = newParent(entry, request, writer);
  const sameType = newRdn.type.toLowerCase() === rdnOf(entry.rdn).type.toLowerCase();
  if (!request.deleteOldRdn || !sameType || entry.isDeleted || entry.isNamingContext) throw refuse.unwilling();
  assertAllowed(entry, parent, writer);
  const taken = writer.store.find(`${request.newRdn},${parent.dn}`);
  if (taken?.present === true && taken !== entry) throw refuse.exists();
  commit(
    entry,
    new Map([
      [attributeType('name'), [newRdn.value]],
      [attributeType(newRdn.type), [newRdn.value]],
    ]),
    writer.replica,
  );
  writer.store.move(entry, parent, newRdn.type, newRdn.value);
}

function readRdn(text: string): RdnAttribute {
  const [rdn, ...more] = refusingBadName(text, parseDn);
  if (rdn === undefined || more.length > 0) throw refuse.badName(text);
  return rdn[0];
}

function newParent(entry: StoredEntry, { newSuperior }: RenameRequest, writer: Requester): StoredEntry {
  if (newSuperior !== undefined) return resolveEntry(newSuperior, writer);
  if (entry.parent === undefined) throw refuse.unwilling();
  return entry.parent;
}

function assertAllowed(entry: StoredEntry, parent: StoredEntry, { store }: Requester): void {
  if (parent.namingContext !== entry.namingContext || parent.isAtOrBelow(entry)) throw refuse.unwilling();
  if (entry.namingContext !== store.configuration) return;
  const needed = parent === entry.parent ? configurationAllowsRename : configurationAllowsMove;
  if ((entry.number('systemFlags') & needed) === 0) throw refuse.unwilling();
}
