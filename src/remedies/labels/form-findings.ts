/** The forms and a new label: which forms show it, and which scripts would spoil the name that it asks for. */

import path from 'node:path';
import { blocker, type FindingDraft, note, warning } from '../../change/findings.ts';
import { distinctiveNames } from '../../files/folder-names.ts';
import { counted, distinct, groupBy, listed, shortened } from '../../words.ts';
import type { LabelFile, LabelsFacts } from './facts.ts';
import { type Form, scriptFile } from './forms.ts';
import type { LabelsIntent } from './intent.ts';

/**
 * Findings on the forms in these folders.
 *
 * @param folders the folders of the classes that are changed, each with one of its files
 */
export function formFindings(
  { forms, roots }: Pick<LabelsFacts, 'forms' | 'roots'>,
  intent: LabelsIntent,
  folders: ReadonlyMap<string, LabelFile>,
): readonly FindingDraft[] {
  const names = distinctiveNames(roots);
  const beside = forms.flatMap((form): PlacedForm[] => {
    const file = folders.get(form.folder);
    if (file === undefined) return [];
    const member = roots.length < 2 ? '' : ` on ${names.get(file.root) ?? file.root}`;
    return [{ form, place: `${file.set} · ${file.class}`, member }];
  });
  return [
    ...defaultDomain(beside, intent),
    ...withoutLabel(beside, intent),
    ...scriptsNotRead(beside, intent),
    ...ownTexts(beside),
    ...withLabel(beside, intent),
  ];
}

interface PlacedForm {
  readonly form: Form;
  /** Set and class: "Exchange · HTML". */
  readonly place: string;
  /** " on TMG01", where there are several. */
  readonly member: string;
}

/** A line about a form, with its place first: a line that is too long for the screen is cut at its end. */
function lineAbout({ form, place, member }: PlacedForm, what: string): string {
  return `${place} · ${path.basename(form.path)}${member}${what}, in ${path.dirname(form.path)}`;
}

function asksForAddress(intent: LabelsIntent): boolean {
  return [...intent.labels.values()].some((wanted) => 'label' in wanted && wanted.label !== 'username');
}

function defaultDomain(beside: readonly PlacedForm[], intent: LabelsIntent): readonly FindingDraft[] {
  if (!asksForAddress(intent)) return [];
  const evidenceOf = (testsForAt: boolean): readonly { readonly evidence: string; readonly file: string }[] =>
    beside.flatMap((placed) =>
      placed.form.domainLines
        .filter((line) => line.testsForAt === testsForAt)
        .map(({ line, text }) => ({
          evidence: lineAbout(placed, `, line ${line}: ${shortened(text)}`),
          file: placed.form.path,
        })),
    );
  const always = evidenceOf(false);
  const sparing = evidenceOf(true);
  const files = distinct(always.map(({ file }) => file));
  return [
    ...(always.length === 0
      ? []
      : [
          blocker(
            'default-domain-script',
            `Scripts that add a domain to the name: ${counted(files.length, 'file')}`,
            'It turns an address into CONTOSO\\user@example.com, which cannot log on. Remove these lines, or make them skip names with an @, then run again. If they already skip them, accept this.',
            { evidence: always.map(({ evidence }) => evidence), subjects: files },
          ),
        ]),
    ...(sparing.length === 0
      ? []
      : [
          note(
            'default-domain-spares-addresses',
            'Scripts that add a domain, but seem to skip names with an @',
            'There is a test for an @ just before these lines. Log on once with an address to be sure.',
            { evidence: sparing.map(({ evidence }) => evidence) },
          ),
        ]),
  ];
}

function scriptsNotRead(beside: readonly PlacedForm[], intent: LabelsIntent): readonly FindingDraft[] {
  if (!asksForAddress(intent)) return [];
  const read = new Set(beside.map(({ form }) => form.path.toLowerCase()));
  const evidence = beside.flatMap((placed) =>
    placed.form.scripts
      .filter((source) => !read.has(scriptFile(placed.form.folder, source)?.toLowerCase() ?? ''))
      .map((source) => lineAbout(placed, `: ${shortened(source)}`)),
  );
  if (evidence.length === 0) return [];
  return [
    note(
      'scripts-not-read',
      'Scripts that the forms load from elsewhere, not read',
      'Check whether they add a domain to the name that a user types.',
      { evidence },
    ),
  ];
}

function withoutLabel(beside: readonly PlacedForm[], intent: LabelsIntent): readonly FindingDraft[] {
  const blind = beside.filter(({ form }) => form.asksForName && !shows(form, intent));
  if (blind.length === 0) return [];
  return [
    warning(
      'form-without-label',
      `Forms that will not show the new label: ${counted(blind.length, 'form')}`,
      'Their label does not come from the changed key. Change another key too (--key), or edit the form.',
      {
        evidence: blind.map((placed) => lineAbout(placed, `: ${labelSource(placed.form)}`)),
        subjects: blind.map(({ form }) => form.path),
      },
    ),
  ];
}

function labelSource({ ownLabel, keys }: Form): string {
  if (ownLabel !== undefined) return `has its own label: ${shortened(ownLabel)}`;
  // A placeholder that TMG fills in (@@FORMDIR) is not a text.
  const texts = keys.filter((key) => /^L_/i.test(key));
  return texts.length === 0 ? 'uses no key for it' : `uses ${listed(texts, 4)}`;
}

function shows({ keys, ownLabel }: Form, intent: LabelsIntent): boolean {
  return ownLabel === undefined && keys.some((key) => intent.keys.includes(key));
}

function ownTexts(beside: readonly PlacedForm[]): readonly FindingDraft[] {
  const found = beside.filter(({ form }) => form.domainTexts.length > 0);
  if (found.length === 0) return [];
  return [
    warning(
      'form-names-the-domain',
      `Forms whose own texts name the domain: ${counted(found.length, 'file')}`,
      'These texts are in the form or its script, not in strings.txt; this change does not touch them. To change them, edit the file.',
      {
        evidence: found.map((placed) => lineAbout(placed, `: ${listed(placed.form.domainTexts.map(shortened), 3)}`)),
        subjects: found.map(({ form }) => form.path),
      },
    ),
  ];
}

function withLabel(beside: readonly PlacedForm[], intent: LabelsIntent): readonly FindingDraft[] {
  const places = groupBy(
    beside.filter(({ form }) => form.asksForName && shows(form, intent)),
    ({ place }) => place,
  );
  if (places.size === 0) return [];
  return [
    note('forms-that-show-it', 'Forms that will show the new label', 'They take their label from the changed key.', {
      evidence: [...places].map(([place, inPlace]) => {
        const names = distinct(
          inPlace.map(({ form }) => path.basename(form.path)),
          (name) => name.toLowerCase(),
        );
        return `${place}: ${names.join(', ')}`;
      }),
    }),
  ];
}
