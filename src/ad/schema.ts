/**
 * The definitions in the schema (MS-ADTS 3.1.1.2) of the requested attributes and classes, and the attribute names for
 * the numbers in replication metadata.
 */

import { DirectoryError } from '../errors.ts';
import { resultCode } from '../ldap/diagnostics.ts';
import { and, type DirectorySession, equal, type Filter, or } from '../ldap/session.ts';
import { booleanOf, type Entry, integerOf, textOf, textsOf } from './entry.ts';

/** One attribute, as its attributeSchema object defines it. */
export interface AttributeDefinition {
  readonly name: string;
  /** Whether its values are DNs, alone or with a binary or string part. */
  readonly isDn: boolean;
  /** An even linkID is a forward link, an odd one its back link (MS-ADTS 3.1.1.1.6). */
  readonly link: 'forward' | 'back' | undefined;
  /** 0 for one that is no link. */
  readonly linkId: number;
  readonly isSystemOnly: boolean;
  readonly isSingleValued: boolean;
  /** Whether a global catalog holds it of other domains. */
  readonly isInGlobalCatalog: boolean;
}

/**
 * attributeSyntax of Object(DS-DN), of Object(DN-Binary) and Object(OR-Name), and of Object(DN-String) (MS-ADTS
 * 3.1.1.2.2.2).
 */
const dnSyntaxes = new Set(['2.5.5.1', '2.5.5.7', '2.5.5.14']);

const attributeProperties = [
  'lDAPDisplayName',
  'attributeSyntax',
  'linkID',
  'systemOnly',
  'isSingleValued',
  'isMemberOfPartialAttributeSet',
  'systemFlags',
];

/** FLAG_ATTR_IS_CONSTRUCTED of systemFlags (MS-ADTS 2.2.10): computed when it is read, and refused in a filter. */
const constructed = 0x4;

/**
 * The definitions of these attributes, by their names in lower case. One that is missing is not known: the user may not
 * read the schema, or an export lacks it. Throws DirectoryError.
 */
export async function readAttributeDefinitions(
  session: DirectorySession,
  names: readonly string[],
): Promise<ReadonlyMap<string, AttributeDefinition>> {
  const found = await readBy(session, 'lDAPDisplayName', 'attributeSchema', names, attributeProperties);
  return new Map(found.map((entry) => [nameOf(entry).toLowerCase(), definitionOf(entry)]));
}

function definitionOf(entry: Entry): AttributeDefinition {
  const linkId = integerOf(entry, 'linkID') ?? 0;
  return {
    name: nameOf(entry),
    isDn: dnSyntaxes.has(textOf(entry, 'attributeSyntax') ?? ''),
    link: linkId === 0 ? undefined : linkId % 2 === 0 ? 'forward' : 'back',
    linkId,
    isSystemOnly: booleanOf(entry, 'systemOnly') === true,
    isSingleValued: booleanOf(entry, 'isSingleValued') === true,
    isInGlobalCatalog: booleanOf(entry, 'isMemberOfPartialAttributeSet') === true,
  };
}

/**
 * All attributes whose values are DNs, without back links and constructed ones.
 *
 * @param ifUnseen what a schema that cannot be seen means: there are none, or a DirectoryError
 * @throws DirectoryError
 */
export async function readDnAttributes(
  session: DirectorySession,
  ifUnseen: 'none' | 'error',
): Promise<readonly AttributeDefinition[]> {
  const syntaxes = [...dnSyntaxes].map((syntax) => equal('attributeSyntax', syntax));
  const filter = and(equal('objectClass', 'attributeSchema'), or(...syntaxes));
  const read = ifUnseen === 'none' ? schemaObjectsIfSeen : schemaObjects;
  const found = await read(session, filter, attributeProperties);
  const stored = found.filter((entry) => ((integerOf(entry, 'systemFlags') ?? 0) & constructed) === 0);
  // A filter cannot ask for an attribute whose name the user may not read.
  return stored.map(definitionOf).filter(({ name, link }) => name !== '' && link !== 'back');
}

/**
 * The forward link of each back link, by the back link's name in lower case: its linkID is one less (MS-ADTS
 * 3.1.1.1.6). Throws DirectoryError.
 */
export async function readForwardLinks(
  session: DirectorySession,
  definitions: Iterable<AttributeDefinition>,
): Promise<ReadonlyMap<string, string>> {
  const backLinks = [...definitions].filter(({ link }) => link === 'back');
  const ids = backLinks.map(({ linkId }) => String(linkId - 1));
  const found = await readBy(session, 'linkID', 'attributeSchema', ids, ['lDAPDisplayName', 'linkID']);
  const forward = new Map(found.map((entry) => [integerOf(entry, 'linkID'), nameOf(entry)]));
  return new Map(
    backLinks.flatMap(({ name, linkId }): readonly [string, string][] => {
      const attribute = forward.get(linkId - 1);
      return attribute === undefined ? [] : [[name.toLowerCase(), attribute]];
    }),
  );
}

const mandatoryProperties = ['mustContain', 'systemMustContain'];
const classesAbove = ['subClassOf', 'auxiliaryClass', 'systemAuxiliaryClass'];
const classProperties = ['lDAPDisplayName', ...mandatoryProperties, ...classesAbove];

/**
 * The attributes that each of these classes must have, its superclasses' and auxiliary classes' among them; by the
 * class's name, all in lower case. Throws DirectoryError.
 */
export async function readMandatoryAttributes(
  session: DirectorySession,
  classes: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const known = new Map<string, Entry | undefined>();
  let open = classes.map((name) => name.toLowerCase());
  while (open.length > 0) {
    for (const name of open) known.set(name, undefined);
    for (const entry of await readBy(session, 'lDAPDisplayName', 'classSchema', open, classProperties)) {
      known.set(nameOf(entry).toLowerCase(), entry);
    }
    open = [...known.values()].flatMap(classesOf).filter((name) => !known.has(name));
  }
  return new Map(classes.map((name) => [name.toLowerCase(), mandatoryOf(name.toLowerCase(), known)]));
}

function classesOf(entry: Entry | undefined): readonly string[] {
  if (entry === undefined) return [];
  return classesAbove.flatMap((property) => textsOf(entry, property)).map((name) => name.toLowerCase());
}

function mandatoryOf(name: string, known: ReadonlyMap<string, Entry | undefined>): ReadonlySet<string> {
  const mandatory = new Set<string>();
  const seen = new Set<string>();
  const open = [name];
  for (const next of open) {
    // top is its own superclass.
    if (seen.has(next)) continue;
    seen.add(next);
    const entry = known.get(next);
    if (entry === undefined) continue;
    for (const property of mandatoryProperties) {
      for (const attribute of textsOf(entry, property)) mandatory.add(attribute.toLowerCase());
    }
    open.push(...classesOf(entry));
  }
  return mandatory;
}

function nameOf(entry: Entry): string {
  return textOf(entry, 'lDAPDisplayName') ?? '';
}

/** Values asked for in one search. */
const valuesASearch = 50;

/** The schema's objects of a class that have one of these values. */
async function readBy(
  session: DirectorySession,
  property: 'lDAPDisplayName' | 'linkID',
  objectClass: 'attributeSchema' | 'classSchema',
  values: readonly string[],
  attributes: readonly string[],
): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  const wanted = [...new Set(values)];
  for (let at = 0; at < wanted.length; at += valuesASearch) {
    const some = wanted.slice(at, at + valuesASearch).map((value) => equal(property, value));
    const filter = and(equal('objectClass', objectClass), or(...some));
    found.push(...(await schemaObjectsIfSeen(session, filter, attributes)));
  }
  return found;
}

/**
 * The schema's objects that match; [] if the rootDSE names no schema. Throws DirectoryError, also for a schema that
 * cannot be seen.
 */
async function schemaObjects(
  session: DirectorySession,
  filter: Filter,
  attributes: readonly string[],
): Promise<readonly Entry[]> {
  const base = session.rootDse.schemaNamingContext;
  if (base === undefined) return [];
  const found: Entry[] = [];
  for await (const entry of session.search({ base, scope: 'one', filter, attributes })) found.push(entry);
  return found;
}

/** The same; [] also for a schema that cannot be seen: an export without it lacks its head too. */
async function schemaObjectsIfSeen(...search: Parameters<typeof schemaObjects>): Promise<readonly Entry[]> {
  try {
    return await schemaObjects(...search);
  } catch (error) {
    if (error instanceof DirectoryError && error.resultCode === resultCode.noSuchObject) return [];
    throw error;
  }
}

/** The prefixes of a new forest's table that attributes have (MS-DRSR 5.16.4). */
const attributePrefixes: ReadonlyMap<string, number> = new Map([
  ['2.5.4', 0],
  ['1.2.840.113556.1.2', 2],
  ['1.2.840.113556.1.3', 3],
  ['1.2.840.113556.1.4', 9],
  ['0.9.2342.19200300.100', 19],
  ['2.16.840.1.113730.3', 20],
  ['0.9.2342.19200300.100.1', 21],
  ['2.16.840.1.113730.3.1', 22],
  ['2.5.21', 24],
  ['2.5.18', 25],
  ['2.5.20', 26],
  ['1.3.6.1.4.1.250.1', 29],
  ['1.2.840.113549.1.9', 30],
]);

/** Above it the number holds a part of the OID's last arc only. */
const highestArc = 0x3fff;

/**
 * The name of each attribute by its number in replication metadata, as far as the schema shows it. Throws DirectoryError,
 * also for a schema that cannot be seen.
 */
export async function readAttributeNumbers(session: DirectorySession): Promise<ReadonlyMap<number, string>> {
  const numbers = new Map<number, string>();
  const filter = equal('objectClass', 'attributeSchema');
  for (const entry of await schemaObjects(session, filter, ['lDAPDisplayName', 'attributeID', 'msDS-IntId'])) {
    const number = integerOf(entry, 'msDS-IntId') ?? numberOf(textOf(entry, 'attributeID') ?? '');
    // msDS-IntId is signed in LDAP.
    if (number !== undefined) numbers.set(number >>> 0, textOf(entry, 'lDAPDisplayName') ?? '');
  }
  return numbers;
}

/** Undefined for an OID whose prefix each forest numbers for itself. */
function numberOf(oid: string): number | undefined {
  const dot = oid.lastIndexOf('.');
  const prefix = attributePrefixes.get(oid.slice(0, dot));
  const arc = Number(oid.slice(dot + 1));
  return prefix === undefined || arc > highestArc ? undefined : prefix * 0x1_0000 + arc;
}
