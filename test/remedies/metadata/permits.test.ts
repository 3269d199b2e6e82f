import { expect, test } from 'vitest';
import type { JsonValue } from '../../../src/change/json-shape.ts';
import type { DeleteChange, DirectoryChange, Plan } from '../../../src/change/plan.ts';
import { metadata as remedy } from '../../../src/remedies/metadata/remedy.ts';
import { freshFolder } from '../../support/fresh-folder.ts';
import { account, configuration, domain, metadata, planOf, server, settings, siteWithDeadDc } from './dead-dc.ts';

const { permits } = remedy;

let cached: Plan<DirectoryChange> | undefined;

/** The plan to remove DC4, with one thing made otherwise. */
async function planWith(change: (plan: Plan<DirectoryChange>) => Partial<Plan<DirectoryChange>>) {
  cached ??= planOf(await (await siteWithDeadDc(await freshFolder())).run(metadata, ['--dc', 'DC4', '--json']));
  return { ...cached, ...change(cached) };
}

const deletionOf = (plan: Plan<DirectoryChange>, dn: string): DeleteChange => {
  const found = plan.changes.find((one): one is DeleteChange => one.kind === 'delete' && one.dn === dn);
  if (found === undefined) throw new Error(`the plan deletes ${dn}`);
  return found;
};

test('a plan as it was made is permitted', async () => {
  expect(permits(await planWith(() => ({})))).toEqual([]);
});

test('a plan that deletes an entry that is not of the DC is not', async () => {
  const other = `CN=EX01,OU=Servers,${domain}`;
  const plan = await planWith(({ changes }) => {
    const [first] = changes.filter(({ kind }) => kind === 'delete');
    return { changes: [...changes, { ...(first as DeleteChange), dn: other, attributes: [], children: [] }] };
  });
  expect(permits(plan)).toEqual([`It deletes ${other}, which does not belong to the domain controller.`]);
});

test('a plan whose account is not of a DC, or of another one, is not', async () => {
  const withAccount = (edit: (values: DeleteChange) => DeleteChange) =>
    planWith((plan) => ({
      changes: plan.changes.map((one) => (one === deletionOf(plan, account) ? edit(deletionOf(plan, account)) : one)),
    }));
  const without = (name: string) =>
    withAccount((one) => ({ ...one, attributes: one.attributes.filter((attribute) => attribute.name !== name) }));
  expect(permits(await without('primaryGroupID'))).not.toEqual([]);
  const moved = await withAccount((one) => ({
    ...one,
    dn: `CN=DC3,OU=Domain Controllers,${domain}`,
    attributes: one.attributes.filter(({ name }) => name !== 'dNSHostName'),
  }));
  expect(permits(moved)).not.toEqual([]);
});

test('a plan whose subject is no server object below a site is not', async () => {
  const elsewhere = `CN=DC4,CN=Servers,CN=Somewhere,CN=Services,${configuration}`;
  const plan = await planWith((made) => ({
    subject: { dn: elsewhere, guid: made.subject?.guid ?? '' },
    changes: made.changes.map((one) => (one.kind === 'delete' && one.dn === server ? { ...one, dn: elsewhere } : one)),
  }));
  expect(permits(plan)).not.toEqual([]);
});

test('a plan that removes a value which names something else, or adds one, is not', async () => {
  const edit = (attribute: string, remove: readonly string[], add: readonly string[]) =>
    planWith(({ changes }) => ({
      changes: [
        { kind: 'modify', dn: `CN=Domain Admins,CN=Users,${domain}`, guid: '1', edits: [{ attribute, remove, add }] },
        ...changes,
      ],
    }));
  const administrator = `CN=Administrator,CN=Users,${domain}`;
  expect(permits(await edit('member', [administrator], []))).toEqual([
    `It removes a value from member of CN=Domain Admins,CN=Users,${domain} that does not name the domain controller.`,
  ]);
  expect(permits(await edit('member', [], [administrator]))).toEqual([
    `It adds values to member of CN=Domain Admins,CN=Users,${domain}.`,
  ]);
  expect(permits(await edit('fSMORoleOwner', [settings], [settings]))).not.toEqual([]);
  expect(permits(await edit('member', [account], []))).toEqual([]);
});

test('an undo that makes NTDS Settings is not', async () => {
  const undone = { id: 'one', seal: 'two', folder: '..', seq: 1 };
  const undo = await planWith(() => ({
    undoes: undone,
    changes: [{ kind: 'undelete', dn: settings, guid: '1', attributes: [] }],
  }));
  expect(permits(undo)).toEqual([`It creates or deletes ${settings}: only a promotion restores a domain controller.`]);
});

test('a plan whose next steps seize what is no role, or name what is no host, is not', async () => {
  const withStep = (step: Readonly<Record<string, JsonValue>>) =>
    planWith(() => ({ nextSteps: [{ id: 'seize-roles', host: 'dc1.corp.example.com', roles: ['PDC'], ...step }] }));
  expect(permits(await withStep({}))).toEqual([]);
  for (const step of [{ roles: ['PDC" & format c:'] }, { host: 'dc1 & format c:' }, { roles: 'PDC' }, { id: 'other' }])
    expect(permits(await withStep(step))).toEqual([
      expect.stringMatching(/^Its next step .* is unknown or incomplete/),
    ]);
});
