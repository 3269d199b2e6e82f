/** A complete search: every page, and every value of attributes that are returned in ranges. */

import v8 from 'node:v8';
import type { Entry } from '../ad/entry.ts';
import { DirectoryError } from '../errors.ts';
import type { Connection, PendingRequest } from './connection.ts';
import { directoryErrorOf } from './connection-trouble.ts';
import { resultCode, resultError } from './diagnostics.ts';
import { pagedResults, searchRequest } from './requests.ts';
import type { Response } from './responses.ts';
import { type Control, domainScope, everything, type Filter, type SearchScope, sendableControls } from './session.ts';

export interface Search {
  readonly base: string;
  readonly scope: SearchScope;
  readonly filter: Filter;
  readonly attributes: readonly string[];
  readonly controls: readonly Control[];
  /** OIDs that the server lists; `pageSize` alone decides about the paging control. */
  readonly supportedControls: ReadonlySet<string>;
  /** Entries in each page; undefined for a search without paging. */
  readonly pageSize: number | undefined;
  /** How long the server may be silent, in milliseconds. */
  readonly deadlineMs: number;
  /** Which entries may be left out, by their bytes; none if undefined. */
  readonly mayMatter?: ((bytes: Buffer) => boolean) | undefined;
  /** Host and port, for errors. */
  readonly server: string;
}

/** Bounds for a server that never ends: far more than any directory needs. */
const most = { emptyPagesInARow: 1000, references: 10_000, valuesOfAnAttribute: 5_000_000 } as const;

/** What of the memory of this process may be in use while a search goes on: more, and Node ends it without a word. */
const mostOfMemory = 0.9;

/** Throws DirectoryError where what has been read leaves too little memory to go on. */
function requireMemory(on: string): void {
  const { used_heap_size: used, external_memory: outside, heap_size_limit: limit } = v8.getHeapStatistics();
  if (used + outside > mostOfMemory * limit)
    throw endless(on, 'it sent more than fits into the memory of this process');
}

/**
 * The entries as they arrive. References that a server sends despite domainScope are skipped: each naming context is
 * searched by its own DN. Throws DirectoryError, also midway.
 */
export async function* searchEntries(connection: Connection, search: Search): AsyncGenerator<Entry> {
  const on = `${search.base === '' ? nameOfRoot(search.scope) : search.base} on ${search.server}`;
  let references = 0;
  let hasEntries = false;
  try {
    for await (const batch of answers(connection, search, on)) {
      for (const answer of batch) {
        if (answer.kind === 'reference') references += 1;
        if (answer.kind !== 'entry') continue;
        yield answer.partial.length === 0 ? entryOf(answer) : await withAllValues(connection, search, answer);
      }
      if (references > most.references) throw endless(on, `it sent more than ${most.references} references`);
      const hasMore = batch.some(({ kind }) => kind === 'entry');
      // A look-up of one entry ends whatever the memory is: writing goes on with it.
      if (hasEntries && hasMore) requireMemory(on);
      hasEntries ||= hasMore;
    }
  } catch (error) {
    throw directoryErrorOf('read', on, error);
  }
}

/**
 * The server's answers, over all pages. An empty page need not be the last: only a missing cookie ends the search
 * (RFC 2696). Throws DirectoryError for a result other than success, and ConnectionError.
 */
async function* answers(connection: Connection, search: Search, on: string): AsyncGenerator<readonly Response[]> {
  const controls = controlsOf(search);
  const ask = (cookie: Buffer) => {
    const paging = search.pageSize === undefined ? [] : [pagedResults(search.pageSize, cookie)];
    return connection.send(
      searchRequest({ ...search, controls: [...controls, ...paging] }),
      search.deadlineMs,
      search.mayMatter,
    );
  };
  let pending: PendingRequest | undefined = ask(Buffer.alloc(0));
  let emptyPages = 0;
  let isPageEmpty = true;
  try {
    while (pending !== undefined) {
      const batch = await pending.take();
      const last = batch.at(-1);
      if (batch.some(({ kind }) => kind === 'entry' || kind === 'unwanted')) isPageEmpty = false;
      if (last?.kind === 'result') {
        emptyPages = isPageEmpty ? emptyPages + 1 : 0;
        isPageEmpty = true;
        // The cookie says nothing: some servers give every page the same.
        if (emptyPages > most.emptyPagesInARow) throw endless(on, `it sent ${emptyPages} empty pages in a row`);
      }
      // Request the next page first: the server prepares it while this one is processed.
      if (last?.kind === 'result') pending = last.pageCookie === undefined ? undefined : ask(last.pageCookie);
      yield batch;
      if (last?.kind === 'result' && last.result.resultCode !== resultCode.success)
        throw resultError('read', on, last.result);
    }
  } finally {
    pending?.abandon();
  }
}

function controlsOf({ scope, controls, supportedControls, server }: Search): readonly Control[] {
  return sendableControls(scope === 'base' ? controls : [...controls, domainScope], supportedControls, server);
}

function endless(on: string, found: string): DirectoryError {
  return new DirectoryError({
    attempted: 'read to the end',
    on,
    cameBack: `the server does not come to an end: ${found}`,
    next: 'Use another domain controller.',
  });
}

/** The empty base is the rootDSE, and for a subtree search of a GC the whole forest. */
function nameOfRoot(scope: SearchScope): string {
  return scope === 'base' ? 'the rootDSE' : 'the whole directory';
}

type EntryResponse = Extract<Response, { kind: 'entry' }>;

function entryOf({ dn, attributes }: EntryResponse): Entry {
  return { dn, attributes };
}

async function withAllValues(connection: Connection, search: Search, entry: EntryResponse): Promise<Entry> {
  const attributes = new Map(entry.attributes);
  for (const { name, next } of entry.partial) {
    const key = name.toLowerCase();
    const rest = await remainingValues(connection, { ...search, base: entry.dn }, name, next);
    attributes.set(key, { name, values: [...(attributes.get(key)?.values ?? []), ...rest] });
  }
  return { dn: entry.dn, attributes };
}

/** The values from number `from` (counted from 0) on, range by range (MS-ADTS 3.1.1.3.1.3.3). */
async function remainingValues(
  connection: Connection,
  search: Search,
  name: string,
  from: number,
): Promise<readonly Buffer[]> {
  const on = `${name} of ${search.base} on ${search.server}`;
  const parts: (readonly Buffer[])[] = [];
  let next: number | undefined = from;
  while (next !== undefined) {
    const part = {
      ...search,
      scope: 'base',
      filter: everything,
      attributes: [`${name};range=${next}-*`],
      pageSize: undefined,
      mayMatter: undefined,
    } as const;
    let entry: EntryResponse | undefined;
    for await (const batch of answers(connection, part, on)) {
      entry ??= batch.find((answer) => answer.kind === 'entry');
    }
    const following: number | undefined = entry?.partial.find((partial) => partial.name === name)?.next;
    if (entry === undefined || (following !== undefined && following <= next)) {
      throw new DirectoryError({
        attempted: 'read all values',
        on,
        cameBack:
          entry === undefined
            ? 'the entry was deleted in the meantime'
            : `the server repeats itself after value ${next}`,
        next: 'Start again; the entry may be changing right now.',
      });
    }
    const values = entry.attributes.get(name.toLowerCase())?.values ?? [];
    if (following !== undefined && values.length === 0) throw endless(on, `it sent no values from ${next} on`);
    if (next > most.valuesOfAnAttribute) throw endless(on, `it sent more than ${most.valuesOfAnAttribute} values`);
    parts.push(values);
    next = following;
  }
  return parts.flat();
}
