import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Entry, textOf, textsOf } from '../../src/ad/entry.ts';
import { DirectoryError, OutcomeUnknownError } from '../../src/errors.ts';
import {
  type Access,
  controlOid,
  type DirectorySession,
  equal,
  everything,
  type PasswordLogon,
  type SearchRequest,
  showDeleted,
  showRecycled,
} from '../../src/ldap/session.ts';
import { failureOf } from '../support/failure-of.ts';
import { openSession } from '../support/open-session.ts';
import { element, octets, responseTag, result, searchEntry, searchReference, sequence } from './peer/ber.ts';
import {
  attributesOf,
  cookieOf,
  domainController,
  type FakePeer,
  fakePeer,
  requestTag,
  type Script,
} from './peer/fake-peer.ts';

const bind = { auth: 'password', user: 'kim@example.com', password: 'S3cret-of-Kim' } as const;

async function sessionWith(peer: FakePeer, access: Partial<Access> = {}): Promise<DirectorySession> {
  const session = await openSession({
    host: '127.0.0.1',
    port: peer.port,
    tls: 'none',
    bind,
    deadlineMs: 5000,
    ...access,
  });
  onTestFinished(() => session.close());
  return session;
}

/** A session with a DC that leaves all but the logon and the rootDSE to the script. */
async function sessionOn(
  script: Script,
  access: Partial<Access> = {},
): Promise<{ session: DirectorySession; peer: FakePeer }> {
  const peer = await fakePeer(domainController(script));
  return { session: await sessionWith(peer, access), peer };
}

const subtree: SearchRequest = { base: 'DC=example,DC=com', scope: 'subtree', filter: everything, attributes: ['cn'] };

async function collect(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const list: Entry[] = [];
  for await (const entry of entries) list.push(entry);
  return list;
}

describe('opening a session', () => {
  test('logs on by a simple bind and reads the rootDSE', async () => {
    const { session, peer } = await sessionOn(() => {});

    const [logOn] = peer.requests;
    expect(logOn?.parts.map(({ content }) => content.toString())).toEqual(['\x03', bind.user, bind.password]);
    expect(session.rootDse).toMatchObject({
      configurationNamingContext: 'CN=Configuration,DC=example,DC=com',
      currentTime: new Date('2026-11-22T09:00:00Z'),
      isActiveDirectory: true,
      isGlobalCatalogReady: true,
    });
    expect(session.identity).toEqual({ host: '127.0.0.1', port: peer.port, tls: 'none' });
  });

  test('an anonymous session sends no bind at all', async () => {
    const peer = await fakePeer(domainController());
    await sessionWith(peer, { bind: 'anonymous' });

    expect(peer.requests.map(({ tag }) => tag)).toEqual([requestTag.search]);
  });

  test.each<[string, PasswordLogon]>([
    ['password', { auth: 'password', user: 'kim@example.com', password: '' }],
    ['user name', { auth: 'password', user: '', password: 'S3cret' }],
  ])('an empty %s is refused before anything is sent', async (what, empty) => {
    const peer = await fakePeer(domainController());
    const error = await failureOf(sessionWith(peer, { bind: empty }));

    expect(error.trouble.cameBack).toContain(`the ${what} is empty`);
    expect(peer.received()).toHaveLength(0);
  });

  test('a refused logon gives the reason in words, and never the password', async () => {
    const peer = await fakePeer(({ messageId }, socket) => {
      const text = '80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 775, v2580\0';
      socket.write(result(messageId, responseTag.bind, { code: 49, text }));
    });
    const error = await failureOf(sessionWith(peer));

    expect(error.trouble).toMatchObject({
      attempted: 'log on as kim@example.com',
      on: `127.0.0.1:${peer.port}`,
      cameBack: expect.stringContaining('the account is locked out'),
      next: expect.stringContaining('unlocked'),
    });
    expect(error).toMatchObject({ resultCode: 49 });
    expect(JSON.stringify([error.message, error.trouble])).not.toContain(bind.password);
  });

  test('a given stream replaces the TCP connection', async () => {
    const { connect } = await import('node:net');
    const peer = await fakePeer(domainController());
    const asked: unknown[] = [];
    const session = await openSession({
      host: 'dc1.example.com',
      tls: 'none',
      bind,
      createConnection: async (address) => {
        asked.push(address);
        return connect(peer.port, '127.0.0.1');
      },
    });
    onTestFinished(() => session.close());

    expect(asked).toEqual([{ host: 'dc1.example.com', port: 389, tls: 'none' }]);
    expect(session.rootDse.dnsHostName).toBe('dc1.example.com');
  });
});

describe('a server that does not answer as LDAP', () => {
  test('a stream that never opens fails at the deadline; one that fails gives its reason', async () => {
    const open = (createConnection: () => Promise<never>) =>
      failureOf(openSession({ host: 'dc1', tls: 'none', bind, deadlineMs: 50, createConnection }));

    expect((await open(() => new Promise(() => {}))).trouble.cameBack).toBe('no answer within 0.05 s');
    expect((await open(() => Promise.reject(new Error('the tunnel is shut')))).trouble.cameBack).toBe(
      'the tunnel is shut',
    );
  });

  test('a stream that opens after the deadline is closed then', async () => {
    const late = new PassThrough();
    let opens: (stream: PassThrough) => void = () => {};
    const createConnection = () => new Promise<PassThrough>((resolve) => (opens = resolve));
    await failureOf(openSession({ host: 'dc1', tls: 'none', bind, deadlineMs: 50, createConnection }));
    expect(late.destroyed).toBe(false);
    opens(late);
    await vi.waitFor(() => expect(late.destroyed).toBe(true));
  });

  test('one that begins like LDAP and continues with other bytes', async () => {
    const peer = await fakePeer(
      domainController((_request, socket) => void socket.write(Buffer.from('3003020104', 'hex'))),
    );
    const session = await sessionWith(peer);

    expect((await failureOf(session.readEntry('DC=x', []))).trouble.cameBack).toBe(
      'the server sent an answer that is not LDAP',
    );
  });

  test('a closed port: nothing listens on it', async () => {
    const peer = await fakePeer();
    const error = await failureOf(
      openSession({ host: '127.0.0.1', port: 1, tls: 'none', bind }).finally(() => peer.port),
    );

    expect(error.message).toBe(
      'Could not connect (without TLS): 127.0.0.1:1: nothing listens on that port (ECONNREFUSED)',
    );
    expect(error.trouble.next).toContain('Check host and port');
  });

  test('an unknown host: DNS does not know the name', async () => {
    const error = await failureOf(openSession({ host: 'dc1.example.invalid', port: 389, tls: 'none', bind }));

    expect(error.trouble.cameBack).toMatch(/^DNS (does not know that host name|did not answer)/);
    expect(error.trouble.next).toContain('dc1.example.invalid');
  });

  test('one that accepts and never answers fails at the deadline', async () => {
    const peer = await fakePeer(() => {}, { onConnection: () => {} });
    const started = performance.now();
    const error = await failureOf(sessionWith(peer, { deadlineMs: 100 }));

    expect(error.trouble.cameBack).toBe('the server accepted the connection but did not answer within 0.1 s');
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('one that is not LDAP is described by its first words', async () => {
    const peer = await fakePeer(() => {}, { onConnection: (socket) => void socket.write('SSH-2.0-OpenSSH_9.6\r\n') });
    const error = await failureOf(sessionWith(peer));

    expect(error.trouble.cameBack).toBe(
      'the service there is not an LDAP server: it answers with "SSH-2.0-OpenSSH_9.6"',
    );
  });

  test('one that closes at once did not answer', async () => {
    const peer = await fakePeer(() => {}, { onConnection: (socket) => void socket.destroy() });
    const error = await failureOf(sessionWith(peer));

    expect(error.trouble.cameBack).toBe('the server closed the connection without answering');
    expect(error.trouble.next).toContain('636');
  });

  test('one that returns no rootDSE is not a domain controller', async () => {
    const peer = await fakePeer(({ messageId, tag }, socket) => {
      const answer = tag === requestTag.bind ? responseTag.bind : responseTag.search;
      socket.write(result(messageId, answer));
    });

    expect((await failureOf(sessionWith(peer))).trouble).toMatchObject({ attempted: 'read the rootDSE' });
  });
});

describe('searching', () => {
  test('asks without limits of size and time', async () => {
    const { session, peer } = await sessionOn(({ messageId }, socket) => {
      socket.write(result(messageId, responseTag.search));
    });
    await collect(session.search(subtree));

    const [base, scope, dereference, sizeLimit, timeLimit] = peer.requests.at(-1)?.parts ?? [];
    expect(base?.content.toString()).toBe('DC=example,DC=com');
    expect([scope, dereference, sizeLimit, timeLimit].map((part) => part?.content)).toEqual(
      [2, 0, 0, 0].map((value) => Buffer.from([value])),
    );
  });

  test('continues after an empty page with a cookie', async () => {
    const pages = new Map([
      ['', { names: ['one'], cookie: 'second' }],
      ['second', { names: [], cookie: 'third' }],
      ['third', { names: [], cookie: 'fourth' }],
      ['fourth', { names: ['two', 'three'], cookie: '' }],
    ]);
    const { session } = await sessionOn((request, socket) => {
      const { names, cookie } = pages.get(cookieOf(request) ?? '?') ?? { names: [], cookie: '' };
      for (const name of names) socket.write(searchEntry(request.messageId, `CN=${name},DC=example,DC=com`, {}));
      socket.write(result(request.messageId, responseTag.search, { cookie }));
    });

    expect((await collect(session.search(subtree))).map(({ dn }) => dn)).toEqual([
      'CN=one,DC=example,DC=com',
      'CN=two,DC=example,DC=com',
      'CN=three,DC=example,DC=com',
    ]);
  });

  test('does not page where the server does not support it', async () => {
    const peer = await fakePeer(
      domainController(({ messageId }, socket) => void socket.write(result(messageId, responseTag.search)), []),
    );
    await collect((await sessionWith(peer)).search(subtree));

    expect(peer.requests.at(-1)?.controls).toEqual([]);
  });

  test('returns every value as the bytes received: one, many or none', async () => {
    const values = {
      none: [],
      one: ['alone'],
      empty: [''],
      byteOrderMark: ['\ufeffmarked'],
      looksLikeText: [Buffer.from('4142434445464748494a4b4c4d4e4f50', 'hex')],
      binary: [Buffer.from('ff00fe', 'hex'), Buffer.from([0x80])],
    };
    const { session } = await sessionOn(({ messageId }, socket) => {
      socket.write(searchEntry(messageId, 'CN=é,DC=example,DC=com', values));
      socket.write(result(messageId, responseTag.search));
    });
    const [entry] = await collect(session.search(subtree));

    expect(entry?.dn).toBe('CN=é,DC=example,DC=com');
    expect([...(entry?.attributes ?? [])]).toEqual(
      Object.entries(values).map(([name, list]) => [
        name.toLowerCase(),
        { name, values: list.map((value) => Buffer.from(value)) },
      ]),
    );
  });

  test('reads an attribute that is returned in ranges to its end', async () => {
    const members = Array.from({ length: 7 }, (_, index) => `CN=${index},DC=example,DC=com`);
    const { session, peer } = await sessionOn((request, socket) => {
      const from = Number(/^member;range=(\d+)-\*$/.exec(attributesOf(request)[0] ?? '')?.[1] ?? 0);
      const to = from + 3 >= members.length ? '*' : String(from + 2);
      const part = { member: [], [`member;range=${from}-${to}`]: members.slice(from, from + 3), cn: ['g'] };
      socket.write(searchEntry(request.messageId, 'CN=g,DC=example,DC=com', part));
      socket.write(result(request.messageId, responseTag.search, { cookie: '' }));
    });
    const [group] = await collect(
      session.search({ ...subtree, attributes: ['member', 'cn'], controls: [showDeleted] }),
    );

    expect(group === undefined ? [] : textsOf(group, 'member')).toEqual(members);
    expect([...(group?.attributes.keys() ?? [])].sort()).toEqual(['cn', 'member']);
    const followUps = peer.requests.slice(-2);
    expect(followUps.map((request) => [request.parts[0]?.content.toString(), ...attributesOf(request)])).toEqual([
      ['CN=g,DC=example,DC=com', 'member;range=3-*'],
      ['CN=g,DC=example,DC=com', 'member;range=6-*'],
    ]);
    expect(followUps.map(({ controls }) => controls.map(({ oid }) => oid))).toEqual([
      [showDeleted.oid],
      [showDeleted.oid],
    ]);
  });

  test('leaves out what cannot matter by its bytes, over pages without any other, and no entry sent in ranges', async () => {
    const pages = new Map([
      ['', { entries: { a: ['EX01'], b: ['EX04'] }, cookie: 'second' }],
      ['second', { entries: { c: ['EX01'], d: ['EX02'] }, cookie: 'third' }],
      ['third', { entries: { e: ['ex04.example.com'] }, cookie: 'fourth' }],
      ['fourth', { entries: {}, cookie: '' }],
    ]);
    const { session } = await sessionOn((request, socket) => {
      const { messageId } = request;
      const [asked = ''] = attributesOf(request);
      if (asked.startsWith('member;range=')) {
        socket.write(searchEntry(messageId, 'CN=g,DC=example,DC=com', { 'member;range=2-*': ['EX04'] }));
        socket.write(result(messageId, responseTag.search));
        return;
      }
      const { entries, cookie } = pages.get(cookieOf(request) ?? '?') ?? { entries: {}, cookie: '' };
      for (const [name, description] of Object.entries(entries)) {
        socket.write(searchEntry(messageId, `CN=${name},DC=example,DC=com`, { description }));
      }
      if (cookie === '') {
        socket.write(searchEntry(messageId, 'CN=g,DC=example,DC=com', { 'member;range=0-1': ['EX01', 'EX02'] }));
      }
      socket.write(result(messageId, responseTag.search, { cookie }));
    });
    const seen: string[] = [];
    const mayMatter = (bytes: Buffer): boolean => {
      const text = bytes.toString('latin1').toLowerCase();
      seen.push(text);
      return text.includes('ex04');
    };
    const found = await collect(session.search({ ...subtree, attributes: ['*'], mayMatter }));

    expect(found.map(({ dn }) => dn.slice(0, 4))).toEqual(['CN=b', 'CN=e', 'CN=g']);
    expect(textsOf(found[2] as Entry, 'member')).toEqual(['EX01', 'EX02', 'EX04']);
    expect(seen.filter((text) => text.includes('description'))).toHaveLength(5);
  });

  test('fails when the entry is deleted between two ranges', async () => {
    const { session } = await sessionOn((request, socket) => {
      if (!attributesOf(request).some((name) => name.includes('range'))) {
        socket.write(searchEntry(request.messageId, 'CN=g,DC=example,DC=com', { 'member;range=0-1': ['a', 'b'] }));
      }
      socket.write(result(request.messageId, responseTag.search));
    });

    const error = await failureOf(collect(session.search(subtree)));
    expect(error.trouble.cameBack).toBe('the entry was deleted in the meantime');
  });

  test('skips continuation references and returns the entries', async () => {
    const { session } = await sessionOn(({ messageId }, socket) => {
      socket.write(searchReference(messageId, 'ldap://corp.example.com/DC=corp,DC=example,DC=com'));
      socket.write(searchEntry(messageId, 'DC=example,DC=com', {}));
      socket.write(result(messageId, responseTag.search));
    });

    expect(await collect(session.search(subtree))).toHaveLength(1);
  });

  test('returns the entries before an error, and then the error', async () => {
    const { session } = await sessionOn(({ messageId }, socket) => {
      socket.write(searchEntry(messageId, 'CN=first,DC=example,DC=com', {}));
      socket.write(result(messageId, responseTag.search, { code: 11, text: '00002024: too much' }));
    });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const entry of session.search(subtree)) seen.push(entry.dn);
    })();

    expect(await failureOf(reading)).toMatchObject({ resultCode: 11 });
    expect(seen).toEqual(['CN=first,DC=example,DC=com']);
  });

  test('a connection that breaks anywhere in the answer is an error, never a shorter list', async () => {
    const answer = (messageId: number) =>
      Buffer.concat([
        searchEntry(messageId, 'CN=first', { cn: ['first'] }),
        searchEntry(messageId, 'CN=second', {}),
        result(messageId, responseTag.search),
      ]);
    const positions = Array.from({ length: Math.ceil(answer(3).length / 5) }, (_, index) => index * 5);
    for (const position of positions) {
      const { session } = await sessionOn(({ messageId }, socket) => {
        socket.end(answer(messageId).subarray(0, position));
      });
      const error = await failureOf(collect(session.search(subtree)));
      expect(error.trouble.cameBack).toContain('closed the connection');
    }
  });

  test('an entry cut into single bytes arrives whole', async () => {
    const { session } = await sessionOn(async ({ messageId }, socket) => {
      const answer = [
        searchEntry(messageId, 'CN=slow,DC=example,DC=com', { cn: ['slow'] }),
        result(messageId, responseTag.search),
      ];
      for (const byte of Buffer.concat(answer)) {
        socket.write(Buffer.from([byte]));
        await sleep(0);
      }
    });

    expect((await collect(session.search(subtree))).map((entry) => textOf(entry, 'cn'))).toEqual(['slow']);
  });

  test('stopping early abandons the search; the session remains usable', async () => {
    const { session, peer } = await sessionOn((request, socket) => {
      if (request.tag !== requestTag.search) return;
      socket.write(searchEntry(request.messageId, 'CN=first,DC=example,DC=com', {}));
      if (request.parts[1]?.content[0] === 0) socket.write(result(request.messageId, responseTag.search));
    });
    for await (const _ of session.search(subtree)) break;

    expect((await session.readEntry('DC=example,DC=com', []))?.dn).toBe('CN=first,DC=example,DC=com');
    const abandoned = peer.requests.find(({ tag }) => tag === requestTag.abandon);
    const search = peer.requests.find(({ parts }) => parts[0]?.content.toString() === subtree.base);
    expect(abandoned?.content.readIntBE(0, abandoned.content.length)).toBe(search?.messageId);
  });

  test('reads within the loop of another search do not wait for each other', async () => {
    const large = 'x'.repeat(10_000);
    const { session } = await sessionOn(({ messageId, parts }, socket) => {
      const isOne = parts[1]?.content[0] === 0;
      for (let index = 0; index < (isOne ? 1 : 300); index += 1) {
        socket.write(searchEntry(messageId, `CN=${index}`, { description: [large] }));
      }
      socket.write(result(messageId, responseTag.search));
    });
    let read = 0;
    for await (const { dn } of session.search(subtree)) {
      if ((await session.readEntry(dn, ['cn'])) !== undefined) read += 1;
    }

    expect(read).toBe(300);
  });

  test('a slow reader makes the server wait instead of filling the memory', async () => {
    const entry = (messageId: number) => searchEntry(messageId, 'CN=x', { description: ['x'.repeat(100_000)] });
    let written = 0;
    const { session } = await sessionOn(async ({ messageId }, socket) => {
      for (; written < 400; written += 1) {
        if (!socket.write(entry(messageId))) await new Promise((resolve) => socket.once('drain', resolve));
      }
      socket.write(result(messageId, responseTag.search));
    });
    let read = 0;
    for await (const _ of session.search({ ...subtree, deadline: 300 })) {
      read += 1;
      if (read > 1) continue;
      // Longer than the deadline: the time that we take is not the server's.
      await sleep(350);
      expect(written).toBeLessThan(300);
    }

    expect(read).toBe(400);
  });

  test('a server that goes silent midway fails the search at its deadline', async () => {
    const { session } = await sessionOn(({ messageId }, socket) => {
      socket.write(searchEntry(messageId, 'CN=first', {}));
    });

    const error = await failureOf(collect(session.search({ ...subtree, deadline: 80 })));
    expect(error.trouble.cameBack).toContain('did not answer within 0.08 s');
  });
});

describe('reading one entry', () => {
  test('result 32 is not an error: there is no entry', async () => {
    const { session } = await sessionOn(({ messageId }, socket) => {
      socket.write(result(messageId, responseTag.search, { code: 32, matchedDn: 'DC=example,DC=com' }));
    });

    expect(await session.readEntry('CN=gone,DC=example,DC=com', ['cn'])).toBeUndefined();
  });

  test('a referral names the server to ask', async () => {
    const { session } = await sessionOn(({ messageId }, socket) => {
      const referrals = ['ldap://dc7.corp.example.com/DC=corp,DC=example,DC=com'];
      socket.write(result(messageId, responseTag.search, { code: 10, referrals }));
    });

    const error = await failureOf(session.readEntry('DC=corp,DC=example,DC=com', ['cn']));
    expect(error).toMatchObject({ resultCode: 10 });
    expect(error.trouble.next).toBe('Use the server that it names: --server dc7.corp.example.com');
  });
});

describe('controls', () => {
  test('are sent with their criticality and value', async () => {
    const { session, peer } = await sessionOn(({ messageId }, socket) => {
      socket.write(result(messageId, responseTag.search));
    });
    await session.readEntry('DC=example,DC=com', [], [showRecycled, { oid: '1.2.3', critical: false }]);

    expect(peer.requests.at(-1)?.controls).toEqual([{ oid: showRecycled.oid, critical: true, value: undefined }]);
  });

  test('a search below an entry is kept to its naming context, a look at one entry needs no such thing', async () => {
    const answer: Script = ({ messageId }, socket) => void socket.write(result(messageId, responseTag.search));
    const peer = await fakePeer(domainController(answer, [controlOid.domainScope]));
    const session = await sessionWith(peer);
    await collect(session.search(subtree));
    const ofSubtree = peer.requests.at(-1)?.controls ?? [];
    await session.readEntry('DC=example,DC=com', []);

    expect(ofSubtree).toContainEqual({ oid: controlOid.domainScope, critical: false, value: undefined });
    expect(peer.requests.at(-1)?.controls).toEqual([]);
  });

  test('a critical one that the server does not list is refused before anything is sent', async () => {
    const peer = await fakePeer(domainController(() => {}, []));
    const session = await sessionWith(peer);
    const before = peer.requests.length;

    const error = await failureOf(collect(session.search({ ...subtree, controls: [showDeleted] })));
    expect(error.trouble.cameBack).toBe('the server does not support show deleted objects (1.2.840.113556.1.4.417)');
    expect((await failureOf(session.delete('CN=x', [showDeleted]))).trouble.on).toBe(`127.0.0.1:${peer.port}`);
    expect(peer.requests).toHaveLength(before);
  });
});

describe('writing', () => {
  test('an edit that removes the old value and adds the new one is one modify, in that order', async () => {
    const { session, peer } = await sessionOn(({ messageId }, socket) => {
      socket.write(result(messageId, responseTag.modify));
    });
    await session.modify('CN=x,DC=example,DC=com', [
      { attribute: 'tombstoneLifetime', remove: [Buffer.from('60')], add: [Buffer.from('180')] },
      { attribute: 'isDeleted', remove: 'all', add: [] },
      { attribute: 'description', replace: [] },
    ]);

    const change = (operation: number, name: string, ...values: string[]) =>
      sequence(
        element(0x0a, Buffer.from([operation])),
        sequence(octets(name), element(0x31, ...values.map((value) => octets(value)))),
      );
    expect(peer.requests.at(-1)?.content).toEqual(
      Buffer.concat([
        octets('CN=x,DC=example,DC=com'),
        sequence(
          change(1, 'tombstoneLifetime', '60'),
          change(0, 'tombstoneLifetime', '180'),
          change(1, 'isDeleted'),
          change(2, 'description'),
        ),
      ]),
    );
  });

  test('add and delete are sent as RFC 4511 has them', async () => {
    const { session, peer } = await sessionOn(({ messageId, tag }, socket) => {
      const answers = new Map([
        [requestTag.add, responseTag.add],
        [requestTag.delete, responseTag.delete],
      ]);
      socket.write(result(messageId, answers.get(tag) ?? 0));
    });
    const guid = Buffer.from('ff00112233445566778899aabbccddee', 'hex');
    await session.add('CN=é', [{ name: 'mail', values: [Buffer.from('a'), guid] }]);
    await session.delete('CN=é');

    expect(peer.requests.slice(-2).map(({ content }) => content)).toEqual([
      Buffer.concat([octets('CN=é'), sequence(sequence(octets('mail'), element(0x31, octets('a'), octets(guid))))]),
      Buffer.from('CN=é'),
    ]);
  });

  test('a refusal is an error: nothing was changed', async () => {
    const { session } = await sessionOn(({ messageId }, socket) => {
      const text = '00002098: SecErr: DSID-03150F93, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n\0';
      socket.write(result(messageId, responseTag.delete, { code: 50, text }));
    });
    const error = await failureOf(session.delete('CN=x,DC=example,DC=com'));

    expect(error).toBeInstanceOf(DirectoryError);
    expect(error).toMatchObject({ resultCode: 50 });
    expect(error.trouble.attempted).toBe('delete');
    expect(error.trouble.on).toContain('CN=x,DC=example,DC=com on 127.0.0.1:');
    expect(error.trouble.cameBack).toBe(
      'insufficient access rights (LDAP result 50); the user has insufficient access rights (8344, 0x2098, ERROR_DS_INSUFF_ACCESS_RIGHTS); the server says "00002098: SecErr: DSID-03150F93, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0"',
    );
  });

  test.each([
    [
      'closes instead of answering',
      (socket: { destroy(): void }) => socket.destroy(),
      'the server closed the connection',
    ],
    [
      'closes in the middle of its answer',
      (socket: { end(bytes: Buffer): void }) => socket.end(result(1, responseTag.delete).subarray(0, 6)),
      'the server closed the connection in the middle of an answer',
    ],
    ['never answers', () => {}, 'did not answer within 0.1 s'],
    [
      'announces that it is going down',
      (socket: { write(bytes: Buffer): void }) =>
        socket.write(
          result(0, responseTag.extended, { code: 52, text: 'going down', extension: '1.3.6.1.4.1.1466.20036' }),
        ),
      'the server ended the session: unavailable (LDAP result 52)',
    ],
  ])('a server that %s leaves the outcome unknown and ends the session', async (_, act, cameBack) => {
    const { session, peer } = await sessionOn((_request, socket) => act(socket), { operationDeadlineMs: 100 });
    const error = await failureOf(session.delete('CN=x,DC=example,DC=com'));

    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error.trouble.cameBack).toContain(cameBack);
    expect(error.trouble.next).toContain('check whether it was done');

    const sent = peer.requests.length;
    const later = await failureOf(session.delete('CN=y,DC=example,DC=com'));
    expect(later).toBeInstanceOf(DirectoryError);
    expect(later.trouble.cameBack).toContain('the session had already ended');
    expect(peer.requests).toHaveLength(sent);
  });

  test('an answer that arrived while this process was busy counts, although the deadline has passed', async () => {
    const { session } = await sessionOn(
      ({ messageId }, socket) => {
        socket.write(result(messageId, responseTag.delete));
        for (const end = performance.now() + 600; performance.now() < end; );
      },
      { operationDeadlineMs: 500 },
    );

    await expect(session.delete('CN=x')).resolves.toBeUndefined();
  });

  test('a lost connection ends every request in progress', async () => {
    const { session } = await sessionOn((request, socket) => {
      if (request.tag === requestTag.delete) socket.destroy();
    });
    const search = failureOf(collect(session.search({ ...subtree, filter: equal('cn', 'x') })));
    const read = failureOf(session.readEntry('CN=y', []));
    const write = failureOf(session.delete('CN=x'));

    expect(await search).toBeInstanceOf(DirectoryError);
    expect(await read).toBeInstanceOf(DirectoryError);
    expect(await write).toBeInstanceOf(OutcomeUnknownError);
  });
});

describe('closing', () => {
  test('sends an unbind to the server, and may be called twice', async () => {
    const { session, peer } = await sessionOn(() => {});
    await session.close();
    await session.close();

    await expect.poll(() => peer.requests.at(-1)?.tag).toBe(requestTag.unbind);
    expect((await failureOf(session.readEntry('', []))).trouble.cameBack).toContain('the session was closed here');
  });
});
