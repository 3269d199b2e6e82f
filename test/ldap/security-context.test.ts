import { describe, expect, test } from 'vitest';
import { LibraryNotLoadedError, NoCarrierError } from '../../src/ldap/logon/native-library.ts';
import {
  explainLogonError,
  type LogonFailure,
  type LogonPlace,
  SecurityContextError,
} from '../../src/ldap/logon/security-context.ts';

const linux: LogonPlace = { serverName: 'dc1.example.com', hasPassword: false, platform: 'linux' };
const windows: LogonPlace = { ...linux, platform: 'win32' };

describe('a failed integrated logon is explained', () => {
  test.each<[LogonFailure, LogonPlace, string, string]>([
    ['no-credentials', linux, 'no Kerberos ticket', 'kinit'],
    ['no-credentials', windows, 'no Kerberos ticket', 'runas /netonly /user:CORP\\admin cmd'],
    ['no-credentials', { ...windows, hasPassword: true }, 'for this user', 'name@domain'],
    ['expired', linux, 'ticket has expired', 'kinit'],
    ['expired', windows, 'ticket has expired', 'Lock and unlock'],
    ['unknown-service', linux, 'ldap/dc1.example.com', '--tls-name: dc1.example.com is not one of its names'],
    ['unknown-service', { ...linux, serverName: '10.0.0.1' }, 'ldap/10.0.0.1', '--tls-name: 10.0.0.1 is an address'],
    ['unknown-user', linux, 'unknown user', '--user'],
    ['wrong-password', linux, 'wrong user name or password', 'password'],
    ['password-expired', linux, 'the password has expired', 'Change the password'],
    ['account-refused', linux, 'disabled, locked or expired', 'unlocked'],
    ['clock-skew', linux, 'clocks', 'clock of this computer'],
    ['clock-skew', windows, 'clocks', 'w32tm /resync'],
    ['no-kdc', linux, 'no Kerberos server (KDC) answers', '/etc/krb5.conf, and that port 88'],
    ['no-kdc', windows, 'no Kerberos server (KDC) answers', 'the DNS of the domain, and that port 88'],
    ['no-kdc', { ...linux, hasPassword: true }, 'no Kerberos server (KDC) answers', 'not another UPN suffix'],
    ['user-name-form', linux, 'library says', 'name@domain'],
    ['broken-message', linux, 'library says', 'another domain controller'],
    ['other', linux, 'library says', '--auth password'],
  ])('%s', (failure, place, cameBack, next) => {
    const explanation = explainLogonError(new SecurityContextError(failure, 'the library says no'), place);

    expect(explanation?.cameBack).toContain(cameBack);
    expect(explanation?.cameBack).toContain('the library says no');
    expect(explanation?.next).toContain(next);
  });

  test('without node:ffi and koffi by the two ways to get one', () => {
    const explanation = explainLogonError(new NoCarrierError('none'), linux);

    expect(explanation?.next).toBe(
      'Use Node 26, or start it with the same options by: npx --package adsi-remedy --package koffi adsi-remedy',
    );
  });

  test('without the library by what to install', () => {
    const explanation = explainLogonError(new LibraryNotLoadedError('no such file'), linux);

    expect(explanation).toMatchObject({
      cameBack: expect.stringContaining('no such file'),
      next: expect.stringContaining('krb5-user'),
    });
  });

  test('only if it is one: a fault of the program stays as it is', () => {
    expect(explainLogonError(new TypeError('x'), linux)).toBeUndefined();
  });
});
