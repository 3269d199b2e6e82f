/** Who could not log on with the e-mail address: mailbox users whose user principal name is another one. */

import { createHash } from 'node:crypto';
import { type Entry, textOf, textsOf } from '../../ad/entry.ts';
import { type FindingDraft, note, warning } from '../../change/findings.ts';
import { DirectoryError } from '../../errors.ts';
import { and, equal, extensible, matchingRule, not, or, present } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { counted } from '../../words.ts';
import type { FilesWorld } from '../remedy.ts';

/** A user whose user principal name and primary SMTP address differ. */
export interface UpnDifference {
  readonly name: string;
  readonly userPrincipalName: string | undefined;
  readonly address: string;
  /** `mail` where no address is marked as the primary one (`SMTP:` in proxyAddresses). */
  readonly addressFrom: 'proxyAddresses' | 'mail';
  readonly dn: string;
}

export interface UpnComparison {
  /** Enabled users with a mailbox. */
  readonly users: number;
  readonly differing: number;
  /** Those who have neither a primary SMTP address nor mail: nothing to compare. */
  readonly withoutAddress: number;
  /** Of all, those whose address was taken from mail. */
  readonly byMail: number;
  readonly first: readonly UpnDifference[];
}

/** A comparison with its report of all who differ. */
export interface UpnCheck extends UpnComparison {
  /** When the directory was asked: ISO 8601, UTC. */
  readonly read: string;
  readonly report: readonly string[];
  /** SHA-256 (hex) of the report in UTF-8. */
  readonly sha256: string;
}

/** The report's name in the change folder. */
export const reportName = 'upn-differs.csv';

/** ADS_UF_ACCOUNTDISABLE of userAccountControl (MS-ADTS 2.2.16). */
const accountDisabled = '2';
/** msExchRecipientTypeDetails of the mailboxes that Exchange makes to watch itself (MonitoringMailbox). */
const monitoringMailbox = '549755813888';

const enabledMailboxUsers = and(
  equal('objectClass', 'user'),
  or(present('msExchMailboxGuid'), present('homeMDB')),
  not(extensible('userAccountControl', matchingRule.bitAnd, accountDisabled)),
);

const attributes = ['name', 'userPrincipalName', 'proxyAddresses', 'mail', 'msExchRecipientTypeDetails'];

const fewFirst = 10;

/**
 * Compares the whole forest through a global catalog of the directory that the flags name.
 *
 * @throws DirectoryError if no global catalog answers, or it can't be searched
 */
export async function checkUserPrincipalNames(world: FilesWorld): Promise<UpnCheck> {
  const directory = await world.openDirectory();
  const globalCatalog = await directory.openGlobalCatalog();
  if (globalCatalog === undefined) {
    throw new DirectoryError({
      attempted: 'compare user principal names',
      on: directory.session.identity.host,
      cameBack: 'no global catalog of the forest answers',
      next: 'Name one with --server: only a global catalog knows the users of all domains.',
    });
  }
  try {
    const report = new Report();
    const comparison = await compareNames(
      globalCatalog,
      (difference) => report.add(reportLine(difference)),
      (users) => world.watch.update('User principal names', `${users.toLocaleString('en')} compared`),
    );
    return { ...comparison, read: world.now().toISOString(), ...report.end() };
  } finally {
    await globalCatalog.close();
  }
}

const pieceLength = 65_536;

/** The report as it grows: in large pieces, for a forest may have a hundred thousand lines. */
class Report {
  readonly #pieces: string[] = [];
  readonly #hash = createHash('sha256');
  #waiting = reportHead;

  add(line: string): void {
    this.#waiting += line;
    if (this.#waiting.length >= pieceLength) this.#flush();
  }

  end(): Pick<UpnCheck, 'report' | 'sha256'> {
    this.#flush();
    return { report: this.#pieces, sha256: this.#hash.digest('hex') };
  }

  #flush(): void {
    // Through bytes, so that a piece is one string and not a chain of its lines.
    const piece = Buffer.from(this.#waiting);
    this.#hash.update(piece);
    this.#pieces.push(piece.toString());
    this.#waiting = '';
  }
}

/**
 * Compares the whole forest. Each difference is handed on as it is met, and only the first ten are kept.
 *
 * @param globalCatalog a session with the port of a global catalog
 * @throws DirectoryError
 */
export async function compareNames(
  globalCatalog: DirectorySession,
  onDifference: (difference: UpnDifference) => void,
  onUsers?: (users: number) => void,
): Promise<UpnComparison> {
  const first: UpnDifference[] = [];
  const count = { users: 0, differing: 0, withoutAddress: 0, byMail: 0 };
  // The empty base stands for the whole forest on a global catalog (MS-ADTS 3.1.1.3.1.3.1).
  const found = globalCatalog.search({ base: '', scope: 'subtree', filter: enabledMailboxUsers, attributes });
  for await (const entry of found) {
    if (textOf(entry, 'msExchRecipientTypeDetails') === monitoringMailbox) continue;
    count.users += 1;
    if (count.users % 1000 === 0) onUsers?.(count.users);
    const address = addressOf(entry);
    if (address === undefined) {
      count.withoutAddress += 1;
      continue;
    }
    if (address.addressFrom === 'mail') count.byMail += 1;
    const userPrincipalName = textOf(entry, 'userPrincipalName');
    if (userPrincipalName?.toLowerCase() === address.address.toLowerCase()) continue;
    count.differing += 1;
    const difference = { name: textOf(entry, 'name') ?? entry.dn, userPrincipalName, ...address, dn: entry.dn };
    if (first.length < fewFirst) first.push(difference);
    onDifference(difference);
  }
  return { ...count, first };
}

function addressOf(entry: Entry): Pick<UpnDifference, 'address' | 'addressFrom'> | undefined {
  // In proxyAddresses the primary address is the one whose type is in capitals.
  const primary = textsOf(entry, 'proxyAddresses').find((address) => address.startsWith('SMTP:'));
  if (primary !== undefined) return { address: primary.slice('SMTP:'.length), addressFrom: 'proxyAddresses' };
  const mail = textOf(entry, 'mail');
  return mail === undefined ? undefined : { address: mail, addressFrom: 'mail' };
}

/** A warning if names differ or none could be compared, else a note. */
export function upnFindings(check: UpnCheck): readonly FindingDraft[] {
  const { users, differing, withoutAddress, first, read, sha256 } = check;
  const source = { name: reportName, read, sha256 };
  const aside = asideOf(check);
  if (users === withoutAddress) {
    const title =
      users === 0
        ? 'No enabled mailbox user was found'
        : `None of ${counted(users, 'mailbox user')} has an e-mail address that can be seen`;
    const detail =
      'No user principal name could be compared: there are none, or this user has no right to see them, or the export lacks them.';
    return [warning('upn-not-checked', title, detail, { source })];
  }
  if (differing === 0) {
    const compared = counted(users - withoutAddress, 'mailbox user');
    const title = `The user principal name of all ${compared} with an e-mail address is that address`;
    return [note('upn-checked', title, aside, { source })];
  }
  return [
    warning(
      'upn-differs',
      `${differing.toLocaleString('en')} of ${counted(users, 'mailbox user')} have another user principal name than their e-mail address`,
      `They could not log on with what a label that asks for the e-mail address has them type. Give them their address as user principal name, or choose another label. The change folder lists all of them, once it is saved: ${reportName}. ${aside}`.trimEnd(),
      {
        evidence: first.map(
          (one) => `${one.name}: ${one.userPrincipalName ?? '(none)'}, e-mail address ${one.address}`,
        ),
        measure: { value: differing, unit: 'entries' },
        source,
      },
    ),
  ];
}

/** The report for the change folder, if names differ. */
export function upnRecords({
  upns,
}: {
  readonly upns?: UpnCheck;
}): readonly { readonly name: string; readonly content: readonly string[] }[] {
  return upns === undefined || upns.differing === 0 ? [] : [{ name: reportName, content: upns.report }];
}

function asideOf({ byMail, withoutAddress }: UpnComparison): string {
  const parts = [
    ...(byMail === 0
      ? []
      : [`For ${byMail.toLocaleString('en')} the attribute mail was compared: they have no primary SMTP address.`]),
    ...(withoutAddress === 0 ? [] : [`${withoutAddress.toLocaleString('en')} have no address at all.`]),
  ];
  return parts.join(' ');
}

/** A byte order mark, by which Excel knows UTF-8, and the names of the columns. */
export const reportHead = '\ufeffname,userPrincipalName,primarySmtpAddress,addressFrom,distinguishedName\r\n';

/** One record of the report (RFC 4180). */
export function reportLine(one: UpnDifference): string {
  const fields = [one.name, one.userPrincipalName ?? '', one.address, one.addressFrom, one.dn];
  return `${fields.map(csvField).join(',')}\r\n`;
}

/** What spreadsheets would take for a formula is made text by an apostrophe before it. */
function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
