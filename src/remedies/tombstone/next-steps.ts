import type { TombstoneFacts } from './facts.ts';
import { effectiveLifetime, garbageCollectionHours } from './lifetime.ts';
import { advisoryCommands, pastLifetime } from './lingering-objects.ts';
import type { TombstoneOptions } from './options.ts';
import { daysAfter } from './purge.ts';
import { standingsOf } from './standing.ts';

/** What is left to a person after the lifetime is changed: lines for next-steps.txt and the closing screen. */
export function nextSteps(facts: TombstoneFacts, { wanted }: TombstoneOptions): readonly string[] {
  const before = effectiveLifetime(facts.settings, facts.serverKind);
  const after = daysAfter(facts, wanted);
  const standings = standingsOf(facts);
  const clean = pastLifetime(facts, standings);
  const steps: (readonly string[])[] = [
    [
      'The value reaches the other DCs by replication. On every DC:',
      `  repadmin /showattr * "${facts.settings.dn}" /atts:tombstoneLifetime`,
      '  repadmin /replsummary',
    ],
    ...(clean.length === 0
      ? []
      : [
          [
            `Past the lifetime: ${clean.map(({ name }) => name).join(', ')}.`,
            'List lingering objects, then remove them by the same commands without',
            '/advisory_mode (events 1946 and 1945 in the Directory Service log). Once',
            'raised, the removal refuses objects that are too young for the new lifetime:',
            ...clean.flatMap(({ domainController }) =>
              advisoryCommands(domainController, facts, standings).map((command) => `  ${command}`),
            ),
            'Or take such a DC out of service: Uninstall-ADDSDomainController',
            '-ForceRemoval, then clean up its metadata.',
          ],
        ]),
    ...(after < before
      ? [
          [
            `Deleted objects older than ${after} days go on each DC when it next collects`,
            `garbage, within ${garbageCollectionHours(facts.settings)} hours. Backups and install-from-media sets older than`,
            `${after} days must not be used any more. Make a new backup now.`,
          ],
        ]
      : [
          [
            'Make a system state backup: older ones come from the time of the shorter',
            'lifetime. What is collected already does not come back, and a DC past the old',
            'lifetime is not rescued by the new one.',
          ],
        ]),
  ];
  return [
    'What is left to do',
    ...steps.flatMap((lines, index) => [
      '',
      ...lines.map((line, row) => `${row === 0 ? `${index + 1}.` : '  '} ${line}`),
    ]),
  ];
}
