import { createHash } from 'node:crypto';
import {
  type EstablishedContext,
  type OpenContext,
  type SecurityContext,
  SecurityContextError,
} from '../../../src/ldap/logon/security-context.ts';

/** What a token begins with: sealed, or signed only. */
const kind = { sealed: 0x53, signed: 0x49 } as const;
const digestBytes = 8;
/** The bytes by which a token is longer than its message. */
export const overhead = 1 + digestBytes;

/** A toy in place of Kerberos: sealed messages are inverted, and every token carries a digest. */
export function falseWrap(message: Buffer, sealed: boolean): Buffer {
  const body = sealed ? inverted(message) : message;
  return Buffer.concat([Buffer.from([sealed ? kind.sealed : kind.signed]), digestOf(message), body]);
}

export function falseUnwrap(token: Buffer): { readonly message: Buffer; readonly sealed: boolean } {
  const sealed = token[0] === kind.sealed;
  const body = token.subarray(overhead);
  const message = sealed ? inverted(body) : Buffer.from(body);
  if (token.length < overhead || !digestOf(message).equals(token.subarray(1, overhead))) {
    throw new SecurityContextError('broken-message', 'the digest does not match');
  }
  return { message, sealed };
}

function digestOf(message: Buffer): Buffer {
  return createHash('sha256').update(message).digest().subarray(0, digestBytes);
}

function inverted(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0xff));
}

export interface FalseContextOptions {
  readonly saslMechanism?: SecurityContext['saslMechanism'];
  readonly flags?: Partial<Pick<EstablishedContext, 'isMutual' | 'isConfidential'>>;
  /** How many tokens it takes before it is complete. */
  readonly steps?: number;
  readonly onStep?: () => Promise<void>;
}

export interface FalseContext {
  readonly open: OpenContext;
  /** The tokens of the server that it was given. */
  readonly received: readonly string[];
  /** How often it was freed. */
  readonly disposals: () => number;
  /** How often it was to open a message after it was freed: the memory of a real one is then someone else's. */
  readonly usesAfterDisposal: () => number;
}

/** A context that sends client-1, client-2 … and is complete after as many of the server's tokens as steps. */
export function falseContext(options: FalseContextOptions = {}): FalseContext {
  const { saslMechanism = 'GSSAPI', flags = {}, steps = 1 } = options;
  const received: string[] = [];
  let disposals = 0;
  let usesAfterDisposal = 0;
  const context: SecurityContext = {
    saslMechanism,
    step: async (token) => {
      await options.onStep?.();
      received.push(token.toString());
      const isComplete = received.length > steps;
      return { token: Buffer.from(isComplete ? '' : `client-${received.length}`), isComplete };
    },
    established: () => ({
      user: 'kim@EXAMPLE.COM',
      isMutual: true,
      isConfidential: true,
      longestMessage: (wrappedBytes) => wrappedBytes - overhead,
      wrap: falseWrap,
      unwrap: (token) => {
        if (disposals > 0) usesAfterDisposal += 1;
        return falseUnwrap(token);
      },
      ...flags,
    }),
    dispose: () => {
      disposals += 1;
    },
  };
  return {
    open: async () => context,
    received,
    disposals: () => disposals,
    usesAfterDisposal: () => usesAfterDisposal,
  };
}
