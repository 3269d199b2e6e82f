/** Which changes a DC has already had in a naming context: its up-to-dateness vector, and its own changes. */

import { DirectoryError } from '../errors.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { sameDn } from './dn.ts';
import { guidFromText, largeIntegerOf } from './entry.ts';
import type { DomainController } from './forest.ts';
import { askForReplication } from './replication-answer.ts';
import type { AttributeStamp, ReplicationCursor } from './replication-values.ts';

/** The highest USN that the DC has of each invocationId: every change up to there has arrived (MS-DRSR 5.203). */
export type KnownChanges = ReadonlyMap<string, bigint>;

/** Whether the DC has had the change. DCs are compared by invocationId: a restored one keeps its DSA GUID, not this. */
export function isKnown(known: KnownChanges, stamp: AttributeStamp): boolean {
  return stamp.originatingUsn <= (known.get(stamp.originatingInvocationId.toLowerCase()) ?? -1n);
}

/** Finds the DC of the forest that made a change, by its invocationId; undefined if no DC has or had it. */
export type Originator = (invocationId: string) => DomainController | undefined;

/**
 * A DC that was restored has a new invocationId. The former ones are in its retired signatures, and Windows names their DC
 * beside the cursors of its vectors.
 *
 * @param cursors of the DCs that answered
 */
export function originatorOf(
  domainControllers: readonly DomainController[],
  cursors: readonly ReplicationCursor[],
): Originator {
  const known = new Map<string, DomainController>();
  for (const { invocationId, sourceDsaDn } of cursors) {
    const named = domainControllers.find(
      ({ settingsDn }) => sourceDsaDn !== undefined && sameDn(settingsDn, sourceDsaDn),
    );
    if (named !== undefined) known.set(invocationId.toLowerCase(), named);
  }
  for (const one of domainControllers) {
    if (one.invocationId !== undefined) known.set(one.invocationId.toLowerCase(), one);
  }
  return (invocationId) =>
    known.get(invocationId.toLowerCase()) ??
    domainControllers.find(({ retiredSignatures = [] }) =>
      retiredSignatures.some((signatures) => signatures.includes(guidFromText(invocationId))),
    );
}

/**
 * Reads what the session's DC has of a naming context at this moment.
 * @throws DirectoryError if the DC does not show its vector, its own invocationId or its highest USN
 */
export async function readKnownChanges(
  session: DirectorySession,
  { invocationId }: DomainController,
  namingContext: string,
): Promise<KnownChanges> {
  const [{ cursors }, rootDse] = await Promise.all([
    askForReplication(session, [namingContext]),
    session.readEntry('', ['highestCommittedUSN']),
  ]);
  const highest = rootDse === undefined ? undefined : largeIntegerOf(rootDse, 'highestCommittedUSN');
  if (cursors.length === 0) throw notShown(session, namingContext, 'an up-to-dateness vector');
  if (invocationId === undefined || highest === undefined) {
    throw notShown(session, namingContext, invocationId === undefined ? 'its invocationId' : 'highestCommittedUSN');
  }
  const known = new Map<string, bigint>();
  for (const cursor of cursors) {
    const key = cursor.invocationId.toLowerCase();
    if (cursor.usn > (known.get(key) ?? -1n)) known.set(key, cursor.usn);
  }
  return known.set(invocationId.toLowerCase(), highest);
}

function notShown({ identity }: DirectorySession, namingContext: string, what: string): DirectoryError {
  return new DirectoryError({
    attempted: 'read which changes the domain controller has',
    on: `${namingContext} on ${identity.host}`,
    cameBack: `it does not show ${what}`,
    next: 'Log on as an administrator of the domain.',
  });
}
