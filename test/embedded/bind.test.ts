import type { Control } from 'ldapts';
import { describe, expect, it } from 'vitest';
import {
  clientOf,
  configuration,
  connectTo,
  domain,
  openForest,
  refusalOf,
  SdFlags,
  showDeleted,
  valuesOf,
} from './support.ts';

const outside = { trusted: false };

async function outsider(ldif = '') {
  return connectTo(await openForest(ldif), 'dc1.corp.example.com', outside);
}

describe('bind', () => {
  it.each([
    'admin@corp.example.com',
    'administrator@CORP.example.com',
    'CORP\\Administrator',
    `CN=Administrator,CN=Users,${domain}`,
  ])('knows the administrator as %s', async (name) => {
    const client = await outsider();
    await client.bind(name, 'secret');
    expect((await client.search(domain, { scope: 'base' })).searchEntries).toHaveLength(1);
  });

  it("answers a wrong password with result 49 and AD's data 52e, an unknown user with 525", async () => {
    const client = await outsider();
    expect(await refusalOf(client.bind('CORP\\Administrator', 'wrong'))).toEqual({
      code: 49,
      text: expect.stringContaining(
        '80090308: LdapErr: DSID-0C090A5C, comment: AcceptSecurityContext error, data 52e,',
      ),
    });
    expect((await refusalOf(client.bind('nobody@corp.example.com', 'secret'))).text).toContain('data 525,');
  });

  it.each([
    ['775', 'lockoutTime: 133000000000000000'],
    ['533', 'userAccountControl: 514'],
    ['532', 'userAccountControl: 8389120'],
    ['701', 'accountExpires: 133000000000000000'],
    ['773', 'pwdLastSet: 0'],
  ])('says data %s where the account has %s', async (data, attribute) => {
    const ldif = `dn: CN=Kim,CN=Users,${domain}\nobjectClass: user\nsAMAccountName: kim\n${attribute}\n`;
    const forest = await openForest(ldif, { accounts: [{ name: 'kim', password: 'secret' }] });
    const client = await connectTo(forest, 'dc1.corp.example.com', outside);
    expect((await refusalOf(client.bind('CORP\\kim', 'secret'))).text).toContain(`data ${data},`);
  });

  it('lets an anonymous client read the rootDSE and nothing else', async () => {
    const client = await outsider();
    expect((await client.search('', { scope: 'base' })).searchEntries).toHaveLength(1);
    const refusal = await refusalOf(client.search(domain));
    expect(refusal).toEqual({ code: 1, text: expect.stringMatching(/^000004DC: .*successful bind must be completed/) });
  });

  it('treats a name without a password as anonymous, as AD does', async () => {
    const client = await outsider();
    await client.bind('CORP\\Administrator', '');
    expect((await refusalOf(client.search(domain))).code).toBe(1);
  });

  it('refuses writes to those who may only read, and shows that in allowedAttributesEffective', async () => {
    const client = await outsider();
    await client.bind('CORP\\reader', 'secret');
    const { searchEntries } = await client.search(domain, {
      scope: 'base',
      attributes: ['allowedAttributesEffective'],
    });
    expect(searchEntries[0]?.['allowedAttributesEffective']).toEqual([]);
    expect(await refusalOf(client.del(`CN=Administrator,CN=Users,${domain}`))).toEqual({
      code: 50,
      text: expect.stringMatching(/^00002098: SecErr: /),
    });
  });

  it('gives the security descriptor to those who may only read if they leave the SACL out', async () => {
    const client = await outsider();
    await client.bind('CORP\\reader', 'secret');
    const read = (...controls: Control[]) => valuesOf(client, domain, 'nTSecurityDescriptor', ...controls);
    expect(await read()).toEqual([]);
    expect(await read(new SdFlags(15))).toEqual([]);
    expect(await read(new SdFlags(7))).toHaveLength(1);
  });

  it('hides the Configuration partition from those who may not read it', async () => {
    const access = { mayWrite: false, mayReadDeleted: false, mayReadConfiguration: false, mayNotDelete: [] };
    const forest = await openForest('', { accounts: [{ name: 'reader', password: 'secret', access }] });
    const client = await connectTo(forest, 'dc1.corp.example.com', { trusted: false, globalCatalog: true });
    await client.bind('CORP\\reader', 'secret');
    expect((await refusalOf(client.search(configuration, { scope: 'base' }))).code).toBe(32);
    const { searchEntries } = await client.search('', { filter: '(objectClass=nTDSService)' });
    expect(searchEntries).toEqual([]);
    expect(await valuesOf(client, domain, 'dc')).toEqual(['corp']);
  });

  it('hides what is deleted from those who may only read, but for the container', async () => {
    const forest = await openForest();
    const administrator = await connectTo(forest);
    await administrator.add(`CN=gone,${domain}`, { objectClass: 'container' });
    await administrator.del(`CN=gone,${domain}`);
    const client = await connectTo(forest, 'dc1.corp.example.com', outside);
    await client.bind('CORP\\reader', 'secret');
    const found = await client.search(domain, { filter: '(isDeleted=TRUE)' }, showDeleted);
    expect(found.searchEntries.map(({ dn }) => dn)).toEqual([`CN=Deleted Objects,${domain}`]);
  });

  it('is an administrator without a bind where the process itself connects', async () => {
    const client = await clientOf();
    expect((await client.search(domain, { scope: 'base' })).searchEntries).toHaveLength(1);
  });
});
