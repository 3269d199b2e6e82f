/** The forest of the practice site. */

import { readFile } from 'node:fs/promises';
import { type EmbeddedForest, openEmbeddedForest } from './open-embedded.ts';

/**
 * Opens the practice forest as the templates have it.
 *
 * @param templates the templates folder, as a URL that ends in a slash
 */
export async function openPracticeForest(
  _folder: string,
  templates: URL,
  clock: () => Date,
  newGuid: () => string,
): Promise<EmbeddedForest> {
  const source = new URL('practice/forest.ldif', templates);
  return openEmbeddedForest({
    sources: [{ name: source.pathname, content: await readFile(source) }],
    kind: 'forest',
    clock,
    newGuid,
  });
}
