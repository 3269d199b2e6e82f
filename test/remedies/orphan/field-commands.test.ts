import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Finding } from '../../../src/change/findings.ts';

import { assess } from '../../../src/remedies/orphan/assess.ts';
import { gather, type OrphanFacts } from '../../../src/remedies/orphan/gather.ts';
import { quotedForPowerShell } from '../../../src/remedies/orphan/powershell.ts';
import { survey } from '../../../src/remedies/orphan/survey.ts';
import { openBench } from '../../change/entries-support.ts';

const now = new Date('2026-11-22T09:00:00Z');

/** What a finding says of the practice forest's orphan, with some facts changed. */
async function detailOf(id: string, change: (facts: OrphanFacts) => Partial<OrphanFacts>): Promise<string> {
  const { session } = await openBench();
  const reach = { session, global: undefined, isExport: false };
  const surveyed = await survey(reach, now);
  const [chosen] = surveyed.servers.filter(({ server }) => server.name === 'EX04');
  if (chosen === undefined) throw new Error('the practice forest has EX04');
  const facts = await gather(reach, surveyed, chosen, { probe: false, now });
  const findings = assess({ ...facts, ...change(facts) }, { treeDelete: false, cleanUp: { kind: 'all' }, accept: [] });
  return findings.find((finding: Finding) => finding.id === id)?.detail ?? '';
}

test('the only server comes with the commands that list servers, also without the Exchange shell', async () => {
  const detail = await detailOf('only-server', ({ survey: all, chosen }) => ({
    survey: { ...all, servers: [chosen] },
  }));
  expect(detail).toContain('Get-ExchangeServer | Format-Table');
  expect(detail).toContain(
    "Get-ADObject -SearchBase 'CN=Services,CN=Configuration,DC=corp,DC=example,DC=com' -LDAPFilter '(objectClass=msExchExchangeServer)'",
  );
});

test('a protected entry comes with the command that looks at it', async () => {
  const detail = await detailOf('protected-entries', ({ subtree }) => ({
    subtree: subtree.map((entry, index) => (index === 1 ? { ...entry, systemFlags: 0x8000_0000 } : entry)),
  }));
  expect(detail).toMatch(/Get-ADObject -Identity '[^']+,CN=EX04,CN=Servers,[^']+' -Properties systemFlags/);
  expect(detail).toContain('Setup /m:RecoverServer');
});

test('a right to delete that lacks comes with the commands that unprotect and that give it', async () => {
  const detail = await detailOf('no-right-to-delete', ({ chosen }) => ({ undeletable: [chosen.server.dn] }));
  expect(detail).toMatch(
    /Get-ADObject -SearchBase 'CN=EX04,[^']+' -Filter \* \| Set-ADObject -ProtectedFromAccidentalDeletion \$false/,
  );
  expect(detail).toMatch(/dsacls 'CN=EX04,[^']+' \/I:T \/G '<DOMAIN\\user>:SDDT'/);
});

test('a right to clean up that lacks comes with the command that gives it, for each attribute', async () => {
  const detail = await detailOf('no-right-to-clean-up', ({ configuration }) => ({
    unwritable: new Set(configuration.referrers.map(({ id }) => id).filter((id) => id.includes('Bridgehead'))),
  }));
  expect(detail).toMatch(/dsacls 'CN=Internet,[^']+' \/G '<DOMAIN\\user>:WP;msExchSourceBridgeheadServersDN'/);
});

test.each([
  ['CN=Büro $1 `x` "y",DC=example', `'CN=Büro $1 \`x\` "y",DC=example'`],
  ["CN=O'Hara", "'CN=O''Hara'"],
  ['CN=O’Hara‘s', "'CN=O’’Hara‘‘s'"],
])('%s is quoted for PowerShell', (dn, quoted) => {
  expect(quotedForPowerShell(dn)).toBe(quoted);
});

test('what PowerShell reads of a quoted text is the text', () => {
  const character = fc.constantFrom("'", '‘', '’', '‚', '‛', '"', '$', '`', ' ', 'a', '\\');
  fc.assert(
    fc.property(fc.string({ unit: character }), (text) => {
      const inner = quotedForPowerShell(text).slice(1, -1);
      // about_Quoting_Rules: any two single quotes, plain or typographic, stand for the first of them; a lone one ends.
      expect(inner.replace(/(['‘-‛])['‘-‛]/g, '')).not.toMatch(/['‘-‛]/);
      expect(inner.replace(/(['‘-‛])['‘-‛]/g, '$1')).toBe(text);
    }),
  );
});
