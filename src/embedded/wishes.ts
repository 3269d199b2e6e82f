/** What the controls of a request wish for. */

import { type Control, controlOid } from '../ldap/controls.ts';
import { BerError } from './ber.ts';
import { decodePagedResults, decodeSdFlags } from './decode-request.ts';
import { refuse } from './refusal.ts';

/** The controls of a request, read. */
export class Wishes {
  readonly #oids: ReadonlySet<string>;
  readonly paged: { readonly size: number; readonly cookie: Buffer } | undefined;
  readonly securityParts: number | undefined;

  /** Throws Refusal if the value of a control cannot be read. */
  constructor(controls: readonly Control[]) {
    this.#oids = new Set(controls.map(({ oid }) => oid));
    this.paged = readControl(controls, controlOid.pagedResults, decodePagedResults);
    this.securityParts = readControl(controls, controlOid.sdFlags, decodeSdFlags);
  }

  has(oid: string): boolean {
    return this.#oids.has(oid);
  }
}

function readControl<T>(controls: readonly Control[], oid: string, read: (value: Buffer) => T): T | undefined {
  const control = controls.find((given) => given.oid === oid);
  if (control === undefined) return undefined;
  if (control.value === undefined) throw refuse.criticalControl();
  try {
    return read(control.value);
  } catch (error) {
    if (error instanceof BerError) throw refuse.criticalControl();
    throw error;
  }
}
