import { describe, expect, test } from 'vitest';
import { commandNames, helpText } from '../../src/commands/help.ts';

describe.each([undefined, ...commandNames])('the help of %s', (command) => {
  test('fits 80 columns, but for commands to be copied', () => {
    const wide = helpText(command)
      .split('\n')
      .filter((line) => line.length > 80 && !line.startsWith('  adsi-remedy '));
    expect(wide).toEqual([]);
  });

  test('tells every exit status', () => {
    for (const status of [0, 1, 2, 3, 4, 64, 130])
      expect(helpText(command)).toMatch(new RegExp(`(^| )${status} `, 'm'));
  });
});
