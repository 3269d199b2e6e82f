import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JournalEvent, JournalRecord } from '../../src/change/journal.ts';
import type { Change, Plan } from '../../src/change/plan.ts';
import { htmlReview } from '../../src/review/html.ts';
import { reviewRows } from '../../src/review/rows.ts';
import {
  changesInWords,
  countsInWords,
  countsOf,
  headOf,
  outcomeInWords,
  outcomeOf,
  rowOutcome,
  runInWords,
} from '../../src/review/summary.ts';
import { paperReview, screenReview } from '../../src/review/text.ts';
import { createStyle } from '../../src/terminal/style.ts';
import { commands, deletion, description, forest, guid, labelChange, modify, planOf } from './plans.ts';

const edits = ['CN=anna', 'CN=bert'].map((dn) => modify(dn, { attribute: 'homeMTA', remove: [dn], add: [] }));
const { kind: _kind, children: _children, ...deletedEntry } = deletion('CN=EX04', []);
const tree: Change = {
  kind: 'delete-tree',
  dn: 'CN=EX04',
  guid,
  entries: Array.from({ length: 26 }, (_, number) => ({ ...deletedEntry, dn: `CN=${number}` })),
};
const back: Change = { kind: 'undelete', dn: 'CN=EX04', guid, attributes: [] };

test.each<[string, readonly Change[], string]>([
  ['entries of several kinds', [...edits, deletion('CN=EX04', [])], '3 entries to change: 2 edited, 1 deleted'],
  ['a tree by each of its entries', [...edits, tree], '28 entries to change: 2 edited, 26 deleted'],
  [
    'what an undo does',
    [back, ...edits, { ...back, kind: 'add' }],
    '4 entries to change: 2 edited, 1 restored, 1 created',
  ],
  ['edits alone', edits, '2 entries to change'],
  ['one edit', edits.slice(1), '1 entry to change'],
  ['files', [labelChange('a', 'b'), labelChange('a', 'b')], '2 files to change'],
])('%s: %s', (_, changes, words) => {
  expect(changesInWords(countsOf(changes), 'to change')).toBe(words);
  expect([...screenReview(planOf(changes), { style: createStyle(false), verbose: true, width: 100 })]).toContainEqual(
    expect.stringMatching(new RegExp(`^  ${words}`)),
  );
});

test('counts in words name what is done to entries', () => {
  expect(countsInWords(countsOf([...edits, tree]))).toBe('2 edited, 26 deleted');
});

test('a host that may look like another one is shown with its ASCII form', () => {
  const host = 'dc1.c\u043ercle.example';
  const connection = { kind: 'server', host, port: 636, auth: 'password', tls: 'ldaps', tlsName: host } as const;
  const target = { ...forest, domainController: host, connection };
  const rows = headOf(planOf([modify('CN=a')], { target }));
  const shown = rows.flatMap(({ value, note = '' }) => [value, note]).filter((words) => words.includes(host));
  expect(shown).toHaveLength(3);
  for (const words of shown) expect(words).toContain(`${host} (dc1.xn--crcle-jye.example)`);
  const [folder] = headOf(planOf([], { target: { kind: 'files', roots: ['\\\\TM\u026201\\C$'] } })).filter(
    ({ name }) => name === 'Folder',
  );
  expect(folder?.value).toBe('\\\\TM\u026201\\C$ (xn--tm01-67b)');
});

const template = readFileSync(new URL('../../templates/review.html', import.meta.url), 'utf8');
const by = { account: 'CORP\\anna', computer: 'ADMIN01' };
const dns = ['CN=anna', 'CN=bert', 'CN=cleo', 'CN=dora', 'CN=emil'];
const plan = planOf(dns.map((dn) => modify(dn, { attribute: 'homeMTA', remove: ['CN=MTA'], add: [] })));

/** A journal of the plan: each event with its change, a minute apart. */
function journal(
  of: Plan,
  ...events: readonly (readonly [JournalEvent, number?, string?])[]
): readonly JournalRecord[] {
  return events.map(([event, change, detail], minute) => ({
    time: `2026-11-22T10:0${minute}:00.000Z`,
    event,
    plan: of.id,
    ...(change === undefined ? {} : { change, server: 'dc1.corp.example.com' }),
    ...(detail === undefined ? {} : { detail }),
    ...(event === 'begin' ? { by } : {}),
  }));
}

const partly = journal(
  plan,
  ['begin'],
  ['done', 0],
  ['failed', 1, 'no right to write'],
  ['drifted', 2],
  ['intent', 3],
  ['end'],
);

function became(records: readonly JournalRecord[]): ReturnType<typeof rowOutcome> {
  const outcome = outcomeOf(plan, records);
  const [row] = reviewRows(plan.changes);
  if (outcome === undefined || row === undefined) throw new Error('the plan was begun');
  return rowOutcome(row, outcome);
}

function words(records: readonly JournalRecord[]): string {
  const outcome = outcomeOf(plan, records);
  return outcome === undefined ? 'none' : outcomeInWords(plan, outcome);
}

describe('the outcome of a plan', () => {
  test('is none before it was applied', () => {
    expect(outcomeOf(plan, [])).toBeUndefined();
  });

  test('is none by the journal of another plan', () => {
    expect(
      outcomeOf(
        plan,
        partly.map((record) => ({ ...record, plan: 'another' })),
      ),
    ).toBeUndefined();
  });

  test.each([
    [
      'all is written',
      journal(plan, ['begin'], ...dns.map((_, index) => ['done', index] as const)),
      'Applied: 5 of 5 changes written',
    ],
    ['a part is written', partly, 'Applied in part: 1 of 5 changes written'],
    [
      'nothing is',
      journal(plan, ['begin'], ['failed', 0]),
      'Started, with nothing known to be written: 0 of 5 changes written',
    ],
    ['it is undone', [...partly, ...journal(plan, ['undone'])], 'Applied and undone 2026-11-22 10:00:00 UTC'],
    [
      'it is undone, and by whom',
      [
        ...partly,
        ...journal(plan, ['undone']).map((record) => ({ ...record, by: { account: 'jane', computer: 'ws1' } })),
      ],
      'Applied and undone 2026-11-22 10:00:00 UTC by jane on ws1',
    ],
    [
      'it is undone as far as possible',
      [...partly, ...journal(plan, ['undone']).map((record) => ({ ...record, lost: 7 }))],
      'Applied, and undone as far as possible 2026-11-22 10:00:00 UTC: 7 entries and attributes cannot be restored',
    ],
  ])('says that %s', (_, records, expected) => {
    expect(words(records)).toBe(expected);
  });

  test('says that an undo of it has not brought back everything, where its folder shows that', () => {
    const position = { kind: 'undone-in-part', undoFolder: '/changes/undo', isUnfinished: true } as const;
    const outcome = outcomeOf(plan, partly, position);
    expect(outcome === undefined ? 'none' : outcomeInWords(plan, outcome)).toBe(
      'Applied, and undone in part: 1 of 5 changes written',
    );
  });

  test('says when each run was, and by whom', () => {
    expect(outcomeOf(plan, partly)?.runs.map(runInWords)).toEqual([
      '2026-11-22 10:00:00 UTC to 2026-11-22 10:05:00 UTC by CORP\\anna on ADMIN01',
    ]);
  });

  test('is that of the last run where a change was tried twice', () => {
    expect(words([...partly, ...journal(plan, ['begin'], ['done', 1])])).toBe(
      'Applied in part: 2 of 5 changes written',
    );
  });
});

describe('the outcome of a row', () => {
  test('is said once where all its changes were written, with the time and the DC', () => {
    expect(became(journal(plan, ['begin'], ...dns.map((_, index) => ['done', index] as const)))).toEqual({
      words: 'written 2026-11-22 10:05:00 UTC on dc1.corp.example.com',
      exceptions: [],
    });
  });

  test('names each change that was not written, and why', () => {
    expect(became(partly)).toEqual({
      words: '1 of 5 written 2026-11-22 10:01:00 UTC on dc1.corp.example.com',
      exceptions: [
        'CN=bert: failed, 2026-11-22 10:02:00 UTC (no right to write)',
        'CN=cleo: skipped because it had changed, 2026-11-22 10:03:00 UTC',
        'CN=dora: not known whether written, 2026-11-22 10:04:00 UTC',
        'CN=emil: not written',
      ],
    });
  });
});

test('after an integrated logon the journal names the user of the directory, and page and text say it', () => {
  const connection = 'sealed, as CORP\\jane (Kerberos)';
  const records = journal(plan, ['begin'], ['done', 0], ['end']).map((record) =>
    record.event === 'begin' ? { ...record, connection } : record,
  );
  const run = `2026-11-22 10:00:00 UTC to 2026-11-22 10:02:00 UTC by CORP\\anna on ADMIN01, ${connection}`;
  expect([...htmlReview(plan, description(), commands, template, records)].join('')).toContain(run);
  expect([...paperReview(plan, description(), commands, records)].join(' ').replace(/\s+/g, ' ')).toContain(run);
});

test('page and text show the outcome of each change once there is a journal', () => {
  const files = planOf([labelChange('User:', 'Name:')]);
  const records = journal(files, ['begin'], ['done', 0], ['end']);
  const page = [...htmlReview(files, description(), commands, template, records)].join('');
  const text = [...paperReview(files, description(), commands, records)].join('\n');
  for (const said of ['Applied: 1 of 1 file written', 'CORP\\anna on ADMIN01', 'written 2026-11-22 10:01:00 UTC']) {
    expect(page).toContain(said);
    expect(text).toContain(said);
  }
  expect(page).not.toContain('before anything was changed');
});
