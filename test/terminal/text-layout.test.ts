import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createStyle } from '../../src/terminal/style.ts';
import {
  displayWidth,
  fitted,
  graphemesOf,
  pad,
  startOf,
  table,
  truncate,
  visible,
  wrap,
  wrapped,
} from '../../src/terminal/text-layout.ts';

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

  test.each([
    "Set-SendConnector -Identity 'Internet' -SourceTransportServers 'EX01', 'EX02'",
    'dsacls "CN=EX04,DC=corp,DC=example" /G "CORP\\jane:WP;homeMTA"',
  ])('leaves what follows the mark of a command whole, with it: %s', (command) => {
    expect(wrapped(`  run      ${command}`, 30, 11)).toEqual([`  run      ${command}`]);
    expect(wrapped(`  \u001b[36mrun      \u001b[39m${command}`, 30, 11)).toEqual([
      `  \u001b[36mrun      \u001b[39m${command}`,
    ]);
  });

  test('treats a command with gaps to fill as words', () => {
    expect(wrapped('Set-SendConnector -Identity <name>', 28, 2)).toEqual(['Set-SendConnector -Identity', '  <name>']);
  });

  test('treats a cmdlet that is only mentioned as a word', () => {
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
  ])('continues below its own beginning: %s', (_what, text, lines) => {
    expect(fitted(text, 26)).toBe(lines);
  });
});

test('columns are as wide as their widest cell, in any script', () => {
  expect(
    table(
      [
        ['de', 'E-Mail-Adresse:', '12'],
        ['ja', '電子メール アドレス:', '3'],
        ['th', 'ที่อยู่อีเมล:', '140'],
      ],
      [{}, {}, { align: 'right' }],
      80,
    ),
  ).toEqual(['de  E-Mail-Adresse:        12', 'ja  電子メール アドレス:    3', 'th  ที่อยู่อีเมล:              140']);
});

test('where the whole does not fit, the widest column gives way and its cells wrap: nothing is cut', () => {
  const rows = [
    ['DC', 'Oldest news of the others', 'Roles'],
    ['DC4', 'does not answer: no route to host', 'PDC'],
  ];
  expect(table(rows, [{}, {}, {}], 30)).toEqual([
    'DC   Oldest news of the  Roles',
    '     others',
    'DC4  does not answer:    PDC',
    '     no route to host',
  ]);
});

test('a column of numbers wraps its heading at the right', () => {
  const rows = [
    ['DC', 'Failures in a row'],
    ['DC1', '6,812'],
  ];
  expect(table(rows, [{}, { align: 'right' }], 16)).toEqual([
    'DC   Failures in',
    '           a row',
    'DC1        6,812',
  ]);
});

test('a word is broken only where no column has room left', () => {
  expect(table([['dc1', 'corp.example.com', 'of the forest']], [{}, {}, {}], 31)).toEqual([
    'dc1  corp.example.com  of the',
    '                       forest',
  ]);
  expect(table([['dc1', 'corp.example.com']], [{}, {}], 13)).toEqual(['dc1  corp.exa', '     mple.com']);
});

test('the last column wraps', () => {
  const rows = [
    ['dc1', 'has it', '180, written on DC1 at 2026-11-22T11:57:09.000Z'],
    ['dc2', 'not yet', '60'],
  ];
  expect(table(rows, [{}, {}, {}], 38)).toEqual([
    'dc1  has it   180, written on DC1 at',
    '              2026-11-22T11:57:09.000Z',
    'dc2  not yet  60',
  ]);
});

test('no column is squeezed to nothing', () => {
  expect(table([['ab', 'gh']], [{}, {}], 4)).toEqual(['a  g', 'b  h']);
});

test('a style colours the text, not the space around it', () => {
  const { blocker, note } = createStyle(true);
  const [line] = table(
    [
      [{ text: 'ab', style: note }, 'c'],
      ['abcd', { text: 'd', style: blocker }],
    ],
    [{}, {}],
    80,
  );
  expect(line).toBe('\x1b[36mab\x1b[39m    c');
});

test('control characters in cells are made visible', () => {
  expect(table([['a\x1b[2J', 'b']], [{}, {}], 80)).toEqual(['a<U+001B>[2J  b']);
});

test('a missing cell is an empty one', () => {
  expect(table([['a'], ['b', 'c']], [{}, {}], 80)).toEqual(['a', 'b  c']);
});

const thai = 'ที่อยู่อีเมล';
const vietnameseDecomposed = 'Địa chỉ e-mail'.normalize('NFD');
const japanese = 'メール アドレス:';
const arabic = 'عُنوان';
const family = '👩‍👩‍👧';

describe('displayWidth', () => {
  test.each([
    ['ASCII', 'E-mail address:', 15],
    ['nothing', '', 0],
    ['Thai, whose vowels and tone marks stand above and below', thai, 7],
    ['decomposed Vietnamese', vietnameseDecomposed, 14],
    ['Japanese', japanese, 16],
    ['halfwidth katakana', 'ﾒｰﾙ', 3],
    ['Korean', '전자 메일', 9],
    ['Korean in conjoining jamo', '전'.normalize('NFD'), 2],
    ['Arabic with a vowel sign', arabic, 5],
    ['Hebrew', 'דואר', 4],
    ['an emoji', '✅', 2],
    ['an emoji joined of several', family, 2],
    ['a flag', '🇳🇱', 2],
    ['block elements', '███▋', 4],
    ['a character beyond the first plane', '𠀀', 2],
    ['zero width space and marks of direction', 'a\u200b\u200fb', 2],
  ])('counts the columns of %s', (_what, text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });

  test('counts no columns for colour', () => {
    expect(displayWidth('\x1b[31mメール\x1b[39m')).toBe(6);
  });
});

test('a grapheme is a letter with its marks', () => {
  expect(graphemesOf('ที่')).toEqual(['ที่']);
  expect(graphemesOf(vietnameseDecomposed)).toHaveLength(14);
});

test('graphemes are those of Unicode, in every script', () => {
  const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
  const unit = fc.oneof(
    fc.constantFrom(...'eéßОжД日本メール가각ﾞ゙́​👩‍👧🇳🇱ที่…→█\u00ad\u2060'),
    fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)),
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 4 }), (text) => {
      expect(graphemesOf(text)).toEqual([...segmenter.segment(text)].map(({ segment }) => segment));
    }),
    { numRuns: 2000 },
  );
});

describe('startOf and truncate', () => {
  test('cut between graphemes, never within one', () => {
    expect(startOf(thai, 2)).toBe('ที่อ');
    expect(startOf(`${family}x`, 1)).toBe('');
  });

  test('a wide character that does not fit entirely is left out', () => {
    expect(startOf('メール', 5)).toBe('メー');
  });

  test('the ellipsis may be of several columns', () => {
    expect(truncate('corp.example.com', 8, '...')).toBe('corp....');
    expect(truncate('corp.example.com', 2, '...')).toBe('co');
  });

  test('an ellipsis says that the text was cut', () => {
    expect(truncate('corp.example.com', 8)).toBe('corp.ex…');
    expect(truncate(japanese, 6)).toBe('メー…');
  });

  test('a text that fits stays as it is', () => {
    expect(truncate(thai, 7)).toBe(thai);
  });

  test('never give more columns than there are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, columns) => {
        expect(displayWidth(truncate(text, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

describe('pad', () => {
  test('fills to the right or to the left by columns, not by code units', () => {
    expect(pad(japanese, 18)).toBe(`${japanese}  `);
    expect(pad(thai, 9, 'right')).toBe(`  ${thai}`);
  });

  test('leaves a longer text alone', () => {
    expect(pad('abc', 2)).toBe('abc');
  });
});

describe('wrap', () => {
  test('breaks at spaces, with the further lines set in', () => {
    expect(wrap('blocker: DC4 has not replicated for 71 days.', 22, { hangingIndent: 9 })).toEqual([
      'blocker: DC4 has not',
      '         replicated',
      '         for 71 days.',
    ]);
  });

  test('sets in the first line', () => {
    expect(wrap('one two', 6, { indent: 2 })).toEqual(['  one', 'two']);
  });

  test('keeps the line breaks of the text', () => {
    expect(wrap('one\n\ntwo', 10)).toEqual(['one', '', 'two']);
  });

  test('does not break at a no-break space', () => {
    expect(wrap('Adresse e-mail\u00a0:', 13)).toEqual(['Adresse', 'e-mail\u00a0:']);
  });

  test('cuts a word that is longer than a line', () => {
    expect(wrap('a CN=Services,DC=corp b', 8)).toEqual(['a', 'CN=Servi', 'ces,DC=c', 'orp b']);
  });

  test('fills lines by columns where there are no spaces', () => {
    expect(wrap('電子メールアドレス', 8)).toEqual(['電子メー', 'ルアドレ', 'ス']);
  });

  test('loses nothing and stays within the columns', () => {
    const words = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).map((word) => word.replace(/\s/gu, 'x')));
    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 40 }), fc.nat(4), (list, columns, hangingIndent) => {
        const lines = wrap(list.join(' '), columns, { hangingIndent });
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
        expect(lines.join('').replaceAll(' ', '')).toBe(list.join(''));
      }),
    );
  });
});

describe('visible', () => {
  test.each([
    ['an escape sequence', 'CN=\x1b[2Jevil', 'CN=<U+001B>[2Jevil'],
    ['a one-byte control sequence introducer', '\x9b31m', '<U+009B>31m'],
    ['line breaks and tabs', 'a\r\n\tb', 'a<U+000D><U+000A><U+0009>b'],
    ['NUL and DEL', '\0\x7f', '<U+0000><U+007F>'],
    ['a line separator', 'a\u2028b', 'a<U+2028>b'],
    ['a right-to-left override', 'exe\u202etxt', 'exe<U+202E>txt'],
    ['an isolate', '\u2066a\u2069', '<U+2066>a<U+2069>'],
    ['a byte order mark', '\ufeffLabel', '<U+FEFF>Label'],
    ['a left-to-right mark', 'CN=a\u200eb', 'CN=a<U+200E>b'],
    ['the mark of an Arabic label', 'عُنوان\u200f', 'عُنوان<U+200F>'],
    ['an Arabic letter mark', 'a\u061cb', 'a<U+061C>b'],
    ['zero-width spaces and joiners', 'a\u200b\u200c\u200d\u2060b', 'a<U+200B><U+200C><U+200D><U+2060>b'],
    ['a soft hyphen', 'a\u00adb', 'a<U+00AD>b'],
    ['a variation selector', 'a\ufe0fb', 'a<U+FE0F>b'],
    ['a filler', 'a\u3164b', 'a<U+3164>b'],
    ['a Braille pattern without dots', 'a\u2800b', 'a<U+2800>b'],
    ['a tag', 'a\u{e0041}b', 'a<U+E0041>b'],
    ['half a surrogate pair', 'a\ud800b', 'a<U+D800>b'],
  ])('writes out %s', (_what, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test.each(['C:\\new\\table', 'ที่อยู่อีเมล', 'Địa chỉ'.normalize('NFD'), 'メール', 'عُنوان', '👧', 'Adresse\u00a0:'])(
    'leaves %s as it is',
    (text) => {
      expect(visible(text)).toBe(text);
    },
  );

  test('lets nothing through that is not seen', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\u115f\u1160\u3164]/u);
      }),
    );
  });
});
