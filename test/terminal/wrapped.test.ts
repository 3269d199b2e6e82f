import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createStyle } from '../../src/terminal/style.ts';
import { displayWidth, fitted, wrapped } from '../../src/terminal/text-layout.ts';

const style = createStyle(true);

describe('wrapped', () => {
  test('breaks at spaces and sets the further lines in', () => {
    expect(wrapped('  blocker  DC4 has not replicated for 71 days', 24, 11)).toEqual([
      '  blocker  DC4 has not',
      '           replicated',
      '           for 71 days',
    ]);
  });

  test('leaves a text that fits as it is, columns of spaces included', () => {
    expect(wrapped('  DC1   Amsterdam    0 %  ', 26, 4)).toEqual(['  DC1   Amsterdam    0 %  ']);
  });

  test('keeps the spaces within a line and drops those that it breaks at', () => {
    expect(wrapped('a  b    c', 5, 0)).toEqual(['a  b', 'c']);
  });

  test('breaks a DN behind its commas, never within a name or at an escaped comma', () => {
    expect(wrapped('CN=1\\, 2,CN=Mailbox Database,CN=Services,DC=corp,DC=example', 26, 2)).toEqual([
      'CN=1\\, 2,',
      '  CN=Mailbox Database,',
      '  CN=Services,DC=corp,',
      '  DC=example',
    ]);
  });

  test('breaks a name that is longer than a line at its spaces', () => {
    expect(wrapped('CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups', 30, 2)).toEqual([
      'CN=Exchange Administrative',
      '  Group (FYDIBOHF23SPDLT),',
      '  CN=Administrative Groups',
    ]);
  });

  test.each([
    ['/mnt/TMG01/Templates/CookieAuthTemplates', ['/mnt/TMG01/', '  Templates/', '  CookieAuthTemplates']],
    ['\\\\TMG01\\C$\\Templates\\Exchange', ['\\\\TMG01\\C$\\', '  Templates\\', '  Exchange']],
  ])('breaks %s behind a separator', (path, lines) => {
    expect(wrapped(path, 14, 2)).toEqual(lines);
  });

  test('breaks Japanese, which has no spaces, where a line is full', () => {
    expect(wrapped('電子的な住所を入力', 9, 2)).toEqual(['電子的な', '  住所を', '  入力']);
  });

  test('leaves a word whole that offers no place to break', () => {
    expect(wrapped('see f5b8fa03-695d-8da4 there', 10, 0)).toEqual(['see', 'f5b8fa03-695d-8da4', 'there']);
  });

  test('leaves a command whole, on a line of its own', () => {
    expect(wrapped('Saved in changes. Undo it with: adsi-remedy undo changes/labels', 30, 2)).toEqual([
      'Saved in changes. Undo it',
      '  with:',
      '  adsi-remedy undo changes/labels',
    ]);
    expect(wrapped('push it: repadmin /syncall /AeP. Setup reads its own site.', 24, 0)).toEqual([
      'push it:',
      'repadmin /syncall /AeP.',
      'Setup reads its own',
      'site.',
    ]);
  });

  test.each([
    'npx adsi-remedy@0.1.0 apply changes/labels',
    'node /srv/tools/adsi-remedy/bin/adsi-remedy.js undo changes/labels',
    'node "C:\\My Tools\\adsi-remedy\\bin\\adsi-remedy.js" undo changes/labels',
    'ntdsutil "metadata cleanup" "remove selected server CN=DC0,DC=corp,DC=example" quit quit',
  ])('leaves %s whole', (printed) => {
    expect(wrapped(`Now run: ${printed}`, 30, 2)).toEqual(['Now run:', `  ${printed}`]);
  });

  test('takes a command with gaps to fill for words', () => {
    expect(wrapped('Set-SendConnector -Identity <name>', 28, 2)).toEqual(['Set-SendConnector -Identity', '  <name>']);
  });

  test('takes a cmdlet that is only spoken of for a word', () => {
    expect(wrapped('name: Reset-ADAccountPassword or reset it', 24, 0)).toEqual([
      'name:',
      'Reset-ADAccountPassword',
      'or reset it',
    ]);
  });

  test('continues the colour behind the indent of the next line', () => {
    expect(wrapped(`  ${style.heading('one two')} three`, 6, 2)).toEqual([
      '  \x1b[1m\x1b[4mone\x1b[24m\x1b[22m',
      '  \x1b[1m\x1b[4mtwo\x1b[24m\x1b[22m',
      '  three',
    ]);
  });

  const words = fc.array(
    fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map((word) => word.replace(/[\s,/\\\p{Cc}]/gu, 'x')),
      fc.constantFrom(
        'メールアドレス',
        'ที่อยู่อีเมล',
        'CN=Mail Databases,DC=corp,DC=example',
        'C:\\Program\\Templates\\HTML',
      ),
    ),
    { minLength: 1 },
  );
  const painted = fc.tuple(words, fc.boolean()).map(([list, color]) => {
    const paints = createStyle(color);
    return list.map((word, index) => (index % 3 === 0 ? paints.blocker(word) : word)).join(' ');
  });

  test('loses no word and adds none', () => {
    fc.assert(
      fc.property(painted, fc.integer({ min: 6, max: 60 }), fc.nat(4), (text, width, indent) => {
        const joined = wrapped(text, width, indent).map(stripVTControlCharacters).join('');
        expect(joined.replaceAll(' ', '')).toBe(stripVTControlCharacters(text).replaceAll(' ', ''));
      }),
    );
  });

  test('gives lines within the width, but for a word that cannot be broken', () => {
    fc.assert(
      fc.property(painted, fc.integer({ min: 6, max: 60 }), fc.nat(4), (text, width, indent) => {
        const tooWide = wrapped(text, width, indent).filter((line) => displayWidth(line) > width);
        const words = tooWide.map((line) => stripVTControlCharacters(line).trim());
        expect(words.filter((word) => / |[,/\\](?!$)/.test(word))).toEqual([]);
      }),
    );
  });

  test('gives back the text when words that need no break are joined by spaces', () => {
    const short = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }), { minLength: 1 });
    fc.assert(
      fc.property(short, fc.integer({ min: 24, max: 60 }), fc.nat(4), (list, width, indent) => {
        const text = list.map((word) => word.replace(/[\s\p{Cc}]/gu, 'x')).join(' ');
        const lines = wrapped(text, width, indent).map((line) => line.slice(line.length - line.trimStart().length));
        expect(lines.join(' ')).toBe(text);
      }),
    );
  });

  test('changes nothing more when it is wrapped again', () => {
    fc.assert(
      fc.property(painted, fc.integer({ min: 6, max: 60 }), fc.nat(4), (text, width, indent) => {
        const lines = wrapped(text, width, indent);
        expect(lines.flatMap((line) => wrapped(line, width, indent))).toEqual(lines);
      }),
    );
  });
});

describe('printed text', () => {
  test.each([
    ['a paragraph', '  Nothing of yours is touched here', '  Nothing of yours is\n  touched here'],
    ['a numbered step', '  1. Restart the service there', '  1. Restart the service\n     there'],
    ['a label', '  on      the server of the site', '  on      the server of\n          the site'],
    ['two labels', '  undo  DIR  go back, and on', '  undo  DIR  go back, and\n             on'],
    ['columns too far right', '  undo  the last change  there', '  undo  the last change\n        there'],
    ['lines of its own', 'one two\n\nthree', 'one two\n\nthree'],
  ])('goes on below itself: %s', (_what, text, lines) => {
    expect(fitted(text, 26)).toBe(lines);
  });
});
