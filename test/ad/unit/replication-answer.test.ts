import { describe, expect, test } from 'vitest';
import { askForReplication } from '../../../src/ad/ask-domain-controllers.ts';
import type { Entry } from '../../../src/ad/entry.ts';
import { DirectoryError } from '../../../src/errors.ts';
import { type DirectorySession, readRootDse } from '../../../src/ldap/session.ts';
import { configuration, domain } from '../../embedded/support.ts';
import { guidOf } from '../../remedies/tombstone/support/facts.ts';
import { makeEntry } from '../../support/make-entry.ts';

/** A session whose entries are given; `refused` naming contexts answer with an LDAP result. */
function sessionWith(entries: readonly Entry[], refused: readonly string[] = []): DirectorySession {
  const unused = (): never => {
    throw new Error('not asked for');
  };
  return {
    identity: { host: 'dc1', port: 389, tls: 'none' },
    rootDse: readRootDse(makeEntry('', {})),
    readEntry: async (base) => {
      if (refused.includes(base)) {
        throw new DirectoryError({ attempted: 'read', on: base, cameBack: 'a referral', next: '' }, 10);
      }
      return entries.find(({ dn }) => dn === base);
    },
    search: unused,
    modify: unused,
    add: unused,
    delete: unused,
    close: async () => undefined,
  };
}

function neighborXml(namingContext: string, root = 'DS_REPL_NEIGHBOR'): string {
  return `<${root}>
  <pszNamingContext>${namingContext}</pszNamingContext>
  <uuidSourceDsaObjGuid>${guidOf(2)}</uuidSourceDsaObjGuid>
  <uuidSourceDsaInvocationID>${guidOf(3)}</uuidSourceDsaInvocationID>
  <ftimeLastSyncSuccess>2026-11-20T09:00:00Z</ftimeLastSyncSuccess>
  <ftimeLastSyncAttempt>2026-11-22T08:59:00Z</ftimeLastSyncAttempt>
  <dwLastSyncResult>1722</dwLastSyncResult>
  <cNumConsecutiveSyncFailures>9</cNumConsecutiveSyncFailures>
</${root}>\n\0`;
}

// A value of a real Samba: last success 2026-11-22T05:33:25Z.
const repsFrom = Buffer.from(
  'AQAAAAAAAAAJAQAABAAAAKUPEyEDAAAAYhATIQMAAABXAAAA0AAAADkAAAB0AAAAERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGogBJxGmt9BsjvytAK6eJ87pey624ZWRoCmhF5HYFEgAAAAAAAAAAAAAAAAAAAAADUAAAA5YzA0MjA2YS05YTQ2LTQxZGYtYjIzYi1mMmI0MDJiYTc4OWYuX21zZGNzLmxhYi50ZXN0AA==',
  'base64',
);

describe('what a DC says about its replication', () => {
  const ask = (entries: readonly Entry[], refused: readonly string[] = []) =>
    askForReplication(sessionWith(entries, refused), [configuration, domain]);

  test('is taken from XML with NULs at its end and whatever root element', async () => {
    const values = [neighborXml(configuration), neighborXml(domain, 'NEIGHBOR_OF_ANOTHER_NAME')];
    const answer = await ask([
      makeEntry('', { currentTime: ['20261122090000.0Z'], 'msDS-ReplAllInboundNeighbors': values }),
      makeEntry(configuration, {}),
      makeEntry(domain, {}),
    ]);
    expect(answer.silent).toEqual([]);
    expect(answer.links).toMatchObject([
      { namingContext: configuration, lastResult: 1722, lastSuccess: new Date('2026-11-20T09:00:00Z') },
      { namingContext: domain },
    ]);
    expect(answer.clock).toEqual(new Date('2026-11-22T09:00:00Z'));
  });

  test('else from repsFrom', async () => {
    const answer = await ask([
      makeEntry('', {}),
      makeEntry(configuration, { repsFrom: [repsFrom] }),
      makeEntry(domain, { repsFrom: [repsFrom] }),
    ]);
    expect(answer.links).toHaveLength(2);
    expect(answer.links[0]).toMatchObject({
      namingContext: configuration,
      lastSuccess: new Date('2026-11-22T05:33:25Z'),
      lastResult: 87,
    });
  });

  test('is known of a naming context whose head is refused, where the rootDSE shows it', async () => {
    const answer = await ask(
      [
        makeEntry('', { 'msDS-ReplAllInboundNeighbors': [neighborXml(domain), neighborXml(configuration)] }),
        makeEntry(configuration, {}),
      ],
      [domain],
    );
    expect(answer.links).toHaveLength(2);
    expect(answer.silent).toEqual([]);
  });

  test('has the cursors of each naming context', async () => {
    const cursorXml = (time: string): string =>
      `<C><uuidSourceDsaInvocationID>${guidOf(3)}</uuidSourceDsaInvocationID><usnAttributeFilter>7</usnAttributeFilter><ftimeLastSyncSuccess>${time}</ftimeLastSyncSuccess></C>`;
    const answer = await ask([
      makeEntry('', {}),
      makeEntry(configuration, { 'msDS-NCReplCursors': [cursorXml('2026-11-21T09:00:00Z')] }),
      makeEntry(domain, { 'msDS-NCReplCursors': [cursorXml('2026-11-01T09:00:00Z')] }),
    ]);
    expect(answer.cursors).toMatchObject([
      { namingContext: configuration, lastSuccess: new Date('2026-11-21T09:00:00Z') },
      { namingContext: domain, lastSuccess: new Date('2026-11-01T09:00:00Z') },
    ]);
  });

  test('is unknown, never healthy, where a value is cut short, none is there, or the server refuses', async () => {
    const application = `DC=App,${domain}`;
    const session = sessionWith(
      [makeEntry('', {}), makeEntry(configuration, { repsFrom: [repsFrom.subarray(0, 100)] }), makeEntry(domain, {})],
      [application],
    );
    const answer = await askForReplication(session, [configuration, domain, application]);
    expect(answer.links).toEqual([]);
    expect(answer.silent.map(({ namingContext, why }) => [namingContext, why])).toEqual([
      [configuration, expect.stringContaining('repsFrom')],
      [domain, 'it names no inbound partner'],
      [application, 'a referral'],
    ]);
  });

  test('is unknown in XML that is broken', async () => {
    const broken = neighborXml(domain).slice(0, 200);
    const answer = await ask([
      makeEntry('', { 'msDS-ReplAllInboundNeighbors': [neighborXml(configuration), broken] }),
      makeEntry(configuration, {}),
      makeEntry(domain, {}),
    ]);
    expect(answer.links).toHaveLength(1);
    expect(answer.silent.map(({ namingContext }) => namingContext)).toContain(domain);
  });
});
