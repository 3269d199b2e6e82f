/** Kerberos for the lab's forest: a configuration that knows its KDC, and tickets by kinit. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../lab/command.ts';
import type { DomainController } from '../lab/domain-controller.ts';
import { forest } from '../lab/forest.ts';

export type Environment = Readonly<Record<string, string>>;

/** Registers the service principal name that domain controllers of Windows have and a provisioned Samba lacks. */
export async function registerLdapService(dc: DomainController): Promise<void> {
  await run('samba-tool', ['spn', 'add', `ldap/${dc.host}`, 'DC1$', '-H', dc.samDatabase]);
}

/** The environment of a computer whose KDC is at the address, with a ticket cache of its own. */
export async function kerberosEnvironment(folder: string, name: string, kdc: string): Promise<Environment> {
  const configuration = join(folder, `${name}.conf`);
  await writeFile(
    configuration,
    `[libdefaults]
  default_realm = ${forest.realm}
  dns_canonicalize_hostname = false
  dns_lookup_kdc = false
  rdns = false
[realms]
  ${forest.realm} = {
    kdc = ${kdc}
  }
[domain_realm]
  .${forest.domain} = ${forest.realm}
`,
  );
  return { KRB5_CONFIG: configuration, KRB5CCNAME: `FILE:${join(folder, `${name}.tickets`)}` };
}

/** Puts a ticket into the environment's cache. */
export async function kinit(
  environment: Environment,
  user: string,
  password: string,
  ...args: string[]
): Promise<void> {
  await run('kinit', [...args, `${user}@${forest.realm}`], { input: `${password}\n`, environment });
}
