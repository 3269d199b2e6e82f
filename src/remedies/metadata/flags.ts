import type { FlagTable } from '../../flags.ts';

const whichDc = 'Which domain controller';

/** The flags of the metadata remedy. */
export const flags = {
  dc: {
    kind: 'text',
    value: 'NAME',
    help: 'the domain controller that is gone, by its name or DNS name',
    group: whichDc,
  },
  dn: {
    kind: 'text',
    value: 'DN',
    help: 'its server object, NTDS Settings or computer account, by the distinguished name',
    group: whichDc,
  },
} as const satisfies FlagTable;
