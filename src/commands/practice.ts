/** adsi-remedy practice: the practice site, and the menu or the dry runs on it. */

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { type ExitStatus, exitStatus, SubjectMissingError } from '../errors.ts';
import { readArguments } from '../flags.ts';
import { commandLine, shownPath } from '../quoting.ts';
import type { RemedyEntry } from '../remedies/index.ts';
import type { Practice } from '../remedies/remedy.ts';
import { outputFlags } from './command-flags.ts';
import type { Context } from './context.ts';
import { defaultPracticeSite, isPracticeSite, openPracticeDirectory, practiceMark } from './directory.ts';
import { run as openMenu } from './menu.ts';
import { createOutput } from './output.ts';
import { runRemedy } from './run-remedy.ts';

/**
 * Runs the command: lays the site out, and opens the menu on it, or shows what the remedies would change there.
 * @throws UsageError for the arguments; FileError if the site can't be written
 */
export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('practice', args, outputFlags, ['DIR']);
  const output = createOutput(context, flags);
  const folder =
    operands[0] === undefined ? defaultPracticeSite(context) : path.resolve(context.currentFolder, operands[0]);
  const practices: { readonly entry: RemedyEntry; readonly practice: Practice }[] = [];
  for (const entry of context.remedies) practices.push({ entry, practice: (await entry.load()).practice });
  for (const { practice } of practices) await practice.layOut?.(folder, context.templates);
  await mkdir(folder, { recursive: true });
  const isThereAlready = await isPracticeSite(folder);
  await writeFile(path.join(folder, practiceMark), '');
  // Changes saved here stay here, and find their forest again by the mark.
  const onSite: Context = {
    ...context,
    changes: path.join(folder, 'changes'),
    directory: () => openPracticeDirectory(folder, context),
  };
  const passedOn = args.filter((arg) => arg.startsWith('-'));
  const shown = shownPath(folder, context);
  output.report(`  ${output.style.heading('Practice site')}  ${shown}`);
  for (const { practice } of practices) output.report(`  ${practice.about}`);
  if (isThereAlready) output.report('  Changes that were applied here before are kept.');
  output.report('  Your own systems are not changed: try anything, then delete the folder.');
  output.report('  Try this first: save a change, open its review.html, apply it, undo it.');
  output.report('');
  if (output.canAsk) {
    const practiceOf = (name: string): Practice | undefined =>
      practices.find(({ entry }) => entry.name === name)?.practice;
    return openMenu(passedOn, onSite, { given: (remedy) => practiceOf(remedy)?.given(folder) ?? [], stays: true });
  }
  const plans: Record<string, unknown> = {};
  for (const { entry, practice } of practices) {
    const { name, world } = entry;
    // The folder leads a remedy to the site when it is not started here.
    const elsewhere = [...practice.given(shown), ...(world === 'directory' ? ['--practice', shown] : [])];
    const dryRun = [...practice.dryRun, '--dry-run'];
    output.report(`  ${output.style.bold(commandLine([name, ...dryRun, ...elsewhere], context))}`);
    output.report('');
    // With --json each remedy gives a document; here they become members of one.
    const stdout = new PassThrough();
    const document = readAll(stdout);
    const inside = output.isJson ? { ...onSite, stdout: stdout as unknown as Context['stdout'] } : onSite;
    const isThere = await tryOut(entry, [...practice.given(folder), ...dryRun, ...passedOn], inside);
    stdout.end();
    if (!isThere) output.say('  Nothing to change: the object no longer exists.');
    if (output.isJson) plans[name] = isThere ? JSON.parse(await document) : { remedy: name, changes: [] };
    output.report('');
  }
  output.document(plans);
  return exitStatus.done;
}

/** Whether the object exists: an earlier practice may have deleted it. */
async function tryOut(entry: RemedyEntry, args: readonly string[], context: Context): Promise<boolean> {
  try {
    await runRemedy(entry, args, context);
    return true;
  } catch (error) {
    if (error instanceof SubjectMissingError) return false;
    throw error;
  }
}
