/** The options of a run of the orphan remedy, including its setup log. Both the wizard and the flags produce them. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DnSyntaxError, parseDn } from '../../ad/dn.ts';
import { UsageError } from '../../errors.ts';
import { errnoInWords } from '../../files/system-errors.ts';
import type { Flags } from '../../flags.ts';
import type { RemedyOptions, Surroundings } from '../remedy.ts';
import type { flags as flagTable } from './flags.ts';
import type { Wanted } from './survey.ts';

/** A value of --also. */
export type Along = 'database' | 'servers-container';

const alongByFlag: Readonly<Record<string, Along>> = {
  databases: 'database',
  'servers-container': 'servers-container',
};

/** The answers from flags or wizard. */
export interface OrphanOptions extends RemedyOptions {
  /** Which server object; undefined before the user is asked. */
  readonly wanted: Wanted | undefined;
  readonly log: SetupLog | undefined;
  readonly probe: boolean;
  /** Clear references that earlier deletions left behind, and delete nothing. */
  readonly leftovers: boolean;
  /** One request instead of leaf-first deletes. */
  readonly treeDelete: boolean;
  /** Ids of references that stay as they are. */
  readonly keep: readonly string[];
  /** What is deleted with the server although it is not below it. */
  readonly also: ReadonlySet<Along>;
  /** The questions that the wizard has already asked, so that it does not repeat them after reading again. */
  readonly asked: ReadonlySet<'way' | 'also'>;
  /** Whether the user can be asked if the setup log names no known server. */
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
    cameBack: 'it names nothing that can be deleted with the server',
    next: `Give ${Object.keys(alongByFlag).join(' or ')}.`,
  });
}

function wantedOf({ name, dn, leftovers }: OrphanFlags): Wanted | undefined {
  if (leftovers && (name !== undefined || dn !== undefined)) {
    throw new UsageError({
      attempted: 'choose what to clear',
      on: `--leftovers with --${name === undefined ? 'dn' : 'name'}`,
      cameBack: 'leftovers belong to servers that are already deleted',
      next: 'Give only --leftovers.',
    });
  }
  if (name !== undefined && dn !== undefined) {
    throw new UsageError({
      attempted: 'choose the server',
      on: '--name with --dn',
      cameBack: 'both name a server',
      next: 'Give only one of them.',
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

/** The last run in a setup log. */
export interface SetupLog {
  /** The file's name, for messages. */
  readonly source: string;
  /** The name that setup looked for. */
  readonly name: string | undefined;
  /** The DN of the object that it found. */
  readonly dn: string | undefined;
  /** Of the file's bytes, hex. */
  readonly sha256: string;
  /** Why the machine has Exchange on it, in the log's own words; undefined if the log shows none. */
  readonly installed: string | undefined;
  /** Whether setup ended in "inconsistent state". */
  readonly isInconsistentState: boolean;
}

/**
 * Reads setup's record of its search. Each run is appended to the one before, and each is judged separately: only the
 * last one that searched counts, so that an object that an earlier run found is not taken for that of a later one, which
 * found none. Within a run the lines come in any order.
 *
 * @param source the file's name, for messages
 * @throws UsageError if the log says nothing of a server object, or names one by what is no DN
 */
export function readSetupLog(bytes: Buffer, source: string): SetupLog {
  const run = lastRunIn(textOf(bytes));
  const search = lastOf(run, searching);
  const name = search?.[1];
  const dn = lastOf(run.slice(search?.index ?? 0), finding)?.[1];
  if (name === undefined && dn === undefined) {
    throw new UsageError({
      attempted: 'read the setup log',
      on: source,
      cameBack: 'it does not say which server object setup looked for',
      next: 'Give ExchangeSetup.log of the failed run (C:\\ExchangeSetupLogs\\ExchangeSetup.log), or name the server with --name.',
    });
  }
  if (dn !== undefined) requireDn(dn, source);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { source, name, dn, sha256, installed: installedIn(run), isInconsistentState: inconsistent.test(run) };
}

const searching = /Setup will search for an Exchange Server object for the local machine with name '(.*)'/g;
const finding = /Exchange Server object found\s*:\s*'(.*)'/g;
const settingMode = /The installation mode is set to\s*:\s*'(\w*)'/g;
const listingRoles = /The following roles are installed\s*:(.*)/g;
const inconsistent = /is in an inconsistent state/;
/** The first and last lines of setup in each run. */
const betweenRuns = /^.*(?:Starting Microsoft Exchange\b.*\bSetup|End of Setup).*$/m;

/** The last run that searched for a server object; the whole text where none did. */
function lastRunIn(text: string): string {
  const runs = text.split(betweenRuns);
  if (runs.length === 1) return withoutEarlierSearch(text);
  return runs.findLast((run) => lastOf(run, searching) ?? lastOf(run, finding)) ?? text;
}

/**
 * The part of the last search in parts of several logs, which show no run's first line. What comes before a search is of
 * its run where the same comes before the first one too; else it is of the run before.
 */
function withoutEarlierSearch(run: string): string {
  const [first, ...others] = run.matchAll(searching);
  const last = others.at(-1);
  if (first === undefined || last === undefined) return run;
  const head = run.slice(0, first.index);
  const before = run.slice(others.at(-2)?.index ?? first.index, last.index);
  const own = [settingMode, listingRoles].flatMap((line) =>
    lastOf(head, line) === undefined ? [] : (lastOf(before, line)?.[0] ?? []),
  );
  return [...own, run.slice(last.index)].join('\n');
}

/**
 * What shows that the machine has Exchange: an update that failed (mode BuildToBuildUpgrade), or installed roles other
 * than the management tools. Roles that are only "unpacked" are those of a first install that stopped half-way.
 */
function installedIn(run: string): string | undefined {
  const mode = lastOf(run, settingMode);
  if (mode?.[1] === 'BuildToBuildUpgrade') return mode[0];
  const [line = '', roles = ''] = lastOf(run, listingRoles) ?? [];
  const installed = roles.match(/\w+Role\b/g) ?? [];
  return installed.some((role) => !/^AdminToolsRole$/i.test(role)) ? line.trim() : undefined;
}

function requireDn(dn: string, source: string): void {
  try {
    parseDn(dn);
  } catch (error) {
    if (!(error instanceof DnSyntaxError)) throw error;
    throw new UsageError({
      attempted: 'read the server object that setup found',
      on: `${source}: '${dn}'`,
      cameBack: error.trouble.cameBack,
      next: 'The log is damaged there: name the server with --name or --dn.',
      cause: error,
    });
  }
}

/** Setup writes UTF-8; what was saved by Notepad or PowerShell may be UTF-16. */
function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return Buffer.from(bytes.subarray(2, bytes.length & ~1))
      .swap16()
      .toString('utf16le');
  // UTF-16 without a mark: every second byte of the ASCII that a log begins with is NUL.
  if (bytes[1] === 0 && bytes[0] !== 0) return bytes.toString('utf16le');
  return bytes.toString('utf8');
}

function lastOf(text: string, pattern: RegExp): RegExpExecArray | undefined {
  return [...text.matchAll(pattern)].at(-1);
}

/** The object that setup found, in words. */
export function whatLogFound({ dn, name }: SetupLog): string {
  return (
    dn ??
    `Setup looked for ${name} and did not report an object. It searches by the FQDN in networkAddress: an object of the same name with another FQDN does not explain its message.`
  );
}
