import type { FlagTable } from '../../flags.ts';

/** The flags of this remedy. */
export const flags = {
  reference: {
    kind: 'text',
    value: 'DC',
    help: 'The DC that is right: what it has deleted is lingering elsewhere. By its name or DNS name; it needs writable copies',
    group: 'What to compare',
  },
  target: {
    kind: 'texts',
    value: 'DC',
    help: 'A DC to look for lingering objects on; repeatable. Default: all others with a full copy',
    group: 'What to compare',
  },
  partition: {
    kind: 'texts',
    value: 'DN',
    help: 'A naming context to compare; repeatable. Default: all but the Schema',
    group: 'What to compare',
  },
} as const satisfies FlagTable;
