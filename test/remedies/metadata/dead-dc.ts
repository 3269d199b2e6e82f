/** The practice forest in which DC4 has left all that a domain controller can leave: DNS, SYSVOL, references. */

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isSameOrBelow } from '../../../src/ad/dn.ts';
import { guidOf } from '../../../src/ad/entry.ts';
import { deletedEntry, wholeEntry, withoutSacl } from '../../../src/change/entry-content.ts';
import type { DeleteChange, DirectoryChange, Plan } from '../../../src/change/plan.ts';
import type { Context, OpenDirectory } from '../../../src/commands/context.ts';
import { openPracticeDirectory } from '../../../src/commands/directory.ts';
import { DirectoryError } from '../../../src/errors.ts';
import { withSearchDeadline } from '../../../src/ldap/search-deadline.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import { noSleep } from '../../support/fixed-world.ts';
import type { PrompterDouble } from '../../support/prompter-double.ts';
import { remedyCommand } from '../../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../../support/run-command.ts';

export const domain = 'DC=corp,DC=example,DC=com';
export const configuration = `CN=Configuration,${domain}`;
export const server = `CN=DC4,CN=Servers,CN=Paramaribo,CN=Sites,${configuration}`;
export const settings = `CN=NTDS Settings,${server}`;
export const account = `CN=DC4,OU=Domain Controllers,${domain}`;
export const livingSettings = `CN=NTDS Settings,CN=DC1,CN=Servers,CN=Amsterdam,CN=Sites,${configuration}`;
/** The crossRef of DomainDnsZones. */
export const partition = `CN=8b1ab3c0-5e0a-4a43-9d4c-36c6a4a01bde,CN=Partitions,${configuration}`;
const otherSettings = `CN=NTDS Settings,CN=DC3,CN=Servers,CN=Paramaribo,CN=Sites,${configuration}`;
export const connection = `CN=from-dc4,${otherSettings}`;
export const dfsrMember = `CN=DC4,CN=Topology,CN=Domain System Volume,CN=DFSR-GlobalSettings,CN=System,${domain}`;
export const frsMember = `CN=DC4,CN=Domain System Volume (SYSVOL share),CN=File Replication Service,CN=System,${domain}`;
export const zone = `DC=corp.example.com,CN=MicrosoftDNS,DC=DomainDnsZones,${domain}`;
export const locatorZone = `DC=_msdcs.corp.example.com,CN=MicrosoftDNS,DC=ForestDnsZones,${domain}`;
export const dsaGuid = 'd4d4d4d4-0000-4000-8000-000000000004';

const types = { A: 1, NS: 2, CNAME: 5, PTR: 12, SRV: 33 } as const;

/** A value of dnsRecord (MS-DNSP 2.3.2.2), written apart from the code that reads it. */
export function record(type: keyof typeof types, data: string): Buffer {
  const labels = data.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const joined = Buffer.concat(labels);
  const name = Buffer.concat([Buffer.from([joined.length + 1, labels.length]), joined, Buffer.from([0])]);
  const service = Buffer.from([0, 0, 0, 100, 1, 133]);
  const body =
    type === 'A' ? Buffer.from(data.split('.').map(Number)) : type === 'SRV' ? Buffer.concat([service, name]) : name;
  const header = Buffer.alloc(24);
  header.writeUInt16LE(body.length, 0);
  header.writeUInt16LE(types[type], 2);
  header.writeUInt8(5, 4);
  header.writeUInt8(240, 5);
  header.writeUInt32BE(600, 12);
  return Buffer.concat([header, body]);
}

const node = (dn: string, ...records: readonly Buffer[]): string =>
  [`dn: ${dn}`, 'objectClass: dnsNode', ...records.map((value) => `dnsRecord:: ${value.toString('base64')}`), ''].join(
    '\n',
  );
/** An entry of the forest, as LDIF. */
export const entry = (dn: string, objectClass: string, ...lines: readonly string[]): string =>
  [`dn: ${dn}`, `objectClass: ${objectClass}`, ...lines, ''].join('\n');

const container = (dn: string): string => entry(dn, 'container');
const dfsr = `CN=DFSR-GlobalSettings,CN=System,${domain}`;
const infrastructure = `CN=Infrastructure,DC=DomainDnsZones,${domain}`;

const remains = [
  container(`CN=System,${domain}`),
  container(dfsr),
  container(`CN=Domain System Volume,${dfsr}`),
  container(`CN=Topology,CN=Domain System Volume,${dfsr}`),
  entry(dfsrMember, 'msDFSR-Member', `msDFSR-ComputerReference: ${account}`, `serverReference: ${settings}`),
  container(`CN=File Replication Service,CN=System,${domain}`),
  container(`CN=Domain System Volume (SYSVOL share),CN=File Replication Service,CN=System,${domain}`),
  entry(frsMember, 'nTFRSMember', `frsComputerReference: ${account}`),
  entry(`CN=RID Set,${account}`, 'rIDSet', 'rIDNextRID: 1105'),
  entry(`CN=DFSR-LocalSettings,${account}`, 'msDFSR-LocalSettings'),
  entry(
    `CN=Domain System Volume,CN=DFSR-LocalSettings,${account}`,
    'msDFSR-Subscriber',
    `msDFSR-MemberReference: ${dfsrMember}`,
  ),
  entry(connection, 'nTDSConnection', `fromServer: ${settings}`, 'enabledConnection: TRUE'),
  entry(`CN=from-dc3,${settings}`, 'nTDSConnection', `fromServer: ${otherSettings}`),
  entry(
    `CN=NTDS Site Settings,CN=Paramaribo,CN=Sites,${configuration}`,
    'nTDSSiteSettings',
    `interSiteTopologyGenerator: ${settings}`,
  ),
  entry(`CN=RID Manager$,CN=System,${domain}`, 'rIDManager', `fSMORoleOwner: ${settings}`),
  entry(infrastructure, 'infrastructureUpdate', `fSMORoleOwner: ${settings}`),
  entry(
    `CN=Servers of the branch,OU=Paramaribo,${domain}`,
    'group',
    'groupType: -2147483646',
    `member: ${account}`,
    `managedBy: ${account}`,
  ),
  entry(`CN=Branch LDAP,CN=Services,${configuration}`, 'serviceConnectionPoint', 'keywords: dc4.corp.example.com'),
  container(`CN=MicrosoftDNS,DC=DomainDnsZones,${domain}`),
  entry(zone, 'dnsZone'),
  node(
    `DC=@,${zone}`,
    record('A', '10.0.0.1'),
    record('A', '10.0.0.4'),
    record('NS', 'dc4.corp.example.com'),
    record('NS', 'dc1.corp.example.com'),
  ),
  node(`DC=dc1,${zone}`, record('A', '10.0.0.1')),
  node(`DC=dc4,${zone}`, record('A', '10.0.0.4')),
  node(`DC=_ldap._tcp,${zone}`, record('SRV', 'dc1.corp.example.com'), record('SRV', 'dc4.corp.example.com')),
  container(`CN=MicrosoftDNS,DC=ForestDnsZones,${domain}`),
  entry(locatorZone, 'dnsZone'),
  node(`DC=${dsaGuid},${locatorZone}`, record('CNAME', 'dc4.corp.example.com')),
].join('\n');

export interface Site {
  readonly folder: string;
  run(command: Command, args: readonly string[], prompter?: PrompterDouble): Promise<CommandRun>;
  /** The process of the next runs ends at this write, before or after the directory has carried it out; undefined: none. */
  endAtWrite(end: ProcessEnd | undefined): void;
  /** Saves the forest: the next run reads it from the site's folder. */
  save(): Promise<void>;
  /** What a fresh session finds of these DNs: those that are there. */
  there(dns: readonly string[]): Promise<readonly string[]>;
  /** The values of an attribute, as base64. */
  values(dn: string, attribute: string): Promise<readonly string[]>;
  /** The delete of an entry as it is. */
  deletionOf(dn: string): Promise<DeleteChange>;
  /** Deletes an entry, as another client does. */
  remove(dn: string): Promise<void>;
  edit(dn: string, attribute: string, value: string): Promise<void>;
  /** This DC fails every search at or below the DN from now on. */
  withhold(host: string, base: string): void;
}

/** Counted from 1 within a run. */
export interface ProcessEnd {
  readonly write: number;
  readonly isCarriedOut: boolean;
}

type Command = Parameters<typeof runCommand>[0];
export const metadata = remedyCommand('metadata');

/** A practice site in which DC4 has left all of it, in an empty folder. @param more entries, as LDIF */
export async function siteWithDeadDc(folder: string, more = ''): Promise<Site> {
  const practice = await readFile(new URL('../../../templates/practice/forest.ldif', import.meta.url), 'utf8');
  // Each application partition names the DCs that hold it: the living one, and the dead one.
  const replicas = [livingSettings, settings].map((dn) => `msDS-NC-Replica-Locations: ${dn}\n`).join('');
  const withReplicas = practice.replace(/^dnsRoot: \w+DnsZones\.corp\.example\.com\n/gm, `$&${replicas}`);
  // Recipients, mail servers and tombstones only cost time here.
  const withoutExchange = withReplicas.split('\n\n').filter((record) => !/^dn: .*CN=Microsoft Exchange,/m.test(record));
  await mkdir(path.join(folder, 'directory'));
  await writeFile(
    path.join(folder, 'directory', 'forest.ldif'),
    `${withoutExchange.join('\n\n')}\n${remains}\n${more}`,
  );
  const world = { currentFolder: folder, sleep: noSleep };
  const context = { ...world, now: () => new Date(), randomId: randomUUID } as unknown as Context;
  let opened: Promise<OpenDirectory> | undefined;
  let end: ProcessEnd | undefined;
  const withheld = new Map<string, string>();
  const directory = async (): Promise<OpenDirectory> => {
    opened ??= openPracticeDirectory(folder, context);
    const held = await opened;
    const reopen = async (): Promise<DirectorySession> => endingAt(end, await held.reopen());
    const session = await reopen();
    const openOther = async (host: string): Promise<DirectorySession> =>
      failingBelow(withheld.get(host), await held.openOther(host));
    return { ...held, session, reopen, openOther, close: () => session.close() };
  };
  const within = async <T>(look: (opened: OpenDirectory) => Promise<T>): Promise<T> => {
    const own = await directory();
    return await look(own).finally(() => own.close());
  };
  return {
    folder,
    async save() {
      await (await opened)?.close();
      opened = undefined;
    },
    endAtWrite: (at) => {
      end = at;
    },
    withhold: (host, base) => {
      withheld.set(host, base);
    },
    run: (command, args, prompter) =>
      runCommand(command, args, { ...world, directory, ...(prompter === undefined ? {} : { prompter }) }),
    there: (dns) =>
      within(async ({ session }) => {
        const found = await Promise.all(dns.map((dn) => session.readEntry(dn, ['1.1'])));
        return dns.filter((_, index) => found[index] !== undefined);
      }),
    values: (dn, attribute) =>
      within(async ({ session }) => {
        const found = await session.readEntry(dn, [attribute]);
        return (found?.attributes.get(attribute.toLowerCase())?.values ?? []).map((value) => value.toString('base64'));
      }),
    deletionOf: (dn) =>
      within(async ({ session }) => {
        const found = await session.readEntry(dn, wholeEntry, [withoutSacl]);
        if (found === undefined) throw new Error(`${dn} is there`);
        return { kind: 'delete', ...deletedEntry(found, guidOf(found, 'objectGUID') ?? ''), children: [] };
      }),
    remove: (dn) => within(({ session }) => session.delete(dn)),
    edit: (dn, attribute, value) =>
      within(({ session }) => session.modify(dn, [{ attribute, remove: [], add: [Buffer.from(value)] }])),
  };
}

/** A session whose process ends at a write: neither journal nor screen says how that went. */
function endingAt(end: ProcessEnd | undefined, session: DirectorySession): DirectorySession {
  if (end === undefined) return session;
  let writes = 0;
  const until = async (write: () => Promise<void>): Promise<void> => {
    writes += 1;
    if (writes < end.write) return await write();
    if (end.isCarriedOut) await write();
    throw new ProcessEnded();
  };
  return {
    ...withSearchDeadline(session, new AbortController().signal),
    modify: (...edit) => until(() => session.modify(...edit)),
    delete: (...entry) => until(() => session.delete(...entry)),
  };
}

/** A session that does not show what is below a DN. */
function failingBelow(base: string | undefined, session: DirectorySession): DirectorySession {
  if (base === undefined) return session;
  return {
    ...withSearchDeadline(session, new AbortController().signal),
    search: (request) => {
      if (!isSameOrBelow(request.base, base)) return session.search(request);
      throw new DirectoryError({ attempted: 'search', on: base, cameBack: 'the server is busy', next: '' });
    },
  };
}

/** None that a remedy catches. */
class ProcessEnded extends Error {
  override readonly message = 'the process ended';
}

/** What has to be accepted for DC4 to go. */
export const accepted = ['not-proven-gone', 'promotion-only', 'holds-roles'].flatMap((id) => ['--accept', id]);

export function planOf({ stdout }: CommandRun): Plan<DirectoryChange> {
  return JSON.parse(stdout) as Plan<DirectoryChange>;
}
