/** The orphan remedy on the practice forest: its world, its facts, and what is concluded from them. */

import type { ProbeNetwork } from '../../../src/ad/locate.ts';
import { type Finding, judge } from '../../../src/change/findings.ts';
import type { DirectoryChange, ForestTarget, Plan, Proposal } from '../../../src/change/plan.ts';
import { sealPlan } from '../../../src/change/seal.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import { assess } from '../../../src/remedies/orphan/assess.ts';
import { propose } from '../../../src/remedies/orphan/changes.ts';
import { type DeletionFacts, gather, type OrphanFacts } from '../../../src/remedies/orphan/gather.ts';
import type { OrphanOptions } from '../../../src/remedies/orphan/options.ts';
import { orphan } from '../../../src/remedies/orphan/remedy.ts';
import type { DirectoryWorld } from '../../../src/remedies/remedy.ts';
import { quietSurroundings } from '../../support/fixed-world.ts';
import { practiceForest, practiceTime } from '../../support/practice-forest.ts';

export const now = practiceTime();

export const options: OrphanOptions = {
  accept: [],
  wanted: { kind: 'name', name: 'EX04' },
  log: undefined,
  probe: false,
  leftovers: false,
  treeDelete: false,
  keep: [],
  also: new Set(),
  asked: new Set(),
  mayAsk: false,
};

/** A session with a practice forest of its own, without a socket. */
export async function practiceSession(): Promise<DirectorySession> {
  const forest = await practiceForest();
  return forest.open({ host: 'dc1.corp.example.com' });
}

export const target: ForestTarget = {
  kind: 'forest',
  configurationNamingContext: 'CN=Configuration,DC=corp,DC=example,DC=com',
  objectGuid: 'f0000000-0000-0000-0000-000000000001',
  domainController: 'dc1.corp.example.com',
  connection: { kind: 'practice' },
};

/** A world that is read through this session, without a global catalog. */
export function worldOf(
  session: DirectorySession,
  { steps = [], global }: { readonly steps?: string[]; readonly global?: DirectorySession } = {},
): DirectoryWorld {
  // The bench has one session, which stays open.
  const another: DirectorySession = {
    ...session,
    identity: session.identity,
    rootDse: session.rootDse,
    readEntry: (...asked) => session.readEntry(...asked),
    search: (request) => session.search(request),
    close: async () => undefined,
  };
  return {
    kind: 'directory',
    session,
    target,
    isExport: false,
    reopen: async () => another,
    openOther: async () => another,
    openGlobalCatalog: async () => global,
    ...quietSurroundings(() => now),
    watch: { begin: () => {}, update: (_, step) => steps.push(step), count: () => {} },
  };
}

let untouched: Promise<DeletionFacts> | undefined;

/** What is gathered of EX04: once in a practice forest that nothing changes, or for itself where anything is given. */
export function orphanFacts(
  asked: Partial<OrphanOptions> = {},
  session?: DirectorySession,
  means?: ProbeNetwork,
): Promise<DeletionFacts> {
  const isUsual = Object.keys(asked).length === 0 && session === undefined && means === undefined;
  if (!isUsual) return gathered(asked, session, means);
  untouched ??= gathered();
  return untouched;
}

async function gathered(
  asked: Partial<OrphanOptions> = {},
  session?: DirectorySession,
  means?: ProbeNetwork,
): Promise<DeletionFacts> {
  const world = worldOf(session ?? (await practiceSession()));
  return asDeletion(await gather(world, { kind: 'new', options: { ...options, ...asked } }, undefined, means));
}

export function asDeletion(facts: OrphanFacts): DeletionFacts {
  if (facts.kind !== 'deletion') throw new Error(`the facts are of kind ${facts.kind}`);
  return facts;
}

/** What is proposed for the facts, and judged. */
export function judged(
  facts: OrphanFacts,
  asked: Partial<OrphanOptions> = {},
): { readonly proposal: Proposal<DirectoryChange>; readonly findings: readonly Finding[] } {
  const settled = { ...options, ...asked };
  const proposal = propose(facts, settled);
  return { proposal, findings: judge(assess(facts, proposal), proposal, settled.accept) };
}

/** The plan of the facts, sealed. */
export function planOf(facts: OrphanFacts, asked: Partial<OrphanOptions> = {}): Plan<DirectoryChange> {
  const { proposal, findings } = judged(facts, asked);
  return sealPlan({
    id: '11111111-2222-3333-4444-555555555555',
    tool: 'adsi-remedy 0.0.0',
    created: now.toISOString(),
    by: { account: 'CORP\\admin', computer: 'WS01' },
    remedy: 'orphan',
    ...proposal,
    findings,
    ...orphan.record(facts, proposal),
  });
}

/** How a proposal that was made before is judged by these facts. */
export function judgedAs(
  facts: OrphanFacts,
  proposal: Proposal<DirectoryChange>,
): { readonly findings: readonly Finding[] } {
  return { findings: judge(assess(facts, proposal), proposal, []) };
}
