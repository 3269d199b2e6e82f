/** What an export lacks, and what is therefore not known: that nothing is found there says nothing. */

import { type Forest, unknownForest } from '../../ad/forest.ts';
import { equal, type Filter, present } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';

export interface ExportGaps {
  readonly lacksComputers: boolean;
  /** What is lacking and what it would tell, in words. */
  readonly lines: readonly string[];
}

/** For a directory that can be asked for everything. */
export const noGaps: ExportGaps = { lacksComputers: false, lines: [] };

/**
 * Looks for one of each kind that the remedy asks for. Throws DirectoryError.
 *
 * @param whole a session that sees everything in the export
 */
export async function gapsIn(whole: DirectorySession, forest: Forest): Promise<ExportGaps> {
  const lacksComputers = !(await hasAny(whole, equal('objectClass', 'computer')));
  const lacksRecipients = !(await hasAny(whole, present('mailNickname')));
  const gaps: readonly (readonly [isThere: boolean, words: string])[] = [
    [lacksComputers, 'no computer accounts: whether a server has one, and when it last logged on'],
    [lacksRecipients, 'no recipients: whose mailbox or archive is on it, and which groups it expands'],
    [forest.domainControllers.length === 0, 'no domain controllers (CN=Sites): which of them have to get the deletion'],
    [forest.recycleBin === 'unknown', 'no CN=Partitions: the naming contexts, and whether the Recycle Bin is on'],
    [forest.objectGuid === unknownForest, 'no head of the Configuration partition: which forest it is'],
  ];
  return { lacksComputers, lines: gaps.filter(([isLacking]) => isLacking).map(([, words]) => words) };
}

async function hasAny(whole: DirectorySession, filter: Filter): Promise<boolean> {
  for await (const _ of whole.search({ base: '', scope: 'subtree', filter, attributes: ['1.1'] })) return true;
  return false;
}
