import type { FindingLevel } from '../../change/findings.ts';
/** A finding before it is known whether the user accepts it. */

export interface Conclusion {
  readonly id: string;
  readonly level: FindingLevel;
  readonly title: string;
  readonly detail: string;
  readonly evidence?: readonly string[];
  readonly acceptable?: boolean;
}

/** "1 reference", "1,204 references" */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}
