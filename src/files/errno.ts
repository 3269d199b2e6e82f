import { errnoOf } from '../errors.ts';

const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'permission denied',
  EPERM: 'the operation is not permitted',
  EBUSY: 'it is in use by another program',
  EEXIST: 'it exists already',
  ENOTEMPTY: 'the folder is not empty',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the path is too long',
  ELOOP: 'too many symbolic links',
  EIO: 'the disk or the network share reported an I/O error',
  EXDEV: 'it lies on another file system',
};

/**
 * Node has no code for these errors of Windows and reports all of them as UNKNOWN: ERROR_BAD_NETPATH,
 * ERROR_NETWORK_ACCESS_DENIED, ERROR_BAD_NET_NAME and ERROR_LOGON_FAILURE (winerror.h). `net view` shows the number.
 */
const networkWords =
  'Windows reported a network error: the computer was not found (53), network access is denied (65), there is no such share (67), or the user name or password is wrong (1326)';

/** The system's error in words, with its code: "permission denied (EACCES)". */
export function errnoInWords(error: unknown): string {
  const code = errnoOf(error);
  if (code === 'UNKNOWN')
    return `${isOnShare(error) ? networkWords : 'Windows reported an error without a name'} (UNKNOWN)`;
  // realpath of Windows asks the volume for its name, which RAM disks and some virtual drives do not have.
  if (code === 'EISDIR' && syscallOf(error) === 'realpath') return 'the drive cannot resolve links (EISDIR)';
  if (code !== undefined && words[code] !== undefined) return `${words[code]} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

function isOnShare(error: unknown): boolean {
  return error instanceof Error && 'path' in error && /^[\\/]{2}/.test(String(error.path));
}

function syscallOf(error: unknown): unknown {
  return error instanceof Error && 'syscall' in error ? error.syscall : undefined;
}

/**
 * What to do about a refusal: on Windows a lack of rights often means that the prompt is not elevated.
 * @param otherwise the advice for everything else
 */
export function adviceFor(error: unknown, otherwise: string, platform: NodeJS.Platform = process.platform): string {
  const code = errnoOf(error);
  if (platform !== 'win32' || (code !== 'EPERM' && code !== 'EACCES')) return otherwise;
  return `${otherwise} If no other program holds it, the right to write there is missing: open the prompt with "Run as administrator".`;
}
