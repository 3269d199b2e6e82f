import { DirectoryError } from '../errors.ts';

/** A value that has not the syntax of its kind: a GUID of 15 bytes, a time that is none. */
export class ValueSyntaxError extends DirectoryError {
  constructor(kind: string, found: string | Uint8Array, expected: string) {
    super({
      attempted: `read ${kind}`,
      on: typeof found === 'string' ? JSON.stringify(found) : `${found.length} bytes`,
      cameBack: `expected ${expected}`,
      next: 'Look at the value with another tool; it was cut short, or something else wrote it.',
    });
  }
}
