/** The options of a run, with the files that its flags name. Both the wizard and the flags produce them. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseShowrepl, type ShowreplLink, showreplArgument } from '../../ad/repadmin.ts';
import { folderParts } from '../../change/folder.ts';
import { readPlainFile } from '../../change/folder-files.ts';
import type { ForestTarget, Plan } from '../../change/plan.ts';
import { parsePlan } from '../../change/read-plan.ts';
import { RemedyError, UsageError } from '../../errors.ts';
import { errnoInWords } from '../../files/system-errors.ts';
import type { Flags } from '../../flags.ts';
import type { RemedyOptions, Surroundings } from '../remedy.ts';
import type { flags as flagTable } from './flags.ts';

/** What to do with tombstoneLifetime. */
export type WantedLifetime =
  | { readonly kind: 'days'; readonly days: number }
  /** Remove the value, so that the server's default applies. */
  | { readonly kind: 'unset' }
  /** Leave it: only another flag asks for a change. */
  | { readonly kind: 'as-is' }
  /** Not chosen yet: ask the user. */
  | { readonly kind: 'open' };

/** The answers from flags and wizard. */
export interface TombstoneOptions extends RemedyOptions {
  readonly lifetime: WantedLifetime;
  /** The new msDS-DeletedObjectLifetime in days. */
  readonly recycleDays: number | undefined;
  /** Whether the object is added that makes newly promoted DCs strict. */
  readonly strictNewDcs: boolean;
  /** Files of repadmin /showrepl. */
  readonly showrepl: readonly ShowreplFile[];
  /** The last search for lingering objects. */
  readonly evidence: LookEvidence | undefined;
}

/** A file of repadmin. */
export interface ShowreplFile {
  readonly name: string;
  /** In hex. */
  readonly sha256: string;
  readonly links: readonly ShowreplLink[];
}

/** The result of an earlier search for lingering objects. */
export interface LookEvidence {
  /** As the user named it. */
  readonly folder: string;
  /** plan.json, and its SHA-256 in hex. */
  readonly text: string;
  readonly sha256: string;
  readonly plan: Plan;
}

/** Fewer days are not always honoured: TechNet dd392260 takes 3 days, KB 198793 the default instead. */
const shortestLifetime = 3;
/** A hundred years: a longer time is a typing error, and reaches back to the start of Windows' calendar. */
const longestLifetime = 36_500;
/** The largest value of the attribute's syntax, Integer (MS-ADTS 3.1.1.2.2.2). */
const largestInteger = 2_147_483_647;

/** The fault of a number of days, in any forest; undefined if there is none. */
export function faultOfDays(days: number): string | undefined {
  if (!Number.isInteger(days)) return 'it is not a whole number';
  if (days > largestInteger || days < -largestInteger - 1) return 'the attribute holds numbers of 32 bits only';
  if (days < shortestLifetime) return `Active Directory does not honour less than ${shortestLifetime} days`;
  if (days > longestLifetime) return 'it is longer than a hundred years';
  return undefined;
}

/**
 * Reads a flag's number of days.
 * @throws UsageError if it is not a whole number of days that Active Directory honours
 */
export function parseDays(text: string, flag = '--days'): number {
  const fault = /^[+-]?\d+$/.test(text) ? faultOfDays(Number(text)) : 'it is not a whole number';
  if (fault === undefined) return Number(text);
  throw new UsageError({
    attempted: `read ${flag}`,
    on: text,
    cameBack: fault,
    next: `Give a whole number of days from ${shortestLifetime} to ${longestLifetime}; Microsoft recommends 180. To remove the value: --unset.`,
  });
}

/** The given flags of this remedy, and --accept. */
export type GivenFlags = Flags<typeof flagTable> & { readonly accept: readonly string[] };

/**
 * The options that the flags give.
 * @throws UsageError, also for a file that cannot be read
 */
export async function readOptions(
  given: GivenFlags,
  surroundings: Pick<Surroundings, 'currentFolder' | 'objectComparison' | 'patience'>,
): Promise<TombstoneOptions> {
  const lifetime = wantedLifetime(given);
  const recycle = given['recycle-days'];
  return {
    lifetime,
    recycleDays: recycle === undefined ? undefined : parseDays(recycle, '--recycle-days'),
    strictNewDcs: given['strict-new-dcs'],
    showrepl: await Promise.all(given.showrepl.map((argument) => readShowrepl(argument, surroundings.currentFolder))),
    evidence: given.evidence === undefined ? undefined : await readEvidence(given.evidence, surroundings),
    accept: given.accept,
  };
}

function wantedLifetime(given: GivenFlags): WantedLifetime {
  if (given.days !== undefined && given.unset) {
    throw new UsageError({
      attempted: 'choose the lifetime',
      on: '--days with --unset',
      cameBack: 'one sets the value, the other removes it',
      next: 'Give only one of them.',
    });
  }
  if (given.unset) return { kind: 'unset' };
  if (given.days !== undefined) return { kind: 'days', days: parseDays(given.days) };
  if (given['recycle-days'] !== undefined || given['strict-new-dcs']) return { kind: 'as-is' };
  return { kind: 'open' };
}

async function readShowrepl(argument: string, currentFolder: string): Promise<ShowreplFile> {
  const { file, offset } = showreplArgument(argument);
  try {
    const bytes = await readFile(path.resolve(currentFolder, file));
    // PowerShell's ">" writes UTF-16 with a byte order mark; cmd writes the bytes unchanged.
    const text = bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.toString('utf16le') : bytes.toString('utf8');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { name: file, sha256, links: parseShowrepl(text.replace(/^\uFEFF/, ''), offset, file) };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError({
      attempted: 'read --showrepl',
      on: file,
      cameBack: errnoInWords(error),
      next: 'Give the file that "repadmin /showrepl * /csv > FILE" wrote.',
      cause: error,
    });
  }
}

/**
 * Reads the plan of a search for lingering objects.
 * @throws UsageError if the folder cannot be read or holds another plan; PlanNotUsableError if the plan was edited
 */
async function readEvidence(
  folder: string,
  { currentFolder, objectComparison, patience }: Pick<Surroundings, 'currentFolder' | 'objectComparison' | 'patience'>,
): Promise<LookEvidence> {
  const file = path.resolve(currentFolder, folder, folderParts.plan);
  const text = await readPlainFile(file, patience).catch((error: unknown) => {
    if (error instanceof RemedyError) throw error;
    throw notUsable(folder, `${folderParts.plan}: ${errnoInWords(error)}`, error);
  });
  const plan = parsePlan(text, file);
  if (plan.remedy !== objectComparison?.name) throw notUsable(folder, `its plan was made by ${plan.remedy}`);
  return { folder, text, sha256: createHash('sha256').update(text).digest('hex'), plan };
}

function notUsable(folder: string, cameBack: string, cause?: unknown): UsageError {
  return new UsageError({
    attempted: 'read --evidence',
    on: folder,
    cameBack,
    next: 'Give the change folder that a search for lingering objects wrote with --save.',
    cause,
  });
}

/** @throws UsageError if the search was made in another forest */
export function requireSameForest({ folder, plan: { target } }: LookEvidence, forest: ForestTarget): void {
  if (target.kind === 'forest' && target.objectGuid === forest.objectGuid) return;
  throw notUsable(folder, 'it is for another forest');
}

/** The record of the search in the change folder: its plan, as it was read. */
export function evidenceRecords({ evidence }: { readonly evidence: LookEvidence | undefined }) {
  return evidence === undefined ? [] : [{ name: 'evidence.json', content: [evidence.text] }];
}
