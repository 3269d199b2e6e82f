import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import { forest } from './lab/forest.ts';
import { replace } from './lab/ldif.ts';
import { startTwoDomainControllers, type TwoDomainControllers } from './lab/two-dcs.ts';
import { directoryService } from './scenario/directory-service.ts';

describeWithSamba(
  'The lab with two domain controllers',
  () => {
    let dcs: TwoDomainControllers;
    const lifetimeOn = async (dc: 'dc1' | 'dc2'): Promise<string | undefined> =>
      (await dcs[dc].ldapsearch(['-b', directoryService, '-s', 'base']))[0]?.text('tombstoneLifetime');

    beforeAll(async () => {
      dcs = await startTwoDomainControllers();
    });
    afterAll(() => dcs?.stop());

    test('has both in the configuration partition', async () => {
      const settings = await dcs.dc1.ldapsearch([
        '-b',
        forest.configurationNamingContext,
        '(objectClass=nTDSDSA)',
        '1.1',
      ]);
      expect(settings.map(({ dn }) => dn).sort()).toEqual([
        `CN=NTDS Settings,CN=DC1,CN=Servers,${forest.site}`,
        `CN=NTDS Settings,CN=DC2,CN=Servers,${forest.site}`,
      ]);
    });

    test('replicates a change that was made while they were parted only after the link is healed', async () => {
      expect(await dcs.linked()).toBe(true);
      await dcs.cut();
      expect(await dcs.linked()).toBe(false);
      await dcs.dc1.ldapmodify([replace(directoryService, { tombstoneLifetime: '365' })]);
      expect(await lifetimeOn('dc1')).toBe('365');
      expect(await lifetimeOn('dc2')).toBe('180');

      await dcs.heal();
      await dcs.replicate('dc2', forest.configurationNamingContext);
      expect(await lifetimeOn('dc2')).toBe('365');
    });

    test('remembers on each DC when it last heard of the other', async () => {
      for (const dc of [dcs.dc1, dcs.dc2]) {
        const [head] = await dc.ldapsearch(['-b', forest.configurationNamingContext, '-s', 'base', 'repsFrom']);
        expect(head?.bytes('repsFrom')).toHaveLength(1);
      }
    });
  },
  { namespaces: true },
);
