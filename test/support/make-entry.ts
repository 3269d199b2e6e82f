import type { Entry } from '../../src/ad/entry.ts';

/** An entry as a server would send it, from attributes written as text or bytes. */
export function makeEntry(dn: string, attributes: Readonly<Record<string, readonly (string | Buffer)[]>>): Entry {
  return {
    dn,
    attributes: new Map(
      Object.entries(attributes).map(([name, values]) => [
        name.toLowerCase(),
        { name, values: values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value)) },
      ]),
    ),
  };
}
