import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../src/errors.ts';
import { commandLine, quotedWord, unseen } from '../src/quoting.ts';
import { need } from './support/on-windows.ts';

describe('a word of a printed command on Windows', () => {
  test.each([
    ['saved', 'saved'],
    ['\\\\TMG01\\C$\\forms', '"\\\\TMG01\\C$\\forms"'],
    ['C:\\a folder\\', '"C:\\a folder\\\\"'],
    ['it’s', '"it’s"'],
    // PowerShell takes such a word for a variable whose entries are arguments (about_Splatting).
    ['@saved', '"@saved"'],
    ['jane@corp.example.com', 'jane@corp.example.com'],
  ])('%s is %s', (word, quoted) => {
    expect(quotedWord(word, 'win32')).toBe(quoted);
  });

  // PowerShell takes typographic double quotes for quotes (about_Quoting_Rules).
  test.each(['a"b', 'a`b', '%TEMP%', 'a $b', 'a $(b)', '“a”', 'a„b', 'a\nb'])('%j is refused', (word) => {
    expect(() => quotedWord(word, 'win32')).toThrow(UsageError);
  });
});

test('each word of a command elsewhere arrives as it is', () => {
  need('scripts');
  const words = ['a b', "it's", '$HOME', '`id`', '“a”', '!', '@x', '~', '%TEMP%', '', 'a\u202eb', "\u200b's"];
  const line = commandLine(words, {
    program: [process.execPath, '-p', 'JSON.stringify(process.argv.slice(1))'],
    platform: 'linux',
  });
  expect(line).not.toMatch(unseen);
  expect(JSON.parse(execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8' }))).toEqual(words);
});
