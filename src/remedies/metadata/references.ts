/**
 * Who names the domain controller: values of the Configuration partition, of its domain, and of DNS. And the proof of its
 * removal, on every DC: entries gone, no value that names them, no DC that replicates from it.
 */

import { askForReplication } from '../../ad/ask-domain-controllers.ts';
import { deletedRdnOf, isSameOrBelow, joinDn, normalizedDn, parentDn, rdnOf, sameDn } from '../../ad/dn.ts';
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
import { dnIn, everyEntry, type NamingTest, namingTest, namingValues } from '../../ad/naming.ts';
import { readAttributeDefinitions, readDnAttributes, readMandatoryAttributes } from '../../ad/schema.ts';
import { isBackLink } from '../../change/attribute-kinds.ts';
import type { HeldValues } from '../../change/clear-values.ts';
import type { DirectoryChange, Plan } from '../../change/plan.ts';
import { deletedBy } from '../../change/undo-link.ts';
import { defaultProof, type Proof, type Sight } from '../../change/verify.ts';
import { DirectoryError } from '../../errors.ts';
import { resultCode } from '../../ldap/diagnostics.ts';
import { and, type DirectorySession, equal, everything, type Filter } from '../../ldap/session.ts';
import { counted, listed } from '../../words.ts';
import { type Identity, identityIn } from './subject.ts';

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

/** What is looked for. */
export interface Going {
  /** DNs of the entries that go, normalised. */
  readonly dns: ReadonlySet<string>;
  /** Their objectGUIDs: a value may have the name that an entry got by its deletion. */
  readonly guids: ReadonlySet<string>;
  /** DNs of the server object and the account. */
  readonly roots: readonly string[];
  /** dNSHostName, lower case. */
  readonly host: string | undefined;
}

/** All that names it. */
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
async function* everyEntryOfPartition(
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

/** The nodes of all zones in the partitions that this DC holds: CN=MicrosoftDNS, of old below CN=System of the domain. Throws DirectoryError. */
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
 * DNs of computers of the same DNS name that are not this DC: one that was installed anew, and is no DC. Throws
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

/** How the removal of a plan is proved; undefined for an undo, which is proved by kind of change. */
export function proofOf(plan: Plan<DirectoryChange>): Proof | undefined {
  const identity = plan.undoes === undefined ? identityIn(plan) : undefined;
  if (identity === undefined) return undefined;
  const entries = plan.changes.flatMap(deletedBy);
  const gone: Gone = {
    identity,
    dns: new Set(entries.map(({ dn }) => normalizedDn(dn))),
    leftOnPurpose: new Set(plan.leftOut.map(({ what }) => what.toLowerCase())),
  };
  return {
    onEachDc: async (session, forest) => {
      const partitions = partitionsOf(session, forest);
      const isHeld = ({ dn }: { readonly dn: string }): boolean => partitions.some((one) => isSameOrBelow(dn, one));
      const byKind = await defaultProof(plan.changes.filter(isHeld)).onEachDc(session, forest);
      return both(byKind, await whatIsLeftOn(session, forest, partitions, gone), gone);
    },
    further: () => [],
  };
}

interface Gone {
  readonly identity: Identity;
  /** DNs of the deleted entries, normalised. */
  readonly dns: ReadonlySet<string>;
  /** Ids of values that the plan leaves as they are, lower case. */
  readonly leftOnPurpose: ReadonlySet<string>;
}

/** The partitions that a DC holds, without the schema: it names no domain controller but its master. */
function partitionsOf({ rootDse }: DirectorySession, { configurationNamingContext: configuration }: Forest) {
  const schema = rootDse.schemaNamingContext ?? joinDn('CN=Schema', configuration);
  const others = rootDse.namingContexts.filter((dn) => !sameDn(dn, schema) && !sameDn(dn, configuration));
  return [configuration, ...others];
}

/** What the looks at one DC found, and which of them it did not answer. */
interface Left {
  readonly found: readonly string[];
  readonly notSeen: readonly string[];
  readonly partitions: number;
}

/** Everything on one DC that still points at what is gone: values of each partition, DNS, partners of its replication. */
async function whatIsLeftOn(
  session: DirectorySession,
  forest: Forest,
  partitions: readonly string[],
  gone: Gone,
): Promise<Left> {
  const { configurationNamingContext: configuration } = forest;
  const found: string[] = [];
  const notSeen: string[] = [];
  const look = async (where: string, looking: () => Promise<readonly string[]>): Promise<void> => {
    try {
      found.push(...(await looking()));
    } catch (error) {
      // The other looks go on: what this DC did not show is reported with them.
      if (!(error instanceof DirectoryError)) throw error;
      notSeen.push(`${where}: ${error.trouble.cameBack}`);
    }
  };
  await look('its replication', () => partnersLeft(session, partitions, gone));
  for (const partition of partitions) {
    const every = partition === configuration ? everyEntry : everyEntryOfPartition;
    await look(partition, () => valuesLeft((test) => every(session, partition, test), gone));
  }
  await look('DNS', () => dnsLeft(session, forest, gone));
  return { found, notSeen, partitions: partitions.length };
}

function both(byKind: Sight, { found, notSeen, partitions }: Left, { leftOnPurpose }: Gone): Sight {
  const nothing = leftOnPurpose.size === 0 ? 'nothing names it' : 'nothing but the values left as they are names it';
  const detail = [
    byKind.detail,
    ...(found.length === 0 ? [] : [`still there: ${listed(found, 5)}`]),
    ...notSeen.map((what) => `not looked through: ${what}`),
    ...(found.length + notSeen.length === 0 ? [`${nothing} in ${counted(partitions, 'partition')}`] : []),
  ].join('; ');
  if (found.length > 0) return { state: 'not-yet', detail, mayChange: true };
  return notSeen.length > 0 && byKind.state === 'there'
    ? { state: 'unknown', detail, mayChange: true }
    : { ...byKind, detail };
}

/** Values that name what was deleted, under its old name or that of its tombstone. */
async function valuesLeft(read: (test: NamingTest) => AsyncIterable<Entry>, gone: Gone): Promise<readonly string[]> {
  const test = namingTest({ dns: gone.dns, names: {} });
  const left = new Set<string>();
  for await (const entry of read(test)) {
    if (gone.dns.has(normalizedDn(entry.dn))) continue;
    for (const { attribute, naming, values } of namingValues(entry, test)) {
      const id = `${attribute.name} of ${entry.dn}`;
      const isMeant =
        naming === 'dn' ||
        values.some((value) => gone.identity.guids.has(deletedRdnOf(dnIn(value.toString()))?.guid ?? ''));
      if (isMeant && !isBackLink(attribute.name) && !gone.leftOnPurpose.has(id.toLowerCase())) left.add(id);
    }
  }
  return [...left];
}

/** Whether this DC replicates from it still: until its KCC has run, at most 15 minutes. */
async function partnersLeft(
  session: DirectorySession,
  namingContexts: readonly string[],
  { identity }: Gone,
): Promise<readonly string[]> {
  const dsaGuid = identity.settings?.dsaGuid;
  if (dsaGuid === undefined) return [];
  const { links } = await askForReplication(session, namingContexts);
  const contexts = links.filter((link) => link.sourceDsaGuid === dsaGuid).map(({ namingContext }) => namingContext);
  return contexts.map((dn) => `replicates ${dn} from it (until the KCC has run)`);
}

/** DNS values of its host. Those of another computer of the same name are that one's. */
async function dnsLeft(session: DirectorySession, forest: Forest, { identity }: Gone): Promise<readonly string[]> {
  const { host, guids } = identity;
  if (host === undefined || (await readNamesakes(session, forest, host, guids)).length > 0) return [];
  return dnsValuesOf(await readDnsNodes(session, forest), forest, host).flatMap(({ records }) => records);
}
