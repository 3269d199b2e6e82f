import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  applyFlags,
  deadlineFlags,
  decisionFlags,
  directoryFlags,
  outputFlags,
  showFlags,
  undoFlags,
} from '../src/commands/command-flags.ts';
import type { FlagTable } from '../src/flags.ts';
import { remedies } from '../src/remedies/index.ts';
import { withTables } from './support/readme-tables.ts';

const readme = new URL('../README.md', import.meta.url);

/** Those of a table that are in none of the others. */
function without(table: FlagTable, ...others: readonly FlagTable[]): FlagTable {
  const known = new Set(others.flatMap((other) => Object.keys(other)));
  return Object.fromEntries(Object.entries(table).filter(([name]) => !known.has(name)));
}

async function tables(): Promise<ReadonlyMap<string, FlagTable>> {
  const own = await Promise.all(remedies.map(async ({ name, flags }) => [name, await flags()] as const));
  const common = { ...decisionFlags, ...deadlineFlags, ...outputFlags };
  const saved = { ...showFlags, ...applyFlags, ...undoFlags };
  return new Map<string, FlagTable>([
    ['common', common],
    ['directory', directoryFlags],
    ['saved', without(saved, common, directoryFlags)],
    ...own,
  ]);
}

test('the README has the flag table of every remedy and command (UPDATE_README=1 draws them anew)', async () => {
  const text = await readFile(readme, 'utf8');
  const drawn = withTables(text, await tables());
  if (process.env['UPDATE_README'] === '1') await writeFile(readme, drawn);
  else expect(text).toBe(drawn);
  const marks = [...drawn.matchAll(/<!-- flags (\S+) -->/g)].map(([, name]) => name);
  expect(marks).toEqual(expect.arrayContaining([...(await tables()).keys()]));
});
