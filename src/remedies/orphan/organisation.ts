/**
 * The Exchange organisation in the Configuration partition: its containers, every server object with its names, and which
 * Exchange each is of.
 */

import { conflictRdnOf, normalizedDn, parentDn, rdnOf } from '../../ad/dn.ts';
import { type Entry, generalizedTimeOf, integerOf, textOf, textsOf } from '../../ad/entry.ts';
import { type DirectorySession, equal, or } from '../../ldap/session.ts';
import { distinct } from '../../words.ts';

/** A server object. */
export interface ExchangeServer {
  readonly dn: string;
  /** The value of its RDN. */
  readonly name: string;
  readonly adminGroup: string;
  /** The name of its organisation. */
  readonly organisation: string;
  /** msExchCurrentServerRoles; undefined for Exchange 2003 and older. */
  readonly roles: number | undefined;
  readonly versionNumber: number | undefined;
  readonly serialNumber: string | undefined;
  readonly legacyExchangeDn: string | undefined;
  /** msExchInstallPath. */
  readonly installPath: string | undefined;
  /** From networkAddress. */
  readonly fqdn: string | undefined;
  /** The name of its AD site. */
  readonly site: string | undefined;
  /** DN of its database availability group. */
  readonly availabilityGroup: string | undefined;
  readonly created: Date | undefined;
  /** It lost a naming conflict between two DCs (`\0ACNF:` in its name). */
  readonly isConflict: boolean;
  /** The objects below it that setup makes for its roles. */
  readonly children: RoleChildren;
}

/** Whether it can take another's place: not one that lost a naming conflict, was only provisioned, or is an Edge server. */
export function isFullServer({ roles, isConflict }: ExchangeServer): boolean {
  return !isConflict && !isOnlyProvisioned(roles) && !hasRole(roles, roleBit.edge);
}

/** How many objects that its roles imply are below a server. */
interface RoleChildren {
  readonly virtualDirectories: number;
  readonly receiveConnectors: number;
  readonly informationStores: number;
}

/** An administrative group, by the names of it and of its organisation. */
export interface AdminGroup {
  readonly name: string;
  readonly organisation: string;
}

/** What of Exchange is in the Configuration partition. */
export interface Organisation {
  /** DNs of the organisations. */
  readonly organisations: readonly string[];
  /** By organisation and name; those without a server too. */
  readonly adminGroups: readonly AdminGroup[];
  /** By name. */
  readonly servers: readonly ExchangeServer[];
}

const serverAttributes = [
  'objectClass',
  'legacyExchangeDN',
  'msExchCurrentServerRoles',
  'msExchInstallPath',
  'msExchMDBAvailabilityGroupLink',
  'msExchServerSite',
  'networkAddress',
  'serialNumber',
  'versionNumber',
  'whenCreated',
];

const virtualDirectoryClasses = [
  'msExchVirtualDirectory',
  'msExchAutodiscoverVirtualDirectory',
  'msExchEcpVirtualDirectory',
  'msExchMobileVirtualDirectory',
  'msExchOABVirtualDirectory',
  'msExchOwaVirtualDirectory',
  'msExchPowerShellVirtualDirectory',
  'msExchRpcHttpVirtualDirectory',
  'msExchWebServicesVirtualDirectory',
];

/**
 * Reads the organisation: one search, for its containers are few and its servers at most some hundreds. Throws
 * DirectoryError.
 */
export async function readOrganisation(session: DirectorySession, configuration: string): Promise<Organisation> {
  const classes = [
    'msExchOrganizationContainer',
    'msExchAdminGroup',
    'msExchExchangeServer',
    'msExchSmtpReceiveConnector',
    'msExchInformationStore',
    ...virtualDirectoryClasses,
  ];
  const organisations: string[] = [];
  const adminGroups: AdminGroup[] = [];
  const servers = new Map<string, Entry>();
  const children = new Map<string, RoleChildren>();
  const found = session.search({
    base: `CN=Services,${configuration}`,
    scope: 'subtree',
    filter: or(...classes.map((name) => equal('objectClass', name))),
    attributes: serverAttributes,
  });
  for await (const entry of found) {
    const kinds = new Set(textsOf(entry, 'objectClass').map((name) => name.toLowerCase()));
    if (kinds.has('msexchorganizationcontainer')) organisations.push(entry.dn);
    else if (kinds.has('msexchadmingroup')) adminGroups.push(adminGroupOf(entry.dn));
    else if (kinds.has('msexchexchangeserver')) {
      // From 2013 on CN=Frontend and CN=Mailbox below a server are of a class derived from the server's.
      if (!kinds.has('msexchexchangetransportserver')) servers.set(normalizedDn(entry.dn), entry);
    } else {
      for (const ancestor of ancestorsOf(entry.dn)) children.set(ancestor, counted(children.get(ancestor), kinds));
    }
  }
  return {
    organisations,
    adminGroups: adminGroups.sort(
      (one, other) =>
        one.organisation.localeCompare(other.organisation, 'en') || one.name.localeCompare(other.name, 'en'),
    ),
    servers: [...servers]
      .map(([key, entry]) => serverOf(entry, children.get(key) ?? noChildren))
      .sort((one, other) => one.name.localeCompare(other.name, 'en') || one.dn.localeCompare(other.dn, 'en')),
  };
}

const noChildren: RoleChildren = { virtualDirectories: 0, receiveConnectors: 0, informationStores: 0 };

/** DNs above it that could be a server, normalised: everything that is counted is at most four levels below a server. */
function ancestorsOf(dn: string): readonly string[] {
  const ancestors: string[] = [];
  let at = parentDn(dn);
  for (let level = 0; level < 4 && at !== undefined && at !== ''; level += 1) {
    ancestors.push(normalizedDn(at));
    at = parentDn(at);
  }
  return ancestors;
}

function counted(before: RoleChildren = noChildren, kinds: ReadonlySet<string>): RoleChildren {
  if (kinds.has('msexchsmtpreceiveconnector')) return { ...before, receiveConnectors: before.receiveConnectors + 1 };
  if (kinds.has('msexchinformationstore')) return { ...before, informationStores: before.informationStores + 1 };
  return { ...before, virtualDirectories: before.virtualDirectories + 1 };
}

function serverOf(entry: Entry, children: RoleChildren): ExchangeServer {
  const conflict = conflictRdnOf(entry.dn);
  // CN=<server>,CN=Servers,CN=<admin group>
  const adminGroup = adminGroupOf(parentDn(parentDn(entry.dn) ?? '') ?? '');
  const site = textOf(entry, 'msExchServerSite');
  return {
    dn: entry.dn,
    name: conflict?.value ?? rdnOf(entry.dn).value,
    adminGroup: adminGroup.name,
    organisation: adminGroup.organisation,
    roles: integerOf(entry, 'msExchCurrentServerRoles'),
    versionNumber: integerOf(entry, 'versionNumber'),
    serialNumber: textOf(entry, 'serialNumber'),
    legacyExchangeDn: textOf(entry, 'legacyExchangeDN'),
    installPath: textOf(entry, 'msExchInstallPath'),
    fqdn: fqdnIn(textsOf(entry, 'networkAddress')),
    site: site === undefined ? undefined : nameOf(site),
    availabilityGroup: textOf(entry, 'msExchMDBAvailabilityGroupLink'),
    created: generalizedTimeOf(entry, 'whenCreated'),
    isConflict: conflict !== undefined,
    children,
  };
}

/** By its DN: CN=<admin group>,CN=Administrative Groups,CN=<organisation>. */
function adminGroupOf(dn: string): AdminGroup {
  return { name: nameOf(dn), organisation: nameOf(parentDn(parentDn(dn) ?? '') ?? '') };
}

function nameOf(dn: string): string {
  return dn === '' ? '' : rdnOf(dn).value;
}

/** The FQDN in networkAddress, lower case: it has one value a protocol, and the one for TCP carries it. */
export function fqdnIn(addresses: readonly string[]): string | undefined {
  return addresses
    .find((address) => /^ncacn_ip_tcp:/i.test(address))
    ?.slice('ncacn_ip_tcp:'.length)
    .toLowerCase();
}

/** The classes of databases: of 2010 and later, and of 2003 and 2007. */
export const databaseClasses = ['msExchMDB', 'msExchPrivateMDB', 'msExchPublicMDB'];

const lowerDatabaseClasses: ReadonlySet<string> = new Set(databaseClasses.map((name) => name.toLowerCase()));

/** Whether an entry of these classes, in lower case, is a database. */
export function isDatabase(objectClasses: Iterable<string>): boolean {
  return [...objectClasses].some((name) => lowerDatabaseClasses.has(name));
}

/** The names that only this server object has; undefined if there is none. */
export interface OwnNames {
  readonly legacyExchangeDn: string | undefined;
  readonly fqdn: string | undefined;
  /** The short name. */
  readonly name: string | undefined;
}

/**
 * A name of a server object that may mean another one: text that holds it does not say which is meant. Names are shared
 * after naming conflicts between DCs, whose loser (CNF) keeps the attributes of the winner, and by machines that were
 * installed twice.
 */
export interface SharedName {
  readonly kind: 'legacyExchangeDN' | 'FQDN' | 'name';
  readonly value: string;
  /** DNs of the others that bear it. */
  readonly bearers: readonly string[];
}

const byKind: Readonly<Record<SharedName['kind'], (server: ExchangeServer) => string | undefined>> = {
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
    const value = byKind[kind](server);
    if (value === undefined) return [];
    const bearers = others.filter((other) => byKind[kind](other)?.toLowerCase() === value.toLowerCase());
    return bearers.length === 0 ? [] : [{ kind, value, bearers: bearers.map(({ dn }) => dn) }];
  });
}

/** Its names without the shared ones. */
export function ownNames(server: ExchangeServer, shared: readonly SharedName[]): OwnNames {
  const own = (kind: SharedName['kind']): string | undefined =>
    shared.some((name) => name.kind === kind) ? undefined : byKind[kind](server);
  return { legacyExchangeDn: own('legacyExchangeDN'), fqdn: own('FQDN'), name: own('name') };
}

/** The DNs of all server objects that bear one of these names. */
export function bearersOf(shared: readonly SharedName[]): readonly string[] {
  return distinct(shared.flatMap(({ bearers }) => bearers));
}

/** By the major and minor numbers of a build; undefined for any minor number. */
const products: readonly (readonly [major: number, minor: number | undefined, name: string])[] = [
  // Exchange's own bound of what is newer than 2013 (versionNumber 1946157056); no build that was released reaches it.
  [16, 0, 'Exchange 2016'],
  [15, 2, 'Exchange 2019'],
  [15, 1, 'Exchange 2016'],
  [15, 0, 'Exchange 2013'],
  [14, undefined, 'Exchange 2010'],
  [8, undefined, 'Exchange 2007'],
  [6, 5, 'Exchange 2003'],
  [6, 0, 'Exchange 2000'],
];

/** The first build of 15.2 that is Exchange Server Subscription Edition. */
const firstBuildOfSe = 2562;

/** "Exchange 2010": serialNumber says it in clear, versionNumber where that is not there. "unknown" if neither does. */
export function productName(versionNumber: number | undefined, serialNumber: string | undefined): string {
  const [, major, minor] = /^Version (\d+)\.(\d+)/.exec(serialNumber ?? '') ?? [];
  const bySerial = productOf(Number(major), Number(minor));
  const byNumber = versionNumber === undefined ? undefined : productOfNumber(versionNumber);
  const product = bySerial ?? byNumber ?? 'unknown';
  const build = buildOf(versionNumber, serialNumber) ?? 0;
  return product === 'Exchange 2019' && build >= firstBuildOfSe ? 'Exchange Server SE' : product;
}

/** The build: serialNumber writes it with 30000 added from 2007 on, versionNumber has it in its last 15 bits. */
function buildOf(versionNumber: number | undefined, serialNumber: string | undefined): number | undefined {
  const [, serial] = /\(Build (\d+)/.exec(serialNumber ?? '') ?? [];
  if (serial !== undefined) return Number(serial) >= 30_000 ? Number(serial) - 30_000 : Number(serial);
  return versionNumber === undefined ? undefined : versionNumber & 0x7fff;
}

/** A version as far as it decides which way, which cmdlet and which switch there is. */
export interface Release {
  /** The year in the product's name; 2025 for Exchange Server SE. undefined if it is not known. */
  readonly year: number | undefined;
  readonly build: number;
}

/** The release of a server object. Without a version one with roles is of 2007 or later. */
export function releaseOf(server: Pick<ExchangeServer, 'versionNumber' | 'serialNumber'>): Release {
  const product = productName(server.versionNumber, server.serialNumber);
  const [year] = /\d{4}$/.exec(product) ?? [];
  return {
    year: product === 'Exchange Server SE' ? 2025 : year === undefined ? undefined : Number(year),
    build: buildOf(server.versionNumber, server.serialNumber) ?? 0,
  };
}

/** Who administers the organisation in this release: a role group from 2010 on, a security group in 2007. */
export function administrators({ year }: Release): string {
  if (year !== undefined && year <= 2003) return 'Enterprise Admins';
  return year === 2007 ? 'Exchange Organization Administrators' : 'Organization Management';
}

/** The groups that setup of this release puts the computer account in. */
export function machineGroups({ year }: Release): readonly string[] {
  if (year !== undefined && year <= 2003) return ['Exchange Domain Servers'];
  return year === 2007 ? ['Exchange Servers'] : ['Exchange Servers', 'Exchange Trusted Subsystem'];
}

/**
 * From 2007 on versionNumber is a packed number of 32 bits: 4 bits that are 7, 6 bits of the major and 6 of the minor
 * number, a flag, and 15 bits of the build ("Parsing ServerVersion: When an Int Is Really 5 Ints", Microsoft archive of
 * MSDN blogs, which shows it of the same number in Autodiscover). So 15.0 begins at 1941962752, 15.1 at 1942028288 and
 * 15.2 at 1942093824. Before it is the build alone: 6500 and above is Exchange 2003.
 */
function productOfNumber(versionNumber: number): string | undefined {
  if (versionNumber >>> 28 !== 7) return versionNumber >= 6500 ? 'Exchange 2003' : 'Exchange 2000';
  return productOf((versionNumber >>> 22) & 0x3f, (versionNumber >>> 16) & 0x3f);
}

function productOf(major: number, minor: number): string | undefined {
  return products.find(([ofMajor, ofMinor]) => ofMajor === major && (ofMinor ?? minor) === minor)?.[2];
}

/** "Exchange 2010 (14.3 build 30123.4)" */
export function versionInWords(versionNumber: number | undefined, serialNumber: string | undefined): string {
  const [, version, build] = /^Version (\d+\.\d+) \(Build ([\d.]+)/.exec(serialNumber ?? '') ?? [];
  const product = productName(versionNumber, serialNumber);
  return version === undefined ? product : `${product} (${version} build ${build})`;
}

/** In the order in which they are listed. */
const roleNames: readonly (readonly [bit: number, name: string])[] = [
  [2, 'Mailbox'],
  [4, 'Client Access'],
  [32, 'Hub Transport'],
  [16, 'Unified Messaging'],
  [64, 'Edge Transport'],
  [1, 'Client Access front end'],
  [16_384, 'Front End Transport'],
  [4096, 'provisioned'],
  [8192, 'language packs'],
];

/** The bits of msExchCurrentServerRoles. */
export const roleBit = {
  cafe: 1,
  mailbox: 2,
  clientAccess: 4,
  unifiedMessaging: 16,
  hubTransport: 32,
  edge: 64,
  provisioned: 4096,
  frontEndTransport: 16_384,
} as const;

/** The bits that make setup take a machine for one with Exchange on it. */
const installedRoles =
  roleBit.cafe |
  roleBit.mailbox |
  roleBit.clientAccess |
  roleBit.unifiedMessaging |
  roleBit.hubTransport |
  roleBit.edge |
  roleBit.frontEndTransport;

/**
 * Whether the servers of an administrative group of this name are of Exchange 2007 or later: every organisation has one
 * for them, and its name ends so.
 */
export function isModernGroup(name: string): boolean {
  return /\(FYDIBOHF23SPDLT\)$/i.test(name);
}

/** The attributes that show the Exchange version of a server object. */
type VersionSigns = Pick<ExchangeServer, 'versionNumber' | 'serialNumber' | 'roles' | 'adminGroup'>;

/** Exchange 2003 or before: they have neither roles nor a setup that recovers a server. */
export function isLegacy(server: VersionSigns): boolean {
  const { year } = releaseOf(server);
  return year === undefined ? server.roles === undefined && !isModernGroup(server.adminGroup) : year <= 2003;
}

/** "Mailbox, Client Access"; Exchange 2003 and before have no such attribute. */
export function rolesInWords(server: VersionSigns): string {
  const { roles } = server;
  if (roles === undefined) return isLegacy(server) ? 'no roles (Exchange 2003 or older)' : 'no roles set';
  const names = roleNames.filter(([bit]) => (roles & bit) !== 0).map(([, name]) => name);
  const known = roleNames.reduce((sum, [bit]) => sum | bit, 0);
  const unknown = roles & ~known;
  const words = [...names, ...(unknown === 0 ? [] : [`unknown bits ${unknown}`])];
  return words.length === 0 ? 'no roles' : words.join(', ');
}

/** "It is Exchange 2010 (14.3 build 30123.4). Roles: Mailbox, Client Access."; of roles that are not given nothing. */
export function aboutInWords(server: VersionSigns): string {
  const version = versionInWords(server.versionNumber, server.serialNumber);
  const it = version === 'unknown' ? 'Its version is not known' : `It is ${version}`;
  if (server.roles !== undefined && server.roles !== 0) return `${it}. Roles: ${rolesInWords(server)}.`;
  if (server.roles === 0) return `${it}, and it has no roles.`;
  if (!isLegacy(server)) return `${it}.`;
  return version === 'unknown'
    ? `${it}. It has no roles and is not in the administrative group of Exchange 2007 and later: it is treated as Exchange 2003 or older.`
    : `${it}, which has no roles.`;
}

/** Whether one of the roles of these bits is among them. */
export function hasRole(roles: number | undefined, bit: number): boolean {
  return roles !== undefined && (roles & bit) !== 0;
}

/**
 * Whether an object with these roles makes setup say "The Exchange Server is in an inconsistent state. Only disaster
 * recovery mode is available": it does when a role is installed, and not for one that is only provisioned.
 */
export function raisesInconsistentState(roles: number | undefined): boolean {
  return roles !== undefined && (roles & installedRoles) !== 0;
}

/** Made by `Setup /NewProvisionedServer`, and nothing installed since. */
export function isOnlyProvisioned(roles: number | undefined): boolean {
  return roles === roleBit.provisioned;
}
