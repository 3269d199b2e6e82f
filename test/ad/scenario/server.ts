import { type Attributes, add, type Change } from '../lab/ldif.ts';
import { rdn } from './names.ts';
import type { AdminGroup, Built } from './organisation.ts';

export type ExchangeVersion = '2003' | '2007' | '2010' | '2013' | '2016';

/** Bits of msExchCurrentServerRoles. */
export const roles = {
  frontEnd: 1,
  mailbox: 2,
  clientAccess: 4,
  unifiedMessaging: 16,
  hubTransport: 32,
  edge: 64,
  provisioned: 4096,
  languagePacks: 8192,
  frontEndTransport: 16384,
} as const;

export interface ServerOptions {
  readonly name: string;
  readonly version: ExchangeVersion;
  /** The roles' bits; without it those of a server with everything, none of an Exchange 2003. */
  readonly roles?: number;
  /** DN of its AD site. */
  readonly site: string;
  readonly domain: string;
  /** DN of the availability group that it is a member of. */
  readonly availabilityGroup?: string;
  /** DN of the client access array that it serves. */
  readonly clientAccessArray?: string;
  /** What stands below the server: everything, or just what a setup that failed at the start leaves behind. */
  readonly children?: 'all' | 'none';
  readonly attributes?: Attributes;
}

export interface ExchangeServer extends Built {
  readonly name: string;
  readonly dn: string;
  readonly fqdn: string;
  readonly legacyExchangeDn: string;
  /** `CN=1,CN=SMTP,CN=Protocols`: what send connectors name. */
  readonly smtpServer: string;
  /** What homeMTA names. */
  readonly mta: string;
  readonly informationStore: string;
  readonly receiveConnectors: string;
  readonly oabVirtualDirectory: string;
}

interface Release {
  readonly build: readonly [major: number, minor: number, build: number, revision: number];
  readonly roles?: number;
}

const everyRole2007 = roles.mailbox | roles.clientAccess | roles.hubTransport;
const everyRole2013 = everyRole2007 | roles.unifiedMessaging | roles.frontEnd | roles.frontEndTransport;

const releases: Readonly<Record<ExchangeVersion, Release>> = {
  '2003': { build: [6, 5, 7638, 2] },
  '2007': { build: [8, 3, 83, 6], roles: everyRole2007 },
  '2010': { build: [14, 3, 123, 4], roles: everyRole2007 },
  '2013': { build: [15, 0, 1497, 2], roles: everyRole2013 },
  '2016': { build: [15, 1, 2507, 6], roles: everyRole2013 },
};

const virtualDirectories: readonly (readonly [name: string, objectClass: string])[] = [
  ['owa (Default Web Site)', 'msExchOwaVirtualDirectory'],
  ['ecp (Default Web Site)', 'msExchEcpVirtualDirectory'],
  ['EWS (Default Web Site)', 'msExchWebServicesVirtualDirectory'],
  ['Microsoft-Server-ActiveSync (Default Web Site)', 'msExchMobileVirtualDirectory'],
  ['OAB (Default Web Site)', 'msExchOABVirtualDirectory'],
  ['PowerShell (Default Web Site)', 'msExchPowerShellVirtualDirectory'],
  ['Autodiscover (Default Web Site)', 'msExchAutodiscoverVirtualDirectory'],
  ['Rpc (Default Web Site)', 'msExchRpcHttpVirtualDirectory'],
];

/** A server and what stands below it, in the shape of its version; databases apart. */
export function exchangeServer(group: AdminGroup, options: ServerOptions): ExchangeServer {
  const { name, version } = options;
  const dn = `${rdn(name)},${group.servers}`;
  const fqdn = `${name.toLowerCase()}.${options.domain}`;
  const legacyExchangeDn = `${group.legacyExchangeDn}/cn=Configuration/cn=Servers/cn=${name}`;
  const protocols = `CN=Protocols,${dn}`;
  const server = {
    name,
    dn,
    fqdn,
    legacyExchangeDn,
    smtpServer: `CN=1,CN=SMTP,${protocols}`,
    mta: `CN=Microsoft MTA,${dn}`,
    informationStore: `CN=InformationStore,${dn}`,
    receiveConnectors: `CN=SMTP Receive Connectors,${protocols}`,
    oabVirtualDirectory: `CN=OAB (Default Web Site),CN=HTTP,${protocols}`,
  };
  const release = releases[version];
  const serverRoles = options.roles ?? release.roles;
  const entry = add(dn, {
    objectClass: 'msExchExchangeServer',
    ...versionAttributes(release),
    legacyExchangeDN: legacyExchangeDn,
    networkAddress: [`ncacn_ip_tcp:${fqdn}`, `netbios:${name}`, 'ncacn_vns_spp:', `ncalrpc:${name}`],
    msExchServerSite: options.site,
    msExchInstallPath: 'C:\\Program Files\\Microsoft\\Exchange Server\\',
    systemFlags: '1073741824',
    ...(serverRoles === undefined ? {} : { msExchCurrentServerRoles: String(serverRoles) }),
    ...(options.availabilityGroup === undefined ? {} : { msExchMDBAvailabilityGroupLink: options.availabilityGroup }),
    ...(options.clientAccessArray === undefined ? {} : { msExchServerAssociationLink: options.clientAccessArray }),
    // Bytes that are no text at all.
    ...(version === '2003' ? {} : { msExchServerInternalTLSCert: Buffer.from([0x30, 0x82, 0x00, 0xff, 0x80, 0x0a]) }),
    ...options.attributes,
  });
  const children = options.children === 'none' ? [] : childrenOf(server, options);
  return { ...server, changes: [entry, ...children] };
}

/** serialNumber and versionNumber as Exchange writes them: 14.3.123.4 is "Version 14.3 (Build 30123.4)". */
function versionAttributes({ build: [major, minor, build, revision] }: Release): Attributes {
  if (major < 8) {
    return {
      serialNumber: `Version ${major}.${minor} (Build ${build}.${revision}: Service Pack 2)`,
      versionNumber: String(build),
    };
  }
  const versionNumber = 0x70000000 + major * 2 ** 22 + minor * 2 ** 16 + 0x8000 + build;
  return {
    serialNumber: `Version ${major}.${minor} (Build ${30000 + build}.${revision})`,
    versionNumber: String(versionNumber),
  };
}

function childrenOf(server: Omit<ExchangeServer, 'changes'>, { version, site }: ServerOptions): readonly Change[] {
  const protocols = `CN=Protocols,${server.dn}`;
  const all = [
    add(protocols, { objectClass: 'protocolCfgSharedServer' }),
    add(`CN=SMTP,${protocols}`, { objectClass: 'msExchProtocolCfgSMTPContainer' }),
    add(server.smtpServer, { objectClass: 'protocolCfgSMTPServer' }),
    add(`CN=IMAP4,${protocols}`, { objectClass: 'msExchProtocolCfgIMAPContainer' }),
    add(`CN=1,CN=IMAP4,${protocols}`, { objectClass: 'protocolCfgIMAPServer' }),
    add(`CN=POP3,${protocols}`, { objectClass: 'msExchProtocolCfgPOPContainer' }),
    add(`CN=1,CN=POP3,${protocols}`, { objectClass: 'protocolCfgPOPServer' }),
    add(server.informationStore, { objectClass: 'msExchInformationStore' }),
    add(server.mta, { objectClass: 'mTA', legacyExchangeDN: `${server.legacyExchangeDn}/cn=Microsoft MTA` }),
    add(`CN=Microsoft System Attendant,${server.dn}`, {
      objectClass: 'exchangeAdminService',
      legacyExchangeDN: `${server.legacyExchangeDn}/cn=Microsoft System Attendant`,
      homeMTA: server.mta,
    }),
  ];
  if (version === '2003') return all;
  return [...all, ...childrenSince2007(server, site), ...(version >= '2013' ? childrenSince2013(server) : [])];
}

function childrenSince2007(server: Omit<ExchangeServer, 'changes'>, site: string): readonly Change[] {
  const protocols = `CN=Protocols,${server.dn}`;
  const http = `CN=HTTP,${protocols}`;
  const siteName = site.slice('CN='.length, site.indexOf(','));
  return [
    add(server.receiveConnectors, { objectClass: 'container' }),
    ...(['Default', 'Client'] as const).map((kind) =>
      add(`${rdn(`${kind} ${server.name}`)},${server.receiveConnectors}`, {
        objectClass: 'msExchSmtpReceiveConnector',
        msExchSmtpReceiveBindings: [
          `0.0.0.0:${kind === 'Default' ? 25 : 587}`,
          `[::]:${kind === 'Default' ? 25 : 587}`,
        ],
        msExchSmtpReceiveRemoteIPRanges: ['0.0.0.0-255.255.255.255'],
        msExchSmtpReceiveConnectorFqdn: server.fqdn,
        msExchSmtpReceiveEnabled: 'TRUE',
      }),
    ),
    add(http, { objectClass: 'msExchProtocolCfgHTTPContainer' }),
    ...virtualDirectories.map(([name, objectClass]) =>
      add(`${rdn(name)},${http}`, {
        objectClass,
        msExchInternalHostName: `https://${server.fqdn}/${name.split(' ')[0]}`,
      }),
    ),
    add(`CN=RpcClientAccess,${protocols}`, { objectClass: 'msExchProtocolCfgExchangeRpcService' }),
    add(`CN=Autodiscover,${protocols}`, { objectClass: 'container' }),
    add(`${rdn(server.name)},CN=Autodiscover,${protocols}`, {
      objectClass: 'serviceConnectionPoint',
      keywords: ['77378F46-2C66-4aa9-A6A6-3E7A48B19596', `Site=${siteName}`],
      serviceBindingInformation: `https://${server.fqdn}/Autodiscover/Autodiscover.xml`,
    }),
  ];
}

function childrenSince2013(server: Omit<ExchangeServer, 'changes'>): readonly Change[] {
  const transport = `CN=Transport Configuration,${server.dn}`;
  return [
    add(transport, { objectClass: 'msExchContainer' }),
    ...['Frontend', 'Mailbox'].map((name) =>
      add(`CN=${name},${transport}`, { objectClass: 'msExchExchangeTransportServer' }),
    ),
  ];
}
