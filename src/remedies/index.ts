/** The remedies: the only list of them. A new one is a folder and a line here. */

import type { FlagTable } from '../flags.ts';
import type { ComparedControllers, Remedy, World } from './remedy.ts';

/** The data of a remedy that is available before it is loaded. */
export interface RemedyEntry {
  /** The command. */
  readonly name: string;
  /** The summary for the menu and the help. */
  readonly summary: string;
  readonly world: World['kind'];
  /** Whether a flag of a remedy on files may ask for a directory: then the directory flags are its flags too. */
  readonly mayAskDirectory?: true;
  /** Whether it writes nothing and has a handOver: then it takes no flags that confirm a write or wait for one. */
  readonly handsOver?: true;
  /** What follows "adsi-remedy" in examples that can be copied. */
  readonly examples: readonly string[];
  /** Of a remedy that compares the objects of DCs: its arguments, where another one suspects some of them. */
  readonly comparesObjects?: (suspects: ComparedControllers) => readonly string[];
  /** Of a remedy that cleans up after a DC that is gone: its arguments, where another one finds the server object. */
  readonly cleansUpServer?: (serverDn: string) => readonly string[];
  /** Loads only the flags, for --help and completion. */
  readonly flags: () => Promise<FlagTable>;
  readonly load: () => Promise<Remedy>;
}

/** In the order of the menu and the help. */
export const remedies: readonly RemedyEntry[] = [
  {
    name: 'labels',
    summary: 'change the logon labels of TMG and ISA forms',
    world: 'files',
    mayAskDirectory: true,
    examples: [
      'labels --host TMG01 --host TMG02 --label email --dry-run',
      'labels --root ./CookieAuthTemplates --label email --save changes/labels',
      'labels --root ./CookieAuthTemplates --wording-template wording.json',
    ],
    flags: async () => (await import('./labels/flags.ts')).flags,
    load: async () => (await import('./labels/remedy.ts')).labels,
  },
  {
    name: 'orphan',
    summary: 'delete the object of an Exchange server that a failed install left behind',
    world: 'directory',
    examples: [
      'orphan --server dc1.corp.example.com --user admin@corp.example.com --name EX04 --dry-run',
      'orphan --domain corp.example.com --auth integrated --name EX04 --save changes/EX04',
    ],
    flags: async () => (await import('./orphan/flags.ts')).flags,
    load: async () => (await import('./orphan/remedy.ts')).orphan,
  },
  {
    name: 'tombstone',
    summary: "change the forest's tombstoneLifetime",
    world: 'directory',
    examples: [
      'tombstone --server dc1.corp.example.com --user admin@corp.example.com --days 180 --dry-run',
      'tombstone --domain corp.example.com --auth integrated --days 180 --save changes/tombstone',
    ],
    flags: async () => (await import('./tombstone/flags.ts')).flags,
    load: async () => (await import('./tombstone/remedy.ts')).tombstone,
  },
  {
    name: 'lingering',
    summary: 'find lingering objects and prepare their removal',
    world: 'directory',
    handsOver: true,
    comparesObjects: ({ reference, targets }) => [
      ...['--reference', reference],
      ...targets.flatMap((target) => ['--target', target]),
    ],
    examples: [
      'lingering --server dc1.corp.example.com --user admin@corp.example.com --reference DC1 --dry-run',
      'lingering --domain corp.example.com --auth integrated --reference DC1 --save changes/lingering',
    ],
    flags: async () => (await import('./lingering/flags.ts')).flags,
    load: async () => (await import('./lingering/remedy.ts')).lingering,
  },
  {
    name: 'metadata',
    summary: 'clean up the metadata of a domain controller that is gone',
    world: 'directory',
    cleansUpServer: (serverDn) => ['--dn', serverDn],
    examples: [
      'metadata --server dc1.corp.example.com --user admin@corp.example.com --dc DC0 --dry-run',
      'metadata --domain corp.example.com --auth integrated --dc DC0 --save changes/DC0',
    ],
    flags: async () => (await import('./metadata/flags.ts')).flags,
    load: async () => (await import('./metadata/remedy.ts')).metadata,
  },
];
