import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { faultOfText, parseWordingFile } from '../../../src/remedies/labels/wording-file.ts';

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
