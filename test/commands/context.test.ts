import { describe, expect, test } from 'vitest';
import { ownFolder } from '../../src/commands/context.ts';

const env = { SystemRoot: 'C:\\Windows', USERPROFILE: 'C:\\Users\\admin' };

describe('what no flag names a folder for is kept', () => {
  test.each([
    ['C:\\Windows\\System32', 'C:\\Users\\admin\\adsi-remedy'],
    ['c:\\WINDOWS\\system32', 'C:\\Users\\admin\\adsi-remedy'],
    ['C:\\Windows', 'C:\\Users\\admin\\adsi-remedy'],
    ['C:\\Windows.old', 'C:\\Windows.old'],
    ['C:\\work', 'C:\\work'],
    ['D:\\', 'D:\\'],
    ['\\\\TMG01\\C$\\Windows', '\\\\TMG01\\C$\\Windows'],
  ])('on Windows, with %s as the current folder, in %s', (current, kept) => {
    expect(ownFolder(current, 'win32', env)).toBe(kept);
  });

  test('elsewhere in the current folder', () => {
    expect(ownFolder('/Windows', 'linux', { ...env, SystemRoot: '/Windows' })).toBe('/Windows');
  });
});
