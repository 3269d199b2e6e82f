/** What the screen shows before a question: the servers with their verdicts, and what the chosen one explains. */

import { sameDn } from '../../ad/dn.ts';
import { forestHeadline } from '../../ad/forest.ts';
import type { Exhibit, Mark, TableExhibit } from '../../change/exhibits.ts';
import { groupBy } from '../../words.ts';
import { type AsOf, type ComputerAccount, daysSince, inDays, type Verdict } from './evidence.ts';
import type { DeletionFacts, OrphanFacts, Survey, SurveyedServer } from './gather.ts';
import { leftoverTree } from './leftover-findings.ts';
import { type OrphanOptions, type SetupLog, whatLogFound } from './options.ts';
import { explanation } from './supported-ways.ts';
import { productName, rolesInWords } from './versions.ts';

type Remark = Extract<Exhibit, { kind: 'remarks' }>['rows'][number];

/** The servers of the forest; once one is chosen, what the setup log says and whether it explains setup's message. */
export function survey(facts: OrphanFacts, options?: OrphanOptions, inFull = true): readonly Exhibit[] {
  // A look that only what goes along has changed shows nothing new.
  if (options?.asked.has('also') === true) return [];
  switch (facts.kind) {
    case 'nothing to delete':
      return [];
    case 'leftovers':
      return [...remarks('forest', [{ text: headline(facts.survey) }]), ...leftoverTree(facts, inFull)];
    case 'servers':
      return [
        ...servers(facts.survey),
        ...remarks('setup-log', [
          ...(facts.notSuggested === undefined
            ? []
            : [{ text: `The setup log names ${facts.notSuggested}.`, mark: 'watch' as const }]),
          ...(facts.log === undefined || facts.suggested === undefined ? [] : logRemarks(facts.log, facts.suggested)),
        ]),
      ];
    case 'deletion':
      return [...(facts.isSecondLook ? [] : servers(facts.survey)), ...remarks('chosen', chosenRemarks(facts))];
  }
}

function chosenRemarks({ chosen, log, isSecondLook }: DeletionFacts): readonly Remark[] {
  const ofLog = log === undefined || isSecondLook ? [] : logRemarks(log, chosen);
  return [...ofLog, { text: explanation(chosen) }];
}

function remarks(id: string, rows: readonly Remark[]): readonly Exhibit[] {
  return rows.length === 0 ? [] : [{ kind: 'remarks', id, title: '', rows }];
}

/** Whether the object that the log names is the one that was chosen. */
function logRemarks(log: SetupLog, { server }: SurveyedServer): readonly Remark[] {
  const { name, dn, isInconsistentState } = log;
  const found = whatLogFound(log);
  const isOther = dn === undefined ? name?.toLowerCase() !== server.name.toLowerCase() : !sameDn(dn, server.dn);
  const names: Remark = isOther
    ? { text: `The setup log names another object: ${found}`, mark: 'watch' }
    : { text: `The setup log names ${server.name}: ${found}` };
  const state = { text: 'Setup took the server for one in an inconsistent state because of it.' };
  return [names, ...(isInconsistentState ? [state] : [])];
}

function servers(survey: Survey): readonly Exhibit[] {
  return [...remarks('forest', [{ text: headline(survey) }]), serverTable(survey)];
}

/** Which forest it is, and where that was read. */
export function headline({ forest, readFrom }: Pick<Survey, 'forest' | 'readFrom'>): string {
  return forestHeadline(forest, readFrom);
}

/** What is asked first of a server; no more than 80 columns have room for, whatever it holds. */
const columns: readonly {
  readonly heading: string;
  readonly text: (surveyed: SurveyedServer, asOf: AsOf) => string;
}[] = [
  { heading: 'Server', text: ({ server }) => nameInWords(server) },
  { heading: 'Verdict', text: ({ evidence }) => evidence.verdict },
  { heading: 'Computer account', text: ({ account }, asOf) => accountInWords(account, asOf) },
];

const markOf: Readonly<Record<Verdict, Mark>> = {
  'likely orphan': 'bad',
  'provisioned only': 'watch',
  unclear: 'unknown',
  'in use': 'good',
};

/** The table of servers, by organisation and administrative group; one without servers is shown too. */
export function serverTable({
  organisation,
  servers: all,
  ...asOf
}: Pick<Survey, 'organisation' | 'servers'> & AsOf): TableExhibit {
  const known = organisation.adminGroups.map((group): [string, readonly SurveyedServer[]] => [headingOf(group), []]);
  const groups = new Map(known);
  for (const [heading, here] of groupBy(all, ({ server }) =>
    headingOf({ name: server.adminGroup, organisation: server.organisation }),
  )) {
    groups.set(heading, here);
  }
  return {
    kind: 'table',
    id: 'servers',
    title: '',
    columns: columns.map(({ heading }) => ({ heading })),
    groups: [...groups].map(([heading, here]) => ({
      heading,
      rows: here.map((surveyed) => ({
        cells: columns.map(({ text }) => text(surveyed, asOf)),
        details: detailsOf(surveyed),
        mark: markOf[surveyed.evidence.verdict],
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
    product === 'unknown' ? 'version not known' : product,
    rolesInWords(server),
    ...(server.site === undefined ? [] : [`site ${server.site}`]),
    ...(server.created === undefined ? [] : [`created ${server.created.toISOString().slice(0, 10)}`]),
  ];
  return [about.join(' · '), ...signs('for an orphan', evidence.for), ...signs('against', evidence.against)];
}

/** The name, and whether it lost a naming conflict. */
function nameInWords({ name, isConflict }: SurveyedServer['server']): string {
  return isConflict ? `${name} (CNF)` : name;
}

/**
 * The name with as much as distinguishes it from others of the same name: the administrative group, and the
 * organisation where there are several.
 */
export function tellingName({ server }: SurveyedServer, all: readonly SurveyedServer[]): string {
  const name = nameInWords(server);
  const namesakes = all.filter((one) => one.server.name.toLowerCase() === server.name.toLowerCase());
  if (namesakes.length === 1) return name;
  const isOneOrganisation = all.every((one) => one.server.organisation === server.organisation);
  return `${name} in ${server.adminGroup}${isOneOrganisation ? '' : `, ${server.organisation}`}`;
}

/** "in use: logged on 2 days ago, DAG member" */
export function serverHint({ account, evidence }: SurveyedServer, asOf: AsOf): string {
  const signs = [...evidence.for, ...evidence.against];
  const words = signs.length === 0 ? `account ${accountInWords(account, asOf)}` : signs.join(', ');
  return `${evidence.verdict}: ${words}`;
}

function accountInWords(account: ComputerAccount, asOf: AsOf): string {
  if (account.kind === 'of another') return 'of the other of its name';
  if (account.kind !== 'present') return account.kind;
  if (account.isDisabled) return 'disabled';
  const days = daysSince(account.lastLogon, asOf.now);
  return days === Number.POSITIVE_INFINITY ? 'present, no logon known' : `present, logon ${inDays(days, asOf)}`;
}

/** The servers, the likeliest orphan first. */
export function likeliestFirst(all: readonly SurveyedServer[]): readonly SurveyedServer[] {
  return all.toSorted((one, other) => other.evidence.score - one.evidence.score);
}
