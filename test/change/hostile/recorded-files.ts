/**
 * What a file system is asked to put in place: the real applyPlan and writer of files, on files in memory that fit the
 * plan.
 */

import type { Stats } from 'node:fs';
import { applyPlan } from '../../../src/change/apply.ts';
import { fileWriter } from '../../../src/change/file-writer.ts';
import type { FileChange, Plan } from '../../../src/change/plan.ts';
import { fileFingerprint } from '../../../src/change/planned-file.ts';
import type { FileSystem, OpenFile } from '../../../src/files/file-system.ts';
import type { TextEncoding } from '../../../src/files/text-encoding.ts';
import { systemError } from '../../support/faulty-file-system.ts';
import { countingIds, fixedClock, noWaiting } from '../../support/fixed-world.ts';
import { encodedAs } from '../../support/strings-content.ts';

/** A value that a file was given, as the bytes on the disk have it. */
export interface RecordedValue {
  readonly path: string;
  /** The file that took the new bytes. */
  readonly target: string;
  readonly language: string;
  readonly encoding: string;
  readonly key: string;
  readonly old: Buffer;
  readonly now: Buffer;
}

/** A line of a file: what is before the value that the plan names, the value, and what is behind it. */
interface Line {
  readonly key: string;
  readonly before: Buffer;
  readonly old: Buffer;
  readonly behind: Buffer;
}

const whole = (line: Line): Buffer => Buffer.concat([line.before, line.old, line.behind]);

/** A file that a plan was made for: a line for each splice, the value within a longer one unless it brings its quotes. */
class KnownFile {
  readonly #lines: readonly Line[];
  readonly #lineEnd: Buffer;
  readonly change: FileChange;
  readonly content: Buffer;

  constructor(change: FileChange) {
    this.change = change;
    const text = (of: string): Buffer => encodedAs(change.encoding.replace(' with BOM', '') as TextEncoding, of);
    this.#lineEnd = text('\r\n');
    this.#lines = change.splices.map((splice) => {
      const old = Buffer.from(splice.old, 'base64');
      const isQuoted = old.indexOf(text('"')) === 0;
      return {
        key: splice.key,
        before: text(isQuoted ? `${splice.key}=` : `${splice.key}="now `),
        old,
        behind: text(isQuoted ? '' : ' here"'),
      };
    });
    this.content = Buffer.concat(this.#lines.flatMap((line) => [whole(line), this.#lineEnd]));
  }

  get target(): string {
    return this.change.realPath ?? this.change.path;
  }

  /** The change as someone writes it who knows the file: it stands where the plan says, with the sums that it says. */
  fitted(): FileChange {
    let end = 0;
    const splices = this.change.splices.map((splice, index) => {
      const line = this.#lines[index];
      const offset = end + (line?.before.length ?? 0);
      end += line === undefined ? 0 : whole(line).length + this.#lineEnd.length;
      return { ...splice, line: index + 1, offset };
    });
    const after = this.#lines.flatMap((line, index) => [
      line.before,
      Buffer.from(splices[index]?.new ?? '', 'base64'),
      line.behind,
      this.#lineEnd,
    ]);
    const before = fileFingerprint(this.content);
    return { ...this.change, splices, before, after: fileFingerprint(Buffer.concat(after)) };
  }

  /** The values in which new content differs; what is no line of the file any more is a value of no key. */
  valuesOf(content: Buffer): readonly RecordedValue[] {
    const { path, language, encoding } = this.change;
    const lines = splitAt(content, this.#lineEnd);
    return [...lines, ...this.#lines.slice(lines.length).map(() => Buffer.alloc(0))].flatMap((bytes, index) => {
      const line = this.#lines[index];
      if (line !== undefined && bytes.equals(whole(line))) return [];
      const { key, before, old, behind } = line ?? { key: '', before: bytes, old: bytes, behind: bytes };
      const now = bytes.subarray(before.length, bytes.length - behind.length);
      const isLine = bytes.equals(Buffer.concat([before, now, behind]));
      return [
        { path, target: this.target, language, encoding, key: isLine ? key : 'no key', old, now: isLine ? now : bytes },
      ];
    });
  }
}

/** The parts that each end so. */
function splitAt(bytes: Buffer, end: Buffer): readonly Buffer[] {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(end); at !== -1; at = bytes.indexOf(end, from)) {
    parts.push(bytes.subarray(from, at));
    from = at + end.length;
  }
  return from === bytes.length ? parts : [...parts, bytes.subarray(from)];
}

/** Files that are there, each behind the path of its plan; `placed` is called with what is renamed to a file. */
function inMemory(known: readonly KnownFile[], placed: (target: string, content: Buffer) => void): FileSystem {
  const files = new Map(known.map(({ target, content }) => [target, content]));
  const behind = new Map(known.map(({ change, target }) => [change.path, target]));
  const contentOf = (file: string): Buffer => {
    const content = files.get(file);
    if (content === undefined) throw systemError('ENOENT');
    return content;
  };
  const statsOf = (file: string): Stats =>
    ({ ...attributes, size: contentOf(file).length, isFile: () => true, isSymbolicLink: () => false }) as Stats;
  const handle = (file: string): OpenFile =>
    ({
      stat: async () => statsOf(file),
      write: async (bytes, offset, length) => {
        files.set(file, Buffer.concat([contentOf(file), bytes.subarray(offset, offset + length)]));
        return { bytesWritten: length };
      },
      sync: async () => undefined,
      close: async () => undefined,
    }) satisfies Partial<OpenFile> as unknown as OpenFile;
  return {
    access: async () => undefined,
    holds: async (file, content) => contentOf(file).equals(content),
    link: async () => undefined,
    lstat: async (file) => statsOf(file),
    open: async (file, flags) => {
      if (flags === 'wx') files.set(file, Buffer.alloc(0));
      return handle(file);
    },
    readFile: async (file) => contentOf(file),
    realpath: async (file) => behind.get(file) ?? file,
    rename: async (from, to) => {
      placed(to, contentOf(from));
      files.set(to, contentOf(from));
      files.delete(from);
    },
    unlink: async (file) => {
      files.delete(file);
    },
  };
}

const attributes = { dev: 1, ino: 1, mode: 0o644, mtimeMs: 0, nlink: 1, uid: 0, gid: 0 };

/** A plan as someone makes it who knows the files, and the values that these are given when it is applied. */
export interface RecordedFiles {
  readonly plan: Plan<FileChange>;
  readonly values: readonly RecordedValue[];
}

/** @param backupFolder a folder of this computer: it gets folders, and no file */
export async function recordedFiles(hostile: Plan<FileChange>, backupFolder: string): Promise<RecordedFiles> {
  const known = hostile.changes.map((change) => new KnownFile(change));
  const plan = { ...hostile, changes: known.map((file) => file.fitted()) };
  const values: RecordedValue[] = [];
  const files = inMemory(known, (target, content) => {
    const file = known.findLast((one) => one.target === target);
    if (file === undefined) throw new Error(`asked to replace ${target}, which no change names`);
    values.push(...file.valuesOf(content));
  });
  await applyPlan({
    plan,
    findings: [],
    writer: fileWriter({ files, backupFolder, planId: plan.id, patience: noWaiting, randomId: countingIds() }),
    journal: { append: async () => {}, enqueue: () => {}, close: async () => {} },
    records: [],
    now: fixedClock,
    signal: new AbortController().signal,
  });
  return { plan, values };
}
