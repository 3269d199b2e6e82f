/** The forms beside the strings.txt files: which keys they show, what they bring of their own, and what their scripts do. */

import { decodeText, detectEncoding } from '../../files/text-encoding.ts';
import { distinct } from '../../words.ts';

/** What was found in a form (.htm) or a script (.js). */
export interface Form {
  readonly path: string;
  /** The keys whose texts it shows beside the field of the user's name; where no label says so, all: @@L_UserName_Text. */
  readonly keys: readonly string[];
  /** Whether it has a field for the user's name. */
  readonly asksForName: boolean;
  /** A label of that field in the form itself. */
  readonly ownLabel?: string;
  /** A placeholder in the form itself that names the domain. */
  readonly placeholder?: string;
  /** Lines that put a domain before what the user types. */
  readonly domainLines: readonly { readonly line: number; readonly text: string }[];
}

/** Reads a form or script; one in an unknown encoding is read byte for byte. */
export function readForm(file: string, bytes: Buffer): Form {
  const detected = detectEncoding(bytes, 1252);
  const text = detected.kind === 'text' ? decodeText(bytes, detected.encoding) : bytes.toString('latin1');
  const labels = labelsOfName(text);
  const ownLabel = labels.find((label) => !label.includes('@@'));
  const placeholder = placeholderOf(text);
  return {
    path: file,
    keys: keysIn(labels.length > 0 ? labels.join(' ') : text),
    asksForName: nameField.test(text) || labels.length > 0,
    ...(ownLabel === undefined ? {} : { ownLabel }),
    ...(placeholder === undefined ? {} : { placeholder }),
    domainLines: domainLinesIn(text),
  };
}

const nameField = /<input\b[^>]*\bname\s*=\s*["']?(?:username|userid)\b/i;

function keysIn(text: string): readonly string[] {
  return distinct([...text.matchAll(/@@(\w+)/g)].map(([, key = '']) => key));
}

/** The texts of <label for="username">. */
function labelsOfName(text: string): readonly string[] {
  const labels = text.matchAll(/<label\b[^>]*\bfor\s*=\s*["']?(?:username|userid)\b[^>]*>(.*?)<\/label>/gis);
  return [...labels]
    .map(([, inner = '']) =>
      inner
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((label) => label !== '');
}

/** A placeholder with a backslash, which may be unquoted and written as an entity. */
function placeholderOf(text: string): string | undefined {
  for (const [, , quoted, bare] of text.matchAll(/\bplaceholder\s*=\s*(?:(["'])(.*?)\1|([^\s"'>]+))/gi)) {
    const placeholder = (quoted ?? bare ?? '').replace(/&(?:#92|#x5c|bsol);?/gi, '\\');
    if (placeholder.includes('\\')) return placeholder;
  }
  return undefined;
}

/** "CONTOSO\\" + name, domain + "\\" + name, `CONTOSO\\${name}`, String.fromCharCode(92) + name, "CONTOSO%5C" + name */
const putsDomain = /(?:\\\\|%5c)["']\s*(?:\+|\.concat\()|\\\\\$\{|fromCharCode\(\s*92\s*\)\s*\+/i;
/** A test for an @, which spares addresses. */
const testsForAt = /["'/]@["'/]/;
/** A test may be so many lines above. */
const linesAbove = 3;

function domainLinesIn(text: string): Form['domainLines'] {
  const lines = text.split(/\r\n|\n|\r/);
  return lines.flatMap((line, index) => {
    if (!putsDomain.test(line) || /^\s*\/\//.test(line)) return [];
    const around = lines.slice(Math.max(0, index - linesAbove), index + 1);
    return around.some((above) => testsForAt.test(above)) ? [] : [{ line: index + 1, text: line.trim() }];
  });
}
