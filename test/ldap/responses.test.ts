import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  longestMessage,
  MessageSplitter,
  NotLdapError,
  type Response,
  ResponseReader,
} from '../../src/ldap/responses.ts';
import { element, integer, octets, responseTag, result, searchEntry, searchReference, sequence } from './peer/ber.ts';

function read(message: Buffer): Response {
  return new ResponseReader().read(message);
}

describe('splitting the stream into messages', () => {
  const messages = [
    searchEntry(2, 'CN=a', { cn: ['a'], jpegPhoto: [Buffer.alloc(70_000, 7)] }),
    searchReference(2, 'ldap://dc2.example.com/'),
    searchEntry(2, 'CN=b', { description: ['x'.repeat(200)] }),
    result(2, responseTag.search, { cookie: 'next' }),
  ];

  test('works wherever the network splits it', () => {
    const stream = Buffer.concat(messages);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: stream.length }), { maxLength: 30 }), (cuts) => {
        const splitter = new MessageSplitter();
        splitter.longest = longestMessage.afterLogon;
        const edges = [0, ...cuts.toSorted((one, other) => one - other), stream.length];
        const found = edges.slice(1).flatMap((edge, index) => splitter.push(stream.subarray(edges[index], edge)));
        expect(found.map((message) => message.length)).toEqual(messages.map((message) => message.length));
        expect(Buffer.concat(found).equals(stream)).toBe(true);
        expect(splitter.isMidway).toBe(false);
      }),
    );
  });

  test('an incomplete message is known as such', () => {
    const splitter = new MessageSplitter();

    expect(splitter.push(result(1, responseTag.bind).subarray(0, 5))).toEqual([]);
    expect(splitter.isMidway).toBe(true);
  });

  test.each([
    ['text', Buffer.from('HTTP/1.1 400 Bad Request\r\n')],
    ['TLS', Buffer.from('15030300020228', 'hex')],
    ['an indefinite length', Buffer.from('3080', 'hex')],
    ['a length of five bytes', Buffer.from('308500000000ff', 'hex')],
  ])('%s is not LDAP', (_, bytes) => {
    expect(() => new MessageSplitter().push(bytes)).toThrow(NotLdapError);
  });

  test('the bytes after a valid message are checked too', () => {
    const bytes = Buffer.concat([result(1, responseTag.bind), Buffer.from('oops')]);

    expect(() => new MessageSplitter().push(bytes)).toThrow(expect.objectContaining({ bytes: Buffer.from('oops') }));
  });
});

describe('a response is read', () => {
  test('a result with every field', () => {
    const parts = {
      code: 10,
      matchedDn: 'DC=é',
      text: 'no\0',
      referrals: ['ldap://a/', 'ldap://b/'],
      extension: '1.2',
      cookie: 'c',
    };

    expect(read(result(7, responseTag.extended, parts))).toEqual({
      kind: 'result',
      messageId: 7,
      result: { resultCode: 10, matchedDn: 'DC=é', diagnostic: 'no\0', referrals: ['ldap://a/', 'ldap://b/'] },
      pageCookie: Buffer.from('c'),
      saslToken: Buffer.alloc(0),
    });
  });

  test("the server's token in the answer to a SASL bind", () => {
    const saslToken = Buffer.from([0, 255]);

    expect(read(result(7, responseTag.bind, { code: 14, saslToken }))).toMatchObject({ saslToken });
  });

  test('an empty cookie is the last page', () => {
    expect(read(result(7, responseTag.search, { cookie: '' }))).toMatchObject({ pageCookie: undefined });
  });

  test('large message ids and result codes', () => {
    expect(read(result(2 ** 31 - 1, responseTag.search, { code: 16654 }))).toMatchObject({
      messageId: 2 ** 31 - 1,
      result: { resultCode: 16654 },
    });
  });

  test('an entry that the request does not want is not read, unless values are missing in it', () => {
    const isWanted = (id: number, message: Buffer): boolean => id === 3 && message.includes('EX04');
    const readIf = (values: Readonly<Record<string, readonly string[]>>): Response =>
      new ResponseReader().read(searchEntry(3, 'CN=g', values), isWanted);

    expect(readIf({ homeMTA: ['CN=EX01'] })).toEqual({ kind: 'unwanted', messageId: 3 });
    expect(readIf({ homeMTA: ['CN=EX04'] })).toMatchObject({ kind: 'entry', dn: 'CN=g' });
    // What is missing in it may be wanted.
    expect(readIf({ 'member;range=0-0': ['CN=EX01'] })).toMatchObject({ kind: 'entry', partial: [{ next: 1 }] });
  });

  test('an entry: names in lower case, a range separated from its name', () => {
    const entry = read(
      searchEntry(3, 'CN=g', {
        objectClass: ['top', 'group'],
        'Member;range=0-1': ['a', 'b'],
        'userCertificate;binary': ['x'],
      }),
    );

    expect(entry).toMatchObject({ dn: 'CN=g', partial: [{ name: 'Member', next: 2 }] });
    expect(entry.kind === 'entry' ? [...entry.attributes.keys()] : []).toEqual([
      'objectclass',
      'member',
      'usercertificate;binary',
    ]);
  });

  test('the last part of a range is not partial', () => {
    expect(read(searchEntry(3, 'CN=g', { 'member;range=1500-*': ['z'] }))).toMatchObject({ partial: [] });
  });

  test.each([
    { member: [], 'member;range=0-0': ['a'] },
    { 'member;range=0-0': ['a'], member: [] },
  ])('the attribute that AD sends empty next to its range does not hide the values (%j)', (attributes) => {
    const entry = read(searchEntry(3, 'CN=g', attributes));
    expect(entry.kind === 'entry' ? entry.attributes.get('member')?.values : []).toEqual([Buffer.from('a')]);
  });

  test('an unknown operation is not LDAP', () => {
    expect(() => read(sequence(integer(1), element(0x7f, octets('?'))))).toThrow(NotLdapError);
  });

  test.each([
    ['value', (end: number) => end - 2],
    ['list of values', (end: number) => end - 4],
  ])('a %s that claims to be longer than the message is refused, not truncated', (_, lengthAt) => {
    const message = searchEntry(3, 'CN=g', { cn: ['g'] });
    const position = lengthAt(message.length);
    message.writeUInt8(message.readUInt8(position) + 1, position);

    expect(() => read(message)).toThrow(NotLdapError);
  });

  test('a damaged message is refused, never misread past its end', () => {
    const good = searchEntry(3, 'CN=g', { cn: ['g'], member: ['a', 'b'] });
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }), (position, byte) => {
        const damaged = Buffer.from(good);
        damaged[position] = byte;
        try {
          read(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(NotLdapError);
        }
      }),
    );
  });
});
