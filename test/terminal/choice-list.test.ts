import { describe, expect, test } from 'vitest';
import { choosingOne, choosingSeveral } from '../../src/terminal/choice-list.ts';
import type { Dialogue, Space } from '../../src/terminal/dialogue.ts';
import type { Choice } from '../../src/terminal/prompter.ts';
import { asciiSigns, createStyle } from '../../src/terminal/style.ts';
import { displayWidth } from '../../src/terminal/text-layout.ts';

const space: Space = { entryColumns: 20, columns: 40, rows: 5, style: createStyle(false) };

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
      '▸ EX1  Amsterdam',
      '  EX2  (still answers)',
      '  EX3  Zürich',
      '  MBX1',
      '  1 of 6 · arrows move, Enter selects, …',
    ]);
    expect(list.view(stateAfter(list, 'end'), space).rows).toEqual([
      '  MBX2',
      '▸ MBX3',
      '  6 of 6 · arrows move, Enter selects, …',
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
      '▸ labels     of forms',
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
      '▸ recover  Setup /m:RecoverServer, then',
      '           uninstall',
      '  none',
      '  arrows move, Enter selects, Escape go…',
    ]);
    expect(ways.view(ways.start, { ...space, rows: 3 }).rows).toEqual([
      '▸ recover  Setup /m:RecoverServer, then…',
      '  none',
      '  arrows move, Enter selects, Escape go…',
    ]);
  });

  describe('on a screen of 40 columns', () => {
    const screen = { ...space, columns: 39, rows: 21 };
    const ways = [
      { value: 'recover', label: 'recover', hint: 'Setup /m:RecoverServer on a new machine, then uninstall' },
      { value: 'url', label: 'read', hint: 'https://learn.example.com/a/word/longer/than/a/line/of/the/screen' },
      { value: 'all', label: 'Those of all password forms', hint: '674 files, 4 form sets, 2 classes' },
    ];
    const rowsOf = (choices: readonly Choice<string>[], ...keys: readonly string[]): readonly string[] => {
      const menu = choosingOne({ ...question, choices });
      return menu.view(stateAfter(menu, ...keys), screen).rows;
    };

    test('no hint and no help is cut, and no row is too wide', () => {
      for (const choices of [ways, ways.slice(0, 2), ways.slice(2)]) {
        const rows = rowsOf(choices);
        const text = rows.map((row) => row.trim()).join(' ');
        for (const { hint } of choices) expect(text.replaceAll(' ', '')).toContain(hint.replaceAll(' ', ''));
        expect(text).toContain('arrows move, Enter selects, Escape goes back');
        expect(rows.filter((row) => displayWidth(row) > 39)).toEqual([]);
      }
    });

    test('in a list of several pages the choice at the pointer is shown in full', () => {
      const many = Array.from({ length: 40 }, (_, index) => ({
        value: `${index}`,
        label: `way ${index}`,
        hint: `Setup /m:RecoverServer on machine ${index}, then uninstall`,
      }));
      const rows = rowsOf(many, 'down');
      expect(rows.length).toBeLessThanOrEqual(screen.rows);
      expect(rows.slice(0, 4)).toEqual([
        '  way 0   Setup /m:RecoverServer on ma…',
        '▸ way 1   Setup /m:RecoverServer on',
        '          machine 1, then uninstall',
        '  way 2   Setup /m:RecoverServer on ma…',
      ]);
      expect(rows.slice(-2).map((row) => row.trim())).toEqual([
        '2 of 40 · type to filter, arrows',
        'move, Enter selects, Escape goes back',
      ]);
    });

    test('a page down goes to no choice beyond the next page', () => {
      const many = Array.from({ length: 40 }, (_, index) => ({
        value: `${index}`,
        label: `way ${index}`,
        hint: 'x'.repeat(60),
      }));
      const shown = rowsOf(many).filter((row) => /^. way/.test(row)).length;
      const menu = choosingOne({ ...question, choices: many });
      const { focus } = menu.press(menu.start, { action: 'pageDown', text: undefined }, screen);
      expect(focus).toBe(shown);
    });
  });

  test('narrows to the choices that contain every typed word, hints included, in any letter case', () => {
    expect(filtered.view(stateAfter(filtered, "'mbx'"), space).rows.slice(0, 3)).toEqual([
      '▸ MBX1',
      '  MBX2',
      '  MBX3',
    ]);
    expect(filtered.answer(stateAfter(filtered, "'ZÜR ex'"))).toBe('ex3');
    expect(filtered.answer(stateAfter(filtered, "'mbx'", 'down'))).toBe('mbx2');
  });

  test('keeps the pointer on a choice that still matches', () => {
    expect(filtered.answer(stateAfter(filtered, 'end', "'mbx'"))).toBe('mbx3');
  });

  test('goes to a label that matches before a choice whose hint alone does, and to the label itself before longer ones', () => {
    const dcs = [
      { value: 'dc10', label: 'DC10', hint: 'DC1 heard of it 71 days ago' },
      { value: 'dc0', label: 'DC0', hint: 'DC1 heard of it 3 years ago' },
      { value: 'dc1', label: 'DC1', hint: 'connected to it' },
    ];
    const finding = choosingOne({ ...question, choices: dcs, initial: 1, filterable: true });
    const found = (...keys: readonly string[]) => finding.answer(stateAfter(finding, ...keys));
    expect(found("'dc1'")).toBe('dc1');
    expect(found("'dc'")).toBe('dc0');
    expect(found("'71 days'")).toBe('dc10');
    expect(found("'dc1'", 'delete')).toBe('dc1');
  });

  test('reports when nothing matches, accepts no answer then, and recovers', () => {
    const nothing = stateAfter(filtered, "'mbx9'");
    expect(filtered.view(nothing, space).rows[0]).toBe('  Nothing matches.');
    expect(filtered.problem(nothing)).toBe('Type something else, or delete letters with Backspace.');
    expect(filtered.answer(stateAfter(filtered, "'mbx9'", 'delete', "'2'"))).toBe('mbx2');
    expect(filtered.answer(stateAfter(filtered, "'zzz'", 'eraseLine'))).toBe('ex1');
  });

  test('matches the special characters of regular expressions literally', () => {
    expect(filtered.problem(stateAfter(filtered, "'('"))).toBe(
      'Type something else, or delete letters with Backspace.',
    );
  });

  test('does not filter a short list unless the question says so', () => {
    expect(answer("'mbx'")).toBe('ex1');
  });

  test('filters a list of more than 7 choices', () => {
    const more = [...servers, { value: 'mbx4', label: 'MBX4' }, { value: 'mbx5', label: 'MBX5' }];
    const long = choosingOne({ ...question, choices: more });
    expect(long.answer(stateAfter(long, "'mbx5'"))).toBe('mbx5');
    const fixed = choosingOne({ ...question, choices: more, filterable: false });
    expect(fixed.answer(stateAfter(fixed, "'mbx5'"))).toBe('ex1');
  });

  test('cuts long rows to the columns and makes control characters visible', () => {
    const choices = [{ value: 1, label: `CN=\x1b[2J${'x'.repeat(60)}`, hint: 'hint' }];
    const rows = choosingOne({ ...question, choices }).view({ filter: '', focus: 0, marked: new Set() }, space).rows;
    expect(rows[0]).toContain('<U+001B>');
    for (const row of rows) expect(displayWidth(row)).toBeLessThanOrEqual(space.columns);
  });

  describe('that starts on none', () => {
    const cautious = choosingOne({ ...question, choices: servers, initial: 'none', filterable: true });
    const problemAfter = (...keys: readonly string[]) => cautious.problem(stateAfter(cautious, ...keys));

    test('takes no Enter until a choice is selected', () => {
      expect(cautious.problem(cautious.start)).toBe('Choose one with the arrow keys first.');
      expect(cautious.view(cautious.start, space).rows[0]).toBe('  EX1  Amsterdam');
      expect(cautious.answer(stateAfter(cautious, 'down'))).toBe('ex1');
      expect(cautious.answer(stateAfter(cautious, 'up'))).toBe('mbx3');
    });

    test('takes no Enter after a filter that leaves several choices', () => {
      expect(problemAfter("'mbx'")).toBe('Choose one with the arrow keys first.');
      expect(problemAfter("'mbx9'")).toBe('Type something else, or delete letters with Backspace.');
    });

    test('selects the only match of a filter', () => {
      expect(cautious.answer(stateAfter(cautious, "'mbx2'"))).toBe('mbx2');
    });
  });

  describe('with "none of these"', () => {
    const choosing = choosingOne({
      ...question,
      choices: servers,
      filterable: true,
      noneOfThese: { value: 'none', label: 'None of these' },
    });

    test('shows it as the last choice, whatever the filter', () => {
      expect(choosing.answer(stateAfter(choosing, 'end'))).toBe('none');
      expect(choosing.view(stateAfter(choosing, "'mbx1'"), space).rows).toEqual([
        '▸ MBX1',
        '  None of these',
        '  type to filter, arrows move, Enter se…',
      ]);
    });

    test('leaves it for a choice that matches what is typed, and comes back to it when nothing is typed any more', () => {
      const lastFirst = choosingOne({
        ...question,
        choices: servers,
        initial: servers.length,
        filterable: true,
        noneOfThese: { value: 'none', label: 'None of these' },
      });
      const pressed = (...keys: readonly string[]) => stateAfter(lastFirst, ...keys);
      expect(lastFirst.answer(lastFirst.start)).toBe('none');
      expect(lastFirst.answer(pressed("'mbx2'"))).toBe('mbx2');
      expect(lastFirst.answer(pressed('up', 'down', "'mbx2'"))).toBe('mbx2');
      expect(lastFirst.problem(pressed("'mbx9'"))).toBe('Type something else, or delete letters with Backspace.');
      expect(lastFirst.answer(pressed("'mbx9'", 'eraseLine'))).toBe('none');
      expect(lastFirst.answer(pressed("'mbx2'", 'down'))).toBe('none');
      expect(lastFirst.answer(pressed("'mbx2'", 'down', 'delete'))).toBe('none');
    });

    test('does not select it because of a filter that matches nothing', () => {
      const nothing = stateAfter(choosing, "'mbx9'");
      expect(choosing.view(nothing, space).rows.slice(0, 2)).toEqual(['  Nothing matches.', '  None of these']);
      expect(choosing.problem(nothing)).toBe('Type something else, or delete letters with Backspace.');
      expect(choosing.answer(stateAfter(choosing, "'mbx9'", 'down'))).toBe('none');
    });
  });

  test('draws in ASCII where the signs say so', () => {
    const ascii = { ...space, style: createStyle(false, asciiSigns) };
    expect(filtered.view(filtered.start, ascii).rows).toEqual([
      '> EX1  Amsterdam',
      '  EX2  (still answers)',
      '  EX3  Zürich',
      '  MBX1',
      '  1 of 6 - type to filter, arrows mov...',
    ]);
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
    expect(answer('next')).toEqual(['ex1', 'ex3', 'mbx1', 'mbx2', 'mbx3']);
    expect(stateAfter(list, 'next', 'next').marked.size).toBe(0);
  });

  test('filters while the user types, and marks the choices that are shown', () => {
    expect(list.view(stateAfter(list, "'mbx'"), space).rows.slice(0, 3)).toEqual([
      '▸ [x] MBX1',
      '  [ ] MBX2',
      '  [ ] MBX3',
    ]);
    expect(answer("'mbx'", 'next', 'eraseLine', 'home', 'space')).toEqual(['ex1', 'mbx1', 'mbx2', 'mbx3']);
    expect(answer("'mbx'", 'next', 'next', 'eraseLine', 'home', 'space')).toEqual(['ex1']);
  });

  test('marks nothing while nothing matches', () => {
    expect(answer("'zzz'", 'space')).toEqual(['mbx1']);
  });

  test('requires the minimum', () => {
    expect(list.problem(stateAfter(list, 'next', 'next'))).toBe('Mark at least one.');
    expect(list.problem(list.start)).toBeUndefined();
  });

  test('shows the marks without colour', () => {
    expect(list.view(stateAfter(list, 'space'), space).rows.slice(0, 4)).toEqual([
      '▸ [x] EX1  Amsterdam',
      '  [ ] EX2  (still answers)',
      '  [ ] EX3  Zürich',
      '  [x] MBX1',
    ]);
  });

  test('shows the answer as labels', () => {
    expect(list.summary(stateAfter(list, 'space'))).toBe('EX1, MBX1');
    expect(list.summary(stateAfter(list, 'next', 'next'))).toBe('none');
  });

  test('shows the number instead of many labels', () => {
    const choices = ['ar', 'be', 'cs', 'de', 'el', 'fr', 'he', 'ja'].map((value) => ({ value, label: value }));
    const languages = choosingSeveral({ ...question, choices, initial: choices.map(({ value }) => value) });
    expect(languages.summary(languages.start)).toBe('all 8');
    expect(languages.summary(stateAfter(languages, 'space'))).toBe('7 of 8');
    expect(languages.summary(stateAfter(languages, 'space', 'down', 'space'))).toBe('cs, de, el, fr, he, ja');
  });
});

describe('on a terminal that redraws nothing', () => {
  const one = choosingOne({ ...question, choices: servers, initial: 2 });
  const several = choosingSeveral({ ...question, choices: servers, initial: ['mbx1'] });
  const read = <State, Answer>({ plain, answer }: Dialogue<State, Answer>, line: string): Answer | string => {
    const reading = plain.read(line);
    return 'problem' in reading ? reading.problem : answer(reading.answer);
  };

  test('numbers the choices, but not the disabled ones', () => {
    expect(one.plain.rows).toEqual([
      '  1  EX1  Amsterdam',
      '  -  EX2  (still answers)',
      '  3  EX3  Zürich',
      '  4  MBX1',
      '  5  MBX2',
      '  6  MBX3',
    ]);
    expect(one.plain.hint).toBe('Number or name (3)');
    expect(several.plain.hint).toBe('Numbers or names with commas, all, or none (4)');
  });

  test('reads a number, a name, a part of one name, or nothing', () => {
    expect(['4', 'mbx1', ' Zür ', ''].map((line) => read(one, line))).toEqual(['mbx1', 'mbx1', 'ex3', 'ex3']);
  });

  test('refuses disabled choices, other numbers, and names that fit several choices or none', () => {
    const problem = 'Type a number from 1 to 6 or a name from the list.';
    expect(['2', 'EX2', '0', '7', 'mbx', 'x9'].map((line) => read(one, line))).toEqual(Array(6).fill(problem));
  });

  test('reads nothing as no answer where the list starts on none', () => {
    const cautious = choosingOne({ ...question, choices: servers, initial: 'none' });
    expect(cautious.plain.hint).toBe('Number or name');
    expect(read(cautious, '')).toBe('Type a number from 1 to 6 or a name from the list.');
  });

  test('reads several choices', () => {
    expect(read(several, '1, 3')).toEqual(['ex1', 'ex3']);
    expect(read(several, '6 5')).toEqual(['mbx2', 'mbx3']);
    expect(read(several, 'Zürich, mbx2')).toEqual(['ex3', 'mbx2']);
    expect(read(several, 'all')).toEqual(['ex1', 'ex3', 'mbx1', 'mbx2', 'mbx3']);
    expect(read(several, 'none')).toEqual([]);
    expect(read(several, '')).toEqual(['mbx1']);
    expect(read(several, '1, 2')).toBe('2: Type a number from 1 to 6 or a name from the list.');
  });
});
