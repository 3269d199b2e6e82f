import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { normalizedDn } from '../../../src/ad/dn.ts';
import { namingTest } from '../../../src/ad/references.ts';
import { readSubtree } from '../../../src/change/subtree.ts';
import { openEmbeddedForest } from '../../../src/embedded/forest.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import { type ConfigurationFindings, readConfigurationReferrers } from '../../../src/remedies/orphan/referrers.ts';

const configuration = 'CN=Configuration,DC=corp,DC=example,DC=com';
const schema = `CN=Schema,${configuration}`;
const server = `CN=EX04,CN=Servers,CN=Contoso,CN=Services,${configuration}`;
const store = `CN=Store,${server}`;
const deletedMta = `CN=Microsoft MTA\\0ADEL:0b3c1f2e-5d6a-4b7c-8d9e-0f1a2b3c4d5e,CN=Deleted Objects,${configuration}`;

/** An attributeSchema object of the syntax of DNs unless another is given. */
const attribute = (name: string, ...lines: readonly string[]): string =>
  [
    `dn: CN=${name},${schema}`,
    'objectClass: attributeSchema',
    `lDAPDisplayName: ${name}`,
    ...(lines.some((line) => line.startsWith('attributeSyntax')) ? [] : ['attributeSyntax: 2.5.5.1']),
    ...lines,
    '',
  ].join('\n');
const record = (dn: string, objectClass: string, ...lines: readonly string[]): string =>
  [
    `dn: ${dn}`,
    `objectClass: ${objectClass}`,
    `objectGUID:: ${Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64')}`,
    ...lines,
    '',
  ].join('\n');
const entry = (name: string, ...lines: readonly string[]): string =>
  record(`CN=${name},CN=Services,${configuration}`, 'msExchQueue', ...lines);

/** What is found in a forest of these records, with the schema that defines the attributes. */
async function found(...records: readonly string[]): Promise<ConfigurationFindings> {
  const session = await open(
    record(configuration, 'configuration'),
    record(`CN=Services,${configuration}`, 'container'),
    record(schema, 'dMD'),
    attribute('x-Queue'),
    attribute('x-Link', 'linkID: 9000'),
    attribute('x-LinkBack', 'linkID: 9001'),
    attribute('x-System', 'systemOnly: TRUE'),
    attribute('x-Must'),
    attribute('x-MustAuxiliary'),
    attribute('x-Binary', 'attributeSyntax: 2.5.5.7'),
    attribute('x-Text', 'attributeSyntax: 2.5.5.12'),
    `dn: CN=queue,${schema}\nobjectClass: classSchema\nlDAPDisplayName: msExchQueue\nsubClassOf: top\nmustContain: x-Must\nauxiliaryClass: x-Aux\n`,
    `dn: CN=aux,${schema}\nobjectClass: classSchema\nlDAPDisplayName: x-Aux\nsubClassOf: top\nsystemMustContain: x-MustAuxiliary\n`,
    `dn: CN=top,${schema}\nobjectClass: classSchema\nlDAPDisplayName: top\nsubClassOf: top\n`,
    ...records,
  );
  const dns = new Set([server, store].map(normalizedDn));
  const names = { legacyExchangeDn: '/o=Contoso/cn=EX04', fqdn: 'ex04.corp.example.com', name: 'EX04' };
  return readConfigurationReferrers(session, configuration, { names, dns }, [
    `CN=DB04,CN=Databases,CN=Services,${configuration}`,
  ]);
}

async function open(...records: readonly string[]): Promise<DirectorySession> {
  const rootDse = `dn:\nconfigurationNamingContext: ${configuration}\nschemaNamingContext: ${schema}\nnamingContexts: ${configuration}\nnamingContexts: ${schema}\ndnsHostName: dc1.corp.example.com\n`;
  const forest = await openEmbeddedForest({
    sources: [{ name: 'test', content: [rootDse, ...records].join('\n') }],
    kind: 'export',
    clock: () => new Date(),
    newGuid: randomUUID,
  });
  const session = await forest.open({ host: forest.domainControllers[0] ?? '' });
  onTestFinished(() => session.close());
  return session;
}

/** Attribute, kind and what may be done with each reference. */
const told = ({ referrers }: ConfigurationFindings): readonly string[] =>
  referrers.map(({ reference }) => `${reference.attribute}: ${reference.kind}, ${reference.clearing}`).toSorted();

describe('a value that names what goes is found whatever its attribute', () => {
  test('with what the schema says of it', async () => {
    const findings = await found(
      entry('Q', `x-Queue: ${store}`, `x-Link: ${server}`, `x-System: ${store}`, `x-Must: ${store}`),
      entry('R', `x-MustAuxiliary: ${server}`, `x-LinkBack: ${server}`, `x-Text: ${server}`),
    );
    expect(told(findings)).toEqual([
      'x-Link: linked, may be cleared',
      'x-Must: unlinked, mandatory',
      'x-MustAuxiliary: unlinked, mandatory',
      'x-Queue: unlinked, may be cleared',
      'x-System: unlinked, only the system writes it',
      'x-Text: string, needs another value',
    ]);
  });

  test('a mandatory attribute that keeps another value may lose this one', async () => {
    const findings = await found(entry('Q', `x-Must: ${store}`, 'x-Must: CN=other,CN=Services'));
    expect(told(findings)).toEqual(['x-Must: unlinked, may be cleared']);
    expect(findings.referrers[0]?.otherValues).toEqual(['CN=other,CN=Services']);
  });

  test('outside the Exchange organisation, in other spellings, and with a binary part', async () => {
    const elsewhere = record(
      `CN=Elsewhere,CN=Sites,${configuration}`,
      'container',
      `x-Queue: ${store.toUpperCase()}`,
      `x-Binary: B:8:01020304:${server}`,
    );
    const findings = await found(record(`CN=Sites,${configuration}`, 'sitesContainer'), elsewhere);
    expect(told(findings)).toEqual(['x-Binary: unlinked, may be cleared', 'x-Queue: unlinked, may be cleared']);
  });

  test('in text, by each of its names; a longer name is none of it', async () => {
    const findings = await found(
      entry('Q', 'x-Text: /o=Contoso/cn=EX04', 'x-Text: ex04.corp.example.com'),
      entry('R', 'x-Text: /O=CONTOSO/CN=EX04/cn=Private MDB', 'x-Text: \\\\EX04\\share'),
      entry('S', 'x-Text: /o=Contoso/cn=EX041', 'x-Text: ex04.corp.example.com.au', 'x-Text: \\\\EX041\\share'),
    );
    expect(findings.referrers.map(({ id, values }) => [id.slice(0, 14), values])).toEqual([
      ['x-Text of CN=Q', ['/o=Contoso/cn=EX04']],
      ['x-Text of CN=Q', ['ex04.corp.example.com']],
      ['x-Text of CN=R', ['/O=CONTOSO/CN=EX04/cn=Private MDB']],
      ['x-Text of CN=R', ['\\\\EX04\\share']],
    ]);
  });
});

test('what points at entries deleted earlier, and at databases that stay, is kept apart', async () => {
  const { referrers, leftovers, lostWellKnownObjects, toDatabases } = await found(
    entry('Q', `x-Queue: ${deletedMta}`),
    entry('R', `otherWellKnownObjects: B:8:01020304:${deletedMta}`),
    entry('S', `x-Queue: CN=DB04,CN=Databases,CN=Services,${configuration}`),
  );
  expect(referrers).toEqual([]);
  expect(leftovers.map(({ id }) => id)).toEqual([`x-Queue of CN=Q,CN=Services,${configuration}`]);
  expect(lostWellKnownObjects).toHaveLength(1);
  expect(toDatabases.map(({ id }) => id)).toEqual([`x-Queue of CN=S,CN=Services,${configuration}`]);
});

test('the fast test of values finds each DN in every spelling, and nothing else', () => {
  const part = fc.stringMatching(/^[A-Za-z0-9 äÉ'{}-]{1,12}$/).filter((text) => text.trim() !== '');
  fc.assert(
    fc.property(part, part, fc.boolean(), (name, other, isUpper) => {
      const dn = normalizedDn(`CN=${name.trim()},CN=Servers,DC=example`);
      const test = namingTest({ dns: new Set([dn]), names: { legacyExchangeDn: undefined, fqdn: undefined } });
      const spelled = `CN=${name.trim()}, cn=Servers,DC=EXAMPLE`;
      expect(test(isUpper ? spelled.toUpperCase() : spelled)).toBe('dn');
      const different = normalizedDn(`CN=${other.trim()},CN=Servers,DC=example`);
      expect(test(different) === 'dn').toBe(different === dn);
    }),
  );
});

test('a back link of the subtree is marked as one, whatever its name, with the attribute that it shows', async () => {
  const session = await open(
    record(configuration, 'configuration'),
    record(schema, 'dMD'),
    attribute('x-Link', 'linkID: 9000'),
    attribute('x-LinkBack', 'linkID: 9001'),
    record(
      `CN=EX04,${configuration}`,
      'msExchExchangeServer',
      `x-LinkBack: ${configuration}`,
      `x-Link: ${configuration}`,
    ),
  );
  const [server] = await readSubtree(session, `CN=EX04,${configuration}`, true);
  const marked = server?.entry.attributes.filter(({ isBackLink }) => isBackLink);
  expect(marked).toEqual([{ name: 'x-LinkBack', values: [configuration], isBackLink: true, linksFrom: 'x-Link' }]);
});
