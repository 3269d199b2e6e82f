import { type Finding, judge } from '../../src/change/findings.ts';
import type { FileChange, Plan, Proposal } from '../../src/change/plan.ts';
import type { FileUser } from '../../src/files/own-access.ts';
import { assess } from '../../src/remedies/labels/assess.ts';
import type { LabelsFacts } from '../../src/remedies/labels/facts.ts';
import { gather } from '../../src/remedies/labels/gather.ts';
import { type LabelsOptions, userNameKey } from '../../src/remedies/labels/options.ts';
import { propose } from '../../src/remedies/labels/propose.ts';
import { loadBuiltInWording } from '../../src/remedies/labels/wording.ts';
import type { FilesWorld } from '../../src/remedies/remedy.ts';
import { quietSurroundings } from './fixed-world.ts';

export const templates = new URL('../../templates/', import.meta.url);

export const builtInWording = await loadBuiltInWording(templates);

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
    followLinks: false,
    checkUpn: false,
    accept: [],
    ...more,
  };
}

/** The label in each language's own wording. */
export const emailWording = { kind: 'wording', label: 'email', wordings: [builtInWording] } as const;

/** A world of files that opens no directory. */
export function filesWorld(more: Partial<FilesWorld> = {}): FilesWorld {
  return {
    kind: 'files',
    ...quietSurroundings(),
    currentFolder: process.cwd(),
    platform: process.platform,
    openDirectory: () => Promise.reject(new Error('no directory in this test')),
    ...more,
  };
}

/** What is gathered for a new plan. */
export function gatherNew(options: LabelsOptions, world?: Partial<FilesWorld>): Promise<LabelsFacts> {
  return gather(filesWorld(world), { kind: 'new', options });
}

export interface Examination {
  readonly facts: LabelsFacts;
  readonly proposal: Proposal<FileChange>;
  /** Notes first, blockers last. */
  readonly findings: readonly Finding[];
  readonly changes: readonly FileChange[];
}

/** What the remedy finds and would change. */
export async function examine(
  options: LabelsOptions,
  { user }: { readonly user?: FileUser } = {},
): Promise<Examination> {
  const facts = await gatherNew(options, user === undefined ? {} : { user });
  const proposal = propose(facts, options);
  return {
    facts,
    proposal,
    findings: judge(assess(facts, proposal), proposal, options.accept),
    changes: proposal.changes,
  };
}

/** How a saved plan, or an undo, is judged in the world as it is now. */
export async function judgeNow(
  plan: Plan<FileChange>,
  done: ReadonlySet<number> = new Set(),
): Promise<readonly Finding[]> {
  const facts = await gather(filesWorld(), { kind: 'plan', plan, done });
  return judge(assess(facts, plan), plan, []);
}
