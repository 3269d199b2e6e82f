/**
 * A change folder as this tool writes it, one run at a time: its documents are drawn from the plan, by the code of its
 * remedy.
 */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { backupPathOf, formerBackupPathOf, plainPathOf } from '../change/before-images.ts';
import { type FolderDocument, folderParts, redrawDocuments, writeChangeFolder } from '../change/folder.ts';
import { type Leftover, type Maker, requirePlainFile } from '../change/folder-files.ts';
import { withFolderLock } from '../change/folder-lock.ts';
import { type JournalRecord, readJournal } from '../change/journal.ts';
import { type FileChange, isDirectoryChange, type Plan } from '../change/plan.ts';
import { fileFingerprint, leadsElsewhere, likenessOf, sameFingerprint, targetOf } from '../change/planned-file.ts';
import { type Position, positionOf } from '../change/position.ts';
import { computerOf, type PlainFileReader, plainFileReader, realPathOf, systemFiles } from '../files/file-system.ts';
import { onlyWhileBusy, type Patience, withPatience } from '../files/system-errors.ts';
import { commandLine, shownPath } from '../quoting.ts';
import type { PlanInWords, Remedy } from '../remedies/remedy.ts';
import { htmlReview } from '../review/html.ts';
import { beforeLdif, changeLdif, removalDocuments } from '../review/ldif.ts';
import { outcomeOf, stepsNow } from '../review/summary.ts';
import { type Commands, paperReview, savedStepLines } from '../review/text.ts';
import { diffHead, diffHunks, unifiedDiff } from '../review/unified-diff.ts';
import { visible } from '../terminal/text-layout.ts';
import type { Context } from './context.ts';
import { type NamedDirectory, reopeningWords } from './directory.ts';
import type { Output } from './output.ts';
import { describePlan } from './world.ts';

/** Works on change folders that no other run may use meanwhile. Throws what withFolderLock throws. */
export function withFolders<T>(
  folders: readonly string[],
  { process, now }: Context,
  { patience }: Output,
  work: () => Promise<T>,
): Promise<T> {
  const holder = { process: process.id, host: process.host, since: now().toISOString() };
  return withFolderLock(folders, { holder, isRunning: process.isRunning, patience }, work);
}

/** A plan in its change folder, with everything needed to draw its documents. */
export interface InFolder {
  readonly folder: string;
  readonly plan: Plan;
  readonly remedy: Pick<Remedy, 'describe' | 'stepOf' | 'handOver'>;
  /** The one that this run has open, for the commands that are printed. */
  readonly directory?: NamedDirectory | undefined;
}

/**
 * Writes the change folder of a new plan.
 *
 * @param records files to store next to the plan's documents
 * @throws FileError
 */
export async function writeFolder(
  inFolder: InFolder,
  records: readonly FolderDocument[],
  context: Context,
  output: Output,
): Promise<void> {
  const { folder, plan } = inFolder;
  const drawing = drawingOf(inFolder, true, context, output);
  const documents = [...documentsOf(plan, describePlan(inFolder, context), drawing), ...records];
  reportLeftovers(await writeChangeFolder(folder, plan, documents, makerOf(context), output.patience), output);
}

/**
 * Draws the review in a change folder again from the plan and its journal: documents edited by others are replaced.
 * before.ldf is a record, and stays.
 *
 * @param mayConnect false where nothing may be opened on a computer that only the plan names
 * @throws FileError
 */
export async function redraw(inFolder: InFolder, mayConnect: boolean, context: Context, output: Output): Promise<void> {
  const { folder, plan } = inFolder;
  const records = await readJournal(path.join(folder, folderParts.journal), output.patience);
  const position = await positionOf({ folder, plan, records }, output.patience);
  const drawing = drawingOf(inFolder, mayConnect, context, output);
  const documents = documentsOf(plan, describePlan(inFolder, context), drawing, { folder, records, position });
  const drawn = documents.filter(({ name }) => name !== folderParts.entriesBefore);
  reportLeftovers(await redrawDocuments(folder, drawn, makerOf(context), output.patience), output);
}

function drawingOf(inFolder: InFolder, mayConnect: boolean, context: Context, { patience }: Output): Drawing {
  return { commands: commandsFor(inFolder, context), templates: context.templates, patience, mayConnect };
}

/**
 * How the plan of a change folder is applied and undone, as commands; there is no undo of what is handed over. They name
 * the directory that this run has open, never one that only the plan names.
 */
export function commandsFor({ folder, remedy, directory }: Omit<InFolder, 'plan'>, context: Context): Commands {
  const command = (name: 'apply' | 'undo'): string => folderCommand(name, folder, directory, context);
  return remedy.handOver === undefined
    ? { apply: command('apply'), undo: command('undo') }
    : { apply: command('apply') };
}

/** A command on a change folder, which opens again the directory that it is printed for. */
export function folderCommand(
  name: 'apply' | 'undo',
  folder: string,
  directory: NamedDirectory | undefined,
  context: Context,
): string {
  return commandLine([name, shownPath(folder, context), ...reopeningWords(directory, folder, context)], context);
}

/** This process, as in the names of files that it has not finished writing. */
function makerOf({ process, randomId }: Context): Maker {
  return { ...process, randomId };
}

function reportLeftovers(leftovers: readonly Leftover[], output: Output): void {
  for (const { path, cameBack } of leftovers) {
    output.report(
      cameBack === undefined
        ? `  Removed a leftover of an interrupted run: ${visible(path)}`
        : `  ${output.style.warning('warning')}  An interrupted run left ${visible(path)}, which cannot be removed: ${visible(cameBack)}`,
    );
  }
}

/** The input for drawing documents. */
interface Drawing {
  readonly commands: Commands;
  /** The templates folder, as a URL that ends in a slash. */
  readonly templates: URL;
  /** With other programs that have a target or its backup open. */
  readonly patience: Patience;
  /** False if only the plan names the computers of its targets and it is not approved: nothing is opened there. */
  readonly mayConnect: boolean;
}

/**
 * Everything in a change folder except the plan, the backup of files and the journal.
 *
 * @param begun the change folder, once there is one, with its journal and the position of the change: its backup holds files as
 * they were
 */
export function documentsOf(
  plan: Plan,
  description: PlanInWords,
  { commands, templates, patience, mayConnect }: Drawing,
  begun?: { readonly folder: string; readonly records: readonly JournalRecord[]; readonly position: Position },
): readonly FolderDocument[] {
  const { target, changes } = plan;
  const { folder, records = [], position } = begun ?? {};
  const steps = stepsNow(description.nextSteps, outcomeOf(plan, records, position));
  const documents: FolderDocument[] = [
    {
      name: folderParts.page,
      content: page(templates, (template) => htmlReview(plan, description, commands, template, records, position)),
    },
    { name: folderParts.text, content: forWindows(paperReview(plan, description, commands, records, position)) },
  ];
  if (target.kind === 'files') {
    const files = changes.filter((change) => change.kind === 'file');
    const reading = { mayConnect, patience: onlyWhileBusy(patience) };
    documents.push({ name: folderParts.diff, content: diffs(plan, files, folder, reading) });
  } else {
    const handedOver = changes.filter((change) => change.kind === 'remove-lingering');
    if (commands.undo === undefined) documents.push(...removalDocuments(plan, handedOver));
    else documents.push({ name: folderParts.ldif, content: changeLdif(changes.filter(isDirectoryChange), plan) });
    const entries = changes.filter((change) => change.kind !== 'file');
    documents.push({ name: folderParts.entriesBefore, content: beforeLdif(entries) });
  }
  if (steps.length > 0) documents.push({ name: folderParts.nextSteps, content: forWindows(savedStepLines(steps)) });
  return documents;
}

async function* page(templates: URL, draw: (template: string) => Iterable<string>): AsyncGenerator<string> {
  yield* draw(await readFile(new URL('review.html', templates), 'utf8'));
}

/** Text for readers: with a byte order mark and CRLF, as every editor of Windows shows it. */
function* forWindows(lines: Iterable<string>): Generator<string> {
  let mark = '\ufeff';
  for (const line of lines) {
    yield `${mark}${line}\r\n`;
    mark = '';
  }
}

/** How many drawn diffs are kept at a time, to be used again for like files: a bound of memory, more than languages are. */
const diffsKept = 1000;

/**
 * The members of an array have the same files. The plan names the bytes that each change was made from (SHA-256), so like
 * files have one diff, and only the first of them is read.
 */
async function* diffs(
  plan: Plan,
  changes: readonly FileChange[],
  folder: string | undefined,
  reading: Pick<Drawing, 'mayConnect' | 'patience'>,
): AsyncGenerator<string> {
  yield diffHead(plan);
  const read = plainFileReader(systemFiles(), Number.POSITIVE_INFINITY);
  const drawn = new Map<string, string>();
  for (const change of changes) {
    const like = likenessOf(change);
    const bytes = drawn.has(like) ? undefined : await bytesBefore(change, folder, read, reading);
    const hunks = bytes === undefined ? drawn.get(like) : diffHunks(bytes, change);
    if (drawn.size >= diffsKept) drawn.clear();
    if (hunks !== undefined) drawn.set(like, hunks);
    if (hunks !== undefined) yield unifiedDiff(hunks, plainPathOf(change.path));
    else yield `# not drawn, ${whyNot(change, reading)}: ${visible(plainPathOf(change.path))}\n`;
  }
}

function whyNot(change: FileChange, { mayConnect }: Pick<Drawing, 'mayConnect'>): string {
  return mayConnect || computerOf(targetOf(change)) === undefined
    ? 'because the file that the plan was made from is not here'
    : 'because the file is on another computer and --seal does not approve the plan';
}

/** The bytes that a plan was made from: those of the backup once the file is changed, until then the file's own. */
async function bytesBefore(
  change: FileChange,
  folder: string | undefined,
  read: PlainFileReader,
  { mayConnect, patience }: Pick<Drawing, 'mayConnect' | 'patience'>,
): Promise<Buffer | undefined> {
  const target = targetOf(change);
  const backups = folder === undefined ? [] : [backupPathOf(change.path), formerBackupPathOf(change.path)];
  const places = [
    ...backups.map((place) => path.join(folder ?? '', folderParts.backup, place)),
    ...(mayConnect || computerOf(target) === undefined ? [target] : []),
  ];
  const ifBefore = (bytes: Buffer): Buffer | undefined =>
    sameFingerprint(fileFingerprint(bytes), change.before) ? Buffer.from(bytes) : undefined;
  for (const place of places) {
    // A file that can't be read is not the one.
    const bytes = await withPatience(patience, place, async () => {
      await requirePlainFile(place);
      const isOther = place === target && leadsElsewhere(change, await realPathOf(change.path)) !== undefined;
      return isOther ? undefined : read(place, ifBefore);
    }).catch(() => undefined);
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}
