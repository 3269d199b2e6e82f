/**
 * LDIF (RFC 2849): records as the reader returns them, and their text for ldifde, ldapmodify and ldbmodify: ASCII, base64
 * for everything else, folded lines. Values are bytes; a DN is text with its escapes as in the file.
 */

import { FileError } from '../errors.ts';
import type { Control } from '../ldap/session.ts';

/** All values of one attribute, in the order of the file. */
export interface LdifAttribute {
  /** With any options: "member;range=0-1499". */
  readonly name: string;
  readonly values: readonly Buffer[];
}

/** One edit of a change: these values are added, deleted, or replace all. */
export interface LdifEdit extends LdifAttribute {
  readonly operation: 'add' | 'delete' | 'replace';
}

/** An entry as an export holds it. */
export interface LdifContentRecord {
  readonly kind: 'content';
  readonly dn: string;
  readonly attributes: readonly LdifAttribute[];
}

/** A change of one entry. */
export type LdifChangeRecord = { readonly dn: string; readonly controls: readonly Control[] } & (
  | { readonly kind: 'add'; readonly attributes: readonly LdifAttribute[] }
  | { readonly kind: 'modify'; readonly edits: readonly LdifEdit[] }
  | { readonly kind: 'delete' }
);

/** The text between two blank lines. */
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

/**
 * The text of each record. There is no `version: 1` at the top: readers assume it, and ldbmodify refuses a file that
 * begins with it. Throws FileError for a name that is not an attribute name.
 */
export function* writeLdif(records: Iterable<LdifRecord>): Generator<string, void, undefined> {
  for (const record of records) yield ldifRecord(record);
}

/** A comment: each line of the text after `# `. */
export function ldifComment(text: string): string {
  return textOf(text.split(/\r\n|\r|\n/).map((line) => `# ${line}`.trimEnd()));
}

/** One record with the blank line after it. Throws FileError for a name that is not an attribute name. */
export function ldifRecord(record: LdifRecord): string {
  const lines = record.kind === 'content' ? attributeLines(record.attributes) : changeLines(record);
  return textOf([...[textLine('dn', record.dn), ...lines].flatMap(folded), '']);
}

function changeLines(record: LdifChangeRecord): string[] {
  const lines = record.controls.map(controlLine);
  switch (record.kind) {
    case 'add':
      return [...lines, 'changetype: add', ...attributeLines(record.attributes)];
    case 'delete':
      return [...lines, 'changetype: delete'];
    case 'modify':
      return [
        ...lines,
        'changetype: modify',
        ...record.edits.flatMap((edit) => [textLine(edit.operation, edit.name), ...attributeLines([edit]), '-']),
      ];
  }
}

function attributeLines(attributes: readonly LdifAttribute[]): string[] {
  return attributes.flatMap(({ name, values }) => {
    if (!attributeDescriptionPattern.test(name)) {
      throw new FileError({
        attempted: 'write LDIF',
        on: JSON.stringify(name),
        cameBack: 'not the name of an attribute',
        next: 'Check the attribute names in the directory.',
      });
    }
    return values.map((value) => `${name}${valuePart(value)}`);
  });
}

function controlLine({ oid, critical, value }: Control): string {
  return `control: ${oid} ${critical}${value === undefined ? '' : valuePart(value)}`;
}

function textLine(name: string, value: string): string {
  return `${name}${valuePart(Buffer.from(value))}`;
}

/** Stricter than RFC 2849's SAFE-STRING: control characters become base64 too, as not every reader accepts them. */
function valuePart(value: Buffer): string {
  if (value.length === 0) return ':';
  const text = value.toString('latin1');
  return !/[^ -~]|^[ :<]| $/.test(text) ? `: ${text}` : `:: ${value.toString('base64')}`;
}

const lineLength = 76;

function folded(line: string): string[] {
  const lines = [line.slice(0, lineLength)];
  for (let at = lineLength; at < line.length; at += lineLength - 1)
    lines.push(` ${line.slice(at, at + lineLength - 1)}`);
  return lines;
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
