/** Connects to a domain controller and logs on to it: as which user, and by which authority the server is trusted. */

import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { type Forest, isHostOfForest, readForest } from '../ad/forest.ts';
import type { PlanConnection } from '../change/plan.ts';
import { DirectoryError, LogonError, type Trouble, UntrustedError, UsageError } from '../errors.ts';
import { errnoInWords } from '../files/system-errors.ts';
import { connectByDns, ldapConnector } from '../ldap/connector.ts';
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
import { visible } from '../terminal/text-layout.ts';
import { pastedPath } from '../words.ts';
import {
  type Auth,
  type ChosenServer,
  chooseServers,
  defaultPort,
  misuse,
  namesFor,
  peerInWords,
  readTlsMode,
  type ServerConnection,
  type Wire,
} from './choose-server.ts';
import type { DirectoryFlags } from './command-flags.ts';
import type { Context, OpenDirectory } from './context.ts';
import { type Output, troubleLines } from './output.ts';

/** Who approved the names in a saved plan. A plan may come from someone else and is not trusted without approval. */
export interface Approval {
  /** Whether --seal approves exactly this plan. */
  readonly isApproved: boolean;
  readonly mayAsk: boolean;
}

/** The directory of a saved plan. */
export interface SavedDirectory extends Approval {
  readonly connection: PlanConnection;
  /** The change folder of the plan. */
  readonly folder: string;
}

/** Whether any flag says which directory. */
export function namesDirectory(flags: DirectoryFlags): boolean {
  return [flags.server, flags.domain, flags.practice].some((named) => named !== undefined) || flags.ldif.length > 0;
}

/**
 * Connects to a server and logs on to it, by the flags, the plan and the answers. At a terminal a failure is shown, and the
 * answer that led to it is asked again.
 * @throws UsageError for flags that don't fit together or a missing answer; DirectoryError if no server takes the logon
 */
export async function openServer(
  flags: DirectoryFlags,
  context: Context,
  output: Output,
  saved: SavedDirectory | undefined,
): Promise<OpenDirectory> {
  if (!output.canAsk) return connect(flags, context, output, saved, false);
  let asksForCa = false;
  return askingAgain(
    output.prompter,
    (prompter) => connect(flags, context, { ...output, prompter }, saved, asksForCa),
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

/**
 * The question whose answer a failed connection casts doubt on: of a refused logon the password, else as whom; of a server
 * that was not reached which one, else the domain that DNS named it for; of a certificate that is not trusted its
 * authority, which is asked for before the user. Undefined if flags gave it.
 */
function doubtfulAnswer(error: DirectoryError, answered: readonly string[]): string | undefined {
  const trust = error instanceof UntrustedError ? ['directory.ca', 'directory.user', 'directory.password'] : [];
  const isLogon = error instanceof LogonError || error.resultCode === resultCode.invalidCredentials;
  const others = isLogon
    ? ['directory.password', 'directory.user', 'directory.auth']
    : ['directory.server', 'directory.host', 'directory.domain'];
  return [...trust, ...others].find((id) => answered.includes(id));
}

/** @param asksForCa whether the certificate was not trusted before */
async function connect(
  flags: DirectoryFlags,
  context: Context,
  output: Output,
  saved: SavedDirectory | undefined,
  asksForCa: boolean,
): Promise<OpenDirectory> {
  const { candidates, wire, bind } = await chooseConnection(flags, context, output, saved, asksForCa);
  const { auth, tls, caFile, tlsName, dns } = wire;
  const name = tlsName === undefined ? {} : { tlsName };
  const connector = ldapConnector({
    tls,
    ...(caFile === undefined ? {} : { ca: await readCa(caFile), caFile }),
    bind,
    ...(dns === undefined ? {} : { createConnection: connectByDns(dns) }),
  });
  const { session, chosen } = await openFirst(candidates, name, connector);
  if (session.identity.sealed !== undefined)
    output.report(`  ${visible(`Logged on: ${protectionInWords(session.identity)}`)}`);
  const address = { ...chosen, ...name };
  let forest: Promise<Forest> | undefined;
  return {
    session,
    caFile,
    connection: {
      kind: 'server',
      ...chosen,
      auth,
      tls,
      ...name,
      ...(dns === undefined ? {} : { dns }),
      ...(bind.auth === 'password' ? { user: bind.user } : {}),
    },
    isExport: false,
    reopen: () => connector.open(address),
    // The same credentials go to other servers only if the forest's own DNS names cover them.
    openOther: async (host) => {
      if (host.toLowerCase() === chosen.host.toLowerCase()) return connector.open(address);
      forest ??= readForest(session);
      requireInForest(host, await forest);
      return connector.open({ host });
    },
    openGlobalCatalog: () => openGlobalCatalog(session, address, connector),
    close: () => session.close(),
  };
}

/**
 * The first that can be reached. One that answers and says no, to the password for example, is not passed over; nor is a
 * logon that failed on this computer.
 */
async function openFirst(
  [chosen, ...others]: readonly [ChosenServer, ...ChosenServer[]],
  name: Pick<ServerAddress, 'tlsName'>,
  connector: Connector,
): Promise<{ readonly session: DirectorySession; readonly chosen: ChosenServer }> {
  try {
    return { session: await connector.open({ ...chosen, ...name }), chosen };
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined || !(error instanceof DirectoryError)) throw error;
    if (error.resultCode !== undefined || error instanceof LogonError) throw error;
    return openFirst([next, ...rest], name, connector);
  }
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

const globalCatalogPort: Readonly<Record<TlsMode, number>> = { ldaps: 3269, starttls: 3268, none: 3268 };

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
  // The protection of the password comes from this run; a plan whose server this run did not name has no influence.
  const trusted = usesPlan ? planned : undefined;
  const auth = await chooseAuth(flags, planned, context, output);
  const tls = auth === 'integrated' ? 'none' : readTlsMode(flags.tls, planned);
  const isPlannedWire = planned?.auth === auth && planned.tls === tls;
  const named = trusted === undefined || isPlannedWire ? trusted : { ...trusted, port: defaultPort[tls] };
  const candidates = await chooseServers(flags, defaultPort[tls], context, output, named);
  const ca = flags.ca ?? (asksForCa && auth === 'password' ? await askCa(context, output) : undefined);
  const caFile = ca === undefined ? undefined : path.resolve(context.currentFolder, ca);
  const wire: Wire = { auth, tls, caFile, ...namesFor(flags, trusted) };
  const [first] = candidates;
  if (saved !== undefined && trusted !== undefined)
    await requirePlanned(saved, `the server ${peerInWords(first, wire)}`, '--server HOST', output);
  output.report(`  ${visible(`Server ${peerInWords(first, wire)}`)}`);
  return { candidates, wire, bind: await chooseLogon(auth, flags, planned, context, output) };
}

/**
 * Lets a plan's own server or file be used only if --seal approves the plan, or the user says so.
 * @throws UsageError where neither is possible
 */
export async function requirePlanned(saved: SavedDirectory, what: string, flag: string, output: Output): Promise<void> {
  const named = visible(what);
  const question = { id: 'directory.of-plan', message: `The plan names ${named}. Use it?`, flag: `${flag}, or --seal` };
  const refusal = {
    attempted: 'choose the directory',
    on: named,
    cameBack: 'only the plan names it, and a plan from someone else is not trusted',
    next: `Name it again with ${flag}, or approve the plan with --seal and the seal of its review. Nothing was sent.`,
  };
  await requireApproval(saved, question, refusal, output);
}

/**
 * Lets what only a plan names be used: where --seal approves the plan, or the user says so.
 *
 * @param refusal what is said where neither does
 * @throws UsageError with it
 */
export async function requireApproval(
  { isApproved, mayAsk }: Approval,
  question: { readonly id: string; readonly message: string; readonly flag: string },
  refusal: Trouble,
  output: Output,
): Promise<void> {
  if (isApproved) return;
  if (mayAsk && (await output.prompter.confirm(question))) return;
  throw new UsageError(refusal);
}

/**
 * --auth; else a password if --tls or --ca asks for TLS; else as the plan was made; else in the wizard what the user says,
 * in a script a password.
 * @throws UsageError for another kind, and for integrated together with TLS
 */
async function chooseAuth(
  flags: DirectoryFlags,
  planned: ServerConnection | undefined,
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
  if (flags.user !== undefined || flags['password-stdin'] || !output.canAsk) return 'password';
  const own = await ownUser(context);
  if (own === undefined) return 'password';
  return output.prompter.select<Auth>({
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
  planned: ServerConnection | undefined,
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

async function askUser(output: Output): Promise<string> {
  const user = await output.prompter.input({
    id: 'directory.user',
    message: 'As which user? (admin@corp.example.com or CORP\\admin)',
    flag: '--user NAME or --auth integrated',
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
  return output.prompter.secret({
    id: 'directory.password',
    message: `Password of ${user}`,
    flag: '--password-stdin, or set ADSI_REMEDY_PASSWORD',
    validate: (text) => (text === '' ? 'Give the password.' : undefined),
  });
}

/** The file of the authority to trust; undefined for those that this computer trusts. */
async function askCa({ currentFolder }: Context, output: Output): Promise<string | undefined> {
  const file = await output.prompter.input({
    id: 'directory.ca',
    message:
      'File with the certificate of its authority, PEM or DER (empty: the authorities that this computer trusts)',
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
