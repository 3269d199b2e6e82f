/** Accounts in the domain: mailboxes, distribution groups, computers and the groups that they are members of. */

import { type Attributes, add } from '../lab/ldif.ts';
import { rdn } from './names.ts';
import type { Built } from './organisation.ts';
import type { Named } from './referrers.ts';
import type { ExchangeServer } from './server.ts';

/** Bits of userAccountControl (MS-ADTS 2.2.16). */
export const accountControl = {
  disabled: 2,
  passwordNotRequired: 32,
  normalAccount: 512,
  workstation: 4096,
} as const;

export interface MailboxOptions {
  /** The common name, and with a leading underscore or such the account's name as well: at most 20 characters. */
  readonly name: string;
  readonly parent: string;
  readonly userPrincipalName: string;
  readonly primaryAddress: string;
  readonly server: ExchangeServer;
  /** DN of the mailbox database. */
  readonly database: string;
  readonly enabled?: boolean;
  readonly attributes?: Attributes;
}

/** A user with a mailbox. */
export function mailbox(options: MailboxOptions): Named {
  const dn = `${rdn(options.name)},${options.parent}`;
  const control = accountControl.normalAccount | accountControl.passwordNotRequired;
  const attributes: Attributes = {
    objectClass: 'user',
    sAMAccountName: options.name,
    userPrincipalName: options.userPrincipalName,
    userAccountControl: String(options.enabled === false ? control | accountControl.disabled : control),
    mail: options.primaryAddress,
    proxyAddresses: [`SMTP:${options.primaryAddress}`, `smtp:${options.name}@old.example.com`],
    mailNickname: options.name,
    legacyExchangeDN: `${options.server.legacyExchangeDn.split('/ou=')[0]}/cn=Recipients/cn=${options.name}`,
    msExchHomeServerName: options.server.legacyExchangeDn,
    homeMDB: options.database,
    homeMTA: options.server.mta,
    ...options.attributes,
  };
  return { dn, changes: [add(dn, attributes)] };
}

/** A distribution group that this server expands. */
export function distributionGroup(name: string, parent: string, expansionServer: ExchangeServer): Named {
  const dn = `${rdn(name)},${parent}`;
  const universalDistribution = '8';
  const attributes: Attributes = {
    objectClass: 'group',
    sAMAccountName: name,
    groupType: universalDistribution,
    mailNickname: name.replaceAll(' ', ''),
    msExchExpansionServerName: expansionServer.legacyExchangeDn,
  };
  return { dn, changes: [add(dn, attributes)] };
}

export interface ComputerOptions {
  readonly domainNamingContext: string;
  readonly enabled?: boolean;
  readonly lastLogon?: Date;
}

/** The computer account of an Exchange server. lastLogonTimestamp is the server's own: load it offline. */
export function computerAccount(server: ExchangeServer, options: ComputerOptions): Named {
  const dn = `${rdn(server.name)},CN=Computers,${options.domainNamingContext}`;
  const control =
    options.enabled === false ? accountControl.workstation | accountControl.disabled : accountControl.workstation;
  const attributes: Attributes = {
    objectClass: 'computer',
    sAMAccountName: `${server.name}$`,
    dNSHostName: server.fqdn,
    userAccountControl: String(control),
    ...(options.lastLogon === undefined ? {} : { lastLogonTimestamp: fileTime(options.lastLogon) }),
  };
  return { dn, changes: [add(dn, attributes)] };
}

/** The universal groups that setup puts the computer accounts of Exchange servers in. */
export function exchangeSecurityGroups(domainNamingContext: string, members: readonly Named[]): Built {
  const unit = `OU=Microsoft Exchange Security Groups,${domainNamingContext}`;
  const universalSecurity = '-2147483640';
  const group = (name: string, parent: string) =>
    add(`${rdn(name)},${parent}`, {
      objectClass: 'group',
      sAMAccountName: name,
      groupType: universalSecurity,
      member: members.map(({ dn }) => dn),
    });
  return {
    changes: [
      add(unit, { objectClass: 'organizationalUnit' }),
      group('Exchange Servers', unit),
      group('Exchange Trusted Subsystem', unit),
    ],
  };
}

/** 100-nanosecond intervals since 1601-01-01 UTC. */
export function fileTime(date: Date): string {
  return String((BigInt(date.getTime()) + 11_644_473_600_000n) * 10_000n);
}
