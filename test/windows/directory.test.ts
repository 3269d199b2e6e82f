import { randomUUID } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openPracticeForest, type PracticeForest } from '../../src/embedded/practice-forest.ts';
import { administrator } from '../../src/embedded/view.ts';
import { describeWithSamba } from '../ad/lab/describe-with-samba.ts';
import type { DomainController } from '../ad/lab/domain-controller.ts';
import { startOneDomainController } from '../ad/lab/one-dc.ts';
import { contoso, withoutBlockers } from '../ad/scenario/contoso.ts';
import { directoryService } from '../ad/scenario/directory-service.ts';
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

describeWithSamba('Samba’s directory, from Windows', () => {
  const scene = contoso({ now: new Date() });
  const { orphan } = scene;
  const accepted = ['owned-databases', 'send-connector-source', 'expansion-server'].flatMap((id) => ['--accept', id]);
  let dc: DomainController;

  beforeAll(async () => {
    dc = await startOneDomainController({ changes: [...scene.changes, ...withoutBlockers(scene)] });
  });
  afterAll(() => dc?.stop());

  describeOnWindows('over LDAPS', (node) => {
    let computer: WindowsComputer;

    beforeAll(async () => {
      computer = await windowsComputer(node);
      await copyFile(dc.caFile, path.join(computer.driveC, 'work', 'ca.pem'));
    });
    afterAll(() => computer?.clear());

    const run = (...args: readonly string[]) =>
      computer.run([...args, '--server', dc.address, '--ca', 'ca.pem', '--user', dc.adminUser], {
        env: { ADSI_REMEDY_PASSWORD: dc.adminPassword },
      });

    test('the tombstone lifetime is changed and changed back', async () => {
      const lifetime = async (): Promise<string | undefined> => {
        const [entry] = await dc.ldapsearch(['-b', directoryService, '-s', 'base', 'tombstoneLifetime']);
        return entry?.text('tombstoneLifetime');
      };
      const before = await lifetime();
      const done = await run('tombstone', '--days', '365', '--save', 'tombstone');
      expect(done, done.stderr).toMatchObject({ status: 2 });
      expect(await run('apply', 'tombstone')).toMatchObject({ status: 0 });
      expect(await lifetime()).toBe('365');
      expect(await run('undo', 'tombstone', '--yes')).toMatchObject({ status: 0 });
      expect(await lifetime()).toBe(before);
    });

    test('an orphan is deleted and brought back', async () => {
      const saved = await run('orphan', '--name', orphan.name, '--save', 'orphan', ...accepted);
      expect(saved, saved.stderr).toMatchObject({ status: 2 });
      expect(await dc.exists(orphan.dn)).toBe(true);
      const applied = await run('apply', 'orphan', '--confirm', orphan.name);
      expect(applied, applied.stdout).toMatchObject({ status: 0 });
      expect(await dc.exists(orphan.dn)).toBe(false);
      const undone = await run('undo', 'orphan', '--yes');
      expect(undone, undone.stdout).toMatchObject({ status: 0 });
      expect(await dc.exists(orphan.dn)).toBe(true);
    });
  });
});
