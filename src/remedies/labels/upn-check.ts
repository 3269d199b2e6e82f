/** Who could not log on with the e-mail address: mailbox users whose user principal name is another one. */

import { type Entry, textOf, textsOf } from '../../ad/entry.ts';
import type { Finding } from '../../change/findings.ts';

import { and, equal, extensible, matchingRule, not, or, present } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { counted } from './counted.ts';

/** A user whose user principal name and primary SMTP address differ. */
export interface UpnDifference {
  readonly name: string;
  readonly userPrincipalName: string | undefined;
  readonly address: string;
  /** `mail` where no address is marked as the primary one (`SMTP:` in proxyAddresses). */
  readonly addressFrom: 'proxyAddresses' | 'mail';
  readonly dn: string;
}

export interface UpnCheck {
  /** Enabled users with a mailbox. */
  readonly users: number;
  readonly differing: number;
  /** Those who have neither a primary SMTP address nor mail: nothing to compare. */
  readonly withoutAddress: number;
  /** Of all, those whose address was taken from mail. */
  readonly byMail: number;
  readonly first: readonly UpnDifference[];
}

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
 * Compares the whole forest through a global catalog. Each difference is handed on as it is met, and none is kept but
 * the first ten.
 * @param globalCatalog a session with the port of a global catalog
 * @param onDifference awaited before the next user is read
 * @throws DirectoryError
 */
export async function checkUserPrincipalNames(
  globalCatalog: DirectorySession,
  onDifference: (difference: UpnDifference) => Promise<void> | undefined,
  onUsers?: (users: number) => void,
): Promise<UpnCheck> {
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
    await onDifference(difference);
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

/** The findings of a plan: a warning if anybody's names differ or nobody's could be compared, else a note. */
export function upnFindings(check: UpnCheck, reportName: string): readonly Finding[] {
  const { users, differing, withoutAddress, first } = check;
  const common = { subjects: [], acceptable: false, accepted: false };
  const aside = asideOf(check);
  if (users === withoutAddress) {
    const title =
      users === 0
        ? 'No enabled mailbox user was seen'
        : `None of ${counted(users, 'mailbox user')} shows an e-mail address`;
    const detail =
      'So no user principal name could be compared. There are none, or this user may not see them, or the export lacks them.';
    return [{ id: 'upn-not-checked', level: 'warning', title, detail, evidence: [], ...common }];
  }
  if (differing === 0) {
    const compared = counted(users - withoutAddress, 'mailbox user');
    const title = `The user principal name of all ${compared} with an e-mail address is that address`;
    return [{ id: 'upn-checked', level: 'note', title, detail: aside, evidence: [], ...common }];
  }
  return [
    {
      id: 'upn-differs',
      level: 'warning',
      title: `${differing.toLocaleString('en')} of ${counted(users, 'mailbox user')} have another user principal name than their e-mail address`,
      detail:
        `They could not log on with what a label that asks for the e-mail address has them type. Give them their address as user principal name, or word the label otherwise. The change folder lists all of them, once it is saved: ${reportName}. ${aside}`.trimEnd(),
      evidence: first.map((one) => `${one.name}: ${one.userPrincipalName ?? '(none)'}, e-mail address ${one.address}`),
      ...common,
    },
  ];
}

function asideOf({ byMail, withoutAddress }: UpnCheck): string {
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
