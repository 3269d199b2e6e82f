/** How the server refuses what only a client on the wire can ask: binds, controls, extended operations. */

import { ldapError, Refusal } from '../../../src/embedded/refusal.ts';

/** RFC 4511 A.1. */
export const resultCode = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  sizeLimitExceeded: 4,
  compareFalse: 5,
  compareTrue: 6,
  authMethodNotSupported: 7,
  unavailableCriticalExtension: 12,
  invalidCredentials: 49,
  busy: 51,
  unavailable: 52,
} as const;

/** Why a bind fails, as the hex of AD's "data" (the low word of a Windows logon error). */
export const bindFailure = {
  noSuchUser: '525',
  wrongPassword: '52e',
  passwordExpired: '532',
  accountDisabled: '533',
  accountExpired: '701',
  mustChangePassword: '773',
  lockedOut: '775',
} as const;

/** A refusal for each reason. */
export const refuse = {
  needsBind: () =>
    new Refusal(
      resultCode.operationsError,
      ldapError(
        '000004DC',
        'In order to perform this operation a successful bind must be completed on the connection.',
      ),
    ),
  credentials: (reason: (typeof bindFailure)[keyof typeof bindFailure]) =>
    new Refusal(resultCode.invalidCredentials, ldapError('80090308', 'AcceptSecurityContext error', reason)),
  authMethod: (mechanism: string) =>
    new Refusal(resultCode.authMethodNotSupported, ldapError('00002027', `${mechanism} is not supported here`)),
  protocol: (what: string) => new Refusal(resultCode.protocolError, ldapError('0000203D', what)),
  criticalControl: () =>
    new Refusal(resultCode.unavailableCriticalExtension, ldapError('00000057', 'Error processing control')),
  noTls: () => new Refusal(resultCode.unavailable, ldapError('00000000', 'Error initializing SSL/TLS')),
  busy: () => new Refusal(resultCode.busy, '0000200E: SvcErr: DSID-020A0CE2, problem 5001 (BUSY), data 0\n'),
} as const;
