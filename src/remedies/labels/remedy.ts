/**
 * The labels remedy: new logon labels in the strings.txt files of TMG and ISA form sets. And its plans in words: title,
 * summary, and the next steps, which the plan keeps as data.
 */

import type { NextStep } from '../../change/findings.ts';
import { stringsIn } from '../../change/json-shape.ts';
import type { FileChange, Plan, Proposal } from '../../change/plan.ts';
import { distinctiveNames } from '../../files/folder-names.ts';
import { counted, distinct, groupBy, listed, shortened } from '../../words.ts';
import type { Description, Remedy, Step } from '../remedy.ts';
import { ask } from './ask.ts';
import { assess } from './assess.ts';
import type { LabelsFacts } from './facts.ts';
import { distinctNames } from './filters.ts';
import { flags } from './flags.ts';
import { gather } from './gather.ts';
import { type KeyIntent, type LabelsIntent, permits, readIntent } from './intent.ts';
import { memberOf } from './members.ts';
import { type LabelsOptions, readOptions } from './options.ts';
import { practice } from './practice.ts';
import { propose } from './propose.ts';
import { survey } from './survey.ts';
import { upnRecords } from './upn-check.ts';
import type { Label } from './wording.ts';
import { templateFile } from './wording-template.ts';

/** The labels remedy. */
export const labels: Remedy<LabelsOptions, LabelsFacts, FileChange> = {
  flags,
  readOptions,
  gather,
  survey,
  ask,
  propose,
  assess,
  record: (_, proposal) => ({ exhibits: [], nextSteps: nextStepsOf(proposal) }),
  describe,
  records: upnRecords,
  files: templateFile,
  permits,
  practice,
};

/** The next steps, as data: the words are drawn from the plan. */
export function nextStepsOf({ changes }: Proposal<FileChange>): readonly NextStep[] {
  if (changes.length === 0) return [];
  return [
    { id: 'restart', members: membersIn(changes) },
    { id: 'other-members' },
    { id: 'listener', sets: distinctNames(changes.map((change) => change.set)) },
    { id: 'logon-unchanged' },
  ];
}

/** The plan in words; an undo has its own words. */
export function describe(plan: Plan<FileChange>): Description {
  const { changes } = plan;
  return {
    title: titleOf(plan),
    extent: extentOf(plan),
    summary: [
      {
        name: 'Files',
        value: `${counted(changes.length, 'strings.txt file')} in ${counted(languagesIn(changes), 'language')}`,
      },
      { name: 'Array members', value: membersCounted(changes) },
      { name: 'Form sets', value: setsIn(changes) },
    ],
    // The diff itself is a table by language.
    changes: [],
    nextSteps: plan.nextSteps.flatMap((step) => inWords(step, plan)),
  };
}

function titleOf(plan: Plan<FileChange>): string {
  if (plan.undoes !== undefined) return 'Restore the former logon labels';
  const names = newLabelsOf(plan);
  return `Change the ${names.length > 1 ? 'logon labels' : 'logon label'} to ${listed(names)}`;
}

function newLabelsOf({ intent }: Pick<Plan, 'intent'>): readonly string[] {
  return distinct([...readIntent(intent).labels.values()].map(nameOf));
}

/** "in 41 languages, to e-mail address (TMG01: 246, TMG02: 245)" */
function extentOf(plan: Plan<FileChange>): string {
  const { changes } = plan;
  const to = plan.undoes === undefined ? `, to ${listed(newLabelsOf(plan))}` : '';
  const members = filesByMember(changes).map(([member, count]) => `${member}: ${count.toLocaleString('en')}`);
  const more = members.length > fewMembers ? [counted(members.length - fewMembers, 'more member')] : [];
  const each = members.length < 2 ? '' : ` (${[...members.slice(0, fewMembers), ...more].join(', ')})`;
  return `in ${counted(languagesIn(changes), 'language')}${to}${each}`;
}

const fewMembers = 4;

const namesOfLabels: Readonly<Record<Label, string>> = {
  email: 'e-mail address',
  upn: 'user principal name',
  username: 'user name',
};

function nameOf(wanted: KeyIntent): string {
  if ('text' in wanted) return `"${shortened(wanted.text)}"`;
  return 'label' in wanted ? namesOfLabels[wanted.label] : 'your own wording';
}

function languagesIn(changes: readonly FileChange[]): number {
  return distinctNames(changes.map((change) => change.language)).length;
}

/** Of ten thousand changes on 200 members, each member is looked up once. */
function membersIn(changes: readonly FileChange[]): readonly string[] {
  return distinct(distinct(changes.map(({ root }) => root)).map(memberOf));
}

function membersCounted(changes: readonly FileChange[]): string {
  return filesByMember(changes)
    .map(([member, count]) => `${member}: ${counted(count, 'file')}`)
    .join(', ');
}

/** The members, each by what distinguishes it from the others, with the number of its files. */
function filesByMember(changes: readonly FileChange[]): readonly (readonly [member: string, files: number])[] {
  const members = groupBy(changes, (change) => memberOf(change.root));
  const names = distinctiveNames([...members.keys()]);
  return [...members].map(([member, ofMember]) => [names.get(member) ?? member, ofMember.length]);
}

function setsIn(changes: readonly FileChange[]): string {
  const sets = groupBy(changes, (change) => change.set.toLowerCase());
  return [...sets.values()]
    .map((ofSet) => `${ofSet[0]?.set} (${distinctNames(ofSet.map((change) => change.class)).join(', ')})`)
    .join(', ');
}

/** A step of the plan; nothing for a step that this remedy does not know. */
function inWords(step: NextStep, { changes, intent, undoes }: Plan<FileChange>): readonly Step[] {
  const isUndo = undoes !== undefined;
  switch (step.id) {
    case 'restart': {
      const changed = new Set(membersIn(changes));
      return [
        {
          text: `The forms are cached: an array member shows the ${isUndo ? 'former' : 'new'} label only after a restart of the Microsoft Forefront TMG Firewall service (fwsrv). The restart drops all traffic through that member. Restart one member at a time, and check its logon form before the next. In an elevated PowerShell on each of these:`,
          lines: stringsIn(step['members']).filter((name) => changed.has(name)),
          commands: ['Restart-Service fwsrv -Force'],
          outage: true,
        },
      ];
    }
    case 'other-members':
      return [
        {
          text: `Every member of the array needs the same files. ${isUndo ? 'Undo the change on members that are not listed above too.' : 'For members that are not listed above, run this again with --root or --host.'}`,
          commands: [],
        },
      ];
    case 'listener':
      return [
        {
          text: `The web listener or the publishing rule says which form set is shown. ${isUndo ? 'Restored' : 'Changed'}: ${stringsIn(step['sets']).join(', ')}.`,
          commands: [],
        },
      ];
    case 'logon-unchanged':
      return isUndo ? [] : [{ text: logonUnchanged(readIntent(intent)), commands: [] }];
    default:
      return [];
  }
}

/** A text of the user's own may ask for an address as well. */
function logonUnchanged({ labels }: Pick<LabelsIntent, 'labels'>): string {
  const mayAskForAddress = [...labels.values()].some((wanted) => !('label' in wanted) || wanted.label === 'email');
  return [
    'The label does not change how users log on. TMG and ISA Server still accept DOMAIN\\user as well as the user principal name.',
    ...(mayAskForAddress
      ? [
          'A label that asks for the e-mail address is true only for users whose user principal name equals their e-mail address.',
        ]
      : []),
    'Microsoft does not support changed forms and may ask for the original ones: undo restores every byte.',
  ].join(' ');
}
