/** What a server answered, in words: LDAP result codes, AD's sub-codes and Windows codes, and what to do about them. */

import { DirectoryError } from '../errors.ts';
import { describeWindowsError } from './windows-error.ts';

/** What a server says about an operation (RFC 4511 4.1.9). */
export interface LdapResult {
  readonly resultCode: number;
  /** The nearest entry above the one that was not found. */
  readonly matchedDn: string;
  /** The server's own words, as sent. */
  readonly diagnostic: string;
  /** URLs of servers that could do it. */
  readonly referrals: readonly string[];
}

/** The last two parts of an error: what came back and what to do next. */
export interface Explanation {
  readonly cameBack: string;
  readonly next: string;
}

/** The results that are told apart (RFC 4511 section 4.1.9). */
export const resultCode = {
  success: 0,
  operationsError: 1,
  strongerAuthRequired: 8,
  referral: 10,
  adminLimitExceeded: 11,
  noSuchAttribute: 16,
  attributeOrValueExists: 20,
  noSuchObject: 32,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  unwillingToPerform: 53,
  notAllowedOnNonLeaf: 66,
  entryAlreadyExists: 68,
  other: 80,
} as const;

/** The error for a result that is not success. */
export function resultError(attempted: string, on: string, result: LdapResult): DirectoryError {
  return new DirectoryError({ attempted, on, ...explainResult(result) }, result.resultCode);
}

/** A result that is not success, in words: the code's name, the Windows code's meaning, and the server's text. */
export function explainResult(result: LdapResult): Explanation {
  const known = results.get(result.resultCode);
  const text = printable(result.diagnostic);
  const windowsError = windowsErrorIn(result.resultCode, text);
  const parts = [
    `${known?.name ?? 'an answer of no standard code'} (LDAP result ${result.resultCode})`,
    ...(windowsError === undefined || isLdapTwin(windowsError) ? [] : [describeWindowsError(windowsError)]),
    ...(result.matchedDn === '' ? [] : [`the nearest existing entry is ${result.matchedDn}`]),
    ...(result.referrals.length === 0 ? [] : [`the server refers to ${result.referrals.join(', ')}`]),
    ...(text === '' ? [] : [`the server says "${text}"`]),
  ];
  return { cameBack: parts.join('; '), next: nextStep(result, text, windowsError) ?? known?.next ?? lookAtTheServer };
}

/** Text from a server, on one line and without control characters: AD ends its own with a NUL. */
export function printable(text: string): string {
  return text.replace(/[\s\0-\x1f\x7f-\x9f]+/g, ' ').trim();
}

/** AD begins its text with the Windows code; for a refused logon it is 80090308, and the code that tells more comes after "data". */
function windowsErrorIn(code: number, text: string): number | undefined {
  const hex =
    code === resultCode.invalidCredentials ? /, data ([0-9a-f]+),/i.exec(text) : /^([0-9a-f]{8}):/i.exec(text);
  const value = Number.parseInt(hex?.[1] ?? '0', 16);
  return value === 0 ? undefined : value;
}

/** ERROR_DS_OPERATIONS_ERROR to ERROR_DS_AFFECTS_MULTIPLE_DSAS only repeat the LDAP result. */
function isLdapTwin(windowsError: number): boolean {
  return windowsError >= 8224 && windowsError <= 8249;
}

/** Where the Windows code or the text tells more about what to do than the result code does. */
function nextStep(result: LdapResult, text: string, windowsError: number | undefined): string | undefined {
  if (result.resultCode === resultCode.referral) {
    const host = /^ldaps?:\/\/([^/?]+)/i.exec(result.referrals[0] ?? '')?.[1] ?? /ref 1: '([^']+)'/.exec(text)?.[1];
    return host === undefined ? undefined : `Ask the server that it names: --server ${host}`;
  }
  if (result.resultCode === resultCode.operationsError && /authentication|successful bind/i.test(text)) return logOn;
  return windowsError === undefined ? undefined : nextSteps.get(windowsError);
}

const lookAtTheServer = "Look up the server's words and its event log; --verbose shows more.";
const logOn = 'Log on: give --user and the password.';
const readAgain = 'It has changed since it was read, or was never so: read it again.';
const encrypt =
  'Connect with LDAPS (--tls ldaps, port 636) or StartTLS (--tls starttls): this server takes no password on a connection that is not encrypted.';
const tryAgain = 'Try again in a while, or ask another domain controller.';
const limit = 'Ask for less at a time, or have the limit of the server raised (LDAP policy).';
const rights =
  'Log on as a user who has the right; for the Configuration partition that is a member of Enterprise Admins.';

/** By Windows code: sub-codes of a refused logon, and others that tell more than the result. */
const nextSteps: ReadonlyMap<number, string> = new Map([
  [1244, logOn],
  [1317, 'Check the user name: it is name@domain or DOMAIN\\name.'],
  [1326, 'Check the user name (name@domain or DOMAIN\\name) and the password.'],
  [1328, "Wait for the account's logon hours, or log on as another user."],
  [1329, 'Log on as another user, or from a computer that the account may log on from.'],
  [1330, 'Change the password, then log on with the new one.'],
  [1331, 'Have the account enabled, or log on as another user.'],
  [1793, 'Have the expiry date of the account moved, or log on as another user.'],
  [1907, 'Change the password, then log on with the new one.'],
  [1909, 'Have the account unlocked, or wait until it unlocks itself; then check the password first.'],
  [8397, 'Ask again, on the same server, until it has finished.'],
]);

/** RFC 4511 A.2, with the next step for whoever meets it on AD. */
const results: ReadonlyMap<number, { readonly name: string; readonly next: string }> = new Map(
  (
    [
      [1, 'operations error', tryAgain],
      [2, 'protocol error', lookAtTheServer],
      [3, 'time limit exceeded', limit],
      [4, 'size limit exceeded', limit],
      [7, 'logon method not supported', lookAtTheServer],
      [8, 'stronger authentication required', encrypt],
      [
        10,
        'referral to another server',
        'Ask another server: this one does not hold it, or is a read-only domain controller.',
      ],
      [11, 'administrative limit exceeded', limit],
      [12, 'critical control not supported', 'Ask another domain controller, of a later Windows version.'],
      [13, 'confidentiality required', encrypt],
      [16, 'no such attribute or value', readAgain],
      [17, 'undefined attribute type', 'Check the name of the attribute; the schema of this forest does not have it.'],
      [18, 'inappropriate matching', lookAtTheServer],
      [19, 'constraint violation', 'Check the value against the range and the rules of the attribute.'],
      [20, 'attribute or value exists', readAgain],
      [21, 'invalid attribute syntax', 'Check the form of the value.'],
      [32, 'no such object', 'Check the name; an object that the user may not see looks the same.'],
      [34, 'invalid DN syntax', 'Check the distinguished name.'],
      [48, 'inappropriate authentication', logOn],
      [49, 'invalid credentials', 'Check the user name (name@domain or DOMAIN\\name) and the password.'],
      [50, 'insufficient access rights', rights],
      [51, 'busy', tryAgain],
      [52, 'unavailable', tryAgain],
      [53, 'unwilling to perform', lookAtTheServer],
      [64, 'naming violation', 'Check the name: that class of object is not allowed there.'],
      [65, 'object class violation', 'Check the attributes against the classes of the object.'],
      [
        66,
        'not allowed on an object that has children',
        'Delete what is below it first; look again for what was added there.',
      ],
      [67, 'not allowed on the name of the object', 'Rename the object instead of changing the attribute.'],
      [68, 'the object exists already', readAgain],
      [71, 'affects several servers', lookAtTheServer],
      [80, 'other error', lookAtTheServer],
    ] as const
  ).map(([code, name, next]) => [code, { name, next }]),
);
