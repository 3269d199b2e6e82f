/** From flags, questions or a saved plan to an open directory: which domain controller, as whom, and how to trust it. */

import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isIP, isIPv6 } from 'node:net';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { type Forest, isHostOfForest, readForest } from '../ad/forest.ts';
import { type LocatedServer, locateServers } from '../ad/locate.ts';
import type { PlanConnection } from '../change/plan.ts';
import { BackError, DirectoryError, LogonError, UntrustedError, UsageError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import { connectByDns, isDnsServer, ldapConnector } from '../ldap/connector.ts';
import { resultCode } from '../ldap/diagnostics.ts';
import {
  type Connector,
  type DirectorySession,
  type IntegratedLogon,
  type PasswordLogon,
  protectionInWords,
  type ServerAddress,
  type TlsMode,
} from '../ldap/session.ts';
import { askingAgain } from '../terminal/prompter.ts';
import { visible } from '../terminal/visible.ts';
import { pastedPath, withAsciiForm } from '../words.ts';
import type { DirectoryFlags } from './command-flags.ts';
import type { Context, OpenDirectory } from './context.ts';
import { type Output, troubleLines } from './output.ts';

/** What a saved plan says of its directory. A plan comes from someone else: what it names is not trusted. */
export interface SavedDirectory {
  readonly connection: PlanConnection;
  /** The change folder of the plan. */
  readonly folder: string;
  /** Whether --seal says that this very plan was approved. */
  readonly isApproved: boolean;
  readonly mayAsk: boolean;
}

/** Whether any flag says which directory. */
function namesDirectory(flags: DirectoryFlags): boolean {
  return [flags.server, flags.domain, flags.practice].some((named) => named !== undefined) || flags.ldif.length > 0;
}

/**
 * Opens the directory that the flags name, else the one that a saved plan was made on, else the practice forest that is
 * open, else the one that the user names.
 * @throws UsageError for flags that don't fit together, a missing answer, or a plan's directory that this run does not
 * name and --seal does not approve; DirectoryError if it can't be reached
 */
export async function openDirectory(
  flags: DirectoryFlags,
  context: Context,
  output: Output,
  saved?: SavedDirectory,
): Promise<OpenDirectory> {
  checkFlags(flags);
  if (flags.ldif.length > 0)
    return openExport(
      flags.ldif.map((file) => path.resolve(context.currentFolder, file)),
      context,
    );
  if (flags.practice !== undefined) return openPractice(path.resolve(context.currentFolder, flags.practice), context);
  if (!namesDirectory(flags)) {
    const connection = saved?.connection;
    if (saved !== undefined && connection?.kind === 'ldif') {
      await requireApproval(saved, `the export ${connection.files.join(', ')}`, '--ldif FILE', output);
      return openExport(connection.files, context);
    }
    if (context.directory !== undefined && (saved === undefined || connection?.kind === 'practice'))
      return context.directory();
    if (saved !== undefined && connection?.kind === 'practice') return openPracticeAround(saved.folder, context);
  }
  return openServer(flags, context, output, saved);
}

/**
 * Lets a plan's own server or file be used only if --seal approves the plan, or the user says so.
 * @throws UsageError where neither is possible
 */
async function requireApproval(
  { isApproved, mayAsk }: SavedDirectory,
  what: string,
  flag: string,
  output: Output,
): Promise<void> {
  if (isApproved) return;
  const named = visible(what);
  if (mayAsk) {
    const prompter = await output.prompter();
    const goesOn = await prompter.confirm({
      id: 'directory.of-plan',
      message: `The plan names ${named}. Use it?`,
      flag: `${flag}, or --seal`,
    });
    if (goesOn) return;
  }
  throw misuse(
    named,
    'only the plan names it, and a plan that was handed over is not believed',
    `Name it again with ${flag}, or approve the plan with --seal and the seal of its review. Nothing was sent.`,
  );
}

function misuse(on: string, cameBack: string, next: string): UsageError {
  return new UsageError({ attempted: 'choose the directory', on, cameBack, next });
}

/** What an export and a practice site have no use for. */
const connectionFlags = ['auth', 'server', 'domain', 'tls', 'ca', 'tls-name', 'dns', 'user', 'password-stdin'] as const;

const isGiven = (value: string | boolean | undefined): boolean => value !== undefined && value !== false;

function checkFlags(flags: DirectoryFlags): void {
  if (flags.ldif.length > 0) {
    const other = connectionFlags.find((name) => isGiven(flags[name]));
    if (other !== undefined) {
      throw misuse(`--ldif with --${other}`, 'an export needs no connection', 'Give --ldif FILE alone.');
    }
  }
  if (flags.practice !== undefined) {
    const other = flags.ldif.length > 0 ? 'ldif' : connectionFlags.find((name) => isGiven(flags[name]));
    if (other !== undefined) {
      throw misuse(`--practice with --${other}`, 'a practice site is no real directory', 'Give one of them.');
    }
  }
  if (flags.server !== undefined && flags.domain !== undefined) {
    throw misuse('--server with --domain', 'each of them says which server', 'Give one of them.');
  }
  if (flags.dns !== undefined) requireDnsServer(flags.dns, `--dns ${flags.dns}`);
}

function requireDnsServer(dns: string, named: string): void {
  if (isDnsServer(dns)) return;
  throw misuse(named, 'it is no IP address', 'Give for example --dns 192.0.2.53 or --dns 192.0.2.53:53.');
}

async function openExport(files: readonly string[], context: Context): Promise<OpenDirectory> {
  const { openExportDirectory } = await import('./embedded-directory.ts');
  return openExportDirectory(files, context);
}

/** The practice site that the change folder lies in; what the plan says of a place is not followed. */
async function openPracticeAround(changeFolder: string, context: Context): Promise<OpenDirectory> {
  const { openPracticeDirectory, practiceSiteAround } = await import('./embedded-directory.ts');
  const site = await practiceSiteAround(changeFolder);
  if (site !== undefined) return openPracticeDirectory(site, context);
  throw misuse(
    changeFolder,
    'the plan is for a practice site, and the change folder does not lie in one',
    'Name the practice site with --practice DIR, or move the change folder back into it.',
  );
}

/** The practice site in a folder that the flag names. */
async function openPractice(site: string, context: Context): Promise<OpenDirectory> {
  const { isPracticeSite, openPracticeDirectory } = await import('./embedded-directory.ts');
  if (await isPracticeSite(site)) return openPracticeDirectory(site, context);
  throw misuse(
    site,
    'there is no practice site in that folder',
    'Give with --practice the folder that adsi-remedy practice printed; adsi-remedy practice DIR lays one out.',
  );
}

/** Which DC, before anyone has logged on to it. */
interface ChosenServer {
  readonly host: string;
  readonly port: number;
}

type SavedServer = Extract<PlanConnection, { kind: 'server' }>;

/** How to reach a directory and log on to it, before anything is sent there. */
interface ChosenConnection {
  /** The first to try first. */
  readonly candidates: readonly [ChosenServer, ...ChosenServer[]];
  readonly wire: Wire;
  readonly bind: Logon;
}

/**
 * Chooses by the flags, the plan and the answers; Escape goes back among these questions.
 * @param asksForCa whether the certificate was not trusted before
 */
async function chooseConnection(
  flags: DirectoryFlags,
  context: Context,
  output: Output,
  saved: SavedDirectory | undefined,
  asksForCa: boolean,
): Promise<ChosenConnection> {
  const planned = saved?.connection.kind === 'server' ? saved.connection : undefined;
  const usesPlan = planned !== undefined && !namesDirectory(flags);
  // What protects the password comes from this run; a plan whose server this run did not name adds nothing to that.
  const trusted = usesPlan ? planned : undefined;
  const auth = await chooseAuth(flags, planned, context, output);
  const tls = auth === 'integrated' ? 'none' : readTlsMode(flags.tls, planned);
  const isPlannedWire = planned?.auth === auth && planned.tls === tls;
  const named = trusted === undefined || isPlannedWire ? trusted : { ...trusted, port: defaultPort[tls] };
  const candidates = await chooseServers(flags, defaultPort[tls], context, output, named);
  const ca = flags.ca ?? (asksForCa && auth === 'password' ? await askCa(context, output) : undefined);
  const caFile = ca === undefined ? undefined : path.resolve(context.currentFolder, ca);
  const wire: Wire = { auth, tls, ...(caFile === undefined ? {} : { caFile }), ...namesFor(flags, trusted) };
  const [first] = candidates;
  if (saved !== undefined && trusted !== undefined)
    await requireApproval(saved, `the server ${peerInWords(first, wire)}`, '--server HOST', output);
  output.tell(`  ${visible(`Server ${peerInWords(first, wire)}`)}`);
  return { candidates, wire, bind: await chooseLogon(auth, flags, planned, context, output) };
}

/** A server that has taken the logon. */
interface Connected extends Omit<ChosenConnection, 'candidates'> {
  readonly connector: Connector;
  readonly session: DirectorySession;
  readonly chosen: ChosenServer;
}

async function connect(
  flags: DirectoryFlags,
  context: Context,
  output: Output,
  saved: SavedDirectory | undefined,
  asksForCa = false,
): Promise<Connected> {
  const { candidates, wire, bind } = await chooseConnection(flags, context, output, saved, asksForCa);
  const { tls, caFile, tlsName, dns } = wire;
  const connector = ldapConnector({
    tls,
    ...(caFile === undefined ? {} : { ca: await readCa(caFile), caFile }),
    bind,
    ...(dns === undefined ? {} : { createConnection: connectByDns(dns) }),
  });
  return { wire, bind, connector, ...(await openFirst(candidates, tlsName, connector)) };
}

/**
 * The question whose answer a failed connection casts doubt on: of a refused logon the password, else as whom; of a server
 * that was not reached which one, else the domain that DNS named it for; of a certificate that is not trusted its
 * authority, which is asked for before the user. Undefined if flags gave it.
 */
function doubtfulAnswer(error: DirectoryError, answered: readonly string[]): string | undefined {
  if (error instanceof UntrustedError) {
    const next = ['directory.ca', 'directory.user', 'directory.password'].find((id) => answered.includes(id));
    if (next !== undefined) return next;
  }
  const isLogon = error instanceof LogonError || error.resultCode === resultCode.invalidCredentials;
  const questions = isLogon
    ? ['directory.password', 'directory.user', 'directory.auth']
    : ['directory.server', 'directory.host', 'directory.domain'];
  return questions.find((id) => answered.includes(id));
}

/** Connects by the flags and the answers; at a terminal a failure is shown, and the answer that led to it is asked again. */
async function connectAsking(
  flags: DirectoryFlags,
  context: Context,
  output: Output,
  saved: SavedDirectory | undefined,
): Promise<Connected> {
  if (!output.canAsk || output.isJson) return connect(flags, context, output, saved);
  let asksForCa = false;
  return askingAgain(
    await output.prompter(),
    (again) => connect(flags, context, { ...output, prompter: async () => again }, saved, asksForCa),
    (error, answered) => {
      if (!(error instanceof DirectoryError)) return undefined;
      const question = doubtfulAnswer(error, answered);
      if (question === undefined) return undefined;
      asksForCa ||= error instanceof UntrustedError;
      for (const line of troubleLines(error.trouble, output.style)) output.say(line);
      return question;
    },
  );
}

async function openServer(
  flags: DirectoryFlags,
  context: Context,
  output: Output,
  saved: SavedDirectory | undefined,
): Promise<OpenDirectory> {
  const { wire, bind, connector, session, chosen } = await connectAsking(flags, context, output, saved);
  const { auth, tls, caFile, tlsName, dns } = wire;
  if (session.identity.sealed !== undefined)
    output.tell(`  ${visible(`Logged on: ${protectionInWords(session.identity)}`)}`);
  const address = addressed(chosen, tlsName);
  let forest: Promise<Forest> | undefined;
  // The same credentials go to other servers only if the forest's own DNS names cover them.
  const openOther = async (host: string): Promise<DirectorySession> => {
    if (host.toLowerCase() === chosen.host.toLowerCase()) return connector.open(address);
    forest ??= readForest(session);
    requireInForest(host, await forest);
    return connector.open({ host });
  };
  return {
    session,
    caFile,
    connection: {
      kind: 'server',
      ...chosen,
      auth,
      tls,
      ...(tlsName === undefined ? {} : { tlsName }),
      ...(dns === undefined ? {} : { dns }),
      ...(bind.auth === 'password' ? { user: bind.user } : {}),
    },
    isExport: false,
    reopen: () => connector.open(address),
    openOther,
    openGlobalCatalog: () => openGlobalCatalog(session, address, connector),
    close: () => session.close(),
  };
}

type Auth = 'integrated' | 'password';

/** How the wire to a server is protected. */
interface Wire {
  readonly auth: Auth;
  readonly tls: TlsMode;
  readonly caFile?: string;
  readonly tlsName?: string;
  /** The DNS server that is asked for addresses, if not this computer's. */
  readonly dns?: string;
}

/** The names that this run gives, else those of a plan whose server is used. */
function namesFor(flags: DirectoryFlags, trusted: SavedServer | undefined): Pick<Wire, 'tlsName' | 'dns'> {
  const tlsName = flags['tls-name'] ?? trusted?.tlsName;
  const dns = flags.dns ?? trusted?.dns;
  if (dns !== undefined) requireDnsServer(dns, `the DNS server ${dns} of the plan`);
  return { ...(tlsName === undefined ? {} : { tlsName }), ...(dns === undefined ? {} : { dns }) };
}

/** Who gets the credentials, and what protects them on the way: all of it, as the user may have to decide on it. */
function peerInWords(server: ChosenServer, wire: Wire): string {
  const names = isIP(server.host) === 0 ? 'its address' : 'the names of others';
  const address = wire.dns === undefined ? '' : `, ${names} from the DNS server ${wire.dns}`;
  return `${withAsciiForm(server.host, serverInWords(server))}, ${wireInWords(wire)}${address}`;
}

/** As --server takes it. */
export function serverInWords({ host, port }: ChosenServer): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** "LDAPS, certificate checked against the authorities that this computer trusts" */
function wireInWords({ auth, tls, caFile, tlsName }: Wire): string {
  if (auth === 'integrated') {
    const service = tlsName === undefined ? '' : ` for the name ${withAsciiForm(tlsName)}`;
    return `signed and encrypted by Kerberos${service}`;
  }
  if (tls === 'none') return 'WITHOUT ENCRYPTION: the password and all data cross the network in the clear';
  const authorities = caFile ?? 'the authorities that this computer trusts';
  const name = tlsName === undefined ? '' : ` for the name ${withAsciiForm(tlsName)}`;
  return `${tls === 'ldaps' ? 'LDAPS' : 'StartTLS'}, certificate checked${name} against ${authorities}`;
}

/**
 * --auth; else a password if --tls or --ca asks for TLS; else as the plan was made; else in the wizard what the user says,
 * in a script a password.
 * @throws UsageError for another kind, and for integrated together with TLS
 */
async function chooseAuth(
  flags: DirectoryFlags,
  planned: SavedServer | undefined,
  context: Context,
  output: Output,
): Promise<Auth> {
  const { auth } = flags;
  if (auth !== undefined && auth !== 'integrated' && auth !== 'password') {
    throw misuse(`--auth ${auth}`, 'there is no such kind', 'Give --auth integrated or --auth password (the default).');
  }
  if (auth === 'integrated') {
    const idle = (['tls', 'ca'] as const).find((name) => flags[name] !== undefined);
    if (idle !== undefined) {
      throw misuse(
        `--auth integrated with --${idle}`,
        'the integrated logon encrypts every message itself, on the port without TLS',
        `Leave out --${idle}, or give --auth password.`,
      );
    }
    return auth;
  }
  if (auth !== undefined) return auth;
  if (flags.tls !== undefined || flags.ca !== undefined) return 'password';
  if (planned !== undefined) return planned.auth;
  if (flags.user !== undefined || flags['password-stdin'] || !output.canAsk || output.isJson) return 'password';
  const own = await ownUser(context);
  if (own === undefined) return 'password';
  const prompter = await output.prompter();
  return prompter.select<Auth>({
    id: 'directory.auth',
    message: 'Log on as',
    flag: '--auth integrated',
    choices: [
      {
        value: 'integrated',
        label: own,
        hint: 'signed and encrypted by Kerberos; no password, no certificate needed',
        ...((await context.ownLogon.isCallable())
          ? {}
          : { disabled: 'needs Node 26, or: npx --package adsi-remedy --package koffi adsi-remedy' }),
      },
      { value: 'password', label: 'another user', hint: 'with a password, over LDAPS or StartTLS' },
    ],
  });
}

/**
 * "CORP\jane (you)" on Windows in a domain, "jane@CORP.EXAMPLE.COM (your ticket)" where kinit left one; undefined
 * elsewhere.
 */
async function ownUser({ env, platform, ownLogon }: Context): Promise<string | undefined> {
  if (platform === 'win32') {
    const domain = env['USERDNSDOMAIN'];
    return domain === undefined ? undefined : `${env['USERDOMAIN'] ?? domain}\\${env['USERNAME'] ?? ''} (you)`;
  }
  const owner = await ownLogon.ticketOwner();
  return owner === undefined ? undefined : `${owner} (your ticket)`;
}

type Logon = PasswordLogon | IntegratedLogon;

async function chooseLogon(
  auth: Auth,
  flags: DirectoryFlags,
  planned: SavedServer | undefined,
  context: Context,
  output: Output,
): Promise<Logon> {
  if (auth === 'integrated') {
    const { user } = flags;
    if (user !== undefined) return { auth, as: { user, password: await readPassword(flags, user, context, output) } };
    if (!flags['password-stdin']) return { auth };
    throw misuse(
      'the integrated logon with --password-stdin',
      'without --user it logs on as the user of this computer, and no password is used',
      'Give --user NAME for that password, or leave out --password-stdin. Nothing was sent.',
    );
  }
  const user = flags.user ?? planned?.user ?? (await askUser(output));
  return { auth, user, password: await readPassword(flags, user, context, output) };
}

/** @throws DirectoryError if credentials would go to a host outside the forest's DNS names */
function requireInForest(host: string, forest: Forest): void {
  if (isHostOfForest(forest, host)) return;
  const roots = forest.namingContexts.flatMap(({ dnsName }) => dnsName ?? []);
  throw new DirectoryError({
    attempted: 'log on to another domain controller',
    on: host,
    cameBack: `the name is not below a DNS name of this forest (${roots.join(', ')}), so the credentials were not sent`,
    next: 'If it is a domain controller of the forest, name it with --server.',
  });
}

function addressed(chosen: ChosenServer, tlsName: string | undefined): ServerAddress {
  return { ...chosen, ...(tlsName === undefined ? {} : { tlsName }) };
}

/**
 * The first that can be reached. One that answers and says no, to the password for example, is not passed over; nor is a
 * logon that failed on this computer.
 */
async function openFirst(
  [chosen, ...others]: readonly [ChosenServer, ...ChosenServer[]],
  tlsName: string | undefined,
  connector: Connector,
): Promise<{ readonly session: DirectorySession; readonly chosen: ChosenServer }> {
  try {
    return { session: await connector.open(addressed(chosen, tlsName)), chosen };
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined || !(error instanceof DirectoryError)) throw error;
    if (error.resultCode !== undefined || error instanceof LogonError) throw error;
    return openFirst([next, ...rest], tlsName, connector);
  }
}

/** No encryption has to be asked for in this run, whatever a plan says. */
function readTlsMode(given: string | undefined, planned: SavedServer | undefined): TlsMode {
  if (given === undefined && planned?.tls === 'none') {
    throw misuse(
      'the plan',
      'it was made over a connection without encryption, and this run does not ask for that',
      'Give --tls ldaps, --tls starttls or --auth integrated; or --tls none, if the password may cross the network in the clear. Nothing was sent.',
    );
  }
  const tls = given ?? planned?.tls ?? 'ldaps';
  if (tls === 'ldaps' || tls === 'starttls' || tls === 'none') return tls;
  throw misuse(
    `--tls ${tls}`,
    'there is no such kind',
    'Give --tls ldaps (the default), --tls starttls or --tls none.',
  );
}

export const defaultPort: Readonly<Record<TlsMode, number>> = { ldaps: 636, starttls: 389, none: 389 };

/** HOST or HOST:PORT, or why it is neither. */
function serverIn(
  given: string,
  otherwise: number,
): ChosenServer | { readonly problem: string; readonly next: string } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(given) ?? [];
  const host = bracketed ?? plain ?? (isIPv6(given) ? given : undefined);
  if (bracketed === undefined && isIPv6(given) && /:(389|636|3268|3269)$/.test(given)) {
    const at = given.lastIndexOf(':');
    return {
      problem: 'it is an IPv6 address, and its end reads like a port',
      next: `Put the address in brackets: [${given.slice(0, at)}]:${given.slice(at + 1)}, or [${given}] if all of it is the address.`,
    };
  }
  const number = port === undefined ? otherwise : Number(port);
  if (host !== undefined && number > 0 && number < 65_536) return { host, port: number };
  return {
    problem: 'it is not of the form HOST or HOST:PORT',
    next: 'Give for example dc1.corp.example.com or dc1:636; an IPv6 address with a port as [2001:db8::1]:636.',
  };
}

function readServer(given: string, otherwise: number): ChosenServer {
  const read = serverIn(given, otherwise);
  if ('host' in read) return read;
  throw misuse(`--server ${given}`, read.problem, read.next);
}

/** The server that was named; of those that DNS names the one that the user picks, else all, the first to try first. */
async function chooseServers(
  flags: DirectoryFlags,
  port: number,
  context: Context,
  output: Output,
  planned: SavedServer | undefined,
): Promise<readonly [ChosenServer, ...ChosenServer[]]> {
  if (flags.server !== undefined) return [readServer(flags.server, port)];
  if (planned !== undefined) {
    return [{ host: planned.host, port: planned.port }];
  }
  const named = flags.domain === undefined ? await askServerOrDomain(port, context, output) : { domain: flags.domain };
  if ('server' in named) return [readServer(named.server, port)];
  const servers = await locateServers(named.domain, {
    random: Math.random,
    ...(flags.dns === undefined ? {} : { resolver: flags.dns }),
  });
  const [first, ...others] = await pickDomainControllers(
    await withinDomain(servers, named.domain, output, flags.domain === undefined),
    context,
    output,
  );
  const onPort = (host: string): ChosenServer => ({ host, port });
  return [onPort(first), ...others.map(onPort)];
}

/**
 * DNS answers may be forged: a target outside the domain is named and asked about, and never logged on to silently.
 *
 * @param isAsked whether the domain is the answer to a question
 * @throws UsageError if no target is left; BackError to that question
 */
async function withinDomain(
  servers: readonly LocatedServer[],
  domain: string,
  output: Output,
  isAsked: boolean,
): Promise<readonly LocatedServer[]> {
  const suffix = `.${domain.toLowerCase().replace(/\.$/, '')}`;
  const inside = servers.filter(({ host }) => host.endsWith(suffix));
  const outside = servers.filter(({ host }) => !host.endsWith(suffix)).map(({ host }) => host);
  if (outside.length === 0) return inside;
  const names = visible(outside.join(', '));
  output.tell(`  ${output.style.warning('Outside the domain:')} DNS also names ${names}.`);
  if (inside.length > 0) return inside;
  if (output.canAsk && !output.isJson) {
    const prompter = await output.prompter();
    const goesOn = await prompter.confirm({
      id: 'directory.outside-domain',
      message: `DNS names only ${names} for ${domain}, which is outside the domain. Log on there?`,
      flag: '--server HOST',
    });
    if (goesOn) return servers;
    if (isAsked) throw new BackError('directory.domain');
  }
  throw misuse(
    names,
    `DNS names it for ${domain}, and it is outside that domain: the password was not sent`,
    'If it is a domain controller of the domain, name it with --server.',
  );
}

/** A DC by its name, or a domain whose DCs DNS names. A domain has no port, and its name resolves as one. */
async function askServerOrDomain(
  port: number,
  context: Context,
  output: Output,
): Promise<{ readonly server: string } | { readonly domain: string }> {
  const prompter = await output.prompter();
  const own = context.env['USERDNSDOMAIN']?.toLowerCase();
  const by = await prompter.select<'domain' | 'server'>({
    id: 'directory.by',
    message: 'How is the directory reached?',
    flag: '--server HOST or --domain NAME',
    choices: [
      { value: 'domain', label: 'By domain name', hint: 'its domain controllers are found by DNS' },
      { value: 'server', label: 'By the name of a domain controller' },
    ],
  });
  if (by === 'server') {
    const server = await prompter.input({
      id: 'directory.host',
      message: 'Which domain controller?',
      flag: '--server HOST',
      validate: (text) => {
        if (text.trim() === '') return 'Give a name like dc1.corp.example.com.';
        const read = serverIn(text.trim(), port);
        return 'host' in read ? undefined : read.next;
      },
    });
    return { server: server.trim() };
  }
  const domain = await prompter.input({
    id: 'directory.domain',
    message: 'Which domain?',
    flag: '--domain NAME',
    ...(own === undefined ? {} : { initial: own }),
    validate: (text) => (text.trim() === '' ? 'Give a DNS name like corp.example.com.' : undefined),
  });
  return { domain: domain.trim() };
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

/** The file of the authority to trust; undefined for those that this computer trusts. */
async function askCa({ currentFolder }: Context, output: Output): Promise<string | undefined> {
  const prompter = await output.prompter();
  const file = await prompter.input({
    id: 'directory.ca',
    message: 'File with the certificate of its authority, PEM or DER (empty: trust what this computer trusts)',
    flag: '--ca FILE',
    validate: (typed) => {
      const named = path.resolve(currentFolder, pastedPath(typed));
      return pastedPath(typed) === '' || statSync(named, { throwIfNoEntry: false })?.isFile() === true
        ? undefined
        : `There is no file ${named}.`;
    },
  });
  return pastedPath(file) === '' ? undefined : pastedPath(file);
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
    ? (await readAll(context.stdin)).replace(/\r?\n[\s\S]*$/, '')
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
  const forest = await readForest(session);
  for (const { isGlobalCatalog, dnsHostName } of forest.domainControllers) {
    if (!isGlobalCatalog || dnsHostName === undefined) continue;
    try {
      requireInForest(dnsHostName, forest);
      return await connector.open({ host: dnsHostName, port });
    } catch (error) {
      // The next one may answer; the caller reports that none did.
      if (!(error instanceof DirectoryError)) throw error;
    }
  }
  return undefined;
}
