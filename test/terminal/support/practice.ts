import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freshFolder } from '../../support/fresh-folder.ts';
import { startInTerminal, type TerminalSession } from './terminal-session.ts';

const bin = fileURLToPath(new URL('../../../bin/adsi-remedy.js', import.meta.url));

export interface OpenPractice {
  readonly folder: string;
  /** The practice site below it. */
  readonly site: string;
  readonly session: TerminalSession;
}

/** The practice site in a fresh folder, with its menu on the screen. */
export async function openPractice(node: string): Promise<OpenPractice> {
  const folder = await freshFolder();
  const session = startInTerminal({ command: [node, bin, 'practice'], cwd: folder, columns: 140, rows: 90 });
  await session.waitFor('What needs a careful hand?');
  return { folder, site: path.join(folder, 'adsi-remedy-practice'), session };
}
