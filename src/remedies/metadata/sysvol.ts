/** Who replicates SYSVOL: the members of its replica sets, by DFSR and by FRS. */

import { joinDn, sameDn } from '../../ad/dn.ts';
import { type Entry, textsOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { DirectoryError } from '../../errors.ts';
import { resultCode } from '../../ldap/diagnostics.ts';
import { equal, type Filter, or } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';

export interface SysvolMember {
  readonly dn: string;
  readonly by: 'DFSR' | 'FRS';
  /** DNs of the account and of NTDS Settings, as far as they are there. */
  readonly references: readonly string[];
}

const namesIn = ['msDFSR-ComputerReference', 'frsComputerReference', 'serverReference'];

/** The members in the domains that the DC holds (MS-FRS2 2.3, MS-ADSC nTFRSMember). Throws DirectoryError. */
export async function readSysvolMembers(
  session: DirectorySession,
  { namingContexts }: Forest,
): Promise<readonly SysvolMember[]> {
  const filter = or(equal('objectClass', 'msDFSR-Member'), equal('objectClass', 'nTFRSMember'));
  const members: SysvolMember[] = [];
  for (const { kind, dn: domain } of namingContexts) {
    if (kind !== 'domain' || !session.rootDse.namingContexts.some((held) => sameDn(held, domain))) continue;
    for await (const entry of searchIfThere(session, joinDn('CN=System', domain), filter, namesIn)) {
      const by = isSysvol(entry.dn);
      const references = namesIn.flatMap((attribute) => textsOf(entry, attribute));
      if (by !== undefined) members.push({ dn: entry.dn, by, references });
    }
  }
  return members;
}

/** How a member at this DN replicates SYSVOL; undefined for a member of another replica set. */
export function isSysvol(dn: string): SysvolMember['by'] | undefined {
  if (/,CN=Topology,CN=Domain System Volume,CN=DFSR-GlobalSettings,CN=System,/i.test(dn)) return 'DFSR';
  const ofFrs = /,CN=Domain System Volume \(SYSVOL share\),CN=File Replication Service,CN=System,/i;
  return ofFrs.test(dn) ? 'FRS' : undefined;
}

/** A search below what an export may lack. */
export async function* searchIfThere(
  session: DirectorySession,
  base: string,
  filter: Filter,
  attributes: readonly string[],
): AsyncGenerator<Entry> {
  try {
    yield* session.search({ base, scope: 'subtree', filter, attributes });
  } catch (error) {
    // It is not there: an export without it, a domain that never used FRS.
    if (!(error instanceof DirectoryError && error.resultCode === resultCode.noSuchObject)) throw error;
  }
}
