import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DomainControllerState } from '../../../src/ad/ask-domain-controllers.ts';
import { type Islands, islandsOf } from '../../../src/ad/replication-islands.ts';
import { type News, replicationNews } from '../../../src/ad/replication-news.ts';
import {
  answering,
  configuration,
  cursor,
  dc,
  domain,
  factsOf,
  link,
  replicated,
  unreachable,
} from '../../remedies/tombstone/support/facts.ts';
import { fixedClock } from '../../support/fixed-world.ts';

const day = 86_400_000;

function newsOf(domainControllers: readonly DomainControllerState[]) {
  return replicationNews(domainControllers, factsOf({ domainControllers }).forest, fixedClock());
}

function islands(domainControllers: readonly DomainControllerState[], threshold = 60): Islands {
  return islandsOf(newsOf(domainControllers), threshold * day);
}

function names(parties: readonly { readonly name: string }[]): readonly string[] {
  return parties.map(({ name }) => name);
}

function cutOff({ cutOff: found }: Islands): Readonly<Record<string, number | undefined>> {
  return Object.fromEntries(found.map(({ party, age }) => [party.name, age === undefined ? undefined : age / day]));
}

function sides({ splits }: Islands): readonly (readonly (readonly string[])[])[] {
  return splits.map((split) => split.sides.map(names));
}

/** A DC whose cursors in both naming contexts say how long ago it last heard of each other DC. */
function hearing(number: number, ages: Readonly<Record<number, number>>, result = 0): DomainControllerState {
  const both = [configuration, domain];
  const cursors = Object.entries(ages).flatMap(([of, age]) => both.map((one) => cursor(Number(of), age, one)));
  const links = Object.entries(ages).flatMap(([of, age]) =>
    both.map((one) => link(Number(of), one, age, age >= 60 ? result : 0)),
  );
  return answering(dc(number), links, { cursors });
}

describe('news of another DC', () => {
  function news(domainControllers: readonly DomainControllerState[], hearer: string, source: string): News | undefined {
    const { parties, copies } = newsOf(domainControllers);
    const find = (name: string) => parties.find((party) => party.name === name);
    const [one, other] = [find(hearer), find(source)];
    return one === undefined || other === undefined ? undefined : copies[0]?.news(one, other);
  }

  test('is as old as the cursor for it', () => {
    const all = [hearing(1, { 2: 3 }), hearing(2, { 1: 0 })];
    expect(news(all, 'DC1', 'DC2')).toEqual({ kind: 'heard', age: 3 * day });
  });

  test('is as old as the worst link of the best path where cursors hold no time', () => {
    const all = [
      answering(dc(1), [link(2, configuration, 1), link(3, configuration, 9)]),
      answering(dc(2), [link(4, configuration, 5)]),
      answering(dc(3), [link(4, configuration, 0)]),
      answering(dc(4), []),
    ];
    expect(news(all, 'DC1', 'DC4')).toEqual({ kind: 'heard', age: 5 * day });
  });

  test('comes by the cursor of a former invocationId too, where Windows says whose it was', () => {
    const old = { ...cursor(9, 4), sourceDsaDn: dc(2).settingsDn };
    const all = [answering(dc(1), [], { cursors: [old] }), replicated(dc(2), 1, 0)];
    expect(news(all, 'DC1', 'DC2')).toEqual({ kind: 'heard', age: 4 * day });
  });

  test('is computed by the clock of the DC that heard it', () => {
    const one = answering(dc(1), [link(2, configuration, 0)]);
    const ahead = new Date(fixedClock().getTime() + 2 * day);
    const state =
      one.state.kind === 'answered' ? { ...one.state, answer: { ...one.state.answer, clock: ahead } } : one.state;
    expect(news([{ ...one, state }, replicated(dc(2), 1, 0)], 'DC1', 'DC2')).toEqual({ kind: 'heard', age: 2 * day });
  });

  test.each([
    ['lies in the future', { ...link(2, configuration, 0), lastSuccess: new Date('2031-07-06T00:00:00Z') }],
    ['is recent beside thousands of failures', { ...link(2, configuration, 0, 1722), consecutiveFailures: 7000 }],
  ])('is not known where its time %s: the clock jumped', (_, jumped) => {
    const all = [answering(dc(1), [jumped]), replicated(dc(2), 1, 0)];
    expect(news(all, 'DC1', 'DC2')).toEqual({ kind: 'unknown' });
    expect(newsOf(all).jumps.map(({ party }) => party.name)).toEqual(['DC1']);
  });

  test('is not known from a DC that does not answer', () => {
    expect(news([unreachable(dc(1)), replicated(dc(2), 1, 0)], 'DC1', 'DC2')).toEqual({ kind: 'unknown' });
  });
});

describe('one DC apart from all the others', () => {
  test('is cut off, by what it last heard and by what was last heard of it', () => {
    const all = [hearing(1, { 2: 0, 3: 71 }), hearing(2, { 1: 0, 3: 70 }), hearing(3, { 1: 75, 2: 80 })];
    const found = islands(all);
    expect(cutOff(found)).toEqual({ DC3: 75 });
    expect(found.cutOff[0]).toMatchObject({
      ownAge: 75 * day,
      heardAge: 70 * day,
      namingContexts: [configuration, domain],
    });
    expect(found.splits).toEqual([]);
  });

  test('does not spoil the news of the others', () => {
    const found = islands([hearing(1, { 2: 1, 3: 71 }), hearing(2, { 1: 2, 3: 71 }), hearing(3, { 1: 71, 2: 71 })]);
    expect([...found.oldest].map(([party, { age }]) => [party.name, age / day])).toEqual([
      ['DC1', 1],
      ['DC2', 2],
    ]);
  });

  test('is found by what the others last heard of it, where it does not answer', () => {
    const all = [
      unreachable(dc(1)),
      answering(dc(2), [link(3, configuration, 0), link(3, domain, 0)], { cursors: [cursor(1, 71)] }),
      answering(dc(3), [link(1, configuration, 80), link(2, domain, 0), link(2, configuration, 0)]),
    ];
    const found = islands(all);
    expect(cutOff(found)).toEqual({ DC1: 71 });
    expect(found.cutOff[0]?.heardBy?.name).toBe('DC2');
  });

  test('is the one that the others, in touch with each other, have not heard of', () => {
    const all = [
      replicated(dc(1), 2, 0),
      answering(dc(2), [
        link(1, domain, 65),
        link(1, configuration, 65),
        link(3, domain, 0),
        link(3, configuration, 0),
      ]),
      replicated(dc(3), 2, 0),
    ];
    expect(cutOff(islands(all))).toEqual({ DC1: 65 });
  });

  test('is the one of two that hears nothing, where the other hears it well', () => {
    expect(cutOff(islands([replicated(dc(1), 2, 0), replicated(dc(2), 1, 65)]))).toEqual({ DC2: 65 });
  });

  test('is the one of two that does not answer', () => {
    expect(cutOff(islands([replicated(dc(1), 2, 200), unreachable(dc(2))]))).toEqual({ DC2: 200 });
  });

  test('is cut off also where only one naming context is', () => {
    const all = [
      hearing(1, { 2: 0, 3: 0 }),
      hearing(2, { 1: 0, 3: 0 }),
      answering(dc(3), [link(1, configuration, 75), link(1, domain, 0)]),
    ];
    const found = islands(all);
    expect(cutOff(found)).toEqual({ DC3: 75 });
    expect(found.cutOff[0]?.namingContexts).toEqual([configuration]);
  });

  test('is not accused where nothing is known of it', () => {
    const found = islands([unreachable(dc(1)), answering(dc(2), [])]);
    expect(found).toMatchObject({ cutOff: [], splits: [] });
  });

  test('is not accused where it never replicated', () => {
    const found = islands([answering(dc(1), [link(2, domain, 'never')]), answering(dc(2), [])]);
    expect(found).toMatchObject({ cutOff: [], splits: [] });
  });

  test('can be an RODC, of which no other DC has news', () => {
    const rodc = dc(3, { isReadOnly: true });
    const links = [link(1, configuration, 75), link(1, domain, 75)];
    expect(cutOff(islands([hearing(1, { 2: 0 }), hearing(2, { 1: 0 }), answering(rodc, links)]))).toEqual({ DC3: 75 });
  });

  test('can be a GC of another domain, for its partial copy', () => {
    const catalog = dc(3, { fullNamingContexts: [configuration], partialNamingContexts: [domain] });
    const links = [link(1, configuration, 0), link(1, domain, 75)];
    const found = islands([hearing(1, { 2: 0, 3: 0 }), hearing(2, { 1: 0, 3: 0 }), answering(catalog, links)]);
    expect(cutOff(found)).toEqual({ DC3: 75 });
    expect(found.cutOff[0]?.namingContexts).toEqual([domain]);
  });
});

describe('two sides', () => {
  const parted = [
    hearing(1, { 2: 0, 3: 75, 4: 75 }, 8614),
    hearing(2, { 1: 0, 3: 75, 4: 75 }, 8614),
    hearing(3, { 4: 0, 1: 75, 2: 75 }, 8614),
    hearing(4, { 3: 0, 1: 75, 2: 75 }, 8614),
  ];

  test('of two DCs each, fine within and parted for 75 of 60 days, are a split, and no side is the good one', () => {
    const found = islands(parted);
    expect(sides(found)).toEqual([
      [
        ['DC1', 'DC2'],
        ['DC3', 'DC4'],
      ],
    ]);
    expect(found.splits[0]).toMatchObject({ age: 75 * day, namingContexts: [configuration, domain] });
    expect(found.cutOff).toEqual([]);
  });

  test('are no split below the threshold', () => {
    expect(islands(parted, 90)).toMatchObject({ cutOff: [], splits: [] });
  });

  test('beside a DC that is cut off from both: that one is not a side', () => {
    const all = [
      hearing(1, { 2: 0, 3: 75, 4: 75, 5: 90 }),
      hearing(2, { 1: 0, 3: 75, 4: 75, 5: 90 }),
      hearing(3, { 4: 0, 1: 75, 2: 75, 5: 90 }),
      hearing(4, { 3: 0, 1: 75, 2: 75, 5: 90 }),
      unreachable(dc(5)),
    ];
    const found = islands(all);
    expect(sides(found)).toEqual([
      [
        ['DC1', 'DC2'],
        ['DC3', 'DC4'],
      ],
    ]);
    expect(cutOff(found)).toEqual({ DC5: 90 });
  });

  test('are two DCs alone that both hear nothing', () => {
    expect(sides(islands([hearing(1, { 2: 75 }), hearing(2, { 1: 70 })]))).toEqual([[['DC1'], ['DC2']]]);
  });

  test('are two DCs that refuse each other although no age is known', () => {
    const refusing = (number: number, other: number) =>
      answering(
        dc(number),
        [configuration, domain].map((one) => link(other, one, 'never', 8614)),
      );
    const found = islands([refusing(1, 2), refusing(2, 1)]);
    expect(sides(found)).toEqual([[['DC1'], ['DC2']]]);
    expect(found.splits[0]?.age).toBeUndefined();
  });

  test('of a domain that only two DCs hold are no split of their own, where one of them is cut off from the forest', () => {
    const inForest = { fullNamingContexts: [configuration] };
    const both = [configuration, domain];
    const links = (number: number, days: number, contexts = [configuration]) =>
      contexts.map((one) => link(number, one, days));
    const all = [
      answering(dc(1, inForest), [...links(2, 0), ...links(3, 0)], { cursors: [cursor(4, 71)] }),
      answering(dc(2, inForest), [...links(1, 0), ...links(3, 0)], { cursors: [cursor(4, 71)] }),
      answering(dc(3), [...links(1, 0), ...links(2, 0), ...links(4, 71, both)]),
      answering(dc(4), links(3, 71, both)),
    ];
    const found = islands(all);
    expect(found.splits).toEqual([]);
    expect(cutOff(found)).toEqual({ DC4: 71 });
    expect(found.cutOff[0]?.namingContexts).toEqual([configuration, domain]);
  });
});

test('two DCs of the same short name go by their DNS names', () => {
  const other = dc(1, { dnsHostName: 'dc1.sub.corp.example.com' });
  const { parties } = newsOf([unreachable(dc(1)), unreachable(other)]);
  expect(names(parties)).toEqual(['dc1.corp.example.com', 'dc1.sub.corp.example.com']);
});

describe('whatever the DCs have heard of each other', () => {
  const ages = fc.array(fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 5, maxLength: 5 }), {
    minLength: 5,
    maxLength: 5,
  });
  const forestOf = (matrix: readonly (readonly number[])[]) =>
    matrix.map((row, hearer) =>
      hearing(hearer, Object.fromEntries(row.flatMap((age, source) => (source === hearer ? [] : [[source, age]])))),
    );

  test('no DC is cut off and on a side at once, and sides have no DC in common', () => {
    fc.assert(
      fc.property(ages, (matrix) => {
        const found = islands(forestOf(matrix));
        const members = found.splits.flatMap((split) => split.sides.flat());
        expect(new Set(members).size).toBe(members.length);
        for (const { party } of found.cutOff) expect(members).not.toContain(party);
        expect(found.cutOff.length + members.length).toBeLessThanOrEqual(5 * 2);
      }),
      {
        examples: [
          [
            [
              [0, 60, 60, 60, 60],
              [0, 0, 60, 0, 0],
              [0, 0, 0, 0, 60],
              [0, 60, 60, 0, 60],
              [0, 60, 0, 0, 0],
            ],
          ],
        ],
        numRuns: 1000,
      },
    );
  });

  test('a forest whose pairs are all within the threshold has nothing apart, and one with a pair beyond says so', () => {
    fc.assert(
      fc.property(ages, (matrix) => {
        const found = islands(forestOf(matrix));
        const others = matrix.flatMap((row, hearer) => row.filter((_, source) => source !== hearer));
        const isQuiet = found.cutOff.length === 0 && found.splits.length === 0;
        const isOld = [...found.oldest.values()].some(({ age }) => age >= 60 * day);
        expect(isQuiet && !isOld).toBe(others.every((age) => age < 60));
      }),
    );
  });
});
