/** Whom we believe that a server is who it says: the authorities behind TLS certificates. */

import { X509Certificate } from 'node:crypto';
import * as tls from 'node:tls';
import { DirectoryError } from '../errors.ts';
import type { Access } from './session.ts';

/** Gives the authorities that are trusted. */
export type Trust = () => tls.SecureContext;

/**
 * The trust that an access asks for. Certificates that were given are read at once; the default ones, which take a
 * while, when they are first needed, and then once. Throws DirectoryError if what was given is no certificate.
 */
export function trustOf({ ca, caFile }: Pick<Access, 'ca' | 'caFile'>): Trust {
  let context = ca === undefined ? undefined : trustIn(ca, caFile ?? 'the certificates that were given');
  return () => {
    context ??= defaultTrust();
    return context;
  };
}

/** Trusts the given certificates alone: PEM, or one as DER, which is how Windows exports it. Throws DirectoryError. */
function trustIn(ca: string | Buffer, source: string): tls.SecureContext {
  const blocks = ca.toString('latin1').match(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs) ?? [ca];
  try {
    // Read here, since a secure context passes over what it cannot read without a word.
    return tls.createSecureContext({ ca: blocks.map((block) => new X509Certificate(block).toString()) });
  } catch (error) {
    throw new DirectoryError({
      attempted: 'read the certificate of the authority',
      on: source,
      cameBack: 'it is no certificate, or one of several is none: neither PEM nor DER',
      next: 'Export the certificate of the authority again, as Base-64 X.509 (.CER), and give that file with --ca.',
      cause: error,
    });
  }
}

/** Trusts Node's own authorities and, from Node 22.15 on, the computer's: on Windows, what the domain's policy gave it. */
function defaultTrust(): tls.SecureContext {
  const get =
    'getCACertificates' in tls && typeof tls.getCACertificates === 'function' ? tls.getCACertificates : undefined;
  return tls.createSecureContext(get === undefined ? {} : { ca: [...get('default'), ...get('system')] });
}
