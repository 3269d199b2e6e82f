/** Reads form sets: every strings.txt below the roots, what stands around them, and nothing is written. */

import { access, constants, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileFingerprint } from '../../change/fingerprint.ts';
import type { FileFingerprint } from '../../change/plan.ts';
import { FileError } from '../../errors.ts';
import { errnoInWords } from '../../files/errno.ts';
import { canKeepOwner, type FileUser, type Ownership } from '../../files/file-properties.ts';
import { type FileSystem, readPlainFile, systemFiles } from '../../files/file-system.ts';
import { inParallel } from '../../files/in-parallel.ts';
import { keysOf } from '../../files/strings-file.ts';
import {
  defaultLanguage,
  findFormSets,
  type NotEntered,
  placeOf,
  type StringsFile,
  type TemplateTree,
} from '../../files/template-tree.ts';
import { counted } from './counted.ts';
import { type FileContent, inspectContent } from './inspect.ts';
import type { LabelsOptions } from './options.ts';
import { isKept, type UnmatchedName, unmatchedKeys, unmatchedNames } from './unmatched.ts';

/** One strings.txt: where it lies, what it is to the file system, and what it holds. */
export interface LabelFile extends StringsFile {
  readonly content: FileContent | { readonly kind: 'unreadable'; readonly cameBack: string };
  readonly fingerprint: FileFingerprint;
  readonly readOnly: boolean;
  /** The names that the file has; above 1 there are hard links. */
  readonly names: number;
  /** Whose it is, where a new file in its place could not be given to them. */
  readonly foreignOwner?: Ownership;
}

/** A form with a placeholder of its own that names the domain. */
export interface FormPlaceholder {
  readonly path: string;
  readonly placeholder: string;
}

export interface LabelsFacts {
  readonly roots: readonly string[];
  /** Roots below which there is no form set, or none that the filters keep. */
  readonly emptyRoots: readonly string[];
  /** Those that the filters keep, by path; a file reached through two names is in it once. */
  readonly files: readonly LabelFile[];
  /** The same files by the further names that links give them. */
  readonly otherNames: readonly LabelFile[];
  readonly isa2004: readonly string[];
  readonly unreadable: readonly NotEntered[];
  /** Links that can't be followed to the folder that they may stand for. */
  readonly deadLinks: readonly NotEntered[];
  readonly placeholders: readonly FormPlaceholder[];
  readonly strays: readonly string[];
  readonly unmatched: readonly UnmatchedName[];
  /** Folders of files to change that don't let a new file be written. */
  readonly lockedFolders: readonly string[];
}

export interface Surroundings {
  /** The user that the change will be made by; none on Windows, which has no user numbers. */
  readonly user?: FileUser | undefined;
  /** Called as files are read: how many of how many. */
  readonly onRead?: (read: number, total: number) => void;
}

const filesAtOnce = 16;
/** A strings.txt takes some kilobytes; what is far larger is none, and is not read into memory. */
const largestFile = 64 * 1024 * 1024;

/**
 * Finds and reads the form sets below the options' roots.
 * @throws FileError if a root can't be listed, or no form set is below any root or none is left by the filters
 */
export async function gather(options: LabelsOptions, surroundings: Surroundings = {}): Promise<LabelsFacts> {
  return factsOf(await read(options, surroundings, inspectionOfEqualFiles(options)), options);
}

/** Form sets that were read once, for somebody who looks before saying what is wanted. */
export interface Survey {
  readonly facts: LabelsFacts;
  /**
   * The facts for other options, of what was read: their filters may only leave out more, and their roots are the same.
   * @throws FileError if their filters leave none
   */
  factsFor(options: LabelsOptions): Promise<LabelsFacts>;
}

/**
 * Finds and reads the form sets below the options' roots, and keeps what they hold: equal files, of which array members
 * have many, once.
 * @throws FileError as `gather` does
 */
export async function survey(options: LabelsOptions, surroundings: Surroundings): Promise<Survey> {
  const contents = new Map<string, Buffer>();
  const reading = await read(options, surroundings, inspectionOfEqualFiles(options, contents));
  return {
    facts: await factsOf(reading, options),
    factsFor: (wanted) => {
      const inspect = inspectionOfEqualFiles(wanted);
      const all = reading.all
        .filter((file) => isKept(file, wanted))
        .map((file) => {
          const bytes = contents.get(file.fingerprint.sha256);
          return bytes === undefined ? file : { ...file, ...inspect(bytes, file.language) };
        });
      return factsOf({ ...reading, all }, wanted);
    },
  };
}

/** What was read, whatever will be concluded from it. */
interface Reading {
  readonly trees: readonly TemplateTree[];
  /** By every name. */
  readonly all: readonly LabelFile[];
  readonly isa2004: readonly string[];
  readonly placeholders: readonly FormPlaceholder[];
  readonly lockedFolders: readonly string[];
  /** Names of the filters that were not there. */
  readonly unmatched: readonly UnmatchedName[];
}

async function read(options: LabelsOptions, { user, onRead }: Surroundings, inspect: Inspection): Promise<Reading> {
  const trees = await inParallel(options.roots, 4, findFormSets);
  const found = trees.flatMap((tree) => tree.files);
  const kept = found.filter((file) => isKept(file, options));
  const files = systemFiles();
  const misplaced = trees.flatMap((tree) => tree.misplaced);
  const isa2004 = await inPlaces2004(files, misplaced);
  let done = 0;
  const all = await inParallel(kept, filesAtOnce, async (file) => {
    const facts = await readLabelFile(files, file, inspect, user);
    done += 1;
    onRead?.(done, kept.length);
    return facts;
  });
  const notEntered = trees.flatMap((tree) => [...tree.unreadable, ...tree.deadLinks].map((folder) => folder.path));
  return {
    trees,
    all,
    isa2004,
    placeholders: (await inParallel(formsBeside(trees, all), filesAtOnce, readPlaceholder)).flat(),
    lockedFolders: await lockedFoldersOf(all),
    unmatched: unmatchedNames(found, notEntered, options),
  };
}

async function factsOf(reading: Reading, options: LabelsOptions): Promise<LabelsFacts> {
  const { trees, all, isa2004, lockedFolders } = reading;
  const mayHide = (folder: NotEntered): boolean => mayHideKept(folder.path, options);
  const unreadable = trees.flatMap((tree) => tree.unreadable).filter(mayHide);
  if (all.length === 0 && isa2004.length + unreadable.length === 0) throw nothingFound(trees, options);
  const { files, otherNames } = oncePerFile(all);
  const forms = new Set(formsBeside(trees, files));
  return {
    roots: options.roots,
    emptyRoots: options.roots.filter((root) => !all.some((file) => file.root === root)),
    files,
    otherNames,
    isa2004,
    unreadable,
    deadLinks: trees.flatMap((tree) => tree.deadLinks).filter(mayHide),
    placeholders: reading.placeholders.filter((form) => forms.has(form.path)),
    strays: trees.flatMap((tree) => tree.strays),
    unmatched: [...reading.unmatched, ...(await keysNowhere(files, options))],
    lockedFolders,
  };
}

/** Whether a folder that can't be entered may hold a file that the filters keep; those above a class may hold any. */
function mayHideKept(folder: string, options: LabelsOptions): boolean {
  const place = placeOf(path.join(folder, 'strings.txt'));
  return place === undefined || place.language === defaultLanguage || isKept(place, options);
}

function nothingFound(trees: readonly TemplateTree[], options: LabelsOptions): FileError {
  const found = trees.flatMap((tree) => tree.files);
  const [dead, ...more] = trees.flatMap((tree) => tree.deadLinks);
  const links =
    dead === undefined
      ? ''
      : `; the link ${dead.path} can't be followed: ${dead.cameBack}${more.length === 0 ? '' : `, nor can ${more.length} more`}`;
  const distinct = (names: readonly string[]): string => [...new Set(names)].sort().join(', ');
  return new FileError({
    attempted: 'find form sets',
    on: options.roots.join(', '),
    cameBack:
      found.length === 0
        ? 'nothing below it has the form of <set>/<class>/strings.txt or <set>/<class>/nls/<language>/strings.txt, with the class HTML, cHTML or xHTML' +
          links
        : `${counted(found.length, 'file')} found, and the filters leave none`,
    next:
      found.length === 0
        ? 'Give the CookieAuthTemplates folder of the array member with --root.'
        : `There are the sets ${distinct(found.map((file) => file.set))}, the classes ${distinct(found.map((file) => file.class))} and the languages ${distinct(found.map((file) => file.language))}.`,
  });
}

type Inspection = (bytes: Buffer, language: string) => Pick<LabelFile, 'content' | 'fingerprint'>;

/**
 * Array members hold copies of the same files: each content is looked at once, and its facts are kept once.
 *
 * @param kept gets each content by its SHA-256
 */
function inspectionOfEqualFiles(options: LabelsOptions, kept?: Map<string, Buffer>): Inspection {
  const known = new Map<string, ReturnType<Inspection>>();
  return (bytes, language) => {
    const fingerprint = fileFingerprint(bytes);
    const name = `${language} ${fingerprint.sha256}`;
    kept?.set(fingerprint.sha256, bytes);
    const facts = known.get(name) ?? { content: inspectContent(bytes, language, options), fingerprint };
    known.set(name, facts);
    return facts;
  };
}

async function readLabelFile(
  files: FileSystem,
  file: StringsFile,
  inspect: Inspection,
  user: FileUser | undefined,
): Promise<LabelFile> {
  try {
    const { bytes, stats } = await readPlainFile(files, file.realPath, largestFile);
    const facts: LabelFile = {
      ...file,
      ...inspect(bytes, file.language),
      readOnly: (stats.mode & 0o222) === 0,
      names: stats.nlink,
    };
    const owner: Ownership = { uid: stats.uid, gid: stats.gid };
    if (user === undefined || (await canKeepOwner(owner, path.dirname(file.realPath), user))) return facts;
    return { ...facts, foreignOwner: owner };
  } catch (error) {
    // One file that can't be read does not keep the others from being read; it becomes a blocker of its own.
    const content = { kind: 'unreadable', cameBack: errnoInWords(error) } as const;
    return { ...file, content, fingerprint: { length: 0, sha256: '' }, readOnly: false, names: 1 };
  }
}

/** Each file by one name: its own rather than one that leads through a link. */
function oncePerFile(all: readonly LabelFile[]): Pick<LabelsFacts, 'files' | 'otherNames'> {
  const byPath = new Map<string, LabelFile>();
  for (const file of all) {
    const known = byPath.get(file.realPath);
    if (known === undefined || (isByLink(known) && !isByLink(file))) byPath.set(file.realPath, file);
  }
  const files = [...byPath.values()];
  const named = new Set(files);
  return { files, otherNames: all.filter((file) => !named.has(file)) };
}

/** Whether a file's name leads through a link. */
export function isByLink(file: Pick<StringsFile, 'path' | 'realPath'>): boolean {
  return path.resolve(file.path) !== file.realPath;
}

/** ISA Server 2004 keeps one strings file directly in CookieAuthTemplates, with numbers for keys. */
async function inPlaces2004(files: FileSystem, misplaced: readonly string[]): Promise<readonly string[]> {
  const options = { keys: [], newLabel: { kind: 'none' }, encodings: new Map() } as const;
  const old = await inParallel(misplaced, filesAtOnce, (file) =>
    readPlainFile(files, file, largestFile).then(
      ({ bytes }) => inspectContent(bytes, 'en', options).kind === 'isa-2004',
      // By its place it is not a form set's file: nothing is lost if it can't be read.
      () => false,
    ),
  );
  return misplaced.filter((_, index) => old[index]);
}

/** The keys that no file has, and those of the first file instead: form sets differ in their texts, not in their keys. */
async function keysNowhere(files: readonly LabelFile[], { keys }: LabelsOptions): Promise<readonly UnmatchedName[]> {
  const nowhere = unmatchedKeys(files, keys);
  const sample = files.find((file) => file.content.kind === 'strings');
  if (nowhere.length === 0 || sample?.content.kind !== 'strings') return [];
  const { encoding } = sample.content;
  // The file was readable a moment ago; without it the hint alone is lost.
  const instead = await readPlainFile(systemFiles(), sample.realPath, largestFile).then(
    ({ bytes }) => keysOf(bytes, encoding),
    () => [],
  );
  return nowhere.map((name) => ({ flag: '--key', name, instead }));
}

function formsBeside(trees: readonly TemplateTree[], files: readonly LabelFile[]): readonly string[] {
  const folders = new Set(
    files.flatMap((file) => {
      const folder = path.dirname(file.path);
      return [folder, path.dirname(path.dirname(folder))];
    }),
  );
  return trees.flatMap((tree) => tree.forms).filter((form) => folders.has(path.dirname(form)));
}

async function readPlaceholder(form: string): Promise<readonly FormPlaceholder[]> {
  // The label is what is changed; a form that can't be read only loses this hint.
  const text = await readFile(form, 'latin1').catch(() => '');
  const [, placeholder] = /placeholder\s*=\s*["']([^"'\r\n]*\\[^"'\r\n]*)["']/i.exec(text.replaceAll('\0', '')) ?? [];
  return placeholder === undefined ? [] : [{ path: form, placeholder }];
}

async function lockedFoldersOf(files: readonly LabelFile[]): Promise<readonly string[]> {
  const folders = [...new Set(files.map((file) => path.dirname(file.realPath)))];
  const locked = await inParallel(folders, filesAtOnce, async (folder) => {
    try {
      await access(folder, constants.W_OK);
      return [];
    } catch {
      // Whatever keeps us from writing there, the finding is the same.
      return [folder];
    }
  });
  return locked.flat();
}
