/** Values that point at deleted entries, or name a server that is gone: looked for, and told from all others. */

import { joinDn } from '../../ad/dn.ts';
import type { Naming } from '../../ad/naming.ts';
import type { Plan } from '../../change/plan.ts';
import { or, present } from '../../ldap/filter.ts';
import type { DirectorySession } from '../../ldap/session.ts';
import { distinct } from '../../words.ts';
import { type Referrer, referrersIn, unwritableOf } from './referrers.ts';

/** Recipients' attributes that may be cleared where they name what is gone. */
const ofRecipients = ['homeMTA', 'msExchExpansionServerName'];
/** References that one plan holds; the next run finds the rest. */
const most = 1000;

/**
 * Reads every value of the Exchange organisation, and of recipients the usual attributes. Throws DirectoryError.
 *
 * @param session with the DC that is written to, which holds all attributes of its domain's recipients
 * @param names legacyExchangeDN of every server that is there
 */
export async function readLeftovers(
  session: DirectorySession,
  configuration: string,
  names: readonly (string | undefined)[],
): Promise<{ readonly leftovers: readonly Referrer[]; readonly unwritable: ReadonlySet<string> }> {
  const isLeft = leftoverTest(names);
  const organisation = session.search({
    base: exchangeOf(configuration),
    scope: 'subtree',
    filter: present('objectClass'),
    attributes: ['*'],
  });
  const recipients = session.search({
    base: session.rootDse.defaultNamingContext ?? '',
    scope: 'subtree',
    filter: or(...ofRecipients.map(present)),
    attributes: ['objectClass', 'objectGUID', ...ofRecipients],
  });
  const found = [
    ...(await referrersIn(session, organisation, isLeft)),
    ...(await referrersIn(session, recipients, isLeft)).filter(({ reference }) => isOfRecipients(reference.attribute)),
  ];
  const leftovers = distinct(found, ({ id, values }) => `${id} ${JSON.stringify(values)}`)
    .slice(0, most)
    .map(asClearable);
  return { leftovers, unwritable: await unwritableOf(session, leftovers) };
}

/** The container of the Exchange organisation. */
export function exchangeOf(configuration: string): string {
  return joinDn('CN=Microsoft Exchange,CN=Services', configuration);
}

/** Whether it is one of the recipients' attributes that are looked at. */
export function isOfRecipients(attribute: string): boolean {
  return ofRecipients.some((name) => name.toLowerCase() === attribute.toLowerCase());
}

/** A server of a legacyExchangeDN: `/o=…/ou=…/cn=Configuration/cn=Servers/cn=NAME`, and nothing below it. */
const serverName = /^\/o=[^/]+\/ou=[^/]+\/cn=Configuration\/cn=Servers\/cn=[^/]+$/i;

/** A test for DNs of deleted entries, and for names of servers that no object has. */
export function leftoverTest(names: readonly (string | undefined)[]): (value: string) => Naming | undefined {
  const known = new Set(names.flatMap((name) => (name === undefined ? [] : [name.toLowerCase()])));
  return (value) => {
    if (value.includes('\\0ADEL:')) return 'deleted dn';
    return serverName.test(value) && !known.has(value.toLowerCase()) ? 'legacyExchangeDN' : undefined;
  };
}

/** The group of a server that is gone has no other use for its name. */
function asClearable(referrer: Referrer): Referrer {
  const { reference } = referrer;
  return isOfRecipients(reference.attribute)
    ? { ...referrer, reference: { ...reference, clearing: 'may be cleared' } }
    : referrer;
}

/** Whether a plan clears leftovers, and deletes nothing. */
export function isOfLeftovers({ intent }: Pick<Plan, 'intent'>): boolean {
  return intent['leftovers'] === true;
}
