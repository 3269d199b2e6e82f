import { Attribute, Change } from 'ldapts';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  clientOf,
  configuration,
  connectTo,
  directoryService,
  domain,
  openForest,
  permissiveModify,
  refusalOf,
  SdFlags,
  treeDelete,
  valuesOf,
} from './support.ts';

const change = (operation: 'add' | 'delete' | 'replace', type: string, ...values: string[]): Change =>
  new Change({ operation, modification: new Attribute({ type, values }) });

const days = (operation: 'add' | 'delete' | 'replace', ...values: string[]): Change =>
  change(operation, 'tombstoneLifetime', ...values);

const withLifetime = `dn: ${directoryService}\ntombstoneLifetime: 60\n`;
const lifetime = (client: Awaited<ReturnType<typeof clientOf>>) =>
  valuesOf(client, directoryService, 'tombstoneLifetime');

describe('modify', () => {
  it('compares and swaps: the old value goes and the new one comes', async () => {
    const client = await clientOf(withLifetime);
    await client.modify(directoryService, [days('delete', '60'), days('add', '180')]);
    expect(await lifetime(client)).toEqual(['180']);
  });

  it('answers 16 if the value to go is not there, and changes nothing', async () => {
    const client = await clientOf(withLifetime);
    const refusal = await refusalOf(client.modify(directoryService, [days('delete', '90'), days('add', '180')]));
    expect(refusal).toEqual({ code: 16, text: expect.stringMatching(/^00002085: AtrErr.*\(tombstoneLifetime\)/s) });
    expect(await lifetime(client)).toEqual(['60']);
  });

  it('answers 20 if a value is added to one that is set, by its own value or another', async () => {
    const client = await clientOf(withLifetime);
    expect((await refusalOf(client.modify(directoryService, days('add', '180')))).code).toBe(20);
    expect((await refusalOf(client.modify(directoryService, days('add', '60')))).code).toBe(20);
    expect(await lifetime(client)).toEqual(['60']);
  });

  it('adds to what is unset, replaces, and unsets', async () => {
    const client = await clientOf();
    await client.modify(directoryService, days('add', '60'));
    await client.modify(directoryService, days('replace', '90'));
    expect(await lifetime(client)).toEqual(['90']);
    await client.modify(directoryService, days('delete', '90'));
    expect(await lifetime(client)).toEqual([]);
    expect((await refusalOf(client.modify(directoryService, days('delete')))).code).toBe(16);
  });

  it('is all or nothing', async () => {
    const client = await clientOf(withLifetime);
    const changes = [days('replace', '180'), change('delete', 'description', 'not there')];
    expect((await refusalOf(client.modify(directoryService, changes))).code).toBe(16);
    expect(await lifetime(client)).toEqual(['60']);
  });

  it.each(['abc', '2147483648', '1.5', ''])('answers 21 to the number "%s"', async (value) => {
    const client = await clientOf();
    expect((await refusalOf(client.modify(directoryService, days('replace', value)))).code).toBe(21);
  });

  it('answers 19 to two values of one that has only one, and to what the system alone writes', async () => {
    const client = await clientOf();
    expect((await refusalOf(client.modify(directoryService, days('replace', '1', '2')))).code).toBe(19);
    expect(
      (await refusalOf(client.modify(directoryService, change('replace', 'whenCreated', '20260101000000.0Z')))).code,
    ).toBe(19);
    expect((await refusalOf(client.modify(`CN=Users,${domain}`, change('add', 'memberOf', domain)))).code).toBe(19);
  });

  it('passes over what is already so with the permissive-modify control', async () => {
    const client = await clientOf(withLifetime);
    await client.modify(directoryService, [days('add', '60')], permissiveModify);
    await client.modify(directoryService, [days('delete', '90')], permissiveModify);
    expect(await lifetime(client)).toEqual(['60']);
  });

  it('refuses a DN value that names no entry (19, 20B5), and the RDN (67)', async () => {
    const client = await clientOf();
    const refusal = await refusalOf(
      client.modify(`CN=Users,${domain}`, change('add', 'managedBy', `CN=Nobody,${domain}`)),
    );
    expect(refusal).toEqual({ code: 19, text: expect.stringMatching(/^000020B5/) });
    expect((await refusalOf(client.modify(`CN=Users,${domain}`, change('replace', 'cn', 'People')))).code).toBe(67);
  });

  it('answers 65 to what would take away a mandatory attribute', async () => {
    const book = `CN=Book,${domain}`;
    const client = await clientOf(`dn: ${book}\nobjectClass: msExchOAB\nofflineABServer: ${domain}\n`);
    const refusal = await refusalOf(client.modify(book, change('delete', 'offLineABServer')));
    expect(refusal).toEqual({ code: 65, text: expect.stringMatching(/^0000207C/) });
  });

  it('writes of the security descriptor the parts that the SD flags control names', async () => {
    const client = await clientOf();
    const descriptorOf = async (dn: string) => {
      const options = { scope: 'base' as const, attributes: [attribute], explicitBufferAttributes: [attribute] };
      return bytesOf((await client.search(dn, options)).searchEntries[0], attribute);
    };
    const attribute = 'nTSecurityDescriptor';
    const before = await descriptorOf(directoryService);
    // Owner and group S-1-5-18, an empty DACL that is protected from inheritance.
    const other = Buffer.from(
      `010004901400000020000000000000002c000000${'010100000000000512000000'.repeat(2)}0200080000000000`,
      'hex',
    );
    const replace = new Change({
      operation: 'replace',
      modification: new Attribute({ type: attribute, values: [other] }),
    });
    await client.modify(directoryService, replace, new SdFlags(4));
    const after = await descriptorOf(directoryService);
    const part = (bytes: Buffer, field: number, length: number) =>
      bytes.subarray(bytes.readUInt32LE(field)).subarray(0, length);
    expect(part(after, 4, 16)).toEqual(part(before, 4, 16));
    expect(part(after, 16, 8).toString('hex')).toBe('0200080000000000');
    // SE_SELF_RELATIVE, SE_DACL_PROTECTED, SE_DACL_PRESENT
    expect(after.readUInt16LE(2)).toBe(0x9004);
    expect((await refusalOf(client.modify(directoryService, change('replace', attribute, 'x')))).code).toBe(21);
  });

  it('leaves the marks of a write: uSNChanged, whenChanged and the metadata', async () => {
    const client = await clientOf(`${withLifetime}whenChanged: 20260101000000.0Z\n`);
    const [before] = await valuesOf(client, directoryService, 'uSNChanged');
    await client.modify(directoryService, days('replace', '180'));
    const [after] = await valuesOf(client, directoryService, 'uSNChanged');
    expect(Number(after)).toBeGreaterThan(Number(before));
    expect(await valuesOf(client, directoryService, 'whenChanged')).toEqual(['20261122090000.0Z']);
    const metadata = await valuesOf(client, directoryService, 'msDS-ReplAttributeMetaData');
    const changed = metadata.find((xml) => xml.includes('<pszAttributeName>tombstoneLifetime<'));
    expect(changed).toContain('<dwVersion>2</dwVersion>');
    expect(changed).toContain('<ftimeLastOriginatingChange>2026-11-22T09:00:00Z</ftimeLastOriginatingChange>');
    expect(changed).toMatch(/\n\0$/);
  });
});

describe('add', () => {
  it('supplies what AD supplies', async () => {
    const client = await clientOf();
    await client.add(`CN=New,${domain}`, { objectClass: 'user' });
    const [entry] = (await client.search(`CN=New,${domain}`, { scope: 'base' })).searchEntries;
    expect(entry).toMatchObject({
      objectClass: ['top', 'person', 'organizationalPerson', 'user'],
      cn: 'New',
      name: 'New',
      instanceType: '4',
      whenCreated: '20261122090000.0Z',
      objectCategory: `CN=Person,CN=Schema,${configuration}`,
    });
    expect(entry?.['uSNCreated']).toBe(entry?.['uSNChanged']);
  });

  it('answers 32 without a parent, 68 to a name that is taken, 65 without a class or a mandatory attribute', async () => {
    const client = await clientOf();
    const add = (dn: string, attributes: Record<string, string>) => refusalOf(client.add(dn, attributes));
    expect((await add(`CN=x,CN=y,${domain}`, { objectClass: 'container' })).code).toBe(32);
    expect(await add(`CN=USERS,${domain}`, { objectClass: 'container' })).toEqual({
      code: 68,
      text: expect.stringMatching(/^00002071: UpdErr/),
    });
    expect((await add(`CN=x,${domain}`, { description: 'x' })).code).toBe(65);
    expect((await add(`CN=x,${domain}`, { objectClass: 'group' })).code).toBe(65);
    expect((await add(`CN=x,${domain}`, { objectClass: 'container', cn: 'other' })).code).toBe(64);
  });

  it('takes every character that a name may have', async () => {
    const client = await clientOf();
    const dn = `CN=\\ Store \\(EX\\, 02\\) \\#1 \\+ \\"two\\" \\\\ x\\ ,${domain}`.replace(/\\([()])/g, '$1');
    await client.add(dn, { objectClass: 'container' });
    expect(await valuesOf(client, dn, 'name')).toEqual([' Store (EX, 02) #1 + "two" \\ x ']);
    await client.del(dn);
    expect((await refusalOf(client.search(dn))).code).toBe(32);
  });
});

describe('rename', () => {
  const ldif = `dn: CN=a,${domain}\nobjectClass: container\n\ndn: CN=b,CN=a,${domain}\nobjectClass: container\nmanagedBy: CN=b,CN=a,${domain}\n`;

  it('moves the entry with all below it, and every DN that names one of them', async () => {
    const client = await clientOf(ldif);
    await client.modifyDN(`CN=a,${domain}`, `CN=z,CN=Users,${domain}`);
    expect(await valuesOf(client, `CN=b,CN=z,CN=Users,${domain}`, 'managedBy')).toEqual([
      `CN=b,CN=z,CN=Users,${domain}`,
    ]);
    expect(await valuesOf(client, `CN=z,CN=Users,${domain}`, 'name')).toEqual(['z']);
    expect((await refusalOf(client.search(`CN=b,CN=a,${domain}`))).code).toBe(32);
  });

  it('answers 53 to a move below itself', async () => {
    const client = await clientOf(ldif);
    expect((await refusalOf(client.modifyDN(`CN=a,${domain}`, `CN=a,CN=b,CN=a,${domain}`))).code).toBe(53);
  });

  it('answers 68 to a name that is taken, and 53 in the Configuration partition without leave', async () => {
    const client = await clientOf(ldif);
    expect((await refusalOf(client.modifyDN(`CN=a,${domain}`, 'CN=Users'))).code).toBe(68);
    expect((await refusalOf(client.modifyDN(directoryService, 'CN=other'))).code).toBe(53);
  });
});

describe('delete', () => {
  const tree = ['CN=t', 'CN=a,CN=t', 'CN=b,CN=t', 'CN=c,CN=b,CN=t']
    .map((dn) => `dn: ${dn},${domain}\nobjectClass: container\n`)
    .join('\n');
  const exists = async (client: Awaited<ReturnType<typeof clientOf>>, dn: string) =>
    (await client.search(domain, { filter: `(distinguishedName=${dn},${domain})` })).searchEntries.length === 1;

  it('answers 66 and 2015 to an entry with children, 32 and 208D to none', async () => {
    const client = await clientOf(tree);
    expect(await refusalOf(client.del(`CN=t,${domain}`))).toEqual({
      code: 66,
      text: expect.stringMatching(/^00002015: UpdErr: .*CANT_ON_NON_LEAF/),
    });
    expect((await refusalOf(client.del(`CN=none,${domain}`))).text).toMatch(/^0000208D/);
  });

  it('answers 53 and 20CE to an entry that systemFlags protects', async () => {
    const client = await clientOf(`dn: CN=p,${domain}\nobjectClass: container\nsystemFlags: -2147483648\n`);
    expect(await refusalOf(client.del(`CN=p,${domain}`))).toEqual({
      code: 53,
      text: expect.stringMatching(/^000020CE/),
    });
    expect(await exists(client, 'CN=p')).toBe(true);
  });

  it('takes the subtree with the tree-delete control', async () => {
    const client = await clientOf(tree);
    await client.del(`CN=t,${domain}`, treeDelete);
    expect(await exists(client, 'CN=t')).toBe(false);
    expect(await exists(client, 'CN=c,CN=b,CN=t')).toBe(false);
  });

  it('with the tree-delete control stops at a protected child, what came before it being gone', async () => {
    const client = await clientOf(
      `${tree}\ndn: CN=d,CN=b,CN=t,${domain}\nobjectClass: container\nsystemFlags: -2147483648\n`,
    );
    expect((await refusalOf(client.del(`CN=t,${domain}`, treeDelete))).code).toBe(53);
    expect(await exists(client, 'CN=a,CN=t')).toBe(false);
    expect(await exists(client, 'CN=t')).toBe(true);
  });

  it('can be left unfinished with 11 and 20CD, to be asked again', async () => {
    const forest = await openForest(tree);
    const client = await connectTo(forest);
    forest.planFault('dc1.corp.example.com', {
      on: 'delete',
      nth: 1,
      fault: { kind: 'unfinished-tree-delete', after: 2 },
    });
    expect(await refusalOf(client.del(`CN=t,${domain}`, treeDelete))).toEqual({
      code: 11,
      text: expect.stringMatching(/^000020CD/),
    });
    expect(await exists(client, 'CN=a,CN=t')).toBe(false);
    expect(await exists(client, 'CN=t')).toBe(true);
    await client.del(`CN=t,${domain}`, treeDelete);
    expect(await exists(client, 'CN=t')).toBe(false);
  });

  it('can be forbidden for one entry', async () => {
    const kept = `CN=a,CN=t,${domain}`;
    const access = { mayWrite: true, mayReadDeleted: true, mayReadConfiguration: true, mayNotDelete: [kept] };
    const forest = await openForest(tree, { accounts: [{ name: 'reader', password: 'secret', access }] });
    const client = await connectTo(forest, 'dc1.corp.example.com', { trusted: false });
    await client.bind('CORP\\reader', 'secret');
    expect((await refusalOf(client.del(kept))).code).toBe(50);
    await client.del(`CN=c,CN=b,CN=t,${domain}`);
  });
});
