/** Splices: the runs of bytes that a change replaces in a file, checked against the file at the moment of writing. */

import { FileError } from '../errors.ts';
import { type ByteSplice, findValues, spliceBytes } from '../files/strings-file.ts';
import { type TextEncoding, unitLength } from '../files/text-encoding.ts';
import { fileFingerprint, sameFingerprint } from './fingerprint.ts';
import type { FileChange, Splice } from './plan.ts';

type Edit = Pick<FileChange, 'encoding' | 'splices'>;

/**
 * Why the splices of a change do not fit a file's bytes, as a clause; undefined if they fit. They must be in ascending
 * order and not overlap, replace the bytes that the file has there, and lie within a value of their key, both the old
 * bytes before the edit and the new ones after it: so no edit reaches another key or adds one.
 */
export function checkSplices(bytes: Buffer, change: Edit): string | undefined {
  let end = 0;
  let shift = 0;
  const newRuns: Run[] = [];
  for (const splice of change.splices) {
    const { offset } = splice;
    const { old, new: now } = bytesOf(splice);
    if (!Number.isSafeInteger(offset) || offset < end)
      return `the edit of ${placeOf(splice)} overlaps the one before it`;
    if (!bytes.subarray(offset, offset + old.length).equals(old)) {
      return `the edit of ${placeOf(splice)} expects other bytes than the file has there`;
    }
    if (!isInValue({ splice, offset, length: old.length }, bytes, change)) return outside(splice);
    newRuns.push({ splice, offset: offset + shift, length: now.length });
    end = offset + old.length;
    shift += now.length - old.length;
  }
  const edited = edit(bytes, change);
  const strayed = newRuns.find((run) => !isInValue(run, edited, change));
  return strayed && outside(strayed.splice);
}

/** Gives the bytes of a file, which must be those of `change.before`, with the plan's splices done. */
export type FileEditor = (bytes: Buffer, change: FileChange) => Buffer;

/**
 * An editor for the files of one run. The members of an array have the same files: whether splices fit and give what the
 * plan foresaw is found out once for all files with the same bytes, the same edits and the same bytes foreseen.
 * @throws (the editor) FileError if the splices do not fit, or the result is not what the plan foresaw
 */
export function fileEditor(): FileEditor {
  const fitting = new Set<string>();
  return (bytes, change) => {
    const like = `${likenessOf(change)} ${change.after.length} ${change.after.sha256}`;
    if (fitting.has(like)) return edit(bytes, change);
    const misfit = checkSplices(bytes, change);
    const content = misfit === undefined ? edit(bytes, change) : undefined;
    if (content !== undefined && sameFingerprint(fileFingerprint(content), change.after)) {
      fitting.add(like);
      return content;
    }
    throw new FileError({
      attempted: 'edit the file as planned',
      on: change.path,
      cameBack: misfit ?? 'the edited content is not what the plan foresaw',
      next: 'The file keeps its old content. Make a new plan.',
    });
  };
}

/** The same for changes that make the same edits in the same bytes, wherever their files lie. */
export function likenessOf({ before, encoding, splices }: FileChange): string {
  return JSON.stringify([before.sha256, encoding, splices]);
}

function edit(bytes: Buffer, change: Edit): Buffer {
  return spliceBytes(bytes, change.splices.map(bytesOf));
}

function bytesOf(splice: Splice): ByteSplice {
  return {
    offset: splice.offset,
    old: Buffer.from(splice.old, 'base64'),
    new: Buffer.from(splice.new, 'base64'),
  };
}

function placeOf({ key, line }: Splice): string {
  return `${key} in line ${line}`;
}

function outside(splice: Splice): string {
  return `the edit of ${placeOf(splice)} is not within the value of that key`;
}

interface Run {
  readonly splice: Splice;
  /** In bytes, of the content that the run is looked for in. */
  readonly offset: number;
  readonly length: number;
}

/** Whether a run lies between the quotes of a value, or takes the value with its quotes, which an edit may add or remove. */
function isInValue({ splice, offset, length }: Run, bytes: Buffer, change: Edit): boolean {
  // An encoding that is none of ours is read byte by byte, and finds no key that is not in the bytes.
  const encoding = change.encoding as TextEncoding;
  return findValues(bytes, encoding, splice.key).some((value) => {
    if (value.kind !== 'value' || value.line !== splice.line) return false;
    const end = value.offset + value.length;
    if (offset >= value.offset && offset + length <= end) return true;
    const quote = value.isQuoted ? unitLength(encoding) : 0;
    return offset === value.offset - quote && offset + length === end + quote;
  });
}
