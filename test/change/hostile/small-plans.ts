/**
 * Small plans of every remedy that together hold every kind of change, exhibit, finding and target: what fuzzing starts
 * from.
 */

import type { Exhibit } from '../../../src/change/exhibits.ts';
import type {
  AttributeEdit,
  Change,
  Plan,
  PlanAttribute,
  PlanConnection,
  RemoveLingeringChange,
} from '../../../src/change/plan.ts';
import { deletion, finding, forest, guid, labelChange, modify, planOf } from '../../review/plans.ts';
import { aceFlags, descriptor } from '../../support/descriptors.ts';

/** Short, as it is in everything that is read and drawn. */
export const configuration = 'CN=Configuration,DC=x';
const organisation = `CN=Microsoft Exchange,CN=Services,${configuration}`;
const server = `CN=EX04,CN=Servers,${organisation}`;
const database = `CN=MDB1,${organisation}`;
const directoryService = `CN=Directory Service,CN=Windows NT,CN=Services,${configuration}`;
const strictMarker = `CN=94fdebc6-8eeb-4640-80de-ec52b9ca17fa,CN=Operations,CN=ForestUpdates,${configuration}`;
const gone = `CN=EX03\\0ADEL:${guid},CN=Deleted Objects,${configuration}`;
const over = (connection: PlanConnection): Plan['target'] => ({
  ...forest,
  configurationNamingContext: configuration,
  connection,
});
const target = over(forest.connection);
const undoes = { id: guid, seal: '0'.repeat(64), folder: '..', seq: 4 };

const exhibits: readonly Exhibit[] = [
  { kind: 'remarks', id: 'remarks', title: 'Seen', rows: [{ text: 'DC3 is behind', mark: 'watch' }] },
  { kind: 'properties', id: 'lifetime', title: '', rows: [{ name: 'Lifetime', value: '60 days', note: 'not set' }] },
  {
    kind: 'table',
    id: 'dcs',
    title: 'DCs',
    columns: [{ heading: 'DC' }, { heading: 'Days', align: 'right' }],
    groups: [{ heading: 'Utrecht', rows: [{ cells: ['DC3', '47'], details: ['answers slowly'], mark: 'bad' }] }],
  },
  {
    kind: 'bars',
    id: 'replication',
    title: 'Oldest news',
    unit: 'days',
    limit: 60,
    rows: [{ name: 'DC3', place: 'Utrecht', text: '47 days', value: 47, mark: 'watch', note: 'answers' }],
  },
  {
    kind: 'histogram',
    id: 'deleted',
    title: 'Deleted objects',
    unit: 'days',
    buckets: [{ from: 0, to: 10, count: 3 }],
    limits: [{ at: 60, text: 'now' }],
  },
  { kind: 'tree', id: 'tree', title: 'Tree', nodes: [{ depth: 0, text: 'EX04', notes: ['deleted'] }] },
  {
    kind: 'matrix',
    id: 'matrix',
    title: 'DC × partition',
    columns: ['DC=x'],
    rows: [{ name: 'DC3', cells: [{ text: '2 minutes', mark: 'good' }] }],
  },
];

const findings = [
  finding({ level: 'note', evidence: ['one', 'another'], subjects: ['DC3'] }),
  finding({
    id: 'past-lifetime',
    level: 'blocker',
    acceptable: true,
    accepted: true,
    measure: { value: 71, unit: 'days' },
    source: { name: 'showrepl.csv', read: '2026-11-22T08:41:07Z', sha256: 'ab'.repeat(32) },
  }),
];

const held = [
  { name: 'objectClass', values: ['top', 'msExchPrivateMDB'] },
  { name: 'msExchOwningServer', values: [server] },
  { name: 'nTSecurityDescriptor', values: [{ base64: 'AQAEgAAAAAA=' }] },
];
const heldByServer = [
  { name: 'objectClass', values: ['top', 'msExchExchangeServer'] },
  { name: 'legacyExchangeDN', values: ['/o=Contoso/cn=EX04'] },
];
const rights = {
  name: 'nTSecurityDescriptor',
  values: [
    {
      base64: descriptor({
        dacl: [
          { mask: 0xf_01ff, sid: 'S-1-5-18' },
          { mask: 0x100, sid: 'S-1-5-21-1-2-3-512', objectType: '00299570-246d-11d0-a768-00aa006e0529' },
          { mask: 0x2_0094, sid: 'S-1-5-11', flags: aceFlags.inherited },
        ],
      }).toString('base64'),
    },
  ],
};
const clearing: AttributeEdit = { attribute: 'homeMTA', remove: [server], add: [], singleValued: true, held: [server] };
const deletions: readonly Change[] = [
  deletion(database, held),
  { ...deletion(server, heldByServer), children: [guid] },
];
const treeDelete: Change = {
  kind: 'delete-tree',
  dn: server,
  guid,
  entries: [
    { dn: server, guid, usnChanged: '9', attributes: heldByServer },
    { dn: `CN=SMTP,${server}`, guid, usnChanged: '8', attributes: [] },
  ],
};
const returns: readonly Change[] = [
  { kind: 'undelete', dn: server, guid, tombstoneDn: gone, attributes: [{ name: 'cn', values: ['EX04'] }] },
  { kind: 'add', dn: database, attributes: held.map((one) => (one.name === rights.name ? rights : one)) },
  modify(`CN=Routing,${organisation}`, { attribute: 'homeMTA', remove: [], add: [server] }),
];

const subject = { dn: server, guid };
const deletionSteps = [
  { id: 'replication', dn: server, domainControllers: ['dc1.corp.example.com (Amsterdam)'] },
  {
    id: 'account',
    account: 'present',
    host: 'ex04.corp.example.com',
    groups: ['Exchange Servers'],
    dn: 'CN=EX04,CN=Computers,DC=x',
  },
  { id: 'databases', names: ['MDB1'], removedBy: 'cmdlet' },
  { id: 'setup', host: 'ex04.corp.example.com' },
];
const orphan = planOf([modify(`CN=Routing,${organisation}`, clearing), ...deletions], {
  subject,
  target,
  intent: { treeDelete: false, keep: ['database:MDB2'] },
  findings,
  nextSteps: deletionSteps,
  reason: 'The server is gone',
  ticket: 'CHG0012345',
});
const lifetime: AttributeEdit = {
  attribute: 'tombstoneLifetime',
  remove: ['60'],
  add: ['180'],
  singleValued: true,
  whenUnset: 'not set: 60 days',
};
const onLifetime = { remedy: 'tombstone', subject: { dn: directoryService, guid } };

const path = '/forms/Exchange/HTML/nls/de/strings.txt';
const label = labelChange('"Domain\\name:"', '"E-mail:"', { path, root: '/forms' });
const password = label.splices.map((splice) => ({ ...splice, key: 'L_Password_Text', line: 6, offset: 80 }));
const labelPlan = {
  target: { kind: 'files', roots: ['/forms'] },
  intent: { labels: { L_UserName_Text: { text: 'E-mail:' } }, sets: [], classes: [], languages: [], codePages: {} },
} as const;

const removal: RemoveLingeringChange = {
  kind: 'remove-lingering',
  dn: 'CN=Lee,DC=x',
  guid,
  on: 'dc2.corp.example.com',
  reference: { host: 'dc1.corp.example.com', dsaGuid: guid },
  namingContext: 'DC=x',
  attributes: [{ name: 'description', values: ['kept', { base64: 'AAEC' }] }],
};

const goneDc = `CN=DC0,CN=Servers,CN=Utrecht,CN=Sites,${configuration}`;
const metadata = {
  remedy: 'metadata',
  subject: { dn: goneDc, guid },
  target,
  intent: {},
} as const;

const account = 'CN=DC9,OU=Domain Controllers,DC=x';
const ticketAccount = 'CN=krbtgt_9,CN=Users,DC=x';
const goneSettings = `CN=NTDS Settings\\0ADEL:${guid},CN=Deleted Objects,${configuration}`;
const ofClass = (name: string, ...more: readonly PlanAttribute[]): readonly PlanAttribute[] => [
  { name: 'objectClass', values: ['top', name] },
  ...more,
];
/** An RODC of which the account is left, with what refers to it. */
const accountLeft: readonly Change[] = [
  modify('CN=Infrastructure,DC=x', {
    attribute: 'fSMORoleOwner',
    remove: [goneSettings],
    add: [`CN=NTDS Settings,CN=DC1,CN=Servers,CN=Utrecht,CN=Sites,${configuration}`],
  }),
  modify('DC=dc9,DC=x,CN=MicrosoftDNS,DC=DomainDnsZones,DC=x', {
    attribute: 'dnsRecord',
    remove: [{ base64: 'BAABAAXwAAAAAAAAAAACWAAAAAAAAAAACgAABA==' }],
    add: [],
  }),
  deletion(
    `CN=from-dc9,CN=Utrecht,${configuration}`,
    ofClass('nTDSConnection', { name: 'fromServer', values: [goneSettings] }),
  ),
  deletion(
    `CN=DC9,CN=Topology,CN=Domain System Volume,CN=DFSR-GlobalSettings,CN=System,DC=x`,
    ofClass('msDFSR-Member'),
  ),
  deletion(ticketAccount, ofClass('user', { name: 'sAMAccountName', values: ['krbtgt_9'] })),
  deletion(
    account,
    ofClass(
      'computer',
      { name: 'primaryGroupID', values: ['521'] },
      { name: 'msDS-KrbTgtLink', values: [ticketAccount] },
    ),
  ),
];

/** By a name that the corpus uses. */
export const smallPlans: Readonly<Record<string, Plan>> = {
  orphan,
  'orphan at once': planOf([treeDelete], {
    subject,
    intent: { treeDelete: true, keep: [] },
    exhibits: exhibits.slice(5),
    target: over({ kind: 'ldif', files: ['/exports/configuration.ldf'] }),
  }),
  'orphan undone': planOf(returns, { target, subject, undoes, nextSteps: deletionSteps.slice(0, 1) }),
  'orphan undone again': planOf([...deletions, treeDelete], { target, subject, undoes }),
  leftovers: planOf([modify(`CN=Routing,${organisation}`, { ...clearing, remove: [gone], held: [gone] })], {
    target,
    intent: { leftovers: true, keep: [] },
  }),
  lifetime: planOf(
    [
      modify(directoryService, lifetime),
      { kind: 'add', dn: strictMarker, attributes: [{ name: 'objectClass', values: ['top', 'container'] }] },
    ],
    {
      ...onLifetime,
      target,
      exhibits,
    },
  ),
  'lifetime undone': planOf(
    [modify(directoryService, { ...lifetime, remove: ['180'], add: ['60'] }), deletion(strictMarker, [])],
    { ...onLifetime, undoes, target: over({ kind: 'practice' }) },
  ),
  labels: planOf(
    [
      label,
      {
        ...label,
        path: path.replace('de', 'fr'),
        language: 'fr',
        realPath: '/store/strings.txt',
        splices: [...label.splices, ...password],
      },
    ],
    {
      ...labelPlan,
      leftOut: [{ what: '/forms/Exchange/HTML/nls/x1/strings.txt', reason: 'no-wording', detail: 'x1' }],
      nextSteps: [
        { id: 'restart', members: ['TMG01'] },
        { id: 'listener', sets: ['Exchange'] },
      ],
    },
  ),
  'labels undone': planOf([label], { ...labelPlan, undoes }),
  lingering: planOf([removal, { ...removal, on: 'dc3.corp.example.com' }], {
    remedy: 'lingering',
    target,
    intent: { reference: 'dc1.corp.example.com', targets: ['dc2'], partitions: ['DC=x'] },
    leftOut: [{ what: removal.dn, reason: 'reference-not-clean', detail: 'lingering on dc4' }],
    nextSteps: [{ id: 'replicate-again', hosts: ['dc1.corp.example.com'] }],
  }),
  metadata: planOf(
    [
      modify(`CN=Utrecht,CN=Sites,${configuration}`, { attribute: 'seeAlso', remove: [goneDc], add: [] }),
      deletion(`CN=NTDS Settings,${goneDc}`, [{ name: 'objectClass', values: ['top', 'nTDSDSA'] }]),
      { ...deletion(goneDc, [{ name: 'objectClass', values: ['top', 'server'] }]), children: [guid] },
    ],
    metadata,
  ),
  'metadata of an account': planOf(accountLeft, { ...metadata, subject: { dn: account, guid } }),
  'metadata undone': planOf(
    [
      { kind: 'undelete', dn: goneDc, guid, tombstoneDn: gone, attributes: [] },
      modify(`CN=Utrecht,CN=Sites,${configuration}`, { attribute: 'seeAlso', remove: [], add: [goneDc] }),
    ],
    { ...metadata, undoes },
  ),
};
