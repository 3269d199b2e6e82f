/**
 * Names that more than one server object bears: a text that holds such a name does not say which of them it means. They
 * come of naming conflicts between DCs, whose loser (CNF) keeps the attributes of the winner, and of machines that were
 * installed twice.
 */

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
  return [...new Set(shared.flatMap(({ bearers }) => bearers))];
}
