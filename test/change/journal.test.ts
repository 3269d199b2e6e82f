import { type FileHandle, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type JournalRecord, openJournal, outcomesIn, readJournal } from '../../src/change/journal.ts';
import { FileError } from '../../src/errors.ts';
import { systemError } from '../support/faulty-file-system.ts';
import { changeOf } from '../support/file-plans.ts';
import { noWaiting } from '../support/fixed-world.ts';
import { freshFolder } from '../support/fresh-folder.ts';

const record = (change: number, more: Partial<JournalRecord> = {}): JournalRecord => ({
  time: '2026-11-22T09:30:00.000Z',
  event: 'done',
  plan: 'p',
  change,
  on: `/forms/${change}/Größe\nund "mehr"`,
  ...more,
});

let file: string;

beforeEach(async () => {
  file = path.join(await freshFolder(), 'journal.jsonl');
});

async function written(records: readonly JournalRecord[]): Promise<Buffer> {
  const journal = await openJournal(file, noWaiting);
  for (const each of records) await journal.append(each);
  await journal.close();
  return readFile(file);
}

/** The methods that all open files share, to be watched. */
async function handleMethods(): Promise<FileHandle> {
  const handle = await open(process.execPath, 'r');
  await handle.close();
  const methods = Object.getPrototypeOf(handle) as FileHandle;
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  return methods;
}

describe('a journal', () => {
  test('that is not there is empty', async () => {
    expect(await readJournal(file, noWaiting)).toMatchObject([]);
  });

  test('gives back what was appended, in the order of appending', async () => {
    const records = [record(1), record(0, { event: 'failed', detail: 'it is in use' }), record(2)];
    await written(records);
    expect(await readJournal(file, noWaiting)).toMatchObject(records);
  });

  test('keeps what earlier runs wrote', async () => {
    await written([record(1)]);
    await written([record(2)]);
    expect(await readJournal(file, noWaiting)).toMatchObject([record(1), record(2)]);
  });

  test('holds a record, flushed, before its append is done', async () => {
    const events: string[] = [];
    const methods = await handleMethods();
    const { datasync } = methods;
    vi.spyOn(methods, 'datasync').mockImplementation(async function (this: FileHandle) {
      events.push(`flush of ${(await readFile(file, 'utf8')).split('\n').length - 1}`);
      return datasync.call(this);
    });
    const journal = await openJournal(file, noWaiting);
    for (const change of [1, 2]) {
      await journal.append(record(change));
      events.push(`appended ${change}`);
    }
    await journal.close();
    expect(events).toEqual(['flush of 1', 'appended 1', 'flush of 2', 'appended 2']);
  });

  test('flushes records that come at the same time together', async () => {
    const flush = vi.spyOn(await handleMethods(), 'datasync');
    const journal = await openJournal(file, noWaiting);
    const records = Array.from({ length: 100 }, (_, change) => record(change));
    await Promise.all(records.map((each) => journal.append(each)));
    await journal.close();
    expect(flush.mock.calls.length).toBeLessThanOrEqual(2);
    expect(await readJournal(file, noWaiting)).toMatchObject(records);
  });

  test('flushes a record that was left to the next one together with it, in their order', async () => {
    const file = path.join(await freshFolder(), 'journal.jsonl');
    const journal = await openJournal(file, noWaiting);
    journal.enqueue(record(0));
    await journal.append(record(1));
    expect((await readJournal(file, noWaiting)).map(({ change }) => change)).toEqual([0, 1]);
    await journal.close();
  });

  test('that is closed has everything that was appended, waited for or not', async () => {
    const journal = await openJournal(file, noWaiting);
    for (const change of [0, 1, 2]) void journal.append(record(change));
    await journal.close();
    expect(await readJournal(file, noWaiting)).toHaveLength(3);
  });
});

describe('a journal that a crash cut short', () => {
  const records = [record(0), record(1), record(2)];

  test('gives the records that were whole, and continues behind them, wherever it was cut', async () => {
    const whole = await written(records);
    for (let length = 0; length <= whole.length; length += 3) {
      const cut = whole.subarray(0, length);
      await writeFile(file, cut);
      const complete = records.slice(0, cut.toString('latin1').split('\n').length - 1);
      expect(await readJournal(file, noWaiting)).toMatchObject(complete);
      if (length % 15 !== 0) continue;
      await written([record(9)]);
      expect(await readJournal(file, noWaiting)).toMatchObject([...complete, record(9)]);
    }
  });

  test('and left zeros where the line should be is still read and continued', async () => {
    const whole = await written(records);
    await writeFile(file, Buffer.concat([whole, Buffer.alloc(300)]));
    expect(await readJournal(file, noWaiting)).toMatchObject(records);
    await written([record(9)]);
    expect(await readJournal(file, noWaiting)).toMatchObject([...records, record(9)]);
  });
});

describe('a journal that is damaged', () => {
  test.each([
    '',
    'x',
    '{}',
    '[]',
    'null',
    '"done"',
    '{"event":3,"plan":"p"}',
    '{"event":"done","plan":"p","change":"1"}',
    '{"event":"done","plan":"p","time":{}}',
    '{"event":"begin","plan":"p","time":"","by":null}',
    '{"event":"done","plan":"p","time":"","detail":[]}',
  ])('in a line is read around it, and the line is named: %s', async (line) => {
    const first = JSON.stringify(record(0));
    await writeFile(file, `${first}\n${line}\n${first}\n`);
    expect(await readJournal(file, noWaiting)).toEqual([
      record(0),
      { time: '', event: 'damaged', plan: '', detail: 'line 2' },
      record(0),
    ]);
  });

  test('in any byte is read, with every other line as it was', async () => {
    const whole = await written([record(0), record(1)]);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ bits;
        await writeFile(file, damaged);
        const read = await readJournal(file, noWaiting);
        expect(read.length).toBeGreaterThan(0);
        expect(read.length).toBeLessThan(4);
      }),
      { numRuns: 60 },
    );
  });

  test('because it is a folder says so', async () => {
    await mkdir(file);
    await expect(readJournal(file, noWaiting)).rejects.toMatchObject({ errno: 'EISDIR', trouble: { on: file } });
    await expect(openJournal(file, noWaiting)).rejects.toThrow(FileError);
  });
});

describe('a disk that fails', () => {
  test.each(['appendFile', 'datasync'] as const)('at %s fails the append, and every one after it', async (method) => {
    const journal = await openJournal(file, noWaiting);
    await journal.append(record(0));
    vi.spyOn(await handleMethods(), method).mockRejectedValueOnce(systemError('ENOSPC'));
    const failed = journal.append(record(1));
    await expect(failed).rejects.toThrow(FileError);
    await expect(failed).rejects.toMatchObject({ errno: 'ENOSPC', trouble: { on: file } });
    await expect(journal.append(record(2))).rejects.toThrow(FileError);
    await journal.close();
    expect((await readJournal(file, noWaiting)).map(({ change }) => change)).not.toContain(2);
  });

  test('in the middle of a line leaves a journal that can be continued', async () => {
    const journal = await openJournal(file, noWaiting);
    const methods = await handleMethods();
    const { appendFile } = methods;
    vi.spyOn(methods, 'appendFile').mockImplementationOnce(async function (this: FileHandle, data) {
      await appendFile.call(this, String(data).slice(0, 20));
      throw systemError('ENOSPC');
    });
    await expect(journal.append(record(0))).rejects.toThrow(FileError);
    await journal.close();
    await written([record(1)]);
    expect(await readJournal(file, noWaiting)).toMatchObject([record(1)]);
  });
});

describe('the outcomes in a journal', () => {
  const changes = ['/forms/a', '/forms/b'].map((name) => changeOf(name, Buffer.from('a'), Buffer.from('b')));
  const plan = { id: 'p', changes };

  test('are the last record of each change of the plan', () => {
    const records = [
      { ...record(0), event: 'begin', change: undefined } as unknown as JournalRecord,
      record(0, { event: 'intent' }),
      record(1, { event: 'intent' }),
      record(0, { event: 'failed' }),
      record(0, { event: 'intent' }),
      record(0, { event: 'done' }),
      record(1, { event: 'done', plan: 'another' }),
    ];
    expect([...outcomesIn(records, plan)].map(([index, { event }]) => [index, event])).toEqual([
      [0, 'done'],
      [1, 'intent'],
    ]);
  });

  test('leave out a change that the plan does not have', () => {
    expect([...outcomesIn([record(2), record(1_000_000)], plan)]).toEqual([]);
  });
});
