/**
 * When each DC last heard of each other one: its news of the other's changes, for each naming context and ordered pair
 * of DCs.
 *
 * A DC's cursor for another one holds the time; ages are computed by the clock of the DC that answered. Where cursors hold
 * no time (Samba), news travels along the links of repsFrom: a path of links is as old as its oldest one, and the best
 * path counts.
 */

import { day, distinct, groupBy, remembered } from '../words.ts';
import type { DomainControllerState, InboundLink, ReplicationAnswer } from './ask-domain-controllers.ts';
import { normalizedDn, sameDn } from './dn.ts';
import type { PointInTime } from './entry.ts';
import type { DomainController, Forest } from './forest.ts';

/** A DC of the forest, with a name that is unique there: its short one, or its DNS name where two share a short one. */
export interface Party extends DomainControllerState {
  readonly name: string;
}

/** A DC's news of another one's changes. */
export type News =
  /** `age` in milliseconds, by the clock of the DC that heard it. */
  { readonly kind: 'heard'; readonly age: number } | { readonly kind: 'never' } | { readonly kind: 'unknown' };

/** The copies of one naming context, and what their DCs have heard of each other. */
export interface CopyNews {
  readonly namingContext: string;
  /** Full copies: writable, or on an RODC. */
  readonly full: readonly Party[];
  /** Partial copies, on GCs of other domains. */
  readonly partial: readonly Party[];
  /** The hearer's news of changes made on the source. */
  readonly news: (hearer: Party, source: Party) => News;
  /** Whether the hearer refuses the source, or the other way round, as silent for longer than the lifetime (8614). */
  readonly isRefused: (hearer: Party, source: Party) => boolean;
}

/** A time that cannot be true: the clock of the DC jumped. */
export interface ClockJump {
  readonly party: Party;
  readonly namingContext: string;
  readonly kind: 'future' | 'failures-without-time';
  readonly lastSuccess: Date;
  /** undefined if a cursor alone shows the time. */
  readonly consecutiveFailures: number | undefined;
}

/** The news between the DCs of a forest. */
export interface ReplicationNews {
  readonly parties: readonly Party[];
  /** The Configuration partition first, which every DC holds. */
  readonly copies: readonly CopyNews[];
  readonly jumps: readonly ClockJump[];
}

/** ERROR_DS_DNS_LOOKUP_FAILURE: the name of the source's DSA GUID is not in DNS. */
const dnsLookupFailure = 8524;

/** ERROR_DS_REPL_LIFETIME_EXCEEDED: the partner has been silent for longer than the lifetime. */
export const lifetimeExceeded = 8614;

/** A clock that is ahead of the moment by no more than this is exact enough: Kerberos' own tolerance, in milliseconds. */
export const clockTolerance = 5 * 60_000;

/**
 * Reckons the news of every pair of DCs.
 *
 * @param now for a DC that shows no clock
 */
export function replicationNews(
  states: readonly DomainControllerState[],
  { namingContexts, configurationNamingContext }: Forest,
  now: Date,
): ReplicationNews {
  const parties = withNames(states);
  const keyOf = remembered(normalizedDn);
  const isCommon = (dn: string): boolean =>
    sameDn(dn, configurationNamingContext) ||
    namingContexts.some(({ kind, dn: common }) => kind === 'schema' && sameDn(common, dn));
  const described = namingContexts.map(({ dn }) => dn);
  const held = states.flatMap(({ domainController }) => domainController.fullNamingContexts);
  const copies = distinct([configurationNamingContext, ...described, ...held], keyOf).map((dn) => {
    const holders = (listed: (domainController: DomainController) => readonly string[]): readonly Party[] =>
      parties.filter(({ domainController }) => listed(domainController).some((one) => keyOf(one) === keyOf(dn)));
    const full = holders((one) =>
      one.fullNamingContexts.length === 0 && isCommon(dn) ? [dn] : one.fullNamingContexts,
    );
    const partial = holders((one) => one.partialNamingContexts);
    return copyNews(dn, full, partial, (party) => reportBy(party, dn, now, keyOf));
  });
  return { parties, copies, jumps: parties.flatMap((party) => jumpsOf(party, now)) };
}

function copyNews(
  namingContext: string,
  full: readonly Party[],
  partial: readonly Party[],
  reportOf: (party: Party) => NewsReport | undefined,
): CopyNews {
  const holders = [...full, ...partial];
  const reports = new Map(holders.map((party) => [party, reportOf(party)] as const));
  const news = new Map(holders.map((hearer) => [hearer, newsOfAll(hearer, full, reports)] as const));
  return {
    namingContext,
    full,
    partial,
    news: (hearer, source) => news.get(hearer)?.get(source) ?? { kind: 'unknown' },
    isRefused: (hearer, source) =>
      reports.get(hearer)?.isRefusing(source) === true || reports.get(source)?.isRefusing(hearer) === true,
  };
}

/** The report of one DC on a naming context. */
interface NewsReport {
  readonly newsOf: (source: Party) => News;
  readonly isRefusing: (source: Party) => boolean;
  /** The age of the link from a source, for paths; undefined if there is none that ever worked. */
  readonly linkAge: (source: Party) => number | undefined;
}

function reportBy(
  party: Party,
  namingContext: string,
  now: Date,
  keyOf: (dn: string) => string,
): NewsReport | undefined {
  const answer = answerOf(party);
  if (answer === undefined) return undefined;
  const clock = answer.clock ?? now;
  const key = keyOf(namingContext);
  const links = groupBy(
    answer.links.filter((link) => keyOf(link.namingContext) === key),
    ({ sourceDsaGuid }) => sourceDsaGuid,
  );
  const cursors = answer.cursors.filter((cursor) => keyOf(cursor.namingContext) === key);
  const byInvocation = groupBy(cursors, ({ invocationId }) => invocationId);
  // A restored DC has a new invocationId; Windows says in XML whose the former ones are.
  const byDsa = groupBy(cursors, ({ sourceDsaDn }) => (sourceDsaDn === undefined ? '' : keyOf(sourceDsaDn)));
  const linksFrom = ({ domainController: { dsaGuid = '' } }: Party): readonly InboundLink[] => links.get(dsaGuid) ?? [];
  const linkTimes = (source: Party): readonly PointInTime[] =>
    linksFrom(source)
      .filter((link) => jumpOf(link, clock) === undefined)
      .map(({ lastSuccess }) => lastSuccess);
  return {
    newsOf: (source) => {
      const { invocationId = '', settingsDn } = source.domainController;
      const own = [...(byInvocation.get(invocationId) ?? []), ...(byDsa.get(keyOf(settingsDn)) ?? [])];
      return youngest([...own.map(({ lastSuccess }) => lastSuccess), ...linkTimes(source)], clock);
    },
    isRefusing: (source) => linksFrom(source).some(({ lastResult }) => lastResult === lifetimeExceeded),
    linkAge: (source) => {
      const news = youngest(linkTimes(source), clock);
      return news.kind === 'heard' ? news.age : undefined;
    },
  };
}

/** The DC's own report, or the report on it in a file of repadmin. */
export function answerOf({
  state,
}: DomainControllerState): Pick<ReplicationAnswer, 'links' | 'cursors' | 'clock'> | undefined {
  if (state.kind === 'answered') return state.answer;
  if (state.kind === 'not-asked' || state.reported === undefined) return undefined;
  return { links: state.reported, cursors: [], clock: undefined };
}

function jumpsOf(party: Party, now: Date): readonly ClockJump[] {
  const answer = answerOf(party);
  if (answer === undefined) return [];
  const clock = answer.clock ?? now;
  const jumps: ClockJump[] = [];
  for (const link of answer.links) {
    const { namingContext, lastSuccess, consecutiveFailures } = link;
    const kind = jumpOf(link, clock);
    if (kind !== undefined && lastSuccess instanceof Date)
      jumps.push({ party, namingContext, kind, lastSuccess, consecutiveFailures });
  }
  // A cursor that shows the time of a link is the same jump.
  const shown = new Set(jumps.map(({ namingContext, lastSuccess }) => `${namingContext} ${lastSuccess.getTime()}`));
  for (const { namingContext, lastSuccess } of answer.cursors) {
    if (!(lastSuccess instanceof Date) || !isFuture(lastSuccess, clock)) continue;
    if (shown.has(`${namingContext} ${lastSuccess.getTime()}`)) continue;
    jumps.push({ party, namingContext, kind: 'future', lastSuccess, consecutiveFailures: undefined });
  }
  return jumps;
}

function youngest(times: readonly (PointInTime | 'unknown')[], clock: Date): News {
  const ages = times.flatMap((time) => {
    if (!(time instanceof Date) || isFuture(time, clock)) return [];
    return [Math.max(0, clock.getTime() - time.getTime())];
  });
  if (ages.length > 0) return { kind: 'heard', age: Math.min(...ages) };
  return { kind: times.includes('never') ? 'never' : 'unknown' };
}

/** Whether a time is later than a clock allows. */
export function isFuture(time: Date, clock: Date): boolean {
  return time.getTime() - clock.getTime() > clockTolerance;
}

/**
 * A last success in the future is a clock that jumped (Microsoft KB 2020053, step 3); so is a recent one before more
 * failures in a row than a DC can count in that time: it tries again every 15 minutes at most [inferred].
 */
function jumpOf({ lastSuccess, consecutiveFailures }: InboundLink, clock: Date): ClockJump['kind'] | undefined {
  if (!(lastSuccess instanceof Date)) return undefined;
  if (isFuture(lastSuccess, clock)) return 'future';
  const isRecent = clock.getTime() - lastSuccess.getTime() < day;
  return isRecent && consecutiveFailures >= 1000 ? 'failures-without-time' : undefined;
}

/** A hearer's news of all sources: what it says itself, else by the best path of links. */
function newsOfAll(
  hearer: Party,
  sources: readonly Party[],
  reports: ReadonlyMap<Party, NewsReport | undefined>,
): ReadonlyMap<Party, News> {
  const known = new Map<Party, News>();
  for (const source of sources) {
    if (source !== hearer) known.set(source, reports.get(hearer)?.newsOf(source) ?? { kind: 'unknown' });
  }
  if ([...known.values()].every(({ kind }) => kind !== 'unknown')) return known;
  const reached = bestPaths(hearer, reports);
  for (const [source, news] of known) {
    const age = reached.get(source);
    if (news.kind === 'unknown' && age !== undefined) known.set(source, { kind: 'heard', age });
  }
  return known;
}

/** The age of the best path from each DC to the hearer: a path is as old as its oldest link. */
function bestPaths(hearer: Party, reports: ReadonlyMap<Party, NewsReport | undefined>): ReadonlyMap<Party, number> {
  const ages = new Map<Party, number>([[hearer, 0]]);
  const settled = new Set<Party>();
  for (;;) {
    const next = [...ages].filter(([party]) => !settled.has(party)).toSorted(([, one], [, other]) => one - other)[0];
    if (next === undefined) return ages;
    const [to, age] = next;
    settled.add(to);
    for (const from of reports.keys()) {
      const link = reports.get(to)?.linkAge(from);
      if (link === undefined) continue;
      const path = Math.max(age, link);
      if (path < (ages.get(from) ?? Number.POSITIVE_INFINITY)) ages.set(from, path);
    }
  }
}

/**
 * DCs that exist on paper only: they do not answer, no DC has heard of them for as long as that, and their computer
 * account is missing or their DSA GUID has no name in DNS (8524).
 *
 * @param silence in milliseconds
 */
export function goneParties({ parties, copies }: ReplicationNews, silence: number): ReadonlySet<Party> {
  const isUnknownInDns = ({ domainController: { dsaGuid } }: Party): boolean =>
    parties.some((party) =>
      answerOf(party)?.links.some((link) => link.sourceDsaGuid === dsaGuid && link.lastResult === dnsLookupFailure),
    );
  const isHeard = (party: Party): boolean =>
    copies.some(({ full, partial, news }) =>
      [...full, ...partial].some((hearer) => {
        const heard = news(hearer, party);
        return heard.kind === 'heard' && heard.age < silence;
      }),
    );
  const gone = parties.filter((party) => {
    const { state } = party;
    if (state.kind === 'answered') return false;
    return ((state.kind === 'unreachable' && state.account === 'missing') || isUnknownInDns(party)) && !isHeard(party);
  });
  return new Set(gone);
}

function withNames(states: readonly DomainControllerState[]): readonly Party[] {
  const shortName = ({ domainController }: DomainControllerState): string => domainController.name.toLowerCase();
  return states.map((one) => {
    const isShared = states.filter((other) => shortName(other) === shortName(one)).length > 1;
    const { name, dnsHostName } = one.domainController;
    return { ...one, name: isShared ? (dnsHostName ?? name) : name };
  });
}
