/** Exchange versions in words, from versionNumber and serialNumber. */

/** The least versionNumber of each, the newest first. 2019 has the major version of 2016 and a minor of its own. */
const products: readonly (readonly [least: number, name: string])[] = [
  [1_946_157_056 + (2 << 16), 'Exchange 2019'],
  [1_946_157_056 + (1 << 16), 'Exchange 2016'],
  [1_941_962_752, 'Exchange 2013'],
  [1_937_768_448, 'Exchange 2010'],
  [1_912_602_624, 'Exchange 2007'],
  [6500, 'Exchange 2003'],
  [1, 'Exchange 2000'],
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

/** "Exchange 2010" */
export function productName(versionNumber: number | undefined, serialNumber: string | undefined): string {
  const bySerial = serials.find(([pattern]) => pattern.test(serialNumber ?? ''))?.[1];
  const byNumber = products.find(([least]) => (versionNumber ?? 0) >= least)?.[1];
  return bySerial ?? byNumber ?? 'unknown';
}

/** "Exchange 2010 (14.3 build 30123.4)" */
export function versionInWords(versionNumber: number | undefined, serialNumber: string | undefined): string {
  const [, version, build] = /^Version (\d+\.\d+) \(Build ([\d.]+)/.exec(serialNumber ?? '') ?? [];
  const product = productName(versionNumber, serialNumber);
  return version === undefined ? product : `${product} (${version} build ${build})`;
}
