import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDnsRecord } from '../../../src/ad/entry.ts';

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
