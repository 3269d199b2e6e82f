/** Search filters as data (RFC 4511 4.5.1.7). */

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

export type Comparison = 'equal' | 'greaterOrEqual' | 'lessOrEqual' | 'approximate';

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

/** `(attribute:rule:=value)` */
export function extensible(attribute: string, rule: string, value: FilterValue): Filter {
  return { kind: 'extensible', attribute, rule, dnAttributes: false, value };
}

/** Every entry, at least every one with an objectClass that we may read. */
export const everything: Filter = present('objectClass');
