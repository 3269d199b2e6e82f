/** The changes of an orphan plan: made from the facts, and checked in the plan alone and against fresh facts. */

import { isBelow, isDeletedDn, isDnThat, isSameOrBelow, joinDn, normalizedDn, parentDn, rdnOf } from '../../ad/dn.ts';
import { dnIn } from '../../ad/naming.ts';
import { editsOf, entryFinder, leadingTo, valueKey, wordsForNoValue } from '../../change/clear-values.ts';
import type {
  DeleteChange,
  DeletedEntry,
  DirectoryChange,
  LeftOut,
  ModifyChange,
  Plan,
  PlanValue,
  Proposal,
  WhyLeft,
} from '../../change/plan.ts';
import { leavesFirst, type SubtreeEntry } from '../../change/subtree.ts';
import { deletedBy } from '../../change/undo-link.ts';
import { distinct } from '../../words.ts';
import {
  type Companion,
  deletedServer,
  inOtherDomains,
  isMailboxAttribute,
  isNamedAsOwn,
  isTypeOfOwnMailbox,
  namedOnly,
  plannedTexts,
  serverDeletedIn,
  tooMany,
} from './deletion.ts';
import { isNextStep } from './describe.ts';
import { clearableReferrers, type DeletionFacts, type OrphanFacts } from './gather.ts';
import { isOfLeftovers, permitsLeftovers } from './leftovers.ts';
import type { OrphanOptions } from './options.ts';
import { databaseClasses } from './organisation.ts';
import type { RecipientCount } from './recipients.ts';
import { keyOf, keysOf, type Referrer } from './referrers.ts';

/** The changes that let the server go and leave nothing that points at it, and what is left as it is. */
export function propose(facts: OrphanFacts, options: OrphanOptions): Proposal<DirectoryChange> {
  if (facts.kind !== 'deletion') {
    const target = facts.kind === 'nothing to delete' ? facts.target : facts.survey.target;
    return { target, intent: {}, changes: [], leftOut: [] };
  }
  const [root] = facts.subtree;
  const kept = new Set(options.keep.map((id) => id.toLowerCase()));
  const isKept = ({ id, reference }: Referrer): boolean => reference.kind !== 'linked' && kept.has(id.toLowerCase());
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

/**
 * The references that this user may clear. Linked values are among them, which go with their target whatever is chosen:
 * to have them in the plan is to show them, and to bring them back by undo.
 */
export function clearable(facts: DeletionFacts): readonly Referrer[] {
  return clearableReferrers(facts).filter(({ id }) => !facts.unwritable.has(id));
}

function alongOf({ along }: DeletionFacts, kinds: readonly Companion['kind'][]): readonly SubtreeEntry[] {
  return along.filter(({ kind }) => kinds.includes(kind)).flatMap(({ entries }) => entries);
}

/** CN=Servers goes when the server has gone. */
function containerLast(facts: DeletionFacts): readonly DeleteChange[] {
  const [server] = facts.subtree;
  return alongOf(facts, ['servers-container']).map(({ entry }) => ({
    kind: 'delete',
    ...entry,
    children: server !== undefined && isBelow(server.entry.dn, entry.dn) ? [server.entry.guid] : [],
  }));
}

/** What in the plan's shape and places this remedy never writes, each in a sentence; [] permits it. */
export function permits(plan: Plan<DirectoryChange>): readonly string[] {
  const { target, nextSteps } = plan;
  if (target.kind !== 'forest') return ['Its target is not a forest.'];
  const exchange = joinDn('CN=Microsoft Exchange,CN=Services', target.configurationNamingContext);
  return [
    ...shapeOf(plan, exchange),
    ...wordsForNoValue(plan.changes),
    ...nextSteps.filter((step) => !isNextStep(step)).map(({ id }) => `Its next step ${id} is unknown or incomplete.`),
  ];
}

function shapeOf(plan: Plan<DirectoryChange>, exchange: string): readonly string[] {
  if (plan.undoes !== undefined) return shapeOfUndo(plan, exchange);
  return isOfLeftovers(plan) ? permitsLeftovers(plan) : shapeOfDeletion(plan, exchange);
}

function shapeOfDeletion(plan: Plan<DirectoryChange>, exchange: string): readonly string[] {
  const { subject, changes, intent } = plan;
  if (subject === undefined || !isServerDn(subject.dn, exchange)) {
    return [`Its subject ${subject?.dn ?? ''} is not a server object of the Exchange organisation.`];
  }
  const names = namesIn(plan);
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
            .map((dn) => `It deletes ${dn}, which is not below the server and does not go with it.`);
        case 'modify':
          return editsBeyond(change, names);
        default:
          return [`It makes the entry ${change.dn}.`];
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
  return (
    change.kind === 'delete' &&
    rdnOf(change.dn).value.toLowerCase() === 'servers' &&
    plannedTexts(change, 'objectClass').some((name) => name.toLowerCase() === 'msexchserverscontainer')
  );
}

/** Trees outside the server's that a plan may delete with it: its databases, and copies on it. */
function companionsIn({ changes }: Plan<DirectoryChange>, server: string): readonly string[] {
  const owner = (entry: DeletedEntry, attribute: string): boolean =>
    plannedTexts(entry, attribute).some((value) => isSame(value, server));
  return changes.flatMap(deletedBy).flatMap((entry) => {
    const classes = new Set(plannedTexts(entry, 'objectClass').map((name) => name.toLowerCase()));
    const isDatabase = databaseClasses.some((name) => classes.has(name.toLowerCase()));
    const isCompanion =
      (isDatabase && owner(entry, 'msExchOwningServer')) ||
      (classes.has('msexchmdbcopy') && owner(entry, 'msExchHostServerLink'));
    return isCompanion ? [entry.dn] : [];
  });
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

/** What a removed value may be: the DN or a text name of what the plan deletes, or the DN of an entry deleted earlier. */
interface Names {
  readonly dns: ReadonlySet<string>;
  /** Lower case. */
  readonly texts: ReadonlySet<string>;
}

function namesIn(plan: Plan<DirectoryChange>): Names {
  const { dns, legacyExchangeDn, fqdn } = deletedServer(plan);
  const texts = [legacyExchangeDn, fqdn].flatMap((name) => (name === undefined ? [] : [name.toLowerCase()]));
  return { dns, texts: new Set(texts) };
}

function editsBeyond(change: ModifyChange, names: Names): readonly string[] {
  const { dn, edits } = change;
  const isOwnMailbox = isNamedAsOwn(dn) || edits.some(isTypeOfOwn);
  return edits.flatMap(({ attribute, add, remove }) => [
    ...(add.length === 0 ? [] : [`It adds values to ${attribute} of ${dn}.`]),
    ...remove
      // Of a mailbox that is Exchange's own all that makes it one may go.
      .filter(() => !(isOwnMailbox && isMailboxAttribute(attribute)))
      .filter((value) => !isTextOf(value, names) && !isDnOf(value, names.dns))
      .map((value) => `It removes ${valueKey(value)} from ${attribute} of ${dn}, which does not name the server.`),
  ]);
}

/** Whether an edit takes away the type of a mailbox of Exchange's own: of another mailbox the directory refuses it. */
function isTypeOfOwn({ attribute, remove }: ModifyChange['edits'][number]): boolean {
  const isType = attribute.toLowerCase() === 'msexchrecipienttypedetails';
  return isType && remove.some((value) => typeof value === 'string' && isTypeOfOwnMailbox(value));
}

function isTextOf(value: PlanValue, { texts }: Names): boolean {
  return typeof value === 'string' && texts.has(value.toLowerCase());
}

/** Whether it is the DN, with a binary or string part or without, of one of these or of an entry that is deleted. */
function isDnOf(value: PlanValue, dns: ReadonlySet<string>): boolean {
  if (typeof value !== 'string') return false;
  return isDnThat(dnIn(value), (dn) => isDeletedDn(dn) || dns.has(normalizedDn(dn)));
}

/** An undo writes below the Exchange organisation, or puts values back; that it is an exact reverse is checked with the original. */
function shapeOfUndo({ changes }: Plan<DirectoryChange>, exchange: string): readonly string[] {
  return changes.flatMap((change) => {
    if (change.kind === 'modify') return [];
    return entriesOf(change)
      .filter((dn) => !isSameOrBelow(dn, exchange))
      .map((dn) => `It makes or deletes ${dn}, which is not in the Exchange organisation.`);
  });
}

/** The changes that fresh facts do not justify, each in words. What is done already is not looked at. */
export function unjustified(facts: DeletionFacts, proposal: Proposal<DirectoryChange>): readonly string[] {
  const along = facts.along.flatMap(({ entries }) => entries);
  const dns = new Set([...facts.subtree, ...along].map(({ entry }) => normalizedDn(entry.dn)));
  const justified = new Set([...clearableReferrers(facts), ...facts.ownMailboxAttributes].flatMap(keysOf));
  return proposal.changes.flatMap((change) => {
    if (facts.done.has(change)) return [];
    if (change.kind !== 'modify') {
      const isMeant = isSameOrBelow(change.dn, facts.chosen.server.dn) || dns.has(normalizedDn(change.dn));
      return isMeant ? [] : [`${change.kind} of ${change.dn}`];
    }
    return change.edits.flatMap(({ attribute, remove }) =>
      remove
        .filter((value) => !isDnOf(value, dns))
        .filter((value) => !justified.has(keyOf(change.guid, attribute, value)))
        .map((value) => `${attribute} of ${change.dn}: ${valueKey(value)}`),
    );
  });
}

/** What is left as it is. @param isKept whether a reference that could be cleared was to be kept */
export function leftOutOf(facts: DeletionFacts, isKept: (referrer: Referrer) => boolean): readonly LeftOut[] {
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

/** The entries that go. */
interface Going {
  readonly server: string;
  readonly mailTransferAgents: readonly string[];
  /** The DN of the one that a value names. */
  readonly find: ReturnType<typeof entryFinder>;
}

function goingIn({ subtree, along, chosen }: DeletionFacts): Going {
  const entries = [...subtree, ...along.flatMap((companion) => companion.entries)];
  return {
    server: chosen.server.dn,
    mailTransferAgents: subtree.filter(({ objectClasses }) => objectClasses.has('mta')).map(({ entry }) => entry.dn),
    find: entryFinder(entries.map(({ entry }) => entry)),
  };
}

/** Text that is no DN is a name of the server. */
function namedBy({ reference, values }: Referrer, { server, find }: Going): readonly string[] {
  return values.flatMap((value) => find(value) ?? (reference.kind === 'string' ? server : []));
}

/** A link is not kept, whatever the plan does. */
function whyOf({ reference }: { readonly reference: Pick<Referrer['reference'], 'kind'> }, why: WhyLeft): WhyLeft {
  return reference.kind === 'linked' ? 'link' : why;
}

/** Recipients that are only counted: users' mailboxes, those of other domains, and those beyond the limit of a plan. */
function recipientsLeft(facts: DeletionFacts, counted: RecipientCount, going: Going): readonly LeftOut[] {
  const { reference, count, own, elsewhere, notListed, ofMailboxes } = counted;
  if (!reference.isCleanable) {
    return [
      ...(facts.hasOtherServer ? [] : mailboxesLeft(counted, count - own.count, going)),
      ...rowOf(
        counted.inOtherDatabases.count,
        `${reference.attribute} of mailboxes in databases of other servers`,
        namedOnly,
        leadingTo([going.server], whyOf(counted, 'mailbox')),
      ),
    ];
  }
  const { attribute, who } = reference;
  const leading = (which: 'elsewhere' | 'beyond', why: WhyLeft): Pick<LeftOut, 'reference'> =>
    leadingTo(namedByRecipients(counted, which, going), whyOf(counted, why));
  return [
    ...(facts.hasOtherServer
      ? []
      : rowOf(
          ofMailboxes,
          `${attribute} of mailboxes that are on it`,
          'mailboxes',
          leadingTo(namedByRecipients(counted, 'elsewhere', going), whyOf(counted, 'mailbox')),
        )),
    ...rowOf(
      elsewhere.count,
      `${attribute} of recipients of other domains`,
      inOtherDomains,
      leading('elsewhere', 'in-another-domain'),
    ),
    ...rowOf(notListed, `${attribute} of more ${who}`, tooMany, leading('beyond', 'past-the-limit')),
  ];
}

function rowOf(count: number, what: string, reason: string, leading: Pick<LeftOut, 'reference'>): readonly LeftOut[] {
  return count <= 0 ? [] : [{ what, reason, detail: String(count), ...leading }];
}

/** Of the databases each one that goes has a row of its own. */
function mailboxesLeft(counted: RecipientCount, count: number, going: Going): readonly LeftOut[] {
  const { reference, usersOf } = counted;
  const row = (number: number, to: readonly string[]): readonly LeftOut[] =>
    rowOf(
      number,
      `${reference.attribute} of ${reference.who}`,
      reference.id === 'archives' ? 'archives' : 'mailboxes',
      leadingTo(to, whyOf(counted, 'mailbox')),
    );
  if (reference.named === 'legacyExchangeDN') return row(count, [going.server]);
  const inGoing = [...usersOf].flatMap(([key, users]) => {
    const database = going.find(key);
    return database === undefined ? [] : [{ users, database }];
  });
  const others = count - inGoing.reduce((sum, { users }) => sum + users, 0);
  return [...inGoing.flatMap(({ users, database }) => row(users, [database])), ...row(others, [])];
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
