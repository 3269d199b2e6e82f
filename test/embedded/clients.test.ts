/** The embedded directory as OpenLDAP's own clients meet it. */

import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServedForest } from '../support/ldap-server/served-forest.ts';
import { configuration, directoryService, domain, openForest } from './support.ts';

const run = promisify(execFile);
const dc1 = 'dc1.corp.example.com';

const hasClients = [
  'ldapsearch',
  'ldapmodify',
  'ldapdelete',
  'ldapadd',
  'ldapmodrdn',
  'ldapcompare',
  'ldapwhoami',
].every((name) => {
  try {
    execFileSync(name, ['-VV'], { stdio: 'ignore' });
    return true;
  } catch {
    // Not installed.
    return false;
  }
});

interface Outcome {
  /** The LDAP result code; OpenLDAP's clients exit with it. */
  readonly code: number;
  readonly output: string;
}

/** A shell's worth of clients, logged on as the administrator. */
async function shellOn(
  forest: ServedForest,
): Promise<(client: string, args: string[], input?: string) => Promise<Outcome>> {
  const { port, close } = await forest.listen(dc1);
  onTestFinished(close);
  const logOn = ['-x', '-H', `ldap://127.0.0.1:${port}`, '-D', 'CORP\\Administrator', '-w', 'secret'];
  return async (client, args, input) => {
    const promise = run(client, [...logOn, ...args], { maxBuffer: 1 << 26 });
    promise.child.stdin?.end(input ?? '');
    try {
      const { stdout } = await promise;
      return { code: 0, output: stdout };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && 'stdout' in error && 'stderr' in error)) throw error;
      return { code: Number(error.code), output: `${error.stdout}${error.stderr}` };
    }
  };
}

const dnsIn = (output: string): string[] => [...output.matchAll(/^dn: (.*)$/gm)].map(([, dn]) => dn ?? '');
const plain = ['-LLL', '-o', 'ldif-wrap=no'];

// Where everything is installed on purpose, a missing client is a failure.
describe.skipIf(!hasClients && process.env['CI'] !== 'true')('OpenLDAP clients (ldap-utils)', () => {
  it('add, change, compare, rename, search and delete', async () => {
    const shell = await shellOn(await openForest());
    const dn = `CN=Lee\\, Kim,${domain}`;
    expect((await shell('ldapadd', [], `dn: ${dn}\nobjectClass: container\ndescription: first\n`)).code).toBe(0);
    const change = `dn: ${dn}\nchangetype: modify\ndelete: description\ndescription: first\n-\nadd: description\ndescription: second\n`;
    expect((await shell('ldapmodify', [], change)).code).toBe(0);
    // Once more: the value to go is gone.
    expect(await shell('ldapmodify', [], change)).toMatchObject({
      code: 16,
      output: expect.stringContaining('00002085'),
    });
    expect((await shell('ldapcompare', [dn, 'description:SECOND'])).code).toBe(6);
    expect((await shell('ldapcompare', [dn, 'description:first'])).code).toBe(5);
    expect((await shell('ldapmodrdn', ['-r', '-s', `CN=Users,${domain}`, dn, 'CN=Kim'])).code).toBe(0);
    const found = await shell('ldapsearch', [...plain, '-b', domain, '(description=second)', 'name']);
    expect(dnsIn(found.output)).toEqual([`CN=Kim,CN=Users,${domain}`]);
    expect((await shell('ldapdelete', [`CN=Kim,CN=Users,${domain}`])).code).toBe(0);
    expect((await shell('ldapdelete', [`CN=Kim,CN=Users,${domain}`])).code).toBe(32);
  });

  it('learn who they are, and by which result they failed', async () => {
    const shell = await shellOn(await openForest());
    expect((await shell('ldapwhoami', [])).output).toBe('u:CORP\\Administrator\n');
    expect(await shell('ldapdelete', [`CN=Services,${configuration}`])).toMatchObject({
      code: 66,
      output: expect.stringContaining('00002015'),
    });
    expect((await shell('ldapsearch', ['-b', domain, '-E', '!1.2.3.4'])).code).toBe(12);
    expect((await shell('ldapsearch', ['-ZZ', '-b', domain])).output).toContain('Error initializing SSL/TLS');
  });

  it('read the same by pages of every size as in one piece', async () => {
    const ldif = Array.from({ length: 60 }, (_, index) => `dn: CN=c${index},${domain}\nobjectClass: contact\n`).join(
      '\n',
    );
    const shell = await shellOn(await openForest(ldif));
    const whole = dnsIn((await shell('ldapsearch', [...plain, '-b', domain, '(objectClass=contact)', 'name'])).output);
    expect(whole).toHaveLength(60);
    for (const size of [1, 7, 59, 60, 61]) {
      const paged = await shell('ldapsearch', [
        ...plain,
        '-E',
        `pr=${size}/noprompt`,
        '-b',
        domain,
        '(objectClass=contact)',
        'name',
      ]);
      expect(dnsIn(paged.output), `pages of ${size}`).toEqual(whole);
    }
  });

  it('continue after pages that are empty but have a cookie', async () => {
    const forest = await openForest();
    const shell = await shellOn(forest);
    forest.planFault(dc1, { on: 'search', nth: 1, fault: { kind: 'empty-pages', count: 2 } });
    const { output } = await shell('ldapsearch', [
      ...plain,
      '-E',
      'pr=100/noprompt',
      '-b',
      domain,
      '(cn=reader)',
      'name',
    ]);
    expect(dnsIn(output)).toEqual([`CN=Reader,CN=Users,${domain}`]);
    expect([...output.matchAll(/# pagedresults: cookie=/g)]).toHaveLength(3);
  });

  it('bring a deleted entry back', async () => {
    const forest = await openForest(`dn: CN=old,${domain}\nobjectClass: container\n`);
    const shell = await shellOn(forest);
    await shell('ldapdelete', [`CN=old,${domain}`]);
    const show = ['-e', '!1.2.840.113556.1.4.417'];
    const { output } = await shell('ldapsearch', [
      ...plain,
      ...show,
      '-b',
      domain,
      '(&(isDeleted=TRUE)(objectClass=container)(!(cn=Deleted Objects)))',
      'name',
    ]);
    const [tombstone] = dnsIn(output);
    expect(tombstone).toMatch(/^CN=old\\0ADEL:/);
    const change = `dn: ${tombstone}\nchangetype: modify\ndelete: isDeleted\n-\nreplace: distinguishedName\ndistinguishedName: CN=old,${domain}\n`;
    expect((await shell('ldapmodify', show, change)).code).toBe(0);
    expect((await shell('ldapsearch', ['-b', `CN=old,${domain}`, '-s', 'base'])).code).toBe(0);
  });

  it('export the forest as LDIF that loads again to the same', async () => {
    const first = await shellOn(
      await openForest(`dn: CN=B\\, two,${domain}\nobjectClass: container\ndescription: Grüße\n`),
    );
    const exported = async (shell: typeof first) => {
      const parts = await Promise.all(
        [domain, configuration].map((base) =>
          shell('ldapsearch', [...plain, '-e', '!1.2.840.113556.1.4.417', '-b', base, '(objectClass=*)', '*']),
        ),
      );
      return parts.map(({ output }) => output.replace(/^# ref.*\n/gm, '')).join('\n');
    };
    const before = await exported(first);
    const again = await shellOn(await openForest(before));
    expect(await exported(again)).toBe(before);
    expect(dnsIn(before)).toContain(directoryService);
  });
});
