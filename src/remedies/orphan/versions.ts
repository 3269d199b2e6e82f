/** Exchange versions in words, from versionNumber and serialNumber. */

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
