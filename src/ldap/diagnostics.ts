/** A server's answer in words: LDAP result codes, AD's sub-codes, Windows error codes, and the next step for each. */

import { DirectoryError } from '../errors.ts';

/** The result of an operation (RFC 4511 4.1.9). */
export interface LdapResult {
  readonly resultCode: number;
  /** The nearest existing ancestor of an entry that was not found. */
  readonly matchedDn: string;
  /** The server's own words, as sent. */
  readonly diagnostic: string;
  /** URLs of servers that can perform the operation. */
  readonly referrals: readonly string[];
}

/** The last two parts of an error: what came back and what to do next. */
export interface Explanation {
  readonly cameBack: string;
  readonly next: string;
}

/** The result codes that the program distinguishes (RFC 4511 section 4.1.9). */
export const resultCode = {
  success: 0,
  operationsError: 1,
  strongerAuthRequired: 8,
  referral: 10,
  adminLimitExceeded: 11,
  saslBindInProgress: 14,
  noSuchAttribute: 16,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  invalidAttributeSyntax: 21,
  noSuchObject: 32,
  invalidDnSyntax: 34,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  unavailable: 52,
  unwillingToPerform: 53,
  namingViolation: 64,
  objectClassViolation: 65,
  notAllowedOnNonLeaf: 66,
  notAllowedOnRdn: 67,
  entryAlreadyExists: 68,
  other: 80,
} as const;

/** The error for a result that is not success. */
export function resultError(attempted: string, on: string, result: LdapResult): DirectoryError {
  return new DirectoryError({ attempted, on, ...explainResult(result) }, result.resultCode);
}

/**
 * A result that is not success, in words: the code's name, the Windows code's meaning, and the server's text.
 * @param service the service principal name of the Kerberos ticket that was sent, if the request was a logon by one
 */
export function explainResult(result: LdapResult, service?: string): Explanation {
  const known = results.get(result.resultCode);
  const text = printable(result.diagnostic);
  const windowsError = windowsErrorIn(result.resultCode, text);
  const parts = [
    `${known?.name ?? 'a non-standard result'} (LDAP result ${result.resultCode})`,
    ...(windowsError === undefined || isLdapTwin(windowsError) ? [] : [describeWindowsError(windowsError)]),
    ...(result.matchedDn === '' ? [] : [`the nearest existing entry is ${result.matchedDn}`]),
    ...(result.referrals.length === 0 ? [] : [`the server refers to ${shownReferrals(result.referrals)}`]),
    ...(text === '' ? [] : [`the server says "${text}"`]),
  ];
  return {
    cameBack: parts.join('; '),
    next: nextStep(result, text, windowsError, service) ?? known?.next ?? lookAtTheServer,
  };
}

/** Some are enough: a server may send any number. */
function shownReferrals(urls: readonly string[]): string {
  const shown = urls.slice(0, 3).map(printable).join(', ');
  return urls.length > 3 ? `${shown} and ${urls.length - 3} more` : shown;
}

/** Text from a server on one line, without control characters: AD ends its text with a NUL. */
export function printable(text: string): string {
  return text.replace(/[\s\0-\x1f\x7f-\x9f]+/g, ' ').trim();
}

/** AD begins its text with the Windows code; for a refused logon that is 80090308, and the specific code follows "data". */
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

/** The next step where the Windows code or the text is more specific than the result code. */
function nextStep(
  result: LdapResult,
  text: string,
  windowsError: number | undefined,
  service: string | undefined,
): string | undefined {
  if (result.resultCode === resultCode.referral) {
    const host = /^ldaps?:\/\/([^/?]+)/i.exec(result.referrals[0] ?? '')?.[1] ?? /ref 1: '([^']+)'/.exec(text)?.[1];
    return host === undefined ? undefined : `Use the server that it names: --server ${host}`;
  }
  if (result.resultCode === resultCode.operationsError && /authentication|successful bind/i.test(text)) return logOn;
  // The password was right, or there would be no ticket.
  if (result.resultCode === resultCode.invalidCredentials && service !== undefined && (windowsError ?? 1326) === 1326)
    return `The server cannot use the ticket for ${service}: check that this is its own DNS name and that the clocks agree, get a new ticket, or use another domain controller.`;
  return windowsError === undefined ? undefined : nextSteps.get(windowsError);
}

const lookAtTheServer = "Look up the server's message and check its event log; --verbose shows more.";
const logOn = 'Log on: give --user and the password.';
const readAgain = 'The entry has changed since it was read: read it again.';
/** For a server without a certificate. */
export const withoutCertificate =
  'Without a certificate on the server, use --auth integrated (signed and encrypted on port 389), or work offline on an export with --ldif.';
const encrypt = `This server accepts no password on an unencrypted connection: use LDAPS (--tls ldaps, port 636) or StartTLS (--tls starttls). ${withoutCertificate}`;
const tryAgain = 'Try again later, or use another domain controller.';
const limit = "Request less at a time, or have the server's limit raised (LDAP policy).";
const rights =
  'Log on as a user who has the right (--user, or on Windows runas /netonly); for the Configuration partition, a member of Enterprise Admins.';

/** By Windows code: sub-codes of a refused logon, and others that are more specific than the result. */
const nextSteps: ReadonlyMap<number, string> = new Map([
  [1244, logOn],
  [1317, 'Check the user name: it is name@domain or DOMAIN\\name.'],
  [1326, 'Check the user name (name@domain or DOMAIN\\name) and the password.'],
  [1328, "Wait for the account's logon hours, or log on as another user."],
  [1329, 'Log on as another user, or from a computer that the account is allowed to use.'],
  [1330, 'Change the password, then log on with the new one.'],
  [1331, 'Have the account enabled, or log on as another user.'],
  [1793, 'Have the expiry date of the account extended, or log on as another user.'],
  [1907, 'Change the password, then log on with the new one.'],
  [1909, 'Have the account unlocked, or wait until the lockout ends; check the password before trying again.'],
  [8397, 'Repeat the request on the same server until it has finished.'],
]);

/** RFC 4511 A.2, with the next step on AD. */
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
        'Use another server: this one does not hold the entry, or is a read-only domain controller.',
      ],
      [11, 'administrative limit exceeded', limit],
      [12, 'critical control not supported', 'Use a domain controller with a later Windows version.'],
      [13, 'confidentiality required', encrypt],
      [16, 'no such attribute or value', readAgain],
      [17, 'undefined attribute type', 'Check the name of the attribute; it is not in the schema of this forest.'],
      [18, 'inappropriate matching', lookAtTheServer],
      [19, 'constraint violation', 'Check the value against the range and rules of the attribute.'],
      [20, 'attribute or value exists', readAgain],
      [21, 'invalid attribute syntax', 'Check the form of the value.'],
      [32, 'no such object', 'Check the name; an object that the user may not see gives the same result.'],
      [34, 'invalid DN syntax', 'Check the distinguished name.'],
      [48, 'inappropriate authentication', logOn],
      [49, 'invalid credentials', 'Check the user name (name@domain or DOMAIN\\name) and the password.'],
      [50, 'insufficient access rights', rights],
      [51, 'busy', tryAgain],
      [52, 'unavailable', tryAgain],
      [53, 'unwilling to perform', lookAtTheServer],
      [64, 'naming violation', 'Check the name: an object of that class is not allowed there.'],
      [65, 'object class violation', 'Check the attributes against the classes of the object.'],
      [66, 'not allowed on an object that has children', 'Delete the objects below it first; check for new ones.'],
      [67, 'not allowed on the name of the object', 'Rename the object instead of changing the attribute.'],
      [68, 'the object already exists', readAgain],
      [71, 'affects several servers', lookAtTheServer],
      [80, 'other error', lookAtTheServer],
    ] as const
  ).map(([code, name, next]) => [code, { name, next }]),
);

/** `8213` → "the object has children (8213, 0x2015, ERROR_DS_CANT_ON_NON_LEAF)"; a code not listed here stays a number. */
export function describeWindowsError(code: number): string {
  const numbers = `${code}, 0x${code.toString(16).toUpperCase()}`;
  const known = windowsErrors.get(code);
  return known === undefined ? `Windows error ${numbers}` : `${known.words} (${numbers}, ${known.name})`;
}

const windowsErrors: ReadonlyMap<number, { readonly name: string; readonly words: string }> = new Map(
  (
    [
      [0, 'ERROR_SUCCESS', 'success'],
      [5, 'ERROR_ACCESS_DENIED', 'access denied'],
      [87, 'ERROR_INVALID_PARAMETER', 'a parameter is not valid'],
      [1244, 'ERROR_NOT_AUTHENTICATED', 'the server requires a logon'],
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
      [1727, 'RPC_S_CALL_FAILED_DNE', 'the remote procedure call failed and did not execute'],
      [1753, 'EPT_S_NOT_REGISTERED', 'the RPC endpoint mapper has no endpoint for the service'],
      [1793, 'ERROR_ACCOUNT_EXPIRED', 'the account has expired'],
      [1818, 'RPC_S_CALL_CANCELLED', 'the remote procedure call was cancelled'],
      [1907, 'ERROR_PASSWORD_MUST_CHANGE', 'the password must be changed before the first logon'],
      [1908, 'ERROR_DOMAIN_CONTROLLER_NOT_FOUND', 'no domain controller could be found'],
      [1909, 'ERROR_ACCOUNT_LOCKED_OUT', 'the account is locked out'],
      [8202, 'ERROR_DS_NO_ATTRIBUTE_OR_VALUE', 'the attribute or value does not exist'],
      [8203, 'ERROR_DS_INVALID_ATTRIBUTE_SYNTAX', 'the value does not match the syntax of the attribute'],
      [8204, 'ERROR_DS_ATTRIBUTE_TYPE_UNDEFINED', 'the schema has no such attribute'],
      [8205, 'ERROR_DS_ATTRIBUTE_OR_VALUE_EXISTS', 'the attribute or value already exists'],
      [8206, 'ERROR_DS_BUSY', 'the directory service is busy'],
      [8207, 'ERROR_DS_UNAVAILABLE', 'the directory service is unavailable'],
      [8212, 'ERROR_DS_OBJ_CLASS_VIOLATION', 'the class of the object does not allow the operation'],
      [8213, 'ERROR_DS_CANT_ON_NON_LEAF', 'the object has children'],
      [8214, 'ERROR_DS_CANT_ON_RDN', 'the attribute is part of the name of the object'],
      [8224, 'ERROR_DS_OPERATIONS_ERROR', 'an operations error occurred'],
      [8225, 'ERROR_DS_PROTOCOL_ERROR', 'a protocol error occurred'],
      [8226, 'ERROR_DS_TIMELIMIT_EXCEEDED', 'the time limit was exceeded'],
      [8227, 'ERROR_DS_SIZELIMIT_EXCEEDED', 'the size limit was exceeded'],
      [8228, 'ERROR_DS_ADMIN_LIMIT_EXCEEDED', 'an administrative limit was exceeded'],
      [8231, 'ERROR_DS_AUTH_METHOD_NOT_SUPPORTED', 'the server does not support this kind of logon'],
      [8232, 'ERROR_DS_STRONG_AUTH_REQUIRED', 'the server requires signing or TLS'],
      [8235, 'ERROR_DS_REFERRAL', 'another server holds the object'],
      [8236, 'ERROR_DS_UNAVAILABLE_CRIT_EXTENSION', 'the server does not know a critical control'],
      [8237, 'ERROR_DS_CONFIDENTIALITY_REQUIRED', 'the server requires an encrypted connection'],
      [8239, 'ERROR_DS_CONSTRAINT_VIOLATION', 'a value breaks a constraint'],
      [8240, 'ERROR_DS_NO_SUCH_OBJECT', 'the object does not exist'],
      [8242, 'ERROR_DS_INVALID_DN_SYNTAX', 'the distinguished name has the wrong form'],
      [8245, 'ERROR_DS_UNWILLING_TO_PERFORM', 'the server is unwilling to perform the operation'],
      [8247, 'ERROR_DS_NAMING_VIOLATION', 'the name is not allowed there'],
      [8249, 'ERROR_DS_AFFECTS_MULTIPLE_DSAS', 'the operation affects several servers'],
      [8305, 'ERROR_DS_OBJ_STRING_NAME_EXISTS', 'an object of that name already exists'],
      [8310, 'ERROR_DS_ATT_IS_NOT_ON_OBJ', 'the object does not have the attribute'],
      [8311, 'ERROR_DS_ILLEGAL_MOD_OPERATION', 'the modification is not allowed'],
      [8315, 'ERROR_DS_OBJECT_CLASS_REQUIRED', 'the object class is required'],
      [8316, 'ERROR_DS_MISSING_REQUIRED_ATT', 'a mandatory attribute is missing'],
      [8317, 'ERROR_DS_ATT_NOT_DEF_FOR_CLASS', 'the class of the object does not have the attribute'],
      [8321, 'ERROR_DS_SINGLE_VALUE_CONSTRAINT', 'the attribute takes a single value'],
      [8322, 'ERROR_DS_RANGE_CONSTRAINT', 'the value is outside the range in the schema'],
      [8323, 'ERROR_DS_ATT_VAL_ALREADY_EXISTS', 'the value already exists'],
      [8324, 'ERROR_DS_CANT_REM_MISSING_ATT', 'the attribute to remove does not exist'],
      [8325, 'ERROR_DS_CANT_REM_MISSING_ATT_VAL', 'the value to remove does not exist'],
      [8329, 'ERROR_DS_NO_PARENT_OBJECT', 'the parent object does not exist'],
      [8332, 'ERROR_DS_CHILDREN_EXIST', 'the object has children'],
      [8333, 'ERROR_DS_OBJ_NOT_FOUND', 'the object does not exist'],
      [8335, 'ERROR_DS_BAD_NAME_SYNTAX', 'the name has the wrong form'],
      [8344, 'ERROR_DS_INSUFF_ACCESS_RIGHTS', 'the user has insufficient access rights'],
      [8346, 'ERROR_DS_ATTRIBUTE_OWNED_BY_SAM', 'the attribute belongs to the account manager (SAM)'],
      [8369, 'ERROR_DS_CANT_MOD_SYSTEM_ONLY', 'only the system can change the attribute'],
      [8373, 'ERROR_DS_NAME_REFERENCE_INVALID', 'the name refers to no object'],
      [8397, 'ERROR_DS_TREE_DELETE_NOT_FINISHED', 'the tree delete has not finished; repeat it on the same server'],
      [8398, 'ERROR_DS_CANT_DELETE', 'the object cannot be deleted'],
      [8418, 'ERROR_DS_DRA_SCHEMA_MISMATCH', 'the schemas of the two DCs differ'],
      [8423, 'ERROR_DS_SECURITY_ILLEGAL_MODIFY', 'the modification is not permitted for security reasons'],
      [8439, 'ERROR_DS_DRA_BAD_DN', 'replication received an invalid distinguished name'],
      [8446, 'ERROR_DS_DRA_OUT_OF_MEM', 'replication ran out of memory'],
      [8451, 'ERROR_DS_DRA_DB_ERROR', 'replication failed with a database error'],
      [8452, 'ERROR_DS_DRA_NO_REPLICA', 'the naming context is being removed or is not replicated from there'],
      [8453, 'ERROR_DS_DRA_ACCESS_DENIED', 'access to replication was denied'],
      [8456, 'ERROR_DS_DRA_SOURCE_DISABLED', 'outbound replication is disabled on the source DC'],
      [8457, 'ERROR_DS_DRA_SINK_DISABLED', 'inbound replication is disabled on the destination DC'],
      [8461, 'ERROR_DS_DRA_PREEMPTED', 'replication was preempted by work of higher priority'],
      [8464, 'ERROR_DS_DRA_INCOMPATIBLE_PARTIAL_SET', 'the partial attribute sets of the two GCs differ'],
      [8477, 'ERROR_DS_DRA_REPL_PENDING', 'replication is queued and has not started'],
      [8524, 'ERROR_DS_DNS_LOOKUP_FAILURE', 'the DNS look-up of the source DC failed'],
      [8545, 'ERROR_DS_DRA_OBJ_NC_MISMATCH', 'the object was moved to another naming context'],
      [8589, 'ERROR_DS_CANT_DERIVE_SPN_WITHOUT_SERVER_REF', 'the server object of the DC has no serverReference'],
      [
        8606,
        'ERROR_DS_INSUFFICIENT_ATTR_TO_CREATE_OBJECT',
        'a lingering object: it was deleted here and changed on the source',
      ],
      [8614, 'ERROR_DS_REPL_LIFETIME_EXCEEDED', 'the source has not replicated for longer than the tombstone lifetime'],
    ] as const
  ).map(([code, name, words]) => [code, { name, words }]),
);
