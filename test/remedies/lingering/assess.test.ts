/** What stops the hand-over and cannot be accepted: a reference that may itself be the stale one. */

import { describe, expect, test } from 'vitest';
import { assess } from '../../../src/remedies/lingering/assess.ts';
import type { LingeringFacts } from '../../../src/remedies/lingering/gather.ts';
import { propose } from '../../../src/remedies/lingering/propose.ts';
import { recordedExhibits } from '../../../src/remedies/lingering/survey.ts';
import type { JudgedObject, Verdict } from '../../../src/remedies/lingering/verdicts.ts';
import { apart, configuration, type Dcs, deleteAndForget, handedOver, hostOf, look, openDcs } from './support/pair.ts';

const days = 86_400_000;

function blockersOf(facts: LingeringFacts): readonly string[] {
  return assess(facts).flatMap(({ id, level, acceptable }) =>
    level === 'blocker' ? [`${id}${acceptable ? ', acceptable' : ''}`] : [],
  );
}

/** Three DCs of which one has taken nothing for 100 days; the lifetime is 60. */
async function oneBehind(behind: string) {
  const names = ['dc1', 'dc2', 'dc3'];
  const dcs = await openDcs(names);
  for (const name of names) dcs.forest.setCondition(hostOf(name), { clockOffset: 100 * days });
  for (const name of names.filter((one) => one !== behind)) {
    for (const from of names.filter((one) => one !== behind && one !== name))
      dcs.forest.replicate(hostOf(name), hostOf(from));
  }
  return dcs;
}

/** Sets a value far above every silence. */
async function raise(dcs: Dcs, name: string): Promise<void> {
  const dn = `CN=Directory Service,CN=Windows NT,CN=Services,${configuration}`;
  await (await dcs.session(name)).modify(dn, [{ attribute: 'tombstoneLifetime', replace: [Buffer.from('365')] }]);
}

test('a DC that is no target and has lingering objects is named, and nothing is handed over for it', async () => {
  const names = ['dc1', 'dc2', 'dc3'];
  const { dcs, dns } = await apart(names, ['Lee']);
  await deleteAndForget(dcs, 'dc1', ...dns);
  const facts = await look(dcs, 'dc1', { targets: ['dc3'] });
  expect(findingOf(facts, 'others-not-clean')).toMatchObject({
    level: 'warning',
    subjects: ['DC2'],
    measure: { value: 1 },
  });
  expect(handedOver(facts).map(({ on }) => on)).toEqual([hostOf('dc3')]);
  expect(propose(facts).intent).toMatchObject({ alsoCompared: [hostOf('dc2')] });
  const all = await look(dcs, 'dc1');
  expect(findingOf(all, 'others-not-clean')).toBeUndefined();
  expect(propose(all).intent).not.toHaveProperty('alsoCompared');
});

describe('the reference', () => {
  test('must not be the DC that is cut off from all others, even if they are the targets', async () => {
    const dcs = await oneBehind('dc3');
    expect(blockersOf(await look(dcs, 'dc3'))).toEqual(['reference-lacks-news']);
  });

  test('may lack news of a target, which is what is to be cleaned', async () => {
    const dcs = await oneBehind('dc3');
    expect(blockersOf(await look(dcs, 'dc1'))).toEqual([]);
    expect(blockersOf(await look(dcs, 'dc1', { targets: ['dc3'] }))).toEqual([]);
  });

  test('must not be the DC that only a raise has put within the lifetime again', async () => {
    const dcs = await oneBehind('dc3');
    for (const name of ['dc1', 'dc3']) await raise(dcs, name);
    expect(blockersOf(await look(dcs, 'dc3'))).toEqual(['reference-lacks-news']);
    expect((await look(dcs, 'dc1')).silenceLimit).toBe(60);
  });

  test('may lack news only of a target that was compared in both directions', async () => {
    const facts = await look(await oneBehind('dc3'), 'dc1');
    for (const left of ['DC1', 'DC3']) {
      const comparisons = facts.comparisons.filter(
        ({ target, reference }) => target.name !== left || ![target.name, reference.name].includes('DC3'),
      );
      expect(blockersOf({ ...facts, comparisons })).toEqual(['reference-lacks-news']);
    }
  });

  test('must not lack news of a DC in use that is no target', async () => {
    const dcs = await oneBehind('dc3');
    const facts = await look(dcs, 'dc1', { targets: ['dc2'] });
    expect(blockersOf(facts)).toEqual(['reference-lacks-news']);
    expect(findingOf(facts, 'reference-lacks-news')?.detail).toContain('name that DC as a target too');
    const cutOff = findingOf(await look(dcs, 'dc3', { targets: ['dc2'] }), 'reference-lacks-news');
    expect(cutOff?.detail).toContain('with that DC first, or choose another reference');
  });

  test('must be compared with every DC in use, also with one that only this computer cannot reach', async () => {
    const dcs = await openDcs(['dc1', 'dc2', 'dc3']);
    dcs.forest.setCondition(hostOf('dc3'), { reachable: 'no-route' });
    expect(blockersOf(await look(dcs, 'dc1'))).toEqual(['reference-not-compared']);
  });

  test('may lack changes to what no other DC has a copy of', async () => {
    expect(blockersOf(await look(await openDcs(['dc1']), 'dc1'))).toEqual([]);
  });

  test('must not be a DC whose update sequence numbers went back: what it lost would look deleted', async () => {
    const facts = await look(await openDcs(), 'dc1');
    const [dc1] = facts.forest.domainControllers;
    const own = dc1 === undefined ? undefined : facts.ownEvidence.get(dc1);
    if (dc1 === undefined || own === undefined) throw new RangeError('DC1 shows its own evidence');
    const withHighest = (highestUsn: bigint | undefined): LingeringFacts => ({
      ...facts,
      ownEvidence: new Map([[dc1, { ...own, highestUsn }]]),
    });
    expect(blockersOf(withHighest(own.highestUsn))).toEqual([]);
    expect(blockersOf(withHighest(0n))).toEqual(['usn-rollback']);
    expect(blockersOf(withHighest(undefined))).toEqual([]);
  });
});

/** Lets all DCs be parted for longer than the lifetime. */
function passTime({ forest }: Dcs, names: readonly string[]): void {
  for (const name of names) forest.setCondition(hostOf(name), { clockOffset: 100 * days });
}

function findingOf(facts: LingeringFacts, wanted: string) {
  return assess(facts).find(({ id }) => id === wanted);
}

describe('where the DC that decides has had no changes of the other one for the lifetime', () => {
  test('a person confirms the removals, and what the other one alone has stays', async () => {
    const { dcs, dns } = await apart(['dc1', 'dc2'], ['Lee', 'Kim']);
    await deleteAndForget(dcs, 'dc1', ...dns);
    const [lee = ''] = dns;
    await (await dcs.session('dc2')).modify(lee, [{ attribute: 'description', replace: [Buffer.from('in use')] }]);
    const fresh = await dcs.create('dc2', 'Fresh');
    passTime(dcs, ['dc1', 'dc2']);
    const facts = await look(dcs, 'dc1');
    expect(blockersOf(facts)).toEqual(['parted-sides, acceptable']);
    const finding = findingOf(facts, 'parted-sides');
    expect(finding).toMatchObject({ subjects: ['DC2 against DC1'], measure: { value: 2, unit: 'objects' } });
    expect(finding?.detail).toContain('1 object of the list was changed since');
    expect(finding?.evidence).toEqual(['DC2 against DC1: 2 objects, 1 changed since; DC2: last heard of 100 days ago']);
    expect(handedOver(facts).map(({ dn }) => dn)).not.toContain(fresh);
  });

  test('the same holds for the objects of the reference that another DC has deleted', async () => {
    const { dcs, dns } = await apart(['dc1', 'dc2'], ['Ann']);
    await deleteAndForget(dcs, 'dc2', ...dns);
    passTime(dcs, ['dc1', 'dc2']);
    const facts = await look(dcs, 'dc1');
    expect(findingOf(facts, 'parted-sides')).toMatchObject({ acceptable: true, subjects: ['DC1 against DC2'] });
  });

  test('two halves can be cleaned, each DC of the other half against the reference', async () => {
    const names = ['dc1', 'dc2', 'dc3', 'dc4'];
    const { dcs, dns } = await apart(names, ['Lee']);
    for (const [one, other] of [
      ['dc1', 'dc2'],
      ['dc2', 'dc1'],
      ['dc3', 'dc4'],
      ['dc4', 'dc3'],
    ] as const) {
      dcs.forest.heal(hostOf(one), hostOf(other));
    }
    for (const dn of dns) await (await dcs.session('dc1')).delete(dn);
    passTime(dcs, names);
    for (const name of names) dcs.forest.replicate(hostOf(name));
    for (const name of ['dc1', 'dc2']) dcs.forest.expunge(hostOf(name), new Date('2028-01-01T00:00:00Z'));
    const facts = await look(dcs, 'dc1');
    expect(blockersOf(facts)).toEqual(['parted-sides, acceptable']);
    expect(findingOf(facts, 'parted-sides')?.subjects).toEqual(['DC3 against DC1', 'DC4 against DC1']);
    expect(handedOver(facts).map(({ on }) => on)).toEqual([hostOf('dc3'), hostOf('dc4')]);
  });

  test('nothing is to be confirmed where nothing is to be removed, or where the news is fresh', async () => {
    const parted = await apart(['dc1', 'dc2'], ['Lee']);
    passTime(parted.dcs, ['dc1', 'dc2']);
    expect(blockersOf(await look(parted.dcs, 'dc1'))).toEqual([]);
    const { dcs, dns } = await apart(['dc1', 'dc2'], ['Lee']);
    await deleteAndForget(dcs, 'dc1', ...dns);
    const facts = await look(dcs, 'dc1');
    expect(handedOver(facts)).toHaveLength(1);
    expect(blockersOf(facts)).toEqual([]);
  });
});

describe('a DC that does not answer and that no DC has heard of for the lifetime', () => {
  async function withSilentDc3() {
    const { dcs, dns } = await apart(['dc1', 'dc2', 'dc3'], ['Lee']);
    for (const [one, other] of [
      ['dc1', 'dc2'],
      ['dc2', 'dc1'],
    ] as const) {
      dcs.forest.heal(hostOf(one), hostOf(other));
    }
    passTime(dcs, ['dc1', 'dc2', 'dc3']);
    for (const name of ['dc1', 'dc2']) dcs.forest.replicate(hostOf(name));
    dcs.forest.setCondition(hostOf('dc3'), { reachable: 'no-route' });
    return { dcs, dns };
  }

  test('stops a removal until a person confirms that it is not in use', async () => {
    const { dcs, dns } = await withSilentDc3();
    dcs.forest.cut(hostOf('dc2'));
    await deleteAndForget(dcs, 'dc1', ...dns);
    const facts = await look(dcs, 'dc1');
    expect(handedOver(facts)).toHaveLength(1);
    expect(blockersOf(facts)).toEqual(['silent-dc, acceptable']);
    expect(findingOf(facts, 'silent-dc')?.subjects).toEqual(['DC3']);
  });

  test('is only not provable where nothing is to be removed', async () => {
    const { dcs } = await withSilentDc3();
    const facts = await look(dcs, 'dc1');
    expect(blockersOf(facts)).toEqual([]);
    expect(findingOf(facts, 'not-provable')?.subjects).toContain('DC3');
  });

  test('needs no confirmation where its name is not in DNS any more', async () => {
    const { dcs, dns } = await withSilentDc3();
    dcs.forest.cut(hostOf('dc2'));
    await deleteAndForget(dcs, 'dc1', ...dns);
    const facts = await look(dcs, 'dc1');
    const guid = facts.forest.domainControllers.find(({ name }) => name === 'DC3')?.dsaGuid ?? '';
    const parties = facts.replication.parties.map((party) => {
      if (party.name !== 'DC1' || party.state.kind !== 'answered') return party;
      const link = { namingContext: configuration, sourceDsaGuid: guid, lastResult: 8524, consecutiveFailures: 9 };
      const links = [{ ...link, lastSuccess: 'never' as const }];
      return { ...party, state: { ...party.state, answer: { ...party.state.answer, links } } };
    });
    expect(blockersOf({ ...facts, replication: { ...facts.replication, parties } })).toEqual([]);
  });
});

describe('the cell of a DC and a partition', () => {
  /** The cell of DC2 for the first partition, where one object of this verdict was found. */
  async function cellWith(verdict: Verdict): Promise<unknown> {
    const facts = await look(await openDcs(['dc1', 'dc2']), 'dc1');
    const of = facts.comparisons.find((one) => one.kind === 'compared' && one.target.name.toLowerCase() === 'dc2');
    if (of === undefined) throw new RangeError('DC2 was compared');
    const object: JudgedObject = {
      verdict,
      isChanged: false,
      dn: 'CN=Kiosk,DC=corp,DC=example,DC=com',
      guid: '9c04206a-9a46-41df-b23b-f2b402ba789f',
      className: 'user',
      creation: undefined,
      attributes: [],
      referrers: [],
      keptChildren: [],
    };
    const found = recordedExhibits({ ...facts, comparisons: [{ ...of, kind: 'compared', objects: [object] }] });
    const matrix = found.find(({ kind }) => kind === 'matrix');
    return matrix?.kind === 'matrix' ? matrix.rows.find(({ name }) => /^dc2$/i.test(name))?.cells[0] : undefined;
  }

  test.each([
    ['lingering', '1 object', 'bad'],
    ['not-provable', 'not provable', 'unknown'],
    ['undeleted', '1 object restored', 'watch'],
    ['late', 'none', 'good'],
  ] as const)('of one object that is %s is "%s"', async (verdict, text, mark) => {
    expect(await cellWith(verdict)).toEqual({ text, mark });
  });
});
