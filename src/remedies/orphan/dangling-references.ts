/** References that would point at nothing after the deletion, and are not cleared. */

import { type Conclusion, counted } from './conclusion.ts';
import type { OrphanFacts } from './gather.ts';
import type { OrphanOptions } from './options.ts';
import { cleanedReferrers } from './plan.ts';
import { countedEvidence } from './uninstaller-blockers.ts';

/** References that would point at nothing after the deletion, and are not cleared. */
export function danglingBlockers(facts: OrphanFacts, options: OrphanOptions): readonly Conclusion[] {
  const cleaned = new Set(cleanedReferrers(facts, options).map(({ id }) => id));
  const all = [...facts.configuration.referrers, ...facts.recipients.flatMap(({ cleanable }) => cleanable)];
  const left = all.filter(({ id, reference }) => reference.kind !== 'linked' && !cleaned.has(id));
  const keep = left.filter(({ reference }) => reference.clearing === 'may be cleared');
  const needValue = left.filter(({ reference }) => reference.clearing === 'needs another value');
  const { toDatabases } = facts.configuration;
  const tooMany = facts.recipients.filter(({ notListed }) => notListed > 0);
  const elsewhere = facts.recipients.filter(
    ({ reference, count, cleanable, notListed }) => reference.isCleanable && count > cleanable.length + notListed,
  );
  const isMailboxes = facts.recipients.some(({ reference, count }) => !reference.isCleanable && count > 0);
  return [
    ...(keep.length === 0
      ? []
      : [
          {
            id: 'dangling-references',
            level: 'blocker',
            title: `${counted(keep.length, 'reference')} to the server would point at a deleted entry`,
            detail:
              'They are not cleared by this plan, by your choice or for want of the right to write them. Clear them, or have them cleared here.',
            evidence: keep.map(({ id }) => id),
            acceptable: true,
          } as const,
        ]),
    ...(needValue.length === 0
      ? []
      : [
          {
            id: 'references-to-replace',
            level: 'warning',
            title: `${counted(needValue.length, 'reference')} to the server by name ${needValue.length === 1 ? 'needs' : 'need'} another value`,
            detail:
              'They are text and go on naming this server. Set-MailboxDatabase "<database>" -RpcClientAccessServer <other server>; Set-DatabaseAvailabilityGroup "<DAG>" -WitnessServer <other server>.',
            evidence: needValue.map(({ id }) => id),
          } as const,
        ]),
    ...(toDatabases.length === 0
      ? []
      : [
          {
            id: 'references-to-its-databases',
            level: 'warning',
            title: `${counted(toDatabases.length, 'reference')} to databases that it owns, which stay without an owner`,
            detail:
              'They are left as they are, and name a database that nobody mounts; once that is removed, they dangle. Before it goes: Set-MailboxDatabase "<database>" -PublicFolderDatabase "<another public folder database>"; siteFolderServer of an administrative group is set to the DN of another public folder database with Set-ADObject -Replace.',
            evidence: toDatabases.map(({ id, values }) => `${id}: ${values.join(', ')}`),
          } as const,
        ]),
    ...(tooMany.length === 0
      ? []
      : [
          {
            id: 'too-many-references',
            level: 'blocker',
            title: 'More recipients refer to the server than one plan clears',
            detail:
              'Clear the attribute by a script first (Get-ADObject -LDAPFilter … | Set-ADObject -Clear …), then make the plan again.',
            evidence: tooMany.flatMap(countedEvidence),
          } as const,
        ]),
    ...(elsewhere.length === 0 || isMailboxes
      ? []
      : [
          {
            id: 'recipients-in-other-domains',
            level: 'blocker',
            title: 'Recipients of other domains refer to the server, which this domain controller can not write',
            detail:
              'Clear the attribute on a domain controller of their domain (Set-ADObject -Clear), then make the plan again.',
            evidence: elsewhere.flatMap(countedEvidence),
            acceptable: true,
          } as const,
        ]),
  ];
}
