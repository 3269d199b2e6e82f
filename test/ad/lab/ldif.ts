/**
 * LDIF (RFC 2849) for the tests, written apart from src/directory on purpose: what proves our code right must not
 * share its mistakes.
 */

export type Value = string | Uint8Array;
export type Attributes = Readonly<Record<string, Value | readonly Value[]>>;

/** One thing to do to a directory, in the order given. */
export type Change =
  | { readonly kind: 'add'; readonly dn: string; readonly attributes: Attributes }
  | { readonly kind: 'modify'; readonly dn: string; readonly edits: readonly Edit[] }
  | { readonly kind: 'modrdn'; readonly dn: string; readonly newRdn: string; readonly newSuperior: string }
  | { readonly kind: 'delete'; readonly dn: string };

export interface Edit {
  readonly operation: 'add' | 'delete' | 'replace';
  readonly attribute: string;
  /** None with `delete` or `replace`: the attribute goes. */
  readonly values: readonly Value[];
}

export function add(dn: string, attributes: Attributes): Change {
  return { kind: 'add', dn, attributes };
}

/** The change that gives these attributes exactly these values. */
export function replace(dn: string, attributes: Attributes): Change {
  const edits = Object.entries(attributes).map(
    ([attribute, values]): Edit => ({ operation: 'replace', attribute, values: listOf(values) }),
  );
  return { kind: 'modify', dn, edits };
}

/** The changes as LDIF change records, which ldapmodify and ldbmodify read. */
export function writeLdif(changes: readonly Change[]): string {
  return changes.map((change) => `${recordLines(change).join('\n')}\n`).join('\n');
}

/** An entry as a directory tool printed it. */
export class Entry {
  readonly dn: string;
  readonly #values: ReadonlyMap<string, readonly Buffer[]>;

  constructor(dn: string, values: ReadonlyMap<string, readonly Buffer[]>) {
    this.dn = dn;
    this.#values = values;
  }

  /** The names of its attributes, in lower case. */
  get names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** The attribute's values as bytes; none if the attribute is absent. */
  bytes(name: string): readonly Buffer[] {
    return this.#values.get(name.toLowerCase()) ?? [];
  }

  /** The attribute's values as UTF-8 text; none if the attribute is absent. */
  texts(name: string): readonly string[] {
    return this.bytes(name).map((value) => value.toString());
  }

  /** The only value of the attribute as text; undefined if the attribute is absent. */
  text(name: string): string | undefined {
    const [value, ...more] = this.texts(name);
    if (more.length > 0) throw new Error(`${name} of ${this.dn} has ${more.length + 1} values`);
    return value;
  }
}

/** Reads what ldapsearch and ldbsearch print. Comments and referrals are left out. */
export function readLdif(text: string): readonly Entry[] {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\n ', '')
    .split(/\n{2,}/)
    .flatMap((block) => {
      const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      const [first, ...rest] = lines.map(readLine);
      return first?.name === 'dn' ? [entryOf(first.value.toString(), rest)] : [];
    });
}

interface Line {
  readonly name: string;
  readonly value: Buffer;
}

function readLine(line: string): Line {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon).toLowerCase();
  if (line[colon + 1] === ':') return { name, value: Buffer.from(line.slice(colon + 2).trim(), 'base64') };
  return { name, value: Buffer.from(line.slice(colon + 1).replace(/^ +/, '')) };
}

function entryOf(dn: string, lines: readonly Line[]): Entry {
  const values = new Map<string, Buffer[]>();
  for (const { name, value } of lines) values.set(name, [...(values.get(name) ?? []), value]);
  return new Entry(dn, values);
}

function recordLines(change: Change): readonly string[] {
  const head = [writeLine('dn', change.dn), `changetype: ${change.kind}`];
  switch (change.kind) {
    case 'add':
      return [
        ...head,
        ...Object.entries(change.attributes).flatMap(([name, values]) => writeLines(name, listOf(values))),
      ];
    case 'modify':
      return [
        ...head,
        ...change.edits.flatMap(({ operation, attribute, values }) => [
          `${operation}: ${attribute}`,
          ...writeLines(attribute, values),
          '-',
        ]),
      ];
    case 'modrdn':
      return [
        ...head,
        writeLine('newrdn', change.newRdn),
        'deleteoldrdn: 1',
        writeLine('newsuperior', change.newSuperior),
      ];
    case 'delete':
      return head;
  }
}

function listOf(values: Value | readonly Value[]): readonly Value[] {
  return typeof values === 'string' || values instanceof Uint8Array ? [values] : values;
}

function writeLines(name: string, values: readonly Value[]): readonly string[] {
  return values.map((value) => writeLine(name, value));
}

/** RFC 2849's SAFE-STRING goes as it is, all else in base64. */
function writeLine(name: string, value: Value): string {
  const bytes = Buffer.from(value);
  const safe = /^(?![ :<])[\x01-\x09\x0b\x0c\x0e-\x7f]*(?<! )$/.test(bytes.toString('latin1'));
  return safe ? `${name}: ${bytes.toString('latin1')}` : `${name}:: ${bytes.toString('base64')}`;
}
