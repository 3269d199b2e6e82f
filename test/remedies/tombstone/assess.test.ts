import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/change/findings.ts';

import { assess } from '../../../src/remedies/tombstone/assess.ts';
import type { TombstoneOptions } from '../../../src/remedies/tombstone/options.ts';
import {
  answering,
  configuration,
  cursor,
  daysAgo,
  dc,
  domain,
  type FactsOptions,
  factsOf,
  guidOf,
  link,
  replicated,
  tombstones,
  unreachable,
} from './support/facts.ts';

const raised: TombstoneOptions = { wanted: { kind: 'days', days: 365 }, accept: [] };
const lowered: TombstoneOptions = { wanted: { kind: 'days', days: 90 }, accept: [] };
const unset: TombstoneOptions = { wanted: { kind: 'unset' }, accept: [] };

function find(id: string, facts: FactsOptions, options: TombstoneOptions = raised): Finding | undefined {
  return assess(factsOf(facts), options).find((finding) => finding.id === id);
}

const silentFor = (days: number) => ({ domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, days)] });

test('a healthy forest has nothing against a higher value', () => {
  const levels = new Set(assess(factsOf(), raised).map(({ level }) => level));
  expect(levels).toEqual(new Set(['note']));
});

describe('a DC that is past the lifetime', () => {
  test('stands against raising the value, with the commands filled in', () => {
    const finding = find('dc2-past-lifetime', silentFor(200));
    expect(finding).toMatchObject({ level: 'blocker', acceptable: true, accepted: false });
    expect(finding?.evidence).toContain(
      `repadmin /removelingeringobjects dc2.corp.example.com ${guidOf(1)} "${domain}" /advisory_mode`,
    );
  });

  test('takes as reference the DC that is in order, not another one that is past the lifetime', () => {
    const domainControllers = [
      replicated(dc(1), 3, 200),
      replicated(dc(2), 3, 200),
      replicated(dc(3), 4, 0),
      replicated(dc(4), 3, 0),
    ];
    const commands = find('dc1-past-lifetime', { domainControllers })?.evidence.filter((line) =>
      line.startsWith('repadmin'),
    );
    expect(commands).toHaveLength(2);
    expect(commands?.every((command) => command.includes(guidOf(3)) || command.includes(guidOf(4)))).toBe(true);
  });

  test.each([
    ['read-only', replicated(dc(3, { isReadOnly: true }), 1, 0)],
    ['not to be reached', unreachable(dc(3))],
  ])('takes no DC as reference that is %s', (_, third) => {
    const heard = answering(dc(1), [link(2, configuration, 1), link(2, domain, 1)], { cursors: [cursor(3, 0)] });
    const domainControllers = [heard, replicated(dc(2), 1, 900), third];
    const finding = find('dc2-past-lifetime', { domainControllers });
    expect(finding?.evidence.filter((line) => line.includes(guidOf(1)))).toHaveLength(2);
    expect(finding?.evidence.filter((line) => line.includes(guidOf(3)))).toEqual([]);
  });

  test('is found by what the others last heard from it, where it can not be reached', () => {
    const domainControllers = [answering(dc(1), [], { cursors: [cursor(2, 190)] }), unreachable(dc(2))];
    expect(find('dc2-past-lifetime', { domainControllers })).toMatchObject({ level: 'blocker' });
    expect(find('dc2-unreachable', { domainControllers })).toMatchObject({ level: 'warning' });
  });

  test('can be accepted by its id', () => {
    const options = { ...raised, accept: ['dc2-past-lifetime'] };
    expect(find('dc2-past-lifetime', silentFor(200), options)).toMatchObject({ level: 'blocker', accepted: true });
  });

  test('is only warned of where the value is not raised', () => {
    expect(find('dc2-past-lifetime', silentFor(200), lowered)?.level).toBe('warning');
  });
});

test.each([
  [100, 'dc2-watch-list'],
  [170, 'dc2-near-lifetime'],
])('a DC that is silent for %i of 180 days is warned of as %s', (days, id) => {
  expect(find(id, silentFor(days))).toMatchObject({ level: 'warning' });
});

describe('a lower value', () => {
  test('is stopped by a DC that would be past it', () => {
    expect(find('dc2-past-new-lifetime', silentFor(100), lowered)).toMatchObject({
      level: 'blocker',
      acceptable: true,
    });
    expect(find('dc2-past-new-lifetime', silentFor(80), lowered)).toBeUndefined();
  });

  test('is stopped by what it takes away at once, with the count', () => {
    const deletedObjects = [tombstones({ 10: 5, 89: 7, 90: 20, 150: 1000 })];
    expect(find('purges-deleted-objects', { deletedObjects }, lowered)).toMatchObject({
      level: 'blocker',
      title: 'The lower value takes 1,020 deleted objects for good',
    });
  });

  test('counts no less where a naming context could not be counted', () => {
    const deletedObjects = [
      tombstones({ 150: 1 }),
      { kind: 'none-or-not-permitted', namingContext: configuration } as const,
    ];
    const finding = find('purges-deleted-objects', { deletedObjects }, lowered);
    expect(finding?.title).toContain('at least 1 deleted object');
    expect(finding?.evidence).toEqual([`${configuration}: not permitted or none`]);
  });

  test('is not said to take nothing where nothing could be counted', () => {
    const deletedObjects = [{ kind: 'none-or-not-permitted', namingContext: domain } as const];
    expect(find('purge-not-known', { deletedObjects }, lowered)).toMatchObject({ level: 'warning' });
  });

  test('empties the Recycle Bin too, if that follows it', () => {
    const recoverable = new Map([[100, 8]]);
    const deletedObjects = [{ kind: 'counted', namingContext: domain, tombstones: new Map(), recoverable } as const];
    const facts = { recycleBin: 'on', deletedObjects } as const;
    expect(find('purges-deleted-objects', facts, lowered)?.title).toContain('8 deleted objects out of the Recycle Bin');
    expect(find('purges-deleted-objects', { ...facts, deletedObjectLifetime: 180 }, lowered)).toBeUndefined();
  });

  test('below 180 days needs somebody to accept it', () => {
    expect(find('below-recommended', {}, lowered)).toMatchObject({ level: 'blocker', acceptable: true });
    expect(find('below-recommended', {}, unset)).toMatchObject({ level: 'blocker' });
    expect(find('below-recommended', { serverKind: 'samba' }, unset)).toBeUndefined();
  });

  test('makes backups useless that are older', () => {
    const backups = [{ namingContext: domain, time: daysAgo(100) }];
    expect(find('backup-past-lifetime', { backups }, lowered)).toMatchObject({ level: 'warning' });
    expect(find('backup-past-lifetime', { backups }, raised)).toBeUndefined();
  });
});

test.each([
  [91, 'warning'],
  [89, undefined],
])('a backup of %i days asks for a new one from half of the lifetime on', (days, level) => {
  const backups = [{ namingContext: domain, time: daysAgo(days) }];
  const same: TombstoneOptions = { wanted: { kind: 'days', days: 180 }, accept: [] };
  expect(find('backup-old', { backups }, same)?.level).toBe(level);
});

test('a value that is raised and still below 180 days is only warned of', () => {
  const options: TombstoneOptions = { wanted: { kind: 'days', days: 90 }, accept: [] };
  expect(find('below-recommended', { lifetime: 60 }, options)).toMatchObject({ level: 'warning' });
});

test.each([
  [3650, undefined],
  [3651, 'warning'],
])('a lifetime of %i days: more than ten years are warned of', (days, level) => {
  expect(find('very-long', {}, { wanted: { kind: 'days', days }, accept: [] })?.level).toBe(level);
});

test('a value that garbage collection does not honour is refused, whoever accepts it', () => {
  const options: TombstoneOptions = {
    wanted: { kind: 'days', days: 36 },
    accept: ['too-short-for-garbage-collection'],
  };
  expect(find('too-short-for-garbage-collection', { garbageCollectionHours: 288 }, options)).toMatchObject({
    level: 'blocker',
    acceptable: false,
    accepted: false,
  });
});

test('who may not write is told so, and not where there is nothing to write', () => {
  expect(find('no-right-to-write', { mayWrite: false })).toMatchObject({ level: 'blocker' });
  expect(find('no-right-to-write', { mayWrite: false, lifetime: 365 })).toBeUndefined();
});

test('a read-only DC is named before anything is asked', () => {
  const source = { host: 'rodc.corp.example.com', tls: 'ldaps', isGlobalCatalog: true, isReadOnly: true } as const;
  const nothing: TombstoneOptions = { wanted: { kind: 'none' }, accept: [] };
  expect(find('read-only-dc', { source }, nothing)).toMatchObject({ level: 'blocker' });
});

test('what a DC does not tell is unknown', () => {
  const domainControllers = [answering(dc(1), [link(2, domain, 0)]), replicated(dc(2), 1, 0)];
  expect(find('dc1-replication-unknown', { domainControllers })).toMatchObject({
    level: 'warning',
    evidence: [`${configuration}: it names no inbound partner`],
  });
});

test('failing links are told once for all naming contexts that fail alike, with the code in words', () => {
  const links = [link(2, configuration, 3, 8614), link(2, domain, 3, 8614)];
  const domainControllers = [answering(dc(1), links), replicated(dc(2), 1, 0)];
  const finding = find('replication-failures', { domainControllers });
  expect(finding?.evidence).toHaveLength(1);
  expect(finding?.evidence[0]).toMatch(/^DC1 from DC2, 2 naming contexts: .*8614.*12 failures in a row/);
});

test.each([
  [4, undefined],
  [6, ['DC1 is 6 minutes ahead of this computer']],
])('a clock that is %i minutes ahead: five are tolerated', (minutes, evidence) => {
  const links = [link(2, configuration, 0), link(2, domain, 0)];
  const domainControllers = [answering(dc(1), links, { clockAhead: minutes * 60_000 }), replicated(dc(2), 1, 0)];
  expect(find('clock-differs', { domainControllers })?.evidence).toEqual(evidence);
});

test('replication that is under way is no failure', () => {
  const inbound = [link(2, configuration, 0, 8477), link(2, domain, 0, 8477)];
  const domainControllers = [answering(dc(1), inbound), replicated(dc(2), 1, 0)];
  expect(find('replication-failures', { domainControllers })).toBeUndefined();
});

test('a clock that is off by more than five minutes is told', () => {
  const links = [link(2, configuration, 0), link(2, domain, 0)];
  const domainControllers = [answering(dc(1), links, { clockAhead: -7_200_000 }), replicated(dc(2), 1, 0)];
  expect(find('clock-differs', { domainControllers })?.evidence).toEqual(['DC1 is 2 hours behind this computer']);
});

test('a higher value is told not to reach back', () => {
  expect(find('not-retroactive', {}, raised)).toBeDefined();
  expect(find('not-retroactive', {}, lowered)).toBeUndefined();
});

test('the state of every DC and the deleted objects go into the plan', () => {
  expect(find('replication-state', silentFor(100))?.evidence).toEqual([
    'DC1, Amsterdam: 0 seconds ago, 0 % of 180 days',
    'DC2, Amsterdam: 100 days ago, 55 % of 180 days',
  ]);
  expect(find('deleted-objects', { deletedObjects: [tombstones({ 3: 2 })] })?.evidence).toEqual([
    `${domain}: 2, the oldest 3 days old`,
  ]);
});
