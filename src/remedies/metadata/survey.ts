/**
 * What the screen shows before a question, and the questions: which domain controller is gone, and whether to take a way
 * that Microsoft supports.
 */

import { sameDn } from '../../ad/dn.ts';
import { forestHeadline } from '../../ad/forest.ts';
import { seizeRole } from '../../ad/repadmin.ts';
import type { Exhibit, Mark, TableExhibit } from '../../change/exhibits.ts';
import type { NextStep } from '../../change/findings.ts';
import { agoInWords, counted, day } from '../../words.ts';
import type { Answer, Asking, Step } from '../remedy.ts';
import {
  type Candidate,
  heardInWords,
  isInUse,
  loggedOnLately,
  rolesOfDeleted,
  rolesToCorrect,
  takerOfRoles,
} from './candidates.ts';
import { steps } from './finding-steps.ts';
import type { Chosen, MetadataFacts } from './gather.ts';
import { type Lost, mostLost } from './lost.ts';
import { isInDns } from './references.ts';
import type { MetadataOptions } from './subject.ts';

/** The table of domain controllers once, and the changes that only the chosen one has; of a long list only the beginning. */
export function survey(facts: MetadataFacts, _options: MetadataOptions, inFull: boolean): readonly Exhibit[] {
  const lost = lostTable(facts).flatMap((table) => (inFull ? [table] : beginningOf(table)));
  return facts.isShown ? lost : [evidenceTable(facts), ...lost];
}

/** The exhibits that a plan keeps. */
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
export function verdictOf(candidate: Candidate, { lifetime, now }: Pick<MetadataFacts, 'lifetime' | 'now'>): Verdict {
  const { reachability, heard, kind, account, isAccountKnown } = candidate;
  if (isInUse({ reachability })) return 'in use';
  if (heard.kind === 'heard' && heard.age < day) return 'in use';
  if (kind !== 'dc') return loggedOnLately(candidate, now, lifetime) ? 'cut off: may be running' : 'left over';
  if (reachability.kind === 'not-asked') return 'not known';
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
  const { kind, reachability, account, isAccountKnown, settings, host } = candidate;
  const isOwn = (value: string): boolean =>
    [account?.dn, settings?.dn].some((dn) => dn !== undefined && sameDn(dn, value));
  const member = sysvolMembers.find(({ references }) => references.some(isOwn));
  const noAccount = isAccountKnown ? 'no DC account' : 'account not known';
  return [
    reachability.kind === 'this' && (isExport ? 'the export was made there' : 'connected to it'),
    reachability.kind === 'answers' && 'answers',
    reachability.kind === 'silent' && `does not answer: ${reachability.why}`,
    kind === 'dc' && reachability.kind !== 'this' && !isExport && heardInWords(candidate),
    settings === undefined && (kind === 'account' ? 'no server object' : 'no NTDS Settings'),
    account === undefined ? noAccount : accountInWords(account, now),
    member !== undefined && `SYSVOL by ${member.by}`,
    host !== undefined && dnsNodes.length > 0 && (isInDns(dnsNodes, host) ? 'in DNS' : 'not in DNS'),
    settings?.isReadOnly === true && 'read-only',
  ].filter((one) => one !== false);
}

function accountInWords({ isEnabled, lastLogon }: NonNullable<Candidate['account']>, now: Date): string {
  if (!isEnabled) return 'account disabled';
  return lastLogon === undefined ? 'account enabled' : `account enabled, logon ${agoInWords(lastLogon, now)}`;
}

/** What a forced demotion would lose. */
function lostTable({ chosen }: MetadataFacts): readonly TableExhibit[] {
  if (chosen?.lost === undefined) return [];
  const { objects, isCut, partitions } = chosen.lost;
  const onlyCopies = partitions.filter(({ kind }) => kind === 'only-copy').map(({ namingContext }) => namingContext);
  if (objects.length === 0 && onlyCopies.length === 0) return [];
  const orOnlyCopy = onlyCopies.length === 0 ? '' : ', or in a partition that only it holds';
  const first = isCut ? ` (the first ${counted(mostLost, 'object')})` : '';
  return [
    {
      kind: 'table',
      id: 'only-there',
      title: `Changed only on ${chosen.identity.name}${orOnlyCopy}: lost if it is demoted by force${first}`,
      columns: [{ heading: 'Object' }, { heading: 'Change' }],
      groups: [
        {
          heading: '',
          rows: [
            ...onlyCopies.map((dn) => ({ cells: [dn, 'all of it: no other domain controller holds this partition'] })),
            ...objects.map(({ dn, change }) => ({ cells: [dn, changeInWords(change)] })),
          ],
        },
      ],
    },
  ];
}

/** More rows than this are a list: on the screen its beginning is shown. */
const longList = 16;
const shownOfLongList = 10;

function beginningOf(table: TableExhibit): readonly Exhibit[] {
  const rows = table.groups.flatMap((group) => group.rows);
  if (rows.length <= longList) return [table];
  const text = `… and ${(rows.length - shownOfLongList).toLocaleString('en')} more. --verbose lists them all.`;
  return [
    { ...table, groups: [{ heading: '', rows: rows.slice(0, shownOfLongList) }] },
    { kind: 'remarks', id: 'only-there-left-out', title: '', rows: [{ text }] },
  ];
}

function changeInWords(change: Lost['change']): string {
  // Only the creation of an entry stamps whenCreated, so the other attributes need not be listed.
  if (change.kind === 'edited')
    return change.attributes.includes('whenCreated') ? 'created' : change.attributes.join(', ');
  if (change.kind === 'only-copy') return 'no other copy';
  return change.from === undefined ? 'deleted' : `deleted from ${change.from}`;
}

/** "gone: DC1 heard of it 71 days ago" */
function hintOf(candidate: Candidate, facts: MetadataFacts): string {
  return [verdictOf(candidate, facts), ...signsOf(candidate, facts)].join(' · ');
}

const whereElseToLook: Step = {
  text: 'The list has every server object and every domain controller account of the forest. If yours is not in it, search DNS records and the members of replication groups (DFS Replication) yourself.',
  commands: ['dcdiag /test:dns /e'],
};

/** A DC that was removed whole may have left its roles: no server object or account leads to them. */
function rolesLeftBehind(facts: MetadataFacts): readonly Step[] {
  const { roles } = facts;
  const taker = takerOfRoles(facts, undefined);
  const deleted = rolesOfDeleted(roles);
  const places = rolesToCorrect(roles, undefined).map(({ dn }) => dn);
  return [
    deleted.length !== places.length && {
      text: `Seize ${counted(deleted.length - places.length, 'FSMO role')} of deleted domain controllers on one in use.`,
      commands: deleted.flatMap(({ seize }) => (seize === undefined ? [] : [seizeRole(taker, seize)])),
    },
    places.length > 0 && {
      text: 'Correct fSMORoleOwner of these objects: it names a deleted domain controller, and adprep fails. On a domain controller that holds the partition, set it to NTDS Settings of that domain controller (Microsoft KB 949257).',
      commands: [],
      lines: places,
    },
  ].filter((one) => one !== false);
}

/**
 * Asks which domain controller is gone, and in the wizard whether to take a supported way. Throws UsageError if no one
 * can be asked.
 */
export async function ask(
  facts: MetadataFacts,
  options: MetadataOptions,
  { prompter, isWizard }: Asking,
): Promise<Answer<MetadataOptions>> {
  const { chosen, candidates } = facts;
  if (chosen === undefined) {
    const likeliest = candidates.findIndex((one) => ['left over', 'gone'].includes(verdictOf(one, facts)));
    const one = await prompter.select<Candidate | 'none'>({
      id: 'metadata.dc',
      message: 'Which domain controller is gone for good?',
      flag: '--dc NAME or --dn DN',
      filterable: true,
      initial: likeliest === -1 ? candidates.length : likeliest,
      choices: candidates.map((each) => ({ value: each, label: each.name, hint: hintOf(each, facts) })),
      noneOfThese: { value: 'none', label: 'None of them', hint: 'change nothing' },
    });
    if (one === 'none') return { kind: 'other-way', steps: [...rolesLeftBehind(facts), whereElseToLook] };
    return { kind: 'look-again', options: { ...options, wanted: { kind: 'dn', dn: one.dn } } };
  }
  const ways = waysFor(chosen);
  if (!isWizard || options.isWayAsked) return { kind: 'settled', options };
  const way = await prompter.select<SupportedWay | 'none'>({
    id: 'metadata.supported-way',
    message: `Microsoft supports other ways to remove ${chosen.identity.name}. Do you want to use one of them?`,
    flag: '--dc NAME',
    choices: [
      ...ways.map((one) => ({ value: one.way, label: one.label, hint: one.hint })),
      { value: 'none', label: 'None of them: plan the removal here' },
    ],
  });
  if (way === 'none') return { kind: 'settled', options: { ...options, isWayAsked: true } };
  const taken = ways.filter((one) => one.way === way).flatMap(({ step }) => steps.inWords(step, {}) ?? []);
  return { kind: 'other-way', steps: taken };
}

type SupportedWay = 'demote' | 'account' | 'ntdsutil' | 'sites';

interface Way {
  readonly way: SupportedWay;
  /** "demote dc4.corp.example.com" */
  readonly short: string;
  readonly label: string;
  readonly hint: string;
  readonly step: NextStep;
}

/** The ways that may be possible: remains of an earlier clean-up cannot be demoted. */
export function waysFor({ identity, candidate }: Pick<Chosen, 'identity' | 'candidate'>): readonly Way[] {
  const { name, host, settings, serverDn, accountDn } = identity;
  const machine = host ?? name;
  return [
    settings !== undefined && demotion(machine, candidate?.settings?.functionalLevel),
    accountDn !== undefined && accountDeletion(name, accountDn, settings !== undefined),
    serverDn !== undefined && (settings === undefined ? serverDeletion(name, serverDn) : metadataCleanup(serverDn)),
  ].filter((one) => one !== false);
}

/** Windows Server 2012 brought the cmdlets and took dcpromo's wizard away. */
const levelOf2012 = 5;

/** @param level its functional level; undefined if that is not known */
function demotion(machine: string, level: number | undefined): Way {
  const isOld = level !== undefined && level < levelOf2012;
  const isNew = level !== undefined && level >= levelOf2012;
  return {
    way: 'demote',
    short: `demote ${machine}`,
    label: `${machine} can still be reached or started`,
    hint: 'demote it; by force if it cannot replicate',
    step: steps.of('demote', { machine, isOld, isNew }),
  };
}

function accountDeletion(name: string, dn: string, hasMetadata: boolean): Way {
  return {
    way: 'account',
    short: 'delete its account in Users and Computers',
    label: 'Active Directory Users and Computers can delete its account',
    hint: hasMetadata ? 'Windows Server 2008 and later clean up its metadata with it' : 'it no longer has metadata',
    step: steps.of('delete-account', { name, dn, hasMetadata }),
  };
}

/** Metadata cleanup looks for NTDS Settings; a server object without them is deleted where it is shown. */
function serverDeletion(name: string, dn: string): Way {
  return {
    way: 'sites',
    short: 'delete its server object in Sites and Services',
    label: 'Active Directory Sites and Services can delete its server object',
    hint: 'it no longer has NTDS Settings',
    step: steps.of('delete-server', { name, dn }),
  };
}

function metadataCleanup(dn: string): Way {
  return {
    way: 'ntdsutil',
    short: 'ntdsutil, metadata cleanup',
    label: 'ntdsutil can remove it',
    hint: 'metadata cleanup, remove selected server',
    step: steps.of('clean-up', { dn }),
  };
}
