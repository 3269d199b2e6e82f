/** The documents of a change folder, each a view of the plan. */

import { readFile } from 'node:fs/promises';
import { plainPathOf } from '../change/before-images.ts';
import { fileFingerprint, sameFingerprint } from '../change/fingerprint.ts';
import { type FolderDocument, folderParts } from '../change/folder.ts';
import type { DirectoryChange, FileChange, Plan } from '../change/plan.ts';
import { htmlReview } from '../review/html.ts';
import { beforeLdif, changeLdif } from '../review/ldif.ts';
import { textReview } from '../review/text.ts';
import { unifiedDiff } from '../review/unified-diff.ts';
import { createStyle } from '../terminal/style.ts';

/** The columns of review.txt, which prints on paper. */
const paperWidth = 100;

/** review.txt: the review without colour, every place and every line. */
export function textDocument(plan: Plan): FolderDocument {
  return {
    name: folderParts.text,
    content: endedLines(textReview(plan, { style: createStyle(false), width: paperWidth, verbose: true })),
  };
}

/**
 * review.html: the page for the change board.
 *
 * @param templates the templates folder, as a URL that ends in a slash
 */
export function pageDocument(plan: Plan, templates: URL): FolderDocument {
  return { name: folderParts.page, content: page(plan, templates) };
}

async function* page(plan: Plan, templates: URL): AsyncGenerator<string> {
  yield* htmlReview(plan, await readFile(new URL('review.html', templates), 'utf8'));
}

/** change.diff of a plan for files: read anew, one file at a time. */
export function diffDocument(changes: readonly FileChange[]): FolderDocument {
  return { name: folderParts.diff, content: diffs(changes) };
}

/** change.ldf and before.ldf of a plan for a directory. */
export function ldifDocuments(changes: readonly DirectoryChange[]): readonly FolderDocument[] {
  return [
    { name: folderParts.ldif, content: changeLdif(changes) },
    { name: folderParts.entriesBefore, content: beforeLdif(changes) },
  ];
}

export function nextStepsDocument(lines: readonly string[]): FolderDocument {
  return { name: folderParts.nextSteps, content: endedLines(lines) };
}

function* endedLines(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`;
}

async function* diffs(changes: readonly FileChange[]): AsyncGenerator<string> {
  for (const change of changes) {
    const bytes = await readFile(change.path).catch(() => Buffer.alloc(0));
    // A file that has moved on has no diff to show: its change will be refused.
    if (!sameFingerprint(fileFingerprint(bytes), change.before)) continue;
    yield unifiedDiff(bytes, change, plainPathOf(change.path));
  }
}
