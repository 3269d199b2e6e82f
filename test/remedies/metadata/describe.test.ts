import { expect, test } from 'vitest';
import type { DirectoryChange, ForestTarget, Plan } from '../../../src/change/plan.ts';
import { describe as describePlan } from '../../../src/remedies/metadata/remedy.ts';
import { configuration, forest, guid, modify, planOf } from '../../review/plans.ts';

const dn = `CN=DC0,CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`;
const undoes = { id: guid, seal: 'ab'.repeat(32), folder: '..', seq: 3 };
const back = { kind: 'undelete', dn, guid, attributes: [] } as const;
const value = modify(`CN=Users,${configuration}`, { attribute: 'member', remove: [], add: [dn] });

test.each([
  ['what comes back', [back], ['Restored']],
  ['the values that are put back too', [back, value], ['Restored', 'Values restored']],
] as const)('the summary of an undo counts %s, and nothing that is none', (_, changes, names) => {
  const plan = planOf(changes, { remedy: 'metadata', target: forest, undoes, subject: { dn, guid } });
  expect(describePlan(plan as Plan<DirectoryChange>).summary.map(({ name }) => name)).toEqual(names);
});

test.each([
  ['are left out', [`CN=NTDS Settings,${dn}`], 'Restore what was left of DC0, without its NTDS Settings'],
  ['were not there', [`CN=RID Set,${dn}`], 'Restore what was left of DC0'],
])('an undo is titled by whether its NTDS Settings %s', (_, lost, title) => {
  const leftOut = lost.map((what) => ({ what, reason: 'only-the-system-makes-it' }));
  const plan = planOf([back], { remedy: 'metadata', target: forest, undoes, subject: { dn, guid }, leftOut });
  expect(describePlan(plan as Plan<DirectoryChange>).title).toBe(title);
});

test('only several entries are said to be deleted one by one', () => {
  const deletion = (place: string): DirectoryChange =>
    ({ kind: 'delete', dn: place, guid, usnChanged: '1', children: [], attributes: [] }) as DirectoryChange;
  const deletedBy = (...places: readonly string[]): string | undefined => {
    const plan = planOf(places.map(deletion), { remedy: 'metadata', target: forest, subject: { dn, guid } });
    return describePlan(plan as Plan<DirectoryChange>).summary.find(({ name }) => name === 'Deleted')?.value;
  };
  expect(deletedBy(dn)).toBe('1 entry');
  expect(deletedBy(`CN=NTDS Settings,${dn}`, dn)).toBe('2 entries, one by one, leaves first');
});

test('only the removal of NTDS Settings has the others build their topology anew', () => {
  const step = { id: 'replication', name: 'DC0', hosts: ['dc1.corp.example.com'] };
  const commandsOf = (objectClass: string, place: string): readonly string[] | undefined => {
    const deleted = { dn: place, guid, usnChanged: '1', attributes: [{ name: 'objectClass', values: [objectClass] }] };
    const changes = [{ kind: 'delete', ...deleted, children: [] } as const];
    const plan = planOf(changes, { remedy: 'metadata', target: forest, nextSteps: [step] });
    return describePlan(plan as Plan<DirectoryChange>).nextSteps[0]?.commands;
  };
  expect(commandsOf('nTDSDSA', `CN=NTDS Settings,${dn}`)).toEqual(['repadmin /kcc *', 'repadmin /replsummary *']);
  expect(commandsOf('server', dn)).toEqual(['repadmin /replsummary *']);
});

test('the last step speaks of --wait only for a plan that apply itself carries out', () => {
  const step = { id: 'replication', name: 'DC0', hosts: ['dc1.corp.example.com'] };
  const textOf = (connection: ForestTarget['connection']): string | undefined => {
    const plan = planOf([back], { remedy: 'metadata', target: { ...forest, connection }, nextSteps: [step] });
    return describePlan(plan as Plan<DirectoryChange>).nextSteps[0]?.text;
  };
  expect(textOf({ kind: 'practice' })).toContain('--wait SECONDS');
  expect(textOf({ kind: 'ldif', files: ['export.ldf'] })).not.toContain('--wait');
});
