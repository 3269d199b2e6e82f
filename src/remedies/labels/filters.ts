/**
 * Which of the files that were found a run is about, and names that match nothing: a typing error would otherwise leave
 * files out silently.
 */

import path from 'node:path';
import { keysOf } from '../../files/strings-file.ts';
import {
  classFolderOf,
  defaultLanguage,
  type LinkOut,
  type NotEntered,
  placeOf,
  type StringsFile,
  setFolderOf,
} from '../../files/template-tree.ts';
import { distinct, nearestName } from '../../words.ts';
import { cultureOf } from './cultures.ts';
import type { LabelFile, LabelsFacts } from './facts.ts';
import type { LabelsIntent } from './intent.ts';
import { encodingNamedFor, type Filters } from './options.ts';
import { lookUpWording } from './wording.ts';

type Place = Pick<StringsFile, 'set' | 'class' | 'language'>;

/**
 * Whether the filters keep a file; names are compared in any letter case, and a filter without names keeps everything except
 * backup copies.
 */
export function isKept(file: StringsFile, filters: Filters): boolean {
  return (
    isSetKept(file, filters.sets) &&
    isNamed(file.class, filters.classes) &&
    isLanguageNamed(file.language, filters.languages) &&
    (file.aside !== 'language' || filters.languages.some((name) => isSame(name, file.language)))
  );
}

/** A set is named by its name, or by its path below the root: for a copy in another place only the path works. */
function isSetKept(file: StringsFile, sets: readonly string[]): boolean {
  if (sets.length === 0) return file.aside === undefined || file.aside === 'language';
  return sets.some((name) =>
    isPath(name) ? isSame(slashed(name), setPathOf(file)) : file.aside !== 'place' && isSame(name, file.set),
  );
}

function isPath(name: string): boolean {
  return /[\\/]/.test(name);
}

/** The path of a file's set below the root, with forward slashes. */
function setPathOf(file: StringsFile): string {
  return slashed(path.relative(path.resolve(file.root), setFolderOf(file)));
}

function slashed(name: string): string {
  return name.replaceAll('\\', '/').replace(/^(?:\.?\/)+|\/+$/g, '');
}

/** The file next to the forms is the English one, and can be named that way too. */
function isLanguageNamed(language: string, names: readonly string[]): boolean {
  if (isNamed(language, names)) return true;
  return language === defaultLanguage && names.some((name) => ['en', 'en-US'].includes(cultureOf(name) ?? ''));
}

function isNamed(name: string, names: readonly string[]): boolean {
  return names.length === 0 || names.some((candidate) => isSame(candidate, name));
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Whether a folder that can't be entered may hold a file that the filters keep; those above a class may hold any. */
export function mayHideKept(folder: string, filters: Filters): boolean {
  const place = placeOf(path.join(folder, 'strings.txt'));
  if (place === undefined || place.language === defaultLanguage) return true;
  const { sets, classes, languages } = filters;
  const isSetNamed = isNamed(place.set, sets) || sets.some(isPath);
  return isSetNamed && isNamed(place.class, classes) && isNamed(place.language, languages);
}

/** Backup copies that were left out and that no filter names: each folder once. */
export function copiesLeftOut(
  { trees }: Pick<LabelsFacts, 'trees'>,
  filters: Filters,
): { readonly copies: readonly string[]; readonly byNameOnly: readonly string[] } {
  const left = trees.flatMap((tree) => tree.files).filter((file) => file.aside !== undefined && !isKept(file, filters));
  const classes = new Set(trees.flatMap((tree) => tree.files).map(classFolderOf));
  const folderOf = (file: StringsFile): string => {
    if (file.aside === 'language') return path.dirname(file.path);
    // HTML was copied into HTML: that of the live set must not be named.
    const folder = setFolderOf(file);
    return classes.has(folder) ? classFolderOf(file) : folder;
  };
  const foldersOf = (files: readonly StringsFile[]): readonly string[] => distinct(files.map(folderOf));
  return {
    copies: foldersOf(left.filter(({ aside }) => aside !== 'name')),
    byNameOnly: foldersOf(left.filter(({ aside }) => aside === 'name')),
  };
}

/** The files that a run is about. */
export interface Selection {
  /** The files that the filters keep, by path, each once. */
  readonly files: readonly LabelFile[];
  /** The same files under the other names that links give them. */
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
): {
  readonly unreadable: readonly NotEntered[];
  readonly deadLinks: readonly NotEntered[];
  readonly linksOut: readonly LinkOut[];
} {
  const mayHide = (folder: { readonly path: string }): boolean => mayHideKept(folder.path, filters);
  return {
    unreadable: trees.flatMap((tree) => tree.unreadable).filter(mayHide),
    deadLinks: trees.flatMap((tree) => tree.deadLinks).filter(mayHide),
    linksOut: trees.flatMap((tree) => tree.linksOut).filter(mayHide),
  };
}

interface UnmatchedName {
  readonly flag: '--set' | '--class' | '--language' | '--key' | '--code-page' | '--wording';
  readonly name: string;
  /** The names of this kind among the files that the other flags keep. */
  readonly instead: readonly string[];
}

/**
 * The names of a new run's flags that match nothing, each in a line with the likely name and the names found.
 * @param files those that the filters keep
 */
export function unmatchedNames(
  facts: LabelsFacts,
  intent: LabelsIntent,
  files: readonly LabelFile[],
): readonly string[] {
  return [...unmatchedPlaces(facts, intent), ...unmatchedKeys(files, intent)].map(inWords);
}

/** The keys that no file has, each in a line with the likely name and the names found. */
export function keysNotFound(facts: LabelsFacts, intent: LabelsIntent): readonly string[] {
  return unmatchedKeys(select(facts, intent).files, intent).map(inWords);
}

function unmatchedPlaces({ trees }: LabelsFacts, intent: LabelsIntent): readonly UnmatchedName[] {
  const found = trees.flatMap((tree) => tree.files);
  const seen = new Set(
    trees
      .flatMap((tree) => [...tree.unreadable, ...tree.deadLinks, ...tree.linksOut])
      .flatMap((folder) => folder.path.toLowerCase().split(/[\\/]/)),
  );
  const ofFilter = (flag: UnmatchedName['flag'], filter: keyof Filters, nameOf: (file: Place) => string) =>
    intent[filter]
      .filter((name) => !seen.has(name.toLowerCase()))
      .filter((name) => !found.some((file) => isKept(file, { ...intent, [filter]: [name] })))
      .map((name) => ({
        flag,
        name,
        instead:
          filter === 'sets' && isPath(name)
            ? distinctNames(found.map(setPathOf)).toSorted()
            : namesOf(found, { ...intent, [filter]: [] }, nameOf),
      }));
  const languages = namesOf(found, intent, (file) => file.language);
  const pages = [...intent.encodings]
    .filter((named) => languages.every((language) => encodingNamedFor(language, new Map([named])) === undefined))
    .map(([name]) => ({ flag: '--code-page', name, instead: languages }) as const);
  return [
    ...ofFilter('--set', 'sets', (file) => file.set),
    ...ofFilter('--class', 'classes', (file) => file.class),
    ...ofFilter('--language', 'languages', (file) => file.language),
    ...pages,
    ...intent.wordingFor
      .filter((name) => languages.every((language) => !speaksFor(name, language)))
      .map((name) => ({ flag: '--wording', name, instead: languages }) as const),
  ];
}

/** Whether a wording for a culture is used for a language folder. */
function speaksFor(name: string, language: string): boolean {
  const culture = cultureOf(name);
  if (culture === undefined) return false;
  return lookUpWording([new Map([[culture, { email: name }]])], language, 'email').kind === 'found';
}

/** Country codes that are often taken for those of the language. */
const languageOfCountry: Readonly<Record<string, string>> = {
  at: 'de',
  br: 'pt',
  cn: 'zh-CN',
  cz: 'cs',
  dk: 'da',
  ee: 'et',
  gb: 'en-GB',
  gr: 'el',
  hk: 'zh-HK',
  il: 'he',
  jp: 'ja',
  kr: 'ko',
  rs: 'sr',
  se: 'sv',
  si: 'sl',
  tw: 'zh-TW',
  ua: 'uk',
  us: 'en',
  vn: 'vi',
};

/** The language folder that a country code, or another name of the language, was meant for: de for "at", de-CH and 1031. */
function meantFolder(name: string, languages: readonly string[]): string | undefined {
  const meant = languageOfCountry[name.toLowerCase()];
  return meant === undefined
    ? languages.find((language) => speaksFor(language, name))
    : languages.find((language) => speaksFor(meant, language));
}

function namesOf(found: readonly StringsFile[], filters: Filters, nameOf: (file: Place) => string): readonly string[] {
  return distinctNames(found.filter((file) => isKept(file, filters)).map(nameOf)).toSorted();
}

/** Names that differ in more than letter case, in their order. */
export function distinctNames(names: readonly string[]): readonly string[] {
  return distinct(names, (name) => name.toLowerCase());
}

/** The keys that no file has, with those of one file: form sets differ in their texts, not in their keys. */
function unmatchedKeys(files: readonly LabelFile[], intent: LabelsIntent): readonly UnmatchedName[] {
  const contents = distinct(files.map((file) => file.content));
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

/** The same without the names found. */
export function unmatchedHints(facts: LabelsFacts, intent: LabelsIntent): readonly string[] {
  return unmatchedPlaces(facts, intent).map(hintFor);
}

function inWords(unmatched: UnmatchedName): string {
  const { instead } = unmatched;
  const rest = instead.length > fewNames ? ` and ${instead.length - fewNames} more` : '';
  const there = instead.length === 0 ? '' : ` Found: ${instead.slice(0, fewNames).join(', ')}${rest}.`;
  return hintFor(unmatched) + there;
}

function hintFor(unmatched: UnmatchedName): string {
  const { flag, name } = unmatched;
  const meant = meantBy(unmatched);
  return `${flag} ${name}: no match.${meant === undefined ? '' : ` Did you mean ${meant}?`}`;
}

const flagsOfLanguages: ReadonlySet<string> = new Set(['--language', '--code-page', '--wording']);

function meantBy({ flag, name, instead }: UnmatchedName): string | undefined {
  const isLanguage = flagsOfLanguages.has(flag);
  const folder = isLanguage ? meantFolder(name, instead) : undefined;
  const end = `/${slashed(name)}`.toLowerCase();
  const byEnd = isPath(name) ? instead.find((other) => other.toLowerCase().endsWith(end)) : undefined;
  if (byEnd !== undefined) return byEnd;
  // Similar codes of two letters belong to unrelated languages.
  if (folder !== undefined || (isLanguage && name.length <= 2)) return folder;
  const near = nearestName(
    name,
    instead.map((other) => other.toLowerCase()),
  );
  return instead.find((other) => other.toLowerCase() === near);
}
