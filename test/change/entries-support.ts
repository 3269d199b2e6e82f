/** A small subtree in an embedded forest, and the sessions that writers of entries work through. */

import { onTestFinished } from 'vitest';
import { dnDepth, parentDn, sameDn } from '../../src/ad/dn.ts';
import { guidOf } from '../../src/ad/entry.ts';
import { deletedEntry, wholeEntry, withoutSacl } from '../../src/change/entry-content.ts';
import type { EntryAccess } from '../../src/change/look-and-write.ts';
import type { DeleteChange } from '../../src/change/plan.ts';
import { ldapConnector } from '../../src/ldap/connector.ts';
import { type DirectorySession, everything } from '../../src/ldap/session.ts';
import { type ServedForest, served } from '../support/ldap-server/served-forest.ts';
import { practiceForest } from '../support/practice-forest.ts';

export const host = 'dc1.corp.example.com';
const organisation =
  'CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,CN=Nordwind Trading,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=corp,DC=example,DC=com';
/** The practice forest's orphan. */
export const orphan = `CN=EX04,CN=Servers,${organisation}`;
export const otherServer = `CN=EX03,CN=Servers,${organisation}`;
export const smtpContainer = `CN=SMTP,CN=Protocols,${orphan}`;
/** A leaf that a send connector names. */
export const leaf = `CN=1,${smtpContainer}`;
export const sendConnector = `CN=Internet,CN=Connections,CN=Exchange Routing Group (DWBGZMFD01QNBJR),CN=Routing Groups,${organisation}`;

/** The database that belongs to the orphan, though it does not lie below it. */
export const database = `CN=Mailbox Database 0417206991,CN=Databases,${organisation}`;

export interface Bench {
  readonly forest: ServedForest;
  readonly session: DirectorySession;
  /** As the writers get it, from the DC that the plan was made on unless another is named. */
  access(planned?: string): EntryAccess;
  /** The entry as a plan would hold it now. */
  deletionOf(dn: string): Promise<DeleteChange>;
  /** The deletes of an entry and all below it, leaves first. */
  deletionsOf(dn: string): Promise<readonly DeleteChange[]>;
  readonly intent: () => Promise<void>;
  /** How often a write was begun. */
  readonly intents: () => number;
}

export async function openBench(): Promise<Bench> {
  const forest = served(await practiceForest());
  const connector = ldapConnector({
    tls: 'none',
    bind: 'anonymous',
    deadlineMs: 5000,
    operationDeadlineMs: 300,
    createConnection: (address) => forest.connect(address.host),
  });
  const open = async (): Promise<DirectorySession> => {
    const session = await connector.open({ host });
    onTestFinished(() => session.close());
    return session;
  };
  const session = await open();
  const writing = await open();
  let begun = 0;
  const deletionOf = async (dn: string): Promise<DeleteChange> => {
    const entry = await session.readEntry(dn, wholeEntry, [withoutSacl]);
    if (entry === undefined) throw new Error(`${dn} is not there`);
    return { kind: 'delete', ...deletedEntry(entry, guidOf(entry, 'objectGUID') ?? ''), children: [] };
  };
  return {
    forest,
    session,
    access: () => ({ session: async () => writing, reopen: open }),
    deletionOf,
    deletionsOf: async (root) => {
      const found: DeleteChange[] = [];
      for await (const { dn } of session.search({
        base: root,
        scope: 'subtree',
        filter: everything,
        attributes: ['1.1'],
      })) {
        found.push(await deletionOf(dn));
      }
      return found
        .map((entry) => ({
          ...entry,
          children: found.filter(({ dn }) => sameDn(parentDn(dn) ?? '', entry.dn)).map(({ guid }) => guid),
        }))
        .sort((one, other) => dnDepth(other.dn) - dnDepth(one.dn));
    },
    intent: async () => {
      begun += 1;
    },
    intents: () => begun,
  };
}
