/**
 * A security context by SSPI, the security library of Windows: the package Negotiate without NTLM, for the user who is
 * logged on or another with a password.
 */

import { memory, openNativeLibrary, SharedHandles } from './native-library.ts';
import type { ContextRequest, EstablishedContext, SecurityContext, SecurityStep } from './security-context.ts';
import { flag, type Identity, Sspi, wideText } from './sspi-library.ts';

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
