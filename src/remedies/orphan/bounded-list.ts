/** The first items of many, and how many there were. */
export class BoundedList<T> {
  readonly items: T[] = [];
  count = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  add(item: T): void {
    this.count += 1;
    if (this.items.length < this.#most) this.items.push(item);
  }
}
