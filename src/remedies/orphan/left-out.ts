/** The references that a plan leaves as they are: why, and which of the entries that go they name. */

import { entryFinder, leadingTo } from '../../change/clear-values.ts';
import type { LeftOut, WhyLeft } from '../../change/plan.ts';
import { clearableReferrers, type DeletionFacts } from './gather.ts';
import { inOtherDomains, namedOnly, tooMany } from './names.ts';
import type { RecipientCount } from './recipients.ts';
import type { Referrer } from './referrers.ts';

/** What is left as it is. @param isKept whether a reference that could be cleared was to be kept */
export function leftOutOf(facts: DeletionFacts, isKept: (referrer: Referrer) => boolean): readonly LeftOut[] {
  const { configuration, unwritable } = facts;
  const going = goingIn(facts);
  const because = (referrers: readonly Referrer[], reason: string, why: WhyLeft): readonly LeftOut[] =>
    referrers.map((referrer) => ({
      what: referrer.id,
      reason,
      ...leadingTo(namedBy(referrer, going), whyOf(referrer, why)),
    }));
  const unclearable = (clearing: Referrer['reference']['clearing']): readonly Referrer[] =>
    configuration.referrers.filter(({ reference }) => reference.clearing === clearing);
  const clearable = clearableReferrers(facts);
  return [
    ...because(
      clearable.filter((referrer) => !unwritable.has(referrer.id) && isKept(referrer)),
      'dangling-references',
      'chosen',
    ),
    ...because(
      clearable.filter(({ id }) => unwritable.has(id)),
      'no-right-to-clean-up',
      'no-right',
    ),
    ...because(unclearable('needs another value'), 'references-to-replace', 'needs-another-value'),
    ...because(unclearable('mandatory'), 'mandatory-references', 'mandatory'),
    ...because(unclearable('only the system writes it'), 'system-only-references', 'system-only'),
    ...configuration.toDatabases.map(({ id }) => ({ what: id, reason: 'references-to-its-databases' })),
    ...facts.recipients.flatMap((count) => recipientsLeft(facts, count, going)),
  ];
}

/** The entries that go. */
interface Going {
  readonly server: string;
  readonly mailTransferAgents: readonly string[];
  /** The DN of the one that a value names. */
  readonly find: ReturnType<typeof entryFinder>;
}

function goingIn({ subtree, along, chosen }: DeletionFacts): Going {
  const entries = [...subtree, ...along.flatMap((companion) => companion.entries)];
  return {
    server: chosen.server.dn,
    mailTransferAgents: subtree.filter(({ objectClasses }) => objectClasses.has('mta')).map(({ entry }) => entry.dn),
    find: entryFinder(entries.map(({ entry }) => entry)),
  };
}

/** Text that is no DN is a name of the server. */
function namedBy({ reference, values }: Referrer, { server, find }: Going): readonly string[] {
  return values.flatMap((value) => find(value) ?? (reference.kind === 'string' ? server : []));
}

/** A link is not kept, whatever the plan does. */
function whyOf({ reference }: { readonly reference: Pick<Referrer['reference'], 'kind'> }, why: WhyLeft): WhyLeft {
  return reference.kind === 'linked' ? 'link' : why;
}

/** Recipients that are only counted: users' mailboxes, those of other domains, and those beyond the limit of a plan. */
function recipientsLeft(facts: DeletionFacts, counted: RecipientCount, going: Going): readonly LeftOut[] {
  const { reference, count, own, elsewhere, notListed, ofMailboxes } = counted;
  if (!reference.isCleanable) {
    return [
      ...(facts.hasOtherServer ? [] : mailboxesLeft(counted, count - own.count, going)),
      ...rowOf(
        counted.inOtherDatabases.count,
        `${reference.attribute} of mailboxes in databases of other servers`,
        namedOnly,
        leadingTo([going.server], whyOf(counted, 'mailbox')),
      ),
    ];
  }
  const { attribute, who } = reference;
  const leading = (which: 'elsewhere' | 'beyond', why: WhyLeft): Pick<LeftOut, 'reference'> =>
    leadingTo(namedByRecipients(counted, which, going), whyOf(counted, why));
  return [
    ...(facts.hasOtherServer
      ? []
      : rowOf(
          ofMailboxes,
          `${attribute} of mailboxes that are on it`,
          'mailboxes',
          leadingTo(namedByRecipients(counted, 'elsewhere', going), whyOf(counted, 'mailbox')),
        )),
    ...rowOf(
      elsewhere.count,
      `${attribute} of recipients of other domains`,
      inOtherDomains,
      leading('elsewhere', 'in-another-domain'),
    ),
    ...rowOf(notListed, `${attribute} of more ${who}`, tooMany, leading('beyond', 'past-the-limit')),
  ];
}

function rowOf(count: number, what: string, reason: string, leading: Pick<LeftOut, 'reference'>): readonly LeftOut[] {
  return count <= 0 ? [] : [{ what, reason, detail: String(count), ...leading }];
}

/** Of the databases each one that goes has a row of its own. */
function mailboxesLeft(counted: RecipientCount, count: number, going: Going): readonly LeftOut[] {
  const { reference, usersOf } = counted;
  const row = (number: number, to: readonly string[]): readonly LeftOut[] =>
    rowOf(
      number,
      `${reference.attribute} of ${reference.who}`,
      reference.id === 'archives' ? 'archives' : 'mailboxes',
      leadingTo(to, whyOf(counted, 'mailbox')),
    );
  if (reference.named === 'legacyExchangeDN') return row(count, [going.server]);
  const inGoing = [...usersOf].flatMap(([key, users]) => {
    const database = going.find(key);
    return database === undefined ? [] : [{ users, database }];
  });
  const others = count - inGoing.reduce((sum, { users }) => sum + users, 0);
  return [...inGoing.flatMap(({ users, database }) => row(users, [database])), ...row(others, [])];
}

function namedByRecipients(
  { reference, named }: RecipientCount,
  which: 'elsewhere' | 'beyond',
  going: Going,
): readonly string[] {
  switch (reference.named) {
    case 'legacyExchangeDN':
      return [going.server];
    case 'mail transfer agents':
      return going.mailTransferAgents;
    case 'databases':
      return [];
    case 'any deleted entry':
      return (named?.[which] ?? []).flatMap((dn) => going.find(dn) ?? []);
  }
}
