import { describe, expect, test } from 'vitest';
import type { AttributeEdit, DirectoryChange, UndeleteChange } from '../../src/change/plan.ts';
import { beforeLdif, changeLdif } from '../../src/review/ldif.ts';
import { readLdif } from '../support/ldif-changes.ts';
import { configuration, finding, forest, guid, planOf } from './plans.ts';

const dn = `CN=EX04,CN=Servers,${configuration}`;
const tombstoneDn = `CN=EX04\\0ADEL:${guid},CN=Deleted Objects,${configuration}`;
const back: UndeleteChange = {
  kind: 'undelete',
  dn,
  guid,
  tombstoneDn,
  attributes: [
    { name: 'msExchCurrentServerRoles', values: ['38'] },
    { name: 'nTSecurityDescriptor', values: [{ base64: 'AQAUjA==' }] },
  ],
};

/** Each record in short: its DN, the OIDs of its controls, and its edits. */
async function recordsOf(...changes: readonly DirectoryChange[]): Promise<readonly unknown[]> {
  const records = [];
  for await (const record of readLdif(changeLdif(changes), 'change.ldf')) {
    if (record.kind !== 'modify') throw new Error(`unexpected ${record.kind}`);
    const { controls, edits } = record;
    records.push([
      record.dn,
      controls.map(({ oid }) => oid),
      edits.map(({ operation, name }) => `${operation} ${name}`),
    ]);
  }
  return records;
}

/** The records of before.ldf: each entry's DN and its attributes. */
async function before(...changes: readonly DirectoryChange[]): Promise<readonly unknown[]> {
  const records = [];
  for await (const record of readLdif(beforeLdif(changes), 'before.ldf')) {
    if (record.kind !== 'content') throw new Error(`unexpected ${record.kind}`);
    const texts = record.attributes.map(({ name, values }) => [name, values.map((value) => value.toString('utf8'))]);
    records.push([record.dn, Object.fromEntries(texts)]);
  }
  return records;
}

const server = { dn, guid, usnChanged: '1', attributes: [{ name: 'serialNumber', values: ['Version 14.3'] }] };
const child = { ...server, dn: `CN=Protocols,${dn}`, attributes: [{ name: 'cn', values: ['Protocols'] }] };
const treeDelete: DirectoryChange = { kind: 'delete-tree', dn, guid, entries: [server, child] };

describe('a value that names a deleted entry', () => {
  const gone = `CN=EX09\\0ADEL:${guid},CN=Deleted Objects,${configuration}`;
  const written = async (...edits: readonly AttributeEdit[]): Promise<readonly unknown[]> => {
    const records = [];
    for await (const record of readLdif(changeLdif([{ kind: 'modify', dn, guid, edits }]), 'change.ldf')) {
      if (record.kind !== 'modify') throw new Error(`unexpected ${record.kind}`);
      records.push(...record.edits.map(({ operation, name, values }) => [operation, name, values.map(String)]));
    }
    return records;
  };

  test('is removed by its objectGUID, by which each directory finds it, with its DN in a comment', async () => {
    const edit = { attribute: 'homeMTA', remove: [gone], add: [] };
    expect(await written(edit)).toEqual([['delete', 'homeMTA', [`<GUID=${guid}>`]]]);
    const text = [...changeLdif([{ kind: 'modify', dn, guid, edits: [edit] }])].join('');
    expect(text.replaceAll('\n ', '')).toContain(`# homeMTA: ${gone}\n`);
  });

  test('with a binary part is removed by what stays, which is written in the place of all values', async () => {
    const [one, other] = ['B:8:01020304:', 'B:8:05060708:'].map((part) => `${part}${gone}`) as [string, string];
    const stays = `B:8:01020304:CN=EX01,CN=Servers,${configuration}`;
    const attribute = 'otherWellKnownObjects';
    expect(await written({ attribute, remove: [one, other], add: [] })).toEqual([['delete', attribute, []]]);
    expect(await written({ attribute, remove: [one], add: [], held: [one, stays] })).toEqual([
      ['replace', attribute, [stays]],
    ]);
  });
});

test('before.ldf holds every entry of a tree that is deleted by one request', async () => {
  expect(await before(treeDelete)).toEqual([
    [dn, { serialNumber: ['Version 14.3'] }],
    [child.dn, { cn: ['Protocols'] }],
  ]);
});

test('before.ldf holds every value of the attributes to be edited', async () => {
  const modify: DirectoryChange = {
    kind: 'modify',
    dn,
    guid,
    edits: [
      { attribute: 'source', remove: ['a'], add: [], held: ['a', 'b'] },
      { attribute: 'owner', remove: ['c'], add: [] },
      { attribute: 'description', remove: [], add: ['new'], held: ['old'] },
      { attribute: 'wasUnset', remove: [], add: ['new'], held: [] },
    ],
  };
  expect(await before(modify)).toEqual([[dn, { source: ['a', 'b'], owner: ['c'], description: ['old'] }]]);
});

test('a tree delete in change.ldf asks for it by its control', async () => {
  const records = [];
  for await (const record of readLdif(changeLdif([treeDelete]), 'change.ldf')) records.push(record);
  expect(records).toMatchObject([{ kind: 'delete', dn, controls: [{ oid: '1.2.840.113556.1.4.805' }] }]);
});

const showDeleted = '1.2.840.113556.1.4.417';
const securityDescriptorFlags = '1.2.840.113556.1.4.801';

test.each([
  ['ldapmodify alone where records ask for controls', back, 'for ldapmodify (some records have controls'],
  [
    'ldapmodify alone for a tree delete',
    { kind: 'delete-tree', dn, guid, entries: [] },
    'for ldapmodify (some records',
  ],
  [
    'ldifde too where an entry that is back is only completed',
    { kind: 'undelete', dn, guid, attributes: back.attributes.slice(0, 1) },
    'for ldapmodify or ldifde -i',
  ],
  ['ldifde too where none does', { kind: 'add', dn, attributes: [] }, 'for ldapmodify or ldifde -i'],
] as const)('change.ldf is for %s', (_, change, words) => {
  expect([...changeLdif([change])].join('').replaceAll('\n ', '')).toContain(words);
});

describe('the comments of change.ldf', () => {
  const edit: DirectoryChange = { kind: 'modify', dn, guid, edits: [{ attribute: 'info', remove: ['a'], add: [] }] };
  const comments = (of: DirectoryChange, more: Parameters<typeof planOf>[1] = {}): string => {
    const text = [...changeLdif([of], planOf([of], more))].join('').replaceAll('\n ', '');
    return text.slice(0, text.indexOf('\n\n'));
  };

  test('name the plan, the forest, the DC, and how to import', () => {
    const plan = planOf([edit]);
    const head = comments(edit);
    for (const said of [plan.id, plan.seal, forest.objectGuid, forest.domainController, '2026-11-22 08:41:07 UTC']) {
      expect(head).toContain(said);
    }
    expect(head).toContain('#   ldifde -i -f change.ldf -s dc1.corp.example.com');
    expect(head).toContain('#   ldapmodify -H ldaps://dc1.corp.example.com -D USER -W -f change.ldf');
  });

  test('name no server to import on where the export does not say where it was made', () => {
    const connection = { kind: 'ldif' as const, files: ['forest.ldf'] };
    const head = comments(edit, { target: { ...forest, domainController: 'export', connection } });
    expect(head).toContain('#   ldifde -i -f change.ldf -s DC\n');
    expect(head).toContain('#   ldapmodify -H ldaps://DC -D');
  });

  test('recommend no ldifde where it would not accept the records', () => {
    expect(comments(back)).not.toContain('ldifde -i');
  });

  test('say what stops the change, and what was accepted', () => {
    const findings = [
      finding({ level: 'blocker', id: 'in-use', title: 'It is in use' }),
      finding({ level: 'blocker', id: 'owned', title: 'It owns databases', acceptable: true, accepted: true }),
    ];
    const head = comments(edit, { findings });
    expect(head).toContain('# DO NOT IMPORT: blocker in-use is not accepted: It is in use');
    expect(head.indexOf('DO NOT IMPORT')).toBeLessThan(head.indexOf('# Remedy:'));
    expect(head).toContain('# Accepted blocker owned: It owns databases');
    expect(head).not.toContain('Import it with');
  });

  test('put no name into a command that is no host name, and no control character on a line', () => {
    const target = { ...forest, domainController: 'dc1; rm -rf /\x1b[2J\nchangetype: delete' };
    const head = comments(edit, { target });
    expect(head).toContain('-s DC');
    expect(head.split('\n').filter((line) => !line.startsWith('#'))).toEqual([]);
    expect(head).not.toContain('\x1b');
  });
});

describe('an undelete in change.ldf', () => {
  test('goes by the DN of the deleted object, and then puts the security descriptor right', async () => {
    expect(await recordsOf(back)).toEqual([
      [
        tombstoneDn,
        [showDeleted],
        ['delete isDeleted', 'replace distinguishedName', 'replace msExchCurrentServerRoles'],
      ],
      [dn, [securityDescriptorFlags], ['replace nTSecurityDescriptor']],
    ]);
  });

  test('only writes what is missing where the entry is back already', async () => {
    const { tombstoneDn: _, ...incomplete } = back;
    expect(await recordsOf({ ...incomplete, attributes: back.attributes.slice(0, 1) })).toEqual([
      [dn, [], ['replace msExchCurrentServerRoles']],
    ]);
    expect([...beforeLdif([incomplete])].join('')).toContain('existed in part');
    expect([...beforeLdif([back])].join('')).toContain('did not exist');
  });
});

test('change.ldf says how it removes what names deleted entries, if it does', () => {
  const change = (value: string): DirectoryChange => ({
    kind: 'modify',
    dn: 'CN=DB01',
    guid: '0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e',
    edits: [{ attribute: 'msExchOwningServer', remove: [value], add: [] }],
  });
  const deleted = 'CN=EX09\\0ADEL:1b0ff4d6-0000-4000-8000-000000000001,CN=Deleted Objects,CN=Configuration';
  expect([...changeLdif([change(deleted)])].join('')).toContain('removed by objectGUID');
  expect([...changeLdif([change('CN=EX09')])].join('')).not.toContain('Samba');
});
