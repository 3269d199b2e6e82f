/**
 * orphan: delete the object of an Exchange server, with everything that would be left dangling. The remedy, its wizard, and
 * what the screen shows before each question.
 */

import { parentDn, rdnOf, sameDn } from '../../ad/dn.ts';
import { forestHeadline } from '../../ad/forest.ts';
import { probedPorts } from '../../ad/locate.ts';
import type { Exhibit, Mark, TableExhibit } from '../../change/exhibits.ts';
import type { DirectoryChange } from '../../change/plan.ts';
import type { Prompter } from '../../terminal/prompter.ts';
import { groupBy, listed } from '../../words.ts';
import type { Answer, Asking, Remedy } from '../remedy.ts';
import { assess } from './assess.ts';
import { clearable, permits, propose } from './changes.ts';
import { describe, nextStepsOf, serverDeletedBy } from './describe.ts';
import { steps } from './finding-steps.ts';
import { flags } from './flags.ts';
import { type DeletionFacts, gather, type OrphanFacts } from './gather.ts';
import { leftoverTree } from './leftovers.ts';
import { type Along, type OrphanOptions, readOptions, type SetupLog, whatLogFound } from './options.ts';
import { type AdminGroup, productName, rolesInWords } from './organisation.ts';
import { proofOf } from './proof.ts';
import { explanation, type SupportedWay, supportedSteps, waysFor } from './supported-ways.ts';
import {
  type AsOf,
  type ComputerAccount,
  daysSince,
  inDays,
  type Survey,
  type SurveyedServer,
  type Verdict,
} from './survey.ts';

/** The remedy, as the contract has it; each method is described there. */
export const orphan: Remedy<OrphanOptions, OrphanFacts, DirectoryChange> = {
  flags,
  readOptions,
  gather: (world, scope, known) => {
    if (world.kind !== 'directory') throw new Error('orphan is a remedy on a directory');
    return gather(world, scope, known);
  },
  survey,
  ask,
  propose,
  assess,
  record: (facts) => ({
    exhibits: survey(facts),
    nextSteps: facts.kind === 'deletion' ? nextStepsOf(facts) : [],
  }),
  describe,
  stepOf: steps.inWords,
  permits,
  confirm: serverDeletedBy,
  verify: proofOf,
  practice: {
    about:
      'A forest of five domain controllers, corp.example.com, with Exchange: EX04 is left over from a failed install.',
    given: () => [],
    dryRun: ['--name', 'EX04'],
  },
};

/**
 * Asks for the server; then, in the wizard, for a supported way, for what goes along and for the references to keep. A
 * question that a flag answers is not asked. Throws UsageError if no question can be asked.
 */
async function ask(
  facts: OrphanFacts,
  options: OrphanOptions,
  { prompter, isWizard }: Asking,
): Promise<Answer<OrphanOptions>> {
  if (facts.kind === 'servers') {
    const chosen = await askServer(facts.survey, facts.suggested, prompter);
    if (chosen === 'leftovers') return { kind: 'look-again', options: { ...options, leftovers: true } };
    const { server } = chosen;
    const probe = options.probe || (isWizard && (await askProbe(chosen, facts.survey, prompter)));
    return { kind: 'look-again', options: { ...options, probe, wanted: { kind: 'dn', dn: server.dn } } };
  }
  if (facts.kind !== 'deletion' || !isWizard) return { kind: 'settled', options };
  if (!options.asked.has('way')) {
    const way = await askSupportedWay(facts, prompter);
    if (way !== 'none') return { kind: 'other-way', steps: supportedSteps(facts) };
  }
  // If a blocker stops the change whatever the answers are, no more questions are asked.
  const findings = assess(facts, propose(facts, options));
  if (findings.some(({ level, acceptable }) => level === 'blocker' && !acceptable)) return { kind: 'settled', options };
  if (!options.asked.has('also')) {
    const also = await askAlso(facts, options, prompter);
    // The references depend on what is deleted with the server.
    if (also !== undefined)
      return { kind: 'look-again', options: { ...options, also, asked: new Set(['way', 'also']) } };
  }
  return { kind: 'settled', options: { ...options, keep: await askWhatToKeep(facts, options, prompter) } };
}

/**
 * Asks which server object; the likeliest orphan is offered first, and typing narrows the list. If none looks like an
 * orphan, the choice that deletes nothing is offered first.
 */
function askServer(
  { servers, ...asOf }: Survey,
  suggested: SurveyedServer | undefined,
  prompter: Prompter,
): Promise<SurveyedServer | 'leftovers'> {
  const likeliest = servers.toSorted((one, other) => other.evidence.score - one.evidence.score);
  const first = suggested ?? likeliest.find(({ evidence }) => offered.has(evidence.verdict));
  return prompter.select<SurveyedServer | 'leftovers'>({
    id: 'orphan.server',
    message:
      first === undefined
        ? 'No server looks like an orphan. Which server object is it?'
        : 'Which server object is the orphan?',
    flag: '--name SERVER, --dn DN or --leftovers',
    filterable: true,
    initial: first === undefined ? servers.length : servers.indexOf(first),
    choices: servers.map((one) => ({ value: one, label: distinctiveName(one, servers), hint: serverHint(one, asOf) })),
    noneOfThese: {
      value: 'leftovers',
      label: 'None of them',
      hint: 'clear the references that earlier manual deletions left behind',
    },
  });
}

/** Asks whether to try the server's ports, if there is a network and the directory leaves doubt. */
async function askProbe(
  { server, evidence }: SurveyedServer,
  { target }: Survey,
  prompter: Prompter,
): Promise<boolean> {
  if (target.connection.kind !== 'server' || !offered.has(evidence.verdict)) return false;
  return prompter.confirm({
    id: 'orphan.probe',
    message: `Also try whether ${server.fqdn ?? server.name} answers on the network (ports ${listed(probedPorts.map(String))})?`,
    flag: '--probe',
  });
}

/** Verdicts of servers that are offered first. */
const offered: ReadonlySet<Verdict> = new Set(['likely orphan', 'provisioned only', 'unclear']);

/**
 * Asks whether one of the ways that Microsoft supports is open. They find a server by its name, so a shared name has
 * none.
 */
async function askSupportedWay(facts: DeletionFacts, prompter: Prompter): Promise<SupportedWay | 'none'> {
  const ways = waysFor(facts);
  if (ways.length === 0) return 'none';
  return prompter.select<SupportedWay | 'none'>({
    id: 'orphan.supported-way',
    message: `Microsoft supports other ways than deleting ${facts.chosen.server.name}. Can you use one of them?`,
    flag: '--name SERVER',
    choices: [
      ...ways.map(({ way, label, hint }) => ({ value: way, label, hint })),
      { value: 'none', label: 'None of them: plan the deletion' },
    ],
  });
}

/** Asks what to delete with the server; undefined if there is nothing beyond the options. */
async function askAlso(
  { along, companions }: DeletionFacts,
  { also }: OrphanOptions,
  prompter: Prompter,
): Promise<ReadonlySet<Along> | undefined> {
  const free = companions.filter((one) => one.kind !== 'copy' && one.hindrance === undefined && !along.includes(one));
  if (free.length === 0) return undefined;
  const chosen = await prompter.multiselect<Along>({
    id: 'orphan.also',
    message: 'These would be left behind unused. Which of them do you want to delete too?',
    flag: '--also WHAT',
    choices: (['database', 'servers-container'] as const)
      .filter((along) => free.some(({ kind }) => kind === along))
      .map((along) => ({
        value: along,
        label:
          along === 'database' ? 'Databases without a mailbox' : 'The empty CN=Servers of the administrative group',
        hint: listed(
          free
            .filter(({ kind }) => kind === along)
            .map(({ dn }) => rdnOf(along === 'database' ? dn : (parentDn(dn) ?? dn)).value),
          5,
        ),
      })),
    initial: [],
  });
  return chosen.length === 0 ? undefined : new Set([...also, ...chosen]);
}

/** Asks which of the references that would dangle to clear; at first all except those of --keep. Gives those to keep. */
async function askWhatToKeep(
  facts: DeletionFacts,
  { keep }: OrphanOptions,
  prompter: Prompter,
): Promise<readonly string[]> {
  // A linked value goes with its target, whatever is chosen.
  const referrers = clearable(facts).filter(({ reference }) => reference.kind !== 'linked');
  if (referrers.length === 0) return keep;
  const cleared = await prompter.multiselect({
    id: 'orphan.clean-up',
    message: 'These would be left pointing at a deleted entry. Which of them do you want to clear?',
    choices: referrers.map(({ id, dn, reference }) => ({
      value: id,
      label: `${reference.attribute} of ${rdnOf(dn).value}`,
      hint: `${reference.who}, in ${rdnOf(parentDn(dn) ?? dn).value}`,
    })),
    initial: referrers.map(({ id }) => id).filter((id) => !keep.includes(id)),
  });
  return referrers.map(({ id }) => id).filter((id) => !cleared.includes(id));
}

type Remark = Extract<Exhibit, { kind: 'remarks' }>['rows'][number];

/** The servers of the forest; once one is chosen, what the setup log says and whether it explains setup's message. */
function survey(facts: OrphanFacts, options?: OrphanOptions, inFull = true): readonly Exhibit[] {
  // If only the choice of what to delete with the server has changed, there is nothing new to show.
  if (options?.asked.has('also') === true) return [];
  switch (facts.kind) {
    case 'nothing to delete':
      return [];
    case 'leftovers':
      return [headline(facts.survey), ...leftoverTree(facts, inFull)];
    case 'servers': {
      const { log, notSuggested, suggested } = facts;
      return [
        ...servers(facts.survey),
        ...remarks('setup-log', [
          ...(notSuggested === undefined
            ? []
            : [{ text: `The setup log names ${notSuggested}.`, mark: 'watch' as const }]),
          ...(log === undefined || suggested === undefined ? [] : logRemarks(log, suggested)),
        ]),
      ];
    }
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
  const state = { text: 'Because of it, setup reported the server as inconsistent.' };
  return [names, ...(isInconsistentState ? [state] : [])];
}

function servers(survey: Survey): readonly Exhibit[] {
  return [headline(survey), serverTable(survey)];
}

/** Which forest it is, and where that was read. */
function headline({ forest, readFrom }: Survey): Exhibit {
  return { kind: 'remarks', id: 'forest', title: '', rows: [{ text: forestHeadline(forest, readFrom) }] };
}

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
  const withServers = groupBy(all, ({ server: { adminGroup: name, organisation } }) =>
    headingOf({ name, organisation }),
  );
  const groups = new Map<string, readonly SurveyedServer[]>([
    ...organisation.adminGroups.map((group) => [headingOf(group), []] as const),
    ...withServers,
  ]);
  return {
    kind: 'table',
    id: 'servers',
    title: '',
    // The most important facts about a server: 80 columns have no room for more.
    columns: [{ heading: 'Server' }, { heading: 'Verdict' }, { heading: 'Computer account' }],
    groups: [...groups].map(([heading, here]) => ({
      heading,
      rows: here.map((surveyed) => ({
        cells: [nameInWords(surveyed.server), surveyed.evidence.verdict, accountInWords(surveyed.account, asOf)],
        details: detailsOf(surveyed),
        mark: markOf[surveyed.evidence.verdict],
      })),
    })),
  };
}

function headingOf({ name, organisation }: AdminGroup): string {
  return `Organisation ${organisation}, administrative group ${name}`;
}

/** Version, roles, site and age, and the signs for and against an orphan. */
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
export function distinctiveName({ server }: SurveyedServer, all: readonly SurveyedServer[]): string {
  const name = nameInWords(server);
  const namesakes = all.filter((one) => one.server.name.toLowerCase() === server.name.toLowerCase());
  if (namesakes.length === 1) return name;
  const isOneOrganisation = all.every((one) => one.server.organisation === server.organisation);
  return `${name} in ${server.adminGroup}${isOneOrganisation ? '' : `, ${server.organisation}`}`;
}

/** "in use: logged on 2 days ago, DAG member" */
function serverHint({ account, evidence }: SurveyedServer, asOf: AsOf): string {
  const signs = [...evidence.for, ...evidence.against];
  const words = signs.length === 0 ? `account ${accountInWords(account, asOf)}` : signs.join(', ');
  return `${evidence.verdict}: ${words}`;
}

function accountInWords(account: ComputerAccount, asOf: AsOf): string {
  if (account.kind === 'of another') return 'belongs to another server object';
  if (account.kind !== 'present') return account.kind;
  if (account.isDisabled) return 'disabled';
  const days = daysSince(account.lastLogon, asOf.now);
  return days === Number.POSITIVE_INFINITY ? 'present, last logon not known' : `present, logon ${inDays(days, asOf)}`;
}
