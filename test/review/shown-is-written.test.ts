import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change, FileChange, Plan, PlanAttribute, PlanValue } from '../../src/change/plan.ts';
import { decodeText, type TextEncoding } from '../../src/files/text-encoding.ts';
import { htmlReview } from '../../src/review/html.ts';
import { paperReview, screenReview } from '../../src/review/text.ts';
import { createStyle } from '../../src/terminal/style.ts';
import { visible } from '../../src/terminal/text-layout.ts';
import { hostilePlans, textOf } from '../change/hostile/edits.ts';
import { isPermitted } from '../change/hostile/fuzz.ts';
import { wayOf } from '../change/hostile/harmless.ts';
import { recordedFiles } from '../change/hostile/recorded-files.ts';
import { freshFolder } from '../support/fresh-folder.ts';
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

/** The lines without their margin; of a folder also without the groups that it is in, which a path may end like. */
function linesOf(view: readonly string[]): ReadonlySet<string> {
  return new Set(view.flatMap((line) => [line.trim(), line.replace(/: [A-Z]+(?:, [A-Z]+)*$/, '').trim()]));
}

/** Whether a line is the path, or the folder that is named for the files of its language, which has a row. */
function isNamed(
  { path, realPath = path, language }: Pick<FileChange, 'path' | 'realPath' | 'language'>,
  lines: ReadonlySet<string>,
): 'whole' | 'in its folder' | 'not' {
  const shown = (of: string, real: string): string => visible(real === of ? of : `${of} → ${real}`);
  if (lines.has(shown(path, realPath).trim())) return 'whole';
  const tail = /([\\/])(?:(nls)[\\/]([^\\/]*)[\\/])?(strings\.txt)$/iu.exec(path);
  if (tail === null) return 'not';
  const [below, separator, nls, spelled = 'default', file] = tail;
  const starts = (start: string): boolean => [...lines].some((line) => line.replace(/^\d+ +/, '').startsWith(start));
  const isOfLanguage = spelled === language && starts(visible(language).trim()) && realPath.endsWith(below);
  const folder = shown(path.slice(0, -below.length), realPath.slice(0, -below.length));
  const isUsual =
    nls !== 'NLS' && file === 'strings.txt' && starts(`Each language is the file nls${separator}LANGUAGE`);
  // Of the default language only the file's own name counts.
  const spellings = nls === undefined ? ['nls', 'NLS'] : [nls];
  const named = spellings.map((of) => `${folder} (${[of, 'LANGUAGE', file].join(separator)})`);
  const isIn = [...(isUsual ? [folder] : []), ...named].some((line) => lines.has(line.trim()));
  return isOfLanguage && isIn ? 'in its folder' : 'not';
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

/** The same text twice in folders of the same form set. */
const twice = (...more: readonly Parameters<typeof labelChange>[2][]): Plan =>
  planOf(
    more.map((of) => labelChange('User', 'E-mail', of)),
    { target: { kind: 'files', roots: ['/srv', 'C:\\'] } },
  );
const withBothSeparators = twice(
  { root: '/srv', path: '/srv/Exchange/HTML/nls/de/strings.txt' },
  { root: 'C:\\', path: 'C:\\Exchange\\HTML\\nls\\de\\strings.txt' },
);
const withBothSpellings = twice(
  { root: '/srv', path: '/srv/Exchange/HTML/nls/de/strings.txt' },
  {
    root: '/srv',
    path: '/srv/Exchange/HTML/nls/DE/strings.txt',
    realPath: '/store/Exchange/HTML/nls/de/strings.txt',
    language: 'DE',
  },
);

test('every path is whole in review.txt, or that of its language in a named folder', () => {
  const seen = { whole: 0, 'in its folder': 0, not: 0 };
  fc.assert(
    fc.property(plan, (of) => {
      const lines = linesOf([...paperReview(of, description(), commands)]);
      for (const change of of.changes) {
        if (change.kind !== 'file') continue;
        const named = isNamed(change, lines);
        expect(named).not.toBe('not');
        seen[named] += 1;
      }
    }),
    { numRuns: 300, examples: [[withBothSeparators], [withBothSpellings]] },
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

/** Other texts in the files of the small plans, each for a splice of a change. */
const newTexts = fc.array(
  fc
    .record({ change: fc.nat(1), splice: fc.nat(1), side: fc.constantFrom('old', 'new'), of: text })
    .map(({ change, splice, side, of }) => ({
      at: ['changes', change, 'splices', splice, side],
      put: Buffer.from(of).toString('base64'),
    })),
  { maxLength: 3 },
);

/** A text of a file as a review may write it, or how long the bytes are that are none. */
function formsOf(bytes: Buffer, encoding: string): readonly string[] {
  const text = decodeText(bytes, encoding as TextEncoding);
  return [...[text, text.normalize('NFC')].map((form) => visible(form).trim()), `(${bytes.length} byte`];
}

test('a file system is asked to write nothing that review.txt and the screen do not show', async () => {
  const folder = await freshFolder();
  let count = 0;
  const screen = { style: createStyle(false), width: 100, verbose: true };
  await fc.assert(
    fc.asyncProperty(await hostilePlans(isPermitted, ['labels', 'labels undone']), newTexts, async (hostile, texts) => {
      const way = await wayOf(textOf({ ...hostile, edits: [...hostile.edits, ...texts] }));
      if (way.kind !== 'permitted') return;
      const { plan: of, values: written } = await recordedFiles(way.plan as Plan<FileChange>, folder);
      const views = [[...paperReview(of, way.remedy.describe(of, {}), commands)], [...screenReview(of, screen)]];
      for (const { path, target: realPath, language: its, key, old, now, encoding } of written) {
        count += 1;
        for (const view of views) {
          const lines = linesOf(view);
          expect(isNamed({ path, realPath, language: its }, lines), `${path} → ${realPath}`).not.toBe('not');
          const shown = view.join('\n');
          expect(shown).toContain(key);
          for (const side of [old, now])
            expect(
              formsOf(side, encoding).some((form) => shown.includes(form)),
              JSON.stringify(hostile),
            ).toBe(true);
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(count).toBeGreaterThan(50);
});
