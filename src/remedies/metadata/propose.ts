/** From the facts to the changes: first the values that would dangle, then the entries, leaves first, the account last. */

import { normalizedDn } from '../../ad/dn.ts';
import { editsOf, valueKey } from '../../change/clear-values.ts';
import type { DirectoryChange, LeftOut, Proposal } from '../../change/plan.ts';
import { leavesFirst } from '../../change/subtree.ts';
import type { Chosen, MetadataFacts } from './gather.ts';
import type { Clearing } from './references.ts';
import { treesOf } from './remains.ts';
import { corrections, type Role, rolesOf } from './roles.ts';

/** The changes that remove the DC, and what is left as it is. */
export function propose({ target, chosen, roles, heir }: MetadataFacts): Proposal<DirectoryChange> {
  if (chosen === undefined) return { target, intent: {}, changes: [], leftOut: [] };
  const { identity, remains } = chosen;
  const [top] = [...remains.server, ...remains.account];
  return {
    target,
    ...(top === undefined ? {} : { subject: { dn: top.entry.dn, guid: top.entry.guid } }),
    intent: { domain: identity.domain ?? '' },
    changes: [
      ...corrections(roles, identity.settings?.dn, heir),
      ...editsOf(remains.references.filter(({ clearing }) => clearing === 'may be cleared')),
      ...editsOf(remains.dns),
      ...treesOf(remains).flatMap((tree) => leavesFirst(tree)),
    ],
    leftOut: [...leftOutOf(chosen), ...rolesLeft(roles, identity.settings?.dn)],
  };
}

/** Ids of the findings and choices that leave something out. */
export const leftOutReasons = {
  mandatory: 'mandatory-references',
  system: 'system-only-references',
  text: 'names-in-text',
  roles: 'holds-roles',
} as const;

const reasonOf: Readonly<Partial<Record<Clearing, string>>> = {
  mandatory: leftOutReasons.mandatory,
  'only the system writes it': leftOutReasons.system,
};

/** Roles that do work are for ntdsutil to seize: until then they belong to the DC that is gone. */
function rolesLeft(roles: readonly Role[], settingsDn: string | undefined): readonly LeftOut[] {
  return rolesOf(roles, settingsDn)
    .filter(({ seize }) => seize !== undefined)
    .map(({ dn }) => ({ what: `fSMORoleOwner of ${dn}`, reason: leftOutReasons.roles }));
}

function leftOutOf({ remains: { references, texts } }: Chosen): readonly LeftOut[] {
  return [
    ...references.flatMap(({ id, clearing }) => {
      const reason = reasonOf[clearing];
      return reason === undefined ? [] : [{ what: id, reason }];
    }),
    ...texts.map((what) => ({ what, reason: leftOutReasons.text })),
  ];
}

/** The changes that fresh facts do not justify, each in words. What is done or gone already is not looked at. */
export function unjustified(facts: MetadataFacts, { changes }: Proposal<DirectoryChange>): readonly string[] {
  const justified = new Set(propose(facts).changes.flatMap(keysOf));
  return changes
    .filter(
      (change) =>
        !(change.kind !== 'add' && facts.settled.has(change.guid)) && keysOf(change).some((key) => !justified.has(key)),
    )
    .map((change) => `${change.kind} of ${change.dn}`);
}

/** What a change writes, as keys that are the same for the same write. */
function keysOf(change: DirectoryChange): readonly string[] {
  if (change.kind !== 'modify') return [`${change.kind} ${normalizedDn(change.dn)}`];
  return change.edits.flatMap(({ attribute, remove, add }) => [
    ...remove.map((value) => `remove ${change.guid} ${attribute.toLowerCase()} ${valueKey(value)}`),
    ...add.map((value) => `add ${change.guid} ${attribute.toLowerCase()} ${valueKey(value)}`),
  ]);
}
