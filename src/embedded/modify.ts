/** The modify operation (RFC 4511 4.6, MS-ADTS 3.1.1.5.3): all changes or none. */

import { assertMandatory, changedValues } from './attribute-changes.ts';
import type { ModifyRequest } from './protocol.ts';
import { refuse } from './refusal.ts';
import { resolveEntry } from './resolve.ts';
import { isUndelete, undelete } from './tombstones.ts';
import { assertMayWrite, commit, type Writer } from './writer.ts';

/** Operations that a client starts by writing to the rootDSE; here they have nothing to do (MS-ADTS 3.1.1.3.3). */
const rootDseOperations = new Set(['schemaupdatenow', 'dogarbagecollection']);

/** Throws Refusal. */
export function modify(request: ModifyRequest, writer: Writer): void {
  assertMayWrite(request.dn, writer);
  if (request.dn === '') {
    if (request.changes.every(({ attribute }) => rootDseOperations.has(attribute.toLowerCase()))) return;
    throw refuse.unwilling();
  }
  const entry = resolveEntry(request.dn, writer);
  if (isUndelete(request)) {
    undelete(entry, request, writer);
    return;
  }
  if (entry.isDeleted) throw refuse.unwilling();
  const changes = changedValues(entry, request.changes, writer);
  assertMandatory(entry, changes);
  commit(entry, changes, writer);
}
