/**
 * SSPI, the security library of Windows: the package Negotiate without NTLM, for the user who is logged on or another
 * with a password. The layouts of structures are those of 64-bit Windows.
 */

import {
  memory,
  type NativeArgument,
  type NativeFunction,
  type NativeLibrary,
  type NativeType,
  openNativeLibrary,
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
  const context = new SspiContext(sspi, request.serverName);
  try {
    await context.acquire(request.as);
    return context;
  } catch (error) {
    context.dispose();
    throw error;
  }
}

// sspi.h: ISC_REQ_… and ISC_RET_… have the same bits.
const flag = { mutual: 0x2, replay: 0x4, sequence: 0x8, confidential: 0x10, connection: 0x800, integrity: 0x1_0000 };
const allFlags = Object.values(flag).reduce((sum, bit) => sum | bit);
const outbound = 2;
const nativeByteOrder = 0x10;
/** SECQOP_WRAP_NO_ENCRYPT: signed only. */
const signedOnly = 0x8000_0001;
const bufferType = { data: 1, token: 2, padding: 9, stream: 10 } as const;
const attribute = { sizes: 0, names: 1 } as const;

const status = { ok: 0, continueNeeded: 0x0009_0312 } as const;

class SspiContext implements SecurityContext {
  readonly saslMechanism = 'GSS-SPNEGO';
  readonly #sspi: Sspi;
  readonly #target: Buffer;
  readonly #credential = memory(16);
  readonly #context = memory(16);
  readonly #returnedFlags = memory(4);
  #hasCredential = false;
  #hasContext = false;
  #pending = 0;
  #isDisposed = false;

  constructor(sspi: Sspi, serverName: string) {
    this.#sspi = sspi;
    this.#target = wideText(`ldap/${serverName}`);
  }

  async acquire(as: ContextRequest['as']): Promise<void> {
    await this.#whileInUse(() => this.#sspi.acquireCredentials(identityOf(as, this.#sspi), this.#credential));
    this.#hasCredential = true;
  }

  async step(token: Buffer): Promise<SecurityStep> {
    const isFirst = !this.#hasContext;
    const step = await this.#whileInUse(() =>
      this.#sspi.initialize({
        credential: this.#credential,
        context: isFirst ? undefined : this.#context,
        newContext: this.#context,
        target: this.#target,
        token,
        returnedFlags: this.#returnedFlags,
      }),
    );
    this.#hasContext = true;
    return step;
  }

  established(): EstablishedContext {
    const flags = this.#returnedFlags.readUInt32LE();
    const sizes = this.#sspi.sizes(this.#context);
    return {
      user: this.#sspi.userOf(this.#context),
      isMutual: (flags & flag.mutual) !== 0,
      isConfidential: (flags & flag.confidential) !== 0 && (flags & flag.integrity) !== 0,
      longestMessage: (wrappedBytes) => wrappedBytes - sizes.trailer - sizes.block,
      wrap: (message, sealed) => this.#sspi.encrypt(this.#context, sizes, message, sealed),
      unwrap: (token) => this.#sspi.decrypt(this.#context, token),
    };
  }

  dispose(): void {
    this.#isDisposed = true;
    // A call that outlived its deadline still uses the handles: they are freed when it ends.
    if (this.#pending > 0) return;
    if (this.#hasContext) this.#sspi.deleteContext(this.#context);
    if (this.#hasCredential) this.#sspi.freeCredentials(this.#credential);
    this.#hasContext = false;
    this.#hasCredential = false;
  }

  async #whileInUse<T>(call: () => Promise<T>): Promise<T> {
    this.#pending += 1;
    try {
      return await call();
    } finally {
      this.#pending -= 1;
      if (this.#isDisposed) this.dispose();
    }
  }
}

/** Bytes that the library reads by address, and the memory to which the addresses point. */
interface Structure {
  readonly bytes: Buffer;
  readonly parts: readonly Buffer[];
}

/** SEC_WINNT_AUTH_IDENTITY_EXW: no user means the one who is logged on; the list of packages leaves NTLM out. */
function identityOf(as: ContextRequest['as'], sspi: Sspi): Structure {
  const [, domain = '', name = as?.user ?? ''] = /^([^\\]+)\\(.+)$/.exec(as?.user ?? '') ?? [];
  const texts = [name, domain, as?.password ?? '', '!ntlm'].map((text) => ({ text, bytes: wideText(text) }));
  const bytes = memory(72);
  bytes.writeUInt32LE(0x200, 0); // SEC_WINNT_AUTH_IDENTITY_VERSION
  bytes.writeUInt32LE(bytes.length, 4);
  const offsets = [8, 24, 40, 56];
  for (const [index, { text, bytes: wide }] of texts.entries()) {
    const offset = offsets[index] ?? 0;
    // A null pointer for what is not given: an empty text would be a user of that name.
    bytes.writeBigUInt64LE(text === '' && as === undefined ? 0n : sspi.addressOf(wide), offset);
    bytes.writeUInt32LE(text.length, offset + 8);
  }
  bytes.writeUInt32LE(2, 52); // SEC_WINNT_AUTH_IDENTITY_UNICODE
  return { bytes, parts: texts.map(({ bytes: wide }) => wide) };
}

function wideText(text: string): Buffer {
  const bytes = memory(2 * (text.length + 1));
  bytes.write(text, 'utf16le');
  return bytes;
}

interface Sizes {
  /** SecPkgContext_Sizes: cbSecurityTrailer and cbBlockSize, in bytes. */
  readonly trailer: number;
  readonly block: number;
}

/** The functions of the library with JavaScript's types. Each throws SecurityContextError. */
class Sspi {
  readonly #library: NativeLibrary;
  readonly #functions = new Map<string, NativeFunction>();

  constructor(library: NativeLibrary) {
    this.#library = library;
  }

  addressOf(buffer: Buffer): bigint {
    return this.#library.addressOf(buffer);
  }

  async acquireCredentials(identity: Structure, credential: Buffer): Promise<void> {
    const packageName = wideText('Negotiate');
    const expiry = memory(8);
    const code = await this.#function('AcquireCredentialsHandleW').async(
      ...([0n, packageName, outbound, 0n, identity.bytes, 0n, 0n, credential, expiry] as const),
    );
    for (const part of identity.parts) part.fill(0);
    this.#check(code);
  }

  async initialize(step: {
    readonly credential: Buffer;
    readonly context: Buffer | undefined;
    readonly newContext: Buffer;
    readonly target: Buffer;
    readonly token: Buffer;
    readonly returnedFlags: Buffer;
  }): Promise<SecurityStep> {
    const token = memory(longestLogonToken);
    const output = this.#buffers([[bufferType.token, token]]);
    const given = copied(step.token);
    const input = this.#buffers([[bufferType.token, given]]);
    const expiry = memory(8);
    const code = await this.#function('InitializeSecurityContextW').async(
      ...([step.credential, step.context ?? 0n, step.target, allFlags, 0, nativeByteOrder] as const),
      ...([step.token.length === 0 ? 0n : input.bytes, 0, step.newContext, output.bytes] as const),
      ...([step.returnedFlags, expiry] as const),
    );
    if (code !== status.continueNeeded) this.#check(code);
    return { token: Buffer.from(token.subarray(0, output.lengthOf(0))), isComplete: code === status.ok };
  }

  userOf(context: Buffer): string {
    const name = memory(8);
    this.#check(this.#call('QueryContextAttributesW', context, attribute.names, name));
    const address = name.readBigUInt64LE();
    try {
      return this.#wideTextAt(address);
    } finally {
      this.#call('FreeContextBuffer', address);
    }
  }

  sizes(context: Buffer): Sizes {
    const sizes = memory(16);
    this.#check(this.#call('QueryContextAttributesW', context, attribute.sizes, sizes));
    return { block: sizes.readUInt32LE(8), trailer: sizes.readUInt32LE(12) };
  }

  /** The token, the data and the padding, one after the other. */
  encrypt(context: Buffer, { trailer, block }: Sizes, message: Buffer, sealed: boolean): Buffer {
    const parts = [memory(trailer), copied(message), memory(block)];
    const [token = memory(0), data = memory(0), padding = memory(0)] = parts;
    const buffers = this.#buffers([
      [bufferType.token, token],
      [bufferType.data, data],
      [bufferType.padding, padding],
    ]);
    this.#check(this.#call('EncryptMessage', context, sealed ? 0 : signedOnly, buffers.bytes, 0));
    return Buffer.concat(parts.map((part, index) => part.subarray(0, buffers.lengthOf(index))));
  }

  decrypt(context: Buffer, token: Buffer): { readonly message: Buffer; readonly sealed: boolean } {
    const stream = copied(token);
    const buffers = this.#buffers([
      [bufferType.stream, stream],
      [bufferType.data, memory(0)],
    ]);
    const quality = memory(4);
    this.#check(this.#call('DecryptMessage', context, buffers.bytes, 0, quality), 'broken-message');
    const message = this.#library.bytesAt(buffers.addressOf(1), buffers.lengthOf(1));
    return { message, sealed: quality.readUInt32LE() !== signedOnly };
  }

  deleteContext(context: Buffer): void {
    this.#call('DeleteSecurityContext', context);
  }

  freeCredentials(credential: Buffer): void {
    this.#call('FreeCredentialsHandle', credential);
  }

  /** A SecBufferDesc and its SecBuffers: size, kind and address of each. */
  #buffers(parts: readonly (readonly [kind: number, content: Buffer])[]): SecurityBuffers {
    const buffers = memory(16 * parts.length);
    for (const [index, [kind, content]] of parts.entries()) {
      buffers.writeUInt32LE(content.length, 16 * index);
      buffers.writeUInt32LE(kind, 16 * index + 4);
      if (content.length > 0) buffers.writeBigUInt64LE(this.#library.addressOf(content), 16 * index + 8);
    }
    const bytes = memory(16);
    bytes.writeUInt32LE(parts.length, 4);
    bytes.writeBigUInt64LE(this.#library.addressOf(buffers), 8);
    return {
      bytes,
      lengthOf: (index) => buffers.readUInt32LE(16 * index),
      addressOf: (index) => buffers.readBigUInt64LE(16 * index + 8),
    };
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

  #call(name: FunctionName, ...args: readonly NativeArgument[]): number {
    return this.#function(name)(...args);
  }

  #function(name: FunctionName): NativeFunction {
    const known = this.#functions.get(name);
    if (known !== undefined) return known;
    const loaded = this.#library.function(name, signatures[name]);
    this.#functions.set(name, loaded);
    return loaded;
  }
}

interface SecurityBuffers {
  readonly bytes: Buffer;
  lengthOf(index: number): number;
  addressOf(index: number): bigint;
}

/** Kerberos tickets with many groups reach 48,000 bytes, the largest MaxTokenSize that Microsoft recommends. */
const longestLogonToken = 0xffff;

function copied(bytes: Buffer): Buffer {
  const copy = memory(bytes.length);
  bytes.copy(copy);
  return copy;
}

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
