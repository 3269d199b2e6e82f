import { describe, expect, test } from 'vitest';
import { codePageOf, cultureByWindowsName } from '../../../src/remedies/labels/cultures.ts';
import { lookUpWording, type Wording } from '../../../src/remedies/labels/wording.ts';

/**
 * The ANSI code page of every culture that Windows knows by an identifier, as its National Language Support has them
 * (LOCALE_IDEFAULTANSICODEPAGE; 0 for those that are Unicode only).
 */
const pagesOfWindows: Readonly<Record<number, string>> = {
  0: 'hi-IN hy-AM ka-GE ta-IN te-IN',
  874: 'th-TH',
  932: 'ja-JP',
  936: 'zh-CN zh-Hans zh-SG',
  949: 'ko-KR',
  950: 'zh-HK zh-Hant zh-MO zh-TW',
  1250: 'bs-Latn-BA cs-CZ hr-BA hr-HR hu-HU pl-PL ro-RO sk-SK sl-SI sq-AL sr-Latn-BA sr-Latn-ME sr-Latn-RS',
  1251: 'be-BY bg-BG kk-KZ mk-MK ru-RU sr-Cyrl-BA sr-Cyrl-ME sr-Cyrl-RS uk-UA',
  1252:
    'ca-ES da-DK de-AT de-CH de-DE de-LI de-LU en-AU en-BZ en-CA en-GB en-IE en-IN en-JM en-MY en-NZ en-PH en-SG en-TT ' +
    'en-US en-ZA en-ZW es-AR es-BO es-CL es-CO es-CR es-DO es-EC es-ES es-GT es-HN es-MX es-NI es-PA es-PE es-PR es-PY ' +
    'es-SV es-US es-UY es-VE eu-ES fi-FI fr-BE fr-CA fr-CH fr-FR fr-LU fr-MC gl-ES id-ID is-IS it-CH it-IT ms-MY nb-NO ' +
    'nl-BE nl-NL nn-NO pt-BR pt-PT sv-FI sv-SE',
  1253: 'el-GR',
  1254: 'az-Latn-AZ tr-TR',
  1255: 'he-IL',
  1256: 'ar-AE ar-BH ar-DZ ar-EG ar-IQ ar-JO ar-KW ar-LB ar-LY ar-MA ar-OM ar-QA ar-SA ar-SY ar-TN ar-YE fa-IR ur-PK',
  1257: 'et-EE lt-LT lv-LV',
  1258: 'vi-VN',
};

const pageOf = new Map(
  Object.entries(pagesOfWindows).flatMap(([page, cultures]) =>
    cultures.split(' ').map((culture) => [culture, Number(page) || undefined] as const),
  ),
);

const identifiers = Array.from({ length: 0x10000 }, (_, identifier) => `0x${identifier.toString(16)}`).flatMap(
  (name) => {
    const culture = cultureByWindowsName(name);
    return culture === undefined ? [] : [{ name, culture }];
  },
);
const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const abbreviations = letters.flatMap((first) =>
  letters.flatMap((second) =>
    letters.flatMap((third) => {
      const culture = cultureByWindowsName(first + second + third);
      return culture === undefined ? [] : [{ name: first + second + third, culture }];
    }),
  ),
);

describe('the code page of a folder', () => {
  test('is known for every culture that Windows has an identifier for, and for no other one', () => {
    expect(new Set(identifiers.map(({ culture }) => culture))).toEqual(new Set(pageOf.keys()));
    expect(abbreviations.length).toBeGreaterThan(100);
  });

  test('is that of its culture, whatever the folder calls it', () => {
    const named = [...identifiers, ...abbreviations, ...[...pageOf.keys()].map((name) => ({ name, culture: name }))];
    for (const { name, culture } of named) {
      for (const spelled of [name, name.toLowerCase(), name.toUpperCase().replace('0X', '0x')]) {
        expect([spelled, codePageOf(spelled)]).toEqual([spelled, pageOf.get(culture)]);
      }
      const underscored = name.replaceAll('-', '_');
      expect([underscored, codePageOf(underscored)]).toEqual([underscored, pageOf.get(culture)]);
    }
  });

  test.each([
    ['default', 1252],
    ['zh-CHT', 950],
    ['zh-cht', 950],
    ['ZH-CHS', 936],
    ['zh', 936],
    ['sr', 1250],
    ['sr-SP-Cyrl', 1251],
    ['sr-SP-Latn', 1250],
    ['sr-BA-Cyrl', 1251],
    ['az-AZ-Cyrl', 1251],
    ['az-AZ-Latn', 1254],
    ['AZ_az_cyrl', 1251],
    ['az-Cyrl-AZ', 1251],
    ['bs-BA-Cyrl', 1251],
    ['bs-Cyrl', 1251],
    ['uz-UZ-Cyrl', 1251],
    ['uz-Cyrl', 1251],
    ['uz-UZ-Latn', 1254],
    ['DEU', 1252],
    ['1031', 1252],
    ['no', 1252],
    ['iw', 1255],
    ['Sonstiges', undefined],
    ['images', undefined],
    ['', undefined],
  ])('%s is %s', (name, page) => {
    expect(codePageOf(name)).toBe(page);
  });

  test('and its wording are of the same script', () => {
    const page = (culture: string): Wording => new Map([[culture, { email: culture }]]);
    const cultures = [...pageOf.keys(), 'az-Cyrl-AZ', 'bs-Cyrl-BA', 'uz-Cyrl-UZ', 'uz-Latn-UZ'];
    const wordings = cultures.map(page);
    for (const name of [...identifiers.map((one) => one.name), 'zh-CHT', 'sr-SP-Cyrl', 'az-AZ-Cyrl', 'bs-BA-Cyrl']) {
      const found = lookUpWording(wordings, name, 'email');
      if (found.kind !== 'found') throw new Error(`no wording for ${name}`);
      expect([name, codePageOf(name)]).toEqual([name, codePageOf(found.text)]);
    }
  });
});
