import type { Control } from '../../src/ldap/session.ts';
import {
  attributeDescriptionPattern,
  type LdifChangeRecord,
  type LdifEdit,
  type LdifRecord,
} from '../../src/ldif/ldif.ts';
import { type LdifInput, type RecordLines, recordLines } from '../../src/ldif/ldif-reader.ts';

export type LocatedLdifRecord = LdifRecord & { readonly line: number };

/** Every record of an LDIF file, change records too, which the tool writes and never reads. Throws LdifSyntaxError. */
export async function* readLdif(input: LdifInput, source: string): AsyncGenerator<LocatedLdifRecord, void, undefined> {
  for await (const lines of recordLines(input, source)) {
    const first = lines.start();
    if (first !== undefined) yield { ...recordOf(lines), line: first.number };
  }
}

function recordOf(lines: RecordLines): LdifRecord {
  const dn = lines.textOf('dn');
  const controls = controlsOf(lines);
  if (lines.nextIs('changetype')) return changeOf(lines, dn, controls);
  if (controls.length > 0) throw lines.unexpected('changetype: after control:');
  return { kind: 'content', dn, attributes: lines.attributes() };
}

function controlsOf(lines: RecordLines): Control[] {
  const controls: Control[] = [];
  while (lines.nextIs('control')) {
    const line = lines.take('control:');
    const [, oid, critical, marker, value = ''] =
      /^control: *(\d+(?:\.\d+)*)(?: +(true|false))?(?:(::?) *(.*))?$/i.exec(line.text) ?? [];
    if (oid === undefined) throw lines.unexpected('control: OID, true or false, and the value', line);
    const isCritical = critical?.toLowerCase() === 'true';
    controls.push({
      oid,
      critical: isCritical,
      ...(marker === undefined ? {} : { value: lines.bytes(value, marker === '::', line) }),
    });
  }
  return controls;
}

function changeOf(lines: RecordLines, dn: string, controls: readonly Control[]): LdifChangeRecord {
  const line = lines.peek();
  const changeType = lines.textOf('changetype').trim().toLowerCase();
  switch (changeType) {
    case 'add':
      if (lines.peek() === undefined) throw lines.unexpected('the attributes of the new entry');
      return { kind: 'add', dn, controls, attributes: lines.attributes() };
    case 'modify':
      return { kind: 'modify', dn, controls, edits: editsOf(lines) };
    case 'delete':
      if (lines.peek() !== undefined) throw lines.unexpected('a blank line after changetype: delete');
      return { kind: 'delete', dn, controls };
    default:
      throw lines.unexpected('changetype: add, delete or modify', line);
  }
}

function editsOf(lines: RecordLines): LdifEdit[] {
  const edits: LdifEdit[] = [];
  do edits.push(editOf(lines));
  while (lines.peek() !== undefined);
  return edits;
}

function editOf(lines: RecordLines): LdifEdit {
  const start = lines.field('add:, delete: or replace:');
  const operation = operations.get(start.name.toLowerCase());
  const name = start.value.toString('latin1').trim();
  if (operation === undefined || !attributeDescriptionPattern.test(name)) {
    throw lines.unexpected('add:, delete: or replace:, and the name of an attribute', start.line);
  }
  const values: Buffer[] = [];
  while (lines.peek()?.text.trimEnd() !== '-') {
    const expected = `a value of ${name}, or a line with - alone`;
    const field = lines.field(expected);
    if (field.name.toLowerCase() !== name.toLowerCase()) throw lines.unexpected(expected, field.line);
    values.push(field.value);
  }
  lines.take('-');
  return { operation, name, values };
}

const operations: ReadonlyMap<string, LdifEdit['operation']> = new Map([
  ['add', 'add'],
  ['delete', 'delete'],
  ['replace', 'replace'],
]);
