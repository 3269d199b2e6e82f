import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change, FileChange, Plan, PlanAttribute, PlanValue } from '../../src/change/plan.ts';
import { htmlReview } from '../../src/review/html.ts';
import { paperReview } from '../../src/review/text.ts';
import { visible } from '../../src/terminal/visible.ts';
import { commands, configuration, deletion, description, guid, labelChange, modify, planOf } from './plans.ts';

const template = readFileSync(new URL('../../templates/review.html', import.meta.url), 'utf8');

const text = fc.oneof(
  fc.constantFrom(
    'CN=Domain Admins',
    '(16 bytes, binary)',
    '\x1b[2J',
    'a\nb',
    '\u202eexe',
    '… and 5 more',
    '<b>&amp;',
    ' ',
    '',
  ),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constant(`${'long '.repeat(500)}end`),
);
const name = fc.constantFrom('description', 'member', 'info', 'nTSecurityDescriptor');
const value: fc.Arbitrary<PlanValue> = fc.oneof(
  text,
  text.map((plain) => ({ base64: Buffer.from(plain).toString('base64') })),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => ({ base64: Buffer.from(bytes).toString('base64') })),
);
const values = fc.array(value, { maxLength: 6 });
const attributes = fc.array(fc.record({ name, values }), { maxLength: 4 });
const dn = fc.oneof(
  fc.string({ maxLength: 8 }).map((odd) => `CN=${odd},${configuration}`),
  fc.constantFrom('CN=EX04,CN=Servers', 'CN=SMTP,CN=EX04,CN=Servers', 'cn=ex04,CN=Servers', 'no DN'),
);

const root = fc.constantFrom('\\\\TMG01\\C$\\T', '\\\\TMG02\\C$\\T', '/srv/templates', 'C:\\');
const part = fc.oneof(fc.constantFrom('Exchange', 'ISA', 'HTML', 'xHTML', '..', 'a\\b'), fc.string({ maxLength: 5 }));
const language = fc.oneof(fc.constantFrom('default', 'de', 'DE', 'fr', 'nls'), fc.string({ maxLength: 5 }));
/** Files in place, nearly in place, and anywhere. */
const fileChange = fc
  .record({ root, set: part, class: part, language, old: text, now: text, elsewhere: text, where: fc.nat(5) })
  .map(({ old, now, elsewhere, where, ...more }) => {
    const separator = more.root.includes('/') ? '/' : '\\';
    const below = more.language === 'default' ? [] : ['nls', more.language];
    const path = [more.root, more.set, more.class, ...below, 'strings.txt'].join(separator);
    const change = labelChange(old, now, { ...more, path });
    if (where === 0) return { ...change, path: elsewhere };
    if (where === 1)
      return { ...change, path: path.replace(/nls(?=[\\/])|strings\.txt$/g, (part) => part.toUpperCase()) };
    if (where === 2) return { ...change, realPath: elsewhere };
    return where === 3 ? { ...change, realPath: path.replace(more.root, 'D:\\store') } : change;
  });
const { kind: _kind, children: _children, ...someEntry } = deletion('', []);
const entryChange: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({
      dn,
      edits: fc.array(
        fc.record(
          { attribute: name, remove: values, add: values, whenUnset: text },
          { requiredKeys: ['attribute', 'remove', 'add'] },
        ),
        { maxLength: 8 },
      ),
    })
    .map(({ dn: of, edits }) => modify(of, ...edits)),
  fc.record({ dn, attributes }).map((entry) => deletion(entry.dn, entry.attributes)),
  fc
    .record({ dn, entries: fc.array(fc.record({ dn, attributes }), { minLength: 1, maxLength: 3 }) })
    .map(({ dn: of, entries }) => ({
      kind: 'delete-tree' as const,
      dn: of,
      guid,
      entries: entries.map((entry) => ({ ...someEntry, ...entry })),
    })),
  fc.record({ kind: fc.constant('undelete' as const), dn, guid: fc.constant(guid), tombstoneDn: text, attributes }),
  fc.record({ kind: fc.constant('add' as const), dn, attributes }),
);
const plan = fc
  .oneof(
    fc.array<Change>(fileChange, { minLength: 1, maxLength: 8 }),
    fc.array<Change>(entryChange, { minLength: 1, maxLength: 8 }),
  )
  .map((changes) => {
    const [first] = changes;
    // One of the roots is not named by the plan.
    return first?.kind === 'file'
      ? planOf(changes, { target: { kind: 'files', roots: ['\\\\TMG01\\C$\\T', '/srv/templates', 'C:\\'] } })
      : planOf(changes, { remedy: 'orphan' });
  });

/** Everything that a writer would be asked to write: places, names and values. */
function writtenBy(change: Change): readonly string[] {
  switch (change.kind) {
    case 'file':
      return [...change.splices.flatMap(({ key, old, new: now }) => [key, utf8(old), utf8(now)])];
    case 'modify':
      return [
        change.dn,
        ...change.edits.flatMap(({ attribute, remove, add }) =>
          attributesSaid([{ name: attribute, values: [...remove, ...add] }]),
        ),
      ];
    case 'delete':
      return [change.dn, ...attributesSaid(change.attributes)];
    case 'delete-tree':
      return [change.dn, ...change.entries.flatMap((entry) => [entry.dn, ...attributesSaid(entry.attributes)])];
    case 'undelete':
      return [change.dn, change.tombstoneDn ?? '', ...attributesSaid(change.attributes)];
    case 'add':
      return [change.dn, ...attributesSaid(change.attributes)];
    case 'remove-lingering':
      return [change.dn, change.guid, change.on];
  }
}

function attributesSaid(all: readonly PlanAttribute[]): readonly string[] {
  return all.flatMap(({ name: of, values: its }) => its.map((one) => said(of, one)));
}

function said(of: string, one: PlanValue): string {
  if (typeof one === 'string') return `${of}: ${one}`;
  const bytes = Buffer.from(one.base64, 'base64');
  const plain = bytes.toString('utf8');
  const isText = bytes.length > 0 && Buffer.from(plain).equals(bytes) && !/[^\P{Cc}\t\r\n]/u.test(plain);
  return isText ? `${of}:: ${plain} (base64 in the plan)` : `${of}:: (${bytes.length} byte`;
}

function utf8(base64: string): string {
  const decoded = Buffer.from(base64, 'base64').toString('utf8');
  return decoded.includes('\ufffd') ? ' bytes: ' : decoded;
}

/** The text of the page, as a browser gives it: without markup, characters for their references. */
function textOfPage(of: Plan): string {
  const page = [...htmlReview(of, description(), commands, template)].join('');
  return page
    .slice(page.indexOf('<main>'))
    .replace(/<\/(?:p|li|td|code|summary|h3)>|<br>/g, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)));
}

/** Whether a line is the path, or the folder that is named for the files of its language. */
function isNamed(change: FileChange, lines: ReadonlySet<string>): 'whole' | 'in its folder' | 'not' {
  const { path, realPath = path } = change;
  const shown = (of: string, real: string): string => visible(real === of ? of : `${of} → ${real}`);
  if (lines.has(shown(path, realPath).trim())) return 'whole';
  const tail = /([\\/])(?:(nls)[\\/]([^\\/]*)[\\/])?(strings\.txt)$/iu.exec(path);
  if (tail === null) return 'not';
  const [below, separator, nls, language = 'default', file] = tail;
  const isOfLanguage = language === change.language && realPath.endsWith(below);
  const folder = shown(path.slice(0, -below.length), realPath.slice(0, -below.length));
  const usual = nls !== 'NLS' && file === 'strings.txt' ? [folder] : [];
  // Of the default language only the file's own name counts.
  const spellings = nls === undefined ? ['nls', 'NLS'] : [nls];
  const spelled = spellings.map((of) => `${folder} (${[of, 'LANGUAGE', file].join(separator)})`);
  return isOfLanguage && [...usual, ...spelled].some((line) => lines.has(line.trim())) ? 'in its folder' : 'not';
}

test('whatever a plan would write is in review.txt and on the page', () => {
  fc.assert(
    fc.property(plan, (of) => {
      const paper = [...paperReview(of, description(), commands)].join('\n');
      const page = textOfPage(of);
      for (const written of of.changes.flatMap(writtenBy)) {
        expect(paper).toContain(visible(written).trim());
        expect(page).toContain(visible(written).trim());
      }
    }),
    { numRuns: 300 },
  );
});

test('every path is whole in review.txt, or that of its language in a named folder', () => {
  const seen = { whole: 0, 'in its folder': 0, not: 0 };
  fc.assert(
    fc.property(plan, (of) => {
      const lines = new Set(
        [...paperReview(of, description(), commands)].map((line) =>
          line
            .trim()
            .replace(/: [A-Z]+(?:, [A-Z]+)*$/, '')
            .trim(),
        ),
      );
      for (const change of of.changes) {
        if (change.kind !== 'file') continue;
        const named = isNamed(change, lines);
        expect(named).not.toBe('not');
        seen[named] += 1;
      }
    }),
    { numRuns: 300 },
  );
  expect(Math.min(seen.whole, seen['in its folder'])).toBeGreaterThan(50);
});

test('no control character reaches text or page as it is', () => {
  fc.assert(
    fc.property(plan, (of) => {
      const paper = [...paperReview(of, description(), commands)].join('');
      const page = [...htmlReview(of, description(), commands, template)].join('');
      expect(paper).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069\p{Cs}]/u);
      expect(page).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069\p{Cs}]/u);
    }),
  );
});
