/** Reads form sets: every strings.txt below the roots, or those of a plan, and what lies around them. Writes nothing. */

import { access, constants, readdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileFingerprint } from '../../change/fingerprint.ts';
import type { FileChange, Plan } from '../../change/plan.ts';
import { FileError } from '../../errors.ts';
import { errnoInWords } from '../../files/errno.ts';
import { canKeepOwner, type FileUser, type Ownership } from '../../files/file-properties.ts';
import { type FileSystem, readPlainFile, systemFiles } from '../../files/file-system.ts';
import { inParallel } from '../../files/in-parallel.ts';
import { findFormSets, type StringsFile, type TemplateTree } from '../../files/template-tree.ts';
import type { TextEncoding } from '../../files/text-encoding.ts';
import { counted, distinct } from '../../words.ts';
import type { FilesWorld, Scope } from '../remedy.ts';
import { codePageOf } from './cultures.ts';
import { readIntent } from './intent.ts';
import {
  encodingNamedFor,
  isKept,
  keysIn,
  type LabelsOptions,
  mayHideKept,
  userIdKey,
  userNameKey,
} from './options.ts';
import { type FileContent, keeper, readStrings } from './strings-content.ts';
import { checkUserPrincipalNames, type UpnCheck } from './upn-check.ts';

/** One strings.txt: where it lies, what it is to the file system, and what it holds. */
export interface LabelFile extends StringsFile {
  readonly content: FileContent | { readonly kind: 'unreadable'; readonly cameBack: string };
  readonly readOnly: boolean;
  /** The names that the file has; above 1 there are hard links. */
  readonly names: number;
  /** Its owner, where a new file in its place could not be given to them. */
  readonly foreignOwner?: Ownership;
}

/** A form with a placeholder of its own that names the domain. */
export interface FormPlaceholder {
  readonly path: string;
  readonly placeholder: string;
}

export interface LabelsFacts {
  /** Whether form sets were looked for, or only the files of a plan were looked at. */
  readonly scope: 'new' | 'plan';
  /** The folder that relative paths start from. */
  readonly currentFolder: string;
  readonly roots: readonly string[];
  /** Where each root really lies. */
  readonly realRoots: ReadonlyMap<string, string>;
  /** The keys whose values were read. */
  readonly keys: readonly string[];
  /** What was found below each root; none for a plan's own files. */
  readonly trees: readonly TemplateTree[];
  /** The files that were read, by path, once by each name; of a plan that is resumed, those still to be changed. */
  readonly files: readonly LabelFile[];
  readonly isa2004: readonly string[];
  readonly placeholders: readonly FormPlaceholder[];
  /** Folders of files that don't let a new file be written. */
  readonly lockedFolders: ReadonlySet<string>;
  /** Who could not log on with the new label, if a directory was asked. */
  readonly upns?: UpnCheck;
}

const filesAtOnce = 16;
/** A strings.txt takes some kilobytes; what is far larger is none, and is not read into memory. */
const largestFile = 64 * 1024 * 1024;

/**
 * Finds and reads the form sets below the options' roots, or the files of a plan.
 *
 * @param known what an earlier look of this run read: it is not read again as long as roots, keys and encodings stay
 * @throws FileError if a root can't be listed, or no form set is below any root or none is left by the filters;
 * DirectoryError if a directory is asked and no global catalog answers
 */
export async function gather(
  world: FilesWorld,
  scope: Scope<LabelsOptions>,
  known?: LabelsFacts,
): Promise<LabelsFacts> {
  if (scope.kind === 'plan') return factsOfPlan(world, scope.plan, scope.done);
  const { options } = scope;
  const facts = known !== undefined && isStillGood(known, options) ? known : await factsBelow(world, options);
  requireFiles(facts, options);
  if (!options.checkUpn || options.newLabel.kind === 'none' || facts.upns !== undefined) return facts;
  return { ...facts, upns: await checkUserPrincipalNames(world) };
}

/** The keys to read: those asked for, and those of the names' fields, which the wizard may still ask about. */
function keysToRead(options: LabelsOptions): readonly string[] {
  return distinct([...keysIn(options), userNameKey, userIdKey]);
}

function isStillGood(known: LabelsFacts, options: LabelsOptions): boolean {
  const keys = new Set(known.keys);
  return known.roots.join('\n') === options.roots.join('\n') && keysToRead(options).every((key) => keys.has(key));
}

async function factsBelow(world: FilesWorld, options: LabelsOptions): Promise<LabelsFacts> {
  const trees = await inParallel(options.roots, 4, findFormSets);
  const kept = trees.flatMap((tree) => tree.files).filter((file) => isKept(file, options));
  const keys = keysToRead(options);
  const files = await readAll(kept, reader(keys, options.encodings), world);
  return {
    scope: 'new',
    currentFolder: world.currentFolder,
    roots: options.roots,
    realRoots: new Map(trees.map((tree) => [tree.root, tree.realRoot])),
    keys,
    trees,
    files,
    isa2004: await inPlaces2004(trees.flatMap((tree) => tree.misplaced)),
    placeholders: await placeholdersBeside(
      trees.flatMap((tree) => tree.forms),
      files,
    ),
    lockedFolders: await lockedFoldersOf(files),
  };
}

/** The files of a plan's changes that are still to be made, as they are now. */
async function factsOfPlan(world: FilesWorld, plan: Plan, done: ReadonlySet<number>): Promise<LabelsFacts> {
  const changes = plan.changes.filter(
    (change, index): change is FileChange => change.kind === 'file' && !done.has(index),
  );
  const { keys, encodings } = readIntent(plan.intent);
  const roots = plan.target.kind === 'files' ? plan.target.roots : [];
  const places = await inParallel(changes, filesAtOnce, async (change): Promise<StringsFile> => {
    const { path: name, root, set, class: formClass, language } = change;
    // A file that is not reachable is reported when it is read.
    const realPath = await realpath(name).catch(() => change.realPath ?? name);
    return { path: name, realPath, root, set, class: formClass, language };
  });
  const files = await readAll(places, reader(keys, encodings), world);
  const folders = distinct(files.map(classFolderOf));
  const beside = await inParallel(folders, filesAtOnce, async (folder) => {
    // A folder that can't be listed holds files that are reported one by one.
    const names = await readdir(folder).catch(() => []);
    return names.map((name) => path.join(folder, name));
  });
  return {
    scope: 'plan',
    currentFolder: world.currentFolder,
    roots,
    realRoots: new Map(
      await inParallel(roots, 4, async (root) => [root, await realpath(root).catch(() => root)] as const),
    ),
    keys,
    trees: [],
    files,
    isa2004: [],
    placeholders: await placeholdersBeside(
      beside.flat().filter((name) => /\.html?$/i.test(name)),
      files,
    ),
    lockedFolders: await lockedFoldersOf(files),
  };
}

/**
 * Refuses roots without form sets, and filters that leave none.
 * @throws FileError that says what there is
 */
export function requireFiles(facts: LabelsFacts, options: LabelsOptions): void {
  const { trees } = facts;
  const unreadable = trees.flatMap((tree) => tree.unreadable).filter((folder) => mayHideKept(folder.path, options));
  const isAny = facts.files.some((file) => isKept(file, options)) || facts.isa2004.length + unreadable.length > 0;
  if (options.roots.length > 0 && !isAny) throw nothingFound(trees, options);
}

function nothingFound(trees: readonly TemplateTree[], options: LabelsOptions): FileError {
  const found = trees.flatMap((tree) => tree.files);
  const [dead, ...more] = trees.flatMap((tree) => tree.deadLinks);
  const links =
    dead === undefined
      ? ''
      : `; the link ${dead.path} can't be followed: ${dead.cameBack}${more.length === 0 ? '' : `, nor can ${more.length} more`}`;
  const names = (nameOf: (file: StringsFile) => string): string => distinct(found.map(nameOf)).toSorted().join(', ');
  return new FileError({
    attempted: 'find form sets',
    on: options.roots.join(', '),
    cameBack:
      found.length === 0
        ? `no file below it has the form of <set>/<class>/strings.txt or <set>/<class>/nls/<language>/strings.txt, with the class HTML, cHTML or xHTML${links}`
        : `${counted(found.length, 'file')} found, and the filters leave none`,
    next:
      found.length === 0
        ? 'Give the CookieAuthTemplates folder of the array member with --root.'
        : `There are the sets ${names((file) => file.set)}, the classes ${names((file) => file.class)} and the languages ${names((file) => file.language)}.`,
  });
}

type Reader = (bytes: Buffer, place: Pick<StringsFile, 'set' | 'class' | 'language'>) => FileContent;

/** Array members hold copies of the same files: each content is read and kept once. */
function reader(keys: readonly string[], encodings: ReadonlyMap<string, TextEncoding>): Reader {
  const known = new Map<string, FileContent>();
  const keep = keeper();
  return (bytes, { set, class: formClass, language }) => {
    const fingerprint = fileFingerprint(bytes);
    const expected = { codePage: codePageOf(language), named: encodingNamedFor(language, encodings) };
    const name = `${expected.codePage} ${expected.named} ${fingerprint.sha256}`;
    const before = known.get(name);
    if (before !== undefined) return before;
    const kept = keep(`${set} ${formClass} ${language} ${bytes.subarray(0, 2).toString('hex')}`, bytes);
    const content = readStrings(bytes, { bytes: kept, fingerprint }, keys, expected);
    known.set(name, content);
    return content;
  };
}

async function readAll(
  files: readonly StringsFile[],
  read: Reader,
  { watch, user }: FilesWorld,
): Promise<readonly LabelFile[]> {
  const system = systemFiles();
  let done = 0;
  return inParallel(files, filesAtOnce, async (file) => {
    const facts = await readLabelFile(file, system, read, user);
    done += 1;
    watch.count(done, files.length, 'form set files');
    return facts;
  });
}

async function readLabelFile(
  file: StringsFile,
  system: FileSystem,
  read: Reader,
  user: FileUser | undefined,
): Promise<LabelFile> {
  const { path: name, realPath, root, set, class: formClass, language } = file;
  const place = { path: name, realPath, root, set, class: formClass, language };
  try {
    const { bytes, stats } = await readPlainFile(system, realPath, largestFile);
    const { mode, nlink, uid, gid } = stats;
    const facts = { ...place, content: read(bytes, place), readOnly: (mode & 0o222) === 0, names: nlink };
    const owner = { uid, gid };
    if (user === undefined || (await canKeepOwner(owner, path.dirname(realPath), user))) return facts;
    return { ...facts, foreignOwner: owner };
  } catch (error) {
    // One file that can't be read does not keep the others from being read; it becomes a finding.
    return { ...place, content: { kind: 'unreadable', cameBack: errnoInWords(error) }, readOnly: false, names: 1 };
  }
}

/** ISA Server 2004 keeps one strings file directly in CookieAuthTemplates, with numbers for keys. */
async function inPlaces2004(misplaced: readonly string[]): Promise<readonly string[]> {
  const system = systemFiles();
  const old = await inParallel(misplaced, filesAtOnce, (file) =>
    readPlainFile(system, file, largestFile).then(
      ({ bytes }) =>
        readStrings(bytes, { bytes: () => bytes, fingerprint: fileFingerprint(bytes) }, [], {}).kind === 'isa-2004',
      // It is not in a form set's place: nothing is lost if it can't be read.
      () => false,
    ),
  );
  return misplaced.filter((_, index) => old[index]);
}

/** The folder of the class that a strings.txt belongs to: its own, or the one above nls. */
export function classFolderOf(file: Pick<StringsFile, 'path'>): string {
  const folder = path.dirname(file.path);
  const above = path.dirname(folder);
  return path.basename(above).toLowerCase() === 'nls' ? path.dirname(above) : folder;
}

async function placeholdersBeside(
  forms: readonly string[],
  files: readonly LabelFile[],
): Promise<readonly FormPlaceholder[]> {
  const folders = new Set(files.map(classFolderOf));
  const beside = forms.filter((form) => /\.html?$/i.test(form) && folders.has(path.dirname(form)));
  return (await inParallel(beside, filesAtOnce, readPlaceholder)).flat();
}

async function readPlaceholder(form: string): Promise<readonly FormPlaceholder[]> {
  // The label is what is changed; for a form that can't be read only this hint is lost.
  const text = await readFile(form, 'latin1').catch(() => '');
  const [, placeholder] = /placeholder\s*=\s*["']([^"'\r\n]*\\[^"'\r\n]*)["']/i.exec(text.replaceAll('\0', '')) ?? [];
  return placeholder === undefined ? [] : [{ path: form, placeholder }];
}

async function lockedFoldersOf(files: readonly LabelFile[]): Promise<ReadonlySet<string>> {
  const readable = files.filter((file) => file.content.kind !== 'unreadable');
  const folders = distinct(readable.map((file) => path.dirname(file.realPath)));
  const locked = await inParallel(folders, filesAtOnce, async (folder) => {
    try {
      await access(folder, constants.W_OK);
      return [];
    } catch {
      // Whatever keeps us from writing there, the finding is the same.
      return [folder];
    }
  });
  return new Set(locked.flat());
}
