/** Search filters as data (RFC 4511 4.5.1.7), and their text form (RFC 4515) in both directions. */

import { DirectoryError } from '../errors.ts';

/** Text is sent as UTF-8. */
export type FilterValue = string | Buffer;

export interface SubstringParts {
  readonly initial?: FilterValue;
  readonly any?: readonly FilterValue[];
  readonly final?: FilterValue;
}

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'present'; readonly attribute: string }
  | { readonly kind: Comparison; readonly attribute: string; readonly value: FilterValue }
  | ({ readonly kind: 'substring'; readonly attribute: string } & SubstringParts)
  | {
      readonly kind: 'extensible';
      /** Without it, every attribute that the rule applies to. */
      readonly attribute?: string;
      /** OID or name of the matching rule. */
      readonly rule?: string;
      /** Whether the attributes in the entry's DN count too. */
      readonly dnAttributes: boolean;
      readonly value: FilterValue;
    };

type Comparison = 'equal' | 'greaterOrEqual' | 'lessOrEqual' | 'approximate';

/** Matching rules of AD (MS-ADTS 3.1.1.3.4.4). */
export const matchingRule = {
  bitAnd: '1.2.840.113556.1.4.803',
  bitOr: '1.2.840.113556.1.4.804',
  /** Follows links up or down the whole chain. */
  transitiveEvaluation: '1.2.840.113556.1.4.1941',
} as const;

/** Every filter matches; with none, every entry does (RFC 4526). */
export function and(...filters: readonly Filter[]): Filter {
  return { kind: 'and', filters };
}

/** At least one filter matches; with none, no entry does (RFC 4526). */
export function or(...filters: readonly Filter[]): Filter {
  return { kind: 'or', filters };
}

/** Matches where the filter is false; not where it is undefined, as for an attribute that we may not read. */
export function not(filter: Filter): Filter {
  return { kind: 'not', filter };
}

/** `(attribute=*)` */
export function present(attribute: string): Filter {
  return { kind: 'present', attribute };
}

/** `(attribute=value)`; for binary syntaxes such as objectGUID give the bytes. */
export function equal(attribute: string, value: FilterValue): Filter {
  return { kind: 'equal', attribute, value };
}

/** `(attribute>=value)` */
export function greaterOrEqual(attribute: string, value: FilterValue): Filter {
  return { kind: 'greaterOrEqual', attribute, value };
}

/** `(attribute<=value)` */
export function lessOrEqual(attribute: string, value: FilterValue): Filter {
  return { kind: 'lessOrEqual', attribute, value };
}

/** `(attribute=initial*any*any*final)`; at least one part must be given. AD takes none for DN syntax. */
export function substring(attribute: string, parts: SubstringParts): Filter {
  return { kind: 'substring', attribute, ...parts };
}

/** `(attribute:rule:=value)` */
export function extensible(attribute: string, rule: string, value: FilterValue): Filter {
  return { kind: 'extensible', attribute, rule, dnAttributes: false, value };
}

/** Every entry, at least every one with an objectClass that we may read. */
export const everything: Filter = present('objectClass');

/** The filter as RFC 4515 text; in bytes, whatever is not printable ASCII is escaped. */
export function formatFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
      return `(&${filter.filters.map(formatFilter).join('')})`;
    case 'or':
      return `(|${filter.filters.map(formatFilter).join('')})`;
    case 'not':
      return `(!${formatFilter(filter.filter)})`;
    case 'present':
      return `(${filter.attribute}=*)`;
    case 'substring':
      return `(${filter.attribute}=${[filter.initial ?? '', ...(filter.any ?? []), filter.final ?? ''].map(escapeValue).join('*')})`;
    case 'extensible': {
      const dn = filter.dnAttributes ? ':dn' : '';
      const rule = filter.rule === undefined ? '' : `:${filter.rule}`;
      return `(${filter.attribute ?? ''}${dn}${rule}:=${escapeValue(filter.value)})`;
    }
    default:
      return `(${filter.attribute}${signOf[filter.kind]}${escapeValue(filter.value)})`;
  }
}

const signOf: Readonly<Record<Comparison, string>> = {
  equal: '=',
  greaterOrEqual: '>=',
  lessOrEqual: '<=',
  approximate: '~=',
};

function escapeValue(value: FilterValue): string {
  if (typeof value === 'string')
    return value.replace(/[\0-\x1f()*\\\x7f]/g, (character) => hexEscape(character.charCodeAt(0)));
  return Array.from(value, (byte) => {
    const printable = byte >= 0x20 && byte < 0x7f && !'()*\\'.includes(String.fromCharCode(byte));
    return printable ? String.fromCharCode(byte) : hexEscape(byte);
  }).join('');
}

function hexEscape(byte: number): string {
  return `\\${byte.toString(16).padStart(2, '0')}`;
}

/** Text that is no filter; `position` is the 1-based character where reading stopped. */
export class FilterSyntaxError extends DirectoryError {
  readonly position: number;

  constructor(text: string, position: number, expected: string) {
    super({
      attempted: 'read the search filter',
      on: text,
      cameBack: `at character ${position}: expected ${expected}`,
      next: 'Check the filter (RFC 4515); in values, ( ) * and \\ are written \\28 \\29 \\2a and \\5c.',
    });
    this.position = position;
  }
}

/**
 * Reads RFC 4515 text. A value is text where it is clean UTF-8, else bytes. Throws FilterSyntaxError.
 */
export function parseFilter(text: string): Filter {
  return new FilterReader(text).whole();
}

// An attribute or rule: a name or OID, and options (RFC 4512 2.5).
const description = /[A-Za-z0-9.;_-]+/y;
// All of a value but the five characters that must be escaped (RFC 4515 section 3).
const valueRun = /(?:[^\0()*\\]|\\[0-9A-Fa-f]{2})*/y;

class FilterReader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Filter {
    const filter = this.#filter();
    if (this.#position < this.#text.length) throw this.#expected('the end');
    return filter;
  }

  #filter(): Filter {
    this.#take('(');
    const filter = this.#component();
    this.#take(')');
    return filter;
  }

  #component(): Filter {
    if (this.#skip('&')) return { kind: 'and', filters: this.#list() };
    if (this.#skip('|')) return { kind: 'or', filters: this.#list() };
    if (this.#skip('!')) return { kind: 'not', filter: this.#filter() };
    const attribute = this.#match(description);
    if (this.#at(':')) return this.#extensible(attribute);
    if (attribute === '') throw this.#expected('an attribute, &, | or !');
    for (const kind of ['greaterOrEqual', 'lessOrEqual', 'approximate'] as const) {
      if (this.#skip(signOf[kind])) return { kind, attribute, value: this.#value() };
    }
    if (this.#skip('=')) return this.#equalityOrSubstring(attribute);
    throw this.#expected('=, >=, <=, ~= or :=');
  }

  #list(): Filter[] {
    const filters: Filter[] = [];
    while (this.#at('(')) filters.push(this.#filter());
    return filters;
  }

  #extensible(attribute: string): Filter {
    let dnAttributes = false;
    let rule: string | undefined;
    if (!this.#at(':=')) {
      this.#take(':');
      rule = this.#match(description);
      if (rule.toLowerCase() === 'dn') {
        dnAttributes = true;
        rule = undefined;
        if (!this.#at(':=')) {
          this.#take(':');
          rule = this.#match(description);
        }
      }
      if (rule === '') throw this.#expected('a matching rule');
    }
    if (attribute === '' && rule === undefined) throw this.#expected('an attribute or a matching rule');
    this.#take(':=');
    return {
      kind: 'extensible',
      ...(attribute === '' ? {} : { attribute }),
      ...(rule === undefined ? {} : { rule }),
      dnAttributes,
      value: this.#value(),
    };
  }

  #equalityOrSubstring(attribute: string): Filter {
    const parts = [this.#value()];
    while (this.#skip('*')) parts.push(this.#value());
    const [first = '', ...rest] = parts;
    const last = rest.pop();
    if (last === undefined) return { kind: 'equal', attribute, value: first };
    if (parts.length === 2 && first === '' && last === '') return { kind: 'present', attribute };
    if (rest.includes('')) throw this.#expected('text between two asterisks');
    return {
      kind: 'substring',
      attribute,
      ...(first === '' ? {} : { initial: first }),
      ...(rest.length === 0 ? {} : { any: rest }),
      ...(last === '' ? {} : { final: last }),
    };
  }

  #value(): FilterValue {
    const raw = this.#match(valueRun);
    if (!raw.includes('\\')) return raw;
    const bytes = raw
      .split(/(\\..)/)
      .map((part) => (part.startsWith('\\') ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part)));
    return textIfClean(Buffer.concat(bytes));
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#position += found.length;
    return found;
  }

  #at(token: string): boolean {
    return this.#text.startsWith(token, this.#position);
  }

  #skip(token: string): boolean {
    if (!this.#at(token)) return false;
    this.#position += token.length;
    return true;
  }

  #take(token: string): void {
    if (!this.#skip(token)) throw this.#expected(token);
  }

  #expected(what: string): FilterSyntaxError {
    return new FilterSyntaxError(this.#text, this.#position + 1, what);
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textIfClean(bytes: Buffer): FilterValue {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    // The decoder's only failure: these bytes are no UTF-8, so they stay bytes.
    return bytes;
  }
}
