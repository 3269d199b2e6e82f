import { describe, expect, test } from 'vitest';
import type { FindingDraft } from '../../../src/change/findings.ts';
import type { DeletedEntry } from '../../../src/change/plan.ts';
import type { SubtreeEntry } from '../../../src/change/subtree.ts';
import { assess } from '../../../src/remedies/metadata/assess.ts';
import type { Candidate } from '../../../src/remedies/metadata/candidates.ts';
import { propose } from '../../../src/remedies/metadata/changes.ts';
import type { MetadataFacts, Remains } from '../../../src/remedies/metadata/gather.ts';
import { metadata } from '../../../src/remedies/metadata/remedy.ts';
import { identityOf } from '../../../src/remedies/metadata/subject.ts';
import { verdictOf } from '../../../src/remedies/metadata/survey.ts';
import { commandsOf, stepsOf } from '../../support/finding-commands.ts';
import { account, configuration, domain, server, settings } from './dead-dc.ts';

const day = 86_400_000;
const childDomain = `DC=child,${domain}`;
const zones = `DC=DomainDnsZones,${domain}`;

const dead: Candidate = {
  kind: 'dc',
  name: 'DC4',
  site: 'Paramaribo',
  dn: server,
  host: 'dc4.corp.example.com',
  settings: {
    dn: settings,
    dsaGuid: 'd4d4d4d4-0000-4000-8000-000000000004',
    invocationId: undefined,
    isReadOnly: false,
    isGlobalCatalog: false,
    fullNamingContexts: [domain, configuration],
  },
  account: { dn: account, guid: 'a4', isEnabled: true, lastLogon: undefined, kerberosAccount: undefined },
  isAccountKnown: true,
  domain,
  reachability: { kind: 'silent', why: 'no answer' },
  heard: { kind: 'heard', by: 'DC1', age: 100 * day },
  had: new Map(),
};

const alive: Candidate = {
  ...dead,
  name: 'DC1',
  site: 'Amsterdam',
  dn: `CN=DC1,CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`,
  host: 'dc1.corp.example.com',
  settings: {
    ...(dead.settings as NonNullable<Candidate['settings']>),
    dn: `CN=NTDS Settings,CN=DC1,CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`,
    isGlobalCatalog: true,
  },
  reachability: { kind: 'this' },
};

function entry(dn: string, ...objectClasses: readonly string[]): DeletedEntry {
  return { dn, guid: dn, usnChanged: '1', attributes: [{ name: 'objectClass', values: ['top', ...objectClasses] }] };
}

function leaf(one: DeletedEntry): SubtreeEntry {
  return { entry: one, depth: 1, objectClasses: new Set(), systemFlags: 0 };
}

const remains: Remains = {
  connections: [],
  server: [leaf(entry(server, 'server')), { ...leaf(entry(settings, 'nTDSDSA')), depth: 2 }],
  sysvol: [],
  kerberos: [],
  account: [leaf(entry(account, 'computer'))],
  references: [],
  dns: [],
  texts: [],
  namesakes: [],
  undeletable: [],
  rightsKnown: true,
};

/** What is found of a DC that is dead unless it is said otherwise. */
function findings(
  candidate: Partial<Candidate> = {},
  facts: Partial<MetadataFacts> = {},
  left: Partial<Remains> = {},
): readonly FindingDraft[] {
  const gone = { ...dead, ...candidate };
  const all: MetadataFacts = {
    target: {
      kind: 'forest',
      configurationNamingContext: configuration,
      objectGuid: 'forest',
      domainController: 'dc1.corp.example.com',
      connection: { kind: 'practice' },
    },
    readFrom: 'dc1.corp.example.com',
    now: new Date('2026-11-22T09:00:00Z'),
    forest: {
      configurationNamingContext: configuration,
      objectGuid: 'forest',
      rootDomainNamingContext: domain,
      namingContexts: [
        { dn: domain, kind: 'domain', dnsName: 'corp.example.com' },
        { dn: zones, kind: 'application', dnsName: 'DomainDnsZones.corp.example.com' },
      ],
      domainControllers: [],
      leftoverServers: [],
      recycleBin: 'off',
    },
    lifetime: 60,
    isExport: false,
    candidates: [gone, alive],
    roles: [],
    sysvolMembers: [],
    dnsNodes: [],
    heir: alive.settings?.dn,
    chosen: { identity: identityOf(gone), candidate: gone, remains: { ...remains, ...left }, lost: undefined },
    isShown: true,
    settled: new Set(),
    ...facts,
  };
  return assess(all, propose(all));
}

const stops = (found: readonly FindingDraft[], isAcceptable: boolean): readonly string[] =>
  found.filter(({ level, acceptable }) => level === 'blocker' && acceptable === isAcceptable).map(({ id }) => id);

describe('what cannot be accepted', () => {
  test('a DC that was heard of within a day, though it does not answer', () => {
    expect(stops(findings({ heard: { kind: 'heard', by: 'DC1', age: day - 1 } }), false)).toEqual(['heard-lately']);
    expect(stops(findings({ heard: { kind: 'heard', by: 'DC1', age: day } }), false)).toEqual([]);
  });

  test('one that answers, also by refusing the logon', () => {
    expect(stops(findings({ reachability: { kind: 'answers', how: 'invalid credentials' } }), false)).toEqual([
      'answers',
    ]);
  });

  test('the last writable one of its domain', () => {
    const child = { domain: childDomain };
    expect(stops(findings(child), false)).toEqual(['last-of-domain']);
    const readOnly = { ...alive, domain: childDomain, settings: { ...settingsOf(alive), isReadOnly: true } };
    expect(stops(findings(child, { candidates: [readOnly] }), false)).toContain('last-of-domain');
  });

  test('one of another domain, with the DC to use in its place', () => {
    const sibling = { ...alive, name: 'DC9', domain: childDomain, host: 'dc9.child.corp.example.com' };
    const here = {
      ...settingsOf(alive),
      name: 'DC1',
      site: 'Amsterdam',
      dn: alive.dn,
      settingsDn: settingsOf(alive).dn,
      dnsHostName: 'dc1.corp.example.com',
      serverReference: undefined,
      isInboundReplicationOff: false,
      isOutboundReplicationOff: false,
      partialNamingContexts: [],
    };
    const forest = {
      configurationNamingContext: configuration,
      objectGuid: 'forest',
      rootDomainNamingContext: domain,
      namingContexts: [],
      domainControllers: [here],
      leftoverServers: [],
      recycleBin: 'off' as const,
    };
    const found = findings({ domain: childDomain }, { forest, candidates: [dead, alive, sibling] });
    expect(stops(found, false)).toEqual(['other-domain']);
    expect(found.find(({ id }) => id === 'other-domain')?.detail).toContain('--server dc9.child.corp.example.com');
  });

  test('entries that the user may not delete', () => {
    expect(stops(findings({}, {}, { undeletable: [account] }), false)).toEqual(['no-right-to-delete']);
  });
});

function settingsOf({ settings: own }: Candidate): NonNullable<Candidate['settings']> {
  if (own === undefined) throw new Error('it has NTDS Settings');
  return own;
}

describe('what can be accepted', () => {
  const usual = ['not-proven-gone', 'promotion-only'];

  test('that it is cut off and not proven gone, unless its account is disabled or missing', () => {
    expect(stops(findings(), true)).toEqual(usual);
    const disabled = { ...dead.account, isEnabled: false } as NonNullable<Candidate['account']>;
    expect(stops(findings({ account: disabled }), true)).toEqual(['promotion-only']);
    expect(stops(findings({ account: undefined }), true)).toEqual(['promotion-only']);
    expect(stops(findings({ account: undefined, isAccountKnown: false }), true)).toEqual(usual);
  });

  test('that an account without a server object was used within the lifetime: a machine runs', () => {
    const logon = (days: number) => ({
      kind: 'account' as const,
      settings: undefined,
      account: {
        ...(dead.account as NonNullable<Candidate['account']>),
        lastLogon: new Date(Date.UTC(2026, 10, 22, 9) - days * day),
      },
    });
    expect(stops(findings(logon(59)), true)).toContain('not-proven-gone');
    expect(stops(findings(logon(61)), true)).not.toContain('not-proven-gone');
  });

  test('that a backup may bring it back, with the days that are left', () => {
    const found = findings({ heard: { kind: 'heard', by: 'DC1', age: 40 * day } });
    expect(found.find(({ id }) => id === 'lifetime-not-over')?.measure).toEqual({ value: 20, unit: 'days' });
    expect(stops(findings({ heard: { kind: 'unknown' } }), true)).toContain('lifetime-not-over');
  });

  test('FSMO roles, each with the command that seizes it', () => {
    const roles = [{ name: 'PDC emulator', dn: domain, guid: 'pdc', owner: settings, seize: 'PDC' }];
    const found = findings({}, { roles }).find(({ id }) => id === 'holds-roles');
    expect(commandsOf(metadata, found)).toContainEqual(
      'ntdsutil roles connections "connect to server dc1.corp.example.com" quit "seize PDC" quit quit',
    );
  });

  test('FSMO roles of one in use, with no command that seizes them: its demotion moves them', () => {
    const roles = [{ name: 'PDC emulator', dn: domain, guid: 'pdc', owner: settings, seize: 'PDC' }];
    const found = findings({ reachability: { kind: 'answers', how: '' } }, { roles }).find(
      ({ id }) => id === 'holds-roles',
    );
    expect(found?.detail).toContain('Seize no role from one in use');
    expect(found?.evidence).toEqual([`PDC emulator: ${domain}`]);
    expect(commandsOf(metadata, found)).toEqual([]);
  });

  test.each([
    [
      'the run is connected to it',
      { name: 'DC4', reachability: { kind: 'silent', why: 'no answer' } },
      'dc4.corp.example.com',
    ],
    ['the run is connected to a read-only one', {}, 'dc9.corp.example.com'],
    ['an export does not say where it was made', {}, 'export'],
  ] as const)('FSMO roles, seized to another writable DC of its domain where %s', (_, gone, domainController) => {
    const roles = [{ name: 'PDC emulator', dn: domain, guid: 'pdc', owner: settings, seize: 'PDC' }];
    const like = (
      name: string,
      settingsOfIt: Partial<Candidate['settings']>,
      own: Partial<Candidate> = {},
    ): Candidate => ({
      ...alive,
      ...own,
      name,
      host: `${name.toLowerCase()}.corp.example.com`,
      settings: { ...settingsOf(alive), dn: `CN=NTDS Settings,CN=${name}`, ...settingsOfIt },
      reachability: { kind: 'answers', how: '' },
    });
    const candidates = [
      { ...dead, ...gone },
      like('DC8', {}, { domain: childDomain }),
      like('DC9', { isReadOnly: true }),
      { ...like('DC7', {}), reachability: { kind: 'silent' as const, why: 'no answer' } },
      { ...alive, reachability: { kind: 'answers' as const, how: '' } },
    ];
    const target = {
      kind: 'forest' as const,
      configurationNamingContext: configuration,
      objectGuid: 'forest',
      domainController,
      connection: { kind: 'practice' as const },
    };
    const found = findings(gone, { roles, candidates, target }).find(({ id }) => id === 'holds-roles');
    expect(commandsOf(metadata, found)[0]).toContain('"connect to server dc1.corp.example.com"');
  });

  test('the last global catalog of its site, and no other', () => {
    const catalog = { settings: { ...settingsOf(dead), isGlobalCatalog: true } };
    expect(stops(findings(catalog), true)).toContain('last-global-catalog');
    expect(stops(findings({ ...catalog, site: alive.site }), true)).not.toContain('last-global-catalog');
  });

  test('the only replica of an application partition', () => {
    const alone = { settings: { ...settingsOf(dead), fullNamingContexts: [domain, configuration, zones] } };
    expect(findings(alone).find(({ id }) => id === 'only-replica')?.subjects).toEqual([zones]);
    expect(stops(findings(), true)).not.toContain('only-replica');
  });

  test('a preferred bridgehead', () => {
    const bridgehead = entry(server, 'server');
    const transport = { name: 'bridgeheadTransportList', values: ['CN=IP,CN=Inter-Site Transports'] };
    const named = leaf({ ...bridgehead, attributes: [...bridgehead.attributes, transport] });
    expect(stops(findings({}, {}, { server: [named] }), true)).toContain('preferred-bridgehead');
  });
});

describe('what else is said', () => {
  const idsOf = (found: readonly FindingDraft[]): readonly string[] => found.map(({ id }) => id);

  test('whose passwords a read-only DC has had, without its own', () => {
    const revealed = {
      name: 'msDS-RevealedUsers',
      values: [`B:8:01020304:CN=Cleo,${domain}`, `B:8:05:CN=Cleo,${domain}`, `B:8:06:${account}`],
    };
    const own = entry(account, 'computer');
    const found = findings({}, {}, { account: [leaf({ ...own, attributes: [...own.attributes, revealed] })] });
    expect(found.find(({ id }) => id === 'revealed-passwords')?.subjects).toEqual([`CN=Cleo,${domain}`]);
  });

  test('that what only it has is lost, unless it is read-only', () => {
    expect(idsOf(findings())).toContain('what-is-lost');
    expect(idsOf(findings({ settings: { ...settingsOf(dead), isReadOnly: true } }))).not.toContain('what-is-lost');
  });

  test('how a machine is demoted, by the version of its Windows where that is known', () => {
    const waysAt = (functionalLevel: number | undefined): string => {
      const own = functionalLevel === undefined ? settingsOf(dead) : { ...settingsOf(dead), functionalLevel };
      const found = findings({ settings: own }).find(({ id }) => id === 'supported-ways');
      return stepsOf(metadata, found)
        .flatMap(({ text, commands }) => [text, ...commands])
        .join('\n');
    };
    const [windows2008R2, windows2012] = [4, 5];
    expect(waysAt(windows2008R2)).toMatch(/^dcpromo\ndcpromo \/forceremoval$/m);
    expect(waysAt(windows2008R2)).not.toContain('Uninstall-');
    expect(waysAt(windows2012)).toMatch(
      /^Uninstall-ADDSDomainController\nUninstall-ADDSDomainController -ForceRemoval$/m,
    );
    expect(waysAt(windows2012)).not.toContain('dcpromo');
    expect(waysAt(undefined)).toMatch(/On Windows Server 2008 R2 and before: dcpromo[\s\S]*^Uninstall-/m);
  });

  test('where the server object is deleted that has no NTDS Settings: metadata cleanup is for one that has', () => {
    const found = findings({ kind: 'server', settings: undefined, account: undefined });
    const ways = found.find(({ id }) => id === 'supported-ways');
    expect(ways?.title).toMatch(/: delete its server object in Sites and Services$/);
    expect(commandsOf(metadata, ways)).toContain(`Get-ADObject -Identity '${server}'`);
  });

  test('the supported ways of a server object that lost a naming conflict', () => {
    const name = 'DC4\nCNF:1b0ff4d6-0000-4000-8000-000000000001';
    const ways = findings({ name }).find(({ id }) => id === 'supported-ways');
    expect(stepsOf(metadata, ways).map(({ text }) => text)).toContainEqual(expect.stringContaining(name));
  });

  test('that another computer has its name now', () => {
    expect(idsOf(findings({}, {}, { namesakes: [`CN=DC4,CN=Computers,${domain}`] }))).toContain('name-in-use');
  });

  test('roles of DCs that are deleted already; those of partitions are corrected in the plan', () => {
    const owner = `CN=NTDS Settings\\0ADEL:11111111-2222-3333-4444-555555555555,CN=DC7,CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`;
    const roles = [
      { name: 'RID master', dn: `CN=RID Manager$,CN=System,${domain}`, guid: 'rid', owner, seize: 'RID master' },
      { name: 'infrastructure', dn: `CN=Infrastructure,${zones}`, guid: 'zones', owner, seize: undefined },
    ];
    const found = findings({}, { roles });
    const ofDeleted = found.find(({ id }) => id === 'roles-of-deleted');
    expect(ofDeleted?.evidence).toEqual([`RID master: ${owner}`]);
    expect(commandsOf(metadata, ofDeleted)).toEqual([
      'ntdsutil roles connections "connect to server dc1.corp.example.com" quit "seize RID master" quit quit',
    ]);
    expect(found.find(({ id }) => id === 'application-infrastructure')).toMatchObject({
      title: 'The infrastructure role of 1 application partition goes to dc1.corp.example.com',
      evidence: [`CN=Infrastructure,${zones}: ${owner}`],
    });
  });

  test('offline, that roles of application partitions stay where they are, as no DC is known to take them', () => {
    const dn = `CN=Infrastructure,${zones}`;
    const roles = [{ name: 'infrastructure', dn, guid: 'zones', owner: settings, seize: undefined }];
    const found = findings({}, { roles, isExport: true, heir: undefined });
    expect(found.find(({ id }) => id === 'application-infrastructure')?.title).toBe(
      'The infrastructure role of 1 application partition is left with a deleted domain controller',
    );
  });

  test('offline, that the export was made on it', () => {
    const own = { reachability: { kind: 'this' as const } };
    const titleOf = (isExport: boolean) => findings(own, { isExport }).find(({ id }) => id === 'own-dc')?.title;
    expect([true, false].map(titleOf)).toEqual([
      'The export was made on DC4',
      'DC4 is the domain controller that you are connected to',
    ]);
  });

  test('offline, that an export does not show whether it answers', () => {
    const found = findings({ reachability: { kind: 'not-asked' } }, { isExport: true, heir: undefined });
    expect(idsOf(found)).toContain('export');
    expect(stops(found, true)).toContain('not-proven-gone');
  });
});

describe('the verdict', () => {
  const now = new Date('2026-11-22T09:00:00Z');
  const lifetime = { lifetime: 60, now };
  const used = (days: number) => ({
    kind: 'account' as const,
    settings: undefined,
    account: { ...dead.account, lastLogon: new Date(now.getTime() - days * day) },
  });
  test.each([
    ['in use', { reachability: { kind: 'answers', how: '' } }],
    ['in use', { heard: { kind: 'heard', by: 'DC1', age: 1 } }],
    ['left over', { kind: 'server', settings: undefined, account: undefined }],
    ['gone', { account: undefined }],
    ['left over', used(61)],
    ['cut off: may be running', used(59)],
    ['cut off: may be running', {}],
    ['cut off: may be running', { account: undefined, isAccountKnown: false }],
    ['not known', { reachability: { kind: 'not-asked' } }],
  ] as const)('is "%s" for %j', (verdict, candidate) => {
    expect(verdictOf({ ...dead, ...(candidate as Partial<Candidate>) }, lifetime)).toBe(verdict);
  });
});
