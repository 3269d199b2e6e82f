/**
 * Distinguished names as Active Directory uses them: comparing, walking up and down, and the names of deleted and
 * conflicting entries. The program passes DNs as text; dn-syntax.ts parses and prints them.
 */

import { DnSyntaxError, escapeValue, formatDn, parseDn, type RdnAttribute } from './dn-syntax.ts';

export { type Dn, DnSyntaxError, formatDn, parseDn, type Rdn, type RdnAttribute } from './dn-syntax.ts';

/**
 * A key for maps and sets: the same for every spelling of one DN, and itself a DN.
 * Attribute types and values are compared without regard to case, runs of spaces count as one, outer spaces as none.
 * AD also disregards accents and character width (MS-ADTS 6.5.1); here such names remain different, so that no entry is
 * mistaken for a similar one. Throws DnSyntaxError.
 */
export function normalizedDn(text: string): string {
  return normalizedRdns(text).join(',');
}

/** Whether two DNs name the same entry, by normalizedDn. Throws DnSyntaxError. */
export function sameDn(one: string, other: string): boolean {
  return one === other || normalizedDn(one) === normalizedDn(other);
}

/** The DN one level up; "" above a DN of one level; undefined above the empty DN. Throws DnSyntaxError. */
export function parentDn(text: string): string | undefined {
  const dn = parseDn(text);
  return dn.length === 0 ? undefined : formatDn(dn.slice(1));
}

/** Attribute type and unescaped value of the leaf (the first, should it have several). Throws DnSyntaxError. */
export function rdnOf(text: string): RdnAttribute {
  const leaf = parseDn(text)[0];
  if (leaf === undefined) throw new DnSyntaxError(text, 1, 'an entry below the rootDSE');
  return leaf[0];
}

/** How many levels the DN has; 0 for the empty DN. Throws DnSyntaxError. */
export function dnDepth(text: string): number {
  return parseDn(text).length;
}

/** Whether the entry lies below the ancestor, at any depth. Throws DnSyntaxError. */
export function isBelow(text: string, ancestor: string): boolean {
  const rdns = normalizedRdns(text);
  const above = normalizedRdns(ancestor);
  const levels = rdns.length - above.length;
  return levels > 0 && above.every((rdn, index) => rdn === rdns[levels + index]);
}

/** Whether the entry is the ancestor itself or lies below it. Throws DnSyntaxError. */
export function isSameOrBelow(text: string, ancestor: string): boolean {
  return sameDn(text, ancestor) || isBelow(text, ancestor);
}

/** The DN of a child, from the unescaped value of its RDN: childDn('DC=example,DC=com', 'CN', 'Lee, Kim'). */
export function childDn(parent: string, type: string, value: string): string {
  return joinDn(formatDn([[{ type, value }]]), parent);
}

/** DNs put one above the other, the leaf first: joinDn('CN=Services', configurationNamingContext). */
export function joinDn(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(',');
}

/** The parts of the RDN that AD gave a deleted or a conflicting entry. */
export interface MangledRdn extends RdnAttribute {
  /** The value before the mangling; AD may have cut it short to make room. */
  readonly value: string;
  /** objectGUID of the entry, lower case. */
  readonly guid: string;
}

/** Name and objectGUID of a deleted entry (`CN=name\0ADEL:guid,…`); undefined if the DN is not of one. */
export function deletedRdnOf(text: string): MangledRdn | undefined {
  return mangledRdnOf(text, 'DEL');
}

/** Whether the DN is that of a deleted entry (MS-ADTS 3.1.1.5.5.1.1: `\0ADEL:` and its objectGUID in the RDN). */
export function isDeletedDn(text: string): boolean {
  return deletedRdnOf(text) !== undefined;
}

/** Name and objectGUID of the entry that lost a naming conflict (`CN=name\0ACNF:guid,…`); undefined for any other. */
export function conflictRdnOf(text: string): MangledRdn | undefined {
  return mangledRdnOf(text, 'CNF');
}

/** Whether the DN is that of an entry that lost a naming conflict between DCs (`\0ACNF:` in the RDN). */
export function isConflictDn(text: string): boolean {
  return conflictRdnOf(text) !== undefined;
}

/** The DNS name that the DC= components at the end of the DN spell; undefined if there are none. */
export function dnsNameOfDn(text: string): string | undefined {
  const dn = parseDn(text);
  const domain = dn.slice(dn.findLastIndex(([{ type }]) => type !== 'DC') + 1);
  return domain.length === 0 ? undefined : domain.map(([{ value }]) => value).join('.');
}

/** A value of syntax Object(DN-Binary) (MS-ADTS 3.1.1.2.2.2.4), such as otherWellKnownObjects. */
export interface DnWithBinary {
  readonly binary: Buffer;
  readonly dn: string;
}

/** Reads `B:<number of hex digits>:<hex>:<dn>`. Throws DnSyntaxError. */
export function parseDnWithBinary(text: string): DnWithBinary {
  const [, count, hex = '', dn = ''] = /^B:(\d+):([0-9A-Fa-f]*):(.*)$/s.exec(text) ?? [];
  if (count === undefined) throw new DnSyntaxError(text, 1, 'B:<number of hex digits>:<hex>:<dn>');
  if (hex.length !== Number(count) || hex.length % 2 !== 0) throw new DnSyntaxError(text, 3, `${count} hex digits`);
  parseDn(dn);
  return { binary: Buffer.from(hex, 'hex'), dn };
}

/** A DN as nearly all are: nothing to unescape, to trim or to escape. */
const simpleRdn = String.raw`[a-z][a-z0-9-]*=(?!#)[^ ,\\;+"<>=\0\n\r]+(?: [^ ,\\;+"<>=\0\n\r]+)*`;
const simpleDn = new RegExp(`^${simpleRdn}(?:,${simpleRdn})*$`, 'i');

function normalizedRdns(text: string): string[] {
  // Some five times faster, and every value of a directory may come here.
  if (simpleDn.test(text)) return foldedValue(text).split(',');
  return parseDn(text).map((rdn) =>
    rdn
      .map(({ type, value }) => `${type.toLowerCase()}=${escapeValue(foldedValue(value))}`)
      .sort()
      .join('+'),
  );
}

/** The final sigma is the only letter that toLowerCase folds by its position in the word. */
function foldedValue(value: string): string {
  return value.toLowerCase().replaceAll('ς', 'σ').replace(/ +/g, ' ').replace(/^ | $/g, '');
}

function mangledRdnOf(text: string, kind: 'DEL' | 'CNF'): MangledRdn | undefined {
  // Most DNs are of live entries: don't parse those.
  if (!text.toUpperCase().includes(`${kind}:`)) return undefined;
  const leaf = parseDn(text)[0]?.[0];
  const [, marker, guid] = /\n(DEL|CNF):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(leaf?.value ?? '') ?? [];
  if (leaf === undefined || marker?.toUpperCase() !== kind || guid === undefined) return undefined;
  const markerLength = '\nDEL:'.length + guid.length;
  return { type: leaf.type, value: leaf.value.slice(0, -markerLength), guid: guid.toLowerCase() };
}
