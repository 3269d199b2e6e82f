import {
  close,
  closeSync,
  fchmod,
  fchmodSync,
  fchown,
  fchownSync,
  fdatasync,
  fstat,
  fstatSync,
  fsync,
  linkSync,
  lstatSync,
  open,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { link, lstat, readFile, rename, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { atOnceWhileQuick, type SmallSteps } from './at-once.ts';
import type { FileSystem, OpenFile } from './replace-file.ts';

const openFile = promisify(open);
const writeTo = promisify(write);
const statOf = promisify(fstat);
const changeOwner = promisify(fchown);
const changeMode = promisify(fchmod);
const syncAll = promisify(fsync);
const syncData = promisify(fdatasync);
const closeFile = promisify(close);

/**
 * The system's files, for replacing many of them: what a local disk does within microseconds is done at once, and
 * what waits for the disk itself, the syncs, on other threads. A FileHandle hands over every step, which takes four
 * times the processor time.
 */
export function systemFiles(): FileSystem {
  const step = atOnceWhileQuick();
  const creation = atOnceWhileQuick();
  return {
    link: (file, name) =>
      step(
        () => linkSync(file, name),
        () => link(file, name),
      ),
    lstat: (file) =>
      step(
        () => lstatSync(file),
        () => lstat(file),
      ),
    readFile: (file) =>
      step(
        () => readFileSync(file),
        () => readFile(file),
      ),
    rename: (from, to) =>
      step(
        () => renameSync(from, to),
        () => rename(from, to),
      ),
    unlink: (file) =>
      step(
        () => unlinkSync(file),
        () => unlink(file),
      ),
    open: async (file, flags, mode) => {
      const descriptor = await (flags === 'r' ? step : creation)(
        () => openSync(file, flags, mode),
        () => openFile(file, flags, mode),
      );
      return fileOf(descriptor, step);
    },
  };
}

function fileOf(descriptor: number, step: SmallSteps): OpenFile {
  return {
    stat: () =>
      step(
        () => fstatSync(descriptor),
        () => statOf(descriptor),
      ),
    write: (bytes, offset, length, position) =>
      step(
        () => ({ bytesWritten: writeSync(descriptor, bytes, offset, length, position) }),
        () => writeTo(descriptor, bytes, offset, length, position),
      ),
    chown: (user, group) =>
      step(
        () => fchownSync(descriptor, user, group),
        () => changeOwner(descriptor, user, group),
      ),
    chmod: (mode) =>
      step(
        () => fchmodSync(descriptor, mode),
        () => changeMode(descriptor, mode),
      ),
    sync: () => syncAll(descriptor),
    datasync: () => syncData(descriptor),
    close: () =>
      step(
        () => closeSync(descriptor),
        () => closeFile(descriptor),
      ),
  };
}
