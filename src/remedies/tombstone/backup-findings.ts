/** Findings on backups, which are good for as long as the lifetime. */

import { agoInWords } from '../../words.ts';
import { type FindingDraft, note, warning } from './finding-draft.ts';
import type { Situation } from './situation.ts';

/** Backups that are too old under the lifetime to come, or will soon be, and naming contexts without a known one. */
export function backups({ facts, after }: Situation): readonly FindingDraft[] {
  const day = 86_400_000;
  const aged = facts.backups.flatMap(({ namingContext, time }) =>
    time instanceof Date ? [{ namingContext, time, days: (facts.now.getTime() - time.getTime()) / day }] : [],
  );
  const untold = facts.backups
    .filter(({ time }) => time === 'never-or-not-told')
    .map(({ namingContext }) => namingContext);
  const line = (one: { readonly namingContext: string; readonly time: Date }): string =>
    `${one.namingContext}: ${agoInWords(one.time, facts.now)}`;
  const useless = aged.filter(({ days }) => days >= after);
  const old = aged.filter(({ days }) => days >= after / 2 && days < after);
  return [
    ...(useless.length === 0
      ? []
      : [
          warning(
            'backup-past-lifetime',
            `The last backup is older than ${after} days`,
            'Restored, it would bring deleted objects back. Make a system state backup of a DC of each domain.',
            useless.map(line),
          ),
        ]),
    ...(old.length === 0
      ? []
      : [
          warning(
            'backup-old',
            `The last backup is older than half of ${after} days`,
            'That is when event 2089 asks for a new one. Make a system state backup.',
            old.map(line),
          ),
        ]),
    ...(untold.length === 0
      ? []
      : [
          note(
            'backup-not-known',
            'No backup is known',
            facts.isExport
              ? 'The export does not tell (the time of dSASignature on each naming context).'
              : 'There was none, or this user may not see it (the time of dSASignature on each naming context).',
            untold,
          ),
        ]),
  ];
}
