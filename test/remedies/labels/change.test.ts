import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { fileFingerprint } from '../../../src/change/planned-file.ts';
import { UsageError } from '../../../src/errors.ts';
import { decodeText, type TextEncoding } from '../../../src/files/text-encoding.ts';
import type { LabelsFacts } from '../../../src/remedies/labels/facts.ts';
import {
  checkLabelText,
  encodingNamedFor,
  type LabelsOptions,
  parseCodePage,
  userNameKey,
} from '../../../src/remedies/labels/options.ts';
import { propose } from '../../../src/remedies/labels/propose.ts';
import { describe as describePlan, nextStepsOf } from '../../../src/remedies/labels/remedy.ts';
import { readStrings } from '../../../src/remedies/labels/strings-content.ts';
import { surveyRows } from '../../../src/remedies/labels/survey.ts';
import { faultOfText } from '../../../src/remedies/labels/wording.ts';
import { applyIn, planOf } from '../../support/file-plans.ts';
import { freshFolder, snapshot, writeTree } from '../../support/fresh-folder.ts';
import {
  builtInWording,
  type Examination,
  emailWording,
  examine,
  gatherNew,
  labelOptions,
} from '../../support/label-options.ts';
import { encodedAs, stringsContent } from '../../support/strings-content.ts';

let root: string;

beforeEach(async () => {
  root = path.join(await freshFolder(), 'forms');
});

/** Form sets of one class with these contents by language. */
const formSets = (contents: Readonly<Record<string, Uint8Array | string>>): Promise<void> =>
  writeTree(root, {
    Exchange: {
      HTML: {
        nls: Object.fromEntries(Object.entries(contents).map(([name, content]) => [name, { 'strings.txt': content }])),
      },
    },
  });

const look = (more?: Partial<LabelsOptions>): Promise<Examination> => examine(labelOptions(root, more));

/** Facts of one file with these bytes, for its properties without a file system. */
function factsOfOne(bytes: Buffer, encoding: TextEncoding): LabelsFacts {
  const forms = path.resolve('/forms');
  const place = { root: forms, set: 'Exchange', class: 'HTML', language: 'zh-CN' };
  const file = path.join(forms, 'Exchange', 'HTML', 'nls', 'zh-CN', 'strings.txt');
  return {
    scope: 'new',
    currentFolder: '/',
    roots: [forms],
    namedAgain: [],
    access: { lists: new Map(), unknown: [] },
    realRoots: new Map([[forms, forms]]),
    keys: [userNameKey],
    trees: [],
    files: [
      {
        ...place,
        path: file,
        realPath: file,
        content: readStrings(bytes, { bytes: () => bytes, fingerprint: fileFingerprint(bytes) }, [userNameKey], {
          named: encoding,
        }),
        readOnly: false,
        names: 1,
      },
    ],
    isa2004: [],
    forms: [],
    lockedFolders: new Set(),
  };
}

/** The new text of each language, decoded from the bytes that the plan brings. */
const newTexts = ({ changes }: Examination): Record<string, string> =>
  Object.fromEntries(
    changes.map((change) => [
      change.language,
      decodeText(Buffer.from(change.splices[0]?.new ?? '', 'base64'), change.encoding as TextEncoding),
    ]),
  );

describe('the filters', () => {
  beforeEach(async () => {
    const files = {
      'strings.txt': stringsContent('a'),
      nls: { de: { 'strings.txt': stringsContent('b') }, fr: { 'strings.txt': stringsContent('c') } },
    };
    await writeTree(root, { Exchange: { HTML: files, xHTML: files }, ISA: { HTML: files, cHTML: files } });
  });

  test.each<[string, Partial<LabelsOptions>, number]>([
    ['none', {}, 12],
    ['a set', { sets: ['ISA'] }, 6],
    ['a set in another letter case', { sets: ['isa'] }, 6],
    ['two classes', { classes: ['xhtml', 'CHTML'] }, 6],
    ['a language', { languages: ['DE'] }, 4],
    ['the language beside the forms', { languages: ['default'] }, 4],
    ['all three', { sets: ['Exchange'], classes: ['HTML'], languages: ['de', 'fr'] }, 2],
  ])('keep what they name: %s', async (_, more, count) => {
    expect((await look(more)).changes).toHaveLength(count);
  });
});

describe('the keys', () => {
  const content = 'L_UserName_Text="a"\r\nL_UserID_Text="b"\r\nL_UserName_Text2="c"\r\n';

  test('are changed each, in one plan for the file', async () => {
    await formSets({ de: content });
    const { changes } = await look({ keys: ['L_UserID_Text', 'L_UserName_Text'] });
    expect(changes[0]?.splices.map((splice) => [splice.key, splice.line])).toEqual([
      ['L_UserName_Text', 1],
      ['L_UserID_Text', 2],
    ]);
    await applyIn(path.join(root, '..', 'change'), planOf(changes));
    expect((await snapshot(root))['Exchange/HTML/nls/de/strings.txt']).toBe(
      'L_UserName_Text="E-mail address:"\r\nL_UserID_Text="E-mail address:"\r\nL_UserName_Text2="c"\r\n',
    );
  });

  test('that are named twice are changed once', async () => {
    await formSets({ de: content });
    const { changes, findings } = await look({ keys: ['L_UserName_Text', 'L_UserName_Text'] });
    expect(changes[0]?.splices).toHaveLength(1);
    expect(findings).toEqual([]);
  });
});

describe('the wording', () => {
  const asciiLabel = (culture: string): Buffer =>
    stringsContent(`Domain\\name of ${culture}:`, { encoding: 'utf-8 with BOM' });
  const formsOf = (cultures: readonly string[]): Promise<void> =>
    formSets(Object.fromEntries(cultures.map((culture) => [culture, asciiLabel(culture)])));

  test('of a folder is that of its culture, or of the nearest in the same language', async () => {
    await formsOf(['de-AT', 'de', 'zh-tw', 'en', 'no', 'pt', 'fr-CA', 'es-AR', 'sr-Latn']);
    const of = (culture: string): string => builtInWording.get(culture)?.email ?? 'none';
    expect(newTexts(await look({ newLabel: emailWording }))).toEqual({
      'de-AT': of('de-DE'),
      de: of('de-DE'),
      'zh-tw': of('zh-TW'),
      en: of('en-US'),
      no: of('nb-NO'),
      pt: of('pt-BR'),
      'fr-CA': of('fr-CA'),
      'es-AR': of('es-MX'),
      'sr-Latn': of('sr-Latn-RS'),
    });
  });

  test('of the file beside the forms is English', async () => {
    await writeTree(root, { Exchange: { HTML: { 'strings.txt': stringsContent('a') } } });
    expect(newTexts(await look({ newLabel: emailWording }))).toEqual({ default: 'E-mail address:' });
  });

  test('is never English where there is none', async () => {
    await formsOf(['hi', 'xx-none', 'de']);
    const examination = await look({ newLabel: emailWording });
    expect(Object.keys(newTexts(examination))).toEqual(['de']);
    expect(examination.findings).toMatchObject([{ id: 'no-wording', level: 'blocker' }]);
  });

  test('of a label that a language lacks is reported as missing', async () => {
    await formsOf(['vi', 'de']);
    const examination = await look({ newLabel: { ...emailWording, label: 'upn' } });
    expect(newTexts(examination)).toEqual({ de: 'Benutzerprinzipalname:' });
    expect(examination.findings[0]?.evidence).toEqual([
      expect.stringMatching(/^vi \(Vietnamese\): 1 file, .*not this one$/),
    ]);
  });

  test('in Vietnamese fits its code page, tones apart', async () => {
    await formSets({ vi: encodedAs('windows-1258', 'L_UserName_Text="Mi\u00ean"\r\n') });
    const { changes, findings } = await look({ newLabel: emailWording });
    expect(findings).toEqual([]);
    expect(changes[0]?.encoding).toBe('windows-1258');
    expect(newTexts({ changes, findings } as unknown as Examination)['vi']?.normalize()).toBe(
      'Địa chỉ email:'.normalize(),
    );
  });
});

describe('the code page of a folder with another name of Windows for its culture', () => {
  test.each([
    ['zh-CHT', '網域\\使用者名稱:', 'windows-950', 'zh-TW'],
    ['sr-SP-Cyrl', 'Домен\\име:', 'windows-1251', undefined],
    ['DEU', 'Domäne\\Größe:', 'windows-1252', 'de-DE'],
    ['1031', 'Domäne\\Größe:', 'windows-1252', 'de-DE'],
    ['1028', '網域\\使用者名稱:', 'windows-950', 'zh-TW'],
  ] as const)('is that of the culture: %s', async (folder, label, encoding, wording) => {
    const before = encodedAs(encoding, `; ${label}\r\nL_UserName_Text="${label}"\r\n`);
    await formSets({ [folder]: before });
    const text = wording === undefined ? 'Е-адреса:' : (builtInWording.get(wording)?.email ?? '');
    const newLabel = wording === undefined ? ({ kind: 'text', text } as const) : emailWording;
    const { changes, findings } = await look({ newLabel });
    expect(findings).toEqual([]);
    expect(changes.map((change) => change.encoding)).toEqual([encoding]);
    await applyIn(path.join(root, '..', 'change'), planOf(changes));
    const after = await readFile(path.join(root, 'Exchange/HTML/nls', folder, 'strings.txt'));
    expect(after).toEqual(encodedAs(encoding, `; ${label}\r\nL_UserName_Text="${text}"\r\n`));
  });
});

describe('a code page that is named', () => {
  test.each([
    ['zh-TW', 'zh-CHT'],
    ['ZH-tw', 'zh-Hant'],
    ['zh-cht', '1028'],
    ['de', 'DEU'],
    ['deu', 'de-DE'],
    ['1031', 'de'],
    ['Sonstiges', 'SONSTIGES'],
    ['en', 'default'],
  ])('for %s is that of the folder %s too, which means the same culture', (named, folder) => {
    const encodings = new Map([['fr', 'windows-1254' as const], parseCodePage(`${named}=1250`)]);
    expect(encodingNamedFor(folder, encodings)).toBe('windows-1250');
  });

  test.each([
    ['de', 'de-AT'],
    ['zh-TW', 'zh-HK'],
    ['zh-TW', 'zh'],
    ['sr-Cyrl', 'sr'],
    ['Sonstiges', 'images'],
  ])('for %s is none of the folder %s', (named, folder) => {
    expect(encodingNamedFor(folder, new Map([parseCodePage(`${named}=1250`)]))).toBeUndefined();
  });

  test('for the folder’s own name goes before one for another name of its culture', () => {
    const encodings = new Map([parseCodePage('de=1250'), parseCodePage('DEU=1257')]);
    expect(['deu', 'de-DE', 'DE'].map((folder) => encodingNamedFor(folder, encodings))).toEqual([
      'windows-1257',
      'windows-1250',
      'windows-1250',
    ]);
  });

  test('is that of the language’s files which don’t show their own', async () => {
    const line = 'L_UserName_Text="Größe"\r\n';
    await writeTree(root, {
      Exchange: {
        HTML: { nls: { hi: { 'strings.txt': encodedAs('windows-1252', line) } } },
        xHTML: { nls: { hi: { 'strings.txt': encodedAs('utf-8', line) } } },
        cHTML: { nls: { hi: { 'strings.txt': encodedAs('utf-16be with BOM', line) } } },
      },
    });
    const examination = await look({ encodings: new Map([['hi', 'windows-1252']]) });
    expect(examination.findings).toEqual([]);
    expect(examination.changes.map((change) => [change.class, change.encoding])).toEqual([
      ['HTML', 'windows-1252'],
      ['cHTML', 'utf-16be with BOM'],
      ['xHTML', 'utf-8'],
    ]);
  });

  test.each([
    ['cs=1250', 'cs', 'windows-1250'],
    ['ZH-TW=950', 'zh-tw', 'windows-950'],
    ['ja=cp932', 'ja', 'windows-932'],
    ['el=windows-1253', 'el', 'windows-1253'],
    ['de=65001', 'de', 'utf-8'],
    ['default=20127', 'default', 'ascii'],
  ])('is read from %s', (argument, language, encoding) => {
    expect(parseCodePage(argument)).toEqual([language, encoding]);
  });

  test.each([
    ['cs', 'it does not have the form LANGUAGE=PAGE'],
    ['=1250', 'it does not have the form LANGUAGE=PAGE'],
    ['cs=latin2', 'it does not have the form LANGUAGE=PAGE'],
    ['cs=437', 'code page 437 is not known'],
    ['cs=12501', 'code page 12501 is not known'],
  ])('is refused from %s', (argument, cameBack) => {
    expect(() => parseCodePage(argument)).toThrow(UsageError);
    expect(() => parseCodePage(argument)).toThrow(cameBack);
  });
});

describe('a text for the label', () => {
  test.each(['E-mail address:', '電子メール:', 'Adresse\u00a0:', '“Name”', 'a', "it's", 'a;b', '<b>Name</b>'])(
    'may be %j',
    (text) => {
      expect(checkLabelText(text, '--text')).toBe(text);
    },
  );

  test.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['say "name"', 'a double quote'],
    ['a\nb', 'a line break'],
    ["<img src=x onerror='f()'>", 'HTML that does more than format it'],
    ["<b onclick='f()'>Name</b>", 'HTML that does more than format it'],
    ['<bx>', 'HTML that does more than format it'],
    ['Name<', 'HTML that does more than format it'],
    ['Name<!-- ', 'HTML that does more than format it'],
    ['a\rb', 'a line break'],
    ['a\u2028b', 'a line break'],
    ['a\u0085b', 'a line break'],
    ['a\tb', 'a control character'],
    ['a\0b', 'a control character'],
    ['a\ud83d', 'half a character'],
  ])('may not be %j: %s', (text, flaw) => {
    expect(() => checkLabelText(text, '--text')).toThrow(UsageError);
    expect(() => checkLabelText(text, '--text')).toThrow(flaw);
  });
});

describe('a file that is already right', () => {
  test('needs no change and is counted as left out; there is no finding about it', async () => {
    await formSets({ de: stringsContent('E-mail address:'), fr: stringsContent('Domaine:') });
    const examination = await look();
    expect(examination.changes.map((change) => change.language)).toEqual(['fr']);
    expect(examination.proposal.leftOut).toMatchObject([
      { what: expect.stringMatching(/[\\/]de[\\/]/), reason: 'already-right' },
    ]);
    expect(examination.findings).toEqual([]);
  });

  test('is none if only one of two values is', async () => {
    await formSets({ de: 'L_UserName_Text="E-mail address:"\r\nL_UserName_Text="Name:"\r\n' });
    const { changes } = await look({ accept: ['conflicting-duplicates'] });
    expect(changes[0]?.splices.map((splice) => splice.line)).toEqual([2]);
  });

  test('is every file after its change, however it is written and whatever the text', () => {
    let ran = 0;
    const written = fc.constantFrom(
      (value: string) => `L_UserName_Text="${value}"`,
      (value: string) => ` L_UserName_Text = "${value}" \t`,
      (value: string) => `L_UserName_Text="${value}" ; checked`,
      (value: string) => `L_UserName_Text="${value}";"checked"`,
      (value: string) => `L_UserName_Text=${value}`,
      (value: string) => `L_UserName_Text = ${value} `,
    );
    const text = fc
      .string({ unit: fc.constantFrom(...'aé :;=\\/中а\u00a0\u3000'), minLength: 1, maxLength: 12 })
      .filter((value) => faultOfText(value) === undefined);
    const encoding = fc.constantFrom(
      'utf-8',
      'utf-8 with BOM',
      'utf-16le with BOM',
      'utf-16be with BOM',
      'windows-1252',
      'windows-936',
    );
    fc.assert(
      fc.property(written, text, text, encoding, (line, old, now, name) => {
        const bytes = encodedAs(name as TextEncoding, `; é\r\n${line(old)}\r\n`);
        const facts = factsOfOne(bytes, name as TextEncoding);
        const options = labelOptions('/forms', { newLabel: { kind: 'text', text: now } });
        const [change] = propose(facts, options).changes;
        if (change === undefined) return;
        const [splice] = change.splices;
        if (splice === undefined) throw new Error('no splice');
        const after = Buffer.concat([
          bytes.subarray(0, splice.offset),
          Buffer.from(splice.new, 'base64'),
          bytes.subarray(splice.offset + Buffer.byteLength(splice.old, 'base64')),
        ]);
        const again = factsOfOne(after, name as TextEncoding);
        expect(again.files[0]?.content).toMatchObject({ kind: 'strings', values: [{ text: now }] });
        expect(propose(again, options)).toMatchObject({ changes: [], leftOut: [{ reason: 'already-right' }] });
        ran += 1;
      }),
      { numRuns: 400 },
    );
    expect(ran).toBeGreaterThan(100);
  });

  test('keeps its own way of writing where that will do, and gets quotes where it will not', async () => {
    const content = 'L_UserName_Text=Name:\r\nL_UserID_Text="Id:"\r\n';
    const keys = ['L_UserName_Text', 'L_UserID_Text'];
    await formSets({ de: content });
    for (const [text, expected] of [
      ['Mail', 'L_UserName_Text=Mail\r\nL_UserID_Text="Mail"\r\n'],
      ['Mail ', 'L_UserName_Text="Mail "\r\nL_UserID_Text="Mail "\r\n'],
      ['Mail ; or name', 'L_UserName_Text="Mail ; or name"\r\nL_UserID_Text="Mail ; or name"\r\n'],
    ] as const) {
      const file = path.join(root, 'Exchange/HTML/nls/de/strings.txt');
      await writeFile(file, content);
      const { changes } = await look({ keys, newLabel: { kind: 'text', text } });
      await applyIn(path.join(root, '..', `change ${text}`), planOf(changes));
      expect(await readFile(file, 'utf8')).toBe(expected);
    }
  });
});

test('the survey has a line for each language and label, by the language’s name', async () => {
  const content = (label: string, encoding: TextEncoding) => ({ 'strings.txt': stringsContent(label, { encoding }) });
  await writeTree(root, {
    Exchange: {
      HTML: {
        ...content('User:', 'ascii'),
        nls: { sv: content('Användare:', 'utf-8'), de: content('Name:', 'utf-16le with BOM') },
      },
      cHTML: { nls: { de: content('Name:', 'ascii') } },
    },
    ISA: {
      xHTML: { nls: { DE: content('Name:', 'ascii'), fr: { 'strings.txt': '' } } },
      HTML: { nls: { de: content('Benutzer:', 'ascii') } },
    },
  });
  const { files } = await gatherNew(labelOptions(root, { newLabel: { kind: 'none', wordings: [] } }));
  const rows = surveyRows(files, [userNameKey]).map(({ encodings, sets, classes, ...row }) => [
    ...Object.values(row),
    ...[encodings, sets, classes].map((names) => names.join(', ')),
  ]);
  expect(rows).toEqual([
    ['default', 'English (United States)', 'User:', 1, 'ASCII', 'Exchange', 'HTML'],
    ['fr', 'French', '(empty)', 1, '', 'ISA', 'xHTML'],
    ['de', 'German', 'Name:', 3, 'UTF-16LE+BOM, ASCII', 'Exchange, ISA', 'HTML, cHTML, xHTML'],
    ['de', 'German', 'Benutzer:', 1, 'ASCII', 'ISA', 'HTML'],
    ['sv', 'Swedish', 'Användare:', 1, 'UTF-8', 'Exchange', 'HTML'],
  ]);
});

test('the next steps name each member once, and the sets that were changed', () => {
  const change = (memberRoot: string, set: string) =>
    ({
      root: memberRoot,
      set,
      class: 'HTML',
      language: 'de',
      splices: [],
    }) as unknown as Examination['changes'][number];
  const changes = [
    change('\\\\TMG01\\C$\\Program Files\\x', 'Exchange'),
    change('\\\\TMG01\\C$\\Program Files (x86)\\x', 'ISA'),
    change('\\\\TMG02\\C$\\Program Files\\x', 'Exchange'),
    change('/mnt/tmg03', 'Exchange'),
  ];
  const nextSteps = nextStepsOf({ target: { kind: 'files', roots: [] }, intent: {}, changes, leftOut: [] });
  const steps = describePlan(planOf([], { nextSteps, changes })).nextSteps;
  expect(steps[0]).toMatchObject({
    text: expect.stringContaining('Restart one member at a time'),
    lines: ['TMG01', 'TMG02', '/mnt/tmg03'],
    commands: ['Restart-Service fwsrv -Force'],
    outage: true,
  });
  const inPart = describePlan(planOf([], { nextSteps, changes: changes.slice(2) })).nextSteps;
  expect(inPart[0]).toMatchObject({ lines: ['TMG02', '/mnt/tmg03'] });
  const text = steps.map((step) => step.text).join(' ');
  expect(text).toContain('Changed: Exchange, ISA.');
  expect(text).toContain('The label does not change how users log on');
});

test.each([
  [{ label: 'email' }, true],
  [{ text: 'Your address:' }, true],
  [{ label: 'upn' }, false],
  [{ label: 'username' }, false],
])('next steps speak of e-mail addresses only where the label may ask for one: %o', (wanted, speaks) => {
  const intent = { keys: ['L_UserName_Text'], labels: { L_UserName_Text: wanted } };
  const [step] = describePlan(planOf([], { nextSteps: [{ id: 'logon-unchanged' }], intent })).nextSteps;
  expect(step?.text.includes('e-mail address')).toBe(speaks);
  expect(step?.text).toContain('does not change how users log on');
});

test('next steps of an undo speak of what is restored, and not of what the label asked for', () => {
  const nextSteps = [
    { id: 'restart', members: [] },
    { id: 'other-members' },
    { id: 'listener', sets: ['ISA'] },
    { id: 'logon-unchanged' },
  ];
  const undoes = { id: 'id', seal: 'seal', folder: '..', seq: 1 };
  const steps = describePlan(planOf([], { nextSteps, undoes })).nextSteps.map((step) => step.text);
  expect(steps).toEqual([
    expect.stringContaining('shows the former label'),
    expect.stringContaining('Undo the change on members that are not listed above too.'),
    expect.stringContaining('Restored: ISA.'),
  ]);
});
