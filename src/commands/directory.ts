/** From flags, questions or a saved plan to an open directory: which domain controller, as whom, and how to trust it. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { readForest } from '../ad/forest.ts';
import { type LocatedServer, locateServers } from '../ad/locate.ts';
import type { PlanConnection } from '../change/plan.ts';
import { DirectoryError, UsageError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import { connectByDns, isDnsServer, ldapConnector } from '../ldap/connector.ts';
import type { Connector, DirectorySession, ServerAddress, TlsMode } from '../ldap/session.ts';

import type { Context, OpenDirectory } from './context.ts';
import type { DirectoryFlags } from './directory-flags.ts';
import type { Output } from './output.ts';

/** Whether any flag says which directory. */
export function namesDirectory(flags: DirectoryFlags): boolean {
  return flags.server !== undefined || flags.domain !== undefined || flags.ldif.length > 0;
}

/**
 * Opens the directory that the flags name, else the one that a saved plan was made on, else the practice forest that is
 * open, else the one that the user names.
 * @throws UsageError for flags that don't fit together or a missing answer; DirectoryError if it can't be reached
 */
export async function openDirectory(
  flags: DirectoryFlags,
  context: Context,
  output: Output,
  saved?: PlanConnection,
): Promise<OpenDirectory> {
  checkFlags(flags);
  if (flags.ldif.length > 0)
    return openExport(
      flags.ldif.map((file) => path.resolve(context.currentFolder, file)),
      context,
    );
  if (!namesDirectory(flags)) {
    if (saved?.kind === 'ldif') return openExport(saved.files, context);
    if (saved?.kind === 'practice') return openPractice(saved.folder, context);
    if (saved === undefined && context.directory !== undefined) return context.directory();
  }
  return openServer(flags, context, output, saved?.kind === 'server' ? saved : undefined);
}

function misuse(on: string, cameBack: string, next: string): UsageError {
  return new UsageError({ attempted: 'choose the directory', on, cameBack, next });
}

/** What an export has no use for. */
const connectionFlags = ['server', 'domain', 'tls', 'ca', 'tls-name', 'dns', 'user', 'password-stdin'] as const;

function checkFlags(flags: DirectoryFlags): void {
  if (flags.ldif.length > 0) {
    const other = connectionFlags.find((name) => flags[name] !== undefined && flags[name] !== false);
    if (other !== undefined) {
      throw misuse(`--ldif with --${other}`, 'an export needs no connection', 'Give --ldif FILE alone.');
    }
  }
  if (flags.server !== undefined && flags.domain !== undefined) {
    throw misuse('--server with --domain', 'each of them says which server', 'Give one of them.');
  }
  if (flags.dns !== undefined && !isDnsServer(flags.dns)) {
    throw misuse(
      `--dns ${flags.dns}`,
      'it is no IP address',
      'Give for example --dns 192.0.2.53 or --dns 192.0.2.53:53.',
    );
  }
}

async function openExport(files: readonly string[], context: Context): Promise<OpenDirectory> {
  const { openExportDirectory } = await import('./embedded-directory.ts');
  return openExportDirectory(files, context);
}

async function openPractice(folder: string, context: Context): Promise<OpenDirectory> {
  const { openPracticeDirectory } = await import('./embedded-directory.ts');
  return openPracticeDirectory(folder, context);
}

/** Which DC, before anybody has logged on to it. */
interface ChosenServer {
  readonly host: string;
  readonly port: number;
}

type SavedServer = Extract<PlanConnection, { kind: 'server' }>;

async function openServer(
  flags: DirectoryFlags,
  context: Context,
  output: Output,
  saved: SavedServer | undefined,
): Promise<OpenDirectory> {
  const tls = readTlsMode(flags.tls, saved);
  if (tls === 'none') {
    output.tell(`  ${output.style.warning('Without TLS')} the password and all data cross the network in the clear.`);
  }
  const candidates = await chooseServers(flags, tls, context, output, saved);
  const user = flags.user ?? saved?.user ?? (await askUser(output));
  const caFile = flags.ca === undefined ? saved?.caFile : path.resolve(context.currentFolder, flags.ca);
  const tlsName = flags['tls-name'] ?? saved?.tlsName;
  const dns = flags.dns ?? saved?.dns;
  const access = {
    tls,
    ...(caFile === undefined ? {} : { ca: await readCa(caFile), caFile }),
    bind: { auth: 'password' as const, user, password: await readPassword(flags, user, context, output) },
    ...(dns === undefined ? {} : { createConnection: connectByDns(dns) }),
  };
  const connector = ldapConnector(access);
  const { session, chosen } = await openFirst(candidates, tlsName, connector);
  const address = addressed(chosen, tlsName);
  return {
    session,
    connection: {
      kind: 'server',
      ...chosen,
      tls,
      ...(caFile === undefined ? {} : { caFile }),
      ...(tlsName === undefined ? {} : { tlsName }),
      ...(dns === undefined ? {} : { dns }),
      user,
    },
    isExport: false,
    reopen: () => connector.open(address),
    openOther: (host) => connector.open({ host }),
    openGlobalCatalog: () => openGlobalCatalog(session, address, connector),
    close: () => session.close(),
  };
}

function addressed(chosen: ChosenServer, tlsName: string | undefined): ServerAddress {
  return { ...chosen, ...(tlsName === undefined ? {} : { tlsName }) };
}

/** The first that can be reached. One that answers and says no, to the password for example, is not passed over. */
async function openFirst(
  [chosen, ...others]: readonly [ChosenServer, ...ChosenServer[]],
  tlsName: string | undefined,
  connector: Connector,
): Promise<{ readonly session: DirectorySession; readonly chosen: ChosenServer }> {
  try {
    return { session: await connector.open(addressed(chosen, tlsName)), chosen };
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined || !(error instanceof DirectoryError) || error.resultCode !== undefined) throw error;
    return openFirst([next, ...rest], tlsName, connector);
  }
}

function readTlsMode(given: string | undefined, saved: SavedServer | undefined): TlsMode {
  const tls = given ?? saved?.tls ?? 'ldaps';
  if (tls === 'ldaps' || tls === 'starttls' || tls === 'none') return tls;
  throw misuse(
    `--tls ${tls}`,
    'there is no such kind',
    'Give --tls ldaps (the default), --tls starttls or --tls none.',
  );
}

const defaultPort: Readonly<Record<TlsMode, number>> = { ldaps: 636, starttls: 389, none: 389 };

function readServer(given: string, tls: TlsMode): ChosenServer {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(given) ?? [];
  const host = bracketed ?? plain;
  const number = port === undefined ? defaultPort[tls] : Number(port);
  if (host !== undefined && number > 0 && number < 65_536) return { host, port: number };
  throw misuse(
    `--server ${given}`,
    'it is not of the form HOST or HOST:PORT',
    'Give for example --server dc1.corp.example.com or --server dc1:636.',
  );
}

/** The server that was named; of those that DNS names the one that the user picks, else all, the first to try first. */
async function chooseServers(
  flags: DirectoryFlags,
  tls: TlsMode,
  context: Context,
  output: Output,
  saved: SavedServer | undefined,
): Promise<readonly [ChosenServer, ...ChosenServer[]]> {
  if (flags.server !== undefined) return [readServer(flags.server, tls)];
  if (flags.domain === undefined && saved !== undefined) {
    return [{ host: saved.host, port: flags.tls === undefined ? saved.port : defaultPort[tls] }];
  }
  const domain = flags.domain ?? (await askDomain(context, output));
  const servers = await locateServers(domain, {
    random: Math.random,
    ...(flags.dns === undefined ? {} : { resolver: flags.dns }),
  });
  const [first, ...others] = await pickDomainControllers(servers, context, output);
  const onPort = (host: string): ChosenServer => ({ host, port: defaultPort[tls] });
  return [onPort(first), ...others.map(onPort)];
}

async function askDomain(context: Context, output: Output): Promise<string> {
  const prompter = await output.prompter();
  const own = context.env['USERDNSDOMAIN']?.toLowerCase();
  const domain = await prompter.input({
    id: 'directory.domain',
    message: 'Which domain? Its domain controllers are found by DNS',
    flag: '--server HOST or --domain NAME',
    ...(own === undefined ? {} : { initial: own }),
    validate: (text) => (text.trim() === '' ? 'Give a DNS name like corp.example.com.' : undefined),
  });
  return domain.trim();
}

/** A global catalog first: it knows the recipients of the whole forest. The one that this computer logged on to before others. */
async function pickDomainControllers(
  servers: readonly LocatedServer[],
  context: Context,
  output: Output,
): Promise<readonly [string, ...string[]]> {
  const own = context.env['LOGONSERVER']?.replace(/^\\\\/, '').toLowerCase();
  const isOwn = (host: string): boolean => own !== undefined && host.split('.')[0] === own;
  const rank = ({ host, isGlobalCatalog }: LocatedServer): number =>
    (isGlobalCatalog === true ? 0 : 2) + (isOwn(host) ? 0 : 1);
  const controllers = servers.toSorted((one, other) => rank(one) - rank(other));
  const [first, ...others] = controllers;
  if (first === undefined) throw new RangeError('a located domain has a domain controller');
  if (!output.canAsk || others.length === 0) return [first.host, ...others.map(({ host }) => host)];
  const prompter = await output.prompter();
  const picked = await prompter.select({
    id: 'directory.server',
    message: 'Which domain controller? A global catalog (GC) also knows the recipients of the other domains',
    flag: '--server HOST',
    filterable: true,
    choices: controllers.map(({ host, isGlobalCatalog }) => ({
      value: host,
      label: host,
      hint: [isGlobalCatalog === true ? 'GC' : '', isOwn(host) ? 'you are logged on through it' : '']
        .filter((word) => word !== '')
        .join(', '),
    })),
  });
  return [picked];
}

async function askUser(output: Output): Promise<string> {
  const prompter = await output.prompter();
  const user = await prompter.input({
    id: 'directory.user',
    message: 'As which user? (admin@corp.example.com or CORP\\admin)',
    flag: '--user NAME',
    validate: (text) => (text.trim() === '' ? 'Give a user principal name or DOMAIN\\user.' : undefined),
  });
  return user.trim();
}

async function readPassword(flags: DirectoryFlags, user: string, context: Context, output: Output): Promise<string> {
  const password = flags['password-stdin']
    ? (await readAll(context.stdin)).replace(/\r?\n$/, '')
    : (context.env['ADSI_REMEDY_PASSWORD'] ?? (await askPassword(user, output)));
  if (password !== '') return password;
  throw misuse(
    'the password',
    'it is empty, and a bind with an empty password is anonymous',
    'Give the password of the user.',
  );
}

async function askPassword(user: string, output: Output): Promise<string> {
  const prompter = await output.prompter();
  return prompter.secret({
    id: 'directory.password',
    message: `Password of ${user}`,
    flag: '--password-stdin, or set ADSI_REMEDY_PASSWORD',
    validate: (text) => (text === '' ? 'Give the password.' : undefined),
  });
}

async function readCa(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError({
      attempted: 'read the certificate authority',
      on: file,
      cameBack: errnoInWords(error),
      next: "Give with --ca a PEM or DER file: the certificate of the authority that signed the domain controllers' certificates.",
      cause: error,
    });
  }
}

const globalCatalogPort: Readonly<Record<TlsMode, number>> = { ldaps: 3269, starttls: 3268, none: 3268 };

async function openGlobalCatalog(
  session: DirectorySession,
  address: ServerAddress,
  connector: Connector,
): Promise<DirectorySession | undefined> {
  const port = globalCatalogPort[session.identity.tls];
  if (session.rootDse.isGlobalCatalogReady === true) return connector.open({ ...address, port });
  const { domainControllers } = await readForest(session);
  for (const { isGlobalCatalog, dnsHostName } of domainControllers) {
    if (!isGlobalCatalog || dnsHostName === undefined) continue;
    try {
      return await connector.open({ host: dnsHostName, port });
    } catch (error) {
      // The next one may answer; that none did is the caller's to tell.
      if (!(error instanceof DirectoryError)) throw error;
    }
  }
  return undefined;
}
