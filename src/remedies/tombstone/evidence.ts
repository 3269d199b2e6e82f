/** What an earlier look for lingering objects found: read from its change folder, and kept as a record of this one. */

import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Party } from '../../ad/replication-news.ts';
import { type FindingDraft, note, warning } from '../../change/findings.ts';
import { folderParts } from '../../change/folder.ts';
import { readPlainFile } from '../../change/folder-files.ts';
import type { ForestTarget, JsonValue, Plan } from '../../change/plan.ts';
import { parsePlan } from '../../change/read-plan.ts';
import { RemedyError, UsageError } from '../../errors.ts';
import { errnoInWords } from '../../files/errno.ts';
import { agoInWords, counted, groupBy, listed } from '../../words.ts';
import type { Surroundings } from '../remedy.ts';

export interface LookEvidence {
  /** As it was named. */
  readonly folder: string;
  /** plan.json, and its SHA-256 in hex. */
  readonly text: string;
  readonly sha256: string;
  readonly plan: Plan;
}

/**
 * Reads the plan of a look for lingering objects.
 * @throws UsageError if the folder cannot be read or holds another plan; PlanNotUsableError if the plan was edited
 */
export async function readEvidence(
  folder: string,
  { currentFolder, lingeringFinder, patience }: Pick<Surroundings, 'currentFolder' | 'lingeringFinder' | 'patience'>,
): Promise<LookEvidence> {
  const file = path.resolve(currentFolder, folder, folderParts.plan);
  const text = await readPlainFile(file, patience).catch((error: unknown) => {
    if (error instanceof RemedyError) throw error;
    throw notUsable(folder, `${folderParts.plan}: ${errnoInWords(error)}`, error);
  });
  const plan = parsePlan(text, file);
  if (plan.remedy !== lingeringFinder?.name) throw notUsable(folder, `its plan was made by ${plan.remedy}`);
  return { folder, text, sha256: createHash('sha256').update(text).digest('hex'), plan };
}

function notUsable(folder: string, cameBack: string, cause?: unknown): UsageError {
  return new UsageError({
    attempted: 'read --evidence',
    on: folder,
    cameBack,
    next: 'Give the change folder that a look for lingering objects wrote with --save.',
    cause,
  });
}

/** @throws UsageError for a look at another forest */
export function requireSameForest({ folder, plan: { target } }: LookEvidence, forest: ForestTarget): void {
  if (target.kind === 'forest' && target.objectGuid === forest.objectGuid) return;
  throw notUsable(folder, 'it is of another forest');
}

/** What the look found and when, and which DCs it did not compare. */
export function evidenceFinding(
  { folder, plan, sha256 }: LookEvidence,
  living: readonly Party[],
  now: Date,
): FindingDraft {
  const { created, intent, changes, leftOut, findings } = plan;
  const byHost = groupBy(
    changes.flatMap((change) => (change.kind === 'remove-lingering' ? [change.on] : [])),
    (host) => host,
  );
  const others = [...namesIn(intent['targets']), ...namesIn(intent['alsoCompared'])];
  const compared = [...namesIn(intent['reference']), ...others];
  const left = living.filter(
    ({ domainController: { dnsHostName, name } }) => !compared.some((host) => sameName(host, dnsHostName ?? name)),
  );
  const doubts = findings.filter(({ level }) => level !== 'note');
  const isClean = changes.length === 0 && doubts.length === 0 && left.length === 0;
  const found =
    changes.length === 0
      ? `found none${isClean ? '' : ' to hand over'}`
      : `found ${counted(changes.length, 'lingering object')} on ${listed([...byHost.keys()], 3)}`;
  const parts = {
    subjects: [...byHost.keys()],
    evidence: [
      `${folder}: made ${created}, reference ${listed(namesIn(intent['reference']))}`,
      `compared with ${listed(others)} in ${listed(namesIn(intent['partitions']))}`,
      ...[...byHost].map(([host, all]) => `${host}: ${counted(all.length, 'lingering object')}`),
      ...(leftOut.length === 0 ? [] : [`${counted(leftOut.length, 'object')} to be removed after these`]),
      ...doubts.map(({ id, title }) => `${id}: ${title}`),
      ...left.map(({ name }) => `${name}: not compared`),
    ],
    source: { name: folder, read: created, sha256 },
  };
  const title = `The look for lingering objects ${agoInWords(new Date(created), now)} ${found}`;
  return isClean
    ? note(evidenceId, title, 'Every DC in use was compared. What was created or deleted since is not in it.', parts)
    : warning(
        evidenceId,
        title,
        changes.length === 0
          ? 'It left something open, which is listed here: there may be lingering objects that it did not hand over.'
          : 'Have them removed, then look again: what they bring back with a higher lifetime stays.',
        parts,
      );
}

const evidenceId = 'lingering-evidence';

/** The record of the look in the change folder: its plan, as it was read. */
export function evidenceRecords({ evidence }: { readonly evidence: LookEvidence | undefined }) {
  return evidence === undefined ? [] : [{ name: 'evidence.json', content: [evidence.text] }];
}

function namesIn(value: JsonValue | undefined): readonly string[] {
  const all: readonly JsonValue[] = Array.isArray(value) ? value : [value ?? null];
  return all.filter((one) => typeof one === 'string');
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
