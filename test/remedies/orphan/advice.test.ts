import { beforeEach, describe, expect, test } from 'vitest';
import { describe as describePlan } from '../../../src/remedies/orphan/describe.ts';
import type { DeletionFacts } from '../../../src/remedies/orphan/gather.ts';
import type { OwnMailbox } from '../../../src/remedies/orphan/own-mailboxes.ts';
import { orphan } from '../../../src/remedies/orphan/remedy.ts';
import { supportedSteps } from '../../../src/remedies/orphan/supported-ways.ts';
import { stepsOf } from '../../support/finding-commands.ts';
import { orphanFacts, planOf } from './practice-orphan.ts';

/**
 * Versions with their serialNumber, and the sets of roles that a server of them may have; of 2016 and 2019 the last of
 * the old licence switch too.
 */
const versions: readonly (readonly [year: number, serial: string, roles: readonly (number | undefined)[]])[] = [
  [2003, 'Version 6.5 (Build 7638.2: Service Pack 2)', [undefined]],
  [2007, 'Version 8.3 (Build 30083.6)', [0, 2, 4, 32, 38, 54, 64, 4096, 4098]],
  [2010, 'Version 14.3 (Build 30123.4)', [0, 2, 4, 32, 38, 54, 64, 4096, 4098]],
  [2013, 'Version 15.0 (Build 31497.2)', [0, 54, 64, 4096, 4098, 16_385, 16_439]],
  [2016, 'Version 15.1 (Build 32308.8)', [16_439]],
  [2016, 'Version 15.1 (Build 32375.7)', [0, 64, 4096, 4098, 16_439]],
  [2019, 'Version 15.2 (Build 30922.7)', [16_439]],
  [2019, 'Version 15.2 (Build 30986.5)', [0, 64, 4096, 4098, 16_439]],
  [2025, 'Version 15.2 (Build 32562.17)', [0, 64, 4096, 4098, 16_439]],
];

/** Whose setup takes the licence switch of September 2021. */
const newTerms = ['Version 15.1 (Build 32375.7)', 'Version 15.2 (Build 30986.5)', 'Version 15.2 (Build 32562.17)'];

interface Advised {
  readonly year: number;
  readonly serial: string;
  readonly roles: number | undefined;
  readonly situation: Situation;
}

/** What is of some servers only: a word of a command or of advice, and whether it belongs to the server. */
const rules: readonly (readonly [word: RegExp, isRight: (server: Advised) => boolean])[] = [
  [/New-MoveRequest|Move-ActiveMailboxDatabase|DatabaseAvailabilityGroup/, ({ year }) => year >= 2010],
  [/Move-Mailbox\b/, ({ year }) => year === 2007],
  [/Exchange System Manager|\/disasterrecovery|Exchange Tasks/, ({ year }) => year <= 2003],
  [
    /RecoverServer/,
    ({ year, roles }) => year >= 2007 && roles !== undefined && (roles & 0x403f) !== 0 && (roles & 64) === 0,
  ],
  [/RemoveProvisionedServer/, ({ roles }) => roles === 4096],
  [/Set as Master|Recipient Update Service/, ({ year }) => year <= 2003],
  [/RpcClientAccessServer/, ({ year }) => year === 2010],
  [/Setup\.com/, ({ year }) => year >= 2007 && year <= 2010],
  [/Setup\.exe/, ({ year }) => year >= 2013],
  [/LicenseTerms(?!_)/, ({ year, serial }) => year >= 2013 && !newTerms.includes(serial)],
  [/LicenseTerms_DiagnosticData/, ({ serial }) => newTerms.includes(serial)],
  // An Edge server is in no Exchange group, and need not be in a domain.
  [/-reset|join it|stays a member/, ({ roles }) => roles !== 64],
  [/Remove-EdgeSubscription -Identity/, ({ roles }) => roles === 64],
  [/Exchange Domain Servers/, ({ year }) => year <= 2003],
  [/Exchange Organization Administrators/, ({ year }) => year === 2007],
  [/Organization Management|Exchange Trusted Subsystem|Enable-Mailbox|-Arbitration/, ({ year }) => year >= 2010],
  [/Health ?[Mm]ailbox|Health Manager|-AuditLog/, ({ year }) => year >= 2013],
  [/watermark|disaster recovery only/, ({ year }) => year >= 2007],
  [/unattended setup/, ({ year }) => year >= 2013],
  [/Remove-PublicFolderDatabase/, ({ year }) => year >= 2007 && year <= 2010],
  [/Get-(?:Mailbox|ExchangeServer)|Set-SendConnector|Remove-MailboxDatabase/, ({ year }) => year >= 2007],
  // Single quotes quote in PowerShell alone: these run in cmd too.
  [/(?:dsmod|repadmin) [^\n"]*'/, () => false],
  // Where no Exchange is left nothing may need its shell.
  [
    /(?:Get|New|Set|Remove|Move)-(?!AD|Dns)\w+/,
    ({ situation }) => situation !== 'last server' && situation !== 'failed first install',
  ],
];

const isRecovered = ({ year, roles }: Advised): boolean =>
  year >= 2007 && roles !== undefined && (roles & 0x403f) !== 0 && (roles & 64) === 0;
const isProvisioned = ({ roles }: Advised): boolean => roles === 4096;

/** What is never missing: a word of a command or of advice, and the servers that it is for. */
const needed: readonly (readonly [word: RegExp, isFor: (server: Advised) => boolean])[] = [
  [/Exchange Tasks, Move Mailbox/, ({ year, situation }) => year <= 2003 && situation === 'with mailboxes'],
  [/\| Move-Mailbox -TargetDatabase/, ({ year, situation }) => year === 2007 && situation === 'with mailboxes'],
  [
    /Get-Mailbox -Server 'EX04' .*\| New-MoveRequest/,
    ({ year, situation }) => year >= 2010 && situation === 'with mailboxes',
  ],
  [/Domain Admins and Exchange Organization Administrators reset/, (one) => one.year === 2007 && isRecovered(one)],
  [/Domain Admins and Organization Management reset/, (one) => one.year >= 2010 && isRecovered(one)],
  [/dsmod computer "CN=EX04,[^"]*" -reset/, isRecovered],
  [/\/m:RecoverServer/, isRecovered],
  [/\/RemoveProvisionedServer:EX04/, isProvisioned],
  [
    /Setup\.exe \/m:RecoverServer .*\/IAcceptExchangeServerLicenseTerms(?!_)/,
    (one) => one.year >= 2013 && !newTerms.includes(one.serial) && isRecovered(one),
  ],
  [
    /Setup\.exe \/m:RecoverServer .*\/IAcceptExchangeServerLicenseTerms_DiagnosticDataOFF/,
    (one) => newTerms.includes(one.serial) && isRecovered(one),
  ],
  [/unattended setup stops/, ({ year, roles }) => year >= 2013 && roles !== 4096],
  [
    /Remove-EdgeSubscription -Identity 'EX04'/,
    ({ roles, situation }) => roles === 64 && situation !== 'last server' && situation !== 'failed first install',
  ],
  [/member of Exchange Domain Servers/, ({ year }) => year <= 2003],
  [/member of Exchange Servers\b/, ({ year, roles }) => year >= 2007 && roles !== 64],
  [/Exchange Trusted Subsystem/, ({ year, roles }) => year >= 2010 && roles !== 64],
  [
    /PrepareAD.*Enable-Mailbox -Arbitration/,
    ({ year, situation }) => year >= 2010 && situation === 'failed first install',
  ],
  [/clears all of their mailbox attributes/, ({ situation }) => situation === 'failed first install'],
  [
    /Get-Mailbox -Arbitration -Database '[^']+' \| New-MoveRequest|Move-ActiveMailboxDatabase/,
    ({ situation }) => situation === 'DAG member',
  ],
  [/inconsistent state/, () => true],
];

let practice: DeletionFacts;
beforeEach(async () => {
  practice = await orphanFacts();
});

type Situation =
  | 'one of several'
  | 'last server'
  | 'with mailboxes'
  | 'DAG member'
  | 'failed first install'
  | 'protected entry';

/** The situations that a server of a version can be in: DAGs came in 2010. */
function situationsOf(year: number): readonly Situation[] {
  const always = [
    'one of several',
    'last server',
    'with mailboxes',
    'failed first install',
    'protected entry',
  ] as const;
  return year >= 2010 ? [...always, 'DAG member'] : always;
}

/** The mailboxes that setup of a version makes for itself. */
function ownMailboxesOf(year: number): readonly OwnMailbox[] {
  const kinds: readonly (readonly [kind: OwnMailbox['kind'], since: number])[] = [
    ['system', 2003],
    ['arbitration', 2010],
    ['discovery', 2010],
    ['monitoring', 2013],
    ['audit log', 2016],
  ];
  return kinds.filter(([, since]) => year >= since).map(([kind]) => ({ kind, dn: `CN=${kind},DC=example` }));
}

/** The facts of a server of this version and these roles, in one of the situations that change the advice. */
function factsOf(year: number, serialNumber: string, roles: number | undefined, situation: Situation): DeletionFacts {
  const { chosen, survey } = practice;
  const availabilityGroup = situation === 'DAG member' ? 'CN=DAG1,CN=Contoso' : undefined;
  const server = { ...chosen.server, serialNumber, versionNumber: undefined, roles, availabilityGroup };
  const account = {
    kind: 'present',
    dn: 'CN=EX04,CN=Computers,DC=example',
    isDisabled: true,
    lastLogon: undefined,
    isInExchangeGroups: undefined,
    sharedWith: [],
  } as const;
  const isAlone = situation === 'last server' || situation === 'failed first install';
  const mailboxes = ownMailboxesOf(year);
  const counts = practice.recipients.map((one) => {
    if (one.reference.id !== 'mailboxes') return one;
    if (situation === 'with mailboxes') return { ...one, count: 3, first: ['CN=anna,DC=example'] };
    const own = { count: mailboxes.length, mailboxes };
    return situation === 'failed first install' || situation === 'DAG member' ? { ...one, count: own.count, own } : one;
  });
  return {
    ...practice,
    chosen: { ...chosen, server, account },
    ...(situation === 'protected entry'
      ? { subtree: practice.subtree.map((one) => ({ ...one, systemFlags: 0x8000_0000 })) }
      : {}),
    hasOtherServer: !isAlone,
    survey: isAlone ? { ...survey, servers: [{ ...chosen, server, account }] } : survey,
    recipients: counts,
    companions:
      situation === 'DAG member'
        ? practice.companions.map((one) => ({ ...one, copyOn: 'EX01', hindrance: 'EX01 holds a copy of it' }))
        : practice.companions,
    ownMailboxAttributes: isAlone
      ? mailboxes.map(({ dn }) => ({
          id: `homeMDB of ${dn}`,
          reference: {
            id: 'own-mailbox',
            attribute: 'homeMDB',
            kind: 'linked',
            who: '',
            clearing: 'may be cleared' as const,
          },
          dn,
          guid: '00000000-0000-4000-8000-000000000001',
          values: ['CN=MDB4'],
          otherValues: [],
          objectClasses: [],
        }))
      : [],
  };
}

/** All that the findings, the supported ways and the next steps advise. */
function adviceFor(facts: DeletionFacts): string {
  const plan = planOf(facts);
  const steps = [...supportedSteps(facts), ...(describePlan(plan).nextSteps ?? [])];
  return [
    ...plan.findings.flatMap((finding) => [
      finding.detail,
      ...stepsOf(orphan, finding).flatMap(({ text, commands }) => [text, ...commands]),
      ...finding.evidence,
    ]),
    ...steps.flatMap(({ text, commands, lines = [] }) => [text, ...commands, ...lines]),
  ].join('\n');
}

describe.each(versions)('Exchange %i, %s', (year, serial, roleSets) => {
  test.each(roleSets.map((roles) => [roles]))(
    'with roles %s gets the advice of its version and roles, and none of another',
    (roles) => {
      let advised = 0;
      for (const situation of situationsOf(year)) {
        const advice = adviceFor(factsOf(year, serial, roles, situation));
        advised += advice.length;
        for (const [word, isRight] of rules) {
          if (!isRight({ year, serial, roles, situation })) expect(advice, `${situation}: ${word}`).not.toMatch(word);
        }
        for (const [word, isFor] of needed) {
          if (isFor({ year, serial, roles, situation })) expect(advice, `${situation}: ${word}`).toMatch(word);
        }
        // The database that mailboxes move to is for the user to choose.
        expect(advice.replaceAll('-TargetDatabase <database>', '')).not.toMatch(/<(?:database|DAG|connector|group)>/);
      }
      expect(advised).toBeGreaterThan(0);
    },
  );

  test('gets the way that its roles have', () => {
    const ways = (roles: number | undefined): string =>
      supportedSteps(factsOf(year, serial, roles, 'one of several'))
        .flatMap(({ text, commands }) => [text, ...commands])
        .join('\n');
    if (year <= 2003) {
      expect(ways(undefined)).toMatch(/Remove Server.*\/disasterrecovery/s);
      return;
    }
    expect(ways(4096)).toContain('/RemoveProvisionedServer:EX04');
    expect(ways(year >= 2013 ? 16_439 : 38)).toMatch(
      /same version of Windows with the same drive letters.*reset|reset.*same version of Windows with the same drive letters/s,
    );
    expect(ways(64)).toContain("Remove-EdgeSubscription -Identity 'EX04'");
    expect(ways(0)).toMatch(/run setup again/);
    expect(ways(year >= 2013 ? 16_439 : 38)).toMatch(/\/m:RecoverServer.*\/m:Uninstall/s);
    if (year >= 2013) expect(ways(16_439)).toContain('unattended setup stops');
  });
});

test.each(versions.filter(([year]) => year >= 2010))(
  'Exchange %i, %s, leaves a DAG in the order that loses no copy',
  (year, serial) => {
    const advice = adviceFor(factsOf(year, serial, year >= 2013 ? 16_439 : 38, 'DAG member'));
    const steps = [
      'Move-ActiveMailboxDatabase',
      'Remove-DatabaseAvailabilityGroupServer',
      '-ConfigurationOnly',
      'evict',
    ];
    const order = steps.map((step) => advice.indexOf(step, advice.indexOf('in this order')));
    expect(order).toEqual(order.toSorted((one, other) => one - other));
    expect(order).not.toContain(-1);
    expect(advice).not.toContain('Remove-MailboxDatabase -Identity');
  },
);

test('a server of a version that is not known gets no command of one alone', () => {
  const facts = factsOf(2016, '', 16_439, 'one of several');
  const words = supportedSteps(facts)
    .flatMap(({ text, commands }) => [text, ...commands])
    .join('\n');
  expect(words).toMatch(
    /The version is not known: .*Setup\.com in 2007 and 2010, and Setup\.exe with a switch for the licence terms since 2013/,
  );
  expect(words).toContain('\n.\\Setup /m:RecoverServer\n');
});

test('a server that is installed elsewhere is recovered there', () => {
  const facts = factsOf(2016, 'Version 15.1 (Build 32507.6)', 16_439, 'one of several');
  const elsewhere = { ...facts.chosen.server, installPath: 'D:\\Exchange\\' };
  const words = (server: typeof elsewhere): string =>
    supportedSteps({ ...facts, chosen: { ...facts.chosen, server } })
      .flatMap(({ commands }) => commands)
      .join('\n');
  expect(words(elsewhere)).toContain('/TargetDir:"D:\\Exchange"');
  expect(words({ ...elsewhere, installPath: 'C:\\Program Files\\Microsoft\\Exchange Server\\V15\\' })).not.toContain(
    'TargetDir',
  );
});

test.each(['D:\\"', 'D:\\\n', 'Exchange'])(
  'the folder %j is not put between double quotes, and the step says that it is left out',
  (installPath) => {
    const facts = factsOf(2016, 'Version 15.1 (Build 32507.6)', 16_439, 'one of several');
    const chosen = { ...facts.chosen, server: { ...facts.chosen.server, installPath } };
    const steps = supportedSteps({ ...facts, chosen });
    const recovery = steps.find((step) => step.commands.some((command) => command.includes('RecoverServer')));
    expect(recovery?.commands).toContain(
      '.\\Setup.exe /m:RecoverServer /IAcceptExchangeServerLicenseTerms_DiagnosticDataOFF',
    );
    expect(recovery?.text).toContain('Add /TargetDir to the recovery, with the folder that msExchInstallPath');
  },
);
