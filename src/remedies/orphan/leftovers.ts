/** What earlier deletions by hand have left behind: values that point at deleted entries, or name a server that is gone. */

import { isSameOrBelow, joinDn } from '../../ad/dn.ts';
import { textOf } from '../../ad/entry.ts';
import { bytesWith, dnIn, everyEntry, type Naming, type NamingTest } from '../../ad/naming.ts';
import { editsOf, valueKey } from '../../change/clear-values.ts';
import { type FindingDraft, note, warning } from '../../change/findings.ts';
import type { Change, DirectoryChange, ForestTarget, Plan, PlanValue, Proposal } from '../../change/plan.ts';
import { groupBy } from '../../group-by.ts';
import { and, equal, not, or, present } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { counted, distinct } from '../../words.ts';
import { quotedForPowerShell } from '../../words-for-shells.ts';
import type { Description } from '../remedy.ts';
import type { ExchangeServer } from './organisation.ts';
import { otherRecipientAttributes } from './other-recipients.ts';
import { keyOf, keysOf, type Referrer, referrersIn, unwritableOf } from './referrers.ts';

/** What was found, and what of it the user may not write. */
export interface Leftovers {
  readonly leftovers: readonly Referrer[];
  /** How many more there are than one plan holds. */
  readonly notListed: number;
  /** Ids of those whose attribute the user may not write. */
  readonly unwritable: ReadonlySet<string>;
  /** Changes of a saved plan that are done. */
  readonly done: ReadonlySet<Change>;
}

/** Recipients' attributes that may be cleared where they name what is gone. */
const ofRecipients = ['homeMTA', 'msExchExpansionServerName'];
/** Which server a mailbox is on: Exchange writes it when it moves the mailbox, so it is listed and not cleared. */
const ofMailboxes = 'msExchHomeServerName';
/** Text attributes of DAGs whose values are FQDNs of servers, in lower case. */
const serverLists = new Set(['msexchstartedmailboxservers', 'msexchstoppedmailboxservers']);
/** References that one plan holds; the next run finds the rest. */
const most = 1000;

/** The names of every server that is there. */
export type ServerNames = Pick<ExchangeServer, 'legacyExchangeDn' | 'fqdn'>;

/**
 * Reads every value of the Configuration naming context, and of recipients the usual attributes and those of Exchange that
 * hold DNs. Throws DirectoryError.
 *
 * @param session with the DC that is written to, which holds all attributes of its domain's recipients
 */
export async function readLeftovers(
  session: DirectorySession,
  configuration: string,
  servers: readonly ServerNames[],
): Promise<Omit<Leftovers, 'done'>> {
  const isLeft = leftoverTest([...servers, ...(await clientAccessArrays(session, configuration))]);
  const known = servers.flatMap(({ legacyExchangeDn: name }) => (name === undefined ? [] : [equal(ofMailboxes, name)]));
  const onUnknown = present(ofMailboxes);
  const others = (await otherRecipientAttributes(session)).filter(isNamedByExchange);
  const asked = [...ofRecipients, ...others];
  const recipients = session.search({
    base: session.rootDse.defaultNamingContext ?? '',
    scope: 'subtree',
    filter: or(...asked.map(present), known.length === 0 ? onUnknown : and(onUnknown, not(or(...known)))),
    attributes: ['objectClass', 'objectGUID', ofMailboxes, ...asked],
  });
  const found = [
    ...(await referrersIn(session, everyEntry(session, configuration, isLeft), isLeft)).filter(
      ({ dn, reference }) => isOfExchange(dn, reference.attribute, configuration) && !isOwnName(reference),
    ),
    ...(await referrersIn(session, recipients, isLeft)).filter(
      ({ reference: { attribute }, values }) =>
        attribute === ofMailboxes || isOfRecipients(attribute) || values.every(isDeletedIn(configuration)),
    ),
  ];
  const all = distinct(found, ({ id, values }) => `${id} ${JSON.stringify(values)}`);
  const leftovers = all.slice(0, most).map(asClearable);
  return { leftovers, notListed: all.length - leftovers.length, unwritable: await unwritableOf(session, leftovers) };
}

/** Whether a value names a deleted entry of the Configuration naming context: one of a domain was no server object. */
function isDeletedIn(configuration: string): (value: PlanValue) => boolean {
  const place = `,CN=Deleted Objects,${configuration}`.toLowerCase();
  return (value) => typeof value === 'string' && value.toLowerCase().endsWith(place);
}

function isNamedByExchange(attribute: string): boolean {
  return /^msExch/i.test(attribute);
}

/** Whether an attribute is one of Exchange: on an entry of its organisation, or by its name. Others are not touched. */
function isOfExchange(dn: string, attribute: string, configuration: string): boolean {
  const exchange = joinDn('CN=Microsoft Exchange,CN=Services', configuration);
  return isNamedByExchange(attribute) || isSameOrBelow(dn, exchange);
}

/** Whether it is one of the recipients' attributes that may be cleared. */
function isOfRecipients(attribute: string): boolean {
  return ofRecipients.some((name) => name.toLowerCase() === attribute.toLowerCase());
}

/** A database's legacyExchangeDN names its RPC client access server; that of any other entry names the entry itself. */
function isOwnName({ attribute, id }: Referrer['reference']): boolean {
  return attribute.toLowerCase() === 'legacyexchangedn' && id !== 'rpc-client-access';
}

/** The names that a database may have in place of its RPC client access server's. Throws DirectoryError. */
async function clientAccessArrays(session: DirectorySession, configuration: string): Promise<readonly ServerNames[]> {
  const arrays: ServerNames[] = [];
  const found = session.search({
    base: configuration,
    scope: 'subtree',
    filter: equal('objectClass', 'msExchClientAccessArray'),
    attributes: ['legacyExchangeDN'],
  });
  for await (const entry of found)
    arrays.push({ legacyExchangeDn: textOf(entry, 'legacyExchangeDN'), fqdn: undefined });
  return arrays;
}

/** A server of a legacyExchangeDN: `/o=…/ou=…/cn=Configuration/cn=Servers/cn=NAME`, and nothing below it. */
const serverName = /^\/o=[^/]+\/ou=[^/]+\/cn=Configuration\/cn=Servers\/cn=[^/]+$/i;

/** The server of the same and what is below it. */
const belowServer = /^(\/o=[^/]+\/ou=[^/]+\/cn=Configuration\/cn=Servers\/cn=[^/]+)\/cn=/i;

/** A test for DNs of deleted entries, and for names of servers that no object has. */
export function leftoverTest(servers: readonly ServerNames[]): NamingTest {
  const namesOf = (names: readonly (string | undefined)[]): ReadonlySet<string> =>
    new Set(names.flatMap((name) => (name === undefined ? [] : [name.toLowerCase()])));
  const legacyNames = namesOf(servers.map(({ legacyExchangeDn }) => legacyExchangeDn));
  const hosts = namesOf(servers.map(({ fqdn }) => fqdn));
  const test = (value: string, attribute: string): Naming | undefined => {
    if (value.includes('\\0ADEL:')) return 'deleted dn';
    if (serverLists.has(attribute)) return hosts.has(value.toLowerCase()) ? undefined : 'FQDN';
    if (attribute === 'legacyexchangedn') {
      const server = belowServer.exec(value)?.[1];
      return server === undefined || legacyNames.has(server.toLowerCase()) ? undefined : 'below legacyExchangeDN';
    }
    if (!serverName.test(value)) return undefined;
    return legacyNames.has(value.toLowerCase()) ? undefined : 'legacyExchangeDN';
  };
  return Object.assign(test, { mayName: bytesWith(['\\0adel:', '/cn=servers/cn=', ...serverLists]) });
}

/** The group of a server that is gone has no other use for its name. */
function asClearable(referrer: Referrer): Referrer {
  const { reference } = referrer;
  return isOfRecipients(reference.attribute)
    ? { ...referrer, reference: { ...reference, clearing: 'may be cleared' } }
    : referrer;
}

/** Whether a plan clears leftovers, and deletes nothing. */
export function isOfLeftovers({ intent }: Pick<Plan, 'intent'>): boolean {
  return intent['leftovers'] === true;
}

function clearableIn({ leftovers, unwritable }: Leftovers): readonly Referrer[] {
  return leftovers.filter(({ id, reference }) => reference.clearing === 'may be cleared' && !unwritable.has(id));
}

/** The changes that clear them. */
export function proposeLeftovers(
  facts: Leftovers,
  target: ForestTarget,
  keep: readonly string[],
): Proposal<DirectoryChange> {
  const kept = new Set(keep.map((id) => id.toLowerCase()));
  const clearable = clearableIn(facts);
  const clearing = clearable.filter(({ id }) => !kept.has(id.toLowerCase()));
  return {
    target,
    intent: { leftovers: true, keep },
    changes: editsOf(clearing),
    leftOut: facts.leftovers
      .filter((referrer) => !clearing.includes(referrer))
      .map((referrer) => ({
        what: referrer.id,
        reason: clearable.includes(referrer) ? 'keep' : 'leftovers-not-cleared',
      })),
  };
}

/** What they point at, which of them a person has to set by hand, and containers that were left empty. */
export function assessLeftovers(
  facts: Leftovers & { readonly emptyContainers: readonly string[] },
): readonly FindingDraft[] {
  const clearable = new Set(clearableIn(facts));
  const others = facts.leftovers.filter((referrer) => !clearable.has(referrer));
  return [
    ...(facts.leftovers.length === 0
      ? [note('no-leftovers', 'No value points at a deleted or missing server object', 'There is nothing to clear.')]
      : [
          note(
            'leftovers',
            `${counted(facts.leftovers.length, 'reference points', 'references point')} at entries that are gone`,
            `Earlier deletions by hand have left them behind. Setup and the Exchange services report them (event 2937). Undo cannot bring back a reference to a deleted entry: the directory refuses it. before.ldf keeps the values.${facts.notListed === 0 ? '' : ` There are ${facts.notListed.toLocaleString('en')} more: run it again when this plan is applied.`}`,
            {
              evidence: [...pointedAt(facts.leftovers)].map(
                ([dn, here]) => `${dn}: ${counted(here.length, 'reference')}`,
              ),
            },
          ),
        ]),
    ...(others.length === 0
      ? []
      : [
          warning(
            'leftovers-not-cleared',
            `${counted(others.length, 'reference')} cannot be cleared here`,
            'The attribute is mandatory, only the system writes it, it needs another value, or you have no right to write it.',
            { evidence: others.map(({ id, reference }) => `${id} (${reference.clearing})`) },
          ),
        ]),
    ...emptyContainerFinding(facts.emptyContainers),
  ];
}

/** This plan deletes nothing: the container is deleted by hand. */
function emptyContainerFinding(containers: readonly string[]): readonly FindingDraft[] {
  if (containers.length === 0) return [];
  return [
    warning(
      'empty-servers-container',
      `${counted(containers.length, 'administrative group has', 'administrative groups have')} an empty CN=Servers, which stops public folder replication into Exchange 2010`,
      `Exchange 2010 and later log event 1020 of the Store Driver then. Delete what is empty: ${containers.map((dn) => `Remove-ADObject -Identity ${quotedForPowerShell(dn)}`).join('; ')}. Leave the administrative group itself.`,
      { evidence: containers, subjects: containers },
    ),
  ];
}

function pointedAt(leftovers: readonly Referrer[]): ReadonlyMap<string, readonly Referrer[]> {
  return groupBy(leftovers, ({ values: [value] }) => (typeof value === 'string' ? dnIn(value) : ''));
}

/** The values of a plan that fresh facts do not find, each in words. */
export function unjustifiedLeftovers(facts: Leftovers, { changes }: Proposal<DirectoryChange>): readonly string[] {
  const known = new Set(facts.leftovers.flatMap(keysOf));
  return changes.flatMap((change) => {
    if (facts.done.has(change)) return [];
    if (change.kind !== 'modify') return [`${change.kind} of ${change.dn}`];
    return change.edits.flatMap(({ attribute, remove }) =>
      remove
        .filter((value) => !known.has(keyOf(change.guid, attribute, value)))
        .map((value) => `${attribute} of ${change.dn}: ${valueKey(value)}`),
    );
  });
}

/** What such a plan never holds. */
export function permitsLeftovers({ changes, target }: Plan<DirectoryChange>): readonly string[] {
  const configuration = target.kind === 'forest' ? target.configurationNamingContext : '';
  const test = leftoverTest([]);
  return changes.flatMap((change) => {
    if (change.kind !== 'modify') return [`It makes or deletes the entry ${change.dn}.`];
    return change.edits.flatMap(({ attribute, add, remove }) => [
      ...(add.length === 0 ? [] : [`It adds values to ${attribute} of ${change.dn}.`]),
      ...(isOfRecipients(attribute) || isOfExchange(change.dn, attribute, configuration)
        ? []
        : [`It edits ${attribute} of ${change.dn}, which is not of Exchange.`]),
      ...remove
        .filter((value) => typeof value !== 'string' || test(value, attribute.toLowerCase()) === undefined)
        .map(
          (value) =>
            `It removes ${valueKey(value)} from ${attribute} of ${change.dn}, which names nothing that is gone.`,
        ),
    ]);
  });
}

/** Such a plan in words. */
export function describeLeftovers({ changes, leftOut }: Plan<DirectoryChange>): Description {
  const edits = changes.flatMap((change) =>
    change.kind === 'modify' ? change.edits.map((edit) => ({ dn: change.dn, ...edit })) : [],
  );
  const byTarget = groupBy(
    edits.flatMap(({ dn, attribute, remove }) =>
      remove.map((value) => ({ at: typeof value === 'string' ? dnIn(value) : '', words: `${attribute} of ${dn}` })),
    ),
    ({ at }) => at,
  );
  return {
    title: 'Clear what earlier deletions of Exchange servers left behind',
    summary: [
      { name: 'References cleared', value: counted(edits.length, 'attribute') },
      { name: 'Left as they are', value: leftOut.length.toLocaleString('en') },
    ],
    changes: [
      {
        kind: 'tree',
        id: 'leftovers',
        title: 'What is gone, with the references that are cleared',
        nodes: [...byTarget].map(([at, here]) => ({ depth: 0, text: at, notes: here.map(({ words }) => words) })),
      },
    ],
    nextSteps: [],
  };
}
