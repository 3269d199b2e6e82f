/** Mailboxes of Exchange's own: how they are known, and what makes their accounts mailboxes. */

import { rdnOf } from '../../ad/dn.ts';
import { allBytesOf, type Entry, largeIntegerOf, textsOf } from '../../ad/entry.ts';
import { readMandatoryAttributes } from '../../ad/schema.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { type Referrer, recipientReferrer } from './referrers.ts';

/**
 * The kinds of mailboxes of Exchange's own. monitoring: HealthMailbox…; system: of a database, or of the System
 * Attendant.
 */
export type OwnMailboxKind = 'arbitration' | 'discovery' | 'audit log' | 'monitoring' | 'system';

/** A mailbox of Exchange's own, as it was counted. */
export interface OwnMailbox {
  readonly dn: string;
  readonly kind: OwnMailboxKind;
}

/**
 * Bits of msExchRecipientTypeDetails, named as the enumeration RecipientTypeDetails of the Exchange Server API has them
 * and with the values that public lists of the attribute give: SystemAttendantMailbox, SystemMailbox,
 * ArbitrationMailbox, DiscoveryMailbox, MonitoringMailbox, AuditLogMailbox. (2^40 and 2^41 between the last two are
 * GroupMailbox and LinkedRoomMailbox, which users use.)
 */
const kindsByBit: readonly (readonly [bit: bigint, kind: OwnMailboxKind])[] = [
  [13n, 'system'],
  [14n, 'system'],
  [23n, 'arbitration'],
  [29n, 'discovery'],
  [39n, 'monitoring'],
  [42n, 'audit log'],
];

/** The names that setup and the Health Manager give, for mailboxes without msExchRecipientTypeDetails. */
const kindsByName: readonly (readonly [name: RegExp, kind: OwnMailboxKind])[] = [
  [/^HealthMailbox/i, 'monitoring'],
  [/^SystemMailbox\{(?:1f05a927|e0dc1c29|bb558c35|d0e409a0|2ce34405)/i, 'arbitration'],
  [/^(?:FederatedEmail\.4c1f4d8b|Migration\.8f3e7716)/i, 'arbitration'],
  [/^DiscoverySearchMailbox ?\{/i, 'discovery'],
  [/^SystemMailbox\{/i, 'system'],
];

/** Which of Exchange's own it is; undefined for a user's. */
export function ownMailboxKind(entry: Entry): OwnMailboxKind | undefined {
  const byType = kindByType(largeIntegerOf(entry, 'msExchRecipientTypeDetails') ?? 0n);
  if (byType !== undefined) return byType;
  if (textsOf(entry, 'objectClass').some((name) => name.toLowerCase() === 'msexchsystemmailbox')) return 'system';
  return kindByName(entry.dn);
}

function kindByType(type: bigint): OwnMailboxKind | undefined {
  return kindsByBit.find(([bit]) => (type & (1n << bit)) !== 0n)?.[1];
}

/** Whether a value of msExchRecipientTypeDetails is that of one of them. */
export function isTypeOfOwnMailbox(value: string): boolean {
  return /^\d+$/.test(value) && kindByType(BigInt(value)) !== undefined;
}

function kindByName(dn: string): OwnMailboxKind | undefined {
  const { value } = rdnOf(dn);
  return kindsByName.find(([name]) => name.test(value))?.[1];
}

/** Whether an entry may be one of them by its name: all that a plan alone can show. */
export function isNamedAsOwn(dn: string): boolean {
  return kindByName(dn) !== undefined;
}

/**
 * What makes an account a mailbox. All of it or nothing is cleared: an account that keeps some, and has no database,
 * stops setup ("Database is mandatory on UserMailbox").
 */
const mailboxAttributes = [
  'homeMDB',
  'homeMTA',
  'legacyExchangeDN',
  'mail',
  'mailNickname',
  'mDBUseDefaults',
  'msExchALObjectVersion',
  'msExchArchiveDatabaseLink',
  'msExchArchiveGUID',
  'msExchArchiveName',
  'msExchCapabilityIdentifiers',
  'msExchHideFromAddressLists',
  'msExchHomeServerName',
  'msExchMailboxGuid',
  'msExchMailboxSecurityDescriptor',
  'msExchPoliciesIncluded',
  'msExchRBACPolicyLink',
  'msExchRecipientDisplayType',
  'msExchRecipientTypeDetails',
  'msExchUserAccountControl',
  'msExchUserCulture',
  'msExchVersion',
  'protocolSettings',
  'proxyAddresses',
  'showInAddressBook',
];

/** Whether the attribute is one of those that make an account a mailbox. */
export function isMailboxAttribute(name: string): boolean {
  return mailboxAttributes.some((one) => one.toLowerCase() === name.toLowerCase());
}

/** Every mailbox attribute of these accounts, as references that can be cleared. Throws DirectoryError. */
export async function mailboxAttributesOf(
  session: DirectorySession,
  mailboxes: readonly OwnMailbox[],
): Promise<readonly Referrer[]> {
  const found: Referrer[] = [];
  for (const { dn } of mailboxes) {
    const entry = await session.readEntry(dn, ['objectClass', 'objectGUID', ...mailboxAttributes]);
    if (entry !== undefined) found.push(...(await attributesOf(session, entry)));
  }
  return found;
}

async function attributesOf(session: DirectorySession, entry: Entry): Promise<readonly Referrer[]> {
  const classes = textsOf(entry, 'objectClass');
  const mandatory = await readMandatoryAttributes(session, classes);
  const isMandatory = (name: string): boolean => [...mandatory.values()].some((names) => names.has(name.toLowerCase()));
  return mailboxAttributes
    .filter((name) => allBytesOf(entry, name).length > 0 && !isMandatory(name))
    .map((attribute) =>
      recipientReferrer(entry, {
        id: 'own-mailbox',
        attribute,
        kind: 'string',
        who: "Exchange's own mailboxes",
        clearing: 'may be cleared',
      }),
    );
}
