/** The commands that the findings advise: kept as data in the plan, and drawn for the reader. */

import { dnsNameOfDn, rdnOf } from '../../ad/dn.ts';
import { replicationSummary } from '../../ad/repadmin.ts';
import type { NextStep } from '../../change/findings.ts';
import type { ForestTarget } from '../../change/plan.ts';
import { quotedForPowerShell as quoted } from '../../quoting.ts';
import { findingSteps, stepKind } from '../finding-steps.ts';
import { removalOfSubscription, wayKinds } from './way-steps.ts';

/** New-MoveRequest picks a database without being given one; Move-Mailbox of 2007 has to be given one. */
function moveCmdlet(isOf2007: boolean): string {
  return isOf2007 ? 'Move-Mailbox -TargetDatabase <database>' : 'New-MoveRequest';
}

/** The command that activates the copy of a database on another server. */
export function activation(database: string, server: string): string {
  return `Move-ActiveMailboxDatabase -Identity ${quoted(database)} -ActivateOnServer ${quoted(server)}`;
}

/** The class of a connector, and the cmdlet that sets its source servers. */
const connectorCmdlets: ReadonlyMap<string, string> = new Map([
  ['msexchroutinggroupconnector', 'Set-RoutingGroupConnector'],
  ['msexchroutingsmtpconnector', 'Set-SendConnector'],
  ['msexchdeliveryagentconnector', 'Set-DeliveryAgentConnector'],
  ['mailgateway', 'Set-ForeignConnector'],
]);

/** The class of an entry whose source servers have a cmdlet; undefined for others. */
export function connectorClass(objectClasses: readonly string[]): string | undefined {
  return [...connectorCmdlets.keys()].find((objectClass) => objectClasses.includes(objectClass));
}

/** The switches of Get-Mailbox that list each kind of mailbox of Exchange's own. */
const ownMailboxSwitches: ReadonlyMap<string, string> = new Map([
  ['arbitration', '-Arbitration '],
  ['discovery', ''],
  ['audit log', '-AuditLog '],
]);

/** Whether mailboxes of this kind are moved; the others are created again, or are removed with their database. */
export function isMoved(kind: string): boolean {
  return ownMailboxSwitches.has(kind);
}

/** RFC 4515 section 3. */
function escapedInFilter(character: string): string {
  return `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** ` -Server 'emea.corp.example.com'`; '' for the user's own domain. */
function serverParameter(domain: string): string {
  return domain === '' ? '' : ` -Server ${quoted(domain)}`;
}

/** The user who logged on, where the plan knows the name, with the rights to give. */
function grantee(user: string, rights: string): string {
  return quoted(`${user === '' ? '<DOMAIN\\user>' : user}:${rights}`);
}

/** The steps of this remedy's findings. */
export const steps = findingSteps({
  ...wayKinds,
  'replication-summary': stepKind({}, () => [replicationSummary]),
  'list-services': stepKind({ host: 'name' }, ({ host }) => [`Get-Service -ComputerName ${quoted(host)} MSExchange*`]),
  'list-servers': stepKind({ base: 'dn' }, ({ base }) => ({
    text: 'To check it:',
    commands: [`Get-ADObject -SearchBase ${quoted(base)} -LDAPFilter '(objectClass=msExchExchangeServer)'`],
  })),
  look: stepKind({ dn: 'dn', attributes: 'attributes' }, ({ dn, attributes }) => [
    `Get-ADObject -Identity ${quoted(dn)} -Properties ${attributes.map(quoted).join(', ')}`,
  ]),
  'look-and-set': stepKind({ dn: 'dn', attribute: 'attribute' }, ({ dn, attribute }) => ({
    text: 'Check the value, then set or clear it with Set-ADObject:',
    commands: [`Get-ADObject -Identity ${quoted(dn)} -Properties ${quoted(attribute)}`],
  })),
  // What clears a reference, or gives it another value.
  clear: stepKind({ dn: 'dn', domain: 'name', attribute: 'attribute' }, ({ dn, domain, attribute }) => [
    `Set-ADObject -Identity ${quoted(dn)}${serverParameter(domain)} -Clear ${attribute}`,
  ]),
  'clear-recipients': stepKind(
    { attribute: 'attribute', value: 'name', domain: 'name' },
    ({ attribute, value, domain }) => {
      const filter = quoted(`(${attribute}=${value.replace(/[\\*()\0]/g, escapedInFilter)})`);
      const server = serverParameter(domain);
      return [`Get-ADObject${server} -LDAPFilter ${filter} | Set-ADObject${server} -Clear ${attribute}`];
    },
  ),
  replace: stepKind({ dn: 'dn', attribute: 'attribute', value: 'name' }, ({ dn, attribute, value }) => [
    `Set-ADObject -Identity ${quoted(dn)} -Replace @{${quoted(attribute)}=${quoted(value === '' ? '<DN of another entry>' : value)}}`,
  ]),
  'remove-values': stepKind({ dn: 'dn', attribute: 'attribute', values: 'names' }, ({ dn, attribute, values }) => [
    `Set-ADObject -Identity ${quoted(dn)} -Remove @{${attribute}=${values.map(quoted).join(', ')}}`,
  ]),
  'set-sources': stepKind({ kind: 'name', name: 'name', servers: 'names' }, ({ kind, name, servers }) => {
    const cmdlet = connectorCmdlets.get(kind);
    if (cmdlet === undefined) return [];
    return [`${cmdlet} -Identity ${quoted(name)} -SourceTransportServers ${servers.map(quoted).join(', ')}`];
  }),
  'set-client-access': stepKind({ database: 'name', server: 'name' }, ({ database, server }) => [
    `Set-MailboxDatabase -Identity ${quoted(database)} -RpcClientAccessServer ${quoted(server)}`,
  ]),
  'set-witness': stepKind({ group: 'name', isAlternate: 'flag' }, ({ group, isAlternate }) => [
    `Set-DatabaseAvailabilityGroup -Identity ${quoted(group)} ${isAlternate ? '-AlternateWitnessServer' : '-WitnessServer'} <another file server>`,
  ]),
  'set-home': stepKind({ dn: 'dn' }, ({ dn }) => ({
    text: 'Set its database again, or disable the mailbox if its database is lost for good:',
    commands: [
      `Set-Mailbox -Identity ${quoted(dn)} -Database <its database now>`,
      `Disable-Mailbox -Identity ${quoted(dn)}`,
    ],
  })),
  // Mailboxes and databases.
  activate: stepKind({ databases: 'names', servers: 'names' }, ({ databases, servers }) => ({
    text: 'Activate the databases on the servers that have a copy:',
    commands: databases.map((database, index) => activation(database, servers[index] ?? '')),
  })),
  'move-mailboxes': stepKind({ by: 'name', name: 'name', isOf2007: 'flag' }, ({ by, name, isOf2007 }) => [
    `Get-Mailbox ${placeParameter(by, name)} -ResultSize Unlimited | ${moveCmdlet(isOf2007)}`,
  ]),
  'move-own-mailboxes': stepKind({ kind: 'name', by: 'name', name: 'name' }, ({ kind, by, name }) => [
    `Get-Mailbox ${ownMailboxSwitches.get(kind) ?? ''}${placeParameter(by, name)} | New-MoveRequest`,
  ]),
  'move-archives': stepKind({ database: 'name' }, ({ database }) => [
    `Get-Mailbox -Archive -ResultSize Unlimited | where ArchiveDatabase -eq ${quoted(database)} | New-MoveRequest -ArchiveOnly`,
  ]),
  'remove-database': stepKind({ name: 'name', isOf2007: 'flag' }, ({ name, isOf2007 }) => ({
    text: `Move the mailboxes of ${name}, then remove it:`,
    commands: [
      `Get-Mailbox -Database ${quoted(name)} -ResultSize Unlimited | ${moveCmdlet(isOf2007)}`,
      `Remove-MailboxDatabase -Identity ${quoted(name)}`,
    ],
  })),
  'remove-public-database': stepKind({ name: 'name' }, ({ name }) => ({
    text: `After the public folders of ${name} have replicas on other servers:`,
    commands: [`Remove-PublicFolderDatabase -Identity ${quoted(name)}`],
  })),
  // The server's place among others.
  'remove-copies': stepKind({ databases: 'names', server: 'name' }, ({ databases, server }) => ({
    text: 'Note the lag settings of its copies and remove them:',
    commands: databases.map((database) => `Remove-MailboxDatabaseCopy -Identity ${quoted(`${database}\\${server}`)}`),
  })),
  'leave-group': stepKind({ group: 'name', server: 'name' }, ({ group, server }) => ({
    text: 'Remove it from the group:',
    commands: [
      `Remove-DatabaseAvailabilityGroupServer -Identity ${quoted(group)} -MailboxServer ${quoted(server)} -ConfigurationOnly`,
    ],
  })),
  'evict-node': stepKind({}, () => ({ text: 'Then evict the node in Failover Cluster Manager.', commands: [] })),
  'remove-subscriptions': stepKind({ servers: 'names' }, ({ servers }) => ({
    text: 'Or remove the subscriptions:',
    commands: servers.map(removalOfSubscription),
  })),
  'remove-containers': stepKind({ dns: 'dns' }, ({ dns }) =>
    dns.filter(isServersContainer).map((dn) => `Remove-ADObject -Identity ${quoted(dn)}`),
  ),
  // Rights.
  'show-groups': stepKind({}, () => ({ text: 'Your groups:', commands: ['whoami /groups'] })),
  'unprotect-tree': stepKind({ dn: 'dn' }, ({ dn }) => ({
    text: 'If the entries are protected from accidental deletion:',
    commands: [
      `Get-ADObject -SearchBase ${quoted(dn)} -Filter * | Set-ADObject -ProtectedFromAccidentalDeletion $false`,
    ],
  })),
  'grant-delete': stepKind({ dn: 'dn', user: 'name' }, ({ dn, user }) => ({
    text: 'Or grant the right to delete the server and everything below it:',
    commands: [`dsacls ${quoted(dn)} /I:T /G ${grantee(user, 'SDDT')}`],
  })),
  'grant-write': stepKind({ dn: 'dn', attribute: 'attribute', user: 'name' }, ({ dn, attribute, user }) => [
    `dsacls ${quoted(dn)} /G ${grantee(user, `WP;${attribute}`)}`,
  ]),
});

function placeParameter(by: string, name: string): string {
  return `${by === 'server' ? '-Server' : '-Database'} ${quoted(name)}`;
}

/** A plan may name any entry: only an empty CN=Servers is deleted in this way, and a DC refuses one that is not empty. */
function isServersContainer(dn: string): boolean {
  return rdnOf(dn).value.toLowerCase() === 'servers';
}

/** The domain of an entry that is not of the DC's domain; '' else: the cmdlets ask the user's own domain. */
export function otherDomainOf({ domainController }: ForestTarget, dn: string): string {
  const [, own] = /^[^.]+\.(.*)$/.exec(domainController.toLowerCase()) ?? [];
  const domain = dnsNameOfDn(dn)?.toLowerCase();
  return own === undefined || domain === undefined || domain === own ? '' : domain;
}

/** Clears an attribute of an entry: of another domain than the DC's, in that domain. */
export function clearing(target: ForestTarget, dn: string, attribute: string): NextStep {
  return steps.of('clear', { dn, domain: otherDomainOf(target, dn), attribute });
}

/** The user who logged on, as far as the plan knows the name; '' else. */
export function userOf({ connection }: ForestTarget): string {
  return connection.kind === 'server' ? (connection.user ?? '') : '';
}
