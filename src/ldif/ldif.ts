/**
 * LDIF (RFC 2849): the records that the reader returns and the writer accepts.
 * Values are bytes; a DN is text with its escapes as in the file.
 */

import { FileError } from '../errors.ts';

/** All values of one attribute, in the order of the file. */
export interface LdifAttribute {
  /** With any options: "member;range=0-1499". */
  readonly name: string;
  readonly values: readonly Buffer[];
}

/** A control of a change (RFC 4511 4.1.11). */
export interface LdifControl {
  readonly oid: string;
  readonly critical: boolean;
  readonly value?: Buffer;
}

/** One step of a modify. */
export interface LdifEdit extends LdifAttribute {
  readonly operation: 'add' | 'delete' | 'replace';
}

/** An entry of an export. */
export interface LdifContentRecord {
  readonly kind: 'content';
  readonly dn: string;
  readonly attributes: readonly LdifAttribute[];
}

export interface LdifAddRecord {
  readonly kind: 'add';
  readonly dn: string;
  readonly controls: readonly LdifControl[];
  readonly attributes: readonly LdifAttribute[];
}

export interface LdifModifyRecord {
  readonly kind: 'modify';
  readonly dn: string;
  readonly controls: readonly LdifControl[];
  readonly edits: readonly LdifEdit[];
}

export interface LdifDeleteRecord {
  readonly kind: 'delete';
  readonly dn: string;
  readonly controls: readonly LdifControl[];
}

export type LdifChangeRecord = LdifAddRecord | LdifModifyRecord | LdifDeleteRecord;
export type LdifRecord = LdifContentRecord | LdifChangeRecord;

/** LDIF that cannot be read; lines count from 1. */
export class LdifSyntaxError extends FileError {
  constructor(source: string, line: number, found: string) {
    super({
      attempted: 'read LDIF',
      on: `${source}, line ${line}`,
      cameBack: found,
      next: 'If the file was truncated or edited, export it again (ldifde -f FILE, ldapsearch -LLL); else correct that line.',
    });
  }
}

/** RFC 4512 2.5, extended by the options of AD such as `range=0-*`. */
export const attributeDescriptionPattern = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:;[A-Za-z0-9_.=*-]+)*$/;
