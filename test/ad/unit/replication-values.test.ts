import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { secondsSince1601 } from '../../../src/ad/entry.ts';
import {
  parseAttributeStampXml,
  parseCursorXml,
  parseInboundNeighborXml,
  parsePropertyMetaData,
  parseRepsFrom,
  parseUpToDateVector,
  UnreadableReplicationValueError,
} from '../../../src/ad/replication-values.ts';

// Values that Samba 4.17 wrote.
const repsFrom = Buffer.from(
  'AQAAAAAAAAAJAQAABAAAAKUPEyEDAAAAYhATIQMAAABXAAAA0AAAADkAAAB0AAAAERERERERERERERERERERERERERERERERERERERERERERER' +
    'ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGogBJxG' +
    'mt9BsjvytAK6eJ87pey624ZWRoCmhF5HYFEgAAAAAAAAAAAAAAAAAAAAADUAAAA5YzA0MjA2YS05YTQ2LTQxZGYtYjIzYi1mMmI0MDJiYTc4OW' +
    'YuX21zZGNzLmxhYi50ZXN0AA==',
  'base64',
);
const repsFromVersion2 = Buffer.from(
  'AgAAAAAAAACUAQAAAwAAAICJfSADAAAA5Il9IAMAAACmIQAA2AAAALwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGogBJxG' +
    'mt9BsjvytAK6eJ87pey624ZWRoCmhF5HYFEgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAvAAAABgAAAAAAAAAkgAAAAAAAAAAAAAAOQBjADAANA' +
    'AyADAANgBhAC0AOQBhADQANgAtADQAMQBkAGYALQBiADIAMwBiAC0AZgAyAGIANAAwADIAYgBhADcAOAA5AGYALgBfAG0AcwBkAGMAcwAuAGMA' +
    'bwByAHAALgBlAHgAYQBtAHAAbABlAC4AYwBvAG0AAABkAGMAMgAuAGMAbwByAHAALgBlAHgAYQBtAHAAbABlAC4AYwBvAG0AAAA=',
  'base64',
);
const upToDateVector = Buffer.from('AgAAAAAAAAABAAAAAAAAADul7LrbhlZGgKaEXkdgUSC6DwAAAAAAAACAPtXesZ0B', 'base64');
const propertyMetaData = Buffer.from(
  'AQAAAAAAAAALAAAAAAAAAAAAAAABAAAAND8TIQMAAAB5NPz/LqBgTrPgq2/21UdFOwgAAAAAAAA7CAAAAAAAAAMAAAABAAAAND8TIQMAAAB5NPz/' +
    'LqBgTrPgq2/21UdFOwgAAAAAAAA7CAAAAAAAAAEAAgABAAAAND8TIQMAAAB5NPz/LqBgTrPgq2/21UdFOwgAAAAAAAA7CAAAAAAAAAIAAgABAAAA' +
    'ND8TIQMAAAB5NPz/LqBgTrPgq2/21UdFOwgAAAAAAAA7CAAAAAAAADYAAgABAAAAND8TIQMAAAB5NPz/LqBgTrPgq2/21UdFOwgAAAAAAAA7CAAA' +
    'AAAAAKkAAgABAAAAND8TIQMAAAB5NPz/LqBgTrPgq2/21UdFOwgAAAAAAAA7CAAAAAAAABkBAgABAAAAND8TIQMAAAB5NPz/LqBgTrPgq2/21UdF' +
    'OwgAAAAAAAA7CAAAAAAAAAEACQABAAAAND8TIQMAAAB5NPz/LqBgTrPgq2/21UdFOwgAAAAAAAA7CAAAAAAAAA4DCQABAAAAND8TIQMAAAB5NPz/' +
    'LqBgTrPgq2/21UdFOwgAAAAAAAA7CAAAAAAAAEMFCQABAAAAND8TIQMAAAB5NPz/LqBgTrPgq2/21UdFOwgAAAAAAAA7CAAAAAAAAFUGCQABAAAA' +
    'ND8TIQMAAAB5NPz/LqBgTrPgq2/21UdFOwgAAAAAAAA7CAAAAAAAAA==',
  'base64',
);

const sourceDsaGuid = '9c04206a-9a46-41df-b23b-f2b402ba789f';
const invocationId = 'baeca53b-86db-4656-80a6-845e47605120';

function withNumbers(value: Buffer, numbers: Readonly<Record<number, number>>): Buffer {
  const copy = Buffer.from(value);
  for (const [offset, number] of Object.entries(numbers)) copy.writeUInt32LE(number, Number(offset));
  return copy;
}

function withTime(value: Buffer, offset: number, seconds: bigint): Buffer {
  const copy = Buffer.from(value);
  copy.writeBigUInt64LE(seconds, offset);
  return copy;
}

/** Every cut of the value, and every value with one run of bytes overwritten, reads or is unreadable; nothing else. */
function neverAnotherError(parse: (value: Buffer) => unknown, sample: Buffer): void {
  for (let length = 0; length < sample.length; length++) {
    expect(() => parse(sample.subarray(0, length)), `cut to ${length}`).toThrow(UnreadableReplicationValueError);
  }
  const damage = fc.record({ at: fc.nat(sample.length - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) });
  fc.assert(
    fc.property(fc.oneof(damage, fc.uint8Array({ maxLength: 300 })), (change) => {
      const value = Buffer.from(change instanceof Uint8Array ? change : sample);
      if (!(change instanceof Uint8Array)) value.set(change.bytes.slice(0, value.length - change.at), change.at);
      try {
        parse(value);
      } catch (error) {
        expect(error).toBeInstanceOf(UnreadableReplicationValueError);
      }
    }),
  );
}

describe('repsFrom', () => {
  it('is read as Samba wrote it', () => {
    expect(parseRepsFrom(repsFrom)).toEqual({
      sourceDsaGuid,
      lastSuccess: new Date('2026-11-22T05:33:25Z'),
      lastResult: 87,
      consecutiveFailures: 4,
    });
  });

  it('of version 2 is read as Samba writes it', () => {
    expect(parseRepsFrom(repsFromVersion2)).toEqual({
      sourceDsaGuid,
      lastSuccess: new Date('2026-07-31T19:33:20Z'),
      lastResult: 8614,
      consecutiveFailures: 3,
    });
  });

  it('says never where there was no success', () => {
    expect(parseRepsFrom(withTime(repsFrom, 16, 0n)).lastSuccess).toBe('never');
  });

  it.each([
    ['of a version to come', withNumbers(repsFrom, { 0: 3 }), 'version 3'],
    ['of zeros', Buffer.alloc(265), 'version 0'],
    ['without a source', Buffer.concat([repsFrom.subarray(0, 160), Buffer.alloc(105)]), 'no source'],
    ['that is longer than it says', withNumbers(repsFrom, { 8: 300 }), '265 bytes instead of 300'],
    ['that is too short for its fields', withNumbers(repsFrom, { 8: 100 }), 'bytes instead of 100'],
    ['with a time beyond the calendar', withTime(repsFrom, 16, 2n ** 62n), 'before the year 10000'],
  ])('is unreadable if %s', (_, value, found) => {
    expect(() => parseRepsFrom(value)).toThrow(UnreadableReplicationValueError);
    expect(() => parseRepsFrom(value)).toThrow(found);
  });

  it('throws no other error, and never reads a truncated value', () => neverAnotherError(parseRepsFrom, repsFrom));
});

describe('replUpToDateVector', () => {
  it('is read as Samba wrote it, with an unknown time', () => {
    expect(parseUpToDateVector(upToDateVector)).toEqual([{ invocationId, usn: 4026n, lastSuccess: 'unknown' }]);
  });

  it('counts in seconds on Windows', () => {
    const time = new Date('2026-10-06T12:00:00Z');
    const windows = withTime(upToDateVector, 16 + 24, secondsSince1601(time));
    expect(parseUpToDateVector(windows)).toEqual([{ invocationId, usn: 4026n, lastSuccess: time }]);
  });

  it('has no times in version 1', () => {
    const version1 = Buffer.concat([upToDateVector.subarray(0, 40), upToDateVector.subarray(16, 40)]);
    const cursor = { invocationId, usn: 4026n, lastSuccess: 'unknown' };
    expect(parseUpToDateVector(withNumbers(version1, { 0: 1, 8: 2 }))).toEqual([cursor, cursor]);
  });

  it('is unreadable with a count larger than its bytes', () => {
    const many = withNumbers(upToDateVector, { 8: 0xffff_ffff });
    expect(() => parseUpToDateVector(many)).toThrow(/48 bytes instead of/);
  });

  it('throws no other error, and never reads a truncated value', () =>
    neverAnotherError(parseUpToDateVector, upToDateVector));
});

describe('replPropertyMetaData', () => {
  it('is read as Samba wrote it', () => {
    const stamps = parsePropertyMetaData(propertyMetaData);
    expect(stamps).toHaveLength(11);
    expect(stamps.find(({ attribute }) => attribute === 'tombstoneLifetime')).toEqual({
      attribute: 'tombstoneLifetime',
      version: 1,
      changed: new Date('2026-11-22T08:56:20Z'),
      originatingInvocationId: 'fffc3479-a02e-4e60-b3e0-ab6ff6d54745',
      originatingUsn: 2107n,
    });
    expect(stamps[0]?.attribute).toBe('attid 0');
  });

  it('throws no other error, and never reads a truncated value', () =>
    neverAnotherError(parsePropertyMetaData, propertyMetaData));
});

function xml(root: string, fields: Readonly<Record<string, string>>): Buffer {
  const children = Object.entries(fields).map(([name, text]) => `\t<${name}>${text}</${name}>\n`);
  return Buffer.from(`<${root}>\n${children.join('')}</${root}>\n\0`);
}

const neighborFields = {
  pszNamingContext: 'DC=corp,DC=example,DC=com',
  pszSourceDsaDN: 'CN=NTDS Settings,CN=R&amp;D &lt;2&gt;,CN=Servers,CN=&#85;trecht,CN=Sites,CN=Configuration',
  pszSourceDsaAddress: `${sourceDsaGuid}._msdcs.corp.example.com`,
  pszAsyncIntersiteTransportDN: '',
  dwReplicaFlags: '112',
  uuidSourceDsaObjGuid: sourceDsaGuid.toUpperCase(),
  uuidSourceDsaInvocationID: invocationId,
  usnLastObjChangeSynced: '13968',
  ftimeLastSyncSuccess: '2026-10-06T12:00:00Z',
  ftimeLastSyncAttempt: '2026-11-22T05:36:34Z',
  dwLastSyncResult: '8614',
  cNumConsecutiveSyncFailures: '4711',
};

describe('msDS-NCReplInboundNeighbors', () => {
  const neighbor = {
    namingContext: 'DC=corp,DC=example,DC=com',
    sourceDsaGuid,
    lastSuccess: new Date('2026-10-06T12:00:00Z'),
    lastResult: 8614,
    consecutiveFailures: 4711,
  };

  it.each(['DS_REPL_NEIGHBOR', 'DS_REPL_NEIGHBORW', 'repl'])('is read with any name of the root: %s', (root) => {
    expect(parseInboundNeighborXml(xml(root, neighborFields))).toEqual(neighbor);
  });

  it('is read without its trailing NUL, with a declaration, and with empty elements', () => {
    const text = xml('DS_REPL_NEIGHBOR', neighborFields).toString().replace('\0', '');
    const rewritten = text.replace('<pszAsyncIntersiteTransportDN></pszAsyncIntersiteTransportDN>', '<psz />');
    expect(parseInboundNeighborXml(Buffer.from(`<?xml version="1.0"?>\n${rewritten}`))).toEqual(neighbor);
  });

  it('says never for the beginning of 1601', () => {
    const value = xml('DS_REPL_NEIGHBOR', { ...neighborFields, ftimeLastSyncSuccess: '1601-01-01T00:00:00Z' });
    expect(parseInboundNeighborXml(value).lastSuccess).toBe('never');
  });

  it('reads long white space in linear time', () => {
    const space = ' '.repeat(1_000_000);
    const text = xml('repl', neighborFields)
      .toString()
      .replace('</repl>', `${space}<psz>x${space}</psz>${space}</repl>`);
    expect(parseInboundNeighborXml(Buffer.from(text))).toEqual(neighbor);
    expect(() => parseInboundNeighborXml(Buffer.from(`<repl>${space}x`))).toThrow(UnreadableReplicationValueError);
  });

  it('keeps an ampersand that the server did not escape', () => {
    const value = xml('DS_REPL_NEIGHBOR', { ...neighborFields, pszNamingContext: 'DC=a&b' });
    expect(parseInboundNeighborXml(value).namingContext).toBe('DC=a&b');
  });

  it.each([
    ['without the last success', { ftimeLastSyncSuccess: '' }, 'no ftimeLastSyncSuccess'],
    ['without the result', { dwLastSyncResult: '' }, 'no dwLastSyncResult'],
    ['with a result that is no number', { dwLastSyncResult: 'OK' }, 'dwLastSyncResult "OK"'],
    ['with a negative number', { cNumConsecutiveSyncFailures: '-1' }, 'cNumConsecutiveSyncFailures "-1"'],
    ['with more than 32 bits', { dwLastSyncResult: '4294967296' }, '4294967296'],
    ['with a time in words', { ftimeLastSyncSuccess: 'yesterday' }, 'ftimeLastSyncSuccess "yesterday"'],
    ['with a day that is none', { ftimeLastSyncSuccess: '2026-13-01T00:00:00Z' }, '2026-13-01'],
    ['with a GUID that is none', { uuidSourceDsaObjGuid: 'dc2' }, '32 hex digits'],
    ['with no source', { uuidSourceDsaObjGuid: '00000000-0000-0000-0000-000000000000' }, 'no uuidSourceDsaObjGuid'],
    ['with nested elements', { pszNamingContext: '<b>DC=com</b>' }, 'not a field'],
  ])('is unreadable %s', (_, change, found) => {
    const value = xml('DS_REPL_NEIGHBOR', { ...neighborFields, ...change });
    expect(() => parseInboundNeighborXml(value)).toThrow(UnreadableReplicationValueError);
    expect(() => parseInboundNeighborXml(value)).toThrow(found);
  });

  it('is unreadable with a field twice', () => {
    const text = xml('r', neighborFields).toString();
    const twice = text.replace('\t<dwLastSyncResult>', '\t<dwLastSyncResult>0</dwLastSyncResult>$&');
    expect(() => parseInboundNeighborXml(Buffer.from(twice))).toThrow('dwLastSyncResult twice');
  });

  it('is unreadable when it is binary, as with the option ;binary', () => {
    expect(() => parseInboundNeighborXml(repsFrom)).toThrow('not one complete XML element');
  });

  it('throws no other error, and never reads a truncated value', () => {
    const sample = xml('DS_REPL_NEIGHBOR', neighborFields);
    neverAnotherError(parseInboundNeighborXml, sample.subarray(0, sample.lastIndexOf('>') + 1));
  });
});

describe('msDS-NCReplCursors', () => {
  it('is read', () => {
    const value = xml('DS_REPL_CURSOR', {
      uuidSourceDsaInvocationID: invocationId,
      usnAttributeFilter: '9007199254740993',
      ftimeLastSyncSuccess: '2026-09-12T08:00:00Z',
      pszSourceDsaDN: 'CN=NTDS Settings,CN=DC4',
    });
    expect(parseCursorXml(value)).toEqual({
      invocationId,
      usn: 9_007_199_254_740_993n,
      lastSuccess: new Date('2026-09-12T08:00:00Z'),
      sourceDsaDn: 'CN=NTDS Settings,CN=DC4',
    });
  });
});

describe('msDS-ReplAttributeMetaData', () => {
  it('is read, also when the DC that made the change is gone', () => {
    const value = xml('DS_REPL_ATTR_META_DATA', {
      pszAttributeName: 'tombstoneLifetime',
      dwVersion: '3',
      ftimeLastOriginatingChange: '2026-11-22T05:33:25Z',
      uuidLastOriginatingDsaInvocationID: invocationId,
      usnOriginatingChange: '12776',
      usnLocalChange: '12776',
      pszLastOriginatingDsaDN: '',
    });
    expect(parseAttributeStampXml(value)).toEqual({
      attribute: 'tombstoneLifetime',
      version: 3,
      changed: new Date('2026-11-22T05:33:25Z'),
      originatingInvocationId: invocationId,
      originatingUsn: 12776n,
    });
  });
});
