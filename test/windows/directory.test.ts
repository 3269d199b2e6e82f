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

  test('the tombstone lifetime is planned, saved, applied and undone', async () => {
    const { forest, server } = await practiceForest();
    const accepted = ['--accept', 'past-lifetime'];
    const shorterAgain = ['--accept', 'below-recommended', '--accept', 'past-new-lifetime'];
    expect(ldifOf(forest)).not.toMatch(/^tombstoneLifetime:/m);
    const saving = await run(server, 'tombstone', '--days', '180', '--save', 'tombstone', ...accepted);
    expect(saving, saving.stderr).toMatchObject({ status: 2 });
    const applied = await run(server, 'apply', 'tombstone', ...accepted);
    expect(applied.stdout).toContain('180');
    expect(ldifOf(forest)).toMatch(/^tombstoneLifetime: 180$/m);
    const undone = await run(server, 'undo', 'tombstone', '--yes', ...shorterAgain);
    expect(undone, undone.stderr).toMatchObject({ status: 0 });
    expect(ldifOf(forest)).not.toMatch(/^tombstoneLifetime:/m);
  });

  test('an orphan is planned, which changes nothing, deleted and brought back', async () => {
    const { forest, server } = await practiceForest();
    const orphan = /^dn: CN=EX04,CN=Servers,/m;
    const accepted = ['owned-databases', 'replication-past-lifetime', 'send-connector-source'].flatMap((id) => [
      '--accept',
      id,
    ]);
    const before = ldifOf(forest);
    expect(before).toMatch(orphan);
    const planned = await run(server, 'orphan', '--name', 'EX04', '--save', 'orphan', ...accepted);
    expect(planned, planned.stderr).toMatchObject({ status: 2 });
    expect(planned.stdout).toContain('11 deleted');
    expect(ldifOf(forest)).toBe(before);
    const applied = await run(server, 'apply', 'orphan', '--confirm', 'EX04');
    expect(applied, applied.stderr).toMatchObject({ status: 0 });
    expect(ldifOf(forest)).not.toMatch(orphan);
    const undone = await run(server, 'undo', 'orphan', '--yes');
    expect(undone, undone.stderr).toMatchObject({ status: 0 });
    expect(ldifOf(forest)).toMatch(orphan);
  });
});
