/**
 * Where the files of a review's rows are. Many languages lie in the same folders of form sets: these are named once, as a
 * group that rows refer to. A file that lies anywhere else, or is itself a link, is named by its whole path.
 */

import type { FileChange, Target } from '../change/plan.ts';
import { defaultLanguage } from '../files/template-tree.ts';
import { distinct, groupBy } from '../words.ts';
import type { FilesRow } from './rows.ts';

/** Folders that hold the same languages, each in the file `nls\LANGUAGE\strings.txt` unless its name says otherwise. */
export interface PlaceGroup {
  /** "A", "B" … "AA" */
  readonly name: string;
  /** `ROOT\SET\CLASS` whole, with the folder itself where a link leads there, and another spelling of the file in it. */
  readonly folders: readonly string[];
  /** Of these the roots, and `SET\CLASS`, each once. */
  readonly roots: readonly string[];
  readonly sets: readonly string[];
  readonly separator: string;
  /** Each folder that lies behind a link, once for all groups that hold it. */
  readonly behindLinks: readonly BehindLink[];
}

/** A folder behind a link, without the last parts in which both paths are the same. */
interface BehindLink {
  readonly folder: string;
  readonly named: string;
  readonly real: string;
}

/** Where the files of one row are. */
export interface RowPlaces {
  readonly groups: readonly PlaceGroup[];
  /** The files that no group holds. */
  readonly others: readonly FileChange[];
}

interface NamedFolder {
  readonly folder: string;
  readonly groups: string;
}

/** Where the files of all rows are. */
export interface FilePlaces {
  readonly groups: readonly PlaceGroup[];
  /** Every folder once with the names of its groups, '' if there is one group alone; by the file of a language in it. */
  readonly folders: readonly { readonly file: string; readonly folders: readonly NamedFolder[] }[];
  of(row: FilesRow): RowPlaces;
}

/** The groups of all rows, and what each row has of them. */
export function filePlaces(rows: readonly FilesRow[], target: Target): FilePlaces {
  const roots = new Set(target.kind === 'files' ? target.roots : []);
  const placed = rows.map((row) => ({
    row,
    files: row.changes.map((change) => ({ change, place: placeOf(change, row.language, roots) })),
  }));
  const nlsOf = new Map<string, string>();
  for (const { place } of placed.flatMap(({ files }) => files)) {
    if (place?.nls !== undefined) nlsOf.set(place.folder, place.nls);
  }
  const groups = new Map<string, PlaceGroup>();
  const places = new Map(
    placed.map(({ row, files }) => {
      const inPlace = files.map(({ place }) => place).filter((place) => place !== undefined);
      const bySeparator = [...groupBy(inPlace, ({ separator }) => separator).values()];
      const others = files.filter(({ place }) => place === undefined).map(({ change }) => change);
      return [row.number, { groups: bySeparator.map((some) => groupOf(some, nlsOf, groups)), others }];
    }),
  );
  const all = [...groups.values()];
  return {
    groups: all,
    folders: [...groupBy(all, fileOf)].map(([file, some]) => ({ file, folders: foldersOf(some, all.length > 1) })),
    of: ({ number }) => places.get(number) ?? { groups: [], others: [] },
  };
}

/** The usual file of a language, below each folder. */
function fileOf({ separator }: PlaceGroup): string {
  return ['nls', 'LANGUAGE', 'strings.txt'].join(separator);
}

function foldersOf(groups: readonly PlaceGroup[], isNamed: boolean): readonly NamedFolder[] {
  const pairs = groups.flatMap(({ name, folders }) => folders.map((folder) => ({ name, folder })));
  return [...groupBy(pairs, ({ folder }) => folder)].map(([folder, some]) => ({
    folder,
    groups: isNamed ? some.map(({ name }) => name).join(', ') : '',
  }));
}

/** What the list of folders says, before it. */
export function placesInWords(file: string, { groups }: FilePlaces): string {
  const folders = groups.length > 1 ? 'the folders of its group' : 'each of these folders';
  return `Each language is the file ${file}, the default language strings.txt, unless another is named, in ${folders}:`;
}

/** The path of a file as it is shown where no group holds it, with the file itself behind a link. */
export function wholePath({ path, realPath }: FileChange): string {
  return realPath === undefined || realPath === path ? path : `${path} → ${realPath}`;
}

/** The group of these folders, known or new. */
function groupOf(
  places: readonly Place[],
  nlsOf: ReadonlyMap<string, string>,
  groups: Map<string, PlaceGroup>,
): PlaceGroup {
  const folders = places.map((place) => folderInWords(place, place.nls ?? nlsOf.get(place.folder) ?? 'nls')).sort();
  const key = JSON.stringify(folders);
  const known = groups.get(key);
  if (known !== undefined) return known;
  const group = {
    name: letters(groups.size),
    folders,
    roots: distinct(places.map(({ root }) => root)),
    sets: distinct(places.map(({ set }) => set)).toSorted(),
    separator: places[0]?.separator ?? '/',
    behindLinks: places.flatMap(({ behindLink }) => behindLink ?? []),
  };
  groups.set(key, group);
  return group;
}

/** A folder, with the path of the files in it where that is spelled in another way. */
function folderInWords({ folder, separator, file }: Place, nls: string): string {
  const isUsual = nls === 'nls' && file === 'strings.txt';
  return isUsual ? folder : `${folder} (${[nls, 'LANGUAGE', file].join(separator)})`;
}

interface Place {
  readonly root: string;
  /** `SET\CLASS` */
  readonly set: string;
  /** With the folder itself behind an arrow where a link leads there. */
  readonly folder: string;
  readonly separator: string;
  /** As this path spells it; none on the way to the default language. */
  readonly nls: string | undefined;
  readonly file: string;
  readonly behindLink: BehindLink | undefined;
}

/** The folder of the form set, if the file lies in it just where this language's texts belong, below a named root. */
function placeOf(change: FileChange, language: string, roots: ReadonlySet<string>): Place | undefined {
  if (!roots.has(change.root)) return undefined;
  if ([change.set, change.class, language].some((name) => /[\\/]/.test(name))) return undefined;
  return placeBy('\\', change, language) ?? placeBy('/', change, language);
}

function placeBy(separator: string, change: FileChange, language: string): Place | undefined {
  const { path, realPath = path, root } = change;
  if (!path.includes(separator)) return undefined;
  const parts = path.split(separator);
  const file = parts.at(-1) ?? '';
  const nls = language === defaultLanguage ? undefined : (parts.at(-3) ?? '');
  if (file.toLowerCase() !== 'strings.txt' || (nls ?? 'nls').toLowerCase() !== 'nls') return undefined;
  const below = separator + (nls === undefined ? '' : nls + separator + language + separator) + file;
  const folder = path.slice(0, -below.length);
  const real = realPath.slice(0, -below.length);
  const behind = realPath === path ? '' : ` → ${real}`;
  const set = change.set + separator + change.class;
  const isInPlace =
    path.endsWith(below) &&
    realPath.endsWith(below) &&
    folder.endsWith(separator + set) &&
    folder.startsWith(root.endsWith(separator) ? root : root + separator);
  const behindLink = behind === '' ? undefined : behindLinkOf(folder, real, separator);
  return isInPlace ? { root, set, folder: folder + behind, separator, nls, file, behindLink } : undefined;
}

function behindLinkOf(folder: string, real: string, separator: string): BehindLink {
  const [named, other] = [folder.split(separator), real.split(separator)];
  while (named.length > 1 && other.length > 1 && named.at(-1) === other.at(-1)) {
    named.pop();
    other.pop();
  }
  return { folder, named: named.join(separator) || separator, real: other.join(separator) || separator };
}

/** Paths that lie in the same way below several roots. */
interface PathsBelow {
  /** Each with its separator at the end; none for paths that lie below no root: these are whole. */
  readonly roots: readonly string[];
  /** Each root with each of these is a path. */
  readonly rests: readonly string[];
}

/** Paths (or anything else that was seen) with the roots that they lie below said once. */
export function pathsBelow(paths: readonly string[], roots: readonly string[]): readonly PathsBelow[] {
  const longestFirst = roots.toSorted((one, other) => other.length - one.length);
  const split = paths.map((path) => {
    const root = longestFirst.find((candidate) => path.startsWith(candidate) && /^[\\/]/.test(endOf(path, candidate)));
    const separator = root === undefined || /[\\/]$/.test(root) ? '' : path.charAt(root.length);
    const start = root === undefined ? '' : root + separator;
    return { start, rest: path.slice(start.length) };
  });
  const starts = [...groupBy(split, ({ start }) => start)].map(([start, parts]) => ({
    start,
    rests: parts.map(({ rest }) => rest),
  }));
  return [...groupBy(starts, ({ rests }) => JSON.stringify(rests)).values()].flatMap((alike) => {
    const rests = alike[0]?.rests ?? [];
    const below = alike.map(({ start }) => start).filter((start) => start !== '');
    return [
      ...(below.length < alike.length ? [{ roots: [], rests }] : []),
      ...(below.length > 0 ? [{ roots: below, rests }] : []),
    ];
  });
}

/** What follows a root in a path, the separator included, wherever the root has it. */
function endOf(path: string, root: string): string {
  return path.slice(/[\\/]$/.test(root) ? root.length - 1 : root.length);
}

const alphabet = 26;

function letters(index: number): string {
  const before = index < alphabet ? '' : letters(Math.floor(index / alphabet) - 1);
  return before + String.fromCharCode('A'.charCodeAt(0) + (index % alphabet));
}
