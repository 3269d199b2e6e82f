/** A total deadline for everything that is read through a session, whatever the server sends. */

import type { Entry } from '../ad/entry.ts';
import { DirectoryError } from '../errors.ts';
import type { DirectorySession } from './session.ts';

/**
 * The session, whose searches and reads fail with DirectoryError once the signal is aborted: also a search that receives
 * an entry every few seconds without end. Writes are not affected. Closing it closes the given session.
 */
export function withSearchDeadline(session: DirectorySession, signal: AbortSignal): DirectorySession {
  const abortable = (base: string): Abortable => new Abortable(signal, `${nameOf(base)} on ${session.identity.host}`);
  return {
    identity: session.identity,
    rootDse: session.rootDse,
    search: (request) => untilAborted(session.search(request), abortable(request.base)),
    readEntry: async (base, attributes, controls, deadline) => {
      const read = abortable(base);
      try {
        return await read.wait(session.readEntry(base, attributes, controls, deadline));
      } finally {
        read.end();
      }
    },
    modify: (...edit) => session.modify(...edit),
    add: (...entry) => session.add(...entry),
    delete: (...entry) => session.delete(...entry),
    close: () => session.close(),
  };
}

async function* untilAborted(entries: AsyncIterable<Entry>, abortable: Abortable): AsyncGenerator<Entry> {
  const iterator = entries[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await abortable.wait(iterator.next());
      if (done === true) return;
      yield value;
    }
  } finally {
    abortable.end();
    // Not awaited: after an abort it waits for the server's next answer, and an error no longer matters.
    iterator.return?.().catch(() => undefined);
  }
}

/** Waits for one promise after the other, until the signal is aborted; with a single listener for all of them. */
class Abortable {
  readonly #signal: AbortSignal;
  readonly #on: string;
  #reject: ((error: DirectoryError) => void) | undefined;

  constructor(signal: AbortSignal, on: string) {
    this.#signal = signal;
    this.#on = on;
    signal.addEventListener('abort', this.#abort);
  }

  /** Throws what the work throws, or DirectoryError once the signal is aborted. */
  wait<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      work.then(resolve, reject);
      if (this.#signal.aborted) this.#abort();
    });
  }

  end(): void {
    this.#signal.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => {
    this.#reject?.(
      new DirectoryError({
        attempted: 'read in the time allowed',
        on: this.#on,
        cameBack: 'the time for reading the directory has run out',
        next: 'Allow more time with --deadline SECONDS, or use another domain controller.',
      }),
    );
  };
}

function nameOf(base: string): string {
  return base === '' ? 'the rootDSE' : base;
}
