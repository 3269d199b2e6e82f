import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quotedForPowerShell } from '../../../src/quoting.ts';
import type { DeletionFacts } from '../../../src/remedies/orphan/gather.ts';
import { orphan } from '../../../src/remedies/orphan/remedy.ts';
import { commandsOf } from '../../support/finding-commands.ts';
import { judged, orphanFacts } from './practice-orphan.ts';

/** What a finding says and advises of the practice forest's orphan, with some facts changed. */
async function detailOf(id: string, change: (facts: DeletionFacts) => Partial<DeletionFacts>): Promise<string> {
  const facts = await orphanFacts();
  const { findings } = judged({ ...facts, ...change(facts) });
  const found = findings.find((finding) => finding.id === id);
  return [found?.detail ?? '', ...commandsOf(orphan, found)].join('\n');
}

test('the only server comes with the command that lists servers without the Exchange shell', async () => {
  const detail = await detailOf('only-server', ({ survey: all, chosen }) => ({
    survey: { ...all, servers: [chosen] },
    hasOtherServer: false,
  }));
  expect(detail).not.toContain('Get-ExchangeServer');
  expect(detail).toContain(
    "Get-ADObject -SearchBase 'CN=Services,CN=Configuration,DC=corp,DC=example,DC=com' -LDAPFilter '(objectClass=msExchExchangeServer)'",
  );
});

test('a protected entry comes with the command that looks at it', async () => {
  const detail = await detailOf('protected-entries', ({ subtree }) => ({
    subtree: subtree.map((entry, index) => (index === 1 ? { ...entry, systemFlags: 0x8000_0000 } : entry)),
  }));
  expect(detail).toMatch(
    /Get-ADObject -Identity '[^']+,CN=EX04,CN=Servers,[^']+' -Properties 'systemFlags', 'whenChanged'/,
  );
  expect(detail).toContain('in one of the supported ways');
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

test('rights are given to the user who logged on, where the plan has the name', async () => {
  const logon = { kind: 'server', host: 'dc1.corp.example.com', port: 636, tls: 'ldaps', user: 'CORP\\jane' } as const;
  const detail = await detailOf('no-right-to-delete', ({ chosen, survey }) => ({
    undeletable: [chosen.server.dn],
    survey: { ...survey, target: { ...survey.target, connection: { ...logon, auth: 'password' } } },
  }));
  expect(detail).toMatch(/dsacls '[^']+' \/I:T \/G 'CORP\\jane:SDDT'/);
});

test.each([
  ['unlinked', 'it points at a deleted entry afterwards'],
  ['linked', 'the directory removes the value with the entry that it names, and the attribute is missing'],
] as const)('a mandatory reference that is %s comes with what happens to it', async (kind, outcome) => {
  const detail = await detailOf('mandatory-references', ({ configuration }) => ({
    configuration: {
      ...configuration,
      referrers: configuration.referrers.slice(0, 1).map((referrer) => ({
        ...referrer,
        reference: { ...referrer.reference, kind, clearing: 'mandatory' },
      })),
    },
  }));
  expect(detail).toContain(`If you accept, ${outcome}.`);
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

test('a control character never reaches the line: it becomes an expression', () => {
  expect(quotedForPowerShell('CN=a\nb\u2028')).toBe("('CN=a' + [char]10 + 'b' + [char]8232 + '')");
});

test('a character that is not seen is written in a command as what it is', () => {
  expect(quotedForPowerShell('CN=a\u200eb')).toBe("('CN=a' + [char]8206 + 'b')");
  expect(quotedForPowerShell('a\u{e0041}')).toBe("('a' + [char]56128 + [char]56385 + '')");
});
