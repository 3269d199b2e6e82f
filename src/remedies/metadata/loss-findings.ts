/** The findings on what a forced demotion loses of a domain controller that still answers. */

import { createHash } from 'node:crypto';
import { exportChanges } from '../../ad/repadmin.ts';
import { type FindingDraft, warning } from '../../change/findings.ts';
import { counted } from '../../words.ts';
import type { Candidate } from './candidates.ts';
import { type Look, type Losses, lostFile, lostLdif } from './lost.ts';

/** What was changed there, what no other DC holds, and what could not be compared. */
export function lossFindings(
  { name, host = name }: Candidate,
  { objects, isCut, partitions }: Losses,
  now: Date,
): readonly FindingDraft[] {
  const changed = objects.filter(({ change }) => change.kind !== 'only-copy').map(({ dn }) => dn);
  const named = (wanted: Look['kind']): readonly string[] =>
    partitions.filter(({ kind }) => kind === wanted).map(({ namingContext }) => namingContext);
  const [onlyCopies, notCompared] = [named('only-copy'), named('not-compared')];
  const isMore = isCut && changed.length === objects.length;
  const count = isMore
    ? `More than ${counted(changed.length, 'object')} were`
    : counted(changed.length, 'object was', 'objects were');
  const exports = isCut
    ? partitions.map(({ namingContext, from }, index) =>
        exportChanges(host, namingContext, from, `${name}-${index + 1}.ldf`),
      )
    : [];
  const kept = isCut
    ? `${lostFile} in the change folder holds the first ${counted(objects.length, 'object')} only: export all of them with the commands.`
    : `${lostFile} in the change folder holds the objects as they are there.`;
  const source = {
    name: lostFile,
    read: now.toISOString(),
    sha256: createHash('sha256').update(lostLdif(objects)).digest('hex'),
  };
  return [
    ...(changed.length === 0
      ? []
      : [
          warning(
            'only-it-has',
            `${count} changed or deleted on ${name}, and no other domain controller that answers has heard of it`,
            `A forced demotion loses these changes. ${kept}`,
            {
              evidence: [...exports, ...changed.slice(0, 100)],
              subjects: changed,
              measure: { value: changed.length, unit: 'objects' },
              source,
            },
          ),
        ]),
    ...(onlyCopies.length === 0
      ? []
      : [
          warning(
            'only-copy',
            `No other domain controller holds ${counted(onlyCopies.length, 'partition')} of ${name}: all objects in it are lost`,
            `A forced demotion loses the only copy. ${kept}`,
            { evidence: [...exports, ...onlyCopies], subjects: onlyCopies, source },
          ),
        ]),
    ...(notCompared.length === 0
      ? []
      : [
          warning(
            'not-compared',
            `What only ${name} has of ${counted(notCompared.length, 'partition')} is not known`,
            'No other domain controller that holds a full copy of it shows what it has had. Changes there may be lost as well.',
            { evidence: notCompared, subjects: notCompared },
          ),
        ]),
  ];
}
