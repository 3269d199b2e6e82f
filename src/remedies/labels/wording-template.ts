/** A wording file to fill in: every language found, with the texts that are known. */

import { distinct, groupBy } from '../../words.ts';
import { cultureOf } from './cultures.ts';
import type { LabelFile, LabelsFacts } from './facts.ts';
import { select } from './filters.ts';
import { keysIn, type LabelsOptions, newTextFor } from './options.ts';
import { textOfKey } from './strings-content.ts';

/** The file that --wording-template asks for, if it does. */
export function templateFile(
  facts: LabelsFacts,
  options: LabelsOptions,
): readonly { readonly path: string; readonly content: string }[] {
  const { wordingTemplate } = options;
  return wordingTemplate === undefined ? [] : [{ path: wordingTemplate, content: wordingTemplateFor(facts, options) }];
}

/**
 * JSON for --wording: culture → key → text. The label has its new text where one is known; texts that name the domain have
 * their present text, to be rewritten. A text that is not known is empty, and an empty text changes nothing.
 */
function wordingTemplateFor(facts: LabelsFacts, options: LabelsOptions): string {
  const { files } = select(facts, options);
  // Folders whose names are not those of a culture, and further names of one, have no place in a wording file.
  const byCulture = groupBy(files, (file) => cultureOf(file.language) ?? '');
  const labelKeys = keysIn(options);
  const keys = distinct([...labelKeys, ...files.flatMap(domainKeysOf)]);
  const cultures = [...byCulture]
    .filter(([culture]) => culture !== '')
    .map(([, ofCulture]) => {
      const language = ofCulture[0]?.language ?? '';
      const texts = keys.map((key) => {
        const wanted = newTextFor(options, language, key);
        const known = wanted?.kind === 'found' ? wanted.text : undefined;
        return [key, known ?? (labelKeys.includes(key) ? '' : presentText(ofCulture, key))] as const;
      });
      return [language, Object.fromEntries(texts)] as const;
    });
  return `${JSON.stringify(Object.fromEntries(cultures), undefined, 2)}\n`;
}

function domainKeysOf({ content }: LabelFile): readonly string[] {
  return content.kind === 'strings' ? content.domainKeys : [];
}

/** The text that the first file of a language has for a key; '' if none has one that can be read and be given again. */
function presentText(files: readonly LabelFile[], key: string): string {
  for (const { content } of files) {
    const text = content.kind === 'strings' ? textOfKey(content, key) : undefined;
    if (text !== undefined && !text.includes('"')) return text;
  }
  return '';
}
