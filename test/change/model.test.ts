import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { removeStrays } from '../../src/change/file-writer.ts';
import { openJournal } from '../../src/change/journal.ts';
import type { FileChange, Plan } from '../../src/change/plan.ts';
import { FileError, RefusedError } from '../../src/errors.ts';
import { watchedFileSystem } from '../support/faulty-file-system.ts';
import { applyIn, changeOf, journalOf, planOf, runOf, undoOf, type World } from '../support/file-plans.ts';
import { fixedClock, noWaiting } from '../support/fixed-world.ts';
import { freshFolder, writeTree } from '../support/fresh-folder.ts';

/**
 * Random sequences of plan, apply, kill, resume, undo and foreign edits. The model knows what each file holds; what is
 * compared are the bytes on the disk.
 */

const names = ['a', 'b', 'c', 'd'];
const content = (label: string): string => `; form\r\nL_UserName_Text="${label}"\r\n`;

/** What the process throws that is being killed. */
class Death extends Error {}

/** A world that dies after so many steps: from then on no call of the file system and no line of the journal gets through. */
function mortal(steps: number): World {
  let left = steps;
  const step = (): undefined => {
    if (left <= 0) throw new Death();
    left -= 1;
    return undefined;
  };
  return {
    parallel: 3,
    files: watchedFileSystem(step),
    journal: (real) => ({
      ...real,
      append: async (record) => {
        step();
        await real.append(record);
        step();
      },
    }),
  };
}

/** What the model knows of a change: the texts that it expects and brings. */
interface PlannedFile {
  readonly before: string;
  readonly after: string;
}

interface Model {
  files: string[];
  planned: (PlannedFile | undefined)[];
  state: 'no plan' | 'planned' | 'begun' | 'undoing' | 'undone';
  /** How many labels and edits there have been: each is another text. */
  texts: number;
}

interface Real {
  readonly forms: string;
  readonly home: string;
  plans: number;
  plan: Plan<FileChange>;
  /** The undo that is under way. */
  undo: { readonly plan: Plan<FileChange>; readonly folder: string } | undefined;
  undos: number;
}

const changeFolder = (real: Real): string => path.join(real.home, `change-${real.plans}`);
const contents = (real: Real): Promise<string[]> =>
  Promise.all(names.map((name) => readFile(path.join(real.forms, name), 'utf8')));
const strays = async (real: Real): Promise<string[]> =>
  (await readdir(real.forms)).filter((name) => !names.includes(name));

/** Runs the work; tells whether it came to its end. It may die; another error is a defect. */
async function survives(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Death || (error instanceof FileError && error.cause instanceof Death)) return false;
    throw error;
  }
}

type Step = fc.AsyncCommand<Model, Real>;

class MakePlan implements Step {
  check = () => true;
  toString = () => 'plan';
  async run(model: Model, real: Real): Promise<void> {
    model.texts += 1;
    const after = content(`label ${model.texts}`);
    model.planned = model.files.map((before, index) => (index === model.texts % 5 ? undefined : { before, after }));
    model.state = 'planned';
    real.plans += 1;
    real.undo = undefined;
    const changes = model.planned.flatMap((file, index) =>
      file === undefined
        ? []
        : [changeOf(path.join(real.forms, names[index] ?? ''), Buffer.from(file.before), Buffer.from(file.after))],
    );
    // The files that an earlier plan left beside its targets when it was killed are that plan's to remove.
    for (const stray of await strays(real)) await unlink(path.join(real.forms, stray));
    real.plan = planOf(changes);
  }
}

class EditByOthers implements Step {
  readonly index: number;
  constructor(index: number) {
    this.index = index;
  }
  check = () => true;
  toString = () => `edit ${names[this.index]}`;
  async run(model: Model, real: Real): Promise<void> {
    model.texts += 1;
    const text = content(`edit ${model.texts}`);
    model.files[this.index] = text;
    await writeFile(path.join(real.forms, names[this.index] ?? ''), text);
  }
}

/** Applies the plan, or goes on with it; dies after so many steps, if so many come. */
class Apply implements Step {
  readonly steps: number;
  constructor(steps: number) {
    this.steps = steps;
  }
  check = (model: Readonly<Model>) => model.state === 'planned' || model.state === 'begun';
  toString = () => `apply(${this.steps})`;
  async run(model: Model, real: Real): Promise<void> {
    const isComplete = await survives(() => applyIn(changeFolder(real), real.plan, mortal(this.steps)));
    const now = await contents(real);
    for (const [index, text] of now.entries()) {
      const known = model.files[index] ?? '';
      const planned = model.planned[index];
      const reached = planned !== undefined && known === planned.before ? planned.after : known;
      if (isComplete) expect(text).toBe(reached);
      else expect([known, reached]).toContain(text);
    }
    if (isComplete) expect(await strays(real)).toEqual([]);
    model.files = now;
    model.state = 'begun';
  }
}

/** Undoes the plan, or goes on with that; dies after so many steps, if so many come. */
class Undo implements Step {
  readonly steps: number;
  /** Whether an undo that was killed is continued, or planned anew. */
  readonly anew: boolean;
  constructor(steps: number, anew: boolean) {
    this.steps = steps;
    this.anew = anew;
  }
  check = (model: Readonly<Model>) => model.state === 'begun' || model.state === 'undoing';
  toString = () => `undo(${this.steps}${this.anew ? ', anew' : ''})`;
  async run(model: Model, real: Real): Promise<void> {
    let undo = this.anew ? undefined : real.undo;
    try {
      if (undo === undefined) {
        real.undos += 1;
        const folder = path.join(changeFolder(real), `undo-${real.undos}`);
        undo = { plan: await undoOf(changeFolder(real), real.plan), folder };
      }
    } catch (error) {
      // The run was killed before it wrote anything.
      expect(error).toBeInstanceOf(RefusedError);
      expect(await contents(real)).toEqual(model.files);
      for (const [index, file] of model.planned.entries()) expect(model.files[index]).not.toBe(file?.after);
      return;
    }
    const { plan, folder } = undo;
    if (plan.changes.length === 0 && plan.leftOut.length > 0) {
      // All that the change made was edited since: a blocker that cannot be accepted.
      await expect(applyIn(folder, plan)).rejects.toThrow(RefusedError);
      expect(await contents(real)).toEqual(model.files);
      return;
    }
    real.undo = undo;
    let notDone = 0;
    await removeStrays(real.plan.changes, runOf(changeFolder(real), real.plan));
    const isComplete = await survives(async () => {
      notDone = (await applyIn(folder, plan, mortal(this.steps))).notDone.length;
    });
    const now = await contents(real);
    for (const [index, text] of now.entries()) {
      const known = model.files[index] ?? '';
      const planned = model.planned[index];
      const back = planned !== undefined && known === planned.after ? planned.before : known;
      if (isComplete) expect(text).toBe(back);
      else expect([known, back]).toContain(text);
    }
    model.files = now;
    model.state = 'undoing';
    if (!isComplete) return;
    // An undo that was killed and then planned anew leaves its own: nothing runs that plan any more.
    expect((await strays(real)).filter((name) => [plan, real.plan].some(({ id }) => name.includes(id)))).toEqual([]);
    // What others have edited since is left out, so the change is not undone: the rest may be planned anew.
    if (notDone > 0 || plan.leftOut.length > 0) {
      real.undo = undefined;
      return;
    }
    const journal = await openJournal(journalOf(changeFolder(real)), noWaiting);
    await journal.append({ time: fixedClock().toISOString(), event: 'undone', plan: real.plan.id });
    await journal.close();
    model.state = 'undone';
  }
}

class ApplyWhatWasUndone implements Step {
  check = (model: Readonly<Model>) => model.state === 'undone';
  toString = () => 'apply once more';
  async run(model: Model, real: Real): Promise<void> {
    await expect(applyIn(changeFolder(real), real.plan)).rejects.toThrow(RefusedError);
    await expect(undoOf(changeFolder(real), real.plan)).rejects.toThrow(RefusedError);
    expect(await contents(real)).toEqual(model.files);
  }
}

const forGood = 10_000;
/** A run on four files takes some sixty steps. */
const lifetime = fc.oneof(fc.nat(70), fc.constant(forGood));

test('whatever is planned, applied, killed, continued, undone and edited in between: no byte is wrong', async () => {
  const step = fc.oneof(
    fc.constant(new MakePlan()),
    { arbitrary: lifetime.map((steps) => new Apply(steps)), weight: 4 },
    { arbitrary: fc.tuple(lifetime, fc.boolean()).map(([steps, anew]) => new Undo(steps, anew)), weight: 3 },
    fc.nat(names.length - 1).map((index) => new EditByOthers(index)),
    fc.constant(new ApplyWhatWasUndone()),
  );
  await fc.assert(
    fc.asyncProperty(fc.commands([step], { maxCommands: 12 }), async (steps) => {
      const home = await freshFolder();
      const forms = path.join(home, 'forms');
      const files = names.map((name) => content(`label of ${name}`));
      await writeTree(forms, Object.fromEntries(names.map((name, index) => [name, files[index] ?? ''])));
      const model: Model = { files, planned: [], state: 'no plan', texts: 0 };
      const real: Real = { forms, home, plans: 0, plan: planOf([]), undo: undefined, undos: 0 };
      // Every sequence begins with a plan: without one there is nothing to do.
      await new MakePlan().run(model, real);
      await fc.asyncModelRun(() => ({ model, real }), steps);
    }),
    { numRuns: 25 },
  );
});
