import { describe, expect, test } from 'vitest';
import type { Space } from '../../src/terminal/dialogue.ts';
import { createStyle } from '../../src/terminal/style.ts';
import { displayWidth } from '../../src/terminal/text-layout.ts';
import { edit, readInteger, type TextLine, typing } from '../../src/terminal/typed-answer.ts';

const press = (line: TextLine, ...actions: readonly string[]): TextLine =>
  actions.reduce((edited, action) => edit(edited, { action, text: undefined }), line);
const type = (line: TextLine, text: string): TextLine => edit(line, { action: undefined, text });
const ended = (before: string): TextLine => ({ before, after: '' });

describe('edit', () => {
  test('puts typed text where the cursor is', () => {
    expect(type(press(ended('E-mail:'), 'left'), ' address')).toEqual({ before: 'E-mail address', after: ':' });
  });

  test('moves and deletes by letters with their marks', () => {
    expect(press(ended('ที่'), 'delete')).toEqual(ended(''));
    expect(press(ended('ỉ'.normalize('NFD')), 'left')).toEqual({ before: '', after: 'ỉ'.normalize('NFD') });
    expect(press({ before: '', after: '👩‍👩‍👧x' }, 'deleteForward')).toEqual({ before: '', after: 'x' });
    expect(press({ before: '', after: '👩‍👩‍👧x' }, 'right')).toEqual({ before: '👩‍👩‍👧', after: 'x' });
  });

  test('moves to both ends, past the last character', () => {
    expect(press(ended('abc'), 'home')).toEqual({ before: '', after: 'abc' });
    expect(press(ended('abc'), 'home', 'end')).toEqual(ended('abc'));
  });

  test('erases the word before, the line before and the line after the cursor', () => {
    expect(press(ended('one two '), 'eraseWord')).toEqual(ended('one '));
    expect(press({ before: 'one', after: 'two' }, 'eraseLine')).toEqual({ before: '', after: 'two' });
    expect(press({ before: 'one', after: 'two' }, 'eraseRest')).toEqual(ended('one'));
  });

  test('leaves the line as it is at its ends and for keys without a meaning', () => {
    expect(press(ended(''), 'delete', 'left', 'deleteForward', 'right')).toEqual(ended(''));
    const line = ended('abc');
    expect(press(line, 'pageUp')).toBe(line);
  });
});

describe('readInteger', () => {
  test.each(['180', ' 180 ', '+180', '0180'])('reads %j', (text) => {
    expect(readInteger(text)).toEqual({ answer: 180 });
  });

  test('reads a negative number', () => {
    expect(readInteger('-3')).toEqual({ answer: -3 });
  });

  test.each(['', 'abc', '1.5', '1e3', '0x10', '12 days', '99999999999999999999'])('refuses %j', (text) => {
    expect(readInteger(text)).toEqual({ problem: 'Type a whole number.' });
  });
});

describe('typing', () => {
  const space: Space = { entryColumns: 10, columns: 40, rows: 5, style: createStyle(false) };
  const question = { message: 'Label', initial: undefined, hidden: false, read: (text: string) => ({ answer: text }) };

  test('shows the part around the cursor of a text that is longer than the line', () => {
    const { view } = typing(question);
    expect(view(ended('0123456789abcdef'), space)).toMatchObject({ entry: '…89abcdef', cursor: 9 });
    expect(view({ before: '', after: '0123456789abcdef' }, space)).toMatchObject({ entry: '0123456789', cursor: 0 });
    expect(view({ before: 'あいうえお', after: 'か' }, space)).toMatchObject({ entry: '…いうえお', cursor: 9 });
  });

  test('never shows more columns than there are, cursor included', () => {
    const { view } = typing(question);
    const text = 'メール adres ที่อยู่ 👩‍👩‍👧 e-mail';
    for (let at = 0; at <= text.length; at++) {
      const { entry, cursor } = view({ before: text.slice(0, at), after: text.slice(at) }, space);
      expect(displayWidth(entry)).toBeLessThanOrEqual(10);
      expect(cursor).toBeLessThan(10);
    }
  });

  test('answers the value in brackets if nothing was typed, and only then', () => {
    const dialogue = typing({ ...question, initial: '180' });
    expect(dialogue.inBrackets).toBe('180');
    expect(dialogue.answer(dialogue.start)).toBe('180');
    expect(dialogue.answer(ended('1'))).toBe('1');
  });

  test('copies the value in brackets for editing by Tab', () => {
    const dialogue = typing({ ...question, initial: 'E-mail' });
    const fetched = dialogue.press(dialogue.start, { action: 'next', text: undefined }, space);
    expect(dialogue.answer(dialogue.press(fetched, { action: undefined, text: ':' }, space))).toBe('E-mail:');
  });

  test('says how to take over the value in brackets, on two lines where one is too narrow', () => {
    const { view, start } = typing({ ...question, initial: '180' });
    const help = 'Enter accepts the value in brackets, Tab lets you edit it';
    expect(view(start, { ...space, columns: 79 }).rows).toEqual([`  ${help}`]);
    const narrow = view(start, { ...space, columns: 39 }).rows;
    expect(narrow.map((row) => row.trim()).join(' ')).toBe(help);
    expect(narrow.filter((row) => displayWidth(row) > 39)).toEqual([]);
  });

  test('shows no character of a secret, and no length once it is answered', () => {
    const dialogue = typing({ ...question, hidden: true });
    expect(dialogue.view(ended('pässword'), space).entry).toBe('********');
    expect(dialogue.summary(ended('pässword'))).toBe('hidden');
  });
});
