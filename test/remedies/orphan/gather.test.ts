import { describe, expect, test } from 'vitest';
import { type DeletionFacts, gather } from '../../../src/remedies/orphan/gather.ts';
import { judged, options, orphanFacts, practiceSession, worldOf } from './practice-orphan.ts';

/** What is gathered of the practice forest's orphan, with a machine that answers on these ports. */
async function factsWith(openPorts: readonly number[], address: string | undefined): Promise<DeletionFacts> {
  return orphanFacts({ probe: true }, undefined, {
    resolve: async () => address,
    connects: async (_: string, port: number) => openPorts.includes(port),
  });
}

describe('--probe', () => {
  test('makes a blocker, which may be accepted, of a machine that answers', async () => {
    const { findings } = judged(await factsWith([443], '192.0.2.7'));
    expect(findings).toContainEqual(
      expect.objectContaining({ id: 'open-ports', level: 'blocker', acceptable: true, evidence: ['192.0.2.7:443'] }),
    );
  });

  test.each([
    ['answers nowhere', '192.0.2.7', 'for: 192.0.2.7 answers on none of the ports 25, 135, 443, 445'],
    ['has no address', undefined, 'for: ex04.corp.example.com has no DNS address'],
  ])('counts it for an orphan that the machine %s', async (_, address, sign) => {
    const { findings } = judged(await factsWith([], address));
    expect(findings.find(({ id }) => id === 'signs')?.evidence).toContain(sign);
    expect(findings.some(({ id }) => id === 'open-ports')).toBe(false);
  });
});

test('without a global catalog the recipients of other domains are unknown, which a warning says', async () => {
  expect(judged(await factsWith([], undefined)).findings).toContainEqual(
    expect.objectContaining({ id: 'one-domain-only', level: 'warning' }),
  );
});

test('the review says where recipients are looked for, and by which attributes', async () => {
  const finding = (await orphanFacts().then(judged)).findings.find(({ id }) => id === 'recipients-looked-at');
  expect(finding?.evidence).toEqual(expect.arrayContaining(['msExchHomeServerName', 'homeMDB', 'homeMTA']));
  const more = judged({ ...(await orphanFacts()), otherRecipientAttributes: ['labReference'] });
  expect(more.findings.find(({ id }) => id === 'recipients-looked-at')).toMatchObject({
    title: 'Recipients were searched by 6 attributes',
    evidence: expect.arrayContaining(['homeMTA', 'labReference']),
  });
  const forestWide = judged({ ...(await orphanFacts()), isForestWide: true });
  expect(forestWide.findings.find(({ id }) => id === 'recipients-looked-at')?.detail).toContain('a global catalog');
});

test('each step is named in words before it is begun', async () => {
  const session = await practiceSession();
  const steps: string[] = [];
  await gather(worldOf(session, { steps }), { kind: 'new', options });
  expect(steps).toEqual([
    'searching for servers',
    'reading everything below the server',
    'searching for recipients in the forest',
    'reading every value of the configuration',
    'reading the replication status of the domain controllers',
    'checking rights',
  ]);
});
