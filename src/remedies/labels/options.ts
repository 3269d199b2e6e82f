/** What a run of the labels remedy is asked to do. The wizard and the flags both end in this. */

import { UsageError } from '../../errors.ts';
import { ansiCodePageOf, type CodePage } from '../../files/code-pages.ts';
import { encodingOfCodePage, type TextEncoding } from '../../files/text-encoding.ts';
import { cultureOf, type Label, lookUpWording, type Wording, type WordingLookup } from './wording.ts';
import { faultOfText } from './wording-file.ts';

/** The field that the password form asks the user's name in. */
export const userNameKey = 'L_UserName_Text';
/** The passcode forms (RADIUS OTP, SecurID) label the same field with this key. */
export const userIdKey = 'L_UserID_Text';

export type NewLabel =
  /** The wording of each language; the first of the wordings that has it is taken. */
  | { readonly kind: 'wording'; readonly label: Label; readonly wordings: readonly Wording[] }
  /** The same text in every language. */
  | { readonly kind: 'text'; readonly text: string }
  /** Only look: what the wizard does before it asks. */
  | { readonly kind: 'none' };

export interface LabelsOptions {
  /** One a member of the array. */
  readonly roots: readonly string[];
  /** Names to keep, in any letter case; empty keeps all. */
  readonly sets: readonly string[];
  readonly classes: readonly string[];
  readonly languages: readonly string[];
  readonly keys: readonly string[];
  readonly newLabel: NewLabel;
  /** Encodings that the user named for a language's files, by the language in lower case. */
  readonly encodings: ReadonlyMap<string, TextEncoding>;
  /** Leave blocked files out and do the rest. */
  readonly skipBlocked: boolean;
  /** Ids of findings that the user accepts. */
  readonly accept: readonly string[];
}

/** The text that a language's label shall have. */
export function newTextFor(newLabel: NewLabel, language: string): WordingLookup | undefined {
  switch (newLabel.kind) {
    case 'none':
      return undefined;
    case 'text':
      return { kind: 'found', text: newLabel.text };
    case 'wording':
      return lookUpWording(newLabel.wordings, language, newLabel.label);
  }
}

/**
 * The code page of a language folder's files, by the culture that its name means; undefined where the name is none of a
 * culture, or no page is known for it.
 */
export function codePageOf(language: string): CodePage | undefined {
  const culture = cultureOf(language);
  return culture === undefined ? undefined : ansiCodePageOf(culture);
}

/**
 * The encoding that was named for a language folder's files: by its own name, else by another name of the same culture
 * (zh-TW for zh-CHT, de for DEU).
 */
export function encodingNamedFor(language: string, encodings: LabelsOptions['encodings']): TextEncoding | undefined {
  const own = encodings.get(language.toLowerCase());
  if (own !== undefined || encodings.size === 0) return own;
  const culture = fullCultureOf(language);
  if (culture === undefined) return undefined;
  return [...encodings].find(([name]) => fullCultureOf(name) === culture)?.[1];
}

/** With script and region spelled out, zh-Hant and zh-TW are the same, and so are de and de-DE. */
function fullCultureOf(name: string): string | undefined {
  const culture = cultureOf(name);
  return culture === undefined ? undefined : new Intl.Locale(culture).maximize().toString();
}

/**
 * Checks a text that shall become a label.
 * @throws UsageError if it is empty or holds a double quote, a line break or another control character
 */
export function checkLabelText(text: string, source: string): string {
  const flaw = faultOfText(text);
  if (flaw === undefined) return text;
  throw new UsageError({
    attempted: 'use the text as a label',
    on: `${source}: ${JSON.stringify(text)}`,
    cameBack: flaw,
    next: 'Give one line of text without double quotes; typographic quotes (“ ”) are fine.',
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
    cameBack: language === undefined ? 'it is not of the form LANGUAGE=PAGE' : `no code page ${page} is known`,
    next: 'Give for example --code-page cs=1250. Known pages: 874, 932, 936, 949, 950, 1250 to 1258, 65001 (UTF-8), 20127 (ASCII).',
  });
}
