import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './command.ts';
import { openLoopback } from './host.ts';

/** An OpenLDAP server with many people, for read throughput. It is no AD, and is asked over plain LDAP. */
export interface Slapd {
  /** ldap://, a loopback address, a port. */
  readonly url: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The people are below OU=People of it; its naming context is served as default, root domain and configuration. */
  readonly suffix: string;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

export interface SlapdOptions {
  readonly people: number;
  /** How many, the last ones, have another userPrincipalName than their primary address; none by default. */
  readonly differing?: number;
  /** Unlinked attributes that hold DNs, which the schema has besides; half of the people have the first of them. */
  readonly dnAttributes?: number;
}

const suffix = 'DC=corp,DC=example,DC=com';
const administrator = `CN=Administrator,${suffix}`;

const dnAttributeNames = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `labOther${index}`);

/** slapd's schema for AD's attributes; the OIDs below 2.25.20261122.3 are the lab's own. */
const schemaWith = (others: readonly string[]): string => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
${attributeTypes({
  displayName: 'text',
  userPrincipalName: 'text',
  sAMAccountName: 'text',
  proxyAddresses: 'texts',
  mailNickname: 'text',
  legacyExchangeDN: 'text',
  msExchHomeServerName: 'text',
  msExchExpansionServerName: 'text',
  homeMDB: 'dn',
  homeMTA: 'dn',
  objectCategory: 'text',
  userAccountControl: 'integer',
  msExchRecipientTypeDetails: 'integer',
  objectGUID: 'bytes',
  msExchMailboxGuid: 'bytes',
  defaultNamingContext: 'dn',
  rootDomainNamingContext: 'dn',
  configurationNamingContext: 'dn',
  schemaNamingContext: 'dn',
  dnsHostName: 'text',
  lDAPDisplayName: 'text',
  attributeSyntax: 'text',
  ...Object.fromEntries(others.map((name) => [name, 'dn' as const])),
})}
objectclass ( 2.25.20261122.4.1 NAME 'user' SUP top STRUCTURAL MUST cn MAY ( displayName $ mail $ userPrincipalName $
  sAMAccountName $ proxyAddresses $ mailNickname $ legacyExchangeDN $ msExchHomeServerName $ msExchExpansionServerName $
  homeMDB $ homeMTA $ objectCategory $ userAccountControl $ msExchRecipientTypeDetails $ objectGUID $ msExchMailboxGuid
  ${others.map((name) => `$ ${name} `).join('')}) )
objectclass ( 2.25.20261122.4.2 NAME 'attributeSchema' SUP top STRUCTURAL MUST ( cn $ lDAPDisplayName $ attributeSyntax ) )
objectclass ( 2.25.20261122.4.3 NAME 'labSchema' SUP top STRUCTURAL MUST cn )
`;

/** Loads the people by slapadd and starts slapd on a free port of the loopback interface. */
export async function startSlapd(options: SlapdOptions): Promise<Slapd> {
  const host = await openLoopback();
  try {
    const database = join(host.directory, 'database');
    const configuration = join(host.directory, 'slapd.conf');
    const password = 'read throughput, no secrets';
    await mkdir(database);
    await writeFile(join(host.directory, 'root-dse.ldif'), rootDse);
    await writeFile(configuration, slapdConfiguration(host.directory, database, password, options), { mode: 0o600 });
    await host.run('slapadd', ['-q', '-f', configuration], { input: entries(options) });

    const port = await freePort(host.address);
    const url = `ldap://${host.address}:${port}`;
    const server = host.start('slapd', 'slapd', ['-d', '0', '-f', configuration, '-h', url]);
    const deadline = Date.now() + 30_000;
    while (!(await answers(url))) {
      if (server.exitCode !== null || Date.now() > deadline) throw new Error(`slapd does not answer on ${url}`);
      await delay(50);
    }
    return { url, address: host.address, port, user: administrator, password, suffix, stop: () => host.close() };
  } catch (error) {
    await host.close();
    throw error;
  }
}

const rootDse = `dn:
${['defaultNamingContext', 'rootDomainNamingContext', 'configurationNamingContext'].map((name) => `${name}: ${suffix}`).join('\n')}
schemaNamingContext: CN=Schema,${suffix}
dnsHostName: slapd.corp.example.com
`;

function slapdConfiguration(
  directory: string,
  database: string,
  password: string,
  { dnAttributes = 0 }: SlapdOptions,
): string {
  return `${schemaWith(dnAttributeNames(dnAttributes))}
moduleload back_mdb
pidfile ${join(directory, 'slapd.pid')}
rootDSE ${join(directory, 'root-dse.ldif')}
sizelimit unlimited
timelimit unlimited
database mdb
maxsize 8589934592
directory ${database}
suffix "${suffix}"
rootdn "${administrator}"
rootpw "${password}"
index objectClass,homeMDB,homeMTA,msExchHomeServerName,msExchExpansionServerName eq
index mailNickname,mail,proxyAddresses pres,eq
`;
}

async function* entries({ people, differing = 0, dnAttributes = 0 }: SlapdOptions): AsyncGenerator<string> {
  yield `dn: ${suffix}\nobjectClass: domain\ndc: corp\n\n`;
  yield `dn: OU=People,${suffix}\nobjectClass: organizationalUnit\nou: People\n\n`;
  const batch: string[] = [];
  for (let index = 0; index < people; index += 1) {
    const other = dnAttributes > 0 && index % 2 === 0 ? `labOther0: CN=person${index + 1},OU=People,${suffix}\n` : '';
    batch.push(personLdif(index, index >= people - differing, other));
    if (batch.length === 500) yield batch.splice(0).join('');
  }
  yield batch.join('');
  if (dnAttributes > 0) yield `dn: CN=Schema,${suffix}\nobjectClass: labSchema\ncn: Schema\n\n`;
  for (const name of dnAttributeNames(dnAttributes)) {
    // 2.5.5.1 is Object(DS-DN) (MS-ADTS 3.1.1.2.2.2).
    yield `dn: CN=${name},CN=Schema,${suffix}\nobjectClass: attributeSchema\ncn: ${name}\nlDAPDisplayName: ${name}\nattributeSyntax: 2.5.5.1\n\n`;
  }
}

function personLdif(index: number, differs: boolean, more: string): string {
  const name = `person${index}`;
  const primaryAddress = `${name}@example.com`;
  // Case is no difference.
  const userPrincipalName = differs ? `${name}@corp.example.com` : `${name.toUpperCase()}@Example.com`;
  const guid = Buffer.alloc(16, 0xfe);
  guid.writeUInt32LE(index, 0);
  const group = '/o=Contoso Mail/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)';
  const server = `EX0${1 + (index % 2)}`;
  return `dn: CN=${name},OU=People,${suffix}
objectClass: user
cn: ${name}
displayName: Person Number ${index}
sAMAccountName: ${name}
userPrincipalName: ${userPrincipalName}
userAccountControl: 512
objectCategory: CN=Person,CN=Schema,${suffix}
mail: ${primaryAddress}
proxyAddresses: SMTP:${primaryAddress}
proxyAddresses: smtp:${name}@old.example.com
proxyAddresses: X400:C=US;A= ;P=Contoso Mail;O=Exchange;S=${name};
mailNickname: ${name}
legacyExchangeDN: ${group}/cn=Recipients/cn=${name}
msExchHomeServerName: ${group}/cn=Configuration/cn=Servers/cn=${server}
homeMDB: CN=DB of ${server},CN=Databases,${suffix}
homeMTA: CN=Microsoft MTA,CN=${server},CN=Servers,${suffix}
msExchRecipientTypeDetails: 1
objectGUID:: ${guid.toString('base64')}
msExchMailboxGuid:: ${guid.toString('base64')}
${more}
`;
}

type SlapdSyntax = 'text' | 'texts' | 'dn' | 'integer' | 'bytes';

function attributeTypes(attributes: Readonly<Record<string, SlapdSyntax>>): string {
  const syntaxes: Readonly<Record<SlapdSyntax, string>> = {
    text: 'EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE',
    texts: 'EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15',
    dn: 'EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE',
    integer: 'EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE',
    bytes: 'EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE',
  };
  return Object.entries(attributes)
    .map(([name, syntax], index) => `attributetype ( 2.25.20261122.3.${index + 1} NAME '${name}' ${syntaxes[syntax]} )`)
    .join('\n');
}

async function answers(url: string): Promise<boolean> {
  try {
    await run('ldapsearch', ['-x', '-H', url, '-s', 'base', '-b', '', '1.1']);
    return true;
  } catch {
    // Not yet: the caller has a deadline.
    return false;
  }
}

async function freePort(address: string): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, address, resolve));
  const bound = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  if (bound === null || typeof bound === 'string') throw new Error(`No free port on ${address}`);
  return bound.port;
}
