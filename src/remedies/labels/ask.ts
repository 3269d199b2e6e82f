/** The questions of the labels remedy. What a flag has answered is not asked. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Choice, Prompter } from '../../terminal/prompter.ts';
import { counted, pastedPath } from '../../words.ts';
import type { Answer, Asking } from '../remedy.ts';
import { assess } from './assess.ts';
import { displayNameOfCulture } from './cultures.ts';
import type { LabelFile, LabelsFacts } from './facts.ts';
import { distinctNames, select } from './filters.ts';
import { requireFiles } from './gather.ts';
import { type LabelsOptions, type NewLabel, userIdKey, userNameKey } from './options.ts';
import { propose } from './propose.ts';
import { type Label, lookUpWording, type Wording } from './wording.ts';
import { faultOfText } from './wording-file.ts';

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
    newLabel.kind === 'none' ? { ...narrowed, newLabel: await askLabel(prompter, newLabel.wordings) } : narrowed;
  if (options.checkUpn && facts.upns === undefined) return { kind: 'look-again', options };
  return { kind: 'settled', options: isWizard ? await settleBlocked(facts, options, prompter) : options };
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
        return existsSync(path.resolve(currentFolder, folder))
          ? undefined
          : 'There is no such folder, or you have no right to read it.';
      },
    });
    const folder = pastedPath(root);
    if (folder === '') return roots;
    roots.push(path.resolve(currentFolder, folder));
  }
}

/** Which sets, classes, languages and keys. */
async function narrow(facts: LabelsFacts, given: LabelsOptions, prompter: Prompter): Promise<LabelsOptions> {
  const { files } = select(facts, given);
  const sets = await chosen(prompter, 'sets', files, (file) => file.set, given.sets);
  const classes = await chosen(prompter, 'classes', files, (file) => file.class, given.classes);
  const languages = await chosen(prompter, 'languages', files, (file) => file.language, given.languages);
  const keys = given.keys.length === 0 && hasKey(files, userIdKey) ? await askKeys(prompter) : given.keys;
  const options = { ...given, sets, classes, languages, keys };
  requireFiles(facts, options);
  return options;
}

function hasKey(files: readonly LabelFile[], key: string): boolean {
  return files.some(({ content }) => content.kind === 'strings' && content.values.some((value) => value.key === key));
}

const questions = {
  sets: {
    message: 'Which form sets? The web listener or the publishing rule says which one is shown',
    flag: '--set NAME',
  },
  classes: { message: 'Which classes? HTML is for browsers, cHTML and xHTML are for phones', flag: '--class NAME' },
  languages: { message: 'Which languages?', flag: '--language NAME' },
} as const;

/** One of the filters; asked only where there is a choice. Everything is marked at first. */
async function chosen(
  prompter: Prompter,
  filter: keyof typeof questions,
  files: readonly LabelFile[],
  nameOf: (file: LabelFile) => string,
  given: readonly string[],
): Promise<readonly string[]> {
  const names = distinctNames(files.map(nameOf)).toSorted((one, other) => one.localeCompare(other, 'en'));
  if (given.length > 0 || names.length < 2) return given;
  const marked = await prompter.multiselect({
    id: `labels.${filter}`,
    ...questions[filter],
    choices: names.map((name): Choice<string> => {
      const count = files.filter((file) => nameOf(file).toLowerCase() === name.toLowerCase()).length;
      return { value: name, label: labelOf(filter, name), hint: counted(count, 'file') };
    }),
    initial: names,
    minimum: 1,
  });
  return marked.length === names.length ? [] : marked;
}

/** Languages by folder and name: "de-AT · German (Austria)". */
function labelOf(filter: keyof typeof questions, name: string): string {
  const language = filter === 'languages' ? displayNameOfCulture(name) : name;
  return language === name ? name : `${name} · ${language}`;
}

async function askKeys(prompter: Prompter): Promise<readonly string[]> {
  const both = await prompter.confirm({
    id: 'labels.passcode-forms',
    message: `Also change the label of the passcode forms (RADIUS OTP, SecurID: ${userIdKey})?`,
    flag: `--key ${userIdKey}`,
  });
  return both ? [userNameKey, userIdKey] : [userNameKey];
}

async function askLabel(prompter: Prompter, wordings: readonly Wording[]): Promise<NewLabel> {
  const example = (label: Label): string => {
    const found = (['en', 'de', 'fr'] as const).map((language) => lookUpWording(wordings, language, label));
    return found.flatMap((wording) => (wording.kind === 'found' ? [wording.text] : [])).join('  ');
  };
  const choice = await prompter.select<Label | 'text'>({
    id: 'labels.label',
    message: 'What is the field to ask for?',
    flag: '--label email|upn|username, or --text TEXT',
    choices: [
      { value: 'email', label: 'E-mail address', hint: example('email') },
      { value: 'upn', label: 'User principal name', hint: example('upn') },
      { value: 'username', label: 'User name', hint: example('username') },
      { value: 'text', label: 'A text of your own, the same in every language' },
    ],
  });
  if (choice !== 'text') return { kind: 'wording', label: choice, wordings };
  const text = await prompter.input({
    id: 'labels.text',
    message: 'The new label',
    flag: '--text TEXT',
    validate: (typed) => {
      const fault = faultOfText(typed);
      return fault === undefined ? undefined : `This can't be the label: ${fault}.`;
    },
  });
  return { kind: 'text', text };
}

/** Where files are blocked and no one can accept that, only leaving them out lets the others be changed. */
async function settleBlocked(facts: LabelsFacts, options: LabelsOptions, prompter: Prompter): Promise<LabelsOptions> {
  if (options.skipBlocked) return options;
  const proposal = propose(facts, options);
  const blocking = assess(facts, proposal).filter(({ level }) => level === 'blocker');
  if (blocking.every(({ acceptable }) => acceptable) || proposal.changes.length === 0) return options;
  const skipBlocked = await prompter.confirm({
    id: 'labels.skip-blocked',
    message: `${blocking.map(({ title }) => title).join('; ')}. Leave them out and change the other ${counted(proposal.changes.length, 'file')}?`,
    flag: '--skip-blocked',
  });
  return { ...options, skipBlocked };
}
