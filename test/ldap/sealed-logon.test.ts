import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { LogonError, OutcomeUnknownError, type RemedyError, UsageError } from '../../src/errors.ts';
import { type OpenContext, SecurityContextError } from '../../src/ldap/logon/security-context.ts';
import { type Access, type DirectorySession, everything } from '../../src/ldap/session.ts';
import { failureOf } from '../support/failure-of.ts';
import { openSession } from '../support/open-session.ts';
import { responseTag, result, searchEntry } from './peer/ber.ts';
import { type FalseContext, falseContext, falseUnwrap, falseWrap, overhead } from './peer/false-context.ts';
import { framed, type SealedPeer, type SealedPeerOptions, sealedPeer } from './peer/sealed-peer.ts';

const dn = 'CN=Directory Service,CN=Configuration,DC=example,DC=com';

interface Bench {
  readonly peer: SealedPeer;
  readonly context: FalseContext;
  open(access?: Partial<Access>): Promise<DirectorySession>;
}

async function bench(options: SealedPeerOptions = {}, context: FalseContext = falseContext()): Promise<Bench> {
  const peer = await sealedPeer(options);
  return {
    peer,
    context,
    open: async (access = {}) => {
      const session = await openSession({
        host: '127.0.0.1',
        port: peer.port,
        tlsName: 'dc1.example.com',
        tls: 'none',
        bind: { auth: 'integrated', openContext: context.open },
        ...access,
      });
      onTestFinished(() => session.close());
      return session;
    },
  };
}

describe('the integrated logon', () => {
  test('by GSSAPI exchanges tokens, takes encryption from the offer, and then seals every message', async () => {
    const { peer, context, open } = await bench();
    const session = await open();

    const [first, second, choice] = peer.binds;
    expect([first, second]).toEqual([
      ['GSSAPI', Buffer.from('client-1')],
      ['GSSAPI', Buffer.alloc(0)],
    ]);
    expect(falseUnwrap(choice?.[1] ?? Buffer.alloc(0)).message).toEqual(Buffer.from([4, 0xff, 0xff, 0xff]));
    expect(context.received).toEqual(['', 'server-1']);
    expect(session.identity).toMatchObject({ tls: 'none', sealed: { user: 'kim@EXAMPLE.COM' } });
    expect(session.rootDse.isActiveDirectory).toBe(true);
    expect(peer.tokens.map((token) => falseUnwrap(token).sealed)).toEqual([true]);
  });

  test('by GSS-SPNEGO takes the last token from the answer that ends the logon', async () => {
    const { peer, context, open } = await bench(
      { mechanism: 'GSS-SPNEGO', rounds: 2 },
      falseContext({ saslMechanism: 'GSS-SPNEGO', steps: 2 }),
    );
    await open();

    expect(peer.binds).toEqual([
      ['GSS-SPNEGO', Buffer.from('client-1')],
      ['GSS-SPNEGO', Buffer.from('client-2')],
    ]);
    expect(context.received).toEqual(['', 'server-1', 'server-2']);
  });

  test('asks the library for the name to check, and for the user if one is given', async () => {
    const { context, open } = await bench();
    const requests: unknown[] = [];
    const as = { user: 'jane@example.com', password: 'S3cret-of-Jane' };
    await open({
      bind: {
        auth: 'integrated',
        as,
        openContext: async (request) => {
          requests.push(request);
          return await context.open(request);
        },
      },
    });

    expect(requests).toMatchObject([{ serverName: 'dc1.example.com', as }]);
  });

  test('sends no DN, attribute, value or password in clear', async () => {
    const { peer, open } = await bench({
      script: ({ messageId }, send) => send(result(messageId, responseTag.modify)),
    });
    const session = await open();
    await session.modify(dn, [{ attribute: 'tombstoneLifetime', remove: 'all', add: [Buffer.from('180')] }]);

    const received = peer.received().toString('latin1');
    expect(peer.requests).toHaveLength(2);
    for (const word of ['CN=', 'tombstone', '180', 'objectClass']) expect(received).not.toContain(word);
  });

  test('splits a message that is longer than the server accepts', async () => {
    const value = Buffer.alloc(1000, 'x');
    const { peer, open } = await bench({
      offer: Buffer.from([4, 0, 0, 100]),
      script: ({ messageId }, send) => send(result(messageId, responseTag.modify)),
    });
    const session = await open();
    await session.modify(dn, [{ attribute: 'description', replace: [value] }]);

    expect(peer.requests.at(-1)?.content.includes(value)).toBe(true);
    expect(Math.max(...peer.tokens.map(({ length }) => length))).toBeLessThanOrEqual(100);
    expect(peer.tokens.length).toBeGreaterThan(1000 / (100 - overhead));
  });

  test('reads a token in single bytes, several in one piece, and a message across tokens', async () => {
    const entry = (messageId: number) => searchEntry(messageId, 'CN=a,DC=example,DC=com', { cn: ['a'] });
    const { open } = await bench({
      script: async ({ messageId }, _send, socket) => {
        const message = Buffer.concat([entry(messageId), entry(messageId), result(messageId, responseTag.search)]);
        const parts = [message.subarray(0, 10), message.subarray(10, 11), Buffer.alloc(0), message.subarray(11)];
        const wire = Buffer.concat(parts.map((part) => framed(falseWrap(part, true))));
        for (const byte of wire.subarray(0, 40)) {
          await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve));
        }
        socket.write(wire.subarray(40));
      },
    });
    const session = await open();
    const found = [];
    const search = { base: 'DC=example,DC=com', scope: 'subtree', filter: everything, attributes: ['cn'] } as const;
    for await (const { dn: name } of session.search(search)) found.push(name);

    expect(found).toEqual(['CN=a,DC=example,DC=com', 'CN=a,DC=example,DC=com']);
  });

  test('frees the context when the session is closed', async () => {
    const { context, open } = await bench();
    await (await open()).close();

    expect(context.disposals()).toBeGreaterThan(0);
  });
});

describe('the integrated logon is refused', () => {
  test.each<[string, SealedPeerOptions, FalseContext, string]>([
    ['does not prove its identity', {}, falseContext({ flags: { isMutual: false } }), 'did not prove its identity'],
    ['cannot encrypt', {}, falseContext({ flags: { isConfidential: false } }), 'does not offer encryption'],
    ['offers only signing', { offer: Buffer.from([3, 0, 255, 255]) }, falseContext(), 'does not offer encryption'],
    ['offers no layer at all', { offer: Buffer.from([1, 0, 0, 0]) }, falseContext(), 'does not offer encryption'],
    ['sends a malformed offer', { offer: Buffer.from([4]) }, falseContext(), 'offer of security layers is malformed'],
    ['accepts no message', { offer: Buffer.from([4, 0, 0, 0]) }, falseContext(), 'it accepts no sealed message'],
    [
      'changes its offer on the way',
      {
        answerTo: (bind, messageId) =>
          bind === 2
            ? result(messageId, responseTag.bind, { code: 14, saslToken: Buffer.from('Sno digest of anything') })
            : undefined,
      },
      falseContext(),
      'the digest does not match',
    ],
    [
      'ends the logon without a layer',
      { answerTo: (_bind, messageId) => result(messageId, responseTag.bind) },
      falseContext(),
      'ended the logon without a security layer',
    ],
    ['never ends the logon', { rounds: 1000 }, falseContext({ steps: 1000 }), 'more than 8 rounds'],
    [
      'goes on after its own end',
      {
        answerTo: (bind, messageId) =>
          bind === 3 ? result(messageId, responseTag.bind, { code: 14, saslToken: Buffer.alloc(0) }) : undefined,
      },
      falseContext(),
      'did not end the logon',
    ],
    [
      'ends GSS-SPNEGO early',
      { mechanism: 'GSS-SPNEGO', rounds: 1 },
      falseContext({ saslMechanism: 'GSS-SPNEGO', steps: 2 }),
      'before it had proved its identity',
    ],
  ])('where the server %s', async (_, options, context, words) => {
    const { peer, open } = await bench(options, context);
    const error = await failureOf(open());

    expect(error.trouble).toMatchObject({
      attempted: 'log on with the integrated logon',
      cameBack: expect.stringContaining(words),
    });
    expect(peer.requests).toHaveLength(0);
    expect(context.disposals()).toBeGreaterThan(0);
  });

  test('where the server refuses the tokens, with its result and words', async () => {
    const { open } = await bench({
      answerTo: (_bind, messageId) =>
        result(messageId, responseTag.bind, { code: 7, text: '00002027: no such method' }),
    });
    const error = await failureOf(open());

    expect(error).toMatchObject({ resultCode: 7 });
    expect(error).not.toBeInstanceOf(LogonError);
    expect(error.trouble.cameBack).toContain('no such method');
  });

  test.each([
    [
      'the ticket',
      '52e',
      /^The server cannot use the ticket for ldap\/dc1\.example\.com: .* clocks agree, get a new ticket/,
    ],
    ['the account', '533', /^Have the account enabled/],
  ])('where the server refuses %s, without advice on the password', async (_, data, next) => {
    const text = `80090308: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data ${data}, v4f7c`;
    const { open } = await bench({
      answerTo: (_bind, messageId) => result(messageId, responseTag.bind, { code: 49, text }),
    });
    const error = await failureOf(open());

    expect(error).toMatchObject({ resultCode: 49 });
    expect(error.trouble.next).toMatch(next);
  });

  test('where the library waits too long: the event loop keeps running', async () => {
    let finish = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const context = falseContext({ onStep: () => waiting });
    const { peer, open } = await bench({}, context);
    const error = await failureOf(open({ deadlineMs: 50 }));
    finish();

    expect(error.trouble.cameBack).toContain('did not finish within 0.05 s');
    expect(error.trouble.next).toContain('port 88');
    expect(error).toBeInstanceOf(LogonError);
    expect(peer.binds).toHaveLength(0);
  });

  test('where the library opens its context too late: it is freed then', async () => {
    const { context, open } = await bench();
    let finish = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const openContext: OpenContext = (request) => waiting.then(() => context.open(request));
    const bind = { auth: 'integrated', openContext } as const;
    const error = await failureOf(open({ deadlineMs: 50, bind }));
    expect(error).toBeInstanceOf(LogonError);
    expect(context.disposals()).toBe(0);
    finish();
    await vi.waitFor(() => expect(context.disposals()).toBe(1));
  });

  test('where the library fails, with its words and the next step for that failure', async () => {
    const { open } = await bench();
    const openContext = async (): Promise<never> => {
      throw new SecurityContextError('clock-skew', 'Clock skew too great (-1765328347)');
    };
    const error = await failureOf(open({ bind: { auth: 'integrated', openContext } }));

    expect(error.trouble.cameBack).toBe(
      'the clocks of this computer and of the domain controller differ too much: Clock skew too great (-1765328347)',
    );
    expect(error.trouble.next).toContain('clock');
    expect(error).toBeInstanceOf(LogonError);
  });

  test('together with TLS, before anything is sent', async () => {
    const { peer, open } = await bench();

    await expect(open({ tls: 'starttls' })).rejects.toThrow(UsageError);
    expect(peer.received()).toHaveLength(0);
  });
});

describe('a sealed session ends with an error', () => {
  const search = { base: 'DC=example,DC=com', scope: 'subtree', filter: everything, attributes: ['cn'] } as const;

  /** What a search meets if the server sends these bytes as its answer. */
  async function searchMeeting(bytesOf: (answer: Buffer) => Buffer, end = false): Promise<RemedyError> {
    const { context, open } = await bench({
      script: ({ messageId }, _send, socket) => {
        socket.write(bytesOf(result(messageId, responseTag.search)));
        if (end) socket.end();
      },
    });
    const session = await open();
    const error = await failureOf(
      (async () => {
        for await (const _entry of session.search(search));
      })(),
    );
    expect(context.disposals()).toBeGreaterThan(0);
    expect(context.usesAfterDisposal()).toBe(0);
    return error;
  }

  test('at a token that was changed', async () => {
    const error = await searchMeeting((answer) => {
      const token = falseWrap(answer, true);
      token.writeUInt8(token.readUInt8(token.length - 1) ^ 1, token.length - 1);
      return framed(token);
    });
    expect(error.trouble.cameBack).toContain('a message cannot be verified: the digest does not match');
  });

  test('at a token that is signed but not encrypted', async () => {
    const error = await searchMeeting((answer) => framed(falseWrap(answer, false)));
    expect(error.trouble.cameBack).toContain('it sent a message that is not encrypted');
  });

  test('at a message in clear', async () => {
    const error = await searchMeeting((answer) => answer);
    expect(error.trouble.cameBack).toContain('it announces a sealed message of 8');
  });

  test.each([0x0100_0000, 0xffff_ffff])('at a length of %d bytes, before they have come', async (length) => {
    const error = await searchMeeting(() => {
      const header = Buffer.alloc(4);
      header.writeUInt32BE(length);
      return header;
    });
    expect(error.trouble.cameBack).toContain(`it announces a sealed message of ${length} bytes`);
  });

  test('at a message that is not LDAP: the tokens behind it are not opened, as the context is freed', async () => {
    const foreign = framed(falseWrap(Buffer.from('HTTP/1.1 400 Bad Request'), true));
    const error = await searchMeeting((answer) => Buffer.concat([foreign, framed(falseWrap(answer, true))]));
    expect(error.trouble.cameBack).toContain('is not an LDAP server');
  });

  test('at a token that is cut short', async () => {
    const error = await searchMeeting((answer) => framed(falseWrap(answer, true)).subarray(0, -1), true);
    expect(error.trouble.cameBack).toContain('closed the connection in the middle of a sealed message');
  });

  test('when the server closes it, without advice on ports', async () => {
    const error = await searchMeeting(() => Buffer.alloc(0), true);
    expect(error.trouble).toMatchObject({
      cameBack: 'the server closed the connection',
      next: 'Try again; if the error returns, use another domain controller.',
    });
  });

  test('when the server falls silent, at the deadline of the answer', async () => {
    const { open } = await bench({ script: () => undefined });
    const session = await open({ operationDeadlineMs: 50 });
    const error = await failureOf(session.readEntry(dn, ['cn']));

    expect(error.trouble.cameBack).toBe('the server did not answer within 0.05 s');
  });

  test('and leaves the outcome of a write unknown', async () => {
    const { open } = await bench({
      script: ({ messageId }, _send, socket) =>
        void socket.write(framed(falseWrap(result(messageId, responseTag.modify), false))),
    });
    const session = await open();
    const error = await failureOf(session.modify(dn, [{ attribute: 'cn', replace: [] }]));

    expect(error).toBeInstanceOf(OutcomeUnknownError);
  });
});
