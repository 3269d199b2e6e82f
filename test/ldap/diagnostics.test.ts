import { describe, expect, test } from 'vitest';
import { describeWindowsError, explainResult, type LdapResult, resultError } from '../../src/ldap/diagnostics.ts';

function answer(resultCode: number, diagnostic = '', more: Partial<LdapResult> = {}): LdapResult {
  return { resultCode, matchedDn: '', diagnostic, referrals: [], ...more };
}

function refusedLogon(data: string): LdapResult {
  return answer(49, `80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data ${data}, v3839\0`);
}

describe('a refused logon', () => {
  test.each([
    ['525', 'there is no such user', 'Check the user name'],
    ['52e', 'wrong user name or password', 'the password'],
    ['530', "the account's logon hours forbid it now", 'logon hours'],
    ['531', 'the account may not log on from this computer', 'another user'],
    ['532', 'the password has expired', 'Change the password'],
    ['533', 'the account is disabled', 'enabled'],
    ['701', 'the account has expired', 'expiry date'],
    ['773', 'the password must be changed before the first logon', 'Change the password'],
    ['775', 'the account is locked out', 'unlocked'],
  ])('data %s: %s', (data, words, next) => {
    const explanation = explainResult(refusedLogon(data));

    expect(explanation.cameBack).toContain(`invalid credentials (LDAP result 49); ${words} (`);
    expect(explanation.next).toContain(next);
  });

  test('with an unknown sub-code still gives the code', () => {
    expect(explainResult(refusedLogon('999')).cameBack).toContain('Windows error 2457, 0x999');
  });
});

describe('a result in words', () => {
  test.each([
    [8, 'stronger authentication required', '--tls ldaps'],
    [16, 'no such attribute or value', 'read it again'],
    [19, 'constraint violation', 'range and rules of the attribute'],
    [20, 'attribute or value exists', 'read it again'],
    [32, 'no such object', 'may not see'],
    [50, 'insufficient access rights', 'Enterprise Admins'],
    [53, 'unwilling to perform', 'event log'],
    [66, 'not allowed on an object that has children', 'Delete the objects below it first'],
    [68, 'the object already exists', 'read it again'],
    [80, 'other error', 'event log'],
  ])('%i: %s', (code, name, next) => {
    const explanation = explainResult(answer(code));

    expect(explanation.cameBack).toBe(`${name} (LDAP result ${code})`);
    expect(explanation.next).toContain(next);
  });

  test("AD's leading Windows code becomes words; its NUL and line ends are removed", () => {
    const text = '00002015: UpdErr: DSID-031A11E2, problem 6003 (CANT_ON_NON_LEAF), data 0\n\0';

    expect(explainResult(answer(66, text)).cameBack).toBe(
      'not allowed on an object that has children (LDAP result 66); the object has children (8213, 0x2015, ERROR_DS_CANT_ON_NON_LEAF); the server says "00002015: UpdErr: DSID-031A11E2, problem 6003 (CANT_ON_NON_LEAF), data 0"',
    );
  });

  test('a Windows code that only repeats the result is left out', () => {
    const { cameBack } = explainResult(answer(53, '00002035: LdapErr: DSID-0C0903AB'));

    expect(cameBack).toBe('unwilling to perform (LDAP result 53); the server says "00002035: LdapErr: DSID-0C0903AB"');
  });

  test.each([8, 13])('%i: a password refused without encryption names the ways that encrypt', (code) => {
    const { next } = explainResult(answer(code, ''));

    for (const way of ['--tls ldaps', '--tls starttls', '--auth integrated', '--ldif']) expect(next).toContain(way);
  });

  test('control characters of a server do not reach the terminal', () => {
    expect(explainResult(answer(80, 'a\x1b[2Jb\x07\r\nc')).cameBack).toContain('the server says "a [2Jb c"');
  });

  test('the nearest entry and the referrals are shown', () => {
    const result = answer(32, '', { matchedDn: 'CN=Services', referrals: ['ldap://dc2.example.com/'] });

    expect(explainResult(result).cameBack).toContain(
      'the nearest existing entry is CN=Services; the server refers to ldap://dc2.example.com/',
    );
  });

  test('a referral names the server to ask, from its URL or from the text', () => {
    const inText = "0000202B: RefErr: DSID-031007F9, data 0, 1 access points\n\tref 1: 'corp.example.com'\n\0";

    expect(explainResult(answer(10, inText)).next).toBe('Use the server that it names: --server corp.example.com');
    expect(explainResult(answer(10, '', { referrals: ['ldap://dc2.example.com:3268/DC=x'] })).next).toContain(
      'dc2.example.com:3268',
    );
    expect(explainResult(answer(10)).next).toContain('read-only domain controller');
  });

  test('a tree delete that has not finished must be repeated', () => {
    expect(explainResult(answer(11, '000020CD: SvcErr: DSID-0')).next).toContain('Repeat the request');
  });

  test('the error for reading without a logon names --user', () => {
    const text =
      '000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v4563\0';

    expect(explainResult(answer(1, text)).next).toContain('--user');
    expect(explainResult(answer(1, '00002020: Operation unavailable without authentication')).next).toContain('--user');
  });

  test('a non-standard code is shown as its number', () => {
    expect(explainResult(answer(4711)).cameBack).toBe('a non-standard result (LDAP result 4711)');
  });

  test('the error carries the code and all four parts', () => {
    expect(resultError('delete', 'CN=x on dc1:636', answer(50))).toMatchObject({
      resultCode: 50,
      trouble: { attempted: 'delete', on: 'CN=x on dc1:636', cameBack: expect.any(String), next: expect.any(String) },
    });
  });
});

describe('a Windows error', () => {
  test('has words, its number in decimal and hex, and its name', () => {
    expect(describeWindowsError(8614)).toBe(
      'the source has not replicated for longer than the tombstone lifetime (8614, 0x21A6, ERROR_DS_REPL_LIFETIME_EXCEEDED)',
    );
    expect(describeWindowsError(12345)).toBe('Windows error 12345, 0x3039');
  });
});
