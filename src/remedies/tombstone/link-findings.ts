/** Findings on replication from DC to DC: failing links, links that are switched off, and clocks. */

import { groupBy } from '../../group-by.ts';
import { describeWindowsError } from '../../ldap/diagnostics.ts';
import { agoInWords, durationInWords } from '../../words.ts';
import { type FindingDraft, warning } from './finding-draft.ts';
import type { Situation } from './situation.ts';

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

/** Kerberos' own tolerance. */
const clockTolerance = 5 * 60_000;

/** What fails, what is switched off by hand, and clocks that differ. */
export function links(situation: Situation): readonly FindingDraft[] {
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
