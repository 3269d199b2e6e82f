/** One DC's replication in words, the same on the screen, in the plan and for --json. */

import { agoInWords } from '../../words.ts';
import { percentOf, type Standing, silenceOf, stageOf } from './standing.ts';

/** "DC3, Utrecht: 47 days ago, 78 % of 60 days" */
export function domainControllerLine(standing: Standing, days: number, now: Date): string {
  const { name, domainController } = standing;
  const percent = percentInWords(standing, days);
  return `${name}, ${domainController.site}: ${lastSuccessInWords(standing, now)}${percent === '' ? '' : `, ${percent} of ${days} days`}`;
}

/**
 * "47 days ago", or why that is not known.
 * @param heardWords before the time of the last sign of life that others have of it
 */
export function lastSuccessInWords(
  { inbound, heard, silent }: Standing,
  now: Date,
  heardWords = 'others last heard from it',
): string {
  const fromOthers = heard === undefined ? '' : `; ${heardWords} ${agoInWords(heard.time, now)}`;
  switch (inbound.kind) {
    case 'known': {
      const { lastSuccess } = inbound.worst;
      const partly = silent.length === 0 ? '' : ', partly unknown';
      const outbound = heard?.byOneInTouch && heard.age > inbound.worst.age ? fromOthers : '';
      return agoInWords(lastSuccess, now) + partly + outbound;
    }
    case 'alone':
      return 'no other DC to replicate from';
    case 'unreachable':
      return `unreachable${fromOthers}`;
    case 'unknown':
      return `unknown${fromOthers}`;
  }
}

/** "78 %", "> 100 %"; nothing where it is not known. */
export function percentInWords(standing: Standing, days: number): string {
  const silence = silenceOf(standing);
  if (silence === undefined) return '';
  const percent = percentOf(silence, days);
  return percent > 100 ? '> 100 %' : `${Math.floor(percent)} %`;
}

/** The mark behind a DC of which something has to be done. */
export function stageInWords(standing: Standing, days: number): string {
  const silence = silenceOf(standing);
  switch (silence === undefined ? 'fine' : stageOf(silence, days)) {
    case 'past-lifetime':
      return 'past lifetime';
    case 'near-lifetime':
      return 'near lifetime';
    case 'watch-list':
      return 'watch list';
    case 'fine':
      return '';
  }
}
