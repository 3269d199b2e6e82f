/** Commands that clear an attribute by hand, and those that give the user who logged on the right to. */

import { dnsNameOfDn } from '../../ad/dn.ts';
import type { ForestTarget } from '../../change/plan.ts';
import { quotedForPowerShell } from '../../quoting.ts';
import type { Survey } from './gather.ts';
import type { Referrer } from './referrers.ts';

/** What clears an attribute of an entry: of another domain than the DC's, in that domain. */
export function clearCommand(target: ForestTarget, dn: string, attribute: string): string {
  return `Set-ADObject -Identity ${quotedForPowerShell(dn)}${serverFor(target, dn)} -Clear ${attribute}`;
}

/** ` -Server 'emea.corp.example.com'` for an entry of another domain than the DC's; the cmdlets ask the user's own domain else. */
export function serverFor({ domainController }: ForestTarget, dn: string): string {
  const [, own] = /^[^.]+\.(.*)$/.exec(domainController.toLowerCase()) ?? [];
  const domain = dnsNameOfDn(dn)?.toLowerCase();
  return own === undefined || domain === undefined || domain === own ? '' : ` -Server ${quotedForPowerShell(domain)}`;
}

type LoggedOn = Pick<Survey, 'target'>;

/** Commands that are written out; the others are of the same form. */
const commandsShown = 3;

/** The user who logged on, where the plan knows the name, with the rights to give. */
export function grantee({ target: { connection } }: LoggedOn, rights: string): string {
  const user = connection.kind === 'server' ? connection.user : undefined;
  return quotedForPowerShell(`${user ?? '<DOMAIN\\user>'}:${rights}`);
}

/** What gives the right to write the attribute that refers. */
export function grantOf(survey: LoggedOn, { dn, reference }: Pick<Referrer, 'dn' | 'reference'>): string {
  return `dsacls ${quotedForPowerShell(dn)} /G ${grantee(survey, `WP;${reference.attribute}`)}`;
}

/** What gives the right to write each attribute that refers, as commands. */
export function grantsOf(survey: LoggedOn, referrers: readonly Referrer[]): string {
  const commands = referrers.map((referrer) => grantOf(survey, referrer));
  const more = commands.length > commandsShown ? ['and so on'] : [];
  return [...commands.slice(0, commandsShown), ...more].join('; ');
}
