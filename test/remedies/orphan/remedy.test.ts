import { describe, expect, test } from 'vitest';
import { distinctiveName, serverTable } from '../../../src/remedies/orphan/remedy.ts';
import type { ComputerAccount, SurveyedServer, Verdict } from '../../../src/remedies/orphan/survey.ts';
import { table } from '../../../src/terminal/text-layout.ts';

const now = new Date('2026-11-22T09:00:00Z');

const surveyed = (
  server: Partial<SurveyedServer['server']> = {},
  verdict: Verdict = 'likely orphan',
  account: ComputerAccount = { kind: 'absent' },
): SurveyedServer => ({
  server: {
    dn: 'CN=EX01',
    name: 'EX01',
    adminGroup: 'North',
    organisation: 'Contoso',
    roles: 2,
    versionNumber: undefined,
    serialNumber: undefined,
    legacyExchangeDn: undefined,
    installPath: undefined,
    fqdn: undefined,
    site: undefined,
    availabilityGroup: undefined,
    created: undefined,
    isConflict: false,
    children: { virtualDirectories: 0, receiveConnectors: 0, informationStores: 0 },
    ...server,
  },
  account,
  evidence: { for: [], against: [], verdict, score: 0 },
});

const tableOf = (
  servers: readonly SurveyedServer[],
  adminGroups: readonly { name: string; organisation: string }[] = [],
): ReturnType<typeof serverTable> =>
  serverTable({ servers, organisation: { organisations: [], servers: [], adminGroups }, now });

describe('the table of servers', () => {
  test('has a heading for each organisation and administrative group, also for one without servers', () => {
    const groups = [
      { organisation: 'Contoso', name: 'Empty' },
      { organisation: 'Contoso', name: 'North' },
    ];
    const inFabrikam = surveyed({ organisation: 'Fabrikam' });
    expect(tableOf([surveyed(), inFabrikam], groups).groups.map(({ heading, rows }) => [heading, rows.length])).toEqual(
      [
        ['Organisation Contoso, administrative group Empty', 0],
        ['Organisation Contoso, administrative group North', 1],
        ['Organisation Fabrikam, administrative group North', 1],
      ],
    );
  });

  test.each<[string, Verdict, ComputerAccount]>([
    ['likely orphan', 'likely orphan', { kind: 'of another', dn: '', owner: '' }],
    [
      'provisioned',
      'provisioned only',
      {
        kind: 'present',
        dn: '',
        isDisabled: false,
        lastLogon: new Date('2013-01-01'),
        isInExchangeGroups: true,
        sharedWith: [],
      },
    ],
  ])('has name, verdict and account whole at 80 columns: %s', (_, verdict, account) => {
    const { columns, groups } = tableOf([surveyed({ name: 'ABCDEFGHIJKLMNO', isConflict: true }, verdict, account)]);
    const cells = groups[0]?.rows[0]?.cells ?? [];
    expect(cells).toHaveLength(3);
    const headings = columns.map(({ heading }) => heading);
    const lines = table([headings, cells], Array(headings.length).fill({}), 78);
    const row = lines[lines.length - 1] ?? '';
    expect(lines).toHaveLength(2);
    for (const cell of cells) expect(row).toContain(cell);
  });

  test('has site and age below the row', () => {
    const { groups } = tableOf([surveyed({ site: 'Utrecht', created: new Date('2024-03-01T12:00:00Z') })]);
    expect(groups[0]?.rows[0]?.details?.[0]).toBe('version not known · Mailbox · site Utrecht · created 2024-03-01');
  });
});

describe('a server to choose', () => {
  const here = surveyed();
  const inSouth = surveyed({ dn: 'CN=ex01', name: 'ex01', adminGroup: 'South' });
  const inFabrikam = surveyed({ dn: 'CN=EX02', name: 'EX02', organisation: 'Fabrikam' });

  test.each([
    ['by its name', here, [here], 'EX01'],
    ['by its admin group too where another has its name', here, [here, inSouth], 'EX01 in North'],
    ['by its organisation too where there are several', here, [here, inSouth, inFabrikam], 'EX01 in North, Contoso'],
    ['by its name among others', inFabrikam, [here, inSouth, inFabrikam], 'EX02'],
  ])('is named %s', (_, one, all, name) => {
    expect(distinctiveName(one, all)).toBe(name);
  });
});
