/** The proof of a deletion: each entry gone on every DC, with its tombstone, and nothing left that points at it. */

import { isBelow, isDeletedDn, joinDn, normalizedDn, parentDn, sameDn } from '../../ad/dn.ts';
import { booleanOf, type Entry, textsOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { guidBase, guidFromText } from '../../ad/values.ts';
import type { DirectoryChange, Plan, Target } from '../../change/plan.ts';
import type { FurtherLook, Proof, Sight } from '../../change/verify.ts';
import { DirectoryError } from '../../errors.ts';
import { inParallel } from '../../files/in-parallel.ts';
import { deletedObjectsControl } from '../../ldap/controls.ts';
import { equal, everything } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { type DeletedServer, deletedServer, namesDeleted, withoutNamesOfOthers } from './deleted-server.ts';
import { liesIn, type PointingRecipients, recipientsPointingAt } from './recipients.ts';
import { configurationReferences, wellKnownObjects } from './references.ts';
import { referringFilter } from './referrers.ts';

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
function recipientLooks(deleted: DeletedServer, target: Target, forest: Forest): readonly FurtherLook[] {
  const held = namingContextsOf(target, forest);
  const isHere = liesIn(held, forest);
  const isRecipient = (dn: string): boolean => !isBelow(dn, forest.configurationNamingContext);
  const domains = forest.namingContexts.filter(({ kind }) => kind === 'domain').map(({ dn }) => dn);
  const own = domains.find((dn) => held.some((context) => sameDn(context, dn)));
  const pointing = async (session: DirectorySession, base: string, isMeant: (dn: string) => boolean) =>
    recipientsPointingAt(
      session,
      base,
      await withoutNamesOfOthers(session, deleted, forest.configurationNamingContext),
      isMeant,
    );
  const here: FurtherLook = {
    of: `recipients of ${own ?? 'the domain of the domain controller that was written to'}`,
    where: 'chosen-dc',
    look: async (session) =>
      sightOf(await pointing(session, own ?? session.rootDse.defaultNamingContext ?? '', isRecipient)),
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
    const but = leftOnPurpose === 0 ? '' : `, except ${left} that were accepted`;
    return { state: 'there', detail: `none points at a deleted entry${but}`, mayChange: false };
  }
  const besides = leftOnPurpose === 0 ? '' : `; ${left} more that were accepted`;
  const more = count > first.length ? `; and ${(count - first.length).toLocaleString('en')} more` : '';
  return {
    state: 'not-yet',
    detail: `still pointing at a deleted entry: ${first.join('; ')}${more}${besides}`,
    mayChange: true,
  };
}

/** What one DC has of the deletion. Throws DirectoryError. */
export async function deletionOnDc(
  session: DirectorySession,
  deleted: DeletedServer,
  configuration: string,
): Promise<Sight> {
  const states = await statesOf(session, deleted, configuration);
  const { pointing, leftOnPurpose } = await pointingAt(session, deleted, configuration);
  const all = states.length;
  const live = states.filter((state) => state === 'live').length;
  const unseen = states.filter((state) => state === 'unseen').length;
  const seesDeleted = unseen === 0 || (await seesDeletedObjects(session, configuration));
  const tombstones = unseen === 0 && live < all ? ', tombstones found' : '';
  const details = [
    `deleted: ${all - live} of ${all}${tombstones}`,
    ...(unseen === 0 ? [] : [withoutProof(unseen, seesDeleted)]),
    ...(pointing.length === 0 ? [] : [`still pointing at a deleted entry: ${pointing.join('; ')}`]),
    ...(leftOnPurpose === 0 ? [] : [`${leftOnPurpose} still pointing at a deleted entry, as accepted`]),
  ];
  const state = live > 0 || pointing.length > 0 ? 'not-yet' : unseen > 0 ? 'unknown' : 'there';
  return { state, detail: details.join('; '), mayChange: state !== 'unknown' || seesDeleted };
}

/** For the person who has to decide whether that is good enough. */
function withoutProof(unseen: number, seesDeleted: boolean): string {
  const which = `no tombstone of ${unseen} of them can be seen, so their deletion is not proven here`;
  return seesDeleted
    ? `${which}: this domain controller never had them, or has removed their tombstones by age`
    : `${which}: as a rule because only members of Administrators may see deleted objects; look again as one of them (--user)`;
}

type State = 'deleted' | 'live' | 'unseen';

/** Looks that are on their way to one DC at the same time. */
const looksAtOnce = 16;

async function statesOf(
  session: DirectorySession,
  { entries, dns }: DeletedServer,
  configuration: string,
): Promise<readonly State[]> {
  return inParallel(entries, looksAtOnce, async ({ dn, guid }): Promise<State> => {
    // Below an entry that is gone nothing can bear the old name; at the top of what went another one may.
    const isTop = !dns.has(normalizedDn(parentDn(dn) ?? ''));
    if (isTop && (await session.readEntry(dn, ['1.1'])) !== undefined) return 'live';
    const found = await lookFor(guid, session, configuration);
    if (found === undefined) return 'unseen';
    // Of a tombstone whose attributes the user may not read, the name alone shows what it is.
    return isDeletedDn(found.dn) || booleanOf(found, 'isDeleted') === true ? 'deleted' : 'live';
  });
}

/**
 * An entry by its objectGUID, deleted or not: read, and else searched for. A search alone does not find an entry whose
 * objectGUID the user may not read, as of tombstones that Samba got by replication.
 */
async function lookFor(guid: string, session: DirectorySession, configuration: string): Promise<Entry | undefined> {
  const controls = [deletedObjectsControl(session.rootDse.supportedControls)];
  const attributes = ['isDeleted'];
  const entry = await session.readEntry(guidBase(guid), attributes, controls);
  if (entry !== undefined) return entry;
  const filter = equal('objectGUID', guidFromText(guid));
  const found = session.search({ base: configuration, scope: 'subtree', filter, attributes, controls });
  for await (const one of found) return one;
  return undefined;
}

/** Whether the user sees any deleted object there: by default only members of Administrators do (Microsoft KB 892806). */
async function seesDeletedObjects(session: DirectorySession, configuration: string): Promise<boolean> {
  const found = session.search({
    base: joinDn('CN=Deleted Objects', configuration),
    scope: 'one',
    filter: everything,
    attributes: ['1.1'],
    controls: [deletedObjectsControl(session.rootDse.supportedControls)],
  });
  try {
    for await (const _ of found) return true;
    return false;
  } catch (error) {
    // The container itself may be out of the user's sight.
    if (error instanceof DirectoryError && error.resultCode !== undefined) return false;
    throw error;
  }
}

/** Values in the organisation that name one of the deleted entries: AD takes no wildcard in a DN, so all are read. */
async function pointingAt(
  session: DirectorySession,
  deleted: DeletedServer,
  configuration: string,
): Promise<{ readonly pointing: readonly string[]; readonly leftOnPurpose: number }> {
  const attributes = [wellKnownObjects, ...configurationReferences.map(({ attribute }) => attribute)];
  const pointing: string[] = [];
  const entries = session.search({
    base: joinDn('CN=Services', configuration),
    scope: 'subtree',
    filter: referringFilter(),
    attributes,
  });
  for await (const entry of entries) {
    for (const attribute of attributes) {
      if (textsOf(entry, attribute).some((value) => namesDeleted(value, deleted)))
        pointing.push(`${attribute} of ${entry.dn}`);
    }
  }
  const surprising = pointing.filter((id) => !deleted.leftOnPurpose.has(id));
  return { pointing: surprising, leftOnPurpose: pointing.length - surprising.length };
}
