/** Who names the entries of the domain controller: every value of the Configuration partition and of its domain. */

import { deletedRdnOf, isSameOrBelow, normalizedDn } from '../../ad/dn.ts';
import { type Entry, guidOf, textsOf } from '../../ad/entry.ts';
import { dnIn, everyEntry, type NamingTest, namingTest, namingValues } from '../../ad/naming.ts';
import { readAttributeDefinitions, readDnAttributes, readMandatoryAttributes } from '../../ad/schema.ts';
import { writtenValueOf } from '../../ad/values.ts';
import { isBackLink } from '../../change/attribute-kinds.ts';
import type { HeldValues } from '../../change/clear-values.ts';
import { DirectoryError } from '../../errors.ts';
import { resultCode } from '../../ldap/diagnostics.ts';
import { everything, type Filter } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';

/** What happens to values that name an entry of the DC. */
export type Clearing = 'may be cleared' | 'mandatory' | 'only the system writes it';

export interface Reference extends HeldValues {
  /** "managedBy of CN=…" */
  readonly id: string;
  readonly clearing: Clearing;
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
  if (domain !== undefined) for await (const entry of everyEntryOfDomain(session, domain, test)) look(entry);
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
    return [{ ...held, id: `${hit.reference.attribute} of ${hit.dn}`, clearing }];
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

/** With the attributes whose values are DNs, as the schema has them: a domain holds much else. */
export async function* everyEntryOfDomain(
  session: DirectorySession,
  domain: string,
  { mayName }: Pick<NamingTest, 'mayName'>,
): AsyncGenerator<Entry> {
  const names = await readDnAttributes(session);
  const attributes = names.length === 0 ? ['*'] : ['objectClass', 'objectGUID', ...names];
  yield* session.search({ base: domain, scope: 'subtree', filter: everything, attributes, mayMatter: mayName });
}

/** A search below what an export may lack. */
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
