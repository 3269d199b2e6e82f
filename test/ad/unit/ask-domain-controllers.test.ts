import { expect, test } from 'vitest';
import { askDomainControllers, type DomainControllerAccess } from '../../../src/ad/ask-domain-controllers.ts';
import { DirectoryError } from '../../../src/errors.ts';
import { type DirectorySession, readRootDse } from '../../../src/ldap/session.ts';
import { dc } from '../../remedies/tombstone/support/facts.ts';
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

test('a fault of our own is not taken for a DC that does not answer', async () => {
  const question = async (): Promise<never> => {
    throw new TypeError('our fault');
  };
  await expect(askDomainControllers([dc(1)], access(), question, deadlineMs)).rejects.toThrow('our fault');
});
