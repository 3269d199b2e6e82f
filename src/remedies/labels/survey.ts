/** What the form sets say today, in one table: a line for each language and label. */

import type { TextEncoding } from '../../files/text-encoding.ts';
import { groupBy } from '../../group-by.ts';
import type { LabelFile } from './gather.ts';
import { fewOf } from './shortened.ts';
import { displayNameOfCulture } from './wording.ts';

export interface SurveyRow {
  readonly language: string;
  /** In English. */
  readonly languageName: string;
  /** Today's label; what is wrong where it can't be read. */
  readonly label: string;
  /** In short names: UTF-16LE+BOM, cp1252. */
  readonly encodings: readonly string[];
  readonly sets: readonly string[];
  readonly classes: readonly string[];
  readonly files: number;
}

/** Rows by language, on the values of these keys; files that say the same share one. */
export function surveyRows(files: readonly LabelFile[], keys: readonly string[]): readonly SurveyRow[] {
  const described = files.map((file) => ({ file, ...describe(file, keys) }));
  const groups = groupBy(described, ({ file, label }) => `${file.language.toLowerCase()}\n${label}`);
  return [...groups.values()]
    .flatMap(([first, ...rest]) => {
      if (first === undefined) return [];
      const group = [first, ...rest];
      const all = group.map(({ file }) => file);
      return [
        {
          language: first.file.language,
          languageName: displayNameOfCulture(first.file.language),
          label: first.label,
          encodings: distinct(group.map(({ encoding }) => encoding)).filter((name) => name !== ''),
          sets: distinct(all.map((file) => file.set)),
          classes: distinct(all.map((file) => file.class)),
          files: all.length,
        },
      ];
    })
    .sort((one, other) => one.languageName.localeCompare(other.languageName, 'en'));
}

function describe({ content }: LabelFile, keys: readonly string[]): { label: string; encoding: string } {
  switch (content.kind) {
    case 'unreadable':
      return { label: `(${content.cameBack})`, encoding: '' };
    case 'isa-2004':
      return { label: '(format of ISA Server 2004)', encoding: '' };
    case 'not-text':
      return {
        label: `(${'reason' in content.detected ? content.detected.reason : content.detected.kind})`,
        encoding: '',
      };
    case 'strings':
      return {
        label:
          fewOf(
            content.values.filter(({ key }) => keys.includes(key)).map((value) => value.text ?? `(${value.flaw})`),
            ' | ',
          ) || '(no such key)',
        encoding: shortNameOf(content.encoding),
      };
  }
}

function shortNameOf(encoding: TextEncoding): string {
  return encoding.startsWith('windows-')
    ? encoding.replace('windows-', 'cp')
    : encoding.replace(' with BOM', '+BOM').toUpperCase();
}

/** Names that differ in more than letter case, in their order. */
export function distinct(names: readonly string[]): readonly string[] {
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()];
}
