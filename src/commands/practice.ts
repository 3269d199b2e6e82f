/** adsi-remedy practice: the practice site, and the menu or the dry runs on it. */

import path from 'node:path';
import { Writable } from 'node:stream';
import { type ExitStatus, exitStatus } from '../errors.ts';
import { practice as formSets } from '../remedies/labels/practice.ts';
import type { Context } from './context.ts';
import { openPracticeDirectory } from './embedded-directory.ts';
import { outputFlags, readArguments } from './flags.ts';
import { run as openMenu } from './menu.ts';
import { createOutput } from './output.ts';
import { shownPath } from './shown-path.ts';

const defaultFolder = 'adsi-remedy-practice';

export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('practice', args, outputFlags, ['DIR']);
  const output = createOutput(context, flags);
  const folder = path.resolve(context.currentFolder, operands[0] ?? defaultFolder);
  await formSets.layOut?.(folder, context.templates);
  const onSite: Context = { ...context, directory: () => openPracticeDirectory(folder, context) };
  const given = { labels: formSets.given(folder), orphan: [], tombstone: [] };
  const passedOn = args.filter((arg) => arg.startsWith('-'));
  output.tell(`  ${output.style.heading('Practice site')}  ${shownPath(folder, context)}`);
  output.tell(`  ${formSets.about}.`);
  output.tell('  A forest of four domain controllers, corp.example.com, with Exchange.');
  output.tell('  Nothing of yours is touched: change what you like, then delete the folder.');
  output.tell('');
  if (output.canAsk) return openMenu(passedOn, onSite, { given, stays: true });
  const plans: Record<string, unknown> = {};
  for (const [name, ...rest] of dryRuns) {
    output.tell(`  ${output.style.bold(`adsi-remedy ${[name, ...rest].join(' ')} --dry-run`)}`);
    output.tell('');
    const collected = collector();
    const world = output.isJson ? { ...onSite, stdout: collected.stream } : onSite;
    const isThere = await dryRun(name, [...given[name], ...rest, '--dry-run', ...passedOn], world);
    if (!isThere) output.say('  Nothing to change: the server is not there any more.');
    if (output.isJson) plans[name] = isThere ? JSON.parse(collected.text()) : { remedy: name, changes: [] };
    output.tell('');
  }
  output.document(plans);
  return exitStatus.done;
}

/** Whether there was something to look at: an orphan that was deleted on an earlier visit is no more. */
async function dryRun(name: keyof typeof remedies, args: readonly string[], context: Context): Promise<boolean> {
  const { run: runRemedy } = await remedies[name]();
  try {
    await runRemedy(args, context);
    return true;
  } catch (error) {
    const { NoSuchServerError } = await import('../remedies/orphan/find-server.ts');
    if (error instanceof NoSuchServerError) return false;
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

const remedies = {
  labels: () => import('./labels.ts'),
  tombstone: () => import('./tombstone.ts'),
  orphan: () => import('./orphan.ts'),
} as const;

/** What is shown where nobody can be asked. */
const dryRuns: readonly (readonly [keyof typeof remedies, ...string[]])[] = [
  ['labels', '--label', 'email'],
  ['tombstone', '--days', '180'],
  ['orphan', '--name', 'EX04'],
];
