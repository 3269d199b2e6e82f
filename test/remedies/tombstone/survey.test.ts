import { describe, expect, test } from 'vitest';
import type { Exhibit } from '../../../src/change/exhibits.ts';
import { propose } from '../../../src/remedies/tombstone/changes.ts';
import type { TombstoneFacts } from '../../../src/remedies/tombstone/gather.ts';
import { recordedExhibits, survey } from '../../../src/remedies/tombstone/survey.ts';
import { exhibitLines } from '../../../src/review/exhibit-text.ts';
import { createStyle } from '../../../src/terminal/style.ts';
import {
  answering,
  configuration,
  cursor,
  days,
  daysAgo,
  dc,
  domain,
  factsOf,
  link,
  replicated,
  tombstones,
  unreachable,
  wanting,
} from './support/facts.ts';

function shown(facts: TombstoneFacts, width: number): readonly string[] {
  return survey(facts, wanting({ kind: 'open' })).flatMap((exhibit) => [
    ...exhibitLines(exhibit, { style: createStyle(false), width }),
  ]);
}

function bars(exhibits: readonly Exhibit[]): readonly (readonly [string, string, number | undefined, string])[] {
  return exhibits.flatMap((exhibit) =>
    exhibit.kind === 'bars' ? exhibit.rows.map((row) => [row.name, row.text, row.value, row.mark] as const) : [],
  );
}

const withOneGone = factsOf({
  lifetime: 60,
  domainControllers: [
    answering(dc(1), [link(2, configuration, 0), link(2, domain, 0)], { cursors: [cursor(3, 71)] }),
    replicated(dc(2), 1, 0),
    unreachable(dc(3, { site: 'Paramaribo' })),
  ],
  deletedObjects: [{ kind: 'none-seen', namingContext: configuration }],
  backups: [
    { namingContext: domain, time: daysAgo(9) },
    { namingContext: configuration, time: 'not-known' },
  ],
});

describe('the survey', () => {
  test('marks a DC that only a raise has put within the limit as bad, and leaves the bars of the others', () => {
    const raised = factsOf({
      lifetime: 180,
      lifetimeWritten: daysAgo(5),
      lifetimeVersion: 1,
      domainControllers: [
        answering(dc(1), [link(2, configuration, 0), link(2, domain, 0)], { cursors: [cursor(3, 71)] }),
        replicated(dc(2), 1, 0),
        replicated(dc(3), 1, 71),
      ],
    });
    const exhibits = survey(raised, wanting({ kind: 'open' }));
    expect(bars(exhibits)).toEqual([
      ['DC3', '71 days', 71, 'bad'],
      ['DC1', '0 seconds', 0, 'good'],
      ['DC2', '0 seconds', 0, 'good'],
    ]);
    const advice = exhibits.find(({ id }) => id === 'advice');
    expect(advice).toMatchObject({
      rows: [
        { text: expect.stringMatching(/^DC3: silent since before the lifetime was last changed/), mark: 'bad' },
        { text: expect.stringMatching(/^Advice: 180 days/) },
      ],
    });
  });

  test('has a bar for each DC, the worst first', () => {
    expect(bars(survey(withOneGone, wanting({ kind: 'open' })))).toEqual([
      ['DC3', 'cut off: does not answer; last heard of 71 days ago', 71, 'bad'],
      ['DC1', '0 seconds', 0, 'good'],
      ['DC2', '0 seconds', 0, 'good'],
    ]);
  });

  test.each([80, 100])('keeps its lines within %i columns and cuts nothing', (width) => {
    const lines = shown(withOneGone, width);
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    const text = lines.join('\n');
    expect(text).not.toContain('…');
    const words = text.replace(/\s+/g, ' ');
    for (const part of ['cut off: does not answer;', 'days ago', '> 100 %', 'of 60 days'])
      expect(words).toContain(part);
    expect(words).toContain(`the oldest of all naming contexts: ${domain}; 1 more not known`);
  });

  test('says what is past the lifetime, and the advice, before the question', () => {
    const words = shown(withOneGone, 100).join(' ').replace(/\s+/g, ' ');
    expect(words).toContain('DC3: past the lifetime of 60 days. Remove lingering objects before raising it');
    expect(words).toContain('Advice: 180 days. Microsoft recommends 180.');
  });

  test('of an export does not blame the rights of a user for what is not in it', () => {
    const facts = factsOf({
      isExport: true,
      deletedObjects: [{ kind: 'unknown', namingContext: domain, why: 'none in the export' }],
      backups: [{ namingContext: domain, time: 'not-known' }],
    });
    const text = shown(facts, 100).join('\n');
    expect(text).toMatch(/Deleted objects +none seen +none in the export/);
    expect(text).toMatch(/Last backup +not known +the export does not show one/);
    expect(text).not.toContain('right');
  });

  test('has a line for each side of a split towards the other, beside bars within each', () => {
    const both = [configuration, domain];
    const site = (number: number, mate: number, others: readonly number[], name: string) =>
      answering(
        dc(number, { site: name }),
        both.map((one) => link(mate, one, 1)),
        {
          cursors: both.flatMap((one) => [cursor(mate, 1, one), ...others.map((other) => cursor(other, 75, one))]),
        },
      );
    const domainControllers = [
      site(1, 2, [3, 4], 'Amsterdam'),
      site(2, 1, [3, 4], 'Amsterdam'),
      site(3, 4, [1, 2], 'Paramaribo'),
      site(4, 3, [1, 2], 'Paramaribo'),
    ];
    const exhibits = survey(factsOf({ lifetime: 60, domainControllers }), wanting({ kind: 'open' }));
    expect(bars(exhibits).map(([name, , value]) => [name, value])).toEqual([
      ['DC1', 1],
      ['DC2', 1],
      ['DC3', 1],
      ['DC4', 1],
    ]);
    const islands = exhibits.find(({ id }) => id === 'islands');
    expect(islands).toMatchObject({
      kind: 'remarks',
      rows: [
        { text: 'Amsterdam (DC1 and DC2): nothing from Paramaribo (DC3 and DC4) for 75 days', mark: 'bad' },
        { text: 'Paramaribo (DC3 and DC4): nothing from Amsterdam (DC1 and DC2) for 75 days', mark: 'bad' },
      ],
    });
  });
});

describe('what a plan records', () => {
  test('is the state of every DC', () => {
    const facts = factsOf({ domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, 100)] });
    expect(bars(recordedExhibits(facts, propose(facts, days(365))))).toEqual([
      ['DC2', '100 days', 100, 'watch'],
      ['DC1', '0 seconds', 0, 'good'],
    ]);
  });

  test('is the deleted objects by age, with both limits marked', () => {
    const facts = factsOf({ lifetime: 60, deletedObjects: [tombstones({ 3: 2, 17: 5 })] });
    const histogram = recordedExhibits(facts, propose(facts, days(180))).find(({ kind }) => kind === 'histogram');
    expect(histogram).toMatchObject({
      buckets: [
        { from: 0, to: 9, count: 2 },
        { from: 10, to: 19, count: 5 },
      ],
      limits: [
        { at: 60, text: 'the limit today' },
        { at: 180, text: 'the new limit' },
      ],
    });
  });
});
