/** The proof of the tombstone remedy: the new lifetime, looked for on every DC. */

import { type DomainController, readForest } from '../ad/forest.ts';
import type { DirectoryChange, ModifyChange } from '../change/plan.ts';
import { DirectoryError } from '../errors.ts';
import type { DirectorySession } from '../ldap/session.ts';
import {
  type Answer,
  askDomainControllers,
  type DomainControllerAccess,
  defaultDeadlineMs,
} from '../ad/ask-domain-controllers.ts';
import { hasChange, type LifetimeOnDc, lifetimeOnDc } from '../remedies/tombstone/lifetime-on-dc.ts';
import { createProgressRows } from '../terminal/progress.ts';
import { table } from '../terminal/table.ts';
import type { Output } from './output.ts';
import { notSeen, type Verification, type Verify, type VerifyRequest } from './verification.ts';

/** Between two looks at the DCs that have not got it yet. */
const pauseMs = 2000;

/** Looks once, or with seconds to wait until every DC has it or the time is over. */
export const verify: Verify = async (request) => {
  const { plan, output } = request;
  const change = plan.changes.find(isModify);
  if (change === undefined) return { everywhere: true, lines: [], domainControllers: [] };
  const seen = await look(change, request);
  if (seen instanceof DirectoryError) return notSeen(seen, output);
  const everywhere = seen.every(({ state }) => state === 'has it');
  return { everywhere, lines: resultLines(seen, output), domainControllers: seen };
};

function resultLines(seen: readonly Row[], { style, width }: Output): readonly string[] {
  const have = seen.filter(({ state }) => state === 'has it').length;
  const heading =
    have === seen.length
      ? `Every domain controller has it (${have})`
      : `${have} of ${seen.length} domain controllers have it; the others get it by replication`;
  const paint = { 'has it': style.added, 'not yet': style.warning, unreachable: style.warning, unknown: style.warning };
  const rows = seen.map(({ host, state, detail }) => [
    host,
    { text: state, style: paint[state] },
    { text: detail, style: style.dim },
  ]);
  return [heading, ...table(rows, [{}, {}, {}], width - 2)];
}

/** What the DCs have, or the error that kept us from asking them: the change is made all the same. */
async function look(change: ModifyChange, request: VerifyRequest): Promise<readonly Row[] | DirectoryError> {
  const { reopen, openOther } = request.directory;
  try {
    // A session of its own: the one that is open may have been ended while somebody read the plan.
    const session = await reopen();
    return await watch({ session, openOther }, change, request).finally(() => session.close());
  } catch (error) {
    // Told as the outcome of the look, not in place of the outcome of the change.
    if (error instanceof DirectoryError) return error;
    throw error;
  }
}

function isModify(change: DirectoryChange): change is ModifyChange {
  return change.kind === 'modify';
}

type Row = Verification['domainControllers'][number];

/** Asks all, then those again that have not got it, until all have or the time is over. */
async function watch(
  access: DomainControllerAccess,
  change: ModifyChange,
  { waitSeconds, context, output }: VerifyRequest,
): Promise<readonly Row[]> {
  const { domainControllers } = await readForest(access.session);
  const nameOf = (invocationId: string): string =>
    domainControllers.find((one) => one.invocationId === invocationId)?.name ?? `DSA ${invocationId}`;
  const ask = (session: DirectorySession): Promise<LifetimeOnDc> => lifetimeOnDc(session, change, nameOf);
  const written = await ask(access.session);
  const progress = createProgressRows(output.screen, domainControllers.map(hostOf));
  const rows = new Map<DomainController, Row>();
  const hasIt = (domainController: DomainController): boolean => rows.get(domainController)?.state === 'has it';
  const end = context.now().getTime() + waitSeconds * 1000;
  // The clock may be set back meanwhile: the number of looks has an end of its own.
  const looks = 1 + Math.ceil((waitSeconds * 1000) / pauseMs);
  try {
    for (let look = 1; look <= looks; look += 1) {
      const open = domainControllers.filter((one) => !hasIt(one));
      await askDomainControllers(open, access, ask, defaultDeadlineMs, (domainController, answer) => {
        const row = rowOf(hostOf(domainController), answer, written);
        rows.set(domainController, row);
        progress.update(row.host, row.state);
      });
      if (domainControllers.every(hasIt) || context.now().getTime() >= end) break;
      if (look < looks) await context.sleep(pauseMs);
    }
  } finally {
    progress.done();
  }
  return domainControllers.flatMap((domainController) => rows.get(domainController) ?? []);
}

function hostOf({ dnsHostName, name }: DomainController): string {
  return dnsHostName ?? name;
}

function rowOf(host: string, answer: Answer<LifetimeOnDc>, written: LifetimeOnDc): Row {
  if (answer.kind === 'unreachable') return { host, state: 'unreachable', detail: answer.why };
  return { host, state: hasChange(answer.answer, written) ? 'has it' : 'not yet', detail: answer.answer.words };
}
