/**
 * Who has had which change: every DC numbers its own, and takes over all that another one has had when it has taken its
 * changes to the end. A model of up-to-dateness that shares nothing with the code under test.
 */

export type Name = 'dc1' | 'dc2';

interface Change {
  readonly by: Name;
  readonly number: number;
}

/** What an object is on two DCs. */
export type Expected = 'lingering' | 'undeleted' | 'new' | 'late' | undefined;

export type Presence = 'alive' | 'deleted' | 'absent';

export class Ledger {
  readonly #had: Readonly<Record<Name, Record<Name, number>>> = {
    dc1: { dc1: 0, dc2: 0 },
    dc2: { dc1: 0, dc2: 0 },
  };
  readonly #creations = new Map<string, Change>();
  readonly #undeletions: { readonly object: string; readonly change: Change }[] = [];

  created(object: string, by: Name): void {
    this.#creations.set(object, this.#next(by));
  }

  undeleted(object: string, by: Name): void {
    this.#undeletions.push({ object, change: this.#next(by) });
  }

  changed(by: Name): void {
    this.#next(by);
  }

  /** `to` has taken all that `from` has had. */
  replicated(to: Name, from: Name): void {
    for (const name of ['dc1', 'dc2'] as const) {
      this.#had[to][name] = Math.max(this.#had[to][name], this.#had[from][name]);
    }
  }

  wasUndeleted(object: string): boolean {
    return this.#undeletions.some((one) => one.object === object);
  }

  wasUndeletedOnBoth(object: string): boolean {
    return new Set(this.#undeletions.filter((one) => one.object === object).map(({ change }) => change.by)).size > 1;
  }

  /** The rule in words: what the reference once had and has no trace of is lingering. */
  expected(object: string, onTarget: Presence, onReference: Presence, target: Name, reference: Name): Expected {
    const creation = this.#creations.get(object);
    if (onTarget !== 'alive' || onReference === 'alive' || creation === undefined) return undefined;
    const isUndeletedThere = this.#undeletions.some(
      (one) => one.object === object && one.change.by === target && !this.#hasHad(reference, one.change),
    );
    if (onReference === 'deleted') return isUndeletedThere ? 'new' : 'late';
    if (!this.#hasHad(reference, creation)) return 'new';
    return isUndeletedThere ? 'undeleted' : 'lingering';
  }

  #hasHad(name: Name, { by, number }: Change): boolean {
    return this.#had[name][by] >= number;
  }

  #next(by: Name): Change {
    this.#had[by][by] += 1;
    return { by, number: this.#had[by][by] };
  }
}
