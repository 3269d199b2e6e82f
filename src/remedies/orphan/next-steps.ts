import type { ComputerAccount } from './accounts.ts';
import type { OrphanFacts } from './gather.ts';
import { hasRole, roleBit } from './roles.ts';
import { bearersOf } from './shared-names.ts';

/** What is left to a person after the object is gone: lines for next-steps.txt and the closing screen. */
export function nextSteps(facts: OrphanFacts): readonly string[] {
  const { survey, databases, sharedNames } = facts;
  const controllers = survey.forest.domainControllers.map(
    ({ name, site, dnsHostName }) => `${dnsHostName ?? name} (${site})`,
  );
  return [
    'What is left to do',
    '',
    '1. Wait until every domain controller has the deletion, or push it: repadmin /syncall /AeP. Setup reads the domain',
    '   controller of its own site. The domain controllers of the forest:',
    ...(controllers.length === 0 ? ['not known here'] : controllers).map((controller) => `     ${controller}`),
    '   Seen everywhere? repadmin /showobjmeta * with the DN must find nothing; adsi-remedy shows it with --wait SECONDS.',
    '',
    ...(sharedNames.length === 0 ? accountSteps(facts) : otherServerSteps(facts)),
    '',
    ...(databases.length === 0
      ? []
      : [
          '   Databases without an owner:',
          ...databases.map((dn) => `     ${dn}`),
          '     Remove-MailboxDatabase, or give them another server.',
          '',
        ]),
    ...(sharedNames.length === 0 ? setupSteps(facts) : []),
  ];
}

function accountSteps({ chosen }: OrphanFacts): readonly string[] {
  const { server, account } = chosen;
  const host = server.fqdn ?? server.name;
  const [domain = ''] = host.split('.').slice(1).join('.') === '' ? [] : [host.split('.').slice(1).join('.')];
  return [
    '2. The computer account and DNS were left alone.',
    ...(account.kind === 'present'
      ? [
          `     Account: ${account.dn}`,
          '     If the machine is gone for good: Remove-ADComputer with that DN. If it is installed anew under the same',
          '     name: Reset-ADAccountPassword or reset the account in Users and Computers, and join it again.',
          '     It stays a member of Exchange Servers and Exchange Trusted Subsystem until it is removed from them.',
        ]
      : [`     ${withoutAccount(account)}`]),
    ...(domain === ''
      ? []
      : [
          `     DNS: Get-DnsServerResourceRecord -ZoneName ${domain} -Name ${host.split('.')[0]} | Remove-DnsServerResourceRecord …`,
        ]),
  ];
}

function withoutAccount(account: Exclude<ComputerAccount, { kind: 'present' }>): string {
  switch (account.kind) {
    case 'absent':
      return 'No computer account was found.';
    case 'unknown':
      return 'Whether there is an account is not known.';
    case 'of another':
      return `The account of its name, ${account.dn}, is that of ${account.owner}: leave it.`;
  }
}

/** Account, DNS and machine of a name that is not the server's alone are another one's. */
function otherServerSteps({ sharedNames }: OrphanFacts): readonly string[] {
  return [
    '2. Leave the computer account and DNS of its name alone: they may be those of',
    ...bearersOf(sharedNames).map((dn) => `     ${dn}`),
  ];
}

function setupSteps({ chosen: { server } }: OrphanFacts): readonly string[] {
  const host = server.fqdn ?? server.name;
  return [
    `3. Run setup again${hasRole(server.roles, roleBit.edge) ? '' : ` on ${host}`}. It must no longer offer disaster recovery only. If it does: remove the role's watermark only as`,
    '   Microsoft says, and look in ExchangeSetup.log for the object that it finds.',
  ];
}
