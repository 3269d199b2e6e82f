/** What an export leaves unknown: kinds of objects and attributes that it lacks, and its age. */

import { generalizedTimeOf } from '../../ad/entry.ts';
import { type Forest, unknownForest } from '../../ad/forest.ts';
import { equal, type Filter, present } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import type { ExchangeServer, Organisation } from './organisation.ts';

/**
 * Looks in an export for one of each kind that the remedy asks for: that none is found there proves nothing. Throws
 * DirectoryError.
 */
export async function gapsIn(
  whole: DirectorySession,
  forest: Forest,
  newest: Date | undefined,
): Promise<{ readonly lacksComputers: boolean; readonly lines: readonly string[] }> {
  const lacksComputers = !(await hasAny(whole, equal('objectClass', 'computer')));
  const lacksRecipients = !(await hasAny(whole, present('mailNickname')));
  const gaps: readonly (readonly [isLacking: boolean, words: string])[] = [
    [lacksComputers, 'no computer accounts: whether a server has one, and when it last logged on'],
    [lacksRecipients, 'no recipients: whose mailbox or archive is on it, and which groups it expands'],
    [forest.domainControllers.length === 0, 'no domain controllers (CN=Sites): which of them have to get the deletion'],
    [forest.recycleBin === 'unknown', 'no CN=Partitions: the naming contexts, and whether the Recycle Bin is on'],
    [forest.objectGuid === unknownForest, 'no head of the Configuration partition: which forest it is'],
    [newest === undefined, 'no whenChanged: how old it is, so that logons are judged as of today'],
  ];
  return { lacksComputers, lines: gaps.filter(([isLacking]) => isLacking).map(([, words]) => words) };
}

/** The newest whenChanged of an export: when it was made, or shortly before. undefined if it has none. Throws DirectoryError. */
export async function newestChangeIn(whole: DirectorySession): Promise<Date | undefined> {
  let newest: Date | undefined;
  const found = whole.search({
    base: '',
    scope: 'subtree',
    filter: present('whenChanged'),
    attributes: ['whenChanged'],
  });
  for await (const entry of found) {
    const changed = generalizedTimeOf(entry, 'whenChanged');
    if (changed !== undefined && (newest === undefined || changed > newest)) newest = changed;
  }
  return newest;
}

/** What no server object of an export has although Exchange writes it: ldifde -l leaves out what it does not list. */
export function missingAttributes({ servers }: Organisation): readonly string[] {
  const expected: readonly (readonly [
    attribute: string,
    isThere: (server: ExchangeServer) => boolean,
    what: string,
  ])[] = [
    [
      'legacyExchangeDN',
      ({ legacyExchangeDn }) => legacyExchangeDn !== undefined,
      'which mailboxes and groups name it',
    ],
    ['networkAddress', ({ fqdn }) => fqdn !== undefined, 'its FQDN, by which setup finds it'],
    [
      'serialNumber and versionNumber',
      ({ serialNumber, versionNumber }) => (serialNumber ?? versionNumber) !== undefined,
      'its version',
    ],
  ];
  return expected
    .filter(([, isThere]) => !servers.some(isThere))
    .map(([attribute, , what]) => `no ${attribute} on any server (export without -l, or list it): ${what}`);
}

async function hasAny(whole: DirectorySession, filter: Filter): Promise<boolean> {
  for await (const _ of whole.search({ base: '', scope: 'subtree', filter, attributes: ['1.1'] })) return true;
  return false;
}
