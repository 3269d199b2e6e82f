/** Which flags each command takes, those that name a directory first. */

import type { Flags, FlagTable } from '../flags.ts';
import type { RemedyEntry } from '../remedies/index.ts';
import { acceptFlags, confirmFlags, deadlineFlags, decisionFlags, outputFlags, sealFlags, waitFlags } from './flags.ts';

const group = 'Directory';

export const directoryFlags = {
  server: { kind: 'text', value: 'HOST[:PORT]', help: 'a domain controller', group },
  domain: {
    kind: 'text',
    value: 'NAME',
    help: 'find the domain controllers by DNS; at a terminal you pick one',
    group,
  },
  dns: { kind: 'text', value: 'ADDRESS', help: "the DNS server to ask for them, if not this computer's", group },
  auth: {
    kind: 'text',
    value: 'KIND',
    help: "integrated: the user logged on to this computer (elsewhere than Windows kinit's ticket), signed and encrypted on port 389, without certificate or password; with --user that user's password goes to the system's Kerberos, never over the wire; password: the default",
    group,
    values: ['integrated', 'password'],
  },
  tls: {
    kind: 'text',
    value: 'KIND',
    help: 'ldaps (default), starttls, or none (not encrypted; reported as a warning)',
    group,
    values: ['ldaps', 'starttls', 'none'],
  },
  ca: { kind: 'text', value: 'FILE', help: 'the certificate authority to trust, PEM or DER', group },
  'tls-name': {
    kind: 'text',
    value: 'NAME',
    help: "the name that the certificate must bear, or with --auth integrated the DC's own DNS name",
    group,
  },
  user: {
    kind: 'text',
    value: 'NAME',
    help: 'user principal name or DOMAIN\\user; the password comes from a hidden prompt, ADSI_REMEDY_PASSWORD or --password-stdin, never from a flag',
    group,
  },
  'password-stdin': {
    kind: 'yes-no',
    help: 'read the password from standard input, up to the end of the first line; in cmd, write no space before the |, or it becomes part of the password: echo PASSWORD| adsi-remedy …',
    group,
  },
  ldif: {
    kind: 'texts',
    value: 'FILE',
    help: 'work offline on an export of ldifde or ldapsearch, one a naming context (repeatable)',
    group,
  },
  practice: {
    kind: 'text',
    value: 'DIR',
    help: 'work on the practice site that adsi-remedy practice laid out in this folder',
    group,
  },
} as const satisfies FlagTable;

export type DirectoryFlags = Flags<typeof directoryFlags>;

const selectionFlags = {
  only: {
    kind: 'text',
    value: 'N,N',
    help: 'apply only these rows of the review, by their numbers',
    group: 'Selection',
  },
  except: { kind: 'text', value: 'N,N', help: 'apply all rows but these', group: 'Selection' },
} as const satisfies FlagTable;

export const showFlags = {
  drift: {
    kind: 'yes-no',
    help: 'mark what has changed since the plan was made: reads the targets',
    group: 'Review',
  },
  ...sealFlags,
  ...deadlineFlags,
  ...directoryFlags,
  ...outputFlags,
} as const satisfies FlagTable;

export const applyFlags = {
  'dry-run': {
    kind: 'yes-no',
    help: 'judge and compare again, write nothing',
    group: 'Outcome',
  },
  yes: {
    kind: 'yes-no',
    help: 'do not ask at a terminal; without one nothing is asked',
    group: 'Outcome',
  },
  ...acceptFlags,
  ...confirmFlags,
  ...waitFlags,
  ...deadlineFlags,
  ...selectionFlags,
  ...sealFlags,
  ...directoryFlags,
  ...outputFlags,
} as const satisfies FlagTable;

export const undoFlags = {
  ...decisionFlags,
  ...confirmFlags,
  ...waitFlags,
  ...deadlineFlags,
  ...sealFlags,
  ...directoryFlags,
  ...outputFlags,
} as const satisfies FlagTable;

export const practiceFlags = outputFlags;
/** A script is printed as it is, whatever the output of others is to look like. */
export const completionFlags = { help: outputFlags.help } as const satisfies FlagTable;

/** What every remedy takes besides its own flags; those of the directory where it may ask one. */
export const commonRemedyFlags = {
  ...decisionFlags,
  ...deadlineFlags,
  ...outputFlags,
} as const satisfies FlagTable;

/** All flags of a remedy: its own first. */
export async function remedyFlags(entry: RemedyEntry): Promise<FlagTable> {
  const own = await entry.flags();
  return {
    ...own,
    ...decisionFlags,
    ...deadlineFlags,
    ...(entry.world === 'directory' && !entry.handsOver ? { ...confirmFlags, ...waitFlags } : {}),
    ...(entry.world === 'directory' || entry.mayAskDirectory === true ? directoryFlags : {}),
    ...outputFlags,
  };
}
