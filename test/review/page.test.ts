/** review.html in a real browser, as reviewers open it: on a screen, a phone, in the dark and on paper. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JournalRecord } from '../../src/change/journal.ts';
import type { Plan } from '../../src/change/plan.ts';
import { run as apply } from '../../src/commands/apply.ts';
import type { Context } from '../../src/commands/context.ts';
import { openPracticeDirectory } from '../../src/commands/directory.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { remedies } from '../../src/remedies/index.ts';
import type { Description } from '../../src/remedies/remedy.ts';
import { htmlReview } from '../../src/review/html.ts';
import { describeWithProgram } from '../support/describe-with-program.ts';
import { countingIds, fixedClock, noSleep } from '../support/fixed-world.ts';
import { templates } from '../support/practice-site.ts';
import { remedyCommand } from '../support/remedy-commands.ts';
import { runCommand } from '../support/run-command.ts';
import { commands, deletion, description, finding, labelChange, modify, planOf } from './plans.ts';
import { labelsPlan, labelsWords, orphanPlan, orphanWords, tombstonePlan, tombstoneWords } from './sample-plans.ts';

const template = readFileSync(new URL('review.html', templates), 'utf8');

const screens: readonly (readonly [string, BrowserContextOptions])[] = [
  ['light', { viewport: { width: 1280, height: 720 }, colorScheme: 'light' }],
  ['dark', { viewport: { width: 1280, height: 720 }, colorScheme: 'dark' }],
  ['a phone', { viewport: { width: 390, height: 844 } }],
];

const samples: readonly (readonly [string, Plan, Description, number])[] = [
  ['labels', labelsPlan, labelsWords, 8],
  ['orphan', orphanPlan, orphanWords, 6],
  ['tombstone', tombstonePlan, tombstoneWords, 5],
];

describeWithProgram('the page in Chromium', ['chromium', 'chromium-browser', 'google-chrome'], (executablePath) => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'review-page-'));
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  interface Opened {
    readonly page: Page;
    /** What the browser complained of. */
    readonly complaints: readonly string[];
    /** What it asked for. */
    readonly requests: readonly string[];
  }

  /** Opens the page of a plan. */
  function open(
    plan: Plan,
    words: Description,
    options: BrowserContextOptions = {},
    journal: readonly JournalRecord[] = [],
  ): Promise<Opened> {
    const file = join(folder, 'review.html');
    writeFileSync(file, [...htmlReview(plan, words, commands, template, journal)].join(''));
    return openFile(file, options);
  }

  async function openFile(file: string, options: BrowserContextOptions = {}): Promise<Opened> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    return { page, complaints, requests };
  }

  /** All text of the page, what is folded included. */
  async function textOf(page: Page): Promise<string> {
    return await page.locator('body').evaluate((body) => body.textContent ?? '');
  }

  /** What axe finds: the rule, and an element that breaks it. */
  async function faultsOf(page: Page): Promise<readonly unknown[]> {
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate('axe.run()')) as axe.AxeResults;
    return violations.map(({ id, nodes }) => [id, nodes[0]?.html]);
  }

  /** How many pages the browser prints. */
  async function printedPages(page: Page): Promise<number> {
    const pdf = await page.pdf({ preferCSSPageSize: true });
    return pdf.toString('latin1').match(/\/Type\s*\/Page(?!s)/g)?.length ?? 0;
  }

  describe.each(samples)('of %s', (_, plan, words, mostPages) => {
    test.each(screens)('is drawn %s without a complaint, a request or anything cut off', async (_name, options) => {
      const { page, complaints, requests } = await open(plan, words, options);
      expect(complaints).toEqual([]);
      expect(requests).toEqual([page.url()]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(options.viewport?.width);
      await page.context().close();
    });

    test.each(screens)('has no fault that axe finds, %s', async (_name, options) => {
      const { page } = await open(plan, words, options);
      expect(await faultsOf(page)).toEqual([]);
      await page.context().close();
    });

    test('says what changes in the first screen', async () => {
      const { page } = await open(plan, words, { viewport: { width: 1280, height: 720 } });
      for (const { value } of words.summary) {
        const box = await page.getByText(value, { exact: true }).first().boundingBox();
        expect(box?.y ?? Number.POSITIVE_INFINITY).toBeLessThan(720);
      }
      expect(words.summary.length).toBeGreaterThan(0);
      await page.context().close();
    });

    test('has every finding, exhibit and next step', async () => {
      const { page } = await open(plan, words);
      const text = await textOf(page);
      const said = [
        ...plan.findings.flatMap(({ id, title, detail }) => [id, title, detail]),
        ...[...plan.exhibits, ...words.changes].map(({ title }) => title),
        ...words.nextSteps.flatMap((step) => [step.text, ...step.commands]),
      ];
      expect(said.filter((one) => !text.includes(one))).toEqual([]);
      expect(said.length).toBeGreaterThan(3);
      await page.context().close();
    });

    test(`prints on at most ${mostPages} pages, everything unfolded`, async () => {
      const { page } = await open(plan, words);
      await page.emulateMedia({ media: 'print' });
      const folded = page.locator('details');
      for (const details of await folded.all()) {
        const last = details.locator(':scope > *').last();
        expect((await last.boundingBox())?.height ?? 0).toBeGreaterThan(0);
      }
      const pages = await printedPages(page);
      expect(pages).toBeGreaterThan(0);
      expect(pages).toBeLessThanOrEqual(mostPages);
      await page.context().close();
    });
  });

  /** The pages that the tool itself writes on its practice site: those of each remedy, and of a change that was undone. */
  describe('on the practice site', () => {
    let site: string;

    beforeAll(async () => {
      site = join(folder, 'site');
      const world = {
        currentFolder: folder,
        templates,
        now: fixedClock,
        randomId: countingIds(),
        sleep: noSleep,
        directory: () => openPracticeDirectory(site, world as unknown as Context),
      };
      for (const { name, load } of remedies) {
        const { practice } = await load();
        await practice.layOut?.(site, templates);
        const args = [...practice.given('site'), ...practice.dryRun, '--save', name, '--accept', 'past-lifetime'];
        expect((await runCommand(remedyCommand(name), args, world)).stderr).toBe('');
      }
      expect(await runCommand(apply, ['tombstone', '--yes'], world)).toMatchObject({ status: 0 });
      expect(await runCommand(undo, ['tombstone', '--save', 'undo'], world)).toMatchObject({ status: 2 });
      for (const [command, ...args] of [
        [remedyCommand('metadata'), '--dc', 'DC0', '--save', 'undone'],
        [apply, 'undone', '--yes', '--confirm', 'DC0'],
        [undo, 'undone', '--yes'],
      ] as const)
        await runCommand(command, args, world);
    }, 180_000);

    test('the page of a change that was applied says what was written, when, where and by whom', async () => {
      const { page } = await openFile(join(folder, 'tombstone', 'review.html'));
      expect(await page.locator('.verdict').textContent()).toContain('Applied: 1 of 1 change written');
      expect(await page.locator('.became').allTextContents()).toEqual([
        'written 2026-11-22 09:30:00 UTC on dc1.corp.example.com',
      ]);
      expect(await page.getByRole('row', { name: /^Runs/ }).textContent()).toMatch(
        /2026-11-22 09:30:00 UTC.*by CONTOSO\\admin on WS01/,
      );
      await page.context().close();
    });

    test('the page of a change that was undone says so, and that of the undo what it brought back', async () => {
      const { page } = await openFile(join(folder, 'undone', 'review.html'));
      expect(await page.locator('.verdict').textContent()).toContain('Applied and undone');
      await page.context().close();
      const [undoFolder = ''] = readdirSync(join(folder, 'undone')).filter((name) => name.endsWith('undo'));
      const back = await openFile(join(folder, 'undone', undoFolder, 'review.html'));
      expect(await back.page.locator('.became').allTextContents()).toEqual([
        'written 2026-11-22 09:30:00 UTC on dc1.corp.example.com',
      ]);
      await back.page.context().close();
    });

    const pages: readonly (readonly [string, number])[] = [
      ['labels', 8],
      ['lingering', 5],
      ['metadata', 4],
      ['orphan', 9],
      ['tombstone', 5],
      ['undo', 5],
    ];

    test('there is a page of every remedy', () => {
      expect(pages.map(([name]) => name)).toEqual(expect.arrayContaining(remedies.map(({ name }) => name)));
    });

    /** On how many lines the browser has set the text of a cell that is these words alone. */
    const linesOf = (page: Page, words: string): Promise<unknown> =>
      page.evaluate(`(() => {
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const isCell = ({ nodeValue, parentElement }) =>
          nodeValue.trim() === '${words}' && parentElement.closest('td, th') !== null;
        while (texts.nextNode() && !isCell(texts.currentNode));
        const range = document.createRange();
        range.selectNodeContents(texts.currentNode);
        return new Set([...range.getClientRects()].map(({ top }) => top)).size;
      })()`);

    /** The paper between the margins, in pixels of CSS. */
    const paper = { width: 673, height: 980 };
    const phone = { width: 390, height: 844 };

    test.each([
      ['a class, on a screen', 'lingering', 'organizationalUnit', { width: 1280, height: 720 }],
      ['a class, on paper', 'lingering', 'organizationalUnit', paper],
      ['a finding, on paper', 'orphan', 'references-to-replace', paper],
      ['a site, on a phone', 'metadata', 'Amsterdam', phone],
      ['an attribute, on a phone', 'tombstone', 'tombstoneLifetime', phone],
      ['a file, on a phone', 'tombstone', 'backup/before.ldf', phone],
    ] as const)('a name is not broken: %s', async (_name, remedy, name, viewport) => {
      const { page } = await openFile(join(folder, remedy, 'review.html'), { viewport });
      await page.emulateMedia({ media: viewport === paper ? 'print' : 'screen' });
      expect(await linesOf(page, name)).toBe(1);
      await page.context().close();
    });

    describe.each(pages)('the page of %s', (name, mostPages) => {
      test.each(screens)('is drawn %s, whole and without a fault', async (_name, options) => {
        const { page, complaints, requests } = await openFile(join(folder, name, 'review.html'), options);
        expect(complaints).toEqual([]);
        expect(requests).toEqual([page.url()]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(options.viewport?.width);
        expect(await faultsOf(page)).toEqual([]);
        await page.context().close();
      });

      test('has every finding and exhibit, and all that next-steps.txt says', async () => {
        const plan: Plan = JSON.parse(readFileSync(join(folder, name, 'plan.json'), 'utf8'));
        const { page } = await openFile(join(folder, name, 'review.html'));
        const inOneLine = (text: string): string => text.replace(/\s+/g, ' ');
        const text = inOneLine(await textOf(page));
        const [, ...steps] = readFileSync(join(folder, name, 'next-steps.txt'), 'utf8').split('\r\n');
        const said = [
          ...plan.findings.flatMap(({ id, title, detail }) => [id, title, detail]),
          ...plan.exhibits.map(({ title }) => title),
          ...steps.map((line) => line.trim().replace(/^\d+\. (?:Interrupts a service: )?/, '')),
        ].map(inOneLine);
        expect(steps.length).toBeGreaterThan(3);
        expect(said.filter((one) => !text.includes(one))).toEqual([]);
        await page.context().close();
      });

      test(`prints on at most ${mostPages} pages`, async () => {
        const { page } = await openFile(join(folder, name, 'review.html'));
        const printed = await printedPages(page);
        expect(printed).toBeGreaterThan(0);
        expect(printed).toBeLessThanOrEqual(mostPages);
        await page.context().close();
      });
    });
  });

  test('pictures say in words what they show', async () => {
    const { page } = await open(tombstonePlan, tombstoneWords);
    const labels = await page
      .locator('svg.bar')
      .evaluateAll((bars) => bars.map((bar) => bar.getAttribute('aria-label')));
    expect(labels).toContain('47 days, 78 % of 60 days');
    expect(labels).toContain('33 of 40 to 59 days');
    await page.context().close();
  });

  test('a bar is as long as its share of the limit', async () => {
    const { page } = await open(tombstonePlan, tombstoneWords);
    const lengths = await page.locator('svg.bar').evaluateAll((bars) =>
      bars.slice(0, 3).map((bar) => {
        const filled = bar.querySelector('rect:not(.track):not(.limit)')?.getBoundingClientRect().width ?? 0;
        const limit = bar.querySelector('rect.limit')?.getBoundingClientRect().x ?? 0;
        return filled / (limit - bar.getBoundingClientRect().x);
      }),
    );
    expect(lengths[0]).toBeLessThan(0.02);
    expect(lengths[1]).toBeCloseTo(47 / 60, 1);
    expect(lengths[2]).toBeCloseTo(71 / 60, 1);
    await page.context().close();
  });

  test('markup in a plan is text on the page', async () => {
    const hostile = '"><img src=x onerror="document.title=1"><script>document.title=2</script>';
    const plan = planOf([modify(`CN=${hostile}`, { attribute: hostile, remove: [hostile], add: [hostile] })], {
      findings: [finding({ id: hostile, title: hostile, detail: hostile, evidence: [hostile] })],
    });
    const { page, complaints, requests } = await open(plan, description({ title: hostile }));
    expect([...complaints, ...requests]).toEqual([page.url()]);
    expect(await page.locator('main img, main script').count()).toBe(0);
    await page.context().close();
  });

  test('the outcome is on the page once there is one', async () => {
    const records: readonly JournalRecord[] = [
      {
        time: '2026-11-22T10:00:00Z',
        event: 'begin',
        plan: tombstonePlan.id,
        by: { account: 'CORP\\anna', computer: 'ADMIN01' },
      },
      {
        time: '2026-11-22T10:01:00Z',
        event: 'done',
        plan: tombstonePlan.id,
        change: 0,
        server: 'dc1.corp.example.com',
      },
    ];
    const { page } = await open(tombstonePlan, tombstoneWords, {}, records);
    expect(await page.locator('.verdict').textContent()).toContain('Applied: 1 of 1 change written');
    expect(await page.locator('.became').textContent()).toBe('written 2026-11-22 10:01:00 UTC on dc1.corp.example.com');
    await page.context().close();
  });

  const tenThousand = Array.from({ length: 10_000 }, (_, index) => index);
  test.each([
    [
      'files with texts of their own',
      planOf(
        tenThousand.map((index) =>
          labelChange(`Domain\\user ${index}:`, `E-mail ${index}:`, { path: `C:\\T\\${index}.txt` }),
        ),
      ),
    ],
    [
      'entries with edits of their own',
      planOf(
        tenThousand.map((index) =>
          modify(`CN=user ${index},OU=People,DC=corp,DC=example,DC=com`, {
            attribute: 'info',
            remove: [`${index}`],
            add: [],
          }),
        ),
      ),
    ],
    [
      'deleted entries',
      planOf(tenThousand.map((index) => deletion(`CN=${index},CN=EX04,DC=corp,DC=example,DC=com`, []))),
    ],
  ])('a page of 10,000 %s stays under 5 MB and can be read to its end', async (_, plan) => {
    const { page } = await open(plan, description());
    expect((await page.content()).length).toBeLessThan(5_000_000);
    expect(await textOf(page)).toContain('9999');
    await page.context().close();
  });
});
