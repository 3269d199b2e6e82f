import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AttributeEdit, Change } from '../../src/change/plan.ts';
import type { Segment } from '../../src/review/rows.ts';
import { type EntriesRow, type FilesRow, type ReviewRow, reviewRows } from '../../src/review/rows.ts';
import { aceFlags, descriptor } from '../support/descriptors.ts';
import { configuration, deletion, guid, labelChange, modify } from './plans.ts';

/** Changed words in brackets. */
function marked(segments: readonly Segment[]): string {
  return segments.map(({ text, changed }) => (changed ? `[${text}]` : text)).join('');
}

function isFilesRow(row: ReviewRow): row is FilesRow {
  return row.kind === 'files';
}

function isEntriesRow(row: ReviewRow): row is EntriesRow {
  return row.kind === 'entries';
}

function filesRows(...changes: readonly Change[]): readonly FilesRow[] {
  return reviewRows(changes).filter(isFilesRow);
}

/** The texts of a row of files: key, old and new. */
function texts(row: FilesRow | undefined): readonly (readonly [string, string, string])[] {
  return (row?.edits ?? []).map((edit) => [edit.key, marked(edit.old), marked(edit.new)]);
}

/** The lines of the only part of the only row. */
function linesOf(...changes: readonly Change[]): readonly string[] {
  const [row, ...others] = reviewRows(changes).filter(isEntriesRow);
  if (row === undefined || others.length > 0) throw new Error(`${others.length + 1} rows, not one`);
  return row.parts.flatMap(({ lines }) => lines.map(({ sign, name, value }) => sign + name + marked(value)));
}

const entry = `CN=EX04,CN=Services,${configuration}`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('edits of files', () => {
  test('show the key with the old value and the new one, changed words marked', () => {
    const [row] = filesRows(labelChange('Domain\\user name:', 'E-mail user name:'));
    expect(texts(row)).toEqual([['L_UserName_Text', '[Domain\\]user name:', '[E-mail ]user name:']]);
  });

  test('are read in the encoding of the file', () => {
    const [row] = filesRows(
      labelChange('ユーザー名:', 'メール アドレス:', { encoding: 'windows-932', language: 'ja' }),
    );
    expect(texts(row)).toEqual([['L_UserName_Text', '[ユーザー名]:', '[メール アドレス]:']]);
  });

  test.each([
    ['an encoding that does not exist', { encoding: 'windows-1' as never }],
    ['bytes that are not valid text in the encoding', { encoding: 'utf-8' as const }],
    ['half a character of UTF-16', { encoding: 'utf-16le' as const }],
  ])('show %s by its digits', (_, encoding) => {
    const splice = { key: 'L', line: 1, offset: 0, old: Buffer.from([0xff]).toString('base64'), new: '' };
    const [row] = filesRows({ ...labelChange('', '', { splices: [splice] }), ...encoding });
    expect(texts(row).map(([, old]) => old.replace(/[[\]]/g, ''))).toEqual(['(1 byte: ff)']);
  });

  test('of long values that differ in the middle are two rows', () => {
    const long = (middle: string): string => `${'x'.repeat(3000)}${middle}${'x'.repeat(3000)}`;
    expect(filesRows(labelChange(long('a'), 'Name'), labelChange(long('b'), 'Name', { path: 'b' }))).toHaveLength(2);
  });

  test('that are equal are one row, in whatever encoding and letter case of the language', () => {
    const changes = [
      labelChange('Größe', 'Name', { path: 'one', encoding: 'windows-1252', set: 'ISA', class: 'xHTML' }),
      labelChange('Größe', 'Name', { path: 'other', encoding: 'utf-16le with BOM', language: 'DE' }),
    ];
    const [row, ...others] = filesRows(...changes);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ language: 'de', changes });
    expect(texts(row)).toHaveLength(1);
  });

  test.each([
    ['old text', labelChange('Account', 'Name')],
    ['new text', labelChange('Größe', 'Benutzer')],
    ['language', labelChange('Größe', 'Name', { language: 'de-AT' })],
    ['spelling of the same letters', labelChange('Gro\u0308ße', 'Name')],
  ])('with another %s are a row of their own', (_what, other) => {
    expect(filesRows(labelChange('Größe', 'Name'), other)).toHaveLength(2);
  });

  test('of a key that is twice in a file are shown twice', () => {
    const [splice] = labelChange('User:', 'Name:').splices;
    if (splice === undefined) throw new Error('the builder gives a splice');
    const twice = labelChange('', '', { splices: [splice, { ...splice, line: 9, offset: 90 }] });
    expect(texts(filesRows(twice)[0])).toHaveLength(2);
  });

  test('come by language, the default first, whatever the order of the plan', () => {
    const languages = ['sv', 'ar', 'default', 'de'].map((language) => labelChange('User:', 'Name:', { language }));
    expect(filesRows(...languages).map(({ language }) => language)).toEqual(['default', 'ar', 'de', 'sv']);
  });

  test('lose no file and no text when they are folded', () => {
    const change = fc.record({
      path: fc.uuid(),
      language: fc.constantFrom('de', 'DE', 'fr', 'ar'),
      old: fc.constantFrom('User:', 'Nutzer:', 'اسم:'),
      now: fc.constantFrom('Name:', 'E-Mail:'),
    });
    fc.assert(
      fc.property(fc.uniqueArray(change, { selector: ({ path }) => path, maxLength: 20 }), (edits) => {
        const rows = filesRows(...edits.map(({ old, now, ...more }) => labelChange(old, now, more)));
        const unmarked = (row: FilesRow): string => JSON.stringify(texts(row)).replace(/[[\]]/g, '');
        for (const { path, old, now } of edits) {
          const holding = rows.filter((row) => row.changes.some((one) => one.path === path));
          expect(holding.map(unmarked)).toEqual([`"L_UserName_Text","${old}","${now}"`]);
        }
        expect(rows.flatMap((row) => row.changes)).toHaveLength(edits.length);
      }),
    );
  });
});

describe('edits of attributes', () => {
  const ofEdit = (edit: Partial<AttributeEdit>): readonly string[] =>
    linesOf(modify(entry, { attribute: 'description', remove: [], add: [], ...edit }));

  test('of one value to another mark the changed words', () => {
    expect(ofEdit({ remove: ['mail of EX04'], add: ['mail of EX05'] })).toEqual([
      '-description: mail of [EX04]',
      '+description: mail of [EX05]',
    ]);
  });

  test('of several values show those that are removed, then those that are added', () => {
    expect(ofEdit({ remove: ['one', 'two'], add: ['three'] })).toEqual([
      '-description: one',
      '-description: two',
      '+description: three',
    ]);
  });

  test('say what no value means, on the side that has none', () => {
    const whenUnset = 'not set: 60 days';
    expect(ofEdit({ add: ['180'], whenUnset })).toEqual(['-(not set: 60 days)', '+description: 180']);
    expect(ofEdit({ remove: ['180'], whenUnset })).toEqual(['-description: 180', '+(not set: 60 days)']);
  });

  test('that write nothing have no line', () => {
    const empty = { attribute: 'info', remove: [], add: [], whenUnset: 'nothing' };
    expect(linesOf(modify(entry, empty, { attribute: 'description', remove: [], add: ['new'] }, empty))).toEqual([
      '+description: new',
    ]);
  });

  test.each([
    ['a short binary value by its digits', Buffer.alloc(16, 1), `(16 bytes: ${'01'.repeat(16)})`],
    [
      'a long one by its length and SHA-256',
      Buffer.alloc(48),
      '(48 bytes, SHA-256 17b0761f87b081d5cf10757ccc89f12be355c70e2e29df288b65b30710dcbcd1)',
    ],
    [
      'text that the plan has as base64 as text',
      Buffer.from('CN=Domain Admins'),
      'CN=Domain Admins (base64 in the plan)',
    ],
  ])('show %s, behind a second colon', (_, bytes, shown) => {
    expect(ofEdit({ remove: [{ base64: bytes.toString('base64') }] })).toEqual([`-description:: ${shown}`]);
  });

  test('of one entry are one row, at its DN', () => {
    const edit = { attribute: 'description', remove: ['a'], add: [] };
    const change = modify(entry, edit, { ...edit, attribute: 'info' });
    expect(reviewRows([change])).toMatchObject([{ verb: 'modify', dns: [entry] }]);
    expect(linesOf(change)).toEqual(['-description: a', '-info: a']);
  });
});

describe('equal edits of several entries', () => {
  const edit = { attribute: 'homeMTA', remove: ['CN=Microsoft MTA'], add: [] };
  const dns = ['CN=anna', 'CN=bert', 'CN=cleo'];

  test('are one row, at the place of the first and with every DN', () => {
    const other = modify('CN=Internet', { ...edit, remove: ['CN=1'] });
    const [anna, bert, cleo] = dns.map((dn) => modify(dn, edit));
    if (anna === undefined || bert === undefined || cleo === undefined) throw new Error('there are three');
    const rows = reviewRows([anna, other, bert, deletion(entry, []), cleo]).filter(isEntriesRow);
    expect(rows.map((row) => [row.number, row.verb, ...row.dns])).toEqual([
      [1, 'modify', ...dns],
      [2, 'modify', 'CN=Internet'],
      [3, 'delete', entry],
    ]);
    expect(rows[0]?.changes).toEqual([anna, bert, cleo]);
  });

  test.each([
    ['attribute', { ...edit, attribute: 'homeMDB' }],
    ['value', { ...edit, remove: ['CN=Another'] }],
    ['new value', { ...edit, add: ['CN=Another'] }],
    ['spelling of the value', { ...edit, remove: [{ base64: base64('CN=Microsoft MTA') }] }],
  ])('but for another %s are a row of their own', (_, other) => {
    expect(reviewRows([modify('CN=anna', edit), modify('CN=bert', other)])).toHaveLength(2);
  });
});

describe('whole entries', () => {
  const attributes = [
    { name: 'objectClass', values: ['top', 'container'] },
    { name: 'cn', values: ['EX04'] },
  ];

  test('that are deleted show every value as a removed line', () => {
    const change = deletion(entry, attributes);
    expect(reviewRows([change])).toMatchObject([{ verb: 'delete', dns: [entry] }]);
    expect(linesOf(change)).toEqual(['-objectClass: top', '-objectClass: container', '-cn: EX04']);
  });

  test('of a tree that is deleted by one request are one row, each with its values', () => {
    const child = `CN=SMTP,${entry}`;
    const { kind: _kind, children: _children, ...deleted } = deletion(entry, attributes);
    const entries = [deleted, { ...deleted, dn: child }];
    const [row, ...others] = reviewRows([{ kind: 'delete-tree', dn: entry, guid, entries }]).filter(isEntriesRow);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ number: 1, verb: 'delete tree', dns: [entry] });
    expect(row?.parts.map(({ dn, lines }) => [dn, lines.length])).toEqual([
      [entry, 3],
      [child, 3],
    ]);
  });

  test.each([
    ['restore', { kind: 'undelete', dn: entry, guid, tombstoneDn: 'CN=Deleted', attributes }],
    ['create', { kind: 'add', dn: entry, attributes }],
  ] as const)('to %s show every value as an added line', (verb, change) => {
    expect(reviewRows([change])).toMatchObject([{ verb, dns: [entry] }]);
    expect(linesOf(change)).toEqual(['+objectClass: top', '+objectClass: container', '+cn: EX04']);
  });

  test('show a SID by its name, its text and its bytes', () => {
    const values = [{ base64: Buffer.from('01020000000000052000000020020000', 'hex').toString('base64') }];
    expect(linesOf({ kind: 'add', dn: entry, attributes: [{ name: 'sIDHistory', values }] })).toEqual([
      '+sIDHistory:: BUILTIN\\Administrators (S-1-5-32-544) (16 bytes: 01020000000000052000000020020000)',
    ]);
  });

  test('show rights that take the place of others in words, and those that go by their digits', () => {
    const value = (mask: number) => ({
      base64: descriptor({ dacl: [{ mask, sid: 'S-1-1-0' }] }).toString('base64'),
    });
    const lines = linesOf(modify(entry, { attribute: 'nTSecurityDescriptor', remove: [value(1)], add: [value(2)] }));
    expect(lines).toEqual([
      expect.stringMatching(/^-nTSecurityDescriptor:: \(\d+ bytes, SHA-256 [0-9a-f]{64}\)$/),
      expect.stringMatching(/^\+nTSecurityDescriptor:: owner BUILTIN\\Administrators .* SHA-256 [0-9a-f]{64}\)$/),
      '+nTSecurityDescriptor:: allow Everyone (S-1-1-0): delete objects below',
    ]);
  });

  test('that are restored name the deleted object', () => {
    const [row] = reviewRows([{ kind: 'undelete', dn: entry, guid, tombstoneDn: 'CN=Deleted', attributes }]);
    expect(row).toMatchObject({ parts: [{ from: 'CN=Deleted' }] });
  });

  test('keep the order of the plan: leaves before their parents', () => {
    const dns = [`CN=1,CN=SMTP,${entry}`, `CN=SMTP,${entry}`, entry];
    const rows = reviewRows(dns.map((dn) => deletion(dn, []))).filter(isEntriesRow);
    expect(rows.flatMap((row) => row.dns)).toEqual(dns);
  });
});

test('every change is in exactly one row, and the numbers count from 1', () => {
  const change = fc.oneof(
    fc.record({ path: fc.uuid(), language: fc.constantFrom('de', 'fr') }).map((more) => labelChange('a', 'b', more)),
    fc.constantFrom('CN=anna', 'CN=bert').map((dn) => modify(dn, { attribute: 'info', remove: ['a'], add: [] })),
    fc.constantFrom('CN=cleo', 'CN=dora').map((dn) => deletion(dn, [])),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const rows = reviewRows(changes);
      expect(rows.map(({ number }) => number)).toEqual(rows.map((_, index) => index + 1));
      const inRows = rows.flatMap<Change>((row) => row.changes);
      expect(inRows).toHaveLength(changes.length);
      expect(new Set(inRows)).toEqual(new Set(changes));
    }),
  );
});

test('what a descriptor marks as inherited is one more line, and of another attribute than the own one never folded', () => {
  const bytes = descriptor({ dacl: [{ mask: 0xf01ff, sid: 'S-1-1-0', flags: aceFlags.inherited }] });
  const linesOf = (attribute: string) => {
    const add = [{ base64: bytes.toString('base64') }];
    const [row] = reviewRows([modify(`CN=A,${configuration}`, { attribute, remove: [], add })]);
    const lines = (row as EntriesRow).parts.flatMap((part) => part.lines);
    return lines.map(({ value, isAlwaysShown }) => [value[0]?.text, isAlwaysShown]).slice(1);
  };
  expect(linesOf('nTSecurityDescriptor')).toEqual([['inherited: allow Everyone (S-1-1-0): full control', undefined]]);
  expect(linesOf('msExchMailboxSecurityDescriptor')).toEqual([['allow Everyone (S-1-1-0): full control', true]]);
});
