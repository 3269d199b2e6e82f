/** The options of a run of the labels remedy. Both the wizard and the flags produce them. */

import { existsSync, readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, FileError, UsageError } from '../../errors.ts';
import { usualForm } from '../../files/file-system.ts';
import { inParallel } from '../../files/in-parallel.ts';
import { errnoInWords } from '../../files/system-errors.ts';
import { knownTemplateFolders } from '../../files/template-tree.ts';
import { encodingOfCodePage, type TextEncoding } from '../../files/text-encoding.ts';
import type { Flags } from '../../flags.ts';
import { distinct } from '../../words.ts';
import type { RemedyOptions, Surroundings } from '../remedy.ts';
import { isSameCulture } from './cultures.ts';
import type { flags as flagTable } from './flags.ts';
import { practiceRoots } from './practice.ts';
import {
  faultOfText,
  type Label,
  labels,
  loadBuiltInWording,
  lookUpWording,
  parseWordingFile,
  type Wording,
  type WordingLookup,
} from './wording.ts';

/** The field that the password form asks the user's name in. */
export const userNameKey = 'L_UserName_Text';
/** The passcode forms (RADIUS OTP, SecurID) label the same field with this key. */
export const userIdKey = 'L_UserID_Text';

/** The new label, as flags or answers give it. */
export type NewLabel =
  /** The wording of each language; the first of the wordings that has it is taken. Without a label, the user's own. */
  | { readonly kind: 'wording'; readonly label?: Label | undefined; readonly wordings: readonly Wording[] }
  /** The same text in every language. */
  | { readonly kind: 'text'; readonly text: string }
  /** Not chosen yet; the wordings to choose from. */
  | { readonly kind: 'none'; readonly wordings: readonly Wording[] };

/** Names to keep, in any letter case; an empty list keeps all. */
export interface Filters {
  readonly sets: readonly string[];
  readonly classes: readonly string[];
  readonly languages: readonly string[];
}

/** The id of the finding on files outside the roots that links lead to; --follow-links accepts it. */
export const linksFollowed = 'links-followed';

/** The options of a run: from its flags, then from the answers to questions. */
export interface LabelsOptions extends RemedyOptions, Filters {
  /** One per member of the array, absolute; none if they are still to be asked. */
  readonly roots: readonly string[];
  /** None if they are still to be asked: L_UserName_Text then, at least. */
  readonly keys: readonly string[];
  readonly newLabel: NewLabel;
  /** Encodings that the user named for a language's files, by the language in lower case. */
  readonly encodings: ReadonlyMap<string, TextEncoding>;
  /** Leave blocked files out and change the others. */
  readonly skipBlocked: boolean;
  /** Change files outside the roots that links lead to. */
  readonly followLinks: boolean;
  /** Count in a directory who could not log on with the new label. */
  readonly checkUpn: boolean;
  /** Where a wording file to fill in is written, absolute. */
  readonly wordingTemplate?: string | undefined;
}

type LabelsFlags = Flags<typeof flagTable> & {
  readonly accept: readonly string[];
  readonly practice?: string | undefined;
} & DirectoryNames;

/** Flags that name a directory: useful only with --check-upn. */
const directoryNames = ['server', 'domain', 'ldif'] as const;
type DirectoryNames = { readonly [Name in (typeof directoryNames)[number]]?: string | readonly string[] | undefined };

/**
 * The options that the flags give.
 *
 * @throws UsageError for a flag that can't be read or used here
 */
export async function readOptions(flags: LabelsFlags, surroundings: Surroundings): Promise<LabelsOptions> {
  refuseIdleDirectory(flags);
  const wordings = await readWordings(flags, surroundings);
  const newLabel = readNewLabel(flags, wordings);
  const roots = await readRoots(flags, surroundings);
  const wordingTemplate =
    flags['wording-template'] === undefined
      ? undefined
      : path.resolve(surroundings.currentFolder, flags['wording-template']);
  return {
    roots,
    sets: flags.set,
    classes: flags.class,
    languages: flags.language,
    keys: flags.key.map(readKey),
    newLabel,
    encodings: new Map(flags['code-page'].map(parseCodePage)),
    skipBlocked: flags['skip-blocked'],
    followLinks: flags['follow-links'],
    checkUpn: flags['check-upn'],
    wordingTemplate,
    accept: flags['follow-links'] ? [...flags.accept, linksFollowed] : flags.accept,
  };
}

function refuseIdleDirectory(flags: LabelsFlags): void {
  const idle = directoryNames.find((name) => (flags[name] ?? []).length > 0);
  if (flags['check-upn'] || idle === undefined) return;
  throw new UsageError({
    attempted: 'read the arguments of labels',
    on: `--${idle}`,
    cameBack: 'it names a directory, which only --check-upn reads',
    next: 'Add --check-upn to count there the users who could not log on with the new label, or leave this flag out.',
  });
}

/** The keys to change: L_UserName_Text where none is named, and those that a wording of the user's own has texts for. */
export function keysIn({ keys, newLabel }: Pick<LabelsOptions, 'keys' | 'newLabel'>): readonly string[] {
  const wordings = newLabel.kind === 'text' ? [] : newLabel.wordings;
  const own = wordings.flatMap((wording) => [...wording.values()].flatMap((entry) => Object.keys(entry.keys ?? {})));
  return distinct([...(keys.length === 0 ? [userNameKey] : keys), ...own]);
}

/** The folders that the flags name, else those of the practice site that one names, else the known ones of this computer that exist. */
async function readRoots(flags: LabelsFlags, surroundings: Surroundings): Promise<readonly string[]> {
  const named = flags.root.map((root) => path.resolve(surroundings.currentFolder, usualForm(root)));
  for (const host of flags.host) requireHost(host, surroundings.platform);
  if (flags.host.length > 0) surroundings.watch.begin(flags.host);
  const found = await inParallel(flags.host, 16, async (host) => {
    const folders = await foldersOnHost(host);
    surroundings.watch.update(host, 'found');
    return folders;
  });
  const onHosts = found.flat();
  if (named.length + onHosts.length > 0) return distinct([...named, ...onHosts]);
  if (flags.practice !== undefined) return practiceRoots(path.resolve(surroundings.currentFolder, flags.practice));
  if (surroundings.platform !== 'win32') return [];
  return knownTemplateFolders(surroundings.systemDrive).filter((folder) => existsSync(folder));
}

const hostTrouble = (host: string, cameBack: string, next: string): UsageError =>
  new UsageError({ attempted: 'look for form sets on the host', on: host, cameBack, next });

function requireHost(host: string, platform: NodeJS.Platform): void {
  if (!/^[\w.-]+$/.test(host))
    throw hostTrouble(host, 'it is not a host name', 'Give a name like TMG01, without \\\\.');
  if (platform === 'win32') return;
  throw hostTrouble(
    host,
    `only Windows can open \\\\${host}\\C$`,
    'Mount the share and name the folder with --root, or run this on Windows.',
  );
}

/**
 * The known folders on another computer, through its administrative share. The share is asked first: one that can't be
 * opened says why, and is waited for once.
 */
async function foldersOnHost(host: string): Promise<readonly string[]> {
  const share = `\\\\${host}\\C$`;
  await readdir(`${share}\\`).catch((error: unknown) => {
    throw new FileError({
      attempted: 'look for form sets on the host',
      on: host,
      cameBack: `${share} can't be opened: ${errnoInWords(error)}`,
      next: `Try "dir ${share}" in the same prompt. Check that your account is an administrator there, or name the folder with --root.`,
      cause: error,
    });
  });
  const looks = await inParallel(knownTemplateFolders(share), 6, (folder) =>
    stat(folder).then(
      (): FolderLook => ({ kind: 'there', folder }),
      (error: unknown): FolderLook => ({ kind: 'not-seen', folder, error }),
    ),
  );
  const there = looks.flatMap((look) => (look.kind === 'there' ? [look.folder] : []));
  if (there.length > 0) return there;
  const refused = looks.flatMap((look) =>
    look.kind === 'not-seen' && !['ENOENT', 'ENOTDIR'].includes(errnoOf(look.error) ?? '')
      ? [`${look.folder}: ${errnoInWords(look.error)}`]
      : [],
  );
  throw hostTrouble(
    host,
    refused[0] ?? `${share} has none of the folders where TMG and ISA Server keep form sets`,
    'Name the CookieAuthTemplates folder there with --root.',
  );
}

type FolderLook =
  | { readonly kind: 'there'; readonly folder: string }
  | { readonly kind: 'not-seen'; readonly folder: string; readonly error: unknown };

function readKey(key: string): string {
  if (isKey(key)) return key;
  throw new UsageError({
    attempted: 'read --key',
    on: JSON.stringify(key),
    cameBack: 'a key holds letters, digits and underscores only',
    next: `Give a key as strings.txt has it, for example ${userNameKey}.`,
  });
}

/** Whether a text has the form of a key of strings.txt. */
export function isKey(text: string): boolean {
  return /^\w+$/.test(text);
}

async function readWordings(flags: LabelsFlags, surroundings: Surroundings): Promise<readonly Wording[]> {
  const builtIn = await loadBuiltInWording(surroundings.templates);
  if (flags.wording === undefined) return [builtIn];
  const file = path.resolve(surroundings.currentFolder, flags.wording);
  return [parseWordingFile(file, readWordingFile(file)), builtIn];
}

function readWordingFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError({
      attempted: 'read the wording file',
      on: file,
      cameBack: errnoInWords(error),
      next: 'Give with --wording a JSON file that maps cultures to texts, like { "de": "E-Mail-Adresse:" }.',
      cause: error,
    });
  }
}

function readNewLabel(flags: LabelsFlags, wordings: readonly Wording[]): NewLabel {
  if (flags.text !== undefined) {
    if (flags.label !== undefined || flags.wording !== undefined) {
      throw notChosen('--text', 'it gives one text for every language, and another flag asks for wording by language');
    }
    return { kind: 'text', text: checkLabelText(flags.text, '--text') };
  }
  const { label } = flags;
  if (label === undefined) {
    // Without --label only the file's own wording counts: no flag says which built-in one to add.
    return flags.wording === undefined
      ? { kind: 'none', wordings }
      : { kind: 'wording', wordings: wordings.slice(0, 1) };
  }
  const known = labels.find((candidate) => candidate === label);
  if (known === undefined) throw notChosen(`--label ${label}`, 'there is no such label');
  return { kind: 'wording', label: known, wordings };
}

function notChosen(on: string, cameBack: string): UsageError {
  return new UsageError({
    attempted: 'choose the new label',
    on,
    cameBack,
    next: 'Give one of --label email, --label upn, --label username or --text TEXT.',
  });
}

/** The text that a key is to have in a language; undefined if it stays as it is. */
export function newTextFor(options: LabelsOptions, language: string, key: string): WordingLookup | undefined {
  const { newLabel } = options;
  switch (newLabel.kind) {
    case 'none':
      return undefined;
    case 'text':
      return { kind: 'found', text: newLabel.text };
    case 'wording': {
      if (isLabelKey(options, key)) {
        // One text for a culture is that of every label.
        return lookUpWording(newLabel.wordings, language, newLabel.label ?? 'email', key);
      }
      const own = lookUpWording(newLabel.wordings, language, undefined, key);
      return own.kind === 'found' ? own : undefined;
    }
  }
}

/** Whether a key is that of a label: the others only get a text where a wording of the user's own has one for them. */
export function isLabelKey({ keys }: Pick<LabelsOptions, 'keys'>, key: string): boolean {
  return (keys.length === 0 ? [userNameKey] : keys).includes(key);
}

/**
 * The encoding that was named for a language folder's files: by its own name, else by another name of the same culture
 * (zh-TW for zh-CHT, de for DEU).
 */
export function encodingNamedFor(language: string, encodings: LabelsOptions['encodings']): TextEncoding | undefined {
  const own = encodings.get(language.toLowerCase());
  if (own !== undefined || encodings.size === 0) return own;
  return [...encodings].find(([name]) => isSameCulture(name, language))?.[1];
}

/**
 * Checks a text that is to become a label.
 * @throws UsageError if it is empty or holds a double quote, a line break or another control character
 */
export function checkLabelText(text: string, source: string): string {
  const flaw = faultOfText(text);
  if (flaw === undefined) return text;
  throw new UsageError({
    attempted: 'use the text as a label',
    on: `${source}: ${JSON.stringify(text)}`,
    cameBack: flaw,
    next: 'Give one line of text without double quotes, and without HTML other than formatting such as <b>; typographic quotes are fine.',
  });
}

/**
 * Reads LANGUAGE=PAGE of --code-page.
 * @throws UsageError if it has another form or names a page that is not known
 */
export function parseCodePage(argument: string): readonly [language: string, encoding: TextEncoding] {
  const [, language, page] = /^([^=]+)=(?:cp|windows-)?(\d+)$/i.exec(argument) ?? [];
  const encoding = page === undefined ? undefined : encodingOfCodePage(Number(page));
  if (language !== undefined && encoding !== undefined) return [language.toLowerCase(), encoding];
  throw new UsageError({
    attempted: 'read --code-page',
    on: argument,
    cameBack: language === undefined ? 'it does not have the form LANGUAGE=PAGE' : `code page ${page} is not known`,
    next: 'Give for example --code-page cs=1250. Known pages: 874, 932, 936, 949, 950, 1250 to 1258, 65001 (UTF-8), 20127 (ASCII).',
  });
}
