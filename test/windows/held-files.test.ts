import { readFile, stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { stringsContent } from '../support/strings-content.ts';
import { describeLabelsOnWindows, now, old } from './support/labels.ts';

describeLabelsOnWindows('held files on Windows', (bench) => {
  const { file } = bench;

  test('a file that is held stays as it is, with one name; the next run changes it once it is released', async () => {
    const letGo = await bench.computer.hold(file('de'));
    const { status, stdout } = await bench.computer.run(['apply', bench.saved]).finally(letGo);
    expect(stdout).toMatch(/EPERM|EBUSY|EACCES/);
    expect(status).toBe(4);
    expect(await readFile(file('de'))).toEqual(stringsContent(old));
    expect((await stat(file('de'))).nlink).toBe(1);
    expect(await bench.computer.run(['apply', bench.saved])).toMatchObject({ status: 0 });
    expect(await readFile(file('de'))).toEqual(stringsContent(now));
  });

  test('a file that is held for a moment is waited for', async () => {
    const letGo = await bench.computer.hold(file('de'));
    const applying = bench.computer.run(['apply', bench.saved]);
    setTimeout(() => void letGo(), 3000);
    expect(await applying).toMatchObject({ status: 0 });
    expect(await readFile(file('de'))).toEqual(stringsContent(now));
  });

  test.skip('a file that is held without sharing is waited for (no program of Wine 8 holds one so)', () => undefined);
});
