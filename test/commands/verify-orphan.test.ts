import { expect, test } from 'vitest';
import type { DirectoryChange, Plan } from '../../src/change/plan.ts';
import type { VerifyRequest } from '../../src/commands/verification.ts';
import { verify } from '../../src/commands/verify-orphan.ts';
import type { DirectorySession } from '../../src/ldap/session.ts';
import { createStyle } from '../../src/terminal/style.ts';
import { host, openBench, sendConnector } from '../change/entries-support.ts';

/** What the look at every DC shows of these changes; all of them are the one DC of the bench. */
async function seen(session: DirectorySession, changes: readonly DirectoryChange[]): Promise<string | undefined> {
  const kept: DirectorySession = {
    ...session,
    identity: session.identity,
    rootDse: session.rootDse,
    readEntry: (...asked) => session.readEntry(...asked),
    search: (request) => session.search(request),
    close: async () => undefined,
  };
  const style = createStyle(false);
  const request = {
    plan: { remedy: 'orphan', changes, findings: [] } as unknown as Plan<DirectoryChange>,
    directory: {
      session: kept,
      reopen: async () => kept,
      openOther: async () => kept,
      openGlobalCatalog: async () => kept,
    },
    waitSeconds: 0,
    context: { now: () => new Date(0), sleep: async () => undefined },
    output: {
      style,
      screen: { output: { write: () => true }, isTerminal: false, style, clock: () => 0, timer: () => () => {} },
    },
  } as unknown as VerifyRequest;
  const { lines } = await verify(request);
  return lines.find((line) => line.startsWith(host))?.replace(/ +/g, ' ');
}

test('an undo without a delete tells of the values that it has put back', async () => {
  const { session, doomed } = await openBench();
  const { guid } = await doomed(sendConnector);
  const edit = { attribute: 'description', remove: [], add: ['for the branch'] };
  const changes: readonly DirectoryChange[] = [{ kind: 'modify', dn: sendConnector, guid, edits: [edit] }];
  expect(await seen(session, changes)).toBe(`${host} not yet: 0 of 1 edited entries have their values back`);
  await session.modify(sendConnector, [{ attribute: 'description', remove: [], add: [Buffer.from('for the branch')] }]);
  expect(await seen(session, changes)).toBe(`${host} has it: 1 of 1 edited entries have their values back`);
});

test('a domain controller that holds nothing of what was changed is said to', async () => {
  const { session } = await openBench();
  const elsewhere = { kind: 'modify', dn: 'CN=anna,DC=emea,DC=example,DC=com', guid: '', edits: [] } as const;
  expect(await seen(session, [elsewhere])).toBe(`${host} has it: it holds no entry that was changed`);
});

test('an undo tells of the entries that are back', async () => {
  const { session, doomed } = await openBench();
  const { guid, dn } = await doomed(sendConnector);
  const back: DirectoryChange = { kind: 'undelete', dn, guid, attributes: [] };
  expect(await seen(session, [back])).toBe(`${host} has it: 1 of 1 entries back`);
  expect(await seen(session, [{ ...back, dn: `CN=other,${dn}` }])).toBe(`${host} not yet: 0 of 1 entries back`);
});
