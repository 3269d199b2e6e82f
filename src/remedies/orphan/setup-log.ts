/** ExchangeSetup.log: which object of the directory setup took for the machine's own. */

import { createHash } from 'node:crypto';
import { DnSyntaxError, parseDn } from '../../ad/dn.ts';
import { UsageError } from '../../errors.ts';

export interface SetupLog {
  /** The file's name, for people. */
  readonly source: string;
  /** The name that setup looked for. */
  readonly name: string | undefined;
  /** The DN of the object that it found. */
  readonly dn: string | undefined;
  /** Of the file's bytes, hex. */
  readonly sha256: string;
  /** Why the machine has Exchange on it, in the log's own words; undefined if the log shows none. */
  readonly installed: string | undefined;
  /** Whether setup ended in "inconsistent state". */
  readonly isInconsistentState: boolean;
}

/**
 * Reads what setup wrote of its search. Each run is written behind the one before: only what stands behind the last
 * search counts, so that an object that an earlier run found is not taken for that of a later one, which found none.
 *
 * @param source the file's name, for people
 * @throws UsageError if the log says nothing of a server object, or names one by what is no DN
 */
export function readSetupLog(bytes: Buffer, source: string): SetupLog {
  const text = textOf(bytes);
  const search = lastOf(
    text,
    /Setup will search for an Exchange Server object for the local machine with name '(.*)'/g,
  );
  const lastRun = text.slice(search?.index ?? 0);
  const name = search?.[1];
  const dn = lastOf(lastRun, /Exchange Server object found\s*:\s*'(.*)'/g)?.[1];
  if (name === undefined && dn === undefined) {
    throw new UsageError({
      attempted: 'read the setup log',
      on: source,
      cameBack: 'it does not say which server object setup looked for',
      next: 'Give ExchangeSetup.log of the failed run (C:\\ExchangeSetupLogs\\ExchangeSetup.log), or name the server with --name.',
    });
  }
  if (dn !== undefined) requireDn(dn, source);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const installed = installedIn(lastRun);
  return { source, name, dn, sha256, installed, isInconsistentState: /is in an inconsistent state/.test(lastRun) };
}

/**
 * What shows that the machine has Exchange: an update that failed (mode BuildToBuildUpgrade), or installed roles beside the
 * management tools. Roles that are only "unpacked" are those of a first install that stopped half-way.
 */
function installedIn(run: string): string | undefined {
  const mode = lastOf(run, /The installation mode is set to\s*:\s*'BuildToBuildUpgrade'/g);
  if (mode !== undefined) return mode[0];
  const [line = '', roles = ''] = lastOf(run, /The following roles are installed\s*:(.*)/g) ?? [];
  const installed = roles.match(/\w+Role\b/g) ?? [];
  return installed.some((role) => !/^AdminToolsRole$/i.test(role)) ? line.trim() : undefined;
}

function requireDn(dn: string, source: string): void {
  try {
    parseDn(dn);
  } catch (error) {
    if (!(error instanceof DnSyntaxError)) throw error;
    throw new UsageError({
      attempted: 'read the server object that setup found',
      on: `${source}: '${dn}'`,
      cameBack: error.trouble.cameBack,
      next: 'The log is damaged there: name the server with --name or --dn.',
      cause: error,
    });
  }
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

function lastOf(text: string, pattern: RegExp): RegExpExecArray | undefined {
  return [...text.matchAll(pattern)].at(-1);
}

/** The object that setup found, in words. */
export function whatLogFound({ dn, name }: SetupLog): string {
  return (
    dn ??
    `Setup looked for ${name} and does not say that it found an object. It searches by the FQDN in networkAddress: an object of the same name with another FQDN does not explain its message.`
  );
}
