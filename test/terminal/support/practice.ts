import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { openPracticeForest } from '../../../src/embedded/forest.ts';
import type { DirectorySession } from '../../../src/ldap/session.ts';
import { remedies } from '../../../src/remedies/index.ts';
import { freshFolder } from '../../support/fresh-folder.ts';
import { startInTerminal, type TerminalSession, type TerminalSessionOptions } from './terminal-session.ts';

const bin = fileURLToPath(new URL('../../../bin/adsi-remedy.js', import.meta.url));
const templates = new URL('../../../templates/', import.meta.url);

/** The tool at the menu of its practice site, and what a person does there. */
export interface Practice {
  /** The practice site. */
  readonly site: string;
  readonly session: TerminalSession;
  /** Whether no change was saved. */
  readonly hasNoChangeFolder: () => boolean;
  /** Chooses a remedy in the menu. */
  readonly start: (remedy: string) => void;
  /** Waits for the question; then types the text, if any, and presses Enter. */
  readonly answer: (question: string | RegExp, text?: string) => Promise<void>;
  /** Waits for the question and takes the choice so many below the first. */
  readonly choose: (question: string | RegExp, below: number) => Promise<void>;
  /** Waits for the question on what becomes of the change. */
  readonly seeDiff: () => Promise<void>;
  readonly applyNow: () => Promise<void>;
  /** From the menu: undoes the latest change, and accepts the blockers of the undo that the questions name. */
  readonly undoLatest: (...blockers: readonly (string | RegExp)[]) => Promise<void>;
  readonly seeMenu: () => Promise<void>;
  /** Leaves by the menu and expects exit status 0. */
  readonly leave: () => Promise<void>;
  /** Presses Ctrl-C and expects exit status 130, with no process left behind. */
  readonly cancel: () => Promise<void>;
}

const menu = '? What do you want to repair?';
const decision = '? Apply now, save for review, or do nothing?';

/** The practice site in a fresh folder, with its menu on the screen. */
export async function openPractice(
  node: string,
  terminal: Pick<TerminalSessionOptions, 'columns' | 'rows' | 'env'> = { columns: 140, rows: 90 },
): Promise<Practice> {
  const folder = await freshFolder();
  const site = path.join(folder, 'adsi-remedy-practice');
  const session = startInTerminal({ command: [node, bin, 'practice'], cwd: folder, ...terminal });
  const take = (below: number): void => {
    session.press('down', below);
    session.press('enter');
  };
  const choose: Practice['choose'] = async (question, below) => {
    await session.waitFor(question);
    take(below);
  };
  const answer: Practice['answer'] = async (question, text = '') => {
    await session.waitFor(question);
    session.type(text);
    session.press('enter');
  };
  const applyNow = (): Promise<void> => choose(decision, 2);
  await session.waitFor(menu);
  return {
    site,
    session,
    hasNoChangeFolder: () => !existsSync(path.join(site, 'changes')),
    start: (remedy) => take(remedies.findIndex(({ name }) => name === remedy)),
    answer,
    choose,
    seeDiff: () => session.waitFor(decision),
    applyNow,
    undoLatest: async (...blockers) => {
      await choose(menu, remedies.length);
      await choose('? Which change?', 0);
      await choose('? What do you want to do with it?', 1);
      for (const blocker of blockers) await answer(blocker, 'y');
      await applyNow();
    },
    seeMenu: () => session.waitFor(menu),
    leave: async () => {
      await choose(menu, remedies.length + 2);
      expect(await session.exit).toMatchObject({ status: 0 });
    },
    cancel: async () => {
      session.press('ctrl-c');
      expect(await session.exit).toMatchObject({ status: 130 });
      expect(session.processes()).toEqual([]);
    },
  };
}

/** Reads in the site's forest, opened anew from its files: what is there, whatever the tool says. */
export async function readForest<T>(
  site: string,
  domainController: string,
  read: (session: DirectorySession) => Promise<T>,
): Promise<T> {
  const forest = await openPracticeForest(site, templates, () => new Date(), randomUUID);
  const session = await forest.open({ host: domainController });
  try {
    return await read(session);
  } finally {
    await session.close();
  }
}
