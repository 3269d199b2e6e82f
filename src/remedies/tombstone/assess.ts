/** From what was read to findings: what stops the change, and what a person should know before it. */

import type { Finding, FindingLevel } from '../../change/plan.ts';
import { agoInWords, durationInWords } from '../../directory/values.ts';
import { describeWindowsError } from '../../directory/windows-error.ts';
import { groupBy } from '../../group-by.ts';
import { adviceFor } from './advice.ts';
import { addedUp, countFrom, type DeletedObjects, oldestOf } from './deleted-objects.ts';
import { domainControllerLine } from './domain-controller-line.ts';
import type { TombstoneFacts } from './gather.ts';
import {
  effectiveLifetime,
  faultWithGarbageCollection,
  garbageCollectionHours,
  isTooSmall,
  recommendedDays,
  unsetInWords,
} from './lifetime.ts';
import { advisoryCommands } from './lingering-objects.ts';
import type { TombstoneOptions } from './options.ts';
import { plan } from './plan.ts';
import { daysAfter, purgeOf } from './purge.ts';
import { type Standing, silenceOf, stageOf, standingsOf } from './standing.ts';

/** What every group of findings looks at. */
interface Situation {
  readonly facts: TombstoneFacts;
  readonly options: TombstoneOptions;
  readonly standings: readonly Standing[];
  /** In force now and after the change, in days. */
  readonly before: number;
  readonly after: number;
  /** False for a value that is there already; true also while nothing was chosen yet. */
  readonly isChange: boolean;
}

/** All findings on what was read and what is wanted, blockers first. */
export function assess(facts: TombstoneFacts, options: TombstoneOptions): readonly Finding[] {
  const situation: Situation = {
    facts,
    options,
    standings: standingsOf(facts),
    before: effectiveLifetime(facts.settings, facts.serverKind),
    after: daysAfter(facts, options.wanted),
    isChange: options.wanted.kind === 'none' || plan(facts, options).length > 0,
  };
  const found = [
    ...rights(situation),
    ...theNumber(situation),
    ...situation.standings.flatMap((standing) => silence(standing, situation)),
    ...situation.standings.flatMap((standing) => unknowns(standing, situation)),
    ...links(situation),
    ...deletions(situation),
    ...backups(situation),
    ...configuration(situation),
    ...pictures(situation),
  ];
  const order: Readonly<Record<FindingLevel, number>> = { blocker: 0, warning: 1, note: 2 };
  return found
    .map((finding) => ({ ...finding, accepted: finding.acceptable && options.accept.includes(finding.id) }))
    .toSorted((one, other) => order[one.level] - order[other.level]);
}

type Draft = Omit<Finding, 'accepted'>;

function blocker(id: string, title: string, detail: string, evidence: readonly string[] = []): Draft {
  return { id, level: 'blocker', title, detail, evidence, acceptable: true };
}

function warning(id: string, title: string, detail: string, evidence: readonly string[] = []): Draft {
  return { id, level: 'warning', title, detail, evidence, acceptable: false };
}

function note(id: string, title: string, detail: string, evidence: readonly string[] = []): Draft {
  return { id, level: 'note', title, detail, evidence, acceptable: false };
}

function rights({ facts, isChange }: Situation): readonly Draft[] {
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

function theNumber(situation: Situation): readonly Draft[] {
  const { facts, options, before, after, isChange } = situation;
  const { settings, serverKind } = facts;
  const found: Draft[] = [];
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

/** How long a DC has been silent, against the lifetime of today and the one to come. */
function silence(standing: Standing, situation: Situation): readonly Draft[] {
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

function pastTheNew({ name }: Standing, age: number, { after, before, isChange }: Situation): readonly Draft[] {
  if (!isChange || after >= before || stageOf(age, after) !== 'past-lifetime') return [];
  return [
    blocker(
      `${idPart(name)}-past-new-lifetime`,
      `${name} has not replicated for ${durationInWords(age)}: longer than the new lifetime`,
      `With ${after} days the others would stop replicating with it (event 2042, status 8614). Mend its replication first.`,
    ),
  ];
}

function unknowns(standing: Standing, { facts }: Situation): readonly Draft[] {
  const { name, inbound, silent, heard } = standing;
  const found: Draft[] = [];
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

/** ERROR_DS_DRA_REPL_PENDING: under way, not failed. */
const pending = 8477;

/** One source of one DC, for all naming contexts that fail in the same way. */
function failingLinks({ facts, standings }: Situation): readonly string[] {
  const nameOf = (dsaGuid: string): string =>
    standings.find(({ domainController }) => domainController.dsaGuid === dsaGuid)?.name ?? `DSA ${dsaGuid}`;
  return standings.flatMap(({ name, links }) => {
    const failing = links.filter(({ lastResult }) => lastResult !== 0 && lastResult !== pending);
    const alike = groupBy(failing, ({ sourceDsaGuid, lastResult }) => `${sourceDsaGuid} ${lastResult}`);
    return [...alike.values()].flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const failures = Math.max(...group.map(({ consecutiveFailures }) => consecutiveFailures));
      const where = group.length === 1 ? first.namingContext : `${group.length} naming contexts`;
      return [
        `${name} from ${nameOf(first.sourceDsaGuid)}, ${where}: ${describeWindowsError(first.lastResult)}; ${failures} failures in a row, last success ${agoInWords(first.lastSuccess, facts.now)}`,
      ];
    });
  });
}

function links(situation: Situation): readonly Draft[] {
  const { standings } = situation;
  const failing = failingLinks(situation);
  const switchedOff = standings.flatMap(({ name, domainController }) => [
    ...(domainController.isInboundReplicationOff ? [`${name}: inbound`] : []),
    ...(domainController.isOutboundReplicationOff ? [`${name}: outbound`] : []),
  ]);
  const clocks = standings.flatMap(({ name, clockAhead }) =>
    clockAhead === undefined || Math.abs(clockAhead) <= clockTolerance
      ? []
      : [`${name} is ${durationInWords(clockAhead)} ${clockAhead > 0 ? 'ahead of' : 'behind'} this computer`],
  );
  return [
    ...(failing.length === 0
      ? []
      : [
          warning(
            'replication-failures',
            'Replication fails',
            'Mend these first. A DC is only as fresh as the best of its partners.',
            failing,
          ),
        ]),
    ...(switchedOff.length === 0
      ? []
      : [
          warning(
            'replication-switched-off',
            'Replication is switched off by hand',
            'Switch it on again: repadmin /options DC -DISABLE_INBOUND_REPL (or -DISABLE_OUTBOUND_REPL).',
            switchedOff,
          ),
        ]),
    ...(clocks.length === 0
      ? []
      : [
          warning(
            'clock-differs',
            `Clocks that differ from this computer's: ${clocks.length}`,
            'A clock that jumps makes replication partners look older than the lifetime (false 8614). Set the clocks right first.',
            clocks,
          ),
        ]),
  ];
}

/** Kerberos' own tolerance. */
const clockTolerance = 5 * 60_000;

function deletions({ facts, before, after, isChange, options }: Situation): readonly Draft[] {
  if (!isChange || options.wanted.kind === 'none' || after >= before) return [];
  const { collected, recycled, uncounted } = purgeOf(facts, after);
  const evidence = uncounted.map(uncountedLine);
  const period = garbageCollectionHours(facts.settings);
  const detail = `They go on each DC when it next collects garbage, within ${period} hours, and undo does not bring them back.`;
  if (collected + recycled === 0) {
    return evidence.length === 0
      ? []
      : [
          warning(
            'purge-not-known',
            'What the lower value takes away at once could not be counted whole',
            detail,
            evidence,
          ),
        ];
  }
  const parts = [
    ...(collected === 0 ? [] : [`${counted(collected, 'deleted object')} for good`]),
    ...(recycled === 0 ? [] : [`${counted(recycled, 'deleted object')} out of the Recycle Bin`]),
  ];
  const atLeast = evidence.length === 0 ? '' : 'at least ';
  return [
    blocker(
      'purges-deleted-objects',
      `The lower value takes ${atLeast}${parts.join(' and ')}`,
      `They are older than ${after} days. ${detail}`,
      evidence,
    ),
  ];
}

function uncountedLine(one: DeletedObjects): string {
  return one.kind === 'unknown' ? `${one.namingContext}: ${one.why}` : `${one.namingContext}: not permitted or none`;
}

function backups({ facts, after }: Situation): readonly Draft[] {
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

function configuration({ facts, before, after }: Situation): readonly Draft[] {
  const { forest, settings } = facts;
  return [
    ...(forest.recycleBin === 'on' && settings.deletedObjectLifetime === undefined && before !== after
      ? [
          note(
            'recycle-bin-follows',
            'The Recycle Bin follows this value',
            'msDS-DeletedObjectLifetime is not set, so deleted objects can be brought back for as long as this lifetime.',
          ),
        ]
      : []),
    ...(forest.recycleBin === 'unknown'
      ? [note('recycle-bin-not-known', 'Whether the Recycle Bin is on can not be seen', 'See CN=Partitions.')]
      : []),
    ...(facts.newDomainControllersAreStrict === 'not-told' && !facts.isExport
      ? [
          note(
            'new-dcs-may-be-loose',
            'Nothing says that new DCs refuse lingering objects',
            'The forest lacks the object that makes a DC strict when it is promoted. For those that are there: repadmin /regkey * +strict',
          ),
        ]
      : []),
    ...(forest.leftoverServers.length === 0
      ? []
      : [
          note(
            'leftover-servers',
            'Server objects without a domain controller',
            'What is left of DCs that are gone, or made by other software. They were not asked.',
            forest.leftoverServers.map(({ dn }) => dn),
          ),
        ]),
    ...(facts.isExport
      ? [
          note(
            'export-only',
            'Read from an export',
            `What it lacks is unknown, not healthy; ages are counted up to ${facts.now.toISOString().slice(0, 10)}. Applying writes the LDIF to import and changes no directory.`,
          ),
        ]
      : []),
  ];
}

/** The advice, and what the screen shows as tables, in words for whoever reviews the plan. */
function pictures({ facts, standings, before }: Situation): readonly Draft[] {
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
      facts.deletedObjects.map(deletedLine),
    ),
  ];
}

function deletedLine(one: DeletedObjects): string {
  if (one.kind !== 'counted') return uncountedLine(one);
  const count = countFrom(0, one.tombstones).toLocaleString('en');
  const recoverable = countFrom(0, one.recoverable);
  const beside = recoverable === 0 ? '' : ` and ${recoverable.toLocaleString('en')} in the Recycle Bin`;
  return `${one.namingContext}: ${count}${beside}, the oldest ${oldestOf(one.tombstones, one.recoverable) ?? 0} days old`;
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** A DC's name as a part of a finding's id: letters, digits and hyphens, in lower case. */
function idPart(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
}
