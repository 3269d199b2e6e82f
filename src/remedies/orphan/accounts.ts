/** The computer accounts of Exchange servers: separate objects, found by DNS host name or name. */

import { allBytesOf, type Entry, integerOf, largeIntegerOf, textOf, textsOf } from '../../ad/entry.ts';
import { dateOfFileTime } from '../../ad/values.ts';
import { and, equal, or } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import type { ExchangeServer } from './organisation.ts';

/** What the directory knows of a server's computer account. */
export type ComputerAccount =
  | { readonly kind: 'absent' }
  /** The global catalog could not be asked. */
  | { readonly kind: 'unknown' }
  /** There is one of its name, and it is another server object's. */
  | {
      readonly kind: 'of another';
      readonly dn: string;
      /** DN of that server object. */
      readonly owner: string;
    }
  | {
      readonly kind: 'present';
      readonly dn: string;
      readonly isDisabled: boolean;
      /** lastLogonTimestamp: up to 14 days behind the truth. */
      readonly lastLogon: Date | undefined;
      /** Whether it is a member of Exchange Servers, Exchange Trusted Subsystem or Exchange Install Domain Servers. */
      readonly isInExchangeGroups: boolean | undefined;
      /** DNs of other server objects that it may as well belong to. */
      readonly sharedWith: readonly string[];
    };

/** userAccountControl's ADS_UF_ACCOUNTDISABLE (MS-ADTS 2.2.16). */
const accountDisabled = 0x2;
/** Names asked for in one search. */
const namesASearch = 50;

const accountAttributes = ['dNSHostName', 'name', 'userAccountControl', 'lastLogonTimestamp', 'memberOf'];
const exchangeGroups = /^CN=(?:Exchange Servers|Exchange Trusted Subsystem|Exchange Install Domain Servers)\b/i;

/**
 * The accounts of these servers, by the servers' DNs. Throws DirectoryError.
 *
 * @param directory a session with a global catalog, or with a DC of the domain that is looked at
 * @param base '' for everything that a global catalog has
 */
export async function readAccounts(
  directory: DirectorySession,
  base: string,
  servers: readonly ExchangeServer[],
): Promise<ReadonlyMap<string, ComputerAccount>> {
  const found: Entry[] = [];
  for (let at = 0; at < servers.length; at += namesASearch) {
    const asked = servers.slice(at, at + namesASearch);
    const accounts = directory.search({
      base,
      scope: 'subtree',
      filter: and(
        equal('objectClass', 'computer'),
        or(
          ...asked.flatMap(({ fqdn }) => (fqdn === undefined ? [] : [equal('dNSHostName', fqdn)])),
          ...asked.map(({ name }) => equal('name', name)),
        ),
      ),
      attributes: accountAttributes,
    });
    for await (const account of accounts) found.push(account);
  }
  const claims = servers.map((server) => claimOf(server, found));
  return new Map(claims.map((claim) => [claim.server.dn, accountOf(claim, claims)]));
}

/** Which account a server's names lead to. */
interface Claim {
  readonly server: ExchangeServer;
  readonly account: Entry | undefined;
  /** By its DNS host name, which says more than its name alone. */
  readonly isByHost: boolean;
}

function claimOf(server: ExchangeServer, found: readonly Entry[]): Claim {
  const byHost = found.find(
    (entry) => server.fqdn !== undefined && textOf(entry, 'dNSHostName')?.toLowerCase() === server.fqdn,
  );
  const byName = found.find((one) => textOf(one, 'name')?.toLowerCase() === server.name.toLowerCase());
  return { server, account: byHost ?? byName, isByHost: byHost !== undefined };
}

/** An account is of the server object that lost no naming conflict, and of the one whose DNS host name it has. */
function accountOf(claim: Claim, all: readonly Claim[]): ComputerAccount {
  const { account, server } = claim;
  if (account === undefined) return { kind: 'absent' };
  const rivals = all.filter((other) => other.account?.dn === account.dn && other.server.dn !== server.dn);
  const stronger = rivals.find((rival) => rankOf(rival) > rankOf(claim));
  if (stronger !== undefined) return { kind: 'of another', dn: account.dn, owner: stronger.server.dn };
  const equals = rivals.filter((rival) => rankOf(rival) === rankOf(claim));
  return presentAccount(
    account,
    equals.map((rival) => rival.server.dn),
  );
}

function rankOf({ server, isByHost }: Claim): number {
  return (server.isConflict ? 0 : 2) + (isByHost ? 1 : 0);
}

function presentAccount(entry: Entry, sharedWith: readonly string[]): ComputerAccount {
  return {
    kind: 'present',
    dn: entry.dn,
    isDisabled: ((integerOf(entry, 'userAccountControl') ?? 0) & accountDisabled) !== 0,
    lastLogon: timeOf(entry, 'lastLogonTimestamp'),
    // A global catalog knows a member's global groups only from its own domain; that none shows proves little there.
    isInExchangeGroups:
      allBytesOf(entry, 'memberOf').length === 0
        ? undefined
        : textsOf(entry, 'memberOf').some((dn) => exchangeGroups.test(dn)),
    sharedWith,
  };
}

function timeOf(entry: Entry, attribute: string): Date | undefined {
  const ticks = largeIntegerOf(entry, attribute);
  const time = ticks === undefined ? undefined : dateOfFileTime(ticks.toString());
  return time === 'never' ? undefined : time;
}
