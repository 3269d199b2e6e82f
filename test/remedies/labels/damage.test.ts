import { readFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/change/findings.ts';
import { fileFingerprint } from '../../../src/change/planned-file.ts';
import { codePages, decodeText, encodeText, type TextEncoding } from '../../../src/files/text-encoding.ts';
import type { LabelsOptions } from '../../../src/remedies/labels/options.ts';
import { isGarbled, lostLettersIn, readStrings, valueDecoder } from '../../../src/remedies/labels/strings-content.ts';
import { faultOfText } from '../../../src/remedies/labels/wording.ts';
import { applyIn, planOf, undoOf } from '../../support/file-plans.ts';
import { freshFolder, writeTree } from '../../support/fresh-folder.ts';
import {
  builtInWording,
  type Examination,
  emailWording,
  examine,
  judgeNow,
  labelOptions,
} from '../../support/label-options.ts';
import { encodedAs } from '../../support/strings-content.ts';

const encodings: readonly TextEncoding[] = [
  'ascii',
  'utf-8',
  'utf-8 with BOM',
  'utf-16le',
  'utf-16le with BOM',
  'utf-16be',
  'utf-16be with BOM',
  'windows-1252',
];

let home: string;

beforeEach(async () => {
  home = await freshFolder();
});

const root = (member: string): string => path.join(home, member);
const fileOf = (member: string, language: string): string =>
  path.join(root(member), 'Exchange/HTML/nls', language, 'strings.txt');

async function file(member: string, language: string, content: Uint8Array | string): Promise<void> {
  await writeTree(path.dirname(fileOf(member, language)), { 'strings.txt': content });
}

const look = (members: readonly string[], more?: Partial<LabelsOptions>): Promise<Examination> =>
  examine(labelOptions(home, { roots: members.map(root), newLabel: emailWording, ...more }));

function only({ findings }: Examination, id: string): Finding {
  const found = findings.filter((finding) => finding.id === id);
  expect(found, findings.map((finding) => finding.id).join(', ')).toHaveLength(1);
  return found[0] as Finding;
}

const russian = [
  'L_UserName_Text="Домен\\пользователь:"',
  'L_Password_Text="Пароль для входа:"',
  'L_A_Text="Недопустимое имя пользователя или пароль"',
].join('\r\n');
/** As a tool writes it that saves in an encoding without these letters. */
const ruined = Buffer.from(russian.replace(/[^\0-\x7f]/g, '?'), 'latin1');

describe('letters lost to question marks', () => {
  test('block the file, with what is left of the label and the path of an undamaged copy', async () => {
    await file('TMG01', 'ru', encodedAs('utf-16le with BOM', russian));
    await file('TMG02', 'ru', ruined);
    const examination = await look(['TMG01', 'TMG02']);
    expect(only(examination, 'lost-letters')).toMatchObject({
      level: 'blocker',
      evidence: [
        `${fileOf('TMG02', 'ru')}: line 1: ?????\\????????????:; an undamaged copy is ${fileOf('TMG01', 'ru')}`,
      ],
    });
    expect(examination.changes.map((change) => change.path)).toEqual([fileOf('TMG01', 'ru')]);
  });

  test('never bring the advice to name a code page: it would be written into a ruined file', async () => {
    await file('TMG01', 'ru', ruined);
    for (const accept of [[], ['lost-letters']]) {
      const { findings, changes } = await look(['TMG01'], { accept });
      expect(findings.map(({ id }) => id)).toEqual(['lost-letters']);
      expect(findings[0]?.detail).not.toContain('--code-page');
      expect(changes).toEqual([]);
    }
  });

  test('in other texts of the file block it too; accepted, the label is changed and comes back', async () => {
    const content = `L_UserName_Text="Name:"\r\n${'L_A="Pr?fen Sie das Kennwort f?r ????"\r\n'.repeat(3)}`;
    await file('TMG01', 'de', content);
    expect(only(await look(['TMG01']), 'lost-letters').evidence).toEqual([`${fileOf('TMG01', 'de')}: 9 places`]);
    const accepted = await look(['TMG01'], { accept: ['lost-letters'] });
    const plan = planOf(accepted.changes, { ...accepted.proposal, findings: accepted.findings });
    await applyIn(path.join(home, 'change'), plan);
    expect(await readFile(fileOf('TMG01', 'de'), 'utf8')).toContain('"E-Mail-Adresse:"');
    const undo = await undoOf(path.join(home, 'change'), plan);
    expect(await judgeNow({ ...undo, intent: plan.intent, target: plan.target })).toEqual([]);
    await applyIn(path.join(home, 'undo'), undo);
    expect(await readFile(fileOf('TMG01', 'de'), 'utf8')).toBe(content);
  });

  test.each([
    'What is this?',
    '¿Olvidó su contraseña?',
    'パスワードを忘れましたか?こちら',
    '<a href="logon.htm?url=/owa&x=1">?</a>',
    'Really??',
  ])('are not what a question is: %s', (text) => {
    expect(lostLettersIn(text)).toBe(0);
  });

  test('are counted in the bytes of a file as in its text, in every encoding', () => {
    const part = fc.constantFrom('?', '??', '???', 'a', 'Z', '=', '_', ' ', '"', '\r', '\n', '\r\n', 'é', '?url=');
    fc.assert(
      fc.property(fc.constantFrom(...encodings), fc.array(part, { minLength: 1 }), (encoding, parts) => {
        const text = parts.join('');
        const encoded = encodeText(encoding.endsWith('BOM') ? `\ufeff${text}` : text, encoding);
        if (encoded.kind === 'lacking') return fc.pre(false);
        const { bytes } = encoded;
        const content = readStrings(bytes, { bytes: () => bytes, fingerprint: fileFingerprint(bytes) }, [], {
          codePage: 1252,
        });
        fc.pre(content.kind === 'strings');
        const lost = text.split(/[\r\n]/).reduce((sum, line) => sum + lostLettersIn(line), 0);
        expect(content).toMatchObject({ lostLetters: lost });
      }),
    );
  });

  test.each(['Dom?ne', '?????', 'P?ihla?ovac? jm?no'])('are what is left of a word: %s', (text) => {
    expect(lostLettersIn(text)).toBeGreaterThan(0);
  });
});

describe('a label that was read in another encoding than it had, and saved so,', () => {
  const german = 'L_UserName_Text="Domäne\\Größe:"\r\n';
  const readAs = (page: 'windows-1252' | 'windows-1250' | 'windows-1251', text: string): string =>
    decodeText(Buffer.from(text), page);

  test.each([
    ['UTF-8 as Western', 'de', readAs('windows-1252', german)],
    ['UTF-8 as Central European', 'de', readAs('windows-1250', german)],
    ['UTF-8 as Cyrillic', 'ru', readAs('windows-1251', russian)],
    ['a code page as UTF-8', 'de', german.replace(/[^\0-\x7f]/g, '\ufffd')],
  ])('blocks the file, names an undamaged copy and no code page: %s', async (_, language, text) => {
    for (const encoding of ['utf-8', 'utf-16le with BOM'] as const) {
      await file('TMG01', language, encodedAs('utf-16le with BOM', language === 'de' ? german : russian));
      await file('TMG02', language, encodedAs(encoding, text));
      const examination = await look(['TMG01', 'TMG02']);
      const finding = only(examination, 'garbled-value');
      expect(finding).toMatchObject({ level: 'blocker', acceptable: true, subjects: [fileOf('TMG02', language)] });
      expect(finding.evidence[0]).toContain(`; an undamaged copy is ${fileOf('TMG01', language)}`);
      expect(finding.detail).not.toContain('--code-page');
      expect(examination.changes.map((change) => change.path)).toEqual([fileOf('TMG01', language)]);
      expect((await look(['TMG02'], { accept: ['garbled-value'] })).changes).toHaveLength(1);
    }
  });

  test.each([
    'Новини',
    'Пользователь',
    'Ім’я',
    'Název',
    'Użytkownik',
    'Città',
    'PAMÄŤ',
    'Όνομα',
    'Şifre',
    'È',
    '사용자',
    '名前',
  ])('is one in every code page that its bytes of UTF-8 are read as: %s', (text) => {
    const garbled = (['windows-1250', 'windows-1251', 'windows-1252', 'windows-1254'] as const)
      .map((page) => decodeText(Buffer.from(text), page))
      .filter((read) => !read.includes('\ufffd'));
    expect(garbled).not.toEqual([]);
    expect(garbled.filter((read) => !isGarbled(read))).toEqual([]);
  });

  test.each([
    ['ru', 1251, 'Домен\\имя пользователя:'],
    ['uk', 1251, 'Домен\\ім’я користувача:'],
    ['bg', 1251, 'Домейн\\потребителско име:'],
    ['sr-Cyrl', 1251, 'Домен\\корисничко име:'],
    ['mk', 1251, 'Домен\\корисничко име:'],
    ['be', 1251, 'Дамен\\імя карыстальніка:'],
    ['kk', 1251, 'Домен\\пайдаланушы аты:'],
    ['el', 1253, 'Τομέας\\όνομα χρήστη:'],
    ['he', 1255, 'תחום\\שם משתמש:'],
    ['ar', 1256, 'المجال\\اسم المستخدم:'],
    ['th', 874, 'โดเมน\\ชื่อผู้ใช้:'],
    ['ja', 932, 'ドメイン\\ユーザー名:'],
    ['ko', 949, '도메인\\사용자 이름:'],
    ['zh-CN', 936, '域\\用户名:'],
    ['zh-TW', 950, '網域\\使用者名稱:'],
  ] as const)(
    'blocks the file of a language that is not written in Latin letters: %s',
    async (language, page, text) => {
      for (const other of ['windows-1252', 'windows-1250'] as const) {
        const read = decodeText(encodedAs(`windows-${page}`, text), other);
        for (const encoding of ['utf-8', 'utf-16le with BOM'] as const) {
          await file('TMG01', language, encodedAs(encoding, `L_UserName_Text="${read}"\r\n`));
          const examination = await look(['TMG01'], { newLabel: { kind: 'text', text: 'E-mail:' } });
          expect(only(examination, 'garbled-value').level).toBe('blocker');
          expect(examination.changes).toEqual([]);
        }
      }
    },
  );

  test.each([
    [1251, 'Почта на E-mail'],
    [1253, 'Όνομα'],
    [1255, 'סיסמה'],
    [1256, 'المجال'],
    [874, 'รหัสผ่าน'],
    [932, 'パスワード'],
    [936, '用户名'],
    [949, '사용자'],
    [950, '使用者'],
  ] as const)('is found in the language of the code page %i as every Latin code page reads it', (page, text) => {
    const pages = ['windows-1250', 'windows-1252', 'windows-1254', 'windows-1257', 'windows-1258', 'cp850'];
    const garbled = pages.map((latin) => iconv.decode(encodedAs(`windows-${page}`, text), latin));
    expect(garbled.filter((read) => !isGarbled(read, page))).toEqual([]);
  });

  test.each([
    [874, 'รหัสผ่าน', 'windows-1251'],
    [1251, 'Домен пользователя', 'cp437'],
    [949, '사용자 이름', 'windows-1253'],
  ] as const)('is found by odd signs where another writing was read: %i, %s as %s', (page, text, other) => {
    expect(isGarbled(iconv.decode(encodedAs(`windows-${page}`, text), other), page)).toBe(true);
  });

  test('is no new label either', () => {
    for (const text of ['DomÃ¤ne:', 'Dom\ufffdne:']) expect(faultOfText(text)).toContain('the wrong encoding');
    expect(faultOfText('Äîìåí:', 1251)).toContain('the wrong encoding');
    expect(faultOfText('Äîìåí:')).toBeUndefined();
  });

  test.each([
    'IDENTITÉ\u00a0:',
    'OÙ\u00a0:',
    'È :',
    'Āž',
    'Ім’я:',
    'Łódź:',
    'Größe',
    'KOD SPÓŁKI:',
    'MENÜ…',
    'NÍŽE',
    'DĹŽKA',
    'НІ:',
    'PAMÄŤ',
    'PAMĚŤ',
    'OBTĚŽUJE',
    'Atěžština',
    'DEPĂŞIRE',
    'Её',
    'Ті',
    'ДІРІ',
    'СІСІЛІ',
  ])('is not one of these: %s', (text) => {
    expect(isGarbled(text)).toBe(false);
  });

  test('is found in no built-in label of any language, nor in its copy in the folder of any other language', () => {
    const texts = [...builtInWording.values()].flatMap(({ email, upn, username }) => [email, upn, username]);
    for (const text of texts.filter((known) => known !== undefined)) {
      for (const encoding of ['utf-8', 'utf-16le'] as const) {
        for (const page of [undefined, ...codePages]) {
          expect(valueDecoder()(encodedAs(encoding, text), encoding, page), `${page}`).toEqual({ text });
        }
      }
    }
  });

  test('is found in no name of a language, and in no date, in the folder of any other language', () => {
    const cultures = [...builtInWording.keys(), 'be', 'mk', 'sr', 'sr-Latn', 'az', 'az-Cyrl', 'uz', 'uz-Cyrl', 'kk'];
    const healthy = cultures.flatMap((culture) => {
      const names = new Intl.DisplayNames(culture, { type: 'language' });
      const known = cultures.map((named) => names.of(named) ?? '').flatMap((name) => [name, name.toUpperCase()]);
      return [...known, new Intl.DateTimeFormat(culture, { dateStyle: 'full' }).format(0)];
    });
    const alarms = codePages.flatMap((page) => healthy.filter((text) => isGarbled(text, page)));
    expect(healthy.length).toBeGreaterThan(1000);
    expect(alarms).toEqual([]);
  });

  test.each([
    ['sr-Cyrl', 'Korisničko ime:'],
    ['sr-Cyrl', 'ŠIFRA ĆAO:'],
    ['az-Cyrl', 'İstifadəçi adı:'],
    ['uz-Cyrl', 'Foydalanuvchi nomi:'],
    ['kk', 'Paıdalanýshy aty:'],
    ['ru', 'Größe öö:'],
    ['ru', 'Имя für Müller:'],
    ['ja', 'ÍRÁN:'],
    ['zh-CN', 'Írán:'],
    ['th', 'północnolapoński'],
    ['ru', 'User name:'],
  ])('is none in a folder that has a text of another language or of both: %s, %s', async (language, text) => {
    await file('TMG01', language, encodedAs('utf-8', `L_UserName_Text="${text}"\r\n`));
    const { findings } = await look(['TMG01']);
    expect(findings.map(({ id }) => id)).not.toContain('garbled-value');
  });
});

describe('a label in typographic quotes, as pasted from a web page,', () => {
  test.each(['”E-mail:”', '“E-mail:”', '„E-Mail:“', '«E-mail»', '‘E-mail:’', '“E-mail:"', '"E-mail:”'])(
    'blocks the file: %s',
    async (value) => {
      await file('TMG01', 'de', encodedAs('utf-8', `L_UserName_Text=${value}\r\n`));
      const finding = only(await look(['TMG01']), 'typographic-value');
      expect(finding).toMatchObject({ level: 'blocker', acceptable: false });
      expect(finding.evidence).toEqual([`${fileOf('TMG01', 'de')}: line 1`]);
    },
  );

  test('has an undamaged copy named where there is one', async () => {
    await file('TMG01', 'de', encodedAs('utf-16le with BOM', 'L_UserName_Text="E-mail:”\r\n'));
    await file('TMG02', 'de', 'L_UserName_Text="E-mail:"\r\n');
    expect(only(await look(['TMG01', 'TMG02']), 'typographic-value').evidence).toEqual([
      `${fileOf('TMG01', 'de')}: line 1; an undamaged copy is ${fileOf('TMG02', 'de')}`,
    ]);
  });

  test('within straight quotes is a text like any other', async () => {
    await file('TMG01', 'de', encodedAs('utf-8', 'L_UserName_Text="„Name“:"\r\n'));
    expect((await look(['TMG01'])).findings).toEqual([]);
  });
});

describe('a key behind a lost line break', () => {
  test.each([
    ['after the label', 'L_UserName_Text="Name:"L_Password_Text="Password:"\r\n'],
    ['after the label, with spaces', 'L_UserName_Text="Name:"  L_Password_Text = "Password:"\r\n'],
    ['after a label without quotes', 'L_UserName_Text=Name L_Password_Text=Password\r\n'],
    ['before the label', 'L_Password_Text="Password:"L_UserName_Text="Name:"\r\n'],
    ['after the label, with a separator', 'L_UserName_Text="Name:"\u2028L_Password_Text="Password:"\r\n'],
    ['before the label, with a separator', 'L_Password_Text="Password:"\u2028L_UserName_Text="Name:"\r\n'],
    ['after a label without quotes, with a separator', 'L_UserName_Text=Name\u0085L_Password_Text=Password\r\n'],
  ])('blocks the file: %s', async (_, content) => {
    for (const encoding of ['utf-8', 'utf-16le with BOM'] as const) {
      await file('TMG01', 'de', encodedAs(encoding, content));
      const examination = await look(['TMG01'], { accept: ['joined-value'] });
      expect(only(examination, 'joined-value')).toMatchObject({ level: 'blocker', acceptable: false });
      expect(examination.changes).toEqual([]);
    }
  });

  test('is not an attribute of a tag in the value', async () => {
    await file('TMG01', 'de', 'L_UserName_Text="<b class="x" title="y">Name</b>"\r\n');
    expect((await look(['TMG01'])).findings).toEqual([]);
  });

  test('does not lose the neighbour: every key keeps its value', async () => {
    const content = 'L_UserName_Text="Name:"\r\nL_Password_Text="Password:"\r\n';
    await file('TMG01', 'de', content);
    await applyIn(path.join(home, 'change'), planOf((await look(['TMG01'])).changes));
    expect(await readFile(fileOf('TMG01', 'de'), 'utf8')).toBe(content.replace('Name:', 'E-Mail-Adresse:'));
  });
});

test('an undamaged copy of the same set on another member is named before one of another set', async () => {
  await file('TMG01', 'de', '');
  await writeTree(root('TMG01'), { ISA: { HTML: { nls: { de: { 'strings.txt': 'L_UserName_Text="a"' } } } } });
  await file('TMG02', 'de', 'L_UserName_Text="a"\r\n');
  expect(only(await look(['TMG01', 'TMG02']), 'empty-file').evidence).toEqual([
    `${fileOf('TMG01', 'de')}: an undamaged copy is ${fileOf('TMG02', 'de')}`,
  ]);
});
