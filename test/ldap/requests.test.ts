/** That ldapts, of which we use the encoders, writes what RFC 4511 asks for: the contract that a new version must keep. */

import { describe, expect, test } from 'vitest';
import {
  abandonRequest,
  addRequest,
  bindRequest,
  modifyRequest,
  pagedResults,
  saslBindRequest,
  searchRequest,
  startTlsRequest,
  unbindRequest,
} from '../../src/ldap/requests.ts';
import { and, type Control, equal, type Filter, not, or, present } from '../../src/ldap/session.ts';
import { boolean, element, integer, octets, sequence } from './peer/ber.ts';

function filterIn(filter: Filter, controls: readonly Control[] = []): Buffer {
  return searchRequest({ base: 'DC=x', scope: 'one', filter, attributes: ['cn', 'mail'], controls })(300);
}

function searchWith(filter: Buffer, ...controls: readonly Buffer[]): Buffer {
  const limits = [integer(1, 0x0a), integer(0, 0x0a), integer(0), integer(0), boolean(false)];
  const operation = element(0x63, octets('DC=x'), ...limits, filter, sequence(octets('cn'), octets('mail')));
  return sequence(integer(300), operation, ...controls);
}

const guid = Buffer.from('6a20049c469adf41b23bf2b402ba789f', 'hex');

describe('requests on the wire', () => {
  test.each<[string, Filter, Buffer]>([
    ['equality with bytes', equal('objectGUID', guid), element(0xa3, octets('objectGUID'), octets(guid))],
    ['equality with text', equal('cn', 'Müller'), element(0xa3, octets('cn'), octets('Müller'))],
    [
      '>= with bytes',
      { kind: 'greaterOrEqual', attribute: 'x', value: guid },
      element(0xa5, octets('x'), octets(guid)),
    ],
    ['presence', present('mail'), octets('mail', 0x87)],
    [
      'all of some bits',
      { kind: 'allBits', attribute: 'options', bits: '1' },
      element(0xa9, octets('1.2.840.113556.1.4.803', 0x81), octets('options', 0x82), octets('1', 0x83)),
    ],
    [
      'and, or, not, and the two that are always true and false',
      and(or(present('a'), present('b')), not(present('c')), and(), or()),
      element(
        0xa0,
        element(0xa1, octets('a', 0x87), octets('b', 0x87)),
        element(0xa2, octets('c', 0x87)),
        element(0xa0),
        element(0xa1),
      ),
    ],
  ])('a filter: %s', (_, filter, bytes) => {
    expect(filterIn(filter)).toEqual(searchWith(bytes));
  });

  test('controls with and without a value', () => {
    const controls = [
      { oid: '1.2.840.113556.1.4.417', critical: true },
      { oid: '1.2.840.113556.1.4.801', critical: false, value: Buffer.from('3003020107', 'hex') },
    ];

    expect(filterIn(present('a'), controls)).toEqual(
      searchWith(
        octets('a', 0x87),
        element(
          0xa0,
          sequence(octets('1.2.840.113556.1.4.417'), boolean(true)),
          sequence(octets('1.2.840.113556.1.4.801'), boolean(false), octets(Buffer.from('3003020107', 'hex'))),
        ),
      ),
    );
  });

  test.each([0, 20, 300])('a paging cookie of %i bytes', (length) => {
    const cookie = Buffer.alloc(length, 0xfe);

    expect(pagedResults(1000, cookie)).toEqual({
      oid: '1.2.840.113556.1.4.319',
      critical: true,
      value: sequence(integer(1000), octets(cookie)),
    });
  });

  test('a simple bind', () => {
    expect(bindRequest('CORP\\kim', 'pä55')(1)).toEqual(
      sequence(integer(1), element(0x60, integer(3), octets('CORP\\kim'), octets('pä55', 0x80))),
    );
  });

  test('a SASL bind', () => {
    const credentials = element(0xa3, octets('GSSAPI'), octets(guid));
    expect(saslBindRequest('GSSAPI', guid)(1)).toEqual(
      sequence(integer(1), element(0x60, integer(3), octets(''), credentials)),
    );
  });

  test('StartTLS, unbind and abandon', () => {
    expect(startTlsRequest()(1)).toEqual(sequence(integer(1), element(0x77, octets('1.3.6.1.4.1.1466.20037', 0x80))));
    expect(unbindRequest()(9)).toEqual(sequence(integer(9), element(0x42)));
    expect(abandonRequest(300)(301)).toEqual(sequence(integer(301), integer(300, 0x50)));
  });

  test.each([10, 100, 1000, 70_000, 1_100_000])('a value of %i bytes arrives whole', (length) => {
    const value = Buffer.alloc(length, 0xa5);
    const change = sequence(integer(2, 0x0a), sequence(octets('x'), element(0x31, octets(value))));
    const message = sequence(integer(1), element(0x66, octets('CN=x'), sequence(change)));

    expect(modifyRequest('CN=x', [{ attribute: 'x', replace: [value] }], [])(1).equals(message)).toBe(true);
  });

  // ldapts' buffer grows to 512 KiB: a request of just that size must not lose its last bytes.
  test.each([3447, 3448, 3450, 3452, 3453])('many values, and at the end one of %i bytes', (length) => {
    const values = [...Array.from({ length: 200 }, () => Buffer.alloc(2600, 0x5a)), Buffer.alloc(length, 0xa5)];
    const list = element(0x31, ...values.map((value) => octets(value)));
    const message = sequence(integer(1), element(0x68, octets('CN=x'), sequence(sequence(octets('x'), list))));

    expect(addRequest('CN=x', [{ name: 'x', values }], [])(1).equals(message)).toBe(true);
  });
});
