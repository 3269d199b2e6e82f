/**
 * As much of the schema as the server's behaviour depends on: syntaxes, single values, links, what is constructed or
 * kept by the system, what a tombstone keeps, and which classes are below which.
 * The tables are in schema-tables.ts.
 */

import {
  classes,
  constructed,
  keptByTombstone,
  linkPairs,
  namesBySyntax,
  notReplicated,
  type Syntax,
  severalNumbers,
  singleValued,
  systemOnly,
  textNames,
  words,
} from './schema-tables.ts';

export type Link =
  | { readonly direction: 'none' }
  | { readonly direction: 'forward' }
  /** Its values are the entries that have this one in their forward link. */
  | { readonly direction: 'back'; readonly forward: string };

export interface AttributeType {
  readonly name: string;
  readonly syntax: Syntax;
  readonly single: boolean;
  readonly link: Link;
  /** Only the server writes it. */
  readonly systemOnly: boolean;
  /** Not stored: computed when asked for by name. */
  readonly constructed: boolean;
  /** Still there after a delete without Recycle Bin. */
  readonly keptByTombstone: boolean;
  /** Whether DCs pass it on; the others are each DC's own. */
  readonly replicated: boolean;
}

export interface ClassType {
  readonly name: string;
  /** The classes above, the topmost first, and the class itself: the values of objectClass. */
  readonly chain: readonly string[];
  /** The RDN of the class's entry in the schema that objectCategory names. */
  readonly category: string;
  /** Attributes that an entry must have and that the server does not supply. */
  readonly mandatory: readonly string[];
}

const syntaxOf: ReadonlyMap<string, readonly [name: string, syntax: Syntax]> = new Map([
  ...words(textNames).map((name) => [name.toLowerCase(), [name, 'text']] as const),
  ...Object.entries(namesBySyntax).flatMap(([syntax, names]) =>
    words(names).map((name) => [name.toLowerCase(), [name, syntax as Syntax]] as const),
  ),
  ...linkPairs.flat().map((name) => [name.toLowerCase(), [name, 'dn']] as const),
]);

const linkOf: ReadonlyMap<string, Link> = new Map<string, Link>(
  linkPairs.flatMap(([forward, back]): [string, Link][] => [
    [forward.toLowerCase(), { direction: 'forward' }],
    [back.toLowerCase(), { direction: 'back', forward }],
  ]),
);

const onlyOneValue: ReadonlySet<Syntax> = new Set(['integer', 'largeInteger', 'boolean', 'time']);

const attributeTypes = new Map<string, AttributeType>();

/** The type of an attribute by its name, without regard to case and options; the same object for the same name. */
export function attributeType(description: string): AttributeType {
  const known = attributeTypes.get(description);
  if (known !== undefined) return known;
  const [name = ''] = description.split(';', 1);
  const key = name.toLowerCase();
  const type = attributeTypes.get(key) ?? newType(name, key);
  attributeTypes.set(key, type);
  attributeTypes.set(description, type);
  return type;
}

function newType(givenName: string, key: string): AttributeType {
  const [name, syntax] = syntaxOf.get(key) ?? [givenName, 'text'];
  const link = linkOf.get(key) ?? { direction: 'none' };
  return {
    name,
    syntax,
    single: singleValued.has(key) || (onlyOneValue.has(syntax) && !severalNumbers.has(key)),
    link,
    systemOnly: systemOnly.has(key) || constructed.has(key) || link.direction === 'back',
    constructed: constructed.has(key),
    keptByTombstone: keptByTombstone.has(key),
    replicated: !notReplicated.has(key) && !constructed.has(key) && link.direction !== 'back',
  };
}

/** The back links that some attribute gives to entries that it names. */
export const backLinks: readonly AttributeType[] = linkPairs.map(([, back]) => attributeType(back));

const classTypes = new Map<string, ClassType>([
  ['top', { name: 'top', chain: ['top'], category: 'Top', mandatory: [] }],
]);
for (const [name, above, category, mandatory] of classes) {
  const superior = classType(above);
  classTypes.set(name.toLowerCase(), {
    name,
    chain: [...superior.chain, name],
    category,
    mandatory: [...superior.mandatory, ...(mandatory === undefined ? [] : [mandatory])],
  });
}

/** Classes that the table has. */
export const knownClasses: readonly string[] = [...classTypes.values()].map(({ name }) => name);

/** The class by its name, without regard to case; one that the table lacks is directly below top. */
export function classType(name: string): ClassType {
  return (
    classTypes.get(name.toLowerCase()) ?? { name, chain: ['top', name], category: categoryOf(name), mandatory: [] }
  );
}

/** The classes with all classes above them, each once, the topmost first: what AD stores whatever it was given. */
export function wholeChain(names: readonly string[]): string[] {
  const chains = names.map((name) => classType(name).chain).toSorted((one, other) => one.length - other.length);
  return [...new Map(chains.flat().map((name) => [name.toLowerCase(), name])).values()];
}

/** `msExchOwaVirtualDirectory` → `ms-Exch-Owa-Virtual-Directory`, as the schema names its entries. */
function categoryOf(className: string): string {
  const parts = className.split(/(?<=[a-z0-9])(?=[A-Z])/);
  return parts
    .map((word, index) => (index === 0 && word !== 'ms' ? word.charAt(0).toUpperCase() + word.slice(1) : word))
    .join('-');
}
