/** The metadata remedy, and its plans in words: title, summary, and the next steps, which the plan keeps as data. */

import { rdnOf } from '../../ad/dn.ts';
import { masterRoles } from '../../ad/forest.ts';
import { replicationSummary, seizeRole } from '../../ad/repadmin.ts';
import type { Exhibit } from '../../change/exhibits.ts';
import type { NextStep } from '../../change/findings.ts';
import {
  type DeletedEntry,
  type DirectoryChange,
  deletedBy,
  faultsOfNextSteps,
  type ModifyChange,
  type NextStepShapes,
  type Plan,
} from '../../change/plan.ts';
import { onlyBySystem } from '../../change/undo.ts';
import { hostInCommand, hostPattern } from '../../quoting.ts';
import { counted } from '../../words.ts';
import type { Description, Remedy, Step } from '../remedy.ts';
import { assess } from './assess.ts';
import { isInUse, rolesToSeize, takerOfRoles } from './candidates.ts';
import { faultsOfPlan, propose } from './changes.ts';
import { steps } from './finding-steps.ts';
import { flags } from './flags.ts';
import { gather, type MetadataFacts } from './gather.ts';
import { lostRecords } from './lost.ts';
import { proofOf } from './proof.ts';
import { type GivenFlags, identityIn, type MetadataOptions, madeByPromotion, partsOf, readOptions } from './subject.ts';
import { ask, recordedExhibits, survey } from './survey.ts';

/** Removes the entries and values of a domain controller that is gone. */
export const metadata: Remedy<MetadataOptions, MetadataFacts, DirectoryChange> = {
  flags,
  readOptions: async (given) => readOptions(given as GivenFlags),
  gather: async (world, scope, known) => {
    if (world.kind !== 'directory') throw new TypeError('metadata is a remedy on a directory');
    return gather(world, scope, known);
  },
  survey,
  ask,
  propose,
  assess,
  record: (facts) => ({ exhibits: recordedExhibits(facts), nextSteps: nextStepsOf(facts) }),
  records: lostRecords,
  describe,
  stepOf: steps.inWords,
  permits: (plan) => [...faultsOfPlan(plan), ...faultsOfSteps(plan.nextSteps)],
  confirm: (plan) => (plan.undoes === undefined ? identityIn(plan)?.name : undefined),
  verify: proofOf,
  gone: ({ changes }) => madeByPromotion(changes.flatMap(deletedBy)),
  practice: {
    about: 'DC0 was removed years ago, and its server object was left behind.',
    given: () => [],
    dryRun: ['--dc', 'DC0'],
  },
};

/** Title, summary, values that are not changed, and the next steps; each review draws the changes themselves. */
export function describe(plan: Plan<DirectoryChange>): Description {
  const deleted = plan.changes.flatMap(deletedBy);
  const edits = plan.changes.filter((change) => change.kind === 'modify');
  if (plan.undoes !== undefined) return describeUndo(plan, deleted, edits);
  const { settings, account } = partsOf(deleted);
  const name = identityIn(plan)?.name ?? '';
  return {
    title: `Remove ${settings === undefined ? 'what is left of ' : ''}the domain controller ${name}`,
    summary: [
      {
        name: settings === undefined && account !== undefined ? 'Account' : 'Server object',
        value: plan.subject?.dn ?? '',
      },
      {
        name: 'Deleted',
        value:
          deleted.length === 1 ? '1 entry' : `${counted(deleted.length, 'entry', 'entries')}, one by one, leaves first`,
      },
      {
        name: 'Values removed or corrected',
        value: edits.length === 0 ? 'none' : `${valuesIn(edits)} in ${counted(edits.length, 'entry', 'entries')}`,
      },
      plan.leftOut.length > 0 && { name: 'Values not removed', value: plan.leftOut.length.toLocaleString('en') },
    ].filter((one) => one !== false),
    changes: leftOutTable(plan),
    nextSteps: stepsOf(plan),
  };
}

function stepsOf({ target, nextSteps, changes }: Plan<DirectoryChange>): readonly Step[] {
  const isOffline = target.kind === 'forest' && target.connection.kind === 'ldif';
  const wasSource = partsOf(changes.flatMap(deletedBy)).settings !== undefined;
  return nextSteps.flatMap((step) => stepsInWords(step, { isOffline, wasSource }));
}

function describeUndo(
  plan: Plan<DirectoryChange>,
  deleted: readonly DeletedEntry[],
  edits: readonly ModifyChange[],
): Description {
  const back = plan.changes.filter(({ kind }) => kind === 'undelete' || kind === 'add');
  const name = rdnOf(plan.subject?.dn ?? 'CN=the domain controller').value;
  return {
    title:
      deleted.length === 0
        ? `Restore what was left of ${name}${losesSettings(plan) ? ', without its NTDS Settings' : ''}`
        : `Remove again what was restored of ${name}`,
    summary: [
      { name: 'Restored', of: back, where: '' },
      { name: 'Deleted again', of: deleted, where: '' },
      { name: 'Values restored', of: edits, where: 'in ' },
    ]
      .filter(({ of }) => of.length > 0)
      .map(({ name: what, of, where }) => ({ name: what, value: where + counted(of.length, 'entry', 'entries') })),
    changes: [],
    nextSteps: stepsOf(plan),
  };
}

function losesSettings({ leftOut }: Plan<DirectoryChange>): boolean {
  return leftOut.some(({ what, reason }) => reason === onlyBySystem && /^CN=NTDS Settings,/i.test(what));
}

function valuesIn(edits: readonly ModifyChange[]): string {
  return counted(edits.flatMap((change) => change.edits.flatMap(({ remove }) => remove)).length, 'value');
}

function leftOutTable({ leftOut }: Plan<DirectoryChange>): readonly Exhibit[] {
  if (leftOut.length === 0) return [];
  return [
    {
      kind: 'table',
      id: 'left-out',
      title: 'Values that the plan does not remove',
      columns: [{ heading: 'Value' }, { heading: 'Finding' }],
      groups: [{ heading: '', rows: leftOut.map(({ what, reason }) => ({ cells: [what, reason] })) }],
    },
  ];
}

/** The next steps, as data in the plan. */
function nextStepsOf(facts: MetadataFacts): readonly NextStep[] {
  const { chosen, forest, roles } = facts;
  if (chosen === undefined) return [];
  const { identity, candidate } = chosen;
  const { name, settings } = identity;
  const isUsed = candidate !== undefined && isInUse(candidate);
  const toSeize = isUsed ? [] : rolesToSeize(roles, settings?.dn);
  const hosts = forest.domainControllers
    .filter((one) => one.name !== name)
    .map(({ dnsHostName, name: own }) => dnsHostName ?? own);
  return [
    toSeize.length > 0 && { id: 'seize-roles', host: hostInCommand(takerOfRoles(facts, identity)), roles: toSeize },
    { id: 'replication', name, hosts },
  ].filter((one) => one !== false);
}

/** Steps in the plan that this remedy never writes. */
function faultsOfSteps(steps: readonly NextStep[]): readonly string[] {
  return faultsOfNextSteps(steps, stepShapes);
}

const stepShapes: NextStepShapes = {
  'seize-roles': { members: { host: hostPattern, roles: { items: { oneOf: masterRoles } } } },
  replication: { members: { name: 'text', hosts: { items: 'text' } } },
};

interface Removal {
  /** Whether the plan is imported by another program, which cannot watch the replication. */
  readonly isOffline: boolean;
  /** Whether others may replicate from the DC: a leftover without NTDS Settings is not a source. */
  readonly wasSource: boolean;
}

function stepsInWords({ id, name, host, hosts, roles }: NextStep, { isOffline, wasSource }: Removal): readonly Step[] {
  if (id === 'seize-roles' && Array.isArray(roles)) {
    return [
      {
        text: `Seize ${counted(roles.length, 'FSMO role')} on a domain controller in use, if not done yet: until then ${roles.length === 1 ? 'it belongs' : 'they belong'} to a deleted one.`,
        commands: roles.map((role) => seizeRole(String(host), String(role))),
      },
    ];
  }
  if (id !== 'replication' || !Array.isArray(hosts)) return [];
  const rebuilt = ` and has rebuilt its replication topology (the KCC runs every 15 minutes): none may then replicate from ${String(name)}`;
  return [
    {
      text: `Wait until every domain controller has the deletion${wasSource ? rebuilt : ''}.${isOffline ? '' : ' With --wait SECONDS, apply checks this for you.'}`,
      commands: [...(wasSource ? ['repadmin /kcc *'] : []), replicationSummary],
      lines: hosts.map(String),
    },
    {
      text: `Check places outside the directory: name servers and forwarders of DNS servers, DHCP options, hosts that use ${String(name)} for time or LDAP, monitoring, backup, certificates.`,
      commands: [],
    },
  ];
}
