/** From the DN in a request to an entry: plain DNs, and AD's `<GUID=…>` and `<SID=…>` (MS-ADTS 3.1.1.3.1.2.4). */

import { DnSyntaxError, dnsNameOfDn, parentDn } from '../ad/dn.ts';
import { refuse } from './refusal.ts';
import { attributeType } from './schema.ts';
import type { StoredEntry } from './store.ts';
import { assertionKey } from './value.ts';
import { isVisible, type Reader } from './view.ts';

/** The entry that a request names. Throws Refusal: no such entry (or none that the reader may see), no DN, not held here. */
export function resolveEntry(dn: string, reader: Reader): StoredEntry {
  const place = resolvePlace(dn, reader);
  if (place === undefined || !isVisible(place, reader)) throw refuse.noObject(bestMatch(dn, reader));
  return place;
}

/** The place that a DN names, be it a phantom's or hidden. Throws Refusal if it is no DN, or not of this forest. */
export function resolvePlace(dn: string, reader: Reader): StoredEntry | undefined {
  const [, kind, identity] = /^<(GUID|SID)=([^>]*)>$/i.exec(dn) ?? [];
  if (kind !== undefined && identity !== undefined) return resolveIdentity(kind, identity, reader);
  return refusingBadName(dn, () => {
    referElsewhere(dn, reader);
    return reader.store.find(dn);
  });
}

/** Does what needs the DN to be one. Throws Refusal if it is none. */
export function refusingBadName<T>(dn: string, use: (dn: string) => T): T {
  try {
    return use(dn);
  } catch (error) {
    if (error instanceof DnSyntaxError) throw refuse.badName(dn);
    throw error;
  }
}

function resolveIdentity(kind: string, identity: string, { store }: Reader): StoredEntry | undefined {
  const type = attributeType(kind.toUpperCase() === 'GUID' ? 'objectGUID' : 'objectSid');
  const isHex = /^([0-9a-f]{2})+$/i.test(identity);
  const key = assertionKey(type, isHex ? Buffer.from(identity, 'hex') : identity, () => undefined);
  if (key === undefined) throw refuse.badName(identity);
  const [entry] = store.holders(type, key);
  return entry;
}

/** AD refers whoever asks for another forest's names to the DNS name that they spell. */
function referElsewhere(dn: string, { store, domainController }: Reader): void {
  const domain = dnsNameOfDn(dn)?.toLowerCase();
  if (domain === undefined || domainController.ntdsSettings === undefined) return;
  const forest = store.forestDnsName.toLowerCase();
  if (domain !== forest && !domain.endsWith(`.${forest}`)) throw refuse.referral(domain, dn);
}

/** The nearest entry above that the reader may see. */
function bestMatch(dn: string, reader: Reader): string {
  for (let above = parentOf(dn); above !== undefined && above !== ''; above = parentOf(above)) {
    const place = reader.store.find(above);
    if (place !== undefined && isVisible(place, reader)) return place.dn;
  }
  return '';
}

function parentOf(dn: string): string | undefined {
  return dn.startsWith('<') ? undefined : parentDn(dn);
}
