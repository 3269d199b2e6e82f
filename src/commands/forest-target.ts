/** The forest that a plan is made for, and that it is applied on no other. */

import { sameDn } from '../ad/dn.ts';
import { readExportedForest, readForest } from '../ad/forest.ts';
import type { ForestTarget } from '../change/plan.ts';
import { RefusedError } from '../errors.ts';
import type { OpenDirectory } from './directory.ts';

/** The forest and DC of an open directory, as a plan names them. */
export async function forestTarget(directory: OpenDirectory): Promise<ForestTarget> {
  const { session, connection } = directory;
  const forest = directory.isExport ? await readExportedForest(session) : await readForest(session);
  return {
    kind: 'forest',
    configurationNamingContext: forest.configurationNamingContext,
    objectGuid: forest.objectGuid,
    domainController: session.rootDse.dnsHostName ?? session.identity.host,
    connection,
  };
}

/**
 * Makes sure that the open directory is the forest that a plan was made for. It is asked in a new session: servers end
 * one that was idle while somebody read the plan (MaxConnIdleTime of Active Directory: 15 minutes).
 * @throws RefusedError if it is another one
 */
export async function requireForest(directory: OpenDirectory, target: ForestTarget): Promise<void> {
  const session = await directory.reopen();
  const found = await forestTarget({ ...directory, session }).finally(() => session.close());
  if (
    found.objectGuid === target.objectGuid &&
    sameDn(found.configurationNamingContext, target.configurationNamingContext)
  ) {
    return;
  }
  throw new RefusedError({
    attempted: 'apply the plan',
    on: `${found.configurationNamingContext} (${found.objectGuid}) on ${found.domainController}`,
    cameBack: `the plan was made for another forest: ${target.configurationNamingContext} (${target.objectGuid})`,
    next: 'Name a domain controller of that forest with --server, or make a new plan for this one.',
  });
}
