/** Today's labels: a line for each language and label; of many lines the first, and those that differ. */

import type { Exhibit, TableExhibit } from '../../change/exhibits.ts';
import type { TextEncoding } from '../../files/text-encoding.ts';
import { counted, groupBy } from '../../words.ts';
import { displayNameOfCulture } from './cultures.ts';
import type { LabelFile, LabelsFacts } from './facts.ts';
import { fewOf } from './file-blockers.ts';
import { distinctNames, select } from './filters.ts';
import { keysIn, type LabelsOptions } from './options.ts';

/** A line of the survey: the files of one language, or those of them with one label. */
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

/** Rows by language, on the values of these keys; files that say the same share one, whatever the form of its accents. */
export function surveyRows(files: readonly LabelFile[], keys: readonly string[]): readonly SurveyRow[] {
  const described = files.map((file) => ({ file, ...describe(file, keys) }));
  const groups = groupBy(described, ({ file, label }) => `${file.language.toLowerCase()}\n${label.normalize()}`);
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
          encodings: distinctNames(group.map(({ encoding }) => encoding)).filter((name) => name !== ''),
          sets: distinctNames(all.map((file) => file.set)),
          classes: distinctNames(all.map((file) => file.class)),
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

type Detail = 'encodings' | 'sets' | 'classes';
const details: readonly Detail[] = ['encodings', 'sets', 'classes'];

const namesOf = (row: SurveyRow, detail: Detail): string => row[detail].join(', ');

/** More rows than this are a list: on the screen its beginning is shown. */
const longList = 16;
const shownOfLongList = 10;

/**
 * The labels by language, until the new label is chosen. A detail that most rows share is printed once, above them, and
 * not again in these. Of a long list the screen has the languages that have several labels, then the first others, in
 * one line each.
 */
export function survey(facts: LabelsFacts, options: LabelsOptions, inFull: boolean): readonly Exhibit[] {
  if (options.newLabel.kind !== 'none') return [];
  const { files } = select(facts, options);
  if (files.length === 0) return [];
  const rows = surveyRows(files, keysIn(options));
  const whole = `${counted(files.length, 'file')} of form sets below ${facts.roots.join(', ')}`;
  if (inFull || rows.length <= longList) {
    const usual = details.map((detail) => ({ detail, ...mostCommon(rows.map((row) => namesOf(row, detail))) }));
    const said = usual.filter(({ value }) => value !== '');
    return [
      remarks('form-sets', [
        whole,
        ...said.map(
          ({ detail, value, count }) => `${count === rows.length ? 'All' : 'Unless noted'}: ${detail} ${value}`,
        ),
      ]),
      labelsTable(rows.map((row) => rowOf(row, usual))),
    ];
  }
  const shown = tellingRows(rows);
  const kinds = (['sets', 'classes'] as const).map(
    (detail) => `${detail} ${fewOf(distinctNames(rows.flatMap((row) => row[detail])), ', ')}`,
  );
  return [
    remarks('form-sets', [
      whole,
      `${counted(distinctNames(rows.map(({ language }) => language)).length, 'language')} · ${kinds.join(' · ')}`,
    ]),
    labelsTable(shown.map((row) => ({ cells: cellsOf(row) }))),
    remarks('labels-left-out', [
      `… and ${counted(rows.length - shown.length, 'more label')}. --verbose lists them all, with their encodings.`,
    ]),
  ];
}

/** Of languages that have several labels as many as there is room for, then the first others; in the order that they had. */
function tellingRows(rows: readonly SurveyRow[]): readonly SurveyRow[] {
  const labels = groupBy(rows, ({ language }) => language.toLowerCase());
  const hasSeveral = ({ language }: SurveyRow): boolean => (labels.get(language.toLowerCase())?.length ?? 0) > 1;
  const byWeight = [...rows.filter(hasSeveral), ...rows.filter((row) => !hasSeveral(row))];
  const shown = new Set(byWeight.slice(0, shownOfLongList));
  return rows.filter((row) => shown.has(row));
}

function remarks(id: string, texts: readonly string[]): Exhibit {
  return { kind: 'remarks', id, title: '', rows: texts.map((text) => ({ text })) };
}

function labelsTable(rows: TableExhibit['groups'][number]['rows']): TableExhibit {
  return {
    kind: 'table',
    id: 'labels-today',
    title: '',
    columns: [
      { heading: 'Folder' },
      { heading: 'Language' },
      { heading: 'Files', align: 'right' },
      { heading: "Today's label" },
    ],
    groups: [{ heading: '', rows }],
  };
}

function cellsOf(row: SurveyRow): readonly string[] {
  return [row.language, row.languageName, row.files.toLocaleString('en'), row.label];
}

function rowOf(
  row: SurveyRow,
  usual: readonly { readonly detail: Detail; readonly value: string }[],
): TableExhibit['groups'][number]['rows'][number] {
  const cells = cellsOf(row);
  const unusual = usual.filter(({ detail, value }) => ![value, ''].includes(namesOf(row, detail)));
  if (unusual.length === 0) return { cells };
  return { cells, details: [unusual.map(({ detail }) => described(row, detail)).join(' · ')] };
}

/** The names of encodings speak for themselves. */
function described(row: SurveyRow, detail: Detail): string {
  return detail === 'encodings' ? namesOf(row, detail) : `${detail} ${namesOf(row, detail)}`;
}

/** The value that comes up most often, the first of several, if it comes up more than once or there is only one. */
function mostCommon(values: readonly string[]): { readonly value: string; readonly count: number } {
  const groups = [...groupBy(values, (value) => value)].map(([value, all]) => ({ value, count: all.length }));
  const [first] = groups.toSorted((one, other) => other.count - one.count);
  return first === undefined || (first.count === 1 && groups.length > 1) ? { value: '', count: 0 } : first;
}
