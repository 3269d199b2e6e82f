/** The proof that no recipient of the forest points at a deleted entry. */

import { isBelow } from '../ad/dn.ts';
import type { Forest } from '../ad/forest.ts';
import { DirectoryError } from '../errors.ts';
import type { DirectorySession } from '../ldap/session.ts';
import type { DeletedServer } from '../remedies/orphan/deleted-server.ts';
import { type PointingRecipients, recipientsPointingAt } from '../remedies/orphan/pointing-recipients.ts';
import { writableIn } from '../remedies/orphan/writable-entries.ts';
import type { Verification, VerifyRequest } from './verification.ts';

type Row = NonNullable<Verification['recipients']>[number];

/** Whose recipients are looked through, and where. */
interface View {
  readonly of: string;
  readonly open: () => Promise<DirectorySession | undefined>;
  readonly look: (session: DirectorySession) => Promise<PointingRecipients>;
}

/**
 * Looks through the recipients of the domain whose DC was written to there, as it has all of their attributes; and
 * those of other domains in a global catalog. With time to wait it looks until nothing points at a deleted entry or the
 * time is over. [] for a plan that deletes nothing.
 *
 * @param deadline in milliseconds since 1970
 */
export async function verifyRecipients(
  deleted: DeletedServer,
  forest: Forest,
  request: VerifyRequest,
  deadline: number,
): Promise<readonly Row[]> {
  if (deleted.entries.length === 0) return [];
  const rows: Row[] = [];
  for (const view of viewsOf(deleted, forest, request)) rows.push(await watch(view, request, deadline));
  return rows;
}

function viewsOf(deleted: DeletedServer, forest: Forest, { directory }: VerifyRequest): readonly View[] {
  const { defaultNamingContext: own } = directory.session.rootDse;
  const isWritable = writableIn(forest, directory.session);
  const isRecipient = (dn: string): boolean => !isBelow(dn, forest.configurationNamingContext);
  const domains = forest.namingContexts.filter(({ kind }) => kind === 'domain');
  const here: View = {
    of: own ?? '',
    open: directory.reopen,
    look: (session) => recipientsPointingAt(session, own ?? '', deleted, isRecipient),
  };
  const elsewhere: View = {
    of: 'the other domains',
    open: directory.openGlobalCatalog,
    look: async (session) => {
      const found = await recipientsPointingAt(session, '', deleted, (dn) => isRecipient(dn) && !isWritable(dn));
      return deleted.leavesOtherDomains ? { count: 0, first: [], leftOnPurpose: found.count } : found;
    },
  };
  return [...(own === undefined ? [] : [here]), ...(domains.every(({ dn }) => isWritable(dn)) ? [] : [elsewhere])];
}

/** Between two looks, in milliseconds: at least this, and at least so many times what a look takes. */
const shortestPause = 2000;
const pauseForLook = 5;

async function watch(view: View, { context }: VerifyRequest, deadline: number): Promise<Row> {
  for (;;) {
    const begun = context.now().getTime();
    const row = await lookOnce(view);
    const ended = context.now().getTime();
    if (row.state === 'none' || ended >= deadline) return row;
    await context.sleep(Math.max(shortestPause, pauseForLook * (ended - begun)));
  }
}

async function lookOnce({ of, open, look }: View): Promise<Row> {
  try {
    const session = await open();
    if (session === undefined) return { of, state: 'unknown', detail: 'not known: no global catalog answers' };
    return await look(session)
      .then((found) => rowOf(of, session, found))
      .finally(() => session.close());
  } catch (error) {
    // Told as the outcome of the look: the change is made all the same.
    if (!(error instanceof DirectoryError)) throw error;
    return { of, state: 'unknown', detail: `not known: ${error.trouble.cameBack}` };
  }
}

function rowOf(of: string, { identity }: DirectorySession, { count, first, leftOnPurpose }: PointingRecipients): Row {
  const more = count - first.length;
  const where = ` (asked: ${identity.host})`;
  const left = leftOnPurpose.toLocaleString('en');
  if (count === 0) {
    const but = leftOnPurpose === 0 ? '' : `, but for ${left} as was accepted`;
    return { of, state: 'none', detail: `none points at a deleted entry${but}${where}` };
  }
  const besides = leftOnPurpose === 0 ? '' : `; ${left} more as was accepted`;
  const names = [...first, ...(more === 0 ? [] : [`and ${more.toLocaleString('en')} more`])].join('; ');
  return { of, state: 'some', detail: `still pointing at a deleted entry: ${names}${besides}${where}` };
}
