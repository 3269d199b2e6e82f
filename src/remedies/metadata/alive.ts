/** Whether it is gone at all: what answers, was heard lately, or may come back stops the removal. */

import { createHash } from 'node:crypto';
import { blocker, type FindingDraft, finalBlocker, warning } from '../../change/findings.ts';
import { agoInWords, counted, durationInWords } from '../../words.ts';
import type { Candidate } from './candidates.ts';
import type { Chosen, MetadataFacts } from './gather.ts';
import { lostFile, lostLdif } from './lost.ts';

const day = 86_400_000;

/** The findings on a DC that is or may be alive. */
export function aliveFindings(facts: MetadataFacts, { candidate }: Chosen): readonly FindingDraft[] {
  if (candidate === undefined) return [];
  return [
    ...running(candidate, facts),
    ...heardLately(candidate),
    ...notProven(candidate, facts),
    ...lifetimeNotOver(candidate, facts),
    ...whatIsLost(candidate, facts),
  ];
}

function running({ name, reach, kind, host = name }: Candidate, { target }: MetadataFacts): readonly FindingDraft[] {
  if (reach.kind === 'this') {
    return [
      finalBlocker(
        'own-dc',
        `${name} is the domain controller that you are connected to`,
        'It is alive. Name another one with --server to remove this one, once it is gone.',
        { evidence: [target.domainController], subjects: [name] },
      ),
    ];
  }
  if (reach.kind !== 'answers') return [];
  return [
    finalBlocker(
      'answers',
      `${host} answers`,
      kind === 'dc'
        ? 'It is alive: demote it (Uninstall-ADDSDomainController, by force with -ForceRemoval), or switch it off for good.'
        : 'A domain controller of this name is alive. Look at what it is before you remove entries of this name.',
      { evidence: [`${host}: ${reach.how}`], subjects: [name] },
    ),
  ];
}

function heardLately({ name, heard, reach }: Candidate): readonly FindingDraft[] {
  if (heard.kind !== 'heard' || heard.age >= day || reach.kind === 'this') return [];
  return [
    finalBlocker(
      'heard-lately',
      `${heard.by} heard of ${name} ${durationInWords(heard.age)} ago`,
      'It replicates, or did so within a day. If it has just died, try to repair or restore it; else come back tomorrow.',
      { evidence: [`${heard.by}: ${durationInWords(heard.age)} ago`], subjects: [name] },
    ),
  ];
}

/** That a DC is cut off is no proof that it is gone: its users may work on. */
function notProven(candidate: Candidate, { now }: MetadataFacts): readonly FindingDraft[] {
  const { name, account, kind, reach, site } = candidate;
  const isSilent = reach.kind === 'silent' || reach.kind === 'not-asked';
  if (kind !== 'dc' || !isSilent || account?.isEnabled === false) return [];
  if (account === undefined && candidate.isAccountKnown) return [];
  return [
    blocker(
      'not-proven-gone',
      `Nothing proves that ${name} is gone: it may be running, cut off from here`,
      `If it still runs${site === '' ? '' : ` in ${site}`}, people log on there, and what they changed is lost with it. Look at the machine. Accept this only if it never comes back.`,
      {
        evidence: [
          reach.kind === 'silent' ? `does not answer: ${reach.why}` : 'was not asked whether it answers',
          heardInWords(candidate),
          account === undefined
            ? 'its account is not known'
            : `its account is enabled${account.lastLogon === undefined ? '' : `, last logon ${agoInWords(account.lastLogon, now)}`}`,
        ],
        subjects: [name],
      },
    ),
  ];
}

/** "DC1 heard of it 71 days ago" */
export function heardInWords({ heard, kind }: Pick<Candidate, 'heard' | 'kind'>): string {
  if (kind !== 'dc') return 'does not replicate';
  if (heard.kind === 'heard') return `${heard.by} heard of it ${durationInWords(heard.age)} ago`;
  return heard.kind === 'never' ? 'never heard of' : 'when it was last heard of is not known';
}

function lifetimeNotOver(
  { name, kind, heard, reach }: Candidate,
  { lifetime }: MetadataFacts,
): readonly FindingDraft[] {
  if (kind !== 'dc' || reach.kind === 'this' || reach.kind === 'answers') return [];
  const days = heard.kind === 'heard' ? Math.floor(heard.age / day) : undefined;
  if (days !== undefined && days >= lifetime) return [];
  const left = days === undefined ? lifetime : lifetime - days;
  return [
    blocker(
      'lifetime-not-over',
      days === undefined
        ? `When ${name} last replicated is not known: a backup may bring it back`
        : `The tombstone lifetime of ${name} ends in ${counted(left, 'day')}: a backup may bring it back`,
      `Until ${lifetime} days have passed since it last replicated, it can be repaired or restored from a backup of that time. Accept this if no one will.`,
      { evidence: [heardInWords({ heard, kind })], subjects: [name], measure: { value: left, unit: 'days' } },
    ),
  ];
}

function whatIsLost({ name, reach, kind }: Candidate, facts: MetadataFacts): readonly FindingDraft[] {
  const { chosen, now, target } = facts;
  const lost = chosen?.lost;
  if (lost !== undefined) {
    if (lost.length === 0) return [];
    const dns = lost.map(({ dn }) => dn);
    return [
      warning(
        'only-it-has',
        `${counted(lost.length, 'object was', 'objects were')} changed or deleted on ${name}, and ${target.domainController} has not heard of it`,
        'A forced demotion loses these changes. only-there.ldf in the change folder holds the objects as they are there.',
        {
          evidence: dns.slice(0, 100),
          subjects: dns,
          measure: { value: lost.length, unit: 'objects' },
          source: {
            name: lostFile,
            read: now.toISOString(),
            sha256: createHash('sha256').update(lostLdif(lost)).digest('hex'),
          },
        },
      ),
    ];
  }
  if (kind !== 'dc' || reach.kind === 'this') return [];
  return [
    warning(
      'what-is-lost',
      `What only ${name} has is lost, and cannot be read`,
      'Changes that were made on it after it last replicated. If it can be started, or its disk read, look there first.',
      { subjects: [name] },
    ),
  ];
}
