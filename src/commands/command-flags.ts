/** The flags of each command; first those that several commands share. Loaded for --help, so it imports little. */

import type { Flags, FlagTable } from '../flags.ts';
import type { RemedyEntry } from '../remedies/index.ts';

const outputGroup = 'Output';

/** How the output looks; every command has these. */
export const outputFlags = {
  json: {
    kind: 'yes-no',
    help: 'one JSON document on stdout, everything else on stderr; no questions are asked',
    group: outputGroup,
  },
  quiet: { kind: 'yes-no', help: 'results only', group: outputGroup },
  verbose: { kind: 'yes-no', help: 'every path, value and line', group: outputGroup },
  'no-color': { kind: 'yes-no', help: 'no colour (NO_COLOR is honoured too)', group: outputGroup },
  help: { kind: 'yes-no', help: 'this help', group: outputGroup },
} as const satisfies FlagTable;

const outcomeGroup = 'Outcome';

/** Accepting findings: all that judge a change have it. */
export const acceptFlags = {
  accept: { kind: 'texts', value: 'ID', help: 'accept a finding by its id (repeatable)', group: outcomeGroup },
} as const satisfies FlagTable;

/** What is done with the change: the remedies and undo have these. */
export const decisionFlags = {
  'dry-run': {
    kind: 'yes-no',
    help: 'stop after the diff; the default without a terminal and with --json, if neither --save nor --yes is given',
    group: outcomeGroup,
  },
  save: {
    kind: 'text',
    value: 'FOLDER',
    help: 'write the change folder for review, apply nothing',
    group: outcomeGroup,
  },
  yes: {
    kind: 'yes-no',
    help: 'apply without asking; every choice must come from flags',
    group: outcomeGroup,
  },
  ...acceptFlags,
  reason: { kind: 'text', value: 'TEXT', help: 'why, for the reviewer; sealed with the plan', group: outcomeGroup },
  ticket: { kind: 'text', value: 'ID', help: 'the ticket or change number; sealed with the plan', group: outcomeGroup },
} as const satisfies FlagTable;

/** How long reading may take. */
export const deadlineFlags = {
  deadline: {
    kind: 'text',
    value: 'SECONDS',
    help: 'how long reading may take in all (default 900)',
    group: outcomeGroup,
  },
} as const satisfies FlagTable;

/** Which plan was approved: show, apply and undo have it. */
const sealFlags = {
  seal: {
    kind: 'text',
    value: 'HEX',
    help: 'the seal that was approved, at least its first 32 digits; another plan is refused',
    group: 'Approval',
  },
} as const satisfies FlagTable;

/** For changes of a directory: the name of the object to delete once more, and watching the change replicate. */
export const entryFlags = {
  confirm: {
    kind: 'text',
    value: 'NAME',
    help: 'the name of the object to delete, once more; required if no question can be asked',
    group: outcomeGroup,
  },
  wait: {
    kind: 'text',
    value: 'SECONDS',
    help: 'directory: watch the change reach every domain controller; exit 1 if one has not received it in time',
    group: outcomeGroup,
  },
} as const satisfies FlagTable;

const directoryGroup = 'Directory';

/** Which directory, how it is reached, and as whom: all that may open one have these. */
export const directoryFlags = {
  server: { kind: 'text', value: 'HOST[:PORT]', help: 'a domain controller', group: directoryGroup },
  domain: {
    kind: 'text',
    value: 'NAME',
    help: 'find the domain controllers by DNS; at a terminal you choose one',
    group: directoryGroup,
  },
  dns: {
    kind: 'text',
    value: 'ADDRESS',
    help: "the DNS server to ask for them, if not this computer's",
    group: directoryGroup,
  },
  auth: {
    kind: 'text',
    value: 'KIND',
    help: "integrated: log on as the user of this computer (on Linux and macOS: with the ticket that kinit got), signed and encrypted on port 389, without certificate or password; with --user, that user's password goes to the system's Kerberos, never over the wire; password: the default",
    group: directoryGroup,
    values: ['integrated', 'password'],
  },
  tls: {
    kind: 'text',
    value: 'KIND',
    help: 'ldaps (default), starttls, or none (not encrypted; reported as a warning)',
    group: directoryGroup,
    values: ['ldaps', 'starttls', 'none'],
  },
  ca: { kind: 'text', value: 'FILE', help: 'the certificate authority to trust, PEM or DER', group: directoryGroup },
  'tls-name': {
    kind: 'text',
    value: 'NAME',
    help: "the name that the certificate must contain; with --auth integrated the DC's own DNS name",
    group: directoryGroup,
  },
  user: {
    kind: 'text',
    value: 'NAME',
    help: 'user principal name or DOMAIN\\user; the password comes from a hidden prompt, ADSI_REMEDY_PASSWORD or --password-stdin, never from a flag',
    group: directoryGroup,
  },
  'password-stdin': {
    kind: 'yes-no',
    help: 'read the password from standard input, up to the end of the first line; in cmd, write no space before the |, or it becomes part of the password: echo PASSWORD| adsi-remedy …',
    group: directoryGroup,
  },
  ldif: {
    kind: 'texts',
    value: 'FILE',
    help: 'work offline on an export of ldifde or ldapsearch; give one export for each naming context (repeatable)',
    group: directoryGroup,
  },
  practice: {
    kind: 'text',
    value: 'DIR',
    help: 'work on the practice site that adsi-remedy practice laid out in this folder',
    group: directoryGroup,
  },
} as const satisfies FlagTable;

/** What was given for them. */
export type DirectoryFlags = Flags<typeof directoryFlags>;

const selectionFlags = {
  only: {
    kind: 'text',
    value: 'N,N',
    help: 'apply only these rows of the review, by their numbers',
    group: 'Selection',
  },
  except: { kind: 'text', value: 'N,N', help: 'apply all rows except these', group: 'Selection' },
} as const satisfies FlagTable;

/** Those of show. */
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

/** Those of apply. */
export const applyFlags = {
  'dry-run': {
    kind: 'yes-no',
    help: 'judge the change and compare the targets again, write nothing',
    group: outcomeGroup,
  },
  yes: {
    kind: 'yes-no',
    help: 'apply without asking; without a terminal, and with --json, apply never asks',
    group: outcomeGroup,
  },
  ...acceptFlags,
  ...entryFlags,
  ...deadlineFlags,
  ...selectionFlags,
  ...sealFlags,
  ...directoryFlags,
  ...outputFlags,
} as const satisfies FlagTable;

/** Those of undo. */
export const undoFlags = {
  ...decisionFlags,
  ...entryFlags,
  ...deadlineFlags,
  ...sealFlags,
  ...directoryFlags,
  ...outputFlags,
} as const satisfies FlagTable;

/** A script is always printed as it is: flags for the look of the output do not apply. */
export const completionFlags = { help: outputFlags.help } as const satisfies FlagTable;

/** All flags of a remedy: its own first. */
export async function remedyFlags(entry: RemedyEntry): Promise<FlagTable> {
  const own = await entry.flags();
  return {
    ...own,
    ...decisionFlags,
    ...deadlineFlags,
    ...(entry.world === 'directory' && !entry.handsOver ? entryFlags : {}),
    ...(entry.world === 'directory' || entry.mayAskDirectory === true ? directoryFlags : {}),
    ...outputFlags,
  };
}
