/** Findings: conclusions from the facts for a proposal, and which of them the user has accepted. */

import { counted, listed } from '../words.ts';
import type { JsonValue } from './json-shape.ts';

/** A blocker stops the change; a warning and a note do not. */
export type FindingLevel = 'blocker' | 'warning' | 'note';

/** How bad it is; more is worse. */
export interface Measure {
  readonly value: number;
  readonly unit: 'days' | 'objects' | 'files' | 'entries' | 'references';
}

/** A source that only the run that made the plan could read: a setup log, a probe, a CSV. */
export interface FindingSource {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly read: string;
  /** SHA-256 (hex) of what was read, where it was a file. */
  readonly sha256?: string;
}

/** A step that the user has to take, as the remedy's own id with parameters; the remedy draws its words and commands. */
export interface NextStep {
  readonly id: string;
  readonly [parameter: string]: JsonValue;
}

/** A conclusion from the facts. A blocker that is not accepted stops the change. */
export interface Finding {
  /** Stable within a remedy, so that it can be named after --accept: "past-lifetime". */
  readonly id: string;
  readonly level: FindingLevel;
  readonly title: string;
  /** What it means and what to do, in plain words. No command: a plan is handed over, and its text may be anyone's. */
  readonly detail: string;
  /** What to do by commands. */
  readonly steps?: readonly NextStep[];
  /** What was seen: paths, DNs, values. */
  readonly evidence: readonly string[];
  /** The DCs, files or entries that it is about. An acceptance covers these and no others. */
  readonly subjects: readonly string[];
  /** An acceptance covers no worse measure than it was given for. */
  readonly measure?: Measure;
  readonly source?: FindingSource;
  /** Whether the user may overrule this blocker by its id. */
  readonly acceptable: boolean;
  readonly accepted: boolean;
}

/** A finding before it is known whether it is accepted. */
export type FindingDraft = Omit<Finding, 'accepted'>;

/** The parts of a finding other than its words. */
export interface FindingParts {
  readonly steps?: readonly NextStep[];
  readonly evidence?: readonly string[];
  readonly subjects?: readonly string[];
  readonly measure?: Measure;
  readonly source?: FindingSource;
}

/** A finding that stops the change until it is accepted. */
export function blocker(id: string, title: string, detail: string, parts: FindingParts = {}): FindingDraft {
  return { ...draft(id, 'blocker', title, detail, parts), acceptable: true };
}

/** A finding that stops the change and cannot be accepted. */
export function finalBlocker(id: string, title: string, detail: string, parts: FindingParts = {}): FindingDraft {
  return draft(id, 'blocker', title, detail, parts);
}

/** A finding that needs attention, with or without the change. */
export function warning(id: string, title: string, detail: string, parts: FindingParts = {}): FindingDraft {
  return draft(id, 'warning', title, detail, parts);
}

/** A finding for information. */
export function note(id: string, title: string, detail: string, parts: FindingParts = {}): FindingDraft {
  return draft(id, 'note', title, detail, parts);
}

function draft(id: string, level: FindingLevel, title: string, detail: string, parts: FindingParts): FindingDraft {
  return { id, level, title, detail, evidence: [], subjects: [], acceptable: false, ...parts };
}

/** The id of a finding that cannot be accepted: a plan changes something that its remedy or the facts do not justify. */
export const notOfThisRemedy = 'not-of-this-remedy';

/**
 * The changes of a plan that fresh facts do not justify.
 *
 * @param foreign each in words
 * @param neither what its changes may be: "entries of the server nor references to it"
 */
export function foreignChanges(foreign: readonly string[], neither: string): readonly FindingDraft[] {
  if (foreign.length === 0) return [];
  return [
    finalBlocker(
      notOfThisRemedy,
      `${counted(foreign.length, 'change does', 'changes do')} not belong to this plan`,
      `The directory does not justify these changes: they are neither ${neither}. Make a new plan.`,
      { evidence: foreign, subjects: foreign },
    ),
  ];
}

/**
 * Findings of a new proposal, notes first and blockers last, each accepted if its id is named and it is acceptable.
 * A blocker against restoring the recorded former value is always acceptable.
 *
 * @param accept ids given to --accept or answered in the wizard
 */
export function judge(
  drafts: readonly FindingDraft[],
  { undoes }: { readonly undoes?: unknown },
  accept: readonly string[],
): readonly Finding[] {
  return drafts
    .map((finding) => {
      const restores = undoes !== undefined && finding.level === 'blocker' && finding.id !== notOfThisRemedy;
      const acceptable = finding.acceptable || restores;
      return { ...finding, acceptable, accepted: acceptable && accept.includes(finding.id) };
    })
    .toSorted((one, other) => gravity[one.level] - gravity[other.level]);
}

const gravity: Readonly<Record<FindingLevel, number>> = { note: 0, warning: 1, blocker: 2 };

/**
 * The judgement of a saved plan in the world as it is now. A fresh finding replaces the saved one of its id and keeps its
 * acceptance as far as that covers it; a saved finding whose source can't be read again keeps its place.
 */
export function judgeAgain(saved: readonly Finding[], fresh: readonly Finding[]): readonly Finding[] {
  const renewed = fresh.map((finding) => {
    const before = saved.find(({ id }) => id === finding.id);
    const isCovered = finding.acceptable && before !== undefined && covers(before, finding);
    return { ...finding, accepted: finding.accepted || isCovered };
  });
  const kept = saved
    .filter(({ id, source }) => source !== undefined && !fresh.some((finding) => finding.id === id))
    .map((finding) => ({ ...finding, title: `Recorded in the plan, not read again: ${finding.title}` }));
  return [...kept, ...renewed].toSorted((one, other) => gravity[one.level] - gravity[other.level]);
}

/** Findings on data that only the plan has: accepted by this run, or with the seal of the plan. */
const onlyByThisRun: ReadonlySet<string> = new Set(['rights-from-plan', 'deletes-from-plan', 'links-followed']);

/** The findings of a plan that no seal approves: the sender may have written its acceptances. */
export function withoutHandedOver(saved: readonly Finding[]): readonly Finding[] {
  return saved.map((finding) => (onlyByThisRun.has(finding.id) ? { ...finding, accepted: false } : finding));
}

/** Whether the plan has accepted findings that apply wants accepted again, or approved by the seal. */
export function isAcceptedBySealOnly(findings: readonly Finding[]): boolean {
  return findings.some(({ id, accepted }) => accepted && onlyByThisRun.has(id));
}

/** Whether the acceptance of a saved finding covers a fresh one: no other subjects, and no worse measure. */
function covers(saved: Finding, fresh: Finding): boolean {
  if (!saved.accepted) return false;
  const known = new Set(saved.subjects.map((subject) => subject.toLowerCase()));
  const isSameSubjects = fresh.subjects.every((subject) => known.has(subject.toLowerCase()));
  const isNoWorse =
    fresh.measure === undefined || (saved.measure !== undefined && fresh.measure.value <= saved.measure.value);
  return isSameSubjects && isNoWorse;
}

/** Why a plan with open blockers is refused: "a blocker is not accepted", "2 blockers cannot be accepted". */
export function whyRefused(findings: readonly Finding[]): string {
  const open = openBlockers(findings);
  const final = open.filter(({ acceptable }) => !acceptable);
  if (final.length > 0) return `${blockers(final.length)} cannot be accepted`;
  return `${blockers(open.length)} ${open.length === 1 ? 'is' : 'are'} not accepted`;
}

function blockers(count: number): string {
  return count === 1 ? 'a blocker' : counted(count, 'blocker');
}

/** The blockers that stop a plan: those that are not accepted. */
export function openBlockers(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter((finding) => finding.level === 'blocker' && !finding.accepted);
}

/** The blockers that stop a change, by id and title. */
export function blockersInWords(open: readonly Finding[]): string {
  return listed(open.map(({ id, title }) => `${id} (${title})`));
}

/** What to do about the blockers that stop a change, as a sentence. */
export function wayPast(open: readonly Finding[]): string {
  return open.every(({ acceptable }) => acceptable)
    ? `Do what each blocker says, or overrule it: ${open.map(({ id }) => `--accept ${id}`).join(' ')}.`
    : 'Do what each blocker says, then make the plan again.';
}
