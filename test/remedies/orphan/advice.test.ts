import { beforeEach, describe, expect, test } from 'vitest';
import type { DeletionFacts } from '../../../src/remedies/orphan/gather.ts';
import { supportedSteps } from '../../../src/remedies/orphan/supported-ways.ts';
import { judged, orphanFacts } from './practice-orphan.ts';

/** Versions with their serialNumber, and the sets of roles that a server of them may have. */
const versions: readonly (readonly [year: number, serial: string, roles: readonly (number | undefined)[]])[] = [
  [2003, 'Version 6.5 (Build 7638.2: Service Pack 2)', [undefined]],
  [2007, 'Version 8.3 (Build 30083.6)', [0, 2, 4, 32, 38, 54, 64, 4096]],
  [2010, 'Version 14.3 (Build 30123.4)', [0, 2, 4, 32, 38, 54, 64, 4096]],
  [2013, 'Version 15.0 (Build 31497.2)', [0, 54, 64, 4096, 16_385, 16_439]],
  [2016, 'Version 15.1 (Build 32507.6)', [0, 64, 4096, 16_439]],
  [2019, 'Version 15.2 (Build 30922.7)', [0, 64, 4096, 16_439]],
  [2025, 'Version 15.2 (Build 32562.17)', [0, 64, 4096, 16_439]],
];

/** What is of some versions only: a word of a command or of advice, and whether it belongs to the server. */
const rules: readonly (readonly [word: RegExp, isRight: (year: number, roles: number | undefined) => boolean])[] = [
  [/New-MoveRequest|Move-ActiveMailboxDatabase|DatabaseAvailabilityGroup/, (year) => year >= 2010],
  [/Move-Mailbox\b/, (year) => year === 2007],
  [/Exchange System Manager|\/disasterrecovery|Exchange Tasks/, (year) => year <= 2003],
  [
    /RecoverServer/,
    (year, roles) => year >= 2007 && roles !== undefined && (roles & 0x403f) !== 0 && (roles & 64) === 0,
  ],
  [/RemoveProvisionedServer/, (_, roles) => roles === 4096],
  [/Setup\.com/, (year) => year >= 2007 && year <= 2010],
  [/Setup\.exe/, (year) => year >= 2013],
  [/LicenseTerms(?!_)/, (year) => year === 2013 || year === 2019],
  [/LicenseTerms_DiagnosticData/, (year) => year === 2016 || year === 2025],
  [/Remove-EdgeSubscription -Identity/, (_, roles) => roles === 64],
  [/Get-(?:Mailbox|ExchangeServer)|Set-SendConnector|Remove-MailboxDatabase/, (year) => year >= 2007],
];

let practice: DeletionFacts;
beforeEach(async () => {
  practice = await orphanFacts();
});

/** The facts of a server of this version and these roles, in one of the situations that change the advice. */
function factsOf(
  serialNumber: string,
  roles: number | undefined,
  situation: 'one of several' | 'last server' | 'with mailboxes',
): DeletionFacts {
  const { chosen, survey } = practice;
  const server = { ...chosen.server, serialNumber, versionNumber: undefined, roles };
  const mailboxes = practice.recipients.map((one) =>
    one.reference.id === 'mailboxes' ? { ...one, count: 3, first: ['CN=anna,DC=example'] } : one,
  );
  return {
    ...practice,
    chosen: { ...chosen, server },
    hasOtherServer: situation !== 'last server',
    survey: situation === 'last server' ? { ...survey, servers: [{ ...chosen, server }] } : survey,
    recipients: situation === 'with mailboxes' ? mailboxes : practice.recipients,
  };
}

/** All that the findings and the supported ways advise. */
function adviceFor(facts: DeletionFacts): string {
  const { findings } = judged(facts);
  const steps = supportedSteps(facts).flatMap(({ text, commands }) => [text, ...commands]);
  return [...findings.map(({ detail }) => detail), ...steps].join('\n');
}

describe.each(versions)('Exchange %i', (year, serial, roleSets) => {
  test.each(roleSets.map((roles) => [roles]))('with roles %s gets no advice of another version or role', (roles) => {
    let advised = 0;
    for (const situation of ['one of several', 'last server', 'with mailboxes'] as const) {
      const advice = adviceFor(factsOf(serial, roles, situation));
      advised += advice.length;
      for (const [word, isRight] of rules) {
        if (!isRight(year, roles)) expect(advice, `${situation}: ${word}`).not.toMatch(word);
      }
      // The database that mailboxes move to is for the user to choose.
      expect(advice.replaceAll('-TargetDatabase <database>', '')).not.toMatch(/<(?:database|DAG|connector|group)>/);
    }
    expect(advised).toBeGreaterThan(0);
  });

  test('gets the way that its roles have', () => {
    const ways = (roles: number | undefined): string =>
      supportedSteps(factsOf(serial, roles, 'one of several'))
        .flatMap(({ text, commands }) => [text, ...commands])
        .join('\n');
    if (year <= 2003) {
      expect(ways(undefined)).toMatch(/Remove Server.*\/disasterrecovery/s);
      return;
    }
    expect(ways(4096)).toContain('/RemoveProvisionedServer:EX04');
    expect(ways(64)).toContain("Remove-EdgeSubscription -Identity 'EX04'");
    expect(ways(0)).toMatch(/run setup again/);
    expect(ways(year >= 2013 ? 16_439 : 38)).toMatch(/\/m:RecoverServer.*\/m:Uninstall/s);
    if (year >= 2013) expect(ways(16_439)).toContain('unattended setup stops');
  });
});

test('a server that is installed elsewhere is recovered there', () => {
  const facts = factsOf('Version 15.1 (Build 32507.6)', 16_439, 'one of several');
  const elsewhere = { ...facts.chosen.server, installPath: 'D:\\Exchange\\' };
  const words = (server: typeof elsewhere): string =>
    supportedSteps({ ...facts, chosen: { ...facts.chosen, server } })
      .flatMap(({ commands }) => commands)
      .join('\n');
  expect(words(elsewhere)).toContain('/TargetDir:"D:\\Exchange"');
  expect(words({ ...elsewhere, installPath: 'C:\\Program Files\\Microsoft\\Exchange Server\\V15\\' })).not.toContain(
    'TargetDir',
  );
});
