/**
 * How the directory refuses: LDAP result codes with the diagnostic texts of Active Directory. The texts begin with the
 * Windows error code in hex, which says more than the LDAP code (RFC 4511 A.2; MS-ERREF 2.2), and end in a NUL.
 */

import { type LdapResult, resultCode } from '../ldap/diagnostics.ts';

/** An operation was refused; the client gets it as a result. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: number;
  /** The nearest entry above that exists; "" where that says nothing. */
  readonly matchedDn: string;
  /** LDAP URLs of servers to ask instead. */
  readonly referrals: readonly string[];

  constructor(code: number, text: string, more: { matchedDn?: string; referrals?: readonly string[] } = {}) {
    super(`${text}\0`);
    this.code = code;
    this.matchedDn = more.matchedDn ?? '';
    this.referrals = more.referrals ?? [];
  }

  get result(): LdapResult {
    return {
      resultCode: this.code,
      matchedDn: this.matchedDn,
      diagnostic: this.message,
      referrals: this.referrals,
    };
  }
}

const build = 'v4563';

/** The diagnostic text of the LDAP head of AD. */
export function ldapError(windowsCode: string, comment: string, data = '0'): string {
  return `${windowsCode}: LdapErr: DSID-0C090A5C, comment: ${comment}, data ${data}, ${build}`;
}

/** The refusals of an attribute, by its name. */
function ofAttribute(code: number, windowsCode: string, problem: string): (attribute: string) => Refusal {
  const error = `${windowsCode}: AtrErr: DSID-03152D2C, #1:\n\t0: ${windowsCode}: DSID-03152D2C, problem ${problem}`;
  return (attribute) => new Refusal(code, `${error}, data 0, Att 0 (${attribute})\n`);
}

function updateError(windowsCode: string, problem: string): string {
  return `${windowsCode}: UpdErr: DSID-031A1206, problem ${problem}, data 0\n`;
}

/** The refusals of the directory. */
export const refuse = {
  noObject: (bestMatch: string) =>
    new Refusal(
      resultCode.noSuchObject,
      `0000208D: NameErr: DSID-03100245, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'${bestMatch}'\n`,
      { matchedDn: bestMatch },
    ),
  badName: (text: string) =>
    new Refusal(
      resultCode.invalidDnSyntax,
      `0000208F: NameErr: DSID-03100225, problem 2006 (BAD_NAME), data 8350, best match of:\n\t'${text}'\n`,
    ),
  /** `host` holds the entry: a DNS name. */
  referral: (host: string, dn: string) =>
    new Refusal(resultCode.referral, `0000202B: RefErr: DSID-0310082F, data 0, 1 access points\n\tref 1: '${host}'\n`, {
      referrals: [`ldap://${host}/${encodeURI(dn)}`],
    }),

  access: () =>
    new Refusal(
      resultCode.insufficientAccessRights,
      '00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n',
    ),
  /** `windowsCode` 2035 "unwilling", unless AD has a more telling one for the reason. */
  unwilling: (windowsCode = '00002035') =>
    new Refusal(
      resultCode.unwillingToPerform,
      `${windowsCode}: SvcErr: DSID-031A1254, problem 5003 (WILL_NOT_PERFORM), data 0\n`,
    ),
  cannotDelete: () => refuse.unwilling('000020CE'),
  treeDeleteNotFinished: () =>
    new Refusal(
      resultCode.adminLimitExceeded,
      '000020CD: SvcErr: DSID-03160D2A, problem 5008 (ADMIN_LIMIT_EXCEEDED), data 0\n',
    ),

  nonLeaf: () => new Refusal(resultCode.notAllowedOnNonLeaf, updateError('00002015', '6003 (CANT_ON_NON_LEAF)')),
  exists: () => new Refusal(resultCode.entryAlreadyExists, updateError('00002071', '6005 (ENTRY_EXISTS)')),
  onRdn: () => new Refusal(resultCode.notAllowedOnRdn, updateError('00002016', '6004 (CANT_ON_RDN)')),
  naming: () =>
    new Refusal(
      resultCode.namingViolation,
      "00002099: NameErr: DSID-0305109C, problem 2005 (NAMING_VIOLATION), data 0, best match of:\n\t''\n",
    ),
  objectClass: (windowsCode: '0000207B' | '0000207C') =>
    new Refusal(resultCode.objectClassViolation, updateError(windowsCode, '6002 (OBJ_CLASS_VIOLATION)')),

  noAttribute: ofAttribute(resultCode.noSuchAttribute, '00002076', '1001 (NO_ATTRIBUTE_OR_VAL)'),
  noValue: ofAttribute(resultCode.noSuchAttribute, '00002085', '1001 (NO_ATTRIBUTE_OR_VAL)'),
  valueExists: ofAttribute(resultCode.attributeOrValueExists, '00002083', '1006 (ATT_OR_VALUE_EXISTS)'),
  /** A value added to a single-valued attribute that has one. */
  attributeExists: ofAttribute(resultCode.attributeOrValueExists, '00002081', '1006 (ATT_OR_VALUE_EXISTS)'),
  singleValue: ofAttribute(resultCode.constraintViolation, '00002081', '1005 (CONSTRAINT_ATT_TYPE)'),
  systemOnly: ofAttribute(resultCode.constraintViolation, '000020B1', '1005 (CONSTRAINT_ATT_TYPE)'),
  /** A DN value that names no entry, or a deleted one. */
  nameReference: ofAttribute(resultCode.constraintViolation, '000020B5', '1005 (CONSTRAINT_ATT_TYPE)'),
  syntax: () =>
    new Refusal(resultCode.invalidAttributeSyntax, ldapError('00000057', 'Error in attribute conversion operation')),
} as const;
