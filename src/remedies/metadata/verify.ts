/** The proof of a removal, on every DC: entries gone, no value that names them, no DC that replicates from it. */

import { deletedRdnOf, isSameOrBelow, normalizedDn } from '../../ad/dn.ts';
import type { Entry } from '../../ad/entry.ts';
import { dnIn, everyEntry, type NamingTest, namingTest, namingValues } from '../../ad/naming.ts';
import { askForReplication } from '../../ad/replication-answer.ts';
import { isBackLink } from '../../change/attribute-kinds.ts';
import type { DirectoryChange, Plan } from '../../change/plan.ts';
import { deletedBy } from '../../change/undo-link.ts';
import { defaultProof, type FurtherLook, type LookOnDc, type Proof, type Sight } from '../../change/verify.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { listed } from '../../words.ts';
import { identityIn } from './identity.ts';
import { everyEntryOfDomain } from './references.ts';

/** How the removal of a plan is proved; undefined for an undo, which is proved by kind of change. */
export function proofOf(plan: Plan<DirectoryChange>): Proof | undefined {
  const identity = plan.undoes === undefined ? identityIn(plan) : undefined;
  if (identity === undefined) return undefined;
  const entries = plan.changes.flatMap(deletedBy);
  const gone = {
    dns: new Set(entries.map(({ dn }) => normalizedDn(dn))),
    guids: identity.guids,
    leftOnPurpose: new Set(plan.leftOut.map(({ what }) => what.toLowerCase())),
    dsaGuid: identity.settings?.dsaGuid,
  };
  const onEachDc: LookOnDc = async (session, forest) => {
    const { configurationNamingContext: configuration } = forest;
    const held = [...session.rootDse.namingContexts, configuration];
    const isHeld = ({ dn }: { readonly dn: string }): boolean => held.some((context) => isSameOrBelow(dn, context));
    const byKind = await defaultProof(plan.changes.filter(isHeld)).onEachDc(session, forest);
    return both(byKind, [
      ...(await valuesLeft((test) => everyEntry(session, configuration, test), gone)),
      ...(await partnersLeft(session, held, gone)),
    ]);
  };
  const { domain } = identity;
  if (domain === undefined) return { onEachDc, further: () => [] };
  const inDomain: FurtherLook = {
    of: `values of ${domain}`,
    where: 'chosen-dc',
    look: async (session) => {
      const left = await valuesLeft((test) => everyEntryOfDomain(session, domain, test), gone);
      return left.length === 0
        ? { state: 'there', detail: 'nothing names it', mayChange: false }
        : { state: 'not-yet', detail: `still there: ${listed(left, 5)}`, mayChange: true };
    },
  };
  return { onEachDc, further: () => [inDomain] };
}

interface Gone {
  readonly dns: ReadonlySet<string>;
  readonly guids: ReadonlySet<string>;
  /** Ids of values that the plan leaves as they are, lower case. */
  readonly leftOnPurpose: ReadonlySet<string>;
  readonly dsaGuid: string | undefined;
}

function both(byKind: Sight, left: readonly string[]): Sight {
  if (left.length === 0) return { ...byKind, detail: `${byKind.detail}; nothing names it` };
  return { state: 'not-yet', detail: `${byKind.detail}; still there: ${listed(left, 5)}`, mayChange: true };
}

/** Values that name what was deleted, under its old name or that of its tombstone. */
async function valuesLeft(read: (test: NamingTest) => AsyncIterable<Entry>, gone: Gone): Promise<readonly string[]> {
  const test = namingTest({ dns: gone.dns, names: {} });
  const left = new Set<string>();
  for await (const entry of read(test)) {
    if (gone.dns.has(normalizedDn(entry.dn))) continue;
    for (const { attribute, naming, values } of namingValues(entry, test)) {
      const id = `${attribute.name} of ${entry.dn}`;
      const isMeant =
        naming === 'dn' || values.some((value) => gone.guids.has(deletedRdnOf(dnIn(value.toString()))?.guid ?? ''));
      if (isMeant && !isBackLink(attribute.name) && !gone.leftOnPurpose.has(id.toLowerCase())) left.add(id);
    }
  }
  return [...left];
}

/** Whether this DC replicates from it still: until its KCC has run, at most 15 minutes. */
async function partnersLeft(
  session: DirectorySession,
  namingContexts: readonly string[],
  { dsaGuid }: Gone,
): Promise<readonly string[]> {
  if (dsaGuid === undefined) return [];
  const { links } = await askForReplication(session, namingContexts);
  const contexts = links.filter((link) => link.sourceDsaGuid === dsaGuid).map(({ namingContext }) => namingContext);
  return contexts.map((dn) => `replicates ${dn} from it (until the KCC has run)`);
}
