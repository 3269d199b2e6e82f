import { describe, expect, test } from 'vitest';
import type { DirectoryChange, UndeleteChange } from '../../src/change/plan.ts';
import { beforeLdif, changeLdif } from '../../src/review/ldif.ts';
import { readLdif } from '../support/ldif-changes.ts';
import { configuration, guid } from './plans.ts';

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
    expect([...beforeLdif([incomplete])].join('')).toContain('was there in part');
    expect([...beforeLdif([back])].join('')).toContain('was not there');
  });
});
