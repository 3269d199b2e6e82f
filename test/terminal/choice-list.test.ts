import { describe, expect, test } from 'vitest';
import { choosingOne, choosingSeveral } from '../../src/terminal/choice-list.ts';
import type { Dialogue, Space } from '../../src/terminal/dialogue.ts';
import type { Choice } from '../../src/terminal/prompter.ts';
import { createStyle } from '../../src/terminal/style.ts';
import { displayWidth } from '../../src/terminal/text-width.ts';

const space: Space = { entryColumns: 20, columns: 40, rows: 5, style: createStyle(false), pointer: '>' };

const servers: readonly Choice<string>[] = [
  { value: 'ex1', label: 'EX1', hint: 'Amsterdam' },
  { value: 'ex2', label: 'EX2', disabled: 'still answers' },
  { value: 'ex3', label: 'EX3', hint: 'Zürich' },
  { value: 'mbx1', label: 'MBX1' },
  { value: 'mbx2', label: 'MBX2' },
  { value: 'mbx3', label: 'MBX3' },
];
const question = { id: 'orphan.server', message: 'Which server?' };

/** The state after some keys: text in quotes is typed, anything else is the name of an action. */
function stateAfter<State>(dialogue: Dialogue<State, unknown>, ...keys: readonly string[]): State {
  return keys.reduce((state, key) => {
    const text = /^'(.*)'$/.exec(key)?.[1];
    if (text === undefined) return dialogue.press(state, { action: key, text: undefined }, space);
    return [...text].reduce((typed, character) => {
      return dialogue.press(typed, { action: character === ' ' ? 'space' : undefined, text: character }, space);
    }, state);
  }, dialogue.start);
}

describe('choosing one', () => {
  const list = choosingOne({ ...question, choices: servers });
  const filtered = choosingOne({ ...question, choices: servers, filterable: true });
  const answer = (...keys: readonly string[]): string => list.answer(stateAfter(list, ...keys));

  test('starts on the first choice, or on the initial one', () => {
    expect(answer()).toBe('ex1');
    const named = choosingOne({ ...question, choices: servers, initial: 3 });
    expect(named.answer(named.start)).toBe('mbx1');
  });

  test('skips disabled choices', () => {
    expect(answer('down')).toBe('ex3');
    const named = choosingOne({ ...question, choices: servers, initial: 1 });
    expect(named.answer(named.start)).toBe('ex1');
  });

  test('wraps around at both ends', () => {
    expect(answer('up')).toBe('mbx3');
    expect(answer('up', 'down')).toBe('ex1');
  });

  test('goes to the ends and by pages', () => {
    expect(answer('end')).toBe('mbx3');
    expect(answer('end', 'home')).toBe('ex1');
    expect(answer('pageDown')).toBe('mbx2');
    expect(answer('pageDown', 'pageUp')).toBe('ex1');
    expect(answer('pageDown', 'pageDown')).toBe('mbx3');
  });

  test('shows the page with the pointer, and why a choice is disabled', () => {
    expect(list.view(list.start, space).rows).toEqual([
      '> EX1  Amsterdam',
      '  EX2  (still answers)',
      '  EX3  Zürich',
      '  MBX1',
      '  1 of 6 · arrows move, Enter selects',
    ]);
    expect(list.view(stateAfter(list, 'end'), space).rows).toEqual([
      '  MBX2',
      '> MBX3',
      '  6 of 6 · arrows move, Enter selects',
    ]);
  });

  test('sets the hints in a column of their own', () => {
    const choices = [
      { value: 1, label: 'labels', hint: 'of forms' },
      { value: 2, label: 'tombstone', hint: 'its lifetime' },
      { value: 3, label: 'leave' },
    ];
    const menu = choosingOne({ ...question, choices });
    expect(menu.view(menu.start, space).rows.slice(0, 3)).toEqual([
      '> labels     of forms',
      '  tombstone  its lifetime',
      '  leave',
    ]);
  });

  test('wraps long hints if the list has room for them, and cuts them otherwise', () => {
    const choices = [
      { value: 1, label: 'recover', hint: 'Setup /m:RecoverServer, then uninstall' },
      { value: 2, label: 'none' },
    ];
    const ways = choosingOne({ ...question, choices });
    expect(ways.view(ways.start, space).rows).toEqual([
      '> recover  Setup /m:RecoverServer, then',
      '           uninstall',
      '  none',
      '  arrows move, Enter selects',
    ]);
    expect(ways.view(ways.start, { ...space, rows: 3 }).rows).toEqual([
      '> recover  Setup /m:RecoverServer, then…',
      '  none',
      '  arrows move, Enter selects',
    ]);
  });

  test('narrows to the choices that contain every typed word, hints included, in any letter case', () => {
    expect(filtered.view(stateAfter(filtered, "'mbx'"), space).rows.slice(0, 3)).toEqual([
      '> MBX1',
      '  MBX2',
      '  MBX3',
    ]);
    expect(filtered.answer(stateAfter(filtered, "'ZÜR ex'"))).toBe('ex3');
    expect(filtered.answer(stateAfter(filtered, "'mbx'", 'down'))).toBe('mbx2');
  });

  test('keeps the pointer on a choice that still matches', () => {
    expect(filtered.answer(stateAfter(filtered, 'end', "'mbx'"))).toBe('mbx3');
  });

  test('reports when nothing matches, accepts no answer then, and recovers', () => {
    const nothing = stateAfter(filtered, "'mbx9'");
    expect(filtered.view(nothing, space).rows[0]).toBe('  Nothing matches.');
    expect(filtered.problem(nothing)).toBe('Nothing matches what was typed.');
    expect(filtered.answer(stateAfter(filtered, "'mbx9'", 'delete', "'2'"))).toBe('mbx2');
    expect(filtered.answer(stateAfter(filtered, "'zzz'", 'eraseLine'))).toBe('ex1');
  });

  test('matches the special characters of regular expressions literally', () => {
    expect(filtered.problem(stateAfter(filtered, "'('"))).toBe('Nothing matches what was typed.');
  });

  test('does not filter unless the question says so', () => {
    expect(answer("'mbx'")).toBe('ex1');
  });

  test('cuts long rows to the columns and makes control characters visible', () => {
    const choices = [{ value: 1, label: `CN=\x1b[2J${'x'.repeat(60)}`, hint: 'hint' }];
    const rows = choosingOne({ ...question, choices }).view({ filter: '', focus: 0, marked: new Set() }, space).rows;
    expect(rows[0]).toContain('<U+001B>');
    for (const row of rows) expect(displayWidth(row)).toBeLessThanOrEqual(space.columns);
  });

  test('refuses a list in which every choice is disabled', () => {
    expect(() => choosingOne({ ...question, choices: servers.slice(1, 2) })).toThrow(RangeError);
  });
});

describe('choosing several', () => {
  const list = choosingSeveral({ ...question, choices: servers, initial: ['mbx1'], minimum: 1 });
  const answer = (...keys: readonly string[]): readonly string[] => list.answer(stateAfter(list, ...keys));

  test('starts with the initial marks, and the space bar changes them', () => {
    expect(answer()).toEqual(['mbx1']);
    expect(answer('space', 'down', 'space')).toEqual(['ex1', 'ex3', 'mbx1']);
    expect(answer('space', 'space')).toEqual(['mbx1']);
  });

  test('compares the initial values with the choices by content', () => {
    const choices = [{ value: { dn: 'CN=A' }, label: 'A' }];
    const held = choosingSeveral({ ...question, choices, initial: [{ dn: 'CN=A' }] });
    expect(held.answer(held.start)).toEqual([{ dn: 'CN=A' }]);
  });

  test('marks all choices that are not disabled, or none', () => {
    expect(answer("'a'")).toEqual(['ex1', 'ex3', 'mbx1', 'mbx2', 'mbx3']);
    expect(stateAfter(list, "'a'", "'a'").marked.size).toBe(0);
  });

  test('requires the minimum', () => {
    expect(list.problem(stateAfter(list, "'a'", "'a'"))).toBe('Mark at least one.');
    expect(list.problem(list.start)).toBeUndefined();
  });

  test('shows the marks without colour', () => {
    expect(list.view(stateAfter(list, 'space'), space).rows.slice(0, 4)).toEqual([
      '> [x] EX1  Amsterdam',
      '  [ ] EX2  (still answers)',
      '  [ ] EX3  Zürich',
      '  [x] MBX1',
    ]);
  });

  test('shows the answer as labels', () => {
    expect(list.summary(stateAfter(list, 'space'))).toBe('EX1, MBX1');
    expect(list.summary(stateAfter(list, "'a'", "'a'"))).toBe('none');
  });

  test('shows the number instead of many labels', () => {
    const choices = ['ar', 'be', 'cs', 'de', 'el', 'fr', 'he', 'ja'].map((value) => ({ value, label: value }));
    const languages = choosingSeveral({ ...question, choices, initial: choices.map(({ value }) => value) });
    expect(languages.summary(languages.start)).toBe('all 8');
    expect(languages.summary(stateAfter(languages, 'space'))).toBe('7 of 8');
    expect(languages.summary(stateAfter(languages, 'space', 'down', 'space'))).toBe('cs, de, el, fr, he, ja');
  });
});
