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
      /** Default: every attribute that the rule applies to. */
      readonly attribute?: string;
      /** OID or name of the matching rule. */
      readonly rule?: string;
      /** Whether attributes in the entry's DN are matched too. */
      readonly dnAttributes: boolean;
      readonly value: FilterValue;
    };

export type Comparison = 'equal' | 'greaterOrEqual' | 'lessOrEqual' | 'approximate';

/** Matching rules of AD (MS-ADTS 3.1.1.3.4.4). */
export const matchingRule = {
  bitAnd: '1.2.840.113556.1.4.803',
  bitOr: '1.2.840.113556.1.4.804',
  /** Follows a chain of links to its end. */
  transitiveEvaluation: '1.2.840.113556.1.4.1941',
} as const;

/** Matches if every filter matches; without filters, always (RFC 4526). */
export function and(...filters: readonly Filter[]): Filter {
  return { kind: 'and', filters };
}

/** Matches if at least one filter matches; without filters, never (RFC 4526). */
export function or(...filters: readonly Filter[]): Filter {
  return { kind: 'or', filters };
}

/** Matches if the filter is false; not if it is undefined, as for an attribute that the user may not read. */
export function not(filter: Filter): Filter {
  return { kind: 'not', filter };
}

/** `(attribute=*)` */
export function present(attribute: string): Filter {
  return { kind: 'present', attribute };
}

/** `(attribute=value)`; give bytes for binary syntaxes such as objectGUID. */
export function equal(attribute: string, value: FilterValue): Filter {
  return { kind: 'equal', attribute, value };
}

/** `(attribute:rule:=value)` */
export function extensible(attribute: string, rule: string, value: FilterValue): Filter {
  return { kind: 'extensible', attribute, rule, dnAttributes: false, value };
}

/** Matches every entry with an objectClass that the user may read. */
export const everything: Filter = present('objectClass');
