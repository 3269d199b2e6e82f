/**
 * Where form sets lie: `<set>/<class>/strings.txt` for the default language and
 * `<set>/<class>/nls/<language>/strings.txt` for the others, in any letter case, below the CookieAuthTemplates folder.
 */

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { glob } from 'glob';
import { errnoOf, FileError } from '../errors.ts';
import { errnoInWords } from './errno.ts';

/** The name that stands for the file beside the forms, which has no nls folder. */
export const defaultLanguage = 'default';

/** One strings.txt of a form set. */
export interface StringsFile {
  readonly path: string;
  /** The folder that was searched, as the user named it. */
  readonly root: string;
  readonly set: string;
  readonly class: string;
  /** The nls folder's name, or "default". */
  readonly language: string;
}

export interface TemplateTree {
  readonly root: string;
  /** By path. */
  readonly files: readonly StringsFile[];
  /** Files of the right name in no form set's place: ISA Server 2004 has one directly in CookieAuthTemplates. */
  readonly misplaced: readonly string[];
  /** The .htm forms beside each default strings.txt, by path. */
  readonly forms: readonly string[];
  /** Language folders that hold no strings.txt that could be seen, with what came back when they were opened. */
  readonly unreadable: readonly { readonly path: string; readonly cameBack: string }[];
  /** Temporary files of ours that an interrupted run left. */
  readonly strays: readonly string[];
}

/** Ends the name of every temporary file of ours. */
export const temporarySuffix = '.adsi-remedy-tmp';

const classNames = new Set(['html', 'chtml', 'xhtml']);

/**
 * Looks for form sets below `root`, which may be CookieAuthTemplates, a folder above it, or a set in it.
 * @throws FileError if the root is missing, is no folder or can't be listed
 */
export async function findFormSets(root: string): Promise<TemplateTree> {
  await requireFolder(root);
  const absolute = path.resolve(root);
  const found = await glob(['**/strings.txt', `**/.*${temporarySuffix}`], {
    cwd: absolute,
    nocase: true,
    nodir: true,
    dot: true,
    absolute: true,
  });
  const files: StringsFile[] = [];
  const misplaced: string[] = [];
  const strays: string[] = [];
  for (const file of found.sort()) {
    const place = placeOf(file);
    if (file.endsWith(temporarySuffix)) strays.push(file);
    else if (place === undefined) misplaced.push(file);
    else files.push({ path: file, root, ...place });
  }
  const { forms, unreadable } = await lookBeside(files);
  return { root, files, misplaced, forms, unreadable, strays };
}

async function requireFolder(root: string): Promise<void> {
  try {
    await readdir(root);
  } catch (error) {
    throw new FileError({
      attempted: 'look for form sets',
      on: root,
      cameBack: errnoInWords(error),
      next: 'Give the CookieAuthTemplates folder of each array member with --root, for example \\\\TMG01\\C$\\Program Files\\Microsoft Forefront Threat Management Gateway\\Templates\\CookieAuthTemplates.',
      cause: error,
    });
  }
}

/** Which set, class and language a strings.txt belongs to, by its folders; undefined if it lies elsewhere. */
export function placeOf(file: string): Pick<StringsFile, 'set' | 'class' | 'language'> | undefined {
  const [parent = '', grandparent = '', third = '', fourth = ''] = path.dirname(file).split(/[\\/]/).reverse();
  if (grandparent.toLowerCase() === 'nls' && classNames.has(third.toLowerCase())) {
    return { set: fourth, class: third, language: parent };
  }
  if (classNames.has(parent.toLowerCase())) return { set: grandparent, class: parent, language: defaultLanguage };
  return undefined;
}

/** The folder of the class that a strings.txt belongs to. */
function classFolderOf(file: StringsFile): string {
  const folder = path.dirname(file.path);
  return file.language === defaultLanguage ? folder : path.dirname(path.dirname(folder));
}

async function lookBeside(files: readonly StringsFile[]): Promise<Pick<TemplateTree, 'forms' | 'unreadable'>> {
  const forms: string[] = [];
  const unreadable: { path: string; cameBack: string }[] = [];
  const seen = new Set(files.map((file) => path.dirname(file.path)));
  for (const folder of new Set(files.map(classFolderOf))) {
    const names = await listing(folder);
    if (!Array.isArray(names)) {
      unreadable.push({ path: folder, cameBack: names });
      continue;
    }
    for (const name of names.sort()) {
      if (/\.html?$/i.test(name)) forms.push(path.join(folder, name));
      if (name.toLowerCase() === 'nls') {
        unreadable.push(...(await languagesThatCannotBeListed(path.join(folder, name), seen)));
      }
    }
  }
  return { forms, unreadable };
}

/** A search takes a folder that it may not list for an empty one; here such folders are told apart. */
async function languagesThatCannotBeListed(
  nls: string,
  seen: ReadonlySet<string>,
): Promise<{ path: string; cameBack: string }[]> {
  const refused: { path: string; cameBack: string }[] = [];
  const languages = await listing(nls);
  if (!Array.isArray(languages)) return [{ path: nls, cameBack: languages }];
  for (const language of languages) {
    const folder = path.join(nls, language);
    if (seen.has(folder)) continue;
    const inside = await listing(folder);
    if (!Array.isArray(inside)) refused.push({ path: folder, cameBack: inside });
  }
  return refused;
}

/** The names in a folder, or what came back in place of them; a plain file among the folders has none. */
async function listing(folder: string): Promise<string[] | string> {
  try {
    return await readdir(folder);
  } catch (error) {
    return errnoOf(error) === 'ENOTDIR' ? [] : errnoInWords(error);
  }
}

/** The folders where TMG and ISA Server keep their form sets, below a system drive ("C:", "\\\\TMG01\\C$"). */
export function knownTemplateFolders(drive: string): readonly string[] {
  const tmg = 'Microsoft Forefront Threat Management Gateway';
  const isa = 'Microsoft ISA Server';
  return ['Program Files', 'Program Files (x86)'].flatMap((programs) =>
    [`${tmg}\\Templates`, tmg, isa].map((product) => `${drive}\\${programs}\\${product}\\CookieAuthTemplates`),
  );
}
