/** Whom we believe that a server is who it says: the authorities behind TLS certificates. */

import { X509Certificate } from 'node:crypto';
import * as tls from 'node:tls';
import { DirectoryError } from '../errors.ts';

/** Trusts the given certificates alone: PEM, or one as DER, which is how Windows exports it. Throws DirectoryError. */
export function trustIn(ca: string | Buffer): tls.SecureContext {
  const blocks = ca.toString('latin1').match(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs) ?? [ca];
  try {
    // Read here, since a secure context passes over what it cannot read without a word.
    return tls.createSecureContext({ ca: blocks.map((block) => new X509Certificate(block).toString()) });
  } catch (error) {
    throw new DirectoryError({
      attempted: 'read the certificate of the authority',
      on: '--ca',
      cameBack: 'it is no certificate, or one of several is none: neither PEM nor DER',
      next: 'Export the certificate of the authority again, as Base-64 X.509 (.CER).',
      cause: error,
    });
  }
}

let defaultContext: tls.SecureContext | undefined;

/** Trusts Node's own authorities and, from Node 22.15 on, the computer's: on Windows, what the domain's policy gave it. */
export function defaultTrust(): tls.SecureContext {
  if (defaultContext === undefined) {
    const get =
      'getCACertificates' in tls && typeof tls.getCACertificates === 'function' ? tls.getCACertificates : undefined;
    defaultContext = tls.createSecureContext(get === undefined ? {} : { ca: [...get('default'), ...get('system')] });
  }
  return defaultContext;
}
