/** Whether every DC has the new lifetime, looked at once or watched. */

import type { DirectoryChange, ModifyChange } from '../change/plan.ts';
import { type DomainController, readForest } from '../directory/forest.ts';
import { type Answer, askDomainControllers, defaultDeadlineMs } from '../remedies/tombstone/ask-domain-controllers.ts';
import { type LifetimeOnDc, lifetimeOnDc } from '../remedies/tombstone/lifetime-on-dc.ts';
import { createProgressRows } from '../terminal/progress.ts';
import { table } from '../terminal/table.ts';
import type { Verification, Verify, VerifyRequest } from './verification.ts';

/** Between two looks at the DCs that have not got it yet. */
const pauseMs = 2000;

export const verify: Verify = async (request) => {
  const { plan, directory, output } = request;
  const change = plan.changes.find(isModify);
  if (change === undefined) return { everywhere: true, lines: [], domainControllers: [] };
  const { domainControllers } = await readForest(directory.session);
  const answers = await watch(domainControllers, change, request);
  const seen = domainControllers.map((domainController) => rowOf(domainController, answers.get(domainController)));
  const have = seen.filter(({ state }) => state === 'has it').length;
  const { style } = output;
  const heading =
    have === seen.length
      ? `Every domain controller has it (${have})`
      : `${have} of ${seen.length} domain controllers have it; the others get it by replication`;
  const paint = { 'has it': style.added, 'not yet': style.warning, unreachable: style.warning, unknown: style.warning };
  const rows = table(
    seen.map(({ host, state, detail }) => [
      host,
      { text: state, style: paint[state] },
      { text: detail, style: style.dim },
    ]),
    [{}, {}, {}],
    output.width - 2,
  );
  return { everywhere: have === seen.length, lines: [heading, ...rows], domainControllers: seen };
};

function isModify(change: DirectoryChange): change is ModifyChange {
  return change.kind === 'modify';
}

type Answers = ReadonlyMap<DomainController, Answer<LifetimeOnDc>>;

/** Asks all, then those again that have not got it, until all have or the time is over. */
async function watch(
  domainControllers: readonly DomainController[],
  change: ModifyChange,
  { directory, waitSeconds, context, output }: VerifyRequest,
): Promise<Answers> {
  const nameOf = (invocationId: string): string =>
    domainControllers.find((one) => one.invocationId === invocationId)?.name ?? `DSA ${invocationId}`;
  const rows = createProgressRows(output.screen, domainControllers.map(hostOf));
  const answers = new Map<DomainController, Answer<LifetimeOnDc>>();
  const end = context.now().getTime() + waitSeconds * 1000;
  // The clock may be set back meanwhile: the number of looks has an end of its own.
  const looks = 1 + Math.ceil((waitSeconds * 1000) / pauseMs);
  try {
    for (let look = 1; look <= looks; look += 1) {
      const open = domainControllers.filter((one) => !hasIt(answers.get(one)));
      await askDomainControllers(
        open,
        directory,
        (session) => lifetimeOnDc(session, change, nameOf),
        defaultDeadlineMs,
        (domainController, answer) => {
          answers.set(domainController, answer);
          rows.update(hostOf(domainController), rowOf(domainController, answer).state);
        },
      );
      if (domainControllers.every((one) => hasIt(answers.get(one))) || context.now().getTime() >= end) break;
      if (look < looks) await context.sleep(pauseMs);
    }
  } finally {
    rows.done();
  }
  return answers;
}

function hasIt(answer: Answer<LifetimeOnDc> | undefined): boolean {
  return answer?.kind === 'answered' && answer.answer.hasIt;
}

function hostOf({ dnsHostName, name }: DomainController): string {
  return dnsHostName ?? name;
}

function rowOf(
  domainController: DomainController,
  answer: Answer<LifetimeOnDc> | undefined,
): Verification['domainControllers'][number] {
  const host = hostOf(domainController);
  if (answer === undefined) return { host, state: 'unknown', detail: 'not asked' };
  if (answer.kind === 'unreachable') return { host, state: 'unreachable', detail: answer.why };
  return { host, state: answer.answer.hasIt ? 'has it' : 'not yet', detail: answer.answer.words };
}
