/** Which domain controller it is: from the directory, or from the entries that a plan deletes. */

import { isSameOrBelow, rdnOf } from '../../ad/dn.ts';
import type { DeletedEntry, DirectoryChange, Proposal } from '../../change/plan.ts';
import { deletedBy } from '../../change/undo-link.ts';
import type { Candidate } from './candidates.ts';

export interface Identity {
  readonly name: string;
  /** dNSHostName. */
  readonly host: string | undefined;
  readonly serverDn: string | undefined;
  /** NTDS Settings. */
  readonly settings: { readonly dn: string; readonly dsaGuid: string | undefined } | undefined;
  readonly accountDn: string | undefined;
  /** Of an RODC: its krbtgt account. */
  readonly kerberosDn: string | undefined;
  /** DN of its domain. */
  readonly domain: string | undefined;
  /** objectGUIDs of its entries, as far as they are known: they may be deleted already. */
  readonly guids: ReadonlySet<string>;
}

export function identityOf({ kind, name, host, dn, settings, account, domain }: Candidate): Identity {
  return {
    name,
    host,
    serverDn: kind === 'account' ? undefined : dn,
    settings,
    accountDn: account?.dn,
    kerberosDn: account?.kerberosAccount,
    domain,
    guids: new Set([settings?.dsaGuid, account?.guid].flatMap((guid) => guid ?? [])),
  };
}

type Changes = Pick<Proposal<DirectoryChange>, 'changes' | 'intent'>;

/** The DC whose entries these changes delete; undefined if they delete none of a DC. */
export function identityIn({ changes, intent }: Changes): Identity | undefined {
  const entries = changes.flatMap(deletedBy);
  const { server, settings, account, kerberos } = partsOf(entries);
  const top = server ?? account;
  if (top === undefined) return undefined;
  const { domain } = intent;
  return {
    name: rdnOf(top.dn).value,
    host: [server, account].flatMap((entry) => (entry === undefined ? [] : textsIn(entry, 'dNSHostName')))[0],
    serverDn: server?.dn,
    settings: settings === undefined ? undefined : { dn: settings.dn, dsaGuid: settings.guid },
    accountDn: account?.dn,
    kerberosDn: kerberos?.dn,
    domain: typeof domain === 'string' && domain !== '' ? domain : undefined,
    guids: new Set(entries.map(({ guid }) => guid)),
  };
}

/** The entries of a DC among those that are deleted. */
export function partsOf(entries: readonly DeletedEntry[]): {
  readonly server: DeletedEntry | undefined;
  readonly settings: DeletedEntry | undefined;
  readonly account: DeletedEntry | undefined;
  readonly kerberos: DeletedEntry | undefined;
} {
  const ofClass = (name: string): DeletedEntry | undefined => entries.find((entry) => isOfClass(entry, name));
  return {
    server: ofClass('server'),
    settings: ofClass('nTDSDSA'),
    account: ofClass('computer'),
    kerberos: entries.find((entry) => isKerberosAccount(entry)),
  };
}

/**
 * objectGUIDs of the entries that only the promotion of a DC makes: NTDS Settings with all below, connections from it, and
 * its pool of RIDs. No client may add or restore them (MS-ADTS 3.1.1.5.2.2 and 3.1.1.5.3.7.1).
 */
export function madeByPromotion(entries: readonly DeletedEntry[]): ReadonlySet<string> {
  const { settings } = partsOf(entries);
  const isMade = (entry: DeletedEntry): boolean =>
    (settings !== undefined && isSameOrBelow(entry.dn, settings.dn)) ||
    isOfClass(entry, 'nTDSConnection') ||
    isOfClass(entry, 'rIDSet');
  return new Set(entries.filter(isMade).map(({ guid }) => guid));
}

/** The krbtgt account of an RODC has a number in its name (MS-ADTS 6.1.1.3.2); that of the domain has none. */
export function isKerberosAccount(entry: DeletedEntry): boolean {
  return textsIn(entry, 'sAMAccountName').some((name) => /^krbtgt_\d+$/i.test(name));
}

export function isOfClass(entry: DeletedEntry, name: string): boolean {
  return textsIn(entry, 'objectClass').some((one) => one.toLowerCase() === name.toLowerCase());
}

/** The text values of an attribute, as a plan has them. */
export function textsIn({ attributes }: DeletedEntry, wanted: string): readonly string[] {
  const found = attributes.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  return (found?.values ?? []).filter((value) => typeof value === 'string');
}
