/**
 * The verdict on an object that differs between a target and a reference: each is looked up again on both. The rule is
 * that of MS-DRSR 4.1.24.3: an object that the target has and the reference lacks, alive and as a tombstone, is
 * lingering if the reference has already had its creation: then it has also had its deletion and dropped the tombstone.
 * For an object that the user removes or keeps, the references to it are read as well.
 */

import { readKnownChanges } from '../../ad/ask-domain-controllers.ts';
import { dnIn, normalizedDn } from '../../ad/dn.ts';
import { booleanOf, type Entry, formatGuid, guidBase, guidOf, textsOf } from '../../ad/entry.ts';
import type { DomainController } from '../../ad/forest.ts';
import {
  type AttributeStamp,
  creationStamp,
  isKnown,
  type KnownChanges,
  type Originator,
  stampsOf,
} from '../../ad/replication-values.ts';
import { readDnAttributes } from '../../ad/schema.ts';
import { isBackLink } from '../../change/attribute-kinds.ts';
import { planAttributesOf, wholeEntry, withoutSacl } from '../../change/entry-content.ts';
import type { PlanAttribute } from '../../change/plan.ts';
import { DirectoryError } from '../../errors.ts';
import { inParallel } from '../../files/in-parallel.ts';
import {
  type Control,
  type DirectorySession,
  deletedObjectsControl,
  everything,
  or,
  present,
} from '../../ldap/session.ts';
import { distinct } from '../../words.ts';

/** In the order of a review. */
export const verdicts = [
  'lingering',
  'undeleted',
  'abandoned',
  'new',
  'late',
  'transient',
  'dynamic',
  'not-provable',
] as const;

/**
 * - lingering: the reference has deleted it and dropped the tombstone.
 * - undeleted: lingering, but it was undeleted on the target since.
 * - abandoned: the reference never had it, and the DC that created it no longer exists.
 * - new: the reference has not had its creation, or its undeletion, yet.
 * - late: the reference has a tombstone of it, which replication brings.
 * - transient: the target itself has only a tombstone left, which its garbage collection takes.
 * - dynamic: a dynamicObject, which expires after its time to live and leaves no tombstone.
 * - not-provable: the target does not show where and when it was created.
 */
export type Verdict = (typeof verdicts)[number];

/** The state of an object on a DC. */
export type Presence = 'alive' | 'deleted' | 'absent';

/** An object as the target has it. */
export interface Sighting {
  readonly presence: Presence;
  /** Whether its classes have dynamicObject. */
  readonly isDynamic: boolean;
  readonly stamps: readonly AttributeStamp[];
}

/** The changes that the reference has received, and the existing DCs. */
export interface Reference {
  readonly known: KnownChanges;
  /** The DC of the forest that made a change, now or under a former invocationId. */
  readonly originator: (invocationId: string) => unknown;
}

/** The verdict on an object of the target; undefined if the two DCs agree, or only the other direction is of interest. */
export function verdictOf(sighting: Sighting, onReference: Presence, reference: Reference): Verdict | undefined {
  if (sighting.presence === 'absent' || onReference === 'alive') return undefined;
  if (onReference === 'deleted') {
    if (sighting.presence === 'deleted') return undefined;
    return isUndeletedSince(sighting, reference) ? 'new' : 'late';
  }
  if (sighting.isDynamic) return 'dynamic';
  const creation = creationStamp(sighting.stamps);
  if (creation === undefined) return 'not-provable';
  const hadIt = isKnown(reference.known, creation);
  if (sighting.presence === 'deleted') return hadIt ? 'transient' : undefined;
  if (hadIt) return isUndeletedSince(sighting, reference) ? 'undeleted' : 'lingering';
  return reference.originator(creation.originatingInvocationId) === undefined ? 'abandoned' : 'new';
}

/**
 * Whether the reference lacks a change of it: replicated, the change stops a strict DC (event 1988, error 8606) or has the
 * object come back on a loose one (event 1388).
 */
export function isChangedSince({ stamps }: Sighting, { known }: Reference): boolean {
  return stamps.some((stamp) => !isKnown(known, stamp));
}

/** The first deletion writes version 1 of isDeleted, an undeletion a later one. */
function isUndeletedSince({ stamps }: Sighting, { known }: Reference): boolean {
  return stamps.some((stamp) => stamp.attribute === 'isDeleted' && stamp.version >= 2 && !isKnown(known, stamp));
}

/** An object that differs between a target and a reference, with the verdict on it. */
export interface JudgedObject {
  readonly verdict: Verdict;
  /** Whether the reference lacks a change of it. */
  readonly isChanged: boolean;
  /** On the target. */
  readonly dn: string;
  readonly guid: string;
  /** The most specific objectClass. */
  readonly className: string;
  readonly creation: AttributeStamp | undefined;
  /** All of its attributes, for objects that the user removes or keeps. */
  readonly attributes: readonly PlanAttribute[];
  /** The references to it on the target: "memberOf: CN=…", "manager of CN=…". */
  readonly referrers: readonly string[];
  /** DNs of objects right below it that are not lingering. */
  readonly keptChildren: readonly string[];
}

/** A DC with a session. */
export interface OpenController {
  readonly domainController: DomainController;
  readonly session: DirectorySession;
}

/** Concurrent requests. */
const lookAhead = 16;

/**
 * Judges objects of a target that the lists showed to differ.
 *
 * What the reference has had is read first, then each object on the reference, then on the target: what arrives, moves or
 * is deleted meanwhile is found by its objectGUID, or is newer than what was read, and never looks lingering.
 * @throws DirectoryError if a DC does not answer or does not show what the verdict rests on
 */
export async function judgeObjects(
  guids: readonly Buffer[],
  namingContext: string,
  target: OpenController,
  reference: OpenController,
  originator: Originator,
): Promise<readonly JudgedObject[]> {
  const known = await readKnownChanges(reference.session, reference.domainController, namingContext);
  const judged = await inParallel(guids, lookAhead, (guid) =>
    judgeObject(formatGuid(guid), target.session, reference.session, { known, originator }),
  );
  const seen = judged.filter((object) => object !== undefined);
  const lingering = new Set(seen.flatMap(({ verdict, guid }) => (verdict === 'lingering' ? [guid] : [])));
  const stale = seen.filter(({ verdict }) => decidedByHand.includes(verdict)).map(({ dn }) => dn);
  const configuration = target.session.rootDse.configurationNamingContext ?? namingContext;
  const referrers = await readReferrers(target.session, distinct([namingContext, configuration]), stale);
  return seen.map(({ children, ...object }) => ({
    ...object,
    referrers: [...backLinksIn(object.attributes), ...(referrers.get(object.dn) ?? [])],
    keptChildren: children.filter(({ guid }) => !lingering.has(guid)).map(({ dn }) => dn),
  }));
}

/** Verdicts on objects that the user removes or keeps: the references to them are shown. */
export const decidedByHand: readonly Verdict[] = ['lingering', 'undeleted', 'abandoned'];

type Seen = Omit<JudgedObject, 'referrers' | 'keptChildren'> & { readonly children: readonly Child[] };

interface Child {
  readonly guid: string;
  readonly dn: string;
}

async function judgeObject(
  guid: string,
  target: DirectorySession,
  reference: DirectorySession,
  rests: Reference,
): Promise<Seen | undefined> {
  const base = guidBase(guid);
  const onReference = presenceOf(await reference.readEntry(base, ['isDeleted'], deletedObjects(reference)));
  if (onReference === 'alive') return undefined;
  // The stored metadata, not its XML: a DC has to build that for each object.
  const attributes = ['objectClass', 'isDeleted', 'replPropertyMetaData'];
  const entry = await target.readEntry(base, attributes, deletedObjects(target));
  if (entry === undefined) return undefined;
  const classes = textsOf(entry, 'objectClass');
  const sighting: Sighting = {
    presence: presenceOf(entry),
    isDynamic: classes.some((name) => name.toLowerCase() === 'dynamicobject'),
    stamps: stampsOf(entry),
  };
  const verdict = verdictOf(sighting, onReference, rests);
  if (verdict === undefined) return undefined;
  const isWhole = decidedByHand.includes(verdict);
  const whole = isWhole ? await target.readEntry(base, wholeEntry, [withoutSacl]) : undefined;
  // Deleted at this moment.
  if (isWhole && whole === undefined) return undefined;
  return {
    verdict,
    isChanged: isChangedSince(sighting, rests),
    dn: whole?.dn ?? entry.dn,
    guid,
    className: classes.filter((name) => name.toLowerCase() !== 'dynamicobject').at(-1) ?? '',
    creation: creationStamp(sighting.stamps),
    attributes: whole === undefined ? [] : planAttributesOf(whole),
    children: whole === undefined ? [] : await childrenOf(target, base),
  };
}

/** Objects right below one that is to be removed. */
async function childrenOf(session: DirectorySession, base: string): Promise<readonly Child[]> {
  const children: Child[] = [];
  for await (const entry of session.search({ base, scope: 'one', filter: everything, attributes: ['objectGUID'] })) {
    const guid = guidOf(entry, 'objectGUID');
    if (guid !== undefined) children.push({ guid, dn: entry.dn });
  }
  return children;
}

function presenceOf(entry: Entry | undefined): Presence {
  if (entry === undefined) return 'absent';
  return booleanOf(entry, 'isDeleted') === true ? 'deleted' : 'alive';
}

function deletedObjects({ rootDse }: DirectorySession): readonly Control[] {
  return [deletedObjectsControl(rootDse.supportedControls)];
}

/**
 * The references to an object by forward links, with the names of its back links: the forward link's name is not on the
 * object.
 */
function backLinksIn(attributes: readonly PlanAttribute[]): readonly string[] {
  return attributes
    .filter(({ name }) => isBackLink(name))
    .flatMap(({ name, values }) => values.map((value) => `${name}: ${typeof value === 'string' ? value : '(binary)'}`));
}

/** Unlinked attributes with DN syntax that every object has. */
const ofEveryObject = new Set(['distinguishedname', 'objectcategory', 'lastknownparent', 'dmdname']);

/**
 * Values that name one of the objects, in attributes that are no links: by the object's DN, each as "manager of CN=…". A
 * deletion removes links, while these keep naming what is gone. One search of each naming context, for entries that have
 * such an attribute at all.
 *
 * @param dns the objects, on the session's DC
 * @throws DirectoryError, also where the schema cannot be seen: references to an object are then not known
 */
async function readReferrers(
  session: DirectorySession,
  namingContexts: readonly string[],
  dns: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  if (dns.length === 0) return found;
  const attributes = (await readDnAttributes(session, 'error'))
    .filter(({ link, name }) => link === undefined && !ofEveryObject.has(name.toLowerCase()))
    .map(({ name }) => name);
  if (attributes.length === 0) return found;
  const wanted = new Map(dns.map((dn) => [normalizedDn(dn), dn]));
  for (const base of namingContexts) {
    const filter = or(...attributes.map(present));
    for await (const entry of session.search({ base, scope: 'subtree', filter, attributes })) {
      for (const attribute of attributes) {
        for (const value of textsOf(entry, attribute)) {
          const dn = wanted.get(keyOf(value));
          if (dn !== undefined) found.set(dn, [...(found.get(dn) ?? []), `${attribute} of ${entry.dn}`]);
        }
      }
    }
  }
  return found;
}

/** A value that is not a DN names nothing. */
function keyOf(value: string): string {
  const dn = dnIn(value);
  try {
    return normalizedDn(dn);
  } catch (error) {
    if (error instanceof DirectoryError) return dn;
    throw error;
  }
}
