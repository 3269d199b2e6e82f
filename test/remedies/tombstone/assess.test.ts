import { describe, expect, test } from 'vitest';
import type { DomainControllerState } from '../../../src/ad/ask-domain-controllers.ts';
import { type Finding, judge, warning } from '../../../src/change/findings.ts';
import type { Plan } from '../../../src/change/plan.ts';
import { sealPlan } from '../../../src/change/seal.ts';
import { assess } from '../../../src/remedies/tombstone/assess.ts';
import { propose } from '../../../src/remedies/tombstone/changes.ts';
import type { TombstoneOptions } from '../../../src/remedies/tombstone/options.ts';
import { tombstone } from '../../../src/remedies/tombstone/remedy.ts';
import { commandsOf } from '../../support/finding-commands.ts';
import {
  answering,
  configuration,
  cursor,
  days,
  daysAgo,
  dc,
  domain,
  type FactsOptions,
  factsOf,
  finder,
  guidOf,
  judged,
  link,
  replicated,
  tombstones,
  unreachable,
  wanting,
} from './support/facts.ts';

const raised = days(365);
const lowered = days(90);
const unset = wanting({ kind: 'unset' });

function find(id: string, facts: FactsOptions, options: TombstoneOptions = raised): Finding | undefined {
  return judged(factsOf(facts), options).find((finding) => finding.id === id);
}

function nextStepIds(facts: FactsOptions, options: TombstoneOptions): readonly string[] {
  const all = factsOf(facts);
  return tombstone.record(all, propose(all, options)).nextSteps.map(({ id }) => id);
}

const silentFor = (silence: number) => ({
  domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, silence)],
});

test('a healthy forest has nothing against a higher value', () => {
  const levels = new Set(judged(factsOf(), raised).map(({ level }) => level));
  expect(levels).toEqual(new Set(['note']));
});

describe('a DC that is past the lifetime', () => {
  test('stops raising the value, with the commands filled in', () => {
    const finding = find('past-lifetime', silentFor(200));
    expect(finding).toMatchObject({ level: 'blocker', acceptable: true, accepted: false });
    expect(commandsOf(tombstone, finding)).toContain(
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
    const commands = commandsOf(tombstone, find('past-lifetime', { domainControllers }));
    expect(commands).toHaveLength(4);
    expect(commands.every((command) => command.includes(guidOf(3)) || command.includes(guidOf(4)))).toBe(true);
  });

  test.each([
    ['read-only', replicated(dc(3, { isReadOnly: true }), 1, 0)],
    ['not reachable', unreachable(dc(3))],
  ])('takes as reference no DC that is %s', (_, third) => {
    const heard = answering(dc(1), [link(2, configuration, 1), link(2, domain, 1)], { cursors: [cursor(3, 0)] });
    const domainControllers = [heard, replicated(dc(2), 1, 900), third];
    const commands = commandsOf(tombstone, find('past-lifetime', { domainControllers }));
    expect(commands.filter((line) => line.includes(guidOf(1)))).toHaveLength(2);
    expect(commands.filter((line) => line.includes(guidOf(3)))).toEqual([]);
  });

  test('is found by what the others last heard from it, where it can not be reached', () => {
    const domainControllers = [answering(dc(1), [], { cursors: [cursor(2, 190)] }), unreachable(dc(2))];
    expect(find('past-lifetime', { domainControllers })).toMatchObject({ level: 'blocker' });
    expect(find('unreachable-dcs', { domainControllers })).toMatchObject({ level: 'warning' });
  });

  test('can be accepted by its id', () => {
    const options = days(365, { accept: ['past-lifetime'] });
    expect(find('past-lifetime', silentFor(200), options)).toMatchObject({ level: 'blocker', accepted: true });
  });

  test('is only warned of where the value is not raised', () => {
    expect(find('past-lifetime', silentFor(200), lowered)?.level).toBe('warning');
  });
});

test.each([
  [100, 'watch-list'],
  [170, 'near-lifetime'],
])('a DC that is silent for %i of 180 days is warned of as %s', (silence, id) => {
  expect(find(id, silentFor(silence))).toMatchObject({ level: 'warning' });
});

test('a DC that is cut off in one naming context and parted in another is named once', () => {
  const partial = dc(2, { fullNamingContexts: [configuration], partialNamingContexts: [domain] });
  const links = [link(1, configuration, 100), link(1, domain, 100)];
  const domainControllers = [answering(dc(1), [link(2, configuration, 100)]), answering(partial, links)];
  const finding = find('watch-list', { domainControllers });
  expect(finding?.subjects).toEqual(['DC2', 'DC1']);
  expect(finding?.title).toMatch(/^DC2 and DC1 have not replicated /);
});

describe('a lower value', () => {
  test('is stopped by a DC that would be past it', () => {
    expect(find('past-new-lifetime', silentFor(100), lowered)).toMatchObject({
      level: 'blocker',
      acceptable: true,
    });
    expect(find('past-new-lifetime', silentFor(80), lowered)).toBeUndefined();
  });

  test('is stopped by what it takes away at once, with the count', () => {
    const deletedObjects = [tombstones({ 10: 5, 89: 7, 90: 20, 150: 1000 })];
    expect(find('purges-deleted-objects', { deletedObjects }, lowered)).toMatchObject({
      level: 'blocker',
      title: 'The lower value removes 1,020 deleted objects for good',
    });
  });

  test('counts no less where a naming context could not be counted', () => {
    const deletedObjects = [tombstones({ 150: 1 }), { kind: 'none-seen', namingContext: configuration } as const];
    const finding = find('purges-deleted-objects', { deletedObjects }, lowered);
    expect(finding?.title).toContain('at least 1 deleted object');
    expect(finding?.evidence).toEqual([`${configuration}: none seen (none there, or no right to see them)`]);
  });

  test('is not reported as harmless where nothing could be counted', () => {
    const deletedObjects = [{ kind: 'none-seen', namingContext: domain } as const];
    expect(find('purge-not-known', { deletedObjects }, lowered)).toMatchObject({ level: 'warning' });
  });

  test('empties the Recycle Bin too, if that follows it', () => {
    const recoverable = new Map([[100, 8]]);
    const deletedObjects = [{ kind: 'counted', namingContext: domain, tombstones: new Map(), recoverable } as const];
    const facts = { recycleBin: 'on', deletedObjects } as const;
    expect(find('purges-deleted-objects', facts, lowered)?.title).toContain('8 deleted objects from the Recycle Bin');
    expect(find('purges-deleted-objects', { ...facts, deletedObjectLifetime: 180 }, lowered)).toBeUndefined();
  });

  test('below 180 days has to be accepted', () => {
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
])('a backup of %i days asks for a new one from half of the lifetime on', (age, level) => {
  const backups = [{ namingContext: domain, time: daysAgo(age) }];
  expect(find('backup-old', { backups }, days(180))?.level).toBe(level);
});

test('a finding about backups counts the naming contexts that it is about, beside others that are in order', () => {
  const backups = [
    { namingContext: configuration, time: daysAgo(1) },
    { namingContext: domain, time: 'not-known' as const },
    { namingContext: `DC=DomainDnsZones,${domain}`, time: daysAgo(91) },
    { namingContext: `DC=ForestDnsZones,${domain}`, time: daysAgo(200) },
  ];
  expect(find('backup-not-known', { backups }, days(180))?.title).toBe(
    'The last backup of 1 naming context is not known',
  );
  expect(find('backup-old', { backups }, days(180))?.title).toBe(
    'The last backup of 1 naming context is older than half of 180 days',
  );
  expect(find('backup-past-lifetime', { backups }, days(180))?.title).toBe(
    'The last backup of 1 naming context is older than 180 days',
  );
});

test('a value that is raised and still below 180 days is only warned of', () => {
  expect(find('below-recommended', { lifetime: 60 }, days(90))).toMatchObject({ level: 'warning' });
});

test.each([
  [3650, undefined],
  [3651, 'warning'],
])('a lifetime of %i days: more than ten years are warned of', (number, level) => {
  expect(find('very-long', {}, days(number))?.level).toBe(level);
});

test('a value that garbage collection does not honour is refused even if accepted', () => {
  const options = days(21, { accept: ['too-short-for-garbage-collection'] });
  expect(find('too-short-for-garbage-collection', { garbageCollectionHours: 168 }, options)).toMatchObject({
    level: 'blocker',
    acceptable: false,
    accepted: false,
  });
});

test('a user without the right to write is warned, but not where there is nothing to write', () => {
  expect(find('no-right-to-write', { mayWrite: false })).toMatchObject({ level: 'blocker' });
  expect(find('no-right-to-write', { mayWrite: false, lifetime: 365 })).toBeUndefined();
});

test('a read-only DC takes no writes', () => {
  const source = { host: 'rodc.corp.example.com', isReadOnly: true, inWords: 'rodc.corp.example.com (LDAPS)' };
  expect(find('read-only-dc', { source })).toMatchObject({ level: 'blocker', subjects: ['rodc.corp.example.com'] });
  expect(find('read-only-dc', { source, lifetime: 365 })).toBeUndefined();
});

test('what a DC does not show is unknown', () => {
  const domainControllers = [answering(dc(1), [link(2, domain, 0)]), replicated(dc(2), 1, 0)];
  expect(find('replication-unknown', { domainControllers })).toMatchObject({
    level: 'warning',
    evidence: [`DC1: ${configuration}: it names no inbound partner`],
  });
});

test('failing links are one line for all naming contexts that fail alike, with the code in words', () => {
  const links = [link(2, configuration, 3, 1722), link(2, domain, 3, 1722)];
  const domainControllers = [answering(dc(1), links), replicated(dc(2), 1, 0)];
  const finding = find('replication-failures', { domainControllers });
  expect(finding?.evidence).toHaveLength(1);
  expect(finding?.evidence[0]).toMatch(/^DC1 from DC2, 2 naming contexts: .*1722.*12 failures in a row/);
});

test.each([
  [4, undefined],
  [6, ['DC1 is 6 minutes ahead of the others']],
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

test('a clock that is off by more than five minutes is reported', () => {
  const links = [link(2, configuration, 0), link(2, domain, 0)];
  const domainControllers = [answering(dc(1), links, { clockAhead: -7_200_000 }), replicated(dc(2), 1, 0)];
  expect(find('clock-differs', { domainControllers })?.evidence).toEqual(['DC1 is 2 hours behind the others']);
});

test('a note says that a higher value does not bring back what is already collected', () => {
  expect(find('not-retroactive', {}, raised)).toBeDefined();
  expect(find('not-retroactive', {}, lowered)).toBeUndefined();
});

describe('two sites of two DCs, fine within and parted for 75 of 60 days', () => {
  const both = [configuration, domain];
  const site = (number: number, mate: number, others: readonly number[], name: string) =>
    answering(
      dc(number, { site: name }),
      both.flatMap((one) => [link(mate, one, 0), ...others.map((other) => link(other, one, 75, 8614))]),
      { cursors: both.flatMap((one) => [cursor(mate, 0, one), ...others.map((other) => cursor(other, 75, one))]) },
    );
  const domainControllers = [
    site(1, 2, [3, 4], 'Amsterdam'),
    site(2, 1, [3, 4], 'Amsterdam'),
    site(3, 4, [1, 2], 'Paramaribo'),
    site(4, 3, [1, 2], 'Paramaribo'),
  ];

  test('are a split that stops a raise, and neither side is the good one', () => {
    const finding = find('parted-sides', { lifetime: 60, domainControllers }, days(180));
    expect(finding).toMatchObject({
      level: 'blocker',
      acceptable: true,
      title:
        'Amsterdam (DC1 and DC2) and Paramaribo (DC3 and DC4) have not replicated with each other for 75 days: longer than the lifetime of 60 days',
      subjects: ['DC1', 'DC2', 'DC3', 'DC4'],
      measure: { value: 75, unit: 'days' },
    });
    expect(finding?.detail).toContain('It is not known which side is the good one');
    expect(find('past-lifetime', { lifetime: 60, domainControllers }, days(180))).toBeUndefined();
  });

  test('stay a split after a raise, with what there is to choose the good side by', () => {
    const facts = { lifetime: 180, lifetimeWritten: daysAgo(5), domainControllers };
    const finding = find('past-former-lifetime', facts, days(365));
    expect(finding).toMatchObject({ level: 'blocker', subjects: ['DC1', 'DC2', 'DC3', 'DC4'] });
    expect(finding?.detail).toContain('Choose the good side from the evidence');
    expect(finding?.evidence).toContainEqual(
      expect.stringMatching(/^DC1 \(Amsterdam \(DC1 and DC2\)\): .*refuses the other side/),
    );
    expect(nextStepIds(facts, days(365)).filter((id) => id === 'choose-good-side')).toHaveLength(2);
  });

  test('are a split too where one of them is known by a file of repadmin alone', () => {
    const reported = (one: DomainControllerState): DomainControllerState => ({
      domainController: one.domainController,
      state: {
        kind: 'unreachable',
        why: 'no route to host',
        account: 'there',
        reported: one.state.kind === 'answered' ? one.state.answer.links : [],
      },
    });
    const [one, two, three, four] = domainControllers;
    if (!one || !two || !three || !four) throw new RangeError('there are four');
    const seen = { lifetime: 60, domainControllers: [one, two, reported(three), reported(four)] };
    expect(find('parted-sides', seen, days(180))?.subjects).toEqual(['DC1', 'DC2', 'DC3', 'DC4']);
    expect(find('past-lifetime', seen, days(180))).toBeUndefined();
  });

  test('show what there is to choose the good side by', () => {
    const finding = find('parted-sides', { lifetime: 60, domainControllers }, days(180));
    expect(finding?.evidence).toContainEqual(
      expect.stringMatching(/^DC1 \(Amsterdam .*12 failures in a row.*refuses the other side \(8614\)$/),
    );
  });

  test('stop a lower value that would part them', () => {
    expect(find('parted-past-new-lifetime', { lifetime: 180, domainControllers }, days(60))).toMatchObject({
      level: 'blocker',
    });
  });

  test('are refused partners, of which the result does not say which is silent', () => {
    const finding = find('refused-partners', { lifetime: 60, domainControllers }, days(180));
    expect(finding?.level).toBe('warning');
    expect(finding?.evidence).toHaveLength(8);
    expect(finding?.detail).toContain('does not say which');
  });
});

test('no DC of two that refuse each other is said to be the one to demote', () => {
  const refusing = (number: number, other: number, failures: number) =>
    answering(
      dc(number),
      [configuration, domain].map((one) => ({ ...link(other, one, 75, 8614), consecutiveFailures: failures })),
      { cursors: [configuration, domain].map((one) => cursor(other, 75, one)) },
    );
  const domainControllers = [refusing(1, 2, 7000), refusing(2, 1, 12)];
  const roles = [{ role: 'PDC emulator', settingsDn: dc(1).settingsDn }];
  const findings = judged(factsOf({ lifetime: 60, domainControllers, roles }), days(180));
  const split = findings.find(({ id }) => id === 'parted-sides');
  expect(split?.evidence.join('\n')).toContain('DC1 (DC1): 7,000 failures in a row');
  expect(split?.evidence.join('\n')).toContain('DC2 (DC2): 12 failures in a row');
  expect(split?.evidence.join('\n')).toMatch(/^DC1 .*; PDC emulator$/m);
  expect(findings.filter(({ detail }) => /demote/i.test(detail))).toEqual([]);
});

describe('after a raise', () => {
  const domainControllers = [replicated(dc(1), 2, 0), replicated(dc(2), 1, 71)];
  const facts = { lifetime: 180, lifetimeWritten: daysAgo(5), lifetimeVersion: 1, domainControllers };

  test('a DC that was past the former limit stays a finding until it has caught up', () => {
    const finding = find('past-former-lifetime', facts, days(365));
    expect(finding).toMatchObject({ level: 'blocker', acceptable: true, subjects: ['DC2'] });
    expect(finding?.detail).toContain('by then replication had been missing for 66 days, longer than the 60 days');
    expect(find('past-former-lifetime', facts, days(180))?.level).toBe('warning');
  });

  test('an RODC that was past the former limit needs no value written on it, as it takes none', () => {
    const readOnly = replicated(dc(2, { isReadOnly: true }), 1, 71);
    const finding = find('past-former-lifetime', { ...facts, domainControllers: [replicated(dc(1), 2, 0), readOnly] });
    expect(finding?.subjects).toEqual(['DC2']);
    expect(finding?.detail).not.toContain('write the value on it');
  });

  test('of a value that was written before, the former one is not known and is said not to be', () => {
    const finding = find('past-former-lifetime', { ...facts, lifetimeVersion: 3 }, days(365));
    expect(finding).toMatchObject({ level: 'blocker', subjects: ['DC2'] });
    expect(finding?.detail).toContain(
      'missing for 66 days. The former value is not recorded; 66 days is longer than the 60 days',
    );
  });

  test('a DC that was past the former limit is no second finding on the watch list', () => {
    const later = { ...facts, domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, 170)] };
    expect(find('past-former-lifetime', later, days(365))?.subjects).toEqual(['DC2']);
    for (const id of ['watch-list', 'near-lifetime']) expect(find(id, later, days(365))).toBeUndefined();
  });

  test('the advice does not count a DC that was past the former limit', () => {
    expect(find('advice', { ...facts, backups: [] }, days(365))?.detail).toBe('Microsoft recommends 180.');
  });

  test('a DC that was past the former limit needs the value written on it too', () => {
    expect(nextStepIds(facts, days(365))).toContain('write-there-too');
  });

  test('a DC that was within it is none', () => {
    const younger = { ...facts, domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, 64)] };
    expect(find('past-former-lifetime', younger, days(365))).toBeUndefined();
  });
});

describe('a stored value that is too small', () => {
  test('gives the range that may be in force, and says to raise it first', () => {
    const finding = find('lifetime-not-honoured', { lifetime: 1 }, days(180));
    expect(finding?.title).toBe('The stored value, 1, is too small to be honoured: 2 to 60 days may be in force');
    expect(finding?.detail).toContain('Raise it first');
  });

  test('is narrowed by a refusal after 5 days', () => {
    const links = [configuration, domain].map((one) => link(2, one, 5, 8614));
    const domainControllers = [answering(dc(1), links), replicated(dc(2), 1, 0)];
    expect(find('lifetime-not-honoured', { lifetime: 1, domainControllers }, days(180))?.title).toContain(
      '2 to 5 days',
    );
  });

  test('advises no demotion for a silence that any default lifetime allows', () => {
    const ofAge = (age: number) => ({
      lifetime: 2,
      domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, age)],
    });
    expect(find('past-lifetime', ofAge(5), days(180))?.detail).toContain(
      'Do not demote a DC for that: a lifetime of 2 days',
    );
    expect(find('past-lifetime', ofAge(61), days(180))?.detail).toContain('or demote such a DC by force');
  });

  test('of 20 days with a garbageCollPeriod of 168 hours is one', () => {
    const facts = { lifetime: 20, garbageCollectionHours: 168 };
    expect(find('lifetime-not-honoured', facts, days(180))?.title).toContain('20 to 60 days');
  });

  test('is judged by both ends: another small value raises and lowers at once', () => {
    const facts = { lifetime: 1, deletedObjects: [tombstones({ 40: 3 })] };
    const findings = judged(factsOf({ ...facts, deletedObjects: [tombstones({ 1: 3, 30: 2 })] }), days(30));
    expect(findings.find(({ id }) => id === 'purges-deleted-objects')?.title).toContain('2 deleted objects for good');
    expect(findings.find(({ id }) => id === 'not-retroactive')).toBeDefined();
  });
});

describe('results that name an object which the destination lacks', () => {
  test.each([8606, 8240])('%i is strong evidence of lingering objects on the source, before any raise', (result) => {
    const links = [link(2, configuration, 3, result), link(2, domain, 0)];
    const domainControllers = [answering(dc(1), links), replicated(dc(2), 1, 0)];
    const finding = find('lingering-objects-likely', { domainControllers });
    expect(finding).toMatchObject({ level: 'blocker', acceptable: true, subjects: ['DC2'] });
    expect(commandsOf(tombstone, finding)).toContain(
      `repadmin /removelingeringobjects dc2.corp.example.com ${guidOf(1)} "${configuration}" /advisory_mode`,
    );
    expect(finding?.detail).toContain('look the same');
    expect(find('lingering-objects-likely', { domainControllers }, lowered)?.level).toBe('warning');
  });

  test('8606 counts as well where a file of repadmin has it', () => {
    const links = [configuration, domain].map((one) => link(1, one, 3, 8606));
    const domainControllers: DomainControllerState[] = [
      replicated(dc(1), 2, 0),
      replicated(dc(2), 1, 0),
      { domainController: dc(3), state: { kind: 'unreachable', why: 'no route to host', reported: links } },
    ];
    const finding = find('lingering-objects-likely', { domainControllers }, days(365));
    expect(finding).toMatchObject({
      level: 'blocker',
      evidence: expect.arrayContaining([expect.stringMatching(/^DC3 from DC1, /)]),
    });
  });

  test('58 counts as such on Samba only', () => {
    const domainControllers = [
      answering(dc(1), [link(2, configuration, 3, 58), link(2, domain, 0)]),
      replicated(dc(2), 1, 0),
    ];
    expect(find('lingering-objects-likely', { domainControllers, serverKind: 'samba' })).toBeDefined();
    expect(find('lingering-objects-likely', { domainControllers })).toBeUndefined();
    expect(find('replication-failures', { domainControllers })).toBeDefined();
  });
});

describe('clocks', () => {
  test('a last success in 2031 is a clock that jumped, and the age is not known', () => {
    const future = new Date('2031-07-06T00:00:00Z');
    const links = [configuration, domain].map((one) => ({ ...link(2, one, 0), lastSuccess: future }));
    const domainControllers = [answering(dc(1), links), replicated(dc(2), 1, 0)];
    const finding = find('clock-jumped', { domainControllers });
    expect(finding).toMatchObject({ level: 'warning', subjects: ['DC1'] });
    expect(finding?.evidence[0]).toContain('2031-07-06');
  });

  test('a time in 2031 that a cursor alone shows is the same jump', () => {
    const future = { ...cursor(2, 0), lastSuccess: new Date('2031-07-06T00:00:00Z') };
    const links = [configuration, domain].map((one) => link(2, one, 0));
    const domainControllers = [answering(dc(1), links, { cursors: [future] }), replicated(dc(2), 1, 0)];
    const finding = find('clock-jumped', { domainControllers });
    expect(finding).toMatchObject({ level: 'warning', subjects: ['DC1'] });
    expect(finding?.evidence).toEqual([`DC1, ${configuration}: last success 2031-07-06T00:00:00.000Z`]);
  });

  test('a failing link with a time in the future has no age in its line', () => {
    const links = [configuration, domain].map((one) => ({
      ...link(2, one, 0, 1722),
      lastSuccess: new Date('2031-07-06T00:00:00Z'),
    }));
    const domainControllers = [answering(dc(1), links), replicated(dc(2), 1, 0)];
    const [line] = find('replication-failures', { domainControllers })?.evidence ?? [];
    expect(line).toContain('last success 2031-07-06T00:00:00.000Z, in the future: its age is not known');
  });

  test('this computer is the one that is off where all DCs agree', () => {
    const ahead = { clockAhead: 50 * 86_400_000 };
    const links = (from: number) => [configuration, domain].map((one) => link(from, one, 0));
    const domainControllers = [answering(dc(1), links(2), ahead), answering(dc(2), links(1), ahead)];
    expect(find('clock-differs', { domainControllers })?.evidence).toEqual([
      'this computer is 50 days behind the others',
    ]);
  });

  test('a DC that is days off stops a lower value, whose purge could be counted wrongly', () => {
    const links = (from: number) => [configuration, domain].map((one) => link(from, one, 0));
    const domainControllers = [
      answering(dc(1), links(2), { clockAhead: -50 * 86_400_000 }),
      answering(dc(2), links(1)),
      answering(dc(3), links(1)),
    ];
    expect(find('clock-differs', { domainControllers }, lowered)?.level).toBe('blocker');
    expect(find('clock-differs', { domainControllers })?.level).toBe('warning');
  });
});

describe('a site behind a cut line, of which nothing can be asked', () => {
  const cursors = [3, 4].flatMap((other) => [configuration, domain].map((one) => cursor(other, 75, one)));
  const near = (number: number, mate: number): DomainControllerState =>
    answering(
      dc(number),
      [configuration, domain].map((one) => link(mate, one, 0)),
      { cursors },
    );
  const facts = {
    lifetime: 60,
    domainControllers: [near(1, 2), near(2, 1), unreachable(dc(3)), unreachable(dc(4))],
    objectComparison: finder,
  };

  test('is past the lifetime by what the others heard, and is to be asked there, not to be demoted', () => {
    const finding = find('past-lifetime', facts, days(180));
    expect(finding).toMatchObject({ level: 'blocker', subjects: ['DC3', 'DC4'] });
    expect(finding?.detail).toContain(
      'DC3 and DC4 did not answer: perhaps only the links are cut. First ask each of them at its site.',
    );
    const asked = ['repadmin /showrepl dc3.corp.example.com', 'repadmin /showrepl dc4.corp.example.com'];
    expect(commandsOf(tombstone, finding)).toEqual(expect.arrayContaining(asked));
    const all = factsOf(facts);
    const { nextSteps } = tombstone.record(all, propose(all, days(180)));
    expect(nextSteps.find(({ id }) => id === 'clean-dcs')).toMatchObject({
      unasked: ['dc3.corp.example.com', 'dc4.corp.example.com'],
    });
    for (const { detail } of judged(all, days(180))) expect(detail).not.toMatch(/demote (it )?(now )?by force/);
  });

  test('names for demotion only a DC that was asked itself', () => {
    const asked = answering(
      dc(3),
      [configuration, domain].map((one) => link(1, one, 75)),
    );
    const domainControllers = [near(1, 2), near(2, 1), asked, unreachable(dc(4))];
    const finding = find('past-lifetime', { ...facts, domainControllers }, days(180));
    expect(finding?.detail).toContain('DC4 did not answer: perhaps only the link is cut. First ask it at its site.');
    const commands = commandsOf(tombstone, finding);
    expect(commands.filter((line) => line.startsWith('repadmin'))).toEqual(['repadmin /showrepl dc4.corp.example.com']);
    expect(finding?.detail).toContain('or demote DC3 by force');
  });

  test('near the lifetime is to be repaired, and not demoted', () => {
    const finding = find('near-lifetime', { ...facts, lifetime: 80 }, days(180));
    expect(finding?.subjects).toEqual(['DC3', 'DC4']);
    expect(finding?.detail).not.toContain('demote');
  });
});

describe('a DC that is gone: it does not answer, its account is deleted, no DC has heard of it for 700 days', () => {
  const domainControllers = [
    answering(dc(1), [link(2, configuration, 0), link(2, domain, 0), link(3, configuration, 700, 8524)]),
    replicated(dc(2), 1, 0),
    unreachable(dc(3), 'missing'),
  ];

  test('is leftover metadata and no obstacle to a raise', () => {
    const findings = judged(factsOf({ domainControllers }), raised);
    expect(findings.filter(({ level }) => level !== 'note')).toEqual([]);
    const finding = findings.find(({ id }) => id === 'gone-dcs');
    expect(finding?.subjects).toEqual(['DC3']);
    expect(commandsOf(tombstone, finding)).toEqual([
      `ntdsutil "metadata cleanup" "remove selected server ${dc(3).dn}" quit quit`,
    ]);
  });

  test('leads to the remedy that cleans up after it, where there is one', () => {
    const serverCleanup = { command: (serverDn: string) => `clean ${serverDn}` };
    const facts = { ...factsOf({ domainControllers }), serverCleanup };
    const finding = judged(facts, raised).find(({ id }) => id === 'gone-dcs');
    expect(commandsOf(tombstone, finding, { serverCleanup })).toEqual([`clean ${dc(3).dn}`]);
  });

  test('is gone in an export too, where a partner says that DNS does not know it', () => {
    const links = [configuration, domain].flatMap((one) => [link(2, one, 0), link(3, one, 700, 8524)]);
    const domainControllers: DomainControllerState[] = [
      answering(dc(1), links),
      replicated(dc(2), 1, 0),
      { domainController: dc(3), state: { kind: 'not-asked' } },
    ];
    expect(find('gone-dcs', { domainControllers }, days(365))?.subjects).toEqual(['DC3']);
    expect(find('past-lifetime', { domainControllers }, days(365))).toBeUndefined();
  });

  test('is not gone while its account is there and DNS knows it', () => {
    const known = [
      answering(dc(1), [link(2, configuration, 0), link(2, domain, 0), link(3, configuration, 700, 1722)]),
      replicated(dc(2), 1, 0),
      unreachable(dc(3)),
    ];
    expect(find('gone-dcs', { domainControllers: known })).toBeUndefined();
    expect(find('past-lifetime', { domainControllers: known })?.subjects).toEqual(['DC3']);
  });
});

test('an RODC past the lifetime is not said to bring deleted objects back', () => {
  const domainControllers = [
    replicated(dc(1), 2, 0),
    replicated(dc(2), 1, 0),
    replicated(dc(3, { isReadOnly: true }), 1, 200),
  ];
  const finding = find('past-lifetime', { domainControllers });
  expect(finding?.subjects).toEqual(['DC3']);
  expect(finding?.detail).toContain('cannot bring deleted objects back');
});

test.each([
  [100, 'watch-list'],
  [170, 'near-lifetime'],
])(
  'an RODC that is silent for %i of 180 days is on the way to hold lingering objects, not to bring them back',
  (age, id) => {
    const domainControllers = [
      replicated(dc(1), 2, 0),
      replicated(dc(2), 1, 0),
      replicated(dc(3, { isReadOnly: true }), 1, age),
    ];
    const finding = find(id, { domainControllers });
    expect(finding?.subjects).toEqual(['DC3']);
    expect(finding?.detail).toContain('A read-only DC has no outbound replication');
    expect(finding?.detail).not.toContain('come back');
  },
);

describe('120 DCs with 30 past the limit', () => {
  const domainControllers = Array.from({ length: 120 }, (_, index) => {
    const name = `BRANCH${String(index).padStart(3, '0')}`;
    const guid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
    const one = dc(1, {
      name,
      dnsHostName: `${name.toLowerCase()}.corp.example.com`,
      dsaGuid: guid,
      invocationId: guid,
    });
    const from = `00000000-0000-4000-8000-${String(index === 0 ? 1 : 0).padStart(12, '0')}`;
    const age = index >= 90 ? 200 + index : 0;
    const links = [configuration, domain].map((context) => ({ ...link(1, context, age), sourceDsaGuid: from }));
    return answering(one, links);
  });

  test('are one finding with one acceptance, the worst first in its list', () => {
    const findings = judged(factsOf({ domainControllers }), days(365, { accept: ['past-lifetime'] }));
    const past = findings.filter(({ id }) => id.includes('past-lifetime'));
    expect(past).toHaveLength(1);
    expect(past[0]).toMatchObject({ level: 'blocker', accepted: true, measure: { value: 319, unit: 'days' } });
    expect(past[0]?.subjects).toHaveLength(30);
    expect(past[0]?.title).toBe(
      'BRANCH119, BRANCH118, BRANCH117 and 27 more have not replicated for up to 319 days: longer than the lifetime of 180 days',
    );
  });
});

describe('the Recycle Bin with a lifetime of its own', () => {
  const facts = { recycleBin: 'on', deletedObjectLifetime: 180 } as const;

  test('is not lengthened by a raise of tombstoneLifetime, and the number to give is named', () => {
    expect(find('recycle-bin-own-lifetime', facts, days(365))).toMatchObject({
      level: 'warning',
      detail: expect.stringContaining('--recycle-days 365'),
    });
    expect(find('recycle-bin-own-lifetime', facts, days(365, { recycleDays: 365 }))).toBeUndefined();
  });

  test('falls under the same minimum', () => {
    const low = { ...facts, garbageCollectionHours: 168 };
    expect(find('recycle-too-short', low, wanting({ kind: 'as-is' }, { recycleDays: 21 }))).toMatchObject({
      acceptable: false,
    });
  });

  test('takes objects out when it is lowered', () => {
    const recoverable = new Map([[100, 8]]);
    const deletedObjects = [{ kind: 'counted', namingContext: domain, tombstones: new Map(), recoverable } as const];
    const options = wanting({ kind: 'as-is' }, { recycleDays: 90 });
    expect(find('purges-deleted-objects', { ...facts, deletedObjects }, options)?.title).toBe(
      'The lower value removes 8 deleted objects from the Recycle Bin',
    );
  });
});

describe('the object that makes new DCs strict', () => {
  const missing = (hasParent: boolean) => ({ ...factsOf().strictMarker, isThere: false, hasParent });

  test('is offered where it is missing, with what it does not do', () => {
    const finding = find('new-dcs-may-be-loose', { strictMarker: missing(true) });
    expect(finding?.detail).toContain('--strict-new-dcs');
    expect(commandsOf(tombstone, finding)).toEqual(['repadmin /regkey * +strict']);
  });

  test('is not offered where its container is missing, which has to be made first', () => {
    const finding = find('new-dcs-may-be-loose', { strictMarker: missing(false) });
    expect(finding?.detail).not.toContain('--strict-new-dcs');
    expect(commandsOf(tombstone, finding)).toEqual(['adprep /forestprep', 'repadmin /regkey * +strict']);
  });

  test('cannot be added where the forest lacks its container', () => {
    const options = wanting({ kind: 'as-is' }, { strictNewDcs: true });
    expect(find('no-forest-updates', { strictMarker: missing(false) }, options)).toMatchObject({ acceptable: false });
    expect(find('no-forest-updates', { strictMarker: missing(true) }, options)).toBeUndefined();
  });
});

test('a garbageCollPeriod of 2000 hours is a finding of its own and does not forbid 180 days', () => {
  const facts = { lifetime: 60, garbageCollectionHours: 2000 };
  expect(find('collection-period-out-of-range', facts, days(180))?.title).toContain('2,000 hours');
  expect(find('too-short-for-garbage-collection', facts, days(180))).toBeUndefined();
});

test('a plan that changes an entry of another objectGUID is not of this remedy, and that cannot be accepted', () => {
  const facts = factsOf();
  const proposal = propose(facts, days(365));
  const foreign = { ...proposal, changes: proposal.changes.map((change) => ({ ...change, guid: guidOf(9) })) };
  const finding = assess(facts, foreign).find(({ id }) => id === 'not-of-this-remedy');
  expect(finding).toMatchObject({ level: 'blocker', acceptable: false });
});

test('a plan that shows for no value what Samba takes is not of this remedy on Windows', () => {
  const facts = factsOf({ lifetime: 365 });
  const proposal = propose({ ...facts, serverKind: 'samba' }, unset);
  const finding = assess(facts, proposal).find(({ id }) => id === 'not-of-this-remedy');
  expect(finding).toMatchObject({ level: 'blocker', acceptable: false, evidence: ['not set: 180 days'] });
  expect(assess({ ...facts, serverKind: 'samba' }, proposal).map(({ id }) => id)).not.toContain('not-of-this-remedy');
});

test('an undo of a raise is judged as a lowering', () => {
  const facts = factsOf({ lifetime: 365, deletedObjects: [tombstones({ 200: 4 })] });
  const proposal = propose(facts, days(180));
  const undo = { ...proposal, undoes: { id: guidOf(1), seal: '', folder: '..', seq: 1 } };
  const finding = judge(assess(facts, undo), undo, []).find(({ id }) => id === 'purges-deleted-objects');
  expect(finding).toMatchObject({ level: 'blocker', acceptable: true, measure: { value: 4, unit: 'objects' } });
});

describe('where the list has a remedy that finds lingering objects', () => {
  test.each([
    ['past-lifetime', silentFor(200)],
    [
      'lingering-objects-likely',
      {
        domainControllers: [
          answering(dc(1), [link(2, configuration, 0, 8606), link(2, domain, 0)]),
          replicated(dc(2), 1, 0),
        ],
      },
    ],
  ])('%s leads to it, with the names filled in and nothing of repadmin', (id, facts) => {
    const finding = find(id, { ...facts, objectComparison: finder });
    expect(finding?.level).toBe('blocker');
    expect(commandsOf(tombstone, finding, { objectComparison: finder })).toEqual([
      'find --reference dc1.corp.example.com --target dc2.corp.example.com',
    ]);
    expect(finding?.detail).toMatch(/(?:First|Before any raise,) find lingering objects with the command below/);
  });
});

describe('what the last look for lingering objects found', () => {
  const hosts = ['dc1', 'dc2'].map((name) => `${name}.corp.example.com`);
  const lookAt = (targets: readonly string[], findings: Plan['findings'] = []): FactsOptions => {
    const [reference = ''] = hosts;
    const plan = sealPlan({
      id: '00000000-0000-4000-8000-000000000002',
      tool: 'adsi-remedy 1.0.0',
      created: daysAgo(3).toISOString(),
      by: { account: 'CORP\\admin', computer: 'WS01' },
      remedy: 'finder',
      target: factsOf().target,
      intent: { reference, targets, partitions: [domain] },
      changes: [],
      leftOut: [],
      findings,
      exhibits: [],
      nextSteps: [],
    });
    return { evidence: { folder: 'look', text: '', sha256: '0'.repeat(64), plan } };
  };

  test('is a note where every DC was compared and nothing was found', () => {
    const finding = find('lingering-evidence', lookAt(hosts.slice(1)));
    expect(finding?.level).toBe('note');
    expect(finding?.title).toBe('The search for lingering objects 3 days ago found none');
    expect(finding?.source).toEqual({ name: 'look', read: daysAgo(3).toISOString(), sha256: '0'.repeat(64) });
  });

  test('is a warning where a DC in use was not compared', () => {
    const finding = find('lingering-evidence', lookAt([]));
    expect(finding?.level).toBe('warning');
    expect(finding?.evidence).toContain('DC2: not compared');
  });

  test('is a warning where the look could not see everything', () => {
    const doubt = { ...warning('not-provable', 'Not provable on DC2', ''), accepted: false };
    const finding = find('lingering-evidence', lookAt(hosts.slice(1), [doubt]));
    expect(finding?.level).toBe('warning');
    expect(finding?.evidence).toContain('not-provable: Not provable on DC2');
  });
});
