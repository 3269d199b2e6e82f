/** Whole forests of each generation, as an export has them: what a plan deletes, clears and advises there. */

import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/change/plan.ts';
import { orphan as remedy } from '../../src/remedies/orphan/remedy.ts';
import {
  adviceOf,
  blockersOf,
  databaseOf,
  deletedBy,
  dnOf,
  exchange,
  findingOf,
  forestWith,
  group,
  legacyNameOf,
  type Made,
  person,
  planFor as planOn,
  record,
  serverObject,
} from './orphan-export.ts';

const routing = `CN=First Routing Group,CN=Routing Groups,${group}`;

/** A server object with the objects below it that others refer to. */
function machine(name: string, made: Made): readonly string[] {
  const dn = dnOf(name);
  return [
    serverObject(name, made),
    record(`CN=Protocols,${dn}`, 'protocolCfgSharedServer'),
    record(`CN=SMTP,CN=Protocols,${dn}`, 'msExchProtocolCfgSMTPContainer'),
    record(`CN=1,CN=SMTP,CN=Protocols,${dn}`, 'protocolCfgSMTPServer'),
    record(`CN=Microsoft MTA,${dn}`, 'mTA'),
    record(`CN=InformationStore,${dn}`, 'msExchInformationStore'),
  ];
}

/** Storage group and stores of 2003 and 2007. */
function stores(name: string): readonly string[] {
  const storageGroup = `CN=First Storage Group,CN=InformationStore,${dnOf(name)}`;
  return [
    record(storageGroup, 'msExchStorageGroup'),
    record(`CN=Mailbox Store,${storageGroup}`, 'msExchPrivateMDB', `msExchOwningServer: ${dnOf(name)}`),
    record(`CN=Public Folder Store,${storageGroup}`, 'msExchPublicMDB', `msExchOwningServer: ${dnOf(name)}`),
  ];
}

const smtpOf = (name: string): string => `CN=1,CN=SMTP,CN=Protocols,${dnOf(name)}`;

const planFor = async (name: string, records: readonly string[]): Promise<Plan> => {
  const plan = await planOn(name, forestWith(...records));
  expect(remedy.permits(plan as never)).toEqual([]);
  return plan;
};
const cleared = ({ changes }: Plan): readonly string[] =>
  changes
    .flatMap((change) =>
      change.kind === 'modify'
        ? change.edits.map(({ attribute, remove }) => `${attribute} of ${change.dn.split(',')[0]}: ${remove.length}`)
        : [],
    )
    .toSorted();
const left = ({ leftOut }: Plan): readonly string[] => leftOut.map(({ what, reason }) => `${reason}: ${what}`);
/** What is left as it is, by the entry that it names. */
const leftAt = ({ leftOut }: Plan, dn: string): readonly string[] =>
  leftOut.flatMap(({ what, detail = '1', reference }) =>
    reference?.to.includes(dn) === true ? [`${detail} ${what.split(',')[0]}: ${reference.because}`] : [],
  );
const words = ({ findings }: Plan): string =>
  findings.flatMap((finding) => [adviceOf(finding), ...finding.evidence]).join('\n');
describe('a forest of Exchange 2003', () => {
  const version = 2003;
  const server = dnOf('EX03');
  const records = [
    ...machine('EX03', { version, roles: undefined }),
    ...stores('EX03'),
    ...machine('EX03B', { version, roles: undefined }),
    record(routing, 'msExchRoutingGroup', `msExchRoutingMasterDN: ${server}`),
    record(
      `CN=Internet,CN=Connections,${routing}`,
      'msExchRoutingSMTPConnector',
      `homeMTA: CN=Microsoft MTA,${server}`,
      `msExchSourceBridgeheadServersDN: ${smtpOf('EX03')}`,
      `msExchSourceBridgeheadServersDN: ${smtpOf('EX03B')}`,
    ),
    record(
      `CN=Recipient Update Service (CORP),CN=Recipient Update Services,CN=Contoso,${exchange}`,
      'msExchAddressListService',
      `msExchAddressListServiceLink: ${server}`,
    ),
    record(
      `CN=Folder Hierarchies,${group}`,
      'msExchPublicFolderTreeContainer',
      `siteFolderServer: CN=Public Folder Store,CN=First Storage Group,CN=InformationStore,${server}`,
    ),
    record(`CN=Offline Address Lists,CN=Contoso,${exchange}`, 'msExchOAB', `offLineABServer: ${server}`),
  ];

  test('has its roles in the routing group, the address list services and the public folders cleared', async () => {
    const plan = await planFor('EX03', records);
    expect(cleared(plan)).toEqual([
      'homeMTA of CN=Internet: 1',
      'msExchAddressListServiceLink of CN=Recipient Update Service (CORP): 1',
      'msExchRoutingMasterDN of CN=First Routing Group: 1',
      'msExchSourceBridgeheadServersDN of CN=Internet: 1',
      'siteFolderServer of CN=Folder Hierarchies: 1',
    ]);
    expect(deletedBy(plan)).toHaveLength(9);
    expect(deletedBy(plan).at(-1)).toBe(server);
    expect(blockersOf(plan)).toEqual(['legacy-work', 'oab-generation (final)', 'send-connector-source']);
    expect(leftAt(plan, server)).toEqual(['1 offLineABServer of CN=Offline Address Lists: mandatory']);
  });

  test('has its work given to another server first: to clear it alone leaves no server that does it', async () => {
    const work = findingOf(await planFor('EX03', records), 'legacy-work');
    expect(work?.detail).toContain(
      'In Exchange System Manager: Members of First Routing Group, the other server, Set as Master. In Exchange System Manager: Properties of Recipient Update Service (CORP), Exchange Server. In ADSI Edit: siteFolderServer of Folder Hierarchies, to a public folder store of the other server.',
    );
    expect(work?.evidence).toHaveLength(3);
    const alone = records.filter((one) => !one.includes('CN=EX03B'));
    expect(findingOf(await planFor('EX03', alone), 'legacy-work')).toBeUndefined();
  });

  test('is advised in the words of Exchange System Manager alone', async () => {
    const advice = words(await planFor('EX03', records));
    expect(advice).toMatch(/All Tasks, Remove Server, of EX03.*routing group master.*site folder server/s);
    expect(advice).not.toMatch(/Get-Mailbox|SendConnector|RecoverServer|watermark/);
  });
});

describe('a forest of Exchange 2007', () => {
  const version = 2007;
  const store = `CN=Mailbox Store,CN=First Storage Group,CN=InformationStore,${dnOf('EX07')}`;
  const records = [
    ...machine('EX07', { version, roles: 54 }),
    ...stores('EX07'),
    ...machine('EX07B', { version, roles: 54 }),
    record(
      `CN=Internet,CN=Connections,${routing}`,
      'msExchRoutingSMTPConnector',
      `msExchSourceBridgeheadServersDN: ${smtpOf('EX07')}`,
      `msExchSourceBridgeheadServersDN: ${smtpOf('EX07B')}`,
    ),
    record(
      databaseOf('old'),
      'msExchPrivateMDB',
      `msExchHomePublicMDB: CN=Public Folder Store,CN=First Storage Group,CN=InformationStore,${dnOf('EX07')}`,
    ),
    person('anna', `homeMDB: ${store}`, `msExchHomeServerName: ${legacyNameOf('EX07')}`),
  ];

  test('takes the stores below the server along, and has users’ mailboxes moved first by the cmdlet of 2007', async () => {
    const plan = await planFor('EX07', records);
    expect(deletedBy(plan)).toContain(store);
    expect(cleared(plan)).toEqual([
      'msExchHomePublicMDB of CN=old: 1',
      'msExchSourceBridgeheadServersDN of CN=Internet: 1',
    ]);
    expect(blockersOf(plan)).toEqual(['mailboxes (final)', 'send-connector-source']);
    expect(words(plan)).toContain('Move-Mailbox -TargetDatabase');
    expect(words(plan)).toContain("Set-SendConnector -Identity 'Internet' -SourceTransportServers 'EX07B'");
    expect(words(plan)).toMatch(/Setup\.com \/m:RecoverServer/);
    expect(words(plan)).not.toMatch(/New-MoveRequest|LicenseTerms/);
  });
});

describe('the last server of Exchange 2007', () => {
  const storageGroup = `CN=First Storage Group,CN=InformationStore,${dnOf('EX07')}`;
  const home = `msExchHomeServerName: ${legacyNameOf('EX07')}`;

  test('has its users’ mailboxes counted at the store that they are in, and at the server', async () => {
    const plan = await planFor('EX07', [
      ...machine('EX07', { version: 2007, roles: 54 }),
      ...stores('EX07'),
      record(`CN=Second Store,${storageGroup}`, 'msExchPrivateMDB', `msExchOwningServer: ${dnOf('EX07')}`),
      person('anna', `homeMDB: CN=Mailbox Store,${storageGroup}`, home),
      person('bert', `homeMDB: CN=Mailbox Store,${storageGroup}`, home),
      person('clara', `homeMDB: CN=Second Store,${storageGroup}`, home),
    ]);
    expect(leftAt(plan, dnOf('EX07'))).toEqual(['3 msExchHomeServerName of mailboxes homed on it: mailbox']);
    expect(leftAt(plan, `CN=Mailbox Store,${storageGroup}`)).toEqual(['2 homeMDB of mailboxes in its databases: link']);
    expect(leftAt(plan, `CN=Second Store,${storageGroup}`)).toEqual(['1 homeMDB of mailboxes in its databases: link']);
  });
});

describe('a forest of Exchange 2016 in hybrid', () => {
  const version = 2016;
  const hybrid = `CN=Hybrid Configuration,CN=Hybrid Configuration,CN=Contoso,${exchange}`;
  const dag = `CN=DAG1,CN=Database Availability Groups,${group}`;
  const records = [
    ...machine('EX16', { version, roles: 16_439 }),
    ...machine('EX16B', { version, roles: 16_439 }),
    record(`CN=Hybrid Configuration,CN=Contoso,${exchange}`, 'container'),
    record(
      hybrid,
      'msExchCoexistenceRelationship',
      `msExchCoexistenceServers: ${dnOf('EX16')}`,
      `msExchCoexistenceServers: ${dnOf('EX16B')}`,
      `msExchCoexistenceTransportServers: ${dnOf('EX16')}`,
      `msExchCoexistenceFrontendTransportServers: ${dnOf('EX16')}`,
    ),
    record(dag, 'msExchMDBAvailabilityGroup', 'msExchAlternateFileShareWitness: \\\\ex16.corp.example.com\\DAG1'),
    record(
      `CN=Outbound to Office 365,CN=Connections,${routing}`,
      'msExchRoutingSMTPConnector',
      `msExchSourceBridgeheadServersDN: ${smtpOf('EX16')}`,
      `msExchSourceBridgeheadServersDN: ${smtpOf('EX16B')}`,
    ),
    record(
      `CN=From on-premises,CN=Connections,${routing}`,
      'msExchRoutingSMTPConnector',
      'msExchSmtpSmartHost: ex16.corp.example.com',
    ),
    record(
      `CN=Reports,CN=Contoso,${exchange}`,
      'msExchVirtualDirectory',
      'msExchInternalHostName: https://ex16.corp.example.com:444/reports',
    ),
  ];

  test('loses this server alone of the hybrid configuration', async () => {
    const plan = await planFor('EX16', records);
    expect(cleared(plan)).toEqual([
      'msExchCoexistenceFrontendTransportServers of CN=Hybrid Configuration: 1',
      'msExchCoexistenceServers of CN=Hybrid Configuration: 1',
      'msExchCoexistenceTransportServers of CN=Hybrid Configuration: 1',
      'msExchSourceBridgeheadServersDN of CN=Outbound to Office 365: 1',
    ]);
    expect(blockersOf(plan)).toEqual(['send-connector-source']);
  });

  test('has what names the server in text listed, paths and URLs included: it needs another value', async () => {
    expect(left(await planFor('EX16', records)).toSorted()).toEqual([
      expect.stringContaining('references-to-replace: msExchAlternateFileShareWitness of CN=DAG1,'),
      expect.stringContaining('references-to-replace: msExchInternalHostName of CN=Reports,'),
      expect.stringContaining('references-to-replace: msExchSmtpSmartHost of CN=From on-premises,'),
    ]);
  });

  test('has these names in text shown at the server, whose names they are', async () => {
    expect(leftAt(await planFor('EX16', records), dnOf('EX16')).toSorted()).toEqual([
      '1 msExchAlternateFileShareWitness of CN=DAG1: needs-another-value',
      '1 msExchInternalHostName of CN=Reports: needs-another-value',
      '1 msExchSmtpSmartHost of CN=From on-premises: needs-another-value',
    ]);
  });

  test('has the switch for the licence terms of its build', async () => {
    const advice = words(await planFor('EX16', records));
    expect(advice).toContain('/m:RecoverServer /IAcceptExchangeServerLicenseTerms_DiagnosticDataOFF');
    expect(advice).not.toContain('Setup.com');
  });
});

describe('a forest with an Edge server that was decommissioned', () => {
  const version = 2016;
  const edge = 'EDGE1';
  const records = [
    ...machine(edge, { version, roles: 64 }),
    ...machine('EX16', { version, roles: 16_439 }),
    record(
      `CN=EdgeSync - North to Internet,CN=Connections,${routing}`,
      'msExchRoutingSMTPConnector',
      `msExchSourceBridgeheadServersDN: ${smtpOf(edge)}`,
    ),
  ];

  test('is advised to remove the subscription, and nothing of a domain, an account or a recovery', async () => {
    const plan = await planFor(edge, records);
    const advice = words(plan);
    expect(advice).toContain("Remove-EdgeSubscription -Identity 'EDGE1'");
    expect(advice).not.toMatch(/RecoverServer|reset the computer account|join it/);
    expect(blockersOf(plan)).toEqual(['send-connector-source']);
    expect(cleared(plan)).toEqual(['msExchSourceBridgeheadServersDN of CN=EdgeSync - North to Internet: 1']);
  });
});
