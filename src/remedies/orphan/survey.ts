/** Finds every Exchange server of the forest, and weighs each. Never writes. */

import { type Forest, readExportedForest, readForest } from '../../ad/forest.ts';
import { DirectoryError } from '../../errors.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { type ComputerAccount, readAccounts } from './accounts.ts';
import { type Evidence, weigh } from './evidence.ts';
import { gapsIn, noGaps } from './export-gaps.ts';
import { type ExchangeServer, type Organisation, readOrganisation } from './organisation.ts';
import { type SharedName, sharedNames } from './shared-names.ts';

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
export function recipientsOf({ session, global }: Pick<Reach, 'session' | 'global'>): {
  readonly recipients: DirectorySession;
  readonly base: string;
} {
  if (global !== undefined) return { recipients: global, base: '' };
  return { recipients: session, base: session.rootDse.defaultNamingContext ?? '' };
}

/** The names that the chosen server shares with others of the survey. */
export function sharedNamesOf({ servers }: Survey, { server }: SurveyedServer): readonly SharedName[] {
  return sharedNames(
    server,
    servers.map((one) => one.server),
  );
}
