/** adsi-remedy labels, until the one runner takes its place. */

import type { FolderDocument } from '../change/folder.ts';
import type { FileChange, Plan } from '../change/plan.ts';
import { type ExitStatus, UsageError } from '../errors.ts';
import { diffDocument, pageDocument, textDocument } from './change-documents.ts';
import type { Context } from './context.ts';

export async function run(_args: readonly string[], _context: Context): Promise<ExitStatus> {
  throw new UsageError({ attempted: 'run', on: 'labels', cameBack: 'not available', next: 'Use the runner.' });
}

/**
 * What a change folder of this remedy holds besides the plan.
 *
 * @param templates the templates folder, as a URL that ends in a slash
 */
export function labelsDocuments(plan: Plan<FileChange>, templates: URL): readonly FolderDocument[] {
  return [pageDocument(plan, templates), textDocument(plan), diffDocument(plan.changes)];
}
