/** Which DCs and naming contexts a run is to compare: its flags, and the options that they give. */

import type { Flags, FlagTable } from '../../flags.ts';
import type { RemedyOptions } from '../remedy.ts';

/** The flags of the lingering remedy. */
export const flags = {
  reference: {
    kind: 'text',
    value: 'DC',
    help: 'the DC that is right: objects that it has deleted are lingering on the others. Give its name or DNS name; it needs writable copies',
    group: 'What to compare',
  },
  target: {
    kind: 'texts',
    value: 'DC',
    help: 'a DC to search for lingering objects (repeatable); default: all others with a full copy',
    group: 'What to compare',
  },
  partition: {
    kind: 'texts',
    value: 'DN',
    help: 'a naming context to compare (repeatable); default: all but the Schema',
    group: 'What to compare',
  },
} as const satisfies FlagTable;

/** Which DCs and naming contexts are to be compared, as they were named. */
export interface LingeringOptions extends RemedyOptions {
  /** A DC's short name or DNS name; undefined: to be asked. */
  readonly reference: string | undefined;
  /** [] for all others. */
  readonly targets: readonly string[];
  /** DNs; [] for all except the Schema. */
  readonly partitions: readonly string[];
}

/** The given flags of this remedy, and --accept. */
export type GivenFlags = Flags<typeof flags> & { readonly accept: readonly string[] };

/** The options that the flags give; whether the forest has these names is checked when it is read. */
export function readOptions({ reference, target, partition, accept }: GivenFlags): LingeringOptions {
  return { reference, targets: target, partitions: partition, accept };
}
