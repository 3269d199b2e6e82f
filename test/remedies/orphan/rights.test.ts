import { describe, expect, test } from 'vitest';
import { sidFromText } from '../../../src/ad/entry.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import { clearable } from '../../../src/remedies/orphan/changes.ts';
import type { DeletionFacts } from '../../../src/remedies/orphan/gather.ts';
import { configurationReferences, wellKnownObjects } from '../../../src/remedies/orphan/referrers.ts';
import { sendConnector } from '../../change/entries-support.ts';
import { makeEntry } from '../../support/make-entry.ts';
import { judged, orphanFacts, practiceSession } from './practice-orphan.ts';

const enterpriseAdmins = 'S-1-5-21-1-2-3-519';

/** What is gathered by one who may write every attribute but those of this entry. */
async function factsOfOneWhoMayNotWrite(locked: string): Promise<DeletionFacts> {
  const session = await practiceSession();
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
  return orphanFacts({}, limited);
}

const every = [wellKnownObjects, ...configurationReferences.map(({ attribute }) => attribute)];

describe('a reference that the user may not write', () => {
  test('is reported, and left out of the question and of the plan', async () => {
    const facts = await factsOfOneWhoMayNotWrite(sendConnector);
    expect(facts.rightsKnown).toBe(true);
    const id = `msExchSourceBridgeheadServersDN of ${sendConnector}`;
    const { proposal, findings } = judged(facts);
    expect(findings.find((finding) => finding.id === 'no-right-to-clean-up')).toMatchObject({
      title: 'You have no right to clear 1 reference to the server',
      evidence: [id],
    });
    expect(clearable(facts).map((referrer) => referrer.id)).not.toContain(id);
    const edited = proposal.changes.flatMap((change) => (change.kind === 'modify' ? [change.dn] : []));
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
    expect(judged(changed).findings.some(({ id }) => id === 'no-right-to-clean-up')).toBe(false);
  });
});
