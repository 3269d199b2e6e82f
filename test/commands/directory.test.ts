import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Plan } from '../../src/change/plan.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { run as apply } from '../../src/commands/apply.ts';
import type { Context } from '../../src/commands/context.ts';
import { openDirectory } from '../../src/commands/directory.ts';
import { createOutput } from '../../src/commands/output.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { administrator } from '../../src/embedded/visibility.ts';
import { configuration, directoryService, openForest } from '../embedded/support.ts';
import { type Certificates, hasOpenssl, makeCertificates } from '../ldap/peer/certificates.ts';
import { domainController, fakePeer } from '../ldap/peer/fake-peer.ts';
import { startDnsServer } from '../support/dns-server.ts';
import { freshFolder, writeTree } from '../support/fresh-folder.ts';
import { type Account, reader } from '../support/ldap-server/accounts.ts';
import { openServedForest, type ServedForest } from '../support/ldap-server/served-forest.ts';
import { need } from '../support/on-windows.ts';
import { answering, back, byDefault, cancel, inTurn } from '../support/prompter-double.ts';
import { tombstone } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';

const accounts: readonly Account[] = [
  { name: 'Administrator', password: 'S3cret', access: administrator },
  { name: 'reader', password: 'S3cret', access: reader },
  { name: 'blind', password: 'S3cret', access: { ...reader, mayReadConfiguration: false } },
];

const more = `
dn: CN=blind,CN=Users,DC=corp,DC=example,DC=com
objectClass: user
sAMAccountName: blind

dn: CN=locked,CN=Users,DC=corp,DC=example,DC=com
objectClass: user
sAMAccountName: locked
lockoutTime: 134072000000000000

dn: CN=disabled,CN=Users,DC=corp,DC=example,DC=com
objectClass: user
sAMAccountName: disabled
userAccountControl: 514
`;

/** A forest whose DC listens without TLS; gives the address of the port. */
async function listening(forest: ServedForest, host = 'dc1.corp.example.com'): Promise<string> {
  const { port, close } = await forest.listen(host);
  onTestFinished(close);
  return `127.0.0.1:${port}`;
}

interface World {
  readonly password?: string;
  readonly input?: string;
  readonly folder?: string;
}

/** The command against a server, without TLS unless the arguments say otherwise; other DCs' names lead nowhere. */
async function runOn(
  server: string,
  args: readonly string[],
  { password = 'S3cret', input, folder }: World = {},
): Promise<CommandRun> {
  const given = (flag: string, value: string): readonly string[] => (args.includes(flag) ? [] : [flag, value]);
  const all = [
    ...args,
    '--server',
    server,
    ...given('--dns', await startDnsServer({})),
    ...given('--tls', 'none'),
    ...given('--user', 'Administrator@corp.example.com'),
  ];
  const operand = args[0]?.startsWith('-') === false;
  return runCommand(
    operand ? apply : tombstone,
    operand ? all : ['--days', '180', ...all],
    { currentFolder: folder ?? (await freshFolder()), env: { ADSI_REMEDY_PASSWORD: password } },
    input,
  );
}

function portOf(listener: Parameters<typeof createServer>[1] & object): Promise<string> {
  return listeningAt(createServer(listener));
}

async function listeningAt(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `127.0.0.1:${address.port}`;
}

describe('a server that is not there or not LDAP', () => {
  test('by a name that DNS does not know', async () => {
    const { status, stderr } = await runOn('nowhere.corp.example.com', []);
    expect(status).toBe(1);
    expect(stderr).toMatch(/nowhere\.corp\.example\.com.*389/);
    expect(stderr).toMatch(/DNS|ENOTFOUND/);
  });

  test('by a name that is looked up where no DNS server listens', async () => {
    need('refusals');
    const args = ['--days', '180', '--server', 'dc1.corp.example.com', '--dns', '127.0.0.1:1', '--user', 'me'];
    const world = { currentFolder: await freshFolder(), env: { ADSI_REMEDY_PASSWORD: 'S3cret' } };
    const { status, stderr } = await runCommand(tombstone, args, world);
    expect(status).toBe(1);
    expect(stderr).toContain('look-up at 127.0.0.1:1: no DNS server is listening there (ECONNREFUSED)');
  });

  test('behind a closed port', async () => {
    const closed = await portOf(() => undefined);
    const [, port] = closed.split(':');
    const { status, stderr } = await runOn(`127.0.0.1:${Number(port) === 1 ? 2 : 1}`, []);
    expect(status).toBe(1);
    expect(stderr).toContain('ECONNREFUSED');
  });

  test('that speaks something else', async () => {
    const server = await portOf((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    const { status, stderr } = await runOn(server, []);
    expect(status).toBe(1);
    expect(stderr).toMatch(/HTTP|not LDAP|no LDAP/);
  });

  test('that accepts and never answers, within its deadline', async () => {
    let tellAsked = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      tellAsked = resolve;
    });
    const server = await portOf((socket) => socket.on('error', () => undefined).once('data', tellAsked));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const running = runOn(server, []);
    await asked;
    vi.advanceTimersByTime(5000);
    const { status, stderr } = await running;
    expect(status).toBe(1);
    expect(stderr).toContain('did not answer within 5 s');
  });
});

describe.skipIf(!hasOpenssl)('TLS', () => {
  let certificates: Certificates;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-tls-'));
    certificates = await makeCertificates(folder);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const authority = (): string => path.join(folder, 'authority.pem');
  const ldaps = async (identity: 'good' | 'expired' | 'selfSigned'): Promise<string> => {
    const { port } = await fakePeer(domainController(), { tls: { mode: 'ldaps', identity: certificates[identity] } });
    return `127.0.0.1:${port}`;
  };

  /** A forest whose DC listens with the certificate for dc1.example.com. */
  async function servedByTls(): Promise<string> {
    const [, port = ''] = (await listening(await openForest(more, { accounts: [...accounts] }))).split(':');
    const outer = createTlsServer({ ...certificates.good, noDelay: true }, (socket) => {
      const inner = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
      for (const end of [socket, inner]) end.on('error', () => undefined);
      socket.pipe(inner).pipe(socket);
    });
    return listeningAt(outer);
  }

  test('is asked for again by the printed commands, with --ca and all else: they run unchanged', async () => {
    const server = await servedByTls();
    const currentFolder = await freshFolder();
    const tls = ['--tls', 'ldaps', '--ca', authority(), '--tls-name', 'dc1.example.com'];
    const saved = await runOn(server, [...tls, '--save', 'saved'], { folder: currentFolder });
    const printed = (before: string, { stdout }: CommandRun): readonly string[] =>
      (new RegExp(`${before}: adsi-remedy \\w+ (.*)`).exec(stdout)?.[1] ?? '').split(' ');
    const env = { ADSI_REMEDY_PASSWORD: 'S3cret' };
    const applied = await runCommand(apply, printed('Apply it with', saved), { currentFolder, env });
    expect(applied).toMatchObject({ status: 0, stderr: '' });
    const undone = await runCommand(undo, [...printed('Undo it with', applied), '--dry-run'], { currentFolder, env });
    expect(undone).toMatchObject({ status: 2, stderr: '' });
  });

  test('on a port without it', async () => {
    const server = await listening(await openForest());
    const { status, stderr } = await runOn(server, ['--tls', 'ldaps']);
    expect(status).toBe(1);
    expect(stderr).toContain('LDAPS');
  });

  test('that is not spoken to a port that demands it', async () => {
    const { status, stderr } = await runOn(await ldaps('good'), ['--tls', 'none']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/TLS|LDAPS/);
  });

  test('with an untrusted certificate says how to trust it', async () => {
    const { status, stderr } = await runOn(await ldaps('selfSigned'), ['--tls', 'ldaps']);
    expect(status).toBe(1);
    expect(stderr).toContain('--ca');
  });

  test('with an untrusted certificate at a terminal asks for its authority, then for user and password again', async () => {
    const prompter = answering({
      'directory.ca': inTurn('none.pem', authority()),
      'directory.user': inTurn('me@corp.example.com', 'Administrator@corp.example.com'),
      'directory.password': inTurn('secret', 'S3cret'),
    });
    const named = ['--server', await servedByTls(), '--tls-name', 'dc1.example.com', '--dns', await startDnsServer({})];
    const flags = [...named, '--days', '180', '--dry-run'];
    const { status, stdout } = await runCommand(tombstone, flags, { currentFolder: folder, prompter });
    expect(prompter.asked).toEqual([
      ...['directory.user', 'directory.password'],
      ...['directory.ca', 'directory.user', 'directory.password'],
    ]);
    expect(prompter.refusals.map(({ problem }) => problem)).toEqual([
      `There is no file ${path.join(folder, 'none.pem')}.`,
    ]);
    expect(stdout).toContain("the server's certificate is not trusted on this computer");
    expect(stdout).toContain(`against ${authority()}`);
    expect(status).toBe(2);
  });

  test('with a certificate that has expired', async () => {
    const { status, stderr } = await runOn(await ldaps('expired'), ['--tls', 'ldaps', '--ca', authority()]);
    expect(status).toBe(1);
    expect(stderr).toContain('CERT_HAS_EXPIRED');
  });

  test('with a certificate for another name says which names it has', async () => {
    const args = ['--tls', 'ldaps', '--ca', authority(), '--tls-name', 'other.example.com'];
    const { status, stderr } = await runOn(await ldaps('good'), args);
    expect(status).toBe(1);
    expect(stderr).toContain('dc1.example.com');
  });

  test('with a --ca that is not there, or no certificate', async () => {
    const server = await ldaps('good');
    expect(await runOn(server, ['--tls', 'ldaps', '--ca', 'none.pem'])).toMatchObject({ status: 64 });
    const notOne = await freshFolder();
    await writeTree(notOne, { 'ca.pem': 'no certificate' });
    const result = await runOn(server, ['--tls', 'ldaps', '--ca', 'ca.pem'], { folder: notOne });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('not a certificate');
    expect(result.stderr).toContain(path.join(notOne, 'ca.pem'));
  });
});

describe('a logon', () => {
  const withAccounts = async (): Promise<string> =>
    listening(
      await openForest(more, {
        accounts: [...accounts, { name: 'locked', password: 'S3cret' }, { name: 'disabled', password: 'S3cret' }],
      }),
    );

  test('with a wrong password says so, and never the password', async () => {
    const result = await runOn(await withAccounts(), [], { password: 'Wr0ng' });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/wrong .*password/);
    expect(result.stdout + result.stderr).not.toContain('Wr0ng');
  });

  test.each([
    ['locked', 'locked out'],
    ['disabled', 'disabled'],
    ['nobody', 'no such user'],
  ])('as %s says why', async (user, why) => {
    const { status, stderr } = await runOn(await withAccounts(), ['--user', `CORP\\${user}`]);
    expect(status).toBe(1);
    expect(stderr).toContain(why);
  });

  test('with an empty password is refused before anything is sent', async () => {
    const { status, stderr } = await runOn(await withAccounts(), [], { password: '' });
    expect(status).toBe(64);
    expect(stderr).toContain('empty');
  });

  test('takes the password from standard input', async () => {
    const options = { password: 'Wr0ng', input: 'S3cret\r\n' };
    expect(await runOn(await withAccounts(), ['--password-stdin'], options)).toMatchObject({ status: 2 });
  });

  test('without a password and without a terminal says where it could come from', async () => {
    const server = await withAccounts();
    const args = ['--days', '180', '--server', server, '--tls', 'none', '--user', 'CORP\\Administrator'];
    const { status, stderr } = await runCommand(tombstone, args, { currentFolder: await freshFolder() });
    expect(status).toBe(64);
    expect(stderr).toContain('--password-stdin');
  });

  test('without TLS is warned of', async () => {
    const { stdout } = await runOn(await withAccounts(), []);
    expect(stdout).toContain('WITHOUT ENCRYPTION: the password and all data cross the network in the clear');
  });
});

describe('rights', () => {
  const as = (user: string): readonly string[] => ['--user', `CORP\\${user}`];
  const server = async (ldif = ''): Promise<string> =>
    listening(await openForest(more + ldif, { accounts: [...accounts] }));

  test('to read the Configuration partition, if they lack', async () => {
    const { status, stderr } = await runOn(await server(), as('blind'));
    expect(status).toBe(1);
    expect(stderr).toMatch(/may not see|not permitted|right/);
  });

  test('to read deleted objects, if they lack: none seen', async () => {
    const { stdout } = await runOn(await server(), as('reader'));
    expect(stdout).toMatch(/none seen|no right to see/);
  });

  test('to write, if they lack, are reported in the dry run', async () => {
    const { status, stdout } = await runOn(await server(), as('reader'));
    expect(status).toBe(2);
    expect(stdout).toContain('no-right-to-write');
  });

  test('a read-only DC takes no writes', async () => {
    const forest = await openForest(more, { accounts: [...accounts] });
    const { status, stdout } = await runOn(await listening(forest, 'rodc.corp.example.com'), ['--yes']);
    expect(status).toBe(3);
    expect(stdout).toContain('read-only-dc');
  });
});

/** The same data with another identity: objectGUID of the configuration naming context's head. */
async function otherForest(like: ServedForest): Promise<ServedForest> {
  const head = new RegExp(`(^dn: ${configuration}\\n(?:.+\\n)*?objectGUID:: ).*`, 'm');
  return servedAgain([...like.toLdif()].join('').replace(head, `$1${Buffer.alloc(16, 7).toString('base64')}`));
}

function servedAgain(ldif: string): Promise<ServedForest> {
  const clock = (): Date => new Date('2026-11-22T09:00:00Z');
  const sources = [{ name: 'edited', content: ldif }];
  return openServedForest({ sources, kind: 'forest', clock, newGuid: randomUUID }, accounts);
}

test('a plan of another forest is refused at apply', async () => {
  const folder = await freshFolder();
  const forest = await openForest(more, { accounts: [...accounts] });
  expect(await runOn(await listening(forest), ['--save', 'saved'], { folder })).toMatchObject({ status: 2 });
  const result = await runOn(await listening(await otherForest(forest)), ['saved'], { folder });
  expect(result.status).toBe(3);
  expect(result.stderr).toContain('the plan was made for another forest');
});

test('a saved plan goes back to its server once its seal is approved; the password is given anew', async () => {
  const folder = await freshFolder();
  const server = await listening(await openForest(more, { accounts: [...accounts] }));
  await runOn(server, ['--save', 'saved'], { folder });
  const { seal } = JSON.parse(await readFile(path.join(folder, 'saved/plan.json'), 'utf8'));
  const again = (env: Readonly<Record<string, string>>): Promise<CommandRun> =>
    runCommand(apply, ['saved', '--seal', seal, '--tls', 'none'], { currentFolder: folder, env });
  expect(await again({})).toMatchObject({ status: 64 });
  const result = await again({ ADSI_REMEDY_PASSWORD: 'S3cret' });
  expect([result.status, result.stderr]).toEqual([0, '']);
  expect(result.stdout).toContain('1 entry changed');
});

test('a plan that was made with the integrated logon is applied with a password if --tls says so', async () => {
  need('packages');
  const folder = await freshFolder();
  const server = await listening(await openForest(more, { accounts: [...accounts] }));
  await runOn(server, ['--save', 'saved'], { folder });
  const file = path.join(folder, 'saved/plan.json');
  const plan = JSON.parse(await readFile(file, 'utf8'));
  const { user: _, ...connection } = { ...plan.target.connection, auth: 'integrated' };
  await writeFile(file, JSON.stringify(sealPlan({ ...plan, target: { ...plan.target, connection } })));
  const args = ['saved', '--server', server, '--dry-run', '--user', 'CORP\\Administrator'];
  const world = { currentFolder: folder, env: { ADSI_REMEDY_PASSWORD: 'S3cret' } };

  const asPlanned = await runCommand(apply, args, world);
  expect([asPlanned.status, asPlanned.stdout]).toEqual([1, expect.stringContaining('encrypted by Kerberos')]);
  const withPassword = await runCommand(apply, [...args, '--tls', 'none'], world);
  expect([withPassword.status, withPassword.stdout]).toEqual([2, expect.stringContaining('WITHOUT ENCRYPTION')]);
});

test('a password never follows a plan: not to its server, and not without encryption, unless this run says so', async () => {
  const folder = await freshFolder();
  const server = await listening(await openForest(more, { accounts: [...accounts] }));
  await runOn(server, ['--save', 'saved'], { folder });
  const { seal } = JSON.parse(await readFile(path.join(folder, 'saved/plan.json'), 'utf8'));
  const world = { currentFolder: folder, env: { ADSI_REMEDY_PASSWORD: 'S3cret' } };
  const unnamed = await runCommand(apply, ['saved', '--tls', 'none'], world);
  expect([unnamed.status, unnamed.stderr]).toEqual([64, expect.stringContaining('only the plan names it')]);
  const unasked = await runCommand(apply, ['saved', '--seal', seal], world);
  expect([unasked.status, unasked.stderr]).toEqual([64, expect.stringContaining('without encryption')]);
  const named = ['saved', '--server', server, '--tls', 'none', '--dry-run', '--user', 'CORP\\Administrator'];
  expect((await runCommand(apply, named, world)).status).toBe(2);
});

test('before a plan’s server is used, everything that directs the credentials there is shown', async () => {
  const folder = await freshFolder();
  const server = await listening(await openForest(more, { accounts: [...accounts] }));
  await runOn(server, ['--save', 'saved'], { folder });
  const file = path.join(folder, 'saved/plan.json');
  const plan = JSON.parse(await readFile(file, 'utf8'));
  const refusal = async (more: object): Promise<string> => {
    const connection = { ...plan.target.connection, tls: 'ldaps', ...more };
    await writeFile(file, JSON.stringify(sealPlan({ ...plan, target: { ...plan.target, connection } })));
    const run = await runCommand(apply, ['saved'], { currentFolder: folder, env: { ADSI_REMEDY_PASSWORD: 'S3cret' } });
    expect(run.status).toBe(64);
    return run.stderr;
  };
  // The o of the first is Cyrillic.
  expect(await refusal({ host: 'dc1.c\u043ercle.example' })).toContain('(dc1.xn--crcle-jye.example)');
  expect(await refusal({ tlsName: 'dc1.c\u043ercle.example' })).toContain('(dc1.xn--crcle-jye.example)');
  expect(await refusal({ dns: '192.0.2.66' })).toContain('the names of others from the DNS server 192.0.2.66');
  expect(await refusal({ auth: 'integrated', tlsName: 'other.example.com' })).toContain(
    'for the name other.example.com',
  );
  expect(await refusal({ dns: 'ns.example.com' })).toContain('it is not an IP address');
});

test('the description of a plan names the entry and no password', async () => {
  const folder = await freshFolder();
  const server = await listening(await openForest(more, { accounts: [...accounts] }));
  const result = await runOn(server, ['--json', '--save', 'saved'], { folder });
  const plan = JSON.parse(result.stdout) as Plan;
  expect(plan.changes).toMatchObject([{ dn: directoryService }]);
  expect(JSON.stringify(plan)).not.toContain('S3cret');
});

describe('flags that do not fit together', () => {
  test.each([
    [['--server', 'dc1', '--domain', 'corp.example.com'], 'both choose the server'],
    [['--server', '::1:636'], 'Put the address in brackets: [::1]:636, or [::1:636]'],
    [['--server', '2001:db8::1:3268'], 'Put the address in brackets: [2001:db8::1]:3268'],
    [['--ldif', 'x.ldf', '--server', 'dc1'], 'an export needs no connection'],
    [['--ldif', 'x.ldf', '--user', 'me'], 'an export needs no connection'],
    [['--ldif', 'x.ldf', '--dns', '192.0.2.53'], 'an export needs no connection'],
    [['--ldif', 'x.ldf', '--password-stdin'], 'an export needs no connection'],
    [['--server', 'dc1', '--dns', 'ns.example.com'], 'it is not an IP address'],
    [['--server', 'dc1', '--dns', '192.0.2.53:99999'], 'it is not an IP address'],
    [['--server', 'dc1', '--tls', 'ssl'], 'there is no such kind'],
    [['--server', 'dc1', '--auth', 'kerberos'], 'there is no such kind'],
    [['--server', 'dc1', '--auth', 'integrated', '--tls', 'ldaps'], 'encrypts every message itself'],
    [['--server', 'dc1', '--auth', 'integrated', '--tls', 'starttls'], 'encrypts every message itself'],
    [['--server', 'dc1', '--auth', 'integrated', '--ca', 'ca.pem'], 'encrypts every message itself'],
    [['--server', 'dc1', '--auth', 'integrated', '--password-stdin'], 'without --user'],
    [['--ldif', 'x.ldf', '--auth', 'integrated'], 'an export needs no connection'],
    [['--server', 'dc1:0'], 'does not have the form HOST'],
    [['--server', 'dc1:99999'], 'does not have the form HOST'],
    [['--server', 'ldap://dc1'], 'does not have the form HOST'],
    [['--server', 'dc1'], '--user'],
  ])('%j', async (args, reason) => {
    const all = ['--days', '180', ...args];
    const { status, stderr } = await runCommand(tombstone, all, { currentFolder: await freshFolder() });
    expect(status).toBe(64);
    expect(stderr).toContain(reason);
  });
});

describe('a domain controller that DNS or the directory names', () => {
  /** What DNS says of corp.example.com, and the names whose addresses were asked for afterwards. */
  function zoneOf(...targets: readonly string[]) {
    const lookedUp: string[] = [];
    const services = { '_ldap._tcp.dc._msdcs.corp.example.com': targets.map((target) => ({ target, port: 389 })) };
    return { services, lookedUp };
  }

  async function locate(zone: ReturnType<typeof zoneOf>, prompter?: ReturnType<typeof answering>): Promise<CommandRun> {
    const flags = [
      '--domain',
      'corp.example.com',
      '--dns',
      await startDnsServer(zone),
      '--user',
      'me',
      '--days',
      '180',
    ];
    const env = { ADSI_REMEDY_PASSWORD: 'S3cret' };
    const world = { currentFolder: await freshFolder(), env, ...(prompter === undefined ? {} : { prompter }) };
    return runCommand(tombstone, flags, world);
  }

  test.each(['dc1.example.net', 'dc1.notcorp.example.com', 'corp.example.com.example.net', 'example.com'])(
    'is not logged on to outside the domain where the user cannot be asked: %s',
    async (target) => {
      const zone = zoneOf(target);
      const { status, stderr } = await locate(zone);
      expect([status, stderr]).toEqual([64, expect.stringContaining('outside that domain: the password was not sent')]);
      expect(stderr).toContain(target);
      expect(zone.lookedUp).toEqual([]);
    },
  );

  test('is left out outside the domain, and named, where others are inside', async () => {
    const zone = zoneOf('dc1.example.net', 'dc1.corp.example.com');
    const { stdout } = await locate(zone);
    expect(stdout).toContain('Outside the domain: DNS also names dc1.example.net.');
    expect(new Set(zone.lookedUp)).toEqual(new Set(['dc1.corp.example.com']));
  });

  test('is asked about at a terminal, and logged on to only if the user says so', async () => {
    const refused = zoneOf('dc1.example.net');
    expect(await locate(refused, answering({ 'directory.outside-domain': false }))).toMatchObject({ status: 64 });
    expect(refused.lookedUp).toEqual([]);
    const confirmed = zoneOf('dc1.example.net');
    await locate(confirmed, answering({ 'directory.outside-domain': true }));
    expect(new Set(confirmed.lookedUp)).toEqual(new Set(['dc1.example.net']));
  });

  test('gets no credentials outside the DNS names of the forest, whatever its server object says', async () => {
    const forest = await openForest(more, { accounts: [...accounts] });
    const ldif = [...forest.toLdif()]
      .join('')
      .replace(/^nCName: DC=corp.*$/m, '$&\nsystemFlags: 3\ndnsRoot: corp.example.com');
    const server = await listening(await servedAgain(ldif));
    const lookedUp: string[] = [];
    const flags = {
      server,
      dns: await startDnsServer({ lookedUp }),
      tls: 'none',
      user: 'Administrator@corp.example.com',
      ldif: [],
      'password-stdin': false,
      domain: undefined,
      practice: undefined,
      auth: undefined,
      ca: undefined,
      'tls-name': undefined,
    };
    const openOthers = async (_: readonly string[], context: Context): Promise<0> => {
      const output = createOutput(context, { json: false, quiet: true, verbose: false, 'no-color': true });
      const { openOther, close } = await openDirectory(flags, context, output);
      for (const host of ['dc2.example.net', 'dc2.notcorp.example.com', '192.0.2.7'])
        await expect(openOther(host)).rejects.toThrow('the credentials were not sent');
      await expect(openOther('dc2.corp.example.com')).rejects.toThrow('DNS does not know that name');
      await close();
      return 0;
    };
    const env = { ADSI_REMEDY_PASSWORD: 'S3cret' };
    const { stderr } = await runCommand(openOthers, [], { currentFolder: '/', env });
    expect(stderr).toBe('');
    expect(lookedUp).toEqual(['dc2.corp.example.com']);
  });
});

describe('at a terminal on a Windows computer', () => {
  const member = { USERDNSDOMAIN: 'CORP.EXAMPLE.COM', LOGONSERVER: '\\\\GC2' };
  const srv = (...names: readonly string[]) => names.map((name) => ({ target: `${name}.corp.example.com`, port: 389 }));
  const zone = {
    services: {
      '_ldap._tcp.dc._msdcs.corp.example.com': srv('dc1', 'gc1', 'gc2'),
      '_gc._tcp.corp.example.com': srv('gc1', 'gc2'),
    },
  };

  test('its own domain is proposed, then global catalogs first, of these the one that it logged on to', async () => {
    const answers = answering({
      'directory.by': 'domain',
      'directory.domain': byDefault,
      'directory.server': inTurn(byDefault, cancel),
      'directory.user': 'me@corp.example.com',
      'directory.password': 'S3cret',
    });
    const shown: unknown[] = [];
    const select: typeof answers.select = (question) => {
      shown.push(question.message, ...question.choices.map(({ label, hint }) => `${label}: ${hint}`));
      return answers.select(question);
    };
    const world = { currentFolder: await freshFolder(), env: member, prompter: { ...answers, select } };
    const { stdout } = await runCommand(tombstone, ['--dns', await startDnsServer(zone)], world);
    expect(answers.asked.slice(0, 5)).toEqual([
      'directory.by',
      'directory.domain',
      'directory.server',
      'directory.user',
      'directory.password',
    ]);
    const [, , , ...servers] = shown;
    expect(servers[0]).toContain('A global catalog (GC) also knows the recipients of the other domains');
    expect(servers[1]).toBe('gc2.corp.example.com: GC, you are logged on through it');
    expect(servers.slice(2)).toContain('gc1.corp.example.com: GC');
    expect(servers[3]).toBe('dc1.corp.example.com: ');
    expect(stdout).toContain('gc2.corp.example.com:636');
    expect(stdout).not.toContain('S3cret');
  });
});

test('Escape goes back among the questions how to reach the directory, and out at the first', async () => {
  const prompter = answering({
    'directory.by': inTurn('server', back),
    'directory.host': inTurn('dc9.corp.example.com', back),
    'directory.user': back,
  });
  const { status } = await runCommand(tombstone, [], { currentFolder: await freshFolder(), prompter });
  expect(prompter.asked).toEqual([
    ...['directory.by', 'directory.host', 'directory.user'],
    ...['directory.host', 'directory.by'],
  ]);
  expect(status).toBe(130);
});

describe('--json asks nothing, not even at a terminal', () => {
  async function runAtTerminal(args: readonly string[], env: Context['env'] = {}, input = ''): Promise<CommandRun> {
    const prompter = answering({});
    const world = { currentFolder: await freshFolder(), env, prompter };
    const run = await runCommand(tombstone, [...args, '--json'], world, input);
    expect(prompter.asked).toEqual([]);
    return run;
  }

  const server = ['--server', 'dc9.corp.example.com'];

  test.each<[string, readonly string[], string]>([
    ['how to reach the directory', ['--unset'], 'Give --server HOST or --domain NAME, or leave out --json.'],
    ['the user', ['--unset', ...server], 'Give --user NAME or --auth integrated, or leave out --json.'],
    [
      'the password',
      ['--unset', ...server, '--user', 'me'],
      'Give --password-stdin, or set ADSI_REMEDY_PASSWORD, or leave out --json.',
    ],
  ])('%s: what is missing is named', async (_, args, next) => {
    const { status, stdout } = await runAtTerminal(args);
    expect(status).toBe(64);
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'usage', next: expect.stringContaining(next) });
  });

  test('a domain controller outside the domain is not logged on to', async () => {
    const services = { '_ldap._tcp.dc._msdcs.corp.example.com': [{ target: 'dc1.example.net', port: 389 }] };
    const dns = await startDnsServer({ services });
    const { status, stdout } = await runAtTerminal(['--unset', '--domain', 'corp.example.com', '--dns', dns]);
    expect(status).toBe(64);
    expect(JSON.parse(stdout).error.next).toContain('name it with --server');
  });

  test('of several domain controllers the first that answers is taken', async () => {
    const [one, other] = ['dc1.corp.example.com', 'dc2.corp.example.com'];
    const services = {
      '_ldap._tcp.dc._msdcs.corp.example.com': [one, other].map((target) => ({ target, port: 389 })),
    };
    const lookedUp: string[] = [];
    const dns = await startDnsServer({ services, lookedUp });
    const args = ['--unset', '--domain', 'corp.example.com', '--dns', dns, '--user', 'me'];
    const { status, stdout } = await runAtTerminal(args, { ADSI_REMEDY_PASSWORD: 'S3cret' });
    expect([status, JSON.parse(stdout).error.code]).toEqual([1, 'directory']);
    expect(new Set(lookedUp)).toEqual(new Set([one, other]));
  });

  test.each<[string, readonly string[], Context['env'], string]>([
    ['ADSI_REMEDY_PASSWORD', [], { ADSI_REMEDY_PASSWORD: 'S3cret' }, ''],
    ['--password-stdin', ['--password-stdin'], {}, 'S3cret\n'],
  ])('the password comes from %s', async (_, flags, env, input) => {
    const dc = await listening(await openForest(more, { accounts }));
    const user = 'Administrator@corp.example.com';
    const to = ['--server', dc, '--tls', 'none', '--dns', await startDnsServer({}), '--user', user];
    const { status, stdout } = await runAtTerminal(['--days', '180', ...to, ...flags], env, input);
    expect(status).toBe(2);
    expect(JSON.parse(stdout).changes).toHaveLength(1);
  });
});

test('--json without a terminal says that it needs one, and no --json, to be asked', async () => {
  const args = ['--unset', '--server', 'dc9.corp.example.com', '--json'];
  const { status, stdout } = await runCommand(tombstone, args, { currentFolder: await freshFolder() });
  expect(status).toBe(64);
  expect(JSON.parse(stdout).error).toMatchObject({
    cameBack: '--json asks nothing',
    next: 'Give --user NAME or --auth integrated, or run it at a terminal without --json.',
  });
});

describe('an answer with which the connection fails is asked for again, below what came back', () => {
  async function ask(answers: Readonly<Record<string, unknown>>, ...flags: readonly string[]) {
    const prompter = answering(answers);
    const run = await runCommand(tombstone, flags, { currentFolder: await freshFolder(), prompter });
    prompter.verifyAllAsked();
    return { ...run, asked: prompter.asked };
  }
  const me = { 'directory.user': inTurn('me', cancel), 'directory.password': 'S3cret' };

  test('a domain that DNS does not know; Escape then goes back', async () => {
    const { status, stdout, asked } = await ask(
      { 'directory.by': inTurn('domain', cancel), 'directory.domain': inTurn('crop.example.com', back) },
      ...['--dns', await startDnsServer({})],
    );
    expect(asked).toEqual(['directory.by', 'directory.domain', 'directory.domain', 'directory.by']);
    expect(stdout).toContain('on         SRV _ldap._tcp.dc._msdcs.crop.example.com');
    expect(stdout).toContain('DNS does not know that name');
    expect(status).toBe(130);
  });

  test('a domain whose DCs are all outside of it, if the user does not want them', async () => {
    const services = { '_ldap._tcp.dc._msdcs.corp.example.com': [{ target: 'dc1.example.net', port: 389 }] };
    const { asked } = await ask(
      {
        'directory.by': 'domain',
        'directory.domain': inTurn('corp.example.com', cancel),
        'directory.outside-domain': false,
      },
      ...['--dns', await startDnsServer({ services })],
    );
    expect(asked.slice(1)).toEqual(['directory.domain', 'directory.outside-domain', 'directory.domain']);
  });

  test('a host that DNS does not know', async () => {
    const { stdout, asked } = await ask(
      { 'directory.by': 'server', 'directory.host': inTurn('cd1.corp.example.com', 'dc1.corp.example.com'), ...me },
      ...['--dns', await startDnsServer({})],
    );
    expect(asked.slice(1)).toEqual([
      ...['directory.host', 'directory.user', 'directory.password'],
      ...['directory.host', 'directory.user'],
    ]);
    expect(stdout).toContain('on         cd1.corp.example.com:636');
    expect(stdout).toContain('DNS does not know that name');
  });

  test('a host where nothing listens on the port', async () => {
    const { asked, stdout } = await ask({
      'directory.by': 'server',
      'directory.host': inTurn('127.0.0.1:1', 'dc1.corp.example.com'),
      ...me,
    });
    expect(asked.filter((id) => id === 'directory.host')).toHaveLength(2);
    expect(stdout).toContain('nothing listens on that port');
  });

  test('a DC of the list that does not answer: the list is shown again', async () => {
    const services = {
      '_ldap._tcp.dc._msdcs.corp.example.com': ['dc1', 'dc2'].map((name) => ({
        target: `${name}.corp.example.com`,
        port: 389,
      })),
    };
    const { asked } = await ask(
      { 'directory.server': inTurn('dc1.corp.example.com', 'dc2.corp.example.com'), ...me },
      ...['--domain', 'corp.example.com', '--dns', await startDnsServer({ services })],
    );
    expect(asked.filter((id) => id === 'directory.server')).toHaveLength(2);
  });

  test('a text that is neither a host nor a host with a port, at once', async () => {
    const { asked } = await ask({
      'directory.by': 'server',
      'directory.host': inTurn('ldap://dc1', 'dc1:99999', 'dc1.corp.example.com'),
      'directory.user': cancel,
    });
    expect(asked).toEqual(['directory.by', 'directory.host', 'directory.user']);
  });

  test('a wrong password: the right one then leads on', async () => {
    const server = await listening(await openForest(more, { accounts: [...accounts] }));
    const { status, stdout, stderr, asked } = await ask(
      { 'directory.password': inTurn('s3cret', 'S3cret') },
      ...['--server', server, '--tls', 'none', '--dns', await startDnsServer({})],
      ...['--user', 'Administrator@corp.example.com', '--days', '180', '--dry-run'],
    );
    expect(asked).toEqual(['directory.password', 'directory.password']);
    expect(stdout).toContain('wrong user name or password');
    expect(`${stdout}${stderr}`).not.toMatch(/s3cret/i);
    expect(status).toBe(2);
  });

  test('an answer that a flag gave is not asked for again: the run ends', async () => {
    const { status, asked } = await ask(
      { 'directory.user': 'me', 'directory.password': 'S3cret' },
      ...['--server', '127.0.0.1:1'],
    );
    expect([status, asked]).toEqual([1, ['directory.user', 'directory.password']]);
  });
});

describe('the question which user to log on as', () => {
  const windows = {
    platform: 'win32',
    env: { USERDNSDOMAIN: 'CORP.EXAMPLE.COM', USERDOMAIN: 'CORP', USERNAME: 'jane' },
  } as const;
  const ticket = { isCallable: async () => true, ticketOwner: async () => 'jane@CORP.EXAMPLE.COM' };

  /** What a wizard asks up to the name of the server, with the choices of its first question. */
  async function questions(world: Partial<Context>, ...args: readonly string[]) {
    const prompter = answering({
      'directory.auth': byDefault,
      'directory.by': 'server',
      'directory.host': cancel,
      'directory.user': cancel,
    });
    const choices: (readonly [label: string, disabled: string | undefined])[] = [];
    const select: typeof prompter.select = (question) => {
      if (question.id === 'directory.auth')
        choices.push(...question.choices.map(({ label, disabled }) => [label, disabled] as const));
      return prompter.select(question);
    };
    await runCommand(tombstone, args, {
      currentFolder: await freshFolder(),
      prompter: { ...prompter, select },
      ...world,
    });
    return { asked: prompter.asked, choices };
  }

  test('is the first one on a Windows computer of a domain, and offers the user who is logged on', async () => {
    const { asked, choices } = await questions(windows);
    expect(asked).toEqual(['directory.auth', 'directory.by', 'directory.host']);
    expect(choices).toEqual([
      ['CORP\\jane (you)', undefined],
      ['another user', undefined],
    ]);
  });

  test('is the first one elsewhere if kinit left a ticket, and offers its owner', async () => {
    const { asked, choices } = await questions({ ownLogon: ticket });
    expect(asked[0]).toBe('directory.auth');
    expect(choices[0]).toEqual(['jane@CORP.EXAMPLE.COM (your ticket)', undefined]);
  });

  test('preselects the own user: Enter asks for no user name and logs on by the integrated logon', async () => {
    const { asked } = await questions({ ownLogon: ticket }, '--server', '127.0.0.1:1');
    expect(asked).toEqual(['directory.auth']);
  });

  test('says what is missing if this Node cannot call the security library, and preselects the other user', async () => {
    const ownLogon = { isCallable: async () => false, ticketOwner: async () => undefined };
    const { asked, choices } = await questions({ ...windows, ownLogon }, '--server', '127.0.0.1:1');
    expect(choices[0]).toEqual([
      'CORP\\jane (you)',
      'needs Node 26, or: npx --package adsi-remedy --package koffi adsi-remedy',
    ]);
    expect(asked).toEqual(['directory.auth', 'directory.user']);
  });

  test.each<[string, Partial<Context>, readonly string[]]>([
    ['on a Windows computer without a domain', { platform: 'win32' }, []],
    ['elsewhere without a ticket', {}, []],
    ['if --auth says it', windows, ['--auth', 'password']],
    ['if --user names the user', windows, ['--user', 'kim@corp.example.com']],
    ['if --tls says that it is a password', windows, ['--tls', 'starttls']],
    ['if a --ca says that it is a password', windows, ['--ca', 'ca.pem']],
  ])('is not asked %s', async (_, world, args) => {
    const { asked } = await questions(world, ...args);
    expect(asked).toEqual(['directory.by', 'directory.host']);
  });

  test('is not asked in a script: the default is a password, whatever ticket there is', async () => {
    const world = { currentFolder: await freshFolder(), ownLogon: ticket };
    const { status, stderr } = await runCommand(tombstone, ['--days', '180', '--server', '127.0.0.1:1'], world);
    expect([status, stderr]).toEqual([64, expect.stringContaining('--user')]);
  });
});
