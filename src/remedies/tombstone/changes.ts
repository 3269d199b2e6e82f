/**
 * The changes of this remedy: made from options, read back from any proposal, recognised in a plan, and proved on each
 * DC.
 */

import { askForReplication } from '../../ad/ask-domain-controllers.ts';
import { daysIfUnset, directoryServiceDn, type ServerKind, unsetInDiff } from '../../ad/deleted-object-lifetime.ts';
import { joinDn, normalizedDn, sameDn } from '../../ad/dn.ts';
import { guidBase, textsOf } from '../../ad/entry.ts';
import type { Forest } from '../../ad/forest.ts';
import { lifetimeExceeded } from '../../ad/replication-news.ts';
import { metadataAttributes, stampOf } from '../../ad/replication-values.ts';
import type {
  AddChange,
  AttributeEdit,
  Change,
  DeleteChange,
  Intent,
  ModifyChange,
  Plan,
  Proposal,
  UndeleteChange,
} from '../../change/plan.ts';
import { defaultProof, type LookOnDc, type Proof, type Sight } from '../../change/verify.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { strictMarkerName, strictMarkerParent, type TombstoneFacts } from './gather.ts';
import { faultOfDays, type TombstoneOptions } from './options.ts';

/** A modify of CN=Directory Service; an add of the strict marker, and what undoes and restores that. */
export type TombstoneChange = ModifyChange | AddChange | DeleteChange | UndeleteChange;

const lifetime = 'tombstoneLifetime';
const recycle = 'msDS-DeletedObjectLifetime';
const recycleWhenUnset = `not set: as ${lifetime}`;

/**
 * The changes that the options ask for: one modify by compare and swap and one new entry, without anything that exists
 * already.
 */
export function propose(facts: TombstoneFacts, options: TombstoneOptions): Proposal<TombstoneChange> {
  const { settings, target } = facts;
  const { dn: marker, isThere } = facts.strictMarker;
  const edits = [...lifetimeEdit(facts, options), ...recycleEdit(facts, options)];
  const modify: ModifyChange = { kind: 'modify', dn: settings.dn, guid: settings.guid, edits };
  const add: AddChange = {
    kind: 'add',
    dn: marker,
    attributes: [{ name: 'objectClass', values: ['top', 'container'] }],
  };
  return {
    target,
    subject: { dn: settings.dn, guid: settings.guid },
    intent: intentOf(options),
    changes: [edits.length > 0 && modify, options.strictNewDcs && !isThere && add].filter((one) => one !== false),
    leftOut: options.strictNewDcs && isThere ? [{ what: marker, reason: 'already-there' }] : [],
  };
}

function intentOf({ lifetime: wanted, recycleDays, strictNewDcs }: TombstoneOptions): Intent {
  return {
    ...(wanted.kind === 'days' ? { tombstoneLifetime: wanted.days } : {}),
    ...(wanted.kind === 'unset' ? { tombstoneLifetime: 'unset' } : {}),
    ...(recycleDays === undefined ? {} : { deletedObjectLifetime: recycleDays }),
    ...(strictNewDcs ? { strictNewDcs: true } : {}),
  };
}

function lifetimeEdit(
  { settings, serverKind }: TombstoneFacts,
  { lifetime: wanted }: TombstoneOptions,
): AttributeEdit[] {
  if (wanted.kind !== 'days' && wanted.kind !== 'unset') return [];
  const next = wanted.kind === 'days' ? wanted.days : undefined;
  return swap(lifetime, settings.tombstoneLifetime, next, unsetInDiff(serverKind));
}

function recycleEdit({ settings }: TombstoneFacts, { recycleDays }: TombstoneOptions): AttributeEdit[] {
  return recycleDays === undefined ? [] : swap(recycle, settings.deletedObjectLifetime, recycleDays, recycleWhenUnset);
}

function swap(
  attribute: string,
  now: number | undefined,
  next: number | undefined,
  whenUnset: string,
): AttributeEdit[] {
  if (now === next) return [];
  const written = (days: number | undefined): readonly string[] => (days === undefined ? [] : [String(days)]);
  return [{ attribute, remove: written(now), add: written(next), singleValued: true, whenUnset }];
}

/** Days of a value before and after; undefined: not set. */
export interface NewDays {
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** The stored values after a proposal, a saved plan or an undo; undefined for a value that it does not change. */
export interface Effect {
  readonly lifetime: NewDays | undefined;
  readonly recycle: NewDays | undefined;
  /** Whether the strict marker is added or removed. */
  readonly marker: 'added' | 'removed' | undefined;
}

/** Reads a proposal's changes back. */
export function effectOf({ changes }: Pick<Proposal, 'changes'>): Effect {
  const edits = editsIn(changes);
  const of = (attribute: string): NewDays | undefined => {
    const edit = edits.find((one) => one.attribute.toLowerCase() === attribute.toLowerCase());
    return edit === undefined ? undefined : { from: numberIn(edit.remove), to: numberIn(edit.add) };
  };
  const kinds = new Set(changes.map(({ kind }) => kind));
  const marker = kinds.has('add') || kinds.has('undelete') ? 'added' : kinds.has('delete') ? 'removed' : undefined;
  return { lifetime: of(lifetime), recycle: of(recycle), marker };
}

function editsIn(changes: readonly Change[]): readonly AttributeEdit[] {
  return changes.flatMap((change) => (change.kind === 'modify' ? change.edits : []));
}

function numberIn([value]: AttributeEdit['add']): number | undefined {
  return typeof value === 'string' ? Number(value) : undefined;
}

/** The days of an unset value, from the words that a plan recorded for the diff. */
export function unsetDaysIn({ changes }: Pick<Proposal, 'changes'>): number {
  const isSamba = editsIn(changes).some(({ whenUnset }) => whenUnset === unsetInDiff('samba'));
  return daysIfUnset(isSamba ? 'samba' : 'windows');
}

/**
 * What this remedy never writes: it changes both lifetimes of the forest's CN=Directory Service and the one object below
 * CN=ForestUpdates, and nothing else.
 */
export function faultsOfPlan(plan: Plan): readonly string[] {
  if (plan.target.kind !== 'forest') return ['its target is not a forest'];
  const { configurationNamingContext: configuration } = plan.target;
  const directoryService = directoryServiceDn(configuration);
  const marker = joinDn(strictMarkerName, strictMarkerParent, configuration);
  const isUndo = plan.undoes !== undefined;
  const places = plan.changes.map((change) => ('dn' in change ? normalizedDn(change.dn) : change.path));
  return [
    plan.subject !== undefined &&
      !sameDn(plan.subject.dn, directoryService) &&
      `its subject is ${plan.subject.dn}, not ${directoryService}`,
    new Set(places).size < places.length && 'it changes one entry twice',
    ...plan.changes.flatMap((change) => faultsOfChange(change, directoryService, marker, isUndo)),
    ...faultsOfIntent(plan.intent),
  ].filter((one) => one !== false);
}

function faultsOfChange(change: Change, directoryService: string, marker: string, isUndo: boolean): readonly string[] {
  switch (change.kind) {
    case 'modify':
      if (!sameDn(change.dn, directoryService)) return [`it modifies ${change.dn}`];
      return change.edits.flatMap((edit) => faultsOfEdit(edit, isUndo));
    case 'add':
      if (!sameDn(change.dn, marker)) return [`it adds ${change.dn}`];
      return isUndo || isBareContainer(change) ? [] : [`it adds ${change.dn} with more than its objectClass`];
    case 'undelete':
    case 'delete':
      if (isUndo && sameDn(change.dn, marker)) return [];
      return [`it ${change.kind === 'delete' ? 'deletes' : 'restores'} ${change.dn}`];
    default:
      return [`it holds a change of kind ${change.kind}`];
  }
}

function isBareContainer({ attributes }: AddChange): boolean {
  const [only, ...more] = attributes;
  if (only === undefined || more.length > 0 || only.name.toLowerCase() !== 'objectclass') return false;
  return only.values.every((value) => typeof value === 'string' && ['top', 'container'].includes(value.toLowerCase()));
}

function faultsOfEdit(edit: AttributeEdit, isUndo: boolean): readonly string[] {
  const { attribute, remove, add, singleValued, whenUnset } = edit;
  if (![lifetime, recycle].some((name) => name.toLowerCase() === attribute.toLowerCase())) {
    return [`it changes the attribute ${attribute}`];
  }
  if (remove.length > 1 || add.length > 1 || singleValued !== true)
    return [`it gives ${attribute} more than one value`];
  const isNumber = [...remove, ...add].every((value) => typeof value === 'string' && /^-?\d{1,10}$/.test(value));
  if (!isNumber) return [`it gives ${attribute} a value that is not a number`];
  if (whenUnset !== undefined && !wordsWhenUnset(edit).includes(whenUnset))
    return [`it says of ${attribute} without a value: ${whenUnset}`];
  // An undo restores what was there, whatever it was.
  const fault = isUndo || add.length === 0 ? undefined : faultOfDays(Number(add[0]));
  return fault === undefined ? [] : [`it sets ${attribute} to ${String(add[0])}: ${fault}`];
}

/** The texts that this remedy uses for an attribute without a value. Only fresh facts show which kind of server applies. */
function wordsWhenUnset({ attribute }: AttributeEdit): readonly string[] {
  if (attribute.toLowerCase() === recycle.toLowerCase()) return [recycleWhenUnset];
  return (['windows', 'samba', 'unknown'] as const).map(unsetInDiff);
}

/** The edits whose text for "not set" belongs to another kind of server. */
export function wordedForOther(changes: readonly Change[], kind: ServerKind): readonly AttributeEdit[] {
  const known = [recycleWhenUnset, unsetInDiff(kind), unsetInDiff('unknown')];
  return editsIn(changes).filter(
    ({ remove, add, whenUnset }) =>
      (remove.length === 0 || add.length === 0) && whenUnset !== undefined && !known.includes(whenUnset),
  );
}

function faultsOfIntent(intent: Intent): readonly string[] {
  const { tombstoneLifetime, deletedObjectLifetime, strictNewDcs, ...more } = intent;
  const isDays = (value: unknown): boolean => value === undefined || Number.isInteger(value);
  const isSound =
    (isDays(tombstoneLifetime) || tombstoneLifetime === 'unset') &&
    isDays(deletedObjectLifetime) &&
    (strictNewDcs === undefined || strictNewDcs === true) &&
    Object.keys(more).length === 0;
  return isSound ? [] : ['its intent is not that of this remedy'];
}

/** The changed values as one DC has them. */
export interface LifetimeOnDc {
  readonly hasValue: boolean;
  /** How often the attribute was written on all DCs together; undefined if the DC does not show it. */
  readonly version: number | undefined;
  /** "180, version 3, written on DC1 at 2026-11-22T09:30:00.000Z" */
  readonly words: string;
}

/** Checks the values with their metadata; other changes of the plan are checked by their kind. */
export function proofOf(plan: Plan<TombstoneChange>): Proof {
  const modify = plan.changes.find((change) => change.kind === 'modify');
  const others = defaultProof(plan.changes.filter((change) => change.kind !== 'modify'));
  if (modify === undefined) return others;
  // The DC that was written to shows the highest version. A DC with a lower version has an older value that is equal.
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

/** Looks at the values on the session's DC. */
async function lifetimeOnDc(
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

/** A DC that accepts nothing from its partners will not receive the value, however long one waits. */
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
  if (!isDeaf || itself?.isReadOnly) return { state: 'not-yet', detail: words, mayChange: true };
  const refuses = 'it refuses all its partners (8614): write the value there too, with --server';
  return { state: 'not-yet', detail: `${words}; ${refuses}`, mayChange: false };
}
