/** What the directory or the user's rights do not let this plan do. */

import type { Conclusion } from './conclusion.ts';
import type { OrphanFacts } from './gather.ts';
import { unwritableReferrers } from './plan.ts';
import { quotedForPowerShell } from './powershell.ts';
import type { Referrer } from './referrers.ts';
import { isProtected } from './subtree.ts';

/** Entries that the directory keeps, and rights to delete or write that the user lacks. */
export function rightsBlockers(facts: OrphanFacts): readonly Conclusion[] {
  const { chosen, subtree, undeletable } = facts;
  const unwritable = unwritableReferrers(facts);
  const server = quotedForPowerShell(chosen.server.dn);
  const guarded = subtree.filter(isProtected).map(({ entry }) => entry.dn);
  return [
    ...(guarded.length === 0
      ? []
      : [
          {
            id: 'protected-entries',
            level: 'blocker',
            title: `${guarded.length === 1 ? 'An entry is' : `${guarded.length} entries are`} protected by systemFlags (DISALLOW_DELETE)`,
            detail: `The directory refuses to delete them, and with them everything above. Look who set that, and why: ${lookAtProtection(guarded[0] ?? '')}. systemFlags is for the system alone, and Set-ADObject can not clear the flag: let Setup remove the server (Setup /m:RecoverServer on a machine of its name, then uninstall), or ask Microsoft's support.`,
            evidence: guarded,
          } as const,
        ]),
    ...(undeletable.length === 0
      ? []
      : [
          {
            id: 'no-right-to-delete',
            level: 'blocker',
            title: `You have no right to delete ${undeletable.length === 1 ? 'an entry' : `${undeletable.length} entries`} of the subtree`,
            detail: `Reckoned from the security descriptors and your groups (whoami /groups). Run it as a member of Organization Management or Enterprise Admins (--user). If the entries are protected from accidental deletion: Get-ADObject -SearchBase ${server} -Filter * | Set-ADObject -ProtectedFromAccidentalDeletion $false. Or give the right to delete the server and all below it: dsacls ${server} /I:T /G '<DOMAIN\\user>:SDDT'.`,
            evidence: undeletable,
          } as const,
        ]),
    ...(unwritable.length === 0
      ? []
      : [
          {
            id: 'no-right-to-clean-up',
            level: 'warning',
            title: `You have no right to clear ${unwritable.length === 1 ? 'a reference' : `${unwritable.length} references`} to the server`,
            detail: `They are left out of the plan. Linked ones vanish with their target; undo can not bring those back. Give the right to write them, then make the plan again: ${grantsOf(unwritable)}.`,
            evidence: unwritable.map(({ id }) => id),
          } as const,
        ]),
  ];
}

function lookAtProtection(dn: string): string {
  return `Get-ADObject -Identity ${quotedForPowerShell(dn)} -Properties systemFlags, whenChanged`;
}

/** Commands that are told in full; the others are of the same form. */
const commandsTold = 3;

/** What gives the right to write each attribute that refers, as commands. */
function grantsOf(referrers: readonly Referrer[]): string {
  const commands = referrers.map(
    ({ dn, reference }) => `dsacls ${quotedForPowerShell(dn)} /G '<DOMAIN\\user>:WP;${reference.attribute}'`,
  );
  const more = commands.length > commandsTold ? ['and so on'] : [];
  return [...commands.slice(0, commandsTold), ...more].join('; ');
}
