import { describe, expect, test } from 'vitest';
import type { Change, Plan } from '../../src/change/plan.ts';
import { isDiffLine, type TextReviewOptions } from '../../src/review/diff-text.ts';
import { nextStepLines, paperReview, screenReview } from '../../src/review/text.ts';
import { createStyle } from '../../src/terminal/style.ts';
import { displayWidth } from '../../src/terminal/text-layout.ts';
import { aceFlags, descriptor } from '../support/descriptors.ts';
import {
  commands,
  configuration,
  deletion,
  description,
  finding,
  forest,
  labelChange,
  modify,
  planOf,
} from './plans.ts';

const exchange = 'CN=Nordwind Trading,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=corp,DC=example,DC=com';
const server = `CN=EX04,CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),${exchange}`;
const database = `CN=Mailbox Database 0417206991,CN=Databases,${exchange}`;
const command = `repadmin /removelingeringobjects dc4.corp.example.com 0d1f3b77 "${exchange}" /advisory_mode`;

const plan = planOf([modify(database, { attribute: 'msExchOwningServer', remove: [server], add: [] })], {
  findings: [
    finding({
      level: 'blocker',
      id: 'owned-databases',
      title: 'The server owns databases, and only this server can mount them where they are',
      evidence: [database, command],
    }),
  ],
});

function review(of: Plan, options: Partial<TextReviewOptions> = {}): readonly string[] {
  return [...screenReview(of, { style: createStyle(false), verbose: false, width: 100, ...options })];
}

const folder = '\\\\TMG01\\C$\\Templates';
const german = `${folder}\\Exchange\\HTML\\nls\\de\\strings.txt`;

describe('at a narrow terminal', () => {
  const narrow = { width: 60, columns: 60 };

  test('titles, evidence and DNs continue below their own beginning', () => {
    const lines = review(plan, { ...narrow, verbose: true });
    const from = lines.findIndex((line) => line.includes('owned-databases'));
    expect(lines.slice(from, from + 8)).toEqual([
      '  blocker  owned-databases  The server owns databases, and',
      '           only this server can mount them where they are',
      '           There is nothing to change in these.',
      '           CN=Mailbox Database 0417206991,CN=Databases,',
      '             CN=Nordwind Trading,CN=Microsoft Exchange,',
      '             CN=Services,CN=Configuration,DC=corp,',
      '             DC=example,DC=com',
      `           ${command}`,
    ]);
  });

  test('the lines of the diff and commands stay as they are, to be copied', () => {
    const lines = review(plan, { ...narrow, verbose: true });
    expect(lines.filter(isDiffLine)).toEqual([`    - msExchOwningServer: ${server}`]);
    const tooWide = lines.filter((line) => displayWidth(line) > 60 && !isDiffLine(line));
    expect(tooWide).toEqual([`           ${command}`]);
  });

  test('texts of files continue below their own beginning in their column', () => {
    const texts = labelChange('Domain\\user name of the account:', 'E-mail address of the account:', { path: german });
    const lines = review(planOf([texts]), narrow);
    expect(lines.slice(0, 5)).toEqual([
      '  L_UserName_Text',
      '     lang  old text                new text            files',
      '   1 de    Domain\\user name of     E-mail address of the   1',
      '           the account:            account:',
      '  Files: Exchange\\HTML',
    ]);
    expect(lines.filter((line) => displayWidth(line) > 61)).toEqual([]);
  });
});

test('in a file or a pipe, every title, DN and piece of evidence is one line', () => {
  const lines = review(plan, { verbose: true });
  expect(lines).toContain(`           ${database}`);
  expect(lines).toContain(`    ${database}`);
});

describe('texts in files', () => {
  const changes = ['default', 'de', 'fr'].map((language) =>
    labelChange('User:', 'Name:', {
      language,
      path: `${folder}\\Exchange\\HTML\\${language === 'default' ? '' : `nls\\${language}\\`}strings.txt`,
    }),
  );

  test('are a line a language, with the key and the folders said once', () => {
    expect(review(planOf(changes))).toEqual([
      '  L_UserName_Text',
      '     lang     old text  new text  files',
      '   1 default  User:     Name:     1',
      '   2 de       User:     Name:     1',
      '   3 fr       User:     Name:     1',
      '  Files: Exchange\\HTML',
      '',
      '  3 files to change',
      '  --verbose shows every path, value and finding in full.',
    ]);
  });

  test('name every folder, and the file in it, with --verbose', () => {
    expect(review(planOf(changes), { verbose: true })).toEqual(
      expect.arrayContaining([
        '  Each language is the file nls\\LANGUAGE\\strings.txt, the default language strings.txt, unless another is named, in each of these folders:',
        `    ${folder}\\Exchange\\HTML`,
      ]),
    );
  });

  test('in another place than such texts lie in are named by their whole path', () => {
    const other = labelChange('User:', 'Name:', { path: `${folder}\\Exchange\\HTML\\nls\\de\\web.config` });
    expect(review(planOf([other])).slice(2, 4)).toEqual([
      '   1 de    User:     Name:     1',
      `           ${other.path}`,
    ]);
  });

  test('behind a link are named with the file itself', () => {
    const behind = labelChange('User:', 'Name:', { path: german, realPath: german.replace(folder, 'D:\\store') });
    expect(review(planOf([behind]))).toContain(`  1 folder behind a link: ${folder} → D:\\store`);
    const linked = labelChange('User:', 'Name:', { path: german, realPath: 'D:\\store\\german.txt' });
    expect(review(planOf([linked]))).toContain(`           ${german} → D:\\store\\german.txt`);
  });

  test('of several keys name the key of each text', () => {
    const [splice] = labelChange('User:', 'Name:').splices;
    if (splice === undefined) throw new Error('the builder gives a splice');
    const two = labelChange('', '', { path: german, splices: [splice, { ...splice, key: 'L_Password', offset: 90 }] });
    expect(review(planOf([two])).slice(0, 3)).toEqual([
      '     lang  key              old text  new text  files',
      '   1 de    L_UserName_Text  User:     Name:     1',
      '           L_Password       User:     Name:',
    ]);
  });

  test('too wide for a column of a file have a line each', () => {
    const long = `${'word '.repeat(20)}end`;
    const lines = review(planOf([labelChange('User:', long, { path: german })]), { verbose: true });
    expect(lines).toContain('           - User:');
    expect(lines).toContain(`           + ${long}`);
  });

  test('of more than 2,000 characters are shown by their ends, and whole with --verbose', () => {
    const long = `Name ${'x'.repeat(10_000)} end`;
    const one = planOf([labelChange('User:', long, { path: german })]);
    expect(review(one).join('\n')).toMatch(/Name x+ \[…9,409 more characters…\] x+ end/);
    expect(review(one, { verbose: true }).join('\n')).toContain(long);
  });

  test('of 491 files in 41 languages are at most 60 lines before the decision at 80 columns', () => {
    const languages = Array.from({ length: 41 }, (_, index) => `l${index}`);
    const folders = Array.from({ length: 12 }, (_, index) => `${folder}\\Set${index}\\HTML`);
    const all = folders
      .flatMap((of, index) =>
        languages.map((language) =>
          labelChange(`Domain\\user name ${language}:`, `E-mail address ${language}:`, {
            language,
            set: `Set${index}`,
            path: `${of}\\nls\\${language}\\strings.txt`,
          }),
        ),
      )
      .slice(0, 491);
    const seen = `${folder}\\Set3\\HTML\\nls\\l7\\strings.txt`;
    const findings = (['note', 'warning', 'blocker'] as const)
      .flatMap((level) => [level, level, level])
      .map((level, index) =>
        finding({
          level,
          id: `finding-${index}`,
          detail: 'What it means, in a sentence that is longer than a line on a screen of 80 columns is.',
          evidence: [`${seen}: five letters`, ...all.map(({ path }) => path)],
          subjects: [seen],
          acceptable: true,
        }),
      );
    const lines = review(planOf(all, { findings }), { width: 80, columns: 80 });
    expect(lines.length).toBeLessThanOrEqual(60);
    for (const { id, level } of findings) if (level !== 'note') expect(lines.join('\n')).toContain(`${id}  `);
    // What there is room for is given to the gravest: which file it is can be told.
    const evidence = lines.filter((line) => line.includes('five letters'));
    expect(evidence.length).toBeGreaterThan(0);
    expect(new Set(evidence)).toEqual(
      new Set(['           Templates\\Set3\\HTML\\nls\\l7\\strings.txt: five letters and 491 more']),
    );
  });
});

describe('three hundred entries with the same edit', () => {
  const dns = Array.from({ length: 300 }, (_, number) => `CN=user ${number},CN=Users,DC=corp,DC=example,DC=com`);
  const alike = planOf(dns.map((dn) => modify(dn, { attribute: 'homeMTA', remove: [server], add: [] })));

  test('are one row with the first names and the number of the others', () => {
    expect(review(alike)).toEqual([
      '   1  modify 300 entries in the same way',
      ...dns.slice(0, 5).map((dn) => `    ${dn}`),
      '    … and 295 more with the same change',
      `    - homeMTA: ${server}`,
      '',
      '  300 entries to change',
      '  --verbose shows every path, value and finding in full.',
    ]);
  });

  test('are all named with --verbose, and in review.txt', () => {
    expect(review(alike, { verbose: true })).toEqual(expect.arrayContaining(dns.map((dn) => `    ${dn}`)));
  });
});

describe('many values', () => {
  const many = Array.from({ length: 9 }, (_, index) => `CN=${index}`);

  test('of one attribute are counted, and push no other edit out of sight', () => {
    const change = modify(
      server,
      { attribute: 'member', remove: many, add: [] },
      { attribute: 'info', remove: [], add: ['x'] },
    );
    expect(review(planOf([change])).filter((line) => line.startsWith('    '))).toEqual([
      `    ${server}`,
      ...many.slice(0, 4).map((dn) => `    - member: ${dn}`),
      '      … 5 more values of member',
      '    + info: x',
    ]);
  });
});

test('entries to be deleted are a tree, parents first, each with the number of its row', () => {
  const dns = [`CN=1,CN=SMTP,${server}`, `CN=SMTP,${server}`, server];
  expect(review(planOf(dns.map((dn) => deletion(dn, [])))).slice(0, 4)).toEqual([
    '  delete 3 entries',
    `  3 - ${server}  0 values`,
    '  2 -   CN=SMTP  0 values',
    '  1 -     CN=1  0 values',
  ]);
});

describe('references that stay', () => {
  const stays = (count: number): Plan =>
    planOf([deletion(server, [])], {
      leftOut: Array.from({ length: count }, (_, index) => ({
        what: `offLineABServer of CN=Offline Address Book ${index},CN=Offline Address Lists,${configuration}`,
        reason: 'mandatory-references',
        reference: { to: [server], because: 'mandatory' as const },
      })),
    });

  test('are shown at the entry that they name, within 80 columns', () => {
    const lines = review(stays(1), { width: 80, columns: 80 });
    expect(lines).toContain('      ← offLineABServer of Offline Address Book 0: stays, mandatory attribute');
  });

  test('are folded where they are many, and all shown with --verbose', () => {
    const arrows = (verbose: boolean): readonly string[] =>
      review(stays(30), { verbose }).filter((line) => /^ {6}[←…]/.test(line));
    expect(arrows(false)).toHaveLength(5);
    expect(arrows(false).at(-1)).toBe('      … and 26 more that the plan does not clear');
    expect(arrows(true)).toHaveLength(30);
  });
});

test('where all is shown, the values of each entry follow the tree in its order', () => {
  const dns = [`CN=1,CN=SMTP,${server}`, `CN=SMTP,${server}`, server];
  const lines = review(planOf(dns.map((dn) => deletion(dn, []))), { verbose: true });
  expect(lines.filter((line) => /^ +\d {2}delete$/.test(line)).map((line) => line.trim())).toEqual([
    '3  delete',
    '2  delete',
    '1  delete',
  ]);
});

describe('findings on the screen', () => {
  const shown = (...findings: Parameters<typeof finding>[0][]): readonly string[] =>
    review(planOf([], { findings: findings.map(finding) }), { width: 80, columns: 80 });

  test('are three lines at most: title, what it means, the first of what was seen', () => {
    const detail = 'A sentence that says what it means and what to do, at length. '.repeat(5);
    expect(shown({ id: 'long', title: 'Much to say', detail, evidence: ['seen 1', 'seen 2'] }).slice(0, 4)).toEqual([
      '  warning  long  Much to say',
      '           A sentence that says what it means and what to do, at length. A …',
      '           seen 1 and 1 more',
      '',
    ]);
  });

  test('whose title takes three lines or more are that title alone', () => {
    const title = 'Two sides have not replicated with each other for 47 days, more than half of the lifetime. '.repeat(
      4,
    );
    const detail = 'Repair replication in time: past the lifetime deleted objects may come back. '.repeat(4);
    const lines = shown({ id: 'long', title: title.trim(), detail, evidence: ['seen'] });
    expect(lines.slice(0, lines.indexOf('')).join(' ').replace(/ +/g, ' ')).toBe(` warning long ${title.trim()}`);
  });

  test('never show a part of a command: where it does not fit they say where it is whole', () => {
    const fits = 'adsi-remedy lingering --reference dc1.corp.example.com';
    const long = `${fits} --target dc4.corp.example.com`;
    const withCommands = (...commands: readonly string[]): readonly string[] => {
      const findings = [finding({ steps: [{ id: 'find' }], evidence: ['seen'] })];
      return review(planOf([], { findings }), { width: 80, columns: 80, stepsOf: () => [{ text: '', commands }] });
    };
    expect(withCommands(fits)).toContain(`  run      ${fits}`);
    const lines = withCommands(long, fits);
    expect(lines).toContain('           Commands: with --verbose, and in the review.');
    expect(lines.join()).not.toContain('adsi-remedy');
  });

  test('of the level note are their title', () => {
    expect(shown({ level: 'note', id: 'n', title: 'Good to know', evidence: ['seen'] }).slice(0, 2)).toEqual([
      '  note     n  Good to know',
      '',
    ]);
  });

  test('that say the same are one, with the evidence of all', () => {
    const lines = shown({ evidence: ['one'] }, { evidence: ['two'] });
    expect(lines.filter((line) => line.includes('key-absent'))).toHaveLength(1);
    expect(lines).toContain('           one and 1 more');
  });

  test('that can be accepted are followed by how, and by those that cannot', () => {
    const lines = shown({ level: 'blocker', id: 'a', acceptable: true }, { level: 'blocker', id: 'b' });
    const first = lines.indexOf('  Cannot be accepted, resolve first: b');
    expect(lines.slice(first, first + 2)).toEqual([
      '  Cannot be accepted, resolve first: b',
      '  To accept the other: --accept a',
    ]);
  });

  test('are counted in the last line, with all else', () => {
    const changes: readonly Change[] = [labelChange('a', 'b'), labelChange('a', 'b', { language: 'fr' })];
    const counted = planOf(changes, {
      leftOut: [
        { what: 'one', reason: 'no-wording' },
        { what: 'two', reason: 'already-right' },
        { what: 'three', reason: 'no-wording' },
      ],
      findings: [
        finding({ level: 'note' }),
        finding({ title: 'x' }),
        finding({ title: 'y' }),
        finding({ level: 'blocker', acceptable: true, accepted: true }),
        finding({ level: 'blocker' }),
      ],
    });
    expect(review(counted).at(-2)).toBe(
      '  2 of 5 files to change · 3 left out (no wording: 2, already right: 1) · 1 note · 2 warnings · 1 blocker accepted · 1 blocker stops this change',
    );
  });

  test('are counted with what the remedy adds to their number', () => {
    const options = { style: createStyle(false), verbose: true, width: 100 };
    expect([...screenReview(planOf([labelChange('a', 'b')]), options, 'in 1 language')].at(-1)).toBe(
      '  1 file to change, in 1 language',
    );
    expect([...screenReview(planOf([]), options, 'in 0 languages')].at(-1)).toBe('  Nothing to change');
  });
});

describe('review.txt', () => {
  const words = description({
    title: 'Delete the server object EX04',
    summary: [{ name: 'Server object', value: server }],
    nextSteps: [
      { text: 'Check it.', commands: ['repadmin /replsummary'] },
      { text: 'Restart it.', commands: [], lines: ['TMG01'], outage: true },
    ],
  });
  const full = planOf([deletion(server, [])], {
    reason: 'EX04 burnt down',
    ticket: 'CHG0012345',
    findings: [finding({ level: 'note', id: 'a-note' }), finding({ id: 'a-warning' })],
    exhibits: [{ kind: 'remarks', id: 'r', title: 'Evidence', rows: [{ text: 'No DNS record' }] }],
  });
  const paper = [...paperReview(full, words, commands)];

  test('has the head, with reason, ticket and who made it', () => {
    const text = paper.join('\n');
    expect(paper[0]).toBe('Delete the server object EX04');
    for (const part of [
      'EX04 burnt down',
      'CHG0012345',
      'CORP\\admin on TMG01',
      full.id,
      forest.objectGuid,
      forest.domainController,
    ]) {
      expect(text).toContain(part);
    }
  });

  test('has its parts in the order of the page', () => {
    const order = ['Changes', 'Blockers and warnings', 'Pictures', 'Notes', 'Next steps'].map((heading) =>
      paper.indexOf(heading),
    );
    expect(order).toEqual(order.toSorted((one, other) => one - other));
    expect(order[0]).toBeGreaterThan(0);
  });

  test('says how to apply and undo, and the whole seal', () => {
    expect(paper).toContain(`  Apply  ${commands.apply}`);
    expect(paper).toContain(`  Undo   ${commands.undo}`);
    expect(paper.at(-1)?.replaceAll(' ', '')).toBe(`Seal${full.seal}`);
  });

  test('recommends no apply that would be refused', () => {
    const textWith = (acceptable: boolean): string => {
      const blocked = planOf([deletion(server, [])], { findings: [finding({ level: 'blocker', acceptable })] });
      return [...paperReview(blocked, words, commands)].join('\n');
    };
    expect(textWith(true)).toContain('Apply  refused as it is: a blocker is not accepted.');
    expect(textWith(false)).toContain('Apply  refused as it is: a blocker cannot be accepted.');
    expect(textWith(true)).not.toContain(commands.apply);
  });

  test('has all next steps, those that interrupt a service first', () => {
    expect([...nextStepLines(words.nextSteps)]).toEqual([
      'Next steps',
      '',
      '1. Interrupts a service: Restart it.',
      '     TMG01',
      '',
      '2. Check it.',
      '     repadmin /replsummary',
    ]);
    expect(paper).toContain('     repadmin /replsummary');
  });
});

describe('the rights of an entry that is made again', () => {
  const ace = (number: number, flags = 0) => ({
    mask: 1 << number,
    sid: `S-1-5-21-1-2-3-${2000 + number}`,
    flags,
  });
  const nine = [...Array(9).keys()];
  const dacl = [...nine.map((number) => ace(number)), ...nine.map((number) => ace(number, aceFlags.inherited))];
  const value = { base64: descriptor({ dacl }).toString('base64') };
  const again: Change = { kind: 'add', dn: server, attributes: [{ name: 'nTSecurityDescriptor', values: [value] }] };
  const shown = (verbose: boolean) =>
    review(planOf([again], { remedy: 'orphan' }), { verbose }).filter((line) => line.includes('nTSecurityDescriptor'));

  test('are all on the screen, as far as they are its own, and the first of its parent', () => {
    const lines = shown(false);
    expect(lines.filter((line) => /:: allow S-1-5-21-1-2-3-\d+:/.test(line))).toHaveLength(9);
    expect(lines.filter((line) => line.includes(':: inherited: '))).toHaveLength(4);
    expect(lines.at(-1)).toContain('… 5 more values of nTSecurityDescriptor');
  });

  test('are shown in full with --verbose', () => {
    expect(shown(true)).toHaveLength(1 + 9 + 9);
  });
});
