import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { LabelsOptions } from '../../../src/remedies/labels/options.ts';
import { applyIn, planOf } from '../../support/file-plans.ts';
import { freshFolder, type Tree, writeTree } from '../../support/fresh-folder.ts';
import { type Examination, emailWording, examine, labelOptions } from '../../support/label-options.ts';
import { symlink } from '../../support/on-windows.ts';
import { stringsContent } from '../../support/strings-content.ts';

let home: string;
let root: string;

beforeEach(async () => {
  home = await freshFolder();
  root = path.join(home, 'TMG01');
});

const strings: Tree = { 'strings.txt': stringsContent('Domain\\name:') };
const look = (more?: Partial<LabelsOptions>): Promise<Examination> =>
  examine(labelOptions(root, { newLabel: emailWording, ...more }));
const evidenceOf = ({ findings }: Examination, id: string): readonly string[] | undefined =>
  findings.find((finding) => finding.id === id)?.evidence;

describe('a folder that is a link', () => {
  beforeEach(async () => {
    await writeTree(root, { Exchange: { HTML: { nls: { de: strings } } } });
  });

  test('is followed: its files are changed where they lie', async () => {
    await writeTree(home, { out: { x: strings } });
    await symlink('../../../../out/x', path.join(root, 'Exchange/HTML/nls/pt'));
    const examination = await look({ followLinks: true });
    const file = path.join(home, 'out/x/strings.txt');
    const name = path.join(root, 'Exchange/HTML/nls/pt/strings.txt');
    expect(examination.changes.map((change) => [change.language, change.path, change.realPath])).toEqual([
      ['de', path.join(root, 'Exchange/HTML/nls/de/strings.txt'), undefined],
      ['pt', name, file],
    ]);
    expect(evidenceOf(examination, 'behind-a-link')).toEqual([`${name} → ${file}`]);
    await applyIn(path.join(home, 'change'), planOf(examination.changes));
    expect((await readFile(file)).toString('utf16le')).toContain('"Endereço de email:"');
  });

  test('and leads out of the given folders is a blocker and not followed, unless it may be', async () => {
    await writeTree(home, { out: { x: strings } });
    await symlink('../../../../out/x', path.join(root, 'Exchange/HTML/nls/pt'));
    const name = path.join(root, 'Exchange/HTML/nls/pt');
    const examination = await look();
    expect(examination.facts.files.map((file) => file.language)).toEqual(['de']);
    expect(examination.findings).toMatchObject([
      {
        id: 'outside-the-roots',
        level: 'blocker',
        acceptable: false,
        title: 'Behind a link that leads out of the given folders: 1 link',
        evidence: [`${name}: ${path.join(home, 'out/x')}`],
        subjects: [name],
      },
    ]);
    expect(examination.changes.map((change) => change.language)).toEqual(['de']);
  });

  test('and leads into another of the given folders is followed', async () => {
    const other = path.join(home, 'TMG02');
    await writeTree(other, { Exchange: { HTML: { nls: { pt: strings } } } });
    await symlink(path.join(other, 'Exchange/HTML/nls/pt'), path.join(root, 'Exchange/HTML/nls/pt'));
    const examination = await look({ roots: [root, other] });
    expect(examination.findings.map(({ id }) => id)).not.toContain('outside-the-roots');
    expect(examination.facts.files.map((file) => file.language)).toEqual(['de', 'pt', 'pt']);
  });

  test('and leads out, where only that is there, is in the error', async () => {
    await writeTree(home, { out: { HTML: strings } });
    root = path.join(home, 'TMG03');
    await mkdir(root);
    await symlink('../out', path.join(root, 'Exchange'));
    await expect(look({ skipBlocked: true })).rejects.toMatchObject({
      trouble: {
        cameBack: expect.stringMatching(
          /; 1 link that leads out of it not followed \(--follow-links\): \S+Exchange → \S+out$/,
        ),
      },
    });
  });

  test('and leads nowhere or in a circle is reported, unless the filters leave it out', async () => {
    await symlink('gone', path.join(root, 'Exchange/HTML/nls/pt'));
    await symlink(root, path.join(root, 'Exchange/HTML/nls/fr'));
    const nls = path.join(root, 'Exchange/HTML/nls');
    const examination = await look();
    expect(evidenceOf(examination, 'link-not-followed')).toEqual([
      `${nls}/fr: a circle: it leads back to ${root}`,
      `${nls}/pt: there is no such file or folder (ENOENT)`,
    ]);
    expect(examination.findings[0]).toMatchObject({
      level: 'warning',
      title: 'Links that could not be followed: 2 links',
    });
    expect(examination.changes).toHaveLength(1);
    expect((await look({ languages: ['de'] })).findings).toEqual([]);
    await expect(look({ languages: ['pt'] })).rejects.toThrow('the filters leave none');
  });

  test('and is all that there is, but leads nowhere, is in the error', async () => {
    root = path.join(home, 'TMG02');
    await mkdir(root);
    await symlink('gone', path.join(root, 'Exchange'));
    await symlink('gone', path.join(root, 'ISA'));
    await expect(look()).rejects.toMatchObject({
      trouble: {
        cameBack: expect.stringMatching(/; the link \S+Exchange can't be followed: there is no .*, nor can 1 more$/),
      },
    });
  });

  test('to another language’s folder shares its file: it gets the wording of the folder that it lies in', async () => {
    const nls = path.join(root, 'Exchange/HTML/nls');
    // By name it comes before the folder itself.
    await symlink('de', path.join(nls, 'aa'));
    await symlink('de', path.join(nls, 'de-AT'));
    const examination = await look();
    expect(examination.changes).toMatchObject([{ language: 'de', path: path.join(nls, 'de/strings.txt') }]);
    expect(evidenceOf(examination, 'languages-share-a-file')).toEqual([
      `${nls}/aa/strings.txt: the file of de, ${nls}/de/strings.txt`,
    ]);
    expect(evidenceOf(examination, 'behind-a-link')).toBeUndefined();
    const same = await look({ newLabel: { kind: 'text', text: 'Mail:' } });
    expect(same.findings).toEqual([]);
  });

  test('from one member to the other is no difference between them', async () => {
    await mkdir(path.join(home, 'TMG02/Exchange'), { recursive: true });
    await writeTree(path.join(home, 'TMG02'), { Exchange: { xHTML: strings } });
    await writeTree(root, { Exchange: { xHTML: strings } });
    await symlink(path.join(root, 'Exchange/HTML'), path.join(home, 'TMG02/Exchange/HTML'));
    const examination = await look({ roots: [root, path.join(home, 'TMG02')] });
    expect(examination.findings).toEqual([]);
    expect(examination.changes).toHaveLength(3);
  });
});
