/** What is left to a person after the object is gone. */

import { normalizedDn, rdnOf } from '../../ad/dn.ts';
import { wrapped } from '../../terminal/wrapped.ts';
import type { ComputerAccount } from './accounts.ts';
import type { OrphanFacts } from './gather.ts';
import { hasRole, roleBit } from './roles.ts';
import { bearersOf } from './shared-names.ts';

/** What a mail or a ticket shows without breaking lines of its own, in columns. */
const widest = 76;

/** Lines for next-steps.txt and the closing screen, none wider than 76 columns. */
export function nextSteps(facts: OrphanFacts): readonly string[] {
  const isNameOwn = facts.sharedNames.length === 0;
  const steps = [
    replicationStep(facts),
    isNameOwn ? accountStep(facts) : otherServerStep(facts),
    ...databaseSteps(facts),
    ...(isNameOwn ? [setupStep(facts)] : []),
  ];
  return [
    'What is left to do',
    ...steps.flatMap(([first = '', ...more], index) => [
      '',
      ...wrapped(`${index + 1}. ${first}`, widest, 3),
      ...more.flatMap((line) => wrapped(`     ${line}`, widest, 7)),
    ]),
  ];
}

/** A step: what to do, and what belongs to it. */
type Step = readonly string[];

function replicationStep({ survey }: OrphanFacts): Step {
  const controllers = survey.forest.domainControllers.map(
    ({ name, site, dnsHostName }) => `${dnsHostName ?? name} (${site})`,
  );
  return [
    'Wait until every domain controller has the deletion, or push it: repadmin /syncall /AeP. Setup reads the domain controller of its own site. The domain controllers of the forest:',
    ...(controllers.length === 0 ? ['not known here'] : controllers),
    'Seen everywhere? repadmin /showobjmeta * with the DN must find nothing; adsi-remedy shows it with --wait SECONDS.',
  ];
}

function accountStep({ chosen: { server, account } }: OrphanFacts): Step {
  const host = server.fqdn ?? server.name;
  const [name = '', ...domain] = host.split('.');
  return [
    'The computer account and DNS were left alone.',
    ...accountLines(account),
    ...(domain.length === 0
      ? []
      : [
          'DNS, if the machine is gone for good; with AAAA in place of A for IPv6:',
          'Remove-DnsServerResourceRecord `',
          `  -ZoneName ${domain.join('.')} -RRType A -Name ${name}`,
        ]),
  ];
}

function accountLines(account: ComputerAccount): readonly string[] {
  switch (account.kind) {
    case 'present':
      return [
        `Account: ${account.dn}`,
        'If the machine is gone for good: Remove-ADComputer with that DN. If it is installed anew under the same name: dsmod computer with that DN and -reset, or "Reset Account" in Users and Computers, then join it again.',
        'It stays a member of Exchange Servers and Exchange Trusted Subsystem until it is removed from them.',
      ];
    case 'absent':
      return ['No computer account was found.'];
    case 'unknown':
      return ['Whether there is an account is not known.'];
    case 'of another':
      return [
        `The account of its name, ${account.dn}, is that of another server object: leave it. That is`,
        account.owner,
      ];
  }
}

/** Account, DNS and machine of a name that is not the server's alone are another one's. */
function otherServerStep({ sharedNames }: OrphanFacts): Step {
  return ['Leave the computer account and DNS of its name alone. They may be those of', ...bearersOf(sharedNames)];
}

/** Those below the server have gone with it. */
function databaseSteps({ databases, subtree }: OrphanFacts): readonly Step[] {
  const gone = new Set(subtree.map(({ entry }) => normalizedDn(entry.dn)));
  const left = databases.filter((dn) => !gone.has(normalizedDn(dn)));
  if (left.length === 0) return [];
  return [
    [
      'These databases have no owner now. Remove those that are not needed: Remove-MailboxDatabase "<database>", or Remove-PublicFolderDatabase for one of public folders.',
      ...left.map((dn) => rdnOf(dn).value),
    ],
  ];
}

function setupStep({ chosen: { server } }: OrphanFacts): Step {
  const where = hasRole(server.roles, roleBit.edge) ? '' : ` on ${server.fqdn ?? server.name}`;
  return [
    `Run setup again${where}. It must no longer offer disaster recovery only. If it does: remove the role's watermark only as Microsoft says, and look in ExchangeSetup.log for the object that it finds.`,
  ];
}
