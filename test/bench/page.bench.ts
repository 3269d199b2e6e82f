/** How soon a browser has opened and drawn the page of a labels plan of 10,000 files, and how large that page is. */

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, test } from 'vitest';
import { htmlReview } from '../../src/review/html.ts';
import { distinct } from '../../src/words.ts';
import { commands, description, labelChange, planOf } from '../review/plans.ts';
import { describeWithProgram } from '../support/describe-with-program.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { templates } from '../support/practice-site.ts';
import { median } from './support/duel.ts';
import { scoreboard } from './support/scoreboard.ts';

const rounds = 7;
const template = readFileSync(new URL('review.html', templates), 'utf8');
const indexes = Array.from({ length: 10_000 }, (_, index) => index);
const board = scoreboard('The page of 10,000 files');

afterAll(() => board.print());

/** 200 array members with a form set in 50 languages: the page folds them to a row a language. */
const ofAnArray = indexes.map((index) => {
  const language = `a${String.fromCharCode('a'.charCodeAt(0) + (index % 25))}${index % 50 < 25 ? '' : '-CH'}`;
  const root = `\\\\TMG${Math.floor(index / 50)}\\C$\\Templates`;
  const file = `${root}\\Exchange\\HTML\\nls\\${language}\\strings.txt`;
  return labelChange(`Domain\\user ${language}:`, `E-mail ${language}:`, { language, root, path: file });
});

/** No text twice, and no file where such files usually lie: nothing can be folded. */
const withTextsOfTheirOwn = indexes.map((index) =>
  labelChange(`Domain\\user ${index}:`, `E-mail ${index}:`, { path: `C:\\T\\${index}.txt` }),
);

describeWithProgram('the page in Chromium', ['chromium', 'chromium-browser', 'google-chrome'], (executablePath) => {
  test.each([
    ['an array, folded', ofAnArray],
    ['nothing to fold', withTextsOfTheirOwn],
  ])('opens within two seconds and stays under 5 MB: %s', async (name, changes) => {
    const file = path.join(await freshFolder(), 'review.html');
    const target = { kind: 'files', roots: distinct(changes.map(({ root }) => root)) } as const;
    writeFileSync(file, [...htmlReview(planOf(changes, { target }), description(), commands, template)].join(''));
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const opened: Opened[] = [];
    for (let round = 0; round < rounds; round += 1) opened.push(await open(browser, file));
    await browser.close();
    const seconds = opened.map((one) => one.seconds);
    const range = `${Math.min(...seconds).toFixed(2)} to ${Math.max(...seconds).toFixed(2)} s`;
    board.bound(`${name}: opened and drawn`, median(seconds), 2, ' s', range);
    board.bound(`${name}: size`, statSync(file).size / 1e6, 5, ' MB', `${opened[0]?.elements} elements`);
  });
});

interface Opened {
  readonly seconds: number;
  readonly elements: number;
}

/** Opens the page as if for the first time, and waits until it is read to its end and drawn. */
async function open(browser: Browser, file: string): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  const page = await context.newPage();
  const started = performance.now();
  await page.goto(pathToFileURL(file).href);
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))');
  const seconds = (performance.now() - started) / 1000;
  const elements = Number(await page.evaluate('document.querySelectorAll("*").length'));
  await context.close();
  return { seconds, elements };
}
