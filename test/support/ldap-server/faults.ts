/** Faults that a test plans for a client's operations. */

import type { Operation } from './protocol.ts';

export type Fault =
  /** A search first answers with so many empty pages that have a cookie. */
  | { readonly kind: 'empty-pages'; readonly count: number }
  /** The connection ends and nothing was done. */
  | { readonly kind: 'drop-before' }
  /** The operation is carried out, then the connection ends without an answer. */
  | { readonly kind: 'drop-after' }
  /** The connection ends in the middle of the answer. */
  | { readonly kind: 'drop-within' }
  /** The server says that it is going away, in a Notice of Disconnection (RFC 4511 4.4.1), and does nothing. */
  | { readonly kind: 'notice' }
  /** Nothing is done and no answer comes. */
  | { readonly kind: 'silence' }
  /** The answer comes so many milliseconds late. */
  | { readonly kind: 'stall'; readonly milliseconds: number }
  /** Result 10, to this host. */
  | { readonly kind: 'refer'; readonly host: string }
  /** Result 51. */
  | { readonly kind: 'busy' }
  /** A tree delete stops after so many entries with result 11 and 0x20CD: "not finished, ask again". */
  | { readonly kind: 'unfinished-tree-delete'; readonly after: number };

export interface PlannedFault {
  readonly on: Operation['kind'];
  /** Which operation of this kind fails, counting from now (1 = the next). */
  readonly nth: number;
  readonly fault: Fault;
}

/** Counts the operations of one DC and gives each its fault, if one is planned for it. */
export class FaultPlan {
  #open: { readonly on: Operation['kind']; readonly fault: Fault; left: number }[] = [];

  add({ on, nth, fault }: PlannedFault): void {
    this.#open.push({ on, fault, left: nth });
  }

  /** To be asked once for each operation, in the order in which they arrive. */
  next(kind: Operation['kind']): Fault | undefined {
    const concerned = this.#open.filter(({ on }) => on === kind);
    for (const planned of concerned) planned.left -= 1;
    const due = concerned.find(({ left }) => left === 0);
    this.#open = this.#open.filter(({ left }) => left > 0);
    return due?.fault;
  }
}
