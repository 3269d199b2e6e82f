/** The intent as a plan keeps it, and the limits of what a plan of this remedy may contain. */

import path from 'node:path';
import { isObject, type JsonValue, stringsIn } from '../../change/json-shape.ts';
import {
  type FileChange,
  type FileFingerprint,
  faultsOfNextSteps,
  type Intent,
  type NextStepShapes,
  type Plan,
} from '../../change/plan.ts';
import { sameFingerprint } from '../../change/planned-file.ts';
import { placeOf } from '../../files/template-tree.ts';
import { decodeText, encodeText, isTextEncoding, type TextEncoding } from '../../files/text-encoding.ts';
import { distinct } from '../../words.ts';
import { type Filters, isKey, isLabelKey, keysIn, type LabelsOptions } from './options.ts';
import { faultOfText, type Label, labels } from './wording.ts';

/** The new text of a key: the wording of a label in each language, one text, or the user's own wording. */
export type KeyIntent = { readonly label: Label } | { readonly text: string } | { readonly own: true };

/** The intent as it is read from a plan. */
export interface LabelsIntent extends Filters {
  readonly keys: readonly string[];
  /** By key. */
  readonly labels: ReadonlyMap<string, KeyIntent>;
  /** By the language in lower case. */
  readonly encodings: ReadonlyMap<string, TextEncoding>;
  /** The cultures of the user's own wording, as they were written. */
  readonly wordingFor: readonly string[];
  readonly skipBlocked: boolean;
  readonly followLinks: boolean;
}

/** What the options ask for. */
export function intentOf(options: LabelsOptions): Intent {
  const { sets, classes, languages, encodings, skipBlocked, followLinks } = options;
  return {
    labels: Object.fromEntries(keysIn(options).map((key) => [key, wantedFor(options, key)])),
    sets,
    classes,
    languages,
    codePages: Object.fromEntries(encodings),
    wordingFor: ownCultures(options),
    skipBlocked,
    followLinks,
  };
}

function ownCultures({ newLabel }: LabelsOptions): readonly string[] {
  if (newLabel.kind !== 'wording') return [];
  return newLabel.wordings.flatMap((wording) => [...wording.values()].flatMap(({ givenAs }) => givenAs ?? []));
}

function wantedFor(options: LabelsOptions, key: string): KeyIntent {
  const { newLabel } = options;
  if (newLabel.kind === 'text') return { text: newLabel.text };
  const label = newLabel.kind === 'wording' && isLabelKey(options, key) ? newLabel.label : undefined;
  return label === undefined ? { own: true } : { label };
}

/** Reads the intent from a plan; members of another shape are left out, and `permits` names them. */
export function readIntent(intent: Intent): LabelsIntent {
  const asked = Object.entries(membersOf(intent['labels'])).flatMap(([key, value]) => {
    const wanted = keyIntentOf(value);
    return isKey(key) && wanted !== undefined ? [[key, wanted] as const] : [];
  });
  const pages = Object.entries(membersOf(intent['codePages'])).flatMap(([language, encoding]) =>
    isTextEncoding(encoding) ? [[language, encoding] as const] : [],
  );
  return {
    keys: asked.map(([key]) => key),
    labels: new Map(asked),
    sets: stringsIn(intent['sets']),
    classes: stringsIn(intent['classes']),
    languages: stringsIn(intent['languages']),
    encodings: new Map(pages),
    wordingFor: stringsIn(intent['wordingFor']),
    skipBlocked: intent['skipBlocked'] === true,
    followLinks: intent['followLinks'] === true,
  };
}

function membersOf(value: JsonValue | undefined): Readonly<Record<string, JsonValue>> {
  return isObject(value) ? value : {};
}

function keyIntentOf(value: JsonValue): KeyIntent | undefined {
  const { label, text, own } = membersOf(value);
  if (typeof text === 'string') return { text };
  if (own === true) return { own };
  const known = labels.find((candidate) => candidate === label);
  return known === undefined ? undefined : { label: known };
}

/**
 * Content of a plan that this remedy never writes: everything except whole values of keys in strings.txt in a form
 * set's place below its roots. Whether the values lie where the plan says, only the files show: `assess` looks there.
 */
export function permits(plan: Plan<FileChange>): readonly string[] {
  const { target } = plan;
  if (target.kind !== 'files') return ['The target is not a list of folders.'];
  return [
    ...faultsOfIntent(plan.intent),
    ...plan.changes.flatMap((change) => faultsOfChange(change, target.roots)),
    // An undo restores a former text, whatever it is.
    ...(plan.undoes === undefined ? faultsOfTexts(plan.changes) : []),
    ...changedInSteps(plan.changes),
    ...faultsOfNextSteps(plan.nextSteps, stepShapes),
  ];
}

const stepShapes: NextStepShapes = {
  restart: { members: { members: { items: 'text' } } },
  'other-members': { members: {} },
  listener: { members: { sets: { items: 'text' } } },
  'logon-unchanged': { members: {} },
};

/**
 * Files that one change takes up as another one leaves them: such a change can't be judged by the file as it is before
 * both. Two paths may lead to one file, and then both changes start from the same bytes.
 */
function changedInSteps(changes: readonly FileChange[]): readonly string[] {
  const before = new Map<string, FileFingerprint>();
  return changes.flatMap((change) => {
    if (change.kind !== 'file') return [];
    const target = change.realPath ?? change.path;
    const key = isOfWindows(target) ? target.toLowerCase() : target;
    const known = before.get(key) ?? change.before;
    before.set(key, known);
    return sameFingerprint(known, change.before) ? [] : [`${change.path}: it is changed in more than one step.`];
  });
}

/**
 * The parts of a path below its root that Windows takes for other names: it drops dots and spaces at the end, and what
 * follows a colon is a stream of a file (Microsoft, "Naming Files, Paths, and Namespaces").
 */
function otherNamesIn({ path: file, root }: FileChange): readonly string[] {
  if (!isOfWindows(file)) return [];
  const parts = file.slice(root.length).split(/[\\/]/);
  return parts.filter((part) => /[. ]$|[:*?"<>|]/.test(part));
}

/** Whether a path is one of Windows, which takes either letter case. */
function isOfWindows(file: string): boolean {
  return /^(?:[a-z]:|\\\\|\/\/)/i.test(file);
}

function faultsOfIntent(intent: Intent): readonly string[] {
  const { labels: asked, encodings } = readIntent(intent);
  return [
    ...(asked.size === Object.keys(membersOf(intent['labels'])).length && isObject(intent['labels'])
      ? []
      : ['The intent names a key or a label in a form that this remedy does not use.']),
    ...(encodings.size === Object.keys(membersOf(intent['codePages'])).length
      ? []
      : ['The intent names an encoding that this remedy does not know.']),
  ];
}

function faultsOfChange(change: FileChange, roots: readonly string[]): readonly string[] {
  if (change.kind !== 'file') return [`A change is of the kind ${JSON.stringify(change.kind)}, not of a file.`];
  const place = placeOf(change.path);
  const isPlace =
    /[\\/]strings\.txt$/i.test(change.path) &&
    place?.set === change.set &&
    place.class === change.class &&
    place.language === change.language;
  const faults = [
    ...(roots.includes(change.root) && isBelow(change.path, change.root) ? [] : ['it is not below a root of the plan']),
    ...(isPlace ? [] : ["it is not in the place of a form set's strings.txt, or of another set, class or language"]),
    ...otherNamesIn(change).map((part) => `Windows reads ${JSON.stringify(part)} in it as another name`),
    ...(change.splices.length > 0 ? [] : ['it changes nothing']),
    ...(isTextEncoding(change.encoding) ? [] : [`its encoding ${JSON.stringify(change.encoding)} is not known`]),
    ...(change.splices.every(({ key }) => isKey(key)) ? [] : ['it changes something other than the values of keys']),
  ];
  return faults.map((fault) => `${change.path}: ${fault}.`);
}

/** Faults of the new texts and their bytes. The members of an array get the same ones, so each is checked once. */
function faultsOfTexts(changes: readonly FileChange[]): readonly string[] {
  const known = new Map<string, string | undefined>();
  return changes.flatMap(({ kind, path: file, splices, encoding }) => {
    if (kind !== 'file' || !isTextEncoding(encoding)) return [];
    const faults = splices.map((splice) => {
      const key = `${encoding} ${splice.new}`;
      if (!known.has(key)) known.set(key, faultOfBytes(Buffer.from(splice.new, 'base64'), encoding));
      return known.get(key);
    });
    return distinct(faults.filter((fault) => fault !== undefined)).map((fault) => `${file}: ${fault}.`);
  });
}

/** Quotes around a value are not part of its text. */
function faultOfBytes(bytes: Buffer, encoding: TextEncoding): string | undefined {
  const text = decodeText(bytes, encoding);
  // A form may read other letters from bytes that are no text than those that are judged here.
  if (!isWrittenAs(text, encoding, bytes)) return 'it writes bytes that are not valid text in the encoding of the file';
  return faultOfText(text.replace(/^"(.*)"$/s, '$1'));
}

function isWrittenAs(text: string, encoding: TextEncoding, bytes: Buffer): boolean {
  const encoded = encodeText(text, encoding);
  return encoded.kind === 'encoded' && encoded.bytes.equals(bytes);
}

/** Whether a path lies below a folder by its name, with no way up in it; also on a computer of the other kind. */
function isBelow(file: string, folder: string): boolean {
  const paths = isOfWindows(folder) ? path.win32 : path.posix;
  // Windows takes either slash for a separator, also in a path that begins as another computer's.
  if (file.split(/[\\/]/).includes('..')) return false;
  const way = paths.relative(folder, file);
  // To another drive or computer there is no relative path: Node gives the file's own.
  const leadsDown = way !== '' && !paths.isAbsolute(way) && way.split(paths.sep)[0] !== '..';
  return paths.normalize(file) === file && paths.isAbsolute(file) && leadsDown;
}
