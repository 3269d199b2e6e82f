/** Reads what the orphan remedy needs to know. Never writes. */

import { wholeEntry, withoutSacl } from '../../change/entry-content.ts';
import { isBelow, normalizedDn, parentDn, rdnOf, sameDn } from '../../directory/dn.ts';
import { allBytesOf, bytesOf, type Entry } from '../../directory/entry.ts';
import { effectiveRights, type Forest, readExportedForest, readForest } from '../../directory/forest.ts';
import type { DirectorySession } from '../../directory/session.ts';
import { bytesOfWrittenValue, formatSid } from '../../directory/values.ts';
import { DirectoryError, UsageError } from '../../errors.ts';
import { type ComputerAccount, readAccounts } from './accounts.ts';
import { type DeleteRight, deleteRight } from './delete-rights.ts';
import { type Evidence, weigh } from './evidence.ts';
import { gapsIn, noGaps } from './export-gaps.ts';
import { type ExchangeServer, type Organisation, readOrganisation } from './organisation.ts';
import { type ProbeMeans, type ProbeResult, probe } from './probe.ts';
import {
  type ConfigurationFindings,
  countRecipients,
  type Doomed,
  type RecipientCount,
  type Referrer,
  readConfigurationReferrers,
} from './referrers.ts';
import { type OwnNames, ownNames, type SharedName, sharedNames } from './shared-names.ts';
import { dnsOf, readSubtree, type SubtreeEntry } from './subtree.ts';
import { writableIn } from './writable-entries.ts';

/** How the remedy reaches the directory. */
export interface Reach {
  /** With the DC that is written to. */
  readonly session: DirectorySession;
  /** With a global catalog; undefined if there is none to be reached. Whoever opened it closes it. */
  readonly global: DirectorySession | undefined;
  /** What an export lacks is unknown, and not absent. */
  readonly isExport: boolean;
}

/** A server with what its account and its objects say of it. */
export interface SurveyedServer {
  readonly server: ExchangeServer;
  readonly account: ComputerAccount;
  readonly evidence: Evidence;
}

/** Every server of the forest. */
export interface Survey {
  readonly forest: Forest;
  readonly organisation: Organisation;
  readonly servers: readonly SurveyedServer[];
  /** Why the accounts are not known, if they are not. */
  readonly accountsUnknown: string | undefined;
  /** What an export leaves unknown, in words; [] for a directory. */
  readonly exportGaps: readonly string[];
}

/** Everything about the chosen server. */
export interface OrphanFacts {
  readonly survey: Survey;
  readonly chosen: SurveyedServer;
  /** Its names that another server object bears too: what holds them is not taken for a reference to this one. */
  readonly sharedNames: readonly SharedName[];
  /** Parents before children. */
  readonly subtree: readonly SubtreeEntry[];
  /** DNs of the databases that it owns, below it or not. */
  readonly databases: readonly string[];
  readonly configuration: ConfigurationFindings;
  readonly recipients: readonly RecipientCount[];
  /** Whether the recipients of the whole forest could be asked for. */
  readonly isForestWide: boolean;
  readonly probe: ProbeResult | undefined;
  /** DNs that the user may not delete, as far as AD tells. */
  readonly undeletable: readonly string[];
  /** Whether AD told the rights at all. */
  readonly rightsKnown: boolean;
  /** Ids of referrers whose attribute the user may not write. */
  readonly unwritable: ReadonlySet<string>;
  readonly now: Date;
}

/** Finds the servers of the forest and weighs each. Throws DirectoryError. */
export async function survey(reach: Reach, now: Date): Promise<Survey> {
  const { session, global, isExport } = reach;
  const forest = isExport ? await readExportedForest(session) : await readForest(session);
  const gaps = isExport && global !== undefined ? await gapsIn(global, forest) : noGaps;
  const organisation = await readOrganisation(session, forest.configurationNamingContext);
  const { accounts, unknown } = gaps.lacksComputers
    ? { accounts: new Map<string, ComputerAccount>(), unknown: 'the export has none' }
    : await accountsOf(reach, organisation.servers);
  return {
    forest,
    organisation,
    servers: organisation.servers.map((server) => {
      const account = accounts.get(server.dn) ?? { kind: 'unknown' };
      return { server, account, evidence: weigh(server, account, organisation.servers, now) };
    }),
    accountsUnknown: unknown,
    exportGaps: gaps.lines,
  };
}

async function accountsOf(
  { session, global }: Pick<Reach, 'session' | 'global'>,
  servers: readonly ExchangeServer[],
): Promise<{ readonly accounts: ReadonlyMap<string, ComputerAccount>; readonly unknown: string | undefined }> {
  try {
    const { recipients, base } = recipientsOf({ session, global });
    return { accounts: await readAccounts(recipients, base, servers), unknown: undefined };
  } catch (error) {
    // The servers can be listed without their accounts; that these are unknown is told.
    if (!(error instanceof DirectoryError)) throw error;
    return { accounts: new Map(), unknown: error.trouble.cameBack };
  }
}

/** The widest view of the recipients that there is: the forest's by a global catalog, else one domain's. */
function recipientsOf({ session, global }: Pick<Reach, 'session' | 'global'>): {
  readonly recipients: DirectorySession;
  readonly base: string;
} {
  if (global !== undefined) return { recipients: global, base: '' };
  return { recipients: session, base: session.rootDse.defaultNamingContext ?? '' };
}

/**
 * The server that was named.
 * @throws UsageError if there is none of that name, or more than one
 */
export function findServer(
  { servers, forest }: Survey,
  wanted: { readonly kind: 'name'; readonly name: string } | { readonly kind: 'dn'; readonly dn: string },
  nearest: (given: string, names: readonly string[]) => string | undefined,
): SurveyedServer {
  const found = servers.filter(({ server }) =>
    wanted.kind === 'dn'
      ? sameDn(server.dn, wanted.dn)
      : [server.name.toLowerCase(), server.fqdn].includes(wanted.name.toLowerCase()),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const on = wanted.kind === 'dn' ? wanted.dn : wanted.name;
  if (only === undefined) {
    const near =
      wanted.kind === 'dn'
        ? namesakes(servers, wanted.dn)
        : nearestNames(
            shortName(on),
            servers.map(({ server }) => server.name),
            nearest,
          );
    const names = servers.map(({ server }) => server.name);
    throw new UsageError({
      attempted: 'find the Exchange server object',
      on,
      cameBack: `there is none of that name below CN=Services,${forest.configurationNamingContext}`,
      next: near.length === 0 ? `There are: ${listed(names)}.` : `Did you mean ${near.join(' or ')}?`,
    });
  }
  throw new UsageError({
    attempted: 'choose the Exchange server object',
    on,
    cameBack: `${found.length} objects have that name`,
    next: `Name one by its DN with --dn: ${found.map(({ server }) => `"${server.dn}"`).join(' or ')}.`,
  });
}

/** The DNs of servers whose own name the DN has. */
function namesakes(servers: readonly SurveyedServer[], dn: string): readonly string[] {
  const { value } = rdnOf(dn);
  return servers
    .filter(({ server }) => server.name.toLowerCase() === value.toLowerCase())
    .map(({ server }) => `"${server.dn}"`);
}

/** The short name in what may be an FQDN, \\SERVER, DOMAIN\SERVER or the account's SERVER$. */
function shortName(given: string): string {
  const [name = ''] = given.replace(/^.*\\/, '').split('.');
  return name.replace(/\$$/, '');
}

/** Up to three names that a typing error may have meant, as they are written. */
function nearestNames(
  given: string,
  names: readonly string[],
  nearest: (given: string, names: readonly string[]) => string | undefined,
): readonly string[] {
  const left = new Map(names.map((name) => [name.toLowerCase(), name]));
  const near: string[] = [];
  while (near.length < 3) {
    const key = nearest(given, [...left.keys()]);
    const name = key === undefined ? undefined : left.get(key);
    if (key === undefined || name === undefined) break;
    near.push(name);
    left.delete(key);
  }
  return near;
}

function listed(names: readonly string[]): string {
  const most = 12;
  return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

export interface GatherOptions {
  readonly probe: boolean;
  readonly probeMeans?: ProbeMeans;
  readonly now: Date;
  /** Told before each step, for the progress line. */
  readonly onStep?: (step: string) => void;
}

/** How many steps `gather` tells. */
export const gatherSteps = 4;

/** Reads the chosen server's subtree and who refers to it. Throws DirectoryError. */
export async function gather(
  reach: Reach,
  surveyed: Survey,
  chosen: SurveyedServer,
  options: GatherOptions,
): Promise<OrphanFacts> {
  const { session } = reach;
  const step = options.onStep ?? (() => {});
  const { forest } = surveyed;
  const { server } = chosen;
  const shared = sharedNamesOf(surveyed, chosen);
  const names = ownNames(server, shared);
  const probing = options.probe ? probeOwn(server, names, options.probeMeans) : undefined;
  step(`Reading everything below ${server.name}`);
  const subtree = await readSubtree(session, server.dn);
  const doomed: Doomed = {
    names,
    dns: dnsOf(subtree),
    mailTransferAgents: subtree.filter(({ objectClasses }) => objectClasses.has('mta')).map(({ entry }) => entry.dn),
  };
  step('Looking for references in the organisation');
  const configuration = await readConfigurationReferrers(session, forest.configurationNamingContext, doomed);
  const own = subtree
    .filter(({ objectClasses }) =>
      ['msexchmdb', 'msexchprivatemdb', 'msexchpublicmdb'].some((name) => objectClasses.has(name)),
    )
    .map(({ entry }) => entry.dn);
  const databases = [...configuration.databases, ...own];
  step('Looking for recipients in the forest');
  const { recipients, base } = recipientsOf(reach);
  const counts = await countRecipients(recipients, base, doomed, databases, {
    isWritable: writableIn(forest, session),
    isRecipient: (dn) => !isBelow(dn, forest.configurationNamingContext),
  });
  step('Checking rights');
  const rights = await rightsTo(session, subtree);
  const referrers = [...configuration.referrers, ...counts.flatMap(({ cleanable }) => cleanable)];
  return {
    survey: surveyed,
    chosen,
    sharedNames: shared,
    subtree,
    databases,
    configuration,
    recipients: counts,
    isForestWide: reach.global !== undefined,
    probe: await probing,
    ...rights,
    unwritable: rights.rightsKnown ? await unwritableOf(session, referrers) : new Set<string>(),
    now: options.now,
  };
}

/** The names that the chosen server shares with others of the survey. */
export function sharedNamesOf({ servers }: Survey, { server }: SurveyedServer): readonly SharedName[] {
  return sharedNames(
    server,
    servers.map((one) => one.server),
  );
}

/** A machine of a name that is not the server's alone proves nothing by its answer. */
async function probeOwn(server: ExchangeServer, names: OwnNames, means: ProbeMeans | undefined): Promise<ProbeResult> {
  const host = server.fqdn ?? server.name;
  const isOwn = (server.fqdn === undefined ? names.name : names.fqdn) !== undefined;
  return isOwn ? probe(host, means) : { kind: 'not its own name', host };
}

async function rightsTo(
  session: DirectorySession,
  subtree: readonly SubtreeEntry[],
): Promise<Pick<OrphanFacts, 'undeletable' | 'rightsKnown'>> {
  const rootDse = await session.readEntry('', ['tokenGroups']);
  const token = new Set((rootDse === undefined ? [] : allBytesOf(rootDse, 'tokenGroups')).map(formatSid));
  const [root] = subtree;
  const above = root === undefined ? undefined : parentDn(root.entry.dn);
  const container = above === undefined ? undefined : await session.readEntry(above, wholeEntry, [withoutSacl]);
  const descriptors = new Map(subtree.map(({ entry }) => [normalizedDn(entry.dn), descriptorOf(entry)]));
  const rights = subtree.map(({ entry }): readonly [dn: string, right: DeleteRight] => {
    const parent = parentDn(entry.dn) ?? '';
    const ofParent = descriptors.get(normalizedDn(parent)) ?? containerDescriptor(container, parent);
    return [entry.dn, deleteRight(descriptorOf(entry), ofParent, token)];
  });
  return {
    undeletable: rights.filter(([, right]) => right === 'denied').map(([dn]) => dn),
    rightsKnown: rights.every(([, right]) => right !== 'unknown'),
  };
}

function descriptorOf({ attributes }: SubtreeEntry['entry']): Buffer | undefined {
  const value = attributes.find(({ name }) => name.toLowerCase() === 'ntsecuritydescriptor')?.values[0];
  return value === undefined ? undefined : bytesOfWrittenValue(value);
}

function containerDescriptor(container: Entry | undefined, dn: string): Buffer | undefined {
  return container !== undefined && sameDn(container.dn, dn) ? bytesOf(container, 'nTSecurityDescriptor') : undefined;
}

/** Entries whose rights are asked for; the rest of a long list is found when it is written. */
const mostAsked = 100;

/** The referrers whose attribute the user may not write. */
async function unwritableOf(session: DirectorySession, referrers: readonly Referrer[]): Promise<ReadonlySet<string>> {
  const unwritable = new Set<string>();
  const byDn = new Map<string, Referrer[]>();
  for (const referrer of referrers) byDn.set(referrer.dn, [...(byDn.get(referrer.dn) ?? []), referrer]);
  for (const [dn, here] of [...byDn].slice(0, mostAsked)) {
    const rights = await effectiveRights(session, dn);
    if (rights === undefined) continue;
    for (const { id, reference } of here) {
      if (!rights.attributes.has(reference.attribute.toLowerCase())) unwritable.add(id);
    }
  }
  return unwritable;
}
