/**
 * Which DCs are cut off, and which sides of a forest are parted, at a length of silence.
 *
 * Every DC must hear of every other DC within the tombstone lifetime (Microsoft KB 2020053), so pairs are judged first:
 * two DCs are in touch when both directions are within it. Islands are the connected sets of DCs in touch. One DC apart
 * from an island of all the others is cut off; two islands of several DCs, or two DCs alone, are a split, in which no side
 * is the healthy one [inferred from the KB's rule].
 *
 * Also chooses the sound DC that a DC with lingering objects is cleaned against.
 */

import { hostOf } from './forest.ts';
import type { LingeringObjectsRequest } from './repadmin.ts';
import { answerOf, type CopyNews, type Party, type ReplicationNews } from './replication-news.ts';

/** A DC that is apart from all the others. Ages in milliseconds; undefined if they are not known. */
export interface CutOff {
  readonly party: Party;
  readonly namingContexts: readonly string[];
  /** How old its newest news of the others is. */
  readonly ownAge: number | undefined;
  /** How old the others' newest news of it is, and who has that. */
  readonly heardAge: number | undefined;
  readonly heardBy: Party | undefined;
  /** For how long it has been apart: the greater of the two. */
  readonly age: number | undefined;
}

/** Sides that are parted from each other, each in touch within. */
export interface Split {
  readonly sides: readonly (readonly Party[])[];
  readonly namingContexts: readonly string[];
  /** How old the newest news of one side on another is, at most. */
  readonly age: number | undefined;
}

/** A DC's oldest news of the DCs that it should be in touch with. */
export interface OldestNews {
  readonly of: Party;
  readonly namingContext: string;
  readonly age: number;
}

/** The islands of a forest at a length of silence. */
export interface Islands {
  readonly cutOff: readonly CutOff[];
  readonly splits: readonly Split[];
  /** By DC, within its island; a DC that is cut off, or of which nothing is known, has none. */
  readonly oldest: ReadonlyMap<Party, OldestNews>;
}

/**
 * Judges the forest at a length of silence.
 *
 * @param threshold in milliseconds: news that is as old or older parts two DCs
 * @param isGone DCs that take no part: leftover metadata
 */
export function islandsOf(
  { copies }: ReplicationNews,
  threshold: number,
  isGone: (party: Party) => boolean = () => false,
): Islands {
  const cutOff = new Map<Party, CutOff>();
  const splits: Split[] = [];
  const oldest = new Map<Party, OldestNews>();
  for (const copy of copies) {
    const full = copy.full.filter((party) => !isGone(party) && !cutOff.has(party));
    const { apart, main, sides } = classified(islandsOfCopy(full, copy, threshold), copy, threshold);
    // In the Configuration partition every DC is met, so a DC that is cut off there takes no part in the others' splits.
    for (const party of apart) cutOff.set(party, cutOffFrom(party, main, copy));
    if (sides.length > 1) addSplit(splits, sides, copy);
    for (const side of sides.length > 1 ? sides : [main]) noteOldest(oldest, copy, side, side);
    // A partial copy belongs to no side of a split.
    const partial = sides.length > 1 ? [] : copy.partial.filter((party) => !isGone(party));
    noteOldest(oldest, copy, partial, main);
    // If a DC is cut off because it hears nothing, the others may still hear of it.
    noteOldest(oldest, copy, main, apart, threshold);
  }
  for (const copy of copies) extendCutOff(cutOff, copy, threshold, isGone);
  for (const party of cutOff.keys()) oldest.delete(party);
  return { cutOff: [...cutOff.values()].toSorted(longestFirst), splits, oldest };
}

function longestFirst(one: CutOff, other: CutOff): number {
  return (other.age ?? 0) - (one.age ?? 0) || one.party.name.localeCompare(other.party.name);
}

/** The relation of two DCs. Unknown news neither parts nor joins two DCs. */
type Relation = 'in-touch' | 'parted' | 'unknown';

function relationOf(one: Party, other: Party, copy: CopyNews, threshold: number): Relation {
  const directions = [
    // An RODC originates no changes, so there is no news of it.
    ...(other.domainController.isReadOnly ? [] : [copy.news(one, other)]),
    ...(one.domainController.isReadOnly ? [] : [copy.news(other, one)]),
  ];
  const ages = directions.flatMap((news) => (news.kind === 'heard' ? [news.age] : []));
  if (ages.some((age) => age >= threshold)) return 'parted';
  if (ages.length < directions.length && copy.isRefused(one, other)) return 'parted';
  return ages.length > 0 ? 'in-touch' : 'unknown';
}

interface Island {
  readonly members: readonly Party[];
  /** Whether any member is parted from a DC outside. */
  readonly isParted: boolean;
}

function islandsOfCopy(full: readonly Party[], copy: CopyNews, threshold: number): readonly Island[] {
  const isRelated = (one: Party, other: Party, relation: Relation): boolean =>
    relationOf(one, other, copy, threshold) === relation;
  const left = new Set(full);
  const islands: Island[] = [];
  for (const start of full) {
    if (!left.delete(start)) continue;
    const members = [start];
    for (const member of members) {
      for (const other of left) {
        if (!isRelated(member, other, 'in-touch')) continue;
        left.delete(other);
        members.push(other);
      }
    }
    const isParted = members.some((member) =>
      full.some((other) => !members.includes(other) && isRelated(member, other, 'parted')),
    );
    islands.push({ members, isParted });
  }
  return islands;
}

interface Classified {
  /** The DCs that are cut off, from the main island. */
  readonly apart: readonly Party[];
  readonly main: readonly Party[];
  /** Two or more if there is a split: then `main` is all of them. */
  readonly sides: readonly (readonly Party[])[];
}

/** Distinguishes a DC that is cut off from a split. An island without any known news is left out. */
function classified(islands: readonly Island[], copy: CopyNews, threshold: number): Classified {
  const parted = islands.filter(({ isParted }) => isParted).map(({ members }) => members);
  const unparted = islands.filter(({ isParted }) => !isParted).flatMap(({ members }) => members);
  if (parted.length < 2) return { apart: [], main: [...parted.flat(), ...unparted], sides: [] };
  const writable = (members: readonly Party[]): number =>
    members.filter(({ domainController }) => !domainController.isReadOnly).length;
  const candidates = parted.filter(
    (members) => writable(members) > 0 && members.some((party) => answerOf(party) !== undefined),
  );
  const several = candidates.filter((members) => writable(members) > 1);
  const sides = several.length > 0 ? several : withoutDeaf(candidates, copy, threshold);
  return {
    apart: parted.filter((members) => !sides.includes(members)).flat(),
    main: sides.flat(),
    sides: sides.length > 1 ? sides : [],
  };
}

/** DCs that are alone, without those that hear nothing: once one is left out, another may be the one that hears nothing. */
function withoutDeaf(
  sides: readonly (readonly Party[])[],
  copy: CopyNews,
  threshold: number,
): readonly (readonly Party[])[] {
  const hearing = sides.filter((side) => !isDeaf(side, sides, copy, threshold));
  return hearing.length === sides.length ? hearing : withoutDeaf(hearing, copy, threshold);
}

/** Of DCs that are alone: one whose own news is too old, while every other one has fresh news of it. */
function isDeaf(
  side: readonly Party[],
  candidates: readonly (readonly Party[])[],
  { news }: CopyNews,
  threshold: number,
): boolean {
  const others = candidates.filter((other) => other !== side).flat();
  const isFresh = (hearer: Party, source: Party): boolean => {
    const heard = news(hearer, source);
    return heard.kind === 'heard' && heard.age < threshold;
  };
  return others.length > 0 && side.every((one) => others.every((other) => isFresh(other, one) && !isFresh(one, other)));
}

/** The newest news that any of the hearers has of any of the sources, and which hearer has it. */
function newestNews(
  hearers: readonly Party[],
  sources: readonly Party[],
  { news }: CopyNews,
): { readonly hearer: Party; readonly age: number } | undefined {
  const known = hearers.flatMap((hearer) =>
    sources.flatMap((source) => {
      const heard = news(hearer, source);
      return heard.kind === 'heard' ? [{ hearer, age: heard.age }] : [];
    }),
  );
  return known.toSorted((one, other) => one.age - other.age)[0];
}

function cutOffFrom(party: Party, main: readonly Party[], copy: CopyNews): CutOff {
  const writable = main.filter(({ domainController }) => !domainController.isReadOnly);
  const own = newestNews([party], writable, copy)?.age;
  const heard = party.domainController.isReadOnly ? undefined : newestNews(main, [party], copy);
  return {
    party,
    namingContexts: [copy.namingContext],
    ownAge: own,
    heardAge: heard?.age,
    heardBy: heard?.hearer,
    age: greatest(own, heard?.age),
  };
}

function greatest(...ages: readonly (number | undefined)[]): number | undefined {
  const known = ages.filter((age) => age !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Adds the other naming contexts in which a DC is apart too, and the DCs that are apart in a way no island shows. */
function extendCutOff(
  cutOff: Map<Party, CutOff>,
  copy: CopyNews,
  threshold: number,
  isGone: (party: Party) => boolean,
): void {
  const sources = copy.full.filter(
    (party) => !isGone(party) && !cutOff.has(party) && !party.domainController.isReadOnly,
  );
  for (const party of [...copy.full, ...copy.partial]) {
    const known = cutOff.get(party);
    if (isGone(party) || known?.namingContexts.includes(copy.namingContext)) continue;
    const others = sources.filter((other) => other !== party);
    const there = cutOffFrom(party, others, copy);
    if (known === undefined) {
      // A partial copy takes no part in islands: it is past the limit when all of its sources are.
      if (copy.partial.includes(party) && (there.ownAge ?? -1) >= threshold)
        cutOff.set(party, { ...there, age: there.ownAge });
    } else if ((there.age ?? -1) >= threshold)
      cutOff.set(party, {
        ...known,
        namingContexts: [...known.namingContexts, copy.namingContext],
        ownAge: greatest(known.ownAge, there.ownAge),
        age: greatest(known.age, there.age),
      });
  }
}

/** A split of a naming context that only some DCs hold is part of a larger one, if its sides lie within that one's. */
function addSplit(splits: Split[], sides: readonly (readonly Party[])[], copy: CopyNews): void {
  const age = ageOfSplit(sides, copy);
  const isWithin = (split: Split): boolean => {
    const homes = sides.map((side) => split.sides.findIndex((home) => side.every((party) => home.includes(party))));
    return !homes.includes(-1) && new Set(homes).size === homes.length;
  };
  const at = splits.findIndex(isWithin);
  const known = splits[at];
  if (known === undefined) {
    splits.push({ sides, namingContexts: [copy.namingContext], age });
    return;
  }
  splits[at] = {
    ...known,
    namingContexts: [...known.namingContexts, copy.namingContext],
    age: greatest(known.age, age),
  };
}

function ageOfSplit(sides: readonly (readonly Party[])[], copy: CopyNews): number | undefined {
  const ages = sides.flatMap((side) =>
    sides.filter((other) => other !== side).map((other) => newestNews(side, other, copy)?.age),
  );
  return greatest(...ages);
}

/** Notes the oldest news below a threshold that each hearer has of these sources, where it is older than what is noted. */
function noteOldest(
  oldest: Map<Party, OldestNews>,
  { news, namingContext }: CopyNews,
  hearers: readonly Party[],
  sources: readonly Party[],
  threshold = Number.POSITIVE_INFINITY,
): void {
  for (const hearer of hearers) {
    for (const source of sources) {
      if (source === hearer || source.domainController.isReadOnly) continue;
      const heard = news(hearer, source);
      if (heard.kind !== 'heard' || heard.age >= threshold || heard.age <= (oldest.get(hearer)?.age ?? -1)) continue;
      oldest.set(hearer, { of: source, namingContext, age: heard.age });
    }
  }
}

/**
 * A request for each naming context of each destination that a sound DC has a writable copy of.
 *
 * @param references DCs that are right; those that do not answer and RODCs are not taken
 * @param oldest the DC with the freshest news is preferred
 */
export function cleaningRequests(
  destinations: readonly Party[],
  references: readonly Party[],
  { copies }: ReplicationNews,
  oldest: ReadonlyMap<Party, OldestNews>,
): readonly LingeringObjectsRequest[] {
  return destinations.flatMap((destination) =>
    copies.flatMap(({ full, partial, namingContext }) => {
      if (!full.includes(destination) && !partial.includes(destination)) return [];
      const reference = candidatesFrom(references, destination, oldest).find((party) => full.includes(party));
      const sourceDsaGuid = reference?.domainController.dsaGuid;
      if (sourceDsaGuid === undefined) return [];
      return [{ destination: hostOf(destination.domainController), sourceDsaGuid, namingContext }];
    }),
  );
}

/** A DC that is right, and the DCs that are to be compared with it. */
export interface Comparable {
  readonly reference: Party;
  readonly targets: readonly Party[];
}

/**
 * The reference to compare each destination with: the freshest of the sound DCs that have writable copies of the most
 * naming contexts of which the destination has a full one.
 *
 * @param references as for cleaningRequests
 */
export function comparisonsFor(
  destinations: readonly Party[],
  references: readonly Party[],
  { copies }: ReplicationNews,
  oldest: ReadonlyMap<Party, OldestNews>,
): readonly Comparable[] {
  const byReference = new Map<Party, Party[]>();
  for (const destination of destinations) {
    const held = copies.filter(({ full }) => full.includes(destination));
    const shared = (party: Party): number => held.filter(({ full }) => full.includes(party)).length;
    const [reference] = candidatesFrom(references, destination, oldest).toSorted(
      (one, other) => shared(other) - shared(one),
    );
    if (reference !== undefined) byReference.set(reference, [...(byReference.get(reference) ?? []), destination]);
  }
  return [...byReference].map(([reference, targets]) => ({ reference, targets }));
}

/** The DCs that may be a reference for the destination, the freshest first. */
function candidatesFrom(
  references: readonly Party[],
  destination: Party,
  oldest: ReadonlyMap<Party, OldestNews>,
): readonly Party[] {
  const rank = (party: Party): number => oldest.get(party)?.age ?? Number.MAX_VALUE;
  return references
    .filter((party) => party !== destination && party.state.kind === 'answered' && !party.domainController.isReadOnly)
    .toSorted((one, other) => rank(one) - rank(other));
}
