/**
 * The objectGUIDs of a naming context on one DC, each with whether it is deleted, to be looked up. An object takes about
 * 23 bytes: 16 for its GUID, 1 for its state, and 1.5 slots of 4 bytes in the table that finds it.
 */

const chunkLength = 65_536;
const wordsOfGuid = 4;
const slotsPerObject = 1.5;

interface Chunk {
  readonly words: Uint32Array;
  readonly isDeleted: Uint8Array;
}

/** A list that grows; the first lookup closes it. */
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
