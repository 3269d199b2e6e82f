/**
 * A security context by GSSAPI (RFC 2743): Kerberos with the ticket of kinit, or with a password that goes only to the
 * library. Its functions (RFC 2744) in MIT Kerberos' libgssapi_krb5 with JavaScript's types; the layouts of structures
 * are those of 64-bit systems.
 */

import {
  functionsOf,
  LibraryNotLoadedError,
  memory,
  memoryInParts,
  type NativeFunction,
  type NativeLibrary,
  type NativeType,
  NoCarrierError,
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

const libraryName = 'libgssapi_krb5.so.2';

/** Opens a GSSAPI context for `ldap/NAME`. Throws NoCarrierError and SecurityContextError. */
export async function openGssapiContext(request: ContextRequest): Promise<SecurityContext> {
  const gss = new Gssapi(await openNativeLibrary(libraryName));
  const context = new GssapiContext(gss);
  try {
    await context.prepare(request);
    return context;
  } catch (error) {
    context.dispose();
    throw error;
  }
}

/**
 * The user of the ticket that kinit left on this computer, for a question that offers it; undefined if there is no valid
 * ticket or no way to look.
 */
export async function ticketOwner(): Promise<string | undefined> {
  try {
    return new Gssapi(await openNativeLibrary(libraryName)).ticketOwner();
  } catch (error) {
    const isExpected =
      error instanceof NoCarrierError ||
      error instanceof LibraryNotLoadedError ||
      error instanceof SecurityContextError;
    if (isExpected) return undefined;
    throw error;
  }
}

class GssapiContext implements SecurityContext {
  readonly saslMechanism = 'GSSAPI';
  readonly #gss: Gssapi;
  readonly #context = new Handle();
  readonly #target = new Handle();
  readonly #credential = new Handle();
  readonly #returnedFlags = memory(4);
  readonly #handles = new SharedHandles(() => {
    this.#gss.deleteContext(this.#context);
    this.#gss.releaseName(this.#target);
    this.#gss.releaseCredential(this.#credential);
  });

  constructor(gss: Gssapi) {
    this.#gss = gss;
  }

  /** Names the service, and obtains a ticket for the user if a password was given. */
  async prepare({ serverName, as }: ContextRequest): Promise<void> {
    this.#gss.importName(`ldap@${serverName}`, oid.hostBasedService, this.#target);
    if (as === undefined) return;
    const user = new Handle();
    this.#gss.importName(kerberosName(as.user), oid.userName, user);
    try {
      await this.#handles.during(() => this.#gss.acquireWithPassword(user, as.password, this.#credential));
    } finally {
      this.#gss.releaseName(user);
    }
  }

  async step(token: Buffer): Promise<SecurityStep> {
    return await this.#handles.during(() =>
      this.#gss.initialize({
        credential: this.#credential,
        context: this.#context,
        target: this.#target,
        token,
        returnedFlags: this.#returnedFlags,
      }),
    );
  }

  established(): EstablishedContext {
    const flags = this.#returnedFlags.readUInt32LE();
    return {
      user: this.#gss.userOf(this.#context),
      isMutual: (flags & flag.mutual) !== 0,
      isConfidential: (flags & flag.confidential) !== 0 && (flags & flag.integrity) !== 0,
      longestMessage: (wrappedBytes) => this.#gss.wrapSizeLimit(this.#context, wrappedBytes),
      wrap: (message, sealed) => this.#gss.wrap(this.#context, message, sealed),
      unwrap: (token) => this.#gss.unwrap(this.#context, token),
    };
  }

  dispose(): void {
    this.#handles.dispose();
  }
}

/** `jane@corp.example.com` as a Kerberos name: realms of AD are the domain's name in upper case. */
function kerberosName(user: string): string {
  const [, name, realm] = /^([^@\\]+)@([^@\\]+)$/.exec(user) ?? [];
  if (name === undefined || realm === undefined) {
    throw new SecurityContextError('user-name-form', `"${user}" is not name@domain`);
  }
  return `${name}@${realm.toUpperCase()}`;
}

// RFC 2744 section 3.9.1 and appendix A
/** Bits of the flags of a context. */
export const flag = { mutual: 2, replay: 4, sequence: 8, confidential: 16, integrity: 32 } as const;
const initiate = 1;
const complete = 0;
const continueNeeded = 1;
const isError = (major: number): boolean => major >>> 16 !== 0;
const qualityDefault = 0;
const lifetimeDefault = 0;

/** Object identifiers in DER, without tag and length. */
export const oid = {
  /** 1.2.840.113554.1.2.2 (RFC 4121) */
  kerberos: Buffer.from('2a864886f712010202', 'hex'),
  /** 1.2.840.113554.1.2.1.4 (RFC 2743 section 4.1): service@host */
  hostBasedService: Buffer.from('2a864886f71201020104', 'hex'),
  /** 1.2.840.113554.1.2.1.1 (RFC 2743 section 4.2) */
  userName: Buffer.from('2a864886f71201020101', 'hex'),
} as const;

/** A pointer that the library writes to: a handle of it. */
class Handle {
  readonly cell = memory(8);

  get address(): bigint {
    return this.cell.readBigUInt64LE();
  }
}

/** The functions of the library with JavaScript's types. Each throws SecurityContextError. */
class Gssapi {
  readonly #library: NativeLibrary;
  readonly #minor = memory(4);
  readonly #kerberos: Buffer;
  /** A gss_OID_set: count and address. */
  readonly #onlyKerberos = memory(16);
  readonly #function: (name: FunctionName) => NativeFunction;

  constructor(library: NativeLibrary) {
    this.#library = library;
    this.#function = functionsOf(library, signatures, 'gss_');
    this.#kerberos = this.#input(oid.kerberos);
    this.#onlyKerberos.writeBigUInt64LE(1n, 0);
    this.#onlyKerberos.writeBigUInt64LE(library.addressOf(this.#kerberos), 8);
  }

  importName(text: string, type: Buffer, name: Handle): void {
    const [input, nameType] = [this.#input(Buffer.from(text)), this.#input(type)];
    this.#check(this.#function('import_name')(this.#minor, input, nameType, name.cell));
  }

  /** The user of the valid default credential. */
  ticketOwner(): string | undefined {
    const [credential, user, lifetime] = [new Handle(), new Handle(), memory(4)];
    try {
      const args = [this.#minor, 0n, lifetimeDefault, this.#onlyKerberos, initiate, credential.cell, 0n, 0n] as const;
      this.#check(this.#function('acquire_cred')(...args));
      this.#check(this.#function('inquire_cred')(this.#minor, credential.address, user.cell, lifetime, 0n, 0n));
      return lifetime.readUInt32LE() === 0 ? undefined : this.#displayed(user);
    } finally {
      this.releaseName(user);
      this.releaseCredential(credential);
    }
  }

  async acquireWithPassword(user: Handle, password: string, credential: Handle): Promise<void> {
    const secret = this.#input(Buffer.from(password));
    const minor = memory(4);
    try {
      const major = await this.#function('acquire_cred_with_password').async(
        minor,
        user.address,
        secret,
        lifetimeDefault,
        this.#onlyKerberos,
        initiate,
        credential.cell,
        0n,
        0n,
      );
      this.#check(major, minor);
    } finally {
      Buffer.from(secret.buffer).fill(0);
    }
  }

  async initialize(step: {
    readonly credential: Handle;
    readonly context: Handle;
    readonly target: Handle;
    readonly token: Buffer;
    readonly returnedFlags: Buffer;
  }): Promise<SecurityStep> {
    const [input, output, minor] = [this.#input(step.token), memory(16), memory(4)];
    const major = await this.#function('init_sec_context').async(
      minor,
      step.credential.address,
      step.context.cell,
      step.target.address,
      this.#kerberos,
      flag.mutual | flag.replay | flag.sequence | flag.confidential | flag.integrity,
      lifetimeDefault,
      0n,
      input,
      0n,
      output,
      step.returnedFlags,
      0n,
    );
    const token = this.#taken(output);
    this.#check(major, minor);
    return { token, isComplete: (major & continueNeeded) === 0 };
  }

  userOf(context: Handle): string {
    const user = new Handle();
    this.#check(this.#function('inquire_context')(this.#minor, context.address, user.cell, 0n, 0n, 0n, 0n, 0n, 0n));
    try {
      return this.#displayed(user);
    } finally {
      this.releaseName(user);
    }
  }

  #displayed(name: Handle): string {
    const text = memory(16);
    this.#check(this.#function('display_name')(this.#minor, name.address, text, 0n));
    return textOf(this.#taken(text));
  }

  wrapSizeLimit(context: Handle, wrappedBytes: number): number {
    const longest = memory(4);
    this.#check(
      this.#function('wrap_size_limit')(this.#minor, context.address, 1, qualityDefault, wrappedBytes, longest),
    );
    return longest.readUInt32LE();
  }

  wrap(context: Handle, message: Buffer, sealed: boolean): Buffer {
    const [input, output, wasSealed] = [this.#input(message), memory(16), memory(4)];
    const args = [this.#minor, context.address, sealed ? 1 : 0, qualityDefault, input, wasSealed, output] as const;
    this.#check(this.#function('wrap')(...args));
    const token = this.#taken(output);
    if (sealed && wasSealed.readInt32LE() === 0) {
      throw new SecurityContextError('other', 'the library signed a message without encrypting it');
    }
    return token;
  }

  unwrap(context: Handle, token: Buffer): { readonly message: Buffer; readonly sealed: boolean } {
    const [input, output, wasSealed] = [this.#input(token), memory(16), memory(4)];
    const major = this.#function('unwrap')(this.#minor, context.address, input, output, wasSealed, 0n);
    const message = this.#taken(output);
    // Supplementary bits mean a message that was repeated or lost (RFC 2744 section 3.9.1).
    if (major !== complete) throw new SecurityContextError('broken-message', this.#words(major, this.#minor));
    return { message, sealed: wasSealed.readInt32LE() !== 0 };
  }

  deleteContext(context: Handle): void {
    if (context.address !== 0n) this.#function('delete_sec_context')(this.#minor, context.cell, 0n);
  }

  releaseName(name: Handle): void {
    if (name.address !== 0n) this.#function('release_name')(this.#minor, name.cell);
  }

  releaseCredential(credential: Handle): void {
    if (credential.address !== 0n) this.#function('release_cred')(this.#minor, credential.cell);
  }

  #check(major: number, minor = this.#minor): void {
    if (!isError(major)) return;
    throw new SecurityContextError(failureOf(major, minor.readInt32LE()), this.#words(major, minor));
  }

  /** The mechanism's words if it has any, else those of GSSAPI. */
  #words(major: number, minor: Buffer): string {
    const code = minor.readInt32LE();
    const byMechanism = code === 0 ? '' : this.#status(minor.readUInt32LE(), 2);
    return byMechanism === '' ? `${this.#status(major, 1)} (0x${major.toString(16)})` : `${byMechanism} (${code})`;
  }

  #status(code: number, type: 1 | 2): string {
    const [minor, more, text] = [memory(4), memory(4), memory(16)];
    const major = this.#function('display_status')(minor, code, type, this.#kerberos, more, text);
    return isError(major) ? '' : textOf(this.#taken(text));
  }

  /** The bytes of an output buffer, which is then freed. */
  #taken(descriptor: Buffer): Buffer {
    const [length, address] = [Number(descriptor.readBigUInt64LE(0)), descriptor.readBigUInt64LE(8)];
    if (address === 0n) return Buffer.alloc(0);
    const bytes = this.#library.bytesAt(address, length);
    this.#function('release_buffer')(memory(4), descriptor);
    return bytes;
  }

  /** A gss_buffer_desc or gss_OID_desc (length and address), with the bytes behind it. */
  #input(bytes: Buffer): Buffer {
    const [descriptor = memory(0), content = memory(0)] = memoryInParts(16, Math.max(1, bytes.length));
    bytes.copy(content);
    descriptor.writeBigUInt64LE(BigInt(bytes.length), 0);
    descriptor.writeBigUInt64LE(this.#library.addressOf(content), 8);
    return descriptor;
  }
}

/** MIT's texts end in a NUL. */
function textOf(bytes: Buffer): string {
  return bytes.toString().replace(/\0+$/, '');
}

const signatures = {
  import_name: ['pointer', 'pointer', 'pointer', 'pointer'],
  release_name: ['pointer', 'pointer'],
  acquire_cred_with_password: [
    ...(['pointer', 'pointer', 'pointer', 'uint32', 'pointer'] as const),
    ...(['int32', 'pointer', 'pointer', 'pointer'] as const),
  ],
  acquire_cred: ['pointer', 'pointer', 'uint32', 'pointer', 'int32', 'pointer', 'pointer', 'pointer'],
  inquire_cred: ['pointer', 'pointer', 'pointer', 'pointer', 'pointer', 'pointer'],
  release_cred: ['pointer', 'pointer'],
  init_sec_context: [
    ...(['pointer', 'pointer', 'pointer', 'pointer', 'pointer', 'uint32', 'uint32'] as const),
    ...(['pointer', 'pointer', 'pointer', 'pointer', 'pointer', 'pointer'] as const),
  ],
  delete_sec_context: ['pointer', 'pointer', 'pointer'],
  inquire_context: [
    ...(['pointer', 'pointer', 'pointer', 'pointer', 'pointer'] as const),
    ...(['pointer', 'pointer', 'pointer', 'pointer'] as const),
  ],
  display_name: ['pointer', 'pointer', 'pointer', 'pointer'],
  display_status: ['pointer', 'uint32', 'int32', 'pointer', 'pointer', 'pointer'],
  wrap_size_limit: ['pointer', 'pointer', 'int32', 'uint32', 'uint32', 'pointer'],
  wrap: ['pointer', 'pointer', 'int32', 'uint32', 'pointer', 'pointer', 'pointer'],
  unwrap: ['pointer', 'pointer', 'pointer', 'pointer', 'pointer', 'pointer'],
  release_buffer: ['pointer', 'pointer'],
} as const satisfies Readonly<Record<string, readonly NativeType[]>>;

type FunctionName = keyof typeof signatures;

/** By the routine error of GSSAPI (RFC 2744 section 3.9.1) and MIT's codes for errors of Kerberos (krb5.h). */
function failureOf(major: number, minor: number): LogonFailure {
  const byKerberos = failuresOfKerberos.get(minor);
  if (byKerberos !== undefined) return byKerberos;
  switch ((major >>> 16) & 0xff) {
    case 7: // GSS_S_NO_CRED
      return 'no-credentials';
    case 11: // GSS_S_CREDENTIALS_EXPIRED
      return 'expired';
    default:
      return 'other';
  }
}

const failuresOfKerberos: ReadonlyMap<number, LogonFailure> = new Map([
  [-1765328378, 'unknown-user'], // KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN
  [-1765328377, 'unknown-service'], // KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN
  [-1765328366, 'account-refused'], // KRB5KDC_ERR_CLIENT_REVOKED
  [-1765328361, 'password-expired'], // KRB5KDC_ERR_KEY_EXP
  [-1765328360, 'wrong-password'], // KRB5KDC_ERR_PREAUTH_FAILED
  [-1765328353, 'wrong-password'], // KRB5KRB_AP_ERR_BAD_INTEGRITY
  [-1765328352, 'expired'], // KRB5KRB_AP_ERR_TKT_EXPIRED
  [-1765328351, 'clock-skew'], // KRB5KRB_AP_ERR_TKT_NYV: a ticket from the future
  [-1765328347, 'clock-skew'], // KRB5KRB_AP_ERR_SKEW
  [-1765328243, 'no-credentials'], // KRB5_CC_NOTFOUND
  [-1765328230, 'no-kdc'], // KRB5_REALM_UNKNOWN
  [-1765328228, 'no-kdc'], // KRB5_KDC_UNREACH
  [-1765328189, 'no-credentials'], // KRB5_FCC_NOFILE
  [-1765328164, 'no-kdc'], // KRB5_REALM_CANT_RESOLVE
]);
