/**
 * The facts as pictures: the evidence on every DC, the matrix DC × partition, and the list of what was found; and the
 * questions below them: for the reference, the DCs to look at, and the naming contexts.
 */

import { rdnOf, sameDn } from '../../ad/dn.ts';
import { type DomainController, type Forest, hostOf } from '../../ad/forest.ts';
import type { Party } from '../../ad/replication-news.ts';
import type { Originator } from '../../ad/replication-values.ts';
import type { Exhibit, Mark, MatrixExhibit, TableExhibit } from '../../change/exhibits.ts';
import { agoInWords, counted, distinct, durationInWords, groupBy } from '../../words.ts';
import type { Answer, Asking } from '../remedy.ts';
import type { Comparison } from './compare.ts';
import type { LingeringOptions } from './flags.ts';
import type { LingeringFacts } from './gather.ts';
import { type Found, foundIn } from './propose.ts';
import { decidedByHand, type Verdict, verdicts } from './verdicts.ts';

/** The evidence first; once copies are compared, the matrix and the counts; in full every object. */
export function survey(facts: LingeringFacts, _: unknown, inFull: boolean): readonly Exhibit[] {
  return [
    ...(facts.isShown ? [] : [evidenceTable(facts)]),
    ...(facts.scope === undefined ? [] : [matrix(facts, facts.scope.reference), ...countsTable(facts)]),
    ...(inFull ? objectTable(facts) : []),
  ];
}

/** The exhibits that a plan keeps. */
export function recordedExhibits(facts: LingeringFacts): readonly Exhibit[] {
  if (facts.scope === undefined) return [];
  return [matrix(facts, facts.scope.reference), ...countsTable(facts), ...objectTable(facts), evidenceTable(facts)];
}

/** Which DCs kept running and which were away: no single number shows which DC is right. */
function evidenceTable(facts: LingeringFacts): TableExhibit {
  const { replication, islands, roles } = facts;
  return {
    kind: 'table',
    id: 'evidence',
    title: 'Which domain controller is right? Weigh all columns together',
    columns: [
      { heading: 'DC' },
      { heading: 'Site' },
      { heading: 'Oldest replication from another DC' },
      { heading: 'Failures in a row', align: 'right' },
      { heading: 'Roles' },
    ],
    groups: [
      {
        heading: '',
        rows: replication.parties.map((party) => {
          const isCutOff = islands.cutOff.some((one) => one.party === party);
          return {
            cells: [
              party.name,
              party.domainController.site,
              newsInWords(facts, party),
              failuresOf(party),
              (roles.get(party.domainController.settingsDn.toLowerCase()) ?? []).join(', '),
            ],
            details: ownEvidenceInWords(facts, party),
            mark: party.state.kind !== 'answered' ? 'unknown' : isCutOff ? 'bad' : 'good',
          };
        }),
      },
    ],
  };
}

function newsInWords({ replication }: LingeringFacts, party: Party): string {
  if (party.state.kind !== 'answered') {
    return `does not answer: ${party.state.kind === 'unreachable' ? party.state.why : 'not asked'}`;
  }
  let oldest: { readonly age: number; readonly of: Party } | undefined;
  for (const { full, news } of replication.copies) {
    for (const of of full) {
      if (of === party || of.domainController.isReadOnly) continue;
      const heard = news(party, of);
      if (heard.kind === 'heard' && heard.age > (oldest?.age ?? -1)) oldest = { age: heard.age, of };
    }
  }
  return oldest === undefined ? 'not known' : `${durationInWords(oldest.age)} ago, from ${oldest.of.name}`;
}

function ownEvidenceInWords({ ownEvidence, now }: LingeringFacts, { domainController }: Party): readonly string[] {
  const own = ownEvidence.get(domainController);
  if (own === undefined) return [];
  const ago = (time: Date | undefined): string => (time === undefined ? 'not known' : agoInWords(time, now));
  return [
    `last backup ${ago(own.lastBackup)} · oldest tombstone ${ago(own.oldestTombstone)} · newest change made on it ${ago(own.newestChange)}`,
  ];
}

function failuresOf({ state }: Party): string {
  if (state.kind !== 'answered') return '';
  return Math.max(0, ...state.answer.links.map((link) => link.consecutiveFailures)).toLocaleString('en');
}

/** Rows are the DCs that were looked at, the reference first; columns the naming contexts. */
function matrix({ comparisons, forest }: LingeringFacts, reference: DomainController): MatrixExhibit {
  const contexts = distinct(comparisons.map(({ namingContext }) => namingContext));
  const targets = distinct([reference, ...comparisons.map(({ target }) => target)]);
  return {
    kind: 'matrix',
    id: 'lingering',
    title: `Lingering objects by domain controller and partition; the reference is ${reference.name}`,
    columns: contexts.map((dn) => shortName(dn, forest)),
    rows: targets.map((target) => ({
      name: target.name,
      cells: contexts.map((namingContext) =>
        cellOf(comparisons.filter((one) => one.target === target && one.namingContext === namingContext)),
      ),
    })),
  };
}

/** "Configuration", "corp.example.com", "DomainDnsZones": a screen has little room for whole DNs. */
function shortName(dn: string, { namingContexts }: Forest): string {
  const context = namingContexts.find((one) => sameDn(one.dn, dn));
  if (context?.kind === 'domain') return context.dnsName ?? dn;
  const name = rdnOf(dn).value;
  return namingContexts.filter((one) => rdnOf(one.dn).value === name).length === 1 ? name : dn;
}

function cellOf(comparisons: readonly Comparison[]): { readonly text: string; readonly mark?: Mark } {
  if (comparisons.length === 0) return { text: 'no copy' };
  const found = foundIn({ comparisons });
  const lingering = new Set(found.flatMap(({ verdict, guid }) => (verdict === 'lingering' ? [guid] : [])));
  if (lingering.size > 0) return { text: counted(lingering.size, 'object'), mark: 'bad' };
  const isUnseen =
    comparisons.some(({ kind }) => kind === 'not-provable') || found.some(({ verdict }) => verdict === 'not-provable');
  if (isUnseen) return { text: 'not provable', mark: 'unknown' };
  const restored = new Set(found.flatMap(({ verdict, guid }) => (verdict === 'undeleted' ? [guid] : [])));
  return restored.size > 0
    ? { text: `${counted(restored.size, 'object')} restored`, mark: 'watch' }
    : { text: 'none', mark: 'good' };
}

/** The heading of a list of objects, and that of a column of counts. */
const headings: Readonly<Record<Verdict, { readonly list: string; readonly column: string }>> = {
  lingering: { list: 'Lingering', column: 'Lingering' },
  undeleted: { list: 'Restored after the other DC dropped the tombstone', column: 'Restored' },
  abandoned: { list: 'Abandoned: the DC that created it no longer exists', column: 'Abandoned' },
  new: { list: 'New: not replicated yet', column: 'New' },
  late: { list: 'Late: the deletion is on its way', column: 'Late' },
  transient: { list: 'Only a tombstone is left', column: 'Tombstone only' },
  dynamic: { list: 'Dynamic objects, left out', column: 'Dynamic' },
  'not-provable': { list: 'Not provable: no creation stamp shown', column: 'Not provable' },
};

/** How many objects of each verdict there are, by pair of DCs and naming context; verdicts that occur. */
function countsTable(facts: LingeringFacts): readonly TableExhibit[] {
  const found = foundIn(facts);
  const shown = verdicts.filter((verdict) => found.some((one) => one.verdict === verdict));
  if (shown.length === 0) return [];
  const hasChanged = found.some(isLingeringAndChanged);
  const number = (these: readonly Found[]): string => these.length.toLocaleString('en');
  const rows = [...groupBy(found, ({ comparison }) => comparison)].map(([comparison, all]) => ({
    cells: [
      comparison.target.name,
      comparison.reference.name,
      shortName(comparison.namingContext, facts.forest),
      ...shown.map((verdict) => number(all.filter((one) => one.verdict === verdict))),
      ...(hasChanged ? [number(all.filter(isLingeringAndChanged))] : []),
    ],
  }));
  const columns = [
    ...[{ heading: 'On' }, { heading: 'Against' }, { heading: 'Partition' }],
    ...[...shown.map((verdict) => headings[verdict].column), ...(hasChanged ? ['Changed since'] : [])].map(
      (heading) => ({
        heading,
        align: 'right' as const,
      }),
    ),
  ];
  return [{ kind: 'table', id: 'counts', title: 'Objects by verdict', columns, groups: [{ heading: '', rows }] }];
}

function isLingeringAndChanged({ verdict, isChanged }: Found): boolean {
  return verdict === 'lingering' && isChanged;
}

/** Rows of a verdict that needs no action. */
const mostRows = 1000;

/** The objects found, changed ones first. */
function objectTable(facts: LingeringFacts): readonly TableExhibit[] {
  const found = foundIn(facts);
  const groups = verdicts.flatMap((verdict) => {
    const these = found
      .filter((one) => one.verdict === verdict)
      .toSorted((one, other) => Number(other.isChanged) - Number(one.isChanged));
    if (these.length === 0) return [];
    const rows = decidedByHand.includes(verdict) ? these : these.slice(0, mostRows);
    const part =
      rows.length < these.length ? `, of which the first ${rows.length.toLocaleString('en')} are listed` : '';
    return [
      {
        heading: `${headings[verdict].list} (${these.length.toLocaleString('en')}${part})`,
        rows: rows.map((one) => rowOf(one, facts.originator)),
      },
    ];
  });
  if (groups.length === 0) return [];
  const columns = [{ heading: 'Object' }, { heading: 'Class' }, { heading: 'On' }, { heading: 'Against' }];
  return [{ kind: 'table', id: 'objects', title: 'Objects that not all copies have', columns, groups }];
}

function rowOf(found: Found, originator: Originator): TableExhibit['groups'][number]['rows'][number] {
  const { dn, className, comparison } = found;
  return {
    cells: [dn, className, comparison.target.name, comparison.reference.name],
    details: detailsOf(found, originator),
  };
}

function detailsOf(
  { guid, creation, isChanged, verdict, referrers, keptChildren }: Found,
  originator: Originator,
): readonly string[] {
  const created =
    creation === undefined
      ? ''
      : `, created ${creation.changed === 'never' ? '' : `${creation.changed.toISOString().slice(0, 10)} `}by ${originator(creation.originatingInvocationId)?.name ?? `a DC that no longer exists (invocationId ${creation.originatingInvocationId})`}`;
  return [
    `objectGUID ${guid}${created}`,
    ...(verdict === 'lingering' && isChanged ? ['changed since the deletion'] : []),
    ...referrers.map((referrer) => `referred to: ${referrer}`),
    ...keptChildren.map((dn) => `holds ${dn}, which is not lingering`),
  ];
}

/** Asks for the reference, and in the wizard for the DCs and naming contexts that no flag names. */
export async function ask(
  facts: LingeringFacts,
  options: LingeringOptions,
  { prompter, isWizard }: Asking,
): Promise<Answer<LingeringOptions>> {
  if (facts.scope !== undefined) return { kind: 'settled', options };
  const { parties } = facts.replication;
  const reference = await prompter.select({
    id: 'lingering.reference',
    message: 'Which domain controller is right? Objects that it has deleted are searched on the others',
    flag: '--reference DC',
    filterable: true,
    choices: parties.map(({ name, domainController, state }) => ({
      value: domainController,
      label: name,
      hint: domainController.site,
      ...(domainController.isReadOnly ? { disabled: 'read-only' } : {}),
      ...(state.kind === 'unreachable' ? { disabled: 'does not answer' } : {}),
    })),
  });
  const others = parties.filter(({ domainController }) => domainController !== reference);
  const targets =
    options.targets.length > 0 || !isWizard || others.length < 2
      ? options.targets
      : await prompter.multiselect({
          id: 'lingering.targets',
          message: `Which of the other ${counted(others.length, 'DC')} do you want to search for lingering objects?`,
          flag: '--target DC',
          minimum: 1,
          initial: others.map(({ domainController }) => hostOf(domainController)),
          choices: others.map(({ name, domainController }) => ({
            value: hostOf(domainController),
            label: name,
            hint: domainController.site,
          })),
        });
  const contexts = facts.forest.namingContexts.filter(({ kind }) => kind !== 'schema').map(({ dn }) => dn);
  const partitions =
    options.partitions.length > 0 || !isWizard || contexts.length < 2
      ? options.partitions
      : await prompter.multiselect({
          id: 'lingering.partitions',
          message: 'Which naming contexts do you want to compare?',
          flag: '--partition DN',
          minimum: 1,
          initial: contexts,
          choices: contexts.map((dn) => ({ value: dn, label: dn })),
        });
  return { kind: 'look-again', options: { ...options, reference: hostOf(reference), targets, partitions } };
}
