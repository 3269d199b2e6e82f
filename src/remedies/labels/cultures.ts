/**
 * Cultures by the names that folders and users give them: BCP 47 tags, and the names that Windows uses. The names of the nls
 * folders of TMG and ISA are not published, so all of these are understood.
 */

import { defaultLanguage } from '../../files/template-tree.ts';
import { ansiCodePageOf, type CodePage } from '../../files/text-encoding.ts';
import { remembered } from '../../words.ts';

/**
 * Language identifier in hexadecimal ([MS-LCID] 2.2), the three-letter abbreviation where Windows has one
 * (LOCALE_SABBREVLANGNAME), and the culture: the languages that labels are known for, with their regions, and the
 * other languages with a Windows code page. "-" means that Windows has no abbreviation, or that it is also the
 * ISO 639 code of another language (ARG, ARM, EST), so that no language gets the text of another.
 */
const rows = `
  0401 ARA ar-SA   0801 ARI ar-IQ   0c01 ARE ar-EG   1001 ARL ar-LY   1401 -   ar-DZ   1801 -   ar-MA   1c01 ART ar-TN
  2001 ARO ar-OM   2401 ARY ar-YE   2801 ARS ar-SY   2c01 ARJ ar-JO   3001 ARB ar-LB   3401 ARK ar-KW   3801 ARU ar-AE
  3c01 ARH ar-BH   4001 ARQ ar-QA
  0004 -   zh-Hans 7c04 -   zh-Hant 0404 CHT zh-TW   0804 CHS zh-CN   0c04 ZHH zh-HK   1004 ZHI zh-SG   1404 ZHM zh-MO
  0407 DEU de-DE   0807 DES de-CH   0c07 DEA de-AT   1007 DEL de-LU   1407 DEC de-LI
  0409 ENU en-US   0809 ENG en-GB   0c09 ENA en-AU   1009 ENC en-CA   1409 ENZ en-NZ   1809 ENI en-IE   1c09 ENS en-ZA
  2009 ENJ en-JM   2809 ENL en-BZ   2c09 ENT en-TT   3009 ENW en-ZW   3409 ENP en-PH   4009 ENN en-IN   4409 -   en-MY
  4809 -   en-SG
  040a ESP es-ES   080a ESM es-MX   0c0a ESN es-ES   100a ESG es-GT   140a ESC es-CR   180a ESA es-PA   1c0a ESD es-DO
  200a ESV es-VE   240a ESO es-CO   280a ESR es-PE   2c0a ESS es-AR   300a ESF es-EC   340a ESL es-CL   380a ESY es-UY
  3c0a ESZ es-PY   400a ESB es-BO   440a ESE es-SV   480a ESH es-HN   4c0a ESI es-NI   500a ESU es-PR   540a -   es-US
  040c FRA fr-FR   080c FRB fr-BE   0c0c FRC fr-CA   100c FRS fr-CH   140c FRL fr-LU   180c FRM fr-MC
  0410 ITA it-IT   0810 ITS it-CH   0413 NLD nl-NL   0813 NLB nl-BE   0414 NOR nb-NO   0814 NON nn-NO
  0416 PTB pt-BR   0816 PTG pt-PT   041d SVE sv-SE   081d SVF sv-FI
  041a HRV hr-HR   101a HRB hr-BA   141a BSB bs-Latn-BA
  081a SRL sr-Latn-RS   241a SRM sr-Latn-RS   181a SRS sr-Latn-BA   2c1a -   sr-Latn-ME
  0c1a SRB sr-Cyrl-RS   281a SRO sr-Cyrl-RS   1c1a SRN sr-Cyrl-BA   301a -   sr-Cyrl-ME
  0402 BGR bg-BG   0403 CAT ca-ES   0405 CSY cs-CZ   0406 DAN da-DK   0408 ELL el-GR   040b FIN fi-FI   040d HEB he-IL
  040e HUN hu-HU   040f ISL is-IS   0411 JPN ja-JP   0412 KOR ko-KR   0415 PLK pl-PL   0418 ROM ro-RO   0419 RUS ru-RU
  041b SKY sk-SK   041c SQI sq-AL   041e THA th-TH   041f TRK tr-TR   0420 URD ur-PK   0421 IND id-ID   0422 UKR uk-UA
  0423 BEL be-BY   0424 SLV sl-SI   0425 ETI et-EE   0426 LVI lv-LV   0427 LTH lt-LT   0429 FAR fa-IR   042a VIT vi-VN
  042b HYE hy-AM   042c AZE az-Latn-AZ   042d EUQ eu-ES   042f MKI mk-MK   0437 KAT ka-GE   0439 HIN hi-IN
  043e MSL ms-MY   043f KKZ kk-KZ   0449 -   ta-IN   044a -   te-IN   0456 GLC gl-ES
`;

const byIdentifier = new Map<number, string>();
const byAbbreviation = new Map<string, string>();
for (const [, identifier = '', abbreviation = '', culture = ''] of rows.matchAll(/(\S+) (\S+) +(\S+)/g)) {
  byIdentifier.set(Number.parseInt(identifier, 16), culture);
  if (abbreviation !== '-') byAbbreviation.set(abbreviation, culture);
}

/** Names of the first .NET versions and of Windows XP that BCP 47 has no knowledge of. */
const formerNames: ReadonlyMap<string, string> = new Map([
  ['zh-chs', 'zh-Hans'],
  ['zh-cht', 'zh-Hant'],
  ['no', 'nb'],
  ['no-no', 'nb-NO'],
  ['no-bok', 'nb-NO'],
  ['no-nyn', 'nn-NO'],
  ['sr', 'sr-Latn'],
]);

/** A culture of the first .NET versions, which put the script last: az-AZ-Cyrl. */
const scriptLast = /^([a-z]{2})-([a-z]{2})-(Latn|Cyrl)$/i;

/** The script in its place; Serbia was SP then. */
function cultureOfScriptLast(name: string): string | undefined {
  const [, language, region = '', script] = scriptLast.exec(name) ?? [];
  return script === undefined ? undefined : `${language}-${script}-${region.toUpperCase() === 'SP' ? 'RS' : region}`;
}

/**
 * The BCP 47 tag of a culture that is named in a way of Windows: by language identifier in decimal ("1031") or
 * hexadecimal ("0407", "0x407"), by three-letter abbreviation ("DEU"), or by a former name ("zh-CHS"; "az-AZ-Cyrl";
 * "sr", which Windows takes for Latin script where BCP 47 means Cyrillic). Letter case does not matter. Undefined for
 * any other name, BCP 47 tags among them.
 */
export function cultureByWindowsName(name: string): string | undefined {
  return (
    formerNames.get(name.toLowerCase()) ??
    cultureOfScriptLast(name) ??
    byAbbreviation.get(name.toUpperCase()) ??
    cultureByLanguageIdentifier(name)
  );
}

/** No identifier of the table reads as another one in the other base, so the base need not be given. */
function cultureByLanguageIdentifier(name: string): string | undefined {
  if (/^0x[0-9a-f]+$/i.test(name)) return byIdentifier.get(Number(name));
  if (!/^[0-9][0-9a-f]{2,4}$/i.test(name)) return undefined;
  const decimal = /^[1-9][0-9]*$/.test(name) ? byIdentifier.get(Number(name)) : undefined;
  return decimal ?? byIdentifier.get(Number.parseInt(name, 16));
}

/**
 * The tag by which BCP 47 knows a culture, from a folder's name or a user's spelling: any letter case, `_` for `-`, a
 * Windows language identifier or abbreviation, a former tag (iw, in, zh-CHS), "default". Undefined if it is no name of
 * a culture. Parts other than language, script and region are dropped: de-DE-1996 is de-DE.
 */
export function cultureOf(name: string): string | undefined {
  return cultureOfTag(name.trim().replaceAll('_', '-'));
}

const cultureOfTag = remembered((tag: string): string | undefined => {
  // The strings.txt next to the forms, outside any nls folder, is the English one.
  if (tag.toLowerCase() === defaultLanguage) return 'en-US';
  const spelled = cultureByWindowsName(tag) ?? tag;
  // "und" means an unknown language (RFC 5646, 4.1).
  if (!/^(?!und(?:-|$))[a-z]{2,3}(?:-|$)/i.test(spelled)) return undefined;
  try {
    const { language, script, region } = new Intl.Locale(spelled);
    return tagOf(language, script, region);
  } catch {
    // Intl.Locale throws a RangeError for what is not well-formed, which is the answer here.
    return undefined;
  }
});

/** The name of a culture in English, for tables: "German (Germany)". A name that is no culture's comes back as it is. */
export const displayNameOfCulture = remembered((name: string): string => {
  const culture = cultureOf(name);
  if (culture === undefined) return name;
  // Made when it is first used: it takes as long as all names together.
  english ??= new Intl.DisplayNames('en', { type: 'language', languageDisplay: 'standard', fallback: 'none' });
  return english.of(culture) ?? name;
});

let english: Intl.DisplayNames | undefined;

/** The language's own name for itself: "Deutsch", "日本語"; undefined if it is not known. */
export function nativeNameOf(name: string): string | undefined {
  const culture = cultureOf(name);
  if (culture === undefined) return undefined;
  const { language } = new Intl.Locale(culture);
  const native = new Intl.DisplayNames(culture, { type: 'language', fallback: 'none' });
  // For a language that it has no data of, it answers in English.
  return native.resolvedOptions().locale.split('-')[0] === language ? native.of(language) : undefined;
}

/**
 * The code page of a language folder's files, by the culture that its name means; undefined if the name is none of a
 * culture, or no page is known for it.
 */
export function codePageOf(language: string): CodePage | undefined {
  const culture = cultureOf(language);
  return culture === undefined ? undefined : ansiCodePageOf(culture);
}

/** Whether two names mean the same culture: with script and region spelled out, zh-Hant and zh-TW do, de and de-DE. */
export function isSameCulture(one: string, other: string): boolean {
  const culture = fullCultureOf(one);
  return culture !== undefined && culture === fullCultureOf(other);
}

function fullCultureOf(name: string): string | undefined {
  const culture = cultureOf(name);
  return culture === undefined ? undefined : new Intl.Locale(culture).maximize().toString();
}

/** How texts name a domain, by language or by language and script: the beginning of the word, which may have endings. */
const domainStems = new Map(
  (
    'ar مجال,az domen,be дамен,bg домейн,bs domen,ca domini,cs domén,da domæne,de domäne,el τομέα,en domain,es dominio,' +
    'et domeen,eu domeinu,fa دامنه,fi toimialue,fr domaine,gl dominio,he תחום,hi डोमेन,hr domen,hu tartomány,hy տիրույթ,' +
    'id domain,is lén,it dominio,ja ドメイン,ka დომენი,kk домен,ko 도메인,lt domen,lv domēn,mk домен,ms domain,nb domene,' +
    'nl domein,nn domene,no domene,pl domen,pt domínio,ro domeniu,ru домен,sk domén,sl domen,sq domen,sr-Latn domen,' +
    'sr-Cyrl домен,sv domän,ta டொமைன்,th โดเมน,tr etki alan,uk домен,ur ڈومین,vi miền,zh-Hans 域,zh-Hant 域'
  )
    .split(',')
    .map((entry) => [entry.slice(0, entry.indexOf(' ')), entry.slice(entry.indexOf(' ') + 1)] as const),
);

/** The beginning of the word for a domain in the language of a folder; undefined if none is known. */
export const domainStemOf = remembered((name: string): string | undefined => {
  const culture = cultureOf(name);
  if (culture === undefined) return undefined;
  const { language, script } = new Intl.Locale(culture).maximize();
  return domainStems.get(language) ?? domainStems.get(`${language}-${script}`);
});

/** A tag of these parts: "sr-Latn-RS". */
export function tagOf(language: string, script?: string, region?: string): string {
  return [language, script, region].filter((part) => part !== undefined).join('-');
}
