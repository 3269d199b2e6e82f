/**
 * Which lingering objects are handed over: first those on the reference itself and, once it is clean, those on the
 * targets.
 */

import { dnDepth, isSameOrBelow } from '../../ad/dn.ts';
import { hostOf } from '../../ad/forest.ts';
import type { Intent, LeftOut, Plan, Proposal, RemoveLingeringChange } from '../../change/plan.ts';
import { distinct } from '../../words.ts';
import type { Comparison } from './compare.ts';
import { intentOf, type LingeringFacts, type LingeringScope } from './gather.ts';
import type { JudgedObject } from './verdicts.ts';

/** An object that was found, with the pair of DCs that it was found by. */
export interface Found extends JudgedObject {
  readonly comparison: Comparison;
}

/** Hands over the objects to remove now, and leaves out those that have to wait until the reference is clean. */
export function propose(facts: LingeringFacts): Proposal<RemoveLingeringChange> {
  const { target, scope } = facts;
  const { now, later } = stagesOf(facts);
  return {
    target,
    intent: scope === undefined ? {} : { ...intentOf(scope), ...alsoCompared(facts, scope) },
    changes: now.toSorted(leafFirst).flatMap(changeOf),
    leftOut: later.map(
      ({ dn, comparison }): LeftOut => ({
        what: dn,
        reason: referenceNotClean,
        detail: `lingering on ${hostOf(comparison.target)}`,
      }),
    ),
  };
}

/** DCs that are no targets, and were compared because the reference is compared with every other copy. */
function alsoCompared({ comparisons }: LingeringFacts, { reference, targets }: LingeringScope): Intent {
  const others = distinct(comparisons.map(({ target }) => target)).filter(
    (one) => one !== reference && !targets.includes(one),
  );
  const unseen = comparisons.filter(({ kind }) => kind !== 'compared');
  const compared = others.filter((one) => unseen.every(({ target, reference: by }) => target !== one && by !== one));
  return compared.length === 0 ? {} : { alsoCompared: compared.map(hostOf) };
}

/** The finding that says why the targets have to wait. */
export const referenceNotClean = 'reference-not-clean';

/** Lingering objects by when they are handed over. */
export interface Stages {
  readonly now: readonly Found[];
  /** After the reference is clean. */
  readonly later: readonly Found[];
  /** On DCs that are no targets: not in this run. */
  readonly elsewhere: readonly Found[];
}

/** The lingering objects that were found, each in its stage. */
export function stagesOf(facts: LingeringFacts): Stages {
  const lingering = foundIn(facts).filter(({ verdict }) => verdict === 'lingering');
  const reference = facts.scope?.reference;
  const onReference = lingering.filter(({ comparison }) => comparison.target === reference);
  const isTarget = ({ comparison: { target } }: Found): boolean => facts.scope?.targets.includes(target) ?? false;
  const onTargets = lingering.filter(isTarget);
  const elsewhere = lingering.filter((one) => one.comparison.target !== reference && !isTarget(one));
  return onReference.length > 0
    ? { now: firstOfEach(onReference), later: onTargets, elsewhere }
    : { now: firstOfEach(onTargets), later: [], elsewhere };
}

/** Everything with a verdict, in the order of the comparisons. */
export function foundIn({ comparisons }: Pick<LingeringFacts, 'comparisons'>): readonly Found[] {
  return comparisons.flatMap((comparison) =>
    comparison.kind === 'compared' ? comparison.objects.map((object) => ({ ...object, comparison })) : [],
  );
}

/** An object of the reference may be lingering by several others: one of them is asked. */
function firstOfEach(found: readonly Found[]): readonly Found[] {
  return distinct(found, ({ guid, comparison }) => `${comparison.target.dn} ${guid}`);
}

/** By DC and naming context; children before their parents, as a DC removes no object that has some. */
function leafFirst(one: Found, other: Found): number {
  return (
    hostOf(one.comparison.target).localeCompare(hostOf(other.comparison.target)) ||
    one.comparison.namingContext.localeCompare(other.comparison.namingContext) ||
    dnDepth(other.dn) - dnDepth(one.dn) ||
    one.dn.localeCompare(other.dn)
  );
}

function changeOf({ dn, guid, attributes, comparison }: Found): readonly RemoveLingeringChange[] {
  const { target, reference, namingContext } = comparison;
  if (reference.dsaGuid === undefined) return [];
  return [
    {
      kind: 'remove-lingering',
      dn,
      guid,
      on: hostOf(target),
      reference: { host: hostOf(reference), dsaGuid: reference.dsaGuid },
      namingContext,
      attributes,
    },
  ];
}

/** Content of a plan that this remedy never writes. */
export function faultsOfPlan(plan: Plan): readonly string[] {
  if (plan.target.kind !== 'forest') return ['its target is not a forest'];
  const removals = plan.changes.filter((change) => change.kind === 'remove-lingering');
  const cleaned = new Set(removals.map(({ on }) => on.toLowerCase()));
  return [
    ...(plan.undoes === undefined ? [] : ['it undoes a plan, and there is nothing to undo']),
    ...(typeof plan.intent['reference'] === 'string' ? [] : ['its intent names no reference']),
    ...plan.changes.flatMap((change) => {
      if (change.kind !== 'remove-lingering') return [`it holds a change of kind ${change.kind}`];
      const { reference, dn, namingContext } = change;
      return [
        cleaned.has(reference.host.toLowerCase()) &&
          `${reference.host} is the reference, and it removes objects there too`,
        !isSameOrBelow(dn, namingContext) && `it removes ${dn}, which is not in ${namingContext}`,
      ].filter((one) => one !== false);
    }),
    ...namedTwice(removals),
  ];
}

/** An object of a DC is removed once, and a DC has one name: each has its own command and file. */
function namedTwice(removals: readonly RemoveLingeringChange[]): readonly string[] {
  const names = new Map<string, string>();
  const objects = new Set<string>();
  return removals.flatMap(({ on, guid, dn }) => {
    const object = `${on} ${guid}`.toLowerCase();
    const name = names.get(on.toLowerCase()) ?? on;
    const faults = [
      ...(objects.has(object) ? [`it removes ${dn} from ${on} twice`] : []),
      ...(name === on ? [] : [`it calls one domain controller ${name} and ${on}`]),
    ];
    names.set(on.toLowerCase(), name);
    objects.add(object);
    return faults;
  });
}
