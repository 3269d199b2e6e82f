/** adsi-remedy practice: the practice site, and the menu or the dry runs on it. */

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Writable } from 'node:stream';
import { type ExitStatus, exitStatus, SubjectMissingError } from '../errors.ts';
import { readArguments } from '../flags.ts';
import { commandLine, shownPath } from '../quoting.ts';
import type { RemedyEntry } from '../remedies/index.ts';
import type { Practice } from '../remedies/remedy.ts';
import { outputFlags } from './command-flags.ts';
import type { Context } from './context.ts';
import { openPracticeDirectory, practiceMark } from './directory.ts';
import { run as openMenu } from './menu.ts';
import { createOutput } from './output.ts';
import { runRemedy } from './run-remedy.ts';

const defaultFolder = 'adsi-remedy-practice';

/**
 * Runs the command: lays the site out, and opens the menu on it, or shows what the remedies would change there.
 * @throws UsageError for the arguments; FileError if the site can't be written
 */
export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('practice', args, outputFlags, ['DIR']);
  const output = createOutput(context, flags);
  const folder =
    operands[0] === undefined
      ? path.join(path.dirname(context.changes), defaultFolder)
      : path.resolve(context.currentFolder, operands[0]);
  const practices = new Map<string, Practice>();
  for (const entry of context.remedies) practices.set(entry.name, (await entry.load()).practice);
  for (const practice of practices.values()) await practice.layOut?.(folder, context.templates);
  const given = (remedy: string): readonly string[] => practices.get(remedy)?.given(folder) ?? [];
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, practiceMark), '');
  // What is saved here stays here, and finds its forest again by the mark.
  const onSite: Context = {
    ...context,
    changes: path.join(folder, 'changes'),
    directory: () => openPracticeDirectory(folder, context),
  };
  const passedOn = args.filter((arg) => arg.startsWith('-'));
  const shown = shownPath(folder, context);
  output.tell(`  ${output.style.heading('Practice site')}  ${shown}`);
  for (const { about } of practices.values()) output.tell(`  ${about}`);
  output.tell('  Nothing of yours is changed: try what you like, then delete the folder.');
  output.tell('  Try this first: save a change, open its review.html, apply it, undo it.');
  output.tell('');
  if (output.canAsk) return openMenu(passedOn, onSite, { given, stays: true });
  const plans: Record<string, unknown> = {};
  for (const entry of context.remedies) {
    const dryRun = [...(practices.get(entry.name)?.dryRun ?? []), '--dry-run'];
    output.tell(
      `  ${output.style.bold(commandLine([entry.name, ...dryRun, ...namedFrom(entry, practices, shown)], context))}`,
    );
    output.tell('');
    const collected = collector();
    const world = output.isJson ? { ...onSite, stdout: collected.stream } : onSite;
    const isThere = await tryOut(entry, [...given(entry.name), ...dryRun, ...passedOn], world);
    if (!isThere) output.say('  Nothing to change: it is not there any more.');
    if (output.isJson) plans[entry.name] = isThere ? JSON.parse(collected.text()) : { remedy: entry.name, changes: [] };
    output.tell('');
  }
  output.document(plans);
  return exitStatus.done;
}

/** The flags that lead a remedy to the site when it is not started here. */
function namedFrom(
  { name, world }: RemedyEntry,
  practices: ReadonlyMap<string, Practice>,
  folder: string,
): readonly string[] {
  return [...(practices.get(name)?.given(folder) ?? []), ...(world === 'directory' ? ['--practice', folder] : [])];
}

/** Whether there was something to look at: what was deleted on an earlier visit is gone. */
async function tryOut(entry: RemedyEntry, args: readonly string[], context: Context): Promise<boolean> {
  try {
    await runRemedy(entry, args, context);
    return true;
  } catch (error) {
    if (error instanceof SubjectMissingError) return false;
    throw error;
  }
}

/** With --json each remedy gives a document; here they become members of one. */
function collector(): { readonly stream: Context['stdout']; readonly text: () => string } {
  const pieces: Buffer[] = [];
  const stream = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece);
      done();
    },
  });
  return { stream: stream as Context['stdout'], text: () => Buffer.concat(pieces).toString() };
}
