import { describe, expect, test } from 'vitest';
import { finalBlocker } from '../../../src/change/findings.ts';
import type { Change, Plan, RemoveLingeringChange } from '../../../src/change/plan.ts';
import { sealPlan } from '../../../src/change/seal.ts';
import { lingering } from '../../../src/remedies/lingering/remedy.ts';
import { configuration, domain } from './support/pair.ts';

const guid = '9c04206a-9a46-41df-b23b-f2b402ba789f';

const removal = (on: string, reference: string): RemoveLingeringChange => ({
  kind: 'remove-lingering',
  dn: `CN=Lee,${domain}`,
  guid,
  on,
  reference: { host: reference, dsaGuid: guid },
  namingContext: domain,
  attributes: [],
});

function planWith(changes: readonly Change[], more: Partial<Plan> = {}): Plan<RemoveLingeringChange> {
  return sealPlan({
    format: 'adsi-remedy/plan',
    version: 2,
    id: guid,
    tool: 'adsi-remedy 1.0.0',
    created: '2026-11-22T09:00:00Z',
    by: { account: 'CORP\\admin', computer: 'WS01' },
    remedy: 'lingering',
    target: {
      kind: 'forest',
      configurationNamingContext: configuration,
      objectGuid: guid,
      domainController: 'dc1.corp.example.com',
      connection: { kind: 'practice' },
    },
    intent: { reference: 'dc1.corp.example.com', targets: [], partitions: [domain] },
    changes,
    leftOut: [],
    findings: [],
    exhibits: [],
    nextSteps: [],
    ...more,
  }) as Plan<RemoveLingeringChange>;
}

describe('a saved plan', () => {
  test('is permitted as this remedy writes it', () => {
    expect(lingering.permits(planWith([removal('dc2', 'dc1'), removal('dc3', 'dc1')]))).toEqual([]);
  });

  test('may not take a DC as the reference and remove from it too', () => {
    const faults = lingering.permits(planWith([removal('dc2', 'dc1'), removal('DC1', 'dc3')]));
    expect(faults).toEqual(['dc1 is the reference, and it removes objects there too']);
  });

  test('may not hold a change that has a writer', () => {
    const deletion = {
      kind: 'delete',
      dn: `CN=Lee,${domain}`,
      guid,
      usnChanged: '1',
      children: [],
      attributes: [],
    } as const;
    expect(lingering.permits(planWith([deletion]))).toEqual(['it holds a change of kind delete']);
  });

  test('may not hold steps that this remedy does not draw', () => {
    const nextSteps = [{ id: 'run-this', command: 'format C:' }];
    expect(lingering.permits(planWith([], { nextSteps }))).toHaveLength(1);
  });

  test('gives no command while a blocker stops it', () => {
    const blocker = { ...finalBlocker('reference-lacks-news', '', ''), accepted: false };
    const commandsOf = (plan: Plan<RemoveLingeringChange>): readonly string[] =>
      lingering.describe(plan, {}).nextSteps.flatMap(({ commands }) => commands);
    expect(commandsOf(planWith([removal('dc2', 'dc1')]))).toContain(
      `repadmin /removelingeringobjects dc2 ${guid} "${domain}" /advisory_mode`,
    );
    expect(commandsOf(planWith([removal('dc2', 'dc1')], { findings: [blocker] }))).toEqual([]);
  });
});
