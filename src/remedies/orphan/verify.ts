/** The proof of a deletion: each entry gone on every DC, with its tombstone, and nothing left that points at it. */

import { isBelow, joinDn, sameDn } from '../../ad/dn.ts';
import { textsOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import type { DirectoryChange, Plan, Target } from '../../change/plan.ts';
import { type FurtherLook, lookForDeleted, type Proof, type Sight } from '../../change/verify.ts';
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
export function recipientLooks(deleted: DeletedServer, target: Target, forest: Forest): readonly FurtherLook[] {
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
  const gone = await lookForDeleted(deleted.entries, session, configuration);
  const { pointing, leftOnPurpose } = await pointingAt(session, deleted, configuration);
  const details = [
    gone.detail,
    ...(pointing.length === 0 ? [] : [`still pointing at a deleted entry: ${pointing.join('; ')}`]),
    ...(leftOnPurpose === 0 ? [] : [`${leftOnPurpose} still pointing at a deleted entry, as accepted`]),
  ];
  return pointing.length === 0
    ? { ...gone, detail: details.join('; ') }
    : { state: 'not-yet', detail: details.join('; '), mayChange: true };
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
