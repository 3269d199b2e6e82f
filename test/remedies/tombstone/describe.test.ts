import { describe, expect, test } from 'vitest';
import type { DomainControllerState } from '../../../src/ad/ask-domain-controllers.ts';
import type { Plan } from '../../../src/change/plan.ts';
import { sealPlan } from '../../../src/change/seal.ts';
import { propose, type TombstoneChange } from '../../../src/remedies/tombstone/changes.ts';
import type { TombstoneFacts } from '../../../src/remedies/tombstone/gather.ts';
import type { TombstoneOptions } from '../../../src/remedies/tombstone/options.ts';
import { describe as describePlan, faultsOfSteps, nextStepsFor } from '../../../src/remedies/tombstone/remedy.ts';
import { nextStepLines } from '../../../src/review/text.ts';
import {
  answering,
  configuration,
  cursor,
  days,
  daysAgo,
  dc,
  domain,
  factsOf,
  finder,
  guidOf,
  link,
  replicated,
  unreachable,
  wanting,
} from './support/facts.ts';

/** A plan for these facts, as the runner seals it. */
function planOf(facts: TombstoneFacts, options: TombstoneOptions): Plan<TombstoneChange> {
  const proposal = propose(facts, options);
  return sealPlan({
    id: '00000000-0000-4000-8000-000000000001',
    tool: 'adsi-remedy 1.0.0',
    created: facts.now.toISOString(),
    by: { account: 'CORP\\admin', computer: 'WS01' },
    remedy: 'tombstone',
    ...proposal,
    findings: [],
    exhibits: [],
    nextSteps: nextStepsFor(facts, proposal),
  }) as Plan<TombstoneChange>;
}

function steps(facts: TombstoneFacts, options: TombstoneOptions) {
  return describePlan(planOf(facts, options), facts).nextSteps;
}

function commands(facts: TombstoneFacts, options: TombstoneOptions): readonly string[] {
  return steps(facts, options).flatMap((step) => step.commands);
}

/** Ten DCs with long names, of which all but the first two are past every lifetime. */
const fleet = Array.from({ length: 10 }, (_, index) =>
  replicated(dc(index, { name: `AMSTERDAM-DOMAIN-CONTROLLER-${index}` }), index === 1 ? 0 : 1, index < 2 ? 0 : 900),
);

test.each([
  ['a higher value', factsOf(), days(365)],
  ['a lower value', factsOf(), days(30)],
  ['DCs past the lifetime', factsOf({ domainControllers: fleet }), days(365)],
])('no line but a command is wider than 76 columns: %s', (_, facts, options) => {
  const lines = [...nextStepLines(steps(facts, options))];
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) if (!/^ {5}\S/.test(line)) expect(line.length).toBeLessThanOrEqual(76);
});

test('DCs past the lifetime are cleaned against a sound one, and forced demotion is said to lose what only they hold', () => {
  const facts = factsOf({ domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, 400)] });
  expect(commands(facts, days(365))).toContain(
    `repadmin /removelingeringobjects dc2.corp.example.com ${guidOf(1)} "${domain}" /advisory_mode`,
  );
  const [clean] = steps(facts, days(365)).filter(({ text }) => text.startsWith('Silent for too long'));
  expect(clean?.text).toContain('Uninstall-ADDSDomainController -ForceRemoval');
  expect(clean?.text).toContain('changes that only it holds are lost');
});

test('a DC that only a very short lifetime puts past the limit is not to be demoted', () => {
  const domainControllers = [replicated(dc(1), 2, 0), replicated(dc(2), 1, 5)];
  const [clean] = steps(factsOf({ lifetime: 2, domainControllers }), days(180)).filter(({ text }) =>
    text.startsWith('Silent for too long'),
  );
  expect(clean?.text).toContain('Do not demote a DC for that');
});

test('an RODC that the value does not reach gets it when it replicates again: it takes no writes', () => {
  const domainControllers = [
    replicated(dc(1), 2, 0),
    replicated(dc(2), 1, 0),
    replicated(dc(3, { isReadOnly: true }), 1, 400),
  ];
  const [step] = steps(factsOf({ domainControllers }), days(365)).filter(({ text }) => text.includes('read-only'));
  expect(step?.text).toContain(
    'cannot be written to. They get the value when they replicate again: dc3.corp.example.com',
  );
  expect(step?.text).not.toContain('--server');
});

test('lingering objects are a step only where a DC is past the lifetime', () => {
  expect(steps(factsOf(), days(365))).toHaveLength(2);
});

test('a lower value asks for a new backup, and says when deleted objects go', () => {
  const text = steps(factsOf(), days(30))
    .map((step) => step.text)
    .join(' ');
  expect(text).toContain(
    'Each DC removes deleted objects older than 30 days at its next garbage collection, within 12 hours.',
  );
  expect(text).toContain('Make a new backup now.');
  expect(
    steps(factsOf(), days(365))
      .map((step) => step.text)
      .join(' '),
  ).not.toContain('collection');
});

const refusing = (number: number, other: number) =>
  answering(
    dc(number),
    [configuration, domain].map((one) => link(other, one, 75, 8614)),
    { cursors: [configuration, domain].map((one) => cursor(other, 75, one)) },
  );

test('two sides that refuse each other get commands for both directions, then divergent replication on and off', () => {
  const facts = factsOf({ lifetime: 60, domainControllers: [refusing(1, 2), refusing(2, 1)] });
  const found = commands(facts, days(180));
  for (const [destination, source] of [
    ['dc1', 2],
    ['dc2', 1],
  ] as const) {
    expect(found).toContain(
      `repadmin /removelingeringobjects ${destination}.corp.example.com ${guidOf(source)} "${domain}" /advisory_mode`,
    );
    const around = [
      `repadmin /regkey ${destination}.corp.example.com +allowDivergent`,
      `repadmin /regkey ${destination}.corp.example.com -allowDivergent`,
    ];
    expect(found).toEqual(expect.arrayContaining(around));
    expect(found.indexOf(around[0] ?? '')).toBeLessThan(found.indexOf(around[1] ?? ''));
  }
  const goodSides = steps(facts, days(180)).filter(({ text }) => text.includes('is the good side'));
  expect(goodSides.map(({ text }) => /^If (\S+) is/.exec(text)?.[1])).toEqual(['DC1', 'DC2']);
});

describe('where the list has a remedy that finds lingering objects, the steps lead to it', () => {
  const findsIn = (facts: TombstoneFacts): readonly string[] =>
    commands({ ...facts, objectComparison: finder }, days(365)).filter((command) => command.startsWith('find'));

  test('with a DC past the lifetime as the target', () => {
    const facts = factsOf({ domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, 400)] });
    expect(findsIn(facts)).toEqual(['find --reference dc1.corp.example.com --target dc2.corp.example.com']);
  });

  test('in both directions, where two DCs refuse each other', () => {
    const facts = factsOf({ lifetime: 60, domainControllers: [refusing(1, 2), refusing(2, 1)] });
    expect(findsIn(facts)).toEqual([
      'find --reference dc1.corp.example.com --target dc2.corp.example.com',
      'find --reference dc2.corp.example.com --target dc1.corp.example.com',
    ]);
  });

  test('in both directions of two halves, with every other DC as a target: the own half holds what the far one deleted', () => {
    const half = (number: number, near: number, far: readonly number[]) =>
      answering(
        dc(number),
        [configuration, domain].flatMap((one) => [
          link(near, one, 0),
          ...far.map((other) => link(other, one, 75, 8614)),
        ]),
        { cursors: [configuration, domain].flatMap((one) => far.map((other) => cursor(other, 75, one))) },
      );
    const domainControllers = [half(1, 2, [3, 4]), half(2, 1, [3, 4]), half(3, 4, [1, 2]), half(4, 3, [1, 2])];
    const found = findsIn(factsOf({ lifetime: 60, domainControllers }));
    const names = (numbers: readonly number[]) => numbers.map((number) => `--target dc${number}.corp.example.com`);
    expect(found).toEqual([
      ['find --reference dc1.corp.example.com', ...names([3, 4, 2])].join(' '),
      ['find --reference dc3.corp.example.com', ...names([1, 2, 4])].join(' '),
    ]);
  });

  test('with the source of a result 8606 as the target, and the DC that reports it as the reference', () => {
    const reporting = answering(dc(1), [link(2, configuration, 0, 8606), link(2, domain, 0)]);
    const facts = factsOf({ domainControllers: [reporting, replicated(dc(2), 1, 0)] });
    expect(findsIn(facts)).toEqual(['find --reference dc1.corp.example.com --target dc2.corp.example.com']);
  });

  test('with a DC that only a raise has put within the lifetime', () => {
    const facts = factsOf({
      lifetimeWritten: daysAgo(1),
      domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, 100)],
    });
    expect(findsIn(facts)).toEqual(['find --reference dc1.corp.example.com --target dc2.corp.example.com']);
  });

  test('with a reference that has the partitions of the target, of several domains', () => {
    const child = `DC=child,${domain}`;
    const inChild = { fullNamingContexts: [configuration, child] };
    const facts = factsOf({
      domainControllers: [
        replicated(dc(1), 2, 0),
        replicated(dc(2), 1, 0),
        answering(dc(3, inChild), [link(1, configuration, 0), link(4, child, 0)]),
        answering(dc(4, inChild), [link(1, configuration, 400), link(3, child, 400)]),
      ],
    });
    expect(findsIn(facts)).toEqual(['find --reference dc3.corp.example.com --target dc4.corp.example.com']);
  });

  test('and never with a name that a shell would split', () => {
    const hostile = dc(2, { dnsHostName: 'dc2;format' });
    const facts = factsOf({ domainControllers: [replicated(dc(1), 2, 0), replicated(hostile, 1, 400)] });
    expect(findsIn(facts)).toEqual([]);
    const step = { id: 'clean-dcs', names: [], unasked: [], isInOrder: false, requests: [] };
    const against = (target: string) => [{ ...step, suspects: [{ reference: 'dc1', targets: [target] }] }];
    expect(faultsOfSteps(against('dc2'))).toEqual([]);
    expect(faultsOfSteps(against('dc2;format'))).toHaveLength(1);
  });
});

test('a DC that did not answer is to be asked at its site, several at the site of each', () => {
  const cursors = [3, 4].map((other) => cursor(other, 75, configuration));
  const asking = [1, 2].map((number) => answering(dc(number), [link(3 - number, configuration, 0)], { cursors }));
  const asksAt = (silent: readonly DomainControllerState[]): string | undefined =>
    steps(factsOf({ lifetime: 60, domainControllers: [...asking, ...silent] }), days(180))
      .map(({ text }) => text)
      .find((text) => text.includes('did not answer'));
  expect(asksAt([unreachable(dc(3))])).toMatch(/it may still replicate .* First run repadmin \/showrepl at its site\./);
  expect(asksAt([unreachable(dc(3)), unreachable(dc(4))])).toMatch(
    /they may still replicate .* First run repadmin \/showrepl at the site of each\./,
  );
});

test('a DC that takes nothing from its partners needs the value written there too', () => {
  const facts = factsOf({ lifetime: 60, domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, 75)] });
  const [step] = steps(facts, days(180)).filter(({ text }) => text.includes('These DCs do not receive the value'));
  expect(step?.lines).toEqual(['dc2.corp.example.com']);
});

test('a DC that is gone gets the metadata clean-up with its name filled in', () => {
  const gone = unreachable(dc(3), 'missing');
  const facts = factsOf({ domainControllers: [replicated(dc(1), 2, 0), replicated(dc(2), 1, 0), gone] });
  expect(commands(facts, days(365))).toContain(
    `ntdsutil "metadata cleanup" "remove selected server ${dc(3).dn}" quit quit`,
  );
  expect(commands(facts, days(365)).filter((command) => command.includes('dc3.corp'))).toEqual([]);
  const serverCleanup = { command: (serverDn: string) => `clean ${serverDn}` };
  const found = commands({ ...facts, serverCleanup }, days(365));
  expect(found).toContain(`clean ${dc(3).dn}`);
  expect(found.filter((command) => command.startsWith('ntdsutil'))).toEqual([]);
});

test('the title and the summary say what is written', () => {
  expect(describePlan(planOf(factsOf({ lifetime: undefined }), days(180)), {})).toMatchObject({
    title: 'Set tombstoneLifetime to 180 days',
    summary: [{ name: 'tombstoneLifetime', value: 'not set (60 days) → 180 days' }, {}],
  });
  expect(describePlan(planOf(factsOf(), wanting({ kind: 'unset' })), {}).title).toBe('Remove tombstoneLifetime');
  const both = days(365, { recycleDays: 365, strictNewDcs: true });
  const facts = factsOf({ recycleBin: 'on' });
  const loose = { ...facts, strictMarker: { ...facts.strictMarker, isThere: false } };
  expect(describePlan(planOf(loose, both), {}).title).toBe(
    'Set tombstoneLifetime to 365 days, set msDS-DeletedObjectLifetime to 365 days and make new DCs strict',
  );
});

test.each([
  ['of another remedy', { id: 'restart-service', hosts: ['dc1'] }],
  ['with a name that has control characters', { id: 'allow-divergent', hosts: ['dc1\u001b[2J'] }],
  ['without what it needs', { id: 'clean-dcs', names: ['DC1'] }],
])('a step %s is not permitted', (_, step) => {
  expect(faultsOfSteps([step])).toHaveLength(1);
});

test('the steps of a plan of its own are permitted', () => {
  const { nextSteps } = planOf(factsOf({ domainControllers: fleet }), days(365));
  expect(nextSteps.length).toBeGreaterThan(2);
  expect(faultsOfSteps(nextSteps)).toEqual([]);
});
