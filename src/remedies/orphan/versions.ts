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

/** "Exchange 2010": serialNumber says it in clear, versionNumber where that is not there. "unknown" where neither does. */
export function productName(versionNumber: number | undefined, serialNumber: string | undefined): string {
  const bySerial = serials.find(([pattern]) => pattern.test(serialNumber ?? ''))?.[1];
  const byNumber = versionNumber === undefined ? undefined : productOfNumber(versionNumber);
  return bySerial ?? byNumber ?? 'unknown';
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

/** "Mailbox, Client Access"; Exchange 2003 and before have no such attribute. */
export function rolesInWords(roles: number | undefined): string {
  if (roles === undefined) return 'none given (Exchange 2003 or older)';
  const names = roleNames.filter(([bit]) => (roles & bit) !== 0).map(([, name]) => name);
  const known = roleNames.reduce((sum, [bit]) => sum | bit, 0);
  const unknown = roles & ~known;
  const words = [...names, ...(unknown === 0 ? [] : [`unknown bits ${unknown}`])];
  return words.length === 0 ? 'none' : words.join(', ');
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
