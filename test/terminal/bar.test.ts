import { expect, test } from 'vitest';
import { bar } from '../../src/terminal/bar.ts';

test.each([
  [0, '                    '],
  [0.001, '▏                   '],
  [50, '██████████          '],
  [78.3, '███████████████▋    '],
  [99.9, '███████████████████▉'],
  [100, '████████████████████'],
  [340, '████████████████████'],
  [-5, '                    '],
])('%d %% is an eighth-exact bar of constant width', (percent, expected) => {
  expect(bar(percent, 20)).toBe(expected);
});
