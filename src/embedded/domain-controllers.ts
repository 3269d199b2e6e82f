/** The domain controllers that the data tells of. */

import type { Store, StoredEntry } from './store.ts';

export interface DomainController {
  /** DNS name, lower case; for an export without a rootDSE, "export". */
  readonly host: string;
  /** DN of its NTDS Settings; undefined for an export, which is no DC and says nothing that its file does not. */
  readonly ntdsSettings: string | undefined;
  /** Of its NTDS Settings. */
  readonly objectGuid: Buffer | undefined;
  readonly invocationId: Buffer | undefined;
  readonly isGlobalCatalog: boolean;
  readonly isReadOnly: boolean;
}

/** What stands in for a DC where the data is an export: part of one naming context or more, as somebody saw it. */
export function exportedFrom(host: string | undefined): DomainController {
  return {
    host: host?.toLowerCase() ?? 'export',
    ntdsSettings: undefined,
    objectGuid: undefined,
    invocationId: undefined,
    isGlobalCatalog: true,
    isReadOnly: false,
  };
}

/** NTDSDSA_OPT_IS_GC of the options of NTDS Settings (MS-ADTS 6.1.1.2.2.1.2.1.1). */
const isGlobalCatalogOption = 1;

/** Every DC that has NTDS Settings and a DNS name, in the order of the data. */
export function domainControllersIn(store: Store): DomainController[] {
  return [...store.entries()]
    .filter((entry) => entry.hasClass('nTDSDSA') && !entry.isDeleted)
    .flatMap(fromNtdsSettings);
}

function fromNtdsSettings(ntdsSettings: StoredEntry): DomainController[] {
  const host = ntdsSettings.parent?.text('dNSHostName');
  if (host === undefined) return [];
  return [
    {
      host: host.toLowerCase(),
      ntdsSettings: ntdsSettings.dn,
      objectGuid: ntdsSettings.bytes('objectGUID'),
      invocationId: ntdsSettings.bytes('invocationId'),
      isGlobalCatalog: (ntdsSettings.number('options') & isGlobalCatalogOption) !== 0,
      isReadOnly: ntdsSettings.hasClass('nTDSDSARO'),
    },
  ];
}
