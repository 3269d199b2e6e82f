/** Findings on one DC: how long it has been silent, against both lifetimes, and what it does not tell. */

import { agoInWords, durationInWords } from '../../words.ts';
import { domainControllerLine } from './domain-controller-line.ts';
import { blocker, type FindingDraft, idPart, warning } from './finding-draft.ts';
import { advisoryCommands } from './lingering-objects.ts';
import type { Situation } from './situation.ts';
import { type Standing, silenceOf, stageOf } from './standing.ts';

/** How long a DC has been silent, against the lifetime of today and the one to come. */
export function silence(standing: Standing, situation: Situation): readonly FindingDraft[] {
  const { facts, standings, before, after, options, isChange } = situation;
  const { name, domainController } = standing;
  const age = silenceOf(standing);
  const id = (suffix: string): string => `${idPart(name)}-${suffix}`;
  if (standing.inbound.kind === 'known' && standing.inbound.worst.lastSuccess === 'never') {
    return [
      warning(
        id('never-replicated'),
        `${name} has a naming context that it never replicated`,
        `Ask it why: repadmin /showrepl ${domainController.dnsHostName ?? name}`,
        [standing.inbound.worst.namingContext],
      ),
    ];
  }
  if (age === undefined) return [];
  const words = durationInWords(age);
  const evidence = [domainControllerLine(standing, before, facts.now)];
  switch (stageOf(age, before)) {
    case 'past-lifetime': {
      const commands = advisoryCommands(domainController, facts, standings);
      const raises = options.wanted.kind === 'none' || (isChange && after > before);
      const title = `${name} has not replicated for ${words}, longer than the lifetime`;
      const risk =
        'Raising the value may let it replicate again and bring deleted objects back; what is collected elsewhere stays gone. ';
      const cure =
        commands.length === 0
          ? 'Remove lingering objects before raising, or demote it by force and clean up its metadata.'
          : 'Remove lingering objects first: raised, the removal refuses objects that seem too young. With the commands below, which only list them; then without /advisory_mode. Or demote it by force and clean up its metadata.';
      return [
        raises
          ? blocker(id('past-lifetime'), title, risk + cure, [...evidence, ...commands])
          : warning(id('past-lifetime'), title, cure, [...evidence, ...commands]),
      ];
    }
    case 'near-lifetime':
      return [
        ...pastTheNew(standing, age, situation),
        warning(
          id('near-lifetime'),
          `${name} has not replicated for ${words}: close to the lifetime of ${before} days`,
          'Mend its replication now, or demote it: past the lifetime it may bring deleted objects back.',
          evidence,
        ),
      ];
    case 'watch-list':
      return [
        ...pastTheNew(standing, age, situation),
        warning(
          id('watch-list'),
          `${name} has not replicated for ${words}: more than half of the lifetime of ${before} days`,
          'Mend its replication while there is time.',
          evidence,
        ),
      ];
    case 'fine':
      return pastTheNew(standing, age, situation);
  }
}

function pastTheNew({ name }: Standing, age: number, { after, before, isChange }: Situation): readonly FindingDraft[] {
  if (!isChange || after >= before || stageOf(age, after) !== 'past-lifetime') return [];
  return [
    blocker(
      `${idPart(name)}-past-new-lifetime`,
      `${name} has not replicated for ${durationInWords(age)}: longer than the new lifetime`,
      `With ${after} days the others would stop replicating with it (event 2042, status 8614). Mend its replication first.`,
    ),
  ];
}

/** What is not known of a DC, which is never taken for healthy. */
export function unknowns(standing: Standing, { facts }: Situation): readonly FindingDraft[] {
  const { name, inbound, silent, heard } = standing;
  const found: FindingDraft[] = [];
  if (inbound.kind === 'unreachable') {
    const last =
      heard === undefined
        ? 'No other DC tells when it last heard from it.'
        : `The others last heard from it ${agoInWords(heard.time, facts.now)} (${heard.by}).`;
    found.push(
      warning(
        `${idPart(name)}-unreachable`,
        `${name} could not be asked: ${inbound.why}`,
        `${last} What it has itself received is unknown. Replication state is local to each DC: ask it where it can be reached.`,
      ),
    );
  }
  if (silent.length > 0 && !facts.isExport) {
    found.push(
      warning(
        `${idPart(name)}-replication-unknown`,
        `${name} does not tell how it replicates ${inbound.kind === 'known' ? 'some naming contexts' : ''}`.trimEnd(),
        `Not told is not healthy: the user may lack the right to see it. Ask it: repadmin /showrepl ${standing.domainController.dnsHostName ?? name}`,
        silent.map(({ namingContext, why }) => `${namingContext}: ${why}`),
      ),
    );
  }
  return found;
}
