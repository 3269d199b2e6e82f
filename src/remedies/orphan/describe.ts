/** An orphan plan in words, drawn from the plan alone. */

import { conflictRdnOf, dnDepth, normalizedDn, rdnOf } from '../../ad/dn.ts';
import type { Exhibit, TreeExhibit } from '../../change/exhibits.ts';
import type { DeletedEntry, DirectoryChange, ModifyChange, Plan } from '../../change/plan.ts';
import { deletedBy } from '../../change/undo-link.ts';
import { groupBy } from '../../group-by.ts';
import { counted } from '../../words.ts';
import type { Description } from '../remedy.ts';
import { serverDeletedIn } from './deleted-server.ts';
import { isOfLeftovers } from './leftover-values.ts';
import { describeLeftovers } from './leftovers.ts';
import { stepsInWords } from './next-steps.ts';

/** Title, summary, the tree that goes with what refers to each entry, and the next steps. */
export function describe(plan: Plan<DirectoryChange>): Description {
  if (plan.undoes === undefined && isOfLeftovers(plan)) return describeLeftovers(plan);
  const deleted = plan.changes.flatMap(deletedBy);
  return deleted.length === 0 ? describeReturn(plan) : describeDeletion(plan, deleted);
}

/** The name of the server that a plan deletes: what a person types before it is applied. */
export function serverDeletedBy({ changes }: Pick<Plan<DirectoryChange>, 'changes'>): string | undefined {
  const top = serverDeletedIn(changes) ?? changes.findLast((change) => deletedBy(change).length > 0);
  return top === undefined ? undefined : nameOf(top.dn);
}

function nameOf(dn: string): string {
  return (conflictRdnOf(dn) ?? rdnOf(dn)).value;
}

function describeDeletion(plan: Plan<DirectoryChange>, deleted: readonly DeletedEntry[]): Description {
  const edits = plan.changes.filter((change) => change.kind === 'modify');
  const name = serverDeletedBy(plan) ?? '';
  const again = plan.undoes === undefined ? '' : ' again';
  const isTree = plan.changes.some(({ kind }) => kind === 'delete-tree');
  return {
    title: `Delete the server object ${name}${again}`,
    summary: [
      { name: 'Server object', value: plan.subject?.dn ?? deleted.at(-1)?.dn ?? '' },
      {
        name: 'Deleted',
        value: `${counted(deleted.length, 'entry', 'entries')}, ${isTree ? 'by one request for the whole tree' : 'one by one, leaves first'}`,
      },
      {
        name: 'References cleared',
        value: edits.length === 0 ? 'none' : `${referencesIn(edits)} in ${counted(edits.length, 'entry', 'entries')}`,
      },
      ...(plan.leftOut.length === 0
        ? []
        : [{ name: 'References left as they are', value: plan.leftOut.length.toLocaleString('en') }]),
    ],
    changes: [treeOf(deleted, edits), ...leftOutTable(plan)],
    nextSteps: plan.nextSteps.flatMap(stepsInWords),
  };
}

function referencesIn(edits: readonly ModifyChange[]): string {
  const values = edits.flatMap((change) => change.edits.flatMap(({ remove }) => remove));
  return counted(values.length, 'value');
}

/** Parents before children, each with the references to it. */
function treeOf(deleted: readonly DeletedEntry[], edits: readonly ModifyChange[]): TreeExhibit {
  const parentsFirst = deleted.toSorted((one, other) => keyOf(one.dn).localeCompare(keyOf(other.dn), 'en'));
  const top = Math.min(...deleted.map(({ dn }) => dnDepth(dn)));
  const references = groupBy(
    edits.flatMap(({ dn, edits: ofEntry }) =>
      ofEntry.flatMap(({ attribute, remove }) =>
        remove.flatMap((value) =>
          typeof value === 'string'
            ? [{ value: value.toLowerCase(), words: `${attribute} of ${rdnOf(dn).value}` }]
            : [],
        ),
      ),
    ),
    ({ value }) => value,
  );
  return {
    kind: 'tree',
    id: 'deleted',
    title: 'What is deleted, with the references that are cleared',
    nodes: parentsFirst.map(({ dn }) => ({
      depth: dnDepth(dn) - top,
      text: rdnOf(dn).value,
      notes: (references.get(dn.toLowerCase()) ?? []).map(({ words }) => words),
    })),
  };
}

/** Sorts an entry behind its parent: its RDNs from the top down. */
function keyOf(dn: string): string {
  return normalizedDn(dn)
    .split(/(?<!\\),/)
    .reverse()
    .join('\u0000');
}

function leftOutTable({ leftOut }: Plan<DirectoryChange>): readonly Exhibit[] {
  if (leftOut.length === 0) return [];
  return [
    {
      kind: 'table',
      id: 'left-out',
      title: 'References that stay as they are',
      columns: [{ heading: 'Reference' }, { heading: 'Finding' }],
      groups: [
        {
          heading: '',
          rows: leftOut.map(({ what, reason, detail }) => ({
            cells: [detail === undefined ? what : `${detail} × ${what}`, reason],
          })),
        },
      ],
    },
  ];
}

function describeReturn(plan: Plan<DirectoryChange>): Description {
  const back = plan.changes.filter((change) => change.kind === 'undelete' || change.kind === 'add');
  const edits = plan.changes.filter((change) => change.kind === 'modify');
  const top = back.toSorted((one, other) => dnDepth(one.dn) - dnDepth(other.dn))[0];
  const made = back.filter(({ kind }) => kind === 'add').length;
  return {
    title: top === undefined ? 'Put the references back' : `Bring back the server object ${nameOf(top.dn)}`,
    summary: [
      {
        name: 'Brought back',
        value: `${counted(back.length, 'entry', 'entries')}${made === 0 ? '' : `, of which ${made.toLocaleString('en')} made again`}`,
      },
      { name: 'References put back', value: `in ${counted(edits.length, 'entry', 'entries')}` },
    ],
    changes: [],
    nextSteps: plan.nextSteps.flatMap(stepsInWords),
  };
}
