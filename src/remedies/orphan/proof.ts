/** The proof of a deletion: on every DC the entries are gone, and no value and no recipient points at them. */

import { dnIn, isBelow, normalizedDn, sameDn } from '../../ad/dn.ts';
import { textsOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { everyEntry, namingTest, namingValues } from '../../ad/references.ts';
import { isBackLink } from '../../change/attribute-kinds.ts';
import type { DirectoryChange, Plan, Target } from '../../change/plan.ts';
import { type FurtherLook, lookForDeleted, type Proof, type Sight } from '../../change/verify.ts';
import { type DirectorySession, type Filter, or, present } from '../../ldap/session.ts';
import { counted } from '../../words.ts';
import { type DeletedServer, deletedServer, namesDeleted, withoutNamesOfOthers } from './deleted-server.ts';
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

/** The naming contexts of the DC that the plan was made on; [] if the forest does not have that DC. */
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
      : [
          `${counted(leftOnPurpose, 'reference')} that the plan leaves still ${leftOnPurpose === 1 ? 'names' : 'name'} a deleted entry`,
        ]),
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
 * @param otherAttributes attributes that hold DNs, in addition to those of the list
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
