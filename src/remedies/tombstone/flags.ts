import type { FlagTable } from '../../flags.ts';

/** The flags of the tombstone remedy. */
export const flags = {
  days: {
    kind: 'text',
    value: 'N',
    help: 'the new tombstoneLifetime in days, 3 to 36500; Microsoft recommends 180',
    group: 'What to change',
  },
  unset: {
    kind: 'yes-no',
    help: 'remove the value; Windows then uses 60 days, Samba 180',
    group: 'What to change',
  },
  'recycle-days': {
    kind: 'text',
    value: 'N',
    help: 'the new msDS-DeletedObjectLifetime in days: how long the Recycle Bin can restore objects',
    group: 'What to change',
  },
  'strict-new-dcs': {
    kind: 'yes-no',
    help: 'add the object that makes newly promoted DCs enforce strict replication consistency',
    group: 'What to change',
  },
  showrepl: {
    kind: 'texts',
    value: 'FILE[=+01:00]',
    help: 'the output of "repadmin /showrepl * /csv" for DCs that cannot be reached; =+01:00 is the time zone of the computer that ran it; without it ages are widened by 14 hours',
    group: 'What to read',
  },
  evidence: {
    kind: 'text',
    value: 'FOLDER',
    help: 'the change folder of the last search for lingering objects: a finding reports its result, and this change folder keeps a copy',
    group: 'What to read',
  },
} as const satisfies FlagTable;
