import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FileChange, Splice } from '../../src/change/plan.ts';
import { checkSplices, fileEditor, fileFingerprint } from '../../src/change/planned-file.ts';
import { reversedFileChange } from '../../src/change/undo.ts';
import { changeOf } from '../support/file-plans.ts';
import { stringsContent } from '../support/strings-content.ts';

const text = 'L_Other_Text="one"\r\nL_UserName_Text="User name:"\r\nL_Last_Text="two"\r\n';
const bytes = Buffer.from(text);

/** A splice of the first place where the file has `old`. */
const spliceOf = (old: string, now: string, more: Partial<Splice> = {}): Splice => ({
  key: 'L_UserName_Text',
  line: 2,
  offset: text.indexOf(old),
  old: Buffer.from(old).toString('base64'),
  new: Buffer.from(now).toString('base64'),
  ...more,
});

const check = (...splices: readonly Splice[]): string | undefined =>
  checkSplices(bytes, { encoding: 'utf-8', splices });

describe('splices fit a file', () => {
  test.each([
    ['if they replace a whole value', [spliceOf('User name:', 'E-mail:')]],
    ['if they replace a part of it', [spliceOf('name:', 'account:')]],
    ['if they empty it', [spliceOf('User name:', '')]],
    [
      'if there are several, in ascending order',
      [
        spliceOf('one', '1', { key: 'L_Other_Text', line: 1 }),
        spliceOf('User name:', 'E-mail:'),
        spliceOf('two', '2', { key: 'L_Last_Text', line: 3 }),
      ],
    ],
    ['if they put a text in the place of another with quotes', [spliceOf('"User name:"', '"E-mail:"')]],
  ])('%s', (_, splices) => {
    expect(check(...splices)).toBeUndefined();
  });
});

describe('splices do not fit a file', () => {
  test.each([
    [
      'if the file has other bytes there',
      [spliceOf('User name:', 'x', { offset: text.indexOf('User') + 1 })],
      'other bytes',
    ],
    ['if they are beyond its end', [spliceOf('User name:', 'x', { offset: 10_000 })], 'other bytes'],
    ['if the offset is negative', [spliceOf('User name:', 'x', { offset: -5 })], 'overlaps'],
    ['if the offset is not a whole number', [spliceOf('User name:', 'x', { offset: 40.5 })], 'overlaps'],
    ['if one overlaps the one before it', [spliceOf('User name:', 'x'), spliceOf('name:', 'y')], 'overlaps'],
    ['if they are in descending order', [spliceOf('name:', 'y'), spliceOf('User', 'x')], 'overlaps'],
    ['if they replace the value of another key', [spliceOf('one', '1')], 'not within the value'],
    ['if they name another line', [spliceOf('User name:', 'x', { line: 3 })], 'not within the value'],
    ['if they replace the key', [spliceOf('L_UserName_Text', 'L_Password_Text')], 'not within the value'],
    ['if they replace one quote of the value only', [spliceOf('User name:"', 'x"')], 'not within the value'],
    ['if they reach into the next line', [spliceOf('name:"\r\nL_Last', 'x"\r\nL_Last')], 'not within the value'],
    ['if the new bytes add a line', [spliceOf('User name:', 'x"\r\nL_Evil_Text="y')], 'not within the value'],
    ['if the new bytes end the value early', [spliceOf('User name:', 'x" ; "')], 'not within the value'],
    ['if the key is not in the file', [spliceOf('User name:', 'x', { key: 'L_Missing_Text' })], 'not within the value'],
  ])('%s', (_, splices, reason) => {
    expect(check(...splices)).toContain(reason);
  });

  test('in an encoding in which the key is not to be found', () => {
    const splices = [spliceOf('User name:', 'x')];
    expect(checkSplices(bytes, { encoding: 'utf-16le', splices })).toContain('not within the value');
    expect(checkSplices(bytes, { encoding: 'utf-16be with BOM', splices })).toContain('not within the value');
  });
});

test('quotes that an edit adds around a value may be removed again by its undo', () => {
  const before = Buffer.from('L_UserName_Text=User\r\n');
  const after = Buffer.from('L_UserName_Text=" User "\r\n');
  const change: FileChange = {
    ...changeOf('/forms/a', before, after),
    splices: [spliceOf('', '', { line: 1, offset: 16, old: base64('User'), new: base64('" User "') })],
  };
  expect(fileEditor()(before, change)).toEqual(after);
  expect(fileEditor()(after, reversedFileChange(change))).toEqual(before);
});

describe('an editor that has edited one file', () => {
  const [before, after] = ['User', 'E-mail'].map((label) => stringsContent(label)) as [Buffer, Buffer];
  const edited = () => {
    const edit = fileEditor();
    edit(before, changeOf('/forms/a', before, after));
    return edit;
  };

  test('gives a like file the same bytes', () => {
    expect(edited()(before, changeOf('/forms/b', before, after))).toEqual(after);
  });

  test('refuses other splices of the same bytes that reach another key', () => {
    const { splices, ...rest } = changeOf('/forms/b', before, after);
    const astray = { ...rest, splices: splices.map((splice) => ({ ...splice, key: 'L_Other_Text' })) };
    expect(() => edited()(before, astray)).toThrow('is not within the value of that key');
  });

  test('refuses a like file that the plan foresees otherwise', () => {
    const change = { ...changeOf('/forms/b', before, after), after: fileFingerprint(before) };
    expect(() => edited()(before, change)).toThrow('is not what the plan expected');
  });
});

test('an edit and its undo fit, in any encoding', () => {
  const label = fc.stringMatching(/^[ -!#-~]{0,20}$/);
  const encoding = fc.constantFrom('utf-8', 'utf-16le with BOM', 'utf-16be', 'windows-1252', 'windows-932' as const);
  fc.assert(
    fc.property(label, label, encoding, (old, now, name) => {
      fc.pre(old !== now);
      const [before, after] = [old, now].map((text) => stringsContent(text, { encoding: name })) as [Buffer, Buffer];
      const change = changeOf('/forms/a', before, after);
      expect(fileEditor()(before, change)).toEqual(after);
      expect(fileEditor()(after, reversedFileChange(change))).toEqual(before);
    }),
  );
});

test('an edit with random splices is refused or changes nothing outside the value of its key, quotes included', () => {
  const outside = (content: string): string => content.replace(/^(L_UserName_Text=).*$/m, '$1');
  const splice = fc.record({
    offset: fc.integer({ min: 0, max: text.length }),
    length: fc.integer({ min: 0, max: 20 }),
    now: fc.stringMatching(/^[\r\nL_;"= x]{0,12}$/),
  });
  let fitting = 0;
  fc.assert(
    fc.property(splice, ({ offset, length, now }) => {
      const old = text.slice(offset, offset + length);
      const one = spliceOf('', '', { offset, old: base64(old), new: base64(now) });
      if (check(one) !== undefined) return;
      fitting += 1;
      const edited = text.slice(0, offset) + now + text.slice(offset + old.length);
      expect(outside(edited)).toBe(outside(text));
    }),
    { numRuns: 3000 },
  );
  expect(fitting).toBeGreaterThan(20);
});

function base64(content: string): string {
  return Buffer.from(content).toString('base64');
}
