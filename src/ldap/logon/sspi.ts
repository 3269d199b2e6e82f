/**
 * A security context by SSPI, the security library of Windows: the package Negotiate without NTLM, for the user who is
 * logged on or another with a password. Its functions in secur32.dll (sspi.h) with JavaScript's types; the layouts of
 * structures are those of 64-bit Windows.
 */

import {
  functionsOf,
  memory,
  memoryInParts,
  type NativeFunction,
  type NativeLibrary,
  type NativeType,
  openNativeLibrary,
  SharedHandles,
} from './native-library.ts';
import {
  type ContextRequest,
  type EstablishedContext,
  type LogonFailure,
  type SecurityContext,
  SecurityContextError,
  type SecurityStep,
} from './security-context.ts';

/** Opens a Negotiate context for `ldap/NAME`. Throws NoCarrierError and SecurityContextError. */
export async function openSspiContext(request: ContextRequest): Promise<SecurityContext> {
  const sspi = new Sspi(await openNativeLibrary('secur32.dll'));
  const context = new SspiContext(sspi, request);
  try {
    await context.acquire(request.as);
    return context;
  } catch (error) {
    context.dispose();
    throw error;
  }
}

class SspiContext implements SecurityContext {
  readonly saslMechanism = 'GSS-SPNEGO';
  readonly #sspi: Sspi;
  readonly #target: Buffer;
  readonly #givenUser: string | undefined;
  readonly #credential = memory(16);
  readonly #context = memory(16);
  readonly #returnedFlags = memory(4);
  #hasCredential = false;
  #hasContext = false;
  readonly #handles = new SharedHandles(() => {
    if (this.#hasContext) this.#sspi.deleteContext(this.#context);
    if (this.#hasCredential) this.#sspi.freeCredentials(this.#credential);
  });

  constructor(sspi: Sspi, { serverName, as }: ContextRequest) {
    this.#sspi = sspi;
    this.#target = wideText(`ldap/${serverName}`);
    this.#givenUser = as?.user;
  }

  async acquire(as: ContextRequest['as']): Promise<void> {
    await this.#handles.during(async () => {
      await this.#sspi.acquireCredentials(identityOf(as), this.#credential);
      this.#hasCredential = true;
    });
  }

  async step(token: Buffer): Promise<SecurityStep> {
    const isFirst = !this.#hasContext;
    // Within the call, so that what comes after a dispose is freed too.
    return await this.#handles.during(async () => {
      const step = await this.#sspi.initialize({
        credential: this.#credential,
        context: isFirst ? undefined : this.#context,
        newContext: this.#context,
        target: this.#target,
        token,
        returnedFlags: this.#returnedFlags,
      });
      this.#hasContext = true;
      return step;
    });
  }

  established(): EstablishedContext {
    const flags = this.#returnedFlags.readUInt32LE();
    const sizes = this.#sspi.sizes(this.#context);
    return {
      user: this.#sspi.userOf(this.#context) ?? this.#givenUser ?? 'the user of this computer',
      isMutual: (flags & flag.mutual) !== 0,
      isConfidential: (flags & flag.confidential) !== 0 && (flags & flag.integrity) !== 0,
      longestMessage: (wrappedBytes) => wrappedBytes - sizes.trailer - sizes.block,
      wrap: (message, sealed) => this.#sspi.encrypt(this.#context, sizes, message, sealed),
      unwrap: (token) => this.#sspi.decrypt(this.#context, token),
    };
  }

  dispose(): void {
    this.#handles.dispose();
  }
}

/** `CORP\jane` in its parts; a UPN is a name without a domain. NTLM is left out: it does not prove the server's identity. */
function identityOf(as: ContextRequest['as']): Identity {
  const user = as?.user ?? '';
  const [, domain = '', name = user] = /^([^\\]+)\\(.+)$/.exec(user) ?? [];
  return { name, domain, password: as?.password ?? '', packages: '!ntlm' };
}

// sspi.h: ISC_REQ_… and ISC_RET_… have the same bits.
export const flag = {
  mutual: 0x2,
  replay: 0x4,
  sequence: 0x8,
  confidential: 0x10,
  connection: 0x800,
  integrity: 0x1_0000,
};
const allFlags = Object.values(flag).reduce((sum, bit) => sum | bit);
const outbound = 2;
const nativeByteOrder = 0x10;
/** SECQOP_WRAP_NO_ENCRYPT: signed only. */
const signedOnly = 0x8000_0001;
const bufferType = { data: 1, token: 2, padding: 9, stream: 10 } as const;
const attribute = { sizes: 0, names: 1 } as const;

const status = { ok: 0, continueNeeded: 0x0009_0312 } as const;

/** Text in UTF-16 with a NUL at its end. */
function wideText(text: string): Buffer {
  const bytes = memory(2 * (text.length + 1));
  bytes.write(text, 'utf16le');
  return bytes;
}

/** Who logs on; the texts are empty for the user who is logged on to this computer. */
export interface Identity {
  readonly name: string;
  readonly domain: string;
  readonly password: string;
  /** Packages that Negotiate may use, as Windows writes them: `!ntlm` for all except NTLM. */
  readonly packages: string;
}

interface Sizes {
  /** SecPkgContext_Sizes: cbSecurityTrailer and cbBlockSize, in bytes. */
  readonly trailer: number;
  readonly block: number;
}

/** The functions of the library with JavaScript's types. Each throws SecurityContextError. */
export class Sspi {
  readonly #library: NativeLibrary;
  readonly #function: (name: FunctionName) => NativeFunction;

  constructor(library: NativeLibrary) {
    this.#library = library;
    this.#function = functionsOf(library, signatures);
  }

  async acquireCredentials(who: Identity, credential: Buffer): Promise<void> {
    const identity = this.#identity(who);
    const packageName = wideText('Negotiate');
    const expiry = memory(8);
    try {
      const code = await this.#function('AcquireCredentialsHandleW').async(
        ...([0n, packageName, outbound, 0n, identity, 0n, 0n, credential, expiry] as const),
      );
      this.#check(code);
    } finally {
      Buffer.from(identity.buffer).fill(0);
    }
  }

  async initialize(step: {
    readonly credential: Buffer;
    readonly context: Buffer | undefined;
    readonly newContext: Buffer;
    readonly target: Buffer;
    readonly token: Buffer;
    readonly returnedFlags: Buffer;
  }): Promise<SecurityStep> {
    const output = this.#buffers([bufferType.token, longestLogonToken]);
    const input = this.#buffers([bufferType.token, step.token]);
    const expiry = memory(8);
    const code = await this.#function('InitializeSecurityContextW').async(
      ...([step.credential, step.context ?? 0n, step.target, allFlags, 0, nativeByteOrder] as const),
      ...([step.token.length === 0 ? 0n : input.descriptor, 0, step.newContext, output.descriptor] as const),
      ...([step.returnedFlags, expiry] as const),
    );
    if (code !== status.continueNeeded) this.#check(code);
    return { token: output.content(0), isComplete: code === status.ok };
  }

  /** undefined if the package does not say. */
  userOf(context: Buffer): string | undefined {
    const name = memory(8);
    if (this.#function('QueryContextAttributesW')(context, attribute.names, name) !== status.ok) return undefined;
    const address = name.readBigUInt64LE();
    try {
      return this.#wideTextAt(address);
    } finally {
      this.#function('FreeContextBuffer')(address);
    }
  }

  sizes(context: Buffer): Sizes {
    const sizes = memory(16);
    this.#check(this.#function('QueryContextAttributesW')(context, attribute.sizes, sizes));
    return { block: sizes.readUInt32LE(8), trailer: sizes.readUInt32LE(12) };
  }

  /** The token, the data and the padding, one after the other. */
  encrypt(context: Buffer, { trailer, block }: Sizes, message: Buffer, sealed: boolean): Buffer {
    const buffers = this.#buffers([bufferType.token, trailer], [bufferType.data, message], [bufferType.padding, block]);
    this.#check(this.#function('EncryptMessage')(context, sealed ? 0 : signedOnly, buffers.descriptor, 0));
    return Buffer.concat([buffers.content(0), buffers.content(1), buffers.content(2)]);
  }

  decrypt(context: Buffer, token: Buffer): { readonly message: Buffer; readonly sealed: boolean } {
    const buffers = this.#buffers([bufferType.stream, token], [bufferType.data, 0]);
    const quality = memory(4);
    this.#check(this.#function('DecryptMessage')(context, buffers.descriptor, 0, quality), 'broken-message');
    return { message: buffers.content(1), sealed: quality.readUInt32LE() !== signedOnly };
  }

  deleteContext(context: Buffer): void {
    this.#function('DeleteSecurityContext')(context);
  }

  freeCredentials(credential: Buffer): void {
    this.#function('FreeCredentialsHandle')(credential);
  }

  /** A SecBufferDesc, its SecBuffers (size, kind and address of each) and their content: these bytes, or this many zeros. */
  #buffers(...parts: readonly (readonly [kind: number, content: Buffer | number])[]): SecurityBuffers {
    const sizes = parts.map(([, content]) => (typeof content === 'number' ? content : content.length));
    const [descriptor = memory(0), table = memory(0), ...contents] = memoryInParts(16, 16 * parts.length, ...sizes);
    descriptor.writeUInt32LE(parts.length, 4);
    descriptor.writeBigUInt64LE(this.#library.addressOf(table), 8);
    for (const [index, [kind, content]] of parts.entries()) {
      const place = contents[index] ?? memory(0);
      if (typeof content !== 'number') content.copy(place);
      table.writeUInt32LE(place.length, 16 * index);
      table.writeUInt32LE(kind, 16 * index + 4);
      if (place.length > 0) table.writeBigUInt64LE(this.#library.addressOf(place), 16 * index + 8);
    }
    return {
      descriptor,
      content: (index) => this.#library.bytesAt(table.readBigUInt64LE(16 * index + 8), table.readUInt32LE(16 * index)),
    };
  }

  /** A SEC_WINNT_AUTH_IDENTITY_EXW with its texts. */
  #identity({ name, domain, password, packages }: Identity): Buffer {
    const texts = [name, domain, password, packages];
    const [identity = memory(0), ...wides] = memoryInParts(72, ...texts.map((text) => 2 * (text.length + 1)));
    identity.writeUInt32LE(0x200, 0); // SEC_WINNT_AUTH_IDENTITY_VERSION
    identity.writeUInt32LE(identity.length, 4);
    identity.writeUInt32LE(2, 52); // SEC_WINNT_AUTH_IDENTITY_UNICODE
    for (const [index, offset] of [8, 24, 40, 56].entries()) {
      const [text = '', wide = memory(0)] = [texts[index], wides[index]];
      wide.write(text, 'utf16le');
      // A null pointer where nothing is given: an empty text would be a user of that name.
      if (name !== '' || text !== '') identity.writeBigUInt64LE(this.#library.addressOf(wide), offset);
      identity.writeUInt32LE(text.length, offset + 8);
    }
    return identity;
  }

  #wideTextAt(address: bigint): string {
    let text = '';
    for (let offset = 0; ; offset += 2) {
      const code = this.#library.bytesAt(address + BigInt(offset), 2).readUInt16LE();
      if (code === 0) return text;
      text += String.fromCharCode(code);
    }
  }

  #check(code: number, failure?: LogonFailure): void {
    if (code === status.ok) return;
    const [known, words] = failures.get(code) ?? ['other', 'the security library refused'];
    throw new SecurityContextError(failure ?? known, `${words} (0x${code.toString(16).toUpperCase()})`);
  }
}

interface SecurityBuffers {
  readonly descriptor: Buffer;
  /** A copy of what a buffer holds after the call, which may have changed its size and address. */
  content(index: number): Buffer;
}

/** Kerberos tickets with many groups reach 48,000 bytes, the largest MaxTokenSize that Microsoft recommends. */
const longestLogonToken = 0xffff;

const signatures = {
  AcquireCredentialsHandleW: [
    ...(['pointer', 'pointer', 'uint32', 'pointer', 'pointer'] as const),
    ...(['pointer', 'pointer', 'pointer', 'pointer'] as const),
  ],
  InitializeSecurityContextW: [
    ...(['pointer', 'pointer', 'pointer', 'uint32', 'uint32', 'uint32'] as const),
    ...(['pointer', 'uint32', 'pointer', 'pointer', 'pointer', 'pointer'] as const),
  ],
  QueryContextAttributesW: ['pointer', 'uint32', 'pointer'],
  FreeContextBuffer: ['pointer'],
  EncryptMessage: ['pointer', 'uint32', 'pointer', 'uint32'],
  DecryptMessage: ['pointer', 'pointer', 'uint32', 'pointer'],
  DeleteSecurityContext: ['pointer'],
  FreeCredentialsHandle: ['pointer'],
} as const satisfies Readonly<Record<string, readonly NativeType[]>>;

type FunctionName = keyof typeof signatures;

/** SEC_E_… (winerror.h). */
const failures: ReadonlyMap<number, readonly [LogonFailure, string]> = new Map([
  [0x8009_0303, ['unknown-service', 'SEC_E_TARGET_UNKNOWN']],
  [0x8009_0322, ['unknown-service', 'SEC_E_WRONG_PRINCIPAL']],
  [0x8009_030c, ['wrong-password', 'SEC_E_LOGON_DENIED']],
  [0x8009_030e, ['no-credentials', 'SEC_E_NO_CREDENTIALS']],
  [0x8009_0311, ['no-kdc', 'SEC_E_NO_AUTHENTICATING_AUTHORITY']],
  [0x8009_0317, ['expired', 'SEC_E_CONTEXT_EXPIRED']],
  [0x8009_0324, ['clock-skew', 'SEC_E_TIME_SKEW']],
  [0x8009_030f, ['broken-message', 'SEC_E_MESSAGE_ALTERED']],
  [0x8009_0310, ['broken-message', 'SEC_E_OUT_OF_SEQUENCE']],
]);
