/** A plan in words, and what a person has to do with it, drawn from the plan alone. */

import { allowDivergent, listLingeringObjects, replicateNow } from '../../ad/repadmin.ts';
import { openBlockers } from '../../change/findings.ts';
import type { JsonValue, NextStep, Plan, RemoveLingeringChange } from '../../change/plan.ts';
import { counted, distinct, listed } from '../../words.ts';
import type { Description, Step } from '../remedy.ts';
import type { LingeringFacts } from './gather.ts';
import { hostOf, referenceNotClean, stagesOf } from './propose.ts';

/** ERROR_DS_REPL_LIFETIME_EXCEEDED, ERROR_DS_INSUFFICIENT_ATTR_TO_CREATE_OBJECT: a DC refuses a partner. */
const refusals: readonly number[] = [8614, 8606];

/** What the plan keeps for its next steps: the DCs that refuse a partner. */
export function nextStepsFor(facts: LingeringFacts): readonly NextStep[] {
  const { parties } = facts.replication;
  const refusing = parties.filter(
    ({ state }) =>
      state.kind === 'answered' && state.answer.links.some(({ lastResult }) => refusals.includes(lastResult)),
  );
  const involved = stagesOf(facts).now.flatMap(({ comparison }) => [comparison.target, comparison.reference]);
  const hosts = distinct([...refusing.map(({ domainController }) => domainController), ...involved].map(hostOf));
  return hosts.length === 0 ? [] : [{ id: 'replicate-again', hosts }];
}

/** What in the plan's steps this remedy never writes. */
export function faultsOfSteps(steps: readonly NextStep[]): readonly string[] {
  return steps.flatMap((step) =>
    step.id === 'replicate-again' && areNames(step['hosts'])
      ? []
      : [`its next step ${JSON.stringify(step.id)} is not one of this remedy`],
  );
}

function areNames(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && !/\p{Cc}/u.test(one));
}

export function describe(plan: Plan<RemoveLingeringChange>): Description {
  const { intent, changes } = plan;
  const hosts = distinct(changes.map(({ on }) => on));
  return {
    title:
      changes.length === 0
        ? 'No lingering object to remove'
        : `Hand over ${counted(changes.length, 'lingering object')} on ${listed(hosts, 3)}`,
    summary: [
      { name: 'Reference', value: textOf(intent['reference']) },
      { name: 'Compared with', value: namesOf(intent['targets']) },
      { name: 'Partitions', value: namesOf(intent['partitions']) },
      { name: 'Written by this tool', value: 'nothing: each DC removes its own lingering objects' },
    ],
    changes: [],
    nextSteps: changes.length === 0 ? [] : openBlockers(plan.findings).length > 0 ? blockedSteps : removalSteps(plan),
  };
}

const blockedSteps: readonly Step[] = [
  {
    text: 'A blocker stops the removal: do what it says, then look for lingering objects again. Until then no command is given, as a wrong reference would have good objects removed without a tombstone.',
    commands: [],
  },
];

function removalSteps({ changes, findings, nextSteps }: Plan<RemoveLingeringChange>): readonly Step[] {
  const requests = distinct(
    changes.map(({ on, reference, namingContext }) => ({
      destination: on,
      sourceDsaGuid: reference.dsaGuid,
      namingContext,
    })),
    ({ destination, sourceDsaGuid, namingContext }) => [destination, sourceDsaGuid, namingContext].join('\n'),
  );
  const advisory = requests.map(listLingeringObjects);
  const hosts = nextSteps.flatMap(({ hosts: named }) => namesIn(named));
  const isReferenceFirst = findings.some(({ id }) => id === referenceNotClean);
  return [
    {
      text: 'List them with Windows’ own tool. Each command must report exactly the objects of this plan, in events 1946 of the Directory Service log of the DC that it names. If the lists differ, stop.',
      commands: advisory,
    },
    {
      text: 'If the lists are the same, remove them (events 1945). Or import the LDIF of the change folder on each DC, which removes exactly this list: ldifde -i -s DC -f change.ldf. A removed object leaves no tombstone; backup/before.ldf holds its attributes.',
      commands: advisory.map((command) => command.replace(/ \/advisory_mode$/, '')),
    },
    isReferenceFirst
      ? {
          text: 'The reference was not clean. Look for lingering objects again: only then is the removal from the other DCs written.',
          commands: [],
        }
      : {
          text: 'Where a DC refuses its partner as silent for too long (event 2042, error 8614), let it replicate once, and forbid it again (KB 2020053):',
          commands: hosts.flatMap((host) => [
            allowDivergent(host, true),
            replicateNow(host),
            allowDivergent(host, false),
          ]),
        },
    {
      text: 'Make every DC refuse lingering objects from now on. Change the tombstone lifetime only when another look finds none.',
      commands: ['repadmin /regkey * +strict'],
    },
  ];
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : 'not known';
}

function namesIn(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one: JsonValue) => typeof one === 'string') : [];
}

function namesOf(value: JsonValue | undefined): string {
  return namesIn(value).join(' · ');
}
