import { describe, expect, test } from 'vitest';
import type { ApplyResult, ChangeOutcome } from '../../src/change/apply.ts';
import type { FileChange } from '../../src/change/plan.ts';
import type { Verification } from '../../src/change/verify.ts';
import { createOutput } from '../../src/commands/output.ts';
import { reportOutcome, reportSeen } from '../../src/commands/report-outcome.ts';
import { FileError } from '../../src/errors.ts';
import { changeOf, planOf } from '../support/file-plans.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';

type DcSight = Verification['domainControllers'][number];

const changes = Array.from({ length: 9 }, (_, index) =>
  changeOf(`/forms/${index}/strings.txt`, Buffer.from('old'), Buffer.from('new')),
);
const plan = planOf(changes);

const full = new FileError({
  attempted: 'write the new content next to the file',
  on: '/forms/0/.strings.txt.plan.id.adsi-remedy-tmp',
  cameBack: 'the disk is full (ENOSPC)',
  next: 'Make room and apply again.',
});

const describePlan = () => ({ title: '', summary: [], changes: [], nextSteps: [] });
const nothing: ApplyResult<FileChange> = { done: 0, doneBefore: 0, notDone: [], notBegun: 0 };
const all = (outcome: ChangeOutcome): ApplyResult<FileChange>['notDone'] =>
  changes.map((change) => ({ change, outcome }));

/** What the user gets to see, and the status. */
async function told(result: Partial<ApplyResult<FileChange>>, flag?: 'json' | 'verbose'): Promise<CommandRun> {
  const folder = await freshFolder();
  const flags = { json: flag === 'json', verbose: flag === 'verbose', quiet: false, 'no-color': true };
  return runCommand(
    (_, context) =>
      reportOutcome(
        { result: { ...nothing, ...result }, interrupted: false, plan, folder, remedy: { describe: describePlan } },
        context,
        createOutput(context, flags),
      ),
    [],
    { currentFolder: folder },
  );
}

describe('the status of an apply', () => {
  test.each<[number, string, Partial<ApplyResult<FileChange>>]>([
    [0, 'everything was done', { done: 9 }],
    [4, 'the rest was not selected', { done: 7, notBegun: 2 }],
    [3, 'all had moved and nothing was written', { notDone: all({ kind: 'drifted', what: 'it has gone' }) }],
    [1, 'all failed and nothing was written', { notDone: all({ kind: 'failed', error: full }) }],
    [4, 'it is not known whether one was written', { notDone: all({ kind: 'unknown', error: full }).slice(0, 1) }],
    [4, 'some were done', { done: 1, notDone: all({ kind: 'failed', error: full }).slice(1) }],
    [4, 'the journal ended it when some were done', { done: 2, notBegun: 7, endedBy: full }],
    [1, 'the journal ended it before anything was done', { notBegun: 9, endedBy: full }],
    [4, 'the journal could not be ended though all was done', { done: 9, endedBy: full }],
  ])('is %i when %s', async (status, _, result) => {
    expect((await told(result)).status).toBe(status);
  });
});

test.each<[string, readonly DcSight['state'][]]>([
  ['The only domain controller has it', ['there']],
  ['0 of 1 domain controller has it', ['unknown']],
  ['All 2 domain controllers have it', ['there', 'there']],
  ['1 of 2 domain controllers have it', ['there', 'not-yet']],
])('the proof begins with "%s"', async (heading, states) => {
  const domainControllers = states.map((state, index) => ({ host: `dc${index}`, state, detail: '' }));
  const seen: Verification = { domainControllers, further: [], everywhere: true };
  const { stdout } = await runCommand(
    async (_, context) =>
      reportSeen(seen, createOutput(context, { json: false, verbose: false, quiet: false, 'no-color': true })),
    [],
    { currentFolder: await freshFolder() },
  );
  expect(stdout.trim().split('\n')[0]).toBe(heading);
});

describe('what was not done', () => {
  test('is reported with the name of the target, the result and what to do', async () => {
    const { stdout } = await told({ done: 8, notDone: all({ kind: 'failed', error: full }).slice(0, 1) });
    expect(stdout).toContain('failed   /forms/0/strings.txt\n');
    expect(stdout).toContain('Could not write the new content next to the file: the disk is full (ENOSPC)\n');
    expect(stdout).toContain('Make room and apply again.');
    expect(stdout).not.toContain('adsi-remedy-tmp');
  });

  test('is reported once for many that are alike, and of each with --verbose', async () => {
    const notDone = all({ kind: 'failed', error: full });
    const short = (await told({ notDone })).stdout;
    expect(short.match(/ENOSPC/g)).toHaveLength(1);
    expect(short).toContain('… and 4 more with the same problem');
    expect((await told({ notDone }, 'verbose')).stdout).toContain('/forms/8/strings.txt');
  });

  test('is all in the document of --json, with what to do', async () => {
    const { notDone } = JSON.parse((await told({ notDone: all({ kind: 'failed', error: full }) }, 'json')).stdout);
    expect(notDone).toHaveLength(9);
    expect(notDone[8]).toMatchObject({
      on: '/forms/8/strings.txt',
      kind: 'failed',
      next: 'Make room and apply again.',
    });
  });
});
