import { ldapConnector } from '../../src/ldap/connector.ts';
import type { Access, DirectorySession, ServerAddress } from '../../src/ldap/session.ts';

/** Connects, sets up TLS, logs on and reads the rootDSE. Throws DirectoryError. */
export function openSession(options: ServerAddress & Access): Promise<DirectorySession> {
  return ldapConnector(options).open(options);
}
