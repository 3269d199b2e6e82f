/** What a person with intent does to a plan, as data: anything in any place, and sealed again, as anyone can. */

import { hash } from 'node:crypto';
import fc from 'fast-check';
import { canonicalText } from '../../../src/change/seal.ts';
import { configuration, smallPlans } from './small-plans.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type Place = readonly (string | number)[];

/**
 * Something else in a place, nothing there, or something beside it: before it in a list, as a member of this name in an
 * object.
 */
export type Edit =
  | { readonly at: Place; readonly put: Json }
  | { readonly at: Place; readonly remove: true }
  | { readonly at: Place; readonly insert: Json; readonly as: string };

/** A plan by its name, and what is done to it. */
export interface HostilePlan {
  readonly plan: string;
  readonly edits: readonly Edit[];
}

/** Each member of each plan as canonical JSON: an edit leaves most of them as they are. */
const contents = new Map(
  Object.entries(smallPlans).map(([name, { seal: _, ...members }]) => {
    const texts = Object.entries(members).map(([member, value]) => [member, canonicalText(value)] as const);
    return [name, { members, texts: new Map(texts) }];
  }),
);

/** The text of plan.json, with the seal that fits. */
export function textOf({ plan, edits }: HostilePlan): string {
  const { members, texts } = contents.get(plan) ?? { members: {}, texts: new Map<string, string>() };
  const data: Record<string, unknown> = { ...members };
  const edited = new Set(edits.map(({ at: [member = ''] }) => String(member)));
  for (const member of edited) if (texts.has(member)) data[member] = JSON.parse(texts.get(member) ?? '');
  for (const edit of edits) carryOut(edit, data);
  const canonical = Object.keys(data)
    .sort()
    .map((name) => {
      const known = edited.has(name) ? undefined : texts.get(name);
      return `${JSON.stringify(name)}:${known ?? canonicalText(data[name])}`;
    })
    .join(',');
  return `{"seal":"${hash('sha256', `{${canonical}}`)}",${canonical}}`;
}

/** Does nothing where an earlier edit took the place away. */
function carryOut(edit: Edit, data: unknown): void {
  const name = edit.at.at(-1) ?? '';
  const parent = edit.at.slice(0, -1).reduce((value: unknown, step) => memberOf(value, step), data);
  if (Array.isArray(parent)) {
    const index = Math.min(Number(name), parent.length);
    if ('put' in edit) parent.splice(index, 1, copyOf(edit.put));
    else if ('insert' in edit) parent.splice(index, 0, copyOf(edit.insert));
    else parent.splice(index, 1);
  } else if (typeof parent === 'object' && parent !== null) {
    if ('remove' in edit) Reflect.deleteProperty(parent, name);
    else define(parent, 'put' in edit ? String(name) : edit.as, copyOf('put' in edit ? edit.put : edit.insert));
  }
}

/** A later edit may act within what this one put there. */
function copyOf(value: Json): Json {
  return typeof value === 'object' ? structuredClone(value) : value;
}

function memberOf(value: unknown, name: string | number): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

/** Also `__proto__` is a member like another. */
function define(parent: object, name: string, value: unknown): void {
  Object.defineProperty(parent, name, { value, enumerable: true, configurable: true, writable: true });
}

const exchange = `CN=Microsoft Exchange,CN=Services,${configuration}`;
const foreignDns = [
  'CN=Domain Admins,CN=Users,DC=x',
  'DC=x',
  `CN=Services,${configuration}`,
  exchange,
  `CN=EX05,CN=Servers,${exchange}`,
  'CN=EX04,CN=Servers,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=other',
  'CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,DC=other',
  `CN=x\\,${exchange}`,
  'constructor=x,DC=x',
  'no DN',
  'DEL:no DN',
  'no DN\\0ADEL:x',
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
/** Each of these acts somewhere: on a terminal, in a page, in LDIF, in a shell, in our own look-ups. */
const acting = [
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
  '"; Remove-Item C:\\ -Recurse; "',
  '$(reboot)`reboot`%PATH%',
  '__proto__',
  'constructor',
  'toString',
  'x'.repeat(600),
  '-0',
  'unset',
];
/** Any UTF-16, halves of pairs too. */
const anything = fc.array(fc.nat(0xffff), { maxLength: 8 }).map((units) => String.fromCharCode(...units));
const text = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...acting, ...foreignDns, ...foreignPaths) },
  { weight: 1, arbitrary: anything },
);
const base64 = (plain: string): string => Buffer.from(plain).toString('base64');
const undoes = { id: '9c04206a-9a46-41df-b23b-f2b402ba789f', seal: '0'.repeat(64), folder: '..', seq: 4 };
const other: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 2, arbitrary: text.map((plain) => ({ base64: base64(plain) })) },
  fc.constantFrom<Json>(null, true, false, 0, -1, 0.5, 1e21, 4_294_967_296, [], {}, { base64: 'not so' }, undoes),
  fc.constant<Json>([[[[[[[[[[]]]]]]]]]]),
  fc.jsonValue({ maxDepth: 2 }).map((value) => value as Json),
);

/** The places of everything in some data, the seal apart. */
function placesIn(value: unknown, at: Place = []): readonly Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  const members: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return [at, ...members.flatMap(([name, member]) => placesIn(member, [...at, name]))].filter(
    ([top]) => top !== 'seal',
  );
}

const names = Object.keys(smallPlans);
const placesOf = new Map(names.map((plan) => [plan, placesIn(smallPlans[plan]).filter(({ length }) => length > 0)]));
const changes = Object.values(smallPlans).flatMap((plan) => plan.changes) as unknown as readonly Json[];

/** One edit of a plan: a text, a value of another kind, a value of another place, nothing, something more, another change. */
function anyEdit(plan: string): fc.Arbitrary<Edit> {
  const places = placesOf.get(plan) ?? [];
  const place = fc.constantFrom(...places);
  const edit = <T>(value: fc.Arbitrary<T>, make: (at: Place, value: T) => Edit): fc.Arbitrary<Edit> =>
    fc.tuple(place, value).map(([at, given]) => make(at, given));
  return fc.oneof(
    { weight: 5, arbitrary: edit(text, (at, put) => ({ at, put })) },
    { weight: 3, arbitrary: edit(other, (at, put) => ({ at, put })) },
    { weight: 2, arbitrary: edit(place, (at, from) => ({ at, put: valueAt(plan, from) })) },
    { weight: 1, arbitrary: place.map((at): Edit => ({ at, remove: true })) },
    { weight: 1, arbitrary: edit(fc.tuple(text, other), (at, [as, insert]) => ({ at, insert, as })) },
  );
}

function valueAt(plan: string, at: Place): Json {
  return at.reduce(memberOf, smallPlans[plan] as unknown) as Json;
}

/** One edit that keeps the shape, and not what the remedy permits: another entry or file, or a change of another plan. */
function edgeEdit(plan: string): fc.Arbitrary<Edit> {
  const like = (pattern: RegExp): readonly Place[] =>
    (placesOf.get(plan) ?? []).filter((at) => pattern.test(String(valueAt(plan, at))));
  const put = (places: readonly Place[], values: readonly string[]): readonly fc.Arbitrary<Edit>[] =>
    places.length === 0
      ? []
      : [fc.tuple(fc.constantFrom(...places), fc.constantFrom(...values)).map(([at, value]) => ({ at, put: value }))];
  return fc.oneof(
    ...put(like(/^(?:CN|DC)=/), foreignDns),
    ...put(like(/^\/forms/), foreignPaths),
    fc.constantFrom(...changes).map((insert): Edit => ({ at: ['changes', 0], insert, as: '' })),
  );
}

/** What may hold any text, as trying shows: `isPermitted` says whether a plan gets past reader and remedy. */
async function openEdits(
  plan: string,
  isPermitted: (content: string) => Promise<boolean>,
): Promise<fc.Arbitrary<Edit>> {
  const permits = (edit: Edit): Promise<boolean> => isPermitted(textOf({ plan, edits: [edit] }));
  const asText = (of: string): Json => of;
  const asBinary = (of: string): Json => ({ base64: base64(of) });
  const open: fc.Arbitrary<Edit>[] = [];
  for (const at of placesOf.get(plan) ?? []) {
    const now = valueAt(plan, at);
    const kinds = typeof now === 'string' ? [asText, base64] : isBinary(now) ? [asText, asBinary] : [];
    for (const kind of kinds) {
      if (await permits({ at, put: kind('\u001b\n') })) open.push(text.map((of) => ({ at, put: kind(of) })));
    }
    const isItem = typeof at.at(-1) === 'number';
    const others: readonly Edit[] = [{ at, remove: true }, ...(isItem ? [{ at, insert: now, as: '' }] : [])];
    for (const edit of others) if (await permits(edit)) open.push(fc.constant(edit));
  }
  return fc.oneof(...open);
}

function isBinary(value: Json): boolean {
  return typeof value === 'object' && value !== null && 'base64' in value;
}

/**
 * Plans with one edit to four: anywhere, at the edge of what is permitted, and (half of them) where a plan may hold any
 * text, so that the code behind the reader is reached too. Of these small plans, or of all.
 */
export async function hostilePlans(
  isPermitted: (content: string) => Promise<boolean>,
  plans: readonly string[] = names,
): Promise<fc.Arbitrary<HostilePlan>> {
  const ofPlans = plans.map(async (plan) => {
    const open = await openEdits(plan, isPermitted);
    const edit = fc.oneof({ weight: 3, arbitrary: anyEdit(plan) }, { weight: 1, arbitrary: edgeEdit(plan) });
    const anywhere = fc.array(edit, { minLength: 1, maxLength: 3 });
    const edge = fc.tuple(edgeEdit(plan), fc.array(open, { maxLength: 2 })).map(([first, more]) => [first, ...more]);
    const inside = fc.array(open, { minLength: 1, maxLength: 4 });
    return fc
      .oneof({ weight: 3, arbitrary: anywhere }, { weight: 1, arbitrary: edge }, { weight: 4, arbitrary: inside })
      .map((edits) => ({ plan, edits }));
  });
  return fc.oneof(...(await Promise.all(ofPlans)));
}
