/**
 * The wording of the labels by culture, and how a form set's language folder finds its own: by the culture's tag, then
 * by what is nearest in the same language and script. Where there is none, that is an answer, never English instead.
 */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { FileError } from '../../errors.ts';
import { errnoInWords } from '../../files/system-errors.ts';
import { remembered } from '../../words.ts';
import { cultureOf, tagOf } from './cultures.ts';

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
 * Finds the text of a label, or of a key that a wording has a text for, for a language folder, "default" for the file next to the forms. The first wording comes
 * before the later ones (the user's own before the built-in) for the culture itself and the names that include it
 * (de-AT, de), and then again for each of its relatives (de-DE).
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
