/** A forest as its Configuration partition describes it: identity, naming contexts, DCs, Recycle Bin, FSMO roles. */

import { isIP } from 'node:net';
import { DirectoryError } from '../errors.ts';
import { resultCode } from '../ldap/diagnostics.ts';
import { type DirectorySession, equal, or, protectionInWords } from '../ldap/session.ts';
import { dnsNameOfDn, joinDn, normalizedDn, parentDn, rdnOf, sameDn } from './dn.ts';
import { allBytesOf, booleanOf, type Entry, guidOf, integerOf, textOf, textsOf } from './entry.ts';

/** The forest that a session's server belongs to. */
export interface Forest {
  readonly configurationNamingContext: string;
  /** objectGUID of the configuration naming context's head: the identity of the forest. */
  readonly objectGuid: string;
  readonly rootDomainNamingContext: string | undefined;
  readonly namingContexts: readonly NamingContext[];
  /** By site and name. */
  readonly domainControllers: readonly DomainController[];
  /** Server objects without NTDS Settings: leftovers of DCs, or created by other software. By site and name. */
  readonly leftoverServers: readonly ServerObject[];
  readonly recycleBin: RecycleBin;
}

/** 'unknown' if the user may not read the setting. */
export type RecycleBin = 'on' | 'off' | 'unknown';

/** A naming context of the forest, as its crossRef describes it. */
export interface NamingContext {
  readonly dn: string;
  readonly kind: 'configuration' | 'schema' | 'domain' | 'application';
  readonly dnsName: string | undefined;
}

/** A server object below CN=Sites. */
export interface ServerObject {
  /** The value of its RDN, usually the computer's short name. */
  readonly name: string;
  readonly site: string;
  readonly dn: string;
  readonly dnsHostName: string | undefined;
  /** DN of the computer account. */
  readonly serverReference: string | undefined;
}

/** A DC, as its server object and NTDS Settings describe it. */
export interface DomainController extends ServerObject {
  /** DN of its NTDS Settings. */
  readonly settingsDn: string;
  /** objectGUID of its NTDS Settings: the DSA GUID of repadmin and of the alias below _msdcs. */
  readonly dsaGuid: string | undefined;
  readonly invocationId: string | undefined;
  /** Attributes that hold its former invocationIds, in a form that is not published; a restore gives it a new one. */
  readonly retiredSignatures?: readonly Buffer[];
  readonly isGlobalCatalog: boolean;
  readonly isReadOnly: boolean;
  /** Of its Windows: 4 is 2008 R2, 5 is 2012 (msDS-Behavior-Version of NTDS Settings, MS-ADTS 6.1.4.2). */
  readonly functionalLevel?: number;
  readonly isInboundReplicationOff: boolean;
  readonly isOutboundReplicationOff: boolean;
  /** Naming contexts of which it has a writable copy (an RODC: a full, read-only copy). */
  readonly fullNamingContexts: readonly string[];
  /** Naming contexts of which it has only some attributes, as a GC. */
  readonly partialNamingContexts: readonly string[];
}

/** The name that a DC is reached by: its DNS name, or its short one where the directory has no other. */
export function hostOf({ dnsHostName, name }: Pick<DomainController, 'dnsHostName' | 'name'>): string {
  return dnsHostName ?? name;
}

/** Whether a DC has a full copy of a naming context. */
export function hasFullCopy(
  { fullNamingContexts }: Pick<DomainController, 'fullNamingContexts'>,
  namingContext: string,
): boolean {
  return fullNamingContexts.some((held) => sameDn(held, namingContext));
}

/** The forest of the session's server. Throws DirectoryError, also for a server that is not a DC. */
export async function readForest(session: DirectorySession): Promise<Forest> {
  const configuration = session.rootDse.configurationNamingContext;
  if (configuration === undefined) {
    throw notReadable(
      session,
      'the rootDSE',
      'it names no configuration naming context, so the server is not a domain controller',
    );
  }
  const found = await entriesOf(session, configuration, false);
  if (found.objectGuid === undefined)
    throw notReadable(session, configuration, 'the user may not see its head or objectGUID');
  return forestOf(session, configuration, found.objectGuid, found);
}

/**
 * Whether a host's DNS name is one of the forest's DNS roots or below one (dnsRoot of the crossRefs). An IP address is
 * not: it proves nothing about the forest.
 */
export function isHostOfForest({ namingContexts }: Pick<Forest, 'namingContexts'>, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (isIP(name) !== 0) return false;
  return namingContexts.some(({ dnsName }) => {
    const root = dnsName?.toLowerCase().replace(/\.$/, '') ?? '';
    return root !== '' && (name === root || name.endsWith(`.${root}`));
  });
}

/** The objectGuid of a forest whose export lacks the head of the Configuration partition. */
export const unknownForest = 'unknown';

/**
 * The forest as far as an export describes it. Its naming contexts are those that appear in its DNs; what it lacks is
 * empty or unknown. Throws DirectoryError for an export that has nothing of a Configuration partition.
 */
export async function readExportedForest(session: DirectorySession): Promise<Forest> {
  const { configurationNamingContext: configuration, namingContexts } = session.rootDse;
  if (configuration === undefined) {
    throw new DirectoryError({
      attempted: 'read the forest',
      on: 'the export',
      cameBack: 'it has nothing of a Configuration partition',
      next: 'Export the Configuration partition: ldifde -d "CN=Configuration,DC=…" -f FILE',
    });
  }
  const found = await entriesOf(session, configuration, true);
  const forest = forestOf(session, configuration, found.objectGuid ?? unknownForest, found);
  const shown = namingContexts.filter((dn) => !forest.namingContexts.some((described) => sameDn(described.dn, dn)));
  const others = shown.map((dn) => ({ dn, kind: kindOf(dn, 'domain', session.rootDse), dnsName: undefined }));
  return { ...forest, namingContexts: [...forest.namingContexts, ...others] };
}

interface ForestEntries {
  readonly objectGuid: string | undefined;
  readonly partitions: readonly Entry[];
  readonly servers: readonly Entry[];
}

/** @param mayLack whether a container may be missing, as in an export */
async function entriesOf(session: DirectorySession, configuration: string, mayLack: boolean): Promise<ForestEntries> {
  const below = async (base: string, classes: readonly string[], attributes: readonly string[]): Promise<Entry[]> => {
    const filter = or(...classes.map((name) => equal('objectClass', name)));
    const found: Entry[] = [];
    try {
      for await (const entry of session.search({ base, scope: 'subtree', filter, attributes })) found.push(entry);
    } catch (error) {
      const isMissing = error instanceof DirectoryError && error.resultCode === resultCode.noSuchObject;
      if (!mayLack || !isMissing) throw error;
    }
    return found;
  };
  const [head, partitions, servers] = await Promise.all([
    session.readEntry(configuration, ['objectGUID']),
    below(partitionsOf(configuration), ['crossRefContainer', 'crossRef'], partitionAttributes),
    below(joinDn('CN=Sites', configuration), ['server', 'nTDSDSA'], siteAttributes),
  ]);
  return { objectGuid: head === undefined ? undefined : guidOf(head, 'objectGUID'), partitions, servers };
}

function partitionsOf(configuration: string): string {
  return joinDn('CN=Partitions', configuration);
}

function forestOf(
  session: DirectorySession,
  configuration: string,
  objectGuid: string,
  { partitions, servers }: ForestEntries,
): Forest {
  const container = partitions.find((entry) => sameDn(entry.dn, partitionsOf(configuration)));
  return {
    configurationNamingContext: configuration,
    objectGuid,
    rootDomainNamingContext: session.rootDse.rootDomainNamingContext,
    namingContexts: partitions.flatMap((entry) => namingContextOf(entry, session)),
    ...topologyOf(servers),
    recycleBin: container === undefined ? 'unknown' : recycleBinOf(container),
  };
}

/**
 * The attributes that the user may write, in lower case, as the server computes them (allowedAttributesEffective:
 * MS-ADTS 3.1.1.4.5); undefined if the entry does not exist or the user may not see it. Throws DirectoryError.
 */
export async function writableAttributes(
  session: DirectorySession,
  dn: string,
): Promise<ReadonlySet<string> | undefined> {
  const entry = await session.readEntry(dn, ['allowedAttributesEffective']);
  return entry && new Set(textsOf(entry, 'allowedAttributesEffective').map((name) => name.toLowerCase()));
}

const partitionAttributes = ['objectClass', 'nCName', 'dnsRoot', 'systemFlags', 'Enabled', 'msDS-EnabledFeature'];
/** Of a DC as a whole, and of single naming contexts (MS-ADA3 2.198, MS-ADA2). */
const retiredSignatureAttributes = ['retiredReplDSASignatures', 'msDS-RetiredReplNCSignatures'];
const siteAttributes = [
  'objectClass',
  'objectGUID',
  'dNSHostName',
  'serverReference',
  'options',
  'invocationId',
  ...retiredSignatureAttributes,
  'msDS-isRODC',
  'msDS-Behavior-Version',
  'msDS-hasMasterNCs',
  'msDS-hasFullReplicaNCs',
  'hasPartialReplicaNCs',
];

// systemFlags of a crossRef (MS-ADTS 2.2.10)
const isNamingContext = 0x1;
const isDomain = 0x2;

// MS-ADTS 6.1.1.2.2.1.2.1.1: options of an nTDSDSA object
const dsaOption = { isGlobalCatalog: 0x1, inboundReplicationOff: 0x2, outboundReplicationOff: 0x4 } as const;

function isOfClass(entry: Entry, name: string): boolean {
  return textsOf(entry, 'objectClass').some((value) => value.toLowerCase() === name.toLowerCase());
}

/**
 * A crossRef's naming context; none for the container, for other forests, and for one that is only intended (MS-ADTS
 * 3.1.1.5.2.7).
 */
function namingContextOf(entry: Entry, { rootDse }: DirectorySession): NamingContext[] {
  const dn = textOf(entry, 'nCName');
  const flags = integerOf(entry, 'systemFlags') ?? 0;
  const isIntended = booleanOf(entry, 'Enabled') === false;
  if (dn === undefined || (flags & isNamingContext) === 0 || isIntended) return [];
  const kind = kindOf(dn, (flags & isDomain) === 0 ? 'application' : 'domain', rootDse);
  return [{ dn, kind, dnsName: textOf(entry, 'dnsRoot') }];
}

function kindOf(
  dn: string,
  other: 'application' | 'domain',
  { configurationNamingContext, schemaNamingContext }: DirectorySession['rootDse'],
): NamingContext['kind'] {
  const isThe = (context: string | undefined) => context !== undefined && sameDn(dn, context);
  if (isThe(configurationNamingContext)) return 'configuration';
  return isThe(schemaNamingContext) ? 'schema' : other;
}

/** The feature's object is CN=Recycle Bin Feature,CN=Optional Features,… (MS-ADTS 3.1.1.9.1). */
function recycleBinOf(partitions: Entry): RecycleBin {
  const features = textsOf(partitions, 'msDS-EnabledFeature');
  return features.some((dn) => rdnOf(dn).value === 'Recycle Bin Feature') ? 'on' : 'off';
}

/** DCs and leftovers. The tree is CN=NTDS Settings,CN=<server>,CN=Servers,CN=<site>,CN=Sites. */
function topologyOf(entries: readonly Entry[]): Pick<Forest, 'domainControllers' | 'leftoverServers'> {
  const settings = new Map<string, Entry>();
  for (const entry of entries) {
    if (isOfClass(entry, 'nTDSDSA')) settings.set(normalizedDn(parentDn(entry.dn) ?? ''), entry);
  }
  const domainControllers: DomainController[] = [];
  const leftoverServers: ServerObject[] = [];
  for (const entry of entries.filter((candidate) => isOfClass(candidate, 'server'))) {
    const server = serverObjectOf(entry);
    const itsSettings = settings.get(normalizedDn(entry.dn));
    if (itsSettings === undefined) leftoverServers.push(server);
    else domainControllers.push(domainControllerOf(server, itsSettings));
  }
  return {
    domainControllers: domainControllers.sort(bySiteAndName),
    leftoverServers: leftoverServers.sort(bySiteAndName),
  };
}

function bySiteAndName(one: ServerObject, other: ServerObject): number {
  return one.site.localeCompare(other.site) || one.name.localeCompare(other.name);
}

function serverObjectOf(entry: Entry): ServerObject {
  const siteDn = parentDn(parentDn(entry.dn) ?? '') ?? '';
  return {
    name: rdnOf(entry.dn).value,
    site: siteDn === '' ? '' : rdnOf(siteDn).value,
    dn: entry.dn,
    dnsHostName: textOf(entry, 'dNSHostName'),
    serverReference: textOf(entry, 'serverReference'),
  };
}

function domainControllerOf(server: ServerObject, settings: Entry): DomainController {
  const options = integerOf(settings, 'options') ?? 0;
  const isReadOnly = booleanOf(settings, 'msDS-isRODC') ?? isOfClass(settings, 'nTDSDSARO');
  const functionalLevel = integerOf(settings, 'msDS-Behavior-Version');
  return {
    ...server,
    settingsDn: settings.dn,
    dsaGuid: guidOf(settings, 'objectGUID'),
    invocationId: guidOf(settings, 'invocationId'),
    retiredSignatures: retiredSignatureAttributes.flatMap((name) => allBytesOf(settings, name)),
    isGlobalCatalog: (options & dsaOption.isGlobalCatalog) !== 0,
    isReadOnly,
    ...(functionalLevel === undefined ? {} : { functionalLevel }),
    isInboundReplicationOff: (options & dsaOption.inboundReplicationOff) !== 0,
    isOutboundReplicationOff: (options & dsaOption.outboundReplicationOff) !== 0,
    fullNamingContexts: textsOf(settings, isReadOnly ? 'msDS-hasFullReplicaNCs' : 'msDS-hasMasterNCs'),
    partialNamingContexts: textsOf(settings, 'hasPartialReplicaNCs'),
  };
}

function notReadable(session: DirectorySession, what: string, why: string): DirectoryError {
  return new DirectoryError({
    attempted: 'read the forest',
    on: `${what} on ${session.identity.host}`,
    cameBack: why,
    next: 'Connect to a domain controller as a user of the forest.',
  });
}

/**
 * Where a forest is read from: "dc1.corp.example.com (GC, LDAPS)", or
 * "dc1.corp.example.com (GC), sealed, as CORP\jane (Kerberos)".
 */
export function sourceInWords({ rootDse, identity }: DirectorySession): string {
  const host = rootDse.dnsHostName ?? identity.host;
  const isGlobalCatalog = rootDse.isGlobalCatalogReady === true;
  const protection = protectionInWords(identity);
  if (identity.sealed === undefined) return `${host} (${isGlobalCatalog ? 'GC, ' : ''}${protection})`;
  return `${host}${isGlobalCatalog ? ' (GC)' : ''}, ${protection}`;
}

/** The headline of what was read: "Forest corp.example.com, configuration read from dc1.corp.example.com (GC, LDAPS)". */
export function forestHeadline(
  { rootDomainNamingContext, configurationNamingContext }: Forest,
  readFrom: string,
): string {
  const name = dnsNameOfDn(rootDomainNamingContext ?? configurationNamingContext) ?? configurationNamingContext;
  return `Forest ${name}, configuration read from ${readFrom}`;
}

/** The roles, as ntdsutil calls them. */
export const masterRoles = ['schema master', 'naming master', 'PDC', 'RID master', 'infrastructure master'] as const;

/** One of them. */
export type MasterRole = (typeof masterRoles)[number];

/** A role with the DC that holds it. */
export interface OperationsMaster {
  readonly role: MasterRole;
  /** Of which domain or application partition it is; undefined for a role of the forest. */
  readonly of: NamingContext | undefined;
  /** The object that holds fSMORoleOwner. */
  readonly dn: string;
  /** Its objectGUID; '' if the user may not read it. */
  readonly guid: string;
  /** DN of NTDS Settings, as the directory has it: of a deleted DC too. */
  readonly owner: string;
}

/** A role in full: "PDC emulator". */
export function masterInWords(role: MasterRole): string {
  if (role === 'PDC') return 'PDC emulator';
  return role === 'naming master' ? 'domain naming master' : role;
}

/**
 * The owners of the forest's roles and of those of the domains and application partitions that the session's DC holds
 * (MS-ADTS 6.1.5.1 to 6.1.5.5); what it does not show is left out. Throws DirectoryError if it does not answer.
 */
export async function readOperationsMasters(
  session: DirectorySession,
  { configurationNamingContext: configuration, namingContexts }: Forest,
): Promise<readonly OperationsMaster[]> {
  const held = namingContexts.filter(({ dn }) => session.rootDse.namingContexts.some((one) => sameDn(one, dn)));
  const places: readonly Pick<OperationsMaster, 'role' | 'of' | 'dn'>[] = [
    { role: 'schema master', of: undefined, dn: joinDn('CN=Schema', configuration) },
    { role: 'naming master', of: undefined, dn: joinDn('CN=Partitions', configuration) },
    ...held.flatMap((of) => placesIn(of)),
  ];
  const masters = await Promise.all(
    places.map(async ({ role, of, dn }): Promise<OperationsMaster | undefined> => {
      const entry = await readIfHeld(session, dn);
      const owner = entry === undefined ? undefined : textOf(entry, 'fSMORoleOwner');
      if (entry === undefined || owner === undefined) return undefined;
      return { role, of, dn: entry.dn, guid: guidOf(entry, 'objectGUID') ?? '', owner };
    }),
  );
  return masters.filter((master) => master !== undefined);
}

function placesIn(of: NamingContext): readonly Pick<OperationsMaster, 'role' | 'of' | 'dn'>[] {
  const infrastructure = { role: 'infrastructure master', of, dn: joinDn('CN=Infrastructure', of.dn) } as const;
  if (of.kind === 'application') return [infrastructure];
  if (of.kind !== 'domain') return [];
  const rids = { role: 'RID master', of, dn: joinDn('CN=RID Manager$,CN=System', of.dn) } as const;
  return [{ role: 'PDC', of, dn: of.dn }, rids, infrastructure];
}

async function readIfHeld(session: DirectorySession, dn: string): Promise<Entry | undefined> {
  try {
    return await session.readEntry(dn, ['fSMORoleOwner', 'objectGUID']);
  } catch (error) {
    // A DC that lacks the partition refers to another one: then its role is not known here.
    if (error instanceof DirectoryError && error.resultCode !== undefined) return undefined;
    throw error;
  }
}
