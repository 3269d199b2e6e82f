/** Reading over port 389 after an integrated logon, every message sealed by Kerberos, against the same over LDAPS. */

import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithSamba } from '../ad/lab/describe-with-samba.ts';
import type { DomainController } from '../ad/lab/domain-controller.ts';
import { forest } from '../ad/lab/forest.ts';
import { startOneDomainController } from '../ad/lab/one-dc.ts';
import { runClient } from '../ad/scenario/client-folder.ts';
import { type Environment, kerberosEnvironment, kinit, registerLdapService } from '../ad/scenario/kerberos.ts';
import { duel } from './support/duel.ts';
import { scoreboard } from './support/scoreboard.ts';

const enough = 10_000;
const rounds = 5;
const largestRatio = 1.3;
const built = JSON.stringify(new URL('../../dist/ldap/', import.meta.url).href);

/**
 * Opens a session and reads entries with all attributes until there were enough; prints the seconds of both and how many
 * entries there were. The schema of AD and Exchange has some 3,000, so it is read several times: to load as many entries
 * of another kind takes Samba ten minutes, and to the seal they are the same.
 */
const program = `
  const [{ ldapConnector }, { everything }] = await Promise.all([import(${built} + 'connector.js'), import(${built} + 'session.js')]);
  const { readFile } = await import('node:fs/promises');
  const { base, enough, ca, ...options } = JSON.parse(process.argv[1]);
  const trust = ca === undefined ? {} : { ca: await readFile(ca) };
  const started = performance.now();
  const session = await ldapConnector({ ...options, ...trust }).open({ ...options, ...trust });
  let count = 0;
  while (count < enough) {
    for await (const entry of session.search({ base, scope: 'one', filter: everything, attributes: ['*'] })) {
      if (entry.attributes.size > 10) count += 1;
    }
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(JSON.stringify({ seconds, count, isSealed: session.identity.sealed !== undefined }));
  await session.close();`;

const board = scoreboard('Sealed by Kerberos against LDAPS');

describeWithSamba(
  'read throughput of a sealed session',
  () => {
    let dc: DomainController;
    let environment: Environment;

    beforeAll(async () => {
      dc = await startOneDomainController({ services: ['ldap', 'kdc'] });
      await registerLdapService(dc);
      environment = await kerberosEnvironment(join(dc.samDatabase, '..'), 'administrator', dc.address);
      await kinit(environment, 'Administrator', dc.adminPassword);
    });
    afterAll(async () => {
      board.print();
      await dc?.stop();
    });

    const seconds = async (options: { readonly tls: string; readonly ca?: string; readonly bind: object }) => {
      const request = JSON.stringify({
        host: dc.address,
        tlsName: dc.host,
        base: forest.schemaNamingContext,
        enough,
        ...options,
      });
      const command = [process.execPath, '--input-type=module', '--eval', program, request];
      const { stdout, stderr } = await runClient(command, environment);
      expect(stderr).toBe('');
      const outcome = JSON.parse(stdout);
      expect(outcome.isSealed).toBe(options.tls === 'none');
      expect(outcome.count).toBeGreaterThanOrEqual(enough);
      return Number(outcome.seconds);
    };

    test(`${enough.toLocaleString('en')} entries`, async () => {
      const bind = { auth: 'password', user: dc.adminUser, password: dc.adminPassword };
      const result = await duel(rounds, async () => ({
        ours: await seconds({ tls: 'none', bind: { auth: 'integrated' } }),
        peer: await seconds({ tls: 'ldaps', ca: dc.caFile, bind }),
      }));
      board.ratio('open and read, sealed against LDAPS', result, largestRatio);
    });
  },
  { programs: ['kinit'] },
);
