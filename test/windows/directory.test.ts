import { randomUUID } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openPracticeForest, type PracticeForest } from '../../src/embedded/forest.ts';
import { administrator } from '../../src/embedded/visibility.ts';
import { describeWithSamba } from '../ad/lab/describe-with-samba.ts';
import type { DomainController } from '../ad/lab/domain-controller.ts';
import { startOneDomainController } from '../ad/lab/one-dc.ts';
import { contoso, withoutBlockers } from '../ad/scenario/contoso.ts';
import { directoryService } from '../ad/scenario/directory-service.ts';
import { startDnsServer } from '../support/dns-server.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { type ServedForest, served } from '../support/ldap-server/served-forest.ts';
import { nodes } from './support/install-windows.ts';
import { describeOnWindows, type WindowsComputer, windowsComputer } from './support/wine.ts';

const templates = new URL('../../templates/', import.meta.url);
const dc = 'dc1.corp.example.com';

/**
 * The practice forest on a port of this computer: what is written is asked for in the forest itself. Its other DCs are
 * not found: where no DNS server answers, Windows waits long for one.
 */
async function practiceForest(): Promise<{ forest: PracticeForest & ServedForest; reached: readonly string[] }> {
  const forest = await openPracticeForest(await freshFolder(), templates, () => new Date(), randomUUID);
  const withPort = served(forest, [{ name: 'Administrator', password: 'S3cret', access: administrator }]);
  const { port, close } = await withPort.listen(dc);
  onTestFinished(close);
  const dns = await startDnsServer({});
  return { forest: withPort, reached: ['--server', `127.0.0.1:${port}`, '--tls', 'none', '--dns', dns] };
}

const ldifOf = (forest: PracticeForest): string =>
  [...forest.toLdif()].join('').replaceAll('\r', '').replaceAll('\n ', '');

// The directory is not the same for both, and takes long: each Node has its own.
const [oldest, newest] = [nodes.slice(0, 1), nodes.slice(-1)];

const ofPracticeForest = (node: string): void => {
  let computer: WindowsComputer;

  beforeAll(async () => {
    computer = await windowsComputer(node);
  });
  afterAll(() => computer?.clear());

  const run = (reached: readonly string[], ...args: readonly string[]) =>
    computer.run([...args, ...reached, '--user', 'Administrator@corp.example.com'], {
      env: { ADSI_REMEDY_PASSWORD: 'S3cret' },
    });

  test('the tombstone lifetime is planned, saved, applied and undone', async () => {
    const { forest, reached } = await practiceForest();
    const accepted = ['--accept', 'past-lifetime'];
    const shorterAgain = ['--accept', 'below-recommended', '--accept', 'past-new-lifetime'];
    expect(ldifOf(forest)).not.toMatch(/^tombstoneLifetime:/m);
    const saving = await run(reached, 'tombstone', '--days', '180', '--save', 'tombstone', ...accepted);
    expect(saving, saving.stderr).toMatchObject({ status: 2 });
    const applied = await run(reached, 'apply', 'tombstone', ...accepted);
    expect(applied.stdout).toContain('180');
    expect(ldifOf(forest)).toMatch(/^tombstoneLifetime: 180$/m);
    const undone = await run(reached, 'undo', 'tombstone', '--yes', ...shorterAgain);
    expect(undone, undone.stderr).toMatchObject({ status: 0 });
    expect(ldifOf(forest)).not.toMatch(/^tombstoneLifetime:/m);
  });

  test('an orphan is planned, which changes nothing, deleted and brought back', async () => {
    const { forest, reached } = await practiceForest();
    const orphan = /^dn: CN=EX04,CN=Servers,/m;
    const accepted = ['owned-databases', 'replication-past-lifetime', 'send-connector-source'].flatMap((id) => [
      '--accept',
      id,
    ]);
    const before = ldifOf(forest);
    expect(before).toMatch(orphan);
    const planned = await run(reached, 'orphan', '--name', 'EX04', '--save', 'orphan', ...accepted);
    expect(planned, planned.stderr).toMatchObject({ status: 2 });
    expect(planned.stdout).toContain('11 deleted');
    expect(ldifOf(forest)).toBe(before);
    const applied = await run(reached, 'apply', 'orphan', '--confirm', 'EX04');
    expect(applied, applied.stderr).toMatchObject({ status: 0 });
    expect(ldifOf(forest)).not.toMatch(orphan);
    const undone = await run(reached, 'undo', 'orphan', '--yes');
    expect(undone, undone.stderr).toMatchObject({ status: 0 });
    expect(ldifOf(forest)).toMatch(orphan);
  });
};
describeOnWindows('a directory, from Windows', ofPracticeForest, { among: oldest });

describeWithSamba('Samba’s directory, from Windows', () => {
  const scene = contoso({ now: new Date() });
  const { orphan } = scene;
  const accepted = ['owned-databases', 'send-connector-source', 'expansion-server'].flatMap((id) => ['--accept', id]);
  let dc: DomainController;

  beforeAll(async () => {
    dc = await startOneDomainController({ changes: [...scene.changes, ...withoutBlockers(scene)] });
  });
  afterAll(() => dc?.stop());

  const overLdaps = (node: string): void => {
    let computer: WindowsComputer;

    beforeAll(async () => {
      computer = await windowsComputer(node);
      await copyFile(dc.caFile, path.join(computer.driveC, 'work', 'ca.pem'));
    });
    afterAll(() => computer?.clear());

    const run = async (...args: readonly string[]) => {
      const dns = await startDnsServer({ addresses: { [dc.host]: dc.address } });
      const reached = ['--server', dc.address, '--ca', 'ca.pem', '--dns', dns, '--user', dc.adminUser];
      return computer.run([...args, ...reached], { env: { ADSI_REMEDY_PASSWORD: dc.adminPassword } });
    };

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
  };
  describeOnWindows('over LDAPS', overLdaps, { among: newest });
});
