/** What Microsoft supports in place of deleting the entries one by one, with the names filled in. */

import { removeMetadata } from '../../ad/repadmin.ts';
import { type FindingDraft, note } from '../../change/findings.ts';
import { quotedForPowerShell } from '../../words-for-shells.ts';
import type { Step } from '../remedy.ts';
import type { Identity } from './identity.ts';

export type SupportedWay = 'demote' | 'account' | 'ntdsutil';

export interface Way {
  readonly way: SupportedWay;
  readonly label: string;
  readonly hint: string;
  readonly step: Step;
}

/** The ways that may be open. A left-over server object has neither a machine to demote nor an account. */
export function waysFor({ name, host, settings, serverDn, accountDn }: Identity): readonly Way[] {
  const machine = host ?? name;
  return [
    ...(settings === undefined ? [] : [demotion(machine)]),
    ...(settings === undefined || accountDn === undefined ? [] : [accountDeletion(name, accountDn)]),
    ...(serverDn === undefined ? [] : [metadataCleanup(serverDn)]),
  ];
}

function demotion(machine: string): Way {
  return {
    way: 'demote',
    label: `${machine} can still be reached or started`,
    hint: 'demote it; by force if it cannot replicate',
    step: {
      text: `If the machine can still be started: demote it, on ${machine} itself. With -ForceRemoval it keeps its metadata in the directory, which has to be cleaned up then, and the changes that only it has are lost. On Windows Server 2008 R2 and before: dcpromo, or dcpromo /forceremoval.`,
      commands: [
        'Uninstall-ADDSDomainController',
        'Uninstall-ADDSDomainController -ForceRemoval',
        'dcpromo /forceremoval',
      ],
      outage: true,
    },
  };
}

function accountDeletion(name: string, accountDn: string): Way {
  return {
    way: 'account',
    label: 'Active Directory Users and Computers can delete its account',
    hint: 'Windows Server 2008 and later clean up its metadata with it',
    step: {
      text: `In Active Directory Users and Computers, connected to a domain controller of its domain: delete the account of ${name} and confirm that it is permanently offline. Windows then removes its metadata. DNS has to be looked at by hand.`,
      commands: [`Get-ADComputer -Identity ${quotedForPowerShell(accountDn)}`],
    },
  };
}

function metadataCleanup(serverDn: string): Way {
  return {
    way: 'ntdsutil',
    label: 'ntdsutil can remove it',
    hint: 'metadata cleanup, remove selected server',
    step: {
      text: 'Or with ntdsutil, on a domain controller. DNS and SYSVOL membership have to be looked at by hand.',
      commands: [removeMetadata(serverDn)],
    },
  };
}

export function supportedWays(identity: Identity): FindingDraft {
  const ways = waysFor(identity);
  return note(
    'supported-ways',
    'Look at the ways that Microsoft supports first',
    ways.length === 0
      ? 'There is none for an account without a server object but to delete it in Active Directory Users and Computers.'
      : 'They remove the same entries, without a review and without an undo. What they leave behind (DNS, SYSVOL membership, values that name it) this remedy finds afterwards too.',
    { evidence: ways.flatMap(({ step }) => [step.text, ...step.commands]) },
  );
}
