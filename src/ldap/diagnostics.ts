/** What a server answered, in words: LDAP result codes, AD's sub-codes and Windows codes, and what to do about them. */

import { DirectoryError } from '../errors.ts';

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

interface WindowsError {
  readonly name: string;
  readonly words: string;
}

/** `8213` → "the object has children (8213, 0x2015, ERROR_DS_CANT_ON_NON_LEAF)"; a code not listed here stays a number. */
export function describeWindowsError(code: number): string {
  const numbers = `${code}, 0x${code.toString(16).toUpperCase()}`;
  const known = windowsErrors.get(code);
  return known === undefined ? `Windows error ${numbers}` : `${known.words} (${numbers}, ${known.name})`;
}

const windowsErrors: ReadonlyMap<number, WindowsError> = new Map(
  (
    [
      [0, 'ERROR_SUCCESS', 'success'],
      [5, 'ERROR_ACCESS_DENIED', 'access denied'],
      [87, 'ERROR_INVALID_PARAMETER', 'a value has the wrong form'],
      [1244, 'ERROR_NOT_AUTHENTICATED', 'the server wants a logon first'],
      [1256, 'ERROR_HOST_DOWN', 'the other system is not available'],
      [1317, 'ERROR_NO_SUCH_USER', 'there is no such user'],
      [1326, 'ERROR_LOGON_FAILURE', 'wrong user name or password'],
      [1327, 'ERROR_ACCOUNT_RESTRICTION', 'an account restriction forbids the logon'],
      [1328, 'ERROR_INVALID_LOGON_HOURS', "the account's logon hours forbid it now"],
      [1329, 'ERROR_INVALID_WORKSTATION', 'the account may not log on from this computer'],
      [1330, 'ERROR_PASSWORD_EXPIRED', 'the password has expired'],
      [1331, 'ERROR_ACCOUNT_DISABLED', 'the account is disabled'],
      [1384, 'ERROR_TOO_MANY_CONTEXT_IDS', 'the account is in too many groups'],
      [1396, 'ERROR_WRONG_TARGET_NAME', 'the target account name is wrong (Kerberos or a stale machine password)'],
      [1722, 'RPC_S_SERVER_UNAVAILABLE', 'the RPC server is unavailable'],
      [1727, 'RPC_S_CALL_FAILED_DNE', 'the remote procedure call failed and was not carried out'],
      [1753, 'EPT_S_NOT_REGISTERED', 'the RPC endpoint mapper has no endpoint for it'],
      [1793, 'ERROR_ACCOUNT_EXPIRED', 'the account has expired'],
      [1818, 'RPC_S_CALL_CANCELLED', 'the remote procedure call was cancelled'],
      [1907, 'ERROR_PASSWORD_MUST_CHANGE', 'the password must be changed before the first logon'],
      [1908, 'ERROR_DOMAIN_CONTROLLER_NOT_FOUND', 'no domain controller could be found'],
      [1909, 'ERROR_ACCOUNT_LOCKED_OUT', 'the account is locked out'],
      [8202, 'ERROR_DS_NO_ATTRIBUTE_OR_VALUE', 'the attribute or value is not there'],
      [8203, 'ERROR_DS_INVALID_ATTRIBUTE_SYNTAX', 'the value does not fit the syntax of the attribute'],
      [8204, 'ERROR_DS_ATTRIBUTE_TYPE_UNDEFINED', 'the schema has no such attribute'],
      [8205, 'ERROR_DS_ATTRIBUTE_OR_VALUE_EXISTS', 'the attribute or value is there already'],
      [8206, 'ERROR_DS_BUSY', 'the directory service is busy'],
      [8207, 'ERROR_DS_UNAVAILABLE', 'the directory service is unavailable'],
      [8212, 'ERROR_DS_OBJ_CLASS_VIOLATION', 'the class of the object does not allow it'],
      [8213, 'ERROR_DS_CANT_ON_NON_LEAF', 'the object has children'],
      [8214, 'ERROR_DS_CANT_ON_RDN', 'the attribute is part of the name of the object'],
      [8224, 'ERROR_DS_OPERATIONS_ERROR', 'an operations error occurred'],
      [8225, 'ERROR_DS_PROTOCOL_ERROR', 'a protocol error occurred'],
      [8226, 'ERROR_DS_TIMELIMIT_EXCEEDED', 'the time limit was exceeded'],
      [8227, 'ERROR_DS_SIZELIMIT_EXCEEDED', 'the size limit was exceeded'],
      [8228, 'ERROR_DS_ADMIN_LIMIT_EXCEEDED', 'an administrative limit was exceeded'],
      [8231, 'ERROR_DS_AUTH_METHOD_NOT_SUPPORTED', 'the server does not support this kind of logon'],
      [8232, 'ERROR_DS_STRONG_AUTH_REQUIRED', 'the server requires signing or TLS'],
      [8235, 'ERROR_DS_REFERRAL', 'another server holds it'],
      [8236, 'ERROR_DS_UNAVAILABLE_CRIT_EXTENSION', 'the server does not know a critical control'],
      [8237, 'ERROR_DS_CONFIDENTIALITY_REQUIRED', 'the server requires an encrypted connection'],
      [8239, 'ERROR_DS_CONSTRAINT_VIOLATION', 'a value breaks a constraint'],
      [8240, 'ERROR_DS_NO_SUCH_OBJECT', 'there is no such object'],
      [8242, 'ERROR_DS_INVALID_DN_SYNTAX', 'the distinguished name has the wrong form'],
      [8245, 'ERROR_DS_UNWILLING_TO_PERFORM', 'the server is not willing to do it'],
      [8247, 'ERROR_DS_NAMING_VIOLATION', 'the name is not allowed there'],
      [8249, 'ERROR_DS_AFFECTS_MULTIPLE_DSAS', 'it would concern several servers'],
      [8305, 'ERROR_DS_OBJ_STRING_NAME_EXISTS', 'an object of that name exists already'],
      [8310, 'ERROR_DS_ATT_IS_NOT_ON_OBJ', 'the object does not have the attribute'],
      [8311, 'ERROR_DS_ILLEGAL_MOD_OPERATION', 'the modification is not allowed'],
      [8315, 'ERROR_DS_OBJECT_CLASS_REQUIRED', 'a class of the object must be given'],
      [8316, 'ERROR_DS_MISSING_REQUIRED_ATT', 'a mandatory attribute is missing'],
      [8317, 'ERROR_DS_ATT_NOT_DEF_FOR_CLASS', 'the class of the object does not have the attribute'],
      [8321, 'ERROR_DS_SINGLE_VALUE_CONSTRAINT', 'the attribute takes a single value'],
      [8322, 'ERROR_DS_RANGE_CONSTRAINT', 'the value is outside the range that the schema allows'],
      [8323, 'ERROR_DS_ATT_VAL_ALREADY_EXISTS', 'the value is there already'],
      [8324, 'ERROR_DS_CANT_REM_MISSING_ATT', 'the attribute to be removed is not there'],
      [8325, 'ERROR_DS_CANT_REM_MISSING_ATT_VAL', 'the value to be removed is not there'],
      [8329, 'ERROR_DS_NO_PARENT_OBJECT', 'there is no parent object'],
      [8332, 'ERROR_DS_CHILDREN_EXIST', 'the object has children'],
      [8333, 'ERROR_DS_OBJ_NOT_FOUND', 'there is no such object'],
      [8335, 'ERROR_DS_BAD_NAME_SYNTAX', 'the name has the wrong form'],
      [8344, 'ERROR_DS_INSUFF_ACCESS_RIGHTS', 'the rights of the user do not suffice'],
      [8346, 'ERROR_DS_ATTRIBUTE_OWNED_BY_SAM', 'the attribute belongs to the account manager (SAM)'],
      [8369, 'ERROR_DS_CANT_MOD_SYSTEM_ONLY', 'the attribute can be changed by the system only'],
      [8373, 'ERROR_DS_NAME_REFERENCE_INVALID', 'the name refers to no object'],
      [8397, 'ERROR_DS_TREE_DELETE_NOT_FINISHED', 'the tree delete has not finished; ask the same server again'],
      [8398, 'ERROR_DS_CANT_DELETE', 'the object cannot be deleted'],
      [8418, 'ERROR_DS_DRA_SCHEMA_MISMATCH', 'the schemas of the two DCs differ'],
      [8423, 'ERROR_DS_SECURITY_ILLEGAL_MODIFY', 'the modification is not permitted for security reasons'],
      [8439, 'ERROR_DS_DRA_BAD_DN', 'replication was given a distinguished name that is not valid'],
      [8446, 'ERROR_DS_DRA_OUT_OF_MEM', 'replication ran out of memory'],
      [8451, 'ERROR_DS_DRA_DB_ERROR', 'replication met a database error'],
      [8452, 'ERROR_DS_DRA_NO_REPLICA', 'the naming context is being removed or is not replicated from there'],
      [8453, 'ERROR_DS_DRA_ACCESS_DENIED', 'access to replication was denied'],
      [8456, 'ERROR_DS_DRA_SOURCE_DISABLED', 'outbound replication of the source DC is switched off'],
      [8457, 'ERROR_DS_DRA_SINK_DISABLED', 'inbound replication of the destination DC is switched off'],
      [8461, 'ERROR_DS_DRA_PREEMPTED', 'replication was preempted by more urgent work'],
      [8464, 'ERROR_DS_DRA_INCOMPATIBLE_PARTIAL_SET', 'the partial attribute sets of the two GCs differ'],
      [8477, 'ERROR_DS_DRA_REPL_PENDING', 'replication is queued and has not begun'],
      [8524, 'ERROR_DS_DNS_LOOKUP_FAILURE', 'DNS did not find the source DC'],
      [8545, 'ERROR_DS_DRA_OBJ_NC_MISMATCH', 'the object was moved to another naming context'],
      [8589, 'ERROR_DS_CANT_DERIVE_SPN_WITHOUT_SERVER_REF', 'the server object of the DC lacks its serverReference'],
      [
        8606,
        'ERROR_DS_INSUFFICIENT_ATTR_TO_CREATE_OBJECT',
        'a lingering object: it was deleted here and changed there',
      ],
      [8614, 'ERROR_DS_REPL_LIFETIME_EXCEEDED', 'the source has not replicated for longer than the tombstone lifetime'],
    ] as const
  ).map(([code, name, words]) => [code, { name, words }]),
);
