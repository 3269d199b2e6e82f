/** What earlier deletions by hand have left behind, as the tree that it is, as findings, and as a plan in words. */

import { deletedRdnOf, leafNameOf, rdnOf } from '../../ad/dn.ts';
import { dnIn } from '../../ad/naming.ts';
import type { TreeExhibit } from '../../change/exhibits.ts';
import { blocker, type FindingDraft, note, warning } from '../../change/findings.ts';
import type { DirectoryChange, Plan, Proposal } from '../../change/plan.ts';
import { quotedForPowerShell } from '../../quoting.ts';
import { counted, distinct, groupBy } from '../../words.ts';
import type { Description } from '../remedy.ts';
import { exportFindings } from './export-gaps.ts';
import type { LeftoverFacts } from './gather.ts';
import { isText, lower, namesOf, serverDnIn, serverNamed } from './gone-servers.ts';
import { clearableIn, homeServerName, type Leftovers } from './leftovers.ts';
import { isFullServer, releaseOf } from './organisation.ts';
import { domainsOf } from './recipients.ts';
import {
  clearCommand,
  cmdletForNewValue,
  grantOf,
  removalOfPublic,
  replaceCommand,
  unknownKept,
} from './reference-findings.ts';
import { hostsIn, type Referrer } from './referrers.ts';
import { type Survey, serversOf } from './survey.ts';

/** Of a long list the screen shows so many references to each entry, and so many lines in all. */
const fewReferences = 3;

const fewLines = 40;

/** What is gone, by server, with what refers to it; [] if nothing does. @param inFull else the beginning of it */
export function leftoverTree(facts: LeftoverFacts, inFull: boolean): readonly TreeExhibit[] {
  const groups = groupsOf(facts);
  if (groups.length === 0) return [];
  const nodes = groups.flatMap((group) => [
    { depth: 0, text: headingOf(group), notes: [] },
    ...group.targets.toSorted(objectsFirst(group)).map((target) => ({
      depth: 1,
      text: targetInWords(target, group),
      notes: shortened(
        target.referrers.map((referrer) => referenceInWords(facts, referrer)),
        inFull ? target.referrers.length : fewReferences,
      ),
    })),
  ]);
  return [
    { kind: 'tree', id: 'leftovers', title: 'What is gone, and what refers to it', nodes: inFull ? nodes : few(nodes) },
  ];
}

type Node = TreeExhibit['nodes'][number];

/** As many nodes as the screen has room for. */
function few(nodes: readonly Node[]): readonly Node[] {
  let room = fewLines;
  const shown = nodes.filter(({ notes }) => {
    room -= 1 + notes.length;
    return room >= 0;
  });
  const hidden = nodes.length - shown.length;
  return hidden === 0
    ? nodes
    : [...shown, { depth: 0, text: `… ${hidden.toLocaleString('en')} more lines: --verbose`, notes: [] }];
}

function shortened(lines: readonly string[], most: number): readonly string[] {
  const more = lines.length - most;
  return more <= 0 ? lines : [...lines.slice(0, most), `… and ${more.toLocaleString('en')} more`];
}

/** What points at one server and at what was below it. */
interface LeftoverGroup {
  /** As it is written; undefined for entries that were of no server, or whose server nothing shows. */
  readonly server: string | undefined;
  /** Whether a server object of this name is there: only something of it was deleted, or it was made again. */
  readonly isThere: boolean;
  /** By what the values name: a deleted entry, or the server in text. */
  readonly targets: readonly LeftoverTarget[];
}

/** A deleted entry or a name, and what refers to it. */
interface LeftoverTarget {
  readonly named: string;
  readonly referrers: readonly Referrer[];
}

/** By server, those of which the server is not known last; within a server by what is named. */
function groupsOf({ leftovers, tombstones, gone, survey }: LeftoverFacts): readonly LeftoverGroup[] {
  const there = namesOf(serversOf(survey));
  const pointing = leftovers.flatMap((referrer) =>
    referrer.values.filter(isText).map((value) => {
      const name = serverNamed(value, tombstones) ?? deletedName(value, gone);
      return { named: dnIn(value), referrer, server: name === undefined ? undefined : (gone.get(lower(name)) ?? name) };
    }),
  );
  return [...groupBy(pointing, ({ server }) => server?.toLowerCase() ?? '')]
    .toSorted(([one], [other]) => (one === '' ? 1 : other === '' ? -1 : one.localeCompare(other, 'en')))
    .map(([name, here]) => ({
      server: here[0]?.server,
      isThere: there.has(name),
      targets: [...groupBy(here, ({ named }) => named)].map(([named, values]) => ({
        named,
        referrers: distinct(
          values.map(({ referrer }) => referrer),
          ({ id }) => id,
        ),
      })),
    }));
}

/** The name of a deleted entry whose tombstone is not to be seen, if a server that is gone has it. */
function deletedName(value: string, gone: ReadonlyMap<string, string>): string | undefined {
  const dn = dnIn(value);
  return dn.includes('\\0ADEL:') ? gone.get(lower(deletedRdnOf(dn)?.value ?? '')) : undefined;
}

function headingOf({ server, isThere, targets }: LeftoverGroup): string {
  const references = targets.reduce((sum, { referrers }) => sum + referrers.length, 0);
  const count = counted(references, 'reference');
  if (server === undefined) return `Of no server, or of an unknown one: ${count}`;
  return `${server}${isThere ? ' (a server object of this name exists)' : ''}: ${count}`;
}

/** The server object, then what was below it, then names in text. */
function objectsFirst({ server }: LeftoverGroup): (one: LeftoverTarget, other: LeftoverTarget) => number {
  const rank = ({ named }: LeftoverTarget): number => {
    const entry = nameOfEntry(named)?.toLowerCase();
    return entry === undefined ? 2 : entry === server?.toLowerCase() ? 0 : 1;
  };
  return (one, other) => rank(one) - rank(other);
}

/** "EX09 (its object, or a database copy on it)", "Microsoft MTA", "by name: ex09.corp.example.com" */
function targetInWords({ named }: LeftoverTarget, { server }: LeftoverGroup): string {
  const entry = nameOfEntry(named);
  if (entry === undefined) return `by name: ${named}`;
  const isServer = entry.toLowerCase() === server?.toLowerCase();
  if (serverDnIn(named) !== undefined) return `${entry} (${isServer ? 'its object: ' : ''}not there, no tombstone)`;
  return isServer ? `${entry} (its object, or a database copy on it)` : entry;
}

/** The name of an entry that a value has by its DN; undefined for text. */
function nameOfEntry(named: string): string | undefined {
  if (named.includes('\\0ADEL:')) return deletedRdnOf(named)?.value;
  return serverDnIn(named) === undefined ? undefined : rdnOf(named).value;
}

function referenceInWords(facts: Leftovers, referrer: Referrer): string {
  const { dn, reference } = referrer;
  const why = whyOf(facts, referrer);
  const stays = why === 'may be cleared' ? '' : `: stays, ${why === 'mandatory' ? 'mandatory attribute' : why}`;
  return `${reference.attribute} of ${leafNameOf(dn)}${stays}`;
}

/** What they point at, which of them a person has to set by hand, and containers that were left empty. */
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
      `There is nothing to clear. ${placeOf(facts)}`,
    );
  else
    yield note(
      'leftovers',
      `${counted(facts.leftovers.length, 'reference points', 'references point')} at entries that are gone`,
      `Earlier deletions by hand have left them behind. Setup and the Exchange services report them (event 2937). Undo cannot bring back a reference to a deleted entry: the directory refuses it. before.ldf keeps the values. ${placeOf(facts)}${facts.notListed === 0 ? '' : ` There are ${facts.notListed.toLocaleString('en')} more: run it again when this plan is applied.`}`,
      { evidence: groupsOf(facts).map(headingOf) },
    );
  if (others.length > 0)
    yield warning(
      'leftovers-not-cleared',
      `${counted(others.length, 'reference')} cannot be cleared here`,
      `Each is listed with the reason and the command to run. ${reasonsOf(facts, others)}.${hostsToCheck(others)}`,
      {
        evidence: others.flatMap((referrer) => [
          `${referrer.id} (${whyOf(facts, referrer)})`,
          ...wayOf(facts, referrer),
        ]),
      },
    );
  yield* serversNotSeen(facts, proposal);
  yield* entriesNotThere(facts, proposal);
  yield* oneDomainOnly(facts);
  yield* exportFindings(facts.survey);
  yield* emptyContainerFinding(facts.emptyContainers);
}

/** A server that the user may not see is there: its name is not cleared unless the user knows better. */
function* serversNotSeen({ unseen }: Leftovers, { changes }: Proposal<DirectoryChange>): Generator<FindingDraft, void> {
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
    `You see no servers of ${counted(groups.length, 'administrative group')}: the names below may be of servers that are in use`,
    'Run it as a user who may read the Exchange organisation, such as a member of Organization Management. Accept this only if the administrative group was deleted.',
    { evidence: groups, subjects: groups },
  );
}

/** An entry of which not even a deletion is to be seen may be hidden from the user, or from an export. */
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
    `${why} Accept this if you know that they are gone, or leave a reference as it is with --keep. Undo cannot bring back a reference to an entry that is not there.`,
    { evidence: named, subjects: named },
  );
}

/** Without a global catalog, recipients of other domains are not known. */
export function* oneDomainOnly({ isForestWide }: { readonly isForestWide: boolean }): Generator<FindingDraft, void> {
  if (isForestWide) return;
  yield warning(
    'one-domain-only',
    'No global catalog could be asked: recipients of other domains are not known',
    'Name a domain controller that is a global catalog with --server.',
  );
}

/** Where recipients were looked for. */
function placeOf({ isForestWide, survey }: LeftoverFacts): string {
  if (survey.target.connection.kind === 'ldif') return 'Recipients were looked for in the export.';
  if (!isForestWide) return 'Recipients were looked for only in this domain.';
  return domainsOf(survey.forest).length < 2
    ? 'Recipients were looked for in the only domain.'
    : 'Recipients of other domains were looked for in a global catalog, as far as it holds the attributes; this plan does not write them.';
}

function whyOf({ elsewhere, unwritable }: Leftovers, { id, reference }: Referrer): string {
  if (elsewhere.has(id)) return 'in another domain';
  return unwritable.has(id) ? 'no right to write it' : reference.clearing;
}

/** Text that has a host in it, and no legacyExchangeDN. */
function hostsToCheck(referrers: readonly Referrer[]): string {
  const isHost = ({ values }: Referrer): boolean =>
    values.some((value) => typeof value === 'string' && hostsIn(value).length > 0);
  return referrers.some(isHost)
    ? ' A host name may belong to another machine or to a load balancer now: check what answers by it before you change it.'
    : '';
}

/** "Needs another value: 3, mandatory: 1" */
function reasonsOf(facts: Leftovers, referrers: readonly Referrer[]): string {
  const reasons = referrers.map((referrer) => whyOf(facts, referrer));
  const counts = distinct(reasons).map(
    (reason) => `${reason}: ${reasons.filter((one) => one === reason).length.toLocaleString('en')}`,
  );
  return counts.join(', ').replace(/^./, (letter) => letter.toUpperCase());
}

/** The command that mends a reference which stays; [] where there is none. */
function wayOf({ elsewhere, survey, unwritable }: LeftoverFacts, referrer: Referrer): readonly string[] {
  if (elsewhere.has(referrer.id) && referrer.reference.clearing === 'may be cleared')
    return [clearCommand(survey.target, referrer.dn, referrer.reference.attribute)];
  if (unwritable.has(referrer.id)) return [`${grantOf(survey.target, referrer)}, then make the plan again`];
  switch (referrer.reference.clearing) {
    case 'may be cleared':
    case 'only the system writes it':
      return [];
    case 'mandatory':
      return [replacement(survey, referrer)];
    case 'needs another value':
      return [newValue(survey, referrer)];
  }
}

/** A mandatory value is replaced: that of an offline address book by a server that is there. */
function replacement(survey: Survey, referrer: Referrer): string {
  const server = serversOf(survey).find(isFullServer);
  return replaceCommand(referrer, referrer.reference.id === 'oab-generation' ? server?.dn : undefined);
}

/** What gives text another value, as far as a server that is there has a cmdlet for it. */
function newValue(survey: Survey, referrer: Referrer): string {
  const { dn, objectClasses, reference } = referrer;
  if (objectClasses.includes('msexchpublicmdb')) return removalOfPublic(dn);
  const there = serversOf(survey).filter(isFullServer);
  const isModern = there.some((server) => (releaseOf(server).year ?? 0) >= 2010);
  const cmdlet = cmdletForNewValue(referrer, there, isModern);
  if (cmdlet !== undefined) return cmdlet;
  const entry = quotedForPowerShell(dn);
  return reference.attribute === homeServerName && isModern
    ? `Set-Mailbox -Identity ${entry} -Database <its database now>; or, if its database is lost for good: Disable-Mailbox -Identity ${entry}`
    : `Get-ADObject -Identity ${entry} -Properties ${quotedForPowerShell(reference.attribute)}, then Set-ADObject with -Replace or -Clear`;
}

/** This plan deletes nothing: the container is deleted by hand. */
function* emptyContainerFinding(containers: readonly string[]): Generator<FindingDraft, void> {
  if (containers.length === 0) return;
  yield warning(
    'empty-servers-container',
    `${counted(containers.length, 'administrative group has', 'administrative groups have')} an empty CN=Servers, which stops public folder replication into Exchange 2010`,
    `Exchange 2010 and later log event 1020 of the Store Driver then. Delete what is empty: ${containers.map((dn) => `Remove-ADObject -Identity ${quotedForPowerShell(dn)}`).join('; ')}. Leave the administrative group itself.`,
    { evidence: containers, subjects: containers },
  );
}

/** Such a plan in words; what refers to what is in its exhibit. */
export function describeLeftovers({ changes, leftOut }: Plan<DirectoryChange>): Omit<Description, 'changes'> {
  const attributes = changes.flatMap((change) => (change.kind === 'modify' ? change.edits : []));
  const stays = leftOut.filter(({ reason }) => reason !== 'keep').map(({ what }) => what);
  return {
    title: 'Clear what earlier deletions of Exchange servers left behind',
    summary: [
      { name: 'References cleared', value: counted(attributes.length, 'attribute') },
      { name: 'Left as they are', value: leftOut.length.toLocaleString('en') },
    ],
    nextSteps:
      stays.length === 0
        ? []
        : [
            {
              text: 'These references stay. The finding leftovers-not-cleared has the command for each: show this change with --verbose.',
              commands: [],
              lines: stays,
            },
          ],
  };
}
