/** An orphan plan in words, drawn from the plan alone, and the steps that the user still has to do. */

import { conflictRdnOf, dnDepth, isDnThat, normalizedDn, rdnOf } from '../../ad/dn.ts';
import { resetComputer, showObject } from '../../ad/repadmin.ts';
import type { Exhibit } from '../../change/exhibits.ts';
import type { NextStep } from '../../change/findings.ts';
import type { JsonValue } from '../../change/json-shape.ts';
import {
  type DeletedEntry,
  type DirectoryChange,
  deletedBy,
  type NextStepShapes,
  type Plan,
} from '../../change/plan.ts';
import { dnsOf } from '../../change/subtree.ts';
import { quotedForPowerShell } from '../../quoting.ts';
import { counted, distinct, listed } from '../../words.ts';
import type { Description, Step } from '../remedy.ts';
import { entriesThatGo, serverDeletedIn } from './deleted-server.ts';
import { activation } from './finding-steps.ts';
import { type DeletionFacts, ownMailboxesIn } from './gather.ts';
import { isOfLeftovers } from './leftovers.ts';
import { bearersOf, hasRole, isLegacy, machineGroups, releaseOf, roleBit } from './organisation.ts';

/** Title, summary, references that are not changed, and the next steps; each review draws the changes themselves. */
export function describe(plan: Plan<DirectoryChange>): Description {
  if (plan.undoes === undefined && isOfLeftovers(plan))
    return { ...describeLeftovers(plan), changes: leftOutTable(plan) };
  const deleted = plan.changes.flatMap(deletedBy);
  return deleted.length === 0 ? describeReturn(plan) : describeDeletion(plan, deleted);
}

/** The name of the server that a plan deletes: the user types it before the plan is applied. */
export function serverDeletedBy({ changes }: Pick<Plan<DirectoryChange>, 'changes'>): string | undefined {
  const top = serverDeletedIn(changes) ?? changes.findLast((change) => deletedBy(change).length > 0);
  return top === undefined ? undefined : nameOf(top.dn);
}

function nameOf(dn: string): string {
  return (conflictRdnOf(dn) ?? rdnOf(dn)).value;
}

function describeDeletion(plan: Plan<DirectoryChange>, deleted: readonly DeletedEntry[]): Description {
  const edits = plan.changes.filter((change) => change.kind === 'modify');
  const cleared = edits.flatMap((change) => change.edits.flatMap(({ remove }) => remove)).length;
  // References that are only counted have their number as their detail.
  const left = plan.leftOut.reduce((sum, { detail = '1' }) => sum + Number(detail), 0);
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
        value:
          edits.length === 0 ? 'none' : `${counted(cleared, 'value')} in ${counted(edits.length, 'entry', 'entries')}`,
      },
      ...(plan.leftOut.length === 0 ? [] : [{ name: 'References not cleared', value: left.toLocaleString('en') }]),
    ],
    changes: leftOutTable(plan),
    nextSteps: plan.nextSteps.flatMap((step) => ownSteps(step, plan)),
  };
}

function leftOutTable({ leftOut }: Plan<DirectoryChange>): readonly Exhibit[] {
  if (leftOut.length === 0) return [];
  return [
    {
      kind: 'table',
      id: 'left-out',
      title: 'References that the plan does not clear',
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
    title: top === undefined ? 'Restore the references' : `Restore the server object ${nameOf(top.dn)}`,
    summary: [
      {
        name: 'Restored',
        value: `${counted(back.length, 'entry', 'entries')}${made === 0 ? '' : `, ${made.toLocaleString('en')} of them created again`}`,
      },
      { name: 'References restored', value: `in ${counted(edits.length, 'entry', 'entries')}` },
    ],
    changes: [],
    nextSteps: plan.nextSteps.flatMap((step) => ownSteps(step, plan)),
  };
}

/** The steps that these facts leave to do. */
export function nextStepsOf(facts: DeletionFacts): readonly NextStep[] {
  const { chosen, companions, databases, ownMailboxAttributes, recipients, sharedNames, survey } = facts;
  const { server, account } = chosen;
  const host = server.fqdn ?? server.name;
  const isEdge = hasRole(server.roles, roleBit.edge);
  const isNameOwn = sharedNames.length === 0;
  const domainControllers = survey.forest.domainControllers.map(
    ({ name, site, dnsHostName }) => `${dnsHostName ?? name} (${site})`,
  );
  const steps: NextStep[] = [{ id: 'replication', dn: server.dn, domainControllers }];
  if (isNameOwn) {
    steps.push({
      id: 'account',
      account: account.kind,
      host,
      groups: isEdge ? [] : machineGroups(releaseOf(server)),
      ...(account.kind === 'present' || account.kind === 'of another' ? { dn: account.dn } : {}),
      ...(account.kind === 'of another' ? { owner: account.owner } : {}),
    });
  } else {
    steps.push({ id: 'other-server', bearers: bearersOf(sharedNames) });
  }
  const replicated = companions.filter(({ copyOn }) => copyOn !== undefined);
  if (replicated.length > 0) {
    const names = replicated.map(({ dn }) => rdnOf(dn).value);
    steps.push({ id: 'replicated-databases', names, servers: replicated.map(({ copyOn = '' }) => copyOn) });
  }
  const gone = dnsOf(entriesThatGo(facts));
  const left = databases.filter((dn) => !gone.has(normalizedDn(dn)) && !replicated.some((one) => one.dn === dn));
  if (left.length > 0) steps.push({ id: 'databases', ...databasesLeft(left, facts) });
  const emptied = ownMailboxAttributes.length === 0 ? [] : ownMailboxesIn(recipients);
  if (emptied.length > 0) {
    const kinds = distinct(emptied.map(({ kind }) => kind));
    steps.push({ id: 'own-mailboxes', accounts: emptied.map(({ dn }) => dn), kinds });
  }
  if (isNameOwn && !isLegacy(server)) steps.push({ id: 'setup', host: isEdge ? '' : host });
  return steps;
}

const texts = { items: 'text' } as const;

/** The parameters of these steps. */
export const stepShapes: NextStepShapes = {
  replication: { members: { dn: 'text', domainControllers: texts } },
  account: { members: { account: 'text', host: 'text', groups: texts }, optional: { dn: 'text', owner: 'text' } },
  'other-server': { members: { bearers: texts } },
  databases: { members: { names: texts, removedBy: 'text' } },
  'replicated-databases': { members: { names: texts, servers: texts } },
  'own-mailboxes': { members: { accounts: texts, kinds: texts } },
  setup: { members: { host: 'text' } },
};

/**
 * The step in words, with commands only for objects that the plan changes: a plan is not trusted, and users paste its
 * commands. Other objects that it names are only listed.
 */
function ownSteps(step: NextStep, plan: Plan<DirectoryChange>): readonly Step[] {
  const server = serverDeletedBy(plan)?.toLowerCase();
  const isOfServer = (name: string): boolean => name.toLowerCase() === server;
  if (step.id === 'account') {
    const { dn, host } = step;
    const isOwnAccount = typeof dn !== 'string' || isDnThat(dn, (one) => isOfServer(rdnOf(one).value));
    const isOwnHost = typeof host === 'string' && isOfServer(host.split('.')[0] ?? '');
    return stepsInWords({
      ...step,
      ...(isOwnAccount ? {} : { account: 'unknown' }),
      ...(isOwnHost ? {} : { host: '' }),
    });
  }
  const member = step.id === 'own-mailboxes' ? 'accounts' : step['removedBy'] === 'directory' ? 'names' : undefined;
  const named = member === undefined ? undefined : step[member];
  if (member === undefined || !Array.isArray(named)) return stepsInWords(step);
  const edited = new Set(plan.changes.flatMap(({ kind, dn }) => (kind === 'modify' ? [normalizedDn(dn)] : [])));
  const isOwn = (dn: JsonValue): boolean =>
    typeof dn === 'string' && isDnThat(dn, (one) => edited.has(normalizedDn(one)));
  const own = named.filter(isOwn);
  const others = named.filter((dn: JsonValue) => !isOwn(dn)).map(String);
  const look = 'This plan does not change these. Check them before you remove them.';
  return [
    ...(own.length === 0 ? [] : stepsInWords({ ...step, [member]: own })),
    ...(others.length === 0 ? [] : [{ text: look, commands: [], lines: others }]),
  ];
}

/** The step in words; [] for one that is unknown. */
export function stepsInWords(step: NextStep): readonly Step[] {
  const text = (name: string): string => (typeof step[name] === 'string' ? step[name] : '');
  const texts = (name: string): readonly string[] => {
    const value = step[name];
    return Array.isArray(value) ? value.map(String) : [];
  };
  switch (step.id) {
    case 'replication':
      return [replicationStep(text('dn'), texts('domainControllers'))];
    case 'account':
      return [...accountSteps(text('account'), text('dn'), text('owner'), texts('groups')), ...dnsStep(text('host'))];
    case 'other-server':
      return [
        {
          text: 'Do not remove the computer account or DNS records of this name. They may belong to these server objects.',
          commands: [],
          lines: texts('bearers'),
        },
      ];
    case 'databases':
      return [databaseStep(texts('names'), text('removedBy'))];
    case 'replicated-databases':
      return [replicatedStep(texts('names'), texts('servers'))];
    case 'own-mailboxes':
      return [ownMailboxStep(texts('accounts'), texts('kinds'))];
    case 'setup':
      return [setupStep(text('host'))];
    default:
      return [];
  }
}

function replicationStep(dn: string, domainControllers: readonly string[]): Step {
  return {
    text: 'Wait until every domain controller has the deletion, or push it: Setup reads a domain controller of its own site. Then check all of them: none may find the object. With --wait SECONDS, apply checks this for you.',
    commands: ['repadmin /syncall /AeP', showObject(dn)],
    lines: domainControllers.length === 0 ? ['The domain controllers are not known.'] : domainControllers,
  };
}

function* accountSteps(account: string, dn: string, owner: string, groups: readonly string[]): Generator<Step, void> {
  switch (account) {
    case 'present':
      yield {
        text: `The computer account was not changed. If the machine is gone for good, remove the account${groups.length === 0 ? '' : `; until then it stays a member of ${listed(groups)}`}.`,
        commands: [`Remove-ADComputer -Identity ${quotedForPowerShell(dn)}`],
      };
      // An Edge server, which is in no Exchange group, need not be in a domain.
      if (groups.length > 0)
        yield {
          text: 'If you install the machine again under the same name: reset its account, then join it again.',
          commands: [resetComputer(dn)],
        };
      return;
    case 'of another':
      yield {
        text: 'The computer account of this name belongs to another server object: do not remove it.',
        commands: [],
        lines: [dn, `belongs to ${owner}`],
      };
      return;
    case 'absent':
      yield { text: 'No computer account was found; nothing to remove.', commands: [] };
      return;
    default:
      yield {
        text: 'It is not known whether there is a computer account. Search for one with this name.',
        commands: [],
      };
  }
}

function* dnsStep(host: string): Generator<Step, void> {
  const [name = '', ...domain] = host.split('.');
  if (domain.length === 0) return;
  const record = `-ZoneName ${quotedForPowerShell(domain.join('.'))} -RRType`;
  yield {
    text: 'DNS was not changed. If the machine is gone for good, remove its records.',
    commands: ['A', 'AAAA'].map(
      (type) => `Remove-DnsServerResourceRecord ${record} ${type} -Name ${quotedForPowerShell(name)}`,
    ),
  };
}

/** What removes the databases: no cmdlet where no Exchange is left; public folder databases ended with 2010. */
function databasesLeft(
  dns: readonly string[],
  { chosen: { server }, hasOtherServer }: DeletionFacts,
): { readonly names: readonly string[]; readonly removedBy: string } {
  if (!hasOtherServer) return { names: dns, removedBy: 'directory' };
  const names = dns.map((dn) => rdnOf(dn).value);
  if (isLegacy(server)) return { names, removedBy: 'system-manager' };
  return { names, removedBy: (releaseOf(server).year ?? 2007) <= 2010 ? 'cmdlets-by-kind' : 'cmdlet' };
}

/** A database with a copy elsewhere is healthy there: it is never removed. */
function replicatedStep(names: readonly string[], servers: readonly string[]): Step {
  return {
    text: 'These databases have a copy on another server. Make sure that they are active there, and do not remove them.',
    commands: names.map((name, index) => activation(name, servers[index] ?? '')),
  };
}

/** Those below the server have gone with it. */
function databaseStep(names: readonly string[], removedBy: string): Step {
  if (removedBy === 'directory') {
    return {
      text: 'These databases now have no owner, and no Exchange server is left to remove them. Delete those whose files are gone for good.',
      commands: names.map((dn) => `Remove-ADObject -Identity ${quotedForPowerShell(dn)} -Recursive`),
    };
  }
  const text = 'These databases now have no owner. Remove those that are not needed';
  if (removedBy === 'system-manager')
    return { text: `${text}, in Exchange System Manager.`, commands: [], lines: names };
  return {
    text:
      removedBy === 'cmdlet' ? `${text}.` : `${text}; for a public folder database use Remove-PublicFolderDatabase.`,
    commands: names.map((name) => `Remove-MailboxDatabase -Identity ${quotedForPowerShell(name)}`),
  };
}

/** Of Exchange's own mailboxes only the accounts are left. */
function ownMailboxStep(accounts: readonly string[], kinds: readonly string[]): Step {
  const isMadeBySetup = kinds.some((kind) => kind === 'arbitration' || kind === 'discovery');
  const again = isMadeBySetup
    ? ' Setup /PrepareAD creates the accounts again. The mailboxes then need Enable-Mailbox -Arbitration (-Discovery) or the setup of the next Mailbox server.'
    : ' Exchange creates those that it needs again.';
  return {
    text: `These accounts were Exchange's own mailboxes. Delete them.${again}`,
    commands: accounts.map((dn) => `Remove-ADObject -Identity ${quotedForPowerShell(dn)}`),
  };
}

function setupStep(host: string): Step {
  const where = host === '' ? '' : ` on ${host}`;
  return {
    text: `Run setup again${where}. If it still offers only disaster recovery, look in ExchangeSetup.log for the object that it finds, and remove the role's watermark only as Microsoft describes.`,
    commands: [],
  };
}

/** A plan that clears leftovers, in words; what refers to what is in its exhibit. */
function describeLeftovers({ changes, leftOut }: Plan<DirectoryChange>): Omit<Description, 'changes'> {
  const attributes = changes.flatMap((change) => (change.kind === 'modify' ? change.edits : []));
  const stays = leftOut.filter(({ reason }) => reason !== 'keep').map(({ what }) => what);
  return {
    title: 'Clear references that earlier deletions of Exchange servers left behind',
    summary: [
      { name: 'References cleared', value: counted(attributes.length, 'attribute') },
      { name: 'Left as they are', value: leftOut.length.toLocaleString('en') },
    ],
    nextSteps:
      stays.length === 0
        ? []
        : [
            {
              text: 'These references stay. The finding leftovers-not-cleared lists the command for each: show this change with --verbose.',
              commands: [],
              lines: stays,
            },
          ],
  };
}
