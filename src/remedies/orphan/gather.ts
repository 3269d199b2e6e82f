/** Reads all that the deletion of one server touches. Never writes. */

import { isBelow } from '../../ad/dn.ts';
import type { ExchangeServer } from './organisation.ts';
import { clearableReferrers } from './plan.ts';
import { type ProbeMeans, type ProbeResult, probe } from './probe.ts';
import {
  type ConfigurationFindings,
  countRecipients,
  type Doomed,
  databaseClasses,
  type RecipientCount,
  readConfigurationReferrers,
} from './referrers.ts';
import { rightsTo, unwritableOf } from './rights.ts';
import { type OwnNames, ownNames, type SharedName } from './shared-names.ts';
import { dnsOf, readSubtree, type SubtreeEntry } from './subtree.ts';
import { type Reach, recipientsOf, type Survey, type SurveyedServer, sharedNamesOf } from './survey.ts';
import { writableIn } from './writable-entries.ts';

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

export interface GatherOptions {
  readonly probe: boolean;
  readonly probeMeans?: ProbeMeans;
  readonly now: Date;
  /** Told what comes next, in words for the progress line. */
  readonly onStep?: (step: string) => void;
}

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
  step('reading everything below it');
  const subtree = await readSubtree(session, server.dn);
  const doomed: Doomed = {
    names,
    dns: dnsOf(subtree),
    mailTransferAgents: subtree.filter(({ objectClasses }) => objectClasses.has('mta')).map(({ entry }) => entry.dn),
  };
  step('looking for references in the organisation');
  const configuration = await readConfigurationReferrers(session, forest.configurationNamingContext, doomed);
  const own = subtree
    .filter(({ objectClasses }) => databaseClasses.some((name) => objectClasses.has(name.toLowerCase())))
    .map(({ entry }) => entry.dn);
  const databases = [...configuration.databases, ...own];
  step('looking for recipients in the forest');
  const { recipients, base } = recipientsOf(reach);
  const counts = await countRecipients(recipients, base, doomed, databases, {
    isWritable: writableIn(forest, session),
    isRecipient: (dn) => !isBelow(dn, forest.configurationNamingContext),
  });
  step('checking rights');
  const rights = await rightsTo(session, subtree);
  const referrers = clearableReferrers({ configuration, recipients: counts });
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

/** A machine of a name that is not the server's alone proves nothing by its answer. */
async function probeOwn(server: ExchangeServer, names: OwnNames, means: ProbeMeans | undefined): Promise<ProbeResult> {
  const host = server.fqdn ?? server.name;
  const isOwn = (server.fqdn === undefined ? names.name : names.fqdn) !== undefined;
  return isOwn ? probe(host, means) : { kind: 'not its own name', host };
}
