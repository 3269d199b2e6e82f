import { describe, expect, test } from 'vitest';
import { hasChange, type LifetimeOnDc } from '../../../src/remedies/tombstone/changes.ts';

const seen = (hasValue: boolean, version: number | undefined): LifetimeOnDc => ({ hasValue, version, words: '' });
const written = seen(true, 5);

describe('a DC has the change', () => {
  test('when it has the value, at least as often written', () => {
    expect(hasChange(seen(true, 5), written)).toBe(true);
    expect(hasChange(seen(true, 6), written)).toBe(true);
  });

  test('not when its value is an older one that happens to be the same', () => {
    expect(hasChange(seen(true, 3), written)).toBe(false);
  });

  test('not when its value is another one', () => {
    expect(hasChange(seen(false, 6), written)).toBe(false);
  });

  test('by the value alone where no DC shows how often it was written', () => {
    expect(hasChange(seen(true, undefined), written)).toBe(true);
    expect(hasChange(seen(true, 1), seen(true, undefined))).toBe(true);
  });
});
