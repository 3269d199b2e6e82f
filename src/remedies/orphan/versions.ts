/** Which Exchange a server object is of: its version (versionNumber, serialNumber) and its roles, in words. */

/** By the major and minor numbers of a build; undefined for any minor number. */
const products: readonly (readonly [major: number, minor: number | undefined, name: string])[] = [
  // Exchange's own bound of what is newer than 2013 (versionNumber 1946157056); no build that was released reaches it.
  [16, 0, 'Exchange 2016'],
  [15, 2, 'Exchange 2019'],
  [15, 1, 'Exchange 2016'],
  [15, 0, 'Exchange 2013'],
  [14, undefined, 'Exchange 2010'],
  [8, undefined, 'Exchange 2007'],
];

/** By the major and minor numbers of serialNumber. */
const serials: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^Version 15\.2\b/, 'Exchange 2019'],
  [/^Version 15\.1\b/, 'Exchange 2016'],
  [/^Version 15\.0\b/, 'Exchange 2013'],
  [/^Version 14\./, 'Exchange 2010'],
  [/^Version 8\./, 'Exchange 2007'],
  [/^Version 6\.5\b/, 'Exchange 2003'],
  [/^Version 6\.0\b/, 'Exchange 2000'],
];

/** The first build of 15.2 that is Exchange Server Subscription Edition. */
const firstBuildOfSe = 2562;

/** "Exchange 2010": serialNumber says it in clear, versionNumber where that is not there. "unknown" where neither does. */
export function productName(versionNumber: number | undefined, serialNumber: string | undefined): string {
  const bySerial = serials.find(([pattern]) => pattern.test(serialNumber ?? ''))?.[1];
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
export function releaseOf(server: {
  readonly versionNumber: number | undefined;
  readonly serialNumber: string | undefined;
}): Release {
  const product = productName(server.versionNumber, server.serialNumber);
  const [year] = /\d{4}$/.exec(product) ?? [];
  return {
    year: product === 'Exchange Server SE' ? 2025 : year === undefined ? undefined : Number(year),
    build: buildOf(server.versionNumber, server.serialNumber) ?? 0,
  };
}

/** The first builds of 2016 CU22 and 2019 CU11 (September 2021), whose setup takes another switch. */
const firstBuildsOfNewTerms: Readonly<Record<number, number>> = { 2016: 2375, 2019: 986, 2025: 0 };

/**
 * Setup with the switch that accepts its licence terms, as this release has it; before 2013 there is none. PowerShell
 * starts a program of the current folder only where its name begins with `.\\`; cmd takes that too.
 */
export function setupCommand({ year, build }: Release, switches: string): string {
  if (year === undefined) return `.\\Setup ${switches}`;
  if (year < 2013) return `.\\Setup.com ${switches}`;
  const first = firstBuildsOfNewTerms[year];
  const suffix = first !== undefined && build >= first ? '_DiagnosticDataOFF' : '';
  return `.\\Setup.exe ${switches} /IAcceptExchangeServerLicenseTerms${suffix}`;
}

/** What to add to a command of setup where the release is not known; '' where it is. */
export function unknownRelease({ year }: Release): string {
  return year === undefined
    ? ' The version is not known here: the program is Setup.com of 2007 and 2010, and from 2013 on Setup.exe with its switch for the licence terms.'
    : '';
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

/** Where setup installs by default: a server elsewhere needs /TargetDir when it is recovered. */
export function defaultInstallPath({ year }: Release): string {
  const folder = 'C:\\Program Files\\Microsoft\\Exchange Server';
  if (year === undefined || year <= 2007) return folder;
  return `${folder}\\${year === 2010 ? 'V14' : 'V15'}`;
}

/**
 * From 2007 on versionNumber is a packed number of 32 bits: 4 bits that are 7, 6 bits of the major and 6 of the minor
 * number, a flag, and 15 bits of the build ("Parsing ServerVersion: When an Int Is Really 5 Ints", Microsoft archive of
 * MSDN blogs, which shows it of the same number in Autodiscover). So 15.0 begins at 1941962752, 15.1 at 1942028288 and
 * 15.2 at 1942093824. Before it is the build alone: 6500 and above is Exchange 2003.
 */
function productOfNumber(versionNumber: number): string | undefined {
  if (versionNumber >>> 28 !== 7) return versionNumber >= 6500 ? 'Exchange 2003' : 'Exchange 2000';
  const major = (versionNumber >>> 22) & 0x3f;
  const minor = (versionNumber >>> 16) & 0x3f;
  return products.find(([ofMajor, ofMinor]) => ofMajor === major && (ofMinor ?? minor) === minor)?.[2];
}

/** "Exchange 2010 (14.3 build 30123.4)" */
export function versionInWords(versionNumber: number | undefined, serialNumber: string | undefined): string {
  const [, version, build] = /^Version (\d+\.\d+) \(Build ([\d.]+)/.exec(serialNumber ?? '') ?? [];
  const product = productName(versionNumber, serialNumber);
  return version === undefined ? product : `${product} (${version} build ${build})`;
}

/* Roles: msExchCurrentServerRoles. */

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

/** Every organisation has one administrative group for the servers of Exchange 2007 and later, and its name ends so. */
const modernGroup = /\(FYDIBOHF23SPDLT\)$/i;

/** Whether the servers of an administrative group of this name are of Exchange 2007 or later. */
export function isModernGroup(name: string): boolean {
  return modernGroup.test(name);
}

/** What shows of which Exchange a server object is. */
export interface VersionSigns {
  readonly versionNumber: number | undefined;
  readonly serialNumber: string | undefined;
  readonly roles: number | undefined;
  /** The name of its administrative group. */
  readonly adminGroup: string;
}

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
    ? `${it}. It has no roles and is not in the administrative group of Exchange 2007 and later: it is taken for Exchange 2003 or older.`
    : `${it}, which has no roles.`;
}

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
