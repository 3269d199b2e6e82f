/** References to what goes: values that name it by the DN of an entry, or by a name of the server in text. */

import { type DirectorySession, everything } from '../ldap/session.ts';
import { distinct, groupBy } from '../words.ts';
import { dnIn, isDeletedDn, isDnThat, isSameOrBelow, normalizedDn, parentDn, rdnOf } from './dn.ts';
import type { Attribute, Entry } from './entry.ts';

/** How a value names it. */
export type Naming =
  /** The DN of one of the entries. */
  | 'dn'
  /** The DN that an entry got by its deletion, of whatever time: `CN=…\0ADEL:…`. */
  | 'deleted dn'
  | 'legacyExchangeDN'
  /** Text that begins with the server's legacyExchangeDN and `/cn=`. */
  | 'below legacyExchangeDN'
  | 'FQDN'
  /** A UNC path on the server. */
  | 'path on the server'
  /** A URL with the server's FQDN as its host. */
  | 'URL on the server';

/** What a value may name. */
export interface Sought {
  /** DNs, normalised. */
  readonly dns: ReadonlySet<string>;
  /** Names of the server that are its own; the FQDN in lower case. */
  readonly names: {
    readonly legacyExchangeDn?: string | undefined;
    readonly fqdn?: string | undefined;
    /** The short name. */
    readonly name?: string | undefined;
  };
}

/** How a value of an attribute, in lower case, names what is sought; undefined if it does not. */
export interface NamingTest {
  (value: string, attribute: string): Naming | undefined;
  /** Whether values among these bytes of a whole entry may name it: fast for the very many entries that name nothing. */
  readonly mayName: (entry: Buffer) => boolean;
}

/** A test for values that name any of these: by DN, by legacyExchangeDN, as a host or by a short name. */
export function namingTest({ dns, names }: Sought): NamingTest & ((value: string) => Naming | undefined) {
  const { legacyExchangeDn, fqdn, name } = names;
  const legacy = legacyExchangeDn?.toLowerCase();
  const hosts = [fqdn, name?.toLowerCase()].flatMap((host) => (host === undefined ? [] : [host]));
  const marks = withoutLonger([...distinctiveParts(dns), ...(legacy === undefined ? [] : [legacy]), ...hosts, 'del:']);
  const hasMark = (text: string): boolean => marks.some((mark) => text.includes(mark));
  const test = (value: string): Naming | undefined => {
    const text = value.toLowerCase();
    if (!hasMark(text)) return undefined;
    if (text === legacy) return 'legacyExchangeDN';
    if (text === fqdn) return 'FQDN';
    if (legacy !== undefined && text.startsWith(`${legacy}/cn=`)) return 'below legacyExchangeDN';
    if (hosts.some((host) => text.startsWith(`\\\\${host}\\`))) return 'path on the server';
    if (fqdn !== undefined && hostIn(text) === fqdn) return 'URL on the server';
    return namingOfDn(dnIn(value), dns);
  };
  return Object.assign(test, { mayName: bytesWith(marks) });
}

/** A test of bytes for one of these texts, which are in lower case. */
export function bytesWith(texts: readonly string[]): (bytes: Buffer) => boolean {
  // Latin-1 is the fastest to read; it shows ASCII as it is.
  const isAscii = texts.every((text) => /^[ -~]*$/.test(text));
  return (bytes) => {
    const read = (isAscii ? bytes.toString('latin1') : bytes.toString()).toLowerCase();
    return texts.some((text) => read.includes(text));
  };
}

/** Text that has one of the texts has one of these. */
function withoutLonger(texts: readonly string[]): readonly string[] {
  return distinct(texts).filter((text) => !texts.some((other) => other !== text && text.includes(other)));
}

/** The host of a URL in lower case, without its port; undefined for what is no URL. */
function hostIn(text: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/:?#]+)/.exec(text)?.[1];
}

function namingOfDn(dn: string, dns: ReadonlySet<string>): Naming | undefined {
  if (!dn.includes('=')) return undefined;
  if (isDnThat(dn, isDeletedDn)) return 'deleted dn';
  return isDnThat(dn, (one) => dns.has(normalizedDn(one))) ? 'dn' : undefined;
}

/** For each topmost DN a run of letters and digits of its RDN, which every spelling of the DNs at or below it has. */
function distinctiveParts(dns: ReadonlySet<string>): readonly string[] {
  return [...dns].filter((dn) => !dns.has(parentDn(dn) ?? '')).map(distinctivePart);
}

function distinctivePart(dn: string): string {
  const { value } = rdnOf(dn);
  const runs = value.toLowerCase().match(/[a-z0-9-]+/g) ?? [];
  return runs.toSorted((one, other) => other.length - one.length)[0] ?? '';
}

/** Attributes of every entry that never name another, or that the entry itself is named by. */
const ofEveryEntry = new Set([
  'cn',
  'distinguishedname',
  'dscorepropagationdata',
  'instancetype',
  'name',
  'objectcategory',
  'objectclass',
  'objectguid',
  'usnchanged',
  'usncreated',
  'whenchanged',
  'whencreated',
]);

/** Whether every entry has the attribute, and no value of it names what is sought. */
export function isOfEveryEntry(name: string): boolean {
  return ofEveryEntry.has(name.toLowerCase());
}

/** An attribute's values that name what is sought, by how they name it. */
export interface NamingValues {
  readonly attribute: Attribute;
  readonly naming: Naming;
  readonly values: readonly Buffer[];
}

/** Every value of an entry that names what is sought, whatever its attribute. */
export function namingValues(entry: Entry, test: NamingTest): readonly NamingValues[] {
  const found: NamingValues[] = [];
  for (const [key, attribute] of entry.attributes) {
    if (isOfEveryEntry(key)) continue;
    for (const [naming, values] of groupBy(attribute.values, (value) => test(value.toString(), key))) {
      if (naming !== undefined) found.push({ attribute, naming, values });
    }
  }
  return found;
}

/**
 * Every entry of the Configuration naming context that may pass the test, without the schema, which is a separate
 * naming context. Throws DirectoryError.
 */
export async function* everyEntry(
  session: DirectorySession,
  configuration: string,
  { mayName }: Pick<NamingTest, 'mayName'>,
): AsyncGenerator<Entry> {
  const schema = session.rootDse.schemaNamingContext ?? `CN=Schema,${configuration}`;
  const mark = distinctivePart(schema);
  const found = session.search({
    base: configuration,
    scope: 'subtree',
    filter: everything,
    attributes: ['*'],
    mayMatter: mayName,
  });
  for await (const entry of found) {
    // An export holds both in one tree.
    if (!entry.dn.toLowerCase().includes(mark) || !isSameOrBelow(entry.dn, schema)) yield entry;
  }
}
