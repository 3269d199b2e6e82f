/** The LDAP controls of AD: options that a request carries beside its operation. */

import { DirectoryError } from '../errors.ts';

export interface Control {
  readonly oid: string;
  /** A server that does not know a critical control must refuse the request (RFC 4511 4.1.11). */
  readonly critical: boolean;
  /** BER, as the control's definition says. */
  readonly value?: Buffer;
}

/** The controls that are used (MS-ADTS 3.1.1.3.4.1; paging RFC 2696). */
export const controlOid = {
  /** RFC 2696; MS-ADTS 3.1.1.3.4.1.1 (LDAP_PAGED_RESULT_OID_STRING). */
  pagedResults: '1.2.840.113556.1.4.319',
  /** MS-ADTS 3.1.1.3.4.1.3 (LDAP_SERVER_DOMAIN_SCOPE_OID). */
  domainScope: '1.2.840.113556.1.4.1339',
  /** MS-ADTS 3.1.1.3.4.1.8 (LDAP_SERVER_PERMISSIVE_MODIFY_OID). */
  permissiveModify: '1.2.840.113556.1.4.1413',
  /** MS-ADTS 3.1.1.3.4.1.11 (LDAP_SERVER_SD_FLAGS_OID). */
  sdFlags: '1.2.840.113556.1.4.801',
  /** MS-ADTS 3.1.1.3.4.1.14 (LDAP_SERVER_SHOW_DELETED_OID). */
  showDeleted: '1.2.840.113556.1.4.417',
  /** MS-ADTS 3.1.1.3.4.1.15 (LDAP_SERVER_TREE_DELETE_OID). */
  treeDelete: '1.2.840.113556.1.4.805',
  /** MS-ADTS 3.1.1.3.4.1.26 (LDAP_SERVER_SHOW_RECYCLED_OID), from Windows Server 2008 R2 on. */
  showRecycled: '1.2.840.113556.1.4.2064',
} as const;

const controlNames: ReadonlyMap<string, string> = new Map([
  [controlOid.pagedResults, 'paged results'],
  [controlOid.domainScope, 'domain scope'],
  [controlOid.permissiveModify, 'permissive modify'],
  [controlOid.sdFlags, 'security descriptor flags'],
  [controlOid.showDeleted, 'show deleted objects'],
  [controlOid.treeDelete, 'tree delete'],
  [controlOid.showRecycled, 'show recycled objects'],
]);

/**
 * Keeps a search to the naming context of its base: no reference to another one comes back (MS-ADTS 3.1.1.3.4.1.3). Not
 * critical: a reference is skipped, as each naming context is searched by its own DN.
 */
export const domainScope: Control = { oid: controlOid.domainScope, critical: false };

/** Makes tombstones and deleted objects visible and writable, but not recycled ones (MS-ADTS 3.1.1.3.4.1.14). */
export const showDeleted: Control = { oid: controlOid.showDeleted, critical: true };

/** Makes tombstones, deleted and recycled objects visible (MS-ADTS 3.1.1.3.4.1.26). */
export const showRecycled: Control = { oid: controlOid.showRecycled, critical: true };

/** Makes a delete remove the whole subtree (MS-ADTS 3.1.1.3.4.1.15). */
export const treeDelete: Control = { oid: controlOid.treeDelete, critical: true };

/** The parts of a security descriptor (MS-ADTS 3.1.1.3.4.1.11); their sum is the argument of sdFlags. */
export const securityInformation = { owner: 1, group: 2, dacl: 4, sacl: 8 } as const;

/**
 * Which parts of nTSecurityDescriptor to read or write; `flags` is 0 to 15. Without it AD returns all four parts, and no
 * descriptor at all to a user who may not read the SACL. Not critical: a server that does not know it has no SACLs.
 */
export function sdFlags(flags: number): Control {
  // SDFlagsRequestValue ::= SEQUENCE { Flags INTEGER }
  return { oid: controlOid.sdFlags, critical: false, value: Buffer.from([0x30, 0x03, 0x02, 0x01, flags & 0x0f]) };
}

/** The control that makes most deleted objects visible on a server that supports these controls. */
export function deletedObjectsControl(supportedControls: ReadonlySet<string>): Control {
  return supportedControls.has(controlOid.showRecycled) ? showRecycled : showDeleted;
}

/**
 * The controls to send to a server: those that it does not list are left out. A critical one that it does not list is an
 * error here, because the answer would be wrong without it (a search for deleted objects would find none, a tree delete
 * would delete one entry). Throws DirectoryError.
 *
 * @param on the host and port, for the error
 */
export function sendableControls(
  controls: readonly Control[],
  supportedControls: ReadonlySet<string>,
  on: string,
): readonly Control[] {
  return controls.filter((control) => {
    if (supportedControls.has(control.oid)) return true;
    if (!control.critical) return false;
    throw new DirectoryError({
      attempted: 'use an LDAP control',
      on,
      cameBack: `the server does not support ${controlName(control.oid)}`,
      next: 'Use a domain controller with a later Windows version.',
    });
  });
}

/** "show deleted objects (1.2.840.113556.1.4.417)" */
function controlName(oid: string): string {
  const name = controlNames.get(oid);
  return name === undefined ? `control ${oid}` : `${name} (${oid})`;
}
