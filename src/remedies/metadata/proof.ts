/** The proof of the removal, on every DC: entries gone, no value that names them, no DC that replicates from it. */

import { askForReplication } from '../../ad/ask-domain-controllers.ts';
import { deletedRdnOf, dnIn, isSameOrBelow, joinDn, normalizedDn, sameDn } from '../../ad/dn.ts';
import type { Entry } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { everyEntry, type NamingTest, namingTest, namingValues } from '../../ad/references.ts';
import { isBackLink } from '../../change/attribute-kinds.ts';
import { type DirectoryChange, deletedBy, type Plan } from '../../change/plan.ts';
import { defaultProof, type Proof, type Sight } from '../../change/verify.ts';
import { DirectoryError } from '../../errors.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { counted, listed } from '../../words.ts';
import { dnsValuesOf, everyEntryOfPartition, readDnsNodes, readNamesakes } from './references.ts';
import { type Identity, identityIn } from './subject.ts';

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

/** The results of the searches on one DC, and the searches that it did not answer. */
interface Left {
  readonly found: readonly string[];
  readonly notSeen: readonly string[];
  readonly partitions: number;
}

/** Everything on one DC that still points at the deleted entries: values of each partition, DNS, replication partners. */
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
      // The other searches continue; what this DC did not show is reported with their results.
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
  const nothing = leftOnPurpose.size === 0 ? 'nothing names it' : 'only the values that the plan leaves name it';
  const detail = [
    byKind.detail,
    ...(found.length === 0 ? [] : [`still there: ${listed(found, 5)}`]),
    ...notSeen.map((what) => `not searched: ${what}`),
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
