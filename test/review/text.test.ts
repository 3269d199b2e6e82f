import { describe, expect, test } from 'vitest';
import { isDiffLine, screenReview } from '../../src/review/text.ts';
import { createStyle } from '../../src/terminal/style.ts';
import { displayWidth } from '../../src/terminal/text-width.ts';
import { finding, modify, planOf } from './plans.ts';

const exchange = 'CN=Nordwind Trading,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=corp,DC=example,DC=com';
const server = `CN=EX04,CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),${exchange}`;
const database = `CN=Mailbox Database 0417206991,CN=Databases,${exchange}`;
const command = `repadmin /removelingeringobjects dc4.corp.example.com 0d1f3b77 "${exchange}" /advisory_mode`;

const plan = planOf([modify(database, { attribute: 'msExchOwningServer', remove: [server], add: [] })], {
  findings: [
    finding({
      level: 'blocker',
      id: 'owned-databases',
      title: 'The server owns databases, and nobody but it can mount them where they are today',
      evidence: [database, command],
    }),
  ],
});

const review = (options: { readonly width: number; readonly columns?: number }): readonly string[] => [
  ...screenReview(plan, { style: createStyle(false), verbose: false, ...options }),
];

test('at a narrow terminal, titles, evidence and DNs go on below themselves', () => {
  const lines = review({ width: 60, columns: 60 });
  const from = lines.findIndex((line) => line.includes('owned-databases'));
  expect(lines.slice(from, from + 8)).toEqual([
    '  blocker  owned-databases  The server owns databases, and',
    '           nobody but it can mount them where they are today',
    '           These have nothing to change.',
    '           CN=Mailbox Database 0417206991,CN=Databases,',
    '             CN=Nordwind Trading,CN=Microsoft Exchange,',
    '             CN=Services,CN=Configuration,DC=corp,',
    '             DC=example,DC=com',
    `           ${command}`,
  ]);
});

test('at a narrow terminal, the lines of the diff and commands stay as they are, to be copied', () => {
  const lines = review({ width: 60, columns: 60 });
  expect(lines.filter(isDiffLine)).toEqual([`    - msExchOwningServer: ${server}`]);
  const tooWide = lines.filter((line) => displayWidth(line) > 60 && !isDiffLine(line));
  expect(tooWide).toEqual([`           ${command}`]);
});

test('in a file or a pipe, every title, DN and piece of evidence is one line', () => {
  const lines = review({ width: 100 });
  expect(lines).toContain(`           ${database}`);
  expect(lines).toContain(`    ${database}`);
});

describe('three hundred entries with the same edit', () => {
  const dns = Array.from({ length: 300 }, (_, number) => `CN=user ${number},CN=Users,DC=corp,DC=example,DC=com`);
  const alike = planOf(dns.map((dn) => modify(dn, { attribute: 'homeMTA', remove: [server], add: [] })));
  const linesOf = (verbose: boolean): readonly string[] => [
    ...screenReview(alike, { style: createStyle(false), verbose, width: 100 }),
  ];

  test('are one block with the first names and the number of the others', () => {
    expect(linesOf(false)).toEqual([
      '  modify 300 entries alike',
      ...dns.slice(0, 5).map((dn) => `    ${dn}`),
      '    … and 295 more with the same change',
      `    - homeMTA: ${server}`,
      '',
      '  300 entries to change',
      '  --verbose shows every path, value and line.',
    ]);
  });

  test('are all named with --verbose, and in review.txt', () => {
    expect(linesOf(true)).toEqual(expect.arrayContaining(dns.map((dn) => `    ${dn}`)));
  });
});
