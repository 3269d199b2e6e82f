/** Findings on replication: sides that are parted, DCs that are cut off, failing links, clocks, and what is not known. */

import { sameDn } from '../../ad/dn.ts';
import { cleaningRequests } from '../../ad/lingering-requests.ts';
import { listLingeringObjects, removeMetadata, showReplication } from '../../ad/repadmin.ts';
import type { CutOff, Islands, Split } from '../../ad/replication-islands.ts';
import { clockTolerance, lifetimeExceeded, type Party } from '../../ad/replication-news.ts';
import { blocker, type FindingDraft, note, warning } from '../../change/findings.ts';
import { groupBy } from '../../group-by.ts';
import { describeWindowsError } from '../../ldap/diagnostics.ts';
import { agoInWords, counted, distinct, durationInWords, listed } from '../../words.ts';
import { recommendedDays, unsetMeans } from './lifetime.ts';
import { nearShare, type Situation, soundParties, watchShare } from './situation.ts';

const day = 86_400_000;

/** How many names a title holds before it counts the rest. */
const namesInTitle = 3;

/** What stands between the DCs, against the lifetimes of today, of before and of afterwards. */
export function replicationFindings(situation: Situation): readonly FindingDraft[] {
  return [
    ...silenceFindings(situation),
    ...formerLifetime(situation),
    ...goneDcs(situation),
    ...linkFindings(situation),
    ...clockFindings(situation),
    ...unknowns(situation),
  ];
}

/** "DC4 has", "DC3 and DC4 have", "DC1, DC2, DC3 and 27 more have" */
function have(parties: readonly Party[]): string {
  const names = parties.map(({ name }) => name);
  return `${listed(names, namesInTitle)} ${names.length === 1 ? 'has' : 'have'}`;
}

/** Silences by how near they are to the lifetimes, each DC and split at its worst place only. */
function silenceFindings(situation: Situation): readonly FindingDraft[] {
  const { before, after, lowers, isChange, judgement } = situation;
  const past = judgement.islandsAt(before.days);
  const isLower = isChange && lowers && after.days < before.days;
  const pastNew = isLower ? without(judgement.islandsAt(after.days), past) : nothing;
  const near = without(judgement.islandsAt(before.days * nearShare), past);
  const watched = without(without(judgement.islandsAt(before.days * watchShare), past), near);
  return [
    ...splitFindings(situation, past, 'past'),
    ...pastLifetime(situation, past),
    ...pastNewLifetime(situation, pastNew),
    ...early('near-lifetime', near, situation, 'close to the lifetime', 'Repair its replication now, or demote it'),
    ...early('watch-list', watched, situation, 'more than half of the lifetime', 'Repair its replication in time'),
  ];
}

type Apart = Pick<Islands, 'cutOff' | 'splits'>;

const nothing: Apart = { cutOff: [], splits: [] };

/** The islands of a shorter silence, without what is apart at a longer one already. */
function without(islands: Apart, graver: Apart): Apart {
  const known = new Set([
    ...graver.cutOff.map(({ party }) => party),
    ...graver.splits.flatMap(({ sides }) => sides.flat()),
  ]);
  return {
    cutOff: islands.cutOff.filter(({ party }) => !known.has(party)),
    splits: islands.splits.filter(({ sides }) => !sides.flat().every((party) => known.has(party))),
  };
}

/** "DC4, Paramaribo: heard nothing for 75 days; last heard of 71 days ago (DC1)" */
function cutOffLine({ party, ownAge, heardAge, heardBy, namingContexts }: CutOff, total: number): string {
  const own =
    ownAge === undefined
      ? party.state.kind === 'unreachable'
        ? `does not answer (${party.state.why})`
        : 'its own news is not known'
      : `last heard of the others ${durationInWords(ownAge)} ago`;
  const others =
    heardAge === undefined || heardBy === undefined
      ? 'no other DC shows when it last heard of it'
      : `${heardBy.name} last heard of it ${durationInWords(heardAge)} ago`;
  const where = namingContexts.length < total ? `; in ${listed(namingContexts, 2)}` : '';
  return `${party.name}, ${party.domainController.site}: ${own}; ${others}${where}`;
}

function longestOf(apart: readonly { readonly age: number | undefined }[]): number | undefined {
  const ages = apart.flatMap(({ age }) => age ?? []);
  return ages.length === 0 ? undefined : Math.max(...ages);
}

function daysOf(apart: readonly { readonly age: number | undefined }[]): {
  readonly measure?: { readonly value: number; readonly unit: 'days' };
} {
  const longest = longestOf(apart);
  return longest === undefined ? {} : { measure: { value: Math.floor(longest / day), unit: 'days' } };
}

/** "71 days", "up to 71 days", "longer than the lifetime" */
function silenceInWords(apart: readonly { readonly age: number | undefined }[]): string {
  const longest = longestOf(apart);
  if (longest === undefined) return 'longer than the lifetime (8614)';
  return `${apart.length === 1 ? '' : 'up to '}${durationInWords(longest)}`;
}

function pastLifetime(situation: Situation, past: Islands): readonly FindingDraft[] {
  const { facts, before, raises, isChange } = situation;
  const inconsistent = [...past.oldest].flatMap(([party, news]): CutOff[] =>
    news.age < before.days * day
      ? []
      : [
          {
            party,
            namingContexts: [news.namingContext],
            ownAge: news.age,
            heardAge: undefined,
            heardBy: undefined,
            age: news.age,
          },
        ],
  );
  const apart = [...past.cutOff, ...inconsistent];
  if (apart.length === 0) return [];
  const parties = apart.map(({ party }) => party);
  const isOnlyReadOnly = parties.every(({ domainController }) => domainController.isReadOnly);
  const commands = past.splits.length > 0 ? [] : commandsFor(parties, situation, past);
  const title = `${have(parties)} not replicated for ${silenceInWords(apart)}: longer than the lifetime of ${before.days} days`;
  const risk = isOnlyReadOnly
    ? 'A read-only DC has no outbound replication and cannot bring deleted objects back, but it can hold lingering ones. '
    : 'A raise may let it replicate again and bring deleted objects back; what the others have collected stays gone. ';
  const cure =
    commands.length === 0
      ? 'Remove lingering objects first, or demote it by force and clean up its metadata.'
      : 'Remove lingering objects first with the commands below (they only list; without /advisory_mode they remove), or demote it by force.';
  const parts = {
    subjects: parties.map(({ name }) => name),
    ...daysOf(apart),
    evidence: [...apart.map((one) => cutOffLine(one, facts.replication.copies.length)), ...commands],
  };
  return [
    isChange && raises
      ? blocker('past-lifetime', title, risk + cure, parts)
      : warning('past-lifetime', title, risk + cure, parts),
  ];
}

function commandsFor(parties: readonly Party[], situation: Situation, islands: Islands): readonly string[] {
  const { replication } = situation.facts;
  return cleaningRequests(parties, soundParties(situation, islands), replication, islands.oldest).map(
    listLingeringObjects,
  );
}

/** "Amsterdam (DC1, DC2)" */
export function sideInWords(side: readonly Party[]): string {
  const sites = distinct(side.map(({ domainController }) => domainController.site));
  const names = listed(
    side.map(({ name }) => name),
    namesInTitle,
  );
  return sites.length === 1 && side.length > 1 ? `${sites[0]} (${names})` : names;
}

function splitFindings(situation: Situation, { splits }: Apart, stage: 'past' | 'new'): readonly FindingDraft[] {
  const { before, after, raises, isChange } = situation;
  if (splits.length === 0) return [];
  const days = stage === 'past' ? before.days : after.days;
  const [first] = splits;
  const sides = first?.sides.map(sideInWords) ?? [];
  const title = `${sides.join(' and ')} have not replicated with each other for ${silenceInWords(splits.slice(0, 1))}: longer than the lifetime of ${days} days`;
  const detail =
    'Neither side is known to be the good one. Choose it yourself by the evidence, clean the good side against the other DCs and then the other side against it (next steps), and only then change the lifetime: what one side deleted can come back from the other.';
  const parts = {
    subjects: distinct(splits.flatMap((split) => split.sides.flat().map(({ name }) => name))),
    ...daysOf(splits),
    evidence: splits.flatMap((split) => splitLines(split, situation)),
  };
  const isBlocker = isChange && (stage === 'new' || raises);
  const id = stage === 'past' ? 'parted-sides' : 'parted-past-new-lifetime';
  return [isBlocker ? blocker(id, title, detail, parts) : warning(id, title, detail, parts)];
}

/** What there is to choose the good side by. */
function splitLines({ sides, namingContexts }: Split, { facts }: Situation): readonly string[] {
  const where = `parted in ${counted(namingContexts.length, 'naming context')} of ${facts.replication.copies.length}`;
  return [where, ...sides.flatMap((side) => side.map((party) => evidenceLine(party, sides, side)))];
}

function evidenceLine(party: Party, sides: Split['sides'], own: readonly Party[]): string {
  const { state, name } = party;
  if (state.kind !== 'answered') return `${name} (${sideInWords(own)}): does not answer`;
  const others = new Set(
    sides
      .filter((side) => side !== own)
      .flatMap((side) => side.flatMap(({ domainController }) => domainController.dsaGuid ?? [])),
  );
  const failing = state.answer.links.filter((link) => others.has(link.sourceDsaGuid) && link.lastResult !== 0);
  const failures = Math.max(0, ...failing.map(({ consecutiveFailures }) => consecutiveFailures));
  const refused = failing.some(({ lastResult }) => lastResult === lifetimeExceeded)
    ? ', refuses the other side (8614)'
    : '';
  const words =
    failing.length === 0
      ? 'no failing link to the other side'
      : `${counted(failures, 'failure')} in a row with the other side: the more, the longer it was running`;
  return `${name} (${sideInWords(own)}): ${words}${refused}`;
}

function pastNewLifetime(situation: Situation, pastNew: Apart): readonly FindingDraft[] {
  const { after, facts } = situation;
  const { cutOff } = pastNew;
  const found = splitFindings(situation, pastNew, 'new');
  if (cutOff.length === 0) return found;
  const parties = cutOff.map(({ party }) => party);
  return [
    ...found,
    blocker(
      'past-new-lifetime',
      `${have(parties)} not replicated for ${silenceInWords(cutOff)}: longer than the new lifetime`,
      `With ${after.days} days the others stop replicating with it (event 2042, status 8614). Repair its replication first.`,
      {
        subjects: parties.map(({ name }) => name),
        ...daysOf(cutOff),
        evidence: cutOff.map((one) => cutOffLine(one, facts.replication.copies.length)),
      },
    ),
  ];
}

function early(
  id: string,
  { cutOff, splits }: Apart,
  { before, facts }: Situation,
  how: string,
  cure: string,
): readonly FindingDraft[] {
  const parties = [...cutOff.map(({ party }) => party), ...splits.flatMap(({ sides }) => sides.flat())];
  if (parties.length === 0) return [];
  const title =
    cutOff.length > 0
      ? `${have(parties)} not replicated for ${silenceInWords([...cutOff, ...splits])}: ${how} of ${before.days} days`
      : `${listed(splits.flatMap(({ sides }) => sides.map(sideInWords)))} have not replicated with each other for ${silenceInWords(splits)}: ${how} of ${before.days} days`;
  return [
    warning(id, title, `${cure}: past the lifetime it may bring deleted objects back.`, {
      subjects: distinct(parties.map(({ name }) => name)),
      ...daysOf([...cutOff, ...splits]),
      evidence: [
        ...cutOff.map((one) => cutOffLine(one, facts.replication.copies.length)),
        ...splits.map(({ sides }) => sides.map(sideInWords).join(' from ')),
      ],
    }),
  ];
}

/** A DC that was past the limit before the value was last raised is not healthy by the higher number. */
function formerLifetime(situation: Situation): readonly FindingDraft[] {
  const { facts, judgement, before, raises, isChange } = situation;
  const written = facts.settings.lifetimeWritten;
  if (written === undefined || written > facts.now) return [];
  const since = (facts.now.getTime() - written.getTime()) / day;
  const former = unsetMeans(facts.serverKind);
  if (former + since >= before.days) return [];
  const { cutOff, splits } = without(judgement.islandsAt(former + since), judgement.islandsAt(before.days));
  const apart = [...cutOff, ...splits];
  if (apart.length === 0) return [];
  const parties = distinct([...cutOff.map(({ party }) => party), ...splits.flatMap(({ sides }) => sides.flat())]);
  const silentThen = Math.floor((longestOf(apart) ?? 0) / day - since);
  const title = `${have(parties)} not replicated since before the lifetime was last changed`;
  const detail = `The value was written ${agoInWords(written, facts.now)}; the silence had then lasted ${silentThen} days, longer than the ${former} days of a forest without a value. A higher value does not make such a DC healthy: remove lingering objects first. What takes nothing from its partners needs the value written on it too.`;
  const parts = {
    subjects: parties.map(({ name }) => name),
    ...daysOf(apart),
    evidence: [
      ...cutOff.map((one) => cutOffLine(one, facts.replication.copies.length)),
      ...commandsFor(
        cutOff.map(({ party }) => party),
        situation,
        judgement.islandsAt(former + since),
      ),
    ],
  };
  return [
    isChange && raises
      ? blocker('past-former-lifetime', title, detail, parts)
      : warning('past-former-lifetime', title, detail, parts),
  ];
}

function goneDcs({ judgement }: Situation): readonly FindingDraft[] {
  const gone = [...judgement.gone];
  if (gone.length === 0) return [];
  return [
    note(
      'gone-dcs',
      `Leftover metadata of ${counted(gone.length, 'DC')}: ${listed(
        gone.map(({ name }) => name),
        namesInTitle,
      )}`,
      'It does not answer, no DC has heard of it within the lifetime, and its computer account or its name in DNS is missing. It does not stop a raise. Clean up its metadata; there is nothing to remove on it.',
      {
        subjects: gone.map(({ name }) => name),
        evidence: gone.map(({ domainController }) => removeMetadata(domainController.dn)),
      },
    ),
  ];
}

/** ERROR_DS_DRA_REPL_PENDING: queued, not failed. */
const pending = 8477;
/** Results that name an object which the destination lacks and the source has (8606, 8240); Samba answers 58. */
const lingeringResults = [8606, 8240];
const sambaLingeringResult = 58;

/** One source of one DC, for all naming contexts that fail in the same way. */
interface Failure {
  readonly destination: Party;
  readonly source: Party | undefined;
  readonly result: number;
  readonly namingContexts: readonly string[];
  readonly line: string;
}

function failuresOf({ facts, judgement }: Situation): readonly Failure[] {
  const { parties } = facts.replication;
  return parties.flatMap((destination) => {
    const { state } = destination;
    if (state.kind !== 'answered') return [];
    const { links, clock = facts.now } = state.answer;
    const failing = links.filter(({ lastResult }) => lastResult !== 0 && lastResult !== pending);
    const alike = groupBy(failing, ({ sourceDsaGuid, lastResult }) => `${sourceDsaGuid} ${lastResult}`);
    return [...alike.values()].flatMap((group): Failure[] => {
      const [first] = group;
      if (first === undefined) return [];
      const source = parties.find(({ domainController }) => domainController.dsaGuid === first.sourceDsaGuid);
      if (source !== undefined && judgement.gone.has(source)) return [];
      const failures = Math.max(...group.map(({ consecutiveFailures }) => consecutiveFailures));
      const where = group.length === 1 ? first.namingContext : counted(group.length, 'naming context');
      const line = `${destination.name} from ${source?.name ?? `DSA ${first.sourceDsaGuid}`}, ${where}: ${describeWindowsError(first.lastResult)}; ${failures} failures in a row, last success ${agoInWords(first.lastSuccess, clock)}`;
      return [
        {
          destination,
          source,
          result: first.lastResult,
          namingContexts: group.map(({ namingContext }) => namingContext),
          line,
        },
      ];
    });
  });
}

/** What fails, and what is switched off by hand. */
function linkFindings(situation: Situation): readonly FindingDraft[] {
  const { facts } = situation;
  const failures = failuresOf(situation);
  const isLingering = ({ result }: Failure): boolean =>
    lingeringResults.includes(result) || (facts.serverKind === 'samba' && result === sambaLingeringResult);
  const refused = failures.filter(({ result }) => result === lifetimeExceeded);
  const lingering = failures.filter(isLingering);
  const others = failures.filter((one) => !refused.includes(one) && !isLingering(one));
  return [
    ...lingeringFinding(lingering, situation),
    ...refusedFinding(refused, situation),
    ...(others.length === 0
      ? []
      : [
          warning(
            'replication-failures',
            `Replication fails: ${listed(distinct(others.map(({ destination, source }) => `${destination.name} from ${source?.name ?? 'an unknown DC'}`)), namesInTitle)}`,
            'Repair these links first. A DC that no partner reaches grows old unseen.',
            {
              subjects: distinct(others.map(({ destination }) => destination.name)),
              evidence: others.map(({ line }) => line),
            },
          ),
        ]),
    ...switchedOff(situation),
  ];
}

function lingeringFinding(lingering: readonly Failure[], situation: Situation): readonly FindingDraft[] {
  if (lingering.length === 0) return [];
  const { raises, isChange } = situation;
  const sources = distinct(lingering.map(({ source }) => source?.name ?? 'an unknown DC'));
  const commands = lingering.flatMap(({ source, destination, namingContexts }) => {
    const sourceDsaGuid = destination.domainController.dsaGuid;
    if (source === undefined || sourceDsaGuid === undefined || destination.domainController.isReadOnly) return [];
    const host = source.domainController.dnsHostName ?? source.name;
    const isWritable = (namingContext: string): boolean =>
      destination.domainController.fullNamingContexts.some((held) => sameDn(held, namingContext));
    return namingContexts
      .filter(isWritable)
      .map((namingContext) => listLingeringObjects({ destination: host, sourceDsaGuid, namingContext }));
  });
  const title = `Lingering objects are likely on ${listed(sources, namesInTitle)}`;
  const detail =
    'A partner lacks objects that it sent changes of. They can also be tombstones at the edge of the lifetime, a new partial attribute set or a reanimation. Before any raise, list them with the commands below; without /advisory_mode they are removed.';
  const parts = { subjects: sources, evidence: [...lingering.map(({ line }) => line), ...commands] };
  return [
    isChange && raises
      ? blocker('lingering-objects-likely', title, detail, parts)
      : warning('lingering-objects-likely', title, detail, parts),
  ];
}

function refusedFinding(refused: readonly Failure[], { before, after }: Situation): readonly FindingDraft[] {
  if (refused.length === 0) return [];
  const tooShort =
    before.days < 60 && after.days <= before.days
      ? `The lifetime is short (${before.days} days): healthy DCs fail at that. Set ${recommendedDays} first. `
      : '';
  return [
    warning(
      'refused-partners',
      `${listed(distinct(refused.map(({ destination, source }) => `${destination.name} refuses ${source?.name ?? 'an unknown DC'}`)), namesInTitle)} (8614)`,
      `${tooShort}One of the two has been silent for longer than the lifetime: the result does not say which. A DC that refuses takes nothing from its partner, the new lifetime included. After cleaning, allow divergent replication there once (next steps).`,
      {
        subjects: distinct(refused.map(({ destination }) => destination.name)),
        evidence: refused.map(({ line }) => line),
      },
    ),
  ];
}

function switchedOff({ facts }: Situation): readonly FindingDraft[] {
  const off = facts.replication.parties.flatMap(({ name, domainController }) => [
    ...(domainController.isInboundReplicationOff ? [{ name, line: `${name}: inbound` }] : []),
    ...(domainController.isOutboundReplicationOff ? [{ name, line: `${name}: outbound` }] : []),
  ]);
  if (off.length === 0) return [];
  return [
    warning(
      'replication-switched-off',
      `Replication is switched off on ${listed(distinct(off.map(({ name }) => name)), namesInTitle)}`,
      'Switch it on again: repadmin /options DC -DISABLE_INBOUND_REPL (or -DISABLE_OUTBOUND_REPL).',
      { subjects: distinct(off.map(({ name }) => name)), evidence: off.map(({ line }) => line) },
    ),
  ];
}

/**
 * Clocks that differ from the middle of all clocks, this computer's included: a DC's is more often right than a laptop's.
 * A jump makes the age of the DC's news unknown.
 */
function clockFindings({ facts, isChange, lowers }: Situation): readonly FindingDraft[] {
  const clocks = facts.replication.parties.flatMap(({ name, state }) =>
    state.kind === 'answered' && state.clockAhead !== undefined ? [{ name, ahead: state.clockAhead }] : [],
  );
  const computer = { name: 'this computer', ahead: 0 };
  const sorted = [...clocks.map(({ ahead }) => ahead), 0].toSorted((one, other) => one - other);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const off = (
    clocks.length < 2
      ? clocks.map((one) => ({ ...one, by: one.ahead }))
      : [...clocks, computer].map((one) => ({ ...one, by: one.ahead - middle }))
  ).filter(({ by }) => Math.abs(by) > clockTolerance);
  const jumps = facts.replication.jumps;
  const isGrave = off.some(({ by }) => Math.abs(by) >= day);
  const others = clocks.length < 2 ? 'this computer' : 'the others';
  const title = `Clocks differ: ${listed(
    off.map(({ name }) => name),
    namesInTitle,
  )}`;
  const detail =
    'A clock that jumps makes replication partners look older than the lifetime (false 8614). Set the clocks right first. Ages are reckoned by the clock of the DC that answered, not by this computer.';
  const parts = {
    subjects: off.map(({ name }) => name),
    evidence: off.map(
      ({ name, by }) => `${name} is ${durationInWords(by)} ${by > 0 ? 'ahead of' : 'behind'} ${others}`,
    ),
  };
  return [
    ...(off.length === 0
      ? []
      : [
          isGrave && isChange && lowers
            ? blocker('clock-differs', title, detail, parts)
            : warning('clock-differs', title, detail, parts),
        ]),
    ...(jumps.length === 0
      ? []
      : [
          warning(
            'clock-jumped',
            `The clock of ${listed(distinct(jumps.map(({ party }) => party.name)), namesInTitle)} jumped: the age of its news is not known`,
            'A time in the future, or thousands of failures beside a recent success, comes from a clock that was set wrong. Check the time on the DC and its partners, then judge it by repadmin /showrepl.',
            {
              subjects: distinct(jumps.map(({ party }) => party.name)),
              evidence: jumps.map(
                ({ party, namingContext, lastSuccess, consecutiveFailures }) =>
                  `${party.name}, ${namingContext}: last success ${lastSuccess.toISOString()}, ${counted(consecutiveFailures, 'failure')} in a row`,
              ),
            },
          ),
        ]),
  ];
}

/** What is not known of a DC, which is never taken for healthy. */
function unknowns({ facts, judgement }: Situation): readonly FindingDraft[] {
  const { parties, copies } = facts.replication;
  const living = parties.filter((party) => !judgement.gone.has(party));
  const unreachable = living.filter(({ state }) => state.kind === 'unreachable');
  const silent = facts.isExport ? [] : living.flatMap((party) => silentLines(party, living));
  const never = living.flatMap((party) =>
    copies.flatMap(({ namingContext, full, partial, news }) => {
      const known = [...full, ...partial].includes(party) ? full.map((source) => news(party, source).kind) : [];
      return known.includes('never') && !known.includes('heard')
        ? [{ party, line: `${party.name}: ${namingContext}` }]
        : [];
    }),
  );
  return [
    ...(unreachable.length === 0 ? [] : [unreachableFinding(unreachable, judgement)]),
    ...(silent.length === 0
      ? []
      : [
          warning(
            'replication-unknown',
            `${listed(distinct(silent.map(({ name }) => name)), namesInTitle)}: replication is not known for every naming context`,
            'Not known is not healthy: the user may lack the right to see it. Ask the DC itself: repadmin /showrepl.',
            { subjects: distinct(silent.map(({ name }) => name)), evidence: silent.map(({ line }) => line) },
          ),
        ]),
    ...(never.length === 0
      ? []
      : [
          warning(
            'never-replicated',
            `${have(distinct(never.map(({ party }) => party)))} a naming context that was never replicated`,
            'Ask the DC why: repadmin /showrepl.',
            { subjects: distinct(never.map(({ party }) => party.name)), evidence: never.map(({ line }) => line) },
          ),
        ]),
  ];
}

function unreachableFinding(unreachable: readonly Party[], { rows }: Situation['judgement']): FindingDraft {
  return warning(
    'unreachable-dcs',
    `${listed(
      unreachable.map(({ name }) => name),
      namesInTitle,
    )} could not be asked`,
    'What a DC has itself received only it can say. Ask it where it can be reached: repadmin /showrepl.',
    {
      subjects: unreachable.map(({ name }) => name),
      evidence: unreachable.flatMap((party) => {
        const heard = rows.find((row) => row.party === party)?.heard;
        const last =
          heard === undefined
            ? 'no other DC shows when it last heard of it'
            : `${heard.by.name} last heard of it ${durationInWords(heard.age)} ago`;
        const why = party.state.kind === 'unreachable' ? party.state.why : '';
        return [`${party.name}: ${why}; ${last}`, showReplication(party.domainController.dnsHostName ?? party.name)];
      }),
    },
  );
}

/** Naming contexts that a DC should get from others and says nothing of. */
function silentLines(
  party: Party,
  living: readonly Party[],
): readonly { readonly name: string; readonly line: string }[] {
  const { name, state } = party;
  if (state.kind !== 'answered') return [];
  const others = living.filter((other) => other !== party && !other.domainController.isReadOnly);
  // Where no naming contexts can be read, every other DC may be a partner.
  const isKnown = others.some(({ domainController }) => domainController.fullNamingContexts.length > 0);
  const expectsPartner = (namingContext: string): boolean =>
    isKnown
      ? others.some(({ domainController }) =>
          domainController.fullNamingContexts.some((held) => sameDn(held, namingContext)),
        )
      : others.length > 0;
  return state.answer.silent
    .filter(({ namingContext }) => expectsPartner(namingContext))
    .map(({ namingContext, why }) => ({ name, line: `${name}: ${namingContext}: ${why}` }));
}
