/**
 * The file of a change: the one that the planned path still leads to and no other, with the bytes that the plan expects
 * (fingerprints), and the runs of them that it replaces (splices), checked at the moment of writing.
 */

import { createHash, hash } from 'node:crypto';
import { FileError } from '../errors.ts';
import { type FileSystem, sameRealPath } from '../files/file-system.ts';
import { type ByteSplice, findValues, spliceBytes } from '../files/strings-file.ts';
import { type Patience, withPatience } from '../files/system-errors.ts';
import { type TextEncoding, unitLength } from '../files/text-encoding.ts';
import type { FileChange, FileFingerprint, Splice } from './plan.ts';

type Place = Pick<FileChange, 'path' | 'realPath'>;

/** The file itself, where the planned path leads through links: those are never followed to another file. */
export function targetOf({ path, realPath = path }: Place): string {
  return realPath;
}

/** That the path leads to another file than the planned one, in words; undefined if it does not. */
export function leadsElsewhere(change: Place, found: string): string | undefined {
  if (sameRealPath(found, targetOf(change))) return undefined;
  return `the path now leads to another file than when the plan was made: ${found}`;
}

/**
 * What the planned file holds. A plan from someone else may name any file as the real one: it is opened only if the
 * path leads to it.
 * @throws an Error if the path leads elsewhere or to no plain file; what the system says otherwise
 */
export async function fingerprintOfTarget(
  change: Place,
  files: Pick<FileSystem, 'realpath' | 'readFile'>,
  patience: Patience,
): Promise<FileFingerprint> {
  const target = targetOf(change);
  return withPatience(patience, target, async () => {
    const other = leadsElsewhere(change, await files.realpath(change.path));
    if (other !== undefined) throw new Error(other);
    return fileFingerprint(await files.readFile(target));
  });
}

/** The fingerprint of a file with these bytes. */
export function fileFingerprint(bytes: Buffer): FileFingerprint {
  return { length: bytes.length, sha256: hash('sha256', bytes) };
}

/** The fingerprint of a file that consists of these parts. */
export function fingerprintOfParts(parts: readonly Buffer[]): FileFingerprint {
  const sha256 = createHash('sha256');
  let length = 0;
  for (const part of parts) {
    sha256.update(part);
    length += part.length;
  }
  return { length, sha256: sha256.digest('hex') };
}

/** Whether two fingerprints are of the same bytes. */
export function sameFingerprint(one: FileFingerprint, other: FileFingerprint): boolean {
  return one.length === other.length && one.sha256 === other.sha256;
}

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
      cameBack: misfit ?? 'the edited content is not what the plan expected',
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
