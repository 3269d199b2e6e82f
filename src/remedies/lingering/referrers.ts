/**
 * What refers to objects of one DC: the forward links that their back links show, and values of attributes that are no
 * links. A deletion removes the first too; the second keep naming what is gone.
 */

import { normalizedDn } from '../../ad/dn.ts';
import { integerOf, textOf, textsOf } from '../../ad/entry.ts';
import { isBackLink } from '../../change/attribute-kinds.ts';
import type { PlanAttribute } from '../../change/plan.ts';
import { DirectoryError } from '../../errors.ts';
import { and, type DirectorySession, equal, or, present } from '../../ldap/session.ts';

/** Referrers by the object's DN, each as "manager of CN=…". */
export type Referrers = ReadonlyMap<string, readonly string[]>;

/** As a back link names it: the forward link's name is not on the object. */
export function backLinksIn(attributes: readonly PlanAttribute[]): readonly string[] {
  return attributes
    .filter(({ name }) => isBackLink(name))
    .flatMap(({ name, values }) => values.map((value) => `${name}: ${typeof value === 'string' ? value : '(binary)'}`));
}

/** FLAG_ATTR_IS_CONSTRUCTED of systemFlags (MS-ADTS 2.2.10). */
const isConstructed = 0x4;

/** Attributes of DN syntax without a link that every object has of its own nature. */
const ofEveryObject = new Set(['distinguishedname', 'objectcategory', 'lastknownparent', 'dmdname']);

/** DN, DN-Binary and DN-String (MS-ADTS 3.1.1.2.2.2). */
const dnSyntaxes = ['2.5.5.1', '2.5.5.7', '2.5.5.14'];

/**
 * Values that name one of the objects, in attributes that are no links: one search of each naming context, for entries
 * that have such an attribute at all.
 *
 * @param dns the objects, on the session's DC
 * @throws DirectoryError
 */
export async function readReferrers(
  session: DirectorySession,
  namingContexts: readonly string[],
  dns: readonly string[],
): Promise<Referrers> {
  const found = new Map<string, string[]>();
  if (dns.length === 0) return found;
  const attributes = await unlinkedDnAttributes(session);
  if (attributes.length === 0) return found;
  const wanted = new Map(dns.map((dn) => [normalizedDn(dn), dn]));
  for (const base of namingContexts) {
    const filter = or(...attributes.map(present));
    for await (const entry of session.search({ base, scope: 'subtree', filter, attributes })) {
      for (const attribute of attributes) {
        for (const value of textsOf(entry, attribute)) {
          const dn = wanted.get(keyOf(value));
          if (dn !== undefined) found.set(dn, [...(found.get(dn) ?? []), `${attribute} of ${entry.dn}`]);
        }
      }
    }
  }
  return found;
}

/** DN-Binary and DN-String have their other part before the DN: "B:32:…:CN=…". A value that is no DN names nothing. */
function keyOf(value: string): string {
  const dn = value.replace(/^[BS]:\d+:[^:]*:/, '');
  try {
    return normalizedDn(dn);
  } catch (error) {
    if (error instanceof DirectoryError) return dn;
    throw error;
  }
}

async function unlinkedDnAttributes(session: DirectorySession): Promise<readonly string[]> {
  const base = session.rootDse.schemaNamingContext;
  if (base === undefined) return [];
  const filter = and(
    equal('objectClass', 'attributeSchema'),
    or(...dnSyntaxes.map((syntax) => equal('attributeSyntax', syntax))),
  );
  const names: string[] = [];
  const attributes = ['lDAPDisplayName', 'linkID', 'systemFlags'];
  for await (const entry of session.search({ base, scope: 'one', filter, attributes })) {
    const name = textOf(entry, 'lDAPDisplayName');
    const isStored = ((integerOf(entry, 'systemFlags') ?? 0) & isConstructed) === 0;
    const isLink = (integerOf(entry, 'linkID') ?? 0) !== 0;
    if (name !== undefined && isStored && !isLink && !ofEveryObject.has(name.toLowerCase())) names.push(name);
  }
  return names;
}
