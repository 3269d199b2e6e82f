/** An Exchange organisation as an export has it, and the orphan remedy run on it. */

import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Finding } from '../../src/change/findings.ts';
import type { Plan } from '../../src/change/plan.ts';
import { orphan as remedy } from '../../src/remedies/orphan/remedy.ts';
import { stepsOf } from '../support/finding-commands.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import type { PrompterDouble } from '../support/prompter-double.ts';
import { orphan } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';

export const configuration = 'CN=Configuration,DC=corp,DC=example,DC=com';
export const exchange = `CN=Microsoft Exchange,CN=Services,${configuration}`;
export const groups = `CN=Administrative Groups,CN=Contoso,${exchange}`;
export const people = 'CN=Users,DC=corp,DC=example,DC=com';
/** The administrative group of the servers that a test makes. */
export const group = `CN=North,${groups}`;
export const dnOf = (name: string): string => `CN=${name},CN=Servers,${group}`;
export const legacyNameOf = (name: string): string => `/o=Contoso/ou=North/cn=Configuration/cn=Servers/cn=${name}`;
export const databaseOf = (name: string): string => `CN=${name},CN=Databases,${group}`;

/** An entry with these lines of LDIF, and an objectGUID of its own. */
export function record(dn: string, objectClass: string, ...lines: readonly string[]): string {
  return [
    `dn: ${dn}`,
    `objectClass: ${objectClass}`,
    `objectGUID:: ${Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64')}`,
    ...lines,
    '',
  ].join('\n');
}

/** What stands above an organisation, the rootDSE first. */
export const head: readonly string[] = [
  `dn:\nconfigurationNamingContext: ${configuration}\ndefaultNamingContext: DC=corp,DC=example,DC=com\nrootDomainNamingContext: DC=corp,DC=example,DC=com\nschemaNamingContext: CN=Schema,${configuration}\nnamingContexts: ${configuration}\ndnsHostName: dc1.corp.example.com\n`,
  record(configuration, 'configuration'),
  record(`CN=Partitions,${configuration}`, 'crossRefContainer'),
  record(`CN=Sites,${configuration}`, 'sitesContainer'),
  record(`CN=Services,${configuration}`, 'container'),
  record(exchange, 'msExchConfigurationContainer'),
];

export const organisation: readonly string[] = [
  record(`CN=Contoso,${exchange}`, 'msExchOrganizationContainer'),
  record(groups, 'msExchAdminGroupContainer'),
];

/** An admin group and, of these names, server objects with all roles of 2010. */
export function adminGroup(name: string, ...servers: readonly string[]): readonly string[] {
  return [
    record(`CN=${name},${groups}`, 'msExchAdminGroup'),
    record(`CN=Servers,CN=${name},${groups}`, 'msExchServersContainer'),
    ...servers.map((server) =>
      record(`CN=${server},CN=Servers,CN=${name},${groups}`, 'msExchExchangeServer', 'msExchCurrentServerRoles: 38'),
    ),
  ];
}

/** What serialNumber is in each version. */
export const serials = {
  2003: 'Version 6.5 (Build 7638.2: Service Pack 2)',
  2007: 'Version 8.3 (Build 30083.6)',
  2010: 'Version 14.3 (Build 30123.4)',
  2016: 'Version 15.1 (Build 32507.6)',
} as const;

/** What a server is of. */
export interface Made {
  readonly version?: keyof typeof serials;
  /** undefined for Exchange 2003. */
  readonly roles: number | undefined;
}

/** A server object with its names. */
export function serverObject(name: string, { version = 2010, roles }: Made, ...lines: readonly string[]): string {
  return record(
    dnOf(name),
    'msExchExchangeServer',
    ...(roles === undefined ? [] : [`msExchCurrentServerRoles: ${roles}`]),
    `serialNumber: ${serials[version]}`,
    `legacyExchangeDN: ${legacyNameOf(name)}`,
    `networkAddress: ncacn_ip_tcp:${name.toLowerCase()}.corp.example.com`,
    ...lines,
  );
}

/** A forest whose export holds the domain too, with these entries in or beside the administrative group North. */
export function forestWith(...records: readonly string[]): readonly string[] {
  const [rootDse = '', ...rest] = head;
  const namingContexts = 'namingContexts: DC=corp,DC=example,DC=com\nnamingContexts:';
  return [
    rootDse.replace('namingContexts:', namingContexts),
    ...rest,
    ...organisation,
    ...adminGroup('North'),
    ...records,
  ];
}

export function person(name: string, ...lines: readonly string[]): string {
  return record(`CN=${name},${people}`, 'user', `mailNickname: ${name}`, ...lines);
}

/** The remedy, run on an export of these records in a folder of its own. */
export async function runOn(records: readonly string[], ...args: readonly string[]): Promise<CommandRun> {
  return runIn(await freshFolder(), records, args);
}

export async function runIn(
  folder: string,
  records: readonly string[],
  args: readonly string[],
  prompter?: PrompterDouble,
): Promise<CommandRun> {
  await writeFile(path.join(folder, 'export.ldf'), records.join('\n'));
  const asking = prompter === undefined ? {} : { prompter };
  return runCommand(orphan, ['--ldif', 'export.ldf', ...args], { currentFolder: folder, ...asking });
}

/** The plan for a server on an export of these records. */
export async function planFor(name: string, records: readonly string[], ...args: readonly string[]): Promise<Plan> {
  return planOf(await runOn(records, '--name', name, '--json', ...args));
}

export function planOf({ stdout }: CommandRun): Plan {
  return JSON.parse(stdout) as Plan;
}

export function findingOf({ findings }: Plan, id: string): Finding | undefined {
  return findings.find((one) => one.id === id);
}

/** What a finding says, and what it advises as its remedy draws it. */
export function adviceOf(finding: Finding | undefined): string {
  const drawn = stepsOf(remedy, finding).flatMap(({ text, commands }) => [text, ...commands]);
  return [finding?.detail ?? '', ...drawn].join('\n');
}

/** The ids of the blockers, sorted; "(final)" with those that cannot be accepted. */
export function blockersOf({ findings }: Plan): readonly string[] {
  return findings
    .filter(({ level }) => level === 'blocker')
    .map(({ id, acceptable }) => `${id}${acceptable ? '' : ' (final)'}`)
    .toSorted();
}

/** The DNs that a plan deletes, in its order. */
export function deletedBy({ changes }: Plan): readonly string[] {
  return changes.flatMap((change) => (change.kind === 'delete' ? [change.dn] : []));
}
