/** What holds of every plan, whoever made it: it is refused in words, or it is drawn whole and writes within its remedy. */

import { readFileSync } from 'node:fs';
import type { Change, Plan } from '../../../src/change/plan.ts';
import { parsePlan } from '../../../src/change/read-plan.ts';
import { documentsOf } from '../../../src/commands/change-folder.ts';
import type { Context } from '../../../src/commands/context.ts';
import { reportError } from '../../../src/commands/output.ts';
import { remedyOf } from '../../../src/commands/saved-plan.ts';
import { PlanNotUsableError } from '../../../src/errors.ts';
import { remedies } from '../../../src/remedies/index.ts';
import type { Description, Remedy } from '../../../src/remedies/remedy.ts';
import { htmlReview } from '../../../src/review/html.ts';
import { paperReview, screenReview } from '../../../src/review/text.ts';
import { diffHead } from '../../../src/review/unified-diff.ts';
import { createStyle } from '../../../src/terminal/style.ts';
import { commands, description } from '../../review/plans.ts';
import { noWaiting } from '../../support/fixed-world.ts';

const templates = new URL('../../../templates/', import.meta.url);
/** The parts of the page without its style, which is long and the same in every page. */
const template =
  readFileSync(new URL('review.html', templates), 'utf8')
    .match(/\{\{[a-z]+\}\}/g)
    ?.join('\n') ?? '';

/** How far a plan came: the reader refused it, its remedy did, or neither. */
export type WayOut =
  | { readonly kind: 'refused'; readonly error: PlanNotUsableError }
  | { readonly kind: 'not permitted'; readonly error: PlanNotUsableError; readonly plan: Plan }
  | { readonly kind: 'permitted'; readonly remedy: Remedy; readonly plan: Plan };

/** The way that a plan takes through reader and remedy. @throws what is no error of this tool */
export async function wayOf(content: string): Promise<WayOut> {
  let plan: Plan;
  try {
    plan = parsePlan(content, '/changes/plan.json');
  } catch (error) {
    return { kind: 'refused', error: asRefusal(error) };
  }
  try {
    return { kind: 'permitted', remedy: await remedyOf(plan, '/changes', { remedies }), plan };
  } catch (error) {
    return { kind: 'not permitted', error: asRefusal(error), plan };
  }
}

/** Exit status 3, whatever is wrong with the plan. */
function asRefusal(error: unknown): PlanNotUsableError {
  if (!(error instanceof PlanNotUsableError)) throw error;
  return error;
}

/** Requires that a plan does no harm whichever way it takes, and gives that way. @throws Error that says what it does */
export async function requireHarmless(content: string): Promise<WayOut> {
  const way = await wayOf(content);
  if (way.kind !== 'permitted') requireTold(way.error);
  if (way.kind === 'not permitted') requireDrawn(way.plan, description());
  if (way.kind !== 'permitted') return way;
  const { plan, remedy } = way;
  requireDrawn(plan, remedy.describe(plan, {}));
  for (const change of plan.changes) {
    require(isWithinRemit(change, plan), () => `permitted: ${change.kind} of ${placeOf(change)}`);
  }
  return way;
}

function require(holds: boolean, message: () => string): void {
  if (!holds) throw new Error(message());
}

const unseen = /[\p{Cc}\p{Cf}\u2028\u2029\u3164\p{Cs}]/u;
const unseenButLineFeed = /[^\P{Cc}\n]|[\p{Cf}\u2028\u2029\u3164\p{Cs}]/u;

/**
 * In the words of a terminal, a log and a program: no character that acts there, and no stack trace that was not asked
 * for.
 */
function requireTold(error: PlanNotUsableError): void {
  for (const args of [[], ['--verbose'], ['--json']]) {
    let told = error.message;
    const stream = { write: (piece: string) => (told += piece) };
    reportError(error, args, { stdout: stream, stderr: stream, env: {} } as unknown as Context);
    require(!unseenButLineFeed.test(told), () => `an error has a character that acts: ${JSON.stringify(told)}`);
    if (args.length === 0) require(!/^ +at /m.test(told), () => `an error has a stack trace: ${told}`);
  }
}

const screen = { style: createStyle(false), width: 100, verbose: false };

/** Requires that a view of a plan is drawn, and holds only what is its own: by the seal, which gives each view its turn. */
function requireDrawn(plan: Plan, words: Description): void {
  const views = [requirePage, requireScreen, requirePaper, requireOtherDocuments];
  views[Number.parseInt(plan.seal.slice(0, 1), 16) % views.length]?.(plan, words);
}

function requirePage(plan: Plan, words: Description): void {
  const page = [...htmlReview(plan, words, commands, template)].join('');
  requirePlainText('review.html', page);
  requireOwnMarkup(page);
}

function requireScreen(plan: Plan): void {
  requirePlainText('change.diff', diffHead(plan));
  for (const line of screenReview(plan, screen))
    require(!unseen.test(line), () => `the screen has a character that acts: ${JSON.stringify(line)}`);
}

function requirePaper(plan: Plan, words: Description): void {
  for (const line of paperReview(plan, words, commands))
    require(!unseen.test(line), () => `review.txt has a character that acts: ${JSON.stringify(line)}`);
}

function requireOtherDocuments(plan: Plan, words: Description): void {
  for (const { name, content } of documentsOf(plan, words, {
    commands,
    templates,
    patience: noWaiting,
    mayConnect: false,
  })) {
    // The reviews have turns of their own; the rest of the diff is drawn from the files themselves.
    if (name.startsWith('review.') || !(Symbol.iterator in content)) continue;
    const document = [...content].join('');
    requirePlainText(name, document.replace(/^\ufeff/, '').replaceAll('\r\n', '\n'));
    if (name.endsWith('.ldf')) requireLdif(document);
  }
}

function requirePlainText(name: string, text: string): void {
  require(!unseenButLineFeed.test(text), () => `${name} has a character that acts`);
}

/** Markup by stricter rules than a browser's: only closed elements without handlers. */
function requireOwnMarkup(page: string): void {
  const rest = page
    .replace(
      /<\/?(?!script|img|iframe|object|embed|style|link|base|form)[a-z][a-z0-9]*(?: (?!on)[a-zA-Z-]+="[^"<>]*")*>/g,
      '',
    )
    .replace(/&#\d+;/g, '');
  const foreign = rest.search(/[<>"'&]/);
  require(foreign === -1, () =>
    `review.html has markup that is not its own: ${rest.slice(foreign - 60, foreign + 60)}`);
}

/** ASCII: comments, lines of records and empty lines. */
function requireLdif(document: string): void {
  const foreign = document
    .replaceAll('\n ', '')
    .split('\n')
    .find((line) => !/^(?:#.*|-||[A-Za-z0-9][\w.;=*-]*:.*)$/.test(line));
  require(foreign === undefined, () => `the LDIF has a line of no record: ${foreign}`);
}

/** The levels of a DN, the top first, by rules of the test's own; undefined for what is none. */
function levelsOf(dn: string): readonly string[] | undefined {
  const levels = dn.split(/(?<=(?<!\\)(?:\\\\)*),/).map((level) =>
    level
      .replace(/\\([0-9a-f]{2}|.)/gi, (_, of: string) =>
        of.length === 2 ? String.fromCharCode(Number.parseInt(of, 16)) : of,
      )
      .replace(/ *= */, '=')
      .replace(/ +/g, ' ')
      .trim()
      .toLowerCase(),
  );
  return levels.every((level) => /^[^=]+=./.test(level)) ? levels.toReversed() : undefined;
}

function isAtOrBelow(dn: string, above: string): boolean {
  const levels = levelsOf(dn);
  return levels !== undefined && levelsOf(above)?.every((level, index) => level === levels[index]) === true;
}

function isAt(dn: string, other: string): boolean {
  return isAtOrBelow(dn, other) && isAtOrBelow(other, dn);
}

/** What a change takes away or makes: every entry that it names as its own. */
function entriesOf(change: Change): readonly string[] {
  if (change.kind === 'file') return [];
  return change.kind === 'delete-tree' ? [change.dn, ...change.entries.map(({ dn }) => dn)] : [change.dn];
}

/** Whether a change is within what a remedy is for, by the remedy: written apart from the remedies. */
const remits = new Map<string, (change: Change, plan: Plan) => boolean>(
  Object.entries<(change: Change, plan: Plan) => boolean>({
    labels: (change, { target }) => {
      if (change.kind !== 'file' || target.kind !== 'files') return false;
      const { path } = change;
      const parts = path.split(/[\\/]/);
      const isBelow = target.roots.some(
        (root) => path.startsWith(root) && /[\\/]/.test(path.slice(root.length - 1, root.length + 1)),
      );
      return isBelow && !parts.includes('..') && !parts.includes('.') && /^strings\.txt$/i.test(parts.at(-1) ?? '');
    },
    tombstone: (change, { target, undoes: undone, changes }) => {
      if (change.kind === 'file' || target.kind !== 'forest') return false;
      const forest = target.configurationNamingContext;
      if (change.kind === 'modify') {
        const isOurs = change.edits.every(({ attribute }) =>
          /^(?:tombstoneLifetime|msDS-DeletedObjectLifetime)$/i.test(attribute),
        );
        // What is judged and what is named is the first edit of each lifetime.
        const isOnce =
          changes.filter(({ kind }) => kind === 'modify').length === 1 &&
          new Set(change.edits.map(({ attribute }) => attribute.toLowerCase())).size === change.edits.length;
        return isOurs && isOnce && isAt(change.dn, `CN=Directory Service,CN=Windows NT,CN=Services,${forest}`);
      }
      const marker = `CN=94fdebc6-8eeb-4640-80de-ec52b9ca17fa,CN=Operations,CN=ForestUpdates,${forest}`;
      const kinds = undone === undefined ? ['add'] : ['add', 'delete', 'undelete'];
      return kinds.includes(change.kind) && isAt(change.dn, marker);
    },
    orphan: (change, { target, undoes: undone, intent }) => {
      if (change.kind === 'file' || target.kind !== 'forest') return false;
      if (change.kind === 'modify') return undone !== undefined || change.edits.every(({ add }) => add.length === 0);
      const kinds = undone === undefined ? ['delete', 'delete-tree'] : ['delete', 'delete-tree', 'add', 'undelete'];
      if (!kinds.includes(change.kind) || (undone === undefined && intent['leftovers'] === true)) return false;
      const organisation = `CN=Microsoft Exchange,CN=Services,${target.configurationNamingContext}`;
      return entriesOf(change).every((dn) => isAtOrBelow(dn, organisation));
    },
    lingering: (change, { target, undoes: undone }) =>
      change.kind === 'remove-lingering' && undone === undefined && target.kind === 'forest',
    // Connections, the server object, SYSVOL membership and the account of one DC; values are removed, and one is corrected.
    metadata: (change, { target, undoes: undone }) => {
      if (change.kind === 'file' || change.kind === 'remove-lingering' || target.kind !== 'forest') return false;
      if (undone !== undefined) return change.kind === 'modify' || !/^CN=NTDS Settings,/i.test(change.dn);
      if (change.kind !== 'modify') return change.kind === 'delete';
      return change.edits.every(
        ({ add }) => add.length === 0 || (add.length === 1 && /^CN=Infrastructure,DC=/i.test(change.dn)),
      );
    },
  }),
);

function placeOf(change: Change): string {
  return JSON.stringify(change.kind === 'file' ? change.path : entriesOf(change).slice(0, 5));
}

/** Whether a change is within what its plan's remedy is for. */
function isWithinRemit(change: Change, plan: Plan): boolean {
  return remits.get(plan.remedy)?.(change, plan) === true;
}
