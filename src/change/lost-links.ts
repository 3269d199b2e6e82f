/**
 * Links that other entries had to what a plan deleted: the directory removed their values with the entries that they
 * named. The back links of these show whose they were, and an undo writes them again.
 */

import { dnIn, isDnThat, normalizedDn, sameDn } from '../ad/dn.ts';
import { allBytesOf, type Entry, guidOf, writtenValueOf } from '../ad/entry.ts';
import { type AttributeDefinition, readAttributeDefinitions } from '../ad/schema.ts';
import { DirectoryError } from '../errors.ts';
import { resultCode } from '../ldap/diagnostics.ts';
import type { DirectorySession } from '../ldap/session.ts';
import { distinct } from '../words.ts';
import { isSingleValued } from './attribute-kinds.ts';
import type { DeletedEntry, ModifyChange, PlanValue } from './plan.ts';

/** One attribute of another entry, with the DNs of deleted entries that it named. */
export interface LostLink {
  readonly dn: string;
  readonly attribute: string;
  readonly values: readonly string[];
}

/** What to do about lost links. */
export interface LinksToPutBack {
  readonly changes: readonly ModifyChange[];
  /** Links that now name something else, with that value. */
  readonly moved: readonly (LostLink & { readonly found: readonly PlanValue[] })[];
  /** Links that cannot be restored: "manager of CN=…". */
  readonly lost: readonly string[];
}

/**
 * The changes that restore each link. Throws DirectoryError.
 *
 * @param edited what the plan cleared itself, whose reverse puts it back
 */
export async function linksToPutBack(
  deleted: readonly DeletedEntry[],
  edited: readonly ModifyChange[],
  session: DirectorySession,
): Promise<LinksToPutBack> {
  const links = lostLinks(deleted, edited);
  const definitions = await readAttributeDefinitions(session, distinct(links.map(({ attribute }) => attribute)));
  const changes: ModifyChange[] = [];
  const moved: LinksToPutBack['moved'][number][] = [];
  const lost: string[] = [];
  for (const link of links) {
    const definition = definitions.get(link.attribute.toLowerCase());
    const found = await entryOf(link, definition, session);
    const guid = found === undefined ? undefined : guidOf(found, 'objectGUID');
    if (found === undefined || guid === undefined) lost.push(`${link.attribute} of ${link.dn}`);
    else {
      const now = allBytesOf(found, link.attribute).map(writtenValueOf);
      const add = link.values.filter((dn) => !now.some((value) => names(value, dn)));
      const isTaken = (definition?.isSingleValued ?? isSingleValued(link.attribute)) && now.length > 0;
      if (add.length > 0 && isTaken) moved.push({ ...link, found: now });
      else if (add.length > 0) {
        changes.push({
          kind: 'modify',
          dn: found.dn,
          guid,
          edits: [{ attribute: link.attribute, remove: [], add }],
        });
      }
    }
  }
  return { changes, moved, lost };
}

/** Whether a value, with a binary or string part or without, is this DN. */
function names(value: PlanValue, dn: string): boolean {
  return typeof value === 'string' && isDnThat(dnIn(value), (one) => sameDn(one, dn));
}

/** The entry that has the link, if this DC can write it there: those of other domains it refers to their own DCs. */
async function entryOf(
  { dn, attribute }: LostLink,
  definition: AttributeDefinition | undefined,
  session: DirectorySession,
): Promise<Entry | undefined> {
  if (definition?.isSystemOnly === true) return undefined;
  try {
    return await session.readEntry(dn, ['objectGUID', attribute]);
  } catch (error) {
    if (error instanceof DirectoryError && error.resultCode === resultCode.referral) return undefined;
    throw error;
  }
}

function lostLinks(deleted: readonly DeletedEntry[], edited: readonly ModifyChange[]): readonly LostLink[] {
  const own = new Set(deleted.map(({ dn }) => normalizedDn(dn)));
  const keyOf = (dn: string, attribute: string): string => `${attribute.toLowerCase()} ${normalizedDn(dn)}`;
  const put = new Set(edited.flatMap(({ dn, edits }) => edits.map(({ attribute }) => keyOf(dn, attribute))));
  const links = new Map<string, LostLink & { readonly values: string[] }>();
  for (const entry of deleted) {
    for (const { linksFrom, values } of entry.attributes) {
      if (linksFrom === undefined) continue;
      for (const dn of values) {
        // A plan is not trusted: a value that is not a DN is no link.
        if (typeof dn !== 'string' || !isDnThat(dn, (one) => !own.has(normalizedDn(one)))) continue;
        const key = keyOf(dn, linksFrom);
        if (put.has(key)) continue;
        const link = links.get(key) ?? { dn, attribute: linksFrom, values: [] };
        link.values.push(entry.dn);
        links.set(key, link);
      }
    }
  }
  return [...links.values()];
}
