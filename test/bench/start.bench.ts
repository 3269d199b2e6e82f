/** How soon the command answers. */

import { afterAll, expect, test } from 'vitest';
import { measure, measureOurs } from './support/child.ts';
import { duel } from './support/duel.ts';
import { scoreboard } from './support/scoreboard.ts';

const board = scoreboard('Start-up');

afterAll(() => board.print());

test('--help takes hardly longer than Node itself', async () => {
  const result = await duel(60, async () => {
    const peer = await measure(process.execPath, ['-e', '0']);
    const ours = await measureOurs(['--help']);
    return { ours: ours.seconds, peer: peer.seconds };
  });
  board.ratio('--help against node -e 0', result, 1.15);
  expect(result.ours).toBeLessThan(1);
});
