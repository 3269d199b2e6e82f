import { expect, test } from 'vitest';
import { drawClosed, type Paper } from '../../src/terminal/dialogue.ts';
import { createStyle } from '../../src/terminal/style.ts';

const paper: Paper = { columns: 39, rows: 23, style: createStyle(false) };
const closed = (message: string, answer?: string) => drawClosed(message, 'answered', answer, paper).lines;

test('an answered question is one line', () => {
  expect(closed('Which server?', 'EX01')).toEqual(['✔ Which server? › EX01', '']);
  expect(closed('Which server?')).toEqual(['✔ Which server?', '']);
});

test('a long message is cut before the answer', () => {
  expect(closed('Which server is to be removed from the organization?', 'EX01')).toEqual([
    '✔ Which server is to be removed… › EX01',
    '',
  ]);
});

test('a long answer leaves half of the line to the message', () => {
  expect(closed('Where are the form sets of the array?', 'C:\\Program Files\\TMG\\CookieAuthTemplates')).toEqual([
    '✔ Where are the fo… › C:\\Program Files…',
    '',
  ]);
  expect(closed('Where?', 'C:\\Program Files\\TMG\\CookieAuthTemplates')).toEqual([
    '✔ Where? › C:\\Program Files\\TMG\\Cookie…',
    '',
  ]);
});
