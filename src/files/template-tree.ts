/**
 * Where form sets lie: `<set>/<class>/strings.txt` for the default language and
 * `<set>/<class>/nls/<language>/strings.txt` for the others, in any letter case, below the CookieAuthTemplates folder.
 */

import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { glob } from 'glob';
import { errnoOf, FileError } from '../errors.ts';
import { distinct, groupBy } from '../words.ts';
import { folderLister, realPathOf } from './file-system.ts';
import { inParallel } from './in-parallel.ts';
import { temporarySuffix } from './replace-file.ts';
import { errnoInWords } from './system-errors.ts';

/** The name for the file next to the forms, which has no nls folder. */
export const defaultLanguage = 'default';

/** One strings.txt of a form set. */
export interface StringsFile {
  /** Absolute, below the root. */
  readonly path: string;
  /** The file itself where `path` is a link or leads through one. */
  readonly realPath: string;
  /** The folder that was searched, as the user named it. */
  readonly root: string;
  readonly set: string;
  readonly class: string;
  /** The nls folder's name, or "default". */
  readonly language: string;
  /**
   * What marks it as a backup copy: the name of its set next to another one ("Exchange - Copy"), such
   * a name alone ("Old Mutual"), a place below another set or below a folder of such a name, or the name of its language
   * folder ("de-backup").
   */
  readonly aside?: 'set' | 'name' | 'place' | 'language';
}

/** What was found below one folder. */
export interface TemplateTree {
  readonly root: string;
  /** Where the root really lies, if links lead there. */
  readonly realRoot: string;
  /** By path. */
  readonly files: readonly StringsFile[];
  /** Files of the right name in no form set's place: ISA Server 2004 has one directly in CookieAuthTemplates. */
  readonly misplaced: readonly string[];
  /** The forms (.htm) and scripts (.js) in the folders of the classes, by path. */
  readonly forms: readonly string[];
  /** Folders that can't be listed, by path. */
  readonly unreadable: readonly NotEntered[];
  /** Links to folders that can't be followed, by path. */
  readonly deadLinks: readonly NotEntered[];
  /** Links to folders elsewhere, which were not to be followed, by path. */
  readonly linksOut: readonly LinkOut[];
  /** Temporary files of ours that an interrupted run left. */
  readonly strays: readonly string[];
}

const classNames = new Set(['html', 'chtml', 'xhtml']);

const foldersAtOnce = 16;

/** As many as a form set's file can have on its way: of its set, its class, nls and its language. */
const linksOnOneWay = 4;

/**
 * Looks for form sets below `root`, which may be CookieAuthTemplates, a folder above it, or a set in it. Links to
 * folders (junctions, on Windows) are followed, and what a change folder keeps as its backup is no form set.
 *
 * @param mayEnter whether a link may be followed to a folder, given as it really lies
 * @throws FileError if the root is missing, is no folder or can't be listed
 */
export async function findFormSets(
  root: string,
  mayEnter: (folder: string) => boolean = () => true,
): Promise<TemplateTree> {
  // The search gives paths with a capital for the drive.
  const absolute = path.resolve(root).replace(/^[a-z]:/, (drive) => drive.toUpperCase());
  const realRoot = await realPathOfFolder(absolute);
  const found = await searchBehindLinks(
    { name: absolute, real: realRoot, links: [] },
    { inFolder: searchOnce(), mayEnter },
  );
  const files: StringsFile[] = [];
  const misplaced: string[] = [];
  const strays: string[] = [];
  const forms: string[] = [];
  for (const { name, entry } of found.entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    if (name.endsWith(temporarySuffix)) strays.push(name);
    else if (!isStrings(name)) forms.push(name);
    else {
      const place = placeOf(name);
      if (place === undefined) misplaced.push(name);
      else files.push({ path: name, realPath: await realPathOfEntry(entry), root, ...place });
    }
  }
  const classes = new Set(files.map(classFolderOf));
  const asideBySet = copiesAmong(distinct(files.map(setFolderOf)), absolute);
  // A folder that was named as the root is meant, whatever its name.
  const asideByLanguage = languageCopiesAmong(files.filter((file) => path.dirname(file.path) !== absolute));
  return {
    root,
    realRoot,
    files: files.map((file) => {
      const aside = asideBySet.get(setFolderOf(file)) ?? (asideByLanguage.has(file) ? 'language' : undefined);
      return aside === undefined ? file : { ...file, aside };
    }),
    misplaced,
    forms: forms.filter((form) => classes.has(path.dirname(form))),
    unreadable: byPath(found.unreadable),
    deadLinks: byPath(found.deadLinks),
    linksOut: byPath(found.linksOut),
    strays,
  };
}

function byPath<P extends { readonly path: string }>(places: readonly P[]): readonly P[] {
  return places.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

/** A folder or link and why nothing behind it is seen. */
export interface NotEntered {
  readonly path: string;
  readonly cameBack: string;
}

/** A link and the folder that it leads to. */
export interface LinkOut {
  readonly path: string;
  readonly realPath: string;
}

/** A folder to search: its name, the folder itself, and the links followed to it, as they really lie. */
interface Place {
  readonly name: string;
  readonly real: string;
  readonly links: readonly string[];
}

interface Findings {
  readonly entries: readonly { readonly name: string; readonly entry: Entry }[];
  readonly unreadable: readonly NotEntered[];
  readonly deadLinks: readonly NotEntered[];
  readonly linksOut: readonly LinkOut[];
}

/** How one tree is searched. */
interface Search {
  readonly inFolder: FolderSearch;
  readonly mayEnter: (folder: string) => boolean;
}

/** What lies below a folder and behind the links there, by the names that lead to it. */
async function searchBehindLinks(place: Place, search: Search): Promise<Findings> {
  const { entries, links, unreadable } = await search.inFolder(place.real);
  const named = (real: string): string =>
    place.name === place.real ? real : path.join(place.name, path.relative(place.real, real));
  const here: Findings = {
    entries: entries.map((entry) => ({ name: named(entry.path), entry })),
    unreadable: unreadable.map((folder) => ({ ...folder, path: named(folder.path) })),
    deadLinks: [],
    linksOut: [],
  };
  const behind = await inParallel(links, foldersAtOnce, (link) =>
    searchBehindLink(named(link), [...place.links, link], search),
  );
  const all = [here, ...behind];
  return {
    entries: all.flatMap((found) => found.entries),
    unreadable: all.flatMap((found) => found.unreadable),
    deadLinks: all.flatMap((found) => found.deadLinks),
    linksOut: all.flatMap((found) => found.linksOut),
  };
}

/** What lies behind the last of these links; nothing if it leads to a file. */
async function searchBehindLink(name: string, links: readonly string[], search: Search): Promise<Findings> {
  const nothing: Findings = { entries: [], unreadable: [], deadLinks: [], linksOut: [] };
  const dead = (cameBack: string): Findings => ({ ...nothing, deadLinks: [{ path: name, cameBack }] });
  try {
    if (!(await stat(name)).isDirectory()) return nothing;
    const real = await realPathOf(name);
    if (!search.mayEnter(real)) return { ...nothing, linksOut: [{ path: name, realPath: real }] };
    if (links.some((link) => isBelow(link, real))) return dead(`a circle: it leads back to ${real}`);
    if (links.length > linksOnOneWay) return dead(`it leads to ${real}, behind ${links.length - 1} other links`);
    return await searchBehindLinks({ name, real, links }, search);
  } catch (error) {
    // One link that leads nowhere does not end the search; it is reported.
    return dead(errnoInWords(error));
  }
}

/** Whether a path is a folder or below it; both are absolute. */
export function isBelow(file: string, folder: string): boolean {
  const way = path.relative(folder, file);
  return way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
}

/** What a folder holds at any depth, links to folders not followed. */
interface Searched {
  /** The strings files, forms, scripts and stray temporary files. */
  readonly entries: readonly Entry[];
  /** Links to something else, folders maybe. */
  readonly links: readonly string[];
  /** The folders that may hide some. */
  readonly unreadable: readonly NotEntered[];
}

type FolderSearch = (folder: string) => Promise<Searched>;

/** Several links may lead to a folder: what is in it is looked up once. */
function searchOnce(): FolderSearch {
  const known = new Map<string, Promise<Searched>>();
  return (folder) => {
    const searched = known.get(folder) ?? searchFolder(folder);
    known.set(folder, searched);
    return searched;
  };
}

async function searchFolder(root: string): Promise<Searched> {
  const found = { entries: [] as Entry[], links: [] as string[], unreadable: [] as NotEntered[] };
  const list = folderLister();
  await glob('**', {
    cwd: root,
    dot: true,
    fs: {
      // glob is given the folders alone and walks them. It would take one that it may not list for an empty one, does
      // not report links, and makes objects for every name: a quarter of the time of a dry run.
      readdir: (folder, _, done) => {
        list(folder).then(
          (listed) => done(null, noteAndLeaveFolders(folder, listed, found)),
          (error: NodeJS.ErrnoException) => {
            if (errnoOf(error) !== 'ENOENT') found.unreadable.push({ path: folder, cameBack: errnoInWords(error) });
            done(error);
          },
        );
      },
    },
  });
  return found;
}

/** Notes what is looked for among these entries of a folder, and gives the folders that are to be searched too. */
function noteAndLeaveFolders(
  folder: string,
  listed: readonly Dirent[],
  { entries, links }: { readonly entries: Entry[]; readonly links: string[] },
): Dirent[] {
  const start = folder.endsWith(path.sep) ? folder : folder + path.sep;
  const isChangeFolder = listed.some(({ name }) => name === 'plan.json');
  return listed.filter((entry) => {
    const { name } = entry;
    if (entry.isDirectory()) return !(isChangeFolder && name === backupName);
    const isLink = entry.isSymbolicLink();
    if (wantedName.test(name)) entries.push({ path: start + name, kind: isLink ? 'link' : 'file' });
    if (isLink && !isStrings(name) && !name.endsWith(temporarySuffix)) links.push(start + name);
    return false;
  });
}

/** Where a change folder keeps the files from before the change, next to its plan.json. */
const backupName = 'backup';

const wantedName = new RegExp(`^(?:strings\\.txt|\\..*\\${temporarySuffix}|.*\\.(?:html?|js))$`, 'i');

interface Entry {
  readonly path: string;
  readonly kind: 'file' | 'link';
}

function isStrings(file: string): boolean {
  return /(?:^|[\\/])strings\.txt$/i.test(file);
}

/** All links to folders are followed by now, so that the system need not be asked about every file. */
async function realPathOfEntry({ path: file, kind }: Entry): Promise<string> {
  // One that leads nowhere is reported when its file is read.
  return kind === 'file' ? file : realPathOf(file).catch(() => file);
}

/**
 * Where a folder really lies.
 * @param resolve gives the path without links
 * @throws FileError if it is missing, is no folder or can't be listed
 */
export async function realPathOfFolder(root: string, resolve = realPathOf): Promise<string> {
  try {
    await readdir(root);
    return await resolve(path.resolve(root));
  } catch (error) {
    // Windows reports a file in the place of a folder as missing.
    const isFile = await stat(root).then(
      (stats) => stats.isFile(),
      () => false,
    );
    throw new FileError({
      attempted: 'look for form sets',
      on: root,
      cameBack: isFile && errnoOf(error) === 'ENOENT' ? 'it is a file, not a folder' : refusedAbove(root, error),
      next: 'Give the CookieAuthTemplates folder of each array member with --root, for example \\\\TMG01\\C$\\Program Files\\Microsoft Forefront Threat Management Gateway\\Templates\\CookieAuthTemplates.',
      cause: error,
    });
  }
}

/** The system's error in words; of a folder above the root that can't be looked at, with its name. */
function refusedAbove(root: string, error: unknown): string {
  const on = error instanceof Error && 'path' in error ? String(error.path) : root;
  return on !== path.resolve(root) && isBelow(path.resolve(root), on)
    ? `a link on the way to it can't be resolved because the folder ${on} can't be read: ${errnoInWords(error)}`
    : errnoInWords(error);
}

/** Which set, class and language a strings.txt belongs to, by its folders; undefined if it lies elsewhere. */
export function placeOf(file: string): Pick<StringsFile, 'set' | 'class' | 'language'> | undefined {
  const [parent = '', grandparent = '', third = '', fourth = ''] = path.dirname(file).split(/[\\/]/).reverse();
  if (grandparent.toLowerCase() === 'nls' && classNames.has(third.toLowerCase())) {
    return { set: sharedName(fourth), class: sharedName(third), language: sharedName(parent) };
  }
  if (classNames.has(parent.toLowerCase())) {
    return { set: sharedName(grandparent), class: sharedName(parent), language: defaultLanguage };
  }
  return undefined;
}

const names = new Map<string, string>();

/** The same few names come with every array member: one string for each takes a fifth off what a file costs. */
function sharedName(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  names.set(name, name);
  return name;
}

/** The folder of the class that a strings.txt belongs to: its own, or the one above nls. */
export function classFolderOf(file: Pick<StringsFile, 'path' | 'language'>): string {
  const folder = path.dirname(file.path);
  return file.language === defaultLanguage ? folder : path.dirname(path.dirname(folder));
}

/** The folder of the set that a strings.txt belongs to. */
export function setFolderOf(file: Pick<StringsFile, 'path' | 'language'>): string {
  return path.dirname(classFolderOf(file));
}

/** Words by which people and Explorer ("Exchange - Copy") mark backup copies, in the languages of Windows. */
const copyWords =
  'copy|copyof|copia|copie|cópia|kopie|kopia|kopi|kopio|kopya|kópia|kopija|másolat|копия|копие|копія|αντίγραφο|αντιγραφή|' +
  'コピー|副本|複製|复件|복사본|עותק|نسخة|' +
  'backup|backups|bak|bck|bkp|old|orig|original|originale|originals|save|saved|sav|sicherung|sauvegarde|respaldo';
/** Words that mark a copy only next to the set that it was copied from. */
const wordsBesideOriginal =
  '(?:org|ori)(?!\\d)|before|prev|previous|alt|vorher|avant|ancien|antes|anterior|vecchio|prima|oud|gammel|gammal|vanha|' +
  'eski|stara|staré|stary|régi|vieux|viejo|antiguo|antigo|unused|disabled|obsolete|retired|deprecated|' +
  'do[-_ ]?not[-_ ]?use|tmp|temp|bkup|bckp|bup|back|sik|sich|gesichert|archive|archiv|rollback|presp\\d+|' +
  '(?:pre(?![-_ ]?prod)|vor)[-_ ]+[\\p{L}\\p{N}]+';
const wordOf = (words: string): string => `(?<!\\p{L})(?:${words})(?!\\p{L})`;
const date = '(?:19|20)\\d\\d[-_.]?[01]\\d[-_.]?[0-3]\\d';
const monthNumber = '(?:0[1-9]|1[0-2])';
const monthName = '(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)\\p{Ll}*';
/** 01.02.2024, 2024-01, 240117, 17012024, "17-May-2024", "May 2024" */
const dateBesideOriginal =
  `[0-3]?\\d[-_.][0-3]?\\d[-_.](?:19|20)?\\d\\d|(?:19|20)\\d\\d[-_.]${monthNumber}|\\d\\d${monthNumber}\\d\\d|` +
  `[0-3]\\d${monthNumber}(?:19|20)\\d\\d|\\d{1,2}[-_. ]?${monthName}[-_. ]?\\d\\d|(?<!\\p{L})${monthName}[-_. ]?(?:19|20)\\d\\d`;
const copyName = new RegExp(`${wordOf(copyWords)}|${date}`, 'iu');
/** Such a word, a date, (2) or [2], a tilde; "(2013)" is the name of a version. */
const markBesideOriginal = new RegExp(
  `${wordOf(`${copyWords}|${wordsBesideOriginal}`)}|${date}|(?<!\\d)(?:${dateBesideOriginal})(?!\\d)|\\(\\d{1,2}\\)|\\[\\d{1,2}\\]|~$`,
  'iu',
);
/** A name that is put aside without a word: "_Exchange", "Exchange_", "xExchange", "zz_Exchange". */
const onlySigns = /^[^\p{L}\p{N}]+$/u;
const putLast = /^[xz]{1,3}[-_. ]*$/i;

/** Whether a folder has the name of a backup copy: "Exchange - Copy", "Exchange.bak", "de-backup". */
function isCopyName(name: string): boolean {
  return copyName.test(name);
}

/** Whether the addition to another folder's name marks a copy of it: "Exchange (2)", "OldExchange". */
function isCopyOf(name: string, original: string): boolean {
  const at = name.toLowerCase().indexOf(original.toLowerCase());
  if (at < 0 || original === '') return false;
  const before = name.slice(0, at);
  const after = name.slice(at + original.length);
  if (onlySigns.test(before + after) || (putLast.test(before) && after === '')) return true;
  // "Visa (2)" is no copy of ISA, and "ExchangePartner (2)" none of Exchange.
  const joined = [/\p{L}+$/u.exec(before)?.[0], /^\p{L}+/u.exec(after)?.[0]];
  const isPartOfWord = joined.some((letters) => letters !== undefined && !markBesideOriginal.test(letters));
  return !isPartOfWord && [before, after].some((part) => markBesideOriginal.test(part));
}

/** The sets among these folders that are backup copies; the names of folders above the root do not matter. */
function copiesAmong(sets: readonly string[], root: string): ReadonlyMap<string, 'place' | 'set' | 'name'> {
  const known = new Set(sets);
  const beside = groupBy(sets, (folder) => path.dirname(folder));
  return new Map(
    sets.flatMap((folder): (readonly [string, 'place' | 'set' | 'name'])[] => {
      const isMarked = (above: string): boolean => known.has(above) || isCopyName(path.basename(above));
      if (foldersBetween(root, folder).some(isMarked)) return [[folder, 'place']];
      if (folder === root || !isBelow(folder, root)) return [];
      const name = path.basename(folder);
      if (beside.get(path.dirname(folder))?.some((other) => isCopyOf(name, path.basename(other))) === true)
        return [[folder, 'set']];
      return isCopyName(name) ? [[folder, 'name']] : [];
    }),
  );
}

/** The files in language folders that are backup copies: "de-backup", and "de (2)" next to "de". */
function languageCopiesAmong(files: readonly StringsFile[]): ReadonlySet<StringsFile> {
  const names = distinct(files.map(({ language }) => language));
  const copies = new Set(names.filter(isCopyName));
  // Of the many names of languages next to none is marked in any way.
  const marked = new Set(
    names.filter(
      (name) => !copies.has(name) && (markBesideOriginal.test(name) || /^[^\p{L}\p{N}]|[^\p{L}\p{N}]$/u.test(name)),
    ),
  );
  if (copies.size + marked.size === 0) return new Set();
  const nlsOf = (file: StringsFile): string => path.dirname(path.dirname(file.path));
  const beside = groupBy(files, nlsOf);
  return new Set(
    files.filter(
      (file) =>
        copies.has(file.language) ||
        (marked.has(file.language) &&
          beside.get(nlsOf(file))?.some(({ language }) => isCopyOf(file.language, language)) === true),
    ),
  );
}

/** The folders below the root and above a folder. */
function foldersBetween(root: string, folder: string): readonly string[] {
  const way = path.relative(root, path.dirname(folder));
  if (way === '' || way.startsWith('..') || path.isAbsolute(way)) return [];
  const names = way.split(path.sep);
  return names.map((_, index) => path.join(root, ...names.slice(0, index + 1)));
}

/** The folders where TMG and ISA Server keep their form sets, below a system drive ("C:", "\\\\TMG01\\C$"). */
export function knownTemplateFolders(drive: string): readonly string[] {
  const tmg = 'Microsoft Forefront Threat Management Gateway';
  const isa = 'Microsoft ISA Server';
  return ['Program Files', 'Program Files (x86)'].flatMap((programs) =>
    [`${tmg}\\Templates`, tmg, isa].map((product) => `${drive}\\${programs}\\${product}\\CookieAuthTemplates`),
  );
}
