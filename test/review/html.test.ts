import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childDn } from '../../src/ad/dn.ts';
import type { Finding } from '../../src/change/findings.ts';
import type { Change, Plan } from '../../src/change/plan.ts';
import type { Description } from '../../src/remedies/remedy.ts';
import { htmlReview } from '../../src/review/html.ts';
import { visible } from '../../src/terminal/text-layout.ts';
import {
  commands,
  configuration,
  deletion,
  description,
  finding,
  forest,
  guid,
  labelChange,
  modify,
  planOf,
} from './plans.ts';

const template = readFileSync(new URL('../../templates/review.html', import.meta.url), 'utf8');

interface Element {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: (Element | string)[];
}

const emptyElements = new Set(['meta', 'wbr']);

/** Reads markup by stricter rules than a browser: every element is closed in turn, `<` and `&` are nowhere else. */
function parse(markup: string): Element {
  const root: Element = { tag: '', attributes: new Map(), children: [] };
  const open = [root];
  const token = /<!doctype html>|<(\/?)([a-z][a-z0-9]*)((?: [a-zA-Z-]+="(?:[^"<&]|&#\d+;)*")*)>|((?:[^<&]|&#\d+;)+)/y;
  while (token.lastIndex < markup.length) {
    const at = token.lastIndex;
    const [found, closing, tag, attributes = '', text] = token.exec(markup) ?? [];
    if (found === undefined) throw new Error(`no markup: ${markup.slice(at, at + 60)}`);
    const parent = open.at(-1);
    if (text !== undefined) {
      parent?.children.push(text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code))));
    } else if (closing === '/') {
      if (open.pop()?.tag !== tag) throw new Error(`${parent?.tag} is closed by ${found}`);
    } else if (tag !== undefined) {
      const pairs = [...attributes.matchAll(/ ([a-zA-Z-]+)="([^"]*)"/g)].map(
        ([, name = '', value = '']) => [name, value] as const,
      );
      const element = { tag, attributes: new Map(pairs), children: [] };
      parent?.children.push(element);
      if (!emptyElements.has(tag)) open.push(element);
    }
  }
  if (open.length > 1) throw new Error(`${open.at(-1)?.tag} is not closed`);
  return root;
}

function pageOf(plan: Plan, words: Partial<Description> = {}): Element {
  return parse([...htmlReview(plan, description(words), commands, template)].join(''));
}

function textOf(node: Element | string): string {
  return typeof node === 'string' ? node : node.children.map(textOf).join('');
}

/** Every element below that is of the tag or, with a dot before it, the class. */
function all(node: Element, selector: string): readonly Element[] {
  const below = node.children.filter((child) => typeof child !== 'string');
  const fits = ({ tag, attributes }: Element): boolean =>
    selector.startsWith('.')
      ? (attributes.get('class')?.split(' ').includes(selector.slice(1)) ?? false)
      : tag === selector;
  return below.flatMap((child) => [...(fits(child) ? [child] : []), ...all(child, selector)]);
}

function textsOf(node: Element, selector: string): readonly string[] {
  return all(node, selector).map(textOf);
}

/** The table rows of the page, by their heading. */
function rowsOf(page: Element): Readonly<Record<string, string>> {
  return Object.fromEntries(
    all(page, 'tr').map((row) => [textsOf(row, 'th').join(' '), textsOf(row, 'td').join(' ')] as const),
  );
}

const server = `CN=EX04,CN=Servers,CN=Corp,CN=Services,${configuration}`;
const directoryService = `CN=Directory Service,CN=Windows NT,CN=Services,${configuration}`;
const lifetime = { attribute: 'tombstoneLifetime', remove: [], add: ['180'], whenUnset: 'not set: 60 days' };
const undoes = {
  id: '11111111-2222-4333-8444-555555555555',
  seal: '0'.repeat(64),
  folder: 'changes/2026-11-22-labels',
  seq: 4,
};

test('the title says what the plan does, in the words of its remedy', () => {
  const page = pageOf(planOf([deletion(server, [])]), { title: 'Delete the server object <EX04>' });
  expect(textsOf(page, 'h1')).toEqual(['Delete the server object <EX04>']);
  expect(textsOf(page, 'title')).toEqual(['Delete the server object <EX04> – review']);
});

describe('the page says where the plan comes from', () => {
  test('its id, when and by what it was made, and what it undoes', () => {
    expect(rowsOf(pageOf(planOf([labelChange('User:', 'Name:')], { undoes })))).toMatchObject({
      Plan: '5b0f6a57-2c36-4c33-9d0b-6c0b3a2f0d11',
      Made: '2026-11-22 08:41:07 UTC by CORP\\admin on TMG01adsi-remedy 0.1.0',
      Undoes: expect.stringContaining(undoes.id),
    });
  });

  test('the folders that it works on, each with the number of its files', () => {
    const plan = planOf(
      [labelChange('User:', 'Name:', { root: 'one' }), labelChange('User:', 'Name:', { root: 'two' })],
      {
        target: { kind: 'files', roots: ['one', 'two', 'three'] },
      },
    );
    const folders = all(pageOf(plan), 'tr').filter((row) => textsOf(row, 'th').includes('Folder'));
    expect(folders.flatMap((row) => textsOf(row, 'td'))).toEqual([
      'one1 file to change',
      'two1 file to change',
      'three0 files to change',
    ]);
  });

  test('the forest, the domain controller and the connection', () => {
    expect(rowsOf(pageOf(planOf([deletion(server, [])])))).toMatchObject({
      Forest: expect.stringMatching(/^corp\.example\.com.*9c04206a-9a46-41df-b23b-f2b402ba789f$/),
      'Domain controller': 'dc1.corp.example.com',
      Connection: expect.stringMatching(/^dc1\.corp\.example\.com, port 636, as admin@corp\.example\.com.*LDAPS/),
    });
  });

  test('that a connection was sealed by Kerberos, and for which name, but not whose ticket it was', () => {
    const connection = {
      ...({ kind: 'server', host: '192.0.2.1', port: 389, auth: 'integrated', tls: 'none' } as const),
      tlsName: 'dc1.corp.example.com',
    };
    const page = pageOf(planOf([deletion(server, [])], { target: { ...forest, connection } }));
    expect(rowsOf(page)['Connection']).toMatch(
      /^192\.0\.2\.1, port 389 *sealed \(Kerberos\); apply logs on as the user who runs it; Kerberos checks the name dc1\.corp\.example\.com$/,
    );
  });

  test('that a connection was not encrypted', () => {
    const connection = {
      kind: 'server',
      host: 'dc1',
      port: 389,
      auth: 'password',
      tls: 'none',
      user: 'admin',
    } as const;
    const page = pageOf(planOf([deletion(server, [])], { target: { ...forest, connection } }));
    expect(rowsOf(page)['Connection']).toContain('not encrypted');
  });

  test('an export in place of a directory, and that applying changes none', () => {
    const page = pageOf(
      planOf([deletion(server, [])], {
        target: { ...forest, connection: { kind: 'ldif', files: ['config.ldf', 'domain.ldf'] } },
      }),
    );
    expect(rowsOf(page)['Connection']).toMatch(/config\.ldf.*domain\.ldf/);
    expect(textOf(page)).toContain('changes no directory');
  });

  test('a practice site, and that applying changes nothing else', () => {
    const connection = { kind: 'practice', folder: 'adsi-remedy-practice' } as const;
    const page = pageOf(planOf([deletion(server, [])], { target: { ...forest, connection } }));
    expect(rowsOf(page)['Connection']).toBe('the practice site');
    expect(textOf(page)).toContain('changes the practice site and no other directory');
  });

  test('the seal, in groups for the eye and whole when copied', () => {
    const plan = planOf([labelChange('User:', 'Name:')]);
    const [seal] = all(pageOf(plan), '.seal');
    expect(seal && textOf(seal)).toBe(plan.seal);
    expect(seal && textsOf(seal, 'span')).toHaveLength(8);
  });
});

describe('findings', () => {
  const withFindings = (...findings: readonly Finding[]): Element =>
    pageOf(planOf([labelChange('User:', 'Name:')], { findings }));

  test('are blockers, then warnings, and notes behind the pictures', () => {
    const page = withFindings(
      finding({ level: 'note', title: 'third' }),
      finding({ level: 'warning', title: 'second' }),
      finding({ level: 'blocker', title: 'first' }),
    );
    const titles = all(page, '.finding').map(textOf);
    expect(titles.map((text) => /first|second|third/.exec(text)?.[0])).toEqual(['first', 'second', 'third']);
    expect(
      all(page, 'section').map((section) => [...textsOf(section, 'h2'), ...textsOf(section, 'h3')].slice(0, 3)),
    ).toEqual(expect.arrayContaining([['Blockers and warnings', 'Blockers', 'Warnings']]));
  });

  test('that say the same are one, with the evidence of all', () => {
    const page = withFindings(finding({ evidence: ['one'] }), finding({ evidence: ['two'] }));
    expect(all(page, '.finding')).toHaveLength(1);
    expect(all(page, '.evidence').flatMap((list) => textsOf(list, 'li'))).toEqual(['one', 'two']);
  });

  test('on a source that is not read again name it', () => {
    const source = { name: 'setup.log', read: '2026-11-20T10:00:00Z', sha256: 'ab'.repeat(32) };
    expect(textOf(withFindings(finding({ source })))).toContain(`From setup.log, read ${source.read}`);
  });

  test('that block the change are what the reader sees first', () => {
    const verdict = textsOf(withFindings(finding({ level: 'blocker' }), finding({ level: 'blocker' })), '.verdict');
    expect(verdict.join()).toContain('2 blockers stop this change');
  });

  test('that block and were accepted are marked, and stop nothing', () => {
    const page = withFindings(finding({ level: 'blocker', acceptable: true, accepted: true }));
    expect(textsOf(page, '.badge')).toEqual(['accepted blocker']);
    expect(textsOf(page, '.verdict').join()).toMatch(/1 blocker was accepted; nothing else stops this change/);
  });

  test('that can be accepted say how, others say that they cannot', () => {
    expect(textOf(withFindings(finding({ level: 'blocker', id: 'no-wording', acceptable: true })))).toContain(
      '--accept no-wording',
    );
    expect(textOf(withFindings(finding({ level: 'blocker' })))).toContain('cannot be accepted');
  });

  test('fold their evidence from the ninth piece on', () => {
    const evidence = Array.from({ length: 30 }, (_, index) => `seen ${index + 1}`);
    expect(all(withFindings(finding({ evidence: evidence.slice(0, 8) })), 'details')).toEqual([]);
    const page = withFindings(finding({ evidence }));
    const folded = all(page, 'details').flatMap((details) => textsOf(details, 'li'));
    expect(folded).toEqual(evidence.slice(8));
    expect(textsOf(page, 'summary')).toEqual(['and 22 more']);
    expect(textsOf(page, '.evidence').join('')).toContain('seen 8');
  });

  test('are counted in the summary, accepted ones apart', () => {
    const page = withFindings(finding(), finding({ level: 'note' }), finding({ level: 'blocker', accepted: true }));
    expect(rowsOf(page)['Total']).toBe('1 file to change · 1 note · 1 warning · 1 blocker accepted');
    const stopped = withFindings(finding({ level: 'blocker' }), finding({ level: 'blocker' }));
    expect(rowsOf(stopped)['Total']).toBe('1 file to change · 2 blockers stop this change');
  });
});

describe('changes of files', () => {
  const arabic = labelChange('المجال\\اسم المستخدم:', 'عنوان البريد الإلكتروني:', { language: 'ar' });

  test('show the old and the new value with the changed words marked', () => {
    const page = pageOf(planOf([labelChange('Domain\\user name:', 'E-mail user name:')]));
    expect(textsOf(page, 'del')).toEqual(['Domain\\user name:']);
    expect(textsOf(page, 'ins')).toEqual(['E-mail user name:']);
    expect(all(page, '.texts').flatMap((table) => textsOf(table, 'mark'))).toEqual(['Domain\\', 'E-mail ']);
    expect(all(page, '.texts').flatMap((table) => textsOf(table, 'caption'))).toEqual([
      'The text L_UserName_Text of each language',
    ]);
  });

  test('keep each text in its own language and direction', () => {
    const values = all(pageOf(planOf([arabic])), 'ins');
    expect(values.map(textOf)).toEqual(['عنوان البريد الإلكتروني:']);
    expect(values.map(({ attributes }) => [attributes.get('lang'), attributes.get('dir')])).toEqual([['ar', 'auto']]);
  });

  test('name their language', () => {
    const page = pageOf(
      planOf([
        arabic,
        labelChange('User:', 'Name:', { language: 'default' }),
        labelChange('a', 'b', { language: 'my copy' }),
      ]),
    );
    const names = all(page, '.texts').flatMap((table) => all(table, 'tbody').flatMap((body) => textsOf(body, 'th')));
    expect(names).toEqual(['Default language default', 'Arabic ar', 'my copy']);
  });

  const folder = '\\\\TMG01\\C$\\Templates';
  const placed = (language: string, more: Partial<Parameters<typeof labelChange>[2]> = {}): Change =>
    labelChange('User:', 'Name:', {
      language,
      path: `${folder}\\Exchange\\HTML\\nls\\${language}\\strings.txt`,
      ...more,
    });

  test('that are equal are a row, with their number, and their folders are said once', () => {
    const page = pageOf(planOf([placed('de'), placed('fr')]));
    const rows = all(page, '.texts').flatMap((table) => all(table, 'tbody').flatMap((body) => all(body, 'tr')));
    expect(rows.map((row) => textsOf(row, 'td'))).toEqual([
      ['1', 'User:', 'Name:', '1'],
      ['2', 'User:', 'Name:', '1'],
    ]);
    const [group, ...others] = all(page, '.group');
    expect(others).toEqual([]);
    expect(group && textOf(group)).toContain('nls\\LANGUAGE\\strings.txt');
    expect(group && textsOf(group, '.roots')).toEqual([`Below ${folder}\\`]);
    expect(group && textsOf(group, 'li')).toEqual(['Exchange\\HTML']);
  });

  test('in different folders name the group of folders that each is in', () => {
    const other = placed('fr', { class: 'xHTML', path: `${folder}\\Exchange\\xHTML\\nls\\fr\\strings.txt` });
    const page = pageOf(planOf([placed('de'), other]));
    expect(textsOf(page, '.files')).toEqual(['1 in A', '1 in B']);
    expect(all(page, '.group').flatMap((group) => textsOf(group, 'li'))).toEqual([
      'Exchange\\HTML: A',
      'Exchange\\xHTML: B',
    ]);
  });

  test.each([
    ['in another place', { path: `${folder}\\Exchange\\HTML\\web.config` }],
    ['below a root that the plan does not name', { root: 'D:\\elsewhere' }],
    ['of another language than their folder', { path: `${folder}\\Exchange\\HTML\\nls\\fr\\strings.txt` }],
  ])('%s are named by their whole path, however many they are', (_, more) => {
    const strange = Array.from({ length: 30 }, () => placed('de', more));
    const page = pageOf(planOf([placed('fr'), ...strange]));
    const places = all(page, '.texts').flatMap((table) => textsOf(table, 'li'));
    expect(places).toEqual(strange.map((change) => (change.kind === 'file' ? change.path : '')));
  });

  test('behind a link of its own are named with the file itself', () => {
    const page = pageOf(planOf([placed('de', { realPath: 'D:\\german.txt' })]));
    expect(textsOf(page, '.places')).toEqual([`${folder}\\Exchange\\HTML\\nls\\de\\strings.txt → D:\\german.txt`]);
  });

  test('of several keys name the key of each text', () => {
    const [splice] = labelChange('User:', 'Name:').splices;
    if (splice === undefined) throw new Error('the builder gives a splice');
    const page = pageOf(planOf([placed('de', { splices: [splice, { ...splice, key: 'L_Password', offset: 90 }] })]));
    expect(all(page, '.texts').flatMap((table) => textsOf(table, 'code'))).toEqual(['L_UserName_Text', 'L_Password']);
  });

  test('are counted by encoding, and their number in the words of the remedy too', () => {
    const page = pageOf(planOf([arabic, labelChange('User:', 'Name:', { encoding: 'utf-16le' })]), {
      extent: 'in 2 languages',
    });
    expect(rowsOf(page)).toMatchObject({
      Total: '2 files to change, in 2 languages',
      'Encodings, all kept': 'utf-16le (1), utf-8 (1)',
    });
  });
});

describe('changes of entries', () => {
  test('that delete show every value as a removed line, folded', () => {
    const attributes = [{ name: 'objectClass', values: ['top', 'msExchExchangeServer'] }];
    const page = pageOf(planOf([deletion(server, attributes)]));
    expect(all(page, '.change').flatMap((change) => textsOf(change, 'h3'))).toEqual(['delete 1 entry']);
    expect(all(page, '.tree').flatMap((tree) => textsOf(tree, 'code'))).toEqual([server]);
    expect(all(page, 'details').flatMap((details) => textsOf(details, 'del'))).toEqual([
      '-objectClass: top',
      '-objectClass: msExchExchangeServer',
    ]);
    expect(textsOf(page, 'summary')).toEqual(['2 attribute values']);
  });

  test('that delete a tree show it as one, parents first, with the references that are cleared at each entry', () => {
    const child = `CN=SMTP,${server}`;
    const cleared = modify('CN=Internet,CN=Connections', {
      attribute: 'homeMTA',
      remove: [child.toUpperCase()],
      add: [],
    });
    const page = pageOf(planOf([cleared, deletion(child, []), deletion(server, [])]));
    const [tree] = all(page, '.tree');
    expect(all(page, '.change').flatMap((change) => textsOf(change, 'h3'))).toEqual([
      expect.stringContaining('modify'),
      'delete 2 entries',
    ]);
    expect(tree && textOf(tree).replace(/\s+/g, ' ')).toMatch(/3 ?CN=EX04,.*2 ?CN=SMTP ?homeMTA of Internet/);
  });

  test('show references that stay at the entry that they name, folded where they are many', () => {
    const leftOut = Array.from({ length: 20 }, (_, index) => ({
      what: `homeMTA of CN=user ${index},CN=Users`,
      reason: 'no-right-to-clean-up',
      reference: { to: [server], because: 'no-right' as const },
    }));
    const [tree] = all(pageOf(planOf([deletion(server, [])], { leftOut })), '.tree');
    expect(tree && textsOf(tree, '.left')).toEqual(
      leftOut.map((_, index) => expect.stringContaining(`homeMTA of user ${index}: stays, no right to clear it`)),
    );
    expect(tree && all(tree, 'details').flatMap((details) => textsOf(details, '.left'))).toHaveLength(12);
    expect(tree && textsOf(tree, 'summary')).toContain('and 12 more that the plan does not clear');
  });

  test('that edit a few values are not folded', () => {
    const page = pageOf(planOf([modify(directoryService, lifetime)], { remedy: 'tombstone' }));
    expect(all(page, 'details')).toEqual([]);
    expect([...textsOf(page, 'del'), ...textsOf(page, 'ins')]).toEqual([
      '-(not set: 60 days)',
      '+tombstoneLifetime: 180',
    ]);
  });

  test('are counted by what they do', () => {
    const page = pageOf(
      planOf([modify(directoryService, lifetime), deletion(`CN=1,${server}`, []), deletion(server, [])]),
    );
    expect(rowsOf(page)).toMatchObject({ Total: '3 entries to change: 1 edited, 2 deleted' });
  });
});

test('words from right to left do not drag along the numbers and commas behind them', () => {
  const page = pageOf(
    planOf([labelChange('User:', 'Name:')], { findings: [finding({ evidence: ['he: שם משתמש, 12 files'] })] }),
  );
  const [evidence] = all(page, '.evidence');
  expect(evidence && textsOf(evidence, 'bdi')).toEqual(['שם משתמש']);
});

describe('any plan', () => {
  const attack = fc.constantFrom(
    '</style><script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '"><a href="http://example.com/">',
    "' onclick='alert(1)",
    '&lt;b&gt; &amp; &#60;i&#62;',
    '<!-- ',
    ']]>',
    '{{seal}}',
    '{{nothing}}',
    '\x1b[2J',
    '\u202eexe.txt',
    '\ud800',
    'קובץ, 3 <b>',
  );
  const text = fc.oneof(attack, fc.string(), fc.string({ unit: 'binary' }));
  const dn = text.filter((value) => value !== '').map((value) => childDn(configuration, 'CN', value));
  const value = fc.oneof(
    text,
    fc.base64String().map((base64) => ({ base64 })),
  );
  const attribute = fc.record({
    name: fc.constantFrom('description', 'cn'),
    values: fc.array(value, { maxLength: 3 }),
  });
  const attributes = fc.array(attribute, { maxLength: 5 });
  const level = fc.constantFrom('blocker', 'warning', 'note');
  const findings = fc.array(
    fc.record({
      id: text,
      level,
      title: text,
      detail: text,
      evidence: fc.array(text, { maxLength: 12 }),
      subjects: fc.array(text, { maxLength: 2 }),
      acceptable: fc.boolean(),
      accepted: fc.boolean(),
    }),
    { maxLength: 3 },
  );
  const fileChange = fc
    .record({
      old: text,
      now: text,
      path: text,
      root: text,
      set: text,
      class: text,
      language: fc.oneof(text, fc.constant('de')),
    })
    .map(({ old, now, ...more }) => labelChange(old, now, more));
  const entryChange = fc.oneof(
    fc.record({ dn, attributes }).map((entry) => deletion(entry.dn, entry.attributes)),
    fc.record({ kind: fc.constantFrom('undelete'), dn, guid: fc.constant(guid), attributes }),
    fc
      .record({
        dn,
        attribute: text,
        remove: fc.array(value, { maxLength: 2 }),
        add: fc.array(value, { maxLength: 2 }),
        whenUnset: text,
      })
      .map(({ dn: of, ...edit }) => modify(of, edit)),
  );
  const changes = fc.oneof(
    fc.array<Change>(fileChange, { minLength: 1, maxLength: 5 }),
    fc.array<Change>(entryChange, { minLength: 1, maxLength: 5 }),
  );
  const anyPlan = fc
    .record({ id: text, tool: text, created: text, changes, findings, host: text })
    .map(({ changes: of, host, ...more }) => {
      const connection = {
        kind: 'server',
        host,
        port: 636,
        auth: 'password',
        tls: 'starttls',
        user: host,
        tlsName: host,
      } as const;
      const target =
        of[0]?.kind === 'file' ? { kind: 'files' as const, roots: [`\\\\host\\${host}`] } : { ...forest, connection };
      return planOf(of, { ...more, target, undoes: { id: host, seal: host, folder: host, seq: 0 } });
    });

  test('gives a page that holds no markup of the plan', () => {
    const ours = new Set(
      'html head meta title style body header nav main footer section article h1 h2 h3 h4 p a ul ol li figure figcaption svg rect circle path table caption thead tbody tr th td details summary code pre strong span bdi mark del ins wbr div'.split(
        ' ',
      ),
    );
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const elements = everyElement(pageOf(plan));
        expect(elements.filter(({ tag }) => !ours.has(tag))).toEqual([]);
        for (const { attributes: of } of elements) {
          expect([...of.keys()].filter((name) => name.startsWith('on') || name === 'style' || name === 'src')).toEqual(
            [],
          );
        }
        expect(textsOf(pageOf(plan), 'style')).toEqual(textsOf(parse(template), 'style'));
      }),
    );
  });

  test('has every change and every finding on its page', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const page = textOf(pageOf(plan));
        for (const { id, title, detail, evidence } of plan.findings) {
          for (const said of [id, title, detail, ...evidence]) expect(page).toContain(visible(said));
        }
        for (const change of plan.changes) {
          for (const said of saidOf(change)) expect(page).toContain(visible(said));
        }
      }),
    );
  });
});

function everyElement(node: Element): readonly Element[] {
  return node.children.flatMap((child) => (typeof child === 'string' ? [] : [child, ...everyElement(child)]));
}

function saidOf(change: Change): readonly string[] {
  switch (change.kind) {
    case 'file':
      return [
        change.path,
        ...change.splices.flatMap(({ key, old, new: now }) => [
          key,
          ...[old, now].map((base64) => Buffer.from(base64, 'base64').toString('utf8')),
        ]),
      ];
    case 'modify':
      return [
        change.dn,
        ...change.edits.flatMap(({ attribute, remove, add }) =>
          [...remove, ...add].map((value) =>
            typeof value === 'string' ? `${attribute}: ${value}` : `${attribute}:: `,
          ),
        ),
      ];
    case 'delete-tree':
      return change.entries.map(({ dn }) => dn);
    default:
      return [
        change.dn,
        ...change.attributes.flatMap(({ name, values }) =>
          values.map((value) => (typeof value === 'string' ? `${name}: ${value}` : `${name}:: `)),
        ),
      ];
  }
}

describe('the page needs nothing else', () => {
  const page = pageOf(planOf([labelChange('User:', 'Name:')], { findings: [finding()] }));

  test('it allows nothing from outside but its own style', () => {
    const policy = all(page, 'meta').find(
      ({ attributes }) => attributes.get('http-equiv') === 'Content-Security-Policy',
    );
    expect(policy?.attributes.get('content')).toBe("default-src 'none'; style-src 'unsafe-inline'");
  });

  test('it refers to nothing but places of its own', () => {
    const elements = everyElement(page);
    const ids = elements.flatMap(({ attributes }) => attributes.get('id') ?? []);
    const referring = ['src', 'srcset', 'href', 'data', 'action', 'background', 'poster', 'ping'];
    const references = elements.flatMap(({ attributes }) => referring.flatMap((name) => attributes.get(name) ?? []));
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((reference) => !ids.includes(reference.slice(1)) || !reference.startsWith('#'))).toEqual(
      [],
    );
    expect(textsOf(page, 'style').join()).not.toMatch(/url\(|@import|https?:/);
  });

  test('it says its language, and its headings leave out no level', () => {
    expect(all(page, 'html')[0]?.attributes.get('lang')).toBe('en');
    const levels = everyElement(page).flatMap(({ tag }) => (/^h[1-6]$/.test(tag) ? [Number(tag[1])] : []));
    expect(levels[0]).toBe(1);
    expect(levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1)).toEqual([]);
  });

  test('its parts are in the order in which a reader weighs them', () => {
    expect(textsOf(page, 'h2')).toEqual([
      'Changes',
      'Blockers and warnings',
      'Next steps',
      'How to apply and undo it',
      'Safeguards',
      'Seal',
    ]);
  });
});

test('the safeguards say what a replaced file loses for good', () => {
  const page = textOf(pageOf(planOf([labelChange('User:', 'Name:')])));
  expect(page).toContain('extended attributes and POSIX access lists of the old one');
});

test.each([
  ['files', planOf([labelChange('User:', 'Name:')])],
  ['a directory', planOf([modify('CN=A,DC=x', { attribute: 'info', remove: [], add: ['a'] })], { target: forest })],
])('the safeguards of a plan for %s say that findings are as they were recorded', (_, plan) => {
  expect(textOf(pageOf(plan))).toContain('Findings, tables and pictures are as recorded when the plan was made');
});

test('a page of ten thousand files comes in small pieces', () => {
  const pieces = (count: number): readonly number[] => {
    const plan = planOf(
      Array.from({ length: count }, (_, index) => labelChange('User:', 'Name:', { path: `file ${index}` })),
    );
    return [...htmlReview(plan, description(), commands, template)].map((piece) => piece.length);
  };
  const [one, many] = [pieces(1), pieces(10_000)];
  expect(many.length).toBeGreaterThan(10_000);
  expect(Math.max(...many)).toBe(Math.max(...one));
});

test('a histogram names each limit with its number, as the terminal does', () => {
  const histogram = {
    kind: 'histogram',
    id: 'deleted-objects',
    title: 'Deleted objects by age in days',
    unit: 'days',
    buckets: [{ from: 0, to: 9, count: 16 }],
    limits: [
      { at: 60, text: 'the limit today' },
      { at: 180, text: 'the new limit' },
    ],
  } as const;
  const page = pageOf(planOf([], { exhibits: [histogram] }));
  expect(all(page, '.limit').map(textOf)).toEqual(['60 days: the limit today', '180 days: the new limit']);
});

test('a row of one file in a place of its own has few elements: a browser has to read ten thousand of them', () => {
  const elements = (count: number): number => {
    const changes = Array.from({ length: count }, (_, index) =>
      labelChange(`Domain\\user ${index}:`, `E-mail ${index}:`, { path: `file ${index}` }),
    );
    return [...htmlReview(planOf(changes), description(), commands, template)].join('').split(/<(?=[a-z])/).length;
  };
  expect((elements(90) - elements(10)) / 80).toBe(13);
});

test('a template that asks for a part that does not exist is refused', () => {
  expect(() => [...htmlReview(planOf([]), description(), commands, '<p>{{colour}}</p>')]).toThrow(RangeError);
});

test('edits of many entries that are alike are one article, with the first DNs open and the others folded', () => {
  const dns = Array.from({ length: 300 }, (_, number) => `CN=user ${number},CN=Users,DC=corp,DC=example,DC=com`);
  const alike = dns.map((dn) => modify(dn, { attribute: 'homeMTA', remove: ['CN=Microsoft MTA'], add: [] }));
  const page = pageOf(planOf(alike));
  const [article, ...others] = all(page, 'article').filter((one) => one.attributes.get('class') === 'change');
  if (article === undefined) throw new Error('the page shows a change');
  expect(others).toEqual([]);
  expect(textsOf(article, 'h3').map((text) => text.trim())).toEqual(['1 modify 300 entries in the same way']);
  expect(textsOf(article, 'summary')).toEqual(['and 295 more with the same change']);
  expect(all(article, '.places').flatMap((list) => textsOf(list, 'li'))).toEqual(dns);
});
