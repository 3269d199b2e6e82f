import type { Context, OpenDirectory } from '../../src/commands/context.ts';
import type { EmbeddedForest } from '../../src/embedded/forest.ts';
import type { DirectorySession } from '../../src/ldap/session.ts';
import { noSleep } from './fixed-world.ts';
import { freshFolder } from './fresh-folder.ts';
import { practiceForest, practiceTime } from './practice-forest.ts';
import type { PrompterDouble } from './prompter-double.ts';
import { type CommandRun, runCommand } from './run-command.ts';

export const templates = new URL('../../templates/', import.meta.url);

type Work<T> = (session: DirectorySession) => Promise<T>;

export interface PracticeSite {
  readonly folder: string;
  /** Runs a command on the site's forest. */
  run(
    command: Parameters<typeof runCommand>[0],
    args: readonly string[],
    prompter?: PrompterDouble,
    world?: Partial<Context>,
  ): Promise<CommandRun>;
  /** Reads or changes the forest with a session of its own, as another administrator would. */
  withSession<T>(work: Work<T>): Promise<T>;
  /** Opens the forest as a command does. */
  open(): Promise<OpenDirectory>;
}

/**
 * A site whose forest is in memory, by default at practiceTime: it is neither read from a disk nor saved, which takes most of the time.
 * practice-forest.test.ts and practice-saving.test.ts show that a forest is the same when it is opened again.
 */
export async function siteInMemory(
  at: Promise<EmbeddedForest> = practiceForest(),
  now: () => Date = practiceTime,
): Promise<PracticeSite> {
  const folder = await freshFolder();
  const forest = await at;
  const open = async (): Promise<OpenDirectory> => ({ ...(await directoryOf(forest)), practiceSite: folder });
  const world = { currentFolder: folder, templates, sleep: noSleep, now, directory: open };
  return {
    folder,
    open,
    run: (command, args, prompter, more = {}) => {
      const asked: Partial<Context> = prompter === undefined ? {} : { prompter };
      return runCommand(command, args, { ...world, ...asked, ...more });
    },
    withSession: async (work) => {
      const { session, close } = await open();
      return await work(session).finally(close);
    },
  };
}

/** A session with the first DC of a forest in memory, as a command opens it. */
export async function directoryOf(forest: EmbeddedForest): Promise<OpenDirectory> {
  const host = forest.domainControllers[0] ?? '';
  const session = await forest.open({ host });
  return {
    session,
    connection: { kind: 'practice' },
    isExport: false,
    reopen: () => forest.open({ host }),
    openOther: (other) => forest.open({ host: other }),
    openGlobalCatalog: () => forest.open({ host, port: 3268 }),
    close: () => session.close(),
  };
}
