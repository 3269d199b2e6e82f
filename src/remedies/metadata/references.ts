/** Who names the domain controller: values of the Configuration partition, of its domain, and of DNS. */

import { deletedRdnOf, dnIn, isSameOrBelow, normalizedDn, parentDn, rdnOf, sameDn } from '../../ad/dn.ts';
import {
  allBytesOf,
  type DnsRecord,
  type Entry,
  guidOf,
  parseDnsRecord,
  textsOf,
  writtenValueOf,
} from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { everyEntry, type NamingTest, namingTest, namingValues } from '../../ad/references.ts';
import { readAttributeDefinitions, readDnAttributes, readMandatoryAttributes } from '../../ad/schema.ts';
import { isBackLink } from '../../change/attribute-kinds.ts';
import type { HeldValues } from '../../change/clear-values.ts';
import { DirectoryError } from '../../errors.ts';
import { resultCode } from '../../ldap/diagnostics.ts';
import { and, type DirectorySession, equal, everything, type Filter } from '../../ldap/session.ts';

/** What happens to values that name an entry of the DC. */
export type Clearing = 'may be cleared' | 'mandatory' | 'only the system writes it';

/** Values of one attribute of one entry that name the DC. */
export interface Reference extends HeldValues {
  /** "managedBy of CN=…" */
  readonly id: string;
  readonly clearing: Clearing;
  /** The directory removes the value of a link with the entry that it names. */
  readonly isLink: boolean;
}

/** What to search for. */
export interface Going {
  /** DNs of the entries to delete, normalised. */
  readonly dns: ReadonlySet<string>;
  /** Their objectGUIDs: a value may have the name that an entry got by its deletion. */
  readonly guids: ReadonlySet<string>;
  /** DNs of the server object and the account. */
  readonly roots: readonly string[];
  /** dNSHostName, lower case. */
  readonly host: string | undefined;
}

/** Everything that names it. */
export interface References {
  readonly references: readonly Reference[];
  /** Text that is its DNS name, which may mean a service that another host offers now: "dNSHostName of CN=…". */
  readonly texts: readonly string[];
}

/** fSMORoleOwner is corrected, not cleared; fromServer goes with its connection; dnsRecord is no name. */
const judgedElsewhere: ReadonlySet<string> = new Set(['fsmoroleowner', 'fromserver', 'dnsrecord']);

/** The references. Throws DirectoryError. */
export async function readReferences(
  session: DirectorySession,
  configuration: string,
  domain: string | undefined,
  going: Going,
): Promise<References> {
  const hits: Hit[] = [];
  const texts: string[] = [];
  const look = (entry: Entry): void => {
    if (going.dns.has(normalizedDn(entry.dn))) return;
    for (const hit of hitsIn(entry, going, test)) {
      if (hit.isText) texts.push(`${hit.reference.attribute} of ${hit.dn}`);
      else hits.push(hit);
    }
  };
  const test = namingTest({ dns: going.dns, names: { fqdn: going.host } });
  for await (const entry of everyEntry(session, configuration, test)) look(entry);
  if (domain !== undefined) for await (const entry of everyEntryOfPartition(session, domain, test)) look(entry);
  const names = hits.map(({ reference }) => reference.attribute);
  const definitions = await readAttributeDefinitions(session, names);
  const mandatory = await readMandatoryAttributes(
    session,
    hits.flatMap(({ objectClasses }) => objectClasses),
  );
  const references = hits.flatMap((hit): readonly Reference[] => {
    const attribute = hit.reference.attribute.toLowerCase();
    const definition = definitions.get(attribute);
    const isBack = definition === undefined ? isBackLink(attribute) : definition.link === 'back';
    if (isBack) return [];
    const isNeeded = hit.objectClasses.some((name) => mandatory.get(name)?.has(attribute));
    const { isText: _, objectClasses: __, ...held } = hit;
    const clearing =
      definition?.isSystemOnly === true
        ? 'only the system writes it'
        : isNeeded && hit.otherValues.length === 0
          ? 'mandatory'
          : 'may be cleared';
    return [
      { ...held, id: `${hit.reference.attribute} of ${hit.dn}`, clearing, isLink: definition?.link === 'forward' },
    ];
  });
  return { references, texts };
}

interface Hit extends HeldValues {
  readonly isText: boolean;
  /** Lower case. */
  readonly objectClasses: readonly string[];
}

function hitsIn(entry: Entry, going: Going, test: ReturnType<typeof namingTest>): readonly Hit[] {
  return namingValues(entry, test).flatMap(({ attribute, naming, values }) => {
    const meant = naming === 'deleted dn' ? values.filter((value) => wasOneOf(value.toString(), going)) : values;
    if (meant.length === 0 || judgedElsewhere.has(attribute.name.toLowerCase())) return [];
    const isText = naming !== 'dn' && naming !== 'deleted dn';
    return [
      {
        dn: entry.dn,
        guid: guidOf(entry, 'objectGUID') ?? '',
        reference: { attribute: attribute.name },
        values: meant.map(writtenValueOf),
        otherValues: attribute.values.filter((value) => !meant.includes(value)).map(writtenValueOf),
        isText,
        objectClasses: textsOf(entry, 'objectClass').map((name) => name.toLowerCase()),
      },
    ];
  });
}

/** Whether the DN of a deleted entry is that of an entry of this DC: by its objectGUID, or as NTDS Settings stay in place. */
export function wasOneOf(value: string, { guids, roots }: Pick<Going, 'guids' | 'roots'>): boolean {
  const dn = dnIn(value);
  return guids.has(deletedRdnOf(dn)?.guid ?? '') || roots.some((root) => isSameOrBelow(dn, root));
}

/** Every entry of a domain or application partition, with the attributes whose values are DNs: it holds much else. */
export async function* everyEntryOfPartition(
  session: DirectorySession,
  partition: string,
  { mayName }: Pick<NamingTest, 'mayName'>,
): AsyncGenerator<Entry> {
  const names = (await readDnAttributes(session, 'none')).map(({ name }) => name);
  const attributes = names.length === 0 ? ['*'] : ['objectClass', 'objectGUID', ...names];
  yield* session.search({ base: partition, scope: 'subtree', filter: everything, attributes, mayMatter: mayName });
}

/** A search below what an export may lack: then it gives nothing. Throws DirectoryError. */
export async function* searchIfThere(
  session: DirectorySession,
  base: string,
  filter: Filter,
  attributes: readonly string[],
): AsyncGenerator<Entry> {
  try {
    yield* session.search({ base, scope: 'subtree', filter, attributes });
  } catch (error) {
    // It is not there: an export without it, a domain that never used FRS, a partition without zones.
    if (!(error instanceof DirectoryError && error.resultCode === resultCode.noSuchObject)) throw error;
  }
}

/** Values of one node. */
export interface DnsValues extends HeldValues {
  /** "SRV _ldap._tcp.corp.example.com" for each. */
  readonly records: readonly string[];
}

/** A node of a zone, with its records. */
export interface DnsNode {
  readonly dn: string;
  readonly guid: string;
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly values: readonly { readonly bytes: Buffer; readonly record: DnsRecord | undefined }[];
}

/**
 * The values that name the host (CNAME, SRV, NS, PTR), its A and AAAA records, and the records by which the naming
 * contexts and the GCs are found under its addresses, where no other host has them.
 *
 * @param host its dNSHostName
 */
export function dnsValuesOf(nodes: readonly DnsNode[], { namingContexts }: Forest, host: string): readonly DnsValues[] {
  const own = host.toLowerCase();
  const addressesOf = (isMeant: (node: DnsNode) => boolean): ReadonlySet<string> =>
    new Set(nodes.filter(isMeant).flatMap(({ values }) => values.flatMap(({ record }) => addressIn(record) ?? [])));
  const shared = new Set(
    namingContexts.flatMap(({ dnsName }) => {
      const name = dnsName?.toLowerCase();
      return name === undefined ? [] : [name, `gc._msdcs.${name}`];
    }),
  );
  const ownAddresses = addressesOf(({ name }) => name === own);
  const ofOthers = addressesOf(({ name }) => name !== own && !shared.has(name));
  const isOf = (name: string, record: DnsRecord): boolean => {
    if ('target' in record) return record.target === own;
    if (name === own) return true;
    return shared.has(name) && ownAddresses.has(record.address) && !ofOthers.has(record.address);
  };
  return nodes.flatMap(({ dn, guid, name, values }) => {
    const going = values.filter(({ record }) => record !== undefined && isOf(name, record));
    if (going.length === 0) return [];
    return [
      {
        dn,
        guid,
        reference: { attribute: 'dnsRecord' },
        values: going.map(({ bytes }) => writtenValueOf(bytes)),
        otherValues: values.filter((value) => !going.includes(value)).map(({ bytes }) => writtenValueOf(bytes)),
        records: going.map(({ record }) => `${record?.type} ${name}`),
      },
    ];
  });
}

/** Whether any record names the host. */
export function isInDns(nodes: readonly DnsNode[], host: string): boolean {
  const own = host.toLowerCase();
  return nodes.some(({ name, values }) =>
    values.some(({ record }) => record !== undefined && ('target' in record ? record.target === own : name === own)),
  );
}

function addressIn(record: DnsRecord | undefined): string | undefined {
  return record !== undefined && 'address' in record ? record.address : undefined;
}

/**
 * The nodes of all zones in the partitions that this DC holds: CN=MicrosoftDNS, of old below CN=System of the domain.
 * Throws DirectoryError.
 */
export async function readDnsNodes(session: DirectorySession, { namingContexts }: Forest): Promise<readonly DnsNode[]> {
  const nodes: DnsNode[] = [];
  const contexts = namingContexts.map(({ dn }) => dn);
  const held = contexts.filter((dn) => session.rootDse.namingContexts.some((one) => sameDn(one, dn)));
  for (const base of held.flatMap((dn) => [`CN=MicrosoftDNS,${dn}`, `CN=MicrosoftDNS,CN=System,${dn}`])) {
    for await (const entry of searchIfThere(session, base, equal('objectClass', 'dnsNode'), [
      'dnsRecord',
      'objectGUID',
    ])) {
      const zone = rdnOf(parentDn(entry.dn) ?? '').value;
      const { value } = rdnOf(entry.dn);
      nodes.push({
        dn: entry.dn,
        guid: guidOf(entry, 'objectGUID') ?? '',
        name: (value === '@' ? zone : `${value}.${zone}`).toLowerCase(),
        values: allBytesOf(entry, 'dnsRecord').map((bytes) => ({ bytes, record: parseDnsRecord(bytes) })),
      });
    }
  }
  return nodes;
}

/**
 * DNs of computers of the same DNS name that are not this DC: a machine that was installed again and is not a DC. Throws
 * DirectoryError.
 */
export async function readNamesakes(
  session: DirectorySession,
  forest: Forest,
  host: string,
  guids: ReadonlySet<string>,
): Promise<readonly string[]> {
  const filter = and(equal('objectClass', 'computer'), equal('dNSHostName', host));
  const found: string[] = [];
  // Of whichever domain: the DNS name of a computer need not be one of its domain.
  for (const domain of domainsHeld(session, forest)) {
    for await (const entry of searchIfThere(session, domain, filter, ['objectGUID'])) {
      if (!guids.has(guidOf(entry, 'objectGUID') ?? '')) found.push(entry.dn);
    }
  }
  return found;
}

/** The DNs of the domains that the session's DC holds. */
export function domainsHeld({ rootDse }: DirectorySession, { namingContexts }: Forest): readonly string[] {
  return namingContexts
    .filter(({ kind, dn }) => kind === 'domain' && rootDse.namingContexts.some((held) => sameDn(held, dn)))
    .map(({ dn }) => dn);
}
