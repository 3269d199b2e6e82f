/**
 * Findings on the comparison: whether the judging DCs may decide (some doubts cannot be overruled, others the user
 * confirms by name), what to clean first, and objects that are not lingering.
 */

import { sameDn } from '../../ad/dn.ts';
import { type DomainController, hostOf } from '../../ad/forest.ts';
import { goneParties, type Party } from '../../ad/replication-news.ts';
import { blocker, type FindingDraft, type FindingParts, finalBlocker, note, warning } from '../../change/findings.ts';
import { counted, day, distinct, durationInWords, groupBy, listed } from '../../words.ts';
import type { Comparison } from './compare.ts';
import type { LingeringFacts } from './gather.ts';
import { type Found, foundIn, referenceNotClean, stagesOf } from './propose.ts';
import type { Verdict } from './verdicts.ts';

/** If this finding is missing, everything was compared. */
export const notProvable = 'not-provable';
/** If this finding is missing, everything that was found is handed over. */
export const othersNotClean = 'others-not-clean';

/** The findings of a search: first whether the judging DCs may decide, then what was found. */
export function assess(facts: LingeringFacts): readonly FindingDraft[] {
  const { scope } = facts;
  if (scope === undefined) return [];
  return [
    ...referenceFindings(facts, scope.reference),
    ...lingeringFindings(facts, scope.reference),
    unprovable(facts),
    ...otherVerdicts(foundIn(facts)),
    note(
      'not-covered',
      'Lingering links and partial copies are not compared',
      "A global catalog keeps partial copies of other domains, where lingering objects are found most often (KB 2028495), and links can linger too. To list both, use repadmin on each global catalog, or Microsoft's Lingering Object Liquidator.",
    ),
  ].filter((one) => one !== undefined);
}

/**
 * A DC that is itself out of date would cause good objects to be removed without a tombstone. Doubts that can be
 * repaired cannot be overruled: a DC in use that the reference has not heard of and that is not a target, or was not
 * compared. Doubts that cannot be repaired before the removal (two separated sides, a silent DC) the user confirms by
 * name.
 */
function referenceFindings(facts: LingeringFacts, reference: DomainController): readonly FindingDraft[] {
  const silent = silentTo(facts, reference);
  const canBeNamed =
    !isCutOff(facts, reference) &&
    silent.every(({ domainController }) => !facts.scope?.targets.includes(domainController));
  const unseen = facts.comparisons.filter(
    (one) => one.kind === 'not-provable' && one.target === reference && one.reference !== reference,
  );
  const unseenInUse = unseen.filter((one) => isInUse(facts, one.reference));
  return [
    silent.length > 0 &&
      finalBlocker(
        'reference-lacks-news',
        `${reference.name} lacks news of ${namesOf(silent.map(({ domainController }) => domainController))}`,
        `For ${facts.silenceLimit} days or longer the reference has received no changes from a DC in use, so the reference itself may be out of date. Let it replicate with that DC first,${canBeNamed ? ' name that DC as a target too,' : ''} or choose another reference. No removal is written.`,
        {
          subjects: silent.map(({ name }) => name),
          evidence: silent.map((one) => newsInWords(facts, reference, one)),
        },
      ),
    unseenInUse.length > 0 &&
      finalBlocker(
        'reference-not-compared',
        `${reference.name} could not be compared with every DC in use`,
        'Until then it is not known whether the reference itself has lingering objects. Remove the cause, then run this again. No removal is written.',
        { subjects: namesIn(unseenInUse), evidence: unseenInUse.map(whyNot) },
      ),
    setBack(facts),
    silentControllers(facts, unseen),
    partedPairs(facts),
  ].filter((one) => one !== false && one !== undefined);
}

/** A DC whose update sequence numbers went back uses numbers twice, so what others know of it is no longer reliable. */
function setBack({ replication, ownEvidence, forest }: LingeringFacts): FindingDraft | undefined {
  const seen = replication.parties.flatMap((by) => (by.state.kind === 'answered' ? by.state.answer.cursors : []));
  const back = forest.domainControllers.flatMap((one) => {
    const own = ownEvidence.get(one)?.highestUsn;
    const ahead = seen.find(
      ({ invocationId, usn }) =>
        own !== undefined && usn > own && invocationId.toLowerCase() === one.invocationId?.toLowerCase(),
    );
    return ahead === undefined ? [] : [{ one, own, ahead: ahead.usn }];
  });
  if (back.length === 0) return undefined;
  return finalBlocker(
    'usn-rollback',
    `${namesOf(back.map(({ one }) => one))} went back in time without a new invocationId`,
    'Such a DC was restored in a way that Active Directory does not support, from a snapshot or a disk image (event 2095). Objects lost in this way look as if that DC had deleted them. Demote it by force and promote it again (KB 875495). No removal is written.',
    {
      subjects: back.map(({ one }) => one.name),
      evidence: back.map(
        ({ one, own, ahead }) =>
          `${one.name}: another DC has its changes up to USN ${ahead}, its own highest USN is ${own}`,
      ),
    },
  );
}

/** DCs that do not answer and that no DC has heard of: only the user can confirm that they are not in use. */
function silentControllers(facts: LingeringFacts, unseen: readonly Comparison[]): FindingDraft | undefined {
  const gone = goneParties(facts.replication, facts.silenceLimit * day);
  const silent = distinct(unseen.map((one) => one.reference)).filter(
    (one) => !isInUse(facts, one) && ![...gone].some(({ domainController }) => domainController === one),
  );
  if (silent.length === 0 || stagesOf(facts).now.length === 0) return undefined;
  const names = namesOf(silent);
  return blocker(
    'silent-dc',
    `${names} ${silent.length === 1 ? 'was' : 'were'} not compared: confirm that ${silent.length === 1 ? 'it is' : 'they are'} not in use`,
    `${names} ${silent.length === 1 ? 'does' : 'do'} not answer, and no DC has heard of ${silent.length === 1 ? 'it' : 'them'} for ${facts.silenceLimit} days or longer. Objects that were deleted there may linger on all others. Bring the DC back online before the removal, or clean up its metadata if it is gone for good.`,
    {
      subjects: silent.map(({ name }) => name),
      evidence: unseen.filter((one) => silent.includes(one.reference)).map(whyNot),
    },
  );
}

/**
 * Removals that one side of a split decides for the other. The objects that only the other side has are judged one by one,
 * so that an object that the deciding DC has never had is new and stays; the user confirms the deletions that it has made.
 */
function partedPairs(facts: LingeringFacts): FindingDraft | undefined {
  const removals = stagesOf(facts).now.filter(({ comparison: { target, reference, namingContext } }) =>
    lacksNews(facts, reference, target, namingContext),
  );
  if (removals.length === 0) return undefined;
  const pairs = groupBy(removals, ({ comparison }) => pairName(comparison));
  const changed = removals.filter(({ isChanged }) => isChanged).length;
  const deciding = distinct(removals.map(({ comparison }) => comparison.reference));
  const cleaned = distinct(removals.map(({ comparison }) => comparison.target));
  return blocker(
    'parted-sides',
    `${counted(removals.length, 'removal')} on ${namesOf(cleaned)}: confirm that ${namesOf(deciding)} was right to delete the objects`,
    `${namesOf(deciding)} has received no changes from ${namesOf(cleaned)} for ${facts.silenceLimit} days or longer, so the directory does not show which side is right. Check the list on both sides. Objects that the deciding DC never had are new and stay.${changed === 0 ? '' : ` ${counted(changed, 'object')} of the list ${changed === 1 ? 'was' : 'were'} changed since; the removal loses these changes.`}`,
    {
      subjects: [...pairs.keys()],
      measure: { value: removals.length, unit: 'objects' },
      evidence: [...pairs].flatMap(([pair, these]) => {
        const comparison = these[0]?.comparison;
        const source = facts.replication.parties.find((one) => one.domainController === comparison?.target);
        if (comparison === undefined || source === undefined) return [];
        const changedSince = these.filter(({ isChanged }) => isChanged).length;
        return `${pair}: ${counted(these.length, 'object')}, ${changedSince} changed since; ${newsInWords(facts, comparison.reference, source)}`;
      }),
    },
  );
}

function pairName({ target, reference }: Comparison): string {
  return `${target.name} against ${reference.name}`;
}

/**
 * DCs in use of whose changes the reference has had none for too long, in a naming context that is compared: all but the
 * targets that were compared there object by object, in both directions; and where the reference is cut off from all
 * others, these too.
 */
function silentTo(facts: LingeringFacts, reference: DomainController): readonly Party[] {
  const { replication, scope } = facts;
  const canDecide = !isCutOff(facts, reference);
  return replication.parties.filter(({ domainController, state }) => {
    if (domainController === reference || state.kind !== 'answered') return false;
    const isDecided = (partition: string): boolean =>
      canDecide &&
      (scope?.targets.includes(domainController) ?? false) &&
      wasCompared(facts, domainController, reference, partition);
    return (
      scope?.partitions.some(
        (partition) => lacksNews(facts, reference, domainController, partition) && !isDecided(partition),
      ) ?? false
    );
  });
}

/** Whether a DC is apart from all others. */
function isCutOff({ islands }: LingeringFacts, domainController: DomainController): boolean {
  return islands.cutOff.some(({ party }) => party.domainController === domainController);
}

/** Whether two DCs were compared in a naming context, each by the other. */
function wasCompared(
  { comparisons }: LingeringFacts,
  one: DomainController,
  other: DomainController,
  namingContext: string,
): boolean {
  const isBy = (target: DomainController, reference: DomainController): boolean =>
    comparisons.some(
      (pair) =>
        pair.kind === 'compared' &&
        pair.target === target &&
        pair.reference === reference &&
        sameDn(pair.namingContext, namingContext),
    );
  return isBy(one, other) && isBy(other, one);
}

/**
 * Whether a DC has had no changes of another one for too long, in a naming context that both have. An unknown age
 * counts as no changes; an RODC makes no changes.
 */
function lacksNews(
  { replication, silenceLimit }: LingeringFacts,
  hearer: DomainController,
  source: DomainController,
  namingContext: string,
): boolean {
  if (source.isReadOnly) return false;
  return replication.copies.some((copy) => {
    if (!sameDn(copy.namingContext, namingContext)) return false;
    const one = copy.full.find(({ domainController }) => domainController === hearer);
    const other = copy.full.find(({ domainController }) => domainController === source);
    if (one === undefined || other === undefined) return false;
    const news = copy.news(one, other);
    return news.kind !== 'heard' || news.age >= silenceLimit * day;
  });
}

function newsInWords({ replication }: LingeringFacts, hearer: DomainController, of: Party): string {
  const own = replication.parties.find(({ domainController }) => domainController === hearer);
  const ages = replication.copies.flatMap(({ news }) => {
    const heard = own === undefined ? undefined : news(own, of);
    return heard?.kind === 'heard' ? [heard.age] : [];
  });
  return ages.length === 0
    ? `${of.name}: no changes ever received`
    : `${of.name}: last heard of ${durationInWords(Math.max(...ages))} ago`;
}

/** Whether a DC answers, or some DC has heard of it within the lifetime: a network may keep only this computer from it. */
function isInUse({ replication, silenceLimit }: LingeringFacts, domainController: DomainController): boolean {
  const party = replication.parties.find((one) => one.domainController === domainController);
  if (party === undefined || party.state.kind === 'answered') return party !== undefined;
  return replication.copies.some(({ full, news }) =>
    full.some((hearer) => {
      const heard = news(hearer, party);
      return heard.kind === 'heard' && heard.age < silenceLimit * day;
    }),
  );
}

/** Why a pair of DCs was not compared. */
function whyNot(comparison: Comparison): string {
  const { target, reference, namingContext } = comparison;
  const why = comparison.kind === 'not-provable' ? comparison.why : '';
  return `${namingContext} on ${target.name} against ${reference.name}: ${why}`;
}

/** Up to five names in words. */
function namesOf(domainControllers: readonly DomainController[]): string {
  return listed(
    domainControllers.map(({ name }) => name),
    5,
  );
}

/** The DCs that judge, each once. */
function namesIn(comparisons: readonly Comparison[]): readonly string[] {
  return distinct(comparisons.map(({ reference }) => reference.name));
}

function lingeringFindings(facts: LingeringFacts, reference: DomainController): readonly FindingDraft[] {
  const { now, later, elsewhere } = stagesOf(facts);
  const changed = now.filter(({ isChanged }) => isChanged);
  const isOnReference = now.some(({ comparison }) => comparison.target === reference);
  return [
    now.length > 0 &&
      warning(
        'lingering-objects',
        `${counted(now.length, 'lingering object')} on ${listed(targetNames(now), 5)}`,
        'The reference received these objects once and no longer has them: they were deleted, and their tombstones have expired. Check the list: a removed object leaves no tombstone.',
        counting(now),
      ),
    changed.length > 0 &&
      warning(
        'changed-since',
        `${counted(changed.length, 'lingering object')} changed since the deletion`,
        'If such a change replicates, it stops a DC with strict replication consistency (event 1988, error 8606), and brings the object back on a DC without it (event 1388).',
        counting(changed),
      ),
    holdingOthers(now),
    elsewhere.length > 0 &&
      warning(
        othersNotClean,
        `${listed(targetNames(elsewhere), 5)} ${targetNames(elsewhere).length === 1 ? 'has' : 'have'} lingering objects too, and ${targetNames(elsewhere).length === 1 ? 'is not a target' : 'are not targets'}`,
        'Removal commands are written only for targets. Run this again with --target and its name, or without --target for all DCs.',
        counting(elsewhere),
      ),
    isOnReference &&
      warning(
        referenceNotClean,
        `The reference ${reference.name} has lingering objects itself`,
        `Remove these first, then run this again. The other DCs may hold the same objects; their removal is written only against a clean reference.${later.length === 0 ? '' : ` ${counted(later.length, 'lingering object')} on ${listed(targetNames(later), 5)} wait until then.`}`,
        { subjects: targetNames(later), evidence: later.map(lineOf) },
      ),
  ].filter((one) => one !== false && one !== undefined);
}

/** A DC removes no object that holds others, and repadmin would leave these without their parent. */
function holdingOthers(lingering: readonly Found[]): FindingDraft | undefined {
  const parents = lingering.filter(({ keptChildren }) => keptChildren.length > 0);
  if (parents.length === 0) return undefined;
  return warning(
    'holds-other-objects',
    `${counted(parents.length, 'lingering object')} ${parents.length === 1 ? 'holds' : 'hold'} objects that are not lingering`,
    'On that DC, move these objects to another container before you remove their parent: a DC does not remove an object with children.',
    {
      subjects: targetNames(parents),
      evidence: parents.flatMap((parent) => parent.keptChildren.map((dn) => `${lineOf(parent)} holds ${dn}`)),
    },
  );
}

function unprovable({ comparisons }: LingeringFacts): FindingDraft | undefined {
  const unseen = comparisons.filter(({ kind }) => kind === 'not-provable');
  const objects = foundIn({ comparisons }).filter(({ verdict }) => verdict === 'not-provable');
  if (unseen.length + objects.length === 0) return undefined;
  const subjects = distinct([
    ...unseen.map(({ target }) => target),
    ...objects.map(({ comparison }) => comparison.target),
  ]);
  return warning(
    notProvable,
    `Not provable on ${namesOf(subjects)}`,
    'There may be lingering objects that this run could not see.',
    { subjects: subjects.map(({ name }) => name), evidence: [...unseen.map(whyNot), ...objects.map(lineOf)] },
  );
}

interface VerdictWords {
  readonly title: (count: string) => string;
  readonly detail: string;
}

const words: Readonly<Partial<Record<Verdict, VerdictWords>>> = {
  undeleted: {
    title: (count) => `${count} restored on one DC after the other had dropped the tombstone`,
    detail:
      'The restore does not replicate to a DC that no longer has the tombstone. repadmin treats these as lingering too, and removes them unless it only lists. Decide for each: create it again on the reference, or remove it.',
  },
  abandoned: {
    title: (count) => `${count} abandoned: the DC that created them no longer exists`,
    detail:
      'The reference never had them, so repadmin does not remove them. If they are not needed, remove them one by one with removeLingeringObject as soon as no writable DC has them.',
  },
  new: {
    title: (count) => `${count} not replicated yet`,
    detail: 'The reference has not yet received their creation or restoration. Replication will bring them.',
  },
  late: {
    title: (count) => `${count} deleted on one DC and not yet on the other`,
    detail: 'The tombstone exists. Replication will delete these objects.',
  },
  transient: {
    title: (count) => `${count} with only a tombstone left`,
    detail: 'The other DC has already removed its tombstone; this DC follows at its next garbage collection.',
  },
  dynamic: {
    title: (count) => `${count} of class dynamicObject`,
    detail: 'They expire after their time to live and leave no tombstone. They are left out.',
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

/** The parts of a finding on these objects other than its words. */
function counting(found: readonly Found[]): FindingParts {
  const measure = { value: found.length, unit: 'objects' } as const;
  return { subjects: targetNames(found), measure, evidence: found.map(lineOf) };
}

function lineOf({ dn, comparison }: Found): string {
  return `${hostOf(comparison.target)}: ${dn}`;
}

function targetNames(found: readonly Found[]): readonly string[] {
  return distinct(found.map(({ comparison }) => comparison.target.name));
}
