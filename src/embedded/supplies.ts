/** What AD would have given each entry of a forest, where the LDIF leaves it out. */

import { createHash } from 'node:crypto';
import { deletedRdnOf, rdnOf } from '../ad/dn.ts';
import { formatGeneralizedTime, guidFromText, sidFromText } from '../ad/values.ts';
import type { StoredEntry, Value } from './entry.ts';
import { attributeType, wholeChain } from './schema.ts';
import { defaultDescriptor } from './security-descriptor.ts';
import type { Store } from './store.ts';
import { categoryOf } from './write.ts';

const headClasses = ['domainDNS', 'configuration', 'dMD'];
/** IT_NC_HEAD of instanceType (MS-ADTS 3.1.1.2.3.5). */
const namingContextHead = 1;

/** Whether an entry is the head of a naming context, by its class or its instanceType. */
export function isNamingContextHead(entry: StoredEntry): boolean {
  return headClasses.some((name) => entry.hasClass(name)) || (entry.number('instanceType') & namingContextHead) !== 0;
}

/** Made up. */
const domainSid = 'S-1-5-21-2711403325-1406293391-3902145076';

/** Completes the entries of one forest; SIDs are numbered from entry to entry. */
export class Supplies {
  /** When entries were created that do not say it. */
  readonly #created: string;
  readonly #descriptor = defaultDescriptor();
  /** By objectGUID: an entry has the same SID on every DC. */
  readonly #sids = new Map<string, Buffer>();

  constructor(now: Date) {
    this.#created = formatGeneralizedTime(new Date(now.getTime() - 900 * 86_400_000));
  }

  complete(entry: StoredEntry, store: Store): void {
    const supply = (name: string, values: readonly Value[]): void => {
      if (entry.values(name).length === 0) store.set(entry, attributeType(name), values);
    };
    const { dn } = entry;
    const deleted = deletedRdnOf(dn);
    const { type, value } = rdnOf(entry.rdn);
    const created = entry.text('whenCreated') ?? this.#created;
    const objectClass = wholeChain(entry.values('objectClass').map((name) => name.toString()));
    store.set(entry, attributeType('objectClass'), objectClass);
    supply(type, [value]);
    supply('name', [value]);
    supply('objectGUID', [deleted === undefined ? steadyGuid(dn.toLowerCase()) : guidFromText(deleted.guid)]);
    if (entry.hasClass('nTDSDSA')) supply('invocationId', [steadyGuid(`invocation of ${dn}`.toLowerCase())]);
    supply('instanceType', [isNamingContextHead(entry) ? '5' : '4']);
    supply('whenCreated', [created]);
    supply('whenChanged', [created]);
    if (entry.values('uSNCreated').length === 0) {
      const usn = store.nextUsn().toString();
      supply('uSNCreated', [usn]);
      supply('uSNChanged', [usn]);
    }
    supply('nTSecurityDescriptor', [this.#descriptor]);
    if (deleted !== undefined) supply('isDeleted', ['TRUE']);
    else supply('objectCategory', categoryOf(objectClass, store));
    if (entry.hasClass('domainDNS')) supply('objectSid', [sidFromText(domainSid)]);
    if (entry.hasClass('user') || entry.hasClass('group')) {
      supply('objectSid', [this.#sidOf(entry.bytes('objectGUID'))]);
    }
  }

  #sidOf(guid: Buffer | undefined): Buffer {
    const key = guid?.toString('hex') ?? '';
    const sid = this.#sids.get(key) ?? sidFromText(`${domainSid}-${1104 + this.#sids.size}`);
    this.#sids.set(key, sid);
    return sid;
  }
}

/** The 16 bytes of a GUID, the same for the same text on every run: a plan made on one practice forest fits the next. */
function steadyGuid(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 16);
}
