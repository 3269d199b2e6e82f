/** The lingering remedy, and its plans in words: title, summary, and the next steps, which the plan keeps as data. */

import { hostOf } from '../../ad/forest.ts';
import {
  importRemoval,
  type LingeringObjectsRequest,
  listLingeringObjects,
  removeLingeringObjects,
  replicateDivergentOnce,
  strictOnAllDcs,
} from '../../ad/repadmin.ts';
import type { NextStep } from '../../change/findings.ts';
import { openBlockers } from '../../change/findings.ts';
import { removalFiles } from '../../change/folder.ts';
import { type JsonValue, stringsIn } from '../../change/json-shape.ts';
import { faultsOfNextSteps, type NextStepShapes, type Plan, type RemoveLingeringChange } from '../../change/plan.ts';
import { counted, distinct, groupBy, listed, withAsciiForm } from '../../words.ts';
import type { Description, Remedy, Step } from '../remedy.ts';
import { assess, notProvable, othersNotClean } from './assess.ts';
import type { Comparison } from './compare.ts';
import { flags, type GivenFlags, type LingeringOptions, readOptions } from './flags.ts';
import { gather, type LingeringFacts, optionsOf } from './gather.ts';
import { faultsOfPlan, propose, referenceNotClean, stagesOf } from './propose.ts';
import { ask, recordedExhibits, survey } from './survey.ts';
import type { Verdict } from './verdicts.ts';

/** Finds lingering objects over LDAP alone, and hands them over to be removed by their own DCs. */
export const lingering: Remedy<LingeringOptions, LingeringFacts, RemoveLingeringChange> = {
  flags,
  readOptions: async (given) => readOptions(given as GivenFlags),
  gather: async (world, scope, known) => {
    if (world.kind !== 'directory') throw new TypeError('lingering objects are in a directory');
    return gather(world, scope, known);
  },
  survey,
  ask,
  propose,
  assess,
  record: (facts) => ({ exhibits: recordedExhibits(facts), nextSteps: nextStepsFor(facts) }),
  describe,
  permits: (plan) => [...faultsOfPlan(plan), ...faultsOfSteps(plan.nextSteps)],
  handOver: {
    optionsOf,
    isProven: ({ findings }) => !findings.some(({ id }) => id === notProvable || id === othersNotClean),
  },
  practice: {
    about: 'A DC that kept objects whose deletion and tombstone are gone on the others.',
    given: () => [],
    dryRun: ['--reference', 'dc1.corp.example.com'],
  },
};

/** ERROR_DS_REPL_LIFETIME_EXCEEDED, ERROR_DS_INSUFFICIENT_ATTR_TO_CREATE_OBJECT: a DC refuses a partner. */
const refusals: readonly number[] = [8614, 8606];

/**
 * Data for the next steps: the DCs that refuse a partner, and objects that repadmin lists in addition to the plan's.
 */
export function nextStepsFor(facts: LingeringFacts): readonly NextStep[] {
  const { parties } = facts.replication;
  const refusing = parties.filter(
    ({ state }) =>
      state.kind === 'answered' && state.answer.links.some(({ lastResult }) => refusals.includes(lastResult)),
  );
  const { now } = stagesOf(facts);
  const involved = now.flatMap(({ comparison }) => [comparison.target, comparison.reference]);
  const hosts = distinct([...refusing.map(({ domainController }) => domainController), ...involved].map(hostOf));
  return [
    ...[...groupBy(now, ({ comparison }) => comparison)].flatMap(([comparison, these]) =>
      listedToo(comparison, new Set(these.map(({ guid }) => guid))),
    ),
    ...(hosts.length === 0 ? [] : [{ id: 'replicate-again', hosts }]),
  ];
}

/**
 * repadmin lists a restored object as lingering, as the reference has no trace of it; and one that lingers by several DCs
 * for each of them, while the plan has it removed once.
 */
function listedToo(comparison: Comparison, inPlan: ReadonlySet<string>): readonly NextStep[] {
  const { target, reference, namingContext } = comparison;
  const { dsaGuid } = reference;
  if (comparison.kind !== 'compared' || dsaGuid === undefined) return [];
  const dnsOf = (verdict: Verdict): readonly string[] =>
    comparison.objects.filter((one) => one.verdict === verdict && !inPlan.has(one.guid)).map(({ dn }) => dn);
  const restored = dnsOf('undeleted');
  const again = dnsOf('lingering');
  if (restored.length + again.length === 0) return [];
  return [{ id: 'listed-too', host: hostOf(target), dsaGuid, namingContext, restored, again }];
}

/** Steps in the plan that this remedy never writes. */
export function faultsOfSteps(steps: readonly NextStep[]): readonly string[] {
  return faultsOfNextSteps(steps, stepShapes);
}

const name = /^\P{Cc}*$/u;

const stepShapes: NextStepShapes = {
  'replicate-again': { members: { hosts: { items: name } } },
  'listed-too': {
    members: {
      host: name,
      dsaGuid: name,
      namingContext: name,
      restored: { items: name },
      again: { items: name },
    },
  },
};

/** Title, summary and next steps; no command while a blocker is open. */
export function describe(plan: Plan<RemoveLingeringChange>): Description {
  const { intent, changes } = plan;
  const hosts = distinct(changes.map(({ on }) => withAsciiForm(on)));
  const unproven = plan.findings.flatMap(({ id, subjects }) => (id === notProvable ? subjects : []));
  return {
    title:
      changes.length === 0
        ? 'No lingering object to remove'
        : `Hand over ${counted(changes.length, 'lingering object')} on ${listed(hosts, 3)}`,
    summary: [
      { name: 'Reference', value: textOf(intent['reference']) },
      { name: 'Targets', value: namesOf(intent['targets']) },
      intent['alsoCompared'] !== undefined && {
        name: 'Compared, not a target',
        value: namesOf(intent['alsoCompared']),
      },
      unproven.length > 0 && { name: 'Not provable on', value: unproven.join(' · ') },
      { name: 'Partitions', value: namesOf(intent['partitions']) },
      ...countsByDc(plan),
      { name: 'Written by this tool', value: 'nothing: each DC removes its own lingering objects' },
    ].filter((one) => one !== false),
    changes: [],
    nextSteps: changes.length === 0 ? [] : openBlockers(plan.findings).length > 0 ? blockedSteps : removalSteps(plan),
  };
}

/** How many objects there are on each DC in each naming context, before any list. */
function countsByDc({ changes }: Plan<RemoveLingeringChange>): Description['summary'] {
  return [...groupBy(changes, ({ on }) => on)].map(([host, all]) => ({
    name: `Lingering on ${host}`,
    value: [...groupBy(all, ({ namingContext }) => namingContext)]
      .map(([namingContext, these]) => `${counted(these.length, 'object')} in ${namingContext}`)
      .join(' · '),
  }));
}

const blockedSteps: readonly Step[] = [
  {
    text: 'A blocker stops the removal: do what it says, then search for lingering objects again. Until then no commands are given, because with a wrong reference they would remove good objects without a tombstone.',
    commands: [],
  },
];

/** One command of repadmin: a DC is cleaned in a naming context against another one. */
interface Request extends LingeringObjectsRequest {
  readonly reference: string;
  /** How many objects of the plan it removes. */
  readonly count: number;
  /** DNs of restored objects, and of objects that another command is about, which it lists too. */
  readonly restored: readonly string[];
  readonly again: readonly string[];
}

function requestsOf({ changes, nextSteps }: Plan<RemoveLingeringChange>): readonly Request[] {
  const keyOf = (words: readonly (JsonValue | undefined)[]): string => words.join('\n');
  const more = new Map(
    nextSteps.flatMap((step) =>
      step.id === 'listed-too' ? [[keyOf([step['host'], step['dsaGuid'], step['namingContext']]), step] as const] : [],
    ),
  );
  const groups = groupBy(changes, ({ on, reference, namingContext }) => keyOf([on, reference.dsaGuid, namingContext]));
  return [...groups].flatMap(([key, all]) => {
    const [first] = all;
    if (first === undefined) return [];
    const { on, reference, namingContext } = first;
    const step = more.get(key);
    return [
      {
        destination: on,
        sourceDsaGuid: reference.dsaGuid,
        namingContext,
        reference: reference.host,
        count: all.length,
        restored: stringsIn(step?.['restored']),
        again: stringsIn(step?.['again']),
      },
    ];
  });
}

function removalSteps(plan: Plan<RemoveLingeringChange>): readonly Step[] {
  const requests = requestsOf(plan);
  const hosts = distinct(requests.map(({ destination }) => destination));
  const refusing = plan.nextSteps.flatMap(({ hosts: named }) => stringsIn(named));
  const isReferenceFirst = plan.findings.some(({ id }) => id === referenceNotClean);
  return [
    {
      text: "List the objects with Windows' own tool: each command below, in events 1946 of the Directory Service log of the DC that it names. Stop if a command lists fewer objects than its line below says, or other objects.",
      lines: requests.flatMap(linesOf),
      commands: requests.map(listLingeringObjects),
    },
    {
      text: 'If the lists are the same, remove the objects. Either use repadmin, which removes everything that it lists (events 1945):',
      lines: requests
        .filter(({ restored }) => restored.length > 0)
        .map((one) => `Not on ${placeOf(one)}: repadmin would remove the restored objects too. Use the LDIF there.`),
      commands: requests.filter(({ restored }) => restored.length === 0).map(removeLingeringObjects),
    },
    {
      text: 'Or use the LDIF of the change folder, which removes exactly the objects of this plan. A removed object leaves no tombstone; backup/before.ldf holds its attributes.',
      commands: [...removalFiles(hosts)].map(([host, file]) => importRemoval(host, file)),
    },
    isReferenceFirst
      ? {
          text: 'The reference was not clean. Search for lingering objects again: the removal from the other DCs is written only then.',
          commands: [],
        }
      : {
          text: 'If a DC refuses a partner that has not replicated for too long (event 2042, error 8614), let it replicate once, then forbid it again (KB 2020053):',
          commands: refusing.flatMap(replicateDivergentOnce),
        },
    {
      text: 'Make every DC refuse lingering objects from now on. Change the tombstone lifetime only after another search finds none.',
      commands: [strictOnAllDcs],
    },
  ];
}

/** The objects that a command must list: those of the plan, and others with the reason. */
function linesOf(request: Request): readonly string[] {
  const { count, restored, again } = request;
  return [
    `On ${placeOf(request)}: the ${counted(count, 'object')} of this plan`,
    ...restored.map((dn) => `and ${dn}: restored there, but lingering to repadmin`),
    ...again.map((dn) => `and ${dn}: another command removes it`),
  ];
}

function placeOf({ destination, reference, namingContext }: Request): string {
  return `${withAsciiForm(destination)} against ${withAsciiForm(reference)} in ${namingContext}`;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : 'not known';
}

function namesOf(value: JsonValue | undefined): string {
  return stringsIn(value).join(' · ');
}
