import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  childDn,
  conflictRdnOf,
  type Dn,
  DnSyntaxError,
  deletedRdnOf,
  dnBesideBinary,
  dnDepth,
  dnsNameOfDn,
  formatDn,
  isBelow,
  isConflictDn,
  isDeletedDn,
  isSameOrBelow,
  joinDn,
  normalizedDn,
  parentDn,
  parseDn,
  rdnOf,
  sameDn,
} from '../../../src/ad/dn.ts';

const configuration = 'CN=Configuration,DC=corp,DC=example,DC=com';
const guid = '2b1f0fd5-3c54-4e0a-9d5a-0d5bd1c6b9a1';

const awkwardCharacter = fc.constantFrom(...' \0\n\r,+"\\<>;=#/äßÄa1', '\u{1F600}', '\u0301', '\uFEFF');
const value = fc.oneof(
  fc.string({ unit: awkwardCharacter, minLength: 1 }),
  fc.string({ unit: 'binary', minLength: 1 }),
);
const attributeType = fc.constantFrom('CN', 'OU', 'DC', 'msExchThing', '1.2.840.113556.1');
const attribute = fc.record({ type: attributeType, value });
const rdn = fc.array(attribute, { minLength: 1, maxLength: 2 });
const dn = fc.array(rdn, { maxLength: 5 }).map((levels) => levels as unknown as Dn);

/** The same text as an LDAP client could also write it: every byte as a hex pair. */
function hexEscaped(text: string): string {
  return [...Buffer.from(text, 'utf8')].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
}

function berString(tag: number, content: Buffer): string {
  const length = content.length < 0x80 ? [content.length] : [0x81, content.length];
  return `#${Buffer.concat([Buffer.from([tag, ...length]), content]).toString('hex')}`;
}

describe('reading a DN', () => {
  it('unescapes special characters and hex pairs, also where several bytes make one character', () => {
    expect(rdnOf('CN=Lee\\, Kim \\2B \\22K\\22,DC=com').value).toBe('Lee, Kim + "K"');
    expect(rdnOf('CN=Lu\\C4\\8Di\\C4\\87,DC=com').value).toBe('Lučić');
    expect(rdnOf('CN=\\F0\\9F\\98\\80').value).toBe('😀');
  });

  it('keeps escaped spaces at both ends and drops the others', () => {
    expect(rdnOf('CN=  \\ a b \\20  ').value).toBe(' a b  ');
    expect(rdnOf('CN=\\20').value).toBe(' ');
    expect(rdnOf('CN=a \\ ,DC=com').value).toBe('a  ');
  });

  it('accepts spaces around separators, ; as separator and quoted values', () => {
    expect(formatDn(parseDn(' CN = a , OU="x, y+\\"z\\"" ; dc=com '))).toBe('CN=a,OU=x\\, y\\+\\"z\\",DC=com');
  });

  it('accepts several attributes in one RDN', () => {
    expect(parseDn('CN=a+UID=b,DC=com')[0]).toEqual([
      { type: 'CN', value: 'a' },
      { type: 'UID', value: 'b' },
    ]);
  });

  it('decodes #hex BER strings of every string kind', () => {
    expect(rdnOf(`CN=${berString(0x04, Buffer.from('Häns'))}`).value).toBe('Häns');
    expect(rdnOf(`CN=${berString(0x0c, Buffer.from('x'.repeat(200)))}`).value).toBe('x'.repeat(200));
    expect(rdnOf(`2.5.4.3=${berString(0x1e, Buffer.from('Häns', 'utf16le').swap16())}`)).toEqual({
      type: 'CN',
      value: 'Häns',
    });
  });

  it('replaces OIDs of the well-known attributes by their names, printed in upper case', () => {
    expect(formatDn(parseDn('oid.2.5.4.3=a,2.5.4.11=b,dc=com,msDS-thing=c'))).toBe('CN=a,OU=b,DC=com,msDS-thing=c');
  });

  it('returns no RDNs for the rootDSE', () => {
    expect(parseDn('')).toEqual([]);
    expect(formatDn([])).toBe('');
  });

  it.each([
    ['CN', 3, '"="'],
    ['CN=a,', 6, 'attribute type'],
    ['CN=a,,DC=com', 6, 'attribute type'],
    ['CN=C++,DC=com', 6, 'attribute type'],
    ['=a', 1, 'attribute type'],
    ['C_N=a', 2, '"="'],
    ['CN=a<b', 5, 'backslash before'],
    ['CN=a"b', 5, 'backslash before'],
    ['CN=a\0', 5, 'backslash before'],
    ['CN=a\\', 5, 'after the backslash'],
    ['CN=a\\x', 5, 'after the backslash'],
    ['CN=a\\C4,DC=com', 5, 'bytes that are text'],
    ['CN="a', 6, 'closing quotation mark'],
    ['CN="a"b', 7, 'separator'],
    ['CN=#', 5, 'BER'],
    ['CN=#0405', 5, 'BER'],
    ['CN=#020101', 5, 'BER value that is a string'],
    ['CN=#0401xx', 5, 'BER'],
    ['CN=#0401ff', 5, 'bytes that are text'],
    [`<GUID=${guid}>`, 1, 'attribute type'],
    ['dc1.corp.example.com', 4, '"="'],
  ])('says where %j is no longer a DN, and what was expected', (text, position, expected) => {
    const read = () => parseDn(text);
    expect(read).toThrow(DnSyntaxError);
    expect(read).toThrow(text);
    expect(read).toThrow(new RegExp(`character ${position}: expected .*${expected}`));
  });

  it('ends with a DN or a DnSyntaxError for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'CN=a,+"\\# \n0f;<') }), (text) => {
        let read: Dn;
        try {
          read = parseDn(text);
        } catch (error) {
          expect(error).toBeInstanceOf(DnSyntaxError);
          return;
        }
        expect(parseDn(formatDn(read))).toEqual(read);
      }),
    );
  });
});

describe('printing a DN', () => {
  it('escapes as AD does', () => {
    const print = (text: string) => formatDn([[{ type: 'CN', value: text }]]);
    expect(print(' a ')).toBe('CN=\\ a\\ ');
    expect(print(' ')).toBe('CN=\\ ');
    expect(print('#1 # 2')).toBe('CN=\\#1 # 2');
    expect(print(',+"\\<>;=')).toBe('CN=\\,\\+\\"\\\\\\<\\>\\;\\=');
    expect(print('a\nDEL:x\0\r')).toBe('CN=a\\0ADEL:x\\00\\0D');
    expect(print('a/b ä 😀')).toBe('CN=a/b ä 😀');
  });

  it('is the inverse of reading for any values', () => {
    fc.assert(
      fc.property(dn, (levels) => {
        expect(parseDn(formatDn(levels))).toEqual(levels);
      }),
    );
  });

  it('gives the same DN for hex pairs, quotes and BER', () => {
    fc.assert(
      fc.property(
        value.filter((text) => Buffer.byteLength(text) < 200),
        (text) => {
          const plain = formatDn([[{ type: 'CN', value: text }]]);
          expect(formatDn(parseDn(`cn=${hexEscaped(text)}`))).toBe(plain);
          expect(formatDn(parseDn(`cn="${text.replace(/["\\]/g, '\\$&')}"`))).toBe(plain);
          expect(formatDn(parseDn(`cn=${berString(0x0c, Buffer.from(text))}`))).toBe(plain);
        },
      ),
    );
  });
});

describe('comparing DNs', () => {
  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])('treats %s as a type like any other', (type) => {
    expect(normalizedDn(`${type}=x,DC=corp`)).toBe(`${type.toLowerCase()}=x,dc=corp`);
  });

  it('disregards case, spelling of escapes, OIDs and surplus spaces', () => {
    const key = normalizedDn('CN=Lee\\, Kim  L,OU=ÅNGSTRÖM,DC=com');
    expect(normalizedDn('2.5.4.3="lee, kim l" , ou=ångstr\\C3\\B6m,dc=COM')).toBe(key);
    expect(sameDn('CN=\\ a\\ ,DC=com', 'cn=A,dc=com')).toBe(true);
    expect(sameDn('CN=a+UID=b', 'uid=B+cn=A')).toBe(true);
    expect(sameDn('CN=ΟΔΟΣ', 'CN=οδοσ')).toBe(true);
  });

  it('distinguishes names that differ in more than case', () => {
    expect(sameDn('CN=a,DC=com', 'OU=a,DC=com')).toBe(false);
    expect(sameDn('CN=a\\,DC\\=com', 'CN=a,DC=com')).toBe(false);
    expect(sameDn('CN=Muller', 'CN=Müller')).toBe(false);
    expect(sameDn('CN=Straße', 'CN=Strasse')).toBe(false);
    expect(sameDn('CN=a+UID=b', 'CN=a,UID=b')).toBe(false);
  });

  it('gives a key that is a DN with the same key', () => {
    fc.assert(
      fc.property(dn, (levels) => {
        const key = normalizedDn(formatDn(levels));
        expect(normalizedDn(key)).toBe(key);
      }),
    );
  });

  it('is the same for a DN as directories print it and with every character escaped', () => {
    const everyday = fc.string({ unit: fc.constantFrom(...' -_.()aBÅΣς'), minLength: 1 });
    const escaped = (levels: Dn): string =>
      levels.map((level) => level.map((one) => `${one.type}=${hexEscaped(one.value)}`).join('+')).join(',');
    const plain = fc.array(fc.record({ type: attributeType, value: everyday }).map((one): Dn[number] => [one]));
    fc.assert(
      fc.property(fc.oneof(dn, plain), (levels) => {
        expect(normalizedDn(formatDn(levels))).toBe(normalizedDn(escaped(levels)));
      }),
    );
  });
});

describe('walking a DN', () => {
  it('ends at the empty DN', () => {
    expect(parentDn('CN=Lee\\, Kim,DC=com')).toBe('DC=com');
    expect(parentDn('DC=com')).toBe('');
    expect(parentDn('')).toBeUndefined();
  });

  it('names the leaf, and says so when the rootDSE has none', () => {
    expect(rdnOf('cn=Lee\\, Kim,DC=com')).toEqual({ type: 'CN', value: 'Lee, Kim' });
    expect(() => rdnOf('')).toThrow(DnSyntaxError);
  });

  it('knows which entry is below which', () => {
    expect(isBelow(`CN=Services,${configuration}`, configuration.toLowerCase())).toBe(true);
    expect(isBelow(configuration, configuration)).toBe(false);
    expect(isSameOrBelow(configuration, configuration.toUpperCase())).toBe(true);
    expect(isSameOrBelow('DC=com', configuration)).toBe(false);
    expect(isBelow('CN=x\\,DC\\=com', 'DC=com')).toBe(false);
    expect(isBelow('CN=x,DC=xcom', 'DC=com')).toBe(false);
    expect(isBelow(configuration, '')).toBe(true);
  });

  it('puts a child below its parent, from which parent and name can be read again', () => {
    fc.assert(
      fc.property(dn, attribute, (levels, child) => {
        const parent = formatDn(levels);
        const text = childDn(parent, child.type, child.value);
        expect(parentDn(text)).toBe(parent);
        expect(rdnOf(text)).toEqual(child);
        expect(dnDepth(text)).toBe(levels.length + 1);
        expect(isBelow(text, parent)).toBe(true);
        expect(isBelow(parent, text)).toBe(false);
      }),
    );
  });

  it('joins DNs and leaves out the empty one', () => {
    expect(joinDn('CN=Services', configuration)).toBe(`CN=Services,${configuration}`);
    expect(joinDn('DC=com', '')).toBe('DC=com');
  });
});

describe('names that AD mangles', () => {
  it('splits the RDN of a deleted entry', () => {
    const text = `CN=Lee\\, Kim\\0ADEL:${guid.toUpperCase()},CN=Deleted Objects,DC=com`;
    expect(deletedRdnOf(text)).toEqual({ type: 'CN', value: 'Lee, Kim', guid });
    expect(isDeletedDn(text)).toBe(true);
    expect(isConflictDn(text)).toBe(false);
  });

  it('splits the RDN of a conflict, also of a deleted one', () => {
    expect(conflictRdnOf(`OU=Sales\\0ACNF:${guid},DC=com`)).toEqual({ type: 'OU', value: 'Sales', guid });
    expect(deletedRdnOf(`OU=Sales\\0ACNF:${guid}\\0ADEL:${guid},DC=com`)?.value).toBe(`Sales\nCNF:${guid}`);
    expect(isConflictDn(`OU=Sales\\0ACNF:${guid}\\0ADEL:${guid},DC=com`)).toBe(false);
  });

  it('is not misled by live names that only look similar', () => {
    expect(isDeletedDn(`CN=xDEL:${guid},DC=com`)).toBe(false);
    expect(isDeletedDn('CN=x\\0ADEL:y,DC=com')).toBe(false);
    expect(isDeletedDn(`CN=live,OU=x\\0ADEL:${guid},DC=com`)).toBe(false);
    expect(isConflictDn('CN=x,DC=com')).toBe(false);
  });
});

describe('DNs and DNS names', () => {
  it('turn into each other', () => {
    expect(dnsNameOfDn(configuration)).toBe('corp.example.com');
    expect(dnsNameOfDn('DC=ForestDnsZones,DC=example,DC=com')).toBe('ForestDnsZones.example.com');
    expect(dnsNameOfDn('CN=Schema')).toBeUndefined();
    expect(dnsNameOfDn('')).toBeUndefined();
  });
});

describe('DNs with data', () => {
  it('gives the DN in a DN-Binary as otherWellKnownObjects has it', () => {
    const holder = `CN=Exchange Servers\\0ADEL:${guid},OU=Groups,DC=com`;
    expect(dnBesideBinary(`B:32:A7D2016C83F003458132789EEB127B84:${holder}`)).toBe(holder);
  });

  it.each(['B:32:A7D2:DC=com', 'B:3:A7D:DC=com', 'DC=com', 'B:2:FF:nothing'])('refuses %j', (text) => {
    expect(() => dnBesideBinary(text)).toThrow(DnSyntaxError);
  });
});
