import { describe, expect, test } from 'vitest';
import { type Standing, silenceOf, stageOf, standingsOf } from '../../../src/remedies/tombstone/standing.ts';
import {
  answering,
  configuration,
  cursor,
  dc,
  domain,
  type FactsOptions,
  factsOf,
  link,
  replicated,
  unreachable,
} from './support/facts.ts';

const day = 86_400_000;

function standingOf(options: FactsOptions, index = 0): Standing {
  const standing = standingsOf(factsOf(options))[index];
  if (standing === undefined) throw new Error('no such DC');
  return standing;
}

function silenceInDays(standing: Standing): number | undefined {
  const silence = silenceOf(standing);
  return silence === undefined ? undefined : silence / day;
}

describe('how long a DC has been silent', () => {
  test('is told by its best partner: the others reach it through that one', () => {
    const links = [link(2, configuration, 90), link(3, configuration, 1), link(2, domain, 90), link(3, domain, 1)];
    const domainControllers = [answering(dc(1), links), replicated(dc(2), 1, 0), replicated(dc(3), 1, 0)];
    expect(silenceInDays(standingOf({ domainControllers }))).toBe(1);
  });

  test('is told by the naming context that is worst off', () => {
    const domainControllers = [
      answering(dc(1), [link(2, configuration, 50), link(2, domain, 0)]),
      replicated(dc(2), 1, 0),
    ];
    const standing = standingOf({ domainControllers });
    expect(silenceInDays(standing)).toBe(50);
    expect(standing.inbound).toMatchObject({ kind: 'known', worst: { namingContext: configuration } });
  });

  test('is what the others last heard from it, if it can not be reached', () => {
    const domainControllers = [
      unreachable(dc(1)),
      answering(dc(2), [link(3, configuration, 0), link(3, domain, 0)], { cursors: [cursor(1, 71)] }),
      answering(dc(3), [link(1, configuration, 80), link(2, domain, 0)]),
    ];
    const standing = standingOf({ domainControllers });
    expect(standing.inbound.kind).toBe('unreachable');
    expect(silenceInDays(standing)).toBe(71);
    expect(standing.heard?.by).toBe('DC2');
  });

  test('is not known, and so not healthy, if it can not be reached and nobody tells', () => {
    const domainControllers = [unreachable(dc(1)), answering(dc(2), [])];
    expect(silenceOf(standingOf({ domainControllers }))).toBeUndefined();
  });

  test('is also the time that the others, in touch with each other, have not heard from it', () => {
    const domainControllers = [
      replicated(dc(1), 2, 0),
      answering(dc(2), [link(1, domain, 65), link(3, domain, 0), link(3, configuration, 0)]),
      replicated(dc(3), 2, 0),
    ];
    expect(silenceInDays(standingOf({ domainControllers }))).toBe(65);
  });

  test('is not laid to a DC whose only listener does not hear anybody', () => {
    const domainControllers = [replicated(dc(1), 2, 0), replicated(dc(2), 1, 65)];
    expect(silenceInDays(standingOf({ domainControllers }))).toBe(0);
    expect(silenceInDays(standingOf({ domainControllers }, 1))).toBe(65);
  });

  test('is not laid to a DC whose only partner is gone', () => {
    const domainControllers = [replicated(dc(1), 2, 200), unreachable(dc(2))];
    expect(silenceOf(standingOf({ domainControllers }))).toBeUndefined();
    expect(silenceInDays(standingOf({ domainControllers }, 1))).toBe(200);
  });

  test('is not known where it never replicated', () => {
    const domainControllers = [answering(dc(1), [link(2, domain, 'never')]), answering(dc(2), [])];
    expect(silenceOf(standingOf({ domainControllers }))).toBeUndefined();
  });
});

describe('a DC that names no partner', () => {
  test('has none to name if it is the only one', () => {
    expect(standingOf({ domainControllers: [answering(dc(1), [])] }).inbound.kind).toBe('alone');
  });

  test('is unknown if another one has the same naming contexts', () => {
    const standing = standingOf({ domainControllers: [answering(dc(1), []), replicated(dc(2), 1, 0)] });
    expect(standing.inbound.kind).toBe('unknown');
    expect(standing.silent).toHaveLength(2);
  });

  test('is unknown in part if it tells of one naming context only', () => {
    const domainControllers = [answering(dc(1), [link(2, domain, 0)]), replicated(dc(2), 1, 0)];
    expect(standingOf({ domainControllers }).silent.map(({ namingContext }) => namingContext)).toEqual([configuration]);
  });
});

test('two DCs of the same short name go by their DNS names', () => {
  const other = dc(1, { dnsHostName: 'dc1.sub.corp.example.com' });
  const names = standingsOf(factsOf({ domainControllers: [unreachable(dc(1)), unreachable(other)] }));
  expect(names.map(({ name }) => name)).toEqual(['dc1.corp.example.com', 'dc1.sub.corp.example.com']);
});

test.each([
  [29.9, 'fine'],
  [30, 'watch-list'],
  [54, 'near-lifetime'],
  [60, 'past-lifetime'],
])('%d of 60 days are %s', (days, stage) => {
  expect(stageOf(days * day, 60)).toBe(stage);
});
