/** The tombstone remedy, and its plans in words: title, summary, and the next steps, which the plan keeps as data. */

import { garbageCollectionHours } from '../../ad/deleted-object-lifetime.ts';
import {
  type LingeringObjectsRequest,
  listLingeringObjects,
  removeMetadata,
  replicateDivergentOnce,
  showAttribute,
  showReplication,
  strictOnAllDcs,
} from '../../ad/repadmin.ts';
import { type Comparable, cleaningRequests, comparisonsFor } from '../../ad/replication-islands.ts';
import { answerOf, lifetimeExceeded, type Party } from '../../ad/replication-news.ts';
import type { NextStep } from '../../change/findings.ts';
import type { JsonValue } from '../../change/json-shape.ts';
import { faultsOfNextSteps, type NextStepShapes, type Plan, type Proposal } from '../../change/plan.ts';
import { hostPattern } from '../../quoting.ts';
import { capitalised, counted, listed } from '../../words.ts';
import type { ComparedControllers, Description, Leads, Remedy, Step } from '../remedy.ts';
import { assess } from './assess.ts';
import { suspectedSources } from './assess-links.ts';
import {
  type Effect,
  effectOf,
  faultsOfPlan,
  type NewDays,
  proofOf,
  propose,
  type TombstoneChange,
  unsetDaysIn,
} from './changes.ts';
import { steps } from './finding-steps.ts';
import { flags } from './flags.ts';
import { gather, type TombstoneFacts } from './gather.ts';
import { evidenceRecords, type GivenFlags, readOptions, type TombstoneOptions } from './options.ts';
import {
  hostOfParty,
  isWithinDefault,
  partiesOutOfReach,
  type Situation,
  sideInWords,
  situationOf,
  soundParties,
  suspectsIn,
} from './situation.ts';
import { ask, questionBehind, recordedExhibits, survey } from './survey.ts';

/** Changes the forest's tombstoneLifetime, with the replication of every DC and the deleted objects in view. */
export const tombstone: Remedy<TombstoneOptions, TombstoneFacts, TombstoneChange> = {
  flags,
  readOptions: (given, surroundings) => readOptions(given as GivenFlags, surroundings),
  gather: async (world, scope) => {
    if (world.kind !== 'directory') throw new TypeError('tombstone reads a directory');
    return gather(world, scope.kind === 'new' ? scope.options : {});
  },
  survey,
  ask,
  questionBehind,
  propose,
  assess,
  record: (facts, proposal) => ({
    exhibits: recordedExhibits(facts, proposal),
    nextSteps: nextStepsFor(facts, proposal),
  }),
  describe,
  records: evidenceRecords,
  stepOf: steps.inWords,
  permits: (plan) => [...faultsOfPlan(plan), ...faultsOfSteps(plan.nextSteps)],
  verify: proofOf,
  practice: {
    about: 'A forest whose lifetime is not set, with a site that is cut off and a DC that is past the limit.',
    given: () => [],
    dryRun: ['--days', '180'],
  },
};

type Request = LingeringObjectsRequest & { readonly [name: string]: JsonValue };
type Suspects = ComparedControllers & { readonly [name: string]: JsonValue };

/** Where lingering objects are looked for: DC by DC, and the same as requests of repadmin. */
interface Cleaning {
  readonly suspects: readonly Suspects[];
  readonly requests: readonly Request[];
}

/** What the user still has to do, as the plan keeps it. */
type TombstoneStep = NextStep &
  (
    | { readonly id: 'check-everywhere'; readonly dn: string }
    | { readonly id: 'clean-metadata'; readonly names: readonly string[]; readonly servers: readonly string[] }
    | ({
        readonly id: 'clean-dcs';
        readonly names: readonly string[];
        /** DNS names of those that could not be asked: perhaps only the link to them is down. */
        readonly unasked: readonly string[];
        /** Whether only the lifetime is too short and the DCs are healthy. */
        readonly isInOrder: boolean;
      } & Cleaning)
    | ({ readonly id: 'choose-good-side'; readonly side: string } & Cleaning)
    | { readonly id: 'clean-sources'; readonly suspects: readonly Suspects[] }
    | { readonly id: 'allow-divergent'; readonly hosts: readonly string[] }
    | { readonly id: 'write-there-too'; readonly hosts: readonly string[]; readonly readOnly: readonly string[] }
    | { readonly id: 'backup-after-lowering'; readonly days: number; readonly hours: number }
    | { readonly id: 'backup-after-raising' }
    | { readonly id: 'existing-dcs' }
  );

/** What the user still has to do after these changes. */
export function nextStepsFor(
  facts: TombstoneFacts,
  proposal: Pick<Proposal, 'changes' | 'undoes'>,
): readonly TombstoneStep[] {
  const situation = situationOf(facts, proposal);
  const { judgement, effect, after, lowers } = situation;
  const outOfReach = partiesOutOfReach(facts, judgement);
  const gone = [...judgement.gone];
  return [
    (effect.lifetime !== undefined || effect.recycle !== undefined) && {
      id: 'check-everywhere' as const,
      dn: facts.settings.dn,
    },
    effect.lifetime !== undefined &&
      outOfReach.length > 0 && {
        id: 'write-there-too' as const,
        hosts: outOfReach.filter(({ domainController }) => !domainController.isReadOnly).map(hostOfParty),
        readOnly: outOfReach.filter(({ domainController }) => domainController.isReadOnly).map(hostOfParty),
      },
    ...cleaningSteps(situation),
    gone.length > 0 && {
      id: 'clean-metadata' as const,
      names: gone.map(({ name }) => name),
      servers: gone.map(({ domainController }) => domainController.dn),
    },
    effect.marker === 'added' && { id: 'existing-dcs' as const },
    effect.lifetime !== undefined &&
      (lowers
        ? { id: 'backup-after-lowering' as const, days: after.days, hours: garbageCollectionHours(facts.settings) }
        : { id: 'backup-after-raising' as const }),
  ].filter((one) => one !== false);
}

function cleaningSteps(situation: Situation): readonly TombstoneStep[] {
  const { facts, judgement, before } = situation;
  const { replication } = facts;
  const past = judgement.islandsAt(before.days);
  const sound = soundParties(situation, past);
  // A DC that a higher number has put within the limit still has to be cleaned.
  const { former } = judgement;
  const cutOff = [...past.cutOff, ...(former?.cutOff ?? [])];
  const apart = cutOff.map(({ party }) => party);
  const splits = [...past.splits, ...(former?.splits ?? [])];
  const good = sound.filter((party) => !apart.includes(party));
  const requestsFor = (destinations: readonly Party[], references: readonly Party[]): readonly Request[] =>
    cleaningRequests(destinations, references, replication, past.oldest).map((request) => ({ ...request }));
  const comparisons = (destinations: readonly Party[], references: readonly Party[]): readonly Comparable[] =>
    comparisonsFor(destinations, references, replication, past.oldest);
  const sources = suspectsOf(suspectedSources(situation));
  const splitSteps = splits.flatMap(({ sides }) =>
    sides.map((side): TombstoneStep => {
      const others = sides.filter((other) => other !== side).flat();
      // First the good side against the others, then every other DC against it, including those of its own side.
      const [first] = side.filter(({ state }) => state.kind === 'answered');
      const cleanedFirst = first === undefined ? [] : requestsFor([first], others);
      const cleanedLast = first === undefined ? [] : requestsFor(side, [first]);
      return {
        id: 'choose-good-side',
        side: sideInWords(side),
        suspects: suspectsOf(withOwnSide(comparisons([...others, ...apart], side), side)),
        requests: [...cleanedFirst, ...requestsFor([...others, ...apart], side), ...cleanedLast],
      };
    }),
  );
  const refusing = replication.parties.filter((party) =>
    answerOf(party)?.links.some(({ lastResult }) => lastResult === lifetimeExceeded),
  );
  return [
    ...splitSteps,
    splits.length === 0 &&
      apart.length > 0 && {
        id: 'clean-dcs' as const,
        names: apart.map(({ name }) => name),
        unasked: apart.filter((party) => answerOf(party) === undefined).map(hostOfParty),
        isInOrder: cutOff.every(({ age }) => isWithinDefault(age)),
        suspects: suspectsOf(comparisons(apart, good)),
        requests: requestsFor(apart, good),
      },
    sources.length > 0 && { id: 'clean-sources' as const, suspects: sources },
    refusing.length > 0 && { id: 'allow-divergent' as const, hosts: refusing.map(hostOfParty) },
  ].filter((one) => one !== false);
}

/** The DCs of the reference's own side hold what the other side has deleted, as it does. */
function withOwnSide([first, ...more]: readonly Comparable[], side: readonly Party[]): readonly Comparable[] {
  if (first === undefined) return [];
  const near = side.filter((party) => party !== first.reference);
  return [{ ...first, targets: [...first.targets, ...near] }, ...more];
}

function suspectsOf(comparisons: readonly Comparable[]): readonly Suspects[] {
  return suspectsIn(comparisons).map((one) => ({ ...one }));
}

/** Steps in the plan that this remedy never writes. */
export function faultsOfSteps(steps: readonly NextStep[]): readonly string[] {
  return faultsOfNextSteps(steps, stepShapes);
}

function isOurs(step: NextStep): step is TombstoneStep {
  return faultsOfSteps([step]).length === 0;
}

const name = /^\P{Cc}*$/u;
const names = { items: name } as const;
const days = { integer: [0, Number.MAX_SAFE_INTEGER] } as const;
const cleaning = {
  suspects: { items: { members: { reference: hostPattern, targets: { items: hostPattern } } } },
  requests: { items: { members: { destination: name, sourceDsaGuid: name, namingContext: name } } },
} as const;

const stepShapes: NextStepShapes = {
  'check-everywhere': { members: { dn: name } },
  'clean-metadata': { members: { names, servers: names } },
  'clean-dcs': { members: { names, unasked: names, isInOrder: 'boolean', ...cleaning } },
  'choose-good-side': { members: { side: name, ...cleaning } },
  'clean-sources': { members: { suspects: cleaning.suspects } },
  'allow-divergent': { members: { hosts: names } },
  'write-there-too': { members: { hosts: names, readOnly: names } },
  'backup-after-lowering': { members: { days, hours: days } },
  'backup-after-raising': { members: {} },
  'existing-dcs': { members: {} },
};

/** Which DCs get the value by replication: all except those that it must be written on separately. */
function reachInWords(steps: readonly TombstoneStep[]): string {
  const others = steps.flatMap((step) => (step.id === 'write-there-too' ? [...step.hosts, ...step.readOnly] : []));
  return others.length === 0
    ? 'every DC of the forest, by replication'
    : `the DCs that replicate; not ${listed(others, 5)}`;
}

/** The plan in words, drawn from the plan alone. */
export function describe(plan: Plan<TombstoneChange>, leads: Leads): Description {
  const effect = effectOf(plan);
  const parts = titleParts(effect);
  const title = parts.length === 0 ? 'Leave tombstoneLifetime as it is' : listed(parts);
  const words = (days: number | undefined): string =>
    days === undefined ? `not set (${unsetDaysIn(plan)} days)` : counted(days, 'day');
  const change = ({ from, to }: NewDays): string => `${words(from)} → ${words(to)}`;
  return {
    title: plan.undoes === undefined ? capitalised(title) : `Undo: ${title}`,
    summary: [
      effect.lifetime !== undefined && { name: 'tombstoneLifetime', value: change(effect.lifetime) },
      effect.recycle !== undefined && {
        name: 'msDS-DeletedObjectLifetime',
        value: `${effect.recycle.from ?? 'not set'} → ${effect.recycle.to ?? 'not set'} days`,
      },
      effect.marker !== undefined && {
        name: 'Strict replication of new DCs',
        value: effect.marker === 'added' ? 'on' : 'not enforced',
      },
      { name: 'Reaches', value: reachInWords(plan.nextSteps.filter(isOurs)) },
    ].filter((one) => one !== false),
    changes: [],
    nextSteps: plan.nextSteps.filter(isOurs).map((step) => stepInWords(step, leads)),
  };
}

function titleParts({ lifetime, recycle, marker }: Effect): readonly string[] {
  return [
    ...(lifetime === undefined ? [] : [valueInTitle('tombstoneLifetime', lifetime.to)]),
    ...(recycle === undefined ? [] : [valueInTitle('msDS-DeletedObjectLifetime', recycle.to)]),
    ...(marker === undefined ? [] : [marker === 'added' ? 'make new DCs strict' : 'no longer make new DCs strict']),
  ];
}

function valueInTitle(attribute: string, days: number | undefined): string {
  return days === undefined ? `remove ${attribute}` : `set ${attribute} to ${counted(days, 'day')}`;
}

function stepInWords(step: TombstoneStep, { objectComparison, serverCleanup }: Leads): Step {
  switch (step.id) {
    case 'check-everywhere':
      return {
        text: 'The value replicates to the other DCs. To check on all of them:',
        commands: [showAttribute(step.dn, 'tombstoneLifetime'), 'repadmin /replsummary'],
      };
    case 'write-there-too':
      return {
        text: [
          step.hosts.length > 0 &&
            `These DCs do not receive the value by replication: ${listed(step.hosts, 5)}. Make the same change on each as soon as it can be reached, as a new plan: run tombstone with --server and the DC's name.`,
          step.readOnly.length > 0 &&
            `These read-only DCs cannot be written to. They get the value when they replicate again: ${listed(step.readOnly, 5)}.`,
        ]
          .filter((one) => one !== false)
          .join(' '),
        commands: [],
        lines: step.hosts,
      };
    case 'clean-dcs':
      return {
        text: `Silent for too long: ${listed(step.names, 5)}. ${
          objectComparison === undefined
            ? 'Remove lingering objects there before these DCs replicate again. These commands list them (event 1946); without /advisory_mode they remove them (event 1945).'
            : 'Before these DCs replicate again, find lingering objects there and remove them. Repeat the command until it finds none.'
        } ${demotionInWords(step)}`,
        commands: [
          ...step.unasked.map(showReplication),
          ...(objectComparison === undefined
            ? step.requests.map(listLingeringObjects)
            : step.suspects.map(objectComparison.command)),
        ],
      };
    case 'choose-good-side':
      if (objectComparison !== undefined) {
        return {
          text: `If ${step.side} is the good side: find lingering objects with it as the reference and remove them, first on the reference itself, then on the others. Repeat until none are found. If you demote the others by force instead, changes that only they hold are lost.`,
          commands: step.suspects.map(objectComparison.command),
        };
      }
      return {
        text: `If ${step.side} is the good side: list lingering objects with these commands, in this order (event 1946), then remove them with the same commands without /advisory_mode (event 1945). If you demote the others by force instead, changes that only they hold are lost.`,
        commands: step.requests.map(listLingeringObjects),
      };
    case 'clean-sources':
      return {
        text: 'Partners report that they were sent changes of objects that they do not have. Find lingering objects on the DCs that sent them, and remove them before any raise.',
        commands: objectComparison === undefined ? [] : step.suspects.map(objectComparison.command),
      };
    case 'allow-divergent':
      return {
        text: 'After all lingering objects are removed, let the DCs that refuse their partners replicate once, then forbid it again:',
        commands: step.hosts.flatMap(replicateDivergentOnce),
      };
    case 'clean-metadata':
      return {
        text: `Clean up the metadata of DCs that no longer exist: ${listed(step.names, 5)}.`,
        commands: step.servers.map(serverCleanup?.command ?? removeMetadata),
      };
    case 'existing-dcs':
      return {
        text: 'The object makes only newly promoted DCs strict. To make the existing DCs strict:',
        commands: [strictOnAllDcs],
      };
    case 'backup-after-lowering':
      return {
        text: `Each DC removes deleted objects older than ${step.days} days at its next garbage collection, within ${step.hours} hours. Do not use backups and install-from-media sets older than ${step.days} days any more. Make a new backup now.`,
        commands: [],
      };
    case 'backup-after-raising':
      return {
        text: 'Make a system state backup: older ones date from the shorter lifetime. Objects that are already garbage-collected do not come back, and the new lifetime does not repair a DC that is past the old one.',
        commands: [],
      };
  }
}

/** Demotion is the alternative, except for a DC that may be healthy. */
function demotionInWords({ unasked, isInOrder }: Extract<TombstoneStep, { readonly id: 'clean-dcs' }>): string {
  if (unasked.length > 0) {
    const ask =
      unasked.length === 1
        ? 'if only the link is cut, it may still replicate with its neighbours. First run repadmin /showrepl at its site.'
        : 'if only the links are cut, they may still replicate with their neighbours. First run repadmin /showrepl at the site of each.';
    return `${listed(unasked, 5)} did not answer: ${ask} Do not demote any DC before that.`;
  }
  return isInOrder
    ? 'Do not demote a DC for that: the lifetime is so short that healthy DCs exceed it.'
    : 'Or demote such a DC by force (Uninstall-ADDSDomainController -ForceRemoval): changes that only it holds are lost then, and you have to clean up its metadata.';
}
