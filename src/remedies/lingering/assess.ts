/** What the comparison means: what stops the hand-over, what to clean first, and what was seen that is not lingering. */

import { type DomainController, hostOf } from '../../ad/forest.ts';
import { type FindingDraft, note, warning } from '../../change/findings.ts';
import { counted, distinct, listed } from '../../words.ts';
import { referenceFindings, whyNot } from './assess-reference.ts';
import type { LingeringFacts } from './gather.ts';
import { type Found, foundIn, referenceNotClean, stagesOf } from './propose.ts';
import type { Verdict } from './verdicts.ts';

/** The findings without which everything was seen, and everything that was found is handed over. */
export const notProvable = 'not-provable';
export const othersNotClean = 'others-not-clean';

export function assess(facts: LingeringFacts): readonly FindingDraft[] {
  const { scope } = facts;
  if (scope === undefined) return [];
  return [
    ...referenceFindings(facts, scope.reference),
    ...lingeringFindings(facts, scope.reference),
    ...unprovable(facts),
    ...otherVerdicts(foundIn(facts)),
    note(
      'not-covered',
      'Lingering links and partial copies are not compared',
      "A global catalog keeps partial copies of other domains, where lingering objects are found most often (KB 2028495), and links can linger too. To list both: repadmin /removelingeringobjects on each global catalog, or Microsoft's Lingering Object Liquidator.",
    ),
  ];
}

function lingeringFindings(facts: LingeringFacts, reference: DomainController): readonly FindingDraft[] {
  const { now, later, elsewhere } = stagesOf(facts);
  const changed = now.filter(({ isChanged }) => isChanged);
  const isOnReference = now.some(({ comparison }) => comparison.target === reference);
  return [
    ...(now.length === 0
      ? []
      : [
          warning(
            'lingering-objects',
            `${counted(now.length, 'lingering object')} on ${listed(targetNames(now), 5)}`,
            'The reference received these objects once and no longer has them: they were deleted, and their tombstones have expired. Check the list: a removed object leaves no tombstone.',
            { subjects: targetNames(now), measure: { value: now.length, unit: 'objects' }, evidence: now.map(lineOf) },
          ),
        ]),
    ...(changed.length === 0
      ? []
      : [
          warning(
            'changed-since',
            `${counted(changed.length, 'lingering object')} changed since the deletion`,
            'Replicated, each stops a DC with strict replication consistency (event 1988, error 8606), or comes back on one without it (event 1388).',
            {
              subjects: targetNames(changed),
              measure: { value: changed.length, unit: 'objects' },
              evidence: changed.map(lineOf),
            },
          ),
        ]),
    ...holdingOthers(now),
    ...(elsewhere.length === 0
      ? []
      : [
          warning(
            othersNotClean,
            `${listed(targetNames(elsewhere), 5)} ${targetNames(elsewhere).length === 1 ? 'has' : 'have'} lingering objects too, and ${targetNames(elsewhere).length === 1 ? 'is not a target' : 'are not targets'}`,
            'Nothing is handed over for a DC that is not named. Run this again with --target and its name, or without --target for all DCs.',
            {
              subjects: targetNames(elsewhere),
              measure: { value: elsewhere.length, unit: 'objects' },
              evidence: elsewhere.map(lineOf),
            },
          ),
        ]),
    ...(isOnReference
      ? [
          warning(
            referenceNotClean,
            `The reference ${reference.name} has lingering objects itself`,
            `Remove these first, then run this again: removal from the other DCs, which may hold the same objects, is written only against a clean reference.${later.length === 0 ? '' : ` ${counted(later.length, 'lingering object')} on ${listed(targetNames(later), 5)} wait until then.`}`,
            { subjects: targetNames(later), evidence: later.map(lineOf) },
          ),
        ]
      : []),
  ];
}

/** A DC removes no object that holds others, and repadmin would leave these without their parent. */
function holdingOthers(lingering: readonly Found[]): readonly FindingDraft[] {
  const parents = lingering.filter(({ keptChildren }) => keptChildren.length > 0);
  if (parents.length === 0) return [];
  return [
    warning(
      'holds-other-objects',
      `${counted(parents.length, 'lingering object')} ${parents.length === 1 ? 'holds' : 'hold'} objects that are not lingering`,
      'Move these objects elsewhere on that DC before you remove their parent: a DC does not remove an object that has others below it.',
      {
        subjects: targetNames(parents),
        evidence: parents.flatMap((parent) => parent.keptChildren.map((dn) => `${lineOf(parent)} holds ${dn}`)),
      },
    ),
  ];
}

function unprovable({ comparisons }: LingeringFacts): readonly FindingDraft[] {
  const unseen = comparisons.filter(({ kind }) => kind === 'not-provable');
  const objects = foundIn({ comparisons }).filter(({ verdict }) => verdict === 'not-provable');
  if (unseen.length + objects.length === 0) return [];
  const subjects = distinct([
    ...unseen.map(({ target }) => target),
    ...objects.map(({ comparison }) => comparison.target),
  ]);
  return [
    warning(
      notProvable,
      `Not provable on ${listed(
        subjects.map(({ name }) => name),
        5,
      )}`,
      'There may be lingering objects that this run could not see.',
      { subjects: subjects.map(({ name }) => name), evidence: [...unseen.map(whyNot), ...objects.map(lineOf)] },
    ),
  ];
}

interface VerdictWords {
  readonly title: (count: string) => string;
  readonly detail: string;
}

const words: Readonly<Partial<Record<Verdict, VerdictWords>>> = {
  undeleted: {
    title: (count) => `${count} restored on one DC after the other forgot the deletion`,
    detail:
      'The restore does not replicate to a DC that has forgotten the object. repadmin lists these as lingering too and, without /advisory_mode, removes them. Decide for each: create it again on the reference, or remove it.',
  },
  abandoned: {
    title: (count) => `${count} abandoned: the DC that created them no longer exists`,
    detail:
      'The reference never had them, so repadmin does not remove them. If they are of no use, remove them one by one with removeLingeringObject once no writable DC has them.',
  },
  new: {
    title: (count) => `${count} not replicated yet`,
    detail: 'The reference has not had their creation or restoration yet. Replication brings them.',
  },
  late: {
    title: (count) => `${count} deleted on one DC and not yet on the other`,
    detail: 'The tombstone is there. Replication deletes these objects.',
  },
  transient: {
    title: (count) => `${count} of which only a tombstone is left`,
    detail: 'The other DC has collected its tombstone already; this one follows at its next garbage collection.',
  },
  dynamic: {
    title: (count) => `${count} of class dynamicObject`,
    detail: 'They expire by their own time to live and leave no tombstone. They are left out.',
  },
};

function otherVerdicts(found: readonly Found[]): readonly FindingDraft[] {
  return Object.entries(words).flatMap(([verdict, { title, detail }]) => {
    const these = found.filter((one) => one.verdict === verdict);
    if (these.length === 0) return [];
    const make = verdict === 'undeleted' || verdict === 'abandoned' ? warning : note;
    return [
      make(`${verdict}-objects`, title(counted(these.length, 'object')), detail, {
        subjects: targetNames(these),
        evidence: [
          ...these.slice(0, mostEvidence).map(lineOf),
          ...(these.length > mostEvidence ? [`and ${(these.length - mostEvidence).toLocaleString('en')} more`] : []),
        ],
      }),
    ];
  });
}

/** Of objects that need no action; the counts are in the matrix. */
const mostEvidence = 1000;

function lineOf({ dn, comparison }: Found): string {
  return `${hostOf(comparison.target)}: ${dn}`;
}

function targetNames(found: readonly Found[]): readonly string[] {
  return distinct(found.map(({ comparison }) => comparison.target.name));
}
