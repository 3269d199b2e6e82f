import { describe, expect, test } from 'vitest';
import { type DirectorySession, showDeleted } from '../../../src/ldap/session.ts';
import { assess } from '../../../src/remedies/lingering/assess.ts';
import { foundIn } from '../../../src/remedies/lingering/propose.ts';
import { renameEntry } from '../../support/rename-entry.ts';
import {
  apart,
  configuration,
  type Dcs,
  deleteAndForget,
  domain,
  handedOver,
  hostOf,
  interrupted,
  look,
  openDcs,
  people,
  verdictsOn,
  whyNotProvable,
  withoutSchema,
} from './support/pair.ts';

describe('two copies', () => {
  test('that are alike have nothing to show, both ways', async () => {
    const { dcs } = await apart(['dc1', 'dc2'], ['Lee']);
    const facts = await look(dcs, 'dc1');
    expect(verdictsOn(facts, 'dc2', 'dc1')).toEqual({});
    expect(verdictsOn(facts, 'dc1', 'dc2')).toEqual({});
  });

  test('show what each has deleted and forgotten, with what was changed since kept apart', async () => {
    const { dcs, dns } = await apart(['dc1', 'dc2'], ['Lee', 'Kim', 'Ann']);
    const [lee = '', kim = '', ann = ''] = dns;
    await deleteAndForget(dcs, 'dc1', lee, kim);
    await deleteAndForget(dcs, 'dc2', ann);
    await (await dcs.session('dc2')).modify(kim, [{ attribute: 'description', replace: [Buffer.from('new')] }]);
    const facts = await look(dcs, 'dc1');
    expect(verdictsOn(facts, 'dc2', 'dc1')).toEqual({ [lee]: 'lingering', [kim]: 'lingering, changed' });
    expect(verdictsOn(facts, 'dc1', 'dc2')).toEqual({ [ann]: 'lingering' });
  });

  test('do not call lingering what is new, late, restored or only a tombstone', async () => {
    const { dcs, dns } = await apart(['dc1', 'dc2'], ['Late', 'Back', 'Both']);
    const [late = '', back = '', both = ''] = dns;
    const second = await dcs.session('dc2');
    await second.delete(back);
    await second.modify(
      `<GUID=${await guidOf(second, 'Back')}>`,
      [
        { attribute: 'isDeleted', remove: 'all', add: [] },
        { attribute: 'distinguishedName', replace: [Buffer.from(`CN=Restored,${people}`)] },
      ],
      [showDeleted],
    );
    await second.delete(both);
    await deleteAndForget(dcs, 'dc1', back, both);
    await (await dcs.session('dc1')).delete(late);
    const fresh = await dcs.create('dc2', 'New');
    const found = verdictsOn(await look(dcs, 'dc1'), 'dc2', 'dc1');
    expect(Object.values(found).sort()).toEqual(['late', 'new, changed', 'transient, changed', 'undeleted, changed']);
    expect(found[fresh]).toBe('new, changed');
    expect(found[late]).toBe('late');
    expect(found[`CN=Restored,${people}`]).toBe('undeleted, changed');
  });

  test('give the removal of the reference first, and that of the others only once it is clean', async () => {
    const { dcs, dns } = await apart(['dc1', 'dc2'], ['Lee', 'Ann']);
    const [lee = '', ann = ''] = dns;
    await deleteAndForget(dcs, 'dc1', lee);
    await deleteAndForget(dcs, 'dc2', ann);
    expect(handedOver(await look(dcs, 'dc1'))).toMatchObject([{ dn: ann, on: hostOf('dc1') }]);
    await deleteAndForget(dcs, 'dc1', ann);
    expect(handedOver(await look(dcs, 'dc1'))).toMatchObject([{ dn: lee, on: hostOf('dc2') }]);
  });
});

/** The objectGUID of a deleted object by its former name. */
async function guidOf(session: DirectorySession, name: string): Promise<string> {
  const request = {
    base: domain,
    scope: 'subtree',
    filter: { kind: 'equal', attribute: 'isDeleted', value: 'TRUE' },
  } as const;
  for await (const { dn } of session.search({ ...request, attributes: ['1.1'], controls: [showDeleted] })) {
    const [, guid] = new RegExp(`^CN=${name}\\\\0ADEL:([0-9a-f-]{36})`).exec(dn) ?? [];
    if (guid !== undefined) return guid;
  }
  throw new Error(`${name} is not deleted`);
}

describe('an object that changes while the copies are compared', () => {
  /** Does something when the list of DC2 is about to be read, the reference's having been read; or when it has been. */
  async function lookWhile(dcs: Dcs, when: 'before' | 'after', meddle: () => Promise<void>) {
    const openOther = async (host: string): Promise<DirectorySession> =>
      interrupted(await dcs.forest.open({ host }), when, meddle);
    return look(dcs, 'dc1', {}, { openOther });
  }

  test.each(['before', 'after'] as const)(
    'is no false verdict: created, moved and deleted %s the second list',
    async (when) => {
      const dcs = await openDcs();
      const moved = await dcs.create('dc1', 'Moved');
      const deleted = await dcs.create('dc2', 'Deleted');
      dcs.replicate();
      let isDone = false;
      const facts = await lookWhile(dcs, when, async () => {
        isDone = true;
        await dcs.create('dc1', 'Created on DC1');
        await dcs.create('dc2', 'Created on DC2');
        await renameEntry(await dcs.forest.connect(hostOf('dc1')), moved, 'CN=Elsewhere');
        await (await dcs.session('dc1')).delete(deleted);
        dcs.replicate();
      });
      expect(isDone).toBe(true);
      const found = [
        ...Object.values(verdictsOn(facts, 'dc2', 'dc1')),
        ...Object.values(verdictsOn(facts, 'dc1', 'dc2')),
      ];
      expect(found.filter((verdict) => !verdict.startsWith('new') && !verdict.startsWith('late'))).toEqual([]);
    },
  );
});

describe('an object that lingers', () => {
  const schema = `CN=Schema,${configuration}`;
  const attribute = (name: string, more: string): string =>
    `dn: CN=${name},${schema}\nobjectClass: attributeSchema\nlDAPDisplayName: ${name}\nattributeSyntax: 2.5.5.1\n${more}\n`;

  test('is shown with what refers to it: by link, and by an attribute that is no link', async () => {
    const names = ['dc1', 'dc2'];
    const dcs = await openDcs(names, [attribute('assistant', ''), attribute('manager', 'linkID: 42\n')].join('\n'));
    const lee = await dcs.create('dc1', 'Lee');
    const kim = await dcs.create('dc1', 'Kim');
    dcs.replicate();
    for (const name of names) dcs.forest.cut(hostOf(name));
    await deleteAndForget(dcs, 'dc1', lee);
    await (await dcs.session('dc2')).modify(kim, [
      { attribute: 'assistant', replace: [Buffer.from(lee)] },
      { attribute: 'manager', replace: [Buffer.from(lee)] },
    ]);
    const [found] = foundIn(await look(dcs, 'dc1')).filter(({ verdict }) => verdict === 'lingering');
    expect(found?.referrers).toEqual([`directReports: ${kim}`, `assistant of ${kim}`]);
  });

  test('is not proven where its DC does not show the schema: what refers to the object is not known', async () => {
    const { dcs, dns } = await apart(['dc1', 'dc2'], ['Lee']);
    await deleteAndForget(dcs, 'dc1', ...dns);
    const openOther = async (host: string) => withoutSchema(await dcs.forest.open({ host }));
    const facts = await look(dcs, 'dc1', {}, { openOther });
    expect(whyNotProvable(facts)).toEqual(['DC1: no such object']);
    expect(handedOver(facts)).toEqual([]);
  });

  test('is reported where it holds objects that are not lingering: they are in the way of its removal', async () => {
    const { dcs } = await apart(['dc1', 'dc2'], []);
    const unit = `OU=Unit,${people}`;
    await (await dcs.session('dc1')).add(unit, [{ name: 'objectClass', values: [Buffer.from('organizationalUnit')] }]);
    const lingeringChild = await dcs.create('dc1', 'Kept,OU=Unit');
    for (const name of ['dc1', 'dc2']) dcs.forest.heal(hostOf(name));
    dcs.replicate();
    for (const name of ['dc1', 'dc2']) dcs.forest.cut(hostOf(name));
    await deleteAndForget(dcs, 'dc1', lingeringChild, unit);
    const fresh = await dcs.create('dc2', 'Fresh,OU=Unit');
    const facts = await look(dcs, 'dc1');
    expect(verdictsOn(facts, 'dc2', 'dc1')).toEqual({
      [unit]: 'lingering',
      [lingeringChild]: 'lingering',
      [fresh]: 'new, changed',
    });
    const finding = assess(facts).find(({ id }) => id === 'holds-other-objects');
    expect(finding).toMatchObject({ level: 'warning', subjects: ['DC2'] });
    expect(finding?.evidence).toEqual([`${hostOf('dc2')}: ${unit} holds ${fresh}`]);
  });
});

describe('what cannot be seen is not provable, and never "none"', () => {
  test('without the right to see deleted objects', async () => {
    const { dcs, dns } = await apart(['dc1', 'dc2'], ['Lee']);
    await deleteAndForget(dcs, 'dc1', ...dns);
    const facts = await look(dcs, 'dc1', {}, await dcs.asOrdinaryUser('dc1'));
    expect(whyNotProvable(facts)).toEqual(Array(2).fill(expect.stringContaining('no right to see them')));
    expect(handedOver(facts)).toEqual([]);
  });

  test('without the vector of the reference', async () => {
    const { dcs, dns } = await apart(['dc1', 'dc2'], ['Lee']);
    await deleteAndForget(dcs, 'dc1', ...dns);
    dcs.forest.setCondition(hostOf('dc1'), { withheld: ['replUpToDateVector', 'msDS-NCReplCursors'] });
    const facts = await look(dcs, 'dc1');
    expect(whyNotProvable(facts)).toEqual([expect.stringContaining('up-to-dateness vector')]);
  });

  test('on a DC that does not answer', async () => {
    const { dcs } = await apart(['dc1', 'dc2', 'dc3'], ['Lee']);
    dcs.forest.setCondition(hostOf('dc3'), { reachable: 'refused' });
    const facts = await look(dcs, 'dc1');
    expect(whyNotProvable(facts)).toEqual(Array(2).fill(expect.stringContaining('DC3: ')));
    expect(verdictsOn(facts, 'dc2', 'dc1')).toEqual({});
  });

  test('where one DC alone has a copy', async () => {
    const dcs = await openDcs(['dc1']);
    expect(whyNotProvable(await look(dcs, 'dc1'))).toEqual(['no other domain controller has a full copy']);
  });

  test('when the time for reading is over', async () => {
    const { dcs } = await apart(['dc1', 'dc2'], ['Lee']);
    const facts = await look(dcs, 'dc1', {}, { signal: AbortSignal.abort() });
    expect(whyNotProvable(facts)).toEqual(Array(2).fill(expect.stringContaining('the time ran out')));
  });
});
