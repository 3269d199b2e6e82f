import { chmod, cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { snapshot } from '../support/fresh-folder.ts';
import { stringsContent } from '../support/strings-content.ts';
import { describeLabelsOnWindows, now, old, tmg } from './support/labels.ts';

describeLabelsOnWindows('the files of a change on Windows', (bench) => {
  const { inWork, file } = bench;

  test('a file that was marked read-only since has the plan refused', async () => {
    await chmod(file('fr'), 0o444);
    const { status, stdout, stderr } = await bench.computer.run(['apply', bench.saved]);
    await chmod(file('fr'), 0o644);
    expect(`${stdout}${stderr}`).toContain('read-only');
    expect(status).toBe(3);
    for (const language of ['fr', 'de']) expect(await readFile(file(language))).toEqual(stringsContent(old));
  });

  test('a hidden system file is still one after the change and after its undo', async () => {
    const name = `C:\\${tmg.split('/').join('\\')}\\Exchange\\HTML\\nls\\de\\strings.txt`;
    const attrib = async (line: string): Promise<string> => (await bench.computer.cmd(line)).stdout.slice(0, 12);
    // Wine's attrib heeds one switch of several.
    const before = await attrib(`attrib +h "${name}" & attrib +s "${name}" & attrib "${name}"`);
    expect(before).toMatch(/S.*H/);
    expect(await bench.computer.run(['apply', bench.saved])).toMatchObject({ status: 0 });
    expect([await attrib(`attrib "${name}"`), await readFile(file('de'))]).toEqual([before, stringsContent(now)]);
    expect(await bench.computer.run(['undo', bench.saved, '--yes'])).toMatchObject({ status: 0 });
    const after = await attrib(`attrib "${name}" & attrib -h "${name}" & attrib -s "${name}"`);
    expect([after, await readFile(file('de'))]).toEqual([before, stringsContent(old)]);
  });

  test('a change folder on another volume holds the backup, and undo brings back every byte', async () => {
    const before = await snapshot(bench.forms);
    const folder = `V:\\${bench.saved}`;
    await cp(inWork(bench.saved), path.join(bench.computer.driveV, bench.saved), { recursive: true });
    const applied = await bench.computer.run(['apply', folder]);
    expect(applied, applied.stderr).toMatchObject({ status: 0 });
    expect(await readFile(file('de'))).toEqual(stringsContent(now));
    expect(await bench.computer.run(['undo', folder, '--yes'])).toMatchObject({ status: 0 });
    expect(await snapshot(bench.forms)).toEqual(before);
  });

  test.skip('access entries of a single file are kept (the icacls of Wine 8 does nothing)', () => undefined);
  test.skip('alternate data streams are kept (Wine 8 has none)', () => undefined);
});
