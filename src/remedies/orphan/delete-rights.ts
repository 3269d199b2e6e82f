/**
 * Whether the user may delete an entry, reckoned as AD does it (MS-ADTS 5.1.3): from the entry's and its parent's
 * security descriptors and the SIDs of the user's token. AD has no attribute that says it: sDRightsEffective and
 * allowedAttributesEffective leave deletion out.
 */

import { formatSid } from '../../ad/values.ts';

export type DeleteRight = 'allowed' | 'denied' | 'unknown';

/** Access rights of directory objects (MS-ADTS 5.1.3.2). */
const accessRight = { deleteChild: 0x2, delete: 0x1_0000, genericAll: 0x1000_0000 } as const;

const aceType = { allow: 0, deny: 1, allowObject: 5, denyObject: 6 } as const;
const inheritOnly = 0x8;
const daclPresent = 0x4;

interface Ace {
  readonly type: number;
  readonly mask: number;
  readonly sid: string;
  /** Granted for one kind of child or property only. */
  readonly isForOneKind: boolean;
}

/**
 * The right to delete one entry: DELETE on it, or DELETE_CHILD on its parent.
 *
 * @param descriptor nTSecurityDescriptor of the entry, self-relative (MS-DTYP 2.4.6)
 * @param ofParent the parent's; undefined if it can't be read
 * @param token SIDs of the user and of all groups; empty if the server does not tell them
 */
export function deleteRight(
  descriptor: Buffer | undefined,
  ofParent: Buffer | undefined,
  token: ReadonlySet<string>,
): DeleteRight {
  if (token.size === 0 || descriptor === undefined) return 'unknown';
  if (isGranted(descriptor, accessRight.delete, token)) return 'allowed';
  if (ofParent === undefined) return 'unknown';
  return isGranted(ofParent, accessRight.deleteChild, token) ? 'allowed' : 'denied';
}

/** The first entry of the DACL that speaks of the right decides; without any it is not granted. */
function isGranted(descriptor: Buffer, right: number, token: ReadonlySet<string>): boolean {
  const acl = acesOf(descriptor);
  if (acl === 'everything is allowed') return true;
  for (const ace of acl) {
    if (!token.has(ace.sid) || (ace.mask & (right | accessRight.genericAll)) === 0) continue;
    if (ace.type === aceType.allow || ace.type === aceType.allowObject) {
      // Children of one kind: enough for them alone, and which kind ours is we do not ask.
      return true;
    }
    if (!ace.isForOneKind) return false;
  }
  return false;
}

/** The DACL's entries that count for the object itself (MS-DTYP 2.4.4, 2.4.5); without a DACL all is allowed. */
function acesOf(descriptor: Buffer): readonly Ace[] | 'everything is allowed' {
  const control = descriptor.readUInt16LE(2);
  const start = descriptor.readUInt32LE(16);
  if ((control & daclPresent) === 0 || start === 0) return 'everything is allowed';
  const count = descriptor.readUInt16LE(start + 4);
  const aces: Ace[] = [];
  let at = start + 8;
  for (let index = 0; index < count; index += 1) {
    const type = descriptor.readUInt8(at);
    const flags = descriptor.readUInt8(at + 1);
    const size = descriptor.readUInt16LE(at + 2);
    const isObject = type === aceType.allowObject || type === aceType.denyObject;
    const isKnown = isObject || type === aceType.allow || type === aceType.deny;
    if (isKnown && (flags & inheritOnly) === 0) {
      const guids = isObject ? descriptor.readUInt32LE(at + 8) : 0;
      const guidLength = ((guids & 1) + ((guids & 2) >> 1)) * 16;
      const sidAt = at + 8 + (isObject ? 4 + guidLength : 0);
      const sidLength = 8 + descriptor.readUInt8(sidAt + 1) * 4;
      aces.push({
        type,
        mask: descriptor.readUInt32LE(at + 4),
        sid: formatSid(descriptor.subarray(sidAt, sidAt + sidLength)),
        isForOneKind: (guids & 1) !== 0,
      });
    }
    at += size;
  }
  return aces;
}
