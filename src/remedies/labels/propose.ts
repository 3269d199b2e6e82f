/** From what was read to the edits that give every file its new label, and the files that are left out. */

import { fileFingerprint } from '../../change/fingerprint.ts';
import type { FileChange, FileFingerprint, LeftOut, Proposal, Splice } from '../../change/plan.ts';
import { type KeySplice, spliceBytes, writtenInPlaceOf } from '../../files/strings-file.ts';
import { encodeText } from '../../files/text-encoding.ts';
import { shortened } from '../../words.ts';
import {
  type Blocked,
  blockersInContent,
  blockersOfReplacing,
  isChangedAnyway,
  named,
  withoutWording,
} from './file-blockers.ts';
import { notEntered, select } from './filters.ts';
import type { LabelFile, LabelsFacts } from './gather.ts';
import { intentOf } from './intent.ts';
import { keysIn, type LabelsOptions, newTextFor } from './options.ts';
import type { ReadableValue, Strings } from './strings-content.ts';
import type { WordingLookup } from './wording.ts';

/** The id of a choice that leaves a name out: links give one file to several languages. */
export const sharedFile = 'languages-share-a-file';

/** The changes of all files that nothing blocks or whose blockers are accepted. */
export function propose(facts: LabelsFacts, options: LabelsOptions): Proposal<FileChange> {
  const { files, otherNames } = select(facts, options);
  const edited = editor(options);
  const changes: FileChange[] = [];
  const leftOut: LeftOut[] = [];
  for (const file of files) {
    const edit = edited(file);
    const blocked =
      edit.kind === 'splices'
        ? blockersOfReplacing(file, keysIn(options), facts, options.followLinks)
        : edit.kind === 'blocked'
          ? edit.blocked
          : [];
    if (edit.kind === 'splices' && blocked.every(({ id }) => isChangedAnyway(id, options.accept))) {
      changes.push(changeOf(file, edit));
    } else {
      leftOut.push(...blocked.map((one) => leftOutOf(file.path, one)));
    }
  }
  return {
    target: { kind: 'files', roots: facts.roots },
    intent: intentOf(options),
    changes,
    leftOut: [
      ...leftOut,
      ...facts.isa2004.map((file) => leftOutOf(file, { id: 'isa-2004-format' })),
      ...notEntered(facts, options).unreadable.map(({ path, cameBack }) =>
        leftOutOf(path, { id: 'unreadable-file', detail: cameBack }),
      ),
      ...sharedByLanguages(files, otherNames, options),
    ],
  };
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
  const textFor = (language: string): string | undefined => {
    const wanted = newTextFor(options.newLabel, language);
    return wanted?.kind === 'found' ? wanted.text : undefined;
  };
  const byRealPath = new Map(files.map((file) => [file.realPath, file]));
  return otherNames.flatMap((other) => {
    const file = byRealPath.get(other.realPath);
    return file === undefined || textFor(file.language) === textFor(other.language)
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

/** What is to be done to a file to give it the new label. */
type Edit =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'blocked'; readonly blocked: readonly Blocked[] }
  | {
      readonly kind: 'splices';
      readonly content: Strings;
      readonly splices: readonly Splice[];
      readonly after: FileFingerprint;
    };

/** Gives the edit of a file; what array members share is edited once. */
function editor(options: LabelsOptions): (file: LabelFile) => Edit {
  const keys = keysIn(options);
  const known = new Map<LabelFile['content'], Map<string, Edit>>();
  return (file) => {
    const { content } = file;
    const blocked = blockersInContent(file, keys);
    if (content.kind !== 'strings' || blocked.length > 0) return { kind: 'blocked', blocked };
    const values = content.values.flatMap((value) =>
      value.flaw === undefined && keys.includes(value.key) ? [value] : [],
    );
    const wanted = newTextFor(options.newLabel, file.language);
    if (values.length === 0 || wanted === undefined) return { kind: 'nothing' };
    if (wanted.kind === 'no-wording') return { kind: 'blocked', blocked: [blockedBy(wanted)] };
    const ofContent = known.get(content) ?? new Map<string, Edit>();
    known.set(content, ofContent);
    const edit = ofContent.get(wanted.text) ?? editOf(content, values, wanted.text);
    ofContent.set(wanted.text, edit);
    return edit;
  };
}

function blockedBy({ reason }: Extract<WordingLookup, { kind: 'no-wording' }>): Blocked {
  return { id: 'no-wording', detail: withoutWording[reason] };
}

function editOf(content: Strings, values: readonly ReadableValue[], text: string): Edit {
  const { encoding } = content;
  const bytes = content.bytes();
  const encoded = encodeText(text, encoding);
  if (encoded.kind === 'lacking') {
    const detail = `${encoding} lacks ${encoded.characters.map(named).join(', ')} of "${shortened(text)}"`;
    return { kind: 'blocked', blocked: [{ id: 'text-not-encodable', detail }] };
  }
  const [quoted, bare] = [true, false].map((isQuoted) => encodeText(writtenInPlaceOf({ isQuoted }, text), encoding));
  const splices = values
    .flatMap(({ key, line, offset, length, isQuoted }): (KeySplice & { readonly line: number })[] => {
      const written = isQuoted ? quoted : bare;
      const old = bytes.subarray(offset, offset + length);
      // Every encoding that has the text has quotes too.
      if (written?.kind !== 'encoded' || written.bytes.equals(old)) return [];
      return [{ key, line, offset, old, new: written.bytes }];
    })
    .toSorted((one, other) => one.offset - other.offset);
  if (splices.length === 0) return { kind: 'nothing' };
  const base64 = memoOfBase64();
  return {
    kind: 'splices',
    content,
    after: fileFingerprint(spliceBytes(bytes, splices)),
    splices: splices.map(({ key, line, offset, old, new: now }) => ({
      key,
      line,
      offset,
      old: base64(old),
      new: base64(now),
    })),
  };
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
