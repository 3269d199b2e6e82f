/** The advice and the tables of the screen as findings, for whoever reviews the plan. */

import { adviceFor } from './advice.ts';
import { addedUp, countFrom } from './deleted-objects.ts';
import { deletedObjectsLine } from './deleted-objects-line.ts';
import { domainControllerLine } from './domain-controller-line.ts';
import { counted, type FindingDraft, note } from './finding-draft.ts';
import type { Situation } from './situation.ts';

/** The advice, and what the screen shows as tables, in words for whoever reviews the plan. */
export function overview({ facts, standings, before }: Situation): readonly FindingDraft[] {
  const tombstones = addedUp(facts.deletedObjects, 'tombstones');
  const recoverable = addedUp(facts.deletedObjects, 'recoverable');
  const advice = adviceFor(facts, standings);
  return [
    note('advice', `Advice: ${advice.days} days`, advice.reasons.join(' ')),
    note(
      'replication-state',
      `Inbound replication of ${counted(standings.length, 'DC')}, against ${before} days`,
      'As each DC told itself; replication state is local to the DC that is asked.',
      standings.map((standing) => domainControllerLine(standing, before, facts.now)),
    ),
    note(
      'deleted-objects',
      `Deleted objects: ${countFrom(0, tombstones, recoverable).toLocaleString('en')}`,
      facts.isExport
        ? 'Counted by naming context. Where the export has none, they are unknown: one that is made without the control for deleted objects leaves them out.'
        : 'Counted by naming context. Where none is seen, there are none or this user may not see them.',
      facts.deletedObjects.map(deletedObjectsLine),
    ),
  ];
}
