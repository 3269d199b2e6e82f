import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FileError, UsageError } from '../../../src/errors.ts';
import { cultureByWindowsName, cultureOf, displayNameOfCulture } from '../../../src/remedies/labels/cultures.ts';
import {
  faultOfText,
  type Label,
  labels,
  loadBuiltInWording,
  lookUpWording,
  parseWordingFile,
  type Wording,
} from '../../../src/remedies/labels/wording.ts';

const templates = new URL('../../../templates/', import.meta.url);
const builtIn = await loadBuiltInWording(templates);

/** The built-in wording with the culture's name in the place of each of its texts. */
const cultureNames: Wording = new Map(
  [...builtIn].map(([culture, texts]) => [
    culture,
    Object.fromEntries(Object.keys(texts).map((label) => [label, culture])),
  ]),
);

/** The culture whose wording a folder gets, or why it gets none. */
function found(name: string, label: Label = 'email'): string {
  const result = lookUpWording([cultureNames], name, label);
  return result.kind === 'found' ? result.text : result.reason;
}

function everywhere(texts: Readonly<Record<string, string>>): Wording {
  return new Map(
    Object.entries(texts).map(([culture, text]) => [culture, { email: text, upn: text, username: text }] as const),
  );
}

test('the built-in wording has an e-mail and a user name label for 43 cultures', () => {
  const cultures = [...builtIn.keys()];
  expect(cultures).toHaveLength(43);
  for (const culture of cultures) {
    expect(builtIn.get(culture)?.email, culture).toMatch(/\S/);
    expect(builtIn.get(culture)?.username, culture).toMatch(/\S/);
  }
});

test('every built-in culture is spelled as it is looked up', () => {
  for (const culture of builtIn.keys()) expect(cultureOf(culture)).toBe(culture);
});

test('every built-in text ends in its colon and fits in a quoted value', () => {
  for (const [culture, wording] of builtIn) {
    for (const label of labels) {
      const text = wording[label];
      if (text !== undefined)
        expect(text, `${culture} ${label}`).toMatch(/^[^"\p{Cc}\p{Cf}]+\S:$|^[^"\p{Cc}\p{Cf}]+\u00a0:$/u);
    }
  }
});

test('French has a no-break space before its colon', () => {
  expect(builtIn.get('fr-FR')).toEqual({
    email: 'Adresse de messagerie\u00a0:',
    upn: 'Nom principal de l’utilisateur\u00a0:',
    username: 'Nom d’utilisateur\u00a0:',
  });
});

test('every text is composed, as pages are to be (W3C charmod-norm); windows-1258 gets its tones apart when written', () => {
  const texts = [...builtIn.values()].flatMap((wording) => Object.values(wording));
  expect(texts.filter((text) => text !== text.normalize('NFC'))).toEqual([]);
  expect(builtIn.get('vi-VN')?.email).toBe('\u0110\u1ecba ch\u1ec9 email:');
});

test('a missing wording file is an error that names it', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'wording-'));
  try {
    const loading = loadBuiltInWording(pathToFileURL(`${empty}/`));
    await expect(loading).rejects.toThrow(FileError);
    await expect(loading).rejects.toMatchObject({
      errno: 'ENOENT',
      trouble: { on: join(empty, 'wording', 'labels.json') },
    });
  } finally {
    await rm(empty, { recursive: true });
  }
});

test.each([
  ['de-DE', 'de-DE'],
  ['DE_de', 'de-DE'],
  ['zh-tw', 'zh-TW'],
  ['zh-Hant-TW', 'zh-TW'],
  ['sr-latn-rs', 'sr-Latn-RS'],
  ['de', 'de-DE'],
  ['de-AT', 'de-DE'],
  ['de-XX', 'de-DE'],
  ['en', 'en-US'],
  ['en-PH', 'en-US'],
  ['en-AU', 'en-GB'],
  ['es', 'es-ES'],
  ['es-AR', 'es-MX'],
  ['es-419', 'es-MX'],
  ['fr', 'fr-FR'],
  ['fr-CH', 'fr-FR'],
  ['pt', 'pt-BR'],
  ['pt-AO', 'pt-PT'],
  ['ar', 'ar-SA'],
  ['ar-EG', 'ar-SA'],
  ['nb', 'nb-NO'],
  ['nn', 'nb-NO'],
  ['nn-NO', 'nb-NO'],
  ['zh', 'zh-CN'],
  ['zh-Hans', 'zh-CN'],
  ['zh-sg', 'zh-CN'],
  ['zh-Hant', 'zh-TW'],
  ['zh-HK', 'zh-TW'],
  ['zh-mo', 'zh-TW'],
  ['sr-Latn', 'sr-Latn-RS'],
  ['sr-Latn-ME', 'sr-Latn-RS'],
  ['default', 'en-US'],
  ['no', 'nb-NO'],
  ['no-NO', 'nb-NO'],
  ['iw', 'he-IL'],
  ['in', 'id-ID'],
  ['sr', 'sr-Latn-RS'],
  ['zh-CHT', 'zh-TW'],
  ['zh-CHS', 'zh-CN'],
  ['1031', 'de-DE'],
  ['0407', 'de-DE'],
  ['0x0407', 'de-DE'],
  ['0x407', 'de-DE'],
  ['407', 'de-DE'],
  ['0C0A', 'es-ES'],
  ['3076', 'zh-TW'],
  ['DEU', 'de-DE'],
  ['enu', 'en-US'],
  ['PTG', 'pt-PT'],
  ['SRL', 'sr-Latn-RS'],
])('the folder %s finds %s', (name, expected) => {
  expect(found(name)).toBe(expected);
});

test.each([
  ['sr-Cyrl', 'unknown-culture'],
  ['sr-Cyrl-RS', 'unknown-culture'],
  ['en-Shaw-GB', 'unknown-culture'],
  ['hi-IN', 'unknown-culture'],
  ['1081', 'unknown-culture'],
  ['xx', 'unknown-culture'],
  ['', 'not-a-culture'],
  ['images', 'not-a-culture'],
  ['German', 'not-a-culture'],
  ['9999', 'not-a-culture'],
  ['0x', 'not-a-culture'],
  ['de-', 'not-a-culture'],
  ['und', 'not-a-culture'],
  ['UND-DE', 'not-a-culture'],
  ['../de', 'not-a-culture'],
])('the folder %j finds nothing: %s', (name, reason) => {
  expect(found(name)).toBe(reason);
});

test('a Windows language identifier means the same in decimal and in hexadecimal, with 0x or without', () => {
  const known = Array.from({ length: 0x10000 }, (_, identifier) => identifier).filter(
    (identifier) => cultureByWindowsName(`0x${identifier.toString(16)}`) !== undefined,
  );
  expect(known.length).toBeGreaterThan(100);
  for (const identifier of known.filter((candidate) => candidate >= 0x100)) {
    const culture = cultureByWindowsName(`0x${identifier.toString(16)}`);
    expect(cultureByWindowsName(String(identifier)), String(identifier)).toBe(culture);
    expect(cultureByWindowsName(identifier.toString(16).padStart(4, '0')), identifier.toString(16)).toBe(culture);
  }
});

test('a language without a wording for the user principal name says so, and gets no English', () => {
  expect(found('ar-SA', 'upn')).toBe('label-unknown');
  expect(found('vi', 'upn')).toBe('label-unknown');
});

test('a region without a wording for the user principal name gets that of its language', () => {
  expect(found('en-GB', 'upn')).toBe('en-US');
  expect(found('es-MX', 'upn')).toBe('es-ES');
  expect(found('fr-CA', 'upn')).toBe('fr-FR');
});

test.each([
  [{ 'de-DE': 'X:' }, 'de-DE', 'X:'],
  [{ 'de-DE': 'X:' }, 'de-AT', 'X:'],
  [{ 'de-DE': 'X:' }, 'de', 'X:'],
  [{ de: 'X:' }, 'de-DE', 'X:'],
  [{ de: 'X:' }, 'de-AT', 'X:'],
  [{ de: 'X:', 'de-DE': 'Y:' }, 'de-DE', 'Y:'],
  [{ de: 'X:', 'de-DE': 'Y:' }, 'de-AT', 'X:'],
  [{ hi: 'X:' }, 'hi-IN', 'X:'],
  [{ 'zh-Hant': 'X:' }, 'zh-HK', 'X:'],
  [{ 'sr-Cyrl': 'X:' }, 'sr-Cyrl-RS', 'X:'],
  [{ nn: 'X:' }, 'nn-NO', 'X:'],
  [{ 'pt-BR': 'X:' }, 'pt-PT', 'Endereço de correio eletrónico:'],
  [{ 'en-US': 'X:' }, 'en-GB', 'Email address:'],
  [{ zh: 'X:' }, 'zh-TW', '電子郵件地址:'],
  [{ 'sr-Latn': 'X:' }, 'sr-Cyrl', undefined],
])('with %j over the built-in wording, %s reads %s', (own, name, expected) => {
  const result = lookUpWording([everywhere(own), builtIn], name, 'email');
  expect(result.kind === 'found' ? result.text : undefined).toBe(expected);
});

const anyName = fc.oneof(
  fc.constantFrom(...builtIn.keys(), 'hi-IN', 'sr-Cyrl', 'no', 'default', '1031', 'DEU', 'iw'),
  fc.stringMatching(/^[a-z]{2,3}([-_]([A-Z][a-z]{3}))?([-_]([A-Z]{2}|419))?$/),
  fc.constantFrom(...[...builtIn.keys()].map((culture) => culture.replace(/[A-Z]+$/, 'ZZ'))),
  fc.string(),
);
const anyLabel = fc.constantFrom(...labels);

test('letter case and _ for - never matter to what is found', () => {
  fc.assert(
    fc.property(anyName, anyLabel, (name, label) => {
      const ascii = name.replace(/[^\0-\x7f]/gu, '');
      const expected = lookUpWording([builtIn], ascii, label);
      for (const variant of [ascii.toLowerCase(), ascii.toUpperCase(), ascii.replaceAll('-', '_'), ` ${ascii} `]) {
        expect(lookUpWording([builtIn], variant, label)).toEqual(expected);
      }
    }),
  );
});

test('what is found is found again under its own name', () => {
  fc.assert(
    fc.property(anyName, anyLabel, (name, label) => {
      const culture = found(name, label);
      if (builtIn.has(culture)) expect(found(culture, label)).toBe(culture);
    }),
  );
});

test('what is found is of the same language and script', () => {
  fc.assert(
    fc.property(anyName, anyLabel, (name, label) => {
      const culture = found(name, label);
      const asked = cultureOf(name);
      if (!builtIn.has(culture) || asked === undefined) return;
      const languageAndScript = (tag: string): string => {
        const { language, script } = new Intl.Locale(tag).maximize();
        return `${language === 'nn' ? 'nb' : language}-${script}`;
      };
      expect(languageAndScript(culture)).toBe(languageAndScript(asked));
    }),
  );
});

test('a culture is shown by its English name, anything else as it is', () => {
  expect(displayNameOfCulture('de-DE')).toBe('German (Germany)');
  expect(displayNameOfCulture('sr_latn_rs')).toBe('Serbian (Latin, Serbia)');
  expect(displayNameOfCulture('ZHH')).toBe('Chinese (Hong Kong SAR China)');
  expect(displayNameOfCulture('default')).toBe('English (United States)');
  expect(displayNameOfCulture('images')).toBe('images');
  expect(displayNameOfCulture('xx')).toBe('xx');
});

const path = 'C:\\labels.json';

function parsed(content: string | Buffer): Record<string, string | undefined> {
  const wording = parseWordingFile(path, Buffer.from(content));
  return Object.fromEntries([...wording].map(([culture, entry]) => [culture, entry.email]));
}

function errorOf(content: string | Buffer): UsageError {
  try {
    parsed(content);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

test('a text is used for every label of its culture', () => {
  const wording = parseWordingFile(path, Buffer.from('{ "de_de": "Anmeldename:" }'));
  expect(wording.get('de-DE')).toMatchObject({ email: 'Anmeldename:', upn: 'Anmeldename:', username: 'Anmeldename:' });
});

test('a culture may have a text for each key; empty ones are left out', () => {
  const content = '{ "de": { "L_UserName_Text": "Mail:", "L_Failed_Text": "Prüfen!", "L_A_Text": "" }, "fr": "Nom :" }';
  const wording = parseWordingFile(path, Buffer.from(content));
  expect(wording.get('de')).toEqual({ keys: { L_UserName_Text: 'Mail:', L_Failed_Text: 'Prüfen!' }, givenAs: 'de' });
  expect(wording.get('fr')).toMatchObject({ email: 'Nom :', givenAs: 'fr' });
});

test.each([
  ['{"de": {"email": "X"}}', '"email": not a key of strings.txt'],
  ['{"de": {"L_A": "X", "L_A": "Y"}}', '"L_A": the key appears twice'],
  ['{"de": {"L_A": "say \\"x\\""}}', '"L_A": the text holds a double quote'],
])('%s is refused with its key', (content, fault) => {
  expect(errorOf(content).message).toContain(fault);
});

test('cultures may be written as Windows writes them', () => {
  expect(parsed('{"DEU":"a","1036":"b","no":"c","default":"d"}')).toEqual({
    'de-DE': 'a',
    'fr-FR': 'b',
    nb: 'c',
    'en-US': 'd',
  });
});

test('a file that is larger than any wording is refused before its texts are read', () => {
  const longest = JSON.stringify({ de: 'x'.repeat(1024 * 1024 - 9) });
  expect(errorOf(`${longest} `).message).toContain('it has 1,048,577 bytes; a wording file may have at most 1,048,576');
  expect(Object.keys(parsed(longest))).toEqual(['de']);
  expect(errorOf(JSON.stringify({ de: 'x'.repeat(10_000_000) })).message).toContain('it has 10,000,009 bytes');
});

test('a text that was read in the code page of another language is refused', () => {
  const garbled = Buffer.from('{"ru": "Àäðåñ ýëåêòðîííîé ïî÷òû:"}');
  expect(() => parseWordingFile('labels.json', garbled)).toThrow('the wrong encoding');
});

test('an empty object changes nothing', () => {
  expect(parsed(' { } \r\n')).toEqual({});
});

test.each([
  ['UTF-8 with a byte order mark', Buffer.from('\ufeff{"el":"Ηλ.:"}', 'utf8')],
  ['UTF-16LE with a byte order mark', Buffer.from('\ufeff{"el":"Ηλ.:"}', 'utf16le')],
  ['UTF-16BE with a byte order mark', Buffer.from('\ufeff{"el":"Ηλ.:"}', 'utf16le').swap16()],
])('%s is read', (_, bytes) => {
  expect(parsed(bytes)).toEqual({ el: 'Ηλ.:' });
});

test('bytes that are no text are refused', () => {
  expect(errorOf(Buffer.from([0x7b, 0xe9, 0x7d])).message).toBe(
    `Could not read the wording file: ${path}: not UTF-8 text`,
  );
});

test.each([
  ['', 'line 1, column 1: expected a { that opens an object, but there is the end of the file'],
  ['["de"]', 'line 1, column 1: expected a { that opens an object, but there is ['],
  ['{\n  de: "X"\n}', 'line 2, column 3: expected a culture in double quotes, but there is de'],
  ['{"de" "X"}', 'line 1, column 7: expected a colon after "de", but there is "X"'],
  ['{"de": null}', 'line 1, column 8: expected a text in double quotes for "de", but there is null'],
  ['{"de": {"L_A": {}}}', 'line 1, column 16: expected a text in double quotes for "L_A", but there is {'],
  ['{"de": {"L_A": "X",}}', 'line 1, column 20: expected another key after the comma, but there is }'],
  ['{"de": "X"\r\n "fr": "Y"}', 'line 2, column 2: expected a comma or } after the text for "de", but there is "fr"'],
  ['{"de": "X",\n}', 'line 2, column 1: expected another culture after the comma, but there is }'],
  ['{"de": "X"', 'line 1, column 11: expected a comma or } after the text for "de", but there is the end of the file'],
  ['{"de": "X', 'line 1, column 8: expected a text in double quotes for "de", but there is "X'],
  ['{"de": "a\nb"}', 'line 1, column 8: expected a text in double quotes for "de", but there is "a'],
  ['{} x', 'line 1, column 4: expected the end of the file after the }, but there is x'],
])('%j is refused with the place and what was expected', (content, expected) => {
  expect(errorOf(content).message).toBe(`Could not read the wording file: ${path}, ${expected}`);
});

test.each([
  ['{"de": ""}', 'line 1, column 2, "de": the text is empty'],
  ['{"de": " \\t"}', 'line 1, column 2, "de": the text is empty'],
  ['{"he": "דוא\\"ל"}', 'line 1, column 2, "he": the text holds a double quote, which would end the value'],
  ['{"de": "a\\nb"}', 'line 1, column 2, "de": the text holds a line break'],
  ['{"de": "a\\u2028b"}', 'line 1, column 2, "de": the text holds a line break'],
  ['{"de": "a\\u0007"}', 'line 1, column 2, "de": the text holds a control character'],
  ['{"de": "\\ud83d"}', 'line 1, column 2, "de": the text holds half a character (an unpaired surrogate)'],
  ['{"German": "X"}', 'line 1, column 2, "German": not the name of a culture'],
  ['{"de-DE": "X",\n "de_de": "Y"}', 'line 2, column 2, "de_de": the culture de-DE appears twice'],
])('%s is refused with the key', (content, expected) => {
  const error = errorOf(content);
  expect(error.message).toBe(`Could not read the wording file: ${path}, ${expected}`);
  expect(error.trouble.next).toMatch(/\.$/);
});

test('a message holds no control character of the file', () => {
  expect(errorOf('\u001b[31m').message).not.toMatch(/\p{Cc}/u);
});

const text = fc.string({ unit: 'grapheme' }).filter((candidate) => faultOfText(candidate) === undefined);
const tag = fc.constantFrom('de', 'de-DE', 'sr-Cyrl', 'zh-TW', 'fr-CA', 'hi');

test('whatever JSON.stringify writes of usable texts is read back', () => {
  fc.assert(
    fc.property(fc.dictionary(tag, text), fc.constantFrom(undefined, 2, '\t'), (content, indent) => {
      expect(parsed(JSON.stringify(content, null, indent))).toEqual({ ...content });
    }),
  );
});

test('JSON.parse never accepts what is refused as no JSON, and never refuses what is accepted', () => {
  const texts = fc.uniqueArray(fc.constantFrom('de', 'fr', 'nl', 'ja'), { maxLength: 3 });
  const whole = texts.map((cultures) => JSON.stringify(Object.fromEntries(cultures.map((culture) => [culture, 'X:']))));
  const piece = fc.constantFrom('{', '}', '"de"', '"fr"', ':', ',', '"X"', '"', '\\', ' ', '\n', 'null', '1', '[', ']');
  const somewhere = fc.record({ at: fc.nat(40), piece });
  let accepted = 0;
  fc.assert(
    fc.property(whole, fc.array(somewhere, { maxLength: 2 }), (text, insertions) => {
      const content = insertions.reduce((so, one) => so.slice(0, one.at) + one.piece + so.slice(one.at), text);
      try {
        parsed(content);
      } catch {
        return; // Any refusal counts here; what it says is tested above.
      }
      accepted += 1;
      expect(() => JSON.parse(content)).not.toThrow();
    }),
    { numRuns: 1000 },
  );
  expect(accepted).toBeGreaterThan(200);
});
