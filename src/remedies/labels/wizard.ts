/** The questions of the labels remedy. What a flag has answered is not asked. */

import type { Finding } from '../../change/findings.ts';
import { RemedyError } from '../../errors.ts';
import type { Choice, Prompter } from '../../terminal/prompter.ts';
import { meaningOfAcceptance } from './assess.ts';
import { counted } from './counted.ts';
import type { LabelFile, LabelsFacts } from './gather.ts';
import { checkLabelText, type LabelsOptions, type NewLabel, userIdKey, userNameKey } from './options.ts';
import { distinct } from './survey.ts';
import { type Label, lookUpWording, type Wording } from './wording.ts';

/** Asks where the form sets are, when they are in none of the known places. */
export async function askRoots(prompter: Prompter, exists: (folder: string) => boolean): Promise<readonly string[]> {
  const roots: string[] = [];
  const flag = '--root DIR';
  for (;;) {
    const first = roots.length === 0;
    const root = await prompter.input({
      id: 'labels.root',
      message: first
        ? 'Where are the form sets? The CookieAuthTemplates folder of an array member, for example \\\\TMG01\\C$\\Program Files\\…'
        : 'The same folder of the next array member (empty: that was the last)',
      flag,
      validate: (text) => {
        const folder = text.trim();
        if (folder === '') return first ? 'Give a folder.' : undefined;
        return exists(folder) ? undefined : 'There is no such folder, or it may not be read.';
      },
    });
    if (root.trim() === '') return roots;
    roots.push(root.trim());
  }
}

/** What the wizard asks once it has seen the files. */
export interface WizardAnswers {
  readonly sets: readonly string[];
  readonly classes: readonly string[];
  readonly languages: readonly string[];
  readonly keys: readonly string[];
  readonly newLabel: NewLabel;
}

/** Asks which sets, classes and languages get which label. */
export async function askWhatToChange(
  facts: LabelsFacts,
  given: LabelsOptions,
  wordings: readonly Wording[],
  otherKeys: readonly string[],
  prompter: Prompter,
): Promise<WizardAnswers> {
  const sets = await narrowed(prompter, 'sets', facts.files, (file) => file.set, given.sets);
  const classes = await narrowed(prompter, 'classes', facts.files, (file) => file.class, given.classes);
  const languages = await narrowed(prompter, 'languages', facts.files, (file) => file.language, given.languages);
  const keys = otherKeys.includes(userIdKey) ? await askKeys(prompter) : given.keys;
  const newLabel = given.newLabel.kind === 'none' ? await askLabel(prompter, wordings) : given.newLabel;
  return { sets, classes, languages, keys, newLabel };
}

const questions = {
  sets: {
    message: 'Which form sets? The web listener or the publishing rule says which one is live',
    flag: '--set NAME',
  },
  classes: { message: 'Which classes? HTML is for browsers, cHTML and xHTML are for phones', flag: '--class NAME' },
  languages: { message: 'Which languages?', flag: '--language NAME' },
} as const;

/** One of the filters; asked only where there is a choice. Everything is marked at first. */
async function narrowed(
  prompter: Prompter,
  filter: keyof typeof questions,
  files: readonly LabelFile[],
  nameOf: (file: LabelFile) => string,
  given: readonly string[],
): Promise<readonly string[]> {
  const names = distinct(files.map(nameOf)).toSorted((one, other) => one.localeCompare(other, 'en'));
  if (given.length > 0 || names.length < 2) return given;
  const chosen = await prompter.multiselect({
    id: `labels.${filter}`,
    ...questions[filter],
    choices: names.map((name): Choice<string> => {
      const count = files.filter((file) => nameOf(file).toLowerCase() === name.toLowerCase()).length;
      return { value: name, label: name, hint: counted(count, 'file') };
    }),
    initial: names,
    minimum: 1,
  });
  return chosen.length === names.length ? [] : chosen;
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
    message: 'What shall the field ask for?',
    flag: '--label email|upn|username, or --text TEXT',
    choices: [
      { value: 'email', label: 'E-mail address', hint: example('email') },
      { value: 'upn', label: 'User principal name', hint: example('upn') },
      { value: 'username', label: 'User name', hint: example('username') },
      { value: 'text', label: 'A text of my own, the same in every language' },
    ],
  });
  if (choice !== 'text') return { kind: 'wording', label: choice, wordings };
  const text = await prompter.input({
    id: 'labels.text',
    message: 'The new label',
    flag: '--text TEXT',
    validate: (typed) => {
      try {
        checkLabelText(typed, 'the text');
        return undefined;
      } catch (error) {
        if (error instanceof RemedyError) return `This can't be the label: ${error.trouble.cameBack}.`;
        throw error;
      }
    },
  });
  return { kind: 'text', text };
}

/**
 * Asks about each blocker that stands in the way: accept it where that may be, else leave its files out.
 * What comes back is added to the options.
 */
export async function askAboutBlockers(
  standing: readonly Finding[],
  prompter: Prompter,
): Promise<Pick<LabelsOptions, 'accept' | 'skipBlocked'>> {
  const accept: string[] = [];
  let skipBlocked = false;
  for (const finding of standing) {
    if (finding.acceptable) {
      const accepted = await prompter.confirm({
        id: `labels.accept.${finding.id}`,
        message: `${finding.title}. ${meaningOfAcceptance(finding.id)}`,
        flag: `--accept ${finding.id}`,
      });
      if (accepted) accept.push(finding.id);
    } else if (!skipBlocked) {
      skipBlocked = await prompter.confirm({
        id: 'labels.skip-blocked',
        message: `${finding.title}. Leave all blocked files out and do the rest?`,
        flag: '--skip-blocked',
      });
    }
  }
  return { accept, skipBlocked };
}
