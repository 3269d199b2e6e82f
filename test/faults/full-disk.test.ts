import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { run as apply } from '../../src/commands/apply.ts';
import { freshFolder, snapshot, type Tree, writeTree } from '../support/fresh-folder.ts';
import { labels } from '../support/remedy-commands.ts';
import { runCommand } from '../support/run-command.ts';

const mount = (folder: string): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
const unmount = (folder: string): boolean => spawnSync('umount', [folder]).status === 0;

/** Whether this user may mount a small disk to fill. */
const mayMount = await (async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-mount-'));
  const can = mount(folder) && unmount(folder);
  await rm(folder, { recursive: true });
  return can;
})();

const content = (label: string): string => `L_UserName_Text="${label}"\r\n${'; some more text\r\n'.repeat(2000)}`;
const names = Array.from({ length: 12 }, (_, index) => `l${index}`);
const forms = (label: string): Tree => ({
  HTML: { nls: Object.fromEntries(names.map((name) => [name, { 'strings.txt': content(label) }])) },
});

describe.skipIf(!mayMount)('a full disk (needs the right to mount one)', () => {
  let home: string;
  let disk: string;

  beforeEach(async () => {
    home = await freshFolder();
    disk = path.join(home, 'disk');
    await mkdir(disk);
    expect(mount(disk)).toBe(true);
    onTestFinished(() => {
      expect(unmount(disk)).toBe(true);
    });
  });

  /** Fills the disk; gives a function that frees it. */
  async function fill(): Promise<() => Promise<void>> {
    const filler = path.join(disk, 'filler');
    await writeFile(filler, Buffer.alloc(2_000_000)).catch((error: NodeJS.ErrnoException) => {
      expect(error.code).toBe('ENOSPC');
    });
    return () => rm(filler);
  }

  const run = (command: typeof labels, args: readonly string[]) => runCommand(command, args, { currentFolder: home });

  async function saved(set: string, folder: string): Promise<{ before: object; after: object }> {
    await writeTree(set, forms('Domain\\user name:'));
    const before = await snapshot(set);
    await writeTree(path.join(home, 'reference'), forms('E-mail address:'));
    const after = await snapshot(path.join(home, 'reference'));
    const args = ['--root', set, '--text', 'E-mail address:', '--save', folder];
    expect((await run(labels, args)).status).toBe(2);
    return { before, after };
  }

  test('under the form sets leaves every file as it was, and no temporary file; with room again, all is done', async () => {
    const set = path.join(disk, 'Exchange');
    const { before, after } = await saved(set, 'saved');
    const free = await fill();
    const first = await run(apply, ['saved']);
    expect(first.stdout).toContain('the disk is full (ENOSPC)');
    expect(first.status).toBe(1);
    expect(await snapshot(set)).toEqual(before);
    await free();
    expect((await run(apply, ['saved'])).status).toBe(0);
    expect(await snapshot(set)).toEqual(after);
  });

  test('under the change folder leaves every file as it was: nothing is changed without backup and journal', async () => {
    const set = path.join(home, 'Exchange');
    const folder = path.join(disk, 'saved');
    const { before, after } = await saved(set, folder);
    const free = await fill();
    const first = await run(apply, [folder]);
    expect(first.stdout + first.stderr).toContain('the disk is full (ENOSPC)');
    expect(first.status).toBe(1);
    expect(await snapshot(set)).toEqual(before);
    await free();
    expect((await run(apply, [folder])).status).toBe(0);
    expect(await snapshot(set)).toEqual(after);
  });

  test('gets no change folder: what was begun is removed', async () => {
    const set = path.join(home, 'Exchange');
    await writeTree(set, forms('Domain\\user name:'));
    const free = await fill();
    const { status, stderr } = await run(labels, ['--root', set, '--text', 'a', '--save', path.join(disk, 'saved')]);
    expect(stderr).toContain('the disk is full (ENOSPC)');
    expect(status).toBe(1);
    await free();
    expect(await snapshot(disk)).toEqual({});
  });
});
