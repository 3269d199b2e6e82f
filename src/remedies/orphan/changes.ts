/**
 * The changes of an orphan plan, which deletes a server or clears leftovers. They are made from the facts, with a list of
 * references that stay, and are checked by the plan alone and against fresh facts.
 */

import {
  dnIn,
  isBelow,
  isDeletedDn,
  isDnThat,
  isSameOrBelow,
  joinDn,
  normalizedDn,
  parentDn,
  rdnOf,
} from '../../ad/dn.ts';
import { editsOf, entryFinder, leadingTo, valueKey, wordsForNoValue } from '../../change/clear-values.ts';
import { plannedTexts } from '../../change/entry-content.ts';
import {
  type DeleteChange,
  type DeletedEntry,
  type DirectoryChange,
  deletedBy,
  faultsOfNextSteps,
  type LeftOut,
  type ModifyChange,
  type Plan,
  type PlanValue,
  type Proposal,
  type WhyLeft,
} from '../../change/plan.ts';
import { dnsOf, leavesFirst, type SubtreeEntry } from '../../change/subtree.ts';
import { distinct } from '../../words.ts';
import {
  type Companion,
  classesOf,
  deletedServer,
  entriesThatGo,
  inOtherDomains,
  mailTransferAgentsIn,
  namedOnly,
  serverDeletedIn,
  tooMany,
} from './deleted-server.ts';
import { stepShapes } from './describe.ts';
import { clearableReferrers, type DeletionFacts, type OrphanFacts } from './gather.ts';
import { leftoverTest } from './gone-servers.ts';
import { clearableIn, isOfExchange, isOfLeftovers, isOfRecipients, type LeftoverFacts } from './leftovers.ts';
import type { OrphanOptions } from './options.ts';
import { isDatabase } from './organisation.ts';
import { isMailboxAttribute, isNamedAsOwn, isTypeOfOwnMailbox } from './own-mailboxes.ts';
import type { RecipientCount } from './recipients.ts';
import { keyOf, keysOf, type Referrer } from './referrers.ts';

/**
 * The changes that clear references and delete, and what is left as it is. Throws DirectoryError for an entry without
 * GUID.
 */
export function propose(facts: OrphanFacts, options: OrphanOptions): Proposal<DirectoryChange> {
  switch (facts.kind) {
    case 'deletion':
      return proposeDeletion(facts, options);
    case 'leftovers':
      return proposeLeftovers(facts, options);
    case 'servers':
      return { target: facts.survey.target, intent: {}, changes: [], leftOut: [] };
    case 'nothing to delete':
      return { target: facts.target, intent: {}, changes: [], leftOut: [] };
  }
}

/** The changes that delete the server and clear every reference to it. */
function proposeDeletion(facts: DeletionFacts, options: OrphanOptions): Proposal<DirectoryChange> {
  const [root] = facts.subtree;
  const isNamed = namedToKeep(options);
  const isKept = (referrer: Referrer): boolean => referrer.reference.kind !== 'linked' && isNamed(referrer);
  const clearing = clearable(facts).filter((referrer) => !isKept(referrer));
  const isTree = options.treeDelete && root !== undefined;
  return {
    target: facts.survey.target,
    ...(root === undefined ? {} : { subject: { dn: root.entry.dn, guid: root.entry.guid } }),
    intent: { treeDelete: options.treeDelete, keep: options.keep, also: [...options.also] },
    changes: [
      ...editsOf([...clearing, ...facts.ownMailboxAttributes]),
      ...leavesFirst(alongOf(facts, ['database', 'copy'])),
      ...(isTree
        ? [
            {
              kind: 'delete-tree' as const,
              dn: root.entry.dn,
              guid: root.entry.guid,
              entries: facts.subtree.map(({ entry }) => entry),
            },
          ]
        : leavesFirst(facts.subtree)),
      ...containerLast(facts),
    ],
    leftOut: leftOutOf(facts, isKept),
  };
}

/** The changes that clear what earlier deletions left behind. */
function proposeLeftovers(facts: LeftoverFacts, options: OrphanOptions): Proposal<DirectoryChange> {
  const isKept = namedToKeep(options);
  const clearable = clearableIn(facts);
  const clearing = clearable.filter((referrer) => !isKept(referrer));
  return {
    target: facts.survey.target,
    intent: { leftovers: true, keep: options.keep },
    changes: editsOf(clearing),
    leftOut: facts.leftovers
      .filter((referrer) => !clearing.includes(referrer))
      .map((referrer) => ({
        what: referrer.id,
        reason: clearable.includes(referrer) ? 'keep' : 'leftovers-not-cleared',
      })),
  };
}

function namedToKeep({ keep }: OrphanOptions): (referrer: Referrer) => boolean {
  const kept = new Set(keep.map((id) => id.toLowerCase()));
  return ({ id }) => kept.has(id.toLowerCase());
}

/**
 * The references that this user may clear. Linked values are included although they are removed with their target in any
 * case: the plan then shows them, and undo can restore them.
 */
export function clearable(facts: DeletionFacts): readonly Referrer[] {
  return clearableReferrers(facts).filter(({ id }) => !facts.unwritable.has(id));
}

function alongOf({ along }: DeletionFacts, kinds: readonly Companion['kind'][]): readonly SubtreeEntry[] {
  return along.filter(({ kind }) => kinds.includes(kind)).flatMap(({ entries }) => entries);
}

/** CN=Servers is deleted after the server. */
function containerLast(facts: DeletionFacts): readonly DeleteChange[] {
  const [server] = facts.subtree;
  return alongOf(facts, ['servers-container']).map(({ entry }) => ({
    kind: 'delete',
    ...entry,
    children: server !== undefined && isBelow(server.entry.dn, entry.dn) ? [server.entry.guid] : [],
  }));
}

/** References that are not changed. @param isKept whether the user chose to keep a reference that could be cleared */
function leftOutOf(facts: DeletionFacts, isKept: (referrer: Referrer) => boolean): readonly LeftOut[] {
  const { configuration, unwritable } = facts;
  const going = goingIn(facts);
  const because = (referrers: readonly Referrer[], reason: string, why: WhyLeft): readonly LeftOut[] =>
    referrers.map((referrer) => ({
      what: referrer.id,
      reason,
      ...leadingTo(namedBy(referrer, going), whyOf(referrer, why)),
    }));
  const unclearable = (clearing: Referrer['reference']['clearing']): readonly Referrer[] =>
    configuration.referrers.filter(({ reference }) => reference.clearing === clearing);
  const clearable = clearableReferrers(facts);
  return [
    ...because(
      clearable.filter((referrer) => !unwritable.has(referrer.id) && isKept(referrer)),
      'dangling-references',
      'chosen',
    ),
    ...because(
      clearable.filter(({ id }) => unwritable.has(id)),
      'no-right-to-clean-up',
      'no-right',
    ),
    ...because(unclearable('needs another value'), 'references-to-replace', 'needs-another-value'),
    ...because(unclearable('mandatory'), 'mandatory-references', 'mandatory'),
    ...because(unclearable('only the system writes it'), 'system-only-references', 'system-only'),
    ...configuration.toDatabases.map(({ id }) => ({ what: id, reason: 'references-to-its-databases' })),
    ...facts.recipients.flatMap((count) => recipientsLeft(facts, count, going)),
  ];
}

/** The entries that the plan deletes. */
interface Going {
  readonly server: string;
  readonly mailTransferAgents: readonly string[];
  /** The DN of the entry that a value names. */
  readonly find: ReturnType<typeof entryFinder>;
}

function goingIn(facts: DeletionFacts): Going {
  return {
    server: facts.chosen.server.dn,
    mailTransferAgents: mailTransferAgentsIn(facts.subtree),
    find: entryFinder(entriesThatGo(facts).map(({ entry }) => entry)),
  };
}

/** Text that is not a DN is a name of the server. */
function namedBy({ reference, values }: Referrer, { server, find }: Going): readonly string[] {
  return values.flatMap((value) => find(value) ?? (reference.kind === 'string' ? server : []));
}

/** A link is removed with its target, whatever the plan does. */
function whyOf({ reference }: { readonly reference: Pick<Referrer['reference'], 'kind'> }, why: WhyLeft): WhyLeft {
  return reference.kind === 'linked' ? 'link' : why;
}

/** Recipients that are only counted: users' mailboxes, those of other domains, and those beyond the limit of a plan. */
function recipientsLeft({ hasOtherServer }: DeletionFacts, counted: RecipientCount, going: Going): readonly LeftOut[] {
  const { reference, count, own, usersOf, inOtherDatabases, elsewhere, notListed, ofMailboxes } = counted;
  const row = (number: number, who: string, reason: string, to: readonly string[], why: WhyLeft): readonly LeftOut[] =>
    number <= 0
      ? []
      : [
          {
            what: `${reference.attribute} of ${who}`,
            reason,
            detail: String(number),
            ...leadingTo(to, whyOf(counted, why)),
          },
        ];
  if (reference.isCleanable) {
    const there = namedByRecipients(counted, 'elsewhere', going);
    return [
      ...(hasOtherServer ? [] : row(ofMailboxes, 'mailboxes on it', 'mailboxes', there, 'mailbox')),
      ...row(elsewhere.count, 'recipients of other domains', inOtherDomains, there, 'in-another-domain'),
      ...row(
        notListed,
        `more ${reference.who}`,
        tooMany,
        namedByRecipients(counted, 'beyond', going),
        'past-the-limit',
      ),
    ];
  }
  const onOthers = row(
    inOtherDatabases.count,
    'mailboxes in databases of other servers',
    namedOnly,
    [going.server],
    'mailbox',
  );
  if (hasOtherServer) return onOthers;
  const reason = reference.id === 'archives' ? 'archives' : 'mailboxes';
  const staying = (number: number, to: readonly string[]): readonly LeftOut[] =>
    row(number, reference.who, reason, to, 'mailbox');
  const users = count - own.count;
  if (reference.named === 'legacyExchangeDN') return [...staying(users, [going.server]), ...onOthers];
  // Each database that is deleted has its own row.
  const inGoing = [...usersOf].flatMap(([key, number]) => {
    const database = going.find(key);
    return database === undefined ? [] : [{ number, database }];
  });
  const others = users - inGoing.reduce((sum, { number }) => sum + number, 0);
  return [
    ...inGoing.flatMap(({ number, database }) => staying(number, [database])),
    ...staying(others, []),
    ...onOthers,
  ];
}

function namedByRecipients(
  { reference, named }: RecipientCount,
  which: 'elsewhere' | 'beyond',
  going: Going,
): readonly string[] {
  switch (reference.named) {
    case 'legacyExchangeDN':
      return [going.server];
    case 'mail transfer agents':
      return going.mailTransferAgents;
    case 'databases':
      return [];
    case 'any deleted entry':
      return (named?.[which] ?? []).flatMap((dn) => going.find(dn) ?? []);
  }
}

/** What this remedy never writes, by the plan's shape and places: a sentence for each fault; [] permits the plan. */
export function permits(plan: Plan<DirectoryChange>): readonly string[] {
  const { target, nextSteps } = plan;
  if (target.kind !== 'forest') return ['Its target is not a forest.'];
  return [
    ...shapeOf(plan, target.configurationNamingContext),
    ...wordsForNoValue(plan.changes),
    ...faultsOfNextSteps(nextSteps, stepShapes),
  ];
}

function shapeOf(plan: Plan<DirectoryChange>, configuration: string): readonly string[] {
  const exchange = joinDn('CN=Microsoft Exchange,CN=Services', configuration);
  if (plan.undoes !== undefined) return shapeOfUndo(plan, exchange);
  return isOfLeftovers(plan) ? shapeOfLeftovers(plan, configuration) : shapeOfDeletion(plan, exchange);
}

function shapeOfDeletion(plan: Plan<DirectoryChange>, exchange: string): readonly string[] {
  const { subject, changes, intent } = plan;
  if (subject === undefined || !isServerDn(subject.dn, exchange)) {
    return [`Its subject ${subject?.dn ?? ''} is not a server object of the Exchange organisation.`];
  }
  const namesDeleted = namingDeletedBy(plan);
  const roots = [subject.dn, ...companionsIn(plan, subject.dn).filter((dn) => isSameOrBelow(dn, exchange))];
  const goes = (change: DirectoryChange, dn: string): boolean =>
    roots.some((root) => isSameOrBelow(dn, root)) || (isEmptyContainer(change) && isSameOrBelow(dn, exchange));
  const last = changes.at(-1);
  const server = serverDeletedIn(changes);
  const deletesServer = server?.guid === subject.guid && isSame(server.dn, subject.dn);
  return [
    ...(deletesServer ? [] : [`It does not delete ${subject.dn}.`]),
    ...(last?.kind === 'modify' ? ['It edits an entry after the server is deleted.'] : []),
    ...changes.flatMap((change) => {
      switch (change.kind) {
        case 'delete':
        case 'delete-tree':
          return entriesOf(change)
            .filter((dn) => !goes(change, dn))
            .map((dn) => `It deletes ${dn}, which is not below the server and is not deleted with it.`);
        case 'modify':
          return editsBeyond(change, namesDeleted);
        default:
          return [`It creates the entry ${change.dn}.`];
      }
    }),
    ...(isIntent(intent) ? [] : ['Its intent does not say whether the tree is deleted at once and what is kept.']),
  ];
}

/** Every entry that a change names as its own: of a tree its root, whatever its entries are. */
function entriesOf(change: DirectoryChange): readonly string[] {
  return distinct([change.dn, ...deletedBy(change).map(({ dn }) => dn)]);
}

/** A delete of CN=Servers alone: the directory refuses it while a server is in it. */
function isEmptyContainer(change: DirectoryChange): boolean {
  const isNamed = rdnOf(change.dn).value.toLowerCase() === 'servers';
  return change.kind === 'delete' && isNamed && classesOf(change).has('msexchserverscontainer');
}

/** Trees outside the server's that a plan may delete with it: its databases, and copies on it. */
function companionsIn({ changes }: Plan<DirectoryChange>, server: string): readonly string[] {
  const isOwner = (entry: DeletedEntry, attribute: string): boolean =>
    plannedTexts(entry, attribute).some((value) => isSame(value, server));
  const isCompanion = (entry: DeletedEntry): boolean => {
    const classes = classesOf(entry);
    return (
      (isDatabase(classes) && isOwner(entry, 'msExchOwningServer')) ||
      (classes.has('msexchmdbcopy') && isOwner(entry, 'msExchHostServerLink'))
    );
  };
  return changes
    .flatMap(deletedBy)
    .filter(isCompanion)
    .map(({ dn }) => dn);
}

/** The server's container is CN=Servers of an administrative group. */
function isServerDn(dn: string, exchange: string): boolean {
  const container = parentDn(dn) ?? '';
  return container !== '' && isSameOrBelow(container, exchange) && /^servers$/i.test(rdnOf(container).value);
}

/** Whether a value names this entry. */
function isSame(value: string, dn: string): boolean {
  return isDnThat(value, (named) => normalizedDn(named) === normalizedDn(dn));
}

function isIntent(intent: Proposal['intent']): boolean {
  const { treeDelete, keep } = intent;
  return typeof treeDelete === 'boolean' && Array.isArray(keep) && keep.every((id) => typeof id === 'string');
}

/** Whether a value is the DN or a text name of what the plan deletes, or the DN of an entry deleted earlier. */
function namingDeletedBy(plan: Plan<DirectoryChange>): (value: PlanValue) => boolean {
  const { dns, legacyExchangeDn, fqdn } = deletedServer(plan);
  const texts = new Set([legacyExchangeDn?.toLowerCase(), fqdn]);
  return (value) => typeof value === 'string' && (texts.has(value.toLowerCase()) || isDnOf(value, dns));
}

function editsBeyond({ dn, edits }: ModifyChange, namesDeleted: (value: PlanValue) => boolean): readonly string[] {
  const isOwnMailbox = isNamedAsOwn(dn) || edits.some(isTypeOfOwn);
  return edits.flatMap(({ attribute, add, remove }) => [
    ...(add.length === 0 ? [] : [`It adds values to ${attribute} of ${dn}.`]),
    ...remove
      // From a mailbox of Exchange's own every mailbox attribute may be removed.
      .filter((value) => !(isOwnMailbox && isMailboxAttribute(attribute)) && !namesDeleted(value))
      .map((value) => `It removes ${valueKey(value)} from ${attribute} of ${dn}, which does not name the server.`),
  ]);
}

/** Whether an edit takes away the type of a mailbox of Exchange's own: of another mailbox the directory refuses it. */
function isTypeOfOwn({ attribute, remove }: ModifyChange['edits'][number]): boolean {
  const isType = attribute.toLowerCase() === 'msexchrecipienttypedetails';
  return isType && remove.some((value) => typeof value === 'string' && isTypeOfOwnMailbox(value));
}

/** Whether it is the DN, with a binary or string part or without, of one of these or of an entry that is deleted. */
function isDnOf(value: PlanValue, dns: ReadonlySet<string>): boolean {
  if (typeof value !== 'string') return false;
  return isDnThat(dnIn(value), (dn) => isDeletedDn(dn) || dns.has(normalizedDn(dn)));
}

/**
 * An undo writes below the Exchange organisation, or puts values back; that it is an exact reverse is checked with the
 * original.
 */
function shapeOfUndo({ changes }: Plan<DirectoryChange>, exchange: string): readonly string[] {
  return changes.flatMap((change) => {
    if (change.kind === 'modify') return [];
    return entriesOf(change)
      .filter((dn) => !isSameOrBelow(dn, exchange))
      .map((dn) => `It creates or deletes ${dn}, which is not in the Exchange organisation.`);
  });
}

/** A plan that clears leftovers edits only attributes of Exchange, and removes only values that name deleted entries. */
function shapeOfLeftovers({ changes }: Plan<DirectoryChange>, configuration: string): readonly string[] {
  const test = leftoverTest([], { entries: new Set() });
  return changes.flatMap((change) => {
    const { dn } = change;
    if (change.kind !== 'modify') return [`It creates or deletes the entry ${dn}.`];
    return change.edits.flatMap(({ attribute, add, remove }) => [
      ...(add.length === 0 ? [] : [`It adds values to ${attribute} of ${dn}.`]),
      ...(isOfRecipients(attribute) || isOfExchange(dn, attribute, configuration)
        ? []
        : [`It edits ${attribute} of ${dn}, which is not an attribute of Exchange.`]),
      ...remove
        .filter((value) => typeof value !== 'string' || test(value, attribute.toLowerCase()) === undefined)
        .map(
          (value) =>
            `It removes ${valueKey(value)} from ${attribute} of ${dn}, which does not name a deleted server or entry.`,
        ),
    ]);
  });
}

/** The changes that fresh facts do not justify, each in words. Changes that are already done are not checked. */
export function unjustified(
  facts: DeletionFacts | LeftoverFacts,
  { changes }: Proposal<DirectoryChange>,
): readonly string[] {
  const isDeletion = facts.kind === 'deletion';
  const going = isDeletion ? dnsOf(entriesThatGo(facts)) : new Set<string>();
  const found = isDeletion ? [...clearableReferrers(facts), ...facts.ownMailboxAttributes] : facts.leftovers;
  const justified = new Set(found.flatMap(keysOf));
  return changes.flatMap((change) => {
    const { dn } = change;
    if (facts.done.has(change)) return [];
    if (change.kind !== 'modify') {
      const goes = isDeletion && (isSameOrBelow(dn, facts.chosen.server.dn) || going.has(normalizedDn(dn)));
      return goes ? [] : [`${change.kind} of ${dn}`];
    }
    return change.edits.flatMap(({ attribute, remove }) =>
      remove
        .filter((value) => !(isDeletion && isDnOf(value, going)))
        .filter((value) => !justified.has(keyOf(change.guid, attribute, value)))
        .map((value) => `${attribute} of ${dn}: ${valueKey(value)}`),
    );
  });
}
