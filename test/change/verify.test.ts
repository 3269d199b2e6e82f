import { describe, expect, test } from 'vitest';
import type { DirectoryChange } from '../../src/change/plan.ts';
import { defaultProof, type Proof, type Sight, type Verification, verifyEverywhere } from '../../src/change/verify.ts';
import { DirectoryError } from '../../src/errors.ts';
import type { DirectorySession } from '../../src/ldap/session.ts';
import { host, openBench, sendConnector } from './entries-support.ts';

/** The session, left open by those who close it. */
function kept(session: DirectorySession): DirectorySession {
  return {
    ...session,
    identity: session.identity,
    rootDse: session.rootDse,
    readEntry: (...asked) => session.readEntry(...asked),
    search: (request) => session.search(request),
    close: async () => undefined,
  };
}

/** What a proof shows on the bench, whose one DC stands for all. */
async function shown(
  proof: Proof,
  given?: DirectorySession,
  openGlobalCatalog: () => Promise<DirectorySession | undefined> = async () => undefined,
  waitSeconds = 0,
): Promise<Verification> {
  const session = kept(given ?? (await openBench()).session);
  let time = 0;
  return verifyEverywhere(
    proof,
    { session, reopen: async () => session, openOther: async () => session, openGlobalCatalog },
    {
      waitSeconds,
      now: () => new Date(time),
      sleep: async (milliseconds) => {
        time += milliseconds;
      },
      begin: () => {},
      update: () => {},
    },
  );
}

describe('the proof by kind of change', () => {
  const seen = async (session: DirectorySession, changes: readonly DirectoryChange[]): Promise<string | undefined> => {
    const { domainControllers } = await shown(defaultProof(changes), session);
    const found = domainControllers.find((one) => one.host === host);
    return found === undefined ? undefined : `${found.state}: ${found.detail}`;
  };

  test('counts the values that are put back', async () => {
    const { session, deletionOf } = await openBench();
    const { guid } = await deletionOf(sendConnector);
    const edit = { attribute: 'description', remove: [], add: ['for the branch'] };
    const changes: readonly DirectoryChange[] = [{ kind: 'modify', dn: sendConnector, guid, edits: [edit] }];
    expect(await seen(session, changes)).toBe('not-yet: 0 of 1 edited entries have the new values');
    await session.modify(sendConnector, [
      { attribute: 'description', remove: [], add: [Buffer.from('for the branch')] },
    ]);
    expect(await seen(session, changes)).toBe('there: 1 of 1 edited entries have the new values');
  });

  test('says of a domain controller that it holds nothing of what was changed', async () => {
    const { session } = await openBench();
    const elsewhere = { kind: 'modify', dn: 'CN=anna,DC=emea,DC=example,DC=org', guid: '', edits: [] } as const;
    expect(await seen(session, [elsewhere])).toBe('there: it holds none of the changed entries');
  });

  test('counts the entries that are back', async () => {
    const { session, deletionOf } = await openBench();
    const { guid, dn } = await deletionOf(sendConnector);
    const back: DirectoryChange = { kind: 'undelete', dn, guid, attributes: [] };
    expect(await seen(session, [back])).toBe('there: 1 of 1 entries restored');
    expect(await seen(session, [{ ...back, dn: `CN=other,${dn}` }])).toBe('not-yet: 0 of 1 entries restored');
  });
});

describe('a further look', () => {
  const nothing: Sight = { state: 'there', detail: 'nothing', mayChange: false };
  const proofWith = (where: 'chosen-dc' | 'global-catalog', look: () => Promise<Sight>): Proof => ({
    onEachDc: async () => nothing,
    further: () => [{ of: 'recipients', where, look }],
  });

  test.each<[string, () => Promise<undefined>, string]>([
    ['none is there', async () => undefined, 'not known: no global catalog answers'],
    [
      'it refuses',
      async () => {
        throw new DirectoryError({ attempted: '', on: '', cameBack: 'connection refused', next: '' });
      },
      'connection refused',
    ],
  ])('at a global catalog is unknown, with the reason, where %s', async (_, open, detail) => {
    const { further, everywhere } = await shown(
      proofWith('global-catalog', async () => nothing),
      undefined,
      open,
    );
    expect(further).toEqual([{ of: 'recipients', state: 'unknown', detail }]);
    expect(everywhere).toBe(false);
  });

  test('is repeated while there is time and it does not show the change', async () => {
    let looks = 0;
    const look = async (): Promise<Sight> => {
      looks += 1;
      return looks < 3 ? { state: 'not-yet', detail: 'some', mayChange: true } : nothing;
    };
    const { further, everywhere } = await shown(proofWith('chosen-dc', look), undefined, undefined, 60);
    expect([further[0]?.state, looks, everywhere]).toEqual(['there', 3, true]);
  });
});
