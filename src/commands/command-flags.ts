/** Which flags each command takes. */

import type { FlagTable } from '../flags.ts';
import type { RemedyEntry } from '../remedies/index.ts';
import { directoryFlags } from './directory-flags.ts';
import { acceptFlags, confirmFlags, deadlineFlags, decisionFlags, outputFlags, sealFlags, waitFlags } from './flags.ts';

const selectionFlags = {
  only: {
    kind: 'text',
    value: 'N,N',
    help: 'apply only these rows of the review, by their numbers',
    group: 'Selection',
  },
  except: { kind: 'text', value: 'N,N', help: 'apply all rows but these', group: 'Selection' },
} as const satisfies FlagTable;

export const showFlags = {
  drift: {
    kind: 'yes-no',
    help: 'mark what has changed since the plan was made: reads the targets',
    group: 'Review',
  },
  ...sealFlags,
  ...deadlineFlags,
  ...directoryFlags,
  ...outputFlags,
} as const satisfies FlagTable;

export const applyFlags = {
  'dry-run': {
    kind: 'yes-no',
    help: 'judge and compare again, write nothing',
    group: 'Outcome',
  },
  yes: {
    kind: 'yes-no',
    help: 'do not ask at a terminal; without one nothing is asked',
    group: 'Outcome',
  },
  ...acceptFlags,
  ...confirmFlags,
  ...waitFlags,
  ...deadlineFlags,
  ...selectionFlags,
  ...sealFlags,
  ...directoryFlags,
  ...outputFlags,
} as const satisfies FlagTable;

export const undoFlags = {
  ...decisionFlags,
  ...confirmFlags,
  ...waitFlags,
  ...deadlineFlags,
  ...sealFlags,
  ...directoryFlags,
  ...outputFlags,
} as const satisfies FlagTable;

export const practiceFlags = outputFlags;
/** A script is printed as it is, whatever the output of others is to look like. */
export const completionFlags = { help: outputFlags.help } as const satisfies FlagTable;

/** What every remedy takes besides its own flags; those of the directory where it may ask one. */
export const commonRemedyFlags = {
  ...decisionFlags,
  ...deadlineFlags,
  ...outputFlags,
} as const satisfies FlagTable;

/** All flags of a remedy: its own first. */
export async function remedyFlags(entry: RemedyEntry): Promise<FlagTable> {
  const own = await entry.flags();
  return {
    ...own,
    ...decisionFlags,
    ...deadlineFlags,
    ...(entry.world === 'directory' && !entry.handsOver ? { ...confirmFlags, ...waitFlags } : {}),
    ...(entry.world === 'directory' || entry.mayAskDirectory === true ? directoryFlags : {}),
    ...outputFlags,
  };
}
