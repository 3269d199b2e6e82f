import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  allBytesOf,
  booleanOf,
  bytesOf,
  bytesOfWrittenValue,
  dateOfFileTime,
  dateOfSecondsSince1601,
  fileTimeOfDate,
  formatGeneralizedTime,
  formatGuid,
  formatSid,
  generalizedTimeOf,
  guidBase,
  guidFromText,
  guidOf,
  integerOf,
  largeIntegerOf,
  normalizedGuid,
  parseBoolean,
  parseDnsRecord,
  parseGeneralizedTime,
  parseInteger32,
  parseLargeInteger,
  secondsSince1601,
  sidFromText,
  textOf,
  textsOf,
  ValueSyntaxError,
  writtenValueOf,
} from '../../../src/ad/entry.ts';
import { readRootDse } from '../../../src/ldap/session.ts';
import { agoInWords, durationInWords } from '../../../src/words.ts';
import { makeEntry } from '../../support/make-entry.ts';

const entry = makeEntry('CN=x,DC=example,DC=com', {
  cn: ['x'],
  member: ['CN=a', 'CN=é'],
  objectGUID: [Buffer.from('6a20049c469adf41b23bf2b402ba789f', 'hex')],
  options: ['-2147483648'],
  usnChanged: ['9007199254740993'],
  isDeleted: ['TRUE'],
  whenCreated: ['20261122053325.0Z'],
  marked: ['\ufeffx'],
  nothing: [],
});

describe('reading an entry', () => {
  test('attributes are found in any letter case, and keep their own', () => {
    expect(textOf(entry, 'CN')).toBe('x');
    expect(textsOf(entry, 'MEMBER')).toEqual(['CN=a', 'CN=é']);
    expect(entry.attributes.get('objectguid')?.name).toBe('objectGUID');
  });

  test('a missing attribute, or one without a value, is undefined or []', () => {
    for (const absent of ['mail', 'nothing']) {
      expect(bytesOf(entry, absent)).toBeUndefined();
      expect(textOf(entry, absent)).toBeUndefined();
      expect(integerOf(entry, absent)).toBeUndefined();
      expect(largeIntegerOf(entry, absent)).toBeUndefined();
      expect(booleanOf(entry, absent)).toBeUndefined();
      expect(generalizedTimeOf(entry, absent)).toBeUndefined();
      expect(guidOf(entry, absent)).toBeUndefined();
      expect(allBytesOf(entry, absent)).toEqual([]);
    }
  });

  test('each syntax has its reader', () => {
    expect(guidOf(entry, 'objectGUID')).toBe('9c04206a-9a46-41df-b23b-f2b402ba789f');
    expect(integerOf(entry, 'options')).toBe(-2147483648);
    expect(largeIntegerOf(entry, 'usnChanged')).toBe(9007199254740993n);
    expect(booleanOf(entry, 'isDeleted')).toBe(true);
    expect(generalizedTimeOf(entry, 'whenCreated')).toEqual(new Date('2026-11-22T05:33:25Z'));
    expect(textOf(entry, 'marked')).toBe('\ufeffx');
  });

  test('a value of another syntax is an error, not a guess', () => {
    expect(() => integerOf(entry, 'cn')).toThrow('"x"');
    expect(() => booleanOf(entry, 'cn')).toThrow('expected TRUE or FALSE');
    expect(() => guidOf(entry, 'cn')).toThrow('expected 16 bytes');
  });
});

describe('the rootDSE', () => {
  test('of a server that returns no attributes is empty', () => {
    expect(readRootDse(makeEntry('', {}))).toMatchObject({
      namingContexts: [],
      configurationNamingContext: undefined,
      currentTime: undefined,
      isActiveDirectory: false,
      isReadOnly: false,
      isGlobalCatalogReady: undefined,
      vendor: undefined,
    });
  });

  test('of a read-only DC lists the capability of partial secrets', () => {
    const capabilities = ['1.2.840.113556.1.4.800', '1.2.840.113556.1.4.1920'];

    expect(readRootDse(makeEntry('', { supportedCapabilities: capabilities }))).toMatchObject({
      isActiveDirectory: true,
      isReadOnly: true,
    });
  });
});

/** The header of MS-DNSP 2.3.2.2: length of the data, type, version 5, rank, serial, time to live. */
function recordOf(type: number, data: Buffer): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt16LE(data.length, 0);
  header.writeUInt16LE(type, 2);
  header.writeUInt8(5, 4);
  header.writeUInt8(0xf0, 5);
  header.writeUInt32BE(900, 12);
  return Buffer.concat([header, data]);
}

function nameOf(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  const joined = Buffer.concat(labels);
  return Buffer.concat([Buffer.from([joined.length + 1, labels.length]), joined, Buffer.from([0])]);
}

const label = fc.stringMatching(/^[a-z0-9-]{1,20}$/);
const hostName = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));

describe('a value of dnsRecord', () => {
  test('that Samba 4.17 wrote for dc2._msdcs is the CNAME of its host', () => {
    const value = Buffer.concat([
      Buffer.from('1a00050005f00000010000000000038400000000a5b43800', 'hex'),
      Buffer.from('18040364633204636f7270076578616d706c6503636f6d00', 'hex'),
      Buffer.from('0000', 'hex'),
    ]);
    expect(parseDnsRecord(value)).toEqual({ type: 'CNAME', target: 'dc2.corp.example.com' });
  });

  test('gives the target of each type that names a host, in lower case', () => {
    const types = [[2, 'NS'] as const, [5, 'CNAME'] as const, [12, 'PTR'] as const];
    fc.assert(
      fc.property(hostName, fc.constantFrom(...types), (name, [code, type]) => {
        expect(parseDnsRecord(recordOf(code, nameOf(name.toUpperCase())))).toEqual({ type, target: name });
      }),
    );
  });

  test('gives the target of a service behind priority, weight and port', () => {
    const data = Buffer.concat([Buffer.from([0, 0, 0, 100, 1, 133]), nameOf('dc4.corp.example.com')]);
    expect(parseDnsRecord(recordOf(33, data))).toEqual({ type: 'SRV', target: 'dc4.corp.example.com' });
  });

  test('gives addresses of both families', () => {
    expect(parseDnsRecord(recordOf(1, Buffer.from([10, 0, 0, 4])))).toEqual({ type: 'A', address: '10.0.0.4' });
    const data = Buffer.from('20010db8000000000000000000000004', 'hex');
    expect(parseDnsRecord(recordOf(28, data))).toEqual({ type: 'AAAA', address: '2001:db8:0:0:0:0:0:4' });
  });

  test('of another type, or cut short anywhere, is none that is read', () => {
    expect(parseDnsRecord(recordOf(16, nameOf('text')))).toBeUndefined();
    const whole = recordOf(5, nameOf('dc4.corp.example.com'));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 3 }), (length) => {
        expect(parseDnsRecord(whole.subarray(0, length))).toBeUndefined();
      }),
    );
  });
});

const someBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const pastDate = fc.date({
  min: new Date('1601-01-01T00:00:00.001Z'),
  max: new Date('9999-12-31'),
  noInvalidDate: true,
});

function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

describe('GUIDs', () => {
  it('reverse the bytes of the first three fields, as objectGUID does', () => {
    const raw = bytes('6a20049c469adf41b23bf2b402ba789f');
    expect(formatGuid(raw)).toBe('9c04206a-9a46-41df-b23b-f2b402ba789f');
    expect(guidFromText('9C04206A-9A46-41DF-B23B-F2B402BA789F')).toEqual(raw);
    expect(raw).toEqual(bytes('6a20049c469adf41b23bf2b402ba789f'));
  });

  it('come back from their text', () => {
    fc.assert(
      fc.property(someBytes(16), (raw) => {
        expect(guidFromText(`{${formatGuid(raw)}}`)).toEqual(Buffer.from(raw));
      }),
    );
  });

  it('replace a DN', () => {
    expect(guidBase('{9C04206A-9A46-41DF-B23B-F2B402BA789F}')).toBe('<GUID=9c04206a-9a46-41df-b23b-f2b402ba789f>');
  });

  it('are refused without 16 bytes or 32 digits', () => {
    expect(() => formatGuid(Buffer.alloc(15))).toThrow(ValueSyntaxError);
    expect(() => formatGuid(Buffer.alloc(15))).toThrow('15 bytes');
    for (const text of ['', '9c04206a', '9c04206a-9a46-41df-b23b-f2b402ba789g', '9c04206a9a4641dfb23bf2b402ba789f']) {
      expect(() => normalizedGuid(text)).toThrow(ValueSyntaxError);
    }
    expect(() => guidBase('x>)(cn=*')).toThrow(ValueSyntaxError);
  });
});

describe('security identifiers', () => {
  it.each([
    ['S-1-5-32-544', '01020000000000052000000020020000'],
    ['S-1-5-21-1004336348-1177238915-682003330-512', '010500000000000515000000dcf4dc3b833d2b46828ba62800020000'],
    ['S-1-1-0', '010100000000000100000000'],
    ['S-1-0x100000000000-7', '010110000000000007000000'],
  ])('%s has its text and its bytes', (text, hex) => {
    expect(formatSid(bytes(hex))).toBe(text);
    expect(sidFromText(text)).toEqual(bytes(hex));
  });

  it('come back from their text', () => {
    const sid = fc
      .tuple(
        someBytes(6),
        fc.uint8Array({ maxLength: 60 }).map((rest) => rest.slice(0, rest.length & ~3)),
      )
      .map(([authority, rest]) => Buffer.from([1, rest.length / 4, ...authority, ...rest]));
    fc.assert(
      fc.property(sid, (raw) => {
        expect(sidFromText(formatSid(raw))).toEqual(raw);
      }),
    );
  });

  it('are refused when truncated, too long or of another revision', () => {
    const tooMany = `0110000000000005${'00'.repeat(64)}`;
    for (const hex of [
      tooMany,
      '',
      '01',
      '0102000000000005200000002002',
      '01010000000000052000000020020000',
      '0201000000000005',
    ]) {
      expect(() => formatSid(bytes(hex))).toThrow(ValueSyntaxError);
    }
    for (const text of [
      '',
      'S-1',
      'S-2-5',
      'S-1-5-',
      'S-1-5-4294967296',
      'S-1-281474976710656',
      `S-1-5${'-1'.repeat(16)}`,
    ]) {
      expect(() => sidFromText(text)).toThrow(ValueSyntaxError);
    }
  });
});

describe('FILETIME', () => {
  it('counts 100 ns since 1601', () => {
    expect(dateOfFileTime('116444736000000000')).toEqual(new Date('1970-01-01T00:00:00Z'));
    expect(fileTimeOfDate(new Date('1970-01-01T00:00:00Z'))).toBe('116444736000000000');
  });

  it('has two ways to say never', () => {
    expect(dateOfFileTime('0')).toBe('never');
    expect(dateOfFileTime('9223372036854775807')).toBe('never');
  });

  it('comes back from a date', () => {
    fc.assert(
      fc.property(pastDate, (date) => {
        expect(dateOfFileTime(fileTimeOfDate(date))).toEqual(date);
      }),
    );
  });

  it.each(['', '-36288000000000', '1.5', '0x10', '9223372036854775806', '99999999999999999999'])(
    'refuses %j',
    (text) => {
      expect(() => dateOfFileTime(text)).toThrow(ValueSyntaxError);
    },
  );
});

describe('seconds since 1601', () => {
  it('are the unit of replication, with 0 for never', () => {
    const date = new Date('2026-11-22T05:33:25Z');
    expect(secondsSince1601(date)).toBe(13_439_799_205n);
    expect(dateOfSecondsSince1601(13_439_799_205n)).toEqual(date);
    expect(dateOfSecondsSince1601(0n)).toBe('never');
    expect(() => dateOfSecondsSince1601(2n ** 63n)).toThrow(ValueSyntaxError);
  });
});

describe('GeneralizedTime', () => {
  it.each([
    ['20261122053325.0Z', '2026-11-22T05:33:25.000Z'],
    ['20261122053325Z', '2026-11-22T05:33:25.000Z'],
    ['20261122053325,123456Z', '2026-11-22T05:33:25.123Z'],
    ['202611220533Z', '2026-11-22T05:33:00.000Z'],
    ['202611220533.5Z', '2026-11-22T05:33:30.000Z'],
    ['2026112205Z', '2026-11-22T05:00:00.000Z'],
    ['2026112205.25Z', '2026-11-22T05:15:00.000Z'],
    ['20261122053325+0130', '2026-11-22T04:03:25.000Z'],
    ['20261122233325-05', '2026-11-23T04:33:25.000Z'],
    ['20161231235960Z', '2017-01-01T00:00:00.000Z'],
    ['16010101000000.0Z', '1601-01-01T00:00:00.000Z'],
    ['20240229000000.0Z', '2024-02-29T00:00:00.000Z'],
  ])('%s is %s', (text, iso) => {
    expect(parseGeneralizedTime(text).toISOString()).toBe(iso);
  });

  it('comes back from a date, to the second', () => {
    fc.assert(
      fc.property(pastDate, (date) => {
        const text = formatGeneralizedTime(date);
        expect(text).toMatch(/^\d{14}\.0Z$/);
        expect(parseGeneralizedTime(text).getTime()).toBe(Math.floor(date.getTime() / 1000) * 1000);
      }),
    );
  });

  it.each([
    '',
    '20261122053325',
    '20260230000000Z',
    '20261322053325Z',
    '20261122240000Z',
    '20261122056025Z',
    '20261122053361Z',
    '20261122053325+2400',
    '20261122053325+0160',
    '261122053325Z',
    '20261122053325.Z',
    ' 20261122053325Z',
  ])('refuses %j', (text) => {
    expect(() => parseGeneralizedTime(text)).toThrow(ValueSyntaxError);
  });
});

describe('truth values and integers', () => {
  it('are read only in their exact form', () => {
    expect(parseBoolean('TRUE')).toBe(true);
    expect(parseBoolean('FALSE')).toBe(false);
    expect(parseInteger32('-2147483648')).toBe(-2147483648);
    expect(parseInteger32('180')).toBe(180);
    expect(parseLargeInteger('-9223372036854775808')).toBe(-(2n ** 63n));
  });

  it.each(['true', '1', '', ' TRUE'])('do not accept %j as a truth value', (text) => {
    expect(() => parseBoolean(text)).toThrow(ValueSyntaxError);
  });

  it.each(['2147483648', '-2147483649', '', '1.0', '1e3', '0x10', ' 1', '01', '+1', '-', '٣'])(
    'do not take %j for an integer of 32 bits',
    (text) => {
      expect(() => parseInteger32(text)).toThrow(ValueSyntaxError);
    },
  );

  it('do not accept 2^63 as an integer of 64 bits', () => {
    expect(() => parseLargeInteger('9223372036854775808')).toThrow(ValueSyntaxError);
  });
});

describe('values in a plan', () => {
  it('come back byte for byte', () => {
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((raw) => Buffer.from(raw)),
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(value, (raw) => {
        // toEqual would take two seconds for all of them.
        expect(bytesOfWrittenValue(writtenValueOf(raw)).equals(raw)).toBe(true);
        expect(bytesOfWrittenValue(JSON.parse(JSON.stringify(writtenValueOf(raw)))).equals(raw)).toBe(true);
      }),
    );
  });

  it('are text if a person can read them', () => {
    for (const text of ['', 'Häns 😀', 'two\r\nlines\t', '\uFEFFmark'])
      expect(writtenValueOf(Buffer.from(text))).toBe(text);
  });

  it('are base64 if they are not text or contain control characters', () => {
    expect(writtenValueOf(bytes('ff00'))).toEqual({ base64: '/wA=' });
    for (const text of ['a\0', '\u001b[2J', '\u007f', '\u0085']) {
      expect(writtenValueOf(Buffer.from(text))).toEqual({ base64: Buffer.from(text).toString('base64') });
    }
  });

  it('are refused when their base64 is malformed', () => {
    expect(() => bytesOfWrittenValue({ base64: 'AA*' })).toThrow(ValueSyntaxError);
    expect(() => bytesOfWrittenValue({ base64: 'AAE' })).toThrow(ValueSyntaxError);
  });
});

describe('durations in words', () => {
  const hour = 3_600_000;

  it.each([
    [0, '0 seconds'],
    [1000, '1 second'],
    [59_999, '59 seconds'],
    [60_000, '1 minute'],
    [14.9 * 60_000, '14 minutes'],
    [hour, '1 hour'],
    [47.9 * hour, '47 hours'],
    [48 * hour, '2 days'],
    [47.99 * 24 * hour, '47 days'],
  ])('%d milliseconds are %s', (milliseconds, words) => {
    expect(durationInWords(milliseconds)).toBe(words);
  });

  it('say how long ago something was, or that it never was', () => {
    const now = new Date('2026-11-22T12:00:00Z');
    expect(agoInWords(new Date('2026-11-22T11:46:00Z'), now)).toBe('14 minutes ago');
    expect(agoInWords(new Date('2026-11-22T12:03:00Z'), now)).toBe('in 3 minutes');
    expect(agoInWords('never', now)).toBe('never');
  });
});
