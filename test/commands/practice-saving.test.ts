/** When the practice forest is saved: on close, at the end of the process and at Ctrl-C, not after each write. */

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run as apply } from '../../src/commands/apply.ts';
import type { Context } from '../../src/commands/context.ts';
import { openPracticeDirectory, practiceMark } from '../../src/commands/directory.ts';
import { directoryService } from '../embedded/support.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { need } from '../support/on-windows.ts';
import { remedyCommand } from '../support/remedy-commands.ts';
import { runCommand } from '../support/run-command.ts';

const templates = new URL('../../templates/', import.meta.url);
const built = new URL('../../dist/commands/directory.js', import.meta.url);
const lifetime = [{ attribute: 'tombstoneLifetime', replace: [Buffer.from('180')] }];

const saved = (folder: string): Promise<string> => readFile(path.join(folder, 'directory', 'forest.ldif'), 'utf8');

/** A process that changes the practice forest in a folder and then does what the code says. */
function changing(folder: string, then: string) {
  const code = `
    const { openPracticeDirectory } = await import(${JSON.stringify(built.href)});
    const context = { templates: new URL(${JSON.stringify(templates.href)}), now: () => new Date(), randomId: () => crypto.randomUUID() };
    const { session } = await openPracticeDirectory(${JSON.stringify(folder)}, context);
    await session.modify(${JSON.stringify(directoryService)}, [{ attribute: 'tombstoneLifetime', replace: [Buffer.from('180')] }]);
    ${then}`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('the practice forest is saved when it is closed, and not before', async () => {
  const folder = await freshFolder();
  const context = { templates, now: () => new Date(), randomId: randomUUID } as unknown as Context;
  const listeners = process.listenerCount('SIGINT');
  const directory = await openPracticeDirectory(folder, context);
  await directory.session.modify(directoryService, lifetime);
  expect(await readdir(folder)).toEqual([]);
  await directory.close();
  expect(await saved(folder)).toContain('tombstoneLifetime: 180');
  expect(process.listenerCount('SIGINT')).toBe(listeners);
});

test('the practice forest is saved at Ctrl-C, which still ends the process', async () => {
  need('signals');
  const folder = await freshFolder();
  const child = changing(folder, "setInterval(() => {}, 1000); console.log('changed');");
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([null, 'SIGINT']);
  expect(await saved(folder)).toContain('tombstoneLifetime: 180');
});

test('of several practice forests that are open each is saved at Ctrl-C, with one listener for all', async () => {
  need('signals');
  const [folder, other] = [await freshFolder(), await freshFolder()];
  const openOther = `
    const other = await openPracticeDirectory(${JSON.stringify(other)}, context);
    await other.session.modify(${JSON.stringify(directoryService)}, [{ attribute: 'tombstoneLifetime', replace: [Buffer.from('90')] }]);
    console.log(process.listenerCount('SIGINT'));
    setInterval(() => {}, 1000);`;
  const child = changing(folder, openOther);
  const [told] = await once(child.stdout, 'data');
  expect(String(told)).toBe('1\n');
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([null, 'SIGINT']);
  expect(await saved(folder)).toContain('tombstoneLifetime: 180');
  expect(await saved(other)).toContain('tombstoneLifetime: 90');
});

test('the practice forest is saved when the process ends without closing it', async () => {
  const folder = await freshFolder();
  expect(await once(changing(folder, 'process.exit(7);'), 'exit')).toEqual([7, null]);
  expect(await saved(folder)).toContain('tombstoneLifetime: 180');
});

test('a plan that was saved on the practice site is applied later: the forest is kept as it was planned on', async () => {
  const folder = await freshFolder();
  await writeFile(path.join(folder, practiceMark), '');
  const at = (now: string) => ({ currentFolder: folder, templates, now: () => new Date(now), randomId: randomUUID });
  const planned = at('2026-11-22T09:00:00Z');
  const directory = () => openPracticeDirectory(folder, planned as unknown as Context);
  const args = ['--dc', 'DC0', '--save', 'change'];
  expect((await runCommand(remedyCommand('metadata'), args, { ...planned, directory })).status).toBe(2);
  const later = at('2026-11-22T10:00:00Z');
  expect((await runCommand(apply, ['change', '--yes', '--confirm', 'DC0'], later)).status).toBe(0);
});
