/** ExchangeSetup.log: which object of the directory setup took for the machine's own. */

import { UsageError } from '../../errors.ts';

export interface SetupLog {
  /** The name that setup looked for, the last time that it did. */
  readonly name: string | undefined;
  /** The DN of the object that it found. */
  readonly dn: string | undefined;
  /** Whether setup ended in "inconsistent state". */
  readonly isInconsistentState: boolean;
}

/**
 * Reads what setup wrote of its search. The last run in the log counts.
 * @param source the file's name, for the error
 * @throws UsageError if the log says nothing of a server object
 */
export function readSetupLog(bytes: Buffer, source: string): SetupLog {
  const text = textOf(bytes);
  const name = lastOf(
    text,
    /Setup will search for an Exchange Server object for the local machine with name '([^']*)'/g,
  );
  const dn = lastOf(text, /Exchange Server object found\s*:\s*'([^'\r\n]*)'/g);
  if (name === undefined && dn === undefined) {
    throw new UsageError({
      attempted: 'read the setup log',
      on: source,
      cameBack: 'it does not say which server object setup looked for',
      next: 'Give ExchangeSetup.log of the failed run (C:\\ExchangeSetupLogs\\ExchangeSetup.log), or name the server with --name.',
    });
  }
  return { name, dn, isInconsistentState: /is in an inconsistent state/.test(text) };
}

/** Setup writes UTF-8; what was saved by Notepad or PowerShell may be UTF-16. */
function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return Buffer.from(bytes.subarray(2, bytes.length & ~1))
      .swap16()
      .toString('utf16le');
  // UTF-16 without a mark: every second byte of the ASCII that a log begins with is NUL.
  if (bytes[1] === 0 && bytes[0] !== 0) return bytes.toString('utf16le');
  return bytes.toString('utf8');
}

function lastOf(text: string, pattern: RegExp): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[1];
}
