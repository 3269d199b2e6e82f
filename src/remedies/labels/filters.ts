/**
 * Which of the files that were found a run is about, and names that match nothing: a typing error would otherwise leave
 * files out silently.
 */

import { keysOf } from '../../files/strings-file.ts';
import type { NotEntered, StringsFile } from '../../files/template-tree.ts';
import { nearestName } from '../../nearest-name.ts';
import { distinct } from '../../words.ts';
import type { LabelFile, LabelsFacts } from './gather.ts';
import type { LabelsIntent } from './intent.ts';
import { encodingNamedFor, type Filters, isKept, isSame, mayHideKept, type Place } from './options.ts';

export interface Selection {
  /** The files that the filters keep, by path, each once. */
  readonly files: readonly LabelFile[];
  /** The same files by the further names that links give them. */
  readonly otherNames: readonly LabelFile[];
}

/** The files that the filters keep. One that is reached through two names goes by its own rather than by a link. */
export function select(facts: Pick<LabelsFacts, 'files'>, filters: Filters): Selection {
  const kept = facts.files.filter((file) => isKept(file, filters));
  const byRealPath = new Map<string, LabelFile>();
  for (const file of kept) {
    const known = byRealPath.get(file.realPath);
    if (known === undefined || (isByLink(known) && !isByLink(file))) byRealPath.set(file.realPath, file);
  }
  const files = new Set(byRealPath.values());
  return { files: [...files], otherNames: kept.filter((file) => !files.has(file)) };
}

/** Whether a file's name leads through a link. */
export function isByLink(file: Pick<StringsFile, 'path' | 'realPath'>): boolean {
  return file.path !== file.realPath;
}

/** The folders and links that could not be looked into and may hold files that the filters keep. */
export function notEntered(
  { trees }: Pick<LabelsFacts, 'trees'>,
  filters: Filters,
): { readonly unreadable: readonly NotEntered[]; readonly deadLinks: readonly NotEntered[] } {
  const mayHide = (folder: NotEntered): boolean => mayHideKept(folder.path, filters);
  return {
    unreadable: trees.flatMap((tree) => tree.unreadable).filter(mayHide),
    deadLinks: trees.flatMap((tree) => tree.deadLinks).filter(mayHide),
  };
}

interface UnmatchedName {
  readonly flag: '--set' | '--class' | '--language' | '--key' | '--code-page';
  readonly name: string;
  /** What there is of the kind, among what the other flags keep. */
  readonly instead: readonly string[];
}

/** The names of a new run's flags that match nothing, each in a line with what was meant and what there is. */
export function unmatchedNames(facts: LabelsFacts, intent: LabelsIntent): readonly string[] {
  return [...unmatchedPlaces(facts, intent), ...unmatchedKeys(facts, intent)].map(inWords);
}

function unmatchedPlaces({ trees }: LabelsFacts, intent: LabelsIntent): readonly UnmatchedName[] {
  const found = trees.flatMap((tree) => tree.files);
  const seen = new Set(
    trees
      .flatMap((tree) => [...tree.unreadable, ...tree.deadLinks])
      .flatMap((folder) => folder.path.toLowerCase().split(/[\\/]/)),
  );
  const ofFilter = (flag: UnmatchedName['flag'], filter: keyof Filters, nameOf: (file: Place) => string) => {
    if (intent[filter].length === 0) return [];
    const instead = namesOf(found, { ...intent, [filter]: [] }, nameOf);
    return intent[filter]
      .filter((name) => !seen.has(name.toLowerCase()) && !instead.some((other) => isSame(other, name)))
      .map((name) => ({ flag, name, instead }));
  };
  const languages = namesOf(found, intent, (file) => file.language);
  const pages = [...intent.encodings]
    .filter((named) => languages.every((language) => encodingNamedFor(language, new Map([named])) === undefined))
    .map(([name]) => ({ flag: '--code-page', name, instead: languages }) as const);
  return [
    ...ofFilter('--set', 'sets', (file) => file.set),
    ...ofFilter('--class', 'classes', (file) => file.class),
    ...ofFilter('--language', 'languages', (file) => file.language),
    ...pages,
  ];
}

function namesOf(found: readonly Place[], filters: Filters, nameOf: (file: Place) => string): readonly string[] {
  return distinctNames(found.filter((file) => isKept(file, filters)).map(nameOf)).toSorted();
}

/** Names that differ in more than letter case, in their order. */
export function distinctNames(names: readonly string[]): readonly string[] {
  return distinct(names, (name) => name.toLowerCase());
}

/** The keys that no file has, with those of one file: form sets differ in their texts, not in their keys. */
function unmatchedKeys(facts: LabelsFacts, intent: LabelsIntent): readonly UnmatchedName[] {
  const contents = distinct(select(facts, intent).files.map((file) => file.content));
  const readable = contents.flatMap((content) => (content.kind === 'strings' ? [content] : []));
  const [sample] = readable;
  if (sample === undefined) return [];
  const present = new Set(readable.flatMap((content) => distinct(content.values.map(({ key }) => key))));
  const nowhere = intent.keys.filter((key) => !present.has(key));
  if (nowhere.length === 0) return [];
  const instead = keysOf(sample.bytes(), sample.encoding);
  return nowhere.map((name) => ({ flag: '--key', name, instead }));
}

const fewNames = 12;

function inWords({ flag, name, instead }: UnmatchedName): string {
  const near = nearestName(
    name,
    instead.map((other) => other.toLowerCase()),
  );
  const meant = instead.find((other) => other.toLowerCase() === near);
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
  const rest = instead.length > fewNames ? ` and ${instead.length - fewNames} more` : '';
  const there =
    instead.length === 0
      ? ''
      : ` There ${instead.length === 1 ? 'is' : 'are'} ${instead.slice(0, fewNames).join(', ')}${rest}.`;
  return `${flag} ${name}: no match.${hint}${there}`;
}
