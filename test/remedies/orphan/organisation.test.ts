import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { readSetupLog } from '../../../src/remedies/orphan/options.ts';
import {
  aboutInWords,
  isOnlyProvisioned,
  productName,
  raisesInconsistentState,
  releaseOf,
  rolesInWords,
  versionInWords,
} from '../../../src/remedies/orphan/organisation.ts';
import { setupCommand } from '../../../src/remedies/orphan/way-steps.ts';

/** Of a server in a group of an old Exchange, without a version. */
const signs = (roles: number | undefined) => ({
  roles,
  versionNumber: undefined,
  serialNumber: undefined,
  adminGroup: 'North',
});

describe('roles', () => {
  test.each([
    [undefined, 'no roles (Exchange 2003 or older)'],
    [0, 'no roles'],
    [38, 'Mailbox, Client Access, Hub Transport'],
    [64, 'Edge Transport'],
    [4096, 'provisioned'],
    [16_439, 'Mailbox, Client Access, Hub Transport, Unified Messaging, Client Access front end, Front End Transport'],
    [131_074, 'Mailbox, unknown bits 131072'],
  ])('%s in words: %s', (roles, words) => {
    expect(rolesInWords(signs(roles))).toBe(words);
  });

  test('that are not given show no old Exchange where the version or the administrative group is of a later one', () => {
    expect(rolesInWords({ ...signs(undefined), serialNumber: 'Version 15.1 (Build 32507.6)' })).toBe('no roles set');
    const adminGroup = 'Exchange Administrative Group (FYDIBOHF23SPDLT)';
    expect(rolesInWords({ ...signs(undefined), adminGroup })).toBe('no roles set');
  });

  test.each([1, 2, 4, 16, 32, 64, 16_384, 38])('%i makes setup say "inconsistent state"', (roles) => {
    expect(raisesInconsistentState(roles)).toBe(true);
  });

  test.each([undefined, 0, 4096, 8192])('%s does not', (roles) => {
    expect(raisesInconsistentState(roles)).toBe(false);
  });

  test('a server is only provisioned when no role was installed since', () => {
    expect(isOnlyProvisioned(4096)).toBe(true);
    expect(isOnlyProvisioned(4096 | 2)).toBe(false);
  });
});

describe('a server in sentences', () => {
  const adminGroup = 'Exchange Administrative Group (FYDIBOHF23SPDLT)';
  test.each([
    [{ serialNumber: 'Version 14.3 (Build 30123.4)' }, 2, 'It is Exchange 2010 (14.3 build 30123.4). Roles: Mailbox.'],
    [{}, 4096, 'Its version is not known. Roles: provisioned.'],
    [{}, 0, 'Its version is not known, and it has no roles.'],
    [{ adminGroup }, undefined, 'Its version is not known.'],
    [
      { serialNumber: 'Version 6.5 (Build 7638.2: Service Pack 2)' },
      undefined,
      'It is Exchange 2003 (6.5 build 7638.2), which has no roles.',
    ],
    [
      {},
      undefined,
      'Its version is not known. It has no roles and is not in the administrative group of Exchange 2007 and later: it is treated as Exchange 2003 or older.',
    ],
  ])('%j with roles %s', (given, roles, words) => {
    expect(aboutInWords({ ...signs(roles), ...given })).toBe(words);
  });
});

describe('versions', () => {
  test.each([
    [1_937_997_947, 'Version 14.3 (Build 30123.4)', 'Exchange 2010', 'Exchange 2010 (14.3 build 30123.4)'],
    [7638, 'Version 6.5 (Build 7638.2: Service Pack 2)', 'Exchange 2003', 'Exchange 2003 (6.5 build 7638.2)'],
    [1_912_832_083, 'Version 8.3 (Build 30083.6)', 'Exchange 2007', 'Exchange 2007 (8.3 build 30083.6)'],
    [1_941_997_017, 'Version 15.0 (Build 31497.2)', 'Exchange 2013', 'Exchange 2013 (15.0 build 31497.2)'],
    [1_942_063_563, 'Version 15.1 (Build 32507.6)', 'Exchange 2016', 'Exchange 2016 (15.1 build 32507.6)'],
    [1_942_127_870, 'Version 15.2 (Build 30221.12)', 'Exchange 2019', 'Exchange 2019 (15.2 build 30221.12)'],
    [1_937_768_448, undefined, 'Exchange 2010', 'Exchange 2010'],
    [undefined, undefined, 'unknown', 'unknown'],
  ])('%s, %s is %s', (number, serial, product, words) => {
    expect(productName(number, serial)).toBe(product);
    expect(versionInWords(number, serial)).toBe(words);
  });
});

describe('a version number alone', () => {
  const packed = (major: number, minor: number, build: number): number =>
    7 * 2 ** 28 + major * 2 ** 22 + minor * 2 ** 16 + 0x8000 + build;

  test.each([
    [6499, 'Exchange 2000'],
    [7638, 'Exchange 2003'],
    [1_912_602_624, 'Exchange 2007'],
    [packed(8, 3, 83), 'Exchange 2007'],
    [1_937_768_448, 'Exchange 2010'],
    [packed(14, 3, 123), 'Exchange 2010'],
    [1_941_962_752, 'Exchange 2013'],
    [packed(15, 0, 1497), 'Exchange 2013'],
    [1_942_028_288, 'Exchange 2016'],
    [packed(15, 1, 2507), 'Exchange 2016'],
    [1_942_093_824, 'Exchange 2019'],
    [packed(15, 2, 1544), 'Exchange 2019'],
    [1_946_157_056, 'Exchange 2016'],
    [packed(9, 0, 1), 'unknown'],
  ])('%i is %s', (number, product) => {
    expect(productName(number, undefined)).toBe(product);
  });

  test('does not count where the serial number says it', () => {
    expect(productName(packed(15, 1, 2507), 'Version 15.2 (Build 30221.12)')).toBe('Exchange 2019');
  });
});

describe('the setup log', () => {
  const log = [
    "[11-20-2026 09:00:00.0001] [0] Setup will search for an Exchange Server object for the local machine with name 'OLD'.",
    "[11-20-2026 09:00:00.0002] [0] Exchange Server object found : 'CN=OLD,CN=Servers'.",
    "[11-20-2026 10:00:00.0001] [0] Setup will search for an Exchange Server object for the local machine with name 'EX04'.",
    "[11-20-2026 10:00:00.0002] [0] Exchange Server object found : 'CN=EX04,CN=Servers,CN=Büro'.",
    '[11-20-2026 10:00:01.0001] [1] [ERROR] The Exchange Server is in an inconsistent state.',
  ].join('\r\n');
  const utf16be = Buffer.from(`\uFEFF${log}`, 'utf16le').swap16();

  test.each([
    ['UTF-8', Buffer.from(log)],
    ['UTF-8 with BOM', Buffer.from(`\uFEFF${log}`)],
    ['UTF-16LE with BOM', Buffer.from(`\uFEFF${log}`, 'utf16le')],
    ['UTF-16LE', Buffer.from(log, 'utf16le')],
    ['UTF-16BE with BOM', utf16be],
  ])('is read in %s, and its last run counts', (_, bytes) => {
    expect(readSetupLog(bytes, 'x.log')).toEqual({
      installed: undefined,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      source: 'x.log',
      name: 'EX04',
      dn: 'CN=EX04,CN=Servers,CN=Büro',
      isInconsistentState: true,
    });
  });

  const run = (name: string, ...found: readonly string[]): readonly string[] => [
    `[1] Setup will search for an Exchange Server object for the local machine with name '${name}'.`,
    ...found,
  ];
  const found = (dn: string): string => `[1] Exchange Server object found : '${dn}'.`;
  const inconsistent = '[1] [ERROR] The Exchange Server is in an inconsistent state.';
  const read = (...lines: readonly string[]): unknown => readSetupLog(Buffer.from(lines.join('\r\n')), 'x.log');

  test('names no object that an earlier run found, and takes no state from one', () => {
    expect(read(...run('EX01', found('CN=EX01,CN=Servers'), inconsistent), ...run('EX02'))).toMatchObject({
      source: 'x.log',
      name: 'EX02',
      dn: undefined,
      isInconsistentState: false,
    });
  });

  test('is read from an excerpt that begins behind the search', () => {
    expect(read(found('CN=EX01,CN=Servers'), inconsistent)).toMatchObject({
      dn: 'CN=EX01,CN=Servers',
      isInconsistentState: true,
    });
  });

  test('that names what is no DN is reported by the name of the file', () => {
    expect(() => read(...run('EX01', found('EX01')))).toThrow(UsageError);
    expect(() => read(...run('EX01', found('EX01')))).toThrow(/x\.log: 'EX01'/);
  });
});

describe('the setup log of a machine that has Exchange', () => {
  const search = "[1] Setup will search for an Exchange Server object for the local machine with name 'EX01'.";
  const installed = (...lines: readonly string[]): unknown =>
    readSetupLog(Buffer.from([search, ...lines].join('\r\n')), 'x.log').installed;

  test.each([
    ['an update that failed', "[1] The installation mode is set to: 'BuildToBuildUpgrade'.", 'BuildToBuildUpgrade'],
    [
      'installed roles',
      '[1] The following roles are installed: MailboxRole ClientAccessRole AdminToolsRole',
      'MailboxRole',
    ],
  ])('is known by %s', (_, line, words) => {
    expect(installed(line)).toContain(words);
  });

  test.each([
    ['only the management tools', '[1] The following roles are installed: AdminToolsRole'],
    ['roles that are only unpacked', '[1] The following roles have been unpacked: MailboxRole ClientAccessRole'],
    ['a first install', "[1] The installation mode is set to: 'Install'."],
  ])('is not that of %s', (_, line) => {
    expect(installed(line)).toBeUndefined();
  });

  const start = '[0] Starting Microsoft Exchange Server 2016 Setup';
  const end = '[0] End of Setup';
  const update = "[0] The installation mode is set to: 'BuildToBuildUpgrade'.";
  const first = "[0] The installation mode is set to: 'Install'.";
  const roles = '[0] The following roles are installed: MailboxRole';
  const of = (...lines: readonly string[]): unknown => readSetupLog(Buffer.from(lines.join('\r\n')), 'x.log').installed;

  test.each([
    ['its mode before the search', [update, search]],
    ['its roles before the search', [roles, search]],
    ['its mode before the search, in the last of several runs', [start, first, search, end, start, update, search]],
    ['its mode between two searches of one run', [start, search, update, search, end]],
    ['its mode before the search, in excerpts of two runs', [first, search, update, search]],
    ['a later run that searched for nothing', [start, update, search, end, start, end]],
  ])('is known with %s', (_, lines) => {
    expect(of(...lines)).toBeDefined();
  });

  test.each([
    ['an earlier run', [start, update, search, end, start, first, search]],
    ['an earlier run that does not say where it ends', [start, roles, search, start, search]],
    ['the earlier of two excerpts, whose mode is behind the search', [search, update, search, first]],
    ['the earlier of two excerpts, of which the later has no mode', [search, update, search]],
    ['the earlier of two excerpts, whose mode is before the search', [update, search, first, search]],
  ])('is not known by %s', (_, lines) => {
    expect(of(...lines)).toBeUndefined();
  });
});

test("an apostrophe in the DN of the setup log is part of the name, up to the line's last one", () => {
  const dn = "CN=EX01,CN=Servers,CN=O'Hara's group,CN=Services";
  const text = `[1] Exchange Server object found : '${dn}'.\r\n[2] The computer 'EX01' is next.`;
  expect(readSetupLog(Buffer.from(text), 'x.log').dn).toBe(dn);
});

describe('setup has the switches of its version', () => {
  const commandOf = (serialNumber: string): string =>
    setupCommand(releaseOf({ versionNumber: undefined, serialNumber }), '/m:RecoverServer');

  test.each([
    ['Version 8.3 (Build 30083.6)', '.\\Setup.com /m:RecoverServer'],
    ['Version 14.3 (Build 30123.4)', '.\\Setup.com /m:RecoverServer'],
    ['Version 15.0 (Build 31497.2)', '.\\Setup.exe /m:RecoverServer /IAcceptExchangeServerLicenseTerms'],
    ['Version 15.1 (Build 32308.8)', '.\\Setup.exe /m:RecoverServer /IAcceptExchangeServerLicenseTerms'],
    [
      'Version 15.1 (Build 32375.7)',
      '.\\Setup.exe /m:RecoverServer /IAcceptExchangeServerLicenseTerms_DiagnosticDataOFF',
    ],
    ['Version 15.2 (Build 30922.7)', '.\\Setup.exe /m:RecoverServer /IAcceptExchangeServerLicenseTerms'],
    [
      'Version 15.2 (Build 30986.5)',
      '.\\Setup.exe /m:RecoverServer /IAcceptExchangeServerLicenseTerms_DiagnosticDataOFF',
    ],
    [
      'Version 15.2 (Build 32562.17)',
      '.\\Setup.exe /m:RecoverServer /IAcceptExchangeServerLicenseTerms_DiagnosticDataOFF',
    ],
  ])('%s', (serial, command) => {
    expect(commandOf(serial)).toBe(command);
  });

  test('from build 15.2.2562 on it is Exchange Server SE', () => {
    expect(productName(undefined, 'Version 15.2 (Build 32562.17)')).toBe('Exchange Server SE');
    expect(productName(1_942_093_824 + 0x8000 + 2562, undefined)).toBe('Exchange Server SE');
    expect(productName(undefined, 'Version 15.2 (Build 31748.10)')).toBe('Exchange 2019');
  });
});
