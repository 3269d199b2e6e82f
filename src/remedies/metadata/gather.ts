/** Reads the domain controllers of the forest and, once one is chosen, all that the directory holds of it. Never writes. */

import {
  directoryServiceDn,
  lifetimeAttributes,
  lifetimeInForce,
  serverKindOf,
  storedLifetimesOf,
  unsetMeans,
} from '../../ad/deleted-object-lifetime.ts';
import { type Forest, readExportedForest, readForest, sourceInWords } from '../../ad/forest.ts';
import { readSettled } from '../../change/entry-writer.ts';
import { type Change, type ForestTarget, isDirectoryChange } from '../../change/plan.ts';
import type { DirectoryWorld, Scope } from '../remedy.ts';
import { type Candidate, readCandidates } from './candidates.ts';
import { asFound, type Identity, identityIn, identityOf, isOf } from './identity.ts';
import { type Losses, readLost } from './lost.ts';
import { findCandidate, type MetadataOptions } from './options.ts';
import { type DnsNode, readDnsNodes } from './references.ts';
import { type Remains, readRemains, readSysvolMembers, type SysvolMember } from './remains.ts';
import { type Role, readRoles } from './roles.ts';

export interface MetadataFacts {
  readonly target: ForestTarget;
  /** "dc1.corp.example.com (GC, LDAPS)", "an export". */
  readonly readFrom: string;
  readonly now: Date;
  readonly forest: Forest;
  /** tombstoneLifetime in days. */
  readonly lifetime: number;
  readonly isExport: boolean;
  readonly candidates: readonly Candidate[];
  readonly roles: readonly Role[];
  readonly sysvolMembers: readonly SysvolMember[];
  readonly dnsNodes: readonly DnsNode[];
  /** DN of the NTDS Settings of the DC that is written to; undefined offline. */
  readonly heir: string | undefined;
  /** undefined while none is chosen, and for an undo. */
  readonly chosen: Chosen | undefined;
  /** Whether an earlier look of this run has shown the DCs. */
  readonly isShown: boolean;
  /** Changes of a saved plan whose entries are as it wants them, gone or without the values. */
  readonly settled: ReadonlySet<Change>;
}

export interface Chosen {
  readonly identity: Identity;
  /** undefined once its server object and account are gone, as in the middle of a plan. */
  readonly candidate: Candidate | undefined;
  readonly remains: Remains;
  /** What was changed on it and has arrived nowhere else; undefined where it cannot be read any more. */
  readonly lost: Losses | undefined;
}

/** @throws DirectoryError; SubjectMissingError or UsageError if the options name none of them, or several */
export async function gather(
  world: DirectoryWorld,
  scope: Scope<MetadataOptions>,
  known?: MetadataFacts,
): Promise<MetadataFacts> {
  const facts = known === undefined ? await readSurvey(world) : { ...known, isShown: true };
  if (scope.kind === 'plan') {
    const planned = identityIn({ ...scope.plan, changes: scope.plan.changes.filter(isDirectoryChange) });
    if (planned === undefined) return facts;
    const candidate = facts.candidates.find((one) => isOf(planned, one));
    const settled = await readSettled(world.session, scope.plan.changes);
    return { ...facts, settled, chosen: await choose(world, facts, asFound(planned, candidate), candidate) };
  }
  const { wanted } = scope.options;
  if (wanted === undefined) return { ...facts, chosen: undefined };
  const candidate = findCandidate(facts.candidates, wanted);
  if (known?.chosen?.candidate === candidate) return facts;
  return { ...facts, chosen: await choose(world, facts, identityOf(candidate), candidate) };
}

async function choose(
  world: DirectoryWorld,
  facts: MetadataFacts,
  identity: Identity,
  candidate: Candidate | undefined,
): Promise<Chosen> {
  return {
    identity,
    candidate,
    remains: await readRemains(world, facts, identity),
    lost: candidate === undefined ? undefined : await readLost(world, facts.forest, candidate),
  };
}

async function readSurvey(world: DirectoryWorld): Promise<MetadataFacts> {
  const { session, isExport, target } = world;
  const forest = isExport ? await readExportedForest(session) : await readForest(session);
  const candidates = await readCandidates(world, forest);
  const service = await session.readEntry(directoryServiceDn(forest.configurationNamingContext), lifetimeAttributes);
  const kind = serverKindOf(session.rootDse, isExport);
  return {
    target,
    readFrom: isExport ? 'an export' : sourceInWords(session),
    now: world.now(),
    forest,
    lifetime: service === undefined ? unsetMeans(kind) : lifetimeInForce(storedLifetimesOf(service), kind).days,
    isExport,
    candidates,
    roles: await readRoles(session, forest),
    sysvolMembers: await readSysvolMembers(session, forest),
    dnsNodes: await readDnsNodes(session, forest),
    heir: isExport ? undefined : session.rootDse.dsServiceName,
    chosen: undefined,
    isShown: false,
    settled: new Set(),
  };
}
