import { describe, expect, test } from 'vitest';
import { assess } from '../../../src/remedies/orphan/assess.ts';
import { gather, type OrphanFacts } from '../../../src/remedies/orphan/gather.ts';
import { survey } from '../../../src/remedies/orphan/survey.ts';
import { openBench } from '../../change/entries-support.ts';

const now = new Date('2026-11-22T09:00:00Z');

/** What is gathered of the practice forest's orphan, with a machine that answers on these ports. */
async function factsWith(openPorts: readonly number[], address: string | undefined): Promise<OrphanFacts> {
  const { session } = await openBench();
  const reach = { session, global: undefined, isExport: false };
  const surveyed = await survey(reach, now);
  const [chosen] = surveyed.servers.filter(({ server }) => server.name === 'EX04');
  if (chosen === undefined) throw new Error('the practice forest has EX04');
  const probeMeans = {
    resolve: async () => address,
    connects: async (_: string, port: number) => openPorts.includes(port),
  };
  return gather(reach, surveyed, chosen, { probe: true, probeMeans, now });
}

const options = { treeDelete: false, cleanUp: { kind: 'all' }, accept: [] } as const;

describe('--probe', () => {
  test('makes a blocker, which may be accepted, of a machine that answers', async () => {
    const findings = assess(await factsWith([443], '192.0.2.7'), options);
    expect(findings).toContainEqual(
      expect.objectContaining({ id: 'open-ports', level: 'blocker', acceptable: true, evidence: ['192.0.2.7:443'] }),
    );
  });

  test.each([
    ['answers nowhere', '192.0.2.7', 'for: 192.0.2.7 answers on none of the ports 25, 135, 443, 445'],
    ['has no address', undefined, 'for: ex04.corp.example.com has no DNS address'],
  ])('counts it for an orphan that the machine %s', async (_, address, sign) => {
    const findings = assess(await factsWith([], address), options);
    expect(findings.find(({ id }) => id === 'signs')?.evidence).toContain(sign);
    expect(findings.some(({ id }) => id === 'open-ports')).toBe(false);
  });
});

test('without a global catalog the recipients of other domains are said to be unknown', async () => {
  expect(assess(await factsWith([], undefined), options)).toContainEqual(
    expect.objectContaining({ id: 'one-domain-only', level: 'warning' }),
  );
});

test('each step is told in words before it is begun', async () => {
  const { session } = await openBench();
  const reach = { session, global: undefined, isExport: false };
  const surveyed = await survey(reach, now);
  const [chosen] = surveyed.servers;
  if (chosen === undefined) throw new Error('the practice forest has servers');
  const steps: string[] = [];
  await gather(reach, surveyed, chosen, { probe: false, now, onStep: (step) => steps.push(step) });
  expect(steps).toEqual([
    'reading everything below it',
    'looking for references in the organisation',
    'looking for recipients in the forest',
    'checking rights',
  ]);
});
