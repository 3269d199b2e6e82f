/** What the screen shows before a question: every domain controller with the signs, and what the chosen one leaves. */

import { sameDn } from '../../ad/dn.ts';
import { forestHeadline } from '../../ad/forest.ts';
import type { Exhibit, Mark, TableExhibit } from '../../change/exhibits.ts';
import { agoInWords } from '../../words.ts';
import { heardInWords } from './alive.ts';
import type { Candidate } from './candidates.ts';
import { isInDns } from './dns-values.ts';
import type { MetadataFacts } from './gather.ts';
import { type Lost, mostLost } from './lost.ts';

const day = 86_400_000;

/** The domain controllers once, and of the chosen one what only it has. */
export function survey(facts: MetadataFacts): readonly Exhibit[] {
  return facts.isShown ? lostTable(facts) : recordedExhibits(facts);
}

/** What of the facts a plan keeps. */
export function recordedExhibits(facts: MetadataFacts): readonly Exhibit[] {
  return [evidenceTable(facts), ...lostTable(facts)];
}

function evidenceTable(facts: MetadataFacts): TableExhibit {
  return {
    kind: 'table',
    id: 'domain-controllers',
    title: forestHeadline(facts.forest, facts.readFrom),
    columns: [{ heading: 'DC' }, { heading: 'Site' }, { heading: 'Verdict' }, { heading: 'Signs' }],
    groups: [
      {
        heading: '',
        rows: facts.candidates.map((candidate) => ({
          cells: [candidate.name, candidate.site, verdictOf(candidate, facts), signsOf(candidate, facts).join(' · ')],
          mark: markOf(candidate, facts),
        })),
      },
    ],
  };
}

type Verdict = 'in use' | 'left over' | 'gone' | 'cut off: may be running' | 'not known';

/** Judged from the directory only. */
export function verdictOf(candidate: Candidate, { lifetime }: Pick<MetadataFacts, 'lifetime'>): Verdict {
  const { reach, heard, kind, account, isAccountKnown } = candidate;
  if (reach.kind === 'this' || reach.kind === 'answers') return 'in use';
  if (heard.kind === 'heard' && heard.age < day) return 'in use';
  if (kind !== 'dc') return 'left over';
  if (reach.kind === 'not-asked') return 'not known';
  const isLong = heard.kind !== 'heard' || heard.age >= lifetime * day;
  const isAccountGone = account === undefined ? isAccountKnown : !account.isEnabled;
  return isLong && isAccountGone ? 'gone' : 'cut off: may be running';
}

function markOf(candidate: Candidate, facts: MetadataFacts): Mark {
  const marks: Readonly<Record<Verdict, Mark>> = {
    'in use': 'good',
    'left over': 'bad',
    gone: 'bad',
    'cut off: may be running': 'watch',
    'not known': 'unknown',
  };
  return marks[verdictOf(candidate, facts)];
}

function signsOf(candidate: Candidate, { now, isExport, sysvolMembers, dnsNodes }: MetadataFacts): readonly string[] {
  const { kind, reach, account, isAccountKnown, settings, host } = candidate;
  const isOwn = (value: string): boolean =>
    [account?.dn, settings?.dn].some((dn) => dn !== undefined && sameDn(dn, value));
  const member = sysvolMembers.find(({ references }) => references.some(isOwn));
  return [
    ...(reach.kind === 'this' ? ['connected to it'] : []),
    ...(reach.kind === 'answers' ? ['answers'] : []),
    ...(reach.kind === 'silent' ? [`does not answer: ${reach.why}`] : []),
    ...(kind === 'dc' && reach.kind !== 'this' && !isExport ? [heardInWords(candidate)] : []),
    ...(settings === undefined ? [kind === 'account' ? 'no server object' : 'no NTDS Settings'] : []),
    ...(account === undefined ? [isAccountKnown ? 'no account' : 'account not known'] : [accountInWords(account, now)]),
    ...(member === undefined ? [] : [`SYSVOL by ${member.by}`]),
    ...(host === undefined || dnsNodes.length === 0 ? [] : [isInDns(dnsNodes, host) ? 'in DNS' : 'not in DNS']),
    ...(settings?.isReadOnly === true ? ['read-only'] : []),
  ];
}

function accountInWords({ isEnabled, lastLogon }: NonNullable<Candidate['account']>, now: Date): string {
  if (!isEnabled) return 'account disabled';
  return lastLogon === undefined ? 'account enabled' : `account enabled, logon ${agoInWords(lastLogon, now)}`;
}

/** What a forced demotion would lose. */
function lostTable({ chosen }: MetadataFacts): readonly TableExhibit[] {
  if (chosen?.lost === undefined || chosen.lost.length === 0) return [];
  const { identity, lost } = chosen;
  return [
    {
      kind: 'table',
      id: 'only-there',
      title: `Changed on ${identity.name} and not known here: lost if it is demoted by force${lost.length === mostLost ? ` (the first ${mostLost})` : ''}`,
      columns: [{ heading: 'Object' }, { heading: 'Change' }],
      groups: [
        {
          heading: '',
          rows: lost.map(({ dn, change }) => ({ cells: [dn, changeInWords(change)] })),
        },
      ],
    },
  ];
}

function changeInWords(change: Lost['change']): string {
  if (change.kind === 'edited') return change.attributes.join(', ');
  return change.from === undefined ? 'deleted' : `deleted from ${change.from}`;
}

/** "gone: DC1 heard of it 71 days ago" */
export function hintOf(candidate: Candidate, facts: MetadataFacts): string {
  return [verdictOf(candidate, facts), ...signsOf(candidate, facts)].join(' · ');
}
