import { describe, expect, test } from 'vitest';
import { commandsOf } from '../../src/commands/commands.ts';
import { flagInWords, helpText } from '../../src/commands/help.ts';
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

describe.each(commands)('the help of $name', ({ name, flags, examples }) => {
  test('lists every flag that the command takes, with its placeholder', async () => {
    const text = await helpText(commands, name);
    const table = Object.entries(await flags());
    expect(table.length).toBeGreaterThan(0);
    for (const [flag, spec] of table) expect(text).toContain(`  ${flagInWords(flag, spec)}`);
  });

  test('has examples that can be copied', async () => {
    expect(examples.length).toBeGreaterThan(0);
    const text = await helpText(commands, name);
    for (const example of examples) expect(text).toContain(`  adsi-remedy ${example}\n`);
  });
});
