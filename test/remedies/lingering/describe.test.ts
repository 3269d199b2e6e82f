/** What a person is given to do: every command with its names, and what each has to list. */

import { expect, test } from 'vitest';
import { guidOf } from '../../../src/ad/entry.ts';
import { showDeleted } from '../../../src/ldap/session.ts';
import type { LingeringFacts } from '../../../src/remedies/lingering/gather.ts';
import { propose } from '../../../src/remedies/lingering/propose.ts';
import { faultsOfSteps, describe as inWords, nextStepsFor } from '../../../src/remedies/lingering/remedy.ts';
import { apart, deleteAndForget, domain, hostOf, look, people } from './support/pair.ts';

/** The steps of a plan that these facts give. */
function stepsOf(facts: LingeringFacts) {
  const { changes, intent } = propose(facts);
  const nextSteps = nextStepsFor(facts);
  expect(faultsOfSteps(nextSteps)).toEqual([]);
  return inWords({ changes, intent, findings: [], nextSteps } as unknown as Parameters<typeof inWords>[0]).nextSteps;
}

test('with several DCs each has its line, its commands and its file', async () => {
  const { dcs, dns } = await apart(['dc1', 'dc2', 'dc3'], ['Lee', 'Kim']);
  await deleteAndForget(dcs, 'dc1', ...dns);
  const [list, remove, byLdif] = stepsOf(await look(dcs, 'dc1'));
  expect(list?.lines).toEqual(
    ['dc2', 'dc3'].map(
      (name) => `On ${hostOf(name)} against ${hostOf('dc1')} in ${domain}: the 2 objects of this plan`,
    ),
  );
  expect(list?.commands).toEqual([
    expect.stringMatching(/^repadmin \/removelingeringobjects dc2\.corp\.example\.com .* \/advisory_mode$/),
    expect.stringMatching(/^repadmin \/removelingeringobjects dc3\.corp\.example\.com .* \/advisory_mode$/),
  ]);
  expect(remove?.commands).toEqual(list?.commands.map((command) => command.replace(' /advisory_mode', '')));
  expect(byLdif?.commands).toEqual(
    ['dc2', 'dc3'].map((name) => `ldifde -i -s ${hostOf(name)} -f change-${hostOf(name)}.ldf`),
  );
});

test('an object that was restored on the DC is named: repadmin lists it too, and is not to remove there', async () => {
  const { dcs, dns } = await apart(['dc1', 'dc2'], ['Lee', 'Back']);
  const [, back = ''] = dns;
  const second = await dcs.session('dc2');
  const entry = await second.readEntry(back, ['objectGUID']);
  const guid = entry === undefined ? undefined : guidOf(entry, 'objectGUID');
  await second.delete(back);
  await second.modify(
    `<GUID=${guid}>`,
    [
      { attribute: 'isDeleted', remove: 'all', add: [] },
      { attribute: 'distinguishedName', replace: [Buffer.from(`CN=Restored,${people}`)] },
    ],
    [showDeleted],
  );
  await deleteAndForget(dcs, 'dc1', ...dns);
  const [list, remove, byLdif] = stepsOf(await look(dcs, 'dc1'));
  expect(list?.lines).toEqual([
    expect.stringContaining('the 1 object of this plan'),
    `and CN=Restored,${people}: restored there, but lingering to repadmin`,
  ]);
  expect(remove?.commands).toEqual([]);
  expect(remove?.lines).toEqual([expect.stringContaining('would remove the restored objects too')]);
  expect(byLdif?.commands).toEqual([`ldifde -i -s ${hostOf('dc2')} -f change.ldf`]);
});

test('an object that lingers by several DCs is removed once, and the other command that lists it says so', async () => {
  const { dcs, dns } = await apart(['dc1', 'dc2', 'dc3'], ['Lee', 'Kim']);
  const [lee = '', kim = ''] = dns;
  await deleteAndForget(dcs, 'dc2', lee);
  await deleteAndForget(dcs, 'dc3', lee, kim);
  const [list] = stepsOf(await look(dcs, 'dc1'));
  expect(list?.lines).toEqual([
    expect.stringContaining(`against ${hostOf('dc3')}`),
    `and ${lee}: another command removes it`,
    expect.stringContaining(`against ${hostOf('dc2')}`),
  ]);
});

test('a saved step with a name that no DC could have is none of this remedy', () => {
  const step = { id: 'listed-too', host: 'dc2', dsaGuid: 'x', namingContext: domain, restored: [], again: [] };
  expect(faultsOfSteps([step])).toEqual([]);
  expect(faultsOfSteps([{ ...step, host: 'dc2\nrm' }])).toHaveLength(1);
  expect(faultsOfSteps([{ ...step, restored: ['a\tb'] }])).toHaveLength(1);
  expect(faultsOfSteps([{ id: 'other' }])).toHaveLength(1);
});
