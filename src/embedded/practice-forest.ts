/** The forest of the practice site: made from the templates, and remembered in the site's folder once it is changed. */

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf } from '../errors.ts';
import type { LdifSource } from './load.ts';
import { type EmbeddedForest, openEmbeddedForest } from './open-embedded.ts';
import { practiceDeletions } from './practice-deletions.ts';
import { practicePeople } from './practice-people.ts';

/** The administrator of the practice forest, for whoever connects with a password. */
const practiceAdministrator = { name: 'Administrator', password: 'Practice-2026' } as const;

/** The DC that cannot be reached. */
const lostDomainController = 'dc4.corp.example.com';

/**
 * Opens the practice forest: as it was left in the folder, else as the templates have it.
 *
 * @param folder the practice site's; written to by the first change, in `directory/forest.ldif`
 * @param templates the templates folder, as a URL that ends in a slash
 * @throws whatever reading or writing those throws
 */
export async function openPracticeForest(
  folder: string,
  templates: URL,
  clock: () => Date,
  newGuid: () => string,
): Promise<EmbeddedForest> {
  const state = path.join(folder, 'directory', 'forest.ldif');
  const forest: EmbeddedForest = await openEmbeddedForest({
    sources: (await savedSource(state)) ?? (await templateSources(templates)),
    kind: 'forest',
    clock,
    newGuid,
    accounts: [practiceAdministrator],
    afterWrite: () => save(forest, state),
  });
  forest.setCondition(lostDomainController, { reachable: 'no-route' });
  return forest;
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
  const read = (name: string): Promise<string> => readFile(new URL(`practice/${name}`, templates), 'utf8');
  const [forest, exchangeServer] = await Promise.all([read('forest.ldif'), read('exchange-server.ldif')]);
  return [
    { name: 'forest.ldif', content: forest },
    ...exchangeServers.map(({ server, site }) => ({
      name: `exchange-server.ldif for ${server}`,
      content: exchangeServer
        .replaceAll('{{server}}', server)
        .replaceAll('{{host}}', `${server.toLowerCase()}.corp.example.com`)
        .replaceAll('{{site}}', site),
    })),
    { name: 'people', content: practicePeople() },
    { name: 'deletions', content: practiceDeletions() },
  ];
}

/** Whole or not at all: a process that ends here leaves the state before. */
async function save(forest: EmbeddedForest, file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.new`;
  await writeFile(draft, [...forest.toLdif()].join(''));
  await rename(draft, file);
}
