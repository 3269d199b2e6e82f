/** Signs of a machine that is in use. */

import type { Conclusion } from './conclusion.ts';
import { daysSince, hasLoggedOnLately, inDays } from './evidence.ts';
import type { OrphanFacts } from './gather.ts';

/** An account that logs on, and ports that answer: blockers that may be accepted. */
export function liveBlockers({ chosen, probe, now }: OrphanFacts): readonly Conclusion[] {
  const { account, server } = chosen;
  const open = probe?.kind === 'probed' ? probe.open : [];
  return [
    ...(hasLoggedOnLately(account, now) && account.kind === 'present'
      ? [
          {
            id: 'live-account',
            level: 'blocker',
            title: `The server's computer account is enabled and logged on ${inDays(daysSince(account.lastLogon, now))}`,
            detail: `The machine seems to be in use. Look at it: Get-Service -ComputerName ${server.fqdn ?? server.name} MSExchange*. ${account.sharedWith.length === 0 ? 'If it is no Exchange server any more, accept this.' : 'The account may be that of another server object: if it is, accept this.'}`,
            evidence: [account.dn, ...account.sharedWith.map((dn) => `may be that of ${dn}`)],
            acceptable: true,
          } as const,
        ]
      : []),
    ...(open.length === 0
      ? []
      : [
          {
            id: 'open-ports',
            level: 'blocker',
            title: `${server.fqdn ?? server.name} answers on port ${open.join(', ')}`,
            detail: `A machine of this name is running. Look whether Exchange runs on it: Get-Service -ComputerName ${server.fqdn ?? server.name} MSExchange*. If not, accept this.`,
            evidence: open.map((port) => `${probe?.kind === 'probed' ? probe.address : ''}:${port}`),
            acceptable: true,
          } as const,
        ]),
  ];
}
