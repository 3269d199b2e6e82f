/** A form set in its known folder on a Windows computer, and a saved change of its labels for each test. */

import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { writeTree } from '../../support/fresh-folder.ts';
import { stringsContent } from '../../support/strings-content.ts';
import { describeOnWindows, type Ended, type WindowsComputer, windowsComputer } from './wine.ts';

export const tmg = 'Program Files/Microsoft Forefront Threat Management Gateway/Templates/CookieAuthTemplates';
export const languages = ['de', 'fr', 'ja'];
export const old = 'Domain\\user name:';
export const now = 'E-mail address:';

const formSet = (label: string) => ({
  Exchange: {
    HTML: {
      'strings.txt': stringsContent(label),
      nls: Object.fromEntries(languages.map((name) => [name, { 'strings.txt': stringsContent(label) }])),
    },
  },
});

export interface LabelsBench {
  readonly computer: WindowsComputer;
  /** The known folder, as this computer sees it. */
  readonly forms: string;
  /** The name of the test's own saved change below `work`. */
  readonly saved: string;
  /** A path below `work`. */
  readonly inWork: (...names: readonly string[]) => string;
  /** The strings.txt of a language. */
  readonly file: (language: string) => string;
  /** Runs `labels` with the new text. */
  readonly labels: (...args: readonly string[]) => Promise<Ended>;
}

/** A suite for each Windows build of Node, whose tests all begin with the old label. */
export function describeLabelsOnWindows(name: string, suite: (bench: LabelsBench) => void): void {
  describeOnWindows(name, (node) => {
    let computer: WindowsComputer;
    let forms: string;
    let turn = 0;
    const inWork = (...names: readonly string[]): string => path.join(computer.driveC, 'work', ...names);
    const bench: LabelsBench = {
      get computer() {
        return computer;
      },
      get forms() {
        return forms;
      },
      get saved() {
        return `saved-${turn}`;
      },
      inWork,
      file: (language) => path.join(forms, 'Exchange', 'HTML', 'nls', language, 'strings.txt'),
      labels: (...args) => computer.run(['labels', '--text', now, ...args]),
    };

    beforeAll(async () => {
      computer = await windowsComputer(node);
      forms = path.join(computer.driveC, tmg);
      await writeTree(forms, formSet(old));
      expect(await bench.labels('--save', 'saved')).toMatchObject({ status: 2 });
    });
    afterAll(async () => {
      await computer?.clear();
      await rm(forms, { recursive: true, force: true });
    });
    // The saved change is handed over to each test, which saves the time of making it.
    beforeEach(async () => {
      turn += 1;
      await writeTree(forms, formSet(old));
      await cp(inWork('saved'), inWork(bench.saved), { recursive: true });
    });
    suite(bench);
  });
}
