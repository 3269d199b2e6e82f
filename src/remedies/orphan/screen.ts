/** The table of servers, as rows of text. */

import type { ComputerAccount } from './accounts.ts';
import { daysSince, inDays } from './evidence.ts';
import type { SurveyedServer } from './gather.ts';
import { rolesInWords } from './roles.ts';
import { versionInWords } from './versions.ts';

export const serverHeadings: readonly string[] = [
  'Server',
  'Verdict',
  'Computer account',
  'Version',
  'Roles',
  'Site',
  'Created',
  'Admin group',
];

/** One row a server, in the order of the headings. */
export function serverRow({ server, account, evidence }: SurveyedServer, now: Date): readonly string[] {
  return [
    server.isConflict ? `${server.name} (conflict)` : server.name,
    evidence.verdict,
    accountInWords(account, now),
    versionInWords(server.versionNumber, server.serialNumber),
    rolesInWords(server.roles),
    server.site ?? '',
    server.created?.toISOString().slice(0, 10) ?? '',
    server.adminGroup,
  ];
}

export function accountInWords(account: ComputerAccount, now: Date): string {
  if (account.kind !== 'present') return account.kind;
  if (account.isDisabled) return 'disabled';
  const days = daysSince(account.lastLogon, now);
  return days === Number.POSITIVE_INFINITY ? 'present, no logon known' : `present, logon ${inDays(days)}`;
}

/** The servers, the likeliest orphan first. */
export function likeliestFirst(servers: readonly SurveyedServer[]): readonly SurveyedServer[] {
  return servers.toSorted((one, other) => other.evidence.score - one.evidence.score);
}
