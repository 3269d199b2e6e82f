import type { DirectorySession } from '../ldap/session.ts';

/** How the writers of directory changes reach the one DC that they write to. */
export interface EntryAccess {
  /** The session in use. */
  session(): Promise<DirectorySession>;
  /** A fresh session with the same DC, after the connection was lost. Throws DirectoryError if it can't be had. */
  reopen(): Promise<DirectorySession>;
}
