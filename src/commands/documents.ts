/** The documents of a change folder: each drawn from the plan, by the code of its remedy. */

import { readFile } from 'node:fs/promises';
import { plainPathOf } from '../change/before-images.ts';
import { fileFingerprint, sameFingerprint } from '../change/fingerprint.ts';
import { type FolderDocument, folderParts } from '../change/folder.ts';
import {
  type Change,
  type EntryChange,
  type FileChange,
  isDirectoryChange,
  type Plan,
  type RemoveLingeringChange,
} from '../change/plan.ts';
import type { Description } from '../remedies/remedy.ts';
import { htmlReview } from '../review/html.ts';
import { beforeLdif, changeLdif } from '../review/ldif.ts';
import { removalDocuments } from '../review/removal-ldif.ts';
import type { Commands } from '../review/text.ts';
import { nextStepLines, paperReview } from '../review/text.ts';
import { unifiedDiff } from '../review/unified-diff.ts';

/**
 * All that lies in a change folder beside the plan, the backup of files and the journal.
 *
 * @param templates the templates folder, as a URL that ends in a slash
 */
export function documentsOf(
  plan: Plan,
  description: Description,
  commands: Commands,
  templates: URL,
): readonly FolderDocument[] {
  const files = plan.changes.filter(isFileChange);
  const entries = plan.changes.filter(isEntryChange);
  const handedOver = plan.changes.filter(isHandedOver);
  return [
    { name: folderParts.page, content: page(plan, description, commands, templates) },
    { name: folderParts.text, content: forWindows(paperReview(plan, description, commands)) },
    ...(plan.target.kind === 'files' ? [{ name: folderParts.diff, content: diffs(files) }] : []),
    ...(plan.target.kind === 'forest'
      ? [
          ...(handedOver.length > 0
            ? removalDocuments(plan, handedOver)
            : [{ name: folderParts.ldif, content: changeLdif(plan.changes.filter(isDirectoryChange), plan) }]),
          { name: folderParts.entriesBefore, content: beforeLdif(entries) },
        ]
      : []),
    ...(description.nextSteps.length === 0
      ? []
      : [{ name: folderParts.nextSteps, content: forWindows(nextStepLines(description.nextSteps)) }]),
  ];
}

function isFileChange(change: Change): change is FileChange {
  return change.kind === 'file';
}

function isHandedOver(change: Change): change is RemoveLingeringChange {
  return change.kind === 'remove-lingering';
}

function isEntryChange(change: Change): change is EntryChange {
  return change.kind !== 'file';
}

async function* page(plan: Plan, description: Description, commands: Commands, templates: URL): AsyncGenerator<string> {
  yield* htmlReview(plan, description, commands, await readFile(new URL('review.html', templates), 'utf8'));
}

/** Text for people: with a byte order mark and CRLF, as every editor of Windows shows it. */
function* forWindows(lines: Iterable<string>): Generator<string> {
  let mark = '\ufeff';
  for (const line of lines) {
    yield `${mark}${line}\r\n`;
    mark = '';
  }
}

async function* diffs(changes: readonly FileChange[]): AsyncGenerator<string> {
  for (const change of changes) {
    const bytes = await readFile(change.path).catch(() => Buffer.alloc(0));
    // A file that has moved on has no diff to show: its change will be refused.
    if (sameFingerprint(fileFingerprint(bytes), change.before))
      yield unifiedDiff(bytes, change, plainPathOf(change.path));
    else yield `# not drawn, as it is not the file that the plan was made from: ${plainPathOf(change.path)}\n`;
  }
}
