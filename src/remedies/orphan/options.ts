/** What a run of the orphan remedy is asked to do. The wizard and the flags both end in this. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DnSyntaxError, parseDn } from '../../ad/dn.ts';
import { UsageError } from '../../errors.ts';
import { errnoInWords } from '../../files/errno.ts';
import type { Flags } from '../../flags.ts';
import type { RemedyOptions, Surroundings } from '../remedy.ts';
import type { flags as flagTable } from './flags.ts';
import type { Wanted } from './names.ts';
import { readSetupLog, type SetupLog } from './setup-log.ts';

/** What --also names. */
export type Along = 'database' | 'servers-container';

const alongByFlag: Readonly<Record<string, Along>> = {
  databases: 'database',
  'servers-container': 'servers-container',
};

export interface OrphanOptions extends RemedyOptions {
  /** Which server object; undefined to look only, before it is asked. */
  readonly wanted: Wanted | undefined;
  readonly log: SetupLog | undefined;
  readonly probe: boolean;
  /** Clear what earlier deletions have left behind, and delete nothing. */
  readonly leftovers: boolean;
  /** One request in place of leaf-first deletes. */
  readonly treeDelete: boolean;
  /** Ids of references that stay as they are. */
  readonly keep: readonly string[];
  /** What goes with the server although it is not below it. */
  readonly also: ReadonlySet<Along>;
  /** What the wizard has asked already, so that it does not ask again after another look. */
  readonly asked: ReadonlySet<'way' | 'also'>;
  /** Whether a server that the setup log does not find can be asked for. */
  readonly mayAsk: boolean;
}

type OrphanFlags = Flags<typeof flagTable> & { readonly accept: readonly string[] };

/**
 * The options that the flags give.
 * @throws UsageError for flags that exclude each other, for a DN that is none, and for a setup log that cannot be read
 */
export async function readOptions(
  given: OrphanFlags,
  { currentFolder }: Pick<Surroundings, 'currentFolder'>,
  mayAsk: boolean,
): Promise<OrphanOptions> {
  const named = given['setup-log'];
  return {
    accept: given.accept,
    wanted: wantedOf(given),
    log: named === undefined ? undefined : await readLog(path.resolve(currentFolder, named)),
    probe: given.probe,
    leftovers: given.leftovers,
    treeDelete: given['tree-delete'],
    keep: given.keep,
    also: new Set(given.also.map(alongOf)),
    asked: new Set(),
    mayAsk,
  };
}

function alongOf(given: string): Along {
  const along = Object.hasOwn(alongByFlag, given) ? alongByFlag[given] : undefined;
  if (along !== undefined) return along;
  throw new UsageError({
    attempted: 'read --also',
    on: given,
    cameBack: 'it names nothing that can go with the server',
    next: `Give ${Object.keys(alongByFlag).join(' or ')}.`,
  });
}

function wantedOf({ name, dn, leftovers }: OrphanFlags): Wanted | undefined {
  if (leftovers && (name !== undefined || dn !== undefined)) {
    throw new UsageError({
      attempted: 'choose what to clear',
      on: `--leftovers with --${name === undefined ? 'dn' : 'name'}`,
      cameBack: 'leftovers are of servers that are gone',
      next: 'Give --leftovers alone.',
    });
  }
  if (name !== undefined && dn !== undefined) {
    throw new UsageError({
      attempted: 'choose the server',
      on: '--name with --dn',
      cameBack: 'each of them names a server',
      next: 'Give one of them.',
    });
  }
  if (dn !== undefined) return { kind: 'dn', dn: checkedDn(dn) };
  return name === undefined ? undefined : { kind: 'name', name };
}

function checkedDn(dn: string): string {
  try {
    parseDn(dn);
    return dn;
  } catch (error) {
    if (!(error instanceof DnSyntaxError)) throw error;
    const { attempted, cameBack, next } = error.trouble;
    throw new UsageError({ attempted, on: `--dn ${dn}`, cameBack, next, cause: error });
  }
}

async function readLog(file: string): Promise<SetupLog> {
  try {
    return readSetupLog(await readFile(file), file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError({
      attempted: 'read the setup log',
      on: file,
      cameBack: errnoInWords(error),
      next: 'Give with --setup-log the path of ExchangeSetup.log (C:\\ExchangeSetupLogs on the machine).',
      cause: error,
    });
  }
}
