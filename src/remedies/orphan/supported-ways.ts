/** What Microsoft supports instead of deleting the object. */

import { resetComputer } from '../../ad/repadmin.ts';
import { type FindingDraft, note, warning } from '../../change/findings.ts';
import { quotedForPowerShell } from '../../quoting.ts';
import { listed } from '../../words.ts';
import type { Step } from '../remedy.ts';
import type { DeletionFacts } from './gather.ts';
import {
  aboutInWords,
  administrators,
  bearersOf,
  type ExchangeServer,
  hasRole,
  isLegacy,
  isOnlyProvisioned,
  type Release,
  raisesInconsistentState,
  releaseOf,
  roleBit,
} from './organisation.ts';
import type { SurveyedServer } from './survey.ts';

type Chosen = Pick<DeletionFacts, 'chosen' | 'sharedNames' | 'hasOtherServer'>;

/**
 * What Microsoft supports: setup run again, a recovery, the removal of a provisioned or Edge server, Exchange System
 * Manager.
 */
export type SupportedWay = 'resume' | 'recover' | 'provisioned' | 'system-manager' | 'edge';

/** A supported way: the choice that the wizard offers, and the step to take. */
interface Way extends Step {
  readonly way: SupportedWay;
  readonly label: string;
  readonly hint: string;
}

/** The ways that may be possible; [] if another server has the same name, because each of them finds it by name. */
export function waysFor({ chosen, sharedNames, hasOtherServer }: Chosen): readonly Way[] {
  if (sharedNames.length > 0) return [];
  const { roles } = chosen.server;
  const release = releaseOf(chosen.server);
  if (isLegacy(chosen.server)) return legacyWays(chosen);
  // Only a server of the organisation has the cmdlet for it.
  if (hasRole(roles, roleBit.edge)) return [resume(release), ...(hasOtherServer ? [edge(chosen)] : [])];
  if (isOnlyProvisioned(roles)) return [provisioned(chosen)];
  return raisesInconsistentState(roles) ? [resume(release), recover(chosen)] : [resume(release)];
}

function resume({ year }: Release): Way {
  const how =
    year !== undefined && year >= 2013 ? ' Start it in its window: unattended setup stops at the prerequisites.' : '';
  return {
    way: 'resume',
    label: 'Setup can be run again on the machine',
    hint: 'it resumes where it failed',
    text: `If the machine still exists: run setup again; it resumes where it failed. Do not remove the watermark.${how}`,
    commands: [],
  };
}

function recover(chosen: SurveyedServer): Way {
  const { server, account } = chosen;
  const release = releaseOf(server);
  const path = server.installPath?.replace(/\\+$/, '');
  const isElsewhere = path !== undefined && path.toLowerCase() !== defaultInstallPath(release).toLowerCase();
  const target = isElsewhere && release.year !== undefined ? ` /TargetDir:"${path}"` : '';
  return {
    way: 'recover',
    label: 'A machine of the same name can be set up',
    hint: 'Setup /m:RecoverServer, then uninstall',
    text: `If the machine is lost: as a member of Domain Admins and ${administrators(release)} reset the computer account, install the same version of Windows with the same drive letters under the name ${server.name}, join it to the same domain, recover the server, then uninstall Exchange.${unknownRelease(release)}`,
    commands: [
      ...(account.kind === 'present' ? [resetComputer(account.dn)] : []),
      setupCommand(release, `/m:RecoverServer${target}`),
      setupCommand(release, '/m:Uninstall'),
    ],
  };
}

function provisioned({ server }: SurveyedServer): Way {
  const release = releaseOf(server);
  const command = setupCommand(release, `/RemoveProvisionedServer:${server.name}`);
  return {
    way: 'provisioned',
    label: `Setup /RemoveProvisionedServer:${server.name}`,
    hint: 'the object was only provisioned',
    text: `The object was only provisioned: let Setup remove it, as a member of ${administrators(release)}.${unknownRelease(release)}`,
    commands: [command],
  };
}

/** An Edge server is in no domain of the organisation: no account to reset, nothing to join. */
function edge({ server }: SurveyedServer): Way {
  return {
    way: 'edge',
    label: 'The Edge server was decommissioned: its subscription can be removed',
    hint: 'Remove-EdgeSubscription in the organisation',
    text: 'If the Edge server is gone for good: remove its subscription in the organisation. This also removes it from the send connectors.',
    commands: [removalOfSubscription(server)],
  };
}

/** The command that removes the subscription of an Edge server. */
export function removalOfSubscription({ name }: ExchangeServer): string {
  return `Remove-EdgeSubscription -Identity ${quotedForPowerShell(name)}`;
}

function legacyWays({ server }: SurveyedServer): readonly Way[] {
  return [
    {
      way: 'system-manager',
      label: 'Exchange System Manager runs on another machine',
      hint: 'its task Remove Server',
      text: `In Exchange System Manager on another machine: All Tasks, Remove Server, of ${server.name}. First give its tasks to another server: routing group master, Recipient Update Services, site folder server, public folder replicas.`,
      commands: [],
    },
    {
      way: 'recover',
      label: 'A machine of the same name can be set up',
      hint: 'setup /disasterrecovery, then uninstall',
      text: `If the machine is lost: install the same Windows under the name ${server.name}, join it to the domain, run setup of the same version, then uninstall it.`,
      commands: ['setup /disasterrecovery'],
    },
  ];
}

/** What Microsoft supports instead, as steps. */
export function supportedSteps(facts: Chosen): readonly Step[] {
  if (facts.sharedNames.length > 0) {
    const others = listed(bearersOf(facts.sharedNames));
    return [
      {
        text: `None for this object: Setup finds a server by its name and would find ${others}.`,
        commands: [],
      },
    ];
  }
  return waysFor(facts).map(({ text, commands }) => ({ text, commands }));
}

/** Whether this object is what setup complains of. Setup finds it by the FQDN in networkAddress, not by its name. */
export function explanation({ server }: SurveyedServer): string {
  if (isLegacy(server))
    return 'This object does not explain "inconsistent state": setup of this version has no such message.';
  if (server.fqdn === undefined) {
    return 'This object does not explain a message of setup: setup finds an object by the FQDN in networkAddress, and this one has none.';
  }
  if (server.roles === undefined) {
    return 'This object has no roles, so it does not cause the message "The Exchange Server is in an inconsistent state". If setup shows that message, look for another object or a watermark.';
  }
  return raisesInconsistentState(server.roles)
    ? `With its roles this object explains the message "The Exchange Server is in an inconsistent state. Only disaster recovery mode is available", if setup runs on ${server.fqdn}. An object of the same name with another FQDN does not.`
    : 'With its roles this object does not cause the message "The Exchange Server is in an inconsistent state". If setup shows that message, look for another object or a watermark.';
}

/** The supported ways as a finding; a warning where setup itself removes the object. */
export function supportedWays(facts: Chosen): FindingDraft {
  const { server } = facts.chosen;
  const make = isOnlyProvisioned(server.roles) ? warning : note;
  return make(
    'supported-ways',
    'Microsoft does not support deleting this object manually: check the supported ways first',
    `${explanation(facts.chosen)} ${aboutInWords(server)}`,
    { evidence: supportedSteps(facts).flatMap(({ text, commands }) => [text, ...commands]) },
  );
}

/** The first builds of 2016 CU22 and 2019 CU11 (September 2021), whose setup takes another switch. */
const firstBuildsOfNewTerms: Readonly<Record<number, number>> = { 2016: 2375, 2019: 986, 2025: 0 };

/**
 * Setup with the switch that accepts its licence terms, as this release has it; before 2013 there is none. PowerShell
 * starts a program of the current folder only where its name begins with `.\\`; cmd takes that too.
 */
export function setupCommand({ year, build }: Release, switches: string): string {
  if (year === undefined) return `.\\Setup ${switches}`;
  if (year < 2013) return `.\\Setup.com ${switches}`;
  const first = firstBuildsOfNewTerms[year];
  const suffix = first !== undefined && build >= first ? '_DiagnosticDataOFF' : '';
  return `.\\Setup.exe ${switches} /IAcceptExchangeServerLicenseTerms${suffix}`;
}

/** What to add to a command of setup if the release is not known; '' if it is. */
function unknownRelease({ year }: Release): string {
  return year === undefined
    ? ' The version is not known: the program is Setup.com in 2007 and 2010, and Setup.exe with a switch for the licence terms since 2013.'
    : '';
}

/** Where setup installs by default: a server elsewhere needs /TargetDir when it is recovered. */
function defaultInstallPath({ year }: Release): string {
  const folder = 'C:\\Program Files\\Microsoft\\Exchange Server';
  if (year === undefined || year <= 2007) return folder;
  return `${folder}\\${year === 2010 ? 'V14' : 'V15'}`;
}
