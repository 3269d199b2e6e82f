/** Operations masters (FSMO): the roles of the forest and of its naming contexts, and the DC that holds each. */

import { DirectoryError } from '../errors.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { joinDn, sameDn } from './dn.ts';
import { type Entry, guidOf, textOf } from './entry.ts';
import type { Forest, NamingContext } from './forest.ts';

/** The roles, as ntdsutil calls them. */
export const masterRoles = ['schema master', 'naming master', 'PDC', 'RID master', 'infrastructure master'] as const;

/** One of them. */
export type MasterRole = (typeof masterRoles)[number];

/** A role with the DC that holds it. */
export interface OperationsMaster {
  readonly role: MasterRole;
  /** Of which domain or application partition it is; undefined for a role of the forest. */
  readonly of: NamingContext | undefined;
  /** The object that holds fSMORoleOwner. */
  readonly dn: string;
  /** Its objectGUID; '' where the user may not read it. */
  readonly guid: string;
  /** DN of NTDS Settings, as the directory has it: of a deleted DC too. */
  readonly owner: string;
}

/** A role in full: "PDC emulator". */
export function masterInWords(role: MasterRole): string {
  if (role === 'PDC') return 'PDC emulator';
  return role === 'naming master' ? 'domain naming master' : role;
}

/**
 * The owners of the forest's roles and of those of the domains and application partitions that the session's DC holds
 * (MS-ADTS 6.1.5.1 to 6.1.5.5); what it does not show is left out. Throws DirectoryError if it does not answer.
 */
export async function readOperationsMasters(
  session: DirectorySession,
  { configurationNamingContext: configuration, namingContexts }: Forest,
): Promise<readonly OperationsMaster[]> {
  const held = namingContexts.filter(({ dn }) => session.rootDse.namingContexts.some((one) => sameDn(one, dn)));
  const places: readonly Pick<OperationsMaster, 'role' | 'of' | 'dn'>[] = [
    { role: 'schema master', of: undefined, dn: joinDn('CN=Schema', configuration) },
    { role: 'naming master', of: undefined, dn: joinDn('CN=Partitions', configuration) },
    ...held.flatMap((of) => placesIn(of)),
  ];
  const masters = await Promise.all(
    places.map(async ({ role, of, dn }): Promise<OperationsMaster | undefined> => {
      const entry = await readIfHeld(session, dn);
      const owner = entry === undefined ? undefined : textOf(entry, 'fSMORoleOwner');
      if (entry === undefined || owner === undefined) return undefined;
      return { role, of, dn: entry.dn, guid: guidOf(entry, 'objectGUID') ?? '', owner };
    }),
  );
  return masters.filter((master) => master !== undefined);
}

function placesIn(of: NamingContext): readonly Pick<OperationsMaster, 'role' | 'of' | 'dn'>[] {
  const infrastructure = { role: 'infrastructure master', of, dn: joinDn('CN=Infrastructure', of.dn) } as const;
  if (of.kind === 'application') return [infrastructure];
  if (of.kind !== 'domain') return [];
  const rids = { role: 'RID master', of, dn: joinDn('CN=RID Manager$,CN=System', of.dn) } as const;
  return [{ role: 'PDC', of, dn: of.dn }, rids, infrastructure];
}

async function readIfHeld(session: DirectorySession, dn: string): Promise<Entry | undefined> {
  try {
    return await session.readEntry(dn, ['fSMORoleOwner', 'objectGUID']);
  } catch (error) {
    // A DC that lacks the partition refers to another one: then its role is not known here.
    if (error instanceof DirectoryError && error.resultCode !== undefined) return undefined;
    throw error;
  }
}
