/** From facts and a proposal to findings: what blocks the change, and what the user should know before it. */

import { blocker, type FindingDraft, finalBlocker, note, notOfThisRemedy, warning } from '../../change/findings.ts';
import type { FileChange, Proposal } from '../../change/plan.ts';
import { sameFingerprint } from '../../change/planned-file.ts';
import { type ByteSplice, replaceValuesOnly } from '../../files/strings-file.ts';
import { classFolderOf } from '../../files/template-tree.ts';
import { decodeText, isTextEncoding, type TextEncoding, unitLength } from '../../files/text-encoding.ts';
import { counted, distinct, groupBy, listed, remembered } from '../../words.ts';
import { cultureOf, displayNameOfCulture } from './cultures.ts';
import type { LabelFile, LabelsFacts } from './facts.ts';
import {
  blockersOfReplacing,
  blockerWords,
  conflictingKey,
  type FileBlocker,
  isBelowARoot,
  isFileBlocker,
} from './file-blockers.ts';
import {
  copiesLeftOut,
  distinctNames,
  isByLink,
  notEntered,
  type Selection,
  select,
  unmatchedNames,
} from './filters.ts';
import { formFindings } from './form-findings.ts';
import { type LabelsIntent, readIntent } from './intent.ts';
import { memberDifferences } from './members.ts';
import { linksFollowed, userIdKey, userNameKey } from './options.ts';
import { sharedFile } from './propose.ts';
import type { LabelValue, Strings } from './strings-content.ts';
import { upnFindings } from './upn-check.ts';
import { hasActiveHtml } from './wording.ts';

/** All findings on the proposal in the world of the facts. */
export function assess(facts: LabelsFacts, proposal: Proposal<FileChange>): readonly FindingDraft[] {
  const intent = readIntent(proposal.intent);
  const changed = changedFiles(facts, proposal);
  const selection = facts.scope === 'new' ? select(facts, intent) : undefined;
  const files = selection?.files ?? changed.map(({ file }) => file);
  return [
    ...unjustified(facts, changed, proposal),
    ...activeHtml(proposal),
    ...blockers(facts, proposal, intent, changed),
    ...followedOutside(facts, intent, changed),
    ...aboutChanges(facts, proposal, intent, changed, files),
    ...(proposal.undoes === undefined ? formFindings(facts, intent, formFolders(files)) : []),
    ...(selection === undefined ? [] : aboutTrees(facts, intent, selection)),
    ...(facts.upns === undefined ? [] : upnFindings(facts.upns)),
  ];
}

/** A change with its file as it is now. Changes of a plan that are already done have no facts. */
interface ChangedFile {
  readonly change: FileChange;
  readonly file: LabelFile;
}

function changedFiles(facts: LabelsFacts, { changes }: Proposal<FileChange>): readonly ChangedFile[] {
  const files = new Map(facts.files.map((file) => [file.path, file]));
  return changes.flatMap((change) => {
    const file = files.get(change.path);
    return file === undefined ? [] : [{ change, file }];
  });
}

/** Changes that write something other than whole values of keys, or that lead to a file other than the one they name. */
function unjustified(
  facts: LabelsFacts,
  changed: readonly ChangedFile[],
  { undoes }: Pick<Proposal, 'undoes'>,
): readonly FindingDraft[] {
  if (facts.scope === 'new') return [];
  const isJustified = splicesJudge(undoes !== undefined);
  const faults = changed.flatMap(({ change, file }) => {
    const fault = faultOf(change, file, isJustified);
    return fault === undefined ? [] : [`${change.path}: ${fault}`];
  });
  if (faults.length === 0) return [];
  return [
    finalBlocker(
      notOfThisRemedy,
      `Changes that this remedy does not make: ${counted(faults.length, 'file')}`,
      'The plan was not made by this tool, or was changed since. Do not apply it; make a new plan.',
      { evidence: faults, subjects: faults },
    ),
  ];
}

function faultOf(
  change: FileChange,
  { content, realPath }: LabelFile,
  isJustified: ReturnType<typeof splicesJudge>,
): string | undefined {
  // A file that can't be read or is not as planned is not written: the writer reports it.
  if (content.kind === 'unreadable' || !sameFingerprint(content.fingerprint, change.before)) return undefined;
  const planned = change.realPath ?? change.path;
  if (realPath !== planned) return `it leads to ${realPath}, but the plan says ${planned}`;
  const { encoding } = change;
  // If the label was the only text beyond ASCII in its file and is not any more, the file now counts as ASCII.
  const isAsciiNow = content.kind === 'strings' && content.encoding === 'ascii';
  const isText = content.kind === 'strings' && isTextEncoding(encoding);
  if (!isText || !(content.encoding === encoding || (isAsciiNow && unitLength(encoding) === 1)))
    return `it is not in the encoding ${encoding}`;
  return isJustified(change, encoding, content) ? undefined : 'it changes more than the values of keys';
}

/**
 * Judges the splices of changes; what array members share is judged once.
 * @param isUndo whether they restore former texts, which may contain quotes
 */
function splicesJudge(isUndo: boolean): (change: FileChange, encoding: TextEncoding, content: Strings) => boolean {
  const known = new Map<Strings, Map<string, boolean>>();
  return ({ splices }, encoding, content) => {
    const ofContent = known.get(content) ?? new Map<string, boolean>();
    known.set(content, ofContent);
    const name = JSON.stringify([encoding, splices]);
    const before = ofContent.get(name);
    if (before !== undefined) return before;
    const bytes = splices.map(({ key, offset, old, new: now }) => ({
      key,
      offset,
      old: Buffer.from(old, 'base64'),
      new: Buffer.from(now, 'base64'),
    }));
    const file = content.bytes();
    const isQuotedTwice = !isUndo && bytes.some((splice) => addsQuotes(splice, file, encoding));
    const isJustified = !isQuotedTwice && replaceValuesOnly(file, encoding, bytes);
    ofContent.set(name, isJustified);
    return isJustified;
  };
}

/** Whether a text with quotes is put into a value that already has quotes: the first of them would end it. */
function addsQuotes(splice: ByteSplice, file: Buffer, encoding: TextEncoding): boolean {
  const isQuoted = (start: number): boolean =>
    decodeText(file.subarray(start, start + unitLength(encoding)), encoding) === '"';
  const text = decodeText(splice.new, encoding);
  return text.startsWith('"') && !isQuoted(splice.offset) && isQuoted(splice.offset - unitLength(encoding));
}

/** The folders of the classes that these files are in, each with one of them. */
function formFolders(files: readonly LabelFile[]): ReadonlyMap<string, LabelFile> {
  return new Map(files.map((file) => [classFolderOf(file), file]));
}

/** A link within the site, which does nothing until it is followed. */
const ownLink = /<a href=(["'])[\w#./?=&-]*\1>|<\/a>/gi;

/**
 * An undo may restore texts that a new change could not write, because the file had them before. For a folder that was
 * handed over, only that folder says so.
 */
function activeHtml({ undoes, changes }: Proposal<FileChange>): readonly FindingDraft[] {
  if (undoes === undefined) return [];
  const texts = (change: FileChange): readonly string[] =>
    change.splices.flatMap((splice) => {
      const text = isTextEncoding(change.encoding)
        ? decodeText(Buffer.from(splice.new, 'base64'), change.encoding)
        : '';
      return hasActiveHtml(text.replace(ownLink, '')) ? [`${change.path}: ${text}`] : [];
    });
  const found = changes.flatMap(texts);
  return about(
    blocker,
    'html-comes-back',
    `The undo restores HTML that does more than format the text: ${counted(found.length, 'text')}`,
    'The logon form runs it: a script there can read what users type. Accept this only if the form had it before the change.',
    found,
    found,
  );
}

interface BlockedFile {
  readonly id: FileBlocker;
  readonly path: string;
  readonly detail?: string | undefined;
  readonly isLeftOut: boolean;
}

/** Faults that an undo may restore. */
const lost: ReadonlySet<FileBlocker> = new Set(['lost-letters', 'garbled-value']);

/** --follow-links accepts it for a new plan. A saved one only says that the flag was given. */
function followedOutside(
  { realRoots }: LabelsFacts,
  { followLinks }: LabelsIntent,
  changed: readonly ChangedFile[],
): readonly FindingDraft[] {
  const outside = followLinks ? changed.filter(({ file }) => !isBelowARoot(file, realRoots)) : [];
  if (outside.length === 0) return [];
  return [
    blocker(
      linksFollowed,
      `Files outside the given folders, behind links: ${counted(outside.length, 'file')}`,
      'The change follows links (--follow-links). Check that each of these files is one that you want to change.',
      {
        evidence: outside.map(({ file }) => `${file.path} → ${file.realPath}`),
        subjects: outside.map(({ file }) => file.path),
      },
    ),
  ];
}

/** The blockers of files: of those that are left out, and of those that are changed because the user accepted it. */
function blockers(
  facts: LabelsFacts,
  proposal: Proposal<FileChange>,
  intent: LabelsIntent,
  changed: readonly ChangedFile[],
): readonly FindingDraft[] {
  const leftOut = proposal.leftOut.flatMap(({ what, reason, detail }): BlockedFile[] =>
    isFileBlocker(reason) ? [{ id: reason, path: what, detail, isLeftOut: true }] : [],
  );
  const stillBlocked = changed.flatMap(({ change, file }): BlockedFile[] => {
    const keys = change.splices.map(({ key }) => key);
    // A file that can't be reached now is reported when it is written: the others need not wait for it.
    if (file.content.kind === 'unreadable') return [];
    const found = blockersOfReplacing(file, keys, facts, intent.followLinks);
    // Letters that are already lost do not block an undo.
    const blocked = proposal.undoes === undefined ? found : found.filter(({ id }) => !lost.has(id));
    return blocked.map(({ id, detail }) => ({
      id,
      path: file.path,
      detail,
      isLeftOut: false,
    }));
  });
  const languages = new Map(facts.files.map((file) => [file.path, file.language]));
  return [...groupBy([...leftOut, ...stillBlocked], ({ id }) => id)].map(([id, blocked]) => {
    const { detail, whenAccepted } = blockerWords[id];
    const isSkipped = intent.skipBlocked && blocked.every(({ isLeftOut }) => isLeftOut);
    const words = [titleOf(id, blocked, languages) + (isSkipped ? ', left out' : ''), detail] as const;
    const parts = {
      evidence:
        id === 'no-wording'
          ? languagesCounted(blocked, languages)
          : blocked.map((file) => (file.detail === undefined ? file.path : `${file.path}: ${file.detail}`)),
      subjects: blocked.map((file) => file.path),
    };
    const acceptable = whenAccepted !== undefined;
    if (isSkipped) return { ...warning(id, ...words, parts), acceptable };
    return acceptable ? blocker(id, ...words, parts) : finalBlocker(id, ...words, parts);
  });
}

type Languages = ReadonlyMap<string, string>;

function titleOf(id: FileBlocker, blocked: readonly BlockedFile[], languages: Languages): string {
  const files = counted(blocked.length, id === 'outside-the-roots' ? 'link' : 'file');
  if (id !== 'no-wording') return `${blockerWords[id].title}: ${files}`;
  const names = distinctNames(blocked.map((file) => languages.get(file.path) ?? ''));
  return `${counted(names.length, 'language')} without wording: ${files}`;
}

/** Languages without wording have many files: a line a reason, with the names and the number of the files. */
function languagesCounted(blocked: readonly BlockedFile[], languages: Languages): readonly string[] {
  return [...groupBy(blocked, ({ detail = '' }) => detail)].map(([detail, alike]) => {
    const names = distinctNames(alike.map((file) => languages.get(file.path) ?? ''))
      .map((language) => {
        const name = displayNameOfCulture(language);
        return name === language ? language : `${language} (${name})`;
      })
      .toSorted();
    return `${names.join(', ')}: ${counted(alike.length, 'file')}, ${detail}`;
  });
}

/** A finding about a list; none if the list is empty. */
function about(
  make: typeof warning,
  id: string,
  title: string,
  detail: string,
  evidence: readonly string[],
  subjects: readonly string[] = [],
): readonly FindingDraft[] {
  return evidence.length === 0 ? [] : [make(id, title, detail, { evidence, subjects })];
}

/** What the user should know about the changes of a new plan, or of a plan from someone else. */
function aboutChanges(
  facts: LabelsFacts,
  proposal: Proposal<FileChange>,
  intent: LabelsIntent,
  changed: readonly ChangedFile[],
  files: readonly LabelFile[],
): readonly FindingDraft[] {
  const unreachable = changed.flatMap(({ file }) =>
    file.content.kind === 'unreadable' ? [{ path: file.path, cameBack: file.content.cameBack }] : [],
  );
  // The former label, which an undo brings back, names it too.
  const domain = proposal.undoes === undefined ? domainTexts(files, intent) : [];
  return [
    ...about(
      warning,
      'not-reachable',
      `Not reachable now: ${counted(unreachable.length, 'file')}`,
      'The others can be changed. Run apply again once these can be reached; it continues where it stopped.',
      unreachable.map((file) => `${file.path}: ${file.cameBack}`),
      unreachable.map((file) => file.path),
    ),
    ...about(
      warning,
      sharedFile,
      'Languages that are links to one file',
      'The file can have only one label: that of the language whose folder it is in. If the other languages need their own labels, give each its own file.',
      proposal.leftOut.flatMap(({ what, reason, detail }) => (reason === sharedFile ? [`${what}: ${detail}`] : [])),
    ),
    ...about(
      note,
      'other-texts-name-the-domain',
      `Other texts of the same forms still name the domain: ${listed(
        domain.map(({ key }) => key),
        2,
      )}`,
      'An error message, for example, may still ask to check the domain name. To change such texts too, create a file with --wording-template FILE, fill it in and give it with --wording FILE.',
      domain.map(({ key, where }) => `${key}: ${where}`),
    ),
    ...about(
      warning,
      'same-text-for-several-keys',
      'One text for several keys',
      'These keys do not label the user name field, but get the same text. To give them other texts, use culture → key → text in the file for --wording.',
      sameTexts(changed),
    ),
    ...about(
      note,
      'same-value-twice',
      'Files that give the key the same value more than once',
      'All of them are changed.',
      changed
        .filter(({ file, change }) =>
          hasSameValueTwice(
            valuesIn(
              file,
              change.splices.map(({ key }) => key),
            ),
          ),
        )
        .map(({ file }) => file.path),
    ),
    ...about(
      note,
      'own-access',
      'Files with explicit access entries',
      'icacls sets them on the new file before it replaces the old one. If that fails, the old file stays.',
      changed.filter(({ file }) => facts.access.lists.has(file.path)).map(({ file }) => file.path),
    ),
    ...about(
      warning,
      'access-not-known',
      'Access entries set on single files are not known',
      'A new file has only the entries that it inherits from its folder. Compare the files with icacls before and afterwards. Reading them failed:',
      changed.length === 0 ? [] : facts.access.unknown,
    ),
    ...about(
      note,
      'behind-a-link',
      'Files reached through a link',
      'The file behind the link is changed; the link stays.',
      changed.filter(({ file }) => isByLink(file)).map(({ file }) => `${file.path} → ${file.realPath}`),
    ),
  ];
}

function valuesIn({ content }: LabelFile, keys: readonly string[]): readonly LabelValue[] {
  return content.kind === 'strings' ? content.values.filter((value) => keys.includes(value.key)) : [];
}

/**
 * The keys, other than those of the name's field, that get the text of another key: "L_Password_Text: as
 * L_UserName_Text, 12 files".
 */
function sameTexts(changed: readonly ChangedFile[]): readonly string[] {
  const found = changed.flatMap(({ change, file }) => {
    const { encoding, splices } = change;
    if (splices.every(({ key }) => isNameKey(key)) || !isTextEncoding(encoding)) return [];
    const texts = new Map(valuesIn(file, readKeys(file)).map(({ key, text }) => [key, text]));
    for (const splice of splices) texts.set(splice.key, decodeText(Buffer.from(splice.new, 'base64'), encoding));
    return distinct(splices.map(({ key }) => key)).flatMap((key) => {
      const other = [...texts].find(([of, text]) => of !== key && text === texts.get(key))?.[0];
      return isNameKey(key) || other === undefined ? [] : [`${key}: as ${other}`];
    });
  });
  return [...groupBy(found, (words) => words)].map(([words, all]) => `${words}, ${counted(all.length, 'file')}`);
}

function isNameKey(key: string): boolean {
  return key === userNameKey || key === userIdKey;
}

function readKeys({ content }: LabelFile): readonly string[] {
  return content.kind === 'strings' ? content.values.map(({ key }) => key) : [];
}

function hasSameValueTwice(values: readonly LabelValue[]): boolean {
  if (values.length < 2) return false;
  return new Set(values.map((value) => value.key)).size < values.length && conflictingKey(values) === undefined;
}

/** The keys whose texts name the domain, each with where it does: "12 files, in de and fr". */
function domainTexts(
  files: readonly LabelFile[],
  intent: LabelsIntent,
): readonly { readonly key: string; readonly where: string }[] {
  const found = files.flatMap(({ language, content }) =>
    content.kind === 'strings'
      ? content.domainKeys.filter((key) => !intent.keys.includes(key)).map((key) => ({ key, language }))
      : [],
  );
  return [...groupBy(found, ({ key }) => key)]
    .map(([key, all]) => {
      const languages = distinctNames(all.map(({ language }) => language)).toSorted();
      return { key, where: `${counted(all.length, 'file')}, in ${listed(languages, 6)}` };
    })
    .toSorted((one, other) => (one.key < other.key ? -1 : 1));
}

/** Files of other languages that are, byte for byte, the English one of their set and class. */
function englishElsewhere(files: readonly LabelFile[]): readonly string[] {
  const isEnglish = remembered((language) => cultureOf(language)?.split('-')[0] === 'en');
  const hashOf = ({ content }: LabelFile): string => (content.kind === 'strings' ? content.fingerprint.sha256 : '');
  const placeOf = ({ root, set, class: formClass }: LabelFile): string =>
    [root, set, formClass].join('\n').toLowerCase();
  const english = groupBy(
    files.filter((file) => file.content.kind === 'strings' && isEnglish(file.language)),
    hashOf,
  );
  return files
    .filter((file) => !isEnglish(file.language))
    .filter((file) => english.get(hashOf(file))?.some((one) => placeOf(one) === placeOf(file)))
    .map((file) => file.path);
}

/** What the user should know about the folders that a new plan searched. */
function aboutTrees(facts: LabelsFacts, intent: LabelsIntent, selection: Selection): readonly FindingDraft[] {
  const { files } = selection;
  const keyless = files.filter((file) => file.content.kind === 'strings' && valuesIn(file, intent.keys).length === 0);
  const filledRoots = new Set([...files, ...selection.otherNames].map((file) => file.root));
  const emptyRoots = facts.roots.filter((root) => !filledRoots.has(root));
  const { deadLinks } = notEntered(facts, intent);
  const unmatched = unmatchedNames(facts, intent, files);
  const { copies, byNameOnly } = copiesLeftOut(facts, intent);
  const english = englishElsewhere(files);
  const old = new Set(facts.isa2004);
  const misplaced = facts.trees.flatMap((tree) => tree.misplaced).filter((file) => !old.has(file));
  return [
    ...about(
      warning,
      'name-not-found',
      `Asked for, but not found: ${counted(unmatched.length, 'name')}`,
      'Check the spelling against the folders and keys. Names without a match change nothing.',
      unmatched,
    ),
    ...about(
      warning,
      'key-absent',
      `No such key: ${counted(keyless.length, 'file')}`,
      'There is nothing to change in these. If their form asks for a name, its text comes from another key: see --key.',
      keyless.map((file) => file.path),
      keyless.map((file) => file.path),
    ),
    ...about(
      warning,
      'no-form-set-below',
      `No form set to change below ${counted(emptyRoots.length, 'folder')}`,
      'An array member that is left out keeps the old label. Give its CookieAuthTemplates folder with --root.',
      emptyRoots,
      emptyRoots,
    ),
    ...about(
      warning,
      'named-twice',
      `Folders named twice: ${counted(facts.namedAgain.length, 'folder')}`,
      'Each is changed once. If these are two computers with cloned disks, run this once for each of them.',
      facts.namedAgain.map(({ root, is }) => `${root} is in ${is}`),
    ),
    ...about(
      warning,
      'link-not-followed',
      `Links that could not be followed: ${counted(deadLinks.length, 'link')}`,
      'If one leads to a folder of form sets, those are left out. Repair or remove it, then run again.',
      deadLinks.map((link) => `${link.path}: ${link.cameBack}`),
    ),
    ...about(
      note,
      'copies-left-out',
      `Copies, left as they are: ${counted(copies.length, 'folder')}`,
      'Their names or places mark them as copies. To change one too, name it: --set with its name or its path below the root, --language for a language.',
      copies,
    ),
    ...about(
      warning,
      'named-like-a-copy',
      `Left out because their names look like copies: ${counted(byNameOnly.length, 'form set')}`,
      'The set that each seems to be a copy of is missing, so these may be in use. To change them too, name them: --set.',
      byNameOnly,
      byNameOnly,
    ),
    ...about(
      note,
      'english-elsewhere',
      `English files in folders of other languages: ${counted(english.length, 'file')}`,
      "Perhaps they were copied there to show the form in English. They get the label of the folder's language. To keep them in English, leave them out with --language.",
      english,
    ),
    ...about(
      note,
      'misplaced-file',
      `strings.txt files outside a form set, left as they are: ${counted(misplaced.length, 'file')}`,
      'A form set has them in <set>/<class> and <set>/<class>/nls/<language>. In other places they are not known to be used.',
      misplaced,
    ),
    ...about(
      warning,
      'members-differ',
      'The array members differ from each other',
      'Members of one array should show the same forms. After this change these labels match on all members that have the files.',
      memberDifferences(facts, selection, intent.keys),
    ),
    ...about(
      warning,
      'stray-temporary-file',
      'Temporary files of an interrupted run',
      'They are not used. To remove them, apply the change folder of that run again, or delete them.',
      facts.trees.flatMap((tree) => tree.strays),
    ),
  ];
}
