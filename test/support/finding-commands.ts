import type { Finding } from '../../src/change/findings.ts';
import type { Leads, Remedy, Step } from '../../src/remedies/remedy.ts';

type Found = Pick<Finding, 'steps'> | undefined;

/** The steps of a finding in the words of its remedy. */
export function stepsOf(remedy: Pick<Remedy, 'stepOf'>, finding: Found, leads: Leads = {}): readonly Step[] {
  return (finding?.steps ?? []).map((step) => {
    const words = remedy.stepOf?.(step, leads);
    if (words === undefined) throw new RangeError(`the remedy does not know the step ${JSON.stringify(step)}`);
    return words;
  });
}

/** The commands that a finding advises, as its remedy draws them. */
export function commandsOf(remedy: Pick<Remedy, 'stepOf'>, finding: Found, leads: Leads = {}): readonly string[] {
  return stepsOf(remedy, finding, leads).flatMap(({ commands }) => commands);
}
