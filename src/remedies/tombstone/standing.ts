/** Where each DC stands: how long ago it last got the others' changes, and when they last got its own. */

import { normalizedDn, sameDn } from '../../ad/dn.ts';
import type { DomainController, Forest } from '../../ad/forest.ts';
import type { PointInTime } from '../../ad/values.ts';
import type { TombstoneFacts } from './facts.ts';
import type { InboundLink, ReplicationAnswer, SilentNamingContext } from './replication-answer.ts';

const day = 86_400_000;

/** The last success for the naming context that is worst off, from whichever partner was best. */
export interface WorstNamingContext {
  readonly namingContext: string;
  readonly lastSuccess: PointInTime;
  /** In milliseconds, by the DC's own clock; infinite for "never". */
  readonly age: number;
  /** Whether it only had it from a DC that can not be asked: then the silence is that one's. */
  readonly isSourceGone: boolean;
}

/** The latest sign of life of a DC in what another one has. */
export interface Heard {
  readonly by: string;
  readonly time: Date;
  /** In milliseconds. */
  readonly age: number;
  /** Whether the one that heard it is itself up to date since then: else the silence may be its own. */
  readonly byOneInTouch: boolean;
}

export interface Standing {
  readonly domainController: DomainController;
  /** Unique in the forest: the short name, or the DNS name where two DCs share a short one. */
  readonly name: string;
  readonly inbound:
    | { readonly kind: 'known'; readonly worst: WorstNamingContext }
    /** No other DC has what it has. */
    | { readonly kind: 'alone' }
    | { readonly kind: 'unreachable'; readonly why: string }
    | { readonly kind: 'unknown'; readonly why: string };
  /** Naming contexts that it should get from others, and tells nothing of. */
  readonly silent: readonly SilentNamingContext[];
  readonly links: readonly InboundLink[];
  readonly heard: Heard | undefined;
  readonly clockAhead: number | undefined;
}

/** In the order of the facts. */
export function standingsOf(facts: TombstoneFacts): readonly Standing[] {
  const names = uniqueNames(facts.forest.domainControllers);
  return facts.domainControllers.map((one, index) => {
    const name = names[index] ?? one.domainController.name;
    const heard = heardOf(one.domainController, facts, names);
    const common = { domainController: one.domainController, name, heard };
    const { state } = one;
    if (state.kind !== 'answered') {
      const inbound: Standing['inbound'] =
        state.kind === 'unreachable'
          ? { kind: 'unreachable', why: state.why }
          : { kind: 'unknown', why: 'the export does not tell' };
      return { ...common, inbound, silent: [], links: [], clockAhead: undefined };
    }
    const { answer, clockAhead } = state;
    const silent = answer.silent.filter(({ namingContext }) =>
      expectsPartner(one.domainController, namingContext, facts.forest),
    );
    const worst = worstOf(answer.links, answer.clock ?? facts.now, facts);
    return { ...common, inbound: inboundOf(worst, silent), silent, links: answer.links, clockAhead };
  });
}

function inboundOf(worst: WorstNamingContext | undefined, silent: readonly SilentNamingContext[]): Standing['inbound'] {
  if (worst !== undefined) return { kind: 'known', worst };
  const [first] = silent;
  return first === undefined ? { kind: 'alone' } : { kind: 'unknown', why: first.why };
}

/** Per naming context the best partner counts: the others' changes come by way of it too. */
function worstOf(
  links: readonly InboundLink[],
  now: Date,
  { domainControllers }: TombstoneFacts,
): WorstNamingContext | undefined {
  const answered = new Set(
    domainControllers.flatMap(({ domainController, state }) =>
      state.kind === 'answered' && domainController.dsaGuid !== undefined ? [domainController.dsaGuid] : [],
    ),
  );
  const best = new Map<string, WorstNamingContext>();
  for (const { namingContext, lastSuccess, sourceDsaGuid } of links) {
    const age = lastSuccess === 'never' ? Number.POSITIVE_INFINITY : Math.max(0, now.getTime() - lastSuccess.getTime());
    const key = normalizedDn(namingContext);
    const known = best.get(key);
    const isSourceGone = age > day && !answered.has(sourceDsaGuid);
    if (known === undefined || age < known.age) best.set(key, { namingContext, lastSuccess, age, isSourceGone });
  }
  const byAge = [...best.values()].toSorted((one, other) => other.age - one.age);
  return byAge.find(({ isSourceGone }) => !isSourceGone) ?? byAge[0];
}

/** Whether another DC has a full copy, from which this one should get its changes. */
function expectsPartner(
  domainController: DomainController,
  namingContext: string,
  { domainControllers }: Forest,
): boolean {
  const others = domainControllers.filter((other) => other !== domainController && !other.isReadOnly);
  // Where nobody's naming contexts can be read, every other DC may be a partner.
  const isKnown = others.some((other) => other.fullNamingContexts.length > 0);
  return isKnown
    ? others.some((other) => other.fullNamingContexts.some((held) => sameDn(held, namingContext)))
    : others.length > 0;
}

/** By other DCs' cursors for its invocationId, and where those hold no time by their links from it. */
function heardOf(heardOne: DomainController, facts: TombstoneFacts, names: readonly string[]): Heard | undefined {
  let latest: Heard | undefined;
  for (const [index, { domainController, state }] of facts.domainControllers.entries()) {
    if (state.kind !== 'answered' || domainController === heardOne) continue;
    for (const time of timesOf(state.answer, heardOne)) {
      if (latest !== undefined && time <= latest.time) continue;
      const now = state.answer.clock ?? facts.now;
      const age = Math.max(0, now.getTime() - time.getTime());
      const own = worstOf(state.answer.links, now, facts)?.age ?? Number.POSITIVE_INFINITY;
      latest = { by: names[index] ?? domainController.name, time, age, byOneInTouch: own + day < age };
    }
  }
  return latest;
}

function timesOf(answer: ReplicationAnswer, { dsaGuid, invocationId }: DomainController): readonly Date[] {
  const times: (PointInTime | 'unknown')[] = [
    ...answer.cursors.filter((cursor) => cursor.invocationId === invocationId).map((cursor) => cursor.lastSuccess),
    ...answer.links.filter((link) => link.sourceDsaGuid === dsaGuid).map((link) => link.lastSuccess),
  ];
  return times.filter((time) => time instanceof Date);
}

function uniqueNames(domainControllers: readonly DomainController[]): readonly string[] {
  return domainControllers.map(({ name, dnsHostName }) => {
    const isShared = domainControllers.filter((other) => other.name.toLowerCase() === name.toLowerCase()).length > 1;
    return isShared ? (dnsHostName ?? name) : name;
  });
}

/** The longest silence of a DC, in milliseconds: of its own inbound replication, or of what others have of it. */
export function silenceOf({ inbound, heard }: Standing): number | undefined {
  if (inbound.kind !== 'known') return heard?.age;
  const { age, isSourceGone } = inbound.worst;
  const own = Number.isFinite(age) && !isSourceGone ? age : undefined;
  if (heard === undefined || !heard.byOneInTouch) return own;
  return Math.max(own ?? 0, heard.age);
}

/** A length of time as a share of so many days, in percent. */
export function percentOf(milliseconds: number, days: number): number {
  return (milliseconds / (days * day)) * 100;
}

/** Microsoft's thresholds for a DC without inbound replication: on a watch list from 50 %, to be demoted from 90 %. */
export type Stage = 'fine' | 'watch-list' | 'near-lifetime' | 'past-lifetime';

/** The stage of a silence of so many milliseconds under a lifetime of so many days. */
export function stageOf(milliseconds: number, days: number): Stage {
  const percent = percentOf(milliseconds, days);
  if (percent >= 100) return 'past-lifetime';
  if (percent >= 90) return 'near-lifetime';
  return percent >= 50 ? 'watch-list' : 'fine';
}
