import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/change/findings.ts';
import type { Plan } from '../../src/change/plan.ts';
import { sealPlan } from '../../src/change/seal.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { run as practice } from '../../src/commands/practice.ts';
import { run as show } from '../../src/commands/show.ts';
import { remedies } from '../../src/remedies/index.ts';
import { recordedWords } from '../../src/review/text.ts';
import { answering } from '../support/prompter-double.ts';
import { remedyCommand } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';

/** On the practice site, with what stops each of its changes accepted. */
const saves: Readonly<Record<string, readonly string[]>> = {
  labels: [
    '--label',
    'email',
    '--accept',
    'no-wording',
    '--accept',
    'lost-letters',
    '--accept',
    'default-domain-script',
  ],
  orphan: [
    ...['--name', 'EX04', '--accept', 'owned-databases'],
    ...['--accept', 'send-connector-source', '--accept', 'replication-past-lifetime'],
  ],
  tombstone: ['--days', '180', '--accept', 'past-lifetime'],
  lingering: ['--reference', 'dc1.corp.example.com'],
  metadata: ['--dc', 'DC0'],
};

const site = 'adsi-remedy-practice';
/** Each as it would be pasted; the first looks as if this tool had drawn it. */
const evil = [
  '  run      adsi-remedy evil --yes',
  'adsi-remedy evil --yes',
  'repadmin /evil *',
  "Remove-ADObject -Identity 'evil'",
];

/** A command that is printed, in whatever finding: of this tool or another program, at the start or after a colon. */
const aCommand =
  /(?:^|[:;] |\()(?:adsi-remedy [a-z]+ -|(?:repadmin|ntdsutil|ldifde|dsmod|dsacls|setup|adprep|dcpromo|attrib|whoami) [/"'-]|\.\\Setup|[A-Z][a-z]+-[A-Z]\w+ -)/m;

let home: string;
const run = (command: Parameters<typeof runCommand>[0], ...args: readonly string[]): Promise<CommandRun> =>
  runCommand(command, args, { currentFolder: home });

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'adsi-remedy-test-'));
  await run(practice, '--quiet');
});

afterAll(() => rm(home, { recursive: true, force: true }));

/** A plan of this remedy that someone has edited and sealed again, in a change folder of its own. */
async function forge(name: string, folder: string, edit: (plan: Plan) => Partial<Plan>): Promise<void> {
  const entry = remedies.find((one) => one.name === name);
  const given = (await entry?.load())?.practice.given(site) ?? [];
  const where = entry?.world === 'directory' ? ['--practice', site] : given;
  await run(remedyCommand(name), ...(saves[name] ?? []), ...where, '--save', folder);
  const file = path.join(home, folder, 'plan.json');
  const plan: Plan = JSON.parse(await readFile(file, 'utf8'));
  expect(plan.findings).not.toEqual([]);
  await writeFile(file, JSON.stringify(sealPlan({ ...plan, ...edit(plan) })));
}

const withText = (finding: Finding): Finding => ({
  ...finding,
  title: evil[1] ?? '',
  detail: evil[2] ?? '',
  evidence: evil,
});

/** Commands of the tool as it marks them, in text and on the page. */
const drawnIn = (text: string): readonly string[] => [
  ...[...text.matchAll(/^ {2}run +(.*)$/gm)].map(([, command = '']) => command),
  ...[...text.matchAll(/<pre><code>(.*?)<\/code><\/pre>/gs)].map(([, command = '']) => command),
];

describe.each(remedies)('$name', ({ name }) => {
  test('stores no command in the text of a finding', async () => {
    const folder = `honest-${name}`;
    await forge(name, folder, () => ({}));
    const { findings }: Plan = JSON.parse(await readFile(path.join(home, folder, 'plan.json'), 'utf8'));
    for (const { title, detail, evidence } of findings)
      for (const text of [title, detail, ...evidence]) expect(text).not.toMatch(aCommand);
  });

  test('draws no command from the text of a finding in a plan that was sealed again, and says that the text is as recorded', async () => {
    const folder = `forged-${name}`;
    await forge(name, folder, ({ findings }) => ({ findings: findings.map(withText) }));
    const shown = await run(show, folder, '--verbose');
    expect([shown.status, shown.stderr]).toEqual([0, '']);
    const documents = ['review.txt', 'review.html', 'next-steps.txt'].map((file) =>
      readFile(path.join(home, folder, file), 'utf8').catch(() => ''),
    );
    const [text = '', page = '', steps = ''] = await Promise.all(documents);
    const oneLine = (words: string): string => words.replace(/\s+/g, ' ');
    for (const surface of [shown.stdout, text]) {
      expect(surface).toContain('/evil');
      expect(oneLine(surface)).toContain(recordedWords);
    }
    expect(page).toContain(recordedWords);
    expect(steps).not.toContain('evil');
    for (const surface of [shown.stdout, text, page])
      expect(drawnIn(surface).filter((command) => command.includes('evil'))).toEqual([]);
  });

  test('lets apply show what it finds now, and mark what it only has from the plan', async () => {
    const folder = `applied-${name}`;
    const source = { name: 'a log', read: '2026-11-22T12:00:00.000Z' };
    const kept = { ...evilBlocker, source };
    await forge(name, folder, ({ findings }) => ({ findings: [...findings.map(withText), kept] }));
    const where = name === 'labels' ? [] : ['--practice', site];
    const dry = await run(apply, folder, '--dry-run', '--verbose', ...where);
    const lines = dry.stdout.split('\n').filter((line) => line.includes('evil'));
    const [first = '', ...others] = lines;
    expect(first).toContain('kept-blocker  Recorded in the plan, not read again: adsi-remedy evil');
    expect(others.length).toBeLessThanOrEqual(evil.length + 1);
    expect(drawnIn(dry.stdout).filter((command) => command.includes('evil'))).toEqual([]);
  });

  test('refuses a plan with a step of a finding that is unknown, or has a parameter that it never has', async () => {
    const folder = `step-${name}`;
    for (const steps of [
      [{ id: 'evil', command: 'evil' }],
      [{ id: 'toString' }],
      [{ id: 'look', dn: 'CN=a', attributes: ['x; evil'] }],
    ]) {
      await forge(name, `${folder}-${steps[0]?.id}`, ({ findings }) => ({
        findings: findings.map((finding) => ({ ...finding, steps })),
      }));
      const shown = await run(show, `${folder}-${steps[0]?.id}`);
      expect([shown.status, shown.stderr]).toEqual([3, expect.stringContaining('the steps of its finding')]);
      expect(shown.stdout).not.toContain('evil');
    }
  });
});

const evilBlocker: Finding = {
  id: 'kept-blocker',
  level: 'blocker',
  title: evil[1] ?? '',
  detail: evil[2] ?? '',
  evidence: evil,
  subjects: [],
  acceptable: true,
  accepted: false,
};

test('the question of apply about a blocker that only the plan has says so', async () => {
  const source = { name: 'a log', read: '2026-11-22T12:00:00.000Z' };
  await forge('metadata', 'asked', ({ findings }) => ({ findings: [...findings, { ...evilBlocker, source }] }));
  const asked: string[] = [];
  const prompter = answering({ 'accept.kept-blocker': false });
  const confirm: typeof prompter.confirm = (question) => {
    asked.push(question.message);
    return prompter.confirm(question);
  };
  await runCommand(apply, ['asked', '--practice', site], {
    currentFolder: home,
    prompter: { ...prompter, confirm },
  });
  expect(asked[0]).toMatch(/^Recorded in the plan, not read again: adsi-remedy evil/);
});
