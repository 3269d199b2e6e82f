import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './lab/command.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import { readLdif } from './lab/ldif.ts';
import { type Slapd, startSlapd } from './lab/slapd.ts';

describeWithSamba(
  'The OpenLDAP server for read throughput',
  () => {
    let slapd: Slapd;
    const search = async (...args: readonly string[]) =>
      readLdif(await run('ldapsearch', ['-x', '-LLL', '-H', slapd.url, '-b', slapd.suffix, ...args]));

    beforeAll(async () => {
      slapd = await startSlapd({ people: 2500, differing: 10 });
    });
    afterAll(() => slapd?.stop());

    test('gives all people in pages', async () => {
      expect(await search('-E', 'pr=1000/noprompt', '(mailNickname=*)', '1.1')).toHaveLength(2500);
    });

    test('has as many people as asked for whose userPrincipalName differs from their address, case aside', async () => {
      const people = await search('(mailNickname=*)', 'userPrincipalName', 'mail');
      const differing = people.filter((entry) => entry.text('userPrincipalName')?.toLowerCase() !== entry.text('mail'));
      expect(differing).toHaveLength(10);
    });

    test('evaluates bitwise filters as AD does', async () => {
      expect(await search('(userAccountControl:1.2.840.113556.1.4.803:=512)', '1.1')).toHaveLength(2500);
      expect(await search('(userAccountControl:1.2.840.113556.1.4.803:=2)', '1.1')).toHaveLength(0);
    });
  },
  { programs: ['slapd', 'slapadd'] },
);
