import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openPracticeForest, type PracticeForest } from '../../src/embedded/practice-forest.ts';
import { administrator } from '../../src/embedded/view.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { type ServedForest, served } from '../support/ldap-server/served-forest.ts';
import { describeOnWindows, type WindowsComputer, windowsComputer } from './support/wine.ts';

const templates = new URL('../../templates/', import.meta.url);
const dc = 'dc1.corp.example.com';

/** The practice forest on a port of this computer: what is written is asked for in the forest itself. */
async function practiceForest(): Promise<{ forest: PracticeForest & ServedForest; server: string }> {
  const forest = await openPracticeForest(await freshFolder(), templates, () => new Date(), randomUUID);
  const withPort = served(forest, [{ name: 'Administrator', password: 'S3cret', access: administrator }]);
  const { port, close } = await withPort.listen(dc);
  onTestFinished(close);
  return { forest: withPort, server: `127.0.0.1:${port}` };
}

const ldifOf = (forest: PracticeForest): string =>
  [...forest.toLdif()].join('').replaceAll('\r', '').replaceAll('\n ', '');

describeOnWindows('a directory, from Windows', (node) => {
  let computer: WindowsComputer;

  beforeAll(async () => {
    computer = await windowsComputer(node);
  });
  afterAll(() => computer?.clear());

  const run = (server: string, ...args: readonly string[]) =>
    computer.run(
      [
        ...args,
        '--server',
        server,
        '--dns',
        '127.0.0.1:1',
        '--tls',
        'none',
        '--user',
        'Administrator@corp.example.com',
      ],
      { env: { ADSI_REMEDY_PASSWORD: 'S3cret' } },
    );

  test('the tombstone lifetime is planned, saved and applied', async () => {
    const { forest, server } = await practiceForest();
    const accepted = ['--accept', 'past-lifetime'];
    expect(ldifOf(forest)).not.toMatch(/^tombstoneLifetime:/m);
    const saving = await run(server, 'tombstone', '--days', '180', '--save', 'tombstone', ...accepted);
    expect(saving, saving.stderr).toMatchObject({ status: 2 });
    const applied = await run(server, 'apply', 'tombstone', ...accepted);
    expect(applied.stdout).toContain('180');
    expect(ldifOf(forest)).toMatch(/^tombstoneLifetime: 180$/m);
  });

  test('an orphan is planned, and a dry run changes nothing', async () => {
    const { forest, server } = await practiceForest();
    const before = ldifOf(forest);
    expect(before).toMatch(/^dn: CN=EX04,CN=Servers,/m);
    const { status, stdout } = await run(server, 'orphan', '--name', 'EX04', '--dry-run');
    expect(status).toBe(2);
    expect(stdout).toContain('11 deleted');
    expect(ldifOf(forest)).toBe(before);
  });
});
