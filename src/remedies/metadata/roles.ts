/** Operations master roles (FSMO): which DC holds them, and which of them belong to one that is gone. */

import { isDeletedDn, sameDn } from '../../ad/dn.ts';
import type { Forest } from '../../ad/forest.ts';
import { masterInWords, readOperationsMasters } from '../../ad/operations-masters.ts';
import type { ForestTarget } from '../../change/plan.ts';
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

/** The roles of the forest and of the naming contexts that the session's DC holds. Throws DirectoryError. */
export async function readRoles(session: DirectorySession, forest: Forest): Promise<readonly Role[]> {
  const masters = await readOperationsMasters(session, forest);
  return masters.map(({ role, of, dn, guid, owner }) => ({
    name: of === undefined ? masterInWords(role) : `${masterInWords(role)} of ${of.dnsName ?? of.dn}`,
    dn,
    guid,
    owner,
    seize: of?.kind === 'application' ? undefined : role,
  }));
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
