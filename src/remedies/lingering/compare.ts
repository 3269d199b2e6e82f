/**
 * Compares the copies of a naming context by their objectGUIDs, deleted objects included: the reference's list is read
 * once, then each other DC's objects are compared with it while they arrive, four DCs at a time.
 */

import { isChosen } from '../../ad/ask-domain-controllers.ts';
import { allBytesOf, booleanOf, bytesOf, type Entry, formatSid, textOf } from '../../ad/entry.ts';
import { type DomainController, hostOf } from '../../ad/forest.ts';
import type { Originator } from '../../ad/replication-values.ts';
import { DirectoryError } from '../../errors.ts';
import { inParallel } from '../../files/in-parallel.ts';
import { type DirectorySession, deletedObjectsControl, equal, everything } from '../../ldap/session.ts';
import type { DirectoryWorld } from '../remedy.ts';
import { type JudgedObject, judgeObjects, type OpenController } from './verdicts.ts';

/** The objects found on a target, judged by a reference. */
export type Comparison = {
  readonly target: DomainController;
  readonly reference: DomainController;
  readonly namingContext: string;
} & (
  | { readonly kind: 'compared'; readonly objects: readonly JudgedObject[] }
  | { readonly kind: 'not-provable'; readonly why: string }
);

interface CopiesToCompare {
  readonly namingContext: string;
  readonly reference: DomainController;
  /** The other full copies. */
  readonly others: readonly DomainController[];
  /** Those of them that must be comparable. All are judged by the reference, and it by all that are writable. */
  readonly targets: readonly DomainController[];
  /** Which DC of the forest made a change. */
  readonly originator: Originator;
}

const domainControllersAtOnce = 4;

/**
 * Compares all copies with the reference's, in both directions. A pair that cannot be compared is not provable, with
 * the reason.
 */
export async function compareCopies(copies: CopiesToCompare, world: DirectoryWorld): Promise<readonly Comparison[]> {
  const { reference, others, namingContext } = copies;
  if (others.length === 0) {
    const why = 'no other domain controller has a full copy';
    return [{ kind: 'not-provable', target: reference, reference, namingContext, why }];
  }
  try {
    return await withSession(reference, world, async (session) => {
      const opened: OpenController = { domainController: reference, session };
      const list = await readList(opened, namingContext, world);
      const found = await inParallel(others, domainControllersAtOnce, (other) =>
        compareCopy(opened, other, list, copies, world),
      );
      return found.flat();
    });
  } catch (error) {
    // Without the reference's list nothing is provable in this naming context; the other naming contexts are still compared.
    if (!(error instanceof DirectoryError)) throw error;
    return others.flatMap((other) => notCompared(other, copies, `${reference.name}: ${error.trouble.cameBack}`));
  }
}

async function compareCopy(
  reference: OpenController,
  other: DomainController,
  list: GuidList,
  copies: CopiesToCompare,
  world: DirectoryWorld,
): Promise<readonly Comparison[]> {
  try {
    return await withSession(other, world, async (session) => {
      const opened: OpenController = { domainController: other, session };
      const { here, there } = await compareWithList(opened, copies.namingContext, list, world);
      const comparisons = [
        // An RODC's copy proves nothing about another one's: removal takes a writable reference.
        ...(other.isReadOnly ? [] : [await judgeDirection(there, reference, opened, copies)]),
        await judgeDirection(here, opened, reference, copies),
      ];
      world.watch.update(hostOf(other), 'compared');
      return comparisons;
    });
  } catch (error) {
    // If one DC cannot be read, the others are still compared.
    if (!(error instanceof DirectoryError)) throw error;
    world.watch.update(hostOf(other), error.trouble.cameBack);
    return notCompared(other, copies, `${other.name}: ${error.trouble.cameBack}`);
  }
}

async function judgeDirection(
  guids: readonly Buffer[],
  target: OpenController,
  reference: OpenController,
  { namingContext, originator }: CopiesToCompare,
): Promise<Comparison> {
  const pair = { target: target.domainController, reference: reference.domainController, namingContext };
  try {
    await requireDeletedObjectsShown(reference.session, namingContext);
    const objects = await judgeObjects(guids, namingContext, target, reference, originator);
    return { kind: 'compared', ...pair, objects };
  } catch (error) {
    // The data for one direction may be missing while the other direction is provable.
    if (!(error instanceof DirectoryError)) throw error;
    return { kind: 'not-provable', ...pair, why: `${reference.domainController.name}: ${error.trouble.cameBack}` };
  }
}

/** Both directions of a pair that could not be compared. */
function notCompared(
  other: DomainController,
  { reference, namingContext, targets }: CopiesToCompare,
  why: string,
): readonly Comparison[] {
  return [
    !other.isReadOnly && { kind: 'not-provable' as const, target: reference, reference: other, namingContext, why },
    targets.includes(other) && { kind: 'not-provable' as const, target: other, reference, namingContext, why },
  ].filter((one) => one !== false);
}

/** BUILTIN\Administrators, who may list CN=Deleted Objects (MS-ADTS 6.1.1.4.2; MS-DTYP 2.4.2.4). */
const administrators = 'S-1-5-32-544';

/**
 * Without the right to see deleted objects a search finds none, without an error, and an object whose tombstone is there
 * looks lingering. The right is proven by a tombstone that is seen, or by the user's groups on this DC.
 */
async function requireDeletedObjectsShown(session: DirectorySession, namingContext: string): Promise<void> {
  const rootDse = await session.readEntry('', ['tokenGroups']);
  const groups = rootDse === undefined ? [] : allBytesOf(rootDse, 'tokenGroups').map(formatSid);
  if (groups.includes(administrators)) return;
  const found = session.search({
    base: namingContext,
    scope: 'subtree',
    filter: equal('isDeleted', 'TRUE'),
    attributes: ['lastKnownParent'],
    controls: [deletedObjectsControl(session.rootDse.supportedControls)],
  });
  // The container itself is marked as deleted, and is shown to everyone.
  for await (const entry of found) if (textOf(entry, 'lastKnownParent') !== undefined) return;
  throw new DirectoryError({
    attempted: 'see deleted objects',
    on: `${namingContext} on ${session.identity.host}`,
    cameBack: 'no deleted object is shown (none there, or no right to see them)',
    next: 'Log on as an administrator of the domain.',
  });
}

async function withSession<T>(
  domainController: DomainController,
  world: DirectoryWorld,
  use: (session: DirectorySession) => Promise<T>,
): Promise<T> {
  if (isChosen(domainController, world.session)) return await use(world.session);
  const session = await world.openOther(hostOf(domainController));
  try {
    return await use(session);
  } finally {
    // Closing never throws, and its result does not matter.
    void session.close();
  }
}

/** All objects of a naming context on a DC. Throws DirectoryError. */
async function readList(on: OpenController, namingContext: string, world: DirectoryWorld): Promise<GuidList> {
  const list = new GuidList();
  await eachObject(on, namingContext, world, (guid, isDeleted) => list.add(guid, isDeleted));
  return list;
}

/** objectGUIDs that differ between two DCs. */
interface Differences {
  /** Objects that are alive on the DC and missing or deleted in the list, and tombstones that the list lacks. */
  readonly here: readonly Buffer[];
  /** The other direction. */
  readonly there: readonly Buffer[];
}

/** Compares the objects of a naming context on a DC with a list, and keeps only what differs. Throws DirectoryError. */
async function compareWithList(
  on: OpenController,
  namingContext: string,
  list: GuidList,
  world: DirectoryWorld,
): Promise<Differences> {
  const here: Buffer[] = [];
  const there: Buffer[] = [];
  const isSeen = new Uint8Array(list.size);
  await eachObject(on, namingContext, world, (guid, isDeleted) => {
    const index = list.indexOf(guid);
    if (index !== undefined) isSeen[index] = 1;
    if (index === undefined) here.push(Buffer.from(guid));
    else if (isDeleted !== list.isDeletedAt(index)) (isDeleted ? there : here).push(Buffer.from(guid));
  });
  for (let index = 0; index < list.size; index += 1) if (isSeen[index] === 0) there.push(list.guidAt(index));
  return { here, there };
}

/** @param visit gets a view of a larger buffer, to be copied */
async function eachObject(
  { domainController, session }: OpenController,
  namingContext: string,
  { signal, watch }: DirectoryWorld,
  visit: (guid: Buffer, isDeleted: boolean) => void,
): Promise<void> {
  const found = session.search({
    base: namingContext,
    scope: 'subtree',
    filter: everything,
    attributes: ['objectGUID', 'isDeleted'],
    controls: [deletedObjectsControl(session.rootDse.supportedControls)],
  });
  let count = 0;
  const showCount = (): void =>
    watch.update(hostOf(domainController), `${count.toLocaleString('en')} objects in ${namingContext}`);
  for await (const entry of found) {
    if (count % 1000 === 0) requireTime(signal, namingContext, session);
    count += 1;
    if (count % 1000 === 0) showCount();
    visit(guidBytes(entry, session), booleanOf(entry, 'isDeleted') === true);
  }
  showCount();
}

/** An object without its GUID would look as if the DC did not have it. */
function guidBytes(entry: Entry, { identity }: DirectorySession): Buffer {
  const guid = bytesOf(entry, 'objectGUID');
  if (guid?.length === 16) return guid;
  throw new DirectoryError({
    attempted: 'list the objects',
    on: `${entry.dn} on ${identity.host}`,
    cameBack: 'the user may not read its objectGUID',
    next: 'Log on as an administrator of the domain.',
  });
}

function requireTime(signal: AbortSignal, namingContext: string, { identity }: DirectorySession): void {
  if (!signal.aborted) return;
  throw new DirectoryError({
    attempted: 'list the objects',
    on: `${namingContext} on ${identity.host}`,
    cameBack: 'the time ran out',
    next: 'Allow more time with --deadline SECONDS, or fewer partitions with --partition.',
  });
}

const chunkLength = 65_536;
const wordsOfGuid = 4;
const slotsPerObject = 1.5;

interface Chunk {
  readonly words: Uint32Array;
  readonly isDeleted: Uint8Array;
}

/**
 * The objectGUIDs of one DC, each with whether it is deleted. It grows; the first lookup closes it. An object takes about 23
 * bytes: 16 for its GUID, 1 for its state, and 1.5 slots of 4 bytes in the table that finds it.
 */
export class GuidList {
  readonly #chunks: Chunk[] = [];
  #size = 0;
  /** Number of the object plus 1, at the place that its GUID gives or the next free one. */
  #slots: Uint32Array | undefined;

  get size(): number {
    return this.#size;
  }

  /** @param guid 16 bytes, which are copied */
  add(guid: Buffer, isDeleted: boolean): void {
    if (this.#slots !== undefined) throw new TypeError('the list is closed');
    const at = this.#size % chunkLength;
    if (at === 0) {
      this.#chunks.push({ words: new Uint32Array(chunkLength * wordsOfGuid), isDeleted: new Uint8Array(chunkLength) });
    }
    const chunk = this.#chunkOf(this.#size);
    for (let word = 0; word < wordsOfGuid; word += 1) {
      chunk.words[at * wordsOfGuid + word] = guid.readUInt32LE(word * 4);
    }
    chunk.isDeleted[at] = isDeleted ? 1 : 0;
    this.#size += 1;
  }

  /** The number of the object with this GUID, counted from 0; undefined if the list lacks it. */
  indexOf(guid: Buffer): number | undefined {
    const slots = this.#closed();
    for (let slot = hash(guid) % slots.length; ; slot = (slot + 1) % slots.length) {
      const number = slots[slot] ?? 0;
      if (number === 0) return undefined;
      if (this.#equals(number - 1, guid)) return number - 1;
    }
  }

  guidAt(index: number): Buffer {
    const { words } = this.#chunkOf(index);
    const guid = Buffer.allocUnsafe(16);
    for (let word = 0; word < wordsOfGuid; word += 1) {
      guid.writeUInt32LE(words[(index % chunkLength) * wordsOfGuid + word] ?? 0, word * 4);
    }
    return guid;
  }

  isDeletedAt(index: number): boolean {
    return this.#chunkOf(index).isDeleted[index % chunkLength] === 1;
  }

  #chunkOf(index: number): Chunk {
    const chunk = this.#chunks[Math.floor(index / chunkLength)];
    if (chunk === undefined) throw new RangeError(`no object ${index}`);
    return chunk;
  }

  #equals(index: number, guid: Buffer): boolean {
    const { words } = this.#chunkOf(index);
    const at = (index % chunkLength) * wordsOfGuid;
    return (
      words[at] === guid.readUInt32LE(0) &&
      words[at + 1] === guid.readUInt32LE(4) &&
      words[at + 2] === guid.readUInt32LE(8) &&
      words[at + 3] === guid.readUInt32LE(12)
    );
  }

  #closed(): Uint32Array {
    if (this.#slots !== undefined) return this.#slots;
    const slots = new Uint32Array(Math.ceil(this.#size * slotsPerObject) + 1);
    for (let index = 0; index < this.#size; index += 1) {
      let slot = hash(this.guidAt(index)) % slots.length;
      while (slots[slot] !== 0) slot = (slot + 1) % slots.length;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
    return slots;
  }
}

/** A GUID is random in most of its bytes: all of them are mixed, for those that are not. */
function hash(guid: Buffer): number {
  let mixed = 0;
  for (let at = 0; at < 16; at += 4) {
    mixed = Math.imul(mixed ^ guid.readUInt32LE(at), 0x9e37_79b1);
    mixed ^= mixed >>> 15;
  }
  return mixed >>> 0;
}
