/** The forest of the practice site: made from the templates, and kept in the site's folder once it is changed, or planned on. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, FileError } from '../errors.ts';
import { errnoInWords } from '../files/errno.ts';
import type { LdifSource } from './load.ts';
import { type EmbeddedForest, openEmbeddedForest } from './open-embedded.ts';

/** The DC that cannot be reached. */
const lostDomainController = 'dc4.corp.example.com';

export interface PracticeForest extends EmbeddedForest {
  /**
   * Writes the changes since the last call to `directory/forest.ldif` in the site's folder, whole or not at all; without
   * changes does nothing. It is synchronous, so that it can run when the process ends. Throws FileError.
   */
  save(): void;
  /** Has the next `save` write the forest also without changes: else its times are other ones when it is opened again. */
  keep(): void;
}

/**
 * Opens the practice forest: as it was saved in the folder, else as the templates have it.
 *
 * @param folder the practice site's
 * @param templates the templates folder, as a URL that ends in a slash
 * @throws whatever reading those throws
 */
export async function openPracticeForest(
  folder: string,
  templates: URL,
  clock: () => Date,
  newGuid: () => string,
): Promise<PracticeForest> {
  const file = path.join(folder, 'directory', 'forest.ldif');
  let isChanged = false;
  const forest = await openEmbeddedForest({
    sources: (await savedSource(file)) ?? (await templateSources(templates)),
    kind: 'forest',
    clock,
    newGuid,
    onWrite: () => {
      isChanged = true;
    },
  });
  // Its metadata may have been removed.
  if (forest.domainControllers.includes(lostDomainController)) {
    forest.setCondition(lostDomainController, { reachable: 'no-route' });
  }
  const save = (): void => {
    if (!isChanged) return;
    writeWhole(file, [...forest.toLdif()].join(''));
    isChanged = false;
  };
  const keep = (): void => {
    isChanged = true;
  };
  return Object.assign(forest, { save, keep });
}

async function savedSource(file: string): Promise<LdifSource[] | undefined> {
  try {
    return [{ name: file, content: await readFile(file) }];
  } catch (error) {
    // Nothing has been changed yet.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const exchangeServers = [
  { server: 'EX01', site: 'Amsterdam' },
  { server: 'EX02', site: 'Amsterdam' },
  { server: 'EX03', site: 'Paramaribo' },
];

async function templateSources(templates: URL): Promise<LdifSource[]> {
  const names = ['forest.ldif', 'people.ldif', 'deletions.ldif', 'exchange-server.ldif'] as const;
  const texts = await Promise.all(names.map((name) => readFile(new URL(`practice/${name}`, templates), 'utf8')));
  const [forest = '', people = '', deletions = '', exchangeServer = ''] = texts;
  return [
    { name: 'forest.ldif', content: forest },
    ...exchangeServers.map(({ server, site }) => ({
      name: `exchange-server.ldif for ${server}`,
      content: exchangeServer
        .replaceAll('{{server}}', server)
        .replaceAll('{{host}}', `${server.toLowerCase()}.corp.example.com`)
        .replaceAll('{{site}}', site),
    })),
    { name: 'people.ldif', content: people },
    { name: 'deletions.ldif', content: deletions },
  ];
}

/** A process that ends here leaves the state before. Throws FileError. */
function writeWhole(file: string, text: string): void {
  const draft = `${file}.new`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(draft, text);
    renameSync(draft, file);
  } catch (error) {
    throw new FileError({
      attempted: 'save the practice forest',
      on: file,
      cameBack: errnoInWords(error),
      next: 'Check that the folder can be written to; or start again in another folder: adsi-remedy practice DIR.',
      cause: error,
    });
  }
}
