/** The table of servers, as rows of text. */

import type { ComputerAccount } from './accounts.ts';
import { daysSince, inDays } from './evidence.ts';
import type { SurveyedServer } from './gather.ts';
import { rolesInWords } from './roles.ts';
import { productName } from './versions.ts';

interface ServerColumn {
  readonly heading: string;
  readonly text: (surveyed: SurveyedServer, now: Date) => string;
}

const columns: readonly ServerColumn[] = [
  { heading: 'Server', text: ({ server }) => (server.isConflict ? `${server.name} (CNF)` : server.name) },
  { heading: 'Verdict', text: ({ evidence }) => evidence.verdict },
  { heading: 'Computer account', text: ({ account }, now) => accountInWords(account, now) },
  { heading: 'Site', text: ({ server }) => server.site ?? '' },
  { heading: 'Created', text: ({ server }) => server.created?.toISOString().slice(0, 10) ?? '' },
];

const adminGroupColumn: ServerColumn = { heading: 'Admin group', text: ({ server }) => server.adminGroup };

/** What stands below a server's row, in full: version and roles, and what speaks for and against an orphan. */
function detailsOf({ server, evidence }: SurveyedServer): readonly string[] {
  const product = productName(server.versionNumber, server.serialNumber);
  const version = product === 'unknown' ? 'version unknown' : product;
  const signs = (heading: string, words: readonly string[]): readonly string[] =>
    words.length === 0 ? [] : [`${heading}: ${words.join('; ')}`];
  return [
    `${version} · ${rolesInWords(server.roles)}`,
    ...signs('for', evidence.for),
    ...signs('against', evidence.against),
  ];
}

/** The table of servers: headings, a row each, and the details of each. The admin group shows where it tells servers of one name apart. */
export function serverTable(
  servers: readonly SurveyedServer[],
  now: Date,
): {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly details: readonly (readonly string[])[];
} {
  const names = new Set(servers.map(({ server }) => server.name.toLowerCase()));
  const shown = names.size === servers.length ? columns : [...columns, adminGroupColumn];
  return {
    headings: shown.map(({ heading }) => heading),
    rows: servers.map((surveyed) => shown.map(({ text }) => text(surveyed, now))),
    details: servers.map(detailsOf),
  };
}

export function accountInWords(account: ComputerAccount, now: Date): string {
  if (account.kind === 'of another') return 'of the other of its name';
  if (account.kind !== 'present') return account.kind;
  if (account.isDisabled) return 'disabled';
  const days = daysSince(account.lastLogon, now);
  return days === Number.POSITIVE_INFINITY ? 'present, no logon known' : `present, logon ${inDays(days)}`;
}

/** The servers, the likeliest orphan first. */
export function likeliestFirst(servers: readonly SurveyedServer[]): readonly SurveyedServer[] {
  return servers.toSorted((one, other) => other.evidence.score - one.evidence.score);
}
