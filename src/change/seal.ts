import { createHash } from 'node:crypto';
import { canonicalForm } from './canonical.ts';
import { type Change, type Plan, planFormat, planVersion } from './plan.ts';

/** A plan before it is sealed. */
export type UnsealedPlan<C extends Change = Change> = Omit<Plan<C>, 'format' | 'version' | 'seal' | Defaulted> &
  Partial<Pick<Plan<C>, Defaulted>>;
type Defaulted = 'intent' | 'leftOut' | 'by' | 'exhibits' | 'nextSteps';

/** Seals a plan: from here on, any edit of it can be seen. */
export function sealPlan<C extends Change>(content: UnsealedPlan<C>): Plan<C> {
  const plan = {
    format: planFormat,
    version: planVersion,
    by: { account: '', computer: '' },
    intent: {},
    leftOut: [],
    exhibits: [],
    nextSteps: [],
    ...content,
  } as const;
  return { ...plan, seal: sealOf(plan) };
}

/** The SHA-256 (hex) over the canonical form of a plan without its seal. */
export function sealOf(plan: Omit<Plan, 'seal'> & { readonly seal?: string }): string {
  const hash = createHash('sha256');
  // Each call of the hash costs more than the few characters of most pieces.
  let pieces = '';
  for (const piece of canonicalForm({ ...plan, seal: undefined })) {
    pieces += piece;
    if (pieces.length < 65_536) continue;
    hash.update(pieces);
    pieces = '';
  }
  return hash.update(pieces).digest('hex');
}
