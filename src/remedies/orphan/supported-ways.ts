/** What Microsoft supports in place of deleting the object. */

import { type FindingDraft, note, warning } from '../../change/findings.ts';
import { listed } from '../../words.ts';
import { quotedForPowerShell } from '../../words-for-shells.ts';
import type { Step } from '../remedy.ts';
import type { DeletionFacts, SurveyedServer } from './gather.ts';
import { bearersOf } from './names.ts';
import { isOnlyProvisioned, raisesInconsistentState, rolesInWords, versionInWords } from './versions.ts';

type Chosen = Pick<DeletionFacts, 'chosen' | 'sharedNames'>;

export type SupportedWay = 'resume' | 'recover' | 'provisioned';

/** The ways that may be open, for a question; [] where the server's name is not its own, as each finds it by name. */
export function waysFor({ chosen, sharedNames }: Chosen): readonly {
  readonly way: SupportedWay;
  readonly label: string;
  readonly hint: string;
}[] {
  if (sharedNames.length > 0) return [];
  const { name, roles } = chosen.server;
  return [
    { way: 'resume', label: 'Setup can be run again on the machine', hint: 'it resumes where it failed' },
    {
      way: 'recover',
      label: 'A machine of the same name can be set up',
      hint: 'Setup /m:RecoverServer, then uninstall',
    },
    ...(isOnlyProvisioned(roles)
      ? [
          {
            way: 'provisioned' as const,
            label: `Setup /RemoveProvisionedServer:${name}`,
            hint: 'the object was only provisioned',
          },
        ]
      : []),
  ];
}

/** What Microsoft supports instead, as steps. */
export function supportedSteps({ chosen, sharedNames }: Chosen): readonly Step[] {
  const { name, roles } = chosen.server;
  if (sharedNames.length > 0) {
    const others = listed(bearersOf(sharedNames));
    return [
      { text: `None for this object: Setup finds a server by its name, and would find ${others}.`, commands: [] },
    ];
  }
  return [
    ...(isOnlyProvisioned(roles)
      ? [
          {
            text: 'The object was only provisioned: let Setup remove it.',
            commands: [`Setup /RemoveProvisionedServer:${name}`],
          },
        ]
      : []),
    {
      text: 'If the machine is still there: run setup again; it resumes where it failed. Do not remove the watermark.',
      commands: [],
    },
    {
      text: `If the machine is lost: reset the computer account, install the same Windows under the name ${name}, join it to the domain, run Setup /m:RecoverServer, then uninstall.`,
      commands: [...resetting(chosen), 'Setup /m:RecoverServer'],
    },
  ];
}

/** The command that lets a new machine join as the old one; "Reset Account" of Users and Computers does the same. */
function resetting({ account }: SurveyedServer): readonly string[] {
  return account.kind === 'present' ? [`dsmod computer ${quotedForPowerShell(account.dn)} -reset`] : [];
}

/** Whether this object is what setup complains of. */
export function explanation({ server }: SurveyedServer): string {
  return raisesInconsistentState(server.roles)
    ? 'With its roles this object explains the message "The Exchange Server is in an inconsistent state. Only disaster recovery mode is available", if setup runs on a machine of its name.'
    : 'With its roles this object does not raise the message "The Exchange Server is in an inconsistent state": look for another object or a watermark if setup says so.';
}

/** The supported ways as a finding; a warning where setup itself removes the object. */
export function supportedWays(facts: Chosen): FindingDraft {
  const { server } = facts.chosen;
  const make = isOnlyProvisioned(server.roles) ? warning : note;
  return make(
    'supported-ways',
    'Microsoft does not support deleting this object by hand: look at the supported ways first',
    `${explanation(facts.chosen)} Roles: ${rolesInWords(server.roles)}; ${versionInWords(server.versionNumber, server.serialNumber)}.`,
    { evidence: supportedSteps(facts).flatMap(({ text, commands }) => [text, ...commands]) },
  );
}
