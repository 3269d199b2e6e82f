/**
 * Which server object a name means, and which names several bear: text that holds such a name does not say which of
 * them it means. They come of naming conflicts between DCs, whose loser (CNF) keeps the attributes of the winner, and
 * of machines that were installed twice.
 */

import { rdnOf, sameDn } from '../../ad/dn.ts';
import { SubjectMissingError, UsageError } from '../../errors.ts';
import { nearestName } from '../../nearest-name.ts';
import { distinct, listed } from '../../words.ts';
import type { ExchangeServer } from './organisation.ts';

/** The names of a server object by which only it can be meant; undefined where there is none. */
export interface OwnNames {
  readonly legacyExchangeDn: string | undefined;
  readonly fqdn: string | undefined;
  /** The short name. */
  readonly name: string | undefined;
}

/** A name of a server object that may mean another one. */
export interface SharedName {
  readonly kind: 'legacyExchangeDN' | 'FQDN' | 'name';
  readonly value: string;
  /** DNs of the others that bear it. */
  readonly bearers: readonly string[];
}

const kinds: Readonly<Record<SharedName['kind'], (server: ExchangeServer) => string | undefined>> = {
  legacyExchangeDN: ({ legacyExchangeDn }) => legacyExchangeDn,
  FQDN: ({ fqdn }) => fqdn,
  name: ({ name }) => name,
};

/**
 * The names that the server shares. One that lost a naming conflict is never meant where another bears the name: it
 * takes nothing from that one, and shares all with it.
 *
 * @param all every server object of the forest
 */
export function sharedNames(server: ExchangeServer, all: readonly ExchangeServer[]): readonly SharedName[] {
  const others = all.filter(({ dn, isConflict }) => dn !== server.dn && (server.isConflict || !isConflict));
  return (['legacyExchangeDN', 'FQDN', 'name'] as const).flatMap((kind) => {
    const value = kinds[kind](server);
    if (value === undefined) return [];
    const bearers = others.filter((other) => kinds[kind](other)?.toLowerCase() === value.toLowerCase());
    return bearers.length === 0 ? [] : [{ kind, value, bearers: bearers.map(({ dn }) => dn) }];
  });
}

/** What is left of its names when the shared ones are taken away. */
export function ownNames(server: ExchangeServer, shared: readonly SharedName[]): OwnNames {
  const own = (kind: SharedName['kind']): string | undefined =>
    shared.some((name) => name.kind === kind) ? undefined : kinds[kind](server);
  return { legacyExchangeDn: own('legacyExchangeDN'), fqdn: own('FQDN'), name: own('name') };
}

/** The DNs of all server objects that bear one of these names. */
export function bearersOf(shared: readonly SharedName[]): readonly string[] {
  return distinct(shared.flatMap(({ bearers }) => bearers));
}

/** Which server object is meant. */
export type Wanted = { readonly kind: 'name'; readonly name: string } | { readonly kind: 'dn'; readonly dn: string };

/**
 * The server of a name (short name or FQDN) or a DN.
 *
 * @param container where they were looked for, for the error
 * @throws SubjectMissingError if there is none; UsageError if there is more than one
 */
export function findServer(servers: readonly ExchangeServer[], wanted: Wanted, container: string): ExchangeServer {
  const found = servers.filter((server) =>
    wanted.kind === 'dn'
      ? sameDn(server.dn, wanted.dn)
      : [server.name.toLowerCase(), server.fqdn].includes(wanted.name.toLowerCase()),
  );
  const [only] = found;
  const on = wanted.kind === 'dn' ? wanted.dn : wanted.name;
  if (only === undefined) {
    const near = wanted.kind === 'dn' ? namesakes(servers, wanted.dn) : nearestNames(shortName(on), servers);
    throw new SubjectMissingError({
      attempted: 'find the Exchange server object',
      on,
      cameBack: `there is none of that name below ${container}`,
      next:
        near.length === 0
          ? `There are: ${listed(
              servers.map(({ name }) => name),
              12,
            )}.`
          : `Did you mean ${near.join(' or ')}? If it was deleted, --leftovers clears what points at it.`,
    });
  }
  if (found.length === 1) return only;
  throw new UsageError({
    attempted: 'choose the Exchange server object',
    on,
    cameBack: `${found.length} objects have that name`,
    next: `Name one by its DN with --dn: ${found.map(({ dn }) => `"${dn}"`).join(' or ')}.`,
  });
}

/** The DNs of servers whose own name the DN has. */
function namesakes(servers: readonly ExchangeServer[], dn: string): readonly string[] {
  const { value } = rdnOf(dn);
  return servers.filter(({ name }) => name.toLowerCase() === value.toLowerCase()).map((server) => `"${server.dn}"`);
}

/** The short name in what may be an FQDN, \\SERVER, DOMAIN\SERVER or the account's SERVER$. */
function shortName(given: string): string {
  const [name = ''] = given.replace(/^.*\\/, '').split('.');
  return name.replace(/\$$/, '');
}

/** Up to three names that a typing error may have meant, as they are written. */
function nearestNames(given: string, servers: readonly ExchangeServer[]): readonly string[] {
  const left = new Map(servers.map(({ name }) => [name.toLowerCase(), name]));
  const near: string[] = [];
  while (near.length < 3) {
    const key = nearestName(given, [...left.keys()]);
    const name = key === undefined ? undefined : left.get(key);
    if (key === undefined || name === undefined) break;
    near.push(name);
    left.delete(key);
  }
  return near;
}
