/** What Microsoft supports instead of deleting the object. */

import { type FindingDraft, type NextStep, note, warning } from '../../change/findings.ts';
import type { Step } from '../remedy.ts';
import { steps } from './finding-steps.ts';
import type { DeletionFacts } from './gather.ts';
import {
  aboutInWords,
  bearersOf,
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
interface Way {
  readonly way: SupportedWay;
  readonly label: string;
  readonly hint: string;
  readonly step: NextStep;
}

/** The ways that may be possible; [] if another server has the same name, because each of them finds it by name. */
export function waysFor({ chosen, sharedNames, hasOtherServer }: Chosen): readonly Way[] {
  if (sharedNames.length > 0) return [];
  const { roles } = chosen.server;
  const found = releaseOf(chosen.server);
  if (isLegacy(chosen.server)) return legacyWays(chosen);
  // Only a server of the organisation has the cmdlet for it.
  if (hasRole(roles, roleBit.edge)) return [resume(found), ...(hasOtherServer ? [edge(chosen)] : [])];
  if (isOnlyProvisioned(roles)) return [provisioned(chosen)];
  return raisesInconsistentState(roles) ? [resume(found), recover(chosen)] : [resume(found)];
}

function resume({ year }: Release): Way {
  return {
    way: 'resume',
    label: 'Setup can be run again on the machine',
    hint: 'it resumes where it failed',
    step: steps.of('run-setup-again', { isInWindow: year !== undefined && year >= 2013 }),
  };
}

function recover({ server, account }: SurveyedServer): Way {
  const { year, build } = releaseOf(server);
  const path = server.installPath?.replace(/\\+$/, '');
  const isElsewhere = path !== undefined && path.toLowerCase() !== defaultInstallPath({ year, build }).toLowerCase();
  return {
    way: 'recover',
    label: 'A machine of the same name can be set up',
    hint: 'Setup /m:RecoverServer, then uninstall',
    step: steps.of('recover-server', {
      year: year ?? 0,
      build,
      name: server.name,
      account: account.kind === 'present' ? account.dn : '',
      folder: isElsewhere && year !== undefined ? path : '',
    }),
  };
}

function provisioned({ server }: SurveyedServer): Way {
  const { year = 0, build } = releaseOf(server);
  return {
    way: 'provisioned',
    label: `Setup /RemoveProvisionedServer:${server.name}`,
    hint: 'the object was only provisioned',
    step: steps.of('remove-provisioned', { year, build, name: server.name }),
  };
}

function edge({ server }: SurveyedServer): Way {
  return {
    way: 'edge',
    label: 'The Edge server was decommissioned: its subscription can be removed',
    hint: 'Remove-EdgeSubscription in the organisation',
    step: steps.of('remove-subscription', { name: server.name }),
  };
}

function legacyWays({ server: { name } }: SurveyedServer): readonly Way[] {
  return [
    {
      way: 'system-manager',
      label: 'Exchange System Manager runs on another machine',
      hint: 'its task Remove Server',
      step: steps.of('system-manager', { name }),
    },
    {
      way: 'recover',
      label: 'A machine of the same name can be set up',
      hint: 'setup /disasterrecovery, then uninstall',
      step: steps.of('recover-legacy', { name }),
    },
  ];
}

/** What Microsoft supports instead, as a finding holds it. */
function waysOf(facts: Chosen): readonly NextStep[] {
  if (facts.sharedNames.length > 0) return [steps.of('no-way', { others: bearersOf(facts.sharedNames) })];
  return waysFor(facts).map(({ step }) => step);
}

/** What Microsoft supports instead, as steps. */
export function supportedSteps(facts: Chosen): readonly Step[] {
  return waysOf(facts).flatMap((step) => steps.inWords(step, {}) ?? []);
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
    { steps: waysOf(facts) },
  );
}

/** Where setup installs by default: a server elsewhere needs /TargetDir when it is recovered. */
function defaultInstallPath({ year }: Release): string {
  const folder = 'C:\\Program Files\\Microsoft\\Exchange Server';
  if (year === undefined || year <= 2007) return folder;
  return `${folder}\\${year === 2010 ? 'V14' : 'V15'}`;
}
