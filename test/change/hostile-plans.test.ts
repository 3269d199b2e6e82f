/**
 * What a plan can do that someone made with intent: any of its data replaced, and sealed again, as anyone can. It is
 * refused with words that can be shown, or it is drawn whole and writes nothing outside what its remedy is for.
 */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change, DeletedEntry, Plan, RemoveLingeringChange } from '../../src/change/plan.ts';
import { parsePlan } from '../../src/change/read-plan.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { documentsOf } from '../../src/commands/documents.ts';
import { remedyOf } from '../../src/commands/judge-again.ts';
import { RemedyError } from '../../src/errors.ts';
import { remedies } from '../../src/remedies/index.ts';
import type { Description, Remedy } from '../../src/remedies/remedy.ts';
import { propose } from '../../src/remedies/tombstone/changes.ts';
import { tombstone } from '../../src/remedies/tombstone/remedy.ts';
import { screenReview } from '../../src/review/text.ts';
import { diffHead } from '../../src/review/unified-diff.ts';
import { createStyle } from '../../src/terminal/style.ts';
import { orphanFacts, planOf as orphanPlanOf } from '../remedies/orphan/practice-orphan.ts';
import { days, factsOf } from '../remedies/tombstone/support/facts.ts';
import { commands, description } from '../review/plans.ts';
import { changeOf, planOf as filesPlanOf } from '../support/file-plans.ts';
import { runCommand } from '../support/run-command.ts';

const runs = Number(process.env['ADSI_REMEDY_FUZZ_RUNS'] ?? 300);
const templates = new URL('../../templates/', import.meta.url);
const template = readFileSync(new URL('review.html', templates), 'utf8');

type Json = unknown;
type Members = Record<string, Json>;
type Place = readonly (string | number)[];

const configuration = 'CN=Configuration,DC=corp,DC=example,DC=com';
const exchange = `CN=Microsoft Exchange,CN=Services,${configuration}`;
const guid = '9c04206a-9a46-41df-b23b-f2b402ba789f';
const undoes = { id: guid, seal: '0'.repeat(64), folder: '..', seq: 4 };

const common = {
  id: guid,
  tool: 'adsi-remedy 0.1.0',
  created: '2026-11-22T08:41:07.512Z',
  by: { account: 'CORP\\admin', computer: 'WS01' },
  findings: [],
};

/** Plans as the remedies make them: every kind of change, and the undos of those. */
async function soundPlans(): Promise<readonly Plan[]> {
  const facts = await orphanFacts();
  // Fewer of what is alike, so that more plans can be drawn.
  const kept = ['objectClass', 'legacyExchangeDN', 'networkAddress', 'nTSecurityDescriptor'];
  const lean = <E extends DeletedEntry>(entry: E): E => ({
    ...entry,
    attributes: entry.attributes.filter(({ name }) => kept.includes(name)),
  });
  const shortened = (plan: Plan): Plan => {
    const changes = plan.changes.map((change) => {
      if (change.kind === 'delete') return lean(change);
      return change.kind === 'delete-tree' ? { ...change, entries: change.entries.map(lean) } : change;
    });
    return sealPlan({ ...plan, changes });
  };
  const oneByOne = shortened(orphanPlanOf(facts));
  const atOnce = shortened(orphanPlanOf(facts, { treeDelete: true }));
  const of = (plan: Plan, changes: readonly Change[]): Plan => sealPlan({ ...plan, changes, undoes });
  const returned = oneByOne.changes.flatMap((change): Change[] =>
    change.kind === 'delete'
      ? [
          { kind: 'add', dn: change.dn, attributes: change.attributes },
          { kind: 'undelete', dn: change.dn, guid, tombstoneDn: `CN=x\\0ADEL:${guid},CN=Deleted`, attributes: [] },
        ]
      : [],
  );
  const deletionsAgain = [...oneByOne.changes, ...atOnce.changes].filter(({ kind }) => kind.startsWith('delete'));
  const settings = factsOf({ strictMarker: { ...factsOf().strictMarker, isThere: false } });
  const options = days(365, { strictNewDcs: true });
  const proposal = propose(settings, options);
  const lifetime = sealPlan({ ...common, remedy: 'tombstone', ...proposal, ...tombstone.record(settings, proposal) });
  const { dn: marker } = settings.strictMarker;
  const place = '/forms/Exchange/HTML/nls/de/strings.txt';
  const label = { ...changeOf(place, Buffer.from('K="old"'), Buffer.from('K="new"')), root: '/forms' };
  const files = filesPlanOf([label, { ...label, realPath: '/store/strings.txt' }], {
    intent: { labels: { L_UserName_Text: { text: 'new' } }, sets: [], classes: [], languages: [], codePages: {} },
    nextSteps: [
      { id: 'restart', members: ['TMG01'] },
      { id: 'listener', sets: ['Exchange'] },
    ],
  });
  const removal: RemoveLingeringChange = {
    kind: 'remove-lingering',
    dn: 'CN=Lee,DC=corp,DC=example,DC=com',
    guid,
    on: 'dc2.corp.example.com',
    reference: { host: 'dc1.corp.example.com', dsaGuid: guid },
    namingContext: 'DC=corp,DC=example,DC=com',
    attributes: [{ name: 'description', values: ['kept', { base64: 'AAEC' }] }],
  };
  return [
    oneByOne,
    atOnce,
    of(oneByOne, [...returned, ...deletionsAgain]),
    sealPlan({
      ...oneByOne,
      intent: { leftovers: true, keep: [] },
      changes: [
        {
          kind: 'modify',
          dn: `CN=Routing,${exchange}`,
          guid,
          edits: [{ attribute: 'homeMTA', remove: [`CN=x\\0ADEL:${guid},CN=Deleted Objects`], add: [] }],
        },
      ],
    }),
    lifetime,
    of(lifetime, [
      ...lifetime.changes.filter(({ kind }) => kind === 'modify'),
      { kind: 'delete', dn: marker, guid, usnChanged: '1', children: [], attributes: [] },
    ]),
    files,
    sealPlan({ ...files, undoes }),
    sealPlan({
      ...common,
      remedy: 'lingering',
      target: lifetime.target,
      intent: { reference: 'dc1.corp.example.com', targets: ['dc2'], partitions: ['DC=corp,DC=example,DC=com'] },
      changes: [removal, { ...removal, on: 'dc3.corp.example.com' }],
      leftOut: [{ what: removal.dn, reason: 'reference-not-clean', detail: 'lingering on dc4' }],
      nextSteps: [{ id: 'replicate-again', hosts: ['dc1.corp.example.com'] }],
    }),
  ];
}

const foreignDns = [
  'CN=Domain Admins,CN=Users,DC=corp,DC=example,DC=com',
  'DC=corp,DC=example,DC=com',
  `CN=Services,${configuration}`,
  exchange,
  `CN=EX05,CN=Servers,CN=Group,${exchange}`,
  `CN=EX04,CN=Servers,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=other`,
  `CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,DC=other`,
  `CN=x\\,${exchange}`,
  'no DN',
  '',
];
const foreignPaths = [
  '/etc/passwd',
  '/etc/Exchange/HTML/strings.txt',
  '/forms/../etc/Exchange/HTML/nls/de/strings.txt',
  '/forms/..\\..\\Windows/HTML/strings.txt',
  '/forms/a/..\\..\\..\\Exchange/HTML/nls/de/strings.txt',
  'C:\\forms\\Exchange\\HTML\\strings.txt',
  '\\\\evil\\share\\Exchange\\HTML\\strings.txt',
  '../Exchange/HTML/strings.txt',
];
const extreme = [
  '\u001b]0;owned\u0007\u001b[2J',
  '\u009b31m',
  'a\r\n\u0000b\u007f',
  '\u202eexe.txt\u2066',
  '\ud800',
  '\ufeff\u2028',
  '</script><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'&amp;<!--",
  '# DO IMPORT\n\ndn: CN=Users\nchangetype: delete\n',
  '__proto__',
  'constructor',
  'x'.repeat(5000),
  '-0',
  'unset',
];
const text = fc.oneof(
  fc.constantFrom(...extreme, ...foreignDns, ...foreignPaths),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 12 }),
);
const other: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: text },
  fc.constantFrom(null, true, false, 0, -1, 0.5, 1e21, 4_294_967_296, [], {}, undefined),
  fc.constantFrom<Json>(undoes, { base64: 'AA==' }, { base64: 'Gw==' }, { base64: 'not so' }, [[[[[[[[[[]]]]]]]]]]),
  fc.jsonValue(),
);

/** The places of everything in some data, but for what is alike in long lists: the first two stand for all. */
function placesIn(value: Json, at: Place = []): readonly Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  const members: readonly (readonly [string | number, Json])[] = Array.isArray(value)
    ? [...value.entries()].filter(([index]) => index < 2 || index === value.length - 1)
    : Object.entries(value);
  return [at, ...members.flatMap(([name, member]) => placesIn(member, [...at, name]))];
}

function parentAt(data: Json, place: Place): Members | Json[] {
  return place.slice(0, -1).reduce((value: Json, name) => Reflect.get(Object(value), name), data) as Members | Json[];
}

type Mutation = (data: Members) => void;

/** One thing done to a plan: something else in a place, nothing there, something beside it, or it once more. */
function mutationOf(place: Place): fc.Arbitrary<Mutation> {
  const name = place.at(-1) ?? '';
  const replace =
    (value: Json): Mutation =>
    (data) =>
      void Reflect.set(Object(parentAt(data, place)), name, value);
  return fc.oneof(
    { weight: 6, arbitrary: text.map(replace) },
    { weight: 3, arbitrary: other.map(replace) },
    fc.constant<Mutation>((data) => {
      const parent = parentAt(data, place);
      if (Array.isArray(parent)) parent.splice(Number(name), 1);
      else if (typeof parent === 'object' && parent !== null) delete parent[name];
    }),
    fc.tuple(text, other).map(
      ([key, value]): Mutation =>
        (data) => {
          const parent = parentAt(data, place);
          if (Array.isArray(parent)) parent.unshift(structuredClone(value));
          else
            Object.defineProperty(Object(parent), key, { value, enumerable: true, configurable: true, writable: true });
        },
    ),
  );
}

/** Of a plan, by far the most of what is said is in its entries' attributes: the places are drawn level by level. */
const mutatedOf = (plans: readonly Plan[]): fc.Arbitrary<Members> =>
  fc
    .constantFrom(...plans)
    .chain((plan) => {
      const places = placesIn(plan).filter((place) => place.length > 0 && place[0] !== 'seal');
      const ofChanges = places.filter(([first, , ...more]) => first === 'changes' && more.length < 2);
      const place = fc.oneof(fc.constantFrom(...places), fc.constantFrom(...ofChanges));
      // Changes of every other remedy, too.
      const added = fc
        .constantFrom(...plans.flatMap(({ changes }) => [...changes.slice(0, 2), ...changes.slice(-2)]))
        .map(
          (change): Mutation =>
            ({ changes }) =>
              void (Array.isArray(changes) && changes.unshift(structuredClone(change))),
        );
      const mutation = fc.oneof({ weight: 12, arbitrary: place.chain(mutationOf) }, added);
      const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });
      return fc.tuple(fc.constant(plan), mutations);
    })
    .map(([plan, mutations]) => {
      const data = structuredClone(plan) as unknown as Members;
      for (const mutation of mutations) mutation(data);
      return data;
    });

/** As anyone would seal it who has the library; what can't be sealed keeps the seal that it had. */
function sealed(data: Members): string {
  try {
    return JSON.stringify(sealPlan(data as unknown as Plan));
  } catch {
    return JSON.stringify(data);
  }
}

const unseen = /[\p{Cc}\u2028-\u202e\u2066-\u2069\p{Cs}]/u;
const unseenButLineFeed = /[^\P{Cc}\n]|[\u2028-\u202e\u2066-\u2069\p{Cs}]/u;

/** An error of this tool, which is told to a terminal, to a log and to a program without a character that acts there. */
async function requireTold(error: unknown): Promise<void> {
  if (!(error instanceof RemedyError)) throw error;
  expect(error.message).not.toMatch(unseenButLineFeed);
  for (const args of [[], ['--verbose'], ['--json']]) {
    const { stdout, stderr } = await runCommand(() => Promise.reject(error), args, { currentFolder: '/' });
    expect(stdout + stderr).not.toMatch(unseenButLineFeed);
  }
}

/** Requires that all documents of a plan are drawn, and hold only what they say themselves. */
async function requireDrawn(plan: Plan, words: Description): Promise<void> {
  const options = { style: createStyle(false), width: 100, verbose: false };
  for (const line of screenReview(plan, options)) expect(line).not.toMatch(unseen);
  expect(diffHead(plan)).not.toMatch(unseenButLineFeed);
  for (const { name, content } of documentsOf(plan, words, commands, templates)) {
    // It is drawn from the files themselves.
    if (name === 'change.diff') continue;
    let document = '';
    for await (const piece of content) document += piece;
    const text = document.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
    expect(unseenButLineFeed.test(text), `${name} has a character that acts`).toBe(false);
    if (name.endsWith('.html')) requireOwnMarkup(document);
    if (name.endsWith('.ldf')) requireLdif(document);
  }
}

/** Markup by stricter rules than a browser's: what is not the template's own has only closed elements without handlers. */
function requireOwnMarkup(page: string): void {
  const body = page.slice(page.indexOf('<main>'), page.lastIndexOf('</main>'));
  const rest = body.replace(
    /<\/?(?!script|img|iframe|object|embed|style|link|base|form)[a-z][a-z0-9]*(?: (?!on)[a-zA-Z-]+="[^"<>]*")*>/g,
    '',
  );
  expect(/.{0,60}[<>"'&].{0,60}/.exec(rest.replace(/&#\d+;/g, ''))?.[0]).toBeUndefined();
  const own = (markup: string): number => markup.match(/<script|<style/gi)?.length ?? 0;
  expect(own(page)).toBe(own(template));
}

/** ASCII, no line that is not a comment, part of a record or empty; comments end before the records begin to count. */
function requireLdif(document: string): void {
  for (const line of document.replaceAll('\n ', '').split('\n'))
    expect(line).toMatch(/^(?:#.*|-||[A-Za-z0-9][\w.;=*-]*:.*)$/);
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
const remits: Readonly<Record<string, (change: Change, plan: Plan) => boolean>> = {
  labels: (change, { target }) => {
    if (change.kind !== 'file' || target.kind !== 'files') return false;
    const { path } = change;
    const parts = path.split(/[\\/]/);
    const isBelow = target.roots.some(
      (root) => path.startsWith(root) && /[\\/]/.test(path.slice(root.length - 1, root.length + 1)),
    );
    return isBelow && !parts.includes('..') && !parts.includes('.') && /^strings\.txt$/i.test(parts.at(-1) ?? '');
  },
  tombstone: (change, { target, undoes: undone }) => {
    if (change.kind === 'file' || target.kind !== 'forest') return false;
    const forest = target.configurationNamingContext;
    if (change.kind === 'modify') {
      const isOurs = change.edits.every(({ attribute }) =>
        /^(?:tombstoneLifetime|msDS-DeletedObjectLifetime)$/i.test(attribute),
      );
      return isOurs && isAt(change.dn, `CN=Directory Service,CN=Windows NT,CN=Services,${forest}`);
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
    if (change.kind === 'modify') {
      return change.edits.every(
        ({ add }) => add.length === 0 || (add.length === 1 && /^CN=Infrastructure,DC=/i.test(change.dn)),
      );
    }
    return change.kind === 'delete';
  },
};

function placeOf(change: Change): string {
  return JSON.stringify(change.kind === 'file' ? change.path : entriesOf(change).slice(0, 5));
}

/** How far plans came, so that it is known that not all are refused at the door. */
interface Seen {
  refused: number;
  read: number;
  permitted: number;
}

const none = (): Seen => ({ refused: 0, read: 0, permitted: 0 });

async function requireHarmless(content: string, seen: Seen): Promise<void> {
  let plan: Plan;
  try {
    plan = parsePlan(content, '/changes/plan.json');
  } catch (error) {
    seen.refused += 1;
    await requireTold(error);
    return;
  }
  seen.read += 1;
  let remedy: Remedy;
  try {
    remedy = await remedyOf(plan, '/changes', { remedies });
  } catch (error) {
    await requireTold(error);
    await requireDrawn(plan, description());
    return;
  }
  seen.permitted += 1;
  await requireDrawn(plan, remedy.describe(plan));
  for (const change of plan.changes) {
    expect(remits[plan.remedy]?.(change, plan), `permitted: ${change.kind} of ${placeOf(change)}`).toBe(true);
  }
}

test('plans as the remedies make them are permitted, drawn, and within what the remedies are for', async () => {
  const plans = await soundPlans();
  const seen = none();
  for (const plan of plans) await requireHarmless(JSON.stringify(plan), seen);
  expect(seen).toEqual({ refused: 0, read: plans.length, permitted: plans.length });
});

test('a plan with anything else in any place, sealed again, is refused in words or harmless', async () => {
  const seen = none();
  await fc.assert(
    fc.asyncProperty(mutatedOf(await soundPlans()), (data) => requireHarmless(sealed(data), seen)),
    { numRuns: runs },
  );
  // Each of the three ways out was taken.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
}, 600_000);
