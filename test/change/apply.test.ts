import { readFileSync, writeFileSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { backupPathOf, plainPathOf } from '../../src/change/before-images.ts';
import { removeStrays } from '../../src/change/file-writer.ts';
import type { Finding } from '../../src/change/findings.ts';
import { type JournalWriter, readJournal } from '../../src/change/journal.ts';
import type { FileChange, Plan } from '../../src/change/plan.ts';
import { FileError, RefusedError } from '../../src/errors.ts';
import type { FileSystem } from '../../src/files/file-system.ts';
import { temporarySuffix } from '../../src/files/replace-file.ts';
import { failingFileSystem, faultyFileSystem, systemError, watchedFileSystem } from '../support/faulty-file-system.ts';
import { applyIn, changeOf, journalOf, planOf, runOf } from '../support/file-plans.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder, snapshot, writeTree } from '../support/fresh-folder.ts';
import { need, symlink } from '../support/on-windows.ts';

const old = (name: string): Buffer => Buffer.from(`; ${name}\r\nL_UserName_Text="Domain\\user name:"\r\n`);
const now = (name: string): Buffer => Buffer.from(`; ${name}\r\nL_UserName_Text="E-mail address:"\r\n`);

let home: string;
let forms: string;
let changeFolder: string;

beforeEach(async () => {
  home = await freshFolder();
  forms = path.join(home, 'forms');
  changeFolder = path.join(home, 'change');
});

/** Writes files of these names with the old bytes and plans the new ones for them. */
async function planned(...names: readonly string[]): Promise<Plan<FileChange>> {
  await writeTree(forms, Object.fromEntries(names.map((name) => [name, old(name)])));
  return planOf(names.map((name) => changeOf(path.join(forms, name), old(name), now(name))));
}

const apply = (plan: Plan<FileChange>, world?: Parameters<typeof applyIn>[2]) => applyIn(changeFolder, plan, world);

/** What the forms folder holds: "old", "new" or the bytes. */
async function states(): Promise<Record<string, string>> {
  const files = Object.entries(await snapshot(forms));
  return Object.fromEntries(
    files.map(([name, bytes]) => [
      name,
      bytes === old(name).toString('latin1') ? 'old' : bytes === now(name).toString('latin1') ? 'new' : bytes,
    ]),
  );
}

async function journalled(): Promise<string[]> {
  const records = await readJournal(journalOf(changeFolder), noWaiting);
  return records.map(({ event, change }) => (change === undefined ? event : `${event} ${change}`));
}

describe('applying a plan', () => {
  test('writes every file, backs each up byte for byte and journals before and after each write', async () => {
    const plan = await planned('a', 'b');
    const result = await apply(plan, { parallel: 1 });
    expect(result).toEqual({ done: 2, doneBefore: 0, notDone: [], notBegun: 0 });
    expect(await states()).toEqual({ a: 'new', b: 'new' });
    expect(await journalled()).toEqual(['begin', 'intent 0', 'done 0', 'intent 1', 'done 1', 'end']);
    for (const name of ['a', 'b']) {
      const backup = path.join(changeFolder, 'backup', backupPathOf(path.join(forms, name)));
      expect(await readFile(backup)).toEqual(old(name));
    }
  });

  test('has the backup and the intent on the disk when the file is renamed', async () => {
    const plan = await planned('a');
    const seen: unknown[] = [];
    const files = watchedFileSystem(() => undefined);
    const renaming: FileSystem['rename'] = async (from, to) => {
      const backup = path.join(changeFolder, 'backup', backupPathOf(String(to)));
      seen.push(await journalled(), (await readFile(backup)).equals(old('a')));
      await files.rename(from, to);
    };
    await apply(plan, { files: { ...files, rename: renaming } });
    expect(seen).toEqual([['begin', 'intent 0'], true]);
  });

  test('writes each of many copies of a file, and leaves alone the one that was edited', async () => {
    const copies = Array.from({ length: 30 }, (_, index) => `copy${index}`);
    await writeTree(forms, Object.fromEntries(copies.map((name) => [name, old('same')])));
    const plan = planOf(copies.map((name) => changeOf(path.join(forms, name), old('same'), now('same'))));
    await writeFile(path.join(forms, 'copy17'), old('edited'));
    const result = await apply(plan);
    expect(result).toMatchObject({ done: 29, notDone: [{ outcome: { kind: 'drifted' } }] });
    for (const name of copies) {
      const expected = name === 'copy17' ? old('edited') : now('same');
      expect(await readFile(path.join(forms, name))).toEqual(expected);
    }
  });

  test('works on several files at the same time', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `f${index}`);
    const plan = await planned(...names);
    let underWay = 0;
    let most = 0;
    const files = watchedFileSystem(() => undefined);
    const renaming: FileSystem['rename'] = async (...args) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await sleep(3);
      await files.rename(...args);
      underWay -= 1;
    };
    expect(await apply(plan, { files: { ...files, rename: renaming } })).toMatchObject({ done: 40 });
    expect(most).toBeGreaterThan(4);
    expect(new Set(Object.values(await states()))).toEqual(new Set(['new']));
  });

  test('a second time finds nothing left and touches nothing', async () => {
    const plan = await planned('a', 'b');
    await apply(plan);
    const before = await Promise.all(['a', 'b'].map((name) => stat(path.join(forms, name))));
    expect(await apply(plan)).toEqual({ done: 0, doneBefore: 2, notDone: [], notBegun: 0 });
    const after = await Promise.all(['a', 'b'].map((name) => stat(path.join(forms, name))));
    expect(after.map(({ ino }) => ino)).toEqual(before.map(({ ino }) => ino));
  });

  test('a second time does not do again what was changed back by hand since', async () => {
    const plan = await planned('a');
    await apply(plan);
    await writeFile(path.join(forms, 'a'), old('a'));
    expect(await apply(plan)).toMatchObject({ done: 0, doneBefore: 1 });
    expect(await states()).toEqual({ a: 'old' });
  });

  test('finds a file that already is as planned done, and does not write it', async () => {
    const plan = await planned('a');
    await writeFile(path.join(forms, 'a'), now('a'));
    const files = watchedFileSystem(() => undefined);
    expect(await apply(plan, { files })).toMatchObject({ done: 1, notDone: [] });
    expect(files.calls).toEqual(['realpath', 'readFile']);
    expect((await readJournal(journalOf(changeFolder), noWaiting))[1]).toMatchObject({
      event: 'done',
      detail: 'found as planned',
    });
  });

  test('of no changes is done at once', async () => {
    expect(await apply(planOf([]))).toEqual({ done: 0, doneBefore: 0, notDone: [], notBegun: 0 });
  });
});

describe('a file that has changed since the plan was made', () => {
  test('is left as it is, and the others are done', async () => {
    const plan = await planned('a', 'b', 'c');
    await writeFile(path.join(forms, 'b'), 'edited');
    const result = await apply(plan);
    expect(result).toMatchObject({ done: 2, notDone: [{ change: plan.changes[1], outcome: { kind: 'drifted' } }] });
    expect(await states()).toEqual({ a: 'new', b: 'edited', c: 'new' });
    const drifted = (await readJournal(journalOf(changeFolder), noWaiting)).find(({ event }) => event === 'drifted');
    expect(drifted).toMatchObject({
      change: 1,
      on: path.join(forms, 'b'),
      detail: expect.stringContaining('→ 6 bytes'),
    });
  });

  test('in one byte, its length the same, is found out', async () => {
    const plan = await planned('a');
    await writeFile(path.join(forms, 'a'), old('a').toString().replace('; a', '; A'));
    expect(await apply(plan)).toMatchObject({ done: 0, notDone: [{ outcome: { kind: 'drifted' } }] });
  });

  test('at the last moment, with the new bytes already beside it, is left as it is', async () => {
    const plan = await planned('a');
    const files = watchedFileSystem((name, [file]) => {
      if (name !== 'holds' || !String(file).endsWith(temporarySuffix)) return undefined;
      return async (result) => {
        await writeFile(path.join(forms, 'a'), 'edited');
        return result;
      };
    });
    expect(await apply(plan, { files })).toMatchObject({ done: 0, notDone: [{ outcome: { kind: 'drifted' } }] });
    expect(await states()).toEqual({ a: 'edited' });
    expect(await journalled()).toEqual(['begin', 'drifted 0', 'end']);
  });

  test('by vanishing is reported, and the others are done', async () => {
    const plan = await planned('a', 'b');
    await unlink(path.join(forms, 'a'));
    const result = await apply(plan);
    expect(result).toMatchObject({
      done: 1,
      notDone: [{ outcome: { kind: 'drifted', what: expect.stringContaining('was removed after the plan was made') } }],
    });
    expect(await states()).toEqual({ b: 'new' });
  });

  test('together with the folder that was named is no drift: it is not reachable', async () => {
    const plan = await planned('a', 'b');
    await rm(forms, { recursive: true });
    const failed = {
      kind: 'failed',
      error: { trouble: { on: forms, cameBack: expect.stringContaining('not reachable') } },
    };
    expect(await apply(plan)).toMatchObject({ done: 0, notDone: [{ outcome: failed }, { outcome: failed }] });
  });

  test('into a folder is reported the same way', async () => {
    const plan = await planned('a');
    await unlink(path.join(forms, 'a'));
    await mkdir(path.join(forms, 'a'));
    expect(await apply(plan)).toMatchObject({ notDone: [{ outcome: { kind: 'drifted' } }] });
  });

  test('by being marked read-only is left alone: that was on purpose', async () => {
    const plan = await planned('a');
    await chmod(path.join(forms, 'a'), 0o444);
    expect(await apply(plan)).toMatchObject({
      notDone: [{ outcome: { kind: 'drifted', what: expect.stringContaining('read-only') } }],
    });
    expect(await states()).toEqual({ a: 'old' });
  });

  test('and is put right again is done by the next run', async () => {
    const plan = await planned('a', 'b');
    await writeFile(path.join(forms, 'a'), 'edited');
    await apply(plan);
    await writeFile(path.join(forms, 'a'), old('a'));
    expect(await apply(plan)).toEqual({ done: 1, doneBefore: 1, notDone: [], notBegun: 0 });
    expect(await states()).toEqual({ a: 'new', b: 'new' });
  });
});

describe('a file that is edited while it is about to be replaced', () => {
  const edited = Buffer.from('edited');
  const target = (): string => path.join(forms, 'a');
  const drifted = { done: 0, notDone: [{ outcome: { kind: 'drifted' } }] };

  /** A journal whose records take long enough for an editor to save in between. */
  const savingMeanwhile =
    (save: () => Promise<void>) =>
    (real: JournalWriter): JournalWriter => ({
      ...real,
      append: async (record) => {
        await real.append(record);
        if (record.event === 'intent') await save();
      },
    });

  test('in place keeps the edit', async () => {
    const plan = await planned('a');
    const journal = savingMeanwhile(() => writeFile(target(), edited));
    expect(await apply(plan, { journal })).toMatchObject(drifted);
    expect(await states()).toEqual({ a: 'edited' });
    expect(await journalled()).toEqual(['begin', 'intent 0', 'drifted 0', 'end']);
  });

  test('in place and with the same length keeps the edit', async () => {
    const plan = await planned('a');
    const same = old('a').toString().replace('user', 'User');
    const journal = savingMeanwhile(() => writeFile(target(), same));
    expect(await apply(plan, { journal })).toMatchObject(drifted);
    expect(await states()).toEqual({ a: same });
  });

  /** Some editors and synchronizing programs put a file's time back. */
  const someTime = new Date('2026-01-01T00:00:00Z');
  const withTimePutBack = async (save: () => Promise<void>) => {
    const plan = await planned('a');
    await utimes(target(), someTime, someTime);
    const journal = savingMeanwhile(async () => {
      await save();
      await utimes(target(), someTime, someTime);
    });
    return apply(plan, { journal });
  };

  test('in place and with its time put back keeps the edit', async () => {
    expect(await withTimePutBack(() => writeFile(target(), edited))).toMatchObject(drifted);
    expect(await states()).toEqual({ a: 'edited' });
  });

  test('by a rename, with the same length and its time put back, keeps the edit', async () => {
    const same = old('a').toString().replace('user', 'User');
    const saved = path.join(home, 'saved');
    const result = await withTimePutBack(async () => {
      await writeFile(saved, same);
      await rename(saved, target());
    });
    expect(result).toMatchObject(drifted);
    expect(await states()).toEqual({ a: same });
  });

  test('by a rename keeps the edit, though the bytes were the same until then', async () => {
    const plan = await planned('a');
    const journal = savingMeanwhile(async () => {
      await writeFile(path.join(home, 'saved'), edited);
      await rename(path.join(home, 'saved'), target());
    });
    expect(await apply(plan, { journal })).toMatchObject(drifted);
    expect(await states()).toEqual({ a: 'edited' });
  });

  test('and removed stays removed', async () => {
    const plan = await planned('a');
    const journal = savingMeanwhile(() => unlink(target()));
    expect(await apply(plan, { journal })).toMatchObject({
      notDone: [{ outcome: { kind: 'drifted', what: expect.stringContaining('was removed after the plan was made') } }],
    });
    expect(await states()).toEqual({});
  });

  test('by the program that held it keeps the edit', async () => {
    const plan = await planned('a');
    let tries = 0;
    const files = watchedFileSystem((name) => {
      if (name !== 'rename') return undefined;
      tries += 1;
      if (tries > 1) return undefined;
      writeFileSync(target(), edited);
      throw systemError('EBUSY');
    });
    expect(await apply(plan, { files })).toMatchObject(drifted);
    expect(await states()).toEqual({ a: 'edited' });
    expect(tries).toBe(1);
  });

  test('leaves neither a second name nor a temporary file', async () => {
    const plan = await planned('a');
    await apply(plan, { journal: savingMeanwhile(() => writeFile(target(), edited)) });
    expect((await stat(target())).nlink).toBe(1);
    expect(await readdir(forms)).toEqual(['a']);
  });
});

describe('a path that leads to another file since the plan was made', () => {
  const drifted = {
    done: 0,
    notDone: [{ outcome: { kind: 'drifted', what: expect.stringContaining('leads to another file') } }],
  };
  /** The same bytes in a folder that the plan does not name. */
  async function elsewhere(): Promise<string> {
    const folder = path.join(home, 'elsewhere');
    await writeTree(folder, { a: old('a') });
    return folder;
  }

  test('because its folder has become a link is drift, and the other file stays', async () => {
    const plan = await planned('a');
    const other = await elsewhere();
    await rm(forms, { recursive: true });
    await symlink(other, forms);
    expect(await apply(plan)).toMatchObject(drifted);
    expect(await readFile(path.join(other, 'a'))).toEqual(old('a'));
    expect(await readdir(other)).toEqual(['a']);
  });

  test('because the file has become a link is drift', async () => {
    const plan = await planned('a');
    const other = await elsewhere();
    await unlink(path.join(forms, 'a'));
    await symlink(path.join(other, 'a'), path.join(forms, 'a'));
    expect(await apply(plan)).toMatchObject(drifted);
    expect(await readFile(path.join(other, 'a'))).toEqual(old('a'));
  });

  test('because its folder became a link at the last moment is drift', async () => {
    const plan = await planned('a');
    const other = await elsewhere();
    const journal = (real: JournalWriter): JournalWriter => ({
      ...real,
      append: async (record) => {
        await real.append(record);
        if (record.event !== 'intent') return;
        await rename(forms, path.join(home, 'aside'));
        await symlink(other, forms);
      },
    });
    expect(await apply(plan, { journal })).toMatchObject(drifted);
    expect(await readFile(path.join(other, 'a'))).toEqual(old('a'));
    expect(await readFile(path.join(home, 'aside', 'a'))).toEqual(old('a'));
  });

  describe('a plan that names the file behind a link', () => {
    async function plannedBehindLink(): Promise<{ plan: Plan<FileChange>; real: string }> {
      const folder = await elsewhere();
      await symlink(folder, forms);
      const real = path.join(folder, 'a');
      const change = { ...changeOf(path.join(forms, 'a'), old('a'), now('a')), realPath: real };
      return { plan: planOf([change]), real };
    }

    test('has that file replaced, and the link stays', async () => {
      const { plan, real } = await plannedBehindLink();
      expect(await apply(plan)).toMatchObject({ done: 1, notDone: [] });
      expect(await readFile(real)).toEqual(now('a'));
      expect((await lstat(forms)).isSymbolicLink()).toBe(true);
    });

    test('meets drift if the link leads elsewhere now', async () => {
      const { plan, real } = await plannedBehindLink();
      await unlink(forms);
      await writeTree(forms, { a: old('a') });
      expect(await apply(plan)).toMatchObject(drifted);
      expect(await states()).toEqual({ a: 'old' });
      expect(await readFile(real)).toEqual(old('a'));
    });
  });
});

describe('two change folders for the same files', () => {
  const other = (name: string): Buffer => Buffer.from(`; ${name}\r\nL_UserName_Text="User name (UPN):"\r\n`);

  test('applied one after the other: the second meets drift', async () => {
    const plan = await planned('a', 'b');
    const second = planOf(['a', 'b'].map((name) => changeOf(path.join(forms, name), old(name), other(name))));
    await apply(plan);
    const result = await applyIn(path.join(home, 'second'), second);
    expect(result).toMatchObject({
      done: 0,
      notDone: [{ outcome: { kind: 'drifted' } }, { outcome: { kind: 'drifted' } }],
    });
    expect(await states()).toEqual({ a: 'new', b: 'new' });
  });

  test('applied at the same time: each file is written by one of them, and the other meets drift', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `f${index}`);
    const plan = await planned(...names);
    const second = planOf(names.map((name) => changeOf(path.join(forms, name), old(name), other(name))));
    const [one, two] = await Promise.all([apply(plan), applyIn(path.join(home, 'second'), second)]);
    expect(one.done + two.done).toBe(60);
    for (const { outcome } of [...one.notDone, ...two.notDone]) expect(outcome.kind).toBe('drifted');
    const written = names.map((name) => readFileSync(path.join(forms, name)));
    const isNew = written.map((bytes, index) => bytes.equals(now(names[index] ?? '')));
    const isOther = written.map((bytes, index) => bytes.equals(other(names[index] ?? '')));
    expect(isNew.filter(Boolean)).toHaveLength(one.done);
    expect(isOther.filter(Boolean)).toHaveLength(two.done);
  });
});

describe('a plan that does not fit itself', () => {
  test.each([
    ['another place', { offset: 0 }],
    ['longer old bytes', { old: Buffer.from('Domain\\user name:"').toString('base64') }],
    ['other new bytes', { new: Buffer.from('E-Mail!').toString('base64') }],
    ['a place beyond the end', { offset: 10_000 }],
  ])('because a splice says %s changes nothing', async (_, edit) => {
    const plan = await planned('a');
    const [change] = plan.changes;
    if (change === undefined) throw new Error('no change');
    const wrong = planOf([{ ...change, splices: change.splices.map((splice) => ({ ...splice, ...edit })) }]);
    expect(await apply(wrong)).toMatchObject({
      notDone: [{ outcome: { kind: 'failed', error: { trouble: { attempted: 'edit the file as planned' } } } }],
    });
    expect(await states()).toEqual({ a: 'old' });
  });
});

describe('whatever single call of the file system fails', () => {
  test.each(['instead', 'after'] as const)('the outcome says what the file holds (%s)', async (when) => {
    if (when === 'instead') need('secondNames');
    const seen = new Set<string>();
    for (let call = 1; ; call += 1) {
      home = await freshFolder();
      forms = path.join(home, 'forms');
      changeFolder = path.join(home, 'change');
      const plan = await planned('a');
      const files = faultyFileSystem({ call, errno: 'EIO', when });
      const result = await apply(plan, { files });
      const { a: state, ...others } = await states();
      const outcome = result.notDone[0]?.outcome.kind ?? 'done';
      const at = `call ${call} of ${files.calls.join(', ')}: ${outcome}`;
      seen.add(outcome);
      if (outcome === 'done' || outcome === 'unknown') expect(state, at).toBe('new');
      else expect([state, outcome], at).toEqual(['old', 'failed']);
      // The journal says the same; a file that was left behind is named in it.
      const last = (await readJournal(journalOf(changeFolder), noWaiting)).findLast(({ change }) => change === 0);
      expect(last?.event, at).toBe(outcome);
      for (const stray of Object.keys(others)) expect(last?.detail, at).toContain(stray);
      // And the next run does what is left and cleans up.
      expect(await apply(plan), at).toMatchObject({ notDone: [] });
      expect(await states(), at).toEqual({ a: 'new' });
      if (files.calls.length < call) break;
    }
    expect(seen).toEqual(new Set(['done', 'failed', 'unknown']));
  });
});

describe('a file that another program holds for a moment', () => {
  test('is changed once it is released', async () => {
    const plan = await planned('a');
    const files = failingFileSystem('rename', ['EBUSY', 'EPERM', 'EACCES']);
    expect(await apply(plan, { files })).toMatchObject({ done: 1, notDone: [] });
  });

  test('for good is reported, its old bytes in place', async () => {
    const plan = await planned('a');
    const files = failingFileSystem(
      'rename',
      Array.from({ length: 20 }, () => 'EBUSY'),
    );
    expect(await apply(plan, { files })).toMatchObject({
      notDone: [{ outcome: { kind: 'failed', error: { errno: 'EBUSY' } } }],
    });
    expect(await states()).toEqual({ a: 'old' });
  });
});

describe('a journal that can’t be written', () => {
  const failingAt =
    (event: string) =>
    (real: JournalWriter): JournalWriter => {
      let failing = false;
      return {
        ...real,
        enqueue: (record) => {
          failing ||= record.event === event;
          real.enqueue(record);
        },
        append: async (record) => {
          if (failing || record.event === event) {
            throw new FileError({
              attempted: 'write the journal',
              on: 'j',
              cameBack: 'full',
              next: '',
              cause: systemError('ENOSPC'),
            });
          }
          await real.append(record);
        },
      };
    };

  test('at its beginning ends the run with every file as it was', async () => {
    const plan = await planned('a', 'b', 'c');
    await expect(apply(plan, { journal: failingAt('begin') })).rejects.toThrow(FileError);
    expect(await states()).toEqual({ a: 'old', b: 'old', c: 'old' });
  });

  test('at an intent ends the run, which reports why and that nothing was written', async () => {
    const plan = await planned('a', 'b', 'c');
    const result = await apply(plan, { journal: failingAt('intent') });
    expect(result).toMatchObject({ done: 0, notDone: [], notBegun: 3, endedBy: { errno: 'ENOSPC' } });
    expect(await states()).toEqual({ a: 'old', b: 'old', c: 'old' });
  });

  test('at an outcome ends the run, which reports what was written; the next run detects it', async () => {
    const plan = await planned('a', 'b', 'c');
    const result = await apply(plan, { journal: failingAt('done'), parallel: 1 });
    expect(result).toMatchObject({ done: 1, notDone: [], notBegun: 2, endedBy: { errno: 'ENOSPC' } });
    expect(await states()).toEqual({ a: 'new', b: 'old', c: 'old' });
    expect(await apply(plan)).toMatchObject({ done: 3, notDone: [] });
    expect(await states()).toEqual({ a: 'new', b: 'new', c: 'new' });
  });
});

describe('a run that is interrupted', () => {
  test('begins no further file, says how many are left, and can be continued', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `f${index}`);
    const plan = await planned(...names);
    const controller = new AbortController();
    let outcomes = 0;
    const result = await apply(plan, {
      parallel: 2,
      signal: controller.signal,
      onOutcome: () => {
        outcomes += 1;
        if (outcomes === 3) controller.abort();
      },
    });
    expect(result.done + result.notBegun).toBe(12);
    expect(result.done).toBeLessThanOrEqual(5);
    expect(Object.values(await states()).filter((state) => state === 'new')).toHaveLength(result.done);
    expect(await apply(plan)).toMatchObject({
      done: 12 - result.done,
      doneBefore: result.done,
      notDone: [],
      notBegun: 0,
    });
  });

  test('before it began does nothing', async () => {
    const plan = await planned('a');
    expect(await apply(plan, { signal: AbortSignal.abort() })).toMatchObject({ done: 0, notBegun: 1 });
    expect(await states()).toEqual({ a: 'old' });
  });
});

describe('a journal that was cut short', () => {
  test('at any byte can be continued: every file is done in the end', async () => {
    const plan = await planned('a', 'b', 'c');
    await apply(plan);
    const whole = await readFile(journalOf(changeFolder));
    for (let length = 0; length <= whole.length; length += 37) {
      await writeFile(journalOf(changeFolder), whole);
      await truncate(journalOf(changeFolder), length);
      const result = await apply(plan);
      expect([result.done + result.doneBefore, result.notDone]).toEqual([3, []]);
      expect(await states()).toEqual({ a: 'new', b: 'new', c: 'new' });
    }
  });
});

describe('a plan that may not be applied', () => {
  const blocker: Finding = {
    id: 'no-wording',
    level: 'blocker',
    title: 'No wording',
    detail: '',
    evidence: [],
    subjects: [],
    acceptable: true,
    accepted: false,
  };

  test('because a blocker is not accepted: nothing is written, not even to the journal', async () => {
    const { changes } = await planned('a');
    const applying = apply(planOf(changes, { findings: [blocker, { ...blocker, id: 'other', level: 'warning' }] }));
    await expect(applying).rejects.toThrow(RefusedError);
    await expect(applying).rejects.toMatchObject({
      trouble: {
        attempted: 'apply the plan',
        on: '/forms',
        cameBack: 'no-wording (No wording)',
        next: 'Do what each blocker says, or overrule it: --accept no-wording.',
      },
    });
    expect(await states()).toEqual({ a: 'old' });
    expect(await journalled()).toEqual([]);
  });

  test('unless the blocker was accepted, which the journal keeps', async () => {
    const { changes } = await planned('a');
    expect(await apply(planOf(changes, { findings: [{ ...blocker, accepted: true }] }))).toMatchObject({ done: 1 });
    expect((await readJournal(journalOf(changeFolder), noWaiting))[0]).toMatchObject({
      event: 'begin',
      accepted: ['no-wording'],
    });
  });

  test('because it was undone', async () => {
    const plan = await planned('a');
    await apply(plan);
    await writeFile(path.join(forms, 'a'), old('a'));
    const undone = { time: '', event: 'undone', plan: plan.id };
    await writeFile(journalOf(changeFolder), `${JSON.stringify(undone)}\n`, { flag: 'a' });
    await expect(apply(plan)).rejects.toThrow(RefusedError);
    expect(await states()).toEqual({ a: 'old' });
  });
});

describe('temporary files of an interrupted run', () => {
  test('are removed if they are of this plan, and nothing else is', async () => {
    const plan = await planned('a', 'b');
    const own = `.a.${plan.id}.x${temporarySuffix}`;
    await writeTree(forms, {
      [own]: 'half',
      [`.a.other-plan.x${temporarySuffix}`]: 'half',
      [`${plan.id}.txt`]: 'mine',
    });
    expect(await removeStrays(plan.changes, runOf(changeFolder, plan))).toEqual([path.join(forms, own)]);
    expect((await readdir(forms)).sort()).toEqual([`.a.other-plan.x${temporarySuffix}`, `${plan.id}.txt`, 'a', 'b']);
  });

  test('that can’t be removed are named', async () => {
    const plan = await planned('a');
    const own = `.a.${plan.id}.x${temporarySuffix}`;
    await writeTree(forms, { [own]: 'half' });
    const removing = removeStrays(
      plan.changes,
      runOf(changeFolder, plan, failingFileSystem('unlink', Array(8).fill('EPERM'))),
    );
    await expect(removing).rejects.toMatchObject({ errno: 'EPERM', trouble: { on: path.join(forms, own) } });
  });

  test('of folders that are gone need no removal', async () => {
    const plan = await planned('a');
    await rm(forms, { recursive: true });
    expect(await removeStrays(plan.changes, runOf(changeFolder, plan))).toEqual([]);
  });
});

test.each([
  ['/srv/forms/de/strings.txt', 'srv/forms/de~strings.txt', 'srv/forms/de/strings.txt'],
  ['C:\\Program Files\\x\\strings.txt', 'C/Program Files/x~strings.txt', 'C/Program Files/x/strings.txt'],
  ['\\\\TMG01\\C$\\forms\\strings.txt', '%TMG01/C$/forms~strings.txt', '%TMG01/C$/forms/strings.txt'],
  ['\\\\?\\C:\\forms\\strings.txt', '%%3F/C%3A/forms~strings.txt', '%%3F/C%3A/forms/strings.txt'],
  ['\\\\.\\C:\\forms\\strings.txt', '%%2E/C%3A/forms~strings.txt', '%%2E/C%3A/forms/strings.txt'],
  ['/C/forms/strings.txt', '%/C/forms~strings.txt', '%/C/forms/strings.txt'],
  ['/%/forms/strings.txt', '%/%/forms~strings.txt', '%/%/forms/strings.txt'],
  ['/srv/C:/forms/strings.txt', 'srv/C:/forms~strings.txt', 'srv/C:/forms/strings.txt'],
  ['//TMG01/C$/../../strings.txt', '%TMG01/C$~strings.txt', '%TMG01/C$/strings.txt'],
  ['/forms/100%/a~b/strings.txt', 'forms/100%/a%7Eb~strings.txt', 'forms/100%/a~b/strings.txt'],
  ['/strings.txt', '~strings.txt', 'strings.txt'],
])('the before image of %s lies in %s', (file, place, plain) => {
  if (file.startsWith('/srv/C:')) need('names');
  expect(backupPathOf(file).split(path.sep).join('/')).toBe(place);
  expect(plainPathOf(file)).toBe(plain);
});

test('no two files have their before images in one place', () => {
  const name = fc.stringMatching(/^[aC%7E~]{1,3}$/);
  const root = fc.constantFrom(
    '/',
    'C:/',
    'D:/',
    '//C/',
    '//a/',
    '//?/C:/',
    '//?/UNC/C/',
    '//./C:/',
    '/C:/',
    '/C/',
    '/%/',
  );
  const parts = fc.array(name, { minLength: 1, maxLength: 3 });
  const file = fc.tuple(root, parts).map(([start, names]) => `${start}${names.join('/')}`);
  fc.assert(
    fc.property(file, file, (one, other) => {
      expect(backupPathOf(one) === backupPathOf(other)).toBe(one === other);
    }),
    { numRuns: 5000 },
  );
});

test.each([
  ['C:\\forms\\strings.txt', '\\\\C\\forms\\strings.txt'],
  ['/srv/a/b/strings.txt', '/srv/a\\b/strings.txt'],
  ['/srv/C/x/strings.txt', '/srv/C:/x/strings.txt'],
])('%s and %s are different files, and so are their backups and the names in the diff', (one, other) => {
  if (one.startsWith('/')) need('names');
  expect(backupPathOf(one)).not.toBe(backupPathOf(other));
  expect(plainPathOf(one)).not.toBe(plainPathOf(other));
});
