/** The deletion on every DC: whether replication brings it there, and the proof that each of them has it. */

import { askAllForReplication } from '../../ad/ask-domain-controllers.ts';
import { readLifetime } from '../../ad/deleted-object-lifetime.ts';
import { dnIn, isBelow, normalizedDn, sameDn } from '../../ad/dn.ts';
import { textsOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { everyEntry, namingTest, namingValues } from '../../ad/references.ts';
import { islandsOf } from '../../ad/replication-islands.ts';
import { goneParties, type ReplicationNews, replicationNews } from '../../ad/replication-news.ts';
import { isBackLink } from '../../change/attribute-kinds.ts';
import { blocker, type FindingDraft, note, warning } from '../../change/findings.ts';
import type { DirectoryChange, Plan, Target } from '../../change/plan.ts';
import { type FurtherLook, lookForDeleted, type Proof, type Sight } from '../../change/verify.ts';
import { type DirectorySession, type Filter, or, present } from '../../ldap/session.ts';
import { counted, day } from '../../words.ts';
import type { DirectoryWorld } from '../remedy.ts';
import { type DeletedServer, deletedServer, namesDeleted, withoutNamesOfOthers } from './deleted-server.ts';
import type { ExchangeServer } from './organisation.ts';
import {
  domainsOf,
  firstNames,
  liesIn,
  otherRecipientAttributes,
  type RecipientReference,
  recipientFilters,
  recipientReferences,
} from './recipients.ts';
import { namesOneOf } from './referrers.ts';

/** Days of silence after which replication is failing: links between sites may be idle over a night. */
const silence = 2;

/** The replication between the DCs. */
export interface ReplicationFacts {
  /** Of the Configuration naming context alone. */
  readonly news: ReplicationNews;
  /** The tombstone lifetime in force, in days. */
  readonly lifetime: number;
}

/** What every DC has heard of the Configuration naming context. Throws DirectoryError. */
export async function readReplication(world: DirectoryWorld, forest: Forest): Promise<ReplicationFacts> {
  const { configurationNamingContext: configuration } = forest;
  const { inForce } = await readLifetime(world.session, configuration);
  const states = await askAllForReplication(forest, world, { namingContexts: [configuration] });
  const news = replicationNews(states, forest, world.now());
  return {
    news: { ...news, copies: news.copies.filter(({ namingContext }) => sameDn(namingContext, configuration)) },
    lifetime: inForce.days,
  };
}

/** A DC that is cut off. */
interface Behind {
  readonly name: string;
  /** undefined if it never heard of the others, or they never heard of it. */
  readonly days: number | undefined;
  /** Whether it may hold the object and replicate it back: not an RODC, and not a DC that was cut off before the object was created. */
  readonly mayBringBack: boolean;
}

/**
 * DCs that are past the lifetime or fall behind, and those that do not answer. One that is cut off for longer than the
 * tombstone lifetime never gets the deletion: it keeps the object, or revives it.
 */
export function* replicationFindings(
  { news, lifetime }: ReplicationFacts,
  { created }: Pick<ExchangeServer, 'created'>,
  now: Date,
): Generator<FindingDraft, void> {
  const gone = goneParties(news, lifetime * day);
  const { cutOff, splits } = islandsOf(news, silence * day, (party) => gone.has(party));
  const behind = cutOff.map(
    ({ party, age }): Behind => ({
      name: party.name,
      days: age === undefined ? undefined : Math.floor(age / day),
      mayBringBack:
        !party.domainController.isReadOnly &&
        (created === undefined || age === undefined || created.getTime() <= now.getTime() - age),
    }),
  );
  const past = behind.filter(({ days }) => days === undefined || days >= lifetime);
  const late = behind.filter((one) => !past.includes(one));
  const silent = news.parties.filter(
    ({ name, state }) => state.kind === 'unreachable' && !behind.some((one) => one.name === name),
  );
  yield* pastLifetime(past, lifetime);
  if (late.length > 0 || splits.length > 0)
    yield warning(
      'replication-behind',
      'Replication is failing: the deletion does not reach every domain controller now',
      'Repair replication before you run setup again: repadmin /replsummary. Setup reads the domain controller of its own site.',
      {
        evidence: [
          ...late.map(inWords),
          ...splits.map(
            ({ sides }) =>
              `not replicating with each other: ${sides.map((side) => side.map(({ name }) => name).join(', ')).join(' | ')}`,
          ),
        ],
        subjects: late.map(({ name }) => name),
      },
    );
  if (silent.length > 0)
    yield note(
      'replication-unknown',
      `${counted(silent.length, 'domain controller')} did not answer`,
      'The other domain controllers have received its changes lately.',
      {
        evidence: silent.map(({ name, state }) => (state.kind === 'unreachable' ? `${name}: ${state.why}` : name)),
      },
    );
}

/** Findings on DCs from which the object can come back, and on the others that are cut off. */
function* pastLifetime(past: readonly Behind[], lifetime: number): Generator<FindingDraft, void> {
  const withObject = past.filter(({ mayBringBack }) => mayBringBack);
  const others = past.filter(({ mayBringBack }) => !mayBringBack);
  const cutOff = (which: readonly Behind[]): string =>
    `${counted(which.length, 'domain controller is', 'domain controllers are')} cut off for the tombstone lifetime (${lifetime} days) or longer`;
  const parts = (which: readonly Behind[]) => ({
    evidence: which.map(inWords),
    subjects: which.map(({ name }) => name),
    measure: { value: Math.max(lifetime, ...which.map(({ days }) => days ?? lifetime)), unit: 'days' } as const,
  });
  if (withObject.length > 0)
    yield blocker(
      'replication-past-lifetime',
      `${cutOff(withObject)} and may bring the object back`,
      'It never receives this deletion. It keeps the server object, and replicates it back if it comes online again (a lingering object). First demote it by force and clean up its metadata, or repair it: repadmin /replsummary shows which it is. Accept this only if it never comes back.',
      parts(withObject),
    );
  if (others.length > 0)
    yield warning(
      'replication-past-lifetime-without-object',
      `${cutOff(others)}; the object does not come back from there`,
      'A read-only domain controller has no outbound replication, and one that was cut off before the object was created does not have it. Repair or remove it: repadmin /replsummary shows which it is.',
      parts(others),
    );
}

function inWords({ name, days }: Behind): string {
  return `${name}: ${days === undefined ? 'no replication seen' : `cut off for ${counted(days, 'day')}`}`;
}

/** How the deletion of a plan is proved; undefined for a plan that deletes nothing, which is proved by kind of change. */
export function proofOf(plan: Plan<DirectoryChange>): Proof | undefined {
  const deleted = deletedServer(plan);
  if (deleted.entries.length === 0) return undefined;
  return {
    onEachDc: (session, forest) => deletionOnDc(session, deleted, forest.configurationNamingContext),
    further: (forest) => recipientLooks(deleted, plan.target, forest),
  };
}

/**
 * The recipients of the domain whose DC was written to, asked there as it has all of their attributes; and those of the
 * other domains in a global catalog, as far as it holds the attributes.
 */
export function recipientLooks(deleted: DeletedServer, target: Target, forest: Forest): readonly FurtherLook[] {
  const held = namingContextsOf(target, forest);
  const isHere = liesIn(held, forest);
  const isRecipient = (dn: string): boolean => !isBelow(dn, forest.configurationNamingContext);
  const domains = domainsOf(forest);
  const own = domains.find((dn) => held.some((context) => sameDn(context, dn)));
  // A global catalog does not show the whole schema: its look, which comes second, takes the names from the first.
  let otherAttributes: readonly string[] = [];
  const pointing = async (session: DirectorySession, base: string, isMeant: (dn: string) => boolean) =>
    recipientsPointingAt(
      session,
      base,
      await withoutNamesOfOthers(session, deleted, forest.configurationNamingContext),
      isMeant,
      otherAttributes,
    );
  const here: FurtherLook = {
    of: `recipients of ${own ?? 'the domain of the domain controller that was written to'}`,
    where: 'chosen-dc',
    look: async (session) => {
      otherAttributes = await otherRecipientAttributes(session);
      return sightOf(await pointing(session, own ?? session.rootDse.defaultNamingContext ?? '', isRecipient));
    },
  };
  const elsewhere: FurtherLook = {
    of: 'recipients of the other domains, as far as a global catalog holds the attributes',
    where: 'global-catalog',
    look: async (session) => {
      const found = await pointing(session, '', (dn) => isRecipient(dn) && !isHere(dn));
      return sightOf(deleted.leavesOtherDomains ? { count: 0, first: [], leftOnPurpose: found.count } : found);
    },
  };
  return domains.every((dn) => isHere(dn)) ? [here] : [here, elsewhere];
}

/** What the DC that the plan was made on holds; [] if the forest does not know it. */
function namingContextsOf(target: Target, { domainControllers }: Forest): readonly string[] {
  const host = target.kind === 'forest' ? target.domainController.toLowerCase() : '';
  return domainControllers.find(({ dnsHostName }) => dnsHostName?.toLowerCase() === host)?.fullNamingContexts ?? [];
}

function sightOf({ count, first, leftOnPurpose }: PointingRecipients): Sight {
  const left = leftOnPurpose.toLocaleString('en');
  if (count === 0) {
    const but = leftOnPurpose === 0 ? '' : `, except ${left} that the plan leaves`;
    return { state: 'there', detail: `none points at a deleted entry${but}`, mayChange: false };
  }
  const besides = leftOnPurpose === 0 ? '' : `; ${left} more that the plan leaves`;
  const more = count > first.length ? `; and ${(count - first.length).toLocaleString('en')} more` : '';
  return {
    state: 'not-yet',
    detail: `still pointing at a deleted entry: ${first.join('; ')}${more}${besides}`,
    mayChange: true,
  };
}

/** The state of the deletion on one DC. Throws DirectoryError. */
export async function deletionOnDc(
  session: DirectorySession,
  deleted: DeletedServer,
  configuration: string,
): Promise<Sight> {
  const gone = await lookForDeleted(deleted.entries, session, configuration);
  const { pointing, leftOnPurpose } = await pointingAt(session, deleted, configuration, gone.state !== 'not-yet');
  const details = [
    gone.detail,
    ...(pointing.length === 0 ? [] : [`still pointing at a deleted entry: ${pointing.join('; ')}`]),
    ...(leftOnPurpose === 0
      ? []
      : [`${leftOnPurpose} that the plan leaves still ${leftOnPurpose === 1 ? 'names' : 'name'} a deleted entry`]),
  ];
  return pointing.length === 0
    ? { ...gone, detail: details.join('; ') }
    : { state: 'not-yet', detail: details.join('; '), mayChange: true };
}

/**
 * Every value of the Configuration naming context that names what was deleted, as the plan expects it or not. As long as
 * the entries are there, their own names prove nothing.
 */
async function pointingAt(
  session: DirectorySession,
  planned: DeletedServer,
  configuration: string,
  isGone: boolean,
): Promise<{ readonly pointing: readonly string[]; readonly leftOnPurpose: number }> {
  const deleted = await withoutNamesOfOthers(session, planned, configuration);
  const expected = new Set([...deleted.leftOnPurpose].map((id) => id.toLowerCase()));
  const test = namingTest({ dns: deleted.dns, names: deleted });
  const pointing = new Set<string>();
  for await (const entry of everyEntry(session, configuration, test)) {
    if (deleted.dns.has(normalizedDn(entry.dn))) continue;
    for (const { attribute, naming, values } of namingValues(entry, test)) {
      const isMeant =
        naming === 'deleted dn' ? values.some((value) => namesDeleted(value.toString(), deleted)) : isGone;
      if (isMeant && !isBackLink(attribute.name)) pointing.add(`${attribute.name} of ${entry.dn}`);
    }
  }
  const surprising = [...pointing].filter((id) => !expected.has(id.toLowerCase()));
  return { pointing: surprising, leftOnPurpose: pointing.size - surprising.length };
}

/** References as "homeMTA of CN=…". */
export interface PointingRecipients {
  readonly count: number;
  /** The first of them. */
  readonly first: readonly string[];
  /** How many more were left on purpose. */
  readonly leftOnPurpose: number;
}

/**
 * Looks through the recipients below a DN, with the search words that gather uses. A value that named an entry below the
 * server is looked for among all values of its attribute: it may be rewritten to the deleted name, and AD takes no
 * wildcard in a DN. Memory does not grow with their number. Throws DirectoryError.
 *
 * @param isMeant which entries count, by their DN
 * @param otherAttributes attributes that hold DNs, beside those of the list
 */
export async function recipientsPointingAt(
  session: DirectorySession,
  base: string,
  deleted: DeletedServer,
  isMeant: (dn: string) => boolean,
  otherAttributes: readonly string[] = [],
): Promise<PointingRecipients> {
  const first: string[] = [];
  let count = 0;
  let leftOnPurpose = 0;
  // One after the other: not every server keeps several paged searches of one connection apart.
  for (const { filter, attributes, isPointing } of searchesFor(deleted, otherAttributes)) {
    for await (const entry of session.search({ base, scope: 'subtree', filter, attributes })) {
      if (!isMeant(entry.dn)) continue;
      for (const attribute of attributes.filter((name) => textsOf(entry, name).some(isPointing))) {
        const id = `${attribute} of ${entry.dn}`;
        const isAccepted = deleted.leavesSomeOf.has(attribute.toLowerCase());
        if (isAccepted || deleted.leftOnPurpose.has(id)) leftOnPurpose += 1;
        else if (++count <= firstNames) first.push(id);
      }
    }
  }
  return { count, first, leftOnPurpose };
}

interface RecipientSearch {
  readonly filter: Filter;
  readonly attributes: readonly string[];
  readonly isPointing: (value: string) => boolean;
}

function searchesFor(deleted: DeletedServer, otherAttributes: readonly string[]): readonly RecipientSearch[] {
  const { legacyExchangeDn } = deleted;
  const byName = recipientReferences.filter(({ named }) => named === 'legacyExchangeDN');
  const byDn = [
    ...recipientReferences.filter(({ named }) => went(named, deleted)).map(({ attribute }) => attribute),
    ...otherAttributes,
  ];
  const isPointing = (value: string): boolean => namesDeleted(value, deleted) || namesOneOf(dnIn(value), deleted.dns);
  return [
    ...byName.flatMap((reference) =>
      recipientFilters(reference, legacyExchangeDn === undefined ? [] : [legacyExchangeDn]).map((filter) => ({
        filter,
        attributes: [reference.attribute],
        // The server has compared it by the attribute's syntax.
        isPointing: () => true,
      })),
    ),
    ...(byDn.length === 0 ? [] : [{ filter: or(...byDn.map(present)), attributes: byDn, isPointing }]),
  ];
}

/** Whether an entry that such a reference can name was deleted. */
function went(named: RecipientReference['named'], { hasDatabases, hasMailTransferAgents }: DeletedServer): boolean {
  return (named === 'databases' && hasDatabases) || (named === 'mail transfer agents' && hasMailTransferAgents);
}
