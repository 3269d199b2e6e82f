/** The forms next to the strings.txt files: the keys that they show, their own texts, and what their scripts do. */

import path from 'node:path';
import { decodeText, detectEncoding, encodingOfCodePage } from '../../files/text-encoding.ts';
import { distinct, remembered } from '../../words.ts';

/** The content of a form (.htm) or a script (.js). */
export interface Form {
  readonly path: string;
  /** The folder of the class whose forms show it: its own, or that of the form that loads it. */
  readonly folder: string;
  /** The keys whose texts it shows next to the user name field; if no label shows that, all keys: @@L_UserName_Text. */
  readonly keys: readonly string[];
  /** Whether it has a field for the user's name. */
  readonly asksForName: boolean;
  /** A label of that field in the form itself. */
  readonly ownLabel?: string;
  /** Its other texts that name the domain: a placeholder, a paragraph, a text that a script writes. */
  readonly domainTexts: readonly string[];
  /** Lines that put a domain before what the user types. */
  readonly domainLines: readonly DomainLine[];
  /** The addresses of the scripts that it loads, as it writes them. */
  readonly scripts: readonly string[];
}

interface DomainLine {
  readonly line: number;
  readonly text: string;
  /** Whether an @ is looked for just before, which spares addresses. */
  readonly testsForAt: boolean;
}

/** Reads a form or script; one in an unknown encoding is read byte for byte. */
export function readForm(file: string, bytes: Buffer): Form {
  const isScript = !/\.html?$/i.test(file);
  const text = textOf(bytes);
  const live = isScript ? withoutScriptComments(text) : withoutComments(text);
  const labels = isScript ? [] : labelsOfName(live);
  // If there is a label from strings.txt, another one is a mark or a message: "*", "Required".
  const ownLabel = labels.some((label) => label.includes('@@')) ? undefined : labels[0];
  return {
    path: file,
    folder: path.dirname(file),
    keys: keysIn(labels.length > 0 ? labels.join(' ') : live),
    asksForName: nameField.test(live) || labels.length > 0,
    ...(ownLabel === undefined ? {} : { ownLabel }),
    domainTexts: domainTextsIn(live, isScript, ownLabel),
    domainLines: domainLinesIn(live, text),
    scripts: isScript ? [] : scriptsIn(live),
  };
}

/** Code pages that a page does not name by number: only their backslashes and letters matter here. */
const pagesByName: Readonly<Record<string, number>> = {
  shift_jis: 932,
  'shift-jis': 932,
  sjis: 932,
  gb2312: 936,
  gbk: 936,
  'ks_c_5601-1987': 949,
  'euc-kr': 949,
  big5: 950,
};

/** In a code page of East Asia a byte of a character may be that of a backslash: the page's own declaration decides. */
function textOf(bytes: Buffer): string {
  const start = bytes.subarray(0, 4096).toString('latin1');
  const [, charset = ''] = /\bcharset\s*=\s*["']?([\w-]+)/i.exec(start) ?? [];
  const page = pagesByName[charset.toLowerCase()] ?? Number(/^windows-(\d+)$/i.exec(charset)?.[1]);
  const detected = detectEncoding(bytes, 1252, encodingOfCodePage(page));
  if (detected.kind !== 'text') return bytes.toString('latin1');
  const japanese = detected.encoding === 'windows-1252' ? decodeText(bytes, 'windows-932') : '';
  return isJapanese(japanese) ? japanese : decodeText(bytes, detected.encoding);
}

/** A page without a charset: kana side by side come of no other language's bytes. */
function isJapanese(text: string): boolean {
  return /[\u3041-\u3096\u30a1-\u30fa]{2}/.test(text) && !text.includes('\ufffd');
}

const blank = (text: string): string => text.replace(/[^\r\n]/g, ' ');

/** The page without comments, in markup and in scripts; every other character keeps its line. */
function withoutComments(html: string): string {
  return html.replace(/<script\b[^>]*>.*?(?:<\/script\s*>|$)|<!--(?!\[if).*?(?:-->|$)/gis, (part) =>
    part.startsWith('<!--') ? blank(part) : withoutScriptComments(part),
  );
}

/** A comment begins neither in a text nor in an address or a regular expression. */
function withoutScriptComments(script: string): string {
  return script.replace(
    /"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*'|\/\*.*?\*\/|(?<![\\:\w"'/])\/\/[^\r\n]*/gs,
    (part) => (part.startsWith('/') ? blank(part) : part),
  );
}

/** Not a hidden one: the forms of the later steps (pcode.htm) carry the name along and ask for something else. */
const nameField = /<input\b(?![^>]*\btype\s*=\s*["']?hidden\b)[^>]*\bname\s*=\s*["']?(?:username|userid)\b/i;

function keysIn(text: string): readonly string[] {
  return distinct([...text.matchAll(/@@(\w+)/g)].map(([, key = '']) => key));
}

/** The texts of the labels of the name's field: <label for="username">, or around the field. */
function labelsOfName(html: string): readonly string[] {
  const fields = [...html.matchAll(/<input\b[^>]*>/gi)].map(([tag]) => tag).filter((tag) => nameField.test(tag));
  const ids = new Set(['username', 'userid', ...fields.map((tag) => attributeOf(tag, 'id').toLowerCase())]);
  return [...html.matchAll(/(<label\b[^>]*>)(.*?)<\/label>/gis)]
    .filter(
      ([, tag = '', inner = '']) => ids.has(attributeOf(tag, 'for').toLowerCase() || '-') || nameField.test(inner),
    )
    .map(([, , inner = '']) => plainText(inner))
    .filter((label) => label !== '');
}

function attributeOf(tag: string, name: string): string {
  const [, , quoted, bare] = new RegExp(`\\s${name}\\s*=\\s*(?:(["'])(.*?)\\1|([^\\s"'>]+))`, 'is').exec(tag) ?? [];
  return (quoted ?? bare ?? '').trim();
}

function plainText(html: string): string {
  return withBackslashes(html.replace(/<[^>]*>|&(?:nbsp|#0*160|#xa0);/gi, ' '))
    .replace(/\s+/g, ' ')
    .trim();
}

/** A backslash may be written as an entity. */
function withBackslashes(html: string): string {
  return html.replace(/&(?:#0*92|#x0*5c|bsol);?/gi, '\\');
}

/** Two words with a backslash between them; one letter is enough where a letter is a word (域). */
const twoWords = /(?:\p{L}{2}|\p{Lo})[^\S\r\n]?\\{1,2}[^\S\r\n]?(?:\p{L}{2}|\p{Lo})/u;
/** C:\temp\x.gif, \\server\share */
const paths = /(?<![\p{L}\p{N}])(?:[a-z]:|\\)\\[^\s"'<>]*/giu;

function namesDomain(text: string): boolean {
  return twoWords.test(text.replace(paths, ' '));
}

/** A string of a script as it is read there; an escape that means nothing, such as "Domain\User", is left as it is. */
function unescaped(literal: string): string {
  return literal.replace(/\\(?:x([\da-f]{2})|u([\da-f]{4})|([\\nrtbfv0"']))/gi, (_, byte, unit, single) => {
    const code = byte ?? unit;
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    return single === '\\' || single === '"' || single === "'" ? single : ' ';
  });
}

/** Its own texts that name the domain, each once: from visible attributes, the page and its scripts. */
function domainTextsIn(text: string, isScript: boolean, ownLabel: string | undefined): readonly string[] {
  const scripts = isScript
    ? [text]
    : [...text.matchAll(/<script\b[^>]*>(.*?)(?:<\/script|$)/gis)].map(([, of = '']) => of);
  const written = scripts.flatMap((script) =>
    [...script.matchAll(/"((?:[^"\\\r\n]|\\.)*)"|'((?:[^'\\\r\n]|\\.)*)'/g)]
      .map(([, double, single]) => unescaped(double ?? single ?? ''))
      .filter(namesDomain),
  );
  if (isScript) return distinct(written);
  const markup = text.replace(/<(script|style)\b[^>]*>.*?(?:<\/\1\s*>|$)/gis, ' ');
  const seen = markup.matchAll(/\s(?:placeholder|title|alt|aria-label)\s*=\s*(?:(["'])(.*?)\1|([^\s"'>]+))/gis);
  const attributes = [...seen].map(([, , quoted, bare]) => withBackslashes(quoted ?? bare ?? ''));
  const inText = plainLines(markup).filter((line) => namesDomain(line) && line !== ownLabel);
  return distinct([...attributes.filter((words) => words.replace(paths, ' ').includes('\\')), ...inText, ...written]);
}

/** The text between the tags. */
function plainLines(markup: string): readonly string[] {
  return markup.split(/<[^>]*>/).map(plainText);
}

/** A backslash as a script writes it in a text. */
const backslash = String.raw`(?:\\\\|%5c|\\x5c|\\u005c|\\u\{0*5c\}|\\134)`;
/**
 * One at the end of a text: "CONTOSO\\", '\x5c', "CONTOSO%5C". Not that of a path ("C:\\temp\\"), nor one that
 * jQuery and Underscore return as an escape: return "\\" + ch, new RegExp("\\" + ch)
 */
const ended = [
  `${backslash}["'\\x60]`,
  String.raw`(?<!["'](?:[a-z]:|\\\\\\\\)[^"'\r\n]*["'])`,
  String.raw`(?<!(?:\breturn|[?:]|\bRegExp\()\s*["'](?:\\\\)+["'])`,
].join('');
const added = String.raw`\s*(?:\.to\w+\(\)\s*)?(?:\+(?!\s*\w+\.(?:charCodeAt|charAt|toString)\()|\.concat\()`;
/** One that a function gives: String.fromCharCode(92), unescape("CONTOSO%5C") */
const given = String.raw`(?:from(?:CharCode|CodePoint)["'\]]*\((?:[^()]*,)?\s*(?:92|0x5c)\s*\)|\b(?:unescape|decodeURI\w*)\(\s*["'\x60][^"'\x60\r\n]*%5c["'\x60]\s*\))`;
/** A name before the backslash, as where it is given to a function or a property: $("#username").val("CONTOSO\\") */
const domain = String.raw`["'\x60][\w.-]+${ended}`;
/**
 * "CONTOSO\\" + name, domain.concat("\\", name), [domain, name].join("\\"), [domain, "\\", name], x = "CONTOSO\\";
 * `CONTOSO\\${name}`, `CONTOSO${"\\"}${name}`, String.fromCharCode(92) + name, name.replace(/^/, "CONTOSO\\"),
 * format("CONTOSO\\{0}"), VBScript's "CONTOSO\" & name, domain & "\" & name, Chr(92) & name,
 * <input name="username" value="CONTOSO\">
 */
const putsDomain = new RegExp(
  [
    `${ended}${added}`,
    `(?<![\\w$])\\(\\s*${domain}\\s*\\)\\s*\\+`,
    `\\.concat\\([^()]*${ended}`,
    `(?<!\\.split\\([^()]*\\))\\.join\\(\\s*(?:["'\\x60]${ended}|[\\w.]*${given})`,
    `(?:\\[|\\bArray\\()(?:[^[\\]()]*\\w["'\\x60]?\\s*,\\s*["'\\x60]${ended}|\\s*${domain})\\s*,\\s*[a-z_$]`,
    `[^=!<>]=\\s*["'\\x60][^"'\\x60\\r\\n]*${ended}\\s*(?:[;,}]|$)`,
    `\\w["']?\\s*:\\s*${domain}\\s*(?:[;,}]|$)`,
    `(?:\\.(?:val|push|unshift|setRangeText)\\(|["']value["']\\s*,)\\s*${domain}\\s*[,)]`,
    `(?<!(?:\\breturn|[?:]|\\bRegExp\\()\\s*\\x60)${backslash}(?:\\$\\{|\\{\\d\\}|%s)`,
    `(?:[\\w.}-]\\$\\{\\s*["'\\x60]|\\$\\{[^{}]*\\w(?:\\s*\\+\\s*["'\\x60])?)${ended}\\s*\\}\\$\\{`,
    `${given}\\s*(?:[+;,]|\\.concat\\(|\\}\\$\\{)`,
    `\\+\\s*[\\w.]*${given}`,
    String.raw`\.replace\(\s*\/\^[^/\r\n]*\/\w*\s*,\s*["'][^"'\r\n]*${backslash}`,
    String.raw`[^\s\\"]\\"\s*&\s*(?!\w+;)\w`,
    String.raw`&\s*"\\"\s*&\s*\w`,
    String.raw`\bChrW?\(\s*(?:92|&h5c)\s*\)\s*&`,
    String.raw`<input\b(?=[^>]*\sname\s*=\s*["']?(?:username|userid)\b)[^>]*\svalue\s*=\s*["']?[^"'\s>]*(?:\\|&#0*92;|&#x0*5c;|&bsol;)`,
  ].join('|'),
  'gim',
);
/** A name for a lone backslash: var sep = "\\"; */
const backslashNamed = new RegExp(
  `([\\w$]+)\\s*=\\s*(?:["'\\x60]${backslash}["'\\x60]|[\\w.]*${given})\\s*[;,}]?\\s*$`,
  'i',
);
/** Where a backslash is only looked for: name.indexOf(sep), name.split(sep), ch === sep */
const lookedFor =
  /(?:\.(?:indexOf|lastIndexOf|includes|split|startsWith|endsWith|replace|search|match)\(\s*|[=!]==?\s*)$/;

/** Whether a script does nothing with what it gives this name but look for it; one without any use may serve another script. */
function isOnlyLookedFor(name: string, script: string): boolean {
  const uses = [...script.matchAll(new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`, 'g'))]
    .map(({ index }) => ({
      before: script.slice(Math.max(0, index - 40), index),
      after: script.slice(index + name.length),
    }))
    .filter(({ after }) => !/^\s*=(?!=)/.test(after));
  return uses.length > 0 && uses.every(({ before, after }) => lookedFor.test(before) || /^\s*[=!]==?/.test(after));
}

/** A test for an @, which spares addresses. */
const atTest = /["'/]@["'/]/;
/** How many lines and characters earlier a test may be; a script may be one long line. */
const linesBefore = 3;
const charactersBefore = 300;

function domainLinesIn(live: string, text: string): readonly DomainLine[] {
  const starts = lineStarts(text);
  const isHarmless = remembered((separator: string) => isOnlyLookedFor(separator, live));
  const lines = [...live.matchAll(putsDomain)].flatMap(({ index, 0: match }) => {
    const end = index + match.length;
    const separator = backslashNamed.exec(live.slice(Math.max(0, index - charactersBefore), end))?.[1];
    if (separator !== undefined && isHarmless(separator)) return [];
    // A match may begin with white space.
    const at = index + match.length - match.trimStart().length;
    const line = starts.findLastIndex((start) => start <= at);
    const start = starts[line] ?? 0;
    const next = starts[line + 1] ?? text.length;
    const before = Math.max(starts[Math.max(0, line - linesBefore)] ?? 0, at - charactersBefore);
    // Of a script in one line only the part around it can be read.
    const shown =
      next - start > charactersBefore ? text.slice(Math.max(start, at - 40), at + 80) : text.slice(start, next);
    return [{ line: line + 1, text: shown.trim(), testsForAt: atTest.test(live.slice(before, at + match.length)) }];
  });
  return distinct(lines, ({ line, text: words }) => `${line} ${words}`);
}

function lineStarts(text: string): readonly number[] {
  return [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map(({ index, 0: end }) => index + end.length)];
}

/** <script src="flogon.js">, also as TMG serves a file next to a form: src="/CookieAuth.dll?GetPic?…&image=flogon.js" */
function scriptsIn(html: string): readonly string[] {
  const tags = [...html.matchAll(/<script\b[^>]*>/gi)].map(([tag]) => attributeOf(tag, 'src'));
  return distinct(tags.filter((source) => source !== ''));
}

/** The path of a script that a form loads; undefined if it is on a server, or not in, below or next to the class's folder. */
export function scriptFile(folder: string, source: string): string | undefined {
  const plain = withBackslashes(source.replace(/&amp;/gi, '&'));
  if (/^(?:[a-z][a-z+.-]*:|[\\/]{2})/i.test(plain)) return undefined;
  const image = /[?&]image=([^&#]+)/i.exec(plain)?.[1];
  const name = (image ?? plain.replace(/[?#].*$/s, '')).replaceAll('\\', '/');
  // Files at the root of the server are not in the folders of the forms.
  if (name.startsWith('/') || !/\.\w+$/.test(name)) return undefined;
  return path.join(folder, ...name.split('/'));
}
