/** The proof of a deletion, and of its undo: every domain controller asked for every entry, and for what points at it. */

import type { DirectoryChange, Plan } from '../change/plan.ts';
import { deletedObjectsControl } from '../directory/controls.ts';
import { deletedRdnOf, normalizedDn, parentDn, sameDn } from '../directory/dn.ts';
import { booleanOf, textsOf } from '../directory/entry.ts';
import { equal } from '../directory/filter.ts';
import { type DomainController, readForest } from '../directory/forest.ts';
import type { DirectorySession } from '../directory/session.ts';
import { guidBase, guidFromText } from '../directory/values.ts';
import { RemedyError } from '../errors.ts';
import { inParallel } from '../files/in-parallel.ts';
import { configurationReferences, wellKnownObjects } from '../remedies/orphan/references.ts';
import { referringFilter } from '../remedies/orphan/referrers.ts';
import { createProgressRows, type ProgressRows } from '../terminal/progress.ts';
import { visible } from '../terminal/visible.ts';
import type { Verification, Verify, VerifyRequest } from './verification.ts';

type Row = Verification['domainControllers'][number];

/** DCs asked at the same time. */
const atOnce = 8;
/** Between two looks at a DC that does not have it yet, in milliseconds. */
const interval = 2000;

export const verify: Verify = async (request) => {
  const { directory, context, output, waitSeconds } = request;
  if (directory.isExport) return { everywhere: true, lines: [], domainControllers: [] };
  const { domainControllers, configurationNamingContext } = await readForest(directory.session);
  const rows = createProgressRows(output.screen, domainControllers.map(hostOf));
  const deadline = context.now().getTime() + waitSeconds * 1000;
  const seen = await inParallel(domainControllers, atOnce, (controller) =>
    watch(controller, configurationNamingContext, request, deadline, rows),
  ).finally(() => rows.done());
  return {
    everywhere: seen.every(({ state }) => state === 'has it'),
    lines: linesOf(seen),
    domainControllers: seen,
  };
};

function hostOf({ dnsHostName, name }: DomainController): string {
  return dnsHostName ?? name;
}

/** Looks at one DC until it has the change or the time is over. */
async function watch(
  controller: DomainController,
  configuration: string,
  { plan, directory, context }: VerifyRequest,
  deadline: number,
  rows: ProgressRows,
): Promise<Row> {
  const host = hostOf(controller);
  for (;;) {
    rows.update(host, 'asking');
    const row = await lookAt(host, plan, configuration, () => openAt(host, directory));
    rows.update(host, `${row.state}: ${row.detail}`);
    if (row.state === 'has it' || context.now().getTime() >= deadline) return row;
    await context.sleep(interval);
  }
}

/** The DC that was written to is asked by the way that it was reached; its name need not be known here. */
function openAt(host: string, directory: VerifyRequest['directory']): Promise<DirectorySession> {
  const own = directory.session.rootDse.dnsHostName;
  return own?.toLowerCase() === host.toLowerCase() ? directory.reopen() : directory.openOther(host);
}

async function lookAt(
  host: string,
  plan: Plan<DirectoryChange>,
  configuration: string,
  open: () => Promise<DirectorySession>,
): Promise<Row> {
  let session: DirectorySession;
  try {
    session = await open();
  } catch (error) {
    if (!(error instanceof RemedyError)) throw error;
    return { host, state: 'unreachable', detail: error.trouble.cameBack };
  }
  try {
    return { host, ...(await compare(session, plan, configuration)) };
  } catch (error) {
    if (!(error instanceof RemedyError)) throw error;
    return { host, state: 'unknown', detail: error.trouble.cameBack };
  } finally {
    await session.close();
  }
}

async function compare(
  session: DirectorySession,
  plan: Plan<DirectoryChange>,
  configuration: string,
): Promise<Omit<Row, 'host'>> {
  const gone = plan.changes.flatMap(goneBy);
  const back = plan.changes.flatMap((change) => (change.kind === 'undelete' || change.kind === 'add' ? [change] : []));
  const { states, pointing } = await deletionOf(session, gone, configuration);
  const live = states.filter((state) => state === 'live').length;
  const unseen = states.filter((state) => state === 'unseen').length;
  let missing = 0;
  for (const change of back) {
    const found = await session.readEntry(change.kind === 'undelete' ? guidBase(change.guid) : change.dn, ['1.1']);
    if (found === undefined || !sameDn(found.dn, change.dn)) missing += 1;
  }
  const details = [
    ...(gone.length === 0
      ? []
      : [
          `${gone.length - live} of ${gone.length} entries gone${unseen === 0 ? ', each with its tombstone' : `, ${unseen} without a tombstone that can be seen`}`,
        ]),
    ...(back.length === 0 ? [] : [`${back.length - missing} of ${back.length} entries back`]),
    ...(pointing.length === 0 ? [] : [`still pointing at a deleted entry: ${pointing.join('; ')}`]),
  ];
  const hasIt = live === 0 && missing === 0 && pointing.length === 0;
  return { state: hasIt ? 'has it' : 'not yet', detail: details.join('; ') };
}

interface Gone {
  readonly dn: string;
  readonly guid: string;
}

function goneBy(change: DirectoryChange): readonly Gone[] {
  if (change.kind === 'delete') return [change];
  return change.kind === 'delete-tree' ? change.entries : [];
}

type State = 'deleted' | 'live' | 'unseen';

/** Looks that are on their way to one DC at the same time. */
const looksAtOnce = 16;

/** Whether each entry shows as deleted, and which values of the referring attributes point at any of them. */
async function deletionOf(
  session: DirectorySession,
  gone: readonly Gone[],
  configuration: string,
): Promise<{ readonly states: readonly State[]; readonly pointing: readonly string[] }> {
  if (gone.length === 0) return { states: [], pointing: [] };
  const control = deletedObjectsControl(session.rootDse.supportedControls);
  const dns = new Set(gone.map(({ dn }) => normalizedDn(dn)));
  const states = await inParallel(gone, looksAtOnce, async ({ dn, guid }): Promise<State> => {
    // Below an entry that is gone nothing can bear the old name; at the top of what went another one may.
    const isTop = !dns.has(normalizedDn(parentDn(dn) ?? ''));
    if (isTop && (await session.readEntry(dn, ['1.1'])) !== undefined) return 'live';
    const found = session.search({
      base: configuration,
      scope: 'subtree',
      filter: equal('objectGUID', guidFromText(guid)),
      attributes: ['isDeleted'],
      controls: [control],
    });
    for await (const entry of found) return booleanOf(entry, 'isDeleted') === true ? 'deleted' : 'live';
    return 'unseen';
  });
  return { states, pointing: await pointingAt(session, new Set(gone.map(({ guid }) => guid)), configuration) };
}

/** Values that name one of these deleted entries: AD takes no wildcard in a DN, so all values are read. */
async function pointingAt(
  session: DirectorySession,
  guids: ReadonlySet<string>,
  configuration: string,
): Promise<readonly string[]> {
  const attributes = [wellKnownObjects, ...configurationReferences.map(({ attribute }) => attribute)];
  const pointing: string[] = [];
  const entries = session.search({
    base: `CN=Services,${configuration}`,
    scope: 'subtree',
    filter: referringFilter(),
    attributes,
  });
  for await (const entry of entries) {
    for (const attribute of attributes) {
      if (textsOf(entry, attribute).some((value) => namesDeleted(value, guids)))
        pointing.push(`${attribute} of ${entry.dn}`);
    }
  }
  return pointing;
}

function namesDeleted(value: string, guids: ReadonlySet<string>): boolean {
  if (!value.includes('DEL:')) return false;
  const dn = value.replace(/^[BS]:\d+:[^:]*:/, '');
  return guids.has(deletedRdnOf(dn)?.guid ?? '');
}

function linesOf(rows: readonly Row[]): readonly string[] {
  const width = Math.max(0, ...rows.map(({ host }) => host.length));
  return rows.map(({ host, state, detail }) => visible(`${host.padEnd(width)}  ${state}: ${detail}`));
}
