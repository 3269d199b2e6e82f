import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ServerAddress, TlsMode } from '../../src/ldap/session.ts';
import { failureOf } from '../support/failure-of.ts';
import { openSession } from '../support/open-session.ts';
import { responseTag, result } from './peer/ber.ts';
import { type Certificates, hasOpenssl, makeCertificates } from './peer/certificates.ts';
import { domainController, type FakePeer, fakePeer, requestTag } from './peer/fake-peer.ts';

const bind = { auth: 'password', user: 'kim@example.com', password: 'S3cret-of-Kim' } as const;

let folder: string;
let certificates: Certificates;

beforeAll(async () => {
  if (!hasOpenssl) return;
  folder = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-tls-'));
  certificates = await makeCertificates(folder);
});

afterAll(async () => {
  if (hasOpenssl) await rm(folder, { recursive: true });
});

type Name = 'good' | 'expired' | 'selfSigned' | 'nameInSubject';

async function peerWith(mode: 'ldaps' | 'starttls', name: Name): Promise<FakePeer> {
  return await fakePeer(domainController(), { tls: { mode, identity: certificates[name] } });
}

async function open(
  peer: { readonly port: number },
  tls: TlsMode,
  more: { readonly ca?: string | Buffer; readonly caFile?: string } & Partial<ServerAddress> = {},
) {
  const session = await openSession({ host: '127.0.0.1', port: peer.port, tls, bind, deadlineMs: 5000, ...more });
  onTestFinished(() => session.close());
  return session;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe.skipIf(!hasOpenssl).each(['ldaps', 'starttls'] as const)('%s', (mode) => {
  test('trusts what the given authority issued, for the IP address in the certificate', async () => {
    const peer = await peerWith(mode, 'good');
    const session = await open(peer, mode, { ca: certificates.authority });

    expect(session.rootDse.dnsHostName).toBe('dc1.example.com');
    expect(peer.requests.filter(({ tag }) => tag === requestTag.bind)).toHaveLength(1);
  });

  test.each(['good', 'nameInSubject'] as const)('checks the expected name (%s)', async (name) => {
    const peer = await peerWith(mode, name);
    const session = await open(peer, mode, { ca: certificates.authority, tlsName: 'dc1.example.com' });

    expect(session.identity.tls).toBe(mode);
  });

  test.each([
    ['dc1.example.com', 'dc1.example.com'],
    ['127.0.0.1', false],
  ])('names the server in the handshake, unless by an IP address (%s)', async (tlsName, seen) => {
    const peer = await peerWith(mode, 'good');
    await open(peer, mode, { ca: certificates.authority, tlsName });

    expect(peer.serverNames).toEqual([seen]);
  });

  test('takes the authority as DER too', async () => {
    expect(await open(await peerWith(mode, 'good'), mode, { ca: certificates.authorityDer })).toBeDefined();
  });

  test('a wrong name: says which names the certificate has', async () => {
    const peer = await peerWith(mode, 'good');
    const error = await failureOf(open(peer, mode, { ca: certificates.authority, tlsName: 'dc9.example.com' }));

    expect(error.trouble.cameBack).toBe(
      "the server's certificate is not for dc9.example.com; it is for dc1.example.com, 127.0.0.1",
    );
    expect(error.trouble.next).toContain('--tls-name');
  });

  test('an unknown authority: says who issued it and asks for --ca', async () => {
    const error = await failureOf(open(await peerWith(mode, 'good'), mode));

    expect(error.trouble.cameBack).toContain('not trusted on this computer: its issuer is Example Test Authority');
    expect(error.trouble.next).toContain('--ca FILE');
  });

  test('a self-signed certificate is not trusted', async () => {
    const error = await failureOf(open(await peerWith(mode, 'selfSigned'), mode));

    expect(error.trouble.cameBack).toContain('it is self-signed');
  });

  test('an expired one: says from when to when it was valid', async () => {
    const error = await failureOf(open(await peerWith(mode, 'expired'), mode, { ca: certificates.authority }));

    expect(error.trouble.cameBack).toMatch(
      /has expired or is not yet valid \(CERT_HAS_EXPIRED\).* valid from \w+ .* to \w+ /,
    );
  });

  test.each([
    ['expired', {}],
    ['selfSigned', {}],
    ['good', { tlsName: 'dc9.example.com' }],
  ] as const)('nothing is sent to a server whose certificate does not pass (%s)', async (name, more) => {
    const peer = await peerWith(mode, name);
    await failureOf(open(peer, mode, { ca: certificates.authority, ...more }));

    expect(peer.requests.map(({ tag }) => tag)).toEqual(mode === 'starttls' ? [requestTag.extended] : []);
    expect(peer.received().includes(bind.password)).toBe(false);
  });
});

describe('TLS against a port without TLS, and the reverse', () => {
  test('LDAPS to a plain LDAP port', async () => {
    const peer = await fakePeer(() => {}, {
      onConnection: (socket) => void socket.once('data', () => socket.destroy()),
    });
    const error = await failureOf(open(peer, 'ldaps'));

    expect(error.trouble.cameBack).toBe(
      `the server closed the connection at the TLS handshake: it has no certificate, or port ${peer.port} is not for LDAPS`,
    );
    expect(error.trouble.next).toContain('--auth integrated');
    expect(error.trouble.next).toContain('--ldif');
  });

  test('LDAPS to a port where something else speaks first', async () => {
    const peer = await fakePeer(() => {}, {
      onConnection: (socket) => void socket.write('220 mail.example.com ESMTP\r\n'),
    });

    const error = await failureOf(open(peer, 'ldaps'));

    expect(error.trouble.cameBack).toBe(`port ${peer.port} does not use TLS`);
    expect(error.trouble.next).toContain('--tls starttls');
  });

  test('LDAPS to a server that accepts and is silent', async () => {
    const port = await listening(createServer(() => {}));
    const error = await failureOf(openSession({ host: '127.0.0.1', port, tls: 'ldaps', bind, deadlineMs: 100 }));

    expect(error.trouble.cameBack).toBe(
      'the server accepted the connection but did not answer the TLS handshake within 0.1 s',
    );
  });

  test.each(['none', 'starttls'] as const)('%s to a TLS port that answers with a TLS alert', async (mode) => {
    const alert = Buffer.from('15030100020246', 'hex');
    const peer = await fakePeer(() => {}, { onConnection: (socket) => void socket.end(alert) });
    const error = await failureOf(open(peer, mode));

    expect(error.trouble.cameBack).toBe(`port ${peer.port} uses TLS`);
    expect(error.trouble.next).toContain('--tls ldaps');
    expect(error.trouble.next).toContain('389 (GC: 3268) with --tls starttls or --auth integrated');
  });

  test.skipIf(!hasOpenssl).each(['none', 'starttls'] as const)('%s to a TLS port that hangs up', async (mode) => {
    const port = await listening(createTlsServer({ ...certificates.good }).on('tlsClientError', () => {}));
    const error = await failureOf(open({ port }, mode));

    expect(error.trouble.cameBack).toBe('the server closed the connection without answering');
    expect(error.trouble.next).toContain('use --tls ldaps, or the plain port for --auth integrated');
  });

  test('a server that refuses StartTLS says so', async () => {
    const peer = await fakePeer(({ messageId }, socket) => {
      socket.write(
        result(messageId, responseTag.extended, { code: 52, text: '00000000: LdapErr: Error initializing SSL/TLS' }),
      );
    });
    const error = await failureOf(open(peer, 'starttls'));

    expect(error).toMatchObject({ resultCode: 52 });
    expect(error.trouble.attempted).toBe('connect (StartTLS)');
    expect(error.trouble.cameBack).toContain('the server may have no certificate: unavailable (LDAP result 52)');
    expect(error.trouble.next).toContain('--auth integrated');
    expect(peer.received().includes(bind.password)).toBe(false);
  });

  test.each([
    ['a letter', 'Dear colleague,'],
    ['nothing', ''],
    ['a truncated certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'],
  ])('a CA file that holds %s is refused, and the error names the file', async (_, ca) => {
    const error = await failureOf(open({ port: 1 }, 'ldaps', { ca, caFile: 'authority.pem' }));

    expect(error.trouble).toMatchObject({
      on: 'authority.pem',
      cameBack: expect.stringContaining('not a certificate'),
    });
  });

  test.skipIf(!hasOpenssl)('a CA file may hold several authorities, with text between them', async () => {
    const ca = Buffer.concat([
      Buffer.from('Ours:\n'),
      certificates.selfSigned.cert,
      Buffer.from('Theirs:\n'),
      certificates.authority,
    ]);

    expect(await open(await peerWith('ldaps', 'good'), 'ldaps', { ca })).toBeDefined();
    expect(await open(await peerWith('ldaps', 'selfSigned'), 'ldaps', { ca })).toBeDefined();
  });

  test.skipIf(!hasOpenssl)('a TLS connection that breaks ends the session like any other', async () => {
    const cutOff = domainController((_request, socket) => socket.destroy());
    const peer = await fakePeer(cutOff, { tls: { mode: 'ldaps', identity: certificates.good } });
    const session = await open(peer, 'ldaps', { ca: certificates.authority });

    expect((await failureOf(session.readEntry('DC=x', []))).trouble.cameBack).toContain('closed the connection');
  });
});
