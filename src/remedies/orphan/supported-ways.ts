/** What Microsoft supports in place of deleting the object. */

import type { Conclusion } from './conclusion.ts';
import type { OrphanFacts } from './gather.ts';
import { quotedForPowerShell } from './powershell.ts';
import { isOnlyProvisioned, raisesInconsistentState, rolesInWords } from './roles.ts';
import { bearersOf } from './shared-names.ts';
import { versionInWords } from './versions.ts';

/** What Microsoft supports instead, as steps. */
export function supportedSteps({
  chosen,
  sharedNames,
}: Pick<OrphanFacts, 'chosen' | 'sharedNames'>): readonly string[] {
  const { name, roles } = chosen.server;
  if (sharedNames.length > 0) {
    return [
      `None for this object: Setup finds a server by its name, and would take ${bearersOf(sharedNames).join(' or ')} for it.`,
    ];
  }
  const provisioned = isOnlyProvisioned(roles)
    ? [`Setup /RemoveProvisionedServer:${name}   (the object was only provisioned)`]
    : [];
  return [
    ...provisioned,
    'If the machine is still there: run setup again; it resumes where it failed. Do not remove the watermark.',
    `If the machine is lost: reset the computer account${resetting(chosen)}, install the same Windows under the name ${name}, join it to the domain, run Setup /m:RecoverServer, then uninstall.`,
  ];
}

/** The command that lets a new machine join as the old one; "Reset Account" of Users and Computers does the same. */
function resetting({ account }: OrphanFacts['chosen']): string {
  return account.kind === 'present' ? ` (dsmod computer ${quotedForPowerShell(account.dn)} -reset)` : '';
}

/** Whether this object is what setup complains of. */
export function explanation({ server }: OrphanFacts['chosen']): string {
  return raisesInconsistentState(server.roles)
    ? 'With its roles this object explains the message "The Exchange Server is in an inconsistent state. Only disaster recovery mode is available", if setup runs on a machine of its name.'
    : 'With its roles this object does not raise the message "The Exchange Server is in an inconsistent state": look for another object or a watermark if setup says so.';
}

/** The supported ways as a finding; a warning where setup itself removes the object. */
export function supportedWays(facts: OrphanFacts): readonly Conclusion[] {
  const { server } = facts.chosen;
  return [
    {
      id: 'supported-ways',
      level: isOnlyProvisioned(server.roles) ? 'warning' : 'note',
      title: 'Microsoft does not support deleting this object by hand: look at the supported ways first',
      detail: `${explanation(facts.chosen)} Roles: ${rolesInWords(server.roles)}; ${versionInWords(server.versionNumber, server.serialNumber)}.`,
      evidence: supportedSteps(facts),
    },
  ];
}
