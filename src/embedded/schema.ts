/**
 * As much of the schema as the server's behaviour depends on: syntaxes, single values, links, what is constructed or
 * kept by the system, what a tombstone keeps, and which classes are below which. Any attribute that is not in the tables
 * is text without regard to case, with several values; any other class is directly below top.
 *
 * Sources: MS-ADA1 to MS-ADA3, MS-ADSC, MS-ADTS 3.1.1.5.5.1.1 (tombstones), the published Exchange schema. The link IDs
 * only pair attributes, so that they are not given here; the pairs of Exchange 2010 whose back link is not published
 * have the name of the forward link with BL at the end.
 */

/** How values are compared, checked and printed (MS-ADTS 3.1.1.2.2.2). */
export type Syntax =
  | 'text'
  | 'integer'
  | 'largeInteger'
  | 'boolean'
  | 'time'
  | 'dn'
  | 'dnWithBinary'
  | 'octets'
  | 'guid'
  | 'sid'
  | 'securityDescriptor';

/** The words of a text, between whatever white space. */
function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

function lowerCased(names: string): ReadonlySet<string> {
  return new Set(words(names).map((name) => name.toLowerCase()));
}

/** Attributes whose values are no text, by syntax. */
const namesBySyntax: Readonly<Record<Exclude<Syntax, 'text'>, string>> = {
  integer: `instanceType systemFlags options tombstoneLifetime garbageCollPeriod msDS-DeletedObjectLifetime
    msDS-Behavior-Version userAccountControl groupType sAMAccountType primaryGroupID badPwdCount logonCount adminCount
    msExchCurrentServerRoles versionNumber msExchRecipientDisplayType sDRightsEffective msDS-RequiredDomainBitmask
    searchFlags rangeLower rangeUpper linkID oMSyntax msDS-User-Account-Control-Computed`,
  largeInteger: `uSNCreated uSNChanged pwdLastSet lastLogon lastLogonTimestamp lastLogoff accountExpires lockoutTime
    badPasswordTime msExchRecipientTypeDetails msExchVersion rIDAvailablePool maxPwdAge lockoutDuration`,
  boolean: `isDeleted isRecycled showInAdvancedViewOnly isCriticalSystemObject msDS-isRODC msExchHideFromAddressLists
    isSingleValued isMemberOfPartialAttributeSet systemOnly msExchSMTPSendEnabled msExchSmtpReceiveEnabled`,
  time: 'whenCreated whenChanged currentTime msDS-LocalEffectiveDeletionTime msDS-LocalEffectiveRecycleTime',
  dn: `distinguishedName objectCategory lastKnownParent fSMORoleOwner nCName trustParent defaultObjectCategory
    homeMTA msExchOwningServer msExchMasterServerOrAvailabilityGroup msExchRoutingMasterDN offLineABServer
    offLineABContainers msExchHomePublicMDB msExchDefaultPublicMDB siteFolderServer msExchServerSite
    msExchHomeRoutingGroup msExchOrigMDB fromServer interSiteTopologyGenerator msDS-DefaultQuota
    configurationNamingContext defaultNamingContext rootDomainNamingContext schemaNamingContext dsServiceName
    serverName rIDSetReferences`,
  dnWithBinary: 'wellKnownObjects otherWellKnownObjects',
  octets: `dSASignature repsFrom repsTo replUpToDateVector replPropertyMetaData invocationId msExchMailboxGuid
    msExchArchiveGUID userCertificate msExchMailboxSecurityDescriptor mS-DS-CreatorSID sIDHistory securityIdentifier
    msDS-OptionalFeatureGUID schemaIDGUID attributeSecurityGUID userParameters unicodePwd dnsRecord`,
  guid: 'objectGUID',
  sid: 'objectSid tokenGroups',
  securityDescriptor: 'nTSecurityDescriptor',
};

/** Attributes of text, for the spelling of their names. */
const textNames = `cn ou dc name description displayName sAMAccountName userPrincipalName servicePrincipalName mail
  proxyAddresses givenName sn mailNickname legacyExchangeDN msExchHomeServerName msExchExpansionServerName
  dNSHostName serialNumber networkAddress msExchInstallPath msExchStartedMailboxServers msExchStoppedMailboxServers
  msExchFileShareWitness objectClass msDS-LastKnownRDN dnsRoot nETBIOSName keywords serviceBindingInformation
  allowedAttributes allowedAttributesEffective allowedChildClasses allowedChildClassesEffective canonicalName
  msDS-ReplAttributeMetaData msDS-ReplValueMetaData msDS-NCReplInboundNeighbors msDS-NCReplCursors
  msDS-ReplAllInboundNeighbors lDAPDisplayName attributeID governsID attributeSyntax dSHeuristics`;

/** Forward link and back link (MS-ADTS 3.1.1.1.6). */
const linkPairs: readonly (readonly [string, string])[] = [
  ['member', 'memberOf'],
  ['managedBy', 'managedObjects'],
  ['manager', 'directReports'],
  ['serverReference', 'serverReferenceBL'],
  ['hasMasterNCs', 'masteredBy'],
  ['hasPartialReplicaNCs', 'partialReplicaNCsBL'],
  ['msDS-hasMasterNCs', 'msDs-masteredBy'],
  ['msDS-HasDomainNCs', 'msDS-IsDomainFor'],
  ['msDS-EnabledFeature', 'msDS-EnabledFeatureBL'],
  ['siteList', 'siteLinkList'],
  ['msDS-NC-Replica-Locations', 'msDS-NC-Replica-LocationsBL'],
  ['bridgeheadTransportList', 'bridgeheadServerListBL'],
  ['msDFSR-ComputerReference', 'msDFSR-ComputerReferenceBL'],
  ['frsComputerReference', 'frsComputerReferenceBL'],
  ['msDS-KrbTgtLink', 'msDS-KrbTgtLinkBl'],
  ['homeMDB', 'homeMDBBL'],
  ['msExchArchiveDatabaseLink', 'msExchArchiveDatabaseLinkBL'],
  ['msExchSourceBridgeheadServersDN', 'msExchSourceBridgeheadServersDNBL'],
  ['msExchTargetBridgeheadServersDN', 'msExchTargetBridgeheadServersDNBL'],
  ['msExchUseOAB', 'msExchUseOABBL'],
  ['msExchAddressListServiceLink', 'msExchAddressListServiceBL'],
  ['msExchOABVirtualDirectoriesLink', 'msExchOABVirtualDirectoriesBL'],
  ['msExchHostServerLink', 'msExchHostServerBL'],
  ['msExchMDBAvailabilityGroupLink', 'msExchMDBAvailabilityGroupBL'],
  ['msExchServerAssociationLink', 'msExchServerAssociationBL'],
];

/** Attributes with one value, in addition to those whose syntax allows only one; in lower case. */
const singleValued =
  lowerCased(`cn ou dc name displayName sAMAccountName userPrincipalName mail givenName sn mailNickname legacyExchangeDN
    msExchHomeServerName msExchExpansionServerName dNSHostName msExchInstallPath msDS-LastKnownRDN nETBIOSName
    distinguishedName objectCategory lastKnownParent fSMORoleOwner nCName homeMTA msExchOwningServer
    msExchMasterServerOrAvailabilityGroup msExchRoutingMasterDN offLineABServer msExchHomePublicMDB
    msExchDefaultPublicMDB siteFolderServer msExchServerSite msExchHomeRoutingGroup replUpToDateVector
    replPropertyMetaData invocationId msExchMailboxGuid objectGUID objectSid nTSecurityDescriptor managedBy manager
    serverReference homeMDB msExchArchiveDatabaseLink msExchUseOAB msExchMDBAvailabilityGroupLink
    msExchHostServerLink canonicalName dSHeuristics msDFSR-ComputerReference frsComputerReference msDS-KrbTgtLink
    fromServer interSiteTopologyGenerator`);

/** Integers, times and truth values have one value, except the few named here. */
const severalNumbers = new Set(['tokengroups']);

/** What only the server writes; in lower case. */
const systemOnly = lowerCased(`objectGUID objectSid uSNCreated uSNChanged whenCreated whenChanged distinguishedName name
  isDeleted isRecycled lastKnownParent instanceType replPropertyMetaData replUpToDateVector repsFrom repsTo
  msDS-LastKnownRDN`);

/**
 * What is computed when asked for; in lower case. AD stores repsFrom, replUpToDateVector and replPropertyMetaData, each
 * DC its own, and returns them only by name (FLAG_ATTR_IS_OPERATIONAL).
 */
const constructed = lowerCased(`allowedAttributes allowedAttributesEffective allowedChildClasses
  allowedChildClassesEffective sDRightsEffective canonicalName tokenGroups msDS-ReplAttributeMetaData
  msDS-ReplValueMetaData msDS-NCReplInboundNeighbors msDS-NCReplCursors msDS-ReplAllInboundNeighbors
  msDS-LocalEffectiveDeletionTime msDS-LocalEffectiveRecycleTime msDS-User-Account-Control-Computed msDS-isRODC
  repsFrom replUpToDateVector replPropertyMetaData`);

/** What each DC keeps for itself (FLAG_ATTR_NOT_REPLICATED, MS-ADTS 2.2.9), and the identity; in lower case. */
const notReplicated = lowerCased(`objectGUID distinguishedName uSNCreated uSNChanged whenChanged lastLogon
  lastLogoff badPwdCount badPasswordTime logonCount`);

/** What is still there after a delete without Recycle Bin (MS-ADTS 3.1.1.5.5.1.1); in lower case. */
const keptByTombstone =
  lowerCased(`nTSecurityDescriptor attributeID attributeSyntax dNReferenceUpdate dNSHostName flatName
  governsID groupType instanceType lDAPDisplayName legacyExchangeDN isDeleted isRecycled lastKnownParent
  msDS-LastKnownRDN mS-DS-CreatorSID mSMQOwnerID nCName objectClass distinguishedName objectGUID objectSid oMSyntax
  proxiedObjectName name replPropertyMetaData sAMAccountName securityIdentifier sIDHistory subClassOf systemFlags
  trustPartner trustDirection trustType trustAttributes userAccountControl uSNChanged uSNCreated whenCreated whenChanged`);

/** Class, the class above, RDN of its category in the schema, mandatory attributes. */
const classes: readonly (readonly [name: string, above: string, category: string, mandatory?: string])[] = [
  ['container', 'top', 'Container'],
  ['organizationalUnit', 'top', 'Organizational-Unit'],
  ['domain', 'top', 'Domain'],
  ['domainDNS', 'domain', 'Domain-DNS'],
  ['builtinDomain', 'top', 'Builtin-Domain'],
  ['lostAndFound', 'top', 'Lost-And-Found'],
  ['configuration', 'top', 'Configuration'],
  ['dMD', 'top', 'DMD'],
  ['person', 'top', 'Person'],
  ['organizationalPerson', 'person', 'Person'],
  ['user', 'organizationalPerson', 'Person'],
  ['computer', 'user', 'Computer'],
  ['contact', 'organizationalPerson', 'Person'],
  ['group', 'top', 'Group', 'groupType'],
  ['crossRefContainer', 'top', 'Cross-Ref-Container'],
  ['crossRef', 'top', 'Cross-Ref', 'nCName'],
  ['sitesContainer', 'top', 'Sites-Container'],
  ['site', 'top', 'Site'],
  ['serversContainer', 'top', 'Servers-Container'],
  ['server', 'top', 'Server'],
  ['applicationSettings', 'top', 'Application-Settings'],
  ['nTDSDSA', 'applicationSettings', 'NTDS-DSA'],
  ['nTDSDSARO', 'nTDSDSA', 'NTDS-DSA-RO'],
  ['nTDSService', 'top', 'NTDS-Service'],
  ['msDS-OptionalFeature', 'top', 'ms-DS-Optional-Feature'],
  ['leaf', 'top', 'Leaf'],
  ['connectionPoint', 'leaf', 'Connection-Point'],
  ['serviceConnectionPoint', 'connectionPoint', 'Service-Connection-Point'],
  ['attributeSchema', 'top', 'Attribute-Schema'],
  ['classSchema', 'top', 'Class-Schema'],
  ['mTA', 'top', 'MTA'],
  ['exchangeAdminService', 'top', 'Exchange-Admin-Service'],
  ['protocolCfg', 'top', 'Protocol-Cfg'],
  ['protocolCfgShared', 'protocolCfg', 'Protocol-Cfg-Shared'],
  ['protocolCfgSharedServer', 'protocolCfgShared', 'Protocol-Cfg-Shared-Server'],
  ['protocolCfgSMTP', 'protocolCfg', 'Protocol-Cfg-SMTP'],
  ['protocolCfgSMTPServer', 'protocolCfgSMTP', 'Protocol-Cfg-SMTP-Server'],
  ['protocolCfgIMAP', 'protocolCfg', 'Protocol-Cfg-IMAP'],
  ['protocolCfgIMAPServer', 'protocolCfgIMAP', 'Protocol-Cfg-IMAP-Server'],
  ['protocolCfgPOP', 'protocolCfg', 'Protocol-Cfg-POP'],
  ['protocolCfgPOPServer', 'protocolCfgPOP', 'Protocol-Cfg-POP-Server'],
  ['msExchConfigurationContainer', 'container', 'ms-Exch-Configuration-Container'],
  ['msExchContainer', 'container', 'ms-Exch-Container'],
  ['msExchOrganizationContainer', 'msExchContainer', 'ms-Exch-Organization-Container'],
  ['msExchAdminGroupContainer', 'msExchContainer', 'ms-Exch-Admin-Group-Container'],
  ['msExchAdminGroup', 'msExchContainer', 'ms-Exch-Admin-Group'],
  ['msExchServersContainer', 'msExchContainer', 'ms-Exch-Servers-Container'],
  ['msExchExchangeServer', 'server', 'ms-Exch-Exchange-Server'],
  ['msExchExchangeTransportServer', 'msExchExchangeServer', 'ms-Exch-Exchange-Transport-Server'],
  ['msExchInformationStore', 'top', 'ms-Exch-Information-Store'],
  ['msExchMDB', 'top', 'ms-Exch-MDB'],
  ['msExchPrivateMDB', 'msExchMDB', 'ms-Exch-Private-MDB'],
  ['msExchPublicMDB', 'msExchMDB', 'ms-Exch-Public-MDB'],
  ['msExchMDBCopy', 'top', 'ms-Exch-MDB-Copy'],
  ['msExchMDBAvailabilityGroup', 'top', 'ms-Exch-MDB-Availability-Group'],
  ['msExchOAB', 'top', 'ms-Exch-OAB', 'offLineABServer'],
  ['msExchConnectors', 'msExchContainer', 'ms-Exch-Connectors'],
  ['msExchRoutingGroup', 'msExchContainer', 'ms-Exch-Routing-Group'],
  ['msExchConnector', 'top', 'ms-Exch-Connector'],
  ['mailGateway', 'msExchConnector', 'Mail-Gateway'],
  ['msExchRoutingSMTPConnector', 'mailGateway', 'ms-Exch-Routing-SMTP-Connector'],
  ['msExchProtocolCfgSMTPContainer', 'container', 'ms-Exch-Protocol-Cfg-SMTP-Container'],
  ['msExchProtocolCfgHTTPContainer', 'container', 'ms-Exch-Protocol-Cfg-HTTP-Container'],
  ['msExchProtocolCfgIMAPContainer', 'container', 'ms-Exch-Protocol-Cfg-IMAP-Container'],
  ['msExchProtocolCfgPOPContainer', 'container', 'ms-Exch-Protocol-Cfg-POP-Container'],
];

type Link =
  | { readonly direction: 'none' }
  | { readonly direction: 'forward' }
  /** Its values are the entries that have this one in their forward link. */
  | { readonly direction: 'back'; readonly forward: string };

/** What an attribute is. */
export interface AttributeType {
  readonly name: string;
  readonly syntax: Syntax;
  readonly single: boolean;
  readonly link: Link;
  /** Only the server writes it. */
  readonly systemOnly: boolean;
  /** Not stored: computed when asked for by name. */
  readonly constructed: boolean;
  /** Still there after a delete without Recycle Bin. */
  readonly keptByTombstone: boolean;
  /** Whether DCs pass it on; the others are each DC's own. */
  readonly replicated: boolean;
}

interface ClassType {
  readonly name: string;
  /** The classes above, the topmost first, and the class itself: the values of objectClass. */
  readonly chain: readonly string[];
  /** The RDN of the class's entry in the schema that objectCategory names. */
  readonly category: string;
  /** Attributes that an entry must have and that the server does not supply. */
  readonly mandatory: readonly string[];
}

const syntaxOf: ReadonlyMap<string, readonly [name: string, syntax: Syntax]> = new Map([
  ...words(textNames).map((name) => [name.toLowerCase(), [name, 'text']] as const),
  ...Object.entries(namesBySyntax).flatMap(([syntax, names]) =>
    words(names).map((name) => [name.toLowerCase(), [name, syntax as Syntax]] as const),
  ),
  ...linkPairs.flat().map((name) => [name.toLowerCase(), [name, 'dn']] as const),
]);

const linkOf: ReadonlyMap<string, Link> = new Map<string, Link>(
  linkPairs.flatMap(([forward, back]): [string, Link][] => [
    [forward.toLowerCase(), { direction: 'forward' }],
    [back.toLowerCase(), { direction: 'back', forward }],
  ]),
);

const onlyOneValue: ReadonlySet<Syntax> = new Set(['integer', 'largeInteger', 'boolean', 'time']);

const attributeTypes = new Map<string, AttributeType>();

/** The type of an attribute by its name, without regard to case and options; the same object for the same name. */
export function attributeType(description: string): AttributeType {
  const known = attributeTypes.get(description);
  if (known !== undefined) return known;
  const [name = ''] = description.split(';', 1);
  const key = name.toLowerCase();
  const type = attributeTypes.get(key) ?? newType(name, key);
  attributeTypes.set(key, type);
  attributeTypes.set(description, type);
  return type;
}

function newType(givenName: string, key: string): AttributeType {
  const [name, syntax] = syntaxOf.get(key) ?? [givenName, 'text'];
  const link = linkOf.get(key) ?? { direction: 'none' };
  return {
    name,
    syntax,
    single: singleValued.has(key) || (onlyOneValue.has(syntax) && !severalNumbers.has(key)),
    link,
    systemOnly: systemOnly.has(key) || constructed.has(key) || link.direction === 'back',
    constructed: constructed.has(key),
    keptByTombstone: keptByTombstone.has(key),
    replicated: !notReplicated.has(key) && !constructed.has(key) && link.direction !== 'back',
  };
}

/** The back links that some attribute gives to entries that it names. */
export const backLinks: readonly AttributeType[] = linkPairs.map(([, back]) => attributeType(back));

const classTypes = new Map<string, ClassType>([
  ['top', { name: 'top', chain: ['top'], category: 'Top', mandatory: [] }],
]);
for (const [name, above, category, mandatory] of classes) {
  const superior = classType(above);
  classTypes.set(name.toLowerCase(), {
    name,
    chain: [...superior.chain, name],
    category,
    mandatory: [...superior.mandatory, ...(mandatory === undefined ? [] : [mandatory])],
  });
}

/** The names of all classes of the tables. */
export const knownClasses: readonly string[] = [...classTypes.values()].map(({ name }) => name);

/** The class by its name, without regard to case; one that the table lacks is directly below top. */
export function classType(name: string): ClassType {
  return (
    classTypes.get(name.toLowerCase()) ?? { name, chain: ['top', name], category: categoryOf(name), mandatory: [] }
  );
}

/** The classes with all classes above them, each once, the topmost first: what AD stores whatever it was given. */
export function wholeChain(names: readonly string[]): string[] {
  const chains = names.map((name) => classType(name).chain).toSorted((one, other) => one.length - other.length);
  return [...new Map(chains.flat().map((name) => [name.toLowerCase(), name])).values()];
}

/** `msExchOwaVirtualDirectory` → `ms-Exch-Owa-Virtual-Directory`, as the schema names its entries. */
function categoryOf(className: string): string {
  const parts = className.split(/(?<=[a-z0-9])(?=[A-Z])/);
  return parts
    .map((word, index) => (index === 0 && word !== 'ms' ? word.charAt(0).toUpperCase() + word.slice(1) : word))
    .join('-');
}
