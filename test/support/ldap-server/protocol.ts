/** LDAP messages (RFC 4511 section 4) as data. */

import type { WriteRequest } from '../../../src/embedded/write.ts';
import type { Control, Filter, SearchScope } from '../../../src/ldap/session.ts';

export interface BindRequest {
  readonly kind: 'bind';
  readonly version: number;
  readonly name: string;
  readonly authentication:
    | { readonly kind: 'simple'; readonly password: string }
    | { readonly kind: 'sasl'; readonly mechanism: string };
}

export interface SearchRequest {
  readonly kind: 'search';
  readonly base: string;
  readonly scope: SearchScope;
  /** 0 for none. */
  readonly sizeLimit: number;
  readonly typesOnly: boolean;
  readonly filter: Filter;
  readonly attributes: readonly string[];
}

export interface RenameRequest {
  readonly kind: 'rename';
  readonly dn: string;
  readonly newRdn: string;
  readonly deleteOldRdn: boolean;
  readonly newSuperior?: string;
}

export interface CompareRequest {
  readonly kind: 'compare';
  readonly dn: string;
  readonly attribute: string;
  readonly value: Buffer;
}

export interface ExtendedRequest {
  readonly kind: 'extended';
  readonly oid: string;
}

export type Operation = BindRequest | SearchRequest | WriteRequest | RenameRequest | CompareRequest | ExtendedRequest;
export type Request = Operation | { readonly kind: 'unbind' } | { readonly kind: 'abandon' };

export interface RequestMessage {
  readonly id: number;
  readonly request: Request;
  readonly controls: readonly Control[];
}
