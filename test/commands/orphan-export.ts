/** An Exchange organisation as an export has it, and the orphan remedy run on it. */

import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Plan } from '../../src/change/plan.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import type { PrompterDouble } from '../support/prompter-double.ts';
import { orphan } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';

export const configuration = 'CN=Configuration,DC=corp,DC=example,DC=com';
export const exchange = `CN=Microsoft Exchange,CN=Services,${configuration}`;
export const groups = `CN=Administrative Groups,CN=Contoso,${exchange}`;
export const people = 'CN=Users,DC=corp,DC=example,DC=com';

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

export function planOf({ stdout }: CommandRun): Plan {
  return JSON.parse(stdout) as Plan;
}
