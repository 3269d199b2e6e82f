import { randomUUID } from 'node:crypto';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Plan } from '../../src/change/plan.ts';
import { sealOf } from '../../src/change/seal.ts';
import { run as apply } from '../../src/commands/apply.ts';
import type { Context } from '../../src/commands/context.ts';
import { openPracticeDirectory } from '../../src/commands/directory.ts';
import { run as menu } from '../../src/commands/menu.ts';
import { run as undo } from '../../src/commands/undo.ts';
import type { Prompter } from '../../src/terminal/prompter.ts';
import { freshFolder, snapshot, type Tree, writeTree } from '../support/fresh-folder.ts';
import { templates } from '../support/practice-site.ts';
import { answering, byDefault, cancel, inTurn } from '../support/prompter-double.ts';
import { labels } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { stringsContent } from '../support/strings-content.ts';

let home: string;

/** A member of the array: two sets, two classes, German, French and one language without a wording. */
const member: Tree = {
  Exchange: {
    HTML: {
      nls: {
        de: { 'strings.txt': stringsContent('Domäne\\Name:') },
        fr: { 'strings.txt': stringsContent('Domaine\\nom :') },
        hi: { 'strings.txt': stringsContent('x\\y:') },
      },
    },
    xHTML: { nls: { de: { 'strings.txt': stringsContent('Domäne\\Name:', { encoding: 'utf-8' }) } } },
  },
  ISA: { HTML: { nls: { de: { 'strings.txt': 'L_UserName_Text="Name:"\r\nL_UserID_Text="Kennung:"\r\n' } } } },
};

beforeEach(async () => {
  home = await freshFolder();
  await writeTree(home, { TMG01: member, TMG02: member });
});

interface Walk extends CommandRun {
  readonly asked: readonly string[];
  readonly refusals: readonly { readonly id: string; readonly problem: string }[];
}

/** Walks through the questions of a command with these answers; each must be asked for, and no other question may come. */
async function walk(
  answers: Readonly<Record<string, unknown>>,
  args: readonly string[] = [],
  command: typeof labels = labels,
): Promise<Walk> {
  const prompter = answering(answers);
  const result = await runCommand(command, args, { currentFolder: home, prompter });
  prompter.verifyAllAsked();
  return { ...result, asked: prompter.asked, refusals: prompter.refusals };
}

/** Enter alone at every question. */
const enterAlone = {
  'labels.extent': byDefault,
  'labels.label': byDefault,
  'labels.check-upn': byDefault,
  'labels.no-wording': byDefault,
  decision: byDefault,
};
const bothRoots = { 'labels.root': inTurn('TMG01', 'TMG02', '') };

const labelIn = async (file: string): Promise<string | undefined> => {
  const bytes = await readFile(path.join(home, file));
  const text = bytes[0] === 0xff ? bytes.toString('utf16le') : bytes.toString('utf8');
  return /L_UserName_Text="(.*)"/.exec(text)?.[1];
};

describe('the wizard', () => {
  test('takes a path as Explorer copies it, in quotes', async () => {
    const quoted = { 'labels.root': inTurn(` "${path.join(home, 'TMG01')}" `, '"TMG02"', '') };
    const { status, stdout } = await walk({ ...quoted, ...enterAlone });
    expect(status).toBe(2);
    const inOneLine = stdout.replace(/\s+/g, ' ');
    expect(inOneLine).toContain(`below ${path.join(home, 'TMG01')}, ${path.join(home, 'TMG02')}`);
  });

  test('asks where, which and what, shows what is there, and leaves it by default', async () => {
    const before = await snapshot(home);
    const { status, asked, stdout } = await walk({ ...bothRoots, ...enterAlone });
    expect(asked).toEqual([
      'labels.root',
      'labels.root',
      'labels.root',
      'labels.extent',
      'labels.label',
      'labels.check-upn',
      'labels.no-wording',
      'decision',
    ]);
    expect(stdout).toContain('10 files of form sets below');
    expect(stdout).toMatch(/de +German +4 +Domäne\\Name:\n +UTF-16LE\+BOM, UTF-8 · classes HTML, xHTML\n/);
    expect(stdout).toContain('no-wording');
    expect(stdout).toContain('Nothing was changed.');
    expect(status).toBe(2);
    expect(await snapshot(home)).toEqual(before);
  });

  test('offers each language by folder and name, so that typing "german" or "deutsch" finds de', async () => {
    const choosing = { 'labels.extent': 'choose', 'labels.sets': byDefault, 'labels.classes': byDefault };
    const prompter = answering({ ...choosing, 'labels.languages': byDefault, 'labels.label': cancel });
    let offered: readonly string[] = [];
    const looking: Prompter = {
      ...prompter,
      multiselect: (question) => {
        if (question.id === 'labels.languages')
          offered = question.choices.map(({ label, hint }) => `${label}, ${hint}`);
        return prompter.multiselect(question);
      },
    };
    await runCommand(labels, ['--root', 'TMG01'], { currentFolder: home, prompter: looking });
    expect(offered).toEqual([
      'de · German, 3 files, Deutsch',
      'fr · French, 1 file, français',
      'hi · Hindi, 1 file, हिन्दी',
    ]);
  });

  test('plans on what it has read and shown: a file that changes meanwhile is refused, not planned anew', async () => {
    const file = path.join(home, 'TMG01/ISA/HTML/nls/de/strings.txt');
    const prompter = answering({ 'labels.label': 'email', 'labels.check-upn': false, decision: 'apply' });
    const meanwhile: Prompter = {
      ...prompter,
      select: async (question) => {
        if (question.id === 'labels.label') await writeFile(file, 'L_UserName_Text="Other:"\r\n');
        return prompter.select(question);
      },
    };
    const args = ['--root', 'TMG01', '--set', 'ISA', '--key', 'L_UserName_Text'];
    const { stdout, stderr } = await runCommand(labels, args, { currentFolder: home, prompter: meanwhile });
    expect(stdout).toMatch(/ de +Name: +E-Mail-Adresse: +1/);
    expect(stdout + stderr).not.toContain('1 of 1 files changed');
    expect(await readFile(file, 'utf8')).toBe('L_UserName_Text="Other:"\r\n');
  });

  test('shows the label of the password form alone, though it has looked for that of the passcode forms too', async () => {
    const { stdout } = await walk(
      {
        'labels.passcode-forms': byDefault,
        'labels.label': byDefault,
        'labels.check-upn': byDefault,
        decision: byDefault,
      },
      ['--root', 'TMG01', '--set', 'ISA'],
    );
    expect(stdout).toMatch(/de +German +1 +Name:\n/);
    expect(stdout).not.toContain('Kennung');
  });

  test('applies what was chosen, and nothing else', async () => {
    const before = await snapshot(home);
    const { status, stdout } = await walk({
      ...bothRoots,
      'labels.extent': 'choose',
      'labels.sets': ['Exchange'],
      'labels.classes': ['HTML'],
      'labels.languages': ['de', 'hi'],
      'labels.passcode-forms': byDefault,
      'labels.label': 'username',
      'labels.check-upn': byDefault,
      'labels.no-wording': 'skip',
      decision: 'apply',
    });
    expect(status).toBe(0);
    expect(stdout).toContain('2 of 2 files changed');
    const after = await snapshot(home);
    const changed = Object.keys(before).filter((name) => before[name] !== after[name]);
    expect(changed).toEqual(['TMG01', 'TMG02'].map((name) => `${name}/Exchange/HTML/nls/de/strings.txt`));
    expect(await labelIn('TMG02/Exchange/HTML/nls/de/strings.txt')).toBe('Benutzername:');
  });

  test('changes the passcode forms too, if that is wanted', async () => {
    const args = ['--root', 'TMG01', '--set', 'ISA', '--label', 'email'];
    expect((await walk({ decision: 'apply' }, args)).asked).toEqual(['decision']);
    expect(await readFile(path.join(home, 'TMG01/ISA/HTML/nls/de/strings.txt'), 'utf8')).toContain('"Kennung:"');
    const answers = { 'labels.label': 'E-mail address', 'labels.check-upn': false, decision: 'apply' };
    await walk({ 'labels.passcode-forms': true, ...answers }, ['--root', 'TMG02', '--set', 'ISA']);
    expect(await readFile(path.join(home, 'TMG02/ISA/HTML/nls/de/strings.txt'), 'utf8')).toBe(
      'L_UserName_Text="E-Mail-Adresse:"\r\nL_UserID_Text="E-Mail-Adresse:"\r\n',
    );
  });

  test('changes everything, the passcode forms too, by one answer', async () => {
    const answers = { 'labels.extent': 'passcode', 'labels.label': 'text', 'labels.text': 'Name:', decision: 'apply' };
    const { status } = await walk(answers, ['--root', 'TMG01']);
    expect(status).toBe(0);
    expect(await readFile(path.join(home, 'TMG01/ISA/HTML/nls/de/strings.txt'), 'utf8')).toBe(
      'L_UserName_Text="Name:"\r\nL_UserID_Text="Name:"\r\n',
    );
    expect(await labelIn('TMG01/Exchange/HTML/nls/hi/strings.txt')).toBe('Name:');
  });

  test('counts the users in the directory, if that is wanted', async () => {
    const site = path.join(home, 'site');
    const directory = () =>
      openPracticeDirectory(site, { templates, now: () => new Date(), randomId: randomUUID } as unknown as Context);
    const answers = { 'labels.label': 'upn', 'labels.check-upn': true, decision: byDefault };
    const prompter = answering(answers);
    const args = ['--root', 'TMG01', '--set', 'ISA', '--key', 'L_UserName_Text'];
    const { status, stdout } = await runCommand(labels, args, { currentFolder: home, prompter, directory });
    prompter.verifyAllAsked();
    expect(status).toBe(2);
    expect(stdout).toContain('All 21 mailbox users have a unique user principal name');
  });

  test('takes a text of one’s own, and asks again for one that can’t be a label', async () => {
    const { refusals, status } = await walk(
      {
        'labels.label': 'text',
        'labels.text': inTurn('', 'say "name"', 'a\nb', 'Name or e-mail:'),
        decision: 'apply',
      },
      ['--root', 'TMG01', '--set', 'Exchange', '--class', 'HTML', '--language', 'hi'],
    );
    expect(refusals.map(({ problem }) => problem)).toEqual([
      "This can't be the label: the text is empty.",
      "This can't be the label: the text holds a double quote, which would end the value.",
      "This can't be the label: the text holds a line break.",
    ]);
    expect(status).toBe(0);
    expect(await labelIn('TMG01/Exchange/HTML/nls/hi/strings.txt')).toBe('Name or e-mail:');
  });

  test.each([
    ['labels.sets', ['Exchange']],
    ['labels.classes', ['HTML']],
    ['labels.languages', ['de', 'hi']],
  ])('asks again where nothing is marked: %s', async (id, some) => {
    const choices = {
      'labels.extent': 'choose',
      'labels.sets': byDefault,
      'labels.classes': byDefault,
      'labels.languages': byDefault,
      'labels.passcode-forms': byDefault,
    };
    const { refusals } = await walk({ ...enterAlone, ...choices, [id]: inTurn([], some) }, ['--root', 'TMG01']);
    expect(refusals.map((refusal) => refusal.id)).toEqual([id]);
  });

  test('asks again for a folder that is not there, or for none', async () => {
    const { refusals } = await walk({ ...enterAlone, 'labels.root': inTurn('', 'TMG03', 'TMG01', 'nowhere', '') });
    expect(refusals.map(({ problem }) => problem)).toEqual([
      'Give a folder.',
      'There is no such folder, or you have no right to read it.',
      'There is no such folder, or you have no right to read it.',
    ]);
  });

  test('saves for review, with the command that applies it', async () => {
    const why = { reason: ' Logon with the address ', ticket: '' };
    const answers = { ...enterAlone, 'labels.no-wording': 'skip', decision: 'save', ...why };
    const { status, stdout } = await walk(answers, ['--root', 'TMG01']);
    expect(status).toBe(2);
    const [name = ''] = await readdir(path.join(home, 'changes'));
    const folder = path.join('changes', name);
    expect(stdout).toMatch(new RegExp(`Apply it with: adsi-remedy apply '?changes.${name}`));
    const plan: Plan = JSON.parse(await readFile(path.join(home, folder, 'plan.json'), 'utf8'));
    expect(plan).toMatchObject({ reason: 'Logon with the address', seal: sealOf(plan) });
    expect(plan).not.toHaveProperty('ticket');
    expect((await walk({ apply: true }, [folder], apply)).status).toBe(0);
    expect((await walk({ decision: 'apply' }, [folder], undo)).status).toBe(0);
    expect(await labelIn('TMG01/Exchange/HTML/nls/de/strings.txt')).toBe('Domäne\\Name:');
  });

  test('is left out as far as flags have answered', async () => {
    const answers = {
      'labels.classes': byDefault,
      'labels.label': 'text',
      'labels.text': 'Name:',
      decision: 'save',
      ticket: 'CHG1',
    };
    const flags = ['--root', 'TMG01', '--set', 'Exchange', '--language', 'de', '--reason', 'ours'];
    const { asked } = await walk(answers, flags);
    expect(asked).toEqual(['labels.classes', 'labels.label', 'labels.text', 'decision', 'ticket']);
  });

  test('does not ask what has only one answer', async () => {
    await writeTree(home, { one: { Exchange: { HTML: { 'strings.txt': stringsContent('a') } } } });
    expect(
      (await walk({ 'labels.label': 'username', 'labels.check-upn': false, decision: byDefault }, ['--root', 'one']))
        .asked,
    ).toEqual(['labels.label', 'labels.check-upn', 'decision']);
  });

  test('gives numbers with their noun', async () => {
    await writeTree(home, { one: { Exchange: { HTML: { 'strings.txt': stringsContent('a') } } } });
    const { stdout } = await walk({ 'labels.label': 'username', 'labels.check-upn': false, decision: byDefault }, [
      '--root',
      'one',
    ]);
    expect(stdout).toContain('1 file of form sets below');
  });

  test('asks nothing with --yes: what no flag has answered is wrong usage', async () => {
    const before = await snapshot(home);
    for (const args of [
      ['--root', 'TMG01', '--yes'],
      ['--label', 'email', '--yes'],
    ]) {
      const { status, stderr, asked } = await walk({}, args);
      expect([status, asked]).toEqual([64, []]);
      expect(stderr).toContain(args.includes('--root') ? '--label email' : '--root DIR');
    }
    expect(await snapshot(home)).toEqual(before);
  });
});

describe('blockers', () => {
  const args = ['--root', 'TMG01', '--label', 'email'];
  const german = [...args, '--language', 'de'];
  const twoLabels = 'L_UserName_Text="a"\r\nL_UserName_Text="b"\r\n';

  test('are shown with what they mean before they are asked about', async () => {
    await writeTree(home, { TMG01: { ISA: { HTML: { nls: { de: { 'strings.txt': twoLabels } } } } } });
    const { stdout } = await walk({ 'accept.conflicting-duplicates': byDefault, decision: byDefault }, [
      ...german,
      '--verbose',
    ]);
    expect(stdout.replace(/\s+/g, ' ')).toContain('It is not known which value the form uses.');
    expect(stdout).toContain('L_UserName_Text in lines 1, 2: a | b');
  });

  test('that are accepted bring their files into the diff; one line counts everything before the decision', async () => {
    await writeTree(home, { TMG01: { ISA: { HTML: { nls: { it: { 'strings.txt': twoLabels } } } } } });
    const accepting = { 'accept.conflicting-duplicates': true, decision: 'nothing' };
    const { stdout } = await walk(accepting, [...args, '--language', 'de', '--language', 'it']);
    expect(stdout).toMatch(/^ +3 +it /m);
    expect(stdout).not.toMatch(/^ +1 +it /m);
    expect(stdout.split('\n').filter((line) => line.includes(' to change'))).toEqual([
      '  4 files to change, in 2 languages, to e-mail address · 1 blocker accepted',
    ]);
  });

  test('that are not accepted stop it: to apply now is not offered, and to do nothing changes nothing', async () => {
    await writeTree(home, { TMG01: { ISA: { HTML: { nls: { de: { 'strings.txt': twoLabels } } } } } });
    const before = await snapshot(home);
    const refused = { 'accept.conflicting-duplicates': false };
    expect((await walk({ ...refused, decision: 'apply' }, german)).stderr).toContain(
      'the choices are Do nothing, Save for review',
    );
    expect(await walk({ ...refused, decision: 'nothing' }, german)).toMatchObject({ status: 2 });
    expect(await snapshot(home)).toEqual(before);
  });

  test('that can’t be accepted are left out, all at once, and the rest is done', async () => {
    await writeTree(home, {
      TMG01: { ISA: { HTML: { nls: { it: { 'strings.txt': '' }, es: { 'strings.txt': 'L_UserName_Text="a' } } } } },
    });
    const answers = { 'labels.no-wording': byDefault, 'labels.skip-blocked': true, decision: 'apply' };
    const { status, asked, stdout } = await walk(answers, args);
    expect(asked).toEqual(['labels.no-wording', 'labels.skip-blocked', 'decision']);
    expect(status).toBe(0);
    expect(stdout).toContain('4 of 4 files changed');
    expect(await labelIn('TMG01/Exchange/HTML/nls/de/strings.txt')).toBe('E-Mail-Adresse:');
  });

  test('that can’t be accepted are asked about once, all together; after a no nothing can be applied', async () => {
    await writeTree(home, { TMG01: { ISA: { HTML: { nls: { it: { 'strings.txt': '' } } } } } });
    await chmod(path.join(home, 'TMG01/ISA/HTML/nls/de/strings.txt'), 0o444);
    const before = await snapshot(home);
    const answers = { 'labels.no-wording': byDefault, 'labels.skip-blocked': false, decision: byDefault };
    const { asked, status } = await walk(answers, args);
    expect(asked).toEqual(['labels.no-wording', 'labels.skip-blocked', 'decision']);
    expect(status).toBe(2);
    expect(await snapshot(home)).toEqual(before);
  });
});

describe('languages without wording', () => {
  const args = ['--root', 'TMG01', '--label', 'email'];
  const hindi = 'TMG01/Exchange/HTML/nls/hi/strings.txt';
  const german = 'TMG01/Exchange/HTML/nls/de/strings.txt';

  test('are skipped if that is chosen, with what that means in the review', async () => {
    const { status, stdout, asked } = await walk({ 'labels.no-wording': byDefault, decision: 'apply' }, args);
    expect([status, asked]).toEqual([0, ['labels.no-wording', 'decision']]);
    expect(stdout).toContain('hi (Hindi): 1 file');
    expect(await labelIn(hindi)).toBe('x\\y:');
    expect(await labelIn(german)).toBe('E-Mail-Adresse:');
  });

  test('are typed in one by one, and asked for again where the text can’t be a label', async () => {
    const { status, refusals } = await walk(
      { 'labels.no-wording': 'type', 'labels.wording': inTurn('a"b', 'ई-मेल पता:'), decision: 'apply' },
      args,
    );
    expect(status).toBe(0);
    expect(refusals.map(({ problem }) => problem)).toEqual([
      "This can't be the label: the text holds a double quote, which would end the value.",
    ]);
    expect(await labelIn(hindi)).toBe('ई-मेल पता:');
    expect(await labelIn(german)).toBe('E-Mail-Adresse:');
  });

  test('are skipped one by one where nothing is typed', async () => {
    await walk({ 'labels.no-wording': 'type', 'labels.wording': '', decision: 'apply' }, args);
    expect(await labelIn(hindi)).toBe('x\\y:');
    expect(await labelIn(german)).toBe('E-Mail-Adresse:');
  });

  test('are written to a wording file that the next run takes, once it is filled in', async () => {
    const { refusals } = await walk(
      {
        'labels.no-wording': 'template',
        'labels.wording-template': inTurn('', 'TMG01', 'wording.json'),
        decision: 'apply',
      },
      args,
    );
    expect(refusals.map(({ problem }) => problem)).toEqual(['Give a name.', 'That file exists. Give another name.']);
    const file = path.join(home, 'wording.json');
    const wording = JSON.parse(await readFile(file, 'utf8'));
    expect(wording.hi).toEqual({ L_UserName_Text: '' });
    wording.hi.L_UserName_Text = 'ई-मेल पता:';
    await writeFile(file, JSON.stringify(wording));
    await walk({ decision: 'apply' }, [...args, '--wording', 'wording.json']);
    expect(await labelIn(hindi)).toBe('ई-मेल पता:');
  });

  test('are not asked about where a flag has accepted that they are skipped', async () => {
    expect((await walk({ decision: byDefault }, [...args, '--accept', 'no-wording'])).asked).toEqual(['decision']);
  });
});

describe('a user who cancels', () => {
  /** The answers up to the question of this number, and Ctrl-C there. */
  const complete: readonly (readonly [id: string, answer: unknown])[] = [
    ['labels.root', 'TMG01'],
    ['labels.root', ''],
    ['labels.extent', 'choose'],
    ['labels.sets', byDefault],
    ['labels.classes', byDefault],
    ['labels.languages', byDefault],
    ['labels.passcode-forms', byDefault],
    ['labels.label', 'text'],
    ['labels.text', 'Größe:'],
    ['labels.skip-blocked', true],
    ['decision', 'apply'],
  ];

  test.each(complete.map(([id], index) => [`question ${index + 1}, ${id}`, index] as const))(
    'at %s leaves everything untouched: 130',
    async (_, last) => {
      // An ASCII file lacks ö: a blocker to be asked about.
      const before = await snapshot(home);
      const answers: Record<string, unknown[]> = {};
      for (const [index, [id, answer]] of complete.entries()) {
        if (index <= last) answers[id] = [...(answers[id] ?? []), index === last ? cancel : answer];
      }
      const { status, stderr } = await walk(
        Object.fromEntries(Object.entries(answers).map(([id, each]) => [id, inTurn(...each)])),
      );
      expect(status).toBe(130);
      expect(stderr).toContain('Cancelled: nothing was changed.');
      expect(await snapshot(home)).toEqual(before);
    },
  );

  test('at none of them gets the change', async () => {
    const answers: Record<string, unknown[]> = {};
    for (const [id, answer] of complete) answers[id] = [...(answers[id] ?? []), answer];
    const { status } = await walk(
      Object.fromEntries(Object.entries(answers).map(([id, each]) => [id, inTurn(...each)])),
    );
    expect(status).toBe(0);
    expect(await labelIn('TMG01/Exchange/HTML/nls/de/strings.txt')).toBe('Größe:');
  });

  test('at the question of apply, and one who says no there, leaves everything untouched', async () => {
    const answers = { 'labels.no-wording': 'skip', decision: 'save', reason: '', ticket: '' };
    await walk(answers, ['--root', 'TMG01', '--label', 'email']);
    const [folder = ''] = await readdir(path.join(home, 'changes'));
    const before = await snapshot(home);
    const saved = path.join('changes', folder);
    expect((await walk({ apply: cancel }, [saved], apply)).status).toBe(130);
    expect((await walk({ apply: byDefault }, [saved], apply)).status).toBe(2);
    expect(await snapshot(home)).toEqual(before);
  });

  test('in the menu, and at the question of undo', async () => {
    expect((await walk({ menu: cancel }, [], menu)).status).toBe(130);
    await walk({ 'labels.no-wording': 'skip', decision: 'apply' }, ['--root', 'TMG01', '--label', 'email']);
    const [folder = ''] = await readdir(path.join(home, 'changes'));
    const before = await snapshot(home);
    expect((await walk({ decision: cancel }, [path.join('changes', folder)], undo)).status).toBe(130);
    expect(await snapshot(home)).toEqual(before);
  });
});
