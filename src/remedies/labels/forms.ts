/** The forms beside the strings.txt files: which keys they show, what they bring of their own, and what their scripts do. */

import path from 'node:path';
import { decodeText, detectEncoding, encodingOfCodePage } from '../../files/text-encoding.ts';
import { distinct } from '../../words.ts';

/** What was found in a form (.htm) or a script (.js). */
export interface Form {
  readonly path: string;
  /** The folder of the class whose forms show it: its own, or that of the form that pulls it in. */
  readonly folder: string;
  /** The keys whose texts it shows beside the field of the user's name; where no label says so, all: @@L_UserName_Text. */
  readonly keys: readonly string[];
  /** Whether it has a field for the user's name. */
  readonly asksForName: boolean;
  /** A label of that field in the form itself. */
  readonly ownLabel?: string;
  /** Other texts of its own that name the domain: a placeholder, a paragraph, a text that a script writes. */
  readonly domainTexts: readonly string[];
  /** Lines that put a domain before what the user types. */
  readonly domainLines: readonly DomainLine[];
  /** The scripts that it pulls in, as it writes them. */
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
  const ownLabel = labels.find((label) => !label.includes('@@'));
  return {
    path: file,
    folder: path.dirname(file),
    keys: keysIn(labels.length > 0 ? labels.join(' ') : live),
    asksForName: nameField.test(live) || labels.length > 0,
    ...(ownLabel === undefined ? {} : { ownLabel }),
    domainTexts: domainTextsIn(live, isScript, labels),
    domainLines: domainLinesIn(live, text),
    scripts: isScript ? [] : scriptsIn(live),
  };
}

/** Code pages that a page names in another way than by their number: only their backslashes and letters count here. */
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

/** In a code page of East Asia a byte of a character may be that of a backslash: what the page says of itself counts. */
function textOf(bytes: Buffer): string {
  const start = bytes.subarray(0, 4096).toString('latin1');
  const [, charset = ''] = /\bcharset\s*=\s*["']?([\w-]+)/i.exec(start) ?? [];
  const page = pagesByName[charset.toLowerCase()] ?? Number(/^windows-(\d+)$/i.exec(charset)?.[1]);
  const detected = detectEncoding(bytes, 1252, encodingOfCodePage(page));
  return detected.kind === 'text' ? decodeText(bytes, detected.encoding) : bytes.toString('latin1');
}

const blank = (text: string): string => text.replace(/[^\r\n]/g, ' ');

/** The page without what is commented out, in markup and in scripts; every other character keeps its line. */
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

const nameField = /<input\b[^>]*\bname\s*=\s*["']?(?:username|userid)\b/i;

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
  return withBackslashes(html.replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();
}

/** A backslash may be written as an entity. */
function withBackslashes(html: string): string {
  return html.replace(/&(?:#0*92|#x0*5c|bsol);?/gi, '\\');
}

/** Two words with a backslash between them. */
const namesDomain = /\p{L}[^\S\r\n]?\\[^\S\r\n]?\p{L}/u;

/** The texts of its own that name the domain, each once: of attributes a user sees, of the page and of its scripts. */
function domainTextsIn(text: string, isScript: boolean, labels: readonly string[]): readonly string[] {
  const scripts = isScript
    ? [text]
    : [...text.matchAll(/<script\b[^>]*>(.*?)(?:<\/script|$)/gis)].map(([, of = '']) => of);
  const written = scripts.flatMap((script) =>
    [...script.matchAll(/"((?:[^"\\\r\n]|\\.)*)"|'((?:[^'\\\r\n]|\\.)*)'/g)]
      .map(([, double, single]) => (double ?? single ?? '').replaceAll('\\\\', '\\'))
      .filter((words) => namesDomain.test(words)),
  );
  if (isScript) return distinct(written);
  const markup = text.replace(/<(script|style)\b[^>]*>.*?(?:<\/\1\s*>|$)/gis, ' ');
  const seen = markup.matchAll(/\s(?:placeholder|title|alt|aria-label)\s*=\s*(?:(["'])(.*?)\1|([^\s"'>]+))/gis);
  const attributes = [...seen].map(([, , quoted, bare]) => withBackslashes(quoted ?? bare ?? ''));
  const inText = plainLines(markup).filter((line) => namesDomain.test(line) && !labels.includes(line));
  return distinct([...attributes.filter((words) => words.includes('\\')), ...inText, ...written]);
}

/** What stands between the tags. */
function plainLines(markup: string): readonly string[] {
  return markup.split(/<[^>]*>/).map(plainText);
}

/** A backslash at the end of a text: "CONTOSO\\", '\x5c', "CONTOSO%5C" */
const ended = String.raw`(?:\\\\|%5c|\\x5c|\\u005c|\\134)["']`;
const fromCode = String.raw`fromCharCode\(\s*(?:92|0x5c)\s*\)`;
/**
 * "CONTOSO\\" + name, domain.concat("\\", name), [domain, name].join("\\"), x = "CONTOSO\\"; `CONTOSO\\${name}`,
 * String.fromCharCode(92) + name, unescape("CONTOSO%5C") + name, name.replace(/^/, "CONTOSO\\"), VBScript's
 * "CONTOSO\" & name, <input name="username" value="CONTOSO\">
 */
const putsDomain = new RegExp(
  [
    `${ended}\\s*(?:\\+|\\.concat\\()`,
    String.raw`\b(?:unescape|decodeURI\w*)\(\s*["'][^"'\r\n]*%5c["']\s*\)\s*(?:\+|\.concat\()`,
    `\\.concat\\([^()]*${ended}`,
    `\\.join\\(\\s*["']${ended}`,
    `[^=!<>]=\\s*["'][^"'\\r\\n]*${ended}\\s*(?:[;,}]|$)`,
    String.raw`\\\\\$\{`,
    `${fromCode}\\s*(?:[+;,]|\\.concat\\()`,
    String.raw`\.replace\(\s*\/\^[^/\r\n]*\/\w*\s*,\s*["'][^"'\r\n]*(?:\\\\|%5c|\\x5c|\\u005c)`,
    String.raw`[^\s\\"]\\"\s*&\s*\w`,
    String.raw`<input\b(?=[^>]*\sname\s*=\s*["']?(?:username|userid)\b)[^>]*\svalue\s*=\s*["']?[^"'\s>]*(?:\\|&#0*92;|&#x0*5c;|&bsol;)`,
  ].join('|'),
  'gim',
);
/** A test for an @, which spares addresses. */
const atTest = /["'/]@["'/]/;
/** A test may be so many lines and characters before; a script may be one long line. */
const linesBefore = 3;
const charactersBefore = 300;

function domainLinesIn(live: string, text: string): readonly DomainLine[] {
  const starts = lineStarts(text);
  const lines = [...live.matchAll(putsDomain)].map(({ index, 0: match }) => {
    // What is matched may begin with the white space before it.
    const at = index + match.length - match.trimStart().length;
    const line = starts.findLastIndex((start) => start <= at);
    const start = starts[line] ?? 0;
    const end = starts[line + 1] ?? text.length;
    const before = Math.max(starts[Math.max(0, line - linesBefore)] ?? 0, at - charactersBefore);
    // Of a script in one line only the part around it can be read.
    const shown =
      end - start > charactersBefore ? text.slice(Math.max(start, at - 40), at + 80) : text.slice(start, end);
    return { line: line + 1, text: shown.trim(), testsForAt: atTest.test(live.slice(before, at + match.length)) };
  });
  return distinct(lines, ({ line, text: words }) => `${line} ${words}`);
}

function lineStarts(text: string): readonly number[] {
  return [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map(({ index, 0: end }) => index + end.length)];
}

/** <script src="flogon.js">, also as TMG hands out what lies beside a form: src="/CookieAuth.dll?GetPic?…&image=flogon.js" */
function scriptsIn(html: string): readonly string[] {
  const tags = [...html.matchAll(/<script\b[^>]*>/gi)].map(([tag]) => attributeOf(tag, 'src'));
  return distinct(tags.filter((source) => source !== ''));
}

/** Where a script lies that a form pulls in; undefined if that is on a server, or anywhere but below the class's folder or beside it. */
export function scriptFile(folder: string, source: string): string | undefined {
  const plain = withBackslashes(source.replace(/&amp;/gi, '&'));
  if (/^(?:[a-z][a-z+.-]*:|[\\/]{2})/i.test(plain)) return undefined;
  const image = /[?&]image=([^&#]+)/i.exec(plain)?.[1];
  const name = (image ?? plain.replace(/[?#].*$/s, '')).replaceAll('\\', '/');
  // What the server has at its root is not in the folders of the forms.
  if (name.startsWith('/') || !/\.\w+$/.test(name)) return undefined;
  return path.join(folder, ...name.split('/'));
}
