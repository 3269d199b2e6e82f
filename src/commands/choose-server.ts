/** Which domain controller, and how the wire to it is protected: by flags, a saved plan, DNS and questions. */

import { isIP, isIPv6 } from 'node:net';
import { type LocatedServer, locateServers } from '../ad/locate.ts';
import type { PlanConnection } from '../change/plan.ts';
import { BackError, UsageError } from '../errors.ts';
import { isDnsServer } from '../ldap/connector.ts';
import { serverInWords, type TlsMode } from '../ldap/session.ts';
import { visible } from '../terminal/text-layout.ts';
import { withAsciiForm } from '../words.ts';
import type { DirectoryFlags } from './command-flags.ts';
import type { Context } from './context.ts';
import type { Output } from './output.ts';

/** Which DC, before anyone has logged on to it. */
export interface ChosenServer {
  readonly host: string;
  readonly port: number;
}

/** How a plan's server was reached. */
export type ServerConnection = Extract<PlanConnection, { kind: 'server' }>;

/** The named server; else the one that the user picks from DNS; else all that DNS names, in the order to try them. */
export async function chooseServers(
  flags: DirectoryFlags,
  port: number,
  context: Context,
  output: Output,
  planned: ServerConnection | undefined,
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

function readServer(given: string, otherwise: number): ChosenServer {
  const read = serverIn(given, otherwise);
  if ('host' in read) return read;
  throw misuse(`--server ${given}`, read.problem, read.next);
}

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
      problem: 'it is an IPv6 address whose end could also be a port',
      next: `Put the address in brackets: [${given.slice(0, at)}]:${given.slice(at + 1)}, or [${given}] if all of it is the address.`,
    };
  }
  const number = port === undefined ? otherwise : Number(port);
  if (host !== undefined && number > 0 && number < 65_536) return { host, port: number };
  return {
    problem: 'it does not have the form HOST or HOST:PORT',
    next: 'Give for example dc1.corp.example.com or dc1:636; an IPv6 address with a port as [2001:db8::1]:636.',
  };
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
  output.report(`  ${output.style.warning('Outside the domain:')} DNS also names ${names}.`);
  if (inside.length > 0) return inside;
  if (output.canAsk) {
    const goesOn = await output.prompter.confirm({
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
  const own = context.env['USERDNSDOMAIN']?.toLowerCase();
  const by = await output.prompter.select<'domain' | 'server'>({
    id: 'directory.by',
    message: 'How do you want to choose the domain controller?',
    flag: '--server HOST or --domain NAME',
    choices: [
      { value: 'domain', label: 'From a domain', hint: 'DNS finds its domain controllers' },
      { value: 'server', label: 'By its name' },
    ],
  });
  if (by === 'server') {
    const server = await output.prompter.input({
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
  const domain = await output.prompter.input({
    id: 'directory.domain',
    message: 'Which domain?',
    flag: '--domain NAME',
    ...(own === undefined ? {} : { initial: own }),
    validate: (text) => (text.trim() === '' ? 'Give a DNS name like corp.example.com.' : undefined),
  });
  return { domain: domain.trim() };
}

/**
 * A global catalog first: it knows the recipients of the whole forest. The one that this computer logged on to before
 * others.
 */
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
  const picked = await output.prompter.select({
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

/** As whom: the user of this computer, or one with a password. */
export type Auth = 'integrated' | 'password';

/** How the wire to a server is protected. */
export interface Wire {
  readonly auth: Auth;
  readonly tls: TlsMode;
  readonly caFile: string | undefined;
  readonly tlsName: string | undefined;
  /** The DNS server that is asked for addresses, if not this computer's. */
  readonly dns: string | undefined;
}

/** A connection without encryption must be requested in this run, whatever a plan says. */
export function readTlsMode(given: string | undefined, planned: ServerConnection | undefined): TlsMode {
  if (given === undefined && planned?.tls === 'none') {
    throw misuse(
      'the plan',
      'it was made over a connection without encryption, which this run does not allow',
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

/** The ports of LDAPS and LDAP. */
export const defaultPort: Readonly<Record<TlsMode, number>> = { ldaps: 636, starttls: 389, none: 389 };

/** The names that this run gives, else those of a plan whose server is used. */
export function namesFor(flags: DirectoryFlags, trusted: ServerConnection | undefined): Pick<Wire, 'tlsName' | 'dns'> {
  const tlsName = flags['tls-name'] ?? trusted?.tlsName;
  const dns = flags.dns ?? trusted?.dns;
  if (dns !== undefined) requireDnsServer(dns, `the DNS server ${dns} of the plan`);
  return { tlsName, dns };
}

/** @throws UsageError, about what `named` says, if it is no address of a DNS server */
export function requireDnsServer(dns: string, named: string): void {
  if (isDnsServer(dns)) return;
  throw misuse(named, 'it is not an IP address', 'Give for example --dns 192.0.2.53 or --dns 192.0.2.53:53.');
}

/** The server that gets the credentials and how they are protected, in full: the user may have to decide on it. */
export function peerInWords(server: ChosenServer, wire: Wire): string {
  const names = isIP(server.host) === 0 ? 'its address' : 'the names of others';
  const address = wire.dns === undefined ? '' : `, ${names} from the DNS server ${wire.dns}`;
  return `${withAsciiForm(server.host, serverInWords(server))}, ${wireInWords(wire)}${address}`;
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

/** Flags or a plan from which no directory can be chosen. */
export function misuse(on: string, cameBack: string, next: string): UsageError {
  return new UsageError({ attempted: 'choose the directory', on, cameBack, next });
}
