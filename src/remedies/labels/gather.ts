/** Reads form sets: every strings.txt below the roots, or those of a plan, and what lies around them. Writes nothing. */

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { FileChange, Plan } from '../../change/plan.ts';
import { fileFingerprint } from '../../change/planned-file.ts';
import { FileError } from '../../errors.ts';
import { type PlainFileReader, plainFileReader, realPathOf, systemFiles } from '../../files/file-system.ts';
import { separateFolders } from '../../files/folder-names.ts';
import { inParallel } from '../../files/in-parallel.ts';
import { canKeepOwner, type FileUser, mayReplace, type OwnAccess, ownAccess } from '../../files/own-access.ts';
import { errnoInWords, onlyWhileBusy, type Patience, withPatience } from '../../files/system-errors.ts';
import { classFolderOf, findFormSets, isBelow, realPathOfFolder, type StringsFile } from '../../files/template-tree.ts';
import type { TextEncoding } from '../../files/text-encoding.ts';
import { counted, distinct, remembered } from '../../words.ts';
import type { FilesWorld, Scope } from '../remedy.ts';
import { codePageOf, domainStemOf } from './cultures.ts';
import type { LabelFile, LabelsFacts } from './facts.ts';
import { isKept, keysNotFound, mayHideKept, unmatchedHints } from './filters.ts';
import { type Form, readForm, scriptFile } from './forms.ts';
import { intentOf, readIntent } from './intent.ts';
import { encodingNamedFor, keysIn, type LabelsOptions, userIdKey, userNameKey } from './options.ts';
import { type FileContent, keeper, readStrings, valueDecoder } from './strings-content.ts';
import { checkUserPrincipalNames } from './upn-check.ts';
import type { Label } from './wording.ts';

const filesAtOnce = 16;
/** A strings.txt has some kilobytes; a file that is far larger is something else and is not read into memory. */
const largestFile = 64 * 1024 * 1024;

/**
 * Finds and reads the form sets below the options' roots, or the files of a plan.
 *
 * @param known facts that this run read earlier: not read again as long as roots, keys and encodings are the same
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
  return { ...facts, upns: await checkUserPrincipalNames(world, labelAskedFor(options)) };
}

/** What a label asks users for; the user's own text counts as the e-mail address. */
function labelAskedFor({ newLabel }: LabelsOptions): Label {
  return newLabel.kind === 'wording' ? (newLabel.label ?? 'email') : 'email';
}

/** The keys to read: those asked for, and those of the names' fields, which the wizard may still ask about. */
function keysToRead(options: LabelsOptions): readonly string[] {
  return distinct([...keysIn(options), userNameKey, userIdKey]);
}

function isStillGood(known: LabelsFacts, options: LabelsOptions): boolean {
  const keys = new Set(known.keys);
  const roots = [...known.roots, ...known.namedAgain.map(({ root }) => root)];
  const isSame = options.roots.length === roots.length && options.roots.every((root) => roots.includes(root));
  return isSame && keysToRead(options).every((key) => keys.has(key));
}

async function factsBelow(world: FilesWorld, options: LabelsOptions): Promise<LabelsFacts> {
  const named = await inParallel(options.roots, 4, async (root) => ({ root, realRoot: await realPathOfFolder(root) }));
  const { separate, again } = await separateFolders(named);
  const mayEnter = (folder: string): boolean =>
    options.followLinks || separate.some(({ realRoot }) => isBelow(folder, realRoot));
  const trees = await inParallel(separate, 4, ({ root }) => findFormSets(root, mayEnter));
  const kept = trees.flatMap((tree) => tree.files).filter((file) => isKept(file, options));
  const keys = keysToRead(options);
  const files = await readAll(kept, reader(keys, options.encodings), world);
  return {
    scope: 'new',
    currentFolder: world.currentFolder,
    roots: separate.map(({ root }) => root),
    namedAgain: again,
    realRoots: new Map(trees.map((tree) => [tree.root, tree.realRoot])),
    keys,
    trees,
    files,
    isa2004: await inPlaces2004(trees.flatMap((tree) => tree.misplaced)),
    forms: await formsBeside([...trees.flatMap((tree) => tree.forms), ...(await besideRoots(files))], files),
    lockedFolders: await lockedFoldersOf(files),
    access: await accessOf(files, world),
  };
}

/** The files of a plan's changes that are still to be made, as they are now. */
async function factsOfPlan(world: FilesWorld, plan: Plan, done: ReadonlySet<number>): Promise<LabelsFacts> {
  const changes = plan.changes.filter(
    (change, index): change is FileChange => change.kind === 'file' && !done.has(index),
  );
  const { keys, encodings } = readIntent(plan.intent);
  const roots = plan.target.kind === 'files' ? plan.target.roots : [];
  const system = systemFiles();
  const places = await inParallel(changes, filesAtOnce, async (change): Promise<StringsFile> => {
    const { path: name, root, set, class: formClass, language } = change;
    // A file that is not reachable is reported when it is read.
    const realPath = await system.realpath(name).catch(() => change.realPath ?? name);
    return { path: name, realPath, root, set, class: formClass, language };
  });
  const files = await readAll(places, reader(keys, encodings), world);
  return {
    scope: 'plan',
    currentFolder: world.currentFolder,
    roots,
    namedAgain: [],
    realRoots: new Map(
      await inParallel(
        roots,
        4,
        async (root) => [root, await realPathOf(root).catch(() => path.resolve(root))] as const,
      ),
    ),
    keys,
    trees: [],
    files,
    isa2004: [],
    forms: await formsBeside(await contentsOf(distinct(files.map(classFolderOf))), files),
    lockedFolders: await lockedFoldersOf(files),
    access: await accessOf(files, world),
  };
}

function accessOf(files: readonly LabelFile[], { tools, patience }: FilesWorld): OwnAccess | Promise<OwnAccess> {
  return tools === undefined ? { lists: new Map(), unknown: [] } : ownAccess(files, tools, patience);
}

/**
 * Refuses roots without form sets, filters that leave none, and keys that no file has.
 * @throws FileError that lists what was found
 */
export function requireFiles(facts: LabelsFacts, options: LabelsOptions): void {
  const { trees } = facts;
  const unreadable = trees.flatMap((tree) => tree.unreadable).filter((folder) => mayHideKept(folder.path, options));
  const isAny = facts.files.some((file) => isKept(file, options)) || facts.isa2004.length + unreadable.length > 0;
  if (options.roots.length > 0 && !isAny) throw nothingFound(facts, options);
  if (options.newLabel.kind === 'none' || hasSomeKey(facts, options)) return;
  throw new FileError({
    attempted: 'find the keys',
    on: keysIn(options).join(', '),
    cameBack: 'no strings.txt has such a key',
    next: keysNotFound(facts, readIntent(intentOf(options))).join(' '),
  });
}

/** Whether a file has one of the keys, or none can be read at all. */
function hasSomeKey({ files }: LabelsFacts, options: LabelsOptions): boolean {
  const keys = new Set(keysIn(options));
  const readable = files.filter((file) => file.content.kind === 'strings' && isKept(file, options));
  return (
    readable.length === 0 ||
    readable.some(({ content }) => content.kind === 'strings' && content.values.some(({ key }) => keys.has(key)))
  );
}

function nothingFound(facts: LabelsFacts, options: LabelsOptions): FileError {
  const { trees } = facts;
  const unmatched = unmatchedHints(facts, readIntent(intentOf(options)));
  const found = trees.flatMap((tree) => tree.files);
  const areCopies = options.sets.length === 0 && found.every(({ aside }) => aside !== undefined);
  const areLanguages = found.every(({ aside }) => aside === 'language');
  const [dead, ...more] = trees.flatMap((tree) => tree.deadLinks);
  const out = trees.flatMap((tree) => tree.linksOut);
  const links = [
    dead === undefined
      ? ''
      : `; the link ${dead.path} can't be followed: ${dead.cameBack}${more.length === 0 ? '' : `, nor can ${more.length} more`}`,
    out[0] === undefined
      ? ''
      : `; ${counted(out.length, 'link')} that ${out.length === 1 ? 'leads' : 'lead'} out of it not followed (--follow-links): ${out[0].path} → ${out[0].realPath}`,
  ].join('');
  const names = (nameOf: (file: StringsFile) => string): string => distinct(found.map(nameOf)).toSorted().join(', ');
  return new FileError({
    attempted: 'find form sets',
    on: options.roots.join(', '),
    cameBack:
      found.length === 0
        ? `no file below it matches <set>/<class>/strings.txt or <set>/<class>/nls/<language>/strings.txt, with the class HTML, cHTML or xHTML${links}`
        : `${counted(found.length, 'file')} found, ${areCopies ? 'all in sets or folders that are named like copies' : 'but the filters leave none'}`,
    next:
      found.length === 0
        ? 'Give the CookieAuthTemplates folder of the array member with --root.'
        : [
            ...(areCopies ? [`Name one with ${areLanguages ? '--language' : '--set'}.`] : unmatched),
            `Found: the sets ${names((file) => file.set)}, the classes ${names((file) => file.class)} and the languages ${names((file) => file.language)}.`,
          ].join(' '),
  });
}

type Reader = (bytes: Buffer, place: Pick<StringsFile, 'set' | 'class' | 'language'>) => FileContent;

/** Array members hold copies of the same files: each content is read and kept once. */
function reader(keys: readonly string[], encodings: ReadonlyMap<string, TextEncoding>): Reader {
  const known = new Map<string, FileContent>();
  const keep = keeper();
  const decode = valueDecoder();
  const expectedOf = remembered((language) => {
    const named = encodingNamedFor(language, encodings);
    const expected = { codePage: codePageOf(language), named, domainStem: domainStemOf(language) };
    return { ...expected, name: Object.values(expected).join() };
  });
  return (bytes, { set, class: formClass, language }) => {
    const fingerprint = fileFingerprint(bytes);
    const expected = expectedOf(language);
    const name = `${expected.name} ${fingerprint.sha256}`;
    const before = known.get(name);
    if (before !== undefined) return before;
    const kept = keep(`${set} ${formClass} ${language} ${bytes.subarray(0, 2).toString('hex')}`, bytes);
    const content = readStrings(bytes, { bytes: kept, fingerprint }, keys, expected, decode);
    known.set(name, content);
    return content;
  };
}

async function readAll(
  files: readonly StringsFile[],
  read: Reader,
  { watch, user, patience }: FilesWorld,
): Promise<readonly LabelFile[]> {
  const readFile = plainFileReader(systemFiles(), largestFile);
  let done = 0;
  return inParallel(files, filesAtOnce, async (file) => {
    const facts = await readLabelFile(file, readFile, read, user, onlyWhileBusy(patience));
    done += 1;
    watch.count(done, files.length, 'form set files');
    return facts;
  });
}

async function readLabelFile(
  file: StringsFile,
  readFile: PlainFileReader,
  read: Reader,
  user: FileUser | undefined,
  patience: Patience,
): Promise<LabelFile> {
  try {
    const { facts, owner } = await withPatience(patience, file.realPath, () =>
      readFile(file.realPath, (bytes, { mode, nlink, uid, gid }) => ({
        facts: { ...file, content: read(bytes, file), readOnly: (mode & 0o222) === 0, names: nlink },
        owner: { uid, gid },
      })),
    );
    if (user === undefined || (await canKeepOwner(owner, path.dirname(file.realPath), user))) return facts;
    return { ...facts, foreignOwner: owner };
  } catch (error) {
    // A file that can't be read becomes a finding; the others are still read.
    return { ...file, content: { kind: 'unreadable', cameBack: errnoInWords(error) }, readOnly: false, names: 1 };
  }
}

/** ISA Server 2004 keeps one strings file directly in CookieAuthTemplates, with numbers for keys. */
async function inPlaces2004(misplaced: readonly string[]): Promise<readonly string[]> {
  const readFile = plainFileReader(systemFiles(), largestFile);
  const old = await inParallel(misplaced, filesAtOnce, (file) =>
    readFile(
      file,
      (bytes) =>
        readStrings(bytes, { bytes: () => bytes, fingerprint: fileFingerprint(bytes) }, [], {}).kind === 'isa-2004',
    ).catch(
      // It is not in the place of a form set: if it can't be read, nothing is missing.
      () => false,
    ),
  );
  return misplaced.filter((_, index) => old[index]);
}

/** The files next to the forms, for a root that is nls or a language folder: the search did not go above it. */
function besideRoots(files: readonly LabelFile[]): Promise<readonly string[]> {
  const outside = distinct(files, classFolderOf).filter(
    (file) => !isBelow(classFolderOf(file), path.resolve(file.root)),
  );
  return contentsOf(outside.map(classFolderOf));
}

async function contentsOf(folders: readonly string[]): Promise<readonly string[]> {
  const contents = await inParallel(folders, filesAtOnce, async (folder) => {
    // A folder that can't be listed holds files that are reported one by one.
    const names = await readdir(folder).catch(() => []);
    return names.map((name) => path.join(folder, name));
  });
  return contents.flat();
}

/** The forms and scripts in the folders of these files' classes, and the scripts that they load from below the roots. */
async function formsBeside(beside: readonly string[], files: readonly LabelFile[]): Promise<readonly Form[]> {
  const roots = new Map(files.map((file) => [classFolderOf(file), path.resolve(file.root)]));
  const names = beside.filter((file) => /\.(?:html?|js)$/i.test(file) && roots.has(path.dirname(file)));
  const forms = await readForms(names);
  const known = new Set(names.map((name) => name.toLowerCase()));
  const loaded = distinct(
    forms.flatMap(({ folder, scripts }) =>
      scripts.flatMap((source) => {
        const script = scriptFile(folder, source);
        const root = roots.get(folder);
        const isOther = script !== undefined && root !== undefined && isBelow(script, root);
        return isOther && !known.has(script.toLowerCase()) ? [{ script, folder }] : [];
      }),
    ),
    ({ script, folder }) => `${script}\n${folder}`,
  );
  const others = await inParallel(loaded, filesAtOnce, async ({ script, folder }) =>
    (await readForms([script])).map((form) => ({ ...form, folder })),
  );
  return [...forms, ...others.flat()];
}

async function readForms(forms: readonly string[]): Promise<readonly Form[]> {
  const readFile = plainFileReader(systemFiles(), largestFile);
  const read = await inParallel(forms, filesAtOnce, (form) =>
    readFile(form, (bytes) => [readForm(form, bytes)]).catch(
      // Only the label is changed. If a form can't be read, only these hints are missing.
      () => [],
    ),
  );
  return read.flat();
}

async function lockedFoldersOf(files: readonly LabelFile[]): Promise<ReadonlySet<string>> {
  // A file that is marked read-only has its own finding.
  const readable = files.filter((file) => file.content.kind !== 'unreadable' && !file.readOnly);
  const system = systemFiles();
  const locked = await inParallel(readable, filesAtOnce, async (file) =>
    (await mayReplace(system, file.realPath)) ? [] : [path.dirname(file.realPath)],
  );
  return new Set(locked.flat());
}
