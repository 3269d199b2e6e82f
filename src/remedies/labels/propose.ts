/** From what was read to the edits that give every file its new label, and the files that are left out. */

import type { FileChange, FileFingerprint, LeftOut, Proposal, Splice } from '../../change/plan.ts';
import { fingerprintOfParts } from '../../change/planned-file.ts';
import { type KeySplice, splicedParts, writtenInPlaceOf } from '../../files/strings-file.ts';
import { type EncodedText, encodeText, type TextEncoding } from '../../files/text-encoding.ts';
import { distinct, listed, remembered, shortened } from '../../words.ts';
import type { LabelFile, LabelsFacts } from './facts.ts';
import {
  type Blocked,
  blockersInContent,
  blockersOfReplacing,
  type FileBlocker,
  garbledLabelOf,
  isChangedAnyway,
  lostLettersOf,
  named,
  withoutWording,
} from './file-blockers.ts';
import { notEntered, select } from './filters.ts';
import { intentOf } from './intent.ts';
import { keysIn, type LabelsOptions, newTextFor } from './options.ts';
import type { ReadableValue, Strings } from './strings-content.ts';
import type { WordingLookup } from './wording.ts';

/** The id of a choice that leaves a name out: links give one file to several languages. */
export const sharedFile = 'languages-share-a-file';

/** The changes of all files that nothing blocks or whose blockers are accepted. */
export function propose(facts: LabelsFacts, options: LabelsOptions): Proposal<FileChange> {
  const { files, otherNames } = select(facts, options);
  const { unreadable, linksOut } = notEntered(facts, options);
  const keys = keysIn(options);
  const edited = editor(options, keys);
  const changes: FileChange[] = [];
  const leftOut: LeftOut[] = [];
  for (const file of files) {
    const edit = edited(file);
    if (edit.kind === 'none-asked') continue;
    if (edit.kind === 'already-right') {
      leftOut.push({ what: file.path, reason: edit.kind });
      continue;
    }
    const blocked =
      edit.kind === 'splices' ? blockersOfReplacing(file, keys, facts, options.followLinks) : edit.blocked;
    if (edit.kind === 'splices' && blocked.every(({ id }) => isChangedAnyway(id, options.accept))) {
      changes.push(changeOf(file, edit));
    } else {
      leftOut.push(...blocked.map((one) => leftOutOf(file.path, withCopy(one, file, files, keys))));
    }
  }
  return {
    target: { kind: 'files', roots: facts.roots },
    intent: intentOf(options),
    changes,
    leftOut: [
      ...leftOut,
      ...facts.isa2004.map((file) => leftOutOf(file, { id: 'isa-2004-format' })),
      ...unreadable.map(({ path, cameBack }) => leftOutOf(path, { id: 'unreadable-file', detail: cameBack })),
      ...linksOut.map(({ path, realPath }) => leftOutOf(path, { id: 'outside-the-roots', detail: realPath })),
      ...sharedByLanguages(files, otherNames, options),
    ],
  };
}

/** Faults that only an undamaged file can repair. */
const damages: ReadonlySet<FileBlocker> = new Set([
  'empty-file',
  'binary-file',
  'damaged-encoding',
  'lost-letters',
  'garbled-value',
  'typographic-value',
  'joined-value',
  'unterminated-value',
]);

/** With the path of an undamaged file of the same language, if there is one: of the same set first, on another member. */
function withCopy(blocked: Blocked, file: LabelFile, files: readonly LabelFile[], keys: readonly string[]): Blocked {
  if (!damages.has(blocked.id)) return blocked;
  const copies = files.filter(
    (other) =>
      other.language.toLowerCase() === file.language.toLowerCase() &&
      other.class.toLowerCase() === file.class.toLowerCase() &&
      blockersInContent(other, keys).length === 0 &&
      lostLettersOf(other, keys) === undefined &&
      garbledLabelOf(other, keys) === undefined,
  );
  const copy = copies.find((other) => other.set.toLowerCase() === file.set.toLowerCase()) ?? copies[0];
  if (copy === undefined) return blocked;
  const where = `an undamaged copy is ${copy.path}`;
  return { ...blocked, detail: blocked.detail === undefined ? where : `${blocked.detail}; ${where}` };
}

function leftOutOf(what: string, { id, detail }: Blocked): LeftOut {
  return { what, reason: id, ...(detail === undefined ? {} : { detail }) };
}

/** Names of files by links of other languages, where the new label is not the same in these. */
function sharedByLanguages(
  files: readonly LabelFile[],
  otherNames: readonly LabelFile[],
  options: LabelsOptions,
): readonly LeftOut[] {
  const textsFor = (language: string): string => JSON.stringify(textsIn(options, language));
  const byRealPath = new Map(files.map((file) => [file.realPath, file]));
  return otherNames.flatMap((other) => {
    const file = byRealPath.get(other.realPath);
    return file === undefined || textsFor(file.language) === textsFor(other.language)
      ? []
      : [{ what: other.path, reason: sharedFile, detail: `the file of ${file.language}, ${file.path}` }];
  });
}

function changeOf(file: LabelFile, edit: Edit & { kind: 'splices' }): FileChange {
  const { path, realPath, root, set, class: formClass, language } = file;
  return {
    kind: 'file',
    path,
    ...(realPath === path ? {} : { realPath }),
    root,
    set,
    class: formClass,
    language,
    encoding: edit.content.encoding,
    before: edit.content.fingerprint,
    after: edit.after,
    splices: edit.splices,
  };
}

/** The edit that gives a file its new label. */
type Edit =
  | { readonly kind: 'none-asked' }
  | { readonly kind: 'already-right' }
  | { readonly kind: 'blocked'; readonly blocked: readonly Blocked[] }
  | {
      readonly kind: 'splices';
      readonly content: Strings;
      readonly splices: readonly Splice[];
      readonly after: FileFingerprint;
    };

/** Gives the edit of a file; what array members share is edited once. */
function editor(options: LabelsOptions, keys: readonly string[]): (file: LabelFile) => Edit {
  const known = new Map<LabelFile['content'], Map<string, Edit>>();
  const written = writer();
  const textsFor = remembered((language) => {
    const texts = textsIn(options, language);
    return { wanted: new Map(texts), name: JSON.stringify(texts) };
  });
  return (file) => {
    const { content } = file;
    const blocked = blockersInContent(file, keys);
    if (content.kind !== 'strings' || blocked.length > 0) return { kind: 'blocked', blocked };
    const values = content.values.flatMap((value) =>
      value.flaw === undefined && keys.includes(value.key) ? [value] : [],
    );
    const { wanted, name } = textsFor(file.language);
    const lacking = lackingAmong(distinct(values.map(({ key }) => key)), wanted);
    if (lacking !== undefined) return { kind: 'blocked', blocked: [lacking] };
    if (!values.some(({ key }) => wanted.has(key))) return { kind: 'none-asked' };
    const ofContent = known.get(content) ?? new Map<string, Edit>();
    known.set(content, ofContent);
    const edit = ofContent.get(name) ?? editOf(content, values, wanted, written, lostLettersOf(file, keys));
    ofContent.set(name, edit);
    return edit;
  };
}

type Texts = ReadonlyMap<string, WordingLookup>;

/** The new texts of a language by key; a key that is not changed has none. */
function textsIn(options: LabelsOptions, language: string): readonly (readonly [string, WordingLookup])[] {
  return keysIn(options).flatMap((key) => {
    const wanted = newTextFor(options, language, key);
    return wanted === undefined ? [] : [[key, wanted] as const];
  });
}

/** The blocker of a file whose keys do not all have a text; it names the keys if only some lack one. */
function lackingAmong(keys: readonly string[], wanted: Texts): Blocked | undefined {
  const lacking = keys.flatMap((key) => {
    const text = wanted.get(key);
    return text?.kind === 'no-wording' ? [{ key, detail: withoutWording[text.reason] }] : [];
  });
  const [first] = lacking;
  if (first === undefined) return undefined;
  const isOnlySome = keys.some((key) => wanted.get(key)?.kind === 'found');
  const which = isOnlySome ? ` (${listed(lacking.map(({ key }) => key))})` : '';
  return { id: 'no-wording', detail: first.detail + which };
}

function editOf(
  content: Strings,
  values: readonly ReadableValue[],
  wanted: Texts,
  written: Writer,
  lost: string | undefined,
): Edit {
  const { encoding } = content;
  const bytes = content.bytes();
  const splices: (KeySplice & { readonly line: number })[] = [];
  for (const { key, line, offset, length, isQuoted } of values) {
    const text = wanted.get(key);
    if (text?.kind !== 'found') continue;
    const now = written(text.text, isQuoted, encoding);
    if (now.kind === 'lacking')
      return { kind: 'blocked', blocked: [notEncodable(encoding, text.text, now.characters, lost)] };
    const old = bytes.subarray(offset, offset + length);
    if (!now.bytes.equals(old)) splices.push({ key, line, offset, old, new: now.bytes });
  }
  splices.sort((one, other) => one.offset - other.offset);
  if (splices.length === 0) return { kind: 'already-right' };
  const base64 = memoOfBase64();
  return {
    kind: 'splices',
    content,
    after: fingerprintOfParts(splicedParts(bytes, splices)),
    splices: splices.map(({ key, line, offset, old, new: now }) => ({
      key,
      line,
      offset,
      old: base64(old),
      new: base64(now),
    })),
  };
}

type Writer = (text: string, isQuoted: boolean, encoding: TextEncoding) => EncodedText;

/** Encodes texts as values are written, each once: all members get the same ones, and a file may have very many of one. */
function writer(): Writer {
  const inEncoding = remembered((encoding: TextEncoding) => remembered((value: string) => encodeText(value, encoding)));
  return (text, isQuoted, encoding) => inEncoding(encoding)(writtenInPlaceOf({ isQuoted }, text));
}

function notEncodable(
  encoding: TextEncoding,
  text: string,
  characters: readonly string[],
  lost: string | undefined,
): Blocked {
  // The file is not in its original encoding: naming a code page would only hide that.
  if (lost !== undefined) return { id: 'lost-letters', detail: lost };
  const detail = `${encoding} lacks ${characters.map(named).join(', ')} of "${shortened(text)}"`;
  return { id: 'text-not-encodable', detail };
}

/** Equal values become one string: a damaged file may repeat one half a million times. */
function memoOfBase64(): (bytes: Buffer) => string {
  const known = new Map<string, string>();
  return (bytes) => {
    const text = bytes.toString('base64');
    const before = known.get(text);
    if (before !== undefined) return before;
    known.set(text, text);
    return text;
  };
}
