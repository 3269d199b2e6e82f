import { describe, expect, test } from 'vitest';
import { domain, hostOf, look, openDcs, people, verdictsOn } from './support/pair.ts';

const later = new Date('2027-06-01T00:00:00Z');

describe('an object that one DC has and the other has deleted and forgotten', () => {
  test('is lingering', async () => {
    const dcs = await openDcs();
    const dn = await dcs.create('dc1', 'Lee');
    dcs.replicate();
    dcs.forest.cut(hostOf('dc2'));
    await (await dcs.session('dc1')).delete(dn);
    dcs.forest.expunge(hostOf('dc1'), later);
    expect(verdictsOn(await look(dcs, 'dc1'), 'dc2', 'dc1')).toEqual({ [dn]: 'lingering' });
  });
});

test('both DCs are alike at first', async () => {
  const dcs = await openDcs();
  const facts = await look(dcs, 'dc1');
  expect(verdictsOn(facts, 'dc2', 'dc1')).toEqual({});
  expect(verdictsOn(facts, 'dc1', 'dc2')).toEqual({});
  expect([domain, people]).toHaveLength(2);
});
