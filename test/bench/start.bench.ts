/** How soon the command answers. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { freshFolder } from '../support/fresh-folder.ts';
import { openPractice } from '../terminal/support/practice.ts';
import { startInTerminal } from '../terminal/support/terminal-session.ts';
import { measure, measureOurs } from './support/child.ts';
import { duel, median } from './support/duel.ts';
import { scoreboard } from './support/scoreboard.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const bin = path.join(repository, 'bin', 'adsi-remedy.js');

const board = scoreboard('Start-up');

afterAll(() => board.print());

test('--help takes hardly longer than Node itself', async () => {
  const result = await duel(60, async () => {
    const peer = await measure(process.execPath, ['-e', '0']);
    const ours = await measureOurs(['--help']);
    return { ours: ours.seconds, peer: peer.seconds };
  });
  board.ratio('--help against node -e 0', result, 1.1);
  expect(result.ours).toBeLessThan(1);
});

test('the first question of a wizard on the practice site comes within a second', async () => {
  const seconds: number[] = [];
  const { site, session } = await openPractice(process.execPath);
  session.press('ctrl-c');
  await session.exit;
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now();
    const again = startInTerminal({ command: [process.execPath, bin, 'tombstone'], cwd: site });
    await again.waitFor('? ');
    seconds.push((performance.now() - started) / 1000);
    again.press('ctrl-c');
    await again.exit;
  }
  board.bound('the first screen of a wizard', median(seconds), 1, ' s');
});

test('npx of the package takes hardly longer than npx of an empty one with the same dependencies', async () => {
  const folder = await freshFolder();
  const ours = packed(repository, folder);
  const { dependencies } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8'));
  const bare = path.join(folder, 'bare');
  mkdirSync(bare);
  const manifest = { name: 'bare', version: '1.0.0', bin: { bare: 'bare.js' }, dependencies };
  writeFileSync(path.join(bare, 'package.json'), JSON.stringify(manifest));
  writeFileSync(path.join(bare, 'bare.js'), '#!/usr/bin/env node\n');
  const peer = packed(bare, folder);
  const cache = path.join(folder, 'cache');
  /** With all that the registry gives in the cache, and nothing installed yet. */
  const npx = async (tarball: string, ...command: readonly string[]) => {
    rmSync(path.join(cache, '_npx'), { recursive: true, force: true });
    return measure('npx', ['--yes', '--prefer-offline', '--cache', cache, '--package', tarball, ...command]);
  };
  await npx(peer, 'bare');
  await npx(ours, 'adsi-remedy', '--help');
  const result = await duel(5, async () => ({
    peer: (await npx(peer, 'bare')).seconds,
    ours: (await npx(ours, 'adsi-remedy', '--help')).seconds,
  }));
  board.bound('npx with a warm cache, above an empty package', result.ours - result.peer, 1, ' s');
});

/** The tarball of a package. */
function packed(of: string, into: string): string {
  const { stdout, stderr, status } = spawnSync('npm', ['pack', '--json', '--pack-destination', into], {
    cwd: of,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm pack ended with ${status}: ${stderr}`);
  const [name = ''] = /[\w.-]+\.tgz/.exec(stdout) ?? [];
  return path.join(into, name);
}
