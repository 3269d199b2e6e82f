import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { freshFolder, type Tree, writeTree } from '../../support/fresh-folder.ts';
import { labels } from '../../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../../support/run-command.ts';
import { encodedAs } from '../../support/strings-content.ts';

let home: string;

const strings = (label: string, failed: string): Tree => ({
  'strings.txt': encodedAs('utf-8 with BOM', `L_UserName_Text="${label}"\r\nL_Failed_Text="${failed}"\r\nL_A="a"\r\n`),
});

beforeEach(async () => {
  home = await freshFolder();
  const nls = {
    de: strings('Domäne\\Name:', 'Prüfen Sie die Domäne.'),
    hi: strings('x:', 'कृपया डोमेन जाँचें'),
    Sonstiges: strings('x:', 'x'),
  };
  await writeTree(home, { forms: { Exchange: { HTML: { ...strings('Domain\\name:', 'Check the domain.'), nls } } } });
});

const run = (...args: readonly string[]): Promise<CommandRun> =>
  runCommand(labels, ['--root', 'forms', ...args], { currentFolder: home });
const written = async (): Promise<Record<string, Record<string, string>>> =>
  JSON.parse(await readFile(path.join(home, 'own.json'), 'utf8'));

describe('--wording-template', () => {
  test('writes every language with the keys that name the domain, and the new label where it is known', async () => {
    const { status, stdout } = await run('--label', 'email', '--wording-template', 'own.json');
    expect(status).toBe(2);
    expect(stdout).toContain('Written: own.json');
    expect(await written()).toEqual({
      default: { L_UserName_Text: 'E-mail address:', L_Failed_Text: 'Check the domain.' },
      de: { L_UserName_Text: 'E-Mail-Adresse:', L_Failed_Text: 'Prüfen Sie die Domäne.' },
      hi: { L_UserName_Text: '', L_Failed_Text: 'कृपया डोमेन जाँचें' },
    });
  });

  test('needs no label, and changes nothing then', async () => {
    const { status, stdout } = await run('--wording-template', 'own.json');
    expect(status).toBe(0);
    expect(stdout).toContain('Nothing was changed.');
    expect((await written())['de']).toEqual({ L_UserName_Text: '', L_Failed_Text: 'Prüfen Sie die Domäne.' });
  });

  test('is a file that --wording takes back as it is, and changes what was worded anew in one plan', async () => {
    await run('--label', 'email', '--wording-template', 'own.json');
    const own = await written();
    await writeTree(home, {
      'filled.json': JSON.stringify({ ...own, de: { ...own['de'], L_Failed_Text: 'Prüfen Sie Ihre Adresse.' } }),
    });
    const { stdout } = await run('--label', 'email', '--wording', 'filled.json', '--language', 'de', '--json');
    const { changes } = JSON.parse(stdout);
    expect(changes.map((change: { splices: { key: string }[] }) => change.splices.map(({ key }) => key))).toEqual([
      ['L_UserName_Text', 'L_Failed_Text'],
    ]);
  });

  test('writes over no other file', async () => {
    await writeTree(home, { 'own.json': 'mine' });
    const { status, stderr } = await run('--label', 'email', '--wording-template', 'own.json');
    expect(status).toBe(1);
    expect(stderr).toContain('Name a file that does not exist yet');
    expect(await readFile(path.join(home, 'own.json'), 'utf8')).toBe('mine');
  });
});

describe('one text for several keys', () => {
  const keys = ['--key', 'L_UserName_Text', '--key', 'L_Failed_Text', '--language', 'de', '--verbose'];

  test.each([
    ['of a wording file', ['--wording', 'plain.json']],
    ['of the built-in wording', ['--label', 'email']],
    ['given for all', ['--text', 'Address:']],
  ])('is a warning that names the keys: %s', async (_, flags) => {
    await writeTree(home, { 'plain.json': '{ "de": "E-Mail:" }' });
    const { stdout } = await run(...flags, ...keys);
    expect(stdout).toContain('warning  same-text-for-several-keys');
    expect(stdout).toContain('L_Failed_Text: as L_UserName_Text, 1 file');
  });

  test('is none where each key has its own', async () => {
    await writeTree(home, {
      'own.json': '{ "de": { "L_UserName_Text": "E-Mail:", "L_Failed_Text": "Prüfen Sie die Adresse." } }',
    });
    expect((await run('--wording', 'own.json', ...keys)).stdout).not.toContain('same-text-for-several-keys');
  });

  test('is none for the two keys of the user’s name', async () => {
    const passcode = { HTML: { 'strings.txt': 'L_UserName_Text="Name:"\r\nL_UserID_Text="ID:"\r\n' } };
    await writeTree(home, { forms: { Passcode: passcode } });
    const names = ['--key', 'L_UserName_Text', '--key', 'L_UserID_Text', '--set', 'Passcode'];
    const { stdout } = await run('--label', 'email', ...names);
    expect(stdout).toContain('1 file to change');
    expect(stdout).not.toContain('same-text-for-several-keys');
  });
});
