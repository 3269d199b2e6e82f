/** The questions of the labels remedy. A question that a flag answers is not asked. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import type { LeftOut } from '../../change/plan.ts';
import { usualForm } from '../../files/file-system.ts';
import type { Choice, Prompter } from '../../terminal/prompter.ts';
import { counted, groupBy, pastedPath } from '../../words.ts';
import type { Answer, Asking } from '../remedy.ts';
import { assess } from './assess.ts';
import { cultureOf, displayNameOfCulture, nativeNameOf } from './cultures.ts';
import type { LabelFile, LabelsFacts } from './facts.ts';
import type { FileBlocker } from './file-blockers.ts';
import { distinctNames, select } from './filters.ts';
import { requireFiles } from './gather.ts';
import { type LabelsOptions, type NewLabel, userIdKey, userNameKey } from './options.ts';
import { propose } from './propose.ts';
import { type CultureWording, faultOfText, type Label, lookUpWording, type Wording } from './wording.ts';

/** Asks where the form sets are, which of them get which label, and whether blocked files are left out. */
export async function ask(
  facts: LabelsFacts,
  given: LabelsOptions,
  { prompter, isWizard }: Asking,
): Promise<Answer<LabelsOptions>> {
  if (given.roots.length === 0) {
    return { kind: 'look-again', options: { ...given, roots: await askRoots(prompter, facts.currentFolder) } };
  }
  if (given.wordingTemplate !== undefined && given.newLabel.kind === 'none') {
    const text = `Fill in the wording file, then give it with --wording ${given.wordingTemplate}.`;
    return { kind: 'other-way', steps: [{ text, commands: [] }] };
  }
  const narrowed = isWizard && given.newLabel.kind === 'none' ? await narrow(facts, given, prompter) : given;
  const { newLabel } = narrowed;
  const options =
    newLabel.kind === 'none' ? await askLabelAndCheck(narrowed, newLabel.wordings, isWizard, prompter) : narrowed;
  if (options.checkUpn && facts.upns === undefined) return { kind: 'look-again', options };
  if (!isWizard) return { kind: 'settled', options };
  return {
    kind: 'settled',
    options: await settleBlocked(facts, await settleWording(facts, options, prompter), prompter),
  };
}

async function askRoots(prompter: Prompter, currentFolder: string): Promise<readonly string[]> {
  const roots: string[] = [];
  for (;;) {
    const isFirst = roots.length === 0;
    const root = await prompter.input({
      id: 'labels.root',
      message: isFirst
        ? 'Where are the form sets? The CookieAuthTemplates folder of an array member, for example \\\\TMG01\\C$\\Program Files\\…'
        : 'The same folder of the next array member (empty: no more members)',
      flag: '--root DIR',
      validate: (text) => {
        const folder = pastedPath(text);
        if (folder === '') return isFirst ? 'Give a folder.' : undefined;
        return existsSync(path.resolve(currentFolder, usualForm(folder)))
          ? undefined
          : 'There is no such folder, or you have no right to read it.';
      },
    });
    const folder = pastedPath(root);
    if (folder === '') return roots;
    roots.push(path.resolve(currentFolder, usualForm(folder)));
  }
}

/**
 * Which sets, classes, languages and keys: one question for all of them; separate questions only if the user wants to
 * choose.
 */
async function narrow(facts: LabelsFacts, given: LabelsOptions, prompter: Prompter): Promise<LabelsOptions> {
  const { files } = select(facts, given);
  const counts = filters.flatMap(({ of, nouns, nameOf }) => {
    const names = namesIn(files, nameOf);
    return given[of].length > 0 || names.length < 2 ? [] : [counted(names.length, ...nouns)];
  });
  const asksForKeys = given.keys.length === 0 && hasKey(files, userIdKey);
  const extent =
    counts.length + (asksForKeys ? 1 : 0) > 1 ? await askExtent(files.length, counts, asksForKeys, prompter) : 'choose';
  if (extent !== 'choose') return { ...given, keys: keysFor(extent === 'passcode', asksForKeys, given) };
  let options = given;
  for (const filter of filters) options = { ...options, [filter.of]: await chosen(prompter, filter, files, given) };
  options = { ...options, keys: keysFor(asksForKeys && (await askKeys(prompter)), asksForKeys, given) };
  requireFiles(facts, options);
  return options;
}

function keysFor(withPasscode: boolean, isOpen: boolean, given: LabelsOptions): readonly string[] {
  if (!isOpen) return given.keys;
  return withPasscode ? [userNameKey, userIdKey] : [userNameKey];
}

/** Everything, with the passcode forms or without, or a choice. */
function askExtent(
  files: number,
  counts: readonly string[],
  asksForKeys: boolean,
  prompter: Prompter,
): Promise<'all' | 'passcode' | 'choose'> {
  return prompter.select<'all' | 'passcode' | 'choose'>({
    id: 'labels.extent',
    message: 'Which labels do you want to change?',
    flag: '--set, --class, --language or --key',
    choices: [
      {
        value: 'all',
        label: asksForKeys ? 'Those of all password forms' : 'All',
        hint: [counted(files, 'file'), ...counts].join(', '),
      },
      ...(asksForKeys
        ? [
            {
              value: 'passcode' as const,
              label: 'Those of all password and passcode forms',
              hint: `RADIUS OTP, SecurID: ${userIdKey} too`,
            },
          ]
        : []),
      { value: 'choose', label: 'Let me choose', hint: 'form sets, classes, languages' },
    ],
  });
}

function hasKey(files: readonly LabelFile[], key: string): boolean {
  return files.some(({ content }) => content.kind === 'strings' && content.values.some((value) => value.key === key));
}

interface Filter {
  readonly of: 'sets' | 'classes' | 'languages';
  readonly nameOf: (file: LabelFile) => string;
  /** The noun for one and for several. */
  readonly nouns: readonly [one: string, several: string];
  readonly message: string;
  readonly flag: string;
}

const filters: readonly Filter[] = [
  {
    of: 'sets',
    nameOf: ({ set }) => set,
    nouns: ['form set', 'form sets'],
    message: 'Which form sets? The web listener or the publishing rule says which one is shown',
    flag: '--set NAME',
  },
  {
    of: 'classes',
    nameOf: (file) => file.class,
    nouns: ['class', 'classes'],
    message: 'Which classes? HTML is for browsers, cHTML and xHTML are for phones',
    flag: '--class NAME',
  },
  {
    of: 'languages',
    nameOf: ({ language }) => language,
    nouns: ['language', 'languages'],
    message: 'Which languages?',
    flag: '--language NAME',
  },
];

function namesIn(files: readonly LabelFile[], nameOf: Filter['nameOf']): readonly string[] {
  return distinctNames(files.map(nameOf)).toSorted((one, other) => one.localeCompare(other, 'en'));
}

/** One of the filters, asked only if there is a choice. At first everything is marked. */
async function chosen(
  prompter: Prompter,
  { of, nameOf, message, flag }: Filter,
  files: readonly LabelFile[],
  { [of]: given }: LabelsOptions,
): Promise<readonly string[]> {
  const names = namesIn(files, nameOf);
  if (given.length > 0 || names.length < 2) return given;
  const marked = await prompter.multiselect({
    id: `labels.${of}`,
    message,
    flag,
    choices: names.map((name): Choice<string> => {
      const count = files.filter((file) => nameOf(file).toLowerCase() === name.toLowerCase()).length;
      // Typing filters by the hint too. The own name comes last: it may be written from right to left.
      const native = of === 'languages' ? nativeNameOf(name) : undefined;
      const hint = [counted(count, 'file'), ...(native === undefined ? [] : [native])].join(', ');
      return { value: name, label: labelOf(of, name), hint };
    }),
    initial: names,
    minimum: 1,
  });
  return marked.length === names.length ? [] : marked;
}

/** Languages by folder and name: "de-AT · German (Austria)". */
function labelOf(filter: Filter['of'], name: string): string {
  const language = filter === 'languages' ? displayNameOfCulture(name) : name;
  return language === name ? name : `${name} · ${language}`;
}

function askKeys(prompter: Prompter): Promise<boolean> {
  return prompter.confirm({
    id: 'labels.passcode-forms',
    message: `Also change the label of the passcode forms (RADIUS OTP, SecurID: ${userIdKey})?`,
    flag: `--key ${userIdKey}`,
  });
}

/** Asks for the label, and in the wizard whether to count the users who could not log on with it. */
async function askLabelAndCheck(
  options: LabelsOptions,
  wordings: readonly Wording[],
  isWizard: boolean,
  prompter: Prompter,
): Promise<LabelsOptions> {
  const newLabel = await askLabel(prompter, wordings);
  if (!isWizard || options.checkUpn || newLabel.kind !== 'wording') return { ...options, newLabel };
  const checkUpn = await prompter.confirm({
    id: 'labels.check-upn',
    message: 'Also check in the directory how many users could not log on with it?',
    flag: '--check-upn',
  });
  return { ...options, newLabel, checkUpn };
}

async function askLabel(prompter: Prompter, wordings: readonly Wording[]): Promise<NewLabel> {
  const example = (label: Label): string => {
    const found = (['en', 'de', 'fr'] as const).map((language) => lookUpWording(wordings, language, label));
    return found.flatMap((wording) => (wording.kind === 'found' ? [wording.text] : [])).join('  ');
  };
  const choice = await prompter.select<Label | 'text'>({
    id: 'labels.label',
    message: 'What should the field ask for?',
    flag: '--label email|upn|username, or --text TEXT',
    choices: [
      { value: 'email', label: 'E-mail address', hint: example('email') },
      { value: 'upn', label: 'User principal name', hint: example('upn') },
      { value: 'username', label: 'User name', hint: example('username') },
      { value: 'text', label: 'Your own text, the same in every language' },
    ],
  });
  if (choice !== 'text') return { kind: 'wording', label: choice, wordings };
  const text = await prompter.input({
    id: 'labels.text',
    message: 'The new label',
    flag: '--text TEXT',
    validate: faultInWords,
  });
  return { kind: 'text', text };
}

function faultInWords(typed: string): string | undefined {
  const fault = faultOfText(typed);
  return fault === undefined ? undefined : `This can't be the label: ${fault}.`;
}

/** What to do with the languages that the label has no wording in: skipped, typed in one by one, or left to a template. */
async function settleWording(facts: LabelsFacts, options: LabelsOptions, prompter: Prompter): Promise<LabelsOptions> {
  const { newLabel } = options;
  const proposal = propose(facts, options);
  const lacking = filesWithoutWording(facts, proposal.leftOut);
  const isSettled = options.skipBlocked || options.accept.includes(noWording);
  if (newLabel.kind !== 'wording' || lacking.length === 0 || isSettled) return options;
  const languages = [...groupBy(lacking, (file) => cultureOf(file.language) ?? '')];
  const choice = await prompter.select<'skip' | 'type' | 'template'>({
    id: 'labels.no-wording',
    message: `${counted(languages.length, 'language')} (${counted(lacking.length, 'file')}) ${languages.length === 1 ? 'has' : 'have'} no wording for this label. What do you want to do with them?`,
    flag: `--accept ${noWording}, --wording FILE or --wording-template FILE`,
    choices: [
      { value: 'skip', label: `Skip them and change the other ${counted(proposal.changes.length, 'file')}` },
      { value: 'type', label: 'Type in the label of each language' },
      { value: 'template', label: 'Skip them now, and write a wording file to fill in for the next run' },
    ],
  });
  const accept = [...options.accept, noWording];
  if (choice === 'skip') return { ...options, accept };
  if (choice === 'template') {
    return { ...options, accept, wordingTemplate: await askTemplate(prompter, facts.currentFolder) };
  }
  const typed = await askEachWording(prompter, languages);
  return { ...options, accept, newLabel: { ...newLabel, wordings: [typed, ...newLabel.wordings] } };
}

const noWording = 'no-wording' satisfies FileBlocker;

function filesWithoutWording(facts: LabelsFacts, leftOut: readonly LeftOut[]): readonly LabelFile[] {
  const paths = new Set(leftOut.filter(({ reason }) => reason === noWording).map(({ what }) => what));
  return paths.size === 0 ? [] : facts.files.filter((file) => paths.has(file.path));
}

/** The user's own wording of these cultures; those that are left empty have none. */
async function askEachWording(
  prompter: Prompter,
  languages: readonly (readonly [culture: string, files: readonly LabelFile[]])[],
): Promise<Wording> {
  const wording = new Map<string, CultureWording>();
  for (const [culture, files] of languages) {
    const language = files[0]?.language ?? culture;
    // A wording can't be given for a folder whose name is not that of a culture.
    if (culture === '') continue;
    const text = await prompter.input({
      id: 'labels.wording',
      message: `The new label for ${labelOf('languages', language)}, ${counted(files.length, 'file')} (empty: skip it)`,
      flag: '--wording FILE',
      validate: (typed) => (typed === '' ? undefined : faultInWords(typed)),
    });
    if (text !== '') wording.set(culture, { email: text, upn: text, username: text, givenAs: language });
  }
  return wording;
}

async function askTemplate(prompter: Prompter, currentFolder: string): Promise<string> {
  const file = await prompter.input({
    id: 'labels.wording-template',
    message: 'Name of the new wording file',
    flag: '--wording-template FILE',
    initial: 'wording.json',
    validate: (name) => {
      if (name.trim() === '') return 'Give a name.';
      return existsSync(path.resolve(currentFolder, name.trim())) ? 'That file exists. Give another name.' : undefined;
    },
  });
  return path.resolve(currentFolder, file.trim());
}

/** If a blocker of some files cannot be accepted, the others can be changed only without those files. */
async function settleBlocked(facts: LabelsFacts, options: LabelsOptions, prompter: Prompter): Promise<LabelsOptions> {
  if (options.skipBlocked) return options;
  const proposal = propose(facts, options);
  const blocking = assess(facts, proposal).filter(
    ({ id, level }) => level === 'blocker' && !options.accept.includes(id),
  );
  if (blocking.every(({ acceptable }) => acceptable) || proposal.changes.length === 0) return options;
  const skipBlocked = await prompter.confirm({
    id: 'labels.skip-blocked',
    message: `${blocking.map(({ title }) => title).join('; ')}. Leave them out and change the other ${counted(proposal.changes.length, 'file')}?`,
    flag: '--skip-blocked',
  });
  return { ...options, skipBlocked };
}
