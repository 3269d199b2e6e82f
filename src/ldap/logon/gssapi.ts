/**
 * A security context by GSSAPI (RFC 2743): Kerberos with the ticket of kinit, or with a password that goes only to the
 * library.
 */

import { flag, Gssapi, Handle, oid } from './gssapi-library.ts';
import { LibraryNotLoadedError, memory, NoCarrierError, openNativeLibrary, SharedHandles } from './native-library.ts';
import {
  type ContextRequest,
  type EstablishedContext,
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
