/** What AD would have given each entry of a forest, where the LDIF does not say it. */

import { deletedRdnOf, rdnOf } from '../ad/dn.ts';
import { formatGeneralizedTime, guidFromText, sidFromText } from '../ad/values.ts';
import { attributeType, wholeChain } from './schema.ts';
import { defaultDescriptor } from './security-descriptor.ts';
import { steadyGuid } from './steady-guid.ts';
import type { Store, StoredEntry } from './store.ts';
import type { Value } from './value.ts';
import { categoryOf } from './writer.ts';

const headClasses = ['domainDNS', 'configuration', 'dMD'];
/** IT_NC_HEAD of instanceType (MS-ADTS 3.1.1.2.3.5). */
const namingContextHead = 1;

/** Whether an entry begins a naming context, by its class or its own word. */
export function isNamingContextHead(entry: StoredEntry): boolean {
  return headClasses.some((name) => entry.hasClass(name)) || (entry.number('instanceType') & namingContextHead) !== 0;
}

/** Of no real domain. */
const domainSid = 'S-1-5-21-2711403325-1406293391-3902145076';

/** Completes the entries of one forest; what is numbered goes on from entry to entry. */
export class Supplies {
  readonly #store: Store;
  /** When entries were created that do not say it. */
  readonly #born: string;
  readonly #descriptor = defaultDescriptor();
  #rid = 1104;

  constructor(store: Store, now: Date) {
    this.#store = store;
    this.#born = formatGeneralizedTime(new Date(now.getTime() - 900 * 86_400_000));
  }

  complete(entry: StoredEntry): void {
    const { dn } = entry;
    const deleted = deletedRdnOf(dn);
    const { type, value } = rdnOf(entry.rdn);
    const created = entry.text('whenCreated') ?? this.#born;
    const objectClass = wholeChain(entry.values('objectClass').map((name) => name.toString()));
    this.#store.set(entry, attributeType('objectClass'), objectClass);
    this.#supply(entry, type, [value]);
    this.#supply(entry, 'name', [value]);
    this.#supply(entry, 'objectGUID', [
      deleted === undefined ? steadyGuid(dn.toLowerCase()) : guidFromText(deleted.guid),
    ]);
    if (entry.hasClass('nTDSDSA'))
      this.#supply(entry, 'invocationId', [steadyGuid(`invocation of ${dn}`.toLowerCase())]);
    this.#supply(entry, 'instanceType', [isNamingContextHead(entry) ? '5' : '4']);
    this.#supply(entry, 'whenCreated', [created]);
    this.#supply(entry, 'whenChanged', [created]);
    if (entry.values('uSNCreated').length === 0) {
      const usn = this.#store.nextUsn().toString();
      this.#supply(entry, 'uSNCreated', [usn]);
      this.#supply(entry, 'uSNChanged', [usn]);
    }
    this.#supply(entry, 'nTSecurityDescriptor', [this.#descriptor]);
    if (deleted !== undefined) this.#supply(entry, 'isDeleted', ['TRUE']);
    else this.#supply(entry, 'objectCategory', categoryOf(objectClass, this.#store));
    if (entry.hasClass('domainDNS')) this.#supply(entry, 'objectSid', [sidFromText(domainSid)]);
    if (entry.hasClass('user') || entry.hasClass('group')) {
      this.#supply(entry, 'objectSid', [sidFromText(`${domainSid}-${this.#rid++}`)]);
    }
  }

  #supply(entry: StoredEntry, name: string, values: readonly Value[]): void {
    if (entry.values(name).length === 0) this.#store.set(entry, attributeType(name), values);
  }
}
