/** Findings on the new value itself: who may write it, and whether it is a number to choose. */

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

/** What speaks against the number of days, and what is to be known of the one that is stored. */
export function theNumber(situation: Situation): readonly FindingDraft[] {
  const { facts, options, before, after, isChange } = situation;
  const { settings, serverKind } = facts;
  const found: FindingDraft[] = [];
  const collision = options.wanted.kind === 'none' ? undefined : faultWithGarbageCollection(after, settings);
  if (isChange && collision !== undefined) {
    const title = `${after} days would not be honoured`;
    const detail = `For Active Directory to honour it, ${collision}. Choose more days, or shorten garbageCollPeriod first.`;
    found.push({ ...blocker('too-short-for-garbage-collection', title, detail), acceptable: false });
  }
  if (isChange && after < recommendedDays && after < before) {
    found.push(
      blocker(
        'below-recommended',
        `${after} days are less than the ${recommendedDays} that Microsoft recommends`,
        'Backups live no longer than that, nor may a DC be offline for longer. Accept it only with a reason.',
      ),
    );
  } else if (isChange && options.wanted.kind !== 'none' && after < recommendedDays) {
    found.push(
      warning(
        'below-recommended',
        `${after} days are less than the ${recommendedDays} that Microsoft recommends`,
        'Backups live no longer than that, nor may a DC be offline for longer.',
      ),
    );
  }
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
  if (settings.tombstoneLifetime === undefined && facts.isExport) {
    found.push(
      warning(
        'lifetime-not-in-export',
        'The export holds no tombstoneLifetime',
        'It is not set, or it was not exported. The LDIF only adds the value: a server that has one refuses it.',
      ),
    );
  } else if (settings.tombstoneLifetime === undefined) {
    found.push(
      note(
        'lifetime-not-set',
        `The lifetime is ${unsetInWords(serverKind)}`,
        `An upgrade never changes that. Microsoft recommends to set it: ${recommendedDays}.`,
      ),
    );
  } else if (isTooSmall(settings.tombstoneLifetime)) {
    found.push(
      warning(
        'lifetime-not-honoured',
        `The stored value, ${settings.tombstoneLifetime}, is too small to be honoured`,
        `Active Directory then takes its default, ${before} days.`,
      ),
    );
  }
  return found;
}
