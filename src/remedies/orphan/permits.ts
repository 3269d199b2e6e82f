/** What an orphan plan never writes: checked in the plan alone, and against fresh facts. */

import { DnSyntaxError, isDeletedDn, isSameOrBelow, joinDn, normalizedDn, parentDn, rdnOf } from '../../ad/dn.ts';
import type { DeletedEntry, DirectoryChange, ModifyChange, Plan, PlanValue, Proposal } from '../../change/plan.ts';
import { deletedBy } from '../../change/undo-link.ts';
import { distinct } from '../../words.ts';
import { deletedServer, serverDeletedIn, textsOf } from './deleted-server.ts';
import { clearableReferrers, type DeletionFacts } from './gather.ts';
import { isOfLeftovers } from './leftover-values.ts';
import { permitsLeftovers } from './leftovers.ts';
import { dnIn } from './naming.ts';
import { isNextStep } from './next-steps.ts';
import { isMailboxAttribute, isNamedAsOwn } from './own-mailboxes.ts';
import { valueKey } from './propose.ts';
import { databaseClasses } from './referrers.ts';

/** What in the plan's shape and places this remedy never writes, each in a sentence; [] permits it. */
export function permits(plan: Plan<DirectoryChange>): readonly string[] {
  const { target, nextSteps } = plan;
  if (target.kind !== 'forest') return ['Its target is not a forest.'];
  const exchange = joinDn('CN=Microsoft Exchange,CN=Services', target.configurationNamingContext);
  return [
    ...shapeOf(plan, exchange),
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
            .filter((dn) => !roots.some((root) => isSameOrBelow(dn, root)))
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

/** Entries outside the server's tree that a plan may delete with it: its databases, its copies, its container. */
function companionsIn({ changes }: Plan<DirectoryChange>, server: string): readonly string[] {
  const owner = (entry: DeletedEntry, attribute: string): boolean =>
    textsOf(entry, attribute).some((value) => isSame(value, server));
  return changes.flatMap(deletedBy).flatMap((entry) => {
    const classes = new Set(textsOf(entry, 'objectClass').map((name) => name.toLowerCase()));
    const isDatabase = databaseClasses.some((name) => classes.has(name.toLowerCase()));
    const isCompanion =
      (isDatabase && owner(entry, 'msExchOwningServer')) ||
      (classes.has('msexchmdbcopy') && owner(entry, 'msExchHostServerLink')) ||
      isSame(entry.dn, parentDn(server) ?? '');
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

/** False for a value that is no DN: it names no entry. */
function isDnThat(value: string, test: (dn: string) => boolean): boolean {
  try {
    return test(value);
  } catch (error) {
    if (error instanceof DnSyntaxError) return false;
    throw error;
  }
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

function editsBeyond({ dn, edits }: ModifyChange, names: Names): readonly string[] {
  return edits.flatMap(({ attribute, add, remove }) => [
    ...(add.length === 0 ? [] : [`It adds values to ${attribute} of ${dn}.`]),
    ...remove
      // Of a mailbox that is Exchange's own all that makes it one may go.
      .filter(() => !(isNamedAsOwn(dn) && isMailboxAttribute(attribute)))
      .filter((value) => !isTextOf(value, names) && !isDnOf(value, names.dns))
      .map((value) => `It removes ${valueKey(value)} from ${attribute} of ${dn}, which does not name the server.`),
  ]);
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
  const justified = new Set(
    [...clearableReferrers(facts), ...facts.ownMailboxAttributes].flatMap(({ guid, reference, values }) =>
      values.map((value) => `${guid} ${reference.attribute.toLowerCase()} ${valueKey(value)}`),
    ),
  );
  return proposal.changes.flatMap((change, index) => {
    if (facts.done.has(index)) return [];
    if (change.kind !== 'modify') {
      const isMeant = isSameOrBelow(change.dn, facts.chosen.server.dn) || dns.has(normalizedDn(change.dn));
      return isMeant ? [] : [`${change.kind} of ${change.dn}`];
    }
    return change.edits.flatMap(({ attribute, remove }) =>
      remove
        .filter((value) => !isDnOf(value, dns))
        .filter((value) => !justified.has(`${change.guid} ${attribute.toLowerCase()} ${valueKey(value)}`))
        .map((value) => `${attribute} of ${change.dn}: ${valueKey(value)}`),
    );
  });
}
