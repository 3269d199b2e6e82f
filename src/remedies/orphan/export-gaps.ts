/** Data that is missing from an export: kinds of objects and attributes, and its age. */

import { generalizedTimeOf } from '../../ad/entry.ts';
import { type Forest, unknownForest } from '../../ad/forest.ts';
import { type FindingDraft, warning } from '../../change/findings.ts';
import { RefusedError } from '../../errors.ts';
import { and, type DirectorySession, equal, type Filter, or, present } from '../../ldap/session.ts';
import { counted } from '../../words.ts';
import { databaseClasses, type ExchangeServer, isLegacy, type Organisation } from './organisation.ts';

/** The gaps of an export. */
interface ExportGaps {
  readonly lacksComputers: boolean;
  /** Whether a mailbox may be in a database without this export showing it. */
  readonly lacksMailboxes: boolean;
  /** Each of them, in words. */
  readonly lines: readonly string[];
}

/** A directory has no gaps: it can be asked for everything. */
export const noGaps: ExportGaps = { lacksComputers: false, lacksMailboxes: false, lines: [] };

const computers = equal('objectClass', 'computer');
const recipients = present('mailNickname');

/**
 * Looks in an export for one of each kind that the remedy asks for, and for one with each attribute that says what it
 * refers to: if none is found, the export may just lack them. Throws DirectoryError.
 *
 * @param newest the newest whenChanged
 */
export async function gapsIn(
  whole: DirectorySession,
  forest: Forest,
  organisation: Organisation,
  newest: Date | undefined,
): Promise<ExportGaps> {
  const has = (filter: Filter): Promise<boolean> => hasAny(whole, filter);
  const hasComputers = await has(computers);
  const hasRecipients = await has(recipients);
  const isWhole = await has(present('instanceType'));
  const kinds: readonly (readonly [isLacking: boolean, words: string])[] = [
    [!hasComputers, 'no computer accounts: whether a server has one, and when it last logged on'],
    [!hasRecipients, 'no recipients: whose mailbox or archive is on it, and which groups it expands'],
    [
      forest.domainControllers.length === 0,
      'no domain controllers (CN=Sites): which of them must receive the deletion',
    ],
    [forest.recycleBin === 'unknown', 'no CN=Partitions: the naming contexts, and whether the Recycle Bin is on'],
    [forest.objectGuid === unknownForest, 'no head of the Configuration partition: which forest it is'],
    [newest === undefined, 'no whenChanged: how old it is, so that logons are judged as of today'],
    [!isWhole, 'no instanceType, which every entry has: attributes were left out, perhaps more than are listed here'],
  ];
  return {
    lacksComputers: !hasComputers,
    lacksMailboxes:
      !(await has(present('homeMDB'))) && (hasRecipients || !isWhole || !(await has(equal('objectClass', 'user')))),
    lines: [
      ...kinds.filter(([isLacking]) => isLacking).map(([, words]) => words),
      ...missingOnServers(organisation),
      ...(await missingElsewhere(whole)),
    ],
  };
}

/** Refuses an export without objectClass, in which nothing is found. Throws RefusedError and DirectoryError. */
export async function requireClasses(whole: DirectorySession): Promise<void> {
  if (await hasAny(whole, present('objectClass'))) return;
  throw new RefusedError({
    attempted: 'find Exchange server objects',
    on: 'the export',
    cameBack: 'no entry has objectClass, so the kind of the entries is not known',
    next: 'Export again with only ldifde -d and -f: -o leaves out attributes, and -l leaves out those it does not list.',
  });
}

/**
 * The newest whenChanged of an export: when it was made, or shortly before. undefined if it has none. Throws
 * DirectoryError.
 */
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

function missing(attributes: string, on: string, what: string): string {
  return `no ${attributes} on any ${on} (export without -l and -o, or list it): ${what}`;
}

/** Attributes that no server object has although Exchange writes them: ldifde -l leaves out those it does not list. */
function missingOnServers({ servers }: Organisation): readonly string[] {
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
    [
      'msExchCurrentServerRoles',
      // Exchange 2003 and before have no such attribute.
      (server) => server.roles !== undefined || isLegacy(server),
      'its roles, by which setup judges it',
    ],
  ];
  return expected
    .filter(([, isThere]) => servers.length > 0 && !servers.some(isThere))
    .map(([attribute, , what]) => missing(attribute, 'server', what));
}

/** Attributes by which other objects refer or are judged; each is checked if there is such an object. */
const expectedElsewhere: readonly (readonly [on: string, filter: Filter, attribute: string, what: string])[] = [
  ['computer account', computers, 'userAccountControl', 'whether it is disabled'],
  ['computer account', computers, 'lastLogonTimestamp', 'when it last logged on'],
  ['recipient', recipients, 'homeMDB', 'whose mailbox is in its databases'],
  ['recipient', recipients, 'msExchHomeServerName', 'whose mailbox is homed on it'],
  [
    'database',
    or(...databaseClasses.map((name) => equal('objectClass', name))),
    'msExchOwningServer',
    'which of them it owns',
  ],
  [
    'database copy',
    equal('objectClass', 'msExchMDBCopy'),
    'msExchHostServerLink',
    'which of them it holds, and which are elsewhere',
  ],
  [
    'send connector',
    equal('objectClass', 'msExchRoutingSMTPConnector'),
    'msExchSourceBridgeheadServersDN',
    'which of them it is a source server of',
  ],
];

async function missingElsewhere(whole: DirectorySession): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const [on, filter, attribute, what] of expectedElsewhere) {
    const isMissing = (await hasAny(whole, filter)) && !(await hasAny(whole, and(filter, present(attribute))));
    if (isMissing) lines.push(missing(attribute, on, what));
  }
  return lines;
}

async function hasAny(whole: DirectorySession, filter: Filter): Promise<boolean> {
  for await (const _ of whole.search({ base: '', scope: 'subtree', filter, attributes: ['1.1'] })) return true;
  return false;
}

/** Days after which an export may be out of date. */
const exportIsFresh = 7;

/** Findings on the gaps of an export and on its age. */
export function* exportFindings({
  exportAge,
  exportGaps,
}: {
  readonly exportAge: number | undefined;
  readonly exportGaps: readonly string[];
}): Generator<FindingDraft, void> {
  if (exportGaps.length > 0)
    yield warning(
      'export-incomplete',
      'The export is incomplete: missing data is unknown, not absent',
      'Check the points below in the directory before you import the LDIF, or export that data too.',
      { evidence: exportGaps },
    );
  if (exportAge !== undefined && exportAge > exportIsFresh)
    yield warning(
      'export-old',
      `The export is ${counted(exportAge, 'day')} old`,
      'Logons are judged as of its newest entry. Later changes are not known: export again before you import the LDIF.',
      { measure: { value: exportAge, unit: 'days' } },
    );
}
