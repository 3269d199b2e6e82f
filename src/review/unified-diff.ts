/** A file's change as a unified diff of its text as UTF-8, which patch and git apply accept. */

import type { FileChange, Plan } from '../change/plan.ts';
import { spliceBytes } from '../files/strings-file.ts';
import { decodeText, type TextEncoding } from '../files/text-encoding.ts';
import { unseen } from '../quoting.ts';
import { commentsOf } from './summary.ts';

const contextLines = 3;

/** What comes before the diffs: which plan, and what they are for. Programs that read diffs skip these lines. */
export function diffHead(plan: Plan): string {
  const lines = [
    'The changes of the plan as text in UTF-8, for reading. Apply them with adsi-remedy apply, which keeps every',
    'encoding and checks every file; patch applies them only to files that are UTF-8 themselves.',
    ...commentsOf(plan),
  ];
  return `${lines.map((line) => `# ${line}`).join('\n')}\n\n`;
}

/**
 * The diff of one file.
 *
 * @param hunks as diffHunks gives them
 * @param name the path to print after a/ and b/, with forward slashes
 */
export function unifiedDiff(hunks: string, name: string): string {
  // A tab after the name keeps a path with spaces whole (POSIX diff).
  return `--- ${quotedName(`a/${name}`)}\t\n+++ ${quotedName(`b/${name}`)}\t\n${hunks}`;
}

/**
 * A name with a line break could hold lines that are read as a diff, and one with unseen characters look like another
 * name: git and patch read these in quotes, with the bytes of such characters in octal.
 */
function quotedName(name: string): string {
  if (!unseen.test(name)) return name;
  const octal = (character: string): string =>
    [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  return `"${name.replace(/["\\]/g, '\\$&').replace(new RegExp(unseen, 'gu'), octal)}"`;
}

/**
 * What a diff shows below the names: the same for all files with the same bytes and edits.
 *
 * @param bytes the file before the change
 */
export function diffHunks(bytes: Buffer, change: FileChange): string {
  const encoding = change.encoding as TextEncoding;
  const after = spliceBytes(
    bytes,
    change.splices.map((splice) => ({
      offset: splice.offset,
      old: Buffer.from(splice.old, 'base64'),
      new: Buffer.from(splice.new, 'base64'),
    })),
  );
  const old = linesOf(utf8Rendering(bytes, encoding));
  const now = linesOf(utf8Rendering(after, encoding));
  // A label has no line break, so both sides have the same number of lines.
  const changed = old.flatMap((line, index) => (line === now[index] ? [] : [index]));
  return hunkRanges(changed, old.length)
    .map(([from, to]) => hunk(old, now, from, to))
    .join('');
}

/** The text as UTF-8 has it: the byte order mark of UTF-16 is no part of it, that of a UTF-8 file is. */
function utf8Rendering(bytes: Buffer, encoding: TextEncoding): string {
  const text = decodeText(bytes, encoding);
  return encoding.startsWith('utf-16') ? text.replace(/^\ufeff/, '') : text;
}

/** Lines with their line feeds, the last one without if the file has none. A lone carriage return ends no line here. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Ranges of lines, the end not included, that hold the changed lines with their context; near ones are one range. */
function hunkRanges(changed: readonly number[], lineCount: number): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (const index of changed) {
    const from = Math.max(0, index - contextLines);
    const to = Math.min(lineCount, index + contextLines + 1);
    const last = ranges.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else ranges.push([from, to]);
  }
  return ranges;
}

function hunk(old: readonly string[], now: readonly string[], from: number, to: number): string {
  const lines: string[] = [];
  const place = `${from + 1},${to - from}`;
  for (let index = from; index < to; index += 1) {
    const before = old[index] ?? '';
    const after = now[index] ?? '';
    if (before === after) lines.push(` ${ended(before)}`);
    else lines.push(`-${ended(before)}`, `+${ended(after)}`);
  }
  return `@@ -${place} +${place} @@\n${lines.join('')}`;
}

function ended(line: string): string {
  return line.endsWith('\n') ? line : `${line}\n\\ No newline at end of file\n`;
}
