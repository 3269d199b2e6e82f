/** Names that the user gave and that nothing here has: a typing error would otherwise leave files out without a word. */

import type { StringsFile } from '../../files/template-tree.ts';
import type { LabelFile } from './gather.ts';
import { encodingNamedFor, type LabelsOptions } from './options.ts';
import { distinct } from './survey.ts';

export interface UnmatchedName {
  readonly flag: '--set' | '--class' | '--language' | '--key' | '--code-page';
  readonly name: string;
  /** What there is of the kind, among what the other flags leave. */
  readonly instead: readonly string[];
}

type Place = Pick<StringsFile, 'set' | 'class' | 'language'>;
type Filters = Pick<LabelsOptions, 'sets' | 'classes' | 'languages'>;

/** Whether the filters leave a file in; names are compared in any letter case, and no name leaves all in. */
export function isKept(file: Place, { sets, classes, languages }: Filters): boolean {
  return isNamed(file.set, sets) && isNamed(file.class, classes) && isNamed(file.language, languages);
}

function isNamed(name: string, names: readonly string[]): boolean {
  return names.length === 0 || names.some((candidate) => isSame(candidate, name));
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/**
 * The names of the filters and of --code-page that no file has which the other filters leave in.
 *
 * @param notEntered paths of folders and links that could not be looked into: what they are named may be there
 */
export function unmatchedNames(
  found: readonly Place[],
  notEntered: readonly string[],
  options: LabelsOptions,
): readonly UnmatchedName[] {
  const seen = new Set(notEntered.flatMap((folder) => folder.toLowerCase().split(/[\\/]/)));
  const ofFilter = (flag: UnmatchedName['flag'], filter: keyof Filters, nameOf: (file: Place) => string) => {
    if (options[filter].length === 0) return [];
    const instead = namesOf(found, { ...options, [filter]: [] }, nameOf);
    return options[filter]
      .filter((name) => !seen.has(name.toLowerCase()) && !instead.some((other) => isSame(other, name)))
      .map((name) => ({ flag, name, instead }));
  };
  const languages = namesOf(found, options, (file) => file.language);
  const pages = [...options.encodings]
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
  return distinct(found.filter((file) => isKept(file, filters)).map(nameOf)).toSorted();
}

/** The keys that no file has, unless no file can be read at all. */
export function unmatchedKeys(files: readonly LabelFile[], keys: readonly string[]): readonly string[] {
  const present = new Set<string>();
  let readable = false;
  for (const { content } of files) {
    if (content.kind !== 'strings') continue;
    readable = true;
    for (const { key } of content.values) present.add(key);
  }
  return readable ? [...new Set(keys)].filter((key) => !present.has(key)) : [];
}

const fewNames = 12;

/**
 * What is told of such a name: that nothing has it, the name that was meant if one is near, and what there is.
 *
 * @param nearest the name that a typing error in lower case most likely meant, among names in lower case
 */
export function inWords(
  { flag, name, instead }: UnmatchedName,
  nearest: (given: string, names: readonly string[]) => string | undefined,
): string {
  const near = nearest(
    name.toLowerCase(),
    instead.map((other) => other.toLowerCase()),
  );
  const meant = instead.find((other) => other.toLowerCase() === near);
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
  const rest = instead.length > fewNames ? ` and ${instead.length - fewNames} more` : '';
  const there =
    instead.length === 0
      ? ''
      : ` There ${instead.length === 1 ? 'is' : 'are'} ${instead.slice(0, fewNames).join(', ')}${rest}.`;
  return `${flag} ${name}: nothing here has this name.${hint}${there}`;
}
