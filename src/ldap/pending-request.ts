/** A request and its answers on a connection. */

import { afterSilence } from './after-silence.ts';
import type { ConnectionError } from './connection-trouble.ts';
import type { Response } from './responses.ts';

interface PendingRequestOptions {
  readonly deadlineMs: number;
  readonly onWait: () => void;
  readonly onSilence: () => void;
  readonly onAbandon: () => void;
}

/** A request and its answers: they come in at one end and are taken at the other. */
export class PendingRequest {
  readonly #options: PendingRequestOptions;
  #held: Response[] = [];
  #error: ConnectionError | undefined;
  #wake: (() => void) | undefined;
  heldBytes = 0;

  constructor(options: PendingRequestOptions) {
    this.#options = options;
  }

  get isWaiting(): boolean {
    return this.#wake !== undefined;
  }

  deliver(response: Response, bytes: number): void {
    this.#held.push(response);
    this.heldBytes += bytes;
    this.#wake?.();
  }

  fail(error: ConnectionError): void {
    this.#error = error;
    this.#wake?.();
  }

  /** The answers that have come, at least one; the last of all is a result. Throws ConnectionError. */
  async take(): Promise<readonly Response[]> {
    if (this.#held.length === 0 && this.#error === undefined) await this.#answer();
    if (this.#held.length === 0 && this.#error !== undefined) throw this.#error;
    const held = this.#held;
    this.#held = [];
    this.heldBytes = 0;
    return held;
  }

  /** Tells the server that nobody wants the rest. */
  abandon(): void {
    this.#options.onAbandon();
  }

  async #answer(): Promise<void> {
    const cancel = afterSilence(this.#options.deadlineMs, this.#options.onSilence);
    await new Promise<void>((resolve) => {
      this.#wake = () => {
        cancel();
        resolve();
      };
      this.#options.onWait();
    });
    this.#wake = undefined;
  }
}
