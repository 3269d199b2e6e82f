/**
 * What is known to refer to an Exchange server, as data: what it names, and what happens to it on deletion. Of the
 * Configuration naming context every value is read; this list has the words for the usual ones.
 *
 * A linked value vanishes with its target; an unlinked DN stays and is rewritten to the deleted name; a string stays as
 * it is. So the first needs a record for undo only, and the others need a clean-up.
 */

export type ReferenceKind = 'linked' | 'unlinked' | 'string';

/** What a value names. */
export type Named =
  /** An entry that goes: the server or one below it. */
  | 'deleted entry'
  /** The server's legacyExchangeDN. */
  | 'legacyExchangeDN'
  /** The server's FQDN. */
  | 'FQDN'
  /** Text that begins with the server's legacyExchangeDN and `/cn=`. */
  | 'below legacyExchangeDN'
  /** A UNC path on the server. */
  | 'path on the server';

export interface Reference {
  /** Stable: ids of findings are made of it. */
  readonly id: string;
  readonly attribute: string;
  readonly kind: ReferenceKind;
  readonly named: Named;
  /** What refers, in words, for lists: "send connectors, as source server". */
  readonly who: string;
  /** Whether the attribute may be without the value afterwards. */
  readonly clearing: 'may be cleared' | 'mandatory' | 'needs another value' | 'only the system writes it';
  /** Only on entries of this class. */
  readonly objectClass?: string;
}

const dnReference = (
  id: string,
  attribute: string,
  kind: 'linked' | 'unlinked',
  who: string,
  clearing: Reference['clearing'] = 'may be cleared',
): Reference => ({ id, attribute, kind, named: 'deleted entry', who, clearing });

/** References from the Configuration naming context that have words and advice of their own. Any attribute may refer. */
export const configurationReferences: readonly Reference[] = [
  dnReference('owned-databases', 'msExchOwningServer', 'unlinked', 'databases that it owns'),
  dnReference('database-master', 'msExchMasterServerOrAvailabilityGroup', 'unlinked', 'databases, as master'),
  dnReference('database-copies', 'msExchHostServerLink', 'linked', 'database copies on it'),
  dnReference('home-mta', 'homeMTA', 'unlinked', 'connectors and databases, as homeMTA'),
  dnReference('send-connector-source', 'msExchSourceBridgeheadServersDN', 'linked', 'connectors, as source server'),
  dnReference('connector-target', 'msExchTargetBridgeheadServersDN', 'linked', 'connectors, as target server'),
  dnReference('routing-master', 'msExchRoutingMasterDN', 'unlinked', 'routing groups, as master'),
  dnReference('oab-generation', 'offLineABServer', 'unlinked', 'offline address books that it generates', 'mandatory'),
  dnReference(
    'oab-distribution',
    'msExchOABVirtualDirectoriesLink',
    'linked',
    'offline address books, as web distribution',
  ),
  dnReference('recipient-update', 'msExchAddressListServiceLink', 'linked', 'recipient update services'),
  dnReference('home-database', 'homeMDB', 'linked', 'system mailboxes, as their database'),
  dnReference('home-public-database', 'msExchHomePublicMDB', 'unlinked', 'databases, as public folder database'),
  dnReference(
    'default-public-database',
    'msExchDefaultPublicMDB',
    'unlinked',
    'databases, as default public folder database',
  ),
  dnReference('site-folders', 'siteFolderServer', 'unlinked', 'administrative groups, as site folder server'),
  {
    id: 'dag-started',
    attribute: 'msExchStartedMailboxServers',
    kind: 'string',
    named: 'FQDN',
    who: 'DAGs, as started server',
    clearing: 'may be cleared',
  },
  {
    id: 'dag-stopped',
    attribute: 'msExchStoppedMailboxServers',
    kind: 'string',
    named: 'FQDN',
    who: 'DAGs, as stopped server',
    clearing: 'may be cleared',
  },
  {
    id: 'dag-witness',
    attribute: 'msExchFileShareWitness',
    kind: 'string',
    named: 'path on the server',
    who: 'DAGs, as witness server',
    clearing: 'needs another value',
  },
  {
    id: 'rpc-client-access',
    attribute: 'legacyExchangeDN',
    kind: 'string',
    named: 'below legacyExchangeDN',
    who: 'databases, as RPC client access server',
    clearing: 'needs another value',
    objectClass: 'msExchMDB',
  },
];

/** References from recipients, forest-wide. They may be many: found by the value that they hold, and only counted. */
export interface RecipientReference {
  readonly id: string;
  readonly attribute: string;
  readonly kind: ReferenceKind;
  /** What the value is compared with. */
  readonly named: 'legacyExchangeDN' | 'databases' | 'mail transfer agents';
  /** What refers, in words, for lists: of several, and of one. */
  readonly who: string;
  readonly one: string;
  /** Whether a value may be removed where no mailbox of the server holds it. */
  readonly isCleanable: boolean;
  /** Only of recipients that have this attribute too. */
  readonly with?: string;
}

export const recipientReferences: readonly RecipientReference[] = [
  {
    id: 'mailboxes',
    attribute: 'msExchHomeServerName',
    kind: 'string',
    named: 'legacyExchangeDN',
    who: 'mailboxes homed on it',
    one: 'mailbox homed on it',
    isCleanable: false,
    with: 'mailNickname',
  },
  {
    id: 'database-mailboxes',
    attribute: 'homeMDB',
    kind: 'linked',
    named: 'databases',
    who: 'mailboxes in its databases',
    one: 'mailbox in its databases',
    isCleanable: false,
  },
  {
    id: 'archives',
    attribute: 'msExchArchiveDatabaseLink',
    kind: 'linked',
    named: 'databases',
    who: 'archives in its databases',
    one: 'archive in its databases',
    isCleanable: false,
  },
  {
    id: 'recipient-home-mta',
    attribute: 'homeMTA',
    kind: 'unlinked',
    named: 'mail transfer agents',
    who: 'recipients, as homeMTA',
    one: 'recipient, as homeMTA',
    isCleanable: true,
  },
  {
    id: 'expansion-server',
    attribute: 'msExchExpansionServerName',
    kind: 'string',
    named: 'legacyExchangeDN',
    who: 'groups, as expansion server',
    one: 'group, as expansion server',
    isCleanable: true,
  },
];

/** Values of this attribute of CN=Microsoft Exchange that point at deleted entries break setup. */
export const wellKnownObjects = 'otherWellKnownObjects';
