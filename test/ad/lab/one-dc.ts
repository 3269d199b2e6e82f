import { join } from 'node:path';
import { exchangeSchema } from '../schema/exchange.ts';
import { run } from './command.ts';
import { type DomainController, startDomainController } from './domain-controller.ts';
import { forest } from './forest.ts';
import { openHost } from './host.ts';
import type { Change } from './ldif.ts';
import { template } from './template.ts';
import { copyTree, databaseOf, ldbmodify, randomPassword, setAddress, setPassword } from './tree.ts';

export interface OneDcOptions {
  /** Made to the database before the DC is started. */
  readonly changes?: readonly Change[];
  /** Samba's `server services`; LDAP and DNS unless told otherwise. */
  readonly services?: readonly string[];
}

/**
 * Starts a forest of one domain with one domain controller, dc1.corp.example.com, a global catalog. It has the Exchange
 * schema, but no Exchange organisation, and a random administrator's password. Takes seconds, ten more the first time.
 */
export async function startOneDomainController(options: OneDcOptions = {}): Promise<DomainController> {
  const source = await provisioned();
  const host = await openHost();
  try {
    const tree = join(host.directory, 'dc1');
    const adminPassword = randomPassword();
    await copyTree(join(source, 'dc1'), tree);
    await ldbmodify(databaseOf(tree), [
      setPassword(forest.adminDn, adminPassword),
      setAddress('dc1', host.address),
      ...(options.changes ?? []),
    ]);
    const services = options.services ?? ['ldap', 'dns'];
    return await startDomainController({ host, tree, name: 'dc1', adminPassword, services });
  } catch (error) {
    await host.close();
    throw error;
  }
}

/** The template of a provisioned first DC with the Exchange schema, in its folder dc1. */
export function provisioned(): Promise<string> {
  return template('one-dc', async (directory) => {
    const tree = join(directory, 'dc1');
    // The rights on sysvol, which nobody reads here, are kept where a container without CAP_SYS_ADMIN may write them.
    const sysvolRights = '--option=acl_xattr:security_acl_name=user.NTACL';
    // Without --adminpass a random password is set; each start of a DC replaces it.
    await run('samba-tool', [
      ...['domain', 'provision', '--configfile=/dev/null', `--targetdir=${tree}`],
      ...[`--realm=${forest.realm}`, `--domain=${forest.netbiosName}`, '--server-role=dc'],
      ...['--dns-backend=SAMBA_INTERNAL', '--host-name=dc1', '--host-ip=127.0.0.1', sysvolRights],
    ]);
    for (const stage of exchangeSchema(forest.schemaNamingContext)) await ldbmodify(databaseOf(tree), stage);
  });
}
