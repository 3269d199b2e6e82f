import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AttributeEdit, Change } from '../../src/change/plan.ts';
import { type DiffBlock, diffBlocks } from '../../src/review/rows.ts';
import { configuration, deletion, guid, labelChange, modify } from './plans.ts';

/** The lines of a block as text, changed words in brackets. */
function written(block: DiffBlock | undefined): readonly string[] {
  return (block?.lines ?? []).map(
    ({ sign, segments }) => sign + segments.map(({ text, changed }) => (changed ? `[${text}]` : text)).join(''),
  );
}

function onlyBlock(...changes: readonly Change[]): DiffBlock {
  const [block, ...others] = diffBlocks(changes);
  if (block === undefined || others.length > 0) throw new Error(`${others.length + 1} blocks, not one`);
  return block;
}

const entry = `CN=EX04,CN=Services,${configuration}`;

describe('edits of files', () => {
  test('show the key with the old value and the new one, changed words marked', () => {
    expect(written(onlyBlock(labelChange('Domain\\user name:', 'E-mail user name:')))).toEqual([
      '-L_UserName_Text="[Domain\\]user name:"',
      '+L_UserName_Text="[E-mail ]user name:"',
    ]);
  });

  test('are read in the encoding of the file', () => {
    const block = onlyBlock(
      labelChange('ユーザー名:', 'メール アドレス:', { encoding: 'windows-932', language: 'ja' }),
    );
    expect(written(block)).toEqual(['-L_UserName_Text="[ユーザー名]:"', '+L_UserName_Text="[メール アドレス]:"']);
  });

  test('show a value that nobody could read through by its ends', () => {
    const [removed = '', added] = written(onlyBlock(labelChange(`Name ${'x'.repeat(10_000_000)} end`, 'Name')));
    expect(removed).toMatch(/^-L_UserName_Text="Name.*x \[…9,999,409 more characters…\] x+ end/);
    expect(removed.length).toBeLessThan(800);
    expect(added).toBe('+L_UserName_Text="Name"');
  });

  test('of long values that differ where it is not shown are two blocks', () => {
    const long = (middle: string): string => `${'x'.repeat(3000)}${middle}${'x'.repeat(3000)}`;
    expect(diffBlocks([labelChange(long('a'), 'Name'), labelChange(long('b'), 'Name', { path: 'b' })])).toHaveLength(2);
  });

  test('that are equal are one block, in whatever encoding and letter case of the language', () => {
    const block = onlyBlock(
      labelChange('Größe', 'Name', { path: 'one', encoding: 'windows-1252', set: 'ISA', class: 'xHTML' }),
      labelChange('Größe', 'Name', { path: 'other', encoding: 'utf-16le with BOM', language: 'DE' }),
    );
    expect(block.heading).toBe('de · 2 files · Exchange, ISA · HTML, xHTML · utf-16le with BOM, windows-1252');
    expect(block.places).toEqual(['one', 'other']);
    expect(block.lines).toHaveLength(2);
  });

  test.each([
    ['old text', labelChange('Account', 'Name')],
    ['new text', labelChange('Größe', 'Benutzer')],
    ['language', labelChange('Größe', 'Name', { language: 'de-AT' })],
  ])('with another %s are a block of their own', (_what, other) => {
    expect(diffBlocks([labelChange('Größe', 'Name'), other])).toHaveLength(2);
  });

  test('of a key that stands twice in a file are shown twice', () => {
    const [splice] = labelChange('User:', 'Name:').splices;
    if (splice === undefined) throw new Error('the builder gives a splice');
    const twice = labelChange('', '', { splices: [splice, { ...splice, line: 9, offset: 90 }] });
    expect(written(onlyBlock(twice))).toHaveLength(4);
  });

  test('come by language, whatever the order of the plan', () => {
    const languages = ['sv', 'ar', 'de'].map((language) => labelChange('User:', 'Name:', { language }));
    expect(diffBlocks(languages).map((block) => block.heading.slice(0, 2))).toEqual(['ar', 'de', 'sv']);
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
        const blocks = diffBlocks(edits.map(({ old, now, ...more }) => labelChange(old, now, more)));
        const unmarked = (block: DiffBlock): string => written(block).join('\n').replace(/[[\]]/g, '');
        for (const { path, old, now } of edits) {
          const holding = blocks.filter((block) => block.places.includes(path));
          expect(holding.map(unmarked)).toEqual([`-L_UserName_Text="${old}"\n+L_UserName_Text="${now}"`]);
        }
        expect(blocks.flatMap((block) => block.places)).toHaveLength(edits.length);
      }),
    );
  });
});

describe('edits of attributes', () => {
  const linesOf = (edit: Partial<AttributeEdit>): readonly string[] =>
    written(onlyBlock(modify(entry, { attribute: 'description', remove: [], add: [], ...edit })));

  test('of one value to another mark the changed words', () => {
    expect(linesOf({ remove: ['mail of EX04'], add: ['mail of EX05'] })).toEqual([
      '-description: mail of [EX04]',
      '+description: mail of [EX05]',
    ]);
  });

  test('of several values show those that go, then those that come', () => {
    expect(linesOf({ remove: ['one', 'two'], add: ['three'] })).toEqual([
      '-description: one',
      '-description: two',
      '+description: three',
    ]);
  });

  test('say what no value means, on the side that has none', () => {
    const whenUnset = 'not set: 60 days';
    expect(linesOf({ add: ['180'], whenUnset })).toEqual(['-(not set: 60 days)', '+description: 180']);
    expect(linesOf({ remove: ['180'], whenUnset })).toEqual(['-description: 180', '+(not set: 60 days)']);
  });

  test('show binary values by their length', () => {
    expect(linesOf({ remove: [{ base64: Buffer.alloc(16).toString('base64') }] })).toEqual([
      '-description: (16 bytes, binary)',
    ]);
  });

  test('of one entry are one block, at its DN', () => {
    const edit = { attribute: 'description', remove: ['a'], add: [] };
    const block = onlyBlock(modify(entry, edit, { ...edit, attribute: 'info' }));
    expect(block).toMatchObject({ heading: 'modify', places: [entry] });
    expect(written(block)).toEqual(['-description: a', '-info: a']);
  });
});

describe('equal edits of several entries', () => {
  const edit = { attribute: 'homeMTA', remove: ['CN=Microsoft MTA'], add: [] };
  const dns = ['CN=anna', 'CN=bert', 'CN=cleo'];

  test('are one block, at the place of the first and with every DN', () => {
    const other = modify('CN=Internet', { ...edit, remove: ['CN=1'] });
    const [anna, bert, cleo] = dns.map((dn) => modify(dn, edit));
    if (anna === undefined || bert === undefined || cleo === undefined) throw new Error('there are three');
    const blocks = diffBlocks([anna, other, bert, deletion(entry, []), cleo]);
    expect(blocks.map(({ heading, places }) => [heading, ...places])).toEqual([
      ['modify 3 entries alike', ...dns],
      ['modify', 'CN=Internet'],
      ['delete', entry],
    ]);
    expect(written(blocks[0])).toEqual(['-homeMTA: CN=Microsoft MTA']);
  });

  test.each([
    ['attribute', { ...edit, attribute: 'homeMDB' }],
    ['value', { ...edit, remove: ['CN=Another'] }],
    ['new value', { ...edit, add: ['CN=Another'] }],
  ])('but for another %s are a block of their own', (_, other) => {
    expect(diffBlocks([modify('CN=anna', edit), modify('CN=bert', other)])).toHaveLength(2);
  });
});

describe('whole entries', () => {
  const attributes = [
    { name: 'objectClass', values: ['top', 'container'] },
    { name: 'cn', values: ['EX04'] },
  ];

  test('that are deleted show every value as a removed line', () => {
    const block = onlyBlock(deletion(entry, attributes));
    expect(block).toMatchObject({ heading: 'delete', places: [entry] });
    expect(written(block)).toEqual(['-objectClass: top', '-objectClass: container', '-cn: EX04']);
  });

  test('of a tree that is deleted by one request are shown one by one', () => {
    const child = `CN=SMTP,${entry}`;
    const { kind: _kind, children: _children, ...doomed } = deletion(entry, attributes);
    const blocks = diffBlocks([{ kind: 'delete-tree', dn: entry, guid, entries: [doomed, { ...doomed, dn: child }] }]);
    expect(blocks.map((block) => [block.heading, ...block.places])).toEqual([
      ['delete', entry],
      ['delete', child],
    ]);
  });

  test.each([
    ['restore', { kind: 'undelete', dn: entry, guid, attributes }],
    ['add', { kind: 'add', dn: entry, attributes }],
  ] as const)('to %s show every value as an added line', (heading, change) => {
    const block = onlyBlock(change);
    expect(block).toMatchObject({ heading, places: [entry] });
    expect(written(block)).toEqual(['+objectClass: top', '+objectClass: container', '+cn: EX04']);
  });

  test('keep the order of the plan: leaves go before what they hang on', () => {
    const dns = [`CN=1,CN=SMTP,${entry}`, `CN=SMTP,${entry}`, entry];
    expect(diffBlocks(dns.map((dn) => deletion(dn, []))).flatMap((block) => block.places)).toEqual(dns);
  });
});
