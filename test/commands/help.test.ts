import { describe, expect, test } from 'vitest';
import { remedyFlags } from '../../src/commands/command-flags.ts';
import { commandsOf } from '../../src/commands/commands.ts';
import { flagInWords, helpText } from '../../src/commands/help.ts';
import { readArguments } from '../../src/flags.ts';
import { remedies } from '../../src/remedies/index.ts';
import { toyEntry } from '../support/toy-remedy.ts';

const all = [...remedies, toyEntry];
const commands = commandsOf(all);

describe.each([undefined, ...commands.map(({ name }) => name)])('the help of %s', (command) => {
  test('fits 80 columns, but for commands to be copied', async () => {
    const wide = (await helpText(commands, command))
      .split('\n')
      .filter((line) => line.length > 80 && !line.startsWith('  adsi-remedy '));
    expect(wide).toEqual([]);
  });

  test('names every exit status once', async () => {
    const text = (await helpText(commands, command)).split('Exit status')[1] ?? '';
    const statuses = [0, 1, 2, 3, 4, 64, 130].map((status) => text.match(new RegExp(`(^|· | )${status} [a-z]`, 'gm')));
    expect(statuses.map((found) => (found ?? []).length)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });
});

test('the general help says what Windows needs', async () => {
  const text = (await helpText(commands, undefined)).replace(/\s+/g, ' ');
  for (const need of ['npx.cmd', '%USERPROFILE%\\adsi-remedy\\changes', 'Run it on a workstation'])
    expect(text).toContain(need);
});

test.each(remedies)(
  '$name takes flags that confirm a write or wait for one only where it may write to a directory',
  async (entry) => {
    const flags = await remedyFlags(entry);
    const { handOver } = await entry.load();
    const writes = entry.world === 'directory' && handOver === undefined;
    expect(['confirm', 'wait'].map((flag) => flag in flags)).toEqual([writes, writes]);
    expect(entry.handsOver ?? false).toBe(handOver !== undefined);
  },
);

describe.each(commands)('the help of $name', ({ name, flags, examples }) => {
  test('lists every flag that the command takes, with its placeholder', async () => {
    const text = await helpText(commands, name);
    const table = Object.entries(await flags());
    expect(table.length).toBeGreaterThan(0);
    for (const [flag, spec] of table) expect(text).toContain(`  ${flagInWords(flag, spec)}`);
  });

  test('has two or three examples that can be copied: each takes only flags of the command', async () => {
    expect([2, 3]).toContain(examples.length);
    const text = await helpText(commands, name);
    const table = await flags();
    for (const example of examples) {
      expect(text).toContain(`  adsi-remedy ${example}\n`);
      expect(example).not.toContain('…');
      const [command, ...args] = example.split(/ (?:>+|\|) /)[0]?.split(' ') ?? [];
      expect(command).toBe(name);
      expect(() => readArguments(name, args, table, ['OPERAND'])).not.toThrow();
    }
  });

  test('describes every flag in the same form, without a capital at the start or a stop at the end', async () => {
    const helps = Object.values(await flags()).map(({ help }) => help);
    expect(helps.length).toBeGreaterThan(0);
    expect(helps.filter((help) => /^[A-Z][a-z ]|\.$/.test(help))).toEqual([]);
  });

  test('has no word twice in a row', async () => {
    const [text] = (await helpText(commands, name)).split('Examples');
    expect(text).not.toMatch(/\b([a-z-]{2,})\s+\1\b/);
  });
});
