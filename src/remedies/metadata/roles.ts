/** Operations master roles (FSMO): which DC holds them, and which of them belong to one that is gone. */

import { isDeletedDn, joinDn, sameDn } from '../../ad/dn.ts';
import { guidOf, textOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import type { ForestTarget } from '../../change/plan.ts';
import { DirectoryError } from '../../errors.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import type { Candidate } from './candidates.ts';
import type { Identity } from './identity.ts';

export interface Role {
  /** "PDC emulator of corp.example.com" */
  readonly name: string;
  /** The object that holds fSMORoleOwner. */
  readonly dn: string;
  readonly guid: string;
  /** DN of NTDS Settings, as the directory has it: of a deleted DC too. */
  readonly owner: string;
  /** What ntdsutil calls it: "seize pdc". None for the infrastructure role of an application partition. */
  readonly seize: string | undefined;
}

type Place = Pick<Role, 'name' | 'dn' | 'seize'>;

/** The roles of the naming contexts that the DC holds (MS-ADTS 6.1.5.1 to 6.1.5.5). Throws DirectoryError. */
export async function readRoles(
  session: DirectorySession,
  { configurationNamingContext: configuration, namingContexts }: Forest,
): Promise<readonly Role[]> {
  const held = namingContexts.filter(({ dn }) => session.rootDse.namingContexts.some((one) => sameDn(one, dn)));
  const places: readonly Place[] = [
    { name: 'schema master', dn: joinDn('CN=Schema', configuration), seize: 'schema master' },
    { name: 'domain naming master', dn: joinDn('CN=Partitions', configuration), seize: 'naming master' },
    ...held.flatMap(({ kind, dn, dnsName = dn }): readonly Place[] => {
      const infrastructure = { name: `infrastructure master of ${dnsName}`, dn: joinDn('CN=Infrastructure', dn) };
      if (kind === 'application') return [{ ...infrastructure, seize: undefined }];
      if (kind !== 'domain') return [];
      return [
        { name: `PDC emulator of ${dnsName}`, dn, seize: 'PDC' },
        { name: `RID master of ${dnsName}`, dn: joinDn('CN=RID Manager$,CN=System', dn), seize: 'RID master' },
        { ...infrastructure, seize: 'infrastructure master' },
      ];
    }),
  ];
  const roles = await Promise.all(
    places.map(async ({ name, dn, seize }): Promise<Role | undefined> => {
      const entry = await readIfHeld(session, dn);
      const owner = entry === undefined ? undefined : textOf(entry, 'fSMORoleOwner');
      if (entry === undefined || owner === undefined) return undefined;
      return { name, dn: entry.dn, guid: guidOf(entry, 'objectGUID') ?? '', owner, seize };
    }),
  );
  return roles.flatMap((role) => role ?? []);
}

async function readIfHeld(session: DirectorySession, dn: string) {
  try {
    return await session.readEntry(dn, ['fSMORoleOwner', 'objectGUID']);
  } catch (error) {
    // A DC that lacks the partition refers to another one: then its role is not known here.
    if (error instanceof DirectoryError && error.resultCode !== undefined) return undefined;
    throw error;
  }
}

/** The roles whose owner is this DC's NTDS Settings. */
export function rolesOf(roles: readonly Role[], settingsDn: string | undefined): readonly Role[] {
  return settingsDn === undefined ? [] : roles.filter(({ owner }) => sameDn(owner, settingsDn));
}

/** The roles whose owner is a deleted DC: adprep fails on those of application partitions (Microsoft KB 949257). */
export function rolesOfDeleted(roles: readonly Role[]): readonly Role[] {
  return roles.filter(({ owner }) => isDeletedDn(owner));
}

/** The infrastructure roles of application partitions that belong to this DC, or to one that is deleted already. */
export function rolesToCorrect(roles: readonly Role[], settingsDn: string | undefined): readonly Role[] {
  return [...rolesOf(roles, settingsDn), ...rolesOfDeleted(roles)].filter(({ seize }) => seize === undefined);
}

/** The names by which ntdsutil seizes the roles that do work and belong to this DC, or to one that is deleted already. */
export function rolesToSeize(roles: readonly Role[], settingsDn: string | undefined): readonly string[] {
  return [...rolesOf(roles, settingsDn), ...rolesOfDeleted(roles)].flatMap(({ seize }) => seize ?? []);
}

/**
 * The DC that is to take roles: that of the run, unless it is the one that is gone, as with an export that was made
 * there, or read-only, or not known, as with an export that has no rootDSE. Then another one of the domain.
 *
 * @param gone the DC whose roles are taken; undefined where all of them belong to DCs that are deleted already
 */
export function takerOfRoles(
  { candidates, target }: { readonly candidates: readonly Candidate[]; readonly target: ForestTarget },
  gone: Pick<Identity, 'settings' | 'domain'> | undefined,
): string {
  const able = candidates.flatMap(({ settings, host, domain, reach }) => {
    const isAble =
      settings?.isReadOnly === false &&
      !(gone?.settings !== undefined && sameDn(settings.dn, gone.settings.dn)) &&
      (gone?.domain === undefined || domain === undefined || sameDn(domain, gone.domain));
    return isAble && host !== undefined ? [{ host, reach }] : [];
  });
  const here = able.find(({ host }) => host.toLowerCase() === target.domainController.toLowerCase());
  const taker = here ?? able.find(({ reach }) => reach.kind === 'answers') ?? able[0];
  return taker?.host ?? 'DC';
}

/** Every name that ntdsutil has for a role. */
export const namesOfRoles: ReadonlySet<string> = new Set([
  'schema master',
  'naming master',
  'PDC',
  'RID master',
  'infrastructure master',
]);
