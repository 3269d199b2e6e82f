import type { AttributeEdit, ModifyChange } from '../../change/plan.ts';
import type { TombstoneFacts } from './facts.ts';
import { unsetInDiff } from './lifetime.ts';
import type { TombstoneOptions } from './options.ts';

/** The one edit that gives the lifetime its new value by compare and swap; none if it has that already. */
export function plan(facts: TombstoneFacts, { wanted }: TombstoneOptions): readonly ModifyChange[] {
  const { settings, serverKind } = facts;
  const now = settings.tombstoneLifetime;
  const next = wanted.kind === 'days' ? wanted.days : undefined;
  if (wanted.kind === 'none' || now === next) return [];
  const edit: AttributeEdit = {
    attribute: 'tombstoneLifetime',
    remove: now === undefined ? [] : [String(now)],
    add: next === undefined ? [] : [String(next)],
    singleValued: true,
    whenUnset: unsetInDiff(serverKind),
  };
  return [{ kind: 'modify', dn: settings.dn, guid: settings.guid, edits: [edit] }];
}
