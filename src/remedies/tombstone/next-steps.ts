/** What is left to a person after the lifetime is changed. */

import { wrapped } from '../../terminal/wrapped.ts';
import type { TombstoneFacts } from './facts.ts';
import { effectiveLifetime, garbageCollectionHours } from './lifetime.ts';
import { advisoryCommands, pastLifetime } from './lingering-objects.ts';
import type { TombstoneOptions } from './options.ts';
import { daysAfter } from './purge.ts';
import { type Standing, standingsOf } from './standing.ts';

/** What a mail or a ticket shows without breaking lines of its own, in columns. */
const widest = 76;

/** Lines for next-steps.txt and the closing screen; none but commands, which must stay whole, is wider than 76 columns. */
export function nextSteps(facts: TombstoneFacts, { wanted }: TombstoneOptions): readonly string[] {
  const before = effectiveLifetime(facts.settings, facts.serverKind);
  const after = daysAfter(facts, wanted);
  const steps = [
    replicationStep(facts),
    ...lingeringObjectsSteps(facts),
    after < before ? shorterStep(after, facts) : longerStep,
  ];
  return ['What is left to do', ...steps.flatMap((step, index) => ['', ...stepLines(step, index + 1)])];
}

/** Paragraphs, and the commands that belong to them. */
type Step = readonly (string | { readonly command: string })[];

function stepLines(step: Step, number: number): readonly string[] {
  return step.flatMap((line, index) =>
    typeof line === 'string'
      ? wrapped(`${index === 0 ? `${number}.` : '  '} ${line}`, widest, 3)
      : [`     ${line.command}`],
  );
}

function replicationStep({ settings }: TombstoneFacts): Step {
  return [
    'The value reaches the other DCs by replication. On every DC:',
    { command: `repadmin /showattr * "${settings.dn}" /atts:tombstoneLifetime` },
    { command: 'repadmin /replsummary' },
  ];
}

function lingeringObjectsSteps(facts: TombstoneFacts): readonly Step[] {
  const standings = standingsOf(facts);
  const past = pastLifetime(facts, standings);
  if (past.length === 0) return [];
  const commands = past.flatMap(({ domainController }: Standing) =>
    advisoryCommands(domainController, facts, standings),
  );
  return [
    [
      `Past the lifetime: ${past.map(({ name }) => name).join(', ')}.`,
      'List lingering objects, then remove them by the same commands without /advisory_mode (events 1946 and 1945 in the Directory Service log). Once raised, the removal refuses objects that are too young for the new lifetime:',
      ...commands.map((command) => ({ command })),
      'Or take such a DC out of service, then clean up its metadata:',
      { command: 'Uninstall-ADDSDomainController -ForceRemoval' },
    ],
  ];
}

function shorterStep(days: number, { settings }: TombstoneFacts): Step {
  return [
    `Deleted objects older than ${days} days go on each DC when it next collects garbage, within ${garbageCollectionHours(settings)} hours. Backups and install-from-media sets older than ${days} days must not be used any more. Make a new backup now.`,
  ];
}

const longerStep: Step = [
  'Make a system state backup: older ones come from the time of the shorter lifetime. What is collected already does not come back, and a DC past the old lifetime is not rescued by the new one.',
];
