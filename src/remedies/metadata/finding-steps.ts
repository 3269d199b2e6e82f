/** What the findings advise by commands: as data in the plan, drawn for the reader. */

import { masterRoles } from '../../ad/forest.ts';
import { exportChanges, removeMetadata, seizeRole } from '../../ad/repadmin.ts';
import { quotedForPowerShell } from '../../quoting.ts';
import { findingSteps, stepKind } from '../finding-steps.ts';

/** The steps of this remedy's findings. */
export const steps = findingSteps({
  demote: stepKind({ machine: 'name', isOld: 'flag', isNew: 'flag' }, ({ machine, isOld, isNew }) => {
    const otherwise = isOld || isNew ? '' : ' On Windows Server 2008 R2 and before: dcpromo, or dcpromo /forceremoval.';
    return {
      text: `If the machine can still be started: demote it, on ${machine} itself, with the first command. Only if that fails because it cannot replicate: demote it by force, with the second. That loses the changes that only it has, and leaves its metadata in the directory: run adsi-remedy metadata again to clean it up.${otherwise}`,
      commands: isOld
        ? ['dcpromo', 'dcpromo /forceremoval']
        : ['Uninstall-ADDSDomainController', 'Uninstall-ADDSDomainController -ForceRemoval'],
      outage: true,
    };
  }),
  'delete-account': stepKind({ name: 'name', dn: 'dn', hasMetadata: 'flag' }, ({ name, dn, hasMetadata }) => ({
    text: `In Active Directory Users and Computers, connected to a domain controller of its domain: delete the account of ${name}${hasMetadata ? ' and confirm that it is permanently offline. Windows then removes its metadata' : ''}. Check DNS yourself. This command shows the account:`,
    commands: [`Get-ADComputer -Identity ${quotedForPowerShell(dn)}`],
  })),
  'delete-server': stepKind({ name: 'name', dn: 'dn' }, ({ name, dn }) => ({
    text: `In Active Directory Sites and Services: delete ${name} below Servers of its site. Check DNS and SYSVOL membership yourself. This command shows the object:`,
    commands: [`Get-ADObject -Identity ${quotedForPowerShell(dn)}`],
  })),
  'clean-up': stepKind({ dn: 'dn' }, ({ dn }) => ({
    text: 'Use ntdsutil on a domain controller. Check DNS and SYSVOL membership yourself.',
    commands: [removeMetadata(dn)],
  })),
  'seize-roles': stepKind({ host: 'name', roles: 'names' }, ({ host, roles }) =>
    roles.filter((role) => masterRoles.some((known) => known === role)).map((role) => seizeRole(host, role)),
  ),
  unprotect: stepKind({ dns: 'dns' }, ({ dns }) => ({
    text: 'If the entries are protected from accidental deletion:',
    commands: dns.map(
      (dn) => `Set-ADObject -Identity ${quotedForPowerShell(dn)} -ProtectedFromAccidentalDeletion $false`,
    ),
  })),
  'export-changes': stepKind(
    { name: 'name', host: 'name', namingContext: 'dn', from: 'digits', number: 'number' },
    ({ name, host, namingContext, from, number }) => [
      exportChanges(host, namingContext, BigInt(from), `${name.replace(/[^\w.-]/g, '_')}-${number}.ldf`),
    ],
  ),
});
