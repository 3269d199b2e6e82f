/** LDAP messages (RFC 4511 section 4) as data. */

import type { Control } from '../ldap/controls.ts';
import type { Filter } from '../ldap/filter.ts';

export type SearchScope = 'base' | 'one' | 'subtree';

/** An attribute as it travels: its description (with options), and its values as bytes. */
export interface WireAttribute {
  readonly name: string;
  readonly values: readonly (string | Uint8Array)[];
}

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

export interface AttributeChange {
  readonly operation: 'add' | 'delete' | 'replace';
  readonly attribute: string;
  readonly values: readonly Buffer[];
}

export interface ModifyRequest {
  readonly kind: 'modify';
  readonly dn: string;
  readonly changes: readonly AttributeChange[];
}

export interface AddRequest {
  readonly kind: 'add';
  readonly dn: string;
  readonly attributes: readonly { readonly name: string; readonly values: readonly Buffer[] }[];
}

export interface DeleteRequest {
  readonly kind: 'delete';
  readonly dn: string;
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

export type WriteRequest = ModifyRequest | AddRequest | DeleteRequest | RenameRequest;
export type Operation = BindRequest | SearchRequest | WriteRequest | CompareRequest | ExtendedRequest;
export type Request = Operation | { readonly kind: 'unbind' } | { readonly kind: 'abandon' };

export interface RequestMessage {
  readonly id: number;
  readonly request: Request;
  readonly controls: readonly Control[];
}

export interface Result {
  readonly code: number;
  readonly matchedDn: string;
  readonly diagnostic: string;
  readonly referrals: readonly string[];
}
