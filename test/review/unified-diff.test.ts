import { expect, test } from 'vitest';
import { diffHead, diffHunks, unifiedDiff } from '../../src/review/unified-diff.ts';
import { finding, labelChange, planOf } from './plans.ts';

const before = Buffer.from('a\nb\nc\nL="User:"\nd\n');
const [old, now] = ['User:', 'Name:'].map((text) => Buffer.from(text).toString('base64'));
const change = labelChange('', '', {
  splices: [{ key: 'L', line: 4, offset: before.indexOf('User:'), old: old ?? '', new: now ?? '' }],
});

test('change.diff shows the line before and after, with its neighbours', () => {
  expect(unifiedDiff(diffHunks(before, change), 'nls/de/strings.txt')).toBe(
    [
      '--- a/nls/de/strings.txt\t',
      '+++ b/nls/de/strings.txt\t',
      '@@ -1,5 +1,5 @@',
      ' a',
      ' b',
      ' c',
      '-L="User:"',
      '+L="Name:"',
      ' d',
      '',
    ].join('\n'),
  );
});

test('a name can neither add lines to change.diff nor look like another name: git and patch read it in quotes', () => {
  const [first, second, hunk] = unifiedDiff(diffHunks(before, change), 'x\n+++ b/"y"\u202e\\z').split('\n');
  const name = String.raw`/x\012+++ b/\"y\"\342\200\256\\z"`;
  expect([first, second]).toEqual([`--- "a${name}\t`, `+++ "b${name}\t`]);
  expect(hunk).toBe('@@ -1,5 +1,5 @@');
});

test('change.diff begins with the plan, its folders and what stops it, in comments', () => {
  const plan = planOf([change], {
    findings: [finding({ level: 'blocker', id: 'read-only', title: 'Read-only\n+++ b/x' })],
  });
  const head = diffHead(plan);
  for (const said of [plan.id, plan.seal, '\\\\TMG01\\C$\\Templates', '2026-11-22 08:41:07 UTC']) {
    expect(head).toContain(said);
  }
  expect(head).toContain('# DO NOT APPLY: blocker read-only is not accepted: Read-only<U+000A>+++ b/x');
  expect(head.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
});
