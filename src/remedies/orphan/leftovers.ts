/** What earlier deletions by hand have left behind: values that point at deleted entries, or name a server that is gone. */

import { isSameOrBelow } from '../../ad/dn.ts';
import { dnIn } from '../../ad/naming.ts';
import { editsOf, valueKey } from '../../change/clear-values.ts';
import { type FindingDraft, note, warning } from '../../change/findings.ts';
import type { DirectoryChange, Plan, Proposal } from '../../change/plan.ts';
import { groupBy } from '../../group-by.ts';
import { counted } from '../../words.ts';
import type { Description } from '../remedy.ts';
import type { LeftoverFacts } from './gather.ts';
import { exchangeOf, isOfRecipients, leftoverTest } from './leftover-values.ts';
import type { Referrer } from './referrers.ts';

function clearableIn({ leftovers, unwritable }: LeftoverFacts): readonly Referrer[] {
  return leftovers.filter(({ id, reference }) => reference.clearing === 'may be cleared' && !unwritable.has(id));
}

/** The changes that clear them. */
export function proposeLeftovers(facts: LeftoverFacts, keep: readonly string[]): Proposal<DirectoryChange> {
  const kept = new Set(keep.map((id) => id.toLowerCase()));
  const clearable = clearableIn(facts);
  const clearing = clearable.filter(({ id }) => !kept.has(id.toLowerCase()));
  return {
    target: facts.survey.target,
    intent: { leftovers: true, keep },
    changes: editsOf(clearing),
    leftOut: facts.leftovers
      .filter((referrer) => !clearing.includes(referrer))
      .map((referrer) => ({
        what: referrer.id,
        reason: clearable.includes(referrer) ? 'keep' : 'leftovers-not-cleared',
      })),
  };
}

/** What they point at, and which of them a person has to set by hand. */
export function assessLeftovers(facts: LeftoverFacts): readonly FindingDraft[] {
  const clearable = new Set(clearableIn(facts));
  const others = facts.leftovers.filter((referrer) => !clearable.has(referrer));
  return [
    ...(facts.leftovers.length === 0
      ? [note('no-leftovers', 'No value points at a deleted or missing server object', 'There is nothing to clear.')]
      : [
          note(
            'leftovers',
            `${counted(facts.leftovers.length, 'reference points', 'references point')} at entries that are gone`,
            'Earlier deletions by hand have left them behind. Setup and the Exchange services report them (event 2937). Undo cannot bring back a reference to a deleted entry: the directory refuses it. before.ldf keeps the values.',
            {
              evidence: [...pointedAt(facts.leftovers)].map(
                ([dn, here]) => `${dn}: ${counted(here.length, 'reference')}`,
              ),
            },
          ),
        ]),
    ...(others.length === 0
      ? []
      : [
          warning(
            'leftovers-not-cleared',
            `${counted(others.length, 'reference')} cannot be cleared here`,
            'The attribute is mandatory, only the system writes it, it needs another value, or you have no right to write it.',
            { evidence: others.map(({ id, reference }) => `${id} (${reference.clearing})`) },
          ),
        ]),
  ];
}

function pointedAt(leftovers: readonly Referrer[]): ReadonlyMap<string, readonly Referrer[]> {
  return groupBy(leftovers, ({ values: [value] }) => (typeof value === 'string' ? dnIn(value) : ''));
}

/** The values of a plan that fresh facts do not find, each in words. */
export function unjustifiedLeftovers(facts: LeftoverFacts, { changes }: Proposal<DirectoryChange>): readonly string[] {
  const known = new Set(
    facts.leftovers.flatMap(({ guid, reference, values }) =>
      values.map((value) => `${guid} ${reference.attribute.toLowerCase()} ${valueKey(value)}`),
    ),
  );
  return changes.flatMap((change, index) => {
    if (facts.done.has(index)) return [];
    if (change.kind !== 'modify') return [`${change.kind} of ${change.dn}`];
    return change.edits.flatMap(({ attribute, remove }) =>
      remove
        .filter((value) => !known.has(`${change.guid} ${attribute.toLowerCase()} ${valueKey(value)}`))
        .map((value) => `${attribute} of ${change.dn}: ${valueKey(value)}`),
    );
  });
}

/** What such a plan never holds. */
export function permitsLeftovers({ changes, target }: Plan<DirectoryChange>): readonly string[] {
  const configuration = target.kind === 'forest' ? target.configurationNamingContext : '';
  const test = leftoverTest([]);
  return changes.flatMap((change) => {
    if (change.kind !== 'modify') return [`It makes or deletes the entry ${change.dn}.`];
    const isExchange = isSameOrBelow(change.dn, exchangeOf(configuration));
    return change.edits.flatMap(({ attribute, add, remove }) => [
      ...(add.length === 0 ? [] : [`It adds values to ${attribute} of ${change.dn}.`]),
      ...(isExchange || isOfRecipients(attribute)
        ? []
        : [`It edits ${attribute} of ${change.dn}, which is not of Exchange.`]),
      ...remove
        .filter((value) => typeof value !== 'string' || test(value) === undefined)
        .map(
          (value) =>
            `It removes ${valueKey(value)} from ${attribute} of ${change.dn}, which names nothing that is gone.`,
        ),
    ]);
  });
}

/** Such a plan in words. */
export function describeLeftovers({ changes, leftOut }: Plan<DirectoryChange>): Description {
  const edits = changes.flatMap((change) =>
    change.kind === 'modify' ? change.edits.map((edit) => ({ dn: change.dn, ...edit })) : [],
  );
  const byTarget = groupBy(
    edits.flatMap(({ dn, attribute, remove }) =>
      remove.map((value) => ({ at: typeof value === 'string' ? dnIn(value) : '', words: `${attribute} of ${dn}` })),
    ),
    ({ at }) => at,
  );
  return {
    title: 'Clear what earlier deletions of Exchange servers left behind',
    summary: [
      { name: 'References cleared', value: counted(edits.length, 'attribute') },
      { name: 'Left as they are', value: leftOut.length.toLocaleString('en') },
    ],
    changes: [
      {
        kind: 'tree',
        id: 'leftovers',
        title: 'What is gone, with the references that are cleared',
        nodes: [...byTarget].map(([at, here]) => ({ depth: 0, text: at, notes: here.map(({ words }) => words) })),
      },
    ],
    nextSteps: [],
  };
}
