/** The practice forest as it is laid out: each test gets a copy, as to parse it takes far longer than to copy it. */

import { randomUUID } from 'node:crypto';
import { type EmbeddedForest, embeddedForest, openPracticeForest } from '../../src/embedded/forest.ts';
import { type LoadedForest, loadForest } from '../../src/embedded/load.ts';

export const templates = new URL('../../templates/', import.meta.url);
/** The time of every copy. */
export const practiceTime = (): Date => new Date('2026-11-22T09:00:00Z');

let laidOut: Promise<LoadedForest> | undefined;

async function layOut(): Promise<LoadedForest> {
  const forest = await openPracticeForest('', templates, practiceTime, randomUUID);
  return loadForest([{ name: 'practice', content: [...forest.toLdif()].join('') }], practiceTime());
}

/** A practice forest of its own, as it is at practiceTime; DC4 cannot be reached. @param clock the clock of its DCs */
export async function practiceForest(clock: () => Date = practiceTime): Promise<EmbeddedForest> {
  laidOut ??= layOut();
  const loaded = await laidOut;
  const controllers = loaded.controllers.map((one) => ({ ...one, store: one.store.clone() }));
  const options = { kind: 'forest', clock, newGuid: randomUUID } as const;
  const forest = embeddedForest({ ...loaded, controllers }, options);
  forest.setCondition('dc4.corp.example.com', { reachable: 'no-route' });
  return forest;
}
