/** What refers to servers: databases, groups of servers, connectors, address books. */

import { type Attributes, add, type Change, replace } from '../lab/ldif.ts';
import { rdn } from './names.ts';
import type { AdminGroup, Built, Organisation } from './organisation.ts';
import type { ExchangeServer } from './server.ts';

export interface Named extends Built {
  readonly dn: string;
}

const named = (dn: string, objectClass: string, attributes: Attributes): Named => ({
  dn,
  changes: [add(dn, { objectClass, ...attributes })],
});

export interface DatabaseOptions {
  readonly name: string;
  readonly owner: ExchangeServer;
  /** Mailboxes (the default) or public folders. */
  readonly kind?: 'private' | 'public';
  /** DN of the availability group that masters it in place of its owner. */
  readonly availabilityGroup?: string;
  /** The servers that hold a copy; its owner alone by default. */
  readonly copies?: readonly ExchangeServer[];
  readonly attributes?: Attributes;
}

/** A database beside the servers, as Exchange 2010 and later keep them. */
export function database(group: AdminGroup, options: DatabaseOptions): Named {
  const { name, owner, copies = [owner] } = options;
  const dn = `${rdn(name)},${group.databases}`;
  return {
    dn,
    changes: [
      add(dn, {
        objectClass: databaseClass(options.kind),
        msExchOwningServer: owner.dn,
        msExchMasterServerOrAvailabilityGroup: options.availabilityGroup ?? owner.dn,
        msExchEDBFile: `D:\\${name.replaceAll(/[\\/:*?"<>|]/g, '_')}.edb`,
        legacyExchangeDN: `${owner.legacyExchangeDn}/cn=Microsoft Private MDB`,
        ...options.attributes,
      }),
      ...copies.map((server) =>
        add(`${rdn(server.name)},${dn}`, { objectClass: 'msExchMDBCopy', msExchHostServerLink: server.dn }),
      ),
    ],
  };
}

/** A storage group and a database below its server, as Exchange 2003 and 2007 keep them. */
export function databaseBelowServer(
  owner: ExchangeServer,
  name: string,
  kind: 'private' | 'public' = 'private',
): Named {
  const storageGroup = `${rdn(`Storage Group of ${name}`.slice(0, 64))},${owner.informationStore}`;
  const dn = `${rdn(name)},${storageGroup}`;
  return {
    dn,
    changes: [
      add(storageGroup, { objectClass: 'msExchStorageGroup' }),
      add(dn, { objectClass: databaseClass(kind), msExchOwningServer: owner.dn }),
    ],
  };
}

function databaseClass(kind: 'private' | 'public' = 'private'): string {
  return kind === 'public' ? 'msExchPublicMDB' : 'msExchPrivateMDB';
}

export interface AvailabilityGroupOptions {
  readonly name: string;
  /** FQDNs. */
  readonly started?: readonly string[];
  /** FQDNs. */
  readonly stopped?: readonly string[];
  readonly witness?: string;
}

/** A database availability group; servers join it by their availabilityGroup. */
export function availabilityGroup(group: AdminGroup, options: AvailabilityGroupOptions): Named {
  return named(`${rdn(options.name)},${group.availabilityGroups}`, 'msExchMDBAvailabilityGroup', {
    msExchStartedMailboxServers: options.started ?? [],
    msExchStoppedMailboxServers: options.stopped ?? [],
    ...(options.witness === undefined ? {} : { msExchFileShareWitness: options.witness }),
  });
}

/** A client access array; servers join it by their clientAccessArray. */
export function clientAccessArray(group: AdminGroup, name: string): Named {
  return named(`${rdn(name)},${group.arrays}`, 'msExchClientAccessArray', { networkAddress: `ncacn_ip_tcp:${name}` });
}

/** A send connector with these source servers. */
export function sendConnector(group: AdminGroup, name: string, sources: readonly ExchangeServer[]): Named {
  return named(`${rdn(name)},${group.connections}`, 'msExchRoutingSMTPConnector', {
    msExchSourceBridgeheadServersDN: sources.map(({ smtpServer }) => smtpServer),
    routingList: 'SMTP:*;1',
    ...(sources[0] === undefined ? {} : { homeMTA: sources[0].mta }),
  });
}

/** A routing group connector from one server to another. */
export function routingGroupConnector(
  group: AdminGroup,
  name: string,
  ends: { readonly source: ExchangeServer; readonly target: ExchangeServer },
): Named {
  return named(`${rdn(name)},${group.connections}`, 'msExchRoutingGroupConnector', {
    msExchSourceBridgeheadServersDN: ends.source.smtpServer,
    msExchTargetBridgeheadServersDN: ends.target.smtpServer,
    homeMTA: ends.source.mta,
  });
}

export function routingMaster(group: AdminGroup, server: ExchangeServer): readonly Change[] {
  return [replace(group.routingGroup, { msExchRoutingMasterDN: server.dn })];
}

export function siteFolderServer(group: AdminGroup, server: Named): readonly Change[] {
  return [replace(group.dn, { siteFolderServer: server.dn })];
}

/** An offline address book that this server generates, and these distribute by web. */
export function offlineAddressBook(
  organisation: Organisation,
  name: string,
  generator: ExchangeServer,
  distributors: readonly ExchangeServer[] = [],
): Named {
  return named(`${rdn(name)},${organisation.offlineAddressLists}`, 'msExchOAB', {
    offLineABServer: generator.dn,
    msExchOABVirtualDirectoriesLink: distributors.map(({ oabVirtualDirectory }) => oabVirtualDirectory),
  });
}

/** A recipient update service of Exchange 2003 that runs on this server. */
export function recipientUpdateService(organisation: Organisation, name: string, server: ExchangeServer): Named {
  return named(`${rdn(name)},${organisation.recipientUpdateServices}`, 'msExchAddressListService', {
    msExchAddressListServiceLink: server.dn,
  });
}

/** An entry in the otherWellKnownObjects of CN=Microsoft Exchange. */
export function wellKnownObject(organisation: Organisation, guid: string, dn: string): Change {
  const value = `B:32:${guid.replaceAll('-', '').toUpperCase()}:${dn}`;
  return {
    kind: 'modify',
    dn: organisation.microsoftExchange,
    edits: [{ operation: 'add', attribute: 'otherWellKnownObjects', values: [value] }],
  };
}
