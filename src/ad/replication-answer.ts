/** What one DC says about its own inbound replication and its clock. What it does not say is unknown, never healthy. */

import { DirectoryError } from '../errors.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { normalizedDn } from './dn.ts';
import { allBytesOf, bytesOf, type Entry, generalizedTimeOf } from './entry.ts';
import {
  type InboundNeighbor,
  parseCursorXml,
  parseInboundNeighborXml,
  parseRepsFrom,
  parseUpToDateVector,
  type ReplicationCursor,
  UnreadableReplicationValueError,
} from './replication-values.ts';

/** One inbound partner for one naming context. */
export interface InboundLink extends InboundNeighbor {
  readonly namingContext: string;
}

/** How far the DC has the changes of another one in a naming context. */
export interface NamingContextCursor extends ReplicationCursor {
  readonly namingContext: string;
}

/** A naming context of which the DC says nothing that could be understood, and why. */
interface SilentNamingContext {
  readonly namingContext: string;
  readonly why: string;
}

export interface ReplicationAnswer {
  readonly links: readonly InboundLink[];
  /** Naming contexts that it holds without naming a partner: there is none, or the user may not see it. */
  readonly silent: readonly SilentNamingContext[];
  readonly cursors: readonly NamingContextCursor[];
  /** Its own clock; undefined where it does not show it. */
  readonly clock: Date | undefined;
}

const headAttributes = ['repsFrom', 'replUpToDateVector', 'msDS-NCReplInboundNeighbors', 'msDS-NCReplCursors'];

/**
 * Asks a DC in one round trip. Windows shows its partners in XML; Samba, and Windows to a user who may not read that, in
 * repsFrom (MS-DRSR 5.170) on the head of each naming context.
 * @throws DirectoryError if it does not answer
 */
export async function askForReplication(
  session: DirectorySession,
  namingContexts: readonly string[],
): Promise<ReplicationAnswer> {
  const [rootDse, heads] = await Promise.all([
    session.readEntry('', ['currentTime', 'msDS-ReplAllInboundNeighbors']),
    Promise.all(namingContexts.map((namingContext) => readHead(session, namingContext))),
  ]);
  const reading = new Reading();
  const all = rootDse === undefined ? [] : allBytesOf(rootDse, 'msDS-ReplAllInboundNeighbors');
  for (const value of all) reading.addXml(value, undefined);
  for (const [index, namingContext] of namingContexts.entries()) {
    const head = heads[index];
    if (head === undefined || 'why' in head) reading.silent(namingContext, head?.why ?? 'it cannot be read');
    else reading.addHead(head, namingContext);
  }
  return reading.answer(rootDse === undefined ? undefined : generalizedTimeOf(rootDse, 'currentTime'));
}

/** The head of a naming context; why not, where this DC does not give it. */
async function readHead(session: DirectorySession, namingContext: string): Promise<Entry | { readonly why: string }> {
  try {
    return (await session.readEntry(namingContext, headAttributes)) ?? { why: 'its head cannot be seen' };
  } catch (error) {
    // A DC that refuses one naming context (a GC does for those of other domains) may still show others.
    if (error instanceof DirectoryError && error.resultCode !== undefined) return { why: error.trouble.cameBack };
    throw error;
  }
}

class Reading {
  readonly #links = new Map<string, InboundLink>();
  readonly #cursors: NamingContextCursor[] = [];
  readonly #silent = new Map<string, SilentNamingContext>();

  addXml(value: Buffer, namingContext: string | undefined): void {
    this.#try(namingContext, () => {
      const neighbor = parseInboundNeighborXml(value);
      const where = neighbor.namingContext ?? namingContext;
      if (where !== undefined) this.#addLink({ ...neighbor, namingContext: where });
    });
  }

  addHead(head: Entry, namingContext: string): void {
    const neighbors = allBytesOf(head, 'msDS-NCReplInboundNeighbors');
    for (const value of neighbors) this.addXml(value, namingContext);
    if (neighbors.length === 0) {
      for (const value of allBytesOf(head, 'repsFrom')) {
        this.#try(namingContext, () => this.#addLink({ ...parseRepsFrom(value), namingContext }));
      }
    }
    this.#addCursors(head, namingContext);
    if (!this.#hasLinkFor(namingContext)) this.silent(namingContext, 'it names no inbound partner');
  }

  silent(namingContext: string, why: string): void {
    if (this.#hasLinkFor(namingContext)) return;
    const key = normalizedDn(namingContext);
    if (!this.#silent.has(key)) this.#silent.set(key, { namingContext, why });
  }

  answer(clock: Date | undefined): ReplicationAnswer {
    return {
      links: [...this.#links.values()],
      silent: [...this.#silent.values()],
      cursors: this.#cursors,
      clock,
    };
  }

  #addLink(link: InboundLink): void {
    const key = `${normalizedDn(link.namingContext)} ${link.sourceDsaGuid}`;
    if (!this.#links.has(key)) this.#links.set(key, link);
  }

  #hasLinkFor(namingContext: string): boolean {
    const wanted = normalizedDn(namingContext);
    return [...this.#links.values()].some((link) => normalizedDn(link.namingContext) === wanted);
  }

  #addCursors(head: Entry, namingContext: string): void {
    const vector = bytesOf(head, 'replUpToDateVector');
    const xml = allBytesOf(head, 'msDS-NCReplCursors');
    this.#try(namingContext, () => {
      const cursors =
        xml.length > 0 ? xml.map(parseCursorXml) : vector === undefined ? [] : parseUpToDateVector(vector);
      this.#cursors.push(...cursors.map((cursor) => ({ ...cursor, namingContext })));
    });
  }

  /** A value that can't be understood leaves its naming context unknown, with the reason. */
  #try(namingContext: string | undefined, read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof UnreadableReplicationValueError)) throw error;
      const where = namingContext ?? 'a naming context';
      const why = `${error.trouble.on}: ${error.trouble.cameBack}`;
      this.#silent.set(namingContext === undefined ? why : normalizedDn(where), { namingContext: where, why });
    }
  }
}
