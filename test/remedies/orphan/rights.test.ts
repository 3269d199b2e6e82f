import { describe, expect, test } from 'vitest';
import { sidFromText } from '../../../src/ad/values.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import { assess } from '../../../src/remedies/orphan/assess.ts';
import { gather, type OrphanFacts } from '../../../src/remedies/orphan/gather.ts';
import { cleanableReferrers, plan } from '../../../src/remedies/orphan/plan.ts';
import { configurationReferences, wellKnownObjects } from '../../../src/remedies/orphan/references.ts';
import { survey } from '../../../src/remedies/orphan/survey.ts';
import { openBench, sendConnector } from '../../change/entries-support.ts';
import { makeEntry } from '../../support/make-entry.ts';

const options = { treeDelete: false, cleanUp: { kind: 'all' }, accept: [] } as const;

const enterpriseAdmins = 'S-1-5-21-1-2-3-519';

/** What is gathered by one who may write every attribute but those of this entry. */
async function factsOfOneWhoMayNotWrite(locked: string): Promise<OrphanFacts> {
  const { session } = await openBench();
  const limited: DirectorySession = {
    ...session,
    identity: session.identity,
    rootDse: session.rootDse,
    search: (request) => session.search(request),
    readEntry: async (dn, attributes, controls) => {
      if (attributes.includes('tokenGroups')) return makeEntry(dn, { tokenGroups: [sidFromText(enterpriseAdmins)] });
      return attributes.includes('allowedAttributesEffective')
        ? makeEntry(dn, { allowedAttributesEffective: dn === locked ? ['description'] : every })
        : session.readEntry(dn, attributes, controls);
    },
  };
  const now = new Date('2026-11-22T09:00:00Z');
  const reach = { session: limited, global: undefined, isExport: false };
  const surveyed = await survey(reach, now);
  const chosen = surveyed.servers.find(({ server }) => server.name === 'EX04');
  if (chosen === undefined) throw new Error('the practice forest has EX04');
  return gather(reach, surveyed, chosen, { probe: false, now });
}

const every = [wellKnownObjects, ...configurationReferences.map(({ attribute }) => attribute)];

describe('a reference that the user may not write', () => {
  test('is told, and left out of the question and of the plan', async () => {
    const facts = await factsOfOneWhoMayNotWrite(sendConnector);
    expect(facts.rightsKnown).toBe(true);
    const id = `msExchSourceBridgeheadServersDN of ${sendConnector}`;
    expect(assess(facts, options).find((finding) => finding.id === 'no-right-to-clean-up')).toMatchObject({
      title: 'You have no right to clear a reference to the server',
      evidence: [id],
    });
    expect(cleanableReferrers(facts).map((referrer) => referrer.id)).not.toContain(id);
    const edited = plan(facts, options).flatMap((change) => (change.kind === 'modify' ? [change.dn] : []));
    expect(edited.length).toBeGreaterThan(0);
    expect(edited).not.toContain(sendConnector);
  });

  test('is none where it could not be cleared anyway', async () => {
    const facts = await factsOfOneWhoMayNotWrite('');
    const mandatory = facts.configuration.referrers.map((referrer) => ({
      ...referrer,
      reference: { ...referrer.reference, clearing: 'mandatory' as const },
    }));
    const changed = {
      ...facts,
      configuration: { ...facts.configuration, referrers: mandatory },
      unwritable: new Set(mandatory.map(({ id }) => id)),
    };
    expect(assess(changed, options).some(({ id }) => id === 'no-right-to-clean-up')).toBe(false);
  });
});
