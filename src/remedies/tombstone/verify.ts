/** The proof: what one DC has of the change, and where and when it was written. */

import { askForReplication } from '../../ad/ask-domain-controllers.ts';
import { sameDn } from '../../ad/dn.ts';
import { guidBase, textsOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { lifetimeExceeded } from '../../ad/replication-news.ts';
import { metadataAttributes, stampOf } from '../../ad/replication-values.ts';
import type { ModifyChange, Plan } from '../../change/plan.ts';
import { defaultProof, type LookOnDc, type Proof, type Sight } from '../../change/verify.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import type { TombstoneChange } from './changes.ts';

export interface LifetimeOnDc {
  readonly hasValue: boolean;
  /** How often the attribute was written, all DCs together; undefined where the DC does not show it. */
  readonly version: number | undefined;
  /** "180, version 3, written on DC1 at 2026-11-22T09:30:00.000Z" */
  readonly words: string;
}

/** Looks at the values with their metadata; what else the plan changes is looked for by the kind of change. */
export function proofOf(plan: Plan<TombstoneChange>): Proof {
  const modify = plan.changes.find((change) => change.kind === 'modify');
  const others = defaultProof(plan.changes.filter((change) => change.kind !== 'modify'));
  if (modify === undefined) return others;
  // The DC that was written to shows the highest version; one with a lower version has an older, equal value.
  let written: LifetimeOnDc | undefined;
  const onEachDc: LookOnDc = async (session, forest) => {
    const there = await lifetimeOnDc(session, modify, forest);
    if (there.hasValue && (there.version ?? 0) > (written?.version ?? -1)) written = there;
    const isThere = written === undefined ? there.hasValue : hasChange(there, written);
    const sight: Sight = isThere
      ? { state: 'there', detail: there.words, mayChange: false }
      : await notYet(session, forest, there);
    return plan.changes.length === 1 ? sight : joined(sight, await others.onEachDc(session, forest));
  };
  return { onEachDc, further: () => [] };
}

function joined(one: Sight, other: Sight): Sight {
  const isThere = one.state === 'there' && other.state === 'there';
  return {
    state: isThere ? 'there' : one.state === 'there' ? other.state : one.state,
    detail: `${one.detail}; ${other.detail}`,
    mayChange: [one, other].some(({ state, mayChange }) => state !== 'there' && mayChange),
  };
}

/**
 * Looks at the values on the session's DC.
 * @throws DirectoryError
 */
export async function lifetimeOnDc(
  session: DirectorySession,
  { guid, edits }: ModifyChange,
  { domainControllers }: Forest,
): Promise<LifetimeOnDc> {
  const attributes = edits.map(({ attribute }) => attribute);
  const entry = await session.readEntry(guidBase(guid), [...attributes, ...metadataAttributes]);
  if (entry === undefined) return { hasValue: false, version: undefined, words: 'the entry cannot be seen there' };
  const nameOf = (invocationId: string): string =>
    domainControllers.find((one) => one.invocationId === invocationId)?.name ?? `DSA ${invocationId}`;
  const looks = edits.map(({ attribute, add }) => {
    const held = textsOf(entry, attribute).join(', ');
    const stamp = stampOf(entry, attribute);
    const when =
      stamp === undefined || stamp.changed === 'never'
        ? ''
        : `, version ${stamp.version}, written on ${nameOf(stamp.originatingInvocationId)} at ${stamp.changed.toISOString()}`;
    const name = edits.length === 1 ? '' : `${attribute}: `;
    return {
      hasValue: held === add.join(', '),
      version: stamp?.version,
      words: `${name}${held === '' ? 'not set' : held}${when}`,
    };
  });
  return {
    hasValue: looks.every(({ hasValue }) => hasValue),
    version: looks[0]?.version,
    words: looks.map(({ words }) => words).join('; '),
  };
}

/**
 * Whether a DC has the change that was written on another: the value, at least as often written. The value alone may be
 * an older one that happens to be the same.
 */
export function hasChange(there: LifetimeOnDc, written: LifetimeOnDc): boolean {
  if (there.version === undefined || written.version === undefined) return there.hasValue;
  return there.hasValue && there.version >= written.version;
}

/** A DC that takes nothing from its partners does not get the value by waiting. */
async function notYet(session: DirectorySession, forest: Forest, { words }: LifetimeOnDc): Promise<Sight> {
  const { dsServiceName } = session.rootDse;
  const itself = forest.domainControllers.find(
    ({ settingsDn }) => dsServiceName !== undefined && sameDn(settingsDn, dsServiceName),
  );
  if (itself?.isInboundReplicationOff) {
    return { state: 'not-yet', detail: `${words}; its inbound replication is switched off`, mayChange: false };
  }
  const { links } = await askForReplication(session, [forest.configurationNamingContext]);
  const isDeaf = links.length > 0 && links.every(({ lastResult }) => lastResult === lifetimeExceeded);
  return isDeaf && !itself?.isReadOnly
    ? {
        state: 'not-yet',
        detail: `${words}; it refuses all its partners (8614): write the value there too, with --server`,
        mayChange: false,
      }
    : { state: 'not-yet', detail: words, mayChange: true };
}
