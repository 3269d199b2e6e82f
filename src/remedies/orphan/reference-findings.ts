/**
 * References that would point at nothing after the deletion, and that the changes do not clear; the commands that clear or
 * replace them by hand.
 */

import { dnsNameOfDn, rdnOf } from '../../ad/dn.ts';
import { blocker, type FindingDraft, note, warning } from '../../change/findings.ts';
import type { DirectoryChange, ForestTarget, Proposal } from '../../change/plan.ts';
import { quotedForPowerShell } from '../../quoting.ts';
import { counted, distinct } from '../../words.ts';
import { mailTransferAgentsIn, tooMany } from './deletion.ts';
import { clearableReferrers, type DeletionFacts } from './gather.ts';
import { type ExchangeServer, hasRole, releaseOf, roleBit } from './organisation.ts';
import type { RecipientCount } from './recipients.ts';
import { keyOf, keysOf, type Referrer } from './referrers.ts';
import { serversOf } from './survey.ts';

/** Entries that advice names in full; the rest is in the evidence. */
export const namedInFull = 3;

/** Advice for the first of them. */
export function adviceFor<T>(items: readonly T[], how: (item: T) => string, separator = '; '): string {
  return items.slice(0, namedInFull).map(how).join(separator);
}

/** Whether the changes remove every value of a reference. */
export function clearedBy({ changes }: Pick<Proposal<DirectoryChange>, 'changes'>): (referrer: Referrer) => boolean {
  const removed = new Set(
    changes.flatMap((change) =>
      change.kind === 'modify'
        ? change.edits.flatMap(({ attribute, remove }) => remove.map((value) => keyOf(change.guid, attribute, value)))
        : [],
    ),
  );
  return (referrer) => keysOf(referrer).every((key) => removed.has(key));
}

/** References that would dangle, and those that need another value. */
export function* referenceFindings(
  facts: DeletionFacts,
  proposal: Proposal<DirectoryChange>,
): Generator<FindingDraft, void> {
  const isCleared = clearedBy(proposal);
  const clearable = clearableReferrers(facts);
  const { referrers, toDatabases, lostWellKnownObjects } = facts.configuration;
  const lost = new Set(lostWellKnownObjects);
  const dangling = clearable.filter(
    (referrer) => referrer.reference.kind !== 'linked' && !isCleared(referrer) && !lost.has(referrer),
  );
  const needValue = referrers.filter(({ reference }) => reference.clearing === 'needs another value');
  const mandatory = referrers.filter(
    // That of offline address books has a blocker of its own, with the cmdlet that moves them.
    ({ reference }) => reference.clearing === 'mandatory' && reference.id !== 'oab-generation',
  );
  const ofSystem = referrers.filter(({ reference }) => reference.clearing === 'only the system writes it');
  const { leftovers } = facts.configuration;
  const beyond = facts.recipients.filter(({ notListed }) => notListed > 0);
  const elsewhere = facts.recipients.filter((one) => one.elsewhere.count > 0);
  yield* unknownKept(proposal, clearable);
  if (dangling.length > 0)
    yield blocker(
      'dangling-references',
      `${counted(dangling.length, 'reference')} to the server would point at a deleted entry`,
      'These changes do not clear them: you chose to keep them, you have no right to write them, or they are new. Clear them first, or let the plan clear them.',
      { ...about(dangling), measure: { value: dangling.length, unit: 'references' } },
    );
  if (needValue.length > 0)
    yield warning(
      'references-to-replace',
      `${counted(needValue.length, 'reference')} to the server by name ${needValue.length === 1 ? 'needs' : 'need'} another value`,
      `Deleting the server does not change these text values. Set a new value for each: ${adviceFor(needValue, (referrer) => newValue(facts, referrer))}.`,
      about(needValue),
    );
  if (mandatory.length > 0)
    yield blocker(
      'mandatory-references',
      `${counted(mandatory.length, 'reference')} to the server cannot be cleared: the attribute is mandatory`,
      `Give it another value first: ${adviceFor(mandatory, (referrer) => replaceCommand(referrer))}. If you accept, ${mandatory.every(({ reference }) => reference.kind === 'linked') ? 'the directory removes the value with the entry that it names, and the attribute is missing' : 'it points at a deleted entry afterwards'}.`,
      { ...about(mandatory), measure: { value: mandatory.length, unit: 'references' } },
    );
  if (ofSystem.length > 0)
    yield warning(
      'system-only-references',
      `${counted(ofSystem.length, 'reference')} to the server that only the system can change`,
      'The directory keeps these values itself. They are left as they are.',
      about(ofSystem),
    );
  if (leftovers.length > 0)
    yield note(
      'leftovers',
      `${counted(leftovers.length, 'other reference points', 'other references point')} at entries that were deleted earlier`,
      'They are not of this server, and this plan leaves them as they are. To list and clear them, run orphan with --leftovers in place of the server.',
      { evidence: leftovers.map(({ id }) => id) },
    );
  if (toDatabases.length > 0)
    yield warning(
      'references-to-its-databases',
      `${counted(toDatabases.length, 'reference')} to databases that it owns, which stay without an owner`,
      `They are left as they are, and name a database that no server mounts; once that is removed, they dangle. Before you remove it: ${adviceFor(toDatabases, (referrer) => replaceCommand(referrer))}.`,
      {
        evidence: toDatabases.map(({ id, values }) => `${id}: ${values.join(', ')}`),
        subjects: toDatabases.map(({ id }) => id),
      },
    );
  if (beyond.length > 0)
    yield blocker(
      tooMany,
      'More recipients refer to the server than one plan clears',
      `Clear the others with these commands, then make the plan again: ${beyond.flatMap((one) => clearCommands(facts, one)).join('; ')}. If you accept, those that the plan does not hold keep naming the server.`,
      {
        evidence: beyond.flatMap(countedEvidence),
        subjects: beyond.map(({ reference }) => reference.attribute),
        measure: { value: beyond.reduce((sum, { notListed }) => sum + notListed, 0), unit: 'objects' },
      },
    );
  if (elsewhere.length > 0)
    yield blocker(
      'recipients-in-other-domains',
      'Recipients of other domains refer to the server, which this domain controller cannot write',
      `Clear the attribute in their domain, then make the plan again: ${elsewhere.flatMap((one) => clearCommandsElsewhere(facts, one)).join('; ')}.`,
      {
        evidence: elsewhere.flatMap((one) => countedEvidence({ ...one, ...one.elsewhere })),
        subjects: elsewhere.map(({ reference }) => reference.attribute),
        measure: { value: elsewhere.reduce((sum, one) => sum + one.elsewhere.count, 0), unit: 'objects' },
      },
    );
}

/** What replaces a value. @param value the DN to set, where it is known */
export function replaceCommand({ dn, reference }: Referrer, value = '<DN of another entry>'): string {
  return `Set-ADObject -Identity ${quotedForPowerShell(dn)} -Replace @{${quotedForPowerShell(reference.attribute)}=${quotedForPowerShell(value)}}`;
}

/** What sets the witness server of a DAG that a reference names. */
const witnessParameters: Readonly<Record<string, string>> = {
  'dag-witness': '-WitnessServer',
  'dag-alternate-witness': '-AlternateWitnessServer',
};

/** A public folder database has no client access server: the name of its server goes with it. */
export function removalOfPublic(dn: string): string {
  return `Remove-PublicFolderDatabase -Identity ${quotedForPowerShell(rdnOf(dn).value)}, once its public folders have replicas elsewhere`;
}

/**
 * The cmdlet that gives a text reference another value; undefined where there is none.
 *
 * @param servers those that can take the place of the one that is named
 * @param hasDags whether one of them has the cmdlets for DAGs
 */
export function cmdletForNewValue(
  { dn, reference }: Referrer,
  servers: readonly ExchangeServer[],
  hasDags: boolean,
): string | undefined {
  const name = quotedForPowerShell(rdnOf(dn).value);
  // The parameter is of Exchange 2010 alone, and takes a server of it.
  const other = servers.find(
    (server) => hasRole(server.roles, roleBit.clientAccess) && releaseOf(server).year === 2010,
  );
  if (reference.id === 'rpc-client-access' && other !== undefined) {
    return `Set-MailboxDatabase -Identity ${name} -RpcClientAccessServer ${quotedForPowerShell(other.fqdn ?? other.name)}`;
  }
  const witness = witnessParameters[reference.id];
  return witness !== undefined && hasDags
    ? `Set-DatabaseAvailabilityGroup -Identity ${name} ${witness} <another file server>`
    : undefined;
}

/** What gives a text reference to the server another value. */
function newValue({ chosen, survey, hasOtherServer }: DeletionFacts, referrer: Referrer): string {
  const { dn, objectClasses, reference } = referrer;
  if (hasOtherServer && objectClasses.includes('msexchpublicmdb')) return removalOfPublic(dn);
  const isOf2010 = releaseOf(chosen.server).year === 2010;
  const others = serversOf(survey).filter((server) => isOf2010 && server.dn !== chosen.server.dn);
  return (
    cmdletForNewValue(referrer, others, hasOtherServer) ??
    `look at ${reference.attribute}: Get-ADObject -Identity ${quotedForPowerShell(dn)} -Properties ${quotedForPowerShell(reference.attribute)}`
  );
}

/** What clears an attribute of every recipient that names the server by it. */
function clearCommands(facts: DeletionFacts, one: RecipientCount): readonly string[] {
  return clearingOf(
    facts,
    one,
    distinct(one.cleanable.flatMap(({ values }) => values)).filter((value) => typeof value === 'string'),
    '',
  );
}

/** The same in each of the domains that the first of them are of. */
function clearCommandsElsewhere(facts: DeletionFacts, one: RecipientCount): readonly string[] {
  const domains = distinct(one.elsewhere.first.map((dn) => serverFor(facts.survey.target, dn)));
  return domains.flatMap((domain) => clearingOf(facts, one, one.named?.elsewhere ?? [], domain));
}

/** @param others the values of an attribute that no list has; @param domain the parameter that names the domain, if another */
function clearingOf(
  { chosen, subtree }: DeletionFacts,
  { reference }: RecipientCount,
  others: readonly string[],
  domain: string,
): readonly string[] {
  const named = {
    legacyExchangeDN: () => [chosen.server.legacyExchangeDn ?? ''],
    databases: () => [],
    'mail transfer agents': () => mailTransferAgentsIn(subtree),
    'any deleted entry': () => others,
  };
  return named[reference.named]().map((value) => {
    const filter = quotedForPowerShell(`(${reference.attribute}=${value.replace(/[\\*()\0]/g, escapedInFilter)})`);
    return `Get-ADObject${domain} -LDAPFilter ${filter} | Set-ADObject${domain} -Clear ${reference.attribute}`;
  });
}

/** RFC 4515 section 3. */
function escapedInFilter(character: string): string {
  return `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** Ids that were to be kept, and that no reference has. */
export function* unknownKept(
  { intent }: Proposal<DirectoryChange>,
  clearable: readonly Referrer[],
): Generator<FindingDraft, void> {
  const { keep } = intent;
  const known = new Set(clearable.map(({ id }) => id.toLowerCase()));
  const unknown = (Array.isArray(keep) ? keep : []).filter(
    (id) => typeof id === 'string' && !known.has(id.toLowerCase()),
  );
  if (unknown.length === 0) return;
  yield warning(
    'nothing-to-keep',
    `--keep names ${counted(unknown.length, 'reference')} that this plan would not clear`,
    'An ID is the attribute and the DN as the review shows them: "homeMTA of CN=…".',
    { evidence: unknown.map(String) },
  );
}

function about(referrers: readonly Referrer[]): {
  readonly evidence: readonly string[];
  readonly subjects: readonly string[];
} {
  const ids = referrers.map(({ id }) => id);
  return { evidence: ids, subjects: ids };
}

/** The number of the recipients and the first of them, a line each. */
export function countedEvidence({ reference, count, first }: RecipientCount): readonly string[] {
  const more = count - first.length;
  return [
    `${counted(count, reference.one, reference.who)} (${reference.attribute})`,
    ...first,
    ...(more > 0 ? [`… and ${more.toLocaleString('en')} more`] : []),
  ];
}

/** What clears an attribute of an entry: of another domain than the DC's, in that domain. */
export function clearCommand(target: ForestTarget, dn: string, attribute: string): string {
  return `Set-ADObject -Identity ${quotedForPowerShell(dn)}${serverFor(target, dn)} -Clear ${attribute}`;
}

/** ` -Server 'emea.corp.example.com'` for an entry of another domain than the DC's; the cmdlets ask the user's own domain else. */
function serverFor({ domainController }: ForestTarget, dn: string): string {
  const [, own] = /^[^.]+\.(.*)$/.exec(domainController.toLowerCase()) ?? [];
  const domain = dnsNameOfDn(dn)?.toLowerCase();
  return own === undefined || domain === undefined || domain === own ? '' : ` -Server ${quotedForPowerShell(domain)}`;
}

/** The user who logged on, where the plan knows the name, with the rights to give. */
export function grantee({ connection }: ForestTarget, rights: string): string {
  const user = connection.kind === 'server' ? connection.user : undefined;
  return quotedForPowerShell(`${user ?? '<DOMAIN\\user>'}:${rights}`);
}

/** What gives the right to write the attribute that refers. */
export function grantOf(target: ForestTarget, { dn, reference }: Referrer): string {
  return `dsacls ${quotedForPowerShell(dn)} /G ${grantee(target, `WP;${reference.attribute}`)}`;
}

/** What gives the right to write each attribute that refers: the commands for the first; the others are of the same form. */
export function grantsOf(target: ForestTarget, referrers: readonly Referrer[]): string {
  const more = referrers.length > namedInFull ? '; and so on' : '';
  return `${adviceFor(referrers, (referrer) => grantOf(target, referrer))}${more}`;
}
