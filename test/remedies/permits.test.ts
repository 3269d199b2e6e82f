/** What each remedy refuses of a plan that is whole and sealed: a line for each of its checks. */

import { expect, test } from 'vitest';
import { type Edit, textOf } from '../change/hostile/edits.ts';
import { wayOf } from '../change/hostile/harmless.ts';
import { configuration, smallPlans } from '../change/hostile/small-plans.ts';

const organisation = `CN=Microsoft Exchange,CN=Services,${configuration}`;
const unnamed = `CN=EX04,${organisation}`;
const other = `CN=EX05,CN=Servers,${organisation}`;
const outside = 'CN=Domain Admins,CN=Users,DC=x';
const otherGuid = '9c04206a-9a46-41df-b23b-f2b402ba789f';
const noSite = `CN=DC0,CN=Servers,CN=Utrecht,CN=Services,${configuration}`;
const noServers = `CN=DC0,CN=Computers,CN=Utrecht,CN=Sites,${configuration}`;
const sysvol = 'CN=Topology,CN=Domain System Volume,CN=DFSR-GlobalSettings,CN=System,DC=x';
const ofAccount = 'metadata of an account';
const changesOf = (plan: string): readonly unknown[] => smallPlans[plan]?.changes ?? [];
const [routing, database, server] = changesOf('orphan');
const [lifetime, marker] = changesOf('lifetime');
const [tree] = changesOf('orphan at once');
const [german] = changesOf('labels');
const spanish = { path: '/forms/Exchange/HTML/nls/es/strings.txt', language: 'es' };
const [undelete] = changesOf('orphan undone');
const copyOfOther = {
  ...Object(database),
  dn: `CN=Copy,${organisation}`,
  attributes: [
    { name: 'objectClass', values: ['msExchMDBCopy'] },
    { name: 'msExchHostServerLink', values: [other] },
  ],
};

/** The infrastructure role of a DNS partition, from the DC that is gone to another one. */
const roleTo = (name: string): unknown => {
  const settings = (dc: string): string => `CN=NTDS Settings,CN=${dc},CN=Servers,CN=Utrecht,CN=Sites,${configuration}`;
  return {
    kind: 'modify',
    dn: 'CN=Infrastructure,DC=DomainDnsZones,DC=corp,DC=example,DC=com',
    guid: otherGuid,
    edits: [{ attribute: 'fSMORoleOwner', remove: [settings('DC0')], add: [settings(name)], singleValued: true }],
  };
};

/** "changes.0.dn" as a place. */
const placeOf = (at: string): readonly (string | number)[] =>
  at.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
const put = (at: string, value: unknown): Edit => ({ at: placeOf(at), put: value as never });
const insert = (at: string, value: unknown): Edit => ({ at: placeOf(at), insert: value as never, as: '' });

const without = (at: string): Edit => ({ at: placeOf(at), remove: true });

type Refused = readonly [plan: string, what: string, refusal: string, ...edits: readonly Edit[]];

const refused: readonly Refused[] = [
  ['orphan', 'of a remedy that there is not', 'it was made by the remedy "constructor"', put('remedy', 'constructor')],
  ['labels', 'of files', 'Its target is not a forest', put('remedy', 'orphan')],
  ['orphan', 'of another subject', 'is not a server object', put('subject.dn', outside)],
  [
    'orphan',
    'of a server that lies in no CN=Servers',
    'is not a server object',
    put('subject.dn', unnamed),
    put('changes.2.dn', unnamed),
  ],
  ['orphan', 'that leaves the server', 'It does not delete CN=EX04', without('changes.2')],
  ['orphan', 'that edits after the deletion', 'edits an entry after the server', insert('changes.3', routing)],
  [
    'orphan',
    'that deletes another entry in the server’s place',
    'It does not delete CN=EX04',
    put('changes.2.guid', otherGuid),
  ],
  [
    'orphan',
    'that deletes another server',
    `It deletes ${other}`,
    insert('changes.3', { ...Object(server), dn: other }),
  ],
  [
    'orphan',
    'that deletes a database of another server',
    'It deletes CN=MDB1',
    put('changes.1.attributes.1.values.0', other),
  ],
  [
    'orphan',
    'that deletes a database whose owner is no DN',
    'It deletes CN=MDB1',
    put('changes.1.attributes.1.values.0', 'DEL:no DN'),
  ],
  ['orphan', 'that deletes a copy on another server', 'It deletes CN=Copy', insert('changes.1', copyOfOther)],
  ['orphan', 'that deletes elsewhere', `It deletes ${outside}`, put('changes.1.dn', outside)],
  ['orphan at once', 'of another tree', `It deletes ${outside}`, put('changes.0.dn', outside)],
  ['orphan', 'that adds a value', 'It adds values to homeMTA', put('changes.0.edits.0.add', ['x'])],
  ['orphan', 'that removes another value', 'does not name the server', put('changes.0.edits.0.remove', [other])],
  [
    'orphan',
    'that calls a DN the legacyExchangeDN of the server',
    'which does not name the server',
    put('changes.2.attributes.1.values', [outside]),
    put('changes.0.edits.0.remove', [outside]),
  ],
  [
    'orphan',
    'that calls a number the FQDN of the server',
    'which does not name the server',
    insert('changes.2.attributes.0', { name: 'networkAddress', values: ['ncacn_ip_tcp:514'] }),
    put('changes.0.edits.0.remove', ['514']),
  ],
  ['orphan', 'that makes an entry', 'It creates the entry', insert('changes.0', undelete)],
  ['orphan', 'without its intent', 'Its intent does not say', put('intent', {})],
  ['orphan', 'with an unknown step', 'Its next step constructor', put('nextSteps.0.id', 'constructor')],
  ['orphan undone', 'that makes an entry elsewhere', `It creates or deletes ${outside}`, put('changes.1.dn', outside)],
  ['leftovers', 'that deletes', 'It creates or deletes the entry', insert('changes.0', server)],
  ['leftovers', 'that adds a value', 'It adds values to homeMTA', put('changes.0.edits.0.add', ['x'])],
  [
    'leftovers',
    'that removes what is there',
    'does not name a deleted server or entry',
    put('changes.0.edits.0.remove', [other]),
  ],
  [
    'leftovers',
    'that edits another attribute elsewhere',
    'which is not an attribute of Exchange',
    put('changes.0.dn', outside),
    put('changes.0.edits.0.attribute', 'member'),
  ],
  ['labels', 'of files', 'its target is not a forest', put('remedy', 'tombstone')],
  ['lifetime', 'of another subject', `its subject is ${outside}`, put('subject.dn', outside)],
  ['lifetime', 'that changes an entry twice', 'it changes one entry twice', insert('changes.0', lifetime)],
  [
    'lifetime',
    'that changes an entry again under another spelling of its DN',
    'it changes one entry twice',
    insert('changes.0', { ...Object(lifetime), dn: Object(lifetime).dn.replace(',', ' , ') }),
  ],
  [
    'lifetime',
    'that says something else of no value',
    'without a value: 180 days',
    put('changes.0.edits.0.whenUnset', '180 days'),
  ],
  [
    'orphan',
    'that shows words for a value',
    'It has its own text for an empty homeMTA',
    put('changes.0.edits.0.whenUnset', 'x'),
  ],
  ['lifetime', 'that edits another entry', `it modifies ${outside}`, put('changes.0.dn', outside)],
  ['lifetime', 'that edits another attribute', 'member', put('changes.0.edits.0.attribute', 'member')],
  ['lifetime', 'that adds another entry', `it adds ${outside}`, put('changes.1.dn', outside)],
  ['lifetime', 'that adds more than a container', 'with more than', put('changes.1.attributes.0.values.1', 'user')],
  ['lifetime', 'that deletes', 'it deletes', put('changes.1', { ...Object(server), dn: Object(marker).dn })],
  ['lifetime undone', 'that deletes elsewhere', `it deletes ${outside}`, put('changes.1.dn', outside)],
  ['lifetime', 'that deletes a tree', 'it holds a change of kind delete-tree', insert('changes.0', tree)],
  ['lifetime', 'of two values', 'more than one value', put('changes.0.edits.0.add', ['180', '181'])],
  ['lifetime', 'that takes two values', 'more than one value', put('changes.0.edits.0.remove', ['60', '61'])],
  ['lifetime', 'of an attribute with many values', 'more than one', put('changes.0.edits.0.singleValued', false)],
  ['lifetime', 'of no number', 'not a number', put('changes.0.edits.0.add', ['many'])],
  ['lifetime', 'of too few days', 'it sets tombstoneLifetime to 1', put('changes.0.edits.0.add', ['1'])],
  [
    'lifetime',
    'that removes a lingering object',
    'changes that this tool cannot write',
    insert('changes.0', changesOf('lingering')[0]),
  ],
  ['lifetime', 'of another intent', 'its intent is not', put('intent', { days: 180 })],
  ['lifetime', 'with an unknown step', 'Its next step constructor', put('nextSteps', [{ id: 'constructor' }])],
  ['lifetime', 'of files', 'The target is not a list of folders', put('remedy', 'labels')],
  ['labels', 'of a key in another way', 'names a key or a label', put('intent.labels', { L_A: { label: 'x' } })],
  ['labels', 'with a next step of its own', 'Its next step format is unknown', put('nextSteps', [{ id: 'format' }])],
  [
    'labels',
    'with a sentence in a next step',
    'Its next step listener is unknown',
    put('nextSteps', [{ id: 'listener', sets: ['Exchange'], text: 'Turn it off' }]),
  ],
  ['labels', 'of an unknown encoding', 'names an encoding', put('intent.codePages', { de: 'ebcdic' })],
  ['labels', 'below no root', 'not below a root', put('changes.0.path', '/etc/Exchange/HTML/nls/de/strings.txt')],
  [
    'labels',
    'of a root of its own',
    'not below a root',
    put('changes.0.root', '/etc'),
    put('changes.0.path', '/etc/Exchange/HTML/nls/de/strings.txt'),
  ],
  [
    'labels',
    'with a path that depends on the current folder',
    'not below a root',
    put('target.roots', ['/forms', process.cwd()]),
    put('changes.0.root', process.cwd()),
    put('changes.0.path', 'Exchange/HTML/nls/de/strings.txt'),
  ],
  [
    'labels',
    'of a root that is the file itself',
    'not below a root',
    put('target.roots', ['/forms', '/forms/Exchange/HTML/nls/de/strings.txt']),
    put('changes.0.root', '/forms/Exchange/HTML/nls/de/strings.txt'),
  ],
  [
    'labels',
    'of another drive',
    'not below a root',
    put('target.roots', ['/forms', 'C:\\forms']),
    put('changes.0.root', 'C:\\forms'),
    put('changes.0.path', 'D:\\Exchange\\HTML\\nls\\de\\strings.txt'),
  ],
  [
    'labels',
    'of another computer',
    'not below a root',
    put('target.roots', ['/forms', '\\\\tmg01\\forms']),
    put('changes.0.root', '\\\\tmg01\\forms'),
    put('changes.0.path', '\\\\other\\forms\\Exchange\\HTML\\nls\\de\\strings.txt'),
  ],
  [
    'labels',
    'that changes a file in two steps',
    'it is changed in more than one step',
    insert('changes.1', { ...Object(german), before: Object(german).after }),
  ],
  [
    'labels',
    'that changes a file in two steps, through a link',
    'it is changed in more than one step',
    insert('changes.1', { ...Object(german), ...spanish, before: Object(german).after, realPath: Object(german).path }),
  ],
  ['labels', 'with a way up', 'not below', put('changes.0.path', '/forms/a/..\\..\\Exchange/HTML/nls/de/strings.txt')],
  ['labels', 'with an empty step', 'not below', put('changes.0.path', '/forms//Exchange/HTML/nls/de/strings.txt')],
  ['labels', 'of another file', 'not in the place', put('changes.0.path', '/forms/Exchange/HTML/nls/de/web.config')],
  ['labels', 'of another set', 'not in the place', put('changes.0.set', 'ISA')],
  ['labels', 'of another class', 'not in the place', put('changes.0.class', 'cHTML')],
  ['labels', 'of another language', 'not in the place', put('changes.0.language', 'fr')],
  ['labels', 'in an unknown encoding', 'its encoding "ebcdic"', put('changes.0.encoding', 'ebcdic')],
  ['labels', 'of no key', 'something other than the values of keys', put('changes.0.splices.0.key', 'no key')],
  [
    'labels',
    'with a script in a text',
    'more than format it',
    put('changes.0.splices.0.new', 'PHNjcmlwdCBzcmM9Jy8vaC5leGFtcGxlL3gnPjwvc2NyaXB0Pg=='),
  ],
  [
    'labels',
    'with bytes that are no text of their code page',
    'bytes that are not valid text in the encoding of the file',
    put('changes.0.encoding', 'windows-932'),
    put('changes.0.splices.0.new', 'QUL//g=='),
  ],
  [
    'labels',
    'with an overlong form of a letter',
    'bytes that are not valid text in the encoding of the file',
    put('changes.0.encoding', 'utf-8'),
    put('changes.0.splices.0.new', 'wLxh'),
  ],
  ['labels', 'with a quote in a text', 'double quote', put('changes.0.splices.0.new', 'ImEiYiI=')],
  ['labels', 'of files', 'its target is not a forest', put('remedy', 'lingering')],
  ['lingering', 'that undoes', 'there is nothing to undo', put('undoes', smallPlans['labels undone']?.undoes)],
  ['lingering', 'without a reference', 'names no reference', put('intent', {})],
  ['lingering', 'that writes', 'it holds a change of kind modify', insert('changes.0', routing)],
  [
    'lingering',
    'that cleans its reference',
    'and it removes objects there too',
    put('changes.1.on', 'DC1.corp.example.com'),
  ],
  ['lingering', 'of another partition', 'which is not in DC=x', put('changes.0.dn', 'CN=Lee,DC=y')],
  ['lingering', 'that removes an object twice', 'twice', insert('changes.0', changesOf('lingering')[0])],
  [
    'lingering',
    'that calls a DC by two names, which would be one file on Windows',
    'it calls one domain controller dc3.corp.example.com and DC3.corp.example.com',
    insert('changes.2', {
      ...Object(changesOf('lingering')[1]),
      on: 'DC3.corp.example.com',
      guid: Object(server).guid.replace(/^./, '1'),
    }),
  ],
  ['lingering', 'with an unknown step', 'step', put('nextSteps', [{ id: 'constructor' }])],
  [
    'metadata',
    'of files',
    'Its target is not a forest',
    put('target', smallPlans['labels']?.target),
    put('changes', []),
  ],
  [
    'metadata',
    'that shows words for a value',
    'It has its own text for an empty',
    put('changes.0.edits.0.whenUnset', 'x'),
  ],
  ['metadata', 'that leaves the server', 'It does not delete its subject', without('changes.2')],
  [
    'metadata',
    'that deletes another entry in its place',
    'It does not delete its subject',
    put('changes.2.guid', otherGuid),
  ],
  [
    'metadata',
    'of a server outside the sites',
    `It deletes ${noSite}`,
    without('changes.0'),
    without('changes.0'),
    put('subject.dn', noSite),
    put('changes.0.dn', noSite),
  ],
  [
    'metadata',
    'of a server in no CN=Servers',
    `It deletes ${noServers}`,
    without('changes.0'),
    without('changes.0'),
    put('subject.dn', noServers),
    put('changes.0.dn', noServers),
  ],
  ['metadata', 'that deletes elsewhere', `It deletes ${outside}`, put('changes.1.dn', outside)],
  [
    'metadata',
    'with the DNS name of another host',
    'Its DNS name www.corp.example.com is not that of',
    insert('changes.2.attributes.0', { name: 'dNSHostName', values: ['www.corp.example.com'] }),
  ],
  ['metadata', 'that deletes a tree', 'by one request for the whole tree', insert('changes.0', tree)],
  ['metadata', 'that makes an entry', 'It creates the entry', insert('changes.0', undelete)],
  ['metadata', 'that adds a value', 'It adds values to seeAlso', put('changes.0.edits.0.add', [outside])],
  [
    'metadata',
    'that removes another value',
    'does not name the domain controller',
    put('changes.0.edits.0.remove', [outside]),
  ],
  [
    'metadata',
    'that removes what is no DN',
    'does not name the domain controller',
    put('changes.0.edits.0.remove', ['no DN']),
  ],
  [
    'metadata',
    'that moves a role twice',
    'It moves the role of CN=Infrastructure,DC=DomainDnsZones,DC=corp,DC=example,DC=com twice',
    insert('changes.0', roleTo('DC1')),
    insert('changes.1', roleTo('DC2')),
  ],
  ['metadata', 'with an unknown step', 'step', put('nextSteps', [{ id: 'constructor' }])],
  [
    'metadata undone',
    'that makes NTDS Settings',
    'only a promotion restores a domain controller',
    put('changes.0.dn', `CN=NTDS Settings,${outside}`),
  ],
  [ofAccount, 'that moves another role', 'It adds values to member', put('changes.0.edits.0.attribute', 'member')],
  [ofAccount, 'that gives a role to no DC', 'It adds values', put('changes.0.edits.0.add', [outside])],
  [ofAccount, 'that moves a role elsewhere', 'It adds values', put('changes.0.dn', outside)],
  [ofAccount, 'that removes bytes of an entry that is no node of DNS', 'removes a value', put('changes.1.dn', outside)],
  [
    ofAccount,
    'that removes bytes that are no record',
    'removes a value',
    put('changes.1.edits.0.remove', [{ base64: 'AAAA' }]),
  ],
  [
    ofAccount,
    'that deletes a connection from another DC',
    'It deletes CN=from-dc9',
    put('changes.2.attributes.1.values', [outside]),
  ],
  [
    ofAccount,
    'that deletes a connection from nowhere',
    'It deletes CN=from-dc9',
    put('changes.2.attributes.1.values', ['no DN']),
  ],
  [ofAccount, 'that deletes a member of another DC', 'It deletes CN=DC8', put('changes.3.dn', `CN=DC8,${sysvol}`)],
  [
    ofAccount,
    'that deletes a member of another replica set',
    'It deletes CN=DC9',
    put('changes.3.dn', `CN=DC9,CN=Data,${sysvol}`.replace('CN=Domain System Volume', 'CN=Data')),
  ],
  [
    ofAccount,
    'that deletes the ticket account of another DC',
    'It deletes CN=krbtgt_9',
    put('changes.5.attributes.2.values', [outside]),
  ],
  [
    ofAccount,
    'whose ticket account is no DN',
    'It deletes CN=krbtgt_9',
    put('changes.5.attributes.2.values', ['no DN']),
  ],
  [ofAccount, 'of a computer that is no DC', 'It deletes CN=DC9', put('changes.5.attributes.1.values', ['515'])],
  [
    'orphan',
    'with what only is handed over',
    'changes that this tool cannot write',
    insert('changes.0', changesOf('lingering')[0]),
  ],
];

test.each(refused.map(([plan, what, refusal, ...edits]) => [plan, what, refusal, edits] as const))(
  'a plan (%s) %s is not permitted',
  async (plan, _, refusal, edits) => {
    const way = await wayOf(textOf({ plan, edits }));
    expect(way.kind).toBe('not permitted');
    if (way.kind === 'not permitted') expect(way.error.trouble.cameBack).toContain(refusal);
  },
);

test.each([
  ['labels', 'orphan'],
  ['orphan', 'labels'],
])('a plan (%s) with a change for another kind of target is not read', async (plan, of) => {
  const [foreign] = changesOf(of);
  expect((await wayOf(textOf({ plan, edits: [insert('changes.0', foreign)] }))).kind).toBe('refused');
});
