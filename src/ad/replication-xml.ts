/**
 * A Windows DC's replication state in XML (MS-ADTS 3.1.1.4.5.13 to 22): msDS-NCReplInboundNeighbors,
 * msDS-ReplAllInboundNeighbors, msDS-NCReplCursors, msDS-ReplAttributeMetaData.
 *
 * The name of the root element differs between documents and servers, and values end in NUL: fields are identified only
 * by the names of the child elements.
 */

import {
  type AttributeStamp,
  type InboundNeighbor,
  nullGuid,
  type ReplicationCursor,
  readable,
  UnreadableReplicationValueError,
} from './replication-values.ts';
import { normalizedGuid, type PointInTime, parseLargeInteger } from './values.ts';

/** One value of msDS-NCReplInboundNeighbors or msDS-ReplAllInboundNeighbors. Throws UnreadableReplicationValueError. */
export function parseInboundNeighborXml(value: Buffer): InboundNeighbor {
  return readable('msDS-NCReplInboundNeighbors', () => {
    const fields = new XmlFields('msDS-NCReplInboundNeighbors', value);
    return {
      ...fields.optionalText('namingContext', 'pszNamingContext'),
      sourceDsaGuid: fields.guid('uuidSourceDsaObjGuid'),
      lastSuccess: fields.time('ftimeLastSyncSuccess'),
      lastAttempt: fields.time('ftimeLastSyncAttempt'),
      lastResult: fields.count('dwLastSyncResult'),
      consecutiveFailures: fields.count('cNumConsecutiveSyncFailures'),
    };
  });
}

/** One value of msDS-NCReplCursors. Throws UnreadableReplicationValueError. */
export function parseCursorXml(value: Buffer): ReplicationCursor {
  return readable('msDS-NCReplCursors', () => {
    const fields = new XmlFields('msDS-NCReplCursors', value);
    return {
      invocationId: fields.guid('uuidSourceDsaInvocationID'),
      usn: parseLargeInteger(fields.text('usnAttributeFilter')),
      lastSuccess: fields.time('ftimeLastSyncSuccess'),
      ...fields.optionalText('sourceDsaDn', 'pszSourceDsaDN'),
    };
  });
}

/** One value of msDS-ReplAttributeMetaData. Throws UnreadableReplicationValueError. */
export function parseAttributeStampXml(value: Buffer): AttributeStamp {
  return readable('msDS-ReplAttributeMetaData', () => {
    const fields = new XmlFields('msDS-ReplAttributeMetaData', value);
    return {
      attribute: fields.text('pszAttributeName'),
      version: fields.count('dwVersion'),
      changed: fields.time('ftimeLastOriginatingChange'),
      originatingInvocationId: normalizedGuid(fields.text('uuidLastOriginatingDsaInvocationID')),
      originatingUsn: parseLargeInteger(fields.text('usnOriginatingChange')),
      ...fields.optionalText('originatingDsaDn', 'pszLastOriginatingDsaDN'),
    };
  });
}

/** The child elements of the one root element, by name. */
class XmlFields {
  readonly #attribute: string;
  readonly #fields = new Map<string, string>();

  constructor(attribute: string, value: Buffer) {
    this.#attribute = attribute;
    const text = withoutTrailingNul(value.toString('utf8'));
    const root = /^\s*(?:<\?xml[^>]*\?>\s*)?<([\w.-]+)(?:\s[^<>]*)?>(.*)<\/\1\s*>$/s.exec(text);
    if (root === null) throw this.#unreadable('not one complete XML element');
    const inner = root[2] ?? '';
    const child = /\s*<([\w.-]+)(?:\s[^<>]*?)?(?:\/>|>([^<]*)<\/\1\s*>)\s*/y;
    while (child.lastIndex < inner.length) {
      const [, name, content = ''] = child.exec(inner) ?? [];
      if (name === undefined) throw this.#unreadable('an element that is not a field');
      if (this.#fields.has(name)) throw this.#unreadable(`${name} twice`);
      this.#fields.set(name, withoutEntities(content).trim());
    }
  }

  text(name: string): string {
    const text = this.#fields.get(name) ?? '';
    if (text === '') throw this.#unreadable(`no ${name}`);
    return text;
  }

  /** The text as a property with this key; no property if the field is missing. */
  optionalText<Key extends string>(key: Key, name: string): { readonly [K in Key]?: string } {
    const text = this.#fields.get(name) ?? '';
    return text === '' ? {} : ({ [key]: text } as { readonly [K in Key]: string });
  }

  guid(name: string): string {
    const guid = normalizedGuid(this.text(name));
    if (guid === nullGuid) throw this.#unreadable(`no ${name}`);
    return guid;
  }

  /** An unsigned number of 32 bits. */
  count(name: string): number {
    const text = this.text(name);
    if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 32) throw this.#unreadable(`${name} "${text}"`);
    return Number(text);
  }

  /** `2026-11-22T05:33:25Z`; the first second of 1601 is 'never'. */
  time(name: string): PointInTime {
    const text = this.text(name);
    const time = new Date(text.endsWith('Z') ? text : `${text}Z`);
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?$/.test(text) || Number.isNaN(time.getTime())) {
      throw this.#unreadable(`${name} "${text}"`);
    }
    return text.startsWith('1601-01-01T00:00:00') ? 'never' : time;
  }

  #unreadable(found: string): UnreadableReplicationValueError {
    return new UnreadableReplicationValueError(this.#attribute, `the value cannot be read: ${found}`);
  }
}

/** Without a pattern for the end: that takes quadratic time on long white space elsewhere. */
function withoutTrailingNul(text: string): string {
  let end = text.length;
  while (end > 0 && /[\0\s]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

const namedEntities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** An ampersand that does not begin an entity is kept: names of objects may contain one. */
function withoutEntities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return namedEntities[name.toLowerCase()] ?? whole;
      const codePoint = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : whole;
    },
  );
}
