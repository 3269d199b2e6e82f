/**
 * What is said of references: those to the server that would point at nothing after the deletion and that the changes do not
 * clear, and those that earlier deletions left behind; with what clears or replaces them by hand.
 */

import { dnIn, rdnOf } from '../../ad/dn.ts';
import { blocker, type FindingDraft, type NextStep, note, warning } from '../../change/findings.ts';
import { type DirectoryChange, deletedBy, type ForestTarget, type Proposal } from '../../change/plan.ts';
import { counted, distinct } from '../../words.ts';
import { exportFindings } from './export-gaps.ts';
import { clearing, steps, userOf } from './finding-steps.ts';
import { clearableReferrers, type DeletionFacts } from './gather.ts';
import { clearableIn, homeServerName, type LeftoverFacts, leftoverHeadings, whyOf } from './leftovers.ts';
import { type ExchangeServer, hasRole, isFullServer, releaseOf, roleBit } from './organisation.ts';
import { domainsOf, type RecipientCount } from './recipients.ts';
import { hostsIn, keyOf, keysOf, type Referrer } from './referrers.ts';
import { type Survey, serversOf } from './survey.ts';

/** How many entries an advice names in full. */
export const namedInFull = 3;

/** Advice for the first of them: the rest is in the evidence. */
export function adviceFor<T, Advice>(items: readonly T[], how: (item: T) => Advice): readonly Advice[] {
  return items.slice(0, namedInFull).map(how);
}

/** Whether the changes remove every value of a reference. */
export function clearedBy({ changes }: Pick<Proposal<DirectoryChange>, 'changes'>): (referrer: Referrer) => boolean {
  const removed = new Set(
    changes.flatMap((change) =>
      change.kind === 'modify'
        ? change.edits.flatMap(({ attribute, remove }) => remove.map((value) => keyOf(change.guid, attribute, value)))
        : [],
    ),
  );
  return (referrer) => keysOf(referrer).every((key) => removed.has(key));
}

/** References that would dangle, and those that need another value. */
export function* referenceFindings(
  facts: DeletionFacts,
  proposal: Proposal<DirectoryChange>,
): Generator<FindingDraft, void> {
  const isCleared = clearedBy(proposal);
  const clearable = clearableReferrers(facts);
  const { referrers, toDatabases, lostWellKnownObjects } = facts.configuration;
  const lost = new Set(lostWellKnownObjects);
  // A part of a plan that only clears references leaves none that points at a deleted entry.
  const deletes = proposal.changes.some((change) => deletedBy(change).length > 0);
  const dangling = clearable.filter(
    (referrer) => deletes && referrer.reference.kind !== 'linked' && !isCleared(referrer) && !lost.has(referrer),
  );
  const needValue = referrers.filter(({ reference }) => reference.clearing === 'needs another value');
  const mandatory = referrers.filter(
    // Offline address books have their own blocker, with the cmdlet that moves them.
    ({ reference }) => reference.clearing === 'mandatory' && reference.id !== 'oab-generation',
  );
  const ofSystem = referrers.filter(({ reference }) => reference.clearing === 'only the system writes it');
  const { leftovers } = facts.configuration;
  yield* unknownKept(proposal, clearable);
  if (dangling.length > 0)
    yield blocker(
      'dangling-references',
      `${counted(dangling.length, 'reference')} to the server would point at a deleted entry`,
      'These changes do not clear them: you chose to keep them, you have no right to write them, or they are new. Clear them first, or let the plan clear them.',
      { ...about(dangling), measure: { value: dangling.length, unit: 'references' } },
    );
  if (needValue.length > 0)
    yield warning(
      'references-to-replace',
      `${counted(needValue.length, 'reference')} to the server by name ${needValue.length === 1 ? 'needs' : 'need'} another value`,
      'Deleting the server does not change these text values. Set a new value for each.',
      { ...about(needValue), steps: adviceFor(needValue, (referrer) => newValue(facts, referrer)) },
    );
  if (mandatory.length > 0)
    yield blocker(
      'mandatory-references',
      `${counted(mandatory.length, 'reference')} to the server cannot be cleared: the attribute is mandatory`,
      `Give it another value first. If you accept, ${mandatory.every(({ reference }) => reference.kind === 'linked') ? 'the directory removes the value with the entry that it names, and the attribute is missing' : 'it points at a deleted entry afterwards'}.`,
      {
        ...about(mandatory),
        steps: adviceFor(mandatory, (referrer) => replacing(referrer)),
        measure: { value: mandatory.length, unit: 'references' },
      },
    );
  if (ofSystem.length > 0)
    yield warning(
      'system-only-references',
      `${counted(ofSystem.length, 'reference')} to the server that only the system can change`,
      'The directory maintains these values itself. They are not changed.',
      about(ofSystem),
    );
  if (leftovers.length > 0)
    yield note(
      'leftovers',
      `${counted(leftovers.length, 'other reference points', 'other references point')} at entries that were deleted earlier`,
      'They do not belong to this server, and this plan does not change them. To list and clear them, run orphan with --leftovers instead of the server.',
      { evidence: leftovers.map(({ id }) => id) },
    );
  if (toDatabases.length > 0)
    yield warning(
      'references-to-its-databases',
      `${counted(toDatabases.length, 'reference')} to databases that it owns, which stay without an owner`,
      'They are not changed, and name a database that no server mounts. When the database is removed, they point at a deleted entry. Give them another value before you remove it.',
      {
        steps: adviceFor(toDatabases, (referrer) => replacing(referrer)),
        evidence: toDatabases.map(({ id, values }) => `${id}: ${values.join(', ')}`),
        subjects: toDatabases.map(({ id }) => id),
      },
    );
}

/** The command that gives a text reference to the server another value. */
function newValue({ chosen, survey, hasOtherServer }: DeletionFacts, referrer: Referrer): NextStep {
  const { dn, objectClasses, reference } = referrer;
  if (hasOtherServer && objectClasses.includes('msexchpublicmdb')) return removalOfPublic(dn);
  const isOf2010 = releaseOf(chosen.server).year === 2010;
  const others = serversOf(survey).filter((server) => isOf2010 && server.dn !== chosen.server.dn);
  return (
    cmdletForNewValue(referrer, others, hasOtherServer) ?? steps.of('look', { dn, attributes: [reference.attribute] })
  );
}

/** IDs given to --keep that match no reference. */
function* unknownKept(
  { intent }: Proposal<DirectoryChange>,
  clearable: readonly Referrer[],
): Generator<FindingDraft, void> {
  const { keep } = intent;
  const known = new Set(clearable.map(({ id }) => id.toLowerCase()));
  const unknown = (Array.isArray(keep) ? keep : []).filter(
    (id) => typeof id === 'string' && !known.has(id.toLowerCase()),
  );
  if (unknown.length === 0) return;
  yield warning(
    'nothing-to-keep',
    `--keep names ${counted(unknown.length, 'reference')} that this plan would not clear`,
    'An ID is the attribute and the DN as the review shows them: "homeMTA of CN=…".',
    { evidence: unknown.map(String) },
  );
}

function about(referrers: readonly Referrer[]): {
  readonly evidence: readonly string[];
  readonly subjects: readonly string[];
} {
  const ids = referrers.map(({ id }) => id);
  return { evidence: ids, subjects: ids };
}

/** Findings on leftovers: what they point at, which of them have to be set manually, and empty containers. */
export function* assessLeftovers(
  facts: LeftoverFacts,
  proposal: Proposal<DirectoryChange>,
): Generator<FindingDraft, void> {
  const clearable = clearableIn(facts);
  const others = facts.leftovers.filter((referrer) => !clearable.includes(referrer));
  yield* unknownKept(proposal, clearable);
  if (facts.leftovers.length === 0)
    yield note(
      'no-leftovers',
      'No value points at a deleted or missing server object',
      `Nothing to clear. ${placeOf(facts)}`,
    );
  else
    yield note(
      'leftovers',
      `${counted(facts.leftovers.length, 'reference points', 'references point')} at deleted or missing entries`,
      `They are left over from earlier manual deletions. Setup and the Exchange services report them (event 2937). Undo cannot restore a reference to a deleted entry: the directory refuses it. before.ldf keeps the values. ${placeOf(facts)}${facts.notListed === 0 ? '' : ` There are ${facts.notListed.toLocaleString('en')} more: run this again after this plan is applied.`}`,
      { evidence: leftoverHeadings(facts) },
    );
  if (others.length > 0)
    yield warning(
      'leftovers-not-cleared',
      `${counted(others.length, 'reference')} cannot be cleared here`,
      `Each is listed with the reason. ${reasonsOf(facts, others)}.${hostsToCheck(others)} After you grant a right, make the plan again.`,
      {
        steps: others.flatMap((referrer) => wayOf(facts, referrer)),
        evidence: others.map((referrer) => `${referrer.id} (${whyOf(facts, referrer)})`),
      },
    );
  yield* serversNotSeen(facts, proposal);
  yield* entriesNotThere(facts, proposal);
  yield* oneDomainOnly(facts);
  yield* exportFindings(facts.survey);
  yield* emptyContainerFinding(facts.emptyContainers);
}

/** A server that the user cannot see may exist: its name is cleared only if the user accepts that. */
function* serversNotSeen(
  { unseen }: LeftoverFacts,
  { changes }: Proposal<DirectoryChange>,
): Generator<FindingDraft, void> {
  if (unseen.length === 0) return;
  const edited = new Set(
    changes.flatMap((change) =>
      change.kind === 'modify' ? change.edits.map(({ attribute }) => `${attribute} of ${change.dn}`) : [],
    ),
  );
  const groups = distinct(unseen.map(({ group }) => group));
  const make = unseen.some(({ id }) => edited.has(id)) ? blocker : warning;
  yield make(
    'servers-not-seen',
    `You see no servers of ${counted(groups.length, 'administrative group')}: the names below may belong to servers in use`,
    'Run this as a user who may read the Exchange organisation, such as a member of Organization Management. Accept this only if the administrative group was deleted.',
    { evidence: groups, subjects: groups },
  );
}

/** An entry without even a tombstone may be hidden from the user, or be missing from an export. */
function* entriesNotThere(
  { missing, survey }: LeftoverFacts,
  { changes }: Proposal<DirectoryChange>,
): Generator<FindingDraft, void> {
  const removed = changes
    .flatMap((change) => (change.kind === 'modify' ? change.edits : []))
    .flatMap(({ remove }) => remove.map((value) => (typeof value === 'string' ? dnIn(value) : '')));
  const named = missing.filter((dn) => removed.includes(dn));
  if (named.length === 0) return;
  const why =
    survey.target.connection.kind === 'ldif'
      ? 'They were deleted, or the export does not hold them.'
      : 'They were deleted so long ago that no tombstone is left, or you have no right to see them.';
  yield blocker(
    'entries-not-there',
    `This clears references to ${counted(named.length, 'entry that is', 'entries that are')} not there, and no tombstone shows a deletion`,
    `${why} Accept this if you know that they were deleted, or leave a reference as it is with --keep. Undo cannot restore a reference to an entry that does not exist.`,
    { evidence: named, subjects: named },
  );
}

/** Without a global catalog, recipients of other domains are not known. */
export function* oneDomainOnly({ isForestWide }: { readonly isForestWide: boolean }): Generator<FindingDraft, void> {
  if (isForestWide) return;
  yield warning(
    'one-domain-only',
    'No global catalog answered: recipients of other domains are not known',
    'Name a domain controller that is a global catalog with --server.',
  );
}

/** Where recipients were looked for. */
function placeOf({ isForestWide, survey }: LeftoverFacts): string {
  if (survey.target.connection.kind === 'ldif') return 'Recipients were searched in the export.';
  if (!isForestWide) return 'Recipients were searched only in this domain.';
  return domainsOf(survey.forest).length < 2
    ? 'Recipients were searched in the only domain.'
    : 'Recipients of other domains were searched in a global catalog, as far as it holds the attributes; this plan does not change them.';
}

/** Text that has a host in it, and no legacyExchangeDN. */
function hostsToCheck(referrers: readonly Referrer[]): string {
  const isHost = ({ values }: Referrer): boolean =>
    values.some((value) => typeof value === 'string' && hostsIn(value).length > 0);
  return referrers.some(isHost)
    ? ' A host name may now belong to another machine or to a load balancer: check what answers under that name before you change it.'
    : '';
}

/** "Needs another value: 3, mandatory: 1" */
function reasonsOf(facts: LeftoverFacts, referrers: readonly Referrer[]): string {
  const reasons = referrers.map((referrer) => whyOf(facts, referrer));
  const counts = distinct(reasons).map(
    (reason) => `${reason}: ${reasons.filter((one) => one === reason).length.toLocaleString('en')}`,
  );
  return counts.join(', ').replace(/^./, (letter) => letter.toUpperCase());
}

/** What repairs a reference which stays; [] if nothing does. */
function wayOf({ elsewhere, survey, unwritable }: LeftoverFacts, referrer: Referrer): readonly NextStep[] {
  if (elsewhere.has(referrer.id) && referrer.reference.clearing === 'may be cleared')
    return [clearing(survey.target, referrer.dn, referrer.reference.attribute)];
  if (unwritable.has(referrer.id)) return [granting(survey.target, referrer)];
  switch (referrer.reference.clearing) {
    case 'may be cleared':
    case 'only the system writes it':
      return [];
    case 'mandatory':
      return [replacement(survey, referrer)];
    case 'needs another value':
      return [newValueOfLeftover(survey, referrer)];
  }
}

/** A mandatory value is replaced: that of an offline address book by a server that is there. */
function replacement(survey: Survey, referrer: Referrer): NextStep {
  const server = serversOf(survey).find(isFullServer);
  return replacing(referrer, referrer.reference.id === 'oab-generation' ? server?.dn : undefined);
}

/** What gives text another value, as far as a server that is there has a cmdlet for it. */
function newValueOfLeftover(survey: Survey, referrer: Referrer): NextStep {
  const { dn, objectClasses, reference } = referrer;
  if (objectClasses.includes('msexchpublicmdb')) return removalOfPublic(dn);
  const there = serversOf(survey).filter(isFullServer);
  const isModern = there.some((server) => (releaseOf(server).year ?? 0) >= 2010);
  const cmdlet = cmdletForNewValue(referrer, there, isModern);
  if (cmdlet !== undefined) return cmdlet;
  return reference.attribute === homeServerName && isModern
    ? steps.of('set-home', { dn })
    : steps.of('look-and-set', { dn, attribute: reference.attribute });
}

/** This plan deletes nothing: the user deletes the container. */
function* emptyContainerFinding(containers: readonly string[]): Generator<FindingDraft, void> {
  if (containers.length === 0) return;
  yield warning(
    'empty-servers-container',
    `${counted(containers.length, 'administrative group has', 'administrative groups have')} an empty CN=Servers, which stops public folder replication to Exchange 2010`,
    'Exchange 2010 and later log event 1020 of the Store Driver then. Delete the empty containers. Do not delete the administrative group itself.',
    { steps: [steps.of('remove-containers', { dns: containers })], evidence: containers, subjects: containers },
  );
}

/** The number of the recipients and the first of them, a line each. */
export function countedEvidence({ reference, count, first }: RecipientCount): readonly string[] {
  const more = count - first.length;
  return [
    `${counted(count, reference.one, reference.who)} (${reference.attribute})`,
    ...first,
    ...(more > 0 ? [`… and ${more.toLocaleString('en')} more`] : []),
  ];
}

/** What replaces a value. @param value the DN to set, where it is known */
export function replacing({ dn, reference: { attribute } }: Referrer, value = ''): NextStep {
  return steps.of('replace', { dn, attribute, value });
}

/** A public folder database has no client access server: the name of its server goes with it. */
function removalOfPublic(dn: string): NextStep {
  return steps.of('remove-public-database', { name: rdnOf(dn).value });
}

/**
 * The cmdlet that gives a text reference another value; undefined if there is none.
 *
 * @param servers those that can take the place of the one that is named
 * @param hasDags whether one of them has the cmdlets for DAGs
 */
function cmdletForNewValue(
  { dn, reference }: Referrer,
  servers: readonly ExchangeServer[],
  hasDags: boolean,
): NextStep | undefined {
  const name = rdnOf(dn).value;
  // The parameter is of Exchange 2010 alone, and takes a server of it.
  const other = servers.find(
    (server) => hasRole(server.roles, roleBit.clientAccess) && releaseOf(server).year === 2010,
  );
  if (reference.id === 'rpc-client-access' && other !== undefined) {
    return steps.of('set-client-access', { database: name, server: other.fqdn ?? other.name });
  }
  const isAlternate = reference.id === 'dag-alternate-witness';
  return (isAlternate || reference.id === 'dag-witness') && hasDags
    ? steps.of('set-witness', { group: name, isAlternate })
    : undefined;
}

/** What gives the right to write the attribute that refers. */
export function granting(target: ForestTarget, { dn, reference: { attribute } }: Referrer): NextStep {
  return steps.of('grant-write', { dn, attribute, user: userOf(target) });
}
