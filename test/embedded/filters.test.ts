import { type Client, EqualityFilter, Client as LdapClient } from 'ldapts';

import { beforeAll, describe, expect, it } from 'vitest';
import { bytesOf, configuration, domain, namesFound, openForest } from './support.ts';

const ldif = `
dn: OU=Staff,${domain}
objectClass: organizationalUnit

dn: CN=Änne Lee,OU=Staff,${domain}
objectClass: user
displayName: Änne (Lee)
userAccountControl: 514
whenCreated: 20240101000000.0Z
lastLogonTimestamp: 133000000000000000
manager: CN=Bo,OU=Staff,${domain}

dn: CN=Bo,OU=Staff,${domain}
objectClass: user
displayName: Bo * Star
userAccountControl: 512
whenCreated: 20250101000000.0Z
lastLogonTimestamp: 9000000000000000
manager: CN=Cy\\, Head,OU=Staff,${domain}

dn: CN=Cy\\, Head,OU=Staff,${domain}
objectClass: contact
proxyAddresses: SMTP:cy@example.com
proxyAddresses: smtp:head@example.com

dn: CN=Team,OU=Staff,${domain}
objectClass: group
groupType: -2147483646
member: CN=Bo,OU=Staff,${domain}
`;
const [anne, bo, cy, team] = ['Änne Lee', 'Bo', 'Cy, Head', 'Team'] as const;

describe('filters', () => {
  let client: Client;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const listener = await (await openForest(ldif)).listen('dc1.corp.example.com', { trusted: true });
    client = new LdapClient({ url: `ldap://127.0.0.1:${listener.port}` });
    close = async () => {
      await client.unbind();
      await listener.close();
    };
    return () => close();
  });

  const found = (filter: string) => namesFound(client, `OU=Staff,${domain}`, filter, 'one');

  it.each([
    ['text without regard to case', '(CN=bO)', [bo]],
    ['text beyond ASCII', '(cn=änne lee)', [anne]],
    ['presence', '(manager=*)', [anne, bo]],
    ['and', '(&(objectClass=user)(userAccountControl=512))', [bo]],
    ['or', '(|(cn=Bo)(cn=Team))', [bo, team]],
    ['not, which absent attributes pass', '(!(displayName=Bo \\2a Star))', [anne, cy, team]],
    ['escaped asterisks', '(displayName=Bo \\2a Star)', [bo]],
    ['escaped parentheses', '(displayName=änne \\28lee\\29)', [anne]],
    ['integers as numbers', '(lastLogonTimestamp>=9000000000000001)', [anne]],
    ['times', '(whenCreated>=20240701000000.0Z)', [bo]],
    ['all bits of a mask', '(userAccountControl:1.2.840.113556.1.4.803:=514)', [anne]],
    ['the sign bit', '(groupType:1.2.840.113556.1.4.803:=2147483648)', [team]],
    ['DNs however written', `(manager=cn=cy\\5c2c HEAD, ou=staff,${domain})`, [bo]],
    ['back links', `(memberOf=CN=Team,OU=Staff,${domain})`, [bo]],
    ['a DN without an entry', `(manager=CN=Nobody,${domain})`, []],
    ['not a DN without an entry', `(!(manager=CN=Nobody,${domain}))`, [anne, bo, cy, team]],
    ['categories by the name of a class', '(objectCategory=person)', [anne, bo, cy]],
    ['categories by DN', `(objectCategory=CN=Group,CN=Schema,${configuration})`, [team]],
    ['undefined comparisons, nor their negation', '(!(userAccountControl=abc))', []],
    ['everything', '(objectClass=*)', [anne, bo, cy, team]],
  ])('match %s: %s', async (_, filter, names) => {
    expect(await found(filter)).toEqual([...names].sort());
  });

  it('match objectGUIDs as bytes and as text', async () => {
    const options = { scope: 'base' as const, explicitBufferAttributes: ['objectGUID'] };
    const [entry] = (await client.search(`CN=Bo,OU=Staff,${domain}`, options)).searchEntries;
    const bytes = bytesOf(entry, 'objectGUID');
    const byBytes = await client.search(domain, {
      filter: new EqualityFilter({ attribute: 'objectGUID', value: bytes }),
    });
    expect(byBytes.searchEntries.map(({ dn }) => dn)).toEqual([entry?.dn]);
    const hex = bytes.toString('hex').replace(/^(..)(..)(..)(..)(..)(..)(..)(..)(.{4})/, '$4$3$2$1-$6$5-$8$7-$9-');
    expect(await found(`(objectGUID=${hex})`)).toEqual([bo]);
  });
});
