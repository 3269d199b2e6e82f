/** adsi-remedy practice: the practice site, and the menu or the dry runs on it. */

import path from 'node:path';
import { type ExitStatus, exitStatus } from '../errors.ts';
import { layOutFormSets } from '../practice/form-sets.ts';
import type { Context } from './context.ts';
import { shownPath } from './decide.ts';
import { outputFlags, readArguments } from './flags.ts';
import { run as runLabels } from './labels.ts';
import { run as openMenu } from './menu.ts';
import { createOutput } from './output.ts';

const defaultFolder = 'adsi-remedy-practice';

export async function run(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { flags, operands } = readArguments('practice', args, outputFlags, ['DIR']);
  const output = createOutput(context, flags);
  const folder = path.resolve(context.currentFolder, operands[0] ?? defaultFolder);
  const site = await layOutFormSets(folder, context.templates);
  const roots = site.roots.flatMap((root) => ['--root', root]);
  const passedOn = args.filter((arg) => arg.startsWith('-'));
  output.tell(`  ${output.style.heading('Practice site')}  ${shownPath(folder, context)}`);
  output.tell(`  Form sets of the array members ${site.roots.map((root) => shownPath(root, context)).join(' and ')}.`);
  output.tell('  Nothing of yours is touched: change what you like, and delete the folder when you are done.');
  output.tell('');
  if (output.canAsk) {
    return openMenu(passedOn, context, { given: { labels: roots, orphan: [], tombstone: [] }, stays: true });
  }
  output.tell(`  ${output.style.bold('adsi-remedy labels --label email --dry-run')}`);
  await runLabels([...roots, '--label', 'email', '--dry-run', ...passedOn], context);
  return exitStatus.done;
}
