/** Responses as bytes (RFC 4511 section 4). */

import type { ReturnedAttribute } from '../../../src/embedded/visibility.ts';
import type { LdapResult } from '../../../src/ldap/diagnostics.ts';
import type { Control } from '../../../src/ldap/session.ts';
import { boolean, constructed, type Encodable, encode, integer, octets, tags } from './ber.ts';
import type { Operation } from './protocol.ts';

/** The value of the paged results control in an answer: no estimate of the total, as AD gives none. */
export function encodePagedResults(cookie: Uint8Array): Buffer {
  return encode(constructed([integer(0), octets(cookie)]));
}

const responseTags: Readonly<Record<Operation['kind'], number>> = {
  bind: 0x61,
  search: 0x65,
  modify: 0x67,
  add: 0x69,
  delete: 0x6b,
  rename: 0x6d,
  compare: 0x6f,
  extended: 0x78,
};

/** One entry of a search's answer. */
export function encodeSearchEntry(id: number, dn: string, attributes: readonly ReturnedAttribute[]): Buffer {
  const list = attributes.map(({ name, values }) =>
    constructed([
      octets(name),
      constructed(
        values.map((value) => octets(value)),
        tags.set,
      ),
    ]),
  );
  return message(id, constructed([octets(dn), constructed(list)], 0x64));
}

/** A continuation reference: where the rest of the search's answer is. */
export function encodeSearchReference(id: number, urls: readonly string[]): Buffer {
  return message(
    id,
    constructed(
      urls.map((url) => octets(url)),
      0x73,
    ),
  );
}

/** The last message of an operation's answer. */
export function encodeResult(
  id: number,
  operation: Operation['kind'],
  result: LdapResult,
  more: { readonly controls?: readonly Control[]; readonly extendedValue?: string } = {},
): Buffer {
  const parts = resultParts(result);
  if (more.extendedValue !== undefined) parts.push(octets(more.extendedValue, 0x8b));
  return message(id, constructed(parts, responseTags[operation]), more.controls);
}

/** What a server says, unasked, before it closes the connection (RFC 4511 4.4.1). */
export function encodeNoticeOfDisconnection(code: number, diagnostic: string): Buffer {
  const parts = resultParts({ resultCode: code, matchedDn: '', diagnostic, referrals: [] });
  return message(0, constructed([...parts, octets('1.3.6.1.4.1.1466.20036', 0x8a)], responseTags.extended));
}

function resultParts({ resultCode, matchedDn, diagnostic, referrals }: LdapResult): Encodable[] {
  const parts = [integer(resultCode, tags.enumerated), octets(matchedDn), octets(diagnostic)];
  if (referrals.length > 0)
    parts.push(
      constructed(
        referrals.map((url) => octets(url)),
        0xa3,
      ),
    );
  return parts;
}

function message(id: number, operation: Encodable, controls: readonly Control[] = []): Buffer {
  const parts = [integer(id), operation];
  if (controls.length > 0) parts.push(constructed(controls.map(encodeControl), 0xa0));
  return encode(constructed(parts));
}

function encodeControl({ oid, critical, value }: Control): Encodable {
  return constructed([octets(oid), boolean(critical), ...(value === undefined ? [] : [octets(value)])]);
}
