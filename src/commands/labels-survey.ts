/** The table of what the form sets say today, which the labels wizard shows before it asks. */

import { groupBy } from '../group-by.ts';
import { counted } from '../remedies/labels/counted.ts';
import type { LabelsFacts } from '../remedies/labels/gather.ts';
import { type SurveyRow, surveyRows } from '../remedies/labels/survey.ts';
import { type Cell, table } from '../terminal/table.ts';
import type { Output } from './output.ts';

type Detail = 'encodings' | 'sets' | 'classes';
const details: readonly Detail[] = ['encodings', 'sets', 'classes'];

const namesOf = (row: SurveyRow, detail: Detail): string => row[detail].join(', ');

/** Shows the labels of these keys by language. What most rows have is said once, above them, and not again in these. */
export function showSurvey(facts: LabelsFacts, keys: readonly string[], output: Output): void {
  const rows = surveyRows(facts.files, keys);
  const usual = details.map((detail) => ({ detail, ...mostCommon(rows.map((row) => namesOf(row, detail))) }));
  output.say(`  ${counted(facts.files.length, 'file')} of form sets below ${facts.roots.join(', ')}`);
  for (const { detail, value, count } of usual) {
    if (value !== '')
      output.say(`  ${count === rows.length ? 'All' : 'Where nothing else is said'}: ${detail} ${value}`);
  }
  output.say('');
  const { dim } = output.style;
  const dimmed = (text: string): Cell => ({ text, style: dim });
  // Below its label, in the one column that is not cut, a row has what is not as usual.
  const below = (row: SurveyRow): (readonly Cell[])[] => {
    const unusual = usual.filter(({ detail, value }) => ![value, ''].includes(namesOf(row, detail)));
    if (unusual.length === 0) return [];
    return [['', '', '', dimmed(unusual.map(({ detail }) => described(row, detail)).join(' · '))]];
  };
  const lines = table(
    [
      ['Folder', 'Language', 'Files', "Today's label"].map(dimmed),
      ...rows.flatMap((row) => [
        [row.language, row.languageName, row.files.toLocaleString('en'), row.label],
        ...below(row),
      ]),
    ],
    [{}, {}, { align: 'right' }, {}],
    output.width - 2,
  );
  for (const line of lines) output.say(`  ${line}`);
  output.say('');
}

/** The names of encodings speak for themselves. */
function described(row: SurveyRow, detail: Detail): string {
  return detail === 'encodings' ? namesOf(row, detail) : `${detail} ${namesOf(row, detail)}`;
}

/** The value that comes up most often, the first of several, if that is in more than one place or there is only one. */
function mostCommon(values: readonly string[]): { readonly value: string; readonly count: number } {
  const groups = [...groupBy(values, (value) => value)].map(([value, all]) => ({ value, count: all.length }));
  const [first] = groups.toSorted((one, other) => other.count - one.count);
  return first === undefined || (first.count === 1 && groups.length > 1) ? { value: '', count: 0 } : first;
}
