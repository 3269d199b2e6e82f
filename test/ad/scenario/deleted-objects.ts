import type { DomainController } from '../lab/domain-controller.ts';
import { add, type Change, replace } from '../lab/ldif.ts';
import { ldbmodify } from '../lab/tree.ts';
import { rdn } from './names.ts';

/**
 * Leaves a tombstone in a naming context for each age in days. Samba ages tombstones by whenChanged, which no client may
 * set: it is written to the naming context's own database file, below Samba's rules. Restarts the DC.
 */
export async function tombstones(
  dc: DomainController,
  options: {
    readonly namingContext: string;
    readonly parent: string;
    readonly ages: readonly number[];
    readonly now: Date;
  },
): Promise<void> {
  const { namingContext, parent, ages, now } = options;
  const entries = ages.map((days, index) => ({ days, name: `deleted ${index} of ${days} days` }));
  const dns = entries.map(({ name }) => `${rdn(name)},${parent}`);
  await dc.pause();
  await ldbmodify(dc.samDatabase, [
    ...dns.map((dn) => add(dn, { objectClass: 'container' })),
    ...dns.map((dn): Change => ({ kind: 'delete', dn })),
  ]);
  const deleted = await dc.ldbsearch([
    '--show-deleted',
    '-b',
    `CN=Deleted Objects,${namingContext}`,
    '(isDeleted=TRUE)',
    'name',
  ]);
  const aged = entries.flatMap(({ days, name }) => {
    const entry = deleted.find((candidate) => candidate.text('name')?.startsWith(`${name}\n`));
    const changed = new Date(now.getTime() - days * 24 * 60 * 60 * 1000);
    return entry === undefined ? [] : [replace(entry.dn, { whenChanged: generalizedTime(changed) })];
  });
  if (aged.length !== ages.length) throw new Error(`${aged.length} of ${ages.length} tombstones were found`);
  await ldbmodify(`${dc.samDatabase}.d/${namingContext.toUpperCase()}.ldb`, aged);
  await dc.resume();
}

/** 20261122083839.0Z */
function generalizedTime(date: Date): string {
  return `${date.toISOString().replaceAll(/[-:T]|\..*/g, '')}.0Z`;
}
