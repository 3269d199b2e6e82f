/** The questions of the orphan remedy. What a flag has answered is not asked. */

import { parentDn, rdnOf } from '../../ad/dn.ts';
import { probedPorts } from '../../ad/locate.ts';
import type { Prompter } from '../../terminal/prompter.ts';
import { distinct, listed } from '../../words.ts';
import type { Answer, Asking } from '../remedy.ts';
import { assess } from './assess.ts';
import { clearable, propose } from './changes.ts';
import type { Verdict } from './evidence.ts';
import type { DeletionFacts, OrphanFacts, Survey, SurveyedServer } from './gather.ts';
import type { Along, OrphanOptions } from './options.ts';
import { type SupportedWay, supportedSteps, waysFor } from './supported-ways.ts';
import { likeliestFirst, serverHint, tellingName } from './survey.ts';

/** Asks for the server; then, in the wizard, for a supported way and for the references to keep. */
export async function ask(
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
  // Nothing more is asked of a change that a blocker stops whatever the answers are.
  const findings = assess(facts, propose(facts, options));
  if (findings.some(({ level, acceptable }) => level === 'blocker' && !acceptable)) return { kind: 'settled', options };
  if (!options.asked.has('also')) {
    const also = await askAlso(facts, options, prompter);
    // What goes along changes what refers to it.
    if (also !== undefined)
      return { kind: 'look-again', options: { ...options, also, asked: new Set(['way', 'also']) } };
  }
  return { kind: 'settled', options: { ...options, keep: await askWhatToKeep(facts, options, prompter) } };
}

/**
 * Asks which server object; the likeliest orphan is offered first, and typing narrows the list. Where none looks like an
 * orphan, what deletes nothing is offered first.
 */
function askServer(
  { servers, ...asOf }: Survey,
  suggested: SurveyedServer | undefined,
  prompter: Prompter,
): Promise<SurveyedServer | 'leftovers'> {
  const likeliest = likeliestFirst(servers).find(({ evidence }) => offered.has(evidence.verdict));
  const first = suggested ?? likeliest;
  return prompter.select<SurveyedServer | 'leftovers'>({
    id: 'orphan.server',
    message:
      first === undefined
        ? 'No server looks like an orphan. Which server object is it?'
        : 'Which server object is the orphan?',
    flag: '--name SERVER, --dn DN or --leftovers',
    filterable: true,
    initial: first === undefined ? servers.length : servers.indexOf(first),
    choices: servers.map((one) => ({ value: one, label: tellingName(one, servers), hint: serverHint(one, asOf) })),
    noneOfThese: {
      value: 'leftovers',
      label: 'None of them',
      hint: 'clear the references that earlier deletions by hand left behind',
    },
  });
}

/** Asks whether the server's ports are tried, where there is a network and the directory alone leaves doubt. */
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

/** Asks whether one of the ways that Microsoft supports is open. They find a server by its name: none for a shared one. */
async function askSupportedWay(facts: DeletionFacts, prompter: Prompter): Promise<SupportedWay | 'none'> {
  const ways = waysFor(facts);
  if (ways.length === 0) return 'none';
  return prompter.select<SupportedWay | 'none'>({
    id: 'orphan.supported-way',
    message: `Microsoft supports other ways than deleting ${facts.chosen.server.name}. Is one of them open to you?`,
    flag: '--name SERVER',
    choices: [
      ...ways.map(({ way, label, hint }) => ({ value: way, label, hint })),
      { value: 'none', label: 'None of them: plan the deletion' },
    ],
  });
}

/** Asks what goes with the server; undefined if nothing more than the options say. */
async function askAlso(
  { along, companions }: DeletionFacts,
  { also }: OrphanOptions,
  prompter: Prompter,
): Promise<ReadonlySet<Along> | undefined> {
  const free = companions.filter((one) => one.kind !== 'copy' && one.hindrance === undefined && !along.includes(one));
  if (free.length === 0) return undefined;
  const chosen = await prompter.multiselect<Along>({
    id: 'orphan.also',
    message: 'These are left behind without use. Which of them do you want to delete too?',
    flag: '--also WHAT',
    choices: distinct(free.map(({ kind }) => kind)).flatMap((kind) =>
      kind === 'copy'
        ? []
        : [
            {
              value: kind,
              label:
                kind === 'database'
                  ? 'Databases without a mailbox'
                  : 'The empty CN=Servers of the administrative group',
              hint: listed(
                free
                  .filter((one) => one.kind === kind)
                  .map(({ dn }) => rdnOf(kind === 'database' ? dn : (parentDn(dn) ?? dn)).value),
                5,
              ),
            },
          ],
    ),
    initial: [],
  });
  return chosen.length === 0 ? undefined : new Set([...also, ...chosen]);
}

/** Asks which of the references that would dangle are cleared; all but those of --keep at first. Gives those to keep. */
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
