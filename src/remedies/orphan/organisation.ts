/** The Exchange organisation in the Configuration partition: its containers, and every server object. */

import { conflictRdnOf, normalizedDn, parentDn, rdnOf } from '../../ad/dn.ts';
import { type Entry, generalizedTimeOf, integerOf, textOf, textsOf } from '../../ad/entry.ts';
import { type DirectorySession, equal, or } from '../../ldap/session.ts';
import { hasRole, isOnlyProvisioned, roleBit } from './versions.ts';

/** A server object, as the table shows it. */
export interface ExchangeServer {
  readonly dn: string;
  /** The value of its RDN. */
  readonly name: string;
  readonly adminGroup: string;
  /** The name of its organisation. */
  readonly organisation: string;
  /** msExchCurrentServerRoles; undefined for Exchange 2003 and older. */
  readonly roles: number | undefined;
  readonly versionNumber: number | undefined;
  readonly serialNumber: string | undefined;
  readonly legacyExchangeDn: string | undefined;
  /** msExchInstallPath. */
  readonly installPath: string | undefined;
  /** From networkAddress. */
  readonly fqdn: string | undefined;
  /** The name of its AD site. */
  readonly site: string | undefined;
  /** DN of its database availability group. */
  readonly availabilityGroup: string | undefined;
  readonly created: Date | undefined;
  /** It lost a naming conflict between two DCs (`\0ACNF:` in its name). */
  readonly isConflict: boolean;
  /** The objects below it that setup makes for its roles. */
  readonly children: RoleChildren;
}

/** Whether it can take another's place: not one that lost a naming conflict, was only provisioned, or is an Edge server. */
export function isFullServer({ roles, isConflict }: ExchangeServer): boolean {
  return !isConflict && !isOnlyProvisioned(roles) && !hasRole(roles, roleBit.edge);
}

/** How many objects that its roles imply are below a server. */
export interface RoleChildren {
  readonly virtualDirectories: number;
  readonly receiveConnectors: number;
  readonly informationStores: number;
}

/** An administrative group, by the names of it and of its organisation. */
export interface AdminGroup {
  readonly name: string;
  readonly organisation: string;
}

export interface Organisation {
  /** DNs of the organisations. */
  readonly organisations: readonly string[];
  /** By organisation and name; those without a server too. */
  readonly adminGroups: readonly AdminGroup[];
  /** By name. */
  readonly servers: readonly ExchangeServer[];
}

const serverAttributes = [
  'objectClass',
  'legacyExchangeDN',
  'msExchCurrentServerRoles',
  'msExchInstallPath',
  'msExchMDBAvailabilityGroupLink',
  'msExchServerSite',
  'networkAddress',
  'serialNumber',
  'versionNumber',
  'whenCreated',
];

const virtualDirectoryClasses = [
  'msExchVirtualDirectory',
  'msExchAutodiscoverVirtualDirectory',
  'msExchEcpVirtualDirectory',
  'msExchMobileVirtualDirectory',
  'msExchOABVirtualDirectory',
  'msExchOwaVirtualDirectory',
  'msExchPowerShellVirtualDirectory',
  'msExchRpcHttpVirtualDirectory',
  'msExchWebServicesVirtualDirectory',
];

/** Reads the organisation: one search, for its containers are few and its servers at most some hundreds. Throws DirectoryError. */
export async function readOrganisation(session: DirectorySession, configuration: string): Promise<Organisation> {
  const classes = [
    'msExchOrganizationContainer',
    'msExchAdminGroup',
    'msExchExchangeServer',
    'msExchSmtpReceiveConnector',
    'msExchInformationStore',
    ...virtualDirectoryClasses,
  ];
  const organisations: string[] = [];
  const adminGroups: AdminGroup[] = [];
  const servers = new Map<string, Entry>();
  const children = new Map<string, RoleChildren>();
  const found = session.search({
    base: `CN=Services,${configuration}`,
    scope: 'subtree',
    filter: or(...classes.map((name) => equal('objectClass', name))),
    attributes: serverAttributes,
  });
  for await (const entry of found) {
    const kinds = new Set(textsOf(entry, 'objectClass').map((name) => name.toLowerCase()));
    if (kinds.has('msexchorganizationcontainer')) organisations.push(entry.dn);
    else if (kinds.has('msexchadmingroup')) adminGroups.push(adminGroupOf(entry.dn));
    else if (kinds.has('msexchexchangeserver')) {
      // From 2013 on CN=Frontend and CN=Mailbox below a server are of a class derived from the server's.
      if (!kinds.has('msexchexchangetransportserver')) servers.set(normalizedDn(entry.dn), entry);
    } else {
      for (const ancestor of ancestorsOf(entry.dn)) children.set(ancestor, counted(children.get(ancestor), kinds));
    }
  }
  return {
    organisations,
    adminGroups: adminGroups.sort(
      (one, other) =>
        one.organisation.localeCompare(other.organisation, 'en') || one.name.localeCompare(other.name, 'en'),
    ),
    servers: [...servers]
      .map(([key, entry]) => serverOf(entry, children.get(key) ?? noChildren))
      .sort((one, other) => one.name.localeCompare(other.name, 'en') || one.dn.localeCompare(other.dn, 'en')),
  };
}

const noChildren: RoleChildren = { virtualDirectories: 0, receiveConnectors: 0, informationStores: 0 };

/** Whatever of these could be a server; normalised. Nothing that counts lies deeper than four levels below one. */
function ancestorsOf(dn: string): readonly string[] {
  const ancestors: string[] = [];
  let at = parentDn(dn);
  for (let level = 0; level < 4 && at !== undefined && at !== ''; level += 1) {
    ancestors.push(normalizedDn(at));
    at = parentDn(at);
  }
  return ancestors;
}

function counted(before: RoleChildren = noChildren, kinds: ReadonlySet<string>): RoleChildren {
  if (kinds.has('msexchsmtpreceiveconnector')) return { ...before, receiveConnectors: before.receiveConnectors + 1 };
  if (kinds.has('msexchinformationstore')) return { ...before, informationStores: before.informationStores + 1 };
  return { ...before, virtualDirectories: before.virtualDirectories + 1 };
}

function serverOf(entry: Entry, children: RoleChildren): ExchangeServer {
  const conflict = conflictRdnOf(entry.dn);
  // CN=<server>,CN=Servers,CN=<admin group>
  const adminGroup = adminGroupOf(parentDn(parentDn(entry.dn) ?? '') ?? '');
  const site = textOf(entry, 'msExchServerSite');
  return {
    dn: entry.dn,
    name: conflict?.value ?? rdnOf(entry.dn).value,
    adminGroup: adminGroup.name,
    organisation: adminGroup.organisation,
    roles: integerOf(entry, 'msExchCurrentServerRoles'),
    versionNumber: integerOf(entry, 'versionNumber'),
    serialNumber: textOf(entry, 'serialNumber'),
    legacyExchangeDn: textOf(entry, 'legacyExchangeDN'),
    installPath: textOf(entry, 'msExchInstallPath'),
    fqdn: fqdnIn(textsOf(entry, 'networkAddress')),
    site: site === undefined ? undefined : nameOf(site),
    availabilityGroup: textOf(entry, 'msExchMDBAvailabilityGroupLink'),
    created: generalizedTimeOf(entry, 'whenCreated'),
    isConflict: conflict !== undefined,
    children,
  };
}

/** By its DN: CN=<admin group>,CN=Administrative Groups,CN=<organisation>. */
function adminGroupOf(dn: string): AdminGroup {
  return { name: nameOf(dn), organisation: nameOf(parentDn(parentDn(dn) ?? '') ?? '') };
}

function nameOf(dn: string): string {
  return dn === '' ? '' : rdnOf(dn).value;
}

/** The FQDN in networkAddress, lower case: it has one value a protocol, and the one for TCP carries it. */
export function fqdnIn(addresses: readonly string[]): string | undefined {
  return addresses
    .find((address) => /^ncacn_ip_tcp:/i.test(address))
    ?.slice('ncacn_ip_tcp:'.length)
    .toLowerCase();
}

/** The classes of databases: of 2010 and later, and of 2003 and 2007. */
export const databaseClasses = ['msExchMDB', 'msExchPrivateMDB', 'msExchPublicMDB'];
