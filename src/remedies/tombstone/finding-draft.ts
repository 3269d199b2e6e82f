import type { Finding } from '../../change/findings.ts';
/** Findings before anybody has accepted one, and the words that several of them share. */

export type FindingDraft = Omit<Finding, 'accepted'>;

/** What stops the change until a person accepts it. */
export function blocker(id: string, title: string, detail: string, evidence: readonly string[] = []): FindingDraft {
  return { id, level: 'blocker', title, detail, evidence, subjects: [], acceptable: true };
}

/** What a person should see to, change or no change. */
export function warning(id: string, title: string, detail: string, evidence: readonly string[] = []): FindingDraft {
  return { id, level: 'warning', title, detail, evidence, subjects: [], acceptable: false };
}

/** What a person should know. */
export function note(id: string, title: string, detail: string, evidence: readonly string[] = []): FindingDraft {
  return { id, level: 'note', title, detail, evidence, subjects: [], acceptable: false };
}

/** "1 DC", "1,284 DCs" */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** A DC's name as a part of a finding's id: letters, digits and hyphens, in lower case. */
export function idPart(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
}
