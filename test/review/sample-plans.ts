/** A plan of each remedy, as large and as varied as a page has to hold, with its words. */

import { configuration, deletion, description, finding, labelChange, modify, planOf } from './plans.ts';

const languages =
  'default ar bg ca cs da de el es et eu fi fr gl he hi hr hu id it ja kk ko lt lv ms nb nl pl pt ro ru sk sl sr sv th tr uk vi zh';
const roots = ['TMG01', 'TMG02', 'TMG03'].map(
  (host) =>
    `\\\\${host}\\C$\\Program Files\\Microsoft Forefront Threat Management Gateway\\Templates\\CookieAuthTemplates`,
);
const forms = [
  ['Exchange', 'HTML'],
  ['Exchange', 'xHTML'],
  ['Exchange', 'cHTML'],
  ['ISA', 'HTML'],
] as const;

const labelFiles = roots.flatMap((root) =>
  forms.flatMap(([set, of]) =>
    languages.split(' ').map((language) =>
      labelChange(`Domain\\user name in ${language}:`, `E-mail address in ${language}:`, {
        root,
        set,
        class: of,
        language,
        encoding: 'utf-16le with BOM',
        path: `${root}\\${set}\\${of}\\${language === 'default' ? '' : `nls\\${language}\\`}strings.txt`,
      }),
    ),
  ),
);

const withoutWording = Array.from({ length: 15 }, (_, index) => `x${index}`).flatMap((language) =>
  roots.flatMap((root) => forms.map(([set, of]) => `${root}\\${set}\\${of}\\nls\\${language}\\strings.txt`)),
);

/** 491 files in 41 languages on three members, and 180 without wording. */
export const labelsPlan = planOf(labelFiles.slice(0, 491), {
  target: { kind: 'files', roots },
  reason: 'Users log on with their e-mail address',
  ticket: 'CHG0012345',
  leftOut: withoutWording.map((what) => ({ what, reason: 'no-wording' })),
  findings: [
    finding({ level: 'note', id: 'encodings', title: '491 files keep their encoding', detail: 'UTF-16 with a mark.' }),
    finding({
      id: 'no-wording',
      title: '15 languages (180 files) have no built-in wording',
      detail: 'They keep the old label. Give a wording file with --wording.',
      evidence: withoutWording,
    }),
    finding({
      id: 'members-differ',
      title: 'TMG03 lacks 1 file that the other members have',
      evidence: [`${roots[2]}\\ISA\\HTML\\nls\\zh\\strings.txt`],
    }),
  ],
});

export const labelsWords = description({
  title: 'Change the logon label to “E-mail address” in 491 files',
  summary: [
    { name: 'New label', value: 'E-mail address, in the language of each form' },
    { name: 'Left out', value: '180 files of 15 languages without wording' },
  ],
  nextSteps: [
    { text: 'Open the logon form on each member.', commands: [] },
    {
      text: 'Restart the firewall service on each member, one after the other.',
      commands: ['Restart-Service fwsrv -Force'],
      lines: ['TMG01', 'TMG02', 'TMG03'],
      outage: true,
    },
  ],
});

const server = `CN=EX04,CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,CN=Contoso,CN=Microsoft Exchange,CN=Services,${configuration}`;
const database = `CN=Mailbox Database 0417206991,CN=Databases,${configuration}`;
const attributes = [
  { name: 'objectClass', values: ['top', 'container'] },
  { name: 'objectGUID', values: [{ base64: Buffer.alloc(16, 7).toString('base64') }] },
  { name: 'nTSecurityDescriptor', values: [{ base64: Buffer.alloc(400, 7).toString('base64') }] },
];
const leafFirst = ['CN=1,CN=SMTP,CN=Protocols,', 'CN=SMTP,CN=Protocols,', 'CN=POP3,CN=Protocols,', 'CN=Protocols,', ''];
const mailboxes = ['anna', 'bert', 'cleo', 'dora', 'emil', 'fred', 'gina'];

/** A server with its children, seven mailboxes and a database that name it; a blocker is open. */
export const orphanPlan = planOf(
  [
    modify(database, { attribute: 'msExchOwningServer', remove: [server], add: [] }),
    ...mailboxes.map((name) =>
      modify(`CN=${name},CN=Users,DC=corp,DC=example,DC=com`, {
        attribute: 'homeMTA',
        remove: [`CN=Microsoft MTA,${server}`],
        add: [],
      }),
    ),
    ...leafFirst.map((above) => deletion(above + server, attributes)),
  ],
  {
    leftOut: mailboxes.map((name) => ({
      what: `altRecipient of CN=${name},CN=Users,DC=corp,DC=example,DC=com`,
      reason: 'no-right-to-clean-up',
      reference: { to: [server], because: 'no-right' },
    })),
    findings: [
      finding({
        level: 'blocker',
        id: 'owned-databases',
        title: 'The server owns a database',
        detail: 'If you accept, the database stays and its msExchOwningServer is cleared.',
        evidence: [database],
        acceptable: true,
      }),
    ],
    exhibits: [
      {
        kind: 'remarks',
        id: 'evidence',
        title: 'Evidence',
        rows: [
          { text: 'The account last logged on 400 days ago', mark: 'bad' },
          { text: 'No DNS record', mark: 'watch' },
          { text: 'Not in a DAG', mark: 'good' },
          { text: 'Event log not readable', mark: 'unknown' },
        ],
      },
      {
        kind: 'matrix',
        id: 'seen',
        title: 'Where the server object is seen',
        columns: ['Configuration', 'Domain'],
        rows: [
          {
            name: 'DC1',
            cells: [
              { text: 'seen', mark: 'good' },
              { text: 'late', mark: 'watch' },
            ],
          },
          {
            name: 'DC3',
            cells: [
              { text: 'not asked', mark: 'unknown' },
              { text: 'missing', mark: 'bad' },
            ],
          },
        ],
      },
      {
        kind: 'properties',
        id: 'server',
        title: 'The server',
        rows: [{ name: 'Version', value: '14.3', note: 'Exchange Server 2010' }],
      },
    ],
  },
);

export const orphanWords = description({
  summary: [{ name: 'Deleted', value: '5 entries, one by one, leaves first' }],
  changes: [
    {
      kind: 'tree',
      id: 'deleted',
      title: 'What is deleted, with the references that are cleared',
      nodes: [
        { depth: 0, text: 'EX04', notes: ['msExchOwningServer of Mailbox Database 0417206991'] },
        { depth: 1, text: 'Protocols', notes: [] },
        { depth: 2, text: 'POP3', notes: [] },
        { depth: 2, text: 'SMTP', notes: [] },
        { depth: 3, text: '1', notes: [] },
      ],
    },
    {
      kind: 'table',
      id: 'left-out',
      title: 'References that the plan does not clear',
      columns: [{ heading: 'Reference' }, { heading: 'Count', align: 'right' }],
      groups: [
        { heading: 'Mailboxes', rows: [{ cells: ['homeMDB', '3'], mark: 'watch', details: ['of another forest'] }] },
      ],
    },
  ],
  nextSteps: [{ text: 'Check that no mailbox is left.', commands: ['Get-Mailbox -Server EX04'] }],
});

const ages = [120, 80, 33, 5, 0, 0, 2, 1, 0, 0];

/** One edit, with the DCs against the lifetime and the deleted objects by age. */
export const tombstonePlan = planOf(
  [
    modify(`CN=Directory Service,CN=Windows NT,CN=Services,${configuration}`, {
      attribute: 'tombstoneLifetime',
      remove: [],
      add: ['180'],
      whenUnset: 'not set: 60 days',
    }),
  ],
  {
    remedy: 'tombstone',
    findings: [
      finding({ level: 'note', id: 'no-backup', title: 'No backup is recorded' }),
      finding({ id: 'watch', title: 'DC3 last replicated 47 days ago' }),
      finding({
        level: 'blocker',
        id: 'past-lifetime',
        title: 'DC4 has not replicated for 71 days',
        detail: 'Remove lingering objects before raising the lifetime: adsi-remedy lingering --target DC4',
        acceptable: true,
        accepted: true,
      }),
    ],
    exhibits: [
      {
        kind: 'bars',
        id: 'replication',
        title: 'Oldest replication from a connected DC',
        unit: 'days',
        limit: 60,
        rows: [
          { name: 'DC1', place: 'Amsterdam', text: '2 minutes', value: 0.001, mark: 'good' },
          { name: 'DC3', place: 'Utrecht', text: '47 days', value: 47, mark: 'watch', note: 'watch' },
          { name: 'DC4', place: 'Paramaribo', text: 'cut off: does not answer', value: 71, mark: 'bad' },
          { name: 'DC5', text: 'unknown', mark: 'unknown' },
        ],
      },
      {
        kind: 'histogram',
        id: 'deleted-objects',
        title: 'Deleted objects by age in days',
        unit: 'days',
        buckets: ages.map((count, index) => ({ from: index * 20, to: index * 20 + 19, count })),
        limits: [
          { at: 60, text: 'the limit today' },
          { at: 180, text: 'the new limit' },
        ],
      },
    ],
  },
);

export const tombstoneWords = description({
  title: 'Set tombstoneLifetime to 180 days',
  summary: [{ name: 'tombstoneLifetime', value: 'not set (60 days) → 180 days' }],
  nextSteps: [
    { text: 'The value replicates to the other DCs. To check on all of them:', commands: ['repadmin /replsummary'] },
  ],
});
