/** From facts and changes to findings: what stops the change, and what the user should know before it. */

import {
  faultWithGarbageCollection,
  garbageCollectionHours,
  isOutOfRange,
  isTooSmall,
  lifetimeInWords,
  recommendedDays,
  type ServerKind,
  unsetInWords,
} from '../../ad/deleted-object-lifetime.ts';
import { blocker, type FindingDraft, finalBlocker, note, notOfThisRemedy, warning } from '../../change/findings.ts';
import type { JsonValue } from '../../change/json-shape.ts';
import type { Proposal } from '../../change/plan.ts';
import { agoInWords, counted, day, groupBy, listed } from '../../words.ts';
import { replicationFindings } from './assess-replication.ts';
import { type TombstoneChange, wordedForOther } from './changes.ts';
import { addedUp, countFrom, uncountedInWords } from './deleted-objects.ts';
import { steps } from './finding-steps.ts';
import type { TombstoneFacts } from './gather.ts';
import { adviceFor, hostOfParty, type Situation, situationOf } from './situation.ts';

/** The findings on these changes in this forest: of a new proposal, of a saved plan or of an undo. */
export function assess(facts: TombstoneFacts, proposal: Proposal<TombstoneChange>): readonly FindingDraft[] {
  const situation = situationOf(facts, proposal);
  return [
    unjustified(facts, proposal),
    rights(situation),
    ...newLifetime(situation),
    ...newRecycleLifetime(situation),
    ...storedLifetime(situation),
    ...replicationFindings(situation),
    lingeringEvidence(situation),
    deletions(situation),
    ...backups(situation),
    recycleBin(situation),
    strictConsistency(situation),
    ...forestSettings(situation),
    advice(situation),
  ].filter((one) => one !== undefined);
}

/** Changes of an entry that is not this forest's. */
function unjustified(
  { settings, serverKind }: TombstoneFacts,
  { changes }: Proposal<TombstoneChange>,
): FindingDraft | undefined {
  const foreign = changes.filter((change) => change.kind === 'modify' && change.guid !== settings.guid);
  if (foreign.length === 0) return misworded(changes, serverKind);
  return finalBlocker(
    notOfThisRemedy,
    'The plan changes an entry that does not hold the lifetime of this forest',
    'The objectGUID in the plan is not that of CN=Directory Service. Make a new plan.',
    { subjects: foreign.map(({ dn }) => dn), evidence: [`${settings.dn}: ${settings.guid}`] },
  );
}

/** The diff explains what "not set" means. That must be true on this server. */
function misworded(changes: readonly TombstoneChange[], kind: ServerKind): FindingDraft | undefined {
  const worded = wordedForOther(changes, kind);
  if (worded.length === 0) return undefined;
  return finalBlocker(
    notOfThisRemedy,
    'The plan explains "not set" for another kind of server',
    `On this server it is ${unsetInWords(kind)}. Make a new plan.`,
    {
      subjects: worded.map(({ attribute }) => attribute),
      evidence: worded.flatMap(({ whenUnset }) => whenUnset ?? []),
    },
  );
}

/** Why this user cannot write on this DC. */
function rights({ facts, isChange }: Situation): FindingDraft | undefined {
  if (!isChange) return undefined;
  if (facts.source.isReadOnly) {
    return blocker(
      'read-only-dc',
      `${facts.source.host} is a read-only domain controller`,
      'It accepts no writes. Name a writable DC with --server, or accept this to save a plan that is applied there.',
      { subjects: [facts.source.host] },
    );
  }
  if (facts.mayWrite !== false) return undefined;
  return blocker(
    'no-right-to-write',
    'This user may not write tombstoneLifetime',
    'Only Enterprise Admins and Domain Admins of the forest root may. Log on as one of them with --user, or accept this to save a plan for one of them to apply.',
    { subjects: [facts.settings.dn] },
  );
}

/** Reasons against the new number of days, and the limits of a higher one. */
function newLifetime({ facts, effect, before, after, raises, lowers }: Situation): readonly FindingDraft[] {
  if (effect.lifetime === undefined) return [];
  const collision = faultWithGarbageCollection(after.days, facts.settings);
  const title = `${after.days} days are less than the ${recommendedDays} that Microsoft recommends`;
  const detail = 'No backup can be used for longer, and no DC may be offline for longer.';
  return [
    collision !== undefined &&
      finalBlocker(
        'too-short-for-garbage-collection',
        `${after.days} days would not be honoured`,
        `For Active Directory to honour it, ${collision}. Choose more days, or shorten garbageCollPeriod first.`,
      ),
    after.days < recommendedDays &&
      (lowers
        ? blocker('below-recommended', title, `${detail} Accept it only with a reason.`, {
            measure: { value: recommendedDays - after.days, unit: 'days' },
          })
        : warning('below-recommended', title, detail)),
    after.days > 10 * 365 &&
      warning(
        'very-long',
        `Deleted objects would be kept for ${Math.floor(after.days / 365)} years`,
        'They fill the database of every DC. Few forests need more than a year.',
      ),
    raises &&
      note(
        'not-retroactive',
        'A higher value does not bring back objects that are already garbage-collected',
        `Only after ${counted(after.days - before.days, 'day')} does the forest hold every deletion of the last ${after.days} days. Backups older than ${counted(before.days, 'day')} cannot be used.`,
      ),
  ].filter((one) => one !== false);
}

/** The Recycle Bin's own lifetime falls under the same minimum. */
function newRecycleLifetime({ facts, effect, recycleAfter }: Situation): readonly FindingDraft[] {
  if (effect.recycle?.to === undefined) return [];
  const collision = faultWithGarbageCollection(recycleAfter, facts.settings);
  return [
    collision !== undefined &&
      finalBlocker(
        'recycle-too-short',
        `${recycleAfter} days in the Recycle Bin would not be honoured`,
        `For Active Directory to honour it, ${collision}. Choose more days.`,
      ),
    facts.forest.recycleBin === 'off' &&
      warning(
        'recycle-bin-off',
        'The Recycle Bin is off',
        'msDS-DeletedObjectLifetime has no effect until it is switched on.',
      ),
  ].filter((one) => one !== false);
}

/** Findings on the stored values, or on their absence. */
function storedLifetime({ facts, before }: Situation): readonly FindingDraft[] {
  const { settings, serverKind, isExport } = facts;
  const { tombstoneLifetime, garbageCollectionHours: hours } = settings;
  return [
    tombstoneLifetime === undefined &&
      isExport &&
      warning(
        'lifetime-not-in-export',
        'The export holds no tombstoneLifetime',
        'It is not set, or it was not exported. The LDIF only adds the value: a server that has one refuses it.',
      ),
    tombstoneLifetime === undefined &&
      !isExport &&
      note(
        'lifetime-not-set',
        `The lifetime is ${unsetInWords(serverKind)}`,
        `An upgrade does not change that. Microsoft recommends setting ${recommendedDays} days.`,
      ),
    isTooSmall(settings, serverKind) &&
      warning(
        'lifetime-not-honoured',
        `The stored value, ${tombstoneLifetime}, is too small to be honoured: ${lifetimeInWords(before)} may be in force`,
        'Microsoft documents 2 days, 3 days or the default of 60 days, by version and by garbageCollPeriod. Replication is judged by the shortest. Raise it first: healthy DCs exceed a lifetime of a few days (8614).',
        { evidence: [`garbageCollPeriod: ${garbageCollectionHours(settings)} hours`] },
      ),
    hours !== undefined &&
      isOutOfRange(hours) &&
      warning(
        'collection-period-out-of-range',
        `garbageCollPeriod is ${counted(hours, 'hour')}; Active Directory takes 1 to 168`,
        'The stored period has no effect. Set it to 12, or remove it.',
      ),
  ].filter((one) => one !== false);
}

/** Result and time of the last search for lingering objects, and the DCs that it did not compare. */
function lingeringEvidence({ facts: { evidence, replication, now }, judgement }: Situation): FindingDraft | undefined {
  if (evidence === undefined) return undefined;
  const { folder, plan, sha256 } = evidence;
  const { created, intent, changes, leftOut, findings } = plan;
  const byHost = groupBy(
    changes.flatMap((change) => (change.kind === 'remove-lingering' ? [change.on] : [])),
    (host) => host,
  );
  const others = [...namesIn(intent['targets']), ...namesIn(intent['alsoCompared'])];
  const compared = new Set([...namesIn(intent['reference']), ...others].map((host) => host.toLowerCase()));
  const left = replication.parties.filter(
    (party) => !judgement.gone.has(party) && !compared.has(hostOfParty(party).toLowerCase()),
  );
  const doubts = findings.filter(({ level }) => level !== 'note');
  const isClean = changes.length === 0 && doubts.length === 0 && left.length === 0;
  const found =
    changes.length === 0
      ? `found none${isClean ? '' : ' to hand over'}`
      : `found ${counted(changes.length, 'lingering object')} on ${listed([...byHost.keys()], 3)}`;
  const parts = {
    subjects: [...byHost.keys()],
    evidence: [
      `${folder}: made ${created}, reference ${listed(namesIn(intent['reference']))}`,
      `compared with ${listed(others)} in ${listed(namesIn(intent['partitions']))}`,
      ...[...byHost].map(([host, all]) => `${host}: ${counted(all.length, 'lingering object')}`),
      ...(leftOut.length === 0 ? [] : [`${counted(leftOut.length, 'object')} to be removed after these`]),
      ...doubts.map(({ id, title }) => `${id}: ${title}`),
      ...left.map(({ name }) => `${name}: not compared`),
    ],
    source: { name: folder, read: created, sha256 },
  };
  const title = `The search for lingering objects ${agoInWords(new Date(created), now)} ${found}`;
  const leftOpen =
    changes.length === 0
      ? 'It left the points below open. There may be lingering objects that it did not list for removal.'
      : 'Remove them, then search again: objects that they bring back under a higher lifetime stay.';
  const inItsWords = doubts.length === 0 ? '' : ' The text after the id of a finding is as recorded in that plan.';
  const detail = isClean
    ? 'Every DC in use was compared. Objects created or deleted since then are not included.'
    : `${leftOpen}${inItsWords}`;
  return (isClean ? note : warning)('lingering-evidence', title, detail, parts);
}

function namesIn(value: JsonValue | undefined): readonly string[] {
  const all: readonly JsonValue[] = Array.isArray(value) ? value : [value ?? null];
  return all.filter((one) => typeof one === 'string');
}

/** What the next garbage collection removes under a lower value; nothing for a higher one. */
function deletions(situation: Situation): FindingDraft | undefined {
  const { facts, before, after, lowers, recycleBefore, recycleAfter, effect } = situation;
  const shortensBin = (lowers || effect.recycle !== undefined) && recycleAfter < recycleBefore;
  if (!lowers && !shortensBin) return undefined;
  const tombstones = addedUp(facts.deletedObjects, 'tombstones');
  const recoverable = addedUp(facts.deletedObjects, 'recoverable');
  const collected = lowers && after.days < before.atMost ? countFrom(after.days, tombstones) : 0;
  const recycled = shortensBin ? countFrom(recycleAfter, recoverable) : 0;
  const evidence = facts.deletedObjects.filter(({ kind }) => kind !== 'counted').map(uncountedInWords);
  const detail = `Each DC removes them at its next garbage collection, within ${garbageCollectionHours(facts.settings)} hours, and undo does not bring them back.`;
  if (collected + recycled === 0) {
    const title = 'Not every deleted object that the lower value removes could be counted';
    return evidence.length === 0 ? undefined : warning('purge-not-known', title, detail, { evidence });
  }
  const parts = [
    ...(collected === 0 ? [] : [`${counted(collected, 'deleted object')} for good`]),
    ...(recycled === 0 ? [] : [`${counted(recycled, 'deleted object')} from the Recycle Bin`]),
  ];
  const atLeast = evidence.length === 0 ? '' : 'at least ';
  const limit = collected === 0 ? recycleAfter : after.days;
  return blocker(
    'purges-deleted-objects',
    `The lower value removes ${atLeast}${parts.join(' and ')}`,
    `They are older than ${counted(limit, 'day')}. ${detail}`,
    { evidence, measure: { value: collected + recycled, unit: 'objects' } },
  );
}

/** Backups that are too old afterwards or soon will be, and naming contexts whose last backup is not known. */
function backups({ facts, after, recycleAfter }: Situation): readonly FindingDraft[] {
  // With the Recycle Bin both lifetimes count: the smaller one [inferred from two sources].
  const limit = facts.forest.recycleBin === 'on' ? Math.min(after.days, recycleAfter) : after.days;
  const aged = facts.backups.flatMap(({ namingContext, time }) =>
    time instanceof Date ? [{ namingContext, time, days: (facts.now.getTime() - time.getTime()) / day }] : [],
  );
  const unknown = facts.backups.filter(({ time }) => time === 'not-known').map(({ namingContext }) => namingContext);
  const line = (one: { readonly namingContext: string; readonly time: Date }): string =>
    `${one.namingContext}: ${agoInWords(one.time, facts.now)}`;
  const useless = aged.filter(({ days }) => days >= limit);
  const old = aged.filter(({ days }) => days >= limit / 2 && days < limit);
  return [
    useless.length > 0 &&
      warning(
        'backup-past-lifetime',
        `The last backup of ${counted(useless.length, 'naming context')} is older than ${counted(limit, 'day')}`,
        'Restoring it would bring deleted objects back. Make a system state backup of a DC of each domain.',
        { subjects: useless.map(({ namingContext }) => namingContext), evidence: useless.map(line) },
      ),
    old.length > 0 &&
      warning(
        'backup-old',
        `The last backup of ${counted(old.length, 'naming context')} is older than half of ${counted(limit, 'day')}`,
        'That is when event 2089 asks for a new one. Make a system state backup.',
        { subjects: old.map(({ namingContext }) => namingContext), evidence: old.map(line) },
      ),
    unknown.length > 0 &&
      note(
        'backup-not-known',
        `The last backup of ${counted(unknown.length, 'naming context')} is not known`,
        facts.isExport
          ? 'The export does not show when it was made (the time of dSASignature on each naming context).'
          : 'There was none, or this user may not see when it was made (the time of dSASignature on each naming context).',
        { subjects: unknown, evidence: unknown },
      ),
  ].filter((one) => one !== false);
}

/** How the two lifetimes depend on each other. */
function recycleBin({ facts, before, after, raises, recycleAfter }: Situation): FindingDraft | undefined {
  const { forest, settings } = facts;
  if (forest.recycleBin === 'unknown') {
    return note('recycle-bin-not-known', 'It is not known whether the Recycle Bin is on', 'See CN=Partitions.');
  }
  if (forest.recycleBin === 'off') return undefined;
  if (settings.deletedObjectLifetime === undefined) {
    if (before.days === after.days) return undefined;
    return note(
      'recycle-bin-follows',
      'The Recycle Bin follows this value',
      'msDS-DeletedObjectLifetime is not set, so deleted objects can be restored for as long as this lifetime.',
    );
  }
  if (!raises || recycleAfter >= after.days) return undefined;
  return warning(
    'recycle-bin-own-lifetime',
    `The Recycle Bin can still restore objects for only ${recycleAfter} days`,
    `msDS-DeletedObjectLifetime is set, so a longer tombstoneLifetime does not lengthen recovery. To change both in one plan, add --recycle-days ${after.days}.`,
  );
}

/** Whether DCs that are promoted from now on refuse lingering objects. */
function strictConsistency({ facts, effect }: Situation): FindingDraft | undefined {
  const { strictMarker, isExport } = facts;
  const existing = { steps: [steps.of('strict-existing', {})] };
  if (effect.marker === 'added' && !strictMarker.hasParent) {
    return finalBlocker(
      'no-forest-updates',
      'The forest lacks the container of the strict-consistency object',
      'Create the container first, or leave out --strict-new-dcs.',
      { subjects: [strictMarker.dn], steps: [steps.of('prepare-forest', {})] },
    );
  }
  if (effect.marker === 'added')
    return note('strict-new-dcs', 'Only DCs promoted from now on become strict', '', existing);
  if (effect.marker === 'removed') {
    return warning(
      'new-dcs-may-be-loose',
      'Newly promoted DCs may not enforce strict replication consistency',
      '',
      existing,
    );
  }
  if (strictMarker.isThere || isExport) return undefined;
  const offer = strictMarker.hasParent ? 'To add the object, give --strict-new-dcs.' : 'Its container is missing too.';
  return note(
    'new-dcs-may-be-loose',
    'Newly promoted DCs may not enforce strict replication consistency (forest object missing)',
    offer,
    { steps: [...(strictMarker.hasParent ? [] : [steps.of('prepare-forest', {})]), ...existing.steps] },
  );
}

/** Leftover server objects, and the limits of an export. */
function forestSettings({ facts }: Situation): readonly FindingDraft[] {
  const { leftoverServers } = facts.forest;
  return [
    leftoverServers.length > 0 &&
      note(
        'leftover-servers',
        `Server objects without a domain controller: ${leftoverServers.length}`,
        'They are left over from removed DCs, or other software created them. They were not queried.',
        { subjects: leftoverServers.map(({ name }) => name), evidence: leftoverServers.map(({ dn }) => dn) },
      ),
    facts.isExport &&
      note(
        'export-only',
        'Read from an export',
        `Data missing from it counts as unknown, not as healthy. Ages are counted up to ${facts.now.toISOString().slice(0, 10)}. Applying writes an LDIF file to import and changes no directory.`,
      ),
  ].filter((one) => one !== false);
}

function advice({ facts, judgement }: Situation): FindingDraft {
  const { days, reasons } = adviceFor(facts, judgement);
  return note('advice', `Advice: ${days} days`, reasons.join(' '));
}
