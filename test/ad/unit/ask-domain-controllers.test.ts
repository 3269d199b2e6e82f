import { describe, expect, test } from 'vitest';
import {
  askDomainControllers,
  askForReplication,
  type DomainControllerAccess,
} from '../../../src/ad/ask-domain-controllers.ts';
import type { Entry } from '../../../src/ad/entry.ts';
import { DirectoryError } from '../../../src/errors.ts';
import { type DirectorySession, readRootDse } from '../../../src/ldap/session.ts';
import { configuration, domain } from '../../embedded/support.ts';
import { dc, guidOf } from '../../remedies/tombstone/support/facts.ts';
import { makeEntry } from '../../support/make-entry.ts';

const unused = (): never => {
  throw new Error('not asked for');
};

/** A session with DC1 that reports its closing. */
function sessionWith(onClose = (): void => undefined): DirectorySession {
  return {
    identity: { host: 'dc1.corp.example.com', port: 636, tls: 'ldaps' },
    rootDse: readRootDse(makeEntry('', { dsServiceName: [dc(1).settingsDn] })),
    search: unused,
    readEntry: unused,
    modify: unused,
    add: unused,
    delete: unused,
    close: async () => onClose(),
  };
}

const deadlineMs = 50;

function access(openOther: DomainControllerAccess['openOther'] = unused): DomainControllerAccess {
  return { session: sessionWith(), openOther };
}

test('the chosen DC is asked in the session that is open, which stays open', async () => {
  let isClosed = false;
  const session = sessionWith(() => {
    isClosed = true;
  });
  const answers = await askDomainControllers([dc(1)], { ...access(), session }, async (asked) => asked, deadlineMs);
  expect(answers).toEqual([{ kind: 'answered', answer: session }]);
  expect(isClosed).toBe(false);
});

test('another DC is asked in a session of its own, which is closed', async () => {
  const closed: string[] = [];
  const openOther = async (host: string) => sessionWith(() => closed.push(host));
  await askDomainControllers([dc(2)], access(openOther), async () => 'fine', deadlineMs);
  expect(closed).toEqual(['dc2.corp.example.com']);
});

test('a DC that does not answer, one that cannot be reached and one without a DNS name are unreachable, each with its reason', async () => {
  const refused = new DirectoryError({ attempted: 'connect', on: 'dc3', cameBack: 'nothing listens there', next: '' });
  const openOther = async (host: string): Promise<DirectorySession> => {
    if (host.startsWith('dc3')) throw refused;
    return sessionWith();
  };
  const nameless = dc(4, { dnsHostName: undefined });
  const answers = await askDomainControllers(
    [dc(2), dc(3), nameless],
    access(openOther),
    () => new Promise(() => undefined),
    deadlineMs,
  );
  expect(answers).toEqual([
    { kind: 'unreachable', why: 'no answer within 0.05 seconds' },
    { kind: 'unreachable', why: 'nothing listens there' },
    { kind: 'unreachable', why: 'its server object has no dNSHostName' },
  ]);
});

test('an internal error is not reported as a DC that does not answer', async () => {
  const question = async (): Promise<never> => {
    throw new TypeError('our fault');
  };
  await expect(askDomainControllers([dc(1)], access(), question, deadlineMs)).rejects.toThrow('our fault');
});

/** A session whose entries are given; `refused` naming contexts answer with an LDAP result. */
function answeringWith(entries: readonly Entry[], refused: readonly string[] = []): DirectorySession {
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
    askForReplication(answeringWith(entries, refused), [configuration, domain]);

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
    const session = answeringWith(
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
