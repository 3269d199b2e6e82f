/** The remedies: the only list of them. A new one is a folder and a line here. */

import type { FlagTable } from '../flags.ts';
import type { Remedy } from './remedy.ts';

export interface RemedyEntry {
  /** The command. */
  readonly name: string;
  /** What it does, for the menu and the help. */
  readonly summary: string;
  /** Loads the flags alone, for --help and completion. */
  readonly flags: () => Promise<FlagTable>;
  readonly load: () => Promise<Remedy>;
}

export const remedies: readonly RemedyEntry[] = [
  {
    name: 'orphan',
    summary: 'Delete the object of an Exchange server that a failed install left behind',
    flags: async () => (await import('./orphan/flags.ts')).flags,
    load: async () => (await import('./orphan/remedy.ts')).orphan,
  },
];
