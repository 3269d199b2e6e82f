/** The rights of a security descriptor in words: who owns the object, and who may do what with it. */

import { distinct, groupBy, listed } from '../words.ts';
import { type AccessEntry, accessRight, parseSecurityDescriptor } from './security-descriptor.ts';
import { nameOfGuid, trusteeInWords } from './well-known-rights.ts';

export interface RightsInWords {
  /** "owner BUILTIN\Administrators (S-1-5-32-544), group …" */
  readonly owner: string;
  /** What the object has of its own, in the order of its DACL: "allow Everyone (S-1-1-0): full control". */
  readonly own: readonly string[];
  /** What its parent gave it, which the directory computes anew. */
  readonly inherited: readonly string[];
}

/**
 * Throws ValueSyntaxError for bytes that are no security descriptor.
 *
 * @param inherits whether it is the object's own, which the directory computes anew. A descriptor in any other attribute
 * is kept as it is written, and what it marks as inherited counts.
 */
export function rightsInWords(bytes: Uint8Array, inherits: boolean): RightsInWords {
  const { owner, group, dacl, isProtected, hasSacl } = parseSecurityDescriptor(bytes);
  const name = (sid: string | undefined): string => (sid === undefined ? 'none' : trusteeInWords(sid));
  const inherited = isProtected || !inherits ? [] : (dacl ?? []).filter((entry) => entry.isInherited);
  const own = (dacl ?? []).filter((entry) => !inherited.includes(entry));
  return {
    owner: [
      `owner ${name(owner)}, group ${name(group)}`,
      ...(isProtected ? ['inherits nothing'] : []),
      ...(hasSacl ? [`auditing entries${inherits ? ', which are not written' : ''}`] : []),
    ].join('; '),
    own: dacl === undefined ? ['no DACL: everyone may do everything'] : entriesInWords(own),
    inherited: entriesInWords(inherited),
  };
}

/** Those that differ by their trustees only are one line, unless a denial is between them: the order decides then. */
function entriesInWords(entries: readonly AccessEntry[]): readonly string[] {
  let run = 0;
  const ordered = entries.map((entry, index) => {
    if (entry.kind !== entries[index - 1]?.kind) run += 1;
    return { ...entry, run, what: whatInWords(entry) };
  });
  const groups = groupBy(ordered, ({ run: of, kind, what }) => `${of} ${kind} ${what}`);
  return [...groups.values()].map((alike) => {
    const trustees = listed(distinct(alike.map(({ trustee }) => trusteeInWords(trustee))));
    const [{ kind, what }] = alike as [(typeof ordered)[number]];
    return kind === 'other' ? what : `${kind} ${trustees}: ${what}`;
  });
}

function whatInWords(entry: AccessEntry): string {
  const { kind, mask, objectType, bytes, isConditional } = entry;
  if (kind === 'other') return `entry of type ${bytes[0]}, not read: ${bytes.toString('hex')}`;
  return [
    listed(maskInWords(mask, objectType)),
    ...placeInWords(entry),
    ...(isConditional ? ['on a condition'] : []),
  ].join('; ');
}

/** Where an entry counts, if not for the object alone. */
function placeInWords({ inheritedObjectType, isInheritable, isInheritOnly }: AccessEntry): readonly string[] {
  if (!isInheritable && !isInheritOnly) return [];
  const below = inheritedObjectType === undefined ? 'below' : `for ${nameOfGuid(inheritedObjectType)} objects below`;
  return [`${isInheritOnly ? 'only' : 'also'} ${below}`];
}

const fullControl = 0xf_01ff;
const read = accessRight.readControl | accessRight.listContents | accessRight.readProperty | accessRight.listObject;

/** What each bit allows: of all, and of the one property, right or class (%) that an entry may be about. */
const bits: readonly (readonly [bit: number, ofAll: string, ofOne?: string])[] = [
  [accessRight.genericRead, 'generic read'],
  [accessRight.genericWrite, 'generic write'],
  [accessRight.genericExecute, 'generic execute'],
  [accessRight.readProperty, 'read all properties', 'read %'],
  [accessRight.writeProperty, 'write all properties', 'write %'],
  [accessRight.validatedWrite, 'all validated writes', 'validated write of %'],
  [accessRight.extendedRight, 'all extended rights', 'the right %'],
  [accessRight.createChild, 'create objects below', 'create % objects below'],
  [accessRight.deleteChild, 'delete objects below', 'delete % objects below'],
  [accessRight.listContents, 'list contents'],
  [accessRight.listObject, 'list object'],
  [accessRight.delete, 'delete'],
  [accessRight.deleteTree, 'delete subtree'],
  [accessRight.readControl, 'read permissions'],
  [accessRight.writeDacl, 'change permissions'],
  [accessRight.writeOwner, 'change owner'],
  [accessRight.synchronize, 'synchronize'],
  [accessRight.accessSacl, 'read and change auditing'],
];

function maskInWords(mask: number, objectType: string | undefined): readonly string[] {
  const words: string[] = [];
  let rest = mask >>> 0;
  const take = (part: number, text: string): void => {
    if ((rest & part) >>> 0 !== part >>> 0) return;
    rest = (rest & ~part) >>> 0;
    words.push(text);
  };
  take(accessRight.genericAll, 'full control');
  if (objectType === undefined) {
    take(fullControl, 'full control');
    take(read, 'read');
  }
  for (const [bit, ofAll, ofOne = ofAll] of bits) {
    take(bit, objectType === undefined ? ofAll : ofOne.replace('%', nameOfGuid(objectType)));
  }
  if (rest !== 0) words.push(`rights 0x${rest.toString(16)}`);
  return words.length === 0 ? ['nothing'] : distinct(words);
}
