/**
 * The labels remedy on ten thousand files: 200 array members with a form set in 50 languages each, half of the files
 * in UTF-16. Everything lies on the file system of the folder for temporary files.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { type Measured, measure, measureOurs } from './support/child.ts';
import { duel } from './support/duel.ts';
import { type Fleet, layOutFleet, type Tally, tally } from './support/form-set-fleet.ts';
import { scoreboard } from './support/scoreboard.ts';
import { isInstalled, sedScript, streamEditors } from './support/stream-editors.ts';

const manyMembers = 200;
const fewMembers = 20;
const megabytesAtMost = 150;
const growthAtMost = 1.25;
/** What apply does at a time. */
const parallel = 32;

const changesToMake = 2;
const board = scoreboard('Labels: 200 members × 50 languages, 10,000 files');
const folder = mkdtempSync(path.join(tmpdir(), 'adsi-remedy-bench-'));
/** Bytes as they are: the peers are faster with it, and damage less. */
const bytesOnly = { LC_ALL: 'C' };

afterAll(() => {
  board.print();
  rmSync(folder, { recursive: true });
});

/** A tree of its own for each use: what was deleted shortly before makes a file system slower. */
let trees = 0;
function freshFleet(members: number, alike = true): Fleet {
  trees += 1;
  return layOutFleet(path.join(folder, String(trees)), members, alike);
}

/** Has the disk write what is waiting, so that it does not fall to the next to be measured. */
async function settle(): Promise<void> {
  await measure('sync', []);
}

function rootFlags(fleet: Fleet): readonly string[] {
  return fleet.roots.flatMap((root) => ['--root', root]);
}

function dryRun(fleet: Fleet) {
  return measureOurs(['labels', ...rootFlags(fleet), '--label', 'email', '--dry-run'], {
    statuses: [changesToMake],
    memory: true,
  });
}

/** One sed over all files, which can give them one text only. */
function sedOverAll(fleet: Fleet) {
  const top = path.dirname(fleet.roots[0] ?? '');
  const script = 'find "$1" -name strings.txt -print0 | xargs -0 sed -i "$2"';
  return measure('sh', ['-c', script, 'sh', top, sedScript('E-mail address:')], { env: bytesOnly });
}

async function saved(fleet: Fleet): Promise<string> {
  trees += 1;
  const change = path.join(folder, String(trees));
  await measureOurs(['labels', ...rootFlags(fleet), '--label', 'email', '--save', change], {
    statuses: [changesToMake],
  });
  return change;
}

function apply(change: string) {
  return measureOurs(['apply', change, '--yes'], { memory: true });
}

function bareReplace(fleet: Fleet) {
  trees += 1;
  const list = path.join(folder, `${trees}.txt`);
  const bytes = fleet.files.reduce((sum, file) => sum + file.before().length, 0);
  writeFileSync(list, fleet.files.map((file) => file.path).join('\n'));
  const script = fileURLToPath(new URL('support/bare-replace.mjs', import.meta.url));
  return measure(process.execPath, [script, list, String(parallel), String(Math.round(bytes / fleet.files.length))]);
}

function judgeMemory(what: string, many: readonly number[], few: readonly number[]): void {
  const most = Math.max(...many);
  board.bound(`${what}: peak memory`, most, megabytesAtMost, ' MB');
  const growth = most / Math.max(...few);
  board.bound(`${what}: peak memory against that of 1,000 files`, growth, growthAtMost, '');
}

describe('a dry run', () => {
  test('is no slower than sed -i', async () => {
    const fleet = freshFleet(manyMembers);
    const copy = freshFleet(manyMembers);
    const few = freshFleet(fewMembers);
    const peaks: number[] = [];
    const result = await duel(7, async () => {
      await settle();
      const peer = await sedOverAll(copy);
      await settle();
      const ours = await dryRun(fleet);
      peaks.push(ours.peakMegabytes ?? Number.NaN);
      return { ours: ours.seconds, peer: peer.seconds };
    });
    board.ratio('dry run against sed -i', result, 1);
    const peaksOfFew = [];
    for (let round = 0; round < 3; round += 1) peaksOfFew.push((await dryRun(few)).peakMegabytes ?? Number.NaN);
    judgeMemory('dry run', peaks, peaksOfFew);
  });

  test('takes at most one and a half times the time of sed -i where no two files are alike', async () => {
    const fleet = freshFleet(manyMembers, false);
    const copy = freshFleet(manyMembers, false);
    const result = await duel(5, async () => {
      await settle();
      const peer = await sedOverAll(copy);
      await settle();
      const ours = await dryRun(fleet);
      return { ours: ours.seconds, peer: peer.seconds };
    });
    board.ratio('dry run against sed -i, no two files alike', result, 1.5);
  });
});

describe('applying', () => {
  test('takes at most twice the time of bare write, sync and rename', async () => {
    const peaks: number[] = [];
    const result = await duel(4, async (round) => {
      const fleet = freshFleet(manyMembers);
      const change = await saved(fleet);
      const copy = freshFleet(manyMembers);
      const byPeer = async (): Promise<Measured> => {
        await settle();
        return bareReplace(copy);
      };
      const byUs = async (): Promise<Measured> => {
        await settle();
        return apply(change);
      };
      // In turn the one and the other comes first: file systems make new files more slowly where many were just deleted,
      // and who comes second meets what the first has deleted.
      const early = round % 2 === 0 ? await byPeer() : undefined;
      const ours = await byUs();
      const peer = early ?? (await byPeer());
      peaks.push(ours.peakMegabytes ?? Number.NaN);
      expect(reportTally('adsi-remedy', fleet).right).toBe(fleet.files.length);
      return { ours: ours.seconds, peer: peer.seconds };
    });
    board.ratio('apply against bare write, sync and rename', result, 2);
    const few = await apply(await saved(freshFleet(fewMembers)));
    judgeMemory('apply', peaks, [few.peakMegabytes ?? Number.NaN]);
  });
});

const reported = new Set<string>();

/** Reports what became of the files. */
function reportTally(who: string, fleet: Fleet): Tally {
  const found = tally(fleet);
  const { right, unchanged, damaged } = found;
  const line = `${right} files right to the byte, ${unchanged} not changed, ${damaged} damaged`;
  if (!reported.has(who + line)) board.remark(`${who}: result`, line);
  reported.add(who + line);
  return found;
}

describe('the peers', () => {
  for (const editor of streamEditors) {
    test.skipIf(!isInstalled(editor))(`${editor.name}, once a language with its own text, is counted`, async () => {
      const fleet = freshFleet(manyMembers);
      for (const [language, label] of fleet.labelOf) {
        const files = fleet.files.filter((file) => file.language === language).map((file) => file.path);
        const [command, args] = editor.command(label, files);
        await measure(command, args, { env: bytesOnly });
      }
      const { right, unchanged, damaged } = reportTally(editor.name, fleet);
      expect(right + unchanged + damaged).toBe(fleet.files.length);
    });
  }
});
