/** Commands that give the user who logged on a right. */

import { quotedForPowerShell } from '../../words-for-shells.ts';
import type { Survey } from './gather.ts';
import type { Referrer } from './referrers.ts';

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
