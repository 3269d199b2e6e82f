/** The flags of the labels remedy. */

import type { FlagTable } from '../../flags.ts';

const where = 'Where';
const what = 'The new label';
const how = 'How';

/** The flag table of labels. */
export const flags = {
  root: {
    kind: 'texts',
    value: 'DIR',
    group: where,
    help: 'the CookieAuthTemplates folder of an array member (repeatable: one per member); default: the folders where TMG and ISA Server keep them',
  },
  host: {
    kind: 'texts',
    value: 'NAME',
    group: where,
    help: 'the same folders of another computer, below \\\\NAME\\C$: run it on your workstation (repeatable; on Windows)',
  },
  set: {
    kind: 'texts',
    value: 'NAME',
    group: where,
    help: 'only this form set, by its name or its path below the folder (repeatable); default: every set except backup copies',
  },
  class: { kind: 'texts', value: 'NAME', group: where, help: 'only this class: HTML, cHTML or xHTML (repeatable)' },
  language: {
    kind: 'texts',
    value: 'NAME',
    group: where,
    help: 'only this language: the name of its nls folder, or "default" for the file next to the forms (repeatable)',
  },
  'follow-links': {
    kind: 'yes-no',
    group: where,
    help: 'follow links and junctions that lead out of the folders above, and change the files there too',
  },
  key: {
    kind: 'texts',
    value: 'KEY',
    group: what,
    help: 'the key whose text becomes the new label (repeatable); default: L_UserName_Text',
  },
  label: {
    kind: 'text',
    value: 'KIND',
    values: ['email', 'upn', 'username'],
    group: what,
    help: 'the label: email, upn or username, in the wording of each language',
  },
  text: { kind: 'text', value: 'TEXT', group: what, help: 'the same text in every language' },
  wording: {
    kind: 'text',
    value: 'FILE',
    group: what,
    help: 'a JSON file, culture to text: { "de": "E-Mail-Adresse:" }, or culture to key to text; takes precedence over the built-in wording of --label; works without --label too',
  },
  'wording-template': {
    kind: 'text',
    value: 'FILE',
    group: what,
    help: 'write a file to fill in for --wording: every language found, the keys of the label and of the texts that name the domain, with the texts that are known',
  },
  'code-page': {
    kind: 'texts',
    value: 'LANGUAGE=PAGE',
    group: how,
    help: "the code page of a language's files, if the files do not show it (repeatable)",
  },
  'skip-blocked': { kind: 'yes-no', group: how, help: 'leave blocked files out and change the others' },
  'check-upn': {
    kind: 'yes-no',
    group: how,
    help: 'count in a directory the users who could not log on with the name that the label asks for',
  },
} as const satisfies FlagTable;
