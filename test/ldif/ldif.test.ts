import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatDn, normalizedDn } from '../../src/ad/dn.ts';
import {
  type LdifAttribute,
  type LdifRecord,
  LdifSyntaxError,
  ldifComment,
  ldifRecord,
  writeLdif,
} from '../../src/ldif/ldif.ts';
import { type LdifInput, type LocatedLdifEntry, readLdifEntries } from '../../src/ldif/ldif-reader.ts';
import { type LocatedLdifRecord, readLdif } from '../support/ldif-changes.ts';

async function read(input: LdifInput): Promise<LocatedLdifEntry[]> {
  const entries = [];
  for await (const entry of readLdifEntries(input, 'export.ldf')) entries.push(entry);
  return entries;
}

/** Change records too, by the reader of the tests. */
async function readAll(input: LdifInput): Promise<LocatedLdifRecord[]> {
  const records = [];
  for await (const record of readLdif(input, 'change.ldf')) records.push(record);
  return records;
}

function withoutLine({ line, ...record }: LocatedLdifRecord): LdifRecord {
  expect(line).toBeGreaterThan(0);
  return record;
}

function lines(...text: readonly string[]): string {
  return text.map((line) => `${line}\n`).join('');
}

function attribute(name: string, ...values: readonly (string | Buffer)[]): LdifAttribute {
  return { name, values: values.map((value) => Buffer.from(value as string)) };
}

const example = lines(
  'version: 1',
  '# a comment',
  '  that goes on',
  '',
  'dn: CN=Lee\\, Kim,OU=Sales,DC=example,',
  ' DC=com',
  'objectClass: top',
  'objectClass: person',
  '# between',
  'description:: SMOkbnM=',
  'ObjectClass: user',
  'empty:',
  'note:no space',
  '',
  '',
  'dn:: T1U9SMOkbnMsREM9ZXhhbXBsZSxEQz1jb20=',
  'member;range=0-1: CN=a',
);

const exampleRecords: LocatedLdifEntry[] = [
  {
    kind: 'content',
    line: 5,
    dn: 'CN=Lee\\, Kim,OU=Sales,DC=example,DC=com',
    attributes: [
      attribute('objectClass', 'top', 'person', 'user'),
      attribute('description', 'Häns'),
      attribute('empty', ''),
      attribute('note', 'no space'),
    ],
  },
  {
    kind: 'content',
    line: 16,
    dn: 'OU=Häns,DC=example,DC=com',
    attributes: [attribute('member;range=0-1', 'CN=a')],
  },
];

describe('reading entries', () => {
  it('unfolds, decodes, groups values, skips comments and gives the lines', async () => {
    expect(await read(example)).toEqual(exampleRecords);
  });

  it.each([
    ['with CRLF', Buffer.from(example.replaceAll('\n', '\r\n'))],
    ['in UTF-8 with byte order mark', Buffer.from(`\uFEFF${example}`)],
    ['in UTF-16LE as ldifde -u writes', Buffer.from(`\uFEFF${example.replaceAll('\n', '\r\n')}`, 'utf16le')],
    ['in UTF-16BE', Buffer.from(`\uFEFF${example}`, 'utf16le').swap16()],
    ['in UTF-16LE without byte order mark', Buffer.from(example, 'utf16le')],
    ['in UTF-16BE without byte order mark', Buffer.from(example, 'utf16le').swap16()],
  ])('gives the same records %s, in one piece or byte by byte', async (_, bytes) => {
    expect(await read(bytes)).toEqual(exampleRecords);
    expect(await read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(exampleRecords);
  });

  it.each(['utf8', 'utf16le'] as const)('reads files that were joined to one (%s)', async (encoding) => {
    const one = 'dn: CN=a\r\ncn: a\r\n';
    const other = 'version: 1\r\n\r\ndn: CN=b\r\ncn: b\r\n';
    for (const between of ['\r\n', '']) {
      const joined = [`\uFEFF${one}${between}`, `\uFEFF${other}`].map((text) => Buffer.from(text, encoding));
      expect((await read(Buffer.concat(joined))).map(({ dn }) => dn)).toEqual(['CN=a', 'CN=b']);
    }
  });

  it('keeps raw UTF-8, and raw bytes of any other encoding, unchanged', async () => {
    const [record] = await read(Buffer.concat([Buffer.from('dn: CN=ä\ncn: ä\nold: '), Buffer.from([0xe4, 0x0a])]));
    expect(record).toMatchObject({
      dn: 'CN=ä',
      attributes: [attribute('cn', 'ä'), { name: 'old', values: [Buffer.from([0xe4])] }],
    });
  });

  it('keeps UTF-16 text outside the basic plane whole across chunks', async () => {
    const bytes = Buffer.from('\uFEFFdn: CN=😀\ncn: 😀\n', 'utf16le');
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(await read([bytes.subarray(0, cut), bytes.subarray(cut)])).toMatchObject([{ dn: 'CN=😀' }]);
    }
  });

  it('returns each record as soon as it is complete', async () => {
    async function* twoRecordsThenFailure() {
      yield 'dn: CN=a\ncn: a\n\ndn: CN=b\n';
      throw new Error('the file went away');
    }
    const records = readLdifEntries(twoRecordsThenFailure(), 'export.ldf');
    expect((await records.next()).value).toMatchObject({ dn: 'CN=a' });
    await expect(records.next()).rejects.toThrow('the file went away');
  });

  it('reads values of many megabytes, as text and as base64', async () => {
    const values = [Buffer.alloc(12_000_000, 'a'), Buffer.alloc(12_000_000, 7)];
    const [record] = await read(ldifRecord({ kind: 'content', dn: 'CN=a', attributes: [{ name: 'photo', values }] }));
    expect(record?.attributes[0]?.values.map((value, index) => values[index]?.equals(value))).toEqual([true, true]);
  });

  it('reads nothing from an empty file', async () => {
    expect(await read('')).toEqual([]);
    expect(await read('version: 1\n')).toEqual([]);
    expect(await read('# nothing\n\n\n')).toEqual([]);
  });

  it('reads the output of ldapsearch: comments, references and the summary', async () => {
    const output = lines(
      '# extended LDIF',
      '#',
      '# requesting: ALL',
      '',
      '# corp.example.com',
      'dn: DC=corp,DC=example,DC=com',
      'objectClass: domainDNS',
      '',
      '# search reference',
      'ref: ldap://ForestDnsZones.corp.example.com/DC=ForestDnsZones,DC=corp,DC=examp',
      ' le,DC=com',
      '',
      '# search result',
      'search: 2',
      'result: 0 Success',
      'control: 1.2.840.113556.1.4.319 false MIQAAAAFAgEABAA=',
      'pagedresults: cookie=',
      '',
      '# numResponses: 3',
      '# numEntries: 1',
    );
    expect(await read(output)).toMatchObject([{ kind: 'content', dn: 'DC=corp,DC=example,DC=com', line: 6 }]);
  });

  it('is not misled by the newline that ldapsearch leaves in its comment on a deleted entry', async () => {
    const output = lines('# Lee', 'DEL:2b1f0fd5, Deleted Objects, com', 'dn:: Q049TGVlXDBBREVMOjJi', 'isDeleted: TRUE');
    expect(await read(output)).toMatchObject([{ dn: 'CN=Lee\\0ADEL:2b', line: 3 }]);
    await expect(read(lines('dn: CN=a', 'DEL: b'))).resolves.toMatchObject([{ attributes: [{ name: 'DEL' }] }]);
  });

  it('reads the additions of an ldifde export as entries, and refuses other changes', async () => {
    expect(await read('dn: CN=a\nchangetype: add\ncn: a\n')).toEqual([
      { kind: 'content', dn: 'CN=a', line: 1, attributes: [attribute('cn', 'a')] },
    ]);
    const changes = readLdifEntries('\ndn: CN=a\nchangetype: delete\n', 'export.ldf');
    await expect(changes.next()).rejects.toThrow(/export\.ldf, line 2: .*a change \(delete\)/);
  });
});

describe('invalid LDIF', () => {
  it.each([
    ['base64 that was cut', 'dn: CN=a\nobjectGUID:: AAEC\nobjectSid:: AAE\n', 3, 'base64'],
    ['base64 with strange characters', 'dn: CN=a\nobjectGUID:: AA*C\n', 2, 'base64'],
    ['base64 with too many =', 'dn: CN=a\nobjectGUID:: AAE=====\n', 2, 'base64'],
    ['a file cut at a whole group of base64', 'dn: CN=a\nobjectGUID:: AAEC', 2, 'middle of a value'],
    ['a file cut in a folded line', 'dn: CN=a\ncn: aaa\n aa', 3, 'middle of a value'],
    ['a record without a dn', '\n\nobjectClass: top\ncn: x\n', 3, 'expected dn:, found "objectClass:"'],
    ['text', 'Dear all,\n', 1, 'expected dn:'],
    ['binary', '\x7fELF\x01\x02\n', 1, 'expected dn:'],
    ['a line without a colon', 'dn: CN=a\ncn: a\nobjectGU\n', 3, 'an attribute and its value, found "objectGU"'],
    ['a name that is none', 'dn: CN=a\nc n: a\n', 2, 'an attribute and its value'],
    ['a value in another file', 'dn: CN=a\njpegPhoto:< file:///etc/passwd\n', 2, 'URL'],
    ['a continuation of nothing', 'dn: CN=a\n\n cn: x\n', 3, 'continuation'],
    ['another version', 'version: 2\ndn: CN=a\n', 1, 'version: 1'],
    ['a deletion', 'dn: CN=a\nchangetype: delete\n', 1, 'a change (delete)'],
    ['an unknown change', 'dn: CN=a\nchangetype: replace\n', 1, 'a change (replace)'],
    ['a control', 'dn: CN=a\ncontrol: 1.2\nchangetype: add\ncn: a\n', 2, 'an entry, not a change'],
    ['an empty addition', 'dn: CN=a\nchangetype: add\n', 3, 'the attributes of the new entry'],
    ['a dn that is not UTF-8', Buffer.from([...Buffer.from('dn: CN='), 0xe4, 0x0a]), 1, 'UTF-8'],
    ['UTF-16 cut in a character', Buffer.from('\uFEFFdn: CN=a\n', 'utf16le').subarray(0, -1), 1, 'UTF-16'],
    [
      'a search that was cut short',
      'dn: CN=a\n\nsearch: 2\nresult: 4 Size limit exceeded\n',
      4,
      '4 Size limit exceeded',
    ],
  ])('is refused with its line: %s', async (_, input, line, found) => {
    const reading = read(input);
    await expect(reading).rejects.toThrow(LdifSyntaxError);
    await expect(reading).rejects.toMatchObject({ code: 'file' });
    await expect(reading).rejects.toThrow(`export.ldf, line ${line}: `);
    await expect(reading).rejects.toThrow(found);
  });

  it('does not show values in messages, as they can be secrets', async () => {
    await expect(read('dn: CN=a\nunicodePwd:: Geheim!\n')).rejects.toThrow(/^((?!Geheim).)*$/);
  });

  it('ends with records or an LdifSyntaxError for any text', async () => {
    const piece = fc.constantFrom(
      'dn: CN=a',
      'changetype: modify',
      'add: cn',
      'cn: a',
      '-',
      '',
      ' x',
      '#',
      'cn:: YQ==',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(piece, fc.string())), async (text) => {
        try {
          expect(await read(text.join('\n'))).toBeInstanceOf(Array);
        } catch (error) {
          if (!(error instanceof LdifSyntaxError)) throw error;
        }
      }),
    );
  });
});

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
  fc.string({ unit: fc.constantFrom(...' :<-#ab\n\r\0ä'), maxLength: 90 }).map((text) => Buffer.from(text)),
);
const name = fc.constantFrom('cn', 'member;range=0-9', 'userCertificate;binary', 'msDS-Thing', 'dn', 'changetype1');
const attributes = fc.uniqueArray(fc.record({ name, values: fc.array(bytes, { minLength: 1, maxLength: 4 }) }), {
  selector: (one) => one.name,
  maxLength: 4,
});
const controls = fc.array(
  fc.oneof(
    fc.record({ oid: fc.constant('1.2.840.113556.1.4.805'), critical: fc.boolean() }),
    fc.record({ oid: fc.constant('1.2.3'), critical: fc.boolean(), value: bytes }),
  ),
  { maxLength: 2 },
);
const dnText = fc
  .array(fc.string({ unit: 'binary', minLength: 1 }), { maxLength: 3 })
  .map((values) => formatDn(values.map((value) => [{ type: 'CN', value }])));
const operation = fc.constantFrom('add', 'delete', 'replace');
const edit = fc.record({ operation, name, values: fc.array(bytes, { maxLength: 3 }) });
const record: fc.Arbitrary<LdifRecord> = fc.oneof(
  fc.record({ kind: fc.constant('content' as const), dn: dnText, attributes }),
  fc.record({
    kind: fc.constant('add' as const),
    dn: dnText,
    controls,
    attributes: attributes.filter((list) => list.length > 0),
  }),
  fc.record({
    kind: fc.constant('modify' as const),
    dn: dnText,
    controls,
    edits: fc.array(edit, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('delete' as const), dn: dnText, controls }),
);

describe('writing', () => {
  it('gives back the same records for any names and bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 4 }), async (records) => {
        expect((await readAll([...writeLdif(records)])).map(withoutLine)).toEqual(records);
      }),
    );
  });

  it('keeps to ASCII lines of at most 76 bytes', () => {
    fc.assert(
      fc.property(record, (one) => {
        const text = ldifRecord(one);
        expect(text).toMatch(/^[ -~\n]*\n\n$/);
        for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(76);
      }),
    );
  });

  it('writes safe values as they are, and the rest as base64', () => {
    const values = ['plain: text', '', ' space', 'space ', ':colon', '<less', 'a\nb', 'tab\t', 'ä', '\0', '#x', '-'];
    const text = ldifRecord({ kind: 'content', dn: '', attributes: [attribute('a', ...values)] });
    expect(text.split('\n')).toEqual([
      'dn:',
      'a: plain: text',
      'a:',
      'a:: IHNwYWNl',
      'a:: c3BhY2Ug',
      'a:: OmNvbG9u',
      'a:: PGxlc3M=',
      'a:: YQpi',
      'a:: dGFiCQ==',
      'a:: w6Q=',
      'a:: AA==',
      'a: #x',
      'a: -',
      '',
      '',
    ]);
  });

  it('puts a # before every line of a comment', async () => {
    const text = ldifComment('one\r\ntwo\n\ndn: CN=three');
    expect(text).toBe('# one\n# two\n#\n# dn: CN=three\n');
    expect(await read(text)).toEqual([]);
  });

  it('refuses a name that would break the file', () => {
    const attributes = [attribute('cn: x\n\ndn', 'y')];
    expect(() => ldifRecord({ kind: 'content', dn: 'CN=a', attributes })).toThrow('not the name of an attribute');
  });
});

const hasLdb = spawnSync('ldbadd', ['--help']).status === 0 && spawnSync('ldbsearch', ['--help']).status === 0;

describe.skipIf(!hasLdb)('against the ldb tools (needs ldbadd, ldbmodify and ldbsearch)', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ldif-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function ldb(tool: string, ...options: readonly string[]): string {
    const run = spawnSync(tool, ['-H', join(folder, 'test.ldb'), ...options], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    return run.stdout;
  }

  function load(tool: string, records: readonly LdifRecord[]): void {
    const file = join(folder, 'our.ldf');
    writeFileSync(file, [...writeLdif(records)].join(''));
    ldb(tool, file);
  }

  /** Every entry as ldbsearch sees it: normalized DN → attribute → values in hex, sorted. */
  async function stored(): Promise<Map<string, Record<string, string[]>>> {
    const entries = new Map<string, Record<string, string[]>>();
    for await (const entry of readLdifEntries(ldb('ldbsearch', '-s', 'sub', '(tag=*)'), 'ldbsearch')) {
      const own = entry.attributes.filter((one) => one.name !== 'distinguishedName');
      entries.set(
        normalizedDn(entry.dn),
        Object.fromEntries(own.map((one) => [one.name, one.values.map((value) => value.toString('hex')).sort()])),
      );
    }
    return entries;
  }

  it('loads entries with awkward names and any bytes, and reads them back the same', async () => {
    const names = [
      'Lee, Kim',
      ' both ends ',
      '#1 + 2 = "3" <\\>;',
      'ÅÄÖ 😀',
      'x\nDEL:y',
      'a'.repeat(200),
      'semi;colon',
    ];
    const values = [
      Buffer.from([...Array(256).keys()]),
      Buffer.from(' :<\n'),
      Buffer.from('ä '.repeat(60)),
      Buffer.from('-'),
    ];
    const entries = names.map((value, index) => ({
      kind: 'content' as const,
      dn: formatDn([[{ type: 'CN', value }], [{ type: 'DC', value: 'com' }]]),
      attributes: [{ name: 'tag', values }, attribute('number', String(index))],
    }));
    load('ldbadd', entries);
    const found = await stored();
    expect(found.size).toBe(names.length);
    for (const [index, entry] of entries.entries()) {
      expect(found.get(normalizedDn(entry.dn))).toEqual({
        tag: values.map((value) => value.toString('hex')).sort(),
        number: [Buffer.from(String(index)).toString('hex')],
      });
    }
  });

  it('loads every kind of change', async () => {
    const target = { controls: [], dn: 'CN=Lee\\, Kim,DC=com' };
    load('ldbadd', [
      { kind: 'content', dn: target.dn, attributes: [attribute('tag', 'one', 'two'), attribute('days', '60')] },
      { kind: 'content', dn: 'CN=gone,DC=com', attributes: [attribute('tag', 'x')] },
    ]);
    load('ldbmodify', [
      { kind: 'add', dn: 'CN=new,DC=com', controls: [], attributes: [attribute('tag', Buffer.from([0, 255]))] },
      { kind: 'delete', dn: 'CN=gone,DC=com', controls: [] },
      {
        kind: 'modify',
        ...target,
        edits: [
          { operation: 'delete', ...attribute('days', '60') },
          { operation: 'add', ...attribute('days', '180') },
          { operation: 'replace', ...attribute('tag', 'drei', 'vier ') },
        ],
      },
    ]);
    const hex = (text: string) => Buffer.from(text).toString('hex');
    expect(await stored()).toEqual(
      new Map([
        ['cn=new,dc=com', { tag: ['00ff'] }],
        ['cn=lee\\, kim,dc=com', { tag: [hex('drei'), hex('vier ')], days: [hex('180')] }],
      ]),
    );
  });
});
