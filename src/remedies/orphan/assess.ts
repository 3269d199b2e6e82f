/** Findings on these changes: the supported ways first, then what stops the deletion, then what to know. */

import { isSameOrBelow, sameDn } from '../../ad/dn.ts';
import {
  blocker,
  type FindingDraft,
  finalBlocker,
  foreignChanges,
  type NextStep,
  note,
  warning,
} from '../../change/findings.ts';
import type { Change, DirectoryChange, Proposal } from '../../change/plan.ts';
import { isProtected } from '../../change/subtree.ts';
import { deletesFromPlan } from '../../change/unchecked-writes.ts';
import { counted, distinct, listed } from '../../words.ts';
import { unjustified } from './changes.ts';
import { mailTransferAgentsIn, tooMany } from './deleted-server.ts';
import { exportFindings } from './export-gaps.ts';
import { otherDomainOf, steps, userOf } from './finding-steps.ts';
import { clearableReferrers, type DeletionFacts, type OrphanFacts } from './gather.ts';
import { whatLogFound } from './options.ts';
import { administrators, releaseOf } from './organisation.ts';
import { type RecipientCount, recipientReferences } from './recipients.ts';
import {
  adviceFor,
  assessLeftovers,
  countedEvidence,
  granting,
  namedInFull,
  oneDomainOnly,
  referenceFindings,
} from './reference-findings.ts';
import { replicationFindings } from './replication.ts';
import { supportedWays } from './supported-ways.ts';
import { daysSince, hasLoggedOnLately, inDays } from './survey.ts';
import { uninstallerBlockers } from './uninstaller-blockers.ts';

/** The findings: of a new proposal, of a saved plan and of an undo alike. */
export function assess(facts: OrphanFacts, proposal: Proposal<DirectoryChange>): readonly FindingDraft[] {
  return [...deletesFromPlan(proposal), ...meaningOf(facts, proposal)];
}

function* meaningOf(facts: OrphanFacts, proposal: Proposal<DirectoryChange>): Generator<FindingDraft, void> {
  if (facts.kind === 'servers') return;
  if (facts.kind === 'nothing to delete') {
    if (facts.missing !== undefined) yield serverGone(facts.missing, facts.done, proposal);
    return;
  }
  yield* foreignChanges(unjustified(facts, proposal), 'entries of the server nor references to it');
  if (facts.kind === 'leftovers') {
    yield* assessLeftovers(facts, proposal);
    return;
  }
  yield supportedWays(facts);
  yield* uninstallerBlockers(facts, proposal);
  yield* referenceFindings(facts, proposal);
  yield* recipientFindings(facts);
  yield* companionFindings(facts, proposal);
  yield* inUse(facts);
  if (facts.replication !== undefined)
    yield* replicationFindings(facts.replication, facts.chosen.server, facts.survey.now);
  yield* missingRights(facts);
  yield* remarks(facts);
  yield signs(facts);
}

/** Only the server object shows whose databases and references a plan names: without it none of them can be justified. */
function serverGone(
  dn: string,
  done: ReadonlySet<Change>,
  { changes, undoes }: Proposal<DirectoryChange>,
): FindingDraft {
  const open = changes.filter((change) => !done.has(change) && !isSameOrBelow(change.dn, dn));
  const title = 'The server object no longer exists';
  return open.length === 0 || undoes !== undefined
    ? warning(
        'server-gone',
        title,
        'It was deleted or moved since the plan was made. Each change is still checked before it is written.',
        { evidence: [dn], subjects: [dn] },
      )
    : finalBlocker(
        'server-gone',
        title,
        'Without it, it is not certain that the remaining changes belong to it. To find what is left, run orphan --leftovers.',
        { evidence: [dn, ...open.map((change) => change.dn)], subjects: [dn] },
      );
}

/** Recipients that the changes do not clear: beyond the number of one plan, and of other domains. */
function* recipientFindings(facts: DeletionFacts): Generator<FindingDraft, void> {
  const beyond = facts.recipients.filter(({ notListed }) => notListed > 0);
  const elsewhere = facts.recipients.filter((one) => one.elsewhere.count > 0);
  if (beyond.length > 0)
    yield blocker(
      tooMany,
      'More recipients refer to the server than one plan clears',
      'Clear the others with the commands, then make the plan again. If you accept, recipients that are not in the plan keep naming the server.',
      {
        steps: beyond.flatMap((one) => clearingRecipients(facts, one)),
        evidence: beyond.flatMap(countedEvidence),
        subjects: beyond.map(({ reference }) => reference.attribute),
        measure: { value: beyond.reduce((sum, { notListed }) => sum + notListed, 0), unit: 'objects' },
      },
    );
  if (elsewhere.length > 0)
    yield blocker(
      'recipients-in-other-domains',
      'Recipients of other domains refer to the server; this domain controller cannot write them',
      'Clear the attribute in their domain with the commands, then make the plan again.',
      {
        steps: elsewhere.flatMap((one) => clearingElsewhere(facts, one)),
        evidence: elsewhere.flatMap((one) => countedEvidence({ ...one, ...one.elsewhere })),
        subjects: elsewhere.map(({ reference }) => reference.attribute),
        measure: { value: elsewhere.reduce((sum, one) => sum + one.elsewhere.count, 0), unit: 'objects' },
      },
    );
}

/** The commands that clear an attribute of every recipient that names the server by it. */
function clearingRecipients(facts: DeletionFacts, one: RecipientCount): readonly NextStep[] {
  return clearingOf(
    facts,
    one,
    distinct(one.cleanable.flatMap(({ values }) => values)).filter((value) => typeof value === 'string'),
    '',
  );
}

/** The same in each of the domains of the first of them. */
function clearingElsewhere(facts: DeletionFacts, one: RecipientCount): readonly NextStep[] {
  const domains = distinct(one.elsewhere.first.map((dn) => otherDomainOf(facts.survey.target, dn)));
  return domains.flatMap((domain) => clearingOf(facts, one, one.named?.elsewhere ?? [], domain));
}

/** @param others the values of an attribute that no list has; @param domain the domain, if another */
function clearingOf(
  { chosen, subtree }: DeletionFacts,
  { reference }: RecipientCount,
  others: readonly string[],
  domain: string,
): readonly NextStep[] {
  const named = {
    legacyExchangeDN: () => [chosen.server.legacyExchangeDn ?? ''],
    databases: () => [],
    'mail transfer agents': () => mailTransferAgentsIn(subtree),
    'any deleted entry': () => others,
  };
  return named[reference.named]().map((value) =>
    steps.of('clear-recipients', { attribute: reference.attribute, value, domain }),
  );
}

/** Databases that would be deleted but must stay, databases that were to be deleted but stay, and containers left empty. */
function* companionFindings(
  { along, companions }: DeletionFacts,
  { intent }: Proposal<DirectoryChange>,
): Generator<FindingDraft, void> {
  const { also } = intent;
  const isForDatabases = Array.isArray(also) && also.includes('database');
  const staying = companions.filter((one) => one.kind === 'database' && !along.includes(one));
  const needed = along.filter(({ hindrance }) => hindrance !== undefined);
  const emptied = companions.filter((one) => one.kind === 'servers-container' && !along.includes(one));
  if (needed.length > 0)
    yield finalBlocker(
      'database-in-use',
      `${counted(needed.length, 'database')} of the plan cannot be deleted`,
      'They could be deleted when the plan was made. Make a new plan.',
      {
        evidence: needed.map(({ dn, hindrance }) => `${dn}: ${hindrance}`),
        subjects: needed.map(({ dn }) => dn),
      },
    );
  if (staying.length > 0 && isForDatabases)
    yield note(
      'databases-stay',
      `${counted(staying.length, 'database')} cannot be deleted with the server`,
      'Another server holds a copy, or the database holds a mailbox.',
      {
        evidence: staying.map(({ dn, hindrance = '' }) => `${dn}: ${hindrance}`),
        subjects: staying.map(({ dn }) => dn),
      },
    );
  if (emptied.length > 0)
    yield warning(
      'empty-servers-container',
      `${counted(emptied.length, 'administrative group is', 'administrative groups are')} left with an empty CN=Servers, which stops public folder replication to Exchange 2010`,
      `Exchange 2010 and later log event 1020 of the Store Driver then. Delete ${emptied.length === 1 ? 'the container' : 'the containers'} with the server: --also servers-container. ${emptied.length === 1 ? 'The administrative group itself stays' : 'The administrative groups themselves stay'}.`,
      { evidence: emptied.map(({ dn }) => dn), subjects: emptied.map(({ dn }) => dn) },
    );
}

/** An account that logs on, and ports that answer. */
function* inUse({ chosen, probe, survey }: DeletionFacts): Generator<FindingDraft, void> {
  const { account, server } = chosen;
  const host = server.fqdn ?? server.name;
  const services = { steps: [steps.of('list-services', { host })] };
  const open = probe?.kind === 'probed' ? probe.open : [];
  if (hasLoggedOnLately(account, survey.now))
    yield blocker(
      'live-account',
      `The server's computer account is enabled and logged on ${inDays(daysSince(account.lastLogon, survey.now), survey)}`,
      `The machine seems to be in use. Check it. ${account.sharedWith.length === 0 ? 'If it is no longer an Exchange server, accept this.' : 'The account may belong to another server object. If it does, accept this.'}`,
      {
        ...services,
        evidence: [account.dn, ...account.sharedWith.map((dn) => `may belong to ${dn}`)],
        subjects: [account.dn],
      },
    );
  if (probe?.kind === 'probed' && open.length > 0)
    yield blocker(
      'open-ports',
      `${host} answers on port ${open.join(', ')}`,
      'A machine of this name is running. Check whether Exchange runs on it. If not, accept this.',
      {
        ...services,
        evidence: open.map((port) => `${probe.address}:${port}`),
        subjects: open.map((port) => `${host}:${port}`),
        source: { name: `probe of ${host}`, read: survey.now.toISOString() },
      },
    );
}

/** Entries that the directory keeps, and rights to delete or write that the user lacks. */
function* missingRights(facts: DeletionFacts): Generator<FindingDraft, void> {
  const { chosen, subtree, survey, undeletable } = facts;
  const unwritable = clearableReferrers(facts).filter(({ id }) => facts.unwritable.has(id));
  const { dn } = chosen.server;
  const user = userOf(survey.target);
  const guarded = subtree.filter(isProtected).map(({ entry }) => entry.dn);
  if (guarded.length > 0)
    yield finalBlocker(
      'protected-entries',
      `${counted(guarded.length, 'entry is', 'entries are')} protected by systemFlags (DISALLOW_DELETE)`,
      'The directory refuses to delete them and every entry above them. Find out who set the flag, and why. Only the system may write systemFlags; no cmdlet can clear the flag. Remove the server in one of the supported ways, or ask Microsoft support.',
      {
        steps: [steps.of('look', { dn: guarded[0] ?? dn, attributes: ['systemFlags', 'whenChanged'] })],
        evidence: guarded,
        subjects: guarded,
      },
    );
  if (undeletable.length > 0)
    yield finalBlocker(
      'no-right-to-delete',
      `You have no right to delete ${counted(undeletable.length, 'entry', 'entries')} of the subtree`,
      `Computed from the security descriptors and your groups. Run this as a member of ${distinct([administrators(releaseOf(chosen.server)), 'Enterprise Admins']).join(' or ')} (--user).`,
      {
        steps: [
          steps.of('show-groups', {}),
          steps.of('unprotect-tree', { dn }),
          steps.of('grant-delete', { dn, user }),
        ],
        evidence: undeletable,
        subjects: undeletable,
      },
    );
  if (unwritable.length > 0)
    yield warning(
      'no-right-to-clean-up',
      `You have no right to clear ${counted(unwritable.length, 'reference')} to the server`,
      `They are left out of the plan. Linked values disappear with their target, and undo restores them only with that right. Grant the right to write them, then make the plan again${unwritable.length > namedInFull ? '; the commands for the others are of the same form' : ''}.`,
      {
        steps: adviceFor(unwritable, (referrer) => granting(survey.target, referrer)),
        evidence: unwritable.map(({ id }) => id),
        subjects: unwritable.map(({ id }) => id),
      },
    );
}

/** Other things that a reader of the plan should know. */
function* remarks(facts: DeletionFacts): Generator<FindingDraft, void> {
  const {
    chosen,
    configuration,
    isForestWide,
    notInGlobalCatalog,
    otherRecipientAttributes,
    sharedNames,
    survey,
    subtree,
  } = facts;
  const { evidence, server } = chosen;
  const lost = configuration.lostWellKnownObjects;
  const hasDescriptors = subtree.every(({ entry }) =>
    entry.attributes.some(({ name }) => name.toLowerCase() === 'ntsecuritydescriptor'),
  );
  yield* logFindings(facts);
  if (server.isConflict)
    yield warning(
      'conflict-object',
      'The object lost a naming conflict (CNF): two domain controllers created an entry of this name',
      'The other entry, without the suffix, is in use. Compare the two before you delete this one.',
      { evidence: [server.dn] },
    );
  if (sharedNames.length > 0)
    yield warning(
      'shared-names',
      'Another server object has names of this one',
      'A reference by such a name may mean the other server, so it stays and is not a blocker. References by DN mean this object and are cleared. To delete both, delete this one first; the names then belong only to the other one.',
      {
        evidence: sharedNames.map(({ kind, value, bearers }) => `${kind} ${value}: shared with ${listed(bearers)}`),
      },
    );
  if (evidence.verdict === 'in use')
    yield warning('looks-live', 'The directory shows a server in use', 'Make sure that you chose the right server.', {
      evidence: evidence.against,
    });
  yield* oneDomainOnly(facts);
  yield note(
    'recipients-looked-at',
    `Recipients were searched by ${counted(listedAttributes.length + otherRecipientAttributes.length, 'attribute')}`,
    `Users, groups and contacts were searched in ${placeOfRecipients(facts)}, by the attributes below: ${otherRecipientAttributes.length === 0 ? 'those by which Exchange names a server. The schema could not be read, so other attributes with DNs were not searched' : 'those by which Exchange names a server, and every other attribute that holds DNs without a link. A linked value is removed with its target, and undo writes it again'}. In the Configuration naming context every value of every attribute was read.`,
    { evidence: [...listedAttributes, ...otherRecipientAttributes] },
  );
  if (isForestWide && notInGlobalCatalog.length > 0)
    yield warning(
      'not-in-global-catalog',
      `Recipients of other domains could not be searched by ${listed(notInGlobalCatalog)}`,
      'The global catalog does not hold that attribute. Search each of the other domains on one of its domain controllers.',
      { evidence: notInGlobalCatalog, subjects: notInGlobalCatalog },
    );
  yield* exportFindings(survey);
  if (!hasDescriptors)
    yield warning(
      'no-security-descriptors',
      'Not all security descriptors could be read',
      'A tombstone keeps its security descriptor, so undo by undelete restores it. An entry that undo has to create again gets the default one.',
    );
  if (lost.length > 0)
    yield warning(
      'lost-well-known-objects',
      'otherWellKnownObjects already points at deleted entries, which breaks setup',
      'The plan removes these values; Setup /PrepareAD creates the objects and the values again.',
      {
        evidence: lost.flatMap(({ values }) =>
          values.map((value) => (typeof value === 'string' ? value : value.base64)),
        ),
      },
    );
}

const listedAttributes = distinct(recipientReferences.map(({ attribute }) => attribute));

function placeOfRecipients({ isForestWide, survey }: DeletionFacts): string {
  if (survey.target.connection.kind === 'ldif') return 'the export';
  return isForestWide ? 'a global catalog, as far as it holds them' : 'this domain';
}

/** Whether the setup log names this object; only the run that was given the log can read it. */
function* logFindings({ log, chosen, survey }: DeletionFacts): Generator<FindingDraft, void> {
  if (log === undefined) return;
  const source = { name: log.source, read: survey.now.toISOString(), sha256: log.sha256 };
  const found = whatLogFound(log);
  const isThisOne = log.dn !== undefined && sameDn(log.dn, chosen.server.dn);
  if (log.installed !== undefined)
    yield blocker(
      'setup-log-installed',
      'The setup log comes from a machine with Exchange installed: an update failed, and the object is not an orphan',
      'Run setup of that update again on the machine. Accept this only if the machine is lost for good.',
      { evidence: [log.installed], subjects: [chosen.server.dn], source },
    );
  yield isThisOne
    ? note('setup-log', 'The setup log names this object', found, { source })
    : warning('setup-log-other-object', 'The setup log does not name this object', found, { source });
}

/** The verdict and the signs that it rests on. */
function signs(facts: DeletionFacts): FindingDraft {
  const { survey, chosen, log } = facts;
  const { evidence } = chosen;
  const isInstalled = log?.installed !== undefined;
  return note(
    'signs',
    `Verdict: ${isInstalled ? 'in use' : evidence.verdict}`,
    'Judged only from the directory, by signs that Microsoft does not define. Check before you delete.',
    {
      evidence: [
        ...evidence.for.map((sign) => `for: ${sign}`),
        ...evidence.against.map((sign) => `against: ${sign}`),
        ...(isInstalled ? ['against: its setup log comes from a machine with Exchange installed'] : []),
        ...referenceSigns(facts),
        ...probeSigns(facts),
        ...(survey.accountsUnknown === undefined ? [] : [`computer accounts are not known: ${survey.accountsUnknown}`]),
      ],
    },
  );
}

function referenceSigns({ configuration, recipients, survey }: DeletionFacts): readonly string[] {
  const isAllSeen = survey.exportGaps.length === 0;
  const isUsed = configuration.referrers.length > 0 || recipients.some(({ count }) => count > 0);
  const holdsCopies = configuration.referrers.some(({ reference }) => reference.id === 'database-copies');
  return [
    ...(isUsed || !isAllSeen ? [] : ['for: nothing refers to it']),
    ...(holdsCopies ? ['against: it holds database copies'] : []),
  ];
}

function probeSigns({ probe, chosen: { server } }: DeletionFacts): readonly string[] {
  switch (probe?.kind) {
    case undefined:
      return [];
    case 'not its own name':
      return [`not probed: another server object has the name ${probe.host} too`];
    case 'no address':
      return [`for: ${server.fqdn ?? server.name} has no DNS address`];
    case 'probed':
      return probe.open.length > 0
        ? []
        : [`for: ${probe.address} answers on none of the ports ${probe.closed.join(', ')}`];
  }
}
