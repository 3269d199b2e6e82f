/** Findings on the value itself: who may write it, whether it is a number to choose, and what is stored now. */

import { blocker, type FindingDraft, note, warning } from './finding-draft.ts';
import { faultWithGarbageCollection, isTooSmall, recommendedDays, unsetInWords } from './lifetime.ts';
import type { Situation } from './situation.ts';

/** What keeps this user, on this DC, from writing the value. */
export function rights({ facts, isChange }: Situation): readonly FindingDraft[] {
  if (!isChange) return [];
  if (facts.source.isReadOnly) {
    return [
      blocker(
        'read-only-dc',
        `${facts.source.host} is a read-only domain controller`,
        'It takes no writes. Name a writable one with --server; accept this to save a plan that is applied there.',
      ),
    ];
  }
  if (facts.mayWrite !== false) return [];
  return [
    blocker(
      'no-right-to-write',
      'This user may not write tombstoneLifetime',
      'It takes Enterprise Admins, or Domain Admins of the forest root. Log on as one of them with --user; accept this to save a plan that one of them applies.',
      [facts.settings.dn],
    ),
  ];
}

/** What speaks against the number of days that is wanted, and what a higher one does not do. */
export function wantedLifetime(situation: Situation): readonly FindingDraft[] {
  const { facts, options, before, after, isChange } = situation;
  const collision = options.wanted.kind === 'none' ? undefined : faultWithGarbageCollection(after, facts.settings);
  const found: FindingDraft[] = [];
  if (isChange && collision !== undefined) {
    const title = `${after} days would not be honoured`;
    const detail = `For Active Directory to honour it, ${collision}. Choose more days, or shorten garbageCollPeriod first.`;
    found.push({ ...blocker('too-short-for-garbage-collection', title, detail), acceptable: false });
  }
  if (isChange && after < recommendedDays) found.push(...belowRecommended(situation));
  if (after > 10 * 365) {
    found.push(
      warning(
        'very-long',
        `Deleted objects would be kept for ${Math.floor(after / 365)} years`,
        'They fill the database of every DC. Few forests need more than a year.',
      ),
    );
  }
  if (isChange && after > before) {
    found.push(
      note(
        'not-retroactive',
        'A higher value does not reach back',
        `What is already collected does not come back, and for the next ${after - before} days the forest still remembers only the old window. Backups made so far do not become good for longer than the objects deleted since then are kept.`,
      ),
    );
  }
  return found;
}

/** To lower it there takes a reason; a rise that stops short of it is only told. */
function belowRecommended({ options, before, after }: Situation): readonly FindingDraft[] {
  const title = `${after} days are less than the ${recommendedDays} that Microsoft recommends`;
  const detail = 'Backups live no longer than that, nor may a DC be offline for longer.';
  if (after < before) return [blocker('below-recommended', title, `${detail} Accept it only with a reason.`)];
  return options.wanted.kind === 'none' ? [] : [warning('below-recommended', title, detail)];
}

/** What is to be known of the value that is stored, or that none is. */
export function storedLifetime({ facts, before }: Situation): readonly FindingDraft[] {
  const { tombstoneLifetime } = facts.settings;
  if (tombstoneLifetime === undefined && facts.isExport) {
    return [
      warning(
        'lifetime-not-in-export',
        'The export holds no tombstoneLifetime',
        'It is not set, or it was not exported. The LDIF only adds the value: a server that has one refuses it.',
      ),
    ];
  }
  if (tombstoneLifetime === undefined) {
    return [
      note(
        'lifetime-not-set',
        `The lifetime is ${unsetInWords(facts.serverKind)}`,
        `An upgrade never changes that. Microsoft recommends to set it: ${recommendedDays}.`,
      ),
    ];
  }
  if (!isTooSmall(tombstoneLifetime)) return [];
  return [
    warning(
      'lifetime-not-honoured',
      `The stored value, ${tombstoneLifetime}, is too small to be honoured`,
      `Active Directory then takes its default, ${before} days.`,
    ),
  ];
}
