/** What blocks the change of a single file, by what was found in it and around it, and the words for each. */

import path from 'node:path';
import { isBelow } from '../../files/template-tree.ts';
import { groupBy, shortened } from '../../words.ts';
import type { LabelFile, LabelsFacts } from './facts.ts';
import { type LabelValue, lostLettersIn } from './strings-content.ts';
import type { WordingLookup } from './wording.ts';

/** Why a file can't be changed as asked, or only if the user accepts it. */
export type FileBlocker =
  | 'unreadable-file'
  | 'empty-file'
  | 'binary-file'
  | 'damaged-encoding'
  | 'unknown-code-page'
  | 'isa-2004-format'
  | 'unterminated-value'
  | 'ambiguous-value'
  | 'undecodable-value'
  | 'garbled-value'
  | 'typographic-value'
  | 'joined-value'
  | 'lost-letters'
  | 'conflicting-duplicates'
  | 'no-wording'
  | 'text-not-encodable'
  | 'outside-the-roots'
  | 'read-only-file'
  | 'locked-folder'
  | 'owner-cannot-be-kept'
  | 'hard-linked-file';

interface BlockerWords {
  readonly title: string;
  readonly detail: string;
  /** The effect of accepting it; undefined if it cannot be accepted. */
  readonly whenAccepted?: 'left-out' | 'changed';
}

/** The words for each blocker of a file. */
export const blockerWords: Readonly<Record<FileBlocker, BlockerWords>> = {
  'unreadable-file': {
    title: 'Could not be read',
    detail: 'Get the right to read these files, or leave them out with --skip-blocked.',
  },
  'empty-file': {
    title: 'Empty',
    detail: 'An empty strings.txt shows no texts at all on the form. Restore it from the set it was copied from.',
  },
  'binary-file': {
    title: 'Not text',
    detail: 'It contains NUL bytes where text has none. Restore it from the set it was copied from.',
  },
  'damaged-encoding': {
    title: 'Damaged text',
    detail:
      'No encoding fits all of its bytes. Restore it from a backup or an undamaged copy. Do not save it in an editor: the damaged parts would be lost.',
  },
  'unknown-code-page': {
    title: 'Unknown code page',
    detail:
      'It is neither Unicode nor ASCII, and the name of its folder does not give its code page. Name the code page: --code-page LANGUAGE=PAGE.',
  },
  'isa-2004-format': {
    title: 'Format of ISA Server 2004',
    detail:
      'Its keys are numbers, in another format than ISA Server 2006 and TMG use. This tool does not change such files.',
  },
  'unterminated-value': {
    title: 'Value without a closing quote',
    detail: 'The end of the value is not known. Add the closing quote, then run again.',
  },
  'ambiguous-value': {
    title: 'Ambiguous closing quote',
    detail: 'More than one quote on the line could be the closing one. Move the text after the value to its own line.',
  },
  'undecodable-value': {
    title: 'Bytes in the label that are not valid in the encoding',
    detail:
      'The file may be in a different encoding; the new text would then be garbled. Name the encoding: --code-page LANGUAGE=PAGE.',
  },
  'garbled-value': {
    title: 'Garbled letters in the label',
    detail:
      'The file was once opened in the wrong encoding and saved: letters are replaced (\ufffd) each is shown as several ("DomÃ¤ne"), or all are shown as other ones ("Äîìåí" for "Домен"). No code page repairs it. Restore it from a backup or an undamaged copy. If you accept, the label is changed, and its other texts stay damaged.',
    whenAccepted: 'changed',
  },
  'typographic-value': {
    title: 'Typographic quotes around the label',
    detail:
      'The form does not treat them as quotes: they become part of the label. Replace them with straight quotes ("), then run again.',
  },
  'joined-value': {
    title: 'Two keys on one line',
    detail:
      'The line break between them is missing; changing one would delete the other. Put each key on its own line, then run again.',
  },
  'lost-letters': {
    title: 'Letters lost to question marks',
    detail:
      'The file was saved in an encoding that lacks these letters; no code page brings them back. Restore it from a backup or an undamaged copy. If you accept, the label is changed if the file can hold it, and its other texts stay damaged.',
    whenAccepted: 'changed',
  },
  'conflicting-duplicates': {
    title: 'More than one value for the key',
    detail: 'It is not known which value the form uses. If you accept, all of them are changed.',
    whenAccepted: 'changed',
  },
  'no-wording': {
    title: 'No wording for the language',
    detail:
      'Give the wording with --wording FILE, or one text for all with --text. If you accept, these files stay as they are.',
    whenAccepted: 'left-out',
  },
  'text-not-encodable': {
    title: 'Encoding without some characters of the new text',
    detail:
      'Choose a text that it can hold (--wording), or, if the file only holds ASCII so far, name its code page: --code-page LANGUAGE=PAGE.',
  },
  'outside-the-roots': {
    title: 'Behind a link that leads out of the given folders',
    detail:
      'Folders behind such links are not searched. Give the folder itself with --root, change the files there too with --follow-links, or leave them out with --skip-blocked.',
  },
  'read-only-file': {
    title: 'Marked read-only',
    detail:
      'It may have been marked on purpose. If you may change it, clear the mark in the properties of the file, then run again.',
  },
  'locked-folder': {
    title: 'No right to write the file or its folder',
    detail:
      'On Windows, open the prompt with "Run as administrator". On other systems, get the right to write to the folder: each file is replaced by a new one.',
  },
  'owner-cannot-be-kept': {
    title: 'Owned by another user',
    detail:
      'A file is replaced by a new one, and only root can give the new one the same owner and group. Run this as their owner or as root, or leave these files out with --skip-blocked.',
  },
  'hard-linked-file': {
    title: 'More than one name (hard links)',
    detail:
      'Under this name it is replaced by a new file; its other names keep the old text. Neither the change nor its undo restores the hard links. If you accept, it is changed under this name.',
    whenAccepted: 'changed',
  },
};

/** Whether a finding of this id blocks single files. */
export function isFileBlocker(id: string): id is FileBlocker {
  return Object.hasOwn(blockerWords, id);
}

/** Whether a file is changed despite this blocker because the user accepted it. */
export function isChangedAnyway(id: FileBlocker, accept: readonly string[]): boolean {
  return blockerWords[id].whenAccepted === 'changed' && accept.includes(id);
}

/** A blocker of one file. */
export interface Blocked {
  readonly id: FileBlocker;
  /** The fault in this file. */
  readonly detail?: string;
}

/** Why the text of a file cannot be read reliably. */
export function blockersInContent(
  { content }: Pick<LabelFile, 'content'>,
  keys: readonly string[],
): readonly Blocked[] {
  switch (content.kind) {
    case 'unreadable':
      return [{ id: 'unreadable-file', detail: content.cameBack }];
    case 'isa-2004':
      return [{ id: 'isa-2004-format' }];
    case 'not-text':
      switch (content.detected.kind) {
        case 'empty':
          return [{ id: 'empty-file' }];
        case 'binary':
          return [{ id: 'binary-file', detail: content.detected.reason }];
        case 'damaged':
          return [{ id: 'damaged-encoding', detail: content.detected.reason }];
        default:
          return [{ id: 'unknown-code-page' }];
      }
    case 'strings': {
      const flawed = content.values.find((value) => keys.includes(value.key) && value.flaw !== undefined);
      return flawed?.flaw === undefined ? [] : [{ id: `${flawed.flaw}-value`, detail: `line ${flawed.line}` }];
    }
  }
}

/** Why a file whose content can be changed cannot be replaced by a new one. */
export function blockersOfReplacing(
  file: LabelFile,
  keys: readonly string[],
  { lockedFolders, realRoots }: Pick<LabelsFacts, 'lockedFolders' | 'realRoots'>,
  followLinks: boolean,
): readonly Blocked[] {
  if (!followLinks && !isBelowARoot(file, realRoots)) {
    return [{ id: 'outside-the-roots', detail: file.realPath }];
  }
  if (file.readOnly) return [{ id: 'read-only-file' }];
  if (lockedFolders.has(path.dirname(file.realPath))) return [{ id: 'locked-folder' }];
  if (file.foreignOwner !== undefined) {
    const { uid, gid } = file.foreignOwner;
    return [{ id: 'owner-cannot-be-kept', detail: `user ${uid}, group ${gid}` }];
  }
  // Each of these can be accepted; accepting one does not accept another.
  const values = file.content.kind === 'strings' ? file.content.values : [];
  const conflict = conflictingKey(values.filter((value) => keys.includes(value.key)));
  const lost = lostLettersOf(file, keys);
  const garbled = garbledLabelOf(file, keys);
  return [
    ...(garbled === undefined ? [] : [{ id: 'garbled-value', detail: garbled } as const]),
    ...(lost === undefined ? [] : [{ id: 'lost-letters', detail: lost } as const]),
    ...(conflict === undefined ? [] : [{ id: 'conflicting-duplicates', detail: conflict } as const]),
    ...(file.names > 1 ? [{ id: 'hard-linked-file', detail: `${file.names} names` } as const] : []),
  ];
}

/** A label that was saved in a wrong encoding. */
export function garbledLabelOf({ content }: Pick<LabelFile, 'content'>, keys: readonly string[]): string | undefined {
  if (content.kind !== 'strings') return undefined;
  const label = content.values.find((value) => keys.includes(value.key) && value.flaw === undefined && value.isGarbled);
  return label === undefined ? undefined : `line ${label.line}: ${shortened(label.text ?? '')}`;
}

/** A few places may be intended; a file that was saved in the wrong encoding has more. */
const fewPlaces = 4;

/** Where letters of a file are lost: in a label, or all over the file. */
export function lostLettersOf({ content }: Pick<LabelFile, 'content'>, keys: readonly string[]): string | undefined {
  if (content.kind !== 'strings') return undefined;
  const label = content.values.find(
    ({ key, text }) => keys.includes(key) && text !== undefined && (lostLettersIn(text) > 0 || /\?\?/.test(text)),
  );
  if (label !== undefined) return `line ${label.line}: ${shortened(label.text ?? '')}`;
  return content.lostLetters > fewPlaces ? `${content.lostLetters} places` : undefined;
}

/** Whether a file lies below one of the roots, wherever links lead. */
export function isBelowARoot({ realPath, root }: LabelFile, realRoots: LabelsFacts['realRoots']): boolean {
  const own = realRoots.get(root);
  return (
    (own !== undefined && isWithin(realPath, own)) || [...realRoots.values()].some((other) => isWithin(realPath, other))
  );
}

/** Whether a path lies in a folder. Both are real paths; on Windows letter case does not matter. */
export function isWithin(file: string, folder: string): boolean {
  // With two hundred members each is compared with each other one; node:path would take most of that time.
  if (path.sep === '/')
    return file.length > folder.length && file.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
  return path.relative(folder, file) !== '' && isBelow(file, folder);
}

type NoWording = Extract<WordingLookup, { kind: 'no-wording' }>['reason'];

/** Why a language has no wording, as a clause. */
export const withoutWording: Readonly<Record<NoWording, string>> = {
  'not-a-culture': 'the folder name is not the name of a culture',
  'unknown-culture': 'there are no labels in this language and script',
  'label-unknown': 'there are labels in this language, but not this one',
};

/** "ö (U+00F6)" */
export function named(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `${character} (U+${code})`;
}

/** A key with more than one text, with its lines and texts. */
export function conflictingKey(values: readonly LabelValue[]): string | undefined {
  if (values.length < 2) return undefined;
  for (const [key, ofKey] of groupBy(values, (value) => value.key)) {
    const texts = new Set(ofKey.map((value) => value.text ?? ''));
    if (texts.size < 2) continue;
    const lines = fewOf(
      ofKey.map((value) => String(value.line)),
      ', ',
    );
    return `${key} in lines ${lines}: ${fewOf([...texts], ' | ')}`;
  }
  return undefined;
}

const most = 6;

/** The first of many, each shortened, and how many more there are. */
export function fewOf(texts: readonly string[], separator: string): string {
  const more = texts.length - most;
  const few = texts.slice(0, most).map(shortened).join(separator);
  return more > 0 ? `${few}${separator}… and ${more.toLocaleString('en')} more` : few;
}
