/** BER for tests, written from X.690 and RFC 4511 alone, so that it shares no mistake with what it tests. */

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

export function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const digits = content.length.toString(16);
  const long = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  const length =
    content.length < 0x80 ? Buffer.from([content.length]) : Buffer.concat([Buffer.from([0x80 | long.length]), long]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
}

export const octets = (value: string | Buffer, tag = 0x04): Buffer =>
  element(tag, typeof value === 'string' ? Buffer.from(value) : value);

export const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, ...parts);

export const boolean = (value: boolean, tag = 0x01): Buffer => element(tag, Buffer.from([value ? 0xff : 0]));

export function integer(value: number, tag = 0x02): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  let start = 0;
  while (start < 3 && bytes.readInt16BE(start) >> 7 === (bytes.readInt8(start) < 0 ? -1 : 0)) start += 1;
  return element(tag, bytes.subarray(start));
}

/** The elements one after another in these bytes. */
export function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at);
    const first = bytes.readUInt8(at + 1);
    const header = first < 0x80 ? 2 : 2 + (first & 0x7f);
    const length = first < 0x80 ? first : bytes.readUIntBE(at + 2, first & 0x7f);
    if (at + header + length > bytes.length) throw new RangeError('the last element is cut short');
    found.push({ tag, content: bytes.subarray(at + header, at + header + length) });
    at += header + length;
  }
  return found;
}

type Values = Readonly<Record<string, readonly (string | Buffer)[]>>;

export function searchEntry(messageId: number, dn: string, attributes: Values): Buffer {
  const list = Object.entries(attributes).map(([name, values]) =>
    sequence(octets(name), element(0x31, ...values.map((value) => octets(value)))),
  );
  return sequence(integer(messageId), element(0x64, octets(dn), sequence(...list)));
}

export function searchReference(messageId: number, ...urls: readonly string[]): Buffer {
  return sequence(integer(messageId), element(0x73, ...urls.map((url) => octets(url))));
}

export const responseTag = {
  bind: 0x61,
  search: 0x65,
  modify: 0x67,
  add: 0x69,
  delete: 0x6b,
  rename: 0x6d,
  extended: 0x78,
};

export interface ResultParts {
  readonly code?: number;
  readonly matchedDn?: string;
  readonly text?: string;
  readonly referrals?: readonly string[];
  /** With the paging control in the answer; '' is the last page's. */
  readonly cookie?: string;
  readonly extension?: string;
  /** serverSaslCreds of a bind. */
  readonly saslToken?: Buffer;
}

export function result(messageId: number, tag: number, parts: ResultParts = {}): Buffer {
  const { code = 0, matchedDn = '', text = '', referrals, cookie, extension, saslToken } = parts;
  const operation = element(
    tag,
    integer(code, 0x0a),
    octets(matchedDn),
    octets(text),
    ...(referrals === undefined ? [] : [element(0xa3, ...referrals.map((url) => octets(url)))]),
    ...(extension === undefined ? [] : [octets(extension, 0x8a)]),
    ...(saslToken === undefined ? [] : [octets(saslToken, 0x87)]),
  );
  const paged = cookie === undefined ? [] : [sequence(integer(0), octets(cookie))];
  const controls = paged.map((value) => element(0xa0, sequence(octets('1.2.840.113556.1.4.319'), octets(value))));
  return sequence(integer(messageId), operation, ...controls);
}
