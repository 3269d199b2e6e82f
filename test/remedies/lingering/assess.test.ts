/** What stops the hand-over, whoever accepts it: a reference that may itself be the stale one. */

import { describe, expect, test } from 'vitest';
import { assess } from '../../../src/remedies/lingering/assess.ts';
import type { LingeringFacts } from '../../../src/remedies/lingering/gather.ts';
import type { JudgedObject } from '../../../src/remedies/lingering/judge-objects.ts';
import { recordedExhibits } from '../../../src/remedies/lingering/survey.ts';
import type { Verdict } from '../../../src/remedies/lingering/verdicts.ts';
import { hostOf, look, openDcs } from './support/pair.ts';

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

  test('must not lack news of a DC in use that is no target', async () => {
    const dcs = await oneBehind('dc3');
    expect(blockersOf(await look(dcs, 'dc1', { targets: ['dc2'] }))).toEqual(['reference-lacks-news']);
  });

  test('must be compared with every DC in use, also with one that only this computer cannot reach', async () => {
    const dcs = await openDcs(['dc1', 'dc2', 'dc3']);
    dcs.forest.setCondition(hostOf('dc3'), { reachable: 'no-route' });
    expect(blockersOf(await look(dcs, 'dc1'))).toEqual(['reference-not-compared']);
  });

  test('is not held to what no other DC has a copy of', async () => {
    expect(blockersOf(await look(await openDcs(['dc1']), 'dc1'))).toEqual([]);
  });

  test('need not be compared with a DC that nobody has heard of for the lifetime and that does not answer', async () => {
    const dcs = await oneBehind('dc3');
    dcs.forest.setCondition(hostOf('dc3'), { reachable: 'no-route' });
    expect(blockersOf(await look(dcs, 'dc1'))).toEqual([]);
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
