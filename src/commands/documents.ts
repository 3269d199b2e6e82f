/** The documents of a change folder: each drawn from the plan, by the code of its remedy. */

import { readFile } from 'node:fs/promises';
import { plainPathOf } from '../change/before-images.ts';
import { fileFingerprint, sameFingerprint } from '../change/fingerprint.ts';
import { type FolderDocument, folderParts } from '../change/folder.ts';
import type { JournalRecord } from '../change/journal.ts';
import type { Change, DirectoryChange, FileChange, Plan } from '../change/plan.ts';
import type { Description } from '../remedies/remedy.ts';
import { htmlReview } from '../review/html.ts';
import { beforeLdif, changeLdif } from '../review/ldif.ts';
import type { Commands } from '../review/text.ts';
import { nextStepLines, paperReview } from '../review/text.ts';
import { diffHead, unifiedDiff } from '../review/unified-diff.ts';

/**
 * All that lies in a change folder beside the plan, the backup of files and the journal.
 *
 * @param templates the templates folder, as a URL that ends in a slash
 * @param journal what apply and undo have recorded so far
 */
export function documentsOf(
  plan: Plan,
  description: Description,
  commands: Commands,
  templates: URL,
  journal: readonly JournalRecord[] = [],
): readonly FolderDocument[] {
  const files = plan.changes.filter(isFileChange);
  const entries = plan.changes.filter(isDirectoryChange);
  return [
    { name: folderParts.page, content: page(plan, description, commands, templates, journal) },
    { name: folderParts.text, content: forWindows(paperReview(plan, description, commands, journal)) },
    ...(plan.target.kind === 'files' ? [{ name: folderParts.diff, content: diffs(plan, files) }] : []),
    ...(plan.target.kind === 'forest'
      ? [
          { name: folderParts.ldif, content: changeLdif(entries, plan) },
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

function isDirectoryChange(change: Change): change is DirectoryChange {
  return change.kind !== 'file';
}

async function* page(
  plan: Plan,
  description: Description,
  commands: Commands,
  templates: URL,
  journal: readonly JournalRecord[],
): AsyncGenerator<string> {
  yield* htmlReview(plan, description, commands, await readFile(new URL('review.html', templates), 'utf8'), journal);
}

/** Text for people: with a byte order mark and CRLF, as every editor of Windows shows it. */
function* forWindows(lines: Iterable<string>): Generator<string> {
  let mark = '\ufeff';
  for (const line of lines) {
    yield `${mark}${line}\r\n`;
    mark = '';
  }
}

async function* diffs(plan: Plan, changes: readonly FileChange[]): AsyncGenerator<string> {
  yield diffHead(plan);
  for (const change of changes) {
    const bytes = await readFile(change.path).catch(() => Buffer.alloc(0));
    // A file that has moved on has no diff to show: its change will be refused.
    if (sameFingerprint(fileFingerprint(bytes), change.before))
      yield unifiedDiff(bytes, change, plainPathOf(change.path));
    else yield `# not drawn, as it is not the file that the plan was made from: ${plainPathOf(change.path)}\n`;
  }
}
