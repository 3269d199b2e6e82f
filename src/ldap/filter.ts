/** Search filters as data (RFC 4511 4.5.1.7). */

/** Text is sent as UTF-8. */
export type FilterValue = string | Buffer;

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'present'; readonly attribute: string }
  | { readonly kind: 'equal' | 'greaterOrEqual'; readonly attribute: string; readonly value: FilterValue }
  /** All these bits of a number are set: the rule BIT_AND of AD (MS-ADTS 3.1.1.3.4.4.1). */
  | { readonly kind: 'allBits'; readonly attribute: string; readonly bits: string };

export const bitAnd = '1.2.840.113556.1.4.803';

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

export function present(attribute: string): Filter {
  return { kind: 'present', attribute };
}

/** `(attribute=value)`; give bytes for binary syntaxes such as objectGUID. */
export function equal(attribute: string, value: FilterValue): Filter {
  return { kind: 'equal', attribute, value };
}

/** Matches every entry with an objectClass that the user may read. */
export const everything: Filter = present('objectClass');
