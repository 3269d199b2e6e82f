import type { FlagTable } from '../../flags.ts';

export const flags = {
  reference: {
    kind: 'text',
    value: 'DC',
    help: 'the DC that is right: what it has deleted is lingering elsewhere. By its name or DNS name; it needs writable copies',
    group: 'What to compare',
  },
  target: {
    kind: 'texts',
    value: 'DC',
    help: 'a DC to look for lingering objects on (repeatable); default: all others with a full copy',
    group: 'What to compare',
  },
  partition: {
    kind: 'texts',
    value: 'DN',
    help: 'a naming context to compare (repeatable); default: all but the Schema',
    group: 'What to compare',
  },
} as const satisfies FlagTable;
