/** From what was read to findings: what stops the change of a file, and what a person should know before it. */

import path from 'node:path';
import type { Finding, FindingLevel } from '../../change/findings.ts';

import { groupBy } from '../../group-by.ts';
import { counted } from './counted.ts';
import { isByLink, type LabelFile, type LabelsFacts } from './gather.ts';
import type { LabelValue } from './inspect.ts';
import { type LabelsOptions, newTextFor } from './options.ts';
import { fewOf, shortened } from './shortened.ts';
import { inWords } from './unmatched.ts';
import { displayNameOfCulture, type WordingLookup } from './wording.ts';

/** Why a file can't be changed as asked, or not without a person's word. */
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
  | 'conflicting-duplicates'
  | 'no-wording'
  | 'text-not-encodable'
  | 'read-only-file'
  | 'locked-folder'
  | 'owner-cannot-be-kept'
  | 'hard-linked-file';

interface BlockerWords {
  readonly title: string;
  readonly detail: string;
  /** What accepting it means; without it nobody can accept it. */
  readonly whenAccepted?: 'left-out' | 'changed';
}

const blockerWords: Readonly<Record<FileBlocker, BlockerWords>> = {
  'unreadable-file': {
    title: 'Could not be read',
    detail: 'Give the right to read, or leave these out with --skip-blocked.',
  },
  'empty-file': {
    title: 'Empty',
    detail: 'An empty strings.txt shows no texts at all on the form. Restore it from the set it was copied from.',
  },
  'binary-file': {
    title: 'Not text',
    detail: 'NULs stand where no text encoding has them. Restore it from the set it was copied from.',
  },
  'damaged-encoding': {
    title: 'Damaged text',
    detail: 'Its bytes fit no encoding as a whole. Restore it, or save it again in one encoding, and run again.',
  },
  'unknown-code-page': {
    title: 'Code page not known',
    detail:
      'It is neither Unicode nor ASCII, and for what its folder is named no Windows code page is known. Name one: --code-page LANGUAGE=PAGE.',
  },
  'isa-2004-format': {
    title: 'Format of ISA Server 2004',
    detail:
      'Its keys are numbers, in another format than ISA Server 2006 and TMG use. This tool does not change such files.',
  },
  'unterminated-value': {
    title: 'Value without a closing quote',
    detail: 'Where the value ends can only be guessed. Add the closing quote, then run again.',
  },
  'ambiguous-value': {
    title: 'Value whose end can be told in two ways',
    detail:
      'More than one quote on the line could be the closing one. Move what follows the value to a line of its own.',
  },
  'undecodable-value': {
    title: 'Bytes in the label that the encoding does not know',
    detail:
      'The file may be in another encoding than it seems; then the new text would be garbled. Name it: --code-page LANGUAGE=PAGE.',
  },
  'conflicting-duplicates': {
    title: 'More than one value for the key',
    detail: 'Nothing tells which of them the form shows. Accept it to have all of them changed.',
    whenAccepted: 'changed',
  },
  'no-wording': {
    title: 'No wording for the language',
    detail:
      'Give the wording with --wording FILE, or one text for all with --text. Accept it to leave these as they are.',
    whenAccepted: 'left-out',
  },
  'text-not-encodable': {
    title: 'Encoding that lacks characters of the new text',
    detail:
      'Choose a text that it can hold (--wording), or, if the file only holds ASCII so far, name its code page: --code-page LANGUAGE=PAGE.',
  },
  'read-only-file': {
    title: 'Marked read-only',
    detail: 'Somebody wanted it left alone. Clear the mark (attrib -r) if that is over, then run again.',
  },
  'locked-folder': {
    title: 'In a folder that lets no file be written',
    detail: 'A file is replaced by a new one beside it. Give the right to write in the folder, then run again.',
  },
  'owner-cannot-be-kept': {
    title: 'Owned by somebody else',
    detail:
      'A file is replaced by a new one, and only root could give that to the owner and group of the old one. Run this as their owner or as root, or leave these out with --skip-blocked.',
  },
  'hard-linked-file': {
    title: 'More than one name (hard links)',
    detail:
      'It is replaced by a new file under this name, and its other names keep the old text. Neither the change nor its undo links them to it again. Accept it if so wanted.',
    whenAccepted: 'changed',
  },
};

interface StandingInTheWay {
  readonly id: FileBlocker;
  readonly path: string;
  /** A word on what is wrong with it. */
  readonly what?: string | undefined;
  /** The language folder whose files are told together. */
  readonly language?: string;
}

/** What stands in the way of one file; nothing if it can be changed or needs no change. */
export function blockersOf(file: LabelFile, lockedFolders: ReadonlySet<string>): readonly StandingInTheWay[] {
  const { content } = file;
  const blocked = (id: FileBlocker, what?: string): readonly StandingInTheWay[] => blockedFile(file, id, what);
  switch (content.kind) {
    case 'unreadable':
      return blocked('unreadable-file', content.cameBack);
    case 'isa-2004':
      return blocked('isa-2004-format');
    case 'not-text':
      switch (content.detected.kind) {
        case 'empty':
          return blocked('empty-file');
        case 'binary':
          return blocked('binary-file', content.detected.reason);
        case 'damaged':
          return blocked('damaged-encoding', content.detected.reason);
        default:
          return blocked('unknown-code-page');
      }
    case 'strings': {
      const flawed = content.values.find((value) => value.flaw !== undefined);
      if (flawed?.flaw !== undefined) return blocked(`${flawed.flaw}-value`, `line ${flawed.line}`);
      const { edit } = content;
      if (content.values.length === 0 || edit.kind === 'none-asked' || edit.kind === 'already-right') return [];
      if (edit.kind === 'no-wording') {
        return [{ id: 'no-wording', path: file.path, what: withoutWording[edit.reason], language: file.language }];
      }
      if (edit.kind === 'not-encodable') {
        return blocked(
          'text-not-encodable',
          `${content.encoding} lacks ${edit.characters.map(named).join(', ')} of "${shortened(edit.text)}"`,
        );
      }
      return blockersOfReplacing(file, content.values, lockedFolders);
    }
  }
}

/** What stands in the way of putting a new file in the place of one whose content can be changed. */
function blockersOfReplacing(
  file: LabelFile,
  values: readonly LabelValue[],
  lockedFolders: ReadonlySet<string>,
): readonly StandingInTheWay[] {
  if (file.readOnly) return blockedFile(file, 'read-only-file');
  if (lockedFolders.has(path.dirname(file.realPath))) return blockedFile(file, 'locked-folder');
  if (file.foreignOwner !== undefined) {
    const { uid, gid } = file.foreignOwner;
    return blockedFile(file, 'owner-cannot-be-kept', `user ${uid}, group ${gid}`);
  }
  // A person may accept each of these; accepting one is not accepting the other.
  const conflict = conflictingKey(values);
  return [
    ...(conflict === undefined ? [] : blockedFile(file, 'conflicting-duplicates', conflict)),
    ...(file.names > 1 ? blockedFile(file, 'hard-linked-file', `${file.names} names`) : []),
  ];
}

function blockedFile(file: LabelFile, id: FileBlocker, what?: string): readonly StandingInTheWay[] {
  return [{ id, path: file.path, what }];
}

type NoWording = Extract<WordingLookup, { kind: 'no-wording' }>['reason'];

const withoutWording: Readonly<Record<NoWording, string>> = {
  'not-a-culture': 'the name of the folder is none of a culture',
  'unknown-culture': 'no label is known in this language and script',
  'label-unknown': 'labels are known in this language, but not this one',
};

function named(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `${character} (U+${code})`;
}

function conflictingKey(values: readonly LabelValue[]): string | undefined {
  for (const [key, ofKey] of groupBy(values, (value) => value.key)) {
    const texts = new Set(ofKey.map((value) => value.text));
    if (texts.size > 1)
      return `${key} in lines ${fewOf(
        ofKey.map((value) => String(value.line)),
        ', ',
      )}: ${fewOf(
        [...texts].map((text) => text ?? ''),
        ' | ',
      )}`;
  }
  return undefined;
}

/** Whether a file is changed although something stood in its way: because a person accepted that. */
export function isChangedAnyway(id: FileBlocker, options: Pick<LabelsOptions, 'accept'>): boolean {
  return blockerWords[id].whenAccepted === 'changed' && options.accept.includes(id);
}

/** What a person is asked about a blocker that may be accepted: what accepting it means. */
export function meaningOfAcceptance(id: string): string {
  const words = Object.entries(blockerWords).find(([blocker]) => blocker === id)?.[1];
  return words?.whenAccepted === 'left-out' ? 'Leave these as they are and do the rest?' : 'Change them all the same?';
}

/**
 * All findings on what was read, blockers first.
 *
 * @param nearest the name that a typing error most likely meant; undefined if none is near
 */
export function assess(facts: LabelsFacts, options: LabelsOptions, nearest: Nearest): readonly Finding[] {
  return [...blockers(facts, options), ...warnings(facts, options, nearest), ...notes(facts, options)];
}

type Nearest = Parameters<typeof inWords>[1];

function blockers(facts: LabelsFacts, options: LabelsOptions): Finding[] {
  const locked = new Set(facts.lockedFolders);
  const found: readonly StandingInTheWay[] = [
    ...facts.files.flatMap((file) => blockersOf(file, locked)),
    ...facts.isa2004.map((file) => ({ id: 'isa-2004-format', path: file }) as const),
    ...facts.unreadable.map((folder) => ({ id: 'unreadable-file', path: folder.path, what: folder.cameBack }) as const),
  ];
  return [...groupBy(found, (blocker) => blocker.id)].map(([id, blocked]) => {
    const evidence =
      id === 'no-wording'
        ? languagesCounted(blocked)
        : blocked.map(({ path: file, what }) => (what === undefined ? file : `${file}: ${what}`));
    const count = counted(blocked.length, 'file');
    const words = blockerWords[id];
    const acceptable = words.whenAccepted !== undefined;
    const accepted = acceptable && options.accept.includes(id);
    const leftOut = options.skipBlocked && !isChangedAnyway(id, options);
    return {
      id,
      level: leftOut ? 'warning' : 'blocker',
      title: `${words.title}: ${count}${leftOut ? ', left out' : ''}`,
      detail: words.detail,
      evidence,
      subjects: [],
      acceptable,
      accepted,
    };
  });
}

/** A language without wording has many files, all for the same reason: a line a language, with the first, is enough. */
function languagesCounted(blocked: readonly StandingInTheWay[]): readonly string[] {
  return [...groupBy(blocked, ({ language = '' }) => language.toLowerCase()).values()]
    .flatMap(([first, ...more]) => {
      if (first === undefined) return [];
      const { language = '', path: file, what } = first;
      const name = displayNameOfCulture(language);
      const folder = name === language ? language : `${language} (${name})`;
      return [`${folder}: ${counted(1 + more.length, 'file')}, ${file}: ${what}`];
    })
    .sort();
}

function finding(
  level: FindingLevel,
  id: string,
  title: string,
  detail: string,
  evidence: readonly string[],
): Finding[] {
  if (evidence.length === 0) return [];
  return [{ id, level, title, detail, evidence, subjects: [], acceptable: false, accepted: false }];
}

function warnings(facts: LabelsFacts, options: LabelsOptions, nearest: Nearest): Finding[] {
  return [
    ...finding(
      'warning',
      'name-not-found',
      `Asked for, but not there: ${counted(facts.unmatched.length, 'name')}`,
      'See that it is written as the folder or key is. Only what is there is looked at and changed.',
      facts.unmatched.map((name) => inWords(name, nearest)),
    ),
    ...finding(
      'warning',
      'key-absent',
      `No such key: ${counted(keyless(facts).length, 'file')}`,
      'These have nothing to change. If a form of theirs asks for a name, it takes its text from another key: see --key.',
      keyless(facts),
    ),
    ...finding(
      'warning',
      'no-form-set-below',
      `No form set to change below ${counted(facts.emptyRoots.length, 'folder')}`,
      'An array member that is left out goes on showing the old label. Give its CookieAuthTemplates folder with --root.',
      facts.emptyRoots,
    ),
    ...finding(
      'warning',
      'link-not-followed',
      `Not looked behind ${counted(facts.deadLinks.length, 'link')}`,
      'If one stands for a folder of form sets, those are left out. Mend or remove it, then run again.',
      facts.deadLinks.map((link) => `${link.path}: ${link.cameBack}`),
    ),
    ...finding(
      'warning',
      'languages-share-a-file',
      'Languages that are links to one file',
      'It can have one label only, and gets that of the language whose folder it lies in. Give the others files of their own if they shall have theirs.',
      sharedByLanguages(facts, options),
    ),
    ...finding(
      'warning',
      'members-differ',
      'The array members differ from each other',
      'Members of one array should show the same forms. After this change the labels below are equal where the files are there.',
      differences(facts),
    ),
    ...finding(
      'warning',
      'hard-coded-placeholder',
      'Forms with a placeholder of their own that names the domain',
      'It stands in the form itself, not in strings.txt, and stays as it is. Change it by hand in each form.',
      facts.placeholders.map((form) => `${form.path}: ${shortened(form.placeholder)}`),
    ),
    ...finding(
      'warning',
      'stray-temporary-file',
      'Temporary files of an interrupted run',
      'They take no part in anything. Apply the change folder of that run again, which removes them, or delete them.',
      facts.strays,
    ),
  ];
}

/** Files that folders of several languages lead to, where the new label is not the same in these. */
function sharedByLanguages(facts: LabelsFacts, options: LabelsOptions): readonly string[] {
  const textFor = (language: string): string | undefined => {
    const wanted = newTextFor(options.newLabel, language);
    return wanted?.kind === 'found' ? wanted.text : undefined;
  };
  const files = new Map(facts.files.map((file) => [file.realPath, file]));
  return facts.otherNames.flatMap((other) => {
    const file = files.get(other.realPath);
    return file === undefined || textFor(file.language) === textFor(other.language)
      ? []
      : [`${other.path}: the file of ${file.language}, ${file.path}`];
  });
}

function keyless(facts: LabelsFacts): readonly string[] {
  return facts.files
    .filter((file) => file.content.kind === 'strings' && file.content.values.length === 0)
    .map((file) => file.path);
}

function notes(facts: LabelsFacts, options: LabelsOptions): Finding[] {
  const toChange = facts.files.filter(
    (file) => file.content.kind === 'strings' && file.content.edit.kind === 'splices',
  );
  if (options.newLabel.kind === 'none') return [];
  return [
    ...finding(
      'note',
      'other-texts-name-the-domain',
      'Other texts of the same forms still name the domain',
      'An error message, for example, may go on asking to check the domain name. Change such keys as well with --key and --text, or by hand.',
      byLanguage(
        toChange.flatMap((file) =>
          file.content.kind === 'strings' && file.content.domainWordElsewhere !== undefined
            ? [{ language: file.language, word: file.content.domainWordElsewhere }]
            : [],
        ),
      ),
    ),
    ...finding(
      'note',
      'same-value-twice',
      'Files that give the key the same value more than once',
      'All of them are changed.',
      toChange
        .filter(({ content }) => content.kind === 'strings' && hasSameValueTwice(content.values))
        .map((file) => file.path),
    ),
    ...finding(
      'note',
      'behind-a-link',
      'Files reached through a link',
      'The file that the link leads to, itself or its folder, is changed; the link stays.',
      toChange.filter(isByLink).map((file) => `${file.path} → ${file.realPath}`),
    ),
  ];
}

/** A line a language and word: "de: Domäne, 12 files". */
function byLanguage(found: readonly { readonly language: string; readonly word: string }[]): readonly string[] {
  const groups = groupBy(found, ({ language, word }) => `${language.toLowerCase()}: ${word}`);
  return [...groups].map(([name, files]) => `${name}, ${counted(files.length, 'file')}`).sort();
}

function hasSameValueTwice(values: readonly LabelValue[]): boolean {
  return new Set(values.map((value) => value.key)).size < values.length && conflictingKey(values) === undefined;
}

/** What one array member shows and another does not: by set, class, language and key, the texts and where they are. */
function differences(facts: LabelsFacts): readonly string[] {
  if (facts.roots.length < 2) return [];
  const all = [...facts.files, ...facts.otherNames];
  const places = groupBy(all, (file) => [file.set, file.class, file.language].join('\\').toLowerCase());
  const members = groupBy(all, (file) => file.root);
  const setsOf = new Map(
    [...members].map(([root, files]) => [root, new Set(files.map((file) => file.set.toLowerCase()))]),
  );
  const found: string[] = [];
  for (const files of places.values()) {
    const [first] = files;
    if (first === undefined) continue;
    const place = [first.set, first.class, first.language].join(' · ');
    const present = new Set(files.map((file) => file.root));
    for (const [root, sets] of setsOf) {
      if (!present.has(root) && sets.has(first.set.toLowerCase())) found.push(`${place}: not on ${root}`);
    }
    const alike = [...groupBy(files, (file) => textsOf(file).join(' ')).values()];
    if (alike.length > 1) {
      const each = alike.map(
        (group) => `${fewOf(group.slice(0, 1).flatMap(textsOf), ' ')} on ${group.map((file) => file.root).join(', ')}`,
      );
      found.push(`${place}: ${each.join('; ')}`);
    }
  }
  return found;
}

function textsOf(file: LabelFile): readonly string[] {
  if (file.content.kind !== 'strings') return ['unreadable'];
  const texts = file.content.values.map((value) => JSON.stringify(value.text ?? ''));
  return texts.length === 0 ? ['no such key'] : texts;
}
