/** The table of what the form sets say today, which the labels wizard shows before it asks. */

import { counted } from '../remedies/labels/counted.ts';
import type { LabelsFacts } from '../remedies/labels/gather.ts';
import { type SurveyRow, surveyRows } from '../remedies/labels/survey.ts';
import { type Cell, table } from '../terminal/table.ts';
import type { Output } from './output.ts';

type Detail = 'encodings' | 'sets' | 'classes';
const details: readonly Detail[] = ['encodings', 'sets', 'classes'];

const namesOf = (row: SurveyRow, detail: Detail): string => row[detail].join(', ');

/** Shows the labels of these keys by language. What is the same in all rows is said once, above them. */
export function showSurvey(facts: LabelsFacts, keys: readonly string[], output: Output): void {
  const rows = surveyRows(facts.files, keys);
  const varying = details.filter((detail) => new Set(rows.map((row) => namesOf(row, detail))).size > 1);
  const constant = details.filter((detail) => !varying.includes(detail));
  output.say(`  ${counted(facts.files.length, 'file')} of form sets below ${facts.roots.join(', ')}`);
  for (const detail of constant) {
    const [first] = rows;
    if (first !== undefined && first[detail].length > 0) output.say(`  All: ${detail} ${namesOf(first, detail)}`);
  }
  output.say('');
  const { dim } = output.style;
  const dimmed = (text: string): Cell => ({ text, style: dim });
  // Below its label, in the one column that is not cut, each row has what is not the same in all.
  const below = (text: string): (readonly Cell[])[] => (varying.length === 0 ? [] : [['', '', '', dimmed(text)]]);
  const lines = table(
    [
      ['Folder', 'Language', 'Files', "Today's label"].map(dimmed),
      ...below(varying.join(' · ')),
      ...rows.flatMap((row) => [
        [row.language, row.languageName, row.files.toLocaleString('en'), row.label],
        ...below(varying.map((detail) => namesOf(row, detail) || '–').join(' · ')),
      ]),
    ],
    [{}, {}, { align: 'right' }, {}],
    output.width - 2,
  );
  for (const line of lines) output.say(`  ${line}`);
  output.say('');
}
