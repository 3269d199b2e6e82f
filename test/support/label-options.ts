import { fileURLToPath } from 'node:url';
import type { Finding } from '../../src/change/findings.ts';
import type { FileChange } from '../../src/change/plan.ts';
import { nearestName } from '../../src/commands/flags.ts';
import { assess } from '../../src/remedies/labels/assess.ts';
import { gather, type LabelsFacts, type Surroundings } from '../../src/remedies/labels/gather.ts';
import { type LabelsOptions, userNameKey } from '../../src/remedies/labels/options.ts';
import { plan } from '../../src/remedies/labels/plan.ts';
import { loadBuiltInWording } from '../../src/remedies/labels/wording.ts';

export const templates = new URL('../../templates/', import.meta.url);

export const builtInWording = await loadBuiltInWording(fileURLToPath(templates));

/** Options that change L_UserName_Text of everything below a root to "E-mail address:", unless said otherwise. */
export function labelOptions(root: string, more: Partial<LabelsOptions> = {}): LabelsOptions {
  return {
    roots: [root],
    sets: [],
    classes: [],
    languages: [],
    keys: [userNameKey],
    newLabel: { kind: 'text', text: 'E-mail address:' },
    encodings: new Map(),
    skipBlocked: false,
    accept: [],
    ...more,
  };
}

/** The label in each language's own wording. */
export const emailWording = { kind: 'wording', label: 'email', wordings: [builtInWording] } as const;

export interface Examination {
  readonly facts: LabelsFacts;
  readonly findings: readonly Finding[];
  readonly changes: readonly FileChange[];
}

/** What the remedy finds and would change. */
export async function examine(options: LabelsOptions, surroundings?: Surroundings): Promise<Examination> {
  const facts = await gather(options, surroundings);
  return { facts, findings: assess(facts, options, nearestName), changes: plan(facts, options).changes };
}
