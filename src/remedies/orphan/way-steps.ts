/** What Microsoft supports instead of deleting the object, as steps. */

import { resetComputer } from '../../ad/repadmin.ts';
import { quotedForPowerShell, unseen } from '../../quoting.ts';
import { listed } from '../../words.ts';
import { stepKind } from '../finding-steps.ts';
import { administrators, type Release } from './organisation.ts';

/** A release as a step holds it: a year of 0 is not known. */
const release = { year: 'number', build: 'number' } as const;

function releaseFrom({ year, build }: { readonly year: number; readonly build: number }): Release {
  return { year: year === 0 ? undefined : year, build };
}

/** The steps of the supported ways. */
export const wayKinds = {
  'run-setup-again': stepKind({ isInWindow: 'flag' }, ({ isInWindow }) => ({
    text: `If the machine still exists: run setup again; it resumes where it failed. Do not remove the watermark.${isInWindow ? ' Start it in its window: unattended setup stops at the prerequisites.' : ''}`,
    commands: [],
  })),
  'recover-server': stepKind(
    { ...release, name: 'name', account: 'name', folder: 'name' },
    ({ name, account, folder, ...of }) => {
      const found = releaseFrom(of);
      // A folder that would end its quotes is left out of the command: the user reads it from the server object.
      const target = isFolder(folder) ? ` /TargetDir:"${folder}"` : '';
      const byHand =
        folder === '' || isFolder(folder)
          ? ''
          : ' Add /TargetDir to the recovery, with the folder that msExchInstallPath of the server object names.';
      return {
        text: `If the machine is lost: as a member of Domain Admins and ${administrators(found)} reset the computer account, install the same version of Windows with the same drive letters under the name ${name}, join it to the same domain, recover the server, then uninstall Exchange.${byHand}${unknownRelease(found)}`,
        commands: [
          ...(account === '' ? [] : [resetComputer(account)]),
          setupCommand(found, `/m:RecoverServer${target}`),
          setupCommand(found, '/m:Uninstall'),
        ],
      };
    },
  ),
  'remove-provisioned': stepKind({ ...release, name: 'name' }, ({ name, ...of }) => {
    const found = releaseFrom(of);
    return {
      text: `The object was only provisioned: let Setup remove it, as a member of ${administrators(found)}.${unknownRelease(found)}`,
      commands: [
        setupCommand(found, `/RemoveProvisionedServer:${/^[\w.-]+$/.test(name) ? name : quotedForPowerShell(name)}`),
      ],
    };
  }),
  /** An Edge server is in no domain of the organisation: no account to reset, nothing to join. */
  'remove-subscription': stepKind({ name: 'name' }, ({ name }) => ({
    text: 'If the Edge server is gone for good: remove its subscription in the organisation. This also removes it from the send connectors.',
    commands: [removalOfSubscription(name)],
  })),
  'system-manager': stepKind({ name: 'name' }, ({ name }) => ({
    text: `In Exchange System Manager on another machine: All Tasks, Remove Server, of ${name}. First give its tasks to another server: routing group master, Recipient Update Services, site folder server, public folder replicas.`,
    commands: [],
  })),
  'recover-legacy': stepKind({ name: 'name' }, ({ name }) => ({
    text: `If the machine is lost: install the same Windows under the name ${name}, join it to the domain, run setup of the same version, then uninstall it.`,
    commands: ['setup /disasterrecovery'],
  })),
  'no-way': stepKind({ others: 'names' }, ({ others }) => ({
    text: `None for this object: Setup finds a server by its name and would find ${listed(others)}.`,
    commands: [],
  })),
};

/** The command that removes the subscription of an Edge server. */
export function removalOfSubscription(name: string): string {
  return `Remove-EdgeSubscription -Identity ${quotedForPowerShell(name)}`;
}

/** A path of Windows that is whole within double quotes, in cmd and in PowerShell. */
function isFolder(text: string): boolean {
  return /^[A-Za-z]:\\[^"<>|?*%`$\u201C-\u201E]+$/.test(text) && !unseen.test(text);
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

/** What to add to a command of setup where the release is not known; '' where it is. */
function unknownRelease({ year }: Release): string {
  return year === undefined
    ? ' The version is not known: the program is Setup.com in 2007 and 2010, and Setup.exe with a switch for the licence terms since 2013.'
    : '';
}
