/** The table of servers, as rows of text. */

import { dnsNameOfDn } from '../../ad/dn.ts';
import { groupBy } from '../../group-by.ts';
import type { ComputerAccount } from './accounts.ts';
import { daysSince, inDays } from './evidence.ts';
import { rolesInWords } from './roles.ts';
import type { Reach, Survey, SurveyedServer } from './survey.ts';
import { productName } from './versions.ts';

const tlsWords = { ldaps: 'LDAPS', starttls: 'StartTLS', none: 'without TLS' } as const;

/** Which forest it is, and where that was read. */
export function headline({ forest }: Pick<Survey, 'forest'>, { session, isExport }: Reach): string {
  const { rootDomainNamingContext, configurationNamingContext } = forest;
  const name = dnsNameOfDn(rootDomainNamingContext ?? configurationNamingContext) ?? configurationNamingContext;
  if (isExport) return `Forest ${name}, configuration read from an export`;
  const { rootDse, identity } = session;
  const what = [...(rootDse.isGlobalCatalogReady === true ? ['GC'] : []), tlsWords[identity.tls]].join(', ');
  return `Forest ${name}, configuration read from ${rootDse.dnsHostName ?? identity.host} (${what})`;
}

/** What is asked first of a server; no more than 80 columns have room for, whatever it holds. */
const columns: readonly {
  readonly heading: string;
  readonly text: (surveyed: SurveyedServer, now: Date) => string;
}[] = [
  { heading: 'Server', text: ({ server }) => nameInWords(server) },
  { heading: 'Verdict', text: ({ evidence }) => evidence.verdict },
  { heading: 'Computer account', text: ({ account }, now) => accountInWords(account, now) },
];

/** The servers of one administrative group. */
interface ServerGroup {
  /** "Organisation Contoso, administrative group North" */
  readonly heading: string;
  readonly servers: readonly {
    readonly cells: readonly string[];
    /** What stands below its row, in full. */
    readonly details: readonly string[];
  }[];
}

/** The table of servers: the headings of its columns, and the rows by organisation and administrative group. */
export function serverTable(
  { organisation, servers }: Pick<Survey, 'organisation' | 'servers'>,
  now: Date,
): { readonly headings: readonly string[]; readonly groups: readonly ServerGroup[] } {
  const known = organisation.adminGroups.map((group): [string, SurveyedServer[]] => [headingOf(group), []]);
  const groups = new Map(known);
  for (const [heading, here] of groupBy(servers, ({ server }) =>
    headingOf({ name: server.adminGroup, organisation: server.organisation }),
  )) {
    groups.set(heading, [...here]);
  }
  return {
    headings: columns.map(({ heading }) => heading),
    groups: [...groups].map(([heading, here]) => ({
      heading,
      servers: here.map((surveyed) => ({
        cells: columns.map(({ text }) => text(surveyed, now)),
        details: detailsOf(surveyed),
      })),
    })),
  };
}

function headingOf({ name, organisation }: { readonly name: string; readonly organisation: string }): string {
  return `Organisation ${organisation}, administrative group ${name}`;
}

/** Version, roles, site and age, and what speaks for and against an orphan. */
function detailsOf({ server, evidence }: SurveyedServer): readonly string[] {
  const product = productName(server.versionNumber, server.serialNumber);
  const signs = (heading: string, words: readonly string[]): readonly string[] =>
    words.length === 0 ? [] : [`${heading}: ${words.join('; ')}`];
  const about = [
    product === 'unknown' ? 'version unknown' : product,
    rolesInWords(server.roles),
    ...(server.site === undefined ? [] : [`site ${server.site}`]),
    ...(server.created === undefined ? [] : [`created ${server.created.toISOString().slice(0, 10)}`]),
  ];
  return [about.join(' · '), ...signs('for', evidence.for), ...signs('against', evidence.against)];
}

/** The name, and whether it lost a naming conflict. */
export function nameInWords({ name, isConflict }: SurveyedServer['server']): string {
  return isConflict ? `${name} (CNF)` : name;
}

/**
 * The name with as much as tells it from the others of its name: the administrative group, and the organisation where
 * there are several.
 */
export function tellingName({ server }: SurveyedServer, all: readonly SurveyedServer[]): string {
  const name = nameInWords(server);
  const namesakes = all.filter((one) => one.server.name.toLowerCase() === server.name.toLowerCase());
  if (namesakes.length === 1) return name;
  const isOneOrganisation = all.every((one) => one.server.organisation === server.organisation);
  return `${name} in ${server.adminGroup}${isOneOrganisation ? '' : `, ${server.organisation}`}`;
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
