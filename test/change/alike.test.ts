import { expect, test } from 'vitest';
import { alikeFiles } from '../../src/change/alike.ts';
import { changeOf } from '../support/file-plans.ts';

const before = Buffer.from('L_UserName_Text="User name:"');
const after = Buffer.from('L_UserName_Text="E-mail address:"');

function remembering(): ReturnType<typeof alikeFiles> {
  const alike = alikeFiles();
  alike.remember(changeOf('/one', before, after), { before, after });
  return alike;
}

test('a file with the same bytes, to become the same, becomes what the one before it became', () => {
  expect(remembering().editOf(changeOf('/other', before, after), Buffer.from(before))).toMatchObject({ before, after });
});

test('one that is to become something else is no such file', () => {
  const other = Buffer.from('L_UserName_Text="Name:"');
  expect(remembering().editOf(changeOf('/other', before, other), before)).toBeUndefined();
});

test('one whose bytes are not those that its plan expects is no such file', () => {
  const edited = Buffer.from(before);
  edited[20] = 0x78;
  expect(remembering().editOf(changeOf('/other', before, after), edited)).toBeUndefined();
  expect(remembering().editOf(changeOf('/other', before, after), after)).toBeUndefined();
});

test('what is large or long ago is forgotten', () => {
  const alike = alikeFiles();
  const large = Buffer.alloc(100_000, 'x');
  alike.remember(changeOf('/large', large, after), { before: large, after });
  expect(alike.editOf(changeOf('/large', large, after), large)).toBeUndefined();
  const contents = Array.from({ length: 400 }, (_, index) => Buffer.from(`"${index}"`));
  for (const content of contents) alike.remember(changeOf('/x', content, after), { before: content, after });
  const known = contents.filter((content) => alike.editOf(changeOf('/x', content, after), content) !== undefined);
  expect(known).toEqual(contents.slice(-256));
});
