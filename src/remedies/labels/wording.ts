/**
 * The wording of the labels by culture, and how a form set's language folder finds its own: by the culture's tag, then
 * by what is nearest in the same language and script. Where there is none, that is an answer, never English instead.
 * Built in, or from the user's own file.
 */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { FileError, UsageError } from '../../errors.ts';
import { errnoInWords } from '../../files/system-errors.ts';
import type { CodePage } from '../../files/text-encoding.ts';
import { remembered } from '../../words.ts';
import { codePageOf, cultureOf, tagOf } from './cultures.ts';
import { isGarbled } from './strings-content.ts';

/** What the field may ask for. `upn` is known only for the languages that Microsoft has a wording in. */
export const labels = ['email', 'upn', 'username'] as const;
/** What the field may ask for. */
export type Label = (typeof labels)[number];

/** The labels in one language. */
export interface CultureWording extends Readonly<Partial<Record<Label, string>>> {
  /** Texts of single keys, in a wording of the user's own. */
  readonly keys?: Readonly<Record<string, string>>;
  /** The culture as the user has written it. */
  readonly givenAs?: string;
}

/** Wording by the tag of its culture, as `cultureOf` spells it. */
export type Wording = ReadonlyMap<string, CultureWording>;

/** The wording for a language, or why there is none. */
export type WordingLookup =
  | { readonly kind: 'found'; readonly text: string }
  | {
      readonly kind: 'no-wording';
      /**
       * `not-a-culture`: the name is none that we can read. `unknown-culture`: nothing is known in its language and
       * script. `label-unknown`: its language is known, this label isn't.
       */
      readonly reason: 'not-a-culture' | 'unknown-culture' | 'label-unknown';
    };

/**
 * Reads the wording that comes with the tool.
 *
 * @param templates the templates folder, a URL that ends in a slash
 * @throws FileError if it can't be read or isn't JSON
 */
export async function loadBuiltInWording(templates: URL): Promise<Wording> {
  const file = fileURLToPath(new URL('wording/labels.json', templates));
  try {
    const content: Record<string, CultureWording> = JSON.parse(await readFile(file, 'utf8'));
    return new Map(Object.entries(content));
  } catch (cause) {
    throw new FileError({
      attempted: 'read the wording that comes with the tool',
      on: file,
      cameBack: errnoInWords(cause),
      next: 'Install adsi-remedy again: a part of it is missing or damaged.',
      cause,
    });
  }
}

/**
 * Finds the text of a label, or of a key that a wording has a text for, for a language folder, "default" for the file
 * next to the forms. The first wording comes before the later ones (the user's own before the built-in) for the culture
 * itself and the names that include it (de-AT, de), and then again for each of its relatives (de-DE).
 *
 * Only the same language and script are ever answered. Regions go to the nearest wording, after CLDR's parent locales:
 * English outside the United States to en-GB, Spanish in America to es-MX, Portuguese outside Brazil to pt-PT, then to
 * the language's main culture. The same way leads to the main culture where a region lacks one label (en-GB has no
 * `upn`, en-US has). Nynorsk gets Bokmål, the one Norwegian that there is.
 */
export function lookUpWording(
  wordings: readonly Wording[],
  name: string,
  label: Label | undefined,
  key?: string,
): WordingLookup {
  const culture = cultureOf(name);
  if (culture === undefined) return { kind: 'no-wording', reason: 'not-a-culture' };
  const candidates = nearestTo(culture).flatMap((group) => wordings.flatMap((wording) => entriesOf(wording, group)));
  for (const entry of candidates) {
    const text =
      (key === undefined ? undefined : entry.keys?.[key]) ?? (label === undefined ? undefined : entry[label]);
    if (text !== undefined) return { kind: 'found', text };
  }
  return { kind: 'no-wording', reason: candidates.length === 0 ? 'unknown-culture' : 'label-unknown' };
}

function entriesOf(wording: Wording, cultures: readonly string[]): readonly CultureWording[] {
  return cultures.flatMap((culture) => wording.get(culture) ?? []);
}

/** The cultures that may speak for this one: itself with its parents, then each relative alone. */
const nearestTo = remembered((culture: string): readonly (readonly string[])[] => [
  withItsParents(culture),
  ...relativesOf(culture).map((relative) => [relative]),
]);

/** The culture and the shorter tags that include it, the nearest first: zh-Hant-HK, zh-HK, zh-Hant; de-AT, de. */
function withItsParents(culture: string): readonly string[] {
  const { language, region } = new Intl.Locale(culture);
  const script = scriptOf(culture);
  const tags = [culture, tagOf(language, script, region), tagOf(language, undefined, region), tagOf(language, script)];
  // zh is Chinese in simplified script: it includes zh-CN, but not zh-TW.
  return [...new Set([...tags, language])].filter((tag) => scriptOf(tag) === script);
}

/** Cultures of the same language and script whose text serves one that has no wording, the nearest first. */
function relativesOf(culture: string): readonly string[] {
  const { language, region } = new Intl.Locale(culture);
  const script = scriptOf(culture);
  const relatives = [nearestRegion(language, region), mainCulture(language, script)];
  return relatives.filter((relative) => relative !== undefined).filter((relative) => scriptOf(relative) === script);
}

const englishAsInTheUnitedStates = new Set('US AS GU MH MP PH PR UM VI'.split(' '));
const spanishAmerica = new Set('419 AR BO BR BZ CL CO CR CU DO EC GT HN MX NI PA PE PR PY SV US UY VE'.split(' '));

function nearestRegion(language: string, region: string | undefined): string | undefined {
  if (region === undefined) return undefined;
  if (language === 'en' && !englishAsInTheUnitedStates.has(region)) return 'en-GB';
  if (language === 'es' && spanishAmerica.has(region)) return 'es-MX';
  if (language === 'pt' && region !== 'BR') return 'pt-PT';
  return undefined;
}

/** The culture that Windows takes for the language as such: de-DE, pt-BR, zh-TW for traditional script. */
function mainCulture(language: string, script: string | undefined): string | undefined {
  if (language === 'ar') return 'ar-SA';
  if (language === 'nn') return 'nb-NO';
  const { region } = new Intl.Locale(tagOf(language, script)).maximize();
  const shortest = tagOf(language, undefined, region);
  return scriptOf(shortest) === script ? shortest : tagOf(language, script, region);
}

function scriptOf(culture: string): string | undefined {
  return new Intl.Locale(culture).maximize().script;
}

const attempted = 'read the wording file';

/**
 * In bytes: texts of all cultures for all keys take a tenth of it. The reader's pattern gets no longer text than it can
 * match.
 */
const largestFile = 1024 * 1024;

/**
 * Reads a file for --wording: for each culture one text, which is used for every label, or a text for each key. Cultures
 * may be written in any way that `cultureOf` understands; the file is UTF-8, or UTF-16 with a byte order mark, as Windows
 * PowerShell writes it. A key with an empty text is left out: a template need not be filled in as a whole.
 *
 * The reader is our own because users write the file themselves: every error can then name the line and column, and a
 * culture given twice is found, both of which JSON.parse leaves out.
 *
 * @param path for messages only
 * @throws UsageError naming the path, the place and the key if it isn't such a file
 */
export function parseWordingFile(path: string, bytes: Uint8Array): Wording {
  if (bytes.length > largestFile) {
    const sizes = [bytes.length, largestFile].map((size) => size.toLocaleString('en'));
    throw unusable(
      path,
      `it has ${sizes[0]} bytes; a wording file may have at most ${sizes[1]}`,
      'Give a file with a text for each culture, or one for each culture and key.',
    );
  }
  const wording = new Map<string, CultureWording>();
  for (const { key, value, place } of readEntries(path, textOf(path, bytes))) {
    const culture = cultureOf(key);
    const on = `${path}, ${place}, ${JSON.stringify(key)}`;
    if (culture === undefined) {
      throw unusable(on, 'not the name of a culture', 'Name cultures like "de-DE", "sr-Latn-RS" or "fr".');
    }
    if (wording.has(culture)) {
      throw unusable(on, `the culture ${culture} appears twice`, 'Keep one text for each culture.');
    }
    wording.set(culture, { ...textsFrom(path, on, value, culture), givenAs: key });
  }
  return wording;
}

function textsFrom(path: string, on: string, value: Entry['value'], culture: string): CultureWording {
  if (typeof value === 'string') {
    requireLabel(on, value, culture);
    return { email: value, upn: value, username: value };
  }
  const keys: Record<string, string> = {};
  for (const { key, value: text, place } of value) {
    const within = `${path}, ${place}, ${JSON.stringify(key)}`;
    if (!/^L_\w+$/.test(key)) throw unusable(within, 'not a key of strings.txt', 'Write keys like "L_UserName_Text".');
    if (Object.hasOwn(keys, key)) throw unusable(within, 'the key appears twice', 'Keep one text for each key.');
    if (text !== '') requireLabel(within, text, culture);
    if (text !== '') keys[key] = text;
  }
  return { keys };
}

function requireLabel(on: string, text: string, culture: string): void {
  const fault = faultOfText(text, codePageOf(culture));
  if (fault !== undefined)
    throw unusable(
      on,
      fault,
      'Write the label as one line of text without double quotes and without HTML other than formatting such as <b>.',
    );
}

/** The logon form runs any HTML in its texts, and a script there could read what users type; these elements are harmless. */
const formatting = /<\/?(?:b|br|em|i|nobr|small|strong|sub|sup|u|wbr) ?\/?>/gi;

/** Whether a text holds HTML other than plain formatting. */
export function hasActiveHtml(text: string): boolean {
  return /<(?:[a-z/!?]|$)/i.test(text.replace(formatting, ''));
}

/**
 * Why a text can't be a label's, whatever the file's encoding, as the rest of a sentence; undefined if it can.
 *
 * @param codePage that of its language, if it is known
 */
export function faultOfText(text: string, codePage?: CodePage): string | undefined {
  if (text.trim() === '') return 'the text is empty';
  if (hasActiveHtml(text)) return 'the text holds HTML that does more than format it';
  if (text.includes('"')) return 'the text holds a double quote, which would end the value';
  if (/[\r\n\u0085\u2028\u2029]/.test(text)) return 'the text holds a line break';
  if (/\p{Cc}/u.test(text)) return 'the text holds a control character';
  if (isGarbled(text, codePage)) return 'the text was read in the wrong encoding ("Ã¤" for "ä")';
  if (/\p{Surrogate}/u.test(text)) return 'the text holds half a character (an unpaired surrogate)';
  return undefined;
}

function textOf(path: string, bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UsageError({
      attempted,
      on: path,
      cameBack: `not ${encoding.toUpperCase()} text`,
      next: 'Save the file as UTF-8.',
      cause,
    });
  }
}

interface Entry<Value = string | readonly Entry<string>[]> {
  readonly key: string;
  readonly value: Value;
  /** Where the key is, in words. */
  readonly place: string;
}

interface Token {
  readonly kind: 'text' | 'other' | 'end';
  readonly source: string;
  readonly offset: number;
}

/** A string of RFC 8259, a mark, or a run of anything else; every character but white space belongs to one of them. */
const tokenPattern =
  /(?<text>"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*")|[{}[\]:,]|[^ \t\r\n{}[\]:,]+/g;

/** The members of the one object that the text is (RFC 8259): their values are texts, or objects of texts. */
function readEntries(path: string, text: string): readonly Entry[] {
  const tokens = tokensOf(text);
  const next = (): Token => tokens.next().value ?? { kind: 'end', source: '', offset: text.length };
  const refuse = (token: Token, expected: string): UsageError =>
    unusable(
      `${path}, ${placeOf(text, token.offset)}`,
      `expected ${expected}, but there is ${token.kind === 'end' ? 'the end of the file' : quotedSource(token.source)}`,
      'Write one JSON object of culture and text, like { "de-DE": "E-Mail-Adresse:", "fr": "Adresse :" }.',
    );
  /** The members up to the } that closes the object, its { being read; `what` is the kind of name that they have. */
  function membersUpToEnd<Value>(what: string, read: (token: Token, key: Token) => Value): readonly Entry<Value>[] {
    const members: Entry<Value>[] = [];
    let token = next();
    while (token.source !== '}') {
      if (token.kind !== 'text') throw refuse(token, `a ${what} in double quotes`);
      const key = token;
      const colon = next();
      if (colon.source !== ':') throw refuse(colon, `a colon after ${key.source}`);
      const value = read(next(), key);
      members.push({ key: JSON.parse(key.source), value, place: placeOf(text, key.offset) });
      token = next();
      if (token.source === '}') break;
      if (token.source !== ',') throw refuse(token, `a comma or } after the text for ${key.source}`);
      token = next();
      if (token.source === '}') throw refuse(token, `another ${what} after the comma`);
    }
    return members;
  }
  const textFor = (token: Token, key: Token): string => {
    if (token.kind !== 'text') throw refuse(token, `a text in double quotes for ${key.source}`);
    return JSON.parse(token.source);
  };

  const open = next();
  if (open.source !== '{') throw refuse(open, 'a { that opens an object');
  const entries = membersUpToEnd<Entry['value']>('culture', (token, key) =>
    token.source === '{' ? membersUpToEnd('key', textFor) : textFor(token, key),
  );
  const rest = next();
  if (rest.kind !== 'end') throw refuse(rest, 'the end of the file after the }');
  return entries;
}

function* tokensOf(text: string): Generator<Token, undefined> {
  for (const match of text.matchAll(tokenPattern)) {
    const kind = match.groups?.['text'] === undefined ? 'other' : 'text';
    yield { kind, source: match[0], offset: match.index };
  }
}

/** Line and column, both from 1; a column is a UTF-16 code unit, as editors count. */
function placeOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split(/\r\n|\n|\r/);
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}

function quotedSource(source: string): string {
  const visible = source.replace(/\p{Cc}/gu, '\ufffd');
  return visible.length > 20 ? `${visible.slice(0, 20)}…` : visible;
}

function unusable(on: string, cameBack: string, next: string): UsageError {
  return new UsageError({ attempted, on, cameBack, next });
}
