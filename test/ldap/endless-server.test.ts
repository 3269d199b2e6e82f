import v8 from 'node:v8';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Entry } from '../../src/ad/entry.ts';
import { longestMessage, MessageSplitter } from '../../src/ldap/responses.ts';
import { withSearchDeadline } from '../../src/ldap/search-deadline.ts';
import { type DirectorySession, everything } from '../../src/ldap/session.ts';
import { failureOf } from '../support/failure-of.ts';
import { openSession } from '../support/open-session.ts';
import { responseTag, result, searchEntry, searchReference } from './peer/ber.ts';
import { attributesOf, domainController, fakePeer, type PeerOptions, type Script } from './peer/fake-peer.ts';

const search = { base: 'DC=example,DC=com', scope: 'subtree', filter: everything, attributes: ['cn'] } as const;

async function sessionOn(script: Script, options: PeerOptions = {}): Promise<DirectorySession> {
  const { port } = await fakePeer(domainController(script), options);
  const session = await openSession({ host: '127.0.0.1', port, tls: 'none', bind: 'anonymous' });
  onTestFinished(() => session.close());
  return session;
}

async function count(entries: AsyncIterable<Entry>): Promise<number> {
  let found = 0;
  for await (const _entry of entries) found += 1;
  return found;
}

/** The header of a message that says it has so many bytes. */
function announced(length: number): Buffer {
  const header = Buffer.from([0x30, 0x84, 0, 0, 0, 0]);
  header.writeUInt32BE(length, 2);
  return header;
}

describe('a server without end', () => {
  test('that sends empty pages with the same cookie is an error', async () => {
    const session = await sessionOn(({ messageId }, socket) => {
      socket.write(result(messageId, responseTag.search, { cookie: 'again' }));
    });
    const error = await failureOf(count(session.search(search)));

    expect(error.trouble.cameBack).toContain('1001 empty pages in a row');
  });

  test('that gives every page the same cookie, as Samba does, is read to its last page', async () => {
    let pages = 0;
    const session = await sessionOn(({ messageId }, socket) => {
      pages += 1;
      socket.write(searchEntry(messageId, `CN=${pages}`, {}));
      socket.write(result(messageId, responseTag.search, { cookie: pages < 5 ? 'same' : '' }));
    });

    expect(await count(session.search(search))).toBe(5);
  });

  test('that sends references without end is an error', async () => {
    const session = await sessionOn(({ messageId }, socket) => {
      const reference = searchReference(messageId, 'ldap://example.com/');
      socket.write(Buffer.concat(Array.from({ length: 10_001 }, () => reference)));
    });
    const error = await failureOf(count(session.search(search)));

    expect(error.trouble.cameBack).toContain('more than 10000 references');
  });

  test.each([
    ['no values', [], 'no values from 10'],
    ['values without end', ['x'], 'more than 5000000 values'],
  ])('that sends ranges with %s is an error', async (_, values, words) => {
    const session = await sessionOn((request, socket) => {
      const from = Number(/range=(\d+)/.exec(attributesOf(request)[0] ?? '')?.[1] ?? 0);
      const next = from === 0 ? 10 : from + 1_000_000;
      const name = `member;range=${from}-${next - 1}`;
      socket.write(searchEntry(request.messageId, 'CN=g', { [name]: from === 0 ? ['first'] : values }));
      socket.write(result(request.messageId, responseTag.search));
    });
    const error = await failureOf(count(session.search({ ...search, attributes: ['member'] })));

    expect(error.trouble.cameBack).toContain(words);
  });

  test('that sends more than the memory takes is an error, before Node ends', async () => {
    const session = await sessionOn(({ messageId }, socket) => {
      socket.write(
        Buffer.concat([searchEntry(messageId, 'CN=a', {}), result(messageId, responseTag.search, { cookie: 'more' })]),
      );
    });
    const whole = v8.getHeapStatistics();
    const statistics = vi
      .spyOn(v8, 'getHeapStatistics')
      .mockReturnValue({ ...whole, used_heap_size: whole.heap_size_limit });
    onTestFinished(() => statistics.mockRestore());

    expect((await failureOf(count(session.search(search)))).trouble.cameBack).toContain('memory of this process');
  });

  test('that names many other servers is quoted with three of them', async () => {
    const referrals = Array.from({ length: 1000 }, (_, index) => `ldap://dc${index}.example.com/`);
    const session = await sessionOn(({ messageId }, socket) => {
      socket.write(result(messageId, responseTag.search, { code: 10, referrals }));
    });
    const error = await failureOf(count(session.search(search)));

    expect(error.trouble.cameBack).toContain('dc2.example.com/ and 997 more');
    expect(error.trouble.cameBack).not.toContain('dc3.example.com');
  });
});

describe('the length that a server announces', () => {
  test('is accepted up to 64 KB before the logon', async () => {
    const { port } = await fakePeer(() => {}, { onConnection: (socket) => void socket.write(announced(0x1_0000)) });
    const opening = openSession({ host: '127.0.0.1', port, tls: 'none', bind: 'anonymous' });

    expect((await failureOf(opening)).trouble.cameBack).toContain('announces a message of 65542 bytes');
  });

  test.each([0x400_0000 - 5, 0xffff_ffff])('is not accepted beyond 64 MB after it: %i bytes', async (length) => {
    const session = await sessionOn((_request, socket) => void socket.write(announced(length)));
    const error = await failureOf(count(session.search(search)));

    // With its header, which is six bytes.
    expect(error.trouble.cameBack).toContain(`announces a message of ${length + 6} bytes`);
  });

  test('is accepted up to 64 MB after it', () => {
    const splitter = new MessageSplitter();
    splitter.longest = longestMessage.afterLogon;

    expect(splitter.push(announced(0x400_0000 - 6))).toEqual([]);
    expect(splitter.isMidway).toBe(true);
  });
});

describe('a session with a deadline for its searches', () => {
  test('ends a search that receives entries without end', async () => {
    const session = await sessionOn(({ messageId }, socket) => {
      const send = (): void => {
        if (!socket.destroyed) socket.write(searchEntry(messageId, 'CN=a', {}), () => setImmediate(send));
      };
      send();
    });
    const abort = new AbortController();
    let found = 0;
    const reading = (async () => {
      for await (const _entry of withSearchDeadline(session, abort.signal).search(search)) {
        found += 1;
        if (found === 10) abort.abort();
      }
    })();

    expect((await failureOf(reading)).trouble).toMatchObject({
      on: 'DC=example,DC=com on 127.0.0.1',
      cameBack: 'the time for reading the directory has run out',
    });
    expect(found).toBe(10);
  });

  test('ends a read that the server does not answer, and refuses the next one', async () => {
    const abort = new AbortController();
    const session = await sessionOn(() => abort.abort());
    const bounded = withSearchDeadline(session, abort.signal);

    expect((await failureOf(bounded.readEntry('CN=a', ['cn']))).trouble.cameBack).toContain('run out');
    expect((await failureOf(bounded.readEntry('CN=b', ['cn']))).trouble.cameBack).toContain('run out');
  });

  test('still writes after the deadline', async () => {
    const session = await sessionOn(
      ({ messageId }, socket) => void socket.write(result(messageId, responseTag.modify)),
    );
    const bounded = withSearchDeadline(session, AbortSignal.abort());

    await expect(bounded.modify('CN=a', [{ attribute: 'cn', replace: [] }])).resolves.toBeUndefined();
  });

  test('reads as before while the deadline has not passed', async () => {
    const session = await sessionOn(({ messageId }, socket) => {
      socket.write(searchEntry(messageId, 'CN=a', {}));
      socket.write(result(messageId, responseTag.search));
    });
    const bounded = withSearchDeadline(session, new AbortController().signal);

    expect(await count(bounded.search(search))).toBe(1);
    expect(await bounded.readEntry('CN=a', ['cn'])).toMatchObject({ dn: 'CN=a' });
  });
});
