/** The paged results control (RFC 2696): what a search still has to give on one connection. */

import type { StoredEntry } from '../../../src/embedded/entry.ts';
import { refuse } from './wire-refusal.ts';

/** MaxPageSize, AD's default (MS-ADTS 3.1.1.3.4.6). */
export const maxPageSize = 1000;

interface Open {
  readonly entries: readonly StoredEntry[];
  readonly given: number;
  readonly emptyPages: number;
}

export interface Page {
  readonly entries: readonly StoredEntry[];
  /** Empty on the last page. */
  readonly cookie: Buffer;
}

const noCookie = Buffer.alloc(0);

/** The paged searches that are open on a connection. */
export class Paging {
  readonly #open = new Map<string, Open>();
  #count = 0;

  /** The first page, after `emptyPages` that have nothing but a cookie. */
  first(entries: readonly StoredEntry[], size: number, emptyPages: number): Page {
    return this.#page({ entries, given: 0, emptyPages }, size);
  }

  /** The page after the one that came with the cookie; with size 0 the client wants no more. Throws Refusal. */
  next(cookie: Buffer, size: number): Page {
    const key = cookie.toString('hex');
    const open = this.#open.get(key);
    if (open === undefined) throw refuse.criticalControl();
    this.#open.delete(key);
    return size === 0 ? { entries: [], cookie: noCookie } : this.#page(open, size);
  }

  #page({ entries, given, emptyPages }: Open, wanted: number): Page {
    if (emptyPages > 0) return { entries: [], cookie: this.#keep({ entries, given, emptyPages: emptyPages - 1 }) };
    const end = given + Math.min(wanted, maxPageSize);
    const page = entries.slice(given, end);
    const cookie = end < entries.length ? this.#keep({ entries, given: end, emptyPages: 0 }) : noCookie;
    return { entries: page, cookie };
  }

  #keep(open: Open): Buffer {
    this.#count += 1;
    const cookie = Buffer.alloc(16);
    cookie.writeUInt32BE(this.#count, 12);
    this.#open.set(cookie.toString('hex'), open);
    return cookie;
  }
}
