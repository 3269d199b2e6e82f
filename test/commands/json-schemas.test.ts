/** The schemas of the package against what the commands really print with --json. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/change/plan.ts';
import { filesPlan, forestPlan } from '../../src/change/read-plan.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { run as practice } from '../../src/commands/practice.ts';
import { run as show } from '../../src/commands/show.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { remedies } from '../../src/remedies/index.ts';
import { describeWithProgram } from '../support/describe-with-program.ts';
import { freshFolder } from '../support/fresh-folder.ts';
import { breaches, type JsonSchema, packagedSchema, schemaFolder, schemaOf } from '../support/json-schema.ts';
import { siteInMemory } from '../support/practice-site.ts';
import { tombstone } from '../support/remedy-commands.ts';
import { runCommand } from '../support/run-command.ts';

type Plans = Readonly<Record<string, object>>;

let printed: Promise<Plans> | undefined;

/** What the practice run prints, made once: the plan of every remedy, of files and of a directory. */
function practised(): Promise<Plans> {
  const run = async (): Promise<Plans> =>
    JSON.parse((await runCommand(practice, ['--json'], { currentFolder: await freshFolder() })).stdout);
  printed ??= run();
  return printed;
}

/** plan.schema.json, drawn from the shapes that the reader of plans checks. */
function drawnPlanSchema(): JsonSchema {
  const files = schemaOf(filesPlan) as { readonly properties: Readonly<Record<string, { readonly items?: unknown }>> };
  const finding = files.properties['findings']?.items;
  const text = JSON.stringify({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'plan.json, and what --json of a remedy prints without --yes',
    anyOf: [files, schemaOf(forestPlan)],
  });
  const folded = text.replaceAll(JSON.stringify(finding), '{"$ref":"#/$defs/finding"}');
  return { ...JSON.parse(folded), $defs: { finding } };
}

test('the schema of plans is that of the shapes that the reader checks (UPDATE_SCHEMAS=1 draws it anew)', () => {
  const drawn = drawnPlanSchema();
  const file = new URL('plan.schema.json', schemaFolder);
  if (process.env['UPDATE_SCHEMAS'] === '1') writeFileSync(file, `${JSON.stringify(drawn, undefined, 2)}\n`);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(drawn);
});

test('no pattern of a schema asks for Unicode properties, which not every reader of schemas knows', () => {
  for (const file of readdirSync(schemaFolder)) {
    expect([file, /\\\\p\{/i.test(readFileSync(new URL(file, schemaFolder), 'utf8'))]).toEqual([file, false]);
  }
});

describe('a plan', () => {
  test.each(remedies)('of $name follows its schema', async ({ name }) => {
    const plans = await practised();
    expect(plans[name]).toBeDefined();
    expect(breaches(plans[name], packagedSchema('plan'))).toEqual([]);
  });

  test.each(remedies)(
    'of $name with a member too many, one too few or one of another kind does not',
    async ({ name }) => {
      const plans = await practised();
      const { seal: _, ...unsealed } = plans[name] as { readonly seal: string };
      const schema = packagedSchema('plan');
      expect(breaches({ ...plans[name], more: 1 }, schema)).toContain('$.more: nothing may be here');
      expect(breaches(unsealed, schema)).toContain('$.seal: required');
      expect(breaches({ ...plans[name], created: 'yesterday' }, schema)).toContain('$.created: pattern');
    },
  );
});

test('practice prints a plan for each remedy, as its schema says', async () => {
  const plans = await practised();
  expect(Object.keys(plans)).toEqual(remedies.map(({ name }) => name));
  expect(breaches(plans, packagedSchema('practice'))).toEqual([]);
  expect(breaches({ some: { remedy: 'some', changes: [1] } }, packagedSchema('practice'))).not.toEqual([]);
});

/** The flags that a refusal advises. */
function acceptances(refused: unknown): readonly string[] {
  const { next } = (refused as { readonly error: { readonly next: string } }).error;
  return (next.match(/--accept [\w-]+/g) ?? []).flatMap((flag) => flag.split(' '));
}

test('show, apply and undo print what their schemas say, from the dry run to the undo', async () => {
  const site = await siteInMemory();
  const folder = 'changes/lifetime';
  const document = async (command: typeof apply, ...args: readonly string[]): Promise<unknown> =>
    JSON.parse((await site.run(command, [...args, '--json'])).stdout);
  const [review, outcome, error] = ['review', 'outcome', 'error'].map(packagedSchema) as [
    JsonSchema,
    JsonSchema,
    JsonSchema,
  ];

  const saved = await document(tombstone, '--days', '180', '--save', folder);
  expect(breaches(saved, packagedSchema('plan'))).toEqual([]);
  expect(breaches(await document(show, folder), review)).toEqual([]);
  expect(breaches(await document(show, folder, '--drift'), review)).toEqual([]);
  expect(breaches(await document(apply, folder, '--dry-run'), review)).toEqual([]);

  const refused = await document(apply, folder);
  expect(refused).toMatchObject({ error: { code: 'refused' } });
  expect(breaches(refused, error)).toEqual([]);

  const applied = await document(apply, folder, ...acceptances(refused));
  expect(applied).toMatchObject({ outcome: 'done', done: 1 });
  expect(breaches(applied, outcome)).toEqual([]);
  expect(breaches({ ...(applied as object), done: -1 }, outcome)).toEqual(['$.done: minimum']);
  expect(breaches(await document(apply, folder), outcome)).toEqual([]);

  const undone = await document(undo, folder, '--yes', ...acceptances(await document(undo, folder, '--yes')));
  expect(undone).toMatchObject({ outcome: 'done', done: 1 });
  expect(breaches(undone, outcome)).toEqual([]);
  expect(breaches(await document(show, folder), review)).toEqual([]);
});

describeWithProgram('jq', ['jq'], (jq) => {
  test('takes what the README says from what is printed', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const programs = [...readme.matchAll(/jq (?:-r )?(?:'([^']+)'|(\.\w+))$/gm)].map(
      ([, quoted, bare]) => quoted ?? bare,
    );
    const plans = (await practised()) as Readonly<Record<string, Plan>>;
    const { labels, tombstone: lifetime } = plans;
    const results = [labels, lifetime, lifetime].map((input, index) =>
      execFileSync(jq, ['-r', programs[index] ?? 'empty'], { input: JSON.stringify(input), encoding: 'utf8' }).trim(),
    );
    const blockers = lifetime?.findings.filter(({ level, accepted }) => level === 'blocker' && !accepted);
    expect(results).toEqual([String(labels?.changes.length), blockers?.map(({ id }) => id).join('\n'), lifetime?.seal]);
    expect(programs).toHaveLength(3);
  });
});

test('the README names every schema of the package', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const names = readdirSync(schemaFolder);
  expect(names.length).toBeGreaterThan(4);
  expect(names.filter((name) => !readme.includes(name))).toEqual([]);
});
