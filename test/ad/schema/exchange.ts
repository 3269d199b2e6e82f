/**
 * A small Exchange schema: what the orphan remedy reads, writes or deletes, with the syntaxes, link pairs and
 * single- or multi-valuedness of Exchange. OIDs and link ids are Microsoft's where they are published; all others are
 * ours, below `ownArc`. AD's own schema brings mail, proxyAddresses, legacyExchangeDN, networkAddress, serialNumber,
 * versionNumber, otherWellKnownObjects and the class of CN=Microsoft Exchange.
 */

import type { Attributes, Change } from '../lab/ldif.ts';

/** RFC 3061's arc for everybody; the number below it is ours, and means nothing outside the lab. */
const ownArc = '2.25.20261122';
const exchangeAttribute = '1.2.840.113556.1.4.7000.102';
const exchangeClass = '1.2.840.113556.1.5.7000.62';

/** attributeSyntax and oMSyntax (MS-ADTS 3.1.1.2.2.2). */
const syntaxes = {
  dn: { attributeSyntax: '2.5.5.1', oMSyntax: '127', oMObjectClass: Buffer.from('KwwCh3McAIVK', 'base64') },
  dnWithBinary: {
    attributeSyntax: '2.5.5.7',
    oMSyntax: '127',
    oMObjectClass: Buffer.from('KoZIhvcUAQEBCw==', 'base64'),
  },
  dnWithString: {
    attributeSyntax: '2.5.5.14',
    oMSyntax: '127',
    oMObjectClass: Buffer.from('KoZIhvcUAQEBDA==', 'base64'),
  },
  orName: {
    attributeSyntax: '2.5.5.7',
    oMSyntax: '127',
    oMObjectClass: Buffer.from('VgYBAgULHQ==', 'base64'),
  },
  text: { attributeSyntax: '2.5.5.12', oMSyntax: '64' },
  caseSensitiveText: { attributeSyntax: '2.5.5.3', oMSyntax: '27' },
  teletexText: { attributeSyntax: '2.5.5.4', oMSyntax: '20' },
  printableText: { attributeSyntax: '2.5.5.5', oMSyntax: '19' },
  ia5Text: { attributeSyntax: '2.5.5.5', oMSyntax: '22' },
  integer: { attributeSyntax: '2.5.5.9', oMSyntax: '2' },
  largeInteger: { attributeSyntax: '2.5.5.16', oMSyntax: '65' },
  boolean: { attributeSyntax: '2.5.5.8', oMSyntax: '1' },
  bytes: { attributeSyntax: '2.5.5.10', oMSyntax: '4' },
} as const;

export interface SchemaAttribute {
  readonly name: string;
  readonly syntax: keyof typeof syntaxes;
  readonly single: boolean;
  readonly oid?: string;
  /** Even on a forward link, the next odd number on its back link. */
  readonly linkId?: number;
  readonly systemOnly?: true;
}

interface Options {
  readonly oid?: string;
  readonly linkId?: number;
  readonly systemOnly?: true;
}

type Syntax = keyof typeof syntaxes;

const single = (name: string, syntax: Syntax, options: Options = {}): SchemaAttribute => ({
  name,
  syntax,
  single: true,
  ...options,
});
const multi = (name: string, syntax: Syntax, options: Options = {}): SchemaAttribute => ({
  name,
  syntax,
  single: false,
  ...options,
});

/** A forward link and its back link. */
const linked = (
  forward: SchemaAttribute,
  linkId: number,
  backLink: string,
  backLinkOid?: string,
): readonly SchemaAttribute[] => [
  { ...forward, linkId },
  multi(backLink, 'dn', { linkId: linkId + 1, ...(backLinkOid === undefined ? {} : { oid: backLinkOid }) }),
];

/** Attributes that no list of references names, of every syntax that can refer: what later versions brought, in kind. */
export const otherAttributes = {
  dns: Array.from({ length: 8 }, (_, index) => single(`labReference${index + 1}`, 'dn')),
  severalDns: Array.from({ length: 4 }, (_, index) => multi(`labReferences${index + 1}`, 'dn')),
  links: Array.from({ length: 6 }, (_, index) => multi(`labLink${index + 1}`, 'dn', { linkId: 1200 + 2 * index })),
  backLinks: Array.from({ length: 6 }, (_, index) =>
    multi(`labLinked${index + 1}`, 'dn', { linkId: 1201 + 2 * index }),
  ),
  dnsWithBinary: [single('labBinaryReference', 'dnWithBinary'), multi('labBinaryReferences', 'dnWithBinary')],
  dnsWithString: [multi('labStringReferences', 'dnWithString')],
  orNames: [multi('labOrNames', 'orName')],
  ofSystem: [single('labSystemReference', 'dn', { systemOnly: true })],
  mandatory: [single('labMandatoryReference', 'dn')],
  texts: (
    ['text', 'text', 'text', 'text', 'caseSensitiveText', 'teletexText', 'printableText', 'ia5Text'] as const
  ).map((syntax, index) => multi(`labText${index + 1}`, syntax)),
} as const;

export const exchangeAttributes: readonly SchemaAttribute[] = [
  ...Object.values(otherAttributes).flat(),

  // The server
  single('msExchCurrentServerRoles', 'integer'),
  single('msExchInstallPath', 'text', { oid: `${exchangeAttribute}.50019` }),
  single('msExchVersion', 'largeInteger', { oid: `${exchangeAttribute}.50853` }),
  single('msExchServerInternalTLSCert', 'bytes'),
  ...linked(single('msExchServerSite', 'dn'), 1100, 'msExchServerSiteBL'),
  ...linked(single('msExchMDBAvailabilityGroupLink', 'dn'), 1102, 'msExchMDBAvailabilityGroupBL'),
  ...linked(single('msExchServerAssociationLink', 'dn'), 1104, 'msExchServerAssociationBL'),

  // Protocols below the server
  multi('msExchSmtpReceiveBindings', 'text'),
  multi('msExchSmtpReceiveRemoteIPRanges', 'text'),
  single('msExchSmtpReceiveConnectorFqdn', 'text'),
  single('msExchSmtpReceiveEnabled', 'boolean'),
  single('msExchInternalHostName', 'text'),
  single('msExchExternalHostName', 'text'),

  // Databases, availability groups, arrays
  single('msExchOwningServer', 'dn', { oid: `${exchangeAttribute}.11004` }),
  single('msExchMasterServerOrAvailabilityGroup', 'dn'),
  single('msExchEDBFile', 'text'),
  single('msExchHomePublicMDB', 'dn'),
  single('msExchDefaultPublicMDB', 'dn'),
  ...linked(single('msExchHostServerLink', 'dn'), 1106, 'msExchHostServerBL'),
  multi('msExchStartedMailboxServers', 'text'),
  multi('msExchStoppedMailboxServers', 'text'),
  single('msExchFileShareWitness', 'text'),

  // Mail flow
  ...linked(
    multi('msExchSourceBridgeheadServersDN', 'dn', { oid: `${exchangeAttribute}.12511` }),
    1002,
    'msExchBridgeheadedLocalConnectorsDNBL',
    `${exchangeAttribute}.12515`,
  ),
  ...linked(
    multi('msExchTargetBridgeheadServersDN', 'dn', { oid: `${exchangeAttribute}.12514` }),
    1004,
    'msExchBridgeheadedRemoteConnectorsDNBL',
  ),
  single('msExchRoutingMasterDN', 'dn', { oid: `${exchangeAttribute}.12505` }),
  multi('routingList', 'text'),

  // Address books
  single('offLineABServer', 'dn', { oid: '1.2.840.113556.1.2.392' }),
  ...linked(single('msExchUseOAB', 'dn', { oid: `${exchangeAttribute}.69` }), 1014, 'msExchUseOABBL'),
  ...linked(
    single('msExchAddressListServiceLink', 'dn', { oid: `${exchangeAttribute}.75` }),
    1016,
    'msExchAddressListServiceBL',
  ),
  ...linked(multi('msExchOABVirtualDirectoriesLink', 'dn'), 1108, 'msExchOABVirtualDirectoriesBL'),
  single('siteFolderServer', 'dn'),

  // Recipients
  ...linked(single('homeMDB', 'dn', { oid: '1.2.840.113556.1.2.244' }), 32, 'homeMDBBL', '1.2.840.113556.1.2.393'),
  single('homeMTA', 'dn', { oid: '1.2.840.113556.1.2.171' }),
  ...linked(single('msExchArchiveDatabaseLink', 'dn'), 1110, 'msExchArchiveDatabaseLinkBL'),
  single('msExchArchiveGUID', 'bytes'),
  single('msExchHomeServerName', 'text', { oid: `${exchangeAttribute}.47` }),
  single('msExchExpansionServerName', 'text', { oid: `${exchangeAttribute}.49` }),
  single('msExchMailboxGuid', 'bytes'),
  single('msExchRecipientTypeDetails', 'largeInteger'),
  single('mailNickname', 'text'),
];

const recipientAttributes: readonly string[] = [
  'homeMDB',
  'homeMTA',
  'mailNickname',
  'msExchArchiveDatabaseLink',
  'msExchArchiveGUID',
  'msExchExpansionServerName',
  'msExchHomeServerName',
  'msExchMailboxGuid',
  'msExchRecipientTypeDetails',
  'msExchUseOAB',
  'msExchVersion',
];

interface SchemaClass {
  readonly name: string;
  readonly superclass: string;
  /** Where its objects may stand, beside what its superclasses allow. */
  readonly below: readonly string[];
  readonly may: readonly string[];
  readonly must: readonly string[];
  readonly auxiliary: readonly string[];
  readonly abstract: boolean;
  readonly oid?: string;
}

const objectClass = (
  name: string,
  below: readonly string[],
  options: Partial<Pick<SchemaClass, 'superclass' | 'may' | 'must' | 'auxiliary' | 'abstract' | 'oid'>> = {},
): SchemaClass => ({ superclass: 'top', may: [], must: [], auxiliary: [], abstract: false, ...options, name, below });

const virtualDirectory = (name: string): SchemaClass =>
  objectClass(name, ['msExchProtocolCfgHTTPContainer'], { superclass: 'msExchVirtualDirectory' });

const exchangeClasses: readonly SchemaClass[] = [
  // Containers, from CN=Microsoft Exchange down
  objectClass('msExchContainer', [], { superclass: 'container', oid: `${exchangeClass}.50010` }),
  objectClass('msExchOrganizationContainer', ['msExchConfigurationContainer'], {
    superclass: 'msExchContainer',
    may: ['legacyExchangeDN'],
    oid: `${exchangeClass}.50020`,
  }),
  objectClass('msExchAdminGroupContainer', ['msExchOrganizationContainer'], {
    superclass: 'msExchContainer',
    oid: `${exchangeClass}.50019`,
  }),
  objectClass('msExchAdminGroup', ['msExchAdminGroupContainer'], {
    superclass: 'msExchContainer',
    may: ['legacyExchangeDN', 'siteFolderServer'],
    oid: `${exchangeClass}.50011`,
  }),
  objectClass('msExchServersContainer', ['msExchAdminGroup'], {
    superclass: 'msExchContainer',
    oid: `${exchangeClass}.50013`,
  }),

  // The server and what stands below it
  objectClass('msExchExchangeServer', ['msExchServersContainer'], {
    superclass: 'server',
    may: [
      'legacyExchangeDN',
      'msExchCurrentServerRoles',
      'msExchInstallPath',
      'msExchMDBAvailabilityGroupLink',
      'msExchServerAssociationLink',
      'msExchServerInternalTLSCert',
      'msExchServerSite',
      'msExchVersion',
      'networkAddress',
      'serialNumber',
      'versionNumber',
    ],
    oid: `${exchangeClass}.50009`,
  }),
  objectClass('msExchExchangeTransportServer', ['msExchContainer'], { superclass: 'msExchExchangeServer' }),
  objectClass('protocolCfgSharedServer', ['msExchExchangeServer'], {
    superclass: 'container',
    oid: '1.2.840.113556.1.3.67',
  }),
  objectClass('msExchProtocolCfgSMTPContainer', ['protocolCfgSharedServer'], {
    superclass: 'container',
    oid: `${exchangeClass}.5010`,
  }),
  objectClass('protocolCfgSMTPServer', ['msExchProtocolCfgSMTPContainer'], { oid: `${exchangeClass}.5002` }),
  objectClass('msExchSmtpReceiveConnector', ['container'], {
    may: [
      'msExchSmtpReceiveBindings',
      'msExchSmtpReceiveRemoteIPRanges',
      'msExchSmtpReceiveConnectorFqdn',
      'msExchSmtpReceiveEnabled',
    ],
  }),
  objectClass('msExchProtocolCfgHTTPContainer', ['protocolCfgSharedServer'], {
    superclass: 'container',
    oid: `${exchangeClass}.14001`,
  }),
  objectClass('msExchVirtualDirectory', [], {
    may: ['msExchInternalHostName', 'msExchExternalHostName'],
    abstract: true,
  }),
  virtualDirectory('msExchOwaVirtualDirectory'),
  virtualDirectory('msExchEcpVirtualDirectory'),
  virtualDirectory('msExchWebServicesVirtualDirectory'),
  virtualDirectory('msExchMobileVirtualDirectory'),
  virtualDirectory('msExchOABVirtualDirectory'),
  virtualDirectory('msExchPowerShellVirtualDirectory'),
  virtualDirectory('msExchAutodiscoverVirtualDirectory'),
  virtualDirectory('msExchRpcHttpVirtualDirectory'),
  objectClass('msExchProtocolCfgIMAPContainer', ['protocolCfgSharedServer'], { superclass: 'container' }),
  objectClass('msExchProtocolCfgPOPContainer', ['protocolCfgSharedServer'], { superclass: 'container' }),
  objectClass('protocolCfgIMAPServer', ['msExchProtocolCfgIMAPContainer']),
  objectClass('protocolCfgPOPServer', ['msExchProtocolCfgPOPContainer']),
  objectClass('msExchProtocolCfgExchangeRpcService', ['protocolCfgSharedServer']),
  objectClass('msExchInformationStore', ['msExchExchangeServer'], {
    superclass: 'container',
    oid: `${exchangeClass}.11001`,
  }),
  objectClass('msExchStorageGroup', ['msExchInformationStore'], {
    superclass: 'container',
    oid: `${exchangeClass}.11006`,
  }),
  objectClass('mTA', ['msExchExchangeServer'], { may: ['legacyExchangeDN'], oid: '1.2.840.113556.1.3.49' }),
  objectClass('exchangeAdminService', ['msExchExchangeServer'], {
    auxiliary: ['mailRecipient'],
    oid: '1.2.840.113556.1.3.62',
  }),

  // Databases: below the server until 2007, below CN=Databases of the admin group from 2010 on
  objectClass('msExchMDB', [], {
    may: [
      'homeMTA',
      'legacyExchangeDN',
      'msExchEDBFile',
      'msExchMasterServerOrAvailabilityGroup',
      'msExchOwningServer',
    ],
    abstract: true,
    oid: `${exchangeClass}.11002`,
  }),
  objectClass('msExchPrivateMDB', ['msExchStorageGroup', 'msExchContainer'], {
    superclass: 'msExchMDB',
    may: ['msExchHomePublicMDB', 'msExchDefaultPublicMDB', 'msExchUseOAB'],
    oid: `${exchangeClass}.11004`,
  }),
  objectClass('msExchPublicMDB', ['msExchStorageGroup', 'msExchContainer'], {
    superclass: 'msExchMDB',
    oid: `${exchangeClass}.11005`,
  }),
  objectClass('msExchMDBCopy', ['msExchPrivateMDB', 'msExchPublicMDB'], { may: ['msExchHostServerLink'] }),
  objectClass('msExchMDBAvailabilityGroup', ['msExchContainer'], {
    may: ['msExchStartedMailboxServers', 'msExchStoppedMailboxServers', 'msExchFileShareWitness'],
  }),
  objectClass('msExchClientAccessArray', ['msExchContainer'], { may: ['legacyExchangeDN', 'networkAddress'] }),

  // Routing
  objectClass('msExchRoutingGroupContainer', ['msExchAdminGroup'], { superclass: 'msExchContainer' }),
  objectClass('msExchRoutingGroup', ['msExchRoutingGroupContainer'], {
    superclass: 'msExchContainer',
    may: ['msExchRoutingMasterDN'],
    oid: `${exchangeClass}.12002`,
  }),
  objectClass('msExchConnectors', ['msExchRoutingGroup'], {
    superclass: 'msExchContainer',
    oid: `${exchangeClass}.12003`,
  }),
  objectClass('msExchRoutingSMTPConnector', ['msExchConnectors'], {
    may: ['homeMTA', 'msExchSourceBridgeheadServersDN', 'msExchTargetBridgeheadServersDN', 'routingList'],
    oid: `${exchangeClass}.12008`,
  }),
  objectClass('msExchRoutingGroupConnector', ['msExchConnectors'], {
    may: ['homeMTA', 'msExchSourceBridgeheadServersDN', 'msExchTargetBridgeheadServersDN'],
  }),

  // Address books
  objectClass('msExchOAB', ['msExchContainer'], {
    must: ['offLineABServer'],
    may: ['msExchOABVirtualDirectoriesLink'],
    oid: `${exchangeClass}.9`,
  }),
  objectClass('labReferrer', ['container', 'msExchContainer'], {
    may: Object.values(otherAttributes)
      .flat()
      .flatMap(({ name }) => (name === 'labMandatoryReference' ? [] : [name])),
  }),
  objectClass('labBoundReferrer', ['container', 'msExchContainer'], { must: ['labMandatoryReference'] }),
  objectClass('msExchAddressListService', ['msExchContainer'], { may: ['msExchAddressListServiceLink'] }),
];

/**
 * The schema as changes to the forest with this schema naming context, offline and a stage at a time: an object may
 * name only what an earlier stage, finished, has made.
 */
export function exchangeSchema(schemaNamingContext: string): readonly (readonly Change[])[] {
  const attributes = exchangeAttributes.map((attribute, index) =>
    attributeChange(attribute, `${ownArc}.1.${index + 1}`, schemaNamingContext),
  );
  const classes = new Map(
    exchangeClasses.map((definition, index) => [
      definition,
      classChange(definition, `${ownArc}.2.${index + 1}`, schemaNamingContext),
    ]),
  );
  const recipients: Change = {
    kind: 'modify',
    dn: `CN=Mail-Recipient,${schemaNamingContext}`,
    edits: [{ operation: 'add', attribute: 'mayContain', values: recipientAttributes }],
  };
  // AD lets every entry have back links; Samba refuses to change one whose class does not name them.
  const backLinks: Change = {
    kind: 'modify',
    dn: `CN=Top,${schemaNamingContext}`,
    edits: [
      {
        operation: 'add',
        attribute: 'mayContain',
        values: exchangeAttributes.flatMap(({ name, linkId = 0 }) => (linkId % 2 === 1 ? [name] : [])),
      },
    ],
  };
  const classStages = stages(exchangeClasses).map((stage) =>
    stage.flatMap((definition) => classes.get(definition) ?? []),
  );
  return [attributes, [recipients, backLinks], ...classStages];
}

/** Sorts classes so that each stands in a stage after all that it names. */
function stages(classes: readonly SchemaClass[]): readonly (readonly SchemaClass[])[] {
  if (classes.length === 0) return [];
  const open = new Set(classes.map(({ name }) => name));
  const ready = classes.filter(({ superclass, below }) => ![superclass, ...below].some((name) => open.has(name)));
  if (ready.length === 0) throw new Error(`Classes that name each other: ${[...open].join(', ')}`);
  return [ready, ...stages(classes.filter((definition) => !ready.includes(definition)))];
}

/** What AD calls the object of a schema name: ms-Exch-Home-Server-Name for msExchHomeServerName. */
function commonName(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').replace(/([A-Z])([A-Z][a-z])/g, '$1-$2');
  return name.startsWith('ms') ? words : words.replace(/^./, (letter) => letter.toUpperCase());
}

function attributeChange(attribute: SchemaAttribute, ownOid: string, schemaNamingContext: string): Change {
  const attributes: Attributes = {
    objectClass: 'attributeSchema',
    attributeID: attribute.oid ?? ownOid,
    lDAPDisplayName: attribute.name,
    isSingleValued: attribute.single ? 'TRUE' : 'FALSE',
    ...syntaxes[attribute.syntax],
    isMemberOfPartialAttributeSet: recipientAttributes.includes(attribute.name) ? 'TRUE' : 'FALSE',
    ...(attribute.linkId === undefined ? {} : { linkID: String(attribute.linkId) }),
    ...(attribute.systemOnly === true ? { systemOnly: 'TRUE' } : {}),
  };
  return { kind: 'add', dn: `CN=${commonName(attribute.name)},${schemaNamingContext}`, attributes };
}

function classChange(definition: SchemaClass, ownOid: string, schemaNamingContext: string): Change {
  const dn = `CN=${commonName(definition.name)},${schemaNamingContext}`;
  const lists: Attributes = {
    possSuperiors: definition.below,
    mayContain: definition.may,
    mustContain: definition.must,
    auxiliaryClass: definition.auxiliary,
  };
  const attributes: Attributes = {
    objectClass: 'classSchema',
    governsID: definition.oid ?? ownOid,
    lDAPDisplayName: definition.name,
    subClassOf: definition.superclass,
    objectClassCategory: definition.abstract ? '2' : '1',
    rDNAttID: 'cn',
    defaultObjectCategory: dn,
    ...lists,
  };
  return { kind: 'add', dn, attributes };
}
